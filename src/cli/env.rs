//! The names of every setting, and the one place that reads the environment.
//!
//! Names that other Warp gateways and the official client made known keep their meaning; ours begin with `WARP2API_`.
//! It must not know what a value means: that is `settings`' business.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// How the names of our own variables begin.
pub(crate) const OURS: &str = "WARP2API_";

/// One setting and what it is called in each place that can give it. What its values are is said in `config/kinds.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The flag, with its dashes; empty when there is none, as for every secret: command lines are visible to others.
    pub flag: &'static str,
    /// The environment variable, also in `.env`; empty when there is none.
    pub variable: &'static str,
    /// The key in the configuration file; empty when there is none.
    pub key: &'static str,
    /// What it does, for the README.
    pub about: &'static str,
    /// What holds when nobody sets it, for the README.
    pub default: &'static str,
    /// True when the value must never be shown.
    pub secret: bool,
}

/// The address to serve; `HOST` and `PORT` are its parts.
pub const LISTEN: Setting =
    open("--listen", "", "listen", "`127.0.0.1:8010`", "Address and port to serve; port 0 takes any free one");
/// The host part of the address to serve.
pub const HOST: Setting = open("", "HOST", "", "`127.0.0.1`", "Address part of `listen`");
/// The port part of the address to serve.
pub const PORT: Setting = open("", "PORT", "", "`8010`", "Port part of `listen`");
/// What clients must present.
pub const API_TOKEN: Setting = secret(
    "API_TOKEN",
    "client_keys",
    "Key that clients must send (the file takes a list). Without one, and without `key create`, anyone who reaches the port \
     may use it",
);
/// Whether to serve others without a client key.
pub const ALLOW_ANONYMOUS: Setting = open(
    "--allow-anonymous",
    "WARP2API_ALLOW_ANONYMOUS",
    "allow_anonymous",
    "`false`",
    "Serve an address that others can reach although there is no client key",
);
/// The address of the bridge.
pub const BRIDGE_LISTEN: Setting = open(
    "--bridge-listen",
    "WARP2API_BRIDGE_LISTEN",
    "bridge_listen",
    "`127.0.0.1:8000`",
    "Address and port of the bridge and its page, on loopback only, or `off`",
);
/// Whether the monitor shows what people wrote.
pub const MONITOR_SENSITIVE: Setting = open(
    "--monitor-sensitive",
    "WARP2API_MONITOR_SENSITIVE",
    "monitor_sensitive",
    "`false`",
    "Show prompts, answers and tool data on the bridge's page; without, they are redacted",
);
/// Where turns go.
pub const UPSTREAM: Setting = open(
    "--upstream",
    "WARP2API_UPSTREAM",
    "upstream",
    "`https://app.warp.dev`",
    "`https://…`, `http://…`, `h2c://…` (plain HTTP/2), `simulator[:SCENARIO]` or `replay:PATH`",
);
/// An API key of the account.
pub const WARP_API_KEY: Setting =
    secret("WARP_API_KEY", "api_key", "Warp API key (`wk-…`). Preferred over the two below");
/// A session's refresh token.
pub const WARP_REFRESH_TOKEN: Setting =
    secret("WARP_REFRESH_TOKEN", "refresh_token", "A session's refresh token; id tokens are made from it and renewed");
/// An id token.
pub const WARP_JWT: Setting = secret("WARP_JWT", "jwt", "An id token, used until it expires");
/// A team's pool service.
pub const POOL_SERVICE_BASE_URL: Setting = open(
    "",
    "POOL_SERVICE_BASE_URL",
    "pool_service",
    "none",
    "Root of a pool service that lends accounts: `https://…`, or `http://…` in your own network",
);
/// What the pool service knows us by.
pub const POOL_SERVICE_API_KEY: Setting =
    secret("POOL_SERVICE_API_KEY", "pool_service_key", "Key that the pool service asks for, if it does");
/// How long a lent account must last.
pub const POOL_MIN_TTL_SECONDS: Setting = open(
    "",
    "POOL_MIN_TTL_SECONDS",
    "pool_min_ttl",
    "`900`",
    "No account is taken that the pool service lends for less time",
);
/// A broker of the user's own.
pub const BROKER_URL: Setting =
    open("", "WARP2API_BROKER_URL", "broker", "none", "Address of a broker, as `token worker deploy` prints it");
