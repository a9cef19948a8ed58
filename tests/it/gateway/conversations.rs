//! Turns that go on with conversations which the upstream began, over restarts too.

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};
use warp2api::{
    gateway::{Conversation, Conversations, Durable, Scope},
    schema::Schema,
    simulator::{self, Replay, Simulator},
    state::{KeyKind, Shelves, State},
    turn::{Content, Message, Output, ToolResult, Turn, TurnEvent},
};

use super::{Bench, account, bench, gateway, plain, rest, text, tool, turn};

/// The conversation after `events` were the answer to `asked`, and `more` was said.
fn go_on(asked: &Turn, events: &[TurnEvent], more: &str) -> Turn {
    let said = Message::Assistant(vec![Output::Text(text(events))]);
    let messages = asked.messages.iter().cloned().chain([said, user(more)]).collect();
    Turn { messages, ..asked.clone() }
}

fn user(text: &str) -> Message {
    Message::User(vec![Content::Text(text.to_owned())])
}

fn of_client(client: &str) -> Scope {
    Scope { client: client.to_owned(), ..Scope::default() }
}

async fn ask_as(bench: &Bench, client: &str, turn: &Turn) -> Vec<TurnEvent> {
    let mut answer = bench.gateway.run(turn.clone(), of_client(client)).await.expect("an answer");
    rest(&mut answer).await
}

/// A gateway to a simulator that talks by itself and refuses continued requests that do not carry what it sent.
fn talking() -> Bench {
    let config = simulator::Config { fast: true, ..simulator::Config::default() };
    let simulator = Simulator::start(config, Schema::embedded()).expect("a free port");
    let gateway = gateway(&simulator, account(simulator.url()), |_| {});
    Bench { simulator, gateway }
}

fn replays(bench: &Bench) -> Vec<Replay> {
    bench.simulator.requests().into_iter().map(|request| request.replay).collect()
}

#[tokio::test]
async fn a_conversation_goes_on_with_the_upstreams_own_tasks() {
    let bench = talking();
    let first = turn("hello");
    let answer = ask_as(&bench, "a", &first).await;
    let second = go_on(&first, &answer, "and more");
    let answer = ask_as(&bench, "a", &second).await;
    let third = go_on(&second, &answer, "repeat exactly: the end");
    assert_eq!(text(&ask_as(&bench, "a", &third).await), "the end");
    assert_eq!(replays(&bench), [Replay::New, Replay::Exact, Replay::Exact]);
    let ids: Vec<Value> =
        bench.simulator.requests().iter().map(|request| request.json["metadata"]["conversation_id"].clone()).collect();
    assert_eq!((&ids[0], &ids[1]), (&Value::Null, &ids[2]));
}

/// The same bench with a gateway that was started anew on the state in `directory`, and where it keeps what it keeps.
fn restarted(bench: Bench, directory: &Path) -> (Bench, Shelves) {
    let state = State::open(directory, KeyKind::File).expect("a state");
    let shelves = Shelves::open(&state).expect("shelves");
    let root = bench.simulator.url();
    let conversations = Box::new(Durable::new(&shelves, root));
    let gateway = gateway(&bench.simulator, account(root), |_| {}).with_conversations(conversations);
    (Bench { simulator: bench.simulator, gateway }, shelves)
}

