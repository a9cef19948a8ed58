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

use crate::simulator::account::{Owner, Profile};
use crate::simulator::catalogue::{self, Model};
use crate::simulator::refusal::Refusal;
use crate::simulator::server::Shared;
use crate::simulator::token::Holder;

/// Credits of a month that are told of an account whose credits never run out.
const CREDITS: f64 = 300.0;
/// What the service calls an anonymous account of the official client.
const ANONYMOUS: &str = "NATIVE_CLIENT_ANONYMOUS_USER_FEATURE_GATED";
/// The kinds of anonymous accounts, and how long they may be asked to last (§5.5).
const ANONYMOUS_TYPES: [&str; 3] = [ANONYMOUS, "NATIVE_CLIENT_ANONYMOUS_USER", "WEB_CLIENT_ANONYMOUS_USER"];
const EXPIRATION_TYPES: [&str; 2] = ["NO_EXPIRATION", "EXPIRATION_14_DAYS"];

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
    if !operation.query.contains(&name) || !operation.variables.is_object() {
        return Err(Refusal::json(400, &errors(format!("the query does not define {name:?}, or has no variables"))));
    }
    let data = if name == "CreateAnonymousUser" {
        anonymous_user(&shared, &operation.variables["input"])
    } else {
        about_user(&shared, &name, &shared.authorise(&headers)?)
    };
    Ok(Json(data.map_or_else(errors, |data| json!({"data": data}))))
}

/// The answer to a question about the holder of a bearer.
fn about_user(shared: &Shared, name: &str, holder: &Holder) -> Result<Value, String> {
    let accounts = shared.authority.accounts();
    let profile = accounts.profile(&holder.account).filter(|_| accounts.ended(&holder.account).is_none());
    let profile = profile.ok_or("User not in context: Not found")?;
    let user = match name {
        "GetUser" => user(&profile),
        "GetRequestLimitInfo" => limits(&profile),
        "GetFeatureModelChoices" => model_choices(),
        _ => return Err(format!("the simulator does not know the operation {name:?}")),
    };
    Ok(json!({"user": user_output(holder, &profile, user)}))
}

/// The success variant of the `user` field. Only a key has an owner apart from its user.
fn user_output(holder: &Holder, profile: &Profile, user: Value) -> Value {
    let owner_type = match profile.owner {
        _ if !holder.by_key => Value::Null,
        Owner::User => "User".into(),
        Owner::Team | Owner::ServiceAccount => "Team".into(),
    };
    let principal_type = if profile.owner == Owner::ServiceAccount { "SERVICE_ACCOUNT" } else { "USER" };
    json!({"__typename": "UserOutput", "apiKeyOwnerType": owner_type, "principalType": principal_type, "user": user,
        "responseContext": {"serverVersion": "simulator"}})
}

fn user(profile: &Profile) -> Value {
    let anonymous = profile.is_anonymous.then(|| json!({"anonymousUserType": ANONYMOUS, "linkedAt": null}));
    json!({
        "isOnboarded": !profile.is_anonymous,
        "anonymousUserInfo": anonymous,
        "profile": {"uid": profile.uid, "email": profile.email, "displayName": profile.display_name},
    })
}

fn limits(profile: &Profile) -> Value {
    let limit = profile.credits.unwrap_or(CREDITS);
    let available = profile.spent < limit;
    // Whole numbers, as the service counts them.
    json!({
        "requestLimitInfo": {
            "isUnlimited": false,
            "requestLimit": limit.ceil() as u64,
            "requestsUsedSinceLastRefresh": profile.spent.min(limit).ceil() as u64,
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
        let auto = Model {
            id: "auto",
            display_name: "auto",
            base_name: "auto",
            level: "Off",
            provider: "UNKNOWN",
            vision: true,
        };
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

/// Makes an anonymous account, as the operation's input wants it.
fn anonymous_user(shared: &Shared, input: &Value) -> Result<Value, String> {
    let one_of = |name: &str, known: &[&str]| {
        let given = input[name].as_str().unwrap_or_default();
        if known.contains(&given) {
            Ok(given)
        } else {
            Err(format!("the input's {name} is {given:?}, not one of {known:?}"))
        }
    };
    let kind = one_of("anonymousUserType", &ANONYMOUS_TYPES)?;
    one_of("expirationType", &EXPIRATION_TYPES)?;
    let account = shared.authority.accounts().add_anonymous().ok_or("too many anonymous accounts")?;
    let uid = shared.authority.accounts().profile(&account).map(|profile| profile.uid);
    Ok(json!({"createAnonymousUser": {
        "__typename": "CreateAnonymousUserOutput",
        "anonymousUserType": kind,
        "expiresAt": null,
        "firebaseUid": uid,
        "idToken": shared.authority.custom_token(&account),
        "isInviteValid": true,
        "responseContext": {"serverVersion": "simulator"},
    }}))
}
