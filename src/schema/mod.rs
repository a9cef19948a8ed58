//! Protobuf by reflection: any message of the descriptor pool, as JSON or as bytes, with what the schema does not know
//! kept. It is generic: it must not know what a conversation is.

use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

/// A set of message descriptors. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema {}

/// STUB error
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct SchemaError;

impl Schema {
    /// The embedded Warp schema.
    pub fn embedded() -> Self {
        unimplemented!()
    }
    /// The descriptor of `name`: full, or short within the Warp package.
    pub fn message(&self, _name: &str) -> Result<MessageDescriptor, SchemaError> {
        unimplemented!()
    }
}

/// Wire bytes to message, unknown fields kept. Bounded in depth.
pub fn decode(_desc: &MessageDescriptor, _wire: &[u8]) -> Result<DynamicMessage, SchemaError> {
    unimplemented!()
}
/// Message to canonical bytes: fields by number, map entries by key.
pub fn encode(_message: &DynamicMessage) -> Vec<u8> {
    unimplemented!()
}
/// Message to canonical protobuf JSON, snake_case names, `@unknown` kept, whole Struct numbers as integers.
pub fn to_json(_message: &DynamicMessage) -> Value {
    unimplemented!()
}
/// The reverse of [`to_json`]; camelCase accepted.
pub fn from_json(_desc: &MessageDescriptor, _json: &Value) -> Result<DynamicMessage, SchemaError> {
    unimplemented!()
}

/// Field masks (`WARP-PROTOCOL.md` §3.4).
pub mod mask {
    use super::SchemaError;
    use prost_reflect::DynamicMessage;
    /// Masked replace
    pub fn update(_target: &mut DynamicMessage, _patch: &DynamicMessage, _paths: &[String]) -> Result<(), SchemaError> {
        unimplemented!()
    }
    /// Masked string append
    pub fn append(_target: &mut DynamicMessage, _patch: &DynamicMessage, _paths: &[String]) -> Result<(), SchemaError> {
        unimplemented!()
    }
}

/// Payload spellings.
pub mod spelling {
    use super::SchemaError;
    /// How bytes are written as text.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Spelling {
        /** */
        Raw,
        /** */
        Hex,
        /** */
        Base64,
        /** */
        Base64Url,
    }
    /// Bytes from any text spelling: hex or base64 of either alphabet, padded or not, quoted or not, wrapped or not.
    pub fn decode_text(_text: &[u8]) -> Result<Vec<u8>, SchemaError> {
        unimplemented!()
    }
    /// Bytes to text (Raw as is).
    pub fn encode(_bytes: &[u8], _spelling: Spelling) -> Vec<u8> {
        unimplemented!()
    }
}

/// Schema-less wire reading: fields as (number, wire type, value).
pub mod wire {
    use super::SchemaError;
    /// One field as it stands on the wire.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Field<'a> {
        /** field number */
        pub number: u32,
        /** its value */
        pub value: Value<'a>,
    }
    /// A field's value, by wire type.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub enum Value<'a> {
        /** */
        Varint(u64),
        /** */
        Fixed64(u64),
        /** */
        Bytes(&'a [u8]),
        /** the fields between the group tags */
        Group(&'a [u8]),
        /** */
        Fixed32(u32),
    }
    /// The fields of a message, in wire order; bounded, never panics.
    pub fn fields(_message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, SchemaError>> {
        std::iter::empty()
    }
    /// Appends a length-delimited field.
    pub fn put_bytes(_out: &mut Vec<u8>, _number: u32, _value: &[u8]) {
        unimplemented!()
    }
}
