//! The name of a conversation as its client sees it: a digest of everything said so far.
//!
//! Clients send the same conversation back in other words of their dialect: texts in one part or several, calls before or
//! behind the text, arguments with their keys in another order, thinking left out. All of those have the same digest.
//! It must not know what is found under a digest.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::turn::{Content, Message, Output, ToolCall, ToolResult};

/// The digest of a conversation.
pub(super) type Digest = [u8; 32];

/// The digest of `messages`.
pub(super) fn digest(messages: &[Message]) -> Digest {
    let mut hasher = Hasher(Sha256::new());
    for run in messages.chunk_by(|one, next| speaker(one) == speaker(next)) {
        hasher.run(run);
    }
    hasher.0.finalize().into()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// Whoever the model listens to: users, and systems that speak through them.
    User,
    Model,
    Tools,
}

fn speaker(message: &Message) -> Speaker {
    match message {
        Message::System(_) | Message::User(_) => Speaker::User,
        Message::Assistant(_) => Speaker::Model,
        Message::ToolResult(_) => Speaker::Tools,
    }
}

struct Hasher(Sha256);

impl Hasher {
    /// Takes what one speaker said in a row, in however many messages.
    fn run(&mut self, run: &[Message]) {
        let mut calls = Vec::new();
        let mut said = String::new();
        for message in run {
            match message {
                Message::System(text) => self.part("system", text.as_bytes()),
                Message::User(contents) => self.contents(contents),
                Message::ToolResult(ToolResult { call_id, content, is_error }) => {
                    self.part(if *is_error { "error" } else { "result" }, call_id.as_bytes());
                    self.contents(content);
                }
                Message::Assistant(outputs) => {
                    for output in outputs {
                        match output {
                            Output::Text(text) => said.push_str(text),
                            Output::Reasoning(_) => {}
                            Output::ToolCall(call) => calls.push(call),
                        }
                    }
                }
            }
        }
        // Some clients trim what the model said.
        self.part("said", said.trim().as_bytes());
        calls.into_iter().for_each(|call| self.call(call));
    }

    fn contents(&mut self, contents: &[Content]) {
        for content in contents {
            match content {
                Content::Text(text) => self.part("text", text.as_bytes()),
                Content::Image(image) => self.part("image", &image.data),
                Content::File(file) => {
                    self.part("file", file.name.as_bytes());
                    self.part("", file.text.as_bytes());
                }
            }
        }
    }

    fn call(&mut self, call: &ToolCall) {
        self.part("call", call.id.as_bytes());
        self.part("", call.name.as_bytes());
        let mut arguments = String::new();
        put_sorted(&Value::Object(call.arguments.clone()), &mut arguments);
        self.part("", arguments.as_bytes());
    }

    /// Takes a part with its kind and length, so that no two different conversations look the same.
    fn part(&mut self, kind: &str, bytes: &[u8]) {
        self.0.update([u8::try_from(kind.len()).unwrap_or(u8::MAX)]);
        self.0.update(kind.as_bytes());
        self.0.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.0.update(bytes);
    }
}

/// Writes JSON with the members of objects in the order of their names, and whole numbers without a fraction: arguments
/// go through doubles upstream, and come back as whatever the client's JSON makes of them.
fn put_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            out.push('{');
            for name in names {
                out.push_str(&Value::String(name.clone()).to_string());
                out.push(':');
                put_sorted(&fields[name], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                put_sorted(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Number(number) => out.push_str(&number.as_f64().unwrap_or(f64::NAN).to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::digest;
    use crate::turn::{Content, Message, Output, ToolCall};

    fn user(texts: &[&str]) -> Message {
        Message::User(texts.iter().map(|text| Content::Text((*text).to_owned())).collect())
    }

    fn says(text: &str) -> Output {
        Output::Text(text.to_owned())
    }

    fn calls(id: &str, arguments: Value) -> Output {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        Output::ToolCall(ToolCall { id: id.to_owned(), name: "f".to_owned(), arguments })
    }

    #[test]
    fn the_same_conversation_in_other_words_of_a_dialect_has_the_same_digest() {
        let told = vec![
            user(&["a", "b"]),
            Message::Assistant(vec![says("Let me see."), calls("1", json!({"x": 1, "y": {"b": 2.0, "a": []}}))]),
        ];
        let thinking = Output::Reasoning("hm".to_owned());
        for other in [
            vec![user(&["a"]), user(&["b"]), told[1].clone()],
            vec![
                told[0].clone(),
                Message::Assistant(vec![thinking, says("Let me "), says("see.\n")]),
                Message::Assistant(vec![calls("1", json!({"y": {"a": [], "b": 2}, "x": 1.0}))]),
            ],
        ] {
            assert_eq!(digest(&told), digest(&other));
        }
    }

    #[test]
    fn different_conversations_have_different_digests() {
        let all = [
            vec![],
            vec![user(&["a"])],
            vec![user(&["ab"])],
            vec![user(&["a", "b"])],
            vec![user(&["a"]), Message::Assistant(vec![says("b")])],
            vec![Message::System("a".to_owned())],
            vec![user(&["a"]), Message::Assistant(vec![calls("1", json!({}))])],
            vec![user(&["a"]), Message::Assistant(vec![calls("2", json!({}))])],
            vec![user(&["a"]), Message::Assistant(vec![calls("1", json!({"n": "1"}))])],
            vec![user(&["a"]), Message::Assistant(vec![calls("1", json!({"n": 1}))])],
        ];
        for (place, one) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                assert_ne!(digest(one), digest(other), "{one:?} and {other:?}");
            }
        }
    }
}
