//! The store of accounts: what it keeps, and what becomes of it when processes are killed or get in each other's way.
//!
//! Processes are this test binary, which starts itself with one of the two tests that are ignored otherwise.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use warp2api::{
    credential::{
        Added, Config, CredentialError, Identity, Kind, Lease, Loan, New, Outcome, Pool, Store, StoreError,
        StoredStanding,
    },
    secret::Secret,
    service::Address,
    state::KeyKind,
};

use crate::{
    common::Running,
    shared::{self, RedisServer},
};

/// The store in a directory, or on the server at an address.
fn open(home: &Path) -> Store {
    match home.to_str().filter(|home| home.starts_with("redis://")) {
        Some(address) => Store::shared(&shared::open(address)),
        None => Store::open(home, KeyKind::File).unwrap(),
    }
}

fn person(uid: &str) -> Identity {
    Identity { uid: Some(uid.to_owned()), email: Some(format!("{uid}@example.com")), display_name: None }
}

fn session(name: &str, refresh: &str) -> New {
    New::session(name, Secret::new(refresh))
}

/// What the environment says to a child, or to a run that is to take longer than usual.
#[expect(clippy::disallowed_methods, reason = "the tests' own switches")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn an_account_that_is_added_again_is_the_same_one_with_a_new_credential() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    let Added::New(first) = store.add(&session("work", "refresh-1").identity(person("u1"))).unwrap() else {
        panic!("it is new")
    };
    let standing = StoredStanding { account: first.id.clone(), model: None, until: None, reason: "refused".to_owned() };
    store.put_standings(&first.id, std::slice::from_ref(&standing)).unwrap();
    assert_eq!(store.standings(SystemTime::now()).unwrap(), [standing]);
    let Added::Replaced(again) = store.add(&session("other", "refresh-2").identity(person("u1"))).unwrap() else {
        panic!("the same person has signed in again")
    };
    assert_eq!((&again.id, again.name.as_str(), again.generation), (&first.id, "work", 1));
    assert_eq!(store.standings(SystemTime::now()).unwrap(), [], "what stood against it is forgotten");
    assert!(matches!(store.add(&session("third", "refresh-2")).unwrap(), Added::Replaced(same) if same.id == first.id));
    let key = New::api_key("work", &Secret::new("1.ab"));
    assert_eq!(store.add(&key), Err(StoreError::NameTaken { name: "work".to_owned() }));
    assert!(matches!(store.add(&New::api_key("key", &Secret::new("1.ab"))).unwrap(), Added::New(_)));
    assert!(matches!(store.add(&New::api_key("twin", &Secret::new("wk-1.ab"))).unwrap(), Added::Replaced(_)));
    let names = |store: &Store| store.accounts().unwrap().into_iter().map(|a| (a.name, a.kind)).collect::<Vec<_>>();
    assert_eq!(names(&store), [("work".to_owned(), Kind::Session), ("key".to_owned(), Kind::ApiKey)]);
    assert_eq!(names(&open(place.path())), names(&store), "another process sees the same");
    for name in ["", "two words", &"x".repeat(65), "line\nbreak"] {
        assert!(matches!(store.add(&session(name, "r")), Err(StoreError::NameMalformed { .. })), "{name:?}");
    }
}

#[test]
fn accounts_are_renamed_and_removed_with_all_that_is_known_of_them() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    for name in ["a", "b"] {
        store.add(&session(name, name).identity(person(name))).unwrap();
    }
    store.rename("a", "c").unwrap();
    assert_eq!(store.rename("c", "b"), Err(StoreError::NameTaken { name: "b".to_owned() }));
    assert_eq!(store.rename("a", "d"), Err(StoreError::Unknown { name: "a".to_owned() }));
    assert_eq!(store.get("c").unwrap().identity, person("a"));
    let removed = store.remove("c").unwrap();
    assert_eq!(
        (store.has(&removed.id), store.remove("c")),
        (Ok(false), Err(StoreError::Unknown { name: "c".to_owned() }))
    );
    let Added::New(again) = store.add(&session("c", "a").identity(person("a"))).unwrap() else {
        panic!("it was removed")
    };
    assert_ne!(again.id, removed.id, "one that takes the name later is another");
}

