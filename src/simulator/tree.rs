//! The task tree of a conversation as a right client holds it: built from the tasks a request carries, changed by the
//! actions that are sent (`WARP-PROTOCOL.md` §3.3, §3.6), compared with what the next request brings. It is the
//! simulator's own reading of the protocol on purpose, and must not know how an answer is made.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use prost_reflect::{DynamicMessage, ReflectMessage, Value};

use crate::schema;

/// One task: what it says of itself, and its messages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task {
    /// The task without its messages.
    header: DynamicMessage,
    messages: Vec<DynamicMessage>,
}

/// The tasks of a conversation, in the order they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tree {
    tasks: Vec<Task>,
    /// What a rollback restores: the task as it was, or nothing for a task made since. Present while a transaction is
    /// open.
    checkpoints: Option<BTreeMap<String, Option<Task>>>,
}

/// A tree as the next request has to bring it back: its active tasks, which are all but the subtasks whose subagent has
/// answered (§2.c), each as the digests of its own fields and of every message; and the calls that wait for a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    tasks: BTreeMap<String, Vec<u64>>,
    pub(crate) open_calls: Vec<(String, String)>,
}

impl Task {
    fn new(mut task: DynamicMessage) -> Self {
        let messages = messages(&task, "messages");
        task.clear_field_by_name("messages");
        Self { header: task, messages }
    }

    fn id(&self) -> String {
        text(&self.header, "id")
    }

    fn parent(&self) -> String {
        message(&self.header, "dependencies")
            .map(|dependencies| text(&dependencies, "parent_task_id"))
            .unwrap_or_default()
    }
}

impl Tree {
    /// The tree of a request's tasks.
    pub(crate) fn of_tasks(tasks: impl IntoIterator<Item = DynamicMessage>) -> Self {
        Self { tasks: tasks.into_iter().map(Task::new).collect(), checkpoints: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The id of the task that has no parent.
    pub(crate) fn root_id(&self) -> Option<String> {
        self.tasks.iter().find(|task| task.parent().is_empty()).map(Task::id)
    }

    /// Applies an event. The error says which action cannot be applied; those after it are left out, as the official
    /// client does.
    pub(crate) fn apply(&mut self, event: &DynamicMessage) -> Result<(), String> {
        let actions = message(event, "client_actions").map(|actions| messages(&actions, "actions")).unwrap_or_default();
        actions.iter().try_for_each(|action| self.apply_action(action))
    }

    fn apply_action(&mut self, action: &DynamicMessage) -> Result<(), String> {
        let Some((field, Value::Message(content))) = action.fields().next() else {
            return Ok(());
        };
        match field.name() {
            "create_task" => self.create_task(message(content, "task").ok_or("create_task without a task")?),
            "add_messages_to_task" => {
                let added = messages(content, "messages");
                self.touch(&text(content, "task_id"))?.messages.extend(added);
            }
            "update_task_message" => self.change_message(content, true)?,
            "append_to_message_content" => self.change_message(content, false)?,
            "update_task_description" => {
                let description = Value::String(text(content, "description"));
                self.touch(&text(content, "task_id"))?.header.set_field_by_name("description", description);
            }
            "update_task_server_data" => {
                let data = Value::String(text(content, "server_data"));
                self.task(&text(content, "task_id"))?.header.set_field_by_name("server_data", data);
            }
            "begin_transaction" => self.checkpoints = Some(self.checkpoints.take().unwrap_or_default()),
            "commit_transaction" => self.checkpoints = None,
            "rollback_transaction" => self.roll_back(),
            "move_messages_to_new_task" => self.move_messages(content)?,
            // Suggestions, summaries and whatever is newer change no task that is sent back.
            _ => {}
        }
        Ok(())
    }

    fn create_task(&mut self, task: DynamicMessage) {
        let task = Task::new(task);
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.entry(task.id()).or_insert(None);
        }
        self.tasks.push(task);
    }

    fn task(&mut self, id: &str) -> Result<&mut Task, String> {
        self.tasks.iter_mut().find(|task| task.id() == id).ok_or_else(|| format!("there is no task {id:?}"))
    }

    /// The task, saved for a rollback first.
    fn touch(&mut self, id: &str) -> Result<&mut Task, String> {
        let task =
            self.tasks.iter_mut().find(|task| task.id() == id).ok_or_else(|| format!("there is no task {id:?}"))?;
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.entry(id.to_owned()).or_insert_with(|| Some(task.clone()));
        }
        Ok(task)
    }

