//! How many turns run at once, and how many more may wait for their place.
//!
//! Who waits is let in in the order of coming, and hears of it when that takes too long or too many wait already: a client
//! that is refused at once can go elsewhere, one of a thousand that all crawl cannot. It must not know what a turn does.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    server::config::Limits,
    turn::{ErrorKind, TurnError},
};

/// When a client that was refused may try again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Lets turns in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Mutex<State>>);

struct State {
    limit: usize,
    running: usize,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    weight: usize,
    enter: oneshot::Sender<Place>,
}

/// The place of a turn that runs. Dropping it makes room for the next.
pub(crate) struct Place {
    gate: Gate,
    weight: usize,
}

impl Gate {
    /// A gate for `limit` turns at once.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State { limit, running: 0, waiting: VecDeque::new() })))
    }

    /// From now on lets `limit` turns run at once. Those that run are not ended.
    pub(crate) fn resize(&self, limit: usize) {
        self.state().limit = limit;
        self.admit();
    }

    /// True when whoever comes now is refused, so that its request need not even be read.
    pub(crate) fn is_full(&self, limits: &Limits) -> bool {
        let mut state = self.state();
        state.running >= state.limit && state.count_waiting() >= limits.queue
    }

    /// A place for a turn of `weight` answers, as soon as there is one.
    ///
    /// # Errors
    /// When too many wait already, or there is no place in time.
    pub(crate) async fn enter(&self, weight: usize, limits: &Limits) -> Result<Place, TurnError> {
        let entered = {
            let mut state = self.state();
            // One that asks for more than there is gets all there is.
            let weight = weight.clamp(1, state.limit.max(1));
            let waiting = state.count_waiting();
            if waiting == 0 && state.has_room(weight) {
                state.running += weight;
                return Ok(Place { gate: self.clone(), weight });
            }
            if waiting >= limits.queue {
                return Err(overloaded());
            }
            let (enter, entered) = oneshot::channel();
            state.waiting.push_back(Waiting { weight, enter });
            entered
        };
        match tokio::time::timeout(limits.queue_timeout, entered).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }

    /// How many answers run, and how many requests wait.
    pub(crate) fn load(&self) -> (usize, usize) {
        let mut state = self.state();
        (state.running, state.count_waiting())
    }

    /// Lets in who has room now.
    fn admit(&self) {
        loop {
            let next = {
                let mut state = self.state();
                state.count_waiting();
                let Some(next) = state.waiting.pop_front() else { return };
                if !state.has_room(next.weight) {
                    state.waiting.push_front(next);
                    return;
                }
                state.running += next.weight;
                next
            };
            // Who has just stopped waiting leaves the place to the next one, by dropping it.
            drop(next.enter.send(Place { gate: self.clone(), weight: next.weight }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, weight: usize) -> bool {
        self.running + weight.min(self.limit) <= self.limit
    }

    /// How many still wait; those that do not are forgotten.
    fn count_waiting(&mut self) -> usize {
        self.waiting.retain(|waiting| !waiting.enter.is_closed());
        self.waiting.len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.state().running -= self.weight;
        self.gate.admit();
    }
}

/// What a client hears that there is no room for.
pub(crate) fn overloaded() -> TurnError {
    let message = "This gateway has as much to do as it takes on; ask again in a moment.";
    TurnError::new(ErrorKind::Overloaded, message).retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Gate;
    use crate::{server::config::Limits, turn::ErrorKind};

    fn limits(queue: usize) -> Limits {
        Limits { queue, queue_timeout: Duration::from_secs(10), ..Limits::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_let_in_in_order_and_who_finds_too_many_is_refused_at_once() {
        let (gate, limits) = (Gate::new(2), limits(2));
        let first = gate.enter(1, &limits).await.unwrap();
        let _second = gate.enter(1, &limits).await.unwrap();
        assert!(!gate.is_full(&limits));
        let mut third = Box::pin(gate.enter(1, &limits));
        assert!(futures_util::poll!(third.as_mut()).is_pending());
        let mut fourth = Box::pin(gate.enter(1, &limits));
        assert!(futures_util::poll!(fourth.as_mut()).is_pending());
        assert_eq!((gate.load(), gate.is_full(&limits)), ((2, 2), true));
        let began = tokio::time::Instant::now();
        let refused = gate.enter(1, &limits).await.err().unwrap();
        assert_eq!((refused.kind, began.elapsed()), (ErrorKind::Overloaded, Duration::ZERO));
        assert!(refused.retry_after.is_some());
        drop(first);
        let third = third.await.unwrap();
        assert_eq!(gate.load(), (2, 1));
        // The fourth waits in vain.
        assert_eq!(fourth.await.err().unwrap().kind, ErrorKind::Overloaded);
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        drop(third);
        assert_eq!(gate.load(), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_keeps_no_place() {
        let (gate, limits) = (Gate::new(1), limits(5));
        let place = gate.enter(1, &limits).await.unwrap();
        for _ in 0..3 {
            let waiting = gate.enter(1, &limits);
            assert!(tokio::time::timeout(Duration::from_secs(1), waiting).await.is_err(), "it waits");
        }
        assert_eq!(gate.load(), (1, 0));
        drop(place);
        assert_eq!(gate.load(), (0, 0));
        // One that was let in and has gone before it noticed leaves its place as well.
        let place = gate.enter(1, &limits).await.unwrap();
        let mut waiting = Box::pin(gate.enter(1, &limits));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(place);
        assert_eq!(gate.load(), (1, 0));
        drop(waiting);
        assert_eq!(gate.load(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn several_answers_weigh_as_many_and_more_than_all_is_all() {
        let (gate, limits) = (Gate::new(3), limits(5));
        let two = gate.enter(2, &limits).await.unwrap();
        let mut two_more = Box::pin(gate.enter(2, &limits));
        assert!(futures_util::poll!(two_more.as_mut()).is_pending());
        let mut one = Box::pin(gate.enter(1, &limits));
        assert!(futures_util::poll!(one.as_mut()).is_pending(), "nobody overtakes");
        drop(two);
        let places = (two_more.await.unwrap(), one.await.unwrap());
        assert_eq!(gate.load(), (3, 0));
        drop(places);
        let _all = gate.enter(100, &limits).await.unwrap();
        assert_eq!(gate.load(), (3, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wider_gate_lets_in_who_waits() {
        let (gate, limits) = (Gate::new(1), limits(5));
        let _first = gate.enter(1, &limits).await.unwrap();
        let mut second = Box::pin(gate.enter(1, &limits));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        gate.resize(2);
        let _second = second.await.unwrap();
        gate.resize(1);
        assert_eq!(gate.load(), (2, 0), "who runs goes on");
    }
}
