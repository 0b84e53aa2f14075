//! How many requests were fast enough, as the buckets of each instance tell.
//!
//! An instance whose histogram has a boundary at the limit tells it exactly; another one tells between which numbers it
//! lies. What is certain for all of them together is a finding; what is not is interpolated where it can be, and said.

use std::collections::BTreeMap;
use std::time::Duration;

use slo_core::gate::{GateRules, Latency, Observation, Unseen};
use slo_core::{Events, Threshold, names};

use super::evidence::Gathering;
use super::presence::Presence;
use super::queries::{BOUNDARY, BUCKET_OF};
use crate::prom::{Said, Sample, counted};
use crate::render::plain;

/// What was seen of the durations of a service's requests, with what its own counter says of how many there were.
pub(super) fn latency(
    gathering: &Gathering<'_>,
    rules: &GateRules,
    presence: &Presence,
    requests: &Result<Events, Unseen>,
) -> Observation<Latency> {
    let (limit, window) = (rules.p95.limit, rules.p95.over.longest());
    let Gathering { asking, queries, .. } = gathering;
    let query = queries.fast(limit, window);
    if let Some(unseen) = presence.unseen(&query) {
        return unseen;
    }
    let at_limit = asking.ask(query);
    let observed = |said: &[&Said], seen| presence.observed(names::REQUESTS, said, seen);
    let fast = match Fast::read(&at_limit, limit).and_then(|fast| fast.agreeing(gathering, rules, presence, requests)) {
        Ok(fast) => fast,
        Err(why) => return observed(&[&at_limit], Err(why)),
    };
    if fast.all < rules.least_events.max(1) {
        return observed(&[&at_limit], Ok(fast.counts(limit, fast.least)));
    }
    if let Some(certain) = fast.certain() {
        let seen = observed(&[&at_limit], Ok(fast.counts(limit, certain)));
        let of_the_rest = match certain == fast.least {
            true => "holds even if all of those were slow",
            false => "is breached even if all of those were fast",
        };
        let note = (fast.elsewhere > 0).then(|| format!("{}: it {of_the_rest}", fast.without(limit)));
        return note.into_iter().fold(seen, Observation::noted);
    }
    let durations = asking.ask(queries.durations(window));
    let said = [&durations, &at_limit];
    match Fast::read(&durations, limit).and_then(|fast| Ok((fast.settled(limit)?, fast))) {
        Ok(((good, how), fast)) => {
            let seen = observed(&said, Ok(fast.counts(limit, good)));
            seen.noted(format!("{}: {how}", fast.without(limit)))
        }
        Err(why) => observed(&said, Err(why)),
    }
}

/// How many of all requests took no longer than a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Fast {
    all: u64,
    /// How many of them were on instances without a boundary at the limit.
    elsewhere: u64,
    /// At least so many.
    least: u64,
    /// At most so many.
    most: u64,
    /// Between them, as evenly as requests may lie in their buckets: at least and at most so many, for nobody knows how far a
    /// last bucket goes.
    likely: (u64, u64),
    /// The lowest of the highest boundaries under the limit, where a last bucket is in question.
    last: Option<Duration>,
}

impl Fast {
    /// From the buckets of each instance.
    fn read(said: &Said, limit: Threshold) -> Result<Self, Unseen> {
        let mut instances: BTreeMap<Vec<&str>, Histogram> = BTreeMap::new();
        for sample in said.by(&BUCKET_OF)? {
            let instance = BUCKET_OF[1..].iter().map(|label| sample.label(label)).collect();
            let boundary = boundary(sample)?;
            counted(sample.value)?;
            instances.entry(instance).or_default().0.insert(boundary, sample.value);
        }
        let mut sum = Sum::default();
        for histogram in instances.into_values() {
            sum.add(&histogram.at(limit.as_duration())?);
        }
        sum.rounded()
    }

