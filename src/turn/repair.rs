//! Makes a client's history fit for an upstream that insists on calls and results in pairs.
//!
//! The same history is always repaired in the same way, for clients send all of it again with every turn. It must not
//! know why a history came to be broken, nor how it will be sent.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::turn::{Content, Message, Output, ToolResult, Turn, unique_id};

/// What the model is told of a call whose result never came.
const UNANSWERED: &str = "This call was interrupted before it gave a result.";
/// What the model is asked when the client's conversation ends with the model's own words.
const CONTINUE: &str = "Continue.";

/// Repairs `turn.messages` in place so that every result stands right behind its call, in the order of the calls, and
/// someone has spoken since the model last did. Returns the names of the repairs made, sorted.
///
/// Orphan results become user text, of several results of one call the last counts, calls without a result get one
/// that says so, calls with the same id get ids of their own, whole numbers that a double cannot hold become text, and
/// empty texts and messages go without mention. That arguments are no object, and were kept as text, is said too.
pub fn repair(turn: &mut Turn) -> Vec<String> {
    let mut history = History::default();
    for message in turn.messages.drain(..) {
        match message {
            Message::Assistant(outputs) => history.assistant(outputs),
            Message::ToolResult(result) => history.result(result),
            Message::User(contents) => history.user(contents),
            Message::System(text) if text.is_empty() => {}
            Message::System(_) => history.slots.push(Slot::Other(message)),
        }
    }
    turn.messages = history.flatten();
    if !asks_for_an_answer(&turn.messages) {
        history.made.insert("nothing_asked");
        turn.messages.push(Message::User(vec![Content::Text(CONTINUE.to_owned())]));
    }
    history.made.into_iter().map(str::to_owned).collect()
}

/// True when the user or a tool has said something since the model last spoke.
fn asks_for_an_answer(messages: &[Message]) -> bool {
    let since_the_model = messages.iter().rev().take_while(|message| !matches!(message, Message::Assistant(_)));
    since_the_model.into_iter().any(|message| matches!(message, Message::User(_) | Message::ToolResult(_)))
}

/// The history as it is put together again.
#[derive(Default)]
struct History {
    slots: Vec<Slot>,
    /// From the id that the client used to the calls that bear it, oldest first.
    calls: HashMap<String, Vec<Place>>,
    /// Every id given out.
    ids: BTreeSet<String>,
    made: BTreeSet<&'static str>,
}

enum Slot {
    Other(Message),
    /// An assistant message that calls tools, with one place for each call's result.
    Calls {
        outputs: Vec<Output>,
        results: Vec<Option<ToolResult>>,
    },
}

/// Where a call stands: its slot, and which call of that slot it is.
#[derive(Clone, Copy)]
struct Place {
    slot: usize,
    call: usize,
}

impl History {
    fn assistant(&mut self, outputs: Vec<Output>) {
        let mut outputs: Vec<Output> = outputs.into_iter().filter(|output| !is_empty(output)).collect();
        let slot = self.slots.len();
        let mut calls = 0;
        for output in &mut outputs {
            if let Output::ToolCall(call) = output {
                let given = call.id.clone();
                call.id = self.unique_id(&given);
                if call.has_raw_arguments() {
                    self.made.insert("arguments_as_text");
                }
                if spell_out_all(call.arguments.values_mut()) {
                    self.made.insert("number_as_text");
                }
                self.calls.entry(given).or_default().push(Place { slot, call: calls });
                calls += 1;
            }
        }
        if calls > 0 {
            self.slots.push(Slot::Calls { outputs, results: vec![None; calls] });
        } else if !outputs.is_empty() {
            self.slots.push(Slot::Other(Message::Assistant(outputs)));
        }
    }

    /// `given`, or where it is taken or empty, an id made from it that the same history always gets.
    fn unique_id(&mut self, given: &str) -> String {
        let id = unique_id(given, &mut self.ids);
        if id != given {
            self.made.insert(if given.is_empty() { "missing_call_id" } else { "duplicate_call_id" });
        }
        id
    }

    fn result(&mut self, result: ToolResult) {
        let Some(place) = self.place_for(&result.call_id) else {
            self.made.insert("orphan_tool_result");
            self.user(as_note(result));
            return;
        };
        let behind = self.slots.len() > place.slot + 1;
        if let Some(Slot::Calls { results, .. }) = self.slots.get_mut(place.slot)
            && let Some(answer) = results.get_mut(place.call)
        {
            if answer.is_some() {
                self.made.insert("duplicate_tool_result");
            } else if behind {
                self.made.insert("moved_tool_result");
            }
            *answer = Some(result);
        }
    }

