//! The Gemini dialect against fixtures: what a request is understood as, and how an answer looks as events, as an array
//! and as one body. `WARP2API_BLESS=1` rewrites the goldens.

use crate::{
    common::check_golden,
    dialects::{FIXTURES, choice, confused, event, inputs, stamp},
};
use proptest::prelude::{any, proptest};
use serde_json::{Value, json};
use warp2api::{
    dialect::{ALL, Ask, Dialect, NothingKept, Operation, Request, gemini::Gemini},
    models::Catalogue,
    turn::{ErrorKind, Page, StopReason, TurnError, TurnEvent, WebSearch},
};

/// Reads a request for `method` of a model.
fn read(method: &str, query: &str, body: &[u8]) -> Result<Request, TurnError> {
    let catalogue = Catalogue::default();
    let asked = format!("{}:{method}", "GPT-5-2-low");
    let segments = ["v1beta", "models", &asked];
    let kept = &NothingKept;
    Gemini.read(Ask { segments: &segments, query, body, stamp: stamp(), request_id: "", catalogue: &catalogue, kept })
}

#[test]
fn requests_become_turns() {
    for (name, input) in inputs("gemini/requests") {
        let method = if name.starts_with("count") { "countTokens" } else { "streamGenerateContent" };
        let found = match read(method, "", input.as_bytes()) {
            Ok(request) => format!(
                "stream: {}\nchoices: {}\nignored: {:?}\n{:#?}\n",
                request.stream, request.choices, request.ignored, request.turn
            ),
            Err(error) => {
                let reply = Gemini.error(&error, "request");
                format!("{} {:?}\n{:#}\n", reply.status, reply.headers, reply.body)
            }
        };
        check_golden(&format!("{FIXTURES}/gemini/requests/{name}.txt"), &found);
    }
}

#[test]
fn answers_look_as_the_api_has_them() {
    for (name, input) in inputs("answers") {
        let script: Value = serde_json::from_str(&input).unwrap();
        let golden = format!("{FIXTURES}/gemini/answers/{name}");
        let events = written_stream(&script, "alt=sse");
        check_golden(&format!("{golden}.stream.txt"), &events);
        let array = written_stream(&script, "");
        check_golden(&format!("{golden}.array.json"), &array);
        let body = written_body(&script);
        check_golden(&format!("{golden}.body.json"), &format!("{body:#}\n"));
        let chunks = chunks_of_events(&events);
        assert_eq!(json!(chunks), serde_json::from_str::<Value>(&array).unwrap(), "{name}: the same chunks in both");
        hold_chunks_against_body(&chunks, &body);
    }
}

#[test]
fn an_answer_from_the_web_says_so_at_its_end() {
    let page = |url: &str, title: &str| Page { url: url.to_owned(), title: title.to_owned() };
    let pages = vec![page("https://a.example/1", "One"), page("https://b.example/\u{2028}", "")];
    let search = WebSearch { id: "s".to_owned(), query: "okapi \"size\"".to_owned(), pages: Some(pages.clone()) };
    let events = [
        TurnEvent::WebSearch(search),
        TurnEvent::Text("Tall.".to_owned()),
        TurnEvent::Citations(pages),
        TurnEvent::Finished(StopReason::EndTurn),
    ];
    let write = |method: &str| {
        let mut encoder = read(method, "alt=sse", &body_of(1)).unwrap().encoder;
        let mut out = Vec::new();
        events.iter().for_each(|event| encoder.push(0, event, &mut out));
        (String::from_utf8(out).unwrap(), encoder)
    };
    let (stream, _) = write("streamGenerateContent");
    let (nothing, mut encoder) = write("generateContent");
    let body = encoder.body();
    assert_eq!(nothing, "");
    check_golden(&format!("{FIXTURES}/gemini/grounding.stream.txt"), &stream);
    check_golden(&format!("{FIXTURES}/gemini/grounding.body.json"), &format!("{body:#}\n"));
    hold_chunks_against_body(&chunks_of_events(&stream), &body);
}

