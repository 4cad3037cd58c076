//! Uploads: who sent which file, for which task. The bytes are handled by `outside/files.rs`.
//!
//! Functions return database errors as [`StoreError`].

use std::collections::HashMap;

use api_types::{OperatorId, TaskId, Timestamp, UploadId};

use crate::domain::proof::ProofFile;
use crate::store::engine::columns::{text, time};
use crate::store::search::with_ids;
use crate::store::{Row, StoreError, Tx, params};

/// A file that has been written under its id and has no row yet.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The upload's id, which is also the file's name in the folder.
    pub id: UploadId,
    /// The operator who sent it.
    pub operator_id: OperatorId,
    /// The task for which it was sent, if the operator named one.
    pub task_id: Option<TaskId>,
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// The media type, determined from the content.
    pub content_type: String,
    /// The size in bytes.
    pub size_bytes: u64,
    /// Width and height in pixels, of a picture that can be measured.
    pub pixels: Option<(u32, u32)>,
    /// When it was sent.
    pub created_at: Timestamp,
}

/// A file that has its row.
pub type StoredUpload = NewUpload;

/// Inserts the file's row, or returns the existing upload with the same bytes.
pub fn insert_or_existing(tx: &mut Tx<'_>, upload: &NewUpload) -> Result<StoredUpload, StoreError> {
    let operator_id = upload.operator_id.to_string();
    let task_id = upload.task_id.map_or_else(String::new, |id| id.to_string());
    tx.send(
        "INSERT INTO upload (id, operator_id, task_id, sha256, content_type, size_bytes,
                             width, height, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (operator_id, task_id, sha256) DO NOTHING",
        params![
            upload.id.to_string(),
            &operator_id,
            &task_id,
            &upload.sha256,
            &upload.content_type,
            i64::try_from(upload.size_bytes).unwrap_or(i64::MAX),
            upload.pixels.map(|(width, _)| width),
            upload.pixels.map(|(_, height)| height),
            upload.created_at.as_millis(),
        ],
    )?;
    let row = tx.first(
        "SELECT * FROM upload WHERE operator_id = $1 AND task_id = $2 AND sha256 = $3",
        &params![&operator_id, &task_id, &upload.sha256],
    )?;
    match row {
        Some(row) => stored(&row),
        // The upload was bound to its task, which is part of its key, between the two statements.
        None => Err(tx.lost_race()),
    }
}

/// Returns the upload with this id, or `None` if there is none.
pub fn get(tx: &mut Tx<'_>, id: UploadId) -> Result<Option<StoredUpload>, StoreError> {
    let row = tx.first(
        "SELECT * FROM upload WHERE id = $1",
        &params![id.to_string()],
    )?;
    row.as_ref().map(stored).transpose()
}

/// Returns the uploads with these ids, without those that do not exist.
pub fn with_these_ids(
    tx: &mut Tx<'_>,
    ids: &[UploadId],
) -> Result<HashMap<UploadId, StoredUpload>, StoreError> {
    with_ids(tx, "SELECT * FROM upload WHERE id", ids, stored)
}

/// Returns whether this operator has claimed the task, and may send files for it.
pub fn claimed_by(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    operator_id: OperatorId,
) -> Result<bool, StoreError> {
    let claimed = tx.first(
        "SELECT 1 AS found FROM task WHERE id = $1 AND operator_id = $2",
        &params![task_id.to_string(), operator_id.to_string()],
    )?;
    Ok(claimed.is_some())
}

/// Returns the files that an operator may use in the proof of a task: those sent for it, and those
/// sent for no task in particular.
pub fn usable_in_proof(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    task_id: TaskId,
) -> Result<Vec<ProofFile>, StoreError> {
    let rows = tx.query(
        "SELECT id, content_type, width, height FROM upload
         WHERE operator_id = $1 AND (task_id = $2 OR task_id = '')",
        &params![operator_id.to_string(), task_id.to_string()],
    )?;
    rows.iter()
        .map(|row| {
            Ok(ProofFile {
                id: text(row, "id")?,
                content_type: row.get("content_type")?,
                pixels: pixels(row)?,
            })
        })
        .collect()
}

/// Binds files that were sent for no task in particular to the task that they now prove.
pub fn bind(tx: &mut Tx<'_>, uploads: &[UploadId], task_id: TaskId) -> Result<(), StoreError> {
    let mut in_order = uploads.to_vec();
    in_order.sort_unstable();
    for id in in_order {
        // If the same bytes were sent for the task as well, the unbound copy stays unbound.
        tx.send(
            "UPDATE upload SET task_id = $2 WHERE id = $1 AND task_id = '' AND NOT EXISTS (
                 SELECT 1 FROM upload AS tied
                 WHERE tied.operator_id = upload.operator_id AND tied.task_id = $2
                   AND tied.sha256 = upload.sha256)",
            params![id.to_string(), task_id.to_string()],
        )?;
    }
    Ok(())
}

fn stored(row: &Row) -> Result<StoredUpload, StoreError> {
    let task_id: String = row.get("task_id")?;
    let size_bytes: i64 = row.get("size_bytes")?;
    Ok(StoredUpload {
        id: text(row, "id")?,
        operator_id: text(row, "operator_id")?,
        task_id: if task_id.is_empty() {
            None
        } else {
            Some(text(row, "task_id")?)
        },
        sha256: row.get("sha256")?,
        content_type: row.get("content_type")?,
        size_bytes: size_bytes.unsigned_abs(),
        pixels: pixels(row)?,
        created_at: time(row, "created_at_ms")?,
    })
}

fn pixels(row: &Row) -> Result<Option<(u32, u32)>, StoreError> {
    let sides = row
        .get::<Option<i64>>("width")?
        .zip(row.get::<Option<i64>>("height")?);
    Ok(sides.and_then(|(w, h)| u32::try_from(w).ok().zip(u32::try_from(h).ok())))
}
