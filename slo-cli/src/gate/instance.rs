//! A service's own status route in the place of an engine: what one instance saw, and nothing of the others.
//!
//! It tells shares and quantiles of the last 15 minutes by route, and the events of each promise since the process began.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use slo_core::gate::{Evidence, Latency, Observation, Unseen};
use slo_core::{Events, Sli, Slo, SloSet, Threshold, Window};

use super::latency::is_enough;
use crate::prom::{Engine, counted, share};
use crate::render::plain;

/// The part of a status that the gate reads.
#[derive(Deserialize)]
struct Status {
    service: String,
    namespace: Option<String>,
    environment: Option<String>,
    instance_id: String,
    requests: Requests,
    slos: Vec<Promise>,
    routes: Vec<Route>,
}

#[derive(Deserialize)]
struct Requests {
    totals: Events,
}

#[derive(Deserialize)]
struct Promise {
    name: String,
    objective: String,
    window: String,
    events: Events,
    coverage_ratio: f64,
    budget: Budget,
}

#[derive(Deserialize)]
struct Budget {
    recovers_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Route {
    measured_seconds: f64,
    requests: u64,
    /// Not told by services that were built before there was this field.
    excluded: Option<u64>,
    error_ratio: Option<f64>,
    latency: Quantiles,
}

#[derive(Deserialize)]
struct Quantiles {
    timed: u64,
    p50: Option<Quantile>,
    p95: Option<Quantile>,
    p99: Option<Quantile>,
}

/// Its bounds, in seconds.
#[derive(Clone, Copy, Deserialize)]
struct Quantile {
    at_least_seconds: f64,
    below_seconds: Option<f64>,
}

/// Reads a status route; what cannot be read or is not of this service, environment and namespace is evidence as well.
pub fn ask_instance(route: &Engine, slos: &SloSet, environment: Option<&str>, namespace: Option<&str>) -> Evidence {
    let source = crate::prom::Ask::source(route);
    let status = route.page(|body| {
        let status = serde_json::from_slice::<Status>(body);
        status.map_err(|error| match error.is_eof() {
            true => "half an answer".to_owned(),
            false => "other JSON, or none".to_owned(),
        })
    });
    match status
        .map_err(|error| error.to_string())
        .and_then(|status| is_ours(status, slos, environment, namespace))
    {
        Ok(status) => View::new(source, status, slos).evidence(),
        Err(why) => dark(&source, slos, &Unseen::NoAnswer(why)),
    }
}

fn is_ours(
    status: Status,
    slos: &SloSet,
    environment: Option<&str>,
    namespace: Option<&str>,
) -> Result<Status, String> {
    if status.service != slos.service() {
        let (theirs, ours) = (plain(&status.service), slos.service());
        return Err(format!(
            "it is the status of `{theirs}`, and the spec is that of `{ours}`"
        ));
    }
    for (what, asked, found) in [
        ("environment", environment, &status.environment),
        ("namespace", namespace, &status.namespace),
    ] {
        match (asked, found.as_deref()) {
            (Some(asked), Some(found)) if asked != found => {
                let found = plain(found);
                return Err(format!(
                    "it is the status of {what} `{found}`, not of `{}`",
                    plain(asked)
                ));
            }
            (Some(asked), None) => {
                let asked = plain(asked);
                return Err(format!(
                    "it does not say of which {what} it is the status; `{asked}` was asked for"
                ));
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
    }
    Ok(status)
}

/// Nothing was seen.
fn dark(source: &str, slos: &SloSet, why: &Unseen) -> Evidence {
    let evidence = Evidence::new(
        Observation::unseen(source, why.clone()),
        Observation::unseen(source, why.clone()),
    );
    let judged = slos.slos().iter().filter(|slo| slo.composite().is_none());
    judged.fold(evidence, |evidence, slo| {
        evidence.budget(slo.name(), Observation::unseen(source, why.clone()))
    })
}

struct View<'a> {
    source: String,
    status: Status,
    slos: &'a SloSet,
}

impl<'a> View<'a> {
    const fn new(source: String, status: Status, slos: &'a SloSet) -> Self {
        Self { source, status, slos }
    }

    fn evidence(&self) -> Evidence {
        let rules = self.slos.gate();
        let mut requests = self.within(rules.bad_ratio.over, || self.requests());
        if !self.tells_excluded() && self.status.requests.totals.excluded() > 0 {
            requests =
                requests.noted("it does not tell how many of the last requests were excluded: they count as valid");
        }
        let latency = self.within(rules.p95.over, || self.latency(rules.p95.limit));
        let evidence = Evidence::new(requests, latency);
        let judged = self.slos.slos().iter().filter(|slo| slo.composite().is_none());
        judged.fold(evidence, |evidence, slo| self.budget(evidence, slo))
    }

    /// What is known of the last 15 minutes, and of no other time.
    fn within<T>(&self, over: Window, seen: impl FnOnce() -> Result<T, Unseen>) -> Observation<T> {
        let seen = match over.rolling_length() == Some(REMEMBERED) {
            true => seen(),
            false => Err(Unseen::NoAnswer(format!(
                "one instance tells of the last 15 minutes, and the rule is over {over}; ask an engine"
            ))),
        };
        let measured = self.status.routes.iter().map(|route| route.measured_seconds);
        let measured = measured.fold(0.0, f64::max) / REMEMBERED.as_secs_f64();
        let seen = self.observed(seen);
        share(measured)
            .filter(|share| share.part() > 0)
            .into_iter()
            .fold(seen, Observation::covering)
    }

    fn observed<T>(&self, seen: Result<T, Unseen>) -> Observation<T> {
        let seen = match seen {
            Ok(value) => Observation::seen(&self.source, value),
            Err(why) => Observation::unseen(&self.source, why),
        };
        let instance = plain(&self.status.instance_id);
        seen.noted(format!("the view of one instance, {instance}, and not of the fleet"))
    }

    fn requests(&self) -> Result<Events, Unseen> {
        let totals = self.status.requests.totals;
        if self.status.routes.is_empty() && totals.all() > 0 {
            return Err(Unseen::Unclear(format!(
                "it counted {} requests since it began, and names no route that one matched",
                totals.all()
            )));
        }
        let mut each = self.status.routes.iter().map(events_of);
        let sum = each.try_fold(Events::default(), |sum, events| Ok(sum.saturating_add(events?)))?;
        if self.tells_excluded() {
            return Ok(sum);
        }
        let rules = self.slos.gate();
        let most = rules.most_excluded;
        match totals.excluded_ratio().filter(|share| *share > most.as_ratio()) {
            Some(share) if sum.all() >= rules.least_events.max(1) => Err(Unseen::Unclear(format!(
                "{share} of the requests since it began were excluded, more than {most}, and it does not tell of the last \
                 ones"
            ))),
            _ => Ok(sum),
        }
    }

    /// Whether it says of its last requests how many were excluded.
    fn tells_excluded(&self) -> bool {
        self.status.routes.iter().all(|route| route.excluded.is_some())
    }

    /// How many requests surely were fast enough, and how many surely were not, as the quantiles of each route bound
    /// them.
    fn latency(&self, limit: Threshold) -> Result<Latency, Unseen> {
        let routes = || self.status.routes.iter().map(|route| &route.latency);
        let sum = |of: fn(&Quantiles, f64) -> u64| -> u64 {
            let each = routes().map(|route| of(route, limit.as_seconds_f64()).min(route.timed));
            each.fold(0, u64::saturating_add)
        };
        let all = routes().fold(0, |all: u64, route| all.saturating_add(route.timed));
        let (least, most) = (sum(surely_fast), sum(perhaps_fast));
        let requests = self
            .status
            .routes
            .iter()
            .fold(0, |all: u64, route| all.saturating_add(route.requests));
        if all == 0 && requests >= self.slos.gate().least_events.max(1) {
            let words = format!("it counted {requests} requests, and timed none");
            return Err(Unseen::Unclear(words));
        }
        if least > most {
            let words = "its quantiles are below one bound and above a higher one";
            return Err(Unseen::Unclear(words.to_owned()));
        }
        let events = |fast: u64| {
            let events = Events::new(fast, all.saturating_sub(fast));
            Ok(Latency::Counts { limit, events })
        };
        match (is_enough(least, all), is_enough(most, all)) {
            (true, _) => events(least),
            (false, false) => events(most),
            (false, true) => Err(Unseen::NoAnswer(format!(
                "the quantiles of its routes lie on both sides of {limit}, and do not tell that of all of them"
            ))),
        }
    }

    fn budget(&self, evidence: Evidence, slo: &Slo) -> Evidence {
        if matches!(slo.sli(), Sli::Prometheus(_)) {
            let words = "no instance counts its events, an engine does; ask that";
            return evidence.budget(slo.name(), self.observed(Err(Unseen::NoAnswer(words.to_owned()))));
        }
        let Some(promise) = self.status.slos.iter().find(|promise| promise.name == slo.name()) else {
            return evidence.budget(slo.name(), self.observed(Err(Unseen::NeverSeen)));
        };
        let (objective, window) = (slo.target().to_string(), slo.window().to_string());
        if promise.window != window {
            let words = format!(
                "the instance counts over {}, the spec over {window}",
                plain(&promise.window)
            );
            return evidence.budget(slo.name(), self.observed(Err(Unseen::Unclear(words))));
        }
        let mut seen = self.observed(Ok(promise.events));
        seen = share(promise.coverage_ratio)
            .into_iter()
            .fold(seen, Observation::covering);
        if promise.objective != objective {
            let theirs = plain(&promise.objective);
            seen = seen.noted(format!("the instance promises {theirs}, the spec {objective}"));
        }
        let evidence = evidence.budget(slo.name(), seen);
        match promise.budget.recovers_at {
            Some(at) => evidence.recovers_at(slo.name(), at),
            None => evidence,
        }
    }
}

/// The events of one route. Its share is of those that count: without one, none did.
fn events_of(route: &Route) -> Result<Events, Unseen> {
    let contradicts = |words: String| Unseen::NoAnswer(format!("it says that {words}"));
    let requests = route.requests;
    let valid = match (route.excluded, route.error_ratio) {
        (Some(excluded), _) => requests.checked_sub(excluded),
        (None, Some(_)) => Some(requests),
        (None, None) => Some(0),
    };
    let Some(valid) = valid else {
        return Err(contradicts(format!("more than its {requests} requests were excluded")));
    };
    let of_valid = match route.error_ratio {
        Some(ratio) => split(valid, ratio).ok_or_else(|| contradicts(format!("{ratio} of its requests were bad")))?,
        None if valid == 0 => Events::default(),
        None => {
            return Err(contradicts(format!(
                "{valid} of its requests count, and not how many were bad"
            )));
        }
    };
    Ok(of_valid.with_excluded(requests - valid))
}

/// So many events with such a share of bad ones; `None` for what is no share.
fn split(valid: u64, ratio: f64) -> Option<Events> {
    let share = share(ratio).filter(|_| (0.0..=1.0).contains(&ratio))?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of a count that one process has in 15 minutes"
    )]
    let bad = counted(share.as_ratio_f64() * valid as f64).ok()?;
    Some(Events::new(valid.saturating_sub(bad), bad))
}

