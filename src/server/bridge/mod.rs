//! The bridge: the second, private surface, for those who debug. It encodes and decodes, sends requests as they are, tells
//! how the accounts stand, and shows the turns that run.
//!
//! Its `/api` paths and bodies are those of the Python bridge, so that scripts written for that go on working; it shows no
//! token and no part of one. It serves loopback only, answers only to loopback's names, and not to pages of other origins.
//! It must not know the upstream or where credentials come from.
//!
//! In reading order: `refusal` (how it says no) · `asked` (bodies) · `codec` · `send` · `auth` · `packets` · `socket` ·
//! `view` (what may be seen of a message) · `turns` (the monitor's turns) · `page`.

mod anatomy;
mod asked;
mod auth;
mod codec;
mod former;
mod message_data;
mod packets;
mod page;
mod refusal;
mod send;
mod socket;
mod turns;
mod view;

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tower_http::decompression::RequestDecompressionLayer;

use crate::{
    gateway::{Gateway, Scope},
    monitor::Monitor,
    schema::Schema,
    server::{self, bridge::refusal::Refusal, clock, guard},
};
use view::View;

/// How long open connections have once the bridge is to stop.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the bridge serves.
pub struct Parts {
    /// Sends requests, and knows the accounts.
    pub gateway: Gateway,
    /// Where the gateway's turns are written down.
    pub monitor: Monitor,
    /// The messages that are encoded and decoded.
    pub schema: Schema,
    /// True to show what people wrote, too.
    pub sensitive: bool,
    /// Largest request body in bytes, after decompression.
    pub max_body: usize,
    /// Names other than loopback's own that it answers to.
    pub allowed_hosts: Vec<String>,
}

/// What every request is served with.
struct Bridge {
    gateway: Gateway,
    monitor: Monitor,
    view: View,
    guard: server::Config,
    /// Turns true when connections that stay open must end.
    ending: watch::Receiver<bool>,
    /// Kept so that a bridge that nobody stops never hears that it must end.
    _ending_source: Option<watch::Sender<bool>>,
}

type Shared = State<Arc<Bridge>>;

/// The bridge as a service.
pub fn router(parts: Parts) -> Router {
    let (source, ending) = watch::channel(false);
    app(Bridge::new(parts, ending, Some(source)))
}

/// Serves the bridge on `listener` until `shutdown` is done.
///
/// # Errors
/// When the listener is not on loopback, or cannot accept connections.
pub async fn run(
    listener: TcpListener,
    parts: Parts,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the bridge serves loopback only"));
    }
    let (end, ending) = watch::channel(false);
    let mut ended = ending.clone();
    let app = app(Bridge::new(parts, ending, None));
    let stop = async move {
        shutdown.await;
        end.send_replace(true);
    };
    let deadline = async {
        // An error means that the server has ended by itself.
        let _ = ended.wait_for(|ended| *ended).await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop).into_future();
    tokio::select! {
        result = pin!(serving) => result,
        () = pin!(deadline) => Ok(()),
    }
}

impl Bridge {
    fn new(parts: Parts, ending: watch::Receiver<bool>, source: Option<watch::Sender<bool>>) -> Self {
        let Parts { gateway, monitor, schema, sensitive, max_body, allowed_hosts } = parts;
        let guard = server::Config { max_body, allowed_hosts, loopback_only: true, ..server::Config::default() };
        Self { gateway, monitor, view: View::new(schema, sensitive), guard, ending, _ending_source: source }
    }

    /// Whose conversations those are that are sent by hand.
    fn scope() -> Scope {
        let request_id = uuid::Uuid::new_v4().simple().to_string();
        Scope { client: "bridge".to_owned(), request_id, dialect: "bridge", ..Scope::default() }
    }
}

fn app(bridge: Bridge) -> Router {
    let bridge = Arc::new(bridge);
    let turn = "/api/monitor/turns/{number}";
    Router::new()
        .route("/", get(root))
        .route("/healthz", get(health))
        .route("/gui", get(page::serve))
        .route("/ws", get(socket::open))
        .route("/encode", post(codec::encode))
        .route("/decode", post(codec::decode))
        .route("/api/encode", post(codec::encode))
        .route("/api/decode", post(codec::decode))
        .route("/api/stream-decode", post(codec::stream_decode))
        .route("/api/schemas", get(codec::schemas))
        .route("/api/auth/status", get(auth::status))
        .route("/api/auth/refresh", post(auth::refresh))
        .route("/api/auth/user_id", get(auth::user_id))
        .route("/api/packets/history", get(packets::history))
        .route("/api/warp/send", post(send::whole))
        .route("/api/warp/send_stream", post(send::parsed))
        .route("/api/warp/send_stream_sse", post(send::streamed))
        .route("/api/warp/encode_raw", post(codec::encode_raw))
        .route("/api/monitor/turns", get(turns::list))
        .route(turn, get(turns::one))
        .route(&format!("{turn}/events"), get(turns::events))
        .route(&format!("{turn}/wire"), get(turns::wire))
        .route(&format!("{turn}/tasks"), get(turns::tasks))
        .route(&format!("{turn}/dialects/{{name}}"), get(turns::dialect))
        .route(&format!("{turn}/curl"), get(turns::curl))
        .route(&format!("{turn}/capture"), get(turns::capture))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        // `body::whole` counts the bytes.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(&bridge), check))
        .with_state(bridge)
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
}

/// Lets nobody in whom a web page of another origin sends.
async fn check(State(bridge): Shared, request: Request, next: Next) -> Response {
    let mut response = match guard::check_origin(&bridge.guard, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => Refusal::of(&error).into_response(),
    };
    page::put_safety(response.headers_mut());
    response
}

async fn root() -> Json<Value> {
    Json(json!({"message": "warp2api's bridge; its page is at /gui", "version": env!("CARGO_PKG_VERSION")}))
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok", "timestamp": clock::text(std::time::SystemTime::now())}))
}

async fn nothing_here(request: Request) -> Refusal {
    let path: String = request.uri().path().chars().take(100).collect();
    Refusal::new(404, format!("`{} {path}` is not served here.", request.method()))
}

async fn wrong_method(request: Request) -> Refusal {
    Refusal::new(405, format!("This path does not take {}.", request.method()))
}

/// Runs what may take long where it keeps nobody waiting.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Refusal::new(500, "The gateway has a fault: this could not be worked out.")))
}
