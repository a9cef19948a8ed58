//! What the upstream sends: an answer as the project's simulator was recorded to give it, with as many pieces of text as
//! are wanted. Everything is encoded once, so that sending it costs next to nothing.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use bytes::Bytes;

use crate::stamp;

/// The recording: two pieces of text, the one that comes with its message and one that is appended to it.
const RECORDED: &str = include_str!("../answer.sse");

const FRAME_OPENING: &str = "event:data\ndata:";
const FRAME_END: &str = "\n\n";

/// The frames of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    head: Vec<Bytes>,
    first: Template,
    next: Template,
    tail: Vec<Bytes>,
}

/// An event with a text in it.
#[derive(Debug, Clone)]
pub struct Template {
    wire: Vec<u8>,
    /// Where its text begins.
    at: usize,
    /// The frame of the event with the plain text.
    plain: Bytes,
}

impl Answer {
    /// The recorded answer.
    ///
    /// # Errors
    /// When the recording is not what is expected: some frames, two with a text, some frames.
    pub fn recorded() -> anyhow::Result<Self> {
        let (mut before, mut texts, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for frame in RECORDED.split_inclusive(FRAME_END) {
            let data = frame.strip_prefix(FRAME_OPENING).and_then(|rest| rest.strip_suffix(FRAME_END));
            let wire = URL_SAFE.decode(data.context("a frame is framed in another way")?)?;
            let text = memchr::memchr(stamp::MARK, &wire).filter(|_| texts.len() < 2);
            match text {
                Some(at) => texts.push(Template::new(wire, at)),
                None if texts.is_empty() => before.push(Bytes::from_static(frame.as_bytes())),
                None => after.push(Bytes::from_static(frame.as_bytes())),
            }
        }
        let [first, next] = <[Template; 2]>::try_from(texts).ok().context("there are not two texts")?;
        Ok(Self { head: before, first, next, tail: after })
    }

    /// The frames before the first text.
    #[must_use]
    pub fn head(&self) -> &[Bytes] {
        &self.head
    }

    /// The frame of text number `place`, from 0.
    #[must_use]
    pub fn text(&self, place: u64, stamped: bool) -> Bytes {
        let template = self.template(place);
        if stamped { template.frame(&stamp::write(stamp::now())) } else { template.plain.clone() }
    }

    /// The frames behind the last text.
    #[must_use]
    pub fn tail(&self) -> &[Bytes] {
        &self.tail
    }

    /// The whole of an answer with `events` texts.
    #[must_use]
    pub fn whole(&self, events: u64) -> Vec<u8> {
        let texts: Vec<Bytes> = (0..events).map(|place| self.text(place, false)).collect();
        [self.head.concat(), texts.concat(), self.tail.concat()].concat()
    }

    /// True when the frame is one with a text, as far as its size tells.
    #[must_use]
    pub fn holds_text(&self, frame: &[u8]) -> bool {
        [&self.next, &self.first].into_iter().any(|template| template.plain.len() == frame.len())
    }

    /// The text in a frame, where the frame is one with a text.
    #[must_use]
    pub fn text_of(&self, frame: &[u8]) -> Option<[u8; stamp::SIZE]> {
        let template = [&self.next, &self.first].into_iter().find(|template| template.plain.len() == frame.len())?;
        let data = frame.strip_prefix(FRAME_OPENING.as_bytes())?.strip_suffix(FRAME_END.as_bytes())?;
        let wire = URL_SAFE.decode(data).ok()?;
        let text = wire.get(template.at..template.at + stamp::SIZE)?;
        (text[0] == stamp::MARK).then(|| text.try_into().ok())?
    }

    fn template(&self, place: u64) -> &Template {
        if place == 0 { &self.first } else { &self.next }
    }
}

impl Template {
    fn new(mut wire: Vec<u8>, at: usize) -> Self {
        wire[at..at + stamp::SIZE].copy_from_slice(&stamp::PLAIN);
        let plain = frame(&wire);
        Self { wire, at, plain }
    }

    fn frame(&self, text: &[u8; stamp::SIZE]) -> Bytes {
        let mut wire = self.wire.clone();
        wire[self.at..self.at + stamp::SIZE].copy_from_slice(text);
        frame(&wire)
    }
}

fn frame(wire: &[u8]) -> Bytes {
    let mut frame = String::with_capacity(wire.len() * 4 / 3 + 24);
    frame.push_str(FRAME_OPENING);
    URL_SAFE.encode_string(wire, &mut frame);
    frame.push_str(FRAME_END);
    frame.into()
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::typed::warp::{ResponseEvent, client_action, message, response_event};

    #[test]
    fn an_answer_says_each_text_once_and_ends_as_it_should() {
        let answer = Answer::recorded().unwrap();
        let whole = String::from_utf8(answer.whole(3)).unwrap();
        let mut said = String::new();
        let mut events = Vec::new();
        for frame in whole.split_inclusive(FRAME_END) {
            let data = frame.strip_prefix(FRAME_OPENING).unwrap().trim_end();
            events.push(ResponseEvent::decode(URL_SAFE.decode(data).unwrap().as_slice()).unwrap().r#type.unwrap());
        }
        assert!(matches!(events.first(), Some(response_event::Type::Init(_))));
        assert!(matches!(events.last(), Some(response_event::Type::Finished(_))));
        for event in &events {
            let response_event::Type::ClientActions(actions) = event else { continue };
            for action in &actions.actions {
                let messages = match action.action.clone().unwrap() {
                    client_action::Action::AddMessagesToTask(add) => add.messages,
                    client_action::Action::AppendToMessageContent(append) => append.message.into_iter().collect(),
                    _ => Vec::new(),
                };
                for message in messages {
                    if let Some(message::Message::AgentOutput(output)) = message.message {
                        said.push_str(&output.text.unwrap());
                    }
                }
            }
        }
        assert_eq!(said.as_bytes(), stamp::PLAIN.repeat(3));
    }

    #[test]
    fn a_stamp_is_found_in_its_frame() {
        let answer = Answer::recorded().unwrap();
        for place in [0, 1] {
            let text = answer.text_of(&answer.text(place, true)).unwrap();
            assert!(stamp::between(stamp::read(&text[1..]).unwrap(), stamp::now()) < 60_000_000_000);
            assert_eq!(answer.text_of(&answer.text(place, false)), Some(stamp::PLAIN));
        }
        for frame in answer.head().iter().chain(answer.tail()) {
            assert_eq!(answer.text_of(frame), None);
        }
    }
}
