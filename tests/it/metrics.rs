//! What is counted, as a Prometheus server reads it from a running gateway; who may read it; and that dashboard and alerts
//! ask for nothing that is not there.

use std::{collections::BTreeSet, fs, process::Stdio, sync::Arc, time::Duration};

use reqwest::{Method, header::ACCEPT};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use warp2api::{
    gateway::Measurer,
    metrics::Metrics,
    secret::Secret,
    server::{self, Config},
};

use crate::{
    clients::{CLIENTS, user},
    common::{Place, Running, root},
    front::{Front, Setup, header, playing, talking},
};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5";

/// A server that counts, before the upstream at `root`.
async fn counting(root: &str, config: Config) -> Front {
    let metrics = Metrics::new("test");
    let observers = vec![Arc::new(Measurer::new(metrics.clone())) as _];
    Front::start(root, Setup { server: Config { metrics, ..config }, observers, ..Setup::default() }).await
}

async fn scraped(front: &Front) -> String {
    front.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap()
}

/// The sum of all series of `name` whose labels hold each of `labels`.
fn sum(text: &str, name: &str, labels: &[&str]) -> f64 {
    let of = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let (series, value) = rest.rsplit_once(' ')?;
        let fits = series.is_empty() || series.starts_with('{');
        (fits && labels.iter().all(|label| series.contains(label))).then(|| value.parse::<f64>().unwrap())
    };
    text.lines().filter_map(of).sum()
}

#[tokio::test]
async fn turns_are_counted_by_dialect_model_and_end() {
    let simulator = talking();
    let front = counting(simulator.url(), Config::default()).await;
    for client in CLIENTS {
        for stream in [true, false] {
            let body = client.body(stream, &[user(format!("hello {client:?} {stream}"))], &[]);
            assert!(front.post(client.path(stream), &body).await.text().await.is_ok());
        }
        let calling = client.body(false, &[user("call add")], &["add"]);
        assert_eq!(front.post(client.path(false), &calling).await.status(), 200);
        let failing = client.body(false, &[user("fail internal")], &[]);
        assert!(!front.post(client.path(false), &failing).await.status().is_success());
    }
    let broken = front.post("/v1/messages", &json!({"model": "auto"})).await;
    assert_eq!(broken.status(), 400);
    let text = scraped(&front).await;
    for dialect in ["openai_chat", "openai_responses", "anthropic", "gemini"] {
        let dialect = format!("dialect=\"{dialect}\"");
        let turns = |reason: &str| sum(&text, "warp2api_turns_total", &[&dialect, "model=\"auto\"", reason]);
        assert_eq!(turns("reason=\"end_turn\""), 2.0, "{dialect}\n{text}");
        assert_eq!(turns("reason=\"tool_calls\""), 1.0, "{dialect}\n{text}");
        assert_eq!(turns("outcome=\"failed\""), 1.0, "{dialect}\n{text}");
        assert_eq!(sum(&text, "warp2api_turn_duration_seconds_count", &[&dialect, "auto"]), 4.0);
        assert_eq!(sum(&text, "warp2api_first_event_seconds_count", &[&dialect, "auto"]), 3.0);
        assert!(sum(&text, "warp2api_events_total", &[&dialect]) >= 9.0, "{text}");
        assert_eq!(sum(&text, "warp2api_turns_in_flight", &[&dialect]), 0.0);
        assert_eq!(sum(&text, "warp2api_streams_in_flight", &[&dialect]), 0.0);
    }
    let refused = ["dialect=\"anthropic\"", "model=\"none\"", "outcome=\"failed\"", "reason=\"invalid_request\""];
    assert_eq!(sum(&text, "warp2api_turns_total", &refused), 1.0, "{text}");
    assert_eq!(sum(&text, "warp2api_http_requests_total", &["target=\"anthropic\"", "status=\"400\""]), 1.0);
    assert!(sum(&text, "warp2api_tokens_total", &["kind=\"input\"", "model=\"auto\""]) > 0.0);
    assert_eq!(sum(&text, "warp2api_pool_accounts", &["tier=\"settings\"", "state=\"ready\""]), 1.0, "{text}");
    assert_eq!(sum(&text, "warp2api_pool_leases_in_flight", &[]), 0.0);
    assert!(sum(&text, "process_resident_memory_bytes", &[]) > 1e6 || !cfg!(target_os = "linux"));
}

