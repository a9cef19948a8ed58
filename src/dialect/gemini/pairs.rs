//! Pairs calls with their responses. In this API ids are optional: a response without one answers the oldest open call of
//! its function.
//!
//! The same history always gives the same ids, for clients send all of it again with every turn.

use std::collections::{HashMap, HashSet, VecDeque};

/// The calls of a history, as they come.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    /// Ids of calls by their function's name, oldest first. Some may be answered by now.
    by_name: HashMap<String, VecDeque<String>>,
    open: HashSet<String>,
    /// Every id of a call so far.
    known: HashSet<String>,
    calls: usize,
}

impl Pairs {
    /// The id of a call of `name` that came with `id`; a missing one is made from its place among the calls.
    pub(crate) fn call(&mut self, name: &str, id: &str) -> String {
        self.calls += 1;
        let id = match id {
            "" => format!("call_{}_{name}", self.calls),
            given => given.to_owned(),
        };
        self.open.insert(id.clone());
        self.known.insert(id.clone());
        self.by_name.entry(name.to_owned()).or_default().push_back(id.clone());
        id
    }

    /// The id of the call that a response of `name` with `id` answers; `id` itself when there is no such call. A second
    /// response to a call that is known by its id is no first one to another.
    pub(crate) fn response(&mut self, name: &str, id: &str) -> String {
        if self.open.remove(id) || self.known.contains(id) {
            return id.to_owned();
        }
        if let Some(waiting) = self.by_name.get_mut(name) {
            while let Some(oldest) = waiting.pop_front() {
                if self.open.remove(&oldest) {
                    return oldest;
                }
            }
        }
        id.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Pairs;

    #[test]
    fn a_response_without_an_id_answers_the_oldest_open_call_of_its_name() {
        let mut pairs = Pairs::default();
        assert_eq!(pairs.call("a", ""), "call_1_a");
        assert_eq!(pairs.call("b", "given"), "given");
        assert_eq!(pairs.call("a", ""), "call_3_a");
        assert_eq!(pairs.response("b", ""), "given");
        assert_eq!(pairs.response("a", "call_3_a"), "call_3_a");
        assert_eq!(pairs.response("a", "call_3_a"), "call_3_a", "a response that comes twice answers no other call");
        assert_eq!(pairs.response("a", ""), "call_1_a");
        assert_eq!(pairs.response("a", ""), "");
    }

    #[test]
    fn an_id_that_no_call_has_gives_way_to_the_name() {
        let mut pairs = Pairs::default();
        let id = pairs.call("a", "");
        assert_eq!(pairs.response("a", "made up"), id);
        assert_eq!(pairs.response("a", "made up"), "made up");
    }
}
