//! Upstream events to turn events: one pure state machine for live streams, captures and replays.
//!
//! It keeps the task tree, tells what of it a user newly hears, and holds tool calls back until the end, for their
//! arguments may change until then (`WARP-PROTOCOL.md` §3.4). It must not know HTTP, SSE, time or any client.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    schema::Schema,
    turn::{ErrorKind, Page, StopReason, ToolCall, TurnError, TurnEvent, Usage, UsageSource, unique_id},
    upstream::{
        entry::{Call, Entry, Voice, common_prefix},
        event::{Action, Event, EventError, RawTask, Reader},
        finish::Finish,
        tree::{Effect, Task, Tree, root_of},
        web::{self, Searches},
    },
};

/// How many problems are remembered; an upstream gone mad must not fill the memory.
const PROBLEMS: usize = 100;

/// Assembles one answer.
#[derive(Debug)]
pub struct Assembler {
    reader: Arc<Reader>,
    tree: Tree,
    text: Unsaid,
    reasoning: Unsaid,
    searches: Searches,
    conversation_id: String,
    /// Tokens of the conversation before this answer, where known.
    tokens_before: Option<u64>,
    /// The same after it.
    tokens_after: Option<u64>,
    has_acted: bool,
    is_over: bool,
    is_damaged: bool,
    problems: Vec<String>,
}

/// What an event was.
#[derive(Debug, Clone, PartialEq)]
pub enum Pushed {
    /// One action that appended text to a message.
    Appended,
    /// Any other.
    Event(Event),
}

impl Assembler {
    /// An assembler for an answer to a request that sent no tasks.
    ///
    /// # Errors
    /// When the schema is not one of this protocol.
    pub fn new(schema: &Schema) -> Result<Self, EventError> {
        Ok(Self::with_reader(Reader::new(schema)?))
    }

    /// The same with a reader that is already resolved.
    #[must_use]
    pub fn with_reader(reader: impl Into<Arc<Reader>>) -> Self {
        let reader = reader.into();
        Self {
            tree: Tree::new(reader.task().clone()),
            reader,
            text: Unsaid::default(),
            reasoning: Unsaid::default(),
            searches: Searches::default(),
            conversation_id: String::new(),
            tokens_before: Some(0),
            tokens_after: None,
            has_acted: false,
            is_over: false,
            is_damaged: false,
            problems: Vec::new(),
        }
    }

    /// For an answer to a request that sent `tasks`, as wire bytes.
    ///
    /// # Errors
    /// When a task is not well-formed.
    pub fn with_sent(mut self, tasks: &[Bytes]) -> Result<Self, EventError> {
        let tasks = tasks.iter().map(|task| self.reader.read_task(task)).collect::<Result<Vec<RawTask>, _>>()?;
        self.tree = self.tree.with_sent(tasks);
        Ok(self)
    }

    /// For an answer within a conversation that has taken `tokens` so far, where that is known.
    #[must_use]
    pub fn after(mut self, tokens: Option<u64>) -> Self {
        self.tokens_before = tokens;
        self
    }

    /// For a capture, which may begin in the middle of a conversation: unknown tasks are taken as they come.
    #[must_use]
    pub fn adopting(mut self) -> Self {
        self.tree = self.tree.adopting();
        self.tokens_before = None;
        self
    }

    /// Takes the wire bytes of the next `ResponseEvent` and appends what a user hears of it to `out`. What comes after
    /// the end of the answer is ignored.
    ///
    /// # Errors
    /// When the bytes are not a well-formed event.
    pub fn push(&mut self, wire: &[u8], out: &mut Vec<TurnEvent>) -> Result<Pushed, EventError> {
        match self.append(wire, out) {
            true => Ok(Pushed::Appended),
            false => self.read(wire, out).map(Pushed::Event),
        }
    }

    /// Takes an event that only appends text to a message, as nearly all of them do, without making more of it than that.
    /// Returns false when it is another.
    fn append(&mut self, wire: &[u8], out: &mut Vec<TurnEvent>) -> bool {
        if self.is_over {
            return false;
        }
        let appended = self.reader.appended(wire);
        let Some(effect) = appended.and_then(|appended| self.tree.append_text(&appended)) else { return false };
        self.has_acted = true;
        self.tell(effect, out);
        true
    }

    fn read(&mut self, wire: &[u8], out: &mut Vec<TurnEvent>) -> Result<Event, EventError> {
        let event = self.reader.read(&Bytes::copy_from_slice(wire))?;
        if self.is_over {
            self.note(format!("an event of kind {} came after the end", event.name()));
            return Ok(event);
        }
        match &event {
            Event::Init { conversation_id, request_id, run_id } => {
                self.conversation_id.clone_from(conversation_id);
                out.push(TurnEvent::Started {
                    conversation_id: conversation_id.clone(),
                    request_id: request_id.clone(),
                    run_id: run_id.clone(),
                });
            }
            Event::Actions(actions) => self.act(actions, out),
            Event::Finished(finished) => self.finish(&Finish::of(finished), out),
            Event::Unknown => self.note("an event of a kind that the schema does not know".to_owned()),
        }
        Ok(event)
    }

