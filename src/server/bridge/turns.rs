//! The monitor's turns as JSON: at a glance, event by event, byte by byte, and as each dialect tells them. Bytes are decoded
//! here, when somebody looks.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    capture::format::{Answer, Body, End, Header, Line, Piece, Request, SUFFIX, VERSION},
    dialect::{self, Listener},
    monitor::{Exchange, Message, State as TurnState, Summary, Turn},
    schema::spelling::{self, Spelling},
    server::{
        bridge::{
            Bridge, Shared, anatomy, aside, asked, codec,
            refusal::{InPath, InQuery, Refusal},
            view::View,
        },
        clock,
    },
};

/// How many events are given at once.
const MOST_EVENTS: usize = 500;
/// How many bytes of one message are shown.
const MOST_BYTES: usize = 64 * 1024;

/// Which part of a turn is wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// The exchange, counted from 0.
    #[serde(default)]
    exchange: usize,
    /// The first event, counted from 0.
    #[serde(default)]
    from: usize,
    /// The message, counted from 0; without, the request.
    message: Option<usize>,
}

/// `GET /api/monitor/turns`: all that are kept, oldest first.
pub(super) async fn list(State(bridge): Shared) -> Json<Value> {
    let turns: Vec<Value> = bridge.monitor.turns().iter().map(|turn| summary(&turn.summary())).collect();
    Json(json!({"turns": turns, "sensitive": bridge.view.is_sensitive()}))
}

/// A turn at a glance.
pub(super) fn summary(summary: &Summary) -> Value {
    let (state, detail) = match &summary.state {
        TurnState::Running => ("running", ""),
        TurnState::Done(reason) => ("done", reason.as_str()),
        TurnState::Failed(message) => ("failed", message.as_str()),
        TurnState::CalledOff => ("called off", ""),
    };
    json!({
        "number": summary.number, "request_id": summary.opening.request_id, "dialect": summary.opening.dialect,
        "model": summary.opening.model, "account": summary.account, "began": clock::text(summary.began),
        "state": state, "detail": detail, "first_byte_ms": summary.first_byte, "ended_ms": summary.ended,
        "input_tokens": summary.cost.map(|cost| cost.input_tokens),
        "output_tokens": summary.cost.map(|cost| cost.output_tokens),
        "credits": summary.cost.and_then(|cost| cost.credits),
        "exchanges": summary.exchanges, "messages": summary.messages, "bytes": summary.bytes,
    })
}

/// `GET /api/monitor/turns/{number}`: one with its exchanges and what each of them asked.
pub(super) async fn one(State(bridge): Shared, InPath(number): InPath<u64>) -> Result<Json<Value>, Refusal> {
    let turn = find(&bridge, number)?;
    aside(move || {
        let request = asked::descriptor(bridge.view.schema(), asked::REQUEST)?;
        let outlines = turn.outlines();
        let exchanges: Vec<Value> =
            outlines.iter().map(|(exchange, messages)| outline(&bridge.view, &request, exchange, *messages)).collect();
        let mut shown = summary(&turn.summary());
        shown["all_exchanges"] = exchanges.into();
        Ok(Json(shown))
    })
    .await
}

fn outline(view: &View, request: &MessageDescriptor, exchange: &Exchange, messages: usize) -> Value {
    let refusal = view.text(&String::from_utf8_lossy(&exchange.refusal));
    json!({
        "attempt": exchange.attempt, "account": exchange.account, "url": exchange.url,
        "headers": headers(&exchange.headers), "sent_ms": exchange.sent, "request_size": exchange.request.len(),
        "request": view.json(request, &exchange.request), "status": exchange.status.map(|(status, _)| status),
        "answered_ms": exchange.status.map(|(_, ms)| ms), "answer_headers": headers(&exchange.answer_headers),
        "refusal": refusal, "messages": messages, "ended_ms": exchange.end.as_ref().map(|(ms, _)| ms),
        "broken": exchange.end.as_ref().and_then(|(_, broken)| broken.clone()),
    })
}

fn headers(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}

