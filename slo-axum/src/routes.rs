//! Which SLOs a request belongs to: worked out once per route and method, then looked up.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::MatchedPath;
use slo_core::{
    Classification, DEFAULT_PATIENCE, Ending, HttpSli, Judge, Outcome, Override, Sli, SloSet, Threshold, Tick, Until,
};

use crate::attributes::Method;
use crate::grown::{Grown, Place, hash, hash_text};
use crate::mark::Marks;
use crate::red::RouteRed;
use crate::series::RouteSeries;
use crate::waiting::Waiting;

/// A matched route, or all requests that matched none.
#[derive(Debug)]
pub(crate) struct Route {
    template: Option<Box<str>>,
    /// The same text as axum handed it over first. Held, so that nothing else can come to lie where it lies: who hands over
    /// that very text again needs no comparison of letters.
    first: Option<MatchedPath>,
    /// By [`Method::index`], for the methods that were seen.
    by_method: [OnceLock<Box<Plan>>; Method::COUNT],
    pub(crate) series: RouteSeries,
    /// From its first request on that is counted.
    red: OnceLock<Box<RouteRed>>,
}

/// What is to be done with the requests of one route and method.
#[derive(Debug)]
pub(crate) struct Plan {
    slos: Vec<Judging>,
    patience: Duration,
    /// An SLO asks for the clock to stop at the end of the body.
    pub(crate) until_body: bool,
    pub(crate) waiting: Waiting,
}

impl Plan {
    /// As [`Routes::judge`], of a timed answer of which nobody has said more than its status code.
    #[inline]
    pub(crate) fn judge_answer(&self, status: u16, elapsed: Duration) -> impl Iterator<Item = (usize, Outcome)> {
        let judge = move |judging: &Judging| judging.judge.judge(Ending::Answered(status), elapsed);
        self.slos.iter().map(move |judging| (judging.tracker, judge(judging)))
    }
}

#[cfg(feature = "store")]
impl Plan {
    /// The trackers in which the requests are counted when they end.
    pub(crate) fn trackers(&self) -> impl Iterator<Item = usize> {
        self.slos.iter().map(|judging| judging.tracker)
    }
}

/// One SLO's judge, and which tracker its verdict goes to.
#[derive(Debug)]
struct Judging {
    tracker: usize,
    judge: Judge,
    /// A latency SLO.
    has_limit: bool,
}

/// A request that has ended, as judges see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    /// The status code of the head, where one was sent.
    pub(crate) head: Option<u16>,
    pub(crate) elapsed: Duration,
    /// Not an event stream or an upgrade, whose length is no promise.
    pub(crate) timed: bool,
    pub(crate) overruled: Option<Override>,
    pub(crate) marks: Marks,
}

impl Ended {
    /// The status code of a timed answer of which nobody has said more: no handler, no mark.
    #[inline]
    pub(crate) fn answer(&self) -> Option<u16> {
        match self.ending {
            Ending::Answered(status) if self.timed && self.overruled.is_none() && self.marks.slos == 0 => Some(status),
            _ => None,
        }
    }
}

impl Route {
    fn new(template: Option<&str>, first: Option<&MatchedPath>) -> Self {
        Self {
            template: template.map(Box::from),
            first: first.cloned(),
            by_method: Default::default(),
            series: RouteSeries::new(),
            red: OnceLock::new(),
        }
    }

    pub(crate) fn template(&self) -> Option<&str> {
        self.template.as_deref()
    }

    #[inline]
    fn is(&self, template: &str) -> bool {
        let first = self.first.as_ref().map(MatchedPath::as_str);
        first.is_some_and(|first| std::ptr::eq(first, template)) || self.template() == Some(template)
    }

    /// Every plan that was made.
    pub(crate) fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.by_method.iter().filter_map(OnceLock::get).map(Box::as_ref)
    }
}

/// The index of the built-in SLI `requests` among the trackers; the spec's SLOs follow it in their order.
pub(crate) const REQUESTS_TRACKER: usize = 0;

/// Every route that was seen. Bounded by the router: templates are code, never what a client sent.
#[derive(Debug)]
pub(crate) struct Routes {
    /// By tracker; `None` where requests are not counted. Their patience is the route's.
    judges: Vec<Option<Judge>>,
    seen: Grown<Route>,
    /// When the process began to measure.
    started: Tick,
    /// Where the templates of late lay in memory, and the places of their routes: a router hands out the same text again
    /// and again. Only a hint, for another router may have put another text there.
    hints: [AtomicU32; HINTS],
    unmatched: Route,
}

/// 2 to the power of this: enough that the templates of a large service seldom share one, which costs a search each time.
const HINTS_LOG2: u32 = 10;
const HINTS: usize = 1 << HINTS_LOG2;

