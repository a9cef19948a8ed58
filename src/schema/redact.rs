//! Messages without what people wrote, ran or keep: every such text becomes [`PLACEHOLDER`], so that a message can be
//! shown or passed on and still reads, and encodes, as a message of its type.
//!
//! What is private:
//! - fields that the schema marks `sensitive`;
//! - the fields of [`PRIVATE_FIELDS`], which the schema does not mark although they hold what somebody said;
//! - what stands in a tool call or its result ([`PRIVATE_CHOICES`]): every text but identifiers and media types, since
//!   the schema marks these unevenly and new tools come unmarked;
//! - the schema of a tool's arguments ([`TOOL_SCHEMA`]), but for its outermost keywords;
//! - opaque payloads, and the bytes of unknown fields: nobody can say what is in them.
//!
//! Numbers, truth values and enum values stay. It knows where private text stands by message type and field name; it must
//! not know who looks at the outcome.

use prost_reflect::{DynamicMessage, FieldDescriptor, MapKey, ReflectMessage as _, Value};

use crate::schema::pool::{PACKAGE, Schema};
use crate::schema::{opaque, unknown, wire};

/// What stands in the place of a text.
pub const PLACEHOLDER: &str = "[redacted]";

/// Fields, by message type and name, that are private without being marked. Of a message everything below it is.
pub const PRIVATE_FIELDS: [&str; 24] = [
    "ClientAction.UpdateTaskDescription.description",
    "ClientAction.UpdateTaskSummary.summary",
    "Message.AgentOutput.text",
    "Message.AgentReasoning.reasoning",
    "Message.DebugOutput.text",
    "Message.Summarization.ConversationSummary.summary",
    "Message.UserQuery.query",
    "Message.UserQuery.referenced_attachments",
    "PassiveSuggestionResultType.CodeDiff.diffs",
    "PassiveSuggestionResultType.CodeDiff.summary",
    "PassiveSuggestionResultType.Prompt.prompt",
    "Request.Input.QueryWithCannedResponse.query",
    "Request.Input.UserQuery.query",
    "Request.Input.UserQuery.referenced_attachments",
    "SkillDescriptor.description",
    "SkillDescriptor.name",
    "Task.description",
    "Task.summary",
    "TodoItem.description",
    "TodoItem.title",
    "SuggestedRule.content",
    "SuggestedRule.name",
    "SuggestedAgentModeWorkflow.name",
    "SuggestedAgentModeWorkflow.prompt",
];

/// Oneofs, by message type and name, each variant of which holds the arguments or the result of a tool.
pub const PRIVATE_CHOICES: [(&str, &str); 3] =
    [("Message.ToolCall", "tool"), ("Message.ToolCallResult", "result"), ("Request.Input.ToolCallResult", "result")];

/// The field that says what a client's tool takes: names, descriptions and examples in the client's own words.
pub const TOOL_SCHEMA: &str = "Request.MCPContext.MCPTool.input_schema";

/// Which texts below a field are private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Those of private fields.
    Marked,
    /// All but what only identifies.
    Tool,
    /// All.
    All,
}

/// Replaces every private text in `message`.
pub fn redact(schema: &Schema, message: &mut DynamicMessage) {
    in_message(schema, message, Reach::Marked);
}

fn in_message(schema: &Schema, message: &mut DynamicMessage, reach: Reach) {
    redact_unknown(message);
    for (field, value) in message.fields_mut() {
        let reach = reach.max(reach_of(schema, &field));
        if reach == Reach::Tool && identifies(&field) {
            continue;
        }
        in_value(schema, value, reach);
    }
}

fn in_value(schema: &Schema, value: &mut Value, reach: Reach) {
    match value {
        Value::String(text) if reach > Reach::Marked => *text = PLACEHOLDER.to_owned(),
        Value::Bytes(bytes) if reach > Reach::Marked => *bytes = PLACEHOLDER.as_bytes().into(),
        Value::Message(inner) if reach > Reach::Marked && inner.descriptor().full_name() == "google.protobuf.Value" => {
            redact_json_value(inner);
        }
        Value::Message(inner) => in_message(schema, inner, reach),
        Value::List(items) => items.iter_mut().for_each(|item| in_value(schema, item, reach)),
        Value::Map(entries) => {
            entries.values_mut().for_each(|value| in_value(schema, value, reach));
            // The names of a tool's arguments are the tool's; other keys below a private field are as private as it.
            if reach == Reach::All {
                redact_keys(entries);
            }
        }
        Value::String(_)
        | Value::Bytes(_)
        | Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::EnumNumber(_) => {}
    }
}

