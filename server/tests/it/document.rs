//! The API document is complete, and its examples satisfy its schemas.

use std::collections::BTreeMap;

use api_types::error::ErrorCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_KEY, Ask, TestApp};
use crate::support::{self, on_both_databases};

const EXAMPLES: &str = include_str!("../../src/http/openapi/examples.json");

fn document() -> Value {
    serde_json::to_value(server::http::document().unwrap()).unwrap()
}

/// Resolves a reference within the document.
fn resolved<'d>(document: &'d Value, part: &'d Value) -> &'d Value {
    match part["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
        None => part,
    }
}

fn every_operation(document: &Value) -> Vec<(String, &Value)> {
    operations_in(&document["paths"])
}

fn operations_in(paths: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in paths.as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((format!("{method} {path}"), operation));
        }
    }
    found
}

/// Returns every content that an operation accepts or returns, with its position.
fn contents<'d>(document: &'d Value, operation: &'d Value) -> Vec<(String, &'d str, &'d Value)> {
    let request = ("request".to_owned(), &operation["requestBody"]);
    let responses = operation["responses"].as_object().unwrap().iter();
    let all = responses.map(|(status, one)| (status.clone(), resolved(document, one)));
    let mut found = Vec::new();
    for (place, one) in std::iter::once(request).chain(all) {
        for (kind, content) in one["content"].as_object().into_iter().flatten() {
            found.push((place.clone(), kind.as_str(), content));
        }
    }
    found
}

