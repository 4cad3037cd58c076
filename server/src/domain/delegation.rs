//! Spending policies of API keys (contract §3), and the approvals that a policy can require.
//!
//! Functions that read a body return every fault of the body. The amount that a key has already
//! spent is passed in by the caller; nothing is counted here.

use std::time::Duration;

use api_types::{
    ApprovalId, KeyId, MicroUsd, Timestamp,
    approval::{ApprovalDecision, ApprovalStatus, DecideApproval},
    error::Dialect,
    key::{CreateKey, KEY_NAME_CHARS_MAX, KeyPolicy},
    task_type::TaskType,
};
use serde_json::Value;

use super::fields::{Fields, Parsed, USD_DECIMALS, choice, list, money, text};

/// How long a request waits for its decision, and how long an approval can be used once it is
/// given.
pub const APPROVAL_LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// Maximum pending approvals of one agent. It protects the agent's owner and the database from a
/// runaway agent.
pub const APPROVALS_WAITING_MAX: u64 = 100;

/// The properties of a new task that a key's policy restricts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The type of the task.
    pub task_type: TaskType,
    /// Reward and fee of the task.
    pub total: MicroUsd,
    /// What the key has already spent in this UTC day.
    pub spent_today: MicroUsd,
}

/// The rule of a policy that keeps a key from posting a task by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyViolation {
    /// The policy does not allow this task type.
    TaskType(TaskType),
    /// The task costs more than the policy allows for one task.
    Task {
        /// The maximum per task.
        most: MicroUsd,
    },
    /// The task would exceed the key's daily limit.
    Day {
        /// The maximum per UTC day.
        most: MicroUsd,
    },
    /// The task needs the approval of a person.
    Approval {
        /// The amount up to which no approval is needed.
        above: MicroUsd,
    },
}

/// Checks whether a policy lets a key post this task.
///
/// # Errors
/// The first rule that the task breaks. The approval rule comes last, so that nobody is asked to
/// approve a task that would be refused anyway.
pub fn allowed(policy: &KeyPolicy, spending: Spending) -> Result<(), PolicyViolation> {
    let total = spending.total;
    if (policy.task_types.as_ref()).is_some_and(|types| !types.contains(&spending.task_type)) {
        return Err(PolicyViolation::TaskType(spending.task_type));
    }
    if let Some(most) = policy.max_task_usd.filter(|most| total > *most) {
        return Err(PolicyViolation::Task { most });
    }
    let day = spending.spent_today.checked_add(total);
    if let Some(most) = (policy.max_day_usd).filter(|most| day.is_none_or(|day| day > *most)) {
        return Err(PolicyViolation::Day { most });
    }
    if let Some(above) = policy.approval_above_usd.filter(|above| total > *above) {
        return Err(PolicyViolation::Approval { above });
    }
    Ok(())
}

/// A request that waits for, or has received, the decision of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// The approval's id.
    pub id: ApprovalId,
    /// The key that made the request.
    pub key_id: KeyId,
    /// The stored status; it does not reflect expiry, see [`Approval::status`].
    pub state: ApprovalStatus,
    /// The time until which it can be decided and, once approved, used.
    pub expires_at: Timestamp,
}

/// Why a decision on an approval is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionRefusal {
    /// The key that made the request may not decide it.
    OwnRequest,
    /// The approval is no longer pending: it has another status, such as expired or decided the
    /// other way.
    NotWaiting(ApprovalStatus),
}

impl Approval {
    /// Returns the status at `now`: pending, approved and rejected approvals expire.
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

    /// Returns the status after a decision by `key`, or by the host if `key` is `None`. Repeating a
    /// decision changes nothing.
    ///
    /// # Errors
    /// [`DecisionRefusal::OwnRequest`] if `key` made the request, [`DecisionRefusal::NotWaiting`]
    /// if it was decided the other way, has expired or was used.
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

/// Reads the body of POST /agents/approvals/:id.
pub fn parse_decision(body: &Value) -> Parsed<DecideApproval> {
    Fields::read(body, |fields| {
        let decisions = choice(ApprovalDecision::parse, "APPROVE, REJECT");
        let decision = fields.required("decision", decisions);
        Some(DecideApproval {
            decision: decision?,
        })
    })
}

/// The changes that PATCH /agents/keys/:id asks for; an inner `None` removes the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The new name, if it changes.
    pub name: Option<String>,
    /// The new dialect of error responses; `Some(None)` removes it.
    pub dialect: Option<Option<Dialect>>,
    /// The new policy, which replaces the old one as a whole; `Some(None)` removes it.
    pub policy: Option<Option<KeyPolicy>>,
}

/// Reads the body of POST /agents/keys, which may be absent.
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

/// Reads the body of PATCH /agents/keys/:id.
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

/// Returns a reader of a dialect's name.
pub fn dialect() -> impl Fn(&Value) -> Parsed<Dialect> {
    choice(Dialect::parse, Dialect::ALL.map(Dialect::as_str).join(", "))
}

fn policy(value: &Value) -> Parsed<KeyPolicy> {
    Fields::read(value, |fields| {
        let max_task_usd = fields.optional("max_task_usd", money(USD_DECIMALS));
        let max_day_usd = fields.optional("max_day_usd", money(USD_DECIMALS));
        let names = TaskType::ALL.map(TaskType::as_str).join(", ");
        let types = list(1..=TaskType::ALL.len(), choice(TaskType::parse, names));
        let task_types = fields.optional("task_types", types);
        let approval_above_usd = fields.optional("approval_above_usd", money(USD_DECIMALS));
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
        assert_eq!(
            allowed(&task, spending(31, 0)),
            Err(PolicyViolation::Task { most })
        );
        let day = KeyPolicy {
            max_day_usd: Some(most),
            ..KeyPolicy::default()
        };
        assert_eq!(allowed(&day, spending(10, 20)), Ok(()));
        assert_eq!(
            allowed(&day, spending(11, 20)),
            Err(PolicyViolation::Day { most })
        );
        let asks = KeyPolicy {
            approval_above_usd: Some(most),
            ..KeyPolicy::default()
        };
        assert_eq!(allowed(&asks, spending(30, 0)), Ok(()));
        let above = most;
        assert_eq!(
            allowed(&asks, spending(31, 0)),
            Err(PolicyViolation::Approval { above })
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
        assert_eq!(beyond, Err(PolicyViolation::TaskType(TaskType::Photo)));
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
