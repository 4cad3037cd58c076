//! Types of the host's endpoints: accounts, identity decisions, task type
//! switches, ledger check, failed jobs and the audit log of everything that the host did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    agent::Tier,
    bounds::bounds,
    id::{AgentId, AuditId, OperatorId},
    money::MicroUsd,
    operator::KycStatus,
    strings::string_enum,
    task_type::TaskType,
    time::Timestamp,
};

/// Maximum number of characters in a host's note.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// Maximum number of characters in an identity provider's reference.
pub const REFERENCE_CHARS_MAX: usize = 200;

string_enum! {
    /// The host's decision on an operator's identity.
    pub enum KycDecision {
        /// The operator may accept tasks.
        Approve = "APPROVE",
        /// The operator must not accept new tasks; tasks already accepted continue.
        Reject = "REJECT",
    }
}

impl KycDecision {
    /// Returns the operator's status after this decision.
    pub const fn status(self) -> KycStatus {
        match self {
            Self::Approve => KycStatus::Approved,
            Self::Reject => KycStatus::Rejected,
        }
    }
}

string_enum! {
    /// Whether new tasks of a type are accepted.
    pub enum Switch {
        /// New tasks are accepted.
        On = "on",
        /// New tasks are refused; tasks already posted continue.
        Off = "off",
    }
}

/// An operator account, as the host sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatorRecord {
    /// The id of the account.
    pub operator_id: OperatorId,
    /// The name as the operator gave it.
    pub name: String,
    /// The e-mail address as given, in lower case.
    pub email: String,
    /// The phone number as given; null if none was given.
    pub phone: Option<String>,
    /// The city where the operator works; null if none was given.
    pub city: Option<String>,
    /// The country, as two letters of ISO 3166-1; null if none was given.
    pub country: Option<String>,
    /// The task types that the operator does; empty means all.
    pub skills: Vec<TaskType>,
    /// The state of the identity check; only `APPROVED` may accept tasks.
    pub kyc_status: KycStatus,
    /// When the host or the identity provider last decided on the identity; null until then.
    pub kyc_decided_at: Option<Timestamp>,
    /// The note or the provider's reference of that decision; null if there is none.
    pub kyc_note: Option<String>,
    /// Amount earned that is still within the hold, in which the agent may open a dispute.
    pub pending_balance: MicroUsd,
    /// When the account was created.
    pub created_at: Timestamp,
}

/// The request body of POST /admin/operators/:id/kyc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecideKyc {
    /// `APPROVE` or `REJECT`; a later decision replaces an earlier one.
    pub decision: KycDecision,
    /// The reason, at most 1 000 characters; kept in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

bounds! {
    DecideKyc {
        note: Chars(0..=NOTE_CHARS_MAX),
    }
}

/// The request body of POST /webhooks/kyc: an identity provider's signed decision.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ProviderKyc))]
#[serde(deny_unknown_fields)]
pub struct KycWebhook {
    /// The operator whose identity was checked.
    pub operator_id: OperatorId,
    /// The decision, `APPROVED` or `REJECTED`.
    pub status: KycStatus,
    /// The provider's own reference for its check. An identical message is processed once; another
    /// reference makes it a different message. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

bounds! {
    KycWebhook {
        reference: Chars(0..=REFERENCE_CHARS_MAX),
    }
}

/// The response to POST /webhooks/kyc.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HeardKyc))]
pub struct KycWebhookResponse {
    /// The operator whose identity was checked.
    pub operator_id: OperatorId,
    /// The operator's current KYC status.
    pub kyc_status: KycStatus,
    /// False if this identical message was received before; it then changed nothing.
    pub heard_now: bool,
}

/// An agent account, as the host sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentRecord {
    /// The id of the account.
    pub agent_id: AgentId,
    /// The name as the agent gave it.
    pub name: String,
    /// The e-mail address as given, in lower case.
    pub email: String,
    /// The company as the agent gave it; null if none was given.
    pub company: Option<String>,
    /// The agent's trust level.
    pub tier: Tier,
    /// Sum of all deposits ever credited, in US dollars.
    pub deposited_usd: MicroUsd,
    /// Amount in US dollars that the agent can spend.
    pub deposit_balance: MicroUsd,
    /// Number of tasks ever posted.
    pub tasks: u64,
    /// Number of keys that are not revoked.
    pub active_keys: u64,
    /// When the account was created.
    pub created_at: Timestamp,
}

/// The response to GET and PUT /admin/task-types: each task type, and whether new tasks of it are
/// accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"CAPTCHA_SOLVING": "off"})))]
#[serde(transparent)]
pub struct TaskTypeSwitches(
    /// Switches by the name of the task type. A PUT may name some types; the others stay unchanged.
    pub BTreeMap<String, Switch>,
);

/// The response to GET /admin/ledger/check: every balance, recomputed from its transfers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerReport {
    /// Whether the ledger is consistent: no faults, and a sum of zero.
    pub ok: bool,
    /// Number of accounts with a balance of their own.
    pub accounts: i64,
    /// Number of transfers in the ledger.
    pub transfers: i64,
    /// Sum of all balances, including the account for money outside the platform; zero if the
    /// ledger is consistent.
    pub sum_usd: MicroUsd,
    /// Balance of the platform, which is what it earned.
    pub platform_usd: MicroUsd,
    /// All faults, each as a sentence.
    pub faults: Vec<String>,
}

/// A job in GET /admin/jobs: one that failed permanently and waits for the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailedJob {
    /// The id of the job in the path: the job itself, in base64url.
    pub job_id: String,
    /// The kind of job.
    pub kind: String,
    /// The job as the queue stores it.
    pub job: String,
    /// Number of attempts so far.
    pub attempts: i64,
    /// The error of the last attempt.
    pub last_error: String,
    /// When the job was last due.
    pub due_at: Timestamp,
}

/// The response to POST /admin/jobs/:id/retry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetriedJob {
    /// The id of the job in the path.
    pub job_id: String,
    /// The kind of job.
    pub kind: String,
    /// When the job runs, which is now.
    pub due_at: Timestamp,
}

/// An entry of the audit log: one action in the host's name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The id of the entry; ids sort by time.
    pub audit_id: AuditId,
    /// Who acted: `admin key 1a2b3c4d` (a fingerprint), `command line`, or `kyc provider`.
    pub who: String,
    /// The name of the action, such as `kyc.approve`.
    pub action: String,
    /// The id or task type that the action changed.
    pub subject: String,
    /// Further details as text; may be empty.
    pub details: String,
    /// The id of the request that did it; null for the command line.
    pub request_id: Option<String>,
    /// When the action happened.
    pub at: Timestamp,
}