/// By where the template lies; by the uppermost bits of the hash, which are mixed best.
#[inline]
fn hint_of(template: &str) -> usize {
    (hash(template.as_ptr().addr() as u64) >> (u64::BITS - HINTS_LOG2)) as usize
}

/// A route by its place, which it keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteId(Place);

impl RouteId {
    /// Of what matched none.
    const UNMATCHED: Self = Self(Place::NOWHERE);
}

impl Routes {
    pub(crate) fn new(slos: &SloSet, started: Tick) -> Self {
        Self {
            judges: judges(slos),
            started,
            seen: Grown::new(64),
            hints: [const { AtomicU32::new(Place::NOWHERE.bits()) }; HINTS],
            unmatched: Route::new(None, None),
        }
    }

    /// The route of a request, by the template that it matched.
    #[inline]
    pub(crate) fn of(&self, matched: Option<&MatchedPath>) -> RouteId {
        matched.map_or(RouteId::UNMATCHED, |matched| {
            self.named(matched.as_str(), Some(matched))
        })
    }

    #[inline]
    fn named(&self, template: &str, matched: Option<&MatchedPath>) -> RouteId {
        let hint = &self.hints[hint_of(template)];
        // Relaxed: whatever is read is compared with the template before it is believed.
        let hinted = Place::from_bits(hint.load(Ordering::Relaxed));
        if self.seen.at(hinted).is_some_and(|route| route.is(template)) {
            return RouteId(hinted);
        }
        let place = self.find(template, matched);
        hint.store(place.bits(), Ordering::Relaxed);
        RouteId(place)
    }

    #[cold]
    fn find(&self, template: &str, matched: Option<&MatchedPath>) -> Place {
        let hash = hash_text(template);
        let is = |route: &Route| route.template() == Some(template);
        let known = self.seen.get(hash, is).map(|(place, _)| place);
        known.unwrap_or_else(|| self.seen.insert(hash, is, Route::new(Some(template), matched)).0)
    }

    /// As [`of`](Self::of) a request that matched this.
    #[cfg(test)]
    pub(crate) fn of_template(&self, template: &str) -> RouteId {
        self.named(template, None)
    }

    #[inline]
    pub(crate) fn at(&self, id: RouteId) -> &Route {
        self.seen.at(id.0).unwrap_or(&self.unmatched)
    }

    pub(crate) const fn unmatched(&self) -> &Route {
        &self.unmatched
    }

    /// The template of every route that was seen.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &str> {
        self.seen.iter().filter_map(Route::template)
    }

    /// What was recorded for people, by template; not of routes whose requests are not counted.
    pub(crate) fn red(&self) -> impl Iterator<Item = (&str, &RouteRed)> {
        self.seen
            .iter()
            .filter_map(|route| Some((route.template()?, route.red.get()?.as_ref())))
    }

    /// What is recorded of this route for people.
    pub(crate) fn red_of<'a>(&self, route: &'a Route) -> &'a RouteRed {
        route.red.get_or_init(|| Box::new(RouteRed::new(self.started)))
    }

    /// Every route that was seen, and what matched none.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Route> {
        self.seen.iter().chain([&self.unmatched])
    }

    /// What is to be done with a request of this route and method.
    #[inline]
    pub(crate) fn plan<'a>(&self, route: &'a Route, method: Method, slos: &SloSet) -> &'a Plan {
        let plan = || Box::new(self.new_plan(route.template(), method.as_str(), slos));
        route.by_method[method.index()].get_or_init(plan)
    }

    fn new_plan(&self, template: Option<&str>, method: &str, slos: &SloSet) -> Plan {
        let patience = template.map_or(DEFAULT_PATIENCE, |template| slos.patience(template, method));
        let matching = |sli: &&HttpSli| template.is_some_and(|template| sli.matches(template, method));
        let requests = template.and_then(|_| self.judging(REQUESTS_TRACKER, false, patience));
        let declared = http(slos).filter(|(_, sli)| matching(sli));
        let declared = declared.filter_map(|(tracker, sli)| self.judging(tracker, sli.limit().is_some(), patience));
        Plan {
            slos: requests.into_iter().chain(declared).collect(),
            patience,
            until_body: http(slos).any(|(_, sli)| matching(&sli) && sli.clock_stops() == Until::Body),
            waiting: Waiting::new(patience),
        }
    }

    fn judging(&self, tracker: usize, has_limit: bool, patience: Duration) -> Option<Judging> {
        let judge = self.judges.get(tracker)?.as_ref()?.with_patience(patience);
        Some(Judging {
            tracker,
            judge,
            has_limit,
        })
    }

    /// Each SLO's decision on a request, with the index of its tracker; without latency SLOs when it is not timed.
    ///
    /// First `requests`, if the request has a route.
    #[inline(never)]
    pub(crate) fn judge(
        &self,
        plan: &Plan,
        method: Method,
        slos: &SloSet,
        ended: &Ended,
        to: &mut dyn FnMut(usize, Outcome),
    ) {
        if ended.marks.slos != 0 {
            return self.judge_marked(plan, method, slos, ended, to);
        }
        for judging in &plan.slos {
            judging.judge(ended, to);
        }
    }

    /// With the SLOs that only a mark says, whose limits are the route's patience, too.
    #[cold]
    fn judge_marked(
        &self,
        plan: &Plan,
        method: Method,
        slos: &SloSet,
        ended: &Ended,
        to: &mut dyn FnMut(usize, Outcome),
    ) {
        let marked: Vec<_> = marked(slos, ended.marks)
            .filter(|(_, sli)| sli.has_method(method.as_str()))
            .collect();
        let own = plan
            .slos
            .iter()
            .any(|judging| judging.has_limit)
            .then_some(plan.patience);
        let limits = marked.iter().filter_map(|(_, sli)| sli.limit());
        let patience = limits.map(Threshold::as_duration).chain(own).min();
        let patience = patience.unwrap_or(plan.patience);
        let is_new = |tracker: usize| plan.slos.iter().all(|judging| judging.tracker != tracker);
        let new = marked.into_iter().filter(|(tracker, _)| is_new(*tracker));
        let known = plan.slos.iter().map(|judging| (judging.tracker, judging.has_limit));
        for (tracker, has_limit) in known.chain(new.map(|(tracker, sli)| (tracker, sli.limit().is_some()))) {
            if let Some(judging) = self.judging(tracker, has_limit, patience) {
                judging.judge(ended, to);
            }
        }
    }
}

