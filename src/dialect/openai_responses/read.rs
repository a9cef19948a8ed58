//! Reads a Responses request: the options here, the conversation and the tools in their own files.
//!
//! The rule for options: what the upstream or the gateway can do goes into the turn; everything else is read over and
//! named as ignored. Agents of this API send new fields with every version, so none of them is refused.

use serde_json::Value;

use crate::{
    dialect::{
        Ask, Keeper, Request, asked,
        field::Field,
        ignored::Ignored,
        openai::{
            format,
            options::{model, most_tokens, note_ignored},
            tools,
        },
        openai_responses::{
            encode::{Form, ResponsesEncoder},
            history, items,
            object::Object,
        },
    },
    turn::{Limits, Turn, TurnError},
};

/// Fields that are read here or in the files beside.
const HONOURED: &[&str] = &[
    "model",
    "input",
    "instructions",
    "previous_response_id",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream",
    "stream_options",
    "store",
    "max_output_tokens",
    "reasoning",
    "text",
    "include",
    "client_metadata",
];
/// What `include` may ask for that is there without asking, or whose absence costs nothing: reasoning that is not given
/// encrypted cannot be sent back, and the upstream remembers its own.
const INCLUDED: &[&str] = &["web_search_call.action.sources", "reasoning.encrypted_content"];

/// Reads a request.
pub(crate) fn request(ask: Ask<'_>) -> Result<Request, TurnError> {
    let mut body = asked::body(ask.body)?;
    let root = Field::root(&body);
    root.object()?;
    let mut ignored = Ignored::default();
    let (reasoning, text) = (root.get("reasoning"), root.get("text"));
    let effort = reasoning.as_ref().and_then(|reasoning| reasoning.get("effort"));
    let (asked_model, model) = model(&root, effort, ask.catalogue, &mut ignored)?;
    let tools = tools::read(&root, &mut ignored)?;
    let previous = history::previous(&root, ask.kept)?;
    let context = items::Context { names: &tools.names, kept: ask.kept };
    let conversation = items::read(&root, previous.as_deref(), &context, &mut ignored)?;
    let stream = root.get("stream").map_or(Ok(false), |field| field.flag())?;
    let store = root.get("store").map_or(Ok(true), |field| field.flag())?;
    let turn = Turn {
        model,
        instructions: conversation.instructions,
        messages: conversation.messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: tools.parallel,
        web_search: tools.web_search,
        format: format::read(text.as_ref().and_then(|text| text.get("format")))?,
        limits: Limits { stop: Vec::new(), max_output_tokens: most_tokens(root.get("max_output_tokens"))? },
    };
    note_what_is_read_over(&root, &mut ignored)?;
    let (session, repaired) = (session(&body), conversation.repaired);
    let object = Object::begun(&body, asked_model, &ask.stamp, store);
    let keep = store.then(|| remembered(&mut body, previous.as_deref(), ask.kept));
    let (names, shows_searches) = (tools.names, tools.web_search);
    let form = Form { answer: ask.stamp.id, stream, names, shows_searches, object, keep };
    let encoder = Box::new(ResponsesEncoder::new(form));
    Ok(Request { turn, stream, choices: 1, encoder, ignored: ignored.into_names(), repaired, session })
}

/// All that was said up to now, to be kept with the answer.
fn remembered(body: &mut Value, previous: Option<&Value>, kept: &dyn Keeper) -> Vec<Value> {
    let input = body.get_mut("input").map(Value::take).unwrap_or_default();
    history::whole(previous, input, kept)
}

fn note_what_is_read_over(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
    note_ignored(root.value(), HONOURED, ignored);
    if let Some(include) = root.get("include") {
        for wish in include.items()? {
            if !INCLUDED.contains(&wish.text()?) {
                ignored.note(&format!("include.{}", wish.text()?));
            }
        }
    }
    if let Some(text) = root.get("text")
        && let Some(verbosity) = text.get("verbosity")
        && verbosity.value() != "medium"
    {
        ignored.note("text.verbosity");
    }
    Ok(())
}

/// What the body says of the client's session. Agents put it where OpenAI looks for the key of its prompt cache.
fn session(body: &Value) -> Option<String> {
    let metadata = &body["client_metadata"];
    let named = [&metadata["session_id"], &metadata["thread_id"], &body["prompt_cache_key"]];
    named.into_iter().find_map(|value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}