/// The broker's key.
pub const BROKER_KEY: Setting =
    secret("WARP2API_BROKER_KEY", "broker_key", "The broker's key, printed beside its address");
/// How many accounts are kept ready.
pub const POOL_SIZE: Setting = open(
    "--pool-size",
    "WARP2API_POOL_SIZE",
    "pool_size",
    "`3`",
    "How many accounts are kept ready, where there are that many (1 to 64)",
);
/// How long an account may be left alone.
pub const LONGEST_REST: Setting = open(
    "",
    "WARP2API_LONGEST_REST",
    "longest_rest",
    "`1h`",
    "How long an account that was refused is left alone at most; `1ms`: every request asks Warp anew",
);
/// Whether an anonymous account may be asked for.
pub const ANONYMOUS: Setting = open(
    "",
    "WARP2API_ANONYMOUS",
    "anonymous",
    "`true`",
    "Ask Warp for one anonymous account when there is no other: at most once, and never in place of one that is spent",
);
/// A token for Cloudflare's API.
pub const CLOUDFLARE_API_TOKEN: Setting = secret(
    "CLOUDFLARE_API_TOKEN",
    "cloudflare_api_token",
    "Cloudflare API token that may edit Workers, for `token worker`",
);
/// The Cloudflare account.
pub const CLOUDFLARE_ACCOUNT_ID: Setting = open(
    "",
    "CLOUDFLARE_ACCOUNT_ID",
    "cloudflare_account_id",
    "none",
    "Id of the Cloudflare account that `token worker` deploys to",
);
/// The root of Cloudflare's API.
pub const CLOUDFLARE_API: Setting = open(
    "",
    "WARP2API_CLOUDFLARE_API",
    "cloudflare_api",
    "`https://api.cloudflare.com/client/v4`",
    "Root of Cloudflare's API, for tests: `https://…`, or `http://…` on this machine",
);
/// The model that `chat` asks.
pub const MODEL: Setting =
    open("--model", "WARP2API_MODEL", "model", "the account's default", "Model that `chat` asks");
/// Whether options that cannot be honoured are refused.
pub const STRICT: Setting = open(
    "--strict",
    "WARP2API_STRICT",
    "strict",
    "`false`",
    "Refuse requests with options that cannot be honoured, instead of naming them in `x-warp2api-ignored`",
);
/// How a conversation's history travels.
pub const HISTORY_CARRIER: Setting = open(
    "",
    "WARP2API_HISTORY_CARRIER",
    "history_carrier",
    "`tasks`",
    "How earlier messages travel: `tasks` or `flatten`",
);
/// How system text travels.
pub const SYSTEM_PROMPT_CARRIER: Setting = open(
    "",
    "WARP2API_SYSTEM_PROMPT_CARRIER",
    "system_prompt_carrier",
    "`project-rules`",
    "How system text travels: `project-rules`, `attachment` or `query`",
);
/// How the client's tools are announced.
pub const MCP_FORM: Setting =
    open("", "WARP2API_MCP_FORM", "mcp_form", "`servers`", "How the client's tools are announced: `servers` or `flat`");
/// How long the upstream may be silent.
pub const IDLE_TIMEOUT: Setting = open(
    "",
    "WARP2API_IDLE_TIMEOUT",
    "idle_timeout",
    "`300s`",
    "How long the upstream may be silent before a turn fails",
);
/// How long connecting may take.
pub const CONNECT_TIMEOUT: Setting =
    open("", "WARP2API_CONNECT_TIMEOUT", "connect_timeout", "`10s`", "How long connecting to the upstream may take");
