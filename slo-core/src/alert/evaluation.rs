//! What the conditions say at one moment, and why.

use core::fmt;
use core::time::Duration;

use super::condition::{Condition, Kind};
use super::{AlertState, Alerts, ExcludedShare, Severity};
use crate::window::Seconds;
use crate::{BurnRate, BurnWindow, Events, Reading, Tick};

/// The events of one window, and how much of the window was measured.
///
/// Time that was not measured (before the process began, a gap) counts as free of bad events: the first minute of a
/// process is a minute of an hour, not an hour. So a young process detects as fast as an old one, and never on less
/// evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Seen {
    events: Events,
    covered: Duration,
}

impl Seen {
    /// Events of the whole window.
    pub const fn all_of_it(events: Events) -> Self {
        Self::part_of_it(events, Duration::MAX)
    }

    /// Events of so much of the window; the whole window when it is shorter.
    pub const fn part_of_it(events: Events, covered: Duration) -> Self {
        Self { events, covered }
    }

    pub(super) const fn events(self) -> Events {
        self.events
    }
}

impl From<Events> for Seen {
    fn from(events: Events) -> Self {
        Self::all_of_it(events)
    }
}

impl From<Reading> for Seen {
    fn from(reading: Reading) -> Self {
        Self::part_of_it(reading.events(), reading.covered())
    }
}

/// One window of a condition, as it was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct WindowBurn {
    window: BurnWindow,
    events: Events,
    covered_seconds: u32,
    rate: Option<BurnRate>,
}

impl WindowBurn {
    fn of(condition: &Condition, window: BurnWindow, seen: Seen) -> Self {
        let covered_seconds = u32::try_from(seen.covered.as_secs()).unwrap_or(u32::MAX);
        let covered_seconds = covered_seconds.min(window.as_seconds());
        Self {
            window,
            events: seen.events,
            covered_seconds,
            rate: BurnRate::of(condition.target(), seen.events).map(|rate| rate.within(covered_seconds, window)),
        }
    }

    /// The window.
    pub const fn window(self) -> BurnWindow {
        self.window
    }

    /// The events in it.
    pub const fn events(self) -> Events {
        self.events
    }

    /// How much of it was measured, in whole seconds.
    #[must_use]
    pub const fn covered(self) -> Duration {
        Duration::from_secs(self.covered_seconds as u64)
    }

    /// The burn rate, with the time not measured as free of bad events; `None` when no valid event was seen.
    #[must_use]
    pub const fn rate(self) -> Option<BurnRate> {
        self.rate
    }

    fn bad_events_reach(self, count: u32) -> bool {
        self.events.bad() >= count.into()
    }
}

/// As in `20.00x over 1h (36 bad of 1800)`.
impl fmt::Display for WindowBurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rate {
            Some(rate) => write!(f, "{rate} over {}", self.window)?,
            None => return write!(f, "nothing over {}", self.window),
        }
        write!(f, " ({} bad of {}", self.events.bad(), self.events.valid())?;
        if self.covered_seconds < self.window.as_seconds() {
            write!(f, " in the {} measured", Seconds(self.covered_seconds.into()))?;
        }
        f.write_str(")")
    }
}

/// What a condition comes to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Verdict {
    /// Not over the factor in both windows; for the trickle rule also: the other conditions decide.
    Quiet,
    /// Over it in both, with fewer bad events than the minimum.
    TooFew,
    /// Over it in both.
    Fires,
    /// It fired, and since then its short window went empty: nothing shows that it ended. Only an
    /// [`AlertWatch`](super::AlertWatch) says so.
    Unresolved,
}

impl Verdict {
    /// The verdict's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::TooFew => "too_few",
            Self::Fires => "fires",
            Self::Unresolved => "unresolved",
        }
    }

    /// Whether somebody should know.
    #[must_use]
    pub const fn is_firing(self) -> bool {
        match self {
            Self::Fires | Self::Unresolved => true,
            Self::Quiet | Self::TooFew => false,
        }
    }
}

/// One condition with the numbers that it was judged by. Displays as a sentence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Judged {
    condition: Condition,
    long: WindowBurn,
    short: WindowBurn,
    minimum_bad_events: u32,
    verdict: Verdict,
}

impl Judged {
    fn new(
        condition: &Condition,
        minimum_bad_events: u32,
        fired: bool,
        mut seen: impl FnMut(BurnWindow) -> Seen,
    ) -> Self {
        let mut burn = |window| WindowBurn::of(condition, window, seen(window));
        let mut judged = Self {
            condition: *condition,
            long: burn(condition.long()),
            short: burn(condition.short()),
            minimum_bad_events,
            verdict: Verdict::Quiet,
        };
        judged.verdict = judged.judge(fired);
        judged
    }

    fn judge(&self, fired: bool) -> Verdict {
        let is_over = |burn: WindowBurn| burn.rate.map(|rate| rate.exceeds(self.condition.factor()));
        if is_over(self.long) != Some(true) {
            return Verdict::Quiet;
        }
        let confirmed = match is_over(self.short) {
            Some(true) => Verdict::Fires,
            // Silence begins no alert: good events that leave the long window must not.
            None if fired => Verdict::Unresolved,
            Some(false) | None => return Verdict::Quiet,
        };
        if !self.long.bad_events_reach(self.minimum_bad_events) {
            return Verdict::TooFew;
        }
        match self.condition.kind() {
            Kind::Trickle if self.short.bad_events_reach(self.minimum_bad_events) => Verdict::Quiet,
            Kind::Burn | Kind::Trickle => confirmed,
        }
    }

