//! Parts of the API document that operations share and do not repeat: the refusals that every route
//! can return, the headers of every response, idempotency, pagination, and the examples.
//!
//! What concerns only one operation is documented at its handler.

use std::collections::BTreeMap;

use api_types::message::{STARS_MAX, STARS_MIN};
use api_types::page::{LIMIT_DEFAULT, LIMIT_MAX};
use api_types::place::{LAT_DEGREES_MAX, LNG_DEGREES_MAX};
use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Content, OpenApi as Document, PathItem, Ref, RefOr};

use super::{components, webhooks};

/// The examples of each operation: its request, and its responses by status.
const EXAMPLES: &str = include_str!("examples.json");

type Examples = BTreeMap<String, BTreeMap<String, Value>>;

/// Completes the document of all routes.
///
/// # Errors
/// Fails if the examples are not valid JSON.
pub fn complete(document: &mut Document) -> Result<(), serde_json::Error> {
    let examples: Examples = serde_json::from_str(EXAMPLES)?;
    let components = document.components.get_or_insert_default();
    api_types::openapi::set_bounds(components);
    components::add_to(components);
    webhooks::add_headers(components);
    document.webhooks = Some(webhooks::webhooks());
    for (path, item) in &mut document.paths.paths {
        for (posts, sends, operation) in operations(item) {
            let its = operation
                .operation_id
                .as_ref()
                .and_then(|id| examples.get(id));
            let counted = path.starts_with("/api/");
            let keeps = posts && !is_harmless_again(operation);
            if counted {
                share(path, keeps, sends, operation);
            }
            let parameters = operation.parameters.iter_mut().flatten();
            parameters.for_each(forbid_null);
            forbid_null_body(operation);
            describe_answers(keeps, counted, operation);
            if let Some(its) = its {
                print_examples(operation, its);
            }
        }
    }
    Ok(())
}

/// Operation ids of POSTs that are harmless to repeat, so that they take no idempotency key: one
/// reads, and one processes each event once.
const HARMLESS_AGAIN: [&str; 2] = ["post_retrieve_credential", "hear_kyc"];

fn is_harmless_again(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref();
    id.is_some_and(|id| HARMLESS_AGAIN.contains(&id))
}

/// Returns the operations of a path, each with whether it is a POST and whether it takes a body.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, bool, &mut Operation)> {
    let all = [
        (false, false, &mut item.get),
        (true, true, &mut item.post),
        (false, true, &mut item.put),
        (false, true, &mut item.patch),
        (false, false, &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(posts, sends, one)| Some((posts, sends, one.as_mut()?)))
}

/// Adds the parts that every operation of its kind has.
fn share(path: &str, keeps: bool, sends: bool, operation: &mut Operation) {
    let mut statuses = vec!["429", "500", "503"];
    let parameters = operation.parameters.get_or_insert_default();
    let asks = |of: &Parameter| matches!(of.parameter_in, ParameterIn::Query);
    if sends
        || parameters
            .iter()
            .any(|one| matches!(one, RefOr::T(one) if asks(one)))
    {
        statuses.push("400");
    }
    if sends {
        statuses.extend(["413", "415"]);
    }
    if keeps {
        statuses.extend(["409", "422"]);
        parameters.retain(|one| !matches!(one, RefOr::T(one) if one.name == "Idempotency-Key"));
        parameters.push(RefOr::Ref(Ref::new(format!(
            "#/components/parameters/{}",
            components::IDEMPOTENCY_KEY
        ))));
    }
    if path.contains('{') {
        statuses.push("404");
    }
    if operation
        .security
        .as_ref()
        .is_some_and(|ways| !ways.is_empty())
    {
        statuses.push("401");
    }
    for one in parameters.iter_mut() {
        if let RefOr::T(one) = one {
            bound_page(one);
            bound_search(one);
        }
    }
    let responses = &mut operation.responses.responses;
    for status in statuses {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(Response::new("")));
    }
}

