//! The pool in numbers, for whoever counts. It must not decide anything.

use crate::{
    credential::{Counter, Pool},
    metrics::{Accounts, Done},
};

impl Pool {
    /// How the accounts stand, and what has been done so far.
    #[must_use]
    pub fn readings(&self) -> Accounts {
        let mut readings = Accounts { done: self.done(), ..Accounts::default() };
        for status in self.status() {
            *readings.standing.entry((status.tier.name(), status.state())).or_default() += 1;
            *readings.leases.entry(status.tier.name()).or_default() += status.in_flight as u64;
        }
        readings.usable = self.slots().iter().filter(|slot| slot.is_serving()).count() as u64;
        readings
    }

    fn done(&self) -> Done {
        let mut done = Done::default();
        for (counter, number) in self.counters() {
            match counter {
                Counter::Requests => done.requests = number,
                Counter::Switches => done.switches = number,
                Counter::Acquired => done.acquired = number,
                Counter::RateLimits => done.rate_limits = number,
                Counter::Renewals => done.renewals = number,
                Counter::Emergencies => done.emergencies = number,
            }
        }
        done
    }
}
