//! What looks after the pool while nobody asks: renewals in time, enough accounts ready, accounts that come and go.
//!
//! It must not be needed: a pool that nobody keeps serves as well, only with more waiting.

use std::{sync::Arc, time::Duration};

use crate::credential::{pool::Pool, slot::Slot};

/// How often the pool is looked at.
const ROUND: Duration = Duration::from_secs(30);

impl Pool {
    /// Looks after the pool until [`Pool::close`].
    pub fn keep(&self) {
        let pool = self.clone();
        self.core.tasks.spawn(async move {
            let closing = pool.core.closing.clone();
            closing.run_until_cancelled(pool.go_round()).await;
        });
    }

    async fn go_round(&self) {
        loop {
            self.look_after().await;
            // A little sooner or later, so that replicas do not go round together.
            tokio::time::sleep(ROUND.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        }
    }

    /// One look: lets go of accounts that are gone, takes up new ones, renews what is due, and asks the sources for more
    /// when fewer than half of what is wanted can serve.
    pub async fn look_after(&self) {
        self.let_go().await;
        self.take_what_is_at_hand();
        self.warm().await;
        let ready = self.slots().iter().filter(|slot| slot.is_serving()).count();
        if self.has_more() && ready * 2 < self.core.size {
            let _turn = self.core.acquiring.lock().await;
            // Whoever finds no account hears why; the source's own words are in the log.
            if self.acquire(self.core.size - ready).await.is_ok() {
                self.warm().await;
            }
        }
    }

    async fn let_go(&self) {
        let is_kept = |slot: &Arc<Slot>| {
            let mut sources = self.core.sources.iter().filter(|source| source.tier() == slot.tier());
            sources.any(|source| source.has(slot.id()))
        };
        let gone: Vec<Arc<Slot>> = {
            let mut slots = self.slots();
            let (kept, gone) = slots.drain(..).partition(is_kept);
            *slots = kept;
            gone
        };
        for slot in gone {
            tracing::info!(account = slot.account(), "the account is gone");
            slot.release().await;
        }
    }

    /// Renews what is due among the accounts that are kept ready, all at once.
    async fn warm(&self) {
        let due: Vec<Arc<Slot>> = {
            let mut slots: Vec<Arc<Slot>> = self.slots().iter().filter(|slot| slot.is_serving()).cloned().collect();
            slots.sort_by_key(|slot| (slot.tier(), !slot.is_warm()));
            slots.into_iter().take(self.core.size).filter(|slot| slot.is_due()).collect()
        };
        let renewals = due.iter().map(|slot| self.renewal(slot, slot.attempts()));
        // Failures are logged by the slot, which is left alone for a while.
        let _results = futures_util::future::join_all(renewals).await;
    }
}
