//! The schema of a typed result: what an agent may ask for, whether a result satisfies it, and a
//! sample that does.
//!
//! A schema is JSON Schema (2020-12 unless it names 2019-09 or draft 7) in at most 16 KiB. It is
//! an agent's text that everybody's server works through, so its work is bounded before it is
//! compiled: references lead to places in the schema itself and never in a circle, followed
//! everywhere they lead it has a bounded size, its patterns run in linear time, and nothing is
//! fetched. `format` is a hint for the form and is not checked.

use std::cell::Cell;

use api_types::task::{RESULT_BYTES_MAX, RESULT_SCHEMA_BYTES_MAX};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::faults::{FAULTS_MAX, Faults};
use super::fields::{Parsed, fault, wrong};

/// Schemas within a schema at most, each counted as often as references lead to it.
const SUBSCHEMAS_MAX: usize = 1_000;

/// Patterns at most, counted likewise.
const PATTERNS_MAX: usize = 32;

/// Bytes that one pattern may take when it is compiled.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// Keywords that would let a reference lead elsewhere than to a place in this schema.
const NOT_TAKEN: [&str; 6] = [
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
];

/// The drafts that are read.
const DRAFTS: [&str; 3] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
];

/// A schema that was found valid and bounded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResultSchema(Value);

impl ResultSchema {
    /// Reads the field `result_schema`.
    ///
    /// # Errors
    /// Every fault, by its place in the schema.
    pub fn parse(value: &Value) -> Parsed<Self> {
        if !value.is_object() {
            return wrong("must be a JSON Schema: an object");
        }
        if value.to_string().len() > RESULT_SCHEMA_BYTES_MAX {
            return wrong("must have at most 16 KiB");
        }
        Measure::of(value).or_else(wrong)?;
        let meta = jsonschema::meta::validator_for(value).or_else(|_| wrong(OTHER_DRAFT))?;
        faults(meta.iter_errors(value))?;
        compile(value)?;
        Ok(Self(value.clone()))
    }

    /// Whether a result satisfies the schema.
    ///
    /// # Errors
    /// Every fault, by its place in the result.
    pub fn check(&self, result: &Value) -> Parsed<()> {
        if result.to_string().len() > RESULT_BYTES_MAX {
            return wrong("must have at most 64 KiB");
        }
        faults(compile(&self.0)?.iter_errors(result))
    }

    /// The schema as it came.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The schema as it came.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// A result that satisfies the schema, if a simple one does: from its examples, defaults and
    /// constants, else the least of each type.
    pub fn sample(&self) -> Option<Value> {
        let sampler = Sampler {
            root: &self.0,
            bytes_left: Cell::new(RESULT_BYTES_MAX),
        };
        let sample = sampler.of(&self.0, 0);
        self.check(&sample).is_ok().then_some(sample)
    }
}

const OTHER_DRAFT: &str = "must be of draft 2020-12, 2019-09 or 7";

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
    // The sentence names the rule; what broke it may be long, and its sender has it.
    fault(
        place(error.instance_path().as_str()),
        error.masked().to_string(),
    )
}

/// `/items/0/name` as faults name places: `items[0].name`.
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

/// How much a schema is, followed everywhere its references lead.
struct Measure<'a> {
    root: &'a Value,
    subschemas: usize,
    patterns: usize,
    /// The references that are being followed.
    following: Vec<&'a str>,
}

impl<'a> Measure<'a> {
    fn of(root: &'a Value) -> Result<(), String> {
        if let Some(named) = root.get("$schema") {
            let known = named.as_str().map(|name| name.trim_end_matches('#'));
            if !known.is_some_and(|name| DRAFTS.contains(&name)) {
                return Err(OTHER_DRAFT.to_owned());
            }
        }
        if let Some(keyword) = NOT_TAKEN.into_iter().find(|keyword| states(root, keyword)) {
            return Err(format!("must not use {keyword}"));
        }
        let mut measure = Self {
            root,
            subschemas: 0,
            patterns: 0,
            following: Vec::new(),
        };
        measure.schema(root)
    }

