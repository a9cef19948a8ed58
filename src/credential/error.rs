//! Why there is no bearer to lend. The text names the account and never holds any part of a secret.

use std::time::Duration;

/// What keeps accounts from serving, where there are some: of several obstacles the one that passes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortage {
    /// The upstream limits them for now.
    Limits,
    /// They have run out of credits.
    Credits,
    /// Their bearers are refused.
    Refusals,
    /// The upstream forbids them to be used.
    Forbidden,
    /// Their sessions have ended, or they are disabled.
    Ended,
}

/// Why a credential cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The user has given none.
    #[error("no Warp credential is configured")]
    NoneConfigured,
    /// There are credentials, and none can be used now.
    #[error("no Warp account can serve now ({reasons})")]
    NoneReady {
        /// Every account and what keeps it.
        reasons: String,
        /// When the first of them can serve again, if waiting helps.
        retry_after: Option<Duration>,
        /// What keeps them.
        shortage: Shortage,
    },
    /// What the user gave cannot be a credential of that kind.
    #[error("{account} {problem}")]
    Malformed {
        /// The setting at fault.
        account: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The token's time is over and there is nothing to renew it with.
    #[error("the token in {account} expired at {when}")]
    Expired {
        /// The account that the token belongs to.
        account: String,
        /// When it expired, in RFC 3339.
        when: String,
    },
    /// The upstream does not accept it and it cannot be renewed.
    #[error("Warp refused the credential in {account}")]
    Refused {
        /// The account that was refused.
        account: String,
    },
    /// The session has ended: its refresh token will never work again.
    #[error("the session in {account} has ended ({code})")]
    SignInNeeded {
        /// The account whose session it was.
        account: String,
        /// The reason as the token service spells it.
        code: String,
    },
    /// The account was disabled or deleted.
    #[error("the account in {account} is disabled or deleted ({code})")]
    Disabled {
        /// The account.
        account: String,
        /// The reason as the token service spells it.
        code: String,
    },
    /// The token could not be renewed this time; the credential itself may be good.
    #[error("the token in {account} cannot be renewed now: {reason}")]
    Unavailable {
        /// The account to renew.
        account: String,
        /// What happened.
        reason: String,
    },
    /// A service that lends accounts lends none.
    #[error("the {lender} lends no account: {reason}")]
    NotLent {
        /// Who lends: the pool service or the broker.
        lender: &'static str,
        /// Why not.
        reason: String,
        /// What can be done about it.
        hint: &'static str,
        /// Whether it may lend one later.
        passing: bool,
    },
    /// Nobody has signed in, and there is no anonymous account either.
    #[error("there is no anonymous account: {problem}")]
    Anonymous {
        /// Why not.
        problem: String,
        /// Whether there may be one later.
        passing: bool,
    },
    /// No HTTP client can be made of this configuration.
    #[error("cannot set up HTTPS for renewing tokens: {reason}")]
    Client {
        /// What the HTTP library says.
        reason: String,
    },
}

impl CredentialError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoneConfigured => {
                "sign in with `warp2api token login`, or set WARP_API_KEY to a Warp API key, or WARP_REFRESH_TOKEN or \
                 WARP_JWT to a session's token; `--upstream simulator` needs none"
            }
            Self::NoneReady { retry_after: None, .. } => {
                "`warp2api token pool status` says how each stands; sign in again, or add another account of yours"
            }
            Self::NoneReady { shortage: Shortage::Credits, .. } => {
                "wait until the account gets new credits, buy some, or add another account of yours"
            }
            Self::NoneReady { .. } => "wait, or add another account of yours",
            Self::Malformed { .. } => "check that the value was copied whole and belongs to this setting",
            Self::Expired { .. } => "set a fresh WARP_JWT, or WARP_REFRESH_TOKEN so that it can be renewed",
            Self::Refused { .. } => "check that it has not been revoked; make a new API key or sign in again",
            Self::SignInNeeded { .. } => "sign in again and set the new refresh token",
            Self::Disabled { .. } => "use another account, or ask Warp's support about this one",
            Self::Unavailable { .. } => "try again in a moment; check the network and any proxy",
            Self::NotLent { hint, .. } => hint,
            Self::Anonymous { .. } => {
                "sign in instead: `warp2api token login`; or add an API key: `warp2api token add`"
            }
            Self::Client { .. } => "check the extra CA file: it must hold PEM certificates",
        }
    }

    /// True when the same call may work later with nothing changed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::NoneReady { retry_after: Some(_), .. } => true,
            Self::NotLent { passing, .. } | Self::Anonymous { passing, .. } => *passing,
            Self::NoneConfigured
            | Self::NoneReady { retry_after: None, .. }
            | Self::Malformed { .. }
            | Self::Expired { .. }
            | Self::Refused { .. }
            | Self::SignInNeeded { .. }
            | Self::Disabled { .. }
            | Self::Client { .. } => false,
        }
    }
}
