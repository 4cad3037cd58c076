//! The operator submits proof (contract §4).

use std::sync::Arc;

use api_types::{
    OperatorId, TaskId, Timestamp,
    error::ErrorBody,
    paths,
    proof::{ProofReceipt, SubmitProof},
    status::Status,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use crate::http::error::{self, ApiError};
use crate::http::extract::auth::OperatorAuth;
use crate::http::extract::body::JsonBody;
use crate::http::idempotency::once;
use crate::{
    app::App,
    domain::{
        faults::Faults, moves::Move, proof::Evidence, submission::Submission, task::MoveContext,
    },
    store::{Tx, credentials, moves, proofs, tasks, uploads},
};

/// Submit proof for a claimed task. The Guardian reviews it next.
///
/// A repeated `Idempotency-Key`, or a repeated `submission_id` of the same operator for the same
/// task, returns the first result.
#[utoipa::path(post, path = paths::SUBMIT_PROOF, tag = "operators", params(("id" = TaskId, Path)),
    request_body = SubmitProof,
    security(("access_token" = []), ("operator_id" = [])),
    responses((status = 200, body = ProofReceipt), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub async fn submit_proof(
    State(app): State<App>,
    operator: OperatorAuth,
    Path(id): Path<String>,
    posted: JsonBody,
) -> Result<Response, ApiError> {
    let id = id
        .parse::<TaskId>()
        .map_err(|_| error::no_task_to(Move::Submit))?;
    let context = app.move_context();
    let submission = Arc::new(Submission::parse(&posted.body, context.now));
    let result_faults = result_faults(&app, operator.id, id, &submission).await?;
    let once_key = posted.once(operator.id);
    once(&app, once_key, StatusCode::OK, move |tx| {
        if let Some(submitted_at) = repeated(tx, operator.id, id, &submission)? {
            return Ok(receipt(id, submitted_at));
        }
        let faults = result_faults.as_ref();
        submit(tx, operator.id, id, &submission, faults, context)?;
        Ok(receipt(id, context.now))
    })
    .await
}

/// Validates a typed result against its task's schema, which does not change. This runs before the
/// write, because an agent's schema may take a while to evaluate and other writes wait for this
/// one. Returns `None` if the task is not claimed by this operator. In that case nothing is
/// evaluated, so that the response time does not reveal whether such a task exists.
async fn result_faults(
    app: &App,
    operator_id: OperatorId,
    task_id: TaskId,
    submission: &Arc<Submission>,
) -> Result<Option<Faults>, ApiError> {
    let task = app.store.read(move |tx| tasks::get(tx, task_id)).await?;
    let Some(task) = task.filter(|task| task.operator_id == Some(operator_id)) else {
        return Ok(None);
    };
    let Some(schema) = task.stated.result_schema else {
        return Ok(Some(Faults::default()));
    };
    let submission = Arc::clone(submission);
    tokio::task::spawn_blocking(move || submission.result_faults(&schema))
        .await
        .map(Some)
        .map_err(ApiError::accident)
}

/// Returns the receipt of this submission if the operator sent it before.
fn repeated(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    task_id: TaskId,
    submission: &Submission,
) -> Result<Option<Timestamp>, ApiError> {
    let Some(submission_id) = submission.id() else {
        return Ok(None);
    };
    match proofs::by_submission(tx, operator_id, submission_id)? {
        Some((of_task, submitted_at)) if of_task == task_id => Ok(Some(submitted_at)),
        Some(_) => {
            let message = "was used for another task: make a new one for each submission";
            Err(error::validation(vec![error::fault(
                "submission_id",
                message,
            )]))
        }
        None => Ok(None),
    }
}

fn submit(
    tx: &mut Tx<'_>,
    operator_id: OperatorId,
    task_id: TaskId,
    submission: &Submission,
    result_faults: Option<&Faults>,
    context: MoveContext,
) -> Result<(), ApiError> {
    let task = tasks::get(tx, task_id)?.ok_or_else(|| error::no_task_to(Move::Submit))?;
    // The status is checked first: the faults of a proof do not matter if the task accepts none.
    let moved = task.submit(operator_id, context)?;
    // The task was claimed after the check of the result: the submission came before the claim.
    let result_faults = result_faults.ok_or_else(|| error::no_task_to(Move::Submit))?;
    let files = uploads::usable_in_proof(tx, operator_id, task_id)?;
    let proof = submission.check(&moved.task, &files, result_faults)?;
    let moved = moved.with_review_load(proof.effort(&files));
    moves::record(tx, &moved)?;
    proofs::insert(tx, task_id, operator_id, &proof)?;
    uploads::bind(tx, proof.uploads(), task_id)?;
    if let Evidence::Credential(envelope) = &proof.evidence {
        credentials::insert(tx, task_id, envelope, context.now)?;
    }
    Ok(())
}

fn receipt(task_id: TaskId, submitted_at: Timestamp) -> ProofReceipt {
    ProofReceipt {
        task_id,
        status: Status::Submitted,
        submitted_at,
        message: "Proof submitted. AI Guardian verification in progress.".to_owned(),
    }
}
