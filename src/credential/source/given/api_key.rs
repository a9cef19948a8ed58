//! A Warp API key given by the user (`WARP-PROTOCOL.md` §5.2). It makes no call: a key is never renewed.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    credential::{
        CredentialError,
        account::{Account, Kind},
        source::given::{id, sendable},
        token::{Credential, api_key, looks_like_a_jwt},
    },
    secret::Secret,
};

/// The setting it comes from.
const ACCOUNT: &str = "WARP_API_KEY";

/// One API key.
pub(crate) struct ApiKey {
    id: String,
    key: Secret,
}

impl ApiKey {
    /// The key in `text`, with or without its prefix.
    pub(crate) fn new(text: &Secret) -> Result<Self, CredentialError> {
        if looks_like_a_jwt(text) {
            let problem = "holds a session's token and not an API key: set WARP_JWT to it instead";
            return Err(CredentialError::Malformed { account: ACCOUNT.to_owned(), problem });
        }
        let key = api_key(&sendable(ACCOUNT, text.clone())?);
        Ok(Self { id: id(ACCOUNT, &key), key })
    }
}

impl Account for ApiKey {
    fn kind(&self) -> Kind {
        Kind::ApiKey
    }

    fn name(&self) -> &str {
        ACCOUNT
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn at_hand(&self) -> Option<Credential> {
        Some(Credential::ApiKey(self.key.clone()))
    }

    fn renew<'a>(&'a self, _held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async { Err(CredentialError::Refused { account: ACCOUNT.to_owned() }) }.boxed()
    }
}
