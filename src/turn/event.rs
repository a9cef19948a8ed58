//! The answer half of the model: what happens while a model answers.

use crate::turn::{ToolCall, TurnError};

/// One step of an answer. `Finished` or `Failed` is always the last; nothing follows either.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEvent {
    /// The upstream accepted the turn.
    Started {
        /// The upstream's conversation id.
        conversation_id: String,
        /// The upstream's id of this request, for its support.
        request_id: String,
        /// The upstream's id of the run that the request is part of; empty when it gives none.
        run_id: String,
    },
    /// A model other than, or more precise than, the one asked for is answering.
    ModelUsed {
        /// The upstream's id of that model.
        model: String,
        /// True when it stands in for the one asked for.
        is_fallback: bool,
    },
    /// More answer text.
    Text(String),
    /// More thinking.
    Reasoning(String),
    /// The upstream has searched the web by itself.
    WebSearch(WebSearch),
    /// Pages that the answer rests on, after all of its text. At most once.
    Citations(Vec<Page>),
    /// A complete call of one of the client's tools. All calls come after all text of the answer.
    ToolCall(ToolCall),
    /// What the answer cost. At most once, just before `Finished`.
    Usage(Usage),
    /// The answer is complete, or was cut where the client wanted it.
    Finished(StopReason),
    /// The answer failed after it had begun.
    Failed(TurnError),
}

/// A web search that the upstream made by itself, when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSearch {
    /// Unique within the answer.
    pub id: String,
    /// What was searched for.
    pub query: String,
    /// What was found; none when the search failed.
    pub pages: Option<Vec<Page>>,
}

/// A page of the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where it is.
    pub url: String,
    /// What it is called; empty when that is not known.
    pub title: String,
}

/// Why a complete answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The model had said all.
    EndTurn,
    /// The model waits for the results of its tool calls.
    ToolCalls,
    /// The model's limit, or the client's, on output tokens was reached.
    MaxTokens,
    /// This stop sequence of the client was met.
    StopSequence(String),
}

/// Tokens and credits that an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Input tokens in all, cached ones included.
    pub input_tokens: u64,
    /// Output tokens in all, reasoning included.
    pub output_tokens: u64,
    /// Input tokens that were read from a cache.
    pub cache_read_tokens: u64,
    /// Input tokens that were written to a cache.
    pub cache_write_tokens: u64,
    /// Output tokens spent on reasoning, where known or estimated.
    pub reasoning_tokens: u64,
    /// Warp credits charged for this request, where known.
    pub credits: Option<f64>,
    /// Share of the model's context window in use, 0 to 1, where known.
    pub context_window_usage: Option<f64>,
    /// Where the token numbers come from.
    pub source: UsageSource,
}

/// Where token numbers come from, best first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageSource {
    /// The upstream's charges of this request.
    Charges,
    /// The upstream's token counts of this request.
    TokenUsage,
    /// How much the conversation's totals grew; the split into input and output is estimated.
    Growth,
    /// Counted here with a tokenizer.
    #[default]
    Estimate,
}

impl Usage {
    /// Adds what `other` cost. The sum is no better known than the worse known of the two; the context window is as
    /// full as `other` says, for that came later.
    pub fn add(&mut self, other: &Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_read_tokens = self.cache_read_tokens.saturating_add(other.cache_read_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
        self.credits = match (self.credits, other.credits) {
            (Some(own), Some(more)) => Some(own + more),
            (own, more) => own.or(more),
        };
        self.context_window_usage = other.context_window_usage.or(self.context_window_usage);
        self.source = self.source.max(other.source);
    }
}

impl UsageSource {
    /// The name that headers, logs and metrics use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Charges => "charges",
            Self::TokenUsage => "token_usage",
            Self::Growth => "growth",
            Self::Estimate => "estimate",
        }
    }
}
