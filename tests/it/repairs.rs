//! Histories as clients really send them, broken in every known way: what the upstream is then told, and what the client
//! is told of it. The upstream is as strict as the service is known to be, so a history that is not mended fails.

use serde_json::{Value, json};

use crate::{
    clients::{CLIENTS, Call, Client, Said, user},
    front::{Front, Setup, header, playing},
};

/// What the upstream was told, a line each: the history's messages, then what is asked now.
fn told(request: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let history = list(&request["task_context"]["tasks"]).into_iter().flat_map(|task| list(&task["messages"]));
    let rules = request["input"]["context"]["project_rules"][0]["active_rule_files"][0]["content"].as_str();
    let rules = rules.map(|rules| format!("rules {rules}"));
    rules
        .into_iter()
        .chain(history.chain(list(&request["input"]["user_inputs"]["inputs"])).map(|message| line(&message)))
        .collect()
}

fn line(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text in {message}")).to_owned();
    if let Some(query) = message.get("user_query") {
        return format!("user {}", text(&query["query"]));
    }
    if let Some(said) = message.get("agent_output") {
        return format!("said {}", text(&said["text"]));
    }
    if let Some(call) = message.get("tool_call") {
        let tool = &call["call_mcp_tool"];
        let arguments = tool.get("args").map_or_else(|| "{}".to_owned(), Value::to_string);
        return format!("call {} {arguments}", text(&call["tool_call_id"]));
    }
    let result = &message["tool_call_result"];
    let outcome = &result["call_mcp_tool"];
    let (kind, words) = match outcome.get("error") {
        Some(error) => ("error", text(&error["message"])),
        None => ("result", text(&outcome["success"]["results"][0]["text"]["text"])),
    };
    format!("{kind} {} {words}", text(&result["tool_call_id"]))
}

/// Sends `body`; gives what the upstream was told and what was said to be repaired.
async fn outcome(client: Client, body: &Value, what: &str) -> (Vec<String>, String) {
    let simulator = playing(&json!([{"steps": [{"text": "ok"}]}]));
    let front = Front::start(simulator.url(), Setup::default()).await;
    let response = front.post(client.path(false), body).await;
    let repaired = header(&response, "x-warp2api-repaired").to_owned();
    assert_eq!(response.status(), 200, "{what}, {client:?}: {}", response.text().await.unwrap());
    (told(&simulator.requests()[0].json), repaired)
}

async fn check(client: Client, body: &Value, wanted: &[&str], repaired: &str, what: &str) {
    let (told, named) = outcome(client, body, what).await;
    assert_eq!(
        (told, named.as_str()),
        (wanted.iter().map(|line| (*line).to_owned()).collect(), repaired),
        "{what}, {client:?}"
    );
}

fn call(id: &str, text: &str) -> Call {
    Call { id: id.to_owned(), name: "add".to_owned(), arguments: json!({"text": text}) }
}

fn calls(calls: &[Call]) -> Said {
    Said::Model(String::new(), calls.to_vec())
}

fn said(text: &str) -> Said {
    Said::Model(text.to_owned(), Vec::new())
}

fn result(id: &str, text: &str) -> Said {
    Said::Result(call(id, ""), text.to_owned())
}

