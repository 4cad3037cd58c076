//! What a task costs beside its reward, and what each tier may do (contract §3, §4).

use api_types::{
    MicroUsd,
    agent::{Tier, TierLimits},
};

/// The fee is at least this (S1).
pub const FEE_MIN: MicroUsd = MicroUsd::usd(2);

/// Days over which spending is added up for the fee.
pub const TRAILING_DAYS: i64 = 30;

/// Deposits that lift an agent into the STANDARD tier (contract §3).
pub const STANDARD_DEPOSITS_MIN: MicroUsd = MicroUsd::usd(50);

/// Milliseconds in a UTC day.
pub const DAY_MILLIS: i64 = 86_400_000;

/// The fee on a reward, by what the agent spent in the trailing thirty days: 18 % under $5 000,
/// 15 % to $25 000, 12 % above (S1), but never under [`FEE_MIN`].
pub fn fee(reward: MicroUsd, spent_trailing: MicroUsd) -> MicroUsd {
    let percent = match spent_trailing {
        spent if spent < MicroUsd::usd(5_000) => 18,
        spent if spent <= MicroUsd::usd(25_000) => 15,
        _ => 12,
    };
    fee_in_cents_rounded_half_up(reward, percent).max(FEE_MIN)
}

fn fee_in_cents_rounded_half_up(reward: MicroUsd, percent: i64) -> MicroUsd {
    const MICROS_PER_CENT: i64 = 10_000;
    // In hundredths of a cent; rewards are bounded, so this stays far below an overflow.
    let exact = reward.as_micros().saturating_mul(percent) / 100;
    let cents = (exact + MICROS_PER_CENT / 2) / MICROS_PER_CENT;
    MicroUsd::from_micros(cents * MICROS_PER_CENT).unwrap_or(MicroUsd::ZERO)
}

/// The tiers' limits as contract §3 states them; the host may set others.
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

    #[test]
    fn the_fee_follows_the_trailing_spend() {
        let hundred = MicroUsd::usd(100);
        for (spent, dollars) in [
            (0, 18),
            (4_999, 18),
            (5_000, 15),
            (25_000, 15),
            (25_001, 12),
        ] {
            assert_eq!(
                fee(hundred, MicroUsd::usd(spent)),
                MicroUsd::usd(dollars),
                "{spent}"
            );
        }
    }

    #[test]
    fn the_fee_is_at_least_two_dollars() {
        assert_eq!(fee(MicroUsd::usd(10), MicroUsd::ZERO), MicroUsd::usd(2));
        assert_eq!(fee(MicroUsd::usd(25), MicroUsd::ZERO), micros(4_500_000));
    }

    #[test]
    fn half_a_cent_is_rounded_up() {
        // 18 % of 25.25 is 4.545.
        assert_eq!(fee(micros(25_250_000), MicroUsd::ZERO), micros(4_550_000));
        // 18 % of 25.22 is 4.5396.
        assert_eq!(fee(micros(25_220_000), MicroUsd::ZERO), micros(4_540_000));
    }
}
