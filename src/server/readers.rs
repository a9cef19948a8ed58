//! Answers whose clients may not read them. A client that takes nothing holds what fits the buffers; then its answer is not
//! asked for more, and so the upstream is not read. When that lasts too long the answer is let go.
//!
//! A connection of HTTP/1 that takes nothing is ended by its own clock (`wire`). On one of HTTP/2 others may go on, so here
//! each answer is looked at. It must not know what an answer says.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;

/// How often answers are looked at, at most and at least.
const OFTEN: Duration = Duration::from_millis(10);
const SELDOM: Duration = Duration::from_secs(5);

/// An answer, piece by piece.
type Pieces = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// All answers that go out. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Inner>);

struct Inner {
    began: Instant,
    answers: Mutex<Vec<Weak<Answer>>>,
}

struct Answer {
    request_id: String,
    /// Milliseconds from the beginning to the time since when a piece waits to be taken; 0 while none does.
    waiting: AtomicU64,
    /// Gone once the answer was let go.
    pieces: Mutex<Option<Pieces>>,
}

/// An answer as a body takes it.
struct Taken {
    readers: Readers,
    answer: Arc<Answer>,
}

impl Default for Readers {
    fn default() -> Self {
        Self(Arc::new(Inner { began: Instant::now(), answers: Mutex::default() }))
    }
}

impl Readers {
    /// The body that carries `pieces`. Dropping it drops them.
    pub(crate) fn body(&self, request_id: &str, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Body {
        let answer = Arc::new(Answer {
            request_id: request_id.to_owned(),
            waiting: AtomicU64::new(0),
            pieces: Mutex::new(Some(Box::pin(pieces))),
        });
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&answer));
        Body::from_stream(Taken { readers: self.clone(), answer })
    }

    /// Lets answers go that wait longer than `patience` says, for ever.
    pub(crate) async fn watch(&self, patience: impl Fn() -> Duration) -> Infallible {
        loop {
            tokio::time::sleep((patience() / 4).clamp(OFTEN, SELDOM)).await;
            self.let_go(patience());
        }
    }

    fn let_go(&self, patience: Duration) {
        let (now, mut given_up) = (self.now(), Vec::new());
        self.0.answers.lock().unwrap_or_else(PoisonError::into_inner).retain(|answer| {
            let Some(answer) = answer.upgrade() else { return false };
            if answer.waits_since(now).is_none_or(|time| time < patience) {
                return true;
            }
            // Whoever holds it now is just being sent something.
            let Ok(mut pieces) = answer.pieces.try_lock() else { return true };
            given_up.push((answer.request_id.clone(), pieces.take()));
            false
        });
        for (request_id, pieces) in given_up {
            tracing::warn!(
                request_id,
                seconds = patience.as_secs_f32(),
                "a client does not read its answer; it is let go"
            );
            drop(pieces);
        }
    }

    /// Milliseconds since the beginning, never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

impl Answer {
    fn waits_since(&self, now: u64) -> Option<Duration> {
        let since = self.waiting.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_millis(now.saturating_sub(since)))
    }
}

impl Stream for Taken {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let answer = &self.answer;
        answer.waiting.store(0, Ordering::Relaxed);
        let mut pieces = answer.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pieces) = pieces.as_mut() else { return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into()))) };
        pieces.as_mut().poll_next(context).map(|piece| {
            let piece = piece?;
            answer.waiting.store(self.readers.now(), Ordering::Relaxed);
            Some(Ok(piece))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use http_body_util::BodyExt;

    use super::Readers;

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_dropped_and_never_ends_well() {
        let readers = Readers::default();
        let held = Arc::new(());
        let witness = Arc::downgrade(&held);
        let pieces = stream::repeat(Bytes::from_static(b"x")).map(move |piece| {
            let _held = &held;
            piece
        });
        let mut body = readers.body("req_1", pieces);
        std::thread::sleep(Duration::from_millis(5));
        readers.let_go(Duration::from_millis(1));
        assert!(body.frame().await.unwrap().is_ok(), "nothing was owed yet");
        std::thread::sleep(Duration::from_millis(5));
        readers.let_go(Duration::from_secs(60));
        assert!(witness.upgrade().is_some());
        readers.let_go(Duration::from_millis(1));
        assert!(witness.upgrade().is_none(), "what made the answer is gone");
        assert!(body.frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn an_answer_that_is_just_being_sent_is_looked_at_again() {
        let readers = Readers::default();
        let mut body = readers.body("req_1", stream::repeat(Bytes::from_static(b"x")));
        assert!(body.frame().await.unwrap().is_ok());
        let answer = readers.0.answers.lock().unwrap()[0].upgrade().unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let sending = answer.pieces.lock().unwrap();
        readers.let_go(Duration::from_millis(1));
        assert!(sending.is_some());
        drop(sending);
        readers.let_go(Duration::from_millis(1));
        assert!(answer.pieces.lock().unwrap().is_none());
    }

    #[tokio::test]
    async fn an_answer_that_waits_for_its_next_piece_waits_for_nobody() {
        let readers = Readers::default();
        let mut body = readers.body("req_1", stream::once(async { Bytes::from_static(b"x") }).chain(stream::pending()));
        assert!(body.frame().await.unwrap().is_ok());
        let mut next = Box::pin(body.frame());
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        std::thread::sleep(Duration::from_millis(5));
        readers.let_go(Duration::from_millis(1));
        assert!(futures_util::poll!(next.as_mut()).is_pending());
        drop(next);
        drop(body);
        readers.let_go(Duration::from_secs(60));
        assert!(readers.0.answers.lock().unwrap().is_empty(), "what is over is forgotten");
    }
}
