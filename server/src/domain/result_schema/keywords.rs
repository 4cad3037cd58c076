//! What the keywords of JSON Schema do with the schemas in them: the one table that the measure of
//! a schema and the measure of a check go by.

use serde_json::Value;

/// To which values a keyword applies the schemas it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// To the value that the keyword's own schema is applied to.
    Same,
    /// To the elements of that value, if it is an array.
    Items,
    /// To the values of its members, if it is an object.
    Members,
    /// To the names of its members, if it is an object.
    Names,
    /// To nothing: the keyword asserts something about the value by the data it holds.
    Data,
    /// To nothing, and nothing is checked: definitions count where a reference leads to them.
    Nothing,
}

/// The scope of a keyword. One that is not known is taken for data.
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

/// Whether a keyword looks at what the schemas beside it have evaluated, which checks them again.
pub(super) fn is_unevaluated(keyword: &str) -> bool {
    matches!(keyword, "unevaluatedItems" | "unevaluatedProperties")
}

/// The schemas that the value of a keyword holds, without those that a reference leads to.
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

/// The place in `root` that a `$ref` names.
pub(super) fn referred<'a>(root: &'a Value, target: &Value) -> Option<&'a Value> {
    // An escaped place could be read in two ways, and is refused before anybody does.
    let pointer = target.as_str()?.strip_prefix('#')?;
    (!pointer.contains('%')).then(|| root.pointer(pointer))?
}
