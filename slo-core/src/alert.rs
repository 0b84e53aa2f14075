//! Who is told that a budget burns, and when: burn rates over two windows each.
//!
//! The shape is the SRE Workbook's, "Multiwindow, Multi-Burn-Rate Alerts"
//! (<https://sre.google/workbook/alerting-on-slos/>, chapter 5): a condition fires while the burn rate is over its
//! factor in a long window (enough budget was spent to matter) and in a short one (it is still being spent).

mod condition;
mod evaluation;
mod excluded;
mod memory;
mod policy;
#[cfg(test)]
mod tests;
mod watch;

use core::fmt;
use core::time::Duration;

pub use self::condition::{Condition, Unreachable};
pub use self::evaluation::{Evaluation, Judged, Seen, Verdict, WindowBurn};
use self::excluded::ExcludedLimit;
pub use self::excluded::ExcludedShare;
pub use self::memory::AlertMemory;
#[cfg(feature = "yaml")]
pub(crate) use self::policy::wrong_with;
pub use self::policy::{AlertPolicy, AlertPolicyBuilder, AlertPolicyError};
pub use self::watch::{AlertListener, AlertWatch, Transition};
use crate::{BurnWindow, Ratio, Tick, Tracker, Window};

/// How urgent a condition is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Severity {
    /// Somebody should look within days.
    Ticket,
    /// Somebody should look now.
    Page,
}

impl Severity {
    /// The severity's name, as in JSON and in the label `severity` of a rule.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one SLO asks of people at a moment; the worse is the greater.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum AlertState {
    /// Nothing: no condition fires. That holds without any traffic, too.
    #[default]
    Ok,
    /// A look within days.
    Ticket,
    /// A look now.
    Page,
}

impl AlertState {
    /// The state's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

impl From<Severity> for AlertState {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Ticket => Self::Ticket,
            Severity::Page => Self::Page,
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An [`AlertPolicy`] applied to one SLO: its conditions with windows and factors worked out.
///
/// Look at [`Alerts::unreachable`] when it is made: with a low target some conditions can never fire.
///
/// # Examples
///
/// ```
/// use slo_core::alert::{AlertPolicy, AlertState};
/// use slo_core::{Events, Ratio, Window};
///
/// let alerts = AlertPolicy::standard().resolve("99.9%".parse()?, Window::days(30)?);
/// let fast = alerts.conditions()[0];
/// assert_eq!(fast.to_string(), "page: 2% of the budget of 30d in 1h (over 14.4x in 1h and in 5m)");
/// assert_eq!(fast.detection_time(Ratio::new(15, 100).unwrap()).unwrap().as_secs_f64(), 345.6);
/// assert_eq!(alerts.unreachable().count(), 0);
///
/// let outage = alerts.evaluate(|_window| Events::new(80, 20));
/// assert_eq!(outage.state(), AlertState::Page);
/// let one_failure_at_night = alerts.evaluate(|_window| Events::new(2, 1));
/// assert_eq!(one_failure_at_night.state(), AlertState::Ok);
/// assert_eq!(alerts.evaluate(|_window| Events::default()).state(), AlertState::Ok);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Alerts {
    is_silent: bool,
    conditions: Vec<Condition>,
    trickle: Option<Condition>,
    excluded: Option<ExcludedLimit>,
    /// Times in which all events are excluded on purpose.
    #[cfg(feature = "calendar")]
    planned: Vec<crate::Exclusion>,
    minimum_bad_events: u32,
}

impl Alerts {
    /// The conditions, in the policy's order, the unreachable ones too; without the trickle rule.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The trickle rule: a ticket for a budget that is over-spent by failures too few for any other condition.
    ///
    /// It fires while the whole period's budget is spent (a burn rate over 1 in the period, and over 1 still in the
    /// longest window of the other conditions), with at least [`Alerts::minimum_bad_events`] bad events in the period
    /// and fewer than that in the longest window, or the other conditions decide. `None` where the period is not longer
    /// than that.
    #[must_use]
    pub const fn trickle(&self) -> Option<&Condition> {
        self.trickle.as_ref()
    }

    /// How many bad events (no unit) a condition's long window must hold for it to fire; at least 1.
    #[must_use]
    pub const fn minimum_bad_events(&self) -> u32 {
        self.minimum_bad_events
    }

