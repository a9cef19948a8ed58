//! The pool with sources and accounts that are made up, where what matters is the pool.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    credential::{
        Config, Counter, CredentialError, Kind, Outcome, Pool, Shortage, Tier, Wish,
        account::Account,
        ledger::{Ledger, Noted},
        pool::EMERGENCY,
        source::{Acquired, Source},
        token::Credential,
    },
    secret::Secret,
    service::Address,
};

struct Fake {
    name: String,
    has_bearer: bool,
    released: Arc<AtomicUsize>,
}

impl Account for Fake {
    fn kind(&self) -> Kind {
        Kind::ApiKey
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn at_hand(&self) -> Option<Credential> {
        self.has_bearer.then(|| Credential::ApiKey(Secret::new(&self.name)))
    }

    fn renew<'a>(&'a self, _held: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        async { Err(CredentialError::SignInNeeded { account: self.name.clone(), code: "GONE".to_owned() }) }.boxed()
    }

    fn release(&self) -> BoxFuture<'_, ()> {
        self.released.fetch_add(1, Ordering::SeqCst);
        std::future::ready(()).boxed()
    }
}

/// A source that has `at_hand` accounts at once and gives `more` when it is asked, each after `delay`.
#[derive(Default)]
struct Shop {
    at_hand: Vec<&'static str>,
    more: Mutex<Vec<&'static str>>,
    delay: Duration,
    asked: Arc<AtomicUsize>,
    gone: Arc<Mutex<Vec<&'static str>>>,
    released: Arc<AtomicUsize>,
}

impl Shop {
    fn account(&self, name: &str) -> Arc<dyn Account> {
        let has_bearer = !name.starts_with("dead");
        Arc::new(Fake { name: name.to_owned(), has_bearer, released: Arc::clone(&self.released) })
    }
}

impl Source for Shop {
    fn tier(&self) -> Tier {
        Tier::Stored
    }

    fn at_hand(&self) -> Vec<Arc<dyn Account>> {
        self.at_hand.iter().filter(|name| self.has(name)).map(|name| self.account(name)).collect()
    }

    fn can_acquire(&self) -> bool {
        true
    }

    fn acquire<'a>(&'a self, wanted: usize, _held: &'a BTreeSet<String>) -> BoxFuture<'a, Acquired> {
        async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.delay).await;
            let mut more = self.more.lock().unwrap();
            let count = wanted.min(more.len());
            let given = more.drain(..count).map(|name| self.account(name)).collect();
            Ok(given)
        }
        .boxed()
    }

    fn has(&self, id: &str) -> bool {
        !self.gone.lock().unwrap().contains(&id)
    }
}

/// A ledger in memory that outlives pools.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<BTreeMap<String, Noted>>>);

impl Ledger for Book {
    fn recall(&self, id: &str, now: SystemTime) -> Option<Noted> {
        let mut noted = self.0.lock().unwrap().get(id).cloned().unwrap_or_default();
        noted.rests.retain(|rest| now < rest.until);
        Some(noted)
    }

    fn note(&self, id: &str, noted: &Noted) {
        self.0.lock().unwrap().insert(id.to_owned(), noted.clone());
    }

    fn count(&self, _more: &[(Counter, u64)]) {}

    fn publish(&self, _snapshot: &Value) {}

    fn lent_elsewhere(&self) -> HashMap<String, usize> {
        HashMap::new()
    }

    fn withdraw(&self) {}
}

fn pool(shop: Shop, size: usize, ledger: Option<Box<dyn Ledger>>) -> Pool {
    let config = Config { size, ..Config::new(Address::new("http://127.0.0.1:9")) };
    Pool::of_sources(vec![Box::new(shop)], &config, Arc::new(SystemTime::now), ledger)
}

fn count(pool: &Pool, counter: Counter) -> u64 {
    pool.counters().into_iter().find(|(of, _)| *of == counter).unwrap().1
}

#[tokio::test]
async fn loans_are_spread_over_the_accounts() {
    let pool = pool(Shop { at_hand: vec!["a", "b", "c"], ..Shop::default() }, 3, None);
    let mut leases = Vec::new();
    for _ in 0..30 {
        leases.push(pool.lease().await.unwrap());
    }
    assert_eq!(pool.status().iter().map(|status| status.in_flight).collect::<Vec<_>>(), [10, 10, 10]);
    leases.retain(|lease| lease.account() != "b");
    assert_eq!(pool.lease().await.unwrap().account(), "b");
    let own = Wish { account: Some("c"), ..Wish::default() };
    assert_eq!(pool.lease_for(own).await.unwrap().account(), "c", "a conversation stays with its account");
    let because: Vec<_> = pool.choices().iter().rev().take(2).map(|choice| choice.because).collect();
    assert_eq!(because, ["the conversation is its own", "least in flight, then least recently used"]);
}

