//! Areas of the earth as ranges of grid cells.
//!
//! Computes the cells within a distance of a point, and the quads (squares of cells) with lower and
//! upper bounds of their distance. The cells and their Z-order are defined in `place.rs`; the
//! search is in `store/near/`.

use std::f64::consts::PI;

use super::place::{EARTH_METRES, LAT_STEPS, LNG_STEPS, Point, STEPS, gathered, interleaved};

/// Edge of the quad that holds all cells, in cells: 16 bits for each coordinate.
const WORLD: u32 = 1 << 16;

/// Tolerance in metres of every distance bound, because distances to cells are rounded to whole
/// metres.
const SLACK_METRES: f64 = 2.0;

/// A range of cells in Z-order, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cells {
    /// The lowest cell.
    pub first: i64,
    /// The highest cell.
    pub last: i64,
}

impl Cells {
    /// The range of all cells.
    pub const ALL: Self = Self {
        first: 0,
        last: u32::MAX as i64,
    };

    /// The empty range.
    pub const NONE: Self = Self { first: 1, last: 0 };

    /// Returns the range that holds only this cell.
    pub const fn one(cell: i64) -> Self {
        let (first, last) = (cell, cell);
        Self { first, last }
    }

    /// Returns whether the range contains a cell.
    pub fn holds(self, cell: i64) -> bool {
        (self.first..=self.last).contains(&cell)
    }
}

/// A square of cells whose edge is a power of two. In Z-order it is one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quad {
    first: i64,
    edge: u32,
}

impl Quad {
    /// Returns the quad with this edge, a power of two, that contains a cell.
    pub fn with(cell: i64, edge: u32) -> Self {
        let first = cell - cell % area(edge);
        Self { first, edge }
    }

    /// Returns the number of cells along the edge.
    pub fn edge(self) -> u32 {
        self.edge
    }

    /// Returns the cells of the quad as a range.
    pub const fn cells(self) -> Cells {
        Cells {
            first: self.first,
            last: self.first + area(self.edge) - 1,
        }
    }

    /// Returns the cell of a quad that has only one.
    pub fn cell(self) -> Option<i64> {
        (self.edge == 1).then_some(self.first)
    }

    /// Returns a lower bound of the distance from a point to any spot of the quad, in metres.
    pub fn metres_at_least(self, point: Point) -> u32 {
        (self.nearest(point) * EARTH_METRES - SLACK_METRES).max(0.0) as u32
    }

    /// Returns an upper bound of the distance from a point to any spot of the quad, in metres.
    pub fn metres_at_most(self, point: Point) -> u32 {
        // The farthest spot from a point is the nearest to the point's antipode.
        let opposite = Point {
            lat: -point.lat,
            lng: point.lng + 180.0,
        };
        ((PI - self.nearest(opposite)) * EARTH_METRES + SLACK_METRES) as u32
    }

    /// Returns the angle in radians between a point and the nearest spot of the quad.
    fn nearest(self, point: Point) -> f64 {
        let (x, y, wide) = (
            gathered(self.first),
            gathered(self.first >> 1),
            self.edge as i32 - 1,
        );
        let degrees = |steps: i32| f64::from(steps) / STEPS;
        let lat = (
            degrees(y - LAT_STEPS).to_radians(),
            degrees((y + wide).min(2 * LAT_STEPS) - LAT_STEPS).to_radians(),
        );
        let (west, east) = (
            degrees(x - LNG_STEPS),
            degrees((x + wide).min(2 * LNG_STEPS - 1) - LNG_STEPS),
        );
        let from = point.lat.to_radians();
        // Degrees east of the western edge, in 0..360.
        let into = (point.lng - west).rem_euclid(360.0);
        if into <= east - west {
            return (from - from.clamp(lat.0, lat.1)).abs();
        }
        let beyond = (into - (east - west)).min(360.0 - into).to_radians();
        // Along the nearer edge, which is a meridian, the cosine of the angle is a sinusoid of the
        // latitude.
        let (up, along) = (from.sin(), from.cos() * beyond.cos());
        let crest = up.atan2(along);
        let cos = |lat: f64| up * lat.sin() + along * lat.cos();
        let cos = match (lat.0..=lat.1).contains(&crest) {
            true => up.hypot(along),
            false => cos(lat.0).max(cos(lat.1)),
        };
        cos.clamp(-1.0, 1.0).acos()
    }
}

