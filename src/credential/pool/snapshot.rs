//! The pool as JSON, for `token pool status`, for the bridge, and for other processes. Nothing of it is secret.
//!
//! It must not decide anything.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::credential::{Choice, Obstacle, Pool, Rest, Status, token::rfc3339};

impl Pool {
    /// How the pool stands: its accounts, what has been counted, and the last choices.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let accounts = self.status();
        let ready = accounts.iter().filter(|status| status.state() == "ready").count();
        let counters: Map<String, Value> =
            self.counters().into_iter().map(|(counter, count)| (counter.name().to_owned(), count.into())).collect();
        json!({
            "at": rfc3339((self.core.clock)()),
            "size": self.core.size,
            "ready": ready,
            "accounts": accounts.iter().map(Status::to_json).collect::<Vec<_>>(),
            "counters": counters,
            "choices": self.choices().iter().map(Choice::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Status {
    /// The account's state in a word or two.
    #[must_use]
    pub fn state(&self) -> &'static str {
        let account_wide = self.rests.iter().find(|rest| rest.model.is_none());
        match account_wide.or(self.rests.first()) {
            _ if self.standing.is_out() => self.standing.name(),
            Some(rest) if rest.model.is_none() => rest.reason.name(),
            Some(_) => "cooling",
            None if self.is_renewing => "renewing",
            None if self.is_live => "ready",
            None if self.problem.is_some() => "not renewed",
            None => "not used yet",
        }
    }

    /// All of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "account": self.account,
            "id": self.id,
            "source": self.tier.name(),
            "kind": self.kind.name(),
            "state": self.state(),
            "rests": self.rests.iter().map(Rest::to_json).collect::<Vec<_>>(),
            "in_flight": self.in_flight,
            "requests": self.requests,
            "renewals": self.renewals,
            "expires": self.expires,
            "problem": self.problem,
        })
    }
}

impl Rest {
    fn to_json(&self) -> Value {
        json!({"reason": self.reason.name(), "model": self.model, "until": rfc3339(self.until)})
    }
}

impl Choice {
    fn to_json(&self) -> Value {
        let obstacle = |(account, obstacle): &(String, Obstacle)| match obstacle {
            Obstacle::Tried => json!({"account": account, "why": "it has refused this request"}),
            Obstacle::Resting(rest) => {
                json!({"account": account, "why": rest.reason.name(), "model": rest.model, "until": rfc3339(rest.until)})
            }
            Obstacle::Out(standing) => json!({"account": account, "why": standing.name()}),
        };
        json!({
            "at": precise(self.at),
            "model": self.model,
            "account": self.account,
            "because": self.because,
            "passed_over": self.obstacles.iter().map(obstacle).collect::<Vec<_>>(),
        })
    }
}

/// A time with its milliseconds, for choices come close together.
fn precise(time: SystemTime) -> Option<String> {
    let milliseconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.subsec_millis();
    rfc3339(time).map(|whole| whole.replace('Z', &format!(".{milliseconds:03}Z")))
}
