//! The store where replicas share it: one table of accounts, their sessions, loans and facts; notes of how accounts stand
//! and of the pools that run.
//!
//! While it cannot be reached, what was read last answers, a session that is renewed is kept in memory until it can be
//! shared, and whatever a person would change is refused.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    credential::{
        Kind,
        exchange::Tokens,
        store::{
            Added, Loan, New, StoreError, Stored, StoredStanding,
            pooled::{LIVELY, PREFIX},
            seconds,
            session::{Kept, Session},
            time,
        },
    },
    secret::Secret,
    state::{Board, Lease, Shared, StateError, Table},
};

mod rows;

use rows::{
    AccountRow, SessionRow, StandingRow, account_row, forget_given, listed, loan_row, named, put, put_account, read,
    session_row, twin, written,
};

/// How long it is remembered that an account is out, unless something changes.
const OUT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long other notes stay.
const NOTE: Duration = Duration::from_secs(24 * 3600);

/// The row that says that a new identity was asked for.
const INTENT: &str = "fact/anonymous-intent";

/// The store.
#[derive(Clone)]
pub(super) struct SharedStore {
    shared: Shared,
    table: Table,
    standings: Board,
    pools: Board,
    notes: Board,
}

impl std::fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SharedStore").field(&self.shared).finish()
    }
}

