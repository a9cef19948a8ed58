//! What authorises an account, sealed: an API key, or a refresh token with the last bearer made of it.
//!
//! A row's generation grows whenever it is replaced, so that who wants to replace what they have read learns that
//! another was faster.

use std::time::SystemTime;

use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};

use crate::{
    credential::{
        exchange::Tokens,
        store::{Home, Store, StoreError, seconds, time},
        token::Life,
    },
    secret::Secret,
    state::{StateError, Vault},
};

/// Sessions of settings that are remembered at most.
pub(super) const GIVEN: u32 = 32;

/// What authorises an account.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The API key, or the refresh token for the next exchange.
    pub(crate) secret: Secret,
    /// The bearer of the last exchange, and its life.
    pub(crate) bearer: Option<(Secret, Life)>,
    /// How often it was replaced.
    pub(crate) generation: u32,
    /// Why it will never work again, as the service spells it.
    pub(crate) ended: Option<String>,
}

/// What became of a session that was renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is at rest.
    AtRest,
    /// It is in memory, and will be with the other replicas when they can be reached, unless they have another by then.
    Alone,
    /// It is not, for another was faster, or the account is gone.
    Not,
}

impl Store {
    /// What authorises the account `id`.
    pub(crate) fn session(&self, id: &str) -> Result<Option<Session>, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.session(id),
            Home::Disk(state) => state,
        };
        let row = state.database().read(|connection| {
            let sql = "SELECT secret, bearer, expires, renew_at, generation, ended FROM secrets WHERE id = ?1";
            let read = |row: &rusqlite::Row<'_>| {
                let times = [row.get::<_, Option<i64>>(2)?, row.get(3)?];
                Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?, times, row.get(4)?, row.get(5)?))
            };
            connection.query_row(sql, [id], read).optional()
        })?;
        let Some((secret, bearer, [expires, renew_at], generation, ended)) = row else { return Ok(None) };
        let open = |place: String, sealed: &[u8]| -> Result<Secret, StateError> {
            let opened = state.vault().open_sealed(&place, sealed)?;
            String::from_utf8(opened).map(|text| Secret::new(&text)).map_err(|_| StateError::Sealed { place })
        };
        let bearer = bearer.map(|sealed| open(bearer_place(id), &sealed)).transpose()?;
        let life = Life::of_times(expires.map(time), renew_at.map(time));
        Ok(Some(Session {
            secret: open(secret_place(id), &secret)?,
            bearer: bearer.map(|bearer| (bearer, life)),
            generation,
            ended,
        }))
    }

    /// Replaces what `id` was at `generation` by what an exchange of its refresh token yielded. On the disk when this
    /// returns, or with the other replicas.
    pub(crate) fn renewed(&self, id: &str, generation: u32, tokens: &Tokens) -> Result<Kept, StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.renewed(id, generation, tokens),
            Home::Disk(state) => state,
        };
        let seal = |place: String, secret: &Secret| state.vault().seal(&place, secret.expose().as_bytes());
        let refresh = tokens.refresh.as_ref().map(|refresh| seal(secret_place(id), refresh)).transpose()?;
        let bearer = seal(bearer_place(id), &tokens.id)?;
        let (expires, renew_at) = tokens.life.times();
        let (expires, renew_at, now) = (expires.map(seconds), renew_at.map(seconds), seconds(SystemTime::now()));
        let sql = "UPDATE secrets SET secret = coalesce(?3, secret), bearer = ?4, expires = ?5, renew_at = ?6, \
                   generation = generation + 1, ended = NULL, changed_at = ?7 WHERE id = ?1 AND generation = ?2";
        let changed = state.database().write(|transaction| {
            transaction.execute(sql, params![id, generation, refresh, bearer, expires, renew_at, now])
        })?;
        Ok(if changed == 1 { Kept::AtRest } else { Kept::Not })
    }

    /// Notes that what `id` was at `generation` will never work again.
    pub(crate) fn ended(&self, id: &str, generation: u32, code: &str) -> Result<(), StoreError> {
        let state = match &self.home {
            Home::Shared(shared) => return shared.ended(id, generation, code),
            Home::Disk(state) => state,
        };
        let sql = "UPDATE secrets SET ended = ?3 WHERE id = ?1 AND generation = ?2";
        state.database().write(|transaction| transaction.execute(sql, params![id, generation, code]))?;
        Ok(())
    }

    /// The id of the session that begins with `refresh`, a token of the settings. What became of it is remembered under
    /// that token's digest, so that who starts with it again finds its successor.
    pub(crate) fn given(&self, refresh: &Secret) -> Result<String, StoreError> {
        let digest: String = Sha256::digest(refresh.expose()).iter().map(|byte| format!("{byte:02x}")).collect();
        let id = format!("given/{digest}");
        let state = match &self.home {
            Home::Shared(shared) => return shared.given(id, refresh),
            Home::Disk(state) => state,
        };
        let row = Session { secret: refresh.clone(), bearer: None, generation: 0, ended: None };
        let sealed = seal(state.vault(), &id, &row)?;
        let sql = "INSERT OR IGNORE INTO secrets (id, secret, changed_at) VALUES (?1, ?2, ?3)";
        let pruning = "DELETE FROM secrets WHERE id LIKE 'given/%' AND id NOT IN \
                       (SELECT id FROM secrets WHERE id LIKE 'given/%' ORDER BY changed_at DESC, rowid DESC LIMIT ?1)";
        let now = seconds(SystemTime::now());
        state.database().write(|transaction| {
            transaction.execute(sql, params![id, sealed.secret, now])?;
            transaction.execute(pruning, [GIVEN])
        })?;
        Ok(id)
    }
}

/// A row, ready to be put.
pub(super) struct Sealed {
    id: String,
    secret: Vec<u8>,
    bearer: Option<Vec<u8>>,
    life: Life,
}

/// Seals `session` as what authorises `id`.
pub(super) fn seal(vault: &Vault, id: &str, session: &Session) -> Result<Sealed, StateError> {
    let secret = vault.seal(&secret_place(id), session.secret.expose().as_bytes())?;
    let bearer = session.bearer.as_ref();
    let life = bearer.map_or(Life::UNKNOWN, |(_, life)| *life);
    let bearer = bearer.map(|(bearer, _)| vault.seal(&bearer_place(id), bearer.expose().as_bytes())).transpose()?;
    Ok(Sealed { id: id.to_owned(), secret, bearer, life })
}

impl Sealed {
    /// Puts it in place of what authorised the account before.
    pub(super) fn put(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let (expires, renew_at) = self.life.times();
        let (expires, renew_at) = (expires.map(seconds), renew_at.map(seconds));
        let sql = "INSERT INTO secrets (id, secret, bearer, expires, renew_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, bearer = excluded.bearer, \
                   expires = excluded.expires, renew_at = excluded.renew_at, generation = generation + 1, ended = NULL, \
                   changed_at = excluded.changed_at";
        let now = seconds(SystemTime::now());
        transaction.execute(sql, params![self.id, self.secret, self.bearer, expires, renew_at, now])?;
        Ok(())
    }
}

fn secret_place(id: &str) -> String {
    format!("secrets/{id}/secret")
}

fn bearer_place(id: &str) -> String {
    format!("secrets/{id}/bearer")
}
