//! Errors in Google's form: a code, a status and details that the SDKs and the agent read (`google.rpc.Status`; the rows
//! are those of `CLIENTS.md` §3.7).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    dialect::ErrorReply,
    turn::{ErrorKind, TurnError},
};

/// Who gives the reasons below.
const DOMAIN: &str = "warp2api";

/// How one kind of error looks to a client.
struct Shape {
    code: u16,
    status: &'static str,
    /// A word for programs, where the status alone does not tell the kind.
    reason: Option<&'static str>,
}

/// The answer to a request that failed before its answer began.
pub(crate) fn reply(error: &TurnError) -> ErrorReply {
    let mut headers = Vec::new();
    if let Some(wait) = wait(error) {
        headers.push(("retry-after", whole_seconds(wait).to_string()));
    }
    if error.kind == ErrorKind::QuotaExhausted {
        headers.push(("x-should-retry", "false".to_owned()));
    }
    ErrorReply { status: shape(error.kind).code, headers, body: body(error) }
}

/// The error as JSON, the same before the answer began and in the middle of it.
pub(crate) fn body(error: &TurnError) -> Value {
    let Shape { code, status, .. } = shape(error.kind);
    let mut members = json!({"code": code, "message": error.message, "status": status});
    let details = details(error);
    if !details.is_empty() {
        members["details"] = Value::Array(details);
    }
    json!({"error": members})
}

fn details(error: &TurnError) -> Vec<Value> {
    let mut details = Vec::new();
    if let Some(reason) = shape(error.kind).reason {
        details.push(json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": DOMAIN}));
    }
    if let Some(param) = &error.param {
        let violation = json!({"field": param, "description": error.message});
        details.push(json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}));
    }
    if let Some(wait) = wait(error) {
        let delay = format!("{}s", whole_seconds(wait));
        details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}));
    }
    details
}

fn shape(kind: ErrorKind) -> Shape {
    const ARGUMENT: &str = "INVALID_ARGUMENT";
    const DENIED: &str = "PERMISSION_DENIED";
    const UNAVAILABLE: &str = "UNAVAILABLE";
    let (code, status, reason) = match kind {
        ErrorKind::InvalidRequest => (400, ARGUMENT, None),
        ErrorKind::ContextLengthExceeded => (400, ARGUMENT, Some("CONTEXT_LENGTH_EXCEEDED")),
        ErrorKind::ClientKey => (401, "UNAUTHENTICATED", Some("API_KEY_INVALID")),
        ErrorKind::Forbidden => (403, DENIED, None),
        ErrorKind::ModelNotAllowed => (403, DENIED, Some("MODEL_NOT_ALLOWED")),
        ErrorKind::VendorKey => (403, DENIED, Some("VENDOR_KEY_INVALID")),
        ErrorKind::ModelNotFound => (404, "NOT_FOUND", Some("MODEL_NOT_FOUND")),
        ErrorKind::NotFound => (404, "NOT_FOUND", None),
        ErrorKind::MethodNotAllowed => (405, "UNIMPLEMENTED", None),
        ErrorKind::BodyTooLarge => (413, ARGUMENT, Some("REQUEST_TOO_LARGE")),
        ErrorKind::UnsupportedEncoding => (415, ARGUMENT, Some("UNSUPPORTED_ENCODING")),
        // Of all reasons for this status, Google's agent gives up at once only at a few, and this alone of them is true.
        ErrorKind::QuotaExhausted => (429, "RESOURCE_EXHAUSTED", Some("INSUFFICIENT_G1_CREDITS_BALANCE")),
        ErrorKind::RateLimited => (429, "RESOURCE_EXHAUSTED", Some("RATE_LIMIT_EXCEEDED")),
        ErrorKind::Upstream => (500, "INTERNAL", None),
        ErrorKind::Internal => (500, "INTERNAL", None),
        ErrorKind::Truncated => (502, UNAVAILABLE, Some("TRUNCATED")),
        ErrorKind::NoCredential => (503, UNAVAILABLE, Some("NO_CREDENTIAL")),
        ErrorKind::ModelUnavailable => (503, UNAVAILABLE, Some("MODEL_OVERLOADED")),
        ErrorKind::Overloaded => (503, UNAVAILABLE, Some("GATEWAY_OVERLOADED")),
        ErrorKind::UpstreamUnavailable => (503, UNAVAILABLE, None),
        ErrorKind::UpstreamTimeout => (504, "DEADLINE_EXCEEDED", None),
    };
    Shape { code, status, reason }
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
    fn a_bad_field_is_named_where_programs_look_for_it() {
        let reply = reply(&TurnError::invalid("contents[0].role", "`contents[0].role` must be user or model."));
        assert_eq!((reply.status, reply.headers), (400, vec![]));
        assert_eq!(
            reply.body,
            json!({"error": {"code": 400, "message": "`contents[0].role` must be user or model.",
                "status": "INVALID_ARGUMENT", "details": [{"@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "contents[0].role",
                                     "description": "`contents[0].role` must be user or model."}]}]}})
        );
    }

    #[test]
    fn the_time_to_wait_is_in_a_header_and_in_the_details() {
        let error = TurnError::new(ErrorKind::RateLimited, "x").retry_after(Duration::from_millis(1_001));
        let reply = reply(&error);
        assert_eq!((reply.status, &reply.headers[..]), (429, &[("retry-after", "2".to_owned())][..]));
        assert_eq!(reply.body["error"]["status"], "RESOURCE_EXHAUSTED");
        assert_eq!(reply.body["error"]["details"][1]["retryDelay"], "2s");
    }

    #[test]
    fn spent_credits_are_not_worth_a_retry() {
        let reply = reply(&TurnError::new(ErrorKind::QuotaExhausted, "x"));
        assert_eq!(reply.headers, [("x-should-retry", "false".to_owned())]);
        assert_eq!(reply.body["error"]["details"][0]["reason"], "INSUFFICIENT_G1_CREDITS_BALANCE");
    }
}
