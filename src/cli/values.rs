//! Reads the text of one value: durations, sizes, switches, addresses, upstreams.
//!
//! Every reader says what would have been right. It must not know where the text stands.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime},
};

use time::{Date, OffsetDateTime, Time, format_description::well_known::Rfc3339, macros::format_description};

use crate::{capture::replay, service::is_loopback, state::RedisAddress};

/// Warp's own service.
pub const OFFICIAL_ROOT: &str = "https://app.warp.dev";

/// Where turns go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// A service over HTTP.
    Service {
        /// Scheme, host and port, without a slash at the end.
        root: String,
        /// Speak HTTP/2 from the first byte, without TLS.
        http2_prior_knowledge: bool,
    },
    /// The fake service in this binary.
    Simulator {
        /// What it plays; empty for its own answers at a natural pace.
        scenario: String,
    },
    /// Captures that answer.
    Replay(replay::Options),
}

impl Upstream {
    /// True for Warp's own service.
    #[must_use]
    pub fn is_official(&self) -> bool {
        matches!(self, Self::Service { root, .. } if root == OFFICIAL_ROOT)
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { root, http2_prior_knowledge: false } => f.write_str(root),
            Self::Service { root, http2_prior_knowledge: true } => write!(f, "{root} (plain HTTP/2)"),
            Self::Simulator { scenario } if scenario.is_empty() => f.write_str("the built-in simulator"),
            Self::Simulator { scenario } => write!(f, "the built-in simulator ({scenario})"),
            Self::Replay(options) => options.fmt(f),
        }
    }
}

/// Reads the value of `--upstream`.
pub(crate) fn upstream(text: &str) -> Result<Upstream, String> {
    const FORMS: &str = "expected https://HOST, http://HOST, h2c://HOST, simulator[:SCENARIO] or replay:PATH";
    if text == "simulator" {
        return Ok(Upstream::Simulator { scenario: String::new() });
    }
    if let Some(scenario) = text.strip_prefix("simulator:") {
        return Ok(Upstream::Simulator { scenario: scenario.to_owned() });
    }
    if let Some(options) = text.strip_prefix("replay:") {
        return replay::Options::parse(options).map(Upstream::Replay);
    }
    let (url, http2_prior_knowledge) = match text.strip_prefix("h2c://") {
        Some(rest) => (format!("http://{rest}"), true),
        None => (text.to_owned(), false),
    };
    Ok(Upstream::Service { root: address(&url, FORMS)?, http2_prior_knowledge })
}

/// The root of a service at `text`; `forms` says what is expected.
fn address(text: &str, forms: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|_| forms.to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(forms.to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not hold a query or a fragment".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// `text` without the password that a URL may hold.
pub(crate) fn without_password(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            match authority.rsplit_once('@') {
                Some((user, _)) => format!("{scheme}://[hidden]{}", &rest[user.len()..]),
                None => text.to_owned(),
            }
        }
        None => text.to_owned(),
    }
}

/// Reads the root of any service over HTTP.
pub(crate) fn root(text: &str) -> Result<String, String> {
    address(text, "expected https://HOST or http://HOST")
}

/// Reads how many accounts are kept ready.
pub(crate) fn pool_size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| (1..=64).contains(size));
    size.ok_or_else(|| "expected a number from 1 to 64".to_owned())
}

/// Reads the root of an API that gets a secret with each request: over TLS, unless it is on this machine.
pub(crate) fn api_root(text: &str) -> Result<String, String> {
    const FORMS: &str = "expected https://HOST, or http:// with an address of this machine";
    let root = address(text, FORMS)?;
    if root.starts_with("https://") || is_loopback(&root) { Ok(root) } else { Err(FORMS.to_owned()) }
}

/// Reads the id of a Cloudflare account.
pub(crate) fn account_id(text: &str) -> Result<String, String> {
    let hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hexadecimal { Ok(text.to_ascii_lowercase()) } else { Err("expected 32 hexadecimal digits".to_owned()) }
}

/// Reads an address and port, such as `127.0.0.1:8010`, `[::1]:0` or `localhost:8010`.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    let expected = || "expected ADDRESS:PORT, such as 127.0.0.1:8010 or [::1]:8010".to_owned();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (name, number) = text.rsplit_once(':').ok_or_else(expected)?;
    Ok(SocketAddr::new(host(name).map_err(|_| expected())?, port(number).map_err(|_| expected())?))
}

