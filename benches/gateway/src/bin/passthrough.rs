//! A minimal proxy: `passthrough UPSTREAM_PORT [h2]`. It takes a free port of the loopback address, prints it, and passes
//! every request on to the upstream, over HTTP/1.1 or over HTTP/2, and its answer back. All frames that are ready are
//! joined into one.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use anyhow::Context as _;
use bytes::{Bytes, BytesMut};
use http_body_util::{Either, Full};
use hyper::{
    Request, Response, StatusCode, Uri, Version,
    body::{Body, Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{net::TcpListener, task::JoinSet};

/// HTTP/2 windows towards the upstream, in bytes: large enough never to be waited for.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// How much is joined into one frame, in bytes.
const JOINED: usize = 64 * 1024;

type Upstream = Client<HttpConnector, Incoming>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().context("the upstream's port is missing")?.parse()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    if arguments.next().as_deref() == Some("h2") {
        builder
            .http2_only(true)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW);
    }
    let upstream: Upstream = builder.build(connector);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        while connections.try_join_next().is_some() {}
        let upstream = upstream.clone();
        connections.spawn(async move {
            let service = service_fn(|request| pass(request, upstream.clone(), port));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away is of no interest.
            drop(connection.await);
        });
    }
}

type Reply = Response<Either<Joined, Full<Bytes>>>;

async fn pass(mut request: Request<Incoming>, upstream: Upstream, port: u16) -> Result<Reply, Infallible> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("http://127.0.0.1:{port}{path}").parse::<Uri>() else {
        return Ok(refused("the path is none".to_owned()));
    };
    *request.uri_mut() = uri;
    request.headers_mut().remove(hyper::header::HOST);
    Ok(match upstream.request(request).await {
        Ok(mut reply) => {
            // The version is that of the upstream's connection.
            *reply.version_mut() = Version::HTTP_11;
            reply.map(|body| Either::Left(Joined { body, held: None }))
        }
        Err(error) => refused(error.to_string()),
    })
}

fn refused(why: String) -> Reply {
    let mut reply = Response::new(Either::Right(Full::new(Bytes::from(why))));
    *reply.status_mut() = StatusCode::BAD_GATEWAY;
    reply
}

/// A body whose ready frames come as one.
struct Joined {
    body: Incoming,
    /// What came behind the last joined frame.
    held: Option<Option<hyper::Result<Frame<Bytes>>>>,
}

impl Joined {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match self.held.take() {
            Some(held) => Poll::Ready(held),
            None => Pin::new(&mut self.body).poll_frame(context),
        }
    }
}

impl Body for Joined {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let first = match std::task::ready!(self.poll(context)) {
            Some(Ok(frame)) => frame,
            end => return Poll::Ready(end),
        };
        let first = match first.into_data() {
            Ok(data) => data,
            Err(other) => return Poll::Ready(Some(Ok(other))),
        };
        let mut joined: Option<BytesMut> = None;
        while joined.as_ref().map_or(first.len(), BytesMut::len) < JOINED {
            match self.poll(context) {
                Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                    let joined = joined.get_or_insert_with(|| BytesMut::from(first.as_ref()));
                    joined.extend_from_slice(&frame.into_data().unwrap_or_default());
                }
                Poll::Ready(other) => {
                    self.held = Some(other);
                    break;
                }
                Poll::Pending => break,
            }
        }
        Poll::Ready(Some(Ok(Frame::data(joined.map_or(first, BytesMut::freeze)))))
    }
}