const fn area(edge: u32) -> i64 {
    edge as i64 * edge as i64
}

/// Returns ranges that cover everything within this number of metres of a point, and some cells
/// beyond it. The ranges are in ascending order and consist of whole quads of [`parts_edge`].
pub fn cells_within(center: Point, metres: u32) -> Vec<Cells> {
    let reach = (f64::from(metres) + SLACK_METRES) / EARTH_METRES;
    if reach >= PI {
        return vec![Cells::ALL];
    }
    let around = |degrees: f64, reach: f64| {
        let steps = (reach.to_degrees() * STEPS).ceil();
        let (from, to) = (
            (degrees * STEPS).floor() - steps,
            (degrees * STEPS).ceil() + steps,
        );
        (from as i32, to as i32)
    };
    let lat = around(center.lat, reach);
    // The longitude range that the circle touches. If a pole lies within the circle, it is all
    // longitudes.
    let lat_cos = center.lat.to_radians().cos();
    let lng = if reach >= PI / 2.0 || reach.sin() >= lat_cos {
        (-LNG_STEPS, LNG_STEPS - 1)
    } else {
        around(center.lng, (reach.sin() / lat_cos).asin())
    };
    cells_of(lat, lng)
}

/// Returns the edge of the quads into which `cells` can be divided. It is about an eighth of the
/// edge of a square with as many cells, so that there are a few quads along each side. Around a
/// pole the ranges hold far more cells than the circle does, and the quads are larger.
pub fn parts_edge(cells: &[Cells]) -> u32 {
    let count: i64 = cells.iter().map(|cells| cells.last - cells.first + 1).sum();
    1 << (count.max(1).ilog2() / 2).saturating_sub(3)
}

/// Returns the cells of a rectangle of steps, which may cross the date line.
fn cells_of(lat: (i32, i32), lng: (i32, i32)) -> Vec<Cells> {
    let circle = 2 * LNG_STEPS;
    let y = (lat.0 + LAT_STEPS).max(0)..=(lat.1 + LAT_STEPS).min(2 * LAT_STEPS);
    let (from, to) = (lng.0 + LNG_STEPS, lng.1 + LNG_STEPS);
    let pieces = if to - from >= circle - 1 {
        vec![0..=circle - 1]
    } else if from < 0 {
        vec![0..=to, from + circle..=circle - 1]
    } else if to >= circle {
        vec![0..=to - circle, from..=circle - 1]
    } else {
        vec![from..=to]
    };
    // One size for both pieces, so that no quad of one piece is part of a quad of the other.
    let longest = pieces
        .iter()
        .chain([&y])
        .map(|side| side.end() - side.start());
    let longest = longest.max().unwrap_or_default().unsigned_abs() + 1;
    let smallest = (longest.next_power_of_two() / 4).max(1);
    let mut cells = Vec::new();
    for x in pieces {
        let area = Area {
            x: (x.start().unsigned_abs(), x.end().unsigned_abs()),
            y: (y.start().unsigned_abs(), y.end().unsigned_abs()),
            smallest,
        };
        area.cover(0, 0, WORLD, &mut cells);
    }
    joined(cells)
}

/// Returns the same cells in ascending order, merged into as few ranges as possible.
fn joined(mut cells: Vec<Cells>) -> Vec<Cells> {
    cells.sort_unstable();
    let mut joined: Vec<Cells> = Vec::new();
    for cells in cells {
        match joined.last_mut() {
            Some(before) if cells.first <= before.last + 1 => {
                before.last = before.last.max(cells.last);
            }
            _ => joined.push(cells),
        }
    }
    joined
}

/// A rectangle of cells, both ends included, and the edge of the smallest quad that covers it.
struct Area {
    x: (u32, u32),
    y: (u32, u32),
    smallest: u32,
}

