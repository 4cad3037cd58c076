//! Tests of reading fields.

use serde_json::json;

use super::*;

#[test]
fn a_name_that_may_be_a_secret_is_not_repeated() {
    let read = |body: &Value| {
        Fields::read(body, |fields| {
            fields.unknown_are_unnamed("nothing else may be sent");
            Some(())
        })
    };
    let faults = read(&json!({"sk_live_1": 1, "sk_live_2": 2})).unwrap_err();
    let faults: Vec<_> = faults.into_iter().collect();
    assert_eq!(faults, [fault("", "nothing else may be sent")]);
    assert_eq!(read(&json!({})), Ok(()));
}

#[test]
fn every_fault_is_named_at_once() {
    let body = json!({"name": "", "amount": "1.234", "tags": ["ok", 7], "extra": true});
    let read: Parsed<()> = Fields::read(&body, |fields| {
        fields.required("name", text(1..=10));
        fields.required("amount", money(2));
        fields.required("tags", list(1..=3, text(1..=5)));
        fields.required("missing", timestamp);
        None
    });
    let places: Vec<_> = read
        .unwrap_err()
        .into_iter()
        .map(|fault| fault.field)
        .collect();
    assert_eq!(places, ["name", "amount", "tags[1]", "missing", "extra"]);
}

#[test]
fn a_body_that_is_no_object_has_one_fault() {
    for body in [json!(null), json!([]), json!("x"), json!(1)] {
        let read = Fields::read(&body, |fields| fields.required("name", text(1..=10)));
        assert_eq!(
            read,
            Err(fault("", "must be a JSON object").into()),
            "{body}"
        );
    }
}

#[test]
fn nothing_is_read_of_a_body_with_a_fault() {
    let body = json!({"amount": 5, "currency": 986, "extra": true});
    let read = Fields::read(&body, |fields| {
        let amount = fields.required("amount", money(2));
        fields.optional("currency", text(1..=10));
        fields.unknown_are_ignored();
        amount
    });
    assert_eq!(read, Err(fault("currency", "must be a string").into()));
}

#[test]
fn text_with_a_nul_is_refused() {
    assert!(text(1..=10)(&json!("a\u{0}b")).is_err());
    assert!(text(1..=10)(&json!("a\nb\tc")).is_ok());
    assert!(text(1..=10)(&json!("   ")).is_err());
}

#[test]
fn addresses_are_told_from_other_text() {
    let https = url(&["https"]);
    assert!(https(&json!("https://example.com/hook?x=1")).is_ok());
    for bad in [
        "http://example.com",
        "https://u:p@example.com",
        "/hook",
        "javascript:alert(1)",
    ] {
        assert!(https(&json!(bad)).is_err(), "{bad}");
    }
}
