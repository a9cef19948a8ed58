//! What the user wants, resolved: every flag, variable and file key in its typed form, with its default.
//!
//! One pass reads everything and reports all wrong values together. Nothing below `cli` sees this type: verbs turn it
//! into the configuration of the layer that they start.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser as _;

use crate::{
    cli::{
        args::{Arguments, ChatArguments, Command, ServeArguments},
        env::{self, Strings},
        layers::{Found, Layers, Problem, Source, Sources},
        limits,
        traces::Traces,
        values::{self, OFFICIAL_ROOT, Upstream},
    },
    clients::StoredKeys,
    credential::{BrokerAddress, LEAST_TIME, LONGEST_REST, POOL_SIZE, PoolServiceAddress, broker::CLOUDFLARE_API},
    secret::Secret,
    server::Limits,
    state::{KeyKind, PREFIX, RedisAddress, SHORTEST_SECRET},
    upstream::{HistoryCarrier, McpForm, SystemCarrier},
};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person.
    Text,
    /// For a machine: one JSON object a line.
    Json,
}

/// What the toolkit verbs need; it is found without looking at anything else, so that a wrong server setting cannot keep
/// anyone from decoding a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// Descriptor set to use instead of the built-in schema.
    pub descriptors: Option<PathBuf>,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Log filter that replaces the one of `-v` and `-q`.
    pub log_filter: Option<String>,
}

/// The user's credentials with the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// API key.
    pub api_key: Option<Secret>,
    /// Refresh token of a session.
    pub refresh_token: Option<Secret>,
    /// Id token.
    pub jwt: Option<Secret>,
    /// A team's pool service.
    pub pool_service: Option<PoolServiceAddress>,
    /// A broker of the user's own.
    pub broker: Option<BrokerAddress>,
    /// How many accounts are kept ready.
    pub pool_size: usize,
    /// How long an account that was refused is left alone at most.
    pub longest_rest: Duration,
    /// Whether an anonymous account may be asked for when there is no other.
    pub anonymous: bool,
}

/// The user's Cloudflare account, for a broker there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloudflare {
    /// Token for its API.
    pub api_token: Option<Secret>,
    /// Its id.
    pub account_id: Option<String>,
    /// Root of its API.
    pub api_root: String,
}

/// How turns travel upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// How earlier messages travel.
    pub history_carrier: HistoryCarrier,
    /// How system text travels.
    pub system_prompt_carrier: SystemCarrier,
    /// How the client's tools are announced.
    pub mcp_form: McpForm,
    /// How long the upstream may be silent.
    pub idle_timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// PEM file of a further certificate authority.
    pub ca_file: Option<PathBuf>,
    /// Value of the version header.
    pub client_version: Option<String>,
}

/// Where the bridge is, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Address and port; none when there is to be no bridge.
    pub listen: Option<SocketAddr>,
    /// True when somebody has named that address, so that a bridge that cannot be there is a failure.
    pub is_wanted: bool,
    /// Show what people wrote, too.
    pub sensitive: bool,
}

/// How clients are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// Address and port.
    pub listen: SocketAddr,
    /// The bridge.
    pub bridge: Bridge,
    /// Where metrics are shown.
    pub metrics: MetricsPlace,
    /// Keys that clients must present; none means that anyone may come.
    pub client_keys: Vec<Secret>,
    /// Serve others without a client key.
    pub allow_anonymous: bool,
    /// Refuse options that cannot be honoured.
    pub strict: bool,
    /// Largest request body in bytes, after decompression.
    pub max_body: usize,
    /// Silence after which a streaming client is told that all is well.
    pub heartbeat: Duration,
    /// How long answers may go on after a signal to stop.
    pub drain_timeout: Duration,
    /// How long requests are still taken after it.
    pub drain_pause: Duration,
    /// How much is taken on.
    pub limits: Limits,
    /// How long the upstream counts as reached after it was.
    pub ready_interval: Duration,
    /// Read changed files again.
    pub watch: bool,
    /// Origins of web pages that may call.
    pub cors: Vec<String>,
    /// Further `Host` names to answer to.
    pub allowed_hosts: Vec<String>,
}

/// Where metrics are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsPlace {
    /// With the rest, to those who have a client key.
    Public,
    /// On a port of their own.
    Own(SocketAddr),
    /// Nowhere.
    Nowhere,
}

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Where; nothing is recorded without.
    pub directory: Option<PathBuf>,
    /// What people wrote, too.
    pub sensitive: bool,
    /// The most files to keep.
    pub max_files: usize,
    /// The most bytes to keep.
    pub max_bytes: usize,
}

