//! What every call to the Warp service has in common: where the service is, how to connect, who we say we are, and
//! GraphQL's envelope.
//!
//! It must not know what is asked for, nor where a bearer comes from.

use std::time::Duration;

mod graphql;
mod http;
mod identity;

pub use graphql::{Asked, GraphqlError};
pub use http::{builder, is_loopback, read_limited, reasons};
pub use identity::{headers, request_context};

/// How long a connection may take unless the user says otherwise.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the service is, and how to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The root URL, `http://…` or `https://…`, without a slash at its end, such as `https://app.warp.dev`.
    pub root: String,
    /// True when `root` is Warp's own service, whose sign-in tokens are Google's to renew. Of any other upstream only
    /// its own endpoints are asked, so that a user's refresh token goes nowhere else.
    pub official: bool,
    /// Speak HTTP/2 without asking first. It is for plain HTTP, where nothing negotiates.
    pub http2_prior_knowledge: bool,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// Certificates in PEM form to trust besides the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The client version to state; none unless the user sets one.
    pub client_version: Option<String>,
}

impl Address {
    /// The service at `root`, with nothing out of the ordinary.
    #[must_use]
    pub fn new(root: &str) -> Self {
        Self {
            root: root.trim_end_matches('/').to_owned(),
            official: false,
            http2_prior_knowledge: false,
            connect_timeout: CONNECT_TIMEOUT,
            extra_ca_pem: None,
            client_version: None,
        }
    }
}
