//! What a token says of itself, read here and verified by nobody: for a person who wonders what they hold.
//!
//! It makes no call, and nothing of what it returns is secret.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    credential::token::{bare_token, claims},
    secret::Secret,
};

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A Warp API key.
    ApiKey,
    /// What a request is made with.
    IdToken,
    /// What a sign-in is made with, once.
    CustomToken,
    /// What id tokens are made from.
    RefreshToken,
    /// A signed token of somebody else's.
    OtherJwt,
}

impl TokenKind {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::IdToken => "id token",
            Self::CustomToken => "custom token",
            Self::RefreshToken => "refresh token",
            Self::OtherJwt => "JWT",
        }
    }
}

/// What a token says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// What it is.
    pub kind: TokenKind,
    /// Who has made it.
    pub issuer: Option<String>,
    /// Whom it is for.
    pub audience: Option<String>,
    /// Whose it is.
    pub subject: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Since when it holds.
    pub issued: Option<SystemTime>,
    /// Until when.
    pub expires: Option<SystemTime>,
}

/// How the issuers of id tokens that Warp takes begin.
const FIREBASE: &str = "https://securetoken.google.com/";
/// Whom custom tokens are for.
const SIGN_IN: &str = "identitytoolkit";
/// How Google's refresh tokens begin.
const REFRESH: &str = "AMf-";

/// Reads `text`: the token alone, or with its `Bearer`, its header's name, or the name of its variable. None when it is
/// no token that is known here.
#[must_use]
pub fn inspect(text: &Secret) -> Option<Inspected> {
    let token = alone(text);
    let shown = token.expose();
    if shown.contains(|c: char| !c.is_ascii_graphic()) {
        return None;
    }
    if shown.len() > 3 && shown.starts_with("wk-") {
        return Some(Inspected::of(TokenKind::ApiKey));
    }
    if shown.len() > 20 && shown.starts_with(REFRESH) {
        return Some(Inspected::of(TokenKind::RefreshToken));
    }
    if !is_jwt(shown) {
        return None;
    }
    claims(&token).filter(Value::is_object).map(|claims| jwt(&claims))
}

impl Inspected {
    fn of(kind: TokenKind) -> Self {
        Self { kind, issuer: None, audience: None, subject: None, email: None, issued: None, expires: None }
    }
}

/// The token without what is copied along with it.
fn alone(text: &Secret) -> Secret {
    let line = text.expose();
    let value = match line.split_once([':', '=']) {
        // A name goes before it; a token may hold these characters itself, after others.
        Some((name, value)) if name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_- 0".contains(&byte)) => value,
        Some(_) | None => line,
    };
    let unquoted = Secret::new(Secret::new(value).expose().trim_matches(['"', '\'']));
    bare_token(&unquoted)
}

fn is_jwt(text: &str) -> bool {
    let header = text.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header.trim_end_matches('=')).ok());
    let header: Option<Value> = header.and_then(|header| serde_json::from_slice(&header).ok());
    text.matches('.').count() == 2 && header.is_some_and(|header| header["alg"].is_string())
}

fn jwt(claims: &Value) -> Inspected {
    let text = |name: &str| claims[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let audience = match &claims["aud"] {
        Value::Array(several) => Some(several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        _ => text("aud"),
    };
    let issuer = text("iss");
    let kind = match (&issuer, &audience) {
        (Some(issuer), _) if issuer.starts_with(FIREBASE) => TokenKind::IdToken,
        (_, Some(audience)) if audience.contains(SIGN_IN) => TokenKind::CustomToken,
        _ => TokenKind::OtherJwt,
    };
    Inspected {
        kind,
        issuer,
        audience,
        subject: text("user_id").or_else(|| text("sub")),
        email: text("email"),
        issued: time(&claims["iat"]),
        expires: time(&claims["exp"]),
    }
}

fn time(claim: &Value) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(claim.as_f64()?).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn signed(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
    }

    fn read(text: &str) -> Option<Inspected> {
        inspect(&Secret::new(text))
    }

    #[test]
    fn an_id_token_says_whose_it_is_and_how_long_it_lives() {
        let claims = json!({"iss": "https://securetoken.google.com/astral", "aud": "astral", "user_id": "u1",
            "email": "a@b.c", "iat": 1000, "exp": 4600});
        let found = read(&signed(&claims)).unwrap();
        assert_eq!((found.kind, found.subject.as_deref()), (TokenKind::IdToken, Some("u1")));
        assert_eq!((found.email.as_deref(), found.audience.as_deref()), (Some("a@b.c"), Some("astral")));
        assert_eq!(found.expires, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(4600)));
        for with in ["Bearer ", "Authorization: Bearer ", "authorization: bearer ", "WARP_JWT=", "WARP_JWT=\""] {
            assert_eq!(read(&format!("{with}{}", signed(&claims))), Some(found.clone()), "{with}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let kind = |text: &str| read(text).map(|found| found.kind);
        assert_eq!(kind("wk-1.ab"), Some(TokenKind::ApiKey));
        assert_eq!(kind("WARP_API_KEY=wk-1.ab"), Some(TokenKind::ApiKey));
        assert_eq!(kind("AMf-vBx0123456789abcdef"), Some(TokenKind::RefreshToken));
        assert_eq!(kind(&signed(&json!({"aud": ["x.identitytoolkit.v1"]}))), Some(TokenKind::CustomToken));
        assert_eq!(kind(&signed(&json!({"iss": "me"}))), Some(TokenKind::OtherJwt));
        for text in ["", "wk-", "wk-a b", "opaque", "a.b.c", "eyJ.e30.x", "..", "AMf-", &signed(&json!([]))] {
            assert_eq!(kind(text), None, "{text}");
        }
    }
}
