//! The platform fee on a task, and the limits of each tier (contract §3, §4).

use std::{fmt, str::FromStr};

use api_types::{
    MicroUsd, Timestamp,
    agent::{Tier, TierLimits},
};

/// Number of days whose spending determines the fee. They are UTC days and today is added, so that
/// spending is never dropped early and at most a day late, which is in the agent's favour.
pub const TRAILING_DAYS: i64 = 30;

/// Total deposits from which an agent is in the STANDARD tier (contract §3).
pub const STANDARD_DEPOSITS_MIN: MicroUsd = MicroUsd::usd(50);

/// Milliseconds of a UTC day.
pub const DAY_MILLIS: i64 = 86_400_000;

/// Returns the UTC day of a time, counted from 1970. Daily limits and trailing spending are kept by
/// these days.
pub fn day(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY_MILLIS)
}

/// The platform fee by what an agent spent in the trailing thirty days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeTable {
    /// Rows in ascending order of spending; the first begins at zero.
    rows: Vec<FeeRow>,
}

/// A row of the table: the fee for spending of at least `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeRow {
    /// The spending from which the row applies.
    pub from: MicroUsd,
    /// The fee in hundredths of a per cent of the reward.
    pub basis_points: u16,
}

impl FeeTable {
    /// Creates a table from rows in ascending order of `from`. Returns `None` if the first is not
    /// zero, the order is wrong, or a fee is more than the whole reward.
    pub fn new(rows: Vec<FeeRow>) -> Option<Self> {
        let begins = rows.first().is_some_and(|row| row.from == MicroUsd::ZERO);
        let rises = rows.is_sorted_by(|one, next| one.from < next.from);
        let fits = rows.iter().all(|row| row.basis_points <= 10_000);
        (begins && rises && fits).then_some(Self { rows })
    }

    /// Returns the fee on a reward, in cents rounded half up, and at least `least`.
    pub fn fee(&self, reward: MicroUsd, spent_trailing: MicroUsd, least: MicroUsd) -> MicroUsd {
        fee_in_cents_rounded_half_up(reward, self.basis_points(spent_trailing)).max(least)
    }

    /// Returns the fee in per cent of the reward, as it is printed.
    pub fn percent(&self, spent_trailing: MicroUsd) -> f64 {
        f64::from(self.basis_points(spent_trailing)) / 100.0
    }

    fn basis_points(&self, spent_trailing: MicroUsd) -> u16 {
        let reached = self
            .rows
            .iter()
            .rev()
            .find(|row| row.from <= spent_trailing);
        reached.map_or(0, |row| row.basis_points)
    }
}

/// The fees of the reference: 18 % below $5 000, 15 % to $25 000, 12 % above.
impl Default for FeeTable {
    fn default() -> Self {
        let row = |from, basis_points| FeeRow { from, basis_points };
        // "To $25 000" includes that amount, so 12 % begins at the next micro-dollar.
        let above = MicroUsd::usd(25_000)
            .checked_add(MicroUsd::MICRO)
            .unwrap_or(MicroUsd::usd(25_000));
        Self {
            rows: vec![
                row(MicroUsd::ZERO, 1800),
                row(MicroUsd::usd(5_000), 1500),
                row(above, 1200),
            ],
        }
    }
}

/// The text is not a valid fee table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeTableError;

impl fmt::Display for FeeTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "must look like 0=18,5000=15,25000.000001=12: each row has a minimum of spending, \
             from 0 and increasing, and a fee of at most 100 per cent with two decimals",
        )
    }
}

impl std::error::Error for FeeTableError {}

/// Reads rows such as `5000=15`: from a spending of 5 000 dollars on the fee is 15 %.
impl FromStr for FeeTable {
    type Err = FeeTableError;

    fn from_str(text: &str) -> Result<Self, FeeTableError> {
        let rows: Option<Vec<_>> = text.split(',').map(fee_row).collect();
        rows.and_then(Self::new).ok_or(FeeTableError)
    }
}

