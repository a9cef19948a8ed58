//! The settings that say how much a server takes on.
//!
//! It must not know what each limit guards.

use std::time::Duration;

use crate::{
    cli::{
        env::{self, Setting},
        layers::Layers,
        values,
    },
    server::Limits,
};

/// The limits that are set, and the usual ones for the rest.
pub(super) fn limits(layers: &mut Layers<'_>) -> Limits {
    let usual = Limits::default();
    let mut time = |setting: &Setting, usual: Duration| layers.parsed(None, setting, values::duration).unwrap_or(usual);
    let times = Limits {
        head_timeout: time(&env::HEAD_TIMEOUT, usual.head_timeout),
        queue_timeout: time(&env::QUEUE_TIMEOUT, usual.queue_timeout),
        turn_timeout: time(&env::TURN_TIMEOUT, usual.turn_timeout),
        client_timeout: time(&env::CLIENT_TIMEOUT, usual.client_timeout),
        ..usual
    };
    Limits {
        connections: layers.parsed(None, &env::MAX_CONNECTIONS, values::count).unwrap_or(usual.connections),
        head_bytes: layers.parsed(None, &env::MAX_HEAD, values::head).unwrap_or(usual.head_bytes),
        head_fields: layers.parsed(None, &env::MAX_HEADERS, values::count).unwrap_or(usual.head_fields),
        turns: layers.parsed(None, &env::MAX_TURNS, values::count).unwrap_or(usual.turns),
        queue: layers.parsed(None, &env::MAX_QUEUE, values::count_or_none).unwrap_or(usual.queue),
        buffer: layers.parsed(None, &env::STREAM_BUFFER, values::size).unwrap_or(usual.buffer),
        ..times
    }
}
