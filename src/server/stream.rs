//! A streamed answer: every batch of events becomes one piece of the body, silence becomes heartbeats, and whatever
//! happens the client hears an end.

use std::{convert::Infallible, pin::Pin, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::{
    sync::watch,
    time::{Instant, Sleep},
};

use crate::{
    dialect::Encoder,
    server::{
        choices::{Choices, Step},
        turn_log::TurnLog,
    },
    turn::{ErrorKind, TurnError, TurnEvent},
};

/// A stream that has begun.
pub(crate) struct Writer {
    encoder: Box<dyn Encoder>,
    choices: Choices,
    /// Turns true when the stream must end.
    ending: watch::Receiver<bool>,
    heartbeat: Duration,
    /// When the client last heard something.
    spoke: Instant,
    /// Fires when it may be time for a heartbeat; it is not set anew with every piece, for that would cost more than
    /// to look at the clock once in a while.
    quiet: Pin<Box<Sleep>>,
    out: Vec<u8>,
    log: TurnLog,
}

impl Writer {
    /// A stream of what `choices` say, in the form of `encoder`.
    pub(crate) fn new(
        encoder: Box<dyn Encoder>,
        choices: Choices,
        ending: watch::Receiver<bool>,
        heartbeat: Duration,
        log: TurnLog,
    ) -> Self {
        let quiet = Box::pin(tokio::time::sleep(heartbeat));
        Self { encoder, choices, ending, heartbeat, spoke: Instant::now(), quiet, out: Vec::new(), log }
    }

    /// The stream as a body. Dropping it cancels what still runs.
    pub(crate) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(Box::new(self), |mut writer| async move {
            let piece = writer.piece().await?;
            Some((Ok::<Bytes, Infallible>(piece), writer))
        }))
    }

    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Option<Bytes> {
        while !self.encoder.is_done() {
            tokio::select! {
                biased;
                step = self.choices.next() => self.take(step),
                () = self.quiet.as_mut() => self.keep_alive(),
                () = ended(&mut self.ending) => self.fail(&shutting_down()),
            }
            if !self.out.is_empty() {
                self.spoke = Instant::now();
                // The next piece is likely to be about as large.
                let room = Vec::with_capacity(self.out.len());
                return Some(Bytes::from(std::mem::replace(&mut self.out, room)));
            }
        }
        None
    }

    fn take(&mut self, step: Option<(u32, Step)>) {
        match step {
            Some((_, Step::Begun(_))) => {}
            Some((choice, Step::Events(events))) => events.iter().for_each(|event| self.push(choice, event)),
            Some((_, Step::Refused(error))) => self.fail(&error),
            None => self.fail(&without_end()),
        }
    }

    fn push(&mut self, choice: u32, event: &TurnEvent) {
        self.log.note(event);
        self.encoder.push(choice, event, &mut self.out);
    }

    fn fail(&mut self, error: &TurnError) {
        self.log.failed(error);
        self.encoder.fail(error, &mut self.out);
    }

    /// Says something if nothing has been said for long enough, and sets the time of the next look.
    fn keep_alive(&mut self) {
        let due = self.spoke + self.heartbeat;
        let now = Instant::now();
        if due <= now {
            self.encoder.heartbeat(&mut self.out);
        }
        let next = if due <= now { now + self.heartbeat } else { due };
        self.quiet.as_mut().reset(next);
    }
}

/// Done when answers must end, which may be never.
pub(crate) async fn ended(ending: &mut watch::Receiver<bool>) {
    if ending.wait_for(|ending| *ending).await.is_err() {
        // Whoever could have said so is gone.
        std::future::pending::<()>().await;
    }
}

/// What clients hear whose answer does not come to its end in time.
pub(crate) fn shutting_down() -> TurnError {
    TurnError::new(ErrorKind::UpstreamUnavailable, "The gateway is shutting down; ask again in a moment.")
        .retry_after(Duration::from_secs(5))
}

/// What clients hear when the answers are over without an end. It is a fault: every answer has one.
pub(crate) fn without_end() -> TurnError {
    TurnError::new(ErrorKind::Internal, "The answer ended without saying how.")
}
