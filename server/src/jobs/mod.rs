//! Work that waits: the match that runs each [`Job`]; a new variant does not compile until it is
//! here. How jobs are claimed and repeated is `runner.rs`; what each does has a file of its own.

pub mod clock_moves;
pub mod deliver_webhook;
pub mod review_proof;
pub mod runner;
pub mod send_verification;
mod shares;
pub mod simulate;

use api_types::Timestamp;

use crate::app::App;
use crate::domain::job::{Job, Pool};
use crate::store::StoreError;

/// Why a job was not done, and whether trying again can help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Something outside was in the way; try again later.
    #[error("{0}")]
    Retry(String),
    /// It will never succeed.
    #[error("{0}")]
    Fail(String),
    /// It was not begun: this is not the time for it, or its place is in another pool.
    #[error("it was put off until {until}")]
    Postponed {
        /// When it is due.
        until: Timestamp,
        /// Which of the runner's places it takes then.
        pool: Pool,
    },
}

/// Accidents of the database pass, except for rows that are broken.
impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Inconsistent { .. } | StoreError::Column { .. } => {
                Self::Fail(error.to_string())
            }
            error => Self::Retry(error.to_string()),
        }
    }
}

/// Does one job, in a place of this pool.
///
/// # Errors
/// [`JobError`] says whether to try again.
pub async fn run(app: &App, job: Job, pool: Pool) -> Result<(), JobError> {
    match job {
        Job::DeliverWebhook { delivery_id, .. } => {
            deliver_webhook::run(app, delivery_id, pool).await
        }
        Job::ReviewProof { task_id } | Job::ReviewLargeProof { task_id } => {
            review_proof::run(app, task_id).await
        }
        Job::MoveByClock { task_id } => clock_moves::run(app, task_id).await,
        Job::Simulate { task_id } => simulate::run(app, task_id).await,
        Job::SendVerification { agent_id } => send_verification::run(app, agent_id).await,
    }
}
