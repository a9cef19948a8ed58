//! The tokens of the simulated accounts: which bearers are good, and which refresh tokens buy one. It must not know
//! HTTP.
//!
//! Refresh tokens rotate: every exchange issues a new one. The old one works on until its successor is first used (that
//! refresh token, or the id token issued with it), and is refused from then on, as are all other successors of it. That
//! is the strictest rotation that a client can survive: one that dies between the answer and its disk has only the old
//! token to come back with. A client that uses a new bearer before it has kept the refresh token loses the account.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::simulator::account::Accounts;

/// The API key that every simulator accepts; with `-NAME` behind it, that of a listed account.
pub const API_KEY: &str = "wk-simulator";
/// How the refresh tokens begin that every simulator accepts; what follows is free, or begins with the name of a listed
/// account. Each is a sign-in of its own.
pub const REFRESH_TOKEN_PREFIX: &str = "simulator-refresh";
/// How custom tokens begin.
const CUSTOM_TOKEN_PREFIX: &str = "simulator-custom";
/// Who says it issued the id tokens. A name that never resolves.
const ISSUER: &str = "https://simulator.invalid";
/// Sign-ins remembered at most. None is ever forgotten, for its dead tokens would come alive.
const SESSIONS: usize = 65_536;

/// Issues tokens and knows its own again.
pub(crate) struct Authority {
    accounts: Accounts,
    /// Stands where a signature would, so that another simulator's tokens are strange here.
    mark: String,
    /// By the refresh token that each began with.
    sessions: Mutex<HashMap<String, Session>>,
}

/// One sign-in, and where its rotation stands. Its tokens have serial numbers.
#[derive(Debug)]
struct Session {
    account: String,
    /// The token in use.
    current: u64,
    /// Those issued for it, of which none has been used yet.
    successors: HashSet<u64>,
    issued: u64,
}

impl Session {
    fn of(account: &str) -> Self {
        Self { account: account.to_owned(), current: 0, successors: HashSet::new(), issued: 0 }
    }

    /// Uses a token, which ends the one before it and all others issued for that. False when it has ended itself.
    fn advance(&mut self, serial: u64) -> bool {
        if self.successors.contains(&serial) {
            self.current = serial;
            self.successors.clear();
        }
        self.current == serial
    }

    fn next(&mut self) -> u64 {
        self.issued += 1;
        self.successors.insert(self.issued);
        self.issued
    }
}

/// An id token with the refresh token that goes with it.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) uid: String,
    pub(crate) id_token: String,
    pub(crate) refresh_token: String,
    /// In seconds.
    pub(crate) expires_in: u64,
}

