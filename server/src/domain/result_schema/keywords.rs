//! The JSON Schema keywords and how they apply the schemas that they hold. Both the measure of a
//! schema and the measure of a check use this table.

use serde_json::Value;

/// The values to which a keyword applies the schemas that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The value that the keyword's own schema is applied to.
    Same,
    /// The elements of that value, if it is an array.
    Items,
    /// The values of its members, if it is an object.
    Members,
    /// The names of its members, if it is an object.
    Names,
    /// None: the keyword asserts something about the value by the data it holds.
    Data,
    /// None, and nothing is checked: definitions count where a reference leads to them.
    Nothing,
}

/// Returns the scope of a keyword. An unknown keyword counts as data.
pub(super) fn scope(keyword: &str) -> Scope {
    match keyword {
        "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas"
        | "dependencies" | "$ref" => Scope::Same,
        "items" | "prefixItems" | "additionalItems" | "contains" | "unevaluatedItems" => {
            Scope::Items
        }
        "properties" | "patternProperties" | "additionalProperties" | "unevaluatedProperties" => {
            Scope::Members
        }
        "propertyNames" => Scope::Names,
        "$defs" | "definitions" | "$schema" | "$comment" | "title" | "description" | "default"
        | "examples" | "deprecated" | "readOnly" | "writeOnly" | "format" | "contentEncoding"
        | "contentMediaType" | "contentSchema" => Scope::Nothing,
        _ => Scope::Data,
    }
}

/// Returns whether a keyword depends on what its sibling keywords have evaluated, which checks
/// their schemas again.
pub(super) fn is_unevaluated(keyword: &str) -> bool {
    matches!(keyword, "unevaluatedItems" | "unevaluatedProperties")
}

/// Returns the schemas that the value of a keyword holds, without the targets of references.
pub(super) fn schemas_of<'a>(
    keyword: &str,
    value: &'a Value,
) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    let by_name = matches!(
        keyword,
        "properties" | "patternProperties" | "dependentSchemas" | "dependencies"
    );
    match value {
        Value::Array(schemas) => Box::new(schemas.iter()),
        Value::Object(schemas) if by_name => Box::new(schemas.values()),
        other => Box::new(std::iter::once(other)),
    }
}

/// Returns the value in `root` that a `$ref` refers to.
pub(super) fn referred<'a>(root: &'a Value, target: &Value) -> Option<&'a Value> {
    // A percent-encoded pointer could be read in two ways, so it is refused.
    let pointer = target.as_str()?.strip_prefix('#')?;
    (!pointer.contains('%')).then(|| root.pointer(pointer))?
}
