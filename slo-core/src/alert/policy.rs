//! Which conditions every SLO gets, and how they scale with its period.

use core::time::Duration;

use super::condition::{Condition, Unreachable};
use super::excluded::ExcludedLimit;
use super::{Alerts, nominal};
use crate::alert::Severity;
use crate::gate::DEFAULT_MOST_EXCLUDED;
use crate::{Alerting, BurnWindow, Share, Sli, Slo, Status, Target, Window};

/// Shares of the budget and the times in which spending them is worth telling somebody.
///
/// Written for a period of 30 days and scaled to each SLO's: a week has windows 7/30 as long, and the same factors
/// where no floor stops that ([`AlertPolicy::resolve`]). Factors are derived and never chosen ([`Condition`]).
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::alert::{AlertPolicy, AlertPolicyError};
/// use slo_core::Window;
///
/// let alerts = AlertPolicy::standard().resolve("99.9%".parse()?, Window::days(30)?);
/// let factors: Vec<_> = alerts.conditions().iter().map(|condition| condition.factor().to_string()).collect();
/// assert_eq!(factors, ["14.4x", "6x", "3x", "1x"]);
///
/// let own = AlertPolicy::builder()
///     .page("5%".parse()?, "2h".parse()?, "10m".parse()?)
///     .build()?
///     .pushed_every(Duration::from_secs(60));
/// let relaxed = own.resolve("80%".parse()?, Window::days(30)?);
/// assert!(matches!(relaxed.all_reachable(), Err(AlertPolicyError::Unreachable(_)))); // 18 x 20% is over 100%
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct AlertPolicy {
    rules: Vec<Rule>,
    minimum_bad_events: u32,
    most_excluded: Option<Share>,
    push_interval: Duration,
}

/// A condition before it knows the SLO.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Rule {
    severity: Severity,
    share: Share,
    long: BurnWindow,
    short: BurnWindow,
}

impl Rule {
    const fn new(severity: Severity, share: Share, long: BurnWindow, short: BurnWindow) -> Self {
        Self {
            severity,
            share,
            long,
            short,
        }
    }
}

/// The period for which policies are written (seconds).
pub(super) const REFERENCE: u64 = 30 * 86_400;

/// The SRE Workbook's table "Recommended parameters for SLO alerting", with its second ticket.
const STANDARD: [Rule; 4] = {
    const fn minutes(count: u64) -> BurnWindow {
        BurnWindow::clamped(count * 60)
    }
    [
        Rule::new(Severity::Page, Share::of_ppb(20_000_000), minutes(60), minutes(5)),
        Rule::new(Severity::Page, Share::of_ppb(50_000_000), minutes(6 * 60), minutes(30)),
        Rule::new(
            Severity::Ticket,
            Share::of_ppb(100_000_000),
            minutes(24 * 60),
            minutes(2 * 60),
        ),
        Rule::new(
            Severity::Ticket,
            Share::of_ppb(100_000_000),
            minutes(3 * 24 * 60),
            minutes(6 * 60),
        ),
    ]
};

/// Where slo-exporter splits page from warning, and five of five at night are no accident:
/// `docs/adr/009-an-alert-needs-five-bad-events.md`.
const MINIMUM_BAD_EVENTS: u32 = 5;

/// The shortest scaled windows (seconds): below, a burst of seconds decides.
const LONG_FLOOR: u64 = 15 * 60;
const SHORT_FLOOR: u64 = 2 * 60;

/// The window in which excluded requests are watched (seconds).
const EXCLUDED_OVER: u64 = 15 * 60;

/// A window needs so many points to be a rate: fewer, and one late push looks like silence.
const PUSHES_PER_WINDOW: u128 = 4;

impl AlertPolicy {
    /// 2% of the budget in 1 h (5 m) or 5% in 6 h (30 m) page; 10% in 1 d (2 h) or in 3 d (6 h) are a ticket.
    pub fn standard() -> Self {
        Self::of(STANDARD.to_vec())
    }

    /// Starts a policy with conditions of one's own.
    pub const fn builder() -> AlertPolicyBuilder {
        AlertPolicyBuilder { rules: Vec::new() }
    }

