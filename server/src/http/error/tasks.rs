//! Errors about tasks: faults of their content, and refused moves.

use api_types::error::ErrorCode;
use axum::http::StatusCode;

use super::{ApiError, insufficient_balance, validation, whole};
use crate::domain::moves::Move;
use crate::domain::new_task::PostRefusal;
use crate::domain::submission::ProofRefusal;
use crate::domain::task::Refusal;
use crate::store::ledger::PostError;

/// The dispute has ended, by the host's decision or by a revision.
pub fn dispute_ended() -> ApiError {
    let message = "The dispute has ended. Its outcome is not changed any more.";
    ApiError::new(ErrorCode::InvalidState, message)
}

/// The caller has no task with this id.
pub fn task_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Task not found")
}

/// The operator has accepted no task with this id.
pub fn task_not_claimed_by_you() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "Task not found or not claimed by you")
}

/// The task's type is not among the operator's skills.
pub fn skill_missing() -> ApiError {
    let message = "This kind of task is not among your skills. Add it to your profile first.";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// HumCLI's message for a credential that cannot be retrieved, whatever the reason.
const NO_CREDENTIAL: &str = "Credential task not found or not completed";

/// The agent has no credential task with this id (message of HumCLI).
pub fn credential_not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, NO_CREDENTIAL)
}

/// The agent's credential task is not completed (message of HumCLI).
pub fn credential_not_ready() -> ApiError {
    ApiError::new(ErrorCode::InvalidState, NO_CREDENTIAL).answered(StatusCode::NOT_FOUND)
}

/// The credential was erased at its agent's request.
pub fn credential_purged() -> ApiError {
    let message = "The credential was retrieved with purge=true and erased. It is not kept.";
    ApiError::new(ErrorCode::Expired, message)
}

/// Another transaction moved the task at the same moment.
fn task_changed() -> ApiError {
    let message = "The task changed at the same moment. Read it again.";
    ApiError::new(ErrorCode::InvalidState, message)
}

/// Returns HumCLI's message for a task that the caller cannot move in this way, whether it is in
/// another status or not the caller's; `None` for moves that HumCLI does not have.
fn not_found_to_move(does: Move) -> Option<&'static str> {
    Some(match does {
        Move::Accept | Move::Estimate | Move::EstimateWithin => "Task not found or already claimed",
        Move::ApproveEstimate | Move::RejectEstimate => {
            "Task not found or not in ESTIMATE_PENDING status"
        }
        Move::Submit => "Task not found or not in submittable status",
        Move::Cancel => "Task not found or cannot be cancelled",
        Move::Approve | Move::Reject => "Task not found or not in reviewable status",
        _ => return None,
    })
}

/// The table of moves does not have this move from the task's status. HumCLI says that no such task
/// was found and responds with 404.
fn wrong_status(does: Move) -> ApiError {
    match not_found_to_move(does) {
        Some(message) => {
            ApiError::new(ErrorCode::InvalidState, message).answered(StatusCode::NOT_FOUND)
        }
        None => conflicting(does),
    }
}

/// The caller has no task that this move applies to, in any status. Uses HumCLI's message for the
/// move, and is "not found" in every dialect, so that nobody learns whether such a task exists.
pub fn no_task_to(does: Move) -> ApiError {
    let message = not_found_to_move(does).unwrap_or("Task not found");
    ApiError::new(ErrorCode::NotFound, message)
}

/// The table does not have this move from the task's status, and HumCLI has no message for it.
fn conflicting(does: Move) -> ApiError {
    let message = match does {
        Move::Withdraw => "A task is given back before its proof is submitted, and not after.",
        Move::Start => "A task can be started once, after it was accepted.",
        Move::RequestRevision => {
            "A revision is requested of a task in MANUAL_REVIEW or DISPUTED status."
        }
        Move::Dispute => "A task is disputed when it is COMPLETED, until its hold ends.",
        Move::ResolveRelease | Move::ResolveRefund | Move::ResolveSplit => {
            "The task is not disputed now. Read the dispute again."
        }
        _ => return task_changed(),
    };
    ApiError::new(ErrorCode::InvalidState, message)
}

