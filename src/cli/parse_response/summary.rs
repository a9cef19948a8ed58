//! An exchange for a person to read.

use serde_json::{Value, json};

use crate::{
    cli::exchanges::{Exchange, Timing},
    turn::Usage,
    upstream::transcript::{Counts, ServerTool, Todo, Transcript},
};

/// The summary; `is_named` when others came before it.
pub(super) fn of(exchange: &Exchange, is_named: bool) -> String {
    let mut lines = Lines(String::new());
    if is_named || exchange.number > 1 {
        lines.put("source", &format!("{}, exchange {}", exchange.source, exchange.number));
    }
    lines.put("url", exchange.opening.url.as_deref().unwrap_or_default());
    lines.put("began", exchange.opening.began.as_deref().unwrap_or_default());
    lines.put("timing", &timing(exchange.timing));
    if let Some(status) = exchange.status.filter(|status| *status != 200) {
        lines.put("status", &status.to_string());
        lines.put("refusal", &exchange.refusal);
        return lines.0;
    }
    answer(&exchange.transcript, &mut lines);
    lines.0
}

fn answer(transcript: &Transcript, lines: &mut Lines) {
    lines.put("conversation", &transcript.conversation_id);
    lines.put("request", &transcript.request_id);
    lines.put("run", &transcript.run_id);
    lines.put("events", &counts(&transcript.events));
    lines.put("actions", &counts(&transcript.actions));
    lines.put("finish", transcript.finish_reason.as_deref().unwrap_or("none: the answer broke off"));
    match (&transcript.usage, transcript.credits) {
        (Some(cost), _) => lines.put("usage", &usage(cost)),
        (None, Some(credits)) => lines.put("usage", &format!("{credits} credits")),
        (None, None) => {}
    }
    for tool in &transcript.server_tools {
        lines.put("server tool", &server_tool(tool));
    }
    for call in &transcript.tool_calls {
        lines.put("tool call", &format!("{} {} ({})", call.name, json!(call.arguments), call.id));
    }
    for result in &transcript.tool_results {
        lines.put("tool result", &format!("{} {} ({})", result.kind, result.content, result.call_id));
    }
    for todo in &transcript.todos {
        lines.put("todo", &thing_to_do(todo));
    }
    for problem in &transcript.problems {
        lines.put("problem", problem);
    }
    lines.put("reasoning", &transcript.reasoning);
    lines.put("text", &transcript.text);
}

struct Lines(String);

impl Lines {
    fn put(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            self.0 += &format!("{label:<14}{value}\n");
        }
    }
}

fn timing(timing: Timing) -> String {
    let parts = [("answer after", timing.headers), ("first byte", timing.first), ("end", timing.end)];
    let parts = parts.iter().filter_map(|(label, time)| time.map(|time| format!("{label} {time} ms")));
    parts.collect::<Vec<_>>().join(", ")
}

fn counts(counts: &Counts) -> String {
    let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    parts.join(", ")
}

fn usage(usage: &Usage) -> String {
    let mut text = format!("{} tokens in, {} out", usage.input_tokens, usage.output_tokens);
    if usage.cache_read_tokens + usage.cache_write_tokens > 0 {
        text += &format!(" (cache: {} read, {} written)", usage.cache_read_tokens, usage.cache_write_tokens);
    }
    if let Some(credits) = usage.credits {
        text += &format!(", {credits} credits");
    }
    text
}

/// The payload as it came, and what is in it where that can be told.
fn server_tool(tool: &ServerTool) -> String {
    let kind = tool.call.as_object().and_then(|call| call.iter().find(|(name, _)| *name != "tool_call_id"));
    let opened = kind.and_then(|(_, call)| call.get("payload@opened")).map(Value::to_string).unwrap_or_default();
    let name = kind.map(|(name, _)| name.as_str()).unwrap_or_default();
    let payload = tool.payload.as_deref().unwrap_or_default();
    [name, payload, &opened, &format!("({})", tool.id)]
        .into_iter()
        .filter(|part| !part.is_empty() && *part != "()")
        .collect::<Vec<_>>()
        .join(" ")
}

fn thing_to_do(todo: &Todo) -> String {
    let mark = if todo.done { "[x]" } else { "[ ]" };
    let about = if todo.description.is_empty() { String::new() } else { format!(": {}", todo.description) };
    format!("{mark} {}{about}", todo.title)
}
