//! Whole turns through the gateway: against the simulator with scenarios, over real HTTP on loopback.

mod conversations;
mod lanes;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use warp2api::{
    credential,
    gateway::{Answer, Gateway, Patience, Scope},
    schema::Schema,
    secret::Secret,
    service::Address,
    simulator::{self, Scenario, Simulator},
    turn::{
        Content, ErrorKind, Format, Limits, Message, Page, StopReason, Tool, ToolChoice, Turn, TurnError, TurnEvent,
        Usage, UsageSource,
    },
    upstream,
};

/// A simulator that plays `scenario`, and a gateway to it that does not wait long.
struct Bench {
    simulator: Simulator,
    gateway: Gateway,
}

async fn bench(scenario: Value) -> Bench {
    bench_with(scenario, |_| {}).await
}

async fn bench_with(scenario: Value, change: impl FnOnce(&mut upstream::Config)) -> Bench {
    let scenario = Scenario::parse(&scenario.to_string(), Path::new("in the test")).expect("a scenario");
    let config = simulator::Config::of_scenario(scenario);
    let simulator = Simulator::start(config, Schema::embedded()).expect("a free port");
    let gateway = gateway(&simulator, account(simulator.url()), change);
    Bench { simulator, gateway }
}

/// The simulator's own account.
fn account(root: &str) -> credential::Config {
    let api_key = Some(Secret::new(simulator::API_KEY));
    credential::Config { api_key, ..credential::Config::new(Address::new(root)) }
}

fn gateway(
    simulator: &Simulator,
    credentials: credential::Config,
    change: impl FnOnce(&mut upstream::Config),
) -> Gateway {
    let mut config = upstream::Config::new(simulator.url());
    change(&mut config);
    let pool = Arc::new(credential::Pool::from_config(credentials).expect("a credential"));
    let patience =
        Patience { first_pause: Duration::from_millis(5), hold: Duration::from_secs(2), ..Patience::default() };
    let upstream = upstream::Upstream::new(Schema::embedded(), &config).expect("an HTTP client");
    Gateway::new(upstream, pool, patience)
}

fn turn(text: &str) -> Turn {
    let messages = vec![Message::User(vec![Content::Text(text.to_owned())])];
    Turn { model: "auto".to_owned(), messages, parallel_tool_calls: true, ..Turn::default() }
}

fn tool(name: &str) -> Tool {
    Tool { name: name.to_owned(), description: "does it".to_owned(), input_schema: serde_json::Map::new() }
}

async fn rest(answer: &mut Answer) -> Vec<TurnEvent> {
    let mut events = Vec::new();
    while answer.next(&mut events).await {}
    events
}

/// The whole answer to `turn`, or why there was none.
async fn ask(bench: &Bench, turn: Turn) -> Result<Vec<TurnEvent>, TurnError> {
    let mut answer = bench.gateway.run(turn, Scope::default()).await?;
    Ok(rest(&mut answer).await)
}

fn text(events: &[TurnEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        TurnEvent::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn usage(events: &[TurnEvent]) -> Usage {
    let usages = events.iter().filter_map(|event| match event {
        TurnEvent::Usage(usage) => Some(*usage),
        _ => None,
    });
    let usages: Vec<Usage> = usages.collect();
    assert_eq!(usages.len(), 1, "{events:?}");
    usages[0]
}

fn answers(steps: Value) -> Value {
    json!({"steps": steps})
}

fn plain(text: &str) -> Value {
    answers(json!([{"text": text}, {"finish": {"usage": {"input": 30, "output": 7}}}]))
}

#[tokio::test]
async fn an_answer_goes_through_every_layer() {
    let bench = bench(json!({"exchanges": [plain("Hello, world.")]})).await;
    let events = ask(&bench, turn("hi")).await.unwrap();
    assert!(matches!(events[0], TurnEvent::Started { .. }), "{events:?}");
    assert_eq!(text(&events), "Hello, world.");
    let usage = usage(&events);
    assert_eq!((usage.input_tokens, usage.output_tokens), (30, 7));
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::EndTurn)));
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_with_the_same_bytes() {
    let exchanges = json!([{"status": 503}, {"status": 500}, plain("third time")]);
    let bench = bench(json!({"exchanges": exchanges})).await;
    assert_eq!(text(&ask(&bench, turn("hi")).await.unwrap()), "third time");
    let sent = bench.simulator.requests();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|request| request.body == sent[0].body), "the same request each time");
}

