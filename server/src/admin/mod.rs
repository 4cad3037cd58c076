//! The host's operations, for the routes under `/admin` and for `humanops admin` alike. Each runs
//! in its caller's transaction, and writes an audit entry in the same transaction.
//!
//! Input and output are in `http/host/` and `command_line/`; SQL is in `store`. Functions return
//! database errors as [`StoreError`] or [`AdminError::Store`].

mod accounts;
mod books;
mod deliveries;
mod disputes;
mod jobs;
mod signing_keys;
mod task_types;

use std::fmt::Display;

use api_types::{AuditId, Timestamp};

use crate::domain::{
    secret,
    task::{MoveContext, Refusal},
};
use crate::store::{StoreError, Tx, audit, ledger::PostError};

pub use accounts::{KycMessage, decide_kyc, hear_kyc};
pub use books::check_ledger;
pub use deliveries::redeliver;
pub use disputes::resolve_dispute;
pub use jobs::{FailedJobCursor, failed_jobs, job_id, job_of, retry_job};
pub use signing_keys::{CurrentKey, OldTokens, rotate_signing_key};
pub use task_types::{switch_task_types, task_type_switches};

/// The actor and the time of an operation of the host.
#[derive(Clone, Debug)]
pub struct ActorContext {
    /// The actor's name: `admin key 1a2b3c4d`, `command line` or `kyc provider`.
    pub who: String,
    /// The id of the request, if the operation came by HTTP.
    pub request_id: Option<String>,
    /// The time of the operation, with random bits for the ids that it creates.
    pub context: MoveContext,
}

/// The reason why an operation of the host failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no object of this kind with the given id.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The dispute was resolved before, or ended by a revision.
    #[error("the dispute has ended")]
    Ended,
    /// The table has no such move, or the split is invalid.
    #[error("{}", refused(.0))]
    Refused(Refusal),
    /// The money could not be moved.
    #[error(transparent)]
    Post(#[from] PostError),
    /// A database error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for AdminError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NoSplit { reward } => {
            format!("the operator's part must be more than $0 and less than the reward, ${reward}")
        }
        _ => "the task is not in dispute any more".to_owned(),
    }
}

impl ActorContext {
    /// Returns the time of the operation.
    pub fn now(&self) -> Timestamp {
        self.context.now
    }

    /// Inserts an audit entry, in the transaction of the operation. `nth` distinguishes the entries
    /// of one operation.
    pub fn write_down(
        &self,
        tx: &mut Tx<'_>,
        nth: u32,
        action: &str,
        subject: impl Display,
        details: &str,
    ) -> Result<(), StoreError> {
        let random = self.context.random.wrapping_add(u128::from(nth));
        let entry = audit::NewAuditEntry {
            id: AuditId::new(self.context.now, random),
            who: &self.who,
            action,
            subject: &subject.to_string(),
            details,
            request_id: self.request_id.as_deref(),
            at: self.context.now,
        };
        audit::insert(tx, &entry)
    }
}

/// Returns the name of a host's key for the audit log: enough to tell two keys apart, too little to
/// guess a key from.
pub fn key_fingerprint(key: &str) -> String {
    let digest = secret::hash(&format!("humanops admin key\n{key}"));
    format!("admin key {}", digest.get(..8).unwrap_or_default())
}