    const fn of(rules: Vec<Rule>) -> Self {
        Self {
            rules,
            minimum_bad_events: MINIMUM_BAD_EVENTS,
            most_excluded: Some(DEFAULT_MOST_EXCLUDED),
            push_interval: Duration::ZERO,
        }
    }

    /// A condition needs so many bad events (no unit) in its long window, 5 unless said otherwise; 1 and 0 let a single
    /// failure page.
    pub fn minimum_bad_events(self, count: u32) -> Self {
        Self {
            minimum_bad_events: count,
            ..self
        }
    }

    /// How many bad events (no unit) a condition needs in its long window; at least 1.
    #[must_use]
    pub fn least_bad_events(&self) -> u32 {
        self.minimum_bad_events.max(1)
    }

    /// A larger share of excluded requests in 15 min is a ticket; over 5% unless said otherwise, `None` for never.
    ///
    /// Only [`AlertPolicy::for_slo`] of an HTTP SLI watches it: what code or a timer tells is excluded on purpose, and so
    /// is all of a [planned time](Slo::excluding), which is not judged while it lies in the time looked at.
    pub fn most_excluded(self, share: Option<Share>) -> Self {
        Self {
            most_excluded: share,
            ..self
        }
    }

    /// The counts arrive at such intervals: no window is shorter than four of them. Zero, the default, is for counts in
    /// the process itself.
    pub fn pushed_every(self, push_interval: Duration) -> Self {
        Self { push_interval, ..self }
    }

    /// The policy for an SLO, or the SLO's own, where it has one ([`Slo::alerting_rules`]): at the intervals of this one.
    /// Silent while the SLO is a draft, and where its spec says that nobody is told.
    pub fn for_slo(&self, slo: &Slo) -> Alerts {
        let own = slo.alerting_rules().map(|alerting| alerting.policy_over(self));
        let policy = own.map_or_else(|| self.clone(), |own| own.pushed_every(self.push_interval));
        let nobody = slo.alerting_rules().is_some_and(Alerting::tells_nobody);
        Alerts {
            is_silent: slo.current_status() == Status::Draft || nobody,
            excluded: policy.excluded_limit(slo),
            #[cfg(feature = "calendar")]
            planned: slo.exclusions().to_vec(),
            ..policy.resolve(slo.target(), slo.window())
        }
    }

    /// The policy for a target and a period that are in force.
    ///
    /// Long windows scale with the period, are at least 15 min and at most the period; short ones at least 2 min and at
    /// most the long one; both at least four push intervals, if the period has room for them. Lengths are rounded up to
    /// seconds.
    pub fn resolve(&self, target: Target, window: Window) -> Alerts {
        let period = nominal(window);
        let conditions: Vec<_> = self
            .rules
            .iter()
            .map(|rule| self.condition(*rule, target, period))
            .collect();
        let longest = conditions.iter().map(|condition| condition.long()).max();
        Alerts {
            is_silent: false,
            trickle: longest
                .filter(|longest| *longest < period)
                .map(|longest| Condition::trickle(target, period, longest)),
            conditions,
            excluded: None,
            #[cfg(feature = "calendar")]
            planned: Vec::new(),
            minimum_bad_events: self.least_bad_events(),
        }
    }

    /// Over a quarter of an hour, or four push intervals; at most over the period, which is all that is remembered.
    fn excluded_limit(&self, slo: &Slo) -> Option<ExcludedLimit> {
        let window = BurnWindow::clamped(EXCLUDED_OVER.max(self.shortest_for_pushes())).min(nominal(slo.window()));
        match slo.sli() {
            Sli::Http(_) => self.most_excluded.map(|most| ExcludedLimit { most, window }),
            Sli::Synthetic(_) | Sli::Events(_) | Sli::Prometheus(_) | Sli::Composite(_) => None,
        }
    }

    fn condition(&self, rule: Rule, target: Target, period: BurnWindow) -> Condition {
        let long = self.scaled(rule.long, LONG_FLOOR, period, period);
        let short = self.scaled(rule.short, SHORT_FLOOR, period, long);
        Condition::burn(rule.severity, (target, period), rule.share.ppb(), (long, short))
    }

