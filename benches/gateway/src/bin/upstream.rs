//! The fast upstream: `upstream [--max-streams N]`. It takes a free port of the loopback address, prints it, and serves
//! HTTP/1.1 and HTTP/2 (prior knowledge) until it is ended.

use anyhow::{Context as _, bail};
use bench::upstream::{Limits, serve};
use tokio::{net::TcpListener, task::LocalSet};

/// What front ends usually allow.
const STREAMS: u32 = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut limits = Limits { streams: STREAMS };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--max-streams" => limits.streams = arguments.next().context("--max-streams wants a number")?.parse()?,
            _ => bail!("unknown argument {argument:?}"),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    LocalSet::new().run_until(serve(listener, limits)).await
}
