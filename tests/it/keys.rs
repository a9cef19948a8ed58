//! Client keys before a running server, in every dialect: what each may do, how much of it, how that is told, and that it
//! is counted whatever becomes of an answer.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use warp2api::{
    clients::{
        Clients, Counter as _, Key, KeyId, Keys as _, Limits, MAX_AGE, NewKey, StoredCounter, StoredKeys, Terms, Used,
        generate,
    },
    secret::Secret,
    server::Config,
    simulator::Simulator,
};

use crate::{
    clients::{CLIENTS, Client, user},
    common::{Place, Ran, Running},
    front::{Front, Setup, header, playing},
};

/// No wait of a test is longer.
const GUARD: Duration = Duration::from_secs(20);

/// Noon of some day, and how long days and minutes are, in milliseconds.
const NOON: u64 = 20_000 * DAY + DAY / 2;
const DAY: u64 = 24 * 3600 * 1000;
const MINUTE: u64 = 61_000;

/// A server with a store of keys and a clock that the test sets.
struct Bench {
    front: Front,
    keys: StoredKeys,
    counter: StoredCounter,
    clock: Arc<AtomicU64>,
    simulator: Simulator,
    place: TempDir,
}

/// Answers that cost 37 tokens and a quarter of a credit.
fn cheap() -> Value {
    let finish = json!({"finish": {"usage": {"input": 30, "output": 7}, "fields": {"request_cost": {"exact": 0.25}}}});
    json!([{"steps": [{"text": "Hello."}, finish]}])
}

impl Bench {
    async fn new(exchanges: &Value) -> Self {
        Self::with(exchanges, Config::default()).await
    }

    async fn with(exchanges: &Value, config: Config) -> Self {
        let (simulator, place) = (playing(exchanges), tempfile::tempdir().unwrap());
        let clock = Arc::new(AtomicU64::new(NOON));
        let front = serve(&simulator, place.path(), &clock, config).await;
        let keys = StoredKeys::of(place.path());
        let counter = StoredCounter::start(place.path()).unwrap();
        Self { front, keys, counter, clock, simulator, place }
    }

    async fn key(&self, name: &str, terms: Terms) -> (Secret, KeyId) {
        create(&self.keys, name, terms).await
    }

