//! The pieces of an answer as a response body, at their pace. The state of the conversation is settled before the last
//! piece goes out, so that a client's next request finds it; a client that goes away earlier is counted. It must not
//! know what the pieces are.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;

use crate::simulator::play::{Piece, Script};
use crate::simulator::server::Shared;

/// A 200 whose body is the script, at the account's expense.
pub(crate) fn response(shared: Arc<Shared>, script: Script, account: &str) -> Response {
    let playing = Playing { shared, script, account: account.to_owned(), next: 0, settled: false };
    let mut response = Response::new(Body::from_stream(stream::unfold(playing, Playing::next)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream;charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

struct Playing {
    shared: Arc<Shared>,
    script: Script,
    account: String,
    /// The index of the next piece.
    next: usize,
    settled: bool,
}

impl Playing {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        loop {
            let Some(piece) = self.script.pieces.get(self.next).cloned() else {
                self.settle(true);
                return None;
            };
            self.next += 1;
            let shutdown = self.shared.shutdown.clone();
            match piece {
                Piece::Send(bytes) => {
                    if self.next == self.script.pieces.len() {
                        self.settle(true);
                    }
                    return Some((Ok(bytes), self));
                }
                Piece::Wait(time) => {
                    if shutdown.run_until_cancelled(tokio::time::sleep(time)).await.is_none() {
                        self.settle(false);
                        return None;
                    }
                }
                Piece::Stall => {
                    shutdown.cancelled().await;
                    self.settle(false);
                    return None;
                }
                Piece::Abort => {
                    self.settle(false);
                    return Some((Err(io::Error::other("the scenario breaks the connection")), self));
                }
            }
        }
    }

    /// Remembers the conversation as this answer leaves it, and takes what it cost, whether it was received or not.
    fn settle(&mut self, received: bool) {
        if !self.settled {
            self.settled = true;
            self.shared.authority.accounts().charge(&self.account, self.script.cost);
            let certain = received && self.script.certain;
            let state = std::mem::take(&mut self.script.tree).snapshot();
            self.shared.conversations.put(&self.script.conversation_id, state, certain, self.script.spent);
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if !self.settled {
            self.settle(false);
            self.shared.count_cancelled();
            tracing::info!("the simulator's client went away before the end of its answer");
        }
    }
}
