//! An exchange as one JSON object.

use serde_json::{Map, Value, json};

use crate::{
    cli::exchanges::Exchange,
    turn::Usage,
    upstream::transcript::{Counts, ServerTool, Todo, ToolResult},
};

/// The whole exchange.
pub(super) fn of(exchange: &Exchange) -> Value {
    let transcript = &exchange.transcript;
    let calls = transcript.tool_calls.iter();
    let calls = calls.map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}));
    let mut whole = json!({
        "source": exchange.source,
        "exchange": exchange.number,
        "conversation_id": transcript.conversation_id,
        "request_id": transcript.request_id,
        "run_id": transcript.run_id,
        "text": transcript.text,
        "reasoning": transcript.reasoning,
        "tool_calls": calls.collect::<Vec<_>>(),
        "tool_results": transcript.tool_results.iter().map(result).collect::<Vec<_>>(),
        "todos": transcript.todos.iter().map(todo).collect::<Vec<_>>(),
        "server_tools": transcript.server_tools.iter().map(server_tool).collect::<Vec<_>>(),
        "server_tool_payloads": transcript.server_tool_payloads,
        "finish_reason": transcript.finish_reason,
        "usage": transcript.usage.as_ref().map(usage),
        "credits": transcript.credits,
        "events": counts(&transcript.events),
        "actions": counts(&transcript.actions),
        "complete": transcript.complete,
        "problems": transcript.problems,
    });
    add(&mut whole, "began", exchange.opening.began.as_ref().map(|began| json!(began)));
    add(&mut whole, "url", exchange.opening.url.as_ref().map(|url| json!(url)));
    add(&mut whole, "status", exchange.status.map(|status| json!(status)));
    add(&mut whole, "refusal", Some(json!(exchange.refusal)).filter(|_| !exchange.refusal.is_empty()));
    let timing = [
        ("headers_ms", exchange.timing.headers),
        ("first_byte_ms", exchange.timing.first),
        ("end_ms", exchange.timing.end),
    ];
    for (name, time) in timing {
        add(&mut whole, name, time.map(|time| json!(time)));
    }
    whole
}

fn add(whole: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(value), Some(members)) = (value, whole.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
}

fn result(result: &ToolResult) -> Value {
    json!({"call_id": result.call_id, "kind": result.kind, "content": result.content})
}

fn todo(todo: &Todo) -> Value {
    json!({"id": todo.id, "title": todo.title, "description": todo.description, "done": todo.done})
}

fn server_tool(tool: &ServerTool) -> Value {
    json!({"id": tool.id, "call": tool.call})
}

fn counts(counts: &Counts) -> Map<String, Value> {
    counts.iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

/// The two totals; the rest is in the summary.
fn usage(usage: &Usage) -> Value {
    json!({"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens})
}
