//! Takes apart what was put together: a stream as it came may be several answers, one behind the other.

use bytes::Bytes;
use prost_reflect::MessageDescriptor;

use crate::{
    capture::{Frames, replay::load::Exchange},
    schema,
};

/// An answer is played in pieces of so many bytes at most.
const PIECE: usize = 64 * 1024;

/// The answers in `exchange`, each of which begins with the event that every answer begins with. What a program recorded as
/// one exchange stays one.
pub(crate) fn apart(exchange: Exchange, event: &MessageDescriptor) -> Vec<Exchange> {
    if exchange.opening.url.is_some() {
        return vec![exchange];
    }
    let whole: Vec<u8> = exchange.pieces.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    let mut starts = begins(&whole, event);
    if starts.len() < 2 {
        return vec![exchange];
    }
    starts.splice(..1, [0]);
    let ends = starts.iter().skip(1).copied().chain([whole.len()]).collect::<Vec<_>>();
    let whole = Bytes::from(whole);
    let part = |(start, end): (usize, usize)| {
        let places = (start..end).step_by(PIECE);
        let pieces = places.map(|place| (0, whole.slice(place..end.min(place + PIECE)))).collect();
        Exchange { pieces, status: exchange.status, is_whole: exchange.is_whole, ..Exchange::default() }
    };
    starts.into_iter().zip(ends).map(part).collect()
}

/// Where in `stream` answers begin.
fn begins(stream: &[u8], event: &MessageDescriptor) -> Vec<usize> {
    let (mut frames, mut found) = (Frames::default(), Vec::new());
    frames.push(stream, &mut found);
    frames.finish(&mut found);
    let is_first = |data: &str| {
        let message = schema::decode_spelled(event, data.trim().as_bytes());
        message.is_ok_and(|message| message.has_field_by_name("init"))
    };
    let firsts = found.iter().filter(|frame| frame.data.as_deref().is_ok_and(is_first));
    firsts.filter_map(|frame| usize::try_from(frame.offset).ok()).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::apart;
    use crate::{
        capture::{Opening, replay::load::Exchange},
        schema::Schema,
    };

    const ANSWER: &str = "data: CggKAmMxEgJyMQ==\n\ndata: GgISAA==\n\n";

    fn parts(stream: &str, url: Option<&str>) -> Vec<String> {
        let event = Schema::embedded().message("ResponseEvent").unwrap();
        let opening = Opening { url: url.map(str::to_owned), ..Opening::default() };
        let (one, two) = stream.split_at(stream.len() / 3);
        let pieces = vec![(0, Bytes::from(one.to_owned())), (0, Bytes::from(two.to_owned()))];
        let found = apart(Exchange { opening, pieces, status: 200, is_whole: true, ..Exchange::default() }, &event);
        assert!(found.iter().all(|part| part.status == 200 && part.is_whole));
        let text = |part: &Exchange| {
            let bytes: Vec<u8> = part.pieces.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
            String::from_utf8(bytes).unwrap()
        };
        found.iter().map(text).collect()
    }

    #[test]
    fn answers_that_were_joined_are_taken_apart() {
        assert_eq!(parts(ANSWER, None), [ANSWER]);
        assert_eq!(parts("data: ?\n\n", None), ["data: ?\n\n"]);
        let noted = format!(": note\n\n{ANSWER}");
        assert_eq!(parts(&format!("{noted}{ANSWER}{ANSWER}"), None), [noted.as_str(), ANSWER, ANSWER]);
        let both = ANSWER.repeat(2);
        assert_eq!(parts(&both, Some("http://x")), [both]);
    }
}
