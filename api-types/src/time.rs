//! Time: milliseconds since 1970 inside, RFC 3339 in UTC with milliseconds on the wire.
//!
//! Parsing and formatting are implemented here, because a calendar library weighs more than the
//! rest of the app's first load.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize, de::Error as _};

/// A point in time, exact to the millisecond: `2026-02-05T12:00:00.000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The error for a text that is not an RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an RFC 3339 time with its zone, like 2026-02-10T00:00:00Z")
    }
}

impl std::error::Error for TimestampError {}

impl Timestamp {
    /// The beginning of 1970 in UTC.
    pub const EPOCH: Self = Self(0);

    /// Returns the time at `millis` milliseconds since 1970 in UTC, or `None` outside the years
    /// 1970 to 9999.
    pub const fn from_millis(millis: i64) -> Option<Self> {
        const YEAR_10000: i64 = 253_402_300_800_000;
        if millis < 0 || millis >= YEAR_10000 {
            None
        } else {
            Some(Self(millis))
        }
    }

    /// Returns the milliseconds since 1970 in UTC.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the time `duration` later, or the last millisecond of 9999 if that is earlier.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis)).unwrap_or(Self(253_402_300_799_999))
    }

    /// Returns the time `duration` earlier, or the beginning of 1970 if that is later.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis).max(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, in_day) = (self.0 / DAY_MS, self.0 % DAY_MS);
        let (year, month, day) = civil_from_days(day);
        let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
        let (second, millis) = (in_day / 1_000 % 60, in_day % 1_000);
        let fields = [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, hour),
            (14, 2, minute),
            (17, 2, second),
            (20, 3, millis),
        ];
        // A list contains a hundred times, and `write!` took a tenth of the time of a list.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (start, digits, mut value) in fields {
            for digit in text.iter_mut().skip(start).take(digits).rev() {
                *digit += (value % 10) as u8;
                value /= 10;
            }
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
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
        parse(text.as_bytes())
            .and_then(Self::from_millis)
            .ok_or(TimestampError)
    }
}

const DAY_MS: i64 = 86_400_000;

/// Parses a `date-time` of RFC 3339 §5.6. Digits beyond the millisecond are cut off; a leap second
/// becomes the second before it.
fn parse(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = date else {
        return None;
    };
    let [
        b'T' | b't' | b' ',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
        rest @ ..,
    ] = rest
    else {
        return None;
    };
    let year = parse_digits(&[y0, y1, y2, y3])?;
    let (month, day) = (parse_digits(&[m0, m1])?, parse_digits(&[d0, d1])?);
    let (hour, minute) = (parse_digits(&[*h0, *h1])?, parse_digits(&[*n0, *n1])?);
    let second = parse_digits(&[*s0, *s1])?;
    let (millis, zone) = parse_fraction(rest)?;
    let days = days_from_civil(year, month, day);
    // A date is valid if converting it to days and back yields the same date.
    if civil_from_days(days) != (year, month, day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = (hour * 60 + minute - parse_offset_minutes(zone)?) * 60 + second.min(59);
    Some(days * DAY_MS + seconds * 1_000 + millis)
}

/// Parses a fraction such as `.123456` into milliseconds, and returns the text after the digits.
fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = text else {
        return Some((0, text));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, zone) = rest.split_at_checked(length)?;
    let digit = |place: usize| digits.get(place).map_or(0, |byte| i64::from(byte - b'0'));
    (length > 0).then(|| (digit(0) * 100 + digit(1) * 10 + digit(2), zone))
}

/// Parses a zone: `Z`, or the minutes by which local time is ahead of UTC.
fn parse_offset_minutes(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (parse_digits(&[*h0, *h1])?, parse_digits(&[*m0, *m1])?);
            let ahead = hours * 60 + minutes;
            let valid = hours < 24 && minutes < 60;
            valid.then_some(if *sign == b'+' { ahead } else { -ahead })
        }
        _ => None,
    }
}

fn parse_digits(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + i64::from(byte - b'0'))
    })
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here,
/// so that the leap day is their last day; 400 years have 146 097 days.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns year, month and day for a number of days since 1970-01-01; the inverse of
/// [`days_from_civil`].
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = crate::strings::deserialize_string(deserializer)?;
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
    fn days_to_the_year_9999_survive_their_own_text() {
        // Every eleventh day visits every day of the year within 4 000 years.
        for days in (0..2_932_897).step_by(11) {
            let moment = Timestamp::from_millis(days * DAY_MS + 86_399_999).unwrap();
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
        let last = Timestamp::from_millis(2_932_897 * DAY_MS - 1).unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(2_932_897 * DAY_MS), None);
    }

    #[test]
    fn known_moments_are_read_to_the_millisecond() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56.789012Z", 951_827_696_789),
            ("2026-02-10t00:00:00.5z", 1_770_681_600_500),
            ("2026-02-09T19:30:00-04:30", 1_770_681_600_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000),
        ] {
            assert_eq!(
                text.parse::<Timestamp>().unwrap().as_millis(),
                millis,
                "{text}"
            );
        }
    }

    #[test]
    fn a_day_or_hour_that_does_not_exist_is_refused() {
        for text in [
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+0100",
            "2026-1-01T00:00:00Z",
            "２026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z ",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
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
