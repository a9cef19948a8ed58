//! What an upstream's refusal means: for the client, and for whether and how to try again (`WARP-PROTOCOL.md` §1.7).
//!
//! It must not know who asked or which credential was used.

use std::time::Duration;

use serde_json::Value;

use crate::turn::{ErrorKind, TurnError};

/// A failed attempt: what the client should hear of it, and what may be done about it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// What the client should hear if nothing helps.
    pub error: TurnError,
    /// What may help.
    pub class: Class,
}

/// What may be done about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The same bytes again after a pause.
    Transient,
    /// The same bytes again with a renewed credential.
    Unauthorized,
    /// The upstream is overloaded or the account too busy: a pause, or another credential that is already held.
    RateLimited,
    /// The account has no credits. Never the same again; another credential that is already held may do.
    OutOfCredits,
    /// The account is blocked. Never again with this credential.
    Forbidden,
    /// The upstream is not what it should be, so nothing is sent to it until somebody changes that.
    Untrusted,
    /// Nothing helps.
    Terminal,
}

/// Header that says why a 429 was answered.
pub(crate) const ERROR_CODE: &str = "x-warp-error-code";
/// Texts by which 429 answers without that header have told an empty account.
const QUOTA_TEXTS: [&str; 2] = ["no remaining quota", "no ai requests remaining"];
/// How much of an error body goes into a message, in bytes.
const EXCERPT: usize = 500;
/// The longest wait that a server's hint can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Failure {
    /// A failure to reach the upstream at all.
    #[must_use]
    pub fn unreachable(what: impl std::fmt::Display) -> Self {
        let message = format!("The upstream could not be reached: {what}");
        Self { error: TurnError::new(ErrorKind::UpstreamUnavailable, message), class: Class::Transient }
    }

    /// Something answers in the upstream's place that is not to be trusted, or does not speak TLS.
    #[must_use]
    pub fn untrusted(what: impl std::fmt::Display) -> Self {
        let hint = "If a proxy of yours stands in between, name the certificate of its authority with `ca_file`.";
        let message = format!("The upstream's identity cannot be verified: {what}. {hint}");
        Self { error: TurnError::new(ErrorKind::Upstream, message), class: Class::Untrusted }
    }

    /// A request that was never sent because it cannot be made.
    #[must_use]
    pub fn terminal(error: TurnError) -> Self {
        Self { error, class: Class::Terminal }
    }

    /// An answer that is not a stream of events.
    #[must_use]
    pub fn from_status(status: u16, code: Option<&str>, retry_after: Option<&str>, body: &str) -> Self {
        let told = said_in(body);
        let is_quota =
            code == Some("OUT_OF_CREDITS") || QUOTA_TEXTS.iter().any(|text| body.to_lowercase().contains(text));
        let (kind, class, message) = match status {
            429 if is_quota => {
                (ErrorKind::QuotaExhausted, Class::OutOfCredits, format!("The Warp account has no credits left{told}"))
            }
            429 => {
                (ErrorKind::RateLimited, Class::RateLimited, format!("Warp is overloaded or limits this account{told}"))
            }
            401 => (ErrorKind::NoCredential, Class::Unauthorized, format!("Warp refused the credential{told}")),
            403 => (ErrorKind::Forbidden, Class::Forbidden, format!("Warp forbids this account to do that{told}")),
            400 if names_forbidden_model(body) => {
                (ErrorKind::ModelNotAllowed, Class::Terminal, format!("The Warp account may not use this model{told}"))
            }
            400 => (ErrorKind::InvalidRequest, Class::Terminal, format!("Warp could not use the request{told}")),
            408 | 500..=599 => (
                ErrorKind::UpstreamUnavailable,
                Class::Transient,
                format!("Warp failed for the moment (HTTP {status}){told}"),
            ),
            _ => (ErrorKind::Upstream, Class::Terminal, format!("Warp answered with HTTP {status}{told}")),
        };
        let mut error = TurnError::new(kind, message);
        error.retry_after = retry_after.and_then(wait_of);
        Self { error, class }
    }
}

/// What a failed answer says of itself, as the end of a sentence.
fn said_in(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let field = |name: &str| json.as_ref().and_then(|json| json.get(name)).and_then(Value::as_str).map(str::to_owned);
    let text = field("userDisplayMessage").or_else(|| field("error")).or_else(|| field("message"));
    let text = text.unwrap_or_else(|| body.trim().to_owned());
    match excerpt(&text) {
        "" => ".".to_owned(),
        text => format!(": {text}"),
    }
}

/// The first [`EXCERPT`] bytes of `text`, cut between characters.
fn excerpt(text: &str) -> &str {
    &text[..text.floor_char_boundary(EXCERPT)]
}

fn names_forbidden_model(body: &str) -> bool {
    let body = body.to_lowercase();
    body.contains("requested base model") && body.contains("not allowed")
}