/// How often a silent stream says that it is alive.
pub const HEARTBEAT: Setting = open(
    "",
    "WARP2API_HEARTBEAT",
    "heartbeat",
    "`10s`",
    "Silence after which a streaming client gets a keep-alive comment",
);
/// How long streams may go on after a signal to stop.
pub const DRAIN_TIMEOUT: Setting = open(
    "",
    "WARP2API_DRAIN_TIMEOUT",
    "drain_timeout",
    "`30s`",
    "How long answers in progress may go on after SIGINT or SIGTERM",
);
/// How long the server still takes requests after a signal to stop.
pub const DRAIN_PAUSE: Setting = open(
    "",
    "WARP2API_DRAIN_PAUSE",
    "drain_pause",
    "`0`",
    "How long requests are still taken after SIGINT or SIGTERM while `/readyz` says no, for a load balancer to notice",
);
/// How long the upstream counts as reached.
pub const READY_INTERVAL: Setting = open(
    "",
    "WARP2API_READY_INTERVAL",
    "ready_interval",
    "`60s`",
    "How long `/readyz` goes by the last call of the upstream before it has it asked again",
);
/// How many answers run at once.
pub const MAX_TURNS: Setting = open(
    "",
    "WARP2API_MAX_TURNS",
    "max_turns",
    "`1000`",
    "How many answers the upstream is asked for at the same time; a request for several choices is as many",
);
/// How many requests wait.
pub const MAX_QUEUE: Setting = open(
    "",
    "WARP2API_MAX_QUEUE",
    "max_queue",
    "`200`",
    "How many more requests may wait for their turn (from 0); others are refused at once as overload",
);
/// How long requests wait.
pub const QUEUE_TIMEOUT: Setting = open(
    "",
    "WARP2API_QUEUE_TIMEOUT",
    "queue_timeout",
    "`10s`",
    "How long a request may wait for its turn before it is refused as overload",
);
/// How long a turn may take.
pub const TURN_TIMEOUT: Setting =
    open("", "WARP2API_TURN_TIMEOUT", "turn_timeout", "`1h`", "How long a turn may take in all before it fails");
/// How many connections there may be.
pub const MAX_CONNECTIONS: Setting = open(
    "",
    "WARP2API_MAX_CONNECTIONS",
    "max_connections",
    "`4096`",
    "How many clients may be connected; a few more are told that there is no room, others are closed",
);
/// The largest head of a request.
pub const MAX_HEAD: Setting = open(
    "",
    "WARP2API_MAX_HEAD",
    "max_head",
    "`64KiB`",
    "Largest head of a request (from 8KiB); as much of an answer is held for an HTTP/1 connection",
);
/// How many header fields a request may have.
pub const MAX_HEADERS: Setting =
    open("", "WARP2API_MAX_HEADERS", "max_headers", "`100`", "How many header fields a request may have");
/// How long a request's head may take.
pub const HEAD_TIMEOUT: Setting = open(
    "",
    "WARP2API_HEAD_TIMEOUT",
    "head_timeout",
    "`60s`",
    "How long a client may take to send a request's head; as long an idle connection is kept",
);
/// How long a client may keep the gateway waiting.
pub const CLIENT_TIMEOUT: Setting = open(
    "",
    "WARP2API_CLIENT_TIMEOUT",
    "client_timeout",
    "`60s`",
    "How long a client may take nothing of its answer, or send nothing of its request, before it is let go",
);
/// How much of an answer waits for its client.
pub const STREAM_BUFFER: Setting = open(
    "",
    "WARP2API_STREAM_BUFFER",
    "stream_buffer",
    "`256KiB`",
    "How much of an answer the system holds for a client that does not take it; then the upstream is not read on",
);
/// Whether changed files are read again.
pub const WATCH: Setting = open(
    "",
    "WARP2API_WATCH",
    "watch",
    "`true`",
    "Read the configuration file and `.env` again when they change, as SIGHUP does",
);
/// The largest request body.
pub const MAX_BODY: Setting =
    open("", "WARP2API_MAX_BODY", "max_body", "`64MiB`", "Largest request body, after decompression");
/// Web pages that may call the gateway.
pub const CORS: Setting = open(
    "",
    "WARP2API_CORS",
    "cors",
    "none",
    "Origins of web pages that may call the gateway, comma-separated, or `*`",
);
/// Host names under which a loopback server answers.
pub const ALLOWED_HOSTS: Setting = open(
    "",
    "WARP2API_ALLOWED_HOSTS",
    "allowed_hosts",
    "none",
    "Further `Host` names to answer to, comma-separated (`localhost` and the listening address always are)",
);
/// Where exchanges are recorded.
pub const RECORD: Setting = open(
    "--record",
    "WARP2API_RECORD",
    "record",
    "not recorded",
    "Directory into which every exchange with the upstream is recorded, one file each",
);
/// Whether recordings hold what people wrote.
pub const RECORD_SENSITIVE: Setting = open(
    "--record-sensitive",
    "WARP2API_RECORD_SENSITIVE",
    "record_sensitive",
    "`false`",
    "Record what people wrote, too; without it such texts become `[redacted]`",
);
/// How many recordings are kept.
pub const RECORD_FILES: Setting =
    open("", "WARP2API_RECORD_FILES", "record_files", "`200`", "How many recordings are kept; the oldest go first");
