//! Money: integer millionths of a US dollar inside, decimal text on the wire, no floats anywhere.
//!
//! A JSON number is parsed exactly in every notation of JSON (`25`, `25.50`, `2.55e1`); a string
//! must be a plain decimal.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de::Error as _, ser::Error as _};
use serde_json::value::RawValue;

use crate::{
    decimal::{self, DecimalError},
    strings::string_enum,
};

/// Micro-dollars in one dollar; USDC uses the same unit.
const MICROS_PER_USD: i64 = 1_000_000;

/// Digits after the decimal point of a micro-dollar.
const MICRO_DECIMALS: u32 = 6;

/// The largest amount that is handled: a trillion dollars, far below the limit of an `i64`.
const MICROS_MAX: i64 = 1_000_000_000_000 * MICROS_PER_USD;

/// An amount of US dollars, exact to the millionth.
///
/// In JSON it is written as a number (`29.50`) and read from a number or a decimal string, digit by
/// digit. A balance may be negative; amounts in requests never are.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroUsd(i64);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The text is not a plain decimal number such as `25` or `"25.50"`.
    NotDecimal,
    /// The number has more digits after the decimal point than the field allows.
    TooManyDecimals {
        /// Maximum number of decimals of the field.
        decimals_max: usize,
    },
    /// The amount is beyond a trillion dollars.
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
    /// Zero dollars, the empty balance.
    pub const ZERO: Self = Self(0);

    /// One micro-dollar, the smallest amount.
    pub const MICRO: Self = Self(1);

    /// Returns an amount of whole dollars; meant for constants.
    pub const fn usd(dollars: u32) -> Self {
        Self(dollars as i64 * MICROS_PER_USD)
    }

    /// Returns an amount of micro-dollars, or `None` beyond a trillion dollars.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < -MICROS_MAX || micros > MICROS_MAX {
            None
        } else {
            Some(Self(micros))
        }
    }

    /// Returns the amount in micro-dollars.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the sum, or `None` beyond a trillion dollars.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_micros(self.0 + other.0)
    }

    /// Returns the difference, or `None` beyond a trillion dollars.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_micros(self.0 - other.0)
    }

    /// Returns the amount with the opposite sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Parses an amount given as a JSON number, including its exponent. It may have no sign except
    /// in `-0`, and at most `decimals_max` digits after the decimal point.
    ///
    /// # Errors
    /// Returns the [`MoneyError`] that applies.
    pub fn parse_number(number: &str, decimals_max: usize) -> Result<Self, MoneyError> {
        let amount = Self::parse_signed_number(number, decimals_max)?;
        if amount < Self::ZERO {
            return Err(MoneyError::NotDecimal);
        }
        Ok(amount)
    }

    fn parse_signed_number(number: &str, decimals_max: usize) -> Result<Self, MoneyError> {
        let scale = u32::try_from(decimals_max).unwrap_or(MICRO_DECIMALS);
        let scale = scale.min(MICRO_DECIMALS);
        let units = decimal::parse_units(number, scale).map_err(|error| match error {
            DecimalError::NotANumber => MoneyError::NotDecimal,
            DecimalError::TooManyDecimals => MoneyError::TooManyDecimals { decimals_max },
            DecimalError::TooLarge => MoneyError::TooLarge,
        })?;
        let micros = units.checked_mul(10_i64.pow(MICRO_DECIMALS - scale));
        micros
            .and_then(Self::from_micros)
            .ok_or(MoneyError::TooLarge)
    }

    /// Parses an amount given as text: digits, at most one decimal point, no sign, and at most
    /// `decimals_max` digits after the point (two for rewards, six for USDC).
    ///
    /// # Errors
    /// Returns the [`MoneyError`] that applies.
    pub fn parse(text: &str, decimals_max: usize) -> Result<Self, MoneyError> {
        let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        if !text.starts_with(|first: char| first.is_ascii_digit()) || !text.bytes().all(plain) {
            return Err(MoneyError::NotDecimal);
        }
        // People write leading zeros; JSON numbers have none.
        let significant = text.trim_start_matches('0');
        match significant.starts_with(|first: char| first.is_ascii_digit()) {
            true => Self::parse_signed_number(significant, decimals_max),
            false => Self::parse_signed_number(&format!("0{significant}"), decimals_max),
        }
    }
}

