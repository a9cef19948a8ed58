//! Why state on disk cannot be used: what, where, and what to do. Nothing secret is ever in the text.

use std::path::{Path, PathBuf};

/// Why state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A directory or a file cannot be made, read or written.
    #[error("cannot use {}: {reason}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The database was written by a later version of this program.
    #[error("the database {} has version {found}, and this program knows versions up to {known}", .path.display())]
    Newer {
        /// Where it is.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The latest version that is known.
        known: i64,
    },
    /// The file is no database of ours, or is damaged.
    #[error("the database {} cannot be read: {reason}", .path.display())]
    Corrupt {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process holds the database, or a lock, and does not let go.
    #[error("{what} is held by another process, and was not free within {seconds} s")]
    Busy {
        /// What is held.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// SQLite cannot do what was asked.
    #[error("the database {} cannot be used: {reason}", .path.display())]
    Database {
        /// Where it is.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The key that seals the database is not where it was put.
    #[error("the key of the database {} is not in {place}", .database.display())]
    KeyMissing {
        /// Where the database is.
        database: PathBuf,
        /// Where its key was put.
        place: String,
    },
    /// The key is not the one that the database was sealed with.
    #[error("the key in {place} is not the one that the database {} was sealed with", .database.display())]
    KeyWrong {
        /// Where the database is.
        database: PathBuf,
        /// Where the key was found.
        place: String,
    },
    /// The settings ask for another kind of key than the database has.
    #[error("the database {} is sealed with a key from the {stored}, and the settings ask for the {wanted}", .database.display())]
    KeyKind {
        /// Where the database is.
        database: PathBuf,
        /// What it has.
        stored: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The system's keyring cannot be used.
    #[error("the system's keyring cannot be used: {reason}")]
    Keyring {
        /// What it says.
        reason: String,
    },
    /// A sealed value is not what was sealed in its place.
    #[error("the sealed value {place} in the database has been changed or moved")]
    Sealed {
        /// Which one.
        place: String,
    },
    /// The server of the shared state cannot be reached, or cannot do what was asked now.
    #[error("the shared state at {server} is away: {reason}")]
    Away {
        /// Where it is.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The server of the shared state does not let us in, or cannot be one.
    #[error("the shared state at {server} cannot be used: {reason}")]
    Refused {
        /// Where it is.
        server: String,
        /// What it says.
        reason: String,
    },
    /// What is there was sealed with another secret.
    #[error("the secret is not the one that the shared state at {server} was sealed with, under the prefix {prefix}")]
    SecretWrong {
        /// Where it is.
        server: String,
        /// How its keys begin.
        prefix: String,
    },
    /// The program is ending.
    #[error("the program is ending")]
    Stopped,
}

impl StateError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "check who owns the directory, or set WARP2API_HOME to another one",
            Self::Newer { .. } => "use the newer warp2api, or set WARP2API_HOME to another directory",
            Self::Corrupt { .. } => "restore the file from a backup, or move it away and sign in again",
            Self::Busy { .. } => "see whether another warp2api hangs, and end it",
            Self::Database { .. } => "check that the disk is not full and that the directory can be written",
            Self::KeyMissing { .. } | Self::KeyWrong { .. } => {
                "put the key back; if it is lost, move the database away and sign in again"
            }
            Self::KeyKind { .. } => "set WARP2API_STATE_KEY to what the database has, or to `auto`",
            Self::Keyring { .. } => "unlock the keyring, or set WARP2API_STATE_KEY=file before state is first kept",
            Self::Sealed { .. } => "restore the database from a backup, or move it away and sign in again",
            Self::Away { .. } => "see whether the server runs and can be reached from here",
            Self::Refused { .. } => {
                "check WARP2API_STATE_PASSWORD, the user in the address, and what the server lets that user do"
            }
            Self::SecretWrong { .. } => {
                "give every replica the same WARP2API_STATE_SECRET, or set WARP2API_STATE_PREFIX to begin anew beside it"
            }
            Self::Stopped => "start it again",
        }
    }

    /// What went wrong with the file at `path`.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason: error.to_string() }
    }
}
