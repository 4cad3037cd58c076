//! The sandbox's synthetic operator and Guardian: makes one step of a simulated task (contract §3).
//!
//! Each move of a simulated task schedules this job if the next move is theirs. The step is a move
//! like any other: it may run late, twice, or after the agent was faster.

use api_types::{TaskId, UploadId, proof::ProofType, status::Status};
use serde_json::Value;

use super::JobError;
use crate::{
    app::App,
    domain::{
        proof::{Evidence, Proof},
        sandbox, synthetic,
        task::{MoveContext, Moved, Task},
        task_type,
    },
    outside::files::FilesError,
    store::{
        Tx, credentials, ledger::PostError, moves, proofs, tasks, uploads, uploads::NewUpload,
    },
};

/// Makes the next step of a simulated task, if it is still due.
///
/// # Errors
/// [`JobError::Retry`] while the picture cannot be written.
pub async fn run(app: &App, task_id: TaskId) -> Result<(), JobError> {
    let task = app.store.read(move |tx| tasks::get(tx, task_id)).await?;
    let Some(task) = task.filter(|task| task.stated.sandbox && sandbox::has_next_step(task)) else {
        return Ok(());
    };
    let context = app.move_context();
    let submitted = match task.status {
        Status::Pending | Status::Submitted => None,
        _ => {
            let picture = match wants_picture(&task) {
                true => Some(draw(app, &task, context).await?),
                false => None,
            };
            let result = sample(&task).await?;
            let proof = proof(&task, picture.as_ref(), result, context)?;
            Some((proof, picture))
        }
    };
    record(app, &task, submitted, context).await
}

/// Returns the next move of the synthetic operator or Guardian, if it is theirs.
fn next_move(task: Task, context: MoveContext) -> Option<Moved> {
    let moved = match task.status {
        Status::Pending if task.stated.estimate.required => {
            task.estimate(sandbox::operator(), sandbox::estimate(context.now), context)
        }
        Status::Pending => task.accept(sandbox::operator(), context),
        Status::Submitted => {
            let result = sandbox::guardian_result(&task);
            task.judge(result, context)
        }
        _ => task.submit(sandbox::operator(), context),
    };
    moved.ok()
}

fn wants_picture(task: &Task) -> bool {
    let is_text = task.stated.proof_type == ProofType::Confirmation;
    !is_text && !task_type::is_credential(task.stated.task_type)
}

/// Draws the picture of a proof and writes its file. Its row is inserted together with the move.
async fn draw(app: &App, task: &Task, context: MoveContext) -> Result<NewUpload, JobError> {
    let png = synthetic::picture(context.now)
        .ok_or_else(|| JobError::Fail("the picture could not be drawn".to_owned()))?;
    let id = UploadId::new(context.now, app.entropy.u128());
    let unwritten = |error: FilesError| JobError::Retry(error.to_string());
    let mut file = app.files.begin(id).await.map_err(unwritten)?;
    file.write(&png).await.map_err(unwritten)?;
    let written = file.finish().await.map_err(unwritten)?;
    Ok(NewUpload {
        id,
        operator_id: sandbox::operator(),
        task_id: Some(task.id),
        sha256: written.sha256,
        content_type: "image/png".to_owned(),
        size_bytes: written.size,
        pixels: Some(synthetic::PICTURE),
        created_at: context.now,
    })
}

/// Generates a result that satisfies the task's schema, if one is found. Runs outside of the async
/// threads, because an agent's schema may take a while.
async fn sample(task: &Task) -> Result<Option<Value>, JobError> {
    let Some(schema) = task.stated.result_schema.clone() else {
        return Ok(None);
    };
    tokio::task::spawn_blocking(move || schema.sample())
        .await
        .map_err(|error| JobError::Retry(format!("the result could not be made: {error}")))
}

/// Returns a proof of the kind that the task requires.
fn proof(
    task: &Task,
    picture: Option<&NewUpload>,
    result: Option<Value>,
    context: MoveContext,
) -> Result<Proof, JobError> {
    let uploads = picture.iter().map(|upload| upload.id).collect();
    let evidence = match task.stated.proof_type {
        _ if task_type::is_credential(task.stated.task_type) => {
            let envelope = synthetic::credential(task, context.now);
            let unsealed = || JobError::Retry("the credential could not be sealed".to_owned());
            Evidence::Credential(envelope.ok_or_else(unsealed)?)
        }
        ProofType::Photo | ProofType::Screenshot => Evidence::Pictures(uploads),
        ProofType::Artifact => Evidence::Files(uploads),
        ProofType::Confirmation => Evidence::Confirmation {
            text: synthetic::CONFIRMATION.to_owned(),
            reference_url: None,
        },
    };
    let notes = match (&task.stated.result_schema, &result) {
        (Some(_), None) => synthetic::NOTES_WITHOUT_RESULT,
        _ => synthetic::NOTES,
    };
    Ok(Proof {
        evidence,
        result,
        notes: Some(notes.to_owned()),
        submission_id: None,
        submitted_at: context.now,
    })
}

/// Records the move, unless the task has moved on. In that case its next step has a job of its own,
/// and what was prepared for this one is discarded.
async fn record(
    app: &App,
    task: &Task,
    submitted: Option<(Proof, Option<NewUpload>)>,
    context: MoveContext,
) -> Result<(), JobError> {
    let picture = (submitted.as_ref()).and_then(|(_, picture)| Some(picture.as_ref()?.id));
    let (task_id, version) = (task.id, task.version);
    let written = app
        .store
        .write(move |tx| {
            let unmoved = tasks::get(tx, task_id)?.filter(|task| task.version == version);
            let Some(moved) = unmoved.and_then(|task| next_move(task, context)) else {
                return Ok(false);
            };
            write(tx, &moved, submitted.as_ref()).map(|()| true)
        })
        .await;
    if let (Ok(false) | Err(_), Some(id)) = (&written, picture) {
        // Without its row nobody can request the file, so a failure here is ignored.
        drop(app.files.delete(id).await);
    }
    match written {
        Ok(_) => Ok(()),
        Err(PostError::Store(error)) => Err(error.into()),
        Err(PostError::InsufficientFunds) => {
            Err(JobError::Fail("a simulated task moved money".to_owned()))
        }
    }
}

fn write(
    tx: &mut Tx<'_>,
    moved: &Moved,
    submitted: Option<&(Proof, Option<NewUpload>)>,
) -> Result<(), PostError> {
    let task_id = moved.task.id;
    moves::record(tx, moved)?;
    let Some((proof, picture)) = submitted else {
        return Ok(());
    };
    if let Some(picture) = picture {
        uploads::insert_or_existing(tx, picture)?;
    }
    proofs::insert(tx, task_id, sandbox::operator(), proof)?;
    if let Evidence::Credential(envelope) = &proof.evidence {
        credentials::insert(tx, task_id, envelope, moved.at)?;
    }
    Ok(())
}
