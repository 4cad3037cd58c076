//! The daily limits of agents by tier, as a setting.

use std::str::FromStr;

use api_types::agent::{Tier, TierLimits};

use super::error::ConfigError;
use crate::domain::pricing;

/// The limits of each tier (contract §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// The limits of SANDBOX, the tier on registration.
    pub sandbox: TierLimits,
    /// The limits of VERIFIED, the tier after the e-mail address is verified.
    pub verified: TierLimits,
    /// The limits of STANDARD, the tier after deposits of $50 or more.
    pub standard: TierLimits,
}

impl Default for Tiers {
    fn default() -> Self {
        Self {
            sandbox: pricing::limits(Tier::Sandbox),
            verified: pricing::limits(Tier::Verified),
            standard: pricing::limits(Tier::Standard),
        }
    }
}

impl FromStr for Tiers {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut tiers = Self::default();
        for row in text.split(',').filter(|row| !row.trim().is_empty()) {
            tiers.change(row).ok_or(ConfigError(
                "each tier must look like STANDARD=100/10000/50000: SANDBOX, VERIFIED or STANDARD, \
                 then tasks a day, dollars a task and dollars a day",
            ))?;
        }
        Ok(tiers)
    }
}

impl Tiers {
    /// Returns the limits of one tier.
    pub fn of(&self, tier: Tier) -> TierLimits {
        match tier {
            Tier::Sandbox => self.sandbox,
            Tier::Verified => self.verified,
            Tier::Standard => self.standard,
        }
    }

    fn change(&mut self, row: &str) -> Option<()> {
        let (name, limits) = row.trim().split_once('=')?;
        let [tasks, value, spend] = limits.split('/').collect::<Vec<_>>().try_into().ok()?;
        let limits = TierLimits {
            max_daily_tasks: tasks.parse().ok()?,
            max_task_value: value.parse().ok()?,
            max_daily_spend: spend.parse().ok()?,
        };
        match name {
            "SANDBOX" => self.sandbox = limits,
            "VERIFIED" => self.verified = limits,
            "STANDARD" => self.standard = limits,
            _ => return None,
        }
        Some(())
    }
}