#[tokio::test]
async fn a_limited_account_rests_for_its_model_and_the_others_go_on() {
    let pool = pool(Shop { at_hand: vec!["a", "b"], ..Shop::default() }, 2, None);
    let wish = |model| Wish { model, ..Wish::default() };
    let lease = pool.lease_for(wish("opus")).await.unwrap();
    pool.settle(&lease, Outcome::RateLimited { retry_after: None }, false);
    let resting = lease.account().to_owned();
    drop(lease);
    for _ in 0..4 {
        assert_ne!(pool.lease_for(wish("opus")).await.unwrap().account(), resting);
    }
    let accounts = [pool.lease_for(wish("haiku")).await.unwrap(), pool.lease_for(wish("haiku")).await.unwrap()];
    assert!(accounts.iter().any(|lease| lease.account() == resting), "another model is not concerned");
    let other = pool.lease_for(wish("opus")).await.unwrap();
    pool.settle(&other, Outcome::OutOfCredits { refresh_in: None }, false);
    let error = pool.lease_for(wish("opus")).await.unwrap_err();
    let CredentialError::NoneReady { reasons, retry_after, shortage: Shortage::Limits } = &error else {
        panic!("{error}")
    };
    assert!(retry_after.unwrap() <= Duration::from_secs(5), "the soonest");
    assert!(reasons.contains("rate limited for opus") && reasons.contains("out of credits"), "{reasons}");
}

#[tokio::test]
async fn many_who_find_nothing_have_the_source_asked_once() {
    let shop = Shop { more: Mutex::new(vec!["a", "b"]), delay: Duration::from_millis(50), ..Shop::default() };
    let asked = Arc::clone(&shop.asked);
    let pool = pool(shop, 1, None);
    let mut borrowers = JoinSet::new();
    for _ in 0..50 {
        let pool = pool.clone();
        borrowers.spawn(async move { pool.lease().await.unwrap().account().to_owned() });
    }
    assert!(borrowers.join_all().await.iter().all(|account| account == "a"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let counted = [Counter::Requests, Counter::Emergencies, Counter::Acquired].map(|of| count(&pool, of));
    assert_eq!(counted, [50, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_a_source() {
    let shop = Shop { more: Mutex::new(vec!["a"]), delay: Duration::from_secs(3600), ..Shop::default() };
    let begun = tokio::time::Instant::now();
    let error = pool(shop, 1, None).lease().await.unwrap_err();
    assert_eq!(begun.elapsed(), EMERGENCY);
    assert!(error.is_passing() && error.to_string().contains("no source gave an account"), "{error}");
}

#[tokio::test]
async fn a_pool_below_half_is_refilled_and_what_is_gone_is_given_back() {
    let shop = Shop { at_hand: vec!["own", "dead"], more: Mutex::new(vec!["a", "b", "c", "d"]), ..Shop::default() };
    let (gone, released, asked) = (Arc::clone(&shop.gone), Arc::clone(&shop.released), Arc::clone(&shop.asked));
    let pool = pool(shop, 4, None);
    let names = |pool: &Pool| pool.status().into_iter().map(|status| status.account).collect::<Vec<_>>();
    pool.look_after().await;
    assert_eq!(names(&pool), ["own", "dead", "a", "b", "c"], "the dead one does not count");
    pool.look_after().await;
    assert_eq!(asked.load(Ordering::SeqCst), 1, "four can serve");
    gone.lock().unwrap().extend(["own", "a"]);
    pool.look_after().await;
    assert_eq!((names(&pool), released.load(Ordering::SeqCst)), (vec!["dead".to_owned(), "b".into(), "c".into()], 2));
    pool.close().await;
    assert_eq!(released.load(Ordering::SeqCst), 5, "all are given back at the end");
}

#[tokio::test]
async fn rests_survive_a_restart_and_end_when_somebody_wipes_them_out() {
    let book = Book::default();
    let open = || pool(Shop { at_hand: vec!["a"], ..Shop::default() }, 1, Some(Box::new(book.clone())));
    let first = open();
    let lease = first.lease().await.unwrap();
    first.settle(&lease, Outcome::OutOfCredits { refresh_in: None }, false);
    drop(lease);
    first.close().await;
    let second = open();
    assert!(matches!(second.lease().await, Err(CredentialError::NoneReady { shortage: Shortage::Credits, .. })));
    book.0.lock().unwrap().clear();
    second.heed_the_ledger().await;
    assert_eq!(second.lease().await.unwrap().account(), "a");
    let lease = second.lease().await.unwrap();
    second.settle(&lease, Outcome::Forbidden, false);
    drop(lease);
    second.close().await;
    let error = open().lease().await.unwrap_err();
    assert_eq!(error.to_string(), "no Warp account can serve now (a: forbidden)");
}

#[tokio::test]
async fn what_one_pool_finds_of_an_account_others_learn_and_forget_with_it() {
    let book = Book::default();
    let open = || pool(Shop { at_hand: vec!["a"], ..Shop::default() }, 1, Some(Box::new(book.clone())));
    let (first, second) = (open(), open());
    let (lease, late) = (first.lease().await.unwrap(), first.lease().await.unwrap());
    first.settle(&lease, Outcome::RateLimited { retry_after: Some(Duration::from_secs(40)) }, false);
    first.write_down().await;
    assert!(second.lease().await.is_ok(), "it has not heard yet");
    second.heed_the_ledger().await;
    let Err(CredentialError::NoneReady { shortage: Shortage::Limits, retry_after: Some(rest), .. }) =
        second.lease().await
    else {
        panic!("the account rests for all")
    };
    assert!(rest > Duration::from_secs(30));
    let length = |pool: &Pool| pool.status()[0].rests[0].until;
    let until = length(&second);
    for _ in 0..3 {
        second.write_down().await;
        first.heed_the_ledger().await;
        first.write_down().await;
        second.heed_the_ledger().await;
    }
    assert_eq!(length(&second), until, "a rest does not grow by being told");
    first.settle(&late, Outcome::Done, false);
    first.write_down().await;
    first.heed_the_ledger().await;
    second.heed_the_ledger().await;
    assert!(first.lease().await.is_ok() && second.lease().await.is_ok());
}
