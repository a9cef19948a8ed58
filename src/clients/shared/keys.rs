//! Client keys that replicas share. One that was made, changed or revoked holds for all of them when the call returns.
//!
//! While they cannot be reached, the keys that were read last are in force, and none is made or changed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    clients::{ClientsError, Digest, Doing, KEPT_AFTER_REVOCATION, Key, KeyId, Keys, NewKey, Terms},
    state::{Rows, Shared, StateError, Table},
};

/// Client keys in shared state. Cheap to clone.
#[derive(Clone)]
pub struct SharedKeys {
    shared: Shared,
    table: Table,
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedKeys").field(&self.shared).finish()
    }
}

/// A key as it is kept.
#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    digest: [u8; 32],
    terms: Terms,
    created: u64,
    revoked: Option<u64>,
}

impl SharedKeys {
    /// The keys that `shared` has.
    #[must_use]
    pub fn new(shared: &Shared) -> Self {
        Self { table: shared.table("client-keys"), shared: shared.clone() }
    }

    /// Does `work` where it may block.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Table) -> Result<T, ClientsError> + Send + 'static,
    ) -> Doing<'_, T> {
        let table = self.table.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&table)).await;
            done.unwrap_or(Err(ClientsError::State(StateError::Stopped)))
        })
    }

    /// Does `change` to the key `name`, and gives it back.
    fn update(&self, name: &str, change: impl Fn(&mut Key) + Send + 'static) -> Doing<'_, Key> {
        let name = name.to_owned();
        self.run(move |table| {
            table.change(|rows| {
                let mut key = in_force(rows, &name).ok_or_else(|| ClientsError::Unknown { name: name.clone() })?;
                change(&mut key);
                put(rows, &key);
                Ok(key)
            })?
        })
    }
}

impl Keys for SharedKeys {
    fn create(&self, key: NewKey) -> Doing<'_, ()> {
        self.run(move |table| {
            let key = Key::from(key);
            table.change(|rows| {
                forget_old(rows, key.created);
                if rows.contains_key(key.id.as_str()) || in_force(rows, &key.name).is_some() {
                    return Err(ClientsError::NameTaken { name: key.name.clone() });
                }
                put(rows, &key);
                Ok(())
            })?
        })
    }

    fn list(&self) -> Doing<'_, Vec<Key>> {
        self.run(|table| {
            let mut keys = listed(&table.rows()?);
            keys.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
            Ok(keys)
        })
    }

    fn change<'a>(&'a self, name: &'a str, terms: Option<Terms>, digest: Option<Digest>) -> Doing<'a, Key> {
        self.update(name, move |key| {
            if let Some(terms) = &terms {
                key.terms.clone_from(terms);
            }
            key.digest = digest.unwrap_or(key.digest);
        })
    }

    fn revoke<'a>(&'a self, name: &'a str, now: u64) -> Doing<'a, Key> {
        self.update(name, move |key| key.revoked = Some(now))
    }
}

/// Every key. One that a later version has written, and this one does not understand, is no key that lets anyone in.
fn listed(rows: &Rows) -> Vec<Key> {
    let key = |(id, text): (&String, &Vec<u8>)| {
        let read = || Some((KeyId::parse(id)?, serde_json::from_slice::<Row>(text).ok()?));
        let Some((id, Row { name, digest, terms, created, revoked })) = read() else {
            tracing::warn!(key = id, "a client key was written by a later version and is left out");
            return None;
        };
        Some(Key { id, name, digest: Digest(digest), terms, created, revoked })
    };
    rows.iter().filter_map(key).collect()
}

fn in_force(rows: &Rows, name: &str) -> Option<Key> {
    listed(rows).into_iter().find(|key| key.name == name && key.revoked.is_none())
}

fn put(rows: &mut Rows, key: &Key) {
    let Key { id, name, digest, terms, created, revoked } = key.clone();
    let row = Row { name, digest: digest.0, terms, created, revoked };
    // Plain text and numbers can always be written.
    rows.insert(id.as_str().to_owned(), serde_json::to_vec(&row).unwrap_or_default());
}

/// Forgets keys that were revoked long before `now`.
fn forget_old(rows: &mut Rows, now: u64) {
    let long = u64::try_from(KEPT_AFTER_REVOCATION.as_millis()).unwrap_or(u64::MAX);
    let before = now.saturating_sub(long);
    for key in listed(rows).into_iter().filter(|key| key.revoked.is_some_and(|at| at < before)) {
        rows.remove(key.id.as_str());
    }
}
