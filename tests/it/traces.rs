//! Traces, as a collector of OpenTelemetry's takes them from the wire: what each span says, and that a collector that is away
//! costs spans and nothing else.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::{Span, span::SpanKind, status::StatusCode as Code},
};
use prost::Message as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use warp2api::{
    gateway::{Measurer, Traced},
    metrics::Metrics,
    otlp::{Config, Otlp, Sampling},
    secret::Secret,
    server,
};

use crate::{
    clients::{CLIENTS, user},
    common::{Place, Running},
    front::{Front, Setup, playing, talking},
};

/// No wait of a test is longer.
const GUARD: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Taken {
    bodies: Vec<Bytes>,
    keys: Vec<String>,
    /// Statuses to answer with before all is well.
    refusals: Vec<u16>,
}

/// A collector on loopback.
struct Collector {
    url: String,
    taken: Arc<Mutex<Taken>>,
    _serving: JoinSet<()>,
}

impl Collector {
    async fn start(refusals: &[u16]) -> Self {
        let taken = Arc::new(Mutex::new(Taken { refusals: refusals.to_vec(), ..Taken::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&taken));
        let mut serving = JoinSet::new();
        serving.spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { url, taken, _serving: serving }
    }

    /// All spans that have come, and the names of who sent them.
    fn spans(&self) -> Vec<Span> {
        let taken = self.taken.lock().unwrap();
        let requests = taken.bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| {
            let about = attributes(&resource.resource.unwrap().attributes);
            assert_eq!(about["service.name"], "the-gateway");
            assert_eq!(about["deployment.environment"], "test");
            resource.scope_spans
        });
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The spans of turns, each with those below it.
    fn turns(&self) -> Vec<(Span, Vec<Span>)> {
        let spans = self.spans();
        let turns = spans.iter().filter(|span| span.kind == SpanKind::Server as i32);
        let below = |turn: &Span| spans.iter().filter(|span| span.parent_span_id == turn.span_id).cloned().collect();
        turns.map(|turn| (turn.clone(), below(turn))).collect()
    }
}

async fn take(State(taken): State<Arc<Mutex<Taken>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut taken = taken.lock().unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    taken.keys.push(headers["x-key"].to_str().unwrap().to_owned());
    if !taken.refusals.is_empty() {
        return StatusCode::from_u16(taken.refusals.remove(0)).unwrap();
    }
    taken.bodies.push(body);
    StatusCode::OK
}

fn attributes(list: &[KeyValue]) -> BTreeMap<String, Value> {
    let plain = |value: &KeyValue| match value.value.as_ref().unwrap().value.as_ref().unwrap() {
        any_value::Value::StringValue(text) => json!(text),
        any_value::Value::IntValue(number) => json!(number),
        any_value::Value::DoubleValue(number) => json!(number),
        any_value::Value::ArrayValue(array) => json!(array.values.len()),
        other => panic!("{other:?}"),
    };
    list.iter().map(|pair| (pair.key.clone(), plain(pair))).collect()
}

/// A traced server, and what traces it.
struct Bench {
    front: Front,
    otlp: Otlp,
    metrics: Metrics,
}

impl Bench {
    async fn new(root: &str, url: &str, sampling: Sampling) -> Self {
        let metrics = Metrics::new("test");
        let config = Config {
            url: url.to_owned(),
            headers: vec![("x-key".to_owned(), Secret::new("the collector's"))],
            timeout: Duration::from_secs(2),
            extra_ca_pem: None,
            service: "the-gateway".to_owned(),
            attributes: vec![("deployment.environment".to_owned(), "test".to_owned())],
            sampling,
        };
        let otlp = Otlp::start(&config, metrics.clone()).unwrap();
        let observers = vec![Arc::new(Traced::new(otlp.tracer())) as _, Arc::new(Measurer::new(metrics.clone())) as _];
        let server = server::Config { metrics: metrics.clone(), ..server::Config::default() };
        let front = Front::start(root, Setup { server, observers, ..Setup::default() }).await;
        Self { front, otlp, metrics }
    }

