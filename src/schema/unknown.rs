//! Fields that the schema does not know, kept inside a [`DynamicMessage`] and found again. It must not know JSON.
//!
//! A dynamic message keeps a field whose *number* is unknown by itself. It has no place for a field whose number is
//! known and whose form is not (a varint where a message should be, an extension, a map entry with a third field).
//! Such a field is wrapped: its bytes become the content of an unknown field numbered [`WRAPPER`], and everything here
//! unwraps it again. So whoever encodes must use [`crate::schema::encode`], not the message's own encoder.

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::schema::error::{DecodeError, DecodeProblem};
use crate::schema::wire;

/// 19000 opens the range that no schema may use, as protobuf keeps it for its implementations.
const WRAPPER: u32 = 19_000;

/// One unknown field: its number and its bytes, tag included.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unknown {
    pub(crate) number: u32,
    pub(crate) raw: Vec<u8>,
}

/// Keeps `raw`, one whole field with its tag, as an unknown field of `message`.
pub(crate) fn keep(
    message: &mut DynamicMessage,
    descriptor: &MessageDescriptor,
    number: u32,
    raw: &[u8],
) -> Result<(), DecodeError> {
    let taken =
        number == WRAPPER || descriptor.get_field(number).is_some() || descriptor.get_extension(number).is_some();
    let merged = if taken {
        let mut wrapped = Vec::with_capacity(raw.len() + 8);
        wire::put_bytes(&mut wrapped, WRAPPER, &canonical(raw));
        message.merge(wrapped.as_slice())
    } else {
        message.merge(raw)
    };
    // The field has been read once already, so only nesting can still be in the way.
    merged.map_err(|_| DecodeError::new(0, DecodeProblem::TooDeep(wire::MAX_GROUP_DEPTH)))
}

/// The fields in `raw`, which have been read before, with tags, lengths and varints as short as they can be: as the message
/// itself keeps the fields that are not wrapped.
fn canonical(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for field in wire::fields(raw).map_while(Result::ok) {
        match field.value {
            // Groups within groups have been counted when they were first read.
            wire::Value::Group(content) => wire::put_group(&mut out, field.number, &canonical(content)),
            _ => wire::put_field(&mut out, &field),
        }
    }
    out
}

/// The unknown fields of `message` by number; those of one number in the order they came.
pub(crate) fn unknown_fields(message: &DynamicMessage) -> Vec<Unknown> {
    let mut unknown: Vec<Unknown> = message
        .unknown_fields()
        .map(|field| {
            let mut raw = Vec::with_capacity(field.encoded_len());
            field.encode(&mut raw);
            if field.number() == WRAPPER { unwrap(&raw) } else { Unknown { number: field.number(), raw } }
        })
        .collect();
    unknown.sort_by_key(|field| field.number);
    unknown
}

/// How many unknown fields there are in `message` and in all messages inside it.
pub(crate) fn count(message: &DynamicMessage) -> usize {
    let inside: usize = message.fields().map(|(_, value)| count_in(value)).sum();
    inside + message.unknown_fields().count()
}

fn count_in(value: &Value) -> usize {
    match value {
        Value::Message(inner) => count(inner),
        Value::List(items) => items.iter().map(count_in).sum(),
        Value::Map(entries) => entries.values().map(count_in).sum(),
        Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::EnumNumber(_) => 0,
    }
}

/// The field that a wrapper holds.
fn unwrap(raw: &[u8]) -> Unknown {
    if let Some(Ok(wire::Field { value: wire::Value::Bytes(inner), .. })) = wire::fields(raw).next()
        && let Some(Ok(field)) = wire::fields(inner).next()
    {
        return Unknown { number: field.number, raw: inner.to_vec() };
    }
    Unknown { number: WRAPPER, raw: raw.to_vec() }
}
