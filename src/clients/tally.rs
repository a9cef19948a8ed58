//! What one key has used, and whether it may use more: the rules that every counter keeps, whatever it keeps them in.
//!
//! - Requests count in the second that they are let in at, and for the sixty seconds after it, so that no sixty seconds
//!   see more of them than are allowed.
//! - Tokens and credits count from midnight to midnight, UTC, in the day that an answer ends in. What an answer will cost
//!   is known only then; so each one under way holds a share of the budget, as large as the costly ones of its key were
//!   lately. A request is let in when its share is there as well, or when there is any budget at all and nothing is
//!   under way: what is spent exceeds the budget by the last answer at most, unless answers become dearer all at once.
//! - An answer counts as under way until it is settled, or nobody has renewed it for [`crate::clients::SLOT_LIFE`].
//!
//! It must not know where the numbers rest, or what time it is: that comes in, in milliseconds since the Unix epoch.

use std::time::Duration;

use crate::clients::Limits;

/// How many whole seconds before this one a minute has.
const MINUTE: u64 = 60;
/// Milliseconds in a day.
const DAY: u64 = 24 * 3600 * 1000;

/// What a first answer holds of a budget, and which part of the budget at most.
const FIRST_HOLD: Spent = Spent { tokens: 10_000, credits: 2.0 };
const FIRST_PART: u64 = 8;

/// When to come again where an answer that is under way must end first, which nobody can foresee.
const WAIT_FOR_STREAM: Duration = Duration::from_secs(1);
const WAIT_FOR_BUDGET: Duration = Duration::from_secs(5);

/// What answers cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Tokens, input and output.
    pub tokens: u64,
    /// Warp's credits.
    pub credits: f64,
}

/// What is under way: answers that are neither settled nor given up, and what they hold.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flight {
    /// How many.
    pub answers: u32,
    /// What they hold in all.
    pub held: Spent,
}

/// What a key has used.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Seconds since the Unix epoch in which requests were let in, with how many; those of the last minute.
    pub seconds: Vec<(u64, u32)>,
    /// The day that the following count in, in days since the Unix epoch.
    pub day: u64,
    /// Requests of the day.
    pub requests: u64,
    /// What the answers of the day have cost.
    pub spent: Spent,
    /// What a costly answer took lately: as much as the dearest, sinking by an eighth of the way with each cheaper one.
    pub usual: Spent,
    /// When a request was last let in, in milliseconds since the Unix epoch.
    pub last_used: u64,
}

/// The judgement of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is let in.
    Admitted(Left),
    /// It is not.
    Refused(Refusal),
}

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Which limit it would exceed; where there are several, the one that lasts longest.
    pub limit: Limit,
    /// True when the limit is not used up, but held by answers that are under way.
    pub is_held: bool,
    /// After which time it can be let in.
    pub wait: Duration,
    /// What the key has left.
    pub left: Left,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Requests a minute.
    Requests,
    /// Tokens a day.
    Tokens,
    /// Credits a day.
    Credits,
    /// Answers at once.
    Streams,
}

/// What a key has left of what is limited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Left {
    /// Requests of the minute.
    pub requests: Option<Budget<u64>>,
    /// Tokens of the day.
    pub tokens: Option<Budget<u64>>,
    /// Credits of the day.
    pub credits: Option<Budget<f64>>,
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget<T> {
    /// The limit.
    pub limit: T,
    /// What is left of it. What answers under way hold is not taken off.
    pub remaining: T,
    /// When all of it is there again, in milliseconds since the Unix epoch.
    pub reset: u64,
}

/// What a key has used, as people are told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    /// Requests of today, UTC.
    pub requests: u64,
    /// What answers of today have cost.
    pub spent: Spent,
    /// Answers under way.
    pub streams: u32,
    /// When it was last used, in milliseconds since the Unix epoch.
    pub last_used: Option<u64>,
}

/// An amount that a day's budget can be of.
pub trait Amount: Copy + PartialOrd {
    /// The first hold at most.
    fn part(self) -> Self;
    /// The sum; it stays at the largest there is.
    fn plus(self, more: Self) -> Self;
    /// What is left when `less` is taken off; never less than nothing.
    fn minus(self, less: Self) -> Self;
}

