//! Counting tokens where the upstream does not say.
//!
//! The counts are estimates: the models behind Warp have tokenizers of their own. It must not know what is counted
//! for.

use std::sync::atomic::{AtomicBool, Ordering};

use tiktoken_rs::{CoreBPE, cl100k_base_singleton};

use crate::turn::{Content, Message, Output, Turn};

/// What an image counts as: about what vendors charge for one of a megapixel.
const IMAGE_TOKENS: u64 = 1_200;
/// What a message costs besides its words.
const MESSAGE_TOKENS: u64 = 4;

/// How much text is counted faster than another thread is woken to count it, in bytes.
const QUICK: usize = 256;

static IS_LOADED: AtomicBool = AtomicBool::new(false);

/// The tokenizer. It is loaded at the first use, which takes about 60 ms and 24 MB; OpenAI's newer one takes more than
/// twice the time and nearly twice the memory, and comes no nearer to other vendors' counts. Who never needs a count
/// does not pay for it, so it is not loaded before.
pub(super) fn tokenizer() -> &'static CoreBPE {
    let tokenizer = cl100k_base_singleton();
    IS_LOADED.store(true, Ordering::Relaxed);
    tokenizer
}

/// True when [`count_input`] takes a moment that nobody feels: of a short turn, once the tokenizer is there.
#[must_use]
pub fn is_counted_quickly(turn: &Turn) -> bool {
    let content_length = |content: &Content| match content {
        Content::Text(text) => text.len(),
        Content::Image(_) | Content::File(_) => QUICK,
    };
    let length = |message: &Message| match message {
        Message::System(text) => text.len(),
        Message::User(contents) => contents.iter().map(content_length).sum(),
        Message::ToolResult(_) | Message::Assistant(_) => QUICK,
    };
    let instructions: usize = turn.instructions.iter().map(String::len).sum();
    let messages: usize = turn.messages.iter().map(length).sum();
    IS_LOADED.load(Ordering::Relaxed) && turn.tools.is_empty() && instructions + messages < QUICK
}

/// How many tokens `text` is.
pub(super) fn count(text: &str) -> u64 {
    u64::try_from(tokenizer().encode_ordinary(text).len()).unwrap_or(u64::MAX)
}

/// How many tokens the whole of `turn` is as input, without what the upstream adds of its own: an estimate. It takes
/// a moment for a long conversation.
#[must_use]
pub fn count_input(turn: &Turn) -> u64 {
    let instructions: u64 = turn.instructions.iter().map(|text| count(text)).sum();
    let tools = turn.tools.iter().map(|tool| {
        let schema = serde_json::to_string(&tool.input_schema).unwrap_or_default();
        count(&tool.name) + count(&tool.description) + count(&schema)
    });
    let messages = turn.messages.iter().map(|message| MESSAGE_TOKENS + count_message(message));
    instructions + tools.sum::<u64>() + messages.sum::<u64>()
}

fn count_message(message: &Message) -> u64 {
    match message {
        Message::System(text) => count(text),
        Message::User(contents) => count_contents(contents),
        Message::ToolResult(result) => count_contents(&result.content),
        Message::Assistant(outputs) => outputs.iter().map(count_output).sum(),
    }
}

fn count_contents(contents: &[Content]) -> u64 {
    let count_one = |content: &Content| match content {
        Content::Text(text) => count(text),
        Content::Image(_) => IMAGE_TOKENS,
        Content::File(file) => count(&file.name) + count(&file.text),
    };
    contents.iter().map(count_one).sum()
}

fn count_output(output: &Output) -> u64 {
    match output {
        Output::Text(text) => count(text),
        Output::ToolCall(call) => {
            count(&call.name) + count(&serde_json::to_string(&call.arguments).unwrap_or_default())
        }
        Output::Reasoning(_) => 0,
    }
}
