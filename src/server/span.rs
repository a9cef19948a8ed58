//! How long a turn may go on: until the server has to end, or its time is over. It holds the turn's place as long.

use std::{pin::Pin, time::Duration};

use tokio::{sync::watch, time::Sleep};

use crate::{
    server::{Server, gate::Place},
    turn::{ErrorKind, TurnError},
};

/// The time of one turn.
pub(crate) struct Span {
    /// Turns true when answers must end.
    ending: watch::Receiver<bool>,
    over: Pin<Box<Sleep>>,
    longest: Duration,
    _place: Option<Place>,
}

impl Span {
    /// The time of a turn that begins now, in `place`.
    pub(crate) fn begin(server: &Server, place: Place) -> Self {
        Self::new(server.ending.clone(), server.config.limits.turn_timeout, Some(place))
    }

    /// At most `longest`, and no longer than until `ending` turns true.
    pub(crate) fn new(ending: watch::Receiver<bool>, longest: Duration, place: Option<Place>) -> Self {
        Self { ending, over: Box::pin(tokio::time::sleep(longest)), longest, _place: place }
    }

    /// Waits until the turn has to end, and says what its client is to hear. Cancel safe.
    pub(crate) async fn end(&mut self) -> TurnError {
        tokio::select! {
            biased;
            () = ended(&mut self.ending) => shutting_down(),
            () = self.over.as_mut() => too_long(self.longest),
        }
    }
}

/// Waits until answers must end, and says what a client is to hear whose answer has not begun.
pub(crate) async fn stopped(mut ending: watch::Receiver<bool>) -> TurnError {
    ended(&mut ending).await;
    shutting_down()
}

/// Done when answers must end, which may be never.
async fn ended(ending: &mut watch::Receiver<bool>) {
    if ending.wait_for(|ending| *ending).await.is_err() {
        // Whoever could have said so is gone.
        std::future::pending::<()>().await;
    }
}

/// What clients hear whose answer does not come to its end before the server does.
fn shutting_down() -> TurnError {
    TurnError::new(ErrorKind::UpstreamUnavailable, "The gateway is shutting down; ask again in a moment.")
        .retry_after(Duration::from_secs(5))
}

fn too_long(longest: Duration) -> TurnError {
    let message = format!("The answer takes longer than {} s, which is this server's limit.", longest.as_secs_f32());
    TurnError::new(ErrorKind::UpstreamTimeout, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::watch;

    use super::Span;
    use crate::turn::ErrorKind;

    #[tokio::test(start_paused = true)]
    async fn a_turn_ends_with_the_server_or_when_its_time_is_over() {
        let (end, ending) = watch::channel(false);
        let mut span = Span::new(ending.clone(), Duration::from_secs(90), None);
        assert!(tokio::time::timeout(Duration::from_secs(89), span.end()).await.is_err(), "it goes on");
        let error = span.end().await;
        assert_eq!(error.kind, ErrorKind::UpstreamTimeout);
        assert!(error.message.contains("90 s"), "{error}");
        let mut span = Span::new(ending.clone(), Duration::from_secs(90), None);
        end.send_replace(true);
        assert_eq!(span.end().await.kind, ErrorKind::UpstreamUnavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_nobody_can_stop_ends_no_turn() {
        let (_, ending) = watch::channel(false);
        let mut span = Span::new(ending, Duration::from_secs(90), None);
        assert_eq!(span.end().await.kind, ErrorKind::UpstreamTimeout);
    }
}
