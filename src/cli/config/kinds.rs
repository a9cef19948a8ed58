//! What the values of each setting are, and under which head it stands in the example file: for the JSON schema, the
//! example and `config show`. Each setting has exactly one line here, and tests hold the lines against what `settings`
//! really accepts.

use serde_json::Value;

use crate::cli::env::{self, Setting};

/// What the values of a setting are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A time between two others in milliseconds, both included.
    Duration(u64, u64),
    /// A number of bytes between two others, both included.
    Size(u64, u64),
    /// A whole number between two others, both included.
    Count(u64, u64),
    /// One of these words.
    Words(&'static [&'static str]),
    /// Any number of texts; comma-separated where there are no lists.
    List(&'static str),
    /// Text of a form that only the program knows, as this example.
    Text(&'static str),
    /// An address and a port, as this example.
    Address(&'static str),
    /// An address of this machine and a port, as this example, or `off`.
    AddressOrOff(&'static str),
    /// The root of a service over HTTP, as this example.
    Root(&'static str),
    /// A path to a file or a directory, as this example.
    Path(&'static str),
    /// Text that is never shown, of the form of this example.
    Secret(&'static str),
    /// Texts that are never shown.
    Secrets,
}

/// A part of the example file: its head, and what stands there.
pub(crate) type Group = (&'static str, &'static [(&'static Setting, Kind)]);

/// Every setting, in the order of the example file.
pub(crate) const GROUPS: &[Group] = &[
    (
        "Where the gateway listens, and to whom",
        &[
            (&env::LISTEN, Kind::Address("0.0.0.0:8010")),
            (&env::HOST, Kind::Text("0.0.0.0")),
            (&env::PORT, Kind::Count(0, 65_535)),
            (&env::API_TOKEN, Kind::Secrets),
            (&env::ALLOW_ANONYMOUS, Kind::Switch),
            (&env::ALLOWED_HOSTS, Kind::List("gateway.lan")),
            (&env::CORS, Kind::List("https://app.example")),
            (&env::STRICT, Kind::Switch),
        ],
    ),
    (
        "The upstream, and how turns travel there",
        &[
            (&env::UPSTREAM, Kind::Text("simulator")),
            (&env::HISTORY_CARRIER, Kind::Words(&["tasks", "flatten"])),
            (&env::SYSTEM_PROMPT_CARRIER, Kind::Words(&["project-rules", "attachment", "query"])),
            (&env::MCP_FORM, Kind::Words(&["servers", "flat"])),
            (&env::CLIENT_VERSION, Kind::Text("v0.2026.01.01.08.00.stable_00")),
            (&env::CA_FILE, Kind::Path("/etc/ssl/company.pem")),
            (&env::MODEL, Kind::Text("auto")),
        ],
    ),
    (
        "Accounts",
        &[
            (&env::WARP_API_KEY, Kind::TOKEN),
            (&env::WARP_REFRESH_TOKEN, Kind::TOKEN),
            (&env::WARP_JWT, Kind::TOKEN),
            (&env::ANONYMOUS, Kind::Switch),
            (&env::POOL_SIZE, Kind::Count(1, 64)),
            (&env::LONGEST_REST, Kind::TIME),
            (&env::POOL_SERVICE_BASE_URL, Kind::Root("https://pool.example")),
            (&env::POOL_SERVICE_API_KEY, Kind::TOKEN),
            (&env::POOL_MIN_TTL_SECONDS, Kind::TIME),
            (&env::BROKER_URL, Kind::Root("https://broker.example")),
            (&env::BROKER_KEY, Kind::TOKEN),
            (&env::CLOUDFLARE_API_TOKEN, Kind::TOKEN),
            (&env::CLOUDFLARE_ACCOUNT_ID, Kind::Text("0123456789abcdef0123456789abcdef")),
            (&env::CLOUDFLARE_API, Kind::Root("https://api.cloudflare.com/client/v4")),
        ],
    ),
    (
        "Limits and times",
        &[
            (&env::MAX_BODY, Kind::SIZE),
            (&env::MAX_HEAD, Kind::Size(8 << 10, 16 << 20)),
            (&env::MAX_HEADERS, Kind::Count(1, 1_000_000)),
            (&env::MAX_CONNECTIONS, Kind::Count(1, 1_000_000)),
            (&env::MAX_TURNS, Kind::Count(1, 1_000_000)),
            (&env::MAX_QUEUE, Kind::Count(0, 1_000_000)),
            (&env::STREAM_BUFFER, Kind::SIZE),
            (&env::QUEUE_TIMEOUT, Kind::TIME),
            (&env::TURN_TIMEOUT, Kind::TIME),
            (&env::HEAD_TIMEOUT, Kind::TIME),
            (&env::CLIENT_TIMEOUT, Kind::TIME),
            (&env::CONNECT_TIMEOUT, Kind::TIME),
            (&env::IDLE_TIMEOUT, Kind::TIME),
            (&env::HEARTBEAT, Kind::TIME),
            (&env::DRAIN_PAUSE, Kind::Duration(0, 86_400_000)),
            (&env::DRAIN_TIMEOUT, Kind::TIME),
            (&env::READY_INTERVAL, Kind::TIME),
            (&env::WATCH, Kind::Switch),
        ],
    ),
    (
        "Looking on: the bridge, recordings, logs",
        &[
            (&env::BRIDGE_LISTEN, Kind::AddressOrOff("127.0.0.1:8000")),
            (&env::MONITOR_SENSITIVE, Kind::Switch),
            (&env::RECORD, Kind::Path("/var/lib/warp2api/recordings")),
            (&env::RECORD_SENSITIVE, Kind::Switch),
            (&env::RECORD_FILES, Kind::Count(1, 1_000_000)),
            (&env::RECORD_BYTES, Kind::SIZE),
            (&env::LOG_FORMAT, Kind::Words(&["text", "json"])),
            (&env::LOG, Kind::Text("warp2api=debug,hyper=info")),
            (&env::METRICS_LISTEN, Kind::Text("127.0.0.1:9464")),
        ],
    ),
    (
        "Traces, by OpenTelemetry's own names",
        &[
            (&env::OTEL_ENDPOINT, Kind::Root("http://127.0.0.1:4318")),
            (&env::OTEL_TRACES_ENDPOINT, Kind::Root("http://127.0.0.1:4318/v1/traces")),
            (&env::OTEL_HEADERS, Kind::Secret("name=value")),
            (&env::OTEL_TRACES_HEADERS, Kind::Secret("name=value")),
            (&env::OTEL_PROTOCOL, Kind::Text("http/protobuf")),
            (&env::OTEL_TRACES_PROTOCOL, Kind::Text("http/protobuf")),
            (&env::OTEL_TIMEOUT, Kind::Text("10s")),
            (&env::OTEL_CERTIFICATE, Kind::Path("/etc/ssl/company.pem")),
            (&env::OTEL_SERVICE_NAME, Kind::Text("warp2api")),
            (&env::OTEL_RESOURCE_ATTRIBUTES, Kind::Text("deployment.environment.name=test")),
            (
                &env::OTEL_SAMPLER,
                Kind::Words(&[
                    "always_on",
                    "always_off",
                    "traceidratio",
                    "parentbased_always_on",
                    "parentbased_always_off",
                    "parentbased_traceidratio",
                ]),
            ),
            (&env::OTEL_SAMPLER_ARG, Kind::Text("0.1")),
            (&env::OTEL_TRACES_EXPORTER, Kind::Text("otlp")),
            (&env::OTEL_SDK_DISABLED, Kind::Switch),
        ],
    ),
    (
        "State and schema",
        &[
            (&env::STATE_KEY, Kind::Words(&["auto", "keyring", "file"])),
            (&env::STATE, Kind::Text("sqlite")),
            (&env::STATE_PASSWORD, Kind::TOKEN),
            (&env::STATE_SECRET, Kind::Secret("a long random text that all replicas have, of 32 characters or more")),
            (&env::STATE_PREFIX, Kind::Text("warp2api")),
            (&env::DESCRIPTORS, Kind::Path("/etc/warp2api/schema.binpb")),
            (&env::HOME, Kind::Path("/var/lib/warp2api")),
            (&env::CONFIG, Kind::Path("/etc/warp2api/config.toml")),
        ],
    ),
];

/// Every setting with its kind, in that order.
pub(crate) fn all() -> impl Iterator<Item = (&'static Setting, Kind)> {
    GROUPS.iter().flat_map(|(_, settings)| settings.iter().copied())
}

/// Those of them that the configuration file can give.
pub(crate) fn of_file() -> impl Iterator<Item = (&'static Setting, Kind)> {
    all().filter(|(setting, _)| !setting.key.is_empty())
}

/// What holds when nobody gives `setting`, as text that would give it; none where that is not one fixed value.
pub(crate) fn default(setting: &Setting) -> Option<&'static str> {
    let inside = setting.default.strip_prefix('`')?.strip_suffix('`')?;
    (!inside.contains('`')).then_some(inside)
}

impl Kind {
    /// The usual time: from a millisecond to a day.
    pub(crate) const TIME: Self = Self::Duration(1, 86_400_000);
    /// The usual size: from 1 KiB to 1 GiB.
    pub(crate) const SIZE: Self = Self::Size(1 << 10, 1 << 30);
    /// The usual secret: any text of one line.
    pub(crate) const TOKEN: Self = Self::Secret("…");

    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Duration(..) => "duration",
            Self::Size(..) => "size",
            Self::Count(..) => "count",
            Self::Words(_) => "word",
            Self::List(_) => "list",
            Self::Text(_) => "text",
            Self::Address(_) | Self::AddressOrOff(_) => "address",
            Self::Root(_) => "URL",
            Self::Path(_) => "path",
            Self::Secret(_) => "secret",
            Self::Secrets => "secrets",
        }
    }

    /// `text` as the configuration file has it. What JSON writes for it, TOML reads.
    pub(crate) fn value(self, text: &str) -> Value {
        let whole = || text.parse::<u64>().map_or_else(|_| text.into(), Value::from);
        let switch = || text.parse::<bool>().map_or_else(|_| text.into(), Value::from);
        match self {
            Self::Switch => switch(),
            Self::Count(..) | Self::Duration(..) => whole(),
            Self::List(_) | Self::Secrets => text.split(',').map(str::trim).collect(),
            Self::Size(..)
            | Self::Words(_)
            | Self::Text(_)
            | Self::Address(_)
            | Self::AddressOrOff(_)
            | Self::Root(_)
            | Self::Path(_)
            | Self::Secret(_) => text.into(),
        }
    }

    /// A value to show where there is no default to show.
    pub(crate) fn sample(self) -> &'static str {
        match self {
            Self::Switch => "false",
            Self::Duration(..) => "90s",
            Self::Size(_, most) if most < 64 << 20 => "64KiB",
            Self::Size(..) => "64MiB",
            Self::Count(..) => "1",
            Self::Words(words) => words.first().copied().unwrap_or_default(),
            Self::Secrets => "…",
            Self::List(sample)
            | Self::Text(sample)
            | Self::Address(sample)
            | Self::AddressOrOff(sample)
            | Self::Root(sample)
            | Self::Path(sample)
            | Self::Secret(sample) => sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ffi::OsString, path::Path};

    use clap::Parser as _;

    use super::*;
    use crate::cli::{args::Arguments, env::ALL, settings::Settings};

    /// What is wrong with a file that says `key = value` and nothing else.
    fn complaint(key: &str, value: &Value) -> Option<String> {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("config.toml");
        // What is said of traces is only looked at where there are any, by the verb that makes them.
        let traces =
            if key.starts_with("ot") && key != "otlp_endpoint" { "otlp_endpoint = 'http://[::1]'\n" } else { "" };
        std::fs::write(&file, format!("{traces}{key} = {value}\n")).unwrap();
        let line = ["warp2api", "--config"].map(OsString::from).into_iter().chain([file.into(), "serve".into()]);
        let arguments = Arguments::try_parse_from(line).unwrap();
        let settings = Settings::resolve(&arguments, &BTreeMap::<String, String>::new(), Path::new("/nowhere"));
        let problems = settings.err().unwrap_or_default();
        let own = problems.into_iter().find(|problem| problem.place.starts_with(&format!("{key} in ")));
        own.map(|problem| problem.message)
    }

    /// Texts that a value of this kind may be, and such that it may not.
    fn examples(kind: Kind) -> (Vec<String>, Vec<String>) {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        // Both bounds are taken, what is just beyond them is not.
        let between = |least: u64, most: u64, unit: &str| {
            let written = |number: u64| format!("{number}{unit}");
            let beyond = [least.checked_sub(1), most.checked_add(1)].into_iter().flatten();
            let wrong = beyond.map(written).chain(texts(&["-1", "many"])).collect();
            (vec![written(least), written(most)], wrong)
        };
        let (right, wrong) = match kind {
            Kind::Switch => (texts(&["true", "false"]), texts(&["perhaps", "2"])),
            Kind::Duration(least, most) => between(least, most, "ms"),
            Kind::Size(least, most) | Kind::Count(least, most) => between(least, most, ""),
            Kind::Words(words) => (texts(words), texts(&["other"])),
            Kind::Address(_) => (texts(&["127.0.0.1:0", "[::1]:8010"]), texts(&["8010", "example.org:80"])),
            Kind::AddressOrOff(_) => (texts(&["[::1]:0", "off"]), texts(&["0.0.0.0:8000", "on"])),
            Kind::Root(_) => (texts(&["https://example.org/x"]), texts(&["example.org", "ftp://example.org"])),
            Kind::Secret(_) => (Vec::new(), texts(&["a\nb"])),
            Kind::Secrets => (texts(&["a", "a,b"]), texts(&["a b"])),
            Kind::List(_) => (texts(&["a", "a,b"]), Vec::new()),
            Kind::Text(_) | Kind::Path(_) => (Vec::new(), Vec::new()),
        };
        ([right, vec![kind.sample().to_owned()]].concat(), wrong)
    }

    #[test]
    fn every_setting_has_one_kind() {
        for setting in ALL {
            let lines = all().filter(|(known, _)| known == setting).count();
            let name = [setting.key, setting.variable, setting.flag].into_iter().find(|name| !name.is_empty());
            assert_eq!(lines, 1, "{name:?} must have one line among the groups of cli/config/kinds.rs");
        }
        assert_eq!(all().count(), ALL.len());
        for (setting, kind) in all() {
            assert_eq!(setting.secret, matches!(kind, Kind::Secret(_) | Kind::Secrets), "{setting:?}");
        }
    }

    #[test]
    fn a_kind_says_what_is_really_accepted() {
        for (setting, kind) in of_file() {
            let (right, wrong) = examples(kind);
            for text in right {
                assert_eq!(complaint(setting.key, &kind.value(&text)), None, "{} = {text}", setting.key);
            }
            for text in wrong {
                let complaint = complaint(setting.key, &kind.value(&text));
                assert!(complaint.is_some(), "{} = {text:?} passes", setting.key);
                if let Kind::Words(words) = kind {
                    let expected = format!("\"{text}\": expected {}", words.join(" or "));
                    assert_eq!(complaint.as_deref(), Some(&*expected), "{}", setting.key);
                }
            }
        }
    }

    #[test]
    fn a_default_is_what_holds_without() {
        let resolved = |file: &str| {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("config.toml");
            std::fs::write(&path, file).unwrap();
            let line = ["warp2api", "--config"].map(OsString::from).into_iter().chain([path.into(), "serve".into()]);
            let arguments = Arguments::try_parse_from(line).unwrap();
            Settings::resolve(&arguments, &BTreeMap::<String, String>::new(), Path::new("/nowhere")).unwrap()
        };
        let without = resolved("");
        let fixed: Vec<_> = of_file().filter_map(|(setting, kind)| Some((setting, kind, default(setting)?))).collect();
        assert!(fixed.len() > 20, "{} defaults", fixed.len());
        for (setting, kind, text) in fixed {
            let mut with = resolved(&format!("{} = {}", setting.key, kind.value(text)));
            // Whether somebody has named it is the one thing that a default cannot say.
            with.serving.bridge.is_wanted = false;
            assert_eq!(with, without, "{}: {text} is not what holds without", setting.key);
        }
    }
}