/// State that replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedState {
    /// Where it is.
    pub address: RedisAddress,
    /// What the server lets us in with.
    pub password: Option<Secret>,
    /// What it is sealed with.
    pub secret: Secret,
    /// How the names of its keys begin.
    pub prefix: String,
}

/// Everything, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What every verb needs.
    pub common: Common,
    /// Where turns go.
    pub upstream: Upstream,
    /// With whose account.
    pub credentials: Credentials,
    /// Where a broker is deployed.
    pub cloudflare: Cloudflare,
    /// How turns travel.
    pub wire: Wire,
    /// How clients are served.
    pub serving: Serving,
    /// What is recorded.
    pub recording: Recording,
    /// Where traces go.
    pub traces: Option<Traces>,
    /// The model that `chat` asks, where one is named.
    pub model: Option<String>,
    /// Where state is kept, where that can be told.
    pub state_directory: Option<PathBuf>,
    /// Where the key that seals it rests.
    pub state_key: KeyKind,
    /// What stands in the place of that, where replicas share state.
    pub shared_state: Option<SharedState>,
}

impl Settings {
    /// Resolves a whole command line, program name first, as the binary would in `directory`.
    ///
    /// # Errors
    /// Everything that is wrong with it, all at once.
    pub fn of_command_line(
        line: impl IntoIterator<Item = OsString>,
        strings: &dyn Strings,
        directory: &Path,
    ) -> Result<Self, Vec<Problem>> {
        let refused =
            |refusal: clap::Error| vec![Problem { place: "command line".to_owned(), message: refusal.to_string() }];
        Self::resolve(&Arguments::try_parse_from(line).map_err(refused)?, strings, directory)
    }

    /// Resolves `arguments` against the environment and the files found from `directory`.
    pub(crate) fn resolve(
        arguments: &Arguments,
        strings: &dyn Strings,
        directory: &Path,
    ) -> Result<Self, Vec<Problem>> {
        Self::resolve_with_sources(arguments, strings, directory).0
    }

    /// The same, with where the values come from, so that a change can be told.
    pub(crate) fn resolve_with_sources(
        arguments: &Arguments,
        strings: &dyn Strings,
        directory: &Path,
    ) -> (Result<Self, Vec<Problem>>, Sources) {
        let (settings, layers) = Self::gather(arguments, strings, directory);
        let sources = layers.sources();
        (finish(settings, layers), sources)
    }

    /// Resolves `arguments` as far as they can be, and gives what was met on the way. While there are problems, the
    /// settings must not be used.
    pub(crate) fn gather<'a>(arguments: &Arguments, strings: &'a dyn Strings, directory: &Path) -> (Self, Layers<'a>) {
        let global = &arguments.global;
        let (serve, chat) = match &arguments.command {
            Command::Serve(serve) => (Some(serve), None),
            Command::Config(config) => (config.as_serve(), None),
            Command::Chat(chat) => (None, Some(chat)),
            Command::Models(_)
            | Command::Schema(_)
            | Command::Encode(_)
            | Command::Decode(_)
            | Command::ParseResponse(_)
            | Command::Verify(_)
            | Command::Token(_)
            | Command::Key(_)
            | Command::Healthcheck(_)
            | Command::Completions(_) => (None, None),
        };
        let asked = match &arguments.command {
            Command::Config(config) => config.file(),
            _ => None,
        };
        let mut layers = Layers::read(strings, directory, asked.or(global.config.as_deref()));
        layers.check_keys();
        let upstream = layers.parsed(global.upstream.as_deref(), &env::UPSTREAM, values::upstream);
        let shared_state = shared_state(global.state.as_deref(), &mut layers);
        let settings = Self {
            common: common(arguments, &mut layers),
            upstream: upstream.unwrap_or_else(official),
            credentials: credentials(serve, &mut layers),
            cloudflare: cloudflare(&mut layers),
            wire: wire(&mut layers),
            serving: serving(serve, shared_state.is_some(), &mut layers),
            recording: recording(serve, &mut layers),
            traces: serve.and_then(|_| Traces::resolve(&mut layers)),
            model: model(chat, &mut layers),
            state_directory: layers.state_directory(),
            state_key: state_key(&mut layers),
            shared_state,
        };
        (settings, layers)
    }
}

impl Common {
    /// Resolves only what the toolkit verbs need.
    pub(crate) fn resolve(
        arguments: &Arguments,
        strings: &dyn Strings,
        directory: &Path,
    ) -> Result<Self, Vec<Problem>> {
        let mut layers = Layers::read(strings, directory, arguments.global.config.as_deref());
        let common = common(arguments, &mut layers);
        finish(common, layers)
    }
}