/// How large all recordings together may be.
pub const RECORD_BYTES: Setting = open(
    "",
    "WARP2API_RECORD_BYTES",
    "record_bytes",
    "`256MiB`",
    "How large all recordings together may be; the oldest go first",
);
/// A further certificate authority.
pub const CA_FILE: Setting =
    open("", "WARP2API_CA_FILE", "ca_file", "none", "PEM file of a further certificate authority to trust upstream");
/// The version to state upstream.
pub const CLIENT_VERSION: Setting =
    open("", "WARP2API_CLIENT_VERSION", "client_version", "not sent", "Value of the `X-Warp-Client-Version` header");
/// The schema to use.
pub const DESCRIPTORS: Setting = open(
    "--descriptors",
    "WARP2API_DESCRIPTORS",
    "descriptors",
    "built in",
    "Protobuf descriptor set to use instead of the built-in schema",
);
/// How log lines look.
pub const LOG_FORMAT: Setting = open("--log-format", "WARP2API_LOG_FORMAT", "log_format", "`text`", "`text` or `json`");
/// Where metrics are served.
pub const METRICS_LISTEN: Setting = open(
    "--metrics-listen",
    "WARP2API_METRICS_LISTEN",
    "metrics_listen",
    "with the rest",
    "Address and port that serves `/metrics`, and nothing else, without a key; or `off`",
);
/// The collector of everything OpenTelemetry.
pub const OTEL_ENDPOINT: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "otlp_endpoint",
    "no traces",
    "Root of the OpenTelemetry collector that `serve` hands traces to, such as `http://127.0.0.1:4318`",
);
/// The collector of traces.
pub const OTEL_TRACES_ENDPOINT: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "otlp_traces_endpoint",
    "the root and `/v1/traces`",
    "The whole URL for traces, where it is another",
);
/// What the collector knows us by.
pub const OTEL_HEADERS: Setting = secret(
    "OTEL_EXPORTER_OTLP_HEADERS",
    "otlp_headers",
    "Headers for the collector, `name=value,…` with values as in URLs",
);
/// What the collector of traces knows us by.
pub const OTEL_TRACES_HEADERS: Setting =
    secret("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "otlp_traces_headers", "The same for traces, where they are others");
/// The form of what goes to the collector.
pub const OTEL_PROTOCOL: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "otlp_protocol",
    "`http/protobuf`",
    "How it travels; there is no other way than this one",
);
/// The form of traces.
pub const OTEL_TRACES_PROTOCOL: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "otlp_traces_protocol",
    "`http/protobuf`",
    "The same for traces, where other programs need the one above for theirs",
);
/// How long the collector may take.
pub const OTEL_TIMEOUT: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "otlp_timeout",
    "`10000`",
    "How long handing over a batch may take; a bare number is of milliseconds",
);
/// A further certificate authority for the collector.
pub const OTEL_CERTIFICATE: Setting = open(
    "",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "otlp_certificate",
    "none",
    "PEM file of a further certificate authority to trust for the collector",
);
/// What we are called in traces.
pub const OTEL_SERVICE_NAME: Setting =
    open("", "OTEL_SERVICE_NAME", "otel_service_name", "`warp2api`", "What the service is called in traces");
/// What else is said of us in traces.
pub const OTEL_RESOURCE_ATTRIBUTES: Setting = open(
    "",
    "OTEL_RESOURCE_ATTRIBUTES",
    "otel_resource_attributes",
    "none",
    "What else is said of the service in traces, `name=value,…`",
);
/// Which turns are traced.
pub const OTEL_SAMPLER: Setting = open(
    "",
    "OTEL_TRACES_SAMPLER",
    "otel_traces_sampler",
    "`parentbased_always_on`",
    "Which turns are traced: `always_on`, `always_off`, `traceidratio`, each also with `parentbased_` before it",
);
/// How many of them.
pub const OTEL_SAMPLER_ARG: Setting =
    open("", "OTEL_TRACES_SAMPLER_ARG", "otel_traces_sampler_arg", "`1`", "Which part of them, for `…traceidratio`");
