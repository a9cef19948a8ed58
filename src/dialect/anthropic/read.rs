//! Reads a Messages request: the options here, the conversation and the tools in their own files.
//!
//! The rule for options: what the upstream or the gateway can do goes into the turn; everything else is read over, and
//! named as ignored when it asks for something. Clients send new fields long before gateways know them, so no unknown
//! field is an error (`CLIENTS.md` §2.3-30).

use serde_json::Value;

use crate::{
    dialect::{
        Ask, Request,
        anthropic::{
            encode::{Form, MessagesEncoder},
            messages, tools,
        },
        asked,
        field::Field,
        ignored::Ignored,
    },
    models::{Catalogue, Effort},
    turn::{Format, Limits, Turn, TurnError},
};

/// More stop sequences than this are refused.
const MOST_STOPS: usize = 64;

/// Fields that are read here or in the files beside.
const HONOURED: &[&str] = &[
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "stream",
    "stop_sequences",
    "thinking",
    "output_config",
    "output_format",
    "metadata",
];

/// Fields that change nothing of an answer.
const INERT: &[&str] = &["cache_control", "betas", "diagnostics", "inference_geo", "user_profile_id"];

/// Reads a request for an answer, or for the count of its input, which is the same without `max_tokens`.
pub(crate) fn request(ask: &Ask<'_>) -> Result<Request, TurnError> {
    let body = asked::body(ask.body)?;
    let root = Field::root(&body);
    root.object()?;
    let mut ignored = Ignored::default();
    let thinking = Thinking::read(&root)?;
    let (asked_model, model) = model(&root, &thinking, ask.catalogue, &mut ignored)?;
    let conversation = messages::read(&root, &mut ignored)?;
    let tools = tools::read(&root, &mut ignored)?;
    let stream = root.get("stream").map_or(Ok(false), |field| field.flag())?;
    let form = Form {
        id: format!("msg_{}", ask.stamp.id),
        request_id: ask.request_id.to_owned(),
        model: asked_model.to_owned(),
        stream,
        shows_thinking: thinking.is_shown,
    };
    let turn = Turn {
        model,
        instructions: conversation.instructions,
        messages: conversation.messages,
        tools: tools.tools,
        tool_choice: tools.choice,
        parallel_tool_calls: tools.parallel,
        web_search: tools.web_search,
        format: format(&root)?,
        limits: limits(&root)?,
    };
    note_ignored(&body, &mut ignored);
    Ok(Request {
        turn,
        stream,
        choices: 1,
        encoder: Box::new(MessagesEncoder::new(form)),
        ignored: ignored.into_names(),
        repaired: Vec::new(),
        session: session(&body),
    })
}

/// What a request says about thinking.
struct Thinking {
    /// True when the answer is to show it. A client that did not ask for it may take the first block for the answer.
    is_shown: bool,
    /// How hard to think, by the number of tokens that may be spent on it.
    budget: Option<Effort>,
}

impl Thinking {
    fn read(root: &Field<'_, '_>) -> Result<Self, TurnError> {
        let Some(field) = root.get("thinking") else { return Ok(Self { is_shown: false, budget: None }) };
        field.object()?;
        let kind = field.get("type").ok_or_else(|| field.missing("type"))?;
        let is_omitted = field.get("display").is_some_and(|display| display.value() == "omitted");
        match kind.text()? {
            "disabled" => Ok(Self { is_shown: false, budget: None }),
            "enabled" => {
                let tokens = field.get("budget_tokens").filter(|budget| !leaves_it_to_the_model(budget.value()));
                let tokens = tokens.map(|budget| budget.whole()).transpose()?;
                Ok(Self { is_shown: !is_omitted, budget: tokens.map(effort_of) })
            }
            // Adaptive, and whatever is to come.
            _ => Ok(Self { is_shown: !is_omitted, budget: None }),
        }
    }
}

/// True for the budget that opencode's title requests have when it knows no better: -1, as Gemini has it.
fn leaves_it_to_the_model(budget_tokens: &Value) -> bool {
    budget_tokens.as_i64() == Some(-1)
}

/// The effort that spends about this many tokens on thinking.
fn effort_of(budget_tokens: u64) -> Effort {
    match budget_tokens {
        0..4_000 => Effort::Low,
        4_000..16_000 => Effort::Medium,
        _ => Effort::High,
    }
}

