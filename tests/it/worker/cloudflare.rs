//! A stand-in for the part of Cloudflare's API (v4, Workers Scripts) that a broker needs, built from its published schema.
//! It takes nothing that the schema does not describe.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequest as _, Multipart, Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, put},
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, runtime::Runtime};

pub(crate) const API_TOKEN: &str = "cf-api-token-canary";
pub(crate) const ACCOUNT_ID: &str = "0123456789abcdef0123456789abcdef";

/// What a Worker's variable may hold.
const LONGEST_VARIABLE: usize = 5 * 1024;
/// The keys of an upload's metadata that may be there.
const METADATA: [&str; 6] =
    ["main_module", "compatibility_date", "bindings", "keep_bindings", "observability", "logpush"];

/// One Worker.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// What it is given, secrets with their text.
    pub(crate) bindings: BTreeMap<String, Value>,
    pub(crate) module: String,
    pub(crate) metadata: Value,
    pub(crate) enabled: bool,
    pub(crate) previews: bool,
}

impl Script {
    /// The text of the binding `name`.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.bindings[name]["text"].as_str().unwrap()
    }
}

/// Something that goes wrong with one call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) method: Method,
    /// How the call's path ends.
    pub(crate) path: &'static str,
    /// Whether what was asked for is done all the same.
    pub(crate) done: bool,
    pub(crate) status: u16,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) scripts: BTreeMap<String, Script>,
    pub(crate) subdomain: Option<&'static str>,
    pub(crate) faults: Vec<Fault>,
    /// How long every call takes.
    pub(crate) pause: Duration,
    /// Method and path of every call.
    pub(crate) calls: Vec<String>,
}

type Shared = Arc<Mutex<Account>>;

/// The running stand-in. It ends when it is dropped.
pub(crate) struct Cloudflare {
    account: Shared,
    pub(crate) root: String,
    _runtime: Runtime,
}

impl Cloudflare {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let account: Shared = Arc::new(Mutex::new(Account { subdomain: Some("someone"), ..Account::default() }));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let root = format!("http://{}/client/v4", listener.local_addr().unwrap());
        let app = router(&account);
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { account, root, _runtime: runtime }
    }

    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap()
    }
}

fn router(account: &Shared) -> Router {
    let workers = Router::new()
        .route("/subdomain", get(subdomain))
        .route("/scripts/{name}", put(upload).delete(remove))
        .route("/scripts/{name}/settings", get(settings))
        .route("/scripts/{name}/subdomain", get(route).post(enable))
        .layer(middleware::from_fn_with_state(account.clone(), admit))
        .with_state(account.clone());
    Router::new().nest(&format!("/client/v4/accounts/{ACCOUNT_ID}/workers"), workers).fallback(async || {
        refused(404, 7003, "Could not route to /accounts/…, perhaps your object identifier is invalid?")
    })
}

fn envelope(result: &Value) -> Response {
    Json(json!({"success": true, "errors": [], "messages": [], "result": result})).into_response()
}

fn refused(status: u16, code: u64, message: &str) -> Response {
    let body =
        json!({"success": false, "errors": [{"code": code, "message": message}], "messages": [], "result": null});
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn missing() -> Response {
    refused(404, 10007, "This Worker does not exist on your account.")
}

/// Notes the call, checks who makes it, and lets go wrong what is to.
async fn admit(State(account): State<Shared>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (fault, pause) = {
        let mut account = account.lock().unwrap();
        account.calls.push(format!("{method} {path}"));
        let fault = account.faults.iter().find(|fault| fault.method == method && path.ends_with(fault.path));
        (fault.cloned(), account.pause)
    };
    tokio::time::sleep(pause).await;
    if request.headers().get(header::AUTHORIZATION).is_none_or(|value| value != &format!("Bearer {API_TOKEN}")[..]) {
        return refused(403, 10000, "Authentication error");
    }
    let Some(fault) = fault else { return next.run(request).await };
    if fault.done {
        let answer = next.run(request).await;
        assert!(answer.status().is_success(), "what goes wrong on the way back must have gone well before");
    }
    (StatusCode::from_u16(fault.status).unwrap(), [(header::LOCATION, "http://127.0.0.1:1/")], fault.body)
        .into_response()
}

async fn subdomain(State(account): State<Shared>) -> Response {
    match account.lock().unwrap().subdomain {
        Some(name) => envelope(&json!({"subdomain": name})),
        None => missing(),
    }
}

async fn settings(State(account): State<Shared>, Path(name): Path<String>) -> Response {
    let account = account.lock().unwrap();
    let Some(script) = account.scripts.get(&name) else { return missing() };
    let without_secret = |binding: &Value| {
        let mut binding = binding.clone();
        if binding["type"] == "secret_text" {
            binding.as_object_mut().unwrap().remove("text");
        }
        binding
    };
    let bindings: Vec<_> = script.bindings.values().map(without_secret).collect();
    envelope(&json!({"bindings": bindings, "compatibility_date": script.metadata["compatibility_date"]}))
}

async fn route(State(account): State<Shared>, Path(name): Path<String>) -> Response {
    let account = account.lock().unwrap();
    let Some(script) = account.scripts.get(&name) else { return missing() };
    envelope(&json!({"enabled": script.enabled, "previews_enabled": script.previews}))
}

async fn enable(State(account): State<Shared>, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != "application/json") {
        return refused(415, 10001, "the body must be JSON");
    }
    let Ok(body) = serde_json::from_slice::<BTreeMap<String, bool>>(&body) else {
        return refused(400, 10001, "the body must hold switches");
    };
    let known = body.keys().all(|key| ["enabled", "previews_enabled"].contains(&key.as_str()));
    let Some(enabled) = body.get("enabled").filter(|_| known) else {
        return refused(400, 10001, "there is enabled, which must be given, and previews_enabled");
    };
    let mut account = account.lock().unwrap();
    let Some(script) = account.scripts.get_mut(&name) else { return missing() };
    script.enabled = *enabled;
    script.previews = body.get("previews_enabled").copied().unwrap_or(*enabled);
    envelope(&json!({"enabled": script.enabled, "previews_enabled": script.previews}))
}