#[test]
fn thinking_is_shown_to_those_who_ask_only() {
    let body = json!({"contents": "Hi"}).to_string();
    let mut encoder = read("streamGenerateContent", "alt=sse", body.as_bytes()).unwrap().encoder;
    let mut out = Vec::new();
    encoder.push(0, &TurnEvent::Reasoning("Hm.".to_owned()), &mut out);
    assert!(out.is_empty());
}

fn body_of(choices: u64) -> Vec<u8> {
    let options = json!({"candidateCount": choices, "thinkingConfig": {"includeThoughts": true}});
    json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "generationConfig": options}).to_string().into()
}

fn written_stream(script: &Value, query: &str) -> String {
    let body = body_of(script["choices"].as_u64().unwrap());
    let mut encoder = read("streamGenerateContent", query, &body).unwrap().encoder;
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap() {
        match step.get("heartbeat") {
            Some(_) => (0..3).for_each(|_| encoder.heartbeat(&mut out)),
            None => encoder.push(choice(step), &event(step), &mut out),
        }
    }
    assert!(encoder.is_done());
    String::from_utf8(out).unwrap()
}

/// The body, or the error that takes its place.
fn written_body(script: &Value) -> Value {
    let mut encoder = read("generateContent", "", &body_of(script["choices"].as_u64().unwrap())).unwrap().encoder;
    let mut out = Vec::new();
    for step in script["events"].as_array().unwrap() {
        match step.get("heartbeat") {
            Some(_) => encoder.heartbeat(&mut out),
            None => {
                let event = event(step);
                if let TurnEvent::Failed(error) = &event {
                    return Gemini.error(error, "request").body;
                }
                encoder.push(choice(step), &event, &mut out);
            }
        }
    }
    assert!(out.is_empty(), "an answer that is to be one body writes no chunks");
    encoder.body()
}

