//! Bounds the numbers of schemas and results. The validator compares them exactly, so a short text
//! such as `1e-9999` would be expanded digit by digit.

use serde_json::{Number, Value};

/// Maximum digits of a number written without an exponent. Every double fits.
const DIGITS_MAX: u64 = 400;

/// Maximum bytes of a short number, which has no exponent; no two short numbers share a hash.
const SHORT_BYTES_MAX: usize = 15;

/// Fails if a value holds a number with too many digits.
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

/// Returns whether a number is cheap to compare and has a hash of its own.
pub(super) fn is_short(number: &Number) -> bool {
    let text = number.as_str();
    text.len() <= SHORT_BYTES_MAX && !text.contains(['e', 'E'])
}

/// Returns the steps of a comparison with a number; long numbers are multiplied digit by digit.
pub(super) fn steps(number: &Number) -> u64 {
    if is_short(number) {
        return 1;
    }
    let words = digits(number) / 16;
    words.saturating_mul(words).saturating_add(4)
}

/// Returns the digits of a number written without an exponent, or an upper bound of them.
fn digits(number: &Number) -> u64 {
    let text = number.as_str();
    let (written, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    // An exponent beyond `i64` exceeds every bound.
    let shifted = exponent.parse::<i64>().map_or(u64::MAX, i64::unsigned_abs);
    shifted.saturating_add(written.len() as u64)
}
