//! `warp2api models`: what the account may use. The list is kept for an hour, so that a script may ask often.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::{
    cli::{
        args::ModelsArguments,
        backend::{self, Backend},
        exit::Failure,
        output::Output,
        private,
        settings::Settings,
        table::Table,
        values::Upstream,
        when,
    },
    models::{Catalogue, Closed, ClosedBy, Model},
    schema::Schema,
};

/// The kept list, and how long it is good.
const FILE: &str = "models.json";
const LIFE: Duration = Duration::from_secs(3600);

/// Lists them.
pub(crate) async fn run(
    arguments: &ModelsArguments,
    settings: &Settings,
    schema: Schema,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut settings = settings.clone();
    // Nobody is given an account for looking at a list.
    settings.credentials.anonymous = false;
    let shared = backend::open_shared(&settings).await?;
    let backend = Backend::start(&settings, schema, Vec::new(), shared, output).await?;
    let list = list(arguments, &settings, &backend, output).await;
    backend.close(output).await;
    let list = list?;
    match arguments.json {
        true => output.json(&list)?,
        false => output.text(&page(&list))?,
    }
    Ok(())
}

/// The list that was kept, if it is this account's and fresh; else the service's.
async fn list(
    arguments: &ModelsArguments,
    settings: &Settings,
    backend: &Backend,
    output: &mut Output,
) -> Result<Value, Failure> {
    // What stands in for the service offers nothing that outlives it.
    let directory = match settings.upstream {
        Upstream::Service { .. } => settings.state_directory.as_deref(),
        Upstream::Simulator { .. } | Upstream::Replay(_) => None,
    };
    let (upstream, account) = (settings.upstream.to_string(), backend.pool.next_up());
    let is_ours = |list: &Value| list["upstream"] == upstream && list["account"].as_str() == account.as_deref();
    let kept = directory.filter(|_| !arguments.refresh && account.is_some()).and_then(kept).filter(is_ours);
    if let Some(kept) = kept {
        return Ok(kept);
    }
    backend.gateway.load_catalogue().await?;
    let list = describe(&backend.gateway.catalogue(), &upstream, account.as_deref());
    if let Some(Err(error)) = directory.map(|directory| private::replace(directory, FILE, list.to_string().as_bytes()))
    {
        output.warn(&format!("the list cannot be kept: {error}"));
    }
    Ok(list)
}

/// The list that was kept in `directory` within the hour. One that cannot be read is none.
fn kept(directory: &Path) -> Option<Value> {
    let list: Value = serde_json::from_slice(&std::fs::read(directory.join(FILE)).ok()?).ok()?;
    let since = when::parse(list["fetched_at"].as_str()?)?;
    let age = SystemTime::now().duration_since(since).ok()?;
    (age < LIFE && list["models"].is_array()).then_some(list)
}

fn describe(catalogue: &Catalogue, upstream: &str, account: Option<&str>) -> Value {
    let model = |model: &Model| {
        json!({
            "id": model.id,
            "name": model.display_name,
            "vendor": model.vendor,
            "effort": model.effort.map(crate::models::Effort::name),
            "context_window": model.context_window,
            "vision": model.vision,
            "credit_multiplier": model.credit_multiplier,
        })
    };
    let closed = |closed: &Closed| {
        let by = match closed.by {
            ClosedBy::Plan => "plan",
            ClosedBy::Admin => "administrator",
        };
        json!({"id": closed.id, "by": by})
    };
    json!({
        "upstream": upstream,
        "account": account,
        "fetched_at": when::rfc3339(SystemTime::now()),
        "default": catalogue.default_id(),
        "models": catalogue.models().iter().map(model).collect::<Vec<_>>(),
        "closed": catalogue.all_closed().iter().map(closed).collect::<Vec<_>>(),
    })
}

/// The list for a person; `*` marks the model that is used when none is named.
fn page(list: &Value) -> String {
    let items = |field: &str| list[field].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut table = Table::new(&["", "MODEL", "VENDOR", "EFFORT", "CONTEXT", "IMAGES", "CREDITS"], 34);
    for model in items("models") {
        let mark = if model["id"] == list["default"] { "*" } else { " " };
        table.row(vec![
            mark.to_owned(),
            text(&model["id"]),
            text(&model["vendor"]),
            text(&model["effort"]),
            model["context_window"].as_u64().map(thousands).unwrap_or_default(),
            if model["vision"] == false { "no" } else { "yes" }.to_owned(),
            model["credit_multiplier"].as_f64().map(|factor| format!("x{factor}")).unwrap_or_default(),
        ]);
    }
    let closed = items("closed");
    let closed: Vec<_> =
        closed.iter().map(|model| format!("{} (by {})", text(&model["id"]), text(&model["by"]))).collect();
    let closed =
        if closed.is_empty() { String::new() } else { format!("closed to this account: {}\n", closed.join(", ")) };
    table.text() + &closed
}

/// A number of tokens, short: `200k`, `1M`.
fn thousands(tokens: u64) -> String {
    match tokens {
        1_000_000.. if tokens.is_multiple_of(1_000_000) => format!("{}M", tokens / 1_000_000),
        1_000.. => format!("{}k", tokens / 1_000),
        _ => tokens.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{page, thousands};

    #[test]
    fn a_page_marks_the_default_and_names_what_is_closed() {
        let model = |id: &str, context: Option<u64>, factor: Option<f64>| {
            json!({"id": id, "vendor": "v", "effort": null, "context_window": context, "vision": id == "a",
                "credit_multiplier": factor})
        };
        let list = json!({"default": "b", "closed": [{"id": "c", "by": "plan"}], "models": [
            model("a", Some(200_000), Some(1.5)), model("b", None, None)]});
        let expected = "   MODEL  VENDOR  EFFORT  CONTEXT  IMAGES  CREDITS\n\
                        \u{20}  a      v       -       200k     yes     x1.5\n\
                        *  b      v       -       -        no      -\n\
                        closed to this account: c (by plan)\n";
        assert_eq!(page(&list), expected);
        assert_eq!([999, 8_192, 1_000_000, 1_048_576].map(thousands), ["999", "8k", "1M", "1048k"]);
    }
}