impl Amount for u64 {
    fn part(self) -> Self {
        self / FIRST_PART
    }

    fn plus(self, more: Self) -> Self {
        self.saturating_add(more)
    }

    fn minus(self, less: Self) -> Self {
        self.saturating_sub(less)
    }
}

impl Amount for f64 {
    fn part(self) -> Self {
        self / FIRST_PART as Self
    }

    fn plus(self, more: Self) -> Self {
        self + more
    }

    fn minus(self, less: Self) -> Self {
        (self - less).max(0.0)
    }
}

impl Tally {
    /// Forgets what is over at `now`: seconds of another minute, and counts of another day. A clock that was set back a
    /// little loses nothing.
    pub fn roll(&mut self, now: u64) {
        let (second, today) = (now / 1000, now / DAY);
        self.seconds.retain(|(at, _)| at.abs_diff(second) <= MINUTE);
        if today > self.day || self.day > today + 1 {
            *self = Self { day: today, requests: 0, spent: Spent::default(), ..std::mem::take(self) };
        }
    }

    /// Judges a request of a key with these `limits`, while `flight` is under way, and counts it when it is let in. Gives
    /// the judgement, and what the answer is to hold until it is settled.
    pub fn admit(&mut self, flight: Flight, limits: &Limits, now: u64) -> (Verdict, Spent) {
        self.roll(now);
        let hold = self.hold(limits);
        if let Some(refusal) = self.refusal(flight, hold, limits, now) {
            return (Verdict::Refused(refusal), Spent::default());
        }
        let second = now / 1000;
        match self.seconds.iter_mut().find(|(at, _)| *at == second) {
            Some((_, requests)) => *requests = requests.saturating_add(1),
            None => self.seconds.push((second, 1)),
        }
        self.requests = self.requests.saturating_add(1);
        self.last_used = self.last_used.max(now);
        (Verdict::Admitted(self.left(limits, now)), hold)
    }

    /// Counts what an answer that ended at `now` has cost. One that is not known to have cost anything says nothing of
    /// what answers usually take.
    pub fn settle(&mut self, spent: Spent, now: u64) {
        self.roll(now);
        // What is no number of credits would stay in every sum.
        let credits = if spent.credits.is_finite() { spent.credits.max(0.0) } else { 0.0 };
        self.spent =
            Spent { tokens: self.spent.tokens.saturating_add(spent.tokens), credits: self.spent.credits + credits };
        if spent.tokens > 0 {
            let sunk = self.usual.tokens - self.usual.tokens.saturating_sub(spent.tokens) / 8;
            self.usual.tokens = sunk.max(spent.tokens);
        }
        if credits > 0.0 {
            let sunk = self.usual.credits - (self.usual.credits - credits).max(0.0) / 8.0;
            self.usual.credits = sunk.max(credits);
        }
    }

    /// What the key has left at `now`.
    #[must_use]
    pub fn left(&self, limits: &Limits, now: u64) -> Left {
        let midnight = (now / DAY + 1) * DAY;
        let requests = |limit: u32| {
            let newest = self.seconds.iter().map(|(at, _)| *at).max();
            let used = self.in_minute();
            let reset = newest.map_or(now, |second| (second + MINUTE + 1) * 1000);
            Budget { limit: limit.into(), remaining: u64::from(limit).saturating_sub(used), reset }
        };
        Left {
            requests: limits.requests_per_minute.map(requests),
            tokens: limits.tokens_per_day.map(|limit| Budget::of(limit, self.spent.tokens, midnight)),
            credits: limits.credits_per_day.map(|limit| Budget::of(limit, self.spent.credits, midnight)),
        }
    }

    /// What is told of it, with `streams` under way.
    #[must_use]
    pub fn used(&self, streams: u32) -> Used {
        let last_used = (self.last_used > 0).then_some(self.last_used);
        Used { requests: self.requests, spent: self.spent, streams, last_used }
    }

