//! The rules of counting, held by every counter there is; the time is passed in.

use std::{sync::Arc, time::Duration};

use crate::{
    clients::{
        Admission, Counter, KeyId, Left, Limit, Limits, MemoryCounter, Refusal, SLOT_LIFE, Settlement, SharedCounter,
        Slot, Spent, StoredCounter, Used, Verdict,
    },
    state::{RedisServer, Shared},
};

/// Noon of some day, in milliseconds, and how long a day is.
const NOON: u64 = 20_000 * DAY + DAY / 2;
const DAY: u64 = 24 * 3600 * 1000;

/// A counter, and the place that it needs to live.
struct Bench {
    counter: Arc<dyn Counter>,
    key: KeyId,
    limits: Limits,
    place: tempfile::TempDir,
    _server: Option<RedisServer>,
}

/// One bench for each counter.
fn benches(limits: Limits) -> Vec<Bench> {
    let bench_on = |counter: Arc<dyn Counter>, place, _server| {
        let key = KeyId::parse("0123456789ab").unwrap();
        Bench { counter, key, limits, place, _server }
    };
    let bench = |counter, place| bench_on(counter, place, None);
    let place = || tempfile::tempdir().unwrap();
    let shared = RedisServer::start(&[]).map(|server| {
        let counter = Arc::new(SharedCounter::by_callers_clock(&Shared::for_test(&server)));
        bench_on(counter, place(), Some(server))
    });
    let stored = place();
    let counter = Arc::new(StoredCounter::start(stored.path()).unwrap());
    let own = [bench(Arc::new(MemoryCounter::default()), place()), bench(counter, stored)];
    shared.into_iter().chain(own).collect()
}

impl Bench {
    fn slot(&self, number: u64) -> Slot {
        Slot { key: self.key.clone(), number }
    }

    async fn ask(&self, number: u64, now: u64) -> Verdict {
        self.counter.admit(Admission { slot: self.slot(number), limits: self.limits, now }).await.unwrap()
    }

