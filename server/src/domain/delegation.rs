//! What a key may do: its policy (contract §3), and the approvals that a policy can ask for.
//!
//! What a key spent already is looked up by whoever asks; nothing here counts.

use std::time::Duration;

use api_types::{
    ApprovalId, KeyId, MicroUsd, Timestamp,
    approval::{ApprovalDecision, ApprovalStatus, DecideApproval},
    error::Dialect,
    key::{CreateKey, KeyPolicy},
    task::TaskType,
};
use serde_json::Value;

use super::fields::{Fields, Parsed, choice, list, money, text};

/// Characters of a key's label at most.
const KEY_NAME_CHARS_MAX: usize = api_types::agent::NAME_CHARS_MAX;

/// How long a question waits for its answer, and how long a yes can then be used.
pub const APPROVAL_LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// Questions of one agent that wait at the same time at most: a runaway agent must not bury its
/// owner, nor the database.
pub const APPROVALS_WAITING_MAX: u64 = 100;

/// The parameters that a key's policy is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The kind of work.
    pub task_type: TaskType,
    /// Reward and fee.
    pub total: MicroUsd,
    /// What the key spent in this UTC day already.
    pub spent_today: MicroUsd,
}

/// Why a key may not post a task by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// Not this kind of work.
    TaskType(TaskType),
    /// Not so much on one task.
    Task {
        /// The most.
        most: MicroUsd,
    },
    /// Not so much in one day.
    Day {
        /// The most.
        most: MicroUsd,
    },
    /// A person must be asked.
    Approval {
        /// What goes without asking.
        above: MicroUsd,
    },
}

/// Whether a policy lets a key post this.
///
/// # Errors
/// The first rule it breaks; that a person must be asked comes last, so that nobody is asked about
/// what would be refused anyway.
pub fn allowed(policy: &KeyPolicy, spending: Spending) -> Result<(), Beyond> {
    let total = spending.total;
    if (policy.task_types.as_ref()).is_some_and(|types| !types.contains(&spending.task_type)) {
        return Err(Beyond::TaskType(spending.task_type));
    }
    if let Some(most) = policy.max_task_usd.filter(|most| total > *most) {
        return Err(Beyond::Task { most });
    }
    let day = spending.spent_today.checked_add(total);
    if let Some(most) = (policy.max_day_usd).filter(|most| day.is_none_or(|day| day > *most)) {
        return Err(Beyond::Day { most });
    }
    if let Some(above) = policy.approval_above_usd.filter(|above| total > *above) {
        return Err(Beyond::Approval { above });
    }
    Ok(())
}

/// A request that a person is asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The key that asks.
    pub key_id: KeyId,
    /// As it is stored; see [`Approval::status`].
    pub state: ApprovalStatus,
    /// Until when it can be decided and, once approved, used.
    pub expires_at: Timestamp,
}

/// Why an approval cannot be decided so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionRefusal {
    /// The key would approve what it asked for itself.
    OwnRequest,
    /// It was decided before, the other way or too long ago.
    NotWaiting(ApprovalStatus),
}

impl Approval {
    /// How far it has come by now.
    pub fn status(&self, now: Timestamp) -> ApprovalStatus {
        let open = matches!(
            self.state,
            ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Rejected
        );
        if open && self.expires_at <= now {
            ApprovalStatus::Expired
        } else {
            self.state
        }
    }

    /// What it becomes by a decision of `key`, or of the host where there is none.
    ///
    /// # Errors
    /// [`DecisionRefusal`]. A decision that is repeated is none: it changes nothing.
    pub fn decide(
        &self,
        decision: ApprovalDecision,
        key: Option<KeyId>,
        now: Timestamp,
    ) -> Result<ApprovalStatus, DecisionRefusal> {
        if key == Some(self.key_id) {
            return Err(DecisionRefusal::OwnRequest);
        }
        let decided = match decision {
            ApprovalDecision::Approve => ApprovalStatus::Approved,
            ApprovalDecision::Reject => ApprovalStatus::Rejected,
        };
        let status = self.status(now);
        if status == ApprovalStatus::Pending || status == decided {
            Ok(decided)
        } else {
            Err(DecisionRefusal::NotWaiting(status))
        }
    }
}

/// Reads POST /agents/approvals/:id.
///
/// # Errors
/// Every fault of the body.
pub fn parse_decision(body: &Value) -> Parsed<DecideApproval> {
    Fields::read(body, |fields| {
        let decisions = choice(ApprovalDecision::parse, "APPROVE, REJECT");
        let decision = fields.required("decision", decisions);
        Some(DecideApproval {
            decision: decision?,
        })
    })
}

/// What PATCH /agents/keys/:id changes; the inner `None` removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// Another label.
    pub name: Option<String>,
    /// Another dialect of errors.
    pub dialect: Option<Option<Dialect>>,
    /// Another policy, as a whole.
    pub policy: Option<Option<KeyPolicy>>,
}

/// Reads POST /agents/keys; a body is not needed.
///
/// # Errors
/// Every fault of the body.
pub fn parse_key(body: &Value) -> Parsed<CreateKey> {
    if body.is_null() {
        return Ok(CreateKey::default());
    }
    let change = parse_key_change(body)?;
    Ok(CreateKey {
        name: change.name,
        dialect: change.dialect.flatten(),
        policy: change.policy.flatten(),
    })
}

