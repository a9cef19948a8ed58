//! What the simulator answers when no scenario says: the question quoted back, or what a spoken trigger asks for. The
//! triggers are listed in the module's documentation and in [`HELP`]. It must not know how steps become events.

use serde_json::{Map, Value, json};

use crate::simulator::arguments;
use crate::simulator::refusal::Refusal;
use crate::simulator::request::{Request, Tool, list, text, variant};
use crate::simulator::scenario::{Exchange, Finish, Page, ServerTool, Step, Subtask, ToolCall, WebSearch};

/// Words in the longest answer.
const LONGEST: usize = 20_000;
/// Words of a long answer when no number is given.
const LONG: usize = 200;
/// Calls in one answer at most.
const CALLS: usize = 16;
/// Milliseconds a word of a slow answer.
const SLOW: u64 = 300;

/// What `help` answers.
pub(crate) const HELP: &str = "\
This is warp2api's simulator. It quotes what you say, unless a line of it begins with one of these:

- `use the NAME tool`, `call NAME`, `call NAME {\"key\": 1}`: calls a tool you offer, with plausible or given arguments
- `call 3 tools`, `call A and B in parallel`: several calls in one answer
- `call unlisted`, `call builtin`: a tool you did not offer, a tool of Warp's own
- `think`, `think, then …`: reasoning first
- `long`, `long 500`: so many words
- `slow …`: the rest, slowly
- `repeat exactly: …`, `say json {…}`: that text and nothing else
- `describe the image`, `instructions`: what came with your words
- `recall`: what you said before
- `search …`, `todo a, b, c`, `subtask …`, `server tool`: what Warp does by itself
- `rollback`, `update`: text that is taken back, or replaced
- `fail quota`, `overload`, `model`, `context`, `limit`, `internal`, `unavailable`, `key`, `other`, or a status such as \
`fail 503`; `… late` after some text
- `cut`, `abort`, `stall`: a stream that ends early, breaks, or stops
";

/// A failure that can be asked for: what it is called, and what happens.
enum Failure {
    /// Before the stream.
    Http(Refusal),
    /// In `finished`.
    Reason(Finish),
}

/// An answer: a stream, or an error before it.
pub(crate) enum Answer {
    Stream(Exchange),
    Refusal(Refusal),
}

impl From<Vec<Step>> for Answer {
    fn from(steps: Vec<Step>) -> Self {
        Self::Stream(Exchange::of_steps(steps))
    }
}

/// The answer to a request.
pub(crate) fn answer(request: &Request) -> Answer {
    match request.input_kind() {
        Some("resume_conversation") => {
            return vec![say("The stream broke off, so here is the rest of the answer.")].into();
        }
        Some("summarize_conversation") => return vec![summary()].into(),
        Some("generate_passive_suggestions") => return vec![].into(),
        Some(_) | None => {}
    }
    let Some(query) = request.query() else {
        return vec![say(&quote_results(request))].into();
    };
    if let Some(exact) = after(query, "repeat exactly:") {
        return vec![say(exact.trim_start())].into();
    }
    let lines = query.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let mut answers = lines.filter_map(|line| triggered(request, line));
    answers.next().unwrap_or_else(|| vec![say(&quote(request, query))].into())
}

fn say(text: &str) -> Step {
    Step::Text(text.to_owned().into())
}

/// The text after the last `mark`, whatever its case.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let at = text.to_ascii_lowercase().rfind(mark)?;
    text.get(at + mark.len()..)
}

/// `line` without `word` at its start, when it starts with that word, whatever its case.
fn without<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let start = line.get(..word.len())?;
    let rest = &line[word.len()..];
    let whole_word = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    (start.eq_ignore_ascii_case(word) && whole_word).then(|| rest.trim_start_matches([' ', ',', ':', '.', '!', '?']))
}

/// What a line asks for, if it begins with a trigger.
fn triggered(request: &Request, line: &str) -> Option<Answer> {
    let line = without(line, "please").unwrap_or(line);
    for (word, make) in TRIGGERS {
        if let Some(rest) = without(line, word) {
            return Some(make(request, rest));
        }
    }
    calls(request, line).map(Answer::from)
}

type Make = fn(&Request, &str) -> Answer;

