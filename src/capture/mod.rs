//! Captures: recorded exchanges with the upstream, from whichever program recorded them, and our own recorder and
//! player of them.
//!
//! In reading order: [`format`](mod@format) (our own file) · [`Frames`] (a response stream, event by event, each with its place) ·
//! [`read()`] (whatever it is given, as exchanges).
//!
//! It must not know what a response event means, nor who wants to know what is in a capture.

pub mod format;
mod har;
mod read;
mod sse;

pub use read::{Opening, Piece, ReadError, read};
pub use sse::{Frame, Frames};
