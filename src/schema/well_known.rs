//! The special JSON forms of `google.protobuf` types: Timestamp, Duration, FieldMask, Struct, Value, ListValue, Any and the
//! wrappers. Where the special form would lose something the ordinary form is used (see the module documentation).

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use serde_json::{Map, Value as Json, json};

use crate::schema::error::{JsonError, JsonProblem};
use crate::schema::json_writer::{Place, UNKNOWN_KEY};
use crate::schema::{any, json_reader, json_writer, number, time_json};

/// The types with a form of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WellKnown {
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    Any,
    Wrapper,
}

impl WellKnown {
    /// The type with the full name `name`, if it is one of these.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("google.protobuf.")? {
            "Timestamp" => Self::Timestamp,
            "Duration" => Self::Duration,
            "FieldMask" => Self::FieldMask,
            "Struct" => Self::Struct,
            "Value" => Self::Value,
            "ListValue" => Self::ListValue,
            "Any" => Self::Any,
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value"
            | "BoolValue" | "StringValue" | "BytesValue" => Self::Wrapper,
            _ => return None,
        })
    }
}

fn well_known(descriptor: &MessageDescriptor) -> Option<WellKnown> {
    WellKnown::named(descriptor.full_name())
}

/// Whether JSON null is a value of this message type.
pub(crate) fn is_value(descriptor: &MessageDescriptor) -> bool {
    well_known(descriptor) == Some(WellKnown::Value)
}

/// Whether this is the enum whose one value is JSON null.
pub(crate) fn is_null_value(enumeration: &EnumDescriptor) -> bool {
    enumeration.full_name() == "google.protobuf.NullValue"
}

/// Whether messages of this type have a form of their own, rather than an object of their fields.
pub(crate) fn has_special_form(descriptor: &MessageDescriptor) -> bool {
    well_known(descriptor).is_some()
}

/// What a template has for a well-known type; `None` for every other message.
pub(crate) fn template(descriptor: &MessageDescriptor) -> Option<Json> {
    Some(match well_known(descriptor)? {
        WellKnown::Timestamp => json!("1970-01-01T00:00:00Z"),
        WellKnown::Duration => json!("0s"),
        WellKnown::FieldMask => json!(""),
        WellKnown::Struct | WellKnown::Any => json!({}),
        WellKnown::Value => Json::Null,
        WellKnown::ListValue => json!([]),
        WellKnown::Wrapper => match descriptor.get_field_by_name("value")?.kind() {
            Kind::Bool => json!(false),
            Kind::String | Kind::Bytes => json!(""),
            _ => json!(0),
        },
    })
}

/// The JSON of a well-known type; `None` for every other message.
pub(crate) fn to_json(message: &DynamicMessage, place: Place) -> Option<Json> {
    let descriptor = message.descriptor();
    let well_known = well_known(&descriptor)?;
    let special = if message.unknown_fields().next().is_none() { special(well_known, message, place) } else { None };
    Some(special.unwrap_or_else(|| {
        let mut object = json_writer::plain(message, place);
        if holds_any_object(well_known) {
            object.entry(UNKNOWN_KEY).or_insert_with(|| Json::Array(Vec::new()));
        }
        Json::Object(object)
    }))
}

/// Whether an object in this place is data, so that the ordinary form needs its mark.
fn holds_any_object(well_known: WellKnown) -> bool {
    match well_known {
        WellKnown::Struct | WellKnown::Value | WellKnown::ListValue => true,
        WellKnown::Timestamp | WellKnown::Duration | WellKnown::FieldMask | WellKnown::Any | WellKnown::Wrapper => {
            false
        }
    }
}

/// The special form, if it can hold all that the message has.
fn special(well_known: WellKnown, message: &DynamicMessage, place: Place) -> Option<Json> {
    match well_known {
        WellKnown::Timestamp => time_json::parts(message)
            .and_then(|(seconds, nanos)| time_json::timestamp_text(seconds, nanos))
            .map(Json::String),
        WellKnown::Duration => time_json::parts(message)
            .and_then(|(seconds, nanos)| time_json::duration_text(seconds, nanos))
            .map(Json::String),
        WellKnown::FieldMask => mask_text(message).map(Json::String),
        WellKnown::Struct => struct_object(message, place).map(Json::Object),
        WellKnown::Value => value_json(message, place),
        WellKnown::ListValue => list_items(message, place).map(Json::Array),
        WellKnown::Any => any::to_json(message, place),
        WellKnown::Wrapper => {
            let field = message.descriptor().get_field_by_name("value")?;
            Some(json_writer::single(&field.kind(), &message.get_field(&field), place.down(1)))
        }
    }
}

