//! Disputes: the rulings of the host, and how each divides the escrow (contract §4).
//!
//! RELEASE pays as an approval does, and REFUND returns everything to the agent. SPLIT pays the
//! operator the stated part of the reward and the platform the same part of its fee, in cents
//! rounded half up; the agent gets the rest. The minimum fee does not apply to a part, so that
//! SPLIT is continuous with the other two at its ends.

use api_types::{
    DisputeId, MicroUsd, Timestamp,
    dispute::{DisputeOpener, DisputeOutcome, OpenDispute, REASON_CHARS_MAX},
};
use serde_json::Value;

use super::fields::{Fields, Parsed, USD_DECIMALS, choice, money, text};

/// A dispute that a move opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDispute {
    /// The dispute's id.
    pub id: DisputeId,
    /// Who opens the dispute.
    pub by: DisputeOpener,
    /// The stated reason, if any.
    pub reason: Option<String>,
}

/// What a move does to the disputes over its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisputeChange {
    /// The move opens a dispute.
    Opened(NewDispute),
    /// The move closes the open dispute.
    Closed {
        /// How the dispute ends.
        outcome: DisputeOutcome,
        /// The host's explanation, if the host decided.
        note: Option<String>,
    },
}

/// The host's decision on a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// How the escrow is divided.
    pub award: Award,
    /// The host's explanation, 1 to [`REASON_CHARS_MAX`] characters.
    pub note: String,
}

/// How the host divides the escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Award {
    /// The operator gets the reward, the platform its fee.
    Release,
    /// The agent gets everything back.
    Refund,
    /// The operator gets this part of the reward.
    Split(MicroUsd),
}

impl Ruling {
    /// Reads the body of POST /admin/disputes/:id/resolve.
    ///
    /// # Errors
    /// Every fault of the body.
    pub fn parse(body: &Value) -> Parsed<Self> {
        Fields::read(body, |fields| {
            let decided = |name: &str| {
                DisputeOutcome::parse(name).filter(|outcome| *outcome != DisputeOutcome::Revision)
            };
            let outcome = fields.required("outcome", choice(decided, "RELEASE, REFUND, SPLIT"));
            let part = fields.optional("operator_usd", money(USD_DECIMALS));
            let note = fields.required("note", text(1..=REASON_CHARS_MAX));
            let split = outcome == Some(DisputeOutcome::Split);
            if split && !fields.has("operator_usd") {
                fields.fault("operator_usd", "is required for SPLIT");
            }
            if outcome.is_some() && !split && fields.has("operator_usd") {
                fields.fault("operator_usd", "goes with SPLIT alone");
            }
            let award = match outcome {
                Some(DisputeOutcome::Release) => Some(Award::Release),
                Some(DisputeOutcome::Refund) => Some(Award::Refund),
                _ => part.map(Award::Split),
            };
            Some(Self {
                award: award?,
                note: note?,
            })
        })
    }
}

/// Reads the body of POST /tasks/:id/dispute.
///
/// # Errors
/// Every fault of the body.
pub fn parse_opening(body: &Value) -> Parsed<OpenDispute> {
    Fields::read(body, |fields| {
        let reason = fields.required("reason", text(1..=REASON_CHARS_MAX));
        reason.map(|reason| OpenDispute { reason })
    })
}

/// The division of a task's escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// What the operator gets.
    pub operator: MicroUsd,
    /// What the platform gets.
    pub platform: MicroUsd,
    /// What the agent gets back.
    pub agent: MicroUsd,
}

impl Shares {
    /// Returns the shares of an award over a task with this reward and fee, or `None` if the part
    /// of a split is not more than zero and less than the reward.
    pub fn of(award: Award, reward: MicroUsd, fee: MicroUsd) -> Option<Self> {
        let total = reward.checked_add(fee)?;
        let (operator, platform) = match award {
            Award::Release => (reward, fee),
            Award::Refund => (MicroUsd::ZERO, MicroUsd::ZERO),
            Award::Split(part) if part > MicroUsd::ZERO && part < reward => {
                (part, fee_part_in_cents_rounded_half_up(fee, part, reward)?)
            }
            Award::Split(_) => return None,
        };
        let agent = total.checked_sub(operator)?.checked_sub(platform)?;
        Some(Self {
            operator,
            platform,
            agent,
        })
    }
}

/// Returns the part of `fee` that corresponds to `part` of `reward`, never more than the fee.
fn fee_part_in_cents_rounded_half_up(
    fee: MicroUsd,
    part: MicroUsd,
    reward: MicroUsd,
) -> Option<MicroUsd> {
    const MICROS_PER_CENT: i128 = 10_000;
    let [fee_micros, part, reward] = [fee, part, reward].map(|one| i128::from(one.as_micros()));
    // Twice the number of cents, so that half a cent is a whole number here.
    let doubled = (fee_micros * part * 2) / (reward * MICROS_PER_CENT);
    let cents = (doubled + 1) / 2;
    let micros = i64::try_from(cents * MICROS_PER_CENT).ok()?;
    Some(MicroUsd::from_micros(micros)?.min(fee))
}

