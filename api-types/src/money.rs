//! Money: integer millionths of a US dollar inside, decimal text at the edge, no float anywhere.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de::Error as _, ser::Error as _};
use serde_json::value::RawValue;

/// Micro-dollars in one dollar; USDC counts in the same unit.
const MICROS_PER_USD: i64 = 1_000_000;

/// The largest amount that can be said: a trillion dollars, far from the edge of an `i64`.
const MICROS_MAX: i64 = 1_000_000_000_000 * MICROS_PER_USD;

/// An amount of US dollars, exact to the millionth (contract §1).
///
/// JSON: printed as a number (`29.50`), read from a number or a decimal string, digit by digit.
/// A balance may be negative; amounts that people state never are.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroUsd(i64);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// Not a plain decimal number such as `25` or `"25.50"`.
    NotDecimal,
    /// More digits after the point than the field allows.
    TooManyDecimals {
        /// How many the field allows.
        decimals_max: usize,
    },
    /// Beyond a trillion dollars.
    TooLarge,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDecimal => {
                f.write_str("must be a decimal number of US dollars, like 25 or \"25.50\"")
            }
            Self::TooManyDecimals { decimals_max } => {
                write!(
                    f,
                    "must have at most {decimals_max} digits after the decimal point"
                )
            }
            Self::TooLarge => f.write_str("is larger than any amount that is handled here"),
        }
    }
}

impl std::error::Error for MoneyError {}

impl MicroUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// A millionth of a dollar, the least that there is.
    pub const MICRO: Self = Self(1);

    /// Whole dollars, for constants.
    pub const fn usd(dollars: u32) -> Self {
        Self(dollars as i64 * MICROS_PER_USD)
    }

    /// An amount of micro-dollars, or nothing if it is beyond what is handled.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < -MICROS_MAX || micros > MICROS_MAX {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// Micro-dollars.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The sum, or nothing if it is beyond what is handled.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_micros(self.0 + other.0)
    }

    /// The difference, or nothing if it is beyond what is handled.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_micros(self.0 - other.0)
    }

    /// The same amount on the other side of an account.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Reads an amount that a person or a program stated: digits, at most one point, no sign, at
    /// most `decimals_max` digits after the point (two for rewards, six for USDC).
    ///
    /// # Errors
    /// [`MoneyError`] says which of these does not hold.
    pub fn parse(text: &str, decimals_max: usize) -> Result<Self, MoneyError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(MoneyError::NotDecimal);
        }
        // Trailing zeros add nothing: 10.500 says the same as 10.50.
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > decimals_max.min(6) {
            return Err(MoneyError::TooManyDecimals { decimals_max });
        }
        let too_large = |_| MoneyError::TooLarge;
        let whole: i64 = whole.parse().map_err(too_large)?;
        let micros: i64 = format!("{fraction:0<6}").parse().map_err(too_large)?;
        whole
            .checked_mul(MICROS_PER_USD)
            .and_then(|whole| whole.checked_add(micros))
            .and_then(Self::from_micros)
            .ok_or(MoneyError::TooLarge)
    }
}

/// Dollars with at least two decimals, more only where they are needed: `29.50`, `0.000001`.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let fraction = format!("{:06}", micros % MICROS_PER_USD.unsigned_abs());
        let shown = fraction.trim_end_matches('0');
        write!(
            f,
            "{sign}{}.{shown:0<2}",
            micros / MICROS_PER_USD.unsigned_abs()
        )
    }
}

impl fmt::Debug for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

impl FromStr for MicroUsd {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::parse(text, 6)
    }
}

impl Serialize for MicroUsd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The digits themselves are the JSON: no float is made on the way.
        let json = RawValue::from_string(self.to_string()).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MicroUsd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        read(json.get()).map_err(D::Error::custom)
    }
}

