//! Payloads inside strings (`WARP-PROTOCOL.md` §4): small messages in base64 that the service gives out and wants back as
//! they were. They are opened only on request, in JSON, beside the string they came from: `"payload": "IgA="` gets a
//! neighbour `"payload@opened"`. Reading such JSON back passes the neighbour over, so nothing is lost or changed.
//!
//! It knows where payloads stand by message type and field name; it must not know what they are for.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value as Json};

use crate::schema::pool::{PACKAGE, Schema};
use crate::schema::{decode, raw, spelling, to_json};

/// What a commentary key ends in.
const OPENED: &str = "@opened";

/// Field numbers above this are taken as a sign that a text is no payload at all.
const LARGEST_LIKELY_NUMBER: u32 = 1000;

/// How a payload is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As a message that the embedded descriptors describe.
    Described(&'static str),
    /// Field by field, without a schema.
    Guessed,
}

/// Where payloads stand: the message's name without the package, the field, and what is known of the payload.
const PAYLOADS: [(&str, &str, Shape); 8] = [
    ("Message", "server_message_data", Shape::Described("warp2api.opaque.ServerMessageData")),
    ("Message.ToolCall.Server", "payload", Shape::Guessed),
    ("Message.ServerEvent", "payload", Shape::Guessed),
    ("Message.ToolCallResult.ServerResult", "serialized_result", Shape::Guessed),
    ("Message.ToolCall.Subagent", "payload", Shape::Guessed),
    ("Message.ToolCallResult.SubagentResult", "payload", Shape::Guessed),
    ("Task", "server_data", Shape::Guessed),
    ("ClientAction.UpdateTaskServerData", "server_data", Shape::Guessed),
];

/// Adds a `NAME@opened` beside every payload in `json`, which is a message of this type as [`to_json`] writes it. Strings
/// that are not payloads after all (a server tool's result may be plain text) stay as they are.
pub fn open(descriptor: &MessageDescriptor, json: &mut Json) {
    let Json::Object(object) = json else { return };
    if descriptor.full_name().starts_with("google.protobuf.") {
        return;
    }
    let keys: Vec<String> = object.keys().cloned().collect();
    for key in keys {
        let Some(field) = descriptor.get_field_by_name(&key).or_else(|| descriptor.get_field_by_json_name(&key)) else {
            continue;
        };
        if let Some(shape) = shape_of(descriptor, field.name()) {
            annotate(object, &key, shape);
        } else if let (Kind::Message(inner), Some(value)) = (field.kind(), object.get_mut(&key)) {
            if field.is_map() {
                open_map(&inner, value);
            } else {
                open_each(&inner, value);
            }
        }
    }
}

fn open_map(entry: &MessageDescriptor, value: &mut Json) {
    if let (Kind::Message(inner), Json::Object(entries)) = (entry.map_entry_value_field().kind(), value) {
        entries.values_mut().for_each(|value| open_each(&inner, value));
    }
}

fn open_each(descriptor: &MessageDescriptor, value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(|item| open(descriptor, item)),
        single => open(descriptor, single),
    }
}

/// Whether `field` holds an opaque payload.
pub(crate) fn is_payload(field: &FieldDescriptor) -> bool {
    shape_of(field.parent_message(), field.name()).is_some()
}

fn shape_of(descriptor: &MessageDescriptor, field: &str) -> Option<Shape> {
    let name = descriptor.full_name().strip_prefix(PACKAGE)?.strip_prefix('.')?;
    PAYLOADS.iter().find(|(message, payload, _)| (*message, *payload) == (name, field)).map(|(_, _, shape)| *shape)
}

fn annotate(object: &mut Map<String, Json>, key: &str, shape: Shape) {
    let opened = object.get(key).and_then(Json::as_str).and_then(|text| open_text(text, shape));
    let place = object.keys().position(|other| other == key);
    if let (Some(opened), Some(place)) = (opened, place) {
        object.shift_insert(place + 1, format!("{key}{OPENED}"), opened);
    }
}

/// The payload in `text` as JSON; `None` when there is none.
fn open_text(text: &str, shape: Shape) -> Option<Json> {
    let bytes = spelling::base64_bytes(text.as_bytes()).ok().filter(|bytes| !bytes.is_empty())?;
    match shape {
        Shape::Described(name) => {
            let descriptor = Schema::embedded().message(name).ok()?;
            decode(&descriptor, &bytes).ok().map(|message| to_json(&message))
        }
        Shape::Guessed => raw::is_likely_message(&bytes, LARGEST_LIKELY_NUMBER).then(|| raw::to_json(&bytes).ok())?,
    }
}

/// Whether `key` is commentary on a field of this message, which reading JSON passes over.
pub(crate) fn is_commentary(descriptor: &MessageDescriptor, key: &str) -> bool {
    key.strip_suffix(OPENED).is_some_and(|name| {
        descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{encode, from_json};

    #[test]
    fn every_payload_stands_where_the_schema_has_it() {
        for (message, field, _) in PAYLOADS {
            let descriptor = Schema::embedded().message(message).unwrap();
            assert_eq!(descriptor.get_field_by_name(field).unwrap().kind(), Kind::String, "{message}.{field}");
        }
    }

    #[test]
    fn server_message_data_opens() {
        let with_both = "CiQ4MjBjZWJmZi0zNzliLTQyYTEtYjA2YS03MzUxZjdjYmYxM2UaDAit4tPLBhDU9qCIAQ==";
        let shape = Shape::Described("warp2api.opaque.ServerMessageData");
        assert_eq!(
            open_text(with_both, shape).unwrap(),
            json!({"uuid": "820cebff-379b-42a1-b06a-7351f7cbf13e", "timestamp": "2026-01-24T16:19:57.285752148Z"})
        );
        // As an older gateway wrote it: no padding.
        assert_eq!(
            open_text("GgsIyp_TywYQg47ueA", shape).unwrap(),
            json!({"timestamp": "2026-01-24T13:57:30.253462275Z"})
        );
    }

    #[test]
    fn payloads_open_beside_their_strings_and_are_passed_over_when_read() {
        let descriptor = Schema::embedded().message("Task").unwrap();
        let closed = json!({"messages": [
            {"id": "1", "server_message_data": "GgsIyp_TywYQg47ueA==", "tool_call": {"server": {"payload": "IgIQAQ=="}}},
            {"id": "2", "server_event": {"payload": "KgwKBAgCEAQKBAgDEAY="}},
            {"id": "3", "tool_call_result": {"server": {"serialized_result": "all went well"}}}
        ]});
        let mut opened = closed.clone();
        open(&descriptor, &mut opened);
        assert_eq!(
            opened["messages"][0]["tool_call"]["server"],
            json!({
                "payload": "IgIQAQ==",
                "payload@opened": [
                    {"number": 4, "wire": "bytes", "message": [{"number": 2, "wire": "varint", "value": "1"}]}
                ]
            })
        );
        let keys: Vec<&String> = opened["messages"][0].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["id", "server_message_data", "server_message_data@opened", "tool_call"]);
        assert!(opened["messages"][1]["server_event"]["payload@opened"].is_array());
        assert_eq!(opened["messages"][2], closed["messages"][2]);
        let bytes = |json: &Json| encode(&from_json(&descriptor, json).unwrap());
        assert_eq!(bytes(&opened), bytes(&closed));
    }
}
