//! The status of a task, the moves that change it, and the reasons for a cancellation.

use serde::{Deserialize, Serialize};

use crate::{id::TaskId, strings::string_enum};

string_enum! {
    /// The status of a task. Only a move changes it, and the server has one table of all moves.
    #[derive(Hash)]
    pub enum Status {
        /// The task is open for operators.
        Pending = "PENDING",
        /// An operator accepted with an estimate, and the agent has not decided on it yet.
        EstimatePending = "ESTIMATE_PENDING",
        /// An operator has claimed the task.
        Accepted = "ACCEPTED",
        /// The operator is working on it.
        InProgress = "IN_PROGRESS",
        /// Proof was submitted; the Guardian reviews it.
        Submitted = "SUBMITTED",
        /// The Guardian approved. A task passes through this status to COMPLETED and never stays in
        /// it.
        Verified = "VERIFIED",
        /// The task is done and paid.
        Completed = "COMPLETED",
        /// The Guardian was not certain; the agent reviews the proof.
        ManualReview = "MANUAL_REVIEW",
        /// The proof was rejected or the payment disputed; the money stays in escrow.
        Disputed = "DISPUTED",
        /// The task was cancelled and refunded.
        Cancelled = "CANCELLED",
    }
}

string_enum! {
    /// A move that the caller can make, by the name of its endpoint.
    #[derive(Hash)]
    pub enum Action {
        /// Accept the task.
        Accept = "accept",
        /// Accept the task with an estimate.
        Estimate = "estimate",
        /// Approve the estimate.
        ApproveEstimate = "approve_estimate",
        /// Reject the estimate.
        RejectEstimate = "reject_estimate",
        /// Withdraw from the task.
        Withdraw = "withdraw",
        /// Start the work.
        Start = "start",
        /// Submit the proof.
        Submit = "submit",
        /// Approve or reject the proof.
        Verify = "verify",
        /// Request a revision of the proof, once.
        RequestRevision = "request_revision",
        /// Cancel the task.
        Cancel = "cancel",
        /// Dispute the payment, within the hold.
        Dispute = "dispute",
        /// Send a message to the other side.
        Message = "message",
        /// Rate the other side.
        Rate = "rate",
        /// Retrieve the sealed credential.
        RetrieveCredential = "retrieve_credential",
    }
}

string_enum! {
    /// Why a task was cancelled.
    pub enum CancelReason {
        /// The agent cancelled the task.
        Agent = "CANCELLED_BY_AGENT",
        /// Nobody did the task in time.
        Expired = "EXPIRED",
        /// The host resolved a dispute with a refund.
        Refunded = "DISPUTE_REFUNDED",
    }
}

/// The response to a move that reports only the new status.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MovedTask {
    /// The id of the task.
    pub task_id: TaskId,
    /// The status after the move.
    pub status: Status,
}
