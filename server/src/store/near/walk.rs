//! Visits the non-empty cells of an area, nearest first.
//!
//! The walk asks the database for the non-empty cells of the area. If there are many, it asks for
//! the non-empty squares instead and divides the nearest of them further, until they are cells.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    SearchArea,
    held::{CellSquares, held},
};
use crate::{
    domain::{
        cells::{Quad, cells_within, parts_edge},
        place::Spot,
    },
    store::{StoreError, Tx, search::Search},
};

/// Visits the non-empty cells, nearest first from a position in the order, a few at a time, until
/// `enough` returns true.
pub(super) fn past_cells(
    tx: &mut Tx<'_>,
    search: &Search,
    area: SearchArea,
    mut begin: CellOrder,
    mut enough: impl FnMut(&mut Tx<'_>, &[i64]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    tx.plan_once()?;
    for metres in LOOKS_METRES {
        let within = metres.min(area.within);
        if begin.0 > within {
            continue;
        }
        let mut walk = Walk::begin(tx, search, SearchArea { within, ..area }, begin)?;
        loop {
            let cells = walk.next_cells(tx, search)?;
            if cells.is_empty() {
                break;
            }
            if enough(tx, &cells)? {
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

/// The position of a cell in the order: its distance in metres, and the cell, which orders cells at
/// equal distances.
pub(super) type CellOrder = (u32, i64);

impl SearchArea {
    pub(super) fn place(self, cell: i64) -> CellOrder {
        (Spot::of_cell(cell).metres_from(self.center), cell)
    }

    /// Returns whether a cell lies within the radius.
    pub(super) fn holds(self, cell: i64) -> bool {
        self.place(cell).0 <= self.within
    }
}

/// The non-empty cells, nearest first, found when they are needed.
struct Walk {
    area: SearchArea,
    begin: CellOrder,
    /// Squares by the least distance that one of their cells can have, and cells by their own
    /// distance; at equal distances the squares come first.
    ahead: BinaryHeap<Reverse<(u32, bool, Quad)>>,
}

impl Walk {
    /// Begins a walk at a position in the order. It knows the non-empty cells or, if there are
    /// many, the non-empty squares.
    fn begin(
        tx: &mut Tx<'_>,
        search: &Search,
        area: SearchArea,
        begin: CellOrder,
    ) -> Result<Self, StoreError> {
        let mut walk = Self {
            area,
            begin,
            ahead: BinaryHeap::new(),
        };
        let all = cells_within(area.center, area.within);
        let cells = held(tx, search.clone(), &CellSquares::all(&all, 1), Some(FEW))?;
        if cells.len() < FEW {
            let known = cells.into_iter().map(|cells| Quad::with(cells.first, 1));
            known.for_each(|quad| walk.add(quad));
        } else {
            walk.add_held(tx, search, &CellSquares::all(&all, parts_edge(&all)))?;
        }
        Ok(walk)
    }

    /// Adds a square or a cell to those that the walk will visit, unless all of it lies too near or
    /// too far.
    fn add(&mut self, quad: Quad) {
        let center = self.area.center;
        let (metres, follows) = match quad.cell() {
            Some(cell) => {
                let place = self.area.place(cell);
                (place.0, self.begin <= place)
            }
            None => {
                let most = quad.metres_at_most(center);
                let follows = self.begin.0 <= most;
                (quad.metres_at_least(center), follows)
            }
        };
        if follows && metres <= self.area.within {
            self.ahead
                .push(Reverse((metres, quad.cell().is_some(), quad)));
        }
    }

    /// Returns the next cells: fewer at the end, and none after it.
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

    /// Finds the non-empty parts of a square, and of the squares that come right after it.
    fn look_into(
        &mut self,
        tx: &mut Tx<'_>,
        search: &Search,
        quad: Quad,
    ) -> Result<(), StoreError> {
        let mut quads = vec![quad];
        while let Some(Reverse((metres, false, next))) = self.ahead.peek() {
            // All squares across the beginning must be examined before the first cell is known.
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
        let parts: Vec<_> = quads.into_iter().map(CellSquares::of).collect();
        self.add_held(tx, search, &parts)
    }

    /// Finds out which of these parts are non-empty, and adds them.
    fn add_held(
        &mut self,
        tx: &mut Tx<'_>,
        search: &Search,
        parts: &[CellSquares],
    ) -> Result<(), StoreError> {
        for held in held(tx, search.clone(), parts, None)? {
            // If everything in a part lies in one cell, that cell is known.
            let alone = held.first == held.last;
            let part = parts.iter().find(|part| part.cells.holds(held.first));
            let edge = part.map_or(1, |part| if alone { 1 } else { part.edge });
            self.add(Quad::with(held.first, edge));
        }
        Ok(())
    }
}

/// Maximum number of cells that are requested at once; from this number on they count as many.
const FEW: usize = 200;

/// Squares that one statement examines, and those that it examines at most if they must be examined
/// in any case.
const QUADS_AT_ONCE: usize = 4;
const QUADS_AT_ONCE_MAX: usize = 64;
