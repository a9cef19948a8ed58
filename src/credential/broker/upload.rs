//! What is put up: the module and its bindings, as Cloudflare's upload wants them; and what the bindings of a deployed
//! Worker tell.
//!
//! It makes no call.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{credential::broker::Session, secret::Secret};

/// The Worker's code.
const MODULE: &str = include_str!("worker.js");
/// What it is called in an upload.
const MODULE_NAME: &str = "worker.js";
const MODULE_TYPE: &str = "application/javascript+module";

/// The behaviour of the runtime that the module was tested with.
const COMPATIBILITY_DATE: &str = "2026-06-01";

/// The bindings that the module reads.
const KEY_DIGEST: &str = "BROKER_KEY_SHA256";
const ACCOUNTS: &str = "ACCOUNTS";
const TOKEN_URLS: &str = "TOKEN_URLS";

/// One deployment.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    /// The sessions that the Worker gets.
    pub(crate) sessions: &'a [Session],
    /// Where it exchanges their refresh tokens.
    pub(crate) token_urls: Vec<String>,
    /// What callers must present.
    pub(crate) key: Key<'a>,
}

/// What callers of the Worker must present.
#[derive(Debug)]
pub(crate) enum Key<'a> {
    /// This key from now on.
    New(&'a Secret),
    /// What they present already.
    Kept,
}

/// What a deployed broker says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) accounts: Vec<String>,
    pub(crate) token_urls: Vec<String>,
}

impl Upload<'_> {
    /// The body of the upload.
    pub(crate) fn form(&self) -> reqwest::Result<Form> {
        let metadata = Part::text(self.metadata().to_string()).mime_str("application/json")?;
        let module = Part::text(MODULE).file_name(MODULE_NAME).mime_str(MODULE_TYPE)?;
        Ok(Form::new().part("metadata", metadata).part(MODULE_NAME, module))
    }

    /// The secrets that no error may repeat.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let key = match self.key {
            Key::New(key) => Some(key),
            Key::Kept => None,
        };
        self.sessions.iter().map(|session| &session.refresh).chain(key)
    }

    /// How the Worker runs and what it is given. What is not named here, such as a session that the last deployment had,
    /// is gone with this one. Nothing of it is logged, at Cloudflare's either.
    fn metadata(&self) -> Value {
        json!({
            "main_module": MODULE_NAME,
            "compatibility_date": COMPATIBILITY_DATE,
            "bindings": self.bindings(),
            "observability": {"enabled": false},
            "logpush": false,
        })
    }

    fn bindings(&self) -> Vec<Value> {
        let names: Vec<_> = self.sessions.iter().map(|session| &session.name).collect();
        let plain = |name: &str, text: String| json!({"type": "plain_text", "name": name, "text": text});
        let mut bindings =
            vec![plain(ACCOUNTS, json!(names).to_string()), plain(TOKEN_URLS, json!(self.token_urls).to_string())];
        bindings.push(match self.key {
            Key::New(key) => secret(KEY_DIGEST, &digest(key)),
            // A secret cannot be read back. `keep_bindings` would keep it, but every other secret as well.
            Key::Kept => json!({"type": "inherit", "name": KEY_DIGEST}),
        });
        let refreshes = self.sessions.iter().enumerate();
        bindings
            .extend(refreshes.map(|(at, session)| secret(&format!("REFRESH_TOKEN_{at}"), session.refresh.expose())));
        bindings
    }
}

fn secret(name: &str, text: &str) -> Value {
    json!({"type": "secret_text", "name": name, "text": text})
}

/// The key's SHA-256 in hexadecimal, which tells nobody the key: it is too long to be guessed.
fn digest(key: &Secret) -> String {
    Sha256::digest(key.expose()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the `bindings` of a deployed Worker tell; `None` when they are not a broker's.
pub(crate) fn read(bindings: &[Value]) -> Option<Found> {
    let named = |name: &str, kind: &str| bindings.iter().find(|one| one["name"] == name && one["type"] == kind);
    let list = |name: &str| serde_json::from_str(named(name, "plain_text")?["text"].as_str()?).ok();
    named(KEY_DIGEST, "secret_text")?;
    Some(Found { accounts: list(ACCOUNTS)?, token_urls: list(TOKEN_URLS)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name: &str) -> Session {
        Session { name: name.to_owned(), refresh: Secret::new(&format!("refresh-of-{name}")) }
    }

    #[test]
    fn what_is_put_up_can_be_told_again() {
        let key = Secret::new("the key");
        let sessions = [session("one"), session("two \"quoted\"")];
        let upload =
            Upload { sessions: &sessions, token_urls: vec!["https://t.example".to_owned()], key: Key::New(&key) };
        let bindings = upload.bindings();
        let found = read(&bindings).unwrap();
        assert_eq!(found.accounts, ["one", "two \"quoted\""]);
        assert_eq!(found.token_urls, ["https://t.example"]);
        assert!(!json!(bindings).to_string().contains("the key"), "only its digest leaves this machine");
        assert_eq!(upload.secrets().count(), 3);
    }

    #[test]
    fn keeping_the_key_keeps_no_session() {
        let upload = Upload { sessions: &[session("one")], token_urls: Vec::new(), key: Key::Kept };
        let metadata = upload.metadata();
        let inherited = metadata["bindings"].as_array().unwrap().iter().filter(|one| one["type"] == "inherit");
        assert_eq!(inherited.collect::<Vec<_>>(), [&json!({"type": "inherit", "name": KEY_DIGEST})]);
        assert!(metadata.get("keep_bindings").is_none());
    }

    #[test]
    fn another_worker_is_not_taken_for_a_broker() {
        let plain = |name: &str, text: &str| json!({"type": "plain_text", "name": name, "text": text});
        let key = json!({"type": "secret_text", "name": KEY_DIGEST});
        let whole = [plain(ACCOUNTS, "[]"), plain(TOKEN_URLS, "[]"), key.clone()];
        assert!(read(&whole).is_some());
        assert_eq!(read(&[]), None);
        assert_eq!(read(&whole[..2]), None, "no key");
        assert_eq!(read(&[plain(ACCOUNTS, "me"), plain(TOKEN_URLS, "[]"), key]), None, "accounts that are no list");
    }
}
