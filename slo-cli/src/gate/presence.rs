//! Whether there is anything to judge: whose counters these are, and since when each of them has said nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slo_core::gate::{Observation, Unseen};
use slo_core::{Events, Outcome, SloSet, names};

use super::Target;
use super::evidence::{Gathering, events};
use crate::prom::{Said, Sample, lacking, no_number};
use crate::render::plain;

/// What is known of the counters that a verdict rests on.
pub(super) struct Presence {
    /// What this rests on: an engine that doubts it casts doubt on everything.
    said: Vec<Said>,
    /// How long ago the newest sample of each SLO came; of those that have one now.
    pushed: BTreeMap<String, Duration>,
    /// Of these, those that do not have all outcomes now, and one that they lack.
    partial: BTreeMap<String, Outcome>,
    /// The SLOs that running instances define, as far as anybody asked for them.
    promised: BTreeSet<String>,
    unseen: Option<Unseen>,
    note: Option<String>,
}

impl Presence {
    /// What the service pushes, in one environment and namespace.
    pub(super) fn of_service(gathering: &Gathering<'_>, longest: Duration) -> Self {
        let ages = gathering.asking.ask(gathering.queries.ages());
        let found = pushed(&ages, gathering.queries.0);
        let mut said = vec![ages];
        let (pushed, unseen, note) = match found {
            Ok(pushed) if !pushed.is_empty() => (pushed, None, None),
            Ok(pushed) => match Absence::new(gathering, longest, &mut said).explained() {
                Ok(note) => (pushed, Some(Unseen::NeverSeen), note),
                Err(why) => (pushed, Some(why), None),
            },
            Err(why) => (BTreeMap::new(), Some(why), None),
        };
        let lacks = |outcomes: &Ages| lacking(&Outcome::ALL, |outcome| outcomes.contains_key(outcome));
        let partial = pushed
            .iter()
            .filter_map(|(slo, outcomes)| Some((slo.clone(), lacks(outcomes)?)));
        let partial = partial.collect();
        let oldest = |(slo, outcomes): (String, Ages)| Some((slo, outcomes.into_values().max()?));
        Self {
            said,
            partial,
            pushed: pushed.into_iter().filter_map(oldest).collect(),
            promised: BTreeSet::new(),
            unseen,
            note,
        }
    }

    /// With what running instances promise, where a promise of the spec is not pushed now: it may be one that the running
    /// version does not make, and then its events ended for a good reason.
    pub(super) fn knowing_promises(mut self, gathering: &Gathering<'_>, slos: &SloSet) -> Self {
        let counted = slos.slos().iter().filter(|slo| slo.sli().is_counted_here());
        let is_missing = counted
            .map(|slo| slo.name())
            .any(|name| !self.pushed.contains_key(name));
        if self.is_seen() && is_missing {
            let said = gathering.asking.ask(gathering.queries.promised());
            // What is doubted, or no answer, explains nothing.
            let promised = said.by(&[names::SLO_NAME.label]).unwrap_or_default();
            let promised = promised.iter().filter(|_| !said.is_doubted());
            self.promised = promised
                .map(|sample| sample.label(names::SLO_NAME.label).to_owned())
                .collect();
        }
        self
    }

    /// The counters of one SLO, with the age of the newest sample where that is known.
    pub(super) fn of_slo(slo: &str, said: Vec<Said>, age: Result<Option<Duration>, Unseen>) -> Self {
        let (age, unseen) = match age {
            Ok(age) => (age, None),
            Err(why) => (None, Some(why)),
        };
        Self {
            said,
            pushed: age.map(|age| (slo.to_owned(), age)).into_iter().collect(),
            partial: BTreeMap::new(),
            promised: BTreeSet::new(),
            unseen,
            note: None,
        }
    }

    /// Why nothing is known, as an answer to a question that is not worth asking.
    pub(super) fn unseen<T>(&self, query: &str) -> Option<Observation<T>> {
        let seen = Observation::unseen(query, self.unseen.clone()?);
        Some(self.doubting(self.note.iter().cloned().fold(seen, Observation::noted)))
    }

    /// Whether there is something to be asked about.
    pub(super) const fn is_seen(&self) -> bool {
        self.unseen.is_none()
    }