fn finish<T>(settings: T, layers: Layers<'_>) -> Result<T, Vec<Problem>> {
    let problems = layers.into_problems();
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

fn official() -> Upstream {
    Upstream::Service { root: OFFICIAL_ROOT.to_owned(), http2_prior_knowledge: false }
}

fn common(arguments: &Arguments, layers: &mut Layers<'_>) -> Common {
    let global = &arguments.global;
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let filter = |text: &str| match text.parse::<tracing_subscriber::filter::Targets>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("expected a filter such as warp2api=debug,hyper=info".to_owned()),
    };
    Common {
        descriptors: layers.path(global.descriptors.as_deref(), &env::DESCRIPTORS),
        log_format: layers
            .parsed(global.log_format.as_deref(), &env::LOG_FORMAT, |text| values::word(text, &formats))
            .unwrap_or(LogFormat::Text),
        log_filter: layers.parsed(None, &env::LOG, filter),
    }
}

fn credentials(arguments: Option<&ServeArguments>, layers: &mut Layers<'_>) -> Credentials {
    let size = arguments.and_then(|arguments| arguments.pool_size.as_deref());
    Credentials {
        api_key: layers.secret(&env::WARP_API_KEY),
        refresh_token: layers.secret(&env::WARP_REFRESH_TOKEN),
        jwt: layers.secret(&env::WARP_JWT),
        pool_service: pool_service(layers),
        broker: broker(layers),
        pool_size: layers.parsed(size, &env::POOL_SIZE, values::pool_size).unwrap_or(POOL_SIZE),
        longest_rest: layers.parsed(None, &env::LONGEST_REST, values::duration).unwrap_or(LONGEST_REST),
        anonymous: layers.parsed(None, &env::ANONYMOUS, values::switch).unwrap_or(true),
    }
}

fn pool_service(layers: &mut Layers<'_>) -> Option<PoolServiceAddress> {
    let key = layers.secret(&env::POOL_SERVICE_API_KEY);
    let least_time = layers.parsed(None, &env::POOL_MIN_TTL_SECONDS, values::duration).unwrap_or(LEAST_TIME);
    let root = layers.parsed(None, &env::POOL_SERVICE_BASE_URL, values::root)?;
    Some(PoolServiceAddress { root, key, least_time })
}

fn broker(layers: &mut Layers<'_>) -> Option<BrokerAddress> {
    let key = layers.secret(&env::BROKER_KEY);
    let root = layers.parsed(None, &env::BROKER_URL, values::api_root)?;
    if key.is_none() {
        let missing = "needs WARP2API_BROKER_KEY beside it, the key that `token worker deploy` printed";
        layers.complain(env::BROKER_URL.variable.to_owned(), missing.to_owned());
    }
    Some(BrokerAddress { root, key: key? })
}

fn cloudflare(layers: &mut Layers<'_>) -> Cloudflare {
    let api_root = layers.parsed(None, &env::CLOUDFLARE_API, values::api_root);
    Cloudflare {
        api_token: layers.secret(&env::CLOUDFLARE_API_TOKEN),
        account_id: layers.parsed(None, &env::CLOUDFLARE_ACCOUNT_ID, values::account_id),
        api_root: api_root.unwrap_or_else(|| CLOUDFLARE_API.to_owned()),
    }
}

fn wire(layers: &mut Layers<'_>) -> Wire {
    let history = [("tasks", HistoryCarrier::Tasks), ("flatten", HistoryCarrier::Flatten)];
    let system = [
        ("project-rules", SystemCarrier::ProjectRules),
        ("attachment", SystemCarrier::Attachment),
        ("query", SystemCarrier::Query),
    ];
    let mcp = [("servers", McpForm::Servers), ("flat", McpForm::Flat)];
    let header = |text: &str| match text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        true => Ok(text.to_owned()),
        false => Err("expected printable ASCII, for it is sent as a header".to_owned()),
    };
    Wire {
        history_carrier: layers
            .parsed(None, &env::HISTORY_CARRIER, |text| values::word(text, &history))
            .unwrap_or(HistoryCarrier::Tasks),
        system_prompt_carrier: layers
            .parsed(None, &env::SYSTEM_PROMPT_CARRIER, |text| values::word(text, &system))
            .unwrap_or(SystemCarrier::ProjectRules),
        mcp_form: layers.parsed(None, &env::MCP_FORM, |text| values::word(text, &mcp)).unwrap_or(McpForm::Servers),
        idle_timeout: time(layers, &env::IDLE_TIMEOUT, 300),
        connect_timeout: time(layers, &env::CONNECT_TIMEOUT, 10),
        ca_file: layers.path(None, &env::CA_FILE),
        client_version: layers.parsed(None, &env::CLIENT_VERSION, header),
    }
}

