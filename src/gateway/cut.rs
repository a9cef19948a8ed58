//! Keeps the client's own bounds on an answer, which the upstream does not know: stop sequences and output tokens.
//!
//! It must not know where events come from; it sees them pass, and ends the answer where a bound is met.

use crate::{
    gateway::tokens,
    turn::{Limits, StopReason, TurnEvent},
};

/// Watches one answer.
#[derive(Debug)]
pub(super) struct Cut {
    limits: Limits,
    /// Text that may be the beginning of a stop sequence.
    held: String,
    /// Output that has not been counted yet; while its bytes are fewer than the tokens left, it need not be.
    uncounted: String,
    tokens_left: u64,
}

impl Cut {
    pub(super) fn new(limits: Limits) -> Self {
        let tokens_left = limits.max_output_tokens.unwrap_or(u64::MAX);
        Self { limits, held: String::new(), uncounted: String::new(), tokens_left }
    }

    /// Lets `event` pass into `out`, changed where a bound asks for it. Returns true when a bound is met: the answer
    /// ends there, with the `Finished` that is the last event in `out`.
    pub(super) fn pass(&mut self, event: TurnEvent, out: &mut Vec<TurnEvent>) -> bool {
        match event {
            TurnEvent::Text(text) => self.text(text, out),
            TurnEvent::Reasoning(text) => self.send(text, TurnEvent::Reasoning, out),
            TurnEvent::Citations(_)
            | TurnEvent::ToolCall(_)
            | TurnEvent::Usage(_)
            | TurnEvent::Finished(_)
            | TurnEvent::Failed(_) => {
                let held = std::mem::take(&mut self.held);
                if self.send(held, TurnEvent::Text, out) {
                    return true;
                }
                out.push(event);
                false
            }
            TurnEvent::Started { .. } | TurnEvent::ModelUsed { .. } | TurnEvent::WebSearch(_) => {
                out.push(event);
                false
            }
        }
    }

    fn text(&mut self, text: String, out: &mut Vec<TurnEvent>) -> bool {
        if self.limits.stop.is_empty() {
            return self.send(text, TurnEvent::Text, out);
        }
        self.held.push_str(&text);
        if let Some((at, stop)) = self.first_stop() {
            let before = self.held[..at].to_owned();
            self.held.clear();
            if !self.send(before, TurnEvent::Text, out) {
                out.push(TurnEvent::Finished(StopReason::StopSequence(stop)));
            }
            return true;
        }
        let keep = self.held.len() - self.longest_beginning();
        let free = self.held.drain(..keep).collect();
        self.send(free, TurnEvent::Text, out)
    }

    /// The first place in the held text where a stop sequence stands, with the sequence; the longest of several there.
    fn first_stop(&self) -> Option<(usize, String)> {
        let places = self.limits.stop.iter().filter_map(|stop| Some((self.held.find(stop.as_str())?, stop)));
        let first = places.min_by_key(|(at, stop)| (*at, std::cmp::Reverse(stop.len())));
        first.map(|(at, stop)| (at, stop.clone()))
    }

    /// How many bytes at the end of the held text may be the beginning of a stop sequence.
    fn longest_beginning(&self) -> usize {
        let beginning = |stop: &String| {
            let ends = stop.char_indices().map(|(at, _)| at).rev();
            ends.into_iter().find(|end| self.held.ends_with(&stop[..*end])).unwrap_or_default()
        };
        self.limits.stop.iter().map(beginning).max().unwrap_or_default()
    }

