//! Canonical protobuf JSON, snake_case or camelCase, to a [`DynamicMessage`]. Errors name the place in the JSON and the
//! nearest valid name. The reverse is `json_writer`. It must not know wire bytes.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde_json::{Map, Value as Json};

use crate::schema::error::{JsonError, JsonProblem};
use crate::schema::json_writer::UNKNOWN_KEY;
use crate::schema::{MAX_DEPTH, number, opaque, spelling, suggest, unknown_json, well_known};

/// Any message, `depth` levels down.
pub(crate) fn message(descriptor: &MessageDescriptor, json: &Json, depth: usize) -> Result<DynamicMessage, JsonError> {
    if depth > MAX_DEPTH {
        return Err(JsonError::new(JsonProblem::TooDeep(MAX_DEPTH)));
    }
    match well_known::from_json(descriptor, json, depth) {
        Some(message) => message,
        None => plain(descriptor, json, depth),
    }
}

/// A message from an object of its fields, whatever its type.
pub(crate) fn plain(descriptor: &MessageDescriptor, json: &Json, depth: usize) -> Result<DynamicMessage, JsonError> {
    let Json::Object(object) = json else {
        return Err(number::wrong_type(format!("an object ({})", descriptor.full_name()), json));
    };
    let mut reader = ObjectReader { message: DynamicMessage::new(descriptor.clone()), given: Vec::new() };
    for (key, value) in object {
        if key != UNKNOWN_KEY {
            reader.entry(descriptor, key, value, depth).map_err(|error| error.inside(key))?;
        }
    }
    // Last, so that an entry for a field the schema knows by now is merged rather than overwritten.
    if let Some(entries) = object.get(UNKNOWN_KEY) {
        unknown_json::merge(&mut reader.message, descriptor, entries, depth)
            .map_err(|error| error.inside(UNKNOWN_KEY))?;
    }
    Ok(reader.message)
}

/// A message being filled, and the fields that were given so far.
struct ObjectReader {
    message: DynamicMessage,
    given: Vec<FieldDescriptor>,
}

impl ObjectReader {
    fn entry(&mut self, descriptor: &MessageDescriptor, key: &str, json: &Json, depth: usize) -> Result<(), JsonError> {
        let Some(field) = descriptor.get_field_by_name(key).or_else(|| descriptor.get_field_by_json_name(key)) else {
            return if opaque::is_commentary(descriptor, key) { Ok(()) } else { Err(unknown_field(descriptor, key)) };
        };
        // Null stands for "not given", except where null is a value.
        if json.is_null() && !takes_null(&field) {
            return Ok(());
        }
        self.note(&field)?;
        let value = field_value(&field, json, depth)?;
        self.message.set_field(&field, value);
        Ok(())
    }

    /// Refuses a second spelling of a field, and a second variant of a oneof.
    fn note(&mut self, field: &FieldDescriptor) -> Result<(), JsonError> {
        for earlier in &self.given {
            if earlier.number() == field.number() {
                return Err(JsonError::new(JsonProblem::DuplicateField(field.name().to_owned())));
            }
            if let Some(oneof) = field.containing_oneof()
                && earlier.containing_oneof().as_ref() == Some(&oneof)
            {
                return Err(JsonError::new(JsonProblem::OneofConflict {
                    oneof: oneof.name().to_owned(),
                    first: earlier.name().to_owned(),
                    second: field.name().to_owned(),
                }));
            }
        }
        self.given.push(field.clone());
        Ok(())
    }
}

fn unknown_field(descriptor: &MessageDescriptor, key: &str) -> JsonError {
    let names: Vec<FieldDescriptor> = descriptor.fields().collect();
    JsonError::new(JsonProblem::UnknownField {
        message: descriptor.full_name().to_owned(),
        name: number::clip(key),
        nearest: suggest::nearest(key, names.iter().map(FieldDescriptor::name)),
    })
}

/// Whether null is a value of the field, rather than "not given".
pub(crate) fn takes_null(field: &FieldDescriptor) -> bool {
    !field.is_list()
        && !field.is_map()
        && match field.kind() {
            Kind::Message(message) => well_known::is_value(&message),
            Kind::Enum(enumeration) => well_known::is_null_value(&enumeration),
            _ => false,
        }
}

