//! A broker that the user has deployed: it hands out short-lived tokens of the user's own accounts, one account after
//! the other. `GET /token` with the broker's key yields `{"token", "expires_at", "account"}`.
//!
//! It must not know how the broker comes by its tokens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::BoxFuture};
use reqwest::Method;
use serde::Deserialize;

use crate::{
    credential::{
        BrokerAddress, Clock, CredentialError, Kind, Tier,
        account::Account,
        source::{
            Acquired, Source,
            lender::{Caller, Lender, Trouble},
        },
        token::{Credential, Life, fits_a_header},
    },
    secret::Secret,
    service::Address,
};

const LENDER: Lender = Lender { who: "broker", setting: "WARP2API_BROKER_URL", key_setting: "WARP2API_BROKER_KEY" };

/// How long it may take: it may have to renew a token, at two services.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often it is asked at most until it has come to the account that is wanted.
const ROUNDS: usize = 32;
/// The longest name of an account.
const LONGEST_NAME: usize = 100;

/// The accounts of one broker.
pub(super) struct Broker {
    desk: Arc<Desk>,
}

impl Broker {
    /// The broker at `broker`; nothing is asked yet.
    pub(super) fn new(broker: &BrokerAddress, address: &Address, clock: Clock) -> Result<Self, CredentialError> {
        let caller = Caller::new(LENDER, &broker.root, Some(broker.key.clone()), address)?;
        Ok(Self { desk: Arc::new(Desk { caller, clock, tokens: Mutex::default() }) })
    }
}

impl Source for Broker {
    fn tier(&self) -> Tier {
        Tier::Broker
    }

    fn can_acquire(&self) -> bool {
        true
    }

    fn acquire<'a>(&'a self, wanted: usize, held: &'a BTreeSet<String>) -> BoxFuture<'a, Acquired> {
        async move {
            let (mut seen, mut found) = (BTreeSet::new(), Vec::<Arc<dyn Account>>::new());
            for _ in 0..ROUNDS {
                if found.len() >= wanted {
                    break;
                }
                let name = match self.desk.ask().await {
                    Ok(name) => name,
                    Err(error) if found.is_empty() => return Err(error),
                    Err(_) => break,
                };
                // It hands its accounts out in turn, so a name that comes again ends the round.
                if !seen.insert(name.clone()) {
                    break;
                }
                let account = Lent { id: format!("broker/{name}"), name, desk: Arc::clone(&self.desk) };
                if !held.contains(&account.id) {
                    found.push(Arc::new(account));
                }
            }
            Ok(found)
        }
        .boxed()
    }
}

/// Where tokens are handed out, and those that were handed out for whoever needs them next.
struct Desk {
    caller: Caller,
    clock: Clock,
    /// Invariant: the newest token of each account that the broker has named.
    tokens: Mutex<BTreeMap<String, (Secret, Life)>>,
}

#[derive(Deserialize)]
struct Handed {
    token: String,
    expires_at: u64,
    account: String,
}

impl Desk {
    /// Takes the next token; returns whose it is.
    async fn ask(&self) -> Result<String, CredentialError> {
        let (status, answer) = self.caller.ask(Method::GET, "/token", None, PATIENCE).await?;
        if !status.is_success() {
            return Err(self.caller.refused(status, &answer));
        }
        let strange = |what: &str| self.caller.error(&format!("its answer {what}"), Trouble::Strange);
        let handed: Handed = serde_json::from_value(answer).map_err(|_| strange("is not the form of a broker's"))?;
        let token = Secret::new(&handed.token);
        let name = handed.account;
        let is_name = !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control);
        if !is_name || token.is_empty() || !fits_a_header(&token) {
            return Err(strange("holds no account or no token"));
        }
        let now = (self.clock)();
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = handed.expires_at.saturating_sub(since_epoch.as_secs());
        if seconds == 0 {
            return Err(strange("holds a token that has ended; is a clock wrong?"));
        }
        self.tokens().insert(name.clone(), (token, Life::lasting(now, seconds)));
        Ok(name)
    }

    /// A token of the account, other than `held`.
    async fn token(&self, name: &str, held: Option<&Secret>) -> Result<Credential, CredentialError> {
        let fresh = || {
            let tokens = self.tokens();
            let (token, life) = tokens.get(name)?;
            let usable = held != Some(token) && !life.is_over((self.clock)());
            usable.then(|| Credential::Bearer { token: token.clone(), life: *life })
        };
        if let Some(credential) = fresh() {
            return Ok(credential);
        }
        for _ in 0..ROUNDS {
            if self.ask().await? != name {
                continue;
            }
            // The broker keeps to a token for as long as it lives, so asking on would bring the same.
            return fresh().ok_or_else(|| CredentialError::Refused { account: format!("{name} of the broker") });
        }
        Err(self.caller.error(&format!("it no longer hands out tokens of {name}"), Trouble::Empty))
    }

    fn tokens(&self) -> MutexGuard<'_, BTreeMap<String, (Secret, Life)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One account that the broker hands tokens of.
struct Lent {
    id: String,
    name: String,
    desk: Arc<Desk>,
}

impl Account for Lent {
    fn kind(&self) -> Kind {
        Kind::Token
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn at_hand(&self) -> Option<Credential> {
        let tokens = self.desk.tokens();
        tokens.get(&self.name).map(|(token, life)| Credential::Bearer { token: token.clone(), life: *life })
    }

    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        self.desk.token(&self.name, held.map(Credential::bearer)).boxed()
    }
}
