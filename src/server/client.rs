//! The client that a request comes from: what its key lets it do, what it may still use, and what its answers cost it.
//!
//! Where keys are kept and how they are counted is `clients`' business; here is what a request meets of it, and the
//! sentences that say no.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderName};

use crate::{
    clients::{Clients, Denied, Key, Left, Limit, Pass, Refusal, Spent},
    dialect::Dialect,
    models::Catalogue,
    server::respond,
    turn::{Allowance, Bound, ErrorKind, Quota, TurnError, TurnEvent},
};

/// About how many bytes of text a token is, where an answer was left before anyone could say.
const TOKEN_BYTES: u64 = 4;

/// Who calls.
#[derive(Clone, Default)]
pub(crate) struct Client {
    /// A name for its key that tells nothing of the key.
    pub(crate) name: String,
    /// Its key, where that is one with terms.
    pub(crate) key: Option<Arc<Key>>,
}

impl Client {
    /// The client of a key without terms.
    pub(crate) fn named(name: String) -> Self {
        Self { name, key: None }
    }

    /// The client of `key`. It is called by the key's id, which stays the same with another secret and in every replica.
    pub(crate) fn of(key: Arc<Key>) -> Self {
        Self { name: format!("key-{}", key.id), key: Some(key) }
    }

    /// Lets a request in `dialect` pass.
    ///
    /// # Errors
    /// When the key may not speak it.
    pub(crate) fn check_dialect(&self, dialect: &str) -> Result<(), TurnError> {
        match &self.key {
            Some(key) if !key.terms.allow_dialect(dialect) => {
                let allowed = key.terms.dialects.join(", ");
                let message =
                    format!("The client key `{}` may not use this API ({dialect}), only: {allowed}.", key.name);
                Err(TurnError::new(ErrorKind::Forbidden, message))
            }
            _ => Ok(()),
        }
    }

    /// Lets a request for `model` pass.
    ///
    /// # Errors
    /// When the key may not ask it.
    pub(crate) fn check_model(&self, model: &str, catalogue: &Catalogue) -> Result<(), TurnError> {
        let Some(key) = &self.key else { return Ok(()) };
        if may_ask(key, model, catalogue) {
            return Ok(());
        }
        let allowed = key.terms.models.join(", ");
        let message = format!("The client key `{}` may not use the model `{model}`, only: {allowed}.", key.name);
        Err(TurnError::new(ErrorKind::ModelNotAllowed, message))
    }

    /// What the client sees of `catalogue`.
    pub(crate) fn catalogue(&self, catalogue: Arc<Catalogue>) -> Arc<Catalogue> {
        match &self.key {
            Some(key) if !key.terms.models.is_empty() => {
                Arc::new(catalogue.only(|model| may_ask(key, &model.id, &catalogue)))
            }
            _ => catalogue,
        }
    }
}

fn may_ask(key: &Key, model: &str, catalogue: &Catalogue) -> bool {
    key.terms.allow_model(model, |alias| catalogue.resolve(alias))
}

/// What a request costs its client, from when it is let in until its answer is over, however that comes about.
#[derive(Default)]
pub(crate) struct Bill {
    clients: Option<Clients>,
    key: Option<Arc<Key>>,
    pass: Option<Pass>,
    /// What the key has left.
    left: Left,
    spent: Spent,
    /// True once the upstream has said what an answer cost.
    is_known: bool,
    /// Tokens of the input, where they were counted for a client that may use so many.
    input: u64,
    /// Bytes of the answer.
    heard: u64,
}

impl Bill {
    /// Lets a request of `client` in, and begins its bill. One that is refused costs nothing.
    ///
    /// # Errors
    /// When the client may not use more for now.
    pub(crate) async fn open(&mut self, clients: Option<&Clients>, client: &Client) -> Result<(), TurnError> {
        let (Some(clients), Some(key)) = (clients, &client.key) else { return Ok(()) };
        (self.clients, self.key) = (Some(clients.clone()), Some(Arc::clone(key)));
        match clients.enter(key).await {
            Ok(pass) => {
                self.left = pass.left();
                self.pass = Some(pass);
                Ok(())
            }
            Err(Denied::Refused(refusal)) => {
                self.left = refusal.left;
                Err(refused(key, &refusal))
            }
            Err(Denied::Uncounted(error)) => {
                tracing::warn!(%error, key = key.name, "a request cannot be counted and is refused");
                let message = "What client keys use cannot be counted just now; the gateway's log says why.";
                Err(TurnError::new(ErrorKind::UpstreamUnavailable, message))
            }
        }
    }

