//! A recorded answer put together again: what it said, called and cost, and what was in it.
//!
//! It is fed the response events of an answer and goes through the same reader and assembler as live traffic. It must not
//! know where the events come from, nor how the result is printed.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _};

use crate::{
    schema::{self, Places, Schema},
    turn::{ToolCall, TurnEvent, Usage, UsageSource},
    upstream::{
        assemble::{Assembler, Pushed, spoken},
        contents,
        entry::{Call, Voice},
        event::{Action, Event, EventError, Patch, Reader},
        finish::Finish,
    },
};

pub use crate::upstream::contents::{ServerTool, Todo, ToolResult};

/// How many different oddities are told apart.
const ODDITIES: usize = 100;

/// Puts recorded answers together, one after the other.
#[derive(Debug)]
pub struct Transcriber {
    reader: Arc<Reader>,
    event: MessageDescriptor,
    assembler: Assembler,
    unknown: Places,
    odd_masks: Places,
    rollbacks: u64,
    transcript: Transcript,
}

/// What a recorded answer holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// The conversation.
    pub conversation_id: String,
    /// The request.
    pub request_id: String,
    /// The run, where the upstream named one.
    pub run_id: String,
    /// The answer's text, as the task tree has it at the end.
    pub text: String,
    /// The thinking, likewise.
    pub reasoning: String,
    /// Calls of the client's tools, with their final arguments.
    pub tool_calls: Vec<ToolCall>,
    /// Results of tools in the answer.
    pub tool_results: Vec<ToolResult>,
    /// The list of things to do, as it stands at the end.
    pub todos: Vec<Todo>,
    /// Calls that the upstream resolves by itself.
    pub server_tools: Vec<ServerTool>,
    /// The opaque payloads of those calls, as they came.
    pub server_tool_payloads: Vec<String>,
    /// The schema's name of the reason for the end; none when the answer broke off.
    pub finish_reason: Option<String>,
    /// What the answer cost, where the upstream said so.
    pub usage: Option<Usage>,
    /// The credits that it cost, where the upstream said so.
    pub credits: Option<f64>,
    /// How many events of each kind there were, in order of first appearance.
    pub events: Counts,
    /// How many actions of each kind there were, in order of first appearance.
    pub actions: Counts,
    /// Whether the answer came to its end.
    pub complete: bool,
    /// What was odd, in sentences.
    pub problems: Vec<String>,
}

/// Things counted by name, in order of first appearance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(Vec<(&'static str, u64)>);

