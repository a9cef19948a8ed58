//! What authorises an upstream request: where it comes from, how long it lives, who renews it.
//!
//! In reading order: `token` is what a credential is, `account` whose, `source` where accounts come from, `exchange` the
//! call that turns a refresh token into a bearer, `slot` one account's state and its renewal, once for all who wait, `pool` and `lease`
//! what is lent out, `store` where accounts rest. Beside these, `login` is how a person signs in, `inspect` what a token says of itself, `whoami` as whom, and
//! `broker` puts up a Worker that lends to others.
//! It must not know what a bearer is used for, and it reads no environment: everything comes in as a [`Config`].

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{secret::Secret, service::Address};

mod account;
pub mod broker;
mod error;
mod exchange;
mod inspect;
mod lease;
mod ledger;
mod login;
mod pool;
mod rest;
mod slot;
mod source;
mod store;
mod token;
mod whoami;

pub use account::{Kind, Tier};
pub use error::{CredentialError, Shortage};
pub use inspect::{Inspected, TokenKind, inspect};
pub use lease::{Lease, Outcome};
pub use login::{Device, Login, LoginError, RealTime, Session, SignedIn, Timer};
pub use pool::{Choice, Counter, Obstacle, Pool, Wish};
pub use rest::{LONGEST_REST, Reason, Rest};
pub use slot::{Standing, Status};
pub use source::PoolService;
pub use store::{Added, Hold, Identity, Loan, New, Store, StoreError, Stored, StoredStanding};
pub use whoami::{Owner, Principal};

/// What time it is. A parameter, so that a test can let an hour pass.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How long a pool service must lend an account at least, unless the user says otherwise.
pub const LEAST_TIME: Duration = Duration::from_secs(900);

/// How many accounts are kept ready unless the user says otherwise.
pub const POOL_SIZE: usize = 3;

/// A pool service, as the settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolServiceAddress {
    /// Its root URL.
    pub root: String,
    /// What it knows us by, if it wants to.
    pub key: Option<Secret>,
    /// No account is taken that it lends for less time.
    pub least_time: Duration,
}

/// A broker, as the settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Its root URL.
    pub root: String,
    /// The key that it was deployed with.
    pub key: Secret,
}

/// What the user has given, and whom it is for.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the service is that the credentials are for.
    pub address: Address,
    /// A Warp API key, with or without its `wk-`.
    pub api_key: Option<Secret>,
    /// A bearer token, used as it is for as long as it lives.
    pub jwt: Option<Secret>,
    /// The refresh token of a signed-in session.
    pub refresh_token: Option<Secret>,
    /// A team's pool service.
    pub pool_service: Option<PoolServiceAddress>,
    /// A broker that the user has deployed.
    pub broker: Option<BrokerAddress>,
    /// Whether the service may be asked for an anonymous account when nothing else is there. It needs a store.
    pub anonymous: bool,
    /// Where accounts rest, and where what is renewed is kept.
    pub store: Option<Store>,
    /// How many accounts are kept ready, where the sources have that many.
    pub size: usize,
    /// How long an account that was refused is left alone at most.
    pub longest_rest: Duration,
}

impl Config {
    /// No credentials for the service at `address`.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            api_key: None,
            jwt: None,
            refresh_token: None,
            pool_service: None,
            broker: None,
            anonymous: false,
            store: None,
            size: POOL_SIZE,
            longest_rest: LONGEST_REST,
        }
    }
}
