//! The names of every setting, and the one place that reads the environment.
//!
//! Names that other Warp gateways and the official client made known keep their meaning; ours begin with `WARP2API_`.
//! It must not know what a value means: that is `settings`' business.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// One setting and what it is called in each place that can give it.
#[derive(Debug, Clone, Copy)]
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
    "Key that clients must send (the file takes a list). Without one, anyone who reaches the port may use it",
);
/// Whether to serve others without a client key.
pub const ALLOW_ANONYMOUS: Setting = open(
    "--allow-anonymous",
    "WARP2API_ALLOW_ANONYMOUS",
    "allow_anonymous",
    "`false`",
    "Serve an address that others can reach although no client key is set",
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
/// Where state is shared.
pub const STATE: Setting = open(
    "--state",
    "WARP2API_STATE",
    "state",
    "`sqlite`",
    "Where state is: `sqlite`, a file of this machine, or `redis://[USER@]HOST[:PORT][/DATABASE]` (`rediss://` for TLS), \
     which several replicas share",
);
/// What the server of the shared state lets us in with.
pub const STATE_PASSWORD: Setting =
    secret("WARP2API_STATE_PASSWORD", "state_password", "The password of the Redis server, if it asks for one");
/// What the key is made of that seals shared state.
pub const STATE_SECRET: Setting = secret(
    "WARP2API_STATE_SECRET",
    "state_secret",
    "What shared state is sealed with: a long random text, the same for all replicas",
);
/// How the names of all keys of the shared state begin.
pub const STATE_PREFIX: Setting = open(
    "",
    "WARP2API_STATE_PREFIX",
    "state_prefix",
    "`warp2api`",
    "How the names of all keys in Redis begin, so that others can use the same server",
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
    &HOME,
    &STATE_KEY,
    &STATE,
    &STATE_PASSWORD,
    &STATE_SECRET,
    &STATE_PREFIX,
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
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Strings for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    fn get(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

impl Strings for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<OsString> {
        BTreeMap::get(self, name).map(OsString::from)
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
