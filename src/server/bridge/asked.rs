//! The bodies that the bridge is sent. It must not know what is done with them.

use std::time::Duration;

use axum::{body::Body, http::HeaderMap};
use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value};

use crate::{
    schema::{self, Schema},
    server::{
        body,
        bridge::{former, message_data, refusal::Refusal},
    },
};

/// Keys of a message's body that say something about the message.
const ENVELOPE: [&str; 2] = ["json_data", "message_type"];
/// The type of a message whose body names none.
pub(super) const REQUEST: &str = "warp.multi_agent.v1.Request";

/// A message that somebody has written as JSON.
#[derive(Debug)]
pub(super) struct Written {
    /// Its type, as it was named.
    pub(super) message_type: String,
    pub(super) descriptor: MessageDescriptor,
    /// What it says, tools and payloads made ready.
    pub(super) json: Value,
    /// Its wire bytes.
    pub(super) wire: Bytes,
    /// Names that the protocol no longer has, which were taken out.
    pub(super) ignored: Vec<String>,
}

/// How long a body may stop half-way.
const PATIENCE: Duration = Duration::from_secs(60);

/// The JSON object that a body holds.
pub(super) async fn object(headers: &HeaderMap, body: Body, limit: usize) -> Result<Map<String, Value>, Refusal> {
    let bytes = body::whole(headers, body, limit, PATIENCE).await?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::malformed(&[], "a JSON object is expected")),
        Err(error) => Err(Refusal::malformed(&[], format_args!("this is no JSON: {error}"))),
    }
}

/// The text under `key`, which must be there unless there is a `default`.
pub(super) fn text(object: &Map<String, Value>, key: &str, default: Option<&str>) -> Result<String, Refusal> {
    match (object.get(key), default) {
        (Some(Value::String(text)), _) => Ok(text.clone()),
        (None | Some(Value::Null), Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Refusal::malformed(&[key], "this is missing")),
        (Some(_), _) => Err(Refusal::malformed(&[key], "a text is expected")),
    }
}

/// The message type `name`.
pub(super) fn descriptor(schema: &Schema, name: &str) -> Result<MessageDescriptor, Refusal> {
    schema.message(name).map_err(|error| Refusal::new(400, error.to_string()))
}

/// The message in a body: under `json_data`, or the body's other keys.
pub(super) fn written(schema: &Schema, mut object: Map<String, Value>) -> Result<Written, Refusal> {
    let message_type = text(&object, "message_type", Some(REQUEST))?;
    let descriptor = descriptor(schema, &message_type)?;
    let mut json = match object.remove("json_data") {
        Some(Value::Object(data)) => Value::Object(data),
        Some(Value::Null) | None => {
            object.retain(|key, value| !ENVELOPE.contains(&key.as_str()) && !value.is_null());
            Value::Object(object)
        }
        Some(_) => return Err(Refusal::malformed(&["json_data"], "an object is expected")),
    };
    if json.as_object().is_none_or(Map::is_empty) {
        return Err(Refusal::new(400, "There is no message: put it under `json_data`, or its fields beside it."));
    }
    let ignored = former::take_out(&descriptor, &mut json);
    schema::sanitize_tools(&mut json);
    message_data::pack(&mut json);
    let message = schema::from_json(&descriptor, &json)
        .map_err(|error| Refusal::new(400, format!("This is no {message_type}: {error}")))?;
    let wire = schema::encode(&message).into();
    Ok(Written { message_type, descriptor, json, wire, ignored })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::written;
    use crate::schema::Schema;

    fn read(body: Value) -> Result<super::Written, super::Refusal> {
        written(&Schema::embedded(), body.as_object().unwrap().clone())
    }

    #[test]
    fn a_message_stands_under_its_key_or_by_itself() {
        let settings = json!({"model_config": {"base": "auto"}});
        let under = read(json!({"json_data": {"settings": settings}})).unwrap();
        let beside = read(json!({"settings": settings, "client_version": "v1", "os_name": "x"})).unwrap();
        assert_eq!(under.wire, beside.wire);
        assert_eq!(under.wire, &b"\x1a\x08\x0a\x06\x0a\x04auto"[..]);
        assert_eq!(beside.ignored, ["client_version", "os_name"]);
        assert_eq!(under.message_type, "warp.multi_agent.v1.Request");
    }

    #[test]
    fn what_is_no_message_is_refused_by_name() {
        for (body, part) in [
            (json!({}), "There is no message"),
            (json!({"json_data": {}}), "There is no message"),
            (json!({"json_data": 5}), "an object is expected"),
            (json!({"settings": {"model_confg": {}}}), "model_config"),
            (json!({"message_type": "Reqest", "a": 1}), "Request"),
            (json!({"message_type": 1}), "a text is expected"),
        ] {
            let refusal = format!("{:?}", read(body.clone()).unwrap_err());
            assert!(refusal.contains(part), "{body}: {refusal}");
        }
    }
}
