//! Proofs: what an operator submits, and uploaded files.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    bounds::bounds,
    credential::EncryptedCredential,
    id::{TaskId, UploadId},
    status::Status,
    strings::{URL_CHARS_MAX, string_enum},
    time::Timestamp,
};

/// Maximum size of an uploaded file in bytes: 15 MiB.
pub const UPLOAD_BYTES_MAX: u64 = 15 * 1024 * 1024;

/// Maximum number of files in a proof.
pub const FILES_MAX: usize = 20;

/// Maximum number of characters in a confirmation.
pub const CONFIRMATION_CHARS_MAX: usize = 10_000;

/// Maximum size of a typed result in bytes of compact JSON: 64 KiB.
pub const RESULT_BYTES_MAX: usize = 64 * 1024;

/// Maximum number of characters in an operator's notes.
pub const NOTES_CHARS_MAX: usize = 2_000;

/// Minimum number of characters in a `submission_id`.
pub const SUBMISSION_ID_CHARS_MIN: usize = 8;

/// Maximum number of characters in a `submission_id`.
pub const SUBMISSION_ID_CHARS_MAX: usize = 64;

string_enum! {
    /// The kind of proof that a task asks for.
    #[derive(Hash)]
    pub enum ProofType {
        /// The proof is photos taken on the spot.
        Photo = "PHOTO",
        /// The proof is pictures of a screen, uploaded like photos.
        Screenshot = "SCREENSHOT",
        /// The proof is a confirmation in words.
        Confirmation = "CONFIRMATION",
        /// The proof is a sealed credential on credential tasks, and files on other tasks.
        Artifact = "ARTIFACT",
    }
}

/// The request body of POST /operator/tasks/:id/submit. The required fields depend on the task's
/// proof type: `photos` for PHOTO and SCREENSHOT, `confirmation_text` for CONFIRMATION, `artifacts`
/// for ARTIFACT, and only `encrypted_credential` for the credential task types.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubmitProof {
    /// URLs returned by POST /operator/upload for this task, in display order; 1 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<Vec<String>>,
    /// The confirmation, 1 to 10 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_text: Option<String>,
    /// An http or https URL that the confirmation refers to, at most 2 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub reference_url: Option<String>,
    /// The credential, sealed in the operator's browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<crate::credential::SubmittedCredential>)
    )]
    pub encrypted_credential: Option<EncryptedCredential>,
    /// URLs returned by POST /operator/upload for this task; 1 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Vec<String>>,
    /// The typed result, at most 64 KiB; it must satisfy the task's `result_schema`, and is given
    /// only if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<Box<RawValue>>,
    /// Notes of at most 2 000 characters. They are not sealed, so they must not contain secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// An id of 8 to 64 characters, generated on the phone. Submitting it again returns the first
    /// result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission_id: Option<String>,
}

bounds! {
    SubmitProof {
        photos: Items(1..=FILES_MAX),
        confirmation_text: Chars(1..=CONFIRMATION_CHARS_MAX),
        reference_url: Chars(1..=URL_CHARS_MAX),
        artifacts: Items(1..=FILES_MAX),
        notes: Chars(0..=NOTES_CHARS_MAX),
        submission_id: Chars(SUBMISSION_ID_CHARS_MIN..=SUBMISSION_ID_CHARS_MAX),
    }
}

/// The response to POST /operator/tasks/:id/submit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofReceipt {
    /// The id of the task.
    pub task_id: TaskId,
    /// The task's new status, `SUBMITTED`.
    pub status: Status,
    /// When the proof was submitted.
    pub submitted_at: Timestamp,
    /// A sentence about what happens next.
    pub message: String,
}

/// The response to POST /operator/upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// The URL of the file, to be listed in `photos` or `artifacts` of the proof.
    pub url: String,
    /// The id of the upload; the last part of `url`.
    pub upload_id: UploadId,
    /// The SHA-256 digest of the uploaded bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// The media type, determined from the content, never from the file name.
    pub content_type: String,
    /// The size of the file in bytes, at most 15 MiB.
    pub size: u64,
    /// Width in pixels as the picture is displayed, if it could be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels as the picture is displayed, if it could be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// A submitted proof, as the task's agent and its operator see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofView {
    /// Signed URLs of the photos, valid for 15 minutes.
    #[serde(default)]
    pub photos: Vec<String>,
    /// Signed URLs of the files, valid for 15 minutes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// The operator's confirmation in words; left out if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_text: Option<String>,
    /// The URL that the confirmation refers to; left out if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_url: Option<String>,
    /// Whether the agent can retrieve a sealed credential; left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_credential: bool,
    /// The operator's notes on the proof; null if there are none.
    #[serde(default)]
    pub notes: Option<String>,
    /// When the proof was submitted. The name of this field is in camel case.
    #[serde(rename = "submittedAt")]
    pub submitted_at: Timestamp,
}
