//! A signed-in session given by the user: a refresh token, with or without a bearer that still lives.
//!
//! It must not know how an exchange is made, only what its result means for the session.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        CredentialError,
        account::{Account, Kind},
        exchange::{Exchange, ExchangeError},
        source::given::{id, sendable},
        token::{Credential, Life, bare_token},
    },
    secret::Secret,
};

/// The settings it comes from.
const REFRESH_ACCOUNT: &str = "WARP_REFRESH_TOKEN";
const JWT_ACCOUNT: &str = "WARP_JWT";

/// One session.
pub(crate) struct Session {
    id: String,
    refresh: Secret,
    bearer: Option<Secret>,
    exchange: Exchange,
}

impl Session {
    /// The session of a refresh token, and of the bearer that was given with it.
    pub(crate) fn new(refresh: Secret, jwt: Option<&Secret>, exchange: Exchange) -> Result<Self, CredentialError> {
        let refresh = sendable(REFRESH_ACCOUNT, refresh)?;
        let bearer = jwt.map(|text| sendable(JWT_ACCOUNT, bare_token(text))).transpose()?;
        Ok(Self { id: id(REFRESH_ACCOUNT, &refresh), refresh, bearer, exchange })
    }
}

impl Account for Session {
    fn kind(&self) -> Kind {
        Kind::Session
    }

    fn name(&self) -> &str {
        REFRESH_ACCOUNT
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn at_hand(&self) -> Option<Credential> {
        let id = self.bearer.clone()?;
        let life = Life::of_jwt(&id);
        Some(Credential::Session { refresh: self.refresh.clone(), id, life })
    }

    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async move {
            let refresh = match held {
                Some(Credential::Session { refresh, .. }) => refresh,
                Some(Credential::ApiKey(_) | Credential::Bearer { .. }) | None => &self.refresh,
            };
            let tokens = self.exchange.refresh(refresh).await.map_err(session_error)?;
            let refresh = tokens.refresh.unwrap_or_else(|| refresh.clone());
            Ok(Credential::Session { refresh, id: tokens.id, life: tokens.life })
        }
        .boxed()
    }
}

fn session_error(error: ExchangeError) -> CredentialError {
    let account = REFRESH_ACCOUNT.to_owned();
    match error {
        ExchangeError::Dead { code } => CredentialError::SignInNeeded { account, code },
        ExchangeError::Disabled { code } => CredentialError::Disabled { account, code },
        ExchangeError::Passing { reason } => CredentialError::Unavailable { account, reason },
    }
}