fn serving(arguments: Option<&ServeArguments>, is_shared: bool, layers: &mut Layers<'_>) -> Serving {
    let flag = |given: bool| given.then_some("true");
    let list = |text: &str| Ok(values::list(text));
    let listen = listen(arguments.and_then(|arguments| arguments.listen.as_deref()), layers);
    let serving = Serving {
        listen,
        bridge: bridge(arguments, layers),
        metrics: metrics(arguments, layers),
        client_keys: client_keys(layers),
        allow_anonymous: layers
            .parsed(flag(arguments.is_some_and(|a| a.allow_anonymous)), &env::ALLOW_ANONYMOUS, values::switch)
            .unwrap_or(false),
        strict: layers.parsed(flag(arguments.is_some_and(|a| a.strict)), &env::STRICT, values::switch).unwrap_or(false),
        max_body: layers.parsed(None, &env::MAX_BODY, values::size).unwrap_or(64 * 1024 * 1024),
        heartbeat: time(layers, &env::HEARTBEAT, 10),
        drain_timeout: time(layers, &env::DRAIN_TIMEOUT, 30),
        drain_pause: layers.parsed(None, &env::DRAIN_PAUSE, values::pause).unwrap_or_default(),
        limits: limits::limits(layers),
        ready_interval: time(layers, &env::READY_INTERVAL, 60),
        watch: layers.parsed(None, &env::WATCH, values::switch).unwrap_or(true),
        cors: layers.parsed(None, &env::CORS, list).unwrap_or_default(),
        allowed_hosts: layers.parsed(None, &env::ALLOWED_HOSTS, list).unwrap_or_default(),
    };
    // Where there is a state there may be client keys, which whoever serves looks for.
    let may_have_keys = layers.state_directory().is_some_and(|directory| StoredKeys::of(&directory).may_exist());
    if arguments.is_some()
        && let Some(Problem { place, message }) = serving.exposure(serving.listen, may_have_keys || is_shared)
    {
        layers.complain(place, message);
    }
    serving
}

impl Serving {
    /// What is wrong with serving `address` so, if others can reach it and nothing keeps them out; `has_keys` says that
    /// there are client keys besides those of the settings.
    pub(crate) fn exposure(&self, address: SocketAddr, has_keys: bool) -> Option<Problem> {
        if address.ip().is_loopback() || has_keys || !self.client_keys.is_empty() || self.allow_anonymous {
            return None;
        }
        let danger = "others can reach this address and would spend your account; make client keys with \
                      `warp2api key create`, or set API_TOKEN to a long random text that clients must send as their \
                      API key, or pass --allow-anonymous if something else keeps strangers out";
        Some(Problem { place: format!("listening on {address}"), message: danger.to_owned() })
    }
}

fn recording(arguments: Option<&ServeArguments>, layers: &mut Layers<'_>) -> Recording {
    let directory = arguments.and_then(|arguments| arguments.record.as_deref());
    let sensitive = arguments.is_some_and(|arguments| arguments.record_sensitive).then_some("true");
    Recording {
        directory: layers.path(directory, &env::RECORD),
        sensitive: layers.parsed(sensitive, &env::RECORD_SENSITIVE, values::switch).unwrap_or(false),
        max_files: layers.parsed(None, &env::RECORD_FILES, values::count).unwrap_or(200),
        max_bytes: layers.parsed(None, &env::RECORD_BYTES, values::size).unwrap_or(256 << 20),
    }
}

fn bridge(arguments: Option<&ServeArguments>, layers: &mut Layers<'_>) -> Bridge {
    let named = arguments.and_then(|arguments| arguments.bridge_listen.as_deref());
    let given = layers.parsed(named, &env::BRIDGE_LISTEN, values::bridge_listen);
    let sensitive = arguments.is_some_and(|arguments| arguments.monitor_sensitive).then_some("true");
    Bridge {
        is_wanted: given.is_some(),
        listen: given.unwrap_or_else(|| Some(SocketAddr::from(([127, 0, 0, 1], 8000)))),
        sensitive: layers.parsed(sensitive, &env::MONITOR_SENSITIVE, values::switch).unwrap_or(false),
    }
}

fn metrics(arguments: Option<&ServeArguments>, layers: &mut Layers<'_>) -> MetricsPlace {
    let named = arguments.and_then(|arguments| arguments.metrics_listen.as_deref());
    match layers.parsed(named, &env::METRICS_LISTEN, values::metrics_listen) {
        Some(Some(address)) => MetricsPlace::Own(address),
        Some(None) => MetricsPlace::Nowhere,
        None => MetricsPlace::Public,
    }
}