/// For whom a bearer speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The account's name.
    pub(crate) account: String,
    /// By an API key, not by a session.
    pub(crate) by_key: bool,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// The authority over `accounts`.
    pub(crate) fn new(accounts: Accounts) -> Self {
        let mark = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
        Self { accounts, mark, sessions: Mutex::default() }
    }

    /// Whose tokens these are.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// A token that buys a session of `account` once a person has signed in.
    pub(crate) fn custom_token(&self, account: &str) -> String {
        format!("{CUSTOM_TOKEN_PREFIX}.{account}.{}", self.mark)
    }

    /// A new session for a custom token, or the code of its refusal.
    pub(crate) fn sign_in(&self, custom: &str) -> Result<Issued, String> {
        if custom.is_empty() {
            return Err("MISSING_CUSTOM_TOKEN".to_owned());
        }
        let account = custom.strip_prefix(CUSTOM_TOKEN_PREFIX).and_then(|rest| rest.strip_prefix('.'));
        let account = account.and_then(|rest| rest.strip_suffix(&self.mark)?.strip_suffix('.'));
        let account = account.filter(|name| self.accounts.has(name)).ok_or("INVALID_CUSTOM_TOKEN")?;
        self.refuse_ended(account)?;
        let name = if account.is_empty() { String::new() } else { format!("-{account}") };
        let first = format!("{REFRESH_TOKEN_PREFIX}{name}-{}", Uuid::new_v4().simple());
        let mut sessions = self.sessions();
        if sessions.len() >= SESSIONS {
            return Err("TOO_MANY_ATTEMPTS_TRY_LATER".to_owned());
        }
        sessions.insert(first.clone(), Session::of(account));
        drop(sessions);
        self.accounts.count(account, |counts| counts.sign_ins += 1);
        Ok(Issued { refresh_token: first.clone(), ..self.issue(account, &first, 0) })
    }

    /// The next tokens for a refresh token, or the code of its refusal (`WARP-PROTOCOL.md` §5.4).
    pub(crate) fn exchange(&self, refresh: &str) -> Result<Issued, String> {
        if let Some(code) = always_refused(refresh) {
            return Err(code.to_owned());
        }
        let invalid = "INVALID_REFRESH_TOKEN";
        let (first, serial) = self.own_refresh_token(refresh).unwrap_or((refresh, 0));
        let mut sessions = self.sessions();
        if !sessions.contains_key(first) {
            let end = first.strip_prefix(REFRESH_TOKEN_PREFIX).ok_or(invalid)?;
            let account = self.accounts.of_refresh_token(end).ok_or(invalid)?;
            if sessions.len() >= SESSIONS {
                return Err("TOO_MANY_ATTEMPTS_TRY_LATER".to_owned());
            }
            sessions.insert(first.to_owned(), Session::of(&account));
        }
        let session = sessions.get_mut(first).ok_or(invalid)?;
        self.accounts.count(&session.account, |counts| counts.exchanges += 1);
        self.refuse_ended(&session.account)?;
        if !session.advance(serial) {
            return Err(invalid.to_owned());
        }
        let is_repeated = !session.successors.is_empty();
        let (serial, account) = (session.next(), session.account.clone());
        drop(sessions);
        self.accounts.count(&account, |counts| counts.repeated += usize::from(is_repeated));
        Ok(self.issue(&account, first, serial))
    }

    /// For whom a bearer speaks: an API key of the simulator's, or an id token it issued that has not expired. The
    /// first use of an id token ends the refresh token that bought it.
    pub(crate) fn holder(&self, bearer: &str) -> Option<Holder> {
        if let Some(end) = bearer.strip_prefix(API_KEY) {
            return Some(Holder { account: self.accounts.of_key(end)?, by_key: true });
        }
        let claims = self.own_claims(bearer)?;
        let mut sessions = self.sessions();
        let session = sessions.get_mut(claims["session"].as_str()?)?;
        // An id token lives to its end, even when its session has gone on without it.
        session.advance(claims["serial"].as_u64()?);
        Some(Holder { account: session.account.clone(), by_key: false })
    }

    fn refuse_ended(&self, account: &str) -> Result<(), String> {
        self.accounts.ended(account).map_or(Ok(()), Err)
    }

    fn issue(&self, account: &str, first: &str, serial: u64) -> Issued {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let seconds = self.accounts.lifetime(account).as_secs();
        let (uid, email) =
            self.accounts.profile(account).map(|profile| (profile.uid, profile.email)).unwrap_or_default();
        let expiry = now.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX));
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(&json!({"alg": "none", "typ": "JWT"}));
        let claims = part(&json!({
            "iss": ISSUER, "aud": "simulator", "sub": uid, "user_id": uid, "email": email, "iat": now, "exp": expiry,
            "jti": Uuid::new_v4().to_string(), "session": first, "serial": serial,
        }));
        Issued {
            uid,
            id_token: format!("{header}.{claims}.{}", self.mark),
            refresh_token: format!("{first}.{serial}.{}", self.mark),
            expires_in: seconds,
        }
    }

    /// The session and the serial number of a refresh token that this simulator issued in an exchange.
    fn own_refresh_token<'a>(&self, token: &'a str) -> Option<(&'a str, u64)> {
        let (first, serial) = token.strip_suffix(&self.mark)?.strip_suffix('.')?.rsplit_once('.')?;
        Some((first, serial.parse().ok()?))
    }

    /// The claims of an id token that this simulator issued and that lives.
    fn own_claims(&self, token: &str) -> Option<Value> {
        let parts: Vec<&str> = token.split('.').collect();
        let [_, claims, mark] = parts[..] else { return None };
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let lives = claims["exp"].as_i64()? > OffsetDateTime::now_utc().unix_timestamp();
        (mark == self.mark && lives).then_some(claims)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error code for a refresh token that no simulator accepts.
fn always_refused(token: &str) -> Option<&'static str> {
    match token {
        "" => Some("MISSING_REFRESH_TOKEN"),
        "simulator-expired" => Some("TOKEN_EXPIRED"),
        "simulator-disabled" => Some("USER_DISABLED"),
        "simulator-deleted" => Some("USER_NOT_FOUND"),
        "simulator-unexpected" => Some("SOMETHING_UNEXPECTED"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::simulator::account::Account;

    fn authority(accounts: Vec<Account>) -> Authority {
        Authority::new(Accounts::new(accounts, Duration::from_secs(3_600)))
    }

    fn holder(account: &str, by_key: bool) -> Option<Holder> {
        Some(Holder { account: account.to_owned(), by_key })
    }

    #[test]
    fn only_own_and_living_tokens_are_accepted() {
        let one = authority(Vec::new());
        assert_eq!(one.holder(API_KEY), holder("", true));
        assert_eq!(one.holder("wk-simulator-2"), holder("", true));
        assert_eq!((one.holder("wk-other"), one.holder("")), (None, None));
        let issued = one.exchange("simulator-refresh-x").unwrap();
        assert_eq!(one.holder(&issued.id_token), holder("", false));
        assert_eq!(authority(Vec::new()).holder(&issued.id_token), None, "another simulator's");
        let dying = Account { token_lifetime_s: Some(0), ..Account::named("dying") };
        let dying = authority(vec![dying]);
        assert_eq!(dying.holder(&dying.exchange("simulator-refresh-dying").unwrap().id_token), None, "expired");
    }

    #[test]
    fn a_refresh_token_ends_when_its_successor_is_first_used() {
        let authority = authority(Vec::new());
        let code = |token: &str| authority.exchange(token).unwrap_err();
        let first = "simulator-refresh-1";
        let lost = authority.exchange(first).unwrap();
        let second = authority.exchange(first).expect("nothing of what it bought has been used");
        let third = authority.exchange(&second.refresh_token).unwrap();
        assert_eq!(code(first), "INVALID_REFRESH_TOKEN");
        assert_eq!(code(&lost.refresh_token), "INVALID_REFRESH_TOKEN", "its sister was used");
        authority.exchange(&second.refresh_token).expect("the third has not been used");
        assert!(authority.holder(&third.id_token).is_some());
        assert_eq!(code(&second.refresh_token), "INVALID_REFRESH_TOKEN", "an id token's use counts too");
        assert!(authority.holder(&second.id_token).is_some(), "an id token lives to its own end");
        authority.exchange(&third.refresh_token).expect("and did not turn the session back");
        authority.exchange("simulator-refresh-2").expect("another sign-in is not touched");
    }

    #[test]
    fn a_sign_in_is_a_session_of_its_account() {
        let ended = Account { ended: Some("USER_DISABLED".to_owned()), ..Account::named("ended") };
        let authority = authority(vec![Account::named("work"), ended]);
        let issued = authority.sign_in(&authority.custom_token("work")).unwrap();
        assert_eq!(issued.uid, "simulator-work");
        assert_eq!(authority.holder(&issued.id_token), holder("work", false));
        assert_eq!(authority.exchange(&issued.refresh_token).unwrap().uid, "simulator-work");
        assert_eq!(authority.sign_in(&authority.custom_token("ended")).unwrap_err(), "USER_DISABLED");
        assert_eq!(authority.exchange("simulator-refresh-ended").unwrap_err(), "USER_DISABLED");
        for (token, code) in [("", "MISSING_CUSTOM_TOKEN"), ("simulator-custom.work.x", "INVALID_CUSTOM_TOKEN")] {
            assert_eq!(authority.sign_in(token).unwrap_err(), code);
        }
    }

    #[test]
    fn tokens_that_buy_nothing_have_their_codes() {
        let authority = authority(vec![Account::named("work")]);
        for (token, code) in [
            ("", "MISSING_REFRESH_TOKEN"),
            ("x", "INVALID_REFRESH_TOKEN"),
            ("simulator-refresh-play", "INVALID_REFRESH_TOKEN"),
            ("simulator-expired", "TOKEN_EXPIRED"),
        ] {
            assert_eq!(authority.exchange(token).unwrap_err(), code);
        }
    }
}
