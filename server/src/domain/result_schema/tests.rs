//! Tests of result schemas.

use serde_json::{Map, json};

use super::*;

fn numbers(texts: impl Iterator<Item = String>) -> Value {
    let texts: Vec<_> = texts.collect();
    serde_json::from_str(&format!("[{}]", texts.join(","))).unwrap()
}

fn unfit(schema: &Value, result: &Value) -> Vec<String> {
    let faults = ResultSchema::parse(schema).unwrap().check(result);
    let faults = faults.unwrap_err();
    faults.into_iter().map(|one| one.message).collect()
}

/// Each of these has millions of faults and is refused with one.
#[test]
fn faults_that_multiply_are_not_made() {
    let ones = json!(vec![1; 30_000]);
    for schema in [
        json!({"items": {"allOf": vec![json!(false); 400]}}),
        json!({"items": {"not": {"enum": (0..9).collect::<Vec<_>>()}}}),
        json!({"items": {"type": "string"}}),
        json!({"anyOf": vec![json!({"type": "string"}); 400]}),
        json!({"items": {"enum": (2..2_000).collect::<Vec<_>>()}}),
    ] {
        let faults = unfit(&schema, &ones);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let known = ["takes too much work", "too many values to name"];
        assert!(
            known.iter().any(|word| faults[0].contains(word)),
            "{faults:?}"
        );
    }
}

#[test]
fn elements_that_hash_alike_are_not_compared_each_with_each() {
    let unique = json!({"uniqueItems": true});
    let alike = numbers((0..400).map(|n| format!("1.00000000000000000{n:05}")));
    assert!(unfit(&unique, &alike)[0].contains("too much work"));
    let apart: Vec<_> = (0..5_000).collect();
    assert!(
        ResultSchema::parse(&unique)
            .unwrap()
            .check(&json!(apart))
            .is_ok()
    );
}

#[test]
fn a_number_is_not_written_out_without_end() {
    let least: Value = serde_json::from_str("1e-999999999").unwrap();
    assert!(refused(&json!({"multipleOf": least})).contains("400 digits"));
    let many = numbers((0..9).map(|n| format!("1e{n}999")));
    assert!(unfit(&json!({"type": "array"}), &many)[0].contains("400 digits"));
}

/// Each level is compiled twice for the one around it.
#[test]
fn a_schema_that_is_compiled_again_at_each_level_is_refused() {
    let mut schema = json!({"unevaluatedProperties": false});
    for _ in 0..20 {
        schema = json!({"allOf": [schema], "unevaluatedProperties": false});
    }
    assert!(refused(&schema).contains("1000 schemas"));
    let closed = json!({
        "allOf": [{"properties": {"a": {"type": "string"}}}],
        "unevaluatedProperties": false,
    });
    let closed = ResultSchema::parse(&closed).unwrap();
    assert!(closed.check(&json!({"a": "x"})).is_ok());
    assert!(closed.check(&json!({"b": "x"})).is_err());
}

#[test]
fn schemas_nest_no_deeper_than_a_stack_bears() {
    let chain = (0..300).map(|n| {
        (
            format!("d{n}"),
            json!({"$ref": format!("#/$defs/d{}", n + 1)}),
        )
    });
    let mut defs: Map<_, _> = chain.collect();
    defs.insert("d300".to_owned(), json!({}));
    let chain = json!({"$ref": "#/$defs/d0", "$defs": defs});
    assert!(refused(&chain).contains("64 schemas within each other"));
    let deep = (0..70).fold(json!(1), |inner, _| json!([inner]));
    assert!(refused(&json!({"const": deep})).contains("deeper than 64"));
    assert!(refused(&json!({"pattern": "a".repeat(600)})).contains("512 bytes"));
}

#[test]
fn faults_of_a_schema_that_multiply_are_not_made() {
    let zeros = json!({"$defs": {"a": {"allOf": vec![json!(0); 7_000]}}});
    assert!(refused(&zeros).contains("too many values"));
    assert!(refused(&json!({"pattern": "(?i)a"})).contains("flags"));
    let grouped = json!({"pattern": "^(?:a|b)(?=c)?"});
    assert!(!refused(&grouped).contains("flags"), "lookahead is no flag");
}

/// The results that people fill in are far below every bound.
#[test]
fn every_fault_of_an_ordinary_result_is_named() {
    let row = json!({
        "type": "object", "required": ["name", "price"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "minLength": 1, "pattern": "^[A-Z]"},
            "price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
            "kind": {"enum": ["a", "b", "c"]},
        },
    });
    let schema = json!({"type": "array", "items": row});
    let good = json!(vec![
        json!({"name": "Tea", "price": 1.25, "kind": "a"});
        500
    ]);
    assert!(ResultSchema::parse(&schema).unwrap().check(&good).is_ok());
    let bad = json!(vec![json!({"name": "tea", "price": "x", "kind": "z"}); 10]);
    assert_eq!(unfit(&schema, &bad).len(), 30);
}

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

#[test]
fn work_that_multiplies_is_refused_before_it_is_done() {
    let each_for_each = json!({
        "unevaluatedItems": false, "allOf": [{"items": {"type": "integer"}}],
    });
    let each_for_each = ResultSchema::parse(&each_for_each).unwrap();
    assert_eq!(each_for_each.check(&json!(vec![1; 20])), Ok(()));
    assert!(each_for_each.check(&json!(vec![1; 2_000])).is_err());
    let names: Vec<_> = (0..900).map(|n| n.to_string()).collect();
    let one_of_many = json!({"enum": names});
    let message = &unfit(&one_of_many, &json!("x".repeat(60_000)))[0];
    assert!(message.contains("takes too much work"), "{message}");
}

#[test]
fn a_fault_at_a_long_name_is_named() {
    let name = "n".repeat(1_000);
    let schema = json!({"properties": {&name: {"type": "string"}}});
    assert_eq!(unfit(&schema, &json!({&name: 1})).len(), 1);
}

#[test]
fn an_ordinary_pattern_is_taken() {
    for pattern in [
        "^[A-Za-z0-9 ,.-]{1,200}$",
        r"^\+?[0-9]{7,15}$",
        "^(yes|no|unknown)$",
    ] {
        let schema = ResultSchema::parse(&json!({"type": "string", "pattern": pattern}));
        assert!(schema.is_ok(), "{pattern}");
    }
}

/// This pattern takes exponential time with backtracking.
#[test]
fn a_pattern_takes_linear_time() {
    let schema = ResultSchema::parse(&json!({"type": "string", "pattern": "^(a+)+$"})).unwrap();
    assert!(
        schema
            .check(&json!(format!("{}b", "a".repeat(50_000))))
            .is_err()
    );
}

/// Nine nested lists of three entries each, around a long text, are a gigabyte.
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
