//! A turn to the wire bytes of a `Request` (`WARP-PROTOCOL.md` §2).
//!
//! The message is written as JSON and encoded by the schema; tasks that the upstream sent go back as the bytes they
//! were. It must not know HTTP, credentials, or when it is: the time and new ids are given to it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    schema::{self, Schema, wire},
    turn::{ErrorKind, Format, Message, Tool, ToolChoice, ToolResult, Turn, TurnError},
    upstream::{
        config::{Config, HistoryCarrier, McpForm, SystemCarrier},
        entry::Call,
        history,
        parts::{self, files, images, object, tool_result},
    },
};

/// The id of the one MCP server by which the client's tools travel; the upstream echoes it in calls.
const SERVER_ID: &str = "6d9f3c1e-3f4b-4c57-9a53-9d0d1c1a7a6b";
/// Its name.
const SERVER_NAME: &str = "client";
/// The name of the attachment that carries system text, and by which the query refers to it.
const SYSTEM_ATTACHMENT: &str = "SYSTEM_PROMPT";
/// The file and folder that system text pretends to come from as a project rule; the upstream wants both.
const RULES_FILE: &str = "AGENTS.md";
const RULES_ROOT: &str = "/";

/// What came before the turn, as far as the upstream is concerned.
#[derive(Debug, Clone, Default)]
pub enum Past {
    /// Nothing that the upstream knows: what the turn's messages tell is replayed.
    #[default]
    Replayed,
    /// A conversation that the upstream began itself.
    Continued(Continued),
}

/// A conversation that the upstream began, with its own tasks.
#[derive(Debug, Clone, Default)]
pub struct Continued {
    /// Its id.
    pub conversation_id: String,
    /// Its active tasks, as wire bytes.
    pub tasks: Vec<Bytes>,
    /// True when the turn is to branch off, for another has already gone on from there.
    pub is_branch: bool,
    /// True when the turn's system text is not what the upstream was told.
    pub instruct: bool,
}

/// Builds requests.
#[derive(Debug, Clone)]
pub struct Builder {
    schema: Schema,
    system_prompt: SystemCarrier,
    history: HistoryCarrier,
    mcp_form: McpForm,
}

/// What a builder may not make up itself.
pub struct Given<'a> {
    /// The time, as RFC 3339 with a `Z`.
    pub now: &'a str,
    /// Makes a new UUID.
    pub new_id: &'a mut dyn FnMut() -> String,
}

/// A request, together with the tasks that it carries: the answer's actions refer to them.
#[derive(Debug, Clone)]
pub struct Built {
    /// Wire bytes of the `Request`.
    pub body: Bytes,
    /// Wire bytes of each `Task` in it.
    pub tasks: Vec<Bytes>,
}

impl Builder {
    /// A builder of messages of `schema` with the choices of `config`.
    #[must_use]
    pub fn new(schema: Schema, config: &Config) -> Self {
        let Config { system_prompt, history, mcp_form, .. } = *config;
        Self { schema, system_prompt, history, mcp_form }
    }

    /// The request for `turn`, whose history is sound (see [`crate::turn::repair`]).
    ///
    /// # Errors
    /// When something in the turn has no place on the wire, such as a tool schema with a number that is too large.
    pub fn build(&self, turn: &Turn, past: &Past, given: Given<'_>) -> Result<Built, TurnError> {
        let asked = turn.messages.iter().rposition(|message| matches!(message, Message::Assistant(_)));
        let (before, now) = turn.messages.split_at(asked.map_or(0, |place| place + 1));
        let mut input = Input::default();
        let continued = match past {
            Past::Continued(continued) => {
                input.say(now);
                if continued.instruct {
                    self.instruct(&instructions(turn), &mut [], &mut input);
                }
                continued.clone()
            }
            Past::Replayed => {
                let mut replayed = Vec::new();
                match self.history {
                    HistoryCarrier::Tasks => {
                        replayed = history::messages(before);
                        input.say(now);
                    }
                    HistoryCarrier::Flatten => input.tell(before, now),
                }
                self.instruct(&instructions(turn), &mut replayed, &mut input);
                let task = (!replayed.is_empty()).then(|| history::task(replayed, given.new_id));
                let tasks = task.map(|task| self.encode("Task", &task)).transpose()?;
                Continued { tasks: tasks.into_iter().collect(), ..Continued::default() }
            }
        };
        self.assemble(turn, input.into_json(given.now), continued)
    }

    /// The request that answers every one of `calls` as unavailable, so that the model goes on without them.
    ///
    /// # Errors
    /// When the schema has no result for such a call.
    pub fn refuse(&self, turn: &Turn, past: Continued, calls: &[Call], now: &str) -> Result<Built, TurnError> {
        let mut input = Input::default();
        input.results.extend(calls.iter().filter_map(|call| self.refusal(call)));
        self.assemble(turn, input.into_json(now), past)
    }

    /// The request that says `wish` to the model right after its answer, with the system text once more.
    ///
    /// # Errors
    /// When something in the turn has no place on the wire.
    pub fn insist(&self, turn: &Turn, past: Continued, wish: String, now: &str) -> Result<Built, TurnError> {
        let mut input = Input { query: vec![wish], ..Input::default() };
        self.instruct(&instructions(turn), &mut [], &mut input);
        self.assemble(turn, input.into_json(now), past)
    }