    /// The events of an SLO, from an answer that has all that was counted of it in its window.
    ///
    /// # Errors
    ///
    /// For an SLO that is not pushed now although it is promised, or is and was not counted, with each outcome: 0 is what
    /// an engine says of no events, and nothing is not.
    pub(super) fn counted<'a>(&self, slo: &str, counts: impl Iterator<Item = &'a Sample>) -> Result<Events, Unseen> {
        let counts: Vec<_> = counts.collect();
        let is_there = |outcome: &str| {
            let mut outcomes = counts.iter().map(|sample| sample.label(names::SLO_OUTCOME.label));
            outcomes.any(|there| there == outcome)
        };
        match (self.pushed.contains_key(slo), counts.is_empty()) {
            (true, true) => Err(Unseen::Unclear(
                "it is pushed, and the engine counts nothing of it, not even 0: are there two samples in the window?"
                    .to_owned(),
            )),
            (false, true) => Err(Unseen::NeverSeen),
            (false, false) if !self.is_withdrawn(slo) => Err(Unseen::Vanished),
            (_, false) => match self
                .partial
                .get(slo)
                .copied()
                .or_else(|| lacking(&Outcome::ALL, is_there))
            {
                Some(outcome) => Err(partial(outcome)),
                None => events(counts.into_iter()),
            },
        }
    }

    /// Whether the service runs, and says what it promises, and this is not among it: a deploy that was rolled back, or a
    /// promise that comes back.
    fn is_withdrawn(&self, slo: &str) -> bool {
        let is_promise = slo != names::REQUESTS;
        is_promise && !self.pushed.contains_key(slo) && !self.promised.is_empty() && !self.promised.contains(slo)
    }

    /// What was seen of an SLO, as these answers say, with all doubts there are of them.
    pub(super) fn observed<T>(&self, slo: &str, said: &[&Said], value: Result<T, Unseen>) -> Observation<T> {
        let query = said.first().map_or("", |said| said.query.as_str());
        let seen = match value {
            Ok(value) if self.is_withdrawn(slo) => Observation::seen(query, value)
                .noted("the running version does not make this promise: judged by what was counted of it before"),
            Ok(value) => Observation::seen(query, value),
            Err(unseen) => Observation::unseen(query, unseen),
        };
        let seen = self
            .pushed
            .get(slo)
            .copied()
            .into_iter()
            .fold(seen, Observation::pushed_ago);
        said.iter().fold(self.doubting(seen), |seen, said| said.doubting(seen))
    }

    fn doubting<T>(&self, seen: Observation<T>) -> Observation<T> {
        self.said.iter().fold(seen, |seen, said| said.doubting(seen))
    }
}

/// The age of the newest sample, by outcome.
type Ages = BTreeMap<String, Duration>;

fn partial(outcome: Outcome) -> Unseen {
    Unseen::Unclear(format!(
        "the engine has none of its {} events, not even 0, and has others: does anything on the way drop series?",
        outcome.as_str()
    ))
}

/// The ages of each SLO's newest samples, of one service in one place.
fn pushed(ages: &Said, target: &Target) -> Result<BTreeMap<String, Ages>, Unseen> {
    let namespace = target.namespace_label();
    let outcome = names::SLO_OUTCOME.label;
    let series = ages.by(&[ENVIRONMENT, namespace, names::SLO_NAME.label, outcome])?;
    let several = |label| {
        let named: BTreeSet<_> = series.iter().map(|sample| or_none(sample.label(label))).collect();
        (named.len() > 1).then(|| named.into_iter().map(ToOwned::to_owned).collect())
    };
    if let Some(environments) = several(ENVIRONMENT) {
        return Err(Unseen::Environments(environments));
    }
    if let Some(namespaces) = several(namespace) {
        return Err(Unseen::Namespaces(namespaces));
    }
    let mut pushed: BTreeMap<String, Ages> = BTreeMap::new();
    for sample in series {
        let of_slo = pushed
            .entry(sample.label(names::SLO_NAME.label).to_owned())
            .or_default();
        of_slo.insert(sample.label(outcome).to_owned(), age(sample.value)?);
    }
    Ok(pushed)
}

/// The age of a sample: engines may be some seconds behind themselves, and no more.
pub(super) fn age(seconds: f64) -> Result<Duration, Unseen> {
    if seconds < -AHEAD {
        let words = format!("the newest sample is {:.0} s in the future", -seconds);
        return Err(Unseen::Unclear(words));
    }
    Duration::try_from_secs_f64(seconds.max(0.0))
        .ok()
        .filter(|_| seconds.is_finite())
        .ok_or_else(|| no_number(seconds))
}

/// A service that has no sample now.
struct Absence<'a, 'g> {
    gathering: &'a Gathering<'g>,
    longest: Duration,
    said: &'a mut Vec<Said>,
}

impl<'a, 'g> Absence<'a, 'g> {
    const fn new(gathering: &'a Gathering<'g>, longest: Duration, said: &'a mut Vec<Said>) -> Self {
        Self {
            gathering,
            longest,
            said,
        }
    }

