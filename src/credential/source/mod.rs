//! Where credentials come from: one file a source, behind one trait.
//!
//! A new source is one file and one arm in [`from_config`]. A source must not know who borrows what it yields, nor keep
//! what it has yielded: the pool holds that, and asks again in time.

use futures_util::future::BoxFuture;

use crate::{
    credential::{
        Clock, Config, CredentialError,
        exchange::Exchange,
        source::{api_key::ApiKey, jwt::Jwt, session::Session},
        token::{Credential, fits_a_header},
    },
    secret::Secret,
};

mod api_key;
mod jwt;
mod session;

/// What kind of credential an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Warp API key.
    ApiKey,
    /// A signed-in session that renews itself.
    Session,
    /// A bearer token that ends when it ends.
    Token,
}

impl Kind {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::Session => "session",
            Self::Token => "token",
        }
    }
}

/// A place that credentials of one account come from.
pub(crate) trait Source: Send + Sync {
    /// What kind of credential it yields.
    fn kind(&self) -> Kind;

    /// The account's name in logs and errors.
    fn account(&self) -> &str;

    /// The credential that is there without any call, if there is one.
    fn at_hand(&self) -> Option<Credential>;

    /// Another credential in place of `held`, which is ending, has ended or was refused.
    fn renew<'a>(&'a self, held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>>;
}

/// The source to use: an API key goes before a session, a session before a bare token.
pub(crate) fn from_config(config: &Config, clock: &Clock) -> Result<Box<dyn Source>, CredentialError> {
    let given = |secret: &Option<Secret>| secret.clone().filter(|text| !text.is_empty());
    if let Some(key) = given(&config.api_key) {
        return Ok(Box::new(ApiKey::new(&key)?));
    }
    let jwt = given(&config.jwt);
    if let Some(refresh) = given(&config.refresh_token) {
        let exchange = Exchange::from_config(config, clock.clone())?;
        return Ok(Box::new(Session::new(refresh, jwt.as_ref(), exchange)?));
    }
    match jwt {
        Some(jwt) => Ok(Box::new(Jwt::new(&jwt, clock.clone())?)),
        None => Err(CredentialError::NoneConfigured),
    }
}

/// Refuses text that could not be sent in a header.
fn sendable(account: &str, text: Secret) -> Result<Secret, CredentialError> {
    if !text.is_empty() && fits_a_header(&text) {
        return Ok(text);
    }
    Err(CredentialError::Malformed {
        account: account.to_owned(),
        problem: "is empty, or holds white space or characters that no token has",
    })
}