    /// Takes the end of the stream. Without a `StreamFinished` before it the answer broke off.
    pub fn end(&mut self, out: &mut Vec<TurnEvent>) {
        if !self.is_over {
            self.is_over = true;
            let message = "The upstream's answer broke off before its end; what was sent is not the whole of it.";
            out.push(TurnEvent::Failed(TurnError::new(ErrorKind::Truncated, message)));
        }
    }

    /// True once a `ClientActions` event has come: from then on the same request must not be sent again
    /// (`WARP-PROTOCOL.md` §1.8).
    #[must_use]
    pub fn has_acted(&self) -> bool {
        self.has_acted
    }

    /// True once the answer is complete, has failed or broke off.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The conversation that the upstream began or went on with; empty before it said so.
    #[must_use]
    pub fn conversation_id(&self) -> &str {
        &self.conversation_id
    }

    /// Tokens that the conversation has taken with this answer, where the upstream said so.
    #[must_use]
    pub fn conversation_tokens(&self) -> Option<u64> {
        self.tokens_after
    }

    /// The tree as it stands.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// True when some action could not be applied, or two calls share an id, so that the tree must not be sent back.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// What was odd about the answer, in sentences.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Every new tool call that no message behind it answers, the root task's first.
    #[must_use]
    pub fn pending_calls(&self) -> Vec<Call> {
        let tasks = self.tree.tasks();
        let answers = answers(tasks);
        let root = self.tree.root();
        let root_first = root.into_iter().chain((0..tasks.len()).filter(|place| Some(*place) != root));
        let mut calls: Vec<Call> = Vec::new();
        for task in root_first {
            for (at, entry) in tasks[task].entries().iter().enumerate().filter(|(_, entry)| entry.is_new()) {
                // A result before the call answers an older one with the same id.
                let answers_this = |place: &(usize, usize)| place.0 != task || place.1 > at;
                match entry.call_to_answer() {
                    Some(Call::Client { id, .. } | Call::BuiltIn { id, .. })
                        if answers.get(&id).is_some_and(|places| places.iter().any(answers_this)) => {}
                    Some(call) if !calls.contains(&call) => calls.push(call),
                    Some(_) | None => {}
                }
            }
        }
        calls
    }

    /// The same calls with ids of their own, as a client wants them. Where the upstream's own ids are none, its tree
    /// cannot be gone on with: nobody could say which of its calls a result answers.
    fn calls_to_tell(&mut self) -> Vec<Call> {
        let mut calls = self.pending_calls();
        let mut taken: BTreeSet<String> = all_entries(self.tree.tasks())
            .filter(|entry| !entry.is_new())
            .filter_map(|entry| match entry.call_to_answer() {
                Some(Call::Client { id, .. } | Call::BuiltIn { id, .. }) => Some(id),
                Some(Call::Server { .. }) | None => None,
            })
            .collect();
        for call in &mut calls {
            if let Call::Client { id, .. } = call {
                let own = unique_id(id, &mut taken);
                if own != *id {
                    self.is_damaged = true;
                    self.note(format!("a tool call's id is missing or not its own: {id:?}; it was called {own:?}"));
                    *id = own;
                }
            }
        }
        calls
    }

    /// Applies the actions of one event. One that fails ends its event, not the answer, as in the official client.
    fn act(&mut self, actions: &[Action], out: &mut Vec<TurnEvent>) {
        self.has_acted = true;
        for action in actions {
            if matches!(action, Action::Unknown) {
                self.note("an action of a kind that the schema does not know".to_owned());
            }
            match self.tree.apply(action.clone()) {
                Ok(effect) => self.tell(effect, out),
                Err(error) => {
                    tracing::warn!(%error, "the upstream sent an action that cannot be applied");
                    self.is_damaged = true;
                    self.note(error.to_string());
                    return;
                }
            }
        }
    }

    fn tell(&mut self, effect: Effect, out: &mut Vec<TurnEvent>) {
        match effect {
            Effect::None => {}
            Effect::Added { task, from } => {
                let is_root = self.tree.root() == Some(task);
                let tasks = self.tree.tasks();
                for entry in tasks[task].entries().iter().skip(from) {
                    if let Some((model, is_fallback)) = entry.names_model() {
                        out.push(TurnEvent::ModelUsed { model, is_fallback });
                    }
                    if is_root {
                        say(&mut self.text, &mut self.reasoning, entry, 0, out);
                    }
                    out.extend(self.searches.follow(entry).map(TurnEvent::WebSearch));
                }
            }
            Effect::Changed { task, entry, said } => {
                let is_root = self.tree.root() == Some(task);
                let entry = &self.tree.tasks()[task].entries()[entry];
                if entry.is_new() && !(is_root && say(&mut self.text, &mut self.reasoning, entry, said, out)) {
                    out.extend(self.searches.follow(entry).map(TurnEvent::WebSearch));
                }
            }
            Effect::RolledBack(with) => {
                for (voice, unsaid) in [(Voice::Text, &mut self.text), (Voice::Reasoning, &mut self.reasoning)] {
                    unsaid.take_back(&spoken(&with, voice), &spoken(self.tree.tasks(), voice));
                }
            }
        }
    }

