//! Estimates: reads an operator's estimate as one total of minutes, and a task's terms for
//! estimates (contract §4).
//!
//! Functions that read a body return every fault of the body.

use std::time::Duration;

use api_types::{
    Timestamp,
    dispute::REASON_CHARS_MAX,
    estimate::{
        ESTIMATE_MINUTES_MAX, ESTIMATE_NOTE_CHARS_MAX, Estimate, MINUTES_PER_DAY, MINUTES_PER_HOUR,
        RejectEstimate,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Fields, Parsed, flag, text, whole};

/// How long an agent has to answer an estimate (contract §4).
pub const ESTIMATE_ANSWERED_WITHIN: Duration = Duration::from_secs(60 * 60);

/// The terms for estimates that an agent sets when it posts a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateTerms {
    /// Whether operators can claim the task only with an estimate.
    pub required: bool,
    /// Largest estimate in minutes that is approved automatically.
    pub approved_within_minutes: Option<u32>,
}

impl EstimateTerms {
    /// Reads the two fields of POST /tasks.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let minutes = whole(1..=ESTIMATE_MINUTES_MAX);
        Self {
            required: fields.optional("require_estimate", flag) == Some(true),
            approved_within_minutes: fields.optional("auto_approve_estimate_minutes", minutes),
        }
    }

    /// Returns whether an estimate of this many minutes is approved automatically.
    pub fn approve(self, minutes: u32) -> bool {
        self.approved_within_minutes
            .is_some_and(|most| minutes <= most)
    }
}

/// Reads the body of POST /operator/tasks/:id/accept, which may hold an estimate or be absent.
pub fn parse(body: &Value, now: Timestamp) -> Parsed<Option<Estimate>> {
    if body.is_null() {
        return Ok(None);
    }
    Fields::read(body, |fields| {
        let parts = [
            ("estimate_days", MINUTES_PER_DAY),
            ("estimate_hours", MINUTES_PER_HOUR),
            ("estimate_minutes", 1),
        ];
        let given = parts.iter().any(|(name, _)| fields.has(name));
        let mut minutes = 0_u32;
        for (name, each) in parts {
            let part = fields.optional(name, whole(0..=ESTIMATE_MINUTES_MAX / each));
            // Each part is at most the largest total, so the sum cannot overflow.
            minutes += part.unwrap_or(0) * each;
        }
        let estimate_note = fields.optional("estimate_note", text(0..=ESTIMATE_NOTE_CHARS_MAX));
        if given && !(1..=ESTIMATE_MINUTES_MAX).contains(&minutes) {
            let message = "the parts of an estimate must add up to 1 minute to 90 days";
            fields.fault("", message);
        }
        if !given && fields.has("estimate_note") {
            let message = "needs estimate_days, estimate_hours or estimate_minutes too";
            fields.fault("estimate_note", message);
        }
        Some(given.then_some(Estimate {
            estimate_minutes: minutes,
            estimate_note,
            submitted_at: now,
            approved_at: None,
        }))
    })
}

/// Reads the body of POST /operator/tasks/:id/estimate, which must hold an estimate.
pub fn parse_required(body: &Value, now: Timestamp) -> Parsed<Estimate> {
    let read = parse(body, now)?;
    read.ok_or_else(|| {
        let message = "is required, or estimate_days or estimate_hours instead";
        super::fields::fault("estimate_minutes", message).into()
    })
}

/// Reads the body of POST /tasks/:id/estimate/reject, which may be absent.
pub fn parse_rejection(body: &Value) -> Parsed<RejectEstimate> {
    if body.is_null() {
        return Ok(RejectEstimate::default());
    }
    Fields::read(body, |fields| {
        let reason = fields.optional("reason", text(1..=REASON_CHARS_MAX));
        Some(RejectEstimate { reason })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn minutes(body: &Value) -> Option<u32> {
        let now = Timestamp::from_millis(1).unwrap();
        let read = parse(body, now).unwrap();
        read.map(|estimate| estimate.estimate_minutes)
    }

    #[test]
    fn parts_are_added_to_one_total() {
        let body = json!({"estimate_days": 1, "estimate_hours": 2, "estimate_minutes": 3});
        assert_eq!(minutes(&body), Some(24 * 60 + 2 * 60 + 3));
        assert_eq!(minutes(&json!({"estimate_minutes": 90})), Some(90));
        assert_eq!(minutes(&json!({})), None);
        assert_eq!(minutes(&json!(null)), None);
    }

    #[test]
    fn an_estimate_has_bounds_and_every_fault_is_named() {
        let now = Timestamp::from_millis(1).unwrap();
        for (body, field) in [
            (json!({"estimate_minutes": 0}), ""),
            (json!({"estimate_days": 90, "estimate_minutes": 1}), ""),
            (json!({"estimate_days": -1}), "estimate_days"),
            (json!({"estimate_hours": 1.5}), "estimate_hours"),
            (json!({"estimate_note": "soon"}), "estimate_note"),
            (json!({"minutes": 5}), "minutes"),
        ] {
            let faults = parse(&body, now).unwrap_err();
            assert!(
                faults.listed().any(|fault| fault.field == field),
                "{body} {faults:?}"
            );
        }
        assert!(parse_required(&json!({}), now).is_err());
    }

    #[test]
    fn a_rejection_may_have_a_reason() {
        let reason = |body: &Value| parse_rejection(body).unwrap().reason;
        assert_eq!(reason(&json!(null)), None);
        assert_eq!(reason(&json!({"reason": null})), None);
        for chars in [1, REASON_CHARS_MAX] {
            let text = "x".repeat(chars);
            assert_eq!(reason(&json!({"reason": text})), Some(text));
        }
        for (body, field) in [
            (json!({"reason": ""}), "reason"),
            (
                json!({"reason": "x".repeat(REASON_CHARS_MAX + 1)}),
                "reason",
            ),
            (json!({"reason": 7}), "reason"),
            (json!({"note": "x"}), "note"),
            (json!("x"), ""),
        ] {
            let faults = parse_rejection(&body).unwrap_err().details();
            assert_eq!(faults.len(), 1, "{body}");
            assert_eq!(faults[0].field, field, "{body}");
        }
    }
}
