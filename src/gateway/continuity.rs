//! Which upstream conversation a client's conversation goes on (`DESIGN.md` §5).
//!
//! After an answer, the upstream's own tasks are remembered under the digest of all that the client has then seen. When
//! the client sends exactly that back with something new, its turn goes on the upstream's conversation. Anything else,
//! an edit or a conversation that was never here, is a miss, and is replayed. What is remembered is never changed: a
//! second turn from the same place is a branch of its own.
//!
//! It must not know how tasks are made or sent, nor trust what a client says of its session further than to choose among
//! that client's own conversations.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{self, BoxFuture},
};
use sha2::{Digest as _, Sha256};

use crate::{
    gateway::{
        Scope,
        bounded::{Bounded, Bounds},
        prefix::{self, Digest},
    },
    turn::{Message, Turn},
};

/// What is remembered at most, and for how long.
const BOUNDS: Bounds = Bounds { entries: 10_000, bytes: 256 * 1024 * 1024, lifetime: Duration::from_secs(12 * 3600) };
/// How many conversations of one client with the same words are told apart.
pub(super) const TWINS: usize = 4;

/// An upstream conversation at the end of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// The upstream's id of it.
    pub id: String,
    /// Its active tasks, as the bytes to send back.
    pub tasks: Vec<Bytes>,
    /// The account that it belongs to.
    pub account: String,
    /// Tokens that it has taken so far, where the upstream said so.
    pub tokens: Option<u64>,
    /// The digest of the system text that the upstream has been told.
    pub instructions: [u8; 32],
    /// True when a turn has already gone on from here: the next one branches off.
    pub is_continued: bool,
}

/// Where conversations are remembered. A durable store can stand in for the one in memory.
pub trait Conversations: Send + Sync {
    /// The conversation that `client` left at `digest`, the one of `session` before others. It may wait for a short time.
    fn recall<'a>(
        &'a self,
        client: &'a str,
        session: Option<&'a str>,
        digest: &'a [u8; 32],
    ) -> BoxFuture<'a, Option<Conversation>>;
    /// Remembers what `client` has left at `digest`. Nothing outside this machine is waited for.
    fn remember<'a>(
        &'a self,
        client: &'a str,
        session: Option<&'a str>,
        digest: [u8; 32],
        conversation: Conversation,
    ) -> BoxFuture<'a, ()>;
    /// Forgets the conversation `id` that `client` left at `digest`, for the upstream would not go on with it.
    fn forget(&self, client: &str, digest: &[u8; 32], id: &str);
}

/// Conversations in memory, bounded in number, size and age.
pub(super) struct Memory(Mutex<Bounded<Key, Twins>>);

type Key = (String, Digest);

/// All conversations of one client with the same words.
#[derive(Default)]
struct Twins {
    /// Oldest first.
    all: Vec<Twin>,
    /// True once nothing that was put down elsewhere is to be learnt any more.
    is_whole: bool,
}

/// One of them.
struct Twin {
    session: Option<String>,
    conversation: Conversation,
}

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(BOUNDS)))
    }
}

impl Memory {
    /// Whether nothing that was put down elsewhere, and earlier, could be a better answer to [`Memory::take_up`] than what is
    /// remembered here, were it only that it was forgotten.
    pub(super) fn suffices(&self, client: &str, session: Option<&str>, digest: &[u8; 32]) -> bool {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(twins) = memory.get_mut(&(client.to_owned(), *digest)) else { return false };
        let suits = |twin: &Twin| match session {
            Some(_) => twin.session.as_deref() == session,
            None => !twin.conversation.is_continued,
        };
        twins.is_whole || twins.all.iter().any(suits)
    }

