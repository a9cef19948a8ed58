//! Errors in OpenAI's form: the status, `type` and `code` that the SDKs turn into exception classes (`CLIENTS.md` §3.7).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    dialect::ErrorReply,
    turn::{ErrorKind, TurnError},
};

/// How one kind of error looks to a client.
struct Shape {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
}

/// The answer to a request that failed before its answer began. `conversation` is the field that holds the conversation.
pub(crate) fn reply(error: &TurnError, conversation: &str) -> ErrorReply {
    let mut headers = Vec::new();
    if let Some(wait) = wait(error) {
        headers.push(("retry-after", whole_seconds(wait).to_string()));
    }
    if error.kind == ErrorKind::QuotaExhausted {
        // The SDKs try every 429 again unless they are told not to, and credits do not come back by waiting a little.
        headers.push(("x-should-retry", "false".to_owned()));
    }
    ErrorReply { status: shape(error.kind).status, headers, body: body(error, conversation) }
}

/// The code that programs look at; not every error has one.
pub(crate) fn code(kind: ErrorKind) -> Option<&'static str> {
    shape(kind).code
}

/// The error as JSON, the same before the answer began and in the middle of it.
pub(crate) fn body(error: &TurnError, conversation: &str) -> Value {
    let Shape { kind, code, .. } = shape(error.kind);
    let param = error.param.as_deref().or_else(|| usual_param(error.kind, conversation));
    json!({"error": {"message": error.message, "type": kind, "param": param, "code": code}})
}

fn shape(kind: ErrorKind) -> Shape {
    const REQUEST: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    let (status, kind, code) = match kind {
        ErrorKind::InvalidRequest => (400, REQUEST, None),
        ErrorKind::ContextLengthExceeded => (400, REQUEST, Some("context_length_exceeded")),
        ErrorKind::ClientKey => (401, REQUEST, Some("invalid_api_key")),
        ErrorKind::Forbidden => (403, REQUEST, Some("forbidden")),
        ErrorKind::ModelNotAllowed => (403, REQUEST, Some("model_not_allowed")),
        // Not 401, which some clients answer by trying the same again and again.
        ErrorKind::VendorKey => (403, REQUEST, Some("invalid_api_key")),
        ErrorKind::ModelNotFound => (404, REQUEST, Some("model_not_found")),
        ErrorKind::NotFound => (404, REQUEST, Some("not_found")),
        ErrorKind::MethodNotAllowed => (405, REQUEST, Some("method_not_allowed")),
        ErrorKind::BodyTooLarge => (413, REQUEST, Some("request_too_large")),
        ErrorKind::UnsupportedEncoding => (415, REQUEST, Some("unsupported_encoding")),
        ErrorKind::QuotaExhausted => (429, "insufficient_quota", Some("insufficient_quota")),
        ErrorKind::RateLimited => (429, "rate_limit_error", Some("rate_limit_exceeded")),
        ErrorKind::Upstream => (500, SERVER, Some("upstream_error")),
        ErrorKind::Internal => (500, SERVER, Some("internal_error")),
        ErrorKind::Truncated => (502, SERVER, Some("upstream_truncated")),
        ErrorKind::NoCredential => (503, SERVER, Some("no_credential")),
        ErrorKind::ModelUnavailable | ErrorKind::Overloaded => (503, SERVER, Some("overloaded")),
        ErrorKind::UpstreamUnavailable => (503, SERVER, Some("service_unavailable")),
        ErrorKind::UpstreamTimeout => (504, SERVER, Some("timeout")),
    };
    Shape { status, kind, code }
}

/// The field that such an error is always about.
fn usual_param(kind: ErrorKind, conversation: &str) -> Option<&str> {
    match kind {
        ErrorKind::ContextLengthExceeded => Some(conversation),
        ErrorKind::ModelNotAllowed | ErrorKind::ModelNotFound => Some("model"),
        ErrorKind::InvalidRequest
        | ErrorKind::ClientKey
        | ErrorKind::Forbidden
        | ErrorKind::VendorKey
        | ErrorKind::NotFound
        | ErrorKind::MethodNotAllowed
        | ErrorKind::BodyTooLarge
        | ErrorKind::UnsupportedEncoding
        | ErrorKind::QuotaExhausted
        | ErrorKind::RateLimited
        | ErrorKind::Upstream
        | ErrorKind::Internal
        | ErrorKind::Truncated
        | ErrorKind::NoCredential
        | ErrorKind::ModelUnavailable
        | ErrorKind::Overloaded
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamTimeout => None,
    }
}

/// How long to wait: what the error says, else a moment when the upstream was only briefly away.
fn wait(error: &TurnError) -> Option<Duration> {
    let briefly_away = (error.kind == ErrorKind::UpstreamUnavailable).then_some(Duration::from_secs(1));
    error.retry_after.or(briefly_away)
}

/// Rounded up: a client that comes back early is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::reply;
    use crate::turn::{ErrorKind, TurnError};

    #[test]
    fn a_bad_field_is_named_and_nothing_invites_a_retry() {
        let error = TurnError::invalid("messages[0].role", "`messages[0].role` is required.");
        let reply = reply(&error, "messages");
        assert_eq!((reply.status, reply.headers), (400, vec![]));
        assert_eq!(
            reply.body,
            json!({"error": {"message": "`messages[0].role` is required.", "type": "invalid_request_error",
                             "param": "messages[0].role", "code": null}})
        );
    }

    #[test]
    fn the_time_to_wait_is_whole_seconds_rounded_up() {
        let wait = |kind, millis| {
            reply(&TurnError::new(kind, "x").retry_after(Duration::from_millis(millis)), "messages").headers
        };
        assert_eq!(wait(ErrorKind::RateLimited, 1_001), [("retry-after", "2".to_owned())]);
        assert_eq!(wait(ErrorKind::RateLimited, 3_000), [("retry-after", "3".to_owned())]);
        let unavailable = reply(&TurnError::new(ErrorKind::UpstreamUnavailable, "x"), "messages");
        assert_eq!((unavailable.status, unavailable.headers), (503, vec![("retry-after", "1".to_owned())]));
    }

    #[test]
    fn spent_credits_are_not_worth_a_retry() {
        let reply = reply(&TurnError::new(ErrorKind::QuotaExhausted, "x"), "input");
        assert_eq!(reply.status, 429);
        assert_eq!(reply.headers, [("x-should-retry", "false".to_owned())]);
        assert_eq!(reply.body["error"]["code"], "insufficient_quota");
    }
}
