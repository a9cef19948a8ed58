//! Who may come in: client keys, and web pages that must not (`DESIGN.md` §5).
//!
//! A page in the user's browser can send requests here, from its own origin or, having its own name point at the
//! loopback interface, even from what looks like the same one. The `Origin` and `Host` headers give both away.

use std::{
    borrow::Cow,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::LazyLock,
};

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{self, AUTHORIZATION, HOST, ORIGIN},
};
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

use crate::{
    clients::{Found, Presented},
    secret::Secret,
    server::{client::Client, config::Config},
    turn::{ErrorKind, TurnError},
};

/// Headers other than `authorization` that clients put their key into.
const KEY_HEADERS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];
/// How many keys of one request are looked for among those that are kept: each that is unknown takes a moment.
const MOST_KEYS: usize = 4;
/// Headers of answers that a web page may read.
const EXPOSED: &str = "x-request-id, request-id, retry-after, x-should-retry, x-warp2api-ignored, x-warp2api-repaired, \
                       x-warp2api-usage-source, x-warp2api-model, x-warp2api-credits, x-warp2api-context-used, \
                       x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, \
                       anthropic-ratelimit-requests-limit, anthropic-ratelimit-requests-remaining, \
                       anthropic-ratelimit-requests-reset, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, \
                       x-ratelimit-reset-tokens, anthropic-ratelimit-tokens-limit, \
                       anthropic-ratelimit-tokens-remaining, anthropic-ratelimit-tokens-reset, \
                       x-warp2api-credits-limit, x-warp2api-credits-remaining, x-codex-credits-has-credits, \
                       x-codex-credits-unlimited, x-codex-credits-balance, x-codex-primary-used-percent, x-codex-primary-window-minutes, \
                       x-codex-primary-reset-at";

/// Lets a request pass that comes with one of the keys, and says which client it is: a name for its key that tells
/// nothing of the key, with the terms that the key has. Where any key will do, each still is a client of its own.
///
/// # Errors
/// When it comes with none of them, or none that is still good.
pub(crate) async fn check_key(config: &Config, uri: &Uri, headers: &HeaderMap) -> Result<Client, TurnError> {
    let named = |key: &[u8]| Client::named(client_name(config, key));
    if let Some(key) = presented(uri, headers).find(|key| is_known(&config.client_keys, key)) {
        return Ok(named(&key));
    }
    let mut over = None;
    for key in presented(uri, headers).take(MOST_KEYS) {
        let (Some(clients), Some(presented)) = (&config.clients, Presented::parse(&key)) else { continue };
        match clients.find(&presented).await {
            Found::InForce(key) => return Ok(Client::of(key)),
            Found::Over(key, standing) => over = Some((key, standing)),
            Found::Nobody => {}
        }
    }
    let has_clients = match &config.clients {
        Some(clients) => clients.are_any().await,
        None => false,
    };
    if config.client_keys.is_empty() && !has_clients {
        return Ok(named(&presented(uri, headers).next().unwrap_or_default()));
    }
    // LiteLLM knows a refused key by OpenAI's words for it, and takes any others for a bad request.
    let incorrect = |why: &str| format!("Incorrect API key provided: {why}");
    let what = match (over, presented(uri, headers).next()) {
        (Some((key, standing)), _) => incorrect(&format!("the client key `{}` is {}", key.name, standing.name())),
        (None, None) if headers.contains_key(AUTHORIZATION) => {
            "This server wants a client key, and the request's Authorization is of another kind".to_owned()
        }
        (None, None) => "This server wants a client key, and the request brings none".to_owned(),
        (None, Some(_)) => incorrect("it is not one of this server's client keys"),
    };
    let hint = "Send it as `Authorization: Bearer KEY` or `x-api-key: KEY`.";
    Err(TurnError::new(ErrorKind::ClientKey, format!("{what}. {hint}")))
}