    fn forward(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    fn ask(&self, client: Client, stream: bool, key: &Secret) -> RequestBuilder {
        let body = client.body(stream, &[user("hi")], &[]).to_string();
        self.front.request(Method::POST, client.path(stream)).bearer_auth(key.expose()).body(body)
    }

    async fn answer(&self, client: Client, key: &Secret) -> Response {
        self.ask(client, false, key).send().await.unwrap()
    }

    /// Waits until what `key` has used is `so`.
    async fn until_used(&self, key: &KeyId, so: impl Fn(&Used) -> bool) -> Used {
        let began = Instant::now();
        loop {
            let used = self.counter.used(key, self.clock.load(Ordering::SeqCst)).await.unwrap();
            if so(&used) {
                return used;
            }
            assert!(began.elapsed() < GUARD, "{used:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn serve(simulator: &Simulator, state: &Path, clock: &Arc<AtomicU64>, config: Config) -> Front {
    let time = Arc::clone(clock);
    let clients = Clients::with_clock(
        Box::new(StoredKeys::of(state)),
        Box::new(StoredCounter::start(state).unwrap()),
        Arc::new(move || time.load(Ordering::SeqCst)),
    );
    let server = Config { clients: Some(clients), ..config };
    Front::start(simulator.url(), Setup { server, ..Setup::default() }).await
}

async fn create(keys: &StoredKeys, name: &str, terms: Terms) -> (Secret, KeyId) {
    let (secret, id, digest) = generate(None).unwrap();
    let key = NewKey { id: id.clone(), name: name.to_owned(), digest, terms, created: NOON };
    keys.create(key).await.unwrap();
    (secret, id)
}

fn limited(limits: Limits) -> Terms {
    Terms { limits, ..Terms::default() }
}

/// What an error says, in any dialect.
async fn message(response: Response) -> String {
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    body["error"]["message"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

/// Checks an error's status and words, and gives what it says.
async fn refused(response: Response, status: u16, words: &[&str]) -> String {
    assert_eq!(response.status().as_u16(), status);
    let message = message(response).await;
    for word in words {
        assert!(message.contains(word), "{word:?} in {message:?}");
    }
    message
}

/// The header of a client's dialect about what is left, such as `remaining-requests`.
fn left<'a>(client: Client, response: &'a Response, what: &str, kind: &str) -> &'a str {
    match client {
        Client::Anthropic => header(response, &format!("anthropic-ratelimit-{kind}-{what}")),
        Client::Chat | Client::Responses | Client::Gemini => header(response, &format!("x-ratelimit-{what}-{kind}")),
    }
}

#[tokio::test]
async fn a_key_may_ask_its_models_and_sees_no_others() {
    let bench = Bench::new(&cheap()).await;
    let models = |names: &[&str]| Terms { models: names.iter().map(|n| (*n).to_owned()).collect(), ..Terms::default() };
    let (auto, _) = bench.key("auto", models(&["auto", "claude-4-5-*"])).await;
    let (other, _) = bench.key("other", models(&["gpt-5"])).await;
    for client in CLIENTS {
        assert_eq!(bench.answer(client, &auto).await.status(), 200, "{client:?}");
        for stream in [true, false] {
            let asked = bench.ask(client, stream, &other).send().await.unwrap();
            refused(asked, 403, &["`other`", "the model `auto`", "only: gpt-5"]).await;
        }
    }
    assert_eq!(bench.simulator.requests().len(), CLIENTS.len(), "what is refused is not sent on");
    let get = |path: &str, key: &Secret| bench.front.request(Method::GET, path).bearer_auth(key.expose());
    let ids = async |request: RequestBuilder| {
        let body: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
        let list = body["data"].as_array().or(body["models"].as_array()).unwrap_or_else(|| panic!("{body}"));
        list.iter().map(|model| model["id"].as_str().or(model["name"].as_str()).unwrap().to_owned()).collect()
    };
    for (path, version) in [("/v1/models", false), ("/v1/models", true), ("/v1beta/models", false)] {
        let request = |key| match version {
            true => get(path, key).header("anthropic-version", "2023-06-01"),
            false => get(path, key),
        };
        let prefix = if path.contains("beta") { "models/" } else { "" };
        let seen: Vec<String> = ids(request(&other)).await;
        assert_eq!(seen, [format!("{prefix}gpt-5")], "{path} {version}");
        let seen: Vec<String> = ids(request(&auto)).await;
        let is_fine = |id: &String| id == &format!("{prefix}auto") || id.starts_with(&format!("{prefix}claude-4-5-"));
        assert!(seen.len() > 2 && seen.iter().all(is_fine), "{seen:?}");
    }
    assert_eq!(get("/v1/models/gpt-5", &other).send().await.unwrap().status(), 200);
    refused(get("/v1/models/auto", &other).send().await.unwrap(), 403, &["only: gpt-5"]).await;
    let count = bench.front.request(Method::POST, "/v1/messages/count_tokens").bearer_auth(other.expose());
    let body = Client::Anthropic.body(false, &[user("hi")], &[]).to_string();
    refused(count.body(body).send().await.unwrap(), 403, &["the model `auto`"]).await;
}

#[tokio::test]
async fn a_key_may_speak_its_dialects_and_is_told_so_in_the_others() {
    let bench = Bench::new(&cheap()).await;
    for (client, name) in CLIENTS.iter().zip(["openai_chat", "openai_responses", "anthropic", "gemini"]) {
        let terms = Terms { dialects: vec![name.to_owned()], ..Terms::default() };
        let (key, _) = bench.key(name, terms).await;
        for other in CLIENTS {
            let response = bench.answer(other, &key).await;
            match other == *client {
                true => assert_eq!(response.status(), 200, "{name}"),
                false => drop(refused(response, 403, &["may not use this API", &format!("only: {name}")]).await),
            }
        }
        let models = bench.front.request(Method::GET, "/v1/models").bearer_auth(key.expose());
        assert_eq!(models.send().await.unwrap().status(), 200, "the list belongs to none of them");
    }
}

#[tokio::test]
async fn requests_a_minute_are_counted_told_and_freed() {
    let bench = Bench::new(&cheap()).await;
    for client in CLIENTS {
        let terms = limited(Limits { requests_per_minute: Some(2), ..Limits::default() });
        let (key, id) = bench.key(&format!("{client:?}"), terms).await;
        for remaining in ["1", "0"] {
            let response = bench.answer(client, &key).await;
            assert_eq!(response.status(), 200);
            assert_eq!(left(client, &response, "limit", "requests"), "2", "{client:?}");
            assert_eq!(left(client, &response, "remaining", "requests"), remaining, "{client:?}");
            assert_ne!(left(client, &response, "reset", "requests"), "", "{client:?}");
            assert_eq!(left(client, &response, "limit", "tokens"), "", "they are not limited");
            bench.forward(20_000);
        }
        for stream in [true, false] {
            let response = bench.ask(client, stream, &key).send().await.unwrap();
            assert_eq!(header(&response, "retry-after"), "21", "{client:?}");
            assert_eq!(header(&response, "x-should-retry"), "", "it is worth waiting for");
            assert_eq!(left(client, &response, "remaining", "requests"), "0");
            let words = ["2 requests a minute", "of the gateway's own, not of Warp", "try again in 21s"];
            refused(response, 429, &words).await;
        }
        bench.forward(21_000);
        assert_eq!(bench.answer(client, &key).await.status(), 200, "one is free");
        assert_eq!(bench.answer(client, &key).await.status(), 429);
        assert_eq!(bench.until_used(&id, |_| true).await.requests, 3, "what is refused is not counted");
        bench.forward(MINUTE);
        assert_eq!(left(client, &bench.answer(client, &key).await, "remaining", "requests"), "1");
    }
}

#[tokio::test]
async fn tokens_a_day_are_what_answers_cost_until_midnight() {
    let bench = Bench::new(&cheap()).await;
    for client in CLIENTS {
        bench.clock.store(NOON, Ordering::SeqCst);
        let terms = limited(Limits { tokens_per_day: Some(50), ..Limits::default() });
        let (key, id) = bench.key(&format!("{client:?}"), terms).await;
        let streamed = bench.ask(client, true, &key).send().await.unwrap();
        assert_eq!(left(client, &streamed, "remaining", "tokens"), "50", "a stream begins before it costs anything");
        client.hears(true, &streamed.text().await.unwrap());
        let whole = bench.answer(client, &key).await;
        assert_eq!(left(client, &whole, "limit", "tokens"), "50");
        assert_eq!(left(client, &whole, "remaining", "tokens"), "0", "it has cost more than was left");
        assert_eq!(bench.until_used(&id, |_| true).await.spent.tokens, 74);
        let response = bench.answer(client, &key).await;
        assert_eq!(header(&response, "retry-after"), (12 * 3600).to_string());
        assert_eq!(header(&response, "x-should-retry"), "false", "nobody waits until midnight");
        refused(response, 429, &["may use 50 tokens a day", "midnight UTC", "not of Warp"]).await;
        bench.forward(DAY / 2);
        assert_eq!(bench.answer(client, &key).await.status(), 200, "a new day");
    }
}

#[tokio::test]
async fn credits_a_day_are_what_the_upstream_charged() {
    let bench = Bench::new(&cheap()).await;
    for client in CLIENTS {
        let terms = limited(Limits { credits_per_day: Some(0.5), ..Limits::default() });
        let (key, id) = bench.key(&format!("{client:?}"), terms).await;
        let first = bench.answer(client, &key).await;
        assert_eq!(header(&first, "x-warp2api-credits-limit"), "0.5");
        assert_eq!(header(&first, "x-warp2api-credits-remaining"), "0.25");
        bench.answer(client, &key).await;
        assert_eq!(bench.until_used(&id, |_| true).await.spent.credits, 0.5);
        refused(bench.answer(client, &key).await, 429, &["may spend 0.5 credits a day"]).await;
    }
}

#[tokio::test]
async fn the_key_s_own_limits_stand_where_the_account_s_would() {
    let bench = Bench::new(&cheap()).await;
    let limits = Limits { credits_per_day: Some(5.0), requests_per_minute: Some(9), ..Limits::default() };
    let (key, _) = bench.key("both", limited(limits)).await;
    let response = bench.answer(Client::Responses, &key).await;
    for (name, value) in [
        ("x-codex-credits-balance", "4"),
        ("x-codex-primary-window-minutes", "1440"),
        ("x-ratelimit-limit-requests", "9"),
        ("x-ratelimit-remaining-requests", "8"),
    ] {
        assert_eq!(header(&response, name), value, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_at_once_are_freed_by_their_end_and_by_their_client_s_going() {
    let bench = Bench::new(&json!([{"steps": [{"text": "So far"}, "stall"]}])).await;
    for client in CLIENTS {
        let (key, id) =
            bench.key(&format!("{client:?}"), limited(Limits { streams: Some(2), ..Limits::default() })).await;
        let first = bench.ask(client, true, &key).send().await.unwrap();
        let second = bench.ask(client, true, &key).send().await.unwrap();
        let response = bench.answer(client, &key).await;
        assert_eq!(header(&response, "retry-after"), "1");
        refused(response, 429, &["2 answers under way at once", "not of Warp"]).await;
        drop(first);
        bench.until_used(&id, |used| used.streams == 1).await;
        let third = bench.ask(client, true, &key).send().await.unwrap();
        assert_eq!(third.status(), 200, "{client:?}");
        // One that waits for a whole body leaves as well.
        drop(second);
        bench.until_used(&id, |used| used.streams == 1).await;
        let waiting = tokio::time::timeout(Duration::from_millis(200), bench.answer(client, &key)).await;
        assert!(waiting.is_err(), "{client:?}: it has no end");
        bench.until_used(&id, |used| used.streams == 1 && used.requests == 4).await;
        drop(third);
        bench.until_used(&id, |used| used.streams == 0).await;
    }
}

#[tokio::test]
async fn whoever_has_heard_the_end_of_an_answer_can_have_the_next() {
    let bench = Bench::new(&cheap()).await;
    for client in CLIENTS {
        let (key, _) =
            bench.key(&format!("{client:?}"), limited(Limits { streams: Some(1), ..Limits::default() })).await;
        for turn in 0..20 {
            let response = bench.ask(client, turn % 2 == 0, &key).send().await.unwrap();
            assert_eq!(response.status(), 200, "{client:?}, turn {turn}");
            response.bytes().await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_left_costs_what_was_had_of_it() {
    let bench = Bench::new(&json!([{"steps": [{"text": "x".repeat(4000)}, "stall"]}])).await;
    let terms = limited(Limits { tokens_per_day: Some(10_000), ..Limits::default() });
    let (key, id) = bench.key("leaver", terms).await;
    let mut response = bench.ask(Client::Chat, true, &key).send().await.unwrap();
    let mut seen = 0;
    while seen < 4000 {
        seen += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);
    let used = bench.until_used(&id, |used| used.streams == 0).await;
    assert!((1001..1100).contains(&used.spent.tokens), "a thousand of the answer, some of the question: {used:?}");
}

#[tokio::test]
async fn an_answer_that_fails_frees_its_place_and_costs_what_is_known() {
    let refusal = json!([{"status": 500}]);
    let midway = json!([{"steps": [{"text": "So far"}, "abort"]}]);
    for exchanges in [refusal, midway] {
        let bench = Bench::new(&exchanges).await;
        for client in CLIENTS {
            let limits = Limits { streams: Some(1), requests_per_minute: Some(50), ..Limits::default() };
            let (key, id) = bench.key(&format!("{client:?}"), limited(limits)).await;
            for stream in [true, false] {
                let response = bench.ask(client, stream, &key).send().await.unwrap();
                assert_eq!(left(client, &response, "limit", "requests"), "50", "failures show it too");
                response.bytes().await.unwrap();
                let used = bench.until_used(&id, |used| used.streams == 0).await;
                assert!(used.spent.tokens < 20, "{used:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_never_exceed_a_limit() {
    let endless = json!([{"steps": [{"text": "So far"}, "stall"]}]);
    for (limits, exchanges) in [
        (Limits { requests_per_minute: Some(7), ..Limits::default() }, cheap()),
        // None of them ends before all have asked.
        (Limits { streams: Some(7), ..Limits::default() }, endless),
    ] {
        let bench = Arc::new(Bench::new(&exchanges).await);
        let (key, id) = bench.key("crowd", limited(limits)).await;
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..64 {
            let (bench, key, client) = (Arc::clone(&bench), key.clone(), CLIENTS[number % 4]);
            asking.spawn(async move { bench.ask(client, true, &key).send().await.unwrap() });
        }
        let responses = asking.join_all().await;
        let with = |status| responses.iter().filter(|response| response.status() == status).count();
        assert_eq!((with(StatusCode::OK), with(StatusCode::TOO_MANY_REQUESTS)), (7, 57), "{limits:?}");
        assert!(responses.iter().all(|answer| answer.status() == 200 || !header(answer, "retry-after").is_empty()));
        assert_eq!(bench.until_used(&id, |_| true).await.requests, 7);
        drop(responses);
        bench.until_used(&id, |used| used.streams == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_exceed_a_budget_by_the_last_answer_at_most() {
    let bench = Arc::new(Bench::new(&cheap()).await);
    let (key, id) = bench.key("crowd", limited(Limits { tokens_per_day: Some(1_000), ..Limits::default() })).await;
    for _ in 0..4 {
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..64 {
            let (bench, key) = (Arc::clone(&bench), key.clone());
            asking.spawn(async move { bench.answer(CLIENTS[number % 4], &key).await.bytes().await.unwrap() });
        }
        asking.join_all().await;
    }
    let used = bench.until_used(&id, |used| used.streams == 0).await;
    assert!((1_000..1_037).contains(&used.spent.tokens), "{used:?}");
}

#[tokio::test]
async fn a_key_is_good_in_a_running_server_from_when_it_is_made_until_it_is_revoked_or_ends() {
    let bench = Bench::new(&cheap()).await;
    let models = |key: &Secret| bench.front.request(Method::GET, "/v1/models").header("x-api-key", key.expose());
    let any = Secret::new("any");
    assert_eq!(models(&any).send().await.unwrap().status(), 200, "there is no key yet, so any will do");
    let (first, _) = bench.key("first", Terms::default()).await;
    assert_eq!(models(&first).send().await.unwrap().status(), 200);
    until_status(|| models(&any), 401).await;
    let (second, _) = bench.key("second", Terms { expires: Some(NOON + 5000), ..Terms::default() }).await;
    assert_eq!(models(&second).send().await.unwrap().status(), 200, "a new key is good at once");
    bench.forward(5000);
    refused(models(&second).send().await.unwrap(), 401, &["`second` is expired"]).await;
    let (_, id, digest) = generate(None).unwrap();
    let held = bench.keys.change("first", None, Some(digest)).await.unwrap();
    assert_ne!(held.id, id, "the key stays itself with another secret");
    until_status(|| models(&first), 401).await;
    let (third, _) = bench.key("third", Terms::default()).await;
    assert_eq!(models(&third).send().await.unwrap().status(), 200);
    bench.keys.revoke("third", NOON).await.unwrap();
    until_status(|| models(&third), 401).await;
    refused(models(&third).send().await.unwrap(), 401, &["`third` is revoked"]).await;
    for name in ["first", "second"] {
        bench.keys.revoke(name, NOON).await.unwrap();
    }
    tokio::time::sleep(MAX_AGE).await;
    refused(models(&any).send().await.unwrap(), 401, &["not one of this server's client keys"]).await;
}

/// Asks until the answer has `status`, no longer than a server may take to hear of a change.
async fn until_status(request: impl Fn() -> RequestBuilder, status: u16) {
    let began = Instant::now();
    while request().send().await.unwrap().status().as_u16() != status {
        assert!(began.elapsed() < GUARD, "{status} within {MAX_AGE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_was_changed_holds_and_what_was_counted_outlives_the_server() {
    let mut bench = Bench::new(&cheap()).await;
    let (key, id) = bench.key("durable", limited(Limits { requests_per_minute: Some(2), ..Limits::default() })).await;
    assert_eq!(bench.answer(Client::Chat, &key).await.status(), 200);
    bench.front.stop.take().unwrap().send(()).unwrap();
    bench.front.serving.join_next().await.unwrap().unwrap().unwrap();
    bench.front = serve(&bench.simulator, bench.place.path(), &bench.clock, Config::default()).await;
    assert_eq!(left(Client::Chat, &bench.answer(Client::Chat, &key).await, "remaining", "requests"), "0");
    assert_eq!(bench.answer(Client::Chat, &key).await.status(), 429);
    assert_eq!(bench.until_used(&id, |_| true).await.spent.tokens, 74);
    bench.keys.change("durable", Some(Terms::default()), None).await.unwrap();
    tokio::time::sleep(MAX_AGE).await;
    assert_eq!(bench.answer(Client::Chat, &key).await.status(), 200, "nothing limits it any more");
}

#[tokio::test]
async fn a_key_of_the_settings_has_no_limits_and_stands_beside_the_others() {
    let config = Config { client_keys: vec![Secret::new("sesame")], ..Config::default() };
    let bench = Bench::with(&cheap(), config).await;
    let (key, _) = bench.key("one", limited(Limits { requests_per_minute: Some(1), ..Limits::default() })).await;
    for _ in 0..3 {
        let response = bench.answer(Client::Chat, &Secret::new("sesame")).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-ratelimit-limit-requests")), (200, ""));
    }
    assert_eq!(bench.answer(Client::Chat, &Secret::new("wrong")).await.status(), 401);
    for (name, value) in [
        ("authorization", format!("Bearer {}", key.expose())),
        ("x-api-key", key.expose().to_owned()),
        ("api-key", key.expose().to_owned()),
        ("x-goog-api-key", key.expose().to_owned()),
    ] {
        let request = bench.front.request(Method::GET, "/v1/models").header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 200, "{name}");
    }
    let path = format!("/v1beta/models?key={}", key.expose());
    assert_eq!(bench.front.request(Method::GET, &path).send().await.unwrap().status(), 200);
    let two = bench.front.request(Method::GET, "/v1/models").bearer_auth("wrong").header("x-api-key", key.expose());
    assert_eq!(two.send().await.unwrap().status(), 200, "clients may send two keys");
}

#[tokio::test]
async fn kept_answers_belong_to_the_key_and_stay_its_own_with_another_secret() {
    let bench = Bench::new(&cheap()).await;
    let (mine, id) = bench.key("mine", Terms::default()).await;
    let (other, _) = bench.key("other", Terms::default()).await;
    let body = json!({"model": "auto", "input": "hi", "store": true});
    let ask = bench.front.request(Method::POST, "/v1/responses").bearer_auth(mine.expose());
    let kept: Value =
        serde_json::from_str(&ask.body(body.to_string()).send().await.unwrap().text().await.unwrap()).unwrap();
    let path = format!("/v1/responses/{}", kept["id"].as_str().unwrap());
    let get = |key: &Secret| bench.front.request(Method::GET, &path).bearer_auth(key.expose());
    assert_eq!(get(&mine).send().await.unwrap().status(), 200);
    assert_eq!(get(&other).send().await.unwrap().status(), 404);
    let (renewed, _, digest) = generate(Some(&id)).unwrap();
    bench.keys.change("mine", None, Some(digest)).await.unwrap();
    assert_eq!(get(&renewed).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn names_are_unique_among_keys_that_are_not_revoked() {
    let place = tempfile::tempdir().unwrap();
    let keys = StoredKeys::of(place.path());
    assert_eq!(keys.list().await.unwrap(), []);
    assert!(!place.path().join("state.db").exists(), "whoever looks makes nothing");
    let (_, first) = create(&keys, "ci", Terms::default()).await;
    let (_, id, digest) = generate(None).unwrap();
    let again = NewKey { id, name: "ci".to_owned(), digest, terms: Terms::default(), created: NOON };
    assert!(keys.create(again.clone()).await.is_err());
    assert_eq!(keys.revoke("ci", NOON).await.unwrap().id, first);
    assert!(keys.revoke("ci", NOON).await.is_err() && keys.change("ci", None, None).await.is_err());
    keys.create(again).await.unwrap();
    assert_eq!(keys.list().await.unwrap().len(), 2);
    let later = NOON + 31 * DAY;
    let (_, id, digest) = generate(None).unwrap();
    keys.create(NewKey { id, name: "later".to_owned(), digest, terms: Terms::default(), created: later })
        .await
        .unwrap();
    let names: Vec<String> = keys.list().await.unwrap().into_iter().map(|key: Key| key.name).collect();
    assert_eq!(names, ["ci", "later"], "what was revoked long ago is forgotten");
}

/// Runs `warp2api key` with the words of `line`.
fn key(place: &Place, line: &str) -> Ran {
    place.run(&format!("key {line}"), b"")
}

/// What `key list --json` says.
fn listed(place: &Place) -> Vec<Value> {
    let list: Value = serde_json::from_slice(&key(place, "list --json").ended(0).out).unwrap();
    list["keys"].as_array().unwrap().clone()
}

#[test]
fn keys_are_made_listed_changed_and_revoked_from_the_command_line() {
    let place = Place::new();
    assert!(key(&place, "list").ended(0).err.contains("key create NAME"));
    let made = key(
        &place,
        "create ci --models auto,gpt-5* --dialects openai_chat,anthropic --requests-per-minute 60 \
         --tokens-per-day 2M --credits-per-day 7.5 --streams 4 --expires 30d",
    )
    .ended(0);
    let secret = made.text().trim().to_owned();
    assert!(secret.starts_with("w2a-") && made.text().lines().count() == 1, "the key alone can be piped");
    assert!(made.err.contains("the only time") && made.err.contains("60 requests a minute"), "{}", made.err);
    assert!(!made.err.contains(&secret));
    let line = &listed(&place)[0];
    for (field, value) in [
        ("name", json!("ci")),
        ("state", json!("in force")),
        ("models", json!(["auto", "gpt-5*"])),
        ("dialects", json!(["openai_chat", "anthropic"])),
        ("requests_per_minute", json!(60)),
        ("tokens_per_day", json!(2_000_000)),
        ("credits_per_day", json!(7.5)),
        ("streams", json!(4)),
        ("used_today", json!({"requests": 0, "tokens": 0, "credits": 0.0})),
        ("last_used", Value::Null),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    key(&place, "update ci --streams none --models all --expires never --requests-per-minute 5").ended(0);
    let line = &listed(&place)[0];
    let fields = (&line["streams"], &line["models"], &line["expires"], &line["requests_per_minute"]);
    assert_eq!(fields, (&Value::Null, &json!([]), &Value::Null, &json!(5)));
    assert_eq!(line["credits_per_day"], 7.5, "what is not named stays");
    let rotated: Value = serde_json::from_slice(&key(&place, "rotate ci --json").ended(0).out).unwrap();
    assert_ne!(rotated["key"], secret);
    assert_eq!(rotated["id"], line["id"]);
    let table = key(&place, "list").ended(0);
    assert!(table.text().contains("ci") && table.text().contains("0/2000000"), "{}", table.text());
    assert!(key(&place, "revoke ci").ended(0).err.contains("last one"));
    assert_eq!(listed(&place)[0]["state"], "revoked");
    let parts: BTreeSet<&str> = secret.split('-').collect();
    assert!(parts.len() == 3 && !String::from_utf8_lossy(&key(&place, "list --json").out).contains(&secret[17..]));
}

#[test]
fn what_cannot_be_is_refused_with_what_would_be_right() {
    let place = Place::new();
    key(&place, "create ci").ended(0);
    key(&place, "create gone").ended(0);
    key(&place, "revoke gone").ended(0);
    for (line, words) in [
        ("create ci", &["another client key named ci", "revoke that key first"][..]),
        ("create a/b", &["1 to 64 letters"]),
        ("revoke nobody", &["no client key named nobody", "key list"]),
        ("rotate nobody", &["no client key named nobody"]),
        ("update nobody --streams 1", &["no client key named nobody"]),
        ("create x --streams 0", &["1 to 1000000, or none"]),
        ("create x --tokens-per-day lots", &["500k"]),
        ("create x --credits-per-day=-1", &["credits-per-day"]),
        ("create x --expires soon", &["30d"]),
        ("create x --expires 2020-01-01", &["a time that is over"]),
        ("create x --dialects french", &["openai_chat", "gemini"]),
        ("create x --models ,", &["--models names nothing", "`--models all`"]),
        ("update ci --models= ", &["--models names nothing"]),
        ("revoke gone", &["gone is revoked", "key create"]),
        ("rotate gone", &["gone is revoked"]),
        ("update gone --streams 1", &["gone is revoked"]),
    ] {
        let ran = key(&place, line).ended(2);
        for word in words {
            assert!(ran.err.contains(word), "{line}: {}", ran.err);
        }
        assert_eq!(ran.text(), "", "{line}");
    }
    assert_eq!(listed(&place).len(), 2, "nothing was made");
    let strange = key(&place, "create x --models claude-4-5-opus,made-up-model").ended(0);
    let warnings: Vec<&str> = strange.err.lines().filter(|line| line.starts_with("warning")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("`made-up-model`"), "{warnings:?}");
}

#[test]
fn a_key_that_nobody_gets_is_none() {
    let place = Place::new();
    let secret = key(&place, "create ci").ended(0).text().trim().to_owned();
    let before = listed(&place);
    for line in ["rotate ci", "rotate ci --json", "create other"] {
        // A pipe that nobody reads from.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = place.command(&format!("key {line}")).stdout(writer).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{line}: {told}");
        assert!(told.contains("the key cannot be printed") && told.contains("nothing was changed"), "{line}: {told}");
    }
    assert_eq!(listed(&place), before);
    let (_server, _, address) = serving(&place, "--listen 127.0.0.1:0");
    assert_eq!(status(&address, &secret), 200, "the one before goes on");
}

/// A server of the simulator as a process, with what it says until it says that it serves, and its address.
fn serving(place: &Place, line: &str) -> (Running, String, String) {
    let mut command = place.command(&format!("serve --upstream simulator:fast -vv {line}"));
    let child = command.env("WARP2API_LOG", "trace").stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut server = Running(child.unwrap());
    let banner = server.wait_for("/v1/chat/completions");
    let address = banner.lines().find_map(|line| line.split("listens on ").nth(1)).unwrap().trim().to_owned();
    (server, banner, address.replace("0.0.0.0", "127.0.0.1"))
}

/// The status of a list of models with `key`.
fn status(address: &str, key: &str) -> u16 {
    let asking = async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(format!("{address}/v1/models")).bearer_auth(key).send().await.unwrap().status().as_u16()
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(asking)
}

#[test]
fn others_are_served_when_there_is_a_key_in_the_state() {
    let place = Place::new();
    let line = "serve --upstream simulator:fast --listen 0.0.0.0:0";
    assert!(place.run(line, b"").ended(2).err.contains("key create"));
    let secret = key(&place, "create ci").ended(0).text().trim().to_owned();
    let (_server, banner, address) = serving(&place, "--listen 0.0.0.0:0");
    assert!(banner.contains("client keys 1") && !banner.contains("no client key is set"), "{banner}");
    assert_eq!((status(&address, &secret), status(&address, "any")), (200, 401));
    key(&place, "revoke ci").ended(0);
    let began = Instant::now();
    while status(&address, &secret) != 401 {
        assert!(began.elapsed() < GUARD);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(status(&address, "any"), 401, "it does not open when its last key is gone");
    assert!(place.run(line, b"").ended(2).err.contains("key create"), "and does not start again without one");
}

#[test]
fn a_secret_is_shown_once_and_nowhere_else() {
    let place = Place::new();
    let made = key(&place, "create ci -vv").ended(0);
    let secret = made.text().trim()["w2a-0123456789ab-".len()..].to_owned();
    let whole = made.text().trim().to_owned();
    let (mut server, banner, address) = serving(&place, "--listen 127.0.0.1:0");
    assert_eq!((status(&address, &whole), status(&address, &format!("{whole}0"))), (200, 401));
    drop(server.0.kill());
    let mut rest = String::new();
    std::io::Read::read_to_string(server.0.stderr.as_mut().unwrap(), &mut rest).unwrap();
    let list = key(&place, "list --json -vv");
    for (what, text) in [("log", &rest), ("banner", &banner), ("notes", &made.err), ("list", &list.err)] {
        assert!(!text.contains(&secret), "{what}");
    }
    assert!(!list.text().contains(&secret));
    for entry in fs::read_dir(place.path().join("state")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
    }
}

#[test]
fn a_server_that_cannot_tell_which_keys_there_are_lets_nobody_in_until_it_can() {
    let place = Place::new();
    let secret = key(&place, "create ci").ended(0).text().trim().to_owned();
    let database = place.path().join("state/state.db");
    let good = fs::read(&database).unwrap();
    fs::write(&database, "this is no database ".repeat(100)).unwrap();
    let (_open, banner, address) = serving(&place, "--listen 127.0.0.1:0 --allow-anonymous");
    assert!(banner.contains("any key will do"), "{banner}");
    assert_eq!(status(&address, "any"), 200);
    let (_closed, banner, address) = serving(&place, "--listen 127.0.0.1:0");
    assert!(banner.contains("nobody is let in"), "{banner}");
    assert_eq!((status(&address, &secret), status(&address, "any")), (401, 401));
    fs::write(&database, good).unwrap();
    let began = Instant::now();
    while status(&address, &secret) != 200 {
        assert!(began.elapsed() < GUARD, "it reads them when they are back");
        std::thread::sleep(Duration::from_millis(100));
    }
}
