//! Takes connections and serves them, HTTP/1 and HTTP/2 without TLS, until it is told to stop.
//!
//! When there are as many connections as there may be, a few more are served only to say so: a client that is refused in
//! its own words can go elsewhere, one that hears nothing waits. It must not know what is served.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Response, StatusCode},
};
use futures_util::future::{self, Either};
use hyper::{
    Request,
    body::Incoming,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulConnection, GracefulShutdown},
    },
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::server::{Server, config::Limits, wire::Wire};

/// How many connections beyond the limit are told so, and how long they have for it.
const CROWD: usize = 64;
const CROWD_PATIENCE: Duration = Duration::from_secs(5);
/// How often an HTTP/2 connection is checked for life, and how long that may take.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long no connection is taken after one could not be: the process is out of something, most likely files.
const PAUSE: Duration = Duration::from_secs(1);
/// What hyper reads into a place of its own that costs nothing.
const USUAL_HEAD_FIELDS: usize = 100;

/// Why a connection has failed.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Marks the requests of a connection that is one too many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowded;

/// Serves `app` on `listener` as `live` says at the time of each connection. When `stop` is done it takes no more of them,
/// and waits until those that are open have had their answers. Dropping it closes them all.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    live: watch::Receiver<Arc<Server>>,
    stop: impl Future<Output = ()>,
) {
    let (open, mut tasks) = (GracefulShutdown::new(), JoinSet::new());
    let mut stop = pin!(stop);
    loop {
        let taken = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = tasks.join_next() => continue,
            taken = listener.accept() => taken,
        };
        let stream = match taken {
            Ok((stream, _)) => stream,
            Err(error) => {
                rest(&error).await;
                continue;
            }
        };
        let limits = live.borrow().config.limits;
        let is_crowded = tasks.len() >= limits.connections;
        if tasks.len() >= limits.connections + CROWD {
            tracing::debug!("a connection too many is closed");
            continue;
        }
        prepare(&stream, &limits);
        let limits = if is_crowded { hasty(limits) } else { limits };
        let serving = open.watch(connection(stream, app.clone(), limits, is_crowded));
        tasks.spawn(async move {
            let served = match is_crowded {
                true => tokio::time::timeout(CROWD_PATIENCE, serving).await.unwrap_or(Ok(())),
                false => serving.await,
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection has failed");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// What a connection is allowed that is only to hear that it is one too many.
fn hasty(limits: Limits) -> Limits {
    let head_timeout = limits.head_timeout.min(CROWD_PATIENCE);
    Limits { head_timeout, client_timeout: limits.client_timeout.min(CROWD_PATIENCE), ..limits }
}

/// Sees to it that small pieces go out at once, that no more than the buffer waits in the system, and that the system gives
/// up a client that is not there any more as soon as one that reads nothing.
fn prepare(stream: &TcpStream, limits: &Limits) {
    let socket = socket2::SockRef::from(stream);
    let buffered = socket.set_send_buffer_size(limits.buffer);
    #[cfg(target_os = "linux")]
    let buffered = buffered.and(socket.set_tcp_user_timeout(Some(limits.client_timeout)));
    if let Err(error) = stream.set_nodelay(true).and(buffered) {
        tracing::debug!(%error, "a connection cannot be set up as it should");
    }
}

/// The connection over `stream`, as a future that can be told to end after what is under way.
fn connection(
    stream: TcpStream,
    app: Router,
    limits: Limits,
    is_crowded: bool,
) -> impl GracefulConnection<Error = Fault> + Send {
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if request.headers().len() > limits.head_fields {
            // HTTP/1 is answered so before it comes here.
            return Either::Left(future::ready(Ok(too_many_fields())));
        }
        if is_crowded {
            request.extensions_mut().insert(Crowded);
        }
        Either::Right(app.call(request))
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        // hyper does with no less.
        .max_buf_size(limits.head_bytes.max(8192));
    if limits.head_fields != USUAL_HEAD_FIELDS {
        builder.http1().max_headers(limits.head_fields);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(limits.buffer);
    let wire = Wire::new(stream, limits.head_timeout, limits.client_timeout);
    builder.serve_connection(TokioIo::new(wire), service).into_owned()
}

fn too_many_fields() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    response
}

/// Waits a moment when it is not the client's fault that its connection could not be taken.
async fn rest(error: &io::Error) {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => {}
        _ => {
            tracing::error!(%error, "no connection can be taken; trying again in a moment");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
