//! Reads a JSON body field by field and reports every fault at once.
//!
//! Serde would stop at the first fault of a body. The meaning of the fields is decided by the
//! modules that read them.

use std::ops::RangeInclusive;

use api_types::{MicroUsd, Timestamp, decimal, error::Fault, strings::URL_CHARS_MAX};
use serde_json::{Map, Number, Value};

use super::faults::Faults;

/// A value that was read, or its faults with field paths relative to it.
pub type Parsed<T> = Result<T, Faults>;

/// Returns two results of one request, or the faults of both.
///
/// # Errors
/// All faults of both results.
pub fn both<A, B>(one: Parsed<A>, other: Parsed<B>) -> Parsed<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => {
            let mut faults = Faults::default();
            faults.extend([one.err(), other.err()].into_iter().flatten());
            Err(faults)
        }
    }
}

/// The fields of a JSON object. They can be read only inside [`Fields::read`].
pub struct Fields<'a> {
    object: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    unknown: Unknown,
    faults: Faults,
}

/// How fields are treated that the reader does not know.
enum Unknown {
    /// They are faults, with this message.
    Refused(&'static str),
    /// They are faults, and their names may be secrets that were typed in the wrong place. One
    /// message stands for all of them, and no name is repeated.
    RefusedUnnamed(&'static str),
    /// They belong to a foreign format and are ignored.
    Ignored,
}

impl<'a> Fields<'a> {
    /// Reads `value`, which must be an object. This is the only access to the values of its fields:
    /// the result of `read` is returned only if there was no fault, so that no reader can act on a
    /// body with faults. `read` returns `None` only after a fault.
    ///
    /// # Errors
    /// Every fault, including those of fields that `read` did not ask for.
    pub fn read<T>(value: &'a Value, read: impl FnOnce(&mut Self) -> Option<T>) -> Parsed<T> {
        let object = value.as_object();
        let mut fields = Self {
            object,
            known: Vec::new(),
            unknown: Unknown::Refused("is not a field of this request"),
            faults: Faults::default(),
        };
        if object.is_none() {
            fields.fault("", "must be a JSON object");
        }
        let found = read(&mut fields);
        let faults = fields.into_faults();
        match found {
            Some(found) if faults.is_empty() => Ok(found),
            _ => Err(faults),
        }
    }

    /// Sets the message for unknown fields, in place of "is not a field of this request".
    pub fn unknown_means(&mut self, hint: &'static str) {
        self.unknown = Unknown::Refused(hint);
    }

    /// Refuses unknown fields with one message and without their names, because a name may be a
    /// secret that was typed in the wrong place.
    pub fn unknown_are_unnamed(&mut self, message: &'static str) {
        self.unknown = Unknown::RefusedUnnamed(message);
    }

    /// Ignores unknown fields, because the sender follows another specification.
    pub fn unknown_are_ignored(&mut self) {
        self.unknown = Unknown::Ignored;
    }

    /// Reads a required field.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'a Value) -> Parsed<T>,
    ) -> Option<T> {
        let had = self.faults.count();
        let read = self.optional(name, parse);
        if read.is_none() && self.faults.count() == had && self.object.is_some() {
            self.fault(name, "is required");
        }
        read
    }

    /// Reads a field that may be absent or null.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'a Value) -> Parsed<T>,
    ) -> Option<T> {
        self.known.push(name);
        let value = self.object?.get(name).filter(|value| !value.is_null())?;
        match parse(value) {
            Ok(read) => Some(read),
            Err(faults) => {
                self.faults.extend_within(name, faults);
                None
            }
        }
    }

    /// Reads a field that null removes. Returns `None` if it is absent or has a fault, and
    /// `Some(None)` if it is null.
    pub fn removable<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'a Value) -> Parsed<T>,
    ) -> Option<Option<T>> {
        let null = (self.object.and_then(|object| object.get(name))).is_some_and(Value::is_null);
        match self.optional(name, parse) {
            Some(read) => Some(Some(read)),
            None => null.then_some(None),
        }
    }

    /// Returns whether the body has this field with a value other than null.
    pub fn has(&self, name: &str) -> bool {
        self.object
            .and_then(|object| object.get(name))
            .is_some_and(|value| !value.is_null())
    }

    /// Returns whether a fault of exactly this field was reported.
    pub fn has_fault(&self, name: &str) -> bool {
        self.faults.listed().any(|fault| fault.field == name)
    }

    /// Refuses fields of this API that do not go with the others.
    pub fn refuse(&mut self, names: &[&'static str], message: &str) {
        for &name in names {
            self.known.push(name);
            if self.has(name) {
                self.fault(name, message);
            }
        }
    }

    /// Refuses those of these fields that have not been read yet.
    pub fn refuse_others(&mut self, names: &[&'static str], message: &str) {
        let is_other = |name: &&'static str| !self.known.contains(name);
        let others: Vec<_> = names.iter().copied().filter(is_other).collect();
        self.refuse(&others, message);
    }

    /// Reports a fault, such as one that concerns several fields.
    pub fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(fault(field, message));
    }

    fn into_faults(mut self) -> Faults {
        let names = self.object.into_iter().flat_map(Map::keys);
        let mut unknown = names.filter(|name| !self.known.contains(&name.as_str()));
        match self.unknown {
            Unknown::Refused(hint) => {
                while let Some(name) = unknown.next() {
                    if self.faults.is_full() {
                        self.faults.leave_out(1 + unknown.count());
                        break;
                    }
                    self.faults.push_made_up(fault(made_up(name), hint));
                }
            }
            Unknown::RefusedUnnamed(message) if unknown.next().is_some() => {
                self.faults.push(fault("", message));
            }
            Unknown::RefusedUnnamed(_) | Unknown::Ignored => {}
        }
        self.faults
    }
}

/// Returns a field name that the caller chose, cut to 64 characters.
pub fn made_up(name: &str) -> String {
    name.chars().take(64).collect()
}

/// Creates a fault of a field.
pub fn fault(field: impl Into<String>, message: impl Into<String>) -> Fault {
    Fault {
        field: field.into(),
        message: message.into(),
    }
}

/// Returns a fault of the value itself.
pub fn wrong<T>(message: impl Into<String>) -> Parsed<T> {
    Err(fault("", message).into())
}

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
        let mut faults = Faults::default();
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match parse(item) {
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
mod tests;
