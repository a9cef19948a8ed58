//! What is asked of the upstream: it stands in the words that a client says, so that it goes through any proxy that passes
//! them on.

use std::{fmt, time::Duration};

use anyhow::{Context as _, bail};

const OPENING: &str = "[bench ";
const CLOSING: u8 = b']';

/// How an answer is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Text events.
    pub events: u64,
    /// How many of them come at once.
    pub burst: u64,
    /// The time between bursts.
    pub pause: Duration,
    /// Each text says when it was sent.
    pub stamped: bool,
    /// The connection breaks after so many texts.
    pub cut: Option<u64>,
    /// The answer ends properly after so many texts, as far as HTTP goes, but without the events that end it.
    pub short: Option<u64>,
}

impl Default for Order {
    fn default() -> Self {
        Self { events: 2, burst: u64::MAX, pause: Duration::ZERO, stamped: false, cut: None, short: None }
    }
}

impl Order {
    /// Reads `events=500,burst=50,pause_us=1000,stamped,cut=3,short=3`; each part may be missing.
    ///
    /// # Errors
    /// When a part is not one of these.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut order = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let number = || value.parse::<u64>().with_context(|| format!("{part:?} holds no number"));
            match name {
                "events" => order.events = number()?,
                "burst" => order.burst = number()?.max(1),
                "pause_us" => order.pause = Duration::from_micros(number()?),
                "stamped" => order.stamped = true,
                "cut" => order.cut = Some(number()?),
                "short" => order.short = Some(number()?),
                _ => bail!("an order has no part {name:?}"),
            }
        }
        Ok(order)
    }

    /// Finds the order in a request, whatever surrounds it. Without one a short answer is meant.
    ///
    /// # Errors
    /// When there is an order that cannot be read.
    pub fn find(request: &[u8]) -> anyhow::Result<Self> {
        let Some(at) = memchr::memmem::find(request, OPENING.as_bytes()) else { return Ok(Self::default()) };
        let rest = &request[at + OPENING.len()..];
        let end = memchr::memchr(CLOSING, rest).context("an order has no end")?;
        Self::parse(std::str::from_utf8(&rest[..end]).context("an order is not text")?)
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPENING}events={}", self.events)?;
        if self.burst != u64::MAX {
            write!(f, ",burst={}", self.burst)?;
        }
        if !self.pause.is_zero() {
            write!(f, ",pause_us={}", self.pause.as_micros())?;
        }
        if self.stamped {
            f.write_str(",stamped")?;
        }
        for (name, place) in [("cut", self.cut), ("short", self.short)] {
            if let Some(place) = place {
                write!(f, ",{name}={place}")?;
            }
        }
        write!(f, "{}", CLOSING as char)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_found_again_in_the_middle_of_a_request() {
        let orders = ["", "events=500,burst=50,pause_us=1000", "events=1,stamped", "cut=3", "events=9,short=2"];
        for order in orders.map(|text| Order::parse(text).unwrap()) {
            let request = format!("\x0a\x10{order} turn 1\x12");
            assert_eq!(Order::find(request.as_bytes()).unwrap(), order);
        }
        assert_eq!(Order::find(b"hello").unwrap(), Order::default());
        assert!(Order::find(b"[bench events=x]").is_err());
        assert!(Order::find(b"[bench events=1").is_err());
        assert!(Order::parse("speed=1").is_err());
    }
}
