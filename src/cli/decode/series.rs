//! `decode` of bytes as they are: one message, or a length-delimited series, each item shown as soon as it is complete.
//! It must not know how a message is shown.

use std::io::{BufRead, Cursor, Read as _};

use anyhow::Context as _;

use crate::{
    cli::{decode::Decoding, exit::Failure},
    schema::{
        MAX_MESSAGE_BYTES,
        series::{self, Taken},
    },
};

/// Bytes that could still be a message and a series after so many are a message.
const DOUBT_LIMIT: usize = 4096;

impl Decoding<'_> {
    /// Bytes that are a message or a series of them.
    pub(super) fn bytes(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut seen = Vec::new();
        // Judging costs, so what is known to be unfinished is judged again when it has doubled, or ended.
        let mut judged_at = 0;
        loop {
            let at_end = !self.read_more(&mut input, &mut seen)?;
            if !at_end && seen.len() < judged_at {
                continue;
            }
            let doubt_is_over = at_end || seen.len() > DOUBT_LIMIT;
            match series::tell(&seen, at_end, |bytes| self.view.fits(bytes)) {
                Taken::Series => return self.series(Cursor::new(seen).chain(input)),
                Taken::Either if !doubt_is_over => judged_at = 0,
                Taken::Unfinished if !at_end && seen.len() <= MAX_MESSAGE_BYTES => {
                    judged_at = if seen.len() < DOUBT_LIMIT { 0 } else { seen.len() * 2 }
                }
                Taken::Message | Taken::Either | Taken::Unfinished => {
                    return self.whole(Cursor::new(seen).chain(input));
                }
            }
        }
    }

    /// Messages behind their lengths. Behind a message that is broken the next begins where its length says; behind a
    /// length that is broken nothing can be found.
    pub(super) fn series(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut seen = Vec::new();
        let (mut at, mut offset) = (0, 0);
        let mut number = 0u64;
        loop {
            let rest = seen.get(at..).unwrap_or_default();
            let place = |number: u64| format!("message {} (at byte {offset})", number + 1);
            match series::first(rest) {
                Ok(Some(item)) => {
                    let shown = self.view.show(item.message);
                    let taken = item.taken;
                    self.item(&place(number), shown)?;
                    number += 1;
                    at += taken;
                    offset += taken;
                }
                Ok(None) => {
                    seen.drain(..at);
                    at = 0;
                    self.output.flush()?;
                    if !self.read_more(&mut input, &mut seen)? {
                        break;
                    }
                }
                Err(error) => {
                    return Err(Failure::input(format!("{}, {}: {error}", self.name, place(number)))
                        .hint("what follows a broken length cannot be found; `--input raw` reads one message"));
                }
            }
        }
        if seen.is_empty() {
            return Ok(());
        }
        let place = format!("message {} (at byte {offset})", number + 1);
        self.broken(&place, &"the input ends in the middle of a message")
    }

    /// Takes what there is; `false` at the end.
    fn read_more(&self, input: &mut impl BufRead, seen: &mut Vec<u8>) -> Result<bool, Failure> {
        let more = input.fill_buf().with_context(|| format!("cannot read {}", self.name))?;
        let taken = more.len();
        seen.extend_from_slice(more);
        input.consume(taken);
        Ok(taken > 0)
    }
}