#[tokio::test]
async fn a_restart_loses_no_conversation() {
    let place = tempfile::tempdir().unwrap();
    let (bench, shelves) = restarted(talking(), place.path());
    let first = turn("hello");
    let answer = ask_as(&bench, "a", &first).await;
    shelves.flush().await;
    let (bench, shelves) = restarted(bench, place.path());
    let second = go_on(&first, &answer, "one");
    let other = go_on(&first, &answer, "other");
    let answer = ask_as(&bench, "a", &second).await;
    ask_as(&bench, "b", &second).await;
    shelves.flush().await;
    let (bench, _shelves) = restarted(bench, place.path());
    ask_as(&bench, "a", &go_on(&second, &answer, "two")).await;
    ask_as(&bench, "a", &other).await;
    let replays = replays(&bench);
    assert_eq!((&replays[1], &replays[3]), (&Replay::Exact, &Replay::Exact), "{replays:?}");
    let sent = bench.simulator.requests();
    let name = |request: usize, field: &str| sent[request].json["metadata"][field].clone();
    assert!(name(1, "conversation_id").is_string());
    assert_eq!(sent[2].json["metadata"], Value::Null, "another client's conversation is its own");
    assert_eq!(name(3, "conversation_id"), name(1, "conversation_id"));
    let forked = name(4, "forked_from_conversation_id");
    assert_eq!(forked, name(1, "conversation_id"), "that it was gone on with is remembered too");
}

#[tokio::test]
async fn what_the_upstream_would_not_go_on_with_is_forgotten_over_a_restart_too() {
    let place = tempfile::tempdir().unwrap();
    let kept = |id: &str| Conversation {
        id: id.to_owned(),
        tasks: vec![vec![1, 2].into()],
        account: "an account".to_owned(),
        tokens: Some(7),
        instructions: [3; 32],
        is_continued: false,
    };
    let start = |upstream: &str| {
        let shelves = Shelves::open(&State::open(place.path(), KeyKind::File).unwrap()).unwrap();
        (Durable::new(&shelves, upstream), shelves)
    };
    let (first, shelves) = start("http://one");
    first.remember("a", Some("s"), [1; 32], kept("x")).await;
    first.remember("a", None, [1; 32], kept("y")).await;
    shelves.flush().await;
    let (second, shelves) = start("http://one");
    assert_eq!(second.recall("a", Some("s"), &[1; 32]).await, Some(kept("x")), "the session's own, whole");
    second.forget("a", &[1; 32], "x");
    assert_eq!(second.recall("a", Some("s"), &[1; 32]).await, Some(kept("y")));
    second.forget("a", &[1; 32], "y");
    assert_eq!(second.recall("a", None, &[1; 32]).await, None, "also before the disk has heard of it");
    shelves.flush().await;
    assert_eq!(start("http://one").0.recall("a", None, &[1; 32]).await, None);
    let (first, shelves) = start("http://one");
    first.remember("a", None, [1; 32], kept("z")).await;
    shelves.flush().await;
    assert_eq!(start("http://two").0.recall("a", None, &[1; 32]).await, None, "another service knows nothing of it");
}

