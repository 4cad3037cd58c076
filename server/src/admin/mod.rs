//! What the host decides: one phrase an operation, for the routes under `/admin` and for
//! `humanops admin` alike. Each runs in its caller's transaction, and writes down in that same
//! transaction that it was done, by whom and when.
//!
//! How it is asked and answered is `http/admin/` and `command_line/`; what is looked up and kept
//! is `store`.

mod accounts;
mod books;
mod deliveries;
mod disputes;
mod jobs;
mod task_types;

use std::fmt::Display;

use api_types::{AuditId, Timestamp};

use crate::domain::{
    secret,
    task::{Refusal, Turn},
};
use crate::store::{StoreError, Tx, audit, ledger::PostError};

pub use accounts::{Heard, decide_kyc, hear_kyc, parse_decision, parse_message};
pub use books::check_ledger;
pub use deliveries::redeliver;
pub use disputes::resolve_dispute;
pub use jobs::{FailedPlace, failed_jobs, job_id, job_of, retry_job};
pub use task_types::{parse_switches, switch_task_types, task_type_switches};

/// Who acts in the host's name, and when.
#[derive(Clone, Debug)]
pub struct Acting {
    /// `admin key 1a2b3c4d`, `command line`, `kyc provider`.
    pub who: String,
    /// The request that does it, if one does.
    pub request_id: Option<String>,
    /// When, with random bits for what it creates.
    pub turn: Turn,
}

/// Why a decision of the host was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Unable {
    /// There is nothing with this id.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The dispute was resolved before, or ended by a revision.
    #[error("the dispute has ended")]
    Ended,
    /// The table has no such move, or no such part can be given.
    #[error("{}", refused(.0))]
    Refused(Refusal),
    /// The money could not be moved.
    #[error(transparent)]
    Post(#[from] PostError),
    /// An accident of the database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for Unable {
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

impl Acting {
    /// When it is done.
    pub fn now(&self) -> Timestamp {
        self.turn.now
    }

    /// Writes down what is done, in the transaction that does it. The deeds of one act are told
    /// apart by `nth`.
    ///
    /// # Errors
    /// Those of [`Tx::execute`].
    pub fn write_down(
        &self,
        tx: &mut Tx<'_>,
        nth: u32,
        action: &str,
        subject: impl Display,
        details: &str,
    ) -> Result<(), StoreError> {
        let random = self.turn.random.wrapping_add(u128::from(nth));
        let deed = audit::Deed {
            id: AuditId::new(self.turn.now, random),
            who: &self.who,
            action,
            subject: &subject.to_string(),
            details,
            request_id: self.request_id.as_deref(),
            at: self.turn.now,
        };
        audit::insert(tx, &deed)
    }
}

/// What a host's key is known by in the record: enough to tell two apart, nothing to guess from.
pub fn key_fingerprint(key: &str) -> String {
    let digest = secret::hash(&format!("humanops admin key\n{key}"));
    format!("admin key {}", digest.get(..8).unwrap_or_default())
}