    fn change_message(&mut self, content: &DynamicMessage, replace: bool) -> Result<(), String> {
        let Some(patch) = message(content, "message") else { return Ok(()) };
        let paths: Vec<String> = message(content, "mask").map(|mask| strings(&mask, "paths")).unwrap_or_default();
        let id = text(&patch, "id");
        let task = self.task(&text(content, "task_id"))?;
        let known = task.messages.iter_mut().rev().find(|message| text(message, "id") == id);
        match known {
            Some(message) if replace => {
                schema::mask::update(message, &patch, &paths).map_err(|error| error.to_string())
            }
            Some(message) => schema::mask::append(message, &patch, &paths).map_err(|error| error.to_string()),
            None if replace => {
                task.messages.push(patch);
                Ok(())
            }
            None => Err(format!("there is no message {id:?}")),
        }
    }

    /// Ends a transaction that is still open, keeping what it brought.
    pub(crate) fn close(&mut self) {
        self.checkpoints = None;
    }

    fn roll_back(&mut self) {
        for (id, saved) in self.checkpoints.take().unwrap_or_default() {
            match saved {
                Some(saved) => {
                    if let Some(task) = self.tasks.iter_mut().find(|task| task.id() == id) {
                        *task = saved;
                    }
                }
                None => self.tasks.retain(|task| task.id() != id),
            }
        }
    }

    fn move_messages(&mut self, content: &DynamicMessage) -> Result<(), String> {
        let new_task = message(content, "new_task").ok_or("move_messages_to_new_task without a task")?;
        let replacements = messages(content, "replacement_messages");
        let (first, last) = (text(content, "first_message_id"), text(content, "last_message_id"));
        let count = content.get_field_by_name("expected_message_count").and_then(|count| count.as_u32());
        let source = self.touch(&text(content, "source_task_id"))?;
        let position = |id: &str| source.messages.iter().position(|message| text(message, "id") == id);
        let (Some(start), Some(end)) = (position(&first), position(&last)) else {
            return Err(format!("there are no messages {first:?} to {last:?}"));
        };
        if start > end || count != u32::try_from(end - start + 1).ok() {
            return Err(format!("messages {first:?} to {last:?} are not as many as expected"));
        }
        let mut new_task = Task::new(new_task);
        let id = new_task.id();
        for mut moved in source.messages.splice(start..=end, replacements) {
            moved.set_field_by_name("task_id", Value::String(id.clone()));
            new_task.messages.push(moved);
        }
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.entry(id).or_insert(None);
        }
        self.tasks.push(new_task);
        Ok(())
    }

    /// What the next request of the conversation is held against.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let finished = self.finished_subtasks();
        let active = self.tasks.iter().filter(|task| !finished.contains(&task.id()));
        let tasks = active.map(|task| (task.id(), digests(&encoded(task)))).collect();
        Snapshot { tasks, open_calls: self.open_calls() }
    }

    fn finished_subtasks(&self) -> BTreeSet<String> {
        let all = || self.tasks.iter().flat_map(|task| &task.messages);
        let answered: BTreeSet<String> = all()
            .filter_map(|each| message(each, "tool_call_result"))
            .map(|result| text(&result, "tool_call_id"))
            .collect();
        all()
            .filter_map(|each| message(each, "tool_call"))
            .filter(|call| answered.contains(&text(call, "tool_call_id")))
            .filter_map(|call| message(&call, "subagent"))
            .map(|subagent| text(&subagent, "task_id"))
            .collect()
    }

    /// The calls of a client's tools that have no result, by id, with the kind of tool.
    pub(crate) fn open_calls(&self) -> Vec<(String, String)> {
        let mut open = Vec::new();
        for each in self.tasks.iter().flat_map(|task| &task.messages) {
            if let Some(call) = message(each, "tool_call") {
                let kind = call.fields().map(|(field, _)| field.name().to_owned()).find(|name| name != "tool_call_id");
                let kind = kind.unwrap_or_default();
                if kind != "server" && kind != "subagent" {
                    open.push((text(&call, "tool_call_id"), kind));
                }
            } else if let Some(result) = message(each, "tool_call_result") {
                let id = text(&result, "tool_call_id");
                open.retain(|(call, _)| *call != id);
            }
        }
        open
    }
}