/// The triggers that a line begins with, in the order in which they are tried.
const TRIGGERS: &[(&str, Make)] = &[
    ("help", |_, _| vec![say(HELP)].into()),
    ("think", |request, rest| modified(request, rest, thinking(request))),
    ("slow", |request, rest| modified(request, rest, vec![Step::PaceMs(SLOW)])),
    ("long", |_, rest| vec![say(&long(count_in(rest).unwrap_or(LONG)))].into()),
    ("say json", |_, rest| vec![say(rest)].into()),
    ("describe the image", |request, _| vec![say(&describe_images(request))].into()),
    ("describe the images", |request, _| vec![say(&describe_images(request))].into()),
    ("instructions", |request, _| vec![say(&instructions(request))].into()),
    ("recall", |request, _| vec![say(&recall(request))].into()),
    ("search", |_, rest| search(rest).into()),
    ("todo", |_, rest| todos(rest).into()),
    ("subtask", |_, rest| subtask(rest).into()),
    ("server tool", |_, _| server_tool().into()),
    ("rollback", |_, _| rollback().into()),
    ("update", |_, _| vec![say("This text is going to be replaced."), replace("This text is the replacement.")].into()),
    ("fail", |_, rest| fail(rest)),
    ("cut", |_, _| vec![say("This answer is cut off in the middle of"), Step::Cut].into()),
    ("abort", |_, _| vec![say("This connection breaks in the middle of"), Step::Abort].into()),
    ("stall", |_, _| vec![say("This answer stops here, and its end never comes."), Step::Stall].into()),
];

/// All that the user has said before, as the history has it.
fn recall(request: &Request) -> String {
    let messages = request.tasks().iter().flat_map(|task| list(&task["messages"]));
    let queries = messages.filter_map(|message| message["user_query"]["query"].as_str());
    let said: Vec<String> = queries.map(|query| format!("“{query}”")).collect();
    if said.is_empty() {
        "You have said nothing before.".to_owned()
    } else {
        format!("Before, you said: {}.", said.join(", "))
    }
}

fn replace(text: &str) -> Step {
    Step::ReplaceText(text.to_owned())
}

/// `first`, then what the rest of the line asks for.
fn modified(request: &Request, rest: &str, first: Vec<Step>) -> Answer {
    let mut rest = rest;
    for filler in ["and", "then", "about", "hard", "it"] {
        rest = without(rest, filler).unwrap_or(rest);
    }
    let said = if rest.is_empty() { request.query().unwrap_or_default() } else { rest };
    let then = triggered(request, rest).unwrap_or_else(|| vec![say(&quote(request, said))].into());
    match then {
        Answer::Stream(mut exchange) => {
            exchange.steps.splice(0..0, first);
            Answer::Stream(exchange)
        }
        Answer::Refusal(refusal) => Answer::Refusal(refusal),
    }
}

/// Reasoning, for a client that takes it.
fn thinking(request: &Request) -> Vec<Step> {
    if !request.setting("supports_reasoning_message") {
        return vec![];
    }
    let thought = "The user wants me to think first. I weigh what was asked, find nothing against it, and answer.";
    vec![Step::Reasoning(thought.to_owned().into())]
}

fn quote(request: &Request, query: &str) -> String {
    let mut answer = quote_results(request);
    if !answer.is_empty() {
        answer.push(' ');
    }
    answer.push_str(&format!("You said: “{query}”. "));
    answer.push_str("This answer comes from the simulator and not from a model. ");
    answer.push_str("Say “help” to see what else it can do.");
    answer
}

fn quote_results(request: &Request) -> String {
    let results = request.results().map(|result| {
        let name = request.called_tool(result.call_id).filter(|name| !name.is_empty()).unwrap_or("without a name");
        match variant(result.content, &[]) {
            Some(("error", error)) => format!("The tool {name} failed: “{}”.", text(&error["message"])),
            Some(_) | None => format!("The tool {name} returned: {}.", quote_parts(result.content)),
        }
    });
    results.collect::<Vec<_>>().join(" ")
}