/// The chunks of a stream as the official SDK for Node cuts it.
fn chunks_of_events(stream: &str) -> Vec<Value> {
    let stream = stream.strip_suffix(": the answer failed\n").unwrap_or(stream);
    assert!(stream.ends_with("\n\n"), "the last event is not closed");
    let frames = stream.trim_end().split("\n\n");
    frames.map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

/// Reads chunks as the strictest client does and holds what it makes of them against the body of the same answer.
fn hold_chunks_against_body(chunks: &[Value], body: &Value) {
    if let Some(failed) = chunks.iter().position(|chunk| chunk.get("error").is_some()) {
        assert_eq!((failed + 1, &chunks[failed]), (chunks.len(), body), "a failure is the last thing that is said");
        return;
    }
    let mut whole = json!({"candidates": []});
    for (number, chunk) in chunks.iter().enumerate() {
        let [candidate] = chunk["candidates"].as_array().unwrap().as_slice() else { panic!("one candidate: {chunk}") };
        add(whole["candidates"].as_array_mut().unwrap(), candidate);
        for name in ["modelVersion", "responseId", "usageMetadata"] {
            if let Some(value) = chunk.get(name) {
                assert!(name != "usageMetadata" || number + 1 == chunks.len(), "usage comes last");
                whole[name] = value.clone();
            }
        }
    }
    if body.get("error").is_some() {
        // The context ran full after some output: an end for a stream, an error for a body.
        assert_eq!(whole["candidates"][0]["finishReason"], "MAX_TOKENS");
        return;
    }
    whole["candidates"].as_array_mut().unwrap().sort_by_key(|candidate| candidate["index"].as_u64());
    assert_eq!(&whole, body);
}

fn add(candidates: &mut Vec<Value>, more: &Value) {
    let parts = more["content"]["parts"].as_array().unwrap();
    // The SDKs' chats forget a turn of which one chunk is otherwise.
    assert!(!parts.is_empty() && parts.iter().all(|part| !part.as_object().unwrap().is_empty()));
    let Some(known) = candidates.iter_mut().find(|candidate| candidate["index"] == more["index"]) else {
        return candidates.push(more.clone());
    };
    assert!(known.get("finishReason").is_none(), "something follows the end of a candidate");
    for (name, value) in more.as_object().unwrap() {
        if name != "content" {
            known[name] = value.clone();
        }
    }
    let known = known["content"]["parts"].as_array_mut().unwrap();
    for part in parts {
        match (known.last_mut(), part["text"].as_str()) {
            (Some(_), Some("")) => {}
            (Some(last), Some(text)) if last["text"].is_string() && last["thought"] == part["thought"] => {
                last["text"] = json!(format!("{}{text}", last["text"].as_str().unwrap()));
            }
            _ => known.push(part.clone()),
        }
    }
}

#[test]
fn a_count_is_in_the_form_of_the_api() {
    assert_eq!(Gemini.count(7)["totalTokens"], 7);
    let operation = |path: &str| Gemini.operation(&path.split('/').collect::<Vec<_>>());
    assert_eq!(operation("v1beta/models/a:countTokens"), Some(Operation::Count));
    assert_eq!(operation("v1beta/models/a:generateContent"), Some(Operation::Answer));
    assert!(ALL.iter().any(|dialect| dialect.name() == "gemini"));
}

#[test]
fn a_model_that_the_account_does_not_have_is_not_found() {
    let catalogue = Catalogue::of_account(Catalogue::default().models().to_vec(), "auto".to_owned());
    let segments = ["models", "gpt-5-2-hihg:generateContent"];
    let body = br#"{"contents": "x"}"#;
    let ask = Ask {
        segments: &segments,
        query: "",
        body,
        stamp: stamp(),
        request_id: "",
        catalogue: &catalogue,
        kept: &NothingKept,
    };
    let error = Gemini.read(ask).err().unwrap();
    let reply = Gemini.error(&error, "request");
    assert_eq!((reply.status, &reply.body["error"]["status"]), (404, &json!("NOT_FOUND")));
    assert!(error.message.contains("Did you mean `gpt-5-2-high`?"), "{}", error.message);
}

#[test]
fn nesting_without_end_is_refused() {
    for deep in ["{\"contents\": ", "{\"tools\": [{\"functionDeclarations\": [{\"parameters\": "] {
        let body = format!("{deep}{}", "{\"items\":".repeat(1_000_000));
        assert_eq!(read("generateContent", "", body.as_bytes()).err().unwrap().kind, ErrorKind::InvalidRequest);
    }
}

/// Puts the words of this dialect in the place of another's.
fn translated(value: &Value) -> Value {
    let words = [
        ("messages", "contents"),
        ("content", "parts"),
        ("image_url", "inlineData"),
        ("file", "fileData"),
        ("file_data", "fileUri"),
        ("tool_calls", "functionCall"),
        ("arguments", "args"),
        ("function", "functionResponse"),
        ("functions", "functionDeclarations"),
        ("user", "model"),
        ("url", "data"),
        ("type", "mimeType"),
        ("tool_call_id", "response"),
        ("assistant", "thought"),
    ];
    let word = |text: &str| words.iter().find(|(from, _)| *from == text).map_or(text, |(_, to)| to).to_owned();
    match value {
        Value::String(text) => Value::String(word(text)),
        Value::Array(items) => items.iter().map(translated).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (word(name), translated(value))).collect(),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>()) {
        let _ = read("generateContent", "", &bytes);
    }

    #[test]
    fn no_json_makes_the_reader_panic(contents in confused(), tools in confused(), config in confused(), options in confused()) {
        let body = json!({
            "contents": translated(&contents), "tools": translated(&tools), "toolConfig": translated(&config),
            "generationConfig": translated(&options),
        });
        if let Err(error) = read("generateContent", "", body.to_string().as_bytes()) {
            assert_eq!(Gemini.error(&error, "request").status, 400, "{error}");
        }
    }

    #[test]
    fn no_part_makes_the_reader_panic(role in "user|model|function", part in confused()) {
        let body = json!({"contents": [{"role": role, "parts": [translated(&part)]}]});
        let _ = read("countTokens", "", body.to_string().as_bytes());
    }
}