    /// The oldest call of this id that has no result yet, else the newest that has one.
    fn place_for(&self, call_id: &str) -> Option<Place> {
        let places = self.calls.get(call_id)?;
        let open = places.iter().find(|place| !self.is_answered(**place));
        open.or_else(|| places.last()).copied()
    }

    fn is_answered(&self, place: Place) -> bool {
        match self.slots.get(place.slot) {
            Some(Slot::Calls { results, .. }) => results.get(place.call).is_some_and(Option::is_some),
            Some(Slot::Other(_)) | None => false,
        }
    }

    fn user(&mut self, contents: Vec<Content>) {
        let contents: Vec<Content> =
            contents.into_iter().filter(|content| !matches!(content, Content::Text(text) if text.is_empty())).collect();
        if !contents.is_empty() {
            self.slots.push(Slot::Other(Message::User(contents)));
        }
    }

    fn flatten(&mut self) -> Vec<Message> {
        let mut messages = Vec::with_capacity(self.slots.len());
        for slot in self.slots.drain(..) {
            match slot {
                Slot::Other(message) => messages.push(message),
                Slot::Calls { outputs, results } => {
                    let ids: Vec<String> = outputs.iter().filter_map(call_id).map(str::to_owned).collect();
                    messages.push(Message::Assistant(outputs));
                    for (call_id, result) in ids.into_iter().zip(results) {
                        if result.is_none() {
                            self.made.insert("unanswered_call");
                        }
                        let result = result.unwrap_or_else(unanswered);
                        messages.push(Message::ToolResult(ToolResult { call_id, ..result }));
                    }
                }
            }
        }
        messages
    }
}

/// Turns whole numbers beyond ±2^53 within `value` into text: the upstream's numbers are doubles and would lose their
/// last digits. Returns whether there were any.
fn spell_out_big_numbers(value: &mut Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Number(number) => {
            let too_big = number.as_i64().map(i64::unsigned_abs).or(number.as_u64()).is_some_and(|size| size > EXACT);
            if too_big {
                *value = Value::String(number.to_string());
            }
            too_big
        }
        Value::Array(items) => spell_out_all(items.iter_mut()),
        Value::Object(fields) => spell_out_all(fields.values_mut()),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// The same for every one of `values`.
fn spell_out_all<'a>(values: impl Iterator<Item = &'a mut Value>) -> bool {
    values.map(spell_out_big_numbers).fold(false, |any, one| any | one)
}

fn unanswered() -> ToolResult {
    ToolResult { call_id: String::new(), content: vec![Content::Text(UNANSWERED.to_owned())], is_error: true }
}

fn call_id(output: &Output) -> Option<&str> {
    match output {
        Output::ToolCall(call) => Some(&call.id),
        Output::Text(_) | Output::Reasoning(_) => None,
    }
}

fn is_empty(output: &Output) -> bool {
    match output {
        Output::Text(text) | Output::Reasoning(text) => text.is_empty(),
        Output::ToolCall(_) => false,
    }
}

/// An orphan result as something that the user says, so that its content is not lost.
fn as_note(result: ToolResult) -> Vec<Content> {
    let mut note = vec![Content::Text("[Result of a tool call that is not part of this conversation]".to_owned())];
    note.extend(result.content);
    note
}

#[cfg(test)]
mod tests {
    use super::{CONTINUE, UNANSWERED, repair};
    use crate::turn::{Content, Message, Output, ToolCall, ToolResult, Turn};

    fn user(text: &str) -> Message {
        Message::User(vec![Content::Text(text.to_owned())])
    }

    fn calls(ids: &[&str]) -> Message {
        let call =
            |id: &&str| ToolCall { id: (*id).to_owned(), name: "f".to_owned(), arguments: serde_json::Map::new() };
        Message::Assistant(ids.iter().map(|id| Output::ToolCall(call(id))).collect())
    }

    fn result(id: &str, text: &str) -> Message {
        let content = vec![Content::Text(text.to_owned())];
        Message::ToolResult(ToolResult { call_id: id.to_owned(), content, is_error: false })
    }

