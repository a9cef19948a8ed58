//! Server-sent events over bytes.
use bytes::Bytes;
/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /** the `event:` field, "message" when absent */
    pub event: String,
    /** joined data lines */
    pub data: String,
    /** */
    pub id: String,
}
/// STUB error
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct SseError;
/// Incremental decoder (on eventsource-stream), bounded event size.
#[derive(Debug, Default)]
pub struct Decoder {}
impl Decoder {
    /// Takes the next bytes and appends the events that they complete.
    pub fn push(&mut self, _chunk: &Bytes, _events: &mut Vec<Event>) -> Result<(), SseError> {
        unimplemented!()
    }
    /// Ends the input: what an unterminated last event holds (a stream cut inside an event), if anything.
    pub fn finish(&mut self, _events: &mut Vec<Event>) -> Result<(), SseError> {
        unimplemented!()
    }
}
/// Appends a `data:` frame (with `event:` line when given) to `out`.
pub fn put(_out: &mut Vec<u8>, _event: Option<&str>, _data: &str) {
    unimplemented!()
}
/// Appends a comment frame.
pub fn put_comment(_out: &mut Vec<u8>, _text: &str) {
    unimplemented!()
}
