//! Messages to bytes and back, for those who ask by hand.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    schema::{
        self, Schema,
        spelling::{self, Spelling},
    },
    server::{
        bridge::{
            Bridge, Shared, aside,
            asked::{self, Written},
            packets,
            refusal::Refusal,
        },
        respond,
    },
};

/// The type of the chunks of a stream whose body names none.
const RESPONSE: &str = "warp.multi_agent.v1.ResponseEvent";
/// How many fields of a message are listed.
const LISTED_FIELDS: usize = 10;

/// `POST /api/encode`: a message as JSON to bytes in base64.
pub(super) async fn encode(State(bridge): Shared, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let written = written(&bridge, &headers, body, "encode").await?;
    let answer = json!({
        "protobuf_bytes": base64(&written.wire), "size": written.wire.len(), "message_type": written.message_type,
    });
    Ok(noting(&written, Json(answer).into_response()))
}

/// What is to be given back.
#[derive(Debug, Deserialize)]
pub(super) struct RawQuery {
    output: Option<String>,
}

/// `POST /api/warp/encode_raw`: the same to the bytes themselves.
pub(super) async fn encode_raw(
    State(bridge): Shared,
    Query(query): Query<RawQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let in_base64 = match query.output.as_deref() {
        None | Some("raw") => false,
        Some("base64") => true,
        Some(_) => return Err(Refusal::new(422, "`output` is `raw` or `base64`.")),
    };
    let written = written(&bridge, &headers, body, "encode").await?;
    let answer = match in_base64 {
        true => Json(json!({
            "protobuf_base64": base64(&written.wire), "size": written.wire.len(), "message_type": written.message_type,
        }))
        .into_response(),
        false => ([(header::CONTENT_TYPE, "application/x-protobuf")], written.wire.clone()).into_response(),
    };
    Ok(noting(&written, answer))
}

/// The message in a body; `kind` is what the history calls it.
pub(super) async fn written(
    bridge: &Arc<Bridge>,
    headers: &HeaderMap,
    body: Body,
    kind: &'static str,
) -> Result<Written, Refusal> {
    let object = asked::object(headers, body, bridge.guard.max_body).await?;
    let bridge = Arc::clone(bridge);
    aside(move || {
        let written = asked::written(bridge.view.schema(), object)?;
        packets::keep_wire(&bridge, kind, &written.descriptor, &written.wire);
        Ok(written)
    })
    .await
}

/// Names in a header what the message has no place for.
pub(super) fn noting(written: &Written, mut response: Response) -> Response {
    respond::put_names(response.headers_mut(), "x-warp2api-ignored", &written.ignored);
    response
}

/// `POST /api/decode`: bytes in base64 to a message as JSON.
pub(super) async fn decode(State(bridge): Shared, headers: HeaderMap, body: Body) -> Result<Json<Value>, Refusal> {
    let object = asked::object(&headers, body, bridge.guard.max_body).await?;
    let message_type = asked::text(&object, "message_type", Some(asked::REQUEST))?;
    let text = asked::text(&object, "protobuf_bytes", None)?;
    aside(move || {
        let descriptor = asked::descriptor(bridge.view.schema(), &message_type)?;
        let wire = bytes(&text)?;
        if wire.is_empty() {
            return Err(Refusal::new(400, "`protobuf_bytes` holds nothing."));
        }
        let json = read(&descriptor, &wire).map_err(|error| Refusal::new(400, error))?;
        packets::keep_wire(&bridge, "decode", &descriptor, &wire);
        Ok(Json(json!({"json_data": json, "size": wire.len(), "message_type": message_type})))
    })
    .await
}

