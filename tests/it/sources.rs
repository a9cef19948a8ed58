//! Where accounts come from: the anonymous one against the simulator; the pool service and the broker against services
//! on loopback that take nothing but what their contracts say.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use warp2api::{
    credential::{
        BrokerAddress, Config, CredentialError, Kind, Loan, New, Outcome, Pool, PoolService, PoolServiceAddress, Store,
    },
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, Account, Simulator},
    state::KeyKind,
};

fn simulator(accounts: Vec<Account>) -> Simulator {
    Simulator::start(simulator::Config { fast: true, accounts, ..simulator::Config::default() }, Schema::embedded())
        .unwrap()
}

fn store(directory: &Path) -> Store {
    Store::open(directory, KeyKind::File).unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fails if anything that an error shows holds a canary.
fn tells_no_secret(error: &CredentialError) {
    let shown = format!("{error} {error:?} {}", error.hint());
    assert!(!shown.contains("canary"), "{shown}");
}

mod anonymous {
    use super::*;

    fn config(root: &str, directory: &Path) -> Config {
        Config { anonymous: true, store: Some(store(directory)), ..Config::new(Address::new(root)) }
    }

    fn pool(root: &str, directory: &Path) -> Pool {
        Pool::from_config(config(root, directory)).unwrap()
    }

    #[tokio::test]
    async fn fifty_first_requests_and_every_restart_share_one_identity() {
        let (simulator, place) = (simulator(Vec::new()), tempfile::tempdir().unwrap());
        let pools = [pool(simulator.url(), place.path()), pool(simulator.url(), place.path())];
        let mut requests = JoinSet::new();
        for number in 0..50 {
            let pool = pools[number % 2].clone();
            requests.spawn(async move { pool.lease().await.map(|lease| lease.account().to_owned()) });
        }
        for account in requests.join_all().await {
            assert_eq!(account.unwrap(), "anonymous");
        }
        assert_eq!(simulator.anonymous_users(), 1);
        for pool in pools {
            pool.close().await;
        }
        for _ in 0..3 {
            let pool = pool(simulator.url(), place.path());
            let lease = pool.lease().await.unwrap();
            assert_eq!((lease.account(), pool.status()[0].kind), ("anonymous", Kind::Anonymous));
            drop(lease);
            pool.look_after().await;
            assert_eq!(pool.status().len(), 1, "it is not doubled to fill the pool");
            pool.close().await;
        }
        assert_eq!(simulator.anonymous_users(), 1);
        assert_eq!(simulator.counts("anonymous-1").unwrap().sign_ins, 1);
        let stored = store(place.path()).get("anonymous").unwrap();
        assert_eq!(stored.identity.uid.as_deref(), Some("simulator-anonymous-1"));
    }

    #[tokio::test]
    async fn none_is_made_where_there_is_anything_else_or_nobody_wants_one() {
        let (simulator, place) = (simulator(Vec::new()), tempfile::tempdir().unwrap());
        let unwanted = Config { anonymous: false, ..config(simulator.url(), place.path()) };
        let error = Pool::from_config(unwanted).unwrap().lease().await.unwrap_err();
        assert_eq!(error, CredentialError::NoneConfigured);
        let given = Config { jwt: Some(Secret::new("eyJ.e30.x")), ..config(simulator.url(), place.path()) };
        let pool_of_given = Pool::from_config(given).unwrap();
        pool_of_given.look_after().await;
        assert_eq!(pool_of_given.lease().await.unwrap().account(), "WARP_JWT");
        store(place.path()).add(&New::api_key("work", &Secret::new("wk-simulator"))).unwrap();
        let pool = pool(simulator.url(), place.path());
        pool.look_after().await;
        assert_eq!(pool.lease().await.unwrap().account(), "work");
        assert_eq!(simulator.anonymous_users(), 0);
    }

    #[tokio::test]
    async fn a_process_that_ended_half_way_is_not_made_up_for_in_silence() {
        let (simulator, place) = (simulator(Vec::new()), tempfile::tempdir().unwrap());
        assert!(store(place.path()).intend_anonymous().unwrap());
        for _ in 0..2 {
            let error = pool(simulator.url(), place.path()).lease().await.unwrap_err();
            assert!(error.to_string().contains("not asked again"), "{error}");
            assert!(error.hint().contains("token login") && !error.is_passing());
        }
        assert_eq!(simulator.anonymous_users(), 0);
    }

    #[tokio::test]
    async fn a_service_that_was_never_reached_may_be_asked_again() {
        let place = tempfile::tempdir().unwrap();
        let error = pool("http://127.0.0.1:9", place.path()).lease().await.unwrap_err();
        assert!(matches!(&error, CredentialError::Anonymous { passing: true, .. }), "{error}");
        let simulator = simulator(Vec::new());
        assert!(pool(simulator.url(), place.path()).lease().await.is_ok());
        assert_eq!(simulator.anonymous_users(), 1);
    }

    #[tokio::test]
    async fn one_that_has_ended_is_not_replaced() {
        let (first, place) = (simulator(Vec::new()), tempfile::tempdir().unwrap());
        assert!(pool(first.url(), place.path()).lease().await.is_ok());
        // Here its refresh token is unknown, and its bearer not good.
        let other = simulator(vec![Account::named("somebody")]);
        let pool_there = pool(other.url(), place.path());
        let lease = pool_there.lease().await.unwrap();
        let refused = pool_there.renew(&lease).await.unwrap_err();
        assert!(matches!(refused, CredentialError::SignInNeeded { .. }), "{refused}");
        let error = pool(other.url(), place.path()).lease().await.unwrap_err();
        assert!(error.to_string().contains("has ended (INVALID_REFRESH_TOKEN)"), "{error}");
        assert!(error.hint().contains("token login") && !error.is_passing());
        assert_eq!(other.anonymous_users(), 0);
    }
}

/// Answers every call by `plan`, and remembers the calls as `METHOD PATH BODY`.
struct Service {
    root: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

type Plan = Box<dyn Fn(&str, &Value) -> (u16, Value) + Send + Sync>;

struct Shared {
    plan: Plan,
    calls: Mutex<Vec<String>>,
    /// Every answer takes a permit.
    gate: Semaphore,
}

const KEY: &str = "canary-key";

impl Service {
    async fn open(plan: impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let shared = Shared { plan: Box::new(plan), calls: Mutex::default(), gate: Semaphore::new(1_000) };
        let shared = Arc::new(shared);
        let app = Router::new().fallback(respond).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { root, shared, _server: server }
    }

    fn calls(&self) -> Vec<String> {
        self.shared.calls.lock().unwrap().clone()
    }

    fn count(&self, part: &str) -> usize {
        self.calls().iter().filter(|call| call.contains(part)).count()
    }
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    if headers.get("authorization").is_none_or(|given| given != &format!("Bearer {KEY}")) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "who are you?"})));
    }
    let call = format!("{method} {}", uri.path());
    shared.calls.lock().unwrap().push(format!("{call} {body}"));
    shared.gate.acquire().await.unwrap().forget();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
    let (status, answer) = (shared.plan)(&call, &body);
    (StatusCode::from_u16(status).unwrap(), Json(answer))
}

