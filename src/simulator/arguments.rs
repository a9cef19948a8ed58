//! Arguments that a tool's JSON schema would accept: what a model might send. It must not know what a tool call is.

use serde_json::{Map, Value, json};

/// How deep a schema is followed.
const DEPTH: usize = 12;
/// Elements put into a list or characters into a string, whatever its schema demands.
const SIZE: u64 = 64;
/// Values made in all; further ones are null.
const VALUES: usize = 1_000;

/// Arguments for `schema`: the required properties, or all of them when none is required. The first property that
/// takes free text gets `subject`.
pub(crate) fn plausible(schema: &Value, subject: Option<&str>) -> Map<String, Value> {
    let mut maker = Maker { root: schema, subject, left: VALUES };
    match maker.value(schema, "", DEPTH) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

struct Maker<'a> {
    root: &'a Value,
    subject: Option<&'a str>,
    left: usize,
}

impl<'a> Maker<'a> {
    fn value(&mut self, schema: &'a Value, name: &str, depth: usize) -> Value {
        if depth == 0 || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        for given in ["const", "default"] {
            if let Some(value) = schema.get(given) {
                return value.clone();
            }
        }
        for list in ["enum", "examples"] {
            if let Some(first) = schema[list].as_array().and_then(|values| values.first()) {
                return first.clone();
            }
        }
        if let Some(target) = schema["$ref"].as_str().and_then(|reference| self.resolve(reference)) {
            return self.value(target, name, depth - 1);
        }
        for union in ["anyOf", "oneOf"] {
            let variants = schema[union].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(variant) = variants.iter().find(|variant| variant["type"] != "null").or(variants.first()) {
                return self.value(variant, name, depth - 1);
            }
        }
        if let Some(parts) = schema["allOf"].as_array().filter(|parts| !parts.is_empty()) {
            return self.all_of(schema, parts, name, depth);
        }
        self.typed(schema, name, depth)
    }

    /// A `$ref` into the same document.
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    fn all_of(&mut self, schema: &'a Value, parts: &'a [Value], name: &str, depth: usize) -> Value {
        let mut merged = Map::new();
        let mut last = Value::Null;
        for part in parts {
            match self.value(part, name, depth - 1) {
                Value::Object(members) => merged.extend(members),
                other => last = other,
            }
        }
        if schema.get("properties").is_some() {
            merged.extend(self.object(schema, depth));
        }
        if merged.is_empty() { last } else { Value::Object(merged) }
    }

    fn typed(&mut self, schema: &'a Value, name: &str, depth: usize) -> Value {
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
            other => other.as_str().unwrap_or(if schema.get("properties").is_some() { "object" } else { "string" }),
        };
        match kind {
            "object" => Value::Object(self.object(schema, depth)),
            "array" => {
                let count = schema["minItems"].as_u64().unwrap_or(1).clamp(1, SIZE);
                Value::Array((0..count).map(|_| self.value(&schema["items"], name, depth - 1)).collect())
            }
            "integer" => json!(number(schema, 1.0).ceil() as i64),
            "number" => json!(number(schema, 1.5)),
            "boolean" => json!(true),
            "null" => Value::Null,
            _ => Value::String(self.string(schema, name)),
        }
    }

    fn object(&mut self, schema: &'a Value, depth: usize) -> Map<String, Value> {
        let Some(properties) = schema["properties"].as_object() else { return Map::new() };
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let wanted = properties.iter().filter(|(name, _)| required.is_empty() || required.contains(&name.as_str()));
        wanted.map(|(name, property)| (name.clone(), self.value(property, name, depth - 1))).collect()
    }

    fn string(&mut self, schema: &Value, name: &str) -> String {
        let fixed = match schema["format"].as_str() {
            Some("date") => "2026-01-31",
            Some("time") => "12:30:00Z",
            Some("date-time") => "2026-01-31T12:30:00Z",
            Some("uri" | "url") => "https://example.com/",
            Some("email") => "someone@example.com",
            Some("uuid") => "5f0c1a52-7d3e-4b6a-9c1d-2e8f4a6b0c9d",
            Some("ipv4") => "192.0.2.1",
            Some(_) | None => "",
        };
        if !fixed.is_empty() {
            return fixed.to_owned();
        }
        let chosen = self.subject.take().map_or_else(|| format!("some {name}"), str::to_owned);
        let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0).min(SIZE)).unwrap_or(0);
        let most = schema["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let padded = format!("{chosen:x<least$}");
        padded.chars().take(most).collect()
    }
}

