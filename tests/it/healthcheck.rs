//! `healthcheck`: a supervisor hears by an exit code whether a server is well.

use std::process::Stdio;

use crate::common::{Place, Running};

/// A server on a free port, and the address that it says it has.
fn serving(place: &Place) -> (Running, String) {
    let mut command = place.command("--upstream simulator:fast serve --listen 127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = Running(command.spawn().unwrap());
    let said = server.wait_for("listens on http://");
    let (_, address) = said.trim_end().rsplit_once("http://").unwrap();
    let address = address.to_owned();
    server.wait_for("curl -N");
    (server, address)
}

#[test]
fn a_server_that_serves_is_well() {
    let place = Place::new();
    let (server, address) = serving(&place);
    let said = place.run(&format!("healthcheck http://{address}"), b"").ended(0);
    assert!(!said.text().trim().is_empty());
    // The settings of the server are those of the check.
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let mut command = place.command("healthcheck");
    command.env("HOST", "0.0.0.0").env("PORT", &port).env("API_TOKEN", "k");
    crate::common::run(command, b"").ended(0);
    drop(server);
    let gone = place.run(&format!("healthcheck http://{address} --timeout 2s"), b"").ended(1);
    assert!(gone.err.contains(&address) && gone.err.contains("cannot be reached"), "{}", gone.err);
}

#[test]
fn a_server_that_says_no_is_not_well() {
    let place = Place::new();
    let (_server, address) = serving(&place);
    let lost = place.run(&format!("healthcheck http://{address}/nowhere/else"), b"").ended(1);
    assert!(lost.err.contains("404"), "{}", lost.err);
}

#[test]
fn it_must_know_where_to_ask() {
    let place = Place::new();
    let mut command = place.command("healthcheck");
    command.env("PORT", "0");
    let unknown = crate::common::run(command, b"").ended(2);
    assert!(unknown.err.contains("healthcheck http://127.0.0.1:PORT"), "{}", unknown.err);
    assert!(place.run("healthcheck example.org", b"").ended(2).err.contains("expected https://HOST or http://HOST"));
    assert!(place.run("healthcheck --timeout soon", b"").ended(2).err.contains("--timeout"));
}

#[test]
fn what_is_on_this_machine_is_reached_without_any_certificates() {
    let place = Place::new();
    let none = place.path().join("none");
    let bare = |line: &str| {
        let mut command = place.command(line);
        command.env("SSL_CERT_FILE", &none).env("SSL_CERT_DIR", &none);
        crate::common::run(command, b"")
    };
    assert!(bare("--upstream simulator:fast chat hello").ended(0).text().contains("hello"));
    let (_server, address) = serving(&place);
    bare(&format!("healthcheck http://{address}")).ended(0);
    // Warp itself is reached over TLS or not at all.
    let refused = bare("chat hello");
    assert!(refused.code != Some(0) && !refused.err.contains("panicked"), "{}", refused.err);
}
