//! One turn end to end.
use crate::models::Catalogue;
use crate::turn::{Turn, TurnError, TurnEvent};
use std::sync::Arc;
/// Runs turns.
#[derive(Clone)]
pub struct Gateway {}
/// An answer as it comes. Dropping it cancels the upstream request.
pub struct Answer {}
impl Gateway {
    /// Runs `turn` until its first client-visible event, or an error that no retry can save. Names of history repairs are in `Answer::repaired`.
    pub async fn run(&self, _turn: Turn) -> Result<Answer, TurnError> {
        unimplemented!()
    }
    /// What models there are now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        unimplemented!()
    }
}
impl Answer {
    /// Appends the next batch of events (everything that one upstream read produced); false when the answer is over. Cancel safe.
    pub async fn next(&mut self, _events: &mut Vec<TurnEvent>) -> bool {
        unimplemented!()
    }
    /// Repairs made to the client's history.
    pub fn repaired(&self) -> &[String] {
        &[]
    }
}