/// The address to serve: the flag, else the file's, each part of which a variable can replace.
fn listen(flag: Option<&str>, layers: &mut Layers<'_>) -> SocketAddr {
    let given = layers.parsed(flag, &env::LISTEN, values::listen);
    let mut address = given.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8010)));
    let whole = layers.taken(&env::LISTEN).cloned();
    if flag.is_none() {
        if let Some(host) = layers.parsed(None, &env::HOST, values::host) {
            address.set_ip(host);
        }
        if let Some(port) = layers.parsed(None, &env::PORT, values::port) {
            address.set_port(port);
        }
    }
    note_address(address, whole, layers);
    address
}

/// Notes the address, and its parts, as what they come to. `whole` is what the address was before its parts replaced it.
fn note_address(address: SocketAddr, whole: Option<Found>, layers: &mut Layers<'_>) {
    let parts = [(&env::HOST, address.ip().to_string()), (&env::PORT, address.port().to_string())];
    let given: Vec<Found> = parts.iter().filter_map(|(setting, _)| layers.taken(setting).cloned()).collect();
    for (setting, text) in parts {
        if let Some(found) = layers.taken(setting).or(whole.as_ref()).cloned() {
            layers.note(setting, Found { text, ..found });
        }
    }
    if let Some(first) = given.first().or(whole.as_ref()).cloned() {
        let places: Vec<_> = given.iter().map(|found| found.place.as_str()).collect();
        let place = if places.is_empty() { first.place } else { places.join(" and ") };
        layers.note(&env::LISTEN, Found { text: address.to_string(), place, source: first.source });
    }
}

fn client_keys(layers: &mut Layers<'_>) -> Vec<Secret> {
    // A variable holds one key, which may contain a comma; the file holds a list.
    let Some(found) = layers.find(None, &env::API_TOKEN) else { return Vec::new() };
    let texts = if found.source == Source::File { values::list(&found.text) } else { vec![found.text.clone()] };
    let wrong = texts.iter().any(|text| text.chars().any(|c| c.is_control() || c.is_whitespace()));
    if wrong {
        layers.complain(found.place.clone(), "contains white space or a control character".to_owned());
    }
    layers.note(&env::API_TOKEN, Found { text: String::new(), ..found });
    texts.iter().map(|text| Secret::new(text)).collect()
}

fn model(arguments: Option<&ChatArguments>, layers: &mut Layers<'_>) -> Option<String> {
    let flag = arguments.and_then(|arguments| arguments.model.as_deref());
    layers.parsed(flag, &env::MODEL, |text| Ok(text.to_owned()))
}

fn state_key(layers: &mut Layers<'_>) -> KeyKind {
    let kinds = [("auto", KeyKind::Auto), ("keyring", KeyKind::Keyring), ("file", KeyKind::File)];
    layers.parsed(None, &env::STATE_KEY, |text| values::word(text, &kinds)).unwrap_or_default()
}

fn shared_state(flag: Option<&str>, layers: &mut Layers<'_>) -> Option<SharedState> {
    let password = layers.secret(&env::STATE_PASSWORD);
    let secret = layers.secret(&env::STATE_SECRET);
    let prefix = layers.parsed(None, &env::STATE_PREFIX, values::key_prefix).unwrap_or_else(|| PREFIX.to_owned());
    let found = layers.find(flag, &env::STATE)?;
    layers.note(&env::STATE, found.clone());
    let wrong = |message: String| (found.place.clone(), message);
    // The text is never repeated: people put passwords into such addresses.
    let read = match values::state(found.text.trim()) {
        Ok(None) => return None,
        Ok(Some(address)) => {
            let long = secret.filter(|secret| secret.expose().chars().count() >= SHORTEST_SECRET);
            let missing = || {
                wrong(format!(
                    "needs WARP2API_STATE_SECRET beside it, which seals what is shared: one random text of {SHORTEST_SECRET} \
                     characters or more, the same for all replicas, such as `openssl rand -hex 32` prints"
                ))
            };
            long.ok_or_else(missing).map(|secret| SharedState { address, password, secret, prefix })
        }
        Err(message) => Err(wrong(message)),
    };
    read.map_err(|(place, message)| layers.complain(place, message)).ok()
}

fn time(layers: &mut Layers<'_>, setting: &env::Setting, default_seconds: u64) -> Duration {
    layers.parsed(None, setting, values::duration).unwrap_or(Duration::from_secs(default_seconds))
}
