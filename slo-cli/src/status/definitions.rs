//! What is promised: from the gauges and words that instances export beside their events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use slo_core::{Status, Target, names};

use super::identity::Key;
use super::overview::Mismatch;
use super::queries::{METRIC, VALUE, WHEN};
use super::span::Span;
use crate::prom::{Sample, count};

/// A promise, as the newest instances make it.
#[derive(Clone, Debug, Default)]
pub(super) struct Definition {
    pub(super) target: Option<Target>,
    pub(super) window: Option<Span>,
    pub(super) sentence: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) journey: Option<String>,
    /// The kind of its SLI.
    pub(super) sli: Option<String>,
    pub(super) status: Status,
    pub(super) mismatch: Option<Mismatch>,
    /// Whether no instance that is there makes it.
    pub(super) gone: bool,
    /// Since when its whole service is gone.
    pub(super) gone_since: Option<DateTime<Utc>>,
}

/// When instances said something: those that are there, of these the young, or those that are gone.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum When {
    Now,
    New,
    Gone,
}

impl When {
    fn of(sample: &Sample) -> Option<Self> {
        match sample.label(WHEN) {
            "now" => Some(Self::Now),
            "new" => Some(Self::New),
            "gone" => Some(Self::Gone),
            _ => None,
        }
    }
}

/// What is said of one thing, and by how many instances.
#[derive(Clone, Debug)]
struct Said<T>(BTreeMap<When, Vec<(T, u64)>>);

impl<T> Default for Said<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone> Said<T> {
    fn add(&mut self, when: When, what: T, instances: u64) {
        self.0.entry(when).or_default().push((what, instances));
    }

    fn at(&self, when: When) -> &[(T, u64)] {
        self.0.get(&when).map_or(&[], Vec::as_slice)
    }

    /// What counts: the best by `rank` of the young, else of those that are there, else of those that are gone.
    fn newest(&self, rank: impl Fn(&T, u64) -> (i8, f64)) -> Option<T> {
        let [young, now, gone] = [When::New, When::Now, When::Gone].map(|when| self.at(when));
        let of = [young, now, gone].into_iter().find(|said| !said.is_empty())?;
        let best = |one: &&(T, u64), other: &&(T, u64)| {
            let (one, other) = (rank(&one.0, one.1), rank(&other.0, other.1));
            one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
        };
        of.iter().max_by(best).map(|(what, _)| what.clone())
    }

    /// Of the instances that are there: how many, and what the others say.
    fn others(&self, is_same: impl Fn(&T) -> bool) -> (u64, Vec<(T, u64)>) {
        let now = self.at(When::Now);
        let instances = now.iter().map(|(_, count)| count).sum();
        (
            instances,
            now.iter().filter(|(what, _)| !is_same(what)).cloned().collect(),
        )
    }
}

/// The words of a promise.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Words {
    sentence: String,
    owner: String,
    journey: String,
    status: String,
    sli: String,
}

#[derive(Debug, Default)]
struct Pieces {
    budget: Said<f64>,
    seconds: Said<f64>,
    begun: Said<f64>,
    words: Said<Words>,
}

/// Every promise, from the answers on values and on words.
pub(super) fn definitions(values: &[Sample], words: &[Sample]) -> BTreeMap<Key, Definition> {
    let mut all: BTreeMap<Key, Pieces> = BTreeMap::new();
    for sample in values {
        let (Some(key), Some(when)) = (Key::of(&sample.labels), When::of(sample)) else {
            continue;
        };
        let Some(value) = sample.label(VALUE).parse().ok().filter(|value: &f64| value.is_finite()) else {
            continue;
        };
        let pieces = all.entry(key).or_default();
        let name = match sample.label("__name__") {
            "" => sample.label(METRIC),
            name => name,
        };
        let of = [
            (names::ERROR_BUDGET, &mut pieces.budget),
            (names::WINDOW, &mut pieces.seconds),
            (names::WINDOW_START, &mut pieces.begun),
        ];
        for (metric, said) in of {
            if metric.prometheus == name {
                said.add(when, value, instances(sample.value));
            }
        }
    }
    for sample in words {
        let (Some(key), Some(when)) = (Key::of(&sample.labels), When::of(sample)) else {
            continue;
        };
        let label = |name: &str| sample.label(name).to_owned();
        let words = Words {
            sentence: label(names::SLO_PROMISE.label),
            owner: label(names::SLO_OWNER.label),
            journey: label(names::SLO_JOURNEY.label),
            status: label(names::SLO_STATUS.label),
            sli: label(names::SLO_SLI.label),
        };
        all.entry(key)
            .or_default()
            .words
            .add(when, words, instances(sample.value));
    }
    all.into_iter()
        .map(|(key, pieces)| (key, pieces.definition()))
        .collect()
}