#[tokio::test]
async fn tokens_are_counted_once_and_by_who_counted_them() {
    let usage = json!({"direct_api_inference_usage": {"M": {"token_count":
        {"input": 90, "output": 21, "input_cache_read": 11}}}});
    let charges = json!({"request_charges": {"usage_by_category": {"primary_agent": usage}},
        "request_cost": {"exact": 1.25}});
    let simulator = playing(&json!([{"steps": [{"text": "Hi."}, {"finish": {"fields": charges}}]}]));
    let front = counting(simulator.url(), Config::default()).await;
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]});
    let answer: Value = front.post("/v1/chat/completions", &body).await.json().await.unwrap();
    let text = scraped(&front).await;
    let tokens = |kind: &str| sum(&text, "warp2api_tokens_total", &[kind, "source=\"charges\""]) as u64;
    let (fresh, read) = (tokens("kind=\"input\""), tokens("kind=\"cache_read\""));
    assert_eq!(json!(fresh + read), answer["usage"]["prompt_tokens"], "{text}");
    assert_eq!(read, 11);
    assert_eq!(json!(tokens("kind=\"output\"") + tokens("kind=\"reasoning\"")), answer["usage"]["completion_tokens"]);
    assert_eq!(sum(&text, "warp2api_credits_total", &["model=\"auto\""]), 1.25, "{text}");
}

#[tokio::test]
async fn what_the_upstream_was_asked_again_is_counted_by_reason() {
    let again = json!([{"status": 503}, {"status": 401}, {"steps": [{"text": "Third time lucky."}]}]);
    let simulator = playing(&again);
    let front = counting(simulator.url(), Config::default()).await;
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]});
    let status = front.post("/v1/chat/completions", &body).await.status();
    let text = scraped(&front).await;
    assert_eq!(sum(&text, "warp2api_retries_total", &["reason=\"transient\""]), 1.0, "{status}\n{text}");
    assert_eq!(sum(&text, "warp2api_upstream_answers_total", &["status=\"503\""]), 1.0);
    assert_eq!(sum(&text, "warp2api_upstream_answers_total", &["status=\"401\""]), 1.0);
    assert!(text.contains("warp2api_retries_total{reason=\"corrected\"} 0"), "what has not happened is there too");
}

