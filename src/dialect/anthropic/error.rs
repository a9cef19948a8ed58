//! Errors in Anthropic's form: the status and `type` that the SDKs turn into exception classes (`CLIENTS.md` §3.7).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    dialect::ErrorReply,
    turn::{ErrorKind, TurnError},
};

/// The answer to a request that failed before its answer began.
pub(crate) fn reply(error: &TurnError, request_id: &str) -> ErrorReply {
    let mut headers = Vec::new();
    if let Some(wait) = wait(error) {
        headers.push(("retry-after", whole_seconds(wait).to_string()));
    }
    if error.kind == ErrorKind::QuotaExhausted {
        // Every 429 is tried again unless the client is told not to, and credits do not come back by waiting a little.
        headers.push(("x-should-retry", "false".to_owned()));
    }
    ErrorReply { status: shape(error.kind).0, headers, body: body(error, request_id) }
}

/// The error as JSON, the same before the answer began and in the middle of it.
pub(crate) fn body(error: &TurnError, request_id: &str) -> Value {
    let mut inner = json!({"type": shape(error.kind).1, "message": message(error)});
    if let Some(code) = code(error.kind) {
        inner["details"] = json!({"error_code": code});
    }
    json!({"type": "error", "error": inner, "request_id": request_id})
}

/// Status and `type`.
fn shape(kind: ErrorKind) -> (u16, &'static str) {
    const REQUEST: &str = "invalid_request_error";
    const API: &str = "api_error";
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::ContextLengthExceeded => (400, REQUEST),
        ErrorKind::ClientKey => (401, "authentication_error"),
        // A refused vendor key is not 401, which some clients answer by trying the same again and again.
        ErrorKind::Forbidden | ErrorKind::ModelNotAllowed | ErrorKind::VendorKey => (403, "permission_error"),
        ErrorKind::ModelNotFound | ErrorKind::NotFound => (404, "not_found_error"),
        ErrorKind::MethodNotAllowed => (405, REQUEST),
        ErrorKind::BodyTooLarge => (413, "request_too_large"),
        ErrorKind::UnsupportedEncoding => (415, REQUEST),
        ErrorKind::QuotaExhausted | ErrorKind::RateLimited => (429, "rate_limit_error"),
        ErrorKind::Upstream | ErrorKind::Internal => (500, API),
        ErrorKind::Truncated => (502, API),
        ErrorKind::NoCredential | ErrorKind::UpstreamUnavailable => (503, API),
        ErrorKind::UpstreamTimeout => (504, "timeout_error"),
        ErrorKind::ModelUnavailable | ErrorKind::Overloaded => (529, "overloaded_error"),
    }
}

/// What the newest SDKs make a class of its own of.
fn code(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::UnsupportedEncoding => Some("request_body_encoding_unsupported"),
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ClientKey
        | ErrorKind::Forbidden
        | ErrorKind::ModelNotAllowed
        | ErrorKind::VendorKey
        | ErrorKind::ModelNotFound
        | ErrorKind::NotFound
        | ErrorKind::MethodNotAllowed
        | ErrorKind::BodyTooLarge
        | ErrorKind::QuotaExhausted
        | ErrorKind::RateLimited
        | ErrorKind::Upstream
        | ErrorKind::Internal
        | ErrorKind::Truncated
        | ErrorKind::NoCredential
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamTimeout
        | ErrorKind::ModelUnavailable
        | ErrorKind::Overloaded => None,
    }
}

/// Agents know by these words, and by nothing else, that they must shorten the conversation.
fn message(error: &TurnError) -> String {
    const TOO_LONG: &str = "prompt is too long";
    match error.kind == ErrorKind::ContextLengthExceeded && !error.message.contains(TOO_LONG) {
        true => format!("{TOO_LONG}: {}", error.message),
        false => error.message.clone(),
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
    fn every_row_of_the_table_has_its_status_and_type() {
        for (kind, status, name) in [
            (ErrorKind::InvalidRequest, 400, "invalid_request_error"),
            (ErrorKind::ContextLengthExceeded, 400, "invalid_request_error"),
            (ErrorKind::ClientKey, 401, "authentication_error"),
            (ErrorKind::Forbidden, 403, "permission_error"),
            (ErrorKind::ModelNotAllowed, 403, "permission_error"),
            (ErrorKind::VendorKey, 403, "permission_error"),
            (ErrorKind::ModelNotFound, 404, "not_found_error"),
            (ErrorKind::NotFound, 404, "not_found_error"),
            (ErrorKind::MethodNotAllowed, 405, "invalid_request_error"),
            (ErrorKind::BodyTooLarge, 413, "request_too_large"),
            (ErrorKind::UnsupportedEncoding, 415, "invalid_request_error"),
            (ErrorKind::QuotaExhausted, 429, "rate_limit_error"),
            (ErrorKind::RateLimited, 429, "rate_limit_error"),
            (ErrorKind::Upstream, 500, "api_error"),
            (ErrorKind::Internal, 500, "api_error"),
            (ErrorKind::Truncated, 502, "api_error"),
            (ErrorKind::NoCredential, 503, "api_error"),
            (ErrorKind::UpstreamUnavailable, 503, "api_error"),
            (ErrorKind::UpstreamTimeout, 504, "timeout_error"),
            (ErrorKind::ModelUnavailable, 529, "overloaded_error"),
            (ErrorKind::Overloaded, 529, "overloaded_error"),
        ] {
            let reply = reply(&TurnError::new(kind, "x"), "req_1");
            assert_eq!((reply.status, &reply.body["error"]["type"]), (status, &json!(name)), "{kind:?}");
            assert_eq!((&reply.body["type"], &reply.body["request_id"]), (&json!("error"), &json!("req_1")));
        }
    }

    #[test]
    fn a_full_context_is_said_in_the_words_that_agents_look_for() {
        let say = |text: &str| reply(&TurnError::new(ErrorKind::ContextLengthExceeded, text), "").body["error"].clone();
        assert_eq!(say("The window is full.")["message"], "prompt is too long: The window is full.");
        assert_eq!(say("prompt is too long: 7 tokens")["message"], "prompt is too long: 7 tokens");
    }

    #[test]
    fn what_the_client_should_do_next_is_in_the_headers() {
        let wait =
            |kind, millis| reply(&TurnError::new(kind, "x").retry_after(Duration::from_millis(millis)), "").headers;
        assert_eq!(wait(ErrorKind::RateLimited, 1_001), [("retry-after", "2".to_owned())]);
        assert_eq!(wait(ErrorKind::ModelUnavailable, 3_000), [("retry-after", "3".to_owned())]);
        let headers = |kind| reply(&TurnError::new(kind, "x"), "").headers;
        assert_eq!(headers(ErrorKind::UpstreamUnavailable), [("retry-after", "1".to_owned())]);
        assert_eq!(headers(ErrorKind::QuotaExhausted), [("x-should-retry", "false".to_owned())]);
        assert_eq!(headers(ErrorKind::InvalidRequest), []);
    }

    #[test]
    fn an_unknown_encoding_has_the_code_that_the_sdk_knows() {
        let reply = reply(&TurnError::new(ErrorKind::UnsupportedEncoding, "x"), "");
        assert_eq!(reply.body["error"]["details"]["error_code"], "request_body_encoding_unsupported");
    }
}
