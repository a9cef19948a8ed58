//! The public HTTP API: axum in front, the dialects for the forms, the gateway for the work.
//!
//! One handler serves everything, so that every answer, a 404 as well as a panic, takes the same way out: in the form of
//! the dialect that the path belongs to, with a request id. It must not know protobuf, the upstream or where
//! credentials come from.

mod body;
pub mod bridge;
mod choices;
mod client;
mod clock;
mod config;
mod guard;
mod handle;
mod kept;
mod kept_durable;
mod models;
mod respond;
mod route;
mod stream;
mod turn_log;
mod turns;

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, sync::watch};
use tower_http::decompression::RequestDecompressionLayer;

pub use crate::server::config::Config;

use crate::{gateway::Gateway, server::kept::Store};

/// How long answers that were ended have to reach their clients.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What every request is served with.
pub(crate) struct Server {
    config: Config,
    gateway: Gateway,
    /// The answers that clients asked to be kept.
    kept: Arc<dyn Store>,
    /// Turns true when answers must end.
    ending: watch::Receiver<bool>,
    /// Kept so that a server that nobody stops never hears that its answers must end.
    _ending_source: Option<watch::Sender<bool>>,
}

/// The API as a service, for a listener of any kind.
pub fn router(config: Config, gateway: Gateway) -> Router {
    let (source, ending) = watch::channel(false);
    app(Server { kept: kept(&config), config, gateway, ending, _ending_source: Some(source) })
}

/// Serves the API on `listener` until `shutdown` is done and every answer has ended or been ended.
///
/// # Errors
/// When the listener has no address or cannot accept connections.
pub async fn run(
    listener: TcpListener,
    config: Config,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?.ip();
    let drain_timeout = config.drain_timeout;
    let mut config = Config { loopback_only: address.is_loopback(), ..config };
    config.allowed_hosts.push(address.to_string());
    let (end, ending) = watch::channel(false);
    let (drain, mut draining) = watch::channel(false);
    let app = app(Server { kept: kept(&config), config, gateway, ending, _ending_source: None });
    let stop = async move {
        shutdown.await;
        drain.send_replace(true);
    };
    let deadline = async {
        // An error here means that the server has ended by itself, and then nobody waits for this any more.
        let _ = draining.wait_for(|draining| *draining).await;
        tokio::time::sleep(drain_timeout).await;
        tracing::warn!("answers are still going out; ending them");
        end.send_replace(true);
        tokio::time::sleep(LAST_WORDS).await;
    };
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection cannot send small pieces at once");
        }
    });
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop).into_future();
    tokio::select! {
        result = pin!(serving) => result,
        () = pin!(deadline) => {
            tracing::warn!("some connections did not end; leaving them");
            Ok(())
        }
    }
}

/// Where answers are kept.
fn kept(config: &Config) -> Arc<dyn Store> {
    match &config.shelves {
        Some(shelves) => Arc::new(kept_durable::Durable::new(shelves)),
        None => Arc::<kept::Memory>::default(),
    }
}

fn app(server: Server) -> Router {
    // An encoding that the layer does not know is passed on, for the refusal must have the dialect's form.
    let decompression = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    Router::new().fallback(handle::request).with_state(Arc::new(server)).layer(decompression)
}