fn epoch() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// A JWT that lives for so many seconds.
fn jwt(seconds: u64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{}}}"#, epoch() + seconds));
    format!("eyJhbGciOiJub25lIn0.{claims}.canary")
}

mod pool_service {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A pool service that lends `account` anew each time, for so many seconds.
    async fn lending(account: Value, seconds: u64) -> Service {
        let sessions = AtomicUsize::new(0);
        Service::open(move |call, body| match call {
            "POST /api/accounts/allocate" => {
                assert_eq!(body, &json!({"count": 1, "session_duration": 900}));
                let session = format!("session-{}", sessions.fetch_add(1, Ordering::SeqCst) + 1);
                let end = epoch() + seconds;
                (200, json!({"success": true, "session_id": session, "accounts": [account], "expires_at": end}))
            }
            "POST /api/accounts/release" => {
                assert!(body["session_id"].is_string() && body.as_object().unwrap().len() == 1, "{body}");
                (200, json!({"success": true, "message": "Session released"}))
            }
            "POST /api/accounts/mark_blocked" => {
                assert_eq!(body, &json!({"email": "someone@team.invalid"}));
                (200, json!({"success": true}))
            }
            _ => (404, Value::Null),
        })
        .await
    }

    fn account(id_token: &str, refresh: &str) -> Value {
        json!({"email": "someone@team.invalid", "local_id": "l1", "id_token": id_token, "refresh_token": refresh,
            "client_id": "", "outlook_refresh_token": "", "proxy_info": "", "email_password": "canary"})
    }

