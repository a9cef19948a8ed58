//! One question over GraphQL (`WARP-PROTOCOL.md` §6.1): its envelope, its headers, and its three ways to say no.
//!
//! It must not know any operation.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Map, Value, json};

use crate::{
    secret::Secret,
    service::{Address, identity, read_limited, reasons},
};

const TIMEOUT: Duration = Duration::from_secs(15);

/// Far more than any answer needs.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The operation's name.
    pub operation: &'a str,
    /// The query text, which defines the operation with a variable `$rc: RequestContext!`.
    pub query: &'a str,
    /// The one field of `data` that is wanted.
    pub field: &'a str,
    /// What is asked for, as an error names it: `the list of models`.
    pub what: &'static str,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphqlError {
    /// The service does not accept the bearer.
    #[error("Warp does not accept this credential when asked for {what}")]
    Unauthorized {
        /// What was asked for.
        what: &'static str,
    },
    /// The service answered with another failure.
    #[error("Warp answered {status} when asked for {what}")]
    Status {
        /// What was asked for.
        what: &'static str,
        /// Its HTTP status.
        status: u16,
    },
    /// The service cannot be reached, or its answer broke off.
    #[error("Warp cannot be asked for {what}: {reason}")]
    Unreachable {
        /// What was asked for.
        what: &'static str,
        /// What happened.
        reason: String,
        /// False when there was not even a connection, so that the question surely never arrived.
        sent: bool,
    },
    /// The service understood and will not tell.
    #[error("Warp does not tell {what}: {message}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// Its own words.
        message: String,
    },
    /// The answer is not what the schema says.
    #[error("Warp's answer to the question for {what} cannot be read: {problem}")]
    Unreadable {
        /// What was asked for.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Asked<'_> {
    /// Asks the service at `address` on behalf of `bearer` (nobody, for the few operations that anyone may ask), with
    /// `variables` beside the context that every operation gets. Returns the wanted field of the answer's data.
    ///
    /// # Errors
    /// When the service cannot be asked, refuses, or answers what cannot be read.
    pub async fn send(
        self,
        client: &Client,
        address: &Address,
        bearer: Option<&Secret>,
        mut variables: Map<String, Value>,
    ) -> Result<Value, GraphqlError> {
        let what = self.what;
        let url = format!("{}/graphql/v2?op={}", address.root.trim_end_matches('/'), self.operation);
        variables.insert("rc".to_owned(), identity::request_context(address.client_version.as_deref()));
        let body = json!({"query": self.query, "variables": variables, "operationName": self.operation});
        let mut request = client.post(url).timeout(TIMEOUT).json(&body);
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer.expose());
        }
        let unreachable = |error: reqwest::Error| {
            let sent = !error.is_connect() && !error.is_builder();
            GraphqlError::Unreachable { what, reason: reasons(&error), sent }
        };
        let response = request.send().await.map_err(unreachable)?;
        match response.status() {
            status if status.is_success() => {
                let body = read_limited(response, LARGEST_ANSWER).await.map_err(unreachable)?;
                self.field_of(&body.ok_or_else(|| self.unreadable("it is too large"))?)
            }
            StatusCode::UNAUTHORIZED => Err(GraphqlError::Unauthorized { what }),
            status => Err(GraphqlError::Status { what, status: status.as_u16() }),
        }
    }

    /// An answer that does not hold what it should.
    #[must_use]
    pub fn unreadable(self, problem: &str) -> GraphqlError {
        GraphqlError::Unreadable { what: self.what, problem: problem.to_owned() }
    }

    fn field_of(self, body: &[u8]) -> Result<Value, GraphqlError> {
        let mut answer: Value = serde_json::from_slice(body).map_err(|error| self.unreadable(&error.to_string()))?;
        let said = |error: &Value| GraphqlError::Refused { what: self.what, message: shown(error["message"].as_str()) };
        if let Some(error) = answer["errors"].get(0) {
            return Err(said(error));
        }
        // Indexing to change a value panics where the answer has another shape.
        let field =
            answer.get_mut("data").and_then(|data| data.get_mut(self.field)).map(Value::take).unwrap_or_default();
        match &field {
            Value::Object(fields) if fields.get("__typename").is_some_and(|name| name == "UserFacingError") => {
                Err(said(&field["error"]))
            }
            Value::Object(_) => Ok(field),
            _ => Err(self.unreadable(&format!("it has no {:?}", self.field))),
        }
    }
}

/// The service's own words, cut to a line and free of control characters.
fn shown(message: Option<&str>) -> String {
    message.unwrap_or("no reason given").chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'_> = Asked { operation: "GetThing", query: "", field: "thing", what: "the thing" };

    fn problem(body: &str) -> GraphqlError {
        ASKED.field_of(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn refusals_and_nonsense_are_told_apart() {
        let refused = |message: &str| GraphqlError::Refused { what: "the thing", message: message.to_owned() };
        assert_eq!(problem(r#"{"errors": [{"message": "no\u001b such user"}]}"#), refused("no such user"));
        let facing = r#"{"data": {"thing": {"__typename": "UserFacingError", "error": {"message": "delinquent"}}}}"#;
        assert_eq!(problem(facing), refused("delinquent"));
        assert_eq!(problem(r#"{"errors": [17]}"#), refused("no reason given"));
        for body in ["{}", "[]", "7", "<html>", r#"{"data": {"thing": null}}"#, r#"{"data": {"other": {}}}"#] {
            assert!(matches!(problem(body), GraphqlError::Unreadable { .. }), "{body}");
        }
        assert_eq!(ASKED.field_of(br#"{"data": {"thing": {"a": 1}}}"#), Ok(json!({"a": 1})));
    }
}
