//! Tests of the fields that each kind of task requires, their bounds, and the faults in order.

use api_types::{AgentId, MicroUsd, TaskId, task_type::TaskType};
use serde_json::json;

use super::*;
use crate::domain::{
    new_task::NewTask,
    sandbox::Market,
    task::{Durations, MoveContext},
};

fn now() -> Timestamp {
    "2026-02-05T12:00:00Z".parse().unwrap()
}

fn task(task_type: TaskType, proof_type: ProofType) -> Task {
    let body = json!({
        "title": "Read a text", "description": "…", "reward_usd": 25,
        "deadline": "2026-02-10T00:00:00Z", "proof_requirements": ["Say what it says"],
        "task_type": "CONTENT_REVIEW",
    });
    let stated = NewTask::parse(&body, now(), &Default::default(), Market::Real).unwrap();
    let context = MoveContext {
        now: now(),
        random: 7,
        terms: Durations::default(),
    };
    let (id, agent_id) = (TaskId::new(now(), 1), AgentId::new(now(), 2));
    let mut task = Task::post(id, agent_id, stated, MicroUsd::usd(2), context).task;
    task.stated.task_type = task_type;
    task.stated.proof_type = proof_type;
    task
}

fn text_task() -> Task {
    task(TaskType::ContentReview, ProofType::Confirmation)
}

fn photo_task() -> Task {
    task(TaskType::Photo, ProofType::Photo)
}

fn file_task() -> Task {
    task(TaskType::Inspection, ProofType::Artifact)
}

fn credential_task() -> Task {
    task(TaskType::AccountCreation, ProofType::Artifact)
}

fn with_schema(mut task: Task) -> Task {
    let schema = json!({"type": "object", "required": ["open"]});
    task.stated.result_schema = Some(ResultSchema::parse(&schema).unwrap());
    task
}

fn file(bits: u128, content_type: &str) -> ProofFile {
    ProofFile {
        id: UploadId::new(now(), bits),
        content_type: content_type.to_owned(),
        pixels: None,
    }
}

/// A picture and a document of the operator.
fn files() -> [ProofFile; 2] {
    [file(1, "image/png"), file(2, "application/pdf")]
}

fn url_of(bits: u128) -> String {
    let id = UploadId::new(now(), bits);
    format!("https://example.com/files/{id}?signature=x#y")
}

fn check(task: &Task, body: &Value) -> Result<Proof, ProofRefusal> {
    let submission = Submission::parse(body, now());
    let schema = task.stated.result_schema.as_ref();
    let faults = schema.map(|schema| submission.result_faults(schema));
    submission.check(task, &files(), &faults.unwrap_or_default())
}

fn faulty_fields(task: &Task, body: &Value) -> Vec<String> {
    match check(task, body).unwrap_err() {
        ProofRefusal::Body(faults) => faults.into_iter().map(|fault| fault.field).collect(),
        ProofRefusal::Result(faults) => panic!("only the result is faulty: {faults:?}"),
    }
}

#[test]
fn each_kind_of_proof_has_fields_of_its_own() {
    let all = json!({
        "artifacts": [url_of(2)], "confirmation_text": "It is open.", "encrypted_credential": 1,
        "photos": [url_of(1)], "reference_url": "https://example.com", "result": {},
        "notes": null, "extra": 1,
    });
    for (task, faulty) in [
        (
            text_task(),
            vec![
                "artifacts",
                "encrypted_credential",
                "photos",
                "result",
                "extra",
            ],
        ),
        (
            with_schema(photo_task()),
            vec![
                "artifacts",
                "confirmation_text",
                "encrypted_credential",
                "reference_url",
                "extra",
                "result",
            ],
        ),
        (
            file_task(),
            vec![
                "confirmation_text",
                "encrypted_credential",
                "photos",
                "reference_url",
                "result",
                "extra",
            ],
        ),
        (
            credential_task(),
            vec![
                "encrypted_credential",
                "artifacts",
                "confirmation_text",
                "photos",
                "reference_url",
                "result",
                "",
            ],
        ),
    ] {
        let kind = (task.stated.task_type, task.stated.proof_type);
        assert_eq!(faulty_fields(&task, &all), faulty, "{kind:?}");
    }
}

#[test]
fn what_a_task_requires_is_missed_and_all_else_may_be_left_out() {
    for (task, required) in [
        (text_task(), "confirmation_text"),
        (photo_task(), "photos"),
        (file_task(), "artifacts"),
        (credential_task(), "encrypted_credential"),
    ] {
        assert_eq!(faulty_fields(&task, &json!({})), [required]);
        assert_eq!(faulty_fields(&task, &json!({required: null})), [required]);
        for body in [json!(null), json!([]), json!("x")] {
            assert_eq!(faulty_fields(&task, &body), [""], "{body}");
            assert_eq!(
                faulty_fields(&with_schema(task.clone()), &body),
                ["", "result"]
            );
        }
    }
}

