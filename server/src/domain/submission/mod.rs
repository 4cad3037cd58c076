//! Submissions of proof: the body of POST /operator/tasks/:id/submit, read without its task, and
//! its check against the task (contract §4).
//!
//! The body is read once, before it is known which kind of proof the task requires. So the faults
//! of each field are kept with the field, and [`Submission::check`] reports those that matter for
//! the task. No fault repeats the value of a field.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use api_types::{
    Timestamp, UploadId,
    credential::EncryptedCredential,
    proof::{
        CONFIRMATION_CHARS_MAX, FILES_MAX, NOTES_CHARS_MAX, ProofType, SUBMISSION_ID_CHARS_MAX,
        SUBMISSION_ID_CHARS_MIN,
    },
    strings::URL_CHARS_MAX,
};
use serde_json::{Map, Value};

use super::{
    credential,
    faults::{FAULTS_MAX, Faults},
    fields::{NOT_AN_OBJECT, Parsed, entries, fault, list, made_up, text, url, wrong},
    proof::{Evidence, Proof, ProofFile},
    result_schema::ResultSchema,
    task::Task,
    task_type,
};

/// The message for a field of another kind of proof.
const NOT_REQUIRED: &str = "is not part of the proof that this task asks for";

/// The same message on a credential task, where such a field could hold the secret in plaintext.
const PLAINTEXT: &str = "must not be sent for a credential task: what is secret belongs inside \
                         encrypted_credential, sealed in your browser";

/// The same message for fields that this API does not have. Their names are not repeated, because a
/// person may have pasted the secret as a name.
const PLAINTEXT_UNNAMED: &str = "nothing else may be sent for a credential task: what is secret \
                                 belongs inside encrypted_credential, sealed in your browser";

/// The fields that belong to some kinds of proof only.
const EVIDENCE_FIELDS: [&str; 6] = [
    "artifacts",
    "confirmation_text",
    "encrypted_credential",
    "photos",
    "reference_url",
    "result",
];

/// The fields that belong to every kind of proof.
const COMMON_FIELDS: [&str; 2] = ["notes", "submission_id"];

/// A submission as the operator sent it. It has no `Debug`, because a field can hold a secret that
/// was typed in the wrong place.
pub struct Submission {
    is_object: bool,
    photos: FieldInput<Vec<FileReference>>,
    artifacts: FieldInput<Vec<FileReference>>,
    confirmation_text: FieldInput<String>,
    reference_url: FieldInput<String>,
    encrypted_credential: FieldInput<EncryptedCredential>,
    result: Option<Value>,
    notes: FieldInput<String>,
    submission_id: FieldInput<String>,
    /// Those of [`EVIDENCE_FIELDS`] that were sent.
    evidence_fields: Vec<&'static str>,
    unknown_fields: UnknownFields,
    submitted_at: Timestamp,
}

/// A field of a submission: `None` if it is absent or null, else its value or its faults.
type FieldInput<T> = Option<Parsed<T>>;

/// An entry in a list of files: the upload that its URL names, if it names any.
type FileReference = Parsed<Option<UploadId>>;

/// Why a submission is not the proof that its task requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofRefusal {
    /// The body has these faults; those of the typed result come last.
    Body(Faults),
    /// The body is well-formed, but its typed result does not satisfy the task's schema.
    Result(Faults),
}

impl Submission {
    /// Reads the body of a submission. Which of its faults matter depends on the task, so they are
    /// reported by [`Submission::check`].
    pub fn parse(body: &Value, submitted_at: Timestamp) -> Self {
        let object = body.as_object();
        let sent = |name: &str| {
            let value = object.and_then(|object| object.get(name));
            value.filter(|value| !value.is_null())
        };
        let evidence_fields = EVIDENCE_FIELDS.into_iter();
        Self {
            is_object: object.is_some(),
            photos: sent("photos").map(file_references),
            artifacts: sent("artifacts").map(file_references),
            confirmation_text: sent("confirmation_text").map(text(1..=CONFIRMATION_CHARS_MAX)),
            reference_url: sent("reference_url").map(url(&["https", "http"])),
            encrypted_credential: sent("encrypted_credential")
                .map(|value| credential::parse(value, submitted_at)),
            result: sent("result").cloned(),
            notes: sent("notes").map(text(0..=NOTES_CHARS_MAX)),
            submission_id: sent("submission_id").map(submission_id),
            evidence_fields: evidence_fields
                .filter(|name| sent(name).is_some())
                .collect(),
            unknown_fields: object.map(UnknownFields::of).unwrap_or_default(),
            submitted_at,
        }
    }