    fn address(root: &str, key: &str) -> PoolServiceAddress {
        PoolServiceAddress {
            root: root.to_owned(),
            key: Some(Secret::new(key)),
            least_time: warp2api::credential::LEAST_TIME,
        }
    }

    fn pool(service: &Service, upstream: &str, directory: Option<&Path>) -> Pool {
        let config = Config {
            pool_service: Some(address(&service.root, KEY)),
            store: directory.map(store),
            ..Config::new(Address::new(upstream))
        };
        Pool::from_config(config).unwrap()
    }

    async fn failure(service: &Service) -> CredentialError {
        let error = pool(service, "http://127.0.0.1:9", None).lease().await.unwrap_err();
        tells_no_secret(&error);
        error
    }

    #[tokio::test]
    async fn an_account_is_borrowed_signed_in_and_given_back() {
        let (simulator, place) = (simulator(vec![Account::named("team")]), tempfile::tempdir().unwrap());
        let service = lending(account("", "simulator-refresh-team"), 3_600).await;
        let pool = pool(&service, simulator.url(), Some(place.path()));
        let lease = pool.lease().await.unwrap();
        assert_eq!((lease.account(), simulator.counts("team").unwrap().exchanges), ("someone@team.invalid", 1));
        let renewed = pool.renew(&lease).await.unwrap();
        assert_ne!(renewed.bearer(), lease.bearer());
        assert_eq!(service.count("release"), 0);
        drop((lease, renewed));
        pool.close().await;
        assert_eq!(service.calls().last().unwrap(), r#"POST /api/accounts/release {"session_id":"session-1"}"#);
        assert_eq!(service.count("release"), service.count("allocate"));
        drop(pool);
        assert_eq!(store(place.path()).orphaned_loans(&service.root).unwrap(), []);
    }

    #[tokio::test]
    async fn a_delivered_token_serves_as_it_is_and_the_same_account_twice_is_given_back() {
        let token = jwt(3_600);
        let service = lending(account(&token, ""), 3_600).await;
        let pool = pool(&service, "http://127.0.0.1:9", None);
        assert_eq!(pool.lease().await.unwrap().bearer().expose(), token);
        pool.look_after().await;
        assert_eq!((pool.status().len(), service.count("allocate"), service.count("release")), (1, 2, 1));
        assert!(pool.lease().await.is_ok(), "giving the second loan back did not touch the first");
        pool.look_after().await;
        assert_eq!(pool.status().len(), 1);
        pool.close().await;
        assert_eq!(service.count("allocate"), service.count("release"));
    }

    #[tokio::test]
    async fn what_lives_too_short_or_cannot_be_used_is_given_back_at_once() {
        for (given, seconds, words) in [
            (account(&jwt(3_600), ""), 600, "the session that it lent lives shorter than the 900 s of POOL_MIN_TTL"),
            (account(&jwt(600), ""), 3_600, "the token that it lent lives shorter"),
            (account("", ""), 3_600, "without an account"),
            (account("canary two", ""), 3_600, "without an account"),
            (account("", "canary-refresh"), 3_600, "cannot be signed in"),
        ] {
            let service = lending(given, seconds).await;
            let error = failure(&service).await;
            assert!(error.to_string().contains(words) && error.is_passing(), "{error}");
            assert_eq!(service.count("release"), 1, "{words}");
        }
    }

    #[tokio::test]
    async fn its_own_words_are_told_and_nothing_else() {
        for (status, answer, words, passes) in [
            (503, json!({"success": false, "message": "No account\u{7} free; canary-key"}), "No account free", true),
            (200, json!({"success": false, "message": "all locked"}), "all locked", true),
            (500, Value::Null, "500", true),
            (404, Value::Null, "no pool service at its address", false),
            (200, json!({"sessions": []}), "not the form of a pool service's", false),
        ] {
            let service = Service::open(move |_, _| (status, answer.clone())).await;
            let error = failure(&service).await;
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.is_passing(), passes, "{error}");
        }
    }

