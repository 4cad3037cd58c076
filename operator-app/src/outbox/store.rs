//! The outbox's place in the browser: IndexedDB, one store for proofs and one for their files.
//!
//! A proof is an object with its task and its text, a file is the browser's own `Blob`.

use idb::{Database, DatabaseEvent as _, Factory, ObjectStoreParams, TransactionMode};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::WaitingProof;

const DATABASE: &str = "humanops";
const VERSION: u32 = 1;
const PROOFS: &str = "proofs";
const FILES: &str = "files";

/// The browser refused to keep or to give back something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotKept;

impl From<idb::Error> for NotKept {
    fn from(_: idb::Error) -> Self {
        Self
    }
}

impl From<serde_wasm_bindgen::Error> for NotKept {
    fn from(_: serde_wasm_bindgen::Error) -> Self {
        Self
    }
}

/// A proof as it lies in its store. Its inside is text, so that the browser's own kinds of numbers
/// and of nothing do not come between.
#[derive(Serialize, Deserialize)]
struct Row {
    proof: String,
}

/// Each operator who uses the phone has one proof a task.
fn key(proof: &WaitingProof) -> String {
    format!("{}/{}", proof.operator_id, proof.task_id)
}

/// Every proof that waits, whosever it is.
pub(super) async fn proofs() -> Result<Vec<WaitingProof>, NotKept> {
    let database = open().await?;
    let transaction = database.transaction(&[PROOFS], TransactionMode::ReadOnly)?;
    let rows = transaction
        .object_store(PROOFS)?
        .get_all(None, None)?
        .await?;
    database.close();
    // A row of an older app that no longer reads is passed over, never thrown away.
    let read = |row| {
        let row: Row = serde_wasm_bindgen::from_value(row).ok()?;
        serde_json::from_str(&row.proof).ok()
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Keeps a proof, in place of what the operator kept for the same task.
pub(super) async fn put_proof(proof: &WaitingProof) -> Result<(), NotKept> {
    let row = Row {
        proof: serde_json::to_string(proof).map_err(|_| NotKept)?,
    };
    put(PROOFS, &key(proof), &serde_wasm_bindgen::to_value(&row)?).await
}

/// Keeps a file under its key.
pub(super) async fn put_file(key: &str, file: &Blob) -> Result<(), NotKept> {
    put(FILES, key, file).await
}

/// The file of that key.
pub(super) async fn file(key: &str) -> Result<Blob, NotKept> {
    let database = open().await?;
    let transaction = database.transaction(&[FILES], TransactionMode::ReadOnly)?;
    let found = transaction
        .object_store(FILES)?
        .get(JsValue::from_str(key))?
        .await?;
    database.close();
    found
        .and_then(|value| value.dyn_into::<Blob>().ok())
        .ok_or(NotKept)
}

/// Forgets a file.
pub(super) async fn delete_file(key: &str) -> Result<(), NotKept> {
    delete(FILES, key).await
}

/// Forgets a task's proof and all of its files.
pub(super) async fn delete_proof(proof: &WaitingProof) -> Result<(), NotKept> {
    delete(PROOFS, &key(proof)).await?;
    for file in &proof.files {
        delete(FILES, &file.key).await?;
    }
    Ok(())
}

async fn put(store: &str, key: &str, value: &JsValue) -> Result<(), NotKept> {
    let database = open().await?;
    let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
    transaction
        .object_store(store)?
        .put(value, Some(&JsValue::from_str(key)))?
        .await?;
    // Kept means committed, not merely asked for.
    let committed = transaction.await?.is_committed();
    database.close();
    if committed { Ok(()) } else { Err(NotKept) }
}

async fn delete(store: &str, key: &str) -> Result<(), NotKept> {
    let database = open().await?;
    let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
    transaction
        .object_store(store)?
        .delete(JsValue::from_str(key))?
        .await?;
    transaction.await?;
    database.close();
    Ok(())
}

async fn open() -> Result<Database, NotKept> {
    let mut request = Factory::new()?.open(DATABASE, Some(VERSION))?;
    request.on_upgrade_needed(|event| {
        if let Ok(database) = event.database() {
            for store in [PROOFS, FILES] {
                // A store that cannot be made shows at the first transaction, which is answered.
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        }
    });
    Ok(request.await?)
}
