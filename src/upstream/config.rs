//! How this installation talks with the upstream: where it is, how long to wait, and the choices that only a live
//! account can settle (`DESIGN.md` §5).

use std::time::Duration;

use crate::service::Address;

/// Everything that an upstream client needs to know besides the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the upstream is, and how to get there.
    pub address: Address,
    /// How long the upstream may be silent within an answer before it counts as dead.
    pub idle_timeout: Duration,
    /// How history that the upstream does not know is replayed.
    pub history: HistoryCarrier,
    /// Where system text travels.
    pub system_prompt: SystemCarrier,
    /// How the client's tools are listed.
    pub mcp_form: McpForm,
}

/// How history that the upstream does not know is replayed (`WARP-PROTOCOL.md` §2.b).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HistoryCarrier {
    /// As messages of a task: roles, calls and results stay what they are.
    #[default]
    Tasks,
    /// As one text in the query: robust, but roles are only told.
    Flatten,
}

/// Where system text travels (`WARP-PROTOCOL.md` §2.g).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SystemCarrier {
    /// As a project rule that is in force.
    #[default]
    ProjectRules,
    /// As an attachment of the first thing that the user says.
    Attachment,
    /// Before the first thing that the user says.
    Query,
}

/// How the client's tools are listed (`WARP-PROTOCOL.md` §2.d).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum McpForm {
    /// As the tools of one MCP server.
    #[default]
    Servers,
    /// In the flat list of older clients.
    Flat,
}

impl Config {
    /// The usual configuration for the upstream at `root`.
    #[must_use]
    pub fn new(root: &str) -> Self {
        Self {
            address: Address::new(root),
            idle_timeout: Duration::from_secs(300),
            history: HistoryCarrier::default(),
            system_prompt: SystemCarrier::default(),
            mcp_form: McpForm::default(),
        }
    }
}
