//! Readers of single values: texts, amounts, times, numbers, lists and URLs.
//!
//! Each returns its value, or its faults with field paths relative to it.

use std::ops::RangeInclusive;

use api_types::{MicroUsd, Timestamp, decimal, strings::URL_CHARS_MAX};
use serde_json::{Number, Value};

use super::{Parsed, wrong};
use crate::domain::faults::Faults;

/// Maximum number of decimals of an amount in US dollars: cents.
pub const USD_DECIMALS: usize = 2;

/// Maximum number of decimals of an amount in USDC: millionths of a dollar.
pub const USDC_DECIMALS: usize = 6;

/// Reads a text whose number of characters is in a range. Control characters other than line breaks
/// and tabs are refused: they display nothing, and one of the databases cannot store them.
pub fn text(chars: RangeInclusive<usize>) -> impl Fn(&Value) -> Parsed<String> {
    move |value| {
        let Some(text) = value.as_str() else {
            return wrong("must be a string");
        };
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.chars().any(control) {
            return wrong("must not contain control characters");
        }
        if *chars.start() > 0 && text.trim().is_empty() {
            return wrong("must not be empty");
        }
        if !chars.contains(&text.chars().count()) {
            let (least, most) = (chars.start(), chars.end());
            return wrong(format!("must have {least} to {most} characters"));
        }
        Ok(text.to_owned())
    }
}

/// Reads an amount of US dollars, as a number or a decimal string.
pub fn money(decimals_max: usize) -> impl Fn(&Value) -> Parsed<MicroUsd> {
    move |value| {
        let read = match value {
            Value::Number(number) => MicroUsd::parse_number(&number.to_string(), decimals_max),
            Value::String(text) => MicroUsd::parse(text, decimals_max),
            _ => return wrong("must be a number or a decimal string of US dollars"),
        };
        read.or_else(|error| wrong(error.to_string()))
    }
}

/// Reads a time in RFC 3339.
pub fn timestamp(value: &Value) -> Parsed<Timestamp> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .or_else(|error: api_types::time::TimestampError| wrong(error.to_string()))
}

/// Reads one of the names that `parse` accepts; `names` lists them for the message.
pub fn choice<T>(
    parse: impl Fn(&str) -> Option<T>,
    names: impl Into<String>,
) -> impl Fn(&Value) -> Parsed<T> {
    let names = names.into();
    move |value| match value.as_str().and_then(&parse) {
        Some(chosen) => Ok(chosen),
        None => wrong(format!("must be one of {names}")),
    }
}

/// Reads an integer in a range, in any JSON notation: `5`, `5.0` and `5e0` are the same number, as
/// for the JSON Schema type `integer`.
pub fn whole(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Parsed<u32> {
    let read = |number: &Number| {
        let units = decimal::parse_units(&number.to_string(), 0).ok()?;
        u32::try_from(units).ok()
    };
    move |value| match value.as_number().and_then(read) {
        Some(number) if range.contains(&number) => Ok(number),
        _ => wrong(format!(
            "must be a whole number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// Reads a boolean.
pub fn flag(value: &Value) -> Parsed<bool> {
    value
        .as_bool()
        .map_or_else(|| wrong("must be true or false"), Ok)
}

/// Reads a number of degrees in a range.
pub fn degrees(range: RangeInclusive<f64>) -> impl Fn(&Value) -> Parsed<f64> {
    move |value| match value.as_f64() {
        Some(degrees) if range.contains(&degrees) => Ok(degrees),
        _ => wrong(format!(
            "must be a number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// Reads a list whose length is in a range, each element with `parse`.
pub fn list<T>(
    count: RangeInclusive<usize>,
    parse: impl Fn(&Value) -> Parsed<T>,
) -> impl Fn(&Value) -> Parsed<Vec<T>> {
    move |value| {
        let Some(items) = value.as_array() else {
            return wrong("must be a list");
        };
        if !count.contains(&items.len()) {
            return wrong(format!(
                "must have {} to {} entries",
                count.start(),
                count.end()
            ));
        }
        entries(items.iter().map(&parse))
    }
}

/// Returns the values of a list's entries, or the faults of all of them.
pub fn entries<T>(parsed: impl Iterator<Item = Parsed<T>>) -> Parsed<Vec<T>> {
    let mut faults = Faults::default();
    let mut read = Vec::new();
    for (index, entry) in parsed.enumerate() {
        match entry {
            Ok(one) => read.push(one),
            Err(inner) => faults.extend_within(&format!("[{index}]"), inner),
        }
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(faults)
    }
}

/// Reads an absolute URL of one of the schemes, without credentials.
pub fn url(schemes: &'static [&'static str]) -> impl Fn(&Value) -> Parsed<String> {
    move |value| {
        let read = text(1..=URL_CHARS_MAX)(value)?;
        let fits = url::Url::parse(&read).is_ok_and(|url| {
            let bare = url.username().is_empty() && url.password().is_none();
            schemes.contains(&url.scheme()) && url.host().is_some() && bare
        });
        if fits {
            return Ok(read);
        }
        wrong(format!(
            "must be an absolute {} address without a user name",
            schemes.join(" or ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_with_a_nul_is_refused() {
        assert!(text(1..=10)(&json!("a\u{0}b")).is_err());
        assert!(text(1..=10)(&json!("a\nb\tc")).is_ok());
        assert!(text(1..=10)(&json!("   ")).is_err());
    }

    #[test]
    fn addresses_are_told_from_other_text() {
        let https = url(&["https"]);
        assert!(https(&json!("https://example.com/hook?x=1")).is_ok());
        for bad in [
            "http://example.com",
            "https://u:p@example.com",
            "/hook",
            "javascript:alert(1)",
        ] {
            assert!(https(&json!(bad)).is_err(), "{bad}");
        }
    }
}
