//! A connection under two clocks: one until it has said which protocol it speaks, one while its other end takes nothing
//! of what it is sent. It must not know what goes over it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

/// How many bytes it takes to tell one protocol from the other: those that HTTP/2 begins with.
const PREFACE: usize = 24;

/// A connection that fails when it keeps the server waiting for too long.
pub(crate) struct Wire<S = TcpStream> {
    stream: S,
    /// Runs until the connection has said enough to be understood.
    greeting: Option<Pin<Box<Sleep>>>,
    heard: usize,
    patience: Duration,
    /// Set anew whenever the other end stops to take what it is sent.
    stuck: Option<Pin<Box<Sleep>>>,
    is_stuck: bool,
}

impl<S> Wire<S> {
    /// `stream`, which has to begin within `greeting`, and may then take nothing for `patience`.
    pub(crate) fn new(stream: S, greeting: Duration, patience: Duration) -> Self {
        let greeting = Some(Box::pin(tokio::time::sleep(greeting)));
        Self { stream, greeting, heard: 0, patience, stuck: None, is_stuck: false }
    }

    /// What a try to write came to, or that it is one too many.
    fn watched<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.is_stuck = false;
            return tried;
        }
        let due = Instant::now() + self.patience;
        let clock = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if !std::mem::replace(&mut self.is_stuck, true) {
            clock.as_mut().reset(due);
        }
        clock.as_mut().poll(context).map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut wire.stream).poll_read(context, buffer);
        let Some(greeting) = &mut wire.greeting else { return read };
        wire.heard += buffer.filled().len() - before;
        if wire.heard >= PREFACE {
            wire.greeting = None;
        } else if read.is_pending() {
            return greeting.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let tried = Pin::new(&mut wire.stream).poll_write(context, bytes);
        wire.watched(context, tried)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let tried = Pin::new(&mut wire.stream).poll_write_vectored(context, pieces);
        wire.watched(context, tried)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::ErrorKind, time::Duration};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::Instant,
    };

    use super::Wire;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_to_say_something() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut wire = Wire::new(server, SECOND * 5, SECOND);
        client.write_all(b"GET").await.unwrap();
        let (began, mut heard) = (Instant::now(), [0; 64]);
        assert_eq!(wire.read(&mut heard).await.unwrap(), 3);
        assert_eq!(wire.read(&mut heard).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), SECOND * 5);
        let (mut client, server) = tokio::io::duplex(64);
        let mut wire = Wire::new(server, SECOND * 5, SECOND);
        client.write_all(&[b'x'; 24]).await.unwrap();
        assert_eq!(wire.read(&mut heard).await.unwrap(), 24);
        let silence = tokio::time::timeout(SECOND * 60, wire.read(&mut heard)).await;
        assert!(silence.is_err(), "then it may be silent");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_nothing_fails_and_one_that_takes_a_little_does_not() {
        let (mut client, server) = tokio::io::duplex(8);
        let mut wire = Wire::new(server, SECOND, SECOND * 3);
        let (began, mut taken) = (Instant::now(), [0; 2]);
        let writing = wire.write_all(&[b'x'; 20]);
        let reading = async {
            for _ in 0..5 {
                tokio::time::sleep(SECOND * 2).await;
                client.read_exact(&mut taken).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let error = tokio::select! {
            written = writing => written.unwrap_err(),
            () = reading => unreachable!(),
        };
        assert_eq!((error.kind(), began.elapsed()), (ErrorKind::TimedOut, SECOND * 13));
    }
}
