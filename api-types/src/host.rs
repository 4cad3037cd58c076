//! What the host of an instance sees and decides (contract §2, §6): accounts, identities, switches,
//! books, work that failed, and the record of everything the host did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, AuditId, MicroUsd, OperatorId, Timestamp, agent::Tier, names::names,
    operator::KycStatus, task::TaskType,
};

/// Characters of a host's note at most.
pub const NOTE_CHARS_MAX: usize = 1000;

names! {
    /// What the host decides about an operator's identity.
    pub enum KycDecision {
        /// The operator may accept tasks.
        Approve = "APPROVE",
        /// The operator may not, or may no longer; tasks that were accepted go on.
        Reject = "REJECT",
    }
}

impl KycDecision {
    /// The status that an operator has from then on.
    pub const fn status(self) -> KycStatus {
        match self {
            Self::Approve => KycStatus::Approved,
            Self::Reject => KycStatus::Rejected,
        }
    }
}

names! {
    /// Whether new tasks of a type are taken.
    pub enum Switch {
        /// They are.
        On = "on",
        /// They are refused; those that were posted go on.
        Off = "off",
    }
}

/// An operator, as the host sees them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorRecord {
    /// The account.
    pub operator_id: OperatorId,
    /// As given.
    pub name: String,
    /// As given, lower-cased.
    pub email: String,
    /// As given.
    pub phone: Option<String>,
    /// Where the operator works.
    pub city: Option<String>,
    /// Two letters, ISO 3166-1.
    pub country: Option<String>,
    /// Task types this operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// Whether tasks may be accepted.
    pub kyc_status: KycStatus,
    /// When the identity was last decided about by the host or the provider.
    pub kyc_decided_at: Option<Timestamp>,
    /// What was noted then.
    pub kyc_note: Option<String>,
    /// Earned, and within the hold in which an agent may still dispute.
    pub pending_balance: MicroUsd,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// POST /admin/operators/:id/kyc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideKyc {
    /// `APPROVE` or `REJECT`; a later decision replaces an earlier one.
    pub decision: KycDecision,
    /// Why, at most 1 000 characters; kept in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    pub note: Option<String>,
}

/// POST /webhooks/kyc: what an identity provider found, signed by it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderKyc {
    /// Whose identity.
    pub operator_id: OperatorId,
    /// `APPROVED` or `REJECTED`.
    pub status: KycStatus,
    /// The provider's own name for its check. The same message counts once; another reference
    /// makes another message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub reference: Option<String>,
}

/// The answer to POST /webhooks/kyc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeardKyc {
    /// Whose identity.
    pub operator_id: OperatorId,
    /// Where it stands now.
    pub kyc_status: KycStatus,
    /// False when this very message was heard before: then it changed nothing.
    pub heard_now: bool,
}

/// An agent, as the host sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentRecord {
    /// The account.
    pub agent_id: AgentId,
    /// As given.
    pub name: String,
    /// As given, lower-cased.
    pub email: String,
    /// As given.
    pub company: Option<String>,
    /// What it may do.
    pub tier: Tier,
    /// Everything it ever paid in.
    pub deposited_usd: MicroUsd,
    /// What it can spend.
    pub deposit_balance: MicroUsd,
    /// Tasks it ever posted.
    pub tasks: u64,
    /// Keys that work.
    pub active_keys: u64,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// GET and PUT /admin/task-types: each type, and whether new tasks of it are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"CAPTCHA_SOLVING": "off"})))]
#[serde(transparent)]
pub struct TaskTypeSwitches(
    /// By the type's name. A PUT may name some types; the others stay as they are.
    pub BTreeMap<String, Switch>,
);

/// GET /admin/ledger/check: every balance, recomputed from its transfers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerReport {
    /// Whether the books are right: no fault, and a sum of zero.
    pub ok: bool,
    /// Accounts with a balance of their own.
    pub accounts: i64,
    /// Transfers.
    pub transfers: i64,
    /// All balances together, what lies outside included; zero when the books are right.
    pub sum_usd: MicroUsd,
    /// What the platform earned.
    pub platform_usd: MicroUsd,
    /// Every fault, in words.
    pub faults: Vec<String>,
}

/// One job of GET /admin/jobs: work that failed for good and waits to be looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailedJob {
    /// Its name in the path; the job itself, in base64url.
    pub job_id: String,
    /// What kind of work.
    pub kind: String,
    /// The job, as the queue keeps it.
    pub job: String,
    /// How often it was tried.
    pub attempts: i64,
    /// What went wrong the last time.
    pub last_error: String,
    /// When it was last due.
    pub due_at: Timestamp,
}

/// The answer to POST /admin/jobs/:id/retry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetriedJob {
    /// The job.
    pub job_id: String,
    /// What kind of work.
    pub kind: String,
    /// When it runs: now.
    pub due_at: Timestamp,
}

/// One thing that was done in the host's name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Sorts by time.
    pub audit_id: AuditId,
    /// `admin key 1a2b3c4d` (a fingerprint), `command line`, or `kyc provider`.
    pub who: String,
    /// What was done, such as `kyc.approve`.
    pub action: String,
    /// To what: an id, or a task type.
    pub subject: String,
    /// The rest, in words; may be empty.
    pub details: String,
    /// The request that did it; none for the command line.
    pub request_id: Option<String>,
    /// When.
    pub at: Timestamp,
}
