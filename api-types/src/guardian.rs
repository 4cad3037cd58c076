//! The Guardian's result for a proof.

use serde::{Deserialize, Serialize};

use crate::{bounds::bounds, strings::string_enum};

/// Maximum confidence: the Guardian is certain.
pub const CONFIDENCE_MAX: u32 = 100;

string_enum! {
    /// The decision that follows from the Guardian's confidence.
    pub enum Decision {
        /// A confidence of 90 or more: the task is completed.
        Approve = "APPROVE",
        /// A confidence of 50 to 89: the agent reviews the proof.
        ManualReview = "MANUAL_REVIEW",
        /// A confidence below 50: the task is disputed.
        Reject = "REJECT",
    }
}

/// The Guardian's review of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardianResult {
    /// The decision that follows from the confidence.
    pub decision: Decision,
    /// The confidence that the proof is good, 0 to 100.
    pub confidence: u8,
    /// A text that says what was checked, and what could not be determined.
    pub reasoning: String,
    /// One result for each requirement, in the task's order.
    pub requirement_results: Vec<RequirementResult>,
}

bounds! {
    GuardianResult {
        confidence: Integer(0..=CONFIDENCE_MAX),
    }
}

/// The Guardian's finding on one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequirementResult {
    /// The text of the requirement, as the task states it.
    pub requirement: String,
    /// Whether the requirement is met; null if it was not checked or the check was inconclusive.
    pub met: Option<bool>,
    /// The confidence that the requirement is met, 0 to 100.
    pub confidence: u8,
    /// The fact that the finding rests on.
    pub note: String,
}

bounds! {
    RequirementResult {
        confidence: Integer(0..=CONFIDENCE_MAX),
    }
}
