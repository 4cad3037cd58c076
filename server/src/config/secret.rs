//! A secret setting, which is never printed.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use super::error::ConfigError;

/// A setting that is never printed, and is zeroised when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Returns the secret text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Accepts any text that is not empty. clap's error message repeats the value, so further
/// requirements of a secret are checked by [`super::Config::check`].
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
