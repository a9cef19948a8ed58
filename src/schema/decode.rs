//! Wire bytes to a [`DynamicMessage`], by the descriptor, with everything the descriptor does not know kept. Bounded in
//! depth; every error carries its byte offset and field path. It must not know JSON.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::schema::error::{DecodeError, DecodeProblem, SchemaError};
use crate::schema::wire::{self, Cursor};
use crate::schema::{MAX_DEPTH, MAX_MESSAGE_BYTES, unknown};

/// Wire bytes to message. Unknown fields, unknown enum numbers and fields of an unexpected wire type are kept.
///
/// # Errors
/// When the bytes are no protobuf, hold a string that is not UTF-8, are nested deeper than [`MAX_DEPTH`] or larger than
/// [`MAX_MESSAGE_BYTES`]; the error says where.
pub fn decode(descriptor: &MessageDescriptor, bytes: &[u8]) -> Result<DynamicMessage, SchemaError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        let problem = DecodeProblem::TooLarge(MAX_MESSAGE_BYTES);
        return Err(DecodeError::new(MAX_MESSAGE_BYTES, problem).into());
    }
    Ok(decode_below(descriptor, bytes, 1)?)
}

/// As [`decode`], for a message that stands `depth` levels down in another.
pub(crate) fn decode_below(
    descriptor: &MessageDescriptor,
    bytes: &[u8],
    depth: usize,
) -> Result<DynamicMessage, DecodeError> {
    let mut message = DynamicMessage::new(descriptor.clone());
    Decoder { input: bytes }.message(&mut message, descriptor, bytes, depth)?;
    Ok(message)
}

/// Adds one whole field, tag included, to `message` as if it had stood on the wire.
pub(crate) fn merge_field(
    message: &mut DynamicMessage,
    descriptor: &MessageDescriptor,
    raw: &[u8],
    depth: usize,
) -> Result<(), DecodeError> {
    Decoder { input: raw }.message(message, descriptor, raw, depth)
}

