//! The GraphQL operations of a gateway (`WARP-PROTOCOL.md` §6), answered with every field that exists, whatever the
//! query selects. It must not know tokens.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::catalogue::{self, Model};
use crate::simulator::refusal::Refusal;
use crate::simulator::server::Shared;
use crate::simulator::token::Authority;

/// Credits of a month.
const CREDITS: usize = 300;

pub(crate) fn router() -> axum::Router<Arc<Shared>> {
    axum::Router::new().route("/graphql/v2", post(answer))
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    op: String,
}

#[derive(Deserialize)]
struct Operation {
    query: String,
    #[serde(default)]
    variables: Value,
    #[serde(default, rename = "operationName")]
    name: Option<String>,
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let errors = |message: String| json!({"errors": [{"message": message}]});
    let operation: Operation = serde_json::from_slice(&body)
        .map_err(|error| Refusal::json(400, &errors(format!("the body is no GraphQL request: {error}"))))?;
    let name = operation.name.clone().unwrap_or_else(|| parameters.op.clone());
    if name != parameters.op {
        return Err(Refusal::json(400, &errors(format!("op is {:?}, operationName {name:?}", parameters.op))));
    }
    if name != "CreateAnonymousUser" {
        shared.authorise(&headers)?;
    }
    if !operation.query.contains(&name) || !operation.variables.is_object() {
        return Err(Refusal::json(400, &errors(format!("the query does not define {name:?}, or has no variables"))));
    }
    let data = match name.as_str() {
        "GetUser" => json!({"user": user_output(user())}),
        "GetRequestLimitInfo" => json!({"user": user_output(limits(shared.answered()))}),
        "GetFeatureModelChoices" => json!({"user": user_output(model_choices())}),
        "CreateAnonymousUser" => json!({"createAnonymousUser": anonymous_user()}),
        _ => return Ok(Json(errors(format!("the simulator does not know the operation {name:?}")))),
    };
    Ok(Json(json!({"data": data})))
}

/// The success variant of the `user` field.
fn user_output(user: Value) -> Value {
    json!({"__typename": "UserOutput", "apiKeyOwnerType": "User", "principalType": "USER", "user": user,
        "responseContext": {"serverVersion": "simulator"}})
}

fn user() -> Value {
    json!({
        "isOnboarded": true,
        "anonymousUserInfo": null,
        "profile": {"uid": "simulator-user", "email": "someone@simulator.invalid", "displayName": "Simulated User"},
    })
}

fn limits(used: usize) -> Value {
    let available = used < CREDITS;
    json!({
        "requestLimitInfo": {
            "isUnlimited": false,
            "requestLimit": CREDITS,
            "requestsUsedSinceLastRefresh": used.min(CREDITS),
            "nextRefreshTime": "2099-01-01T00:00:00Z",
            "requestLimitRefreshDuration": "MONTHLY",
        },
        "bonusGrants": [],
        "aiCreditAvailability": {
            "available": available,
            "denialReason": if available { "NONE" } else { "OUT_OF_CREDITS" },
            "creditSource": "BASE_LIMIT",
        },
        "workspaces": [{"uid": "simulator-workspace", "bonusGrantsInfo": {"grants": [], "spendingInfo": null}}],
    })
}

fn model_choices() -> Value {
    let agent: Vec<Value> = catalogue::MODELS.iter().map(choice).collect();
    let only = |id: &str| {
        let auto = Model { id: "auto", display_name: "auto", base_name: "auto", level: "Off", provider: "UNKNOWN", vision: true };
        let mut choice = choice(&auto);
        choice["id"] = id.into();
        json!({"defaultId": id, "preferredCodexModelId": null, "choices": [choice]})
    };
    json!({"workspaces": [{"uid": "simulator-workspace", "featureModelChoice": {
        "agentMode": {"defaultId": "auto", "preferredCodexModelId": "gpt-5-3-codex-high", "choices": agent},
        "coding": only("auto"),
        "cliAgent": only("cli-agent-auto"),
        "computerUseAgent": only("computer-use-agent-auto"),
    }}]})
}

fn choice(model: &Model) -> Value {
    let window = catalogue::CONTEXT_WINDOW;
    json!({
        "id": model.id,
        "displayName": model.display_name,
        "baseModelName": model.base_name,
        "reasoningLevel": model.level,
        "description": null,
        "provider": model.provider,
        "visionSupported": model.vision,
        "disableReason": null,
        "usageMetadata": {"creditMultiplier": 1.0, "requestMultiplier": 1},
        "spec": {"cost": 0.5, "quality": 0.5, "speed": 0.5},
        "contextWindow": {"isConfigurable": false, "min": window, "max": window, "default": window},
        "hostConfigs": [{"enabled": true, "modelRoutingHost": "DIRECT_API"}],
        "pricing": {"discountPercentage": null},
    })
}

fn anonymous_user() -> Value {
    json!({
        "__typename": "CreateAnonymousUserOutput",
        "anonymousUserType": "NATIVE_CLIENT_ANONYMOUS_USER_FEATURE_GATED",
        "expiresAt": null,
        "firebaseUid": "simulator-anonymous",
        "idToken": Authority::custom_token(),
        "isInviteValid": true,
        "responseContext": {"serverVersion": "simulator"},
    })
}
