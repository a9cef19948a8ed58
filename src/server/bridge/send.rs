//! Requests that are sent as they were written, and their answers: whole, event by event, or as they come.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream;
use prost_reflect::MessageDescriptor;
use serde_json::{Value, json};

use crate::{
    gateway::RawAnswer,
    schema,
    server::{
        bridge::{
            Bridge, Shared,
            asked::{self, Written},
            codec, message_data, packets,
            refusal::{self, Refusal},
        },
        respond,
    },
    turn::{TurnError, TurnEvent},
};

/// The type of what comes back.
const EVENT: &str = "ResponseEvent";

/// `POST /api/warp/send`: what the answer says.
pub(super) async fn whole(State(bridge): Shared, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let written = codec::written(&bridge, &headers, body, "warp_request").await?;
    let told = told(&bridge, &written).await?;
    let answer = told.answer(&written);
    packets::keep(&bridge, "warp_response", told.response.len(), told.shown(&bridge));
    Ok(codec::noting(&written, respond::json(axum::http::StatusCode::OK, &answer)))
}

/// `POST /api/warp/send_stream`: that, and every event of it.
pub(super) async fn parsed(State(bridge): Shared, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let written = codec::written(&bridge, &headers, body, "warp_request_parsed").await?;
    let told = told(&bridge, &written).await?;
    let descriptor = asked::descriptor(bridge.view.schema(), EVENT)?;
    let event = |(index, wire): (usize, &Bytes)| event(&descriptor, index + 1, wire);
    let events: Vec<Value> = told.messages.iter().enumerate().map(event).collect();
    let mut counts = BTreeMap::new();
    for kind in events.iter().filter_map(|event| event["event_type"].as_str()) {
        *counts.entry(kind.to_owned()).or_insert(0_u64) += 1;
    }
    let mut answer = told.answer(&written);
    answer["events_count"] = events.len().into();
    answer["parsed_events"] = events.into();
    answer["events_summary"] = json!(counts);
    packets::keep(&bridge, "warp_response_parsed", told.response.len(), told.shown(&bridge));
    Ok(codec::noting(&written, respond::json(axum::http::StatusCode::OK, &answer)))
}

/// `POST /api/warp/send_stream_sse`: every event as it comes. A refusal is an event too, and `[DONE]` is the last.
pub(super) async fn streamed(State(bridge): Shared, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let written = codec::written(&bridge, &headers, body, "warp_request").await?;
    let descriptor = asked::descriptor(bridge.view.schema(), EVENT)?;
    let frames = match send(&bridge, &written).await {
        Ok(answer) => Frames { stage: Stage::Reading(Box::new(answer)), descriptor, seen: 0 },
        Err(error) => Frames { stage: Stage::Failed(error), descriptor, seen: 0 },
    };
    let frames = stream::unfold(frames, |mut frames| async move {
        let text = frames.next().await?;
        Some((Ok::<_, std::convert::Infallible>(text), frames))
    });
    let body = Body::from_stream(frames);
    let mut response = respond::with_body(axum::http::StatusCode::OK, "text/event-stream", body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(codec::noting(&written, response))
}

/// A stream of events as text.
struct Frames {
    stage: Stage,
    descriptor: MessageDescriptor,
    seen: usize,
}

enum Stage {
    Reading(Box<RawAnswer>),
    Failed(TurnError),
    Done,
    Over,
}

impl Frames {
    async fn next(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Reading(mut answer) => {
                let mut text = String::new();
                match answer.next().await {
                    Ok(Some(step)) => {
                        for wire in &step.messages {
                            self.seen += 1;
                            text += &format!("data: {}\n\n", event(&self.descriptor, self.seen, wire));
                        }
                        let failed = step.heard.into_iter().find_map(|heard| match heard {
                            TurnEvent::Failed(error) => Some(error),
                            _ => None,
                        });
                        self.stage = failed.map_or(Stage::Reading(answer), Stage::Failed);
                    }
                    Ok(None) => {
                        self.stage = Stage::Over;
                        text += "data: [DONE]\n\n";
                    }
                    Err(error) => self.stage = Stage::Failed(error),
                }
                Some(text)
            }
            Stage::Failed(error) => {
                self.stage = Stage::Done;
                let status = refusal::status_of(&error);
                let frame = json!({"error": format!("HTTP {status}"), "message": error.to_string()});
                Some(format!("data: {frame}\n\n"))
            }
            Stage::Done => Some("data: [DONE]\n\n".to_owned()),
            Stage::Over => None,
        }
    }
}

