//! What the status route says: every SLO of this process, in words and numbers.

mod alert;
mod budget;
mod exclusion;
mod life;
mod red;
mod several;
mod whole;

pub use alert::{AlertReason, AlertStatus, AlertWindow, ExcludedStatus};
pub use budget::{BudgetStatus, ExhaustionStatus};
pub use exclusion::ExclusionStatus;
pub use life::{GapStatus, LifeStatus};
#[cfg(feature = "store")]
pub use life::{MemoryStatus, RestoredStatus};
pub use red::{LatencyStatus, QuantileStatus, RouteStatus};
pub use several::{CompositeStatus, JourneyStatus, MemberStatus};
pub(crate) use whole::OneStatus;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use slo_core::{
    BudgetLevel, BurnRate, Events, HttpSli, Ratio, Reading, Sli, Slo, Target, Threshold, Tick, Tracker, Window,
};

/// The state of all SLOs of this process at one moment.
///
/// It speaks for this instance alone; the fleet is summed by the engine that the instances push to. Serialized it has
/// no NaN and no infinity: what cannot be said is `null`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// `service.name` of the spec.
    pub service: String,
    /// `service.namespace`, if it was given.
    pub namespace: Option<String>,
    /// `deployment.environment.name`, if it was given.
    pub environment: Option<String>,
    /// `service.version`, if it was given.
    pub version: Option<String>,
    /// `service.instance.id`: unique per process, and exported as such unless `OTEL_RESOURCE_ATTRIBUTES` names another.
    pub instance_id: String,
    /// Whom the numbers speak for: always `instance`.
    pub scope: &'static str,
    /// When this process began to measure.
    #[serde(serialize_with = "rfc3339")]
    pub started_at: DateTime<Utc>,
    /// The moment of these numbers.
    #[serde(serialize_with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// Requests that have begun and not ended.
    pub in_flight: u64,
    /// The built-in SLI over all matched routes, without an objective.
    pub requests: RequestsStatus,
    /// The SLOs with events of their own, in the order of the spec.
    pub slos: Vec<SloStatus>,
    /// The SLOs made of others, in the order of the spec.
    pub composites: Vec<CompositeStatus>,
    /// The journeys that the SLOs name.
    pub journeys: Vec<JourneyStatus>,
    /// Rate, errors and durations of each route that was seen, by name.
    pub routes: Vec<RouteStatus>,
    /// Routes that SLOs name and no request has matched: not used yet, or not spelt as the router does.
    pub unseen_routes: Vec<String>,
    /// Whether alerts are evaluated, snapshots saved and the clock followed.
    pub life: LifeStatus,
    /// How the push over OTLP goes; `None` where none was set up.
    pub export: Option<ExportStatus>,
}

/// The built-in SLI `requests`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RequestsStatus {
    /// Events since the process started: what is exported.
    pub totals: Events,
    /// Shares of bad events.
    pub error_ratio: Vec<ErrorRatio>,
}

/// The share of bad events over one window.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ErrorRatio {
    /// The window.
    pub window: Window,
    /// Bad over valid, 0 to 1; `None` without a valid event.
    pub ratio: Option<f64>,
}

/// One SLO.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SloStatus {
    /// Its name.
    pub name: String,
    /// The promise in one sentence.
    pub promise: Option<String>,
    /// The journey it belongs to.
    pub journey: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// `draft` or `agreed`.
    pub status: slo_core::Status,
    /// The share that must be good.
    pub objective: Target,
    /// The period over which it must hold.
    pub window: Window,
    /// What its events are.
    pub sli: SliStatus,
    /// Events since the process started: what is exported.
    pub totals: Events,
    /// Events of the window that this process saw.
    pub events: Events,
    /// Good over valid in the window, 0 to 1; `None` without a valid event.
    pub sli_ratio: Option<f64>,
    /// The share of the window in which this process measured, 0 to 1; of a calendar window, of what has passed of it.
    pub coverage_ratio: f64,
    /// What was not measured, or by a clock that was set back, oldest first.
    pub gaps: Vec<GapStatus>,
    /// The planned time that runs now, if one does.
    pub exclusion: Option<ExclusionStatus>,
    /// Its routes that no request has matched.
    pub unseen_routes: Vec<String>,
    /// The error budget of the events that were seen.
    pub budget: BudgetStatus,
    /// What [`BudgetHandle`](crate::BudgetHandle)s say of it.
    pub level: BudgetLevel,
    /// Whether somebody should be told, and why.
    pub alert: AlertStatus,
    /// Burn rates over the last 5 minutes, hour and 6 hours, as far as the window reaches.
    pub burn: Vec<Burn>,
}

