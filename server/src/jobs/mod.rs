//! Background jobs: the `match` that runs each [`Job`], so that a new variant does not compile
//! until it is handled here. `runner.rs` claims and retries jobs; each kind has a file of its own.
//! Jobs contain no SQL, and do not import `http`.

pub mod clock_moves;
pub mod deliver_webhook;
pub mod review_proof;
pub mod runner;
pub mod send_account_alert;
pub mod send_code;
pub mod send_verification;
mod shares;
pub mod simulate;

use api_types::Timestamp;

use crate::app::App;
use crate::domain::email_code::CodePurpose;
use crate::domain::job::{Job, Pool};
use crate::domain::mail::texts::AccountAlert;
use crate::outside::mail::MailError;
use crate::store::StoreError;

/// The reason why a job was not done. It says whether a retry can help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// An external cause; the job is retried later.
    #[error("{0}")]
    Retry(String),
    /// The job can never succeed.
    #[error("{0}")]
    Fail(String),
    /// The job was not started: it is not due yet, or it belongs to another pool.
    #[error("postponed until {until}")]
    Postponed {
        /// The time at which it is due.
        until: Timestamp,
        /// The pool in which it runs then.
        pool: Pool,
    },
}

/// Database errors are retried, except for broken rows.
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

impl From<MailError> for JobError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Unreachable(_) => Self::Retry(error.to_string()),
            MailError::Refused(_) => Self::Fail(error.to_string()),
        }
    }
}

/// Runs one job with a permit of this pool.
///
/// # Errors
/// [`JobError`] says whether to retry.
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
        Job::SendVerification { agent_id, language } => {
            send_verification::run(app, agent_id, language).await
        }
        Job::SendSignInCode(requested) => send_code::run(app, requested, CodePurpose::SignIn).await,
        Job::SendConfirmationCode(requested) => {
            send_code::run(app, requested, CodePurpose::Confirmation).await
        }
        Job::SendSessionAlert { subject_id } => {
            send_account_alert::run(app, subject_id, AccountAlert::SessionEnded).await
        }
        Job::SendPasskeyAlert { subject_id } => {
            send_account_alert::run(app, subject_id, AccountAlert::PasskeyAdded).await
        }
    }
}