#[test]
fn a_new_identity_is_asked_for_once() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    assert!(store.intend_anonymous().unwrap());
    assert!(!open(place.path()).intend_anonymous().unwrap(), "it may have been made and lost");
    store.forget_anonymous_intent().unwrap();
    assert!(store.intend_anonymous().unwrap());
    store.add(&New::anonymous("anonymous", Secret::new("r"))).unwrap();
    store.remove("anonymous").unwrap();
    assert!(store.intend_anonymous().unwrap(), "the account that came of it has settled the intent");
}

#[test]
fn standings_end_counters_add_up_and_notes_stay() {
    let place = tempfile::tempdir().unwrap();
    let (store, other) = (open(place.path()), open(place.path()));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let standing = |model: Option<&str>, seconds: u64| StoredStanding {
        account: "a".to_owned(),
        model: model.map(str::to_owned),
        until: Some(now + Duration::from_secs(seconds)),
        reason: "rate limit".to_owned(),
    };
    store.put_standings("a", &[standing(Some("fast"), 10)]).unwrap();
    other.put_standings("a", &[standing(None, 30), standing(Some("fast"), 20)]).unwrap();
    assert_eq!(store.standings(now).unwrap(), [standing(None, 30), standing(Some("fast"), 20)]);
    assert_eq!(store.standings(now + Duration::from_secs(20)).unwrap(), [standing(None, 30)]);
    other.put_standings("a", &[]).unwrap();
    assert_eq!(store.standings(now).unwrap(), []);
    store.add_counters(&[("turns", 2), ("tokens", 100)]).unwrap();
    other.add_counters(&[("turns", 3)]).unwrap();
    let counters = BTreeMap::from([("tokens".to_owned(), 100), ("turns".to_owned(), 5)]);
    assert_eq!(store.counters().unwrap(), counters);
    store.put_note("seen", "this").unwrap();
    other.put_note("seen", "that").unwrap();
    assert_eq!(store.note("seen").unwrap().map(|(text, _)| text).as_deref(), Some("that"));
    assert_eq!(store.note("unseen").unwrap(), None);
}

#[test]
fn a_loan_is_an_orphan_when_nobody_holds_its_lock() {
    let place = tempfile::tempdir().unwrap();
    let (store, other) = (open(place.path()), open(place.path()));
    let loan = |session: &str, lock: &str| Loan {
        session_id: session.to_owned(),
        root: "http://pool".to_owned(),
        lock: lock.to_owned(),
    };
    let held = store.try_lock("mine").unwrap().expect("nobody holds it");
    store.add_loan(&loan("1", "mine")).unwrap();
    store.add_loan(&loan("2", "gone")).unwrap();
    assert_eq!(other.orphaned_loans("http://pool").unwrap(), [loan("2", "gone")]);
    assert_eq!(other.orphaned_loans("http://other").unwrap(), []);
    other.remove_loan("http://pool", "2").unwrap();
    drop(held);
    assert_eq!(other.orphaned_loans("http://pool").unwrap(), [loan("1", "mine")]);
}