/// A history that every dialect can say; what the upstream is told of it; what is named.
type Row = (&'static str, Vec<Said>, &'static [&'static str], &'static str);

const INTERRUPTED: &str = "error 1 This call was interrupted before it gave a result.";
const LOST: &str = "user [Result of a tool call that is not part of this conversation]\n\nlost";
const ORPHAN: &str = "user a\n\n[Result of a tool call that is not part of this conversation]\n\nlost";

fn rows() -> Vec<Row> {
    let (one, two) = (call("1", "x"), call("2", "y"));
    vec![
        (
            "a sound history",
            vec![user("a"), calls(&[one.clone(), two.clone()]), result("1", "p"), result("2", "q")],
            &["user a", r#"call 1 {"text":"x"}"#, r#"call 2 {"text":"y"}"#, "result 1 p", "result 2 q"],
            "",
        ),
        (
            "results in another order than the calls",
            vec![user("a"), calls(&[one.clone(), two.clone()]), result("2", "q"), result("1", "p")],
            &["user a", r#"call 1 {"text":"x"}"#, r#"call 2 {"text":"y"}"#, "result 1 p", "result 2 q"],
            "",
        ),
        (
            "a result that comes late",
            vec![user("a"), calls(std::slice::from_ref(&one)), user("b"), said("c"), result("1", "p"), user("d")],
            &["user a", r#"call 1 {"text":"x"}"#, "result 1 p", "user b", "said c", "user d"],
            "moved_tool_result",
        ),
        (
            "a call that was never answered",
            vec![user("a"), calls(&[one.clone(), two.clone()]), result("2", "q"), user("b")],
            &["user a", r#"call 1 {"text":"x"}"#, r#"call 2 {"text":"y"}"#, INTERRUPTED, "result 2 q", "user b"],
            "unanswered_call",
        ),
        (
            "a result without a call",
            vec![user("a"), said("b"), result("9", "lost")],
            &["user a", "said b", LOST],
            "orphan_tool_result",
        ),
        (
            "a result that came twice",
            vec![user("a"), calls(std::slice::from_ref(&one)), result("1", "old"), result("1", "new")],
            &["user a", r#"call 1 {"text":"x"}"#, "result 1 new"],
            "duplicate_tool_result",
        ),
        (
            "an id that is used again",
            vec![
                user("a"),
                calls(std::slice::from_ref(&one)),
                result("1", "p"),
                calls(&[call("1", "z")]),
                result("1", "r"),
            ],
            &["user a", r#"call 1 {"text":"x"}"#, "result 1 p", r#"call 1_2 {"text":"z"}"#, "result 1_2 r"],
            "duplicate_call_id",
        ),
        (
            "two calls with one id",
            vec![user("a"), calls(&[one.clone(), call("1", "z")]), result("1", "p"), result("1", "r")],
            &["user a", r#"call 1 {"text":"x"}"#, r#"call 1_2 {"text":"z"}"#, "result 1 p", "result 1_2 r"],
            "duplicate_call_id",
        ),
        ("users in a row", vec![user("a"), user("b"), user("c")], &["user a\n\nb\n\nc"], ""),
        (
            "answers in a row",
            vec![user("a"), said("b"), said("c"), user("d")],
            &["user a", "said b", "said c", "user d"],
            "",
        ),
        ("a conversation that begins with the model", vec![said("Hello!"), user("a")], &["said Hello!", "user a"], ""),
        (
            "a conversation that ends with the model",
            vec![user("a"), said("b")],
            &["user a", "said b", "user Continue."],
            "nothing_asked",
        ),
        (
            "a conversation that ends with a call",
            vec![user("a"), calls(std::slice::from_ref(&one))],
            &["user a", r#"call 1 {"text":"x"}"#, INTERRUPTED],
            "unanswered_call",
        ),
        ("empty texts", vec![user(""), user("a"), said(""), user("b"), user("")], &["user a\n\nb"], ""),
        (
            "several faults at once",
            vec![
                user("a"),
                said("o"),
                result("9", "lost"),
                calls(&[one, two]),
                result("2", "q"),
                result("2", "r"),
                user("b"),
            ],
            &[
                "user a",
                "said o",
                LOST,
                r#"call 1 {"text":"x"}"#,
                r#"call 2 {"text":"y"}"#,
                INTERRUPTED,
                "result 2 r",
                "user b",
            ],
            "duplicate_tool_result, orphan_tool_result, unanswered_call",
        ),
    ]
}

#[tokio::test]
async fn what_every_dialect_can_break_is_mended_alike() {
    for (what, history, wanted, repaired) in rows() {
        for client in CLIENTS {
            check(client, &client.body(false, &history, &["add"]), wanted, repaired, what).await;
        }
    }
}

/// The client sends the broken history again with every turn: it must always be mended the same way, or the upstream
/// would never know a conversation again.
#[tokio::test]
async fn the_same_history_is_always_mended_the_same_way() {
    for (what, history, _, _) in rows() {
        for client in CLIENTS {
            let body = client.body(false, &history, &["add"]);
            assert_eq!(outcome(client, &body, what).await, outcome(client, &body, what).await, "{what}");
        }
    }
}

#[tokio::test]
async fn calls_without_ids_get_one() {
    let history = [user("a"), calls(&[call("", "x"), call("", "y")]), result("", "p"), result("", "q")];
    let wanted =
        ["user a", r#"call call_2 {"text":"x"}"#, r#"call call_3 {"text":"y"}"#, "result call_2 p", "result call_3 q"];
    for client in [Client::Chat, Client::Responses, Client::Anthropic] {
        check(client, &client.body(false, &history, &["add"]), &wanted, "missing_call_id", "no ids").await;
    }
}

/// A body of the dialect with nothing but these entries, and the tool `add`.
fn body(client: Client, entries: &Value) -> Value {
    let mut body = client.body(false, &[], &["add"]);
    let name = match client {
        Client::Chat | Client::Anthropic => "messages",
        Client::Responses => "input",
        Client::Gemini => "contents",
    };
    body[name] = entries.clone();
    body
}

async fn check_rows(client: Client, rows: &[(&str, Value, &[&str], &str)]) {
    for (what, entries, wanted, repaired) in rows {
        check(client, &body(client, entries), wanted, repaired, what).await;
    }
}

#[tokio::test]
async fn chat_histories() {
    let add = json!([{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"text\":\"x\"}"}}]);
    let broken = json!([{"id": "1", "type": "function", "function": {"name": "add", "arguments": "{\"text\":"}}]);
    let sound: &[&str] = &["user a", r#"call 1 {"text":"x"}"#, "result 1 p"];
    let answered = |content: Value| {
        let mut call = json!({"role": "assistant", "tool_calls": add});
        if content != "missing" {
            call["content"] = content;
        }
        json!([{"role": "user", "content": "a"}, call, {"role": "tool", "tool_call_id": "1", "content": "p"}])
    };
    check_rows(
        Client::Chat,
        &[
            ("content null", answered(json!(null)), sound, ""),
            ("content empty", answered(json!("")), sound, ""),
            ("content without parts", answered(json!([])), sound, ""),
            ("no content", answered(json!("missing")), sound, ""),
            (
                "system in the middle",
                json!([{"role": "system", "content": "s"}, {"role": "user", "content": "a"},
                       {"role": "assistant", "content": "b"}, {"role": "developer", "content": "be brief"},
                       {"role": "user", "content": "c"}]),
                &["rules s", "user a", "said b", "user <system>\nbe brief\n</system>\n\nc"],
                "",
            ),
            (
                "nothing but system",
                json!([{"role": "system", "content": "s"}, {"role": "system", "content": "Say hello."}]),
                &["rules s", "user Say hello."],
                "system_as_question",
            ),
            (
                "arguments that are no JSON",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": broken},
                       {"role": "tool", "tool_call_id": "1", "content": "p"}]),
                &["user a", r#"call 1 {"_raw":"{\"text\":"}"#, "result 1 p"],
                "arguments_as_text",
            ),
            (
                "thinking of another",
                json!([{"role": "user", "content": "a"},
                       {"role": "assistant", "content": "b", "reasoning_content": "hm"}, {"role": "user", "content": "c"}]),
                &["user a", "said b", "user c"],
                "",
            ),
            (
                "a result that names no call",
                json!([{"role": "user", "content": "a"}, {"role": "tool", "content": "lost"}]),
                &[ORPHAN],
                "orphan_tool_result",
            ),
            (
                "numbers too large for the upstream",
                json!([{"role": "user", "content": "a"},
                       {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function":
                           {"name": "add", "arguments": "{\"text\":9007199254740993}"}}]},
                       {"role": "tool", "tool_call_id": "1", "content": "p"}]),
                &["user a", r#"call 1 {"text":"9007199254740993"}"#, "result 1 p"],
                "number_as_text",
            ),
            (
                "a tool that says nothing",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": add},
                       {"role": "tool", "tool_call_id": "1", "content": ""}]),
                &["user a", r#"call 1 {"text":"x"}"#, "result 1 (no output)"],
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn responses_histories() {
    let add = json!({"type": "function_call", "call_id": "1", "name": "add", "arguments": "{\"text\":\"x\"}"});
    let answer = json!({"type": "function_call_output", "call_id": "1", "output": "p"});
    let thought = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "of another"});
    check_rows(
        Client::Responses,
        &[
            (
                "text behind a call belongs to the same answer",
                json!([{"role": "user", "content": "a"}, add, {"role": "assistant", "content": "b"}, answer]),
                &["user a", r#"call 1 {"text":"x"}"#, "said b", "result 1 p"],
                "",
            ),
            (
                "thinking of another",
                json!([{"role": "user", "content": "a"}, thought, add, answer]),
                &["user a", r#"call 1 {"text":"x"}"#, "result 1 p"],
                "",
            ),
            (
                "nothing but system",
                json!([{"role": "developer", "content": "Say hello."}]),
                &["user Say hello."],
                "system_as_question",
            ),
            (
                "an aborted turn",
                json!([{"role": "user", "content": "a"}, add, {"role": "user", "content": "never mind"}]),
                &["user a", r#"call 1 {"text":"x"}"#, INTERRUPTED, "user never mind"],
                "unanswered_call",
            ),
            (
                "developer in the middle",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
                       {"role": "developer", "content": "be brief"}, {"role": "user", "content": "c"}]),
                &["user a", "said b", "user <system>\nbe brief\n</system>\n\nc"],
                "",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn anthropic_histories() {
    let add = json!({"type": "tool_use", "id": "1", "name": "add", "input": {"text": "x"}});
    let answer = json!({"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "p"}]});
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "of another"});
    let text = |text: &str| json!({"type": "text", "text": text});
    check_rows(
        Client::Anthropic,
        &[
            (
                "text in front of results",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": [add]},
                       {"role": "user", "content": [text("b"), answer]}]),
                &["user a", r#"call 1 {"text":"x"}"#, "result 1 p", "user b"],
                "",
            ),
            (
                "thinking of another, and hidden",
                json!([{"role": "user", "content": "a"},
                       {"role": "assistant", "content": [thought, {"type": "redacted_thinking", "data": "x"}, text("b")]},
                       {"role": "user", "content": "c"}]),
                &["user a", "said b", "user c"],
                "",
            ),
            (
                "empty blocks",
                json!([{"role": "user", "content": [text(""), text("a")]},
                       {"role": "assistant", "content": [text(""), add]}, {"role": "user", "content": [answer, text("")]}]),
                &["user a", r#"call 1 {"text":"x"}"#, "result 1 p"],
                "",
            ),
            (
                "system in the middle",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
                       {"role": "system", "content": [text("be brief")]}, {"role": "user", "content": "c"}]),
                &["user a", "said b", "user <system>\nbe brief\n</system>\n\nc"],
                "",
            ),
            (
                "a prefill",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "{"}]),
                &["user a", "said {", "user Continue."],
                "nothing_asked",
            ),
            (
                "a failed tool",
                json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": [add]},
                       {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "is_error": true}]}]),
                &["user a", r#"call 1 {"text":"x"}"#, "error 1 (no output)"],
                "",
            ),
            (
                "input that is no object",
                json!([{"role": "user", "content": "a"},
                       {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "add", "input": "{\"te"}]},
                       {"role": "user", "content": [answer]}]),
                &["user a", r#"call 1 {"_raw":"{\"te"}"#, "result 1 p"],
                "arguments_as_text",
            ),
            (
                "nothing but an empty text",
                json!([{"role": "user", "content": ""}]),
                &["user Continue."],
                "nothing_asked",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn gemini_histories() {
    let add = |text: &str| json!({"functionCall": {"name": "add", "args": {"text": text}}});
    let answer = |text: &str| json!({"functionResponse": {"name": "add", "response": {"output": text}}});
    let (told, repaired) = outcome(
        Client::Gemini,
        &body(
            Client::Gemini,
            &json!([{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [add("x"), add("y")]},
                    {"role": "function", "parts": [answer("p"), answer("q")]}]),
        ),
        "calls without ids",
    )
    .await;
    // Ids are optional here: calls and responses are paired by name and order, and that is no repair.
    assert_eq!(repaired, "");
    let words: Vec<Vec<&str>> = told.iter().map(|line| line.splitn(3, ' ').collect()).collect();
    assert_eq!(words.len(), 5, "{told:?}");
    assert_eq!((words[1][2], words[2][2]), (r#"{"text":"x"}"#, r#"{"text":"y"}"#));
    assert_eq!((words[3][1], words[3][2], words[4][1], words[4][2]), (words[1][1], "p", words[2][1], "q"));
    check_rows(
        Client::Gemini,
        &[
            (
                "thoughts of another",
                json!([{"role": "user", "parts": [{"text": "a"}]},
                       {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "b", "thoughtSignature": "x"}]},
                       {"role": "user", "parts": [{"text": "c"}]}]),
                &["user a", "said b", "user c"],
                "",
            ),
            (
                "a response without a call",
                json!([{"role": "user", "parts": [{"text": "a"}]}, {"role": "user", "parts": [answer("lost")]}]),
                &[ORPHAN],
                "orphan_tool_result",
            ),
            (
                "system in the middle",
                json!([{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]},
                       {"role": "system", "parts": [{"text": "be brief"}]}, {"role": "user", "parts": [{"text": "c"}]}]),
                &["user a", "said b", "user <system>\nbe brief\n</system>\n\nc"],
                "",
            ),
            (
                "empty parts",
                json!([{"role": "user", "parts": [{"text": ""}, {"text": "a"}]}, {"role": "model", "parts": [{"text": ""}]},
                       {"role": "user", "parts": [{"text": "b"}]}]),
                &["user a\n\nb"],
                "",
            ),
        ],
    )
    .await;
}
