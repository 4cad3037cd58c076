//! Visits the non-empty cells of an area, nearest first.
//!
//! The first query finds the non-empty cells of the area. If there are many, another one finds the
//! non-empty squares instead, and the nearest of them are divided further, until they are cells.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    SearchArea,
    non_empty::{CellSquares, non_empty_cells},
};
use crate::{
    domain::{
        cells::{Quad, cells_within, parts_edge},
        place::Spot,
    },
    store::{StoreError, Tx, search::Search},
};

/// Visits the non-empty cells, nearest first from a position in the order, a few at a time, until
/// `visit` returns true.
pub(super) fn visit_cells_by_distance(
    tx: &mut Tx<'_>,
    search: &Search,
    area: SearchArea,
    mut begin: CellOrder,
    mut visit: impl FnMut(&mut Tx<'_>, &[i64]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    tx.plan_once()?;
    for metres in RADII_METRES {
        let within = metres.min(area.within);
        if begin.0 > within {
            continue;
        }
        let mut nearest = NearestCells::begin(tx, search, SearchArea { within, ..area }, begin)?;
        loop {
            let cells = nearest.next_cells(tx, search)?;
            if cells.is_empty() {
                break;
            }
            if visit(tx, &cells)? {
                return Ok(());
            }
        }
        if within == area.within {
            break;
        }
        begin = (within + 1, 0);
    }
    Ok(())
}

/// Maximum number of cells that are visited at a time.
pub(super) const CELLS_AT_ONCE: usize = 8;

/// The beginning of the order.
pub(super) const BEGIN: CellOrder = (0, 0);

/// The radii that are searched one after the other, in metres: from a kilometre in every direction
/// to the whole earth.
const RADII_METRES: [u32; 9] = [
    1_113,
    4_452,
    17_808,
    71_232,
    284_928,
    1_139_712,
    4_558_848,
    18_235_392,
    u32::MAX,
];

/// The position of a cell in the order: its distance in metres, and the cell, which orders cells at
/// equal distances.
pub(super) type CellOrder = (u32, i64);

impl SearchArea {
    pub(super) fn order_of(self, cell: i64) -> CellOrder {
        (Spot::of_cell(cell).metres_from(self.center), cell)
    }

    /// Returns whether a cell lies within the radius.
    pub(super) fn contains(self, cell: i64) -> bool {
        self.order_of(cell).0 <= self.within
    }
}

/// The non-empty cells, nearest first, found when they are needed.
struct NearestCells {
    area: SearchArea,
    begin: CellOrder,
    /// Squares by the least distance that one of their cells can have, and cells by their own
    /// distance; at equal distances the squares come first.
    queue: BinaryHeap<Reverse<(u32, bool, Quad)>>,
}

impl NearestCells {
    /// Finds the non-empty cells from a position in the order on or, if there are many, the
    /// non-empty squares.
    fn begin(
        tx: &mut Tx<'_>,
        search: &Search,
        area: SearchArea,
        begin: CellOrder,
    ) -> Result<Self, StoreError> {
        let mut nearest = Self {
            area,
            begin,
            queue: BinaryHeap::new(),
        };
        let all = cells_within(area.center, area.within);
        let cells = non_empty_cells(
            tx,
            search.clone(),
            &CellSquares::all(&all, 1),
            Some(MANY_CELLS),
        )?;
        if cells.len() < MANY_CELLS {
            let known = cells.into_iter().map(|cells| Quad::with(cells.first, 1));
            known.for_each(|quad| nearest.add(quad));
        } else {
            nearest.add_non_empty(tx, search, &CellSquares::all(&all, parts_edge(&all)))?;
        }
        Ok(nearest)
    }

    /// Adds a square or a cell to those that will be visited, unless all of it lies too near or too
    /// far.
    fn add(&mut self, quad: Quad) {
        let center = self.area.center;
        let (metres, follows) = match quad.cell() {
            Some(cell) => {
                let order = self.area.order_of(cell);
                (order.0, self.begin <= order)
            }
            None => {
                let most = quad.metres_at_most(center);
                let follows = self.begin.0 <= most;
                (quad.metres_at_least(center), follows)
            }
        };
        if follows && metres <= self.area.within {
            self.queue
                .push(Reverse((metres, quad.cell().is_some(), quad)));
        }
    }

    /// Returns the next cells: fewer at the end, and none after it.
    fn next_cells(&mut self, tx: &mut Tx<'_>, search: &Search) -> Result<Vec<i64>, StoreError> {
        let mut cells = Vec::new();
        while cells.len() < CELLS_AT_ONCE {
            let Some(Reverse((_, _, next))) = self.queue.pop() else {
                break;
            };
            match next.cell() {
                Some(cell) => cells.push(cell),
                None => self.divide(tx, search, next)?,
            }
        }
        Ok(cells)
    }

    /// Replaces a square, and the squares that come right after it, by their non-empty parts.
    fn divide(&mut self, tx: &mut Tx<'_>, search: &Search, quad: Quad) -> Result<(), StoreError> {
        let mut quads = vec![quad];
        while let Some(Reverse((metres, false, next))) = self.queue.peek() {
            // All squares across the beginning must be examined before the first cell is known.
            let is_required = *metres <= self.begin.0;
            if quads.len()
                >= if is_required {
                    QUADS_AT_ONCE_MAX
                } else {
                    QUADS_AT_ONCE
                }
            {
                break;
            }
            quads.push(*next);
            self.queue.pop();
        }
        let parts: Vec<_> = quads.into_iter().map(CellSquares::of).collect();
        self.add_non_empty(tx, search, &parts)
    }

    /// Finds out which of these parts are non-empty, and adds them.
    fn add_non_empty(
        &mut self,
        tx: &mut Tx<'_>,
        search: &Search,
        parts: &[CellSquares],
    ) -> Result<(), StoreError> {
        for found in non_empty_cells(tx, search.clone(), parts, None)? {
            // If everything in a part lies in one cell, that cell is known.
            let alone = found.first == found.last;
            let part = parts.iter().find(|part| part.cells.holds(found.first));
            let edge = part.map_or(1, |part| if alone { 1 } else { part.edge });
            self.add(Quad::with(found.first, edge));
        }
        Ok(())
    }
}

/// Maximum number of cells that are requested at once; from this number on they count as many.
const MANY_CELLS: usize = 200;

/// Squares that one statement examines, and those that it examines at most if they must be examined
/// in any case.
const QUADS_AT_ONCE: usize = 4;
const QUADS_AT_ONCE_MAX: usize = 64;
