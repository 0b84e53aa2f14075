//! From answers to evidence: what was counted, how much of it was seen, and what could not be.

use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Evidence, GateRules, Latency, Observation, Unseen};
use slo_core::{Events, Ratio, Slo, SloSet, Threshold, names};

use super::Target;
use super::asking::{Asking, Said};
use super::budgets::{Budget, Budgets};
use super::freshness::freshness;
use super::queries::Queries;
use crate::prom::{Ask, Sample};
use crate::render::plain;

/// Asks an engine for everything that the gate's rules need to know of a service, at a moment or now.
///
/// Nothing is left out: what could not be seen is evidence as well. An engine that does not answer is asked once.
pub fn gather(engine: &dyn Ask, slos: &SloSet, target: &Target, at: Option<DateTime<Utc>>) -> Evidence {
    let gathering = Gathering {
        asking: Asking::new(engine, at),
        queries: Queries(target),
        now: at.unwrap_or_else(Utc::now),
        doubt: target.doubt(),
    };
    gathering.evidence(slos)
}

pub(super) struct Gathering<'a> {
    pub(super) asking: Asking<'a>,
    pub(super) queries: Queries<'a>,
    pub(super) now: DateTime<Utc>,
    /// What the labels of the service leave open.
    doubt: Option<String>,
}

/// Whether the service is there, and since when it has said nothing.
pub(super) struct Presence {
    /// What this rests on: an engine that doubts it casts doubt on everything.
    said: Vec<Said>,
    pushed_ago: Option<Duration>,
    unseen: Option<Unseen>,
}

impl Gathering<'_> {
    fn evidence(&self, slos: &SloSet) -> Evidence {
        let rules = slos.gate();
        let presence = self.presence(slos);
        let evidence = Evidence::new(self.requests(rules, &presence), self.latency(rules, &presence));
        let budgets = Budgets::new(self, slos, &presence).all();
        let evidence = budgets.into_iter().fold(evidence, Budget::into_evidence);
        let checks = freshness(self, slos, &presence);
        let add = |evidence: Evidence, (check, seen): (String, _)| evidence.freshness(check, seen);
        checks.into_iter().fold(evidence, add)
    }

    fn presence(&self, slos: &SloSet) -> Presence {
        let present = self.asking.ask(self.queries.present());
        let environments: Vec<_> = present
            .series()
            .iter()
            .map(|sample| environment(sample).to_owned())
            .collect();
        let mut said = vec![present];
        let unseen = match environments.len() {
            _ if said[0].failure().is_some() => said[0].failure(),
            0 => {
                let longest = self.longest(slos);
                let ever = self.asking.ask(self.queries.ever(longest));
                let unseen = why_absent(&ever);
                said.push(ever);
                let is_absent = matches!(unseen, Unseen::NeverSeen | Unseen::Vanished);
                let elsewhere = is_absent.then(|| self.elsewhere(longest, &mut said)).flatten();
                elsewhere.or(Some(unseen))
            }
            1 => None,
            _ => Some(Unseen::Environments(environments)),
        };
        let age = || self.asking.ask(self.queries.age()).value();
        let pushed_ago = unseen.is_none().then(age).flatten();
        Presence::new(said, pushed_ago, unseen)
    }

    /// Whether what looks like the deploy that adds a service, or like one that is gone, goes by other labels.
    fn elsewhere(&self, longest: Duration, said: &mut Vec<Said>) -> Option<Unseen> {
        for (query, mend) in self.queries.elsewhere(longest) {
            let answer = self.asking.ask(query);
            let (failure, found) = (answer.failure(), answer.value());
            said.push(answer);
            if failure.is_some() {
                return failure;
            }
            if found.is_some_and(|series| series > 0.0) {
                return Some(Unseen::OtherLabels(mend.to_owned()));
            }
        }
        None
    }

    /// The longest of the windows that matter.
    fn longest(&self, slos: &SloSet) -> Duration {
        let windows = slos.slos().iter().map(|slo| self.length(slo));
        windows
            .max()
            .unwrap_or_default()
            .max(slos.gate().bad_ratio.over.longest())
    }

    fn requests(&self, rules: &GateRules, presence: &Presence) -> Observation<Events> {
        let query = self.queries.events_of(names::REQUESTS, rules.bad_ratio.over.longest());
        if let Some(unseen) = presence.unseen(&query) {
            return unseen;
        }
        let said = self.asking.ask(query);
        let seen = match said.failure() {
            Some(unseen) => Observation::unseen(&said.query, unseen),
            None => presence.observed(&said.query, events(said.series())),
        };
        let seen = self.doubt.iter().cloned().fold(seen, Observation::noted);
        said.doubting(presence.doubting(seen))
    }

    fn latency(&self, rules: &GateRules, presence: &Presence) -> Observation<Latency> {
        let (limit, window) = (rules.p95.limit, rules.p95.over.longest());
        let query = self.queries.fast(limit, window);
        if let Some(unseen) = presence.unseen(&query) {
            return unseen;
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
        let seen = presence.doubting(seen);
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

    /// How long a window is now: of a calendar period what has passed.
    pub(super) fn length(&self, slo: &Slo) -> Duration {
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

impl Presence {
    /// What these answers come to, with the age in seconds of the newest sample.
    pub(super) fn new(said: Vec<Said>, age: Option<f64>, unseen: Option<Unseen>) -> Self {
        Self {
            said,
            pushed_ago: age.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok()),
            unseen,
        }
    }

    /// Why nothing is known, as an answer to a question that is not worth asking.
    pub(super) fn unseen<T>(&self, query: &str) -> Option<Observation<T>> {
        let unseen = self.unseen.clone()?;
        Some(self.doubting(Observation::unseen(query, unseen)))
    }

    /// Whether the service is there to be asked about.
    pub(super) const fn is_seen(&self) -> bool {
        self.unseen.is_none()
    }

    pub(super) fn doubting<T>(&self, seen: Observation<T>) -> Observation<T> {
        self.said.iter().fold(seen, |seen, said| said.doubting(seen))
    }

    pub(super) fn observed<T>(&self, query: &str, value: Result<T, Unseen>) -> Observation<T> {
        let seen = match value {
            Ok(value) => Observation::seen(query, value),
            Err(unseen) => Observation::unseen(query, unseen),
        };
        self.pushed_ago.into_iter().fold(seen, Observation::pushed_ago)
    }
}

/// It has no sample now: it never had one in any window that matters, or it is gone.
pub(super) fn why_absent(ever: &Said) -> Unseen {
    match (ever.failure(), ever.value()) {
        (Some(failure), _) => failure,
        (None, Some(series)) if series > 0.0 => Unseen::Vanished,
        (None, _) => Unseen::NeverSeen,
    }
}

fn environment(sample: &Sample) -> &str {
    match sample.label(names::DEPLOYMENT_ENVIRONMENT_NAME.label) {
        "" => "(none)",
        name => name,
    }
}

/// Counts by outcome. Prometheus extrapolates to parts of events; the nearest whole number is the best guess.
pub(super) fn events(series: &[Sample]) -> Result<Events, Unseen> {
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

pub(super) fn counted(value: f64) -> Result<u64, Unseen> {
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
