//! The HTTP client that all calls to the service start from.
//!
//! It must not know what is sent.

use std::{error::Error, net::IpAddr};

use reqwest::{Certificate, ClientBuilder, Response, Url, redirect};

use crate::service::{Address, identity};

/// A client with the connection policy of `address`: proxies from the environment, the system's certificates and the
/// extra ones, TLS always verified, no redirects (a token goes nowhere but where it was meant to go), no total timeout,
/// and the headers that say who we are.
///
/// # Errors
/// When the extra certificates are not PEM.
pub fn builder(address: &Address) -> reqwest::Result<ClientBuilder> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(address.connect_timeout)
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .default_headers(identity::headers(address.client_version.as_deref()));
    if address.http2_prior_knowledge && !address.official {
        builder = builder.http2_prior_knowledge();
    }
    if is_loopback(&address.root) {
        builder = builder.no_proxy();
        // Nobody is asked over TLS then, so there need be no certificates, as where nothing but the program is.
        if address.root.starts_with("http://") {
            builder = builder.tls_certs_only([]);
        }
    }
    if let Some(pem) = &address.extra_ca_pem {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
    }
    Ok(builder)
}

/// Reads a body of at most `limit` bytes; `None` when it is larger.
///
/// # Errors
/// When the connection breaks off.
pub async fn read_limited(mut response: Response, limit: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What went wrong with a call, cause by cause, without its URL.
#[must_use]
pub fn reasons(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { "it cannot be reached".to_owned() };
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// True for a root on this machine, which no proxy could reach.
#[must_use]
pub fn is_loopback(root: &str) -> bool {
    let host = Url::parse(root).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_addresses_of_this_machine_are_loopback() {
        for root in ["http://127.0.0.1:8", "http://localhost", "http://[::1]:1/x", "http://127.9.9.9"] {
            assert!(is_loopback(root), "{root}");
        }
        for root in ["https://app.warp.dev", "http://localhost.example", "http://10.0.0.1", "nonsense"] {
            assert!(!is_loopback(root), "{root}");
        }
    }
}
