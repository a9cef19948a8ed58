//! The names of every setting, and the one place that reads the environment.
//!
//! Names that other Warp gateways and the official client made known keep their meaning; ours begin with `WARP2API_`.
//! It must not know what a value means: that is `settings`' business.

mod serving;
mod warp;
mod watching;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

pub use serving::*;
pub use warp::*;
pub use watching::*;

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