#[test]
fn texts_have_bounds() {
    let task = text_task();
    let body = |text: usize, notes: usize, id: usize| {
        json!({
            "confirmation_text": "x".repeat(text), "notes": "x".repeat(notes),
            "submission_id": "x".repeat(id),
        })
    };
    let least = check(&task, &body(1, 0, SUBMISSION_ID_CHARS_MIN));
    assert_eq!(least.unwrap().submission_id, Some("x".repeat(8)));
    let most = body(
        CONFIRMATION_CHARS_MAX,
        NOTES_CHARS_MAX,
        SUBMISSION_ID_CHARS_MAX,
    );
    assert!(check(&task, &most).is_ok());
    let beyond = body(
        CONFIRMATION_CHARS_MAX + 1,
        NOTES_CHARS_MAX + 1,
        SUBMISSION_ID_CHARS_MAX + 1,
    );
    let all = ["confirmation_text", "notes", "submission_id"];
    assert_eq!(faulty_fields(&task, &beyond), all);
    let wrong = json!({"confirmation_text": 1, "notes": [], "submission_id": "with a space"});
    assert_eq!(faulty_fields(&task, &wrong), all);
    let short = body(1, 0, SUBMISSION_ID_CHARS_MIN - 1);
    assert_eq!(faulty_fields(&task, &short), ["submission_id"]);
}

#[test]
fn the_id_is_known_whatever_else_was_sent() {
    let id = |body: &Value| Submission::parse(body, now()).id().map(str::to_owned);
    let body = json!({"submission_id": "phone-0001", "photos": 7, "password": "hunter2"});
    assert_eq!(id(&body).as_deref(), Some("phone-0001"));
    for body in [json!({}), json!(null), json!({"submission_id": "short"})] {
        assert_eq!(id(&body), None, "{body}");
    }
}

#[test]
fn files_are_the_operators_own() {
    let photos = |urls: &[String]| json!({"photos": urls});
    let proof = check(&photo_task(), &photos(&[url_of(1), url_of(1)])).unwrap();
    assert_eq!(proof.uploads(), [UploadId::new(now(), 1); 2]);
    assert!(check(&photo_task(), &photos(&vec![url_of(1); FILES_MAX])).is_ok());
    assert!(check(&file_task(), &json!({"artifacts": [url_of(1), url_of(2)]})).is_ok());
    let long = format!("{}{}", "x".repeat(URL_CHARS_MAX), url_of(1));
    let urls = [
        url_of(1),
        url_of(2),
        url_of(3),
        "x".to_owned(),
        String::new(),
        long,
    ];
    let faulty = [
        "photos[1]",
        "photos[2]",
        "photos[3]",
        "photos[4]",
        "photos[5]",
    ];
    assert_eq!(faulty_fields(&photo_task(), &photos(&urls)), faulty);
    assert_eq!(
        faulty_fields(&photo_task(), &json!({"photos": [7]})),
        ["photos[0]"]
    );
    for unfit in [
        photos(&[]),
        photos(&vec![url_of(1); FILES_MAX + 1]),
        json!({"photos": url_of(1)}),
    ] {
        assert_eq!(faulty_fields(&photo_task(), &unfit), ["photos"]);
    }
}

#[test]
fn a_typed_result_is_checked_and_its_faults_come_last() {
    let task = with_schema(text_task());
    let good = json!({"confirmation_text": "It is open.", "result": {"open": true}});
    assert_eq!(
        check(&task, &good).unwrap().result,
        Some(json!({"open": true}))
    );
    for result in [json!(null), json!({}), json!(7)] {
        let mut body = good.clone();
        body["result"] = result;
        let Err(ProofRefusal::Result(faults)) = check(&task, &body) else {
            panic!("{body}");
        };
        assert_eq!(faults.details()[0].field, "result");
        body["notes"] = json!(7);
        assert_eq!(faulty_fields(&task, &body), ["notes", "result"]);
    }
}

#[test]
fn unknown_fields_are_named_or_counted_except_beside_a_secret() {
    let mut body: Map<_, _> = (0..1000)
        .map(|n| (format!("hunter{n}"), json!(1)))
        .collect();
    body.insert("confirmation_text".to_owned(), json!("It is open."));
    let body = Value::Object(body);
    let Err(ProofRefusal::Body(faults)) = check(&text_task(), &body) else {
        panic!("unknown fields were accepted");
    };
    assert_eq!(
        (faults.count(), faults.listed().count()),
        (1000, FAULTS_MAX)
    );
    assert!(faults.any_made_up());
    let Err(ProofRefusal::Body(faults)) = check(&credential_task(), &body) else {
        panic!("unknown fields were accepted");
    };
    assert!(!format!("{faults:?}").contains("hunter"), "{faults:?}");
    let fields: Vec<_> = faults.into_iter().map(|fault| fault.field).collect();
    assert_eq!(fields, ["encrypted_credential", "confirmation_text", ""]);
}
