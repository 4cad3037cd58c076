//! Records a rating, for both sides (contract §4).

use api_types::{
    Timestamp,
    message::{Author, GiveRating, GivenRating},
    status::Status,
};

use crate::http::error::{self, ApiError};
use crate::{
    domain::task::Task,
    store::{
        Tx,
        ratings::{self, Rating},
    },
};

/// Records a rating, unless its author has rated the task before.
pub(in crate::http) fn rate(
    tx: &mut Tx<'_>,
    task: &Task,
    author: Author,
    stated: &GiveRating,
    now: Timestamp,
) -> Result<GivenRating, ApiError> {
    let rating = Rating {
        author,
        stars: stated.stars,
        comment: stated.comment.clone(),
    };
    if task.status != Status::Completed || !ratings::insert(tx, task, &rating, now)? {
        return Err(error::not_ratable());
    }
    Ok(GivenRating {
        task_id: task.id,
        stars: rating.stars,
        comment: rating.comment,
        rated_at: now,
    })
}
