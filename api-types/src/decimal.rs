//! Exact parsing of JSON numbers: digit by digit, including the exponent, never as a float. The
//! work is bounded by the length of the text, whatever the exponent is.

/// Why a JSON number is not a whole number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// The text is not a JSON number.
    NotANumber,
    /// The number has more digits after the decimal point than the unit.
    TooManyDecimals,
    /// The number of units does not fit an `i64`.
    TooLarge,
}

/// Parses a JSON number (RFC 8259 §6) as a whole number of units of 10^-`scale`: `2.5e1` with a
/// scale of 2 is 2500. Redundant zeros are ignored: `100e-2` is 1 and `-0` is 0.
///
/// # Errors
/// Returns the [`DecimalError`] that applies; nothing is rounded.
pub fn parse_units(number: &str, scale: u32) -> Result<i64, DecimalError> {
    let (sign, magnitude) = match number.strip_prefix('-') {
        Some(magnitude) => (-1, magnitude),
        None => (1, number),
    };
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (magnitude, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return Err(DecimalError::NotANumber),
        None => (mantissa, ""),
    };
    if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
        return Err(DecimalError::NotANumber);
    }
    // The number is `digits`, without zeros at either end, times 10^power.
    let digits = [whole, fraction].concat();
    let trimmed = digits.trim_end_matches('0');
    let zeros = digits.len() - trimmed.len();
    let trimmed = trimmed.trim_start_matches('0');
    if trimmed.is_empty() {
        return Ok(0);
    }
    let length = |text: usize| i64::try_from(text).unwrap_or(i64::MAX);
    let power = exponent
        .saturating_add(i64::from(scale))
        .saturating_add(length(zeros))
        .saturating_sub(length(fraction.len()));
    let power = u32::try_from(power).map_err(|_| match power < 0 {
        true => DecimalError::TooManyDecimals,
        false => DecimalError::TooLarge,
    })?;
    let scaled = || {
        trimmed
            .parse::<i64>()
            .ok()?
            .checked_mul(10_i64.checked_pow(power)?)
    };
    scaled()
        .map(|units| sign * units)
        .ok_or(DecimalError::TooLarge)
}

/// Parses an exponent. One beyond the range of `i64` becomes the nearest value in range.
fn parse_exponent(exponent: &str) -> Result<i64, DecimalError> {
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !is_digits(digits) {
        return Err(DecimalError::NotANumber);
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX);
    Ok(if exponent.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_exactly_whatever_its_notation() {
        for (number, hundredths) in [
            ("1E+2", 10_000),
            ("2.5e1", 2_500),
            ("2.50E01", 2_500),
            ("1e-1", 10),
            ("100e-2", 100),
            ("0.00025e5", 2_500),
            ("-1.5", -150),
            ("-0", 0),
            ("0e999999999999999999999", 0),
            ("0.000", 0),
            ("92233720368547758.07", i64::MAX),
        ] {
            assert_eq!(parse_units(number, 2), Ok(hundredths), "{number}");
        }
        assert_eq!(parse_units("5.0", 0), Ok(5));
        assert_eq!(parse_units("1e1", 0), Ok(10));
    }

    #[test]
    fn what_is_too_fine_or_too_large_is_told_at_once() {
        let long = format!("1{}e-100000", "0".repeat(100_000));
        assert_eq!(parse_units(&long, 0), Ok(1));
        for number in [
            "0.001",
            "1e-3",
            "1e-400",
            "1e-99999999999999999999",
            "1.234e0",
        ] {
            assert_eq!(
                parse_units(number, 2),
                Err(DecimalError::TooManyDecimals),
                "{number}"
            );
        }
        for number in [
            "1e400",
            "1e999999999",
            "1E99999999999999999999",
            "92233720368547758.08",
        ] {
            assert_eq!(
                parse_units(number, 2),
                Err(DecimalError::TooLarge),
                "{number}"
            );
        }
    }

    #[test]
    fn what_json_does_not_call_a_number_is_none() {
        for text in [
            "", "-", "+1", "1.", ".5", "01", "1e", "1e+", "1e1.5", "1,5", " 1", "NaN", "0x10",
            "--1",
        ] {
            assert_eq!(
                parse_units(text, 2),
                Err(DecimalError::NotANumber),
                "{text:?}"
            );
        }
    }
}
