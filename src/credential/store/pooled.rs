//! The pool's ledger in the store.
//!
//! What cannot be written is logged and forgotten: a pool must lend on while a disk is full.

use std::time::{Duration, SystemTime};

use rusqlite::params;
use serde_json::Value;

use crate::credential::{
    Counter, Reason, Rest, Standing,
    ledger::{Ledger, Noted},
    store::{Store, StoreError, StoredStanding, seconds, time},
};

/// Where the state of one pool is noted: followed by what tells this pool from others.
const PREFIX: &str = "pool:";

/// How old the note of a pool may be before it has surely ended: one that runs notes itself more often.
const LIVELY: Duration = Duration::from_secs(90);

/// One pool's ledger.
pub(crate) struct PoolLedger {
    store: Store,
    note: String,
}

impl PoolLedger {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, note: format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()) }
    }
}

impl Store {
    /// The pools of all running processes, as [`Pool::snapshot`](crate::credential::Pool::snapshot) has them, newest
    /// first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn pools(&self) -> Result<Vec<Value>, StoreError> {
        let since = SystemTime::now().checked_sub(LIVELY).unwrap_or(SystemTime::UNIX_EPOCH);
        let sql = "SELECT text FROM notes WHERE name LIKE ?1 || '%' AND at >= ?2 ORDER BY at DESC, name";
        let texts = self.state.database().read(|connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map(params![PREFIX, seconds(since)], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<Vec<String>>>()
        })?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// Forgets all that stands against any account, also in pools that run.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forgive(&self) -> Result<(), StoreError> {
        self.state.database().write(|transaction| transaction.execute("DELETE FROM standings", []))?;
        Ok(())
    }

    fn withdraw_note(&self, name: &str) -> Result<(), StoreError> {
        let old = SystemTime::now().checked_sub(LIVELY).unwrap_or(SystemTime::UNIX_EPOCH);
        let sql = "DELETE FROM notes WHERE name = ?1 OR (name LIKE ?2 || '%' AND at < ?3)";
        self.state.database().write(|transaction| transaction.execute(sql, params![name, PREFIX, seconds(old)]))?;
        Ok(())
    }
}

impl Ledger for PoolLedger {
    fn recall(&self, id: &str, now: SystemTime) -> Noted {
        let standings = self.store.standings(now).unwrap_or_else(|error| {
            lost(&error);
            Vec::new()
        });
        let mut noted = Noted::default();
        for StoredStanding { model, until, reason, .. } in standings.into_iter().filter(|of| of.account == id) {
            match (Reason::parse(&reason), until) {
                (Some(reason), Some(until)) => noted.rests.push(Rest { model, reason, until }),
                _ => noted.standing = Standing::parse(&reason).or(noted.standing),
            }
        }
        noted
    }

    fn note(&self, id: &str, noted: &Noted) {
        let one = |model: Option<String>, until: Option<SystemTime>, reason: &str| StoredStanding {
            account: id.to_owned(),
            model,
            // The database holds whole seconds, and a rest of a moment less is none.
            until: until.map(|until| time(seconds(until) + 1)),
            reason: reason.to_owned(),
        };
        let rests = noted.rests.iter().map(|rest| one(rest.model.clone(), Some(rest.until), rest.reason.name()));
        let standing = noted.standing.map(|standing| one(None, None, standing.name()));
        let all: Vec<StoredStanding> = rests.chain(standing).collect();
        kept(self.store.put_standings(id, &all));
    }

    fn count(&self, more: &[(Counter, u64)]) {
        let deltas: Vec<(&str, i64)> =
            more.iter().map(|(counter, more)| (counter.name(), i64::try_from(*more).unwrap_or(i64::MAX))).collect();
        kept(self.store.add_counters(&deltas));
    }

    fn publish(&self, snapshot: &Value) {
        kept(self.store.put_note(&self.note, &snapshot.to_string()));
    }

    fn withdraw(&self) {
        kept(self.store.withdraw_note(&self.note));
    }
}

fn kept(done: Result<(), StoreError>) {
    if let Err(error) = done {
        lost(&error);
    }
}

fn lost(error: &StoreError) {
    tracing::warn!(%error, "the pool's state is not kept");
}
