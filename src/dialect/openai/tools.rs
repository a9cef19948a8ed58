//! Reads which tools a client offers and how they may be used: `tools` and `tool_choice`, and the `functions` and
//! `function_call` that came before them.

use serde_json::{Map, Value, json};

use crate::{
    dialect::{
        asked,
        field::Field,
        ignored::Ignored,
        openai::{arguments::INPUT, names::Names},
    },
    turn::{Tool, ToolChoice, TurnError},
};

/// What a request says about tools.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The tools, each name once.
    pub(crate) tools: Vec<Tool>,
    /// How the client knows those whose names are not its own.
    pub(crate) names: Names,
    /// Which of them to call.
    pub(crate) choice: ToolChoice,
    /// False when at most one may be called.
    pub(crate) parallel: bool,
    /// True when the client gave the model a web search.
    pub(crate) web_search: bool,
    /// True when the client speaks of functions only.
    pub(crate) legacy: bool,
    /// True when the client offers tools that it does not run itself.
    offers_hosted: bool,
}

/// Reads everything about tools from the body.
pub(crate) fn read(root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<Tools, TurnError> {
    let legacy = root.get("tools").is_none() && root.get("functions").is_some();
    let parallel = root.get("parallel_tool_calls").map_or(Ok(true), |field| field.flag())?;
    let mut read = Tools {
        tools: Vec::new(),
        names: Names::default(),
        choice: ToolChoice::Auto,
        // A legacy answer has room for one call.
        parallel: parallel && !legacy,
        web_search: false,
        legacy,
        offers_hosted: false,
    };
    match legacy {
        true => read.functions(root, ignored)?,
        false => read.tools(root, ignored)?,
    }
    let choice = root.get("tool_choice").or_else(|| root.get("function_call"));
    if let Some(choice) = choice {
        read.choose(&choice, ignored)?;
    }
    Ok(read)
}

impl Tools {
    fn functions(&mut self, root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let Some(functions) = root.get("functions") else { return Ok(()) };
        for function in functions.items()? {
            self.function(&function, &function, None, ignored)?;
        }
        Ok(())
    }

    fn tools(&mut self, root: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let Some(tools) = root.get("tools") else { return Ok(()) };
        for tool in tools.items()? {
            self.tool(&tool, None, ignored)?;
        }
        Ok(())
    }

    fn tool(&mut self, tool: &Field<'_, '_>, namespace: Option<&str>, ignored: &mut Ignored) -> Result<(), TurnError> {
        tool.object()?;
        match tool.get("type").map_or(Ok("function"), |kind| kind.text())? {
            // One API has an object of the kind's name around the fields, the other has not, and clients mix them.
            "function" => {
                let function = tool.get("function");
                self.function(tool, function.as_ref().unwrap_or(tool), namespace, ignored)?;
            }
            "custom" => {
                let custom = tool.get("custom");
                self.custom(tool, custom.as_ref().unwrap_or(tool), namespace, ignored)?;
            }
            "namespace" if namespace.is_none() => {
                let namespace = name(tool)?;
                let Some(members) = tool.get("tools") else { return Ok(()) };
                for member in members.items()? {
                    self.tool(&member, Some(&namespace), ignored)?;
                }
            }
            kind if is_web_search(kind) => {
                self.web_search = true;
                self.offers_hosted = true;
            }
            // Tools that OpenAI itself runs.
            other => {
                self.offers_hosted = true;
                ignored.note(&format!("tools.{other}"));
            }
        }
        Ok(())
    }

    fn function(
        &mut self,
        tool: &Field<'_, '_>,
        function: &Field<'_, '_>,
        namespace: Option<&str>,
        ignored: &mut Ignored,
    ) -> Result<(), TurnError> {
        let name = name(function)?;
        let input_schema = match function.get("parameters") {
            None => Map::new(),
            Some(schema) => schema.object()?.clone(),
        };
        if function.get("strict").is_some_and(|strict| strict.value() == &json!(true)) {
            ignored.note("tools.function.strict");
        }
        let upstream = match namespace {
            None => (!self.is_taken(&name)).then_some(name),
            Some(_) => self.alias(namespace, &name, false),
        };
        let description = description(function)?.to_owned();
        self.offer(tool, upstream, description, asked::completed_schema(input_schema), ignored);
        Ok(())
    }

    /// A tool that takes free text becomes a function with one argument.
    fn custom(
        &mut self,
        tool: &Field<'_, '_>,
        custom: &Field<'_, '_>,
        namespace: Option<&str>,
        ignored: &mut Ignored,
    ) -> Result<(), TurnError> {
        let name = name(custom)?;
        let mut description = description(custom)?.to_owned();
        if let Some(grammar) = grammar(custom)? {
            description.push_str(&grammar);
        }
        let about = "The tool's whole input, as it is: text, not JSON.";
        let schema = json!({
            "type": "object", "properties": {INPUT: {"type": "string", "description": about}}, "required": [INPUT],
        });
        let upstream = self.alias(namespace, &name, true);
        let Value::Object(schema) = schema else { return Ok(()) };
        self.offer(tool, upstream, description, schema, ignored);
        Ok(())
    }

    /// The upstream's name of a tool that the client knows otherwise.
    fn alias(&mut self, namespace: Option<&str>, name: &str, is_custom: bool) -> Option<String> {
        let tools = &self.tools;
        self.names.add(namespace, name, is_custom, |name| tools.iter().any(|tool| tool.name == name))
    }

    fn is_taken(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
    }

    /// Adds a tool, unless it has no name left: the upstream knows tools by name, so the first of two stays.
    fn offer(
        &mut self,
        tool: &Field<'_, '_>,
        name: Option<String>,
        description: String,
        input_schema: Map<String, Value>,
        ignored: &mut Ignored,
    ) {
        match name {
            Some(name) => self.tools.push(Tool { name, description, input_schema }),
            None => ignored.note(&tool.to_string()),
        }
    }

    fn choose(&mut self, choice: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        if let Some(word) = choice.value().as_str() {
            return self.choose_word(choice, word, ignored);
        }
        choice.object()?;
        let kind = choice.get("type");
        match &kind {
            // `function_call` is `{name}` alone.
            None => self.choose_tool(choice),
            Some(kind) => match kind.text()? {
                kind @ ("function" | "tool" | "custom") => match choice.get(kind) {
                    Some(inner) => self.choose_tool(&inner),
                    None => self.choose_tool(choice),
                },
                "allowed_tools" => match choice.get("allowed_tools") {
                    Some(allowed) => self.choose_among(&allowed, ignored),
                    None => self.choose_among(choice, ignored),
                },
                word @ ("none" | "auto" | "required" | "any") => self.choose_word(choice, word, ignored),
                // One of the tools that OpenAI itself runs: whether to search is the upstream's decision.
                _ => {
                    ignored.note("tool_choice");
                    Ok(())
                }
            },
        }
    }

    fn choose_word(&mut self, field: &Field<'_, '_>, word: &str, ignored: &mut Ignored) -> Result<(), TurnError> {
        self.choice = match word {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            "required" | "any" if !self.tools.is_empty() => ToolChoice::Required,
            "required" | "any" if self.offers_hosted => {
                ignored.note("tool_choice");
                ToolChoice::Auto
            }
            "required" | "any" => {
                return Err(field.error("asks for a tool call, but the request offers no tools"));
            }
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
    fn choose_among(&mut self, allowed: &Field<'_, '_>, ignored: &mut Ignored) -> Result<(), TurnError> {
        let tools = allowed.get("tools").ok_or_else(|| allowed.missing("tools"))?;
        let mut names = Vec::new();
        let mut searches = false;
        for tool in tools.items()? {
            match tool.get("type").map_or(Ok("function"), |kind| kind.text())? {
                kind @ ("function" | "custom") => {
                    let inner = tool.get(kind);
                    names.push(self.offered(inner.as_ref().unwrap_or(&tool))?);
                }
                kind if is_web_search(kind) => searches = true,
                other => ignored.note(&format!("tool_choice.{other}")),
            }
        }
        self.tools.retain(|tool| names.contains(&tool.name));
        self.web_search &= searches;
        match allowed.get("mode") {
            Some(mode) => self.choose_word(&mode, mode.text()?, ignored),
            None => Ok(()),
        }
    }

    /// The upstream's name of the tool in `field`, if the request offers that tool.
    fn offered(&self, field: &Field<'_, '_>) -> Result<String, TurnError> {
        let name = name(field)?;
        let namespace = field.get("namespace");
        let namespace = namespace.as_ref().map(|field| field.text()).transpose()?;
        let upstream = self.names.upstream(namespace, &name);
        if self.is_taken(&upstream) {
            return Ok(upstream);
        }
        let named = field.get("name");
        let named = named.as_ref().unwrap_or(field);
        Err(named.error(format_args!("is `{name}`, which is not among the request's tools")))
    }
}

fn is_web_search(kind: &str) -> bool {
    kind.starts_with("web_search")
}

fn description<'v>(tool: &Field<'_, 'v>) -> Result<&'v str, TurnError> {
    tool.get("description").map_or(Ok(""), |text| text.text())
}

/// What the model has to know of the grammar that a custom tool's input must follow.
fn grammar(custom: &Field<'_, '_>) -> Result<Option<String>, TurnError> {
    let Some(format) = custom.get("format") else { return Ok(None) };
    let nested = format.get("grammar");
    let grammar = nested.as_ref().unwrap_or(&format);
    let Some(definition) = grammar.get("definition") else { return Ok(None) };
    let syntax = grammar.get("syntax").map_or(Ok("given"), |syntax| syntax.text())?;
    Ok(Some(format!("\n\nThe input must follow this {syntax} grammar:\n{}", definition.text()?)))
}

fn name(function: &Field<'_, '_>) -> Result<String, TurnError> {
    function.object()?;
    let field = function.get("name").ok_or_else(|| function.missing("name"))?;
    match field.text()?.trim() {
        "" => Err(field.error("must not be empty")),
        name => Ok(name.to_owned()),
    }
}