impl Pieces {
    /// As the rules have it: the smallest budget, the shortest window, the latest start, and agreed if some instance says so.
    fn definition(&self) -> Definition {
        let least = |value: &f64, _| (0, -value);
        let budget = self.budget.newest(least);
        let seconds = self.seconds.newest(least);
        let begun = self.begun.newest(|value, _| (0, *value));
        let words = self
            .words
            .newest(|words, count| (i8::from(words.status == "agreed"), as_f64(count)));
        let words = words.unwrap_or_default();
        let window = seconds.and_then(|seconds| Span::of(seconds, begun));
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        Definition {
            target: budget.and_then(target),
            window,
            sentence: text(&words.sentence),
            owner: text(&words.owner),
            journey: text(&words.journey),
            sli: text(&words.sli),
            status: if words.status == "agreed" {
                Status::Agreed
            } else {
                Status::Draft
            },
            mismatch: self.mismatch(budget, seconds, &words),
            gone: self.budget.at(When::Now).is_empty() && self.words.at(When::Now).is_empty(),
            gone_since: None,
        }
    }

    /// Where instances that are there say something else than what counts.
    fn mismatch(&self, budget: Option<f64>, seconds: Option<f64>, words: &Words) -> Option<Mismatch> {
        let of_target = |value: &f64| match target(*value) {
            Some(target) => format!("objective {target}"),
            None => format!("error budget {value}"),
        };
        let of_window = |value: &f64| match Span::of(*value, None) {
            Some(window) => format!("window {window}"),
            None => format!("window {value} s"),
        };
        let same = |one: Option<f64>| move |other: &f64| one.is_some_and(|one| one.total_cmp(other).is_eq());
        let (all, budgets) = self.budget.others(same(budget));
        let (also, windows) = self.seconds.others(same(seconds));
        let (too, others) = self.words.others(|other| other == words);
        let what = budgets.iter().map(|(value, _)| of_target(value));
        let what = what.chain(windows.iter().map(|(value, _)| of_window(value)));
        let what: Vec<_> = what
            .chain(others.iter().flat_map(|(other, _)| words.differs_from(other)))
            .collect();
        let counts = [sum(&budgets), sum(&windows), sum(&others)];
        (!what.is_empty()).then(|| Mismatch {
            instances: all.max(also).max(too),
            others: counts.into_iter().max().unwrap_or_default(),
            what,
        })
    }
}

impl Words {
    /// What another says instead.
    fn differs_from(&self, other: &Self) -> Vec<String> {
        let each = [
            ("promise", &self.sentence, &other.sentence),
            ("owner", &self.owner, &other.owner),
            ("journey", &self.journey, &other.journey),
            ("status", &self.status, &other.status),
            ("sli", &self.sli, &other.sli),
        ];
        let differs = each.into_iter().filter(|(_, one, other)| one != other);
        differs
            .map(|(what, _, other)| match other.as_str() {
                "" => format!("no {what}"),
                other => format!("{what} `{other}`"),
            })
            .collect()
    }
}

fn sum<T>(said: &[(T, u64)]) -> u64 {
    said.iter().map(|(_, count)| count).sum()
}

/// The exact target whose budget the double is the nearest to.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is checked to lie between 0 and a billion"
)]
fn target(budget: f64) -> Option<Target> {
    let ppb = (budget * 1e9).round();
    let ppb = (0.0..=1e9).contains(&ppb).then_some(ppb as u32)?;
    Target::from_ppb(1_000_000_000 - ppb).ok()
}

/// A count of series.
fn instances(value: f64) -> u64 {
    count(value).unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a count of instances")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}