fn quote_parts(content: &Value) -> String {
    let parts = list(&content["success"]["results"]).iter().map(|part| match variant(part, &[]) {
        Some(("text", part)) => format!("“{}”", text(&part["text"])),
        Some(("image", image)) => format!("an image of type {}", text(&image["mime_type"])),
        Some(("resource", resource)) => format!("the resource {}", text(&resource["uri"])),
        Some(_) | None => "something unknown".to_owned(),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn describe_images(request: &Request) -> String {
    let images = request.images();
    if images.is_empty() {
        return "There is no image in this request.".to_owned();
    }
    let described = images.iter().enumerate().map(|(index, (mime_type, size))| {
        format!("Image {} is of type {mime_type} and has {} bytes.", index + 1, size.unwrap_or_default())
    });
    let count = if images.len() == 1 { "1 image".to_owned() } else { format!("{} images", images.len()) };
    format!("There came {count}. {}", described.collect::<Vec<_>>().join(" "))
}

fn instructions(request: &Request) -> String {
    let given = request.instructions();
    if given.is_empty() {
        return "There are no instructions in this request.".to_owned();
    }
    given.iter().map(|(place, content)| format!("The {place} says: “{content}”")).collect::<Vec<_>>().join("\n\n")
}

fn long(words: usize) -> String {
    let words = words.min(LONGEST);
    (1..=words).map(|word| if word % 20 == 0 { format!("word{word}.\n") } else { format!("word{word} ") }).collect()
}

fn count_in(text: &str) -> Option<usize> {
    text.split_whitespace().find_map(|word| word.parse().ok())
}

fn search(rest: &str) -> Vec<Step> {
    let query = without(rest, "for").unwrap_or(rest).to_owned();
    let page = |number: u8| Page {
        url: format!("https://example.com/{number}"),
        title: format!("Page {number} about {query}"),
    };
    let pages = Some(vec![page(1), page(2)]);
    let found = format!("I searched for “{query}” and found two pages.");
    vec![Step::WebSearch(WebSearch { query, pages }), say(&found)]
}

fn todos(rest: &str) -> Vec<Step> {
    let given: Vec<String> =
        rest.split([',', ';']).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
    let items = if given.is_empty() { vec!["Read the question".to_owned(), "Answer it".to_owned()] } else { given };
    vec![Step::Todos(items), say("The list is made, and its first item is done.")]
}

fn subtask(rest: &str) -> Vec<Step> {
    let text = format!("A subagent works on “{rest}”. This text is its own and no part of the answer.");
    vec![Step::Subtask(Subtask { text: text.into(), finished: true }), say("The subagent is done.")]
}

fn server_tool() -> Vec<Step> {
    let tool = ServerTool { payload: "WgA=".to_owned(), result: Some("done".to_owned()) };
    vec![Step::ServerTool(tool), say("The service has used a tool of its own.")]
}

fn rollback() -> Vec<Step> {
    vec![
        say("The answer is about to be"),
        Step::Rollback,
        say("The answer is about to be taken back, and this is the second try."),
    ]
}

fn summary() -> Step {
    let summary = json!({"conversation_summary": {"summary": "The user spoke with the simulator.", "token_count": 7},
        "finished_duration": "1s"});
    Step::Message(Map::from_iter([("summarization".to_owned(), summary)]))
}

fn fail(rest: &str) -> Answer {
    let late = without(rest, "late").is_some() || rest.to_ascii_lowercase().ends_with(" late");
    let kind = rest.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let kind = kind.trim_matches(|character: char| !character.is_alphanumeric());
    let started = || say("This answer begins well, but");
    match failure(kind, late) {
        Failure::Http(refusal) => Answer::Refusal(refusal),
        Failure::Reason(finish) if late => vec![started(), Step::Finish(finish)].into(),
        Failure::Reason(finish) => vec![Step::Finish(finish)].into(),
    }
}

fn failure(kind: &str, late: bool) -> Failure {
    let explained = |reason: Value| Failure::Reason(Finish { reason: Some(reason), ..Finish::default() });
    match kind {
        "quota" if late => Failure::Reason(Finish::because("quota_limit")),
        "quota" => Failure::Http(Refusal::out_of_credits()),
        "overload" => Failure::Http(Refusal::overloaded()),
        "model" => Failure::Http(Refusal::model_not_allowed("this-model")),
        "context" => Failure::Reason(Finish::because("context_window_exceeded")),
        "limit" => Failure::Reason(Finish::because("max_token_limit")),
        "unavailable" => Failure::Reason(Finish::because("llm_unavailable")),
        "key" => explained(
            json!({"invalid_api_key": {"provider": "LLM_PROVIDER_ANTHROPIC", "model_name": "claude-4-5-opus"}}),
        ),
        "other" => Failure::Reason(Finish::because("other")),
        _ => match kind.parse() {
            Ok(status @ 400..=599) => Failure::Http(Refusal::of_status(status)),
            Ok(_) | Err(_) => explained(json!({"internal_error": {"message": "the simulator was asked to fail"}})),
        },
    }
}

/// The calls that a line asks for: it says "call" or "use", and names a tool, says "tool", or counts them.
fn calls(request: &Request, line: &str) -> Option<Vec<Step>> {
    let lower = line.to_lowercase();
    let words: Vec<&str> =
        lower.split(|character: char| !(character.is_alphanumeric() || "_-.".contains(character))).collect();
    let said = |word: &str| words.contains(&word);
    if !["call", "use", "using", "calls"].iter().any(|verb| said(verb)) {
        return None;
    }
    if said("unlisted") {
        return Some(vec![call("unlisted_tool", Some(Map::new()))]);
    }
    if said("builtin") {
        let command = json!({"tool_call_id": format!("toolu_{}", uuid::Uuid::new_v4().simple()),
            "run_shell_command": {"command": "true", "is_read_only": true}});
        return Some(vec![Step::Message(Map::from_iter([("tool_call".to_owned(), command)]))]);
    }
    let tools = request.tools();
    let named = named_tools(&tools, &words);
    if named.is_empty() && !said("tool") && !said("tools") {
        return None;
    }
    if tools.is_empty() {
        return Some(vec![say("No tool was offered, so there is none to call.")]);
    }
    Some(call_steps(request, line, chosen(&tools, named, &words)))
}

/// The tools whose names stand among the words, else those whose names contain one of them.
fn named_tools<'a>(tools: &'a [Tool], words: &[&str]) -> Vec<&'a Tool> {
    const COMMON: [&str; 12] =
        ["call", "calls", "use", "using", "the", "tool", "tools", "and", "for", "with", "all", "get"];
    let exact: Vec<&Tool> = tools.iter().filter(|tool| words.contains(&tool.name.to_lowercase().as_str())).collect();
    if !exact.is_empty() {
        return exact;
    }
    let telling: Vec<&str> = words.iter().copied().filter(|word| word.len() > 2 && !COMMON.contains(word)).collect();
    tools.iter().filter(|tool| telling.iter().any(|word| tool.name.to_lowercase().contains(word))).collect()
}

/// As many tools as the words ask for: those named, else all in their order, again and again.
fn chosen<'a>(tools: &'a [Tool], named: Vec<&'a Tool>, words: &[&str]) -> Vec<&'a Tool> {
    let pool: Vec<&Tool> = if named.is_empty() { tools.iter().collect() } else { named.clone() };
    let number = |word: &&str| match *word {
        "two" | "both" | "twice" => Some(2),
        "three" => Some(3),
        word => word.parse::<usize>().ok(),
    };
    // A number before "tools" or "times" counts the calls; another is an argument.
    let counted = words.windows(2).find(|pair| ["tools", "times", "tool", "calls"].contains(&pair[1]));
    let counted = counted.and_then(|pair| number(&pair[0])).or_else(|| words.contains(&"twice").then_some(2));
    let parallel = words.contains(&"parallel");
    let count = counted.unwrap_or(match (named.len(), parallel) {
        (0, false) => 1,
        (0 | 1, true) => 2,
        (several, _) => several,
    });
    pool.into_iter().cycle().take(count.clamp(1, CALLS)).collect()
}

fn call_steps(request: &Request, line: &str, tools: Vec<&Tool>) -> Vec<Step> {
    let at_once = if request.setting("supports_parallel_tool_calls") { CALLS } else { 1 };
    let given = line.find('{').and_then(|start| serde_json::from_str::<Map<String, Value>>(&line[start..]).ok());
    let subject = [" for ", " in ", " with ", " about "].iter().find_map(|mark| after(line, mark));
    let subject =
        subject.map(|subject| subject.trim_end_matches(['.', '?', '!', ' '])).filter(|said| *said != "parallel");
    let steps = tools.into_iter().take(at_once).enumerate().map(|(index, tool)| {
        let plausible = || arguments::plausible(&tool.input_schema, subject.filter(|_| index == 0));
        call(&tool.name, Some(given.clone().unwrap_or_else(plausible)))
    });
    steps.collect()
}

fn call(name: &str, arguments: Option<Map<String, Value>>) -> Step {
    Step::ToolCall(ToolCall { name: name.to_owned(), arguments, replaced_by: None, id: None, server_id: None })
}