    /// Puts system text where the configuration wants it: into what is said first, else into what is said now.
    fn instruct(&self, system: &str, replayed: &mut [Value], input: &mut Input) {
        if system.is_empty() {
            return;
        }
        let first = replayed.iter_mut().find_map(|message| message.get_mut("user_query"));
        match (self.system_prompt, first) {
            (SystemCarrier::Attachment, Some(query)) => {
                query["referenced_attachments"] = attachment(system);
            }
            (SystemCarrier::Query, Some(query)) => {
                let text = query["query"].as_str().unwrap_or_default();
                query["query"] = Value::String(format!("{system}\n\n{text}"));
            }
            (SystemCarrier::Attachment, None) if !input.query.is_empty() => {
                input.attachments = Some(attachment(system))
            }
            (SystemCarrier::Query, None) if !input.query.is_empty() => input.query.insert(0, system.to_owned()),
            (SystemCarrier::ProjectRules | SystemCarrier::Attachment | SystemCarrier::Query, _) => {
                input.rules = Some(system.to_owned());
            }
        }
    }

    fn assemble(&self, turn: &Turn, input: Value, past: Continued) -> Result<Built, TurnError> {
        let mut request = Map::new();
        request.insert("input".to_owned(), input);
        request.insert("settings".to_owned(), settings(turn));
        if !past.conversation_id.is_empty() {
            // A branch is a new conversation to the upstream (`WARP-PROTOCOL.md` §2.2).
            let name = if past.is_branch { "forked_from_conversation_id" } else { "conversation_id" };
            request.insert("metadata".to_owned(), json!({name: past.conversation_id}));
        }
        let tools: Vec<Value> = offered(turn).map(tool).collect();
        if !tools.is_empty() {
            let context = match self.mcp_form {
                McpForm::Servers => {
                    let server =
                        object([("name", SERVER_NAME.into()), ("id", SERVER_ID.into()), ("tools", tools.into())]);
                    object([("servers", vec![server].into())])
                }
                McpForm::Flat => object([("tools", tools.into())]),
            };
            request.insert("mcp_context".to_owned(), context);
        }
        let rest = self.encode("Request", &Value::Object(request))?;
        let mut body = self.task_context(&past.tasks)?;
        body.extend_from_slice(&rest);
        Ok(Built { body: body.into(), tasks: past.tasks })
    }

    /// The wire bytes of the field `task_context`, which comes first and is there even when it is empty.
    fn task_context(&self, tasks: &[Bytes]) -> Result<Vec<u8>, TurnError> {
        let number = |kind: &str, field: &str| {
            let kind =
                self.schema.message(kind).map_err(|error| TurnError::new(ErrorKind::Internal, error.to_string()))?;
            let field = kind.get_field_by_name(field).map(|field| field.number());
            field.ok_or_else(|| {
                TurnError::new(ErrorKind::Internal, format!("The schema's {} lacks a field.", kind.name()))
            })
        };
        let mut context = Vec::new();
        for task in tasks {
            wire::put_bytes(&mut context, number("Request.TaskContext", "tasks")?, task);
        }
        let mut body = Vec::new();
        wire::put_bytes(&mut body, number("Request", "task_context")?, &context);
        Ok(body)
    }

    fn encode(&self, kind: &str, json: &Value) -> Result<Bytes, TurnError> {
        let wire = schema::encode_json(&self.schema, kind, json);
        let unfit = |error| format!("The request does not fit Warp's protocol: {error}");
        wire.map(Bytes::from).map_err(|error| TurnError::new(ErrorKind::InvalidRequest, unfit(error)))
    }

    /// The result that tells the model that a tool does not exist. What the schema has for a built-in tool differs from
    /// tool to tool: a message with an `error` that has a text is filled in, any other result is left empty, which the
    /// upstream reads as cancelled (`WARP-PROTOCOL.md` §2.e).
    fn refusal(&self, call: &Call) -> Option<Value> {
        match call {
            Call::Client { id, name, .. } => {
                let message = format!("The tool {name:?} is not available.");
                Some(json!({"tool_call_id": id, "call_mcp_tool": {"error": {"message": message}}}))
            }
            Call::BuiltIn { id, tool } => {
                let results = self.schema.message("Request.Input.ToolCallResult").ok()?;
                let Some(field) = results.get_field_by_name(tool) else { return Some(json!({"tool_call_id": id})) };
                let kind = field.kind();
                let error = kind.as_message().and_then(|result| result.get_field_by_name("error"));
                let error = error.map(|field| field.kind());
                let has_text = error.and_then(|kind| kind.as_message()?.get_field_by_name("message")).is_some();
                let message = format!("The tool {tool} is not available.");
                let result = if has_text { json!({"error": {"message": message}}) } else { json!({}) };
                Some(json!({"tool_call_id": id, tool: result}))
            }
            Call::Server { .. } => None,
        }
    }
}

