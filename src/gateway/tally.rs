//! What an answer has said and cost so far, as its client heard it.
//!
//! It must not know how the answer comes about.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    gateway::tokens,
    turn::{Message, Output, Page, ToolCall, Turn, TurnEvent, Usage, UsageSource},
};

/// Counts one answer.
pub(super) struct Tally {
    turn: Arc<Turn>,
    /// What earlier rounds of the answer have cost.
    earlier: Usage,
    /// The pages that earlier rounds rest on.
    cited: Vec<Page>,
    text: String,
    reasoning: String,
    calls: Vec<ToolCall>,
}

impl Tally {
    pub(super) fn new(turn: Arc<Turn>) -> Self {
        // The best of sources, so that a sum with the first round is as well known as that round.
        let earlier = Usage { source: UsageSource::Charges, ..Usage::default() };
        Self { turn, earlier, cited: Vec::new(), text: String::new(), reasoning: String::new(), calls: Vec::new() }
    }

    /// Takes what the client has just heard.
    pub(super) fn note(&mut self, events: &[TurnEvent]) {
        for event in events {
            match event {
                TurnEvent::Text(text) => self.text.push_str(text),
                TurnEvent::Reasoning(text) => self.reasoning.push_str(text),
                TurnEvent::ToolCall(call) => self.calls.push(call.clone()),
                TurnEvent::Started { .. }
                | TurnEvent::ModelUsed { .. }
                | TurnEvent::WebSearch(_)
                | TurnEvent::Citations(_)
                | TurnEvent::Usage(_)
                | TurnEvent::Finished(_)
                | TurnEvent::Failed(_) => {}
            }
        }
    }

    /// Takes the cost of a round after which the answer goes on.
    pub(super) fn add_round(&mut self, usage: &Usage) {
        self.earlier.add(usage);
    }

    /// Takes the pages of a round after which the answer goes on from its text.
    pub(super) fn keep_citations(&mut self, events: &[TurnEvent]) {
        for event in events {
            if let TurnEvent::Citations(pages) = event {
                self.cited.extend(pages.iter().cloned());
            }
        }
    }

    /// Another answer is to take the place of what earlier rounds said, so their pages do not count.
    pub(super) fn drop_citations(&mut self) {
        self.cited.clear();
    }

    /// Puts the pages of earlier rounds before those of the last, whose `events` end the answer; each page once.
    pub(super) fn cite(&mut self, events: &mut Vec<TurnEvent>) {
        if self.cited.is_empty() || !matches!(events.last(), Some(TurnEvent::Finished(_))) {
            return;
        }
        let comes_after = |event: &TurnEvent| {
            matches!(
                event,
                TurnEvent::Citations(_) | TurnEvent::ToolCall(_) | TurnEvent::Usage(_) | TurnEvent::Finished(_)
            )
        };
        let place = events.iter().position(comes_after).unwrap_or(events.len());
        let mut pages = std::mem::take(&mut self.cited);
        if let Some(TurnEvent::Citations(last)) = events.get_mut(place) {
            pages.append(last);
            events.remove(place);
        }
        let mut seen = BTreeSet::new();
        pages.retain(|page| seen.insert(page.url.clone()));
        events.insert(place, TurnEvent::Citations(pages));
    }

    /// True when the client has heard of a tool call.
    pub(super) fn has_called(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The answer as the client will send it back.
    pub(super) fn message(&self) -> Message {
        let text = (!self.text.is_empty()).then(|| Output::Text(self.text.clone()));
        Message::Assistant(text.into_iter().chain(self.calls.iter().cloned().map(Output::ToolCall)).collect())
    }

    /// `usage` with that of earlier rounds, and with estimates where the upstream gave no numbers. The growth of the
    /// conversation and estimates hold all rounds already.
    pub(super) fn complete(&self, mut usage: Usage) -> Usage {
        match usage.source {
            UsageSource::Charges | UsageSource::TokenUsage => usage.add(&self.earlier),
            UsageSource::Growth => {
                usage.output_tokens = self.count_output().min(usage.input_tokens);
                usage.input_tokens -= usage.output_tokens;
            }
            UsageSource::Estimate => {
                usage.input_tokens = tokens::count_input(&self.turn);
                usage.output_tokens = self.count_output();
            }
        }
        if !self.reasoning.is_empty() {
            usage.reasoning_tokens = tokens::count(&self.reasoning).min(usage.output_tokens);
        }
        usage
    }

    fn count_output(&self) -> u64 {
        let calls = self.calls.iter().map(|call| {
            tokens::count(&call.name) + tokens::count(&serde_json::to_string(&call.arguments).unwrap_or_default())
        });
        tokens::count(&self.text) + tokens::count(&self.reasoning) + calls.sum::<u64>()
    }
}