#[tokio::test]
async fn an_overloaded_upstream_is_tried_again_after_the_pause_it_asks_for() {
    let busy = json!({"status": 429, "headers": {"Retry-After": "0.2"}});
    let bench = bench(json!({"exchanges": [busy, plain("at last")]})).await;
    let asked = Instant::now();
    assert_eq!(text(&ask(&bench, turn("hi")).await.unwrap()), "at last");
    assert!(asked.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn three_attempts_are_all() {
    let bench = bench(json!({"exchanges": [{"status": 503}]})).await;
    assert_eq!(ask(&bench, turn("hi")).await.unwrap_err().kind, ErrorKind::UpstreamUnavailable);
    assert_eq!(bench.simulator.requests().len(), 3);
}

async fn check_once(kind: ErrorKind, exchange: Value) {
    let bench = bench(json!({"exchanges": [exchange]})).await;
    let error = ask(&bench, turn("hi")).await.expect_err("a refusal");
    assert_eq!(error.kind, kind, "{error}");
    assert_eq!(bench.simulator.requests().len(), 1, "{kind:?} is not tried again");
}

#[tokio::test]
async fn what_a_retry_cannot_help_is_not_retried() {
    let credits = json!({"status": 429, "headers": {"X-Warp-Error-Code": "OUT_OF_CREDITS"}});
    check_once(ErrorKind::QuotaExhausted, credits).await;
    check_once(ErrorKind::Forbidden, json!({"status": 403})).await;
    check_once(ErrorKind::InvalidRequest, json!({"status": 400, "body": "nonsense"})).await;
    let model = "requested base model x is not allowed for your account";
    check_once(ErrorKind::ModelNotAllowed, json!({"status": 400, "body": model})).await;
    check_once(ErrorKind::Upstream, json!({"status": 200, "body": ""})).await;
    check_once(ErrorKind::RateLimited, json!({"status": 429, "headers": {"Retry-After": "60"}})).await;
}

#[tokio::test]
async fn an_upstream_that_cannot_prove_who_it_is_is_asked_once() {
    let bench = bench(json!({"exchanges": [plain("never heard")]})).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("https://{}", listener.local_addr().unwrap());
    let callers = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&callers);
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // It speaks no TLS. The caller may be gone before it hears that.
            drop(tokio::io::AsyncWriteExt::write_all(&mut caller, b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    let credentials = credential::Config {
        api_key: Some(Secret::new(simulator::API_KEY)),
        ..credential::Config::new(Address::new(bench.simulator.url()))
    };
    let gateway = gateway(&bench.simulator, credentials, |config| config.address.root = root);
    let Err(error) = gateway.run(turn("hi"), Scope::default()).await else { panic!("an answer from nowhere") };
    assert_eq!(error.kind, ErrorKind::Upstream);
    assert!(error.message.contains("identity cannot be verified") && error.message.contains("ca_file"), "{error}");
    assert_eq!(callers.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_end_that_is_a_failure_is_an_error_while_nothing_was_heard_and_an_event_after() {
    for (reason, kind) in [
        (json!("quota_limit"), ErrorKind::QuotaExhausted),
        (json!("context_window_exceeded"), ErrorKind::ContextLengthExceeded),
        (json!("llm_unavailable"), ErrorKind::ModelUnavailable),
        (json!({"internal_error": {"message": "odd"}}), ErrorKind::Upstream),
        (json!("invalid_api_key"), ErrorKind::VendorKey),
        (json!("other"), ErrorKind::Upstream),
    ] {
        let finish = json!({"finish": {"reason": reason}});
        check_once(kind, answers(json!([finish]))).await;
        let bench = bench(json!({"exchanges": [answers(json!([{"text": "So far"}, finish]))]})).await;
        let events = ask(&bench, turn("hi")).await.expect("an answer that began");
        assert_eq!(text(&events), "So far");
        assert!(matches!(events.last(), Some(TurnEvent::Failed(error)) if error.kind == kind), "{events:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_a_success() {
    for end in ["cut", "abort"] {
        let steps = json!([{"text": "So far"}, {"delay_ms": 100}, end]);
        let bench = bench(json!({"exchanges": [answers(steps)]})).await;
        let events = ask(&bench, turn("hi")).await.expect("an answer that began");
        assert_eq!(text(&events), "So far");
        let Some(TurnEvent::Failed(error)) = events.last() else { panic!("{events:?}") };
        assert_eq!(error.kind, ErrorKind::Truncated);
        assert_eq!(bench.simulator.requests().len(), 1, "what acted is not sent again");
    }
}

#[tokio::test]
async fn an_unreadable_event_is_an_error() {
    let broken = answers(json!([{"text": "So far"}, {"data": "!!not base64!!"}, {"finish": {}}]));
    let bench = bench(json!({"exchanges": [broken]})).await;
    let events = ask(&bench, turn("hi")).await.expect("an answer that began");
    assert!(matches!(events.last(), Some(TurnEvent::Failed(error)) if error.kind == ErrorKind::Upstream), "{events:?}");
}

#[tokio::test]
async fn a_silent_upstream_is_given_up() {
    let stalls = json!({"exchanges": [answers(json!([{"text": "So far"}, "stall"]))]});
    let bench = bench_with(stalls, |config| config.idle_timeout = Duration::from_millis(300)).await;
    let events = ask(&bench, turn("hi")).await.expect("an answer that began");
    assert!(
        matches!(events.last(), Some(TurnEvent::Failed(error)) if error.kind == ErrorKind::UpstreamTimeout),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_slow_first_word_is_waited_for_only_so_long_before_the_client_is_told() {
    let slow = json!({"exchanges": [answers(json!([{"delay_ms": 2500}, {"text": "late"}, {"finish": {}}]))]});
    let bench = bench(slow).await;
    let asked = Instant::now();
    let mut answer = bench.gateway.run(turn("hi"), Scope::default()).await.expect("an answer that may yet come");
    assert!(asked.elapsed() < Duration::from_millis(2400), "the hold is over first");
    assert_eq!(text(&rest(&mut answer).await), "late");
}

#[tokio::test]
async fn dropping_an_answer_ends_the_upstream_call() {
    let bench = bench(json!({"exchanges": [answers(json!([{"text": "So far"}, "stall"]))]})).await;
    let answer = bench.gateway.run(turn("hi"), Scope::default()).await.expect("an answer that began");
    assert_eq!(bench.simulator.cancelled(), 0);
    drop(answer);
    for _ in 0..100 {
        if bench.simulator.cancelled() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the upstream still works on it after a second");
}

#[tokio::test]
async fn parallel_calls_come_complete_and_after_the_text() {
    let steps = json!([
        {"text": "Looking."},
        {"tool_call": {"name": "f", "arguments": {}, "replaced_by": {"city": "Oslo"}, "id": "1"}},
        {"tool_call": {"name": "g", "arguments": {"n": 3}, "id": "2"}},
        {"tool_call": {"name": "g", "id": "3"}},
        {"finish": {}},
    ]);
    let bench = bench(json!({"exchanges": [answers(steps)]})).await;
    let mut asked = turn("hi");
    asked.tools = vec![tool("f"), tool("g")];
    let events = ask(&bench, asked).await.unwrap();
    let calls = events.iter().filter_map(|event| match event {
        TurnEvent::ToolCall(call) => Some(json!([call.id, call.name, call.arguments])),
        _ => None,
    });
    let calls: Vec<Value> = calls.collect();
    assert_eq!(json!(calls), json!([["1", "f", {"city": "Oslo"}], ["2", "g", {"n": 3}], ["3", "g", {}]]));
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::ToolCalls)));
}

#[tokio::test]
async fn a_call_of_a_tool_that_nobody_offered_is_answered_and_the_model_goes_on() {
    let built_in = json!({"message": {"tool_call": {"tool_call_id": "b1", "read_files": {"files": [{"name": "x"}]}}}});
    let refused = json!({"input": {"user_inputs": {"inputs": [
        {"tool_call_result": {"tool_call_id": "b1", "read_files": {"error": {"message": "${any}"}}}}]}}});
    let then = json!({"expect": refused, "steps": [{"text": "Without it, then."}, {"finish": {}}]});
    let first = answers(json!([{"text": "Let me read. "}, built_in, {"finish": {}}]));
    let bench = bench(json!({"exchanges": [first, then]})).await;
    let events = ask(&bench, turn("hi")).await.unwrap();
    assert_eq!(text(&events), "Let me read. Without it, then.");
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::EndTurn)));
    let starts = events.iter().filter(|event| matches!(event, TurnEvent::Started { .. })).count();
    assert_eq!(starts, 1, "the client sees one answer");
}

#[tokio::test]
async fn a_model_that_will_not_stop_calling_such_tools_is_not_answered_for_ever() {
    let again = answers(json!([{"tool_call": {"name": "nope", "arguments": {}}}, {"finish": {}}]));
    let bench = bench(json!({"exchanges": [again]})).await;
    let events = ask(&bench, turn("hi")).await.unwrap();
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::EndTurn)));
    assert_eq!(bench.simulator.requests().len(), 4, "the question and three refusals");
}

#[tokio::test]
async fn the_clients_bounds_are_kept_and_end_the_upstream_call() {
    let long = answers(json!([{"text": "one two three STOP four"}, "stall"]));
    let bench = bench(json!({"exchanges": [long]})).await;
    let mut asked = turn("count");
    asked.limits = Limits { stop: vec!["STOP".to_owned()], max_output_tokens: None };
    let events = ask(&bench, asked).await.unwrap();
    assert_eq!(text(&events), "one two three ");
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::StopSequence("STOP".to_owned()))));
    let usage = usage(&events);
    assert_eq!((usage.source, usage.output_tokens > 0, usage.input_tokens > 0), (UsageSource::Estimate, true, true));
    let mut asked = turn("count");
    asked.limits = Limits { stop: Vec::new(), max_output_tokens: Some(2) };
    let events = ask(&bench, asked).await.unwrap();
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::MaxTokens)));
    assert!("one two three STOP four".starts_with(&text(&events)), "{events:?}");
}

