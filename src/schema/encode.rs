//! A [`DynamicMessage`] to canonical wire bytes: fields by number, map entries by key, repeated numbers packed as the
//! schema says, unknown fields back in their places. The same message always gives the same bytes. It must not know JSON.

use std::cmp::Ordering;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

use crate::schema::unknown;
use crate::schema::wire;

/// Message to canonical bytes: fields by number, map entries by key, unknown fields in number order.
pub fn encode(message: &DynamicMessage) -> Vec<u8> {
    let mut out = Vec::new();
    put_message(&mut out, message);
    out
}

fn put_message(out: &mut Vec<u8>, message: &DynamicMessage) {
    let mut unknown = unknown::unknown_fields(message).into_iter().peekable();
    for (field, value) in message.fields() {
        while let Some(earlier) = unknown.next_if(|unknown| unknown.number < field.number()) {
            out.extend_from_slice(&earlier.raw);
        }
        put_field(out, &field, value);
    }
    for later in unknown {
        out.extend_from_slice(&later.raw);
    }
}

fn put_field(out: &mut Vec<u8>, field: &FieldDescriptor, value: &Value) {
    let kind = field.kind();
    match (value, &kind) {
        (Value::Map(map), Kind::Message(entry)) => {
            let mut entries: Vec<(&MapKey, &Value)> = map.iter().collect();
            entries.sort_unstable_by(|left, right| key_order(left.0, right.0));
            for (key, value) in entries {
                wire::put_nested(out, field.number(), |out| put_map_entry(out, entry, key, value));
            }
        }
        (Value::List(items), kind) if field.is_packed() => {
            wire::put_nested(out, field.number(), |out| {
                for value in items.iter().filter_map(|item| numeral(kind, item)) {
                    wire::put_bare(out, value);
                }
            });
        }
        (Value::List(items), kind) => {
            for item in items {
                put_single(out, field, kind, item);
            }
        }
        (single, kind) => put_single(out, field, kind, single),
    }
}

/// The order of map entries in the deterministic mode of Google's runtime (upb): strings by their bytes, but a string
/// behind those that it is the beginning of; numbers from the largest to the smallest, negative ones as if unsigned.
fn key_order(left: &MapKey, right: &MapKey) -> Ordering {
    match (left, right) {
        (MapKey::String(left), MapKey::String(right)) => text_key_order(left, right),
        (left, right) => key_bits(right).cmp(&key_bits(left)),
    }
}

/// The same of keys that are text.
pub(crate) fn text_key_order(left: &str, right: &str) -> Ordering {
    let shared = left.len().min(right.len());
    let (left_start, right_start) = (left.as_bytes().get(..shared), right.as_bytes().get(..shared));
    left_start.cmp(&right_start).then_with(|| right.len().cmp(&left.len()))
}

fn key_bits(key: &MapKey) -> u64 {
    match key {
        MapKey::Bool(key) => u64::from(*key),
        MapKey::I32(key) => i64::from(*key) as u64,
        MapKey::I64(key) => *key as u64,
        MapKey::U32(key) => u64::from(*key),
        MapKey::U64(key) => *key,
        MapKey::String(_) => 0,
    }
}

/// Key and value are always written, defaults too: so do the runtimes that this must agree with.
fn put_map_entry(out: &mut Vec<u8>, entry: &MessageDescriptor, key: &MapKey, value: &Value) {
    let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
    put_single(out, &key_field, &key_field.kind(), &Value::from(key.clone()));
    put_single(out, &value_field, &value_field.kind(), value);
}

fn put_single(out: &mut Vec<u8>, field: &FieldDescriptor, kind: &Kind, value: &Value) {
    let number = field.number();
    match value {
        Value::String(text) => wire::put_bytes(out, number, text.as_bytes()),
        Value::Bytes(bytes) => wire::put_bytes(out, number, bytes),
        Value::Message(inner) if field.is_group() => {
            wire::put_nested_group(out, number, |out| put_message(out, inner));
        }
        Value::Message(inner) => wire::put_nested(out, number, |out| put_message(out, inner)),
        number_value => {
            if let Some(value) = numeral(kind, number_value) {
                wire::put_field(out, &wire::Field { number, value });
            }
        }
    }
}

/// A number as it goes on the wire. `None` only for a value that is none: dynamic messages take no value of another kind
/// than their field's.
fn numeral(kind: &Kind, value: &Value) -> Option<wire::Value<'static>> {
    use wire::Value::{Fixed32, Fixed64, Varint};
    Some(match (value, kind) {
        (Value::I32(value), Kind::Sint32) => Varint(wire::zigzag(i64::from(*value))),
        (Value::I64(value), Kind::Sint64) => Varint(wire::zigzag(*value)),
        (Value::I32(value), Kind::Sfixed32) => Fixed32(*value as u32),
        (Value::I64(value), Kind::Sfixed64) => Fixed64(*value as u64),
        (Value::U32(value), Kind::Fixed32) => Fixed32(*value),
        (Value::U64(value), Kind::Fixed64) => Fixed64(*value),
        // Negative numbers are widened to 64 bits first: ten bytes on the wire.
        (Value::I32(value) | Value::EnumNumber(value), _) => Varint(i64::from(*value) as u64),
        (Value::I64(value), _) => Varint(*value as u64),
        (Value::U32(value), _) => Varint(u64::from(*value)),
        (Value::U64(value), _) => Varint(*value),
        (Value::Bool(value), _) => Varint(u64::from(*value)),
        (Value::F32(value), _) => Fixed32(value.to_bits()),
        (Value::F64(value), _) => Fixed64(value.to_bits()),
        _ => return None,
    })
}
