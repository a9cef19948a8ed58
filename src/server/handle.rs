//! The one handler: who asks, for what, may they; and the way out that every answer takes.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts},
};
use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    dialect::Operation,
    server::{
        Live, Server,
        accept::Crowded,
        body,
        client::Client,
        gate::overloaded,
        guard,
        kept::Shelf,
        models, ready, respond,
        route::{self, Target},
        scrape,
        turns::{self, Call},
    },
    turn::{ErrorKind, TurnError},
};

/// Answers `request`.
pub(crate) async fn request(State(live): State<Live>, request: Request) -> Response<Body> {
    let server = Arc::clone(&live.borrow());
    let request_id = format!("req_{}", uuid::Uuid::new_v4().simple());
    let (parts, mut body) = request.into_parts();
    let target = Target::of(parts.uri.path());
    let served = survive(serve(&server, &target, &request_id, &parts, &mut body)).await;
    let mut response = served.unwrap_or_else(|error| {
        tracing::debug!(request_id, path = parts.uri.path(), error = %error, "a request is refused");
        respond::error(target.dialect(&parts.headers), &error, &request_id)
    });
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(target.methods()));
    }
    // Each SDK looks for its own.
    for name in ["x-request-id", "request-id"] {
        respond::put(response.headers_mut(), HeaderName::from_static(name), &request_id);
    }
    server.config.metrics.answered(target.name(), response.status().as_u16());
    guard::put_cors(&server.config, &parts.headers, response.headers_mut());
    // A connection with an unread body on it is closed behind the answer; a client that is not told would use it again.
    let is_read = body::pass_over(&parts.headers, &mut body).await;
    let is_last = !is_read || is_crowded(&parts) || *server.draining.borrow();
    if is_last && parts.version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// True when the request came over a connection for which there is no room.
fn is_crowded(parts: &Parts) -> bool {
    parts.extensions.get::<Crowded>().is_some()
}

/// What `serving` gives, or an error when it panics: one request's fault must not be another's.
async fn survive<T>(serving: impl Future<Output = Result<T, TurnError>>) -> Result<T, TurnError> {
    // Whatever the panic left half done belongs to the future alone, and nobody looks at that any more.
    AssertUnwindSafe(serving).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a request met a fault of the gateway");
        Err(TurnError::new(ErrorKind::Internal, "The gateway met a fault of its own; its log says more."))
    })
}

async fn serve(
    server: &Arc<Server>,
    target: &Target,
    request_id: &str,
    parts: &Parts,
    body: &mut Body,
) -> Result<Response<Body>, TurnError> {
    if parts.method == Method::OPTIONS {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(target.methods()));
        return Ok(response);
    }
    let mut client = Client::default();
    if !target.is_open() {
        if is_crowded(parts) {
            return Err(overloaded());
        }
        guard::check_origin(&server.config, &parts.uri, &parts.headers)?;
        client = guard::check_key(&server.config, &parts.uri, &parts.headers).await?;
    }
    // A client that would rather have a WebSocket takes this for an answer and goes on without one.
    let wants_websocket =
        parts.headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    if target.is_unknown_to(parts.method.as_str()) || wants_websocket {
        return Err(nothing_here(parts));
    }
    if !target.takes(parts.method.as_str()) {
        let message = format!("This path takes {}, not {}.", target.methods(), parts.method);
        return Err(TurnError::new(ErrorKind::MethodNotAllowed, message));
    }
    let ok = |value| respond::json(StatusCode::OK, &value);
    match target {
        Target::Root => Ok(ok(json!({
            "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"), "endpoints": route::endpoints(),
        }))),
        Target::Health => Ok(ok(json!({"status": "ok"}))),
        Target::Ready => Ok(readiness(server)),
        Target::Metrics => scrape::answer(server, parts),
        Target::Models(family) => models::list(&client.catalogue(server.gateway.catalogue()), *family, parts).map(ok),
        Target::Model(family, id) => {
            let catalogue = server.gateway.catalogue();
            if let Some(meant) = catalogue.resolve(id) {
                client.check_model(&meant, &catalogue)?;
            }
            models::one(&catalogue, *family, id, parts).map(ok)
        }
        Target::Dialect(dialect, operation) => {
            client.check_dialect(dialect.name())?;
            let shelf = Shelf { store: Arc::clone(&server.kept), client: client.name.clone() };
            let call = Call { dialect: *dialect, request_id, client, shelf, parts };
            match operation {
                Operation::Answer => match turns::shed(server, &call).await {
                    Some(refusal) => Ok(refusal),
                    None => Ok(turns::answer(server, &call, std::mem::take(body)).await),
                },
                Operation::Count => turns::count(server, &call, std::mem::take(body)).await.map(ok),
                Operation::Kept(id) => kept(&call, id).await.map(ok),
            }
        }
        Target::Unknown(_) => Err(nothing_here(parts)),
    }
}

/// Whether turns can be served, which nobody between here and whoever asks should keep.
fn readiness(server: &Server) -> Response<Body> {
    let (status, report) = ready::report(server);
    let mut response = respond::json(status, &report);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer that was kept, or word that it is no more.
async fn kept(call: &Call<'_>, id: &str) -> Result<Value, TurnError> {
    let missing = || TurnError::new(ErrorKind::NotFound, format!("There is no kept answer `{}`.", shown(id)));
    let kept = call.shelf.get(id).await.ok_or_else(missing)?;
    if call.parts.method == Method::DELETE {
        call.shelf.remove(id).await;
        return Ok(call.dialect.forgotten(id));
    }
    Ok(call.dialect.recalled(&kept))
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

fn nothing_here(parts: &Parts) -> TurnError {
    let path = shown(parts.uri.path());
    let message =
        format!("`{} {path}` is not served here. Served are: {}.", parts.method, route::endpoints().join(", "));
    TurnError::new(ErrorKind::NotFound, message)
}

#[cfg(test)]
mod tests {
    use super::survive;
    use crate::turn::{ErrorKind, TurnError};

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_gateway() {
        let panicking = async { if true { panic!("this panic is part of the test") } else { Ok(7) } };
        let error: TurnError = survive(panicking).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(!error.message.contains("part of the test"));
        assert_eq!(survive(async { Ok(7) }).await, Ok(7));
    }
}
