//! Bounds the cost of checking one result against one schema, before the check.
//!
//! The validator finds every fault before it returns the first, so its work and its memory are the
//! product of schema and result. This walk visits what the validator would visit, without comparing
//! or keeping anything, and ends as soon as its budget is spent.

use serde_json::Value;

use super::keywords::{Scope, is_unevaluated, referred, schemas_of, scope};
use super::numbers;

/// Maximum steps of one check; a step is about a tenth of a microsecond.
const STEPS_MAX: u64 = 500_000;

/// Steps for matching a byte of text against a pattern of the largest size.
const PATTERN_STEPS: u64 = 30;

/// Number of elements from which on the validator hashes them; fewer elements are compared
/// pairwise.
const HASHED_ITEMS_MIN: usize = 16;

/// Memory of a fault without its copies, and of each value that it copies, in bytes.
const FAULT_BYTES: u64 = 256;
const VALUE_BYTES: u64 = 64;

/// Bytes of an element's index in the path of a fault.
const ELEMENT_PATH_BYTES: u64 = 6;

/// Maximum memory of all faults of a check, in bytes.
const FAULTS_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The check would take too many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// The maximum cost of a check.
#[derive(Debug)]
pub(super) struct CheckCost<'a> {
    root: &'a Value,
    steps_left: u64,
    fault_bytes: u64,
}

/// The conditions under which a schema is applied.
#[derive(Clone, Copy)]
struct SchemaUse {
    /// How many times the schema is applied.
    times: u64,
    /// Whether each fault keeps a copy of the value.
    copies: bool,
    /// Bytes of the path in the result, which every fault repeats.
    place_bytes: u64,
}

impl SchemaUse {
    fn below(self, name_bytes: u64) -> Self {
        Self {
            place_bytes: self.place_bytes.saturating_add(name_bytes),
            ..self
        }
    }
}

impl<'a> CheckCost<'a> {
    /// Computes the cost of checking `result` against `schema`, or fails if it is too high.
    pub(super) fn of(schema: &'a Value, result: &Value) -> Result<Self, TooMuch> {
        let mut effort = Self {
            root: schema,
            steps_left: STEPS_MAX,
            fault_bytes: 0,
        };
        let once = SchemaUse {
            times: 1,
            copies: false,
            place_bytes: 0,
        };
        effort.visit(schema, result, once)?;
        Ok(effort)
    }

    /// Returns whether all faults may be collected.
    pub(super) fn may_name_faults(&self) -> bool {
        self.fault_bytes <= FAULTS_BYTES_MAX
    }

    fn visit(&mut self, schema: &'a Value, value: &Value, pass: SchemaUse) -> Result<(), TooMuch> {
        self.spend(pass.times)?;
        let copied = if pass.copies { weight(value) } else { 0 };
        self.spend(copied)?;
        let mut unevaluated = false;
        for (keyword, stated) in schema.as_object().into_iter().flatten() {
            self.fault(copied, pass);
            unevaluated |= is_unevaluated(keyword);
            match scope(keyword) {
                Scope::Same => self.same(keyword, stated, value, pass)?,
                Scope::Items => self.items(stated, value, pass)?,
                Scope::Members => self.members(keyword, stated, value, pass)?,
                Scope::Names => self.names(stated, value, pass)?,
                Scope::Data => self.data(keyword, stated, value, pass)?,
                Scope::Nothing => {}
            }
        }
        self.fault(copied, pass);
        if unevaluated {
            // The validator determines for each member anew whether it was evaluated.
            let members = value.as_object().map_or(0, serde_json::Map::len);
            let elements = value.as_array().map_or(0, Vec::len);
            let each = (1 + members + elements) as u64;
            let times = pass.times.saturating_mul(each);
            self.evaluated(schema, value, SchemaUse { times, ..pass })?;
        }
        Ok(())
    }

    fn evaluated(
        &mut self,
        schema: &'a Value,
        value: &Value,
        pass: SchemaUse,
    ) -> Result<(), TooMuch> {
        for (keyword, stated) in schema.as_object().into_iter().flatten() {
            if scope(keyword) == Scope::Same {
                for inner in self.applied(keyword, stated) {
                    self.visit(inner, value, pass)?;
                    self.evaluated(inner, value, pass)?;
                }
            }
        }
        Ok(())
    }

