//! The models, in the three shapes that clients know: OpenAI's, Anthropic's for those that send `anthropic-version`
//! (`CLIENTS.md` §3.5), and Google's for those that ask for its version of the path or send what its SDKs send.

use axum::http::{HeaderMap, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::{
    models::{Catalogue, Model},
    server::route::Family,
    turn::{ErrorKind, TurnError},
};

/// How many models a page has unless the client says so, and how many at most.
const USUAL_PAGE: usize = 20;
const USUAL_GEMINI_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1000;
/// No one says when a model was made; this is what the API itself answers then.
const UNKNOWN_DATE: &str = "1970-01-01T00:00:00Z";

/// The list of all models.
///
/// # Errors
/// When the page that is asked for makes no sense.
pub(crate) fn list(catalogue: &Catalogue, family: Family, parts: &Parts) -> Result<Value, TurnError> {
    let query = parts.uri.query().unwrap_or_default();
    match Shape::of(family, &parts.headers) {
        Shape::Anthropic => page(catalogue.models(), query),
        Shape::Gemini => gemini_page(catalogue.models(), query),
        Shape::OpenAi => {
            let models: Vec<Value> = catalogue.models().iter().map(openai).collect();
            Ok(json!({"object": "list", "data": models}))
        }
    }
}

/// One model.
///
/// # Errors
/// When there is none of that name.
pub(crate) fn one(catalogue: &Catalogue, family: Family, id: &str, parts: &Parts) -> Result<Value, TurnError> {
    let by_alias = || catalogue.find(&catalogue.resolve(id)?);
    let model = catalogue.find(id).or_else(by_alias).ok_or_else(|| {
        if let Some(closed) = catalogue.closed(id) {
            return TurnError::new(ErrorKind::ModelNotAllowed, closed.to_string());
        }
        let hint = catalogue.nearest(id).map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
        let message = format!("There is no model `{}`.{hint}", id.chars().take(100).collect::<String>());
        TurnError::new(ErrorKind::ModelNotFound, message)
    })?;
    Ok(match Shape::of(family, &parts.headers) {
        Shape::Anthropic => anthropic(model),
        Shape::Gemini => gemini(model),
        Shape::OpenAi => openai(model),
    })
}

/// Only this header tells Anthropic's clients from OpenAI's: both send keys in either form.
pub(crate) fn wants_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

enum Shape {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Shape {
    /// Only these headers tell the kinds of clients apart: all send keys in any form.
    fn of(family: Family, headers: &HeaderMap) -> Self {
        match family {
            Family::Gemini => Self::Gemini,
            Family::Usual if wants_anthropic(headers) => Self::Anthropic,
            Family::Usual if headers.contains_key("x-goog-api-client") => Self::Gemini,
            Family::Usual => Self::OpenAi,
        }
    }
}

fn openai(model: &Model) -> Value {
    json!({"id": model.id, "object": "model", "created": 0, "owned_by": model.vendor})
}

fn anthropic(model: &Model) -> Value {
    let mut members = Map::from_iter([
        ("type".to_owned(), json!("model")),
        ("id".to_owned(), json!(model.id)),
        ("display_name".to_owned(), json!(model.display_name)),
        ("created_at".to_owned(), json!(UNKNOWN_DATE)),
        ("lifecycle".to_owned(), json!("active")),
    ]);
    if let Some(tokens) = model.context_window {
        members.insert("max_input_tokens".to_owned(), json!(tokens));
    }
    Value::Object(members)
}

fn gemini(model: &Model) -> Value {
    let mut members = json!({
        "name": format!("models/{}", model.id),
        "version": "001",
        "displayName": model.display_name,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    });
    if let Some(tokens) = model.context_window {
        members["inputTokenLimit"] = json!(tokens);
    }
    members
}

/// The page that `query` asks for, in Google's way: a token names the first model of the next one.
fn gemini_page(models: &[Model], query: &str) -> Result<Value, TurnError> {
    let limit = match parameter(query, "pageSize").filter(|size| size != "0") {
        None => USUAL_GEMINI_PAGE,
        Some(size) => match size.parse::<usize>() {
            Ok(size) => size.min(LARGEST_PAGE),
            Err(_) => return Err(TurnError::invalid("pageSize", "`pageSize` must be a whole number.")),
        },
    };
    let from = match parameter(query, "pageToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => models.iter().position(|model| model.id == token).ok_or_else(|| {
            TurnError::invalid("pageToken", "`pageToken` is not one of this list; begin again without it.")
        })?,
    };
    let to = from.saturating_add(limit).min(models.len());
    let mut page = json!({"models": models[from..to].iter().map(gemini).collect::<Vec<_>>()});
    if let Some(next) = models.get(to) {
        page["nextPageToken"] = json!(next.id);
    }
    Ok(page)
}

