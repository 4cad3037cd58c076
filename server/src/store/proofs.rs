//! Proofs as they were submitted, and the pictures in them, by their bytes and their perceptual
//! hash.
//!
//! Functions return database errors as [`StoreError`].

use std::collections::HashMap;

use api_types::{OperatorId, TaskId, Timestamp, UploadId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::proof::{Evidence, Proof};
use crate::store::engine::columns::{json, json_if_any, text, time, to_json};
use crate::store::search::with_ids;
use crate::store::{StoreError, Tx, params};

/// A proof as it is stored. A sealed credential has its own table, so it is only named here.
#[derive(Clone, Debug)]
pub struct StoredProof {
    /// The task that it proves.
    pub task_id: TaskId,
    /// The evidence that was submitted.
    pub evidence: StoredEvidence,
    /// The typed result, if the task required one.
    pub result: Option<Value>,
    /// The operator's notes.
    pub notes: Option<String>,
    /// When it was submitted.
    pub submitted_at: Timestamp,
}

/// The evidence of a stored proof.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StoredEvidence {
    /// Pictures in the operator's order.
    Pictures {
        /// Ids of their uploads.
        uploads: Vec<UploadId>,
    },
    /// Files in the operator's order.
    Files {
        /// Ids of their uploads.
        uploads: Vec<UploadId>,
    },
    /// A confirmation in words.
    Confirmation {
        /// The operator's words.
        text: String,
        /// An address to which they refer.
        reference_url: Option<String>,
    },
    /// A sealed credential, in the table `credential`.
    Credential,
}

/// Inserts a proof. Its credential, if it is one, is inserted by `credentials::insert`.
///
/// # Errors
/// [`StoreError::Unique`] if the operator sent this submission before.
pub fn insert(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    operator_id: OperatorId,
    proof: &Proof,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO proof (task_id, submitted_at_ms, operator_id, submission_id, evidence, notes,
                            result)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            task_id.to_string(),
            proof.submitted_at.as_millis(),
            operator_id.to_string(),
            proof.submission_id.as_deref(),
            to_json(&stored(&proof.evidence), "evidence")?,
            proof.notes.as_deref(),
            proof.result.as_ref().map(Value::to_string),
        ],
    )
}

fn stored(evidence: &Evidence) -> StoredEvidence {
    match evidence {
        Evidence::Pictures(uploads) => StoredEvidence::Pictures {
            uploads: uploads.clone(),
        },
        Evidence::Files(uploads) => StoredEvidence::Files {
            uploads: uploads.clone(),
        },
        Evidence::Confirmation {
            text,
            reference_url,
        } => StoredEvidence::Confirmation {
            text: text.clone(),
            reference_url: reference_url.clone(),
        },
        Evidence::Credential(_) => StoredEvidence::Credential,
    }
}

/// Returns the latest proof of a task, or `None` if it has none.
pub fn latest(tx: &mut Tx<'_>, task_id: TaskId) -> Result<Option<StoredProof>, StoreError> {
    Ok(latest_of(tx, &[task_id])?.remove(&task_id))
}

/// Returns the latest proof of each of these tasks that has one.
pub fn latest_of(
    tx: &mut Tx<'_>,
    tasks: &[TaskId],
) -> Result<HashMap<TaskId, StoredProof>, StoreError> {
    let select = "SELECT proof.task_id AS id, proof.evidence AS evidence, proof.notes AS notes,
             proof.result AS result, proof.submitted_at_ms AS submitted_at_ms
         FROM proof
         WHERE proof.submitted_at_ms = (
                 SELECT MAX(other.submitted_at_ms) FROM proof AS other
                 WHERE other.task_id = proof.task_id)
             AND proof.task_id";
    with_ids(tx, select, tasks, |row| {
        Ok(StoredProof {
            task_id: text(row, "id")?,
            evidence: json(row, "evidence")?,
            result: json_if_any(row, "result")?,
            notes: row.get("notes")?,
            submitted_at: time(row, "submitted_at_ms")?,
        })
    })
}

/// Returns the task of an operator's submission and when it was submitted, or `None` if the
/// operator has not sent it.
pub fn by_submission(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    submission_id: &str,
) -> Result<Option<(TaskId, Timestamp)>, StoreError> {
    let row = tx.first(
        "SELECT task_id, submitted_at_ms FROM proof
         WHERE operator_id = $1 AND submission_id = $2",
        &params![operator_id.to_string(), submission_id],
    )?;
    row.map(|row| Ok((text(&row, "task_id")?, time(&row, "submitted_at_ms")?)))
        .transpose()
}

/// A picture that was sent as proof.
#[derive(Clone, Debug)]
pub struct SentPicture {
    /// The id of its upload.
    pub upload_id: UploadId,
    /// The SHA-256 of its bytes.
    pub sha256: String,
    /// The perceptual hash in hexadecimal, if the picture could be measured and the hash
    /// distinguishes it from others. Its column is `look`.
    pub perceptual_hash: Option<String>,
}

impl SentPicture {
    /// Returns whether it is the other picture, or that picture saved again.
    pub fn resembles(&self, other: &Self) -> bool {
        let hashes_match =
            self.perceptual_hash.is_some() && self.perceptual_hash == other.perceptual_hash;
        hashes_match || self.sha256 == other.sha256
    }
}

/// Records that a picture was sent for a task, once, however often it is judged.
pub fn insert_picture(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    picture: &SentPicture,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO proof_picture (upload_id, task_id, sha256, look) VALUES ($1, $2, $3, $4)
         ON CONFLICT (upload_id) DO NOTHING",
        params![
            picture.upload_id.to_string(),
            task_id.to_string(),
            &picture.sha256,
            picture.perceptual_hash.as_deref(),
        ],
    )
}

/// Returns whether the same picture was sent for another task: the same bytes or the same
/// perceptual hash.
pub fn sent_for_another_task(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    picture: &SentPicture,
) -> Result<bool, StoreError> {
    let row = tx.first(
        "SELECT 1 AS seen FROM proof_picture
         WHERE task_id <> $1 AND (sha256 = $2 OR look = $3) LIMIT 1",
        &params![
            task_id.to_string(),
            &picture.sha256,
            picture.perceptual_hash.as_deref()
        ],
    )?;
    Ok(row.is_some())
}
