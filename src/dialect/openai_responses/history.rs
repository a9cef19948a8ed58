//! Answers that were kept, as the beginning of a conversation: a client names the last one and sends only what is new,
//! or names single items of it.
//!
//! What is kept of an answer is the response object and all the input that it answered, so that a kept answer needs no
//! other one.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    dialect::{Keeper, field::Field},
    turn::TurnError,
};

/// The answer that `previous_response_id` names.
pub(crate) fn previous(root: &Field<'_, '_>, kept: &dyn Keeper) -> Result<Option<Arc<Value>>, TurnError> {
    let Some(field) = root.get("previous_response_id") else { return Ok(None) };
    let missing = || {
        field.error(
            "names an answer that is not kept here: it is too old, or `store` was false; send the whole conversation as \
             `input`",
        )
    };
    kept.get(field.text()?).map(Some).ok_or_else(missing)
}

/// What is kept of an answer.
pub(crate) fn kept(response: Value, input: Vec<Value>) -> Value {
    json!({"response": response, "input": input})
}

/// The response object of a kept answer.
pub(crate) fn response(kept: &Value) -> &Value {
    &kept["response"]
}

/// Everything that was said up to the end of a kept answer.
pub(crate) fn items(kept: &Value) -> impl Iterator<Item = &Value> {
    let output = &response(kept)["output"];
    [&kept["input"], output].into_iter().filter_map(Value::as_array).flatten()
}

/// The id of an answer's item. It names the answer, so that the item is found by it.
pub(crate) fn item_id(prefix: &str, answer: &str, index: usize) -> String {
    format!("{prefix}_{answer}_{index}")
}

/// The id of an answer.
pub(crate) fn response_id(answer: &str) -> String {
    format!("resp_{answer}")
}

/// The item that is called `id`, if the answer that it is part of is kept.
pub(crate) fn item(kept: &dyn Keeper, id: &str) -> Option<Value> {
    let answer = id.split('_').nth(1)?;
    let kept = kept.get(&response_id(answer))?;
    let output = response(&kept)["output"].as_array()?;
    output.iter().find(|item| item["id"] == id).cloned()
}

/// The whole conversation up to now as items that need nothing else to be understood.
pub(crate) fn whole(previous: Option<&Value>, input: Value, kept: &dyn Keeper) -> Vec<Value> {
    let mut all: Vec<Value> = previous.into_iter().flat_map(items).cloned().collect();
    match input {
        Value::String(text) => all.push(json!({"type": "message", "role": "user", "content": text})),
        Value::Array(items) => {
            all.extend(items.into_iter().map(|item| referenced(kept, &item).unwrap_or(item)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
    all
}

/// What `item` stands for, if it stands for another one.
pub(crate) fn referenced(kept: &dyn Keeper, item_or_reference: &Value) -> Option<Value> {
    let id = item_or_reference["id"].as_str()?;
    if item_or_reference["type"] != "item_reference" {
        return None;
    }
    item(kept, id)
}
