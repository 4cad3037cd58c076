//! Finds the non-empty cells of an area by a skip scan of the index.

use std::iter::repeat_n;

use crate::{
    domain::cells::{Cells, Quad},
    store::{Row, StoreError, Tx, search::Search},
};

/// A range of cells, cut into squares with this edge.
#[derive(Clone, Copy)]
pub(super) struct CellSquares {
    pub(super) cells: Cells,
    pub(super) edge: u32,
}

impl CellSquares {
    /// Returns the smaller squares of a square that is more than a cell.
    pub(super) fn of(quad: Quad) -> Self {
        Self {
            cells: quad.cells(),
            edge: (quad.edge() / CUTS).max(1),
        }
    }

    /// Returns ranges that are cut into squares with this edge.
    pub(super) fn all(ranges: &[Cells], edge: u32) -> Vec<Self> {
        ranges
            .iter()
            .map(|cells| Self {
                cells: *cells,
                edge,
            })
            .collect()
    }

    const NONE: Self = Self {
        cells: Cells::NONE,
        edge: 1,
    };
}

/// Number of smaller squares along the edge of a square that is divided.
const CUTS: u32 = 4;

/// Returns the first and the last non-empty cell of each part that holds a row, found by a skip
/// scan of the index; at most `most` such pairs, if it is given.
pub(super) fn non_empty_cells(
    tx: &mut Tx<'_>,
    mut search: Search,
    parts: &[CellSquares],
    most: Option<usize>,
) -> Result<Vec<Cells>, StoreError> {
    let parts = values_of(&mut search, parts);
    let limit = most.map(|most| format!("LIMIT {most}")).unwrap_or_default();
    let (table, condition) = (search.table(), &search.condition);
    let outermost = |from: &str, to: &str, order: &str| {
        format!(
            "(SELECT {table}.cell FROM {table}
              WHERE {table}.cell >= {from} AND {table}.cell <= {to} AND {condition}
              ORDER BY {table}.cell {order} LIMIT 1)"
        )
    };
    let beyond = "(step.cell / step.size + 1) * step.size";
    let skip_scan = format!(
        "WITH RECURSIVE part (first, last, size) AS (VALUES {parts}), step (cell, last, size) AS (
             SELECT {}, part.last, part.size FROM part
             UNION ALL
             SELECT {}, step.last, step.size FROM step WHERE step.cell IS NOT NULL
         ) SELECT step.cell AS first, CASE WHEN step.size = 1 THEN step.cell ELSE {} END AS last
         FROM step WHERE step.cell IS NOT NULL {limit}",
        outermost("part.first", "part.last", "ASC"),
        outermost(beyond, "step.last", "ASC"),
        outermost("step.cell", &format!("{beyond} - 1"), "DESC"),
    );
    let cells = |row: &Row| {
        Ok(Cells {
            first: row.get("first")?,
            last: row.get("last")?,
        })
    };
    tx.query(&skip_scan, &search.params)?
        .iter()
        .map(cells)
        .collect()
}

/// Returns the parts as rows of parameters, rounded up to a power of two, so that there are few
/// statements to prepare: a database plans each of them for longer than it runs it.
pub(super) fn values_of(search: &mut Search, parts: &[CellSquares]) -> String {
    let none = parts.len().next_power_of_two() - parts.len();
    let rows = parts
        .iter()
        .chain(repeat_n(&CellSquares::NONE, none))
        .map(|part| {
            let size = i64::from(part.edge).pow(2);
            let numbers = [part.cells.first, part.cells.last, size];
            let names = numbers.map(|number| format!("CAST({} AS BIGINT)", search.bind(number)));
            format!("({})", names.join(", "))
        });
    rows.collect::<Vec<_>>().join(", ")
}
