//! The task tree that the upstream keeps through its client: tasks, their messages, transactions
//! (`WARP-PROTOCOL.md` §3.3, §3.6).
//!
//! Applying an action says what it did to which message, so that the assembler can tell what a user would newly see.
//! The tree must not know what a user sees, nor where actions come from.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::{
    schema::{self, SchemaError, wire},
    upstream::{
        append::Appended,
        entry::Entry,
        event::{Action, Move, Patch, RawTask},
        message::RawMessage,
    },
};

/// All tasks of a conversation, in the order in which they came.
#[derive(Debug, Clone)]
pub struct Tree {
    tasks: Vec<Task>,
    transaction: Option<Transaction>,
    descriptor: MessageDescriptor,
    adopts: bool,
}

/// One task with its messages.
#[derive(Debug, Clone)]
pub struct Task {
    id: String,
    parent: Option<String>,
    /// The wire bytes of all fields but the messages.
    header: Vec<u8>,
    entries: Vec<Arc<Entry>>,
}

/// What a rollback restores: for each task touched its id and its former state, or none when it was made inside.
type Transaction = Vec<(String, Option<Task>)>;

/// What an action did.
#[derive(Debug)]
pub enum Effect {
    /// Nothing that a message shows.
    None,
    /// A task got new messages at its end.
    Added {
        /// The task's place in the tree.
        task: usize,
        /// The place of the first new message.
        from: usize,
    },
    /// A message changed.
    Changed {
        /// The task's place in the tree.
        task: usize,
        /// The message's place in the task.
        entry: usize,
        /// How many bytes of what the message says it said before.
        said: usize,
    },
    /// What was done since the transaction began is undone; these are the tasks as they were with it.
    RolledBack(Vec<Task>),
}

/// Why an action could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// No such task.
    #[error("{action} names the task {task_id:?}, which does not exist")]
    UnknownTask {
        /// The action.
        action: &'static str,
        /// The task named.
        task_id: String,
    },
    /// No such message.
    #[error("{action} names the message {message_id:?}, which its task does not hold")]
    UnknownMessage {
        /// The action.
        action: &'static str,
        /// The message named.
        message_id: String,
    },
    /// The action lacks the message or the mask that says what changes.
    #[error("{action} has no message or no mask")]
    Incomplete {
        /// The action.
        action: &'static str,
    },
    /// The range to move is not what the upstream believes.
    #[error("the range of messages to move holds {found} messages instead of {expected}")]
    WrongRange {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: u64,
    },
    /// The mask does not fit the message, or a task cannot be changed.
    #[error("{action}: {source}")]
    Schema {
        /// The action.
        action: &'static str,
        /// What is wrong.
        source: SchemaError,
    },
}

impl Tree {
    /// An empty tree of tasks described by `descriptor`.
    #[must_use]
    pub fn new(descriptor: MessageDescriptor) -> Self {
        Self { tasks: Vec::new(), transaction: None, descriptor, adopts: false }
    }

    /// The same tree, but taking an action on a task it has never seen as the creation of that task. It is for
    /// captures, which may begin in the middle of a conversation.
    #[must_use]
    pub fn adopting(self) -> Self {
        Self { adopts: true, ..self }
    }

    /// The same tree with `tasks` as they were sent to the upstream; their messages are not new.
    #[must_use]
    pub fn with_sent(mut self, tasks: Vec<RawTask>) -> Self {
        self.tasks.extend(tasks.into_iter().map(|task| Task::of(task, false)));
        self
    }

    /// The tasks, in order.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The place of the root: the task that talks with the user.
    #[must_use]
    pub fn root(&self) -> Option<usize> {
        root_of(&self.tasks)
    }

    /// The tasks that the next request must carry, as wire bytes: all but the subtasks whose subagent call has its
    /// result (`WARP-PROTOCOL.md` §2.c).
    #[must_use]
    pub fn active_tasks(&self) -> Vec<Bytes> {
        let messages = self.descriptor.get_field_by_name("messages").map_or(0, |field| field.number());
        let active = self.tasks.iter().filter(|task| !self.is_finished_subtask(task));
        active.map(|task| task.encode(messages)).collect()
    }

    fn is_finished_subtask(&self, task: &Task) -> bool {
        let parent = task.parent.as_ref().and_then(|id| self.tasks.iter().find(|other| &other.id == id));
        let Some(parent) = parent else { return false };
        let call = parent.entries.iter().find_map(|entry| entry.calls_subagent(&task.id));
        call.is_some_and(|call| parent.entries.iter().any(|entry| entry.answers_call().as_ref() == Some(&call)))
    }

