//! A task that is being posted: what its agent states of it (`read.rs`), and the rules that may
//! stand against it (`limits.rs`).

mod limits;
mod rating;
mod read;

use api_types::{
    MicroUsd, Timestamp,
    agent::AgentSettings,
    proof::ProofType,
    task::{Location, SandboxOutcome, TaskType, WebhookStyle},
};
use serde::{Deserialize, Serialize};

use super::{
    estimate::EstimateTerms,
    place::{Point, Spot},
    result_schema::ResultSchema,
    secret::CallbackSecret,
};
pub use limits::{Post, PostRefusal, REWARD_MAX, Today};
pub use rating::Rating;

/// The part of a task that its agent states and nobody changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// 1 to 200 characters.
    pub title: String,
    /// 1 to 10 000 characters.
    pub description: String,
    /// Complete for PHYSICAL tasks.
    pub location: Option<Location>,
    /// What the operator gets.
    pub reward: MicroUsd,
    /// When it must be done.
    pub deadline: Timestamp,
    /// 1 to 20.
    pub proof_requirements: Vec<String>,
    /// The kind of work.
    pub task_type: TaskType,
    /// One that the type allows.
    pub proof_type: ProofType,
    /// For digital work.
    pub digital_instructions: Option<String>,
    /// Where news go.
    pub callback_url: Option<String>,
    /// What they are signed with; never returned.
    pub callback_secret: Option<CallbackSecret>,
    /// Which of them; the first of [`WebhookStyle`] unless the agent chose.
    #[serde(default)]
    pub webhook_style: Option<WebhookStyle>,
    /// The least rating of an operator who may see and accept it.
    #[serde(default)]
    pub rating_min: Option<Rating>,
    /// What the typed result must satisfy.
    #[serde(default)]
    pub result_schema: Option<ResultSchema>,
    /// As it came; readable as a P-256 public key.
    pub agent_public_key: Option<String>,
    /// The agent's own name for the task.
    pub external_id: Option<String>,
    /// Whether and how operators may estimate.
    #[serde(default)]
    pub estimate: EstimateTerms,
    /// Whether it is simulated: it moves no money and reaches nobody.
    #[serde(default)]
    pub sandbox: bool,
    /// How the simulation turns out; well, unless the agent chose.
    #[serde(default)]
    pub sandbox_outcome: Option<SandboxOutcome>,
    /// Whether it is only asked what the task would cost. Nothing that is stored was.
    #[serde(skip)]
    pub dry_run: bool,
}

impl NewTask {
    /// Where it is to be done, coarsely; none if it can be done anywhere.
    pub fn spot(&self) -> Option<Spot> {
        let location = self.location.as_ref()?;
        let (lat, lng) = location.lat.zip(location.lng)?;
        Some(Spot::of(Point { lat, lng }))
    }

    /// The task, with its agent's settings where it says nothing itself.
    pub fn or_as_set(mut self, settings: &AgentSettings) -> Self {
        self.webhook_style = self.webhook_style.or(settings.webhook_style);
        let within = &mut self.estimate.approved_within_minutes;
        *within = within.or(settings.auto_approve_estimate_minutes);
        self
    }

    /// Reward and fee.
    pub fn total(&self, fee: MicroUsd) -> MicroUsd {
        // Both are bounded far below the edge, so their sum is too.
        self.reward.checked_add(fee).unwrap_or(self.reward)
    }
}
