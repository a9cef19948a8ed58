//! The simulator over real HTTP: what it answers, refuses and remembers. Where a client's tree is needed, it is the
//! gateway's own assembler that keeps it, so that the two readings of the protocol check each other.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};
use warp2api::{
    models::Catalogue,
    schema::{self, Schema, spelling},
    simulator::{API_KEY, Account, Config, Counts, Fault, Owner, Replay, Scenario, Simulator},
    sse,
    turn::TurnEvent,
    upstream::assemble::Assembler,
};

/// A simulator and a client of it.
struct Bench {
    simulator: Simulator,
    http: reqwest::Client,
    bearer: String,
}

/// What a request was answered with.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Bytes,
}

impl Bench {
    fn of(config: Config) -> Self {
        Self::with_client(config, reqwest::Client::builder().no_proxy().build().expect("a client"))
    }

    fn with_client(config: Config, http: reqwest::Client) -> Self {
        let simulator = Simulator::start(config, Schema::embedded()).expect("a free port");
        Self { simulator, http, bearer: API_KEY.to_owned() }
    }

    fn fast() -> Self {
        Self::of(Config::parse("fast").expect("a word"))
    }

    fn scenario(scenario: &Value) -> Self {
        let scenario = Scenario::parse(&scenario.to_string(), Path::new("in the test")).expect("a scenario");
        Self::of(Config::of_scenario(scenario))
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.simulator.url())).bearer_auth(&self.bearer)
    }

    fn agent(&self, body: Vec<u8>) -> reqwest::RequestBuilder {
        self.post("/ai/multi-agent").header("content-type", "application/x-protobuf").body(body)
    }

    async fn send(&self, body: Vec<u8>) -> Answer {
        Answer::of(self.agent(body).send().await.expect("an answer")).await
    }

    async fn ask(&self, query: &str) -> Answer {
        self.send(encode(&ask(query))).await
    }

    async fn graphql(&self, operation: &str, bearer: Option<&str>) -> (u16, Value) {
        let url = format!("{}/graphql/v2?op={operation}", self.simulator.url());
        let query = format!("query {operation}($rc: RequestContext!) {{ user(requestContext: $rc) {{ __typename }} }}");
        let body = json!({"query": query, "operationName": operation, "variables": {"rc": {}}});
        let mut request = self.http.post(url).json(&body);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.simulator.url())).form(fields);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.expect("the whole body") }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The payloads of the frames that hold any.
    fn payloads(&self) -> Vec<Bytes> {
        let (mut decoder, mut events) = (sse::Decoder::default(), Vec::new());
        decoder.push(&self.body, &mut events).expect("an event stream");
        decoder.finish(&mut events).expect("an end");
        events
            .iter()
            .filter(|event| event.event == "data")
            .filter_map(|event| spelling::decode_text(event.data.as_bytes()).ok())
            .map(Bytes::from)
            .collect()
    }

    fn events(&self) -> Vec<Value> {
        let kind = Schema::embedded().message("ResponseEvent").expect("it is there");
        self.payloads().iter().map(|wire| schema::to_json(&schema::decode(&kind, wire).expect("an event"))).collect()
    }

    fn actions(&self) -> Vec<Value> {
        let actions =
            self.events().into_iter().filter_map(|event| event["client_actions"]["actions"].as_array().cloned());
        actions.flatten().collect()
    }

    fn finished(&self) -> Value {
        self.events().pop().expect("events")["finished"].clone()
    }

    fn conversation(&self) -> String {
        self.events()[0]["init"]["conversation_id"].as_str().expect("an id").to_owned()
    }

    /// What the gateway's assembler makes of it, after a request that sent `tasks`.
    fn heard(&self, tasks: &[Bytes]) -> Heard {
        let mut assembler = Assembler::new(&Schema::embedded()).and_then(|own| own.with_sent(tasks)).expect("tasks");
        let mut events = Vec::new();
        for payload in self.payloads() {
            assembler.push(&payload, &mut events).expect("an event");
        }
        assembler.end(&mut events);
        Heard { events, tasks: assembler.tree().active_tasks(), damaged: assembler.is_damaged() }
    }

    fn said(&self) -> String {
        self.heard(&[]).text()
    }
}

struct Heard {
    events: Vec<TurnEvent>,
    tasks: Vec<Bytes>,
    damaged: bool,
}

