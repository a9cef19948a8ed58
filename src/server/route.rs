//! Which thing a path names. Clients are given base URLs with `/v1`, without it and with a slash too many, and build
//! paths from them in every way, so all of these lead to the same place (`CLIENTS.md` §4.12).

use axum::http::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::{
    dialect::{self, Dialect, Operation},
    server::models,
};

/// What a path names.
pub(crate) enum Target {
    /// The server itself.
    Root,
    /// Whether it is alive.
    Health,
    /// Whether it is ready for requests.
    Ready,
    /// What is counted.
    Metrics,
    /// The list of models.
    Models(Family),
    /// One model, by its id.
    Model(Family, String),
    /// Something of this dialect.
    Dialect(&'static dyn Dialect, Operation),
    /// Nothing that is served.
    Unknown(Family),
}

/// Whose path it is, as far as its version tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Anyone's but Google's.
    Usual,
    /// Google's.
    Gemini,
}

impl Target {
    /// The target of the path `path`, as it came.
    pub(crate) fn of(path: &str) -> Self {
        let segments = significant(path);
        let serves = |dialect: &&'static dyn Dialect| Some((*dialect, dialect.operation(&segments)?));
        if let Some((dialect, operation)) = dialect::ALL.iter().find_map(serves) {
            return Self::Dialect(dialect, operation);
        }
        let (family, rest) = match segments.as_slice() {
            ["v1beta" | "v1alpha", rest @ ..] => (Family::Gemini, rest),
            rest => (Family::Usual, rest),
        };
        match rest {
            [] => Self::Root,
            ["healthz"] => Self::Health,
            ["readyz"] => Self::Ready,
            ["metrics"] => Self::Metrics,
            ["models"] => Self::Models(family),
            ["models", id @ ..] => {
                Self::Model(family, percent_decode_str(&id.join("/")).decode_utf8_lossy().into_owned())
            }
            _ => Self::Unknown(family),
        }
    }

    /// The methods that it takes, as an `allow` header has them.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::Root | Self::Health | Self::Ready | Self::Metrics | Self::Models(_) | Self::Model(..) => {
                "GET, HEAD, OPTIONS"
            }
            Self::Dialect(_, Operation::Answer | Operation::Count) => "POST, OPTIONS",
            Self::Dialect(_, Operation::Kept(_)) => "GET, HEAD, DELETE, OPTIONS",
            Self::Unknown(_) => "OPTIONS",
        }
    }

    /// True when the method `method` means something here.
    pub(crate) fn takes(&self, method: &str) -> bool {
        self.methods().split(", ").any(|known| known == method)
    }

    /// True when the method `method` asks a model for something that is not served, as a path of Google's does that ends
    /// in `:embedContent`.
    pub(crate) fn is_unknown_to(&self, method: &str) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Model(_, id) => method == "POST" && id.contains(':'),
            Self::Root | Self::Health | Self::Ready | Self::Metrics | Self::Models(_) | Self::Dialect(..) => false,
        }
    }

    /// True when it is open to everyone.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Root | Self::Health | Self::Ready => true,
            Self::Metrics | Self::Models(_) | Self::Model(..) | Self::Dialect(..) | Self::Unknown(_) => false,
        }
    }

    /// What it is called where requests are counted. There are few such names.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Health => "healthz",
            Self::Ready => "readyz",
            Self::Metrics => "metrics",
            Self::Models(_) | Self::Model(..) => "models",
            Self::Dialect(dialect, _) => dialect.name(),
            Self::Unknown(_) => "unknown",
        }
    }

    /// The dialect that errors about it are written in. What belongs to none is said in the one that the headers speak.
    pub(crate) fn dialect(&self, headers: &HeaderMap) -> &'static dyn Dialect {
        match self {
            Self::Dialect(dialect, _) => *dialect,
            Self::Models(Family::Gemini) | Self::Model(Family::Gemini, _) | Self::Unknown(Family::Gemini) => {
                &dialect::gemini::Gemini
            }
            Self::Root
            | Self::Health
            | Self::Ready
            | Self::Metrics
            | Self::Models(Family::Usual)
            | Self::Model(Family::Usual, _)
            | Self::Unknown(Family::Usual) => match models::wants_anthropic(headers) {
                true => &dialect::anthropic::Anthropic,
                false => &dialect::openai_chat::OpenAiChat,
            },
        }
    }
}