#[tokio::test]
async fn a_refused_bearer_is_renewed_once() {
    let bench = bench(json!({"exchanges": [{"status": 401}, plain("in again")]})).await;
    let session = || credential::Config {
        refresh_token: Some(Secret::new("simulator-refresh")),
        ..credential::Config::new(Address::new(bench.simulator.url()))
    };
    let gateway = gateway(&bench.simulator, session(), |_| {});
    let mut answer = gateway.run(turn("hi"), Scope::default()).await.expect("an answer with the new bearer");
    assert_eq!(text(&rest(&mut answer).await), "in again");
}

#[tokio::test]
async fn the_accounts_own_models_replace_the_built_in_table() {
    let bench = bench(json!({"exchanges": [plain("x")]})).await;
    assert!(bench.gateway.catalogue().resolve("no-such-model").is_some(), "the table may lack what the account has");
    bench.gateway.load_catalogue().await.expect("the simulator has a list");
    assert!(bench.gateway.catalogue().resolve("no-such-model").is_none());
    assert!(bench.gateway.catalogue().resolve("auto").is_some());
}

#[tokio::test]
async fn the_cost_of_refused_rounds_is_part_of_the_answers() {
    let call = json!({"tool_call": {"name": "nope", "arguments": {}}});
    let first = answers(json!([call, {"finish": {"usage": {"input": 100, "output": 5}}}]));
    let bench = bench(json!({"exchanges": [first, plain("Done.")]})).await;
    let usage = usage(&ask(&bench, turn("hi")).await.unwrap());
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.source), (130, 12, UsageSource::TokenUsage));
}

