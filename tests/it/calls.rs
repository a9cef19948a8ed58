//! Calls of tools, in every dialect, there and back: as many as the model likes, of any size, and each with an id of its
//! own, whatever the upstream called them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use warp2api::simulator::{Replay, Simulator};

use crate::{
    clients::{CLIENTS, Call, Client, End, Heard, Said, user},
    front::{Front, Setup, header, playing},
};

const TOOLS: [&str; 2] = ["add", "clock"];

fn call(id: &str, name: &str, arguments: Value) -> Value {
    json!({"tool_call": {"id": id, "name": name, "arguments": arguments}})
}

/// What a client hears when it asks to have `told` answered.
async fn hear(front: &Front, client: Client, stream: bool, told: &[Said]) -> Heard {
    let response = front.post(client.path(stream), &client.body(stream, told, &TOOLS)).await;
    assert_eq!(response.status(), 200, "{client:?}: {}", response.text().await.unwrap());
    assert_eq!(header(&response, "x-warp2api-repaired"), "", "{client:?}: its history is sound");
    client.hears(stream, &response.text().await.unwrap())
}

/// Asks, runs every call, sends the results, and goes on. Returns what the first answer was.
async fn there_and_back(front: &Front, client: Client, stream: bool) -> Heard {
    let mut told = vec![user("hi")];
    let heard = hear(front, client, stream, &told).await;
    let reason = match client {
        Client::Chat => "tool_calls",
        Client::Responses => "completed",
        Client::Anthropic => "tool_use",
        Client::Gemini => "STOP",
    };
    assert_eq!(heard.end, End::Complete(reason.to_owned()));
    told.push(Said::Model(heard.text.clone(), heard.calls.clone()));
    told.extend(heard.calls.iter().map(|call| Said::Result(call.clone(), result_of(call))));
    assert_eq!(hear(front, client, stream, &told).await.text, "Done.");
    heard
}

/// A result that tells which call it answers.
fn result_of(call: &Call) -> String {
    let arguments = call.arguments.to_string();
    format!("{} of {}", call.name, &arguments[..arguments.floor_char_boundary(40)])
}

/// The results that the last request brought, in their order: id and text.
fn results(simulator: &Simulator) -> Vec<(String, String)> {
    let last = simulator.requests().pop().unwrap().json;
    let inputs = last["input"]["user_inputs"]["inputs"].as_array().unwrap().clone();
    let results = inputs.iter().filter_map(|input| input.get("tool_call_result"));
    let read = |result: &Value| {
        let text = &result["call_mcp_tool"]["success"]["results"][0]["text"]["text"];
        (result["tool_call_id"].as_str().unwrap().to_owned(), text.as_str().unwrap().to_owned())
    };
    results.map(read).collect()
}

async fn check(steps: Value, wanted: &[(&str, &str, Value)], text: &str) {
    let answer = json!({"steps": steps});
    let done = json!({"steps": [{"text": "Done."}]});
    for client in CLIENTS {
        for stream in [true, false] {
            let simulator = playing(&json!([answer, done]));
            let front = Front::start(simulator.url(), Setup::default()).await;
            let heard = there_and_back(&front, client, stream).await;
            assert_eq!(heard.text, text, "{client:?}");
            let calls: Vec<_> =
                heard.calls.iter().map(|call| (&*call.id, &*call.name, call.arguments.clone())).collect();
            assert_eq!(calls, wanted, "{client:?}");
            let sent: Vec<_> = heard.calls.iter().map(|call| (call.id.clone(), result_of(call))).collect();
            assert_eq!(results(&simulator), sent, "{client:?}");
            assert_eq!(simulator.requests()[1].replay, Replay::Exact, "{client:?}: the conversation goes on");
        }
    }
}

#[tokio::test]
async fn one_call_two_and_five_are_told_in_order_and_answered() {
    for count in [1, 2, 5] {
        let numbered = |number: usize| (format!("call_{number}"), json!({"text": number.to_string()}));
        let calls: Vec<_> = (0..count).map(numbered).collect();
        let steps = calls.iter().map(|(id, arguments)| call(id, "add", arguments.clone()));
        let wanted: Vec<_> = calls.iter().map(|(id, arguments)| (id.as_str(), "add", arguments.clone())).collect();
        check(steps.collect(), &wanted, "").await;
    }
}

#[tokio::test]
async fn calls_between_texts_and_thoughts_come_after_them() {
    let steps = json!([
        {"reasoning": "First the one."}, {"text": "Let me see. "}, call("a", "add", json!({"text": "1"})),
        {"text": "And then. "}, call("b", "clock", json!({})), {"text": "Well."}]);
    let wanted = [("a", "add", json!({"text": "1"})), ("b", "clock", json!({}))];
    let answer = json!({"steps": steps});
    let done = json!({"steps": [{"text": "Done."}]});
    for client in CLIENTS {
        for stream in [true, false] {
            let simulator = playing(&json!([answer, done]));
            let front = Front::start(simulator.url(), Setup::default()).await;
            let heard = there_and_back(&front, client, stream).await;
            let said = heard.text.strip_prefix("First the one.").unwrap_or(&heard.text);
            assert_eq!(said, "Let me see. And then. Well.", "{client:?}");
            let calls: Vec<_> =
                heard.calls.iter().map(|call| (&*call.id, &*call.name, call.arguments.clone())).collect();
            assert_eq!(calls, wanted, "{client:?}");
        }
    }
}

