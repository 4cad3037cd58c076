//! Checks a submission against its task: the required kind of proof, with only the operator's own
//! files.

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
use serde_json::Value;

use super::{
    credential,
    faults::Faults,
    fields::{Fields, Parsed, fault, list, text, url, wrong},
    picture::{self, ReviewLoad},
    result_schema::ResultSchema,
    task::Task,
    task_type,
};

/// A file that the operator has uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// The id of the upload.
    pub id: UploadId,
    /// The media type, detected from the content.
    pub content_type: String,
    /// Width and height in pixels, for pictures that can be measured.
    pub pixels: Option<(u32, u32)>,
}

/// A proof of the kind that its task requires.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The evidence itself.
    pub evidence: Evidence,
    /// The typed result, if the task requires one. [`result_faults`] checks it against the task's
    /// schema, before any transaction.
    pub result: Option<Value>,
    /// The operator's notes.
    pub notes: Option<String>,
    /// The client's id for this submission.
    pub submission_id: Option<String>,
    /// When the operator submitted it.
    pub submitted_at: Timestamp,
}

/// The content of a proof, by the required kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// PHOTO and SCREENSHOT: pictures in the operator's order.
    Pictures(Vec<UploadId>),
    /// ARTIFACT on a task that does not end in a secret: files in the operator's order.
    Files(Vec<UploadId>),
    /// CONFIRMATION: a text.
    Confirmation {
        /// The operator's text.
        text: String,
        /// The page that the text refers to.
        reference_url: Option<String>,
    },
    /// A sealed credential.
    Credential(EncryptedCredential),
}

/// The message for a field of another kind of proof.
const NOT_ASKED: &str = "is not part of the proof that this task asks for";

/// The same message on a credential task, where such a field could hold the secret in plaintext.
const PLAINTEXT: &str = "must not be sent for a credential task: what is secret belongs inside \
                         encrypted_credential, sealed in your browser";

/// The same message for fields that this API does not have. Their names are not repeated, because a
/// person may have pasted the secret as a name.
const PLAINTEXT_UNNAMED: &str = "nothing else may be sent for a credential task: what is secret \
                                 belongs inside encrypted_credential, sealed in your browser";

/// The fields of all kinds of proof.
const EVIDENCE_FIELDS: [&str; 6] = [
    "artifacts",
    "confirmation_text",
    "encrypted_credential",
    "photos",
    "reference_url",
    "result",
];

impl Proof {
    /// Reads the body of POST /operator/tasks/:id/submit for `task`, from an operator who uploaded
    /// `files`.
    ///
    /// # Errors
    /// Every fault of the body; none repeats the value of a field.
    pub fn parse(
        body: &Value,
        task: &Task,
        files: &[ProofFile],
        submitted_at: Timestamp,
    ) -> Parsed<Self> {
        let files: HashMap<_, _> = files.iter().map(|file| (file.id, file)).collect();
        Fields::read(body, |fields| {
            let is_credential = task_type::is_credential(task.stated.task_type);
            if is_credential {
                fields.unknown_are_unnamed(PLAINTEXT_UNNAMED);
            } else {
                fields.unknown_means(NOT_ASKED);
            }
            let evidence = match task.stated.proof_type {
                _ if is_credential => fields
                    .required("encrypted_credential", |value| {
                        credential::parse(value, submitted_at)
                    })
                    .map(Evidence::Credential),
                ProofType::Photo | ProofType::Screenshot => {
                    let picture = |value: &Value| own_file(value, &files, is_picture);
                    let pictures = fields.required("photos", list(1..=FILES_MAX, picture));
                    pictures.map(Evidence::Pictures)
                }
                ProofType::Artifact => {
                    let file = |value: &Value| own_file(value, &files, |_| true);
                    fields
                        .required("artifacts", list(1..=FILES_MAX, file))
                        .map(Evidence::Files)
                }
                ProofType::Confirmation => {
                    let text_read =
                        fields.required("confirmation_text", text(1..=CONFIRMATION_CHARS_MAX));
                    let reference_url = fields.optional("reference_url", url(&["https", "http"]));
                    text_read.map(|text| Evidence::Confirmation {
                        text,
                        reference_url,
                    })
                }
            };
            let asks_for_result = task.stated.result_schema.as_ref();
            let result =
                asks_for_result.and_then(|_| fields.optional("result", |value| Ok(value.clone())));
            let notes = fields.optional("notes", text(0..=NOTES_CHARS_MAX));
            let submission_id = fields.optional("submission_id", submission_id);
            fields.refuse_others(
                &EVIDENCE_FIELDS,
                if is_credential { PLAINTEXT } else { NOT_ASKED },
            );
            Some(Self {
                evidence: evidence?,
                result,
                notes,
                submission_id,
                submitted_at,
            })
        })
    }

    /// Returns the effort of decoding the pictures of the proof, which are among `files`.
    pub fn effort(&self, files: &[ProofFile]) -> ReviewLoad {
        let files: HashMap<_, _> = files.iter().map(|file| (file.id, file)).collect();
        let own = self.uploads().iter().filter_map(|id| files.get(id));
        let pixels = own.map(|file| picture::pixels_to_decode(&file.content_type, file.pixels));
        ReviewLoad::of(pixels.sum())
    }

    /// Returns the uploads that the proof consists of.
    pub fn uploads(&self) -> &[UploadId] {
        match &self.evidence {
            Evidence::Pictures(uploads) | Evidence::Files(uploads) => uploads,
            Evidence::Confirmation { .. } | Evidence::Credential(_) => &[],
        }
    }
}

/// Returns the faults of the typed result in a submission, by their field paths in the body.
pub fn result_faults(body: &Value, schema: &ResultSchema) -> Faults {
    let Some(result) = body.get("result").filter(|result| !result.is_null()) else {
        return fault("result", "is required: this task has a result_schema").into();
    };
    let mut faults = Faults::default();
    if let Err(inner) = schema.check(result) {
        faults.extend_within("result", inner);
    }
    faults
}

/// Returns the client's id for a submission. It is read before anything else: a repeated id is
/// answered with the first result, whatever has happened to the task since.
pub fn submission_id_of(body: &Value) -> Option<String> {
    body.get("submission_id")
        .and_then(|value| submission_id(value).ok())
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
            "must have {SUBMISSION_ID_CHARS_MIN} to {SUBMISSION_ID_CHARS_MAX} letters, digits, - or _"
        ))
    }
}

/// Finds the upload that a URL names; `files` holds only the operator's own.
fn own_file(
    value: &Value,
    files: &HashMap<UploadId, &ProofFile>,
    fits: impl Fn(&ProofFile) -> bool,
) -> Parsed<UploadId> {
    let read = text(1..=URL_CHARS_MAX)(value)?;
    let path = read.split(['?', '#']).next().unwrap_or_default();
    let id = path
        .rsplit('/')
        .next()
        .and_then(|last| last.parse::<UploadId>().ok());
    match id.and_then(|id| files.get(&id)) {
        Some(file) if fits(file) => Ok(file.id),
        Some(_) => wrong("must be a picture"),
        None => wrong("must be the url of a file that you sent to /operator/upload for this task"),
    }
}

fn is_picture(file: &ProofFile) -> bool {
    file.content_type.starts_with("image/")
}