/// An answer that is over.
struct Told {
    response: String,
    conversation_id: String,
    task_id: String,
    messages: Vec<Bytes>,
}

impl Told {
    /// What both bodies say.
    fn answer(&self, written: &Written) -> Value {
        json!({
            "response": self.response, "conversation_id": self.conversation_id, "task_id": self.task_id,
            "request_size": written.wire.len(), "response_size": self.response.chars().count(),
            "message_type": written.message_type,
        })
    }

    /// What the history says of it.
    fn shown(&self, bridge: &Bridge) -> Value {
        let response = bridge.view.text(&self.response);
        json!({"response": response, "conversation_id": self.conversation_id, "task_id": self.task_id})
    }
}

async fn send(bridge: &Arc<Bridge>, written: &Written) -> Result<RawAnswer, TurnError> {
    let model = written.json.pointer("/settings/model_config/base").and_then(Value::as_str).unwrap_or_default();
    bridge.gateway.send_raw(written.wire.clone(), model, &Bridge::scope()).await
}

/// Sends `written` and waits for the whole of its answer.
async fn told(bridge: &Arc<Bridge>, written: &Written) -> Result<Told, Refusal> {
    let gathered = async {
        let mut answer = send(bridge, written).await?;
        let mut told =
            Told { response: String::new(), conversation_id: String::new(), task_id: String::new(), messages: vec![] };
        while let Some(step) = answer.next().await? {
            told.messages.extend(step.messages);
            for heard in step.heard {
                match heard {
                    TurnEvent::Started { conversation_id, .. } => told.conversation_id = conversation_id,
                    TurnEvent::Text(text) => told.response += &text,
                    TurnEvent::Failed(error) => return Err(error),
                    _ => {}
                }
            }
        }
        let tasks = bridge.gateway.retell(&told.messages, true)?.tasks;
        let first = tasks.first().map(|task| bridge.view.task_id(task));
        told.task_id = first.unwrap_or_default();
        Ok(told)
    };
    gathered.await.map_err(|error: TurnError| failed(bridge, written, &error))
}

/// The failure of a request that was sent, as the Python bridge tells it.
fn failed(bridge: &Bridge, written: &Written, error: &TurnError) -> Refusal {
    let detail = json!({
        "error": error.to_string(), "error_type": format!("{:?}", error.kind),
        "request_info": {
            "message_type": written.message_type, "json_size": written.json.to_string().len(),
            "has_tools": written.json.get("mcp_context").is_some(),
            "has_history": written.json.get("task_context").is_some(),
        },
    });
    packets::keep(bridge, "warp_error", 0, detail.clone());
    Refusal::new(refusal::status_of(error), detail)
}

/// One event as the Python bridge tells it.
fn event(descriptor: &MessageDescriptor, number: usize, wire: &Bytes) -> Value {
    let parsed = match schema::decode(descriptor, wire) {
        Ok(message) => {
            let mut json = schema::to_json(&message);
            message_data::unpack(&mut json);
            json
        }
        Err(error) => json!({"error": error.to_string()}),
    };
    json!({"event_number": number, "event_type": kind(&parsed), "parsed_data": parsed})
}

fn kind(event: &Value) -> String {
    if event.get("init").is_some() {
        return "INITIALIZATION".to_owned();
    }
    match event.get("client_actions") {
        Some(actions) => match actions["actions"].as_array().map_or(0, Vec::len) {
            0 => "CLIENT_ACTIONS_EMPTY".to_owned(),
            count => format!("CLIENT_ACTIONS({count})"),
        },
        None if event.get("finished").is_some() => "FINISHED".to_owned(),
        None => "UNKNOWN_EVENT".to_owned(),
    }
}