/// A `Retry-After` in seconds, bounded. Dates are left aside: they need a clock that agrees with the server's.
fn wait_of(header: &str) -> Option<Duration> {
    let seconds: f64 = header.trim().parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())))
}

/// The failure within an `internal_error`, whose message often holds the model vendor's own error as JSON.
#[must_use]
pub(crate) fn from_internal_error(message: &str) -> TurnError {
    let kind = vendor_error(message).unwrap_or(ErrorKind::Upstream);
    let message = match excerpt(message.trim()) {
        "" => "Warp met an internal error and says no more.".to_owned(),
        text => format!("Warp met an internal error: {text}"),
    };
    TurnError::new(kind, message)
}

/// What kind of error the vendor's JSON within `message` tells, if there is any.
fn vendor_error(message: &str) -> Option<ErrorKind> {
    let start = message.find('{')?;
    let mut documents = serde_json::Deserializer::from_str(&message[start..]).into_iter::<Value>();
    let document = documents.next()?.ok()?;
    let error = document.get("error").unwrap_or(&document);
    let words = ["code", "type", "status"].map(|name| error.get(name).and_then(Value::as_str).unwrap_or_default());
    let is = |wanted: &str| words.iter().any(|word| word.eq_ignore_ascii_case(wanted));
    match error.get("code").or_else(|| error.get("status")).and_then(Value::as_u64) {
        _ if is("context_length_exceeded") => Some(ErrorKind::ContextLengthExceeded),
        _ if is("overloaded_error") || is("rate_limit_error") || is("rate_limit_exceeded") => {
            Some(ErrorKind::ModelUnavailable)
        }
        _ if is("invalid_request_error") => Some(ErrorKind::InvalidRequest),
        _ if is("not_found_error") || is("model_not_found") => Some(ErrorKind::ModelNotFound),
        Some(400) => Some(ErrorKind::InvalidRequest),
        Some(404) => Some(ErrorKind::ModelNotFound),
        Some(429 | 503 | 529) => Some(ErrorKind::ModelUnavailable),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Duration, ErrorKind, Failure, from_internal_error};

    #[track_caller]
    fn check(status: u16, code: Option<&str>, body: &str, kind: ErrorKind, class: Class) {
        let failure = Failure::from_status(status, code, Some("7"), body);
        assert_eq!((failure.error.kind, failure.class), (kind, class), "{}", failure.error.message);
        assert_eq!(failure.error.retry_after, Some(Duration::from_secs(7)));
    }

    #[test]
    fn every_status_of_the_table_has_its_meaning() {
        check(429, Some("OUT_OF_CREDITS"), "", ErrorKind::QuotaExhausted, Class::OutOfCredits);
        check(429, None, "No AI requests remaining", ErrorKind::QuotaExhausted, Class::OutOfCredits);
        check(429, Some("OTHER"), "busy", ErrorKind::RateLimited, Class::RateLimited);
        check(401, None, "{\"error\":\"Unauthorized\"}", ErrorKind::NoCredential, Class::Unauthorized);
        check(403, None, "{\"error\":\"Forbidden\"}", ErrorKind::Forbidden, Class::Forbidden);
        let model = "requested base model x is not allowed for your account";
        check(400, None, model, ErrorKind::ModelNotAllowed, Class::Terminal);
        check(400, None, "nonsense", ErrorKind::InvalidRequest, Class::Terminal);
        check(408, None, "", ErrorKind::UpstreamUnavailable, Class::Transient);
        check(503, None, "", ErrorKind::UpstreamUnavailable, Class::Transient);
        check(418, None, "", ErrorKind::Upstream, Class::Terminal);
    }

    #[test]
    fn a_refusal_says_what_the_server_said_but_not_a_book() {
        let failure = Failure::from_status(400, None, None, "{\"error\":\"bad é thing\"}");
        assert_eq!(failure.error.message, "Warp could not use the request: bad é thing");
        let long = Failure::from_status(500, None, Some("soon"), &"é".repeat(10_000));
        assert!(long.error.message.len() < 600);
        assert_eq!(long.error.retry_after, None);
    }

    #[test]
    fn a_vendor_error_within_an_internal_error_is_told_apart() {
        let kind = |message| from_internal_error(message).kind;
        let openai =
            "upstream: {\"error\":{\"code\":\"context_length_exceeded\",\"type\":\"invalid_request_error\"}} (x)";
        assert_eq!(kind(openai), ErrorKind::ContextLengthExceeded);
        assert_eq!(kind("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}"), ErrorKind::ModelUnavailable);
        assert_eq!(kind("{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}"), ErrorKind::ModelNotFound);
        assert_eq!(kind("tool_call:{ name:{}}"), ErrorKind::Upstream);
        assert_eq!(kind(""), ErrorKind::Upstream);
    }
}
