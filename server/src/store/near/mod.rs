//! Search by distance: visits cells, nearest first (`visit.rs`), and reads the newest rows of each.
//!
//! Functions return database errors as [`StoreError`].

mod non_empty;
mod visit;

use std::{cmp::Reverse, fmt::Display, str::FromStr};

use crate::domain::{
    cells::{Cells, cells_within},
    place::Point,
    task::Task,
};
use crate::store::engine::columns::parsed;
use crate::store::operators::{self, Operator, OperatorFilter};
use crate::store::search::Search;
use crate::store::tasks::{self, Eligible, OPEN_COUNTED_MAX};
use crate::store::{Row, StoreError, Tx};
use api_types::{OperatorId, TaskId};
use non_empty::{CellSquares, values_of};
use visit::{BEGIN, CELLS_AT_ONCE, visit_cells_by_distance};

/// The area of a search: a centre and a radius.
#[derive(Clone, Copy, Debug)]
pub struct SearchArea {
    /// The point from which distances are measured.
    pub center: Point,
    /// The radius in metres.
    pub within: u32,
}

/// The last row that the caller has, as a cursor: lists are ordered by distance, then by cell, then
/// newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistanceCursor<Id> {
    /// The row's cell.
    pub cell: i64,
    /// The row's id.
    pub id: Id,
}

/// Returns up to `most` open tasks, nearest first.
pub fn open_tasks(
    tx: &mut Tx<'_>,
    eligible: &Eligible,
    area: SearchArea,
    after: Option<DistanceCursor<TaskId>>,
    most: usize,
) -> Result<Vec<Task>, StoreError> {
    let ids: Vec<TaskId> = nearest_ids(tx, &tasks::search_open(eligible), area, after, most)?;
    tasks::with_these_ids(tx, &ids)
}

/// Returns up to `most` approved operators who said where they work, nearest first.
pub fn approved_operators(
    tx: &mut Tx<'_>,
    filter: &OperatorFilter,
    area: SearchArea,
    after: Option<DistanceCursor<OperatorId>>,
    most: usize,
) -> Result<Vec<Operator>, StoreError> {
    let ids: Vec<OperatorId> =
        nearest_ids(tx, &operators::search_approved(filter), area, after, most)?;
    operators::with_these_ids(tx, &ids)
}

/// Returns how many open tasks lie within the radius, or [`OPEN_COUNTED_MAX`] if there are more.
pub fn count_open_tasks(
    tx: &mut Tx<'_>,
    eligible: &Eligible,
    area: SearchArea,
) -> Result<u64, StoreError> {
    count(tx, &tasks::search_open(eligible), area)
}

/// Returns how many approved operators work within the radius, or [`OPEN_COUNTED_MAX`] if more do.
pub fn count_approved_operators(
    tx: &mut Tx<'_>,
    filter: &OperatorFilter,
    area: SearchArea,
) -> Result<u64, StoreError> {
    count(tx, &operators::search_approved(filter), area)
}

fn nearest_ids<Id: FromStr + Display + Copy>(
    tx: &mut Tx<'_>,
    search: &Search,
    area: SearchArea,
    after: Option<DistanceCursor<Id>>,
    most: usize,
) -> Result<Vec<Id>, StoreError> {
    let mut found = Vec::new();
    let begin = after.map_or(BEGIN, |after| area.order_of(after.cell));
    visit_cells_by_distance(tx, search, area, begin, |tx, cells| {
        let after = after.filter(|after| cells.first() == Some(&after.cell));
        found.extend(newest_ids_in(tx, search.clone(), cells, after, most)?);
        Ok(found.len() >= most)
    })?;
    found.truncate(most);
    Ok(found)
}

/// A cell in which nothing lies.
const NO_CELL: i64 = -1;