/// Every key that the request brings; clients may send two at once, for two servers.
fn presented<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> impl Iterator<Item = Cow<'a, [u8]>> {
    let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
    });
    let plain = KEY_HEADERS.iter().flat_map(|name| headers.get_all(*name)).map(|value| value.as_bytes().trim_ascii());
    // Clients of Google's may have it in the URL, of which the log therefore has the path only.
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("key="));
    bearer.chain(plain).map(Cow::Borrowed).chain(pairs.map(|key| Cow::from(percent_decode_str(key))))
}

/// The name of the client whose key is `key`: the same for as long as what it left is kept, which without a state is
/// the time of this process.
fn client_name(config: &Config, key: &[u8]) -> String {
    static NAMES: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    if let Some(shelves) = &config.shelves {
        return shelves.pseudonym(key);
    }
    format!("{:016x}", NAMES.hash_one(key))
}

/// Takes the same time whichever key it is and wherever it differs; only its length shows.
fn is_known(keys: &[Secret], presented: &[u8]) -> bool {
    let equal = |key: &Secret| !key.is_empty() && bool::from(key.expose().as_bytes().ct_eq(presented));
    keys.iter().fold(false, |known, key| known | equal(key))
}

/// Lets a request pass that no web page of another origin has sent.
///
/// # Errors
/// When one has, and is not allowed to.
pub(crate) fn check_origin(config: &Config, uri: &Uri, headers: &HeaderMap) -> Result<(), TurnError> {
    let host = host(uri, headers);
    if let Some(host) = host.filter(|host| config.loopback_only && !is_own_host(config, host)) {
        let hint = "If that name is this machine's, put it among the allowed hosts.";
        return Err(refusal(format!("This server does not answer to the name `{}`. {hint}", shown(host))));
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let is_same = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1 == host?)).unwrap_or(false);
    if is_same || is_allowed_origin(config, origin) {
        return Ok(());
    }
    let origin = shown(&String::from_utf8_lossy(origin.as_bytes()));
    Err(refusal(format!(
        "Web pages of `{origin}` may not call this server. If yours may, put it among the CORS origins."
    )))
}

/// The headers that let an allowed page read the answer.
pub(crate) fn put_cors(config: &Config, asked: &HeaderMap, answer: &mut HeaderMap) {
    let Some(origin) = asked.get(ORIGIN).filter(|origin| is_allowed_origin(config, origin)) else { return };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    answer.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        answer
            .insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, DELETE, OPTIONS"));
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    if asked.contains_key(PRIVATE_NETWORK_ASKED) {
        answer.insert(PRIVATE_NETWORK_ALLOWED, HeaderValue::from_static("true"));
    }
}

/// Browsers ask this before a page of the internet may reach a machine of the local network.
const PRIVATE_NETWORK_ASKED: HeaderName = HeaderName::from_static("access-control-request-private-network");
const PRIVATE_NETWORK_ALLOWED: HeaderName = HeaderName::from_static("access-control-allow-private-network");

fn is_allowed_origin(config: &Config, origin: &HeaderValue) -> bool {
    let is_it = |allowed: &String| allowed == "*" || allowed.trim_end_matches('/').as_bytes() == origin.as_bytes();
    config.cors.iter().any(is_it)
}

/// The name and port that the client thinks it talks to. HTTP/2 has it in the URI.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    // A name that is no text is no name of ours, so it may as well be empty.
    let header = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
    header.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

fn is_own_host(config: &Config, host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _port)| name),
    };
    let is_loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_allowed = |allowed: &String| allowed.eq_ignore_ascii_case(name) || allowed.eq_ignore_ascii_case(host);
    is_loopback || name.eq_ignore_ascii_case("localhost") || config.allowed_hosts.iter().any(is_allowed)
}

fn refusal(message: String) -> TurnError {
    TurnError::new(ErrorKind::Forbidden, message)
}

