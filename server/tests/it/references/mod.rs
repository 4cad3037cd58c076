//! The references, as printed: their requests are sent as they stand, with the placeholders
//! filled, and their answers have the fields, the types and the spellings that they print.
//!
//! | printed in | what | here |
//! |---|---|---|
//! | S0, errors | the sentences by endpoint, with their statuses | `sentences.rs` |
//! | S0, errors | the shape `{error}`, its retry loop's 429 | `clients.rs`, `../rate.rs` |
//! | S1, errors | the statuses | `sentences.rs` |
//! | S1, agents | register, keys, balance, USDC | `humanops.rs` |
//! | S1, tasks | create, list, get, cancel, verify, digital, credential | `humanops.rs` |
//! | S1, operators | register, browse, accept, submit, earnings | `humanops.rs` |
//! | S2, task management | list, get, verify, cancel | `humcli.rs` |
//! | S3, errors | `{error {code, message, request_id}}`, its codes, its retry rule | `clients.rs` |
//! | S4, errors | `{data, meta, errors}`, its codes | `clients.rs` |
//!
//! Whole days with each reference, written from it alone and in other languages, are in
//! `tests/clients/`: there fiat and payouts of S1 are asked for as printed too, and the estimates
//! and credentials of S2.

mod clients;
mod humanops;
mod humcli;
mod sentences;

use reqwest::Method;
use serde_json::{Map, Value};

use crate::harness::{Answer, Ask, Caller};

/// Sends a body as it is printed, comments taken out.
async fn send<Id>(caller: &Caller<'_, Id>, path: &str, printed: &str) -> Answer {
    let post = caller.request(Method::POST, path);
    let post = post.header("content-type", "application/json");
    post.body(printed.to_owned()).answer().await
}

/// What a reference prints is there: each field, of its type. What is printed in capitals is a
/// name and the same; an id has its prefix; a moment is one. Where a reference prints a value,
/// `nullable` fields may have none yet.
fn as_printed(answer: &Value, printed: &str, nullable: &[&str]) {
    let printed: Value = serde_json::from_str(printed).unwrap();
    compare(answer, &printed, "", nullable);
}

fn compare(actual: &Value, printed: &Value, at: &str, nullable: &[&str]) {
    if actual.is_null() && nullable.contains(&at) {
        return;
    }
    match printed {
        Value::Object(fields) => {
            let actual = object(actual, at);
            for (name, printed) in fields {
                let at = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                let actual = actual.get(name);
                let actual = actual.unwrap_or_else(|| panic!("{at} is printed and not there"));
                compare(actual, printed, &at, nullable);
            }
        }
        Value::Array(printed) => {
            let actual = actual
                .as_array()
                .unwrap_or_else(|| panic!("{at} is no list"));
            assert!(printed.is_empty() || !actual.is_empty(), "{at} is empty");
            for one in actual {
                compare(one, &printed[0], at, nullable);
            }
        }
        Value::String(printed) => compare_text(actual, printed, at),
        Value::Number(_) => assert!(actual.is_number(), "{at}: {actual} is no number"),
        Value::Bool(_) => assert!(
            actual.is_boolean(),
            "{at}: {actual} is neither true nor false"
        ),
        // What is printed as nothing may be something at another time.
        Value::Null => {}
    }
}

fn object<'a>(actual: &'a Value, at: &str) -> &'a Map<String, Value> {
    actual
        .as_object()
        .unwrap_or_else(|| panic!("{at}: {actual} is no object"))
}

fn compare_text(actual: &Value, printed: &str, at: &str) {
    let actual = actual
        .as_str()
        .unwrap_or_else(|| panic!("{at}: {actual} is no text"));
    let is_name = printed.len() > 1
        && printed
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let prefix = printed.split_once('_').map(|(prefix, _)| prefix);
    let prefix = prefix.filter(|prefix| ["task", "op", "txn", "payout", "ag"].contains(prefix));
    if is_name {
        assert_eq!(actual, printed, "{at}");
    } else if let Some(prefix) = prefix {
        assert!(actual.starts_with(&format!("{prefix}_")), "{at}: {actual}");
    } else if printed.parse::<api_types::Timestamp>().is_ok() {
        assert!(
            actual.parse::<api_types::Timestamp>().is_ok(),
            "{at}: {actual}"
        );
    }
}