    /// That not many more requests were counted than timed: a histogram that does not come is no quiet night.
    fn agreeing(
        self,
        gathering: &Gathering<'_>,
        rules: &GateRules,
        presence: &Presence,
        requests: &Result<Events, Unseen>,
    ) -> Result<Self, Unseen> {
        let least = rules.least_events.max(1);
        let requests = match rules.p95.over == rules.bad_ratio.over {
            true => requests.clone(),
            false if self.all >= least => return Ok(self),
            false => gathering.requests(rules.p95.over.longest(), presence).1,
        };
        // What is wrong with them is the news of another rule.
        let Ok(requests) = requests.map(Events::all) else {
            return Ok(self);
        };
        if requests >= least && self.all < requests / 2 {
            return Err(Unseen::Unclear(format!(
                "{requests} requests were counted, and the histogram of their durations has {}: does a filter drop it?",
                self.all
            )));
        }
        Ok(self)
    }

    /// How many were fast, if it makes no difference which of those that are possible it is.
    fn certain(&self) -> Option<u64> {
        match (is_enough(self.least, self.all), is_enough(self.most, self.all)) {
            (true, _) => Some(self.least),
            (false, false) => Some(self.most),
            (false, true) => None,
        }
    }

    /// How many were fast, and how that is known.
    fn settled(&self, limit: Threshold) -> Result<(u64, &'static str), Unseen> {
        let interpolated = "interpolated";
        if let Some(certain) = self.certain() {
            return Ok((certain, "judged by the nearest boundaries that they have"));
        }
        match self.likely {
            (low, _) if is_enough(low, self.all) => Ok((low, interpolated)),
            (_, high) if !is_enough(high, self.all) => Ok((high, interpolated)),
            _ => Err(self.open_above(limit)),
        }
    }

    fn open_above(&self, limit: Threshold) -> Unseen {
        let Some(last) = self.last else {
            return Unseen::Unclear(
                "the boundaries of a histogram count different requests: does a label tell its instances apart?"
                    .to_owned(),
            );
        };
        Unseen::Unclear(format!(
            "up to {} of {} requests took longer than {last:?}, where the histogram of their instances ends, and nothing tells \
             whether longer than {limit}: give it a boundary there",
            self.all - self.least,
            self.all,
        ))
    }

    fn counts(&self, limit: Threshold, fast: u64) -> Latency {
        let events = Events::new(fast, self.all.saturating_sub(fast));
        Latency::Counts { limit, events }
    }

    fn without(&self, limit: Threshold) -> String {
        if self.elsewhere == self.all {
            return format!("no instance has a bucket at {limit}");
        }
        format!(
            "{} of {} requests were on instances without a bucket at {limit}",
            self.elsewhere, self.all
        )
    }
}

/// Whether 95 of 100 were fast.
pub(super) fn is_enough(fast: u64, all: u64) -> bool {
    u128::from(fast) * 100 >= u128::from(all) * 95
}

/// How many requests took no longer than each boundary; the last is [`Duration::MAX`].
#[derive(Debug, Default)]
struct Histogram(BTreeMap<Duration, f64>);

/// The requests of one instance around a limit.
struct Around {
    all: f64,
    has_boundary: bool,
    least: f64,
    most: f64,
    likely: Option<f64>,
    last: Option<Duration>,
}

impl Histogram {
    fn at(&self, limit: Duration) -> Result<Around, Unseen> {
        let Some(all) = self.0.get(&Duration::MAX).copied() else {
            return Err(Unseen::Unclear("a histogram has no bucket for all requests".to_owned()));
        };
        let counts: Vec<_> = self.0.values().copied().collect();
        if let Some(more) = counts.iter().find(|count| is_more(**count, all)) {
            let words = format!("a histogram counts {more:.0} of {all:.0} requests");
            return Err(Unseen::Unclear(words));
        }
        // A boundary that only a part of the series has counts a part of the requests.
        let is_whole = counts.windows(2).all(|pair| !is_more(pair[0], pair[1]));
        let (below, least) = self
            .0
            .range(..=limit)
            .fold((Duration::ZERO, 0_f64), |(_, most), (at, count)| {
                (*at, most.max(*count))
            });
        let least = least.min(all);
        let above = self.0.range(limit..).next().filter(|_| is_whole);
        let (above, most) = above.map_or((Duration::MAX, all), |(at, count)| (*at, count.clamp(least, all)));
        let is_last = above == Duration::MAX;
        Ok(Around {
            all,
            has_boundary: self.0.contains_key(&limit),
            least,
            most,
            likely: (!is_last).then(|| least + (most - least) * part(below, limit, above)),
            last: (is_whole && is_last && most > least).then_some(below),
        })
    }
}