    async fn chat(&self, parent: Option<&str>, words: &str) -> u16 {
        let body = json!({"model": "auto", "messages": [{"role": "user", "content": words}]});
        let mut request = self.front.request(Method::POST, "/v1/chat/completions").body(body.to_string());
        if let Some(parent) = parent {
            request = request.header("traceparent", parent).header("tracestate", "vendor=1");
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        drop(response.text().await);
        status
    }

    /// Hands over all that waits.
    async fn close(&self) -> bool {
        self.otlp.close(GUARD).await
    }
}

const TRACE: [u8; 16] = [0x0a; 16];
const PARENT: &str = "00-0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a-0b0b0b0b0b0b0b0b-01";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_a_span_with_what_it_was_and_none_of_what_it_said() {
    let (simulator, collector) = (talking(), Collector::start(&[]).await);
    let bench = Bench::new(simulator.url(), &collector.url, Sampling::USUAL).await;
    for client in CLIENTS {
        let body = client.body(true, &[user("think, then canary")], &[]);
        bench.front.post(client.path(true), &body).await.text().await.unwrap();
    }
    assert_eq!(bench.chat(Some(PARENT), "canary").await, 200);
    assert!(bench.close().await);
    let turns = collector.turns();
    assert_eq!(turns.len(), 5);
    for (turn, exchanges) in &turns {
        assert_eq!(turn.name, "chat auto");
        let about = attributes(&turn.attributes);
        for (name, value) in [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "warp"),
            ("gen_ai.request.model", "auto"),
            ("gen_ai.output.type", "text"),
            ("warp2api.outcome", "completed"),
        ] {
            assert_eq!(about[name], value, "{about:?}");
        }
        for name in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
            assert!(about[name].as_i64().unwrap() > 0, "{about:?}");
        }
        assert_eq!(about["gen_ai.response.finish_reasons"], 1);
        assert!(about["gen_ai.response.time_to_first_chunk"].as_f64().unwrap() > 0.0);
        for name in ["warp.conversation_id", "warp.request_id", "warp.run_id", "warp2api.request_id"] {
            assert!(about[name].as_str().is_some_and(|id| id.len() > 20), "{name} of {about:?}");
        }
        assert_eq!(about["gen_ai.conversation.id"], about["warp.conversation_id"]);
        assert_eq!((exchanges.len(), &about["warp2api.attempts"]), (1, &json!(1)));
        let exchange = attributes(&exchanges[0].attributes);
        assert_eq!(exchanges[0].kind, SpanKind::Client as i32);
        assert_eq!(exchange["http.response.status_code"], 200);
        assert_eq!(exchange["server.address"], "127.0.0.1");
        assert!(exchange["url.full"].as_str().unwrap().ends_with("/ai/multi-agent"));
        assert!(turn.start_time_unix_nano <= exchanges[0].start_time_unix_nano);
        assert_eq!(turn.trace_id, exchanges[0].trace_id);
    }
    let (child, _) = turns.iter().find(|(turn, _)| turn.trace_id == TRACE).expect("the client's trace goes on");
    assert_eq!((child.parent_span_id.as_slice(), child.trace_state.as_str()), ([0x0b; 8].as_slice(), "vendor=1"));
    let taken = collector.taken.lock().unwrap();
    assert!(taken.keys.iter().all(|key| key == "the collector's"));
    for body in &taken.bodies {
        assert!(!String::from_utf8_lossy(body).contains("canary"), "what was said is in a trace");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_and_failures_are_told() {
    let exchanges =
        json!([{"status": 503}, {"steps": [{"text": "Hi."}]}, {"status": 400, "body": {"error": "canary"}}]);
    let (simulator, collector) = (playing(&exchanges), Collector::start(&[]).await);
    let bench = Bench::new(simulator.url(), &collector.url, Sampling::USUAL).await;
    assert_eq!(bench.chat(None, "hi").await, 200);
    assert!(bench.chat(None, "hi").await >= 400);
    assert!(bench.close().await);
    let turns = collector.turns();
    assert_eq!(turns.len(), 2);
    let (_, attempts) = &turns[0];
    assert_eq!(attempts.len(), 2);
    let (first, second) = (attributes(&attempts[0].attributes), attributes(&attempts[1].attributes));
    assert_eq!((&first["http.response.status_code"], &first["error.type"]), (&json!(503), &json!("503")));
    assert_eq!(
        (&second["http.request.resend_count"], &second["warp2api.retry_reason"]),
        (&json!(1), &json!("transient"))
    );
    let (failed, _) = &turns[1];
    let about = attributes(&failed.attributes);
    assert_eq!(
        (about["warp2api.outcome"].as_str(), failed.status.clone().unwrap().code),
        (Some("failed"), Code::Error as i32)
    );
    assert!(about["error.type"].is_string());
    let taken = collector.taken.lock().unwrap();
    assert!(taken.bodies.iter().all(|body| !String::from_utf8_lossy(body).contains("canary")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_its_span() {
    let simulator = playing(&json!([{"steps": [{"text": "a"}, {"delay_ms": 60_000}]}]));
    let collector = Collector::start(&[]).await;
    let bench = Bench::new(simulator.url(), &collector.url, Sampling::USUAL).await;
    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let mut response = bench.front.post("/v1/chat/completions", &body).await;
    response.chunk().await.unwrap();
    drop(response);
    let began = Instant::now();
    let left = |metrics: &Metrics| metrics.render(warp2api::metrics::Form::Prometheus, &Default::default());
    while !left(&bench.metrics).contains("client_gone") {
        assert!(began.elapsed() < GUARD);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(bench.close().await);
    let turns = collector.turns();
    assert_eq!(attributes(&turns[0].0.attributes)["warp2api.outcome"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_wants_no_trace_gets_none_and_nonsense_is_no_parent() {
    let (simulator, collector) = (talking(), Collector::start(&[]).await);
    let bench = Bench::new(simulator.url(), &collector.url, Sampling::USUAL).await;
    bench.chat(Some(&PARENT.replace("-01", "-00")), "hi").await;
    bench.chat(Some("00-nonsense"), "hi").await;
    assert!(bench.close().await);
    let turns = collector.turns();
    assert_eq!(turns.len(), 1);
    assert!(turns[0].0.parent_span_id.is_empty());
    let none = Collector::start(&[]).await;
    let never = Sampling { follows_parent: false, per_million: 0 };
    let bench = Bench::new(simulator.url(), &none.url, never).await;
    bench.chat(Some(PARENT), "hi").await;
    assert!(bench.close().await && none.spans().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_busy_is_asked_again() {
    let (simulator, collector) = (talking(), Collector::start(&[503]).await);
    let bench = Bench::new(simulator.url(), &collector.url, Sampling::USUAL).await;
    bench.chat(None, "hi").await;
    assert!(bench.close().await);
    assert_eq!((collector.turns().len(), collector.taken.lock().unwrap().keys.len()), (1, 2));
    let refusing = Collector::start(&[400, 400, 400]).await;
    let bench = Bench::new(simulator.url(), &refusing.url, Sampling::USUAL).await;
    bench.chat(None, "hi").await;
    assert!(!bench.close().await, "what was lost is told");
    assert_eq!(refusing.taken.lock().unwrap().keys.len(), 1, "what is refused for good is not sent again");
    let text = bench.metrics.render(warp2api::metrics::Form::Prometheus, &Default::default());
    assert!(text.contains("warp2api_trace_spans_lost_total 2\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_keeps_no_turn_and_no_end_waiting() {
    let simulator = talking();
    // It takes connections, for the system does, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/traces", silent.local_addr().unwrap());
    let bench = Bench::new(simulator.url(), &url, Sampling::USUAL).await;
    // More spans than may wait, so that some must be let go.
    for _ in 0..20 {
        assert_eq!(bench.chat(None, "hi").await, 200);
    }
    let began = Instant::now();
    assert!(!bench.otlp.close(Duration::from_millis(300)).await);
    assert!(began.elapsed() < GUARD, "the end has waited {:?}", began.elapsed());
}

/// The binary with the variables that users have for all their programs.
fn binary(place: &Place, line: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = place.command(line);
    command.envs(variables.iter().copied());
    command
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usual_variables_turn_traces_on_and_the_end_hands_the_last_over() {
    let (place, collector) = (Place::new(), Collector::start(&[]).await);
    let root = collector.url.trim_end_matches("/v1/traces");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", root),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20key"),
        ("OTEL_SERVICE_NAME", "the-gateway"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,service.name=other"),
    ];
    let mut command = binary(&place, "serve --upstream simulator:fast --listen 127.0.0.1:0", &variables);
    let mut process = Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let said = process.wait_for("curl -N ");
    let url = said.split("listens on ").nth(1).unwrap().split_whitespace().next().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let answer = client.post(format!("{url}/v1/chat/completions")).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(answer.text().await);
    assert!(Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(move || process.0.wait().unwrap().code()).await.unwrap();
    assert_eq!((ended, collector.turns().len()), (Some(0), 1));
    assert_eq!(collector.taken.lock().unwrap().keys, ["a key"]);
}

#[test]
fn wrong_settings_of_traces_are_told_by_serve_alone() {
    let place = Place::new();
    let grpc = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let serve = "serve --upstream simulator --listen 127.0.0.1:0";
    let ran = crate::common::run(binary(&place, serve, &grpc), b"").ended(2);
    assert!(ran.err.contains("OTEL_EXPORTER_OTLP_PROTOCOL") && ran.err.contains("http/protobuf"), "{}", ran.err);
    crate::common::run(binary(&place, "chat --upstream simulator:fast hi", &grpc), b"").ended(0);
    let secret =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"), ("OTEL_EXPORTER_OTLP_HEADERS", "canary-secret")];
    let ran = crate::common::run(binary(&place, serve, &secret), b"").ended(2);
    assert!(ran.err.contains("OTEL_EXPORTER_OTLP_HEADERS") && !ran.err.contains("canary"), "{}", ran.err);
    let nowhere = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"), ("OTEL_TRACES_SAMPLER", "sometimes")];
    let ran = crate::common::run(binary(&place, serve, &nowhere), b"").ended(2);
    assert!(ran.err.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{}", ran.err);
}
