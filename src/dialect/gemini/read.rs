//! Reads a request: the options here, the conversation and the tools in their own files.
//!
//! The rule for options: what the upstream or the gateway can do goes into the turn; what would break the client's
//! expectation of the answer's form is refused with the field's name; everything else is read over and named as ignored.

use serde_json::{Value, json};

use crate::{
    dialect::{
        Ask, Request, asked,
        field::Field,
        gemini::{
            contents,
            encode::{Form, GeminiEncoder, Shape},
            options::{camel, either, for_each},
            path::{Method, Path},
            schema::to_json_schema,
            tools,
        },
        ignored::Ignored,
    },
    models::Effort,
    turn::{Format, Limits, Turn, TurnError},
};

/// More candidates than this are refused: each is an upstream request of its own.
const MOST_CHOICES: u64 = 8;
/// More stop sequences than this are refused. Google's own limit is 5.
const MOST_STOPS: usize = 16;

/// Fields of the body that are read, or change nothing of an answer.
const KNOWN: &[&str] = &[
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "labels",
    "generateContentRequest",
];
/// Fields of `generationConfig` that are read.
const KNOWN_OPTIONS: &[&str] = &[
    "stopSequences",
    "maxOutputTokens",
    "candidateCount",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "_responseJsonSchema",
    "responseModalities",
    "responseLogprobs",
    "thinkingConfig",
];

/// Reads a request for `path`.
pub(crate) fn request(ask: &Ask<'_>, path: &Path) -> Result<Request, TurnError> {
    let body = asked::body(ask.body)?;
    let body = Field::root(&body);
    body.object()?;
    // A request to count may hold the request whose input is counted.
    let inner = either(&body, "generateContentRequest", "generate_content_request");
    let root = inner.filter(|_| path.method == Method::Count).unwrap_or(body);
    let mut ignored = Ignored::default();
    let options = either(&root, "generationConfig", "generation_config");
    if let Some(cached) = either(&root, "cachedContent", "cached_content") {
        return Err(cached.error("names content that is not here: nothing is cached; send it in `contents`"));
    }
    let id = ask.catalogue.resolve(&path.model).ok_or_else(|| asked::unknown_model(&path.model, ask.catalogue))?;
    let conversation = contents::read(&root, &mut ignored)?;
    let tools = tools::read(&root, &mut ignored)?;
    note_ignored(&root, "", KNOWN, &mut ignored)?;
    let options = match &options {
        Some(options) => Options::read(options, &mut ignored)?,
        None => Options::default(),
    };
    let (model, is_honoured) = asked::with_effort(id, options.effort, ask.catalogue);
    if options.effort.is_some() && !is_honoured {
        ignored.note("generationConfig.thinkingConfig");
    }
    let form = Form {
        id: ask.stamp.id.clone(),
        model: path.model.clone(),
        choices: options.choices,
        shape: shape(path.method, ask.query),
        thoughts: options.thoughts,
    };
    let turn = Turn {
        model,
        instructions: conversation.instructions,
        messages: conversation.messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: true,
        web_search: tools.web_search,
        format: options.format,
        limits: options.limits,
    };
    Ok(Request {
        turn,
        stream: path.method == Method::Stream,
        choices: options.choices,
        encoder: Box::new(GeminiEncoder::new(form)),
        ignored: ignored.into_names(),
        repaired: Vec::new(),
        session: None,
    })
}

fn shape(method: Method, query: &str) -> Shape {
    let is_sse = query.split('&').any(|pair| pair.eq_ignore_ascii_case("alt=sse"));
    match method {
        Method::Stream if is_sse => Shape::Events,
        Method::Stream => Shape::Array,
        Method::Generate | Method::Count => Shape::Body,
    }
}

/// What `generationConfig` says.
struct Options {
    limits: Limits,
    choices: u32,
    format: Option<Format>,
    effort: Option<Effort>,
    thoughts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: Limits::default(), choices: 1, format: None, effort: None, thoughts: false }
    }
}

