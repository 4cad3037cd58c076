//! The jobs of the queue as data: their payloads, pools, lanes and owners.
//!
//! Claiming and running jobs is elsewhere (`store/jobs/`, `jobs/`).

use std::time::Duration;

use api_types::{AgentId, DeliveryId, SubjectId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

use super::language::Language;

/// The lane of mails, all of which the same mail server may delay.
pub const MAIL_LANE: &str = "mail";

/// Work that is queued by the transaction that causes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// The Guardian reviews a submitted proof.
    ReviewProof {
        /// The task of the proof.
        task_id: TaskId,
    },
    /// The Guardian reviews a proof that takes long to decode. It is a kind of its own, so that
    /// such reviews delay each other and no others.
    ReviewLargeProof {
        /// The task of the proof.
        task_id: TaskId,
    },
    /// The clock makes the move that a task's status assigns to it, if that move is due.
    MoveByClock {
        /// The task to move.
        task_id: TaskId,
    },
    /// The sandbox makes the next step of a simulated task.
    Simulate {
        /// The simulated task.
        task_id: TaskId,
    },
    /// A webhook delivery is attempted.
    DeliverWebhook {
        /// The delivery to attempt.
        delivery_id: DeliveryId,
        /// A digest of the receiving host, which older servers use as lane.
        lane: u32,
        /// The agent that owns the task.
        agent_id: AgentId,
    },
    /// A link that verifies its e-mail address is mailed to an agent. The token is created when the
    /// mail is sent, so that none waits in the queue.
    SendVerification {
        /// The agent that receives the mail.
        agent_id: AgentId,
        /// The language of the request.
        #[serde(default, skip_serializing_if = "Language::is_default")]
        language: Language,
    },
    /// A sign-in code is mailed. It is created when the mail is sent, so that none waits in the
    /// queue. Every request for a code has a job of its own.
    SendSignInCode(RequestedCode),
    /// A code that confirms an operator's address is mailed, in the same way.
    SendConfirmationCode(RequestedCode),
    /// A person is told by mail that a session ended because its refresh token was used twice.
    SendSessionAlert {
        /// The person who receives the mail.
        subject_id: SubjectId,
    },
    /// A person is told by mail that a passkey was added to their account.
    SendPasskeyAlert {
        /// The person who receives the mail.
        subject_id: SubjectId,
    },
}

/// A code that a person requested and that is not sent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedCode {
    /// The person who receives the mail.
    pub subject_id: SubjectId,
    /// When the person requested the code.
    pub requested_at: Timestamp,
    /// The salt of the code, by which a retry finds the code that it replaces.
    pub salt: u64,
    /// The language of the request.
    pub language: Language,
}

/// The pool whose permits a job uses while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pool {
    /// All ordinary work, including callbacks at hosts that respond promptly.
    Ordinary,
    /// Callbacks at hosts that have not been called yet or respond late; few run at a time.
    Untried,
    /// The same hosts, for agents with several other hosts that do not respond; few run at a time.
    Doubtful,
    /// Callbacks at hosts that do not respond; few run at a time.
    Unresponsive,
}

impl Pool {
    /// Every pool, in the order of the numbers.
    pub const ALL: [Self; 4] = [
        Self::Ordinary,
        Self::Untried,
        Self::Doubtful,
        Self::Unresponsive,
    ];

    /// Returns the number of the pool in the database.
    pub const fn number(self) -> i64 {
        match self {
            Self::Ordinary => 0,
            Self::Untried => 1,
            Self::Doubtful => 2,
            Self::Unresponsive => 3,
        }
    }

    /// Returns the pool with this number.
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|pool| pool.number() == number)
    }
}

/// How often a job is retried, and what remains of it if every attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Maximum number of attempts.
    pub attempts_max: u32,
    /// Maximum pause between two attempts. The first pause is a second, and each is twice as long
    /// as the one before.
    pub pause_max: Duration,
    /// Whether a failed job stays in the queue for the host to examine.
    pub is_kept: bool,
}

impl RetryPolicy {
    /// Returns the pause after this number of attempts.
    pub fn pause_after(&self, attempts: u32) -> Duration {
        let doublings = attempts.clamp(1, 16) - 1;
        Duration::from_secs(1 << doublings).min(self.pause_max)
    }
}

