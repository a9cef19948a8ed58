//! Reads a Chat Completions request: the options here, the conversation and the tools in their own files.
//!
//! The rule for options: what the upstream or the gateway can do goes into the turn; what would break the client's
//! expectation of the answer's form is refused with the field's name; everything else is read over and named as ignored.

use serde_json::Value;

use crate::{
    dialect::{
        Request, Stamp, asked,
        field::Field,
        ignored::Ignored,
        openai_chat::{
            encode::{ChatEncoder, Form},
            messages, tools,
        },
    },
    models::Catalogue,
    turn::{Limits, Turn, TurnError},
};

/// More choices than this are refused: each is an upstream request of its own.
const MOST_CHOICES: u64 = 8;
/// More stop sequences than this are refused. OpenAI's own limit is 4.
const MOST_STOPS: usize = 16;

/// Fields that are read here or in the files beside.
const HONOURED: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "stream",
    "stream_options",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "reasoning_effort",
    "web_search_options",
    "logprobs",
    "modalities",
];

/// Fields that change nothing of an answer.
const INERT: &[&str] =
    &["user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"];

/// Reads a request body.
pub(crate) fn request(body: &[u8], stamp: &Stamp, catalogue: &Catalogue) -> Result<Request, TurnError> {
    let body = asked::body(body)?;
    let root = Field::root(&body);
    root.object()?;
    refuse_what_changes_the_form(&root)?;
    let mut ignored = Ignored::default();
    let (asked_model, model) = model(&root, catalogue, &mut ignored)?;
    let conversation = messages::read(&root, &mut ignored)?;
    let tools = tools::read(&root, &mut ignored)?;
    let stream = root.get("stream").map_or(Ok(false), |field| field.flag())?;
    let choices = choices(&root)?;
    let form = Form {
        id: format!("chatcmpl-{}", stamp.id),
        created: stamp.created,
        model: asked_model.to_owned(),
        choices,
        stream,
        include_usage: include_usage(&root)?,
        legacy_functions: tools.legacy,
    };
    let turn = Turn {
        model,
        instructions: conversation.instructions,
        messages: conversation.messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: tools.parallel,
        web_search: tools.web_search || root.get("web_search_options").is_some(),
        format: None,
        limits: limits(&root)?,
    };
    note_ignored(&body, &mut ignored);
    Ok(Request {
        turn,
        stream,
        choices,
        encoder: Box::new(ChatEncoder::new(form)),
        ignored: ignored.into_names(),
        session: None,
    })
}

/// The model's name as the client wrote it, and the upstream's id of the sibling that thinks as hard as was asked.
fn model<'v>(
    root: &Field<'_, 'v>,
    catalogue: &Catalogue,
    ignored: &mut Ignored,
) -> Result<(&'v str, String), TurnError> {
    let (name, id) = asked::model(root, catalogue)?;
    let Some(field) = root.get("reasoning_effort") else {
        return Ok((name, id));
    };
    let (id, is_honoured) = asked::with_effort(id, asked::effort(field.text()?), catalogue);
    if !is_honoured {
        ignored.note("reasoning_effort");
    }
    Ok((name, id))
}

fn choices(root: &Field<'_, '_>) -> Result<u32, TurnError> {
    let Some(field) = root.get("n") else { return Ok(1) };
    match field.whole()? {
        // The range makes the conversion exact.
        number @ 1..=MOST_CHOICES => Ok(number as u32),
        _ => Err(field.error(format_args!("must be from 1 to {MOST_CHOICES}"))),
    }
}

fn include_usage(root: &Field<'_, '_>) -> Result<bool, TurnError> {
    let Some(options) = root.get("stream_options") else { return Ok(false) };
    options.object()?;
    options.get("include_usage").map_or(Ok(false), |field| field.flag())
}

fn limits(root: &Field<'_, '_>) -> Result<Limits, TurnError> {
    let field = root.get("max_completion_tokens").or_else(|| root.get("max_tokens"));
    let max_output_tokens = match field {
        None => None,
        Some(field) => match field.whole()? {
            0 => return Err(field.error("must be at least 1")),
            tokens => Some(tokens),
        },
    };
    Ok(Limits { stop: stop(root)?, max_output_tokens })
}

fn stop(root: &Field<'_, '_>) -> Result<Vec<String>, TurnError> {
    let Some(field) = root.get("stop") else { return Ok(Vec::new()) };
    let stops = match field.elements() {
        None => vec![field.text()?],
        Some(elements) => elements.map(|element| element.text()).collect::<Result<_, _>>()?,
    };
    if stops.len() > MOST_STOPS {
        return Err(field.error(format_args!("holds more than {MOST_STOPS} sequences")));
    }
    Ok(stops.into_iter().filter(|stop| !stop.is_empty()).map(str::to_owned).collect())
}

/// A client that asks for these reads something from the answer that would not be there.
fn refuse_what_changes_the_form(root: &Field<'_, '_>) -> Result<(), TurnError> {
    if let Some(field) = root.get("logprobs")
        && field.flag()?
    {
        return Err(field.error("cannot be true: the upstream gives no log probabilities"));
    }
    let Some(modalities) = root.get("modalities") else { return Ok(()) };
    if modalities.items()?.any(|modality| modality.value() != "text") {
        return Err(modalities.error("must be [\"text\"]: the upstream answers with nothing else"));
    }
    Ok(())
}

/// Names every field that asks for something and was not read.
fn note_ignored(body: &Value, ignored: &mut Ignored) {
    for (name, value) in body.as_object().into_iter().flatten() {
        let is_known = HONOURED.contains(&name.as_str()) || INERT.contains(&name.as_str());
        if !is_known && !asks_nothing(name, value) {
            ignored.note(name);
        }
    }
}

/// True when `value` is what would hold for the field `name` if the client had not sent it.
fn asks_nothing(name: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => return true,
        Value::Array(elements) if elements.is_empty() => return true,
        Value::Object(members) if members.is_empty() => return true,
        Value::String(text) if text.is_empty() => return true,
        Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
    }
    match name {
        "temperature" | "top_p" => value.as_f64() == Some(1.0),
        "frequency_penalty" | "presence_penalty" | "top_logprobs" => value.as_f64() == Some(0.0),
        "service_tier" => value == "auto" || value == "default",
        "verbosity" => value == "medium",
        "response_format" => value["type"] == "text",
        _ => false,
    }
}
