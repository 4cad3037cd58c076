//! What is near: the rings of `domain/place.rs`, walked from the inside through an index of cells.
//!
//! Each ring is asked for the cells that hold anything, which takes a step in the index a cell and
//! not a row; only the nearest are then read. A million tasks in one town, and twenty on a
//! continent, are found alike.

use std::{cmp::Reverse, fmt::Display, iter::repeat_n, str::FromStr};

use super::{
    Row, StoreError, Tx,
    columns::parsed,
    operators::{self, Operator, Sought},
    search::Search,
    tasks::{self, Eligible, OPEN_COUNTED_MAX},
};
use crate::domain::{
    place::{Cells, Point, Spot, rings},
    task::Task,
};
use api_types::{OperatorId, TaskId};

/// From where, and how far.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// From where distances are measured.
    pub center: Point,
    /// How far it goes, in metres.
    pub within: u32,
}

/// The last row that the caller has: lists are ordered by distance, then cell, then newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After<Id> {
    /// Its cell.
    pub cell: i64,
    /// The row.
    pub id: Id,
}

/// Open tasks, nearest first: up to `most` of them.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn open_tasks(
    tx: &mut Tx<'_>,
    eligible: &Eligible,
    around: Around,
    after: Option<After<TaskId>>,
    most: usize,
) -> Result<Vec<Task>, StoreError> {
    let ids: Vec<TaskId> = nearest(tx, &tasks::open_to(eligible), around, after, most)?;
    tasks::with_these_ids(tx, &ids)
}

/// Approved operators who said where they work, nearest first: up to `most` of them.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn approved_operators(
    tx: &mut Tx<'_>,
    sought: &Sought,
    around: Around,
    after: Option<After<OperatorId>>,
    most: usize,
) -> Result<Vec<Operator>, StoreError> {
    let ids: Vec<OperatorId> = nearest(tx, &operators::approved(sought), around, after, most)?;
    operators::with_these_ids(tx, &ids)
}

/// How many open tasks lie within the distance, or [`OPEN_COUNTED_MAX`] if there are more.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn count_open_tasks(
    tx: &mut Tx<'_>,
    eligible: &Eligible,
    around: Around,
) -> Result<u64, StoreError> {
    count(tx, tasks::open_to(eligible), around)
}

/// How many approved operators work within the distance, or [`OPEN_COUNTED_MAX`] if more do.
///
/// # Errors
/// Those of [`Tx::query`].
pub fn count_approved_operators(
    tx: &mut Tx<'_>,
    sought: &Sought,
    around: Around,
) -> Result<u64, StoreError> {
    count(tx, operators::approved(sought), around)
}

fn nearest<Id: FromStr + Display + Copy>(
    tx: &mut Tx<'_>,
    search: &Search,
    around: Around,
    after: Option<After<Id>>,
    most: usize,
) -> Result<Vec<Id>, StoreError> {
    let key = |cell: i64| (Spot::of_cell(cell).metres_from(around.center), cell);
    let begin = after.map(|after| key(after.cell));
    let mut found = Vec::new();
    // What lies no farther than this was looked at in the ring before.
    let mut seen = None;
    for ring in rings(around.center, around.within) {
        let sure = ring.metres.min(around.within);
        let cells = cells_that_hold(tx, search.clone(), &ring.cells)?;
        let mut cells: Vec<_> = cells.into_iter().map(key).collect();
        cells.retain(|near| near.0 <= sure && seen < Some(near.0) && begin <= Some(*near));
        cells.sort_unstable();
        for cells in cells.chunks(CELLS_AT_ONCE) {
            let cells: Vec<_> = cells.iter().map(|near| near.1).collect();
            let after = after.filter(|after| cells.first() == Some(&after.cell));
            found.extend(newest_in(tx, search.clone(), &cells, after, most)?);
            if found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
        }
        seen = Some(sure);
    }
    Ok(found)
}

/// Cells of which one statement reads the rows.
const CELLS_AT_ONCE: usize = 4;

/// A cell that nothing lies in.
const NO_CELL: i64 = -1;