/// Reads PATCH /agents/keys/:id.
///
/// # Errors
/// Every fault of the body.
pub fn parse_key_change(body: &Value) -> Parsed<KeyChange> {
    Fields::read(body, |fields| {
        let name = fields.optional("name", text(1..=KEY_NAME_CHARS_MAX));
        let dialect = fields.removable("dialect", dialect());
        let policy = fields.removable("policy", policy);
        Some(KeyChange {
            name,
            dialect,
            policy,
        })
    })
}

/// Reads the name of a dialect.
pub fn dialect() -> impl Fn(&Value) -> Parsed<Dialect> {
    choice(Dialect::parse, Dialect::ALL.map(Dialect::as_str).join(", "))
}

fn policy(value: &Value) -> Parsed<KeyPolicy> {
    Fields::read(value, |fields| {
        let max_task_usd = fields.optional("max_task_usd", money(2));
        let max_day_usd = fields.optional("max_day_usd", money(2));
        let names = TaskType::ALL.map(TaskType::as_str).join(", ");
        let types = list(1..=TaskType::ALL.len(), choice(TaskType::parse, names));
        let task_types = fields.optional("task_types", types);
        let approval_above_usd = fields.optional("approval_above_usd", money(2));
        Some(KeyPolicy {
            max_task_usd,
            max_day_usd,
            task_types,
            approval_above_usd,
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spending(total: u32, spent_today: u32) -> Spending {
        Spending {
            task_type: TaskType::Photo,
            total: MicroUsd::usd(total),
            spent_today: MicroUsd::usd(spent_today),
        }
    }

    #[test]
    fn a_policy_without_limits_allows_everything() {
        assert_eq!(
            allowed(&KeyPolicy::default(), spending(10_000, 50_000)),
            Ok(())
        );
    }

    #[test]
    fn each_limit_is_reached_and_not_passed() {
        let most = MicroUsd::usd(30);
        let task = KeyPolicy {
            max_task_usd: Some(most),
            ..KeyPolicy::default()
        };
        assert_eq!(allowed(&task, spending(30, 500)), Ok(()));
        assert_eq!(allowed(&task, spending(31, 0)), Err(Beyond::Task { most }));
        let day = KeyPolicy {
            max_day_usd: Some(most),
            ..KeyPolicy::default()
        };
        assert_eq!(allowed(&day, spending(10, 20)), Ok(()));
        assert_eq!(allowed(&day, spending(11, 20)), Err(Beyond::Day { most }));
        let asks = KeyPolicy {
            approval_above_usd: Some(most),
            ..KeyPolicy::default()
        };
        assert_eq!(allowed(&asks, spending(30, 0)), Ok(()));
        let above = most;
        assert_eq!(
            allowed(&asks, spending(31, 0)),
            Err(Beyond::Approval { above })
        );
    }

    #[test]
    fn nobody_is_asked_about_what_is_refused_anyway() {
        let policy = KeyPolicy {
            max_task_usd: Some(MicroUsd::usd(50)),
            approval_above_usd: Some(MicroUsd::ZERO),
            task_types: Some(vec![TaskType::Delivery]),
            ..KeyPolicy::default()
        };
        let beyond = allowed(&policy, spending(60, 0));
        assert_eq!(beyond, Err(Beyond::TaskType(TaskType::Photo)));
    }

    #[test]
    fn an_approval_is_decided_once_by_another_and_in_time() {
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        let (asks, other) = (KeyId::new(at(1), 1), KeyId::new(at(1), 2));
        let approval = |state| Approval {
            id: ApprovalId::new(at(1), 3),
            key_id: asks,
            state,
            expires_at: at(100),
        };
        let waiting = approval(ApprovalStatus::Pending);
        let yes = ApprovalDecision::Approve;
        assert_eq!(
            waiting.decide(yes, Some(asks), at(99)),
            Err(DecisionRefusal::OwnRequest)
        );
        assert_eq!(
            waiting.decide(yes, Some(other), at(99)),
            Ok(ApprovalStatus::Approved)
        );
        assert_eq!(
            waiting.decide(yes, None, at(100)),
            Err(DecisionRefusal::NotWaiting(ApprovalStatus::Expired))
        );
        for state in [ApprovalStatus::Rejected, ApprovalStatus::Used] {
            let refused = approval(state).decide(yes, None, at(99));
            assert_eq!(refused, Err(DecisionRefusal::NotWaiting(state)));
        }
    }

    #[test]
    fn null_removes_a_policy_and_silence_leaves_it() {
        let change = |body| parse_key_change(&body).unwrap();
        assert_eq!(change(json!({})).policy, None);
        assert_eq!(change(json!({"policy": null})).policy, Some(None));
        let empty = change(json!({"policy": {}})).policy;
        assert_eq!(empty, Some(Some(KeyPolicy::default())));
        let faults = parse_key_change(&json!({"policy": {"task_types": [], "max": 1}}));
        let places: Vec<_> = faults.unwrap_err().into_iter().map(|f| f.field).collect();
        assert_eq!(places, ["policy.task_types", "policy.max"]);
    }
}