fn struct_object(message: &DynamicMessage, place: Place) -> Option<Map<String, Json>> {
    let fields = message.get_field_by_name("fields")?;
    let mut entries: Vec<(&MapKey, &Value)> = fields.as_map()?.iter().collect();
    entries.sort_unstable_by(|left, right| left.0.cmp(right.0));
    let mut object = Map::new();
    for (key, value) in entries {
        let key = key.as_str()?;
        if key == UNKNOWN_KEY {
            return None;
        }
        object.insert(key.to_owned(), json_writer::message(value.as_message()?, place.down(2)));
    }
    Some(object)
}

fn list_items(message: &DynamicMessage, place: Place) -> Option<Vec<Json>> {
    let values = message.get_field_by_name("values")?;
    let items = values.as_list()?.iter();
    items.map(|item| Some(json_writer::message(item.as_message()?, place.down(1)))).collect()
}

fn value_json(message: &DynamicMessage, place: Place) -> Option<Json> {
    let (field, value) = message.fields().next()?;
    match (field.name(), value) {
        ("null_value", Value::EnumNumber(0)) => Some(Json::Null),
        ("number_value", Value::F64(value)) => number::struct_number_to_json(*value),
        ("string_value", Value::String(text)) => Some(Json::String(text.clone())),
        ("bool_value", Value::Bool(value)) => Some(Json::Bool(*value)),
        // What the inner message cannot say in its special form, the Value around it cannot either.
        ("struct_value", Value::Message(inner)) if inner.unknown_fields().next().is_none() => {
            struct_object(inner, place.down(1)).map(Json::Object)
        }
        ("list_value", Value::Message(inner)) if inner.unknown_fields().next().is_none() => {
            list_items(inner, place.down(1)).map(Json::Array)
        }
        _ => None,
    }
}

/// A well-known type from its JSON; `None` when the ordinary reading applies.
pub(crate) fn from_json(
    descriptor: &MessageDescriptor,
    json: &Json,
    depth: usize,
) -> Option<Result<DynamicMessage, JsonError>> {
    let well_known = well_known(descriptor)?;
    if holds_any_object(well_known) && json.get(UNKNOWN_KEY).is_some_and(Json::is_array) {
        return None;
    }
    let mut message = DynamicMessage::new(descriptor.clone());
    let filled = match (well_known, json) {
        (WellKnown::Struct, Json::Object(object)) => fill_struct(&mut message, object, depth),
        (WellKnown::Struct, other) => Err(number::wrong_type("an object", other)),
        (WellKnown::Value, json) => fill_value(&mut message, json, depth),
        (WellKnown::ListValue, Json::Array(items)) => fill_list(&mut message, items, depth),
        (WellKnown::ListValue, other) => Err(number::wrong_type("a list", other)),
        (WellKnown::Any, Json::Object(object)) if object.contains_key(any::TYPE_KEY) => {
            any::fill(&mut message, object, depth)
        }
        (WellKnown::FieldMask, Json::Array(paths)) => fill_paths(&mut message, paths),
        (_, Json::Object(_)) => return None,
        (WellKnown::Any, other) => Err(number::wrong_type("an object with `@type`", other)),
        (WellKnown::Timestamp, Json::String(text)) => time_json::fill_timestamp(&mut message, text),
        (WellKnown::Duration, Json::String(text)) => time_json::fill_duration(&mut message, text),
        (WellKnown::FieldMask, Json::String(text)) => {
            fill_mask(&mut message, text);
            Ok(())
        }
        (WellKnown::Timestamp, other) => Err(number::wrong_type("an RFC 3339 time", other)),
        (WellKnown::Duration, other) => Err(number::wrong_type("a duration such as \"1.5s\"", other)),
        (WellKnown::FieldMask, other) => Err(number::wrong_type("paths joined by commas", other)),
        (WellKnown::Wrapper, json) => fill_wrapper(&mut message, json, depth),
    };
    Some(filled.map(|()| message))
}

fn fill_struct(message: &mut DynamicMessage, object: &Map<String, Json>, depth: usize) -> Result<(), JsonError> {
    let Some(value_type) = struct_value_type(message) else { return Ok(()) };
    let mut fields = HashMap::with_capacity(object.len());
    for (key, json) in object {
        let value = json_reader::message(&value_type, json, depth + 2)
            .map_err(|error| error.inside(&format!("[{:?}]", number::clip(key))))?;
        fields.insert(MapKey::String(key.clone()), Value::Message(value));
    }
    message.set_field_by_name("fields", Value::Map(fields));
    Ok(())
}

