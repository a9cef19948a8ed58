//! Reads which functions a client offers and how they may be called: `tools` and `toolConfig`.

use serde_json::{Map, Value};

use crate::{
    dialect::{
        asked,
        field::Field,
        gemini::{
            options::{camel, either, for_each},
            schema::to_json_schema,
        },
        ignored::Ignored,
    },
    turn::{Tool, ToolChoice, TurnError},
};

/// What a request says about tools.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    /// The functions, each name once.
    pub(crate) tools: Vec<Tool>,
    /// Which of them to call.
    pub(crate) choice: ToolChoice,
    /// True when the client gave the model a web search.
    pub(crate) web_search: bool,
}

/// Reads everything about tools from the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Tools, TurnError> {
    let mut read = Tools::default();
    if let Some(tools) = root.get("tools") {
        for_each(&tools, |tool| read.tool(tool, ignored))?;
    }
    if let Some(config) = either(root, "toolConfig", "tool_config") {
        read.config(&config, ignored)?;
    }
    Ok(read)
}

impl Tools {
    /// One entry may hold functions and tools of Google's at once.
    fn tool(&mut self, tool: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        for (key, value) in tool.object()? {
            match camel(key).as_str() {
                _ if value.is_null() => {}
                "functionDeclarations" => {}
                "googleSearch" | "googleSearchRetrieval" => self.web_search = true,
                other => ignored.note(&format!("tools.{other}")),
            }
        }
        match either(tool, "functionDeclarations", "function_declarations") {
            Some(declarations) => for_each(&declarations, |function| self.function(function, ignored)),
            None => Ok(()),
        }
    }

    fn function(&mut self, function: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        function.object()?;
        let field = function.get("name").ok_or_else(|| function.missing("name"))?;
        let name = field.text()?.trim();
        if name.is_empty() {
            return Err(field.error("must not be empty"));
        }
        let description = function.get("description").map_or(Ok(""), |text| text.text())?.to_owned();
        let input_schema = asked::completed_schema(parameters(function)?);
        match self.tools.iter().any(|known| known.name == name) {
            // The upstream knows tools by name, so the first of two stays.
            true => ignored.note(&function.to_string()),
            false => self.tools.push(Tool { name: name.to_owned(), description, input_schema }),
        }
        Ok(())
    }

    fn config(&mut self, config: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        for (key, value) in config.object()? {
            let name = camel(key);
            if name != "functionCallingConfig" && !value.is_null() && value != false {
                ignored.note(&format!("toolConfig.{name}"));
            }
        }
        let Some(calling) = either(config, "functionCallingConfig", "function_calling_config") else { return Ok(()) };
        calling.object()?;
        let allowed = self.allowed(&calling)?;
        let Some(mode) = calling.get("mode") else { return Ok(()) };
        self.choice = match mode.text()?.to_ascii_uppercase().as_str() {
            "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED" | "" => ToolChoice::Auto,
            "NONE" => ToolChoice::None,
            "ANY" if self.tools.is_empty() => {
                return Err(mode.error("asks for a function call, but the request declares no functions"));
            }
            "ANY" => match allowed.as_deref() {
                Some([only]) => ToolChoice::Tool(only.clone()),
                Some(_) | None => ToolChoice::Required,
            },
            _ => return Err(mode.error("must be AUTO, ANY, VALIDATED or NONE")),
        };
        Ok(())
    }

    /// Only the functions that may be called are offered. Returns their names when the client gave a list.
    fn allowed(&mut self, calling: &Field<'_, '_>) -> Result<Option<Vec<String>>, TurnError> {
        let Some(field) = either(calling, "allowedFunctionNames", "allowed_function_names") else { return Ok(None) };
        let mut names = Vec::new();
        for_each(&field, |name| {
            let text = name.text()?;
            if !self.tools.iter().any(|tool| tool.name == text) {
                return Err(name.error(format_args!("is `{text}`, which is not among the request's functions")));
            }
            names.push(text.to_owned());
            Ok(())
        })?;
        if names.is_empty() {
            return Ok(None);
        }
        self.tools.retain(|tool| names.contains(&tool.name));
        Ok(Some(names))
    }
}

/// The schema of a function's arguments, in whichever of the two languages it is written.
fn parameters(function: &Field<'_, '_>) -> Result<Map<String, Value>, TurnError> {
    let json = either(function, "parametersJsonSchema", "parameters_json_schema");
    let Some(schema) = json.or_else(|| function.get("parameters")) else { return Ok(Map::new()) };
    schema.object()?;
    match to_json_schema(schema.value()) {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Ok(Map::new()),
    }
}