/// Returns the newest rows of each of these cells, cell after cell; of the first cell, those after
/// a row.
fn newest_ids_in<Id: FromStr + Display + Copy>(
    tx: &mut Tx<'_>,
    mut search: Search,
    cells: &[i64],
    after: Option<DistanceCursor<Id>>,
    most: usize,
) -> Result<Vec<Id>, StoreError> {
    let (table, condition) = (search.table(), search.condition.clone());
    let most = search.bind(i64::try_from(most).unwrap_or(i64::MAX));
    let mut parts = Vec::new();
    // The number of parts is always the same, and the last of them may name no cell, so that few
    // statements are prepared. A cell is named as a range, in an order for which only its index
    // serves: for `cell = …` PostgreSQL may estimate that scanning the newest rows finds enough of
    // them sooner.
    for nth in 0..CELLS_AT_ONCE {
        let cell = search.bind(cells.get(nth).copied().unwrap_or(NO_CELL));
        let after = after.filter(|_| nth == 0).map(|after| {
            let id = search.bind(after.id.to_string());
            format!(" AND {table}.id < {id}")
        });
        let after = after.unwrap_or_default();
        parts.push(format!(
            "SELECT {nth} AS part, id FROM (SELECT {table}.id AS id FROM {table}
                 WHERE {condition} AND {table}.cell >= {cell} AND {table}.cell <= {cell}{after}
                 ORDER BY {table}.cell DESC, {table}.id DESC LIMIT {most}) AS part_{nth}"
        ));
    }
    let rows = tx.query(&parts.join(" UNION ALL "), &search.params)?;
    let place = |row: &Row| Ok((row.get::<i64>("part")?, Reverse(row.get::<String>("id")?)));
    let mut places = rows
        .iter()
        .map(place)
        .collect::<Result<Vec<_>, StoreError>>()?;
    // The parts come in their order, but nothing guarantees it.
    places.sort_unstable();
    places
        .into_iter()
        .map(|(_, Reverse(id))| parsed(id.parse().ok(), "id"))
        .collect()
}

/// [`OPEN_COUNTED_MAX`] as a `usize`, to compare lengths with.
const COUNTED_MAX: usize = OPEN_COUNTED_MAX as usize;

fn count(tx: &mut Tx<'_>, search: &Search, area: SearchArea) -> Result<u64, StoreError> {
    let all = cells_within(area.center, area.within);
    let some = cells_of_rows(tx, search.clone(), &all)?;
    if some.len() >= COUNTED_MAX && all != [Cells::ALL] {
        return count_by_distance(tx, search, area);
    }
    let near = some.into_iter().filter(|cell| area.contains(*cell));
    Ok(near.count() as u64)
}

/// Counts from the nearest cell outwards, for when the cells that cover the circle hold so many
/// rows that one query cannot tell how many lie in the circle itself.
fn count_by_distance(
    tx: &mut Tx<'_>,
    search: &Search,
    area: SearchArea,
) -> Result<u64, StoreError> {
    let mut total = 0;
    visit_cells_by_distance(tx, search, area, BEGIN, |tx, cells| {
        let cells: Vec<_> = cells.iter().map(|cell| Cells::one(*cell)).collect();
        total += cells_of_rows(tx, search.clone(), &cells)?.len();
        Ok(total >= COUNTED_MAX)
    })?;
    Ok(total.min(COUNTED_MAX) as u64)
}

/// Returns the cell of each row in these cells, up to the number at which counts end.
fn cells_of_rows(
    tx: &mut Tx<'_>,
    mut search: Search,
    cells: &[Cells],
) -> Result<Vec<i64>, StoreError> {
    let parts = values_of(&mut search, &CellSquares::all(cells, 1));
    let (table, condition) = (search.table(), &search.condition);
    let rows = format!(
        "WITH part (first, last, size) AS (VALUES {parts})
         SELECT {table}.cell AS cell FROM part JOIN {table}
             ON {table}.cell >= part.first AND {table}.cell <= part.last AND {condition}
         LIMIT {COUNTED_MAX}"
    );
    let rows = tx.query(&rows, &search.params)?;
    rows.iter().map(|row| row.get("cell")).collect()
}
