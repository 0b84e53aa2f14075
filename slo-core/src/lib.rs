//! SLI, SLO, error-budget and burn-rate arithmetic: exact, lock-free to record, without any I/O.
//!
//! # Quick start
//!
//! ```
//! use slo_core::{HttpSli, Outcome, Slo, SloSet, Tick, Tracker, Window};
//!
//! let slo = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
//! let tracker = Tracker::new(slo.window(), Tick::from_unix_seconds(1_767_225_600));
//!
//! let now = Tick::from_unix_seconds(1_767_225_660);
//! for _ in 0..4_999 {
//!     tracker.record(now, Outcome::Good);
//! }
//! tracker.record(now, Outcome::Bad);
//!
//! let reading = tracker.read(now, slo.window());
//! let budget = slo_core::ErrorBudget::observed(slo.target(), reading.events());
//! assert_eq!(budget.remaining_ratio_f64(), Some(0.8)); // one of the five that 99.9% allows
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts
//!
//! - [`Target`], [`Window`], [`Threshold`]: what a promise is made of, exact, in the units that people write.
//! - [`Slo`], [`SloSet`]: the promises of a service, built in code or read from `slo.yaml` (feature `yaml`).
//! - [`Classification`], [`Judge`]: good, bad or excluded, decided once per request.
//! - [`Attempt`]: several tries of one piece of work are one event.
//! - [`Tracker`]: counts since process start, and the difference of any two moments of them.
//! - [`TimeSlices`], [`SliceTracker`]: minutes that are good or bad, instead of requests.
//! - [`CompositeSli`], [`Composite`]: the mean of several SLOs, by weight.
//! - [`Journey`]: the SLOs that make one promise to a user.
//! - [`LatencySketch`]: p50, p95 and p99 of the last 15 minutes.
//! - [`ErrorBudget`], [`BurnRate`]: what is left, how fast it goes and when it comes back; states instead of NaN.
//! - [`BudgetLevels`]: ample, low or exhausted, with hysteresis, for code that acts on it.
//! - [`alert`]: whether somebody should be told, and why.
//! - [`gate`]: may we deploy, and why not.
//! - [`simulate`]: what all of these would have said of a series of counts.
//! - [`names`]: every metric and attribute, as OpenTelemetry and as Prometheus spell it.
//!
//! # Features
//!
//! - `calendar`: windows that begin with the day, week, month, quarter or year in a named time zone.
//! - `serde`: values through their text (`99.9%`, `30d`).
//! - `store`: trackers that remember across restarts: snapshots, and the file that keeps them.
//! - `yaml`: [`SloSet::from_yaml`](SloSet), every mistake with line and column, and `SloSet::lint_yaml`, what is
//!   probably not meant.
//!
//! # Limits
//!
//! A process sees its own share of the traffic. The sum over a fleet is the business of a Prometheus-compatible engine.

pub mod alert;
mod alerting;
mod attempt;
mod budget;
mod burn;
mod burn_window;
#[cfg(feature = "calendar")]
mod calendar;
mod classify;
mod clock;
mod composite;
#[cfg(feature = "store")]
mod counting;
mod environment;
mod events;
#[cfg(feature = "calendar")]
mod exclusion;
mod factor;
mod gaps;
pub mod gate;
mod history;
mod journey;
mod labels;
mod lane;
mod latency;
mod level;
mod link;
pub mod names;
mod patience;
#[cfg(feature = "calendar")]
mod period;
#[cfg(feature = "calendar")]
mod planned;
mod prom_query;
mod prometheus_sli;
#[doc(hidden)]
pub mod promql;
mod ratio;
mod route;
mod share;
mod similar;
pub mod simulate;
mod sketch;
mod sli;
mod slices;
mod slo;
mod slo_tracker;
#[cfg(feature = "store")]
mod snapshot;
#[cfg(feature = "yaml")]
mod spec;
#[cfg(feature = "store")]
mod store;
mod stripes;
mod sync;
mod target;
#[doc(hidden)]
pub mod terminal;
#[cfg(feature = "serde")]
mod text;
mod tracker;
mod window;
#[doc(hidden)]
pub mod yaml_writer;
#[cfg(feature = "calendar")]
mod zone;

pub use alerting::{Alerting, AlertingError, AlertsKind};
pub use attempt::{Attempt, AttemptEnd, AttemptSink, Attempted};
pub use budget::{BudgetBasis, BudgetState, ErrorBudget, Exhaustion, Recovery};
pub use burn::BurnRate;
pub use burn_window::{BurnWindow, BurnWindowError};
pub use classify::{
    Cause, Classification, DEFAULT_PATIENCE, Ending, EndingName, EndingNameError, Judge, Judgement, Override, Reason,
    StatusClass, StatusClassError,
};
pub use clock::Tick;
pub use composite::{Composite, CompositeError, CompositeMember, CompositeSli};
pub use environment::{Environment, SloOverride};
pub use events::{Events, Outcome};
#[cfg(feature = "calendar")]
pub use exclusion::{Exclusion, ExclusionError, LocalTime, Recurrence, RecurrenceError};
pub use factor::Factor;
pub use gaps::{Gap, GapCause};
pub use journey::{Journey, JourneyHealth};
pub use labels::{LabelError, Labels};
pub use lane::{Lane, LaneCell};
pub use latency::{Threshold, ThresholdError};
pub use level::{BudgetLevel, BudgetLevels, BudgetLevelsError};
pub use link::{Link, LinkError};
pub use patience::Patience;
#[cfg(feature = "calendar")]
pub use period::{Period, PeriodError};
pub use prom_query::{PromQuery, PromQueryError};
pub use prometheus_sli::PrometheusSli;
pub use ratio::Ratio;
pub use share::{Share, ShareError};
pub use sketch::{Latencies, LatencyBounds, LatencySketch};
pub use sli::{DownCounts, EventsSli, HttpSli, METHODS, Sli, SyntheticSli, Until, UntilError};
pub use slices::{SliceTracker, TimeSlices, TimeSlicesError};
pub use slo::{Slo, SloSet, SloSetBuilder, SloSetError, Status};
pub use slo_tracker::SloTracker;
#[cfg(feature = "store")]
pub use snapshot::{SloSnapshot, Snapshot, SnapshotError, TrackerSnapshot};
#[cfg(feature = "yaml")]
pub use spec::{Lint, LintError, Mistake, SpecError, SpecKey, SpecNeeds, SpecShape, SpecTable};
#[cfg(feature = "store")]
pub use store::{LoadError, Rejection, SnapshotFile};
pub use target::{Target, TargetError};
pub use tracker::{Reading, Tracker};
pub use window::{Window, WindowError};
#[cfg(feature = "calendar")]
pub use zone::{Zone, ZoneError};

/// Marks a response that is in no request SLI and in no request metric: put it into the response's extensions.
///
/// Health and status routes carry it, so that probes of a service do not improve its numbers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Uncounted;