#[tokio::test]
async fn a_client_that_leaves_and_a_silent_stream_are_counted() {
    let simulator = playing(&json!([{"steps": [{"text": "a"}, {"delay_ms": 60_000}, {"text": "b"}]}]));
    let config = Config { heartbeat: Duration::from_millis(20), ..Config::default() };
    let front = counting(simulator.url(), config).await;
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let mut response = front.post("/v1/chat/completions", &body).await;
    while !String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()).starts_with(':') {}
    let text = scraped(&front).await;
    let dialect = "dialect=\"openai_chat\"";
    assert_eq!(sum(&text, "warp2api_streams_in_flight", &[dialect]), 1.0, "{text}");
    assert_eq!(sum(&text, "warp2api_pool_leases_in_flight", &["tier=\"settings\""]), 1.0);
    assert!(sum(&text, "warp2api_heartbeats_total", &[dialect]) >= 1.0, "{text}");
    drop(response);
    for _ in 0..500 {
        let text = scraped(&front).await;
        if sum(&text, "warp2api_turns_total", &[dialect, "outcome=\"cancelled\"", "reason=\"client_gone\""]) == 1.0 {
            assert_eq!(sum(&text, "warp2api_streams_in_flight", &[dialect]), 0.0);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the client's leaving was never counted:\n{}", scraped(&front).await);
}

#[tokio::test]
async fn words_of_clients_make_no_series() {
    let simulator = talking();
    let front = counting(simulator.url(), Config::default()).await;
    for number in 0..20 {
        let body = json!({"model": format!("canary-{number}"), "messages": [{"role": "user", "content": "canary"}]});
        front.post("/v1/chat/completions", &body).await;
        front.post(&format!("/canary/{number}"), &json!({})).await;
    }
    let text = scraped(&front).await;
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(sum(&text, "warp2api_turns_total", &["model=\"other\""]), 20.0, "{text}");
    assert_eq!(sum(&text, "warp2api_http_requests_total", &["target=\"unknown\"", "status=\"404\""]), 20.0);
}

#[tokio::test]
async fn either_form_is_given_to_whoever_asks_for_it() {
    let front = counting("http://127.0.0.1:9", Config::default()).await;
    let ask = |accept: &'static str| front.request(Method::GET, "/metrics").header(ACCEPT, accept).send();
    let plain = ask("*/*").await.unwrap();
    assert_eq!(header(&plain, "content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(plain.text().await.unwrap().contains("# TYPE warp2api_trace_spans_sent_total counter\n"));
    let open = ask(OPEN_METRICS).await.unwrap();
    assert_eq!(header(&open, "content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let open = open.text().await.unwrap();
    assert!(open.contains("# TYPE warp2api_trace_spans_sent counter\n") && open.ends_with("# EOF\n"), "{open}");
    let head = front.request(Method::HEAD, "/metrics").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().len()), (200, 0));
    assert_eq!(front.post("/metrics", &json!({})).await.status(), 405);
}

#[tokio::test]
async fn metrics_are_for_those_who_have_a_key_where_there_are_keys() {
    let keyed = Config { client_keys: vec![Secret::new("the-key")], ..Config::default() };
    let front = counting("http://127.0.0.1:9", keyed).await;
    let ask = || front.request(Method::GET, "/metrics");
    assert_eq!(ask().send().await.unwrap().status(), 401);
    assert_eq!(ask().bearer_auth("the-key").send().await.unwrap().status(), 200);
    let page = ask().bearer_auth("the-key").header("origin", "https://evil.example");
    assert_eq!(page.send().await.unwrap().status(), 403);
    let rebound = ask().bearer_auth("the-key").header("host", "evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
    let nowhere = counting("http://127.0.0.1:9", Config { shows_metrics: false, ..Config::default() }).await;
    assert_eq!(nowhere.request(Method::GET, "/metrics").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn where_others_can_come_and_nobody_needs_a_key_there_are_no_metrics() {
    let front = counting("http://127.0.0.1:9", Config::default()).await;
    // A server on an address that others can reach, as far as it knows.
    let config = Config { loopback_only: false, ..Config::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = server::router(config, front.gateway.clone());
    let mut serving = JoinSet::new();
    serving.spawn(async { axum::serve(listener, app).await.unwrap() });
    let refused = front.client.get(format!("{url}/metrics")).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let said = refused.text().await.unwrap();
    assert!(said.contains("--metrics-listen"), "{said}");
    assert_eq!(front.client.get(format!("{url}/v1/models")).send().await.unwrap().status(), 200);
}

/// A gateway as a user runs it, with a port for metrics alone.
struct Gateway {
    _process: Running,
    api: String,
    metrics: String,
    client: reqwest::Client,
}

impl Gateway {
    fn start(place: &Place, more: &str) -> Self {
        let line = format!("serve --upstream simulator:fast --listen 127.0.0.1:0 --metrics-listen 127.0.0.1:0 {more}");
        let mut command = place.command(&line);
        command.env("WARP2API_HEARTBEAT", "50ms");
        let process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut process = Running(process);
        let said = process.wait_for("Metrics are at ");
        let after = |mark: &str| said.split(mark).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { api: after("listens on "), metrics: after("Metrics are at "), client, _process: process }
    }

    async fn metrics(&self) -> String {
        self.client.get(&self.metrics).send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }

    async fn traffic(&self) {
        for client in CLIENTS {
            for (stream, words) in [(true, "long 50"), (false, "think, then hello"), (false, "fail 503")] {
                let body = client.body(stream, &[user(words)], &[]).to_string();
                let asking = self.client.post(format!("{}{}", self.api, client.path(stream))).body(body);
                drop(asking.send().await.unwrap().text().await);
            }
        }
    }
}

/// The names of metrics that a query refers to: words that are no function, no keyword and nothing within braces.
fn names(query: &str) -> BTreeSet<String> {
    let (mut names, mut word, mut depth, mut quoted) = (BTreeSet::new(), String::new(), 0, false);
    let mut grouping = false;
    for character in query.chars().chain([' ']) {
        let in_word = character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '$');
        if in_word && !quoted && depth == 0 {
            word.push(character);
            continue;
        }
        let done = std::mem::take(&mut word);
        let is_grouping = matches!(done.as_str(), "by" | "without" | "on" | "ignoring");
        let is_name = done.starts_with(|first: char| first.is_ascii_alphabetic()) && !is_grouping;
        let is_operator =
            matches!(done.as_str(), "and" | "or" | "unless" | "bool" | "sum" | "max" | "min" | "avg" | "count");
        if is_name && !grouping && character != '(' && !is_operator {
            names.insert(done);
        }
        match character {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            ')' => grouping = false,
            _ => grouping |= is_grouping,
        }
        // `sum by (le) (…)`: the blank between the keyword and its list.
        grouping |= is_grouping;
    }
    names
}

#[test]
fn names_are_found_in_queries() {
    let query =
        r#"histogram_quantile(0.95, sum by (le, x) (rate(a_bucket{b=~"c|d"}[5m]))) / on (i) e > 1 and time() - f"#;
    assert_eq!(names(query).into_iter().collect::<Vec<_>>(), ["a_bucket", "e", "f"]);
}

/// Every query of the dashboard and of the alerts, and what the dashboard's variables are taken from.
fn queries() -> Vec<String> {
    let dashboard = fs::read_to_string(root().join("deploy/grafana/warp2api.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let targets = list(&dashboard["panels"]).iter().flat_map(|panel| list(&panel["targets"])).collect::<Vec<_>>();
    let mut queries: Vec<String> = targets.iter().map(|target| text(&target["expr"]).unwrap()).collect();
    assert!(queries.len() > 40, "only {} queries were found", queries.len());
    for variable in list(&dashboard["templating"]["list"]) {
        let taken = text(&variable["query"]["query"]).unwrap_or_default();
        let metric = taken.strip_prefix("label_values(").and_then(|rest| rest.split(',').next());
        queries.extend(metric.map(str::to_owned));
    }
    let alerts = fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).unwrap();
    let rules: Value = serde_saphyr::from_str(&alerts).unwrap();
    let rules = list(&rules["groups"]).iter().flat_map(|group| list(&group["rules"])).collect::<Vec<_>>();
    assert!(rules.len() >= 10, "only {} rules were found", rules.len());
    queries.extend(rules.iter().map(|rule| text(&rule["expr"]).unwrap()));
    queries
}

#[tokio::test]
async fn dashboard_and_alerts_refer_only_to_what_is_there() {
    let place = Place::new();
    let gateway = Gateway::start(&place, "");
    gateway.traffic().await;
    let mut text = gateway.metrics().await;
    // The accounts' credits are read while nobody waits for it.
    for _ in 0..500 {
        if text.contains("warp2api_pool_credits_remaining") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        text = gateway.metrics().await;
    }
    let series = |line: &str| line.split(['{', ' ']).next().unwrap().to_owned();
    let mut there: BTreeSet<String> =
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(series).collect();
    // Prometheus makes this one itself.
    there.insert("up".to_owned());
    for query in queries() {
        let missing: Vec<String> = names(&query).difference(&there).cloned().collect();
        let is_elsewhere = |name: &String| name.starts_with("process_") && !cfg!(target_os = "linux");
        assert!(missing.iter().all(is_elsewhere), "{missing:?} of {query} is not in\n{text}");
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

#[tokio::test]
async fn a_port_for_metrics_serves_nothing_else_and_the_public_one_shows_none() {
    let place = Place::new();
    let gateway = Gateway::start(&place, "");
    let status = async |url: String| gateway.client.get(url).send().await.unwrap().status().as_u16();
    assert_eq!(status(gateway.metrics.clone()).await, 200);
    assert_eq!(status(gateway.metrics.replace("/metrics", "/v1/models")).await, 404);
    assert_eq!(status(format!("{}/metrics", gateway.api)).await, 404);
    assert_eq!(gateway.client.post(&gateway.metrics).send().await.unwrap().status(), 405);
    let rebound = gateway.client.get(&gateway.metrics).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
}

#[test]
fn where_metrics_are_is_checked() {
    let place = Place::new();
    let wrong = place.run("serve --upstream simulator --listen 127.0.0.1:0 --metrics-listen here", b"").ended(2);
    assert!(wrong.err.contains("--metrics-listen") && wrong.err.contains("or off"), "{}", wrong.err);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line =
        format!("serve --upstream simulator --listen 127.0.0.1:0 --metrics-listen {}", taken.local_addr().unwrap());
    let refused = place.run(&line, b"").ended(1);
    assert!(refused.err.contains("metrics cannot be served on"), "{}", refused.err);
}
