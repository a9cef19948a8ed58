//! What an answer costs: the tokens that were read and written, and the totals of its conversation. It must not know
//! what was read and written.

use serde_json::{Map, Value, json};

use crate::simulator::catalogue;
use crate::simulator::conversation::Spent;
use crate::simulator::scenario::{Finish, Usage};

/// The usage of a request that read and wrote so many tokens.
pub(crate) fn counted(read: usize, written: usize) -> Usage {
    let tokens = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Usage { input: tokens(read), output: tokens(written), cache_read: 0, cache_write: 0 }
}

/// Adds one request to what a conversation spent.
pub(crate) fn add(spent: Spent, usage: Usage, tool_calls: u32) -> Spent {
    Spent {
        tokens: spent.tokens.saturating_add(usage.input).saturating_add(usage.output),
        requests: spent.requests.saturating_add(1),
        tool_calls: spent.tool_calls.saturating_add(tool_calls),
    }
}

/// The content of `finished`: reason, this request's usage, and the totals of the conversation with it.
pub(crate) fn finished(finish: &Finish, model: &str, usage: Usage, spent: Spent) -> Value {
    let mut finished = Map::new();
    match &finish.reason {
        None => drop(finished.insert("done".to_owned(), json!({}))),
        Some(Value::String(name)) if name == "unset" => {}
        Some(Value::String(name)) => drop(finished.insert(name.clone(), json!({}))),
        Some(Value::Object(reason)) => finished.extend(reason.clone()),
        Some(other) => drop(finished.insert("reason".to_owned(), other.clone())),
    }
    finished.insert("token_usage".to_owned(), json!([token_usage(model, usage)]));
    finished.insert("request_cost".to_owned(), json!({"exact": 1.0}));
    finished.insert("conversation_usage_metadata".to_owned(), totals(model, usage, spent));
    for (name, value) in &finish.fields {
        match value {
            Value::Null => drop(finished.remove(name)),
            _ => drop(finished.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(finished)
}

/// The credits that a `finished` names.
pub(crate) fn cost(finished: &Value) -> f64 {
    finished["request_cost"]["exact"].as_f64().filter(|cost| cost.is_finite()).unwrap_or_default()
}

fn token_usage(model: &str, usage: Usage) -> Value {
    let mut entry = json!({"model_id": model, "total_input": usage.input, "output": usage.output});
    if usage.cache_read > 0 {
        entry["input_cache_read"] = usage.cache_read.into();
    }
    if usage.cache_write > 0 {
        entry["input_cache_write"] = usage.cache_write.into();
    }
    entry["cost_in_cents"] = json!(f64::from(usage.input / 64 + usage.output / 16) / 64.0);
    entry
}

fn totals(model: &str, usage: Usage, spent: Spent) -> Value {
    let name = catalogue::usage_name(model);
    json!({
        "context_window_usage": f64::from(usage.input) / catalogue::CONTEXT_WINDOW as f64,
        "credits_spent": f64::from(spent.requests),
        "tool_usage_metadata": {"call_mcp_tool_stats": {"count": spent.tool_calls}},
        "warp_token_usage": {name: {
            "total_tokens": spent.tokens,
            "token_usage_by_category": {"primary_agent": spent.tokens},
        }},
        "total_input_tokens": usage.input,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_named_spelled_out_or_unset() {
        let reason = |finish: Finish| finished(&finish, "auto", Usage::default(), Spent::default());
        assert_eq!(reason(Finish::default())["done"], json!({}));
        assert_eq!(reason(Finish::because("quota_limit"))["quota_limit"], json!({}));
        assert!(
            reason(Finish::because("unset")).as_object().unwrap().keys().all(|key| key != "done" && key != "unset")
        );
        let spelled = Finish { reason: Some(json!({"internal_error": {"message": "x"}})), ..Finish::default() };
        assert_eq!(reason(spelled)["internal_error"]["message"], "x");
    }

    #[test]
    fn fields_add_replace_and_take_away() {
        let fields = json!({"token_usage": null, "should_refresh_model_config": true});
        let finish = Finish { fields: fields.as_object().unwrap().clone(), ..Finish::default() };
        let finished = finished(&finish, "auto", Usage::default(), Spent::default());
        assert!(finished.get("token_usage").is_none());
        assert_eq!(finished["should_refresh_model_config"], true);
    }

    #[test]
    fn an_answer_costs_what_it_says() {
        let costs = |fields: Value| {
            let finish = Finish { fields: fields.as_object().unwrap().clone(), ..Finish::default() };
            cost(&finished(&finish, "auto", Usage::default(), Spent::default()))
        };
        assert_eq!(costs(json!({})), 1.0);
        assert_eq!(costs(json!({"request_cost": {"exact": 2.5}})), 2.5);
        assert_eq!(costs(json!({"request_cost": null})), 0.0);
    }

    #[test]
    fn totals_grow_with_the_conversation() {
        let spent = add(add(Spent::default(), counted(100, 10), 1), counted(200, 20), 0);
        assert_eq!(spent, Spent { tokens: 330, requests: 2, tool_calls: 1 });
    }
}
