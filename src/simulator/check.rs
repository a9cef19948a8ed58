//! Whether a request is well formed. What the service is known to refuse is refused in its words (`WARP-PROTOCOL.md`
//! §1.7); where its behaviour is not known, the simulator is strict and says what it misses. It must not know HTTP
//! beyond [`Refusal`], nor how an answer is made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::simulator::catalogue;
use crate::simulator::conversation::Conversation;
use crate::simulator::refusal::Refusal;
use crate::simulator::request::{Request, list, text, variant};

/// Image types the service takes (§2.f).
const IMAGE_TYPES: [&str; 5] = ["image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"];

/// The endpoint a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/ai/multi-agent`
    Agent,
    /// `/ai/passive-suggestions`
    Suggestions,
}

/// Holds a request against every rule.
pub(crate) fn check(request: &Request, endpoint: Endpoint, known: Option<&Conversation>) -> Result<(), Refusal> {
    known_fields(request)?;
    input(request, endpoint)?;
    settings(request)?;
    metadata(request)?;
    tools(request)?;
    images(request)?;
    let calls = history(request, known)?;
    results(request, &calls, known)
}

fn known_fields(request: &Request) -> Result<(), Refusal> {
    match request.json.get("@unknown") {
        Some(unknown) => Err(Refusal::invalid(format_args!("unknown fields at its top level: {unknown}"))),
        None => Ok(()),
    }
}

fn input(request: &Request, endpoint: Endpoint) -> Result<(), Refusal> {
    let nothing = || Err(Refusal::invalid("Expected user query or tool call result as input; got <nil>"));
    match (endpoint, request.input_kind()) {
        (_, None) => nothing(),
        (Endpoint::Suggestions, Some("generate_passive_suggestions")) => Ok(()),
        (Endpoint::Suggestions, Some(other)) => {
            Err(Refusal::invalid(format_args!("{other} does not belong to the endpoint of passive suggestions")))
        }
        (Endpoint::Agent, Some("user_inputs")) if request.inputs().is_empty() => nothing(),
        (Endpoint::Agent, Some("user_inputs")) => request.inputs().iter().try_for_each(user_input),
        (Endpoint::Agent, Some("resume_conversation" | "summarize_conversation")) if request.tasks().is_empty() => {
            Err(Refusal::invalid("there is no conversation to go on with: task_context has no tasks"))
        }
        (Endpoint::Agent, Some("resume_conversation" | "summarize_conversation")) => Ok(()),
        (Endpoint::Agent, Some(other)) => {
            Err(Refusal::invalid(format_args!("the simulator does not play the input {other}")))
        }
    }
}

fn user_input(input: &Value) -> Result<(), Refusal> {
    match variant(input, &[]) {
        Some(("user_query", query)) if text(&query["query"]).is_empty() => {
            Err(Refusal::invalid("a user query is empty"))
        }
        Some(("user_query" | "tool_call_result", _)) => Ok(()),
        Some((other, _)) => Err(Refusal::invalid(format_args!("the simulator does not play the user input {other}"))),
        None => Err(Refusal::invalid("Expected user query or tool call result as input; got <nil>")),
    }
}

fn settings(request: &Request) -> Result<(), Refusal> {
    let tools = &request.json["settings"]["supported_tools"];
    if *tools != serde_json::json!(["CALL_MCP_TOOL"]) {
        let listed = list(tools).iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        let what = format_args!("settings.supported_tools must be exactly [CALL_MCP_TOOL], not [{listed}]").to_string();
        return Err(Refusal::invalid(what));
    }
    let model = request.model();
    if model.is_empty() {
        return Err(Refusal::invalid("settings.model_config.base is missing"));
    }
    let settings = &request.json["settings"];
    let providers = list(&settings["custom_model_providers"]["providers"]).iter();
    let own_models = providers.flat_map(|provider| list(&provider["models"]));
    let own = own_models.chain(list(&settings["custom_model_routers"]["routers"]));
    let is_own = own.into_iter().any(|own| text(&own["config_key"]) == model);
    if catalogue::find(model).is_none() && !is_own {
        return Err(Refusal::model_not_allowed(model));
    }
    Ok(())
}

fn metadata(request: &Request) -> Result<(), Refusal> {
    if !request.forked_from().is_empty() && !request.conversation_id().is_empty() {
        return Err(Refusal::invalid("forked_from_conversation_id goes with an empty conversation_id only"));
    }
    Ok(())
}

fn tools(request: &Request) -> Result<(), Refusal> {
    for server in list(&request.json["mcp_context"]["servers"]) {
        if text(&server["name"]).is_empty() {
            return Err(Refusal::invalid("an MCP server has no name"));
        }
    }
    let mut names = BTreeSet::new();
    for tool in request.tools() {
        if tool.name.is_empty() {
            return Err(Refusal::invalid("an MCP tool has no name"));
        }
        if tool.input_schema["type"] != "object" {
            return Err(Refusal::invalid(format_args!("the schema of MCP tool {:?} is not an object's", tool.name)));
        }
        if !names.insert((tool.server_id, tool.name.clone())) {
            return Err(Refusal::invalid(format_args!("MCP tool {:?} is offered twice", tool.name)));
        }
    }
    Ok(())
}

fn images(request: &Request) -> Result<(), Refusal> {
    for (mime_type, size) in request.images() {
        if !IMAGE_TYPES.contains(&mime_type) {
            return Err(Refusal::invalid(format_args!("an image is of type {mime_type:?}")));
        }
        if size.is_none_or(|size| size == 0) {
            return Err(Refusal::invalid("the data of an image is not base64 text of anything"));
        }
    }
    Ok(())
}

/// A call found in the tasks.
#[derive(Debug, Clone)]
struct Call {
    kind: String,
    answered: bool,
}

