//! `google.protobuf.Any` as JSON: the packed message's own fields beside `"@type"`. It must not know any particular type.

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use serde_json::{Map, Value as Json};

use crate::schema::error::{JsonError, JsonProblem};
use crate::schema::json_writer::Place;
use crate::schema::{decode, encode, json_reader, json_writer, number, well_known};

/// The key that names the packed type.
pub(crate) const TYPE_KEY: &str = "@type";

/// The key of a packed message that has a special form of its own.
const VALUE_KEY: &str = "value";

/// The packed message's JSON; `None` when its type is not in the pool or its bytes would not come back the same.
pub(crate) fn to_json(message: &DynamicMessage, place: Place) -> Option<Json> {
    let type_url = message.get_field_by_name("type_url")?.as_str()?.to_owned();
    let bytes = message.get_field_by_name("value")?.as_bytes()?.clone();
    let descriptor = packed_type(&message.descriptor(), &type_url)?;
    let packed = decode::decode_below(&descriptor, &bytes, place.depth + 1).ok()?;
    if encode(&packed) != bytes {
        return None;
    }
    let mut object = Map::new();
    object.insert(TYPE_KEY.to_owned(), Json::String(type_url));
    if well_known::has_special_form(&descriptor) {
        object.insert(VALUE_KEY.to_owned(), json_writer::message(&packed, place.down(1)));
    } else {
        object.extend(json_writer::plain(&packed, place.down(1)));
    }
    Some(Json::Object(object))
}

/// Fills an Any from an object that has `"@type"`.
pub(crate) fn fill(message: &mut DynamicMessage, object: &Map<String, Json>, depth: usize) -> Result<(), JsonError> {
    let type_json = object.get(TYPE_KEY).unwrap_or(&Json::Null);
    let Json::String(type_url) = type_json else {
        return Err(number::wrong_type("a type URL", type_json).inside(TYPE_KEY));
    };
    let Some(descriptor) = packed_type(&message.descriptor(), type_url) else {
        let problem = JsonProblem::BadText { value: number::clip(type_url), expected: "a type of this schema" };
        return Err(JsonError::new(problem).inside(TYPE_KEY));
    };
    let packed = if well_known::has_special_form(&descriptor) {
        let value = object.get(VALUE_KEY).unwrap_or(&Json::Null);
        json_reader::message(&descriptor, value, depth + 1).map_err(|error| error.inside(VALUE_KEY))?
    } else {
        let mut fields = object.clone();
        fields.shift_remove(TYPE_KEY);
        json_reader::message(&descriptor, &Json::Object(fields), depth + 1)?
    };
    message.set_field_by_name("type_url", Value::String(type_url.clone()));
    message.set_field_by_name("value", Value::Bytes(encode(&packed).into()));
    Ok(())
}

fn packed_type(any: &MessageDescriptor, type_url: &str) -> Option<MessageDescriptor> {
    let (_, name) = type_url.rsplit_once('/')?;
    any.parent_pool().get_message_by_name(name)
}
