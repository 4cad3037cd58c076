//! Where tasks and operators are, coarsely. Areas are in `cells.rs`.
//!
//! A [`Spot`] is a hundredth of a degree, about a kilometre: all that is told of a place before a
//! task is claimed. Distances are measured to the spot, because a number of exact distances would
//! give the door away. A spot's cell is an integer, its two coordinates interleaved bit by bit
//! (Z-order): what is near on the ground is near in a B-tree, in a few ranges of one index.

/// Spots in a degree.
pub(super) const STEPS: f64 = 100.0;

/// Spots from the equator to a pole, and from Greenwich to the date line.
pub(super) const LAT_STEPS: i32 = 9_000;
pub(super) const LNG_STEPS: i32 = 18_000;

/// The mean radius of the earth (IUGG).
pub(super) const EARTH_METRES: f64 = 6_371_008.8;

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

pub(super) fn interleaved(x: u32, y: u32) -> i64 {
    (spread(x) | spread(y) << 1) as i64
}

/// The even bits of a cell, together.
pub(super) fn gathered(cell: i64) -> i32 {
    let even = (0..16).map(|bit| (cell >> bit & 1 << bit) as i32);
    even.sum()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn anywhere() -> impl Strategy<Value = Point> {
        let edges = [-180.0, -179.995, 0.0, 179.995, 180.0];
        let lng = prop_oneof![4 => -180.0..=180.0, 1 => proptest::sample::select(edges.to_vec())];
        let poles = proptest::sample::select(vec![-90.0, 90.0]);
        let lat = prop_oneof![4 => -90.0..=90.0, 1 => -90.0..=-80.0, 1 => 80.0..=90.0, 1 => poles];
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
}
