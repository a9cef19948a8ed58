//! What an account may still spend, as far as its vendor tells.

use std::time::Duration;

/// What an account has of a plan's window, and beside it. Whole turns are paid from it, in credits; Warp's API still
/// calls them requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quota {
    /// Credits of each window.
    pub limit: u64,
    /// Credits of the current window that are spent.
    pub used: f64,
    /// True when nothing is counted against the account.
    pub unlimited: bool,
    /// When the next window begins, in seconds since the Unix epoch, where known.
    pub refresh_at: Option<u64>,
    /// How long a window is, where known.
    pub window: Option<Duration>,
    /// Credits that were granted besides the plan's and have not been spent.
    pub grants_remaining: u64,
    /// Whether the account may spend at all, where its vendor says so: money can stand in for credits, and an unpaid bill
    /// in their way.
    pub available: Option<bool>,
    /// The vendor's word for why it may not.
    pub denial: Option<String>,
}

impl Quota {
    /// Whole credits that are left, granted ones included. None are left to an account that may not spend.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        if self.available == Some(false) {
            return 0;
        }
        // A part of a credit buys nothing. The cast cuts what is below zero or beyond the type.
        let own = (self.limit as f64 - self.used).floor() as u64;
        own.saturating_add(self.grants_remaining)
    }

    /// True when the account can spend now, as far as is known.
    #[must_use]
    pub fn can_spend(&self) -> bool {
        self.unlimited || self.available.unwrap_or_else(|| self.remaining() > 0)
    }

    /// The most and the rest of what can be spent in this window; `None` where counting says nothing: nothing is counted,
    /// or money stands in for the credits that are gone.
    #[must_use]
    pub fn bounds(&self) -> Option<(u64, u64)> {
        let remaining = self.remaining();
        let is_paid = remaining == 0 && self.can_spend();
        (!self.unlimited && !is_paid).then_some((self.limit.max(remaining), remaining))
    }

    /// The share of the window's own credits that is spent, in per cent; `None` when nothing is counted.
    #[must_use]
    pub fn used_percent(&self) -> Option<f64> {
        let share = self.used / self.limit as f64 * 100.0;
        (!self.unlimited && self.limit > 0).then_some(share.clamp(0.0, 100.0))
    }

    /// Counts `credits` that were spent since the numbers were read: the plan's own first, then granted ones.
    pub fn spend(&mut self, credits: f64) {
        let credits = if credits.is_finite() { credits.max(0.0) } else { 0.0 };
        let own = credits.min((self.limit as f64 - self.used).max(0.0));
        self.used += own;
        self.grants_remaining = self.grants_remaining.saturating_sub((credits - own).ceil() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::Quota;

    fn quota(used: f64, grants_remaining: u64, available: Option<bool>) -> Quota {
        Quota { limit: 300, used, grants_remaining, available, ..Quota::default() }
    }

    #[test]
    fn what_is_left_is_whole_and_counts_what_was_granted() {
        assert_eq!(quota(12.25, 0, None).bounds(), Some((300, 287)));
        assert_eq!(quota(12.0, 100, Some(true)).bounds(), Some((388, 388)));
        assert_eq!(quota(305.0, 7, Some(true)).bounds(), Some((300, 7)), "what is overdrawn takes no grant away");
        assert_eq!(quota(12.0, 7, Some(false)).bounds(), Some((300, 0)), "a bill is not paid");
    }

    #[test]
    fn where_credits_do_not_bound_nothing_is_claimed() {
        assert_eq!(quota(300.0, 0, Some(true)).bounds(), None, "the account goes on with money");
        assert_eq!(quota(300.0, 0, None).bounds(), Some((300, 0)));
        let unlimited = Quota { unlimited: true, ..quota(3.0, 0, Some(true)) };
        assert_eq!((unlimited.bounds(), unlimited.used_percent(), unlimited.can_spend()), (None, None, true));
        assert_eq!(Quota::default().used_percent(), None);
    }

    #[test]
    fn what_is_spent_comes_from_the_plan_first() {
        let mut quota = quota(297.5, 10, None);
        quota.spend(1.5);
        assert_eq!((quota.used, quota.grants_remaining), (299.0, 10));
        quota.spend(2.5);
        assert_eq!((quota.used, quota.grants_remaining, quota.used_percent()), (300.0, 8, Some(100.0)));
        quota.spend(f64::NAN);
        quota.spend(1e300);
        assert_eq!((quota.used, quota.grants_remaining), (300.0, 0));
    }
}