    /// The condition.
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// What it comes to.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What its long window held.
    pub const fn long(&self) -> WindowBurn {
        self.long
    }

    /// What its short window held.
    pub const fn short(&self) -> WindowBurn {
        self.short
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (condition, factor) = (&self.condition, self.condition.factor());
        match self.verdict {
            Verdict::Quiet => write!(f, "no {}", condition.severity())?,
            Verdict::TooFew => {
                let (bad, needed) = (self.long.events.bad(), self.minimum_bad_events);
                let are = if bad == 1 { "event is" } else { "events are" };
                write!(
                    f,
                    "no {}, {bad} bad {are} too few (it takes {needed})",
                    condition.severity()
                )?;
            }
            Verdict::Fires | Verdict::Unresolved => write!(f, "{}", condition.severity())?,
        }
        write!(f, ": the budget burns at {} and {}", self.long, self.short)?;
        if self.verdict == Verdict::Unresolved {
            f.write_str(", so nothing shows that it ended")?;
        }
        match condition.kind() {
            Kind::Burn => write!(
                f,
                "; the limit is {factor}, {} of the budget of {} in {}",
                condition.budget_spent_at_fire(),
                condition.period(),
                condition.long()
            ),
            Kind::Trickle => write!(
                f,
                "; the limit is {factor}, the whole budget of {}, spent by few bad events at a time",
                condition.period()
            ),
        }
    }
}

/// What all conditions of one SLO say at one moment.
///
/// # Examples
///
/// ```
/// use slo_core::alert::{AlertPolicy, AlertState};
/// use slo_core::{Events, Window};
///
/// let alerts = AlertPolicy::standard().resolve("99.9%".parse()?, Window::days(30)?);
/// let evaluation = alerts.evaluate(|window| {
///     let seconds = u64::from(window.as_seconds());
///     Events::new(98 * seconds, 2 * seconds)
/// });
/// assert_eq!(evaluation.state(), AlertState::Page);
/// assert_eq!(
///     evaluation.reasons().next().unwrap().to_string(),
///     "page: the budget burns at 20.00x over 1h (7200 bad of 360000) and 20.00x over 5m (600 bad of 30000); \
///      the limit is 14.4x, 2% of the budget of 30d in 1h"
/// );
///
/// let night = alerts.evaluate(|_window| Events::new(2, 1));
/// assert_eq!((night.state(), night.reasons().count()), (AlertState::Ok, 0));
/// assert!(night.held_back().next().unwrap().to_string().starts_with("no page, 1 bad event is too few (it takes 5)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Evaluation {
    judged: Vec<Judged>,
    excluded: Option<ExcludedShare>,
}

impl Evaluation {
    /// The conditions in order, then the trickle rule; those that fired before may stay unresolved.
    pub(super) fn of<S: Into<Seen>>(
        alerts: &Alerts,
        fired: impl Fn(&Condition) -> bool,
        mut seen: impl FnMut(BurnWindow) -> S,
    ) -> Self {
        let judge = |condition| {
            Judged::new(condition, alerts.minimum_bad_events, fired(condition), |window| {
                seen(window).into()
            })
        };
        Self {
            judged: alerts.all().map(judge).collect(),
            excluded: alerts.excluded(|window| seen(window).into()),
        }
    }

    /// As of a moment: much that was excluded says nothing while, and shortly after, it was to be.
    pub(super) fn at(mut self, alerts: &Alerts, now: Tick) -> Self {
        // Looked up only where it would matter.
        if self.excluded.is_some_and(|share| share.verdict() != Verdict::Quiet) && alerts.had_planned(now) {
            self.excluded = None;
        }
        self
    }

    /// The worst of what fires.
    #[must_use]
    pub fn state(&self) -> AlertState {
        self.severities().max().map_or(AlertState::Ok, AlertState::from)
    }

    /// The conditions that fire, the policy's in order, then the trickle rule; each displays as a sentence.
    pub fn reasons(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().filter(|judged| judged.verdict.is_firing())
    }

    /// The conditions that would fire if one or a few bad events were enough.
    pub fn held_back(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().filter(|judged| judged.verdict == Verdict::TooFew)
    }

    /// Every condition, the policy's in order, then the trickle rule.
    pub fn conditions(&self) -> &[Judged] {
        &self.judged
    }

    /// The share of events that was excluded lately; `None` where nobody watches it, see
    /// [`AlertPolicy::most_excluded`](super::AlertPolicy::most_excluded), and where most of it is a planned time's.
    #[must_use]
    pub const fn excluded(&self) -> Option<ExcludedShare> {
        self.excluded
    }

    /// Whether something of this severity fires, whatever else does.
    #[must_use]
    pub fn asks_for(&self, severity: Severity) -> bool {
        self.severities().any(|fires| fires == severity)
    }

    /// Of everything that fires.
    fn severities(&self) -> impl Iterator<Item = Severity> {
        let excluded = self.excluded.filter(|share| share.verdict().is_firing());
        let burns = self.reasons().map(|judged| judged.condition.severity());
        burns.chain(excluded.map(|_| Severity::Ticket))
    }
}
