//! The history of what was encoded, decoded and sent by hand.

use std::time::SystemTime;

use axum::{Json, extract::State};
use prost_reflect::MessageDescriptor;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    monitor::Packet,
    server::{
        bridge::{Bridge, Shared, refusal::InQuery},
        clock,
    },
};

/// How many packets are given to who does not say how many.
const USUAL: usize = 50;
/// How many characters a preview has.
const PREVIEW: usize = 200;

/// How much is wanted.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    limit: Option<usize>,
}

/// `GET /api/packets/history`.
pub(super) async fn history(State(bridge): Shared, InQuery(wanted): InQuery<Wanted>) -> Json<Value> {
    let all = bridge.monitor.packets();
    let passed_over = all.len().saturating_sub(wanted.limit.unwrap_or(USUAL));
    let packets: Vec<Value> = all[passed_over..].iter().map(|packet| shown(packet)).collect();
    Json(json!({"total_count": all.len(), "returned_count": packets.len(), "packets": packets}))
}

/// Keeps the message `wire`, as far as it may be seen.
pub(super) fn keep_wire(bridge: &Bridge, kind: &str, descriptor: &MessageDescriptor, wire: &[u8]) {
    let data = bridge.view.json(descriptor, wire);
    keep(bridge, kind, wire.len(), data);
}

/// Keeps `data`, which holds nothing that may not be seen.
pub(super) fn keep(bridge: &Bridge, kind: &str, size: usize, data: Value) {
    bridge.monitor.keep(Packet { at: SystemTime::now(), kind: kind.to_owned(), size, data });
}

/// A packet in the Python bridge's form.
pub(super) fn shown(packet: &Packet) -> Value {
    let text = packet.data.to_string();
    let preview = match text.char_indices().nth(PREVIEW) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    };
    json!({
        "timestamp": clock::text(packet.at), "type": packet.kind, "size": packet.size, "data_preview": preview,
        "full_data": packet.data,
    })
}
