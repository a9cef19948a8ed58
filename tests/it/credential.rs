//! The pool against a token service on loopback that plays what it is told and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use warp2api::{
    credential::{Clock, Config, CredentialError, Kind, Outcome, Pool, Reason, Rest, Shortage, Standing, Status},
    schema::Schema,
    secret::Secret,
    service::{self, Address, GraphqlError},
    simulator::{self, Simulator},
    upstream::catalogue,
};

/// A token service that gives the answers it was told to give, one a call. A call too many is answered with a teapot's
/// status, and a test that ends with a call too few fails.
struct TokenService {
    root: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    plan: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<String>>,
    /// Every answer takes a permit, so that a test can look about while a call is under way.
    gate: Semaphore,
}

impl TokenService {
    async fn open(plan: &[(u16, &str)]) -> Self {
        let service = Self::gated(plan).await;
        service.shared.gate.add_permits(1000);
        service
    }

    async fn gated(plan: &[(u16, &str)]) -> Self {
        let shared = Arc::new(Shared {
            plan: Mutex::new(plan.iter().map(|&(status, body)| (status, body.to_owned())).collect()),
            asked: Mutex::default(),
            gate: Semaphore::new(0),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { root, shared, _server: server }
    }

    /// The refresh tokens that were presented, in order, once every planned answer has been fetched.
    fn asked(&self) -> Vec<String> {
        assert!(self.shared.plan.lock().unwrap().is_empty(), "the pool asked less often than it should");
        self.shared.asked.lock().unwrap().clone()
    }

    async fn until_asked(&self, times: usize) {
        while self.shared.asked.lock().unwrap().len() < times {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    assert_eq!(method, Method::POST);
    assert_eq!(uri.path(), "/proxy/token");
    assert_eq!(uri.query(), Some("key=AIzaSyBdy3O3S9hrdayLJxJ7mriBR4qgUaUygAs"));
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let refresh = body.strip_prefix("grant_type=refresh_token&refresh_token=").expect("the form of an exchange");
    shared.asked.lock().unwrap().push(refresh.to_owned());
    shared.gate.acquire().await.unwrap().forget();
    let next = shared.plan.lock().unwrap().pop_front();
    let (status, body) = next.unwrap_or((418, "one call too many".to_owned()));
    (StatusCode::from_u16(status).unwrap(), body)
}

/// A clock that a test moves.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

const NOON: u64 = 1_800_000_000;

impl Hand {
    fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(NOON + seconds.load(Ordering::SeqCst)))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

/// A JWT that ends `seconds` after noon.
fn jwt(seconds: u64) -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.c2ln", part(r#"{"alg":"none"}"#), part(&format!(r#"{{"exp":{}}}"#, NOON + seconds)))
}

/// A configuration whose service nobody reaches.
fn nowhere() -> Config {
    Config::new(Address::new("http://127.0.0.1:9"))
}

fn session(root: &str, jwt: Option<&str>) -> Config {
    Config {
        refresh_token: Some(Secret::new("refresh-1")),
        jwt: jwt.map(Secret::new),
        ..Config::new(Address::new(root))
    }
}

fn pool(config: &Config, hand: &Hand) -> Pool {
    Pool::with_clock(config, hand.clock()).unwrap()
}

async fn bearer(pool: &Pool) -> String {
    let lease = pool.lease().await.unwrap();
    let text = lease.bearer().expose().to_owned();
    pool.settle(&lease, Outcome::Done, false);
    text
}

/// The only account's state.
fn only(pool: &Pool) -> Status {
    let mut all = pool.status();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Borrows until the pool lends `text`, for a renewal goes on behind the borrower's back.
async fn until_lent(pool: &Pool, text: &str) {
    for _ in 0..200 {
        if bearer(pool).await == text {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{text} is not lent");
}

const FIRST: (u16, &str) = (200, r#"{"id_token":"id-1","refresh_token":"refresh-2","expires_in":"3600"}"#);
const SECOND: (u16, &str) = (200, r#"{"idToken":"id-2","refreshToken":"refresh-3","expiresIn":3600}"#);

#[tokio::test]
async fn an_api_key_goes_before_everything_and_calls_nobody() {
    let service = TokenService::open(&[]).await;
    let config = Config { api_key: Some(Secret::new("7.0a")), ..session(&service.root, Some(&jwt(3600))) };
    let pool = pool(&config, &Hand::default());
    assert_eq!(bearer(&pool).await, "wk-7.0a");
    assert_eq!(pool.describe(), "API key (WARP_API_KEY)");
    let lease = pool.lease().await.unwrap();
    let refused = pool.renew(&lease).await.unwrap_err();
    assert_eq!(refused, CredentialError::Refused { account: "WARP_API_KEY".to_owned() });
    assert_eq!(bearer(&pool).await, "wk-7.0a", "a refusal may be the upstream's slip: the key is not thrown away");
    assert!(service.asked().is_empty());
}

#[tokio::test]
async fn a_session_is_exchanged_once_then_renewed_in_time_with_the_rotated_token() {
    let service = TokenService::open(&[FIRST, SECOND]).await;
    let hand = Hand::default();
    let pool = pool(&session(&format!("{}/", service.root), None), &hand);
    assert_eq!(bearer(&pool).await, "id-1");
    hand.set(3224);
    assert_eq!(bearer(&pool).await, "id-1");
    hand.set(3300);
    assert_eq!(bearer(&pool).await, "id-1", "nobody waits while it lives");
    until_lent(&pool, "id-2").await;
    assert_eq!(service.asked(), ["refresh-1", "refresh-2"]);
    assert_eq!(only(&pool).renewals, 2);
}

#[tokio::test]
async fn a_service_that_rotates_nothing_gets_the_same_token_again() {
    let plain = (200, r#"{"access_token":"id-1","expires_in":60}"#);
    let service = TokenService::open(&[plain, FIRST]).await;
    let hand = Hand::default();
    let pool = pool(&session(&service.root, None), &hand);
    assert_eq!(bearer(&pool).await, "id-1");
    hand.set(55);
    assert_eq!(bearer(&pool).await, "id-1");
    assert_eq!(service.asked(), ["refresh-1", "refresh-1"]);
}

#[tokio::test]
async fn a_jwt_beside_the_refresh_token_serves_until_its_own_end_is_near() {
    let service = TokenService::open(&[FIRST]).await;
    let hand = Hand::default();
    let given = jwt(1000);
    let pool = pool(&session(&service.root, Some(&format!("Bearer {given}"))), &hand);
    assert_eq!(bearer(&pool).await, given);
    hand.set(700);
    until_lent(&pool, "id-1").await;
    assert_eq!(service.asked(), ["refresh-1"]);
}

#[tokio::test]
async fn a_bare_jwt_serves_to_its_last_second_and_then_says_what_to_do() {
    let hand = Hand::default();
    let given = jwt(1000);
    let config = Config { jwt: Some(Secret::new(&given)), ..nowhere() };
    let pool = pool(&config, &hand);
    hand.set(999);
    assert_eq!(bearer(&pool).await, given);
    let lease = pool.lease().await.unwrap();
    assert!(matches!(pool.renew(&lease).await, Err(CredentialError::Refused { .. })));
    hand.set(1000);
    let error = pool.lease().await.unwrap_err();
    assert_eq!(error.to_string(), "the token in WARP_JWT expired at 2027-01-15T08:16:40Z");
    assert!(error.hint().contains("WARP_REFRESH_TOKEN") && !error.is_passing());
    assert_eq!(pool.describe(), "token (WARP_JWT), good until 2027-01-15T08:16:40Z");
}

#[tokio::test]
async fn an_opaque_bearer_is_used_until_it_is_refused() {
    let config = Config { jwt: Some(Secret::new("opaque")), ..nowhere() };
    let hand = Hand::default();
    let pool = pool(&config, &hand);
    hand.set(1_000_000_000);
    assert_eq!(bearer(&pool).await, "opaque");
    assert_eq!(pool.describe(), "token (WARP_JWT)");
}

#[tokio::test]
async fn sixty_four_borrowers_share_one_exchange() {
    let service = TokenService::gated(&[FIRST]).await;
    let pool = Arc::new(pool(&session(&service.root, None), &Hand::default()));
    let mut borrowers = JoinSet::new();
    for _ in 0..64 {
        let pool = Arc::clone(&pool);
        borrowers.spawn(async move { bearer(&pool).await });
    }
    service.until_asked(1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    service.shared.gate.add_permits(1000);
    assert!(borrowers.join_all().await.iter().all(|text| text == "id-1"));
    assert_eq!(service.asked().len(), 1);
    assert_eq!(only(&pool).in_flight, 0);
}

#[tokio::test]
async fn all_who_were_refused_one_bearer_share_one_renewal() {
    let service = TokenService::open(&[FIRST, SECOND]).await;
    let pool = pool(&session(&service.root, None), &Hand::default());
    let mut refused = Vec::new();
    for _ in 0..8 {
        refused.push(pool.lease().await.unwrap());
    }
    let renewed = futures_util::future::join_all(refused.iter().map(|lease| pool.renew(lease))).await;
    assert!(renewed.iter().all(|lease| lease.as_ref().unwrap().bearer().expose() == "id-2"));
    let late = pool.renew(&refused[0]).await.unwrap();
    assert_eq!(late.bearer().expose(), "id-2", "who comes late is not renewed for again");
    assert_eq!(service.asked(), ["refresh-1", "refresh-2"]);
}

#[tokio::test]
async fn a_failure_is_shared_by_all_who_wait_and_forgotten_by_the_next() {
    let busy = (503, r#"{"error":{"code":503,"message":"QUOTA_EXCEEDED : try later"}}"#);
    let service = TokenService::gated(&[busy, FIRST]).await;
    let pool = Arc::new(pool(&session(&service.root, None), &Hand::default()));
    let mut borrowers = JoinSet::new();
    for _ in 0..16 {
        let pool = Arc::clone(&pool);
        borrowers.spawn(async move { pool.lease().await.map(drop) });
    }
    service.until_asked(1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    service.shared.gate.add_permits(1000);
    for result in borrowers.join_all().await {
        let error = result.unwrap_err();
        assert!(error.is_passing() && error.to_string().contains("503"), "{error}");
    }
    assert_eq!(bearer(&pool).await, "id-1");
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn a_borrower_who_goes_away_does_not_take_the_rotated_token_along() {
    let service = TokenService::gated(&[FIRST, SECOND]).await;
    let pool = pool(&session(&service.root, None), &Hand::default());
    let impatient = tokio::time::timeout(Duration::from_millis(50), pool.lease());
    assert!(impatient.await.is_err());
    service.until_asked(1).await;
    service.shared.gate.add_permits(1000);
    let lease = pool.lease().await.unwrap();
    assert_eq!(lease.bearer().expose(), "id-1");
    pool.renew(&lease).await.unwrap();
    assert_eq!(service.asked(), ["refresh-1", "refresh-2"]);
}

#[tokio::test]
async fn a_living_bearer_outlasts_a_failed_renewal_which_is_not_repeated_at_once() {
    let down = (500, "<html>down</html>");
    let service = TokenService::open(&[down, FIRST]).await;
    let hand = Hand::default();
    let given = jwt(200);
    let pool = pool(&session(&service.root, Some(&given)), &hand);
    assert_eq!(bearer(&pool).await, given);
    service.until_asked(1).await;
    hand.set(29);
    assert_eq!(bearer(&pool).await, given, "one failure is enough for half a minute");
    hand.set(30);
    until_lent(&pool, "id-1").await;
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn a_dead_session_is_asked_for_once_only() {
    for (code, disabled) in [
        ("TOKEN_EXPIRED", false),
        ("INVALID_REFRESH_TOKEN", false),
        ("MISSING_REFRESH_TOKEN", false),
        ("USER_DISABLED : by an administrator", true),
        ("USER_NOT_FOUND", true),
    ] {
        let body = format!(r#"{{"error":{{"code":400,"message":"{code}"}}}}"#);
        let service = TokenService::open(&[(400, &body)]).await;
        let pool = pool(&session(&service.root, None), &Hand::default());
        for _ in 0..3 {
            let error = pool.lease().await.unwrap_err();
            assert_eq!(matches!(error, CredentialError::Disabled { .. }), disabled, "{error}");
            assert_eq!(matches!(error, CredentialError::SignInNeeded { .. }), !disabled, "{error}");
            assert!(!error.is_passing());
        }
        assert_eq!(service.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_bearer_of_a_dead_session_is_not_lent_again() {
    let service = TokenService::open(&[FIRST, (400, r#"{"error":{"message":"TOKEN_EXPIRED"}}"#)]).await;
    let pool = pool(&session(&service.root, None), &Hand::default());
    let lease = pool.lease().await.unwrap();
    assert!(matches!(pool.renew(&lease).await, Err(CredentialError::SignInNeeded { .. })));
    assert!(matches!(pool.lease().await, Err(CredentialError::SignInNeeded { .. })));
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn odd_answers_are_passing_failures_with_a_reason() {
    let huge = format!(r#"{{"id_token":"{}"}}"#, "x".repeat(300 * 1024));
    for (status, body, said) in [
        (200, "{}", "holds no token"),
        (200, "not json", "holds no token"),
        (200, r#"{"id_token":"two words"}"#, "holds no token"),
        (200, r#"{"id_token":""}"#, "holds no token"),
        (200, huge.as_str(), "too large"),
        (404, "", "404"),
        (302, "", "302"),
        (401, r#"{"error":"Unauthorized\u001b[2J"}"#, "Unauthorized\\u{1b}[2J"),
    ] {
        let service = TokenService::open(&[(status, body)]).await;
        let error = pool(&session(&service.root, None), &Hand::default()).lease().await.unwrap_err();
        assert!(error.is_passing() && error.to_string().contains(said), "{status} {error}");
        service.asked();
    }
}

#[tokio::test]
async fn a_token_that_says_nothing_of_its_life_is_judged_by_its_own_exp() {
    let token = jwt(1000);
    let body = format!(r#"{{"id_token":"{token}","expires_in":"soon"}}"#);
    let service = TokenService::open(&[(200, &body), FIRST]).await;
    let hand = Hand::default();
    let pool = pool(&session(&service.root, None), &hand);
    assert_eq!(bearer(&pool).await, token);
    hand.set(700);
    until_lent(&pool, "id-1").await;
    service.asked();
}

#[tokio::test]
async fn nobody_there_is_a_passing_failure() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let error = pool(&session(&root, None), &Hand::default()).lease().await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("cannot be reached"), "{error}");
}

#[test]
fn what_cannot_be_a_credential_is_refused_at_once() {
    let secret = |text: &str| Some(Secret::new(text));
    let make = |config: Config| Pool::with_clock(&config, Hand::default().clock()).unwrap_err();
    let none = make(Config { api_key: secret(" "), jwt: secret(""), ..nowhere() });
    assert_eq!(none, CredentialError::NoneConfigured);
    for name in ["WARP_API_KEY", "WARP_REFRESH_TOKEN", "WARP_JWT"] {
        assert!(none.hint().contains(name));
    }
    let session_token = make(Config { api_key: secret("eyJh.eyJl.c2ln"), ..nowhere() });
    assert!(session_token.to_string().contains("WARP_JWT"), "{session_token}");
    for config in [
        Config { api_key: secret("wk-1 2"), ..nowhere() },
        Config { jwt: secret("bearer clé"), ..nowhere() },
        Config { refresh_token: secret("a\nb"), ..nowhere() },
        Config { refresh_token: secret("fine"), jwt: secret("a b"), ..nowhere() },
    ] {
        assert!(matches!(make(config), CredentialError::Malformed { .. }));
    }
    let certificate = b"-----BEGIN CERTIFICATE-----\nnope\n-----END CERTIFICATE-----\n".to_vec();
    let address = Address { extra_ca_pem: Some(certificate), ..Address::new("http://127.0.0.1:9") };
    let config = Config { refresh_token: secret("fine"), ..Config::new(address) };
    assert!(matches!(make(config), CredentialError::Client { .. }));
}

#[tokio::test]
async fn the_standing_of_an_account_follows_its_answers() {
    let config = Config { api_key: Some(Secret::new("wk-1.a")), ..nowhere() };
    let hand = Hand::default();
    let pool = pool(&config, &hand);
    assert_eq!((only(&pool).standing, only(&pool).kind), (Standing::Untried, Kind::ApiKey));
    let day = Some(Duration::from_secs(86_400));
    let mut now = 0;
    for (outcome, reason, seconds) in [
        (Outcome::RateLimited { retry_after: None }, Reason::RateLimited, 5),
        (Outcome::RateLimited { retry_after: None }, Reason::RateLimited, 10),
        (Outcome::RateLimited { retry_after: day }, Reason::RateLimited, 3600),
        (Outcome::OutOfCredits { refresh_in: None }, Reason::OutOfCredits, 480),
    ] {
        let lease = pool.lease().await.unwrap();
        assert_eq!((lease.account(), only(&pool).in_flight), ("WARP_API_KEY", 1));
        pool.settle(&lease, outcome, false);
        drop(lease);
        let until = (hand.clock())() + Duration::from_secs(seconds);
        assert_eq!((only(&pool).rests, only(&pool).in_flight), (vec![Rest { model: None, reason, until }], 0));
        let refused = pool.lease().await.unwrap_err();
        let said = CredentialError::NoneReady {
            reasons: format!("WARP_API_KEY is {} for {seconds} s more", reason.name()),
            retry_after: Some(Duration::from_secs(seconds)),
            shortage: if reason == Reason::OutOfCredits { Shortage::Credits } else { Shortage::Limits },
        };
        assert_eq!(refused, said);
        now += seconds;
        hand.set(now);
    }
    let lease = pool.lease().await.unwrap();
    pool.settle(&lease, Outcome::Failed, false);
    assert_eq!(only(&pool).standing, Standing::Untried, "a failure says nothing of the account");
    pool.settle(&lease, Outcome::Done, false);
    assert_eq!(only(&pool).standing, Standing::Good);
    pool.settle(&lease, Outcome::Forbidden, false);
    assert_eq!(only(&pool).standing, Standing::Forbidden);
    let error = pool.lease().await.unwrap_err();
    assert_eq!(error.to_string(), "no Warp account can serve now (WARP_API_KEY: forbidden)");
    assert!(!error.is_passing());
    pool.forgive();
    assert!(pool.lease().await.is_ok());
}

#[tokio::test]
async fn no_secret_shows_in_any_text() {
    let canary = "canary-5f1c";
    let echo = format!(r#"{{"error":{{"message":"no such token {canary} here"}}}}"#);
    let service = TokenService::open(&[(400, &echo), (500, &echo)]).await;
    let given = jwt(0);
    let config = Config { refresh_token: Some(Secret::new(canary)), ..session(&service.root, Some(&given)) };
    let pool = pool(&config, &Hand::default());
    let error = pool.lease().await.unwrap_err();
    let key = Config { api_key: Some(Secret::new(&format!("wk-{canary} {canary}"))), ..nowhere() };
    let malformed = Pool::from_config(key).unwrap_err();
    let other = Config { api_key: Some(Secret::new(canary)), ..nowhere() };
    let lease = Pool::from_config(other.clone()).unwrap().lease().await.unwrap();
    let second = pool.lease().await.unwrap_err();
    let shown = format!(
        "{error} {error:?} {second:?} {malformed} {malformed:?} {config:?} {other:?} {pool:?} {} {:?} {lease:?}",
        pool.describe(),
        pool.status(),
    );
    assert!(!shown.contains(canary) && !shown.contains(&given), "{shown}");
    assert!(shown.contains("no such token …"), "the service's own words stay: {shown}");
    service.asked();
}

/// A pool of one session with the simulator, over HTTP/2 where `http2` says so.
fn with_simulator(simulator: &Simulator, refresh: &str, http2: bool) -> Pool {
    let address = Address { http2_prior_knowledge: http2, ..Address::new(simulator.url()) };
    let config = Config { refresh_token: Some(Secret::new(refresh)), ..Config::new(address) };
    Pool::from_config(config).unwrap()
}

#[tokio::test]
async fn a_session_with_the_simulator_reads_the_accounts_models_and_is_renewed() {
    let lifetime = Duration::from_secs(2);
    let config = simulator::Config { token_lifetime: lifetime, ..simulator::Config::default() };
    let simulator = Simulator::start(config, Schema::embedded()).unwrap();
    for http2 in [false, true] {
        let pool = with_simulator(&simulator, &format!("simulator-refresh-own-{http2}"), http2);
        let address = Address::new(simulator.url());
        let http = service::builder(&address).unwrap().build().unwrap();
        let first = pool.lease().await.unwrap();
        let models = catalogue::fetch(&http, &address, first.bearer()).await.unwrap();
        assert!(models.find("claude-4-5-opus").is_some() && models.models().len() > 20);
        tokio::time::sleep(lifetime).await;
        let refused = catalogue::fetch(&http, &address, first.bearer()).await;
        assert_eq!(
            refused,
            Err(GraphqlError::Unauthorized { what: "the list of models" }),
            "the first bearer has ended"
        );
        let second = pool.lease().await.unwrap();
        assert_ne!(first.bearer(), second.bearer());
        let again = catalogue::fetch(&http, &address, second.bearer()).await;
        assert_eq!(again, Ok(models));
        let third = pool.renew(&second).await.unwrap();
        assert_ne!(second.bearer(), third.bearer());
        assert_eq!(only(&pool).renewals, 3);
    }
    simulator.shutdown().await;
}

#[tokio::test]
async fn what_the_simulator_says_of_a_refresh_token_is_understood() {
    let simulator = Simulator::start(simulator::Config::default(), Schema::embedded()).unwrap();
    let fate = async |refresh: &str| with_simulator(&simulator, refresh, true).lease().await.unwrap_err();
    assert!(matches!(fate("simulator-expired").await, CredentialError::SignInNeeded { .. }));
    assert!(matches!(fate("never-heard-of").await, CredentialError::SignInNeeded { .. }));
    assert!(matches!(fate("simulator-disabled").await, CredentialError::Disabled { .. }));
    assert!(matches!(fate("simulator-deleted").await, CredentialError::Disabled { .. }));
    assert!(matches!(fate("simulator-unexpected").await, CredentialError::Unavailable { .. }));
    simulator.shutdown().await;
}