    /// Whether nobody is told: the SLO is a draft, or its spec says so. It is evaluated all the same.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// The conditions that no error ratio can fulfil, each with a sentence that says why and what would help.
    pub fn unreachable(&self) -> impl Iterator<Item = Unreachable> {
        self.conditions.iter().filter_map(|condition| condition.unreachable())
    }

    /// The shortest of the long windows of the conditions that some error ratio can fulfil: what the minimum of bad events
    /// must be seen in first. `None` where there is no such condition.
    ///
    /// ```
    /// use slo_core::Window;
    /// use slo_core::alert::AlertPolicy;
    ///
    /// let alerts = AlertPolicy::standard().resolve("99.9%".parse()?, Window::days(30)?);
    /// assert_eq!(alerts.shortest_long_window().map(|window| window.to_string()), Some("1h".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shortest_long_window(&self) -> Option<BurnWindow> {
        let reachable = self.conditions.iter().filter(|condition| condition.is_reachable());
        reachable.map(|condition| condition.long()).min()
    }

    /// The same alerts, if each of their conditions can fire: for policies of one's own, where one that cannot is a
    /// mistake.
    ///
    /// # Errors
    ///
    /// [`AlertPolicyError::Unreachable`] with the first that cannot.
    pub fn all_reachable(self) -> Result<Self, AlertPolicyError> {
        let first = self.unreachable().next();
        first.map_or(Ok(self), |unreachable| Err(AlertPolicyError::Unreachable(unreachable)))
    }

    /// How long a constant error ratio lasts before the first condition of this severity fires, with enough bad events;
    /// `None` when it never does.
    #[must_use]
    pub fn detection_time(&self, severity: Severity, error_ratio: Ratio) -> Option<Duration> {
        let of_severity = self
            .conditions
            .iter()
            .filter(|condition| condition.severity() == severity);
        of_severity
            .filter_map(|condition| condition.detection_time(error_ratio))
            .min()
    }

    /// Judges every condition by what was seen in its windows; may ask for one window several times.
    ///
    /// Each answer is [`Events`](crate::Events) of the whole window, or [`Seen`] or a [`Reading`](crate::Reading) of
    /// part of it. Nothing is remembered: see [`AlertWatch`] for that.
    pub fn evaluate<S: Into<Seen>>(&self, seen: impl FnMut(BurnWindow) -> S) -> Evaluation {
        Evaluation::of(self, |_| false, seen)
    }

    /// Judges every condition by a tracker's counts.
    pub fn evaluate_tracker(&self, tracker: &Tracker, now: Tick) -> Evaluation {
        let evaluation = self.evaluate(|window| tracker.read_last(now, window));
        evaluation.at(self, now)
    }

    /// Whether a planned time lies in the last of the time over which excluded events are counted: what they say of a
    /// hang is not known then.
    #[cfg(feature = "calendar")]
    pub(crate) fn had_planned(&self, now: Tick) -> bool {
        let looked_at = self.excluded.map_or(Duration::ZERO, |limit| limit.window.as_duration());
        let within = now.saturating_sub(looked_at)..now + Duration::from_nanos(1);
        let mut planned = self.planned.iter();
        planned.any(|exclusion| !exclusion.windows(within.clone()).is_empty())
    }

    #[cfg(not(feature = "calendar"))]
    pub(crate) const fn had_planned(&self, _: Tick) -> bool {
        false
    }

    /// The share of excluded events, where it is watched.
    pub(crate) fn excluded(&self, seen: impl FnOnce(BurnWindow) -> Seen) -> Option<ExcludedShare> {
        self.excluded.map(|limit| limit.judge(self.minimum_bad_events, seen))
    }

    /// The policy's conditions, then the trickle rule.
    fn all(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().chain(&self.trickle)
    }
}

/// The period's length for all alert arithmetic: the one place that knows it.
///
/// A period without one length counts as its longest (a month as 31 days): the windows scale with it, and no factor is
/// below 1 whatever the month.
fn nominal(window: Window) -> BurnWindow {
    #[cfg(feature = "calendar")]
    if let Some((period, _)) = window.as_calendar() {
        return BurnWindow::clamped(u64::from(*period.days().end()) * 86_400);
    }
    BurnWindow::clamped(window.longest().as_secs())
}
