//! Decisions about the identity of operators, by the host or by an identity provider (contract §6).
//!
//! Functions that read a body return every fault of the body.

use api_types::{
    OperatorId,
    host::{DecideKyc, KycDecision, KycWebhook, NOTE_CHARS_MAX, REFERENCE_CHARS_MAX},
    operator::KycStatus,
};
use serde_json::Value;

use super::fields::{Fields, Parsed, choice, text, wrong};

/// Reads the body of POST /admin/operators/:id/kyc.
pub fn parse_decision(body: &Value) -> Parsed<DecideKyc> {
    Fields::read(body, |fields| {
        let decisions = KycDecision::ALL.map(KycDecision::as_str).join(", ");
        let decision = fields.required("decision", choice(KycDecision::parse, decisions));
        let note = fields.optional("note", text(0..=NOTE_CHARS_MAX));
        Some(DecideKyc {
            decision: decision?,
            note,
        })
    })
}

/// Reads the body of POST /webhooks/kyc.
pub fn parse_webhook(body: &Value) -> Parsed<KycWebhook> {
    Fields::read(body, |fields| {
        let operator_id = fields.required("operator_id", operator_id);
        // A provider reports a result; "pending" is not one.
        let result = |name: &str| KycStatus::parse(name).filter(|it| *it != KycStatus::Pending);
        let status = fields.required("status", choice(result, "APPROVED, REJECTED"));
        let reference = fields.optional("reference", text(0..=REFERENCE_CHARS_MAX));
        Some(KycWebhook {
            operator_id: operator_id?,
            status: status?,
            reference,
        })
    })
}

fn operator_id(value: &Value) -> Parsed<OperatorId> {
    let read = value.as_str().and_then(|id| id.parse().ok());
    read.map_or_else(|| wrong("must be an operator's id, op_…"), Ok)
}

#[cfg(test)]
mod tests {
    use api_types::Timestamp;
    use serde_json::json;

    use super::*;

    fn faulty_fields<T: std::fmt::Debug>(parsed: Parsed<T>) -> Vec<String> {
        let faults = parsed.unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_decision_may_have_a_note() {
        let decided = parse_decision(&json!({"decision": "APPROVE", "note": ""})).unwrap();
        assert_eq!(decided.decision, KycDecision::Approve);
        let note = "x".repeat(NOTE_CHARS_MAX);
        assert!(parse_decision(&json!({"decision": "REJECT", "note": note})).is_ok());
        for (body, faulty) in [
            (json!(null), vec![""]),
            (json!({}), vec!["decision"]),
            (json!({"decision": "APPROVED"}), vec!["decision"]),
            (
                json!({"decision": true, "note": 7}),
                vec!["decision", "note"],
            ),
            (
                json!({"decision": "REJECT", "note": "x".repeat(NOTE_CHARS_MAX + 1), "status": 1}),
                vec!["note", "status"],
            ),
        ] {
            assert_eq!(faulty_fields(parse_decision(&body)), faulty, "{body}");
        }
    }

    #[test]
    fn a_provider_reports_a_result_about_one_operator() {
        let id = OperatorId::new(Timestamp::from_millis(1).unwrap(), 1);
        let reference = "x".repeat(REFERENCE_CHARS_MAX);
        let body = json!({"operator_id": id, "status": "APPROVED", "reference": reference});
        let message = parse_webhook(&body).unwrap();
        assert_eq!(
            (message.operator_id, message.status),
            (id, KycStatus::Approved)
        );
        for (body, faulty) in [
            (json!({}), vec!["operator_id", "status"]),
            (
                json!({"operator_id": id, "status": "PENDING"}),
                vec!["status"],
            ),
            (
                json!({"operator_id": "op_1", "status": "REJECTED"}),
                vec!["operator_id"],
            ),
            (
                json!({"operator_id": 1, "status": 1}),
                vec!["operator_id", "status"],
            ),
            (
                json!({"operator_id": id, "status": "REJECTED", "name": "Jane",
                    "reference": "x".repeat(REFERENCE_CHARS_MAX + 1)}),
                vec!["reference", "name"],
            ),
        ] {
            assert_eq!(faulty_fields(parse_webhook(&body)), faulty, "{body}");
        }
    }
}
