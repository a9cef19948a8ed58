//! What watches over a server: its metrics, on a port of their own where that is wanted, and its traces.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    cli::{
        exit::{Exit, Failure},
        output::Output,
        settings::{MetricsPlace, Settings},
    },
    gateway::{Gateway, Measurer, Observer, Traced},
    metrics::Metrics,
    otlp::Otlp,
    server,
};

/// How long the collector of traces has at the end.
const LAST_TRACES: Duration = Duration::from_secs(3);

/// What is counted and traced.
pub(crate) struct Watched {
    metrics: Metrics,
    place: MetricsPlace,
    /// The port for metrics alone, until it is served.
    listener: Option<TcpListener>,
    /// Owns what serves it, to the end: whoever watches wants to see how answers end, too.
    serving: JoinSet<std::io::Result<()>>,
    traces: Option<Otlp>,
}

impl Watched {
    /// Prepares what `settings` ask for.
    ///
    /// # Errors
    /// When the port cannot be had, or the settings of traces cannot be used.
    pub(crate) async fn begin(settings: &Settings) -> Result<Self, Failure> {
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
        let place = settings.serving.metrics;
        let listener = match place {
            MetricsPlace::Own(address) => Some(bind(address).await?),
            MetricsPlace::Public | MetricsPlace::Nowhere => None,
        };
        let traces = settings.traces.as_ref().map(|traces| traces.start(metrics.clone())).transpose()?;
        Ok(Self { metrics, place, listener, serving: JoinSet::new(), traces })
    }

    /// Those who see the turns.
    pub(crate) fn observers(&self) -> impl Iterator<Item = Arc<dyn Observer>> {
        let traced = self.traces.iter().map(|traces| Arc::new(Traced::new(traces.tracer())) as Arc<dyn Observer>);
        traced.chain([Arc::new(Measurer::new(self.metrics.clone())) as Arc<dyn Observer>])
    }

    /// The server's configuration with what it counts with.
    pub(crate) fn within(&self, config: server::Config) -> server::Config {
        let shows_metrics = self.place == MetricsPlace::Public;
        server::Config { metrics: self.metrics.clone(), shows_metrics, ..config }
    }

    /// Serves the port for metrics alone, if there is one.
    ///
    /// # Errors
    /// When its address cannot be told.
    pub(crate) fn start(
        &mut self,
        config: &server::Config,
        gateway: &Gateway,
        output: &mut Output,
    ) -> Result<(), Failure> {
        if let Some(listener) = self.listener.take() {
            output.note(&format!("Metrics are at http://{}/metrics", listener.local_addr()?));
            // It is served until it is dropped.
            let never = std::future::pending();
            self.serving.spawn(server::serve_metrics(listener, config.clone(), gateway.clone(), never));
        }
        Ok(())
    }

    /// Hands over the last traces. Every turn must have ended.
    pub(crate) async fn end(mut self, output: &mut Output) {
        self.serving.shutdown().await;
        if let Some(traces) = self.traces
            && !traces.close(LAST_TRACES).await
        {
            output.warn("the last traces have not reached the collector");
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::new(Exit::Failed, format!("metrics cannot be served on {address}: {error}"));
        failure.hint("choose another address with --metrics-listen ADDRESS:PORT, or leave them with the rest")
    })
}
