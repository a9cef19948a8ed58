//! A streamed answer: every batch of events becomes one piece of the body, silence becomes heartbeats, and whatever
//! happens the client hears an end.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::time::{Instant, Sleep};

use crate::{
    dialect::Encoder,
    give_way::give_way,
    server::{
        choices::{Choices, Step},
        clock,
        kept::Shelf,
        span::Span,
        turn_log::TurnLog,
    },
    turn::{ErrorKind, TurnError, TurnEvent},
};

/// A stream that has begun.
pub(crate) struct Writer {
    encoder: Box<dyn Encoder>,
    choices: Choices,
    /// How long the stream may go on.
    span: Span,
    heartbeat: Duration,
    /// When the client last heard something.
    spoke: Instant,
    /// Fires when it may be time for a heartbeat; it is not set anew with every piece, for that would cost more than
    /// to look at the clock once in a while.
    quiet: Pin<Box<Sleep>>,
    out: Vec<u8>,
    /// How many events are in `out`.
    events: usize,
    log: TurnLog,
    shelf: Shelf,
    /// True while the first of the answer may not have been written.
    has_just_spoken: bool,
}

impl Writer {
    /// A stream of what `choices` say, in the form of `encoder`.
    pub(crate) fn new(
        encoder: Box<dyn Encoder>,
        choices: Choices,
        span: Span,
        heartbeat: Duration,
        log: TurnLog,
        shelf: Shelf,
    ) -> Self {
        let quiet = Box::pin(tokio::time::sleep(heartbeat));
        let spoke = Instant::now();
        Self {
            encoder,
            choices,
            span,
            heartbeat,
            spoke,
            quiet,
            out: Vec::new(),
            events: 0,
            log,
            shelf,
            has_just_spoken: false,
        }
    }

    /// The pieces of the body. Dropping them cancels what still runs.
    pub(crate) fn into_pieces(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold(Box::new(self), |mut writer| async move {
            let piece = writer.piece().await?;
            Some((piece, writer))
        })
    }

    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.has_just_spoken) {
            // As long as there are pieces, none is written.
            give_way().await;
        }
        while !self.encoder.is_done() {
            tokio::select! {
                biased;
                step = self.choices.next() => self.take(step),
                () = self.quiet.as_mut() => self.keep_alive(),
                error = self.span.end() => self.fail(&error),
            }
            if self.encoder.is_done() {
                self.log.bill.settle().await;
                self.shelf.keep(self.encoder.as_mut());
            }
            if !self.out.is_empty() {
                self.spoke = Instant::now();
                self.has_just_spoken = self.log.heard(std::mem::take(&mut self.events), self.spoke.into_std());
                // The next piece is likely to be about as large.
                let room = Vec::with_capacity(self.out.len());
                return Some(Bytes::from(std::mem::replace(&mut self.out, room)));
            }
        }
        None
    }

    fn take(&mut self, step: Option<(u32, Step)>) {
        match step {
            Some((_, Step::Begun(..))) => {}
            Some((choice, Step::Events(events))) => {
                self.encoder.clock(clock::now());
                events.iter().for_each(|event| self.push(choice, event));
                self.events += events.len();
            }
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
            self.log.heartbeat();
        }
        let next = if due <= now { now + self.heartbeat } else { due };
        self.quiet.as_mut().reset(next);
    }
}

/// What clients hear when the answers are over without an end. It is a fault: every answer has one.
pub(crate) fn without_end() -> TurnError {
    TurnError::new(ErrorKind::Internal, "The answer ended without saying how.")
}

#[cfg(test)]
mod tests {
    use std::{task::Poll, time::Duration};

    use futures_util::{StreamExt, poll, stream};
    use tokio::sync::watch;

    use super::Writer;
    use crate::{
        dialect::{Ask, Dialect, Encoder, Stamp, openai_chat::OpenAiChat},
        gateway::Meter,
        metrics::Metrics,
        models::Catalogue,
        server::{
            choices::{Choices, Source, Step},
            kept::{Memory, Shelf},
            span::Span,
            turn_log::TurnLog,
        },
        turn::{ErrorKind, StopReason, TurnError, TurnEvent},
    };

    fn encoder(choices: usize) -> Box<dyn Encoder> {
        let body = format!(
            r#"{{"model": "auto", "messages": [{{"role": "user", "content": "x"}}], "stream": true, "n": {choices}}}"#
        );
        let stamp = Stamp { id: "1".to_owned(), created: 1 };
        OpenAiChat.read(Ask::of(body.as_bytes(), stamp, &Catalogue::default())).unwrap().encoder
    }