impl Area {
    /// Adds the quads that cover the intersection of the area and the quad at (x, y), each as one
    /// range.
    fn cover(&self, x: u32, y: u32, size: u32, cells: &mut Vec<Cells>) {
        let (x_last, y_last) = (x + size - 1, y + size - 1);
        if x > self.x.1 || x_last < self.x.0 || y > self.y.1 || y_last < self.y.0 {
            return;
        }
        let inside = x >= self.x.0 && x_last <= self.x.1 && y >= self.y.0 && y_last <= self.y.1;
        if inside || size <= self.smallest {
            let first = interleaved(x, y);
            let last = first + i64::from(size) * i64::from(size) - 1;
            cells.push(Cells { first, last });
            return;
        }
        let half = size / 2;
        for (x, y) in [(x, y), (x + half, y), (x, y + half), (x + half, y + half)] {
            self.cover(x, y, half, cells);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::place::{Spot, tests::anywhere};
    use super::*;

    proptest! {
        #[test]
        fn cells_within_some_metres_hold_every_spot_within_them(
            center in anywhere(), bearing in 0.0..std::f64::consts::TAU, part in 0.0..1.0_f64,
            metres in prop_oneof![0_u32..10_000, 0_u32..30_000_000],
        ) {
            let cells = cells_within(center, metres);
            prop_assert!(cells.len() <= 64, "{}", cells.len());
            let size = area(parts_edge(&cells));
            let whole = |one: &Cells| one.first % size == 0 && (one.last + 1) % size == 0;
            prop_assert!(cells.iter().all(whole));
            prop_assert!(cells.windows(2).all(|two| two[0].last < two[1].first));
            let spot = Spot::of(travelled(center, bearing, f64::from(metres) * part));
            if spot.metres_from(center) <= metres {
                let cell = spot.cell();
                let held = cells.iter().any(|one| one.holds(cell));
                prop_assert!(held, "{spot:?} in {cells:?}");
            }
        }

        /// The number of cells read for a search grows only with the circle.
        #[test]
        fn cells_within_some_metres_are_few(
            lat in -60.0..60.0_f64, lng in -180.0..180.0_f64, metres in 0_u32..1_000_000,
        ) {
            let cells = cells_within(Point { lat, lng }, metres);
            let count: i64 = cells.iter().map(|one| one.last - one.first + 1).sum();
            let reach = (f64::from(metres) + SLACK_METRES) / EARTH_METRES;
            let narrowest = (lat.to_radians().abs() + reach).cos();
            let widest = 2.0 * (reach / narrowest).to_degrees() * STEPS + 4.0;
            // Each side is rounded up to whole quads, whose edge is at most half as long as the
            // side.
            prop_assert!(count as f64 <= (2.0 * widest).powi(2), "{count} {widest}");
        }

        #[test]
        fn a_spot_is_as_far_as_the_quads_that_it_lies_in(from in anywhere(), to in anywhere()) {
            let spot = Spot::of(to);
            let (cell, metres) = (spot.cell(), spot.metres_from(from));
            for edge in (0..=16).map(|power| 1 << power) {
                let quad = Quad::with(cell, edge);
                prop_assert!(quad.cells().holds(cell));
                prop_assert!(quad.metres_at_least(from) <= metres, "{quad:?} {metres}");
                prop_assert!(quad.metres_at_most(from) >= metres, "{quad:?} {metres}");
            }
        }
    }

    /// Returns the end of a great circle of this length that starts at `from` in this direction.
    fn travelled(from: Point, bearing: f64, metres: f64) -> Point {
        let (angle, lat) = (metres / EARTH_METRES, from.lat.to_radians());
        let end = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).asin();
        let side =
            (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * end.sin());
        let lng = (from.lng + side.to_degrees() + 540.0).rem_euclid(360.0) - 180.0;
        Point {
            lat: end.to_degrees(),
            lng,
        }
    }

    #[test]
    fn parts_are_an_eighth_as_wide_as_a_square_of_all_cells() {
        let (first, last) = (0, 255);
        assert_eq!(parts_edge(&[Cells { first, last }]), 2);
        let single = Cells { first, last: first };
        assert_eq!(parts_edge(&[single]), 1);
    }

    #[test]
    fn a_small_quad_is_as_far_as_its_middle() {
        let berlin = Point {
            lat: 52.52,
            lng: 13.405,
        };
        let paris = Spot::of(Point {
            lat: 48.86,
            lng: 2.35,
        });
        let quad = Quad::with(paris.cell(), 8);
        let (near, far) = (quad.metres_at_least(berlin), quad.metres_at_most(berlin));
        assert!(
            (865_000..far).contains(&near) && far < 890_000,
            "{near} to {far}"
        );
    }
}