fn field_value(field: &FieldDescriptor, json: &Json, depth: usize) -> Result<Value, JsonError> {
    let kind = field.kind();
    match &kind {
        Kind::Message(entry) if field.is_map() => match json {
            Json::Object(entries) => map_entries(entry, entries, depth),
            other => Err(number::wrong_type("an object (a map)", other)),
        },
        kind if field.is_list() => match json {
            Json::Array(items) => list_items(kind, items, depth),
            other => Err(number::wrong_type("a list", other)),
        },
        kind => single(kind, json, depth + 1),
    }
}

fn list_items(kind: &Kind, items: &[Json], depth: usize) -> Result<Value, JsonError> {
    let mut values = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        values.push(single(kind, item, depth + 1).map_err(|error| error.inside(&format!("[{index}]")))?);
    }
    Ok(Value::List(values))
}

fn map_entries(entry: &MessageDescriptor, entries: &Map<String, Json>, depth: usize) -> Result<Value, JsonError> {
    let key_kind = entry.map_entry_key_field().kind();
    let value_kind = entry.map_entry_value_field().kind();
    let mut map = HashMap::with_capacity(entries.len());
    for (key, json) in entries {
        let place = |error: JsonError| error.inside(&format!("[{:?}]", number::clip(key)));
        let value = single(&value_kind, json, depth + 2).map_err(place)?;
        map.insert(map_key(&key_kind, key).map_err(place)?, value);
    }
    Ok(Value::Map(map))
}

/// A JSON object's key, which is always a string, as the map's key type.
fn map_key(kind: &Kind, key: &str) -> Result<MapKey, JsonError> {
    let bad_key = || JsonError::new(JsonProblem::BadText { value: number::clip(key), expected: "a key of this map" });
    let json = match (kind, key) {
        (Kind::String, _) => return Ok(MapKey::String(key.to_owned())),
        (Kind::Bool, "true") => Json::Bool(true),
        (Kind::Bool, "false") => Json::Bool(false),
        (_, _) => Json::String(key.to_owned()),
    };
    single(kind, &json, 0)?.into_map_key().ok_or_else(bad_key)
}

/// One value that is neither a list nor a map; a message among them is `depth` levels down.
pub(crate) fn single(kind: &Kind, json: &Json, depth: usize) -> Result<Value, JsonError> {
    Ok(match kind {
        Kind::Bool => Value::Bool(json.as_bool().ok_or_else(|| number::wrong_type("true or false", json))?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(number::integer(json, "a signed 32-bit number")?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number::integer(json, "a signed 64-bit number")?),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(number::integer(json, "an unsigned 32-bit number")?),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number::integer(json, "an unsigned 64-bit number")?),
        Kind::Float => Value::F32(number::f32_from_json(json)?),
        Kind::Double => Value::F64(number::f64_from_json(json)?),
        Kind::String => Value::String(json.as_str().ok_or_else(|| number::wrong_type("a string", json))?.to_owned()),
        Kind::Bytes => Value::Bytes(bytes(json)?.into()),
        Kind::Enum(enumeration) => Value::EnumNumber(enum_value(enumeration, json)?),
        Kind::Message(descriptor) => Value::Message(message(descriptor, json, depth)?),
    })
}

fn bytes(json: &Json) -> Result<Vec<u8>, JsonError> {
    let Json::String(text) = json else { return Err(number::wrong_type("bytes in base64", json)) };
    spelling::base64_bytes(text.as_bytes())
        .map_err(|_| JsonError::new(JsonProblem::BadText { value: number::clip(text), expected: "base64" }))
}

fn enum_value(enumeration: &EnumDescriptor, json: &Json) -> Result<i32, JsonError> {
    match json {
        Json::Null if well_known::is_null_value(enumeration) => Ok(0),
        Json::Number(_) => number::integer(json, "an enum number"),
        Json::String(name) => match enumeration.get_value_by_name(name) {
            Some(value) => Ok(value.number()),
            None => Err(unknown_enum_value(enumeration, name)),
        },
        other => Err(number::wrong_type(format!("the name of a value of {}", enumeration.full_name()), other)),
    }
}

fn unknown_enum_value(enumeration: &EnumDescriptor, name: &str) -> JsonError {
    let values: Vec<_> = enumeration.values().collect();
    JsonError::new(JsonProblem::UnknownEnumValue {
        enumeration: enumeration.full_name().to_owned(),
        name: number::clip(name),
        nearest: suggest::nearest(name, values.iter().map(|value| value.name())),
    })
}