/// Documents `limit`, `offset` and `cursor`, the same in every list (contract §1).
fn bound_page(parameter: &mut Parameter) {
    let whole = || ObjectBuilder::new().schema_type(Type::Integer);
    let (schema, about) = match parameter.name.as_str() {
        "limit" => (
            whole().minimum(Some(1)).default(Some(json!(LIMIT_DEFAULT))),
            format!("Items of a page. More than {LIMIT_MAX} are taken for {LIMIT_MAX}."),
        ),
        "offset" => (
            whole().minimum(Some(0)).default(Some(json!(0))),
            "Items to pass over.".to_owned(),
        ),
        "cursor" => (
            ObjectBuilder::new().schema_type(Type::String),
            "`next_cursor` of the page before: a walk that new items do not disturb.".to_owned(),
        ),
        _ => return,
    };
    parameter.schema = Some(schema.into());
    parameter.description.get_or_insert(about);
}

/// Documents the bounds of `lat`, `lng` and `min_rating`, the same in every list. The attributes of
/// utoipa take literals only.
fn bound_search(parameter: &mut Parameter) {
    let (least, most) = match parameter.name.as_str() {
        "lat" => (-LAT_DEGREES_MAX, LAT_DEGREES_MAX),
        "lng" => (-LNG_DEGREES_MAX, LNG_DEGREES_MAX),
        "min_rating" => (f64::from(STARS_MIN), f64::from(STARS_MAX)),
        _ => return,
    };
    if let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema {
        schema.minimum = Some(least.into());
        schema.maximum = Some(most.into());
    }
}

/// Removes `null` from the types of a parameter: a header or a query parameter is a text or absent.
///
/// utoipa derives `null` from `Option`, which here only means that the parameter may be left out.
fn forbid_null(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else {
        return;
    };
    let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else {
        return;
    };
    if let SchemaType::Array(types) = &mut schema.schema_type {
        types.retain(|one| *one != Type::Null);
        if let [only] = types.as_slice() {
            schema.schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// Removes `null` from the alternatives of a body. A body that may be left out is described as not
/// required; otherwise generated clients would send their language's `null`.
fn forbid_null_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(either))) = &content.schema else {
            continue;
        };
        let mut others = either.items.iter().filter(|one| !is_null(one));
        if let (Some(only), None) = (others.next(), others.next()) {
            content.schema = Some(only.clone());
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(one)) => one.schema_type == SchemaType::Type(Type::Null),
        _ => false,
    }
}

/// Adds a description and headers to each response. Refusals refer to the shared ones, with the
/// operation's own description where it has one. `keeps` says whether the response is stored under
/// an idempotency key.
fn describe_answers(keeps: bool, counted: bool, operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(answer) = response else { continue };
        if let Some(name) = components::refusal(status).filter(|_| is_refusal(answer)) {
            let mut common = Ref::from_response_name(name);
            common.description = std::mem::take(&mut answer.description);
            *response = RefOr::Ref(common);
            continue;
        }
        if answer.description.is_empty() {
            answer.description = words(status).to_owned();
        }
        answer.headers.extend(components::shared_headers(counted));
        let replayed = keeps.then_some("Idempotent-Replayed");
        answer.headers.extend(replayed.map(components::reference));
    }
}

/// Returns whether the response is a refusal's body, or a response that its route does not
/// describe.
fn is_refusal(answer: &Response) -> bool {
    let is_error = |content: &RefOr<Content>| match content {
        RefOr::T(content) => matches!(&content.schema,
            Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/ErrorBody")),
        RefOr::Ref(_) => false,
    };
    answer.content.values().all(is_error)
}

fn words(status: &str) -> &'static str {
    match status {
        "201" => "Created.",
        "202" => "Taken; it is not done yet.",
        "204" => "Done; there is nothing to say.",
        _ => "Done.",
    }
}

fn print_examples(operation: &mut Operation, examples: &BTreeMap<String, Value>) {
    if let (Some(RefOr::T(body)), Some(example)) =
        (&mut operation.request_body, examples.get("request"))
    {
        for content in body.content.values_mut() {
            print_example(content, example);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let (RefOr::T(response), Some(example)) = (response, examples.get(status)) {
            // The response of a stream is a text; the description of its route explains the events.
            if let Some(content) = response.content.get_mut("application/json") {
                print_example(content, example);
            }
        }
    }
}

fn print_example(content: &mut RefOr<Content>, example: &Value) {
    if let RefOr::T(content) = content {
        content.example = Some(example.clone());
    }
}