/// As many as a quantile below the limit says: p95 is what 95% did not exceed.
fn surely_fast(route: &Quantiles, limit: f64) -> u64 {
    let is_below = |quantile: &Option<Quantile>| {
        quantile
            .and_then(|quantile| quantile.below_seconds)
            .is_some_and(|below| below <= limit)
    };
    let highest = [(99, &route.p99), (95, &route.p95), (50, &route.p50)];
    let highest = highest.into_iter().find(|(_, quantile)| is_below(quantile));
    highest.map_or(0, |(percent, _)| ranked(route.timed, percent))
}

/// As many as a quantile above the limit leaves: fewer than 95% are at most what is under p95.
fn perhaps_fast(route: &Quantiles, limit: f64) -> u64 {
    let is_above = |quantile: &Option<Quantile>| quantile.is_some_and(|quantile| quantile.at_least_seconds > limit);
    let lowest = [(50, &route.p50), (95, &route.p95), (99, &route.p99)];
    let lowest = lowest.into_iter().find(|(_, quantile)| is_above(quantile));
    lowest.map_or(route.timed, |(percent, _)| {
        ranked(route.timed, percent).saturating_sub(1)
    })
}

/// The nearest rank, rounded up.
fn ranked(timed: u64, percent: u64) -> u64 {
    timed.saturating_mul(percent).div_ceil(100)
}

/// What an instance remembers of its routes.
const REMEMBERED: Duration = Duration::from_secs(900);

#[cfg(test)]
mod tests;
