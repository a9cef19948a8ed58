//! The account's own list of models, read over GraphQL (`WARP-PROTOCOL.md` §6.2).
//!
//! It must not know whose account it is, and it decides nothing about names: `crate::models` does.

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    models::{Catalogue, Closed, ClosedBy, Effort, Model},
    secret::Secret,
    service::{Address, Asked, GraphqlError},
};

const QUERY: &str = "\
query GetFeatureModelChoices($rc: RequestContext!) {
  user(requestContext: $rc) {
    __typename
    ... on UserOutput { user { workspaces { featureModelChoice { agentMode {
      defaultId
      choices {
        id displayName baseModelName reasoningLevel provider visionSupported disableReason
        contextWindow { max default }
        usageMetadata { creditMultiplier }
      }
    } } } } }
    ... on UserFacingError { error { __typename message } }
  }
}";

const ASKED: Asked<'_> =
    Asked { operation: "GetFeatureModelChoices", query: QUERY, field: "user", what: "the list of models" };

/// Reads the list of models that the account of `bearer` may use.
///
/// # Errors
/// When the upstream cannot be asked, refuses, or answers what cannot be read. The built-in table serves meanwhile.
pub async fn fetch(client: &Client, address: &Address, bearer: &Secret) -> Result<Catalogue, GraphqlError> {
    parse(ASKED.send(client, address, Some(bearer), Map::new()).await?)
}

