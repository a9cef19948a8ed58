//! `warp2api token pool why`: the last choices of running servers, in sentences.

use serde_json::{Value, json};

use crate::cli::{
    exit::Failure,
    output::Output,
    settings::Settings,
    token::{
        desk,
        pool::{items, text},
    },
};

/// Explains them, oldest first.
pub(super) async fn run(as_json: bool, settings: &Settings, output: &mut Output) -> Result<(), Failure> {
    let servers = desk::store(settings).await?.run(|store| store.pools()).await?;
    let mut choices: Vec<&Value> = servers.iter().flat_map(|server| items(server, "choices")).collect();
    choices.sort_by_key(|choice| text(choice, "at"));
    if as_json {
        return Ok(output.json(&json!({"choices": choices}))?);
    }
    if servers.is_empty() {
        output.note("no server runs with this state, and choices end with the server that made them");
    } else if choices.is_empty() {
        output.note("nothing has been asked yet");
    }
    choices.into_iter().try_for_each(|choice| Ok(output.text(&format!("{}\n", sentence(choice)))?))
}

fn sentence(choice: &Value) -> String {
    let model = Some(text(choice, "model")).filter(|model| !model.is_empty()).unwrap_or("a question without a model");
    let (at, because) = (text(choice, "at"), text(choice, "because"));
    let chosen = match choice["account"].as_str() {
        Some(account) => format!("{at}  {model} went to {account}: {because}."),
        None => format!("{at}  {model} went to nobody: {because}."),
    };
    let passed_over: Vec<_> = items(choice, "passed_over").iter().map(obstacle).collect();
    match passed_over.is_empty() {
        true => chosen,
        false => format!("{chosen} Passed over: {}.", passed_over.join("; ")),
    }
}

fn obstacle(obstacle: &Value) -> String {
    let model = obstacle["model"].as_str().map_or_else(String::new, |model| format!(" for {model}"));
    let until = obstacle["until"].as_str().map_or_else(String::new, |until| format!(" until {until}"));
    format!("{} ({}{model}{until})", text(obstacle, "account"), text(obstacle, "why"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::sentence;

    #[test]
    fn a_choice_is_a_sentence() {
        let choice = json!({"at": "2026-01-24T13:57:30.123Z", "model": "auto", "account": "work",
            "because": "no other can serve", "passed_over": [
                {"account": "spare", "why": "rate limited", "model": "auto", "until": "2026-01-24T13:58:00Z"},
                {"account": "old", "why": "needs sign-in"}]});
        assert_eq!(
            sentence(&choice),
            "2026-01-24T13:57:30.123Z  auto went to work: no other can serve. Passed over: spare (rate limited for auto \
             until 2026-01-24T13:58:00Z); old (needs sign-in)."
        );
        let nobody = json!({"at": "now", "model": "", "account": null, "because": "no account can serve"});
        assert_eq!(sentence(&nobody), "now  a question without a model went to nobody: no account can serve.");
    }
}
