//! What a task tree holds besides what was said: results of tools, things to do, tools of the upstream's own. It is for
//! people who look into an answer; it must not know how it is shown.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use serde_json::{Map, Value as Json};

use crate::{
    schema::{self, opaque},
    upstream::{
        entry::{Call, Entry, part},
        event::text,
        tree::Task,
    },
};

/// The result of a tool, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The call that it answers.
    pub call_id: String,
    /// The schema's name of what kind of result it is; empty when there is none.
    pub kind: String,
    /// The result itself, opaque payloads opened.
    pub content: Json,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Whether it is done.
    pub done: bool,
}

/// A call of a tool that the upstream runs by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTool {
    /// The call's id.
    pub id: String,
    /// Its opaque payload, as it came.
    pub payload: Option<String>,
    /// The whole call, the payload opened where it can be.
    pub call: Json,
}

/// Every tool result, in the order of the tree.
pub(crate) fn tool_results(tasks: &[Task]) -> Vec<ToolResult> {
    let results = new_entries(tasks).filter_map(|entry| part(entry.message(), "tool_call_result"));
    results.map(tool_result).collect()
}

fn tool_result(result: &DynamicMessage) -> ToolResult {
    let kinds = result.descriptor().oneofs().find(|oneof| oneof.name() == "result");
    let kind = kinds.and_then(|oneof| oneof.fields().find(|field| result.has_field(field)));
    let kind = kind.map(|field| field.name().to_owned()).unwrap_or_default();
    let mut members = opened(result);
    let content = members.remove(&kind).unwrap_or_else(|| Json::Object(Map::new()));
    ToolResult { call_id: text(result, "tool_call_id"), kind, content }
}

/// Every call that the upstream resolves by itself, in the order of the tree.
pub(crate) fn server_tools(tasks: &[Task]) -> Vec<ServerTool> {
    let tool = |entry: &Entry| {
        let Some(Call::Server { payload }) = entry.call() else { return None };
        let call = part(entry.message(), "tool_call")?;
        Some(ServerTool { id: text(call, "tool_call_id"), payload, call: Json::Object(opened(call)) })
    };
    new_entries(tasks).filter_map(tool).collect()
}

/// The message as JSON, its payloads opened.
fn opened(message: &DynamicMessage) -> Map<String, Json> {
    let mut json = schema::to_json(message);
    opaque::open(&message.descriptor(), &mut json);
    match json {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

/// The things to do, as they stand at the end of the tree.
pub(crate) fn todos(tasks: &[Task]) -> Vec<Todo> {
    let mut todos: Vec<Todo> = Vec::new();
    for update in new_entries(tasks).filter_map(|entry| part(entry.message(), "update_todos")) {
        if let Some(list) = part(update, "create_todo_list") {
            todos = items(list, "initial_todos");
        } else if let Some(list) = part(update, "update_pending_todos") {
            todos.retain(|todo| todo.done);
            todos.extend(items(list, "updated_pending_todos"));
        } else if let Some(list) = part(update, "mark_todos_completed") {
            let done = list.get_field_by_name("todo_ids");
            let done = done.as_deref().and_then(Value::as_list).unwrap_or_default();
            for todo in &mut todos {
                todo.done |= done.iter().any(|id| id.as_str() == Some(&todo.id));
            }
        }
    }
    todos
}

fn items(list: &DynamicMessage, field: &str) -> Vec<Todo> {
    let items = list.get_field_by_name(field);
    let items = items.as_deref().and_then(Value::as_list).unwrap_or_default();
    let todo = |item: &DynamicMessage| Todo {
        id: text(item, "id"),
        title: text(item, "title"),
        description: text(item, "description"),
        done: false,
    };
    items.iter().filter_map(Value::as_message).map(todo).collect()
}

fn new_entries(tasks: &[Task]) -> impl Iterator<Item = &Entry> {
    tasks.iter().flat_map(|task| task.entries()).map(AsRef::as_ref).filter(|entry| entry.is_new())
}