#[tokio::test]
async fn a_call_without_arguments_has_empty_ones() {
    let bare = json!({"tool_call": {"id": "a", "name": "clock"}});
    let empty = call("b", "clock", json!({}));
    check(json!([bare, empty]), &[("a", "clock", json!({})), ("b", "clock", json!({}))], "").await;
}

#[tokio::test]
async fn arguments_of_200_kilobytes_arrive_whole() {
    let text: String = (0..200 * 1024 / 8).map(|number| format!("{number:07} ")).collect();
    let arguments = json!({"text": text, "list": [1, 2.5, -3, true, null, {"a": "\u{0} \"\\ \u{1f600}"}]});
    check(json!([call("big", "add", arguments.clone())]), &[("big", "add", arguments)], "").await;
}

#[tokio::test]
async fn arguments_that_are_replaced_before_the_end_are_told_once() {
    let replaced = json!({"tool_call": {"id": "a", "name": "add", "arguments": {}, "replaced_by": {"text": "whole"}}});
    check(json!([replaced]), &[("a", "add", json!({"text": "whole"}))], "").await;
}

/// Clients drop the second of two calls with one id, and upstreams refuse two results for one call.
#[tokio::test]
async fn different_calls_that_share_an_id_get_their_own_and_their_results_find_them() {
    let shared = json!({"steps": [
        call("same", "add", json!({"text": "1"})), call("same", "add", json!({"text": "2"})),
        call("same", "clock", json!({})), call("same", "add", json!({"text": "1"}))]});
    let done = json!({"steps": [{"text": "Done."}]});
    for client in CLIENTS {
        for stream in [true, false] {
            let simulator = playing(&json!([shared, done]));
            let front = Front::start(simulator.url(), Setup::default()).await;
            let heard = there_and_back(&front, client, stream).await;
            let calls: Vec<_> = heard.calls.iter().map(|call| (&*call.id, call.arguments.clone())).collect();
            let wanted = [("same", json!({"text": "1"})), ("same_2", json!({"text": "2"})), ("same_3", json!({}))];
            assert_eq!(calls, wanted, "{client:?}: the same call twice is one");
            let sent: Vec<_> = heard.calls.iter().map(|call| (call.id.clone(), result_of(call))).collect();
            assert_eq!(results(&simulator), sent, "{client:?}");
            // The upstream's own tree could not say which call is which, so it is told as the client knows it.
            let last = simulator.requests().pop().unwrap().json;
            assert_eq!(last["metadata"], Value::Null);
            let messages = last["task_context"]["tasks"][0]["messages"].as_array().unwrap().clone();
            let told: Vec<_> = messages
                .iter()
                .filter_map(|message| message.get("tool_call"))
                .map(|call| (call["tool_call_id"].as_str().unwrap(), call["call_mcp_tool"]["args"].clone()))
                .collect();
            assert_eq!(told, wanted, "{client:?}");
        }
    }
}

/// Some upstreams count their calls anew with every answer.
#[tokio::test]
async fn ids_that_are_used_again_in_a_later_answer_are_new_to_the_client() {
    let first = json!({"steps": [call("1", "add", json!({"text": "a"}))]});
    let second = json!({"steps": [call("1", "add", json!({"text": "b"})), call("2", "clock", json!({}))]});
    let done = json!({"steps": [{"text": "Done."}]});
    for client in CLIENTS {
        let simulator = playing(&json!([first, second, done]));
        let front = Front::start(simulator.url(), Setup::default()).await;
        let mut told = vec![user("hi")];
        let mut ids = BTreeSet::new();
        for calls in [1, 2, 0] {
            let heard = hear(&front, client, true, &told).await;
            assert_eq!(heard.calls.len(), calls, "{client:?}");
            assert!(heard.calls.iter().all(|call| ids.insert(call.id.clone())), "{client:?}: {ids:?}");
            told.push(Said::Model(heard.text, heard.calls.clone()));
            told.extend(heard.calls.iter().map(|call| Said::Result(call.clone(), result_of(call))));
        }
        assert_eq!(results(&simulator).len(), 2);
    }
}

#[tokio::test]
async fn calls_without_an_id_get_one() {
    let nameless = json!({"steps": [call("", "add", json!({"text": "1"})), call("", "add", json!({"text": "2"}))]});
    let done = json!({"steps": [{"text": "Done."}]});
    for client in CLIENTS {
        let simulator = playing(&json!([nameless, done]));
        let front = Front::start(simulator.url(), Setup::default()).await;
        let heard = there_and_back(&front, client, true).await;
        let ids: Vec<&str> = heard.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["call_2", "call_3"], "{client:?}");
    }
}
