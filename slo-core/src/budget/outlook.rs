//! How long a budget lasts.

use core::time::Duration;

use super::ErrorBudget;
use crate::{BurnRate, Events};

/// When a budget is spent if the burn rate stays what it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Exhaustion {
    /// It is spent already.
    Already,
    /// After this time, which is at most one window.
    In(Duration),
    /// Not at this rate: by then everything that is in the window now will have left it, and the rate alone is below 1; or
    /// the calendar period will be over.
    NotAtThisRate,
}

/// Both speak of the whole window, which is what the coming time belongs to, and assume that valid events keep coming at
/// the mean rate of the time seen and that none of the bad ones leaves the window first. A rolling window lets them
/// leave, so the truth is never sooner. Of a calendar period `window` is the length (see
/// [`Window::length_at`](crate::Window::length_at)), and what is left is for the rest of it.
impl ErrorBudget {
    /// How long everything may fail before the budget is spent: `remaining x (1 - target) x window`, 43 minutes for an
    /// untouched 99.9% over 30 days. Zero once it is spent; `None` without a valid event or any coverage.
    ///
    /// Rounded as a double of seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use slo_core::{ErrorBudget, Events, Window};
    ///
    /// let window = Window::days(30)?.longest();
    /// let half_spent = ErrorBudget::observed("99.9%".parse()?, Events::new(1_999, 1));
    /// assert_eq!(half_spent.full_outage_left(window), Some(Duration::from_secs(1_296)));
    /// let silent = ErrorBudget::observed("99.9%".parse()?, Events::default());
    /// assert_eq!(silent.full_outage_left(window), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn full_outage_left(self, window: Duration) -> Option<Duration> {
        let remaining = self.against_whole_window().remaining_ratio_f64()?;
        let seconds = remaining * self.target().budget_as_ratio_f64() * window.as_secs_f64();
        Some(duration(seconds))
    }

    /// When the budget is spent at the burn rate of `recent`, the events of any window: `remaining x window / burn rate`.
    /// `None` without a valid event on either side or any coverage.
    ///
    /// Rounded as a double of seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use slo_core::{ErrorBudget, Events, Exhaustion, Window};
    ///
    /// let window = Window::days(30)?.longest();
    /// let budget = ErrorBudget::observed("99.9%".parse()?, Events::new(1_999, 1));
    /// let last_hour = Events::new(99, 1); // ten times too fast
    /// let in_36_hours = Exhaustion::In(Duration::from_secs(36 * 3_600));
    /// assert_eq!(budget.time_to_exhaustion(window, last_hour), Some(in_36_hours));
    /// assert_eq!(budget.time_to_exhaustion(window, Events::new(9, 0)), Some(Exhaustion::NotAtThisRate));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn time_to_exhaustion(self, window: Duration, recent: Events) -> Option<Exhaustion> {
        let remaining = self.against_whole_window().remaining_ratio_f64()?;
        let burn = self.burn_rate_of(recent).map(BurnRate::as_f64)?;
        if remaining <= 0.0 {
            return Some(Exhaustion::Already);
        }
        // After one window only what burns now is left in it, and after its end a period begins anew: the budget is spent
        // by then, or never.
        let to_come = self.elapsed().map_or(1.0, |elapsed| 1.0 - elapsed.as_ratio_f64());
        if burn * to_come < remaining {
            return Some(Exhaustion::NotAtThisRate);
        }
        Some(Exhaustion::In(duration(remaining / burn * window.as_secs_f64())))
    }
}

/// Seconds as a duration: nothing below zero, the longest one beyond the type's end.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