/// What the events of an SLO are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SliStatus {
    /// `http`, `synthetic` or `events`.
    pub kind: &'static str,
    /// Route templates; none means every matched route.
    pub routes: Vec<String>,
    /// Methods; none means every method.
    pub methods: Vec<String>,
    /// The latency limit of a latency SLO.
    pub faster_than: Option<Threshold>,
    /// The path of the health endpoint, of a synthetic SLI.
    pub path: Option<String>,
    /// What an event is, of events that code tells.
    pub of: Option<String>,
    /// How time is cut, in words, where slices are counted instead of events.
    pub time_slices: Option<String>,
}

/// A burn rate over one window.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Burn {
    /// The window.
    pub window: Window,
    /// Error ratio over error budget; `None` without a valid event.
    pub rate: Option<f64>,
}

/// How the push over OTLP goes.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ExportStatus {
    /// Pushes that were accepted.
    pub succeeded: u64,
    /// Pushes that were not.
    pub failed: u64,
    /// Data points that the collector rejected from pushes that it accepted.
    pub rejected: u64,
    /// Why the last push failed or which part of it; `None` when all of it was accepted, or before the first.
    pub failing: Option<String>,
}

/// Windows of the burn rates shown.
const SHOWN: [&str; 3] = ["5m", "1h", "6h"];

fn shown(longest: Window) -> impl Iterator<Item = Window> {
    SHOWN
        .into_iter()
        .filter_map(|text| text.parse().ok())
        .filter(move |window: &Window| window.longest() <= longest.longest())
}

impl SloStatus {
    fn new(
        slo: &Slo,
        tracker: &Tracker,
        now: Tick,
        alert: AlertStatus,
        level: BudgetLevel,
        unseen_routes: Vec<String>,
    ) -> Self {
        let reading = tracker.read(now, slo.window());
        let burn = |window| Burn {
            window,
            rate: BurnRate::of(slo.target(), tracker.read(now, window).events()).map(BurnRate::as_f64),
        };
        Self {
            name: slo.name().to_owned(),
            promise: slo.promise_sentence().map(ToOwned::to_owned),
            journey: slo.journey_name().map(ToOwned::to_owned),
            owner: slo.owner_name().map(ToOwned::to_owned),
            status: slo.current_status(),
            objective: slo.target(),
            window: slo.window(),
            sli: SliStatus::new(slo),
            totals: tracker.totals(),
            events: reading.events(),
            sli_ratio: reading.events().sli().map(Ratio::as_ratio_f64),
            coverage_ratio: coverage(reading),
            gaps: tracker.gaps().into_iter().map(GapStatus::new).collect(),
            exclusion: ExclusionStatus::running(slo, now),
            unseen_routes,
            budget: BudgetStatus::new(slo, tracker, now),
            level,
            alert,
            burn: shown(slo.window()).map(burn).collect(),
        }
    }
}

impl RequestsStatus {
    pub(crate) fn new(tracker: &Tracker, now: Tick) -> Self {
        let ratio = |window| {
            let ratio = tracker
                .read(now, window)
                .events()
                .error_ratio()
                .map(Ratio::as_ratio_f64);
            ErrorRatio { window, ratio }
        };
        Self {
            totals: tracker.totals(),
            error_ratio: shown(tracker.window()).map(ratio).collect(),
        }
    }
}

impl SliStatus {
    fn new(slo: &Slo) -> Self {
        let owned = |names: &mut dyn Iterator<Item = &str>| names.map(ToOwned::to_owned).collect();
        let mut status = Self {
            kind: "other", // `Sli` may grow in another release of slo-core than ours
            routes: Vec::new(),
            methods: Vec::new(),
            faster_than: slo.latency_limit(),
            path: None,
            of: None,
            time_slices: slo.time_slices().map(|slices| slices.to_string()),
        };
        match slo.sli() {
            Sli::Http(sli) => {
                status.kind = "http";
                status.routes = owned(&mut HttpSli::route_templates(sli));
                status.methods = owned(&mut HttpSli::method_names(sli));
            }
            Sli::Synthetic(sli) => {
                status.kind = "synthetic";
                status.path = Some(sli.path().to_owned());
            }
            Sli::Events(sli) => {
                status.kind = "events";
                status.of = Some(sli.what().to_owned());
            }
            _ => {}
        }
        status
    }
}

fn coverage(reading: Reading) -> f64 {
    reading.coverage().map_or(0.0, Ratio::as_ratio_f64)
}

fn rfc3339<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn rfc3339_or_null<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => rfc3339(at, serializer),
        None => serializer.serialize_none(),
    }
}
