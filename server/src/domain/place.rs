//! Where tasks and operators are, coarsely, and what is near.
//!
//! A [`Spot`] is a hundredth of a degree, about a kilometre: all that is told of a place before a
//! task is claimed. Distances are measured to the spot, because a number of exact distances would
//! give the door away. A spot's cell is an integer, its two coordinates interleaved bit by bit
//! (Z-order): what is near on the ground is near in a B-tree, in a few ranges of one index.

use std::f64::consts::PI;

/// Spots in a degree.
const STEPS: f64 = 100.0;

/// Spots from the equator to a pole, and from Greenwich to the date line.
const LAT_STEPS: i32 = 9_000;
const LNG_STEPS: i32 = 18_000;

/// The mean radius of the earth (IUGG).
const EARTH_METRES: f64 = 6_371_008.8;

/// A quad as wide as all cells: 16 bits of each coordinate.
const WORLD: u32 = 1 << 16;

/// How much a ring is larger than the one before it.
const GROWTH: u32 = 4;

/// A place on earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// North of the equator, -90 to 90.
    pub lat: f64,
    /// East of Greenwich, -180 to 180.
    pub lng: f64,
}

/// A place to a hundredth of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    lat: i32,
    lng: i32,
}

impl Spot {
    /// The spot that a point lies in.
    pub fn of(point: Point) -> Self {
        let lat = (point.lat * STEPS).round() as i32;
        let lng = (point.lng * STEPS).round() as i32;
        Self {
            lat: lat.clamp(-LAT_STEPS, LAT_STEPS),
            // The date line is one line, whichever side it is named from.
            lng: (lng + LNG_STEPS).rem_euclid(2 * LNG_STEPS) - LNG_STEPS,
        }
    }

    /// The middle of the spot.
    pub fn point(self) -> Point {
        Point {
            lat: f64::from(self.lat) / STEPS,
            lng: f64::from(self.lng) / STEPS,
        }
    }

    /// The spot as one integer, 32 bits.
    pub fn cell(self) -> i64 {
        let (x, y) = (self.lng + LNG_STEPS, self.lat + LAT_STEPS);
        interleaved(x.unsigned_abs(), y.unsigned_abs())
    }

    /// The spot of a cell.
    pub fn of_cell(cell: i64) -> Self {
        let (x, y) = (gathered(cell), gathered(cell >> 1));
        Self {
            lat: y - LAT_STEPS,
            lng: x - LNG_STEPS,
        }
    }

    /// How far it is from a point along a great circle, in metres.
    pub fn metres_from(self, point: Point) -> u32 {
        let spot = self.point();
        let (from, to) = (point.lat.to_radians(), spot.lat.to_radians());
        let lat = ((to - from) / 2.0).sin();
        let lng = ((spot.lng - point.lng).to_radians() / 2.0).sin();
        // The haversine formula, which stays exact for short distances.
        let haversine = lat * lat + from.cos() * to.cos() * lng * lng;
        (2.0 * EARTH_METRES * haversine.sqrt().min(1.0).asin()).round() as u32
    }
}

/// Every other bit of a 16-bit number.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number & 0xffff);
    for (shift, mask) in [
        (8, 0x00ff_00ff),
        (4, 0x0f0f_0f0f),
        (2, 0x3333_3333),
        (1, 0x5555_5555),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

fn interleaved(x: u32, y: u32) -> i64 {
    (spread(x) | spread(y) << 1) as i64
}

/// The even bits of a cell, together.
fn gathered(cell: i64) -> i32 {
    let even = (0..16).map(|bit| (cell >> bit & 1 << bit) as i32);
    even.sum()
}

/// Cells from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cells {
    /// The lowest.
    pub first: i64,
    /// The highest.
    pub last: i64,
}

/// An area around a point: everything within `metres` lies in its cells, and some beyond it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// How far the ring is complete.
    pub metres: u32,
    /// Its cells, in their order.
    pub cells: Vec<Cells>,
}

/// Rings around a point, each several times as wide as the last, until one reaches `within`
/// metres. The last ring of all is the earth.
pub fn rings(center: Point, within: u32) -> impl Iterator<Item = Ring> {
    let mut steps = Some(1_u32);
    std::iter::from_fn(move || {
        let ring = ring(center, steps?);
        steps = (ring.metres < within).then(|| steps.map_or(1, |steps| steps * GROWTH));
        Some(ring)
    })
}

