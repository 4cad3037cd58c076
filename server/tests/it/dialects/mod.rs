//! One response in four dialects, and as problem details (contract §8). The files of this folder
//! share the reading of a response in a dialect.

mod not_found;
mod refusals;
mod successes;

use reqwest::RequestBuilder;
use serde_json::Value;

use crate::harness::Answer;

/// Selects the dialect of a request.
trait InDialect {
    fn in_dialect(self, dialect: &str) -> RequestBuilder;
}

impl InDialect for RequestBuilder {
    fn in_dialect(self, dialect: &str) -> RequestBuilder {
        self.header("x-api-dialect", dialect)
    }
}

/// Returns the parts that Nonhumans prints: status, code and message. Checks the id against the
/// header.
fn nonhumans(answer: &Answer) -> (u16, &str, &str) {
    let error = &answer.body["error"];
    assert_eq!(
        error["request_id"],
        answer.header("x-request-id"),
        "{answer:?}"
    );
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "{}", answer.body);
    (
        answer.status,
        error["code"].as_str().unwrap(),
        error["message"].as_str().unwrap(),
    )
}

/// Returns the parts that Remno prints: the status, and the code and field of each error.
fn remno(answer: &Answer) -> (u16, Vec<(&str, Option<&str>)>) {
    let body = &answer.body;
    assert_eq!(body["data"], Value::Null, "{body}");
    assert_eq!(body["meta"]["requestId"], answer.header("x-request-id"));
    assert!(body["meta"]["timestamp"].as_str().unwrap().ends_with('Z'));
    let errors = body["errors"].as_array().unwrap().iter();
    let told = errors.map(|error| {
        assert!(!error["message"].as_str().unwrap().is_empty());
        (
            error["code"].as_str().unwrap(),
            error.get("field").map(|field| field.as_str().unwrap()),
        )
    });
    (answer.status, told.collect())
}
