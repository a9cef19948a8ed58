//! The JSON Schemas of tools inside a request's JSON, mended as older gateways mended them before they sent them: the
//! service was found to refuse some schemas that clients write. Only on request, for `encode` otherwise changes nothing.
//!
//! What is mended, in `mcp_context.tools[]` and `mcp_context.servers[].tools[]`: empty values go; every property gets a
//! `type` and a `description`; `$schema` is named; `required` lists only what is there; a schema with `properties` is an
//! object. `headers` gets properties, for an object without any was refused. It must not know protobuf.

use serde_json::{Map, Value as Json, json};

/// What a schema is taken for that does not say.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// Mends the schema of every tool in `request`; says how many schemas it changed.
pub fn sanitize_tools(request: &mut Json) -> usize {
    let Some(context) = either_mut(request, "mcp_context", "mcpContext") else { return 0 };
    let mut changed = context.get_mut("tools").map_or(0, sanitize_list);
    if let Some(Json::Array(servers)) = context.get_mut("servers") {
        changed += servers.iter_mut().filter_map(|server| server.get_mut("tools")).map(sanitize_list).sum::<usize>();
    }
    changed
}

fn either_mut<'a>(object: &'a mut Json, snake: &str, camel: &str) -> Option<&'a mut Json> {
    let name = if object.get(snake).is_some() { snake } else { camel };
    object.get_mut(name)
}

fn sanitize_list(tools: &mut Json) -> usize {
    let Json::Array(tools) = tools else { return 0 };
    let schemas = tools.iter_mut().filter_map(|tool| either_mut(tool, "input_schema", "inputSchema"));
    schemas.filter(|schema| schema.is_object()).map(|schema| usize::from(sanitize_schema(schema))).sum()
}

/// Whether anything was changed.
fn sanitize_schema(schema: &mut Json) -> bool {
    let mut mended = match cleaned(schema) {
        Some(Json::Object(object)) => object,
        Some(_) | None => Map::new(),
    };
    if mended.contains_key("properties") && !is_text(mended.get("type")) {
        mended.insert("type".to_owned(), json!("object"));
    }
    if !is_text(mended.get("$schema")) {
        mended.insert("$schema".to_owned(), json!(DIALECT));
    }
    if let Some(Json::Object(properties)) = mended.get_mut("properties") {
        properties.iter_mut().for_each(|(name, property)| mend_property(name, property, "parameter"));
    }
    keep_present(&mut mended);
    let mended = Json::Object(mended);
    let changed = *schema != mended;
    *schema = mended;
    changed
}

fn mend_property(name: &str, property: &mut Json, role: &str) {
    if !property.is_object() {
        *property = json!({});
    }
    let Json::Object(property) = property else { return };
    let is_headers = role == "parameter" && name.eq_ignore_ascii_case("headers");
    if is_headers || !is_text(property.get("type")) {
        property.insert("type".to_owned(), json!(if is_headers { "object" } else { likely_type(name, role) }));
    }
    if !is_text(property.get("description")) {
        property.insert("description".to_owned(), json!(format!("{name} {role}").trim()));
    }
    if is_headers {
        mend_headers(property);
    }
}

fn mend_headers(headers: &mut Map<String, Json>) {
    match headers.get_mut("properties") {
        Some(Json::Object(properties)) => {
            properties.iter_mut().for_each(|(name, property)| mend_property(name, property, "header"));
        }
        Some(_) | None => {
            let agent = json!({"type": "string", "description": "User-Agent header for the request"});
            headers.insert("properties".to_owned(), json!({"user-agent": agent}));
        }
    }
    keep_present(headers);
}

/// Leaves in `required` only names of properties, and no empty list.
fn keep_present(schema: &mut Map<String, Json>) {
    let names: Vec<String> = match schema.get("properties") {
        Some(Json::Object(properties)) => properties.keys().cloned().collect(),
        Some(_) | None => Vec::new(),
    };
    let Some(Json::Array(required)) = schema.get_mut("required") else { return };
    required.retain(|name| name.as_str().is_some_and(|name| names.iter().any(|known| known == name)));
    if required.is_empty() {
        schema.shift_remove("required");
    }
}

