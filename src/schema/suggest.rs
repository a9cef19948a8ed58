//! The nearest valid names for one that is not. It must not know what the names stand for.

/// How many names are offered at most.
const OFFERED: usize = 3;
/// How alike a name must be, from 0 to 1.
const ALIKE: f64 = 0.82;

/// The names most like `name`, best first; at most three, often none.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|candidate| (score(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    scored.into_iter().take(OFFERED).map(|(_, name)| name.to_owned()).collect()
}

/// Likeness of two lower-case names: their spelling, or a last part that is the same.
fn score(wanted: &str, candidate: &str) -> f64 {
    let last = candidate.rsplit('.').next().unwrap_or(candidate);
    let by_part = if last == wanted { 0.99 } else { 0.95 * strsim::jaro_winkler(wanted, last) };
    strsim::jaro_winkler(wanted, candidate).max(by_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name() {
        let names = ["task_context", "input", "settings", "metadata", "mcp_context"];
        assert_eq!(nearest("task_contxt", names).first().map(String::as_str), Some("task_context"));
        assert_eq!(nearest("TaskContext", names).first().map(String::as_str), Some("task_context"));
        assert!(nearest("zzz", names).is_empty());
    }

    #[test]
    fn a_nested_name_is_found_by_its_last_part() {
        let names = ["Message.ToolCall", "Message.ToolCallResult", "Task"];
        assert_eq!(nearest("ToolCall", names).first().map(String::as_str), Some("Message.ToolCall"));
    }
}