impl SharedStore {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            table: shared.table("accounts"),
            standings: shared.board("standings"),
            pools: shared.board("pools"),
            notes: shared.board("notes"),
            shared: shared.clone(),
        }
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.shared.trouble().is_some()
    }

    pub(super) async fn lease(&self, name: &str, patience: Duration) -> Result<Lease, StateError> {
        self.shared.lease(name, patience).await
    }

    pub(super) fn try_lease(&self, name: &str) -> Result<Option<Lease>, StateError> {
        self.shared.try_lease(name)
    }

    pub(super) fn accounts(&self) -> Result<Vec<Stored>, StoreError> {
        Ok(listed(&self.table.rows()?))
    }

    pub(super) fn get(&self, name: &str) -> Result<Stored, StoreError> {
        named(&self.table.rows()?, name).ok_or_else(|| StoreError::Unknown { name: name.to_owned() })
    }

    pub(super) fn has(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.table.rows()?.contains_key(&account_row(id)))
    }

    pub(super) fn add(&self, new: &New, fresh: &str) -> Result<Added, StoreError> {
        let added = self.table.change(|rows| {
            let same = twin(rows, new);
            if same.is_none() && named(rows, &new.name).is_some() {
                return Err(StoreError::NameTaken { name: new.name.clone() });
            }
            let id = same.as_deref().unwrap_or(fresh);
            put_account(rows, id, new);
            if new.kind == Kind::Anonymous {
                rows.remove(INTENT);
            }
            let account = listed(rows).into_iter().find(|account| account.id == id);
            let account = account.ok_or_else(|| StateError::Sealed { place: id.to_owned() })?;
            Ok(if same.is_some() { Added::Replaced(account) } else { Added::New(account) })
        })??;
        let (Added::New(account) | Added::Replaced(account)) = &added;
        self.standings.take_down(&account.id);
        Ok(added)
    }

    pub(super) fn rename(&self, name: &str, new_name: &str) -> Result<(), StoreError> {
        self.table.change(|rows| {
            if named(rows, new_name).is_some() {
                return Err(StoreError::NameTaken { name: new_name.to_owned() });
            }
            let account = named(rows, name).ok_or_else(|| StoreError::Unknown { name: name.to_owned() })?;
            let row = account_row(&account.id);
            if let Some(kept) = read::<AccountRow>(rows, &row) {
                put(rows, row, &AccountRow { name: new_name.to_owned(), ..kept });
            }
            Ok(())
        })?
    }

    pub(super) fn remove(&self, name: &str) -> Result<Stored, StoreError> {
        let removed = self.table.change(|rows| {
            let account = named(rows, name).ok_or_else(|| StoreError::Unknown { name: name.to_owned() })?;
            rows.remove(&account_row(&account.id));
            rows.remove(&session_row(&account.id));
            Ok::<_, StoreError>(account)
        })??;
        self.standings.take_down(&removed.id);
        Ok(removed)
    }

    pub(super) fn intend_anonymous(&self) -> Result<bool, StoreError> {
        let now = seconds(SystemTime::now()).to_string();
        Ok(self.table.change(|rows| match rows.contains_key(INTENT) {
            true => false,
            false => rows.insert(INTENT.to_owned(), now.clone().into_bytes()).is_none(),
        })?)
    }

    pub(super) fn forget_anonymous_intent(&self) -> Result<(), StoreError> {
        Ok(self.table.change(|rows| drop(rows.remove(INTENT)))?)
    }

    pub(super) fn session(&self, id: &str) -> Result<Option<Session>, StoreError> {
        Ok(read::<SessionRow>(&self.table.rows()?, &session_row(id)).map(Session::from))
    }

    pub(super) fn renewed(&self, id: &str, generation: u32, tokens: &Tokens) -> Result<Kept, StoreError> {
        let name = session_row(id);
        let changed = self.table.change(|rows| {
            let row = read::<SessionRow>(rows, &name).filter(|row| row.generation == generation)?;
            put(rows, name.clone(), &row.renewed(tokens));
            Some(row.ended.is_some())
        });
        match changed {
            Ok(Some(had_ended)) => {
                if had_ended {
                    // Who has given it up may have it again.
                    self.standings.take_down(id);
                }
                Ok(Kept::AtRest)
            }
            Ok(None) => Ok(Kept::Not),
            Err(StateError::Away { .. }) => self.renewed_alone(id, generation, tokens),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps what was renewed while nobody can be told of it.
    fn renewed_alone(&self, id: &str, generation: u32, tokens: &Tokens) -> Result<Kept, StoreError> {
        let name = session_row(id);
        let row = read::<SessionRow>(&self.table.rows()?, &name).filter(|row| row.generation == generation);
        let Some(row) = row else { return Ok(Kept::Not) };
        self.table.put_later(&name, written(&row.renewed(tokens)))?;
        Ok(Kept::Alone)
    }

    pub(super) fn ended(&self, id: &str, generation: u32, code: &str) -> Result<(), StoreError> {
        let name = session_row(id);
        self.table.change(|rows| {
            if let Some(row) = read::<SessionRow>(rows, &name).filter(|row| row.generation == generation) {
                put(rows, name.clone(), &SessionRow { ended: Some(code.to_owned()), ..row });
            }
        })?;
        Ok(())
    }

    pub(super) fn given(&self, id: String, refresh: &Secret) -> Result<String, StoreError> {
        let name = session_row(&id);
        let row = Session { secret: refresh.clone(), bearer: None, generation: 0, ended: None };
        let value = written(&SessionRow::of(&row));
        let changed = self.table.change(|rows| {
            rows.entry(name.clone()).or_insert_with(|| value.clone());
            forget_given(rows, &name);
        });
        match changed {
            Ok(()) => {}
            // It may be there already, and then it stays as it is.
            Err(StateError::Away { .. }) if self.table.rows().is_ok_and(|rows| rows.contains_key(&name)) => {}
            Err(StateError::Away { .. }) => self.table.put_later(&name, value)?,
            Err(error) => return Err(error.into()),
        }
        Ok(id)
    }

    pub(super) fn standings(&self, now: SystemTime) -> Result<Vec<StoredStanding>, StoreError> {
        let mut all = Vec::new();
        for (account, text) in self.standings.all()? {
            let rows: Vec<StandingRow> = serde_json::from_slice(&text).unwrap_or_default();
            all.extend(rows.into_iter().map(|row| StoredStanding {
                account: account.clone(),
                model: row.model,
                until: row.until.map(time),
                reason: row.reason,
            }));
        }
        all.retain(|standing| standing.until.is_none_or(|until| until > now));
        all.sort_by(|one, other| (&one.account, &one.model).cmp(&(&other.account, &other.model)));
        Ok(all)
    }

    pub(super) fn put_standings(&self, account: &str, standings: &[StoredStanding]) {
        let now = SystemTime::now();
        let left = |standing: &StoredStanding| {
            standing.until.map_or(OUT, |until| until.duration_since(now).unwrap_or_default())
        };
        let Some(lifetime) = standings.iter().map(left).max() else { return self.standings.take_down(account) };
        let row = |standing: &StoredStanding| StandingRow {
            model: standing.model.clone(),
            until: standing.until.map(seconds),
            reason: standing.reason.clone(),
        };
        let rows: Vec<StandingRow> = standings.iter().map(row).collect();
        self.standings.put(account, written(&rows), lifetime.max(Duration::from_secs(1)));
    }

    pub(super) fn add_counters(&self, deltas: &[(&str, i64)]) {
        self.shared.add_counts("pool", deltas);
    }

    pub(super) fn counters(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        Ok(self.shared.counts("pool")?.into_iter().collect())
    }

    pub(super) fn put_note(&self, name: &str, text: &str) {
        let at = seconds(SystemTime::now());
        let (board, lifetime) = self.board(name);
        board.put(name, written(&(at, text)), lifetime);
    }

    pub(super) fn note(&self, name: &str) -> Result<Option<(String, SystemTime)>, StoreError> {
        let found = self.board(name).0.all()?.into_iter().find(|(note, _)| note == name);
        Ok(found
            .and_then(|(_, text)| serde_json::from_slice(&text).ok())
            .map(|(at, text): (i64, String)| (text, time(at))))
    }

    pub(super) fn withdraw_note(&self, name: &str) {
        self.board(name).0.take_down(name);
    }

    pub(super) fn pools(&self) -> Result<Vec<Value>, StoreError> {
        let text = |(_, note): (String, Vec<u8>)| serde_json::from_slice::<(i64, String)>(&note).ok();
        let texts = self.pools.all()?.into_iter().filter_map(text);
        Ok(texts.filter_map(|(_, text)| serde_json::from_str(&text).ok()).collect())
    }

    pub(super) fn forgive(&self) -> Result<(), StoreError> {
        Ok(self.standings.clear()?)
    }

    pub(super) fn add_loan(&self, loan: &Loan) -> Result<(), StoreError> {
        let row = loan_row(&loan.root, &loan.session_id);
        Ok(self.table.change(|rows| put(rows, row.clone(), &(&loan.root, &loan.session_id, &loan.lock)))?)
    }

    pub(super) fn remove_loan(&self, root: &str, session_id: &str) -> Result<(), StoreError> {
        let row = loan_row(root, session_id);
        Ok(self.table.change(|rows| drop(rows.remove(&row)))?)
    }

    pub(super) fn loans(&self, root: &str) -> Result<Vec<Loan>, StoreError> {
        let rows = self.table.rows()?;
        let loan = |row: &String| {
            let (root, session_id, lock) = read::<(String, String, String)>(&rows, row)?;
            Some(Loan { session_id, root, lock })
        };
        let all = rows.keys().filter(|row| row.starts_with("loan/")).filter_map(loan);
        Ok(all.filter(|loan| loan.root == root).collect())
    }

    /// Where the note `name` is up, and for how long.
    fn board(&self, name: &str) -> (&Board, Duration) {
        if name.starts_with(PREFIX) { (&self.pools, LIVELY) } else { (&self.notes, NOTE) }
    }
}
