//! Bounds a schema before anything else works on it: its depth, its numbers, its patterns, and the
//! number of its subschemas with every reference followed.

use serde_json::Value;

use super::keywords::{Scope, is_unevaluated, referred, schemas_of, scope};
use super::numbers;

/// Maximum subschemas of a schema, each counted as often as it is compiled.
const SUBSCHEMAS_MAX: usize = 1_000;

/// Maximum nesting of schemas, with references followed.
const DEPTH_MAX: usize = 64;

/// Maximum nesting of objects and arrays anywhere in the schema.
const JSON_DEPTH_MAX: usize = 64;

/// Maximum patterns, counted as often as they are compiled, and maximum bytes of one pattern.
const PATTERNS_MAX: usize = 32;
const PATTERN_TEXT_BYTES_MAX: usize = 512;

/// Keywords that would let a reference lead elsewhere than to a place in this schema.
const NOT_TAKEN: [&str; 6] = [
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
];

/// The supported drafts of JSON Schema.
const DRAFTS: [&str; 3] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
];

pub(super) const OTHER_DRAFT: &str = "must be of draft 2020-12, 2019-09 or 7";

/// Measures a schema along every path that the compiler takes through it.
pub(super) struct Measure<'a> {
    root: &'a Value,
    subschemas: usize,
    patterns: usize,
    depth: usize,
    /// The references that are currently being followed.
    following: Vec<&'a Value>,
}

impl<'a> Measure<'a> {
    /// Fails if a schema is too much work, with the rule that it breaks.
    pub(super) fn of(root: &'a Value) -> Result<(), String> {
        if let Some(named) = root.get("$schema") {
            let known = named.as_str().map(|name| name.trim_end_matches('#'));
            if !known.is_some_and(|name| DRAFTS.contains(&name)) {
                return Err(OTHER_DRAFT.to_owned());
            }
        }
        if json_depth(root) > JSON_DEPTH_MAX {
            return Err(format!("must not nest deeper than {JSON_DEPTH_MAX} levels"));
        }
        numbers::are_bounded(root)?;
        if let Some(keyword) = NOT_TAKEN.into_iter().find(|keyword| states(root, keyword)) {
            return Err(format!("must not use {keyword}"));
        }
        let mut measure = Self {
            root,
            subschemas: 0,
            patterns: 0,
            depth: 0,
            following: Vec::new(),
        };
        measure.schema(root)
    }

    fn schema(&mut self, schema: &'a Value) -> Result<(), String> {
        if !schema.is_object() && !schema.is_boolean() {
            return Ok(());
        }
        self.subschemas += 1;
        if self.subschemas > SUBSCHEMAS_MAX {
            return Err(format!(
                "must not have more than {SUBSCHEMAS_MAX} schemas within it, references followed"
            ));
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!(
                "must not have more than {DEPTH_MAX} schemas within each other, references followed"
            ));
        }
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            self.keyword(keyword, value)?;
            if is_unevaluated(keyword) {
                self.evaluated(schema)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value) -> Result<(), String> {
        match (keyword, value) {
            ("$ref", target) => return self.reference(target, Self::schema),
            ("pattern", Value::String(pattern)) => self.pattern(pattern)?,
            ("patternProperties", Value::Object(schemas)) => {
                schemas
                    .keys()
                    .try_for_each(|pattern| self.pattern(pattern))?;
            }
            _ => {}
        }
        if matches!(scope(keyword), Scope::Data | Scope::Nothing) {
            return Ok(());
        }
        schemas_of(keyword, value).try_for_each(|schema| self.schema(schema))
    }

    /// Measures the schemas that are compiled once more for an `unevaluated…` keyword: its
    /// siblings, and the siblings within those.
    fn evaluated(&mut self, schema: &'a Value) -> Result<(), String> {
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            if keyword == "$ref" {
                self.reference(value, Self::evaluated)?;
            } else if scope(keyword) == Scope::Same {
                for inner in schemas_of(keyword, value) {
                    self.schema(inner)?;
                    self.evaluated(inner)?;
                }
            }
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        self.patterns += 1;
        if self.patterns > PATTERNS_MAX {
            return Err(format!("must not have more than {PATTERNS_MAX} patterns"));
        }
        if pattern.len() > PATTERN_TEXT_BYTES_MAX {
            return Err(format!(
                "must not have a pattern of more than {PATTERN_TEXT_BYTES_MAX} bytes"
            ));
        }
        if sets_flags(pattern) {
            return Err("must not have a pattern that sets flags, like (?i)".to_owned());
        }
        Ok(())
    }

    fn reference(
        &mut self,
        target: &'a Value,
        follow: fn(&mut Self, &'a Value) -> Result<(), String>,
    ) -> Result<(), String> {
        let found = referred(self.root, target)
            .ok_or_else(|| "must refer to places in itself alone, like #/$defs/name".to_owned())?;
        if target == "#" || self.following.contains(&target) {
            return Err("must not refer to itself in a circle".to_owned());
        }
        self.following.push(target);
        follow(self, found)?;
        self.following.pop();
        Ok(())
    }
}

/// Returns how deep objects and arrays nest.
pub(super) fn json_depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(json_depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(json_depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Returns whether a pattern sets flags, as in `(?i)`. JavaScript has no such syntax, and matching
/// both cases of letters takes long to compile.
fn sets_flags(pattern: &str) -> bool {
    let mut groups = pattern.split("(?").skip(1);
    groups.any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-'))
}

/// Returns whether an object anywhere in `value` has this keyword with a string or a boolean. With
/// any other value it is a property of that name, which has a schema.
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