/// The cells in these ranges that hold a row, each once, by leaps through the index.
fn cells_that_hold(
    tx: &mut Tx<'_>,
    mut search: Search,
    cells: &[Cells],
) -> Result<Vec<i64>, StoreError> {
    let ranges = ranges(&mut search, cells);
    let (table, condition) = (search.table(), &search.condition);
    // The cell of the first row from here on.
    let leap = |from: &str, last: &str| {
        format!(
            "(SELECT {table}.cell FROM {table}
              WHERE {table}.cell {from} AND {table}.cell <= {last} AND {condition}
              ORDER BY {table}.cell LIMIT 1)"
        )
    };
    let leaps = format!(
        "WITH RECURSIVE part (first, last) AS (VALUES {ranges}), step (cell, last) AS (
             SELECT {}, part.last FROM part
             UNION ALL
             SELECT {}, step.last FROM step WHERE step.cell IS NOT NULL
         ) SELECT step.cell AS cell FROM step WHERE step.cell IS NOT NULL",
        leap(">= part.first", "part.last"),
        leap("> step.cell", "step.last"),
    );
    let rows = tx.query(&leaps, &search.params)?;
    rows.iter().map(|row| row.get("cell")).collect()
}

/// The newest rows of each of these cells, cell after cell; of the first, those after a row.
fn newest_in<Id: FromStr + Display + Copy>(
    tx: &mut Tx<'_>,
    mut search: Search,
    cells: &[i64],
    after: Option<After<Id>>,
    most: usize,
) -> Result<Vec<Id>, StoreError> {
    let (table, condition) = (search.table(), search.condition.clone());
    let most = search.bind(i64::try_from(most).unwrap_or(i64::MAX));
    let mut parts = Vec::new();
    // Always so many parts, of which the last may name no cell: few statements are prepared.
    for nth in 0..CELLS_AT_ONCE {
        let cell = search.bind(cells.get(nth).copied().unwrap_or(NO_CELL));
        let after = after.filter(|_| nth == 0).map(|after| {
            let id = search.bind(after.id.to_string());
            format!(" AND {table}.id < {id}")
        });
        let after = after.unwrap_or_default();
        parts.push(format!(
            "SELECT {nth} AS part, id FROM (SELECT {table}.id AS id FROM {table}
                 WHERE {condition} AND {table}.cell = {cell}{after}
                 ORDER BY {table}.id DESC LIMIT {most}) AS part_{nth}"
        ));
    }
    let rows = tx.query(&parts.join(" UNION ALL "), &search.params)?;
    let place = |row: &Row| Ok((row.get::<i64>("part")?, Reverse(row.get::<String>("id")?)));
    let mut places = rows
        .iter()
        .map(place)
        .collect::<Result<Vec<_>, StoreError>>()?;
    // The parts come in their order, but nothing promises it.
    places.sort_unstable();
    places
        .into_iter()
        .map(|(_, Reverse(id))| parsed(id.parse().ok(), "id"))
        .collect()
}

fn count(tx: &mut Tx<'_>, mut search: Search, around: Around) -> Result<u64, StoreError> {
    let Some(ring) = rings(around.center, around.within).last() else {
        return Ok(0);
    };
    let ranges = ranges(&mut search, &ring.cells);
    let (table, condition) = (search.table(), &search.condition);
    let some = format!(
        "WITH part (first, last) AS (VALUES {ranges})
         SELECT {table}.cell AS cell FROM part JOIN {table}
             ON {table}.cell >= part.first AND {table}.cell <= part.last AND {condition}
         LIMIT {OPEN_COUNTED_MAX}"
    );
    let rows = tx.query(&some, &search.params)?;
    if rows.len() >= usize::try_from(OPEN_COUNTED_MAX).unwrap_or(usize::MAX) {
        return Ok(u64::from(OPEN_COUNTED_MAX));
    }
    let mut total = 0;
    for row in rows {
        let spot = Spot::of_cell(row.get("cell")?);
        total += u64::from(spot.metres_from(around.center) <= around.within);
    }
    Ok(total)
}

/// A range that holds no cell.
const NOWHERE: Cells = Cells { first: 1, last: 0 };

/// The ranges as rows of parameters: as many as a power of two, so that there are few statements
/// to be prepared, each of which a database plans for longer than it runs.
fn ranges(search: &mut Search, cells: &[Cells]) -> String {
    let nowhere = cells.len().next_power_of_two() - cells.len();
    let all = cells.iter().chain(repeat_n(&NOWHERE, nowhere));
    let rows = all.map(|range| {
        let (first, last) = (search.bind(range.first), search.bind(range.last));
        format!("(CAST({first} AS BIGINT), CAST({last} AS BIGINT))")
    });
    rows.collect::<Vec<_>>().join(", ")
}