    /// Applies `action`.
    ///
    /// # Errors
    /// When the action names what does not exist or does not fit; the tree is then as it was before.
    pub fn apply(&mut self, action: Action) -> Result<Effect, TreeError> {
        let name = action.name();
        match action {
            Action::CreateTask(task) => Ok(self.create(task)),
            Action::AddMessages { task_id, messages } => {
                let place = self.place(name, &task_id)?;
                self.checkpoint(place);
                Ok(self.add(place, messages))
            }
            Action::UpdateMessage(patch) => self.update(name, patch),
            Action::AppendContent(patch) => self.append(name, patch),
            Action::UpdateDescription { task_id, description } => {
                let place = self.place(name, &task_id)?;
                self.checkpoint(place);
                self.set_header(name, place, "description", description)
            }
            Action::UpdateServerData { task_id, server_data } => {
                let place = self.place(name, &task_id)?;
                self.set_header(name, place, "server_data", server_data)
            }
            Action::Begin => {
                self.transaction.get_or_insert_default();
                Ok(Effect::None)
            }
            Action::Commit => {
                self.transaction = None;
                Ok(Effect::None)
            }
            Action::Rollback => Ok(self.roll_back()),
            Action::MoveMessages(order) => self.move_messages(name, order),
            Action::Other(_) | Action::Unknown => Ok(Effect::None),
        }
    }

    fn place(&mut self, action: &'static str, task_id: &str) -> Result<usize, TreeError> {
        if let Some(place) = self.tasks.iter().position(|task| task.id == task_id) {
            return Ok(place);
        }
        if !self.adopts {
            return Err(TreeError::UnknownTask { action, task_id: task_id.to_owned() });
        }
        let mut header = DynamicMessage::new(self.descriptor.clone());
        header.set_field_by_name("id", Value::String(task_id.to_owned()));
        let header = schema::encode(&header);
        self.tasks.push(Task { id: task_id.to_owned(), parent: None, header, entries: Vec::new() });
        Ok(self.tasks.len() - 1)
    }

    fn create(&mut self, task: RawTask) -> Effect {
        if let Some(transaction) = &mut self.transaction {
            transaction.push((task.id.clone(), None));
        }
        let task = Task::of(task, true);
        let place = match self.tasks.iter().position(|known| known.id == task.id) {
            Some(place) => {
                self.tasks[place] = task;
                place
            }
            None => {
                self.tasks.push(task);
                self.tasks.len() - 1
            }
        };
        Effect::Added { task: place, from: 0 }
    }

    fn add(&mut self, task: usize, messages: Vec<RawMessage>) -> Effect {
        let entries = &mut self.tasks[task].entries;
        let from = entries.len();
        entries.extend(messages.into_iter().map(|message| Arc::new(Entry::of(message, true))));
        Effect::Added { task, from }
    }

    /// Masked replace, or an addition where the message is new (`WARP-PROTOCOL.md` §3.3).
    fn update(&mut self, name: &'static str, patch: Patch) -> Result<Effect, TreeError> {
        let task = self.place(name, &patch.task_id)?;
        let Some(message) = patch.message else { return Err(TreeError::Incomplete { action: name }) };
        let Some(entry) = self.find(task, &message.id()) else { return Ok(self.add(task, vec![message])) };
        let Some(paths) = patch.mask else { return Err(TreeError::Incomplete { action: name }) };
        let slot = &mut self.tasks[task].entries[entry];
        let mut after = Entry::clone(slot);
        after.update(&message, &paths).map_err(|source| TreeError::Schema { action: name, source })?;
        let said = slot.shares_with(&after);
        *slot = Arc::new(after);
        Ok(Effect::Changed { task, entry, said })
    }

    /// Masked append (`WARP-PROTOCOL.md` §3.4).
    fn append(&mut self, name: &'static str, patch: Patch) -> Result<Effect, TreeError> {
        let task = self.place(name, &patch.task_id)?;
        let (Some(message), Some(paths)) = (patch.message, patch.mask) else {
            return Err(TreeError::Incomplete { action: name });
        };
        let message_id = message.id();
        let Some(entry) = self.find(task, &message_id) else {
            return match self.adopts {
                true => Ok(self.add(task, vec![message])),
                false => Err(TreeError::UnknownMessage { action: name, message_id }),
            };
        };
        // In place: a long answer is made of thousands of appends, and a copy for each would cost its square.
        let target = Arc::make_mut(&mut self.tasks[task].entries[entry]);
        let before = target.says().map(|(voice, text)| (voice, text.len()));
        target.append_masked(&message, &paths).map_err(|source| TreeError::Schema { action: name, source })?;
        let after = target.says().map(|(voice, _)| voice);
        let said = before.filter(|(voice, _)| after == Some(*voice)).map_or(0, |(_, length)| length);
        Ok(Effect::Changed { task, entry, said })
    }

