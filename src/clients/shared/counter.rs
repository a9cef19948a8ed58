//! What keys use, counted for all replicas by a script of the server's: each call is one atomic step there, by the
//! server's clock.
//!
//! The script judges by the rules of [`Tally`], and gives what it has judged by, from which the verdict is told here.
//! While the server is away, each replica counts by itself from what it has last seen of a key, so that the replicas
//! together may let in more; what answers cost meanwhile is counted when the server is back.

use std::collections::BTreeMap;

use crate::{
    clients::{
        Admission, ClientsError, Counter, Doing, Flight, KeyId, Limit, Limits, MemoryCounter, Refusal, SLOT_LIFE,
        Settlement, Slot, Spent, Tally, Used, Verdict,
    },
    state::{Program, Shared, StateError, program},
};

static COUNT: Program = Program::new(|| program(include_str!("count.lua")));

/// Counts for all replicas.
#[derive(Debug)]
pub struct SharedCounter {
    shared: Shared,
    /// What was last seen of each key.
    held: MemoryCounter,
    /// True to go by the times that callers name, and not by the server's clock.
    #[cfg(test)]
    by_callers_clock: bool,
}

/// What the script tells.
struct Told {
    verdict: String,
    now: u64,
    hold: Spent,
    flight: Flight,
    tally: Tally,
}

impl SharedCounter {
    /// Counts in `shared`.
    #[must_use]
    pub fn new(shared: &Shared) -> Self {
        Self {
            shared: shared.clone(),
            held: MemoryCounter::default(),
            #[cfg(test)]
            by_callers_clock: false,
        }
    }

    /// Counts in `shared` by the times that callers name.
    #[cfg(test)]
    pub(in crate::clients) fn by_callers_clock(shared: &Shared) -> Self {
        Self { by_callers_clock: true, ..Self::new(shared) }
    }

    #[cfg(test)]
    fn time(&self, now: u64) -> String {
        if self.by_callers_clock { now.to_string() } else { String::new() }
    }

    #[cfg(not(test))]
    fn time(&self, _now: u64) -> String {
        String::new()
    }

