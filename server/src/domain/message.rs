//! Messages between an agent and the operator who claimed its task (contract §4).

use api_types::message::{MESSAGE_CHARS_MAX, SendMessage};
use serde_json::Value;

use super::fields::{Fields, Parsed, text};

/// Maximum number of messages that people may write about one task.
pub const MESSAGES_MAX: i64 = 1000;

/// Parses a message.
pub fn parse(body: &Value) -> Parsed<SendMessage> {
    Fields::read(body, |fields| {
        let body = fields.required("body", text(1..=MESSAGE_CHARS_MAX));
        body.map(|body| SendMessage { body })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_has_a_text_and_nothing_else() {
        for chars in [1, MESSAGE_CHARS_MAX] {
            let text = "x".repeat(chars);
            assert_eq!(parse(&json!({"body": text})).unwrap().body, text);
        }
        for (body, field) in [
            (json!(null), ""),
            (json!({}), "body"),
            (json!({"body": ""}), "body"),
            (json!({"body": "x".repeat(MESSAGE_CHARS_MAX + 1)}), "body"),
            (json!({"body": 7}), "body"),
            (json!({"body": "x", "from": "system"}), "from"),
        ] {
            let faults = parse(&body).unwrap_err().details();
            assert_eq!(faults.len(), 1, "{body}");
            assert_eq!(faults[0].field, field, "{body}");
        }
    }
}