    /// Steps, each after so many seconds of silence; then silence for ever, or the end.
    fn source(steps: Vec<(u64, Step)>, goes_on: bool) -> Source {
        let steps = stream::iter(steps).then(|(seconds, step)| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            step
        });
        if goes_on { Box::pin(steps.chain(stream::pending())) } else { Box::pin(steps) }
    }

    fn text(text: &str) -> Step {
        Step::Events(vec![TurnEvent::Text(text.to_owned())])
    }

    fn end() -> Step {
        Step::Events(vec![TurnEvent::Finished(StopReason::EndTurn)])
    }

    fn writer(sources: Vec<Source>, ending: watch::Receiver<bool>) -> Writer {
        let encoder = encoder(sources.len());
        let log = TurnLog::new("req_1", "openai_chat", "client", Metrics::new("1").turn("openai_chat"));
        let shelf = Shelf { store: std::sync::Arc::new(Memory::default()), client: String::new() };
        let span = Span::new(ending, Duration::from_secs(3600), None);
        Writer::new(encoder, Choices::of(sources.into_iter()), span, Duration::from_secs(10), log, shelf)
    }

    /// The pieces of the body, each as it went out, with the time it did.
    async fn pieces(writer: Writer) -> Vec<(u64, String)> {
        let began = tokio::time::Instant::now();
        let mut body = Box::pin(writer.into_pieces());
        let mut pieces = Vec::new();
        while let Some(piece) = body.next().await {
            let piece = String::from_utf8(piece.to_vec()).unwrap();
            pieces.push((began.elapsed().as_secs(), piece));
        }
        pieces
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_one_piece_and_silence_is_filled() {
        let (_end, ending) = watch::channel(false);
        let batch = Step::Events(vec![TurnEvent::Text("a".to_owned()), TurnEvent::Text("b".to_owned())]);
        let steps = vec![(0, Step::Begun(vec![], Meter::default())), (4, batch), (25, text("c")), (9, end())];
        let pieces = pieces(writer(vec![source(steps, false)], ending)).await;
        let times: Vec<u64> = pieces.iter().map(|(time, _)| *time).collect();
        // Text at 4 s, silence filled at 14 s and 24 s, text at 29 s, the end at 38 s with no filling before it.
        assert_eq!(times, [4, 14, 24, 29, 38]);
        assert_eq!(pieces[0].1.matches("data: ").count(), 3);
        assert!(pieces[1].1.starts_with(':') && pieces[2].1.starts_with(':'));
        assert!(pieces[4].1.ends_with("data: [DONE]\n\n"));
    }

    #[tokio::test]
    async fn the_first_of_an_answer_is_written_before_more_is_taken() {
        let (_end, ending) = watch::channel(false);
        let steps = [Step::Begun(vec![], Meter::default()), text("a"), text("b"), end()];
        let mut writer = writer(vec![Box::pin(stream::iter(steps))], ending);
        writer.log.asks("auto", "auto");
        let mut body = Box::pin(writer.into_pieces());
        // A server writes when a body has nothing more for now.
        assert!(matches!(poll!(body.next()), Poll::Ready(Some(piece)) if piece.windows(3).any(|at| at == b"\"a\"")));
        assert!(poll!(body.next()).is_pending());
        assert!(body.next().await.is_some());
        assert!(matches!(poll!(body.next()), Poll::Ready(Some(_))), "once is enough");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_just_stop_are_told_as_a_failure() {
        let (_end, ending) = watch::channel(false);
        let first = source(vec![(0, text("a")), (0, end())], false);
        let second = source(vec![(1, text("b"))], false);
        let pieces = pieces(writer(vec![first, second], ending)).await;
        let last = &pieces.last().unwrap().1;
        assert!(last.contains("\"error\"") && !last.contains("[DONE]"), "{last}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_choice_that_never_begins_fails_the_stream() {
        let (_end, ending) = watch::channel(false);
        let first = source(vec![(0, text("a"))], true);
        let refused = Step::Refused(TurnError::new(ErrorKind::RateLimited, "Too many."));
        let second = source(vec![(1, refused)], false);
        let pieces = pieces(writer(vec![first, second], ending)).await;
        assert!(pieces.last().unwrap().1.contains("rate_limit_exceeded"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_must_end_says_why() {
        let (end_now, ending) = watch::channel(false);
        // The first choice is already complete: the failure is that of the whole.
        let first = source(vec![(0, text("a")), (0, end())], false);
        let second = source(vec![(0, text("b"))], true);
        let ender = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            end_now.send_replace(true);
        };
        let (pieces, ()) = tokio::join!(pieces(writer(vec![first, second], ending)), ender);
        let (time, last) = pieces.last().unwrap();
        assert_eq!(*time, 3);
        assert!(last.contains("service_unavailable"), "{last}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_away_ends_the_work() {
        let (_end, ending) = watch::channel(false);
        let held = std::sync::Arc::new(());
        let witness = std::sync::Arc::downgrade(&held);
        let steps = source(vec![(0, text("a"))], true).map(move |step| {
            let _held = &held;
            step
        });
        let mut body = Box::pin(writer(vec![Box::pin(steps)], ending).into_pieces());
        assert!(body.next().await.is_some());
        assert!(witness.upgrade().is_some());
        drop(body);
        assert!(witness.upgrade().is_none());
    }
}
