//! A new task: what its agent states (`read.rs`), and the limits that it is checked against
//! (`limits.rs`).

mod limits;
mod rating;
mod read;

use api_types::{
    MicroUsd, Timestamp, agent::AgentSettings, event::WebhookStyle, new_task::SandboxOutcome,
    place::Location, proof::ProofType, task_type::TaskType,
};
use serde::{Deserialize, Serialize};

use super::{
    estimate::EstimateTerms,
    place::{Point, Spot},
    result_schema::ResultSchema,
    secret::CallbackSecret,
};
pub use limits::{DailyUsage, PostContext, PostRefusal, REWARD_MAX};
pub use rating::MinimumRating;

/// The part of a task that its agent states and that never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// The title, 1 to 200 characters.
    pub title: String,
    /// The description, 1 to 10 000 characters.
    pub description: String,
    /// The place of the work; complete for PHYSICAL tasks.
    pub location: Option<Location>,
    /// What the operator gets.
    pub reward: MicroUsd,
    /// When the task must be done.
    pub deadline: Timestamp,
    /// 1 to 20 requirements that the proof must meet.
    pub proof_requirements: Vec<String>,
    /// The kind of work.
    pub task_type: TaskType,
    /// The kind of proof, one that the task type allows.
    pub proof_type: ProofType,
    /// Instructions for digital work.
    pub digital_instructions: Option<String>,
    /// The URL that receives webhooks.
    pub callback_url: Option<String>,
    /// The secret that signs webhooks; never returned.
    pub callback_secret: Option<CallbackSecret>,
    /// The webhook style; `None` means the first of [`WebhookStyle`].
    #[serde(default)]
    pub webhook_style: Option<WebhookStyle>,
    /// Minimum rating of operators who may see and accept the task.
    #[serde(default)]
    pub rating_min: Option<MinimumRating>,
    /// The schema that the typed result must satisfy.
    #[serde(default)]
    pub result_schema: Option<ResultSchema>,
    /// The agent's P-256 public key, readable, in the form in which it was sent.
    pub agent_public_key: Option<String>,
    /// The agent's own id for the task.
    pub external_id: Option<String>,
    /// The agent's terms for estimates.
    #[serde(default)]
    pub estimate: EstimateTerms,
    /// Whether the task is simulated: it moves no money and reaches nobody.
    #[serde(default)]
    pub sandbox: bool,
    /// The outcome of the simulation; `None` means that it succeeds.
    #[serde(default)]
    pub sandbox_outcome: Option<SandboxOutcome>,
    /// Whether the request only asks what the task would cost. Always false for a stored task.
    #[serde(skip)]
    pub dry_run: bool,
}

impl NewTask {
    /// Returns the spot of the work, or `None` if it can be done anywhere.
    pub fn spot(&self) -> Option<Spot> {
        let location = self.location.as_ref()?;
        let (lat, lng) = location.lat.zip(location.lng)?;
        Some(Spot::of(Point { lat, lng }))
    }

    /// Returns the task with the agent's settings for whatever it does not state itself.
    pub fn or_as_set(mut self, settings: &AgentSettings) -> Self {
        self.webhook_style = self.webhook_style.or(settings.webhook_style);
        let within = &mut self.estimate.approved_within_minutes;
        *within = within.or(settings.auto_approve_estimate_minutes);
        self
    }

    /// Returns the sum of reward and fee.
    pub fn total(&self, fee: MicroUsd) -> MicroUsd {
        // Both are far below the maximum of the type, so the sum cannot overflow.
        self.reward.checked_add(fee).unwrap_or(self.reward)
    }
}
