//! `encode`, `decode` and `parse-response` as they are run: forms of input and output, streams, and bad input.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::common::{Place, Running, captures, root};

const DONE: &str = r#"{"finished":{"done":{}}}"#;
const DONE_BYTES: &[u8] = &[0x1a, 0x02, 0x12, 0x00];

#[test]
fn encode_writes_every_form() {
    let place = Place::new();
    let run = |line: &str| place.run(line, DONE.as_bytes()).ended(0).out;
    assert_eq!(run("encode -t ResponseEvent"), DONE_BYTES);
    assert_eq!(run("encode -t ResponseEvent -o raw"), DONE_BYTES);
    assert_eq!(run("encode -t ResponseEvent -o hex"), b"1a021200\n");
    assert_eq!(run("encode -t warp.multi_agent.v1.ResponseEvent -o base64 -"), b"GgISAA==\n");
    let file = place.write("message.json", "{\"id\": \"?>~\"}");
    let line = format!("encode -t Task -o base64url {}", file.display());
    assert_eq!(place.run(&line, b"").ended(0).text(), "CgM_Pn4=\n");
    // Every document of a stream gives a line; raw bytes hold one.
    let two = place.run("encode -t ResponseEvent -o hex", format!("{DONE}\n{DONE}").as_bytes()).ended(0);
    assert_eq!(two.text(), "1a021200\n1a021200\n");
    let two = place.run("encode -t ResponseEvent", format!("{DONE}{DONE}").as_bytes()).ended(2);
    assert!(two.out.is_empty() && two.err.contains("several JSON documents"), "{two:?}");
}

#[test]
fn encode_says_what_is_wrong_with_its_input() {
    let place = Place::new();
    for (input, code, said) in [
        ("", 6, "standard input holds no document"),
        ("null", 6, "standard input holds no document"),
        ("{\"a\":", 6, "standard input is not JSON: EOF while parsing a value at line 1 column 5"),
        ("[]", 6, "at the top of the JSON: expected an object (warp.multi_agent.v1.Request), found a list"),
        ("{\"task_contxt\": {}}", 6, "has no field `task_contxt`; did you mean `task_context`?"),
        ("{\"input\": 1}", 6, "at `input`: expected an object"),
        ("{}\n{\"input\": 1}", 6, "standard input, document 2: at `input`"),
        ("\u{fffd}", 6, "at the top of the JSON: expected an object (warp.multi_agent.v1.Request), found the string"),
        ("{\"input\": {}, \"input\": {}}", 6, "the key `input` stands twice in one object"),
    ] {
        let ran = place.run("encode", input.as_bytes()).ended(code);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{input:?}: {ran:?}");
    }
    let unknown = place.run("encode -t Reqest", b"{}").ended(2);
    assert!(unknown.err.contains("did you mean one of `Request`"), "{unknown:?}");
    let missing = place.run("encode no-such-file.json", b"").ended(2);
    assert!(missing.err.contains("cannot read no-such-file.json"), "{missing:?}");
    let deep = "{\"value\":".repeat(100_000);
    let deep = place.run("encode", deep.as_bytes()).ended(6);
    assert!(deep.err.contains("recursion limit"), "{deep:?}");
}

#[test]
fn decode_reads_every_form_and_tells_them_apart() {
    let place = Place::new();
    for (form, input) in [
        ("raw", &b"\x1a\x02\x12\x00"[..]),
        ("hex", b"1a021200"),
        ("hex", b"0x1A 02\n12 00"),
        ("base64", b"GgISAA"),
        ("base64url", b"\"GgISAA==\"\n"),
        ("sse", b"data: GgISAA==\n\n"),
        ("sse", b"event:data\r\ndata:GgISAA==\r\n\r\n"),
        ("sse", b": hello\n\ndata: \"1a021200\"\n\ndata: [DONE]\n\n"),
        ("base64", b"\n\n  GgIS\n  AA==\n\n"),
    ] {
        for form in [form, "auto"] {
            let ran = place.run(&format!("decode -i {form}"), input).ended(0);
            assert_eq!(ran.text(), format!("{DONE}\n"), "{form} {input:?}");
        }
    }
    assert_eq!(place.run("decode", b"").ended(0).text(), "{}\n");
    let lines = place.run("decode", b"GgISAA==\n\n1a022200\nCggKAmMxEgJyMQ\n").ended(0);
    let documents: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents[0], json!({"finished": {"done": {}}}));
    assert_eq!(documents[1], json!({"finished": {"quota_limit": {}}}));
    assert_eq!(documents[2], json!({"init": {"conversation_id": "c1", "request_id": "r1"}}));
}

