//! State that replicas share: what each part of it keeps on a real server, and what becomes of it when the server is
//! away, comes back empty, or does not let anyone in.

use std::{
    collections::BTreeSet,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use redis::Commands as _;
use tokio::task::JoinSet;
use warp2api::{
    clients::{
        Admission, Counter as _, Digest, KeyId, Keys as _, NewKey, Settlement, SharedCounter, SharedKeys, Slot, Spent,
        Terms, Verdict,
    },
    credential::{Config, Counter, CredentialError, Identity, New, Outcome, Pool, Store, StoreError, StoredStanding},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, Account, Simulator},
    state::{Limits, RedisAddress, Shared, SharedConfig, Shelves, StateError},
};

use crate::common::{Place, run};

#[path = "../../src/state/redis/testing.rs"]
mod testing;

pub(crate) use testing::RedisServer;

const SECRET: &str = "the same long text for all the replicas";

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn config(address: &str) -> SharedConfig {
    SharedConfig {
        address: RedisAddress::parse(address).unwrap(),
        password: None,
        secret: Secret::new(SECRET),
        prefix: "test".to_owned(),
        extra_ca_pem: None,
    }
}

/// What is shared at `address`, wherever this is called.
pub(crate) fn open(address: &str) -> Shared {
    open_as(config(address)).unwrap()
}

fn open_as(config: SharedConfig) -> Result<Shared, StateError> {
    // A runtime of its own, for the caller may be in one that must not wait.
    let opening = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Shared::open(config))
    });
    opening.join().unwrap()
}

