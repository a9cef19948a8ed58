//! The HTTP errors of the service (`WARP-PROTOCOL.md` §1.7, §5.4): status, headers and body as a client gets them.
//! It must not know why a request is refused.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer that is not a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Refusal {
    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        let content_type = ("content-type".to_owned(), "text/plain; charset=utf-8".to_owned());
        Self { status, headers: vec![content_type], body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let content_type = ("content-type".to_owned(), "application/json".to_owned());
        Self { status, headers: vec![content_type], body: body.to_string() }
    }

    /// 400 for a request the service cannot interpret.
    pub(crate) fn invalid(what: impl std::fmt::Display) -> Self {
        Self::text(400, format!("Invalid request: {what}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::json(401, &json!({"error": "Unauthorized"}))
    }

    pub(crate) fn forbidden() -> Self {
        Self::json(403, &json!({"error": "Forbidden"}))
    }

    pub(crate) fn out_of_credits() -> Self {
        let body = json!({
            "error": "No AI requests remaining",
            "userDisplayMessage": "You are out of credits. They come back with the next refresh of your plan.",
        });
        let mut refusal = Self::json(429, &body);
        refusal.headers.push(("x-warp-error-code".to_owned(), "OUT_OF_CREDITS".to_owned()));
        refusal
    }

    pub(crate) fn overloaded() -> Self {
        Self::json(429, &json!({"error": "Too many requests"}))
    }

    pub(crate) fn model_not_allowed(model: &str) -> Self {
        Self::json(400, &json!({"error": format!("requested base model {model} is not allowed for your account")}))
    }

    pub(crate) fn conversation_broken() -> Self {
        Self::json(400, &json!({"error": "Something went wrong with this conversation"}))
    }

    /// The usual answer for a bare status.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::unauthorized(),
            403 => Self::forbidden(),
            429 => Self::overloaded(),
            _ => {
                let reason = StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
                Self::json(status, &json!({"error": reason.unwrap_or("Error")}))
            }
        }
    }

    /// An error of the token endpoints.
    pub(crate) fn token(message: &str) -> Self {
        Self::json(400, &json!({"error": {"code": 400, "message": message}}))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }
}
