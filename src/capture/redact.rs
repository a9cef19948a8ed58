//! Takes out of an exchange what people wrote and what is secret, so that the recording can be shown to others.
//!
//! Messages are redacted by [`schema::redact`]: the fields that the schema marks sensitive and the further ones listed
//! there become `[redacted]`, and every message still decodes. Of headers, the values of those in [`PRIVATE_HEADERS`] go.
//! What cannot be decoded is replaced as a whole. The body of a refusal stays: those are the service's own words.

use crate::{
    capture::{Frame, Frames},
    schema::{
        self, PLACEHOLDER, Schema, SchemaError,
        spelling::{self, Spelling},
    },
    sse,
};
use prost_reflect::MessageDescriptor;

/// Headers whose values are never recorded, not even where everything else is.
pub const PRIVATE_HEADERS: [&str; 7] =
    ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "x-goog-api-key", "x-warp-token"];

/// Redacts messages of one schema.
#[derive(Debug, Clone)]
pub(crate) struct Redactor {
    schema: Schema,
    request: MessageDescriptor,
    event: MessageDescriptor,
}

impl Redactor {
    /// A redactor of exchanges in messages of `schema`.
    ///
    /// # Errors
    /// When the schema is not one of this protocol.
    pub(crate) fn new(schema: &Schema) -> Result<Self, SchemaError> {
        let (request, event) = (schema.message("Request")?, schema.message("ResponseEvent")?);
        Ok(Self { schema: schema.clone(), request, event })
    }

    /// The request message without what is private.
    pub(crate) fn request(&self, wire: &[u8]) -> Vec<u8> {
        self.message(&self.request, wire).unwrap_or_else(|_| PLACEHOLDER.as_bytes().to_vec())
    }

    fn message(&self, descriptor: &MessageDescriptor, wire: &[u8]) -> Result<Vec<u8>, SchemaError> {
        let mut message = schema::decode(descriptor, wire)?;
        schema::redact(&self.schema, &mut message);
        Ok(schema::encode(&message))
    }

    fn data(&self, frame: &Frame) -> String {
        let Ok(data) = &frame.data else { return PLACEHOLDER.to_owned() };
        // Marks such as `[DONE]` are nobody's.
        if matches!(data.trim(), "" | "[DONE]") {
            return data.clone();
        }
        let redacted = spelling::decode_text(data.trim().as_bytes()).and_then(|wire| self.message(&self.event, &wire));
        match redacted {
            Ok(wire) => String::from_utf8_lossy(&spelling::encode(&wire, Spelling::Base64Url)).into_owned(),
            Err(_) => PLACEHOLDER.to_owned(),
        }
    }
}

/// Redacts one response stream as it comes. Events leave when they are complete.
#[derive(Debug)]
pub(crate) struct Stream {
    redactor: Redactor,
    frames: Frames,
    cut: Vec<Frame>,
}

impl Stream {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self { redactor, frames: Frames::default(), cut: Vec::new() }
    }

    /// Takes the next bytes and gives the events that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.frames.push(bytes, &mut self.cut);
        self.written()
    }

    /// Takes the end of the stream and gives the event that it completes.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.frames.finish(&mut self.cut);
        self.written()
    }

    fn written(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in self.cut.drain(..) {
            sse::put(&mut out, None, &self.redactor.data(&frame));
        }
        out
    }
}

/// `headers` without the values that are nobody else's business.
pub(crate) fn headers(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let hide = |(name, value): (String, String)| {
        let is_private = PRIVATE_HEADERS.contains(&name.to_ascii_lowercase().as_str());
        (name, if is_private { PLACEHOLDER.to_owned() } else { value })
    };
    headers.into_iter().map(hide).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Redactor, Stream, headers};
    use crate::schema::{Schema, decode, encode, from_json, to_json};

    #[test]
    fn a_stream_stays_one_however_it_is_cut() {
        let schema = Schema::embedded();
        let event = schema.message("ResponseEvent").unwrap();
        let said = json!({"client_actions": {"actions": [{"add_messages_to_task": {"task_id": "t", "messages": [
            {"id": "m", "task_id": "t", "agent_output": {"text": "a private word"}}]}}]}});
        let wire = encode(&from_json(&event, &said).unwrap());
        let data = String::from_utf8(super::spelling::encode(&wire, super::Spelling::Base64)).unwrap();
        let stream = format!("data: {data}\r\n\r\ndata: private?\n\ndata: [DONE]\n\n");
        let redactor = Redactor::new(&schema).unwrap();
        for size in [1, 10, stream.len()] {
            let mut redacting = Stream::new(redactor.clone());
            let mut out: Vec<u8> = stream.as_bytes().chunks(size).flat_map(|piece| redacting.push(piece)).collect();
            out.extend(redacting.finish());
            let text = String::from_utf8(out).unwrap();
            let events: Vec<&str> = text.split("\n\n").collect();
            let first = events[0].strip_prefix("data: ").unwrap();
            let message = decode(&event, &super::spelling::decode_text(first.as_bytes()).unwrap()).unwrap();
            let message = to_json(&message);
            let added = &message["client_actions"]["actions"][0]["add_messages_to_task"];
            assert_eq!(added["messages"][0]["agent_output"]["text"], "[redacted]");
            assert_eq!(added["task_id"], "t");
            assert_eq!(events[1..], ["data: [redacted]", "data: [DONE]", ""]);
        }
    }

    #[test]
    fn credentials_are_never_kept() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kept = headers(vec![pair("Authorization", "Bearer x"), pair("accept", "y")]);
        assert_eq!(kept, [pair("Authorization", "[redacted]"), pair("accept", "y")]);
    }
}