    /// Returns the client's id for this submission, if it sent a valid one. A repeated id is
    /// answered with the first result, even if the task has changed since, so the id is valid
    /// without the other fields.
    pub fn id(&self) -> Option<&str> {
        let id = self.submission_id.as_ref()?.as_ref();
        id.ok().map(String::as_str)
    }

    /// Returns the faults of the typed result, by their field paths in the body. An agent's schema
    /// may take a while to evaluate, so this must not run inside a transaction.
    pub fn result_faults(&self, schema: &ResultSchema) -> Faults {
        let Some(result) = &self.result else {
            return fault("result", "is required: this task has a result_schema").into();
        };
        match schema.check(result) {
            Ok(()) => Faults::default(),
            Err(faults) => faults.within("result"),
        }
    }

    /// Checks that this is the proof that `task` requires, from an operator who uploaded `files`.
    /// `result_faults` are those of [`Submission::result_faults`], and none without a schema.
    ///
    /// # Errors
    /// All faults of the submission.
    pub fn check(
        &self,
        task: &Task,
        files: &[ProofFile],
        result_faults: &Faults,
    ) -> Result<Proof, ProofRefusal> {
        let is_credential = task_type::is_credential(task.stated.task_type);
        let mut fields = RequiredFields::of(self);
        let evidence = self.evidence(task, files, &mut fields);
        let result = match task.stated.result_schema {
            Some(_) => fields.optional("result", self.result.clone().map(Ok)),
            None => None,
        };
        let notes = fields.optional("notes", self.notes.clone());
        let submission_id = fields.optional("submission_id", self.submission_id.clone());
        let mut faults = fields.refuse_others(match is_credential {
            true => PLAINTEXT,
            false => NOT_REQUIRED,
        });
        match is_credential {
            true => (self.unknown_fields).refuse_unnamed(PLAINTEXT_UNNAMED, &mut faults),
            false => self.unknown_fields.refuse_each(NOT_REQUIRED, &mut faults),
        }
        match evidence.filter(|_| faults.is_empty()) {
            Some(_) if !result_faults.is_empty() => {
                Err(ProofRefusal::Result(result_faults.clone()))
            }
            Some(evidence) => Ok(Proof {
                evidence,
                result,
                notes,
                submission_id,
                submitted_at: self.submitted_at,
            }),
            None => {
                faults.extend([result_faults.clone()]);
                Err(ProofRefusal::Body(faults))
            }
        }
    }

    /// Returns the evidence of the kind that the task requires.
    fn evidence(
        &self,
        task: &Task,
        files: &[ProofFile],
        fields: &mut RequiredFields<'_>,
    ) -> Option<Evidence> {
        let files: HashMap<_, _> = files.iter().map(|file| (file.id, file)).collect();
        match task.stated.proof_type {
            _ if task_type::is_credential(task.stated.task_type) => fields
                .required("encrypted_credential", self.encrypted_credential.clone())
                .map(Evidence::Credential),
            ProofType::Photo | ProofType::Screenshot => {
                let photos = self.photos.clone();
                let photos = photos.map(|photos| own_files(photos?, &files, is_picture));
                fields.required("photos", photos).map(Evidence::Pictures)
            }
            ProofType::Artifact => {
                let artifacts = self.artifacts.clone();
                let artifacts = artifacts.map(|artifacts| own_files(artifacts?, &files, |_| true));
                fields.required("artifacts", artifacts).map(Evidence::Files)
            }
            ProofType::Confirmation => {
                let text = fields.required("confirmation_text", self.confirmation_text.clone());
                let reference_url = fields.optional("reference_url", self.reference_url.clone());
                text.map(|text| Evidence::Confirmation {
                    text,
                    reference_url,
                })
            }
        }
    }
}