/// Whether traces go to a collector at all.
pub const OTEL_TRACES_EXPORTER: Setting = open(
    "",
    "OTEL_TRACES_EXPORTER",
    "otel_traces_exporter",
    "`otlp`",
    "`none`: nothing is traced, whatever the rest says",
);
/// Whether OpenTelemetry is on.
pub const OTEL_SDK_DISABLED: Setting =
    open("", "OTEL_SDK_DISABLED", "otel_sdk_disabled", "`false`", "`true`: the same");
/// What is logged.
pub const LOG: Setting =
    open("", "WARP2API_LOG", "log", "by `-v`/`-q`", "Log filter, such as `warp2api=debug,hyper=info`");
/// Where state lives.
pub const HOME: Setting = open(
    "",
    "WARP2API_HOME",
    "",
    "the platform's state directory",
    "Directory for state, and for `config.toml` when `--config` names none",
);
/// Where the key rests that seals state.
pub const STATE_KEY: Setting = open(
    "",
    "WARP2API_STATE_KEY",
    "state_key",
    "`auto`",
    "Where the key that seals state is made: `keyring`, `file`, or `auto`, which is the keyring where there is one",
);
/// The configuration file.
pub const CONFIG: Setting = open(
    "--config",
    "WARP2API_CONFIG",
    "",
    "`config.toml` in the platform's configuration directory",
    "Configuration file",
);

/// Every setting, in the order of the README's table.
pub const ALL: &[&Setting] = &[
    &LISTEN,
    &HOST,
    &PORT,
    &API_TOKEN,
    &ALLOW_ANONYMOUS,
    &BRIDGE_LISTEN,
    &MONITOR_SENSITIVE,
    &UPSTREAM,
    &WARP_API_KEY,
    &WARP_REFRESH_TOKEN,
    &WARP_JWT,
    &POOL_SERVICE_BASE_URL,
    &POOL_SERVICE_API_KEY,
    &POOL_MIN_TTL_SECONDS,
    &BROKER_URL,
    &BROKER_KEY,
    &POOL_SIZE,
    &LONGEST_REST,
    &ANONYMOUS,
    &CLOUDFLARE_API_TOKEN,
    &CLOUDFLARE_ACCOUNT_ID,
    &CLOUDFLARE_API,
    &MODEL,
    &STRICT,
    &HISTORY_CARRIER,
    &SYSTEM_PROMPT_CARRIER,
    &MCP_FORM,
    &IDLE_TIMEOUT,
    &CONNECT_TIMEOUT,
    &HEARTBEAT,
    &DRAIN_TIMEOUT,
    &DRAIN_PAUSE,
    &READY_INTERVAL,
    &MAX_TURNS,
    &MAX_QUEUE,
    &QUEUE_TIMEOUT,
    &TURN_TIMEOUT,
    &MAX_CONNECTIONS,
    &MAX_HEAD,
    &MAX_HEADERS,
    &HEAD_TIMEOUT,
    &CLIENT_TIMEOUT,
    &STREAM_BUFFER,
    &WATCH,
    &MAX_BODY,
    &CORS,
    &ALLOWED_HOSTS,
    &RECORD,
    &RECORD_SENSITIVE,
    &RECORD_FILES,
    &RECORD_BYTES,
    &CA_FILE,
    &CLIENT_VERSION,
    &DESCRIPTORS,
    &LOG_FORMAT,
    &LOG,
    &METRICS_LISTEN,
    &OTEL_ENDPOINT,
    &OTEL_TRACES_ENDPOINT,
    &OTEL_HEADERS,
    &OTEL_TRACES_HEADERS,
    &OTEL_PROTOCOL,
    &OTEL_TRACES_PROTOCOL,
    &OTEL_TIMEOUT,
    &OTEL_CERTIFICATE,
    &OTEL_SERVICE_NAME,
    &OTEL_RESOURCE_ATTRIBUTES,
    &OTEL_SAMPLER,
    &OTEL_SAMPLER_ARG,
    &OTEL_TRACES_EXPORTER,
    &OTEL_SDK_DISABLED,
    &HOME,
    &STATE_KEY,
    &CONFIG,
];

