//! The accounts of the simulated service: whose each is, what credits it has, which of its requests go wrong, and what
//! has been asked of it. It must not know tokens or HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

/// The name of the account that a simulator has when none is listed.
const PLAIN: &str = "";
/// Credits that an anonymous account gets.
const ANONYMOUS_CREDITS: f64 = 10.0;
/// How the names of anonymous accounts begin.
const ANONYMOUS: &str = "anonymous";
/// Anonymous accounts made at most.
const ANONYMOUS_LIMIT: usize = 1_024;

/// An account as a scenario lists it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name: letters, digits, `-` and `_`. Its API key is `wk-simulator-NAME`; a refresh token of its begins with
    /// `simulator-refresh-NAME`.
    pub name: String,
    /// Its address for mail; absent, one made of the name.
    #[serde(default)]
    pub email: Option<String>,
    /// Whose it is.
    #[serde(default)]
    pub owner: Owner,
    /// Its credits; absent, they never run out.
    #[serde(default)]
    pub credits: Option<f64>,
    /// How many of them are spent at the start.
    #[serde(default)]
    pub used: f64,
    /// What goes wrong with its turns.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// How many seconds its id tokens live; absent, as long as the simulator's.
    #[serde(default)]
    pub token_lifetime_s: Option<u64>,
    /// The code that its sign-ins and refresh tokens are refused with, such as `USER_DISABLED`: the account has ended.
    #[serde(default)]
    pub ended: Option<String>,
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A person's.
    #[default]
    User,
    /// A team's.
    Team,
    /// A service account's.
    ServiceAccount,
}

/// Turns of an account that are refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// How many of the account's turns go before it.
    #[serde(default)]
    pub after: usize,
    /// How many turns it takes; absent, all that follow.
    #[serde(default)]
    pub times: Option<usize>,
    /// The status they are answered with.
    pub status: u16,
    /// Seconds that `Retry-After` names.
    #[serde(default)]
    pub retry_after: Option<u64>,
}

impl Account {
    /// An account with nothing out of the ordinary.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            email: None,
            owner: Owner::User,
            credits: None,
            used: 0.0,
            faults: Vec::new(),
            token_lifetime_s: None,
            ended: None,
        }
    }

    fn fault(&self, turn: usize) -> Option<&Fault> {
        self.faults
            .iter()
            .find(|fault| turn >= fault.after && fault.times.is_none_or(|times| turn - fault.after < times))
    }
}

/// What is wrong with a list of accounts, if anything is.
pub(crate) fn problem(accounts: &[Account]) -> Option<String> {
    let good = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    accounts.iter().enumerate().find_map(|(index, account)| {
        let name = &account.name;
        if !good(name) {
            return Some(format!("{name:?} is no name for an account: use letters, digits, `-` and `_`"));
        }
        let twice = accounts[..index].iter().any(|earlier| earlier.name == *name);
        twice.then(|| format!("there are two accounts of the name {name:?}"))
    })
}

/// What has been asked of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Turns, answered and refused.
    pub turns: usize,
    /// Those of them that were refused because of the account: for its credits or by one of its faults.
    pub refused: usize,
    /// Exchanges of its refresh tokens.
    pub exchanges: usize,
    /// Those of them that bought once more what had been bought already and nobody had used yet.
    pub repeated: usize,
    /// Sign-ins.
    pub sign_ins: usize,
    /// Credits spent.
    pub spent: f64,
}

/// Why the account gets no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bar {
    OutOfCredits,
    Fault(Fault),
}

/// What is told about an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Profile {
    pub(crate) uid: String,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) owner: Owner,
    pub(crate) is_anonymous: bool,
    pub(crate) credits: Option<f64>,
    pub(crate) spent: f64,
}

struct Held {
    account: Account,
    is_anonymous: bool,
    counts: Counts,
}

/// All accounts of a simulator.
pub(crate) struct Accounts {
    held: Mutex<BTreeMap<String, Held>>,
    /// Whether accounts are listed, so that only theirs are good keys and tokens.
    listed: bool,
    lifetime: Duration,
}

impl Accounts {
    /// The accounts that are listed, or the plain one. Tokens live for `lifetime` unless an account says otherwise.
    pub(crate) fn new(accounts: Vec<Account>, lifetime: Duration) -> Self {
        let listed = !accounts.is_empty();
        let plain = std::iter::once(Account::named(PLAIN));
        let held = accounts.into_iter().chain(plain).map(|account| {
            let counts = Counts { spent: account.used, ..Counts::default() };
            (account.name.clone(), Held { account, is_anonymous: false, counts })
        });
        Self { held: Mutex::new(held.collect()), listed, lifetime }
    }

    /// The account that the end of a key names.
    pub(crate) fn of_key(&self, end: &str) -> Option<String> {
        if !self.listed {
            return Some(PLAIN.to_owned());
        }
        let name = if end.is_empty() { PLAIN } else { end.strip_prefix('-').filter(|name| !name.is_empty())? };
        self.held().get(name).filter(|held| !held.is_anonymous).map(|held| held.account.name.clone())
    }

