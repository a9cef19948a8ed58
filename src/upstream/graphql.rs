//! The call that every question about the account makes: GraphQL over HTTP (`WARP-PROTOCOL.md` §6.1).
//!
//! It must not know what is asked, nor whose account it is.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::{secret::Secret, upstream::identity};

/// A question. Its query has one variable, `$rc`, the request context.
pub(crate) struct Operation {
    /// The name that the query gives it.
    pub(crate) name: &'static str,
    /// The query.
    pub(crate) query: &'static str,
}

/// How long a question may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Far more than any answer needs.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Why a question about the account has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphqlError {
    /// The upstream does not accept the bearer.
    #[error("Warp does not accept this credential")]
    Unauthorized,
    /// The upstream answered with another failure.
    #[error("Warp answered {status}")]
    Status {
        /// Its HTTP status.
        status: u16,
    },
    /// The upstream cannot be reached, or its answer broke off.
    #[error("Warp cannot be asked: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// The upstream understood and will not tell.
    #[error("Warp does not tell: {message}")]
    Refused {
        /// Its own words.
        message: String,
    },
    /// The answer is not what the schema says.
    #[error("Warp's answer cannot be read: {problem}")]
    Unreadable {
        /// What is wrong with it.
        problem: String,
    },
}

/// Asks `operation` about the account of `bearer`; gives what its field `user` holds. `client` sends the headers of
/// [`identity::headers`] by itself; `version` is the client version that the user has set, if any.
pub(crate) async fn ask_user(
    client: &Client,
    root: &str,
    version: Option<&str>,
    bearer: &Secret,
    operation: &Operation,
) -> Result<Value, GraphqlError> {
    let url = format!("{}/graphql/v2?op={}", root.trim_end_matches('/'), operation.name);
    let variables = json!({"rc": identity::request_context(version)});
    let body = json!({"query": operation.query, "variables": variables, "operationName": operation.name});
    let request = client.post(url).timeout(TIMEOUT);
    let response = request.bearer_auth(bearer.expose()).json(&body).send().await.map_err(unreachable)?;
    match response.status() {
        status if status.is_success() => user(&read(response).await?),
        StatusCode::UNAUTHORIZED => Err(GraphqlError::Unauthorized),
        status => Err(GraphqlError::Status { status: status.as_u16() }),
    }
}

/// The answer is not what the schema says.
pub(crate) fn unreadable(problem: &str) -> GraphqlError {
    GraphqlError::Unreadable { problem: problem.to_owned() }
}

/// The user in an answer, unless it is a refusal.
fn user(body: &[u8]) -> Result<Value, GraphqlError> {
    let mut answer: Value = serde_json::from_slice(body).map_err(|error| unreadable(&error.to_string()))?;
    let said = |error: &Value| GraphqlError::Refused { message: shown(error["message"].as_str()) };
    if let Some(error) = answer["errors"].get(0) {
        return Err(said(error));
    }
    let user = &answer["data"]["user"];
    if user["__typename"] == "UserFacingError" {
        return Err(said(&user["error"]));
    }
    let user = answer.pointer_mut("/data/user/user").map(Value::take);
    user.filter(Value::is_object).ok_or_else(|| unreadable("it names no user"))
}

async fn read(mut response: Response) -> Result<Vec<u8>, GraphqlError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(unreadable("it is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreachable(error: reqwest::Error) -> GraphqlError {
    let reason = if error.is_timeout() { "no answer in time".to_owned() } else { error.without_url().to_string() };
    GraphqlError::Unreachable { reason }
}

/// The upstream's own words, cut to a line and free of control characters.
fn shown(message: Option<&str>) -> String {
    message.unwrap_or("no reason given").chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{HeaderMap, StatusCode, Uri},
        routing::post,
    };
    use reqwest::Client;
    use serde_json::{Value, json};
    use tokio::{net::TcpListener, task::JoinSet};

    use super::{GraphqlError, Operation, ask_user, user};
    use crate::{secret::Secret, upstream::identity};

    const OPERATION: Operation =
        Operation { name: "GetUser", query: "query GetUser($rc: RequestContext!) { user { __typename } }" };

    fn problem(body: &Value) -> GraphqlError {
        user(body.to_string().as_bytes()).unwrap_err()
    }

    #[test]
    fn refusals_and_nonsense_are_told_apart() {
        let refused = |message: &str| GraphqlError::Refused { message: message.to_owned() };
        assert_eq!(problem(&json!({"errors": [{"message": "no\u{1b} such user"}]})), refused("no such user"));
        let facing = json!({"data": {"user": {"__typename": "UserFacingError", "error": {"message": "delinquent"}}}});
        assert_eq!(problem(&facing), refused("delinquent"));
        assert_eq!(problem(&json!({"errors": [17]})), refused("no reason given"));
        for body in [json!({}), json!([]), json!(7), json!({"data": {"user": {"user": null}}})] {
            assert!(matches!(problem(&body), GraphqlError::Unreadable { .. }), "{body}");
        }
        assert!(matches!(user(b"<html>"), Err(GraphqlError::Unreadable { .. })));
    }

    /// Asks a server that checks the request and answers with `status`.
    async fn asked(status: StatusCode) -> Result<Value, GraphqlError> {
        let serve = async move |uri: Uri, headers: HeaderMap, body: String| {
            assert_eq!(uri.query(), Some("op=GetUser"));
            assert_eq!(headers["authorization"], "Bearer wk-1.a");
            assert_eq!(headers["x-warp-client-id"], "warp2api");
            assert_eq!(headers["content-type"], "application/json");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["operationName"], "GetUser");
            assert!(body["query"].as_str().unwrap().starts_with("query GetUser("));
            assert!(body["variables"]["rc"]["osContext"].is_object());
            (status, json!({"data": {"user": {"__typename": "UserOutput", "user": {"a": 1}}}}).to_string())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().route("/graphql/v2", post(serve));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let client = Client::builder().no_proxy().default_headers(identity::headers(None)).build().unwrap();
        ask_user(&client, &root, None, &Secret::new("wk-1.a"), &OPERATION).await
    }

    #[tokio::test]
    async fn the_request_is_what_the_service_expects_and_its_status_counts() {
        assert_eq!(asked(StatusCode::OK).await, Ok(json!({"a": 1})));
        assert_eq!(asked(StatusCode::UNAUTHORIZED).await, Err(GraphqlError::Unauthorized));
        assert_eq!(asked(StatusCode::BAD_GATEWAY).await, Err(GraphqlError::Status { status: 502 }));
    }

    #[tokio::test]
    async fn nobody_there_is_said_so() {
        let client = Client::builder().no_proxy().build().unwrap();
        let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", unused.local_addr().unwrap());
        drop(unused);
        let error = ask_user(&client, &root, None, &Secret::new("secret-1"), &OPERATION).await.unwrap_err();
        assert!(matches!(error, GraphqlError::Unreachable { .. }));
        assert!(!format!("{error:?}").contains("secret-1"));
    }
}
