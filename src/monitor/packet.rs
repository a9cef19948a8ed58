//! What was encoded, decoded or sent by hand, as the Python bridge remembered it.

use std::{collections::VecDeque, sync::Arc, time::SystemTime};

use serde_json::Value;

/// How many bytes of JSON text all packets hold together at most.
const MOST_BYTES: usize = 4 << 20;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// When it was.
    pub at: SystemTime,
    /// What was done: `encode`, `decode`, `warp_request`…
    pub kind: String,
    /// How many bytes it has on the wire.
    pub size: usize,
    /// What it says.
    pub data: Value,
}

/// The last ones.
pub(super) struct Packets {
    all: VecDeque<(usize, Arc<Packet>)>,
    most: usize,
    held: usize,
}

impl Packets {
    pub(super) fn new(most: usize) -> Self {
        Self { all: VecDeque::new(), most: most.max(1), held: 0 }
    }

    pub(super) fn push(&mut self, packet: Arc<Packet>) {
        let size = weight(&packet.data);
        self.held += size;
        self.all.push_back((size, packet));
        // The newest stays, however large it is.
        while self.all.len() > self.most || (self.held > MOST_BYTES && self.all.len() > 1) {
            let Some((size, _)) = self.all.pop_front() else { return };
            self.held -= size;
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<Packet>> {
        self.all.iter().map(|(_, packet)| Arc::clone(packet)).collect()
    }
}

/// About how many bytes `value` holds.
fn weight(value: &Value) -> usize {
    const SLOT: usize = 32;
    SLOT + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(entries) => entries.iter().map(|(key, value)| SLOT + key.len() + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::SystemTime};

    use serde_json::json;

    use super::{MOST_BYTES, Packet, Packets};

    fn packet(kind: &str, bytes: usize) -> Arc<Packet> {
        let data = json!({"text": "x".repeat(bytes)});
        Arc::new(Packet { at: SystemTime::UNIX_EPOCH, kind: kind.to_owned(), size: bytes, data })
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_too_much() {
        let mut packets = Packets::new(3);
        let kinds = |packets: &Packets| packets.all().iter().map(|packet| packet.kind.clone()).collect::<Vec<_>>();
        for kind in ["a", "b", "c", "d"] {
            packets.push(packet(kind, 1));
        }
        assert_eq!(kinds(&packets), ["b", "c", "d"]);
        packets.push(packet("large", MOST_BYTES));
        assert_eq!(kinds(&packets), ["large"]);
        packets.push(packet("e", 1));
        assert_eq!(kinds(&packets), ["e"]);
    }
}
