//! Protobuf by reflection: any message of the descriptor pool, as JSON or as bytes, with what the schema does not know
//! kept. It is generic: it must not know what a conversation is, and imports nothing of this crate.
//!
//! In reading order: [`Schema`] (the pool) · [`decode()`] and [`encode()`] (wire ⇄ message) · [`to_json()`] and
//! [`from_json()`] (message ⇄ JSON) · [`mask`] (field masks) · [`spelling`] (bytes written as text) · [`opaque`] (payloads
//! inside strings) · [`raw`] and [`wire`] (without a schema) · [`Transcoder`] (wire ⇄ JSON, for speed).
//!
//! # JSON
//! Canonical protobuf JSON with the schema's own snake_case names; camelCase is accepted too. Beyond it:
//! - What the schema does not know stands under `"@unknown"` as `[{"number", "wire", "value"}]`, where `wire` is `varint`,
//!   `fixed64`, `bytes`, `group` or `fixed32`; 64-bit numbers are strings, bytes are base64, a group's value is a list of
//!   the same kind. A known number in an unexpected wire type counts as unknown.
//! - A well-known type whose special form cannot hold what it has (a Timestamp in the year 10000, a FieldMask path that
//!   camelCase would change, a Struct with a key `"@unknown"`, a NaN in a Value, a Value with nothing in it) is written as
//!   an ordinary object of its fields. For Struct, Value and ListValue, where any object is data, such an object is told
//!   by its `"@unknown"` list, which may be empty.
//! - Whole numbers of a Struct up to ±2^53 have no fraction. A NaN of another bit pattern than the usual is `NaN(0x…)`.
//! - A key `NAME@opened` next to a field `NAME` is commentary (see [`opaque`]) and is not read back.

use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::Value;

mod any;
mod compare;
mod decode;
mod encode;
mod error;
pub mod form;
mod guess;
mod json_reader;
mod json_writer;
pub mod mask;
mod number;
pub mod opaque;
mod place;
mod pool;
mod proto_text;
pub mod raw;
mod redact;
pub mod series;
pub mod spelling;
mod suggest;
mod template;
mod time_json;
mod tool_schema;
mod transcode;
mod unknown;
mod unknown_json;
mod well_known;
pub mod wire;

pub use compare::{Change, Effect, compare};
pub use decode::decode;
pub use encode::encode;
pub use error::{DecodeError, DecodeProblem, JsonError, JsonProblem, MaskError, PoolError, SchemaError, SpellingError};
pub use guess::{Fit, guess};
pub use json_writer::{JsonForm, Names};
pub use place::{Places, unknown_places};
pub use pool::{Definition, PACKAGE, Schema, compile, short_name, within_package};
pub use proto_text::proto_text;
pub use redact::{PLACEHOLDER, PRIVATE_CHOICES, PRIVATE_FIELDS, TOOL_SCHEMA, redact};
pub use template::{Template, template};
pub use tool_schema::sanitize_tools;
pub use transcode::Transcoder;

/// How deep messages may be nested, the outermost and map entries included: as Google's runtimes have it.
pub const MAX_DEPTH: usize = 100;

/// How large an encoded message may be, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// A message from text, whichever spelling makes sense of it: where text could be both hex and base64, the one that
/// decodes, and of two that do the one with fewer unknown fields.
///
/// # Errors
/// When the text is no spelling of bytes, or the bytes of its likelier spelling are no message.
pub fn decode_spelled(descriptor: &MessageDescriptor, text: &[u8]) -> Result<DynamicMessage, SchemaError> {
    let mut first_error = None;
    let mut best: Option<(usize, DynamicMessage)> = None;
    for bytes in spelling::candidates(text) {
        match decode(descriptor, &bytes) {
            Ok(message) => {
                let unknown = unknown::count(&message);
                if best.as_ref().is_none_or(|(fewest, _)| unknown < *fewest) {
                    best = Some((unknown, message));
                }
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match (best, first_error) {
        (Some((_, message)), _) => Ok(message),
        (None, Some(error)) => Err(error),
        (None, None) => spelling::decode_text(text).and_then(|bytes| decode(descriptor, &bytes)),
    }
}

/// How many fields in `message`, at any depth, the schema does not know: the fewer, the likelier the type is right.
pub fn count_unknown(message: &DynamicMessage) -> usize {
    unknown::count(message)
}

/// Message to JSON, in the form that the [module's documentation](self) describes.
pub fn to_json(message: &DynamicMessage) -> Value {
    to_json_as(message, JsonForm::default())
}

/// As [`to_json`], in another form.
pub fn to_json_as(message: &DynamicMessage, form: JsonForm) -> Value {
    json_writer::message(message, json_writer::Place { form, depth: 1 })
}

/// The reverse of [`to_json`]; camelCase names are accepted too.
///
/// # Errors
/// When the JSON does not describe a message of this type; the error names the place and the nearest valid name.
pub fn from_json(descriptor: &MessageDescriptor, json: &Value) -> Result<DynamicMessage, SchemaError> {
    Ok(json_reader::message(descriptor, json, 1)?)
}

/// The wire bytes of the message of the type `name` that `json` is, as [`from_json`] and [`encode()`] make them.
///
/// # Errors
/// As those of [`Schema::message`] and [`from_json`].
pub fn encode_json(schema: &Schema, name: &str, json: &Value) -> Result<Vec<u8>, SchemaError> {
    match schema.transcoder(name).and_then(|transcoder| transcoder.wire(json)) {
        Some(wire) => Ok(wire),
        None => Ok(encode(&from_json(&schema.message(name)?, json)?)),
    }
}
