//! The events of a stream, and the rules of framing that all clients share (`CLIENTS.md` §3.0). It must not know JSON.

use crate::dialect::check::Rules;

/// Characters at which some clients end a line although JSON does not.
const LINE_SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// One event: its name, where it has one, and its data.
pub(super) struct Event<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) data: &'a str,
}

/// The events of `body`, each noted in `rules` as the one that is being read while `take` has it. Comments are left out.
pub(super) fn each<'a>(body: &'a str, rules: &mut Rules, mut take: impl FnMut(Event<'a>, &mut Rules)) {
    let mut lines: Vec<&str> = Vec::new();
    for line in lines_of(body) {
        if line.is_empty() {
            event(&lines, rules, &mut take);
            lines.clear();
        } else {
            lines.push(line);
        }
    }
    let is_closed = lines.iter().all(|line| line.starts_with(':'));
    event(&lines, rules, &mut take);
    rules.hold(is_closed, "a blank line ends the last event", || "it is missing".to_owned());
}

/// The event that `lines` make, if they are not comments alone.
fn event<'a>(lines: &[&'a str], rules: &mut Rules, take: &mut impl FnMut(Event<'a>, &mut Rules)) {
    if lines.iter().all(|line| line.starts_with(':')) {
        return;
    }
    rules.event += 1;
    let (mut name, mut data) = (None, Vec::new());
    for line in lines {
        match line.split_once(':') {
            Some(("", _)) => {}
            Some(("event", text)) => {
                let is_first = name.replace(text.strip_prefix(' ').unwrap_or(text)).is_none();
                rules.hold(is_first, "an event has one name", || lines.join("\n"));
            }
            // Spaces before JSON are read over, and a heartbeat may consist of them.
            Some(("data", text)) => data.push(text.trim_start()),
            _ => {
                rules.hold(false, "an event has no lines but its name and its data", || (*line).to_owned());
            }
        }
    }
    rules.hold(data.len() == 1, "an event is one line of data", || lines.join("\n"));
    if let Some(data) = data.first() {
        rules
            .hold(!data.contains(LINE_SEPARATORS), "what some clients end a line at is escaped", || (*data).to_owned());
        take(Event { name, data }, rules);
    }
}

/// The lines of `body`, whose ends may be LF, CR or both.
fn lines_of(body: &str) -> impl Iterator<Item = &str> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(end) = rest.find(['\n', '\r']) else { return Some(std::mem::take(&mut rest)) };
        let line = &rest[..end];
        rest = rest[end..].strip_prefix("\r\n").unwrap_or_else(|| &rest[end + 1..]);
        Some(line)
    })
}
