//! What the account may still spend, from the upstream's answer to the headers that clients see.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use warp2api::{
    credential,
    gateway::{Answer, Gateway, Patience, Scope},
    schema::Schema,
    secret::Secret,
    server,
    service::Address,
    simulator::{self, Scenario, Simulator},
    turn::{Content, Message, Quota, Turn},
    upstream,
};

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(3600);

fn simulator(cost: f64) -> Simulator {
    let finish = json!({"finish": {"fields": {"request_cost": {"exact": cost}}}});
    let scenario = json!({"exchanges": [{"steps": [{"text": "Hello."}, {"delay_ms": 200}, finish]}]});
    let scenario = Scenario::parse(&scenario.to_string(), Path::new("in the test")).unwrap();
    Simulator::start(simulator::Config::of_scenario(scenario), Schema::embedded()).unwrap()
}

fn gateway(root: &str) -> Gateway {
    let credentials = credential::Config {
        api_key: Some(Secret::new(simulator::API_KEY)),
        ..credential::Config::new(Address::new(root))
    };
    let pool = Arc::new(credential::Pool::from_config(credentials).unwrap());
    let upstream = upstream::Upstream::new(Schema::embedded(), &upstream::Config::new(root)).unwrap();
    Gateway::new(upstream, pool, Patience::default())
}

async fn answer(gateway: &Gateway) -> Answer {
    let messages = vec![Message::User(vec![Content::Text("hi".to_owned())])];
    let turn = Turn { model: "auto".to_owned(), messages, ..Turn::default() };
    let mut answer = gateway.run(turn, Scope::default()).await.unwrap();
    let mut events = Vec::new();
    while answer.next(&mut events).await {}
    answer
}

async fn quota(gateway: &Gateway) -> Option<Quota> {
    answer(gateway).await.meter().quota()
}

#[tokio::test]
async fn the_quota_is_read_once_and_counted_down_by_what_turns_cost() {
    let simulator = simulator(2.5);
    let gateway = gateway(simulator.url());
    assert_eq!(quota(&gateway).await, None, "nobody asked for it");
    gateway.watch_quota(LONG).await.unwrap();
    let quota = quota(&gateway).await.unwrap();
    // The service tells whole credits, three for its first answer; the second was charged as it said itself.
    assert_eq!((quota.limit, quota.used, quota.remaining()), (300, 5.5, 294));
    assert_eq!((quota.available, quota.refresh_at), (Some(true), Some(4_070_908_800)));
}

#[tokio::test]
async fn the_quota_is_read_again_after_turns_when_it_is_old_enough() {
    let simulator = simulator(2.5);
    let gateway = gateway(simulator.url());
    gateway.watch_quota(Duration::ZERO).await.unwrap();
    let answer = answer(&gateway).await;
    for _ in 0..500 {
        // Counted here it would be two and a half; the service tells whole credits.
        if answer.meter().quota().is_some_and(|quota| quota.used == 3.0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was not read again: {:?}", answer.meter().quota());
}

/// An upstream that passes turns on to `simulator` and never says what is left.
async fn tight_lipped(simulator: &Simulator) -> (String, JoinSet<()>) {
    let pass = async |State(url): State<String>, headers: HeaderMap, body: Bytes| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.post(url).body(body);
        for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
            request = request.header(&name, &headers[&name]);
        }
        let body = request.send().await.unwrap().bytes().await.unwrap();
        ([(header::CONTENT_TYPE, "text/event-stream")], body)
    };
    let silent = async || {
        std::future::pending::<()>().await;
        StatusCode::OK
    };
    let routes = Router::new()
        .route("/ai/multi-agent", post(pass))
        .with_state(format!("{}/ai/multi-agent", simulator.url()))
        .route("/graphql/v2", post(silent));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (url, serving)
}

#[tokio::test]
async fn an_upstream_that_does_not_tell_keeps_no_turn_waiting() {
    let simulator = simulator(1.0);
    let (url, _serving) = tight_lipped(&simulator).await;
    let gateway = gateway(&url);
    let reading = gateway.watch_quota(Duration::ZERO);
    let turns = async { (quota(&gateway).await, quota(&gateway).await) };
    let quotas = tokio::time::timeout(Duration::from_secs(10), turns).await.expect("no turn waits");
    assert_eq!(quotas, (None, None));
    assert!(!reading.is_finished());
}

/// The headers of an answer whose account has spent 1 of 300.
async fn headers(path: &str, body: Value) -> HeaderMap {
    let simulator = simulator(1.0);
    let gateway = gateway(simulator.url());
    gateway.watch_quota(LONG).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = server::Config { cors: vec!["*".to_owned()], ..server::Config::default() };
    let mut serving = JoinSet::new();
    serving.spawn(server::run(listener, config, gateway, std::future::pending()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("http://{address}{path}")).header(header::ORIGIN, "https://page.example");
    let response = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers().clone();
    let exposed = headers[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
    let of_quota = headers.keys().filter(|name| name.as_str().contains("ratelimit") || name.as_str().contains("codex"));
    for name in of_quota {
        assert!(exposed.split(", ").any(|known| known == name.as_str()), "{name} is hidden from web pages");
    }
    headers
}

#[tokio::test]
async fn every_dialect_shows_it_in_the_headers_that_its_clients_know() {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let chat = headers("/v1/chat/completions", json!({"model": "auto", "messages": messages})).await;
    assert_eq!(chat["x-ratelimit-limit-requests"], "300");
    assert_eq!(chat["x-ratelimit-remaining-requests"], "299");
    let hours = chat["x-ratelimit-reset-requests"].to_str().unwrap().split_once('h').unwrap().0;
    assert!(hours.parse::<u32>().unwrap() > 24);
    assert!(!chat.contains_key("x-codex-credits-balance"));
    let responses = headers("/v1/responses", json!({"model": "auto", "input": "hi", "stream": true})).await;
    for (name, value) in [
        ("primary-used-percent", "0"),
        ("primary-window-minutes", "43200"),
        ("primary-reset-at", "4070908800"),
        ("credits-has-credits", "true"),
        ("credits-unlimited", "false"),
        ("credits-balance", "300"),
    ] {
        assert_eq!(responses[format!("x-codex-{name}")], value, "a stream tells what was left as it began: {name}");
    }
    assert_eq!(responses["x-ratelimit-remaining-requests"], "300");
    let body = json!({"model": "auto", "max_tokens": 99, "messages": messages});
    let anthropic = headers("/v1/messages", body).await;
    for (name, value) in [("limit", "300"), ("remaining", "299"), ("reset", "2099-01-01T00:00:00Z")] {
        assert_eq!(anthropic[format!("anthropic-ratelimit-requests-{name}")], value, "{name}");
    }
    let contents = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
    let gemini = headers("/v1beta/models/auto:generateContent", json!({"contents": contents})).await;
    assert!(gemini.keys().all(|name| !name.as_str().contains("ratelimit")), "Google has no such headers");
}
