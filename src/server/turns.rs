//! One turn of any dialect: read, ask, and answer as a stream or as one body.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts},
};
use futures_util::future::OptionFuture;
use serde_json::Value;
use tokio::task::JoinError;

use crate::{
    dialect::{Ask, Dialect, Encoder, Request, Stamp},
    gateway::{self, Meter, Scope},
    give_way::give_way,
    server::{
        Server, body,
        choices::{Choices, Step},
        client::Client,
        clock,
        gate::overloaded,
        kept::{Referred, Shelf},
        respond, route,
        span::{self, Span},
        stream::{self, Writer},
        turn_log::TurnLog,
    },
    turn::{ErrorKind, Turn, TurnError, TurnEvent},
};

/// Headers by which agents name their session (`CLIENTS.md` §3.8).
const SESSION_HEADERS: [&str; 5] =
    ["x-claude-code-session-id", "session-id", "thread-id", "x-session-id", "x-session-affinity"];

/// The longest `tracestate` that is passed on, in bytes: as much as everyone must (W3C Trace Context §3.3.1.5).
const MOST_TRACE_STATE: usize = 512;

/// The refusal of a request that there is no room for, however little it turns out to ask: then its body is not to be read.
pub(crate) async fn shed(server: &Server, call: &Call<'_>) -> Option<Response<Body>> {
    if !server.gate.is_full(&server.config.limits) {
        return None;
    }
    Some(refuse(call, &overloaded(), &mut turn_log(server, call)).await)
}

/// Answers a request whose path belongs to `dialect`.
pub(crate) async fn answer(server: &Arc<Server>, call: &Call<'_>, body: Body) -> Response<Body> {
    let mut log = turn_log(server, call);
    let begun = tokio::select! {
        begun = begin(server, call, body, &mut log) => begun,
        // Whoever still sends its request, or waits for its turn, has to hear of it as well.
        error = span::stopped(server.ending.clone()) => Err(error),
    };
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => return refuse(call, &error, &mut log).await,
    };
    match begun.stream {
        true => streamed(server, call, begun, log),
        false => whole(call, begun, log).await,
    }
}

fn turn_log(server: &Server, call: &Call<'_>) -> TurnLog {
    let dialect = call.dialect.name();
    TurnLog::new(call.request_id, dialect, &call.shelf.client, server.config.metrics.turn(dialect))
}

/// How many tokens a request's input is. Nothing of it is sent on.
///
/// # Errors
/// When the request is none.
pub(crate) async fn count(server: &Server, call: &Call<'_>, body: Body) -> Result<Value, TurnError> {
    let body = take_in(server, call, body).await?;
    let request = read(server, call, &body).await?;
    call.client.check_model(&request.turn.model, &server.gateway.catalogue())?;
    let tokens = counted(request.turn)
        .await
        .map_err(|_| TurnError::new(ErrorKind::Internal, "The input could not be counted."))?;
    Ok(call.dialect.count(tokens))
}

/// The count of a turn's input, which may take too long for a thread that others wait for.
async fn counted(turn: Turn) -> Result<u64, JoinError> {
    if gateway::is_counted_quickly(&turn) {
        // Whoever else is waiting, as is the request to the upstream, goes first.
        give_way().await;
        return Ok(gateway::count_input(&turn));
    }
    tokio::task::spawn_blocking(move || gateway::count_input(&turn)).await
}

/// A call of a dialect.
pub(crate) struct Call<'a> {
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) request_id: &'a str,
    /// Who calls.
    pub(crate) client: Client,
    /// What of theirs is kept.
    pub(crate) shelf: Shelf,
    pub(crate) parts: &'a Parts,
}

async fn take_in(server: &Server, call: &Call<'_>, body: Body) -> Result<Vec<u8>, TurnError> {
    body::whole(&call.parts.headers, body, server.config.max_body, server.config.limits.client_timeout).await
}