    /// The conversation that `client` left at `digest`, which a turn goes on from here on.
    pub(super) fn take_up(&self, client: &str, session: Option<&str>, digest: &[u8; 32]) -> Option<Conversation> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let twins = &mut memory.get_mut(&(client.to_owned(), *digest))?.all;
        let same = twins.iter().rposition(|twin| session.is_some() && twin.session.as_deref() == session);
        let fresh = || twins.iter().rposition(|twin| !twin.conversation.is_continued);
        let place = same.or_else(fresh).or_else(|| twins.len().checked_sub(1))?;
        let twin = twins.get_mut(place)?;
        let recalled = twin.conversation.clone();
        twin.conversation.is_continued = true;
        Some(recalled)
    }

    /// Puts down what `client` has left at `digest`.
    pub(super) fn put(&self, client: &str, session: Option<&str>, digest: [u8; 32], conversation: Conversation) {
        self.change(client, digest, |twins| {
            twins.all.retain(|twin| twin.conversation.id != conversation.id);
            twins.all.push(Twin { session: session.map(str::to_owned), conversation });
        });
    }

    /// Learns all that was put down elsewhere, oldest first. Of a conversation that is known, only that a turn has gone on
    /// from there. What this memory was told itself is the later.
    pub(super) fn learn(&self, client: &str, digest: [u8; 32], others: Vec<(Option<String>, Conversation)>) {
        // Of a place where nobody has been nothing is remembered.
        if others.is_empty() && !self.knows(client, digest) {
            return;
        }
        self.change(client, digest, |twins| {
            let mut own = std::mem::take(&mut twins.all);
            for (session, conversation) in others {
                match own.iter_mut().find(|twin| twin.conversation.id == conversation.id) {
                    Some(twin) => twin.conversation.is_continued |= conversation.is_continued,
                    None => twins.all.push(Twin { session, conversation }),
                }
            }
            twins.all.append(&mut own);
            twins.is_whole = true;
        });
    }

    fn knows(&self, client: &str, digest: [u8; 32]) -> bool {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get_mut(&(client.to_owned(), digest)).is_some()
    }

    /// Lets `change` change what `client` has left at `digest`, of which the latest are kept.
    fn change(&self, client: &str, digest: [u8; 32], change: impl FnOnce(&mut Twins)) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (client.to_owned(), digest);
        let mut twins = memory.remove(&key).unwrap_or_default();
        change(&mut twins);
        twins.all.drain(..twins.all.len().saturating_sub(TWINS));
        let bytes = twins.all.iter().flat_map(|twin| &twin.conversation.tasks).map(Bytes::len).sum::<usize>();
        memory.put(key, twins, bytes + 512);
    }
}

impl Conversations for Memory {
    fn recall<'a>(
        &'a self,
        client: &'a str,
        session: Option<&'a str>,
        digest: &'a [u8; 32],
    ) -> BoxFuture<'a, Option<Conversation>> {
        future::ready(self.take_up(client, session, digest)).boxed()
    }

    fn remember<'a>(
        &'a self,
        client: &'a str,
        session: Option<&'a str>,
        digest: [u8; 32],
        conversation: Conversation,
    ) -> BoxFuture<'a, ()> {
        self.put(client, session, digest, conversation);
        future::ready(()).boxed()
    }

    fn forget(&self, client: &str, digest: &[u8; 32], id: &str) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(twins) = memory.get_mut(&(client.to_owned(), *digest)) {
            twins.all.retain(|twin| twin.conversation.id != id);
            // Where it was put down as well it may not be gone yet.
            twins.is_whole = true;
        }
    }
}

/// Where one turn stands in its client's conversation.
#[derive(Debug, Clone)]
pub(super) struct Place {
    scope: Scope,
    /// The digest of all up to the model's last words; none when the model has not spoken yet.
    before: Option<Digest>,
    /// The digest of the system text.
    instructions: [u8; 32],
}

impl Place {
    pub(super) fn of(turn: &Turn, scope: Scope) -> Self {
        let spoke = turn.messages.iter().rposition(|message| matches!(message, Message::Assistant(_)));
        let before = spoke.map(|place| prefix::digest(&turn.messages[..=place]));
        let mut instructions = Sha256::new();
        for text in &turn.instructions {
            instructions.update(text.len().to_le_bytes());
            instructions.update(text);
        }
        Self { scope, before, instructions: instructions.finalize().into() }
    }