/// A JSON value says something whatever its type, and its inner keys may be data.
fn redact_json_value(value: &mut DynamicMessage) {
    *value = DynamicMessage::new(value.descriptor());
    value.set_field_by_name("string_value", Value::String(PLACEHOLDER.to_owned()));
}

fn redact_keys(entries: &mut std::collections::HashMap<MapKey, Value>) {
    let mut taken: Vec<(MapKey, Value)> = entries.drain().collect();
    taken.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    for (index, (key, value)) in taken.into_iter().enumerate() {
        let key = match key {
            MapKey::String(_) if index == 0 => MapKey::String(PLACEHOLDER.to_owned()),
            MapKey::String(_) => MapKey::String(format!("{PLACEHOLDER} {}", index + 1)),
            number => number,
        };
        entries.insert(key, value);
    }
}

/// Bytes that the schema does not know may hold anything; numbers stay.
fn redact_unknown(message: &mut DynamicMessage) {
    let fields = unknown::unknown_fields(message);
    if fields.is_empty() {
        return;
    }
    message.take_unknown_fields().for_each(drop);
    let descriptor = message.descriptor();
    // A map's entry is kept as unknown for having a third field: so it stays an entry, and is kept again when it is read.
    let mut odd_entry = Vec::new();
    wire::put_bytes(&mut odd_entry, 3, PLACEHOLDER.as_bytes());
    for field in fields {
        let mut raw = Vec::new();
        if let Some(Ok(read)) = wire::fields(&field.raw).next() {
            let is_entry = descriptor.get_field(field.number).is_some_and(|known| known.is_map());
            let value = match read.value {
                wire::Value::Bytes(_) if is_entry => wire::Value::Bytes(&odd_entry),
                wire::Value::Bytes(_) => wire::Value::Bytes(PLACEHOLDER.as_bytes()),
                wire::Value::Group(_) => wire::Value::Group(&[]),
                number => number,
            };
            wire::put_field(&mut raw, &wire::Field { value, ..read });
        }
        // A field that was kept once, and is now shorter, can be kept again.
        drop(unknown::keep(message, &descriptor, field.number, &raw));
    }
}

fn reach_of(schema: &Schema, field: &FieldDescriptor) -> Reach {
    if schema.is_sensitive(field) || opaque::is_payload(field) {
        return Reach::All;
    }
    let Some(name) = field.full_name().strip_prefix(PACKAGE).and_then(|name| name.strip_prefix('.')) else {
        return Reach::Marked;
    };
    if PRIVATE_FIELDS.contains(&name) {
        return Reach::All;
    }
    let is_choice = field.containing_oneof().is_some_and(|oneof| {
        let parent = name.strip_suffix(field.name()).unwrap_or_default().trim_end_matches('.');
        PRIVATE_CHOICES.contains(&(parent, oneof.name()))
    });
    if is_choice || name == TOOL_SCHEMA { Reach::Tool } else { Reach::Marked }
}

/// Fields of tools that say which thing is meant, not what it holds.
fn identifies(field: &FieldDescriptor) -> bool {
    let name = field.name();
    name.ends_with("_id") || name == "mime_type" || field.full_name().ends_with(".CallMCPTool.name")
}

#[cfg(test)]
mod tests {
    use prost_reflect::Kind;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::schema::{decode, encode, from_json, to_json};

    fn redacted(type_name: &str, json: &Json) -> Json {
        let schema = Schema::embedded();
        let descriptor = schema.message(type_name).unwrap();
        let mut message = from_json(&descriptor, json).unwrap();
        redact(&schema, &mut message);
        let shown = to_json(&message);
        assert_eq!(encode(&from_json(&descriptor, &shown).unwrap()), encode(&message), "{shown}");
        shown
    }

