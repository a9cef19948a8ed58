//! The settings of how clients are served: where, whom, how much of it, and until when.

use crate::cli::env::{Setting, open, secret};

/// The address to serve; `HOST` and `PORT` are its parts.
pub const LISTEN: Setting =
    open("--listen", "", "listen", "`127.0.0.1:8010`", "Address and port to serve; port 0 takes any free one");
/// The host part of the address to serve.
pub const HOST: Setting = open("", "HOST", "", "`127.0.0.1`", "Address part of `listen`");
/// The port part of the address to serve.
pub const PORT: Setting = open("", "PORT", "", "`8010`", "Port part of `listen`");
/// What clients must present.
pub const API_TOKEN: Setting = secret(
    "API_TOKEN",
    "client_keys",
    "Key that clients must send (the file takes a list). Without one, and without `key create`, anyone who reaches the port \
     may use it",
);
/// Whether to serve others without a client key.
pub const ALLOW_ANONYMOUS: Setting = open(
    "--allow-anonymous",
    "WARP2API_ALLOW_ANONYMOUS",
    "allow_anonymous",
    "`false`",
    "Serve an address that others can reach although there is no client key",
);
/// Whether options that cannot be honoured are refused.
pub const STRICT: Setting = open(
    "--strict",
    "WARP2API_STRICT",
    "strict",
    "`false`",
    "Refuse requests with options that cannot be honoured, instead of naming them in `x-warp2api-ignored`",
);
/// How often a silent stream says that it is alive.
pub const HEARTBEAT: Setting = open(
    "",
    "WARP2API_HEARTBEAT",
    "heartbeat",
    "`10s`",
    "Silence after which a streaming client gets a keep-alive comment",
);
/// How long streams may go on after a signal to stop.
pub const DRAIN_TIMEOUT: Setting = open(
    "",
    "WARP2API_DRAIN_TIMEOUT",
    "drain_timeout",
    "`30s`",
    "How long answers in progress may go on after SIGINT or SIGTERM",
);
/// How long the server still takes requests after a signal to stop.
pub const DRAIN_PAUSE: Setting = open(
    "",
    "WARP2API_DRAIN_PAUSE",
    "drain_pause",
    "`0`",
    "How long requests are still taken after SIGINT or SIGTERM while `/readyz` says no, for a load balancer to notice",
);
/// How long the upstream counts as reached.
pub const READY_INTERVAL: Setting = open(
    "",
    "WARP2API_READY_INTERVAL",
    "ready_interval",
    "`60s`",
    "How long `/readyz` goes by the last call of the upstream before it has it asked again",
);
/// How many answers run at once.
pub const MAX_TURNS: Setting = open(
    "",
    "WARP2API_MAX_TURNS",
    "max_turns",
    "`1000`",
    "How many answers the upstream is asked for at the same time; a request for several choices is as many",
);
/// How many requests wait.
pub const MAX_QUEUE: Setting = open(
    "",
    "WARP2API_MAX_QUEUE",
    "max_queue",
    "`200`",
    "How many more requests may wait for their turn (from 0); others are refused at once as overload",
);
/// How long requests wait.
pub const QUEUE_TIMEOUT: Setting = open(
    "",
    "WARP2API_QUEUE_TIMEOUT",
    "queue_timeout",
    "`10s`",
    "How long a request may wait for its turn before it is refused as overload",
);
/// How long a turn may take.
pub const TURN_TIMEOUT: Setting =
    open("", "WARP2API_TURN_TIMEOUT", "turn_timeout", "`1h`", "How long a turn may take in all before it fails");
/// How many connections there may be.
pub const MAX_CONNECTIONS: Setting = open(
    "",
    "WARP2API_MAX_CONNECTIONS",
    "max_connections",
    "`4096`",
    "How many clients may be connected; a few more are told that there is no room, others are closed",
);
/// The largest head of a request.
pub const MAX_HEAD: Setting = open(
    "",
    "WARP2API_MAX_HEAD",
    "max_head",
    "`64KiB`",
    "Largest head of a request (from 8KiB); as much of an answer is held for an HTTP/1 connection",
);
/// How many header fields a request may have.
pub const MAX_HEADERS: Setting =
    open("", "WARP2API_MAX_HEADERS", "max_headers", "`100`", "How many header fields a request may have");
/// How long a request's head may take.
pub const HEAD_TIMEOUT: Setting = open(
    "",
    "WARP2API_HEAD_TIMEOUT",
    "head_timeout",
    "`60s`",
    "How long a client may take to send a request's head; as long an idle connection is kept",
);
/// How long a client may keep the gateway waiting.
pub const CLIENT_TIMEOUT: Setting = open(
    "",
    "WARP2API_CLIENT_TIMEOUT",
    "client_timeout",
    "`60s`",
    "How long a client may take nothing of its answer, or send nothing of its request, before it is let go",
);
/// How much of an answer waits for its client.
pub const STREAM_BUFFER: Setting = open(
    "",
    "WARP2API_STREAM_BUFFER",
    "stream_buffer",
    "`256KiB`",
    "How much of an answer the system holds for a client that does not take it; then the upstream is not read on",
);
/// Whether changed files are read again.
pub const WATCH: Setting = open(
    "",
    "WARP2API_WATCH",
    "watch",
    "`true`",
    "Read the configuration file and `.env` again when they change, as SIGHUP does",
);
/// The largest request body.
pub const MAX_BODY: Setting =
    open("", "WARP2API_MAX_BODY", "max_body", "`64MiB`", "Largest request body, after decompression");
/// Web pages that may call the gateway.
pub const CORS: Setting = open(
    "",
    "WARP2API_CORS",
    "cors",
    "none",
    "Origins of web pages that may call the gateway, comma-separated, or `*`",
);
/// Host names under which a loopback server answers.
pub const ALLOWED_HOSTS: Setting = open(
    "",
    "WARP2API_ALLOWED_HOSTS",
    "allowed_hosts",
    "none",
    "Further `Host` names to answer to, comma-separated (`localhost` and the listening address always are)",
);
/// The configuration file.
pub const CONFIG: Setting = open(
    "--config",
    "WARP2API_CONFIG",
    "",
    "`config.toml` in the platform's configuration directory",
    "Configuration file",
);
