//! What whoever starts the server decides about it.

use std::time::Duration;

use crate::{clients::Clients, secret::Secret, state::Shelves};

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
    /// How long answers may go on once the server is to stop; then they are ended with an error.
    pub drain_timeout: Duration,
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
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_keys: Vec::new(),
            clients: None,
            max_body: 64 * 1024 * 1024,
            heartbeat: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(30),
            strict: false,
            cors: Vec::new(),
            allowed_hosts: Vec::new(),
            loopback_only: true,
            shelves: None,
        }
    }
}
