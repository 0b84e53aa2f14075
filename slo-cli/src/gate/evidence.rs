//! From answers to evidence: what was counted, how much of it was seen, and what could not be.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Evidence, GateRules, Latency, Observation, Unseen};
use slo_core::{ErrorBudget, Events, Ratio, Recovery, Share, Slo, SloSet, Threshold, Tick, names};

use super::Target;
use super::asking::{Asking, Said};
use super::queries::Queries;
use crate::prom::{Ask, Sample, Stretch};
use crate::render::plain;

/// Asks an engine for everything that the gate's rules need to know of a service, at a moment or now.
///
/// Nothing is left out: what could not be seen is evidence as well. An engine that does not answer is asked once.
pub fn gather(engine: &dyn Ask, slos: &SloSet, target: &Target, at: Option<DateTime<Utc>>) -> Evidence {
    let gathering = Gathering {
        asking: Asking::new(engine, at),
        queries: Queries(target),
        now: at.unwrap_or_else(Utc::now),
    };
    gathering.evidence(slos)
}

struct Gathering<'a> {
    asking: Asking<'a>,
    queries: Queries<'a>,
    now: DateTime<Utc>,
}

/// Whether the service is there, and since when it has said nothing.
struct Presence {
    said: Said,
    pushed_ago: Option<Duration>,
    unseen: Option<Unseen>,
}

