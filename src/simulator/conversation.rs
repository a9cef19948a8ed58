//! What the simulator remembers of each conversation: the tree as it was sent, and what was spent. Bounded in number
//! and in time. It must not know HTTP, nor how an answer is made.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::simulator::tree::Snapshot;

/// Conversations kept at most; the one that rested longest goes first.
const LIMIT: usize = 1_024;
/// States kept of each: a client may go back some answers and ask again.
const STATES: usize = 16;
/// How long a conversation is kept after its last request.
const LIFE: Duration = Duration::from_secs(3_600);

/// How the tasks of a request compare with what the conversation's client was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// The request starts a conversation: there is nothing to compare.
    New,
    /// The conversation is not known here, so its tasks are of the client's own making.
    Foreign,
    /// Every active task came back byte for byte.
    Exact,
    /// The same, but for an earlier answer of the conversation: the client asks again, or goes another way.
    Earlier,
    /// The tasks part from what was sent; the text says where.
    Different(String),
    /// The client went away during the last answer, so what it received is not known.
    Uncertain,
}

/// One conversation.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    /// The tree after each of the last answers, the newest last. Invariant: there is one.
    states: VecDeque<Snapshot>,
    /// False when the client may not have received all of the newest.
    certain: bool,
    pub(crate) spent: Spent,
    last_used: Instant,
}

/// What a conversation has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Spent {
    pub(crate) tokens: u32,
    pub(crate) requests: u32,
    pub(crate) tool_calls: u32,
}

/// All conversations.
#[derive(Debug, Default)]
pub(crate) struct Conversations(Mutex<HashMap<String, Conversation>>);

impl Conversations {
    pub(crate) fn get(&self, id: &str) -> Option<Conversation> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, conversation| conversation.last_used.elapsed() < LIFE);
        all.get(id).cloned()
    }

    /// Remembers the state of a conversation after an answer.
    pub(crate) fn put(&self, id: &str, state: Snapshot, certain: bool, spent: Spent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= LIMIT && !all.contains_key(id) {
            let oldest = all.iter().min_by_key(|(_, conversation)| conversation.last_used).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                all.remove(&oldest);
            }
        }
        let mut states = all.remove(id).map(|known| known.states).unwrap_or_default();
        if states.len() >= STATES {
            states.pop_front();
        }
        states.push_back(state);
        all.insert(id.to_owned(), Conversation { states, certain, spent, last_used: Instant::now() });
    }
}

impl Conversation {
    /// Compares the tasks of a request, as raw bytes, with this conversation.
    pub(crate) fn compare(&self, tasks: &[Vec<u8>]) -> Replay {
        let mut differences = self.states.iter().rev().map(|state| state.difference(tasks));
        match differences.next().flatten() {
            None if self.certain => Replay::Exact,
            _ if differences.any(|difference| difference.is_none()) => Replay::Earlier,
            Some(difference) if self.certain => Replay::Different(difference),
            None | Some(_) => Replay::Uncertain,
        }
    }

    /// The calls of the newest answer that wait for a result, by id, with the kind of tool.
    pub(crate) fn open_calls(&self) -> &[(String, String)] {
        self.states.back().map(|state| state.open_calls.as_slice()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::tree::Tree;

    #[tokio::test(start_paused = true)]
    async fn conversations_are_bounded_in_number_and_time() {
        let conversations = Conversations::default();
        for index in 0..=LIMIT {
            conversations.put(&index.to_string(), Tree::default().snapshot(), true, Spent::default());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(conversations.get("0").is_none(), "the oldest made room");
        assert!(conversations.get("1").is_some());
        for _ in 0..100 {
            conversations.put("1", Tree::default().snapshot(), true, Spent::default());
        }
        assert_eq!(conversations.get("1").map(|conversation| conversation.states.len()), Some(STATES));
        tokio::time::advance(LIFE).await;
        assert!(conversations.get("1024").is_none(), "and all end some time");
    }
}
