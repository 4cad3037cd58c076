//! All settings, each with its argument, its environment variable, its unit and its default.
//!
//! `humanops serve --help` prints this list. [`Config::check`] refuses contradictory settings at
//! start. The command line parses them (`command_line/read.rs`).

mod check;
mod dlocal;
mod error;
pub mod limits;
mod listen;
mod notices;
mod oidc;
mod secret;
mod shared;
mod text;
mod tiers;

use std::path::PathBuf;

use api_types::MicroUsd;
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Args, ValueEnum, value_parser};
use ipnet::IpNet;

use crate::config::limits::{LimitSettings, network};
use crate::domain::pricing::FeeTable;
use crate::domain::target::{Ports, TargetRules};
pub use dlocal::Dlocal;
pub use error::ConfigError;
pub use listen::Listen;
pub use oidc::{BuiltinSignIn, Oidc};
pub use secret::Secret;
pub use shared::{FILES, SharedSettings, shared_terms};
use text::origin;
pub use tiers::Tiers;

/// The location of the database, the files and the keys.
#[derive(Clone, Debug, Args)]
pub struct DataLocation {
    /// Folder of the embedded database, the proof files and the key that signs their URLs.
    #[arg(
        long,
        env = "DATA_DIR",
        default_value = "humanops-data",
        value_name = "DIR",
        global = true
    )]
    pub data: PathBuf,
    /// A PostgreSQL database (`postgres://user@host/name`) instead of the embedded one. With
    /// `?sslmode=verify-full` the connection always uses TLS.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        global = true
    )]
    pub database_url: Option<Secret>,
    /// An S3 bucket for the proof files (`s3://bucket/folder`) instead of the folder `files` in the
    /// data folder. Its credentials are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION;
    /// AWS_ENDPOINT is for providers other than Amazon.
    #[arg(long, env = "FILES_URL", value_name = "URL", global = true)]
    pub files_url: Option<url::Url>,
}

/// The way in which money is deposited and paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Payments {
    /// Deposits are credited as reported, and payouts complete at once. No money moves.
    Test,
    /// USDC on Base, which this version does not support yet, and a provider of card payments.
    Base,
}

/// The way in which operators' identities are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KycMode {
    /// Approve at once, for development.
    Auto,
    /// Approve by the host.
    Manual,
}

