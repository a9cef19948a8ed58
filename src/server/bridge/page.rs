//! The page at `/gui`: one document with everything in it, which loads nothing from anywhere else.
//!
//! It is told by a policy to run only its own script, to be framed by nobody and to talk to nobody but the bridge. It
//! must not know what a turn is: its script does.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};

const DOCUMENT: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// `GET /gui`.
pub(super) async fn serve() -> Response {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let document = DOCUMENT.replace("{{nonce}}", &nonce).replace("{{style}}", STYLE).replace("{{script}}", SCRIPT);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut response = Html(document).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The headers that every answer has, so that no browser makes of it what it is not.
pub(super) fn put_safety(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
}
