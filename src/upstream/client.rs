//! The call over HTTP: one request message out, a stream of response events back (`WARP-PROTOCOL.md` §1).
//!
//! It must not know what is in either: bytes go out and bytes come back. It makes one attempt; who tries again is
//! decided elsewhere.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use reqwest::{
    Response, StatusCode, Url, Version,
    header::{self, HeaderMap},
};

use crate::{
    give_way::give_way,
    secret::Secret,
    service::{self, Address},
    sse,
    turn::{ErrorKind, TurnError},
    upstream::{
        config::Config,
        failure::{Class, ERROR_CODE, Failure},
        lanes::{Lanes, STREAMS, Seat},
        payload::Payloads,
        reach::Reach,
        tap::{End, Sent, Taps},
    },
};

/// Where an agent turn is asked for.
const PATH: &str = "/ai/multi-agent";
/// How often an HTTP/2 connection is checked for life, and how long that may take; the official client's values.
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// HTTP/2 windows, in bytes. What all streams of a connection may have under way together is no more than the connection
/// may, so that clients who do not read never keep the others on it waiting.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;
const _: () = assert!(STREAM_WINDOW as usize * STREAMS <= CONNECTION_WINDOW as usize);
/// How much of an answer is taken along in one reading, in bytes: what comes faster than it is passed on has to wait.
const MOST_AT_ONCE: usize = 64 * 1024;
/// How much of a refusal's body is read, in bytes.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// Calls one upstream, reusing connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    /// The headers of every request, apart from the bearer.
    headers: HeaderMap,
    url: Url,
    shared: Arc<Shared>,
}

/// What the clones of a client share.
#[derive(Debug)]
struct Shared {
    lanes: Lanes,
    /// How long the upstream may be silent, in milliseconds.
    idle_timeout: AtomicU64,
    reach: Reach,
}

/// The answer to one call, as it comes. Dropping it ends the call.
#[derive(Debug)]
pub struct Events {
    response: Response,
    /// Held for as long as the answer takes a part of its connection.
    _seat: Seat,
    decoder: sse::Decoder,
    payloads: Payloads,
    idle_timeout: Duration,
    is_empty: bool,
    taps: Taps,
    /// Why there is no more, kept until what came before it has been taken.
    failure: Option<Failure>,
}

impl Client {
    /// A client for the upstream that `config` names.
    ///
    /// # Errors
    /// When the extra certificates are not PEM, or the system has no certificates at all.
    pub fn new(config: &Config) -> Result<Self, TurnError> {
        let unusable = |error: reqwest::Error| {
            TurnError::new(ErrorKind::Internal, format!("The HTTP client cannot be set up: {}", reasons(&error)))
        };
        let address = config.address.clone();
        let lanes = Lanes::new(move || http(&address)).map_err(unusable)?;
        let headers = service::headers(config.address.client_version.as_deref());
        let shared = Shared { lanes, idle_timeout: AtomicU64::new(0), reach: Reach::default() };
        let url = Url::parse(&format!("{}{PATH}", config.address.root)).map_err(|error| {
            TurnError::new(ErrorKind::Internal, format!("The upstream's address cannot be used: {error}"))
        })?;
        let client = Self { headers, url, shared: Arc::new(shared) };
        client.set_idle_timeout(config.idle_timeout);
        Ok(client)
    }

    /// From now on lets the upstream be silent for `timeout`, to the millisecond; answers under way are not affected.
    pub fn set_idle_timeout(&self, timeout: Duration) {
        let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        self.shared.idle_timeout.store(milliseconds, Ordering::Relaxed);
    }

    fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.shared.idle_timeout.load(Ordering::Relaxed))
    }

    /// Whether the upstream can be reached.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.shared.reach
    }

    /// The HTTP client, for other calls to the same upstream.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        self.shared.lanes.first()
    }

    /// Sends the wire bytes of a `Request` and waits for the answer to begin; `taps` hear the whole exchange.
    ///
    /// # Errors
    /// When the upstream cannot be reached, stays silent, or answers with anything but a stream of events.
    pub async fn call(&self, body: Bytes, bearer: &Secret, mut taps: Taps) -> Result<Events, Failure> {
        let seat = self.shared.lanes.take();
        let called = self.answered(seat.http(), body, bearer, &mut taps).await;
        match called {
            Ok(response) => Ok(Events {
                response,
                _seat: seat,
                decoder: sse::Decoder::default(),
                payloads: Payloads::default(),
                idle_timeout: self.idle_timeout(),
                is_empty: true,
                failure: None,
                taps,
            }),
            Err((failure, is_whole)) => {
                let end = if is_whole { End::Refused } else { End::Broken };
                taps.tell(|tap| tap.ended(end(failure.error.to_string())));
                Err(failure)
            }
        }
    }

    /// Waits for an answer that is a stream of events; else says whether one came to its end that is none.
    async fn answered(
        &self,
        http: &reqwest::Client,
        body: Bytes,
        bearer: &Secret,
        taps: &mut Taps,
    ) -> Result<Response, (Failure, bool)> {
        taps.tell(|tap| tap.sent(Sent { url: self.url.as_str(), headers: &self.headers, body: &body }));
        let request = http
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(header::ACCEPT, "text/event-stream")
            .bearer_auth(bearer.expose())
            .body(body);
        let idle_timeout = self.idle_timeout();
        let answered = tokio::time::timeout(idle_timeout, request.send()).await;
        let answered = answered.map_err(|_| silent(idle_timeout)).and_then(|sent| sent.map_err(|error| unsent(&error)));
        let response = answered.map_err(|failure| {
            self.reach().missed(failure.error.to_string());
            (failure, false)
        })?;
        self.reach().answered();
        self.shared.lanes.answered(response.version());
        taps.tell(|tap| tap.answered(response.status().as_u16(), response.headers()));
        if response.status() != StatusCode::OK {
            return Err(self.refused(response, taps).await);
        }
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            let message = format!("The upstream answered with {kind:?} instead of a stream of events.");
            return Err((Failure::terminal(TurnError::new(ErrorKind::Upstream, message)), false));
        }
        Ok(response)
    }

    /// What a refusal says, and whether it came to its end.
    async fn refused(&self, mut response: Response, taps: &mut Taps) -> (Failure, bool) {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (code, retry_after) = (header(ERROR_CODE), header("retry-after"));
        let status = response.status().as_u16();
        let (mut body, mut is_whole) = (Vec::new(), false);
        while body.len() < REFUSAL_LIMIT {
            match tokio::time::timeout(self.idle_timeout(), response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    taps.tell(|tap| tap.received(&chunk));
                    body.extend_from_slice(&chunk);
                }
                Ok(Ok(None)) => {
                    is_whole = true;
                    break;
                }
                Ok(Err(_)) | Err(_) => break,
            }
        }
        let text = String::from_utf8_lossy(&body);
        (Failure::from_status(status, code.as_deref(), retry_after.as_deref(), &text), is_whole)
    }
}

/// The HTTP client of one lane.
fn http(address: &Address) -> reqwest::Result<reqwest::Client> {
    service::builder(address)?
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_keep_alive_while_idle(true)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .build()
}

impl Events {
    /// Waits for the next bytes; the payload of every event that is then complete is in [`Events::payloads`]. What has
    /// already arrived is taken along, so that it can be passed on in one write. Returns false at the end.
    ///
    /// # Errors
    /// When the connection breaks, the upstream falls silent, or what comes is not a stream of events; but only after
    /// the payloads before that, however the bytes came: whether a call may be made again depends on them.
    pub async fn next(&mut self) -> Result<bool, Failure> {
        self.payloads.clear();
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let went_on = self.read().await;
        if !self.payloads.is_empty() {
            let payloads = &self.payloads;
            self.taps.tell(|tap| tap.opened(payloads));
        }
        match &went_on {
            Ok(true) => {}
            Ok(false) => self.taps.tell(|tap| tap.ended(End::Whole)),
            Err(failure) => self.taps.tell(|tap| tap.ended(End::Broken(failure.error.to_string()))),
        }
        match went_on {
            Err(failure) if !self.payloads.is_empty() => {
                self.failure = Some(failure);
                Ok(true)
            }
            went_on => went_on,
        }
    }

    /// What the last call of [`Events::next`] has read.
    #[must_use]
    pub fn payloads(&self) -> &Payloads {
        &self.payloads
    }

    /// Parses the next bytes and what has arrived behind them, within bounds. Returns false at the end.
    async fn read(&mut self) -> Result<bool, Failure> {
        let chunk = tokio::time::timeout(self.idle_timeout, self.response.chunk()).await;
        let mut chunk = chunk.map_err(|_| silent(self.idle_timeout))?.map_err(|error| broken(&reasons(&error)))?;
        let mut taken = 0;
        loop {
            let Some(bytes) = chunk else {
                self.parse(|decoder, take| decoder.finish_each(take))?;
                return if self.is_empty { Err(empty()) } else { Ok(false) };
            };
            self.is_empty &= bytes.is_empty();
            self.taps.tell(|tap| tap.received(&bytes));
            self.parse(|decoder, take| decoder.push_each(&bytes, take))?;
            taken += bytes.len();
            if taken >= MOST_AT_ONCE {
                return Ok(true);
            }
            match self.waiting().await {
                Some(more) => chunk = more.map_err(|error| broken(&reasons(&error)))?,
                None => return Ok(true),
            }
        }
    }