    fn finish(&mut self, finish: &Finish, out: &mut Vec<TurnEvent>) {
        self.is_over = true;
        self.tokens_after = finish.conversation_tokens;
        let calls = self.calls_to_tell();
        let has_calls = calls.iter().any(|call| matches!(call, Call::Client { .. }));
        let reason = match &finish.reason {
            Ok(StopReason::EndTurn) if has_calls => Ok(StopReason::ToolCalls),
            reason => reason.clone(),
        };
        if reason.is_ok() {
            out.extend(self.citations().map(TurnEvent::Citations));
            for call in calls {
                match call {
                    Call::Client { id, name, arguments } => {
                        out.push(TurnEvent::ToolCall(ToolCall { id, name, arguments }));
                    }
                    Call::BuiltIn { tool, .. } => {
                        self.note(format!("the upstream called its own client's tool {tool:?}, which was not offered"));
                    }
                    Call::Server { .. } => {}
                }
            }
        }
        out.push(TurnEvent::Usage(self.usage(finish)));
        out.push(match reason {
            Ok(reason) => TurnEvent::Finished(reason),
            Err(error) => TurnEvent::Failed(error),
        });
    }

    /// The pages that the answer rests on, if any.
    fn citations(&self) -> Option<Vec<Page>> {
        let tasks = self.tree.tasks();
        let root = self.tree.root().map(|place| tasks[place].entries()).unwrap_or_default();
        let answer = root.iter().map(AsRef::as_ref).filter(|entry: &&Entry| entry.is_new());
        Some(web::citations(answer, all_entries(tasks))).filter(|pages| !pages.is_empty())
    }

    /// What the answer cost; where only the conversation's total is known, its growth, all of it as input.
    fn usage(&self, finish: &Finish) -> Usage {
        match (finish.usage.source, finish.conversation_tokens, self.tokens_before) {
            (UsageSource::Estimate, Some(after), Some(before)) if after > before => {
                Usage { input_tokens: after - before, source: UsageSource::Growth, ..finish.usage }
            }
            _ => finish.usage,
        }
    }

    fn note(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// Text that the client has heard but the tree no longer holds, since a rollback. The replacement is matched against
/// it, and only what is new goes out (`DESIGN.md` §5).
#[derive(Debug, Default)]
struct Unsaid(String);

impl Unsaid {
    /// What of `text` the client has not heard yet.
    fn new_part<'a>(&mut self, text: &'a str) -> &'a str {
        if self.0.is_empty() {
            return text;
        }
        let heard = common_prefix(&self.0, text);
        if heard < text.len() && heard < self.0.len() {
            tracing::warn!("the upstream took back text that had been sent and put other text in its place");
            self.0.clear();
        } else {
            self.0.drain(..heard);
        }
        &text[heard..]
    }

    /// A rollback turned what the tree says from `with` into `without`.
    fn take_back(&mut self, with: &str, without: &str) {
        let heard = format!("{with}{}", self.0);
        self.0 = heard[common_prefix(&heard, without)..].to_owned();
    }
}

/// Sends what `entry` says beyond its first `said` bytes. Returns false when it is a message that says nothing.
fn say(text: &mut Unsaid, reasoning: &mut Unsaid, entry: &Entry, said: usize, out: &mut Vec<TurnEvent>) -> bool {
    let Some((voice, words)) = entry.says() else { return false };
    let words = &words[said..];
    match voice {
        Voice::Text => match text.new_part(words) {
            "" => {}
            new => out.push(TurnEvent::Text(new.to_owned())),
        },
        Voice::Reasoning => match reasoning.new_part(words) {
            "" => {}
            new => out.push(TurnEvent::Reasoning(new.to_owned())),
        },
    }
    true
}

/// All that the new messages of the root say in one voice.
pub(crate) fn spoken(tasks: &[Task], voice: Voice) -> String {
    let root = root_of(tasks).map(|place| tasks[place].entries()).unwrap_or_default();
    let new = root.iter().filter(|entry| entry.is_new());
    new.filter_map(|entry| entry.says()).filter(|(own, _)| *own == voice).map(|(_, words)| words).collect()
}

/// Where results stand, by the id of the call that they answer.
fn answers(tasks: &[Task]) -> HashMap<String, Vec<(usize, usize)>> {
    let mut answers: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
    for (task, of) in tasks.iter().enumerate() {
        for (at, entry) in of.entries().iter().enumerate() {
            if let Some(id) = entry.answers_call() {
                answers.entry(id).or_default().push((task, at));
            }
        }
    }
    answers
}

fn all_entries(tasks: &[Task]) -> impl Iterator<Item = &Entry> {
    tasks.iter().flat_map(|task| task.entries().iter().map(AsRef::as_ref))
}
