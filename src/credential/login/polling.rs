//! When the device flow asks next, and when it gives up (RFC 8628 §3.5, `WARP-PROTOCOL.md` §5.3).
//!
//! It must not know HTTP: it decides by what an answer meant.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{credential::LoginError, secret::Secret};

/// No sign-in is waited for any longer.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// What `slow_down` adds to the interval.
const SLOWER: Duration = Duration::from_secs(5);
/// How far broken connections stretch the interval.
const LONGEST_AFTER_A_BREAK: Duration = Duration::from_secs(10);

/// Time, as far as the flow needs it. A parameter, so that a test need not wait.
pub trait Timer: Send + Sync {
    /// How long the flow has been going.
    fn elapsed(&self) -> Duration;

    /// Lets time pass.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// The time that everybody has.
#[derive(Debug, Clone, Copy)]
pub struct RealTime(Instant);

impl RealTime {
    /// Time from now on.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Timer for RealTime {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        tokio::time::sleep(time).boxed()
    }
}

/// What an answer to a poll means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The user has confirmed: the custom token.
    Granted(Secret),
    /// Not yet.
    Pending,
    /// Not yet, and less often.
    SlowDown,
    /// There was no answer.
    Broken,
    /// An OAuth error that ends the flow.
    Refused(String),
}

/// Where the flow stands.
#[derive(Debug)]
pub(crate) struct Polling {
    interval: Duration,
    end: Duration,
}

impl Polling {
    /// A flow that began just now, whose code lives for `life`.
    pub(crate) fn new(interval: Duration, life: Duration) -> Self {
        Self { interval, end: life.min(LONGEST_WAIT) }
    }

    /// How long to wait before the next poll, `elapsed` after the start.
    pub(crate) fn wait(&self, elapsed: Duration) -> Result<Duration, LoginError> {
        if elapsed + self.interval >= self.end { Err(LoginError::Expired) } else { Ok(self.interval) }
    }

    /// What follows from an answer: the custom token, or a further poll.
    pub(crate) fn heard(&mut self, answer: Answer) -> Result<Option<Secret>, LoginError> {
        match answer {
            Answer::Granted(token) => return Ok(Some(token)),
            Answer::Pending => {}
            Answer::SlowDown => self.interval += SLOWER,
            Answer::Broken => self.interval = self.interval.max(LONGEST_AFTER_A_BREAK.min(self.interval * 2)),
            Answer::Refused(code) => {
                return Err(match code.as_str() {
                    "access_denied" => LoginError::Denied,
                    "expired_token" => LoginError::Expired,
                    _ => LoginError::Refused { code },
                });
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_interval_grows_and_never_shrinks() {
        let mut polling = Polling::new(seconds(3), seconds(600));
        let mut after = |answer| {
            assert!(polling.heard(answer).unwrap().is_none());
            polling.wait(Duration::ZERO).unwrap()
        };
        assert_eq!(after(Answer::Pending), seconds(3));
        assert_eq!(after(Answer::Broken), seconds(6));
        assert_eq!(after(Answer::Broken), seconds(10));
        assert_eq!(after(Answer::Broken), seconds(10));
        assert_eq!(after(Answer::SlowDown), seconds(15));
        assert_eq!(after(Answer::Broken), seconds(15));
        assert_eq!(after(Answer::Pending), seconds(15));
    }

    #[test]
    fn the_flow_ends_with_its_code_and_after_ten_minutes_at_the_latest() {
        let short = Polling::new(seconds(5), seconds(60));
        assert_eq!(short.wait(seconds(54)), Ok(seconds(5)));
        assert_eq!(short.wait(seconds(55)), Err(LoginError::Expired));
        let long = Polling::new(seconds(5), seconds(100_000));
        assert_eq!(long.wait(seconds(594)), Ok(seconds(5)));
        assert_eq!(long.wait(seconds(595)), Err(LoginError::Expired));
    }

    #[test]
    fn each_refusal_is_an_error_of_its_own() {
        let mut polling = Polling::new(seconds(5), seconds(60));
        let mut refused = |code: &str| polling.heard(Answer::Refused(code.to_owned())).unwrap_err();
        assert_eq!(refused("access_denied"), LoginError::Denied);
        assert_eq!(refused("expired_token"), LoginError::Expired);
        assert_eq!(refused("invalid_grant"), LoginError::Refused { code: "invalid_grant".to_owned() });
    }
}