    /// The next chunk, if it has already arrived.
    async fn waiting(&mut self) -> Option<reqwest::Result<Option<Bytes>>> {
        let waiting = self.response.chunk().now_or_never();
        if waiting.is_some() || self.response.version() >= Version::HTTP_2 {
            return waiting;
        }
        // Over HTTP/1 the connection's own task hands over one chunk each time it runs, whatever has arrived. So it is
        // let run once before what there is is passed on.
        give_way().await;
        self.response.chunk().now_or_never()
    }

    /// Lets `parse` have the decoder, and keeps the payloads of the events that it gives up to the first that has none.
    fn parse(
        &mut self,
        parse: impl FnOnce(&mut sse::Decoder, &mut dyn FnMut(sse::EventRef<'_>)) -> Result<(), sse::SseError>,
    ) -> Result<(), Failure> {
        let (payloads, mut opened) = (&mut self.payloads, Ok(()));
        let parsed = parse(&mut self.decoder, &mut |event| {
            if opened.is_ok() {
                opened = payloads.push(event.data);
            }
        });
        opened.map_err(|error| undecodable(&error))?;
        parsed.map_err(|error| broken(&error))
    }
}

/// An event that is not what the protocol says. The official client treats it as a passing failure.
#[must_use]
pub fn undecodable(error: &dyn std::fmt::Display) -> Failure {
    let message = format!("The upstream sent an event that cannot be read: {error}");
    Failure { error: TurnError::new(ErrorKind::Upstream, message), class: Class::Transient }
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    let message = format!("The upstream's answer broke off: {error}");
    Failure { error: TurnError::new(ErrorKind::Truncated, message), class: Class::Transient }
}

fn silent(timeout: Duration) -> Failure {
    let message = format!("The upstream was silent for {} s.", timeout.as_secs_f32());
    Failure { error: TurnError::new(ErrorKind::UpstreamTimeout, message), class: Class::Transient }
}

/// An empty answer is what the upstream gives to a request that it could not interpret (§1.6).
fn empty() -> Failure {
    let message = "The upstream gave an empty answer: it could not use the request.";
    Failure::terminal(TurnError::new(ErrorKind::Upstream, message))
}

/// A request that did not get through. What fails for the upstream's identity fails again in the same way.
fn unsent(error: &reqwest::Error) -> Failure {
    match tls_error(error).is_some_and(is_lasting) {
        true => Failure::untrusted(reasons(error)),
        false => Failure::unreachable(reasons(error)),
    }
}

/// The error of TLS among the causes of `error`.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(tls) = inner.downcast_ref() {
            return Some(tls);
        }
        // An I/O error does not count what it wraps among its causes.
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| inner.source());
    }
    None
}

/// True for what another attempt does not change: a certificate that is not valid, or an end that speaks no TLS, or none
/// that we know.
fn is_lasting(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::InvalidMessage(_)
            | rustls::Error::PeerIncompatible(_)
    )
}

/// An error with all its causes; reqwest's own text names only the outermost. URLs are left out: they may hold keys.
fn reasons(error: &reqwest::Error) -> String {
    let mut reasons = Vec::new();
    let mut cause = Error::source(error);
    while let Some(inner) = cause {
        reasons.push(inner.to_string());
        cause = inner.source();
    }
    if reasons.is_empty() {
        reasons.push(if error.is_timeout() { "it took too long".to_owned() } else { "the request failed".to_owned() });
    }
    reasons.join(": ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::CertificateError;

    use super::{is_lasting, tls_error};

    #[test]
    fn a_certificate_that_is_not_valid_is_found_among_the_causes_and_lasts() {
        let wrapped = |error: rustls::Error| io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
        let invalid = wrapped(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert!(tls_error(&invalid).is_some_and(is_lasting));
        let alert = wrapped(rustls::Error::AlertReceived(rustls::AlertDescription::InternalError));
        assert!(tls_error(&alert).is_some_and(|error| !is_lasting(error)), "the other end may recover");
        assert!(tls_error(&io::Error::other("reset")).is_none());
    }
}