/// `POST /api/stream-decode`: chunks in base64, each by itself and all of them as one message.
pub(super) async fn stream_decode(
    State(bridge): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let object = asked::object(&headers, body, bridge.guard.max_body).await?;
    let message_type = asked::text(&object, "message_type", Some(RESPONSE))?;
    let not_texts = || Refusal::malformed(&["protobuf_chunks"], "a list of texts is expected");
    let chunks = object.get("protobuf_chunks").and_then(Value::as_array).ok_or_else(not_texts)?;
    let chunks = chunks.iter().map(|chunk| chunk.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    let chunks = chunks.ok_or_else(not_texts)?;
    aside(move || {
        let descriptor = asked::descriptor(bridge.view.schema(), &message_type)?;
        Ok(Json(decoded_stream(&bridge, &descriptor, &message_type, &chunks)))
    })
    .await
}

fn decoded_stream(bridge: &Bridge, descriptor: &MessageDescriptor, message_type: &str, chunks: &[String]) -> Value {
    let (mut shown, mut total, mut all, mut is_whole) = (Vec::new(), 0, Vec::new(), true);
    for (index, chunk) in chunks.iter().enumerate() {
        let wire = spelling::base64_bytes(chunk.as_bytes()).map_err(|error| error.to_string());
        let read = wire.and_then(|wire| {
            all.extend_from_slice(&wire);
            read(descriptor, &wire).map(|json| (json, wire))
        });
        shown.push(match read {
            Ok((json, wire)) => {
                total += wire.len();
                packets::keep_wire(bridge, &format!("stream_decode_chunk_{index}"), descriptor, &wire);
                json!({"chunk_index": index, "json_data": json, "size": wire.len()})
            }
            Err(error) => {
                is_whole &= spelling::base64_bytes(chunk.as_bytes()).is_ok();
                json!({"chunk_index": index, "error": error, "size": 0})
            }
        });
    }
    let complete = match is_whole.then(|| read(descriptor, &all)) {
        Some(Ok(json)) => {
            packets::keep_wire(bridge, "stream_decode_complete", descriptor, &all);
            json!({"json_data": json, "size": all.len()})
        }
        Some(Err(error)) => json!({"error": format!("together the chunks are no message: {error}"), "size": total}),
        None => json!({"error": "not all chunks can be read, so they are not put together", "size": total}),
    };
    json!({
        "chunks": shown, "complete": complete, "total_chunks": chunks.len(), "total_size": total,
        "message_type": message_type,
    })
}

/// `GET /api/schemas`: every message type with its first fields.
pub(super) async fn schemas(State(bridge): Shared) -> Result<Json<Value>, Refusal> {
    aside(move || Ok(Json(listed(bridge.view.schema())))).await
}

fn listed(schema: &Schema) -> Value {
    let listed: Vec<Value> = schema.messages().map(|message| listed_message(&message)).collect();
    let count = listed.len();
    json!({"schemas": listed, "total_count": count, "message": format!("{count} message types")})
}

fn listed_message(message: &MessageDescriptor) -> Value {
    let fields: Vec<Value> = message.fields().take(LISTED_FIELDS).map(|field| listed_field(&field)).collect();
    json!({
        "name": message.full_name(), "full_name": message.full_name(), "field_count": message.fields().len(),
        "fields": fields,
    })
}

/// A field by the numbers that protobuf's own descriptors have for types and labels.
fn listed_field(field: &FieldDescriptor) -> Value {
    let label = match field.cardinality() {
        Cardinality::Optional => 1,
        Cardinality::Required => 2,
        Cardinality::Repeated => 3,
    };
    json!({"name": field.name(), "type": type_number(&field.kind()), "label": label, "number": field.number()})
}

fn type_number(kind: &Kind) -> u32 {
    match kind {
        Kind::Double => 1,
        Kind::Float => 2,
        Kind::Int64 => 3,
        Kind::Uint64 => 4,
        Kind::Int32 => 5,
        Kind::Fixed64 => 6,
        Kind::Fixed32 => 7,
        Kind::Bool => 8,
        Kind::String => 9,
        Kind::Message(_) => 11,
        Kind::Bytes => 12,
        Kind::Uint32 => 13,
        Kind::Enum(_) => 14,
        Kind::Sfixed32 => 15,
        Kind::Sfixed64 => 16,
        Kind::Sint32 => 17,
        Kind::Sint64 => 18,
    }
}

fn read(descriptor: &MessageDescriptor, wire: &[u8]) -> Result<Value, String> {
    match schema::decode(descriptor, wire) {
        Ok(message) => Ok(schema::to_json(&message)),
        Err(error) => Err(format!("this is no {}: {error}", descriptor.full_name())),
    }
}

fn bytes(text: &str) -> Result<Bytes, Refusal> {
    let read = spelling::base64_bytes(text.as_bytes());
    read.map(Bytes::from).map_err(|error| Refusal::new(400, format!("`protobuf_bytes` is no base64: {error}")))
}

pub(super) fn base64(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&spelling::encode(bytes, Spelling::Base64)).into_owned()
}
