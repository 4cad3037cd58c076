//! The schema of a typed result: validates the schema, checks results against it, and generates a
//! sample.
//!
//! A schema is JSON Schema (2020-12 unless it names 2019-09 or draft 7) in at most 16 KiB. It comes
//! from an agent and costs work on the shared server, so the work is bounded before anything else
//! happens: `measure.rs` bounds the schema, and `effort.rs` every check of a result against it.
//! References lead to places in the schema itself and never in a circle, patterns run in linear
//! time, and nothing is fetched. `format` is a hint for the form and is not checked.

mod effort;
mod keywords;
mod measure;
mod numbers;
mod sample;

use api_types::{new_task::RESULT_SCHEMA_BYTES_MAX, proof::RESULT_BYTES_MAX};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::{FAULTS_MAX, Faults};
use super::fields::{Parsed, fault, wrong};
use effort::CheckCost;
use measure::{Measure, OTHER_DRAFT};
use sample::Sampler;

/// Maximum memory of one compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Maximum characters of the field and of the message of a fault.
const FAULT_CHARS_MAX: usize = 300;

/// Maximum values of a schema, and maximum copies of them in its faults, for which the faults of
/// the schema are listed.
const FAULTY_VALUES_MAX: u64 = 2_000;
const FAULTY_COPIES_MAX: u64 = 20_000;

/// A schema that is valid and bounded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResultSchema(Value);

impl ResultSchema {
    /// Reads the field `result_schema`.
    ///
    /// # Errors
    /// Every fault, by its path in the schema.
    pub fn parse(value: &Value) -> Parsed<Self> {
        if !value.is_object() {
            return wrong("must be a JSON Schema: an object");
        }
        if value.to_string().len() > RESULT_SCHEMA_BYTES_MAX {
            return wrong("must have at most 16 KiB");
        }
        Measure::of(value).or_else(wrong)?;
        let meta = jsonschema::meta::validator_for(value).or_else(|_| wrong(OTHER_DRAFT))?;
        if !meta.is_valid(value) {
            if !may_name_faults(value) {
                return wrong("must be a valid JSON Schema; it has too many values to name faults");
            }
            faults(meta.iter_errors(value))?;
        }
        compile(value)?;
        Ok(Self(value.clone()))
    }

    /// Checks whether a result satisfies the schema.
    ///
    /// # Errors
    /// Every fault, by its path in the result; a single one if listing all would take too much
    /// memory.
    pub fn check(&self, result: &Value) -> Parsed<()> {
        if result.to_string().len() > RESULT_BYTES_MAX {
            return wrong("must have at most 64 KiB");
        }
        numbers::are_bounded(result).or_else(wrong)?;
        // A stored schema may be older than these bounds.
        Measure::of(&self.0)
            .or_else(|rule| wrong(format!("cannot be checked: its schema {rule}")))?;
        let Ok(effort) = CheckCost::of(&self.0, result) else {
            return wrong("takes too much work to check against its schema: send fewer values");
        };
        let validator = compile(&self.0)?;
        if validator.is_valid(result) {
            Ok(())
        } else if effort.may_name_faults() {
            faults(validator.iter_errors(result))
        } else {
            wrong("does not satisfy its schema, and has too many values to name every fault")
        }
    }

    /// Returns the schema as it was sent.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Returns the schema as it was sent.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Returns a result that satisfies the schema, or `None` if no simple one does. It is made from
    /// examples, defaults and constants, or else the smallest value of each type.
    pub fn sample(&self) -> Option<Value> {
        let sample = Sampler::of_schema(&self.0);
        self.check(&sample).is_ok().then_some(sample)
    }
}

/// Returns whether all faults of a schema may be collected: each fault copies the value that it is
/// about, at each level around it.
fn may_name_faults(schema: &Value) -> bool {
    let values = effort::count(schema);
    let copies = values.saturating_mul(measure::json_depth(schema) as u64);
    values <= FAULTY_VALUES_MAX && copies <= FAULTY_COPIES_MAX
}

fn compile(schema: &Value) -> Parsed<Validator> {
    let patterns = PatternOptions::regex()
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_BYTES_MAX);
    jsonschema::options()
        .offline()
        .should_validate_formats(false)
        .with_pattern_options(patterns)
        .build(schema)
        .map_err(|error| fault_of(&error).into())
}

fn faults<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> Parsed<()> {
    let faults: Faults = errors
        .take(FAULTS_MAX)
        .map(|error| fault_of(&error))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

fn fault_of(error: &ValidationError<'_>) -> api_types::error::Fault {
    // The masked message names the rule without the value, which may be long and is known to the
    // sender.
    let sentence = error.masked().to_string();
    let cut = |text: String| text.chars().take(FAULT_CHARS_MAX).collect::<String>();
    fault(cut(place(error.instance_path().as_str())), cut(sentence))
}

/// Converts a JSON pointer such as `/items/0/name` to a field path such as `items[0].name`.
fn place(pointer: &str) -> String {
    let mut place = String::new();
    for step in pointer.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        if name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
            place.push_str(&format!("[{name}]"));
        } else {
            let joint = if place.is_empty() { "" } else { "." };
            place.push_str(&format!("{joint}{name}"));
        }
    }
    place
}

#[cfg(test)]
mod tests;
