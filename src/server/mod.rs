//! The public HTTP API: axum in front, the dialects for the forms, the gateway for the work.
//!
//! One handler serves everything, so that every answer, a 404 as well as a panic, takes the same way out: in the form of
//! the dialect that the path belongs to, with a request id. It must not know protobuf, the upstream or where
//! credentials come from.

mod accept;
mod body;
pub mod bridge;
mod choices;
mod client;
mod clock;
mod config;
mod gate;
mod guard;
mod handle;
mod kept;
mod kept_durable;
mod models;
mod readers;
mod ready;
mod respond;
mod route;
mod scrape;
mod span;
mod stream;
mod turn_log;
mod turns;
mod wire;

use std::{convert::Infallible, io, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};
use tower_http::decompression::RequestDecompressionLayer;

pub use crate::server::{
    config::{Config, Limits},
    ready::Need,
    scrape::serve_metrics,
};

use crate::{
    gateway::Gateway,
    server::{gate::Gate, kept::Store, readers::Readers},
};

/// How long answers that were ended have to reach their clients.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What every request is served with. It is made anew when the configuration changes; requests that run keep theirs.
#[derive(Clone)]
pub(crate) struct Server {
    config: Config,
    gateway: Gateway,
    /// The answers that clients asked to be kept.
    kept: Arc<dyn Store>,
    /// Lets turns in.
    gate: Gate,
    /// The answers that go out.
    readers: Readers,
    /// What beside the gateway's own affairs has to be there for turns to be served.
    needs: Arc<[Arc<dyn Need>]>,
    /// Turns true when the server has been told to stop.
    draining: watch::Receiver<bool>,
    /// Turns true when answers must end.
    ending: watch::Receiver<bool>,
}

/// The server as it is now.
type Live = watch::Receiver<Arc<Server>>;

/// What whoever starts a server holds in the hand while it runs.
pub struct Controls {
    /// The configuration, which may change.
    pub config: watch::Receiver<Config>,
    /// What else has to be there for turns to be served.
    pub needs: Vec<Arc<dyn Need>>,
}

/// The API as a service, for a listener of any kind.
pub fn router(config: Config, gateway: Gateway) -> Router {
    let (_, never) = watch::channel(false);
    let server = Server::new(config, gateway, Vec::new(), never.clone(), never);
    app(watch::channel(Arc::new(server)).1)
}

/// Serves the API on `listener` until `shutdown` is done and every answer has ended or been ended.
///
/// # Errors
/// When the listener has no address.
pub async fn run(
    listener: TcpListener,
    config: Config,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (_, config) = watch::channel(config);
    run_with(listener, Controls { config, needs: Vec::new() }, gateway, shutdown).await
}

/// The same with a configuration that can change while it runs.
///
/// # Errors
/// When the listener has no address.
pub async fn run_with(
    listener: TcpListener,
    controls: Controls,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?.ip();
    let Controls { mut config, needs } = controls;
    let (end, ending) = watch::channel(false);
    let (drain, draining) = watch::channel(false);
    let first = fitted(&config.borrow_and_update(), address);
    let server = Server::new(first, gateway, needs, draining.clone(), ending);
    let (readers, gate) = (server.readers.clone(), server.gate.clone());
    let (swap, live) = watch::channel(Arc::new(server));
    let stop = async {
        shutdown.await;
        drain.send_replace(true);
        let pause = live.borrow().config.drain_pause;
        tokio::time::sleep(pause).await;
    };
    let patience = || live.borrow().config.limits.client_timeout;
    tokio::select! {
        () = pin!(accept::serve(listener, app(live.clone()), live.clone(), stop)) => {}
        () = pin!(deadline(draining, &live, &end, &gate)) => tracing::warn!("some connections did not end; leaving them"),
        never = pin!(follow(config, &swap, address)) => match never {},
        never = pin!(readers.watch(patience)) => match never {},
    }
    Ok(())
}

/// Ends the answers that still go out when their time is over, and gives those who hear it a moment.
async fn deadline(mut draining: watch::Receiver<bool>, live: &Live, end: &watch::Sender<bool>, gate: &Gate) {
    // An error here means that the server has ended by itself, and then nobody waits for this any more.
    let _ = draining.wait_for(|draining| *draining).await;
    let (pause, time) = {
        let server = live.borrow();
        (server.config.drain_pause, server.config.drain_timeout)
    };
    tokio::time::sleep(pause + time).await;
    let (answers, waiting) = gate.load();
    tracing::warn!(answers, waiting, "answers are still going out; ending them");
    end.send_replace(true);
    tokio::time::sleep(LAST_WORDS).await;
}

/// Lets every request that comes after a change of the configuration be served by the new one.
async fn follow(mut config: watch::Receiver<Config>, swap: &watch::Sender<Arc<Server>>, address: IpAddr) -> Infallible {
    while config.changed().await.is_ok() {
        let config = fitted(&config.borrow_and_update(), address);
        let changed = Server { config, ..Server::clone(&swap.borrow()) };
        changed.gate.resize(changed.config.limits.turns);
        swap.send_replace(Arc::new(changed));
    }
    // Nobody is left who could change it.
    std::future::pending().await
}

/// `config` for a server at `address`.
fn fitted(config: &Config, address: IpAddr) -> Config {
    let mut config = Config { loopback_only: address.is_loopback(), ..config.clone() };
    config.allowed_hosts.push(address.to_string());
    config
}

impl Server {
    fn new(
        config: Config,
        gateway: Gateway,
        needs: Vec<Arc<dyn Need>>,
        draining: watch::Receiver<bool>,
        ending: watch::Receiver<bool>,
    ) -> Self {
        Self {
            kept: kept(&config),
            gate: Gate::new(config.limits.turns),
            readers: Readers::default(),
            needs: needs.into(),
            config,
            gateway,
            draining,
            ending,
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

fn app(live: Live) -> Router {
    // An encoding that the layer does not know is passed on, for the refusal must have the dialect's form.
    let decompression = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    Router::new().fallback(handle::request).with_state(live).layer(decompression)
}
