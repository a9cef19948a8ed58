//! `decode` of recordings: a HAR, or a capture of ours. What is shown is the events of the answers, or the requests when
//! those are asked for. It must not know how a message is shown.

use std::io::BufRead;

use crate::{
    capture::{self, Frame, Frames, Piece},
    cli::{decode::Decoding, exchanges::Stop, exit::Failure},
    upstream::payload,
};

/// A recording that is being read.
#[derive(Default)]
struct Reading {
    /// True when the requests are wanted, and not the answers.
    requests: bool,
    /// Exchanges so far.
    exchanges: u64,
    /// Events of the exchange so far.
    events: u64,
    /// The answer is a refusal, which holds no events.
    is_refused: bool,
    frames: Frames,
    cut: Vec<Frame>,
}

impl Decoding<'_> {
    pub(super) fn recorded(&mut self, input: impl BufRead, requests: bool) -> Result<(), Failure> {
        let mut reading = Reading { requests, ..Reading::default() };
        let read = capture::read(input, &mut |piece| self.recorded_piece(&mut reading, piece).map_err(Stop::from));
        read.map_err(|stop| stop.of(&self.name))?;
        if self.good + self.bad == 0 {
            let what = if requests { "requests" } else { "response events" };
            return Err(Failure::input(format!("{} is a recording, but holds no {what}", self.name)));
        }
        Ok(())
    }

    fn recorded_piece(&mut self, reading: &mut Reading, piece: Piece) -> Result<(), Failure> {
        match piece {
            Piece::Begin(opening) => {
                *reading =
                    Reading { requests: reading.requests, exchanges: reading.exchanges + 1, ..Reading::default() };
                let place = format!("exchange {}", reading.exchanges);
                match opening.request.filter(|_| reading.requests) {
                    Some(request) => {
                        let shown = self.view.show(&request);
                        self.item(&place, shown)?;
                    }
                    None if reading.requests => self.broken(&place, &"its request was not recorded")?,
                    None => {}
                }
            }
            Piece::Answer { status, .. } => reading.is_refused = status != 200,
            Piece::Bytes { bytes, .. } if !reading.requests && !reading.is_refused => {
                reading.frames.push(&bytes, &mut reading.cut);
                self.recorded_events(reading)?;
            }
            Piece::Bytes { .. } => {}
            Piece::End { broken, .. } => {
                reading.frames.finish(&mut reading.cut);
                self.recorded_events(reading)?;
                if let Some(reason) = broken {
                    let place = format!("{}, exchange {}", self.name, reading.exchanges);
                    self.output.warn(&format!("{place}: it was not recorded to its end: {reason}"));
                }
            }
            Piece::Broken { .. } if reading.requests => {}
            Piece::Broken { offset: Some(offset), problem } => self.broken(&format!("at byte {offset}"), &problem)?,
            Piece::Broken { offset: None, problem } => self.broken("in the recording", &problem)?,
        }
        Ok(())
    }

    fn recorded_events(&mut self, reading: &mut Reading) -> Result<(), Failure> {
        for frame in std::mem::take(&mut reading.cut) {
            let decoded = frame.data.map(|data| payload::decode(&data));
            if matches!(decoded, Ok(Ok(None))) {
                continue;
            }
            reading.events += 1;
            let place = format!("exchange {}, event {} (at byte {})", reading.exchanges, reading.events, frame.offset);
            match decoded {
                Ok(Ok(wire)) => {
                    let shown = self.view.show(&wire.unwrap_or_default());
                    self.item(&place, shown)?;
                }
                Ok(Err(error)) => self.broken(&place, &error)?,
                Err(error) => self.broken(&place, &error)?,
            }
        }
        Ok(self.output.flush()?)
    }
}
