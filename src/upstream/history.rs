//! A client's history in the forms in which it can be replayed to an upstream that has not seen it: as the messages of
//! one task, or told as one text (`WARP-PROTOCOL.md` §2.b).
//!
//! It must not know what is asked now, nor encode anything.

use serde_json::{Value, json};

use crate::{
    turn::{Content, Message, Output, ToolCall, ToolResult},
    upstream::parts::{ONLY_IMAGES, images, query, system_note, texts, tool_result},
};

/// `before` as messages of a task, still without ids.
pub(super) fn messages(before: &[Message]) -> Vec<Value> {
    let mut messages = Vec::with_capacity(before.len());
    for message in before {
        match message {
            Message::System(text) => messages.push(json!({"user_query": query(&[system_note(text)])})),
            Message::User(contents) => messages.push(json!({"user_query": user(contents)})),
            Message::Assistant(outputs) => messages.extend(outputs.iter().filter_map(output)),
            Message::ToolResult(result) => messages.push(json!({"tool_call_result": tool_result(result)})),
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
    json!({"id": task_id, "messages": messages})
}

fn user(contents: &[Content]) -> Value {
    let words: Vec<String> = texts(contents).map(str::to_owned).collect();
    let mut query = query(&words);
    let images: Vec<Value> = images(contents).collect();
    if !images.is_empty() {
        query["context"] = json!({"images": images});
    }
    query
}

fn output(output: &Output) -> Option<Value> {
    match output {
        Output::Text(text) => Some(json!({"agent_output": {"text": text}})),
        Output::ToolCall(ToolCall { id, name, arguments }) => {
            Some(json!({"tool_call": {"tool_call_id": id, "call_mcp_tool": {"name": name, "args": arguments}}}))
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
    let words: Vec<&str> = texts(contents).collect();
    if words.is_empty() { ONLY_IMAGES.to_owned() } else { words.join("\n") }
}
