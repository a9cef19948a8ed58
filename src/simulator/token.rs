//! The tokens of the simulated account: which bearers are good, and which refresh tokens buy one. It must not know HTTP.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// The API key that every simulator accepts.
pub const API_KEY: &str = "wk-simulator";
/// How the refresh tokens begin that every simulator accepts; what follows is free.
pub const REFRESH_TOKEN_PREFIX: &str = "simulator-refresh";
/// How custom tokens begin.
const CUSTOM_TOKEN_PREFIX: &str = "simulator-custom";
/// Who says it issued the id tokens. A name that never resolves.
const ISSUER: &str = "https://simulator.invalid";

/// Issues tokens and knows its own again.
#[derive(Debug)]
pub(crate) struct Authority {
    /// Stands where a signature would, so that another simulator's tokens are strange here.
    mark: String,
    lifetime: Duration,
}

/// An id token with the refresh token that goes with it.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) id_token: String,
    pub(crate) refresh_token: String,
    /// In seconds.
    pub(crate) expires_in: u64,
}

impl Authority {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { mark: URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()), lifetime }
    }

    pub(crate) fn issue(&self) -> Issued {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(&json!({"alg": "none", "typ": "JWT"}));
        let claims = part(&json!({
            "iss": ISSUER, "aud": "simulator", "sub": "simulator-user", "user_id": "simulator-user",
            "email": "someone@simulator.invalid", "iat": now, "exp": now.saturating_add(lifetime), "jti": Uuid::new_v4(),
        }));
        Issued {
            id_token: format!("{header}.{claims}.{}", self.mark),
            refresh_token: format!("{REFRESH_TOKEN_PREFIX}-{}", Uuid::new_v4().simple()),
            expires_in: self.lifetime.as_secs(),
        }
    }

    /// A token that buys an id token once a person has signed in.
    pub(crate) fn custom_token() -> String {
        format!("{CUSTOM_TOKEN_PREFIX}-{}", Uuid::new_v4().simple())
    }

    /// Whether a bearer may speak for the account: an API key of the simulator's, or an id token it issued that has not
    /// expired.
    pub(crate) fn accepts(&self, bearer: &str) -> bool {
        bearer.starts_with(API_KEY) || self.is_own(bearer)
    }

    fn is_own(&self, token: &str) -> bool {
        let parts: Vec<&str> = token.split('.').collect();
        let [_, claims, mark] = parts[..] else { return false };
        let claims = URL_SAFE_NO_PAD.decode(claims).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok());
        let expiry = claims.and_then(|claims| claims["exp"].as_i64());
        mark == self.mark && expiry.is_some_and(|expiry| expiry > OffsetDateTime::now_utc().unix_timestamp())
    }

    /// The error code for a refresh token that buys nothing (`WARP-PROTOCOL.md` §5.4).
    pub(crate) fn refuse_refresh_token(token: &str) -> Option<&'static str> {
        match token {
            "" => Some("MISSING_REFRESH_TOKEN"),
            "simulator-expired" => Some("TOKEN_EXPIRED"),
            "simulator-disabled" => Some("USER_DISABLED"),
            "simulator-deleted" => Some("USER_NOT_FOUND"),
            "simulator-unexpected" => Some("SOMETHING_UNEXPECTED"),
            token if token.starts_with(REFRESH_TOKEN_PREFIX) => None,
            _ => Some("INVALID_REFRESH_TOKEN"),
        }
    }

    /// The error code for a custom token that buys nothing.
    pub(crate) fn refuse_custom_token(token: &str) -> Option<&'static str> {
        match token {
            "" => Some("MISSING_CUSTOM_TOKEN"),
            token if token.starts_with(CUSTOM_TOKEN_PREFIX) => None,
            _ => Some("INVALID_CUSTOM_TOKEN"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_and_living_tokens_are_accepted() {
        let authority = Authority::new(Duration::from_secs(3_600));
        assert!(authority.accepts(API_KEY) && authority.accepts("wk-simulator-2"));
        assert!(!authority.accepts("wk-other") && !authority.accepts(""));
        let issued = authority.issue();
        assert!(authority.accepts(&issued.id_token));
        assert!(!Authority::new(Duration::from_secs(3_600)).accepts(&issued.id_token), "another simulator's");
        let dying = Authority::new(Duration::ZERO);
        assert!(!dying.accepts(&dying.issue().id_token), "expired");
    }

    #[test]
    fn refresh_tokens_rotate_and_the_bad_ones_have_their_codes() {
        let issued = Authority::new(Duration::from_secs(1)).issue();
        assert_eq!(Authority::refuse_refresh_token(&issued.refresh_token), None);
        for (token, code) in [("", "MISSING_REFRESH_TOKEN"), ("x", "INVALID_REFRESH_TOKEN"), ("simulator-expired", "TOKEN_EXPIRED")] {
            assert_eq!(Authority::refuse_refresh_token(token), Some(code));
        }
    }
}
