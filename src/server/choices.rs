//! The answers that one request asked for, side by side: whichever has something to say is heard.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Stream, stream};

use crate::{
    gateway::{Answer, Gateway, Meter, Scope},
    turn::{Turn, TurnError, TurnEvent},
};

/// What happens with one of the answers.
pub(crate) enum Step {
    /// The upstream has begun to answer, after these repairs of the history, and this shows what its account may still
    /// spend.
    Begun(Vec<String>, Meter),
    /// There will be no answer.
    Refused(TurnError),
    /// The answer goes on.
    Events(Vec<TurnEvent>),
}

/// One answer, from the asking on.
pub(crate) type Source = Pin<Box<dyn Stream<Item = Step> + Send>>;

/// Several answers. Dropping them cancels all that still run.
pub(crate) struct Choices {
    /// `None` where an answer is over.
    sources: Vec<Option<Source>>,
    /// Where to look first, so that a fast answer does not keep the others waiting.
    first: usize,
}

impl Choices {
    /// Asks `gateway` `number` times for an answer to `turn`, at once.
    pub(crate) fn ask(gateway: &Gateway, turn: Turn, scope: Scope, number: u32) -> Self {
        let turns = std::iter::repeat_n((turn, scope), number as usize);
        let asking = |(turn, scope)| State::Asking(Box::new((gateway.clone(), turn, scope)));
        Self::of(turns.map(|turn| Box::pin(stream::unfold(asking(turn), step)) as Source))
    }

    /// The answers that `sources` give.
    pub(crate) fn of(sources: impl Iterator<Item = Source>) -> Self {
        Self { sources: sources.map(Some).collect(), first: 0 }
    }

    /// The next step of any answer with the answer's number; `None` when all are over. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<(u32, Step)> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(u32, Step)>> {
        let count = self.sources.len();
        let mut running = false;
        for offset in 0..count {
            let index = (self.first + offset) % count;
            let Some(source) = &mut self.sources[index] else { continue };
            match source.as_mut().poll_next(context) {
                Poll::Ready(Some(step)) => {
                    self.first = index + 1;
                    return Poll::Ready(Some((index as u32, step)));
                }
                Poll::Ready(None) => self.sources[index] = None,
                Poll::Pending => running = true,
            }
        }
        if running { Poll::Pending } else { Poll::Ready(None) }
    }
}

/// How far one answer has come.
enum State {
    Asking(Box<(Gateway, Turn, Scope)>),
    Answering(Answer),
    Over,
}

/// The next step. Its future stays alive until it is done, so that the gateway may keep timers in it.
async fn step(state: State) -> Option<(Step, State)> {
    match state {
        State::Asking(asked) => {
            let (gateway, turn, scope) = *asked;
            // The room that this takes is given back before the answer goes on.
            Some(match Box::pin(gateway.run(turn, scope)).await {
                Ok(answer) => {
                    (Step::Begun(answer.repaired().to_vec(), answer.meter().clone()), State::Answering(answer))
                }
                Err(error) => (Step::Refused(error), State::Over),
            })
        }
        State::Answering(mut answer) => {
            let mut events = Vec::new();
            let goes_on = answer.next(&mut events).await;
            Some((Step::Events(events), if goes_on { State::Answering(answer) } else { State::Over }))
        }
        State::Over => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::{Choices, Source, Step};
    use crate::gateway::Meter;

    fn source(names: &[&str]) -> Source {
        let steps: Vec<Step> =
            names.iter().map(|name| Step::Begun(vec![(*name).to_owned()], Meter::default())).collect();
        Box::pin(stream::iter(steps))
    }

    #[tokio::test]
    async fn answers_take_turns_and_all_are_heard_to_the_end() {
        let mut choices = Choices::of([source(&["a", "b", "c"]), source(&[]), source(&["x"])].into_iter());
        let mut heard = Vec::new();
        while let Some((choice, step)) = choices.next().await {
            let Step::Begun(names, _) = step else { panic!("no such step was made") };
            heard.push(format!("{choice}{}", names[0]));
        }
        assert_eq!(heard, ["0a", "2x", "0b", "0c"]);
        assert!(choices.next().await.is_none());
    }
}