    fn scaled(&self, length: BurnWindow, floor: u64, period: BurnWindow, most: BurnWindow) -> BurnWindow {
        let scaled = (u64::from(length.as_seconds()) * u64::from(period.as_seconds())).div_ceil(REFERENCE);
        BurnWindow::clamped(scaled.max(floor).max(self.shortest_for_pushes())).min(most)
    }

    /// Four push intervals in seconds, rounded up.
    fn shortest_for_pushes(&self) -> u64 {
        let nanos = self.push_interval.as_nanos().saturating_mul(PUSHES_PER_WINDOW);
        u64::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
    }
}

impl Default for AlertPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

/// Collects the conditions of an [`AlertPolicy`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AlertPolicyBuilder {
    rules: Vec<Rule>,
}

impl AlertPolicyBuilder {
    /// Pages when this share of the budget is spent within the long window and is still being spent
    /// in the short one; both for a period of 30 days.
    pub fn page(self, share: Share, long: BurnWindow, short: BurnWindow) -> Self {
        self.rule(Rule::new(Severity::Page, share, long, short))
    }

    /// The same as a ticket.
    pub fn ticket(self, share: Share, long: BurnWindow, short: BurnWindow) -> Self {
        self.rule(Rule::new(Severity::Ticket, share, long, short))
    }

    fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Checks the whole.
    ///
    /// # Errors
    ///
    /// The first of: no condition, a share of 0, a short window that is not shorter than its long one, a long
    /// window over 30 days. Whether a condition can fire depends on the target: see [`Alerts::all_reachable`].
    pub fn build(self) -> Result<AlertPolicy, AlertPolicyError> {
        if self.rules.is_empty() {
            return Err(AlertPolicyError::NoConditions);
        }
        let mut wrong = self
            .rules
            .iter()
            .flat_map(|rule| wrong_with(Some(rule.share), Some(rule.long), Some(rule.short)));
        match wrong.next() {
            Some(error) => Err(error),
            None => Ok(AlertPolicy::of(self.rules)),
        }
    }
}

/// Everything that is wrong with a condition, as far as it is known.
pub(crate) fn wrong_with(
    share: Option<Share>,
    long: Option<BurnWindow>,
    short: Option<BurnWindow>,
) -> impl Iterator<Item = AlertPolicyError> {
    let share = share.filter(|share| *share == Share::NONE);
    let both = long.zip(short).filter(|(long, short)| short >= long);
    let long = long.filter(|long| u64::from(long.as_seconds()) > REFERENCE);
    let found = [
        share.map(|_| AlertPolicyError::NoShare),
        both.map(|(long, short)| AlertPolicyError::ShortNotShorter { long, short }),
        long.map(|long| AlertPolicyError::LongerThanThePeriod { long }),
    ];
    found.into_iter().flatten()
}

/// Why some conditions are not an [`AlertPolicy`], or do not suit a target.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AlertPolicyError {
    /// There is no condition.
    #[error(
        "an alert policy without conditions tells nobody anything; add one, like 2% of the budget in `1h` and `5m`"
    )]
    NoConditions,
    /// The share of the budget is 0.
    #[error("a condition cannot wait for 0% of the budget; take more, like 2%")]
    NoShare,
    /// The short window is as long as the long one, or longer.
    #[error(
        "the short window {short} is not shorter than the long window {long}; take a twelfth of it, like `5m` for `1h`"
    )]
    ShortNotShorter {
        /// The long window that was given.
        long: BurnWindow,
        /// The short window that was given.
        short: BurnWindow,
    },
    /// The long window is over 30 days, the period that policies are written for.
    #[error(
        "a long window of {long} is longer than the period of 30d that policies are written for; write at most `30d`"
    )]
    LongerThanThePeriod {
        /// The long window that was given.
        long: BurnWindow,
    },
    /// A condition can never fire at the target.
    #[error(transparent)]
    Unreachable(Unreachable),
}
