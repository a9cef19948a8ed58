//! A bearer token given by the user, with nothing to renew it. It makes no call.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        Clock, CredentialError,
        source::{Kind, Source, sendable},
        token::{Credential, Life, bare_token},
    },
    secret::Secret,
};

/// The setting it comes from.
const ACCOUNT: &str = "WARP_JWT";

/// One bearer token.
pub(crate) struct Jwt {
    token: Secret,
    life: Life,
    clock: Clock,
}

impl Jwt {
    /// The token in `text`. One whose end nobody can read is used until it is refused.
    pub(crate) fn new(text: &Secret, clock: Clock) -> Result<Self, CredentialError> {
        let token = sendable(ACCOUNT, bare_token(text))?;
        let life = Life::of_jwt(&token);
        Ok(Self { token, life, clock })
    }
}

impl Source for Jwt {
    fn kind(&self) -> Kind {
        Kind::Token
    }

    fn account(&self) -> &str {
        ACCOUNT
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
