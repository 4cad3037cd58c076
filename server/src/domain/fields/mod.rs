//! Reads a JSON body field by field and reports every fault at once.
//!
//! Serde would stop at the first fault of a body. The meaning of the fields is decided by the
//! modules that read them, with the readers of single values in `values.rs`.

mod values;

use api_types::error::Fault;
use serde_json::{Map, Value};

use super::faults::Faults;
pub use values::{
    USD_DECIMALS, USDC_DECIMALS, choice, degrees, entries, flag, list, money, text, timestamp, url,
    whole,
};

/// The message for a body that is not an object.
pub const NOT_AN_OBJECT: &str = "must be a JSON object";

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

/// Checks that the body of a request without arguments is absent or an empty object.
///
/// # Errors
/// A fault for each field.
pub fn no_fields(body: &Value) -> Parsed<()> {
    if body.is_null() {
        return Ok(());
    }
    Fields::read(body, |_| Some(()))
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
            fields.fault("", NOT_AN_OBJECT);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_may_be_a_secret_is_not_repeated() {
        let read = |body: &Value| {
            Fields::read(body, |fields| {
                fields.unknown_are_unnamed("nothing else may be sent");
                Some(())
            })
        };
        let faults = read(&json!({"sk_live_1": 1, "sk_live_2": 2})).unwrap_err();
        let faults: Vec<_> = faults.into_iter().collect();
        assert_eq!(faults, [fault("", "nothing else may be sent")]);
        assert_eq!(read(&json!({})), Ok(()));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let body = json!({"name": "", "amount": "1.234", "tags": ["ok", 7], "extra": true});
        let read: Parsed<()> = Fields::read(&body, |fields| {
            fields.required("name", text(1..=10));
            fields.required("amount", money(USD_DECIMALS));
            fields.required("tags", list(1..=3, text(1..=5)));
            fields.required("missing", timestamp);
            None
        });
        let places: Vec<_> = read
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(places, ["name", "amount", "tags[1]", "missing", "extra"]);
    }

    #[test]
    fn a_body_that_is_no_object_has_one_fault() {
        for body in [json!(null), json!([]), json!("x"), json!(1)] {
            let read = Fields::read(&body, |fields| fields.required("name", text(1..=10)));
            assert_eq!(
                read,
                Err(fault("", "must be a JSON object").into()),
                "{body}"
            );
        }
    }

    #[test]
    fn a_request_without_arguments_takes_an_empty_object_or_nothing() {
        assert_eq!(no_fields(&json!(null)), Ok(()));
        assert_eq!(no_fields(&json!({})), Ok(()));
        assert_eq!(no_fields(&json!({"reason": null})), Err(unknown("reason")));
        assert_eq!(
            no_fields(&json!([])),
            Err(fault("", "must be a JSON object").into())
        );
    }

    fn unknown(name: &str) -> Faults {
        let mut faults = Faults::default();
        faults.push_made_up(fault(name, "is not a field of this request"));
        faults
    }

    #[test]
    fn nothing_is_read_of_a_body_with_a_fault() {
        let body = json!({"amount": 5, "currency": 986, "extra": true});
        let read = Fields::read(&body, |fields| {
            let amount = fields.required("amount", money(USD_DECIMALS));
            fields.optional("currency", text(1..=10));
            fields.unknown_are_ignored();
            amount
        });
        assert_eq!(read, Err(fault("currency", "must be a string").into()));
    }
}