/// How far a limit is between two boundaries, 0 to 1.
fn part(below: Duration, limit: Duration, above: Duration) -> f64 {
    let whole = above.saturating_sub(below);
    match whole.is_zero() {
        true => 1.0,
        false => limit.saturating_sub(below).div_duration_f64(whole),
    }
}

/// More than engines extrapolate and round.
fn is_more(one: f64, other: f64) -> bool {
    one > other * 1.05 + 5.0
}

/// Of all instances; parts of events, as engines extrapolate them.
#[derive(Default)]
struct Sum {
    all: f64,
    elsewhere: f64,
    least: f64,
    most: f64,
    likely: (f64, f64),
    last: Option<Duration>,
}

impl Sum {
    fn add(&mut self, of: &Around) {
        self.all += of.all;
        self.elsewhere += if of.has_boundary { 0.0 } else { of.all };
        self.least += of.least;
        self.most += of.most;
        self.likely.0 += of.likely.unwrap_or(of.least);
        self.likely.1 += of.likely.unwrap_or(of.most);
        self.last = self.last.into_iter().chain(of.last).min();
    }

    fn rounded(self) -> Result<Fast, Unseen> {
        Ok(Fast {
            all: counted(self.all)?,
            elsewhere: counted(self.elsewhere)?,
            least: counted(self.least)?,
            most: counted(self.most)?,
            likely: (counted(self.likely.0)?, counted(self.likely.1)?),
            last: self.last,
        })
    }
}

/// In seconds, as a sample's label has it.
fn boundary(sample: &Sample) -> Result<Duration, Unseen> {
    let text = sample.label(BOUNDARY);
    let seconds = text.parse::<f64>().ok();
    let boundary = seconds.and_then(|seconds| match seconds {
        f64::INFINITY => Some(Duration::MAX),
        seconds => Duration::try_from_secs_f64(seconds).ok(),
    });
    boundary.ok_or_else(|| Unseen::NoAnswer(format!("a bucket has the boundary `{}`, which is none", plain(text))))
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    /// What an instance with these boundaries, in ms, counts of requests that took so long.
    fn histogram(boundaries: impl IntoIterator<Item = u64>, took: &[u64]) -> Histogram {
        let up_to = |most: u64| took.iter().filter(|took| **took <= most).map(|_| 1.0).sum();
        let finite = boundaries.into_iter().map(|at| (Duration::from_millis(at), up_to(at)));
        Histogram(finite.chain([(Duration::MAX, up_to(u64::MAX))]).collect())
    }

    proptest! {
        #[test]
        fn what_is_proven_is_true_whatever_the_boundaries(
            instances in vec((btree_set(1_u64..60, 0..5), vec(0_u64..80, 0..40)), 1..5),
            limit in 1_u64..60,
        ) {
            let mut sum = Sum::default();
            for (boundaries, took) in &instances {
                sum.add(&histogram(boundaries.iter().copied(), took).at(Duration::from_millis(limit)).unwrap());
            }
            let fast = sum.rounded().unwrap();
            let took = || instances.iter().flat_map(|(_, took)| took);
            let truth = took().filter(|took| **took <= limit).count() as u64;
            prop_assert_eq!(fast.all, took().count() as u64);
            prop_assert!(fast.least <= truth && truth <= fast.most, "{truth}: {fast:?}");
            prop_assert!(fast.least <= fast.likely.0 && fast.likely.0 <= fast.likely.1 && fast.likely.1 <= fast.most);
            if let Some(certain) = fast.certain() {
                prop_assert_eq!(is_enough(certain, fast.all), is_enough(truth, fast.all), "{:?}", fast);
            }
            if instances.iter().all(|(boundaries, _)| boundaries.contains(&limit)) {
                prop_assert_eq!((fast.least, fast.most, fast.elsewhere), (truth, truth, 0));
            }
        }
    }
}
