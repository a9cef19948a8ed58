//! `WS /ws`: packets as they are kept, in the Python bridge's words; and for who asks with `?turns=1`, turns as they change.
//!
//! Changes are gathered for a moment, so that a viewer is sent a turn once however often it has changed. A viewer that does
//! not read is let go. It must not know the page.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        watch,
    },
    time::{Instant, timeout},
};

use crate::{
    monitor::Note,
    server::{
        bridge::{Bridge, Shared, packets, refusal::InQuery, turns},
        clock,
    },
};

/// How many packets of the past a new viewer is sent.
const RECENT: usize = 10;
/// How long changes are gathered.
const GATHERING: Duration = Duration::from_millis(100);
/// How long a viewer may take to read what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much a viewer may say at once; nobody listens to it.
const MOST_SAID: usize = 64 * 1024;

/// What is to be seen.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    turns: Option<String>,
}

/// Opens the socket.
pub(super) async fn open(
    State(bridge): Shared,
    InQuery(wanted): InQuery<Wanted>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let wants_turns = wanted.turns.is_some();
    upgrade.max_message_size(MOST_SAID).on_upgrade(move |socket| async move {
        let notes = bridge.monitor.listen();
        let mut viewer = Viewer { socket, notes, changed: BTreeSet::new(), wants_turns };
        // A viewer that goes away, however it does so, is none any more.
        let _ = viewer.serve(&bridge).await;
    })
}

/// Somebody who watches.
struct Viewer {
    socket: WebSocket,
    notes: Receiver<Note>,
    /// Turns that have changed since they were sent.
    changed: BTreeSet<u64>,
    wants_turns: bool,
}

/// The viewer has gone, or is let go.
struct Gone;

impl Viewer {
    async fn serve(&mut self, bridge: &Arc<Bridge>) -> Result<(), Gone> {
        let now = clock::text(std::time::SystemTime::now());
        self.send(&json!({"event": "connected", "message": "connected to warp2api's bridge", "timestamp": now}))
            .await?;
        let packets = bridge.monitor.packets();
        for packet in &packets[packets.len().saturating_sub(RECENT)..] {
            self.send(&json!({"event": "packet_history", "packet": packets::shown(packet)})).await?;
        }
        let mut ending = bridge.ending.clone();
        let mut due = None;
        loop {
            tokio::select! {
                note = self.notes.recv() => self.take(note).await?,
                said = self.socket.recv() => match said {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(Gone),
                },
                () = until(due) => {
                    due = None;
                    self.send_changed(bridge).await?;
                }
                () = ended(&mut ending) => return Err(Gone),
            }
            if due.is_none() && !self.changed.is_empty() {
                due = Some(Instant::now() + GATHERING);
            }
        }
    }

    async fn take(&mut self, note: Result<Note, RecvError>) -> Result<(), Gone> {
        match note {
            Ok(Note::Packet(packet)) => {
                self.send(&json!({"event": "packet_captured", "packet": packets::shown(&packet)})).await
            }
            Ok(Note::Turn(number)) => {
                if self.wants_turns {
                    self.changed.insert(number);
                }
                Ok(())
            }
            Err(RecvError::Lagged(missed)) if self.wants_turns => {
                self.send(&json!({"event": "lagged", "missed": missed})).await
            }
            Err(RecvError::Lagged(_)) => Ok(()),
            Err(RecvError::Closed) => Err(Gone),
        }
    }

    async fn send_changed(&mut self, bridge: &Bridge) -> Result<(), Gone> {
        let changed = std::mem::take(&mut self.changed);
        let turns: Vec<Value> = changed
            .into_iter()
            .filter_map(|number| bridge.monitor.turn(number))
            .map(|turn| turns::summary(&turn.summary()))
            .collect();
        self.send(&json!({"event": "turns", "turns": turns})).await
    }

    async fn send(&mut self, value: &Value) -> Result<(), Gone> {
        match timeout(PATIENCE, self.socket.send(Message::Text(value.to_string().into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn ended(ending: &mut watch::Receiver<bool>) {
    if ending.wait_for(|ending| *ending).await.is_err() {
        // Nobody is left who could end it.
        std::future::pending::<()>().await;
    }
}
