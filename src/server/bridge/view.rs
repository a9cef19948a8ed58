//! What may be seen of a message. Everything that the monitor shows of one goes through here, bytes too, so that what is
//! redacted is redacted in every form.

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::{Value, json};

use crate::schema::{self, PLACEHOLDER, Schema};

/// Shows messages of one schema.
#[derive(Debug, Clone)]
pub(super) struct View {
    schema: Schema,
    sensitive: bool,
}

impl View {
    pub(super) fn new(schema: Schema, sensitive: bool) -> Self {
        Self { schema, sensitive }
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// True when what people wrote is shown.
    pub(super) fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// The bytes of a message as far as they may be seen. Of what is no message nothing may.
    pub(super) fn wire(&self, descriptor: &MessageDescriptor, wire: &Bytes) -> Bytes {
        if self.sensitive {
            return wire.clone();
        }
        match schema::decode(descriptor, wire) {
            Ok(mut message) => {
                schema::redact(&self.schema, &mut message);
                schema::encode(&message).into()
            }
            Err(_) => Bytes::new(),
        }
    }

    /// A message as JSON, as far as it may be seen.
    pub(super) fn json(&self, descriptor: &MessageDescriptor, wire: &[u8]) -> Value {
        match schema::decode(descriptor, wire) {
            Ok(mut message) => {
                if !self.sensitive {
                    schema::redact(&self.schema, &mut message);
                }
                let mut json = schema::to_json(&message);
                schema::opaque::open(descriptor, &mut json);
                json
            }
            Err(error) => json!({"@error": error.to_string()}),
        }
    }

    /// A text that somebody wrote, as far as it may be seen.
    pub(super) fn text(&self, text: &str) -> String {
        if self.sensitive || text.is_empty() { text.to_owned() } else { PLACEHOLDER.to_owned() }
    }

    /// The id of the task in `wire`.
    pub(super) fn task_id(&self, wire: &[u8]) -> String {
        let task = self.schema.message("Task").ok().and_then(|descriptor| schema::decode(&descriptor, wire).ok());
        let id = task.as_ref().and_then(|task| task.get_field_by_name("id"));
        id.and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