    fn schema(&mut self, schema: &'a Value) -> Result<(), String> {
        let Some(keywords) = schema.as_object() else {
            return Ok(());
        };
        self.subschemas += 1;
        if self.subschemas > SUBSCHEMAS_MAX {
            return Err(format!(
                "must not have more than {SUBSCHEMAS_MAX} schemas within it, references followed"
            ));
        }
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(target)) => self.reference(target)?,
                ("pattern", _) => self.pattern()?,
                ("patternProperties", Value::Object(schemas)) => {
                    for schema in schemas.values() {
                        self.pattern()?;
                        self.schema(schema)?;
                    }
                }
                ("properties" | "dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                    schemas
                        .values()
                        .try_for_each(|schema| self.schema(schema))?;
                }
                // What a schema defines counts where it is referred to; what it states as data is
                // no schema.
                ("$defs" | "definitions" | "enum" | "const" | "default" | "examples", _) => {}
                (_, Value::Array(schemas)) => {
                    schemas.iter().try_for_each(|schema| self.schema(schema))?;
                }
                _ => self.schema(value)?,
            }
        }
        Ok(())
    }

    fn pattern(&mut self) -> Result<(), String> {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            return Err(format!("must not have more than {PATTERNS_MAX} patterns"));
        }
        Ok(())
    }

    fn reference(&mut self, target: &'a str) -> Result<(), String> {
        // An escaped place could be read in two ways, and is refused before anybody does.
        let pointer = target
            .strip_prefix('#')
            .filter(|place| !place.contains('%'));
        let found = pointer.and_then(|pointer| self.root.pointer(pointer));
        let found = found
            .ok_or_else(|| "must refer to places in itself alone, like #/$defs/name".to_owned())?;
        if target == "#" || self.following.contains(&target) {
            return Err("must not refer to itself in a circle".to_owned());
        }
        self.following.push(target);
        self.schema(found)?;
        self.following.pop();
        Ok(())
    }
}

/// Whether an object anywhere in `value` has this keyword, with the text or the flag that makes it
/// one: a property of that name has a schema.
fn states(value: &Value, keyword: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, inner)| {
            let flat = inner.is_string() || inner.is_boolean();
            (name == keyword && flat) || states(inner, keyword)
        }),
        Value::Array(items) => items.iter().any(|inner| states(inner, keyword)),
        _ => false,
    }
}

/// How deep a sample is at most, and how many entries its lists have.
const SAMPLE_DEPTH_MAX: usize = 10;
const SAMPLE_ITEMS_MAX: u64 = 3;

/// Makes the simplest value that a schema seems to ask for; whether it does is checked after.
struct Sampler<'a> {
    root: &'a Value,
    /// What is left of the bytes that a result may have. A list of lists of long texts would take
    /// gigabytes otherwise, at the word of whoever wrote the schema.
    bytes_left: Cell<usize>,
}

