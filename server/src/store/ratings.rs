//! Ratings: stars and a comment by each side of a task, once, and the means that they make.
//!
//! Functions return database errors as [`StoreError`].

use std::collections::HashMap;

use api_types::{TaskId, Timestamp, message::Author};

use crate::domain::task::Task;
use crate::store::engine::columns::name;
use crate::store::search::grouped_by_ids;
use crate::store::{Row, StoreError, Tx, params};

/// A rating: stars and a comment.
#[derive(Clone, Debug)]
pub struct Rating {
    /// The side that gives it: the agent rates the operator, or the operator rates the agent.
    pub author: Author,
    /// The stars, from 1 to 5.
    pub stars: u8,
    /// The comment, if there is one.
    pub comment: Option<String>,
}

/// Inserts a rating and adds it to the mean of the rated side. Returns false if this side has rated
/// the task before.
pub fn insert(
    tx: &mut Tx<'_>,
    task: &Task,
    rating: &Rating,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = tx.execute(
        "INSERT INTO rating (task_id, author, stars, comment, rated_at_ms)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (task_id, author) DO NOTHING",
        &params![
            task.id.to_string(),
            rating.author.as_str(),
            i64::from(rating.stars),
            rating.comment.as_deref(),
            now.as_millis(),
        ],
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    let (sql, about) = match rating.author {
        Author::Agent => (
            "UPDATE operator SET stars_sum = stars_sum + $2, stars_count = stars_count + 1
             WHERE id = $1",
            task.operator_id.map(|id| id.to_string()),
        ),
        Author::Operator | Author::System => (
            "UPDATE agent SET stars_sum = stars_sum + $2, stars_count = stars_count + 1
             WHERE id = $1",
            Some(task.agent_id.to_string()),
        ),
    };
    tx.send(sql, params![about, i64::from(rating.stars)])?;
    Ok(true)
}

/// Returns the sides that have rated each of these tasks.
pub fn authors(
    tx: &mut Tx<'_>,
    tasks: &[TaskId],
) -> Result<HashMap<TaskId, Vec<Author>>, StoreError> {
    let select = "SELECT task_id AS id, author FROM rating WHERE task_id";
    grouped_by_ids(tx, select, tasks, |row| name(row, "author", Author::parse))
}

/// Returns the mean of `stars_sum` over `stars_count`, to one decimal rounded half up, such as 4.8;
/// `None` if nobody gave any.
pub(super) fn mean(row: &Row) -> Result<Option<f32>, StoreError> {
    let (sum, count): (i64, i64) = (row.get("stars_sum")?, row.get("stars_count")?);
    Ok((count > 0).then(|| {
        let tenths = (sum * 20 + count) / (count * 2);
        // At most fifty tenths.
        f32::from(u8::try_from(tenths).unwrap_or(u8::MAX)) / 10.0
    }))
}