/// An amount from its JSON: a number or a text, which may be negative.
fn read(json: &str) -> Result<MicroUsd, MoneyError> {
    let text = if json.starts_with('"') {
        serde_json::from_str(json).map_err(|_| MoneyError::NotDecimal)?
    } else {
        json.to_owned()
    };
    match text.strip_prefix('-') {
        Some(digits) => digits.parse().map(MicroUsd::negated),
        None => text.parse(),
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for MicroUsd {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Number)
            .description(Some("US dollars, exact to the millionth."))
            .examples([serde_json::json!(29.5)])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for MicroUsd {}

/// An amount in a request, as the API document shows it: a number or a decimal string.
#[cfg(feature = "openapi")]
#[derive(Debug)]
pub struct StatedUsd;

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for StatedUsd {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::String]))
            .description(Some("US dollars, as a number or as a decimal string."))
            .minimum(Some(0))
            .pattern(Some(r"^[0-9]+(\.[0-9]+)?$"))
            .examples([serde_json::json!(25), serde_json::json!("25.50")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for StatedUsd {}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(amount: MicroUsd) -> String {
        serde_json::to_string(&amount).unwrap()
    }

    #[test]
    fn money_prints_with_its_decimals() {
        assert_eq!(json(MicroUsd(29_500_000)), "29.50");
        assert_eq!(json(MicroUsd(25_000_000)), "25.00");
        assert_eq!(json(MicroUsd(1)), "0.000001");
        assert_eq!(json(MicroUsd(-4_500_000)), "-4.50");
    }

    #[test]
    fn money_is_read_digit_by_digit() {
        for (text, micros) in [
            ("25", 25_000_000),
            ("\"25.50\"", 25_500_000),
            ("0.1", 100_000),
        ] {
            assert_eq!(
                serde_json::from_str::<MicroUsd>(text).unwrap(),
                MicroUsd(micros),
                "{text}"
            );
        }
        // As a float this would be 30 exactly.
        assert!(serde_json::from_str::<MicroUsd>("29.99999999999999999").is_err());
    }

    #[test]
    fn money_is_read_wherever_json_holds_it() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Purse {
            coins: Vec<MicroUsd>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            debt: Option<MicroUsd>,
        }
        for (json, debt) in [
            (
                r#"{"coins":[1.25,"2.50"],"debt":-3.00}"#,
                Some(MicroUsd(-3_000_000)),
            ),
            (r#"{"coins":[1.25,"2.50"],"debt":null}"#, None),
            (r#"{"coins":[1.25,"2.50"]}"#, None),
        ] {
            let coins = vec![MicroUsd(1_250_000), MicroUsd(2_500_000)];
            let purse = Purse { coins, debt };
            assert_eq!(
                serde_json::from_str::<Purse>(json).unwrap(),
                purse,
                "{json}"
            );
            let value: serde_json::Value = serde_json::from_slice(json.as_bytes()).unwrap();
            assert_eq!(
                serde_json::from_value::<Purse>(value).unwrap(),
                purse,
                "{json}"
            );
            let value = serde_json::to_value(&purse).unwrap();
            assert_eq!(serde_json::from_value::<Purse>(value).unwrap(), purse);
        }
        for json in [
            "null", "true", "[1]", "{}", "\"\"", "\"one\"", "1e3", "\"--1\"",
        ] {
            assert!(serde_json::from_str::<MicroUsd>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_stated_amount_is_plain_decimal() {
        assert_eq!(MicroUsd::parse("10.500", 2), Ok(MicroUsd(10_500_000)));
        assert_eq!(
            MicroUsd::parse("10.501", 2),
            Err(MoneyError::TooManyDecimals { decimals_max: 2 })
        );
        for text in [
            "", "-1", "+1", "1e3", "1.", ".5", "1,5", " 1", "NaN", "0x10", "1.2.3",
        ] {
            assert_eq!(
                MicroUsd::parse(text, 6),
                Err(MoneyError::NotDecimal),
                "{text:?}"
            );
        }
        assert_eq!(
            MicroUsd::parse("99999999999999999999", 2),
            Err(MoneyError::TooLarge)
        );
    }
}
