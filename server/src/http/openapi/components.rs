//! Components of the API document that operations refer to: the refusals with their examples, the
//! response headers, and the idempotency key.

use api_types::error::ErrorCode;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Components, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Header, HeaderBuilder, Ref, RefOr};

use crate::http::error::api_error::ApiError;
use crate::http::idempotency::KEY_CHARS_MAX;

/// The request id in the examples of refusals.
const REQUEST_ID: &str = "req_01KB0000000000000000000000";

/// The component name of the header that makes a retry safe.
pub const IDEMPOTENCY_KEY: &str = "IdempotencyKey";

/// The refusals: status, component name, code of the example, and description.
const REFUSALS: [(&str, &str, ErrorCode, &str); 14] = [
    (
        "400",
        "BadRequest",
        ErrorCode::Validation,
        "Not as documented: `details` names every fault at once, each with its field.",
    ),
    (
        "401",
        "Unauthorized",
        ErrorCode::Unauthorized,
        "No valid key, session or identity.",
    ),
    (
        "402",
        "PaymentRequired",
        ErrorCode::InsufficientFunds,
        "The deposit balance is too low.",
    ),
    (
        "403",
        "Forbidden",
        ErrorCode::Forbidden,
        "Known, but not allowed.",
    ),
    (
        "404",
        "NotFound",
        ErrorCode::NotFound,
        "It does not exist, is another's, or is a task that no such move can be made with.",
    ),
    (
        "409",
        "Conflict",
        ErrorCode::InvalidState,
        "Not possible in the present state; or, with code `idempotency_conflict` and `Retry-After`, \
         the first request with this `Idempotency-Key` is still being carried out.",
    ),
    (
        "410",
        "Gone",
        ErrorCode::Expired,
        "It was there, and is over or erased.",
    ),
    (
        "413",
        "TooLarge",
        ErrorCode::TooLarge,
        "The body is larger than is taken here: 1 MiB of JSON, or 15 MiB for a file.",
    ),
    (
        "415",
        "UnsupportedMediaType",
        ErrorCode::UnsupportedMediaType,
        "The body is not of the documented content type.",
    ),
    (
        "422",
        "Unprocessable",
        ErrorCode::RuleViolation,
        "Understood, but against a rule; or this `Idempotency-Key` came with another body before.",
    ),
    (
        "429",
        "RateLimited",
        ErrorCode::RateLimited,
        "Too many requests. `Retry-After` says when to come again.",
    ),
    (
        "500",
        "Failed",
        ErrorCode::Internal,
        "A fault of the server. The log knows it by the `request_id`.",
    ),
    (
        "501",
        "NotImplemented",
        ErrorCode::NotImplemented,
        "Offered by the API, and not set up on this server.",
    ),
    (
        "503",
        "Unavailable",
        ErrorCode::Unavailable,
        "The server cannot answer now. `Retry-After` says when to come again.",
    ),
];

/// Number of leading entries of `HEADERS` on every response of the API where requests are counted.
/// Other responses have only the first.
const COUNTED_ANSWERS_HAVE: usize = 6;

/// The response headers of the API: name, description and example.
const HEADERS: [(&str, &str, &str); 8] = [
    (
        "X-Request-Id",
        "The request in the answer, in its error and in the log.",
        REQUEST_ID,
    ),
    (
        "RateLimit",
        "What is left of the window, and the seconds until it ends.",
        "\"default\";r=99;t=60",
    ),
    (
        "RateLimit-Policy",
        "Requests that a window takes, and its seconds.",
        "\"default\";q=100;w=60",
    ),
    ("X-RateLimit-Limit", "Requests that a window takes.", "100"),
    (
        "X-RateLimit-Remaining",
        "Requests left in this window.",
        "99",
    ),
    ("X-RateLimit-Reset", "When the window ends.", "60"),
    ("Retry-After", "Seconds to wait before the next try.", "1"),
    (
        "Idempotent-Replayed",
        "`true` on an answer that was given before.",
        "true",
    ),
];

/// Adds all components to the document.
pub fn add_to(components: &mut Components) {
    for (name, about, example) in HEADERS {
        components
            .headers
            .insert(name.to_owned(), RefOr::T(header(about, example)));
    }
    for refusal in REFUSALS {
        components
            .responses
            .insert(refusal.1.to_owned(), RefOr::T(refused(refusal)));
    }
    let key = RefOr::T(idempotency_key());
    components
        .parameters
        .insert(IDEMPOTENCY_KEY.to_owned(), key);
}

/// Returns the component name of the refusal with this status.
pub fn refusal(status: &str) -> Option<&'static str> {
    let mut known = REFUSALS.iter().filter(|refusal| refusal.0 == status);
    known.next().map(|refusal| refusal.1)
}

/// Returns references to the headers of every response, by name.
pub fn shared_headers(counted: bool) -> impl Iterator<Item = (String, RefOr<Header>)> {
    HEADERS
        .iter()
        .take(if counted { COUNTED_ANSWERS_HAVE } else { 1 })
        .map(|(name, ..)| reference(name))
}

/// Returns a reference to one header, by name.
pub fn reference(name: &str) -> (String, RefOr<Header>) {
    (
        name.to_owned(),
        RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))),
    )
}

fn header(about: &str, example: &str) -> Header {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .examples([json!(example)]);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(about))
        .build()
}

fn refused((status, _, code, about): (&'static str, &str, ErrorCode, &'static str)) -> Response {
    let mut body = ApiError::new(code, about).body();
    body.request_id = REQUEST_ID.to_owned();
    let mut example = json!(body);
    if let (ErrorCode::Validation, Some(fields)) = (code, example.as_object_mut()) {
        let fault = json!({"field": "title", "message": "must be 1 to 200 characters"});
        fields.insert(
            "error".to_owned(),
            json!("title: must be 1 to 200 characters."),
        );
        fields.insert("details".to_owned(), json!([fault]));
    }
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("ErrorBody")))
        .example(Some(example));
    let response = ResponseBuilder::new()
        .description(about)
        .content("application/json", content.build());
    let mut response = response.build();
    response.headers.extend(shared_headers(true));
    let waits = matches!(status, "409" | "429" | "503").then_some("Retry-After");
    response.headers.extend(waits.map(reference));
    response
}

fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_CHARS_MAX))
        .pattern(Some("^[ -~]+$"))
        .examples([json!("order-1842")]);
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Makes a retry safe: for 48 hours the same request is answered as it was at first, \
             with `Idempotent-Replayed: true`, and another body with the same key is 422.",
        ))
        .schema(Some(key))
        .build()
}
