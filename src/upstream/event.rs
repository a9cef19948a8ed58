//! Wire bytes of one `ResponseEvent` to a typed [`Event`], with the raw bytes of every message kept.
//!
//! Containers are walked on the wire, so that messages can be replayed byte for byte (`WARP-PROTOCOL.md` §B.4); what
//! needs looking into is decoded by reflection. Field numbers come from the schema, resolved once. It must not know
//! what applying an action means.

use std::borrow::Cow;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::{
    schema::{self, Schema, SchemaError, wire},
    upstream::{
        append::{self, Appended},
        known::{Known, Numbers},
        message::{self, RawMessage},
    },
};

/// One decoded `ResponseEvent`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The upstream accepted the request; always first.
    Init {
        /// The conversation that was begun or continued.
        conversation_id: String,
        /// Names this request in the upstream's logs.
        request_id: String,
        /// Names the run, where the upstream says so.
        run_id: String,
    },
    /// Changes to the task tree, in order.
    Actions(Vec<Action>),
    /// The end; nothing follows.
    Finished(DynamicMessage),
    /// A kind that the schema does not know.
    Unknown,
}

/// One `ClientAction` (`WARP-PROTOCOL.md` §3.3).
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A new task, perhaps with messages in it.
    CreateTask(RawTask),
    /// New messages at the end of a task.
    AddMessages {
        /// The task.
        task_id: String,
        /// The messages.
        messages: Vec<RawMessage>,
    },
    /// Replaces the masked parts of a message, or adds the message where its id is new.
    UpdateMessage(Patch),
    /// Lengthens the masked strings of a message.
    AppendContent(Patch),
    /// Gives a task a new description.
    UpdateDescription {
        /// The task.
        task_id: String,
        /// Its new description.
        description: String,
    },
    /// Gives a task new opaque data of the server's.
    UpdateServerData {
        /// The task.
        task_id: String,
        /// The opaque text.
        server_data: String,
    },
    /// Opens a transaction.
    Begin,
    /// Keeps what was done since `Begin`.
    Commit,
    /// Undoes what was done since `Begin`.
    Rollback,
    /// Cuts a range of messages out of a task into a new one.
    MoveMessages(Move),
    /// An action that changes nothing in the tree; named for the record.
    Other(&'static str),
    /// An action that the schema does not know.
    Unknown,
}

/// A task as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct RawTask {
    /// Its id.
    pub id: String,
    /// The id of the task that it is part of; none for the root.
    pub parent: Option<String>,
    /// The wire bytes of all its fields but the messages.
    pub header: Vec<u8>,
    /// The task's messages.
    pub messages: Vec<RawMessage>,
}

/// A change to one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The task that holds the message.
    pub task_id: String,
    /// The message's id and the new content.
    pub message: Option<RawMessage>,
    /// Paths of the fields that change; none when the mask is missing.
    pub mask: Option<Vec<String>>,
}

/// A `move_messages_to_new_task`.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The task that loses messages.
    pub source_task_id: String,
    /// The task that gets them.
    pub new_task: RawTask,
    /// The first message of the range.
    pub first_message_id: String,
    /// The last message of the range, which is part of it.
    pub last_message_id: String,
    /// How many messages the range must have.
    pub expected_count: u64,
    /// What takes the range's place.
    pub replacements: Vec<RawMessage>,
}

/// Why bytes are not a response event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// They are not well-formed.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The schema in use lacks what the protocol is made of.
    #[error("the schema is not one of this protocol: {message} has no message field {field:?}")]
    NotThisProtocol {
        /// The message.
        message: String,
        /// The field that it lacks.
        field: String,
    },
}

impl Action {
    /// The schema's name of this kind of action.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateTask(_) => "create_task",
            Self::AddMessages { .. } => "add_messages_to_task",
            Self::UpdateMessage(_) => "update_task_message",
            Self::AppendContent(_) => "append_to_message_content",
            Self::UpdateDescription { .. } => "update_task_description",
            Self::UpdateServerData { .. } => "update_task_server_data",
            Self::Begin => "begin_transaction",
            Self::Commit => "commit_transaction",
            Self::Rollback => "rollback_transaction",
            Self::MoveMessages(_) => "move_messages_to_new_task",
            Self::Other(name) => name,
            Self::Unknown => "unknown",
        }
    }
}

impl Event {
    /// The schema's name of this kind of event.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Init { .. } => "init",
            Self::Actions(_) => "client_actions",
            Self::Finished(_) => "finished",
            Self::Unknown => "unknown",
        }
    }
}

