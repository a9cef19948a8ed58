//! A call that the client demands of an answer. The upstream knows no such thing, so the model is told in words, and asked
//! once more when its answer ends without the call. If that does not help either, its answer goes out as it is, with its
//! own end: clients see that no call is in it, and an answer is worth more to them than an error.
//!
//! It must not know how the model is asked.

use crate::turn::{ToolChoice, Turn};

/// What is demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Demand {
    /// A call of any tool.
    Any,
    /// A call of this tool.
    Tool(String),
}

impl Demand {
    /// What `turn` demands; nothing when it offers nothing to call.
    pub(super) fn of(turn: &Turn) -> Option<Self> {
        let demand = match &turn.tool_choice {
            ToolChoice::Auto | ToolChoice::None => return None,
            ToolChoice::Required => Self::Any,
            ToolChoice::Tool(name) => Self::Tool(name.clone()),
        };
        turn.tools.iter().any(|tool| is_offered(turn, &tool.name)).then_some(demand)
    }

    /// What the model is told that has not met it.
    pub(super) fn wish(&self) -> String {
        match self {
            Self::Any => {
                "You have not called a tool. Call at least one of the tools now, without further words.".to_owned()
            }
            Self::Tool(name) => format!("You have not called the tool {name:?}. Call it now, without further words."),
        }
    }
}

/// Whether the client's tool `name` may be called in the answer to `turn`.
pub(super) fn is_offered(turn: &Turn, name: &str) -> bool {
    let is_chosen = match &turn.tool_choice {
        ToolChoice::Auto | ToolChoice::Required => true,
        ToolChoice::None => false,
        ToolChoice::Tool(chosen) => chosen == name,
    };
    is_chosen && turn.tools.iter().any(|tool| tool.name == name)
}

#[cfg(test)]
mod tests {
    use super::{Demand, is_offered};
    use crate::turn::{Tool, ToolChoice, Turn};

    #[test]
    fn only_what_is_there_to_be_called_is_demanded_and_offered() {
        let tool = Tool { name: "f".to_owned(), description: String::new(), input_schema: serde_json::Map::new() };
        let turn = |choice: ToolChoice| Turn { tools: vec![tool.clone()], tool_choice: choice, ..Turn::default() };
        let named = |name: &str| turn(ToolChoice::Tool(name.to_owned()));
        assert_eq!(Demand::of(&turn(ToolChoice::Auto)), None);
        assert_eq!(Demand::of(&turn(ToolChoice::None)), None);
        assert_eq!(Demand::of(&turn(ToolChoice::Required)), Some(Demand::Any));
        assert_eq!(Demand::of(&named("f")), Some(Demand::Tool("f".to_owned())));
        assert_eq!(Demand::of(&named("g")), None);
        assert_eq!(Demand::of(&Turn { tools: Vec::new(), ..turn(ToolChoice::Required) }), None);
        let offered = [turn(ToolChoice::Auto), turn(ToolChoice::None), named("f"), named("g")];
        assert_eq!(offered.map(|turn| is_offered(&turn, "f")), [true, false, true, false]);
    }
}
