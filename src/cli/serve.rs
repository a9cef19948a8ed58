//! `warp2api serve`: binds, says how to reach it, serves until a signal, then lets answers in progress end.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::{
    cli::{
        backend::Backend,
        exit::{Exit, Failure},
        output::Output,
        settings::{Serving, Settings},
        signals::Signals,
        values::Upstream,
    },
    schema::Schema,
    server,
};

/// Serves until it is told to stop.
pub(crate) async fn run(settings: &Settings, schema: Schema, output: &mut Output) -> Result<(), Failure> {
    let listener = bind(settings.serving.listen).await?;
    let address = listener.local_addr()?;
    let backend = Backend::start(settings, schema).await?;
    let mut signals = Signals::listen()?;
    greet(settings, address, &backend, output);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async {
        // The sender never goes away without sending.
        drop(stopped.await);
    };
    let configuration = configuration(&settings.serving, address);
    let serving = server::run(listener, configuration, backend.gateway.clone(), shutdown);
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        () = signals.next() => {}
    }
    output.note("stopping: answers in progress may end; a second signal stops at once");
    drop(stop.send(()));
    tokio::select! {
        ended = serving => Ok(ended?),
        () = signals.next() => Err(Failure::new(Exit::Interrupted, "stopped at once")),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::new(Exit::Failed, format!("cannot listen on {address}: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.hint("another program serves this address; stop it, or choose another with --listen ADDRESS:PORT")
            }
            std::io::ErrorKind::PermissionDenied => failure.hint("ports below 1024 need privileges; choose a higher one"),
            _ => failure,
        }
    })
}
