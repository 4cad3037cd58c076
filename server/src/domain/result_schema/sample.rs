//! Generates the simplest value that a schema seems to require. The caller checks whether it
//! satisfies the schema.

use std::cell::Cell;

use api_types::proof::RESULT_BYTES_MAX;
use serde_json::{Map, Value};

/// Maximum depth of a sample, and maximum entries of its lists.
const SAMPLE_DEPTH_MAX: usize = 10;
const SAMPLE_ITEMS_MAX: u64 = 3;

/// A generator of samples for one schema, within the maximum bytes of a result.
pub(super) struct Sampler<'a> {
    root: &'a Value,
    /// The remaining bytes. Without the limit, a schema of nested lists of long texts would
    /// generate gigabytes.
    bytes_left: Cell<usize>,
}

impl<'a> Sampler<'a> {
    /// Generates a value for the whole schema.
    pub(super) fn of_schema(root: &'a Value) -> Value {
        let sampler = Self {
            root,
            bytes_left: Cell::new(RESULT_BYTES_MAX),
        };
        sampler.of(root, 0)
    }

    /// Takes this many bytes from the limit. Returns `false`, and leaves none, if fewer remain.
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
