//! Whose a bearer is, asked over GraphQL (`WARP-PROTOCOL.md` §6.4).
//!
//! It must not know where the bearer comes from, nor what is done with the answer.

use reqwest::Client;
use serde_json::{Map, Value};

use crate::{
    secret::Secret,
    service::{Address, Asked, GraphqlError},
};

const QUERY: &str = "\
query GetUser($rc: RequestContext!) {
  user(requestContext: $rc) {
    __typename
    ... on UserOutput {
      apiKeyOwnerType principalType
      user { anonymousUserInfo { anonymousUserType } profile { uid email displayName } }
    }
    ... on UserFacingError { error { __typename message } }
  }
}";

const ASKED: Asked<'_> = Asked { operation: "GetUser", query: QUERY, field: "user", what: "the account's name" };

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A person's.
    User,
    /// A team's: its API key spends the team's credits.
    Team,
    /// A service account's.
    ServiceAccount,
}

/// Who a bearer speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What tells the account from every other.
    pub uid: String,
    /// Its address for mail.
    pub email: Option<String>,
    /// What its owner goes by.
    pub display_name: Option<String>,
    /// True when nobody has signed in with it.
    pub is_anonymous: bool,
    /// Whose it is.
    pub owner: Owner,
}

impl Principal {
    /// What a person knows the account by.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.email.as_deref().or(self.display_name.as_deref()).unwrap_or(&self.uid)
    }
}

/// Asks the service at `address` who `bearer` speaks for.
pub(crate) async fn whoami(client: &Client, address: &Address, bearer: &Secret) -> Result<Principal, GraphqlError> {
    principal(&ASKED.send(client, address, Some(bearer), Map::new()).await?)
}

fn principal(output: &Value) -> Result<Principal, GraphqlError> {
    let text = |value: &Value| {
        let text: String = value.as_str()?.chars().filter(|letter| !letter.is_control()).take(200).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let user = &output["user"];
    let profile = &user["profile"];
    let is = |field: &str, name: &str| output[field].as_str().is_some_and(|given| given.eq_ignore_ascii_case(name));
    let owner = match () {
        () if is("principalType", "SERVICE_ACCOUNT") => Owner::ServiceAccount,
        () if is("apiKeyOwnerType", "Team") => Owner::Team,
        () => Owner::User,
    };
    Ok(Principal {
        uid: text(&profile["uid"]).ok_or_else(|| ASKED.unreadable("it names no user"))?,
        email: text(&profile["email"]),
        display_name: text(&profile["displayName"]),
        is_anonymous: user["anonymousUserInfo"].is_object(),
        owner,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_owner_and_the_names_are_read() {
        let output = |owner: Value, principal: &str, email: &str| {
            json!({"apiKeyOwnerType": owner, "principalType": principal, "user": {
                "anonymousUserInfo": null, "profile": {"uid": "u1", "email": email, "displayName": "A\u{1b}da"}}})
        };
        let read = |output: Value| principal(&output).unwrap();
        let person = read(output(Value::Null, "USER", "a@b.c"));
        assert_eq!((person.owner, person.shown(), person.is_anonymous), (Owner::User, "a@b.c", false));
        assert_eq!(read(output("Team".into(), "USER", "")).owner, Owner::Team);
        assert_eq!(read(output("TEAM".into(), "USER", "")).shown(), "Ada");
        assert_eq!(read(output("Team".into(), "SERVICE_ACCOUNT", "")).owner, Owner::ServiceAccount);
    }

    #[test]
    fn somebody_without_a_name_is_known_by_id_and_nobody_is_an_error() {
        let nameless = json!({"user": {"anonymousUserInfo": {}, "profile": {"uid": "u2", "email": null}}});
        let nameless = principal(&nameless).unwrap();
        assert_eq!((nameless.shown(), nameless.is_anonymous, nameless.owner), ("u2", true, Owner::User));
        for output in [json!({}), json!({"user": {"profile": {"uid": ""}}}), json!({"user": {"profile": {"uid": 7}}})] {
            assert!(matches!(principal(&output), Err(GraphqlError::Unreadable { .. })), "{output}");
        }
    }
}