/// Reads events. Resolve it once per schema; reading needs no look-up by name of what it walks on the wire.
#[derive(Debug, Clone)]
pub struct Reader {
    init: (u32, Known),
    finished: (u32, MessageDescriptor),
    client_actions: u32,
    actions: u32,
    kinds: Vec<(u32, &'static str, Numbers)>,
    messages: message::Plan,
    task: Known,
    task_messages: u32,
    dependencies: Known,
    mask: MessageDescriptor,
    /// How to read the commonest event, where the schema has it in the usual form.
    append: Option<append::Plan>,
}

/// Every action that the schema has, by name. `Action` says which of them change the tree.
const KINDS: [&str; 13] = [
    "create_task",
    "add_messages_to_task",
    "update_task_message",
    "append_to_message_content",
    "update_task_description",
    "update_task_server_data",
    "begin_transaction",
    "commit_transaction",
    "rollback_transaction",
    "move_messages_to_new_task",
    "show_suggestions",
    "update_task_summary",
    "start_new_conversation",
];

impl Reader {
    /// Resolves the names that reading needs.
    ///
    /// # Errors
    /// When the schema lacks one of them: it is then not a schema of this protocol.
    pub fn new(schema: &Schema) -> Result<Self, EventError> {
        let event = schema.message("ResponseEvent")?;
        let action = schema.message("ClientAction")?;
        let task = schema.message("Task")?;
        let client_actions = field(&event, "client_actions")?;
        let kinds =
            KINDS.iter().map(|name| field(&action, name).map(|(number, kind)| (number, *name, Numbers::of(&kind))));
        let (init, init_kind) = field(&event, "init")?;
        Ok(Self {
            init: (init, Known::of(schema, init_kind)),
            finished: field(&event, "finished")?,
            client_actions: client_actions.0,
            actions: field(&client_actions.1, "actions")?.0,
            kinds: kinds.collect::<Result<_, EventError>>()?,
            task_messages: field(&task, "messages")?.0,
            dependencies: Known::of(schema, field(&task, "dependencies")?.1),
            mask: field(&schema.message("ClientAction.UpdateTaskMessage")?, "mask")?.1,
            messages: message::Plan::of(schema)?,
            task: Known::of(schema, task),
            append: append::Plan::of(schema),
        })
    }

    /// The same reader, but one that takes nothing straight from the wire: what reflection says of every event, for
    /// holding the faster ways against it.
    #[must_use]
    pub fn by_reflection_alone(self) -> Self {
        let (number, init) = self.init;
        Self {
            append: None,
            messages: self.messages.by_reflection_alone(),
            init: (number, init.by_reflection_alone()),
            task: self.task.by_reflection_alone(),
            dependencies: self.dependencies.by_reflection_alone(),
            ..self
        }
    }