/// The beginning of what a stranger sent, fit to be repeated.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Uri};

    use super::{check_key, check_origin, put_cors};
    use crate::{secret::Secret, server::config::Config};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn passes(config: &Config, pairs: &[(&'static str, &str)]) -> bool {
        check_origin(config, &Uri::from_static("/v1/models"), &headers(pairs)).is_ok()
    }

    #[tokio::test]
    async fn a_key_is_taken_from_any_of_four_headers_and_the_query() {
        let config =
            Config { client_keys: vec![Secret::new("one"), Secret::new("two"), Secret::new("")], ..Config::default() };
        for (pairs, wanted) in [
            (&[("authorization", "Bearer two")][..], true),
            (&[("authorization", "bearer  one ")], true),
            (&[("x-api-key", "one")], true),
            (&[("api-key", "one")], true),
            (&[("x-goog-api-key", "two")], true),
            (&[("authorization", "Bearer other"), ("x-api-key", "two")], true),
            (&[("authorization", "Bearer on")], false),
            (&[("authorization", "Bearer onee")], false),
            (&[("authorization", "Basic one")], false),
            (&[("authorization", "Bearer ")], false),
            (&[("x-api-key", "")], false),
            (&[], false),
        ] {
            assert_eq!(check_key(&config, &Uri::from_static("/"), &headers(pairs)).await.is_ok(), wanted, "{pairs:?}");
        }
        for (query, wanted) in
            [("?key=two", true), ("?alt=sse&key=t%77o", true), ("?key=", false), ("?akey=two", false)]
        {
            let uri = format!("/v1beta/models{query}").parse().unwrap();
            assert_eq!(check_key(&config, &uri, &headers(&[])).await.is_ok(), wanted, "{query}");
        }
        let anywhere = Uri::from_static("/");
        for pairs in [&[("authorization", "Bearer DUMMY_KEY")][..], &[]] {
            assert!(check_key(&Config::default(), &anywhere, &headers(pairs)).await.is_ok());
        }
    }

    #[test]
    fn a_loopback_server_answers_only_to_its_own_names() {
        let config = Config { allowed_hosts: vec!["My.Host".to_owned()], ..Config::default() };
        for (host, wanted) in [
            ("localhost", true),
            ("LOCALHOST:8010", true),
            ("127.0.0.1:8010", true),
            ("127.0.0.2", true),
            ("[::1]:8010", true),
            ("[::1]", true),
            ("my.host:1", true),
            ("evil.example:8010", false),
            ("localhost.evil.example", false),
            ("10.0.0.1:8010", false),
            ("[fe80::1]:8010", false),
            ("", false),
        ] {
            assert_eq!(passes(&config, &[("host", host)]), wanted, "{host}");
        }
        assert!(passes(&config, &[]), "a client of HTTP/1.0 names no host, and no browser speaks that");
        let http2 = Uri::from_static("http://evil.example/v1/models");
        assert!(check_origin(&config, &http2, &HeaderMap::new()).is_err());
        let open = Config { loopback_only: false, ..Config::default() };
        assert!(passes(&open, &[("host", "gateway.example")]));
    }

    #[test]
    fn pages_of_other_origins_are_refused_unless_they_are_asked_in() {
        let ask = |config: &Config, origin: &str| passes(config, &[("host", "localhost:8010"), ("origin", origin)]);
        let closed = Config::default();
        assert!(ask(&closed, "http://localhost:8010"));
        assert!(!ask(&closed, "http://localhost:3000"));
        assert!(!ask(&closed, "https://evil.example"));
        assert!(!ask(&closed, "null"));
        let one = Config { cors: vec!["https://chat.example/".to_owned()], ..Config::default() };
        assert!(ask(&one, "https://chat.example"));
        assert!(!ask(&one, "https://chat.example.evil"));
        let all = Config { cors: vec!["*".to_owned()], ..Config::default() };
        assert!(ask(&all, "https://anything.example"));
    }

    #[test]
    fn cors_headers_are_for_allowed_pages_only() {
        let config = Config { cors: vec!["https://chat.example".to_owned()], ..Config::default() };
        let mut answer = HeaderMap::new();
        put_cors(&config, &headers(&[("origin", "https://evil.example")]), &mut answer);
        assert!(answer.is_empty());
        let asked = headers(&[("origin", "https://chat.example"), ("access-control-request-headers", "x-a, x-b")]);
        put_cors(&config, &asked, &mut answer);
        assert_eq!(answer["access-control-allow-origin"], "https://chat.example");
        assert_eq!(answer["access-control-allow-headers"], "x-a, x-b");
    }
}
