//! A client's history in the forms in which it can be replayed to an upstream that has not seen it: as the messages of
//! one task, or told as one text (`WARP-PROTOCOL.md` §2.b).
//!
//! It must not know what is asked now, nor encode anything.

use serde_json::{Value, json};

use crate::{
    turn::{Content, Message, Output, ToolCall, ToolResult},
    upstream::parts::{ONLY_ATTACHED, files, images, object, query, system_note, texts, tool_result, words},
};

/// `before` as messages of a task, still without ids.
pub(super) fn messages(before: &[Message]) -> Vec<Value> {
    let mut messages = Vec::with_capacity(before.len());
    for message in before {
        match message {
            Message::System(text) => messages.push(object([("user_query", query(&[system_note(text)]))])),
            Message::User(contents) => messages.push(object([("user_query", user(contents))])),
            Message::Assistant(outputs) => messages.extend(outputs.iter().filter_map(output)),
            Message::ToolResult(result) => messages.push(object([("tool_call_result", tool_result(result))])),
        }
    }
    messages
}

/// A task that holds `messages`, each with an id of its own.
pub(super) fn task(messages: Vec<Value>, new_id: &mut dyn FnMut() -> String) -> Value {
    let task_id = new_id();
    let finish = |mut message: Value| {
        message["id"] = json!(new_id());
        message["task_id"] = json!(task_id);
        message
    };
    let messages: Vec<Value> = messages.into_iter().map(finish).collect();
    object([("id", task_id.into()), ("messages", messages.into())])
}

fn user(contents: &[Content]) -> Value {
    let words: Vec<String> = texts(contents).map(str::to_owned).collect();
    let mut query = query(&words);
    for (name, parts) in [("images", images(contents).collect::<Vec<_>>()), ("files", files(contents).collect())] {
        if !parts.is_empty() {
            query["context"][name] = Value::Array(parts);
        }
    }
    query
}

fn output(output: &Output) -> Option<Value> {
    match output {
        Output::Text(text) => Some(json!({"agent_output": {"text": text}})),
        Output::ToolCall(ToolCall { id, name, arguments }) => {
            let call = object([("name", name.as_str().into()), ("args", arguments.clone().into())]);
            Some(object([("tool_call", object([("tool_call_id", id.as_str().into()), ("call_mcp_tool", call)]))]))
        }
        Output::Reasoning(_) => None,
    }
}

/// The whole conversation as one text that ends with what is asked now.
pub(super) fn transcript(before: &[Message], now: &[Message]) -> String {
    let mut told = vec!["This is the conversation so far:".to_owned()];
    told.extend(before.iter().flat_map(tell));
    told.push("This came last; answer it:".to_owned());
    told.extend(now.iter().flat_map(tell));
    told.join("\n\n")
}

fn tell(message: &Message) -> Vec<String> {
    match message {
        Message::System(text) => vec![system_note(text)],
        Message::User(contents) => vec![format!("User: {}", told(contents))],
        Message::Assistant(outputs) => outputs.iter().filter_map(tell_output).collect(),
        Message::ToolResult(ToolResult { call_id, content, is_error }) => {
            let kind = if *is_error { "Error" } else { "Result" };
            vec![format!("{kind} of call {call_id}: {}", told(content))]
        }
    }
}

fn tell_output(output: &Output) -> Option<String> {
    match output {
        Output::Text(text) => Some(format!("Assistant: {text}")),
        Output::ToolCall(ToolCall { id, name, arguments }) => {
            let arguments = Value::Object(arguments.clone());
            Some(format!("Assistant called the tool {name} (call {id}) with {arguments}"))
        }
        Output::Reasoning(_) => None,
    }
}

fn told(contents: &[Content]) -> String {
    let words = words(contents);
    if words.is_empty() { ONLY_ATTACHED.to_owned() } else { words.join("\n") }
}
