//! Time: milliseconds since 1970 inside, RFC 3339 in UTC with milliseconds on the wire.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize, de::Error as _};

/// A moment, exact to the millisecond: `2026-02-05T12:00:00.000Z` (contract §1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an RFC 3339 time with its zone, like 2026-02-10T00:00:00Z")
    }
}

impl std::error::Error for TimestampError {}

impl Timestamp {
    /// A moment by its milliseconds since 1970 in UTC, or nothing outside the years 1970 to 9999.
    pub const fn from_millis(millis: i64) -> Option<Self> {
        const YEAR_10000: i64 = 253_402_300_800_000;
        if millis < 0 || millis >= YEAR_10000 {
            None
        } else {
            Some(Self(millis))
        }
    }

    /// Milliseconds since 1970 in UTC.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment later by `duration`; the last moment that can be said if that is beyond it.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis)).unwrap_or(Self(253_402_300_799_999))
    }

    /// This moment earlier by `duration`; 1970 if that is before it.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis).max(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Self::from_millis(moment.as_millisecond()).ok_or(TimestampError)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::schema::SchemaFormat::KnownFormat(
                utoipa::openapi::schema::KnownFormat::DateTime,
            )))
            .examples(["2026-02-05T12:00:00.000Z"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_prints_in_utc_with_milliseconds() {
        let moment: Timestamp = "2026-02-10T01:00:00+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-02-10T00:00:00.000Z");
    }

    #[test]
    fn a_time_without_a_zone_is_refused() {
        for text in [
            "2026-02-10",
            "2026-02-10T00:00:00",
            "tomorrow",
            "",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
