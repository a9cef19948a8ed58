//! One message of a task: its bytes as they arrived until something changes it, and what it says.
//!
//! It must not know tasks, actions or what a client is told.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use serde_json::Map;

use crate::{
    schema::{self, SchemaError, mask},
    upstream::{
        event::text,
        message::{RawMessage, Role, SERVER_TOOLS},
    },
};

/// One message of a task.
#[derive(Debug, Clone)]
pub struct Entry {
    id: String,
    arrived: RawMessage,
    /// What became of it, once it was changed.
    changed: Option<DynamicMessage>,
    /// What the message says while it grows, instead of what stands above: a long answer comes in thousands of pieces, and
    /// each would have to find its place there.
    growing: Option<(Voice, String)>,
    is_new: bool,
}

/// The two voices that a user hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The answer.
    Text,
    /// The thinking before it.
    Reasoning,
}

impl Voice {
    /// The schema's names of the part of a message that has this voice's words, and of their field in it.
    pub(crate) fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("agent_output", "text"),
            Self::Reasoning => ("agent_reasoning", "reasoning"),
        }
    }
}

/// A tool call as it stands in a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A call of a tool that the client offered.
    Client {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Its arguments; empty when the upstream sent none.
        arguments: Map<String, serde_json::Value>,
    },
    /// A call that the upstream resolves by itself, with an opaque payload where there is one.
    Server {
        /// The payload.
        payload: Option<String>,
    },
    /// A call of a tool of Warp's own client, which a gateway does not have.
    BuiltIn {
        /// The call's id.
        id: String,
        /// The schema's name of the tool.
        tool: String,
    },
}

impl Entry {
    pub(crate) fn of(message: RawMessage, is_new: bool) -> Self {
        Self { id: message.id(), arrived: message, changed: None, growing: None, is_new }
    }

    /// The message's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// False when the message was part of the request.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The decoded message, in which the text that [`Entry::says`] has may be missing or an earlier one.
    pub(crate) fn message(&self) -> &DynamicMessage {
        self.changed.as_ref().unwrap_or_else(|| self.arrived.message())
    }

    /// False when it is surely something else.
    fn may_be(&self, role: Role) -> bool {
        self.changed.is_some() || self.arrived.role().is_none_or(|own| own == role)
    }

    /// False when it surely cites nothing.
    pub(crate) fn may_cite(&self) -> bool {
        self.changed.is_some() || self.arrived.may_cite()
    }

