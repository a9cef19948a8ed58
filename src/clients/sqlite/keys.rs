//! Client keys in the state's database. A key that was made, changed or revoked is on the disk when the call returns.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::{
    clients::{ClientsError, Digest, Doing, KEPT_AFTER_REVOCATION, Key, KeyId, Keys, NewKey, Terms},
    state::{Database, StateError},
};

const COLUMNS: &str = "id, name, digest, terms, created, revoked";

/// Client keys on the disk. Cheap to clone; any number of processes may use the same directory.
#[derive(Clone)]
pub struct StoredKeys {
    directory: PathBuf,
    /// The database, once it could be opened.
    database: Arc<Mutex<Option<Arc<Database>>>>,
}

impl StoredKeys {
    /// The keys of the state in `directory`, which is opened when it is first asked, and where that fails with each
    /// asking again.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), database: Arc::default() }
    }

    /// True when there may be keys: there is a state. This blocks.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        Database::is_there(&self.directory)
    }

    fn open(&self) -> Result<Arc<Database>, StateError> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        match &*database {
            Some(database) => Ok(Arc::clone(database)),
            None => Ok(Arc::clone(database.insert(Arc::new(Database::open(&self.directory)?)))),
        }
    }

    /// Does `work` where it may block.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, ClientsError> + Send + 'static,
    ) -> Doing<'_, T> {
        let keys = self.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&*keys.open()?)).await;
            done.unwrap_or(Err(ClientsError::State(StateError::Stopped)))
        })
    }
}

impl Keys for StoredKeys {
    fn create(&self, key: NewKey) -> Doing<'_, ()> {
        self.run(move |database| {
            let terms = written(&key.terms);
            let is_new = database.write(|transaction| {
                forget_old(transaction, key.created)?;
                let sql =
                    "INSERT OR IGNORE INTO client_keys (id, name, digest, terms, created) VALUES (?1, ?2, ?3, ?4, ?5)";
                let values = params![key.id.as_str(), key.name, key.digest.0, terms, signed(key.created)];
                transaction.execute(sql, values)
            })?;
            if is_new == 1 { Ok(()) } else { Err(ClientsError::NameTaken { name: key.name }) }
        })
    }

    fn list(&self) -> Doing<'_, Vec<Key>> {
        // Whoever looks makes no state where there is none.
        if !self.may_exist() {
            return Box::pin(async { Ok(Vec::new()) });
        }
        self.run(|database| {
            let rows = database.read(|connection| {
                let sql = format!("SELECT {COLUMNS} FROM client_keys ORDER BY created, id");
                let mut statement = connection.prepare(&sql)?;
                let rows = statement.query_map([], key)?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    fn change<'a>(&'a self, name: &'a str, terms: Option<Terms>, digest: Option<Digest>) -> Doing<'a, Key> {
        let terms = terms.as_ref().map(written);
        let digest = digest.map(|digest| digest.0);
        let sql = "UPDATE client_keys SET terms = ifnull(?2, terms), digest = ifnull(?3, digest) \
                   WHERE name = ?1 AND revoked IS NULL";
        self.update(name, move |transaction, name| transaction.execute(sql, params![name, terms, digest]))
    }

    fn revoke<'a>(&'a self, name: &'a str, now: u64) -> Doing<'a, Key> {
        let sql = "UPDATE client_keys SET revoked = ?2 WHERE name = ?1 AND revoked IS NULL";
        self.update(name, move |transaction, name| transaction.execute(sql, params![name, signed(now)]))
    }
}

impl StoredKeys {
    /// Does `change` to the key `name`, and gives it back.
    fn update(
        &self,
        name: &str,
        change: impl Fn(&Transaction<'_>, &str) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Doing<'_, Key> {
        let name = name.to_owned();
        self.run(move |database| {
            let changed = database.write(|transaction| {
                let find = "SELECT id FROM client_keys WHERE name = ?1 AND revoked IS NULL";
                let id: Option<String> = transaction.query_row(find, [&name], |row| row.get(0)).optional()?;
                let Some(id) = id else { return Ok(None) };
                change(transaction, &name)?;
                transaction.query_row(&format!("SELECT {COLUMNS} FROM client_keys WHERE id = ?1"), [id], key)
            })?;
            changed.ok_or(ClientsError::Unknown { name })
        })
    }
}

/// A row as a key. One that a later version has written, and this one does not understand, is no key that lets anyone in.
fn key(row: &Row<'_>) -> rusqlite::Result<Option<Key>> {
    let (id, name, terms): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let read = || Some((KeyId::parse(&id)?, serde_json::from_str(&terms).ok()?));
    let Some((id, terms)) = read() else {
        tracing::warn!(key = name, "a client key was written by a later version and is left out");
        return Ok(None);
    };
    Ok(Some(Key {
        id,
        name,
        digest: Digest(row.get(2)?),
        terms,
        created: unsigned(row.get(4)?),
        revoked: row.get::<_, Option<i64>>(5)?.map(unsigned),
    }))
}

/// Forgets keys that were revoked long before `now`, with what they have used.
fn forget_old(transaction: &Transaction<'_>, now: u64) -> rusqlite::Result<()> {
    let long = u64::try_from(KEPT_AFTER_REVOCATION.as_millis()).unwrap_or(u64::MAX);
    transaction.execute("DELETE FROM client_keys WHERE revoked < ?1", [signed(now.saturating_sub(long))])?;
    transaction.execute("DELETE FROM client_tallies WHERE key NOT IN (SELECT id FROM client_keys)", [])?;
    transaction.execute("DELETE FROM client_slots WHERE key NOT IN (SELECT id FROM client_keys)", [])?;
    Ok(())
}

/// Terms as they are kept. They are plain text and numbers, which can always be written.
fn written(terms: &Terms) -> String {
    serde_json::to_string(terms).unwrap_or_default()
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
