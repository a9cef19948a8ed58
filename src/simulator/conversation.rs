//! What the simulator remembers of each conversation: the tree as it was sent, and what was spent. Bounded in number
//! and in time. It must not know HTTP, nor how an answer is made.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::simulator::tree::Tree;

/// Conversations kept at most; the one that rested longest goes first.
const LIMIT: usize = 1_024;
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
    /// The tasks part from what was sent; the text says where.
    Different(String),
    /// The client went away during the last answer, so what it received is not known.
    Uncertain,
}

/// One conversation.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) tree: Tree,
    /// False when the client may not have received all of the tree.
    pub(crate) certain: bool,
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
    pub(crate) fn put(&self, id: &str, tree: Tree, certain: bool, spent: Spent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= LIMIT && !all.contains_key(id) {
            let oldest = all.iter().min_by_key(|(_, conversation)| conversation.last_used).map(|(id, _)| id.clone());
            if let Some(oldest) = oldest {
                all.remove(&oldest);
            }
        }
        all.insert(id.to_owned(), Conversation { tree, certain, spent, last_used: Instant::now() });
    }
}

impl Conversation {
    /// Compares the tasks of a request, as raw bytes, with this conversation.
    pub(crate) fn compare(&self, tasks: &[Vec<u8>]) -> Replay {
        if !self.certain {
            return Replay::Uncertain;
        }
        self.tree.difference(tasks).map_or(Replay::Exact, Replay::Different)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn conversations_are_bounded_in_number_and_time() {
        let conversations = Conversations::default();
        for index in 0..=LIMIT {
            conversations.put(&index.to_string(), Tree::default(), true, Spent::default());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(conversations.get("0").is_none(), "the oldest made room");
        assert!(conversations.get("1").is_some());
        tokio::time::advance(LIFE).await;
        assert!(conversations.get("1024").is_none(), "and all end some time");
    }
}