/// The permission to register agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Everyone may register.
    Open,
    /// Only with the host's key as `X-Admin-Key`.
    #[value(name = "admin_key")]
    AdminKey,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// The settings of `humanops serve`.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The location of the database and the files.
    #[command(flatten)]
    pub place: DataLocation,

    /// Address or name, and port, to listen on; port 0 selects a free one. If a name has several
    /// addresses, the first is used, IPv4 before IPv6.
    #[arg(
        long,
        env = "LISTEN",
        default_value = "127.0.0.1:8787",
        value_name = "ADDRESS"
    )]
    pub listen: Listen,

    /// Address and port on which Prometheus can request /metrics; disabled by default. The metrics
    /// show how much the server does, and nothing about whom.
    #[arg(long, env = "METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<Listen>,

    /// URL by which clients reach this server, without a path; derived from LISTEN by default.
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", value_parser = origin)]
    pub public_url: Option<String>,

    /// How money is deposited and paid out.
    #[arg(long, env = "PAYMENTS", value_enum, default_value = "test")]
    pub payments: Payments,

    /// How operators' identities are checked.
    #[arg(long, env = "KYC", value_enum, default_value = "auto")]
    pub kyc: KycMode,

    /// Who may register agents.
    #[arg(long, env = "REGISTRATION", value_enum, default_value = "open")]
    pub registration: Registration,

    /// SMTP server for outgoing mails, with user and password: `smtps://user:password@host`, or
    /// `smtp://user:password@host?tls=required` for STARTTLS. Without it mails are written to the
    /// folder `mails` under DATA_DIR.
    #[arg(long, env = "SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub smtp_url: Option<Secret>,

    /// Sender of mails: `HumanOps <mail@example.com>`. Required with SMTP_URL.
    #[arg(long, env = "MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,

    /// The host's key, at least 32 characters.
    #[arg(long, env = "ADMIN_KEY", hide_env_values = true, value_name = "KEY")]
    pub admin_key: Option<Secret>,

    /// Secret with which an identity provider signs its messages to /webhooks/kyc, at least 16
    /// characters.
    #[arg(
        long,
        env = "KYC_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub kyc_webhook_secret: Option<Secret>,

    /// Accept any `X-Operator-Id` as an operator's identity. For development on this machine only.
    #[arg(long, env = "ALLOW_DEV_OPERATOR_ID_HEADER", default_value_t = false,
          action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub allow_dev_operator_id_header: bool,

    /// The OpenID Connect issuer at which operators sign in.
    #[command(flatten)]
    pub oidc: Oidc,

    /// Whether rules alone may approve a photo. [default: true with PAYMENTS=test, else false]
    #[arg(long, env = "GUARDIAN_RULES_MAY_APPROVE", action = ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub guardian_rules_may_approve: Option<bool>,

    /// Minimum reward of a task, in US dollars.
    #[arg(long, env = "MIN_TASK_USD", default_value = "10", value_name = "USD")]
    pub min_task_usd: MicroUsd,

    /// Days for which an earned reward can still be disputed.
    #[arg(
        long,
        env = "SETTLEMENT_HOLD_DAYS",
        default_value_t = 7,
        value_parser = value_parser!(u32).range(0..=3650),
        value_name = "DAYS"
    )]
    pub settlement_hold_days: u32,

    /// Hours in MANUAL_REVIEW without an agent's decision after which the reward is released.
    #[arg(
        long,
        env = "AUTO_RELEASE_HOURS",
        default_value_t = 72,
        value_parser = value_parser!(u32).range(1..=8760),
        value_name = "HOURS"
    )]
    pub auto_release_hours: u32,

    /// Seconds that the sandbox takes for each step of a simulated task.
    #[arg(
        long,
        env = "SANDBOX_STEP_SECONDS",
        default_value_t = 2,
        value_parser = value_parser!(u32).range(0..=3600),
        value_name = "SECONDS"
    )]
    pub sandbox_step_seconds: u32,

    /// Changed limits of tiers: tasks a day / $ a task / $ a day. A tier that is left out keeps its
    /// default: SANDBOX=50/10/600, VERIFIED=10/100/200 or STANDARD=100/10000/50000.
    #[arg(
        long,
        env = "TIERS",
        default_value = "",
        hide_default_value = true,
        value_name = "TIER=TASKS/USD/USD,…"
    )]
    pub tiers: Tiers,

    /// Private networks that callbacks may be sent to, such as `10.0.0.0/8,fd00::/8`.
    #[arg(
        long,
        env = "ALLOW_PRIVATE_TARGETS",
        value_delimiter = ',',
        value_parser = network,
        value_name = "NETWORK,…"
    )]
    pub allow_private_targets: Vec<IpNet>,

    /// Allow callbacks to http URLs. For development only, because others can read them on the way.
    #[arg(long, env = "ALLOW_HTTP_TARGETS", default_value_t = false,
          action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub allow_http_targets: bool,

    /// Ports that callbacks may use in addition to the scheme's own: `8443,3000-3999`.
    #[arg(
        long,
        env = "TARGET_PORTS",
        value_delimiter = ',',
        default_value = "8443",
        value_name = "PORT,…"
    )]
    pub target_ports: Vec<Ports>,

    /// Table of fees: a minimum of spending in thirty days, and the fee in per cent of a reward.
    #[arg(
        long,
        env = "FEES",
        default_value = "0=18,5000=15,25000.000001=12",
        value_name = "USD=PERCENT,…"
    )]
    pub fees: FeeTable,

    /// Minimum fee of a task, in US dollars.
    #[arg(long, env = "MIN_FEE_USD", default_value = "2", value_name = "USD")]
    pub min_fee_usd: MicroUsd,

    /// The provider of payments by card and bank.
    #[command(flatten)]
    pub dlocal: Dlocal,

    /// Maximum number of open event streams.
    #[arg(
        long,
        env = "EVENT_STREAMS_MAX",
        default_value_t = 256,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000),
        value_name = "STREAMS"
    )]
    pub event_streams_max: usize,

    /// Seconds for current requests and jobs to finish after a signal to stop.
    #[arg(
        long,
        env = "STOP_SECONDS",
        default_value_t = 20,
        value_parser = value_parser!(u64).range(0..=3600),
        value_name = "SECONDS"
    )]
    pub stop_seconds: u64,

    /// Log filter in the syntax of `tracing`: `info`, `warn,server=debug`. Only the targets of this
    /// project, `server` and `humanops`, go below `info`, because libraries would log secrets
    /// there.
    #[arg(long, env = "LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// Format of log lines.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// The limits of each client and of the server.
    #[command(flatten)]
    pub limits: LimitSettings,
}

