//! The samples of the references. Their requests are sent unchanged except for placeholders, and
//! the responses must have the printed fields, types and spellings.
//!
//! | reference | subject | file |
//! |---|---|---|
//! | HumCLI, errors | the messages by endpoint, with their statuses | `sentences.rs` |
//! | HumCLI, errors | the form `{error}`, the 429 of its retry loop | `clients.rs`, `../rate.rs` |
//! | HumCLI, task management | list, get, verify, cancel | `humcli.rs` |
//! | HumanOps, errors | the statuses | `sentences.rs` |
//! | HumanOps, agents | register, keys, balance, USDC | `humanops.rs` |
//! | HumanOps, tasks | create, list, get, cancel, verify, digital, credential | `humanops.rs` |
//! | HumanOps, operators | register, browse, accept, submit, earnings | `humanops.rs` |
//! | Nonhumans, errors | `{error {code, message, request_id}}`, codes, retry rule | `clients.rs` |
//! | Remno, errors | `{data, meta, errors}`, its codes | `clients.rs` |
//!
//! Complete clients, written from each reference alone and in other languages, are in
//! `tests/clients/`. They also cover the fiat deposits and payouts of HumanOps, and the estimates
//! and credentials of HumCLI.

mod clients;
mod humanops;
mod humcli;
mod sentences;

use reqwest::Method;
use serde_json::{Map, Value};

use crate::harness::{Answer, Ask, Caller};

/// Sends a body as it is printed, without its comments.
async fn send<Id>(caller: &Caller<'_, Id>, path: &str, printed: &str) -> Answer {
    let post = caller.request(Method::POST, path);
    let post = post.header("content-type", "application/json");
    post.body(printed.to_owned()).answer().await
}

/// Asserts that a response has everything that a reference prints: each field with its type. Values
/// in capitals must be equal, ids must have the same prefix, and times must be times. `nullable`
/// fields may be null where the reference prints a value.
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
        // Where null is printed, another response may have a value.
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
