//! What would have happened: a series of counts played through trackers, alerts and the gate, without a clock.
//!
//! The base of backtests ("with the new target it would have paged twice, and the gate would have blocked 2 of 17
//! deploys") and of suggestions. The same series and settings always give the same [`Timeline`].
//!
//! # Time
//!
//! A [`Sample`] holds what came after the sample before it, up to its own moment, and is counted there: a window that
//! ends at a sample's moment holds it, one that begins there does not. Windows are a [`Tracker`](crate::Tracker)'s, and
//! so is their edge error: exact where their beginning is a step's edge, else up to one step longer than asked.
//!
//! Alerts, and the budget's state, are evaluated at a fixed interval after the start, as a rule engine does: every minute
//! unless said otherwise. A series with fewer points than that is what an engine with as rare pushes sees: give its
//! interval to [`AlertPolicy::pushed_every`], or a short window has points in some minutes and none in others.
//!
//! Time without a sample is silence: measured, and nothing came. Time of which nothing is known is a [`Sample::gap`]: it
//! lowers the coverage, and alerts take it as free of bad events. A series is in order of time, without two samples of
//! one moment; else [`Simulation::run`] refuses it.
//!
//! # Examples
//!
//! ```
//! use core::time::Duration;
//! use slo_core::alert::AlertState;
//! use slo_core::simulate::{Sample, Simulation};
//! use slo_core::{BudgetState, Events, HttpSli, Slo, Tick, Window};
//!
//! let slo = Slo::new("browse", HttpSli::every_route(), "99.9%".parse()?, Window::days(30)?);
//! let start = Tick::from_unix_seconds(1_767_225_600);
//! let minute = |number: u64| start + Duration::from_secs(number * 60);
//!
//! // A day of 100 events a minute, and an hour in which half of them fail.
//! let series = (1..=1_440).map(|number| {
//!     let bad = if (601..=660).contains(&number) { 50 } else { 0 };
//!     Sample::new(minute(number), Events::new(100 - bad, bad))
//! });
//! let timeline = Simulation::of(&slo, start).run(series)?;
//!
//! let pages: Vec<_> = timeline.pages().collect();
//! assert_eq!(pages.len(), 1);
//! assert_eq!((pages[0].from(), pages[0].to()), (minute(602), minute(690)));
//! assert_eq!(timeline.delay(AlertState::Page, minute(600)), Some(Duration::from_secs(120)));
//! assert_eq!(timeline.end().budget().seen(), Events::new(141_000, 3_000));
//! assert_eq!(timeline.end().budget().state(), BudgetState::WarmingUp); // a day of thirty
//!
//! let twice = [Sample::new(minute(1), Events::new(1, 0)), Sample::new(minute(1), Events::new(1, 0))];
//! let refused = Simulation::of(&slo, start).run(twice).unwrap_err();
//! assert!(refused.to_string().starts_with("sample 1 (counted from 0)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod run;
mod sample;
#[cfg(test)]
mod tests;
mod timeline;
mod unseen;

use core::time::Duration;

pub use sample::{Sample, SeriesError};
pub use timeline::{AlertChange, BudgetChange, Look, Span, Timeline};

use self::run::Run;
use crate::alert::AlertPolicy;
use crate::gate::GateRules;
use crate::{Slo, Status, Tick};

/// What a series is to be played through.
///
/// The SLO counts as agreed, whatever its status: a draft is what one wants to try. One in time slices is played slice by
/// slice. A composite has no events of its own: simulate its members.
#[derive(Clone, Debug)]
#[must_use]
pub struct Simulation {
    slo: Slo,
    started: Tick,
    policy: AlertPolicy,
    every: Duration,
    looks: Vec<Tick>,
    gate: Option<GateRules>,
    judged_every: Duration,
}

impl Simulation {
    /// One SLO under the standard alert policy, evaluated every minute, without a gate. Nothing is known of the time before
    /// `started`.
    pub fn of(slo: &Slo, started: Tick) -> Self {
        Self {
            slo: slo.clone().status(Status::Agreed),
            started,
            policy: AlertPolicy::standard(),
            every: EVERY,
            looks: Vec::new(),
            gate: None,
            judged_every: JUDGED_EVERY,
        }
    }

    /// Another alert policy.
    pub fn policy(self, policy: AlertPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Evaluates alerts and the budget's state at other intervals after the start; at least a second.
    pub fn evaluated_every(self, interval: Duration) -> Self {
        Self {
            every: interval.max(SHORTEST),
            ..self
        }
    }

    /// Asks the gate about a deploy, too: every 15 minutes, to notice when its answer changes, and at each moment of
    /// [`Simulation::looks_at`].
    ///
    /// It judges the SLO's budget, and `requests` and their latency where samples have them; what none has had is "never
    /// seen", which warns and passes.
    pub fn gate(self, rules: GateRules) -> Self {
        Self {
            gate: Some(rules),
            ..self
        }
    }

    /// Asks the gate at other intervals after the start; at least a second.
    pub fn judged_every(self, interval: Duration) -> Self {
        Self {
            judged_every: interval.max(SHORTEST),
            ..self
        }
    }

    /// Also says what one would have seen at these moments, in any order; they change nothing else. Moments before the
    /// start and after the last sample are left out, and a moment that is named twice is looked at once.
    pub fn looks_at(mut self, moments: impl IntoIterator<Item = Tick>) -> Self {
        self.looks.extend(moments);
        self.looks.sort_unstable();
        self.looks.dedup();
        self
    }

    /// Plays a series, from the start to its last sample.
    ///
    /// The work is bounded by the time that the series spans, over the intervals; silence and gaps that last until
    /// every window is empty cost nothing from there on.
    ///
    /// # Errors
    ///
    /// [`SeriesError`] names the first sample that is not after the one before it, or after the start; or with which the
    /// counts are no longer `u64`.
    pub fn run(&self, series: impl IntoIterator<Item = Sample>) -> Result<Timeline, SeriesError> {
        let mut run = Run::new(self);
        for (index, sample) in series.into_iter().enumerate() {
            run.play(index, &sample)?;
        }
        Ok(run.finish())
    }
}

/// Prometheus' default evaluation interval.
const EVERY: Duration = Duration::from_secs(60);
/// A verdict is words: at every minute they would take most of the time.
const JUDGED_EVERY: Duration = Duration::from_secs(900);
/// A shorter interval than that of any rule engine, and an end to the work.
const SHORTEST: Duration = Duration::from_secs(1);