    /// The name of the key that pays, where it is one with terms.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.name.as_str())
    }

    /// True when it should hear how many tokens the input is: the client may leave before the upstream says so.
    pub(crate) fn wants_input_estimate(&self) -> bool {
        self.left.tokens.is_some()
    }

    /// The input is about `tokens` tokens, and the upstream has it.
    pub(crate) fn expect_input(&mut self, tokens: u64) {
        self.input = tokens;
    }

    /// Takes a step of an answer down.
    pub(crate) fn note(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Text(text) | TurnEvent::Reasoning(text) => self.heard += text.len() as u64,
            TurnEvent::Usage(usage) => {
                self.is_known = true;
                let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
                self.spent.tokens = self.spent.tokens.saturating_add(tokens);
                self.spent.credits += usage.credits.unwrap_or_default();
            }
            TurnEvent::Started { .. }
            | TurnEvent::ModelUsed { .. }
            | TurnEvent::WebSearch(_)
            | TurnEvent::Citations(_)
            | TurnEvent::ToolCall(_)
            | TurnEvent::Finished(_)
            | TurnEvent::Failed(_) => {}
        }
    }

    /// Ends the bill and waits until it is counted, so that whoever has heard the end of an answer can have the next.
    pub(crate) async fn settle(&mut self) {
        let spent = self.spent();
        if let Some(settling) = self.pass.as_mut().and_then(|pass| pass.settle(spent)) {
            self.left = self.left.after(spent);
            // It is not stopped by anyone, and what it meets it tells the log.
            drop(settling.await);
        }
    }

    /// What the answer has cost: what the upstream says, else what its client has had of it.
    fn spent(&self) -> Spent {
        match self.is_known {
            true => self.spent,
            false => Spent { tokens: self.input + self.heard.div_ceil(TOKEN_BYTES), credits: 0.0 },
        }
    }

    /// What the key's credits would be if it were an account's, for those who are shown such.
    pub(crate) fn quota(&self) -> Option<Quota> {
        let credits = self.left.credits?;
        // The casts cut what is beyond the type.
        let (limit, used) = (credits.limit.floor() as u64, credits.limit.floor() - credits.remaining.floor());
        let (refresh_at, window) = (Some(credits.reset / 1000), Some(Duration::from_secs(24 * 3600)));
        Some(Quota { limit, used, refresh_at, window, ..Quota::default() })
    }

    /// Puts the headers that say what the key may still use.
    pub(crate) fn put_left(&self, headers: &mut HeaderMap, dialect: &dyn Dialect) {
        let Some(clients) = &self.clients else { return };
        let seconds = |millis: u64| millis.div_ceil(1000);
        let bound = |limit, remaining, reset| Bound { limit, remaining, reset_at: seconds(reset) };
        let allowance = Allowance {
            requests: self.left.requests.map(|left| bound(left.limit, left.remaining, left.reset)),
            tokens: self.left.tokens.map(|left| bound(left.limit, left.remaining, left.reset)),
        };
        for (name, value) in dialect.allowance_headers(&allowance, clients.now() / 1000) {
            respond::put(headers, HeaderName::from_static(name), &value);
        }
        if let Some(credits) = self.left.credits {
            let (limit, remaining) = (credits.limit, credits.remaining);
            for (name, value) in [("x-warp2api-credits-limit", limit), ("x-warp2api-credits-remaining", remaining)] {
                respond::put(headers, HeaderName::from_static(name), &rounded(value).to_string());
            }
        }
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        let spent = self.spent();
        if let Some(pass) = &mut self.pass {
            drop(pass.settle(spent));
        }
    }
}

/// Why `refusal`, in words that tell it from a limit of the upstream, and from other limits of the key.
fn refused(key: &Key, refusal: &Refusal) -> TurnError {
    let (name, limits, wait) = (&key.name, &key.terms.limits, refusal.wait);
    let what = match (refusal.limit, refusal.is_held) {
        (Limit::Requests, _) => {
            let limit = limits.requests_per_minute.unwrap_or_default();
            format!("may make {} a minute, and has made them", counted(limit.into(), "request"))
        }
        (Limit::Streams, _) => {
            let limit = limits.streams.unwrap_or_default();
            format!("may have {} under way at once, and has", counted(limit.into(), "answer"))
        }
        (Limit::Tokens, false) => {
            let limit = limits.tokens_per_day.unwrap_or_default();
            format!("may use {limit} tokens a day, and has used them; the day ends at midnight UTC")
        }
        (Limit::Credits, false) => {
            let limit = limits.credits_per_day.unwrap_or_default();
            format!("may spend {limit} credits a day, and has spent them; the day ends at midnight UTC")
        }
        (Limit::Tokens, true) => "needs its last tokens of the day for the answers that are under way".to_owned(),
        (Limit::Credits, true) => "needs its last credits of the day for the answers that are under way".to_owned(),
    };
    // Codex looks for these words, with the seconds written so.
    let again = format!("Please try again in {}s.", wait.as_millis().div_ceil(1000));
    let kind = match (refusal.limit, refusal.is_held) {
        // It is not worth a try after a moment.
        (Limit::Tokens | Limit::Credits, false) => ErrorKind::QuotaExhausted,
        _ => ErrorKind::RateLimited,
    };
    let message = format!("The client key `{name}` {what}. This is a limit of the gateway's own, not of Warp. {again}");
    TurnError::new(kind, message).retry_after(wait)
}

fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A sum of credits without the dust of its parts.
fn rounded(credits: f64) -> f64 {
    (credits * 1e6).round() / 1e6
}
