//! The store where replicas share it: one table of accounts, their sessions, loans and facts; notes of how accounts stand
//! and of the pools that run.
//!
//! While it cannot be reached, what was read last answers, a session that is renewed is kept in memory until it can be
//! shared, and whatever a person would change is refused.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    credential::{
        Kind,
        exchange::Tokens,
        store::{
            Added, Identity, Loan, New, StoreError, Stored, StoredStanding,
            accounts::{kind_of, spelling},
            pooled::{LIVELY, PREFIX},
            seconds,
            session::{GIVEN, Kept, Session},
            time,
        },
        token::Life,
    },
    secret::Secret,
    state::{Board, Lease, Rows, Shared, StateError, Table},
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

/// An account as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct AccountRow {
    name: String,
    kind: String,
    uid: Option<String>,
    email: Option<String>,
    display_name: Option<String>,
    added_at: i64,
    /// Its place among the accounts.
    number: u64,
}

/// What authorises one, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct SessionRow {
    secret: String,
    bearer: Option<String>,
    expires: Option<i64>,
    renew_at: Option<i64>,
    generation: u32,
    ended: Option<String>,
    changed_at: i64,
}

/// A standing as it is noted.
#[derive(Serialize, Deserialize)]
struct StandingRow {
    model: Option<String>,
    until: Option<i64>,
    reason: String,
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

impl SessionRow {
    fn of(session: &Session) -> Self {
        let (expires, renew_at) = session.bearer.as_ref().map_or((None, None), |(_, life)| life.times());
        Self {
            secret: session.secret.expose().to_owned(),
            bearer: session.bearer.as_ref().map(|(bearer, _)| bearer.expose().to_owned()),
            expires: expires.map(seconds),
            renew_at: renew_at.map(seconds),
            generation: session.generation,
            ended: session.ended.clone(),
            changed_at: seconds(SystemTime::now()),
        }
    }

    /// The row in its place after an exchange that yielded `tokens`.
    fn renewed(&self, tokens: &Tokens) -> Self {
        let refresh = tokens.refresh.as_ref().map(|refresh| refresh.expose().to_owned());
        let (expires, renew_at) = tokens.life.times();
        Self {
            secret: refresh.unwrap_or_else(|| self.secret.clone()),
            bearer: Some(tokens.id.expose().to_owned()),
            expires: expires.map(seconds),
            renew_at: renew_at.map(seconds),
            generation: self.generation + 1,
            ended: None,
            changed_at: seconds(SystemTime::now()),
        }
    }
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let life = Life::of_times(row.expires.map(time), row.renew_at.map(time));
        Self {
            secret: Secret::new(&row.secret),
            bearer: row.bearer.map(|bearer| (Secret::new(&bearer), life)),
            generation: row.generation,
            ended: row.ended,
        }
    }
}

/// All accounts, in the order in which they were added.
fn listed(rows: &Rows) -> Vec<Stored> {
    let mut all: Vec<(u64, Stored)> =
        rows.keys().filter_map(|row| stored(rows, row.strip_prefix("account/")?)).collect();
    all.sort_by(|one, other| (one.0, &one.1.id).cmp(&(other.0, &other.1.id)));
    all.into_iter().map(|(_, account)| account).collect()
}

fn stored(rows: &Rows, id: &str) -> Option<(u64, Stored)> {
    let row = read::<AccountRow>(rows, &account_row(id))?;
    let session = read::<SessionRow>(rows, &session_row(id))?;
    let account = Stored {
        id: id.to_owned(),
        name: row.name,
        kind: kind_of(&row.kind),
        identity: Identity { uid: row.uid, email: row.email, display_name: row.display_name },
        added_at: time(row.added_at),
        generation: session.generation,
        expires: session.expires.map(time),
        ended: session.ended,
    };
    Some((row.number, account))
}

fn named(rows: &Rows, name: &str) -> Option<Stored> {
    listed(rows).into_iter().find(|account| account.name == name)
}

/// The id of the account that `new` is another credential of: of the same person, or with the same secret.
fn twin(rows: &Rows, new: &New) -> Option<String> {
    let all: Vec<Stored> = listed(rows).into_iter().filter(|account| account.kind == new.kind).collect();
    let uid = new.identity.uid.as_ref();
    let person = all.iter().find(|account| uid.is_some() && account.identity.uid.as_ref() == uid);
    let secret = || {
        let has_secret = |account: &&Stored| {
            let session = read::<SessionRow>(rows, &session_row(&account.id));
            session.is_some_and(|session| session.secret == new.secret.expose())
        };
        all.iter().find(has_secret)
    };
    person.or_else(secret).map(|account| account.id.clone())
}

fn put_account(rows: &mut Rows, id: &str, new: &New) {
    let (account, session) = (account_row(id), session_row(id));
    let before = read::<AccountRow>(rows, &account);
    let generation = read::<SessionRow>(rows, &session).map_or(0, |row| row.generation + 1);
    let last = rows.keys().filter(|row| row.starts_with("account/"));
    let last = last.filter_map(|row| read::<AccountRow>(rows, row)).map(|row| row.number).max();
    let Identity { uid, email, display_name } = new.identity.clone();
    let kept = match before {
        Some(row) => AccountRow {
            uid: uid.or(row.uid),
            email: email.or(row.email),
            display_name: display_name.or(row.display_name),
            ..row
        },
        None => AccountRow {
            name: new.name.clone(),
            kind: spelling(new.kind).to_owned(),
            uid,
            email,
            display_name,
            added_at: seconds(SystemTime::now()),
            number: last.map_or(0, |last| last + 1),
        },
    };
    put(rows, account, &kept);
    let row = Session { secret: new.secret.clone(), bearer: new.bearer.clone(), generation, ended: None };
    put(rows, session, &SessionRow::of(&row));
}

/// Forgets sessions of settings beyond those that were used last; `own` stays.
fn forget_given(rows: &mut Rows, own: &str) {
    let given = rows.keys().filter(|row| row.starts_with("session/given/"));
    let mut given: Vec<(bool, i64, String)> =
        given.filter_map(|row| Some((row == own, read::<SessionRow>(rows, row)?.changed_at, row.clone()))).collect();
    given.sort();
    let excess = given.len().saturating_sub(GIVEN as usize);
    for (_, _, row) in given.into_iter().take(excess) {
        rows.remove(&row);
    }
}

fn account_row(id: &str) -> String {
    format!("account/{id}")
}

fn session_row(id: &str) -> String {
    format!("session/{id}")
}

fn loan_row(root: &str, session_id: &str) -> String {
    format!("loan/{root}/{session_id}")
}

/// A row as it is read. One that a later version has written, and this one does not understand, is none.
fn read<T: DeserializeOwned>(rows: &Rows, row: &str) -> Option<T> {
    serde_json::from_slice(rows.get(row)?).ok()
}

fn put(rows: &mut Rows, row: String, value: &impl Serialize) {
    rows.insert(row, written(value));
}

/// A value as it is kept. All of them are plain text and numbers, which can always be written.
fn written(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
