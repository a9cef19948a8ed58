//! Whether turns can be served: what `/readyz` says to whoever shares requests out between servers.
//!
//! It tells strangers, so nothing of it is secret, not even an account's name. It must not ask the upstream itself: it
//! knows from the gateway how the last calls went.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::server::Server;

/// Something that has to be there for turns to be served.
pub trait Need: Send + Sync {
    /// Its name, for programs.
    fn name(&self) -> &'static str;
    /// Why it is not there, in words that strangers may read; `None` when it is. It must answer at once.
    fn lack(&self) -> Option<String>;
    /// False when turns are served without it, if not as well: then its lack is told, and the server is ready all the same.
    fn is_vital(&self) -> bool {
        true
    }
}

/// Whether `server` is ready, as a status and a body.
pub(crate) fn report(server: &Server) -> (StatusCode, Value) {
    if *server.draining.borrow() {
        let why = json!({"what": "server", "why": "it has been told to stop"});
        return (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "draining", "reasons": [why]}));
    }
    let gateway = &server.gateway;
    let own =
        [("credential", gateway.credential_lack()), ("upstream", gateway.upstream_lack(server.config.ready_rest))];
    let needed = |vital: bool| server.needs.iter().filter(move |need| need.is_vital() == vital);
    let lack = |need: &Arc<dyn Need>| (need.name(), need.lack());
    let reasons = told(own.into_iter().chain(needed(true).map(lack)));
    if !reasons.is_empty() {
        return (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "not ready", "reasons": reasons}));
    }
    match told(needed(false).map(lack)) {
        missing if missing.is_empty() => (StatusCode::OK, json!({"status": "ready"})),
        missing => (StatusCode::OK, json!({"status": "ready", "degraded": missing})),
    }
}

/// What is lacking, and why.
fn told(lacks: impl Iterator<Item = (&'static str, Option<String>)>) -> Vec<Value> {
    lacks.filter_map(|(what, why)| Some(json!({"what": what, "why": why?}))).collect()
}
