//! The walk from cell to cell, nearest first.
//!
//! An area is asked which of its cells hold anything; if many do, which of its squares do, and the
//! nearest of those are asked for theirs, until they are cells.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    Around,
    held::{Parts, held},
};
use crate::{
    domain::{
        cells::{Quad, cells_within, parts_edge},
        place::Spot,
    },
    store::{StoreError, Tx, search::Search},
};

/// Comes past the cells that hold something, nearest first from a place in the order, few at a
/// time, until it is told that they are enough.
pub(super) fn past_cells(
    tx: &mut Tx<'_>,
    search: &Search,
    around: Around,
    mut begin: Place,
    mut enough: impl FnMut(&mut Tx<'_>, &[i64]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    tx.plan_once()?;
    for metres in LOOKS_METRES {
        let within = metres.min(around.within);
        if begin.0 > within {
            continue;
        }
        let mut walk = Walk::begin(tx, search, Around { within, ..around }, begin)?;
        loop {
            let cells = walk.next_cells(tx, search)?;
            if cells.is_empty() {
                break;
            }
            if enough(tx, &cells)? {
                return Ok(());
            }
        }
        if within == around.within {
            break;
        }
        begin = (within + 1, 0);
    }
    Ok(())
}

/// Cells that are come past at a time.
pub(super) const CELLS_AT_ONCE: usize = 8;

/// Where the order begins.
pub(super) const BEGIN: Place = (0, 0);

/// How far one looks before one looks farther: from a kilometre in every direction to the earth.
const LOOKS_METRES: [u32; 9] = [
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

/// Where a cell stands in the order: its distance, and of two equally far ones the first.
pub(super) type Place = (u32, i64);

impl Around {
    pub(super) fn place(self, cell: i64) -> Place {
        (Spot::of_cell(cell).metres_from(self.center), cell)
    }

    /// Whether a cell lies within the distance.
    pub(super) fn holds(self, cell: i64) -> bool {
        self.place(cell).0 <= self.within
    }
}

/// Cells that hold something, nearest first, found as they are asked for.
struct Walk {
    around: Around,
    begin: Place,
    /// Squares by the least distance that a cell of theirs can have, and cells by their own; of
    /// equal ones the squares come first.
    ahead: BinaryHeap<Reverse<(u32, bool, Quad)>>,
}

impl Walk {
    /// A walk from a place in the order. It knows of the cells that hold something, or if there
    /// are many, of the squares that do.
    fn begin(
        tx: &mut Tx<'_>,
        search: &Search,
        around: Around,
        begin: Place,
    ) -> Result<Self, StoreError> {
        let mut walk = Self {
            around,
            begin,
            ahead: BinaryHeap::new(),
        };
        let all = cells_within(around.center, around.within);
        let cells = held(tx, search.clone(), &Parts::all(&all, 1), Some(FEW))?;
        if cells.len() < FEW {
            let known = cells.into_iter().map(|cells| Quad::with(cells.first, 1));
            known.for_each(|quad| walk.add(quad));
        } else {
            walk.add_held(tx, search, &Parts::all(&all, parts_edge(&all)))?;
        }
        Ok(walk)
    }

    /// Will come past a square or a cell, unless all of it lies too near or too far.
    fn add(&mut self, quad: Quad) {
        let center = self.around.center;
        let (metres, follows) = match quad.cell() {
            Some(cell) => {
                let place = self.around.place(cell);
                (place.0, self.begin <= place)
            }
            None => {
                let most = quad.metres_at_most(center);
                let follows = self.begin.0 <= most;
                (quad.metres_at_least(center), follows)
            }
        };
        if follows && metres <= self.around.within {
            self.ahead
                .push(Reverse((metres, quad.cell().is_some(), quad)));
        }
    }

    /// The next cells, few at the end and none after it.
    fn next_cells(&mut self, tx: &mut Tx<'_>, search: &Search) -> Result<Vec<i64>, StoreError> {
        let mut cells = Vec::new();
        while cells.len() < CELLS_AT_ONCE {
            let Some(Reverse((_, _, next))) = self.ahead.pop() else {
                break;
            };
            match next.cell() {
                Some(cell) => cells.push(cell),
                None => self.look_into(tx, search, next)?,
            }
        }
        Ok(cells)
    }

    /// Learns which parts of a square hold something, and of those squares that come right after.
    fn look_into(
        &mut self,
        tx: &mut Tx<'_>,
        search: &Search,
        quad: Quad,
    ) -> Result<(), StoreError> {
        let mut quads = vec![quad];
        while let Some(Reverse((metres, false, next))) = self.ahead.peek() {
            // All that lie across the beginning must be looked into before the first cell is known.
            let must = *metres <= self.begin.0;
            if quads.len()
                >= if must {
                    QUADS_AT_ONCE_MAX
                } else {
                    QUADS_AT_ONCE
                }
            {
                break;
            }
            quads.push(*next);
            self.ahead.pop();
        }
        let parts: Vec<_> = quads.into_iter().map(Parts::of).collect();
        self.add_held(tx, search, &parts)
    }

    /// Learns which of these parts hold something.
    fn add_held(
        &mut self,
        tx: &mut Tx<'_>,
        search: &Search,
        parts: &[Parts],
    ) -> Result<(), StoreError> {
        for held in held(tx, search.clone(), parts, None)? {
            // Of a part in which all lies in one cell, the cell is known.
            let alone = held.first == held.last;
            let part = parts.iter().find(|part| part.cells.holds(held.first));
            let edge = part.map_or(1, |part| if alone { 1 } else { part.edge });
            self.add(Quad::with(held.first, edge));
        }
        Ok(())
    }
}

/// So many cells are asked for at once, and more are many.
const FEW: usize = 200;

/// Squares that one statement looks into, and that it does if they must be in any case.
const QUADS_AT_ONCE: usize = 4;
const QUADS_AT_ONCE_MAX: usize = 64;