/// Waits until `done`.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything that the server has: the names of keys, and all values as bytes.
fn everything(server: &RedisServer) -> (Vec<String>, Vec<u8>) {
    let mut connection = redis::Client::open(server.address()).unwrap().get_connection().unwrap();
    let names: Vec<String> = connection.keys("*").unwrap();
    let mut bytes = Vec::new();
    for name in &names {
        let kind: String = redis::cmd("TYPE").arg(name).query(&mut connection).unwrap();
        let found: Vec<Vec<u8>> = match kind.as_str() {
            "hash" => redis::cmd("HGETALL").arg(name).query(&mut connection).unwrap(),
            "zset" => redis::cmd("ZRANGE").arg(name).arg(0).arg(-1).query(&mut connection).unwrap(),
            _ => vec![connection.get(name).unwrap()],
        };
        bytes.extend(found.concat());
    }
    (names, bytes)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn session(name: &str, refresh: &str) -> New {
    let identity = Identity { uid: Some(name.to_owned()), ..Identity::default() };
    New::session(name, Secret::new(refresh)).identity(identity)
}

const LIMITS: Limits = Limits { rows: 100, bytes: 1 << 20, parts: 3, lifetime: Duration::from_secs(60) };

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_the_same_for_all_replicas() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let (one, other) = (Store::shared(&open(&server.address())), Store::shared(&open(&server.address())));
    for name in ["a", "b"] {
        one.add(&session(name, &format!("refresh-of-{name}"))).unwrap();
    }
    let names = |store: &Store| store.accounts().unwrap().into_iter().map(|account| account.name).collect::<Vec<_>>();
    assert_eq!(names(&other), ["a", "b"]);
    other.rename("a", "c").unwrap();
    assert_eq!(one.rename("b", "c"), Err(StoreError::NameTaken { name: "c".to_owned() }));
    assert_eq!(one.rename("a", "d"), Err(StoreError::Unknown { name: "a".to_owned() }));
    let again = one.add(&session("a", "another-token")).unwrap();
    let account = one.get("c").unwrap();
    assert_eq!(again, warp2api::credential::Added::Replaced(account.clone()), "the same person has signed in again");
    assert_eq!(account.generation, 1);
    let standing = |until: Option<SystemTime>| StoredStanding {
        account: account.id.clone(),
        model: until.map(|_| "m".to_owned()),
        until,
        reason: "rate limited".to_owned(),
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let (passing, lasting) = (standing(Some(now + Duration::from_secs(9))), standing(None));
    one.put_standings(&account.id, &[passing.clone(), lasting.clone()]).unwrap();
    until("standings are told", || other.standings(now).unwrap() == [lasting.clone(), passing.clone()]).await;
    assert_eq!(other.standings(now + Duration::from_secs(9)).unwrap(), std::slice::from_ref(&lasting));
    other.forgive().unwrap();
    assert_eq!(one.standings(now).unwrap(), []);
    for store in [&one, &other] {
        store.add_counters(&[("n", 2), ("m", 1)]).unwrap();
    }
    until("counts are told", || one.counters().unwrap().values().copied().collect::<Vec<_>>() == [2, 4]).await;
    assert!(one.intend_anonymous().unwrap() && !other.intend_anonymous().unwrap());
    let removed = other.remove("c").unwrap();
    assert_eq!((one.has(&removed.id), names(&one)), (Ok(false), vec!["b".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_at_the_server_is_sealed_and_named_by_nothing_that_it_is_about() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let shared = open(&server.address());
    Store::shared(&shared).add(&session("somebody", "refresh-canary")).unwrap();
    let shelf = Shelves::shared(&shared).shelf("things", LIMITS);
    shelf.put([7; 32], [8; 32], || b"words-canary".to_vec());
    shared.flush().await;
    assert_eq!(shelf.get(&[7; 32]).await, [b"words-canary".to_vec()]);
    let (names, bytes) = everything(&server);
    assert!(names.len() >= 3 && names.iter().all(|name| name.starts_with("test:")), "{names:?}");
    let seven = "07".repeat(32);
    assert!(!names.iter().any(|name| name.contains("canary") || name.contains(&seven)), "{names:?}");
    for canary in ["refresh-canary", "words-canary", "somebody", SECRET] {
        assert!(!holds(&bytes, canary), "{canary}");
    }
    let mut connection = redis::Client::open(server.address()).unwrap().get_connection().unwrap();
    for name in names.iter().filter(|name| name.contains(":shelf:") || name.contains(":order:")) {
        let left: i64 = connection.pttl(name).unwrap();
        assert!((1..=60_000).contains(&left), "{name} ends in {left} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shelves_forget_the_oldest_parts_and_what_is_over() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let (one, other) = (open(&server.address()), open(&server.address()));
    let shelf = |shared: &Shared, limits| Shelves::shared(shared).shelf("things", limits);
    let (here, there) = (shelf(&one, LIMITS), shelf(&other, LIMITS));
    for part in 0..5_u8 {
        here.put([1; 32], [part; 32], move || vec![part]);
    }
    here.put([1; 32], [3; 32], || vec![33]);
    one.flush().await;
    assert_eq!(there.get(&[1; 32]).await, [vec![2], vec![4], vec![33]], "three are kept, the latest last");
    assert_eq!(there.get(&[2; 32]).await, Vec::<Vec<u8>>::new());
    there.remove([1; 32], [4; 32]);
    other.flush().await;
    assert_eq!(here.get(&[1; 32]).await, [vec![2], vec![33]]);
    let mut claims = JoinSet::new();
    for number in 0..64_u8 {
        let shelf = if number % 2 == 0 { here.clone() } else { there.clone() };
        claims.spawn(async move { shelf.claim([9; 32], [0; 32], vec![number]).await });
    }
    let won = claims.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1, "of all who claim the same, one is the first");
    let brief = shelf(&one, Limits { lifetime: Duration::from_millis(300), ..LIMITS });
    brief.put([5; 32], [0; 32], || b"soon over".to_vec());
    one.flush().await;
    let deadline = Instant::now() + PATIENCE;
    while !there.get(&[5; 32]).await.is_empty() {
        assert!(Instant::now() < deadline, "it is not forgotten");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prefixes_keep_apart_and_another_secret_is_refused() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let address = server.address();
    let first = Store::shared(&open(&address));
    first.add(&session("a", "r")).unwrap();
    let beside =
        SharedConfig { prefix: "other".to_owned(), secret: Secret::new("quite another text"), ..config(&address) };
    assert_eq!(Store::shared(&open_as(beside).unwrap()).accounts().unwrap(), []);
    let wrong = SharedConfig { secret: Secret::new("quite another text"), ..config(&address) };
    let refused = open_as(wrong).unwrap_err();
    assert!(matches!(&refused, StateError::SecretWrong { prefix, .. } if prefix == "test"), "{refused:?}");
    let (one, other) = (open(&address), open(&address));
    assert_eq!(one.pseudonym(b"key"), other.pseudonym(b"key"), "a client has one name for all replicas");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_holds_a_lock_however_many_wait_in_however_many_replicas() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let stores: Vec<Store> = (0..3).map(|_| Store::shared(&open(&server.address()))).collect();
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut waiting = JoinSet::new();
    for number in 0..64 {
        let (store, inside, most) = (stores[number % 3].clone(), Arc::clone(&inside), Arc::clone(&most));
        waiting.spawn(async move {
            let held = store.lock("one", PATIENCE).await.unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(held);
        });
    }
    waiting.join_all().await;
    assert_eq!(most.load(Ordering::SeqCst), 1);
    // The last of them may not have let go yet.
    let held = stores[0].lock("one", PATIENCE).await.unwrap();
    assert!(stores[1].try_lock("one").unwrap().is_none());
    assert!(stores[1].try_lock("another").unwrap().is_some());
    drop(held);
    until("it is free", || stores[1].try_lock("one").unwrap().is_some()).await;
}

fn key_id(number: u64) -> KeyId {
    KeyId::parse(&format!("{number:012x}")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn client_keys_and_what_they_use_are_shared_and_no_limit_is_exceeded() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let replicas: Vec<Shared> = (0..3).map(|_| open(&server.address())).collect();
    let keys: Vec<SharedKeys> = replicas.iter().map(SharedKeys::new).collect();
    let limits = warp2api::clients::Limits { requests_per_minute: Some(40), streams: Some(25), ..Default::default() };
    let terms = Terms { limits, ..Terms::default() };
    let new = |number, name: &str| NewKey {
        id: key_id(number),
        name: name.to_owned(),
        digest: Digest([number as u8; 32]),
        terms: terms.clone(),
        created: number,
    };
    keys[0].create(new(1, "ci")).await.unwrap();
    assert!(keys[1].create(new(2, "ci")).await.is_err(), "the name is taken");
    keys[1].create(new(2, "other")).await.unwrap();
    assert_eq!(keys[2].list().await.unwrap().iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ci", "other"]);
    assert_eq!(keys[2].change("other", None, Some(Digest([9; 32]))).await.unwrap().digest, Digest([9; 32]));
    assert_eq!(keys[0].revoke("other", 77).await.unwrap().revoked, Some(77));
    assert!(keys[1].revoke("other", 78).await.is_err(), "it is revoked already");
    let counters: Vec<Arc<SharedCounter>> =
        replicas.iter().map(|shared| Arc::new(SharedCounter::new(shared))).collect();
    let slot = |number| Slot { key: key_id(1), number };
    let mut asking = JoinSet::new();
    for number in 0..64 {
        let counter = Arc::clone(&counters[number as usize % 3]);
        asking.spawn(async move {
            let admission = Admission { slot: Slot { key: key_id(1), number }, limits, now: 0 };
            (number, counter.admit(admission).await.unwrap())
        });
    }
    let all = asking.join_all().await;
    let admitted: BTreeSet<u64> =
        all.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Admitted(_))).map(|(number, _)| *number).collect();
    assert_eq!(admitted.len(), 25, "answers at once");
    for number in &admitted {
        let spent = Spent { tokens: 10, credits: 0.5 };
        counters[1].settle(Settlement { slot: slot(*number), spent, now: 0 }).await.unwrap();
    }
    let used = counters[2].used(&key_id(1), 0).await.unwrap();
    assert_eq!((used.requests, used.streams, used.spent), (25, 0, Spent { tokens: 250, credits: 12.5 }));
    let mut let_in = 25;
    for number in 100..160 {
        let admission = Admission { slot: slot(number), limits, now: 0 };
        if let Verdict::Admitted(_) = counters[number as usize % 3].admit(admission).await.unwrap() {
            let_in += 1;
        }
    }
    assert_eq!(let_in, 40, "requests of a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_memory_serves_and_what_it_forgot_is_told_again() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let (shared, other) = (open(&server.address()), open(&server.address()));
    let (store, keys) = (Store::shared(&shared), SharedKeys::new(&shared));
    let counter = SharedCounter::new(&shared);
    store.add(&session("a", "r")).unwrap();
    let new =
        NewKey { id: key_id(1), name: "ci".to_owned(), digest: Digest([1; 32]), terms: Terms::default(), created: 1 };
    keys.create(new).await.unwrap();
    let limits = warp2api::clients::Limits { requests_per_minute: Some(3), ..Default::default() };
    let admit = async |number| {
        let slot = Slot { key: key_id(1), number };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
        matches!(counter.admit(Admission { slot, limits, now }).await.unwrap(), Verdict::Admitted(_))
    };
    assert!(admit(1).await);
    let shelf = Shelves::shared(&shared).shelf("things", LIMITS);
    assert_eq!(shared.trouble(), None);
    server.freeze();
    until("it is missed", || shared.trouble().is_some()).await;
    assert_eq!(store.accounts().unwrap().len(), 1);
    server.wake();
    until("it is back", || shared.trouble().is_none()).await;
    server.kill();
    until("it is missed", || shared.trouble().is_some()).await;
    let begun = Instant::now();
    assert_eq!(store.accounts().unwrap().len(), 1);
    assert_eq!(keys.list().await.unwrap().len(), 1);
    assert!(admit(2).await && admit(3).await && !admit(4).await, "also what the server had counted");
    assert_eq!(shelf.get(&[1; 32]).await, Vec::<Vec<u8>>::new());
    assert!(store.add(&session("b", "r2")).is_err(), "nothing is made that nobody else would know of");
    assert!(keys.revoke("ci", 1).await.is_err());
    let _alone = store.lock("renewal", Duration::from_secs(1)).await.expect("nobody can be asked to wait");
    shelf.put([1; 32], [1; 32], || b"put while away".to_vec());
    assert!(begun.elapsed() < Duration::from_secs(10), "nobody waits for a server that is known to be away");
    server.restart();
    until("it is back", || shared.trouble().is_none() && other.trouble().is_none()).await;
    assert_eq!(store.accounts().unwrap().len(), 1, "it has forgotten, and is told again");
    assert_eq!(keys.list().await.unwrap().len(), 1);
    assert_eq!(Store::shared(&other).accounts().unwrap().len(), 1, "so that the others know, too");
    assert_eq!(SharedKeys::new(&other).list().await.unwrap().len(), 1);
    shared.flush().await;
    let there = Shelves::shared(&other).shelf("things", LIMITS);
    assert_eq!(there.get(&[1; 32]).await, [b"put while away".to_vec()]);
    store.add(&session("b", "r2")).unwrap();
}

/// A simulator whose account `a` has tokens that live for `lifetime` seconds.
fn simulator(lifetime: u64) -> Simulator {
    let account = Account { token_lifetime_s: Some(lifetime), ..Account::named("a") };
    let config = simulator::Config { fast: true, accounts: vec![account], ..simulator::Config::default() };
    Simulator::start(config, Schema::embedded()).unwrap()
}

fn pool(store: &Store, simulator: &Simulator) -> Pool {
    Pool::from_config(Config { store: Some(store.clone()), ..Config::new(Address::new(simulator.url())) }).unwrap()
}

fn exchanges(simulator: &Simulator) -> usize {
    simulator.counts("a").unwrap().exchanges
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_renew_a_session_once_for_all_of_them() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let simulator = simulator(3600);
    let stores: Vec<Store> = (0..3).map(|_| Store::shared(&open(&server.address()))).collect();
    stores[0].add(&session("a", "simulator-refresh-a")).unwrap();
    let pools: Vec<Pool> = stores.iter().map(|store| pool(store, &simulator)).collect();
    let mut bearers = BTreeSet::new();
    for lease in futures_util::future::join_all((0..64).map(|number| pools[number % 3].lease())).await {
        bearers.insert(lease.unwrap().bearer().expose().to_owned());
    }
    assert_eq!((bearers.len(), exchanges(&simulator)), (1, 1));
    // Each refused bearer is renewed once, and the others take what came of it.
    let mut renewed = BTreeSet::new();
    for pool in &pools {
        let lease = pool.lease().await.unwrap();
        renewed.insert(pool.renew(&lease).await.unwrap().bearer().expose().to_owned());
    }
    assert_eq!((renewed.len(), exchanges(&simulator)), (1, 2));
    assert!(renewed.is_disjoint(&bearers));
    let counted: u64 =
        pools.iter().map(|pool| pool.counters().into_iter().find(|(of, _)| *of == Counter::Renewals).unwrap().1).sum();
    assert_eq!(counted, 6, "each pool has had a new bearer twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_replicas_renew_while_they_cannot_meet_is_lost_to_none() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let simulator = simulator(3600);
    let shared: Vec<Shared> = (0..2).map(|_| open(&server.address())).collect();
    let stores: Vec<Store> = shared.iter().map(Store::shared).collect();
    stores[0].add(&session("a", "simulator-refresh-a")).unwrap();
    let pools: Vec<Pool> = stores.iter().map(|store| pool(store, &simulator)).collect();
    let spend = async |bearer: &Secret| {
        // What the account is asked says nothing here; that its bearer is used does.
        let asked = reqwest::Client::new().post(format!("{}/graphql/v2?op=GetUser", simulator.url()));
        let body = r#"{"operationName": "GetUser", "query": "query GetUser { user { uid } }"}"#;
        let asked = asked.header("content-type", "application/json").body(body).bearer_auth(bearer.expose());
        assert_ne!(asked.send().await.unwrap().status(), 401);
    };
    let mut leases = Vec::new();
    for pool in &pools {
        let lease = pool.lease().await.unwrap();
        spend(lease.bearer()).await;
        leases.push(lease);
    }
    server.kill();
    until("it is missed", || shared.iter().all(|shared| shared.trouble().is_some())).await;
    // Both renew, each for itself, and both use what they get: what the second gets dies when the first's is used.
    let mut renewed = Vec::new();
    for (pool, lease) in pools.iter().zip(&leases) {
        renewed.push(pool.renew(lease).await);
    }
    let first = renewed[0].as_ref().unwrap();
    spend(first.bearer()).await;
    if let Ok(second) = &renewed[1] {
        spend(second.bearer()).await;
    }
    server.restart();
    until("it is back", || shared.iter().all(|shared| shared.trouble().is_none())).await;
    for _ in 0..2 {
        for pool in [&pools[1], &pools[0]] {
            // One of them may have to give the session up, until the other has told of a token that works.
            if let Ok(lease) = pool.lease().await {
                let again = pool.renew(&lease).await;
                if let Ok(again) = again {
                    spend(again.bearer()).await;
                    pool.settle(&again, Outcome::Done, false);
                }
            }
        }
    }
    let account = stores[0].get("a").unwrap();
    assert_eq!(account.ended, None, "the session goes on");
    for pool in &pools {
        pool.keep();
    }
    let deadline = Instant::now() + PATIENCE;
    for pool in &pools {
        while let Err(error) = pool.lease().await {
            assert!(
                matches!(
                    error,
                    CredentialError::SignInNeeded { .. }
                        | CredentialError::NoneReady { .. }
                        | CredentialError::Unavailable { .. }
                ),
                "{error}"
            );
            assert!(Instant::now() < deadline, "{error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    for pool in &pools {
        pool.close().await;
    }
}

/// Makes a certificate authority and a certificate for 127.0.0.1 in `directory`. False when there is no `openssl`.
fn certify(directory: &Path) -> bool {
    let extensions = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n";
    std::fs::write(directory.join("extensions"), extensions).unwrap();
    let steps = [
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test",
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout own.key -out own.csr -subj /CN=redis",
        "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out own.pem -days 2 -extfile extensions",
    ];
    steps.iter().all(|step| {
        let made = Command::new("openssl").args(step.split(' ')).current_dir(directory).output();
        made.is_ok_and(|made| made.status.success())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_tls_must_prove_who_it_is() {
    let place = tempfile::tempdir().unwrap();
    if !certify(place.path()) {
        println!("skipped: there is no openssl to make a certificate with");
        return;
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let path = |name: &str| place.path().join(name).display().to_string();
    let (certificate, key, authority) = (path("own.pem"), path("own.key"), path("ca.pem"));
    let options = [
        ["--tls-port", free.as_str()],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-cert-file", &authority],
        ["--tls-auth-clients", "no"],
    ];
    let Some(_server) = RedisServer::start(&options.concat()) else { return };
    let address = format!("rediss://127.0.0.1:{free}");
    let trusting = SharedConfig { extra_ca_pem: Some(std::fs::read(&authority).unwrap()), ..config(&address) };
    let shared = open_as(trusting).unwrap();
    assert_eq!(shared.trouble(), None);
    Store::shared(&shared).add(&session("a", "r")).unwrap();
    let refused = open_as(config(&address)).unwrap_err();
    assert!(matches!(&refused, StateError::Refused { reason, .. } if reason.contains("certificate")), "{refused:?}");
}

/// `warp2api LINE` with the settings of a replica.
fn ran(address: &str, line: &str, more: &[(&str, &str)]) -> crate::common::Ran {
    let place = Place::new();
    let mut command = place.command(line);
    command
        .env("WARP2API_STATE", address)
        .env("WARP2API_STATE_SECRET", SECRET)
        .env("WARP2API_UPSTREAM", "http://127.0.0.1:9");
    command.envs(more.iter().copied());
    run(command, b"")
}

#[test]
fn who_is_not_let_in_is_told_so_without_a_password() {
    let user = ["--user", "replica", "on", ">acl-password-canary", "~warp2api:*", "+@all", "-@dangerous"];
    let options: Vec<&str> = ["--requirepass", "the-password-canary"].into_iter().chain(user).collect();
    let Some(server) = RedisServer::start(&options) else { return };
    let host = server.address();
    let named = host.replace("redis://", "redis://replica@");
    for (address, password) in [(&host, None), (&host, Some("wrong-canary")), (&named, Some("wrong-canary"))] {
        let more: Vec<_> = password.map(|password| ("WARP2API_STATE_PASSWORD", password)).into_iter().collect();
        for line in ["serve --listen 127.0.0.1:0", "token list", "key list"] {
            let ran = ran(address, line, &more).ended(2);
            assert!(ran.err.contains(&host) && ran.err.contains("WARP2API_STATE_PASSWORD"), "{}", ran.err);
            assert!(!ran.err.contains("canary"), "{}", ran.err);
        }
    }
    ran(&host, "token list", &[("WARP2API_STATE_PASSWORD", "the-password-canary")]).ended(0);
    ran(&named, "token list", &[("WARP2API_STATE_PASSWORD", "acl-password-canary")]).ended(0);
    let beside = [("WARP2API_STATE_PASSWORD", "acl-password-canary"), ("WARP2API_STATE_PREFIX", "elsewhere")];
    let refused = ran(&named, "token list", &beside).ended(2);
    assert!(refused.err.contains("NOPERM"), "its keys are not allowed to this user: {}", refused.err);
}

#[test]
fn what_is_missing_or_wrong_among_the_settings_is_told() {
    for (address, more, expected) in [
        ("redis://127.0.0.1:1", &[("WARP2API_STATE_SECRET", "")][..], "needs WARP2API_STATE_SECRET"),
        ("redis://127.0.0.1:1", &[("WARP2API_STATE_SECRET", "short-canary")], "24 characters or more"),
        ("redis://:canary@127.0.0.1:1", &[], "set WARP2API_STATE_PASSWORD"),
        ("http://127.0.0.1:1", &[], "expected redis://"),
        ("redis://127.0.0.1:1/canary", &[], "a database is a number"),
        ("redis://127.0.0.1:1", &[("WARP2API_STATE_PREFIX", "a b")], "WARP2API_STATE_PREFIX"),
    ] {
        let ran = ran(address, "token list", more).ended(2);
        assert!(ran.err.contains(expected), "{address}: {}", ran.err);
        assert!(!ran.err.contains("canary"), "{}", ran.err);
    }
    let away = ran("redis://127.0.0.1:1", "token list", &[]).ended(1);
    assert!(away.err.contains("the shared state at redis://127.0.0.1:1 is away"), "{}", away.err);
}

#[test]
fn the_verbs_about_accounts_and_keys_work_on_what_is_shared() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let address = server.address();
    Store::shared(&open_as(SharedConfig { prefix: "warp2api".to_owned(), ..config(&address) }).unwrap())
        .add(&session("work", "r"))
        .unwrap();
    let listed = ran(&address, "token list --json", &[]).ended(0);
    assert!(listed.text().contains("\"work\""), "{}", listed.text());
    ran(&address, "token rename work backup", &[]).ended(0);
    ran(&address, "token pool status", &[]).ended(0);
    ran(&address, "token remove backup", &[]).ended(0);
    assert!(!ran(&address, "token list --json", &[]).text().contains("backup"));
    let made = ran(&address, "key create ci", &[]).ended(0);
    assert!(made.text().starts_with("w2a-"), "{}", made.text());
    assert!(ran(&address, "key list", &[]).ended(0).text().contains("ci"));
    ran(&address, "key revoke ci", &[]).ended(0);
}
