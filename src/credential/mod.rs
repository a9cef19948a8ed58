//! What authorises an upstream request: where it comes from, how long it lives, who renews it.
//!
//! In reading order: `token` is what a credential is, `source` where one comes from, `exchange` the call that turns a
//! refresh token into a bearer, `slot` one account's state and its renewal, once for all who wait, `pool` and `lease`
//! what is lent out.
//! It must not know what a bearer is used for, and it reads no environment: everything comes in as a [`Config`].

use std::{sync::Arc, time::SystemTime};

use crate::secret::Secret;

mod error;
mod exchange;
mod lease;
mod pool;
mod slot;
mod source;
mod token;

pub use error::CredentialError;
pub use lease::{Lease, Outcome};
pub use pool::Pool;
pub use slot::{Standing, Status};
pub use source::Kind;

/// What time it is. A parameter, so that a test can let an hour pass.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What the user has given, and whom it is for.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The upstream's root without a slash at its end, such as `https://app.warp.dev`.
    pub root: String,
    /// True when `root` is Warp's own service, whose sign-in tokens are Google's to renew. Of any other upstream only
    /// its own endpoints are asked, so that a user's refresh token goes nowhere else.
    pub official: bool,
    /// True when the upstream speaks HTTP/2 without TLS.
    pub http2_prior_knowledge: bool,
    /// A Warp API key, with or without its `wk-`.
    pub api_key: Option<Secret>,
    /// A bearer token, used as it is for as long as it lives.
    pub jwt: Option<Secret>,
    /// The refresh token of a signed-in session.
    pub refresh_token: Option<Secret>,
    /// Certificates to trust beside the system's own, as PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
}
