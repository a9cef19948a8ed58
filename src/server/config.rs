//! What whoever starts the server decides about it.

use std::time::Duration;

use crate::{clients::Clients, metrics::Metrics, secret::Secret, state::Shelves};

/// How clients are served.
#[derive(Debug, Clone)]
pub struct Config {
    /// Keys of which clients must present one. When there is none, any key will do, and none as well.
    pub client_keys: Vec<Secret>,
    /// Clients whose keys have terms. Where there are any, or may be, clients must present a key, one of theirs or of the
    /// above.
    pub clients: Option<Clients>,
    /// Largest request body in bytes, after decompression.
    pub max_body: usize,
    /// How long a streaming client may hear nothing before it is told that all is well.
    pub heartbeat: Duration,
    /// How long the server goes on to take requests once it is to stop and says so, for those who watch it to notice.
    pub drain_pause: Duration,
    /// How long answers may go on after that; then they are ended with an error.
    pub drain_timeout: Duration,
    /// How much the server takes on.
    pub limits: Limits,
    /// How long it holds that the upstream can be reached, before somebody who asks whether the server is ready has
    /// that asked again.
    pub ready_rest: Duration,
    /// True to refuse requests whose options cannot all be honoured, instead of naming those in a header.
    pub strict: bool,
    /// Origins of web pages that may call, such as `https://chat.example.org`; `*` stands for all.
    pub cors: Vec<String>,
    /// Names other than those of the loopback interface that a `Host` header may have. They are looked at only by a
    /// server that listens on loopback, where any other name means that a web page has its own name point here.
    pub allowed_hosts: Vec<String>,
    /// True when the server listens on the loopback interface only. [`crate::server::run`] sees for itself.
    pub loopback_only: bool,
    /// Where what clients asked to be kept outlives the process; without, it is kept in memory.
    pub shelves: Option<Shelves>,
    /// Counts what is done.
    pub metrics: Metrics,
    /// True to show what was counted under `/metrics`, too.
    pub shows_metrics: bool,
}

/// How much a server takes on before it says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections. A few more are told that there is no room, still more are closed.
    pub connections: usize,
    /// Bytes of a request's head. As much of an answer is held for an HTTP/1 connection.
    pub head_bytes: usize,
    /// Header fields of a request.
    pub head_fields: usize,
    /// How long a client may take to send a request's head, which is also how long an idle connection is kept.
    pub head_timeout: Duration,
    /// Answers that the upstream is asked for at the same time; a request for several choices is as many.
    pub turns: usize,
    /// Further requests that may wait for their turn.
    pub queue: usize,
    /// How long one may wait.
    pub queue_timeout: Duration,
    /// How long a turn may take from then on.
    pub turn_timeout: Duration,
    /// Bytes of an answer that the system holds for a client that does not take them, and HTTP/2 for a stream.
    pub buffer: usize,
    /// How long a client may take no byte of its answer, or send none of its request, while it should.
    pub client_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head_bytes: 64 * 1024,
            head_fields: 100,
            head_timeout: Duration::from_secs(60),
            turns: 1000,
            queue: 200,
            queue_timeout: Duration::from_secs(10),
            turn_timeout: Duration::from_secs(3600),
            buffer: 256 * 1024,
            client_timeout: Duration::from_secs(60),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_keys: Vec::new(),
            clients: None,
            max_body: 64 * 1024 * 1024,
            heartbeat: Duration::from_secs(10),
            drain_pause: Duration::ZERO,
            drain_timeout: Duration::from_secs(30),
            limits: Limits::default(),
            ready_rest: Duration::from_secs(60),
            strict: false,
            cors: Vec::new(),
            allowed_hosts: Vec::new(),
            loopback_only: true,
            shelves: None,
            metrics: Metrics::new(env!("CARGO_PKG_VERSION")),
            shows_metrics: true,
        }
    }
}
