//! Reads the body of POST /tasks and reports every fault at once.

use std::time::Duration;

use api_types::{
    Timestamp,
    credential::PUBLIC_KEY_CHARS_MAX,
    event::WebhookStyle,
    new_task::{
        CALLBACK_SECRET_CHARS_MAX, CALLBACK_SECRET_CHARS_MIN, DESCRIPTION_CHARS_MAX,
        EXTERNAL_ID_CHARS_MAX, REQUIREMENT_CHARS_MAX, REQUIREMENTS_MAX, SandboxOutcome,
        TITLE_CHARS_MAX,
    },
    place::{ADDRESS_CHARS_MAX, LAT_DEGREES_MAX, LNG_DEGREES_MAX, Location},
    proof::ProofType,
    task_type::{TaskDomain, TaskType},
};
use crypto_wasm::AgentPublicKey;
use serde_json::Value;

use super::{MinimumRating, NewTask};
use crate::domain::{
    estimate::EstimateTerms,
    fields::{
        Fields, Parsed, USD_DECIMALS, choice, degrees, flag, list, money, text, timestamp, wrong,
    },
    result_schema::ResultSchema,
    sandbox::Market,
    secret::CallbackSecret,
    target::TargetRules,
    task_type,
};

/// Minimum time from now to a deadline (contract §4).
const DEADLINE_AHEAD_MIN: Duration = Duration::from_secs(10 * 60);

/// Maximum time from now to a deadline (contract §4).
const DEADLINE_AHEAD_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl NewTask {
    /// Reads the body of POST /tasks. `market` follows from the agent's tier or a header; the body
    /// can ask for simulation by itself.
    ///
    /// # Errors
    /// Every fault of the body.
    pub fn parse(
        body: &Value,
        now: Timestamp,
        targets: &TargetRules,
        market: Market,
    ) -> Parsed<Self> {
        Fields::read(body, |fields| {
            let title = fields.required("title", text(1..=TITLE_CHARS_MAX));
            let description = fields.required("description", text(1..=DESCRIPTION_CHARS_MAX));
            let location = fields.optional("location", location);
            let reward = fields.required("reward_usd", money(USD_DECIMALS));
            let deadline = fields.required("deadline", |value| deadline(value, now));
            let requirement = text(1..=REQUIREMENT_CHARS_MAX);
            let requirements = fields.required(
                "proof_requirements",
                list(1..=REQUIREMENTS_MAX, requirement),
            );
            let types = TaskType::ALL.map(TaskType::as_str).join(", ");
            let task_type = fields.required("task_type", choice(TaskType::parse, types));
            let stated = TypeDependentFields::read(fields, location.as_ref());
            let proof_type = stated.proof_type;
            let digital_instructions =
                fields.optional("digital_instructions", text(0..=DESCRIPTION_CHARS_MAX));
            let callback_url = fields.optional("callback_url", targets.field());
            let callback_secret = fields.optional(
                "callback_secret",
                text(CALLBACK_SECRET_CHARS_MIN..=CALLBACK_SECRET_CHARS_MAX),
            );
            let agent_public_key = fields.optional("agent_public_key", public_key);
            let external_id = fields.optional("external_id", text(1..=EXTERNAL_ID_CHARS_MAX));
            let estimate = EstimateTerms::read(fields);
            let extension = ExtensionFields::read(fields, market);

            fit_type(fields, task_type, &stated);
            let task_type = task_type?;
            let default = task_type::rules(task_type).proof_types.first().copied();
            Some(Self {
                title: title?,
                description: description?,
                // A location without any field counts as absent.
                location: location.filter(|place| *place != Location::default()),
                reward: reward?,
                deadline: deadline?,
                proof_requirements: requirements?,
                task_type,
                proof_type: proof_type.or(default).unwrap_or(ProofType::Photo),
                digital_instructions,
                callback_url,
                callback_secret: callback_secret.map(CallbackSecret::new),
                webhook_style: extension.webhook_style,
                rating_min: extension.rating_min,
                result_schema: extension.result_schema,
                agent_public_key,
                external_id,
                estimate,
                sandbox: extension.sandbox,
                sandbox_outcome: extension.sandbox_outcome,
                dry_run: extension.dry_run == Some(true),
            })
        })
    }
}

/// The fields of this API that the reference does not have.
struct ExtensionFields {
    webhook_style: Option<WebhookStyle>,
    rating_min: Option<MinimumRating>,
    result_schema: Option<ResultSchema>,
    sandbox: bool,
    sandbox_outcome: Option<SandboxOutcome>,
    dry_run: Option<bool>,
}

