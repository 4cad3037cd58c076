//! Proof: what an operator sends (contract §4, S1).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    TaskId, Timestamp, UploadId, credential::EncryptedCredential, names::names, task::Status,
};

/// Bytes of one uploaded file at most: 15 MiB.
pub const UPLOAD_BYTES_MAX: u64 = 15 * 1024 * 1024;

/// Files in one proof at most.
pub const FILES_MAX: usize = 20;

/// Characters of a confirmation at most.
pub const CONFIRMATION_CHARS_MAX: usize = 10_000;

/// Characters of the operator's notes at most.
pub const NOTES_CHARS_MAX: usize = 2_000;

names! {
    /// What kind of proof a task asks for.
    #[derive(Hash)]
    pub enum ProofType {
        /// Photos taken on the spot.
        Photo = "PHOTO",
        /// Pictures of a screen, uploaded like photos.
        Screenshot = "SCREENSHOT",
        /// A text.
        Confirmation = "CONFIRMATION",
        /// A sealed credential on credential tasks, files on others.
        Artifact = "ARTIFACT",
    }
}

/// POST /operator/tasks/:id/submit. Which fields are needed depends on the task's proof type:
/// `photos` for PHOTO and SCREENSHOT, `confirmation_text` for CONFIRMATION, `artifacts` for
/// ARTIFACT, and `encrypted_credential` alone for the credential types.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SubmitProof {
    /// URLs that POST /operator/upload answered, in the order to look at them; at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub photos: Option<Vec<String>>,
    /// 1 to 10 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 10_000))]
    pub confirmation_text: Option<String>,
    /// An http or https address that the confirmation refers to, at most 2 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2000))]
    pub reference_url: Option<String>,
    /// Sealed in the operator's browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = Option<crate::credential::SubmittedCredential>)
    )]
    pub encrypted_credential: Option<EncryptedCredential>,
    /// URLs that POST /operator/upload answered; at most 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub artifacts: Option<Vec<String>>,
    /// The typed result, if the task has a `result_schema`: must satisfy it; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<Box<RawValue>>,
    /// At most 2 000 characters. Not for secrets: notes are not sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 2000))]
    pub notes: Option<String>,
    /// Made on the phone, 8 to 64 characters; a repeated one is answered with the first result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 8, max_length = 64))]
    pub submission_id: Option<String>,
}

/// The answer to POST /operator/tasks/:id/submit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofReceipt {
    /// The task.
    pub task_id: TaskId,
    /// `SUBMITTED`.
    pub status: Status,
    /// When.
    pub submitted_at: Timestamp,
    /// What happens next.
    pub message: String,
}

/// The answer to POST /operator/upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// Goes into `photos` or `artifacts` of the proof.
    pub url: String,
    /// The same by its id.
    pub upload_id: UploadId,
    /// Of the bytes as they were sent, lower-case hexadecimal.
    pub sha256: String,
    /// By content, never by name.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// Pixels, as the picture is seen, for pictures that can be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels, as the picture is seen, for pictures that can be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// A submitted proof, as the task's agent and its operator see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofView {
    /// Signed addresses that open for a quarter of an hour.
    #[serde(default)]
    pub photos: Vec<String>,
    /// Signed addresses that open for a quarter of an hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// The operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_text: Option<String>,
    /// What they refer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_url: Option<String>,
    /// Whether a sealed credential can be retrieved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_credential: bool,
    /// The operator's notes.
    #[serde(default)]
    pub notes: Option<String>,
    /// When; camel case as S1 prints it.
    #[serde(rename = "submittedAt")]
    pub submitted_at: Timestamp,
}
