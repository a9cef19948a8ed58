//! A [`DynamicMessage`] to canonical protobuf JSON. The reverse is `json_reader`; the forms are described in the module
//! documentation. It must not know wire bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, Value};
use serde_json::{Map, Value as Json};

use crate::schema::{number, unknown_json, well_known};

/// The key under which an object carries what the schema does not know.
pub(crate) const UNKNOWN_KEY: &str = "@unknown";

/// Any message, `depth` levels down.
pub(crate) fn message(message: &DynamicMessage, depth: usize) -> Json {
    well_known::to_json(message, depth).unwrap_or_else(|| Json::Object(plain(message, depth)))
}

/// A message as an object of its fields, whatever its type.
pub(crate) fn plain(message: &DynamicMessage, depth: usize) -> Map<String, Json> {
    let mut object = Map::new();
    for (field, value) in message.fields() {
        object.insert(field.name().to_owned(), field_value(&field, value, depth));
    }
    let unknown = unknown_json::of(message);
    if !unknown.is_empty() {
        object.insert(UNKNOWN_KEY.to_owned(), Json::Array(unknown));
    }
    object
}

fn field_value(field: &FieldDescriptor, value: &Value, depth: usize) -> Json {
    let kind = field.kind();
    match (value, &kind) {
        (Value::Map(map), Kind::Message(entry)) => {
            let value_kind = entry.map_entry_value_field().kind();
            let mut entries: Vec<(&MapKey, &Value)> = map.iter().collect();
            entries.sort_unstable_by(|left, right| left.0.cmp(right.0));
            let entries = entries.into_iter().map(|(key, value)| (map_key(key), single(&value_kind, value, depth + 2)));
            Json::Object(entries.collect())
        }
        (Value::List(items), kind) => items.iter().map(|item| single(kind, item, depth + 1)).collect(),
        (value, kind) => single(kind, value, depth + 1),
    }
}

fn map_key(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

/// One value that is neither a list nor a map; a message among them is `depth` levels down.
pub(crate) fn single(kind: &Kind, value: &Value, depth: usize) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::I32(value) => Json::from(*value),
        Value::U32(value) => Json::from(*value),
        Value::I64(value) => Json::String(value.to_string()),
        Value::U64(value) => Json::String(value.to_string()),
        Value::F32(value) => number::f32_to_json(*value),
        Value::F64(value) => number::f64_to_json(*value),
        Value::String(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::EnumNumber(value) => enum_value(kind.as_enum(), *value),
        Value::Message(inner) => message(inner, depth),
        Value::List(items) => items.iter().map(|item| single(kind, item, depth)).collect(),
        Value::Map(map) => map.iter().map(|(key, value)| (map_key(key), single(kind, value, depth))).collect(),
    }
}

/// An enum value by name, or by number when the schema has no name for it.
fn enum_value(enumeration: Option<&EnumDescriptor>, value: i32) -> Json {
    match enumeration {
        Some(enumeration) if value == 0 && well_known::is_null_value(enumeration) => Json::Null,
        Some(enumeration) => match enumeration.get_value(value) {
            Some(named) => Json::String(named.name().to_owned()),
            None => Json::from(value),
        },
        None => Json::from(value),
    }
}
