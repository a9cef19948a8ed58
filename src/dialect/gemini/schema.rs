//! Turns Gemini's own way to describe data into JSON Schema. Its types are written in capitals, `nullable` stands for
//! another type, and whole numbers may be text, as in all JSON of a protobuf message.
//!
//! What is JSON Schema already stays as it is, so clients may send either.

use serde_json::{Map, Value, json};

/// Members whose value is a schema.
const ONE: [&str; 4] = ["items", "additionalProperties", "not", "contains"];
/// Members whose value is a list of schemas.
const LIST: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
/// Members whose value has schemas by name.
const NAMED: [&str; 4] = ["properties", "$defs", "defs", "definitions"];
/// Members that are whole numbers.
const WHOLE: [&str; 6] = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];
/// Members that mean nothing in JSON Schema.
const FOREIGN: [&str; 2] = ["nullable", "propertyOrdering"];

/// The JSON Schema that means the same as `schema`.
pub(crate) fn to_json_schema(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut converted = Map::new();
    for (name, value) in members {
        // Both spellings of a protobuf field are common.
        let name = match name.as_str() {
            "any_of" => "anyOf",
            "one_of" => "oneOf",
            "all_of" => "allOf",
            "prefix_items" => "prefixItems",
            "additional_properties" => "additionalProperties",
            "min_items" => "minItems",
            "max_items" => "maxItems",
            "min_length" => "minLength",
            "max_length" => "maxLength",
            "min_properties" => "minProperties",
            "max_properties" => "maxProperties",
            "property_ordering" => "propertyOrdering",
            other => other,
        };
        if !FOREIGN.contains(&name)
            && let Some(value) = member(name, value)
        {
            converted.insert(name.to_owned(), value);
        }
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        allow_null(&mut converted);
    }
    Value::Object(converted)
}

// A body is at most 128 levels deep (serde_json's limit), and so is this recursion.
fn member(name: &str, value: &Value) -> Option<Value> {
    match value {
        Value::Null if name != "default" && name != "const" => None,
        Value::String(kind) if name == "type" => type_name(kind).map(Value::from),
        Value::Array(kinds) if name == "type" => {
            let names = kinds.iter().filter_map(|kind| type_name(kind.as_str()?));
            Some(names.collect())
        }
        Value::String(number) if WHOLE.contains(&name) => {
            Some(number.parse::<u64>().map_or(json!(number), Value::from))
        }
        Value::Object(named) if NAMED.contains(&name) => {
            Some(named.iter().map(|(name, schema)| (name.clone(), to_json_schema(schema))).collect())
        }
        Value::Array(list) if LIST.contains(&name) => Some(list.iter().map(to_json_schema).collect()),
        Value::Object(_) if ONE.contains(&name) => Some(to_json_schema(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.clone())
        }
    }
}

/// The type's name in JSON Schema; `None` when it says nothing.
fn type_name(kind: &str) -> Option<String> {
    Some(kind.to_ascii_lowercase()).filter(|kind| kind != "type_unspecified" && !kind.is_empty())
}

fn allow_null(schema: &mut Map<String, Value>) {
    match schema.get_mut("type") {
        Some(Value::Array(kinds)) if !kinds.contains(&json!("null")) => kinds.push(json!("null")),
        Some(kind @ Value::String(_)) => *kind = json!([kind.take(), "null"]),
        Some(_) | None => {}
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(json!({"type": "null"}));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::to_json_schema;

    #[test]
    fn types_are_small_letters_at_every_depth() {
        let schema = json!({"type": "OBJECT", "required": ["TYPE"], "property_ordering": ["TYPE"], "properties": {
            "TYPE": {"type": "STRING", "enum": ["OBJECT"], "nullable": true, "maxLength": "64", "description": "STRING"},
            "list": {"type": "ARRAY", "min_items": "1", "items": {"anyOf": [{"type": "INTEGER"}, {"type": "BOOLEAN"}]}},
            "type": {"type": "TYPE_UNSPECIFIED", "nullable": false},
            "either": {"any_of": [{"type": "NUMBER"}], "nullable": true}}});
        assert_eq!(
            to_json_schema(&schema),
            json!({"type": "object", "required": ["TYPE"], "properties": {
                "TYPE": {"type": ["string", "null"], "enum": ["OBJECT", null], "maxLength": 64, "description": "STRING"},
                "list": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}},
                "type": {},
                "either": {"anyOf": [{"type": "number"}, {"type": "null"}]}}})
        );
    }

    #[test]
    fn json_schema_stays_as_it_is() {
        let schema = json!({"$schema": "x", "type": ["object", "null"], "additionalProperties": false,
            "$defs": {"a": {"const": null}}, "properties": {"b": {"$ref": "#/$defs/a", "default": null}}});
        assert_eq!(to_json_schema(&schema), schema);
    }
}
