//! The pool's ledger in the store.
//!
//! What cannot be written is logged and forgotten: a pool must lend on while a disk is full.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use rusqlite::params;
use serde_json::Value;

use crate::{
    credential::{
        Counter, Reason, Rest, Standing,
        ledger::{Ledger, Noted},
        store::{Home, Store, StoreError, StoredStanding, seconds, time},
    },
    state::StateError,
};

/// Where the state of one pool is noted: followed by what tells this pool from others.
pub(super) const PREFIX: &str = "pool:";

/// How old the note of a pool may be before it has surely ended: one that runs notes itself more often.
pub(super) const LIVELY: Duration = Duration::from_secs(90);

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
        let state = match &self.home {
            Home::Shared(shared) => return shared.pools(),
            Home::Disk(state) => state,
        };
        let since = SystemTime::now().checked_sub(LIVELY).unwrap_or(SystemTime::UNIX_EPOCH);
        let sql = "SELECT text FROM notes WHERE name LIKE ?1 || '%' AND at >= ?2 ORDER BY at DESC, name";
        let texts = state.database().read(|connection| {
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
        let state = match &self.home {
            Home::Shared(shared) => return shared.forgive(),
            Home::Disk(state) => state,
        };
        state.database().write(|transaction| transaction.execute("DELETE FROM standings", []))?;
        Ok(())
    }

    fn withdraw_note(&self, name: &str) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => {
                shared.withdraw_note(name);
                return Ok(());
            }
            Home::Disk(state) => state,
        };
        let old = SystemTime::now().checked_sub(LIVELY).unwrap_or(SystemTime::UNIX_EPOCH);
        let sql = "DELETE FROM notes WHERE name = ?1 OR (name LIKE ?2 || '%' AND at < ?3)";
        state.database().write(|transaction| transaction.execute(sql, params![name, PREFIX, seconds(old)]))?;
        Ok(())
    }
}

impl Ledger for PoolLedger {
    fn recall(&self, id: &str, now: SystemTime) -> Option<Noted> {
        let standings = self.store.standings(now).inspect_err(lost).ok()?;
        let mut noted = Noted::default();
        for StoredStanding { model, until, reason, .. } in standings.into_iter().filter(|of| of.account == id) {
            match (Reason::parse(&reason), until) {
                (Some(reason), Some(until)) => noted.rests.push(Rest { model, reason, until }),
                _ => noted.standing = Standing::parse(&reason).or(noted.standing),
            }
        }
        Some(noted)
    }

    fn note(&self, id: &str, noted: &Noted) {
        let one = |model: Option<String>, until: Option<SystemTime>, reason: &str| StoredStanding {
            account: id.to_owned(),
            model,
            until: until.map(whole),
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
        let mut snapshot = snapshot.clone();
        // Which of all pools it is, so that this one knows its own again.
        snapshot["pool"] = self.note.as_str().into();
        kept(self.store.put_note(&self.note, &snapshot.to_string()));
    }

    fn lent_elsewhere(&self) -> HashMap<String, usize> {
        let mut lent = HashMap::new();
        let pools = self.store.pools().inspect_err(lost).unwrap_or_default();
        for pool in pools.iter().filter(|pool| pool["pool"] != self.note) {
            for account in pool["accounts"].as_array().into_iter().flatten() {
                let (Some(id), Some(count)) = (account["id"].as_str(), account["in_flight"].as_u64()) else { continue };
                let sum = lent.entry(id.to_owned()).or_insert(0_usize);
                *sum = sum.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
            }
        }
        lent
    }

    fn withdraw(&self) {
        kept(self.store.withdraw_note(&self.note));
    }
}

/// The first whole second from `until` on: the store holds no others, and a rest of a moment less is none.
fn whole(until: SystemTime) -> SystemTime {
    let second = time(seconds(until));
    if second < until { second + Duration::from_secs(1) } else { second }
}

fn kept(done: Result<(), StoreError>) {
    if let Err(error) = done {
        lost(&error);
    }
}

fn lost(error: &StoreError) {
    match error {
        // That what is shared is away has been said.
        StoreError::State(StateError::Away { .. }) => tracing::debug!(%error, "the pool's state is not shared"),
        error => tracing::warn!(%error, "the pool's state is not kept"),
    }
}
