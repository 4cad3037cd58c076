//! Coarse positions of tasks and operators. Areas are in `cells.rs`.
//!
//! A [`Spot`] has a precision of a hundredth of a degree, about a kilometre. Nothing more precise
//! is disclosed before a task is claimed. Distances are measured to the spot, because several exact
//! distances would reveal the address. The cell of a spot is an integer, its two coordinates
//! interleaved bit by bit (Z-order): positions that are near on the ground are near in a B-tree, in
//! a few ranges of one index.

/// Spots per degree.
pub(super) const STEPS: f64 = 100.0;

/// Spots from the equator to a pole, and from the prime meridian to the date line.
pub(super) const LAT_STEPS: i32 = 9_000;
pub(super) const LNG_STEPS: i32 = 18_000;

/// The mean radius of the earth in metres (IUGG).
pub(super) const EARTH_METRES: f64 = 6_371_008.8;

/// A position on the earth in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Latitude: degrees north of the equator, -90 to 90.
    pub lat: f64,
    /// Longitude: degrees east of the prime meridian, -180 to 180.
    pub lng: f64,
}

/// A position rounded to a hundredth of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    lat: i32,
    lng: i32,
}

impl Spot {
    /// Returns the spot nearest to a point.
    pub fn of(point: Point) -> Self {
        let lat = (point.lat * STEPS).round() as i32;
        let lng = (point.lng * STEPS).round() as i32;
        Self {
            lat: lat.clamp(-LAT_STEPS, LAT_STEPS),
            // The date line has one longitude, from whichever side it is stated.
            lng: (lng + LNG_STEPS).rem_euclid(2 * LNG_STEPS) - LNG_STEPS,
        }
    }

    /// Returns the centre of the spot.
    pub fn point(self) -> Point {
        Point {
            lat: f64::from(self.lat) / STEPS,
            lng: f64::from(self.lng) / STEPS,
        }
    }

    /// Returns the spot as one integer of 32 bits.
    pub fn cell(self) -> i64 {
        let (x, y) = (self.lng + LNG_STEPS, self.lat + LAT_STEPS);
        interleaved(x.unsigned_abs(), y.unsigned_abs())
    }

    /// Returns the spot of a cell.
    pub fn of_cell(cell: i64) -> Self {
        let (x, y) = (gathered(cell), gathered(cell >> 1));
        Self {
            lat: y - LAT_STEPS,
            lng: x - LNG_STEPS,
        }
    }

    /// Returns the great-circle distance from a point in metres.
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

/// Spreads a 16-bit number so that its bits take every other position.
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

/// Collects the even bits of a cell into one number.
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