impl Sampler<'_> {
    /// Takes so many bytes; false, and there are none any more, if fewer are left.
    fn takes(&self, bytes: usize) -> bool {
        let left = self.bytes_left.get().checked_sub(bytes);
        self.bytes_left.set(left.unwrap_or(0));
        left.is_some()
    }

    fn of(&self, schema: &Value, depth: usize) -> Value {
        let Some(keywords) = schema.as_object().filter(|_| depth < SAMPLE_DEPTH_MAX) else {
            return Value::Null;
        };
        let stated = ["const", "default"]
            .iter()
            .find_map(|name| keywords.get(*name));
        let first = |name: &str| keywords.get(name).and_then(|list| list.get(0));
        if let Some(value) = first("examples").or(stated).or_else(|| first("enum")) {
            let fits = self.takes(value.to_string().len());
            return if fits { value.clone() } else { Value::Null };
        }
        let referred = keywords.get("$ref").and_then(Value::as_str);
        let referred = referred.and_then(|target| self.root.pointer(target.strip_prefix('#')?));
        if let Some(inner) = referred
            .or_else(|| first("anyOf"))
            .or_else(|| first("oneOf"))
        {
            return self.of(inner, depth + 1);
        }
        if let Some(Value::Array(parts)) = keywords.get("allOf") {
            return self.all_of(parts, depth);
        }
        self.of_type(keywords, depth)
    }

    fn all_of(&self, parts: &[Value], depth: usize) -> Value {
        let mut whole = Map::new();
        for part in parts {
            match self.of(part, depth + 1) {
                Value::Object(fields) => whole.extend(fields),
                other => return other,
            }
        }
        Value::Object(whole)
    }

    fn of_type(&self, keywords: &Map<String, Value>, depth: usize) -> Value {
        let named = match keywords.get("type") {
            Some(Value::Array(names)) => names.first(),
            other => other,
        };
        let number = |name: &str| keywords.get(name).cloned();
        let count = |name: &str| keywords.get(name).and_then(Value::as_u64).unwrap_or(0);
        match named.and_then(Value::as_str) {
            Some("string") => {
                let short = keywords.get("maxLength").and_then(Value::as_u64);
                let least = count("minLength").min(RESULT_BYTES_MAX as u64);
                let text = "synthetic".repeat(1 + usize::try_from(least / 9).unwrap_or(0));
                let most = short.and_then(|most| usize::try_from(most).ok());
                let text: String = text.chars().take(most.unwrap_or(usize::MAX)).collect();
                let fits = self.takes(text.len());
                if fits { text.into() } else { Value::Null }
            }
            Some("integer" | "number") => {
                let bound = number("minimum").or_else(|| number("maximum"));
                bound.unwrap_or_else(|| 0.into())
            }
            Some("boolean") => true.into(),
            Some("array") => {
                let item = keywords
                    .get("items")
                    .map_or(Value::Null, |one| self.of(one, depth + 1));
                let many = usize::try_from(count("minItems").min(SAMPLE_ITEMS_MAX)).unwrap_or(0);
                let more = item.to_string().len() * many.saturating_sub(1);
                let fits = self.takes(more);
                if fits {
                    vec![item; many].into()
                } else {
                    Value::Null
                }
            }
            Some("object") | None if keywords.contains_key("properties") => {
                self.object(keywords, depth)
            }
            Some("object") => Value::Object(Map::new()),
            _ => Value::Null,
        }
    }

    fn object(&self, keywords: &Map<String, Value>, depth: usize) -> Value {
        let properties = keywords.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten();
        fields
            .map(|(name, schema)| (name.clone(), self.of(schema, depth + 1)))
            .collect::<Map<_, _>>()
            .into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(schema: &Value) -> String {
        let faults = ResultSchema::parse(schema).unwrap_err();
        let first = faults.into_iter().next().unwrap();
        format!("{}: {}", first.field, first.message)
    }

    #[test]
    fn a_result_is_checked_with_every_fault_by_its_place() {
        let schema = ResultSchema::parse(&json!({
            "type": "object",
            "properties": {
                "open": {"type": "boolean"},
                "prices": {"type": "array", "items": {"$ref": "#/$defs/price"}},
            },
            "required": ["open"],
            "additionalProperties": false,
            "$defs": {"price": {"type": "object", "properties": {"usd": {"type": "number"}}}},
        }))
        .unwrap();
        assert!(
            schema
                .check(&json!({"open": true, "prices": [{"usd": 1.5}]}))
                .is_ok()
        );
        let faults = schema.check(&json!({"prices": [{"usd": 1}, {"usd": "x"}], "more": 1}));
        let mut places: Vec<_> = faults
            .unwrap_err()
            .into_iter()
            .map(|one| one.field)
            .collect();
        places.sort();
        assert_eq!(places, ["", "", "prices[1].usd"]);
    }

    #[test]
    fn a_schema_must_be_one() {
        assert!(refused(&json!("x")).contains("must be a JSON Schema"));
        assert!(refused(&json!({"type": "colour"})).starts_with("type: "));
        assert!(refused(&json!({"properties": {"a": {"minLength": -1}}})).contains("minLength"));
        assert!(refused(&json!({"pattern": "("})).starts_with("pattern"));
        assert!(refused(&json!({"$schema": "https://example.com/s"})).contains("draft"));
        let long = json!({"description": "x".repeat(RESULT_SCHEMA_BYTES_MAX)});
        assert!(refused(&long).contains("16 KiB"));
    }

    #[test]
    fn references_stay_inside_and_end() {
        for target in [
            "https://example.com/s.json",
            "file:///etc/passwd",
            "s.json",
            "#/%24defs/a",
        ] {
            let schema = json!({"$ref": target, "$defs": {"a": {}}});
            assert!(refused(&schema).contains("places in itself"), "{target}");
        }
        assert!(refused(&json!({"properties": {"a": {"$ref": "#"}}})).contains("circle"));
        let round = json!({"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}});
        assert!(refused(&round).contains("circle"));
        assert!(refused(&json!({"$defs": {"a": {"$id": "https://x.example/"}}})).contains("$id"));
    }

    /// Thirty definitions that each refer to the next one twice are a billion schemas.
    #[test]
    fn a_schema_that_unfolds_without_end_is_refused_at_once() {
        let mut defs = Map::new();
        for nth in 0..30 {
            let next = json!({"$ref": format!("#/$defs/d{}", nth + 1)});
            defs.insert(format!("d{nth}"), json!({"allOf": [next, next]}));
        }
        defs.insert("d30".to_owned(), json!({"type": "string"}));
        let bomb = json!({"$ref": "#/$defs/d0", "$defs": defs});
        assert!(refused(&bomb).contains("1000 schemas"));
        let patterns: Map<_, _> = (0..40)
            .map(|n| (format!("p{n}"), json!({"pattern": "a"})))
            .collect();
        assert!(refused(&json!({"properties": patterns})).contains("32 patterns"));
    }

    /// Backtracking would take until the end of the world over this one.
    #[test]
    fn a_pattern_takes_linear_time() {
        let schema = ResultSchema::parse(&json!({"type": "string", "pattern": "^(a+)+$"})).unwrap();
        assert!(
            schema
                .check(&json!(format!("{}b", "a".repeat(50_000))))
                .is_err()
        );
    }

    /// Nine lists in each other of three entries each, around a long text, are a gigabyte.
    #[test]
    fn a_sample_has_no_more_bytes_than_a_result() {
        let mut schema = json!({"type": "string", "minLength": 65_000});
        for _ in 0..9 {
            schema = json!({"type": "array", "minItems": 3, "items": schema});
        }
        assert_eq!(ResultSchema::parse(&schema).unwrap().sample(), None);
        let long = json!({"type": "string", "minLength": 65_000});
        assert!(ResultSchema::parse(&long).unwrap().sample().is_some());
    }

    #[test]
    fn a_sample_satisfies_its_schema() {
        for schema in [
            json!({"type": "object", "properties": {"open": {"type": "boolean"}},
                "required": ["open"]}),
            json!({"type": "string", "minLength": 20, "maxLength": 21}),
            json!({"type": "array", "minItems": 2, "items": {"enum": ["a", "b"]}}),
            json!({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"const": 7}}}),
        ] {
            assert!(
                ResultSchema::parse(&schema).unwrap().sample().is_some(),
                "{schema}"
            );
        }
        let odd = json!({"type": "string", "pattern": "^[0-9]{4}$"});
        assert_eq!(ResultSchema::parse(&odd).unwrap().sample(), None);
    }
}
