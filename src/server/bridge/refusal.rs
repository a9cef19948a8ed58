//! How the bridge says no: a status and `{"detail": …}`, as the Python bridge does.

use axum::{
    Json,
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    dialect::{Dialect as _, openai_chat::OpenAiChat},
    turn::TurnError,
};

/// A refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    detail: Value,
}

impl Refusal {
    /// A refusal that says `detail`, a sentence or an object.
    pub(super) fn new(status: u16, detail: impl Into<Value>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// A body that is no JSON, or none of the form that is wanted.
    pub(super) fn malformed(place: &[&str], message: impl std::fmt::Display) -> Self {
        let place: Vec<&str> = ["body"].iter().chain(place).copied().collect();
        Self::invalid(&place, message)
    }

    /// A request that is not of the form that is wanted, at `place`.
    fn invalid(place: &[&str], message: impl std::fmt::Display) -> Self {
        Self::new(422, json!([{"type": "invalid", "loc": place, "msg": message.to_string()}]))
    }

    /// What `error` says.
    pub(super) fn of(error: &TurnError) -> Self {
        Self::new(status_of(error), error.to_string())
    }
}

/// The status that the public API has for `error`.
pub(super) fn status_of(error: &TurnError) -> u16 {
    OpenAiChat.error(error, "").status
}

impl From<TurnError> for Refusal {
    fn from(error: TurnError) -> Self {
        Self::of(&error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({"detail": self.detail}))).into_response()
    }
}

/// What the path names; refused as everything else is where it names nothing of the kind.
pub(super) struct InPath<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Path::from_request_parts(parts, state).await;
        read.map(|Path(named)| Self(named)).map_err(|error| Refusal::invalid(&["path"], error.body_text()))
    }
}

/// What the query asks for; refused in the same way.
pub(super) struct InQuery<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for InQuery<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Query::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Self(asked)).map_err(|error| Refusal::invalid(&["query"], error.body_text()))
    }
}