/// What there is, for an answer that says so.
pub(crate) fn endpoints() -> Vec<String> {
    let dialects = dialect::ALL.iter().flat_map(|dialect| dialect.endpoints()).map(|endpoint| (*endpoint).to_owned());
    dialects
        .chain(
            ["GET /v1/models", "GET /v1/models/{id}", "GET /v1beta/models[/{id}]"]
                .into_iter()
                .chain(["GET /healthz", "GET /readyz", "GET /metrics"])
                .map(str::to_owned),
        )
        .collect()
}

/// The segments of a path that tell it from others.
pub(crate) fn significant(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).skip_while(|segment| *segment == "v1").collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Target, endpoints};

    fn name(path: &str) -> String {
        match Target::of(path) {
            Target::Root => "root".to_owned(),
            Target::Health => "health".to_owned(),
            Target::Ready => "ready".to_owned(),
            Target::Metrics => "metrics".to_owned(),
            Target::Models(family) => format!("models {family:?}"),
            Target::Model(family, id) => format!("model {family:?} {id}"),
            Target::Dialect(dialect, _) => dialect.name().to_owned(),
            Target::Unknown(family) => format!("unknown {family:?}"),
        }
    }

    #[test]
    fn every_way_to_build_a_path_leads_there() {
        for path in [
            "/v1/chat/completions",
            "/chat/completions",
            "/v1/v1/chat/completions",
            "/v1/chat/completions/",
            "//v1//chat/completions",
        ] {
            assert_eq!(name(path), "openai_chat", "{path}");
        }
        for (path, target) in [
            ("/", "root"),
            ("", "root"),
            ("/v1", "root"),
            ("/v1/", "root"),
            ("/healthz", "health"),
            ("/readyz", "ready"),
            ("/metrics", "metrics"),
            ("/v1/models", "models Usual"),
            ("/models/", "models Usual"),
            ("/v1/models/gpt-5", "model Usual gpt-5"),
            ("/v1/models/vendor/name", "model Usual vendor/name"),
            ("/v1/models/vendor%2Fname%20%28high%29", "model Usual vendor/name (high)"),
            ("/v1/models/%ff", "model Usual \u{fffd}"),
            ("/v1beta/models", "models Gemini"),
            ("/v1alpha/models/gpt-5", "model Gemini gpt-5"),
            ("/v1beta/models/gpt-5%20(high):streamGenerateContent", "gemini"),
            ("/v1/models/gpt-5:countTokens", "gemini"),
            ("/v1beta/files", "unknown Gemini"),
            ("/v1/responses", "openai_responses"),
            ("/responses/input_tokens", "openai_responses"),
            ("/v1/responses/resp_1", "openai_responses"),
            ("/v1/responses/compact", "unknown Usual"),
            ("/v1/responses/resp_1/cancel", "unknown Usual"),
            ("/v1/embeddings", "unknown Usual"),
            ("/chat", "unknown Usual"),
            ("/v1/chat/completions/7", "unknown Usual"),
            ("/chat/v1/completions", "unknown Usual"),
        ] {
            assert_eq!(name(path), target, "{path}");
        }
    }

    #[test]
    fn errors_are_in_the_form_that_the_client_knows() {
        let plain = HeaderMap::new();
        let mut versioned = HeaderMap::new();
        versioned.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        for (path, without, with) in [
            ("/v1/messages", "anthropic", "anthropic"),
            ("/v1/messages/count_tokens", "anthropic", "anthropic"),
            ("/v1/chat/completions", "openai_chat", "openai_chat"),
            ("/v1/messages/batches", "openai_chat", "anthropic"),
            ("/v1/models/none", "openai_chat", "anthropic"),
        ] {
            let target = Target::of(path);
            assert_eq!((target.dialect(&plain).name(), target.dialect(&versioned).name()), (without, with), "{path}");
        }
    }

    #[test]
    fn every_dialect_is_among_the_endpoints() {
        assert!(endpoints().contains(&"POST /v1/chat/completions".to_owned()));
    }
}
