//! A recorded answer put together again: what it said, called and cost, and what was in it.
//!
//! It is fed the bytes of an SSE stream and goes through the same decoder and assembler as live traffic. It must not
//! know where the bytes come from, nor how the result is printed.

use bytes::Bytes;
use prost_reflect::DynamicMessage;

use crate::{
    schema::{Schema, SchemaError},
    sse::{self, SseError},
    turn::{ToolCall, TurnEvent, Usage, UsageSource},
    upstream::{
        assemble::{Assembler, spoken},
        entry::{Call, Voice},
        event::{Event, EventError},
        finish::Finish,
        payload,
    },
};

/// Puts a recorded answer together.
#[derive(Debug)]
pub struct Transcriber {
    decoder: sse::Decoder,
    parsed: Vec<sse::Event>,
    assembler: Assembler,
    seen: u64,
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
    /// The opaque payloads of calls that the upstream resolves by itself.
    pub server_tool_payloads: Vec<String>,
    /// The schema's name of the reason for the end; none when the answer broke off.
    pub finish_reason: Option<String>,
    /// What the answer cost, where the upstream said so.
    pub usage: Option<Usage>,
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
}

/// Why bytes are not a recorded answer.
#[derive(Debug, thiserror::Error)]
pub enum TranscriptError {
    /// They are not a stream of events.
    #[error(transparent)]
    Sse(#[from] SseError),
    /// The data of an event is no spelling of bytes.
    #[error("event {number}: {source}")]
    Payload {
        /// Which event, counted from 1.
        number: u64,
        /// What is wrong with it.
        source: SchemaError,
    },
    /// An event is not a `ResponseEvent`.
    #[error("event {number}: {source}")]
    Event {
        /// Which event, counted from 1.
        number: u64,
        /// What is wrong with it.
        source: EventError,
    },
}

impl Transcriber {
    /// A transcriber of answers in messages of `schema`.
    ///
    /// # Errors
    /// When the schema is not one of this protocol.
    pub fn new(schema: &Schema) -> Result<Self, EventError> {
        Ok(Self {
            decoder: sse::Decoder::default(),
            parsed: Vec::new(),
            assembler: Assembler::new(schema)?.adopting(),
            seen: 0,
            transcript: Transcript::default(),
        })
    }

    /// Takes the next bytes and appends what a user would hear of them to `heard`.
    ///
    /// # Errors
    /// When the bytes are not an answer; what came before stays transcribed.
    pub fn push(&mut self, chunk: &Bytes, heard: &mut Vec<TurnEvent>) -> Result<(), TranscriptError> {
        self.decoder.push(chunk, &mut self.parsed)?;
        self.take(heard)
    }

    /// Takes the end of the bytes, and gives what they held.
    ///
    /// # Errors
    /// When an event at the very end is broken. See [`Transcriber::so_far`] for what came before it.
    pub fn end(&mut self, heard: &mut Vec<TurnEvent>) -> Result<(), TranscriptError> {
        self.decoder.finish(&mut self.parsed)?;
        self.take(heard)?;
        self.assembler.end(heard);
        Ok(())
    }

    /// What the bytes have held so far.
    #[must_use]
    pub fn so_far(&self) -> Transcript {
        let tasks = self.assembler.tree().tasks();
        let calls = self.assembler.pending_calls().into_iter();
        let entries = tasks.iter().flat_map(|task| task.entries());
        Transcript {
            text: spoken(tasks, Voice::Text),
            reasoning: spoken(tasks, Voice::Reasoning),
            tool_calls: calls.filter_map(client_call).collect(),
            server_tool_payloads: entries.filter_map(|entry| entry.call()).filter_map(server_payload).collect(),
            problems: self.assembler.problems().to_vec(),
            ..self.transcript.clone()
        }
    }

    fn take(&mut self, heard: &mut Vec<TurnEvent>) -> Result<(), TranscriptError> {
        for event in std::mem::take(&mut self.parsed) {
            let number = self.seen + 1;
            let wire = payload::decode(&event.data).map_err(|source| TranscriptError::Payload { number, source })?;
            let Some(wire) = wire else { continue };
            self.seen = number;
            let event =
                self.assembler.push(&wire, heard).map_err(|source| TranscriptError::Event { number, source })?;
            self.count(&event);
        }
        Ok(())
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
            Event::Actions(actions) => actions.iter().for_each(|action| transcript.actions.add(action.name())),
            Event::Finished(finished) => self.finish(finished),
            Event::Unknown => {}
        }
    }

    fn finish(&mut self, finished: &DynamicMessage) {
        let finish = Finish::of(finished);
        self.transcript.complete = true;
        self.transcript.finish_reason = Some(finish.name);
        self.transcript.usage = Some(finish.usage).filter(|usage| usage.source != UsageSource::Estimate);
    }
}

fn client_call(call: Call) -> Option<ToolCall> {
    match call {
        Call::Client { id, name, arguments } => Some(ToolCall { id, name, arguments }),
        Call::Server { .. } | Call::BuiltIn { .. } => None,
    }
}

fn server_payload(call: Call) -> Option<String> {
    match call {
        Call::Server { payload } => payload,
        Call::Client { .. } | Call::BuiltIn { .. } => None,
    }
}
