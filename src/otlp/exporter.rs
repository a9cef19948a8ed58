//! One batch of spans into one request, tried again where the collector asks for that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use opentelemetry_proto::{
    tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    transform::{common::tonic::ResourceAttributesWithSchema, trace::tonic::group_spans_by_resource_and_scope},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use prost::Message as _;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
};
use tokio::runtime::Handle;

use crate::{
    metrics::Metrics,
    otlp::{Config, OtlpError},
    service,
};

/// How often one batch is tried.
const ATTEMPTS: u32 = 3;
/// The wait before the second attempt, where the collector names none; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// How much of a collector's answer is read, in bytes.
const MOST_ANSWER: usize = 64 * 1024;

/// Posts batches to a collector.
#[derive(Debug)]
pub(super) struct Exporter {
    /// Where requests run; the batches come from a thread that has no runtime.
    runtime: Handle,
    target: Target,
    resource: ResourceAttributesWithSchema,
    metrics: Metrics,
    /// True since a batch was lost, so that a long outage is one line in the log.
    is_failing: Arc<AtomicBool>,
}

/// Where batches go.
#[derive(Debug, Clone)]
struct Target {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
    timeout: Duration,
}

/// Why a batch was not taken.
struct Refusal {
    reason: String,
    /// How long to wait before the next attempt; `None` when there must be none.
    pause: Option<Duration>,
}

impl Exporter {
    pub(super) fn new(config: &Config, http: reqwest::Client, metrics: Metrics) -> Result<Self, OtlpError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let unusable = || OtlpError::Header(name.clone());
            let key = name.parse::<HeaderName>().map_err(|_| unusable())?;
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unusable())?;
            value.set_sensitive(true);
            headers.append(key, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        Ok(Self {
            runtime: Handle::current(),
            target: Target { http, url: config.url.clone(), headers, timeout: config.timeout },
            resource: ResourceAttributesWithSchema::default(),
            metrics,
            is_failing: Arc::default(),
        })
    }

    /// Shows whether the last batch was lost.
    pub(super) fn is_failing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_failing)
    }

    /// Says once that batches are lost, and once that they are no longer.
    fn note(&self, failure: Option<&str>) {
        let was_failing = self.is_failing.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(reason) if !was_failing => tracing::warn!(reason, "traces are lost: the collector does not take them"),
            Some(reason) => tracing::debug!(reason, "traces are lost"),
            None if was_failing => tracing::info!("the collector takes traces again"),
            None => {}
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let number = batch.len();
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let body = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
        let target = self.target.clone();
        let sending = self.runtime.spawn(async move {
            let late = || Err(format!("no answer within {:?}", target.timeout));
            tokio::time::timeout(target.timeout, target.send(body)).await.unwrap_or_else(|_| late())
        });
        let sent = sending.await.unwrap_or_else(|_| Err("the gateway is stopping".to_owned()));
        self.note(sent.as_ref().err().map(String::as_str));
        match sent {
            Ok(rejected) => {
                let rejected = number.min(rejected);
                self.metrics.spans(number - rejected, true);
                self.metrics.spans(rejected, false);
            }
            Err(_) => self.metrics.spans(number, false),
        }
        // It has been told and counted. Whoever asked would log an error for every batch.
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

impl Target {
    /// Posts a batch; gives how many of its spans the collector would not have.
    async fn send(&self, body: Bytes) -> Result<usize, String> {
        let mut attempt = 1;
        loop {
            match self.post(body.clone()).await {
                Ok(rejected) => return Ok(rejected),
                Err(Refusal { pause: Some(pause), .. }) if attempt < ATTEMPTS => {
                    tokio::time::sleep(pause.max(PAUSE * 2_u32.pow(attempt - 1))).await;
                    attempt += 1;
                }
                Err(refusal) => return Err(refusal.reason),
            }
        }
    }

    async fn post(&self, body: Bytes) -> Result<usize, Refusal> {
        let request = self.http.post(&self.url).headers(self.headers.clone()).body(body);
        let answered = request.send().await;
        let response =
            answered.map_err(|error| Refusal { reason: service::reasons(&error), pause: Some(Duration::ZERO) })?;
        let status = response.status();
        if !status.is_success() {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let passes = matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::BAD_GATEWAY
                    | StatusCode::SERVICE_UNAVAILABLE
                    | StatusCode::GATEWAY_TIMEOUT
            );
            let pause = passes.then(|| Duration::from_secs(asked.unwrap_or_default()));
            return Err(Refusal { reason: format!("it answers with status {status}"), pause });
        }
        // What was taken was taken, whether or not the rest of the answer can be read.
        let answer = service::read_limited(response, MOST_ANSWER).await.ok().flatten().unwrap_or_default();
        let answer = ExportTraceServiceResponse::decode(answer.as_slice()).unwrap_or_default();
        let rejected = answer.partial_success.map_or(0, |partial| partial.rejected_spans);
        Ok(usize::try_from(rejected).unwrap_or_default())
    }
}
