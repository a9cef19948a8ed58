//! Builds responses: JSON, a dialect's errors, and headers that are made of words from outside.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde_json::Value;

use crate::{
    dialect::Dialect,
    turn::{ErrorKind, TurnError},
};

/// The longest header that is made here.
const MOST_HEADER_BYTES: usize = 2048;

/// A response with a JSON body.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    with_body(status, "application/json", Body::from(serde_json::to_vec(value).unwrap_or_default()))
}

/// A response with a body of the given type.
pub(crate) fn with_body(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The response that says `error` in the form of `dialect`.
pub(crate) fn error(dialect: &dyn Dialect, error: &TurnError, request_id: &str) -> Response<Body> {
    let reply = dialect.error(error, request_id);
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, &reply.body);
    for (name, value) in reply.headers {
        put(response.headers_mut(), HeaderName::from_static(name), &value);
    }
    if error.kind == ErrorKind::ClientKey {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Sets a header to `value`, of which only what a header can hold is left.
pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    let is_visible = |character: char| (' '..='~').contains(&character);
    let fits = value.len() <= MOST_HEADER_BYTES && value.bytes().all(|byte| is_visible(byte.into()));
    let value = match fits {
        true => HeaderValue::from_str(value),
        false => {
            let visible = |character| if is_visible(character) { character } else { '?' };
            HeaderValue::try_from(value.chars().map(visible).take(MOST_HEADER_BYTES).collect::<String>())
        }
    };
    if let Ok(value) = value {
        headers.insert(name, value);
    }
}

/// Sets a header to a list of names, unless there are none.
pub(crate) fn put_names(headers: &mut HeaderMap, name: &'static str, names: &[String]) {
    if !names.is_empty() {
        put(headers, HeaderName::from_static(name), &names.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::put_names;

    #[test]
    fn words_from_outside_cannot_break_a_header() {
        let mut headers = HeaderMap::new();
        put_names(&mut headers, "x-warp2api-ignored", &[]);
        assert!(headers.is_empty());
        put_names(&mut headers, "x-warp2api-ignored", &["a\r\nset-cookie: b".to_owned(), "ü".to_owned()]);
        assert_eq!(headers["x-warp2api-ignored"], "a??set-cookie: b, ?");
        put_names(&mut headers, "x-warp2api-ignored", &["x".repeat(100_000)]);
        assert_eq!(headers["x-warp2api-ignored"].len(), 2048);
    }
}
