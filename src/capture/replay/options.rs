//! How to play captures, and how that is written: `PATH[,speed=…][,match=…][,cut=…][,stall=…][,corrupt=…][,status=…]`.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

/// At which pace answers come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speed {
    /// At that of the recording, where it is known.
    #[default]
    Recorded,
    /// At once.
    Full,
}

/// Which capture answers a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Match {
    /// The next one; behind the last comes the first.
    #[default]
    Order,
    /// The one that was recorded with the same request, but for ids and times.
    Request,
}

/// What to play, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// A capture, or a directory of them.
    pub path: PathBuf,
    /// The pace.
    pub speed: Speed,
    /// Which capture answers.
    pub order: Match,
    /// Breaks the connection after so many bytes of an answer.
    pub cut: Option<u64>,
    /// Falls silent for so long behind the first event of an answer.
    pub stall: Option<Duration>,
    /// Spoils this event of an answer, counted from 1.
    pub corrupt: Option<u64>,
    /// Refuses with this status instead of answering.
    pub status: Option<u16>,
}

impl Options {
    /// Reads the text behind `replay:`.
    ///
    /// # Errors
    /// When there is no path, or an option has a value that it cannot have; the message says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut path = text;
        // A path may hold commas, so options are taken off the end as long as there are any.
        while let Some((before, option)) = path.rsplit_once(',') {
            let Some((name, value)) = option.split_once('=') else { break };
            if !options.set(name, value)? {
                if !Path::new(path).exists() && Path::new(before).exists() {
                    return Err(format!("no option {name:?}; there are speed, match, cut, stall, corrupt and status"));
                }
                break;
            }
            path = before;
        }
        if path.is_empty() {
            return Err("expected replay:PATH, a capture or a directory of captures".to_owned());
        }
        options.path = PathBuf::from(path);
        Ok(options)
    }

    /// Takes one option. Returns false when there is none of that name.
    fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match (name, value) {
            ("speed", "recorded") => self.speed = Speed::Recorded,
            ("speed", "full") => self.speed = Speed::Full,
            ("speed", _) => return Err("speed is recorded or full".to_owned()),
            ("match", "order") => self.order = Match::Order,
            ("match", "request") => self.order = Match::Request,
            ("match", _) => return Err("match is order or request".to_owned()),
            ("cut", _) => self.cut = Some(number(value, "cut is a number of bytes")?),
            ("stall", _) => {
                self.stall = Some(Duration::from_millis(number(value, "stall is a number of milliseconds")?));
            }
            ("corrupt", _) => {
                let event = number(value, "corrupt is the number of an event, from 1")?;
                self.corrupt = Some(event).filter(|event| *event > 0);
                self.corrupt.ok_or_else(|| "events are counted from 1".to_owned())?;
            }
            ("status", _) => {
                let status: u16 = number(value, "status is a number from 400 to 599")?;
                self.status = Some(status).filter(|status| (400..600).contains(status));
                self.status.ok_or_else(|| "status is a number from 400 to 599".to_owned())?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn number<T: FromStr>(text: &str, expected: &str) -> Result<T, String> {
    text.parse().map_err(|_| expected.to_owned())
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the captures in {}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::{Match, Options, Speed};

    #[test]
    fn options_stand_behind_the_path() {
        let read = Options::parse("a,b=c/d.har,speed=full,match=request,cut=9,stall=20,corrupt=2,status=503").unwrap();
        assert_eq!(read.path, Path::new("a,b=c/d.har"));
        assert_eq!((read.speed, read.order), (Speed::Full, Match::Request));
        assert_eq!((read.cut, read.stall), (Some(9), Some(Duration::from_millis(20))));
        assert_eq!((read.corrupt, read.status), (Some(2), Some(503)));
        assert_eq!(Options::parse("x").unwrap(), Options { path: "x".into(), ..Options::default() });
        for wrong in
            ["", ",speed=full", "x,speed=fast", "x,match=", "x,cut=-1", "x,stall=1s", "x,corrupt=0", "x,status=200"]
        {
            assert!(Options::parse(wrong).is_err(), "{wrong}");
        }
    }
}
