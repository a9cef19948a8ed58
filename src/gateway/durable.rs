//! Conversations that outlive the process: in memory, and on a shelf of the state behind it.
//!
//! Memory answers first; the shelf is asked where memory may not know the best answer, which after a restart is always. A
//! shelf that is shared is asked each time, for another replica may have gone on with a conversation; memory then answers
//! only while the shelf does not. A conversation is sealed where it lies, for it holds what a client said.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::{
    gateway::continuity::{Conversation, Conversations, Memory, TWINS},
    state::{Limits, Shelf, Shelves},
};

/// What is kept at most, and for how long. A twin takes two parts: itself, and the mark that it has been gone on with.
const LIMITS: Limits = Limits {
    rows: 20_000,
    bytes: 512 * 1024 * 1024,
    parts: 2 * TWINS as u32,
    lifetime: Duration::from_secs(7 * 24 * 3600),
};

/// Conversations in memory and on a shelf.
pub struct Durable {
    memory: Memory,
    shelf: Shelf,
    upstream: String,
}

/// A conversation as it lies on the shelf.
#[derive(Clone, PartialEq, prost::Message)]
struct Row {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    tasks: Vec<Bytes>,
    #[prost(string, tag = "3")]
    account: String,
    #[prost(uint64, optional, tag = "4")]
    tokens: Option<u64>,
    #[prost(bytes = "vec", tag = "5")]
    instructions: Vec<u8>,
    #[prost(string, optional, tag = "6")]
    session: Option<String>,
    /// True when this is only the mark that the conversation `id` has been gone on with.
    #[prost(bool, tag = "7")]
    is_mark: bool,
}

impl Durable {
    /// The conversations with the service at `upstream`, on one of `shelves`.
    #[must_use]
    pub fn new(shelves: &Shelves, upstream: &str) -> Self {
        let shelf = shelves.shelf("conversations", LIMITS);
        Self { memory: Memory::default(), shelf, upstream: upstream.to_owned() }
    }

    fn key(&self, client: &str, digest: &[u8; 32]) -> [u8; 32] {
        hash(&[self.upstream.as_bytes(), client.as_bytes(), digest])
    }

    /// Fetches from the shelf what memory has forgotten, or has never known.
    async fn fetch(&self, client: &str, digest: &[u8; 32]) {
        let values = self.shelf.get(&self.key(client, digest)).await;
        let rows: Vec<Row> = values.iter().filter_map(|value| Row::decode(value.as_slice()).ok()).collect();
        let conversation = |row: &Row| {
            let is_continued = rows.iter().any(|mark| mark.is_mark && mark.id == row.id);
            let conversation = Conversation {
                id: row.id.clone(),
                tasks: row.tasks.clone(),
                account: row.account.clone(),
                tokens: row.tokens,
                instructions: row.instructions.as_slice().try_into().ok()?,
                is_continued,
            };
            Some((row.session.clone(), conversation))
        };
        let found: Vec<_> = rows.iter().filter(|row| !row.is_mark).filter_map(conversation).collect();
        self.memory.learn(client, *digest, found);
    }
}

impl Conversations for Durable {
    fn recall<'a>(
        &'a self,
        client: &'a str,
        session: Option<&'a str>,
        digest: &'a [u8; 32],
    ) -> BoxFuture<'a, Option<Conversation>> {
        async move {
            if self.shelf.is_shared() || !self.memory.suffices(client, session, digest) {
                self.fetch(client, digest).await;
            }
            let mut recalled = self.memory.take_up(client, session, digest)?;
            if !recalled.is_continued {
                let mark = Row { id: recalled.id.clone(), is_mark: true, ..Row::default() };
                let (key, part) = (self.key(client, digest), part("mark", &recalled.id));
                recalled.is_continued = !self.shelf.claim(key, part, mark.encode_to_vec()).await;
            }
            Some(recalled)
        }
        .boxed()
    }

    fn remember<'a>(
        &'a self,
        client: &'a str,
        session: Option<&'a str>,
        digest: [u8; 32],
        conversation: Conversation,
    ) -> BoxFuture<'a, ()> {
        async move {
            let Conversation { id, tasks, account, tokens, instructions, is_continued: _ } = conversation.clone();
            let (key, part) = (self.key(client, &digest), part("conversation", &id));
            let (instructions, session_name) = (instructions.to_vec(), session.map(str::to_owned));
            let row = Row { id, tasks, account, tokens, instructions, session: session_name, is_mark: false };
            self.memory.put(client, session, digest, conversation);
            self.shelf.put(key, part, move || row.encode_to_vec());
        }
        .boxed()
    }

    fn forget(&self, client: &str, digest: &[u8; 32], id: &str) {
        self.memory.forget(client, digest, id);
        let key = self.key(client, digest);
        self.shelf.remove(key, part("conversation", id));
        self.shelf.remove(key, part("mark", id));
    }
}

fn part(what: &str, id: &str) -> [u8; 32] {
    hash(&[what.as_bytes(), id.as_bytes()])
}

/// A digest of `parts`, of which none can run into the next.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{Conversation, Conversations as _, Durable};
    use crate::state::{RedisServer, Shared, Shelves};

    fn conversation(id: &str) -> Conversation {
        Conversation {
            id: id.to_owned(),
            tasks: vec![b"task".to_vec().into()],
            account: "account".to_owned(),
            tokens: Some(7),
            instructions: [3; 32],
            is_continued: false,
        }
    }

    #[tokio::test]
    async fn a_conversation_goes_on_at_any_replica_and_once_from_each_place() {
        let Some(server) = RedisServer::start(&[]) else { return };
        let replica = || {
            let shared = Shared::for_test(&server);
            (Durable::new(&Shelves::shared(&shared), "upstream"), shared)
        };
        let ((first, here), (second, _there)) = (replica(), replica());
        first.remember("a", Some("s"), [1; 32], conversation("x")).await;
        first.remember("a", Some("t"), [1; 32], conversation("y")).await;
        here.flush().await;
        assert_eq!(second.recall("a", Some("s"), &[1; 32]).await, Some(conversation("x")), "the session's own, whole");
        assert_eq!(second.recall("b", Some("s"), &[1; 32]).await, None);
        let again = first.recall("a", Some("s"), &[1; 32]).await.unwrap();
        assert_eq!((again.id.as_str(), again.is_continued), ("x", true), "another replica has gone on with it");
        assert_eq!(first.recall("a", None, &[1; 32]).await.unwrap().id, "y", "the one that nobody has gone on with");
        drop(server);
        assert_eq!(
            second.recall("a", Some("t"), &[1; 32]).await.unwrap().id,
            "y",
            "memory answers for a server that is away"
        );
    }
}