fn likely_type(name: &str, role: &str) -> &'static str {
    let is_object = ["options", "params", "payload", "data"].contains(&name.to_lowercase().as_str());
    if is_object && role == "parameter" { "object" } else { "string" }
}

fn is_text(value: Option<&Json>) -> bool {
    value.and_then(Json::as_str).is_some_and(|text| !text.trim().is_empty())
}

/// The value without what is empty in it, its texts trimmed; `None` when nothing is left.
fn cleaned(value: &Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Json::from),
        Json::Array(items) => Some(items.iter().filter_map(cleaned).collect::<Vec<_>>())
            .filter(|items| !items.is_empty())
            .map(Json::Array),
        Json::Object(object) => {
            // A property without a schema is still a property: it is mended, not dropped.
            let kept = |(name, value): (&String, &Json)| match (name.as_str(), value) {
                ("properties", Json::Object(properties)) => Some((name.clone(), properties_of(properties)?)),
                _ => Some((name.clone(), cleaned(value)?)),
            };
            let object: Map<String, Json> = object.iter().filter_map(kept).collect();
            (!object.is_empty()).then_some(Json::Object(object))
        }
        other => Some(other.clone()),
    }
}

fn properties_of(properties: &Map<String, Json>) -> Option<Json> {
    let properties: Map<String, Json> =
        properties.iter().map(|(name, schema)| (name.clone(), cleaned(schema).unwrap_or_else(|| json!({})))).collect();
    (!properties.is_empty()).then_some(Json::Object(properties))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(schema: Json) -> Json {
        let mut request = json!({"mcp_context": {"servers": [{"tools": [{"name": "f", "input_schema": schema}]}]}});
        sanitize_tools(&mut request);
        request["mcp_context"]["servers"][0]["tools"][0]["input_schema"].clone()
    }

    #[test]
    fn properties_get_what_the_service_asks_for() {
        assert_eq!(
            mended(json!({"properties": {"city": {}, "data": {"description": " "}, "n": {"type": "integer"}},
                "required": ["city", "gone", 1], "additionalProperties": {}})),
            json!({"properties": {
                "city": {"type": "string", "description": "city parameter"},
                "data": {"type": "object", "description": "data parameter"},
                "n": {"type": "integer", "description": "n parameter"}
            }, "required": ["city"], "type": "object", "$schema": DIALECT})
        );
        assert_eq!(mended(json!({})), json!({"$schema": DIALECT}));
        assert_eq!(mended(json!({"type": "object", "required": []})), json!({"type": "object", "$schema": DIALECT}));
    }

    #[test]
    fn headers_have_properties() {
        let agent = json!({"type": "string", "description": "User-Agent header for the request"});
        let found = mended(json!({"properties": {"headers": {"type": "string"}}}));
        assert_eq!(found["properties"]["headers"]["type"], "object");
        assert_eq!(found["properties"]["headers"]["properties"], json!({"user-agent": agent}));
        let found = mended(json!({"properties": {"headers": {"properties": {"accept": {}}, "required": ["x"]}}}));
        let accept = json!({"type": "string", "description": "accept header"});
        assert_eq!(found["properties"]["headers"]["properties"], json!({"accept": accept}));
        assert_eq!(found["properties"]["headers"].get("required"), None);
    }

    #[test]
    fn both_spellings_and_both_places_are_mended_and_nothing_else() {
        let fine = json!({"$schema": "x", "type": "object"});
        let mut request = json!({
            "settings": {"model_config": {"base": ""}},
            "mcpContext": {"tools": [{"inputSchema": {"type": " object"}}, {"input_schema": fine}, {"name": ""}]}
        });
        assert_eq!(sanitize_tools(&mut request), 1);
        assert_eq!(
            request,
            json!({
                "settings": {"model_config": {"base": ""}},
                "mcpContext": {"tools": [
                    {"inputSchema": {"type": "object", "$schema": DIALECT}}, {"input_schema": fine}, {"name": ""}
                ]}
            })
        );
    }
}
