//! Reads a Chat Completions request: the options here, the conversation and the tools in their own files.
//!
//! The rule for options: what the upstream or the gateway can do goes into the turn; what would break the client's
//! expectation of the answer's form is refused with the field's name; everything else is read over and named as ignored.

use crate::{
    dialect::{
        Ask, Request, asked,
        field::Field,
        ignored::Ignored,
        openai::{
            format,
            names::Names,
            options::{model, most_tokens, note_ignored},
            tools,
        },
        openai_chat::{
            encode::{ChatEncoder, Form},
            messages,
        },
        openai_responses::items,
    },
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
    "response_format",
    // What the other API calls them.
    "input",
    "instructions",
    "max_output_tokens",
    "reasoning",
    "text",
];

/// Reads a request.
pub(crate) fn request(ask: &Ask<'_>) -> Result<Request, TurnError> {
    let body = asked::body(ask.body)?;
    let root = Field::root(&body);
    root.object()?;
    refuse_what_changes_the_form(&root)?;
    let mut ignored = Ignored::default();
    let reasoning = root.get("reasoning");
    let effort = root.get("reasoning_effort").or_else(|| reasoning.as_ref()?.get("effort"));
    let (asked_model, model) = model(&root, effort, ask.catalogue, &mut ignored)?;
    let tools = tools::read(&root, &mut ignored)?;
    let items::Conversation { instructions, messages, repaired } =
        conversation(&root, ask, &tools.names, &mut ignored)?;
    let stream = root.get("stream").map_or(Ok(false), |field| field.flag())?;
    let choices = choices(&root)?;
    let web_search = tools.web_search || root.get("web_search_options").is_some();
    let form = Form {
        id: format!("chatcmpl-{}", ask.stamp.id),
        created: ask.stamp.created,
        model: asked_model.to_owned(),
        choices,
        stream,
        include_usage: include_usage(&root)?,
        legacy_functions: tools.legacy,
        cites: web_search,
        names: tools.names,
    };
    let text = root.get("text");
    let turn = Turn {
        model,
        instructions,
        messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: tools.parallel,
        web_search,
        format: format::read(root.get("response_format").or_else(|| text.as_ref()?.get("format")))?,
        limits: limits(&root)?,
    };
    note_ignored(&body, HONOURED, &mut ignored);
    Ok(Request {
        turn,
        stream,
        choices,
        encoder: Box::new(ChatEncoder::new(form)),
        ignored: ignored.into_names(),
        repaired,
        session: None,
    })
}

/// The conversation. Some clients send the input of the other API to this one, and expect an
/// answer of this one (`CLIENTS.md` §4.11).
fn conversation(
    root: &Field<'_, '_>,
    ask: &Ask<'_>,
    names: &Names,
    ignored: &mut Ignored,
) -> Result<items::Conversation, TurnError> {
    if root.get("messages").is_none() && root.get("input").is_some() {
        return items::read(root, None, &items::Context { names, kept: ask.kept }, ignored);
    }
    let messages::Conversation { instructions, messages, repaired, .. } = messages::read(root, ignored)?;
    Ok(items::Conversation { instructions, messages, repaired })
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
    let names = ["max_completion_tokens", "max_tokens", "max_output_tokens"];
    let max_output_tokens = most_tokens(names.into_iter().find_map(|name| root.get(name)))?;
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
