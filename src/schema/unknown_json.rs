//! The `"@unknown"` list: unknown fields as JSON and back. It must not know descriptors beyond handing them on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Map, Value as Json, json};

use crate::schema::error::{JsonError, JsonProblem};
use crate::schema::{decode, number, spelling, unknown, wire};

/// Groups deeper than this are written as base64, so that the JSON stays shallow enough for any reader.
const MAX_LISTED_GROUPS: usize = 16;

/// The unknown fields of `message`, in the order in which they are encoded.
pub(crate) fn of(message: &DynamicMessage) -> Vec<Json> {
    unknown::unknown_fields(message).iter().flat_map(|field| list(&field.raw, 0)).collect()
}

/// The fields in `bytes`, which have been read before and so hold no error.
fn list(bytes: &[u8], depth: usize) -> Vec<Json> {
    wire::fields(bytes).map_while(Result::ok).map(|field| entry(&field, depth)).collect()
}

fn entry(field: &wire::Field<'_>, depth: usize) -> Json {
    let (wire, value) = match field.value {
        wire::Value::Varint(value) => ("varint", json!(value.to_string())),
        wire::Value::Fixed64(value) => ("fixed64", json!(value.to_string())),
        wire::Value::Bytes(bytes) => ("bytes", json!(STANDARD.encode(bytes))),
        wire::Value::Group(content) if depth < MAX_LISTED_GROUPS => ("group", Json::Array(list(content, depth + 1))),
        wire::Value::Group(content) => ("group", json!(STANDARD.encode(content))),
        wire::Value::Fixed32(value) => ("fixed32", json!(value)),
    };
    json!({ "number": field.number, "wire": wire, "value": value })
}

/// Puts the entries of an `"@unknown"` list back into `message`.
pub(crate) fn merge(
    message: &mut DynamicMessage,
    descriptor: &MessageDescriptor,
    entries: &Json,
    depth: usize,
) -> Result<(), JsonError> {
    let Json::Array(entries) = entries else { return Err(number::wrong_type("a list of unknown fields", entries)) };
    for (index, entry) in entries.iter().enumerate() {
        let place = format!("[{index}]");
        let mut raw = Vec::new();
        put_entry(&mut raw, entry, 0).map_err(|error| error.inside(&place))?;
        decode::merge_field(message, descriptor, &raw, depth)
            .map_err(|error| JsonError::new(JsonProblem::UnfitUnknownField(error.problem)).inside(&place))?;
    }
    Ok(())
}

fn put_entry(out: &mut Vec<u8>, entry: &Json, depth: usize) -> Result<(), JsonError> {
    let Json::Object(entry) = entry else { return Err(number::wrong_type("an object {number, wire, value}", entry)) };
    if let Some(key) = entry.keys().find(|key| !["number", "wire", "value"].contains(&key.as_str())) {
        return Err(bad_entry(format!("it has number, wire and value, but no `{}`", number::clip(key))));
    }
    let field_number: u32 =
        number::integer(part(entry, "number")?, "a field number").map_err(|error| error.inside("number"))?;
    if !(1..=wire::MAX_FIELD_NUMBER).contains(&field_number) {
        return Err(bad_entry(format!("{field_number} is not a field number")));
    }
    let value = part(entry, "value")?;
    let inside = |error: JsonError| error.inside("value");
    match part(entry, "wire")?.as_str() {
        Some("varint") => wire::put_varint(out, field_number, bits_64(value).map_err(inside)?),
        Some("fixed64") => wire::put_fixed64(out, field_number, bits_64(value).map_err(inside)?),
        Some("fixed32") => {
            wire::put_fixed32(out, field_number, number::integer(value, "fixed32").map_err(inside)?);
        }
        Some("bytes") => wire::put_bytes(out, field_number, &bytes(value).map_err(inside)?),
        Some("group") => wire::put_group(out, field_number, &group(value, depth + 1).map_err(inside)?),
        Some(_) | None => {
            return Err(bad_entry("its wire is one of varint, fixed64, bytes, group, fixed32".to_owned()));
        }
    }
    Ok(())
}

fn part<'a>(entry: &'a Map<String, Json>, name: &str) -> Result<&'a Json, JsonError> {
    entry.get(name).ok_or_else(|| bad_entry(format!("its `{name}` is missing")))
}

fn bad_entry(reason: String) -> JsonError {
    JsonError::new(JsonProblem::BadUnknownField(reason))
}

/// 64 bits, given unsigned or, as a signed field would have them, negative.
fn bits_64(value: &Json) -> Result<u64, JsonError> {
    let whole: i128 = number::integer(value, "64 bits")?;
    u64::try_from(whole)
        .or_else(|_| i64::try_from(whole).map(|signed| signed as u64))
        .map_err(|_| JsonError::new(JsonProblem::OutOfRange { value: whole.to_string(), kind: "64 bits" }))
}

fn bytes(value: &Json) -> Result<Vec<u8>, JsonError> {
    let Json::String(text) = value else { return Err(number::wrong_type("bytes in base64", value)) };
    spelling::base64_bytes(text.as_bytes())
        .map_err(|_| JsonError::new(JsonProblem::BadText { value: number::clip(text), expected: "base64" }))
}

fn group(value: &Json, depth: usize) -> Result<Vec<u8>, JsonError> {
    if depth > wire::MAX_GROUP_DEPTH {
        return Err(JsonError::new(JsonProblem::TooDeep(wire::MAX_GROUP_DEPTH)));
    }
    let Json::Array(entries) = value else { return bytes(value) };
    let mut content = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        put_entry(&mut content, entry, depth).map_err(|error| error.inside(&format!("[{index}]")))?;
    }
    Ok(content)
}
