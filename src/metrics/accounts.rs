//! How accounts stand: numbers that somebody else keeps, and that are asked for when somebody looks.

use std::{borrow::Cow, collections::BTreeMap};

use prometheus_client::{
    metrics::{
        counter::ConstCounter,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};

use crate::metrics::{Labels, instruments::PREFIX};

/// How accounts stand now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accounts {
    /// How many there are, by where they come from and how they stand.
    pub standing: BTreeMap<(&'static str, &'static str), u64>,
    /// How many bearers are on loan, by where their accounts come from.
    pub leases: BTreeMap<&'static str, u64>,
    /// How many accounts can serve a request.
    pub usable: u64,
    /// What has been done so far.
    pub done: Done,
    /// What all of them together may still spend, where that is known of any.
    pub credits: Option<Credits>,
}

/// What has been done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Bearers were asked for.
    pub requests: u64,
    /// One account refused a request and another served it.
    pub switches: u64,
    /// A source gave an account.
    pub acquired: u64,
    /// An account was told to slow down.
    pub rate_limits: u64,
    /// A credential was renewed.
    pub renewals: u64,
    /// A source had to be asked while a request waited.
    pub emergencies: u64,
}

/// What may be spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Credits {
    /// At most, in the current window.
    pub limit: u64,
    /// Of that, what is left.
    pub remaining: u64,
}

impl Accounts {
    /// Puts all of it into `registry`.
    pub(super) fn register(&self, registry: &mut Registry) {
        let it = registry.sub_registry_with_prefix(PREFIX);
        let standing = Family::<Labels<2>, Gauge>::default();
        for ((tier, state), number) in &self.standing {
            standing.get_or_create(&[("tier", word(tier)), ("state", word(state))]).set(signed(*number));
        }
        it.register("pool_accounts", "Accounts, by where they come from and how they stand", standing);
        let leases = Family::<Labels<1>, Gauge>::default();
        for (tier, number) in &self.leases {
            leases.get_or_create(&[("tier", word(tier))]).set(signed(*number));
        }
        it.register("pool_leases_in_flight", "Bearers on loan, by where their accounts come from", leases);
        it.register("pool_accounts_usable", "Accounts that can serve a request", ConstGauge::new(signed(self.usable)));
        let Done { requests, switches, acquired, rate_limits, renewals, emergencies } = self.done;
        for (name, help, number) in [
            ("pool_requests", "Requests for a bearer", requests),
            ("pool_switches", "Requests that one account refused and another served", switches),
            ("pool_accounts_acquired", "Accounts that a source was asked for and gave", acquired),
            ("pool_rate_limits", "Times that an account was told to slow down", rate_limits),
            ("pool_renewals", "Credentials that were renewed", renewals),
            ("pool_emergencies", "Times that a source had to be asked while a request waited", emergencies),
        ] {
            it.register(name, help, ConstCounter::new(number));
        }
        if let Some(Credits { limit, remaining }) = self.credits {
            it.register(
                "pool_credits_limit",
                "Credits of the current window of all accounts",
                ConstGauge::new(signed(limit)),
            );
            it.register(
                "pool_credits_remaining",
                "Credits that all accounts may still spend",
                ConstGauge::new(signed(remaining)),
            );
        }
    }
}

/// A name as a label has it: in small letters, in one word.
fn word(name: &str) -> Cow<'static, str> {
    name.chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '_' })
        .collect::<String>()
        .into()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
