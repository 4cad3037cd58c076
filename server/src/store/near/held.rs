//! Which cells hold anything, by leaps through an index.

use std::iter::repeat_n;

use crate::{
    domain::cells::{Cells, Quad},
    store::{Row, StoreError, Tx, search::Search},
};

/// A range of cells, cut into squares of an edge.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) cells: Cells,
    pub(super) edge: u32,
}

impl Parts {
    /// The smaller squares of one that is more than a cell.
    pub(super) fn of(quad: Quad) -> Self {
        Self {
            cells: quad.cells(),
            edge: (quad.edge() / CUTS).max(1),
        }
    }

    /// Those of ranges.
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

/// How many smaller squares lie along the edge of one that is looked into.
const CUTS: u32 = 4;

/// Of each part that holds a row the first and the last cell that do, by leaps through the index;
/// perhaps no more than some of them.
pub(super) fn held(
    tx: &mut Tx<'_>,
    mut search: Search,
    parts: &[Parts],
    most: Option<usize>,
) -> Result<Vec<Cells>, StoreError> {
    let parts = rows_of(&mut search, parts);
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
    let leaps = format!(
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
    tx.query(&leaps, &search.params)?
        .iter()
        .map(cells)
        .collect()
}

/// The parts as rows of parameters: as many as a power of two, so that there are few statements to
/// be prepared, each of which a database plans for longer than it runs.
pub(super) fn rows_of(search: &mut Search, parts: &[Parts]) -> String {
    let none = parts.len().next_power_of_two() - parts.len();
    let rows = parts
        .iter()
        .chain(repeat_n(&Parts::NONE, none))
        .map(|part| {
            let size = i64::from(part.edge).pow(2);
            let numbers = [part.cells.first, part.cells.last, size];
            let names = numbers.map(|number| format!("CAST({} AS BIGINT)", search.bind(number)));
            format!("({})", names.join(", "))
        });
    rows.collect::<Vec<_>>().join(", ")
}
