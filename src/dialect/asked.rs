//! What clients ask for in the same way whatever dialect they speak: a JSON body, a model by its name, how hard it should
//! think, tools described by a schema.
//!
//! It must not know what a dialect calls any of these, but for `model`, which all call so.

use serde_json::{Map, Value, json};

use crate::{
    dialect::field::Field,
    models::{Catalogue, Effort},
    turn::{ErrorKind, TurnError},
};

/// Reads a request body as JSON. A byte order mark before it is passed over.
pub(crate) fn body(body: &[u8]) -> Result<Value, TurnError> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(TurnError::new(ErrorKind::InvalidRequest, "The body is empty; send a JSON object."));
    }
    serde_json::from_slice(text)
        .map_err(|error| TurnError::new(ErrorKind::InvalidRequest, format!("The body is not valid JSON: {error}.")))
}

/// The model's name as the client wrote it in the field `model`, and the upstream's id for it.
pub(crate) fn model<'v>(root: &Field<'_, 'v>, catalogue: &Catalogue) -> Result<(&'v str, String), TurnError> {
    let field = root.get("model").ok_or_else(|| root.missing("model"))?;
    let name = field.text()?;
    if name.trim().is_empty() {
        return Err(field.error("must name a model"));
    }
    Ok((name, catalogue.resolve(name).ok_or_else(|| unknown_model(name, catalogue))?))
}

/// The error that there is no model `name`, with the name that was perhaps meant; or that the account may not use it.
pub(crate) fn unknown_model(name: &str, catalogue: &Catalogue) -> TurnError {
    if let Some(closed) = catalogue.closed(name) {
        let message = format!("{closed} GET /v1/models lists the models that it may use.");
        return TurnError { param: Some("model".to_owned()), ..TurnError::new(ErrorKind::ModelNotAllowed, message) };
    }
    let hint = catalogue.nearest(name).map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
    let message = format!("The model `{name}` does not exist.{hint} GET /v1/models lists the models there are.");
    TurnError { param: Some("model".to_owned()), ..TurnError::new(ErrorKind::ModelNotFound, message) }
}

/// The effort that OpenAI and Anthropic call `name`.
pub(crate) fn effort(name: &str) -> Option<Effort> {
    match name {
        "none" => Some(Effort::None),
        "minimal" => Some(Effort::Minimal),
        "low" => Some(Effort::Low),
        "medium" => Some(Effort::Medium),
        "high" => Some(Effort::High),
        "xhigh" => Some(Effort::XHigh),
        "max" => Some(Effort::Max),
        _ => None,
    }
}

/// The sibling of `id` that thinks as hard as `effort`, and whether that is what was asked. It is not when the model has
/// no siblings or all think harder.
pub(crate) fn with_effort(id: String, effort: Option<Effort>, catalogue: &Catalogue) -> (String, bool) {
    let Some(asked) = effort else { return (id, false) };
    match catalogue.sibling(&id, asked) {
        Some(model) if model.effort.is_some() => (model.id.clone(), model.effort <= Some(asked)),
        Some(_) | None => (id, false),
    }
}

/// A tool's schema that says at least that it describes an object.
pub(crate) fn completed_schema(mut schema: Map<String, Value>) -> Map<String, Value> {
    let is_composed = ["$ref", "anyOf", "oneOf", "allOf"].iter().any(|key| schema.contains_key(*key));
    if !is_composed {
        schema.entry("type").or_insert_with(|| json!("object"));
        schema.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{body, completed_schema, unknown_model, with_effort};
    use crate::{
        models::{Catalogue, Closed, ClosedBy, Effort},
        turn::ErrorKind,
    };

    #[test]
    fn a_model_that_the_account_may_not_use_is_told_from_one_that_does_not_exist() {
        let closed = vec![Closed { id: "gpt-9".to_owned(), by: ClosedBy::Plan }];
        let catalogue = Catalogue::of_account(Catalogue::default().models().to_vec(), "auto".to_owned());
        let catalogue = catalogue.with_closed(closed);
        assert_eq!(catalogue.resolve("GPT-9"), None, "another one does not stand in");
        let error = unknown_model("GPT-9", &catalogue);
        assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::ModelNotAllowed, Some("model")));
        assert!(error.message.starts_with("The model `gpt-9` is not part of this Warp account's plan."), "{error}");
        assert_eq!(unknown_model("never-heard", &catalogue).kind, ErrorKind::ModelNotFound);
    }

    #[test]
    fn a_mark_before_the_body_does_not_matter_and_emptiness_is_named() {
        assert_eq!(body(b"\xef\xbb\xbf {\"a\": 1}").unwrap(), json!({"a": 1}));
        assert!(body(b" \n").unwrap_err().message.contains("is empty"));
        assert!(body(b"{").unwrap_err().message.contains("not valid JSON"));
    }

    #[test]
    fn effort_that_cannot_be_had_is_said_to_be_not_honoured() {
        let catalogue = Catalogue::default();
        let ask = |id: &str, effort| with_effort(id.to_owned(), effort, &catalogue);
        assert_eq!(ask("gpt-5-2-low", Some(Effort::High)), ("gpt-5-2-high".to_owned(), true));
        assert_eq!(ask("gpt-5-2-high", Some(Effort::None)), ("gpt-5-2-low".to_owned(), false));
        assert_eq!(ask("gpt-4o", Some(Effort::High)), ("gpt-4o".to_owned(), false));
        assert_eq!(ask("gpt-5-2-low", None), ("gpt-5-2-low".to_owned(), false));
    }

    #[test]
    fn a_schema_without_a_type_is_one_of_an_object() {
        let complete = |schema: serde_json::Value| completed_schema(schema.as_object().unwrap().clone());
        assert_eq!(json!(complete(json!({}))), json!({"type": "object", "properties": {}}));
        assert_eq!(json!(complete(json!({"$ref": "#/x"}))), json!({"$ref": "#/x"}));
    }
}
