//! Hands spans to a collector of OpenTelemetry's, by OTLP: protobuf over HTTP.
//!
//! Spans wait in a bounded queue and go out in batches, from a thread of its own; when the queue is full they are let go. So
//! a collector that is slow, or away, costs spans and never time. It must not know what the spans are about.
//!
//! The requests go through the HTTP client that everything else goes through. OpenTelemetry's own exporter would do the
//! same, but it reads the environment by itself, where a configuration file or `.env` could not reach it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, SpanLimits},
};
use reqwest::Certificate;

use crate::{metrics::Metrics, otlp::exporter::Exporter, secret::Secret, service};

mod exporter;

/// Spans that may wait; what is more is let go.
const QUEUE: usize = 2048;
/// Spans of one request.
const BATCH: usize = 512;
/// How long a span waits for others.
const DELAY: Duration = Duration::from_secs(5);

/// The name that we are known by unless the user says otherwise.
pub const SERVICE: &str = env!("CARGO_PKG_NAME");

/// Where spans go, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The URL that they are posted to.
    pub url: String,
    /// Further headers of each request; their values are nobody's business.
    pub headers: Vec<(String, Secret)>,
    /// How long handing over one batch may take, all attempts together.
    pub timeout: Duration,
    /// Certificates in PEM form to trust besides the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// What we are called.
    pub service: String,
    /// What else is said of us with the spans.
    pub attributes: Vec<(String, String)>,
    /// Which turns get spans.
    pub sampling: Sampling,
}

/// Which turns get spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// True when a client that has decided for its trace decides for us.
    pub follows_parent: bool,
    /// Of a million others, how many do.
    pub per_million: u32,
}

impl Sampling {
    /// All turns, but for those whose client says no.
    pub const USUAL: Self = Self { follows_parent: true, per_million: Self::ALL };
    /// All of a million.
    pub const ALL: u32 = 1_000_000;

    fn sampler(self) -> Sampler {
        let own = match self.per_million {
            0 => Sampler::AlwaysOff,
            Self::ALL.. => Sampler::AlwaysOn,
            some => Sampler::TraceIdRatioBased(f64::from(some) / f64::from(Self::ALL)),
        };
        if self.follows_parent { Sampler::ParentBased(Box::new(own)) } else { own }
    }
}

/// Why spans cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The certificates are none.
    #[error("the certificates to trust for traces cannot be used: {0}")]
    Certificates(String),
    /// A header cannot be sent.
    #[error("the header {0:?} for traces cannot be sent: its name or its value is none")]
    Header(String),
}

/// Hands spans over until it is closed.
pub struct Otlp {
    provider: SdkTracerProvider,
    is_failing: Arc<AtomicBool>,
}

impl Otlp {
    /// Begins to hand spans over as `config` says, and counts them with `metrics`. It must be called within the runtime
    /// that the requests are to run in.
    ///
    /// # Errors
    /// When a header or the certificates cannot be used.
    pub fn start(config: &Config, metrics: Metrics) -> Result<Self, OtlpError> {
        let exporter = Exporter::new(config, client(config)?, metrics)?;
        let is_failing = exporter.is_failing();
        // Everything is said here, so that nothing is taken from the environment behind the settings' back.
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let attributes = config.attributes.iter().map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attributes(attributes)
            .with_service_name(config.service.clone())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
            .with_sampler(config.sampling.sampler())
            .with_span_limits(SpanLimits::default())
            .with_resource(resource)
            .build();
        Ok(Self { provider, is_failing })
    }

    /// What makes spans.
    #[must_use]
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer(SERVICE)
    }

    /// Hands over what still waits, for at most as long as `patience`. Returns false when that was not long enough, or the
    /// collector would not have it. No more spans must be made by then.
    pub async fn close(&self, patience: Duration) -> bool {
        let provider = self.provider.clone();
        let closing = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(patience).is_ok());
        closing.await.unwrap_or(false) && !self.is_failing.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").finish_non_exhaustive()
    }
}

/// The client: TLS always verified, and no redirects, for headers with keys go nowhere but where they were meant to go.
fn client(config: &Config) -> Result<reqwest::Client, OtlpError> {
    let unusable = |error: reqwest::Error| OtlpError::Certificates(service::reasons(&error));
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(service::CONNECT_TIMEOUT);
    if service::is_loopback(&config.url) {
        builder = builder.no_proxy();
    }
    if let Some(pem) = &config.extra_ca_pem {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem).map_err(unusable)?);
    }
    builder.build().map_err(unusable)
}