    fn applied(
        &self,
        keyword: &str,
        stated: &'a Value,
    ) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        match keyword {
            "$ref" => Box::new(referred(self.root, stated).into_iter()),
            _ => schemas_of(keyword, stated),
        }
    }

    fn same(
        &mut self,
        keyword: &str,
        stated: &'a Value,
        value: &Value,
        pass: SchemaUse,
    ) -> Result<(), TooMuch> {
        let keeps_copies = matches!(keyword, "anyOf" | "oneOf");
        let pass = SchemaUse {
            copies: pass.copies || keeps_copies,
            ..pass
        };
        if keyword == "not" {
            // The fault holds the whole schema that must not apply.
            let bytes = weight(stated).saturating_mul(VALUE_BYTES);
            self.keep(bytes);
        }
        self.applied(keyword, stated)
            .try_for_each(|inner| self.visit(inner, value, pass))
    }

    fn items(&mut self, stated: &'a Value, value: &Value, pass: SchemaUse) -> Result<(), TooMuch> {
        let Some(items) = value.as_array() else {
            return Ok(());
        };
        let pass = pass.below(ELEMENT_PATH_BYTES);
        match stated {
            Value::Array(schemas) => (schemas.iter().zip(items))
                .try_for_each(|(schema, item)| self.visit(schema, item, pass)),
            schema => (items.iter()).try_for_each(|item| self.visit(schema, item, pass)),
        }
    }

    fn members(
        &mut self,
        keyword: &str,
        stated: &'a Value,
        value: &Value,
        pass: SchemaUse,
    ) -> Result<(), TooMuch> {
        let Some(members) = value.as_object() else {
            return Ok(());
        };
        match (keyword, stated) {
            ("properties", Value::Object(schemas)) => {
                for (name, schema) in schemas {
                    self.spend(pass.times)?;
                    if let Some(member) = members.get(name) {
                        self.visit(schema, member, pass.below(name.len() as u64))?;
                    }
                }
            }
            ("patternProperties", Value::Object(schemas)) => {
                for schema in schemas.values() {
                    for (name, member) in members {
                        self.matched(name, pass)?;
                        self.visit(schema, member, pass.below(name.len() as u64))?;
                    }
                }
            }
            (_, schema) => {
                for (name, member) in members {
                    // A fault lists the names that are not allowed.
                    self.keep(VALUE_BYTES + name.len() as u64);
                    self.visit(schema, member, pass.below(name.len() as u64))?;
                }
            }
        }
        Ok(())
    }

    fn names(&mut self, schema: &'a Value, value: &Value, pass: SchemaUse) -> Result<(), TooMuch> {
        let copied = SchemaUse {
            copies: true,
            ..pass
        };
        let mut names = value.as_object().into_iter().flatten();
        names.try_for_each(|(name, _)| self.visit(schema, &Value::String(name.clone()), copied))
    }

    fn data(
        &mut self,
        keyword: &str,
        stated: &Value,
        value: &Value,
        pass: SchemaUse,
    ) -> Result<(), TooMuch> {
        let weight_stated = weight(stated);
        self.keep(weight_stated.saturating_mul(VALUE_BYTES));
        let each = count(stated).saturating_mul(own_weight(value));
        let steps = weight_stated.saturating_add(each);
        self.spend(pass.times.saturating_mul(steps))?;
        match (keyword, value) {
            ("pattern", Value::String(text)) => self.matched(text, pass),
            ("uniqueItems", Value::Array(items)) => {
                let steps = pass.times.saturating_mul(unique_steps(items));
                self.spend(steps)
            }
            _ => Ok(()),
        }
    }

    fn matched(&mut self, text: &str, pass: SchemaUse) -> Result<(), TooMuch> {
        let bytes = 1 + text.len() as u64;
        self.spend(pass.times.saturating_mul(bytes * PATTERN_STEPS))
    }

    fn fault(&mut self, copied: u64, pass: SchemaUse) {
        let bytes = copied.saturating_mul(VALUE_BYTES);
        let bytes = bytes.saturating_add(FAULT_BYTES + pass.place_bytes);
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: u64) {
        self.fault_bytes = self.fault_bytes.saturating_add(bytes);
    }

    fn spend(&mut self, steps: u64) -> Result<(), TooMuch> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(TooMuch)?;
        Ok(())
    }
}

/// Returns the number of values in a value, itself included.
pub(super) fn count(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<u64>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<u64>(),
        _ => 1,
    }
}

/// Returns the size of a value with everything in it, in steps.
fn weight(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 1 + items.iter().map(weight).sum::<u64>(),
        Value::Object(fields) => {
            let member = |(name, inner): (&String, &Value)| name.len() as u64 / 16 + weight(inner);
            1 + fields.iter().map(member).sum::<u64>()
        }
        flat => own_weight(flat),
    }
}

/// Returns the size of a value without the values in it, in steps.
fn own_weight(value: &Value) -> u64 {
    match value {
        Value::String(text) => 1 + text.len() as u64 / 16,
        Value::Number(number) => numbers::steps(number),
        _ => 1,
    }
}

/// Returns the steps for checking that no element occurs twice. Elements that hold others, and
/// large numbers, can be crafted to share one hash, and are then compared pairwise.
fn unique_steps(items: &[Value]) -> u64 {
    let all: u64 = items.iter().map(weight).sum();
    let hash_well = items.iter().all(|item| match item {
        Value::Array(_) | Value::Object(_) => false,
        Value::Number(number) => numbers::is_short(number),
        _ => true,
    });
    if hash_well && items.len() >= HASHED_ITEMS_MIN {
        all
    } else {
        all.saturating_mul(items.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each fault repeats the whole path of its place, so long names cost as much as long values.
    #[test]
    fn faults_below_long_names_are_counted_with_their_path() {
        let faults_at = |name: &str| {
            let schema = json!({"properties": {name: {"items": {"type": "string"}}}});
            let result = json!({name: vec![0; 2_000]});
            CheckCost::of(&schema, &result).unwrap().may_name_faults()
        };
        assert!(faults_at("n"));
        assert!(!faults_at(&"n".repeat(4_000)));
    }

    /// A fault of a name keeps a copy of the name.
    #[test]
    fn faults_of_names_are_counted_with_a_copy_of_the_name() {
        let faults_of = |name: &str| {
            let schema = json!({"propertyNames": {"maxLength": 1}});
            let members = (0..100).map(|number| (format!("{name}{number}"), json!(0)));
            let result = Value::Object(members.collect());
            CheckCost::of(&schema, &result).unwrap().may_name_faults()
        };
        assert!(faults_of("n"));
        assert!(!faults_of(&"n".repeat(20_000)));
    }
}
