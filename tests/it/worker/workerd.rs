//! The broker's own code on the runtime that Cloudflare runs, put up by the real binary and asked by real clients. It
//! needs `WORKERD_BIN`, which `tests/interop/run worker` installs and names.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, http::StatusCode, routing::post};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use warp2api::{
    credential::broker::{Broker, Config, Session},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, REFRESH_TOKEN_PREFIX, Simulator},
};

use crate::{
    common::{Place, Running},
    worker::cloudflare::{ACCOUNT_ID, API_TOKEN, Cloudflare, Script},
};

const NEEDS: &str = "needs WORKERD_BIN; tests/interop/run worker sets it";

/// A broker that runs on workerd. It ends when it is dropped.
pub(crate) struct Workerd {
    url: String,
    _process: Running,
    _place: Place,
}

impl Workerd {
    /// Runs `script` as it was uploaded.
    pub(crate) fn start(script: &Script) -> Self {
        let place = Place::new();
        place.write("worker.js", &script.module);
        let configuration = place.write("config.capnp", configuration(script));
        let mut process = Command::new(binary())
            .args(["serve", "--control-fd=1"])
            .arg(configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let process = Running(process);
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("workerd did not start: {line:?}"));
        Self { url: format!("http://127.0.0.1:{}", event["port"]), _process: process, _place: place }
    }