impl Heard {
    fn text(&self) -> String {
        let texts = self.events.iter().filter_map(|event| match event {
            TurnEvent::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// Names, arguments and ids of the calls.
    fn calls(&self) -> Vec<(String, Value, String)> {
        let calls = self.events.iter().filter_map(|event| match event {
            TurnEvent::ToolCall(call) => {
                Some((call.name.clone(), Value::Object(call.arguments.clone()), call.id.clone()))
            }
            _ => None,
        });
        calls.collect()
    }
}

/// A well-formed request without tasks, its input left out.
fn bare() -> Value {
    json!({
        "task_context": {},
        "input": {"context": {"current_time": "2026-01-02T03:04:05Z"}},
        "settings": {
            "model_config": {"base": "auto"},
            "supported_tools": ["CALL_MCP_TOOL"],
            "supports_parallel_tool_calls": true,
            "supports_reasoning_message": true,
        },
    })
}

fn with_inputs(inputs: &Value) -> Value {
    let mut request = bare();
    request["input"]["user_inputs"] = json!({"inputs": inputs});
    request
}

fn ask(query: &str) -> Value {
    with_inputs(&json!([{"user_query": {"query": query, "mode": {}, "intended_agent": "AGENT_TYPE_PRIMARY"}}]))
}

fn result(call_id: &str, text: &str) -> Value {
    json!({"tool_call_result": {"tool_call_id": call_id,
        "call_mcp_tool": {"success": {"results": [{"text": {"text": text}}]}}}})
}

fn offering(mut request: Value, names: &[&str]) -> Value {
    let tools = names.iter().map(|name| {
        json!({"name": name, "description": "does it", "input_schema": {"type": "object", "required": ["city", "days"],
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}, "note": {"type": "string"}}}})
    });
    let id = "5a4e0c8e-55aa-4a0e-9d6c-0d7a1c3f9b21";
    request["mcp_context"] = json!({"servers": [{"name": "client", "id": id, "tools": tools.collect::<Vec<_>>()}]});
    request
}

fn encode(request: &Value) -> Vec<u8> {
    let kind = Schema::embedded().message("Request").expect("it is there");
    schema::encode(&schema::from_json(&kind, request).expect("a request"))
}

/// The request with a conversation and its tasks as raw bytes.
fn continued(mut request: Value, conversation: &str, tasks: &[Bytes]) -> Vec<u8> {
    request["metadata"]["conversation_id"] = conversation.into();
    request.as_object_mut().expect("an object").remove("task_context");
    let mut context = Vec::new();
    for task in tasks {
        schema::wire::put_bytes(&mut context, 1, task);
    }
    let mut body = Vec::new();
    schema::wire::put_bytes(&mut body, 1, &context);
    body.extend(encode(&request));
    body
}

fn action_names(actions: &[Value]) -> Vec<String> {
    actions.iter().map(|action| action.as_object().expect("an action").keys().next().expect("a kind").clone()).collect()
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scenarios");
    let files = fs::read_dir(folder).expect("the scenarios").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_plain_answer_has_the_captured_sequence_over_both_versions_of_http() {
    let mut bench = Bench::fast();
    for version in [reqwest::Version::HTTP_11, reqwest::Version::HTTP_2] {
        if version == reqwest::Version::HTTP_2 {
            bench.http = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
        }
        let response = bench.agent(encode(&ask("What is Rust?"))).send().await.expect("an answer");
        assert_eq!(response.version(), version);
        let answer = Answer::of(response).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/event-stream;charset=utf-8");
        assert_eq!(answer.headers["cache-control"], "no-cache");
        assert!(answer.text().starts_with("event:data\ndata:C"), "the framing is the captured one");
        check_captured_sequence(&answer);
        assert!(answer.said().starts_with("You said: “What is Rust?”."), "{}", answer.said());
    }
}

fn check_captured_sequence(answer: &Answer) {
    let (events, actions) = (answer.events(), answer.actions());
    for id in ["conversation_id", "request_id", "run_id"] {
        assert_eq!(events[0]["init"][id].as_str().map(str::len), Some(36), "{id}");
    }
    let names = action_names(&actions);
    let (start, rest) = names.split_at(7);
    assert_eq!(
        start,
        [
            "create_task",
            "add_messages_to_task",
            "add_messages_to_task",
            "update_task_message",
            "begin_transaction",
            "add_messages_to_task",
            "append_to_message_content"
        ]
    );
    let (middle, end) = rest.split_at(rest.len() - 2);
    assert!(middle.len() > 5 && middle.iter().all(|name| name == "append_to_message_content"));
    assert_eq!(end, ["commit_transaction", "update_task_description"]);
    let task = &actions[0]["create_task"]["task"];
    assert_eq!(task["messages"][0]["tool_call"]["server"]["payload"], "IgA=");
    assert!(task.get("dependencies").is_none() && task.get("description").is_none());
    let event = &actions[1]["add_messages_to_task"]["messages"][0];
    assert_eq!(event["server_event"]["payload"], "KgwKBAgCEAQKBAgDEAY=");
    let echo = &actions[2]["add_messages_to_task"]["messages"][0];
    let query = json!({"query": "What is Rust?", "mode": {}, "intended_agent": "AGENT_TYPE_PRIMARY",
        "context": {"current_time": "2026-01-02T03:04:05Z"}});
    assert_eq!(echo["user_query"], query);
    assert_eq!(echo["request_id"], events[0]["init"]["request_id"]);
    assert_eq!(actions[3]["update_task_message"]["mask"], "serverMessageData");
    assert_eq!(actions[3]["update_task_message"]["message"]["server_message_data"], event["server_message_data"]);
    assert_eq!(actions[6]["append_to_message_content"]["mask"], "agentOutput.text");
    let finished = answer.finished();
    assert_eq!(finished["done"], json!({}));
    assert_eq!(finished["request_cost"]["exact"], 1.0);
    let usage = &finished["token_usage"][0];
    let total = usage["total_input"].as_u64().expect("input") + usage["output"].as_u64().expect("output");
    let totals = &finished["conversation_usage_metadata"]["warp_token_usage"]["Claude Opus 4.5"];
    assert_eq!(totals["total_tokens"].as_u64(), Some(total));
}

#[tokio::test]
async fn a_continued_conversation_goes_on_in_the_task_that_was_sent() {
    let bench = Bench::of(Config { fast: true, strict: true, ..Config::default() });
    let first = bench.ask("One").await;
    let (conversation, mut tasks) = (first.conversation(), first.heard(&[]).tasks);
    for (turn, query) in ["Two", "think, then search for three"].into_iter().enumerate() {
        let answer = bench.send(continued(ask(query), &conversation, &tasks)).await;
        assert_eq!((answer.status, answer.conversation()), (200, conversation.clone()), "{}", answer.text());
        assert!(!action_names(&answer.actions()).contains(&"create_task".to_owned()));
        let spent = &answer.finished()["conversation_usage_metadata"]["credits_spent"];
        assert_eq!(spent.as_f64(), Some(turn as f64 + 2.0), "usage is the conversation's");
        assert_eq!(bench.simulator.requests().last().expect("a request").replay, Replay::Exact);
        tasks = answer.heard(&tasks).tasks;
    }
    let again = bench.send(continued(ask("Two, again"), &conversation, &first.heard(&[]).tasks)).await;
    assert_eq!(again.status, 200, "a client may go back and ask again");
    assert_eq!(bench.simulator.requests().pop().expect("a request").replay, Replay::Earlier);
    let mut changed = tasks[0].to_vec();
    let at = changed.windows(8).position(|window| window == b"You said").expect("the first answer");
    changed[at..at + 3].copy_from_slice(b"Yea");
    let answer = bench.send(continued(ask("Four"), &conversation, &[changed.into()])).await;
    assert_eq!((answer.status, answer.text()), (400, r#"{"error":"Something went wrong with this conversation"}"#));
    let replay = bench.simulator.requests().pop().expect("a request").replay;
    assert!(matches!(&replay, Replay::Different(place) if place.contains("message 4 ")), "{replay:?}");
    let answer = bench.send(continued(ask("Five"), "somebody's", &tasks)).await;
    assert_eq!(answer.status, 400, "and strict takes no foreign tasks");
}

#[tokio::test]
async fn a_conversation_id_without_its_tasks_gets_an_empty_answer() {
    let bench = Bench::fast();
    let conversation = bench.ask("One").await.conversation();
    for id in [conversation.as_str(), "never heard of"] {
        let answer = bench.send(continued(ask("Two"), id, &[])).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
}

/// Tasks that the simulator has never sent: it takes them when they are well formed.
fn fabricated() -> Value {
    let message = |id: &str, content: Value| {
        let mut message = json!({"id": id, "task_id": "t"});
        message.as_object_mut().expect("an object").extend(content.as_object().expect("an object").clone());
        message
    };
    json!([{"id": "t", "messages": [
        message("m1", json!({"user_query": {"query": "weather?"}})),
        message("m2", json!({"tool_call": {"tool_call_id": "c1", "call_mcp_tool": {"name": "f", "args": {}}}})),
        message("m3", json!({"tool_call": {"tool_call_id": "c2", "call_mcp_tool": {"name": "g", "args": {}}}})),
        message("m4", json!({"tool_call_result": {"tool_call_id": "c1",
            "call_mcp_tool": {"success": {"results": [{"text": {"text": "42"}}]}}}})),
    ]}])
}

#[tokio::test]
async fn fabricated_tasks_are_taken_with_or_without_a_conversation() {
    let bench = Bench::fast();
    for conversation in ["", "somebody's"] {
        let mut request = with_inputs(&json!([result("c2", "43")]));
        request["task_context"]["tasks"] = fabricated();
        request["metadata"]["conversation_id"] = conversation.into();
        let answer = bench.send(encode(&request)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(bench.simulator.requests().pop().expect("a request").replay, Replay::Foreign);
        let said: String = answer.heard(&[encode_task(&fabricated()[0])]).text();
        assert_eq!(said, "The tool g returned: “43”.");
    }
}

fn encode_task(task: &Value) -> Bytes {
    let kind = Schema::embedded().message("Task").expect("it is there");
    schema::encode(&schema::from_json(&kind, task).expect("a task")).into()
}

/// A well-formed request changed by one thing, and a part of the refusal.
type Malformed = (&'static str, fn(&mut Value), &'static str);

const MALFORMED: &[Malformed] = &[
    (
        "no input",
        |r| drop(r["input"].as_object_mut().unwrap().remove("user_inputs")),
        "Invalid request: Expected user query or tool call result as input; got <nil>",
    ),
    ("no inputs", |r| r["input"]["user_inputs"]["inputs"] = json!([]), "got <nil>"),
    ("an empty input", |r| r["input"]["user_inputs"]["inputs"] = json!([{}]), "got <nil>"),
    ("an empty query", |r| r["input"]["user_inputs"]["inputs"][0]["user_query"]["query"] = "".into(), "query is empty"),
    (
        "another input",
        |r| {
            r["input"].as_object_mut().unwrap().remove("user_inputs");
            r["input"]["clone_repository"] = json!({});
        },
        "clone_repository",
    ),
    (
        "resuming nothing",
        |r| {
            r["input"].as_object_mut().unwrap().remove("user_inputs");
            r["input"]["resume_conversation"] = json!({});
        },
        "no conversation to go on with",
    ),
    (
        "suggestions",
        |r| {
            r["input"].as_object_mut().unwrap().remove("user_inputs");
            r["input"]["generate_passive_suggestions"] = json!({});
        },
        "generate_passive_suggestions",
    ),
    ("no tools listed", |r| r["settings"]["supported_tools"] = json!([]), "supported_tools"),
    (
        "too many tools listed",
        |r| r["settings"]["supported_tools"] = json!(["CALL_MCP_TOOL", "GREP"]),
        "supported_tools",
    ),
    ("no model", |r| r["settings"]["model_config"] = json!({}), "model_config.base"),
    (
        "another's model",
        |r| r["settings"]["model_config"]["base"] = "gpt-99".into(),
        "requested base model gpt-99 is not allowed for your account",
    ),
    (
        "a fork of the same",
        |r| r["metadata"] = json!({"conversation_id": "a", "forked_from_conversation_id": "b"}),
        "forked",
    ),
    ("unknown fields", |r| r["@unknown"] = json!([{"number": 99, "wire": "varint", "value": "1"}]), "unknown fields"),
    ("a server without a name", |r| r["mcp_context"] = json!({"servers": [{"id": "s"}]}), "no name"),
    (
        "a tool without a name",
        |r| r["mcp_context"] = json!({"tools": [{"input_schema": {"type": "object"}}]}),
        "no name",
    ),
    ("a tool without a schema", |r| r["mcp_context"] = json!({"tools": [{"name": "f"}]}), "schema of MCP tool"),
    (
        "a schema of another type",
        |r| r["mcp_context"] = json!({"tools": [{"name": "f", "input_schema": {"type": "array"}}]}),
        "schema of MCP tool",
    ),
    (
        "a tool twice",
        |r| {
            let tool = json!({"name": "f", "input_schema": {"type": "object"}});
            r["mcp_context"] = json!({"tools": [tool, tool]});
        },
        "twice",
    ),
    (
        "an image of no type",
        |r| r["input"]["context"]["images"] = json!([{"data": "aUE9PQ==", "mime_type": "image/bmp"}]),
        "image/bmp",
    ),
    (
        "an image that is raw",
        |r| r["input"]["context"]["images"] = json!([{"data": "/////w==", "mime_type": "image/png"}]),
        "base64",
    ),
    (
        "a result of no call",
        |r| r["input"]["user_inputs"]["inputs"] = json!([result("c9", "x")]),
        "\"c9\", which was not called",
    ),
];

const MALFORMED_HISTORY: &[Malformed] = &[
    (
        "no root",
        |r| {
            r["task_context"]["tasks"] = json!([{"id": "a", "dependencies": {"parent_task_id": "b"}},
        {"id": "b", "dependencies": {"parent_task_id": "a"}}])
        },
        "one root task, not 0",
    ),
    ("two roots", |r| r["task_context"]["tasks"] = json!([{"id": "a"}, {"id": "b"}]), "one root task, not 2"),
    ("one task twice", |r| r["task_context"]["tasks"] = json!([{"id": "a"}, {"id": "a"}]), "not its own"),
    (
        "a lost parent",
        |r| r["task_context"]["tasks"] = json!([{"id": "a"}, {"id": "b", "dependencies": {"parent_task_id": "c"}}]),
        "parent \"c\"",
    ),
    ("one message twice", |r| r["task_context"]["tasks"][0]["messages"][1]["id"] = "m1".into(), "\"m1\""),
    (
        "a message of another task",
        |r| r["task_context"]["tasks"][0]["messages"][0]["task_id"] = "u".into(),
        "its task \"t\"",
    ),
    (
        "one call twice",
        |r| r["task_context"]["tasks"][0]["messages"][2]["tool_call"]["tool_call_id"] = "c1".into(),
        "\"c1\"",
    ),
    (
        "a result before its call",
        |r| r["task_context"]["tasks"][0]["messages"][3]["tool_call_result"]["tool_call_id"] = "c3".into(),
        "\"c3\", which was not called before",
    ),
    (
        "a call without a result",
        |r| r["input"]["user_inputs"]["inputs"] = json!([{"user_query": {"query": "so?"}}]),
        "\"c2\" has no result",
    ),
    (
        "a result too many",
        |r| r["input"]["user_inputs"]["inputs"] = json!([result("c2", "x"), result("c2", "x")]),
        "two results",
    ),
    (
        "an answered call answered",
        |r| r["input"]["user_inputs"]["inputs"] = json!([result("c2", "x"), result("c1", "x")]),
        "two results",
    ),
    (
        "a result of another kind",
        |r| r["input"]["user_inputs"]["inputs"] = json!([{"tool_call_result": {"tool_call_id": "c2", "grep": {}}}]),
        "is \"grep\", the call \"call_mcp_tool\"",
    ),
    (
        "a result of no kind",
        |r| r["input"]["user_inputs"]["inputs"] = json!([{"tool_call_result": {"tool_call_id": "c2"}}]),
        "is \"\"",
    ),
    ("an empty result", |r| r["input"]["user_inputs"]["inputs"] = json!([result("c2", "")]), "\"c2\" is empty"),
    (
        "a result without content",
        |r| r["input"]["user_inputs"]["inputs"][0]["tool_call_result"]["call_mcp_tool"] = json!({}),
        "neither success nor error",
    ),
];

#[tokio::test]
async fn malformed_requests_are_refused_with_the_reason() {
    let bench = Bench::fast();
    let mut history = with_inputs(&json!([result("c2", "43")]));
    history["task_context"]["tasks"] = fabricated();
    for (sound, cases) in [(ask("hi"), MALFORMED), (history, MALFORMED_HISTORY)] {
        assert_eq!(bench.send(encode(&sound)).await.status, 200, "the request is sound before it is changed");
        for (what, spoil, part) in cases {
            let mut request = sound.clone();
            spoil(&mut request);
            let answer = bench.send(encode(&request)).await;
            assert!(
                answer.status == 400 && answer.text().contains(part),
                "{what}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
    let answered = bench.simulator.answered();
    assert_eq!(answered, 2, "what was refused counts as nothing");
}

#[tokio::test]
async fn what_is_no_request_at_all_is_refused() {
    let mut bench = Bench::fast();
    for body in [vec![0xFF; 10_000], encode(&ask("hi"))[..20].to_vec(), vec![]] {
        let answer = bench.send(body).await;
        assert!(answer.status == 400 && answer.text().starts_with("Invalid request: "), "{}", answer.text());
    }
    let as_json = bench.post("/ai/multi-agent").header("content-type", "application/json").body("{}");
    let answer = Answer::of(as_json.send().await.expect("an answer")).await;
    assert!(answer.status == 400 && answer.text().contains("application/json"), "{}", answer.text());
    for bearer in ["", "wk-somebody", "a.b.c"] {
        bearer.clone_into(&mut bench.bearer);
        let answer = bench.ask("hi").await;
        assert_eq!((answer.status, answer.text()), (401, r#"{"error":"Unauthorized"}"#));
    }
    assert_eq!(bench.simulator.requests().last().expect("it is written down").status, 401);
}

#[tokio::test]
async fn passive_suggestions_have_their_own_endpoint() {
    let bench = Bench::fast();
    let mut request = bare();
    request["input"]["generate_passive_suggestions"] = json!({"command_run": {}});
    let post = |request: &Value| {
        let request = bench.post("/ai/passive-suggestions").body(encode(request));
        request.header("content-type", "application/x-protobuf").send()
    };
    assert_eq!(Answer::of(post(&request).await.expect("an answer")).await.finished()["done"], json!({}));
    assert_eq!(post(&ask("hi")).await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn a_tool_is_called_answered_and_quoted() {
    let bench = Bench::of(Config { fast: true, strict: true, ..Config::default() });
    let request = offering(ask("Please use the weather tool for Paris."), &["get_time", "get_weather"]);
    let first = bench.send(encode(&request)).await;
    let heard = first.heard(&[]);
    let calls = heard.calls();
    let (name, arguments, id) = &calls[0];
    assert_eq!((calls.len(), name.as_str(), arguments), (1, "get_weather", &json!({"city": "Paris", "days": 2})));
    let answers = with_inputs(&json!([result(id, "18 degrees"), {"user_query": {"query": "And?"}}]));
    let second = bench.send(continued(answers, &first.conversation(), &heard.tasks)).await;
    let said = second.heard(&heard.tasks).text();
    assert!(said.starts_with("The tool get_weather returned: “18 degrees”. You said: “And?”."), "{said}");
    assert_eq!(
        second.finished()["conversation_usage_metadata"]["tool_usage_metadata"]["call_mcp_tool_stats"]["count"],
        1
    );
}

#[tokio::test]
async fn calls_are_counted_named_given_and_made_at_once() {
    let bench = Bench::fast();
    let given = json!({"city": "Rome", "list": [1, 2.5]});
    let plausible = json!({"city": "some city", "days": 2});
    for (query, expected) in [
        ("call a_tool", vec![("a_tool", &plausible)]),
        ("Call a tool!", vec![("a_tool", &plausible)]),
        ("call 3 tools", vec![("a_tool", &plausible), ("b_tool", &plausible), ("a_tool", &plausible)]),
        ("use a_tool and b_tool in parallel", vec![("a_tool", &plausible), ("b_tool", &plausible)]),
        ("call b_tool twice", vec![("b_tool", &plausible), ("b_tool", &plausible)]),
        (r#"call b_tool {"city": "Rome", "list": [1, 2.5]}"#, vec![("b_tool", &given)]),
        ("call unlisted", vec![("unlisted_tool", &json!({}))]),
    ] {
        let answer = bench.send(encode(&offering(ask(query), &["a_tool", "b_tool"]))).await;
        let calls = answer.heard(&[]).calls();
        let calls: Vec<_> = calls.iter().map(|(name, arguments, _)| (name.as_str(), arguments)).collect();
        assert_eq!(calls, expected, "{query}");
    }
    let mut one_by_one = offering(ask("call 3 tools"), &["a_tool"]);
    one_by_one["settings"]["supports_parallel_tool_calls"] = false.into();
    assert_eq!(bench.send(encode(&one_by_one)).await.heard(&[]).calls().len(), 1);
    assert_eq!(bench.ask("call a tool").await.said(), "No tool was offered, so there is none to call.");
}

#[tokio::test]
async fn a_call_that_the_user_goes_past_is_cancelled_by_the_service() {
    let bench = Bench::of(Config { fast: true, strict: true, ..Config::default() });
    let first = bench.send(encode(&offering(ask("call 2 tools"), &["a_tool"]))).await;
    let tasks = first.heard(&[]).tasks;
    let second = bench.send(continued(ask("Never mind"), &first.conversation(), &tasks)).await;
    let cancelled = &second.actions()[0]["add_messages_to_task"]["messages"];
    assert_eq!(cancelled.as_array().map(Vec::len), Some(2), "{}", second.text());
    assert_eq!(cancelled[0]["tool_call_result"]["cancel"], json!({}));
    let third = bench.send(continued(ask("Go on"), &first.conversation(), &second.heard(&tasks).tasks)).await;
    assert_eq!(third.status, 200, "{}", third.text());
}

#[tokio::test]
async fn spoken_triggers_change_the_text() {
    let bench = Bench::fast();
    for (query, said) in [
        ("repeat exactly:  Two  spaces,\n${task} and a line. ", "Two  spaces,\n${task} and a line. "),
        ("say json {\"a\": [1, 2]}", "{\"a\": [1, 2]}"),
        ("Some history.\nsay json 1\nsay json 2", "2"),
        ("long 3", "word1 word2 word3 "),
        ("search for rust", "I searched for “rust” and found two pages."),
        ("todo eat, sleep", "The list is made, and its first item is done."),
        ("subtask look around", "The subagent is done."),
        ("server tool", "The service has used a tool of its own."),
        ("rollback", "The answer is about to be taken back, and this is the second try."),
        ("think, then say json 7", "7"),
        ("slow say json 7", "7"),
        ("describe the image", "There is no image in this request."),
        ("instructions", "There are no instructions in this request."),
        ("recall", "You have said nothing before."),
        (
            "I think it is a long road.",
            "You said: “I think it is a long road.”. This answer comes from the simulator \
            and not from a model. Say “help” to see what else it can do.",
        ),
    ] {
        assert_eq!(bench.ask(query).await.said(), said, "{query}");
    }
    assert!(bench.ask("Help!").await.said().contains("`rollback`, `update`"));
    let thought = bench.ask("think").await;
    let reasoned = thought.heard(&[]).events.iter().any(|event| matches!(event, TurnEvent::Reasoning(_)));
    assert!(reasoned && thought.said().starts_with("You said: “think”"), "{}", thought.said());
}

#[tokio::test]
async fn images_and_instructions_are_described() {
    let bench = Bench::fast();
    let mut request = ask("describe the image");
    // Image data is base64 text kept as bytes: "AAEC" is three bytes.
    request["input"]["context"]["images"] = json!([{"data": "QUFFQw==", "mime_type": "image/png"}]);
    let said = bench.send(encode(&request)).await.said();
    assert_eq!(said, "There came 1 image. Image 1 is of type image/png and has 3 bytes.");
    let mut request = ask("instructions");
    request["input"]["context"]["project_rules"] =
        json!([{"root_path": "/", "active_rule_files": [{"file_path": "AGENTS.md", "content": "Be brief."}]}]);
    request["input"]["user_inputs"]["inputs"][0]["user_query"]["referenced_attachments"] =
        json!({"SYSTEM": {"plain_text": "Be kind."}});
    let said = bench.send(encode(&request)).await.said();
    assert_eq!(said, "The project rule AGENTS.md says: “Be brief.”\n\nThe attachment SYSTEM says: “Be kind.”");
}

#[tokio::test]
async fn spoken_failures_are_the_services() {
    let bench = Bench::fast();
    for (query, status, part) in [
        ("fail quota", 429, "No AI requests remaining"),
        ("fail overload", 429, "Too many requests"),
        ("fail model", 400, "is not allowed for your account"),
        ("fail 401", 401, "Unauthorized"),
        ("fail 503", 503, "Service Unavailable"),
    ] {
        let answer = bench.ask(query).await;
        assert!(answer.status == status && answer.text().contains(part), "{query}: {}", answer.text());
        let code = answer.headers.get("x-warp-error-code").map(|code| code.to_str().expect("text"));
        assert_eq!(code, (query == "fail quota").then_some("OUT_OF_CREDITS"));
    }
    for (query, reason) in [
        ("fail context", "context_window_exceeded"),
        ("fail limit", "max_token_limit"),
        ("fail internal", "internal_error"),
        ("fail", "internal_error"),
        ("fail unavailable", "llm_unavailable"),
        ("fail key", "invalid_api_key"),
        ("fail other", "other"),
        ("fail quota late", "quota_limit"),
    ] {
        let answer = bench.ask(query).await;
        assert!(answer.finished().get(reason).is_some(), "{query}: {}", answer.finished());
        assert_eq!(answer.said().is_empty(), !query.ends_with("late"), "{query}");
    }
    let cut = bench.ask("cut").await;
    assert!(cut.finished().is_null() && cut.said().starts_with("This answer is cut off"));
    let mut aborted = bench.agent(encode(&ask("abort"))).send().await.expect("the status line");
    let broken = loop {
        match aborted.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "the connection breaks");
}

#[tokio::test]
async fn a_broken_answer_can_be_resumed() {
    let bench = Bench::of(Config { fast: true, strict: true, ..Config::default() });
    let cut = bench.ask("cut").await;
    let mut resume = bare();
    resume["input"]["resume_conversation"] = json!({});
    let tasks = cut.heard(&[]).tasks;
    let answer = bench.send(continued(resume, &cut.conversation(), &tasks)).await;
    assert_eq!(answer.heard(&tasks).text(), "The stream broke off, so here is the rest of the answer.");
    let echo = &answer.actions()[0]["add_messages_to_task"]["messages"][0];
    assert_eq!(echo["system_query"]["resume_conversation"], json!({}));
}

/// Every scenario does what it says without a failure, and leaves a tree that the gateway's assembler and the simulator
/// agree on to the byte.
#[tokio::test]
async fn every_scenario_plays_and_can_be_continued() {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let played = scenarios().into_iter().map(|path| play_and_continue(path, http.clone()));
    let continued = futures_util::future::join_all(played).await;
    let count = continued.iter().filter(|continued| **continued).count();
    assert!(count >= 35, "only {count} scenarios of {} were continued", continued.len());
}

/// True when the scenario's answer was one that a conversation goes on after.
async fn play_and_continue(path: PathBuf, http: reqwest::Client) -> bool {
    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let bench = Bench::with_client(Config::parse(&path.to_string_lossy()).expect("a scenario"), http);
    let request = offering(ask("What is the weather?"), &["get_weather", "noop"]);
    let stalls = name.starts_with("stalled");
    let answering = tokio::time::timeout(Duration::from_secs(if stalls { 2 } else { 60 }), async {
        let response = bench.agent(encode(&request)).send().await.expect("the status line");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        response.bytes().await.ok().map(|body| Answer { status, headers, body })
    });
    let answer = answering.await;
    assert_eq!(bench.simulator.failures(), Vec::<String>::new(), "{name}");
    let Ok(Some(answer)) = answer else {
        assert!(stalls || name == "aborted", "{name} has no end");
        return false;
    };
    let is_error = (name.starts_with("http-") && name != "http-not-a-stream") || name == "recovers";
    assert_eq!(answer.status != 200, is_error, "{name}: {}", answer.status);
    if answer.status != 200 || name == "broken-protobuf" || answer.finished_is_missing() {
        return false;
    }
    let heard = answer.heard(&[]);
    assert_eq!(heard.damaged, name == "unknown-task", "{name}");
    bench.send(continued(next_request(&heard), &answer.conversation(), &heard.tasks)).await;
    let replay = bench.simulator.requests().pop().expect("a request").replay;
    let expected = if name == "unknown-task" { Replay::Uncertain } else { Replay::Exact };
    assert_eq!(replay, expected, "{name}");
    true
}

impl Answer {
    fn finished_is_missing(&self) -> bool {
        self.payloads().is_empty() || self.events().last().is_none_or(|event| event.get("finished").is_none())
    }
}

/// Answers every call that was heard, or goes on talking.
fn next_request(heard: &Heard) -> Value {
    let results: Vec<Value> = heard.calls().iter().map(|(_, _, id)| result(id, "sunny")).collect();
    if results.is_empty() { ask("Go on") } else { with_inputs(&json!(results)) }
}

#[tokio::test]
async fn a_scenario_goes_exchange_by_exchange_and_tells_what_it_misses() {
    let bench = Bench::scenario(&json!({"exchanges": [
        {"status": 503},
        {"expect": {"settings": {"model_config": {"base": "claude-4-opus"}}}, "steps": []},
        {"steps": [{"text": "You said ${query} in ${conversation}."}]},
    ]}));
    assert_eq!(bench.ask("hi").await.status, 503);
    let refused = bench.ask("hi").await;
    let message = r#"scenario, exchange 2: request.settings.model_config.base: expected "claude-4-opus", found "auto""#;
    assert_eq!((refused.status, refused.text()), (400, message));
    for _ in 0..2 {
        let answer = bench.ask("hi").await;
        assert_eq!(answer.said(), format!("You said hi in {}.", answer.conversation()));
    }
    assert_eq!(bench.simulator.failures(), [message]);
    let broken = Bench::scenario(&json!({"exchanges": [{"steps": ["begin", {"event": {"inti": {}}}]}]}));
    let answer = broken.ask("hi").await;
    assert!(
        answer.status == 500 && answer.text().contains("step 2: ") && answer.text().contains("inti"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn a_model_at_work_takes_its_time_and_fast_does_not() {
    for (config, slow) in [(Config::default(), true), (Config::parse("fast").expect("a word"), false)] {
        let bench = Bench::of(config);
        bench.ask("long 1").await;
        let start = Instant::now();
        bench.ask("long 20").await;
        let took = start.elapsed();
        assert_eq!(took > Duration::from_millis(600), slow, "it took {took:?}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed_over_both_versions_of_http() {
    let mut bench = Bench::fast();
    for (index, version2) in [false, true].into_iter().enumerate() {
        if version2 {
            bench.http = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
        }
        let mut response = bench.agent(encode(&ask("stall"))).send().await.expect("the status line");
        let start = response.chunk().await.expect("a chunk").expect("some bytes");
        assert_eq!(bench.simulator.cancelled(), index);
        drop(response);
        let deadline = Instant::now() + Duration::from_secs(5);
        while bench.simulator.cancelled() == index && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(bench.simulator.cancelled(), index + 1);
        let start = Answer { status: 200, headers: reqwest::header::HeaderMap::new(), body: start };
        bench.send(continued(ask("again"), &start.conversation(), &start.heard(&[]).tasks)).await;
        assert_eq!(bench.simulator.requests().pop().expect("a request").replay, Replay::Uncertain);
    }
}

#[tokio::test]
async fn shutting_down_ends_what_is_being_answered() {
    let bench = Bench::fast();
    let url = bench.simulator.url().to_owned();
    let mut response = bench.agent(encode(&ask("stall"))).send().await.expect("the status line");
    response.chunk().await.expect("a chunk").expect("some bytes");
    let start = Instant::now();
    bench.simulator.shutdown().await;
    assert!(start.elapsed() < Duration::from_secs(4), "it took {:?}", start.elapsed());
    while response.chunk().await.expect("an orderly end").is_some() {}
    assert!(bench.http.get(url).send().await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn refresh_tokens_buy_id_tokens_until_they_expire() {
    let mut bench = Bench::fast();
    let mut refresh = "simulator-refresh".to_owned();
    for path in ["/proxy/token?key=K", "/v1/token?key=K"] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let (status, tokens) = bench.form(path, &form).await;
        assert_eq!((status, &tokens["expires_in"]), (200, &json!("3600")));
        let next = tokens["refresh_token"].as_str().expect("a token").to_owned();
        assert_ne!(next, refresh, "it rotates");
        tokens["id_token"].as_str().expect("a token").clone_into(&mut bench.bearer);
        assert_eq!(bench.form(path, &form).await.0, 200, "nothing of what it bought has been used");
        assert_eq!(bench.ask("hi").await.status, 200);
        let (status, refused) = bench.form(path, &form).await;
        assert_eq!((status, &refused["error"]["message"]), (400, &json!("INVALID_REFRESH_TOKEN")), "now it is used up");
        refresh = next;
    }
    for (token, code) in [
        ("simulator-expired", "TOKEN_EXPIRED"),
        ("simulator-disabled", "USER_DISABLED"),
        ("simulator-deleted", "USER_NOT_FOUND"),
        ("stolen", "INVALID_REFRESH_TOKEN"),
        ("", "MISSING_REFRESH_TOKEN"),
    ] {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let expected = json!({"error": {"code": 400, "message": code}});
        assert_eq!(bench.form("/proxy/token?key=K", &form).await, (400, expected));
    }
    assert_eq!(bench.form("/proxy/token", &[("grant_type", "refresh_token")]).await.0, 403, "without the web key");
    let mut dying = Bench::of(Config { fast: true, token_lifetime: Duration::ZERO, ..Config::default() });
    let form = [("grant_type", "refresh_token"), ("refresh_token", "simulator-refresh")];
    let (_, tokens) = dying.form("/proxy/token?key=K", &form).await;
    tokens["id_token"].as_str().expect("a token").clone_into(&mut dying.bearer);
    assert_eq!(dying.ask("hi").await.status, 401);
}

#[tokio::test]
async fn the_device_flow_waits_slows_down_and_grants() {
    let mut bench = Bench::fast();
    let client = ("client_id", "warp-agent-cli");
    let (status, device) = bench.form("/api/v1/oauth/device/auth", &[client]).await;
    assert_eq!(status, 200);
    assert!(
        device["verification_uri_complete"]
            .as_str()
            .is_some_and(|uri| uri.ends_with(device["user_code"].as_str().expect("a code")))
    );
    let code = device["device_code"].as_str().expect("a code");
    let poll = [client, ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code)];
    for error in ["authorization_pending", "slow_down"] {
        assert_eq!(bench.form("/api/v1/oauth/token", &poll).await, (400, json!({"error": error})));
    }
    let (status, granted) = bench.form("/api/v1/oauth/token", &poll).await;
    assert_eq!(status, 200);
    let custom = [("returnSecureToken", "true"), ("token", granted["access_token"].as_str().expect("a token"))];
    for path in ["/proxy/customToken?key=K", "/v1/accounts:signInWithCustomToken?key=K"] {
        let (status, tokens) = bench.form(path, &custom).await;
        assert_eq!(status, 200, "{tokens}");
        tokens["idToken"].as_str().expect("a token").clone_into(&mut bench.bearer);
        assert_eq!(bench.ask("hi").await.status, 200);
    }
    assert_eq!(bench.form("/api/v1/oauth/token", &poll).await.1, json!({"error": "invalid_grant"}), "a code buys once");
    assert_eq!(bench.form("/api/v1/oauth/device/auth", &[("client_id", "me")]).await.0, 401);
    let (_, refused) = bench.form("/proxy/customToken?key=K", &[("token", "x")]).await;
    assert_eq!(refused["error"]["message"], "INVALID_CUSTOM_TOKEN");
}

#[tokio::test]
async fn the_login_notification_wants_its_length() {
    let bench = Bench::fast();
    let with_length = bench.post("/client/login").header("content-length", "0").send().await.expect("an answer");
    assert_eq!(with_length.status(), 204);
    assert!(with_length.headers().contains_key("set-cookie"));
    let address = bench.simulator.url().trim_start_matches("http://").to_owned();
    let raw = format!(
        "POST /client/login HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {API_KEY}\r\nconnection: close\r\n\r\n"
    );
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read as _, Write as _};
        let mut socket = std::net::TcpStream::connect(address).expect("a connection");
        socket.write_all(raw.as_bytes()).expect("it is sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        answer
    });
    assert!(answer.await.expect("it ran").starts_with("HTTP/1.1 411 "));
}

#[tokio::test]
async fn graphql_tells_the_account_its_models_and_its_limits() {
    let bench = Bench::fast();
    bench.ask("hi").await;
    let (_, user) = bench.graphql("GetUser", Some(API_KEY)).await;
    assert_eq!(user["data"]["user"]["user"]["profile"]["uid"], "simulator-user");
    let (_, limits) = bench.graphql("GetRequestLimitInfo", Some(API_KEY)).await;
    assert_eq!(limits["data"]["user"]["user"]["requestLimitInfo"]["requestsUsedSinceLastRefresh"], 1);
    let (_, choices) = bench.graphql("GetFeatureModelChoices", Some(API_KEY)).await;
    let agent = &choices["data"]["user"]["user"]["workspaces"][0]["featureModelChoice"]["agentMode"];
    let mut offered: Vec<&str> = agent["choices"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|choice| choice["id"].as_str().expect("an id"))
        .collect();
    let catalogue = Catalogue::default();
    let mut known: Vec<&str> = catalogue.models().iter().map(|model| model.id.as_str()).collect();
    offered.sort_unstable();
    known.sort_unstable();
    assert_eq!(offered, known, "the simulated account has the models of the gateway's table");
    assert_eq!(bench.graphql("GetUser", None).await.0, 401);
    let (status, unknown) = bench.graphql("GetNothing", Some(API_KEY)).await;
    assert!(status == 200 && unknown["errors"][0]["message"].is_string());
}

#[tokio::test]
async fn accounts_have_their_own_names_credits_and_faults() {
    let account = |name: &str| Account { credits: Some(2.0), ..Account::named(name) };
    let fault = Fault { after: 1, times: Some(1), status: 429, retry_after: Some(7) };
    let accounts = vec![account("one"), Account { faults: vec![fault], owner: Owner::Team, ..account("two") }];
    let mut bench = Bench::of(Config { fast: true, accounts, ..Config::default() });
    "wk-simulator-one".clone_into(&mut bench.bearer);
    for _ in 0..2 {
        assert_eq!(bench.ask("hi").await.status, 200);
    }
    let spent = bench.ask("hi").await;
    assert_eq!((spent.status, &spent.headers["x-warp-error-code"]), (429, &"OUT_OF_CREDITS".parse().unwrap()));
    let (_, limits) = bench.graphql("GetRequestLimitInfo", Some("wk-simulator-one")).await;
    assert_eq!(limits["data"]["user"]["user"]["requestLimitInfo"]["requestsUsedSinceLastRefresh"], 2);
    assert_eq!(limits["data"]["user"]["user"]["aiCreditAvailability"]["denialReason"], "OUT_OF_CREDITS");
    let (_, tokens) = bench
        .form("/proxy/token?key=K", &[("grant_type", "refresh_token"), ("refresh_token", "simulator-refresh-two-x")])
        .await;
    tokens["id_token"].as_str().expect("a token").clone_into(&mut bench.bearer);
    assert_eq!(bench.ask("hi").await.status, 200);
    let faulty = bench.ask("hi").await;
    assert_eq!((faulty.status, &faulty.headers["retry-after"]), (429, &"7".parse().unwrap()));
    assert!(!faulty.headers.contains_key("x-warp-error-code"));
    assert_eq!(bench.ask("hi").await.status, 200);
    assert_eq!(bench.simulator.requests().last().expect("a request").account, "two");
    let counts = bench.simulator.counts("two").expect("an account");
    assert_eq!(counts, Counts { turns: 3, refused: 1, exchanges: 1, repeated: 0, sign_ins: 0, spent: 2.0 });
    let (_, user) = bench.graphql("GetUser", Some("wk-simulator-two")).await;
    assert_eq!(user["data"]["user"]["apiKeyOwnerType"], "Team");
    assert_eq!(user["data"]["user"]["user"]["profile"]["email"], "two@simulator.invalid");
    assert_eq!(bench.graphql("GetUser", Some("wk-simulator-three")).await.0, 401, "there is no such account");
    assert_eq!(bench.graphql("GetUser", Some(API_KEY)).await.0, 200, "the plain one is always there");
}

#[tokio::test]
async fn an_account_that_has_ended_gets_nothing() {
    let ended = Account { ended: Some("USER_DISABLED".to_owned()), ..Account::named("gone") };
    let mut bench = Bench::of(Config { fast: true, accounts: vec![ended], ..Config::default() });
    let form = [("grant_type", "refresh_token"), ("refresh_token", "simulator-refresh-gone")];
    assert_eq!(bench.form("/proxy/token?key=K", &form).await.1["error"]["message"], "USER_DISABLED");
    let (status, user) = bench.graphql("GetUser", Some("wk-simulator-gone")).await;
    assert_eq!((status, &user["errors"][0]["message"]), (200, &json!("User not in context: Not found")));
    "wk-simulator-gone".clone_into(&mut bench.bearer);
    assert_eq!(bench.ask("hi").await.status, 401);
}

#[tokio::test]
async fn anonymous_accounts_are_counted_and_soon_spent() {
    let mut bench = Bench::fast();
    let url = format!("{}/graphql/v2?op=CreateAnonymousUser", bench.simulator.url());
    let create = async |input: Value| {
        let query = "mutation CreateAnonymousUser { createAnonymousUser }";
        let body = json!({"query": query, "operationName": "CreateAnonymousUser", "variables": {"input": input}});
        bench.http.post(&url).json(&body).send().await.expect("an answer").json::<Value>().await.expect("JSON")
    };
    assert!(create(json!({})).await["errors"][0]["message"].is_string());
    assert_eq!(bench.simulator.anonymous_users(), 0);
    let input =
        json!({"anonymousUserType": "NATIVE_CLIENT_ANONYMOUS_USER_FEATURE_GATED", "expirationType": "NO_EXPIRATION"});
    let made = create(input).await["data"]["createAnonymousUser"].clone();
    assert_eq!((bench.simulator.anonymous_users(), &made["firebaseUid"]), (1, &json!("simulator-anonymous-1")));
    let custom = made["idToken"].as_str().expect("a custom token");
    let (_, tokens) = bench.form("/proxy/customToken?key=K", &[("token", custom)]).await;
    let bearer = tokens["idToken"].as_str().expect("a token").to_owned();
    let (_, user) = bench.graphql("GetUser", Some(&bearer)).await;
    assert!(user["data"]["user"]["user"]["anonymousUserInfo"].is_object());
    bench.bearer = bearer;
    let mut answered = 0;
    while bench.ask("hi").await.status == 200 {
        answered += 1;
    }
    assert_eq!(answered, 10);
}

#[test]
fn the_text_after_simulator_is_read() {
    assert!(Config::parse("").is_ok_and(|config| !config.fast && !config.strict));
    assert!(Config::parse("fast,strict").is_ok_and(|config| config.fast && config.strict));
    let error = Config::parse("no-such-file.json").expect_err("no file").to_string();
    assert!(error.contains("no-such-file.json") && error.contains("`fast`"), "{error}");
}
