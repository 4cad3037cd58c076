//! What the Guardian says about a proof (contract §4).

use serde::{Deserialize, Serialize};

use crate::names::names;

names! {
    /// What follows from the Guardian's look at a proof.
    pub enum Decision {
        /// Confidence of 90 or more: the task is completed.
        Approve = "APPROVE",
        /// Confidence of 50 to 89: the agent looks for itself.
        ManualReview = "MANUAL_REVIEW",
        /// Confidence below 50: the task is disputed.
        Reject = "REJECT",
    }
}

/// The Guardian's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardianResult {
    /// What follows.
    pub decision: Decision,
    /// 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub confidence: u8,
    /// What was looked at, and what could not be told.
    pub reasoning: String,
    /// One result for each requirement, in the task's order.
    pub requirement_results: Vec<RequirementResult>,
}

/// What the Guardian could tell about one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequirementResult {
    /// The requirement, as the task states it.
    pub requirement: String,
    /// Whether it is met; null if nobody looked, or looking could not tell.
    pub met: Option<bool>,
    /// 0 to 100.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub confidence: u8,
    /// The fact that decided.
    pub note: String,
}
