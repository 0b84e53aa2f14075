//! Which SLOs a request belongs to: worked out once per route and method, then looked up.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use slo_core::{Classification, DEFAULT_PATIENCE, Ending, Judge, Outcome, Override, Sli, SloSet, Tick};

use crate::attributes::Method;
use crate::red::RouteRed;

/// A matched route with the judges of each method.
#[derive(Debug)]
pub(crate) struct Route {
    template: Arc<str>,
    red: RouteRed,
    by_method: [Vec<Plan>; Method::COUNT],
}

/// One SLO's judge, and which tracker its verdict goes to.
#[derive(Debug)]
struct Plan {
    tracker: usize,
    judge: Judge,
    /// A latency SLO.
    has_limit: bool,
}

impl Route {
    fn new(template: &str, slos: &SloSet, judges: &[Option<Judge>], started: Tick) -> Self {
        let mut by_method: [Vec<Plan>; Method::COUNT] = Default::default();
        for method in Method::all() {
            by_method[method.index()] = plans(template, method.as_str(), slos, judges);
        }
        Self {
            template: template.into(),
            red: RouteRed::new(started),
            by_method,
        }
    }

    pub(crate) fn template(&self) -> &Arc<str> {
        &self.template
    }

    pub(crate) fn red(&self) -> &RouteRed {
        &self.red
    }

    /// Each SLO's decision on a request, with the index of its tracker; without latency SLOs when the request is not
    /// `timed`, since how long an event stream or an upgrade takes is no promise.
    pub(crate) fn judge(
        &self,
        method: Method,
        ending: Ending,
        elapsed: Duration,
        timed: bool,
        overruled: Option<Override>,
    ) -> impl Iterator<Item = (usize, Outcome)> {
        let plans = self.by_method[method.index()].iter();
        let judged = plans.filter(move |plan| timed || !plan.has_limit);
        judged.map(move |plan| {
            let judgement = plan.judge.judge_with_reason(ending, elapsed, overruled);
            (plan.tracker, judgement.outcome)
        })
    }
}

/// The index of the built-in SLI `requests` among the trackers; the spec's SLOs follow it in their order.
pub(crate) const REQUESTS_TRACKER: usize = 0;

/// The judge of each tracker that requests are counted in; their patience is the route's.
fn judges(slos: &SloSet) -> Vec<Option<Judge>> {
    let requests = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
    let declared = slos.slos().iter().map(|slo| match slo.sli() {
        Sli::Http(sli) => Some(Judge::new(sli.classification(), sli.limit(), DEFAULT_PATIENCE)),
        _ => None,
    });
    std::iter::once(Some(requests)).chain(declared).collect()
}

fn plans(template: &str, method: &str, slos: &SloSet, judges: &[Option<Judge>]) -> Vec<Plan> {
    let patience = slos.patience(template, method);
    let plan = |tracker: usize, has_limit| {
        let judge = judges[tracker].as_ref()?.with_patience(patience);
        Some(Plan {
            tracker,
            judge,
            has_limit,
        })
    };
    let declared = slos.slos().iter().zip(REQUESTS_TRACKER + 1..);
    let declared = declared.filter_map(|(slo, tracker)| match slo.sli() {
        Sli::Http(sli) if sli.matches(template, method) => plan(tracker, sli.limit().is_some()),
        _ => None,
    });
    plan(REQUESTS_TRACKER, false).into_iter().chain(declared).collect()
}

/// Every route that was seen. Bounded by the router: templates are code, never what a client sent.
#[derive(Debug)]
pub(crate) struct Routes {
    judges: Vec<Option<Judge>>,
    seen: RwLock<HashMap<Box<str>, Arc<Route>>>,
}

impl Routes {
    pub(crate) fn new(slos: &SloSet) -> Self {
        Self {
            judges: judges(slos),
            seen: RwLock::default(),
        }
    }

    pub(crate) fn of(&self, template: &str, slos: &SloSet, started: Tick) -> Arc<Route> {
        let known = self
            .seen
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(template)
            .cloned();
        known.unwrap_or_else(|| {
            // Prepared before the lock is taken; a second thread may prepare the same one, and the first insert stays.
            let route = Arc::new(Route::new(template, slos, &self.judges, started));
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry(template.into()).or_insert(route))
        })
    }

    pub(crate) fn seen(&self) -> Vec<Arc<Route>> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slos() -> SloSet {
        SloSet::from_yaml(
            "{version: 1, service: shop, slos: [
              {name: a, objective: 99%, window: 30d, sli: {http: {routes: [/a, /b]}}},
              {name: b-post, objective: 99%, window: 30d, sli: {http: {routes: [/b], methods: [POST], bad: [429]}}},
              {name: b-fast, objective: 99%, window: 30d, sli: {http: {routes: [/b], faster_than: 1s}}}]}",
        )
        .unwrap()
    }

    fn judged(route: &str, method: &http::Method, ending: Ending, millis: u64) -> Vec<(usize, Outcome)> {
        let route = Routes::new(&slos()).of(route, &slos(), Tick::default());
        route
            .judge(Method::of(method), ending, Duration::from_millis(millis), true, None)
            .collect()
    }

    #[test]
    fn every_matched_route_is_in_requests_and_in_what_names_it() {
        let answered = Ending::Answered(429);
        assert_eq!(judged("/other", &http::Method::GET, answered, 0), [(0, Outcome::Good)]);
        assert_eq!(
            judged("/a", &http::Method::GET, answered, 0),
            [(0, Outcome::Good), (1, Outcome::Good)]
        );
        assert_eq!(
            judged("/b", &http::Method::POST, answered, 2_000),
            [
                (0, Outcome::Good),
                (1, Outcome::Good),
                (2, Outcome::Bad),
                (3, Outcome::Bad)
            ]
        );
    }

    #[test]
    fn a_vanished_client_is_judged_by_the_routes_smallest_limit() {
        assert_eq!(
            judged("/a", &http::Method::GET, Ending::Cancelled, 1_500),
            [(0, Outcome::Excluded), (1, Outcome::Excluded)]
        );
        assert!(
            judged("/b", &http::Method::GET, Ending::Cancelled, 1_500)
                .iter()
                .all(|(_, o)| *o == Outcome::Bad)
        );
    }
}