/// `GET …/events?exchange=&from=`: events from one on, as many as are given at once.
pub(super) async fn events(
    State(bridge): Shared,
    InPath(number): InPath<u64>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let turn = find(&bridge, number)?;
    aside(move || {
        let descriptor = asked::descriptor(bridge.view.schema(), "ResponseEvent")?;
        let messages = turn.messages(wanted.exchange, wanted.from, MOST_EVENTS).ok_or_else(no_exchange)?;
        let event = |(index, message): (usize, &Message)| {
            let json = bridge.view.json(&descriptor, &message.wire);
            json!({"index": wanted.from + index, "ms": message.ms, "size": message.wire.len(), "json": json})
        };
        let events: Vec<Value> = messages.iter().enumerate().map(event).collect();
        Ok(Json(json!({"next": wanted.from + events.len(), "is_full": events.len() == MOST_EVENTS, "events": events})))
    })
    .await
}

/// `GET …/wire?exchange=&message=`: the bytes of one message, and where in them each field stands.
pub(super) async fn wire(
    State(bridge): Shared,
    InPath(number): InPath<u64>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let turn = find(&bridge, number)?;
    aside(move || {
        let exchange = turn.exchange(wanted.exchange).ok_or_else(no_exchange)?;
        let (name, bytes) = match wanted.message {
            None => (asked::REQUEST, exchange.request),
            Some(place) => {
                let message = exchange.messages.get(place).ok_or_else(|| Refusal::new(404, "No such message."))?;
                ("ResponseEvent", message.wire.clone())
            }
        };
        let descriptor = asked::descriptor(bridge.view.schema(), name)?;
        let bytes = bridge.view.wire(&descriptor, &bytes);
        let (fields, is_all) = anatomy::of(&descriptor, &bytes);
        let shown = &bytes[..bytes.len().min(MOST_BYTES)];
        let hex = String::from_utf8_lossy(&spelling::encode(shown, Spelling::Hex)).into_owned();
        Ok(Json(json!({
            "type": descriptor.full_name(), "size": bytes.len(), "hex": hex, "fields": fields,
            "is_whole": is_all && shown.len() == bytes.len(),
        })))
    })
    .await
}

/// `GET …/tasks?exchange=`: the task tree as the answer has left it so far.
pub(super) async fn tasks(
    State(bridge): Shared,
    InPath(number): InPath<u64>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let turn = find(&bridge, number)?;
    aside(move || {
        let descriptor = asked::descriptor(bridge.view.schema(), "Task")?;
        let exchange = turn.exchange(wanted.exchange).ok_or_else(no_exchange)?;
        let wires: Vec<Bytes> = exchange.messages.iter().map(|message| message.wire.clone()).collect();
        let retold = bridge.gateway.retell(&wires, exchange.end.is_some())?;
        let tasks: Vec<Value> = retold.tasks.iter().map(|task| bridge.view.json(&descriptor, task)).collect();
        Ok(Json(json!({"tasks": tasks, "problems": retold.problems})))
    })
    .await
}

/// `GET …/dialects/{name}?exchange=`: what a client of that dialect would have been sent so far.
pub(super) async fn dialect(
    State(bridge): Shared,
    InPath((number, name)): InPath<(u64, String)>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let turn = find(&bridge, number)?;
    aside(move || {
        let dialect = dialect::ALL.iter().find(|dialect| dialect.name() == name);
        let dialect = dialect.ok_or_else(|| Refusal::new(404, "No such dialect."))?;
        let exchange = turn.exchange(wanted.exchange).ok_or_else(no_exchange)?;
        let descriptor = asked::descriptor(bridge.view.schema(), "ResponseEvent")?;
        // What is redacted stays so: the client is told what may be seen.
        let wires: Vec<Bytes> =
            exchange.messages.iter().map(|message| bridge.view.wire(&descriptor, &message.wire)).collect();
        let retold = bridge.gateway.retell(&wires, exchange.end.is_some())?;
        let mut listener = Listener::new(*dialect, &format!("{number:032x}"))?;
        retold.events.iter().for_each(|event| listener.hear(event));
        Ok(Json(json!({"dialect": dialect.name(), "text": listener.take()})))
    })
    .await
}