/// The model's name as the client wrote it, and the upstream's id of the sibling that thinks as hard as was asked.
fn model<'v>(
    root: &Field<'_, 'v>,
    thinking: &Thinking,
    catalogue: &Catalogue,
    ignored: &mut Ignored,
) -> Result<(&'v str, String), TurnError> {
    let (name, id) = asked::model(root, catalogue)?;
    let config = root.get("output_config");
    let (effort, field) = match config.as_ref().and_then(|config| config.get("effort")) {
        Some(field) => (asked::effort(field.text()?), "output_config.effort"),
        None if thinking.budget.is_some() => (thinking.budget, "thinking.budget_tokens"),
        None => return Ok((name, id)),
    };
    let (id, is_honoured) = asked::with_effort(id, effort, catalogue);
    if !is_honoured {
        ignored.note(field);
    }
    Ok((name, id))
}

fn format(root: &Field<'_, '_>) -> Result<Option<Format>, TurnError> {
    let config = root.get("output_config");
    let of_config = config.as_ref().and_then(|config| config.get("format"));
    // The second is what the field was called while it was in beta.
    let Some(format) = of_config.or_else(|| root.get("output_format")) else { return Ok(None) };
    format.object()?;
    let kind = format.get("type").ok_or_else(|| format.missing("type"))?;
    match kind.text()? {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::JsonObject)),
        "json_schema" => {
            let schema = format.get("schema").ok_or_else(|| format.missing("schema"))?;
            schema.object()?;
            Ok(Some(Format::JsonSchema(schema.value().clone())))
        }
        _ => Err(kind.error("must be json_schema")),
    }
}

fn limits(root: &Field<'_, '_>) -> Result<Limits, TurnError> {
    let max_output_tokens = match root.get("max_tokens") {
        None => None,
        Some(field) => match field.whole()? {
            0 => return Err(field.error("must be at least 1")),
            tokens => Some(tokens),
        },
    };
    Ok(Limits { stop: stop(root)?, max_output_tokens })
}

fn stop(root: &Field<'_, '_>) -> Result<Vec<String>, TurnError> {
    let Some(field) = root.get("stop_sequences") else { return Ok(Vec::new()) };
    let stops: Vec<&str> = field.items()?.map(|element| element.text()).collect::<Result<_, _>>()?;
    if stops.len() > MOST_STOPS {
        return Err(field.error(format_args!("holds more than {MOST_STOPS} sequences")));
    }
    Ok(stops.into_iter().filter(|stop| !stop.is_empty()).map(str::to_owned).collect())
}

/// Claude Code puts its session into what is meant to name a user: as a member of a JSON text, and before that behind
/// a word of its own. Any other text names a user, who may have many sessions.
fn session(body: &Value) -> Option<String> {
    let user = body["metadata"]["user_id"].as_str()?;
    let id = match serde_json::from_str::<Value>(user) {
        Ok(members) => members["session_id"].as_str()?.to_owned(),
        Err(_) => user.rsplit_once("_session_")?.1.to_owned(),
    };
    (!id.is_empty()).then_some(id)
}

/// Names every field that asks for something and was not read.
fn note_ignored(body: &Value, ignored: &mut Ignored) {
    for (name, value) in body.as_object().into_iter().flatten() {
        let is_known = HONOURED.contains(&name.as_str()) || INERT.contains(&name.as_str());
        if !is_known && !asks_nothing(name, value) {
            ignored.note(name);
        }
    }
    for (name, value) in body["output_config"].as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "effort" | "format") && !value.is_null() {
            ignored.note(&format!("output_config.{name}"));
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
        "service_tier" => value == "auto" || value == "standard_only",
        "speed" => value == "standard",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::session;

    #[test]
    fn a_session_is_found_where_agents_hide_it() {
        let of = |user: &str| session(&json!({"metadata": {"user_id": user}}));
        assert_eq!(of(r#"{"device_id":"d","account_uuid":"","session_id":"s-1"}"#).as_deref(), Some("s-1"));
        assert_eq!(of("user_ab_account_cd_session_e-f").as_deref(), Some("e-f"));
        for none in ["user-17", "{}", "[]", "7", r#"{"session_id":7}"#, r#"{"session_id":""}"#, "x_session_"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(session(&json!({"metadata": 7})), None);
    }
}
