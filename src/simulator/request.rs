//! A decoded request, read through its JSON: who asks what, with which tasks and tools. It must not judge what it
//! reads; that is `check`'s.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::schema::{self, Schema};
use crate::simulator::refusal::Refusal;
use crate::simulator::tree::Tree;

/// A request of the agent endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) json: Value,
    /// The tasks as they stood on the wire.
    pub(crate) raw_tasks: Vec<Vec<u8>>,
    /// The tree those tasks make.
    pub(crate) tree: Tree,
}

/// A tool the client offers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) server_id: String,
    pub(crate) input_schema: Value,
}

/// A result that answers a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToolResult<'a> {
    pub(crate) call_id: &'a str,
    /// The variant's name, such as `call_mcp_tool`; empty when there is none.
    pub(crate) kind: &'a str,
    pub(crate) content: &'a Value,
}

impl Request {
    /// Decodes a body.
    pub(crate) fn decode(schema: &Schema, body: &[u8]) -> Result<Self, Refusal> {
        let undecodable =
            |error: &dyn std::fmt::Display| Refusal::invalid(format_args!("the body is no request: {error}"));
        let descriptor = schema.message("Request").map_err(|error| undecodable(&error))?;
        let message = schema::decode(&descriptor, body).map_err(|error| undecodable(&error))?;
        let raw_tasks = raw_tasks(body).map_err(|error| undecodable(&error))?;
        let task = schema.message("Task").map_err(|error| undecodable(&error))?;
        let tasks: Result<Vec<_>, _> = raw_tasks.iter().map(|raw| schema::decode(&task, raw)).collect();
        let tree = Tree::of_tasks(tasks.map_err(|error| undecodable(&error))?);
        Ok(Self { json: schema::to_json(&message), raw_tasks, tree })
    }

    pub(crate) fn conversation_id(&self) -> &str {
        text(&self.json["metadata"]["conversation_id"])
    }

    pub(crate) fn forked_from(&self) -> &str {
        text(&self.json["metadata"]["forked_from_conversation_id"])
    }

    pub(crate) fn model(&self) -> &str {
        text(&self.json["settings"]["model_config"]["base"])
    }

    /// A switch of the settings; absent is off.
    pub(crate) fn setting(&self, name: &str) -> bool {
        self.json["settings"][name] == Value::Bool(true)
    }

    pub(crate) fn tasks(&self) -> &[Value] {
        list(&self.json["task_context"]["tasks"])
    }

    /// The name of the input's variant.
    pub(crate) fn input_kind(&self) -> Option<&str> {
        variant(&self.json["input"], &["context"]).map(|(name, _)| name)
    }

    pub(crate) fn context(&self) -> &Value {
        &self.json["input"]["context"]
    }

    pub(crate) fn inputs(&self) -> &[Value] {
        list(&self.json["input"]["user_inputs"]["inputs"])
    }

    /// The queries of the input.
    pub(crate) fn queries(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.inputs().iter().filter_map(|input| input["user_query"].as_object())
    }

    /// The last query's text.
    pub(crate) fn query(&self) -> Option<&str> {
        self.queries().last().map(|query| query.get("query").map(text).unwrap_or_default())
    }

    /// The tool results of the input.
    pub(crate) fn results(&self) -> impl Iterator<Item = ToolResult<'_>> {
        self.inputs().iter().filter_map(|input| input.get("tool_call_result")).map(|result| {
            let (kind, content) = variant(result, &["tool_call_id"]).unwrap_or(("", &Value::Null));
            ToolResult { call_id: text(&result["tool_call_id"]), kind, content }
        })
    }

    /// Every tool offered, under servers or flat.
    pub(crate) fn tools(&self) -> Vec<Tool> {
        let context = &self.json["mcp_context"];
        let flat = list(&context["tools"]).iter().map(|tool| read_tool("", tool));
        let grouped = list(&context["servers"])
            .iter()
            .flat_map(|server| list(&server["tools"]).iter().map(|tool| read_tool(text(&server["id"]), tool)));
        grouped.chain(flat).collect()
    }

    /// The images of the context: type and decoded size, or `None` for one whose data is not base64.
    pub(crate) fn images(&self) -> Vec<(&str, Option<usize>)> {
        let images = list(&self.context()["images"]).iter();
        images.map(|image| (text(&image["mime_type"]), image_size(&image["data"]))).collect()
    }

    /// What was given as instructions, by the place that carries it.
    pub(crate) fn instructions(&self) -> Vec<(String, &str)> {
        let rules = list(&self.context()["project_rules"]).iter().flat_map(|rules| list(&rules["active_rule_files"]));
        let rules = rules.map(|file| (format!("project rule {}", text(&file["file_path"])), text(&file["content"])));
        let attachments = self.queries().filter_map(|query| query.get("referenced_attachments")?.as_object()).flatten();
        let attachments = attachments.filter_map(|(key, attachment)| {
            Some((format!("attachment {key}"), attachment.get("plain_text")?.as_str()?))
        });
        rules.chain(attachments).collect()
    }

    /// The name of the tool of a call in the tasks that were sent.
    pub(crate) fn called_tool(&self, call_id: &str) -> Option<&str> {
        let messages = self.tasks().iter().flat_map(|task| list(&task["messages"]));
        let calls = messages.map(|message| &message["tool_call"]);
        let mut calls = calls.filter(|call| !call_id.is_empty() && text(&call["tool_call_id"]) == call_id);
        calls.next().map(|call| text(&call["call_mcp_tool"]["name"]))
    }
}

fn read_tool(server_id: &str, tool: &Value) -> Tool {
    Tool {
        name: text(&tool["name"]).to_owned(),
        server_id: server_id.to_owned(),
        input_schema: tool["input_schema"].clone(),
    }
}

/// Image data is base64 text kept as bytes, so in JSON it is encoded twice (`WARP-PROTOCOL.md` §2.f).
fn image_size(data: &Value) -> Option<usize> {
    let inner = STANDARD.decode(text(data)).ok()?;
    STANDARD.decode(inner).ok().map(|raw| raw.len())
}

fn raw_tasks(body: &[u8]) -> Result<Vec<Vec<u8>>, schema::SchemaError> {
    let mut tasks = Vec::new();
    for context in submessages(body)? {
        tasks.extend(submessages(context)?.into_iter().map(<[u8]>::to_vec));
    }
    Ok(tasks)
}

/// The contents of field 1: `Request.task_context`, `TaskContext.tasks`.
fn submessages(message: &[u8]) -> Result<Vec<&[u8]>, schema::SchemaError> {
    let mut found = Vec::new();
    for field in schema::wire::fields(message) {
        if let schema::wire::Field { number: 1, value: schema::wire::Value::Bytes(bytes), .. } = field? {
            found.push(bytes);
        }
    }
    Ok(found)
}

/// The first member of an object that is not one of `others`: the variant that is set.
pub(crate) fn variant<'a>(value: &'a Value, others: &[&str]) -> Option<(&'a str, &'a Value)> {
    let mut members = value.as_object()?.iter();
    let (name, content) = members.find(|(name, _)| !name.starts_with('@') && !others.contains(&name.as_str()))?;
    Some((name, content))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
