//! Settings that the server and the command line share. A server writes them into its database when
//! it starts; the command line reads them there, or refuses to work with different ones.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Config, DataLocation};
use crate::domain::task::Durations;

/// Shared settings by the names of their variables.
pub type SharedSettings = BTreeMap<String, String>;

const HOLD: &str = "SETTLEMENT_HOLD_DAYS";
const RELEASE: &str = "AUTO_RELEASE_HOURS";
const STEP: &str = "SANDBOX_STEP_SECONDS";

/// The location of the proof files; empty for the folder `files` in DATA_DIR.
pub const FILES: &str = "FILES_URL";

impl Config {
    /// Returns the settings that this server shares.
    pub fn shared(&self) -> SharedSettings {
        let settings = [
            (HOLD, self.settlement_hold_days.to_string()),
            (RELEASE, self.auto_release_hours.to_string()),
            (STEP, self.sandbox_step_seconds.to_string()),
            (FILES, self.place.shared_files()),
        ];
        let settings = settings.into_iter();
        settings
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Returns the times that moves of tasks depend on, from these settings.
    pub fn terms(&self) -> Durations {
        terms(
            self.settlement_hold_days,
            self.auto_release_hours,
            self.sandbox_step_seconds,
        )
    }
}

impl DataLocation {
    /// Returns the location of the proof files in its shared form.
    pub fn shared_files(&self) -> String {
        let url = self.files_url.as_ref().map(url::Url::as_str);
        url.unwrap_or_default().trim_end_matches('/').to_owned()
    }
}

/// Returns the times that moves of tasks depend on; `None` if no server has shared them.
pub fn shared_terms(shared: &SharedSettings) -> Option<Durations> {
    let number = |name| shared.get(name)?.parse().ok();
    Some(terms(number(HOLD)?, number(RELEASE)?, number(STEP)?))
}

fn terms(hold_days: u32, release_hours: u32, step_seconds: u32) -> Durations {
    const HOUR: u64 = 60 * 60;
    Durations {
        auto_release: Duration::from_secs(u64::from(release_hours) * HOUR),
        hold: Duration::from_secs(u64::from(hold_days) * 24 * HOUR),
        sandbox_step: Duration::from_secs(u64::from(step_seconds)),
    }
}