    async fn ask(&self, method: Method, path: &str, authorization: Option<&str>) -> Response {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let mut request = client.request(method, format!("{}{path}", self.url));
        if let Some(text) = authorization {
            request = request.header("authorization", text);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        response
    }

    /// Status and body of `GET path` with `key`.
    async fn get(&self, path: &str, key: &Secret) -> (StatusCode, Value) {
        let response = self.ask(Method::GET, path, Some(&format!("Bearer {}", key.expose()))).await;
        (response.status(), response.json().await.unwrap())
    }

    /// One token, which must be had.
    async fn token(&self, key: &Secret) -> Value {
        let (status, body) = self.get("/token", key).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

#[expect(clippy::disallowed_methods, reason = "where workerd is is told by the suite that installs it")]
fn binary() -> PathBuf {
    std::env::var_os("WORKERD_BIN").expect(NEEDS).into()
}

/// workerd's configuration for `script`: its module, its bindings, a free port, and a network that reaches this machine.
fn configuration(script: &Script) -> String {
    // Its text literals are C's, and so are JSON's but for characters that none of these has.
    let literal = |value: &Value| value.to_string();
    let binding = |one: &Value| format!("(name = {}, text = {})", literal(&one["name"]), literal(&one["text"]));
    let bindings: Vec<_> = script.bindings.values().map(binding).collect();
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .broker), (name = "internet", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const broker :Workerd.Worker = (
  modules = [(name = {}, esModule = embed "worker.js")],
  compatibilityDate = {},
  bindings = [{}],
);
"#,
        literal(&script.metadata["main_module"]),
        literal(&script.metadata["compatibility_date"]),
        bindings.join(", ")
    )
}

/// A broker for `sessions` that exchanges tokens at `root`, deployed to a stand-in and run from there; and its key.
async fn broker(root: &str, sessions: &[(&str, &str)]) -> (Workerd, Secret) {
    let cloudflare = tokio::task::spawn_blocking(Cloudflare::start).await.unwrap();
    let config = Config {
        api_root: cloudflare.root.clone(),
        api_token: Secret::new(API_TOKEN),
        account_id: ACCOUNT_ID.to_owned(),
        name: "a-broker".to_owned(),
        connect_timeout: Duration::from_secs(10),
        extra_ca_pem: None,
    };
    let session = |&(name, refresh): &(&str, &str)| Session { name: name.to_owned(), refresh: Secret::new(refresh) };
    let sessions: Vec<_> = sessions.iter().map(session).collect();
    let deployed = Broker::new(&config).unwrap().deploy(&sessions, &Address::new(root), false).await.unwrap();
    let script = cloudflare.account().scripts["a-broker"].clone();
    // A runtime cannot be dropped among the tasks of another.
    tokio::task::spawn_blocking(move || drop(cloudflare)).await.unwrap();
    let workerd = tokio::task::spawn_blocking(move || Workerd::start(&script)).await.unwrap();
    (workerd, deployed.key.unwrap())
}

fn simulator() -> Simulator {
    Simulator::start(simulator::Config { fast: true, ..simulator::Config::default() }, Schema::embedded()).unwrap()
}

/// A good refresh token of the simulator's, different for each `name`.
fn refresh(name: &str) -> String {
    format!("{REFRESH_TOKEN_PREFIX}-{name}")
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Whether the simulator lets the bearer of `lent` in.
async fn works(simulator: &Simulator, lent: &Value) -> bool {
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{}/client/login", simulator.url())).header("content-length", "0");
    let response = request.bearer_auth(lent["token"].as_str().unwrap()).send().await.unwrap();
    response.status() == StatusCode::NO_CONTENT
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn tokens_are_lent_in_turn_and_work_upstream() {
    let simulator = simulator();
    let (one, two, three) = (refresh("one"), refresh("two"), refresh("three"));
    let (workerd, key) = broker(simulator.url(), &[("one", &one), ("two", &two), ("three", &three)]).await;
    let mut lent = Vec::new();
    for _ in 0..6 {
        let token = workerd.token(&key).await;
        assert!(works(&simulator, &token).await, "{token}");
        let left = token["expires_at"].as_u64().unwrap() - now();
        assert!((3_500..=3_600).contains(&left), "{left} s");
        assert_eq!(token.as_object().unwrap().len(), 3, "{token}");
        lent.push(token);
    }
    let names: Vec<_> = lent.iter().map(|token| token["account"].as_str().unwrap()).collect();
    assert_eq!(names[..3].iter().collect::<BTreeSet<_>>().len(), 3, "{names:?}");
    assert_eq!(names[..3], names[3..], "the same order again");
    assert_eq!(lent[0]["token"], lent[3]["token"], "a living token is not renewed");
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn only_the_key_opens_it() {
    let simulator = simulator();
    let (workerd, key) = broker(simulator.url(), &[("one", &refresh("one"))]).await;
    let key = key.expose();
    let almost = format!("{}0", &key[..key.len() - 1]);
    let almost = if almost == key { format!("{}1", &key[..key.len() - 1]) } else { almost };
    let wrong = ["", "Bearer", "Bearer ", "Bearer wrong", &format!("Bearer {almost}"), &format!("Basic {key}"), key];
    for path in ["/token", "/status"] {
        assert_eq!(workerd.ask(Method::GET, path, None).await.status(), StatusCode::UNAUTHORIZED);
        for text in wrong {
            let refused = workerd.ask(Method::GET, path, Some(text)).await;
            assert_eq!(
                (refused.status(), &refused.headers()["www-authenticate"]),
                (StatusCode::UNAUTHORIZED, &"Bearer".parse().unwrap()),
                "{text:?}"
            );
            assert!(!refused.text().await.unwrap().contains("one"));
        }
    }
    let lower = workerd.ask(Method::GET, "/token", Some(&format!("bearer {key}"))).await;
    assert_eq!(lower.status(), StatusCode::OK, "the scheme's case does not matter");
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn it_does_nothing_but_lend() {
    let simulator = simulator();
    let (workerd, key) = broker(simulator.url(), &[("one", &refresh("one"))]).await;
    let health = workerd.ask(Method::GET, "/health", None).await;
    assert_eq!((health.status(), health.text().await.unwrap().as_str()), (StatusCode::OK, r#"{"status":"ok"}"#));
    for path in ["/", "/token/", "/proxy/token", "/ai/multi-agent", "/v1/chat/completions", "/constructor"] {
        let (status, body) = workerd.get(path, &key).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        for path in ["/token", "/status", "/health"] {
            let refused = workerd.ask(method.clone(), path, Some(&format!("Bearer {}", key.expose()))).await;
            assert_eq!(
                (refused.status(), &refused.headers()["allow"]),
                (StatusCode::METHOD_NOT_ALLOWED, &"GET".parse().unwrap())
            );
        }
    }
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn a_dead_account_is_passed_over_and_named() {
    let simulator = simulator();
    let (good, other) = (refresh("good"), refresh("other"));
    let sessions =
        [("ended", "simulator-expired"), ("good", &*good), ("gone", "simulator-deleted"), ("other", &*other)];
    let (workerd, key) = broker(simulator.url(), &sessions).await;
    let mut lent = Vec::new();
    for _ in 0..12 {
        lent.push(workerd.token(&key).await["account"].as_str().unwrap().to_owned());
    }
    assert_eq!(lent.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(["good", "other"]));
    // Once the dead are known, the living take turns.
    assert!(lent[4..].windows(2).all(|pair| pair[0] != pair[1]), "{lent:?}");
    let (status, body) = workerd.get("/status", &key).await;
    assert_eq!(status, StatusCode::OK);
    let standing = |name: &str| body["accounts"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(standing("ended"), &json!({"name": "ended", "state": "dead", "reason": "TOKEN_EXPIRED"}));
    assert_eq!(standing("gone")["reason"], "USER_NOT_FOUND");
    assert_eq!((&standing("good")["state"], &standing("other")["state"]), (&json!("ready"), &json!("ready")));
    assert!(!body.to_string().contains("simulator-") && !body.to_string().contains("eyJ"), "{body}");
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn without_a_living_account_it_says_so() {
    let simulator = simulator();
    let (workerd, key) = broker(simulator.url(), &[("ended", "simulator-expired"), ("gone", "nonsense")]).await;
    let (status, body) = workerd.get("/token", &key).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("no_account")));
    let (workerd, key) = broker(simulator.url(), &[("shaky", "simulator-unexpected")]).await;
    let response = workerd.ask(Method::GET, "/token", Some(&format!("Bearer {}", key.expose()))).await;
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!((response.status(), (1..=10).contains(&wait)), (StatusCode::SERVICE_UNAVAILABLE, true));
    assert!(response.text().await.unwrap().contains("no_token"));
    let (_, body) = workerd.get("/status", &key).await;
    assert_eq!(body["accounts"][0]["state"], "failing", "{body}");
}

/// A token service that notes what it gets, and gives what its `plan` says: the nth answer, then the last one for ever.
struct Service {
    root: String,
    got: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Service {
    async fn start(plan: Vec<(u16, Value)>, delay: Duration) -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let noted = got.clone();
        let exchange = async move |body: String| {
            let at = {
                let mut noted = noted.lock().unwrap();
                noted.push(body);
                noted.len() - 1
            };
            tokio::time::sleep(delay).await;
            let (status, answer) = plan[at.min(plan.len() - 1)].clone();
            (StatusCode::from_u16(status).unwrap(), Json(answer))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/proxy/token", post(exchange));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { root, got, _tasks: tasks }
    }

    /// The forms that came.
    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

fn issued(id: &str, life: &str) -> (u16, Value) {
    (200, json!({"id_token": id, "refresh_token": "the-next", "expires_in": life}))
}

const FIRST: &str = "grant_type=refresh_token&refresh_token=the-first";
const NEXT: &str = "grant_type=refresh_token&refresh_token=the-next";

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn many_at_once_cause_one_renewal() {
    let service = Service::start(vec![issued("id", "3600")], Duration::from_millis(200)).await;
    let (workerd, key) = broker(&service.root, &[("one", "the-first")]).await;
    let (workerd, key) = (Arc::new(workerd), Arc::new(key));
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        let (workerd, key) = (workerd.clone(), key.clone());
        callers.spawn(async move { workerd.token(&key).await });
    }
    let lent = callers.join_all().await;
    assert!(lent.iter().all(|token| token["token"] == "id"));
    assert_eq!(service.got(), [FIRST]);
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn a_renewal_outlives_the_caller_that_caused_it() {
    let service = Service::start(vec![issued("id", "3600")], Duration::from_secs(2)).await;
    let (workerd, key) = broker(&service.root, &[("one", "the-first")]).await;
    let impatient = tokio::time::timeout(Duration::from_millis(700), workerd.token(&key)).await;
    assert!(impatient.is_err(), "the service takes longer");
    assert_eq!(workerd.token(&key).await["token"], "id");
    assert_eq!(service.got(), [FIRST]);
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn a_token_is_renewed_half_way_with_the_newest_refresh_token() {
    let service = Service::start(vec![issued("short", "4"), issued("long", "3600")], Duration::ZERO).await;
    let (workerd, key) = broker(&service.root, &[("one", "the-first")]).await;
    assert_eq!(workerd.token(&key).await["token"], "short");
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(workerd.token(&key).await["token"], "long");
    assert_eq!(workerd.token(&key).await["token"], "long");
    assert_eq!(service.got(), [FIRST, NEXT]);
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn trouble_that_may_pass_spares_a_token_that_lives() {
    let service = Service::start(vec![issued("living", "12"), (502, json!({}))], Duration::ZERO).await;
    let (workerd, key) = broker(&service.root, &[("one", "the-first")]).await;
    assert_eq!(workerd.token(&key).await["token"], "living");
    tokio::time::sleep(Duration::from_millis(6_100)).await;
    assert_eq!(workerd.token(&key).await["token"], "living", "half of its last half is left");
    assert_eq!(service.got().len(), 2, "it has been tried");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(workerd.get("/token", &key).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(service.got().len(), 2, "a resting account is not tried");
}

#[tokio::test]
#[ignore = "needs WORKERD_BIN; tests/interop/run worker sets it"]
async fn what_a_token_service_says_is_not_repeated() {
    let leak = json!({"error": {"message": "the-first is unknown", "echo": "the-first"}});
    for answer in [(400, leak), (200, json!({"id_token": "living-id"})), (200, json!(null)), (302, json!({}))] {
        let service = Service::start(vec![answer.clone()], Duration::ZERO).await;
        let (workerd, key) = broker(&service.root, &[("one", "the-first")]).await;
        for path in ["/token", "/status"] {
            let (_, body) = workerd.get(path, &key).await;
            let text = body.to_string();
            assert!(!text.contains("the-first") && !text.contains("living-id"), "{answer:?}: {text}");
        }
        let (_, body) = workerd.get("/status", &key).await;
        assert_eq!(body["accounts"][0]["state"], "failing", "{answer:?}");
    }
}
