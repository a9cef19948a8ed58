//! The account that the settings name: an API key goes before a session, a session before a bare token.
//!
//! It must not know where settings come from.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::{
    credential::{
        Clock, Config, CredentialError, Tier,
        account::Account,
        exchange::Exchange,
        source::{
            Source,
            given::{api_key::ApiKey, jwt::Jwt, session::Session},
        },
        token::fits_a_header,
    },
    secret::Secret,
};

mod api_key;
mod jwt;
mod session;

/// What the settings name.
pub(crate) struct Given {
    account: Arc<dyn Account>,
}

impl Given {
    /// The account of `config`, if it names one.
    pub(crate) fn from_config(config: &Config, clock: &Clock) -> Result<Option<Self>, CredentialError> {
        let given = |secret: &Option<Secret>| secret.clone().filter(|text| !text.is_empty());
        let jwt = given(&config.jwt);
        let account: Arc<dyn Account> = if let Some(key) = given(&config.api_key) {
            Arc::new(ApiKey::new(&key)?)
        } else if let Some(refresh) = given(&config.refresh_token) {
            let exchange = Exchange::new(&config.address, clock.clone())?;
            let session = Session::new(refresh, jwt.as_ref(), exchange)?;
            Arc::new(match &config.store {
                Some(store) => session.stored(store, Arc::clone(clock)),
                None => session,
            })
        } else if let Some(jwt) = jwt {
            Arc::new(Jwt::new(&jwt, clock.clone())?)
        } else {
            return Ok(None);
        };
        Ok(Some(Self { account }))
    }
}

impl Source for Given {
    fn tier(&self) -> Tier {
        Tier::Given
    }

    fn at_hand(&self) -> Vec<Arc<dyn Account>> {
        vec![Arc::clone(&self.account)]
    }
}

/// Tells what `setting` holds now from what it held at another time, without telling what it is.
fn id(setting: &str, secret: &Secret) -> String {
    let digest = Sha256::digest(secret.expose());
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{setting}#{mark}")
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
