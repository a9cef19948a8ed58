//! The fast upstream: answers agent turns with the recorded answer, and what a gateway asks at its start.
//!
//! Every event is a frame of the body, as the service sends it: a chunk over HTTP/1, a DATA frame over HTTP/2.

use std::{
    cell::Cell,
    convert::Infallible,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Frame, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    rt::Executor,
    service::service_fn,
};
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::{net::TcpListener, time::Sleep};

use crate::{answer::Answer, order::Order};

/// HTTP/1 writes are gathered up to this size, in bytes.
const WRITE_BUFFER: usize = 256 * 1024;

/// The answers to the questions of GraphQL, by operation.
const TOLD: &[(&str, &str)] = &[
    (
        "GetFeatureModelChoices",
        r#"{"data":{"user":{"__typename":"UserOutput","user":{"workspaces":[{"uid":"bench","featureModelChoice":{"agentMode":{"defaultId":"auto","choices":[{"id":"auto","displayName":"auto","baseModelName":"auto","reasoningLevel":"Off","provider":"UNKNOWN","visionSupported":true,"disableReason":null,"usageMetadata":{"creditMultiplier":1.0},"contextWindow":{"max":200000,"default":200000}}]}}}]}}}}"#,
    ),
    (
        "GetRequestLimitInfo",
        r#"{"data":{"user":{"__typename":"UserOutput","user":{"requestLimitInfo":{"isUnlimited":false,"requestLimit":1000000000,"requestsUsedSinceLastRefresh":0,"nextRefreshTime":"2099-01-01T00:00:00Z","requestLimitRefreshDuration":"MONTHLY"},"bonusGrants":[],"aiCreditAvailability":{"available":true,"denialReason":"NONE","creditSource":"BASE_LIMIT"},"workspaces":[{"uid":"bench","bonusGrantsInfo":{"grants":[],"spendingInfo":null}}]}}}}"#,
    ),
    (
        "GetUser",
        r#"{"data":{"user":{"__typename":"UserOutput","apiKeyOwnerType":"User","principalType":"USER","user":{"isOnboarded":true,"anonymousUserInfo":null,"profile":{"uid":"bench","email":"bench@example.com","displayName":"bench"}}}}}"#,
    ),
];

/// How the upstream serves.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Streams that one HTTP/2 connection may carry at once.
    pub streams: u32,
}

/// Spawns onto the thread that serves, so that nothing needs locks.
#[derive(Clone)]
struct Here;

impl<F: Future + 'static> Executor<F> for Here {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async {
            future.await;
        });
    }
}

/// Serves `listener` for as long as it is polled, within a `LocalSet`.
///
/// # Errors
/// When the recording cannot be used, or no connection can be taken any more.
pub async fn serve(listener: TcpListener, limits: Limits) -> anyhow::Result<()> {
    let answer = Rc::new(Answer::recorded()?);
    let turns = Rc::new(Cell::new(0));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (answer, turns) = (Rc::clone(&answer), Rc::clone(&turns));
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| respond(request, Rc::clone(&answer), Rc::clone(&turns)));
            let mut builder = auto::Builder::new(Here);
            builder.http1().writev(false).max_buf_size(WRITE_BUFFER);
            builder.http2().max_concurrent_streams(limits.streams);
            // A client that goes away, or an answer that is cut on purpose: neither is of interest here.
            drop(builder.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

type Reply = Response<Either<Full<Bytes>, Playing>>;

async fn respond(request: Request<Incoming>, answer: Rc<Answer>, turns: Rc<Cell<u64>>) -> Result<Reply, Infallible> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let Ok(body) = request.into_body().collect().await else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "the request broke off"));
    };
    Ok(match path.as_str() {
        "/ai/multi-agent" => match Order::find(&body.to_bytes()) {
            Ok(order) => {
                turns.set(turns.get() + 1);
                let playing = Playing::new(answer, order, turns.get());
                let mut reply = Response::new(Either::Right(playing));
                let kind = HeaderValue::from_static("text/event-stream;charset=utf-8");
                reply.headers_mut().insert(CONTENT_TYPE, kind);
                reply
            }
            Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        "/graphql/v2" => match TOLD.iter().find(|(operation, _)| query.strip_prefix("op=") == Some(operation)) {
            Some((_, told)) => {
                let mut reply = Response::new(Either::Left(Full::new(Bytes::from_static(told.as_bytes()))));
                reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                reply
            }
            None => refuse(StatusCode::NOT_FOUND, "no such operation"),
        },
        _ => refuse(StatusCode::NOT_FOUND, "no such path"),
    })
}

fn refuse(status: StatusCode, why: &str) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(Bytes::from(why.to_owned()))));
    *reply.status_mut() = status;
    reply
}

/// An answer on its way.
struct Playing {
    answer: Rc<Answer>,
    order: Order,
    /// The next frame.
    at: u64,
    wait: Option<Pin<Box<Sleep>>>,
    /// The share of the first pause that is waited for, so that streams do not keep step.
    phase: f64,
    is_over: bool,
}

impl Playing {
    fn new(answer: Rc<Answer>, order: Order, turn: u64) -> Self {
        // Multiples of the golden ratio spread evenly, however many there are.
        let phase = (turn as f64 * 0.618_033_988_75).fract();
        Self { answer, order, at: 0, wait: None, phase, is_over: false }
    }

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let head = self.answer.head();
        let at = self.at;
        self.at += 1;
        if let Some(frame) = head.get(at as usize) {
            return Some(Ok(frame.clone()));
        }
        let place = at - head.len() as u64;
        if self.is_over || self.order.short == Some(place) {
            return None;
        }
        if self.order.cut == Some(place) {
            self.is_over = true;
            return Some(Err(io::Error::other("cut on purpose")));
        }
        if place < self.order.events {
            self.pause_after(place + 1);
            return Some(Ok(self.answer.text(place, self.order.stamped)));
        }
        self.answer.tail().get((place - self.order.events) as usize).map(|frame| Ok(frame.clone()))
    }

    /// Waits between bursts.
    fn pause_after(&mut self, texts: u64) {
        if self.order.pause.is_zero() || texts == self.order.events || !texts.is_multiple_of(self.order.burst) {
            return;
        }
        let share = if texts == self.order.burst { self.phase } else { 1.0 };
        let pause = Duration::from_secs_f64(self.order.pause.as_secs_f64() * share);
        self.wait = Some(Box::pin(tokio::time::sleep(pause)));
    }
}

impl Body for Playing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(context));
            self.wait = None;
        }
        Poll::Ready(self.next().map(|frame| frame.map(Frame::data)))
    }
}
