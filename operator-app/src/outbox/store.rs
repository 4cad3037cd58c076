//! Storage of the outbox in IndexedDB: one object store for proofs and one for their files.
//!
//! A proof is stored as an object with its JSON text, a file as the browser's own `Blob`. Every
//! change reads and writes in one transaction, so that no tab overwrites the change of another.

use api_types::OperatorId;
use idb::{Database, DatabaseEvent as _, Factory, ObjectStoreParams, TransactionMode};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::proof::{OutboxProof, ProofChange, ProofKey};

const DATABASE: &str = "humanops";
const VERSION: u32 = 1;
const PROOFS: &str = "proofs";
const FILES: &str = "files";

/// The browser refused to store or to return a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StorageError;

impl From<idb::Error> for StorageError {
    fn from(_: idb::Error) -> Self {
        Self
    }
}

impl From<serde_wasm_bindgen::Error> for StorageError {
    fn from(_: serde_wasm_bindgen::Error) -> Self {
        Self
    }
}

/// A proof as it is stored. It is JSON text, so that conversions between Rust and JavaScript
/// numbers and null values cannot change it.
#[derive(Serialize, Deserialize)]
struct Row {
    proof: String,
}

impl Row {
    fn encode(proof: &OutboxProof) -> Result<JsValue, StorageError> {
        let proof = serde_json::to_string(proof).map_err(|_| StorageError)?;
        Ok(serde_wasm_bindgen::to_value(&Self { proof })?)
    }

    /// Parses a row. A row that an older version wrote and that no longer parses is skipped, never
    /// deleted.
    fn decode(row: JsValue) -> Option<OutboxProof> {
        let row: Self = serde_wasm_bindgen::from_value(row).ok()?;
        serde_json::from_str(&row.proof).ok()
    }
}

/// Returns the unsent proofs of all operators.
pub(super) async fn proofs() -> Result<Vec<OutboxProof>, StorageError> {
    let database = open().await?;
    let transaction = database.transaction(&[PROOFS], TransactionMode::ReadOnly)?;
    let rows = transaction
        .object_store(PROOFS)?
        .get_all(None, None)?
        .await?;
    database.close();
    Ok(rows.into_iter().filter_map(Row::decode).collect())
}

/// Returns the proof with this key, if it is stored.
pub(super) async fn proof(key: ProofKey) -> Result<Option<OutboxProof>, StorageError> {
    get(PROOFS, &key.to_string())
        .await
        .map(|row| row.and_then(Row::decode))
}

/// Returns the file with this key.
pub(super) async fn file(key: &str) -> Result<Blob, StorageError> {
    get(FILES, key)
        .await?
        .and_then(|value| value.dyn_into::<Blob>().ok())
        .ok_or(StorageError)
}

async fn get(store: &str, key: &str) -> Result<Option<JsValue>, StorageError> {
    let database = open().await?;
    let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
    let found = transaction
        .object_store(store)?
        .get(JsValue::from_str(key))?
        .await?;
    database.close();
    Ok(found)
}

/// Applies `change` to a proof, stores the result and returns it. Stores `file` if the changed
/// proof refers to it, and deletes files that the proof no longer refers to.
pub(super) async fn change(
    key: ProofKey,
    change: &ProofChange,
    file: Option<(&str, &Blob)>,
) -> Result<Option<OutboxProof>, StorageError> {
    let database = open().await?;
    let transaction = database.transaction(&[PROOFS, FILES], TransactionMode::ReadWrite)?;
    let proofs = transaction.object_store(PROOFS)?;
    let files = transaction.object_store(FILES)?;
    let id = JsValue::from_str(&key.to_string());
    let before = proofs.get(id.clone())?.await?.and_then(Row::decode);
    let after = change(before.clone());
    match &after {
        Some(proof) => drop(proofs.put(&Row::encode(proof)?, Some(&id))?),
        None if before.is_some() => drop(proofs.delete(id)?),
        None => {}
    }
    if let Some((key, file)) = file.filter(|(key, _)| refers_to(after.as_ref(), key)) {
        files.put(file, Some(&JsValue::from_str(key)))?;
    }
    for old in before.iter().flat_map(|proof| &proof.files) {
        if !refers_to(after.as_ref(), &old.key) {
            files.delete(JsValue::from_str(&old.key))?;
        }
    }
    // The change is stored only once the transaction is committed.
    let committed = transaction.await?.is_committed();
    database.close();
    if committed {
        Ok(after)
    } else {
        Err(StorageError)
    }
}

/// Deletes the proofs of an operator, and their files.
pub(super) async fn delete_all_of(operator: OperatorId) -> Result<(), StorageError> {
    let database = open().await?;
    let transaction = database.transaction(&[PROOFS, FILES], TransactionMode::ReadWrite)?;
    let proofs = transaction.object_store(PROOFS)?;
    let files = transaction.object_store(FILES)?;
    let rows = proofs.get_all(None, None)?.await?;
    let stored = rows.into_iter().filter_map(Row::decode);
    for proof in stored.filter(|proof| proof.operator_id == operator) {
        proofs.delete(JsValue::from_str(&proof.key().to_string()))?;
        for file in &proof.files {
            files.delete(JsValue::from_str(&file.key))?;
        }
    }
    let committed = transaction.await?.is_committed();
    database.close();
    committed.then_some(()).ok_or(StorageError)
}

fn refers_to(proof: Option<&OutboxProof>, key: &str) -> bool {
    proof.is_some_and(|proof| proof.files.iter().any(|file| file.key == key))
}

async fn open() -> Result<Database, StorageError> {
    let mut request = Factory::new()?.open(DATABASE, Some(VERSION))?;
    request.on_upgrade_needed(|event| {
        if let Ok(database) = event.database() {
            for store in [PROOFS, FILES] {
                // If the store cannot be created, the first transaction on it fails, and that error
                // is handled.
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        }
    });
    Ok(request.await?)
}