fn fee_row(text: &str) -> Option<FeeRow> {
    let (from, percent) = text.trim().split_once('=')?;
    // A per cent is a hundredth of a dollar per dollar, so its text is read like an amount.
    let percent = MicroUsd::parse(percent, 2).ok()?;
    Some(FeeRow {
        from: from.parse().ok()?,
        basis_points: u16::try_from(percent.as_micros() / 10_000).ok()?,
    })
}

fn fee_in_cents_rounded_half_up(reward: MicroUsd, basis_points: u16) -> MicroUsd {
    const MICROS_PER_CENT: i64 = 10_000;
    // Exact: a reward is a whole number of cents, and so a multiple of the divisor.
    let exact = reward.as_micros().saturating_mul(i64::from(basis_points)) / 10_000;
    let cents = (exact + MICROS_PER_CENT / 2) / MICROS_PER_CENT;
    MicroUsd::from_micros(cents * MICROS_PER_CENT).unwrap_or(MicroUsd::ZERO)
}

/// Returns the limits of a tier in contract §3; the host may configure others.
pub fn limits(tier: Tier) -> TierLimits {
    let row = |max_daily_tasks, value, spend| TierLimits {
        max_daily_tasks,
        max_task_value: MicroUsd::usd(value),
        max_daily_spend: MicroUsd::usd(spend),
    };
    match tier {
        Tier::Sandbox => row(50, 10, 600),
        Tier::Verified => row(10, 100, 200),
        Tier::Standard => row(100, 10_000, 50_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: i64) -> MicroUsd {
        MicroUsd::from_micros(micros).unwrap()
    }

    fn fee(reward: MicroUsd, spent: MicroUsd) -> MicroUsd {
        FeeTable::default().fee(reward, spent, MicroUsd::usd(2))
    }

    #[test]
    fn the_fee_follows_the_trailing_spend() {
        let hundred = MicroUsd::usd(100);
        for (spent, dollars) in [
            (0, 18),
            (4_999_999_999, 18),
            (5_000_000_000, 15),
            (25_000_000_000, 15),
            (25_000_000_001, 12),
        ] {
            let expected = MicroUsd::usd(dollars);
            assert_eq!(fee(hundred, micros(spent)), expected, "{spent}");
        }
    }

    #[test]
    fn the_fee_is_at_least_two_dollars() {
        assert_eq!(fee(MicroUsd::usd(10), MicroUsd::ZERO), MicroUsd::usd(2));
        assert_eq!(fee(micros(11_110_000), MicroUsd::ZERO), MicroUsd::usd(2));
        assert_eq!(fee(MicroUsd::usd(25), MicroUsd::ZERO), micros(4_500_000));
    }

    #[test]
    fn half_a_cent_is_rounded_up() {
        // 18 % of 25.25 is 4.545.
        assert_eq!(fee(micros(25_250_000), MicroUsd::ZERO), micros(4_550_000));
        // 18 % of 25.22 is 4.5396.
        assert_eq!(fee(micros(25_220_000), MicroUsd::ZERO), micros(4_540_000));
        // 18 % of 25.08 is 4.5144.
        assert_eq!(fee(micros(25_080_000), MicroUsd::ZERO), micros(4_510_000));
    }

    #[test]
    fn a_table_begins_at_nothing_and_rises() {
        let row = |from, basis_points| FeeRow {
            from: MicroUsd::usd(from),
            basis_points,
        };
        let table = |rows: &[FeeRow]| FeeTable::new(rows.to_vec());
        assert!(table(&[row(0, 1800), row(10, 10_000)]).is_some());
        assert!(table(&[]).is_none());
        assert!(table(&[row(1, 1800)]).is_none());
        assert!(table(&[row(0, 1800), row(0, 1500)]).is_none());
        assert!(table(&[row(0, 1800), row(9, 1500), row(8, 1200)]).is_none());
        assert!(table(&[row(0, 10_001)]).is_none());
        let read = "0=18,5000=15,25000.000001=12".parse();
        assert_eq!(read, Ok(FeeTable::default()));
        for wrong in [
            "",
            "0",
            "0=x",
            "0=18,5000",
            "0=18.005",
            "5000=15",
            "0=101",
            "0=-1",
        ] {
            assert!(wrong.parse::<FeeTable>().is_err(), "{wrong}");
        }
    }
}
