//! The gate over a store that the tests hold in their hands, and a clock that goes with the runtime's.

use std::sync::{Arc, Mutex};

use tokio::time::{Duration, Instant, advance};

use crate::clients::{
    Clients, ClientsError, Denied, Digest, Doing, Found, Key, Keys, Limit, Limits, MAX_AGE, MemoryCounter, NewKey,
    Presented, Spent, Standing, Terms, generate,
};

/// Keys that are listed as they are set, or cannot be read.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Option<Vec<Key>>>>);

impl Keys for Shown {
    fn create(&self, _: NewKey) -> Doing<'_, ()> {
        unreachable!("the gate makes no key")
    }

    fn list(&self) -> Doing<'_, Vec<Key>> {
        let keys = self.0.lock().unwrap().clone().ok_or(ClientsError::Away { reason: "unplugged".to_owned() });
        Box::pin(async { keys })
    }

    fn change<'a>(&'a self, _: &'a str, _: Option<Terms>, _: Option<Digest>) -> Doing<'a, Key> {
        unreachable!("the gate changes no key")
    }

    fn revoke<'a>(&'a self, _: &'a str, _: u64) -> Doing<'a, Key> {
        unreachable!("the gate revokes no key")
    }
}

impl Shown {
    fn show(&self, keys: Option<&[Key]>) {
        *self.0.lock().unwrap() = keys.map(<[Key]>::to_vec);
    }
}

/// A gate, and what stands behind it.
fn gate() -> (Clients, Shown) {
    let keys = Shown::default();
    let begun = Instant::now();
    let clock = move || 1_000_000_000_000 + u64::try_from(begun.elapsed().as_millis()).unwrap();
    (Clients::with_clock(Box::new(keys.clone()), Box::new(MemoryCounter::default()), Arc::new(clock)), keys)
}

fn key(limits: Limits) -> (Presented, Key) {
    let (secret, id, digest) = generate(None).unwrap();
    let terms = Terms { limits, ..Terms::default() };
    let key = Key { id, name: "one".to_owned(), digest, terms, created: 0, revoked: None };
    (Presented::parse(secret.expose().as_bytes()).unwrap(), key)
}

/// Longer than what is known of the keys may be old, by the clock that the gate goes by for that.
async fn grow_old() {
    let old = tokio::task::spawn_blocking(|| std::thread::sleep(MAX_AGE + Duration::from_millis(50)));
    old.await.unwrap();
}

#[tokio::test]
async fn while_keys_cannot_be_read_what_is_known_stays_in_force_and_nothing_opens() {
    let (clients, keys) = gate();
    let (presented, mut key) = key(Limits::default());
    assert!(clients.look().await.is_err());
    assert!(clients.are_any().await, "nobody can tell");
    assert_eq!(clients.find(&presented).await, Found::Nobody);
    keys.show(Some(&[key.clone()]));
    assert_eq!(clients.find(&presented).await, Found::InForce(Arc::new(key.clone())));
    keys.show(None);
    grow_old().await;
    assert_eq!(clients.find(&presented).await, Found::InForce(Arc::new(key.clone())));
    key.revoked = Some(1);
    keys.show(Some(&[key.clone()]));
    grow_old().await;
    assert_eq!(clients.find(&presented).await, Found::Over(Arc::new(key), Standing::Revoked));
    keys.show(Some(&[]));
    grow_old().await;
    assert_eq!((clients.in_force(), clients.are_any().await), (0, true), "it does not open in its time");
}

#[tokio::test]
async fn a_gate_is_open_where_there_never_was_a_key() {
    let (clients, keys) = gate();
    let (_, mut key) = key(Limits::default());
    key.revoked = Some(1);
    keys.show(Some(&[key]));
    clients.look().await.unwrap();
    assert!(!clients.are_any().await, "one that was revoked before closes nothing");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_under_way_for_as_long_as_it_takes() {
    let (clients, _) = gate();
    let (_, key) = key(Limits { streams: Some(1), ..Limits::default() });
    let pass = clients.enter(&key).await.unwrap();
    for _ in 0..100 {
        advance(Duration::from_secs(7)).await;
        let denied = clients.enter(&key).await.err();
        assert!(matches!(denied, Some(Denied::Refused(refusal)) if refusal.limit == Limit::Streams));
    }
    drop(pass);
    clients.close().await;
    let mut next = clients.enter(&key).await.unwrap();
    let settling = next.settle(Spent::default());
    settling.expect("it is settled once").await.unwrap();
    assert!(next.settle(Spent::default()).is_none());
    clients.enter(&key).await.unwrap();
}