impl Snapshot {
    /// Where the tasks of a request, as raw bytes, part from the ones it must carry.
    pub(crate) fn difference(&self, sent: &[Vec<u8>]) -> Option<String> {
        let mut seen = BTreeSet::new();
        for task in sent {
            let (id, parts) = match raw_parts(task) {
                Ok(parts) => parts,
                Err(error) => return Some(error),
            };
            let Some(wanted) = self.tasks.get(&id) else {
                return Some(format!("task {id:?} is not one of the conversation's active tasks"));
            };
            if let Some(difference) = part_difference(&id, wanted, &digests(&parts)) {
                return Some(difference);
            }
            seen.insert(id);
        }
        self.tasks.keys().find(|id| !seen.contains(*id)).map(|id| format!("task {id:?} is missing"))
    }
}

/// A digest of each part: remembering the parts themselves would remember every image that was ever sent.
fn digests(parts: &[Vec<u8>]) -> Vec<u64> {
    let digest = |part: &Vec<u8>| {
        let mut hasher = DefaultHasher::new();
        part.hash(&mut hasher);
        hasher.finish()
    };
    parts.iter().map(digest).collect()
}

/// The task's own fields in one piece, then each message.
fn encoded(task: &Task) -> Vec<Vec<u8>> {
    let header = std::iter::once(schema::encode(&task.header));
    header.chain(task.messages.iter().map(schema::encode)).collect()
}

/// The id of a task as it stands on the wire, and the same parts as [`encoded`] gives.
fn raw_parts(task: &[u8]) -> Result<(String, Vec<Vec<u8>>), String> {
    const ID: u32 = 1;
    const MESSAGES: u32 = 5;
    let mut id = String::new();
    let mut parts = vec![Vec::new()];
    for field in schema::wire::fields(task) {
        let field = field.map_err(|error| error.to_string())?;
        match (field.number, field.value) {
            (MESSAGES, schema::wire::Value::Bytes(message)) => parts.push(message.to_vec()),
            (number, schema::wire::Value::Bytes(bytes)) => {
                if number == ID {
                    id = String::from_utf8_lossy(bytes).into_owned();
                }
                schema::wire::put_bytes(&mut parts[0], number, bytes);
            }
            (number, _) => return Err(format!("a task has field {number}, which no task was sent with")),
        }
    }
    Ok((id, parts))
}

fn part_difference(id: &str, wanted: &[u64], found: &[u64]) -> Option<String> {
    let parts = wanted.iter().zip(found).position(|(one, other)| one != other);
    match parts {
        Some(0) => Some(format!("task {id:?} says something else of itself than it was sent")),
        Some(index) => Some(format!("message {index} of task {id:?} is not as it was sent")),
        None if wanted.len() != found.len() => {
            Some(format!("task {id:?} has {} messages instead of {}", found.len() - 1, wanted.len() - 1))
        }
        None => None,
    }
}

/// A string field; empty when it is not there.
fn text(message: &DynamicMessage, field: &str) -> String {
    message.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A message field, when it is set.
fn message(message: &DynamicMessage, field: &str) -> Option<DynamicMessage> {
    let field = message.descriptor().get_field_by_name(field)?;
    if !message.has_field(&field) {
        return None;
    }
    message.get_field(&field).as_message().cloned()
}

fn messages(message: &DynamicMessage, field: &str) -> Vec<DynamicMessage> {
    let list = message.get_field_by_name(field);
    let list = list.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    list.iter().filter_map(|value| value.as_message().cloned()).collect()
}

fn strings(message: &DynamicMessage, field: &str) -> Vec<String> {
    let list = message.get_field_by_name(field);
    let list = list.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}
