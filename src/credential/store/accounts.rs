//! Which accounts there are: added, listed, renamed, removed.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::{
    credential::{
        Kind, Session as SignedInSession,
        store::{
            Home, Store, StoreError, seconds,
            session::{self, Session},
            time,
        },
        token::{Life, api_key},
    },
    secret::Secret,
    state::{State, StateError},
};

/// The longest name.
const LONGEST_NAME: usize = 64;

/// The fact that a new identity was asked for.
const INTENT: &str = "anonymous-intent";

/// Whose an account is, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The service's id of the person.
    pub uid: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Their name.
    pub display_name: Option<String>,
}

/// An account as it is listed; nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What tells it from every other account, for ever.
    pub id: String,
    /// What its user calls it.
    pub name: String,
    /// What kind of credential it has.
    pub kind: Kind,
    /// Whose it is.
    pub identity: Identity,
    /// When it was added.
    pub added_at: SystemTime,
    /// How often its credential was replaced.
    pub generation: u32,
    /// When its last bearer ends, where known.
    pub expires: Option<SystemTime>,
    /// Why it must be signed in again, as the service spells it.
    pub ended: Option<String>,
}

/// An account to add.
#[derive(Debug, Clone)]
pub struct New {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) secret: Secret,
    pub(super) bearer: Option<(Secret, Life)>,
    pub(super) identity: Identity,
}

impl New {
    /// The account of an API key, with or without its prefix.
    #[must_use]
    pub fn api_key(name: &str, key: &Secret) -> Self {
        Self::of(name, Kind::ApiKey, api_key(key))
    }

    /// A signed-in session.
    #[must_use]
    pub fn session(name: &str, refresh: Secret) -> Self {
        Self::of(name, Kind::Session, refresh)
    }

    /// The session of a sign-in or of an exchange, with its bearer.
    #[must_use]
    pub fn signed_in(name: &str, session: &SignedInSession) -> Self {
        Self::session(name, session.refresh.clone()).bearer(session.id.clone(), session.life)
    }

    /// The identity of an installation that has not signed in.
    #[must_use]
    pub fn anonymous(name: &str, refresh: Secret) -> Self {
        Self::of(name, Kind::Anonymous, refresh)
    }

    fn of(name: &str, kind: Kind, secret: Secret) -> Self {
        Self { name: name.to_owned(), kind, secret, bearer: None, identity: Identity::default() }
    }

    /// With whose it is.
    #[must_use]
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// With a bearer that still lives.
    #[must_use]
    pub(crate) fn bearer(mut self, bearer: Secret, life: Life) -> Self {
        self.bearer = Some((bearer, life));
        self
    }
}

/// What became of an account that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// There is one account more.
    New(Stored),
    /// It was there, under the name that it has kept, and has the new credential now.
    Replaced(Stored),
}

