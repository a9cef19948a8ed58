//! The connections to one upstream. Over HTTP/2 many answers share one, but no more than the server allows; what is asked
//! beyond that would wait until another answer is over. So there are several lanes, each with a connection of its own, and
//! a call takes the first that has room.
//!
//! It must not know what is asked.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use reqwest::{Client, Version};

/// How many answers share a lane at most. A server should allow 100 at least (RFC 9113, §6.5.2); a few are left for short
/// questions, which all go by the first lane.
pub(super) const STREAMS: usize = 96;

/// Makes the client of another lane.
type Make = Box<dyn Fn() -> reqwest::Result<Client> + Send + Sync>;

/// All lanes to one upstream.
pub(super) struct Lanes {
    make: Make,
    first: Arc<Lane>,
    /// Those that were added.
    more: Mutex<Vec<Arc<Lane>>>,
    /// False once the upstream has answered in a protocol in which every answer has a connection of its own anyway.
    is_shared: AtomicBool,
}

/// A client, and so a connection where answers share one.
struct Lane {
    http: Client,
    streams: AtomicUsize,
}

/// A place on a lane, until it is dropped.
pub(super) struct Seat(Arc<Lane>);

impl Lanes {
    /// The lanes over clients that `make` makes.
    ///
    /// # Errors
    /// When it can make none.
    pub(super) fn new(make: impl Fn() -> reqwest::Result<Client> + Send + Sync + 'static) -> reqwest::Result<Self> {
        let first = Arc::new(Lane::over(make()?));
        Ok(Self { make: Box::new(make), first, more: Mutex::default(), is_shared: AtomicBool::new(true) })
    }

    /// The first lane's client, for short questions.
    pub(super) fn first(&self) -> &Client {
        &self.first.http
    }

    /// A place on the first lane that has room; a lane is added where none has.
    pub(super) fn take(&self) -> Seat {
        let is_shared = self.is_shared.load(Ordering::Relaxed);
        let mut more = self.more();
        let has_room = |lane: &&Arc<Lane>| !is_shared || lane.streams.load(Ordering::Relaxed) < STREAMS;
        let free = std::iter::once(&self.first).chain(&*more).find(has_room).map(Arc::clone);
        let lane = free.unwrap_or_else(|| self.add(&mut more));
        lane.streams.fetch_add(1, Ordering::Relaxed);
        Seat(lane)
    }

    /// The upstream has answered in this version of the protocol.
    pub(super) fn answered(&self, version: Version) {
        self.is_shared.store(version >= Version::HTTP_2, Ordering::Relaxed);
    }

    /// Another lane; the first, should it not be possible to make one.
    fn add(&self, more: &mut Vec<Arc<Lane>>) -> Arc<Lane> {
        match (self.make)() {
            Ok(http) => {
                tracing::debug!(lanes = more.len() + 2, "another connection to the upstream is needed");
                let lane = Arc::new(Lane::over(http));
                more.push(Arc::clone(&lane));
                lane
            }
            Err(error) => {
                tracing::warn!(%error, "no other connection to the upstream can be made");
                Arc::clone(&self.first)
            }
        }
    }

    fn more(&self) -> MutexGuard<'_, Vec<Arc<Lane>>> {
        self.more.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn over(http: Client) -> Self {
        Self { http, streams: AtomicUsize::new(0) }
    }
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lanes({})", self.more().len() + 1)
    }
}

impl Seat {
    /// The client to call with.
    pub(super) fn http(&self) -> &Client {
        &self.0.http
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seat({})", self.0.streams.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{Client, Version};

    use super::{Lane, Lanes, Ordering, STREAMS};

    #[test]
    fn lanes_are_added_when_all_are_full_and_used_again_when_one_has_room() {
        let lanes = Lanes::new(|| Client::builder().build()).unwrap();
        let mut seats: Vec<_> = (0..2 * STREAMS + 1).map(|_| lanes.take()).collect();
        let streams = |lane: &Lane| lane.streams.load(Ordering::Relaxed);
        let on = || -> Vec<usize> {
            std::iter::once(streams(&lanes.first)).chain(lanes.more().iter().map(|lane| streams(lane))).collect()
        };
        assert_eq!(on(), [STREAMS, STREAMS, 1]);
        drop(seats.drain(..10));
        seats.extend((0..10).map(|_| lanes.take()));
        assert_eq!(on(), [STREAMS, STREAMS, 1]);
        drop(seats);
        assert_eq!(on(), [0, 0, 0]);
    }

    #[test]
    fn one_lane_is_enough_where_answers_share_no_connection() {
        let lanes = Lanes::new(|| Client::builder().build()).unwrap();
        lanes.answered(Version::HTTP_11);
        let seats: Vec<_> = (0..2 * STREAMS).map(|_| lanes.take()).collect();
        assert!(lanes.more().is_empty());
        lanes.answered(Version::HTTP_2);
        let more = lanes.take();
        assert_eq!(lanes.more().len(), 1, "the upstream has learnt another protocol");
        drop((seats, more));
    }
}
