//! A signed-in session given by the user: a refresh token, with or without a bearer that still lives.
//!
//! With a store, what the token was renewed to is found again when the program starts with the same setting. It must not
//! know how an exchange is made, only what its result means for the session.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        Clock, CredentialError,
        account::{Account, Kind},
        exchange::Exchange,
        source::{
            given::{id, sendable},
            renewal::{Renewal, RenewalError},
        },
        store::Store,
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
    means: Means,
}

/// How it is renewed.
enum Means {
    /// In memory, and lost with it.
    Memory(Exchange),
    /// At rest, in the store.
    Store(Renewal),
}

impl Session {
    /// The session of a refresh token, and of the bearer that was given with it.
    pub(crate) fn new(refresh: Secret, jwt: Option<&Secret>, exchange: Exchange) -> Result<Self, CredentialError> {
        let refresh = sendable(REFRESH_ACCOUNT, refresh)?;
        let bearer = jwt.map(|text| sendable(JWT_ACCOUNT, bare_token(text))).transpose()?;
        Ok(Self { id: id(REFRESH_ACCOUNT, &refresh), refresh, bearer, means: Means::Memory(exchange) })
    }

    /// The same, at rest in `store`. When the store cannot be used, that is told, and the session goes on without.
    pub(crate) fn stored(self, store: &Store, clock: Clock) -> Self {
        let Means::Memory(exchange) = self.means else { return self };
        let means = match store.given(&self.refresh) {
            Ok(id) => Means::Store(Renewal::new(store.clone(), id, exchange, clock)),
            Err(error) => {
                tracing::warn!(account = REFRESH_ACCOUNT, %error, "a renewed session will not outlive this process");
                Means::Memory(exchange)
            }
        };
        Self { means, ..self }
    }

    async fn renew_in_memory(
        &self,
        exchange: &Exchange,
        held: Option<&Credential>,
    ) -> Result<Credential, RenewalError> {
        let refresh = match held {
            Some(Credential::Session { refresh, .. }) => refresh,
            Some(Credential::ApiKey(_) | Credential::Bearer { .. }) | None => &self.refresh,
        };
        let tokens = exchange.refresh(refresh).await.map_err(|error| RenewalError::Exchange(error, 0))?;
        let refresh = tokens.refresh.unwrap_or_else(|| refresh.clone());
        Ok(Credential::Session { refresh, id: tokens.id, life: tokens.life })
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
        let at_rest = match &self.means {
            Means::Store(renewal) => renewal.at_hand(),
            Means::Memory(_) => None,
        };
        let given = || {
            let id = self.bearer.clone()?;
            let life = Life::of_jwt(&id);
            Some(Credential::Session { refresh: self.refresh.clone(), id, life })
        };
        at_rest.or_else(given)
    }

    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async move {
            let renewed = match &self.means {
                Means::Memory(exchange) => self.renew_in_memory(exchange, held).await,
                Means::Store(renewal) => renewal.renew(held.map(Credential::bearer)).await,
            };
            renewed.map_err(|error| error.of(REFRESH_ACCOUNT))
        }
        .boxed()
    }
}