#[tokio::test]
async fn the_growth_of_the_conversation_counts_where_nothing_better_is_known_and_an_estimate_last() {
    let total = json!({"warp_token_usage": {"Some Model": {"total_tokens": 500}}});
    let growth = json!({"finish": {"fields": {"token_usage": null, "conversation_usage_metadata": total}}});
    let bench_growth =
        bench(json!({"exchanges": [answers(json!([{"text": "Five words of an answer."}, growth]))]})).await;
    let found = usage(&ask(&bench_growth, turn("hi")).await.unwrap());
    assert_eq!((found.source, found.input_tokens + found.output_tokens), (UsageSource::Growth, 500));
    assert!((4..12).contains(&found.output_tokens), "{found:?}");
    let nothing = json!({"finish": {"fields": {"token_usage": null, "conversation_usage_metadata": null}}});
    let bench_nothing =
        bench(json!({"exchanges": [answers(json!([{"text": "Five words of an answer."}, nothing]))]})).await;
    let found = usage(&ask(&bench_nothing, turn("hi")).await.unwrap());
    assert_eq!(found.source, UsageSource::Estimate);
    assert!(found.input_tokens > 0 && (4..12).contains(&found.output_tokens), "{found:?}");
}

#[tokio::test]
async fn an_answer_in_a_form_is_held_back_until_it_fits() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let asked = Turn { format: Some(Format::JsonSchema(schema)), ..turn("a number") };
    let wrong = plain("{\"n\": \"three\"}");
    let insists = json!({"input": {"user_inputs": {"inputs": [{"user_query": {"query": "${any}"}}]}}});
    let right = json!({"expect": insists, "steps": [{"text": "```json\n{\"n\": 3}\n```"}, {"finish": {}}]});
    let bench_twice = bench(json!({"exchanges": [wrong, right]})).await;
    let events = ask(&bench_twice, asked.clone()).await.unwrap();
    assert_eq!(text(&events), "{\"n\": 3}");
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::EndTurn)));
    assert_eq!(bench_twice.simulator.failures(), Vec::<String>::new());
    let bench_never = bench(json!({"exchanges": [wrong]})).await;
    let error = ask(&bench_never, asked).await.expect_err("an answer that never fits is none");
    assert_eq!((error.kind, bench_never.simulator.requests().len()), (ErrorKind::Upstream, 2));
}