    /// Whether this is the deploy that adds it, with what should be said of that; else what it is.
    fn explained(&mut self) -> Result<Option<String>, Unseen> {
        let ever = self.number(self.gathering.queries.ever(self.longest))?;
        let is_gone = ever.is_some_and(|series| series > 0.0);
        let places = if is_gone { Vec::new() } else { self.places()? };
        if !places.is_empty() {
            return self.elsewhere(&places).map(Some);
        }
        self.under_other_labels()?;
        if is_gone {
            return Err(Unseen::Vanished);
        }
        kept(self.gathering, self.longest, self.said)?;
        Ok(None)
    }

    /// What looks like the deploy that adds a service, or like one that is gone, may go by other labels.
    fn under_other_labels(&mut self) -> Result<(), Unseen> {
        for (query, mend) in self.gathering.queries.elsewhere(self.longest) {
            if self.number(query)?.is_some_and(|series| series > 0.0) {
                return Err(Unseen::OtherLabels(mend.to_owned()));
            }
        }
        Ok(())
    }

    /// It is there, and not where it was looked for.
    fn elsewhere(&mut self, places: &[(String, Option<String>)]) -> Result<String, Unseen> {
        let Gathering { queries, .. } = self.gathering;
        let target = queries.0;
        let there: Vec<_> = places.iter().map(place).collect();
        let there = there.join(" and ");
        let unclear = |asked: String| {
            Unseen::Unclear(format!(
                "never seen in {asked}; it is in {there}: is the name right? if this is its first deploy there, say \
                 `--on-unknown allow` this once"
            ))
        };
        if let Some(asked) = target.namespace_asked() {
            if !places.iter().any(|(_, known)| known.as_deref() == Some(asked)) {
                return Err(unclear(format!("namespace `{}`", plain(asked))));
            }
        }
        if let Some(asked) = target.environment_asked() {
            let is_ours = places.iter().any(|(known, _)| known == asked);
            let is_used = |count: Option<f64>| count.is_some_and(|series| series > 0.0);
            if !is_ours && !is_used(self.number(queries.in_use(asked, self.longest))?) {
                return Err(unclear(format!(
                    "environment `{}`, from which nobody pushes",
                    plain(asked)
                )));
            }
        }
        Ok(format!("it is in {there}: is this its first deploy here?"))
    }

    /// Where the service is, if a place was named.
    fn places(&mut self) -> Result<Vec<(String, Option<String>)>, Unseen> {
        let Gathering { asking, queries, .. } = self.gathering;
        let target = queries.0;
        if target.environment_asked().is_none() && target.namespace_asked().is_none() {
            return Ok(Vec::new());
        }
        let said = asking.ask(queries.places(self.longest));
        let label = target.namespace_label();
        let places = said.by(&[ENVIRONMENT, label]).map(|series| {
            let namespace = |sample: &Sample| target.namespace_in(sample.label(label)).map(ToOwned::to_owned);
            let places = series
                .iter()
                .map(|sample| (sample.label(ENVIRONMENT).to_owned(), namespace(sample)));
            places.collect()
        });
        self.said.push(said);
        places
    }

    fn number(&mut self, query: String) -> Result<Option<f64>, Unseen> {
        let said = self.gathering.asking.ask(query);
        let number = said.number();
        self.said.push(said);
        number
    }
}

/// That the engine still has what was, where somebody judges the past.
///
/// # Errors
///
/// When it has nothing of anybody: then "never seen" says nothing.
pub(super) fn kept(gathering: &Gathering<'_>, longest: Duration, said: &mut Vec<Said>) -> Result<(), Unseen> {
    if !gathering.asking.is_past() {
        return Ok(());
    }
    let anything = gathering.asking.ask(gathering.queries.anything(longest));
    let number = anything.number();
    said.push(anything);
    match number? {
        Some(series) if series > 0.0 => Ok(()),
        _ => Err(Unseen::Unclear(
            "the engine has nothing of anybody in the window before that moment: it may not keep so much".to_owned(),
        )),
    }
}

fn place((environment, namespace): &(String, Option<String>)) -> String {
    let environment = match environment.as_str() {
        "" => "no environment".to_owned(),
        name => format!("environment `{}`", plain(name)),
    };
    match namespace {
        Some(name) => format!("{environment} of namespace `{}`", plain(name)),
        None => environment,
    }
}

fn or_none(name: &str) -> &str {
    match name {
        "" => "(none)",
        name => name,
    }
}

const ENVIRONMENT: &str = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
/// In seconds: more than engines move the present for samples that are on their way (30 s).
const AHEAD: f64 = 60.0;