/// Reads the bridge's address, which only this machine may reach, or `off`.
pub(crate) fn bridge_listen(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let address = listen(text).map_err(|error| format!("{error}, or off"))?;
    match address.ip().is_loopback() {
        true => Ok(Some(address)),
        false => Err("the bridge asks for no key, so it serves loopback only: expected 127.0.0.1:PORT, [::1]:PORT or \
                      off"
        .to_owned()),
    }
}

/// Reads where metrics are served; `None` is nowhere.
pub(crate) fn metrics_listen(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    listen(text).map(Some).map_err(|error| format!("{error}, or off"))
}

/// Reads an address without a port. `localhost` means the IPv4 loopback.
pub(crate) fn host(text: &str) -> Result<IpAddr, String> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| "expected an IP address such as 127.0.0.1 or ::1, or localhost".to_owned())
}

/// Reads a port.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "expected a port number from 0 to 65535".to_owned())
}

/// Reads where state is; none is the database of this machine.
pub(crate) fn state(text: &str) -> Result<Option<RedisAddress>, String> {
    if text.eq_ignore_ascii_case("sqlite") {
        return Ok(None);
    }
    RedisAddress::parse(text).map(Some).map_err(|problem| format!("{problem}; or sqlite"))
}

/// Reads how the names of keys begin.
pub(crate) fn key_prefix(text: &str) -> Result<String, String> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || ".-_:{}".contains(c);
    match (1..=64).contains(&text.len()) && text.chars().all(is_fine) {
        true => Ok(text.to_owned()),
        false => Err("expected 1 to 64 letters, digits, `.`, `-`, `_`, `:` or braces".to_owned()),
    }
}

/// Reads a switch.
pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// Reads a time of at least a millisecond and at most a day: `90`, `90s`, `1.5m`, `500ms`, `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time from 1ms to 24h, such as 90s, 500ms or 5m".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let scale = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(expected()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| expected())? * scale;
    if (0.001..=86_400.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(expected()) }
}

/// Reads a size of at least 1 KiB and at most 1 GiB: `1048576`, `64MiB`, `500KiB`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let expected = || "expected a size from 1KiB to 1GiB, such as 64MiB".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1024,
        "m" | "mib" => 1024 * 1024,
        "g" | "gib" => 1024 * 1024 * 1024,
        _ => return Err(expected()),
    };
    let number = number.trim().parse::<usize>().map_err(|_| expected())?;
    let bytes = number.checked_mul(scale).ok_or_else(expected)?;
    if (1024..=1024 * 1024 * 1024).contains(&bytes) { Ok(bytes) } else { Err(expected()) }
}

/// Reads a number of things, at least one.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1_000_000).contains(number));
    number.ok_or_else(|| "expected a number from 1 to 1000000".to_owned())
}

/// A limit that may be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound<T>(pub(crate) Option<T>);

/// When something ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// It does not.
    Never,
    /// So long from now.
    In(Duration),
    /// Then.
    At(SystemTime),
}

/// Reads a limit on the number of things.
pub(crate) fn bound(text: &str) -> Result<Bound<u32>, String> {
    if text == "none" {
        return Ok(Bound(None));
    }
    let number = count(text).map_err(|expected| format!("{expected}, or none"))?;
    Ok(Bound(Some(u32::try_from(number).unwrap_or(u32::MAX))))
}

/// Reads a limit on tokens, such as `500000`, `500k` or `2M`.
pub(crate) fn tokens(text: &str) -> Result<Bound<u64>, String> {
    if text == "none" {
        return Ok(Bound(None));
    }
    let (number, scale) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1_000),
        None => text.strip_suffix('M').map_or((text, 1), |number| (number, 1_000_000)),
    };
    let tokens = number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
    let tokens = tokens.filter(|tokens| (1..=1_000_000_000_000).contains(tokens));
    tokens
        .map(|tokens| Bound(Some(tokens)))
        .ok_or_else(|| "expected a number such as 500000, 500k or 2M, or none".to_owned())
}

