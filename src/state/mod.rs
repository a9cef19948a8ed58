//! State on disk: one SQLite database in the state directory, the key that seals what is secret in it, and locks
//! between processes; or in its place a server that several replicas share (`redis`).
//!
//! In reading order: `database` is the file and its transactions, `migrations` how it came to look as it does, `key`
//! where the sealing key rests, `vault` what is sealed with it, `lock` who may do what alone, `shelf` a bounded store of
//! things that may be forgotten. It must not know what an account, a conversation or an answer is.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

mod database;
mod error;
mod key;
mod lock;
mod migrations;
mod redis;
mod shelf;
mod vault;

pub use error::StateError;
pub use key::KeyKind;
pub use lock::Lock;
pub use redis::{PREFIX, RedisAddress, SHORTEST_SECRET, Shared, SharedConfig};
pub use shelf::{Limits, Shelf, Shelves};

pub(crate) use database::{Database, Durability};
pub(crate) use redis::{Board, Lease, Program, Rows, Table, program};

#[cfg(test)]
pub(crate) use redis::testing::RedisServer;

pub(crate) use vault::Vault;

/// The state of one directory. Cheap to clone; any number of processes may have the same directory open.
#[derive(Clone)]
pub struct State {
    core: Arc<Core>,
}

struct Core {
    directory: PathBuf,
    database: Database,
    vault: Vault,
}

impl State {
    /// Opens the state in `directory`, and makes it where there is none yet. This blocks: it reads files, and may ask
    /// the system's keyring.
    ///
    /// # Errors
    /// When the directory, the database or the key cannot be used.
    pub fn open(directory: &Path, kind: KeyKind) -> Result<Self, StateError> {
        let database = Database::open(directory)?;
        let vault = Vault::open(&database, directory, kind)?;
        Ok(Self { core: Arc::new(Core { directory: directory.to_owned(), database, vault }) })
    }

    /// The database, for what must be on the disk when a call returns.
    pub(crate) fn database(&self) -> &Database {
        &self.core.database
    }

    /// What seals secrets.
    pub(crate) fn vault(&self) -> &Vault {
        &self.core.vault
    }

    /// Where it all is.
    pub(crate) fn directory(&self) -> &Path {
        &self.core.directory
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("directory", &self.core.directory).finish_non_exhaustive()
    }
}
