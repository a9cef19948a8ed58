//! Conversations that outlive the process: in memory, and on a shelf of the state behind it.
//!
//! Memory answers first; the shelf is asked for what memory does not know, which after a restart is everything. A
//! conversation is sealed where it lies, for it holds what a client said.

use std::time::Duration;

use bytes::Bytes;
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
    fn fetch(&self, client: &str, digest: &[u8; 32]) {
        let values = self.shelf.get(&self.key(client, digest));
        let rows: Vec<Row> = values.iter().filter_map(|value| Row::decode(value.as_slice()).ok()).collect();
        for row in rows.iter().filter(|row| !row.is_mark) {
            let is_continued = rows.iter().any(|mark| mark.is_mark && mark.id == row.id);
            let Ok(instructions) = row.instructions.as_slice().try_into() else { continue };
            let conversation = Conversation {
                id: row.id.clone(),
                tasks: row.tasks.clone(),
                account: row.account.clone(),
                tokens: row.tokens,
                instructions,
                is_continued,
            };
            self.memory.remember(client, row.session.as_deref(), *digest, conversation);
        }
    }
}

impl Conversations for Durable {
    fn recall(&self, client: &str, session: Option<&str>, digest: &[u8; 32]) -> Option<Conversation> {
        if !self.memory.knows(client, digest) {
            self.fetch(client, digest);
        }
        let recalled = self.memory.recall(client, session, digest)?;
        if !recalled.is_continued {
            let mark = Row { id: recalled.id.clone(), is_mark: true, ..Row::default() };
            let key = self.key(client, digest);
            self.shelf.put(key, part("mark", &recalled.id), move || mark.encode_to_vec());
        }
        Some(recalled)
    }

    fn remember(&self, client: &str, session: Option<&str>, digest: [u8; 32], conversation: Conversation) {
        let Conversation { id, tasks, account, tokens, instructions, is_continued: _ } = conversation.clone();
        let (key, part) = (self.key(client, &digest), part("conversation", &id));
        let instructions = instructions.to_vec();
        let row = Row { id, tasks, account, tokens, instructions, session: session.map(str::to_owned), is_mark: false };
        if !self.memory.knows(client, &digest) {
            self.fetch(client, &digest);
        }
        self.memory.remember(client, session, digest, conversation);
        self.shelf.put(key, part, move || row.encode_to_vec());
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