impl Config {
    /// Returns the rules for URLs that users give (contract §7).
    pub fn targets(&self) -> TargetRules {
        TargetRules {
            private: self.allow_private_targets.clone(),
            http: self.allow_http_targets,
            ports: self.target_ports.clone(),
        }
    }

    /// Returns the platform's fee on a reward, given what the agent spent in the trailing thirty
    /// days.
    pub fn fee(&self, reward: MicroUsd, spent_trailing: MicroUsd) -> MicroUsd {
        self.fees.fee(reward, spent_trailing, self.min_fee_usd)
    }

    /// Returns whether operators may sign in at this server itself.
    pub fn builtin_sign_in(&self) -> bool {
        self.oidc.builtin_sign_in == BuiltinSignIn::On
    }

    /// Returns whether rules alone may approve a photo (contract §4, Guardian).
    pub fn rules_may_approve(&self) -> bool {
        self.guardian_rules_may_approve
            .unwrap_or(self.payments == Payments::Test)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::command_line::{Cli, Command};

    use super::*;
    use crate::domain::task::Durations;

    fn parse(arguments: &[&str]) -> Config {
        let line = ["humanops", "serve"].iter().chain(arguments);
        match Cli::read(line, &|_| None).unwrap().command {
            Command::Serve(config) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn defaults_are_what_the_contract_gives() {
        let config = parse(&[]);
        assert_eq!(config.listen.to_string(), "127.0.0.1:8787");
        assert_eq!(config.min_task_usd, MicroUsd::usd(10));
        assert_eq!(config.settlement_hold_days, 7);
        assert_eq!(config.terms(), Durations::default());
        assert!(config.rules_may_approve());
        assert!(!config.allow_dev_operator_id_header);
        config.check().unwrap();
    }

    #[test]
    fn one_row_of_the_tiers_changes_alone() {
        let tiers: Tiers = "STANDARD=1000000/10000/9000000".parse().unwrap();
        assert_eq!(tiers.standard.max_daily_tasks, 1_000_000);
        assert_eq!(tiers.verified, Tiers::default().verified);
        assert!("GOLD=1/1/1".parse::<Tiers>().is_err());
        assert!("STANDARD=1/1".parse::<Tiers>().is_err());
    }

    #[test]
    fn every_setting_is_explained_in_the_readme() {
        let readme = include_str!("../../README.md");
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let settings = serve.get_arguments().filter_map(clap::Arg::get_env);
        let names: Vec<_> = settings.map(|name| name.to_str().unwrap()).collect();
        assert!(names.len() > 20, "{names:?}");
        for name in names {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let secrets = [
            "--admin-key",
            "--database-url",
            "--dlocal-trans-key",
            "--dlocal-secret",
            "--smtp-url",
        ];
        let arguments: Vec<_> = secrets.iter().flat_map(|name| [name, "canary"]).collect();
        let config = parse(&arguments);
        assert!(!format!("{config:?}").contains("canary"));
    }
}
