//! The bridge over real HTTP on loopback: its own paths, the Python bridge's, and the turns that it watches.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite};
use warp2api::{
    credential,
    gateway::{Gateway, Patience, Watcher},
    monitor::Monitor,
    schema::Schema,
    secret::Secret,
    server::{self, Config, bridge},
    service::Address,
    simulator::{self, Simulator},
    upstream,
};

use crate::{
    common::Place,
    front::{header, playing},
};

/// How long anything may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway whose upstream is a simulator, its public API and its bridge.
struct Bench {
    simulator: Simulator,
    front: SocketAddr,
    bridge: SocketAddr,
    client: reqwest::Client,
    _serving: JoinSet<()>,
}

impl Bench {
    async fn new(exchanges: Value) -> Self {
        Self::with(exchanges, true).await
    }

    async fn with(exchanges: Value, sensitive: bool) -> Self {
        let simulator = playing(&exchanges);
        let credentials = credential::Config {
            api_key: Some(Secret::new(simulator::API_KEY)),
            ..credential::Config::new(Address::new(simulator.url()))
        };
        let pool = Arc::new(credential::Pool::from_config(credentials).unwrap());
        let upstream = upstream::Upstream::new(Schema::embedded(), &upstream::Config::new(simulator.url())).unwrap();
        let monitor = Monitor::default();
        let patience = Patience { first_pause: Duration::from_millis(1), ..Patience::default() };
        let gateway = Gateway::new(upstream, pool, patience).observed_by(vec![Arc::new(Watcher::new(monitor.clone()))]);
        let parts = bridge::Parts {
            gateway: gateway.clone(),
            monitor,
            schema: Schema::embedded(),
            sensitive,
            max_body: 1 << 20,
            allowed_hosts: Vec::new(),
        };
        let mut serving = JoinSet::new();
        let front = listener(&mut serving, server::router(Config::default(), gateway)).await;
        let bridge = listener(&mut serving, bridge::router(parts)).await;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { simulator, front, bridge, client, _serving: serving }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("http://{}{path}", self.bridge)).send().await.unwrap()
    }

    async fn seen(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        json_of(response).await
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(format!("http://{}{path}", self.bridge)).body(body.to_string()).send().await.unwrap()
    }

    async fn posted(&self, path: &str, body: &Value) -> Value {
        let response = self.post(path, body).await;
        let status = response.status();
        let json = json_of(response).await;
        assert_eq!(status, StatusCode::OK, "{path}: {json}");
        json
    }

    /// A streamed turn of the public API, to its end.
    async fn turn(&self, text: &str) -> String {
        let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": text}]});
        let url = format!("http://{}/v1/chat/completions", self.front);
        self.client.post(url).body(body.to_string()).send().await.unwrap().text().await.unwrap()
    }

    async fn watch(&self, path: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        tokio_tungstenite::connect_async(format!("ws://{}{path}", self.bridge)).await.unwrap().0
    }
}