    #[tokio::test]
    async fn a_wrong_key_and_a_wrong_address_are_said_so() {
        let service = lending(account("", ""), 3_600).await;
        let upstream = Address::new("http://127.0.0.1:9");
        let refused = PoolService::new(&address(&service.root, "canary-2"), &upstream).unwrap().status().await;
        let refused = refused.unwrap_err();
        tells_no_secret(&refused);
        assert!(refused.to_string().contains("does not accept POOL_SERVICE_API_KEY"), "{refused}");
        for root in ["ftp://x", "nonsense", "http://x/?key=canary"] {
            let config = Config { pool_service: Some(address(root, KEY)), ..Config::new(upstream.clone()) };
            let error = Pool::from_config(config).unwrap_err();
            tells_no_secret(&error);
            assert!(error.to_string().starts_with("POOL_SERVICE_BASE_URL must be"), "{error}");
        }
        let nobody = PoolService::new(&address("http://127.0.0.1:9", KEY), &upstream).unwrap();
        assert!(nobody.health().await.unwrap_err().is_passing());
    }

    #[tokio::test]
    async fn its_status_and_health_are_told() {
        let service = Service::open(|call, _| match call {
            "GET /api/status" => (200, json!({"available": 3})),
            "GET /api/health" => (200, json!({"status": "healthy"})),
            _ => (404, Value::Null),
        })
        .await;
        let service_there = PoolService::new(&address(&format!("{}/", service.root), KEY), &Address::new("http://x"));
        let service_there = service_there.unwrap();
        assert_eq!(service_there.status().await.unwrap(), json!({"available": 3}));
        assert_eq!(service_there.health().await, Ok(()));
    }

    #[tokio::test]
    async fn what_a_dead_process_borrowed_is_given_back_and_what_a_living_one_has_is_not() {
        let place = tempfile::tempdir().unwrap();
        let service = lending(account(&jwt(3_600), ""), 3_600).await;
        let lock = "pool-service/40".to_owned();
        let left = Loan { session_id: "left".to_owned(), root: service.root.clone(), lock };
        store(place.path()).add_loan(&left).unwrap();
        let living = pool(&service, "http://127.0.0.1:9", Some(place.path()));
        let lease = living.lease().await.unwrap();
        let calls = service.calls();
        assert_eq!(calls[0], r#"POST /api/accounts/release {"session_id":"left"}"#, "before anything is borrowed");
        let second = pool(&service, "http://127.0.0.1:9", Some(place.path()));
        assert!(second.lease().await.is_ok());
        assert_eq!(service.count("release"), 1, "the living process keeps its own");
        drop(lease);
    }

    #[tokio::test]
    async fn a_blocked_account_is_reported_and_given_back() {
        let service = lending(account(&jwt(3_600), ""), 3_600).await;
        let pool = pool(&service, "http://127.0.0.1:9", None);
        let lease = pool.lease().await.unwrap();
        pool.settle(&lease, Outcome::Forbidden, false);
        drop(lease);
        until("the report", || service.count("mark_blocked") == 1).await;
        pool.close().await;
        assert_eq!((service.count("mark_blocked"), service.count("release")), (1, service.count("allocate")));
    }

    #[tokio::test]
    async fn a_loan_that_nobody_waits_for_any_more_is_given_back() {
        let service = lending(account(&jwt(3_600), ""), 3_600).await;
        service.shared.gate.forget_permits(1_000);
        let pool = pool(&service, "http://127.0.0.1:9", None);
        let mut asking = JoinSet::new();
        asking.spawn(async move { pool.lease().await.map(drop) });
        until("the call", || service.count("allocate") == 1).await;
        asking.shutdown().await;
        service.shared.gate.add_permits(1_000);
        until("the return", || service.count("release") == 1).await;
    }
}

mod broker {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn config(root: &str, key: &str) -> Config {
        let broker = BrokerAddress { root: root.to_owned(), key: Secret::new(key) };
        Config { broker: Some(broker), ..Config::new(Address::new("http://127.0.0.1:9")) }
    }