struct Decoder<'a> {
    input: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Where `part`, which is always a slice of the input, starts in it.
    fn offset_of(&self, part: &[u8]) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.input.as_ptr() as usize)
    }

    fn message(
        &self,
        message: &mut DynamicMessage,
        descriptor: &MessageDescriptor,
        bytes: &'a [u8],
        depth: usize,
    ) -> Result<(), DecodeError> {
        let base = self.offset_of(bytes);
        if depth > MAX_DEPTH {
            return Err(DecodeError::new(base, DecodeProblem::TooDeep(MAX_DEPTH)));
        }
        let mut fields = wire::fields(bytes);
        loop {
            let start = fields.position();
            let Some(field) = fields.next_field() else { return Ok(()) };
            let field = field.map_err(|error| error.shifted(base))?;
            let raw = bytes.get(start..fields.position()).unwrap_or_default();
            let fitted = match descriptor.get_field(field.number) {
                Some(known) => {
                    self.field(message, &known, field.value, depth).map_err(|error| error.inside(known.name()))?
                }
                None => false,
            };
            if !fitted {
                unknown::keep(message, descriptor, field.number, raw).map_err(|error| error.shifted(base + start))?;
            }
        }
    }

    /// Adds one value of a known field. `false`: its wire form is not the field's, and nothing was changed.
    fn field(
        &self,
        message: &mut DynamicMessage,
        field: &FieldDescriptor,
        value: wire::Value<'a>,
        depth: usize,
    ) -> Result<bool, DecodeError> {
        let kind = field.kind();
        match &kind {
            Kind::Message(entry) if field.is_map() => self.map_entry(message, field, entry, value, depth),
            Kind::Message(inner) => self.nested(message, field, inner, value, depth),
            scalar_kind if field.is_list() => self.list_items(message, field, scalar_kind, value),
            scalar_kind => match self.scalar(scalar_kind, value)? {
                Some(value) => {
                    message.set_field(field, value);
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }

    fn nested(
        &self,
        message: &mut DynamicMessage,
        field: &FieldDescriptor,
        inner: &MessageDescriptor,
        value: wire::Value<'a>,
        depth: usize,
    ) -> Result<bool, DecodeError> {
        let content = match value {
            wire::Value::Bytes(content) if !field.is_group() => content,
            wire::Value::Group(content) if field.is_group() => content,
            wire::Value::Bytes(_)
            | wire::Value::Group(_)
            | wire::Value::Varint(_)
            | wire::Value::Fixed32(_)
            | wire::Value::Fixed64(_) => return Ok(false),
        };
        match message.get_field_mut(field) {
            Value::Message(target) => self.message(target, inner, content, depth + 1)?,
            Value::List(list) => {
                let index = list.len();
                let mut item = DynamicMessage::new(inner.clone());
                self.message(&mut item, inner, content, depth + 1)
                    .map_err(|error| error.inside(&format!("[{index}]")))?;
                list.push(Value::Message(item));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn list_items(
        &self,
        message: &mut DynamicMessage,
        field: &FieldDescriptor,
        kind: &Kind,
        value: wire::Value<'a>,
    ) -> Result<bool, DecodeError> {
        let mut items = Vec::new();
        match value {
            wire::Value::Bytes(content) if is_packable(kind) => self.packed(kind, content, &mut items)?,
            single => match self.scalar(kind, single)? {
                Some(item) => items.push(item),
                None => return Ok(false),
            },
        }
        if let Value::List(list) = message.get_field_mut(field) {
            list.append(&mut items);
        }
        Ok(true)
    }

    fn packed(&self, kind: &Kind, content: &'a [u8], items: &mut Vec<Value>) -> Result<(), DecodeError> {
        let mut cursor = Cursor::new(content);
        while !cursor.is_at_end() {
            let value = match kind {
                Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => cursor.fixed32().map(wire::Value::Fixed32),
                Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => cursor.fixed64().map(wire::Value::Fixed64),
                _ => cursor.varint().map(wire::Value::Varint),
            };
            let value = value.map_err(|error| within_packed(error).shifted(self.offset_of(content)))?;
            items.extend(self.scalar(kind, value)?);
        }
        Ok(())
    }

    fn map_entry(
        &self,
        message: &mut DynamicMessage,
        field: &FieldDescriptor,
        entry: &MessageDescriptor,
        value: wire::Value<'a>,
        depth: usize,
    ) -> Result<bool, DecodeError> {
        let wire::Value::Bytes(content) = value else { return Ok(false) };
        let mut item = DynamicMessage::new(entry.clone());
        self.message(&mut item, entry, content, depth + 1)?;
        // A map has no place for anything but a key and a value: an entry with more is kept as it stands.
        if item.unknown_fields().next().is_some() {
            return Ok(false);
        }
        let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let Some(key) = item.get_field(&key_field).into_owned().into_map_key() else { return Ok(false) };
        let value = item.get_field(&value_field).into_owned();
        if let Value::Map(map) = message.get_field_mut(field) {
            map.insert(key, value);
        }
        Ok(true)
    }

    fn scalar(&self, kind: &Kind, value: wire::Value<'a>) -> Result<Option<Value>, DecodeError> {
        Ok(match value {
            wire::Value::Varint(value) => from_varint(kind, value),
            wire::Value::Fixed32(value) => from_fixed32(kind, value),
            wire::Value::Fixed64(value) => from_fixed64(kind, value),
            wire::Value::Bytes(content) => match kind {
                Kind::String => match std::str::from_utf8(content) {
                    Ok(text) => Some(Value::String(text.to_owned())),
                    Err(error) => {
                        let offset = self.offset_of(content) + error.valid_up_to();
                        return Err(DecodeError::new(offset, DecodeProblem::InvalidUtf8));
                    }
                },
                Kind::Bytes => Some(Value::Bytes(content.to_vec().into())),
                _ => None,
            },
            wire::Value::Group(_) => None,
        })
    }
}

/// A list's bytes end early: the list is at fault, not the input.
fn within_packed(error: DecodeError) -> DecodeError {
    match error.problem {
        DecodeProblem::Truncated => DecodeError { problem: DecodeProblem::RaggedPackedList, ..error },
        _ => error,
    }
}

fn is_packable(kind: &Kind) -> bool {
    !matches!(kind, Kind::String | Kind::Bytes | Kind::Message(_))
}

/// Numbers too wide for their type are cut to its low bits, as every protobuf runtime does.
fn from_varint(kind: &Kind, value: u64) -> Option<Value> {
    Some(match kind {
        Kind::Int32 => Value::I32(value as i32),
        Kind::Int64 => Value::I64(value as i64),
        Kind::Uint32 => Value::U32(value as u32),
        Kind::Uint64 => Value::U64(value),
        Kind::Sint32 => {
            let value = value as u32;
            Value::I32((value >> 1) as i32 ^ -((value & 1) as i32))
        }
        Kind::Sint64 => Value::I64((value >> 1) as i64 ^ -((value & 1) as i64)),
        Kind::Bool => Value::Bool(value != 0),
        Kind::Enum(_) => Value::EnumNumber(value as i32),
        _ => return None,
    })
}

fn from_fixed32(kind: &Kind, value: u32) -> Option<Value> {
    Some(match kind {
        Kind::Fixed32 => Value::U32(value),
        Kind::Sfixed32 => Value::I32(value as i32),
        Kind::Float => Value::F32(f32::from_bits(value)),
        _ => return None,
    })
}

fn from_fixed64(kind: &Kind, value: u64) -> Option<Value> {
    Some(match kind {
        Kind::Fixed64 => Value::U64(value),
        Kind::Sfixed64 => Value::I64(value as i64),
        Kind::Double => Value::F64(f64::from_bits(value)),
        _ => return None,
    })
}
