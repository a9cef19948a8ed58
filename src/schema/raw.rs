//! Wire bytes as JSON without a schema: every field by number and wire type, with a guess at what length-delimited values
//! hold. It must not know descriptors.
//!
//! A length-delimited value is shown as `"message"` (a list of fields), as `"text"`, or as `"value"` in base64. The guess:
//! readable UTF-8 is text, unless it starts with a line end, as messages do, and reads as one; other bytes are a message
//! if they read as one to the end. Bytes that mean something else can look like a message by chance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::schema::error::{DecodeError, DecodeProblem, SchemaError};
use crate::schema::{MAX_MESSAGE_BYTES, wire};

/// How many messages are guessed inside each other: deeper ones are shown as base64.
const MAX_GUESSED_DEPTH: usize = 32;

/// The fields of `bytes` as a JSON list.
///
/// # Errors
/// When the bytes are no protobuf, or larger than [`MAX_MESSAGE_BYTES`].
pub fn to_json(bytes: &[u8]) -> Result<Json, SchemaError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(DecodeError::new(MAX_MESSAGE_BYTES, DecodeProblem::TooLarge(MAX_MESSAGE_BYTES)).into());
    }
    list(bytes, 0)
}

fn list(bytes: &[u8], depth: usize) -> Result<Json, SchemaError> {
    wire::fields(bytes).map(|field| field.map(|field| entry(&field, depth))).collect()
}

fn entry(field: &wire::Field<'_>, depth: usize) -> Json {
    let (wire, name, value) = match field.value {
        wire::Value::Varint(value) => ("varint", "value", json!(value.to_string())),
        wire::Value::Fixed64(value) => ("fixed64", "value", json!(value.to_string())),
        wire::Value::Fixed32(value) => ("fixed32", "value", json!(value)),
        wire::Value::Bytes(bytes) => {
            let (name, value) = guess(bytes, depth);
            ("bytes", name, value)
        }
        wire::Value::Group(content) => match message(content, depth) {
            Some(fields) => ("group", "message", fields),
            None => ("group", "value", json!(STANDARD.encode(content))),
        },
    };
    json!({ "number": field.number, "wire": wire, name: value })
}

fn guess(bytes: &[u8], depth: usize) -> (&'static str, Json) {
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_readable(text));
    // The tag of a first field that is a string or a message is a line end.
    if text.is_none_or(|text| text.starts_with('\n'))
        && let Some(fields) = message(bytes, depth)
    {
        return ("message", fields);
    }
    match text {
        Some(text) => ("text", json!(text)),
        None => ("value", json!(STANDARD.encode(bytes))),
    }
}

fn message(bytes: &[u8], depth: usize) -> Option<Json> {
    if depth >= MAX_GUESSED_DEPTH { None } else { list(bytes, depth + 1).ok() }
}

fn is_readable(text: &str) -> bool {
    text.chars().all(|character| !character.is_control() || matches!(character, '\n' | '\r' | '\t'))
}

/// Whether bytes read as a message to their end, with no field number above `largest`.
pub(crate) fn is_likely_message(bytes: &[u8], largest: u32) -> bool {
    wire::fields(bytes).all(|field| field.is_ok_and(|field| field.number <= largest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_is_shown() {
        let mut bytes = vec![0x08, 0x96, 0x01];
        wire::put_fixed64(&mut bytes, 2, u64::MAX);
        wire::put_fixed32(&mut bytes, 3, 7);
        wire::put_group(&mut bytes, 4, &[0x08, 0x01]);
        assert_eq!(
            to_json(&bytes).unwrap(),
            json!([
                {"number": 1, "wire": "varint", "value": "150"},
                {"number": 2, "wire": "fixed64", "value": "18446744073709551615"},
                {"number": 3, "wire": "fixed32", "value": 7},
                {"number": 4, "wire": "group", "message": [{"number": 1, "wire": "varint", "value": "1"}]}
            ])
        );
    }

    #[test]
    fn length_delimited_values_are_guessed() {
        let guess = |bytes: &[u8]| {
            let mut field = Vec::new();
            wire::put_bytes(&mut field, 1, bytes);
            let mut json = to_json(&field).unwrap();
            json[0].as_object_mut().map(|object| object.split_off_guess()).unwrap()
        };
        assert_eq!(guess(b"hello"), json!({"text": "hello"}));
        assert_eq!(guess("漢字\n".as_bytes()), json!({"text": "漢字\n"}));
        assert_eq!(guess(b""), json!({"text": ""}));
        assert_eq!(guess(&[0x08, 0x01]), json!({"message": [{"number": 1, "wire": "varint", "value": "1"}]}));
        // Readable as a whole, but a message: a line end, then a length that fits.
        assert_eq!(
            guess(b"\n$820cebff-379b-42a1-b06a-7351f7cbf13e"),
            json!({"message": [{"number": 1, "wire": "bytes", "text": "820cebff-379b-42a1-b06a-7351f7cbf13e"}]})
        );
        assert_eq!(guess(&[0xff, 0xff]), json!({"value": "//8="}));
    }

    /// The one key that says what a value was taken for.
    trait Guess {
        fn split_off_guess(&mut self) -> Json;
    }

    impl Guess for serde_json::Map<String, Json> {
        fn split_off_guess(&mut self) -> Json {
            self.shift_remove("number");
            self.shift_remove("wire");
            Json::Object(self.clone())
        }
    }

    #[test]
    fn guessing_is_bounded() {
        let mut bytes = vec![0x08, 0x01];
        for _ in 0..1000 {
            let inner = std::mem::take(&mut bytes);
            wire::put_bytes(&mut bytes, 1, &inner);
        }
        let text = to_json(&bytes).unwrap().to_string();
        assert_eq!(text.matches("\"message\"").count(), MAX_GUESSED_DEPTH);
        assert!(to_json(&[0x0f]).is_err());
    }
}