/// A token service that rotates refresh tokens as strictly as any client can survive: each exchange gives a new one, and
/// the old one is dead from the moment at which its successor, or the bearer that came with it, is first used. (Were it
/// dead any earlier, a client whose answer is lost on the way would have lost its account, whatever it did.) Successors
/// that were given but not used die with the old one.
struct Rotating {
    root: String,
    rotation: Arc<Mutex<Rotation>>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Rotation {
    /// The number of the refresh token, and of its bearer, that was used last.
    used: u64,
    /// The numbers of those that were given for it since and are not used yet.
    given: Vec<u64>,
    last: u64,
    exchanges: u64,
    refused: u64,
    /// Successors that nobody has ever used.
    lost: u64,
    /// What is waited for before and after the rotation, at most.
    pause: Duration,
}

impl Rotation {
    /// Uses the token of `number`, if it still works.
    fn touch(&mut self, number: u64) -> bool {
        if number == self.used {
            return true;
        }
        if !self.given.contains(&number) {
            self.refused += 1;
            return false;
        }
        self.lost += self.given.len() as u64 - 1;
        self.given.clear();
        self.used = number;
        true
    }
}

impl Rotating {
    async fn start(pause: Duration) -> Self {
        let rotation = Arc::new(Mutex::new(Rotation { pause, ..Rotation::default() }));
        let app = Router::new().route("/proxy/token", post(exchange)).route("/use", post(use_bearer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let app = app.with_state(Arc::clone(&rotation));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { root, rotation, _server: server }
    }
}

async fn exchange(
    State(rotation): State<Arc<Mutex<Rotation>>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let pause = rotation.lock().unwrap().pause;
    tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
    let answer = {
        let mut rotation = rotation.lock().unwrap();
        let number = form["refresh_token"].strip_prefix("refresh-").and_then(|number| number.parse().ok());
        rotation.exchanges += 1;
        if number.is_some_and(|number| rotation.touch(number)) {
            rotation.last += 1;
            let number = rotation.last;
            rotation.given.push(number);
            let tokens = json!({
                "id_token": format!("id-{number}"), "refresh_token": format!("refresh-{number}"), "expires_in": "3600",
            });
            (StatusCode::OK, Json(tokens))
        } else {
            (StatusCode::BAD_REQUEST, Json(json!({"error": {"message": "INVALID_REFRESH_TOKEN"}})))
        }
    };
    tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
    answer
}

async fn use_bearer(State(rotation): State<Arc<Mutex<Rotation>>>, headers: HeaderMap) -> StatusCode {
    let bearer = headers["authorization"].to_str().unwrap();
    let number = bearer.strip_prefix("Bearer id-").and_then(|number| number.parse().ok());
    let works = number.is_some_and(|number| rotation.lock().unwrap().touch(number));
    if works { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

fn pool(store: &Store, root: &str) -> Pool {
    Pool::from_config(Config { store: Some(store.clone()), ..Config::new(Address::new(root)) }).unwrap()
}

/// Spends a lease at the service. False when the service refuses it.
async fn spend(lease: &Lease, root: &str) -> bool {
    let request = reqwest::Client::new().post(format!("{root}/use")).bearer_auth(lease.bearer().expose());
    request.send().await.unwrap().status().is_success()
}

fn text(lease: &Lease) -> String {
    lease.bearer().expose().to_owned()
}

#[tokio::test]
async fn whoever_renews_second_finds_what_the_first_has_renewed() {
    let service = Rotating::start(Duration::from_millis(20)).await;
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.add(&session("work", "refresh-0")).unwrap();
    let pools: Vec<Pool> = (0..4).map(|_| pool(&open(place.path()), &service.root)).collect();
    let leases = futures_util::future::try_join_all(pools.iter().map(Pool::lease)).await.unwrap();
    assert!(leases.iter().all(|lease| text(lease) == "id-1"), "one exchange serves them all");
    let renewed = futures_util::future::try_join_all(pools.iter().zip(&leases).map(|(pool, lease)| pool.renew(lease)));
    assert!(renewed.await.unwrap().iter().all(|lease| text(lease) == "id-2"), "one more, for all who were refused");
    assert_eq!(service.rotation.lock().unwrap().exchanges, 2);
    let restarted = pool(&open(place.path()), &service.root);
    assert_eq!(text(&restarted.lease().await.unwrap()), "id-2", "a restart calls nobody");
    assert_eq!(store.get("work").unwrap().generation, 2);
}

#[tokio::test]
async fn a_setting_that_was_renewed_finds_its_successor_after_a_restart() {
    let service = Rotating::start(Duration::ZERO).await;
    let place = tempfile::tempdir().unwrap();
    let start = || {
        let refresh_token = Some(Secret::new("refresh-0"));
        let store = Some(open(place.path()));
        Pool::from_config(Config { refresh_token, store, ..Config::new(Address::new(&service.root)) }).unwrap()
    };
    let first = start();
    let lease = first.lease().await.unwrap();
    assert!(spend(&lease, &service.root).await, "from here on the setting's own token is dead");
    let second = start();
    let lease = second.lease().await.unwrap();
    assert_eq!(text(&lease), "id-1");
    assert_eq!(text(&second.renew(&lease).await.unwrap()), "id-2");
    assert_eq!(service.rotation.lock().unwrap().refused, 0);
}

#[tokio::test]
async fn a_session_that_has_ended_is_noted_and_asks_nobody_again_until_it_is_signed_in_anew() {
    let service = Rotating::start(Duration::ZERO).await;
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.add(&session("work", "refresh-99").identity(person("u1"))).unwrap();
    let ended = pool(&store, &service.root).lease().await.unwrap_err();
    let code = "INVALID_REFRESH_TOKEN".to_owned();
    assert_eq!(ended, CredentialError::SignInNeeded { account: "work".to_owned(), code: code.clone() });
    assert_eq!(store.get("work").unwrap().ended, Some(code));
    assert_eq!(service.rotation.lock().unwrap().exchanges, 1);
    store.add(&session("work", "refresh-0").identity(person("u1"))).unwrap();
    assert_eq!(text(&pool(&store, &service.root).lease().await.unwrap()), "id-1");
    assert_eq!(store.get("work").unwrap().ended, None);
}

#[tokio::test]
async fn a_key_that_was_replaced_is_taken_from_the_store() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.add(&New::api_key("key", &Secret::new("wk-1")).identity(person("u1"))).unwrap();
    let pool = pool(&store, "http://127.0.0.1:9");
    let lease = pool.lease().await.unwrap();
    assert_eq!(text(&lease), "wk-1");
    assert!(matches!(pool.renew(&lease).await, Err(CredentialError::Refused { account }) if account == "key"));
    store.add(&New::api_key("key", &Secret::new("wk-2")).identity(person("u1"))).unwrap();
    assert_eq!(text(&pool.renew(&lease).await.unwrap()), "wk-2");
}

/// Starts this binary as the child that the ignored test `name` describes.
fn child(name: &str, directory: &Path, root: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("store::{name}"), "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("WARP2API_TEST_STORE", directory).env("WARP2API_TEST_SERVICE", root);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The child of the next test: renews and spends for as long as it is let, and says when it begins and what is lost.
#[tokio::test]
#[ignore = "a process of the test below, which ends it"]
async fn child_that_renews() {
    let (Some(directory), Some(root)) = (told("WARP2API_TEST_STORE"), told("WARP2API_TEST_SERVICE")) else { return };
    let pool = pool(&open(Path::new(&directory)), &root);
    let client = reqwest::Client::new();
    let mut has_begun = false;
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let lease = match pool.lease().await {
            Ok(lease) => lease,
            Err(error) => return println!("\nlost: {error}"),
        };
        let request = client.post(format!("{root}/use")).bearer_auth(lease.bearer().expose());
        if !request.send().await.unwrap().status().is_success() {
            return println!("\nlost: {} was refused", text(&lease));
        }
        if !has_begun {
            // Not before all that is slow at first is done, so that the kill falls among renewals.
            println!("\nbegun");
            has_begun = true;
        }
        if let Err(error) = pool.renew(&lease).await {
            return println!("\nlost: {error}");
        }
    }
}

/// `WARP2API_TEST_KILLS` sets another number of kills; 500 take some minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_at_any_instant_of_a_renewal_loses_an_account() {
    let place = tempfile::tempdir().unwrap();
    println!("{}", no_kill_loses_an_account_of(place.path(), 40).await);
}

/// The lease of a replica that is killed lapses by itself, which takes its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_of_a_replica_at_any_instant_of_a_renewal_loses_an_account() {
    let Some(server) = RedisServer::start(&[]) else { return };
    println!("{}", no_kill_loses_an_account_of(Path::new(&server.address()), 4).await);
}

async fn no_kill_loses_an_account_of(home: &Path, kills: u32) -> String {
    let kills: u32 = told("WARP2API_TEST_KILLS").map_or(kills, |number| number.parse().unwrap());
    let service = Rotating::start(Duration::from_millis(3)).await;
    open(home).add(&session("work", "refresh-0")).unwrap();
    for number in 0..kills {
        let mut renewing = Running(child("child_that_renews", home, &service.root));
        let mut lines = BufReader::new(renewing.0.stdout.take().unwrap());
        let (mut lines, begun) = tokio::task::spawn_blocking(move || {
            let begun = lines.by_ref().lines().map_while(Result::ok).any(|line| line == "begun");
            (lines, begun)
        })
        .await
        .unwrap();
        assert!(begun, "kill {number}: the child did not begin");
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..20_000))).await;
        renewing.0.kill().unwrap();
        let status = renewing.0.wait().unwrap();
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert!(!rest.contains("lost"), "kill {number}, {status}: {rest}");
    }
    let pool = pool(&open(home), &service.root);
    let lease = pool.lease().await.expect("the account is there");
    assert!(spend(&lease, &service.root).await, "its bearer is good");
    let lease = pool.renew(&lease).await.expect("it can be renewed");
    assert!(spend(&lease, &service.root).await);
    pool.settle(&lease, Outcome::Done, false);
    let rotation = service.rotation.lock().unwrap();
    assert_eq!(rotation.refused, 0);
    assert!(rotation.exchanges >= u64::from(kills) / 4, "the kills fell into a time in which there were renewals");
    assert!(rotation.lost > 0 || kills < 40, "some fell between an exchange and the first use of what it yielded");
    format!("{kills} kills, {} exchanges, {} of them never used", rotation.exchanges, rotation.lost)
}