    /// What the event `wire` appends to a message, if it is the usual event that does only that: [`Reader::read`] would give
    /// the same as one [`Action::AppendContent`].
    #[must_use]
    pub fn appended<'a>(&self, wire: &'a [u8]) -> Option<Appended<'a>> {
        self.append.as_ref()?.read(wire)
    }

    /// Reads one event.
    ///
    /// # Errors
    /// When the bytes are not a well-formed `ResponseEvent`.
    pub fn read(&self, wire: &Bytes) -> Result<Event, EventError> {
        let mut event = Event::Unknown;
        for part in wire::fields(wire) {
            let part = part?;
            let wire::Value::Bytes(value) = part.value else { continue };
            event = match part.number {
                number if number == self.init.0 => self.read_init(value)?,
                number if number == self.client_actions => self.read_actions(wire, value)?,
                number if number == self.finished.0 => Event::Finished(schema::decode(&self.finished.1, value)?),
                _ => continue,
            };
        }
        Ok(event)
    }

    /// True when `wire` is the event that comes first in an answer.
    #[must_use]
    pub fn begins_answer(&self, wire: &[u8]) -> bool {
        wire::fields(wire).map_while(Result::ok).any(|field| field.number == self.init.0)
    }

    /// Reads one task, as it stands in a request or an action.
    ///
    /// # Errors
    /// When the bytes are not a well-formed `Task`.
    pub fn read_task(&self, wire: &Bytes) -> Result<RawTask, EventError> {
        let mut header = Vec::new();
        let mut messages = Vec::new();
        for part in wire::fields(wire) {
            let part = part?;
            match part.value {
                wire::Value::Bytes(value) if part.number == self.task_messages => {
                    messages.push(self.raw_message(wire, value)?);
                }
                _ => wire::put_field(&mut header, &part),
            }
        }
        let [id] = self.task.texts(&header, ["id"])?;
        // A message that stands there several times is one message.
        let dependencies = self.task.numbers.all(&header, "dependencies")?.concat();
        let [parent] = self.dependencies.texts(&dependencies, ["parent_task_id"])?;
        Ok(RawTask { id, parent: Some(parent).filter(|id| !id.is_empty()), header, messages })
    }

    /// The descriptor of `Task`.
    #[must_use]
    pub fn task(&self) -> &MessageDescriptor {
        &self.task.descriptor
    }

    /// The number of the field of `Task` that holds its messages.
    #[must_use]
    pub fn task_messages(&self) -> u32 {
        self.task_messages
    }

    fn read_init(&self, value: &[u8]) -> Result<Event, EventError> {
        let [conversation_id, request_id, run_id] =
            self.init.1.texts(value, ["conversation_id", "request_id", "run_id"])?;
        Ok(Event::Init { conversation_id, request_id, run_id })
    }

    fn read_actions(&self, wire: &Bytes, value: &[u8]) -> Result<Event, EventError> {
        let mut actions = Vec::new();
        for part in wire::fields(value) {
            let part = part?;
            if let wire::Value::Bytes(action) = part.value
                && part.number == self.actions
            {
                actions.push(self.read_action(wire, action)?);
            }
        }
        Ok(Event::Actions(actions))
    }

    fn read_action(&self, wire: &Bytes, value: &[u8]) -> Result<Action, EventError> {
        for part in wire::fields(value) {
            let part = part?;
            let kind = self.kinds.iter().find(|(number, ..)| *number == part.number);
            if let (Some((_, name, numbers)), wire::Value::Bytes(body)) = (kind, part.value) {
                return self.read_kind(name, &Body { wire, body, numbers });
            }
        }
        Ok(Action::Unknown)
    }

    fn read_kind(&self, name: &'static str, body: &Body<'_>) -> Result<Action, EventError> {
        Ok(match name {
            "create_task" => Action::CreateTask(self.task_in(body, "task")?),
            "add_messages_to_task" => {
                Action::AddMessages { task_id: body.text("task_id")?, messages: self.messages_in(body, "messages")? }
            }
            "update_task_message" => Action::UpdateMessage(self.patch(body)?),
            "append_to_message_content" => Action::AppendContent(self.patch(body)?),
            "update_task_description" => {
                Action::UpdateDescription { task_id: body.text("task_id")?, description: body.text("description")? }
            }
            "update_task_server_data" => {
                Action::UpdateServerData { task_id: body.text("task_id")?, server_data: body.text("server_data")? }
            }
            "begin_transaction" => Action::Begin,
            "commit_transaction" => Action::Commit,
            "rollback_transaction" => Action::Rollback,
            "move_messages_to_new_task" => Action::MoveMessages(Move {
                source_task_id: body.text("source_task_id")?,
                new_task: self.task_in(body, "new_task")?,
                first_message_id: body.text("first_message_id")?,
                last_message_id: body.text("last_message_id")?,
                expected_count: body.count("expected_message_count")?,
                replacements: self.messages_in(body, "replacement_messages")?,
            }),
            other => Action::Other(other),
        })
    }

    fn patch(&self, body: &Body<'_>) -> Result<Patch, EventError> {
        let message = body.all("message")?.pop().map(|raw| self.raw_message(body.wire, raw)).transpose()?;
        let mask = body.all("mask")?.pop().map(|raw| schema::decode(&self.mask, raw)).transpose()?;
        Ok(Patch { task_id: body.text("task_id")?, message, mask: mask.as_ref().map(paths) })
    }

    fn task_in(&self, body: &Body<'_>, name: &str) -> Result<RawTask, EventError> {
        let task = body.all(name)?.pop().unwrap_or_default();
        self.read_task(&slice(body.wire, task))
    }

    fn messages_in(&self, body: &Body<'_>, name: &str) -> Result<Vec<RawMessage>, EventError> {
        body.all(name)?.into_iter().map(|raw| self.raw_message(body.wire, raw)).collect()
    }

    fn raw_message(&self, wire: &Bytes, raw: &[u8]) -> Result<RawMessage, EventError> {
        Ok(self.messages.read(slice(wire, raw))?)
    }
}

/// The body of one action: its bytes, the event that they are part of, and what they mean.
struct Body<'a> {
    wire: &'a Bytes,
    body: &'a [u8],
    numbers: &'a Numbers,
}

impl<'a> Body<'a> {
    fn all(&self, name: &str) -> Result<Vec<&'a [u8]>, SchemaError> {
        self.numbers.all(self.body, name)
    }

    fn text(&self, name: &str) -> Result<String, SchemaError> {
        self.numbers.text(self.body, name)
    }

    fn count(&self, name: &str) -> Result<u64, SchemaError> {
        let number = self.numbers.number(name);
        let mut count = 0;
        for part in wire::fields(self.body) {
            let part = part?;
            if let wire::Value::Varint(value) = part.value
                && part.number == number
            {
                count = value;
            }
        }
        Ok(count)
    }
}

/// The number and message type of field `name`.
fn field(message: &MessageDescriptor, name: &str) -> Result<(u32, MessageDescriptor), EventError> {
    let field = message.get_field_by_name(name);
    let kind = field.as_ref().and_then(|field| Some((field.number(), field.kind().as_message()?.clone())));
    kind.ok_or_else(|| EventError::NotThisProtocol { message: message.full_name().to_owned(), field: name.to_owned() })
}

/// `part` of `whole`, sharing its memory.
fn slice(whole: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() { Bytes::new() } else { whole.slice_ref(part) }
}

fn paths(mask: &DynamicMessage) -> Vec<String> {
    match mask.get_field_by_name("paths").as_deref() {
        Some(Value::List(paths)) => paths.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect(),
        Some(_) | None => Vec::new(),
    }
}

/// The text of field `name`, or nothing when it is not set.
pub(crate) fn text(message: &DynamicMessage, name: &str) -> String {
    match message.get_field_by_name(name) {
        Some(Cow::Borrowed(value)) => value.as_str().unwrap_or_default().to_owned(),
        Some(Cow::Owned(Value::String(text))) => text,
        Some(Cow::Owned(_)) | None => String::new(),
    }
}