    /// Has the script do `verb` for `key`. None when the server is away.
    async fn ask(&self, verb: &str, key: &KeyId, now: u64, more: Vec<String>) -> Result<Option<Told>, ClientsError> {
        match self.run(verb, key, now, more).await {
            Ok(texts) => Ok(Some(told(&texts).ok_or_else(nonsense)?)),
            Err(StateError::Away { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn run(&self, verb: &str, key: &KeyId, now: u64, more: Vec<String>) -> Result<Vec<String>, StateError> {
        self.shared.run(&COUNT, &[&used(key), &under_way(key)], &self.arguments(verb, now, more)).await
    }

    fn arguments(&self, verb: &str, now: u64, more: Vec<String>) -> Vec<String> {
        let life = SLOT_LIFE.as_millis().to_string();
        [verb.to_owned(), self.time(now), life].into_iter().chain(more).collect()
    }
}

impl Counter for SharedCounter {
    fn admit(&self, admission: Admission) -> Doing<'_, Verdict> {
        Box::pin(async move {
            let Admission { slot, limits, now } = &admission;
            let text = |limit: Option<String>| limit.unwrap_or_default();
            let more = vec![
                slot.number.to_string(),
                text(limits.requests_per_minute.map(|limit| limit.to_string())),
                text(limits.tokens_per_day.map(|limit| limit.to_string())),
                text(limits.credits_per_day.map(|limit| limit.to_string())),
                text(limits.streams.map(|limit| limit.to_string())),
            ];
            let Some(told) = self.ask("admit", &slot.key, *now, more).await? else {
                return Ok(self.held.admit_now(&admission));
            };
            self.held.learn(&slot.key, &told.tally);
            if told.verdict == "admitted" {
                self.held.learn_slot(slot, told.hold, told.now);
                return Ok(Verdict::Admitted(told.tally.left(limits, told.now)));
            }
            Ok(Verdict::Refused(refusal(told, limits)))
        })
    }

    fn renew(&self, slots: Vec<Slot>, now: u64) -> Doing<'_, ()> {
        Box::pin(async move {
            self.held.renew_now(&slots, now);
            let mut by_key: BTreeMap<KeyId, Vec<String>> = BTreeMap::new();
            for slot in slots {
                by_key.entry(slot.key).or_default().push(slot.number.to_string());
            }
            for (key, numbers) in by_key {
                match self.run("renew", &key, now, numbers).await {
                    Ok(_) | Err(StateError::Away { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        })
    }

    fn settle(&self, settlement: Settlement) -> Doing<'_, ()> {
        Box::pin(async move {
            let Settlement { slot, spent, now } = &settlement;
            // What is no number of credits would stay in every sum.
            let credits = if spent.credits.is_finite() { spent.credits.max(0.0) } else { 0.0 };
            let more = vec![slot.number.to_string(), spent.tokens.to_string(), credits.to_string()];
            match self.ask("settle", &slot.key, *now, more.clone()).await? {
                Some(told) => {
                    self.held.learn(&slot.key, &told.tally);
                    self.held.forget_slot(slot);
                }
                None => {
                    self.held.settle_now(&settlement);
                    let arguments = self.arguments("settle", *now, more);
                    self.shared.run_later(&COUNT, &[&used(&slot.key), &under_way(&slot.key)], &arguments);
                }
            }
            Ok(())
        })
    }

    fn used<'a>(&'a self, key: &'a KeyId, now: u64) -> Doing<'a, Used> {
        Box::pin(async move {
            match self.ask("used", key, now, Vec::new()).await? {
                Some(told) => Ok(told.tally.used(told.flight.answers)),
                None => Ok(self.held.used_now(key, now)),
            }
        })
    }
}

/// The names of where is what a key has used, and what is under way.
fn used(key: &KeyId) -> [&str; 2] {
    ["used", key.as_str()]
}

fn under_way(key: &KeyId) -> [&str; 2] {
    ["under-way", key.as_str()]
}

/// Why the script has let nobody in, told from what it has judged by.
fn refusal(told: Told, limits: &Limits) -> Refusal {
    let Told { verdict, now, flight, mut tally, .. } = told;
    let left = tally.left(limits, now);
    match tally.admit(flight, limits, now) {
        (Verdict::Refused(refusal), _) => refusal,
        // The two would have to calculate differently; the script's word holds.
        (Verdict::Admitted(_), _) => {
            let all = [Limit::Requests, Limit::Tokens, Limit::Credits, Limit::Streams];
            let limit = all.into_iter().find(|limit| limit.name() == verdict).unwrap_or(Limit::Streams);
            Refusal { limit, is_held: true, wait: std::time::Duration::from_secs(1), left }
        }
    }
}

fn told(texts: &[String]) -> Option<Told> {
    let [verdict, now, hold_tokens, hold_credits, answers, held_tokens, held_credits, tally @ ..] = texts else {
        return None;
    };
    let [seconds, day, requests, tokens, credits, usual_tokens, usual_credits, last_used] = tally else { return None };
    let spent =
        |tokens: &str, credits: &str| Some(Spent { tokens: tokens.parse().ok()?, credits: credits.parse().ok()? });
    let second = |text: &str| {
        let (at, requests) = text.split_once(':')?;
        Some((at.parse().ok()?, requests.parse().ok()?))
    };
    Some(Told {
        verdict: verdict.clone(),
        now: now.parse().ok()?,
        hold: spent(hold_tokens, hold_credits)?,
        flight: Flight { answers: answers.parse().ok()?, held: spent(held_tokens, held_credits)? },
        tally: Tally {
            seconds: seconds.split(',').filter_map(second).collect(),
            day: day.parse().ok()?,
            requests: requests.parse().ok()?,
            spent: spent(tokens, credits)?,
            usual: spent(usual_tokens, usual_credits)?,
            last_used: last_used.parse().ok()?,
        },
    })
}

fn nonsense() -> ClientsError {
    ClientsError::Away { reason: "the server's answer makes no sense".to_owned() }
}
