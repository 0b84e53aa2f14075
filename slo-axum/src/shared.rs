//! The state behind every handle, layer and request of a process.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use slo_core::{Events, Lane, Outcome, Slo, SloSet, SloTracker, Tick, Tracker, Window, names};

use crate::AlreadyInstrumented;
use crate::attributes::{Labels, Method, Scheme};
use crate::clock::{Anchor, Moment, Reading};
use crate::export::ExportHealth;
use crate::instruments::Instruments;
use crate::life::{LifeState, Setup};
use crate::options::Options;
use crate::routes::{Ended, Plan, REQUESTS_TRACKER, Route, Routes};

/// How far back `requests` can be asked for.
pub(crate) const REQUESTS_WINDOW: Window = Window::DAY;

/// The state behind all clones of the handle, all layers and all requests in flight.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) slos: SloSet,
    pub(crate) names: Names,
    pub(crate) instance_id: String,
    pub(crate) anchor: Anchor,
    /// `requests`, then the SLOs in the order of the spec.
    pub(crate) trackers: Vec<SloTracker>,
    pub(crate) life: LifeState,
    pub(crate) routes: Routes,
    pub(crate) options: Options,
    /// Tells its marks from those of another.
    pub(crate) number: u32,
    /// Requests being served by method and scheme, where asked for.
    active: [[AtomicI64; Scheme::ALL.len()]; Method::COUNT],
    claimed: AtomicBool,
    instruments: OnceLock<Instruments>,
    pub(crate) export: ExportHealth,
}

/// What the builder was told of the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) namespace: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) version: Option<String>,
}

/// A share in the state with a count of references of its own, so that requests of other connections do not meet in it.
#[derive(Debug)]
pub(crate) struct Held(Arc<Shared>);

impl Held {
    pub(crate) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(shared)))
    }
}

impl Deref for Held {
    type Target = Shared;

    #[inline]
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// Begins to measure.
    pub(crate) fn begin(slos: SloSet, names: Names, options: Options, life: Setup) -> Self {
        let anchor = Anchor::at(Moment::now());
        let (trackers, life) = life.begin(&slos, anchor.started());
        let routes = Routes::new(&slos, anchor.started());
        Self {
            slos,
            names,
            instance_id: uuid::Uuid::new_v4().to_string(),
            anchor,
            trackers,
            life,
            routes,
            options,
            number: next_number(),
            active: Default::default(),
            claimed: AtomicBool::new(false),
            instruments: OnceLock::new(),
            export: ExportHealth::default(),
        }
    }

    /// Records into these instruments from now on.
    pub(crate) fn instrument(
        shared: &Arc<Self>,
        instruments: impl FnOnce(&Arc<Self>) -> Instruments,
    ) -> Result<(), AlreadyInstrumented> {
        if shared.claimed.swap(true, Ordering::Relaxed) {
            return Err(AlreadyInstrumented);
        }
        shared
            .instruments
            .set(instruments(shared))
            .map_err(|_| AlreadyInstrumented)
    }