fn called(events: &[TurnEvent]) -> Vec<&str> {
    let names = events.iter().filter_map(|event| match event {
        TurnEvent::ToolCall(call) => Some(call.name.as_str()),
        _ => None,
    });
    names.collect()
}

/// A turn that demands a call of one of the tools `f` and `g`, or of one of them.
fn demanding(choice: ToolChoice) -> Turn {
    Turn { tools: vec![tool("f"), tool("g")], tool_choice: choice, ..turn("do it") }
}

fn call(name: &str) -> Value {
    answers(json!([{"text": "Now then."}, {"tool_call": {"name": name, "arguments": {}}},
        {"finish": {"usage": {"input": 30, "output": 7}}}]))
}

#[tokio::test]
async fn a_call_that_the_client_demands_is_asked_for_once_more() {
    let insists = json!({"input": {"user_inputs": {"inputs": [{"user_query": {"query": "${any}"}}]}},
        "metadata": {"conversation_id": "${any}"}});
    let mut then = call("f");
    then["expect"] = insists;
    let bench_twice = bench(json!({"exchanges": [plain("Let us talk instead."), then]})).await;
    let events = ask(&bench_twice, demanding(ToolChoice::Required)).await.unwrap();
    assert_eq!((text(&events).as_str(), called(&events)), ("Now then.", vec!["f"]), "the first words are taken back");
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::ToolCalls)));
    assert_eq!((usage(&events).input_tokens, usage(&events).output_tokens), (60, 14), "both rounds cost");
    assert_eq!(bench_twice.simulator.failures(), Vec::<String>::new());
    let bench_once = bench(json!({"exchanges": [call("g")]})).await;
    assert_eq!(called(&ask(&bench_once, demanding(ToolChoice::Required)).await.unwrap()), ["g"]);
    assert_eq!(bench_once.simulator.requests().len(), 1, "what is there is not asked for again");
}

