//! Whether turns can be paid for and reach the upstream, by what is known without asking anyone.
//!
//! Who wants to know may ask as often as they like: the upstream is asked by the way, at most once in a while, and never
//! while they wait. It must not know who wants to know.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::task::TaskTracker;

use crate::gateway::{Core, Gateway};

/// How soon an upstream that could not be reached is asked again, at the earliest.
const RECOVERY: Duration = Duration::from_secs(5);

/// The questions that are asked only to know whether there is an answer.
#[derive(Default)]
pub(super) struct Probes {
    asked: Mutex<Option<Instant>>,
    /// Owns the question under way, for nobody waits for it.
    tasks: TaskTracker,
}

impl Gateway {
    /// Why no account could pay for a turn now, without any name; `None` when one could, or one may yet be had.
    #[must_use]
    pub fn credential_lack(&self) -> Option<String> {
        self.core.credentials.lack()
    }

    /// Why the upstream could not be reached the last time, or that it was never asked; `None` when it could. When that
    /// was longer ago than `rest`, or there was no answer, it is asked again for whoever wants to know the next time. It
    /// must be called within the runtime that the turns run in.
    #[must_use]
    pub fn upstream_lack(&self, rest: Duration) -> Option<String> {
        let seen = self.core.upstream.reach().last();
        let holds = match &seen {
            Some(seen) if seen.lack.is_none() => seen.at.elapsed() < rest,
            Some(seen) => seen.at.elapsed() < RECOVERY.min(rest),
            None => false,
        };
        if !holds {
            self.core.probe(RECOVERY.min(rest));
        }
        seen.map_or_else(|| Some("it has not been asked yet".to_owned()), |seen| seen.lack)
    }
}

impl Core {
    /// Asks the upstream something, unless it was asked within `rest`. The answer does not matter.
    fn probe(self: &Arc<Self>, rest: Duration) {
        let mut asked = self.probes.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_some_and(|asked| asked.elapsed() < rest) {
            return;
        }
        *asked = Some(Instant::now());
        let core = Arc::clone(self);
        drop(self.probes.tasks.spawn(async move {
            let lease = match core.credentials.lease().await {
                Ok(lease) => lease,
                Err(error) => return tracing::debug!(%error, "nobody can pay for a look at the upstream"),
            };
            if let Err(error) = core.upstream.load_catalogue(lease.bearer()).await {
                tracing::debug!(%error, "a look at the upstream has failed");
            }
        }));
    }
}
