//! The Guardian: measure a submitted proof, judge it by rules, move the task.

use api_types::{TaskId, UploadId, task::Status};
use tokio::sync::Semaphore;

use super::JobError;
use crate::{
    app::App,
    domain::{
        credential,
        guardian::{self, FileFindings, Findings},
        picture::{self, Measured, Unmeasured},
        secret::hex,
        task::Task,
    },
    store::{
        StoreError, Tx,
        credentials::{self, Kept},
        ledger::PostError,
        moves,
        proofs::{self, SentPicture, StoredEvidence, StoredProof},
        tasks, uploads,
    },
};

/// A picture with fewer light-to-dark steps than this, or fewer dark-to-light ones, looks like too
/// many others to be told apart by its look.
const LOOK_STEPS_MIN: u32 = 6;

/// Judges the latest proof of a task, unless the task was decided meanwhile.
///
/// # Errors
/// [`JobError::Retry`] while a file cannot be read.
pub async fn run(app: &App, task_id: TaskId) -> Result<(), JobError> {
    let found = app.store.read(move |tx| waiting(tx, task_id)).await?;
    let Some((_, proof)) = found else {
        return Ok(());
    };
    let evidence = gather(app, &proof).await?;
    let submitted_at = proof.submitted_at;
    let turn = app.turn();
    let may_approve = app.config.rules_may_approve();
    let judged = app
        .store
        .write(move |tx| {
            let findings = findings(tx, task_id, &evidence)?;
            // Decided meanwhile: the agent was faster, and its word stands. A later proof has a
            // review of its own.
            let Some((task, latest)) = waiting(tx, task_id)? else {
                return Ok(());
            };
            if latest.submitted_at != submitted_at {
                return Ok(());
            }
            let stated = &task.stated;
            let requirements = &stated.proof_requirements;
            let result = guardian::judge(stated.proof_type, requirements, &findings, may_approve);
            match task.judge(result, turn) {
                Ok(moved) => moves::record(tx, &moved),
                Err(_) => Ok(()),
            }
        })
        .await;
    match judged {
        Ok(()) => Ok(()),
        Err(PostError::Store(error)) => Err(error.into()),
        Err(PostError::InsufficientFunds) => Err(JobError::Fail(format!(
            "the escrow of {task_id} does not hold what it should"
        ))),
    }
}

fn waiting(tx: &mut Tx<'_>, task_id: TaskId) -> Result<Option<(Task, StoredProof)>, StoreError> {
    let task = tasks::get(tx, task_id)?.filter(|task| task.status == Status::Submitted);
    let proof = proofs::latest(tx, task_id)?;
    Ok(task.zip(proof))
}

/// What was measured before any transaction.
#[derive(Clone)]
enum Evidence {
    Credential,
    Confirmation { chars: usize },
    Files(Vec<File>),
}

#[derive(Clone)]
struct File {
    sent: SentPicture,
    measured: Result<Measured, Unmeasured>,
}

async fn gather(app: &App, proof: &StoredProof) -> Result<Evidence, JobError> {
    match &proof.evidence {
        StoredEvidence::Credential => Ok(Evidence::Credential),
        StoredEvidence::Confirmation { text, .. } => Ok(Evidence::Confirmation {
            chars: text.trim().chars().count(),
        }),
        StoredEvidence::Pictures { uploads } | StoredEvidence::Files { uploads } => {
            let mut files = Vec::with_capacity(uploads.len());
            for id in uploads {
                files.push(measure(app, *id).await?);
            }
            Ok(Evidence::Files(files))
        }
    }
}

/// Pictures that are decoded at one time: each may take 400 MB while it is.
static DECODING: Semaphore = Semaphore::const_new(2);

async fn measure(app: &App, id: UploadId) -> Result<File, JobError> {
    let upload = app.store.read(move |tx| uploads::get(tx, id)).await?;
    let upload =
        upload.ok_or_else(|| JobError::Fail(format!("{id} is in a proof but not stored")))?;
    let turn = DECODING.acquire().await;
    let turn = turn.map_err(|error| JobError::Retry(error.to_string()))?;
    let bytes = app
        .files
        .read(id)
        .await
        .map_err(|error| JobError::Retry(error.to_string()))?;
    // Decoding takes the processor for a while; requests are answered on other threads.
    let measure = move || {
        // Held where the memory is: a job that is given up does not end its thread.
        let _turn = turn;
        picture::measure(&bytes)
    };
    let measured = tokio::task::spawn_blocking(measure)
        .await
        .map_err(|error| JobError::Retry(error.to_string()))?;
    let look = measured.as_ref().ok().and_then(look);
    Ok(File {
        sent: SentPicture {
            upload_id: id,
            sha256: upload.sha256,
            look,
        },
        measured,
    })
}

fn look(measured: &Measured) -> Option<String> {
    let steps: u32 = measured.hash.iter().map(|byte| byte.count_ones()).sum();
    (LOOK_STEPS_MIN..=64 - LOOK_STEPS_MIN)
        .contains(&steps)
        .then(|| hex(&measured.hash))
}

fn findings(tx: &mut Tx<'_>, task_id: TaskId, evidence: &Evidence) -> Result<Findings, StoreError> {
    match evidence {
        Evidence::Credential => {
            let kept = credentials::get(tx, task_id)?;
            let valid = matches!(kept, Some(Kept::Sealed(envelope))
                if credential::check(&envelope).is_ok());
            Ok(Findings::Credential { valid })
        }
        Evidence::Confirmation { chars } => Ok(Findings::Confirmation { chars: *chars }),
        Evidence::Files(files) => {
            let mut found = Vec::with_capacity(files.len());
            for (nth, file) in files.iter().enumerate() {
                let before = files.iter().take(nth);
                let repeated = before.map(|it| &it.sent).any(|it| it.is_like(&file.sent));
                let seen_before = proofs::seen_for_another(tx, task_id, &file.sent)?;
                proofs::insert_picture(tx, task_id, &file.sent)?;
                found.push(FileFindings {
                    measured: file.measured.clone(),
                    seen_before,
                    repeated,
                });
            }
            Ok(Findings::Files(found))
        }
    }
}