/// Reads a request, once more when it refers to answers that had to be fetched first.
async fn read(server: &Server, call: &Call<'_>, body: &[u8]) -> Result<Request, TurnError> {
    let kept = Referred::default();
    loop {
        let read = call.dialect.read(Ask {
            segments: &route::significant(call.parts.uri.path()),
            query: call.parts.uri.query().unwrap_or_default(),
            body,
            stamp: stamp(),
            request_id: call.request_id,
            catalogue: &server.gateway.catalogue(),
            kept: &kept,
        });
        if !kept.fetch(&call.shelf).await {
            return read;
        }
    }
}

/// A turn that the upstream has begun to answer.
struct Begun {
    choices: Choices,
    encoder: Box<dyn Encoder>,
    stream: bool,
    notes: Notes,
    span: Span,
}

/// What headers say of an answer.
struct Notes {
    /// Options that are not honoured.
    ignored: Vec<String>,
    /// What had to be mended in the history.
    repaired: Vec<String>,
    /// What the account that pays may still spend.
    meter: Meter,
}

/// Takes a request in and asks the upstream. The client is told nothing until the first of its answers has begun, so
/// that a failure before that can still have a status of its own.
async fn begin(server: &Server, call: &Call<'_>, body: Body, log: &mut TurnLog) -> Result<Begun, TurnError> {
    let limits = &server.config.limits;
    let body = take_in(server, call, body).await?;
    let Request { turn, stream, choices, mut encoder, ignored, repaired, session } = read(server, call, &body).await?;
    drop(body);
    // Until the account's list of models is known any name may be one, and a label must not be.
    let catalogue = server.gateway.catalogue();
    log.asks(&turn.model, catalogue.find(&turn.model).map_or("other", |model| &model.id));
    if server.config.strict && !ignored.is_empty() {
        let message = format!("The upstream cannot honour: {}. This server is set to refuse that.", ignored.join(", "));
        return Err(TurnError::invalid(ignored[0].as_str(), message));
    }
    call.client.check_model(&turn.model, &server.gateway.catalogue())?;
    let mut span = Span::begin(server, server.gate.enter(choices as usize, limits).await?);
    // Only now, for a request that the server has no place for costs its client nothing.
    log.bill.open(server.config.clients.as_ref(), &call.client).await?;
    let is_wanted = encoder.wants_input_estimate() || log.bill.wants_input_estimate();
    let estimate = OptionFuture::from(is_wanted.then(|| Box::pin(counted(turn.clone()))));
    let mut choices = Choices::ask(&server.gateway, turn, scope(call, session, log), choices);
    // It is counted while the upstream is asked.
    let ((repaired_too, meter), tokens) =
        tokio::try_join!(biased; beginning(&mut choices, &mut span), async { Ok(estimate.await) })?;
    if let Some(tokens) = tokens {
        let tokens = tokens.unwrap_or_default();
        log.bill.expect_input(tokens);
        if encoder.wants_input_estimate() {
            encoder.expect_input(tokens);
        }
    }
    let repaired = repaired.into_iter().map(str::to_owned).chain(repaired_too).collect();
    let notes = Notes { ignored, repaired, meter };
    Ok(Begun { choices, encoder, stream, notes, span })
}

/// Waits until the first of the answers begins.
async fn beginning(choices: &mut Choices, span: &mut Span) -> Result<(Vec<String>, Meter), TurnError> {
    loop {
        let step = tokio::select! {
            step = choices.next() => step,
            error = span.end() => return Err(error),
        };
        match step {
            Some((_, Step::Begun(repaired, meter))) => return Ok((repaired, meter)),
            Some((_, Step::Refused(error))) => return Err(error),
            // An answer begins before it goes on.
            Some((_, Step::Events(_))) => {}
            None => return Err(stream::without_end()),
        }
    }
}

/// Whose conversation it is. What the body says of the session counts before what headers say: agents that share a
/// connection write the body themselves.
fn scope(call: &Call<'_>, session: Option<String>, log: &TurnLog) -> Scope {
    let of_header = |name: &&str| call.parts.headers.get(*name)?.to_str().ok().map(str::to_owned);
    let session = session.or_else(|| SESSION_HEADERS.iter().find_map(of_header));
    Scope {
        client: call.shelf.client.clone(),
        session,
        request_id: call.request_id.to_owned(),
        dialect: call.dialect.name(),
        trace_parent: of_header(&"traceparent"),
        trace_state: of_header(&"tracestate").filter(|state| state.len() <= MOST_TRACE_STATE),
        trail: log.trail(),
    }
}

