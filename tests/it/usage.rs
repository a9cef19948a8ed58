//! What answers say that they cost, in every dialect: where it stands, that it adds up, and that what is guessed before
//! an answer is near to what is known after it.

use serde_json::{Value, json};

use crate::{
    clients::{CLIENTS, Client, Counts, Said, user},
    front::{Front, Setup, header, playing, talking},
};

async fn text(front: &Front, client: Client, stream: bool, body: &Value) -> String {
    let response = front.post(client.path(stream), body).await;
    assert_eq!(response.status(), 200, "{client:?}");
    response.text().await.unwrap()
}

#[tokio::test]
async fn the_upstreams_counts_are_told_and_add_up() {
    let usage = json!({"input": 1000, "output": 70, "cache_read": 600, "cache_write": 150});
    let steps = json!([{"reasoning": "hm hm hm"}, {"text": "x"}, {"finish": {"usage": usage}}]);
    let simulator = playing(&json!([{"steps": steps}]));
    let front = Front::start(simulator.url(), Setup::default()).await;
    for client in CLIENTS {
        for stream in [true, false] {
            let body = client.body(stream, &[user("hi")], &[]);
            let heard = client.hears(stream, &text(&front, client, stream, &body).await);
            let counts = heard.usage.expect("usage");
            assert_eq!((counts.input, counts.output), (1000, 70), "{client:?}");
            let total = if client == Client::Anthropic { None } else { Some(1070) };
            assert_eq!(counts.total, total, "{client:?}");
        }
    }
}

#[tokio::test]
async fn what_was_cached_is_told_where_the_dialect_has_a_place_for_it() {
    let usage = json!({"input": 1000, "output": 70, "cache_read": 600, "cache_write": 150});
    let simulator = playing(&json!([{"steps": [{"text": "x"}, {"finish": {"usage": usage}}]}]));
    let front = Front::start(simulator.url(), Setup::default()).await;
    for client in CLIENTS {
        let body = client.body(false, &[user("hi")], &[]);
        let answer: Value = serde_json::from_str(&text(&front, client, false, &body).await).unwrap();
        match client {
            Client::Chat => assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 600),
            Client::Responses => assert_eq!(answer["usage"]["input_tokens_details"]["cached_tokens"], 600),
            // Here the input is what is left of it.
            Client::Anthropic => {
                let usage = &answer["usage"];
                assert_eq!(usage["input_tokens"], 250);
                assert_eq!(
                    (&usage["cache_read_input_tokens"], &usage["cache_creation_input_tokens"]),
                    (&json!(600), &json!(150))
                );
            }
            Client::Gemini => assert_eq!(answer["usageMetadata"]["cachedContentTokenCount"], 600),
        }
    }
}

#[tokio::test]
async fn chat_streams_tell_the_usage_last_and_only_when_asked() {
    let simulator = playing(&json!([{"steps": [{"text": "x"}, {"finish": {"usage": {"input": 3, "output": 2}}}]}]));
    let front = Front::start(simulator.url(), Setup::default()).await;
    let mut body = Client::Chat.body(true, &[user("hi")], &[]);
    let asked = text(&front, Client::Chat, true, &body).await;
    let frames: Vec<&str> = asked.trim_end().split("\n\n").collect();
    assert_eq!(frames.last(), Some(&"data: [DONE]"));
    let last: Value = serde_json::from_str(frames[frames.len() - 2].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(5)));
    for options in [json!(null), json!({}), json!({"include_usage": false})] {
        body["stream_options"] = options;
        let quiet = text(&front, Client::Chat, true, &body).await;
        assert!(!quiet.contains("usage") && !quiet.contains("\"choices\":[]"), "{quiet}");
        assert_eq!(Client::Chat.hears(true, &quiet).usage, None);
    }
}

/// Conversations as agents have them: system text, tools with schemas, files' worth of text, results, some turns.
fn agents_request() -> Value {
    let tool = |name: &str| {
        json!({"name": name, "description": "Reads a file of the workspace and returns what is in it, with line numbers.",
               "input_schema": {"type": "object", "required": ["path"], "properties": {
                   "path": {"type": "string", "description": "Where the file is, from the root of the workspace."},
                   "offset": {"type": "integer", "description": "The first line to read."},
                   "limit": {"type": "integer", "description": "How many lines to read at most."}}}})
    };
    let tools: Vec<Value> = ["read", "write", "search", "list", "run", "fetch"].into_iter().map(tool).collect();
    let code =
        "fn main() {\n    let total: u64 = (1..=10).map(|n| n * n).sum();\n    println!(\"{total}\");\n}\n".repeat(20);
    let prompt = "You are a careful programmer. Read before you write, and say what you have done. ".repeat(30);
    json!({
        "model": "auto", "max_tokens": 8192, "stream": true, "system": [{"type": "text", "text": prompt}], "tools": tools,
        "messages": [{"role": "user", "content": format!("What does this do?\n\n{code}")}],
    })
}

fn within(share: f64, guess: u64, known: u64) -> bool {
    let (guess, known) = (guess as f64, known as f64);
    (guess - known).abs() <= share * known
}

/// The estimate that a stream begins with is within a fifth of what the upstream counts in the end, turn after turn, and
/// so is what is counted for asking.
#[tokio::test]
async fn the_input_is_estimated_before_the_answer_and_near_to_what_it_was() {
    let simulator = talking();
    let front = Front::start(simulator.url(), Setup::default()).await;
    let mut body = agents_request();
    for turn in 0..4 {
        let counted = front.post("/v1/messages/count_tokens", &body).await;
        let counted: Value = serde_json::from_str(&counted.text().await.unwrap()).unwrap();
        let heard = Client::Anthropic.hears(true, &text(&front, Client::Anthropic, true, &body).await);
        let Counts { first_input, input, .. } = heard.usage.expect("usage");
        let first = first_input.expect("an estimate");
        println!("turn {turn}: estimated {first}, counted by the upstream {input}");
        assert!(within(0.2, first, input), "turn {turn}: {first} is not near {input}");
        assert_eq!(counted["input_tokens"], first, "turn {turn}");
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(json!({"role": "assistant", "content": heard.text}));
        messages
            .push(json!({"role": "user", "content": format!("Go on with part {turn}: {}", "more words ".repeat(40))}));
    }
}

/// Where the upstream says nothing of tokens they are counted here, and it is said that they were.
#[tokio::test]
async fn a_guess_says_that_it_is_one() {
    let nothing = json!({"finish": {"fields": {"token_usage": null, "conversation_usage_metadata": null}}});
    let words = "One two three four five six seven eight nine ten.";
    let simulator = playing(&json!([{"steps": [{"text": words}, nothing]}]));
    let front = Front::start(simulator.url(), Setup::default()).await;
    for client in CLIENTS {
        let body =
            client.body(false, &[user("Count to ten."), Said::Model("Yes?".to_owned(), vec![]), user("Do it.")], &[]);
        let response = front.post(client.path(false), &body).await;
        assert_eq!(header(&response, "x-warp2api-usage-source"), "estimate");
        let counts = client.hears(false, &response.text().await.unwrap()).usage.expect("usage");
        assert!((10..=13).contains(&counts.output) && (9..40).contains(&counts.input), "{client:?}: {counts:?}");
    }
}