    #[test]
    fn every_listed_place_is_in_the_schema() {
        let schema = Schema::embedded();
        for place in PRIVATE_FIELDS.into_iter().chain([TOOL_SCHEMA]) {
            let (message, field) = place.rsplit_once('.').unwrap();
            assert!(schema.message(message).unwrap().get_field_by_name(field).is_some(), "{place}");
        }
        for (message, oneof) in PRIVATE_CHOICES {
            let descriptor = schema.message(message).unwrap();
            let found = descriptor.oneofs().find(|found| found.name() == oneof).unwrap();
            assert!(found.fields().all(|field| matches!(field.kind(), Kind::Message(_))), "{message}.{oneof}");
        }
    }

    #[test]
    fn what_was_said_and_run_is_gone_and_what_identifies_it_stays() {
        let call = json!({"id": "m1", "tool_call": {"tool_call_id": "c1", "call_mcp_tool": {
            "name": "send", "args": {"to": "ann", "pin": 1234, "more": {"key": "value"}}, "server_id": "s"
        }}});
        let expected = json!({"id": "m1", "tool_call": {"tool_call_id": "c1", "call_mcp_tool": {
            "name": "send",
            "args": {"more": PLACEHOLDER, "pin": PLACEHOLDER, "to": PLACEHOLDER},
            "server_id": "s"
        }}});
        assert_eq!(redacted("Message", &call), expected);
        let offered = json!({"mcp_context": {"tools": [{"input_schema": {
            "type": "object", "description": "mine", "properties": {"mine": {"enum": ["mine"]}}
        }}]}});
        let expected = json!({"mcp_context": {"tools": [{"input_schema": {
            "type": PLACEHOLDER, "description": PLACEHOLDER, "properties": PLACEHOLDER
        }}]}});
        assert_eq!(redacted("Request", &offered), expected);
        let said = json!({"id": "m2", "task_id": "t", "agent_output": {"text": "the answer"}});
        assert_eq!(redacted("Message", &said)["agent_output"], json!({"text": PLACEHOLDER}));
        let run = json!({"tool_call": {"run_shell_command": {"command": "rm", "is_risky": true}}});
        let expected = json!({"tool_call": {"run_shell_command": {"command": PLACEHOLDER, "is_risky": true}}});
        assert_eq!(redacted("Message", &run), expected);
        let asked = json!({"user_query": {"query": "why", "referenced_attachments": {
            "b": {"plain_text": "x"}, "a": {"plain_text": "y"}
        }}});
        let expected = json!({"user_query": {"query": PLACEHOLDER, "referenced_attachments": {
            PLACEHOLDER: {"plain_text": PLACEHOLDER}, "[redacted] 2": {"plain_text": PLACEHOLDER}
        }}});
        assert_eq!(redacted("Message", &asked), expected);
    }

    #[test]
    fn payloads_and_unknown_bytes_are_private_too() {
        let opaque = json!({"id": "t", "server_data": "IgIQAQ==", "@unknown": [
            {"number": 99, "wire": "bytes", "value": "c2VjcmV0"},
            {"number": 99, "wire": "varint", "value": "5"},
            {"number": 100, "wire": "group", "value": [{"number": 1, "wire": "bytes", "value": "c2VjcmV0"}]}
        ]});
        let expected = json!({"id": "t", "server_data": PLACEHOLDER, "@unknown": [
            {"number": 99, "wire": "bytes", "value": "W3JlZGFjdGVkXQ=="},
            {"number": 99, "wire": "varint", "value": "5"},
            {"number": 100, "wire": "group", "value": []}
        ]});
        assert_eq!(redacted("Task", &opaque), expected);
    }

    #[test]
    fn a_known_number_in_an_unexpected_form_is_redacted_as_unknown() {
        let schema = Schema::embedded();
        let descriptor = schema.message("Message").unwrap();
        let mut bytes = Vec::new();
        wire::put_bytes(&mut bytes, 1, b"id");
        // A timestamp that is a text inside the wrong field.
        wire::put_group(&mut bytes, 3, &[0x0a, 0x01, b'x']);
        let mut message = decode(&descriptor, &bytes).unwrap();
        redact(&schema, &mut message);
        let mut expected = Vec::new();
        wire::put_bytes(&mut expected, 1, b"id");
        wire::put_group(&mut expected, 3, &[]);
        assert_eq!(encode(&message), expected);
    }
}