/// A number within the schema's bounds, near `usual`.
fn number(schema: &Value, usual: f64) -> f64 {
    let bound = |inclusive: &str, exclusive: &str, step: f64| {
        schema[inclusive].as_f64().or_else(|| schema[exclusive].as_f64().map(|bound| bound + step))
    };
    let least = bound("minimum", "exclusiveMinimum", 1.0).unwrap_or(f64::NEG_INFINITY);
    let most = bound("maximum", "exclusiveMaximum", -1.0).unwrap_or(f64::INFINITY);
    usual.min(most).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(schema: Value, subject: Option<&str>) -> Value {
        Value::Object(plausible(&schema, subject))
    }

    #[test]
    fn required_properties_are_filled_by_type() {
        let schema = json!({"type": "object", "required": ["city", "days", "unit", "deep"], "properties": {
            "city": {"type": "string"}, "note": {"type": "string"},
            "days": {"type": "integer", "minimum": 3}, "unit": {"enum": ["celsius", "kelvin"]},
            "deep": {"type": "object", "properties": {
                "on": {"type": "boolean"}, "list": {"type": "array", "minItems": 2, "items": {"type": "number", "maximum": 1}},
                "when": {"type": ["null", "string"], "format": "date"}, "mode": {"type": "string", "default": "fast"}}}}});
        let expected = json!({"city": "Paris", "days": 3, "unit": "celsius",
            "deep": {"on": true, "list": [1.0, 1.0], "when": "2026-01-31", "mode": "fast"}});
        assert_eq!(made(schema, Some("Paris")), expected);
    }

    #[test]
    fn all_properties_are_filled_when_none_is_required() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"minLength": 9, "type": "string"}}});
        assert_eq!(made(schema, None), json!({"a": "some a", "b": "some bxxx"}));
        assert_eq!(made(json!({"type": "object"}), None), json!({}));
    }

    #[test]
    fn references_unions_and_cycles_are_followed_and_end() {
        let schema = json!({"type": "object", "$defs": {"node": {"type": "object",
            "properties": {"next": {"$ref": "#/$defs/node"}, "id": {"type": "integer"}}}},
            "properties": {"node": {"$ref": "#/$defs/node"}, "either": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
            "both": {"allOf": [{"properties": {"x": {"const": 1}}}, {"properties": {"y": {"const": 2}}}]}}});
        let made = made(schema, None);
        assert_eq!(made["node"]["next"]["id"], 1);
        assert_eq!(made["either"], true);
        assert_eq!(made["both"], json!({"x": 1, "y": 2}));
    }

    #[test]
    fn greedy_schemas_are_bounded() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "array", "minItems": 1_000_000_000_u64,
            "items": {"type": "string", "minLength": u64::MAX}}}});
        let made = made(schema, None);
        assert_eq!(made["a"].as_array().unwrap().len(), 64);
        assert_eq!(made["a"][0].as_str().unwrap().len(), 64);
        let mut nested = json!({"type": "integer"});
        for _ in 0..10 {
            nested = json!({"type": "array", "minItems": 64, "items": nested});
        }
        let schema = json!({"type": "object", "properties": {"a": nested}});
        assert!(Value::Object(plausible(&schema, None)).to_string().len() < 100_000);
    }
}
