//! Why a turn failed: a kind that programs branch on, and a sentence that people read.

use std::time::Duration;

/// A failed turn. The message names what went wrong and, where possible, what to do; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TurnError {
    /// What a program needs to know.
    pub kind: ErrorKind,
    /// What a person needs to know.
    pub message: String,
    /// The request field at fault, such as `messages[2].content`.
    pub param: Option<String>,
    /// How long a client should wait before it tries again.
    pub retry_after: Option<Duration>,
}

/// What kind of failure it was. Each dialect maps every kind to a status and a body (`CLIENTS.md` §3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is malformed or asks for what cannot be done.
    InvalidRequest,
    /// The conversation is longer than the model's context window.
    ContextLengthExceeded,
    /// The client's key for this gateway is missing or wrong.
    ClientKey,
    /// The upstream forbids this, and trying again will not help.
    Forbidden,
    /// The account's plan does not include the model.
    ModelNotAllowed,
    /// No such model.
    ModelNotFound,
    /// No such path or object.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The request body is larger than the limit.
    BodyTooLarge,
    /// The request body's content encoding is not known.
    UnsupportedEncoding,
    /// The account has no credits left.
    QuotaExhausted,
    /// Too many requests for now.
    RateLimited,
    /// The gateway holds no credential that the upstream accepts.
    NoCredential,
    /// A key of the user's own with a model vendor was refused.
    VendorKey,
    /// The model's vendor is overloaded or down.
    ModelUnavailable,
    /// The gateway itself has as much to do as it takes on.
    Overloaded,
    /// The upstream cannot be reached, or answers with a passing failure.
    UpstreamUnavailable,
    /// The upstream fell silent.
    UpstreamTimeout,
    /// The upstream's answer broke off, so what was sent is not the whole of it.
    Truncated,
    /// The upstream failed and will not say more.
    Upstream,
    /// A fault of the gateway itself.
    Internal,
}

impl ErrorKind {
    /// The name that logs, metrics and traces use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::ClientKey => "client_key",
            Self::Forbidden => "forbidden",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::ModelNotFound => "model_not_found",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::QuotaExhausted => "quota_exhausted",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::NoCredential => "no_credential",
            Self::VendorKey => "vendor_key",
            Self::ModelUnavailable => "model_unavailable",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::Truncated => "truncated",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}

impl TurnError {
    /// An error of `kind` that says `message`.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), param: None, retry_after: None }
    }

    /// A bad request, with the field at fault.
    #[must_use]
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(ErrorKind::InvalidRequest, message) }
    }

    /// The same error with a time to wait before the next try.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}
