//! The outbox's place in the browser: IndexedDB, one store for proofs and one for their files.
//!
//! A proof is an object with its task and its text, a file is the browser's own `Blob`. Every
//! change reads and writes in one transaction, so that none undoes another, whichever tab makes it.

use idb::{Database, DatabaseEvent as _, Factory, ObjectStoreParams, TransactionMode};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::{Change, ProofKey, WaitingProof};

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

impl Row {
    fn of(proof: &WaitingProof) -> Result<JsValue, NotKept> {
        let proof = serde_json::to_string(proof).map_err(|_| NotKept)?;
        Ok(serde_wasm_bindgen::to_value(&Self { proof })?)
    }

    /// A row of an older app that no longer reads is passed over, never thrown away.
    fn read(row: JsValue) -> Option<WaitingProof> {
        let row: Self = serde_wasm_bindgen::from_value(row).ok()?;
        serde_json::from_str(&row.proof).ok()
    }
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
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

/// The proof of that key, if it is kept.
pub(super) async fn proof(key: ProofKey) -> Result<Option<WaitingProof>, NotKept> {
    one(PROOFS, &key.to_string())
        .await
        .map(|row| row.and_then(Row::read))
}

/// The file of that key.
pub(super) async fn file(key: &str) -> Result<Blob, NotKept> {
    one(FILES, key)
        .await?
        .and_then(|value| value.dyn_into::<Blob>().ok())
        .ok_or(NotKept)
}

async fn one(store: &str, key: &str) -> Result<Option<JsValue>, NotKept> {
    let database = open().await?;
    let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
    let found = transaction
        .object_store(store)?
        .get(JsValue::from_str(key))?
        .await?;
    database.close();
    Ok(found)
}

/// Puts what `change` makes of a proof in its place, and returns it. `file` is kept if the proof
/// then has it; files that the proof no longer has are forgotten.
pub(super) async fn change(
    key: ProofKey,
    change: &Change,
    file: Option<(&str, &Blob)>,
) -> Result<Option<WaitingProof>, NotKept> {
    let database = open().await?;
    let transaction = database.transaction(&[PROOFS, FILES], TransactionMode::ReadWrite)?;
    let proofs = transaction.object_store(PROOFS)?;
    let files = transaction.object_store(FILES)?;
    let id = JsValue::from_str(&key.to_string());
    let before = proofs.get(id.clone())?.await?.and_then(Row::read);
    let after = change(before.clone());
    match &after {
        Some(proof) => drop(proofs.put(&Row::of(proof)?, Some(&id))?),
        None if before.is_some() => drop(proofs.delete(id)?),
        None => {}
    }
    if let Some((key, file)) = file.filter(|(key, _)| has(after.as_ref(), key)) {
        files.put(file, Some(&JsValue::from_str(key)))?;
    }
    for old in before.iter().flat_map(|proof| &proof.files) {
        if !has(after.as_ref(), &old.key) {
            files.delete(JsValue::from_str(&old.key))?;
        }
    }
    // Kept means committed, not merely asked for.
    let committed = transaction.await?.is_committed();
    database.close();
    if committed { Ok(after) } else { Err(NotKept) }
}

fn has(proof: Option<&WaitingProof>, key: &str) -> bool {
    proof.is_some_and(|proof| proof.files.iter().any(|file| file.key == key))
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