    /// A broker that hands out tokens of `names` in turn, each the same until it has been handed out `times` times.
    async fn handing_out(names: &'static [&'static str], times: usize) -> Service {
        let turn = AtomicUsize::new(0);
        Service::open(move |call, body| {
            assert_eq!((call, body), ("GET /token", &Value::Null));
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            let (name, issue) = (names[turn % names.len()], turn / names.len() / times);
            (200, json!({"token": format!("canary-{name}-{issue}"), "expires_at": epoch() + 3_600, "account": name}))
        })
        .await
    }

    #[tokio::test]
    async fn its_accounts_are_told_apart_and_each_is_taken_once() {
        let service = handing_out(&["work", "play"], 1_000).await;
        let pool = Pool::from_config(config(&service.root, KEY)).unwrap();
        pool.look_after().await;
        let mut names: Vec<String> = pool.status().into_iter().map(|status| status.account).collect();
        names.sort();
        assert_eq!(names, ["play", "work"]);
        assert_eq!(service.calls().len(), 3, "the first name that comes again ends the round");
        let lease = pool.lease().await.unwrap();
        assert_eq!(lease.bearer().expose(), format!("canary-{}-0", lease.account()));
        let refused = pool.renew(&lease).await.unwrap_err();
        tells_no_secret(&refused);
        assert!(matches!(refused, CredentialError::Refused { .. }), "it has no other token: {refused}");
    }

    #[tokio::test]
    async fn a_refused_token_is_replaced_by_the_next_of_the_same_account() {
        let service = handing_out(&["work", "play"], 1).await;
        let pool = Pool::from_config(config(&service.root, KEY)).unwrap();
        let lease = pool.lease().await.unwrap();
        let renewed = pool.renew(&lease).await.unwrap();
        assert_eq!(renewed.account(), lease.account());
        assert_ne!(renewed.bearer(), lease.bearer());
    }

    #[tokio::test]
    async fn every_refusal_says_what_to_do() {
        for (status, answer, words, passes) in [
            (503, json!({"error": {"code": "no_account", "message": "every session has ended"}}), "has ended", true),
            (404, Value::Null, "no broker at its address", false),
            (500, json!({"error": {"message": "not set up: canary-key"}}), "not set up", true),
            (200, json!({"token": "canary"}), "not the form of a broker's", false),
            (200, json!({"token": "canary two", "expires_at": epoch() + 99, "account": "a"}), "no token", false),
            (200, json!({"token": "canary", "expires_at": 1, "account": "a"}), "is a clock wrong?", false),
        ] {
            let service = Service::open(move |_, _| (status, answer.clone())).await;
            let error = Pool::from_config(config(&service.root, KEY)).unwrap().lease().await.unwrap_err();
            tells_no_secret(&error);
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.is_passing(), passes, "{error}");
        }
        let service = handing_out(&["work"], 1).await;
        let error = Pool::from_config(config(&service.root, "canary-2")).unwrap().lease().await.unwrap_err();
        tells_no_secret(&error);
        assert!(error.to_string().contains("does not accept WARP2API_BROKER_KEY"), "{error}");
        assert!(!error.hint().is_empty());
    }
}
