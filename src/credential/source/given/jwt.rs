//! A bearer token given by the user, with nothing to renew it. It makes no call.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        Clock, CredentialError,
        account::{Account, Kind},
        source::given::{id, sendable},
        token::{Credential, Life, bare_token, subject},
    },
    secret::Secret,
};

/// The setting it comes from.
const ACCOUNT: &str = "WARP_JWT";

/// One bearer token.
pub(crate) struct Jwt {
    id: String,
    token: Secret,
    life: Life,
    clock: Clock,
}

impl Jwt {
    /// The token in `text`. One whose end nobody can read is used until it is refused.
    pub(crate) fn new(text: &Secret, clock: Clock) -> Result<Self, CredentialError> {
        let token = sendable(ACCOUNT, bare_token(text))?;
        let life = Life::of_jwt(&token);
        // A script that keeps the setting fresh gives another token of the same account every hour.
        let id = subject(&token).map_or_else(|| id(ACCOUNT, &token), |subject| id(ACCOUNT, &Secret::new(&subject)));
        Ok(Self { id, token, life, clock })
    }
}

impl Account for Jwt {
    fn kind(&self) -> Kind {
        Kind::Token
    }

    fn name(&self) -> &str {
        ACCOUNT
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn at_hand(&self) -> Option<Credential> {
        Some(Credential::Bearer { token: self.token.clone(), life: self.life })
    }

    fn renew<'a>(&'a self, _held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async move {
            let account = ACCOUNT.to_owned();
            match self.life.end() {
                Some(when) if self.life.is_over((self.clock)()) => Err(CredentialError::Expired { account, when }),
                Some(_) | None => Err(CredentialError::Refused { account }),
            }
        }
        .boxed()
    }
}
