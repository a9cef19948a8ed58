//! The events of a stream, and the rules of framing that all clients share (`CLIENTS.md` §3.0). It must not know JSON.

use crate::dialect::check::Rules;

/// One event: its name, where it has one, and its data.
pub(super) struct Event<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) data: &'a str,
}

/// The events of `body`, each noted in `rules` as the one that is being read while `take` has it. Comments are left out.
pub(super) fn each<'a>(body: &'a str, rules: &mut Rules, mut take: impl FnMut(Event<'a>, &mut Rules)) {
    let is_closed = body.rsplit("\n\n").next().is_none_or(|last| last.lines().all(|line| line.starts_with(':')));
    for block in body.split("\n\n").filter(|block| !block.trim().is_empty()) {
        if block.lines().all(|line| line.starts_with(':')) {
            continue;
        }
        rules.event += 1;
        let (mut name, mut data) = (None, Vec::new());
        for line in block.lines() {
            if let Some(text) = line.strip_prefix("event: ") {
                let is_first = name.replace(text).is_none();
                rules.hold(is_first, "an event has one name", || block.to_owned());
            } else if let Some(text) = line.strip_prefix("data:") {
                data.push(text.trim_start());
            } else {
                let is_comment = line.starts_with(':');
                rules.hold(is_comment, "an event has no lines but its name and its data", || line.to_owned());
            }
        }
        rules.hold(data.len() == 1, "an event is one line of data", || block.to_owned());
        if let Some(data) = data.first() {
            take(Event { name, data }, rules);
        }
    }
    rules.hold(is_closed, "a blank line ends the last event", || "it is missing".to_owned());
}
