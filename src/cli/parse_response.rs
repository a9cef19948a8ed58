//! `parse-response`: a recorded response stream, put together by the code that puts live ones together.

use std::io::BufRead as _;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    cli::{
        args::{ParseResponseArguments, ResponseForm},
        exit::{Exit, Failure, OrExit as _},
        input::Input,
        output::Output,
    },
    schema::Schema,
    turn::Usage,
    upstream::transcript::{Counts, Transcriber, Transcript},
};

/// Runs the verb. Nothing is printed unless the whole stream could be read; an answer that broke off is told apart from
/// one that cannot be read, and is no failure of this verb.
pub(crate) fn run(arguments: &ParseResponseArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    let mut input = Input::open(arguments.file.as_deref())?;
    if input.is_terminal() {
        output.note("reading a response stream from the terminal; Ctrl-D ends it");
    }
    let transcript = read(&mut input, schema)?;
    match arguments.form {
        ResponseForm::Summary => output.text(&summary(&transcript))?,
        ResponseForm::Text => output.text(&transcript.text)?,
        ResponseForm::Json => output.json(&as_json(&transcript))?,
    }
    if !transcript.complete {
        output.warn("the answer broke off: there is no `finished` event");
    }
    Ok(())
}

fn read(input: &mut Input, schema: &Schema) -> Result<Transcript, Failure> {
    let mut transcriber = Transcriber::new(schema).or_exit(Exit::Usage)?;
    // What a listener would have heard is not needed: the task tree says it all at the end.
    let mut heard = Vec::new();
    loop {
        let chunk = input.fill_buf().context("cannot read the stream")?;
        if chunk.is_empty() {
            break;
        }
        let chunk = Bytes::copy_from_slice(chunk);
        input.consume(chunk.len());
        transcriber.push(&chunk, &mut heard).or_exit(Exit::Input)?;
        heard.clear();
    }
    transcriber.end(&mut heard).or_exit(Exit::Input)?;
    let transcript = transcriber.so_far();
    if transcript.events.iter().next().is_none() {
        let message = format!("{} holds no response events", input.name());
        return Err(Failure::input(message).hint("a recorded stream has lines such as `data: CggKAmMxEgJyMQ==`"));
    }
    Ok(transcript)
}

fn as_json(transcript: &Transcript) -> Value {
    let calls = transcript.tool_calls.iter();
    let calls = calls.map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}));
    json!({
        "conversation_id": transcript.conversation_id,
        "request_id": transcript.request_id,
        "run_id": transcript.run_id,
        "text": transcript.text,
        "reasoning": transcript.reasoning,
        "tool_calls": calls.collect::<Vec<_>>(),
        "server_tool_payloads": transcript.server_tool_payloads,
        "finish_reason": transcript.finish_reason,
        "usage": transcript.usage.as_ref().map(usage_json),
        "events": counts_json(&transcript.events),
        "actions": counts_json(&transcript.actions),
        "complete": transcript.complete,
        "problems": transcript.problems,
    })
}

fn counts_json(counts: &Counts) -> Map<String, Value> {
    counts.iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

/// The two totals, and of the rest what is known.
fn usage_json(usage: &Usage) -> Value {
    json!({"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens})
}

fn summary(transcript: &Transcript) -> String {
    let mut lines = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            lines += &format!("{label:<14}{value}\n");
        }
    };
    line("conversation", &transcript.conversation_id);
    line("request", &transcript.request_id);
    line("run", &transcript.run_id);
    line("events", &counts_text(&transcript.events));
    line("actions", &counts_text(&transcript.actions));
    line("finish", transcript.finish_reason.as_deref().unwrap_or("none: the answer broke off"));
    if let Some(usage) = &transcript.usage {
        line("usage", &usage_text(usage));
    }
    line("server tools", &transcript.server_tool_payloads.join(" "));
    for call in &transcript.tool_calls {
        line("tool call", &format!("{} {} ({})", call.name, json!(call.arguments), call.id));
    }
    for problem in &transcript.problems {
        line("problem", problem);
    }
    line("reasoning", &transcript.reasoning);
    line("text", &transcript.text);
    lines
}

fn counts_text(counts: &Counts) -> String {
    let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    parts.join(", ")
}

fn usage_text(usage: &Usage) -> String {
    let mut text = format!("{} tokens in, {} out", usage.input_tokens, usage.output_tokens);
    if usage.cache_read_tokens + usage.cache_write_tokens > 0 {
        text += &format!(" (cache: {} read, {} written)", usage.cache_read_tokens, usage.cache_write_tokens);
    }
    if let Some(credits) = usage.credits {
        text += &format!(", {credits} credits");
    }
    text
}
