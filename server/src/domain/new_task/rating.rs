//! The minimum operator rating that a task can require.

use api_types::{
    MicroUsd, decimal,
    message::{STARS_MAX, STARS_MIN},
};
use serde::{Deserialize, Serialize};

/// Maximum number of decimals of a rating.
const DECIMALS: u32 = 2;

/// Number of hundredths in a star.
const HUNDREDTHS: u16 = 100;

/// A mean of stars in hundredths, 100 to 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MinimumRating(u16);

impl MinimumRating {
    /// The message for a value that is not a rating.
    pub const MUST: &'static str = "must be a number from 1 to 5 with at most two decimals";

    /// Creates a rating from hundredths of a star, or returns `None` outside 100 to 500.
    pub const fn from_hundredths(hundredths: u16) -> Option<Self> {
        const LEAST: u16 = STARS_MIN as u16 * HUNDREDTHS;
        const MOST: u16 = STARS_MAX as u16 * HUNDREDTHS;
        match hundredths {
            LEAST..=MOST => Some(Self(hundredths)),
            _ => None,
        }
    }

    /// Reads 1 to 5 stars with at most two decimals from plain decimal text.
    pub fn parse(digits: &str) -> Option<Self> {
        // Parsed as decimal digits like an amount, so that 4.005 is refused and not rounded.
        let stars = MicroUsd::parse(digits, DECIMALS as usize).ok()?;
        Self::from_hundredths(u16::try_from(stars.as_micros() / 10_000).ok()?)
    }

    /// Reads 1 to 5 stars with at most two decimals from a JSON number in any notation.
    pub fn parse_number(number: &str) -> Option<Self> {
        let hundredths = decimal::parse_units(number, DECIMALS).ok()?;
        Self::from_hundredths(u16::try_from(hundredths).ok()?)
    }

    /// Returns the rating in hundredths of a star.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// Returns the rating in stars, as it is printed.
    pub fn stars(self) -> f64 {
        f64::from(self.0) / f64::from(HUNDREDTHS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_are_read_to_the_hundredth_and_not_rounded() {
        let read =
            |text| MinimumRating::parse(text).map(|rating| (rating.hundredths(), rating.stars()));
        assert_eq!(read("4.25"), Some((425, 4.25)));
        assert_eq!(
            (read("4.005"), read("0.99"), read("5.01")),
            (None, None, None)
        );
    }
}
