//! `server_message_data` as the Python bridge writes it: an object of `uuid`, `seconds` and `nanos` in the place of the
//! opaque text (`WARP-PROTOCOL.md` §4.1).

use serde_json::{Map, Value, json};

use crate::schema::{
    spelling::{self, Spelling},
    wire,
};

const NAMES: [&str; 2] = ["server_message_data", "serverMessageData"];

/// Puts the opaque text in the place of every such object in `json`.
pub(super) fn pack(json: &mut Value) {
    each(json, &|value| {
        let text = text_of(value.as_object()?)?;
        Some(Value::String(text))
    });
}

/// Puts an object in the place of every opaque text in `json` that is one.
pub(super) fn unpack(json: &mut Value) {
    each(json, &|value| object_of(value.as_str()?));
}

fn each(json: &mut Value, change: &dyn Fn(&Value) -> Option<Value>) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
        Value::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                match NAMES.contains(&key.as_str()).then(|| change(value)).flatten() {
                    Some(changed) => *value = changed,
                    None => each(value, change),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn text_of(object: &Map<String, Value>) -> Option<String> {
    let mut bytes = Vec::new();
    if let Some(uuid) = object.get("uuid").filter(|uuid| !uuid.is_null()) {
        wire::put_bytes(&mut bytes, 1, uuid.as_str()?.as_bytes());
    }
    let number = |key: &str| object.get(key).filter(|number| !number.is_null());
    if number("seconds").or(number("nanos")).is_some() {
        let mut time = Vec::new();
        for (place, key) in [(1, "seconds"), (2, "nanos")] {
            if let Some(value) = number(key) {
                wire::put_varint(&mut time, place, value.as_i64()?.cast_unsigned());
            }
        }
        wire::put_bytes(&mut bytes, 3, &time);
    }
    String::from_utf8(spelling::encode(&bytes, Spelling::Base64Url)).ok()
}

fn object_of(text: &str) -> Option<Value> {
    let bytes = spelling::base64_bytes(text.as_bytes()).ok()?;
    let (mut uuid, mut seconds, mut nanos) = (Value::Null, Value::Null, Value::Null);
    for field in wire::fields(&bytes) {
        let field = field.ok()?;
        match (field.number, field.value) {
            (1, wire::Value::Bytes(text)) => uuid = json!(std::str::from_utf8(text).ok()?),
            (3, wire::Value::Bytes(time)) => {
                for field in wire::fields(time) {
                    match field.ok()? {
                        wire::Field { number: 1, value: wire::Value::Varint(value) } => {
                            seconds = json!(value.cast_signed());
                        }
                        wire::Field { number: 2, value: wire::Value::Varint(value) } => {
                            nanos = json!(value.cast_signed());
                        }
                        _ => return None,
                    }
                }
            }
            _ => return None,
        }
    }
    Some(json!({"uuid": uuid, "seconds": seconds, "nanos": nanos}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{pack, unpack};

    #[test]
    fn objects_become_texts_and_come_back() {
        let original = json!({"messages": [
            {"server_message_data": {"uuid": "a-b", "seconds": 1_700_000_000, "nanos": 5}},
            {"serverMessageData": {"uuid": "a", "seconds": null, "nanos": null}},
            {"other": {"server_message_data": "not base64!"}},
        ]});
        let mut json = original.clone();
        pack(&mut json);
        assert_eq!(json["messages"][1]["serverMessageData"], "CgFh");
        assert!(json["messages"][0]["server_message_data"].is_string());
        unpack(&mut json);
        assert_eq!(json, original);
    }
}
