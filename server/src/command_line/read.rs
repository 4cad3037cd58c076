//! Reads the settings from the command line and the environment. This is the only place where their
//! text is trimmed before it is parsed.
//!
//! Values often come from mounted files and templates. White space and line ends around a value are
//! not part of it, and an empty variable is not set. clap would take either as a value, so it does
//! not get the names of the variables, but their trimmed values as defaults. The parser itself
//! lists the variables, so no setting can be forgotten here.

use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::Cli;

/// A function that returns the value of an environment variable.
pub type Variables<'a> = &'a dyn Fn(&OsStr) -> Option<OsString>;

impl Cli {
    /// Parses the command line, and takes settings that it leaves out from the environment.
    ///
    /// # Errors
    /// Fails if a value is invalid, and also for `--help` and `--version`; [`clap::Error::exit`]
    /// prints the text of all of them.
    pub fn read<T: Into<OsString>>(
        line: impl IntoIterator<Item = T>,
        variables: Variables<'_>,
    ) -> Result<Self, clap::Error> {
        let mut command = with_variables(Self::command(), variables);
        let line = line.into_iter().map(|word| clean_word(word.into()));
        let matches = command.try_get_matches_from_mut(line)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

fn with_variables(command: Command, variables: Variables<'_>) -> Command {
    command
        .mut_args(|setting| with_variable(setting, variables))
        .mut_subcommands(|command| with_variables(command, variables))
}

fn with_variable(setting: Arg, variables: Variables<'_>) -> Arg {
    let Some(name) = setting.get_env().map(OsStr::to_owned) else {
        return setting;
    };
    let setting = name_in_help(setting, &name.to_string_lossy()).env(Resettable::Reset);
    match variables(&name).map(clean) {
        // The help must not show the value as the default, above all if it is a secret.
        Some(value) if !value.is_empty() => setting.default_value(value).hide_default_value(true),
        _ => setting,
    }
}

fn name_in_help(setting: Arg, name: &str) -> Arg {
    let named = |help: &clap::builder::StyledStr| format!("{help} [env: {name}]");
    let (short, long) = (
        setting.get_help().map(named),
        setting.get_long_help().map(named),
    );
    let setting = match short {
        Some(help) => setting.help(help),
        None => setting,
    };
    match long {
        Some(help) => setting.long_help(help),
        None => setting,
    }
}

/// Trims white space. A path that is not Unicode stays unchanged.
fn clean(value: OsString) -> OsString {
    match value.to_str().map(|text| text.trim().into()) {
        Some(text) => text,
        None => value,
    }
}

/// Trims an argument, which may consist of a name and a value: `--name=value`.
fn clean_word(word: OsString) -> OsString {
    match word.to_str().and_then(|text| text.trim().split_once('=')) {
        Some((name, value)) if name.starts_with("--") => format!("{name}={}", value.trim()).into(),
        _ => clean(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A valid value of each setting that is not its default.
    const VALUES: &[(&str, &str)] = &[
        ("ADMIN_KEY", "a-host-key-of-thirty-two-characters"),
        ("ALLOW_DEV_OPERATOR_ID_HEADER", "true"),
        ("ALLOW_HTTP_TARGETS", "true"),
        ("ALLOW_PRIVATE_TARGETS", "10.0.0.0/8,fd00::/8"),
        ("AUTO_RELEASE_HOURS", "24"),
        ("BUILTIN_SIGN_IN", "off"),
        ("CONNECTIONS_MAX", "100"),
        ("DATABASE_URL", "postgres://user@host/name"),
        ("DATA_DIR", "/var/lib/humanops"),
        ("DLOCAL_BANK_METHOD", "IO"),
        ("DLOCAL_COUNTRY", "BR"),
        ("DLOCAL_LOGIN", "login"),
        ("DLOCAL_SECRET", "a-secret-that-is-long"),
        ("DLOCAL_TRANS_KEY", "a-transaction-key"),
        ("DLOCAL_URL", "https://sandbox.dlocal.com"),
        ("EVENT_STREAMS_MAX", "100"),
        ("FEES", "0=10,100=7.25"),
        ("FILES_URL", "s3://bucket/folder"),
        ("FORWARDED_HEADER", "Forwarded"),
        ("GUARDIAN_RULES_MAY_APPROVE", "false"),
        ("KYC", "manual"),
        ("KYC_WEBHOOK_SECRET", "a-secret-that-is-long"),
        ("LISTEN", "localhost:9000"),
        ("LOG", "warn,server=debug"),
        ("LOG_FORMAT", "json"),
        ("MAIL_FROM", "HumanOps <mail@example.com>"),
        ("METRICS_LISTEN", "127.0.0.1:9187"),
        ("MIN_FEE_USD", "1.10"),
        ("MIN_TASK_USD", "5"),
        ("OIDC_CLIENT_ID", "client"),
        ("OIDC_ISSUER", "https://clerk.example.com"),
        ("PAYMENTS", "base"),
        ("PUBLIC_URL", "https://tasks.example.com"),
        ("RATE_LIMIT", "off"),
        ("RATE_LIMIT_UPLOAD", "20"),
        ("REGISTRATION", "admin_key"),
        ("SANDBOX_STEP_SECONDS", "1"),
        ("SETTLEMENT_HOLD_DAYS", "14"),
        ("SMTP_URL", "smtps://user:password@mail.example.com"),
        ("STOP_SECONDS", "5"),
        ("TARGET_PORTS", "8443,3000-3999"),
        ("TIERS", "SANDBOX=5/10/60,STANDARD=10/100/1000"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1"),
    ];

    fn value_of(name: &str) -> &'static str {
        let found = VALUES.iter().find(|(known, _)| *known == name);
        found
            .unwrap_or_else(|| panic!("{name} has no value here yet"))
            .1
    }

    /// Returns every setting with the arguments that select its command.
    fn settings() -> Vec<(Vec<&'static str>, Arg)> {
        let lines: [&[&str]; 6] = [
            &["serve"],
            &["migrate"],
            &["check-ledger"],
            &["backup", "file"],
            &["restore", "file"],
            &["admin", "ledger"],
        ];
        let command = Cli::command();
        let settings = lines.iter().flat_map(|line| {
            let command = command.find_subcommand(line[0]).unwrap();
            let settings = command.get_arguments().filter(|it| it.get_env().is_some());
            settings
                .map(|it| (line.to_vec(), it.clone()))
                .collect::<Vec<_>>()
        });
        settings.collect()
    }

    fn name(setting: &Arg) -> &str {
        setting.get_env().unwrap().to_str().unwrap()
    }

    fn count(command: &Command) -> usize {
        let own = command.get_arguments().filter(|it| it.get_env().is_some());
        own.count() + command.get_subcommands().map(count).sum::<usize>()
    }

    /// Reads the settings from the arguments and this one variable.
    fn read(line: &[&str], variable: Option<(&str, &str)>) -> Result<String, String> {
        let variables = |name: &OsStr| {
            let set = variable.filter(|(known, _)| name == OsStr::new(known));
            set.map(|(_, value)| value.into())
        };
        let line = ["humanops"].iter().chain(line);
        let read = Cli::read(line, &variables).map_err(|error| error.to_string())?;
        Ok(format!("{:?}", read.command))
    }

    #[test]
    fn a_variable_that_is_set_to_nothing_is_not_set() {
        for (line, setting) in settings() {
            let unset = read(&line, None).unwrap();
            for nothing in ["", " ", "\n", "\t\r\n"] {
                let set = read(&line, Some((name(&setting), nothing)));
                assert_eq!(set, Ok(unset.clone()), "{} {nothing:?}", name(&setting));
            }
        }
    }

    #[test]
    fn white_space_around_a_value_is_no_part_of_it() {
        let settings = settings();
        assert_eq!(
            settings.len(),
            count(&Cli::command()),
            "a command is missing"
        );
        for (line, setting) in settings {
            let (name, value) = (name(&setting), value_of(name(&setting)));
            let set = read(&line, Some((name, value)));
            assert!(set.is_ok() && set != read(&line, None), "{name}: {set:?}");
            for around in [format!("{value}\n"), format!(" \t{value}\r\n")] {
                assert_eq!(read(&line, Some((name, &around))), set, "{around:?}");
                let long = setting.get_long().unwrap();
                let (one, two) = (format!("--{long}={around}"), format!("--{long}"));
                let argument = [&line[..], &[&one]].concat();
                assert_eq!(read(&argument, None), set, "{argument:?}");
                let argument = [&line[..], &[&two, &around]].concat();
                assert_eq!(read(&argument, None), set, "{argument:?}");
            }
            let spread = value.replace(',', " ,\n ");
            let list = value.contains(',') && name != "LOG";
            assert!(
                !list || read(&line, Some((name, &spread))) == set,
                "{spread:?}"
            );
        }
    }

    /// `Debug` shows no secrets, so this checks the text that the parser receives.
    #[test]
    fn the_end_of_a_mounted_file_is_no_part_of_a_secret() {
        let variables = |name: &OsStr| {
            let value = value_of(name.to_str().unwrap());
            Some(format!("{value}\n").into())
        };
        let command = with_variables(Cli::command(), &variables);
        let serve = command.find_subcommand("serve").unwrap();
        for (_, setting) in settings().iter().filter(|(line, _)| line[0] == "serve") {
            let mut given = serve.get_arguments();
            let given = given.find(|it| it.get_id() == setting.get_id()).unwrap();
            assert_eq!(given.get_default_values(), [value_of(name(setting))]);
        }
    }

    #[test]
    fn an_argument_wins_over_its_variable() {
        let argument = read(&["serve", "--kyc", "auto"], Some(("KYC", "manual")));
        assert_eq!(argument, read(&["serve"], None));
        let line = ["admin", "ledger", "--data", "/elsewhere"];
        let argument = read(&line, Some(("DATA_DIR", "/var/lib/humanops")));
        assert_eq!(argument, read(&line, None));
        let before = ["admin", "--data", "/elsewhere", "ledger"];
        let argument = read(&before, Some(("DATA_DIR", "/var/lib/humanops")));
        assert_eq!(argument, read(&line, None));
    }

    #[test]
    fn the_help_names_variables_and_shows_no_value_of_them() {
        let canary = |_: &OsStr| Some("canary".into());
        let help = Cli::read(["humanops", "serve", "--help"], &canary).unwrap_err();
        let help = help.to_string();
        for (_, setting) in settings() {
            assert!(
                help.contains(&format!("[env: {}]", name(&setting))),
                "{setting}"
            );
        }
        assert!(!help.contains("canary"), "{help}");
    }
}