fn streamed(server: &Server, call: &Call<'_>, begun: Begun, mut log: TurnLog) -> Response<Body> {
    let mut response = respond::with_body(StatusCode::OK, begun.encoder.stream_type(), Body::empty());
    put_notes(response.headers_mut(), call.dialect, &begun.notes, &log);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that would wait for the whole body are told not to.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    log.status(200);
    log.streams();
    let Begun { encoder, choices, span, .. } = begun;
    let writer = Writer::new(encoder, choices, span, server.config.heartbeat, log, call.shelf.clone());
    *response.body_mut() = server.readers.body(call.request_id, writer.into_pieces());
    response
}

async fn whole(call: &Call<'_>, begun: Begun, mut log: TurnLog) -> Response<Body> {
    let Begun { mut choices, mut encoder, notes, mut span, .. } = begun;
    let collected = tokio::select! {
        collected = collect(&mut choices, encoder.as_mut(), &mut log) => collected,
        error = span.end() => Err(error),
    };
    match collected {
        Err(error) => refuse(call, &error, &mut log).await,
        Ok(()) => {
            log.status(200);
            log.bill.settle().await;
            call.shelf.keep(encoder.as_mut());
            let mut response = respond::json(StatusCode::OK, &encoder.body());
            put_notes(response.headers_mut(), call.dialect, &notes, &log);
            response
        }
    }
}

/// Feeds the encoder to the end. Whatever fails in the middle fails the whole, for the client has seen nothing yet.
async fn collect(choices: &mut Choices, encoder: &mut dyn Encoder, log: &mut TurnLog) -> Result<(), TurnError> {
    let mut frames = Vec::new();
    while !encoder.is_done() {
        match choices.next().await {
            Some((_, Step::Begun(..))) => {}
            Some((_, Step::Refused(error))) => return Err(error),
            Some((choice, Step::Events(events))) => {
                encoder.clock(clock::now());
                let number = events.len();
                for event in events {
                    log.note(&event);
                    if let TurnEvent::Failed(error) = event {
                        return Err(error);
                    }
                    encoder.push(choice, &event, &mut frames);
                }
                log.heard(number, Instant::now());
            }
            None => return Err(stream::without_end()),
        }
    }
    Ok(())
}

async fn refuse(call: &Call<'_>, error: &TurnError, log: &mut TurnLog) -> Response<Body> {
    let mut response = respond::error(call.dialect, error, call.request_id);
    log.bill.settle().await;
    log.bill.put_left(response.headers_mut(), call.dialect);
    log.failed(error);
    log.status(response.status().as_u16());
    response
}

/// The headers that say what was done to the request, who answers it, and what is left to spend.
fn put_notes(headers: &mut HeaderMap, dialect: &dyn Dialect, notes: &Notes, log: &TurnLog) {
    respond::put_names(headers, "x-warp2api-ignored", &notes.ignored);
    respond::put_names(headers, "x-warp2api-repaired", &notes.repaired);
    // What the key may spend comes before what the account has.
    if let Some(quota) = log.bill.quota().or_else(|| notes.meter.quota()) {
        for (name, value) in dialect.quota_headers(&quota, clock::now()) {
            respond::put(headers, HeaderName::from_static(name), &value);
        }
    }
    log.bill.put_left(headers, dialect);
    respond::put(headers, HeaderName::from_static("x-warp2api-model"), log.model_used());
    // A stream begins before any of this is known.
    let Some(usage) = log.usage() else { return };
    respond::put(headers, HeaderName::from_static("x-warp2api-usage-source"), usage.source.name());
    let numbers = [("x-warp2api-credits", usage.credits), ("x-warp2api-context-used", usage.context_window_usage)];
    for (name, number) in numbers {
        if let Some(number) = number {
            respond::put(headers, HeaderName::from_static(name), &number.to_string());
        }
    }
}

fn stamp() -> Stamp {
    Stamp { id: uuid::Uuid::new_v4().simple().to_string(), created: clock::now() }
}
