//! The agent's review of a proof: a verdict, or the request of a revision (contract §4).
//!
//! The Guardian's review is in `guardian.rs`. Functions that read a body return every fault of the
//! body.

use api_types::{
    dispute::REASON_CHARS_MAX,
    new_task::{REQUIREMENT_CHARS_MAX, REQUIREMENTS_MAX},
    review::{RequestRevision, VerifyDecision, VerifyTask},
};
use serde_json::Value;

use super::fields::{Fields, Parsed, choice, entries, list, text, wrong};

/// The field that lists the requirements that the proof does not meet.
const UNMET: &str = "unmet_requirements";

/// Reads the body of POST /tasks/:id/verify.
pub fn parse_verdict(body: &Value) -> Parsed<VerifyTask> {
    Fields::read(body, |fields| {
        let decisions = VerifyDecision::ALL.map(VerifyDecision::as_str).join(", ");
        let decision = fields.required("decision", choice(VerifyDecision::parse, decisions));
        let reason = fields.optional("reason", text(1..=REASON_CHARS_MAX));
        let unmet_requirements = fields.optional(UNMET, unmet_requirements);
        Some(VerifyTask {
            decision: decision?,
            reason,
            unmet_requirements,
        })
    })
}

/// Reads the body of POST /tasks/:id/request-revision.
pub fn parse_revision_request(body: &Value) -> Parsed<RequestRevision> {
    Fields::read(body, |fields| {
        let reason = fields.required("reason", text(1..=REASON_CHARS_MAX));
        let unmet_requirements = fields.optional(UNMET, unmet_requirements);
        reason.map(|reason| RequestRevision {
            reason,
            unmet_requirements,
        })
    })
}

fn unmet_requirements(value: &Value) -> Parsed<Vec<String>> {
    list(0..=REQUIREMENTS_MAX, text(1..=REQUIREMENT_CHARS_MAX))(value)
}

/// Checks that each requirement that the agent calls unmet is literally one of `required`, the
/// task's own requirements.
///
/// # Errors
/// A fault for each that is not.
pub fn check_unmet(unmet: Vec<String>, required: &[String]) -> Parsed<Vec<String>> {
    let known = |one| match required.contains(&one) {
        true => Ok(one),
        false => wrong("must be one of the task's proof_requirements, in its own words"),
    };
    entries(unmet.into_iter().map(known)).map_err(|faults| faults.within(UNMET))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields<T: std::fmt::Debug>(parsed: Parsed<T>) -> Vec<String> {
        let faults = parsed.unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_verdict_is_a_decision_with_optional_reasons() {
        let verdict = parse_verdict(&json!({"decision": "APPROVE"})).unwrap();
        assert_eq!(verdict.decision, VerifyDecision::Approve);
        let most = json!({
            "decision": "REJECT", "reason": "x".repeat(REASON_CHARS_MAX),
            UNMET: vec!["x".repeat(REQUIREMENT_CHARS_MAX); REQUIREMENTS_MAX],
        });
        let verdict = parse_verdict(&most).unwrap();
        assert_eq!(verdict.decision, VerifyDecision::Reject);
        assert_eq!(verdict.unmet_requirements.unwrap().len(), REQUIREMENTS_MAX);
        let beyond = json!({
            "decision": "approve", "reason": "x".repeat(REASON_CHARS_MAX + 1),
            UNMET: ["x", "x".repeat(REQUIREMENT_CHARS_MAX + 1), "", 7], "note": "x",
        });
        assert_eq!(
            fields(parse_verdict(&beyond)),
            [
                "decision",
                "reason",
                "unmet_requirements[1]",
                "unmet_requirements[2]",
                "unmet_requirements[3]",
                "note"
            ]
        );
        let many = json!({"decision": "REJECT", UNMET: vec!["x"; REQUIREMENTS_MAX + 1]});
        assert_eq!(fields(parse_verdict(&many)), [UNMET]);
        assert_eq!(fields(parse_verdict(&json!({}))), ["decision"]);
        assert_eq!(fields(parse_verdict(&json!(null))), [""]);
    }

    #[test]
    fn a_revision_is_requested_for_a_reason() {
        let most = json!({"reason": "x".repeat(REASON_CHARS_MAX), UNMET: []});
        let request = parse_revision_request(&most).unwrap();
        assert_eq!(request.unmet_requirements, Some(Vec::new()));
        for (body, faulty) in [
            (json!({}), vec!["reason"]),
            (json!({"reason": ""}), vec!["reason"]),
            (
                json!({"reason": "x".repeat(REASON_CHARS_MAX + 1), UNMET: "x"}),
                vec!["reason", UNMET],
            ),
            (
                json!({"reason": "x", "decision": "REJECT"}),
                vec!["decision"],
            ),
        ] {
            assert_eq!(fields(parse_revision_request(&body)), faulty, "{body}");
        }
    }

    #[test]
    fn an_unmet_requirement_is_one_of_the_task() {
        let texts = |texts: &[&str]| texts.iter().copied().map(str::to_owned).collect::<Vec<_>>();
        let required = texts(&["The door", "The sign"]);
        let unmet = texts(&["The sign", "The sign"]);
        assert_eq!(check_unmet(unmet.clone(), &required), Ok(unmet));
        let unmet = texts(&["the sign", "The door", ""]);
        assert_eq!(
            fields(check_unmet(unmet, &required)),
            ["unmet_requirements[0]", "unmet_requirements[2]"]
        );
    }
}