/// A process of the next test: does all that can be done to a store, and says how much of it.
#[tokio::test]
#[ignore = "a process of the test below, which counts what it did"]
async fn child_that_hammers() {
    let (Some(directory), Some(seconds)) = (told("WARP2API_TEST_STORE"), told("WARP2API_TEST_SERVICE")) else { return };
    let deadline = Instant::now() + Duration::from_secs(seconds.parse().unwrap());
    let own = format!("process-{}", std::process::id());
    let (mut rounds, mut adds) = (0_u32, 0_u32);
    while Instant::now() < deadline {
        // Opening is part of it: a command opens the store each time.
        let store = open(Path::new(&directory));
        for _ in 0..10 {
            store.add_counters(&[("all", 1), (&own, 1)]).unwrap();
            rounds += 1;
            store.add(&session("shared", &format!("{own}-{rounds}")).identity(person("shared"))).unwrap();
            adds += 1;
            store.put_note(&own, &rounds.to_string()).unwrap();
            let standing =
                StoredStanding { account: own.clone(), model: None, until: None, reason: rounds.to_string() };
            store.put_standings(&own, std::slice::from_ref(&standing)).unwrap();
            assert!(store.standings(SystemTime::now()).unwrap().contains(&standing));
            assert!(store.counters().unwrap()["all"] >= i64::from(rounds));
            assert_eq!(store.accounts().unwrap().len(), 1);
            let held = store.lock("one at a time", Duration::from_secs(60)).await.unwrap();
            let number = store.note("shared").unwrap().map_or(0, |(text, _)| text.parse::<u32>().unwrap());
            store.put_note("shared", &(number + 1).to_string()).unwrap();
            drop(held);
        }
        // What is shared is done in the order in which it is asked for, and this is waited for.
        store.accounts().unwrap();
    }
    println!("\ndid {own} {rounds} {adds}");
}