    /// The wire bytes: as they arrived, or encoded again when the message was changed.
    #[must_use]
    pub fn wire(&self) -> Cow<'_, [u8]> {
        if let Some(grown) = self.grown() {
            return Cow::Owned(grown);
        }
        match &self.changed {
            _ if self.growing.is_some() => Cow::Owned(schema::encode(self.clone().open())),
            None => Cow::Borrowed(self.arrived.raw()),
            Some(message) => Cow::Owned(schema::encode(message)),
        }
    }

    /// The bytes that arrived with all that it says now, where it has grown and not been changed otherwise.
    fn grown(&self) -> Option<Vec<u8>> {
        match (&self.growing, &self.changed) {
            (Some((voice, words)), None) if self.arrived.role() == Some(Role::Speaks(*voice)) => {
                self.arrived.wire_saying(words)
            }
            _ => None,
        }
    }

    /// Adds `text` to what the message says in `voice`. Gives how many bytes that were before; none, and nothing is
    /// changed, when it says nothing in that voice yet.
    pub(crate) fn append(&mut self, voice: Voice, text: &str) -> Option<usize> {
        if self.growing.is_none() {
            let (_, words) = self.says().filter(|(own, _)| *own == voice)?;
            let words = match self.changed {
                None => words.to_owned(),
                Some(_) => std::mem::take(words_of(self.open(), voice)?),
            };
            self.growing = Some((voice, words));
        }
        let (_, words) = self.growing.as_mut().filter(|(own, _)| *own == voice)?;
        let before = words.len();
        words.push_str(text);
        Some(before)
    }

    /// The whole message, to be changed.
    fn open(&mut self) -> &mut DynamicMessage {
        let message = self.changed.get_or_insert_with(|| self.arrived.to_message());
        if let Some((voice, words)) = self.growing.take()
            && let Some(place) = words_of(message, voice)
        {
            *place = words;
        }
        message
    }

    /// Masked replace (`WARP-PROTOCOL.md` §3.3).
    ///
    /// # Errors
    /// When the mask does not fit; the message is then as it was before.
    pub(crate) fn update(&mut self, patch: &RawMessage, paths: &[String]) -> Result<(), SchemaError> {
        if let Some(grown) = self.grown().and_then(|grown| self.arrived.with(grown).ok()) {
            (self.arrived, self.growing) = (grown, None);
        }
        if self.changed.is_none()
            && self.growing.is_none()
            && let Some(updated) = self.arrived.updated(patch, paths)
        {
            self.arrived = updated;
            return Ok(());
        }
        self.edit(|target| mask::update(target, patch.message(), paths))
    }

    /// Masked append (`WARP-PROTOCOL.md` §3.4).
    ///
    /// # Errors
    /// When the mask does not fit; the message is then as it was before.
    pub(crate) fn append_masked(&mut self, patch: &RawMessage, paths: &[String]) -> Result<(), SchemaError> {
        self.edit(|target| mask::append(target, patch.message(), paths))
    }

    fn edit(&mut self, edit: impl FnOnce(&mut DynamicMessage) -> Result<(), SchemaError>) -> Result<(), SchemaError> {
        let is_as_arrived = self.changed.is_none() && self.growing.is_none();
        let edited = edit(self.open());
        if edited.is_err() && is_as_arrived {
            self.changed = None;
        }
        edited
    }

    pub(crate) fn set_task_id(&mut self, task_id: &str) {
        self.open().set_field_by_name("task_id", Value::String(task_id.to_owned()));
    }

    /// What the message says to the user, and in which voice.
    #[must_use]
    pub fn says(&self) -> Option<(Voice, &str)> {
        if let Some((voice, words)) = &self.growing {
            return Some((*voice, words));
        }
        if self.changed.is_none() && self.arrived.role().is_some() {
            return self.arrived.words();
        }
        let spoken = |kind, field| match part(self.message(), kind)?.get_field_by_name(field)? {
            Cow::Borrowed(value) => value.as_str(),
            Cow::Owned(_) => Some(""),
        };
        [Voice::Text, Voice::Reasoning].into_iter().find_map(|voice| {
            let (part, field) = voice.place();
            spoken(part, field).map(|text| (voice, text))
        })
    }

    /// How many bytes at its start `other` says in the same voice and words.
    pub(crate) fn shares_with(&self, other: &Self) -> usize {
        match (self.says(), other.says()) {
            (Some((voice, old)), Some((now, new))) if voice == now => common_prefix(old, new),
            _ => 0,
        }
    }

    /// The tool call that the message is, if it is one.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        let call = self.tool_call()?;
        let id = text(call, "tool_call_id");
        let tools = call.descriptor().oneofs().find(|oneof| oneof.name() == "tool")?;
        let tool = tools.fields().find(|field| call.has_field(field))?;
        let body = call.get_field(&tool);
        let body = body.as_message();
        Some(match tool.name() {
            "call_mcp_tool" => Call::Client {
                id,
                name: body.map(|body| text(body, "name")).unwrap_or_default(),
                arguments: body.and_then(|body| part(body, "args")).map(arguments).unwrap_or_default(),
            },
            tool if SERVER_TOOLS.contains(&tool) => {
                Call::Server { payload: body.filter(|_| tool == "server").map(|body| text(body, "payload")) }
            }
            tool => Call::BuiltIn { id, tool: tool.to_owned() },
        })
    }

    /// The id of the call that this message answers, if it is a result.
    #[must_use]
    pub fn answers_call(&self) -> Option<String> {
        self.part(Role::Result, "tool_call_result").map(|result| text(result, "tool_call_id"))
    }

    /// The id of the call by which this message starts the subtask `task_id`, if it does.
    #[must_use]
    pub fn calls_subagent(&self, task_id: &str) -> Option<String> {
        let call = self.tool_call()?;
        let subagent = part(call, "subagent")?;
        (text(subagent, "task_id") == task_id).then(|| text(call, "tool_call_id"))
    }

    fn tool_call(&self) -> Option<&DynamicMessage> {
        let is_call = self.may_be(Role::Call) || self.may_be(Role::ServerCall);
        if is_call { part(self.message(), "tool_call") } else { None }
    }

    /// The tool call that the message is, unless the upstream resolves it by itself.
    pub(crate) fn call_to_answer(&self) -> Option<Call> {
        if !self.may_be(Role::Call) {
            return None;
        }
        self.call().filter(|call| !matches!(call, Call::Server { .. }))
    }

    /// The part `name` of a message that is `role`.
    pub(crate) fn part(&self, role: Role, name: &str) -> Option<&DynamicMessage> {
        if self.may_be(role) { part(self.message(), name) } else { None }
    }

    /// The model that the upstream says is answering, and whether it stands in for another.
    #[must_use]
    pub fn names_model(&self) -> Option<(String, bool)> {
        let used = self.part(Role::Model, "model_used")?;
        let fallback = used.get_field_by_name("is_fallback").and_then(|value| value.as_bool());
        Some((text(used, "model_id"), fallback.unwrap_or_default()))
    }
}

/// Where a message that says something in `voice` has its words.
fn words_of(message: &mut DynamicMessage, voice: Voice) -> Option<&mut String> {
    let (part, field) = voice.place();
    message.get_field_by_name_mut(part)?.as_message_mut()?.get_field_by_name_mut(field)?.as_string_mut()
}

/// The message in field `name`, if it is set.
pub(crate) fn part<'a>(message: &'a DynamicMessage, name: &str) -> Option<&'a DynamicMessage> {
    if !message.has_field_by_name(name) {
        return None;
    }
    match message.get_field_by_name(name)? {
        Cow::Borrowed(value) => value.as_message(),
        Cow::Owned(_) => None,
    }
}

/// A `google.protobuf.Struct` as JSON, whole numbers without a fraction.
fn arguments(args: &DynamicMessage) -> Map<String, serde_json::Value> {
    match schema::to_json(args) {
        serde_json::Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The length in bytes of the longest text that both begin with.
pub(crate) fn common_prefix(one: &str, other: &str) -> usize {
    let same = one.char_indices().zip(other.chars()).find(|((_, a), b)| a != b);
    same.map_or(one.len().min(other.len()), |((at, _), _)| at)
}