impl Store {
    /// All accounts, in the order in which they were added.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn accounts(&self) -> Result<Vec<Stored>, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.accounts(),
            Home::Disk(state) => state,
        };
        let accounts = state.database().read(|connection| {
            let mut statement = connection.prepare(&format!("{SELECT} ORDER BY accounts.rowid"))?;
            statement.query_map([], stored)?.collect::<rusqlite::Result<Vec<_>>>()
        });
        Ok(accounts?)
    }

    /// The account `name`.
    ///
    /// # Errors
    /// When there is none, or the database cannot be read.
    pub fn get(&self, name: &str) -> Result<Stored, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.get(name),
            Home::Disk(state) => state,
        };
        let found = state.database().read(|connection| by(connection, "name", name))?;
        found.ok_or_else(|| StoreError::Unknown { name: name.to_owned() })
    }

    /// Whether the account with `id` is still there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has(&self, id: &str) -> Result<bool, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.has(id),
            Home::Disk(state) => state,
        };
        Ok(state.database().read(|connection| by(connection, "id", id))?.is_some())
    }

    /// Adds an account. One of the same person and kind, or with the same secret, is the same account: it keeps its name
    /// and id, gets the new credential, and whatever stood against it is forgotten.
    ///
    /// # Errors
    /// When the name is taken or none, or the database cannot be written.
    pub fn add(&self, new: &New) -> Result<Added, StoreError> {
        Self::check_name(&new.name)?;
        let fresh = uuid::Uuid::new_v4().simple().to_string();
        let state = match &self.home {
            Home::Shared(shared) => return shared.add(new, &fresh),
            Home::Disk(state) => state,
        };
        let twin = self.with_secret(new)?;
        state.database().write(|transaction| {
            let same = match same_person(transaction, new)? {
                Some(id) => Some(id),
                None => twin.clone(),
            };
            if same.is_none() && by(transaction, "name", &new.name)?.is_some() {
                return Ok(Err(StoreError::NameTaken { name: new.name.clone() }));
            }
            put(state, transaction, new, same.as_deref(), &fresh)
        })?
    }

    /// Whether an account can have the name.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check_name(name: &str) -> Result<(), StoreError> {
        let is_none = name.is_empty()
            || name.chars().count() > LONGEST_NAME
            || name.contains(|c: char| c.is_whitespace() || c.is_control());
        if is_none { Err(StoreError::NameMalformed { name: name.to_owned() }) } else { Ok(()) }
    }

    /// The names of all sessions that have not ended, with their refresh tokens.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sessions(&self) -> Result<Vec<(String, Secret)>, StoreError> {
        let mut sessions = Vec::new();
        for account in self.accounts()?.into_iter().filter(|account| account.kind == Kind::Session) {
            let session = self.session(&account.id)?.filter(|session| session.ended.is_none());
            sessions.extend(session.map(|session| (account.name, session.secret)));
        }
        Ok(sessions)
    }

    /// Calls the account `name` `new_name`.
    ///
    /// # Errors
    /// When there is no such account, the new name is taken or none, or the database cannot be written.
    pub fn rename(&self, name: &str, new_name: &str) -> Result<(), StoreError> {
        Self::check_name(new_name)?;
        let state = match &self.home {
            Home::Shared(shared) => return shared.rename(name, new_name),
            Home::Disk(state) => state,
        };
        state.database().write(|transaction| {
            if by(transaction, "name", new_name)?.is_some() {
                return Ok(Err(StoreError::NameTaken { name: new_name.to_owned() }));
            }
            let sql = "UPDATE accounts SET name = ?2 WHERE name = ?1";
            match transaction.execute(sql, params![name, new_name])? {
                0 => Ok(Err(StoreError::Unknown { name: name.to_owned() })),
                _ => Ok(Ok(())),
            }
        })?
    }

    /// Removes the account `name` with all that is known of it.
    ///
    /// # Errors
    /// When there is none, or the database cannot be written.
    pub fn remove(&self, name: &str) -> Result<Stored, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.remove(name),
            Home::Disk(state) => state,
        };
        state.database().write(|transaction| {
            let Some(account) = by(transaction, "name", name)? else {
                return Ok(Err(StoreError::Unknown { name: name.to_owned() }));
            };
            transaction.execute("DELETE FROM accounts WHERE id = ?1", [&account.id])?;
            transaction.execute("DELETE FROM secrets WHERE id = ?1", [&account.id])?;
            transaction.execute("DELETE FROM standings WHERE account = ?1", [&account.id])?;
            Ok(Ok(account))
        })?
    }

    /// Notes that the service is about to be asked for a new identity. False when that was noted before and no account
    /// has come of it: then one may have been made and lost, and no other is to be asked for.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn intend_anonymous(&self) -> Result<bool, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.intend_anonymous(),
            Home::Disk(state) => state,
        };
        let now = seconds(SystemTime::now()).to_string();
        let sql = "INSERT OR IGNORE INTO facts (name, value) VALUES (?1, CAST(?2 AS BLOB))";
        let noted = state.database().write(|transaction| transaction.execute(sql, params![INTENT, now]))?;
        Ok(noted == 1)
    }

    /// Forgets that, when the service has surely made no identity, or the user asks for another try.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_anonymous_intent(&self) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.forget_anonymous_intent(),
            Home::Disk(state) => state,
        };
        Ok(state.database().write(forget_intent)?)
    }

    /// The account that has the secret of `new` already.
    fn with_secret(&self, new: &New) -> Result<Option<String>, StoreError> {
        for account in self.accounts()?.into_iter().filter(|account| account.kind == new.kind) {
            if self.session(&account.id)?.is_some_and(|session| session.secret == new.secret) {
                return Ok(Some(account.id));
            }
        }
        Ok(None)
    }
}