    /// A request of this method and scheme is being served.
    #[inline]
    pub(crate) fn serves(&self, method: Method, scheme: Scheme) {
        if self.options.counts_active {
            self.active_of(method, scheme).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request of this method and scheme is no longer being served.
    #[inline]
    pub(crate) fn served(&self, method: Method, scheme: Scheme) {
        if self.options.counts_active {
            self.active_of(method, scheme).fetch_sub(1, Ordering::Relaxed);
        }
    }

    // Relaxed, here and above: counts for people, ordered with nothing.
    fn active_of(&self, method: Method, scheme: Scheme) -> &AtomicI64 {
        &self.active[method.index()][scheme as usize]
    }

    /// Requests being served, by method and scheme: those that ever were.
    pub(crate) fn active(&self) -> impl Iterator<Item = (Method, Scheme, i64)> {
        let every = Method::all().flat_map(|method| Scheme::ALL.map(|scheme| (method, scheme)));
        every.map(|(method, scheme)| (method, scheme, self.active_of(method, scheme).load(Ordering::Relaxed)))
    }

    #[inline]
    pub(crate) fn read_clock(&self) -> Reading {
        self.anchor.read()
    }

    pub(crate) fn in_flight(&self) -> u64 {
        let plans = self.routes.all().flat_map(Route::plans);
        plans.map(|plan| plan.waiting.in_flight()).sum()
    }

    /// By tracker: requests in flight that somebody waits for and that will be counted there, but for those that only a
    /// mark says.
    #[cfg(feature = "store")]
    pub(crate) fn in_flight_by_tracker(&self) -> Vec<u64> {
        let mut counts = vec![0_u64; self.trackers.len()];
        for plan in self.routes.all().flat_map(Route::plans) {
            let in_flight = plan.waiting.owed();
            for tracker in plan.trackers() {
                counts[tracker] += in_flight;
            }
        }
        counts
    }

    /// By route, with those that matched none: requests that run for longer than patience.
    pub(crate) fn abandoned_in_flight(&self) -> impl Iterator<Item = (Option<&str>, u64)> {
        let now = self.read_clock();
        self.routes.all().map(move |route| {
            let abandoned = route.plans().map(|plan| plan.waiting.abandoned(now)).sum();
            (route.template(), abandoned)
        })
    }

    /// Counts the one decision of each SLO about a request whose clock stopped at that tick, and that of `requests` for its
    /// route.
    #[inline]
    pub(crate) fn judge(&self, route: &Route, plan: &Plan, method: Method, (lane, tick): (Lane, Tick), ended: &Ended) {
        let mut requests = None;
        let mut count = |tracker: usize, outcome| {
            self.trackers[tracker].record_by(lane, tick, outcome);
            if tracker == REQUESTS_TRACKER {
                requests = Some(outcome);
            }
        };
        match ended.answer() {
            // Nearly always: looked at once for all SLOs.
            Some(status) => plan
                .judge_answer(status, ended.elapsed)
                .for_each(|(tracker, outcome)| count(tracker, outcome)),
            None => self.routes.judge(plan, method, &self.slos, ended, &mut count),
        }
        if let Some(outcome) = requests {
            let red = self.routes.red_of(route);
            red.record(lane, tick, outcome, ended.timed.then_some(ended.elapsed));
        }
    }

    /// Counts an event that code told.
    pub(crate) fn told(&self, tracker: usize, outcome: Outcome) {
        self.trackers[tracker].record(self.now(), outcome);
    }

    #[inline]
    pub(crate) fn measure(&self, lane: Lane, route: &Route, labels: Labels, elapsed: Duration) {
        if let Some(instruments) = self.instruments.get() {
            let rest = &self.routes.unmatched().series;
            route
                .series
                .record(instruments, route.template(), labels, (lane, elapsed), rest);
        }
    }

    /// The totals of every SLO that has events of its own, or zeros until the engine has seen the series begin.
    pub(crate) fn totals_to_export(&self) -> Vec<(String, Events)> {
        let begun = self.export.has_begun();
        let now = self.now();
        let declared = self.slos.slos().iter();
        let declared = declared.map(|slo| (slo.name(), slo.sli().is_counted_here()));
        let totals = |tracker: &SloTracker| match begun {
            true => tracker.at(now).totals(),
            false => Events::default(),
        };
        let names = std::iter::once((names::REQUESTS, true)).chain(declared);
        names
            .zip(self.trackers.iter().map(totals))
            .filter(|((_, is_counted), _)| *is_counted)
            .map(|((name, _), totals)| (name.to_owned(), totals))
            .collect()
    }

    pub(crate) fn now(&self) -> Tick {
        self.anchor.tick_of(self.read_clock())
    }

    /// The SLOs in the order of the spec, each with its tracker.
    pub(crate) fn declared(&self) -> impl Iterator<Item = (&Slo, &SloTracker)> {
        self.slos.slos().iter().zip(&self.trackers[REQUESTS_TRACKER + 1..])
    }

    /// Every tracker by the name of its SLO, with the slices closed that are over.
    pub(crate) fn trackers_at(&self, now: Tick) -> Trackers<'_> {
        let by_name = self.declared().map(|(slo, tracker)| (slo.name(), tracker.at(now)));
        Trackers {
            slos: &self.slos,
            by_name: by_name.collect(),
            now,
        }
    }
}

/// The trackers by the names of their SLOs, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Trackers<'a> {
    pub(crate) slos: &'a SloSet,
    by_name: HashMap<&'a str, &'a Tracker>,
    pub(crate) now: Tick,
}