/// `GET …/curl?exchange=`: the command that sends the same request again. It reads the token from a variable.
pub(super) async fn curl(
    State(bridge): Shared,
    InPath(number): InPath<u64>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Response, Refusal> {
    let turn = find(&bridge, number)?;
    let text = aside(move || {
        let exchange = turn.exchange(wanted.exchange).ok_or_else(no_exchange)?;
        let descriptor = asked::descriptor(bridge.view.schema(), asked::REQUEST)?;
        let body = codec::base64(&bridge.view.wire(&descriptor, &exchange.request));
        let mut lines = vec![
            format!("printf %s {body} | base64 -d | curl -N --data-binary @- {}", quoted(&exchange.url)),
            "-H \"Authorization: Bearer $WARP_JWT\"".to_owned(),
            "-H 'content-type: application/x-protobuf' -H 'accept: text/event-stream'".to_owned(),
        ];
        lines
            .extend(exchange.headers.iter().map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}")))));
        Ok(lines.join(" \\\n  "))
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `GET …/capture?exchange=`: the exchange as a capture file.
pub(super) async fn capture(
    State(bridge): Shared,
    InPath(number): InPath<u64>,
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Response, Refusal> {
    let turn = find(&bridge, number)?;
    let name = format!("attachment; filename=\"turn-{number}-{}{SUFFIX}\"", wanted.exchange + 1);
    let file = aside(move || {
        let exchange = turn.exchange(wanted.exchange).ok_or_else(no_exchange)?;
        let lines = captured(&bridge.view, &turn, &exchange)?;
        Ok(lines.iter().flat_map(Line::to_bytes).collect::<Vec<u8>>())
    })
    .await?;
    let mut response = ([(header::CONTENT_TYPE, "application/jsonl")], file).into_response();
    if let Ok(name) = HeaderValue::try_from(name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The lines of a capture. Each message stands in an event of its own, which is how the service sends them.
fn captured(view: &View, turn: &Turn, exchange: &Exchange) -> Result<Vec<Line>, Refusal> {
    let request = asked::descriptor(view.schema(), asked::REQUEST)?;
    let event = asked::descriptor(view.schema(), "ResponseEvent")?;
    let opening = turn.summary().opening;
    let since = |ms: u64| ms.saturating_sub(exchange.sent);
    let mut lines = vec![
        Line::Header(Header {
            version: VERSION,
            program: format!("warp2api {}", env!("CARGO_PKG_VERSION")),
            began: clock::text(turn.began() + std::time::Duration::from_millis(exchange.sent)),
            redacted: !view.is_sensitive(),
            request_id: opening.request_id,
            dialect: opening.dialect,
            exchange: exchange.attempt,
        }),
        Line::Request(Request {
            url: exchange.url.clone(),
            headers: exchange.headers.clone(),
            body: Body::base64(&view.wire(&request, &exchange.request)),
        }),
    ];
    if let Some((status, ms)) = exchange.status {
        lines.push(Line::Answer(Answer { ms: since(ms), status, headers: exchange.answer_headers.clone() }));
    }
    if !exchange.refusal.is_empty() {
        let text = view.text(&String::from_utf8_lossy(&exchange.refusal));
        let ms = exchange.end.as_ref().map_or(0, |(ms, _)| since(*ms));
        lines.push(Line::Bytes(Piece { ms, body: Body::Text(text) }));
    }
    for message in &exchange.messages {
        let data = spelling::encode(&view.wire(&event, &message.wire), Spelling::Base64Url);
        let text = format!("data: {}\n\n", String::from_utf8_lossy(&data));
        lines.push(Line::Bytes(Piece { ms: since(message.ms), body: Body::Text(text) }));
    }
    if let Some((ms, broken)) = &exchange.end {
        lines.push(Line::End(End { ms: since(*ms), broken: broken.clone(), called_off: false }));
    }
    Ok(lines)
}

fn find(bridge: &Bridge, number: u64) -> Result<Arc<Turn>, Refusal> {
    let gone = || Refusal::new(404, format!("Turn {number} is not kept, or not any more."));
    bridge.monitor.turn(number).ok_or_else(gone)
}

fn no_exchange() -> Refusal {
    Refusal::new(404, "The turn has no such exchange.")
}
