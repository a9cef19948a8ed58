//! Where in a message's bytes each of its fields stands, for who points at one and wants to see the other.
//!
//! It must not know what a field means.

use prost_reflect::{Kind, MessageDescriptor};
use serde_json::{Value, json};

use crate::schema::wire;

/// How many fields are shown of one message, those of inner messages included.
const MOST_FIELDS: usize = 5_000;
/// How many messages are opened inside each other.
const MOST_DEPTH: usize = 100;
/// How many characters of a text are shown.
const MOST_TEXT: usize = 200;

/// The fields of `bytes`, a message of type `descriptor`, each with its place; and whether these are all.
pub(super) fn of(descriptor: &MessageDescriptor, bytes: &[u8]) -> (Vec<Value>, bool) {
    let mut left = MOST_FIELDS;
    let fields = fields(Some(descriptor), bytes, 0, 0, &mut left);
    (fields, left > 0)
}

fn fields(
    descriptor: Option<&MessageDescriptor>,
    bytes: &[u8],
    offset: usize,
    depth: usize,
    left: &mut usize,
) -> Vec<Value> {
    let mut found = Vec::new();
    let mut fields = wire::fields(bytes);
    loop {
        let start = fields.position();
        let Some(Ok(field)) = fields.next() else { return found };
        let end = fields.position();
        if *left == 0 {
            return found;
        }
        *left -= 1;
        let known = descriptor.and_then(|descriptor| descriptor.get_field(field.number));
        let mut shown = json!({
            "number": field.number, "name": known.as_ref().map(|known| known.name().to_owned()),
            "start": offset + start, "end": offset + end,
        });
        let kind = known.map(|known| known.kind());
        match (field.value, kind) {
            (wire::Value::Bytes(inner), Some(Kind::Message(message))) if depth < MOST_DEPTH => {
                shown["type"] = message.name().into();
                let inner_start = offset + end - inner.len();
                shown["fields"] = self::fields(Some(&message), inner, inner_start, depth + 1, left).into();
            }
            (value, kind) => {
                shown["type"] = type_name(kind.as_ref()).into();
                shown["value"] = shown_value(value, kind.as_ref());
            }
        }
        found.push(shown);
    }
}

fn type_name(kind: Option<&Kind>) -> String {
    kind.map_or_else(|| "unknown".to_owned(), |kind| format!("{kind:?}").to_lowercase())
}

fn shown_value(value: wire::Value<'_>, kind: Option<&Kind>) -> Value {
    match (value, kind) {
        (wire::Value::Varint(number), Some(Kind::Enum(names))) => {
            let name = i32::try_from(number).ok().and_then(|number| names.get_value(number));
            name.map_or_else(|| json!(number.to_string()), |name| json!(name.name()))
        }
        (wire::Value::Varint(number), Some(Kind::Bool)) => json!(number != 0),
        (wire::Value::Varint(number), Some(Kind::Int32 | Kind::Int64)) => json!(number.cast_signed().to_string()),
        (wire::Value::Fixed32(bits), Some(Kind::Float)) => json!(f32::from_bits(bits)),
        (wire::Value::Fixed64(bits), Some(Kind::Double)) => json!(f64::from_bits(bits)),
        (wire::Value::Varint(number) | wire::Value::Fixed64(number), _) => json!(number.to_string()),
        (wire::Value::Fixed32(number), _) => json!(number),
        (wire::Value::Bytes(bytes), Some(Kind::String)) => json!(clipped(&String::from_utf8_lossy(bytes))),
        (wire::Value::Bytes(bytes) | wire::Value::Group(bytes), _) => json!(format!("{} bytes", bytes.len())),
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;
    use crate::schema::{Schema, encode, from_json};

    #[test]
    fn every_field_stands_where_its_bytes_are() {
        let descriptor = Schema::embedded().message("ResponseEvent").unwrap();
        let json = json!({"init": {"conversation_id": "c1", "request_id": "r1"}});
        let bytes = encode(&from_json(&descriptor, &json).unwrap());
        let (fields, is_all) = of(&descriptor, &bytes);
        assert!(is_all);
        assert_eq!(
            (&fields[0]["name"], &fields[0]["start"], &fields[0]["end"]),
            (&json!("init"), &json!(0), &json!(10))
        );
        for (place, value) in [(0, "c1"), (1, "r1")] {
            let field = &fields[0]["fields"][place];
            let end = usize::try_from(field["end"].as_u64().unwrap()).unwrap();
            assert_eq!(field["value"], value);
            assert_eq!(&bytes[end - 2..end], value.as_bytes());
        }
    }
}
