//! When a budget that is spent has something left again.

use core::cmp::Ordering;
use core::time::Duration;

use super::{BudgetBasis, ErrorBudget};
use crate::ratio::compare;
use crate::target::ONE_PPB;
use crate::{Events, Share, Tick};

/// When more than a limit of a rolling window's budget is left again.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Recovery {
    /// More than the limit is left now.
    NotNeeded,
    /// At this moment, the first of its kind in whole seconds from now, if the assumptions hold.
    At(Tick),
    /// Nothing is known to recover: no valid event or no coverage; or the limit is 100%, which nothing is above; or of a
    /// calendar period no event leaves.
    Unknown,
}

impl ErrorBudget {
    /// When more than `above` of the budget is left again, as bad events leave the rolling window that ends `now`.
    ///
    /// `history` is the window's events in pieces, each with its last moment, in any order: a piece leaves the window as
    /// a whole when that moment does, so the answer is late by a piece's length at most. Events of [`seen`](Self::seen)
    /// that no piece holds count as the newest.
    ///
    /// Assumes that from now on every event is good, and that they come at the mean rate of the time seen. The
    /// [`decisive`](Self::decisive) variant is asked; for the one against the whole window, the unseen time is taken to
    /// be the window's first, as in a young process.
    ///
    /// A calendar window recovers when the next period begins ([`Window::bounds`](crate::Window::bounds)): here it is
    /// [`Recovery::Unknown`].
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use slo_core::{ErrorBudget, Outcome, Recovery, Share, Tick, Tracker, Window};
    ///
    /// let start = Tick::from_unix_seconds(1_767_225_600);
    /// let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    /// let tracker = Tracker::new(Window::DAY, start);
    /// for hour in 0..24 {
    ///     let outcome = if hour == 2 { Outcome::Bad } else { Outcome::Good };
    ///     tracker.record(start + hours(hour) + hours(1) / 2, outcome);
    /// }
    ///
    /// let now = start + hours(24);
    /// let reading = tracker.read(now, Window::DAY);
    /// let budget = ErrorBudget::of("99%".parse()?, reading);
    ///
    /// let history = tracker.pieces(now, Window::DAY);
    /// let recovery = budget.recovery(Share::NONE, Window::DAY.longest(), now, history);
    /// // A day after it was bad, up to the ten minutes in which a day is remembered.
    /// assert_eq!(recovery, Recovery::At(start + hours(2) + Duration::from_secs(40 * 60) + hours(24)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn recovery(
        self,
        above: Share,
        window: Duration,
        now: Tick,
        history: impl IntoIterator<Item = (Tick, Events)>,
    ) -> Recovery {
        let budget = self.decisive();
        match budget.leaves_more_than(above) {
            Some(true) => return Recovery::NotNeeded,
            Some(false) if above < Share::WHOLE && self.coverage.part() > 0 && self.elapsed.is_none() => {}
            _ => return Recovery::Unknown,
        }
        let departures = departures(budget.seen, window, now, history);
        let future = Future::new(budget, above, window);
        let seconds = future.first_second(&departures);
        Recovery::At(now + Duration::from_secs(seconds))
    }
}

/// The seconds from now after which a piece is out of the window, soonest first, and what is in it until then.
fn departures(
    seen: Events,
    window: Duration,
    now: Tick,
    history: impl IntoIterator<Item = (Tick, Events)>,
) -> Vec<(u64, Events)> {
    let mut pieces: Vec<_> = history
        .into_iter()
        .map(|(last, events)| (seconds_up((last + window).since(now)), events))
        .collect();
    let told = pieces
        .iter()
        .fold(Events::default(), |sum, (_, events)| sum.saturating_add(*events));
    pieces.push((seconds_up(window), seen.since(told)));
    pieces.sort_unstable_by_key(|(leaves, _)| *leaves);
    let mut inside = Events::default();
    for (_, events) in pieces.iter_mut().rev() {
        inside = inside.saturating_add(*events);
        *events = inside;
    }
    pieces
}

fn seconds_up(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}

/// The coming time, in which every event is good and comes at the mean rate.
struct Future {
    /// Valid events in [`measured`](Self::measured) seconds.
    valid: u128,
    measured: u128,
    /// Seconds at the window's start that are taken to have had the mean rate too.
    unseen: u64,
    /// The share of valid events that may be bad, so that more than the limit is left: over 10^18, never 0.
    may_be_bad: u128,
}

impl Future {
    fn new(budget: ErrorBudget, above: Share, window: Duration) -> Self {
        let (part, whole) = (budget.coverage.part(), budget.coverage.whole());
        let window = window.as_secs();
        let measured = u128::from(window) * u128::from(part) / u128::from(whole);
        // No larger than the window, a `u64`.
        let measured = u64::try_from(measured).unwrap_or(window).max(1);
        Self {
            valid: budget.seen.valid().into(),
            measured: measured.into(),
            unseen: match budget.basis {
                BudgetBasis::Observed => 0,
                BudgetBasis::WholeWindow => window.saturating_sub(measured),
            },
            may_be_bad: u128::from(budget.target.budget_ppb()) * u128::from(ONE_PPB - above.ppb()),
        }
    }

    /// The first second from now, 1 at least, at which enough is left.
    ///
    /// Between two departures nothing bad leaves and good events only come: there the answer changes at most once, from
    /// no to yes, and is found by halving.
    fn first_second(&self, departures: &[(u64, Events)]) -> u64 {
        let mut from = 1;
        for &(until, inside) in departures {
            let last = until.saturating_sub(1);
            if last >= from && self.enough(inside, last) {
                return self.halve(inside, from, last);
            }
            from = from.max(until);
        }
        // The window is empty of all that was seen, and what came since is good.
        from
    }

    /// The first second of a span, at whose end enough is left, at which that is so.
    fn halve(&self, inside: Events, mut from: u64, mut last: u64) -> u64 {
        while from < last {
            let middle = from + (last - from) / 2;
            if self.enough(inside, middle) {
                last = middle;
            } else {
                from = middle + 1;
            }
        }
        from
    }

    /// Whether after so many seconds, with these of the events seen still in the window, more than the limit is left.
    fn enough(&self, inside: Events, seconds: u64) -> bool {
        let unseen = u128::from(self.unseen.saturating_sub(seconds));
        let at_mean_rate = self.valid.saturating_mul(unseen.saturating_add(seconds.into()));
        let valid = u128::from(inside.valid()) * self.measured;
        compare(
            u128::from(inside.bad()) * u128::from(ONE_PPB) * u128::from(ONE_PPB),
            self.may_be_bad,
            valid.saturating_add(at_mean_rate),
            self.measured,
        ) == Ordering::Less
    }
}