impl Gathering<'_> {
    fn evidence(&self, slos: &SloSet) -> Evidence {
        let rules = slos.gate();
        let presence = self.presence(slos);
        let evidence = Evidence::new(self.requests(rules, &presence), self.latency(rules, &presence));
        self.budgets(slos, &presence)
            .into_iter()
            .fold(evidence, |evidence, budget| {
                let recovers_at = budget.recovers_at;
                let evidence = evidence.budget(&budget.slo, budget.seen);
                recovers_at
                    .into_iter()
                    .fold(evidence, |evidence, at| evidence.recovers_at(&budget.slo, at))
            })
    }

    fn presence(&self, slos: &SloSet) -> Presence {
        let said = self.asking.ask(self.queries.present());
        let environments: Vec<_> = said
            .series()
            .iter()
            .map(|sample| environment(sample).to_owned())
            .collect();
        let unseen = match environments.len() {
            _ if said.failure().is_some() => said.failure(),
            0 => Some(self.why_absent(slos)),
            1 => None,
            _ => Some(Unseen::Environments(environments)),
        };
        let age = || self.asking.ask(self.queries.age()).value();
        let pushed_ago = unseen.is_none().then(age).flatten();
        Presence {
            said,
            pushed_ago: pushed_ago.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok()),
            unseen,
        }
    }

    /// It has no sample now: it never had one in any window that matters, or it is gone.
    fn why_absent(&self, slos: &SloSet) -> Unseen {
        let windows = slos.slos().iter().map(|slo| self.length(slo));
        let longest = windows
            .max()
            .unwrap_or_default()
            .max(slos.gate().bad_ratio.over.longest());
        let said = self.asking.ask(self.queries.ever(longest));
        match said.value() {
            _ if said.failure().is_some() => said.failure().unwrap_or(Unseen::NeverSeen),
            Some(series) if series > 0.0 => Unseen::Vanished,
            _ => Unseen::NeverSeen,
        }
    }

    fn requests(&self, rules: &GateRules, presence: &Presence) -> Observation<Events> {
        let query = self.queries.events_of(names::REQUESTS, rules.bad_ratio.over.longest());
        if let Some(unseen) = &presence.unseen {
            return Observation::unseen(query, unseen.clone());
        }
        let said = self.asking.ask(query);
        let seen = match said.failure() {
            Some(unseen) => Observation::unseen(&said.query, unseen),
            None => presence.observed(&said.query, events(said.series())),
        };
        said.doubting(presence.said.doubting(seen))
    }

    fn latency(&self, rules: &GateRules, presence: &Presence) -> Observation<Latency> {
        let (limit, window) = (rules.p95.limit, rules.p95.over.longest());
        let query = self.queries.fast(limit, window);
        if let Some(unseen) = &presence.unseen {
            return Observation::unseen(query, unseen.clone());
        }
        let fast = self.asking.ask(query);
        let counted = self.asking.ask(self.queries.counted(limit, window));
        let all = self.asking.ask(self.queries.all(window));
        if let Some(unseen) = [&fast, &counted, &all].into_iter().find_map(Said::failure) {
            return Observation::unseen(&fast.query, unseen);
        }
        let counts = [&fast, &counted, &all].map(count_of);
        let [Ok(good), Ok(judged), Ok(total)] = counts else {
            let why = counts.into_iter().find_map(Result::err);
            return Observation::unseen(&fast.query, why.unwrap_or(Unseen::NeverSeen));
        };
        let seen = if judged == 0 && total > 0 {
            self.interpolated(limit, window, total, presence)
        } else {
            let counts = Latency::Counts {
                limit,
                events: Events::new(good.min(judged), judged.saturating_sub(good)),
            };
            let seen = presence.observed(&fast.query, Ok(counts));
            match total.saturating_sub(judged) {
                // Rounding, and samples that came between two questions.
                missing if missing * 100 <= total => seen,
                missing => seen.noted(format!(
                    "{missing} of {total} requests were on instances without a bucket at {limit} and are left out"
                )),
            }
        };
        let seen = presence.said.doubting(seen);
        [&fast, &counted, &all]
            .into_iter()
            .fold(seen, |seen, said| said.doubting(seen))
    }

    /// No instance has the boundary.
    fn interpolated(
        &self,
        limit: Threshold,
        window: Duration,
        events: u64,
        presence: &Presence,
    ) -> Observation<Latency> {
        let said = self.asking.ask(self.queries.p95(window));
        if let Some(unseen) = said.failure() {
            return Observation::unseen(&said.query, unseen);
        }
        let seconds = said
            .value()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let latency = seconds.map(|p95| Latency::P95 { p95, events });
        let latency =
            latency.ok_or_else(|| Unseen::NoAnswer("no 95th percentile can be made of its buckets".to_owned()));
        let seen = presence.observed(&said.query, latency);
        said.doubting(seen.noted(format!("interpolated, for no instance has a bucket at {limit}")))
    }

    /// Each SLO that has events of its own; one question for all that share a window.
    fn budgets(&self, slos: &SloSet, presence: &Presence) -> Vec<Budget> {
        let mut by_length: BTreeMap<Duration, Vec<&Slo>> = BTreeMap::new();
        for slo in slos.slos().iter().filter(|slo| slo.composite().is_none()) {
            by_length.entry(self.length(slo)).or_default().push(slo);
        }
        let limit = slos.gate().budget.limit;
        let of_length = |(length, slos): (Duration, Vec<&Slo>)| self.budgets_over(length, &slos, limit, presence);
        by_length.into_iter().flat_map(of_length).collect()
    }

    fn budgets_over(&self, length: Duration, slos: &[&Slo], limit: Share, presence: &Presence) -> Vec<Budget> {
        let query = self.queries.events(length);
        let unseen = |why: &Unseen| {
            let nothing = |slo: &&Slo| Budget::new(slo, Observation::unseen(&query, why.clone()));
            slos.iter().map(nothing).collect()
        };
        if let Some(why) = &presence.unseen {
            return unseen(why);
        }
        let said = self.asking.ask(query.clone());
        let covered = self.asking.ask(self.queries.coverage(length));
        if let Some(why) = said.failure().or_else(|| covered.failure()) {
            return unseen(&why);
        }
        let of_slo = |slo: &&Slo| {
            let is_its = |sample: &&Sample| sample.label(names::SLO_NAME.label) == slo.name();
            let own: Vec<_> = said.series().iter().filter(is_its).cloned().collect();
            let coverage = covered.series().iter().find(is_its);
            let coverage = coverage.and_then(|sample| share(sample.value));
            let events = match own.is_empty() {
                // The service is there: this promise is new, and nothing of it is spent.
                true => Err(Unseen::NeverSeen),
                false => events(&own),
            };
            let recovers_at = self.recovery(slo, events.as_ref().ok(), coverage, limit);
            let seen = presence.observed(&said.query, events);
            let seen = coverage.into_iter().fold(seen, Observation::covering);
            let seen = covered.doubting(said.doubting(presence.said.doubting(seen)));
            Budget {
                recovers_at,
                ..Budget::new(slo, seen)
            }
        };
        slos.iter().map(of_slo).collect()
    }

    /// When a budget at or under its limit is above it again, as bad events leave a rolling window.
    fn recovery(
        &self,
        slo: &Slo,
        events: Option<&Events>,
        coverage: Option<Ratio>,
        limit: Share,
    ) -> Option<DateTime<Utc>> {
        let (events, coverage, length) = (*events?, coverage?, slo.window().rolling_length()?);
        let budget = ErrorBudget::observed(slo.target(), events).covering(coverage);
        if budget.decisive().leaves_more_than(limit)? {
            return None;
        }
        let pieces = self.pieces(slo, length)?;
        match budget.recovery(limit, length, self.now.into(), pieces) {
            Recovery::At(at) => Some(at.into()),
            _ => None,
        }
    }

    /// The events of a window in pieces, each with its last moment.
    fn pieces(&self, slo: &Slo, length: Duration) -> Option<Vec<(Tick, Events)>> {
        let step = Duration::from_secs(length.as_secs().div_ceil(PIECES).max(60));
        let stretch = Stretch {
            from: self.now - length + step,
            to: self.now,
            step,
        };
        let courses = self
            .asking
            .history(&self.queries.events_of(slo.name(), step), stretch)?;
        let mut pieces = Vec::new();
        for course in courses {
            let outcome = course.labels.get(names::SLO_OUTCOME.label).map_or("", String::as_str);
            for (at, value) in course.values {
                pieces.push((at.into(), outcome_of(outcome, value).ok()?));
            }
        }
        Some(pieces)
    }

    /// How long a window is now: of a calendar period what has passed.
    fn length(&self, slo: &Slo) -> Duration {
        let window = slo.window();
        window.rolling_length().unwrap_or_else(|| {
            let begun: DateTime<Utc> = window.bounds(self.now.into()).start.into();
            (self.now - begun)
                .to_std()
                .unwrap_or_default()
                .max(Duration::from_secs(1))
        })
    }
}

