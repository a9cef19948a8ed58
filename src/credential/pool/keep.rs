//! What looks after the pool while nobody asks: renewals in time, enough accounts ready, accounts that come and go, and
//! writing down what a restart must know.
//!
//! It must not be needed: a pool that nobody keeps serves as well, only with more waiting.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::credential::{
    ledger::{Ledger, Noted},
    pool::Pool,
    slot::Slot,
};

/// How often the pool is looked at.
const ROUND: Duration = Duration::from_secs(30);

/// How often what has changed is written down.
const WRITING: Duration = Duration::from_secs(2);

impl Pool {
    /// Looks after the pool until [`Pool::close`].
    pub fn keep(&self) {
        let pool = self.clone();
        self.core.tasks.spawn(async move {
            let closing = pool.core.closing.clone();
            let keeping = futures_util::future::join(pool.go_round(), pool.keep_written());
            closing.run_until_cancelled(keeping).await;
        });
    }

    async fn keep_written(&self) {
        loop {
            tokio::time::sleep(WRITING).await;
            // In this order: what has ended here is not learned again from what is still written there.
            self.write_down().await;
            self.heed_the_ledger().await;
        }
    }

    /// Writes down what has changed since the last time.
    pub(super) async fn write_down(&self) {
        if self.core.ledger.is_none() {
            return;
        }
        let slots = self.slots().clone();
        let pool = self.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let Some(ledger) = &pool.core.ledger else { return };
            for slot in slots {
                let now = slot.noted();
                let is_new = pool.noted().get(slot.id()) != Some(&now);
                if is_new {
                    ledger.note(slot.id(), &now);
                    pool.noted().insert(slot.id().to_owned(), now);
                }
            }
            let more = pool.core.counters.since_last();
            if !more.is_empty() {
                ledger.count(&more);
            }
            pool.publish(ledger.as_ref());
        });
        if let Err(error) = writing.await {
            tracing::warn!(%error, "the pool's state was not written down");
        }
    }

    /// Shows how the pool stands, when that has changed or was shown long ago.
    fn publish(&self, ledger: &dyn Ledger) {
        let snapshot = self.snapshot();
        let mut published = self.core.published.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |shown: &Value| {
            let fields =
                |value: &Value| value.as_object().cloned().map(|mut fields| fields.remove("at").map(|_| fields));
            fields(shown) == fields(&snapshot)
        };
        if !published.as_ref().is_some_and(|(shown, since)| since.elapsed() < ROUND && is_same(shown)) {
            ledger.publish(&snapshot);
            *published = Some((snapshot, Instant::now()));
        }
    }

    /// Takes up what others have noted of the accounts, and gives those another chance whose notes somebody has wiped
    /// out.
    pub(super) async fn heed_the_ledger(&self) {
        if self.core.ledger.is_none() {
            return;
        }
        let pool = self.clone();
        let slots = self.slots().clone();
        let heeding = tokio::task::spawn_blocking(move || {
            let Some(ledger) = &pool.core.ledger else { return };
            let lent = ledger.lent_elsewhere();
            for slot in slots {
                slot.lent_elsewhere(lent.get(slot.id()).copied().unwrap_or_default());
                let Some(noted) = ledger.recall(slot.id(), (pool.core.clock)()) else { continue };
                let known = pool.noted().get(slot.id()).cloned().unwrap_or_default();
                if noted != Noted::default() {
                    slot.learn(&noted);
                    // What it has beyond that is written down the next time.
                    pool.noted().insert(slot.id().to_owned(), noted);
                } else if known != noted {
                    // Rests that are over are not recalled either, and then there is nothing to forgive.
                    slot.forgive();
                    pool.noted().remove(slot.id());
                }
            }
        });
        if let Err(error) = heeding.await {
            tracing::warn!(%error, "what others have noted of the accounts was not read");
        }
    }

    pub(super) async fn withdraw(&self) {
        let pool = self.clone();
        let withdrawing = tokio::task::spawn_blocking(move || {
            if let Some(ledger) = &pool.core.ledger {
                ledger.withdraw();
            }
        });
        if let Err(error) = withdrawing.await {
            tracing::warn!(%error, "the pool's state was not withdrawn");
        }
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
