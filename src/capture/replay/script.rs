//! What an answer does, step by step: its bytes, its pauses, and the faults that are wanted of it.
//!
//! It must not know HTTP.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use crate::capture::{
    Frames,
    replay::{
        load::Exchange,
        options::{Options, Speed},
    },
};

/// One step of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Wait(Duration),
    Send(Bytes),
    /// The connection breaks.
    Break,
}

/// The steps by which `exchange` is played.
pub(crate) fn script(exchange: &Exchange, options: &Options) -> VecDeque<Step> {
    let mut pieces = exchange.pieces.clone();
    let whole: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    let events = events(&whole);
    if let Some(missed) = missed(options, events.len(), whole.len()) {
        tracing::warn!("an answer is played without the fault that was asked for: {missed}");
    }
    if let Some((start, end)) = options.corrupt.and_then(|number| events.get(usize::try_from(number - 1).ok()?)) {
        spoil(&mut pieces, whole, *start, *end);
    }
    let pause_at = options.stall.and_then(|time| events.first().map(|(_, end)| (*end, time)));
    let cut = options.cut.map_or(usize::MAX, |cut| usize::try_from(cut).unwrap_or(usize::MAX));
    let mut player = Player { steps: VecDeque::new(), sent: 0, pause_at, cut };
    let mut before = 0;
    for (ms, bytes) in pieces {
        if options.speed == Speed::Recorded && ms > before {
            player.steps.push_back(Step::Wait(Duration::from_millis(ms - before)));
            before = ms;
        }
        player.send(bytes);
    }
    if player.sent >= cut || !exchange.is_whole {
        player.steps.push_back(Step::Break);
    }
    player.steps
}

/// Which fault cannot happen in an answer of so many events and bytes.
fn missed(options: &Options, events: usize, bytes: usize) -> Option<String> {
    let is_beyond = |place: &u64, end: usize| usize::try_from(*place).is_ok_and(|place| place > end);
    if let Some(number) = options.corrupt.filter(|number| is_beyond(number, events)) {
        return Some(format!("it has {events} events, so event {number} is not spoilt"));
    }
    let cut = options.cut.filter(|cut| is_beyond(cut, bytes))?;
    Some(format!("it has {bytes} bytes, so it is not cut after {cut}"))
}

/// Where the events of a stream begin and end.
fn events(stream: &[u8]) -> Vec<(usize, usize)> {
    let (mut frames, mut found) = (Frames::default(), Vec::new());
    frames.push(stream, &mut found);
    frames.finish(&mut found);
    let starts: Vec<usize> = found.iter().filter_map(|frame| usize::try_from(frame.offset).ok()).collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    starts.iter().copied().zip(ends).collect()
}

/// Makes the data of the event between `start` and `end` unreadable, without a change of its length.
fn spoil(pieces: &mut [(u64, Bytes)], mut whole: Vec<u8>, start: usize, end: usize) {
    let data = memchr::memmem::find(&whole[start..end], b"data:").map_or(end, |at| start + at + b"data:".len());
    for byte in &mut whole[data..end] {
        if !byte.is_ascii_whitespace() {
            *byte = b'!';
        }
    }
    let mut rest = Bytes::from(whole);
    for (_, bytes) in pieces {
        *bytes = rest.split_to(bytes.len());
    }
}

struct Player {
    steps: VecDeque<Step>,
    sent: usize,
    pause_at: Option<(usize, Duration)>,
    cut: usize,
}

impl Player {
    fn send(&mut self, bytes: Bytes) {
        let mut rest = bytes.slice(..bytes.len().min(self.cut.saturating_sub(self.sent)));
        if let Some((at, time)) = self.pause_at
            && at <= self.sent + rest.len()
        {
            let first = rest.split_to(at.saturating_sub(self.sent));
            self.put(first);
            self.steps.push_back(Step::Wait(time));
            self.pause_at = None;
        }
        self.put(rest);
    }

    fn put(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.sent += bytes.len();
            self.steps.push_back(Step::Send(bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::{Step, missed, script};
    use crate::capture::replay::{load::Exchange, options::Options};

    const STREAM: &str = "data: AAAA\n\ndata: BBBB\n\ndata: CCCC\n\n";

    fn played(options: &str, is_whole: bool) -> Vec<Step> {
        let (one, two) = STREAM.split_at(15);
        let pieces = vec![(5, Bytes::from(one)), (9, Bytes::from(two))];
        let exchange = Exchange { pieces, is_whole, status: 200, ..Exchange::default() };
        script(&exchange, &Options::parse(&format!("x{options}")).unwrap()).into()
    }

    fn bytes(steps: &[Step]) -> String {
        let sent = steps.iter().filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes.to_vec()),
            _ => None,
        });
        String::from_utf8(sent.collect::<Vec<_>>().concat()).unwrap()
    }

    #[test]
    fn an_answer_is_played_as_it_came() {
        let wait = |ms| Step::Wait(Duration::from_millis(ms));
        let send = |text: &'static str| Step::Send(Bytes::from(text));
        let (one, two) = STREAM.split_at(15);
        assert_eq!(played("", true), [wait(5), send(one), wait(4), send(two)]);
        assert_eq!(played(",speed=full", true), [send(one), send(two)]);
        assert_eq!(played(",speed=full", false).last(), Some(&Step::Break));
    }

    #[test]
    fn faults_happen_where_they_are_wanted() {
        let cut = played(",speed=full,cut=20", true);
        assert_eq!((bytes(&cut).as_str(), cut.last()), (&STREAM[..20], Some(&Step::Break)));
        assert_eq!(bytes(&played(",cut=0", true)), "");
        let spoilt = played(",corrupt=2", true);
        assert_eq!(bytes(&spoilt), STREAM.replace("BBBB", "!!!!"));
        assert_eq!(bytes(&played(",corrupt=4", true)), STREAM);
        let missed = |options: &str| missed(&Options::parse(options).unwrap(), 3, STREAM.len());
        assert!(missed("x,corrupt=4").unwrap().contains("3 events"));
        assert!(missed("x,cut=99").unwrap().contains("36 bytes"));
        assert_eq!((missed("x,corrupt=3,cut=36"), missed("x")), (None, None));
        let stalled = played(",speed=full,stall=70", true);
        let wait = stalled.iter().position(|step| *step == Step::Wait(Duration::from_millis(70))).unwrap();
        assert_eq!(bytes(&stalled[..wait]), STREAM[..12]);
        assert_eq!(bytes(&stalled), STREAM);
    }
}