    /// Sends `text` as far as the output tokens go. Returns true when they are used up.
    fn send(&mut self, text: String, kind: fn(String) -> TurnEvent, out: &mut Vec<TurnEvent>) -> bool {
        if text.is_empty() {
            return false;
        }
        if self.limits.max_output_tokens.is_none() {
            out.push(kind(text));
            return false;
        }
        self.uncounted.push_str(&text);
        // A token is at least one byte, so there is no need to count before the bytes could be enough.
        if u64::try_from(self.uncounted.len()).is_ok_and(|bytes| bytes <= self.tokens_left) {
            out.push(kind(text));
            return false;
        }
        let tokens = tokens::tokenizer().encode_ordinary(&self.uncounted);
        let count = u64::try_from(tokens.len()).unwrap_or(u64::MAX);
        if count <= self.tokens_left {
            self.tokens_left -= count;
            self.uncounted.clear();
            out.push(kind(text));
            return false;
        }
        let fits = usize::try_from(self.tokens_left).unwrap_or(usize::MAX);
        let kept = tokens::tokenizer().decode_bytes(&tokens[..fits]).map_or(0, |bytes| bytes.len());
        let already = self.uncounted.len() - text.len();
        let room = text.floor_char_boundary(kept.saturating_sub(already));
        if room > 0 {
            out.push(kind(text[..room].to_owned()));
        }
        self.tokens_left = 0;
        out.push(TurnEvent::Finished(StopReason::MaxTokens));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, Limits, StopReason, TurnEvent};

    /// Passes `text` cut into pieces of `size` characters; gives what came through and why it ended.
    fn run(limits: &Limits, text: &str, size: usize) -> (String, Option<StopReason>) {
        let mut cut = Cut::new(limits.clone());
        let mut out = Vec::new();
        let characters: Vec<char> = text.chars().collect();
        let mut pieces = characters.chunks(size).map(|piece| TurnEvent::Text(piece.iter().collect()));
        let stopped = pieces.any(|piece| cut.pass(piece, &mut out));
        if !stopped {
            cut.pass(TurnEvent::Finished(StopReason::EndTurn), &mut out);
        }
        let mut said = String::new();
        let mut reason = None;
        for event in out {
            match event {
                TurnEvent::Text(text) => said.push_str(&text),
                TurnEvent::Finished(why) => reason = Some(why),
                other => panic!("unexpected {other:?}"),
            }
        }
        (said, reason)
    }

    #[track_caller]
    fn check_stop(stops: &[&str], text: &str, said: &str, stop: Option<&str>) {
        let stop_texts = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let limits = Limits { stop: stop_texts, max_output_tokens: None };
        let reason = stop.map_or(StopReason::EndTurn, |stop| StopReason::StopSequence(stop.to_owned()));
        for size in 1..=text.chars().count().max(1) {
            assert_eq!(run(&limits, text, size), (said.to_owned(), Some(reason.clone())), "in pieces of {size}");
        }
    }

    #[test]
    fn an_answer_ends_before_its_first_stop_sequence_however_it_is_cut() {
        check_stop(&["END"], "one two END three", "one two ", Some("END"));
        check_stop(&["END", "two"], "one two END", "one ", Some("two"));
        check_stop(&["aab"], "aaab", "a", Some("aab"));
        check_stop(&["漢字"], "é漢漢字x", "é漢", Some("漢字"));
        check_stop(&["\n\n"], "a\nb\n", "a\nb\n", None);
        check_stop(&["xyz"], "ends with xy", "ends with xy", None);
    }

    #[test]
    fn an_answer_ends_after_its_tokens_and_between_characters() {
        let text = "The quick brown fox jumps over the lazy dog. 漢字 and 🙂 as well, again and again.";
        let whole = super::tokens::count(text);
        for max in 0..whole {
            let limits = Limits { stop: Vec::new(), max_output_tokens: Some(max) };
            let (said, reason) = run(&limits, text, 200);
            assert_eq!(reason, Some(StopReason::MaxTokens), "of {max}");
            assert!(text.starts_with(&said) && super::tokens::count(&said) <= max, "{said:?} of {max}");
        }
        let limits = Limits { stop: Vec::new(), max_output_tokens: Some(whole) };
        assert_eq!(run(&limits, text, 200), (text.to_owned(), Some(StopReason::EndTurn)));
        let (said, reason) = run(&Limits { stop: Vec::new(), max_output_tokens: Some(5) }, text, 3);
        assert_eq!(reason, Some(StopReason::MaxTokens));
        assert!(!said.is_empty() && text.starts_with(&said));
    }
}
