//! `decode` of server-sent events, each shown as soon as it is complete. It must not know how a message is shown.

use std::io::BufRead;

use anyhow::Context as _;
use bytes::Bytes;

use crate::{
    cli::{
        decode::{Decoding, blocks::Blocks},
        exit::Failure,
    },
    sse::{self, SseError},
    upstream::payload,
};

/// A stream that is being read.
#[derive(Default)]
struct Reading {
    blocks: Blocks,
    decoder: sse::Decoder,
    /// Lines that stand before those the decoder has seen.
    lines_before: u64,
    /// Events with data so far.
    events: u64,
    /// The block is broken, and what is left of it is passed over.
    passing: bool,
}

impl Decoding<'_> {
    pub(super) fn events(&mut self, mut input: impl BufRead) -> Result<(), Failure> {
        let mut reading = Reading::default();
        loop {
            let chunk = input.fill_buf().with_context(|| format!("cannot read {}", self.name))?;
            let chunk = Bytes::copy_from_slice(chunk);
            input.consume(chunk.len());
            if chunk.is_empty() {
                break;
            }
            let mut rest = chunk;
            while !rest.is_empty() {
                let (taken, ended) = reading.blocks.take(&rest);
                let piece = rest.split_to(taken);
                self.piece(&mut reading, &piece)?;
                if ended {
                    self.end_block(&mut reading);
                }
            }
            self.output.flush()?;
        }
        if !reading.passing {
            let mut events = Vec::new();
            let read = reading.decoder.finish(&mut events);
            self.show_all(&mut reading, &events, read)?;
        }
        if reading.events == 0 {
            return Err(Failure::input(format!("{} holds no events with data", self.name)));
        }
        Ok(())
    }

    fn piece(&mut self, reading: &mut Reading, piece: &Bytes) -> Result<(), Failure> {
        if reading.passing {
            return Ok(());
        }
        let mut events = Vec::new();
        let read = reading.decoder.push(piece, &mut events);
        self.show_all(reading, &events, read)
    }

    /// Behind a broken block a new decoder begins.
    fn end_block(&self, reading: &mut Reading) {
        reading.blocks.begin();
        if reading.passing {
            reading.decoder = sse::Decoder::default();
            reading.lines_before = reading.blocks.lines_before();
            reading.passing = false;
        }
    }

    fn show_all(
        &mut self,
        reading: &mut Reading,
        events: &[sse::Event],
        read: Result<(), SseError>,
    ) -> Result<(), Failure> {
        for event in events {
            let shown = match payload::decode(&event.data) {
                Ok(None) => continue,
                Ok(Some(bytes)) => self.view.show(&bytes),
                Err(error) => Err(error),
            };
            reading.events += 1;
            self.item(&place(reading), shown)?;
        }
        let Err(error) = read else { return Ok(()) };
        reading.events += 1;
        reading.passing = true;
        let error = in_stream(error, reading.lines_before);
        self.broken(&place(reading), &error)
    }
}

fn place(reading: &Reading) -> String {
    format!("event {} (at byte {})", reading.events, reading.blocks.start())
}

/// The error with the line counted from the start of the stream.
fn in_stream(error: SseError, lines_before: u64) -> SseError {
    match error {
        SseError::Utf8 { line } => SseError::Utf8 { line: line + lines_before },
        SseError::TooLarge { limit, line } => SseError::TooLarge { limit, line: line + lines_before },
        SseError::Malformed { line } => SseError::Malformed { line: line + lines_before },
    }
}
