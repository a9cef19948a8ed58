//! What clients send: one question, or one at the end of a long conversation with tools.

use serde_json::{Value, json};

/// Tools that a client of a long conversation offers.
const TOOLS: usize = 20;

/// The path of a request for a streamed answer, as the dialect called `name` knows it.
pub(super) fn segments(name: &str) -> &'static [&'static str] {
    match name {
        "openai_chat" => &["chat", "completions"],
        "openai_responses" => &["responses"],
        "anthropic" => &["messages"],
        _ => &["v1beta", "models", "auto:streamGenerateContent"],
    }
}

/// The body of a request in the dialect called `name`. Each of the `exchanges` before the question is a question, a call of
/// a tool, its result and an answer; without any there are no tools either.
pub(super) fn body(name: &str, exchanges: usize) -> String {
    let mut turns: Vec<Value> = (0..exchanges).flat_map(|number| exchange(name, number)).collect();
    turns.push(said(name, "user", "And what does it say about errno 28?"));
    let tools: Vec<Value> = (0..if exchanges == 0 { 0 } else { TOOLS }).map(|number| tool(name, number)).collect();
    let mut body = match name {
        "openai_chat" => json!({"model": "auto", "stream": true, "messages": turns}),
        "openai_responses" => json!({"model": "auto", "stream": true, "input": turns}),
        "anthropic" => json!({"model": "auto", "stream": true, "max_tokens": 100_000, "messages": turns}),
        _ => json!({"contents": turns}),
    };
    if !tools.is_empty() {
        body["tools"] = match name {
            "openai_chat" | "openai_responses" | "anthropic" => json!(tools),
            _ => json!([{"functionDeclarations": tools}]),
        };
    }
    body.to_string()
}

fn exchange(name: &str, number: usize) -> Vec<Value> {
    let question = format!("Question {number}: {}", "what is in the file, and is \"this\" line right? ".repeat(8));
    let answer = format!("Answer {number}: {}", "it says so:\n```\nlet x = 1;\n```\n".repeat(20));
    let (id, tool) = (format!("call_{number}"), "tool_1");
    let arguments = json!({"path": format!("/src/file_{number}.rs"), "lines": [1, 2, 3]});
    let result = "fn main() {}\n".repeat(50);
    let (call, result) = match name {
        "openai_chat" => (
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": id, "type": "function",
                "function": {"name": tool, "arguments": arguments.to_string()}}]}),
            json!({"role": "tool", "tool_call_id": id, "content": result}),
        ),
        "openai_responses" => (
            json!({"type": "function_call", "call_id": id, "name": tool, "arguments": arguments.to_string()}),
            json!({"type": "function_call_output", "call_id": id, "output": result}),
        ),
        "anthropic" => (
            json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": tool, "input": arguments}]}),
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": result}]}),
        ),
        _ => (
            json!({"role": "model", "parts": [{"functionCall": {"name": tool, "args": arguments}}]}),
            json!({"role": "user", "parts": [{"functionResponse": {"name": tool, "response": {"output": result}}}]}),
        ),
    };
    vec![said(name, "user", &question), call, result, said(name, "assistant", &answer)]
}

fn said(name: &str, role: &str, text: &str) -> Value {
    match (name, role) {
        ("gemini", "assistant") => json!({"role": "model", "parts": [{"text": text}]}),
        ("gemini", role) => json!({"role": role, "parts": [{"text": text}]}),
        (_, role) => json!({"role": role, "content": text}),
    }
}

fn tool(name: &str, number: usize) -> Value {
    let schema = json!({"type": "object", "required": ["path"], "properties": {
        "path": {"type": "string", "description": "Where it is."},
        "lines": {"type": "array", "items": {"type": "integer"}, "description": "Which lines are meant."}}});
    let (tool, description) = (format!("tool_{number}"), "Reads a file and says what is in it.");
    match name {
        "openai_chat" => json!({"type": "function",
            "function": {"name": tool, "description": description, "parameters": schema}}),
        "openai_responses" => {
            json!({"type": "function", "name": tool, "description": description, "parameters": schema})
        }
        "anthropic" => json!({"name": tool, "description": description, "input_schema": schema}),
        _ => json!({"name": tool, "description": description, "parameters": schema}),
    }
}
