//! What a credential is: its text, its life, and when to renew it (`WARP-PROTOCOL.md` §5.1).
//!
//! It must not know where a credential comes from, and it makes no call. A JWT is read only for its expiry and never
//! verified: that is the upstream's affair.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::secret::Secret;

/// How long before its end a token is renewed at the latest (`WARP-PROTOCOL.md` §5.4).
const RENEWAL_MARGIN: Duration = Duration::from_secs(300);

/// How much of a margin is added at random, so that accounts that signed in together are not renewed together.
const JITTER: f64 = 0.25;

/// How long before its end a token is not lent any more: it must last until the request has arrived.
const LENDING_MARGIN: Duration = Duration::from_secs(10);

/// The longest JWT that is looked into.
const LONGEST_JWT: usize = 64 * 1024;

/// Something that authorises an upstream request.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// A Warp API key: sent as it is, never renewed.
    ApiKey(Secret),
    /// A signed-in session.
    Session {
        /// What the next exchange is made with; it may differ from the one before.
        refresh: Secret,
        /// The bearer.
        id: Secret,
        /// The bearer's life.
        life: Life,
    },
    /// A bearer given by the user, good until its end.
    Bearer {
        /// The bearer.
        token: Secret,
        /// Its life.
        life: Life,
    },
}

impl Credential {
    /// The text that goes into the `Authorization` header.
    pub(crate) fn bearer(&self) -> &Secret {
        match self {
            Self::ApiKey(key) => key,
            Self::Session { id, .. } => id,
            Self::Bearer { token, .. } => token,
        }
    }

    /// The bearer's life.
    pub(crate) fn life(&self) -> Life {
        match self {
            Self::ApiKey(_) => Life::UNKNOWN,
            Self::Session { life, .. } | Self::Bearer { life, .. } => *life,
        }
    }

    /// True while it may be lent: to its last second when nothing can take its place.
    pub(crate) fn is_lendable(&self, now: SystemTime) -> bool {
        match self {
            Self::ApiKey(_) => true,
            Self::Session { life, .. } => life.lend_until.is_none_or(|end| now < end),
            Self::Bearer { life, .. } => !life.is_over(now),
        }
    }

    /// True when it is time to renew it.
    pub(crate) fn is_due(&self, now: SystemTime) -> bool {
        match self {
            Self::ApiKey(_) => false,
            Self::Session { life, .. } => life.is_due(now),
            Self::Bearer { life, .. } => life.is_over(now),
        }
    }
}

/// When a token ends and when to renew it. Both are open when nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    expires: Option<SystemTime>,
    renew_at: Option<SystemTime>,
    /// Until when it is lent.
    lend_until: Option<SystemTime>,
}

impl Life {
    /// The life of a token that does not say.
    pub(crate) const UNKNOWN: Self = Self { expires: None, renew_at: None, lend_until: None };

    /// The life of a token that was given `seconds` at `now`. One shorter than twice the margin is renewed half-way.
    pub(crate) fn lasting(now: SystemTime, seconds: u64) -> Self {
        let whole = Duration::from_secs(seconds);
        Self::ending(now.checked_add(whole), RENEWAL_MARGIN.min(whole / 2), LENDING_MARGIN.min(whole / 10))
    }

    /// The life of a token that ends at `expires`.
    pub(crate) fn until(expires: SystemTime) -> Self {
        Self::ending(Some(expires), RENEWAL_MARGIN, LENDING_MARGIN)
    }

    fn ending(expires: Option<SystemTime>, renewal: Duration, lending: Duration) -> Self {
        let before = |margin| expires.and_then(|end| end.checked_sub(margin));
        let renewal = renewal.mul_f64(1.0 + JITTER * fastrand::f64());
        Self { expires, renew_at: before(renewal), lend_until: before(lending) }
    }

    /// The life that a JWT claims in its `exp`.
    pub(crate) fn of_jwt(token: &Secret) -> Self {
        let expires = jwt_expiry(token).and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(seconds));
        expires.map_or(Self::UNKNOWN, Self::until)
    }

    /// True when the token has ended.
    pub(crate) fn is_over(self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| now >= end)
    }

    /// When it ends, in RFC 3339.
    pub(crate) fn end(self) -> Option<String> {
        rfc3339(self.expires?)
    }

    /// The life of a token that ends and is to be renewed at the times given.
    pub(crate) fn of_times(expires: Option<SystemTime>, renew_at: Option<SystemTime>) -> Self {
        let margin = expires.zip(renew_at).and_then(|(end, due)| end.duration_since(due).ok());
        let margin = LENDING_MARGIN.min(margin.unwrap_or(RENEWAL_MARGIN) / 5);
        Self { expires, renew_at, lend_until: expires.and_then(|end| end.checked_sub(margin)) }
    }

    /// When it ends, and when it is to be renewed.
    pub(crate) fn times(self) -> (Option<SystemTime>, Option<SystemTime>) {
        (self.expires, self.renew_at)
    }

    /// True when it is time to renew it.
    pub(crate) fn is_due(self, now: SystemTime) -> bool {
        self.renew_at.is_some_and(|due| now >= due)
    }
}