impl ExtensionFields {
    fn read(fields: &mut Fields<'_>, market: Market) -> Self {
        let outcomes = SandboxOutcome::ALL.map(SandboxOutcome::as_str).join(", ");
        let outcome = choice(SandboxOutcome::parse, outcomes);
        let sandbox_outcome = fields.optional("sandbox_outcome", outcome);
        let requested = fields.optional("sandbox", flag);
        let sandbox = market == Market::Sandbox || requested == Some(true);
        let is_readable = requested.is_some() || !fields.has("sandbox");
        if sandbox_outcome.is_some() && !sandbox && is_readable {
            let message = "is for simulated tasks alone: send sandbox: true with it";
            fields.fault("sandbox_outcome", message);
        }
        let styles = WebhookStyle::ALL.map(WebhookStyle::as_str).join(", ");
        Self {
            webhook_style: fields.optional("webhook_style", choice(WebhookStyle::parse, styles)),
            rating_min: fields.optional("min_operator_rating", rating),
            result_schema: fields.optional("result_schema", ResultSchema::parse),
            sandbox,
            sandbox_outcome,
            dry_run: fields.optional("dry_run", flag),
        }
    }
}

/// The stated fields that must fit the task type.
struct TypeDependentFields<'a> {
    domain: Option<TaskDomain>,
    proof_type: Option<ProofType>,
    place: Option<&'a Location>,
}

impl<'a> TypeDependentFields<'a> {
    fn read(fields: &mut Fields<'_>, place: Option<&'a Location>) -> Self {
        let domains = "PHYSICAL, DIGITAL, CREDENTIAL";
        let proof_types = "PHOTO, SCREENSHOT, CONFIRMATION, ARTIFACT";
        Self {
            domain: fields.optional("task_domain", choice(TaskDomain::parse, domains)),
            proof_type: fields.optional("proof_type", choice(ProofType::parse, proof_types)),
            place,
        }
    }
}

/// Reports the fields that do not fit the type. If the type could not be read, nothing is reported.
fn fit_type(
    fields: &mut Fields<'_>,
    task_type: Option<TaskType>,
    stated: &TypeDependentFields<'_>,
) {
    let Some(task_type) = task_type else {
        return;
    };
    let rules = task_type::rules(task_type);
    let name = task_type.as_str();
    // Agents written after the reference call credential tasks digital; the contract accepts both.
    let digital =
        rules.domain == TaskDomain::Credential && stated.domain == Some(TaskDomain::Digital);
    if stated.domain.is_some_and(|domain| domain != rules.domain) && !digital {
        fields.fault(
            "task_domain",
            format!("must be {} for {name}", rules.domain.as_str()),
        );
    }
    if stated
        .proof_type
        .is_some_and(|proof_type| !rules.proof_types.contains(&proof_type))
    {
        let allowed: Vec<_> = rules.proof_types.iter().map(|one| one.as_str()).collect();
        fields.fault(
            "proof_type",
            format!("must be {} for {name}", allowed.join(" or ")),
        );
    }
    if rules.domain == TaskDomain::Physical && !complete(stated.place) {
        // A location with faults of its own has been reported already.
        if stated.place.is_some() || !fields.has("location") {
            let message = format!("lat, lng and address are required for {name}");
            fields.fault("location", message);
        }
    }
    if rules.domain == TaskDomain::Credential && fields.has("result_schema") {
        let message = format!(
            "must not be sent for {name}: what it asks for would reach the server in the clear, \
             and belongs inside the sealed credential"
        );
        fields.fault("result_schema", message);
    }
    if rules.domain == TaskDomain::Credential && !fields.has("agent_public_key") {
        let message = format!(
            "is required for {name}: make a P-256 key pair, keep the private key and send the \
             public key, so that only you can open the credential"
        );
        fields.fault("agent_public_key", message);
    }
}

fn complete(place: Option<&Location>) -> bool {
    place.is_some_and(|at| at.lat.is_some() && at.lng.is_some() && at.address.is_some())
}

fn location(value: &Value) -> Parsed<Location> {
    Fields::read(value, |fields| {
        let lat = fields.optional("lat", degrees(-LAT_DEGREES_MAX..=LAT_DEGREES_MAX));
        let lng = fields.optional("lng", degrees(-LNG_DEGREES_MAX..=LNG_DEGREES_MAX));
        let address = fields.optional("address", text(1..=ADDRESS_CHARS_MAX));
        if fields.has("lat") != fields.has("lng") {
            fields.fault("", "lat and lng go together");
        }
        Some(Location { lat, lng, address })
    })
}

fn deadline(value: &Value, now: Timestamp) -> Parsed<Timestamp> {
    let deadline = timestamp(value)?;
    let range = now.after(DEADLINE_AHEAD_MIN)..=now.after(DEADLINE_AHEAD_MAX);
    if range.contains(&deadline) {
        Ok(deadline)
    } else {
        wrong("must be 10 minutes to 90 days ahead")
    }
}

/// Reads stars with at most two decimals from a number.
fn rating(value: &Value) -> Parsed<MinimumRating> {
    let number = value.as_number().map(ToString::to_string);
    let read = number.and_then(|number| MinimumRating::parse_number(&number));
    read.map_or_else(|| wrong(MinimumRating::MUST), Ok)
}