impl Counts {
    fn add(&mut self, name: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => self.0.push((name, 1)),
        }
    }

    /// The names with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().copied()
    }

    /// True when nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Transcriber {
    /// A transcriber of answers in messages of `schema`.
    ///
    /// # Errors
    /// When the schema is not one of this protocol.
    pub fn new(schema: &Schema) -> Result<Self, EventError> {
        let reader = Arc::new(Reader::new(schema)?);
        Ok(Self {
            assembler: Assembler::with_reader(Arc::clone(&reader)).adopting(),
            reader,
            event: schema.message("ResponseEvent")?,
            unknown: Places::new(),
            odd_masks: Places::new(),
            rollbacks: 0,
            transcript: Transcript::default(),
        })
    }

    /// Takes the wire bytes of the next event and appends what a user would hear of it to `heard`.
    ///
    /// # Errors
    /// When the bytes are not a response event; they then count for nothing.
    pub fn push(&mut self, wire: &[u8], heard: &mut Vec<TurnEvent>) -> Result<(), EventError> {
        match self.assembler.push(wire, heard)? {
            // Nothing in it is unknown, or it would not have been taken for one.
            Pushed::Appended => {
                self.transcript.events.add("client_actions");
                self.transcript.actions.add("append_to_message_content");
            }
            Pushed::Event(event) => {
                schema::unknown_places(&self.event, wire, &mut self.unknown);
                while self.unknown.len() > ODDITIES {
                    self.unknown.pop_last();
                }
                self.count(&event);
            }
        }
        Ok(())
    }

    /// The event that `wire` is, for who wants to see more of it than what is heard.
    ///
    /// # Errors
    /// When the bytes are not a response event.
    pub fn read(&self, wire: &[u8]) -> Result<Event, EventError> {
        self.reader.read(&Bytes::copy_from_slice(wire))
    }

    /// True when `wire` begins an answer, so that what came before it is another one.
    #[must_use]
    pub fn begins_answer(&self, wire: &[u8]) -> bool {
        self.reader.begins_answer(wire)
    }

    /// True before the first event of an answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transcript.events.is_empty()
    }

    /// Takes the end of the answer, and makes ready for another.
    pub fn finish(&mut self, heard: &mut Vec<TurnEvent>) -> Transcript {
        self.assembler.end(heard);
        let transcript = self.so_far();
        self.assembler = Assembler::with_reader(Arc::clone(&self.reader)).adopting();
        self.unknown.clear();
        self.odd_masks.clear();
        self.rollbacks = 0;
        self.transcript = Transcript::default();
        transcript
    }

    fn so_far(&mut self) -> Transcript {
        let tasks = self.assembler.tree().tasks();
        let calls = self.assembler.pending_calls().into_iter();
        let server_tools = contents::server_tools(tasks);
        Transcript {
            text: spoken(tasks, Voice::Text),
            reasoning: spoken(tasks, Voice::Reasoning),
            tool_calls: calls.filter_map(client_call).collect(),
            tool_results: contents::tool_results(tasks),
            todos: contents::todos(tasks),
            server_tool_payloads: server_tools.iter().filter_map(|tool| tool.payload.clone()).collect(),
            server_tools,
            problems: self.problems(),
            ..std::mem::take(&mut self.transcript)
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.assembler.problems().to_vec();
        if !self.transcript.complete {
            problems.push("the answer broke off: there is no `finished` event".to_owned());
        }
        if self.rollbacks > 0 {
            problems
                .push(format!("{} rolled back: a client may have heard what was taken back", times(self.rollbacks)));
        }
        let masks = self.odd_masks.iter();
        problems.extend(masks.map(|(mask, count)| format!("a mask hits nothing: {mask} ({})", times(*count))));
        let unknown = self.unknown.iter();
        problems.extend(unknown.map(|(place, count)| format!("the schema does not know {place} ({})", times(*count))));
        problems
    }

    fn count(&mut self, event: &Event) {
        let transcript = &mut self.transcript;
        transcript.events.add(event.name());
        match event {
            Event::Init { conversation_id, request_id, run_id } => {
                transcript.conversation_id.clone_from(conversation_id);
                transcript.request_id.clone_from(request_id);
                transcript.run_id.clone_from(run_id);
            }
            Event::Actions(actions) => actions.iter().for_each(|action| self.count_action(action)),
            Event::Finished(finished) => self.take_finish(finished),
            Event::Unknown => {}
        }
    }

    fn count_action(&mut self, action: &Action) {
        self.transcript.actions.add(action.name());
        match action {
            Action::Rollback => self.rollbacks += 1,
            Action::UpdateMessage(patch) | Action::AppendContent(patch) => {
                for miss in misses(patch) {
                    if self.odd_masks.len() < ODDITIES {
                        *self.odd_masks.entry(format!("{miss} of {}", action.name())).or_default() += 1;
                    }
                }
            }
            _ => {}
        }
    }

    fn take_finish(&mut self, finished: &DynamicMessage) {
        let finish = Finish::of(finished);
        self.transcript.complete = true;
        self.transcript.finish_reason = Some(finish.name);
        self.transcript.credits = finish.usage.credits;
        self.transcript.usage = Some(finish.usage).filter(|usage| usage.source != UsageSource::Estimate);
    }
}

/// The paths of a mask that name no field of a message.
fn misses(patch: &Patch) -> Vec<String> {
    let (Some(message), Some(mask)) = (&patch.message, &patch.mask) else { return Vec::new() };
    if mask.is_empty() {
        return vec!["an empty one".to_owned()];
    }
    let descriptor = message.message().descriptor();
    mask.iter().filter(|path| !is_path(&descriptor, path)).map(|path| format!("{path:?}")).collect()
}

fn is_path(descriptor: &MessageDescriptor, path: &str) -> bool {
    let mut inside = Some(descriptor.clone());
    path.split('.').all(|name| {
        let field = inside.as_ref().and_then(|message| message.get_field_by_name(name));
        inside = field.as_ref().and_then(|field| field.kind().as_message().cloned());
        field.is_some()
    })
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn client_call(call: Call) -> Option<ToolCall> {
    match call {
        Call::Client { id, name, arguments } => Some(ToolCall { id, name, arguments }),
        Call::Server { .. } | Call::BuiltIn { .. } => None,
    }
}