    /// The account that the end of a refresh token names: the longest name that it begins with.
    pub(crate) fn of_refresh_token(&self, end: &str) -> Option<String> {
        if end.is_empty() || !self.listed {
            return Some(PLAIN.to_owned());
        }
        let end = end.strip_prefix('-')?;
        let named = |name: &&String| {
            !name.is_empty()
                && end.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.held().keys().filter(named).max_by_key(|name| name.len()).cloned()
    }

    /// Makes an anonymous account and names it; `None` when there are too many.
    pub(crate) fn add_anonymous(&self) -> Option<String> {
        let mut held = self.held();
        let count = held.values().filter(|held| held.is_anonymous).count();
        let name = format!("{ANONYMOUS}-{}", count + 1);
        if count >= ANONYMOUS_LIMIT || held.contains_key(&name) {
            return None;
        }
        let account = Account { credits: Some(ANONYMOUS_CREDITS), ..Account::named(&name) };
        held.insert(name.clone(), Held { account, is_anonymous: true, counts: Counts::default() });
        Some(name)
    }

    /// How many anonymous accounts were made.
    pub(crate) fn anonymous(&self) -> usize {
        self.held().values().filter(|held| held.is_anonymous).count()
    }

    /// Whether there is an account of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.held().contains_key(name)
    }

    /// How long the account's id tokens live.
    pub(crate) fn lifetime(&self, name: &str) -> Duration {
        let own = self.held().get(name).and_then(|held| held.account.token_lifetime_s);
        own.map_or(self.lifetime, Duration::from_secs)
    }

    /// The code for an account that has ended.
    pub(crate) fn ended(&self, name: &str) -> Option<String> {
        self.held().get(name)?.account.ended.clone()
    }

    /// Counts a turn, and says why it gets no answer, if so.
    pub(crate) fn admit(&self, name: &str) -> Result<(), Bar> {
        let mut all = self.held();
        let Some(held) = all.get_mut(name) else { return Ok(()) };
        let turn = held.counts.turns;
        held.counts.turns += 1;
        let bar = if let Some(fault) = held.account.fault(turn) {
            Bar::Fault(fault.clone())
        } else if held.account.credits.is_some_and(|credits| held.counts.spent >= credits) {
            Bar::OutOfCredits
        } else {
            return Ok(());
        };
        held.counts.refused += 1;
        Err(bar)
    }

    /// Takes what an answer cost.
    pub(crate) fn charge(&self, name: &str, cost: f64) {
        self.count(name, |counts| counts.spent += cost);
    }

    /// Changes what is counted of an account.
    pub(crate) fn count(&self, name: &str, change: impl FnOnce(&mut Counts)) {
        if let Some(held) = self.held().get_mut(name) {
            change(&mut held.counts);
        }
    }

    /// What has been asked of an account.
    pub(crate) fn counts(&self, name: &str) -> Option<Counts> {
        self.held().get(name).map(|held| held.counts)
    }

    /// What is told about an account.
    pub(crate) fn profile(&self, name: &str) -> Option<Profile> {
        let all = self.held();
        let held = all.get(name)?;
        let account = &held.account;
        let is_plain = account.name == PLAIN;
        let email = match (&account.email, is_plain) {
            _ if held.is_anonymous => String::new(),
            (Some(email), _) => email.clone(),
            (None, true) => "someone@simulator.invalid".to_owned(),
            (None, false) => format!("{name}@simulator.invalid"),
        };
        let display_name = match is_plain {
            true => "Simulated User".to_owned(),
            false => format!("Simulated {name}"),
        };
        Some(Profile {
            uid: if is_plain { "simulator-user".to_owned() } else { format!("simulator-{name}") },
            email,
            display_name,
            owner: account.owner,
            is_anonymous: held.is_anonymous,
            credits: account.credits,
            spent: held.counts.spent,
        })
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn keys_and_tokens_name_their_account_only_where_accounts_are_listed() {
        let plain = Accounts::new(Vec::new(), HOUR);
        assert_eq!(plain.of_key("-anything").as_deref(), Some(""));
        assert_eq!(plain.of_refresh_token("-anything").as_deref(), Some(""));
        let listed = Accounts::new(vec![Account::named("work"), Account::named("work-2")], HOUR);
        assert_eq!(listed.of_key("").as_deref(), Some(""));
        assert_eq!(listed.of_key("-work").as_deref(), Some("work"));
        assert_eq!(listed.of_refresh_token("-work-2").as_deref(), Some("work-2"));
        assert_eq!(listed.of_refresh_token("-work-laptop").as_deref(), Some("work"));
        for end in ["-play", "work", "-workshop", "-"] {
            assert_eq!((listed.of_key(end), listed.of_refresh_token(end)), (None, None), "{end}");
        }
        listed.add_anonymous().unwrap();
        assert_eq!(listed.of_key("-anonymous-1"), None, "an anonymous account has no key");
    }

    #[test]
    fn faults_take_their_turns_and_credits_run_out() {
        let fault = Fault { after: 1, times: Some(2), status: 403, retry_after: None };
        let account = Account { credits: Some(2.0), faults: vec![fault.clone()], ..Account::named("a") };
        let accounts = Accounts::new(vec![account], HOUR);
        let turn = || accounts.admit("a").inspect(|()| accounts.charge("a", 1.0));
        assert_eq!(turn(), Ok(()));
        assert_eq!(turn(), Err(Bar::Fault(fault.clone())));
        assert_eq!(turn(), Err(Bar::Fault(fault)));
        assert_eq!(turn(), Ok(()));
        assert_eq!(turn(), Err(Bar::OutOfCredits));
        let expected = Counts { turns: 5, refused: 3, spent: 2.0, ..Counts::default() };
        assert_eq!(accounts.counts("a"), Some(expected));
    }

    #[test]
    fn names_are_plain_and_single() {
        assert_eq!(problem(&[Account::named("a"), Account::named("b_2")]), None);
        assert!(problem(&[Account::named("")]).is_some());
        assert!(problem(&[Account::named("a.b")]).is_some());
        assert!(problem(&[Account::named("a"), Account::named("a")]).unwrap().contains("two accounts"));
    }
}
