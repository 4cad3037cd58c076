//! The webhooks of the API document (contract §7): one entry for each event, with its headers and
//! the effect of each response.

use api_types::event::WebhookStyle;
use serde_json::{Value, json};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Components, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, PathItem, Paths, PathsBuilder, Ref, RefOr, Required};

use crate::domain::webhook::{EventKind, RETRY_DELAYS_SECONDS, event_kinds};
use crate::outside::http::WITHIN;

/// The headers of a webhook: name, whether it needs a secret, description and example.
const HEADERS: [(&str, bool, &str, &str); 5] = [
    (
        "webhook-id",
        false,
        "The event's id: the same in every repetition.",
        "evt_01KB0000000000000000000002",
    ),
    (
        "webhook-timestamp",
        false,
        "When this attempt was made, in seconds since 1970.",
        "1764000001",
    ),
    (
        "webhook-signature",
        true,
        "`v1,` and the base64 of the HMAC-SHA-256 of `webhook-id.webhook-timestamp.body` \
         (Standard Webhooks). Its key is what a `callback_secret` of the form `whsec_…` encodes, \
         and the bytes of any other.",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "X-HumanOps-Signature",
        true,
        "The hexadecimal HMAC-SHA-256 of the raw body, keyed with the text of `callback_secret`.",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "X-Signature",
        true,
        "The same as `X-HumanOps-Signature`.",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
];

/// Adds the headers, which all webhooks share.
pub(super) fn add_headers(components: &mut Components) {
    for (name, signs, about, example) in HEADERS {
        let header = RefOr::T(header(name, signs, about, example));
        components.parameters.insert(name.to_owned(), header);
    }
}

fn header(name: &str, signs: bool, about: &str, example: &str) -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .examples([json!(example)]);
    let (required, about) = match signs {
        true => (Required::False, format!("{about} Only with a secret.")),
        false => (Required::True, about.to_owned()),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(about))
        .schema(Some(text))
        .build()
}

/// Returns every webhook, by the name of its event.
pub(super) fn webhooks() -> Paths {
    let all = event_kinds();
    let paths = all.into_iter().fold(PathsBuilder::new(), |paths, kind| {
        paths.path(kind.event, PathItem::new(HttpMethod::Post, event(kind)))
    });
    paths.build()
}

fn event(kind: EventKind) -> Operation {
    let quoted = |style: &WebhookStyle| format!("`{}`", style.as_str());
    let styles: Vec<_> = kind.styles.iter().map(quoted).collect();
    let operation = OperationBuilder::new()
        .tag("events")
        .operation_id(Some(format!("told_{}", kind.event.replace('.', "_"))))
        .summary(Some(format!("Hear of {}.", kind.event)))
        .description(Some(format!(
            "Sent to a task's `callback_url` with the `webhook_style` {}. It may come more than \
             once, and not in the order of the log: the id tells.",
            styles.join(" and ")
        )))
        .request_body(Some(body(kind)));
    let operation = HEADERS.iter().fold(operation, |operation, (name, ..)| {
        operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}")))
    });
    let again = RETRY_DELAYS_SECONDS.iter().skip(1).map(u64::to_string);
    let again = again.collect::<Vec<_>>().join(", ");
    let within = WITHIN.as_secs();
    let answers = [
        (
            "2XX",
            "Heard. The first 1024 characters of the answer stand in the log of deliveries."
                .to_owned(),
        ),
        (
            "410",
            "The callback is gone: it is told nothing more, until a delivery that is sent again \
             arrives."
                .to_owned(),
        ),
        (
            "default",
            format!(
                "Not heard, like no answer in {within} seconds and like a redirect. It is \
                 sent again {again} seconds after the attempt before; `Retry-After` makes the wait \
                 longer, up to a day."
            ),
        ),
    ];
    let operation = answers
        .into_iter()
        .fold(operation, |operation, (status, about)| {
            operation.response(status, ResponseBuilder::new().description(about).build())
        });
    operation.build()
}

fn body(kind: EventKind) -> RequestBody {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("TaskEvent")))
        .example(Some(example(kind)));
    RequestBodyBuilder::new()
        .content("application/json", content.build())
        .required(Some(Required::True))
        .build()
}

fn example(kind: EventKind) -> Value {
    let mut event = json!({
        "event": kind.event,
        "task_id": "task_01KB0000000000000000000001",
        "status": kind.status,
        "previous_status": kind.previous_status,
        "timestamp": "2025-11-24T16:00:00.000Z",
        "event_id": "evt_01KB0000000000000000000002",
    });
    // The Guardian's findings are sent together with its decision.
    let (decision, confidence, met) = match kind.event {
        "task.verified" => ("APPROVE", 95, Some(true)),
        "task.manual_review" => ("MANUAL_REVIEW", 65, None),
        _ => return event,
    };
    let note = match met {
        Some(_) => "It can be read.",
        None => "It is partly hidden.",
    };
    let said = json!({
        "decision": decision,
        "confidence": confidence,
        "reasoning": note,
        "requirement_results": [{
            "requirement": "The street number",
            "met": met,
            "confidence": confidence,
            "note": note,
        }],
    });
    let fields = event.as_object_mut();
    fields.and_then(|fields| fields.insert("guardian_result".to_owned(), said));
    event
}
