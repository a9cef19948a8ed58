//! Why a broker cannot be put up, looked at or taken down, and what to do about it. No text holds any part of a secret.

use crate::credential::broker::{CloudflareError, MOST_SESSIONS};

/// Why it cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// There is nothing to lend.
    #[error("there is no session whose tokens the broker could hand out")]
    NoSession,
    /// One Worker cannot try them all.
    #[error("{count} sessions are too many for one broker, which takes {MOST_SESSIONS}")]
    TooManySessions {
        /// How many were wanted.
        count: usize,
    },
    /// The Worker cannot be called that.
    #[error("{name:?} cannot be the name of a Worker")]
    BadName {
        /// What was wanted.
        name: String,
    },
    /// The upstream would get refresh tokens in the clear.
    #[error("the broker would send refresh tokens to {root} unencrypted")]
    Unencrypted {
        /// The upstream's root.
        root: String,
    },
    /// There is another Worker of that name.
    #[error("the Worker {name} in this Cloudflare account is not a broker of warp2api's, so it is left alone")]
    Foreign {
        /// Its name.
        name: String,
    },
    /// There is no such broker.
    #[error("there is no broker {name} in this Cloudflare account")]
    NotDeployed {
        /// The name that was looked for.
        name: String,
    },
    /// The account has no place where Workers can be reached.
    #[error("this Cloudflare account has no workers.dev subdomain yet")]
    NoSubdomain,
    /// Cloudflare's API did not do what it was asked.
    #[error(transparent)]
    Cloudflare(#[from] CloudflareError),
    /// A failed deployment could not be undone.
    #[error("{cause}; and the Worker {name} that it has made could not be taken down: {failure}")]
    LeftBehind {
        /// The Worker's name.
        name: String,
        /// Why the deployment failed.
        cause: CloudflareError,
        /// Why it could not be undone.
        failure: Box<CloudflareError>,
    },
}

impl BrokerError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSession => {
                "set WARP_REFRESH_TOKEN to a session's refresh token; API keys and bare id tokens are not handed out, \
                 because the one does not end and the other cannot be renewed"
            }
            Self::TooManySessions { .. } => "name fewer with --account, or deploy a second broker with another --name",
            Self::BadName { .. } => "give --name 1 to 63 lower-case letters, digits and hyphens",
            Self::Unencrypted { .. } => "give --upstream an https address",
            Self::Foreign { .. } => "give --name another name",
            Self::NotDeployed { .. } => "warp2api token worker deploy puts one up; --name says which one is meant",
            Self::NoSubdomain => "open Workers & Pages once in Cloudflare's dashboard, which makes one",
            Self::Cloudflare(error) => error.hint(),
            Self::LeftBehind { .. } => {
                "it has no address yet; run warp2api token worker remove when the API answers again"
            }
        }
    }
}