impl Judging {
    fn judge(&self, ended: &Ended, to: &mut dyn FnMut(usize, Outcome)) {
        if ended.timed || !self.has_limit {
            let judgement = match (ended.ending, ended.head) {
                (Ending::Cancelled, Some(status)) => {
                    self.judge.judge_left_after(status, ended.elapsed, ended.overruled)
                }
                (ending, _) => self.judge.judge_with_reason(ending, ended.elapsed, ended.overruled),
            };
            to(self.tracker, judgement.outcome);
        }
    }
}

/// Whether an SLO that a mark says asks for the clock to stop at the end of the body.
#[inline]
pub(crate) fn marked_until_body(slos: &SloSet, marks: Marks) -> bool {
    marks.slos != 0 && marked(slos, marks).any(|(_, sli)| sli.clock_stops() == Until::Body)
}

fn judges(slos: &SloSet) -> Vec<Option<Judge>> {
    let requests = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
    let declared = slos.slos().iter().map(|slo| match slo.sli() {
        Sli::Http(sli) => Some(Judge::new(sli.classification(), sli.limit(), DEFAULT_PATIENCE)),
        _ => None,
    });
    std::iter::once(Some(requests)).chain(declared).collect()
}

/// The SLOs whose events are requests, each with the index of its tracker.
fn http(slos: &SloSet) -> impl Iterator<Item = (usize, &HttpSli)> {
    let slis = slos.slos().iter().zip(REQUESTS_TRACKER + 1..);
    slis.filter_map(|(slo, tracker)| match slo.sli() {
        Sli::Http(sli) => Some((tracker, sli)),
        _ => None,
    })
}

fn marked(slos: &SloSet, marks: Marks) -> impl Iterator<Item = (usize, &HttpSli)> {
    let is_marked =
        move |index: usize| u32::try_from(index).is_ok_and(|index| marks.slos.checked_shr(index).unwrap_or(0) & 1 == 1);
    http(slos).filter(move |(tracker, _)| is_marked(tracker - REQUESTS_TRACKER - 1))
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
        let (routes, slos, method) = (Routes::new(&slos(), Tick::default()), slos(), Method::of(method));
        let ended = Ended {
            ending,
            head: None,
            elapsed: Duration::from_millis(millis),
            timed: true,
            overruled: None,
            marks: Marks::NONE,
        };
        let route = routes.at(routes.of_template(route));
        let mut judged = Vec::new();
        let plan = routes.plan(route, method, &slos);
        routes.judge(plan, method, &slos, &ended, &mut |tracker, outcome| {
            judged.push((tracker, outcome))
        });
        if let Some(status) = ended.answer() {
            let at_once: Vec<_> = plan.judge_answer(status, ended.elapsed).collect();
            assert_eq!(at_once, judged);
        }
        judged
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
