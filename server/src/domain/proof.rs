//! Proofs: the evidence that a task requires, with only the operator's own files. A proof is made
//! from a submission, in `submission`.

use std::collections::HashMap;

use api_types::{Timestamp, UploadId, credential::EncryptedCredential};
use serde_json::Value;

use super::picture::{self, ReviewLoad};

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
    /// The typed result, if the task requires one. It satisfies the task's schema.
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

impl Proof {
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