    /// Whose conversation it is.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The conversation to go on with, if it is remembered.
    pub(super) async fn recall(&self, memory: &dyn Conversations) -> Option<Conversation> {
        memory.recall(&self.scope.client, self.scope.session.as_deref(), self.before.as_ref()?).await
    }

    /// The upstream would not go on with the conversation `id`.
    pub(super) fn forget(&self, memory: &dyn Conversations, id: &str) {
        if let Some(before) = &self.before {
            memory.forget(&self.scope.client, before, id);
        }
    }

    /// Remembers `conversation` for whoever goes on from `messages` and the answer that they got, the last of them.
    pub(super) async fn remember(&self, memory: &dyn Conversations, messages: &[Message], conversation: Conversation) {
        let digest = prefix::digest(messages);
        memory.remember(&self.scope.client, self.scope.session.as_deref(), digest, conversation).await;
    }

    /// The digest of the system text of this turn.
    pub(super) fn instructions(&self) -> [u8; 32] {
        self.instructions
    }
}

#[cfg(test)]
mod tests {
    use super::{Conversation, Conversations as _, Memory, TWINS};

    fn conversation(id: &str) -> Conversation {
        Conversation {
            id: id.to_owned(),
            tasks: Vec::new(),
            account: String::new(),
            tokens: None,
            instructions: [0; 32],
            is_continued: false,
        }
    }

    #[test]
    fn a_client_goes_on_with_its_own_conversations_only() {
        let memory = Memory::default();
        memory.put("a", Some("s"), [1; 32], conversation("x"));
        assert_eq!(memory.take_up("b", Some("s"), &[1; 32]), None);
        assert_eq!(memory.take_up("a", Some("s"), &[2; 32]), None);
        assert_eq!(memory.take_up("a", Some("other"), &[1; 32]).unwrap().id, "x", "the session is only a hint");
    }

    #[test]
    fn of_conversations_with_the_same_words_each_session_finds_its_own_and_others_a_fresh_one() {
        let memory = Memory::default();
        memory.put("a", Some("one"), [1; 32], conversation("x"));
        memory.put("a", Some("two"), [1; 32], conversation("y"));
        assert_eq!(memory.take_up("a", Some("one"), &[1; 32]).unwrap().id, "x");
        assert_eq!(memory.take_up("a", None, &[1; 32]).unwrap().id, "y", "x has been gone on with");
        let again = memory.take_up("a", Some("one"), &[1; 32]).unwrap();
        assert_eq!((again.id.as_str(), again.is_continued), ("x", true), "a second turn from there is a branch");
        for number in 0..TWINS {
            memory.put("a", None, [1; 32], conversation(&number.to_string()));
        }
        assert_ne!(memory.take_up("a", Some("one"), &[1; 32]).unwrap().id, "x", "the oldest twin is forgotten");
    }

    #[test]
    fn what_was_put_down_elsewhere_is_asked_for_where_it_could_be_the_better_answer() {
        let memory = Memory::default();
        assert!(!memory.suffices("a", None, &[1; 32]), "nothing is known");
        memory.put("a", Some("one"), [1; 32], conversation("x"));
        assert!(memory.suffices("a", Some("one"), &[1; 32]) && memory.suffices("a", None, &[1; 32]));
        assert!(!memory.suffices("a", Some("two"), &[1; 32]), "that session may have its own elsewhere");
        memory.learn("a", [1; 32], vec![(Some("two".to_owned()), conversation("y")), (None, conversation("x"))]);
        assert!(memory.suffices("a", Some("three"), &[1; 32]), "there is no more to learn");
        assert_eq!(memory.take_up("a", Some("two"), &[1; 32]).unwrap().id, "y");
        assert_eq!(memory.take_up("a", None, &[1; 32]).unwrap().id, "x", "what was put down here is the later");
        assert!(memory.suffices("a", None, &[1; 32]));
    }

    #[test]
    fn what_the_upstream_would_not_go_on_with_is_forgotten() {
        let memory = Memory::default();
        memory.put("a", None, [1; 32], conversation("x"));
        memory.forget("a", &[1; 32], "x");
        assert_eq!(memory.take_up("a", None, &[1; 32]), None);
    }
}
