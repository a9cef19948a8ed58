//! The player's HTTP surface. It must not know how an answer came to be.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use crate::capture::replay::{
    asked::Shelf,
    load::Exchange,
    options::Options,
    script::{Step, script},
};

/// The largest request accepted.
const BODY_LIMIT: usize = 64 << 20;

/// Headers that belong to the connection over which the answer was recorded.
const OF_THE_CONNECTION: [&str; 8] = [
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "set-cookie",
    "transfer-encoding",
    "upgrade",
];

/// How long what was sent has to leave before the connection breaks.
const FLUSH: Duration = Duration::from_millis(30);

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) shelf: Shelf,
    pub(crate) shutdown: CancellationToken,
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/ai/multi-agent", post(answer)).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(shared)
}

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    if let Some(status) = shared.options.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        return (status, "refused, as the options of the replay ask").into_response();
    }
    match shared.shelf.answer_to(&body) {
        Some(exchange) => play(&shared, exchange),
        None => (StatusCode::NOT_FOUND, "no capture was recorded with this request").into_response(),
    }
}

fn play(shared: &Shared, exchange: &Exchange) -> Response {
    let playing = Playing { steps: script(exchange, &shared.options), shutdown: shared.shutdown.clone() };
    let mut response = Response::new(Body::from_stream(stream::unfold(playing, Playing::next)));
    *response.status_mut() = StatusCode::from_u16(exchange.status).unwrap_or_default();
    let headers = response.headers_mut();
    if exchange.status == 200 {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    }
    for (name, value) in &exchange.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        let name = name.filter(|name| !OF_THE_CONNECTION.contains(&name.as_str()));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    response
}

struct Playing {
    steps: VecDeque<Step>,
    shutdown: CancellationToken,
}

impl Playing {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            match self.steps.pop_front()? {
                Step::Send(bytes) => return Some((Ok(bytes), self)),
                Step::Break => {
                    // What was sent before would be lost with the connection if it broke at once.
                    tokio::time::sleep(FLUSH).await;
                    return Some((Err(io::Error::other("the capture ends here")), self));
                }
                Step::Wait(time) => {
                    let shutdown = self.shutdown.clone();
                    shutdown.run_until_cancelled(tokio::time::sleep(time)).await?;
                }
            }
        }
    }
}