fn public_key(value: &Value) -> Parsed<String> {
    // A JWK may be an object or a string. It is returned to the agent in the form in which it was
    // sent.
    let read = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => value.to_string(),
        _ => return wrong("must be a P-256 public key: base64, PEM or JWK"),
    };
    if read.len() > PUBLIC_KEY_CHARS_MAX {
        return wrong(format!(
            "must be a P-256 public key of at most {PUBLIC_KEY_CHARS_MAX} characters"
        ));
    }
    match AgentPublicKey::parse(&read) {
        Ok(_) => Ok(read),
        Err(error) => wrong(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use api_types::MicroUsd;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-02-05T12:00:00Z".parse().unwrap()
    }

    fn body() -> Value {
        json!({
            "title": "Verify storefront signage",
            "description": "Take a photo of the signage",
            "location": {"lat": 40.7128, "lng": -74.006, "address": "123 Main St, NY"},
            "reward_usd": 25,
            "deadline": "2026-02-10T00:00:00Z",
            "proof_requirements": ["Photo of storefront sign"],
            "task_type": "VERIFICATION",
        })
    }

    fn places(body: &Value) -> Vec<String> {
        NewTask::parse(body, now(), &TargetRules::default(), Market::Real)
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.field)
            .collect()
    }

    #[test]
    fn an_outcome_is_for_simulated_tasks_alone() {
        let mut task = body();
        task["sandbox_outcome"] = json!("reject");
        assert_eq!(places(&task), ["sandbox_outcome"]);
        task["sandbox"] = json!(1);
        assert_eq!(places(&task), ["sandbox"]);
        task["sandbox"] = json!(true);
        assert!(NewTask::parse(&task, now(), &TargetRules::default(), Market::Real).is_ok());
    }

    #[test]
    fn the_reference_task_is_read_with_the_types_default_proof() {
        let task = NewTask::parse(&body(), now(), &TargetRules::default(), Market::Real).unwrap();
        assert_eq!(task.reward, MicroUsd::usd(25));
        assert_eq!(task.proof_type, ProofType::Photo);
    }

    #[test]
    fn what_callbacks_are_signed_with_is_stored_and_never_printed() {
        let mut stated = body();
        stated["callback_secret"] = json!("a-secret-of-an-agent");
        let task = NewTask::parse(&stated, now(), &TargetRules::default(), Market::Real).unwrap();
        let printed = format!("{task:?} {task:#?}");
        assert!(printed.contains("callback_secret: Some([redacted])"));
        assert!(!printed.contains("a-secret-of-an-agent"), "{printed}");
        let stored = serde_json::to_value(&task).unwrap();
        assert_eq!(stored["callback_secret"], "a-secret-of-an-agent");
        assert_eq!(serde_json::from_value::<NewTask>(stored).unwrap(), task);
    }

    #[test]
    fn every_fault_of_a_task_is_named_at_once() {
        let bad = json!({
            "title": "", "description": 7, "location": {"lat": 91, "lng": 0},
            "reward_usd": 10.001, "deadline": "2026-02-05T12:09:59Z",
            "proof_requirements": [], "task_type": "PHOTO", "proof_type": "ARTIFACT",
            "callback_url": "http://example.com", "callback_secret": "short", "status": "COMPLETED",
        });
        let expected = [
            "title",
            "description",
            "location.lat",
            "reward_usd",
            "deadline",
            "proof_requirements",
            "callback_url",
            "callback_secret",
            "proof_type",
            "status",
        ];
        assert_eq!(places(&bad), expected);
    }

    #[test]
    fn a_physical_task_needs_its_whole_place() {
        for place in [
            json!(null),
            json!({}),
            json!({"lat": 1, "lng": 2}),
            json!({"address": "x"}),
        ] {
            let mut bad = body();
            bad["location"] = place;
            assert_eq!(places(&bad), ["location"], "{bad}");
        }
    }

    #[test]
    fn a_credential_task_needs_a_public_key() {
        let mut bad = body();
        bad["task_type"] = json!("ACCOUNT_CREATION");
        assert_eq!(places(&bad), ["agent_public_key"]);
        bad["agent_public_key"] = json!("not a key");
        assert_eq!(places(&bad), ["agent_public_key"]);
    }

    #[test]
    fn the_deadline_is_bounded_on_both_sides() {
        for (deadline, fits) in [
            ("2026-02-05T12:09:59.999Z", false),
            ("2026-02-05T12:10:00Z", true),
            ("2026-05-06T12:00:00Z", true),
            ("2026-05-06T12:00:00.001Z", false),
        ] {
            let mut task = body();
            task["deadline"] = json!(deadline);
            assert_eq!(
                NewTask::parse(&task, now(), &TargetRules::default(), Market::Real).is_ok(),
                fits,
                "{deadline}"
            );
        }
    }
}
