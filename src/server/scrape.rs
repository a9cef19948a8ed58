//! `/metrics`: what was counted, for a Prometheus server; on the public port to those who may see it, or on a port of its
//! own.
//!
//! Numbers tell much of those who cause them. On the public port they are for whoever has a client key; without keys, for
//! loopback alone.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, Response, StatusCode, header, request::Parts},
};
use tokio::net::TcpListener;

use crate::{
    clients::Clients,
    dialect::openai_chat::OpenAiChat,
    gateway::Gateway,
    metrics::Form,
    server::{Config, Server, guard, respond},
    turn::{ErrorKind, TurnError},
};

/// The path.
const PATH: &str = "/metrics";

/// Answers a request of the public port for it, whose client key has been looked at where there are keys.
pub(crate) fn answer(server: &Server, parts: &Parts) -> Result<Response<Body>, TurnError> {
    let config = &server.config;
    if !config.shows_metrics {
        return Err(TurnError::new(ErrorKind::NotFound, "This server shows no metrics here."));
    }
    let has_keys = !config.client_keys.is_empty() || config.clients.as_ref().is_some_and(Clients::were_any);
    if !config.loopback_only && !has_keys {
        let message = "Without a client key metrics are shown on loopback only. Set one, or have them on a port of their \
                       own with --metrics-listen.";
        return Err(TurnError::new(ErrorKind::Forbidden, message));
    }
    Ok(page(config, &server.gateway, &parts.headers))
}

/// Serves metrics and nothing else on `listener`, to whoever reaches it, until `shutdown` is done.
///
/// # Errors
/// When the listener has no address or cannot accept connections.
pub async fn serve_metrics(
    listener: TcpListener,
    config: Config,
    gateway: Gateway,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?.ip();
    let mut config = Config { loopback_only: address.is_loopback(), ..config };
    config.allowed_hosts.push(address.to_string());
    let app = Router::new().fallback(alone).with_state(Arc::new((config, gateway)));
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await
}

/// Answers a request of the port that is for metrics alone.
async fn alone(State(state): State<Arc<(Config, Gateway)>>, request: Request) -> Response<Body> {
    let (config, gateway) = state.as_ref();
    let refused = |kind, message: &str| respond::error(&OpenAiChat, &TurnError::new(kind, message), "");
    if let Err(error) = guard::check_origin(config, request.uri(), request.headers()) {
        return respond::error(&OpenAiChat, &error, "");
    }
    if request.uri().path().trim_end_matches('/') != PATH {
        return refused(ErrorKind::NotFound, "This port serves /metrics and nothing else.");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return refused(ErrorKind::MethodNotAllowed, "/metrics takes GET and HEAD.");
    }
    page(config, gateway, request.headers())
}

fn page(config: &Config, gateway: &Gateway, headers: &HeaderMap) -> Response<Body> {
    let form = wanted(headers);
    let text = config.metrics.render(form, &gateway.readings());
    respond::with_body(StatusCode::OK, form.content_type(), Body::from(text))
}

/// The form that the client would rather have.
fn wanted(headers: &HeaderMap) -> Form {
    let all = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let (mut open_metrics, mut plain) = (0.0, 0.0);
    for range in all.flat_map(|accept| accept.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse().ok());
        let weight: f64 = weight.unwrap_or(0.0);
        match kind.as_str() {
            "application/openmetrics-text" => open_metrics = weight.max(open_metrics),
            "text/plain" | "text/*" => plain = weight.max(plain),
            _ => {}
        }
    }
    if open_metrics > 0.0 && open_metrics >= plain { Form::OpenMetrics } else { Form::Prometheus }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header::ACCEPT};

    use super::wanted;
    use crate::metrics::Form;

    #[test]
    fn open_metrics_is_for_those_who_would_rather_have_it() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                            text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                            text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        for (accept, form) in [
            (prometheus_2, Form::OpenMetrics),
            (prometheus_3, Form::OpenMetrics),
            ("text/plain;version=0.0.4;q=1,application/openmetrics-text;q=0.5", Form::Prometheus),
            ("application/openmetrics-text;q=0", Form::Prometheus),
            ("application/openmetrics-text;q=much", Form::Prometheus),
            ("text/html, */*", Form::Prometheus),
            ("", Form::Prometheus),
        ] {
            let headers: HeaderMap = [(ACCEPT, HeaderValue::from_str(accept).unwrap())].into_iter().collect();
            assert_eq!(wanted(&headers), form, "{accept}");
        }
        assert_eq!(wanted(&HeaderMap::new()), Form::Prometheus);
    }
}
