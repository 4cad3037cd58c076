//! Validation of settings that contradict each other, or that cannot do what they say.

use std::net::SocketAddr;

use api_types::{MicroUsd, agent::Tier};

use super::error::ConfigError;
use super::text::{is_header, is_line};
use super::{Config, Registration};
use crate::domain::new_task::REWARD_MAX;

/// Minimum and maximum length in characters of the host's key. A longer one would not fit into the
/// headers together with others.
const ADMIN_KEY_CHARS_MIN: usize = 32;
const ADMIN_KEY_CHARS_MAX: usize = 1024;

impl Config {
    /// Refuses settings that contradict each other, or promise what this version cannot do.
    ///
    /// # Errors
    /// Fails with a sentence that says which setting to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.dlocal.check()?;
        self.oidc.check(self.public_url.as_deref())?;
        self.check_keys()?;
        self.check_tiers()
    }

    /// Refuses addresses that these settings must not be served on. All addresses of a name are
    /// checked, because the next start may choose another of them.
    ///
    /// # Errors
    /// Fails with a sentence that says which setting to change.
    pub fn check_listener(&self, addresses: &[SocketAddr]) -> Result<(), ConfigError> {
        let local = addresses.iter().all(|address| address.ip().is_loopback());
        if self.allow_dev_operator_id_header && !local {
            return Err(ConfigError(
                "ALLOW_DEV_OPERATOR_ID_HEADER lets every client act as any operator, so it is \
                 refused on an address that is not loopback: listen on 127.0.0.1, or turn it off.",
            ));
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), ConfigError> {
        if self.registration == Registration::AdminKey && self.admin_key.is_none() {
            return Err(ConfigError(
                "REGISTRATION=admin_key needs a host key: set ADMIN_KEY.",
            ));
        }
        if let Some(key) = self.admin_key.as_ref().map(super::Secret::expose) {
            let length = key.chars().count();
            if length < ADMIN_KEY_CHARS_MIN {
                return Err(ConfigError(
                    "ADMIN_KEY is too short: use at least 32 characters.",
                ));
            }
            if !is_header(key) || length > ADMIN_KEY_CHARS_MAX {
                return Err(ConfigError(
                    "ADMIN_KEY cannot be sent in a header: use at most 1024 printable ASCII \
                     characters without white space.",
                ));
            }
        }
        let secret = self.kyc_webhook_secret.as_ref().map(super::Secret::expose);
        if secret.is_some_and(|it| it.chars().count() < 16 || !is_line(it)) {
            return Err(ConfigError(
                "KYC_WEBHOOK_SECRET is too short or has a line break: use at least 16 characters on \
                 one line.",
            ));
        }
        Ok(())
    }

    fn check_tiers(&self) -> Result<(), ConfigError> {
        if self.min_task_usd == MicroUsd::ZERO || self.min_task_usd > REWARD_MAX {
            return Err(ConfigError(
                "MIN_TASK_USD must be more than 0 and at most 10000, the maximum reward. Otherwise \
                 nobody could post a task.",
            ));
        }
        for tier in [Tier::Sandbox, Tier::Verified, Tier::Standard] {
            let limits = self.tiers.of(tier);
            let least = limits.max_task_value.min(limits.max_daily_spend);
            if limits.max_daily_tasks == 0 || least < self.min_task_usd {
                return Err(ConfigError(
                    "TIERS has a tier that could not post any task: allow each tier at least one \
                     task a day, and at least MIN_TASK_USD a task and a day.",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::origin;
    use super::*;
    use crate::command_line::{Cli, Command};

    fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
        let line = ["humanops", "serve"].iter().chain(arguments);
        match Cli::read(line, &|_| None)?.command {
            Command::Serve(config) => Ok(*config),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn believing_a_header_is_refused_beyond_loopback() {
        let config = parse(&["--allow-dev-operator-id-header"]).unwrap();
        let on = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|it| it.parse().unwrap());
            config.check_listener(&addresses.collect::<Vec<_>>())
        };
        on(&["127.0.0.1:8787", "[::1]:8787"]).unwrap();
        for open in [&["0.0.0.0:8787"][..], &["127.0.0.1:8787", "192.0.2.1:8787"]] {
            assert!(
                on(open).unwrap_err().to_string().contains("127.0.0.1"),
                "{open:?}"
            );
        }
    }

    #[test]
    fn what_can_never_work_is_refused_at_start() {
        let twice = "a-key-of-thirty-two-characters-";
        for wrong in [
            &["--dlocal-login", "l"][..],
            &["--dlocal-url", "http://dlocal.example"],
            &["--dlocal-country", "usa"],
            &["--registration", "admin_key"],
            &["--admin-key", "short"],
            &["--admin-key", &format!("{twice} {twice}")],
            &["--admin-key", &format!("{twice}\n{twice}")],
            &["--admin-key", &format!("{twice}ä")],
            &["--admin-key", &"k".repeat(1025)],
            &["--admin-key", ""],
            &["--kyc-webhook-secret", "fifteen-letters"],
            &["--kyc-webhook-secret", "two lines of\none secret"],
            &["--public-url", "tasks.example.com"],
            &["--public-url", "ftp://tasks.example.com"],
            &["--public-url", "https://tasks.example.com/"],
            &["--public-url", "https://tasks.example.com/path"],
            &["--public-url", "https://user@tasks.example.com"],
            &["--public-url", "https://tasks.example.com?query"],
            &["--public-url", "https://"],
            &["--public-url", "https://two words"],
            &["--allow-private-targets", "10.1.2.3/8"],
            &["--allow-private-targets", "example.com"],
            &["--target-ports", "0"],
            &["--target-ports", "3999-3000"],
            &["--connections-max", "0"],
            &["--event-streams-max", "0"],
            &["--auto-release-hours", "0"],
            &["--settlement-hold-days", "4000000000"],
            &["--stop-seconds", "18446744073709551615"],
            &["--min-task-usd", "0"],
            &["--min-task-usd", "10000.01"],
            &["--min-task-usd", "20"],
            &["--tiers", "STANDARD=0/10000/50000"],
            &["--tiers", "STANDARD=100/9/50000"],
            &["--tiers", "STANDARD=100/10000/9"],
        ] {
            let refused = parse(wrong).map_or(true, |config| config.check().is_err());
            assert!(refused, "{wrong:?}");
        }
    }

    #[test]
    fn a_public_address_is_kept_as_browsers_write_it() {
        for (given, kept) in [
            ("https://Tasks.Example.com", "https://tasks.example.com"),
            ("https://tasks.example.com:443", "https://tasks.example.com"),
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            ("http://[::1]:8787", "http://[::1]:8787"),
        ] {
            assert_eq!(origin(given).unwrap(), kept);
        }
    }
}