    fn aborted(id: &str) -> Message {
        let content = vec![Content::Text(UNANSWERED.to_owned())];
        Message::ToolResult(ToolResult { call_id: id.to_owned(), content, is_error: true })
    }

    #[track_caller]
    fn check(before: &[Message], after: &[Message], made: &[&str]) {
        let mut turn = Turn { messages: before.to_vec(), ..Turn::default() };
        assert_eq!(repair(&mut turn), made);
        assert_eq!(turn.messages, after);
        assert!(repair(&mut turn).is_empty(), "a repaired history needs no repair");
        assert_eq!(turn.messages, after, "and stays as it is");
    }

    #[test]
    fn a_sound_history_is_left_alone() {
        let sound = [user("a"), calls(&["1", "2"]), result("1", "x"), result("2", "y"), user("b")];
        check(&sound, &sound, &[]);
    }

    #[test]
    fn results_are_brought_behind_their_calls_in_the_order_of_the_calls() {
        check(
            &[user("a"), calls(&["1", "2"]), result("2", "y"), user("b"), result("1", "x")],
            &[user("a"), calls(&["1", "2"]), result("1", "x"), result("2", "y"), user("b")],
            &["moved_tool_result"],
        );
    }

    #[test]
    fn an_unanswered_call_is_answered_as_interrupted() {
        check(
            &[user("a"), calls(&["1", "2"]), result("2", "y"), user("b")],
            &[user("a"), calls(&["1", "2"]), aborted("1"), result("2", "y"), user("b")],
            &["unanswered_call"],
        );
    }

    #[test]
    fn the_last_of_several_results_counts() {
        check(
            &[user("a"), calls(&["1"]), result("1", "old"), result("1", "new")],
            &[user("a"), calls(&["1"]), result("1", "new")],
            &["duplicate_tool_result"],
        );
    }

    #[test]
    fn calls_that_share_an_id_get_their_own_and_their_results_follow() {
        check(
            &[user("a"), calls(&["1"]), result("1", "x"), calls(&["1"]), result("1", "y")],
            &[user("a"), calls(&["1"]), result("1", "x"), calls(&["1_2"]), result("1_2", "y")],
            &["duplicate_call_id"],
        );
        check(
            &[user("a"), calls(&["", ""]), result("", "x"), result("", "y")],
            &[user("a"), calls(&["call_2", "call_3"]), result("call_2", "x"), result("call_3", "y")],
            &["missing_call_id"],
        );
    }

    #[test]
    fn an_orphan_result_is_said_by_the_user() {
        let note = Content::Text("[Result of a tool call that is not part of this conversation]".to_owned());
        let said = Message::User(vec![note, Content::Text("x".to_owned())]);
        check(&[user("a"), result("9", "x")], &[user("a"), said], &["orphan_tool_result"]);
    }

    #[test]
    fn a_conversation_that_ends_with_the_model_is_asked_to_go_on() {
        let answer = Message::Assistant(vec![Output::Text("so far".to_owned())]);
        check(&[user("a"), answer.clone()], &[user("a"), answer, user(CONTINUE)], &["nothing_asked"]);
    }

    #[test]
    fn a_system_message_at_the_end_takes_no_turn_of_its_own() {
        let sound = [user("a"), Message::System("be brief".to_owned())];
        check(&sound, &sound, &[]);
    }

    #[test]
    fn numbers_that_a_double_cannot_hold_become_text() {
        let call = |id: serde_json::Value| {
            let arguments = serde_json::Map::from_iter([("ids".to_owned(), serde_json::json!([1, id]))]);
            let call = ToolCall { id: "1".to_owned(), name: "f".to_owned(), arguments };
            Message::Assistant(vec![Output::ToolCall(call)])
        };
        let exact = call(serde_json::json!(9_007_199_254_740_992_u64));
        check(&[exact.clone(), result("1", "x")], &[exact, result("1", "x")], &[]);
        check(
            &[call(serde_json::json!(-9_007_199_254_740_993_i64)), result("1", "x")],
            &[call(serde_json::json!("-9007199254740993")), result("1", "x")],
            &["number_as_text"],
        );
    }

    #[test]
    fn empty_texts_and_messages_go() {
        let empty = Message::Assistant(vec![Output::Text(String::new())]);
        check(&[user(""), user("a"), empty, user("b")], &[user("a"), user("b")], &[]);
    }
}
