//! The calls of a pool service (`WARP-PROTOCOL.md` §5.6).
//!
//! It must not know what becomes of an account that is lent.

use std::time::{Duration, SystemTime};

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    credential::{
        CredentialError, PoolServiceAddress,
        source::lender::{Caller, Lender, Trouble, shown},
    },
    secret::Secret,
    service::Address,
};

const LENDER: Lender =
    Lender { who: "pool service", setting: "POOL_SERVICE_BASE_URL", key_setting: "POOL_SERVICE_API_KEY" };

/// How long each call may take.
const ALLOCATING: Duration = Duration::from_secs(30);
const GIVING_BACK: Duration = Duration::from_secs(10);
const LOOKING: Duration = Duration::from_secs(5);

/// A pool service.
pub struct PoolService {
    caller: Caller,
}

/// One account, for one session.
pub(super) struct Allocated {
    /// The service's id of the session.
    pub(super) session_id: String,
    /// When the session ends, where it says so.
    pub(super) end: Option<SystemTime>,
    /// The account's address, or another name of it.
    pub(super) email: Option<String>,
    /// What tells the account from the others.
    pub(super) local_id: Option<String>,
    /// A bearer as delivered.
    pub(super) id_token: Option<Secret>,
    /// What a bearer can be had for.
    pub(super) refresh_token: Option<Secret>,
}

/// The answer to `allocate`, of which only what is used is read.
#[derive(Deserialize)]
struct Answer {
    session_id: String,
    #[serde(default)]
    accounts: Vec<Entry>,
    expires_at: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Entry {
    email: Option<String>,
    local_id: Option<String>,
    id_token: Option<String>,
    refresh_token: Option<String>,
}

impl PoolService {
    /// The service at `service`, connected to as the Warp service at `address` is. Nothing is asked yet.
    ///
    /// # Errors
    /// When the address or the key cannot be one.
    pub fn new(service: &PoolServiceAddress, address: &Address) -> Result<Self, CredentialError> {
        Ok(Self { caller: Caller::new(LENDER, &service.root, service.key.clone(), address)? })
    }

    /// What it tells of itself, as it tells it.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn status(&self) -> Result<Value, CredentialError> {
        let (status, answer) = self.caller.ask(Method::GET, "/api/status", None, LOOKING).await?;
        if status.is_success() && !answer.is_null() { Ok(answer) } else { Err(self.caller.refused(status, &answer)) }
    }

    /// Whether it is well.
    ///
    /// # Errors
    /// When it is not, or cannot be asked.
    pub async fn health(&self) -> Result<(), CredentialError> {
        let (status, answer) = self.caller.ask(Method::GET, "/api/health", None, LOOKING).await?;
        if status.is_success() { Ok(()) } else { Err(self.caller.refused(status, &answer)) }
    }

    /// Where it is.
    pub(super) fn root(&self) -> &str {
        self.caller.root()
    }

    /// That it lends nothing that can be used.
    pub(super) fn unusable(&self, reason: &str) -> CredentialError {
        self.caller.error(reason, Trouble::Empty)
    }

    /// Borrows one account for so long.
    pub(super) async fn allocate(&self, time: Duration) -> Result<Allocated, CredentialError> {
        let body = json!({"count": 1, "session_duration": time.as_secs()});
        let (status, answer) = self.caller.ask(Method::POST, "/api/accounts/allocate", Some(&body), ALLOCATING).await?;
        if !status.is_success() || answer["success"] == false {
            return Err(self.caller.refused(status, &answer));
        }
        let strange = || self.caller.error("its answer is not the form of a pool service's", Trouble::Strange);
        let answer: Answer = serde_json::from_value(answer).map_err(|_| strange())?;
        if answer.session_id.is_empty() {
            return Err(strange());
        }
        let end = answer.expires_at.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let end = end.and_then(|since_epoch| SystemTime::UNIX_EPOCH.checked_add(since_epoch));
        // A session without an account must be given back all the same, so it is one here, with nothing in it.
        let Entry { email, local_id, id_token, refresh_token } = answer.accounts.into_iter().next().unwrap_or_default();
        let text = |text: Option<String>| text.map(|text| shown(&text)).filter(|text| !text.is_empty());
        let secret = |text: Option<String>| text.map(|text| Secret::new(&text)).filter(|secret| !secret.is_empty());
        Ok(Allocated {
            session_id: answer.session_id,
            end,
            email: text(email),
            local_id: text(local_id),
            id_token: secret(id_token),
            refresh_token: secret(refresh_token),
        })
    }

    /// Gives a session back. False when the service says that there is nothing to give back.
    pub(super) async fn release(&self, session_id: &str) -> Result<bool, CredentialError> {
        let body = json!({"session_id": session_id});
        let (status, answer) = self.caller.ask(Method::POST, "/api/accounts/release", Some(&body), GIVING_BACK).await?;
        match status {
            status if status.is_success() => Ok(answer["success"] != false),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::GONE => Ok(false),
            status => Err(self.caller.refused(status, &answer)),
        }
    }

    /// Says that the upstream has blocked an account.
    pub(super) async fn mark_blocked(
        &self,
        email: Option<&str>,
        bearer: Option<&Secret>,
    ) -> Result<(), CredentialError> {
        let body = match (email, bearer) {
            (Some(email), _) => json!({"email": email}),
            (None, Some(bearer)) => json!({"jwt_token": bearer.expose()}),
            (None, None) => return Ok(()),
        };
        let (status, answer) =
            self.caller.ask(Method::POST, "/api/accounts/mark_blocked", Some(&body), GIVING_BACK).await?;
        if status.is_success() && answer["success"] != false {
            Ok(())
        } else {
            Err(self.caller.refused(status, &answer))
        }
    }
}