impl Job {
    /// Returns how this job is retried.
    pub const fn retry_policy(&self) -> RetryPolicy {
        match self {
            // A person waits for it, and only for as long as the code would be valid: the job
            // itself gives up after that. Anybody can request codes for addresses that no mail
            // reaches, so such jobs are not kept.
            Self::SendSignInCode(_) | Self::SendConfirmationCode(_) => RetryPolicy {
                attempts_max: 100,
                pause_max: Duration::from_secs(15),
                is_kept: false,
            },
            Self::ReviewProof { .. }
            | Self::ReviewLargeProof { .. }
            | Self::MoveByClock { .. }
            | Self::Simulate { .. }
            | Self::DeliverWebhook { .. }
            | Self::SendVerification { .. }
            | Self::SendSessionAlert { .. }
            | Self::SendPasskeyAlert { .. } => RetryPolicy {
                attempts_max: 10,
                pause_max: Duration::from_secs(300),
                is_kept: true,
            },
        }
    }

    /// Returns the id of the task, delivery, agent or person that the job is about.
    pub fn subject(&self) -> String {
        match self {
            Self::ReviewProof { task_id }
            | Self::ReviewLargeProof { task_id }
            | Self::MoveByClock { task_id }
            | Self::Simulate { task_id } => task_id.to_string(),
            Self::DeliverWebhook { delivery_id, .. } => delivery_id.to_string(),
            Self::SendVerification { agent_id, .. } => agent_id.to_string(),
            Self::SendSignInCode(code) | Self::SendConfirmationCode(code) => {
                code.subject_id.to_string()
            }
            Self::SendSessionAlert { subject_id } | Self::SendPasskeyAlert { subject_id } => {
                subject_id.to_string()
            }
        }
    }

    /// Returns the name of the job's kind in the database and the log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ReviewProof { .. } => "review_proof",
            Self::ReviewLargeProof { .. } => "review_large_proof",
            Self::MoveByClock { .. } => "move_by_clock",
            Self::Simulate { .. } => "simulate",
            Self::DeliverWebhook { .. } => "deliver_webhook",
            Self::SendVerification { .. } => "send_verification",
            Self::SendSignInCode { .. } => "send_sign_in_code",
            Self::SendConfirmationCode { .. } => "send_confirmation_code",
            Self::SendSessionAlert { .. } => "send_session_alert",
            Self::SendPasskeyAlert { .. } => "send_passkey_alert",
        }
    }

    /// Returns the lane: jobs of one lane may all be slow for the same reason, so only few of them
    /// run at a time and the rest is not delayed. It is empty for jobs without a lane, and for
    /// callbacks, whose lane is their host.
    pub fn lane(&self) -> &'static str {
        match self {
            Self::ReviewProof { .. }
            | Self::ReviewLargeProof { .. }
            | Self::MoveByClock { .. }
            | Self::Simulate { .. }
            | Self::DeliverWebhook { .. } => "",
            Self::SendVerification { .. }
            | Self::SendSignInCode { .. }
            | Self::SendConfirmationCode { .. }
            | Self::SendSessionAlert { .. }
            | Self::SendPasskeyAlert { .. } => MAIL_LANE,
        }
    }

    /// Returns the owner on whose behalf the job waits for others. Only few jobs of one owner run
    /// at a time, so that an owner with many slow hosts delays nobody else. It is empty for jobs
    /// without an owner.
    pub fn owner(&self) -> String {
        match self {
            Self::DeliverWebhook { agent_id, .. } => agent_id.to_string(),
            Self::ReviewProof { .. }
            | Self::ReviewLargeProof { .. }
            | Self::MoveByClock { .. }
            | Self::Simulate { .. }
            | Self::SendVerification { .. }
            | Self::SendSignInCode { .. }
            | Self::SendConfirmationCode { .. }
            | Self::SendSessionAlert { .. }
            | Self::SendPasskeyAlert { .. } => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_maximum() {
        let policy = RetryPolicy {
            attempts_max: 10,
            pause_max: Duration::from_secs(300),
            is_kept: true,
        };
        let pauses = [1, 2, 9, 10, 1_000_000].map(|attempts| policy.pause_after(attempts));
        assert_eq!(pauses.map(|pause| pause.as_secs()), [1, 2, 256, 300, 300]);
    }

    #[test]
    fn a_job_that_an_older_server_queued_is_read() {
        let agent_id = AgentId::new(Timestamp::from_millis(0).unwrap(), 1);
        let queued = format!(r#"{{"kind":"send_verification","agent_id":"{agent_id}"}}"#);
        let language = Language::default();
        let job = Job::SendVerification { agent_id, language };
        assert_eq!(serde_json::from_str::<Job>(&queued).unwrap(), job);
        assert_eq!(serde_json::to_string(&job).unwrap(), queued);
    }

    #[test]
    fn every_pool_is_found_by_its_number() {
        for pool in Pool::ALL {
            assert_eq!(Pool::of(pool.number()), Some(pool));
        }
        assert_eq!(Pool::of(4), None);
    }
}