/// Formats dollars with at least two decimals, and with more only where needed: `29.50`,
/// `0.000001`.
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
        // The digits become the JSON number directly, without a float in between.
        let json = RawValue::from_string(self.to_string()).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MicroUsd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        parse_json(json.get()).map_err(D::Error::custom)
    }
}

/// Parses an amount from its JSON: a number or a string, which may be negative.
fn parse_json(json: &str) -> Result<MicroUsd, MoneyError> {
    if !json.starts_with('"') {
        return MicroUsd::parse_signed_number(json, 6);
    }
    let text: String = serde_json::from_str(json).map_err(|_| MoneyError::NotDecimal)?;
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

string_enum! {
    /// The currency of all amounts in this API.
    pub enum Currency {
        /// United States dollars.
        Usd = "USD",
    }
}

/// The API document's schema of an amount in a request: a number or a decimal string.
#[cfg(feature = "openapi")]
#[derive(Debug)]
pub struct UsdInput;

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for UsdInput {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::String]))
            .description(Some(
                "US dollars, as a number in any notation of JSON (25, 25.50, 2.55e1), which is \
                 taken exactly, or as a plain decimal string.",
            ))
            .minimum(Some(0))
            .pattern(Some(r"^[0-9]+(\.[0-9]+)?$"))
            .examples([serde_json::json!(25), serde_json::json!("25.50")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for UsdInput {
    fn name() -> std::borrow::Cow<'static, str> {
        "StatedUsd".into()
    }
}

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
        // As a float this would be exactly 30.
        assert!(serde_json::from_str::<MicroUsd>("29.99999999999999999").is_err());
    }

    #[test]
    fn money_is_read_wherever_json_holds_it() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Balances {
            amounts: Vec<MicroUsd>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            owed: Option<MicroUsd>,
        }
        for (json, owed) in [
            (
                r#"{"amounts":[1.25,"2.50"],"owed":-3.00}"#,
                Some(MicroUsd(-3_000_000)),
            ),
            (r#"{"amounts":[1.25,"2.50"],"owed":null}"#, None),
            (r#"{"amounts":[1.25,"2.50"]}"#, None),
        ] {
            let amounts = vec![MicroUsd(1_250_000), MicroUsd(2_500_000)];
            let balances = Balances { amounts, owed };
            assert_eq!(
                serde_json::from_str::<Balances>(json).unwrap(),
                balances,
                "{json}"
            );
            let value: serde_json::Value = serde_json::from_slice(json.as_bytes()).unwrap();
            assert_eq!(
                serde_json::from_value::<Balances>(value).unwrap(),
                balances,
                "{json}"
            );
            let value = serde_json::to_value(&balances).unwrap();
            assert_eq!(serde_json::from_value::<Balances>(value).unwrap(), balances);
        }
        for json in [
            "null", "true", "[1]", "{}", "\"\"", "\"one\"", "\"1e3\"", "\"--1\"",
        ] {
            assert!(serde_json::from_str::<MicroUsd>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_number_with_an_exponent_is_exact_and_a_text_has_none() {
        for (number, micros) in [
            ("1E+2", 100_000_000),
            ("2.5e1", 25_000_000),
            ("1e-1", 100_000),
            ("100e-2", 1_000_000),
            ("-0", 0),
        ] {
            assert_eq!(MicroUsd::parse_number(number, 2), Ok(MicroUsd(micros)));
            assert_eq!(MicroUsd::parse(number, 2), Err(MoneyError::NotDecimal));
            let read = serde_json::from_str::<MicroUsd>(number).unwrap();
            assert_eq!(read, MicroUsd(micros), "{number}");
        }
        let too_many = MoneyError::TooManyDecimals { decimals_max: 2 };
        assert_eq!(MicroUsd::parse_number("1e-400", 2), Err(too_many));
        assert_eq!(
            MicroUsd::parse_number("1e999999999", 2),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(MicroUsd::parse_number("-1", 2), Err(MoneyError::NotDecimal));
    }

    #[test]
    fn a_stated_amount_is_plain_decimal() {
        assert_eq!(MicroUsd::parse("010.50", 2), Ok(MicroUsd(10_500_000)));
        assert_eq!(MicroUsd::parse("0.5", 2), Ok(MicroUsd(500_000)));
        assert_eq!(MicroUsd::parse("000", 2), Ok(MicroUsd(0)));
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
