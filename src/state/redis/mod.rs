//! State that several replicas share: a Redis or Valkey server, and what is kept there.
//!
//! In reading order: `address` is where the server is and how one gets there, `link` the connection, `scripts` what the
//! server runs, each an atomic step; then what they are put together to: `table` rows that all replicas hold alike, `shelf`
//! sealed values that may be forgotten, `lease` who may do what alone, `board` notes that come down by themselves,
//! counters, and `program` what others have the server do. Values are sealed with a key that the replicas are given, and nothing is named there by what it is about.
//! It must not know what an account, a conversation, a client or an answer is.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::{
    secret::Secret,
    state::{StateError, Vault, key::Key},
};

mod address;
mod board;
mod lease;
mod link;
mod program;
mod read;
#[cfg(test)]
mod redis_tests;
mod scripts;
mod shelf;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod worker;

pub use address::RedisAddress;
pub(crate) use board::Board;
pub(crate) use lease::Lease;
pub(crate) use program::{Program, program};
pub(super) use shelf::SharedShelf;
pub(crate) use table::{Rows, Table};

use address::Dialer;
use link::Link;
use scripts::{COUNT_ADD, COUNT_READ, Call, PROOF};

/// What the proof of the key is sealed for, and what it says.
const PROOF_PLACE: &str = "shared/proof";
const PROOF_TEXT: &[u8] = b"warp2api";

/// How keys begin unless the user says otherwise.
pub const PREFIX: &str = "warp2api";

/// The shortest secret that a key is made of, in characters.
pub const SHORTEST_SECRET: usize = 24;

/// Where shared state is and how it is got at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedConfig {
    /// Where the server is.
    pub address: RedisAddress,
    /// What the server lets us in with.
    pub password: Option<Secret>,
    /// What the sealing key is made of: the same for all replicas.
    pub secret: Secret,
    /// How the names of all keys begin.
    pub prefix: String,
    /// PEM of a further certificate authority to trust.
    pub extra_ca_pem: Option<Vec<u8>>,
}

/// State that replicas share. Cheap to clone.
#[derive(Clone)]
pub struct Shared {
    core: Arc<Core>,
}

struct Core {
    link: Link,
    vault: Vault,
    prefix: String,
}

impl Shared {
    /// Opens what `config` names. A server that cannot be reached now is no error: it is tried again until it can be, and
    /// [`Shared::trouble`] says so.
    ///
    /// # Errors
    /// When the server refuses us, or what is there was sealed with another secret.
    pub async fn open(config: SharedConfig) -> Result<Self, StateError> {
        let server = config.address.to_string();
        let refused = |reason| StateError::Refused { server: server.clone(), reason };
        let dialer = Dialer::new(config.address, config.password.as_ref(), config.extra_ca_pem.as_deref());
        let dialer = dialer.map_err(refused)?;
        let vault = Vault::new(&key(&config.secret));
        let proof = vault.seal(PROOF_PLACE, PROOF_TEXT)?;
        let name = format!("{}:proof", config.prefix);
        // Each new connection leaves the proof again, for the server may have forgotten everything.
        let greeting = move || Call::new(&PROOF, &[name.as_bytes()]).arg(&proof);
        let (link, greeted) = Link::open(dialer, greeting).await?;
        if let Some(proof) = greeted
            && vault.open_sealed(PROOF_PLACE, &read::bytes(proof)).is_err()
        {
            return Err(StateError::SecretWrong { server, prefix: config.prefix });
        }
        Ok(Self { core: Arc::new(Core { link, vault, prefix: config.prefix }) })
    }

    /// Why nothing can be shared at present, if that is so.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.core.link.trouble()
    }

    /// Where the server is, for a person to read.
    #[must_use]
    pub fn server(&self) -> &str {
        self.core.link.server()
    }

    /// Waits until all that was to be shared is, unless the server is away.
    pub async fn flush(&self) {
        self.core.link.flush().await;
    }

    /// A name for `text` that tells nothing of it, and is the same on every replica.
    #[must_use]
    pub fn pseudonym(&self, text: &[u8]) -> String {
        self.core.vault.pseudonym(text)
    }

    /// Adds to the counters `name`. Nobody waits for it.
    pub(crate) fn add_counts(&self, name: &str, deltas: &[(&str, i64)]) {
        let mut call = Call::new(&COUNT_ADD, &[&self.key(&["counts", name])]);
        for (counter, delta) in deltas {
            call = call.arg(counter).arg(delta.to_string());
        }
        self.core.link.post(move || Some(call));
    }

    /// The counters `name`.
    pub(crate) fn counts(&self, name: &str) -> Result<Vec<(String, i64)>, StateError> {
        let found = self.core.link.ask_blocking(Call::new(&COUNT_READ, &[&self.key(&["counts", name])]))?;
        let number = |value: Vec<u8>| String::from_utf8_lossy(&value).parse().unwrap_or_default();
        let named = |(name, value): (Vec<u8>, Vec<u8>)| (String::from_utf8_lossy(&name).into_owned(), number(value));
        Ok(read::pairs(found).into_iter().map(named).collect())
    }

    /// The key of what has these names.
    fn key(&self, names: &[&str]) -> Vec<u8> {
        let mut key = self.core.prefix.clone();
        for name in names {
            key.push(':');
            key.push_str(name);
        }
        key.into_bytes()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("server", &self.server()).field("prefix", &self.core.prefix).finish()
    }
}

/// The key that is made of `secret`, which is long and random, so that no stretching is called for.
fn key(secret: &Secret) -> Key {
    Key(Sha256::new().chain_update(b"warp2api shared state\0").chain_update(secret.expose()).finalize().into())
}

#[cfg(test)]
impl Shared {
    /// Opens what `server` has, wherever this is called.
    pub(crate) fn for_test(server: &testing::RedisServer) -> Self {
        let config = SharedConfig {
            address: RedisAddress::parse(&server.address()).unwrap(),
            password: None,
            secret: Secret::new("a secret for tests, and for nothing else"),
            prefix: PREFIX.to_owned(),
            extra_ca_pem: None,
        };
        // A runtime of its own, for the caller may be in one that must not wait.
        let opening = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(Self::open(config)).unwrap()
        });
        opening.join().unwrap()
    }
}