    async fn enter(&self, number: u64, now: u64) -> Left {
        match self.ask(number, now).await {
            Verdict::Admitted(left) => left,
            Verdict::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    async fn refused(&self, number: u64, now: u64) -> Refusal {
        match self.ask(number, now).await {
            Verdict::Refused(refusal) => refusal,
            Verdict::Admitted(left) => panic!("{left:?}"),
        }
    }

    async fn settle(&self, number: u64, tokens: u64, credits: f64, now: u64) {
        let spent = Spent { tokens, credits };
        self.counter.settle(Settlement { slot: self.slot(number), spent, now }).await.unwrap();
    }

    async fn used(&self, now: u64) -> Used {
        self.counter.used(&self.key, now).await.unwrap()
    }
}

#[tokio::test]
async fn no_minute_sees_more_requests_than_are_allowed() {
    for bench in benches(Limits { requests_per_minute: Some(3), ..Limits::default() }) {
        for (number, at, remaining) in [(1, 0, 2), (2, 900, 1), (3, 30_000, 0)] {
            let left = bench.enter(number, NOON + at).await.requests.unwrap();
            assert_eq!((left.limit, left.remaining), (3, remaining));
        }
        let refusal = bench.refused(4, NOON + 30_500).await;
        assert_eq!((refusal.limit, refusal.is_held), (Limit::Requests, false));
        assert_eq!(refusal.wait, Duration::from_millis(30_500), "until the first second is a whole minute ago");
        assert_eq!(refusal.left.requests.unwrap().reset, NOON + 91_000);
        bench.refused(4, NOON + 60_999).await;
        assert_eq!(bench.enter(4, NOON + 61_000).await.requests.unwrap().remaining, 1, "both of the first second");
        bench.enter(5, NOON + 61_000).await;
        assert_eq!(bench.refused(6, NOON + 61_000).await.wait, Duration::from_secs(30));
        assert_eq!(bench.used(NOON + 61_000).await.requests, 5, "what is refused costs nothing");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_neither_frees_nor_blocks() {
    for bench in benches(Limits { requests_per_minute: Some(1), tokens_per_day: Some(10), ..Limits::default() }) {
        bench.enter(1, NOON).await;
        bench.settle(1, 10, 0.0, NOON).await;
        assert_eq!(bench.refused(2, NOON - 5_000).await.limit, Limit::Tokens);
        // Someone had the clock a year ahead, and used the key then.
        bench.enter(3, NOON + 365 * DAY).await;
        bench.enter(4, NOON + 1000).await;
    }
}

#[tokio::test]
async fn a_day_s_budget_is_spent_by_what_answers_cost_and_is_new_at_midnight() {
    for bench in benches(Limits { tokens_per_day: Some(100), credits_per_day: Some(2.5), ..Limits::default() }) {
        bench.enter(1, NOON).await;
        bench.settle(1, 60, 1.0, NOON).await;
        let left = bench.enter(2, NOON).await;
        let midnight = NOON + DAY / 2;
        assert_eq!((left.tokens.unwrap().remaining, left.tokens.unwrap().reset), (40, midnight));
        assert_eq!(left.credits.unwrap().remaining, 1.5);
        bench.settle(2, 30, 1.75, NOON).await;
        let refusal = bench.refused(3, midnight - 1).await;
        assert_eq!((refusal.limit, refusal.is_held, refusal.wait), (Limit::Credits, false, Duration::from_millis(1)));
        assert_eq!(refusal.left.credits.unwrap().remaining, 0.0, "never less than nothing");
        assert_eq!(bench.used(midnight - 1).await.spent, Spent { tokens: 90, credits: 2.75 });
        bench.enter(3, midnight).await;
        bench.settle(3, 100, f64::NAN, midnight).await;
        assert_eq!(bench.used(midnight).await.spent, Spent { tokens: 100, credits: 0.0 });
        assert_eq!(bench.used(midnight).await.requests, 1, "of the new day");
        assert_eq!(bench.refused(4, midnight).await.limit, Limit::Tokens);
    }
}

#[tokio::test]
async fn an_answer_counts_to_the_day_that_it_ends_in() {
    for bench in benches(Limits::default()) {
        bench.enter(1, NOON).await;
        bench.settle(1, 7, 1.0, NOON + DAY).await;
        assert_eq!(bench.used(NOON + DAY).await.spent, Spent { tokens: 7, credits: 1.0 });
        assert_eq!(bench.used(NOON + DAY).await.requests, 0, "it was made the day before");
    }
}

#[tokio::test]
async fn answers_at_once_are_as_many_as_are_allowed_and_end_when_nobody_renews_them() {
    let life = u64::try_from(SLOT_LIFE.as_millis()).unwrap();
    for bench in benches(Limits { streams: Some(2), ..Limits::default() }) {
        bench.enter(1, NOON).await;
        bench.enter(2, NOON).await;
        let refusal = bench.refused(3, NOON).await;
        assert_eq!((refusal.limit, refusal.wait), (Limit::Streams, Duration::from_secs(1)));
        bench.settle(1, 0, 0.0, NOON).await;
        bench.settle(1, 0, 0.0, NOON).await;
        bench.enter(3, NOON).await;
        bench.refused(4, NOON).await;
        bench.counter.renew(vec![bench.slot(2), bench.slot(9)], NOON + life - 1).await.unwrap();
        bench.enter(4, NOON + life).await;
        assert_eq!(bench.used(NOON + life).await.streams, 2, "the second, which was renewed, and the fourth");
        bench.refused(5, NOON + life).await;
        bench.enter(5, NOON + 2 * life - 1).await;
    }
}

#[tokio::test]
async fn what_is_under_way_holds_its_share_of_a_budget() {
    for bench in benches(Limits { tokens_per_day: Some(800), ..Limits::default() }) {
        // Nobody knows what answers of this key take, so that an eighth is held for each.
        for number in 0..8 {
            bench.enter(number, NOON).await;
        }
        let refusal = bench.refused(8, NOON).await;
        assert_eq!((refusal.limit, refusal.is_held), (Limit::Tokens, true));
        assert_eq!(refusal.left.tokens.unwrap().remaining, 800, "nothing is spent yet");
        for number in 0..8 {
            bench.settle(number, 10, 0.0, NOON).await;
        }
        // They take ten each, so that 72 fit into the 720 that are left.
        for number in 10..82 {
            bench.enter(number, NOON).await;
        }
        assert!(bench.refused(82, NOON).await.is_held);
        for number in 10..82 {
            bench.settle(number, 10, 0.0, NOON).await;
        }
        assert!(!bench.refused(83, NOON).await.is_held, "all of it is spent");
    }
}

#[tokio::test]
async fn the_last_of_a_budget_is_for_one_answer_whatever_it_takes() {
    for bench in benches(Limits { credits_per_day: Some(10.0), ..Limits::default() }) {
        bench.enter(1, NOON).await;
        bench.settle(1, 0, 9.0, NOON).await;
        bench.enter(2, NOON).await;
        assert!(bench.refused(3, NOON).await.is_held, "the next may take nine again");
        bench.settle(2, 0, 0.5, NOON).await;
        bench.enter(3, NOON).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_never_exceed_a_limit() {
    let limits = Limits { requests_per_minute: Some(20), streams: Some(7), ..Limits::default() };
    for bench in benches(limits) {
        let bench = Arc::new(bench);
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..64 {
            let bench = Arc::clone(&bench);
            asking.spawn(async move { matches!(bench.ask(number, NOON).await, Verdict::Admitted(_)) });
        }
        let admitted = asking.join_all().await.into_iter().filter(|admitted| *admitted).count();
        assert_eq!(admitted, 7);
    }
}

#[tokio::test]
async fn counts_are_shared_by_all_who_have_the_state_open_and_outlive_them() {
    let limits = Limits { requests_per_minute: Some(2), tokens_per_day: Some(100), ..Limits::default() };
    let mut first = benches(limits).pop().unwrap();
    first.enter(1, NOON).await;
    let second = Arc::new(StoredCounter::start(first.place.path()).unwrap());
    let before = std::mem::replace(&mut first.counter, second);
    first.settle(1, 30, 0.0, NOON).await;
    drop(before);
    assert_eq!(first.enter(2, NOON).await.tokens.unwrap().remaining, 70);
    assert_eq!(first.refused(3, NOON).await.limit, Limit::Requests);
    assert_eq!(first.used(NOON).await.last_used, Some(NOON));
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_stood_in_for() {
    let limits = Limits { requests_per_minute: Some(3), ..Limits::default() };
    let bench = benches(limits).pop().unwrap();
    bench.enter(1, NOON).await;
    let database = rusqlite::Connection::open(bench.place.path().join("state.db")).unwrap();
    let away = "ALTER TABLE client_tallies RENAME TO gone";
    database.execute_batch(away).unwrap();
    bench.enter(2, NOON).await;
    bench.enter(3, NOON).await;
    assert_eq!(bench.refused(4, NOON).await.limit, Limit::Requests, "also what the database had counted");
    database.execute_batch("ALTER TABLE gone RENAME TO client_tallies").unwrap();
    assert_eq!(bench.enter(4, NOON).await.requests.unwrap().remaining, 1, "it knows of the first alone");
}
