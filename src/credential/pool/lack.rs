//! Why nobody can serve, in words that strangers may read: how many accounts wait for what, and no name of any.
//!
//! It must not change anything.

use std::collections::BTreeMap;

use crate::credential::{Pool, Status};

impl Pool {
    /// Why no account could serve a request now; `None` when one could, or a source may have another.
    #[must_use]
    pub fn lack(&self) -> Option<String> {
        let mut reasons: BTreeMap<&'static str, usize> = BTreeMap::new();
        for status in self.status() {
            *reasons.entry(obstacle(&status)?).or_default() += 1;
        }
        if self.has_more() {
            return None;
        }
        if reasons.is_empty() {
            return Some("there is no account".to_owned());
        }
        let counted: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        Some(format!("no account can serve: {}", counted.join(", ")))
    }
}

/// What keeps an account from serving, if anything does. One that rests for one model serves others.
fn obstacle(status: &Status) -> Option<&'static str> {
    match status.rests.iter().find(|rest| rest.model.is_none()) {
        _ if status.standing.is_out() => Some(status.standing.name()),
        Some(rest) => Some(rest.reason.name()),
        None if !status.is_live && status.problem.is_some() => Some("not renewed"),
        None => None,
    }
}
