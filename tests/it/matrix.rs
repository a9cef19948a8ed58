//! Whatever can go wrong with an answer, in every dialect, streamed and in one body: each ends as its client must be
//! told (`CLIENTS.md` §3.7).

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    clients::{CLIENTS, Client, End, user},
    front::{Front, Setup, header, playing},
};

/// How one kind of failure looks: to both of OpenAI's dialects, to Anthropic's and to Google's.
#[derive(Debug, Clone, Copy)]
struct Looks {
    /// Status, type and code.
    openai: (u16, &'static str, Option<&'static str>),
    /// Status and type.
    anthropic: (u16, &'static str),
    /// Status and its name.
    gemini: (u16, &'static str),
    /// `x-should-retry`.
    should_retry: &'static str,
    /// `retry-after`.
    retry_after: &'static str,
}

const fn looks(
    openai: (u16, &'static str, Option<&'static str>),
    anthropic: (u16, &'static str),
    gemini: (u16, &'static str),
) -> Looks {
    Looks { openai, anthropic, gemini, should_retry: "", retry_after: "" }
}

const REQUEST: &str = "invalid_request_error";
const SERVER: &str = "server_error";

const INVALID: Looks = looks((400, REQUEST, None), (400, REQUEST), (400, "INVALID_ARGUMENT"));
const CONTEXT: Looks =
    looks((400, REQUEST, Some("context_length_exceeded")), (400, REQUEST), (400, "INVALID_ARGUMENT"));
const FORBIDDEN: Looks =
    looks((403, REQUEST, Some("forbidden")), (403, "permission_error"), (403, "PERMISSION_DENIED"));
const MODEL: Looks =
    looks((403, REQUEST, Some("model_not_allowed")), (403, "permission_error"), (403, "PERMISSION_DENIED"));
const VENDOR_KEY: Looks =
    looks((403, REQUEST, Some("invalid_api_key")), (403, "permission_error"), (403, "PERMISSION_DENIED"));
const NOT_FOUND: Looks = looks((404, REQUEST, Some("not_found")), (404, "not_found_error"), (404, "NOT_FOUND"));
const NO_MODEL: Looks = looks((404, REQUEST, Some("model_not_found")), (404, "not_found_error"), (404, "NOT_FOUND"));
const METHOD: Looks = looks((405, REQUEST, Some("method_not_allowed")), (405, REQUEST), (405, "UNIMPLEMENTED"));
const TOO_LARGE: Looks =
    looks((413, REQUEST, Some("request_too_large")), (413, "request_too_large"), (413, "INVALID_ARGUMENT"));
const ENCODING: Looks = looks((415, REQUEST, Some("unsupported_encoding")), (415, REQUEST), (415, "INVALID_ARGUMENT"));
const CLIENT_KEY: Looks =
    looks((401, REQUEST, Some("invalid_api_key")), (401, "authentication_error"), (401, "UNAUTHENTICATED"));
const UPSTREAM: Looks = looks((500, SERVER, Some("upstream_error")), (500, "api_error"), (500, "INTERNAL"));
const TRUNCATED: Looks = looks((502, SERVER, Some("upstream_truncated")), (502, "api_error"), (502, "UNAVAILABLE"));
const CREDENTIAL: Looks = looks((503, SERVER, Some("no_credential")), (503, "api_error"), (503, "UNAVAILABLE"));
const OVERLOADED: Looks = looks((503, SERVER, Some("overloaded")), (529, "overloaded_error"), (503, "UNAVAILABLE"));
const TIMEOUT: Looks = looks((504, SERVER, Some("timeout")), (504, "timeout_error"), (504, "DEADLINE_EXCEEDED"));
const QUOTA: Looks = Looks {
    should_retry: "false",
    ..looks(
        (429, "insufficient_quota", Some("insufficient_quota")),
        (429, "rate_limit_error"),
        (429, "RESOURCE_EXHAUSTED"),
    )
};
const LIMITED: Looks = Looks {
    retry_after: "60",
    ..looks(
        (429, "rate_limit_error", Some("rate_limit_exceeded")),
        (429, "rate_limit_error"),
        (429, "RESOURCE_EXHAUSTED"),
    )
};
const AWAY: Looks = Looks {
    retry_after: "1",
    ..looks((503, SERVER, Some("service_unavailable")), (503, "api_error"), (503, "UNAVAILABLE"))
};

impl Looks {
    fn status(&self, client: Client) -> u16 {
        match client {
            Client::Chat | Client::Responses => self.openai.0,
            Client::Anthropic => self.anthropic.0,
            Client::Gemini => self.gemini.0,
        }
    }

    /// Holds the object `error` of a body or an event against what it must say.
    fn check_error(&self, client: Client, error: &Value, what: &str) {
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}: {error}");
        match client {
            Client::Chat | Client::Responses => {
                let (_, kind, code) = self.openai;
                assert_eq!((&error["type"], &error["code"]), (&json!(kind), &json!(code)), "{what}: {error}");
                assert!(error.get("param").is_some(), "{what}: {error}");
            }
            Client::Anthropic => assert_eq!(error["type"], self.anthropic.1, "{what}: {error}"),
            Client::Gemini => {
                let told = (&error["code"], &error["status"]);
                assert_eq!(told, (&json!(self.gemini.0), &json!(self.gemini.1)), "{what}: {error}");
            }
        }
    }

    /// Holds a whole response against what it must be.
    async fn check(&self, client: Client, response: Response, what: &str) {
        let what = format!("{what}, {client:?}");
        assert_eq!(response.status().as_u16(), self.status(client), "{what}");
        assert_eq!(header(&response, "content-type"), "application/json", "{what}");
        assert_eq!(header(&response, "x-should-retry"), self.should_retry, "{what}");
        assert_eq!(header(&response, "retry-after"), self.retry_after, "{what}");
        let request_id = check_request_id(&response, &what);
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        if client == Client::Anthropic {
            assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!(request_id)), "{what}");
        }
        self.check_error(client, &body["error"], &what);
    }

    /// Holds what a stream said at its end against what it must.
    fn check_end(&self, client: Client, end: &End, what: &str) {
        let what = format!("{what}, {client:?}");
        let End::Failed(error) = end else { panic!("{what}: {end:?}") };
        match client {
            // A failed response says its code, and no type.
            Client::Responses => {
                let code = if self.openai.0 == 400 { self.openai.2.or(Some("invalid_prompt")) } else { self.openai.2 };
                assert_eq!(error["code"], json!(code), "{what}: {error}");
                assert!(error["message"].is_string(), "{what}: {error}");
            }
            Client::Chat | Client::Anthropic | Client::Gemini => self.check_error(client, error, &what),
        }
    }
}

/// Both names of the header that SDKs look for, with the same id.
fn check_request_id(response: &Response, what: &str) -> String {
    let id = header(response, "x-request-id").to_owned();
    assert!(id.starts_with("req_") && id.len() > 10, "{what}: {id:?}");
    assert_eq!(header(response, "request-id"), id, "{what}");
    id
}

/// What each client is told of an answer that is complete, by its reason.
type Reasons = [&'static str; 4];

const LENGTH: Reasons = ["length", "max_output_tokens", "max_tokens", "MAX_TOKENS"];
const STOP: Reasons = ["stop", "completed", "end_turn", "STOP"];

fn position(client: Client) -> usize {
    CLIENTS.iter().position(|other| *other == client).unwrap()
}

async fn ask(front: &Front, client: Client, stream: bool) -> Response {
    front.post(client.path(stream), &client.body(stream, &[user("hi")], &["add"])).await
}

fn quick() -> Setup {
    Setup { idle_timeout: Duration::from_millis(700), ..Setup::default() }
}

fn steps(steps: Value) -> Value {
    json!([{"steps": steps}])
}

fn finish(reason: Value) -> Value {
    json!({"finish": {"reason": reason}})
}

/// Every way in which the upstream fails before it has said anything: the exchange, and what it looks like.
fn failures() -> Vec<(&'static str, Value, Looks)> {
    let status = |status: u16| json!([{"status": status}]);
    let internal = |message: &str| steps(json!([finish(json!({"internal_error": {"message": message}}))]));
    let reason = |reason: &str| steps(json!([finish(json!(reason))]));
    vec![
        ("an empty answer", json!([{"status": 200, "body": ""}]), UPSTREAM),
        ("cut before the first word", steps(json!(["cut"])), TRUNCATED),
        ("broken before the first word", steps(json!(["abort"])), TRUNCATED),
        (
            "cut before the first event",
            json!([{"preamble": false, "steps": [{"bytes": ": hello\n\n"}, "cut"]}]),
            TRUNCATED,
        ),
        (
            "cut within a call",
            steps(json!([{"tool_call": {"name": "add", "arguments": {"text": "1"}}}, "cut"])),
            TRUNCATED,
        ),
        ("silent before the first event", json!([{"preamble": false, "steps": ["stall"]}]), TIMEOUT),
        ("silent before the first word", steps(json!(["stall"])), TIMEOUT),
        ("silent before the status", json!([{"delay_ms": 5_000, "steps": []}]), TIMEOUT),
        ("quota_limit", reason("quota_limit"), QUOTA),
        ("context_window_exceeded", reason("context_window_exceeded"), CONTEXT),
        ("llm_unavailable", reason("llm_unavailable"), OVERLOADED),
        ("invalid_api_key", reason("invalid_api_key"), VENDOR_KEY),
        ("other", reason("other"), UPSTREAM),
        ("internal_error", internal("boom"), UPSTREAM),
        (
            "a vendor's overload",
            internal(r#"anthropic: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
            OVERLOADED,
        ),
        (
            "a vendor's context window",
            internal(r#"openai: {"error":{"code":"context_length_exceeded","message":"too long"}}"#),
            CONTEXT,
        ),
        (
            "a vendor's refusal",
            internal(r#"{"error":{"type":"invalid_request_error","message":"bad schema"}}"#),
            INVALID,
        ),
        ("a vendor's missing model", internal(r#"{"error":{"code":404,"message":"no such model"}}"#), NO_MODEL),
        ("no credits", json!([{"status": 429, "headers": {"X-Warp-Error-Code": "OUT_OF_CREDITS"}}]), QUOTA),
        ("too many requests", json!([{"status": 429, "headers": {"Retry-After": "60"}}]), LIMITED),
        ("a refused credential", status(401), CREDENTIAL),
        ("a blocked account", status(403), FORBIDDEN),
        (
            "a model of another plan",
            json!([{"status": 400, "body": "requested base model x is not allowed for your account"}]),
            MODEL,
        ),
        ("a refused request", json!([{"status": 400, "body": "nonsense"}]), INVALID),
        ("down", status(503), AWAY),
        ("broken", status(500), AWAY),
        ("an odd status", status(418), UPSTREAM),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_before_the_first_word_has_a_status() {
    let mut rows = JoinSet::new();
    for (what, exchanges, looks) in failures() {
        rows.spawn(async move {
            let simulator = playing(&exchanges);
            let front = Front::start(simulator.url(), quick()).await;
            for client in CLIENTS {
                for stream in [true, false] {
                    let response = ask(&front, client, stream).await;
                    looks.check(client, response, &format!("{what}, stream {stream}")).await;
                }
            }
        });
    }
    rows.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_after_the_first_word_is_said_in_the_stream_and_a_status_of_a_body() {
    let internal = |message: &str| finish(json!({"internal_error": {"message": message}}));
    let overload = r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let call = json!({"tool_call": {"name": "add", "arguments": {"text": "1"}}});
    let mut rows = JoinSet::new();
    for (what, ends, looks) in [
        ("cut", json!(["cut"]), TRUNCATED),
        ("abort", json!(["abort"]), TRUNCATED),
        ("cut within a call", json!([call, "cut"]), TRUNCATED),
        ("broken within a call", json!([call, "abort"]), TRUNCATED),
        ("silence", json!(["stall"]), TIMEOUT),
        ("silence within a call", json!([call, "stall"]), TIMEOUT),
        ("quota_limit", json!([finish(json!("quota_limit"))]), QUOTA),
        ("llm_unavailable", json!([finish(json!("llm_unavailable"))]), OVERLOADED),
        ("invalid_api_key", json!([finish(json!("invalid_api_key"))]), VENDOR_KEY),
        ("other", json!([finish(json!("other"))]), UPSTREAM),
        ("internal_error", json!([internal("boom")]), UPSTREAM),
        ("a vendor's overload", json!([internal(overload)]), OVERLOADED),
        ("an event that cannot be read", json!([{"data": "!!"}, finish(json!("done"))]), UPSTREAM),
    ] {
        rows.spawn(fails_after_a_word(what, ends, looks));
    }
    rows.join_all().await;
}

async fn fails_after_a_word(what: &'static str, ends: Value, looks: Looks) {
    let mut all = vec![json!({"text": "So far so good"})];
    all.extend(ends.as_array().unwrap().iter().cloned());
    let simulator = playing(&steps(json!(all)));
    let front = Front::start(simulator.url(), quick()).await;
    for client in CLIENTS {
        let response = ask(&front, client, true).await;
        assert_eq!(response.status(), 200, "{what}, {client:?}");
        check_request_id(&response, what);
        let heard = client.hears(true, &response.text().await.unwrap());
        assert_eq!(heard.text, "So far so good", "{what}, {client:?}");
        assert_eq!(heard.calls, [], "{what}, {client:?}: half an answer has no calls");
        looks.check_end(client, &heard.end, what);
        looks.check(client, ask(&front, client, false).await, what).await;
    }
    assert_eq!(simulator.requests().len(), 8, "{what}: what acted is not asked again");
}

#[tokio::test]
async fn a_context_that_fills_up_within_the_answer_ends_it() {
    let full = steps(json!([{"text": "So far"}, finish(json!("context_window_exceeded"))]));
    let simulator = playing(&full);
    let front = Front::start(simulator.url(), quick()).await;
    for client in CLIENTS {
        let heard = client.hears(true, &ask(&front, client, true).await.text().await.unwrap());
        assert_eq!(heard.text, "So far");
        let complete = |reason: &str| End::Complete(reason.to_owned());
        match client {
            Client::Chat => assert_eq!(heard.end, complete("length")),
            Client::Responses => CONTEXT.check_end(client, &heard.end, "full"),
            Client::Anthropic => assert_eq!(heard.end, complete("model_context_window_exceeded")),
            Client::Gemini => assert_eq!(heard.end, complete("MAX_TOKENS")),
        }
        CONTEXT.check(client, ask(&front, client, false).await, "full").await;
    }
}

#[tokio::test]
async fn whole_answers_say_why_they_ended() {
    for (reason, reasons) in [("done", STOP), ("unset", STOP), ("max_token_limit", LENGTH)] {
        let simulator = playing(&steps(json!([{"text": "All"}, finish(json!(reason))])));
        let front = Front::start(simulator.url(), quick()).await;
        for client in CLIENTS {
            for stream in [true, false] {
                let response = ask(&front, client, stream).await;
                assert_eq!(response.status(), 200);
                check_request_id(&response, reason);
                let heard = client.hears(stream, &response.text().await.unwrap());
                let wanted = End::Complete(reasons[position(client)].to_owned());
                assert_eq!((heard.text.as_str(), &heard.end), ("All", &wanted), "{reason}, {client:?}");
            }
        }
    }
}

/// A request of the dialect's own that is none of its business.
fn wrong_path(client: Client) -> (&'static str, &'static str) {
    match client {
        Client::Chat => ("/v1/embeddings", "x-none"),
        Client::Responses => ("/v1/responses/compact", "x-none"),
        Client::Anthropic => ("/v1/messages/batches", "anthropic-version"),
        Client::Gemini => ("/v1beta/cachedContents", "x-none"),
    }
}

#[tokio::test]
async fn what_the_router_refuses_is_refused_in_the_clients_form() {
    let simulator = playing(&steps(json!([{"text": "x"}])));
    let front = Front::start(simulator.url(), Setup::default()).await;
    for client in CLIENTS {
        let (path, name) = wrong_path(client);
        let lost = front.request(Method::POST, path).header(name, "2023-06-01").body("{}").send().await.unwrap();
        NOT_FOUND.check(client, lost, "path").await;
        let put = front.request(Method::PUT, client.path(false)).body("{}").send().await.unwrap();
        assert_eq!(header(&put, "allow"), "POST, OPTIONS");
        METHOD.check(client, put, "method").await;
        for broken in ["", "{", "[]", "\"text\"", "{\"model\":\"auto\"}"] {
            let refused = front.request(Method::POST, client.path(false)).body(broken).send().await.unwrap();
            INVALID.check(client, refused, broken).await;
        }
    }
    assert!(simulator.requests().is_empty());
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_the_clients_form() {
    let simulator = playing(&steps(json!([{"text": "x"}])));
    let mut setup = Setup::default();
    setup.server.client_keys = vec![warp2api::secret::Secret::new("right")];
    let front = Front::start(simulator.url(), setup).await;
    for client in CLIENTS {
        for stream in [true, false] {
            let name = if client == Client::Gemini { "x-goog-api-key" } else { "x-api-key" };
            let body = client.body(stream, &[user("hi")], &[]).to_string();
            let ask = |key: &str| {
                front.request(Method::POST, client.path(stream)).header(name, key).body(body.clone()).send()
            };
            CLIENT_KEY.check(client, ask("wrong").await.unwrap(), "key").await;
            assert_eq!(ask("right").await.unwrap().status(), 200);
        }
    }
}

/// The most that a body may be by default.
const LIMIT: usize = 64 * 1024 * 1024;

/// A body that is made `size` bytes larger by a member that nobody knows.
fn padded(client: Client, size: usize) -> String {
    let mut body = client.body(false, &[user("hi")], &[]);
    body["padding"] = json!("x".repeat(size));
    body.to_string()
}

/// A zstd frame of a few bytes that grows to `size`: blocks that repeat one byte.
fn zstd_bomb(size: usize) -> Vec<u8> {
    const BLOCK: usize = 128 * 1024;
    // Magic number; no content size, no checksum; a window of one block.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    let blocks = size.div_ceil(BLOCK);
    for number in 1..=blocks {
        let is_last = u32::from(number == blocks);
        let head = (u32::try_from(BLOCK).unwrap() << 3) | (1 << 1) | is_last;
        frame.extend_from_slice(&head.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_are_taken_and_too_large_ones_refused() {
    let simulator = playing(&steps(json!([{"text": "Seen."}])));
    let front = Front::start(simulator.url(), Setup::default()).await;
    for client in CLIENTS {
        let send = |body: String| front.request(Method::POST, client.path(false)).body(body).send();
        let response = send(padded(client, 33 * 1024 * 1024)).await.unwrap();
        assert_eq!(response.status(), 200, "{client:?}");
        assert_eq!(client.hears(false, &response.text().await.unwrap()).text, "Seen.");
        TOO_LARGE.check(client, send(" ".repeat(LIMIT + 1024 * 1024)).await.unwrap(), "65 MiB").await;
    }
}

/// The upstream echoes what it is asked, so its events are as large as a picture can be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_picture_comes_back_in_an_event_and_is_no_trouble() {
    let simulator = playing(&steps(json!([{"text": "Seen."}])));
    let front = Front::start(simulator.url(), Setup::default()).await;
    let data = "A".repeat(14 * 1024 * 1024);
    let source = json!({"type": "base64", "media_type": "image/png", "data": data});
    let mut body = Client::Anthropic.body(true, &[user("hi")], &[]);
    body["messages"][0]["content"] = json!([{"type": "image", "source": source}]);
    let response = front.post(Client::Anthropic.path(true), &body).await;
    assert_eq!(Client::Anthropic.hears(true, &response.text().await.unwrap()).text, "Seen.");
}

#[tokio::test]
async fn encoded_bodies_are_measured_decoded_and_refused_by_their_fault() {
    let simulator = playing(&steps(json!([{"text": "x"}])));
    let front = Front::start(simulator.url(), Setup::default()).await;
    for client in CLIENTS {
        let send = |encoding: &str, body: Vec<u8>| {
            front.request(Method::POST, client.path(false)).header("content-encoding", encoding).body(body).send()
        };
        let bomb = zstd_bomb(LIMIT + 1);
        assert!(bomb.len() < 4096);
        TOO_LARGE.check(client, send("zstd", bomb).await.unwrap(), "bomb").await;
        // The same frame is sound: a smaller one is taken in, and is no JSON.
        INVALID.check(client, send("zstd", zstd_bomb(1024)).await.unwrap(), "spaces").await;
        INVALID.check(client, send("zstd", b"this is no zstd".to_vec()).await.unwrap(), "bad zstd").await;
        INVALID.check(client, send("gzip", b"this is no gzip".to_vec()).await.unwrap(), "bad gzip").await;
        ENCODING.check(client, send("snappy", b"{}".to_vec()).await.unwrap(), "unknown encoding").await;
    }
    assert!(simulator.requests().is_empty());
}
