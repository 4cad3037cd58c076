//! The Guardian: measures a submitted proof, judges it by rules, and moves the task.

use api_types::{TaskId, UploadId, status::Status};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::JobError;
use crate::{
    app::App,
    domain::{
        credential,
        guardian::{self, FileFindings, FileKind, Findings},
        picture::{self, MeasureError, PictureMeasurements, ReviewLoad},
        secret::hex,
        task::Task,
    },
    store::{
        StoreError, Tx,
        credentials::{self, StoredCredential},
        ledger::PostError,
        moves,
        proofs::{self, SentPicture, StoredEvidence, StoredProof},
        tasks,
        uploads::{self, StoredUpload},
    },
};

/// Minimum number of light-to-dark steps, and of dark-to-light steps, in a picture's perceptual
/// hash. A picture with fewer looks like too many others to be recognised by it.
const HASH_STEPS_MIN: u32 = 6;

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
    let context = app.move_context();
    let may_approve = app.config.rules_may_approve();
    let judged = app
        .store
        .write(move |tx| {
            let findings = findings(tx, task_id, &evidence)?;
            // If the task was decided meanwhile, the agent was faster, and its decision stands. A
            // later proof has a review of its own.
            let Some((task, latest)) = waiting(tx, task_id)? else {
                return Ok(());
            };
            if latest.submitted_at != submitted_at {
                return Ok(());
            }
            let requirements = &task.stated.proof_requirements;
            let result = guardian::judge(requirements, &findings, may_approve);
            match task.judge(result, context) {
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

/// The measurements of a proof, made before any transaction.
#[derive(Clone)]
enum Measurements {
    Credential,
    Confirmation { chars: usize },
    Files(Vec<File>),
}

#[derive(Clone)]
struct File {
    kind: FileKind,
    sent: SentPicture,
    measured: Result<PictureMeasurements, MeasureError>,
}

async fn gather(app: &App, proof: &StoredProof) -> Result<Measurements, JobError> {
    match &proof.evidence {
        StoredEvidence::Credential => Ok(Measurements::Credential),
        StoredEvidence::Confirmation { text, .. } => Ok(Measurements::Confirmation {
            chars: text.trim().chars().count(),
        }),
        StoredEvidence::Pictures { uploads } | StoredEvidence::Files { uploads } => {
            let uploads = stored(app, uploads.clone()).await?;
            let effort = ReviewLoad::of(uploads.iter().map(pixels_of).sum());
            let mut files = Vec::with_capacity(uploads.len());
            for upload in uploads {
                files.push(measure(app, upload, effort).await?);
            }
            Ok(Measurements::Files(files))
        }
    }
}

async fn stored(app: &App, ids: Vec<UploadId>) -> Result<Vec<StoredUpload>, JobError> {
    let named = ids.clone();
    let found = app
        .store
        .read(move |tx| uploads::with_these_ids(tx, &named))
        .await?;
    let present = ids.into_iter().map(|id| {
        // A proof may name the same upload twice.
        let upload = found.get(&id).cloned();
        upload.ok_or_else(|| JobError::Fail(format!("{id} is in a proof but not stored")))
    });
    present.collect()
}

fn pixels_of(upload: &StoredUpload) -> u64 {
    picture::pixels_to_decode(&upload.content_type, upload.pixels)
}

/// Memory for pictures that are decoded at the same time, in MiB. Light and heavy proofs have
/// separate semaphores, so that a light proof never waits for a heavy one. Each semaphore is first
/// in, first out.
static LIGHT: Semaphore = Semaphore::const_new(LIGHT_MIB);
static HEAVY: Semaphore = Semaphore::const_new(HEAVY_MIB);

/// Memory for light proofs: two photos in the format that needs most.
const LIGHT_MIB: usize = 256;

/// Memory for heavy proofs: the largest picture in the format that needs most, with its file.
const HEAVY_MIB: usize = 544;

/// Maximum number of pictures decoded at a time per semaphore, however small they are: each
/// decoding keeps a processor busy.
const PARTS_MAX: usize = 2;

/// Waits for a permit for the memory to decode the upload.
async fn memory_for(
    upload: &StoredUpload,
    effort: ReviewLoad,
) -> Result<SemaphorePermit<'static>, JobError> {
    let (share, share_mib) = match effort {
        ReviewLoad::Light => (&LIGHT, LIGHT_MIB),
        ReviewLoad::Heavy => (&HEAVY, HEAVY_MIB),
    };
    let decoding = picture::decoding_bytes(&upload.content_type, pixels_of(upload));
    let needed_mib = (upload.size_bytes + decoding).div_ceil(1024 * 1024);
    let least = share_mib / PARTS_MAX;
    let taken = usize::try_from(needed_mib)
        .unwrap_or(share_mib)
        .clamp(least, share_mib);
    let permit = share.acquire_many(u32::try_from(taken).unwrap_or(u32::MAX));
    permit
        .await
        .map_err(|error| JobError::Retry(error.to_string()))
}

async fn measure(app: &App, upload: StoredUpload, effort: ReviewLoad) -> Result<File, JobError> {
    let memory = memory_for(&upload, effort).await?;
    let bytes = app
        .files
        .read(upload.id)
        .await
        .map_err(|error| JobError::Retry(error.to_string()))?;
    // Decoding uses the processor for a while, so it runs outside of the threads that answer
    // requests.
    let measure = move || {
        // The permit moves to the thread that uses the memory: aborting the job does not end that
        // thread.
        let _memory = memory;
        picture::measure(&bytes)
    };
    let measured = tokio::task::spawn_blocking(measure)
        .await
        .map_err(|error| JobError::Retry(error.to_string()))?;
    let perceptual_hash = measured.as_ref().ok().and_then(perceptual_hash);
    Ok(File {
        kind: FileKind::of_content_type(&upload.content_type),
        sent: SentPicture {
            upload_id: upload.id,
            sha256: upload.sha256,
            perceptual_hash,
        },
        measured,
    })
}

fn perceptual_hash(measured: &PictureMeasurements) -> Option<String> {
    let steps: u32 = measured.hash.iter().map(|byte| byte.count_ones()).sum();
    (HASH_STEPS_MIN..=64 - HASH_STEPS_MIN)
        .contains(&steps)
        .then(|| hex(&measured.hash))
}

fn findings(
    tx: &mut Tx<'_>,
    task_id: TaskId,
    evidence: &Measurements,
) -> Result<Findings, StoreError> {
    match evidence {
        Measurements::Credential => {
            let kept = credentials::get(tx, task_id)?;
            let valid = matches!(kept, Some(StoredCredential::Sealed(envelope))
                if credential::check(&envelope).is_ok());
            Ok(Findings::Credential { valid })
        }
        Measurements::Confirmation { chars } => Ok(Findings::Confirmation { chars: *chars }),
        Measurements::Files(files) => {
            let mut found = Vec::with_capacity(files.len());
            for (nth, file) in files.iter().enumerate() {
                let before = files.iter().take(nth);
                let repeated = before.map(|it| &it.sent).any(|it| it.resembles(&file.sent));
                let seen_before = proofs::sent_for_another_task(tx, task_id, &file.sent)?;
                proofs::insert_picture(tx, task_id, &file.sent)?;
                found.push(FileFindings {
                    kind: file.kind,
                    measured: file.measured.clone(),
                    seen_before,
                    repeated,
                });
            }
            Ok(Findings::Files(found))
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::{OperatorId, Timestamp};
    use futures_util::FutureExt;

    use super::*;

    fn upload(content_type: &str, pixels: (u32, u32)) -> StoredUpload {
        let now: Timestamp = "2026-02-05T12:00:00Z".parse().unwrap();
        StoredUpload {
            id: UploadId::new(now, 1),
            operator_id: OperatorId::new(now, 2),
            task_id: None,
            sha256: String::new(),
            content_type: content_type.to_owned(),
            size_bytes: 1024,
            pixels: Some(pixels),
            created_at: now,
        }
    }

    /// One of them takes 400 MB while it is decoded.
    #[tokio::test]
    async fn pictures_that_need_much_memory_together_are_decoded_one_after_the_other() {
        let large = upload("image/webp", (8192, 6144));
        let first = memory_for(&large, ReviewLoad::Heavy).await.unwrap();
        assert!(
            memory_for(&large, ReviewLoad::Heavy)
                .now_or_never()
                .is_none()
        );
        // However small they are, no more than two of a share are decoded at the same time.
        let small = upload("image/png", (320, 240));
        let light = || memory_for(&small, ReviewLoad::Light).now_or_never();
        let both = [light().unwrap().unwrap(), light().unwrap().unwrap()];
        assert!(light().is_none());
        drop((first, both));
        drop(memory_for(&large, ReviewLoad::Heavy).await.unwrap());
    }
}
