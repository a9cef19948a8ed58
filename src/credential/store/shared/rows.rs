//! The rows of the shared store, and what is found among them. It must not know where they rest.

use std::time::SystemTime;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    credential::{
        exchange::Tokens,
        store::{
            Identity, New, Stored,
            accounts::{kind_of, spelling},
            seconds,
            session::{GIVEN, Session},
            time,
        },
        token::Life,
    },
    secret::Secret,
    state::Rows,
};

/// An account as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct AccountRow {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) uid: Option<String>,
    pub(super) email: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) added_at: i64,
    /// Its place among the accounts.
    pub(super) number: u64,
}

/// What authorises one, as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SessionRow {
    pub(super) secret: String,
    pub(super) bearer: Option<String>,
    pub(super) expires: Option<i64>,
    pub(super) renew_at: Option<i64>,
    pub(super) generation: u32,
    pub(super) ended: Option<String>,
    pub(super) changed_at: i64,
}

/// A standing as it is noted.
#[derive(Serialize, Deserialize)]
pub(super) struct StandingRow {
    pub(super) model: Option<String>,
    pub(super) until: Option<i64>,
    pub(super) reason: String,
}

impl SessionRow {
    pub(super) fn of(session: &Session) -> Self {
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
    pub(super) fn renewed(&self, tokens: &Tokens) -> Self {
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
pub(super) fn listed(rows: &Rows) -> Vec<Stored> {
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

pub(super) fn named(rows: &Rows, name: &str) -> Option<Stored> {
    listed(rows).into_iter().find(|account| account.name == name)
}

/// The id of the account that `new` is another credential of: of the same person, or with the same secret.
pub(super) fn twin(rows: &Rows, new: &New) -> Option<String> {
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

pub(super) fn put_account(rows: &mut Rows, id: &str, new: &New) {
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
pub(super) fn forget_given(rows: &mut Rows, own: &str) {
    let given = rows.keys().filter(|row| row.starts_with("session/given/"));
    let mut given: Vec<(bool, i64, String)> =
        given.filter_map(|row| Some((row == own, read::<SessionRow>(rows, row)?.changed_at, row.clone()))).collect();
    given.sort();
    let excess = given.len().saturating_sub(GIVEN as usize);
    for (_, _, row) in given.into_iter().take(excess) {
        rows.remove(&row);
    }
}

pub(super) fn account_row(id: &str) -> String {
    format!("account/{id}")
}

pub(super) fn session_row(id: &str) -> String {
    format!("session/{id}")
}

pub(super) fn loan_row(root: &str, session_id: &str) -> String {
    format!("loan/{root}/{session_id}")
}

/// A row as it is read. One that a later version has written, and this one does not understand, is none.
pub(super) fn read<T: DeserializeOwned>(rows: &Rows, row: &str) -> Option<T> {
    serde_json::from_slice(rows.get(row)?).ok()
}

pub(super) fn put(rows: &mut Rows, row: String, value: &impl Serialize) {
    rows.insert(row, written(value));
}

/// A value as it is kept. All of them are plain text and numbers, which can always be written.
pub(super) fn written(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
