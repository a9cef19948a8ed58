//! What a client itself may still use, whatever the account has.

/// The rest of a client's own limits. What is not limited is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests.
    pub requests: Option<Bound>,
    /// Tokens, input and output.
    pub tokens: Option<Bound>,
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bound {
    /// The limit.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// When all of it is there again, in seconds since the Unix epoch.
    pub reset_at: u64,
}