/// The fields that a task requires or allows, and the faults of those.
struct RequiredFields<'a> {
    submission: &'a Submission,
    known: Vec<&'static str>,
    faults: Faults,
}

impl<'a> RequiredFields<'a> {
    fn of(submission: &'a Submission) -> Self {
        let mut faults = Faults::default();
        if !submission.is_object {
            faults.push(fault("", NOT_AN_OBJECT));
        }
        Self {
            submission,
            known: Vec::new(),
            faults,
        }
    }

    fn required<T>(&mut self, name: &'static str, sent: FieldInput<T>) -> Option<T> {
        if sent.is_none() && self.submission.is_object {
            self.faults.push(fault(name, "is required"));
        }
        self.optional(name, sent)
    }

    fn optional<T>(&mut self, name: &'static str, sent: FieldInput<T>) -> Option<T> {
        self.known.push(name);
        match sent? {
            Ok(value) => Some(value),
            Err(faults) => {
                self.faults.extend_within(name, faults);
                None
            }
        }
    }

    /// Refuses the evidence of all other kinds of proof, and returns all faults.
    fn refuse_others(mut self, message: &str) -> Faults {
        for name in &self.submission.evidence_fields {
            if !self.known.contains(name) {
                self.faults.push(fault(*name, message));
            }
        }
        self.faults
    }
}

/// The fields of a body that this API does not have: the names of as many as can be reported, and
/// the number of the others.
#[derive(Default)]
struct UnknownFields {
    names: Vec<String>,
    others: usize,
}

impl UnknownFields {
    fn of(object: &Map<String, Value>) -> Self {
        let is_known =
            |name: &str| EVIDENCE_FIELDS.contains(&name) || COMMON_FIELDS.contains(&name);
        let mut unknown = object.keys().filter(|name| !is_known(name));
        let names = unknown.by_ref().take(FAULTS_MAX);
        Self {
            names: names.map(|name| made_up(name)).collect(),
            others: unknown.count(),
        }
    }

    fn refuse_each(&self, message: &str, faults: &mut Faults) {
        for name in &self.names {
            faults.push_made_up(fault(name, message));
        }
        faults.leave_out(self.others);
    }

    /// Refuses all fields with one message, because a name may be a secret.
    fn refuse_unnamed(&self, message: &str, faults: &mut Faults) {
        if !self.names.is_empty() {
            faults.push(fault("", message));
        }
    }
}

fn submission_id(value: &Value) -> Parsed<String> {
    let read = text(SUBMISSION_ID_CHARS_MIN..=SUBMISSION_ID_CHARS_MAX)(value)?;
    let fits = read
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if fits {
        Ok(read)
    } else {
        wrong(format!(
            "must have {SUBMISSION_ID_CHARS_MIN} to {SUBMISSION_ID_CHARS_MAX} letters, digits, - \
             or _"
        ))
    }
}

fn file_references(value: &Value) -> Parsed<Vec<FileReference>> {
    list(1..=FILES_MAX, |value| Ok(file_reference(value)))(value)
}

/// Reads the URL of a file. The last segment of its path is the id of an upload.
fn file_reference(value: &Value) -> FileReference {
    let read = text(1..=URL_CHARS_MAX)(value)?;
    let path = read.split(['?', '#']).next().unwrap_or_default();
    let id = path.rsplit('/').next();
    Ok(id.and_then(|id| id.parse().ok()))
}

/// Returns the uploads that a list names; `files` holds only the operator's own.
fn own_files(
    references: Vec<FileReference>,
    files: &HashMap<UploadId, &ProofFile>,
    fits: impl Fn(&ProofFile) -> bool,
) -> Parsed<Vec<UploadId>> {
    let own = |reference: FileReference| match reference?.and_then(|id| files.get(&id)) {
        Some(file) if fits(file) => Ok(file.id),
        Some(_) => wrong("must be a picture"),
        None => wrong("must be the url of a file that you sent to /operator/upload for this task"),
    };
    entries(references.into_iter().map(own))
}

fn is_picture(file: &ProofFile) -> bool {
    file.content_type.starts_with("image/")
}