/// What is asked now.
#[derive(Default)]
struct Input {
    results: Vec<Value>,
    query: Vec<String>,
    images: Vec<Value>,
    files: Vec<Value>,
    attachments: Option<Value>,
    rules: Option<String>,
}

impl Input {
    /// Takes what was said since the model last spoke: results first, then all else as one query (§2.e).
    fn say(&mut self, now: &[Message]) {
        for message in now {
            match message {
                Message::ToolResult(result) => {
                    self.results.push(tool_result(result));
                    if result.is_error {
                        self.images.extend(images(&result.content));
                    }
                }
                Message::User(contents) => {
                    self.query.extend(parts::texts(contents).map(str::to_owned));
                    self.images.extend(images(contents));
                    self.files.extend(files(contents));
                }
                Message::System(text) => self.query.push(parts::system_note(text)),
                Message::Assistant(_) => {}
            }
        }
    }

    /// Takes the whole conversation as one text.
    fn tell(&mut self, before: &[Message], now: &[Message]) {
        if before.is_empty() {
            return self.say(now);
        }
        self.query.push(history::transcript(before, now));
        for message in before.iter().chain(now) {
            match message {
                Message::User(contents) | Message::ToolResult(ToolResult { content: contents, .. }) => {
                    self.images.extend(images(contents));
                }
                Message::System(_) | Message::Assistant(_) => {}
            }
        }
    }

    fn into_json(self, now: &str) -> Value {
        let mut context = Map::new();
        context.insert("current_time".to_owned(), json!(now));
        let has_attached = !self.images.is_empty() || !self.files.is_empty();
        if !self.images.is_empty() {
            context.insert("images".to_owned(), Value::Array(self.images));
        }
        if !self.files.is_empty() {
            context.insert("files".to_owned(), Value::Array(self.files));
        }
        if let Some(rules) = self.rules {
            let file = object([("file_path", RULES_FILE.into()), ("content", rules.into())]);
            let rule = object([("root_path", RULES_ROOT.into()), ("active_rule_files", vec![file].into())]);
            context.insert("project_rules".to_owned(), vec![rule].into());
        }
        let mut inputs: Vec<Value> =
            self.results.into_iter().map(|result| object([("tool_call_result", result)])).collect();
        if !self.query.is_empty() || (has_attached && inputs.is_empty()) {
            let mut query = parts::query(&self.query);
            if let Some(attachments) = self.attachments {
                query["referenced_attachments"] = attachments;
            }
            inputs.push(object([("user_query", query)]));
        }
        object([("context", context.into()), ("user_inputs", object([("inputs", inputs.into())]))])
    }
}

/// What the model is told besides the conversation: the client's system text and its choice of tools, which Warp has
/// no field for.
fn instructions(turn: &Turn) -> String {
    let must = match &turn.tool_choice {
        ToolChoice::Auto | ToolChoice::None => None,
        ToolChoice::Required => Some("You must answer by calling at least one of the tools.".to_owned()),
        ToolChoice::Tool(name) => Some(format!("You must answer by calling the tool {name:?}.")),
    };
    let must = must.filter(|_| !turn.tools.is_empty());
    let form = turn.format.as_ref().map(|format| match format {
        Format::JsonObject => {
            "Answer with one JSON object and nothing else: no words around it, no code fence.".to_owned()
        }
        Format::JsonSchema(schema) => format!(
            "Answer with one JSON document and nothing else: no words around it, no code fence. It must fit this JSON \
             schema:\n{schema}"
        ),
    });
    let own = must.iter().chain(&form).map(String::as_str);
    let parts: Vec<&str> = turn.instructions.iter().map(String::as_str).chain(own).collect();
    parts.join("\n\n")
}

/// The tools that the model may see under the client's choice.
fn offered(turn: &Turn) -> impl Iterator<Item = &Tool> {
    turn.tools.iter().filter(|tool| match &turn.tool_choice {
        ToolChoice::Auto | ToolChoice::Required => true,
        ToolChoice::None => false,
        ToolChoice::Tool(name) => tool.name == *name,
    })
}

/// A tool as MCP lists it. Its schema is always one of an object, which some clients leave out where there is nothing
/// to say about it.
fn tool(tool: &Tool) -> Value {
    let mut schema = tool.input_schema.clone();
    schema.entry("type").or_insert_with(|| json!("object"));
    object([
        ("name", tool.name.as_str().into()),
        ("description", tool.description.as_str().into()),
        ("input_schema", schema.into()),
    ])
}

/// Fields that are absent are false; `supported_tools` is never empty, for that would allow every tool (§2.d).
fn settings(turn: &Turn) -> Value {
    let mut settings = json!({
        "model_config": {"base": turn.model},
        "supported_tools": ["CALL_MCP_TOOL"],
        "supports_reasoning_message": true,
    });
    if turn.parallel_tool_calls {
        settings["supports_parallel_tool_calls"] = json!(true);
    }
    if turn.web_search {
        settings["web_search_enabled"] = json!(true);
    }
    settings
}

fn attachment(system: &str) -> Value {
    json!({SYSTEM_ATTACHMENT: {"plain_text": system}})
}