/// Reads a limit on credits, such as `10` or `2.5`.
pub(crate) fn credits(text: &str) -> Result<Bound<f64>, String> {
    if text == "none" {
        return Ok(Bound(None));
    }
    let credits = text.parse::<f64>().ok().filter(|credits| (0.001..=1e9).contains(credits));
    credits.map(|credits| Bound(Some(credits))).ok_or_else(|| "expected a number such as 10 or 2.5, or none".to_owned())
}

/// Reads when something ends: after a time, with the beginning of a day of UTC, at a moment, or never.
pub(crate) fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        return Ok(Expiry::At(OffsetDateTime::new_utc(day, Time::MIDNIGHT).into()));
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Expiry::At(moment.into()));
    }
    let expected = || "expected 12h, 30d, 8w, 2026-12-31, 2026-12-31T18:00:00Z or never".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?);
    let seconds = match unit {
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(expected()),
    };
    let number = number.parse::<u64>().ok().filter(|number| (1..=100_000).contains(number)).ok_or_else(expected)?;
    Ok(Expiry::In(Duration::from_secs(number * seconds)))
}

/// Reads a number of things, or 0.
pub(crate) fn count_or_none(text: &str) -> Result<usize, String> {
    if text == "0" { Ok(0) } else { count(text).map_err(|_| "expected a number from 0 to 1000000".to_owned()) }
}

/// Reads a time that may be none: `0`, or as [`duration`].
pub(crate) fn pause(text: &str) -> Result<Duration, String> {
    let is_none = matches!(text, "0" | "0s" | "0ms");
    if is_none { Ok(Duration::ZERO) } else { duration(text).map_err(|expected| format!("{expected}, or 0")) }
}

/// Reads the size of a request's head, which cannot be as small as any.
pub(crate) fn head(text: &str) -> Result<usize, String> {
    let bytes = size(text).ok().filter(|bytes| (8 * 1024..=16 * 1024 * 1024).contains(bytes));
    bytes.ok_or_else(|| "expected a size from 8KiB to 16MiB, such as 64KiB".to_owned())
}