fn put(
    state: &State,
    transaction: &Transaction<'_>,
    new: &New,
    same: Option<&str>,
    fresh: &str,
) -> rusqlite::Result<Result<Added, StoreError>> {
    let id = same.unwrap_or(fresh);
    let row = Session { secret: new.secret.clone(), bearer: new.bearer.clone(), generation: 0, ended: None };
    let sealed = match session::seal(state.vault(), id, &row) {
        Ok(sealed) => sealed,
        Err(error) => return Ok(Err(error.into())),
    };
    sealed.put(transaction)?;
    let Identity { uid, email, display_name } = &new.identity;
    let sql = "INSERT INTO accounts (id, name, kind, uid, email, display_name, added_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET uid = coalesce(excluded.uid, uid), \
               email = coalesce(excluded.email, email), \
               display_name = coalesce(excluded.display_name, display_name)";
    let added_at = seconds(SystemTime::now());
    transaction.execute(sql, params![id, new.name, spelling(new.kind), uid, email, display_name, added_at])?;
    transaction.execute("DELETE FROM standings WHERE account = ?1", [id])?;
    if new.kind == Kind::Anonymous {
        forget_intent(transaction)?;
    }
    let Some(account) = by(transaction, "id", id)? else {
        return Ok(Err(StateError::Sealed { place: id.to_owned() }.into()));
    };
    Ok(Ok(if same.is_some() { Added::Replaced(account) } else { Added::New(account) }))
}

fn forget_intent(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM facts WHERE name = ?1", [INTENT]).map(|_| ())
}

/// What is read of an account.
const SELECT: &str = "SELECT accounts.id, name, kind, uid, email, display_name, added_at, generation, expires, ended \
                      FROM accounts JOIN secrets USING (id)";

fn by(connection: &Connection, column: &str, value: &str) -> rusqlite::Result<Option<Stored>> {
    connection.query_row(&format!("{SELECT} WHERE accounts.{column} = ?1"), [value], stored).optional()
}

fn same_person(connection: &Connection, new: &New) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT id FROM accounts WHERE uid = ?1 AND kind = ?2";
    connection.query_row(sql, params![new.identity.uid, spelling(new.kind)], |row| row.get(0)).optional()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let kind: String = row.get("kind")?;
    Ok(Stored {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: kind_of(&kind),
        identity: Identity { uid: row.get("uid")?, email: row.get("email")?, display_name: row.get("display_name")? },
        added_at: time(row.get("added_at")?),
        generation: row.get("generation")?,
        expires: row.get::<_, Option<i64>>("expires")?.map(time),
        ended: row.get("ended")?,
    })
}

/// The kind that the store spells so.
pub(super) fn kind_of(spelling: &str) -> Kind {
    match spelling {
        "api-key" => Kind::ApiKey,
        "anonymous" => Kind::Anonymous,
        _ => Kind::Session,
    }
}

/// How the store spells a kind. A bare token is never stored.
pub(super) fn spelling(kind: Kind) -> &'static str {
    match kind {
        Kind::ApiKey => "api-key",
        Kind::Anonymous => "anonymous",
        Kind::Session | Kind::Token => "session",
    }
}