const fn open(
    flag: &'static str,
    variable: &'static str,
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { flag, variable, key, about, default, secret: false }
}

const fn secret(variable: &'static str, key: &'static str, about: &'static str) -> Setting {
    Setting { flag: "", variable, key, about, default: "none", secret: true }
}

/// A set of named strings: the process's environment, or a test's map.
pub trait Strings {
    /// The value of `name`, if it is set.
    fn get(&self, name: &str) -> Option<OsString>;

    /// All names that can be read as text.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Strings for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    fn get(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

impl Setting {
    /// What it is called where one name has to do.
    #[must_use]
    pub fn name(&self) -> &'static str {
        [self.key, self.variable].into_iter().find(|name| !name.is_empty()).unwrap_or(self.flag)
    }
}

impl Strings for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<OsString> {
        BTreeMap::get(self, name).map(OsString::from)
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// True when the user asked programs not to colour their output (<https://no-color.org>), or the terminal cannot.
pub(crate) fn wants_no_colour(strings: &dyn Strings) -> bool {
    let set = |name| strings.get(name).is_some_and(|value| !value.is_empty());
    set("NO_COLOR") || strings.get("TERM").is_some_and(|terminal| terminal == "dumb")
}

/// The platform's directory for a program's state, `warp2api` included; `None` where no home directory is known.
pub(crate) fn state_directory(strings: &dyn Strings) -> Option<PathBuf> {
    if cfg!(windows) {
        return path(strings, "LOCALAPPDATA", "warp2api");
    }
    if cfg!(target_os = "macos") {
        return path(strings, "HOME", "Library/Application Support/warp2api");
    }
    path(strings, "XDG_STATE_HOME", "warp2api").or_else(|| path(strings, "HOME", ".local/state/warp2api"))
}

/// The platform's place for our configuration file; `None` where no home directory is known.
pub(crate) fn configuration_file(strings: &dyn Strings) -> Option<PathBuf> {
    if cfg!(windows) {
        return path(strings, "APPDATA", "warp2api/config.toml");
    }
    if cfg!(target_os = "macos") {
        return path(strings, "HOME", "Library/Application Support/warp2api/config.toml");
    }
    path(strings, "XDG_CONFIG_HOME", "warp2api/config.toml")
        .or_else(|| path(strings, "HOME", ".config/warp2api/config.toml"))
}

/// `below` under the directory that `name` holds. Relative ones are not valid there and are ignored.
fn path(strings: &dyn Strings, name: &str, below: &str) -> Option<PathBuf> {
    let root = PathBuf::from(strings.get(name)?);
    root.is_absolute().then(|| root.join(Path::new(below)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{ALL, configuration_file, state_directory, wants_no_colour};

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let columns: [fn(&super::Setting) -> &str; 3] = [|s| s.flag, |s| s.variable, |s| s.key];
        for name in columns {
            let names: Vec<_> = ALL.iter().map(|setting| name(setting)).filter(|name| !name.is_empty()).collect();
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        }
    }

    #[test]
    fn colour_is_off_when_unwanted() {
        assert!(wants_no_colour(&map(&[("NO_COLOR", "1")])));
        assert!(wants_no_colour(&map(&[("TERM", "dumb")])));
        assert!(!wants_no_colour(&map(&[("NO_COLOR", ""), ("TERM", "xterm")])));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn directories_follow_the_platform() {
        let show = |path: Option<std::path::PathBuf>| path.map(|path| path.display().to_string());
        let home = map(&[("HOME", "/home/me"), ("XDG_STATE_HOME", "not/absolute")]);
        assert_eq!(show(state_directory(&home)).as_deref(), Some("/home/me/.local/state/warp2api"));
        let xdg = map(&[("HOME", "/home/me"), ("XDG_CONFIG_HOME", "/etc/me")]);
        assert_eq!(show(configuration_file(&xdg)).as_deref(), Some("/etc/me/warp2api/config.toml"));
        assert_eq!(show(state_directory(&map(&[]))), None);
    }
}
