//! Reads which tools a client offers and how they may be used: `tools` and `tool_choice`, and the `functions` and
//! `function_call` that came before them.

use serde_json::{Map, json};

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
    /// True when the client speaks of functions only.
    pub(crate) legacy: bool,
}

/// Reads everything about tools from the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Tools, TurnError> {
    let legacy = root.get("tools").is_none() && root.get("functions").is_some();
    let parallel = root.get("parallel_tool_calls").map_or(Ok(true), |field| field.flag())?;
    let mut read = Tools {
        tools: Vec::new(),
        choice: ToolChoice::Auto,
        // A legacy answer has room for one call.
        parallel: parallel && !legacy,
        web_search: false,
        legacy,
    };
    match legacy {
        true => read.functions(root, ignored)?,
        false => read.tools(root, ignored)?,
    }
    let choice = root.get("tool_choice").or_else(|| root.get("function_call"));
    if let Some(choice) = choice {
        read.choose(&choice)?;
    }
    Ok(read)
}

impl Tools {
    fn functions(&mut self, root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let Some(functions) = root.get("functions") else { return Ok(()) };
        for function in functions.items()? {
            self.function(&function, &function, ignored)?;
        }
        Ok(())
    }

    fn tools(&mut self, root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let Some(tools) = root.get("tools") else { return Ok(()) };
        for tool in tools.items()? {
            tool.object()?;
            match tool.get("type").map_or(Ok("function"), |kind| kind.text())? {
                "function" => {
                    // Some clients send the function's fields without the object around them.
                    let function = tool.get("function");
                    self.function(&tool, function.as_ref().unwrap_or(&tool), ignored)?;
                }
                "web_search" | "web_search_preview" => self.web_search = true,
                // Tools that OpenAI itself runs, and such with free text for arguments.
                other => ignored.note(&format!("tools.{other}")),
            }
        }
        Ok(())
    }

    fn function(
        &mut self,
        tool: &Field<'_, '_>,
        function: &Field<'_, '_>,
        ignored: &mut Ignored,
    ) -> Result<(), TurnError> {
        let name = name(function)?;
        let description = function.get("description").map_or(Ok(""), |text| text.text())?.to_owned();
        let input_schema = match function.get("parameters") {
            None => Map::new(),
            Some(schema) => schema.object()?.clone(),
        };
        if function.get("strict").is_some_and(|strict| strict.value() == &json!(true)) {
            ignored.note("tools.function.strict");
        }
        match self.tools.iter().any(|known| known.name == name) {
            // The upstream knows tools by name, so the first of two stays.
            true => ignored.note(&tool.to_string()),
            false => self.tools.push(Tool { name, description, input_schema: asked::completed_schema(input_schema) }),
        }
        Ok(())
    }

    fn choose(&mut self, choice: &Field<'_, '_>) -> Result<(), TurnError> {
        if let Some(word) = choice.value().as_str() {
            return self.choose_word(choice, word);
        }
        choice.object()?;
        let kind = choice.get("type");
        match &kind {
            // `function_call` is `{name}` alone.
            None => self.choose_tool(choice),
            Some(kind) => match kind.text()? {
                "function" | "tool" => match choice.get("function") {
                    Some(function) => self.choose_tool(&function),
                    None => self.choose_tool(choice),
                },
                "allowed_tools" => match choice.get("allowed_tools") {
                    Some(allowed) => self.choose_among(&allowed),
                    None => self.choose_among(choice),
                },
                word @ ("none" | "auto" | "required" | "any") => self.choose_word(choice, word),
                _ => Err(kind.error("must be function or allowed_tools")),
            },
        }
    }

    fn choose_word(&mut self, field: &Field<'_, '_>, word: &str) -> Result<(), TurnError> {
        self.choice = match word {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            "required" | "any" if self.tools.is_empty() => {
                return Err(field.error("asks for a tool call, but the request offers no tools"));
            }
            "required" | "any" => ToolChoice::Required,
            _ => return Err(field.error("must be none, auto, required or an object that names a tool")),
        };
        Ok(())
    }

    fn choose_tool(&mut self, field: &Field<'_, '_>) -> Result<(), TurnError> {
        let name = self.offered(field)?;
        self.choice = ToolChoice::Tool(name);
        Ok(())
    }

    /// Only the named tools may be called, so only they are offered.
    fn choose_among(&mut self, allowed: &Field<'_, '_>) -> Result<(), TurnError> {
        let tools = allowed.get("tools").ok_or_else(|| allowed.missing("tools"))?;
        let mut names = Vec::new();
        for tool in tools.items()? {
            let function = tool.get("function");
            names.push(self.offered(function.as_ref().unwrap_or(&tool))?);
        }
        self.tools.retain(|tool| names.contains(&tool.name));
        match allowed.get("mode") {
            Some(mode) => self.choose_word(&mode, mode.text()?),
            None => Ok(()),
        }
    }

    /// The name in `field`, if the request offers that tool.
    fn offered(&self, field: &Field<'_, '_>) -> Result<String, TurnError> {
        let name = name(field)?;
        if self.tools.iter().any(|tool| tool.name == name) {
            return Ok(name);
        }
        let named = field.get("name");
        let named = named.as_ref().unwrap_or(field);
        Err(named.error(format_args!("is `{name}`, which is not among the request's tools")))
    }
}

fn name(function: &Field<'_, '_>) -> Result<String, TurnError> {
    function.object()?;
    let field = function.get("name").ok_or_else(|| function.missing("name"))?;
    match field.text()?.trim() {
        "" => Err(field.error("must not be empty")),
        name => Ok(name.to_owned()),
    }
}