/// What lies within so many hundredths of a degree in every direction.
fn ring(center: Point, steps: u32) -> Ring {
    let reach = (f64::from(steps) / STEPS).to_radians();
    if reach >= PI {
        let (first, last) = (0, i64::from(u32::MAX));
        return Ring {
            metres: u32::MAX,
            cells: vec![Cells { first, last }],
        };
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
    // How far the meridians that touch the circle are; none does if a pole lies within it.
    let lat_cos = center.lat.to_radians().cos();
    let lng = if reach >= PI / 2.0 || reach.sin() >= lat_cos {
        (-LNG_STEPS, LNG_STEPS - 1)
    } else {
        around(center.lng, (reach.sin() / lat_cos).asin())
    };
    Ring {
        metres: (reach * EARTH_METRES) as u32,
        cells: cells_of(lat, lng),
    }
}

/// The cells of an area, which may lie across the date line.
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
    let mut cells = Vec::new();
    for x in pieces {
        let widest = (x.end() - x.start())
            .max(y.end() - y.start())
            .unsigned_abs()
            + 1;
        let area = Area {
            x: (x.start().unsigned_abs(), x.end().unsigned_abs()),
            y: (y.start().unsigned_abs(), y.end().unsigned_abs()),
            smallest: (widest.next_power_of_two() / 4).max(1),
        };
        area.cover(0, 0, WORLD, &mut cells);
    }
    cells
}

/// A rectangle of cells, both ends within it, and the smallest quad that it is covered with.
struct Area {
    x: (u32, u32),
    y: (u32, u32),
    smallest: u32,
}

impl Area {
    /// Adds the quads that cover the part of the area in the quad at (x, y). A quad is one range
    /// of cells; those that follow upon each other are joined.
    fn cover(&self, x: u32, y: u32, size: u32, cells: &mut Vec<Cells>) {
        let (x_last, y_last) = (x + size - 1, y + size - 1);
        if x > self.x.1 || x_last < self.x.0 || y > self.y.1 || y_last < self.y.0 {
            return;
        }
        let inside = x >= self.x.0 && x_last <= self.x.1 && y >= self.y.0 && y_last <= self.y.1;
        if inside || size <= self.smallest {
            let first = interleaved(x, y);
            let last = first + i64::from(size) * i64::from(size) - 1;
            match cells.last_mut().filter(|before| before.last + 1 == first) {
                Some(before) => before.last = last,
                None => cells.push(Cells { first, last }),
            }
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

    use super::*;

    fn anywhere() -> impl Strategy<Value = Point> {
        let edges = [-180.0, -179.995, 0.0, 179.995, 180.0];
        let lng = prop_oneof![4 => -180.0..=180.0, 1 => proptest::sample::select(edges.to_vec())];
        let lat = prop_oneof![4 => -90.0..=90.0, 1 => proptest::sample::select(vec![-90.0, 90.0])];
        (lat, lng).prop_map(|(lat, lng)| Point { lat, lng })
    }

    proptest! {
        #[test]
        fn a_cell_is_its_spot(point in anywhere()) {
            let spot = Spot::of(point);
            prop_assert_eq!(Spot::of_cell(spot.cell()), spot);
            prop_assert!((0..=i64::from(u32::MAX)).contains(&spot.cell()));
            prop_assert!(spot.metres_from(point) < 800);
        }

        #[test]
        fn a_ring_holds_every_spot_within_its_metres(
            center in anywhere(), turn in 0.0..std::f64::consts::TAU, part in 0.0..1.0_f64,
        ) {
            for ring in rings(center, u32::MAX) {
                let metres = f64::from(ring.metres).min(PI * EARTH_METRES) * part;
                let spot = Spot::of(travelled(center, turn, metres));
                if spot.metres_from(center) <= ring.metres {
                    let cell = spot.cell();
                    let held = ring.cells.iter().any(|one| (one.first..=one.last).contains(&cell));
                    prop_assert!(held, "{spot:?} in {ring:?}");
                }
                prop_assert!(ring.cells.len() <= 64, "{}", ring.cells.len());
            }
        }
    }

    /// The point at the end of a great circle that begins in a direction.
    fn travelled(from: Point, turn: f64, metres: f64) -> Point {
        let (angle, lat) = (metres / EARTH_METRES, from.lat.to_radians());
        let end = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * turn.cos()).asin();
        let side =
            (turn.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * end.sin());
        let lng = (from.lng + side.to_degrees() + 540.0).rem_euclid(360.0) - 180.0;
        Point {
            lat: end.to_degrees(),
            lng,
        }
    }

    #[test]
    fn distances_are_those_of_the_map() {
        let berlin = Point {
            lat: 52.52,
            lng: 13.405,
        };
        let paris = Spot::of(Point {
            lat: 48.86,
            lng: 2.35,
        });
        assert!((876_000..880_000).contains(&paris.metres_from(berlin)));
    }

    #[test]
    fn rings_end_with_the_earth_or_where_they_are_told_to() {
        let center = Point { lat: 0.0, lng: 0.0 };
        assert_eq!(
            rings(center, u32::MAX).last().map(|ring| ring.metres),
            Some(u32::MAX)
        );
        let few: Vec<_> = rings(center, 5_000).map(|ring| ring.metres).collect();
        assert!(
            few.len() == 3 && few[2] >= 5_000 && few[1] < 5_000,
            "{few:?}"
        );
    }
}
