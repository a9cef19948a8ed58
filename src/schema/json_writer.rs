//! A [`DynamicMessage`] to canonical protobuf JSON. The reverse is `json_reader`; the forms are described in the module
//! documentation. It must not know wire bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};
use serde_json::{Map, Value as Json};

use crate::schema::{json_reader, number, unknown_json, well_known};

/// How messages are written as JSON; every form is read back to the same message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonForm {
    /// How fields are called.
    pub names: Names,
    /// Fields that are not set are written too: lists and maps empty, numbers without presence as 0, and all others but
    /// the variants of a oneof as null, which reads back as "not set".
    pub unset: bool,
}

/// How fields are called in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Names {
    /// As the schema has them.
    #[default]
    Snake,
    /// In camelCase, as other runtimes write them.
    Camel,
}

/// The form, and how many levels down the writer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) form: JsonForm,
    pub(crate) depth: usize,
}

impl Place {
    /// The place `levels` further down.
    pub(crate) fn down(self, levels: usize) -> Self {
        Self { depth: self.depth + levels, ..self }
    }
}

/// The key under which an object carries what the schema does not know.
pub(crate) const UNKNOWN_KEY: &str = "@unknown";

/// Any message.
pub(crate) fn message(message: &DynamicMessage, place: Place) -> Json {
    well_known::to_json(message, place).unwrap_or_else(|| Json::Object(plain(message, place)))
}

/// A message as an object of its fields, whatever its type.
pub(crate) fn plain(message: &DynamicMessage, place: Place) -> Map<String, Json> {
    let mut object = Map::new();
    if place.form.unset {
        for field in message.descriptor().fields() {
            if message.has_field(&field) {
                object.insert(key(&field, place), field_value(&field, &message.get_field(&field), place));
            } else if let Some(unset) = unset_value(&field, place) {
                object.insert(key(&field, place), unset);
            }
        }
    } else {
        for (field, value) in message.fields() {
            object.insert(key(&field, place), field_value(&field, value, place));
        }
    }
    let unknown = unknown_json::of(message);
    if !unknown.is_empty() {
        object.insert(UNKNOWN_KEY.to_owned(), Json::Array(unknown));
    }
    object
}

fn key(field: &FieldDescriptor, place: Place) -> String {
    match place.form.names {
        Names::Snake => field.name().to_owned(),
        Names::Camel => field.json_name().to_owned(),
    }
}

/// What stands for a field that is not set; `None` where anything would set it.
fn unset_value(field: &FieldDescriptor, place: Place) -> Option<Json> {
    if field.is_list() {
        return Some(Json::Array(Vec::new()));
    }
    if field.is_map() {
        return Some(Json::Object(Map::new()));
    }
    if !field.supports_presence() {
        return Some(field_value(field, &field.default_value(), place));
    }
    // The oneof that `optional` stands for in proto3 has one member and is no choice.
    let is_choice = field.containing_oneof().is_some_and(|oneof| oneof.fields().len() > 1);
    (!is_choice && !json_reader::takes_null(field)).then_some(Json::Null)
}

fn field_value(field: &FieldDescriptor, value: &Value, place: Place) -> Json {
    let kind = field.kind();
    match (value, &kind) {
        (Value::Map(map), Kind::Message(entry)) => {
            let value_kind = entry.map_entry_value_field().kind();
            let mut entries: Vec<(&MapKey, &Value)> = map.iter().collect();
            entries.sort_unstable_by(|left, right| left.0.cmp(right.0));
            let entries =
                entries.into_iter().map(|(key, value)| (map_key(key), single(&value_kind, value, place.down(2))));
            Json::Object(entries.collect())
        }
        (Value::List(items), kind) => items.iter().map(|item| single(kind, item, place.down(1))).collect(),
        (value, kind) => single(kind, value, place.down(1)),
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

/// One value that is neither a list nor a map.
pub(crate) fn single(kind: &Kind, value: &Value, place: Place) -> Json {
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
        Value::Message(inner) => message(inner, place),
        Value::List(items) => items.iter().map(|item| single(kind, item, place)).collect(),
        Value::Map(map) => map.iter().map(|(key, value)| (map_key(key), single(kind, value, place))).collect(),
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