/// A time as RFC 3339 has it, in whole seconds.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let seconds = i64::try_from(since_epoch.as_secs()).ok()?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

/// The key with the prefix that every Warp API key has.
pub(crate) fn api_key(text: &Secret) -> Secret {
    if text.expose().starts_with("wk-") { text.clone() } else { Secret::new(&format!("wk-{}", text.expose())) }
}

/// The token alone, of what may have been copied with its `Bearer`.
pub(crate) fn bare_token(text: &Secret) -> Secret {
    let whole = text.expose();
    match whole.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer ") => Secret::new(token),
        Some(_) | None => text.clone(),
    }
}

/// True for text that can stand in a header: visible ASCII and nothing else.
pub(crate) fn fits_a_header(text: &Secret) -> bool {
    text.expose().bytes().all(|byte| byte.is_ascii_graphic())
}

/// True for text that has the three parts of a signed JWT.
pub(crate) fn looks_like_a_jwt(text: &Secret) -> bool {
    text.expose().starts_with("eyJ") && text.expose().matches('.').count() == 2
}

/// Whose a JWT says it is.
pub(crate) fn subject(token: &Secret) -> Option<String> {
    let claims = claims(token)?;
    let subject = ["user_id", "sub"].into_iter().find_map(|name| claims[name].as_str());
    subject.filter(|subject| !subject.is_empty()).map(str::to_owned)
}

/// What a JWT claims, unverified.
pub(crate) fn claims(token: &Secret) -> Option<serde_json::Value> {
    let text = token.expose();
    if text.len() > LONGEST_JWT {
        return None;
    }
    let payload = text.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

fn jwt_expiry(token: &Secret) -> Option<Duration> {
    let claims = claims(token)?;
    let expiry = claims.get("exp")?;
    expiry.as_u64().map(Duration::from_secs).or_else(|| Duration::try_from_secs_f64(expiry.as_f64()?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn jwt(payload: &str) -> Secret {
        Secret::new(&format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[test]
    fn an_api_key_gets_its_prefix_once() {
        assert_eq!(api_key(&Secret::new("1.ab")).expose(), "wk-1.ab");
        assert_eq!(api_key(&Secret::new("wk-1.ab")).expose(), "wk-1.ab");
    }

    #[test]
    fn a_copied_header_value_is_stripped_to_its_token() {
        assert_eq!(bare_token(&Secret::new("bEARER  abc")).expose(), "abc");
        assert_eq!(bare_token(&Secret::new("bearer")).expose(), "bearer");
        assert_eq!(bare_token(&Secret::new("ééééé")).expose(), "ééééé");
    }

    #[test]
    fn the_expiry_of_a_jwt_is_read_without_verifying_it() {
        let life = Life::of_jwt(&jwt(r#"{"exp":2000}"#));
        assert!(!life.is_over(at(1999)) && life.is_over(at(2000)));
        assert!(!life.is_due(at(1624)) && life.is_due(at(1700)));
        assert_eq!(life.end().as_deref(), Some("1970-01-01T00:33:20Z"));
        assert_eq!(Life::of_jwt(&jwt(r#"{"exp":2000.9}"#)).end().as_deref(), Some("1970-01-01T00:33:20Z"));
    }

    #[test]
    fn what_is_no_jwt_or_says_nonsense_has_an_unknown_life() {
        for text in ["", "opaque", "a.b.c", "eyJ.e30.x", "..", "a.////.c"] {
            assert_eq!(Life::of_jwt(&Secret::new(text)), Life::UNKNOWN, "{text}");
        }
        for payload in [r#"{"exp":"soon"}"#, r#"{"exp":-5}"#, r#"{"exp":1e300}"#, "[]", "\u{0}"] {
            assert_eq!(Life::of_jwt(&jwt(payload)), Life::UNKNOWN, "{payload}");
        }
        let endless = Life::of_jwt(&jwt(r#"{"exp":18446744073709551615}"#));
        assert!(!endless.is_over(at(4_000_000_000)));
        assert_eq!(endless.end(), None);
    }

    #[test]
    fn a_session_is_renewed_five_minutes_early_and_a_short_one_half_way() {
        let hour = Life::lasting(at(0), 3600);
        assert!(!hour.is_due(at(3224)) && hour.is_due(at(3300)), "five minutes, and up to a quarter more at random");
        let minute = Life::lasting(at(0), 60);
        assert!(!minute.is_due(at(22)) && minute.is_due(at(30)) && !minute.is_over(at(59)));
        assert!(!Life::lasting(at(0), u64::MAX).is_due(at(4_000_000_000)));
    }
}
