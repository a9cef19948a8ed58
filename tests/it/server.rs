//! The public API over real HTTP on loopback: client, server, gateway and simulator, each as it is.

use std::{
    net::SocketAddr,
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use warp2api::{
    secret::Secret,
    server::Config,
    simulator::Simulator,
    state::{KeyKind, Shelves, State},
};

use crate::front::{Front, Setup, header, playing};

/// A server whose upstream is a simulator that plays a scenario.
struct Bench {
    simulator: Simulator,
    front: Front,
}

impl Deref for Bench {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

impl DerefMut for Bench {
    fn deref_mut(&mut self) -> &mut Front {
        &mut self.front
    }
}

impl Bench {
    async fn new(exchanges: Value) -> Self {
        Self::with(exchanges, Config::default()).await
    }

    async fn with(exchanges: Value, config: Config) -> Self {
        let simulator = playing(&exchanges);
        let front = Front::start(simulator.url(), Setup { server: config, ..Setup::default() }).await;
        Self { simulator, front }
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn chat(&self, body: &Value) -> Response {
        self.post("/v1/chat/completions", body).await
    }
}

fn plain(text: &str) -> Value {
    json!({"steps": [{"text": text}, {"finish": {"usage": {"input": 30, "output": 7}}}]})
}

fn question(more: Value) -> Value {
    let mut body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn body(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The chunks of a finished stream, and whether it said that it was done.
async fn chunks(response: Response) -> (Vec<Value>, bool) {
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.text().await.unwrap();
    let frames = text.split("\n\n").filter(|frame| !frame.is_empty() && !frame.starts_with(':'));
    let data: Vec<&str> = frames.map(|frame| frame.strip_prefix("data: ").unwrap()).collect();
    let is_done = data.last() == Some(&"[DONE]");
    let chunks = &data[..data.len() - usize::from(is_done)];
    (chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect(), is_done)
}

fn content(chunks: &[Value], choice: u64) -> String {
    let choices = chunks.iter().flat_map(|chunk| chunk["choices"].as_array().into_iter().flatten());
    let deltas = choices.filter(|delta| delta["index"] == choice);
    deltas.filter_map(|choice| choice["delta"]["content"].as_str()).collect()
}

/// Checks the status and the code of an error in OpenAI's form.
async fn check_error(response: Response, status: u16, code: Value) -> Value {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert!(header(&response, "x-request-id").starts_with("req_"));
    let error = body(response).await["error"].clone();
    assert!(error["message"].is_string() && error["type"].is_string(), "{error}");
    assert_eq!(error["code"], code, "{error}");
    error
}

#[tokio::test]
async fn an_answer_is_streamed_through_every_layer() {
    let bench = Bench::new(json!([plain("Hello, world.")])).await;
    let options = json!({"stream": true, "stream_options": {"include_usage": true}, "seed": 7});
    let response = bench.chat(&question(options)).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(header(&response, "cache-control"), "no-cache");
    assert_eq!(header(&response, "x-accel-buffering"), "no");
    assert_eq!(header(&response, "x-warp2api-ignored"), "seed");
    assert_eq!(header(&response, "x-warp2api-model"), "auto");
    assert_eq!(header(&response, "content-length"), "");
    assert_eq!(header(&response, "x-request-id"), header(&response, "request-id"));
    let (chunks, is_done) = chunks(response).await;
    assert!(is_done);
    assert_eq!(content(&chunks, 0), "Hello, world.");
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!((&last["usage"]["prompt_tokens"], &last["usage"]["completion_tokens"]), (&json!(30), &json!(7)));
}

#[tokio::test]
async fn an_answer_is_one_body_too() {
    let bench = Bench::new(json!([plain("Hello, world.")])).await;
    let response = bench.chat(&question(json!({}))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(header(&response, "x-warp2api-usage-source"), "");
    assert_eq!(header(&response, "x-warp2api-credits"), "1");
    // 30 tokens of a window of 200,000.
    assert_eq!(header(&response, "x-warp2api-context-used"), "0.00015");
    let body = body(response).await;
    assert_eq!(body["choices"][0]["message"]["content"], "Hello, world.");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["total_tokens"], 37);
    assert_eq!(body["model"], "auto");
}

#[tokio::test]
async fn several_choices_are_several_answers() {
    let bench = Bench::new(json!([plain("one"), plain("two")])).await;
    let (chunks, is_done) = chunks(bench.chat(&question(json!({"stream": true, "n": 2}))).await).await;
    assert!(is_done);
    let mut texts = [content(&chunks, 0), content(&chunks, 1)];
    texts.sort();
    assert_eq!(texts, ["one", "two"]);
    assert_eq!(bench.simulator.requests().len(), 2);
    let body = body(bench.chat(&question(json!({"n": 3}))).await).await;
    assert_eq!(body["choices"].as_array().unwrap().len(), 3);
    assert_eq!(body["usage"]["total_tokens"], 3 * 37);
}

#[tokio::test]
async fn calls_of_tools_reach_the_client_and_their_results_the_upstream() {
    let calls = json!({"steps": [
        {"tool_call": {"id": "call_1", "name": "add", "arguments": {"a": 1}}},
        {"tool_call": {"id": "call_2", "name": "add", "arguments": {"a": 2}}}, {"finish": {}}]});
    let bench = Bench::new(json!([calls, plain("3")])).await;
    let tools = json!([{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]);
    let answer = body(bench.chat(&question(json!({"tools": tools}))).await).await;
    let message = &answer["choices"][0]["message"];
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(message["content"], Value::Null);
    assert_eq!(message["tool_calls"][1]["function"], json!({"name": "add", "arguments": "{\"a\":2}"}));
    let messages = json!([
        {"role": "user", "content": "hi"}, message, {"role": "tool", "tool_call_id": "call_1", "content": "1"},
        {"role": "tool", "tool_call_id": "call_2", "content": "2"}]);
    let response = bench.chat(&json!({"model": "auto", "messages": messages, "tools": tools})).await;
    assert_eq!(header(&response, "x-warp2api-repaired"), "");
    assert_eq!(body(response).await["choices"][0]["message"]["content"], "3");
}

#[tokio::test]
async fn repairs_of_the_history_are_named() {
    let bench = Bench::new(json!([plain("ok")])).await;
    let messages = json!([{"role": "user", "content": "hi"}, {"role": "tool", "tool_call_id": "x", "content": "?"}]);
    let response = bench.chat(&json!({"model": "auto", "messages": messages})).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_ne!(header(&response, "x-warp2api-repaired"), "");
}

#[tokio::test]
async fn failures_before_the_answer_have_their_status() {
    for (status, wanted, code) in [(401, 503, "no_credential"), (503, 503, "service_unavailable")] {
        let bench = Bench::new(json!([{"status": status}])).await;
        for stream in [true, false] {
            let response = bench.chat(&question(json!({"stream": stream}))).await;
            check_error(response, wanted, json!(code)).await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_a_success() {
    let bench = Bench::new(json!([{"steps": [{"text": "So far "}, "cut"]}])).await;
    let (chunks, is_done) = chunks(bench.chat(&question(json!({"stream": true}))).await).await;
    assert!(!is_done);
    assert_eq!(chunks.last().unwrap()["error"]["code"], "upstream_truncated");
    assert!(chunks.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()));
    check_error(bench.chat(&question(json!({}))).await, 502, json!("upstream_truncated")).await;
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let config = Config { heartbeat: Duration::from_millis(50), ..Config::default() };
    let slow = json!({"steps": [{"text": "a"}, {"delay_ms": 400}, {"more": "b"}, {"finish": {}}]});
    let bench = Bench::with(json!([slow]), config).await;
    let text = bench.chat(&question(json!({"stream": true}))).await.text().await.unwrap();
    assert!(text.matches(": ").count() >= 2, "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"));
}

/// Waits until the simulator has seen a client go.
async fn cancelled(bench: &Bench) {
    let began = Instant::now();
    while bench.simulator.cancelled() == 0 {
        assert!(began.elapsed() < Duration::from_secs(5), "the upstream still works for nobody");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_ends_the_upstreams_work() {
    let bench = Bench::new(json!([{"steps": [{"text": "So far"}, "stall"]}])).await;
    let mut response = bench.chat(&question(json!({"stream": true}))).await;
    assert!(response.chunk().await.unwrap().is_some());
    drop(response);
    cancelled(&bench).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_ends_the_upstreams_work() {
    for stream in [true, false] {
        let bench = Bench::new(json!([{"steps": ["stall"]}])).await;
        let body = question(json!({"stream": stream})).to_string();
        let mut connection = TcpStream::connect(bench.address).await.unwrap();
        let head =
            format!("POST /chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let began = Instant::now();
        while bench.simulator.requests().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(5), "the upstream was not asked");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(connection);
        cancelled(&bench).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_lets_answers_finish() {
    let slow = json!({"steps": [{"text": "a"}, {"delay_ms": 300}, {"more": "b"}, {"finish": {}}]});
    let mut bench = Bench::new(json!([slow])).await;
    let response = bench.chat(&question(json!({"stream": true}))).await;
    bench.stop.take().unwrap().send(()).unwrap();
    let (chunks, is_done) = chunks(response).await;
    assert!(is_done);
    assert_eq!(content(&chunks, 0), "ab");
    bench.serving.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_stops_ends_what_takes_too_long() {
    let config = Config { drain_timeout: Duration::from_millis(200), ..Config::default() };
    let mut bench = Bench::with(json!([{"steps": [{"text": "So far"}, "stall"]}]), config).await;
    let response = bench.chat(&question(json!({"stream": true}))).await;
    let whole = bench.request(Method::POST, "/v1/chat/completions").body(question(json!({})).to_string()).send();
    let stop = bench.stop.take().unwrap();
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.send(()).unwrap();
    };
    let (whole, ()) = tokio::join!(whole, stopping);
    check_error(whole.unwrap(), 503, json!("service_unavailable")).await;
    let (chunks, is_done) = chunks(response).await;
    assert!(!is_done);
    assert_eq!(chunks.last().unwrap()["error"]["code"], "service_unavailable");
    bench.serving.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn refusals_have_the_dialects_form() {
    let bench = Bench::with(json!([plain("x")]), Config { max_body: 1000, ..Config::default() }).await;
    let error = check_error(bench.get("/v1/embeddings").await, 404, json!("not_found")).await;
    assert!(error["message"].as_str().unwrap().contains("POST /v1/chat/completions"));
    let response = bench.get("/v1/chat/completions").await;
    assert_eq!(header(&response, "allow"), "POST, OPTIONS");
    check_error(response, 405, json!("method_not_allowed")).await;
    check_error(bench.request(Method::DELETE, "/v1/models").send().await.unwrap(), 405, json!("method_not_allowed"))
        .await;
    let large = question(json!({"user": "x".repeat(2000)}));
    check_error(bench.chat(&large).await, 413, json!("request_too_large")).await;
    let post = || bench.request(Method::POST, "/v1/chat/completions");
    let unknown = post().header("content-encoding", "compress").body("x").send().await.unwrap();
    check_error(unknown, 415, json!("unsupported_encoding")).await;
    for text in ["", "{", "[]", "{\"model\": \"auto\"}"] {
        check_error(post().body(text).send().await.unwrap(), 400, Value::Null).await;
    }
    assert!(bench.simulator.requests().is_empty());
}

/// The same request in each encoding: more than 200 bytes of JSON whose message has an unknown role.
const ENCODED: [(&str, &str); 4] = [
    (
        "gzip",
        "H4sIAAAAAAAAA93BwQ2AIBBFwV7emQq2FeMBdeMF+AmsiQmhd/twZlJ1ecHIT4hE9THy7QPbJl3FMboOBYlTLbwFxvsTrH193umMvAMBAAA=",
    ),
    ("deflate", "eJzdwcENgCAQRcFe3pkKthXjAXXjBfgJrIkJoXf7cGZSdXnByE+IRPUx8u0D2yZdxTG6DgWJUy28Bcb7E6x9fd0qcXo="),
    ("br", "GwIBkIzTFfMjhHWvRfbwtjaLTlcfpxwwt7ZAsiAIT6aHDTjaF1oHTFbfKSGgwB0XEsEJSD+dD7jnBg=="),
    (
        "zstd",
        "KLUv/QRYJQIAxAN7Im1vZGVsIjoiYXV0byIsIm1lc3NhZ2VzIjpbeyJyb2xlIjoicm9ib3QiLCJjb250ZW50IjoieCJ9XX0BAEikABQ2abk7",
    ),
];

#[tokio::test]
async fn bodies_are_decompressed_and_measured_after_that() {
    let bench = Bench::new(json!([plain("x")])).await;
    let tight = Bench::with(json!([plain("x")]), Config { max_body: 200, ..Config::default() }).await;
    for (encoding, base64) in ENCODED {
        let data = BASE64_STANDARD.decode(base64).unwrap();
        let post = |bench: &Bench, data: Vec<u8>| {
            bench.request(Method::POST, "/v1/chat/completions").header("content-encoding", encoding).body(data).send()
        };
        let error = check_error(post(&bench, data.clone()).await.unwrap(), 400, Value::Null).await;
        assert_eq!(error["param"], "messages[0].role", "{encoding}");
        check_error(post(&tight, data.clone()).await.unwrap(), 413, json!("request_too_large")).await;
        let cut = data[..data.len() / 2].to_vec();
        let error = check_error(post(&bench, cut).await.unwrap(), 400, Value::Null).await;
        assert!(error["message"].as_str().unwrap().contains("cannot be read"), "{encoding}: {error}");
    }
}

#[tokio::test]
async fn models_come_in_both_shapes_without_a_redirect() {
    let bench = Bench::new(json!([plain("x")])).await;
    for path in ["/v1/models", "/models", "/v1/v1/models/", "/v1/models?limit=1000"] {
        let list = body(bench.get(path).await).await;
        assert_eq!(list["object"], "list", "{path}");
    }
    let request = bench.request(Method::GET, "/v1/models?limit=2").header("anthropic-version", "2026-10-21");
    let list = body(request.send().await.unwrap()).await;
    assert_eq!((list["data"].as_array().unwrap().len(), &list["has_more"]), (2, &json!(true)));
    let one = body(bench.get("/v1/models/gpt-5%20%28high%20reasoning%29").await).await;
    assert_eq!(one["id"], "gpt-5 (high reasoning)");
    check_error(bench.get("/v1/models/vendor/none").await, 404, json!("model_not_found")).await;
}

#[tokio::test]
async fn the_root_and_health_are_open_and_heads_have_no_body() {
    let config = Config { client_keys: vec![Secret::new("key")], ..Config::default() };
    let bench = Bench::with(json!([plain("x")]), config).await;
    for path in ["/", "/healthz"] {
        assert_eq!(bench.get(path).await.status(), StatusCode::OK);
        let head = bench.request(Method::HEAD, path).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
        assert!(head.bytes().await.unwrap().is_empty());
    }
    let options = bench.request(Method::OPTIONS, "/v1/chat/completions").send().await.unwrap();
    assert_eq!(options.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&options, "access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_client_key_is_asked_for_where_there_is_one() {
    let config = Config { client_keys: vec![Secret::new("the-key")], ..Config::default() };
    let bench = Bench::with(json!([plain("x")]), config).await;
    let models = |name: &str, value: &str| bench.request(Method::GET, "/v1/models").header(name, value).send();
    assert_eq!(models("authorization", "Bearer the-key").await.unwrap().status(), StatusCode::OK);
    assert_eq!(models("x-api-key", "the-key").await.unwrap().status(), StatusCode::OK);
    let wrong = models("authorization", "Bearer another").await.unwrap();
    assert_eq!(header(&wrong, "www-authenticate"), "Bearer");
    check_error(wrong, 401, json!("invalid_api_key")).await;
    let error = check_error(bench.chat(&question(json!({}))).await, 401, json!("invalid_api_key")).await;
    assert!(!error.to_string().contains("the-key"));
    assert!(bench.simulator.requests().is_empty());
}

#[tokio::test]
async fn a_kept_answer_is_there_for_its_client_after_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let start = async || {
        let shelves = Shelves::open(&State::open(place.path(), KeyKind::File).unwrap()).unwrap();
        let config = Config {
            client_keys: ["one", "two"].map(Secret::new).into(),
            shelves: Some(shelves.clone()),
            ..Config::default()
        };
        (Bench::with(json!([plain("Kept.")]), config).await, shelves)
    };
    let (first, shelves) = start().await;
    let asked = json!({"model": "auto", "input": "Hi"}).to_string();
    let asking = first.request(Method::POST, "/v1/responses").bearer_auth("one").body(asked);
    let answer = body(asking.send().await.unwrap()).await;
    shelves.flush().await;
    drop(first);
    let (second, _shelves) = start().await;
    let path = format!("/v1/responses/{}", answer["id"].as_str().unwrap());
    let get = |key| second.request(Method::GET, &path).bearer_auth(key).send();
    assert_eq!(body(get("one").await.unwrap()).await, answer);
    check_error(get("two").await.unwrap(), 404, json!("not_found")).await;
}

#[tokio::test]
async fn answers_are_kept_for_the_client_that_asked() {
    let keys = ["one", "two"].map(Secret::new);
    let config = Config { client_keys: keys.into(), ..Config::default() };
    let bench = Bench::with(json!([plain("Kept.")]), config).await;
    let send = |method, path: String, key: &str, body: Value| {
        bench.request(method, &path).bearer_auth(key).body(body.to_string()).send()
    };
    let asked = json!({"model": "auto", "input": "Hi"});
    let answer = body(send(Method::POST, "/v1/responses".to_owned(), "one", asked.clone()).await.unwrap()).await;
    let path = format!("/v1/responses/{}", answer["id"].as_str().unwrap());
    let get = |key| send(Method::GET, path.clone(), key, Value::Null);
    assert_eq!(body(get("one").await.unwrap()).await, answer);
    check_error(get("two").await.unwrap(), 404, json!("not_found")).await;
    check_error(send(Method::DELETE, path.clone(), "two", Value::Null).await.unwrap(), 404, json!("not_found")).await;
    let mut next = asked.clone();
    next["previous_response_id"] = answer["id"].clone();
    let refused = send(Method::POST, "/v1/responses".to_owned(), "two", next).await.unwrap();
    assert_eq!(check_error(refused, 400, Value::Null).await["param"], "previous_response_id");
    let deleted = body(send(Method::DELETE, path.clone(), "one", Value::Null).await.unwrap()).await;
    assert_eq!(deleted, json!({"id": answer["id"], "object": "response.deleted", "deleted": true}));
    check_error(get("one").await.unwrap(), 404, json!("not_found")).await;
}

#[tokio::test]
async fn what_responses_clients_try_first_is_not_found() {
    let bench = Bench::new(json!([plain("x")])).await;
    let websocket = bench.request(Method::GET, "/v1/responses").header("connection", "Upgrade");
    let websocket = websocket.header("upgrade", "websocket").send().await.unwrap();
    check_error(websocket, 404, json!("not_found")).await;
    let compact = bench.request(Method::POST, "/v1/responses/compact").body("{}").send().await.unwrap();
    check_error(compact, 404, json!("not_found")).await;
    check_error(bench.get("/v1/responses").await, 405, json!("method_not_allowed")).await;
}

#[tokio::test]
async fn web_pages_of_others_are_kept_out() {
    let config = Config { cors: vec!["https://chat.example".to_owned()], ..Config::default() };
    let bench = Bench::with(json!([plain("x")]), config).await;
    let models = |name: &str, value: &str| bench.request(Method::GET, "/v1/models").header(name, value).send();
    check_error(models("host", "evil.example").await.unwrap(), 403, json!("forbidden")).await;
    check_error(models("origin", "https://evil.example").await.unwrap(), 403, json!("forbidden")).await;
    let allowed = models("origin", "https://chat.example").await.unwrap();
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(header(&allowed, "access-control-allow-origin"), "https://chat.example");
    let asked = bench.request(Method::OPTIONS, "/v1/chat/completions").header("origin", "https://chat.example");
    let asked = asked.header("access-control-request-headers", "authorization, content-type").send().await.unwrap();
    assert_eq!(header(&asked, "access-control-allow-headers"), "authorization, content-type");
}

#[tokio::test]
async fn a_strict_server_refuses_what_cannot_be_honoured() {
    let bench = Bench::with(json!([plain("x")]), Config { strict: true, ..Config::default() }).await;
    let error = check_error(bench.chat(&question(json!({"seed": 7, "top_p": 0.5}))).await, 400, Value::Null).await;
    assert_eq!(error["param"], "seed");
    assert_eq!(bench.chat(&question(json!({"top_p": 1, "user": "u"}))).await.status(), StatusCode::OK);
    let harmless = json!({"model": "auto", "input": "hi", "include": ["reasoning.encrypted_content"]});
    let response = bench.request(Method::POST, "/v1/responses").body(harmless.to_string()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "what costs nothing to lack is not refused");
}

#[tokio::test]
async fn a_too_large_body_is_answered_although_the_client_still_sends() {
    let bench = Bench::with(json!([plain("x")]), Config { max_body: 64 * 1024, ..Config::default() }).await;
    let mut connection = TcpStream::connect(bench.address).await.unwrap();
    let size = 150 * 1024;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b'x'; size]).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("request_too_large"));
}

/// What a connection carries back for `first` and, a moment later, `then`.
async fn exchange(address: SocketAddr, first: &str, then: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(first.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    connection.write_all(then.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_refusal_before_the_body_leaves_the_connection_to_the_next_request() {
    let bench = Bench::new(json!([plain("x")])).await;
    let refused = "POST /no/such/path HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n";
    let next = "0123456789GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answers = exchange(bench.address, refused, next).await;
    assert!(answers.starts_with("HTTP/1.1 404") && answers.contains("HTTP/1.1 200"), "{answers}");
    let (first, _) = answers.split_once("\r\n\r\n").unwrap();
    assert!(!first.contains("connection: close"), "{first}");
}

#[tokio::test]
async fn a_refusal_that_cannot_wait_for_the_body_says_that_the_connection_ends() {
    let bench = Bench::new(json!([plain("x")])).await;
    for head in ["content-length: 99999999", "content-length: 10\r\nexpect: 100-continue"] {
        let refused = format!("POST /no/such/path HTTP/1.1\r\nhost: localhost\r\n{head}\r\n\r\n");
        let answer = exchange(bench.address, &refused, "").await;
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_complete_response_says_when_it_was() {
    let bench = Bench::new(json!([plain("Hello."), {"steps": [{"text": "a b c d"}, "stall"]}])).await;
    let ask = |more: Value| {
        let mut body = json!({"model": "auto", "input": "hi"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bench.request(Method::POST, "/v1/responses").body(body.to_string()).send()
    };
    let whole = body(ask(json!({})).await.unwrap()).await;
    assert!(whole["completed_at"].as_u64().unwrap() >= whole["created_at"].as_u64().unwrap(), "{whole}");
    let id = whole["id"].as_str().unwrap();
    assert_eq!(body(bench.get(&format!("/v1/responses/{id}")).await).await["completed_at"], whole["completed_at"]);
    let cut = body(ask(json!({"max_output_tokens": 1})).await.unwrap()).await;
    assert_eq!((&cut["status"], &cut["completed_at"]), (&json!("incomplete"), &Value::Null));
}

#[tokio::test]
async fn what_a_model_cannot_be_asked_for_is_not_found() {
    let bench = Bench::new(json!([plain("x")])).await;
    for path in ["/v1beta/models/auto:embedContent", "/v1/models/auto:batchEmbedContents"] {
        let response = bench.request(Method::POST, path).body("{}").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let error = body(response).await["error"].clone();
        assert!(error["message"].as_str().unwrap().contains(":generateContent"), "it says what there is: {error}");
    }
    let response = bench.request(Method::POST, "/v1/models/auto").body("{}").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}
