//! A failure in the middle of an answer: the codes by which the Codex CLI decides whether to try again and what to say
//! (`CLIENTS.md` §3.3).

use serde_json::{Value, json};

use crate::{
    dialect::openai::error,
    turn::{ErrorKind, TurnError},
};

/// The member `error` of a response that failed.
pub(crate) fn error(error: &TurnError) -> Value {
    // A client that does not know a code tries again, so every failure that another try cannot mend must have one that
    // is known.
    let code = match error.kind {
        ErrorKind::InvalidRequest => "invalid_prompt",
        kind => error::code(kind).unwrap_or("server_error"),
    };
    json!({"code": code, "message": message(error)})
}

/// What the client says to its user. One client takes the time to wait from these very words.
fn message(error: &TurnError) -> String {
    match (error.kind, error.retry_after) {
        (ErrorKind::RateLimited, Some(wait)) => {
            format!("{} Please try again in {:.3}s.", error.message, wait.as_secs_f64())
        }
        (_, _) => error.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::error;
    use crate::turn::{ErrorKind, TurnError};

    #[test]
    fn codes_are_those_that_codex_knows() {
        let code = |kind| error(&TurnError::new(kind, "x"))["code"].as_str().unwrap().to_owned();
        assert_eq!(code(ErrorKind::ContextLengthExceeded), "context_length_exceeded");
        assert_eq!(code(ErrorKind::QuotaExhausted), "insufficient_quota");
        assert_eq!(code(ErrorKind::RateLimited), "rate_limit_exceeded");
        assert_eq!(code(ErrorKind::InvalidRequest), "invalid_prompt");
        assert_eq!(code(ErrorKind::Truncated), "upstream_truncated");
    }

    #[test]
    fn the_time_to_wait_is_in_the_words() {
        let limited = TurnError::new(ErrorKind::RateLimited, "Too many.").retry_after(Duration::from_millis(1_200));
        assert_eq!(error(&limited)["message"], "Too many. Please try again in 1.200s.");
        let limited = TurnError::new(ErrorKind::RateLimited, "Too many.");
        assert_eq!(error(&limited)["message"], "Too many.");
    }
}
