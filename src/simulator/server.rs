//! The simulator's HTTP surface: the agent endpoints, and what all handlers share. It must not know what an answer says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::schema::Schema;
use crate::simulator::account::{Accounts, Bar};
use crate::simulator::check::{self, Endpoint};
use crate::simulator::conversation::{Conversation, Conversations, Replay};
use crate::simulator::log::{Log, Received};
use crate::simulator::play::{self, Pace};
use crate::simulator::refusal::Refusal;
use crate::simulator::request::Request;
use crate::simulator::scenario::{self, Exchange, Scenario};
use crate::simulator::spoken::{self, Answer};
use crate::simulator::token::{Authority, Holder};
use crate::simulator::{auth, graphql, stream};

/// The largest body accepted.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Failures remembered; further ones are only logged.
const FAILURES: usize = 256;

/// What all handlers share.
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) schema: Schema,
    pub(crate) pace: Pace,
    pub(crate) scenario: Option<Scenario>,
    /// Refuse a continued request that does not carry exactly what was sent.
    pub(crate) strict: bool,
    pub(crate) authority: Authority,
    pub(crate) devices: auth::Devices,
    pub(crate) device_answers: Vec<String>,
    person: Mutex<String>,
    pub(crate) conversations: Conversations,
    pub(crate) log: Log,
    pub(crate) shutdown: CancellationToken,
    played: AtomicUsize,
    cancelled: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Shared {
    pub(crate) fn new(url: String, schema: Schema, config: crate::simulator::Config) -> Self {
        let device_answers = match &config.scenario {
            Some(scenario) => scenario.device.clone(),
            None => scenario::default_device_answers(),
        };
        let listed = config.scenario.iter().flat_map(|scenario| scenario.accounts.clone());
        let listed: Vec<_> = config.accounts.iter().cloned().chain(listed).collect();
        let person = listed.first().map(|account| account.name.clone()).unwrap_or_default();
        Self {
            url,
            schema,
            pace: config.pace(),
            scenario: config.scenario,
            strict: config.strict,
            authority: Authority::new(Accounts::new(listed, config.token_lifetime)),
            devices: auth::Devices::default(),
            device_answers,
            person: Mutex::new(person),
            conversations: Conversations::default(),
            log: Log::default(),
            shutdown: CancellationToken::new(),
            played: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
            failures: Mutex::default(),
        }
    }

    /// For whom a request speaks; one without a good bearer is refused.
    pub(crate) fn authorise(&self, headers: &HeaderMap) -> Result<Holder, Refusal> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
        bearer.and_then(|bearer| self.authority.holder(bearer)).ok_or_else(Refusal::unauthorized)
    }

    /// The account of the person who approves devices.
    pub(crate) fn person(&self) -> String {
        self.person.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has another person approve devices.
    pub(crate) fn set_person(&self, account: &str) {
        account.clone_into(&mut self.person.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts a turn of the holder's account, and refuses it when the account may not have it.
    fn allow(&self, holder: &Holder) -> Result<(), Refusal> {
        let accounts = self.authority.accounts();
        if accounts.ended(&holder.account).is_some() {
            return Err(Refusal::unauthorized());
        }
        accounts.admit(&holder.account).map_err(|bar| match bar {
            Bar::OutOfCredits => Refusal::out_of_credits(),
            Bar::Fault(fault) => {
                let mut refusal = Refusal::of_status(fault.status);
                refusal.headers.extend(fault.retry_after.map(|wait| ("retry-after".to_owned(), wait.to_string())));
                refusal
            }
        })
    }

    /// Exchanges played so far.
    pub(crate) fn answered(&self) -> usize {
        self.played.load(Ordering::Relaxed)
    }

    pub(crate) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn count_cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    /// What scenario expectations were not met, and steps not possible.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fail(&self, status: u16, message: String) -> Refusal {
        tracing::warn!(%message, "the scenario does not go as it says");
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < FAILURES {
            failures.push(message.clone());
        }
        Refusal::text(status, message)
    }
}

pub(crate) fn router(shared: Arc<Shared>) -> axum::Router {
    axum::Router::new()
        .route("/ai/multi-agent", post(agent))
        .route("/ai/passive-suggestions", post(suggestions))
        .merge(auth::router())
        .merge(graphql::router())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(shared)
}

async fn agent(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    respond(shared, Endpoint::Agent, &headers, body).await
}

async fn suggestions(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    respond(shared, Endpoint::Suggestions, &headers, body).await
}

/// Reads, checks, answers; and writes down what came.
async fn respond(shared: Arc<Shared>, endpoint: Endpoint, headers: &HeaderMap, body: Bytes) -> Response {
    let mut received = Received::new(endpoint, headers, body.clone());
    let admitted = admit(&shared, endpoint, headers, &body, &mut received);
    let outcome = match admitted {
        Ok(Some((request, known))) => answer(&shared, &request, known.as_ref(), &received.account).await,
        Ok(None) => Ok(empty()),
        Err(refusal) => Err(refusal),
    };
    let response = outcome.unwrap_or_else(IntoResponse::into_response);
    received.status = response.status().as_u16();
    shared.log.add(received);
    response
}

type Admitted = Option<(Request, Option<Conversation>)>;

/// A request that is well formed, with the conversation it goes on with. `None` is for one that the real service
/// answers with an empty body: a conversation id without its tasks (§1.6).
fn admit(
    shared: &Shared,
    endpoint: Endpoint,
    headers: &HeaderMap,
    body: &Bytes,
    received: &mut Received,
) -> Result<Admitted, Refusal> {
    let holder = shared.authorise(headers)?;
    received.account.clone_from(&holder.account);
    shared.allow(&holder)?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type != "application/x-protobuf" {
        return Err(Refusal::invalid(format_args!("the content type is {content_type:?}, not application/x-protobuf")));
    }
    let request = Request::decode(&shared.schema, body)?;
    received.json = request.json.clone();
    let known = match request.conversation_id() {
        "" => None,
        id => shared.conversations.get(id),
    };
    received.replay = match (&known, request.tasks().is_empty()) {
        (Some(known), _) => known.compare(&request.raw_tasks),
        (None, true) => Replay::New,
        (None, false) => Replay::Foreign,
    };
    check::check(&request, endpoint, known.as_ref())?;
    if !request.conversation_id().is_empty() && request.tasks().is_empty() {
        return Ok(None);
    }
    if shared.strict && matches!(received.replay, Replay::Foreign | Replay::Different(_)) {
        return Err(Refusal::conversation_broken());
    }
    Ok(Some((request, known)))
}

/// 200 and nothing: what the service answers when it cannot interpret a request.
fn empty() -> Response {
    let mut response = Response::new(Body::empty());
    let content_type = HeaderValue::from_static("text/event-stream;charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

async fn answer(
    shared: &Arc<Shared>,
    request: &Request,
    known: Option<&Conversation>,
    account: &str,
) -> Result<Response, Refusal> {
    let index = shared.played.fetch_add(1, Ordering::Relaxed);
    let Some(scenario) = &shared.scenario else {
        return match spoken::answer(request) {
            Answer::Stream(exchange) => stream_of(shared, request, known, &exchange, index, account),
            Answer::Refusal(refusal) => Err(refusal),
        };
    };
    let exchange = scenario.exchange(index).ok_or_else(|| shared.fail(500, "the scenario is empty".to_owned()))?;
    if let Some(expected) = &exchange.expect {
        scenario::expect(expected, Some(&request.json), "request")
            .map_err(|difference| shared.fail(400, format!("scenario, exchange {}: {difference}", index + 1)))?;
    }
    pause(shared, exchange.delay_ms).await;
    match exchange.status {
        None | Some(200) if exchange.body.is_none() => stream_of(shared, request, known, exchange, index, account),
        status => Ok(bare(status.unwrap_or(200), exchange)),
    }
}

async fn pause(shared: &Shared, milliseconds: u64) {
    if milliseconds > 0 {
        let sleep = tokio::time::sleep(Duration::from_millis(milliseconds));
        shared.shutdown.run_until_cancelled(sleep).await;
    }
}

fn stream_of(
    shared: &Arc<Shared>,
    request: &Request,
    known: Option<&Conversation>,
    exchange: &Exchange,
    index: usize,
    account: &str,
) -> Result<Response, Refusal> {
    let script = play::play(&shared.schema, request, known, exchange, shared.pace)
        .map_err(|error| shared.fail(500, format!("scenario, exchange {}: {error}", index + 1)))?;
    Ok(stream::response(shared.clone(), script, account))
}

/// An exchange that is no stream.
fn bare(status: u16, exchange: &Exchange) -> Response {
    let refusal = match &exchange.body {
        None => Refusal::of_status(status),
        Some(Value::String(text)) => Refusal::text(status, text.clone()),
        Some(json) => Refusal::json(status, json),
    };
    let mut response = refusal.into_response();
    for (name, value) in &exchange.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if StatusCode::from_u16(status).is_err() {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}