/// The page that `query` asks for.
fn page(models: &[Model], query: &str) -> Result<Value, TurnError> {
    let limit = match parameter(query, "limit") {
        None => USUAL_PAGE,
        Some(limit) => limit.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit)).ok_or_else(|| {
            TurnError::invalid("limit", format!("`limit` must be a whole number from 1 to {LARGEST_PAGE}."))
        })?,
    };
    let position = |name: &str| -> Result<Option<usize>, TurnError> {
        let Some(id) = parameter(query, name) else { return Ok(None) };
        let at = models.iter().position(|model| model.id == id);
        at.map(Some).ok_or_else(|| TurnError::invalid(name, format!("`{name}` names no model of the list.")))
    };
    let (from, to) = match (position("after_id")?, position("before_id")?) {
        (Some(after), _) => (after + 1, (after + 1 + limit).min(models.len())),
        (None, Some(before)) => (before.saturating_sub(limit), before),
        (None, None) => (0, limit.min(models.len())),
    };
    let is_backwards = parameter(query, "after_id").is_none() && parameter(query, "before_id").is_some();
    let page = &models[from..to];
    Ok(json!({
        "data": page.iter().map(anthropic).collect::<Vec<_>>(),
        "has_more": if is_backwards { from > 0 } else { to < models.len() },
        "first_id": page.first().map(|model| model.id.as_str()),
        "last_id": page.last().map(|model| model.id.as_str()),
    }))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.into_iter().find(|(key, _)| *key == name)?.1.replace('+', " ");
    Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, request::Parts};
    use serde_json::{Value, json};

    use super::{list, one};
    use crate::{
        models::{Catalogue, Closed, ClosedBy},
        server::route::Family,
        turn::ErrorKind,
    };

    const USUAL: Family = Family::Usual;

    fn plain(uri: &str) -> Parts {
        Request::get(uri).body(()).unwrap().into_parts().0
    }

    fn with(header: &str, uri: &str) -> Parts {
        Request::get(uri).header(header, "x").body(()).unwrap().into_parts().0
    }

    fn anthropic(uri: &str) -> Parts {
        with("anthropic-version", uri)
    }

    fn ids(page: &Value) -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_header_alone_decides_the_shape() {
        let catalogue = Catalogue::default();
        let uri = "/v1/models?limit=1000";
        let openai = list(&catalogue, USUAL, &plain(uri)).unwrap();
        assert_eq!(openai["object"], "list");
        assert_eq!(openai["data"][0]["object"], "model");
        let other = list(&catalogue, USUAL, &anthropic(uri)).unwrap();
        assert_eq!(other["data"][0]["type"], "model");
        assert_eq!(other["data"][0]["lifecycle"], "active");
        assert_eq!(ids(&openai), ids(&other));
        assert_eq!(one(&catalogue, USUAL, "GPT-4o", &plain("/")).unwrap()["id"], "gpt-4o");
        assert_eq!(
            one(&catalogue, USUAL, "claude-opus-4-5", &plain("/")).unwrap()["id"],
            "claude-4-5-opus",
            "an alias"
        );
        assert_eq!(one(&catalogue, USUAL, "gpt-4o", &anthropic("/")).unwrap()["type"], "model");
    }

    #[test]
    fn pages_forwards_and_backwards_hold_every_model_once() {
        let catalogue = Catalogue::default();
        let all: Vec<String> = catalogue.models().iter().map(|model| model.id.clone()).collect();
        let get = |query: &str| list(&catalogue, USUAL, &anthropic(&format!("/v1/models?{query}"))).unwrap();
        let mut forwards = Vec::new();
        let mut page = get("limit=7");
        loop {
            forwards.extend(ids(&page));
            if page["has_more"] == false {
                break;
            }
            let last = page["last_id"].as_str().unwrap().replace(' ', "%20");
            page = get(&format!("after_id={last}&limit=7"));
        }
        assert_eq!(forwards, all);
        let before = get(&format!("limit=3&before_id={}", all[5]));
        assert_eq!(ids(&before), all[2..5]);
        assert_eq!(before["has_more"], true);
        assert_eq!(get("")["data"].as_array().unwrap().len(), 20);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_name() {
        let catalogue = Catalogue::default();
        for (query, param) in [("limit=0", "limit"), ("limit=x", "limit"), ("after_id=nothing", "after_id")] {
            let parts = anthropic(&format!("/v1/models?{query}"));
            assert_eq!(list(&catalogue, USUAL, &parts).unwrap_err().param.as_deref(), Some(param));
        }
        let error = one(&catalogue, USUAL, "claude-4-5-opos", &plain("/")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ModelNotFound);
        assert!(error.message.contains("Did you mean `claude-4-5-opus`?"), "{}", error.message);
    }

    #[test]
    fn a_model_that_the_account_may_not_use_is_not_listed_but_said_to_be_so() {
        let closed = vec![Closed { id: "gpt-9".to_owned(), by: ClosedBy::Admin }];
        let catalogue = Catalogue::default().with_closed(closed);
        let listed = list(&catalogue, USUAL, &plain("/v1/models")).unwrap();
        assert!(!ids(&listed).contains(&"gpt-9".to_owned()));
        let error = one(&catalogue, USUAL, "gpt-9", &plain("/")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ModelNotAllowed);
        assert!(error.message.contains("disabled by the administrator"), "{error}");
    }

    #[test]
    fn googles_clients_get_its_shape_in_pages_that_hold_every_model_once() {
        let catalogue = Catalogue::default();
        let mut names = Vec::new();
        let mut token = String::new();
        loop {
            let uri = format!("/v1beta/models?pageSize=7&pageToken={token}");
            let page = list(&catalogue, Family::Gemini, &plain(&uri)).unwrap();
            let models = page["models"].as_array().unwrap().clone();
            assert!(models.len() <= 7);
            names.extend(models.iter().map(|model| model["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["nextPageToken"].as_str() else { break };
            token = next.replace(' ', "%20");
        }
        let all: Vec<String> = catalogue.models().iter().map(|model| format!("models/{}", model.id)).collect();
        assert_eq!(names, all);
        let sdk = with("x-goog-api-client", "/v1/models");
        assert_eq!(list(&catalogue, USUAL, &sdk).unwrap()["models"].as_array().unwrap().len(), 50.min(all.len()));
        assert_eq!(one(&catalogue, Family::Gemini, "gpt-4o", &plain("/")).unwrap()["name"], json!("models/gpt-4o"));
        for query in ["pageSize=x", "pageToken=nothing"] {
            let error = list(&catalogue, Family::Gemini, &plain(&format!("/v1beta/models?{query}"))).unwrap_err();
            assert!(query.starts_with(error.param.as_deref().unwrap()));
        }
    }
}