/// Returns the record of a resolved dispute for its task.
pub fn resolution(
    ruling: &Ruling,
    shares: Shares,
    now: Timestamp,
) -> api_types::dispute::Resolution {
    api_types::dispute::Resolution {
        outcome: match ruling.award {
            Award::Release => DisputeOutcome::Release,
            Award::Refund => DisputeOutcome::Refund,
            Award::Split(_) => DisputeOutcome::Split,
        },
        operator_usd: shares.operator,
        platform_fee_usd: shares.platform,
        refunded_usd: shares.agent,
        note: ruling.note.clone(),
        resolved_at: now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn micros(micros: i64) -> MicroUsd {
        MicroUsd::from_micros(micros).unwrap()
    }

    #[test]
    fn a_split_divides_reward_and_fee_alike() {
        let (reward, fee) = (MicroUsd::usd(25), micros(4_500_000));
        let shares = Shares::of(Award::Split(MicroUsd::usd(10)), reward, fee).unwrap();
        let printed = [shares.operator, shares.platform, shares.agent].map(|one| one.to_string());
        assert_eq!(printed, ["10.00", "1.80", "17.70"]);
    }

    #[test]
    fn half_a_cent_of_the_fee_is_rounded_up() {
        // A third of 4.55 dollars is 151.67 cents; a half of 4.55 is 227.5 cents.
        let (reward, fee) = (MicroUsd::usd(30), micros(4_550_000));
        for (dollars, cents) in [(10, 152), (15, 228)] {
            let shares = Shares::of(Award::Split(MicroUsd::usd(dollars)), reward, fee).unwrap();
            assert_eq!(shares.platform, micros(cents * 10_000));
        }
    }

    #[test]
    fn a_split_is_neither_nothing_nor_everything() {
        let (reward, fee) = (MicroUsd::usd(25), MicroUsd::usd(2));
        for part in [0, 25, 26] {
            assert_eq!(
                Shares::of(Award::Split(MicroUsd::usd(part)), reward, fee),
                None
            );
        }
    }

    #[test]
    fn a_ruling_names_every_fault() {
        let places = |body: Value| -> Vec<String> {
            let faults = Ruling::parse(&body).unwrap_err();
            faults.into_iter().map(|fault| fault.field).collect()
        };
        assert_eq!(places(json!({"outcome": "REVISION"})), ["outcome", "note"]);
        assert_eq!(
            places(json!({"outcome": "SPLIT", "note": "x"})),
            ["operator_usd"]
        );
        let both = json!({"outcome": "REFUND", "operator_usd": 5, "note": "x"});
        assert_eq!(places(both), ["operator_usd"]);
        let split = json!({"outcome": "SPLIT", "operator_usd": "10.50", "note": "x"});
        let award = Ruling::parse(&split).unwrap().award;
        assert_eq!(award, Award::Split(micros(10_500_000)));
    }

    #[test]
    fn an_agent_disputes_for_a_reason() {
        for chars in [1, REASON_CHARS_MAX] {
            let reason = "x".repeat(chars);
            let opening = parse_opening(&json!({"reason": reason})).unwrap();
            assert_eq!(opening.reason, reason);
        }
        for (body, field) in [
            (json!(null), ""),
            (json!({}), "reason"),
            (json!({"reason": ""}), "reason"),
            (
                json!({"reason": "x".repeat(REASON_CHARS_MAX + 1)}),
                "reason",
            ),
            (json!({"reason": ["x"]}), "reason"),
            (json!({"reason": "x", "outcome": "REFUND"}), "outcome"),
        ] {
            let faults = parse_opening(&body).unwrap_err().details();
            assert_eq!(faults.len(), 1, "{body}");
            assert_eq!(faults[0].field, field, "{body}");
        }
    }

    proptest! {
        #[test]
        fn shares_always_make_the_whole(
            cents in 1_000_i64..=1_000_000, fee in 200_i64..=180_000, part in 1_i64..1_000_000,
        ) {
            let (reward, fee) = (micros(cents * 10_000), micros(fee * 10_000));
            let awards = [Award::Release, Award::Refund, Award::Split(micros(part * 10_000))];
            for shares in awards.into_iter().filter_map(|award| Shares::of(award, reward, fee)) {
                let [operator, platform, agent] =
                    [shares.operator, shares.platform, shares.agent].map(MicroUsd::as_micros);
                prop_assert!(operator >= 0 && platform >= 0 && agent >= 0);
                prop_assert_eq!(operator + platform + agent, reward.as_micros() + fee.as_micros());
            }
        }
    }
}
