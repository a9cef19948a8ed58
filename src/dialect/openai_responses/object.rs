//! The response object: what every event about the whole answer carries, and what a client that does not stream gets
//! (`CLIENTS.md` §3.3).
//!
//! It is kept as text, for most of it never changes, stands in three events or more, and may hold all the tools of an
//! agent.

use serde_json::{Value, json};

use crate::{
    dialect::{
        Stamp, json,
        openai_responses::{history, item::IN_PROGRESS, members},
    },
    turn::Usage,
};

/// The response object of one answer.
pub(crate) struct Object {
    said: Said,
    pub(crate) status: &'static str,
    /// When it was complete, in seconds since the Unix epoch.
    pub(crate) completed_at: Option<u64>,
    /// Why it failed, in OpenAI's form.
    pub(crate) error: Value,
    /// Why it ends early.
    pub(crate) incomplete_reason: Option<&'static str>,
    /// The items that are complete.
    pub(crate) output: Vec<Value>,
    pub(crate) usage: Option<Usage>,
}

/// The members that stay as they are, in pieces between which the others stand.
struct Said {
    /// From the opening brace.
    head: String,
    input: String,
    options: String,
    client: String,
}

impl Object {
    /// The object as it is when the answer begins. What the client asked for in `body` is said back to it.
    pub(crate) fn begun(body: &Value, model: &str, stamp: &Stamp, store: bool) -> Self {
        Self {
            said: Said::of(body, model, stamp, store),
            status: IN_PROGRESS,
            completed_at: None,
            error: Value::Null,
            incomplete_reason: None,
            output: Vec::new(),
            usage: None,
        }
    }

    /// Appends the object as it stands.
    pub(crate) fn put(&self, line: &mut String) {
        line.push_str(&self.said.head);
        members::put(line, "completed_at", &self.completed_at);
        members::put_text(line, "status", self.status);
        members::put_json(line, "background", "false");
        members::put(line, "error", &self.error);
        members::put(line, "incomplete_details", &self.incomplete_reason.map(|reason| json!({"reason": reason})));
        line.push_str(&self.said.input);
        members::put(line, "output", &self.output);
        line.push_str(&self.said.options);
        members::put(line, "usage", &self.usage.as_ref().map(usage));
        line.push_str(&self.said.client);
        line.push('}');
    }

    /// The object as it stands.
    pub(crate) fn to_value(&self) -> Value {
        let mut line = String::new();
        self.put(&mut line);
        // Nothing but JSON was put there.
        serde_json::from_str(&line).unwrap_or_default()
    }
}

impl Said {
    fn of(body: &Value, model: &str, stamp: &Stamp, store: bool) -> Self {
        let mut head = "{\"id\":".to_owned();
        json::put_string(&mut head, &history::response_id(&stamp.id));
        members::put_text(&mut head, "object", "response");
        members::put_number(&mut head, "created_at", stamp.created);

        let mut input = String::new();
        put_asked(&mut input, body, "instructions", "null");
        put_asked(&mut input, body, "max_output_tokens", "null");
        members::put_json(&mut input, "max_tool_calls", "null");
        members::put_text(&mut input, "model", model);

        let (mut options, reasoning) = (String::new(), &body["reasoning"]);
        let reasoning = json!({"effort": reasoning["effort"], "summary": reasoning["summary"]});
        put_asked(&mut options, body, "parallel_tool_calls", "true");
        put_asked(&mut options, body, "previous_response_id", "null");
        put_asked(&mut options, body, "prompt_cache_key", "null");
        members::put(&mut options, "reasoning", &reasoning);
        members::put_json(&mut options, "store", if store { "true" } else { "false" });
        put_asked(&mut options, body, "temperature", "1.0");
        put_text_format(&mut options, body);
        put_asked(&mut options, body, "tool_choice", r#""auto""#);
        put_asked(&mut options, body, "tools", "[]");
        put_asked(&mut options, body, "top_p", "1.0");
        members::put_json(&mut options, "truncation", r#""disabled""#);

        let mut client = String::new();
        put_asked(&mut client, body, "user", "null");
        put_asked(&mut client, body, "metadata", "{}");
        Self { head, input, options, client }
    }
}

/// Appends how the text is to look; where nothing was asked for, it is text.
fn put_text_format(line: &mut String, body: &Value) {
    match body["text"].as_object() {
        Some(text) if !text.contains_key("format") => {
            let mut text = text.clone();
            text.insert("format".to_owned(), json!({"type": "text"}));
            members::put(line, "text", &text);
        }
        Some(_) | None => put_asked(line, body, "text", r#"{"format":{"type":"text"}}"#),
    }
}

/// Appends the member `name` as `body` has it, or the JSON `default`.
fn put_asked(line: &mut String, body: &Value, name: &str, default: &str) {
    match &body[name] {
        Value::Null => members::put_json(line, name, default),
        given => members::put(line, name, given),
    }
}

/// The usage of an answer. Some clients refuse one without any of the three totals.
fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}