    /// Appends text to a message that already says something in the same voice: what [`Tree::apply`] does with that
    /// action, without looking at masks. None when this is another case, and then nothing is changed.
    pub(crate) fn append_text(&mut self, appended: &Appended<'_>) -> Option<Effect> {
        let task = self.tasks.iter().position(|task| task.id == appended.task_id)?;
        let entry = self.find(task, appended.message_id)?;
        let slot = self.tasks.get_mut(task)?.entries.get_mut(entry)?;
        if slot.says()?.0 != appended.voice {
            return None;
        }
        let said = Arc::make_mut(slot).append(appended.voice, appended.text)?;
        Some(Effect::Changed { task, entry, said })
    }

    /// The place of the message `id`; the newest are looked at first, for they are what changes.
    fn find(&self, task: usize, id: &str) -> Option<usize> {
        self.tasks[task].entries.iter().rposition(|entry| entry.id() == id)
    }

    fn set_header(
        &mut self,
        action: &'static str,
        place: usize,
        field: &str,
        text: String,
    ) -> Result<Effect, TreeError> {
        let task = &mut self.tasks[place];
        let header = schema::decode(&self.descriptor, &task.header);
        let mut header = header.map_err(|source| TreeError::Schema { action, source })?;
        header.set_field_by_name(field, Value::String(text));
        task.header = schema::encode(&header);
        Ok(Effect::None)
    }

    /// Keeps the state of a task before its first change within a transaction.
    fn checkpoint(&mut self, place: usize) {
        let task = &self.tasks[place];
        if let Some(transaction) = &mut self.transaction
            && !transaction.iter().any(|(id, _)| *id == task.id)
        {
            transaction.push((task.id.clone(), Some(task.clone())));
        }
    }

    fn roll_back(&mut self) -> Effect {
        let Some(transaction) = self.transaction.take() else { return Effect::None };
        let with = self.tasks.clone();
        for (id, former) in transaction {
            let place = self.tasks.iter().position(|task| task.id == id);
            match (place, former) {
                (Some(place), Some(former)) => self.tasks[place] = former,
                (Some(place), None) => drop(self.tasks.remove(place)),
                (None, _) => {}
            }
        }
        Effect::RolledBack(with)
    }

    fn move_messages(&mut self, name: &'static str, order: Move) -> Result<Effect, TreeError> {
        let source = self.place(name, &order.source_task_id)?;
        let entries = &self.tasks[source].entries;
        let position = |id: &str| {
            let place = entries.iter().position(|entry| entry.id() == id);
            place.ok_or_else(|| TreeError::UnknownMessage { action: name, message_id: id.to_owned() })
        };
        let (first, last) = (position(&order.first_message_id)?, position(&order.last_message_id)?);
        let found = (last + 1).saturating_sub(first);
        if found == 0 || u64::try_from(found) != Ok(order.expected_count) {
            return Err(TreeError::WrongRange { found, expected: order.expected_count });
        }
        self.checkpoint(source);
        let replacements = order.replacements.into_iter().map(|message| Arc::new(Entry::of(message, true)));
        let moved: Vec<_> = self.tasks[source].entries.splice(first..=last, replacements).collect();
        let mut task = Task::of(order.new_task, true);
        for entry in moved {
            let mut entry = Entry::clone(&entry);
            entry.set_task_id(&task.id);
            task.entries.push(Arc::new(entry));
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.push((task.id.clone(), None));
        }
        self.tasks.push(task);
        Ok(Effect::None)
    }
}

impl Task {
    fn of(task: RawTask, is_new: bool) -> Self {
        let entries = task.messages.into_iter().map(|message| Arc::new(Entry::of(message, is_new)));
        Self { id: task.id, parent: task.parent, header: task.header, entries: entries.collect() }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The task's messages, in order.
    #[must_use]
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// The wire bytes of the whole task; `messages` is the number of the field that holds the messages.
    fn encode(&self, messages: u32) -> Bytes {
        let mut before = Vec::new();
        let mut after = Vec::new();
        for field in wire::fields(&self.header).flatten() {
            wire::put_field(if field.number < messages { &mut before } else { &mut after }, &field);
        }
        for entry in &self.entries {
            wire::put_bytes(&mut before, messages, &entry.wire());
        }
        before.extend_from_slice(&after);
        before.into()
    }
}

/// The place of the first task without a parent.
pub(crate) fn root_of(tasks: &[Task]) -> Option<usize> {
    tasks.iter().position(|task| task.parent.is_none())
}
