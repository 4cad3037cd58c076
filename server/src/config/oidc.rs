//! Settings of an OpenID Connect issuer at which operators sign in.

use clap::{Args, ValueEnum};

use super::ConfigError;
use super::text::is_header;
use crate::domain::oidc_issuer::is_secure_url;

/// Maximum length of the issuer and of the client id in characters.
const CHARS_MAX: usize = 255;

/// Whether operators may sign in at this server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BuiltinSignIn {
    /// By codes that are mailed to them, and with passkeys.
    On,
    /// Only at the OpenID Connect issuer.
    Off,
}

/// The settings of an OpenID Connect issuer: the issuer and our client id there, or neither.
#[derive(Clone, Debug, Args)]
pub struct Oidc {
    /// An OpenID Connect issuer whose tokens are accepted, exactly as its tokens name it:
    /// `https://clerk.example.com`.
    #[arg(long, env = "OIDC_ISSUER", value_name = "URL", value_parser = issuer)]
    pub oidc_issuer: Option<String>,

    /// The id of this server's client at that issuer.
    #[arg(long, env = "OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,

    /// Whether operators may sign in at this server itself; `off` needs OIDC_ISSUER.
    #[arg(long, env = "BUILTIN_SIGN_IN", value_enum, default_value = "on")]
    pub builtin_sign_in: BuiltinSignIn,
}

impl Oidc {
    pub(super) fn check(&self, public_url: Option<&str>) -> Result<(), ConfigError> {
        if self.oidc_issuer.is_some() != self.oidc_client_id.is_some() {
            return Err(ConfigError(
                "OIDC_ISSUER and OIDC_CLIENT_ID belong together: set both or neither.",
            ));
        }
        let client_id = self.oidc_client_id.as_deref();
        if client_id.is_some_and(|id| id.is_empty() || id.len() > CHARS_MAX || !is_header(id)) {
            return Err(ConfigError(
                "OIDC_CLIENT_ID must have 1 to 255 printable ASCII characters without white space.",
            ));
        }
        if self.builtin_sign_in == BuiltinSignIn::Off && self.oidc_issuer.is_none() {
            return Err(ConfigError(
                "BUILTIN_SIGN_IN=off leaves operators no way to sign in: set OIDC_ISSUER and \
                 OIDC_CLIENT_ID, or leave it on.",
            ));
        }
        if self.oidc_issuer.is_some() && self.oidc_issuer.as_deref() == public_url {
            return Err(ConfigError(
                "OIDC_ISSUER is this server itself (PUBLIC_URL), whose tokens are accepted anyway: \
                 set it to another issuer, or leave it out.",
            ));
        }
        Ok(())
    }
}

/// Reads an issuer. Its text stays as it is, because tokens must contain exactly the same.
fn issuer(text: &str) -> Result<String, ConfigError> {
    let is_plain = is_header(text) && text.len() <= CHARS_MAX && !text.contains('?');
    if is_plain && is_secure_url(text) {
        Ok(text.to_owned())
    } else {
        Err(ConfigError(
            "must be an https URL without a query, such as https://clerk.example.com; http is \
             accepted on loopback only",
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::command_line::{Cli, Command};

    fn check(arguments: &[&str]) -> Result<(), String> {
        let line = ["humanops", "serve", "--public-url", "https://a.example"];
        let line = line.iter().chain(arguments);
        let cli = Cli::read(line, &|_| None).map_err(|error| error.to_string())?;
        let Command::Serve(config) = cli.command else {
            return Err("another command".to_owned());
        };
        config.check().map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_and_our_client_there_are_accepted() {
        for issuer in [
            "https://clerk.example.com",
            "https://tenant.example.com/",
            "https://login.example.com/realms/one",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "http://localhost:9000",
        ] {
            check(&["--oidc-issuer", issuer, "--oidc-client-id", "client"]).unwrap();
        }
        let off = ["--builtin-sign-in", "off", "--oidc-client-id", "client"];
        check(&[&off[..], &["--oidc-issuer", "https://b.example"]].concat()).unwrap();
    }

    #[test]
    fn settings_that_let_nobody_in_are_refused() {
        for issuer in [
            "http://clerk.example.com",
            "clerk.example.com",
            "https://b.example?query",
            "https://b.example#part",
            "https://user@b.example",
            "https://two words.example",
            "ftp://b.example",
            "https://a.example",
        ] {
            let refused = check(&["--oidc-issuer", issuer, "--oidc-client-id", "client"]);
            assert!(refused.is_err(), "{issuer}");
        }
        for wrong in [
            &["--oidc-issuer", "https://b.example"][..],
            &["--oidc-client-id", "client"],
            &[
                "--oidc-issuer",
                "https://b.example",
                "--oidc-client-id",
                "two words",
            ],
            &["--oidc-issuer", "https://b.example", "--oidc-client-id", ""],
            &["--builtin-sign-in", "off"],
        ] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }
}
