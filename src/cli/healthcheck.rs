//! `warp2api healthcheck`: asks a running server whether it is well, for supervisors that run a command, such as a
//! container's. Nothing else need be installed beside the binary.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use crate::{
    cli::{
        args::HealthcheckArguments,
        exit::{Exit, Failure},
        output::Output,
        settings::Settings,
        values,
    },
    service,
};

/// The most of an answer that is shown.
const SHOWN: usize = 4096;

/// Asks, and fails with code 1 unless the answer is a good one.
pub(crate) async fn run(
    arguments: &HealthcheckArguments,
    settings: &Settings,
    output: &mut Output,
) -> Result<(), Failure> {
    let patience = values::duration(&arguments.timeout);
    let patience = patience.map_err(|wrong| Failure::usage(format!("--timeout {:?}: {wrong}", arguments.timeout)))?;
    let root = match &arguments.url {
        Some(url) => values::root(url).map_err(|wrong| Failure::usage(format!("{url:?}: {wrong}")))?,
        None => own_root(settings.serving.listen)?,
    };
    let url = format!("{root}/{}", if arguments.ready { "readyz" } else { "healthz" });
    let (status, said) = ask(&url, patience).await.map_err(|error| {
        let failure = Failure::new(Exit::Failed, format!("{url}: {}", service::reasons(&error)));
        failure.hint("is `warp2api serve` running there?")
    })?;
    match status.is_success() {
        true => Ok(output.text(&format!("{}\n", said.trim_end()))?),
        false => Err(Failure::new(Exit::Failed, format!("{url}: {status}: {}", said.trim_end()))),
    }
}

async fn ask(url: &str, patience: Duration) -> reqwest::Result<(reqwest::StatusCode, String)> {
    // A proxy is for the way out, not for looking at a server of one's own.
    let mut client = reqwest::Client::builder().no_proxy().timeout(patience);
    // Where nothing but the program is, there are no certificates to look for.
    if url.starts_with("http://") {
        client = client.tls_certs_only([]);
    }
    let answer = client.build()?.get(url).send().await?;
    let status = answer.status();
    let body = service::read_limited(answer, SHOWN).await?.unwrap_or_default();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Where a server that listens on `address` can be reached from this machine.
fn own_root(address: SocketAddr) -> Result<String, Failure> {
    if address.port() == 0 {
        let failure = Failure::usage("the settings leave the port open, so it cannot be told where the server is");
        return Err(failure.hint("name it: warp2api healthcheck http://127.0.0.1:PORT"));
    }
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(format!("http://{}", SocketAddr::new(host, address.port())))
}

#[cfg(test)]
mod tests {
    use super::own_root;

    #[test]
    fn a_server_is_asked_where_it_can_be_reached() {
        let root = |address: &str| own_root(address.parse().unwrap()).ok();
        assert_eq!(root("0.0.0.0:8010").as_deref(), Some("http://127.0.0.1:8010"));
        assert_eq!(root("[::]:8010").as_deref(), Some("http://[::1]:8010"));
        assert_eq!(root("10.0.0.7:80").as_deref(), Some("http://10.0.0.7:80"));
        assert_eq!(root("127.0.0.1:0"), None);
    }
}
