//! Reads which tools a client offers and how they may be used: `tools` and `tool_choice`.
//!
//! A tool without a `type` is the client's own. Those with one are built into Anthropic's service or its models: a web
//! search the upstream has too, and no other can be carried.

use serde_json::{Map, Value};

use crate::{
    dialect::{asked, field::Field, ignored::Ignored},
    turn::{Tool, ToolChoice, TurnError},
};

/// What a request says about tools.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The tools, each name once.
    pub(crate) tools: Vec<Tool>,
    /// Which of them to call.
    pub(crate) choice: ToolChoice,
    /// False when at most one may be called.
    pub(crate) parallel: bool,
    /// True when the client gave the model a web search.
    pub(crate) web_search: bool,
    /// The names of tools that are not the client's own.
    built_in: Vec<String>,
}

/// Reads everything about tools from the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Tools, TurnError> {
    let mut read =
        Tools { tools: Vec::new(), choice: ToolChoice::Auto, parallel: true, web_search: false, built_in: Vec::new() };
    if let Some(tools) = root.get("tools") {
        for tool in tools.items()? {
            read.tool(&tool, ignored)?;
        }
    }
    if let Some(choice) = root.get("tool_choice") {
        read.choose(&choice, ignored)?;
    }
    Ok(read)
}

impl Tools {
    fn tool(&mut self, tool: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        tool.object()?;
        match tool.get("type").map_or(Ok("custom"), |kind| kind.text())? {
            // The second is what OpenAI's clients say.
            "custom" | "function" => self.own(tool, ignored),
            kind if kind.starts_with("web_search") => {
                self.web_search = true;
                for option in ["max_uses", "allowed_domains", "blocked_domains", "user_location"] {
                    if tool.get(option).is_some() {
                        ignored.note(&format!("tools.web_search.{option}"));
                    }
                }
                self.built_in(tool)
            }
            kind => {
                ignored.note(&format!("tools.{kind}"));
                self.built_in(tool)
            }
        }
    }

    fn built_in(&mut self, tool: &Field<'_, '_>) -> Result<(), TurnError> {
        if let Some(name) = tool.get("name") {
            self.built_in.push(name.text()?.to_owned());
        }
        Ok(())
    }

    fn own(&mut self, tool: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let name = name(tool)?;
        let description = tool.get("description").map_or(Ok(""), |text| text.text())?.to_owned();
        let input_schema = match tool.get("input_schema") {
            None => Map::new(),
            Some(schema) => schema.object()?.clone(),
        };
        if tool.get("strict").is_some_and(|strict| strict.value() == &Value::Bool(true)) {
            ignored.note("tools.strict");
        }
        if tool.get("input_examples").is_some() {
            ignored.note("tools.input_examples");
        }
        match self.tools.iter().any(|known| known.name == name) {
            // The upstream knows tools by name, so the first of two stays.
            true => ignored.note(&tool.to_string()),
            false => {
                self.tools.push(Tool { name, description, input_schema: asked::completed_schema(input_schema) });
            }
        }
        Ok(())
    }

    fn choose(&mut self, choice: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        // OpenAI's clients send the word alone.
        let kind = if choice.value().is_string() { None } else { choice.get("type") };
        let word = match &kind {
            None if choice.value().is_string() => choice.text()?,
            None => {
                choice.object()?;
                return Err(choice.missing("type"));
            }
            Some(kind) => kind.text()?,
        };
        if let Some(single) = choice.get("disable_parallel_tool_use") {
            self.parallel = !single.flag()?;
        }
        match word {
            "auto" => self.choice = ToolChoice::Auto,
            "none" => self.choice = ToolChoice::None,
            // Whether the model searches the web is the upstream's to decide.
            "any" if self.tools.is_empty() && !self.built_in.is_empty() => ignored.note("tool_choice"),
            "any" if self.tools.is_empty() => {
                return Err(choice.error("asks for a tool call, but the request offers no tools"));
            }
            "any" => self.choice = ToolChoice::Required,
            "tool" => return self.choose_tool(choice, ignored),
            _ => return Err(kind.as_ref().unwrap_or(choice).error("must be auto, any, tool or none")),
        }
        Ok(())
    }

    fn choose_tool(&mut self, choice: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let name = name(choice)?;
        if self.tools.iter().any(|tool| tool.name == name) {
            self.choice = ToolChoice::Tool(name);
        } else if self.built_in.contains(&name) {
            ignored.note("tool_choice");
        } else {
            let named = choice.get("name");
            let named = named.as_ref().unwrap_or(choice);
            return Err(named.error(format_args!("is `{name}`, which is not among the request's tools")));
        }
        Ok(())
    }
}

fn name(tool: &Field<'_, '_>) -> Result<String, TurnError> {
    let field = tool.get("name").ok_or_else(|| tool.missing("name"))?;
    match field.text()?.trim() {
        "" => Err(field.error("must not be empty")),
        name => Ok(name.to_owned()),
    }
}
