//! Takes in a request's body: decompressed, bounded, whole.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _},
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, EXPECT},
    },
};
use http_body_util::BodyExt;

use crate::turn::{ErrorKind, TurnError};

/// A client that sends too much is listened to a little longer, for one that is cut off while it still sends may never
/// read why.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body that nobody wants is waited for only as long as it takes to arrive right behind its head, and only so many
/// bytes of it are read.
const UNWANTED_PATIENCE: Duration = Duration::from_millis(250);
const MOST_UNWANTED: usize = 1024 * 1024;

/// The whole body, whose encoding has already been undone if it is a known one.
///
/// # Errors
/// When the encoding is unknown, the data is corrupt, there is more than `limit` bytes of it, or nothing of it comes for
/// as long as `patience`.
pub(crate) async fn whole(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, TurnError> {
    check_encoding(headers)?;
    let mut whole = Vec::new();
    while let Some(frame) = tokio::time::timeout(patience, body.frame()).await.map_err(|_| stopped(patience))? {
        let frame = frame.map_err(|error| corrupt(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len().saturating_add(data.len()) > limit {
            drop(whole);
            // Whether it ended or the time was up makes no difference to the answer.
            hear_out(&mut body, limit.saturating_mul(3), PATIENCE).await;
            let message = format!("The request body is larger than {limit} bytes, which is this server's limit.");
            return Err(TurnError::new(ErrorKind::BodyTooLarge, message));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole)
}

/// Whatever encoding is still named was not undone.
fn check_encoding(headers: &HeaderMap) -> Result<(), TurnError> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(()) };
    if encoding.is_empty() || encoding == "identity" {
        return Ok(());
    }
    let encoding: String = String::from_utf8_lossy(encoding.as_bytes()).chars().take(100).collect();
    let message = format!("The content encoding `{encoding}` is not known; use gzip, deflate, br, zstd or none.");
    Err(TurnError::new(ErrorKind::UnsupportedEncoding, message))
}

fn stopped(patience: Duration) -> TurnError {
    let message =
        format!("The request body stopped half-way: nothing more of it came for {} s.", patience.as_secs_f32());
    TurnError::new(ErrorKind::InvalidRequest, message)
}

fn corrupt(error: &axum::Error) -> TurnError {
    TurnError::new(ErrorKind::InvalidRequest, format!("The request body cannot be read: {error}."))
}

/// Passes over a body that the answer does not depend on. False when there is more of it to come: then the connection
/// cannot carry another request, and the client must be told.
pub(crate) async fn pass_over(headers: &HeaderMap, body: &mut Body) -> bool {
    // A client that asks before it sends is not to be encouraged.
    body.is_end_stream() || (!headers.contains_key(EXPECT) && hear_out(body, MOST_UNWANTED, UNWANTED_PATIENCE).await)
}

/// Reads on without keeping anything, for a while and up to `most` bytes; true when the end was reached.
async fn hear_out(body: &mut Body, most: usize, patience: Duration) -> bool {
    let mut left = most;
    let reading = async {
        while let Some(frame) = body.frame().await {
            left = left.saturating_sub(frame.ok()?.data_ref().map_or(0, |data| data.len()));
            if left == 0 {
                return None;
            }
        }
        Some(())
    };
    tokio::time::timeout(patience, reading).await.is_ok_and(|end| end.is_some())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{
        body::Body,
        http::{HeaderMap, HeaderValue, header::EXPECT},
    };
    use futures_util::{StreamExt as _, stream};

    use super::{pass_over, whole};
    use crate::turn::{ErrorKind, TurnError};

    async fn whole_of(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, TurnError> {
        whole(headers, body, 10, Duration::from_secs(60)).await
    }

    #[tokio::test]
    async fn the_limit_is_exact() {
        let taken = async |text: &'static str| whole_of(&HeaderMap::new(), Body::from(text)).await;
        assert_eq!(taken("0123456789").await.unwrap(), b"0123456789");
        let error = taken("0123456789a").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BodyTooLarge);
    }

    #[tokio::test]
    async fn an_unknown_encoding_is_named() {
        let encoded = |name: &str| HeaderMap::from_iter([("content-encoding".parse().unwrap(), name.parse().unwrap())]);
        let error = whole_of(&encoded("compress"), Body::from("x")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::UnsupportedEncoding);
        assert!(error.message.contains("`compress`"));
        assert_eq!(whole_of(&encoded("identity"), Body::from("x")).await.unwrap(), b"x");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_half_way_is_not_waited_for() {
        let began = tokio::time::Instant::now();
        let half = stream::once(async { Ok::<_, std::io::Error>("half") }).chain(stream::pending());
        let error = whole_of(&HeaderMap::new(), Body::from_stream(half)).await.unwrap_err();
        assert_eq!((error.kind, began.elapsed()), (ErrorKind::InvalidRequest, Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn an_unwanted_body_is_passed_over_within_bounds() {
        let silent = || Body::from_stream(stream::pending::<Result<&'static str, std::io::Error>>());
        let none = HeaderMap::new();
        assert!(pass_over(&none, &mut Body::empty()).await);
        assert!(pass_over(&none, &mut Body::from("0123456789")).await);
        assert!(!pass_over(&none, &mut Body::from("x".repeat(1024 * 1024))).await);
        assert!(!pass_over(&none, &mut silent()).await);
        let asking = HeaderMap::from_iter([(EXPECT, HeaderValue::from_static("100-continue"))]);
        assert!(!pass_over(&asking, &mut Body::from("0123456789")).await);
    }
}
