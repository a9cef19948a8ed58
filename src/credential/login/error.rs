//! Why a sign-in ends badly, and what to do. The text holds no part of a secret.

use crate::credential::exchange::ExchangeError;

/// Why there is no session, or why a key or session is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The user, or somebody else at the page, said no.
    #[error("the sign-in was refused in the browser")]
    Denied,
    /// Nobody confirmed the code in time.
    #[error("nobody confirmed the code in time")]
    Expired,
    /// The service refuses the device flow itself.
    #[error("Warp refuses the sign-in ({code})")]
    Refused {
        /// The reason as the service spells it.
        code: String,
    },
    /// The text cannot be what it is given as.
    #[error("the given text cannot be {what}")]
    Malformed {
        /// What it should be.
        what: &'static str,
    },
    /// The service does not accept the key, or the bearer of the session.
    #[error("Warp does not accept this credential")]
    NotAccepted,
    /// The session has ended: its refresh token will never work again.
    #[error("the session has ended ({code})")]
    Ended {
        /// The reason as the token service spells it.
        code: String,
    },
    /// The account is disabled or deleted.
    #[error("the account is disabled or deleted ({code})")]
    Disabled {
        /// The reason as the service spells it.
        code: String,
    },
    /// The new session could not be written down, so it was not used.
    #[error("the session cannot be kept: {reason}")]
    NotKept {
        /// What happened.
        reason: String,
    },
    /// It may work another time.
    #[error("Warp cannot be asked to sign in: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// No HTTP client can be made of this configuration.
    #[error("cannot set up HTTPS for signing in: {reason}")]
    Client {
        /// What the HTTP library says.
        reason: String,
    },
}

impl LoginError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Denied => "run `warp2api token login` again and confirm the code that it shows",
            Self::Expired => "run `warp2api token login` again; the code must be confirmed within ten minutes",
            Self::Refused { .. } => "add an API key instead: `warp2api token add`",
            Self::Malformed { .. } => "check that it was copied whole: an API key begins with wk-",
            Self::NotAccepted => "check that it has not been revoked or expired; make a new one",
            Self::Ended { .. } => "sign in again: `warp2api token login`",
            Self::Disabled { .. } => "use another account, or ask Warp's support about this one",
            Self::NotKept { .. } => "make the state directory writable and try again; the token given is still good",
            Self::Unavailable { .. } => "try again in a moment; check the network and any proxy",
            Self::Client { .. } => "check the extra CA file: it must hold PEM certificates",
        }
    }
}

impl From<ExchangeError> for LoginError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Dead { code } => Self::Ended { code },
            ExchangeError::Disabled { code } => Self::Disabled { code },
            ExchangeError::Passing { reason } => Self::Unavailable { reason },
        }
    }
}