/// What was seen of one SLO's budget.
struct Budget {
    slo: String,
    seen: Observation<Events>,
    recovers_at: Option<DateTime<Utc>>,
}

impl Budget {
    fn new(slo: &Slo, seen: Observation<Events>) -> Self {
        Self {
            slo: slo.name().to_owned(),
            seen,
            recovers_at: None,
        }
    }
}

impl Presence {
    fn observed<T>(&self, query: &str, value: Result<T, Unseen>) -> Observation<T> {
        let seen = match value {
            Ok(value) => Observation::seen(query, value),
            Err(unseen) => Observation::unseen(query, unseen),
        };
        self.pushed_ago.into_iter().fold(seen, Observation::pushed_ago)
    }
}

fn environment(sample: &Sample) -> &str {
    match sample.label(names::DEPLOYMENT_ENVIRONMENT_NAME.label) {
        "" => "(none)",
        name => name,
    }
}

/// Counts by outcome. Prometheus extrapolates to parts of events; the nearest whole number is the best guess.
fn events(series: &[Sample]) -> Result<Events, Unseen> {
    let mut each = series
        .iter()
        .map(|sample| outcome_of(sample.label(names::SLO_OUTCOME.label), sample.value));
    each.try_fold(Events::default(), |sum, events| Ok(sum.saturating_add(events?)))
}

/// Counts of one outcome.
pub(crate) fn outcome_of(outcome: &str, value: f64) -> Result<Events, Unseen> {
    let counted = counted(value)?;
    match outcome {
        "good" => Ok(Events::new(counted, 0)),
        "bad" => Ok(Events::new(0, counted)),
        "excluded" => Ok(Events::default().with_excluded(counted)),
        other => Err(Unseen::NoAnswer(format!(
            "events that are `{}` are neither good nor bad",
            plain(other)
        ))),
    }
}

/// What an aggregation without labels counted; nothing is none.
fn count_of(said: &Said) -> Result<u64, Unseen> {
    said.value().map_or(Ok(0), counted)
}

fn counted(value: f64) -> Result<u64, Unseen> {
    count(value).ok_or_else(|| Unseen::NoAnswer(format!("the engine says {value}, which is no count of events")))
}

/// The nearest whole number; `None` for what is no count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is checked to be within the numbers that a double holds exactly"
)]
pub(crate) fn count(value: f64) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let value = value.round();
    (0.0..=MOST).contains(&value).then_some(value as u64)
}

/// A share of moments, at most all.
pub(crate) fn share(value: f64) -> Option<Ratio> {
    let parts = count(value.min(1.0) * 1e9)?;
    Ratio::new(parts, 1_000_000_000)
}

/// A piece of 30 days is an hour.
const PIECES: u64 = 720;