/// One list of the answer, with what we want of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AvailableLlms {
    default_id: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Choice {
    id: String,
    display_name: Option<String>,
    base_model_name: Option<String>,
    reasoning_level: Option<String>,
    provider: Option<String>,
    vision_supported: Option<bool>,
    disable_reason: Option<String>,
    context_window: Option<ContextWindow>,
    usage_metadata: Option<UsageMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageMetadata {
    credit_multiplier: Option<f64>,
}

#[derive(Deserialize)]
struct ContextWindow {
    max: Option<u64>,
    default: Option<u64>,
}

fn parse(mut user: Value) -> Result<Catalogue, GraphqlError> {
    let list = user.pointer_mut("/user/workspaces/0/featureModelChoice/agentMode").map(Value::take);
    let list =
        list.filter(|list| !list.is_null()).ok_or_else(|| unreadable("the account has no workspace with models"))?;
    let list: AvailableLlms = serde_json::from_value(list).map_err(|error| unreadable(&error.to_string()))?;
    catalogue(list)
}

fn catalogue(list: AvailableLlms) -> Result<Catalogue, GraphqlError> {
    let (mut models, mut closed): (Vec<Model>, Vec<Closed>) = (Vec::new(), Vec::new());
    for choice in list.choices {
        match closed_by(&choice) {
            Some(by) => closed.push(Closed { id: choice.id, by }),
            None if choice.id.is_empty() || models.iter().any(|model| model.id == choice.id) => {}
            None => models.push(model(choice)),
        }
    }
    let first = models.first().map(|model| model.id.clone()).ok_or_else(|| unreadable("it lists no usable model"))?;
    let default_id = list.default_id.filter(|id| models.iter().any(|model| model.id == *id)).unwrap_or(first);
    Ok(Catalogue::of_account(models, default_id).with_closed(closed))
}

/// Who keeps this account from a model for good. Reasons that pass, such as a vendor's outage or credits that are spent,
/// are the upstream's to tell when the model is asked for.
fn closed_by(choice: &Choice) -> Option<ClosedBy> {
    match choice.disable_reason.as_deref() {
        Some("ADMIN_DISABLED") => Some(ClosedBy::Admin),
        Some("REQUIRES_UPGRADE") => Some(ClosedBy::Plan),
        Some(_) | None => None,
    }
}

fn model(choice: Choice) -> Model {
    Model {
        display_name: choice.display_name.unwrap_or_else(|| choice.id.clone()),
        base_name: choice.base_model_name,
        effort: choice.reasoning_level.as_deref().and_then(effort),
        vendor: choice.provider.unwrap_or_else(|| "unknown".to_owned()).to_lowercase(),
        context_window: choice.context_window.and_then(|window| window.default.or(window.max)),
        vision: choice.vision_supported.unwrap_or(true),
        credit_multiplier: choice.usage_metadata.and_then(|usage| usage.credit_multiplier),
        id: choice.id,
    }
}

/// The reasoning level, which is free text in the schema.
fn effort(level: &str) -> Option<Effort> {
    let letters: String = level.chars().filter(char::is_ascii_alphanumeric).collect();
    match letters.to_ascii_lowercase().as_str() {
        "off" | "none" => Some(Effort::None),
        "minimal" => Some(Effort::Minimal),
        "low" => Some(Effort::Low),
        "medium" => Some(Effort::Medium),
        "high" => Some(Effort::High),
        "xhigh" | "extrahigh" => Some(Effort::XHigh),
        "max" | "maximum" => Some(Effort::Max),
        _ => None,
    }
}

fn unreadable(problem: &str) -> GraphqlError {
    ASKED.unreadable(problem)
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{HeaderMap, StatusCode, Uri},
        routing::post,
    };
    use serde_json::json;
    use tokio::{net::TcpListener, task::JoinSet};

    use super::*;
    use crate::service;

    fn answer(choices: Value) -> Value {
        let list = json!({"defaultId": "m-2", "preferredCodexModelId": null, "choices": choices});
        let workspaces = json!([{"uid": "w", "featureModelChoice": {"agentMode": list, "coding": null}}, {"uid": "x"}]);
        json!({"__typename": "UserOutput", "user": {"workspaces": workspaces}})
    }

    fn choices() -> Value {
        json!([
            {"id": "m 1 (Odd)", "displayName": "m one", "baseModelName": "m", "reasoningLevel": "Extra High",
             "description": null, "provider": "XAI", "visionSupported": false, "disableReason": null,
             "usageMetadata": {"creditMultiplier": 1.5, "requestMultiplier": 1},
             "contextWindow": {"isConfigurable": true, "min": 1000, "max": 900_000, "default": 200_000}},
            {"id": "m-2", "displayName": "m two", "baseModelName": "m", "reasoningLevel": "Off", "provider": "XAI",
             "visionSupported": true, "disableReason": "PROVIDER_OUTAGE", "contextWindow": {"max": 5, "default": null}},
            {"id": "dear", "disableReason": "REQUIRES_UPGRADE"},
            {"id": "banned", "disableReason": "ADMIN_DISABLED"},
            {"id": "m-2", "displayName": "again"},
            {"id": "bare"},
            {"id": "spent", "disableReason": "OUT_OF_REQUESTS"},
        ])
    }

    #[test]
    fn the_list_is_read_as_it_is_without_what_the_account_cannot_use() {
        let catalogue = parse(answer(choices())).unwrap();
        let ids: Vec<_> = catalogue.models().iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["m 1 (Odd)", "m-2", "bare", "spent"]);
        assert_eq!(catalogue.default_id(), "m-2");
        let odd = Model {
            id: "m 1 (Odd)".to_owned(),
            display_name: "m one".to_owned(),
            base_name: Some("m".to_owned()),
            effort: Some(Effort::XHigh),
            vendor: "xai".to_owned(),
            context_window: Some(200_000),
            vision: false,
            credit_multiplier: Some(1.5),
        };
        assert_eq!(catalogue.models()[0], odd);
        assert_eq!((catalogue.models()[1].effort, catalogue.models()[1].context_window), (Some(Effort::None), Some(5)));
        assert_eq!(
            (catalogue.models()[2].display_name.as_str(), catalogue.models()[2].vendor.as_str()),
            ("bare", "unknown")
        );
        assert_eq!(catalogue.resolve("unheard-of"), None, "the account's list is authoritative");
        for (id, by) in [("dear", ClosedBy::Plan), ("banned", ClosedBy::Admin)] {
            assert_eq!((catalogue.resolve(id), catalogue.closed(id).map(|closed| closed.by)), (None, Some(by)));
        }
        assert_eq!(catalogue.sibling("m-2", Effort::XHigh).map(|model| model.id.as_str()), Some("m 1 (Odd)"));
    }

    #[test]
    fn a_default_that_is_not_listed_gives_way_to_the_first() {
        let catalogue = parse(answer(json!([{"id": "only"}]))).unwrap();
        assert_eq!(catalogue.default_id(), "only");
    }

    #[test]
    fn nonsense_is_no_list() {
        for body in [json!({}), answer(json!([])), answer(json!([{"id": 3}])), answer(json!("x"))] {
            assert!(matches!(parse(body.clone()), Err(GraphqlError::Unreadable { .. })), "{body}");
        }
    }

    /// Fetches from a server that checks the request and answers with `status`.
    async fn fetched(status: StatusCode) -> Result<Catalogue, GraphqlError> {
        let serve = async move |uri: Uri, headers: HeaderMap, body: String| {
            assert_eq!(uri.query(), Some("op=GetFeatureModelChoices"));
            assert_eq!(headers["authorization"], "Bearer wk-1.a");
            assert_eq!(headers["x-warp-client-id"], "warp2api");
            assert_eq!(headers["content-type"], "application/json");
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["operationName"], "GetFeatureModelChoices");
            assert!(body["query"].as_str().unwrap().starts_with("query GetFeatureModelChoices("));
            assert!(body["variables"]["rc"]["osContext"].is_object());
            (status, json!({"data": {"user": answer(choices())}}).to_string())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().route("/graphql/v2", post(serve));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let address = Address::new(&root);
        let client = service::builder(&address).unwrap().build().unwrap();
        fetch(&client, &address, &Secret::new("wk-1.a")).await
    }

    #[tokio::test]
    async fn the_request_is_what_the_service_expects_and_its_status_counts() {
        assert_eq!(fetched(StatusCode::OK).await.unwrap().models().len(), 4);
        assert_eq!(
            fetched(StatusCode::UNAUTHORIZED).await,
            Err(GraphqlError::Unauthorized { what: "the list of models" })
        );
        assert_eq!(
            fetched(StatusCode::BAD_GATEWAY).await,
            Err(GraphqlError::Status { what: "the list of models", status: 502 })
        );
    }

    #[tokio::test]
    async fn nobody_there_is_said_so() {
        let client = Client::builder().no_proxy().build().unwrap();
        let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", unused.local_addr().unwrap());
        drop(unused);
        let result = fetch(&client, &Address::new(&root), &Secret::new("secret-1")).await;
        let error = result.unwrap_err();
        assert!(matches!(error, GraphqlError::Unreachable { .. }));
        assert!(!format!("{error:?}").contains("secret-1"));
    }
}