#[test]
fn every_json_body_has_an_example_and_every_example_satisfies_its_schema() {
    let document = document();
    let mut faults = Vec::new();
    let webhooks = operations_in(&document["webhooks"]);
    for (name, operation) in every_operation(&document).into_iter().chain(webhooks) {
        for (place, kind, content) in contents(&document, operation) {
            let is_json = kind == "application/json";
            if content["example"].is_null() {
                if is_json {
                    faults.push(format!("{name} {place}: no example"));
                }
                continue;
            }
            let mut schema = content["schema"].clone();
            schema["components"] = document["components"].clone();
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let wrong = validator.iter_errors(&content["example"]);
            faults.extend(wrong.map(|fault| format!("{name} {place}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Returns whether a schema allows `null`. A schema without a type allows everything.
fn may_be_null(document: &Value, schema: &Value) -> bool {
    let schema = resolved(document, schema);
    let of = |key: &str| schema[key].as_array().into_iter().flatten();
    match &schema["type"] {
        Value::String(kind) => kind == "null",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "null"),
        _ => {
            let mut either = of("oneOf").chain(of("anyOf")).peekable();
            either.peek().is_none() || either.any(|one| may_be_null(document, one))
        }
    }
}

/// A generated client sends everything that the document allows. Headers, queries and forms cannot
/// contain `null`, and an optional body is absent rather than `null`.
#[test]
fn no_parameter_header_form_field_or_body_may_be_null() {
    let document = document();
    let may_be_null = |schema: &Value| may_be_null(&document, schema);
    let mut faults = Vec::new();
    let webhooks = operations_in(&document["webhooks"]);
    for (name, operation) in every_operation(&document).into_iter().chain(webhooks) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.map(|one| resolved(&document, one)) {
            if may_be_null(&parameter["schema"]) {
                faults.push(format!("{name}: {}", parameter["name"]));
            }
        }
        for answer in operation["responses"].as_object().unwrap().values() {
            let headers = &resolved(&document, answer)["headers"];
            for (header, one) in headers.as_object().into_iter().flatten() {
                if may_be_null(&resolved(&document, one)["schema"]) {
                    faults.push(format!("{name}: answer's {header}"));
                }
            }
        }
        let body = &operation["requestBody"]["content"]["application/json"];
        if !body.is_null() && may_be_null(&body["schema"]) {
            faults.push(format!("{name}: body"));
        }
        let form = &operation["requestBody"]["content"]["multipart/form-data"]["schema"];
        let form = &resolved(&document, form)["properties"];
        for (field, schema) in form.as_object().into_iter().flatten() {
            if may_be_null(schema) {
                faults.push(format!("{name}: form field {field}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_printed_example_belongs_to_an_operation() {
    let document = document();
    let ids: Vec<&str> = every_operation(&document)
        .iter()
        .map(|(_, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    let examples: BTreeMap<String, Value> = serde_json::from_str(EXAMPLES).unwrap();
    for id in examples.keys() {
        assert!(ids.contains(&id.as_str()), "{id}");
    }
    let webhooks = operations_in(&document["webhooks"]);
    let told = webhooks
        .iter()
        .map(|(_, told)| told["operationId"].as_str().unwrap());
    let ids: Vec<&str> = ids.into_iter().chain(told).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an operation id is used twice");
}

#[test]
fn every_operation_says_what_it_does_and_what_can_go_wrong() {
    let document = document();
    let tags: Vec<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    for (name, operation) in every_operation(&document) {
        assert!(
            operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
            "{name}"
        );
        assert!(
            tags.contains(&operation["tags"][0].as_str().unwrap()),
            "{name}"
        );
        let responses = operation["responses"].as_object().unwrap();
        for (status, one) in responses {
            let told = resolved(&document, one)["description"].as_str();
            assert!(told.is_some_and(|text| !text.is_empty()), "{name} {status}");
        }
        if name.contains(" /api/") {
            assert!(
                responses.contains_key("429") && responses.contains_key("503"),
                "{name}"
            );
        }
        if name.starts_with("post /api/") {
            for status in ["400", "413", "415"] {
                assert!(responses.contains_key(status), "{name} {status}");
            }
            let kept = operation["parameters"]
                .to_string()
                .contains("parameters/IdempotencyKey");
            // Repeating these two is harmless: one reads, and one ignores events that it knows.
            let harmless =
                name.ends_with("/retrieve-credential") || name.ends_with("/webhooks/kyc");
            assert_ne!(kept, harmless, "{name}");
            for status in ["409", "422"].into_iter().filter(|_| kept) {
                assert!(responses.contains_key(status), "{name} {status}");
            }
        }
    }
}

/// Returns the JSON requests in the document: method, path, example, and the names of the fields
/// that may be `null`. An empty name stands for the body itself.
fn nullable_fields(document: &Value) -> Vec<(Method, String, Value, Vec<String>)> {
    let mut found = Vec::new();
    for (name, operation) in every_operation(document) {
        let content = &operation["requestBody"]["content"]["application/json"];
        if content.is_null() {
            continue;
        }
        let (method, path) = name.split_once(' ').unwrap();
        let (schema, example) = (&content["schema"], content["example"].clone());
        let mut names = Vec::new();
        if may_be_null(document, schema) {
            names.push(String::new());
        }
        let either = schema["oneOf"].as_array().into_iter().flatten();
        for one in either.chain([schema]) {
            let properties = resolved(document, one)["properties"].as_object();
            for (field, schema) in properties.into_iter().flatten() {
                if may_be_null(document, schema) {
                    names.push(field.clone());
                }
            }
        }
        let method = method.to_uppercase().parse().unwrap();
        found.push((method, path.to_owned(), example, names));
    }
    found
}

/// Returns a body with `null` for a field, and the same body without the field. With an empty name
/// the body itself is `null`.
fn with_null_and_without(body: &Value, field: &str) -> (Value, Value) {
    if field.is_empty() {
        return (Value::Null, json!({}));
    }
    let (mut with_null, mut without) = (body.clone(), body.clone());
    with_null[field] = Value::Null;
    without.as_object_mut().unwrap().remove(field);
    (with_null, without)
}

on_both_databases! {
    async fn null_is_accepted_wherever_the_document_allows_it(store) {
        let app = TestApp::start_with(store, &["--admin-key", ADMIN_KEY]).await;
        let (agent, operator) = (app.agent().await, app.operator().await);
        let task = agent.post_confirmation_task().await.to_string();
        let key = agent.key_id().await.to_string();
        let mut asked = 0;
        for (method, path, example, names) in nullable_fields(&document()) {
            let id = match path.as_str() {
                path if path.contains("/keys/") => &key,
                path if path.contains("/operators/") => &operator.id.to_string(),
                _ => &task,
            };
            for name in names {
                let (with_null, without) = with_null_and_without(&example, &name);
                let refuses = async |body: Value| {
                    let request = app.request(method.clone(), &path.replace("{id}", id));
                    let request = request
                        .header("x-api-key", &agent.key)
                        .header("x-operator-id", &operator.key)
                        .header("x-admin-key", ADMIN_KEY)
                        .json(&body);
                    let answer = request.answer().await.body;
                    let details = answer["details"].as_array().cloned().unwrap_or_default();
                    details.iter().any(|fault| fault["field"] == json!(name))
                };
                // A field that is required in this example is required both as `null` and left out.
                let refused = refuses(with_null).await && !refuses(without).await;
                assert!(!refused, "{method} {path} refuses null for {name:?}");
                asked += 1;
            }
        }
        assert!(asked > 50, "{asked}");
        app.drain_jobs().await;
    }

    /// Every operation is listed, and every path in the text exists.
    async fn llms_txt_leads_to_every_operation_and_only_to_what_is_there(store) {
        let app = TestApp::start(store).await;
        let answer = app.get("/llms.txt").await;
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        let text = String::from_utf8(answer.bytes.clone()).unwrap();
        assert!(text.starts_with("# HumanOps\n\n> "), "{text}");
        let document = document();
        for (name, operation) in every_operation(&document) {
            let (method, path) = name.split_once(' ').unwrap();
            let (tag, id) = (&operation["tags"][0], &operation["operationId"]);
            let link = format!("/docs#/{}/{}", tag.as_str().unwrap(), id.as_str().unwrap());
            let line = format!(
                "- [{} {path}]({}{link}): ",
                method.to_uppercase(),
                app.origin
            );
            assert!(text.contains(&line), "{line}");
        }
        let named = text
            .split([' ', '\n'])
            .filter_map(|word| word.strip_prefix(&app.origin));
        for path in named.filter(|path| path.starts_with("/api/")) {
            let path = path.replace("TASK_ID", "{id}");
            assert!(document["paths"][&path].is_object(), "{path}");
        }
    }

    async fn the_type_of_every_problem_leads_to_its_explanation(store) {
        let app = TestApp::start(store).await;
        let problem = app.request(Method::GET, "/api/v1/nowhere");
        let problem = problem.header("accept", "application/problem+json").answer().await;
        let (page, code) = problem.body["type"].as_str().unwrap().split_once('#').unwrap();
        let page = app.get(page.strip_prefix(&app.origin).unwrap()).await.ok();
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let text = String::from_utf8(page.bytes).unwrap();
        assert_eq!(code, "not_found");
        for code in ErrorCode::ALL {
            assert!(text.contains(&format!("<section id=\"{}\">", code.as_str())));
        }
        app.get("/docs/errors.css").await.ok();
    }

    async fn the_viewer_or_the_way_to_get_it_is_at_docs(store) {
        let app = TestApp::start(store).await;
        let page = app.get("/docs").await;
        let text = String::from_utf8_lossy(&page.bytes).into_owned();
        if page.status == 200 {
            for part in text.split('"').filter(|part| part.starts_with("/docs/")) {
                assert_eq!(app.get(part).await.status, 200, "{part}");
            }
        } else {
            assert!(text.contains("cargo xtask docs"), "{text}");
        }
        app.get("/docs/nothing.js").await.refused(404, "not_found");
        let links = app.get("/").await.header("link").to_owned();
        assert!(
            links.contains("</openapi.json>; rel=\"service-desc\""),
            "{links}"
        );
    }
}