impl<'a> Trackers<'a> {
    /// What counts the events of an SLO.
    pub(crate) fn of(&self, name: &str) -> Option<&'a Tracker> {
        self.by_name.get(name).copied()
    }
}

/// Tells one `Reliability` from another in a process; never 0, which is none.
fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Relaxed: only that no number is drawn twice, which four billion of them do not make likely.
    NEXT.fetch_add(1, Ordering::Relaxed).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Marks;
    use crate::{Reliability, ReliabilityBuilder};

    const SPEC: &str = "
version: 1
service: shop
slos:
  - name: minutes
    objective: 99.9%
    window: 30d
    sli: { http: { routes: [/a], faster_than: 1s }, time_slices: { length: 5m, target: 99% } }
environments:
  dev: { slos: { minutes: { objective: 90%, faster_than: 20s } } }
";

    fn built(environment: Option<&str>) -> Reliability {
        let builder = Reliability::builder(SloSet::from_yaml(SPEC).unwrap());
        let named = environment.into_iter().fold(builder, ReliabilityBuilder::environment);
        named.build().unwrap()
    }

    #[test]
    fn an_slo_in_time_slices_counts_slices_that_are_over() {
        let shared = Arc::clone(built(None).shared());
        let now = shared.now();
        for second in 0..5 {
            shared.trackers[1].record_many(now + Duration::from_secs(second * 300), Events::new(0, 3));
        }
        let exported = shared.totals_to_export();
        assert_eq!(exported[1], ("minutes".to_owned(), Events::default())); // zeros come first
        shared.export.zero_once();
        let _zeros = shared.totals_to_export();
        assert_eq!(shared.totals_to_export()[1].1, Events::new(0, 4));
    }

    #[test]
    fn the_environment_changes_what_is_measured_and_exported() {
        let slo = |environment| built(environment).status().slos.remove(0);
        assert_eq!(slo(Some("dev")).objective.to_string(), "90%");
        assert_eq!(slo(Some("dev")).sli.faster_than, "20s".parse().ok());
        for unchanged in [None, Some("production"), Some("DEV")] {
            assert_eq!(slo(unchanged).objective.to_string(), "99.9%");
        }
        let judged = |environment| {
            let reliability = built(environment);
            let shared = reliability.shared();
            let get = Method::of(&http::Method::GET);
            let ended = Ended {
                ending: slo_core::Ending::Answered(200),
                head: Some(200),
                elapsed: Duration::from_secs(5),
                timed: true,
                overruled: None,
                marks: Marks::NONE,
            };
            let route = shared.routes.at(shared.routes.of_template("/a"));
            let plan = shared.routes.plan(route, get, &shared.slos);
            let mut judged = Vec::new();
            shared
                .routes
                .judge(plan, get, &shared.slos, &ended, &mut |_, outcome| judged.push(outcome));
            judged
        };
        assert_eq!(judged(Some("dev")), [Outcome::Good, Outcome::Good]);
        assert_eq!(judged(None), [Outcome::Good, Outcome::Bad]);
    }
}
