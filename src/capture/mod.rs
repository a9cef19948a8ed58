//! Captures: recorded exchanges with the upstream, from whichever program recorded them, and our own recorder and
//! player of them.
//!
//! In reading order: [`format`](mod@format) (our own file) · [`Frames`] (a response stream, event by event, each with its place) ·
//! [`read()`] (whatever it is given, as exchanges) · [`record`] (exchanges into files, bounded and redacted) · [`replay`]
//! (an upstream that answers with captures).
//!
//! It must not know what a response event means, nor who wants to know what is in a capture.

mod folder;
pub mod format;
mod har;
mod read;
pub mod record;
mod redact;
pub mod replay;
mod sse;

pub use folder::captures_in;
pub use read::{Opening, Piece, ReadError, is_recording, read};
pub use redact::PRIVATE_HEADERS;
pub use sse::{Frame, Frames};
