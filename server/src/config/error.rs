//! The error of a setting.

/// An invalid setting, described in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) &'static str);
