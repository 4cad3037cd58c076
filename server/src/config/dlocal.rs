//! Settings of the payment provider dLocal.

use clap::Args;

use super::text::{is_header, is_line};
use super::{ConfigError, Secret};

/// The settings of the payment provider dLocal: a login, a transaction key and a secret key, or
/// none of them.
#[derive(Clone, Debug, Args)]
pub struct Dlocal {
    /// URL of dLocal's API; `https://sandbox.dlocal.com` for tests.
    #[arg(
        long,
        env = "DLOCAL_URL",
        default_value = "https://api.dlocal.com",
        value_name = "URL"
    )]
    pub dlocal_url: url::Url,

    /// The account's `X-Login`. With it and the two keys, agents can deposit by card and bank.
    #[arg(long, env = "DLOCAL_LOGIN", value_name = "LOGIN")]
    pub dlocal_login: Option<String>,

    /// The account's `X-Trans-Key`.
    #[arg(
        long,
        env = "DLOCAL_TRANS_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub dlocal_trans_key: Option<Secret>,

    /// The account's secret key, which signs requests and notices.
    #[arg(
        long,
        env = "DLOCAL_SECRET",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub dlocal_secret: Option<Secret>,

    /// Country in which payments are made, two letters.
    #[arg(
        long,
        env = "DLOCAL_COUNTRY",
        default_value = "US",
        value_name = "COUNTRY"
    )]
    pub dlocal_country: String,

    /// dLocal's code for bank transfers in that country; without it payers choose.
    #[arg(long, env = "DLOCAL_BANK_METHOD", value_name = "CODE")]
    pub dlocal_bank_method: Option<String>,
}

impl Dlocal {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let given = [
            self.dlocal_login.is_some(),
            self.dlocal_trans_key.is_some(),
            self.dlocal_secret.is_some(),
        ];
        if given.contains(&true) && given.contains(&false) {
            return Err(ConfigError(
                "DLOCAL_LOGIN, DLOCAL_TRANS_KEY and DLOCAL_SECRET belong together: set all three \
                 or none.",
            ));
        }
        let keys = [
            self.dlocal_login.as_deref(),
            self.dlocal_trans_key.as_ref().map(Secret::expose),
        ];
        if !keys.into_iter().flatten().all(is_header) {
            return Err(ConfigError(
                "DLOCAL_LOGIN and DLOCAL_TRANS_KEY are sent in headers: use printable ASCII \
                 characters without white space.",
            ));
        }
        let strong = |secret: &Secret| is_line(secret.expose()) && secret.expose().len() >= 16;
        if !self.dlocal_secret.as_ref().is_none_or(strong) {
            return Err(ConfigError(
                "DLOCAL_SECRET is too short or has a line break: use at least 16 characters on one \
                 line.",
            ));
        }
        let local = match self.dlocal_url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            _ => false,
        };
        if self.dlocal_url.scheme() != "https" && !local {
            return Err(ConfigError(
                "DLOCAL_URL must be an https URL, because keys are sent there.",
            ));
        }
        let letters = |byte: u8| byte.is_ascii_uppercase();
        if self.dlocal_country.len() != 2 || !self.dlocal_country.bytes().all(letters) {
            return Err(ConfigError(
                "DLOCAL_COUNTRY must be two capital letters, such as BR.",
            ));
        }
        Ok(())
    }
}