#[test]
fn a_wrapped_message_is_one_message_and_raw_letters_are_raw() {
    let place = Place::new();
    let long = json!({"id": "task", "description": "x".repeat(1000)}).to_string();
    let text = place.run("encode -t Task -o base64", long.as_bytes()).ended(0).out;
    let wrapped: Vec<u8> = text.trim_ascii().chunks(60).flat_map(|line| [line, b"\n"].concat()).collect();
    let read = place.run("decode -t Task", &wrapped).ended(0);
    assert_eq!(serde_json::from_str::<Value>(read.text()).unwrap(), serde_json::from_str::<Value>(&long).unwrap());
    // A field of 48 letters: its tag and length look like a line end and a digit.
    let raw = [b"\n0", "abcd".repeat(12).as_bytes()].concat();
    let read = place.run("decode -t Task", &raw).ended(0);
    assert_eq!(read.text(), format!("{{\"id\":\"{}\"}}\n", "abcd".repeat(12)));
}

#[test]
fn decode_shows_fields_and_guesses_types_and_opens_payloads() {
    let place = Place::new();
    let fields = place.run("decode --raw-fields", b"1a021200").ended(0);
    let empty = json!({"number": 2, "wire": "bytes", "text": ""});
    assert_eq!(fields.text().trim(), json!([{"number": 3, "wire": "bytes", "message": [empty]}]).to_string());
    let guessed = place.run("decode --guess", b"EgQKAkoA").ended(0);
    let types: Vec<Value> = guessed.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(types.iter().any(|guess| guess["type"] == "ResponseEvent" && guess["unknown"] == 0), "{guessed:?}");
    let message = br#"{"tool_call":{"server":{"payload":"IgIQAQ=="}}}"#;
    let bytes = place.run("encode -t Message", message).ended(0).out;
    let opened = place.run("decode -t Message --opaque", &bytes).ended(0);
    assert!(opened.text().contains(r#""payload":"IgIQAQ==","payload@opened":[{"number":4,"#), "{opened:?}");
    let again = place.run("encode -t Message", &opened.out).ended(0);
    assert_eq!(again.out, bytes);
}

#[test]
fn decode_says_what_is_wrong_with_its_input() {
    let place = Place::new();
    let nested = (0..5000).fold(vec![], |inner: Vec<u8>, _| {
        let mut outer = Vec::new();
        warp2api::schema::wire::put_bytes(&mut outer, 5, &inner);
        outer
    });
    let nested = [vec![0x2a], nested].concat();
    let mut noise = Vec::with_capacity(10 << 20);
    let mut state = 1u64;
    while noise.len() < 10 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.extend_from_slice(&state.to_be_bytes());
    }
    for (line, input, said) in [
        ("decode", &b"\x1a\x05\x12"[..], "a value of 5 bytes is announced, but only 1 are left (at byte 1)"),
        ("decode -t Task", b"\x0a\x02\xff\xfe", "not UTF-8 (at byte 2, in field `id`)"),
        ("decode -i hex", b"1a0", "3 hex digits do not make whole bytes"),
        ("decode -i hex", b"xyz", "'x' at byte 0 belongs neither to hex nor to base64"),
        ("decode -i base64", b"G", "1 base64 characters do not make whole bytes"),
        ("decode -i sse", b"data: GgIS\n\n", "standard input, event 1 (at byte 0): not a valid message"),
        ("decode -i sse", b"nothing\n", "holds no events with data"),
        ("decode -i sse", b"data: \xff\n\n", "not valid UTF-8 in line 1"),
        ("decode -t Message", &nested, "not a valid message"),
        ("decode", &noise, "not a valid message"),
        ("decode --guess", &noise, "not a valid message"),
        ("decode --raw-fields", &noise, "not a valid message"),
    ] {
        let ran = place.run(line, input).ended(6);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{line}: {}", ran.err);
    }
    let unknown = place.run("decode -t NoSuchThing", b"").ended(2);
    assert!(unknown.err.contains("no message named `NoSuchThing`"), "{unknown:?}");
    let text = place.run("decode", b"{\"finished\": {}}").ended(6);
    assert!(text.err.contains("hint: it looks like text"), "{text:?}");
    // Signs may happen to be fields that nobody knows; who says that they are bytes gets them.
    let signs = place.run("decode", b"(!").ended(6);
    assert!(signs.out.is_empty() && signs.err.contains("hint: it looks like text"), "{signs:?}");
    assert!(place.run("decode -i raw", b"(!").ended(0).text().contains("@unknown"));
    let pasted = place.run("decode GggKBgoEYXV0bw==", b"").ended(2);
    assert!(pasted.err.contains("echo TEXT | warp2api decode"), "{pasted:?}");
    let line = place.run("decode", b"GgISAA==\nGgISAA==\nGgIS\n").ended(6);
    assert!(line.err.contains("standard input, line 3 (at byte 18): "), "{line:?}");
    assert_eq!(line.text(), format!("{DONE}\n{DONE}\n"));
}

#[test]
fn events_are_decoded_as_they_come() {
    let place = Place::new();
    let mut command = place.command("decode");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let mut input = running.0.stdin.take().unwrap();
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    for _ in 0..3 {
        input.write_all(b"data: GgISAA==\n\n").unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{DONE}\n"));
    }
}

/// Writes each of `pieces` to the binary and reads a line of its answer before the next.
fn answers_at_once(line: &str, pieces: &[&[u8]]) {
    let place = Place::new();
    let mut command = place.command(line);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let mut input = running.0.stdin.take().unwrap();
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    for piece in pieces {
        input.write_all(piece).unwrap();
        input.flush().unwrap();
        let mut read = String::new();
        output.read_line(&mut read).unwrap();
        assert_eq!(read, format!("{DONE}\n"), "{line}");
    }
}

#[test]
fn lines_and_series_are_decoded_as_they_come() {
    answers_at_once("decode", &[b"GgISAA==\n", b"1a021200\n", b"GgISAA\n"]);
    let item: &[u8] = &[4, 0x1a, 0x02, 0x12, 0x00];
    answers_at_once("decode -i delimited", &[item, item, item]);
    answers_at_once("decode", &[item, item, item]);
}

#[test]
fn what_is_broken_is_told_with_its_place_and_the_rest_is_read() {
    let place = Place::new();
    let stream = b"data: GgISAA==\n\ndata: GgIS\n\ndata: \xff\ndata: x\n\n: note\n\ndata: ?\n\ndata: GgISAA==\n\n";
    let ran = place.run("decode", stream).ended(6);
    assert_eq!(ran.text(), format!("{DONE}\n{DONE}\n"));
    for said in [
        "event 2 (at byte 16): not a valid message",
        "event 3 (at byte 28): the event stream is not valid UTF-8 in line 5",
        "event 4 (at byte 53): '?' at byte 0 belongs neither",
        "3 of 5 messages could not be read",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
    let strict = place.run("decode --strict", stream).ended(6);
    assert_eq!(strict.text(), format!("{DONE}\n"));
    assert!(strict.err.contains("event 2 (at byte 16)") && !strict.err.contains("event 3"), "{}", strict.err);
    let series = [&[4, 0x1a, 2, 0x12, 0][..], &[2, 0x0a, 5], &[4, 0x1a, 2, 0x12, 0]].concat();
    let ran = place.run("decode -i delimited", &series).ended(6);
    assert_eq!(ran.text(), format!("{DONE}\n{DONE}\n"));
    assert!(ran.err.contains("message 2 (at byte 5): not a valid message"), "{}", ran.err);
    let cut = place.run("decode -i delimited", &series[..10]).ended(6);
    assert!(cut.err.contains("message 3 (at byte 8): the input ends in the middle"), "{}", cut.err);
    let lines = place.run("decode", b"1a021200\nGgIS\n1a021200\n").ended(6);
    assert_eq!(lines.text(), format!("{DONE}\n{DONE}\n"));
    assert!(lines.err.contains("line 2 (at byte 9)"), "{}", lines.err);
    let many = place.run("decode", "data: ?\n\n".repeat(5000).as_bytes()).ended(6);
    assert!(many.err.contains("5000 of 5000") && many.err.lines().count() < 30, "{}", many.err);
}

#[test]
fn a_series_is_told_from_a_message() {
    let place = Place::new();
    let two = format!("{DONE}\n{DONE}");
    let series = place.run("encode -t ResponseEvent -o delimited", two.as_bytes()).ended(0).out;
    assert_eq!(series, [&[4][..], DONE_BYTES, &[4], DONE_BYTES].concat());
    for line in ["decode", "decode -i delimited"] {
        assert_eq!(place.run(line, &series).ended(0).text(), format!("{two}\n"), "{line}");
    }
    assert_eq!(place.run("decode", DONE_BYTES).ended(0).text(), format!("{DONE}\n"));
    let large = json!({"id": "t", "description": "x".repeat(200_000)}).to_string();
    for count in 1..3 {
        let file = place.write("large.json", format!("{large}\n").repeat(count));
        let bytes = place.run(&format!("encode -t Task -o delimited {}", file.display()), b"").ended(0).out;
        let read = place.run("decode -t Task", &bytes).ended(0);
        assert_eq!(read.text(), format!("{large}\n").repeat(count));
    }
}

#[test]
fn names_defaults_and_redaction_are_a_matter_of_taste() {
    let place = Place::new();
    let message = br#"{"id":"m","agent_output":{"text":"secret"},"task_id":"t"}"#;
    let bytes = place.run("encode -t Message", message).ended(0).out;
    let camel = place.run("decode -t Message --names camel", &bytes).ended(0);
    assert_eq!(camel.text(), "{\"id\":\"m\",\"agentOutput\":{\"text\":\"secret\"},\"taskId\":\"t\"}\n");
    let full = place.run("decode -t Message --emit-defaults", &bytes).ended(0);
    let shown: Value = serde_json::from_str(full.text()).unwrap();
    assert_eq!((&shown["request_id"], &shown["citations"]), (&Value::Null, &json!([])), "{shown}");
    assert!(shown.as_object().unwrap().contains_key("request_id"));
    for shown in [camel.out, full.out] {
        assert_eq!(place.run("encode -t Message", &shown).ended(0).out, bytes);
    }
    let redacted = place.run("decode -t Message --redact --opaque", &bytes).ended(0);
    assert_eq!(redacted.text(), "{\"id\":\"m\",\"agent_output\":{\"text\":\"[redacted]\"},\"task_id\":\"t\"}\n");
    // What is private depends on the type: a guess is not good enough.
    place.run("decode --guess --redact", &bytes).ended(2);
}

#[test]
fn encode_reads_yaml() {
    let place = Place::new();
    let yaml = "# a request\nsettings:\n  model_config: {base: auto}\nmetadata:\n  conversation_id: 'no'\n";
    let expected = place
        .run("encode", br#"{"settings":{"model_config":{"base":"auto"}},"metadata":{"conversation_id":"no"}}"#)
        .ended(0)
        .out;
    assert_eq!(place.run("encode", yaml.as_bytes()).ended(0).out, expected);
    let file =
        place.write("request.yaml", "{settings: {modelConfig: {base: auto}}, metadata: {conversation_id: 'no'}}");
    assert_eq!(place.run(&format!("encode {}", file.display()), b"").ended(0).out, expected);
    let two = place.run("encode -t google.protobuf.Value -o hex -i yaml", b"---\n1.5\n---\nyes\n").ended(0);
    assert_eq!(two.text(), "11000000000000f83f\n1a03796573\n");
    for (yaml, said) in [
        ("a: 1\na: 2\n", "a"),
        (
            "settings:\n  model_confg: {}\n",
            "at `settings.model_confg`: `warp.multi_agent.v1.Request.Settings` has no field",
        ),
        ("a: [1\n", "standard input is neither JSON nor YAML"),
        ("metadata: {conversation_id: yes: no}\n", "standard input is neither JSON nor YAML"),
        ("a: .nan\n", "standard input is neither JSON nor YAML"),
        ("task_context: 1\n", "at `task_context`: expected an object"),
    ] {
        let ran = place.run("encode", yaml.as_bytes()).ended(6);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{yaml:?}: {ran:?}");
    }
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, last) in ('b'..='j').zip('a'..) {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{last}"); 9].join(", "));
    }
    place.run("encode", bomb.as_bytes()).ended(6);
}

#[test]
fn encode_mends_tool_schemas_on_request() {
    let place = Place::new();
    let request =
        br#"{"mcp_context":{"servers":[{"tools":[{"name":"f","input_schema":{"properties":{"city":{}}}}]}]}}"#;
    let plain = place.run("encode", request).ended(0);
    let mended = place.run("encode --sanitize-tools", request).ended(0);
    assert!(plain.err.is_empty() && mended.err.contains("tool schemas mended: 1"), "{mended:?}");
    let read = place.run("decode -t Request", &mended.out).ended(0);
    let read: Value = serde_json::from_str(read.text()).unwrap();
    let schema = &read["mcp_context"]["servers"][0]["tools"][0]["input_schema"];
    assert_eq!(schema["properties"]["city"], json!({"description": "city parameter", "type": "string"}));
    let read = place.run("decode -t Request", &plain.out).ended(0);
    assert_eq!(read.text().trim().as_bytes(), request);
}

#[test]
fn the_schema_is_listed_shown_and_filled_in() {
    let place = Place::new();
    let all = place.run("schema list", b"").ended(0);
    assert!(all.text().starts_with("message AIAgentHarness") || all.text().lines().count() > 400, "{}", all.text());
    assert!(all.text().contains("message Request\n") && all.text().contains("enum    ToolType\n"));
    let found = place.run("schema list --json mcp_tool", b"").ended(0);
    let found: Vec<Value> = found.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(found.contains(&json!({"kind": "value", "name": "ToolType.CALL_MCP_TOOL"})), "{found:?}");
    assert!(found.contains(&json!({"kind": "field", "name": "Message.ToolCall.call_mcp_tool"})), "{found:?}");
    let nothing = place.run("schema list no-such-thing", b"").ended(1);
    assert!(nothing.out.is_empty() && nothing.err.contains("`no-such-thing`"), "{nothing:?}");
    let shown = place.run("schema show Task", b"").ended(0);
    assert!(shown.text().contains("  repeated Message messages = 5;\n"), "{}", shown.text());
    let slip = place.run("schema show Taks", b"").ended(2);
    assert!(slip.err.contains("did you mean") && slip.err.contains("`Task`"), "{slip:?}");
    let template = place.run("schema template Request --depth 2", b"").ended(0);
    assert!(template.err.contains("choose one: ") && template.err.contains("left empty: "), "{}", template.err);
    let chosen = place.run("schema template Request --choose input.user_inputs", b"").ended(0);
    assert!(chosen.text().contains("\"user_inputs\""), "{}", chosen.text());
    let slip = place.run("schema template Request --choose input.nothing", b"").ended(2);
    assert!(slip.out.is_empty() && slip.err.contains("`input.nothing`"), "{slip:?}");
    let bytes = place.run("encode -t Request", &template.out).ended(0).out;
    let read = place.run("decode -t Request", &bytes).ended(0);
    let (shown, read): (Value, Value) =
        (serde_json::from_slice(&template.out).unwrap(), serde_json::from_str(read.text()).unwrap());
    assert_eq!(shown["metadata"]["conversation_id"], "");
    assert_eq!(read["settings"], shown["settings"]);
}

#[test]
fn the_schema_is_compiled_and_compared() {
    let place = Place::new();
    let protos = root().join("proto");
    let line = format!("schema compile {} -o new.binpb --comments", protos.display());
    let compiled = place.run(&line, b"").ended(0);
    assert!(compiled.out.is_empty() && compiled.err.contains("message types"), "{compiled:?}");
    let shown = place.run("schema show AgentOutput --descriptors new.binpb", b"").ended(0);
    assert!(shown.text().contains("  // Markdown.\n  optional string text = 1;\n"), "{}", shown.text());
    for same in ["new.binpb".to_owned(), protos.display().to_string()] {
        let same = place.run(&format!("schema diff {same}"), b"").ended(0);
        assert!(same.out.is_empty() && same.err.contains("the same"), "{same:?}");
    }
    for (text, code) in [("message A { int32 x = 1; string y = 2; }", 0), ("message A { string x = 1; }", 1)] {
        fs::create_dir_all(place.path().join("old")).unwrap();
        place.write("old/a.proto", "syntax = \"proto3\"; message A { int32 x = 1; }");
        place.run("schema compile old -o old.binpb", b"").ended(0);
        fs::create_dir_all(place.path().join("next")).unwrap();
        place.write("next/a.proto", format!("syntax = \"proto3\"; {text}"));
        let told = place.run("schema --descriptors old.binpb diff next", b"").ended(code);
        let json = place.run("schema --descriptors old.binpb diff next --json", b"").ended(code);
        let json: Value = serde_json::from_str(json.text()).unwrap();
        assert_eq!(json["wire_compatible"], code == 0);
        let expected =
            if code == 0 { "  added      A.y (string = 2)\n" } else { "! retyped    A.x (int32 → string)\n" };
        assert_eq!(told.text(), expected);
        assert_eq!(told.err.contains("does not stay compatible: 1 of 1"), code == 1, "{told:?}");
    }
    let broken = place.run("schema diff next/a.proto", b"").ended(2);
    assert!(broken.err.contains("not a usable descriptor set"), "{broken:?}");
    place.run("schema compile nowhere -o x", b"").ended(6);
    place.run("schema compile old -o no/such/directory/x", b"").ended(1);
}

#[test]
fn a_reader_that_goes_away_is_success() {
    let place = Place::new();
    let many = format!("{DONE}\n").repeat(20_000);
    let file = place.write("many.json", many);
    let line = format!("encode -t ResponseEvent -o hex {}", file.display());
    let mut command = place.command(&line);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 9];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn every_capture_is_parsed_to_what_is_known_of_it() {
    let place = Place::new();
    let captures = captures();
    assert!(captures.len() >= 28, "only {} captures", captures.len());
    for capture in captures {
        let expected: Value = serde_json::from_slice(&fs::read(capture.with_extension("json")).unwrap()).unwrap();
        let ran = place.run(&format!("parse-response --as json {}", capture.display()), b"").ended(0);
        let found: Value = serde_json::from_str(ran.text()).unwrap();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&found[key], value, "{key} of {}", capture.display());
        }
        let text = place.run("parse-response --as text", &fs::read(&capture).unwrap()).ended(0);
        assert_eq!(text.text(), expected["text"].as_str().unwrap());
        assert_eq!(text.err.contains("broke off"), expected["complete"] == false, "{}", capture.display());
    }
}

#[test]
fn a_summary_is_for_people() {
    let place = Place::new();
    let capture = root().join("tests/fixtures/captures/tool-call.sse");
    let summary = place.run(&format!("parse-response {}", capture.display()), b"").ended(0);
    for part in [
        "conversation  965768e0-f589-499a-a091-8fa774057241\n",
        "events        init 1, client_actions 6, finished 1\n",
        "finish        done\n",
        "usage         644 tokens in, 525 out",
        "tool call     get_weather {",
    ] {
        assert!(summary.text().contains(part), "{part}\n{}", summary.text());
    }
}

#[test]
fn what_is_no_response_is_refused() {
    let place = Place::new();
    for (input, said) in [
        (&b""[..], "standard input holds no response events"),
        (b"hello\n", "standard input holds no response events"),
        (b"data: ?\n\n", "event 1 at byte 0: "),
        (b"data: \xff\n\n", "not valid UTF-8"),
    ] {
        let ran = place.run("parse-response --as json", input).ended(6);
        assert!(ran.out.is_empty() && ran.err.contains(said), "{input:?}: {ran:?}");
    }
}