/// `WARP2API_TEST_HAMMERING` sets another number of seconds.
#[test]
fn eight_processes_that_hammer_one_store_see_no_error_and_lose_no_update() {
    let place = tempfile::tempdir().unwrap();
    println!("{}", hammer(place.path(), 8, "5"));
}

#[test]
fn three_replicas_that_hammer_one_store_see_no_error_and_lose_no_update() {
    let Some(server) = RedisServer::start(&[]) else { return };
    println!("{}", hammer(Path::new(&server.address()), 3, "3"));
}

fn hammer(home: &Path, processes: usize, seconds: &str) -> String {
    let seconds = told("WARP2API_TEST_HAMMERING").unwrap_or_else(|| seconds.to_owned());
    // They all make it, too.
    let start = |_| Running(child("child_that_hammers", home, &seconds));
    let children: Vec<Running> = (0..processes).map(start).collect();
    let (mut rounds, mut adds) = (BTreeMap::new(), 0);
    for mut hammering in children {
        let (mut out, mut err) = (String::new(), String::new());
        hammering.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        hammering.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert!(hammering.0.wait().unwrap().success(), "{out}\n{err}");
        let did = out.lines().find_map(|line| line.strip_prefix("did ")).expect("it says what it did");
        let words: Vec<&str> = did.split(' ').collect();
        rounds.insert(words[0].to_owned(), words[1].parse::<i64>().unwrap());
        adds += words[2].parse::<u32>().unwrap();
    }
    let store = open(home);
    let all: i64 = rounds.values().sum();
    assert_eq!(rounds.len(), processes);
    for (process, rounds) in &rounds {
        assert_eq!(store.note(process).unwrap().unwrap().0, rounds.to_string());
    }
    rounds.insert("all".to_owned(), all);
    assert_eq!(store.counters().unwrap(), rounds, "no update is lost");
    assert_eq!(store.note("shared").unwrap().unwrap().0, all.to_string(), "one at a time is one at a time");
    assert_eq!(store.get("shared").unwrap().generation, adds - 1, "each signing in counts");
    format!("{all} rounds of {processes} processes in {seconds} s")
}
