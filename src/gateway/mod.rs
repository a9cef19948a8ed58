//! One turn end to end: the history made sound, a credential on loan, the call, another try before first output, the
//! client's own limits, the cost.
//!
//! It must not know dialects or HTTP servers: it takes a [`Turn`] and gives [`TurnEvent`]s.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::task::JoinHandle;

use crate::{
    credential::{self, CredentialError, Shortage},
    models::Catalogue,
    turn::{self, ErrorKind, Turn, TurnError, TurnEvent},
    upstream::Upstream,
};

mod accounts;
mod bounded;
mod config;
mod continuity;
mod cut;
mod demand;
mod durable;
mod form;
mod job;
mod measure;
mod observe;
mod prefix;
mod quota;
mod raw;
mod reach;
mod reading;
mod record;
mod retell;
mod tally;
mod tokens;
mod traced;
mod trail;
mod watch;

pub use accounts::Renewal;
pub use bounded::{Bounded, Bounds};
pub use config::Patience;
pub use continuity::{Conversation, Conversations};
pub use durable::Durable;
pub use measure::Measurer;
pub use observe::{Again, Observer, Watch};
pub use quota::Meter;
pub use raw::{RawAnswer, RawStep};
pub use retell::Retold;
pub use tokens::{count_input, is_counted_quickly};
pub use traced::Traced;
pub use trail::Trail;
pub use watch::Watcher;

/// Runs turns. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    core: Arc<Core>,
}

/// What all turns share.
struct Core {
    upstream: Upstream,
    credentials: Arc<credential::Pool>,
    patience: Patience,
    conversations: Box<dyn Conversations>,
    quotas: Arc<quota::Quotas>,
    observers: observe::Observers,
    probes: reach::Probes,
}

/// Whose conversation a turn belongs to.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The client; conversations of different clients never meet.
    pub client: String,
    /// What the client says of its session: a hint, for it can say anything.
    pub session: Option<String>,
    /// The id of the request that the turn answers, for logs and observers.
    pub request_id: String,
    /// The dialect that the client speaks, for observers.
    pub dialect: &'static str,
    /// The span that the client says the turn belongs to, as W3C's `traceparent` has it: a hint, too.
    pub trace_parent: Option<String>,
    /// What goes with it, as `tracestate` has it.
    pub trace_state: Option<String>,
    /// Where what is done for the turn is noted.
    pub trail: Trail,
}

/// An answer as it comes. Dropping it ends the upstream's work on it.
pub struct Answer {
    batches: Pin<Box<dyn Stream<Item = Vec<TurnEvent>> + Send>>,
    /// What came before the answer was handed out.
    early: Vec<TurnEvent>,
    is_over: bool,
    repaired: Vec<String>,
    meter: Meter,
}

impl Gateway {
    /// A gateway to `upstream` that pays with `credentials`.
    #[must_use]
    pub fn new(upstream: Upstream, credentials: Arc<credential::Pool>, patience: Patience) -> Self {
        Self {
            core: Arc::new(Core {
                upstream,
                credentials,
                patience,
                conversations: Box::<continuity::Memory>::default(),
                quotas: Arc::default(),
                observers: observe::Observers::default(),
                probes: reach::Probes::default(),
            }),
        }
    }

    /// Remembers conversations in `conversations`. It is said before the gateway is shared.
    #[must_use]
    pub fn with_conversations(mut self, conversations: Box<dyn Conversations>) -> Self {
        if let Some(core) = Arc::get_mut(&mut self.core) {
            core.conversations = conversations;
        }
        self
    }

    /// Lets `observers` see every turn from now on. It is said before the gateway is shared.
    #[must_use]
    pub fn observed_by(mut self, observers: Vec<Arc<dyn Observer>>) -> Self {
        if let Some(core) = Arc::get_mut(&mut self.core) {
            core.observers = observe::Observers::new(observers);
        }
        self
    }

    /// Runs `turn` until a client hears the first of it, or for as long as [`Patience::hold`] when nothing is heard.
    ///
    /// # Errors
    /// When the turn fails before anything of its answer is heard.
    pub async fn run(&self, mut turn: Turn, scope: Scope) -> Result<Answer, TurnError> {
        let repaired = turn::repair(&mut turn);
        let meter = Meter::new(&self.core.quotas);
        let job = job::Job::new(Arc::clone(&self.core), turn, scope, meter.clone()).await?;
        let batches = stream::unfold(job, |mut job| async move { job.next().await.map(|batch| (batch, job)) });
        let mut answer = Answer { batches: Box::pin(batches), early: Vec::new(), is_over: false, repaired, meter };
        // When the time is up the client is told that all is well so far; what fails later fails within the stream.
        let held = tokio::time::timeout(self.core.patience.hold, answer.until_heard()).await;
        match held.unwrap_or(Ok(())) {
            Ok(()) => Ok(answer),
            Err(error) => Err(error),
        }
    }