impl Options {
    fn read(options: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Self, TurnError> {
        refuse_what_changes_the_form(options)?;
        note_ignored(options, "generationConfig.", KNOWN_OPTIONS, ignored)?;
        let (effort, thoughts) = thinking(options, ignored)?;
        let limits = Limits { stop: stop(options)?, max_output_tokens: max_output_tokens(options)? };
        Ok(Self { limits, choices: choices(options)?, format: format(options, ignored)?, effort, thoughts })
    }
}

fn choices(options: &Field<'_, '_>) -> Result<u32, TurnError> {
    let Some(field) = either(options, "candidateCount", "candidate_count") else { return Ok(1) };
    match field.whole()? {
        // The range makes the conversion exact.
        number @ 1..=MOST_CHOICES => Ok(number as u32),
        _ => Err(field.error(format_args!("must be from 1 to {MOST_CHOICES}"))),
    }
}

fn max_output_tokens(options: &Field<'_, '_>) -> Result<Option<u64>, TurnError> {
    let Some(field) = either(options, "maxOutputTokens", "max_output_tokens") else { return Ok(None) };
    match field.whole()? {
        0 => Err(field.error("must be at least 1")),
        tokens => Ok(Some(tokens)),
    }
}

fn stop(options: &Field<'_, '_>) -> Result<Vec<String>, TurnError> {
    let Some(field) = either(options, "stopSequences", "stop_sequences") else { return Ok(Vec::new()) };
    let mut stops = Vec::new();
    for_each(&field, |stop| {
        stops.extend(Some(stop.text()?.to_owned()).filter(|stop| !stop.is_empty()));
        Ok(())
    })?;
    match stops.len() > MOST_STOPS {
        true => Err(field.error(format_args!("holds more than {MOST_STOPS} sequences"))),
        false => Ok(stops),
    }
}

fn format(options: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Option<Format>, TurnError> {
    let json =
        either(options, "responseJsonSchema", "response_json_schema").or_else(|| options.get("_responseJsonSchema"));
    let schema = json.or_else(|| either(options, "responseSchema", "response_schema"));
    let kind = either(options, "responseMimeType", "response_mime_type");
    let kind = kind.as_ref().map_or(Ok(""), |kind| kind.text())?.to_ascii_lowercase();
    match (kind.as_str(), schema) {
        ("application/json" | "", Some(schema)) => {
            schema.object()?;
            Ok(Some(Format::JsonSchema(to_json_schema(schema.value()))))
        }
        // Any JSON will do, not objects only.
        ("application/json", None) => Ok(Some(Format::JsonSchema(json!({})))),
        ("" | "text/plain", _) => Ok(None),
        _ => {
            ignored.note("generationConfig.responseMimeType");
            Ok(None)
        }
    }
}

/// How hard to think, and whether to show it.
fn thinking(options: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(Option<Effort>, bool), TurnError> {
    let Some(config) = either(options, "thinkingConfig", "thinking_config") else { return Ok((None, false)) };
    config.object()?;
    let thoughts = either(&config, "includeThoughts", "include_thoughts").map_or(Ok(false), |shown| shown.flag())?;
    if let Some(level) = either(&config, "thinkingLevel", "thinking_level") {
        let effort = asked::effort(&level.text()?.to_ascii_lowercase());
        if effort.is_none() && !level.text()?.eq_ignore_ascii_case("THINKING_LEVEL_UNSPECIFIED") {
            ignored.note("generationConfig.thinkingConfig");
        }
        return Ok((effort, thoughts));
    }
    let budget = either(&config, "thinkingBudget", "thinking_budget");
    Ok((budget.as_ref().and_then(|budget| effort_of(budget.value())), thoughts))
}

/// The effort that a budget of thinking tokens stands for. A negative one leaves it to the model.
fn effort_of(budget: &Value) -> Option<Effort> {
    Some(match budget.as_i64()? {
        ..0 => return None,
        0 => Effort::None,
        1..=512 => Effort::Minimal,
        513..=4096 => Effort::Low,
        4097..=12_288 => Effort::Medium,
        12_289.. => Effort::High,
    })
}

/// A client that asks for these reads something from the answer that would not be there.
fn refuse_what_changes_the_form(options: &Field<'_, '_>) -> Result<(), TurnError> {
    options.object()?;
    if let Some(field) = either(options, "responseLogprobs", "response_logprobs")
        && field.flag()?
    {
        return Err(field.error("cannot be true: the upstream gives no log probabilities"));
    }
    let Some(modalities) = either(options, "responseModalities", "response_modalities") else { return Ok(()) };
    for_each(&modalities, |modality| match modality.text()?.to_ascii_uppercase().as_str() {
        "TEXT" | "MODALITY_UNSPECIFIED" => Ok(()),
        _ => Err(modality.error("must be TEXT: the upstream answers with nothing else")),
    })
}

/// Names every field that asks for something and was not read.
fn note_ignored(fields: &Field<'_, '_>, prefix: &str, known: &[&str], ignored: &mut Ignored) -> Result<(), TurnError> {
    for (name, value) in fields.object()? {
        let name = camel(name);
        if !known.contains(&name.as_str()) && !asks_nothing(&name, value) {
            ignored.note(&format!("{prefix}{name}"));
        }
    }
    Ok(())
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
        "temperature" | "topP" => value.as_f64() == Some(1.0),
        "presencePenalty" | "frequencyPenalty" => value.as_f64() == Some(0.0),
        _ => false,
    }
}
