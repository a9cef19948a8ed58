//! How accounts stand with the upstream, what was counted, and what was noted, kept over restarts and shared between
//! processes: counters take what is to be added, never a total.

use std::{collections::BTreeMap, time::SystemTime};

use rusqlite::{OptionalExtension as _, params};

use crate::credential::store::{Home, Store, StoreError, seconds, time};

/// Why an account rests, or one model of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStanding {
    /// The account's id.
    pub account: String,
    /// The model; none is every model.
    pub model: Option<String>,
    /// Until when; none is until something changes.
    pub until: Option<SystemTime>,
    /// What the pool calls it.
    pub reason: String,
}

impl Store {
    /// All standings that still hold at `now`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn standings(&self, now: SystemTime) -> Result<Vec<StoredStanding>, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.standings(now),
            Home::Disk(state) => state,
        };
        let sql = "SELECT account, model, until, reason FROM standings WHERE until IS NULL OR until > ?1 \
                   ORDER BY account, model";
        let standings = state.database().read(|connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([seconds(now)], |row| {
                let model: String = row.get(1)?;
                Ok(StoredStanding {
                    account: row.get(0)?,
                    model: (!model.is_empty()).then_some(model),
                    until: row.get::<_, Option<i64>>(2)?.map(time),
                    reason: row.get(3)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        Ok(standings?)
    }

    /// Keeps `standings` in place of all that stood against `account`; none is that nothing stands against it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_standings(&self, account: &str, standings: &[StoredStanding]) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => {
                shared.put_standings(account, standings);
                return Ok(());
            }
            Home::Disk(state) => state,
        };
        let sql = "INSERT OR REPLACE INTO standings (account, model, until, reason) VALUES (?1, ?2, ?3, ?4)";
        let now = seconds(SystemTime::now());
        state.database().write(|transaction| {
            transaction.execute("DELETE FROM standings WHERE account = ?1 OR until <= ?2", params![account, now])?;
            standings.iter().try_for_each(|StoredStanding { account, model, until, reason }| {
                let (model, until) = (model.as_deref().unwrap_or_default(), until.map(seconds));
                transaction.execute(sql, params![account, model, until, reason]).map(|_| ())
            })
        })?;
        Ok(())
    }

    /// Adds to counters; one that was not there begins at nought.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_counters(&self, deltas: &[(&str, i64)]) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => {
                shared.add_counters(deltas);
                return Ok(());
            }
            Home::Disk(state) => state,
        };
        let sql = "INSERT INTO counters (name, value) VALUES (?1, ?2) \
                   ON CONFLICT (name) DO UPDATE SET value = value + excluded.value";
        state.database().write(|transaction| {
            let mut statement = transaction.prepare(sql)?;
            deltas.iter().try_for_each(|(name, delta)| statement.execute(params![name, delta]).map(|_| ()))
        })?;
        Ok(())
    }

    /// All counters.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn counters(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.counters(),
            Home::Disk(state) => state,
        };
        let counters = state.database().read(|connection| {
            let mut statement = connection.prepare("SELECT name, value FROM counters")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<BTreeMap<_, _>>>()
        });
        Ok(counters?)
    }

    /// Notes `text` under `name`, in place of what was noted before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_note(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => {
                shared.put_note(name, text);
                return Ok(());
            }
            Home::Disk(state) => state,
        };
        let sql = "INSERT OR REPLACE INTO notes (name, text, at) VALUES (?1, ?2, ?3)";
        let now = seconds(SystemTime::now());
        state.database().write(|transaction| transaction.execute(sql, params![name, text, now]))?;
        Ok(())
    }

    /// What was noted under `name`, and when.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<(String, SystemTime)>, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.note(name),
            Home::Disk(state) => state,
        };
        let sql = "SELECT text, at FROM notes WHERE name = ?1";
        let note = state.database().read(|connection| {
            connection.query_row(sql, [name], |row| Ok((row.get(0)?, time(row.get(1)?)))).optional()
        });
        Ok(note?)
    }
}
