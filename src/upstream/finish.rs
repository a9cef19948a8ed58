//! What a `StreamFinished` says: why the answer ended, what it cost (`WARP-PROTOCOL.md` §3.8).
//!
//! It must not know the answer itself.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::{
    turn::{ErrorKind, StopReason, TurnError, Usage, UsageSource},
    upstream::{entry::part, event::text, failure},
};

/// The end of an answer as the upstream told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// The schema's name of the reason; `done` when none is set.
    pub name: String,
    /// What it means: a complete answer, or a failure.
    pub reason: Result<StopReason, TurnError>,
    /// What is known of the cost. Its source is `Estimate`, and its token counts are zero, when the upstream did not
    /// say how many tokens this request took.
    pub usage: Usage,
    /// Tokens of the whole conversation so far, input and output together, where the upstream says so.
    pub conversation_tokens: Option<u64>,
}

impl Finish {
    /// Reads a `StreamFinished`.
    #[must_use]
    pub fn of(finished: &DynamicMessage) -> Self {
        let reasons = finished.descriptor().oneofs().find(|oneof| oneof.name() == "reason");
        let reason = reasons.and_then(|oneof| oneof.fields().find(|field| finished.has_field(field)));
        let name = reason.map_or_else(|| "done".to_owned(), |field| field.name().to_owned());
        let conversation = part(finished, "conversation_usage_metadata");
        let charges = part(finished, "request_charges").map(charged);
        let counted = || token_usage(finished);
        let mut usage = charges.filter(has_tokens).or_else(|| counted().filter(has_tokens)).unwrap_or_default();
        usage.credits =
            part(finished, "request_cost").map(|cost| number(cost, "exact") + number(cost, "platform_credits"));
        usage.context_window_usage = conversation
            .filter(|own| own.has_field_by_name("context_window_usage"))
            .map(|own| number(own, "context_window_usage"));
        Self {
            reason: meaning(&name, finished),
            name,
            usage,
            conversation_tokens: conversation.map(conversation_tokens).filter(|tokens| *tokens > 0),
        }
    }
}

fn has_tokens(usage: &Usage) -> bool {
    usage.input_tokens + usage.output_tokens > 0
}

/// What the reason called `name` means for a client.
fn meaning(name: &str, finished: &DynamicMessage) -> Result<StopReason, TurnError> {
    let failed = |kind, message: &str| Err(TurnError::new(kind, message));
    match name {
        "done" => Ok(StopReason::EndTurn),
        "max_token_limit" => Ok(StopReason::MaxTokens),
        "quota_limit" => failed(ErrorKind::QuotaExhausted, "The Warp account has no credits left."),
        "context_window_exceeded" => {
            // LiteLLM, and so aider, knows this kind of error by these words only.
            failed(ErrorKind::ContextLengthExceeded, "The conversation is longer than the model's context length.")
        }
        "llm_unavailable" => {
            failed(ErrorKind::ModelUnavailable, "The model's vendor is overloaded or down. Try again later.")
        }
        "invalid_api_key" => failed(ErrorKind::VendorKey, &vendor_key(finished)),
        "internal_error" => {
            let message = part(finished, "internal_error").map(|error| text(error, "message")).unwrap_or_default();
            Err(failure::from_internal_error(&message))
        }
        _ => failed(ErrorKind::Upstream, "The upstream ended the answer without saying why."),
    }
}

fn vendor_key(finished: &DynamicMessage) -> String {
    let model = part(finished, "invalid_api_key").map(|key| text(key, "model_name")).unwrap_or_default();
    format!("The model vendor refused the API key that the Warp account holds for {model:?}.")
}

/// Sums `request_charges`. Its categories are charged apart, so cached input is not part of `input`.
fn charged(charges: &DynamicMessage) -> Usage {
    let mut usage = Usage { source: UsageSource::Charges, ..Usage::default() };
    for category in map_values(charges, "usage_by_category") {
        for payer in ["direct_api_inference_usage", "byok_inference_usage", "custom_endpoint_inference_usage"] {
            for count in map_values(category, payer).filter_map(|model| part(model, "token_count")) {
                let (read, write) = (count_of(count, "input_cache_read"), count_of(count, "input_cache_write"));
                usage.input_tokens += count_of(count, "input") + read + write;
                usage.output_tokens += count_of(count, "output");
                usage.cache_read_tokens += read;
                usage.cache_write_tokens += write;
            }
        }
    }
    usage
}

/// Sums `token_usage`, whose `total_input` holds cached input too.
fn token_usage(finished: &DynamicMessage) -> Option<Usage> {
    let field = finished.descriptor().get_field_by_name("token_usage")?;
    let list = finished.get_field(&field);
    let mut usage = Usage { source: UsageSource::TokenUsage, ..Usage::default() };
    for model in list.as_list()?.iter().filter_map(Value::as_message) {
        usage.input_tokens += count_of(model, "total_input");
        usage.output_tokens += count_of(model, "output");
        usage.cache_read_tokens += count_of(model, "input_cache_read");
        usage.cache_write_tokens += count_of(model, "input_cache_write");
    }
    Some(usage)
}

fn conversation_tokens(conversation: &DynamicMessage) -> u64 {
    let payers = ["warp_token_usage", "byok_token_usage", "custom_endpoint_token_usage"];
    payers.iter().flat_map(|payer| map_values(conversation, payer)).map(|model| count_of(model, "total_tokens")).sum()
}

/// The messages in the map field `name`.
fn map_values<'a>(message: &'a DynamicMessage, name: &str) -> impl Iterator<Item = &'a DynamicMessage> {
    let map = match message.get_field_by_name(name) {
        Some(std::borrow::Cow::Borrowed(value)) => value.as_map(),
        Some(std::borrow::Cow::Owned(_)) | None => None,
    };
    map.into_iter().flat_map(|map| map.values()).filter_map(Value::as_message)
}

fn count_of(message: &DynamicMessage, name: &str) -> u64 {
    let value = message.get_field_by_name(name);
    value.and_then(|value| value.as_u32().map(u64::from).or_else(|| value.as_u64())).unwrap_or_default()
}

/// A number as a person would write it: 0.1 and not the double nearest to the float 0.1.
fn number(message: &DynamicMessage, name: &str) -> f64 {
    let value = message.get_field_by_name(name);
    let shortest = |float: f32| float.to_string().parse().unwrap_or_default();
    value.and_then(|value| value.as_f32().map(shortest).or_else(|| value.as_f64())).unwrap_or_default()
}