#[tokio::test]
async fn an_answer_without_the_call_goes_out_as_it_is_in_the_end() {
    let exchanges = json!([plain("Let us talk instead."), plain("I will not.")]);
    let bench = bench(json!({"exchanges": exchanges})).await;
    let events = ask(&bench, demanding(ToolChoice::Tool("f".to_owned()))).await.unwrap();
    assert_eq!((text(&events).as_str(), called(&events)), ("I will not.", vec![]));
    assert_eq!(events.last(), Some(&TurnEvent::Finished(StopReason::EndTurn)));
    assert_eq!(bench.simulator.requests().len(), 2);
    let places = |wanted: fn(&TurnEvent) -> bool| events.iter().position(wanted).unwrap();
    let started = places(|event| matches!(event, TurnEvent::Started { .. }));
    assert!(started < places(|event| matches!(event, TurnEvent::Text(_))), "{events:?}");
}

#[tokio::test]
async fn calls_that_the_client_rules_out_are_answered_as_unavailable() {
    let refused =
        json!({"input": {"user_inputs": {"inputs": [{"tool_call_result": {"call_mcp_tool": {"error": "${any}"}}}]}}});
    let mut then = call("f");
    then["expect"] = refused.clone();
    let bench_named = bench(json!({"exchanges": [call("g"), then]})).await;
    let events = ask(&bench_named, demanding(ToolChoice::Tool("f".to_owned()))).await.unwrap();
    assert_eq!(called(&events), ["f"]);
    assert_eq!(bench_named.simulator.failures(), Vec::<String>::new());
    let mut then = plain("Without, then.");
    then["expect"] = refused;
    let bench_none = bench(json!({"exchanges": [call("g"), then]})).await;
    let events = ask(&bench_none, demanding(ToolChoice::None)).await.unwrap();
    assert_eq!((called(&events), events.last()), (vec![], Some(&TurnEvent::Finished(StopReason::EndTurn))));
    assert_eq!(bench_none.simulator.failures(), Vec::<String>::new());
}

#[tokio::test]
async fn pages_that_the_text_before_a_refused_call_rests_on_are_cited_at_the_end() {
    let cites = |text: &str, pages: &[&str]| {
        let pages: Vec<Value> =
            pages.iter().map(|page| json!({"document_id": page, "document_type": "WEB_PAGE"})).collect();
        json!({"message": {"agent_output": {"text": text}, "citations": pages}})
    };
    let (a, b, c) = ("https://a.example/", "https://b.example/", "https://c.example/");
    let page = |url: &str| Page { url: url.to_owned(), title: String::new() };
    let cited = |events: &[TurnEvent]| -> Vec<Vec<Page>> {
        let lists = events.iter().filter_map(|event| match event {
            TurnEvent::Citations(pages) => Some(pages.clone()),
            _ => None,
        });
        lists.collect()
    };
    let first =
        answers(json!([cites("One. ", &[a, b]), {"tool_call": {"name": "nope", "arguments": {}}}, {"finish": {}}]));
    let last = answers(json!([cites("Two.", &[b, c]), {"finish": {}}]));
    let both = bench(json!({"exchanges": [first, last]})).await;
    let events = ask(&both, turn("hi")).await.unwrap();
    assert_eq!(text(&events), "One. Two.");
    assert_eq!(cited(&events), [vec![page(a), page(b), page(c)]]);
    let bench_first = bench(json!({"exchanges": [first, plain("Two.")]})).await;
    let events = ask(&bench_first, turn("hi")).await.unwrap();
    assert_eq!(cited(&events), [vec![page(a), page(b)]]);
    let place = |wanted: fn(&TurnEvent) -> bool| events.iter().position(wanted).unwrap();
    assert!(
        place(|event| matches!(event, TurnEvent::Citations(_))) < place(|event| matches!(event, TurnEvent::Usage(_)))
    );
    let discarded = answers(json!([cites("No form.", &[a]), {"finish": {}}]));
    let bench_form = bench(json!({"exchanges": [discarded, plain("{}")]})).await;
    let events = ask(&bench_form, Turn { format: Some(Format::JsonObject), ..turn("hi") }).await.unwrap();
    assert_eq!((text(&events).as_str(), cited(&events)), ("{}", vec![]), "pages go with their text");
}
