//! A setting that nobody sees.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use super::ConfigError;

/// A setting that is never printed and wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Takes every text but the empty one: the message of a refusal repeats the value, so what else a
/// secret must be is for [`super::Config::check`] to say.
impl FromStr for Secret {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if text.is_empty() {
            return Err(ConfigError("must not be empty"));
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
