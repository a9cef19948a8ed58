//! Response events as JSON, in the shapes that were captured from the service (`WARP-PROTOCOL.md` §3.2, §4), and the
//! frame around one. It must not know which event comes when.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// The payload of the server tool call that opens every conversation.
const OPENING_PAYLOAD: &str = "IgA=";
/// The payload of the server event that follows it.
const OPENING_EVENT: &str = "KgwKBAgCEAQKBAgDEAY=";

pub(crate) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

/// The moment as protobuf JSON has it. A clock before the year 0 does not exist, so the fallback is never seen.
pub(crate) fn timestamp(moment: OffsetDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

/// What the messages of one request have in common.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) request_id: String,
    /// When the request started.
    pub(crate) started: OffsetDateTime,
    /// Stands for the call of the model.
    pub(crate) model_call: Uuid,
}

impl Stamp {
    pub(crate) fn new() -> Self {
        Self { request_id: new_id(), started: OffsetDateTime::now_utc(), model_call: Uuid::new_v4() }
    }

    /// `server_message_data`: the request's start, and for model output the id of the model's call (§4.1).
    pub(crate) fn server_message_data(&self, model_output: bool) -> String {
        let mut moment = Vec::new();
        put_varint_field(&mut moment, 1, self.started.unix_timestamp().unsigned_abs());
        put_varint_field(&mut moment, 2, u64::from(self.started.nanosecond()));
        let mut data = Vec::new();
        if model_output {
            crate::schema::wire::put_bytes(&mut data, 1, self.model_call.to_string().as_bytes());
        }
        crate::schema::wire::put_bytes(&mut data, 3, &moment);
        URL_SAFE.encode(data)
    }

    /// A message around `content`, which is one variant such as `{"agent_output": {…}}`.
    pub(crate) fn message(&self, task_id: &str, content: Map<String, Value>) -> Map<String, Value> {
        let mut message = Map::new();
        message.insert("id".to_owned(), new_id().into());
        message.insert("task_id".to_owned(), task_id.into());
        message.insert("request_id".to_owned(), self.request_id.as_str().into());
        message.insert("timestamp".to_owned(), timestamp(OffsetDateTime::now_utc()).into());
        message.extend(content);
        message
    }

    /// The same, with the opaque data that model output carries.
    pub(crate) fn model_message(&self, task_id: &str, content: Map<String, Value>) -> Map<String, Value> {
        let mut message = self.message(task_id, content);
        message.insert("server_message_data".to_owned(), self.server_message_data(true).into());
        message
    }

    /// The root task of a new conversation with the server tool call that opens it.
    pub(crate) fn opening_task(&self, task_id: &str) -> Value {
        let call = json!({"tool_call_id": new_id(), "server": {"payload": OPENING_PAYLOAD}});
        let message = self.message(task_id, object("tool_call", call));
        json!({"create_task": {"task": {"id": task_id, "messages": [message]}}})
    }

    /// The server event that follows the opening.
    pub(crate) fn opening_event(&self, task_id: &str) -> Map<String, Value> {
        let mut message = self.message(task_id, object("server_event", json!({"payload": OPENING_EVENT})));
        message.insert("server_message_data".to_owned(), self.server_message_data(false).into());
        message
    }
}

fn put_varint_field(out: &mut Vec<u8>, number: u32, value: u64) {
    prost::encoding::encode_key(number, prost::encoding::WireType::Varint, out);
    prost::encoding::encode_varint(value, out);
}

/// An object with one member.
pub(crate) fn object(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

pub(crate) fn add_messages(task_id: &str, messages: Vec<Map<String, Value>>) -> Value {
    json!({"add_messages_to_task": {"task_id": task_id, "messages": messages}})
}

/// `update_task_message` or `append_to_message_content`; `paths` as they stand in the schema.
pub(crate) fn masked(action: &str, task_id: &str, message: Map<String, Value>, paths: &[String]) -> Value {
    let mask = paths.iter().map(|path| camel_case(path)).collect::<Vec<_>>().join(",");
    Value::Object(object(action, json!({"message": message, "mask": mask, "task_id": task_id})))
}

/// A field path as protobuf JSON spells it.
fn camel_case(path: &str) -> String {
    let mut upper = false;
    let mut spelled = String::with_capacity(path.len());
    for character in path.chars() {
        if character == '_' {
            upper = true;
        } else {
            spelled.push(if upper { character.to_ascii_uppercase() } else { character });
            upper = false;
        }
    }
    spelled
}

/// An event with these actions.
pub(crate) fn client_actions(actions: Vec<Value>) -> Value {
    json!({"client_actions": {"actions": actions}})
}

/// One event as the service frames it: LF line ends, no space after the colon, padded URL-safe base64 (§1.4).
pub(crate) fn frame(event: &[u8]) -> Bytes {
    data_frame(&URL_SAFE.encode(event))
}

/// A frame around any data.
pub(crate) fn data_frame(data: &str) -> Bytes {
    Bytes::from(format!("event:data\ndata:{data}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn opaque_data_is_what_was_captured() {
        let stamp = Stamp {
            request_id: "r1".to_owned(),
            started: datetime!(2026-01-24 13:57:30.253462275 UTC),
            model_call: Uuid::parse_str("6fefee5c-3fef-4831-8280-bc0f9773f7b8").unwrap(),
        };
        assert_eq!(stamp.server_message_data(false), "GgsIyp_TywYQg47ueA==");
        let with_call = "CiQ2ZmVmZWU1Yy0zZmVmLTQ4MzEtODI4MC1iYzBmOTc3M2Y3YjgaCwjKn9PLBhCDju54";
        assert_eq!(stamp.server_message_data(true), with_call);
    }

    #[test]
    fn a_frame_is_spelled_as_captured() {
        assert_eq!(frame(&[0x1A, 0x02, 0x12, 0x00]), "event:data\ndata:GgISAA==\n\n");
    }

    #[test]
    fn mask_paths_become_protobuf_json() {
        assert_eq!(camel_case("tool_call.call_mcp_tool.args"), "toolCall.callMcpTool.args");
    }
}
