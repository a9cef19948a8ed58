//! Which message types bytes may be: every type is tried, and those that make the most sense of the bytes come first. It
//! must not know what any type is for.

use std::cmp::Reverse;

use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::schema::error::SchemaError;
use crate::schema::pool::{PACKAGE, Schema, short_name};
use crate::schema::{decode, unknown, wire};

/// A type that bytes may be of.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The type.
    pub descriptor: MessageDescriptor,
    /// The bytes, read as that type.
    pub message: DynamicMessage,
    /// How many fields, at any depth, the type does not know.
    pub unknown: usize,
}

/// How little sense a reading makes: the smaller, the better, part by part.
type Badness = (usize, usize, Reverse<usize>, usize);

/// The Warp types that make the most sense of `bytes`, best first, at most `count` of them. Fewer unknown fields count
/// first, then fewer strings with control characters in them, then more messages inside, then outer types before nested.
///
/// # Errors
/// When the bytes are no protobuf at all.
pub fn guess(schema: &Schema, bytes: &[u8], count: usize) -> Result<Vec<Fit>, SchemaError> {
    let mut numbers = Vec::new();
    for field in wire::fields(bytes) {
        numbers.push(field?.number);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let mut fitting: Vec<(Badness, MessageDescriptor)> = Vec::new();
    for descriptor in schema.messages().filter(|message| message.package_name() == PACKAGE) {
        let knows_some = numbers.iter().any(|number| descriptor.get_field(*number).is_some());
        if let (true, Ok(message)) = (knows_some, decode(&descriptor, bytes)) {
            fitting.push((badness(&descriptor, &message), descriptor));
        }
    }
    fitting.sort_by_key(|(badness, _)| *badness);
    let best = fitting.into_iter().take(count);
    best.map(|((unknown, ..), descriptor)| {
        let message = decode(&descriptor, bytes)?;
        Ok(Fit { descriptor, message, unknown })
    })
    .collect()
}

fn badness(descriptor: &MessageDescriptor, message: &DynamicMessage) -> Badness {
    let mut tally = Tally::default();
    tally.message(message);
    let nesting = short_name(descriptor).matches('.').count();
    (unknown::count(message), tally.odd_strings, Reverse(tally.messages), nesting)
}

#[derive(Default)]
struct Tally {
    odd_strings: usize,
    messages: usize,
}

impl Tally {
    fn message(&mut self, message: &DynamicMessage) {
        self.messages += 1;
        message.fields().for_each(|(_, value)| self.value(value));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.odd_strings += usize::from(text.contains(is_odd)),
            Value::Message(inner) => self.message(inner),
            Value::List(items) => items.iter().for_each(|item| self.value(item)),
            Value::Map(entries) => entries.values().for_each(|value| self.value(value)),
            Value::Bool(_)
            | Value::I32(_)
            | Value::I64(_)
            | Value::U32(_)
            | Value::U64(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::Bytes(_)
            | Value::EnumNumber(_) => {}
        }
    }
}

fn is_odd(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{encode, from_json};

    fn best(type_name: &str, json: &serde_json::Value) -> String {
        let schema = Schema::embedded();
        let descriptor = schema.message(type_name).unwrap();
        let bytes = encode(&from_json(&descriptor, json).unwrap());
        let fits = guess(&schema, &bytes, 3).unwrap();
        short_name(&fits.first().unwrap().descriptor).to_owned()
    }

    #[test]
    fn a_message_with_something_in_it_is_recognised() {
        let query = json!({"user_inputs": {"inputs": [{"user_query": {"query": "hi", "mode": {}}}]}});
        let request = json!({"task_context": {}, "input": query, "settings": {"supported_tools": [9]}});
        assert_eq!(best("Request", &request), "Request");
        let text = json!({"id": "m", "task_id": "t", "agent_output": {"text": "x"}});
        let add = json!({"add_messages_to_task": {"task_id": "t", "messages": [text]}});
        assert_eq!(best("ResponseEvent", &json!({"client_actions": {"actions": [add]}})), "ResponseEvent");
        let said =
            json!({"id": "m", "task_id": "t", "agent_output": {"text": "x"}, "timestamp": "2026-01-01T00:00:00Z"});
        assert_eq!(best("Message", &said), "Message");
    }

    #[test]
    fn what_is_no_protobuf_is_an_error_and_what_fits_nothing_gives_nothing() {
        let schema = Schema::embedded();
        assert!(guess(&schema, &[0xff], 3).is_err());
        let mut strange = Vec::new();
        wire::put_varint(&mut strange, 100_000, 1);
        assert_eq!(guess(&schema, &strange, 3).unwrap(), []);
    }
}
