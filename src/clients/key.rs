//! A client key as it is kept: everything but its secret.

use crate::clients::{ClientsError, Digest, KeyId, Terms};

/// The longest name.
const LONGEST_NAME: usize = 64;

/// A client key. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// What tells it from every other key, for ever: a key that gets another secret or another name keeps it.
    pub id: KeyId,
    /// What its user calls it.
    pub name: String,
    /// What its secret is checked against.
    pub digest: Digest,
    /// What it may do.
    pub terms: Terms,
    /// When it was made.
    pub created: u64,
    /// When it was revoked.
    pub revoked: Option<u64>,
}

/// A key to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// What it is called.
    pub name: String,
    /// What its secret will be checked against.
    pub digest: Digest,
    /// What it may do.
    pub terms: Terms,
    /// When it was made.
    pub created: u64,
}

/// Whether a key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    InForce,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl Standing {
    /// What people and programs read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl Key {
    /// Whether it is good at `now`.
    #[must_use]
    pub fn standing(&self, now: u64) -> Standing {
        match self.revoked {
            Some(_) => Standing::Revoked,
            None if self.terms.are_over(now) => Standing::Expired,
            None => Standing::InForce,
        }
    }

    /// Refuses what cannot be a key's name: it stands in messages, logs and tables.
    ///
    /// # Errors
    /// When `name` cannot be one.
    pub fn check_name(name: &str) -> Result<(), ClientsError> {
        let is_fine = |c: char| c.is_alphanumeric() || ".-_@".contains(c);
        match (1..=LONGEST_NAME).contains(&name.chars().count()) && name.chars().all(is_fine) {
            true => Ok(()),
            false => Err(ClientsError::NameMalformed { name: name.chars().take(100).collect() }),
        }
    }
}

impl From<NewKey> for Key {
    fn from(NewKey { id, name, digest, terms, created }: NewKey) -> Self {
        Self { id, name, digest, terms, created, revoked: None }
    }
}