async fn listener(serving: &mut JoinSet<()>, router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn json_of(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn next(viewer: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Value {
    let message = timeout(PATIENCE, viewer.next()).await.unwrap().unwrap().unwrap();
    serde_json::from_str(message.to_text().unwrap()).unwrap()
}

fn plain(text: &str) -> Value {
    json!({"steps": [{"text": text}, {"finish": {"usage": {"input": 30, "output": 7}}}]})
}

/// A request by hand, with all that the Python bridge's scripts put into one.
fn request(query: &str) -> Value {
    json!({
        "task_context": {"active_task_id": ""},
        "input": {"context": {}, "user_inputs": {"inputs": [{"user_query": {"query": query}}]}},
        "settings": {
            "model_config": {"base": "auto", "planning": "gpt-5 (high reasoning)", "coding": "auto"},
            "rules_enabled": false, "web_context_retrieval_enabled": false, "supports_parallel_tool_calls": false,
            "planning_enabled": false, "warp_drive_context_enabled": false, "supports_create_files": false,
            "use_anthropic_text_editor_tools": false, "supports_long_running_commands": false,
            "should_preserve_file_content_in_history": false, "supports_todos_ui": false,
            "supports_linked_code_blocks": false, "supported_tools": [9],
        },
        "metadata": {"logging": {"is_autodetected_user_query": true, "entrypoint": "USER_INITIATED"}},
    })
}

const SETTINGS: &str = "GggKBgoEYXV0bw==";

#[tokio::test]
async fn messages_go_to_bytes_and_back() {
    let bench = Bench::new(json!([plain("never asked")])).await;
    let data = json!({"settings": {"model_config": {"base": "auto"}}});
    for path in ["/encode", "/api/encode"] {
        for body in [json!({"json_data": data, "message_type": "Request"}), data.clone()] {
            let encoded = bench.posted(path, &body).await;
            assert_eq!((&encoded["protobuf_bytes"], &encoded["size"]), (&json!(SETTINGS), &json!(10)));
        }
    }
    for path in ["/decode", "/api/decode"] {
        let decoded = bench.posted(path, &json!({"protobuf_bytes": SETTINGS})).await;
        let expected = json!({"json_data": data, "size": 10, "message_type": "warp.multi_agent.v1.Request"});
        assert_eq!(decoded, expected);
    }
    let raw = bench.post("/api/warp/encode_raw", &json!({"json_data": data})).await;
    assert_eq!(header(&raw, "content-type"), "application/x-protobuf");
    assert_eq!(raw.bytes().await.unwrap(), &b"\x1a\x08\x0a\x06\x0a\x04auto"[..]);
    let raw = bench.posted("/api/warp/encode_raw?output=base64", &json!({"json_data": data})).await;
    assert_eq!((&raw["protobuf_base64"], &raw["size"]), (&json!(SETTINGS), &json!(10)));
    assert!(bench.simulator.requests().is_empty());
}

#[tokio::test]
async fn chunks_are_decoded_one_by_one_and_together() {
    let bench = Bench::new(json!([plain("never asked")])).await;
    let whole = "CggKAmMxEgJyMQ==";
    let body = json!({"protobuf_chunks": [whole, "?", "CggKAmM="], "message_type": "ResponseEvent"});
    let decoded = bench.posted("/api/stream-decode", &body).await;
    assert_eq!(decoded["chunks"][0]["json_data"], json!({"init": {"conversation_id": "c1", "request_id": "r1"}}));
    assert_eq!((&decoded["chunks"][0]["size"], &decoded["total_chunks"]), (&json!(10), &json!(3)));
    for place in [1, 2] {
        assert!(decoded["chunks"][place]["error"].is_string(), "{decoded}");
    }
    assert!(decoded["complete"]["error"].is_string(), "{decoded}");
    // One message in two pieces makes sense only together.
    let body = json!({"protobuf_chunks": ["CggKAmMx", "EgJyMQ=="], "message_type": "ResponseEvent"});
    let decoded = bench.posted("/api/stream-decode", &body).await;
    assert_eq!(decoded["complete"]["json_data"]["init"]["request_id"], "r1");
    assert_eq!(decoded["complete"]["size"], 10);
}

#[tokio::test]
async fn every_type_is_listed_with_its_first_fields() {
    let bench = Bench::new(json!([plain("never asked")])).await;
    let listed = bench.seen("/api/schemas").await;
    let all = listed["schemas"].as_array().unwrap();
    assert_eq!(listed["total_count"], all.len());
    let request = all.iter().find(|one| one["full_name"] == "warp.multi_agent.v1.Request").unwrap();
    assert_eq!(request["fields"][0], json!({"name": "task_context", "type": 11, "label": 1, "number": 1}));
    assert!(request["field_count"].as_u64().unwrap() >= request["fields"].as_array().unwrap().len() as u64);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_reason() {
    let bench = Bench::new(json!([plain("never asked")])).await;
    for (path, body, status, part) in [
        ("/api/encode", json!({}), 400, "There is no message"),
        ("/api/encode", json!({"settings": {"model_confg": 1}}), 400, "model_config"),
        ("/api/encode", json!({"message_type": "Nonsense", "a": 1}), 400, "Nonsense"),
        ("/api/encode", json!([]), 422, "object"),
        ("/api/decode", json!({}), 422, "protobuf_bytes"),
        ("/api/decode", json!({"protobuf_bytes": "?"}), 400, "base64"),
        ("/api/decode", json!({"protobuf_bytes": " "}), 400, "nothing"),
        ("/api/decode", json!({"protobuf_bytes": "/w=="}), 400, "Request"),
        ("/api/stream-decode", json!({"protobuf_chunks": [1]}), 422, "texts"),
        ("/api/warp/encode_raw?output=xml", json!({"settings": {}}), 422, "base64"),
        ("/api/nothing", json!({}), 404, "/api/nothing"),
        ("/healthz", json!({}), 405, "POST"),
    ] {
        let response = bench.post(path, &body).await;
        assert_eq!(response.status().as_u16(), status, "{path} {body}");
        let detail = json_of(response).await["detail"].to_string();
        assert!(detail.contains(part), "{path} {body}: {detail}");
    }
    for (path, place) in [("/api/monitor/turns/x", "path"), ("/api/packets/history?limit=x", "query")] {
        let response = bench.get(path).await;
        assert_eq!(response.status().as_u16(), 422, "{path}");
        assert_eq!(json_of(response).await["detail"][0]["loc"], json!([place]), "{path}");
    }
    let large = json!({"json_data": {"settings": {"x": "x".repeat(1 << 20)}}});
    assert_eq!(bench.post("/api/encode", &large).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_request_by_hand_is_sent_and_its_answer_told() {
    let bench = Bench::new(json!([plain("Hello, world.")])).await;
    let mut body = request("what is said by hand");
    body["client_version"] = "v1".into();
    let response = bench.post("/api/warp/send", &body).await;
    assert_eq!(header(&response, "x-warp2api-ignored"), "client_version, task_context.active_task_id");
    let told = json_of(response).await;
    assert_eq!(told["response"], "Hello, world.");
    assert!(!told["conversation_id"].as_str().unwrap().is_empty() && !told["task_id"].as_str().unwrap().is_empty());
    assert_eq!(told["response_size"], 13);
    let sent = bench.simulator.requests();
    assert_eq!(told["request_size"], sent[0].body.len());

    let told = bench.posted("/api/warp/send_stream", &request("again")).await;
    let events = told["parsed_events"].as_array().unwrap();
    assert_eq!(events.len(), told["events_count"].as_u64().unwrap() as usize);
    assert_eq!((&events[0]["event_number"], &events[0]["event_type"]), (&json!(1), &json!("INITIALIZATION")));
    assert_eq!(events.last().unwrap()["event_type"], "FINISHED");
    assert_eq!(told["events_summary"]["FINISHED"], 1);
    assert_eq!(events[0]["parsed_data"]["init"]["conversation_id"], told["conversation_id"]);
}

#[tokio::test]
async fn a_request_by_hand_streams_its_events() {
    let cut = json!({"steps": [{"text": "half"}, "cut"]});
    let bench = Bench::new(json!([plain("Hello, world."), {"status": 400, "body": "nonsense"}, cut])).await;
    let response = bench.post("/api/warp/send_stream_sse", &request("hi")).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    let text = response.text().await.unwrap();
    let data: Vec<&str> = text.split("\n\n").filter_map(|frame| frame.strip_prefix("data: ")).collect();
    assert_eq!(data.last(), Some(&"[DONE]"));
    let first: Value = serde_json::from_str(data[0]).unwrap();
    assert_eq!((&first["event_number"], &first["event_type"]), (&json!(1), &json!("INITIALIZATION")));
    let finished: Value = serde_json::from_str(data[data.len() - 2]).unwrap();
    assert_eq!(finished["event_type"], "FINISHED");
    // A refusal is told in the stream, as the Python bridge tells it.
    let text = bench.post("/api/warp/send_stream_sse", &request("hi")).await.text().await.unwrap();
    assert!(text.starts_with("data: {\"error\":\"HTTP 400\"") && text.ends_with("data: [DONE]\n\n"), "{text}");
    let text = bench.post("/api/warp/send_stream_sse", &request("hi")).await.text().await.unwrap();
    assert!(text.contains("half") && text.contains("broke off") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn a_request_by_hand_that_fails_says_why() {
    let bench = Bench::new(json!([{"status": 400, "body": "nonsense"}, {"steps": [{"text": "half"}, "cut"]}])).await;
    let response = bench.post("/api/warp/send", &request("hi")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let detail = json_of(response).await["detail"].clone();
    assert_eq!(detail["error_type"], "InvalidRequest");
    assert_eq!(detail["request_info"]["has_history"], true);
    let response = bench.post("/api/warp/send", &request("hi")).await;
    assert!(response.status().is_server_error());
    assert!(json_of(response).await["detail"]["error"].as_str().unwrap().contains("broke off"));
    let history = bench.seen("/api/packets/history").await.to_string();
    assert!(history.contains("warp_error"), "{history}");
}

#[tokio::test]
async fn the_accounts_are_told_without_any_part_of_a_token() {
    let bench = Bench::new(json!([plain("hi")])).await;
    bench.turn("hi").await;
    let status = bench.seen("/api/auth/status").await;
    assert_eq!((&status["authenticated"], &status["token_present"]), (&json!(true), &json!(true)));
    assert_eq!(status["pool"]["accounts"].as_array().unwrap().len(), 1);
    let user = bench.seen("/api/auth/user_id").await;
    assert_eq!(user["success"], true);
    let refreshed = bench.posted("/api/auth/refresh", &json!({})).await;
    // The simulator's account is one: nobody was asked, and nobody has refused anything.
    assert_eq!(refreshed["success"], true, "{refreshed}");
    assert!(refreshed["message"].as_str().unwrap().contains("is an API key, which is never renewed"), "{refreshed}");
    let account = &bench.seen("/api/auth/status").await["pool"]["accounts"][0];
    assert_eq!((&account["renewals"], &account["problem"]), (&json!(0), &Value::Null));
    let turns = bench.seen("/api/monitor/turns/1").await;
    let capture = bench.get("/api/monitor/turns/1/capture").await.text().await.unwrap();
    let curl = bench.get("/api/monitor/turns/1/curl").await.text().await.unwrap();
    // The simulator's key begins in this way, and so does every key.
    let secret = simulator::API_KEY;
    for answer in [status.to_string(), user.to_string(), refreshed.to_string(), turns.to_string(), capture, curl] {
        assert!(!answer.contains(&secret[..secret.len().min(10)]), "{answer}");
    }
}

#[tokio::test]
async fn a_turn_is_seen_from_every_side() {
    let bench = Bench::new(json!([plain("Hello, world.")])).await;
    bench.turn("what is asked").await;
    let listed = bench.seen("/api/monitor/turns").await;
    let turn = &listed["turns"][0];
    assert_eq!((&turn["number"], &turn["dialect"], &turn["state"]), (&json!(1), &json!("openai_chat"), &json!("done")));
    assert_eq!((&turn["input_tokens"], &turn["output_tokens"]), (&json!(30), &json!(7)));
    assert!(turn["first_byte_ms"].is_u64() && turn["request_id"].as_str().unwrap().starts_with("req_"), "{turn}");

    let one = bench.seen("/api/monitor/turns/1").await;
    assert!(one["all_exchanges"][0]["request"].to_string().contains("what is asked"), "{one}");
    assert_eq!(one["all_exchanges"][0]["status"], 200);
    assert!(one["all_exchanges"][0]["headers"].get("authorization").is_none());

    let events = bench.seen("/api/monitor/turns/1/events").await;
    let count = events["events"].as_array().unwrap().len();
    assert_eq!(turn["messages"], count);
    assert!(events["events"][0]["json"]["init"].is_object(), "{events}");
    let rest = bench.seen(&format!("/api/monitor/turns/1/events?from={}", count - 1)).await;
    assert_eq!(rest["events"].as_array().unwrap().len(), 1);
    assert!(rest["events"][0]["json"]["finished"].is_object());

    let wire = bench.seen("/api/monitor/turns/1/wire").await;
    let sent = &bench.simulator.requests()[0].body;
    assert_eq!(wire["size"], sent.len());
    let hex: String = sent.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(wire["hex"], hex);
    let wire = bench.seen("/api/monitor/turns/1/wire?message=0").await;
    assert_eq!(wire["fields"][0]["name"], "init");

    let tasks = bench.seen("/api/monitor/turns/1/tasks").await;
    assert!(tasks["tasks"][0]["messages"].to_string().contains("Hello, world."), "{tasks}");
    for dialect in ["openai_chat", "openai_responses", "anthropic", "gemini"] {
        let told = bench.seen(&format!("/api/monitor/turns/1/dialects/{dialect}")).await;
        assert!(told["text"].as_str().unwrap().contains("world."), "{dialect}: {told}");
    }
    for path in ["/api/monitor/turns/2", "/api/monitor/turns/1/events?exchange=7", "/api/monitor/turns/1/dialects/x"] {
        assert_eq!(bench.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_turn_is_taken_along_as_a_capture_that_reads() {
    let bench = Bench::new(json!([plain("Hello, world.")])).await;
    bench.turn("hi").await;
    let response = bench.get("/api/monitor/turns/1/capture").await;
    assert!(header(&response, "content-disposition").contains("turn-1-1.capture.jsonl"));
    let capture = response.bytes().await.unwrap();
    let place = Place::new();
    place.write("turn.capture.jsonl", &capture);
    let ran = place.run("parse-response --as text turn.capture.jsonl", b"").ended(0);
    assert_eq!(ran.text().trim_end(), "Hello, world.");
}

#[tokio::test]
async fn what_people_wrote_is_redacted_unless_it_is_asked_for() {
    let exchanges = json!([{"steps": [
        {"text": "the said"}, {"tool_call": {"name": "look", "arguments": {"where": "the place"}}}, {"finish": {}},
    ]}]);
    let bench = Bench::with(exchanges, false).await;
    let tool = json!({"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}});
    let body = json!({
        "model": "auto", "tools": [tool], "messages": [{"role": "user", "content": "the asked"}],
    });
    let url = format!("http://{}/v1/chat/completions", bench.front);
    let answer = bench.client.post(url).body(body.to_string()).send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("the said") && answer.contains("the place"), "{answer}");
    bench.post("/api/warp/send", &request("the asked")).await;

    let turn = "/api/monitor/turns/1";
    let mut paths = vec!["/api/packets/history".to_owned(), "/api/monitor/turns".to_owned(), turn.to_owned()];
    for part in ["events", "wire", "wire?message=1", "tasks", "curl", "capture"] {
        paths.push(format!("{turn}/{part}"));
    }
    for dialect in ["openai_chat", "openai_responses", "anthropic", "gemini"] {
        paths.push(format!("{turn}/dialects/{dialect}"));
    }
    let spelled = |text: &str| -> String { text.bytes().map(|byte| format!("{byte:02x}")).collect() };
    for path in paths {
        let response = bench.get(&path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let seen = response.text().await.unwrap();
        for said in ["the asked", "the said", "the place"] {
            assert!(!seen.contains(said) && !seen.contains(&spelled(said)), "{path} shows {said:?}: {seen}");
        }
    }
    let events = bench.seen(&format!("{turn}/events")).await.to_string();
    assert!(events.contains("[redacted]") && events.contains("look"), "{events}");
    // By hand everything is shown, for whoever asks has it already.
    let decoded = bench.posted("/api/encode", &request("the asked")).await;
    let decoded = bench.posted("/api/decode", &json!({"protobuf_bytes": decoded["protobuf_bytes"]})).await;
    assert!(decoded.to_string().contains("the asked"), "{decoded}");
}

#[tokio::test]
async fn attempts_refusals_and_clients_that_leave_are_told_apart() {
    let bench = Bench::new(json!([
        {"status": 503}, plain("second try"), {"status": 400, "body": "nonsense"}, {"steps": [{"text": "slow"}, "stall"]},
    ]))
    .await;
    bench.turn("hi").await;
    bench.turn("hi").await;
    let first = bench.seen("/api/monitor/turns/1").await;
    assert_eq!((&first["exchanges"], &first["state"]), (&json!(2), &json!("done")));
    assert_eq!(first["all_exchanges"][0]["status"], 503);
    let second = bench.seen("/api/monitor/turns/2").await;
    assert_eq!(second["state"], "failed");
    assert_eq!(second["all_exchanges"][0]["refusal"], "nonsense");

    let body = json!({"model": "auto", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let url = format!("http://{}/v1/chat/completions", bench.front);
    let mut answer = bench.client.post(url).body(body.to_string()).send().await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    assert_eq!(bench.seen("/api/monitor/turns/3").await["state"], "running");
    let mut viewer = bench.watch("/ws?turns=1").await;
    assert_eq!(next(&mut viewer).await["event"], "connected");
    drop(answer);
    let told = next(&mut viewer).await;
    assert_eq!((&told["event"], &told["turns"][0]["state"]), (&json!("turns"), &json!("called off")));
}

#[tokio::test]
async fn a_viewer_hears_packets_in_the_python_bridges_words() {
    let bench = Bench::new(json!([plain("hi")])).await;
    bench.posted("/api/encode", &json!({"settings": {}})).await;
    let mut viewer = bench.watch("/ws").await;
    let connected = next(&mut viewer).await;
    assert_eq!(connected["event"], "connected");
    assert!(connected["message"].is_string() && connected["timestamp"].is_string());
    let past = next(&mut viewer).await;
    assert_eq!((&past["event"], &past["packet"]["type"]), (&json!("packet_history"), &json!("encode")));
    // Turns are for those who ask for them.
    bench.turn("hi").await;
    bench.posted("/api/decode", &json!({"protobuf_bytes": SETTINGS})).await;
    let now = next(&mut viewer).await;
    assert_eq!((&now["event"], &now["packet"]["type"]), (&json!("packet_captured"), &json!("decode")));
    let keys: Vec<&String> = now["packet"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["timestamp", "type", "size", "data_preview", "full_data"]);
    let history = bench.seen("/api/packets/history?limit=1").await;
    assert_eq!((&history["total_count"], &history["returned_count"]), (&json!(2), &json!(1)));
    assert_eq!(history["packets"][0]["full_data"], json!({"settings": {"model_config": {"base": "auto"}}}));
}

#[tokio::test]
async fn viewers_that_do_not_read_keep_no_turn_waiting() {
    let pieces: Vec<String> = (0..2000).map(|number| format!("piece {number} ")).collect();
    let bench = Bench::new(json!([{"steps": [{"text": pieces}, {"finish": {}}]}])).await;
    // They open the socket, and then never read a byte.
    let mut dead = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(bench.bridge).await.unwrap();
        let ask = format!(
            "GET /ws?turns=1 HTTP/1.1\r\nHost: {}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            bench.bridge
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut begun = [0; 12];
        stream.read_exact(&mut begun).await.unwrap();
        assert_eq!(&begun, b"HTTP/1.1 101");
        dead.push(stream);
    }
    let mut viewer = bench.watch("/ws?turns=1").await;
    for number in 1..=5 {
        let answer = timeout(PATIENCE, bench.turn("hi")).await.unwrap();
        assert!(answer.contains("piece 1999") && answer.contains("[DONE]"), "turn {number}");
    }
    // One who reads hears of the end, whatever was left out before.
    loop {
        let told = next(&mut viewer).await;
        let is_last = |turn: &Value| turn["number"] == 5 && turn["state"] == "done";
        if told["turns"].as_array().is_some_and(|turns| turns.iter().any(is_last)) {
            break;
        }
    }
    drop(dead);
}

#[tokio::test]
async fn pages_of_other_origins_and_other_names_are_kept_out() {
    let bench = Bench::new(json!([plain("hi")])).await;
    let own = format!("http://{}", bench.bridge);
    for (name, value, is_welcome) in [
        ("origin", own.as_str(), true),
        ("origin", "http://evil.example", false),
        ("origin", "null", false),
        ("host", "evil.example", false),
        ("host", "localhost:8000", true),
    ] {
        for path in ["/gui", "/api/monitor/turns", "/healthz"] {
            let asked = bench.client.get(format!("{own}{path}")).header(name, value);
            let status = asked.send().await.unwrap().status();
            assert_eq!(status == StatusCode::OK, is_welcome, "{path} {name}: {value}: {status}");
        }
    }
    let mut asked =
        tungstenite::client::IntoClientRequest::into_client_request(format!("ws://{}/ws", bench.bridge)).unwrap();
    asked.headers_mut().insert("origin", "http://evil.example".parse().unwrap());
    let refused = tokio_tungstenite::connect_async(asked).await.unwrap_err();
    assert!(matches!(refused, tungstenite::Error::Http(response) if response.status() == 403));
}

#[tokio::test]
async fn the_page_runs_only_its_own_script() {
    let bench = Bench::new(json!([plain("hi")])).await;
    let page = bench.get("/gui").await;
    let policy = header(&page, "content-security-policy").to_owned();
    let nonce = policy.split_once("script-src 'nonce-").unwrap().1.split_once('\'').unwrap().0.to_owned();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    let text = page.text().await.unwrap();
    assert!(text.contains(&format!("<script nonce=\"{nonce}\">")) && !text.contains("{{"), "{nonce}");
    for outside in ["http://", "https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"] {
        assert!(!text.contains(outside), "the page has {outside}");
    }
    let again = bench.get("/gui").await;
    assert!(!header(&again, "content-security-policy").contains(&nonce), "a nonce is used once");
}

#[test]
fn the_bridge_serves_loopback_only_and_gives_way_when_its_port_is_taken() {
    let place = Place::new();
    let ran = place.run("serve --upstream simulator --bridge-listen 0.0.0.0:8000", b"").ended(2);
    assert!(ran.err.contains("loopback only"), "{}", ran.err);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let line = format!("serve --upstream simulator --listen 127.0.0.1:0 --bridge-listen {address}");
    let ran = place.run(&line, b"").ended(1);
    assert!(ran.err.contains("the bridge cannot listen on") && ran.err.contains("--bridge-listen"), "{}", ran.err);

    let mut command = place.command("serve --upstream simulator --listen 127.0.0.1:0 --bridge-listen 127.0.0.1:0");
    let mut running = crate::common::Running(command.stderr(std::process::Stdio::piped()).spawn().unwrap());
    let said = running.wait_for("/gui");
    assert!(said.contains("The bridge listens on http://127.0.0.1:"), "{said}");
}