    /// What the next answer is to hold.
    fn hold(&self, limits: &Limits) -> Spent {
        let tokens = limits.tokens_per_day.map(|limit| match self.usual.tokens {
            0 => FIRST_HOLD.tokens.min(limit.part()),
            usual => usual,
        });
        let credits = limits.credits_per_day.map(|limit| match self.usual.credits {
            0.0 => FIRST_HOLD.credits.min(limit.part()),
            usual => usual,
        });
        Spent { tokens: tokens.unwrap_or_default(), credits: credits.unwrap_or_default() }
    }

    fn refusal(&self, flight: Flight, hold: Spent, limits: &Limits, now: u64) -> Option<Refusal> {
        let left = self.left(limits, now);
        let refuse = |limit, is_held, wait| Some(Refusal { limit, is_held, wait, left });
        let tokens = left.tokens.and_then(|budget| budget.shortage(flight.answers, flight.held.tokens, hold.tokens));
        let credits =
            left.credits.and_then(|budget| budget.shortage(flight.answers, flight.held.credits, hold.credits));
        let until = |time: u64| Duration::from_millis(time.saturating_sub(now));
        let midnight = until((now / DAY + 1) * DAY);
        match (tokens, credits) {
            (Some(Shortage::Spent), _) => return refuse(Limit::Tokens, false, midnight),
            (_, Some(Shortage::Spent)) => return refuse(Limit::Credits, false, midnight),
            (None | Some(Shortage::Held), None | Some(Shortage::Held)) => {}
        }
        if let Some(free) = limits.requests_per_minute.and_then(|limit| self.next_request(limit)) {
            return refuse(Limit::Requests, false, until(free));
        }
        match (tokens, credits) {
            (Some(_), _) => return refuse(Limit::Tokens, true, WAIT_FOR_BUDGET),
            (None, Some(_)) => return refuse(Limit::Credits, true, WAIT_FOR_BUDGET),
            (None, None) => {}
        }
        let is_full = limits.streams.is_some_and(|limit| flight.answers >= limit);
        if is_full { refuse(Limit::Streams, true, WAIT_FOR_STREAM) } else { None }
    }

    /// When the next request can be let in, if that is not now.
    fn next_request(&self, limit: u32) -> Option<u64> {
        let mut over = self.in_minute().checked_sub(u64::from(limit))?;
        let mut seconds = self.seconds.clone();
        seconds.sort_unstable();
        for (second, requests) in seconds {
            match over.checked_sub(requests.into()) {
                // As many as are over have gone, and one more.
                None => return Some((second + MINUTE + 1) * 1000),
                Some(rest) => over = rest,
            }
        }
        // Nothing is ever let in.
        Some(u64::MAX)
    }

    fn in_minute(&self) -> u64 {
        self.seconds.iter().map(|(_, requests)| u64::from(*requests)).sum()
    }
}

/// Why a budget does not suffice.
#[derive(Clone, Copy)]
enum Shortage {
    /// Nothing is left.
    Spent,
    /// What is left is held.
    Held,
}

impl<T: Amount> Budget<T> {
    fn of(limit: T, used: T, reset: u64) -> Self {
        Self { limit, remaining: limit.minus(used), reset }
    }

    /// Why `hold` more cannot be taken of it while `answers` hold `held`, if it cannot.
    fn shortage(&self, answers: u32, held: T, hold: T) -> Option<Shortage> {
        let nothing = self.limit.minus(self.limit);
        match () {
            () if self.remaining <= nothing => Some(Shortage::Spent),
            () if answers > 0 && held.plus(hold) > self.remaining => Some(Shortage::Held),
            () => None,
        }
    }
}

impl Left {
    /// What is left when an answer that was under way has cost `spent`.
    #[must_use]
    pub fn after(mut self, spent: Spent) -> Self {
        if let Some(tokens) = &mut self.tokens {
            tokens.remaining = tokens.remaining.minus(spent.tokens);
        }
        if let Some(credits) = &mut self.credits {
            credits.remaining = credits.remaining.minus(spent.credits);
        }
        self
    }
}

impl Limit {
    /// What people and programs call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Credits => "credits",
            Self::Streams => "streams",
        }
    }
}