/// Checks the tasks; gives their calls by id.
fn history(request: &Request, known: Option<&Conversation>) -> Result<BTreeMap<String, Call>, Refusal> {
    let tasks = request.tasks();
    if tasks.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: BTreeSet<&str> = tasks.iter().map(|task| text(&task["id"])).collect();
    if ids.contains("") || ids.len() != tasks.len() {
        return Err(Refusal::invalid("a task's id is missing or not its own"));
    }
    let parent = |task: &Value| text(&task["dependencies"]["parent_task_id"]).to_owned();
    let roots = tasks.iter().filter(|task| parent(task).is_empty()).count();
    if roots != 1 {
        return Err(Refusal::invalid(format_args!("there must be one root task, not {roots}")));
    }
    let mut message_ids = BTreeSet::new();
    let mut calls = BTreeMap::new();
    for task in tasks {
        let parent = parent(task);
        if !parent.is_empty() && !ids.contains(parent.as_str()) {
            return Err(Refusal::invalid(format_args!("the parent {parent:?} of a task is not among the tasks")));
        }
        for message in list(&task["messages"]) {
            history_message(text(&task["id"]), message, &mut message_ids, &mut calls)?;
        }
    }
    unanswered(request, &calls, known)?;
    Ok(calls)
}

fn history_message<'a>(
    task_id: &str,
    message: &'a Value,
    message_ids: &mut BTreeSet<&'a str>,
    calls: &mut BTreeMap<String, Call>,
) -> Result<(), Refusal> {
    let id = text(&message["id"]);
    if id.is_empty() || !message_ids.insert(id) {
        return Err(Refusal::invalid(format_args!("a message's id is missing or not its own: {id:?}")));
    }
    if text(&message["task_id"]) != task_id {
        return Err(Refusal::invalid(format_args!("message {id:?} does not name its task {task_id:?}")));
    }
    if let Some(call) = message.get("tool_call") {
        let call_id = text(&call["tool_call_id"]);
        let kind = variant(call, &["tool_call_id"]).map(|(kind, _)| kind).unwrap_or_default().to_owned();
        if calls.insert(call_id.to_owned(), Call { kind, answered: false }).is_some() || call_id.is_empty() {
            return Err(Refusal::invalid(format_args!("a tool call's id is missing or not its own: {call_id:?}")));
        }
    }
    if let Some(result) = message.get("tool_call_result") {
        let call_id = text(&result["tool_call_id"]);
        match calls.get_mut(call_id) {
            Some(call) if call.answered => {
                return Err(Refusal::invalid(format_args!("tool call {call_id:?} has two results")));
            }
            Some(call) => call.answered = true,
            None => {
                return Err(Refusal::invalid(format_args!(
                    "a tool result answers {call_id:?}, which was not called before"
                )));
            }
        }
    }
    Ok(())
}

/// Calls of the client's tools need a result: in the history, in the input, or, when the service made the call itself
/// and the user goes on with a query, from the service, which cancels it.
fn unanswered(request: &Request, calls: &BTreeMap<String, Call>, known: Option<&Conversation>) -> Result<(), Refusal> {
    let answered_now: BTreeSet<&str> = request.results().map(|result| result.call_id).collect();
    let sent: BTreeSet<&str> =
        known.into_iter().flat_map(Conversation::open_calls).map(|(id, _)| id.as_str()).collect();
    let goes_on = request.query().is_some() || request.input_kind() != Some("user_inputs");
    let settled = |id: &String, call: &Call| {
        call.answered
            || matches!(call.kind.as_str(), "server" | "subagent")
            || answered_now.contains(id.as_str())
            || (goes_on && sent.contains(id.as_str()))
    };
    let open = calls.iter().find(|(id, call)| !settled(id, call));
    match open {
        Some((id, _)) => Err(Refusal::invalid(format_args!("tool call {id:?} has no result"))),
        None => Ok(()),
    }
}

fn results(request: &Request, calls: &BTreeMap<String, Call>, known: Option<&Conversation>) -> Result<(), Refusal> {
    let sent: BTreeMap<&str, &String> =
        known.into_iter().flat_map(Conversation::open_calls).map(|(id, kind)| (id.as_str(), kind)).collect();
    let mut seen = BTreeSet::new();
    for result in request.results() {
        let id = result.call_id;
        if !seen.insert(id) || calls.get(id).is_some_and(|call| call.answered) {
            return Err(Refusal::invalid(format_args!("tool call {id:?} has two results")));
        }
        let called = calls.get(id).map(|call| &call.kind).or(sent.get(id).copied());
        match called {
            None => return Err(Refusal::invalid(format_args!("a tool result answers {id:?}, which was not called"))),
            Some(kind) if kind != result.kind => {
                let what = format!("the result of tool call {id:?} is {:?}, the call {kind:?}", result.kind);
                return Err(Refusal::invalid(what));
            }
            Some(_) => {}
        }
        if result.kind == "call_mcp_tool" {
            mcp_result(id, result.content)?;
        }
    }
    Ok(())
}

fn mcp_result(id: &str, content: &Value) -> Result<(), Refusal> {
    let parts = list(&content["success"]["results"]);
    let empty_text = |part: &Value| part.get("text").is_some_and(|part| text(&part["text"]).is_empty());
    match variant(content, &[]) {
        Some(("success", _)) if parts.is_empty() || parts.iter().any(empty_text) => {
            Err(Refusal::invalid(format_args!("the result of tool call {id:?} is empty")))
        }
        Some(("success" | "error", _)) => Ok(()),
        Some(_) | None => {
            Err(Refusal::invalid(format_args!("the result of tool call {id:?} is neither success nor error")))
        }
    }
}
