//! A counter in memory: for a server that has no state, and for one whose store is away.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::clients::{
    Admission, Counter, Doing, Flight, KeyId, SLOT_LIFE, Settlement, Slot, Spent, Tally, Used, Verdict,
};

/// Counts for one process, for as long as it lives. No more keys are ever counted than there are.
#[derive(Debug, Default)]
pub struct MemoryCounter {
    accounts: Mutex<HashMap<KeyId, Account>>,
}

/// What one key has used, and its answers under way, each with what it holds and until when it counts.
#[derive(Debug, Default)]
struct Account {
    tally: Tally,
    slots: HashMap<u64, (u64, Spent)>,
}

impl MemoryCounter {
    fn accounts(&self) -> MutexGuard<'_, HashMap<KeyId, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges a request and counts it.
    pub(super) fn admit_now(&self, admission: &Admission) -> Verdict {
        let Admission { slot, limits, now } = admission;
        let mut accounts = self.accounts();
        let account = accounts.entry(slot.key.clone()).or_default();
        let flight = account.flight(*now);
        let (verdict, hold) = account.tally.admit(flight, limits, *now);
        if matches!(verdict, Verdict::Admitted(_)) {
            account.slots.insert(slot.number, (until(*now), hold));
        }
        verdict
    }

    /// Lets answers go on counting.
    pub(super) fn renew_now(&self, slots: &[Slot], now: u64) {
        let mut accounts = self.accounts();
        for slot in slots {
            let known = accounts.get_mut(&slot.key).and_then(|account| account.slots.get_mut(&slot.number));
            if let Some((end, _)) = known {
                *end = until(now);
            }
        }
    }

    /// Ends an answer and counts what it cost.
    pub(super) fn settle_now(&self, settlement: &Settlement) {
        let mut accounts = self.accounts();
        let account = accounts.entry(settlement.slot.key.clone()).or_default();
        account.slots.remove(&settlement.slot.number);
        account.tally.settle(settlement.spent, settlement.now);
    }

    /// What a key has used.
    pub(super) fn used_now(&self, key: &KeyId, now: u64) -> Used {
        let mut accounts = self.accounts();
        let Some(account) = accounts.get_mut(key) else { return Used::default() };
        account.tally.roll(now);
        let streams = account.flight(now).answers;
        account.tally.used(streams)
    }

    /// Takes over what another counter says that a key has used.
    pub(super) fn learn(&self, key: &KeyId, tally: &Tally) {
        self.accounts().entry(key.clone()).or_default().tally.clone_from(tally);
    }

    /// Takes over an answer that another counter has let in.
    pub(super) fn learn_slot(&self, slot: &Slot, hold: Spent, now: u64) {
        self.accounts().entry(slot.key.clone()).or_default().slots.insert(slot.number, (until(now), hold));
    }

    /// Takes over that an answer has ended.
    pub(super) fn forget_slot(&self, slot: &Slot) {
        if let Some(account) = self.accounts().get_mut(&slot.key) {
            account.slots.remove(&slot.number);
        }
    }
}

impl Account {
    fn flight(&mut self, now: u64) -> Flight {
        self.slots.retain(|_, (end, _)| (now + 1..=latest(now)).contains(end));
        self.slots.values().fold(Flight::default(), |flight, (_, hold)| Flight {
            answers: flight.answers + 1,
            held: Spent {
                tokens: flight.held.tokens.saturating_add(hold.tokens),
                credits: flight.held.credits + hold.credits,
            },
        })
    }
}

/// The latest that an answer can count until which is under way at `now`, by a clock that may have been set back a
/// little. One that is to count longer was let in by a clock that was wrong.
pub(super) fn latest(now: u64) -> u64 {
    until(until(now))
}

/// Until when an answer counts that is under way at `now`.
pub(super) fn until(now: u64) -> u64 {
    now.saturating_add(SLOT_LIFE.as_secs() * 1000)
}

impl Counter for MemoryCounter {
    fn admit(&self, admission: Admission) -> Doing<'_, Verdict> {
        Box::pin(async move { Ok(self.admit_now(&admission)) })
    }

    fn renew(&self, slots: Vec<Slot>, now: u64) -> Doing<'_, ()> {
        Box::pin(async move {
            self.renew_now(&slots, now);
            Ok(())
        })
    }

    fn settle(&self, settlement: Settlement) -> Doing<'_, ()> {
        Box::pin(async move {
            self.settle_now(&settlement);
            Ok(())
        })
    }

    fn used<'a>(&'a self, key: &'a KeyId, now: u64) -> Doing<'a, Used> {
        Box::pin(async move { Ok(self.used_now(key, now)) })
    }
}
