//! Why client keys cannot be kept, found or counted. No part of a key's secret is ever in the text.

use crate::state::StateError;

/// Why the store of client keys cannot do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientsError {
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// A store outside of this machine cannot be reached, or does not do what it is told.
    #[error("the client keys cannot be reached: {reason}")]
    Away {
        /// What it says.
        reason: String,
    },
    /// Another key has the name.
    #[error("there is another client key named {name}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The name is none.
    #[error("a client key's name is 1 to 64 letters, digits, `.`, `_`, `-` or `@`, and {name:?} is not")]
    NameMalformed {
        /// What was given.
        name: String,
    },
    /// The only keys with the name are revoked.
    #[error("the client key named {name} is revoked, which is for good")]
    Revoked {
        /// The name.
        name: String,
    },
    /// No key that is in force has the name.
    #[error("there is no client key named {name}")]
    Unknown {
        /// The name.
        name: String,
    },
}

impl ClientsError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::State(error) => error.hint(),
            Self::Away { .. } => "see whether the store runs and can be reached",
            Self::NameTaken { .. } => "choose another name, or revoke that key first",
            Self::NameMalformed { .. } => "choose a short name such as `ci` or `anna@laptop`",
            Self::Revoked { .. } => "make another one with `warp2api key create`; the name is free",
            Self::Unknown { .. } => "see which keys there are with `warp2api key list`",
        }
    }
}
