//! Bounds the numbers of schemas and results. They are compared exactly, so a short text such as
//! `1e-9999` would be worked through digit by digit.

use serde_json::{Number, Value};

/// Digits that a number may have when it is written without an exponent. Every double fits.
const DIGITS_MAX: u64 = 400;

/// Bytes up to which a number without an exponent is short: no two short numbers have one hash.
const SHORT_BYTES_MAX: usize = 15;

/// Refuses a value that holds a number with too many digits.
pub(super) fn are_bounded(value: &Value) -> Result<(), String> {
    match value {
        Value::Number(number) if digits(number) > DIGITS_MAX => Err(format!(
            "must not hold a number of more than {DIGITS_MAX} digits when it is written out"
        )),
        Value::Array(items) => items.iter().try_for_each(are_bounded),
        Value::Object(fields) => fields.values().try_for_each(are_bounded),
        _ => Ok(()),
    }
}

/// Whether a number is compared in a moment, and hashed apart from all others.
pub(super) fn is_short(number: &Number) -> bool {
    let text = number.as_str();
    text.len() <= SHORT_BYTES_MAX && !text.contains(['e', 'E'])
}

/// Steps of a comparison with a number: long ones are multiplied out digit by digit.
pub(super) fn steps(number: &Number) -> u64 {
    if is_short(number) {
        return 1;
    }
    let words = digits(number) / 16;
    words.saturating_mul(words).saturating_add(4)
}

/// The digits of a number written without an exponent, or more.
fn digits(number: &Number) -> u64 {
    let text = number.as_str();
    let (written, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // An exponent that no integer can hold is past every bound.
    let shifted = exponent.parse::<i64>().map_or(u64::MAX, i64::unsigned_abs);
    shifted.saturating_add(written.len() as u64)
}