/// The task is claimed by another operator or by nobody. HumCLI has a message of its own for a
/// proof.
fn not_claimed_by_you(does: Move) -> ApiError {
    match does {
        Move::Submit => no_task_to(does),
        _ => task_not_claimed_by_you(),
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongStatus { does } => wrong_status(does),
            Refusal::NotClaimedByYou { does } => not_claimed_by_you(does),
            Refusal::Expired => Self::new(ErrorCode::Expired, "Task has expired"),
            Refusal::EstimateRequired => Self::new(
                ErrorCode::RuleViolation,
                "This task requires an estimate. Send estimate_days, estimate_hours or \
                 estimate_minutes.",
            ),
            Refusal::RevisedBefore => Self::new(
                ErrorCode::InvalidState,
                "A revision was requested before, and can be only once.",
            ),
            Refusal::NotDisputable => Self::new(
                ErrorCode::InvalidState,
                "The hold is over, or the host has decided already: the task cannot be disputed.",
            ),
            Refusal::NoSplit { reward } => Self::new(
                ErrorCode::RuleViolation,
                format!("operator_usd must be more than $0 and less than the reward, ${reward}."),
            ),
            Refusal::NotDue => task_changed(),
        }
    }
}

impl From<ProofRefusal> for ApiError {
    /// A typed result that does not satisfy its schema has its own code, unless something else is
    /// wrong as well.
    fn from(refusal: ProofRefusal) -> Self {
        match refusal {
            ProofRefusal::Body(faults) => validation(faults),
            ProofRefusal::Result(faults) => Self {
                code: ErrorCode::SchemaValidationFailed,
                ..validation(faults)
            },
        }
    }
}

/// Messages can be sent only while a task is claimed and not settled.
pub fn not_talked_about() -> ApiError {
    let message = "Messages can be sent from the first claim of a task until it is settled or \
                   called off.";
    ApiError::new(ErrorCode::InvalidState, message)
}

/// The task already has the maximum number of messages.
pub fn too_many_messages(most: i64) -> ApiError {
    let message = format!("A task has at most {most} messages.");
    ApiError::new(ErrorCode::LimitExceeded, message)
}

/// The task is not completed yet, or was already rated by this side.
pub fn not_ratable() -> ApiError {
    let message = "A task is rated once, after it is COMPLETED.";
    ApiError::new(ErrorCode::InvalidState, message)
}

impl From<PostRefusal> for ApiError {
    fn from(refusal: PostRefusal) -> Self {
        let message = match refusal {
            PostRefusal::TypeOff { task_type } => format!(
                "The host of this server takes no {} tasks now. Those that were posted go on.",
                task_type.as_str()
            ),
            PostRefusal::RewardTooSmall { least } => {
                format!("Minimum task value is ${}", whole(least))
            }
            PostRefusal::RewardAboveType { task_type, most } => {
                format!(
                    "Maximum task value for {} is ${}",
                    task_type.as_str(),
                    whole(most)
                )
            }
            PostRefusal::RewardAboveTier { tier, most } => {
                format!(
                    "Maximum task value for {} tier is ${}",
                    tier.as_str(),
                    whole(most)
                )
            }
            PostRefusal::DailyTasks { most } => {
                format!("Your tier allows {most} tasks in a UTC day. Try again tomorrow.")
            }
            PostRefusal::DailySandboxTasks { most } => {
                format!("{most} simulated tasks are allowed in a UTC day. Try again tomorrow.")
            }
            PostRefusal::DailySpend { most } => {
                format!(
                    "Your tier allows ${} in a UTC day. Try again tomorrow.",
                    whole(most)
                )
            }
        };
        Self::new(ErrorCode::RuleViolation, message)
    }
}

impl From<PostError> for ApiError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::InsufficientFunds => insufficient_balance(),
            PostError::Store(error) => error.into(),
        }
    }
}