    /// From now on lets the upstream be silent for `timeout` within a turn; turns that run keep what they began with.
    pub fn set_idle_timeout(&self, timeout: Duration) {
        self.core.upstream.set_idle_timeout(timeout);
    }

    /// The models there are, as far as is known now.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.core.upstream.catalogue()
    }

    /// Reads the account's own list of models from the upstream; until then the built-in table serves.
    ///
    /// # Errors
    /// When there is no credential, or the upstream does not give the list.
    pub async fn load_catalogue(&self) -> Result<(), TurnError> {
        let lease = self.core.credentials.lease().await.map_err(|error| no_credential(&error))?;
        let read = self.core.upstream.load_catalogue(lease.bearer()).await;
        drop(lease);
        read.map_err(|error| TurnError::new(ErrorKind::UpstreamUnavailable, error.to_string()))
    }

    /// Has the quota of the accounts read from now on, so that answers can show it (see [`Meter`]): once at the start, and
    /// after turns whose account was not asked about for `rest`. Nobody waits for it; what is returned ends with the first
    /// reading. It must be called within the runtime that the turns run in.
    pub fn watch_quota(&self, rest: Duration) -> JoinHandle<()> {
        self.core.watch_quota(rest)
    }
}

impl Answer {
    /// Appends the next batch of events to `events`: all that one reading of the upstream gave. Returns false when the
    /// answer is over. Nothing is lost when the returned future is dropped.
    pub async fn next(&mut self, events: &mut Vec<TurnEvent>) -> bool {
        if !self.early.is_empty() {
            events.append(&mut self.early);
            return true;
        }
        if self.is_over {
            return false;
        }
        match self.batches.next().await {
            Some(batch) => {
                events.extend(batch);
                true
            }
            None => {
                self.is_over = true;
                false
            }
        }
    }

    /// The names of the repairs that the client's history needed.
    #[must_use]
    pub fn repaired(&self) -> &[String] {
        &self.repaired
    }

    /// Shows what the account that pays for the answer may still spend.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Collects events until one that a client hears; a failure before that is the turn's own.
    async fn until_heard(&mut self) -> Result<(), TurnError> {
        while let Some(batch) = self.batches.next().await {
            let first = batch.iter().find(|event| is_heard(event)).cloned();
            self.early.extend(batch);
            match first {
                Some(TurnEvent::Failed(error)) => return Err(error),
                Some(_) => return Ok(()),
                None => {}
            }
        }
        self.is_over = true;
        Ok(())
    }
}

fn is_heard(event: &TurnEvent) -> bool {
    match event {
        TurnEvent::Text(_)
        | TurnEvent::Reasoning(_)
        | TurnEvent::ToolCall(_)
        | TurnEvent::Finished(_)
        | TurnEvent::Failed(_) => true,
        TurnEvent::Started { .. }
        | TurnEvent::ModelUsed { .. }
        | TurnEvent::WebSearch(_)
        | TurnEvent::Citations(_)
        | TurnEvent::Usage(_) => false,
    }
}

/// What a client hears when there is no credential to spend; the hint is for whoever runs the gateway.
fn no_credential(error: &CredentialError) -> TurnError {
    // What passes by itself is no fault of the credential, and worth another try.
    let kind = match error {
        CredentialError::NoneReady { shortage, .. } => match shortage {
            Shortage::Limits => ErrorKind::RateLimited,
            Shortage::Credits => ErrorKind::QuotaExhausted,
            Shortage::Forbidden => ErrorKind::Forbidden,
            Shortage::Refusals | Shortage::Ended => ErrorKind::NoCredential,
        },
        error if error.is_passing() => ErrorKind::UpstreamUnavailable,
        _ => ErrorKind::NoCredential,
    };
    let mut told =
        TurnError::new(kind, format!("The gateway has no usable Warp credential: {error} ({}).", error.hint()));
    if let CredentialError::NoneReady { retry_after, .. } = error {
        told.retry_after = *retry_after;
    }
    told
}