async fn remove(State(account): State<Shared>, Path(name): Path<String>) -> Response {
    match account.lock().unwrap().scripts.remove(&name) {
        Some(_) => envelope(&Value::Null),
        None => missing(),
    }
}

async fn upload(State(account): State<Shared>, Path(name): Path<String>, request: Request) -> Response {
    let parts = match parts(request).await {
        Ok(parts) => parts,
        Err(problem) => return refused(400, 10021, &problem),
    };
    let mut account = account.lock().unwrap();
    let earlier = account.scripts.get(&name);
    match script(&parts, earlier) {
        Ok(script) => {
            account.scripts.insert(name.clone(), script);
            envelope(&json!({"id": name, "startup_time_ms": 1, "has_modules": true}))
        }
        Err(problem) => refused(400, 10021, &problem),
    }
}

/// Content type and text of every part of the upload.
async fn parts(request: Request) -> Result<BTreeMap<String, (String, String)>, String> {
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
    let mut parts = BTreeMap::new();
    while let Some(field) = multipart.next_field().await.map_err(|error| error.body_text())? {
        let name = field.name().ok_or("a part has no name")?.to_owned();
        let kind = field.content_type().ok_or("a part has no content type")?.to_owned();
        let text = field.text().await.map_err(|error| error.body_text())?;
        if parts.insert(name, (kind, text)).is_some() {
            return Err("two parts have one name".to_owned());
        }
    }
    Ok(parts)
}

/// The Worker that the upload describes.
fn script(parts: &BTreeMap<String, (String, String)>, earlier: Option<&Script>) -> Result<Script, String> {
    let (kind, text) = parts.get("metadata").ok_or("there is no part metadata")?;
    if kind != "application/json" {
        return Err(format!("metadata is {kind}"));
    }
    let metadata: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if let Some(unknown) = metadata.keys().find(|key| !METADATA.contains(&key.as_str())) {
        return Err(format!("metadata has a {unknown}"));
    }
    let main = metadata.get("main_module").and_then(Value::as_str).ok_or("there is no main_module")?;
    let (kind, module) = parts.get(main).ok_or("main_module names no part")?;
    if kind != "application/javascript+module" || module.is_empty() {
        return Err(format!("the main module is {kind}"));
    }
    if parts.len() != 2 {
        return Err("there are parts that nothing names".to_owned());
    }
    let date = metadata.get("compatibility_date").and_then(Value::as_str).unwrap_or_default();
    if date.len() != 10 || date.split('-').map(str::len).ne([4, 2, 2]) {
        return Err(format!("{date:?} is no compatibility date"));
    }
    let switches = [metadata.get("logpush"), metadata.get("observability").map(|value| &value["enabled"])];
    if switches.into_iter().flatten().any(|value| !value.is_boolean()) {
        return Err("a switch is none".to_owned());
    }
    let listed = metadata.get("bindings").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut bindings = kept(&metadata, earlier);
    let mut names = BTreeSet::new();
    for binding in listed {
        let (name, binding) = resolve(&binding, earlier)?;
        if !names.insert(name.clone()) {
            return Err(format!("two bindings are called {name}"));
        }
        bindings.insert(name, binding);
    }
    let (enabled, previews) = earlier.map_or((false, false), |script| (script.enabled, script.previews));
    Ok(Script { bindings, module: module.clone(), metadata: Value::Object(metadata), enabled, previews })
}

/// The earlier bindings of the types that `keep_bindings` names.
fn kept(metadata: &Map<String, Value>, earlier: Option<&Script>) -> BTreeMap<String, Value> {
    let types = metadata.get("keep_bindings").and_then(Value::as_array).cloned().unwrap_or_default();
    let earlier = earlier.map(|script| script.bindings.clone()).unwrap_or_default();
    earlier.into_iter().filter(|(_, binding)| types.contains(&binding["type"])).collect()
}

/// Name and meaning of one binding of the upload.
fn resolve(binding: &Value, earlier: Option<&Script>) -> Result<(String, Value), String> {
    let name = binding["name"].as_str().ok_or("a binding has no name")?;
    let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(identifier) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("{name:?} is no JavaScript name"));
    }
    let keys: Vec<_> = binding.as_object().unwrap().keys().map(String::as_str).collect();
    match binding["type"].as_str() {
        Some("plain_text" | "secret_text") => {
            let text = binding["text"].as_str().ok_or_else(|| format!("{name} has no text"))?;
            if text.len() > LONGEST_VARIABLE || keys.len() != 3 {
                return Err(format!("{name} is too long or has more than a text"));
            }
            Ok((name.to_owned(), binding.clone()))
        }
        Some("inherit") if keys.len() == 2 => {
            let kept = earlier.and_then(|script| script.bindings.get(name));
            kept.map(|kept| (name.to_owned(), kept.clone())).ok_or_else(|| format!("there is no {name} to inherit"))
        }
        other => Err(format!("{name} is of type {other:?}")),
    }
}