#[tokio::test]
async fn tool_results_go_on_with_the_upstreams_own_calls() {
    let bench = talking();
    let first = Turn { tools: vec![tool("weather"), tool("clock")], ..turn("call weather and clock in parallel") };
    let answer = ask_as(&bench, "a", &first).await;
    let calls: Vec<Output> = answer
        .iter()
        .filter_map(|event| match event {
            TurnEvent::ToolCall(call) => Some(Output::ToolCall(call.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(calls.len(), 2, "{answer:?}");
    let results = calls.iter().map(|call| {
        let Output::ToolCall(call) = call else { panic!("a call") };
        let content = vec![Content::Text(format!("{} says 42", call.name))];
        Message::ToolResult(ToolResult { call_id: call.id.clone(), content, is_error: false })
    });
    let said: String = text(&answer);
    let spoken = (!said.is_empty()).then_some(Output::Text(said)).into_iter().chain(calls.clone()).collect();
    let mut second = first.clone();
    second.messages.push(Message::Assistant(spoken));
    second.messages.extend(results);
    let answer = text(&ask_as(&bench, "a", &second).await);
    assert!(answer.contains("weather says 42") && answer.contains("clock says 42"), "{answer}");
    assert_eq!(replays(&bench), [Replay::New, Replay::Exact]);
}

#[tokio::test]
async fn branches_edits_and_other_clients_do_not_disturb_a_conversation() {
    let bench = talking();
    let first = turn("hello");
    let answer = ask_as(&bench, "a", &first).await;
    let one = go_on(&first, &answer, "one");
    let other = go_on(&first, &answer, "other");
    ask_as(&bench, "a", &one).await;
    ask_as(&bench, "a", &other).await;
    ask_as(&bench, "b", &one).await;
    let mut edited = go_on(&first, &answer, "three");
    edited.messages[0] = user("hello?");
    ask_as(&bench, "a", &edited).await;
    let sent = bench.simulator.requests();
    let name = |request: usize, field: &str| sent[request].json["metadata"][field].clone();
    assert!(name(1, "conversation_id").is_string(), "the first to go on goes on");
    assert_eq!(name(2, "forked_from_conversation_id"), name(1, "conversation_id"), "the second branches off");
    for replayed in [3, 4] {
        assert_eq!(
            sent[replayed].json["metadata"],
            Value::Null,
            "another client, or an edit, is a conversation of its own"
        );
        assert_eq!(sent[replayed].json["task_context"]["tasks"][0]["messages"].as_array().map(Vec::len), Some(2));
    }
}

#[tokio::test]
async fn a_conversation_that_the_upstream_will_not_go_on_with_is_replayed() {
    let refuses = json!({"status": 400, "body": "Something went wrong with this conversation"});
    let exchanges = json!([plain("Hello."), refuses, plain("All the same.")]);
    let bench = bench(json!({"exchanges": exchanges})).await;
    let first = turn("hi");
    let answer = ask_as(&bench, "a", &first).await;
    let answer = ask_as(&bench, "a", &go_on(&first, &answer, "more")).await;
    assert_eq!(text(&answer), "All the same.");
    let sent = bench.simulator.requests();
    assert!(sent[1].json["metadata"]["conversation_id"].is_string());
    assert_eq!(sent[2].json["metadata"], Value::Null);
}

#[tokio::test]
async fn system_text_is_told_again_only_when_it_has_changed() {
    let bench = talking();
    let first = Turn { instructions: vec!["be brief".to_owned()], ..turn("hello") };
    let answer = ask_as(&bench, "a", &first).await;
    let second = go_on(&first, &answer, "more");
    let answer = ask_as(&bench, "a", &second).await;
    let third = Turn { instructions: vec!["be long".to_owned()], ..go_on(&second, &answer, "more yet") };
    ask_as(&bench, "a", &third).await;
    let rules: Vec<String> = bench
        .simulator
        .requests()
        .iter()
        .map(|request| request.json["input"]["context"]["project_rules"].to_string())
        .collect();
    assert!(rules[0].contains("be brief") && rules[1] == "null" && rules[2].contains("be long"), "{rules:?}");
}

/// 200 conversations at once, each with a word of its own, three turns long: no answer holds another's word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_side_by_side_never_hear_each_other() {
    let bench = Arc::new(talking());
    let mut running = tokio::task::JoinSet::new();
    for number in 0..200 {
        let bench = Arc::clone(&bench);
        running.spawn(async move {
            let word = format!("secret-{number}-word");
            // Half of them share a client, and all of them their first words.
            let client = if number % 2 == 0 { "shared".to_owned() } else { number.to_string() };
            let mut asked = turn(&format!("remember {word}"));
            for step in 0..3 {
                let answer = ask_as(&bench, &client, &asked).await;
                let said = text(&answer);
                assert!(!said.contains("secret-") || said.contains(&word), "{said}");
                assert_eq!(said.matches("secret-").count(), said.matches(&word).count(), "{said}");
                asked = go_on(&asked, &answer, &format!("step {step} of {word}"));
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no conversation fails");
    }
    let wrong: Vec<_> =
        replays(&bench).into_iter().filter(|replay| !matches!(replay, Replay::New | Replay::Exact)).collect();
    assert_eq!(wrong, []);
}