fn struct_value_type(message: &DynamicMessage) -> Option<MessageDescriptor> {
    let Kind::Message(entry) = message.descriptor().get_field_by_name("fields")?.kind() else { return None };
    entry.map_entry_value_field().kind().as_message().cloned()
}

fn fill_list(message: &mut DynamicMessage, items: &[Json], depth: usize) -> Result<(), JsonError> {
    let Some(Kind::Message(value_type)) = message.descriptor().get_field_by_name("values").map(|field| field.kind())
    else {
        return Ok(());
    };
    let mut values = Vec::with_capacity(items.len());
    for (index, json) in items.iter().enumerate() {
        let value =
            json_reader::message(&value_type, json, depth + 1).map_err(|error| error.inside(&format!("[{index}]")))?;
        values.push(Value::Message(value));
    }
    message.set_field_by_name("values", Value::List(values));
    Ok(())
}

fn fill_value(message: &mut DynamicMessage, json: &Json, depth: usize) -> Result<(), JsonError> {
    let inner_type = |name: &str| match message.descriptor().get_field_by_name(name)?.kind() {
        Kind::Message(descriptor) => Some(descriptor),
        _ => None,
    };
    let (name, value) = match json {
        Json::Null => ("null_value", Value::EnumNumber(0)),
        Json::Bool(value) => ("bool_value", Value::Bool(*value)),
        Json::Number(number) => ("number_value", Value::F64(number::struct_number_from_json(number)?)),
        Json::String(text) => ("string_value", Value::String(text.clone())),
        Json::Array(_) | Json::Object(_) => {
            let name = if json.is_array() { "list_value" } else { "struct_value" };
            let Some(descriptor) = inner_type(name) else { return Ok(()) };
            (name, Value::Message(json_reader::message(&descriptor, json, depth + 1)?))
        }
    };
    message.set_field_by_name(name, value);
    Ok(())
}

fn fill_wrapper(message: &mut DynamicMessage, json: &Json, depth: usize) -> Result<(), JsonError> {
    if let Some(field) = message.descriptor().get_field_by_name("value") {
        let value = json_reader::single(&field.kind(), json, depth + 1)?;
        message.set_field(&field, value);
    }
    Ok(())
}

/// The paths in camelCase, joined by commas; `None` unless every path comes back as it was.
fn mask_text(message: &DynamicMessage) -> Option<String> {
    let paths = message.get_field_by_name("paths")?;
    let mut written = Vec::new();
    for path in paths.as_list()? {
        written.push(mask_path(path.as_str()?)?);
    }
    Some(written.join(","))
}

/// One path in camelCase; `None` unless it comes back as it was.
pub(crate) fn mask_path(path: &str) -> Option<String> {
    let camel = to_camel(path)?;
    let is_lost = path.is_empty() || path.contains(',') || path.trim() != path || to_snake(&camel) != path;
    (!is_lost).then_some(camel)
}

/// Paths in camelCase become snake_case; a path with an underscore is taken as it stands.
fn fill_mask(message: &mut DynamicMessage, text: &str) {
    let paths = text.split(',').map(str::trim).filter(|path| !path.is_empty());
    let paths = paths.map(|path| Value::String(if path.contains('_') { path.to_owned() } else { to_snake(path) }));
    message.set_field_by_name("paths", Value::List(paths.collect()));
}

fn fill_paths(message: &mut DynamicMessage, paths: &[Json]) -> Result<(), JsonError> {
    let mut values = Vec::with_capacity(paths.len());
    for (index, path) in paths.iter().enumerate() {
        let Json::String(path) = path else {
            return Err(number::wrong_type("a path", path).inside(&format!("[{index}]")));
        };
        values.push(Value::String(path.clone()));
    }
    message.set_field_by_name("paths", Value::List(values));
    Ok(())
}

/// `None` when an underscore is followed by anything but a lower-case letter.
fn to_camel(path: &str) -> Option<String> {
    let mut camel = String::with_capacity(path.len());
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match character {
            '_' => camel.push(characters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase()),
            other => camel.push(other),
        }
    }
    Some(camel)
}

fn to_snake(path: &str) -> String {
    let mut snake = String::with_capacity(path.len() + 4);
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// The error for text that is not `expected`.
pub(crate) fn bad_text(text: &str, expected: &'static str) -> JsonError {
    JsonError::new(JsonProblem::BadText { value: number::clip(text), expected })
}