/// Reads a comma-separated list without empty entries.
pub(crate) fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// Reads one of several words.
pub(crate) fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    let names = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
    found.map(|&(_, value)| value).ok_or_else(|| format!("expected {}", names()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{
        Bound, Expiry, OFFICIAL_ROOT, Upstream, account_id, api_root, bound, count, count_or_none, credits, duration,
        expiry, head, listen, pause, pool_size, root, size, switch, tokens, upstream, without_password, word,
    };

    #[test]
    fn a_password_in_a_url_is_hidden() {
        assert_eq!(without_password("redis://me:p@ss@host:6379/0?x=@"), "redis://[hidden]@host:6379/0?x=@");
        assert_eq!(without_password("https://host/a@b"), "https://host/a@b");
        assert_eq!(without_password("a@b"), "a@b");
    }

    #[test]
    fn an_address_with_a_user_is_told_apart_from_none() {
        for read in [root, api_root] {
            assert!(read("https://me:pw@host").unwrap_err().contains("user name or password"));
            assert!(read("me").unwrap_err().starts_with("expected https://HOST"));
        }
    }

    #[test]
    fn upstreams() {
        let service = |text: &str| match upstream(text) {
            Ok(Upstream::Service { root, http2_prior_knowledge }) => (root, http2_prior_knowledge),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(service("https://app.warp.dev/"), (OFFICIAL_ROOT.to_owned(), false));
        assert_eq!(service("HTTP://Localhost:8000/x/"), ("http://localhost:8000/x".to_owned(), false));
        assert_eq!(service("h2c://127.0.0.1:9"), ("http://127.0.0.1:9".to_owned(), true));
        assert!(upstream("https://app.warp.dev").unwrap().is_official());
        assert!(!upstream("https://app.warp.dev.example").unwrap().is_official());
        assert_eq!(upstream("simulator"), Ok(Upstream::Simulator { scenario: String::new() }));
        assert_eq!(upstream("simulator:fast"), Ok(Upstream::Simulator { scenario: "fast".to_owned() }));
        assert!(
            matches!(upstream("replay:x,speed=full"), Ok(Upstream::Replay(options)) if options.path.ends_with("x"))
        );
        for wrong in [
            "",
            "app.warp.dev",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "https://x/?q",
            "replay:",
            "replay:x,speed=9",
            "simulato",
        ] {
            assert!(upstream(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_api_is_asked_over_tls_or_on_this_machine() {
        assert_eq!(api_root("https://api.example/v4/").as_deref(), Ok("https://api.example/v4"));
        assert_eq!(api_root("http://127.0.0.1:9/v4").as_deref(), Ok("http://127.0.0.1:9/v4"));
        for wrong in ["http://api.example", "h2c://127.0.0.1:9", "simulator", "api.example"] {
            assert!(api_root(wrong).is_err(), "{wrong}");
        }
        assert_eq!(account_id(&"0A".repeat(16)), Ok("0a".repeat(16)));
        for wrong in ["", "me@example.org", &"0".repeat(31), &"g".repeat(32)] {
            assert!(account_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses() {
        let shown = |text: &str| listen(text).map(|address| address.to_string());
        assert_eq!(shown("127.0.0.1:0").as_deref(), Ok("127.0.0.1:0"));
        assert_eq!(shown("[::1]:8010").as_deref(), Ok("[::1]:8010"));
        assert_eq!(shown("localhost:8010").as_deref(), Ok("127.0.0.1:8010"));
        for wrong in ["", "8010", "127.0.0.1", "127.0.0.1:99999", "example.org:80", "::1"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_and_ends() {
        assert_eq!((bound("7"), bound("none")), (Ok(Bound(Some(7))), Ok(Bound(None))));
        assert_eq!(["5", "500k", "2M"].map(|text| tokens(text).unwrap().0), [Some(5), Some(500_000), Some(2_000_000)]);
        assert_eq!((credits("2.5"), credits("none")), (Ok(Bound(Some(2.5))), Ok(Bound(None))));
        for wrong in ["", "0", "-1", "x", "1e9", "99999999999999999999", "18446744073709551615k"] {
            assert!(bound(wrong).is_err() && tokens(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "0", "-1", "NaN", "inf", "x", "1e10"] {
            assert!(credits(wrong).is_err(), "{wrong}");
        }
        let at = |seconds| Ok(Expiry::At(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)));
        assert_eq!((expiry("never"), expiry("2026-09-01")), (Ok(Expiry::Never), at(1_788_220_800)));
        assert_eq!(expiry("2026-09-01T02:00:00+02:00"), at(1_788_220_800));
        assert_eq!(expiry("30d"), Ok(Expiry::In(Duration::from_secs(30 * 86_400))));
        for wrong in ["", "30", "0d", "-1d", "tomorrow", "2026-02-30", "1y", "1.5d"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_and_sizes_and_switches() {
        assert_eq!((pool_size("3"), root("http://10.0.0.1:8019/")), (Ok(3), Ok("http://10.0.0.1:8019".to_owned())));
        for wrong in ["", "0", "65", "-1", "two"] {
            assert!(pool_size(wrong).is_err() && root(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        for wrong in ["", "s", "-1", "0", "NaN", "inf", "1e9", "25h", "3 weeks"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(size("64MiB"), Ok(64 * 1024 * 1024));
        assert_eq!(size("2048"), Ok(2048));
        for wrong in ["", "0", "-1", "99999999999999999999", "2GiB", "1.5MiB", "18446744073709551615k"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!((count("7"), count("0").is_err(), count("x").is_err()), (Ok(7), true, true));
        assert_eq!((count_or_none("0"), count_or_none("7"), count_or_none("-1").is_err()), (Ok(0), Ok(7), true));
        assert_eq!((pause("0"), pause("2s")), (Ok(Duration::ZERO), Ok(Duration::from_secs(2))));
        assert_eq!((head("8KiB"), head("8191").is_err(), pause("never").is_err()), (Ok(8192), true, true));
        assert_eq!((switch("ON"), switch("0")), (Ok(true), Ok(false)));
        assert!(switch("maybe").is_err());
        assert_eq!(word("b", &[("a", 1), ("B", 2)]), Ok(2));
        assert_eq!(word("c", &[("a", 1), ("b", 2)]), Err("expected a or b".to_owned()));
    }
}
