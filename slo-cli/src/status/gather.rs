//! From questions to the overview.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::alert::AlertState;
use slo_core::{BurnRate, ErrorBudget, Events, Outcome, Ratio};

use super::alerts::{self, Covered};
use super::burn_down::{burn_down, pieces, stretch};
use super::counts::{self, Recorded};
use super::definitions::{Definition, definitions};
use super::filter::Filter;
use super::freshness::checks;
use super::gone::{self, gone};
use super::identity::Key;
use super::inquiry::{Got, Inquiry, Question};
use super::overview::{
    Alert, AlertFrom, Burn, COMPOSITE, COUNTED_BY_ENGINE, Check, CountedFrom, Overview, Promise, Seen, SeenBy,
};
use super::queries::{DEFINED, Queries, REMEMBERED, WHEN};
use super::runs::runs;
use super::span::Span;
use super::standing::Standing;
use crate::args::{Identity, Numbers};
use crate::prom::{Ask, AskError, Sample, count};

/// What is asked for.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by callers; each part changes what is asked"
)]
pub struct Wanted {
    /// Which promises.
    pub filter: Filter,
    /// How raw series say whose they are.
    pub identity: Identity,
    /// Where counts come from.
    pub numbers: Numbers,
    /// The moment; the engine's now when left out.
    pub at: Option<DateTime<Utc>>,
    /// For how long a service is told of that pushes nothing any more; up to a day it is so without a question more.
    pub remembered: Duration,
    /// Whether to ask how budgets went over their windows, one question per window.
    pub burn_downs: bool,
}

/// Asks an engine how all promises stand: some twenty questions for the windows in use, however many SLOs there are, and
/// a few of them at once.
///
/// # Errors
///
/// [`AskError`] when the engine gave no answer to a question without which nothing can be said, or cannot be reached any
/// more. What is merely missing is in [`Overview::doubts`].
pub fn gather(engine: &(dyn Ask + Sync), wanted: &Wanted) -> Result<Overview, AskError> {
    let gathering = Gathering {
        asking: Inquiry::new(engine, wanted.at),
        queries: Queries {
            identity: wanted.identity,
            filter: &wanted.filter,
        },
        wanted,
    };
    gathering.overview(engine.source())
}

struct Gathering<'a> {
    asking: Inquiry<'a>,
    queries: Queries<'a>,
    wanted: &'a Wanted,
}

/// What one window of time is known to hold.
#[derive(Default)]
struct Window {
    events: BTreeMap<Key, Events>,
    coverage: BTreeMap<Key, Ratio>,
}

/// Everything that was answered.
struct Answers {
    definitions: BTreeMap<Key, Definition>,
    recorded: Recorded,
    firing: BTreeMap<Key, AlertState>,
    pushed_ago: BTreeMap<Key, f64>,
    defined_ago: BTreeMap<Key, f64>,
    seen_in_a_day: BTreeMap<Key, f64>,
    windows: BTreeMap<Duration, Window>,
    /// Events of the lengths that alerts look at, in seconds; one hour and six among them.
    lengths: BTreeMap<u64, BTreeMap<Key, Events>>,
    checks: Vec<Check>,
    runs: Vec<Sample>,
}

const HOUR: u64 = 3_600;
const SIX_HOURS: u64 = 21_600;

/// What is wrong where promises name no service: all of one name are one, whosever they are.
fn nobodys(definitions: &BTreeMap<Key, Definition>) -> Option<String> {
    let nobodys = definitions.keys().find(|key| key.whose.service.is_empty())?;
    Some(format!(
        "`{}` is the promise of no service, and those of all services are added up: are resource attributes labels there, and is \
         --identity that of this engine?",
        nobodys.slo
    ))
}

impl Gathering<'_> {
    fn overview(self, engine: String) -> Result<Overview, AskError> {
        let answers = self.answers()?;
        let service_has_others = |key: &Key| {
            let mut others = answers.definitions.iter();
            others.any(|(other, definition)| other.whose == key.whose && !definition.gone)
        };
        let mut promises: Vec<_> = answers
            .definitions
            .iter()
            .map(|(key, definition)| {
                let removed = definition.gone && service_has_others(key);
                self.promise(key, definition, removed, &answers)
            })
            .collect();
        if self.wanted.burn_downs {
            self.draw(&mut promises)?;
        }
        sort(&mut promises);
        let runs = runs(&answers.runs);
        let nobodys = nobodys(&answers.definitions);
        let filter = &self.wanted.filter;
        Ok(Overview {
            engine,
            at: self.asking.at(),
            promises,
            checks: answers
                .checks
                .into_iter()
                .filter(|check| filter.has_service(&check.whose))
                .collect(),
            runs: runs
                .into_iter()
                .filter(|runs| filter.has_service(&runs.whose))
                .collect(),
            doubts: self.asking.into_doubts().into_iter().chain(nobodys).collect(),
        })
    }

    fn answers(&self) -> Result<Answers, AskError> {
        let queries = self.queries;
        let counts_now = self.wanted.numbers != Numbers::Recorded;
        let mut questions = vec![
            Question::whole(queries.values()),
            Question::whole(queries.words()),
            Question::part("states of checks", queries.states()),
            Question::part("ages of data", queries.data_ages()),
            Question::part("alerts", queries.firing()),
            Question::part("ages of pushes", queries.pushed_ago()),
            Question::part("the last day's coverage", queries.seen_in_a_day()),
            Question::part("runs of the gate", queries.runs()),
        ];
        let has_recorded = self.wanted.numbers != Numbers::Raw;
        questions.extend(has_recorded.then(|| Question::part("what rules recorded", queries.recorded())));
        let lately = [HOUR, SIX_HOURS].into_iter().filter(|_| counts_now);
        questions.extend(lately.clone().map(|seconds| self.of_length(seconds, &BTreeSet::new())));
        if self.wanted.remembered > REMEMBERED {
            let services = queries.services(self.wanted.remembered);
            questions.push(Question::part("services that are gone", services));
        }
        let mut got = self.asking.all(&questions)?.into_iter().map(Got::unwrap_or_default);
        let mut next = || got.next().unwrap_or_default();

        let definitions = definitions(&next(), &next());
        let (states, ages) = (next(), next());
        let firing = alerts::firing(&next());
        let (defined, pushed): (Vec<_>, Vec<_>) = next().into_iter().partition(|sample| sample.label(WHEN) == DEFINED);
        let mut answers = Answers {
            firing,
            pushed_ago: counts::numbers(&pushed),
            defined_ago: counts::numbers(&defined),
            seen_in_a_day: counts::numbers(&next()),
            runs: next(),
            recorded: if has_recorded {
                Recorded::of(&next())
            } else {
                Recorded::default()
            },
            lengths: lately
                .map(|seconds| (seconds, counts::events(&next(), &Outcome::ALL)))
                .collect(),
            checks: checks(&states, &ages),
            definitions,
            windows: BTreeMap::new(),
        };
        let gone = self.gone(&next(), &answers.definitions)?;
        answers.definitions.extend(gone);
        let filter = &self.wanted.filter;
        answers
            .definitions
            .retain(|key, said| filter.has(key, said.journey.as_ref(), said.owner.as_ref()));
        if counts_now {
            self.count(&mut answers)?;
        }
        Ok(answers)
    }

    /// What services promised that are gone: asked of these alone, for it is a look at all of the time.
    fn gone(
        &self,
        services: &[Sample],
        known: &BTreeMap<Key, Definition>,
    ) -> Result<BTreeMap<Key, Definition>, AskError> {
        let gone = gone(services, &self.wanted.filter, known, self.asking.at());
        if gone.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: BTreeSet<_> = gone.keys().map(|whose| whose.service.as_str()).collect();
        let names = few(&names).map(|names| names.into_iter().map(str::to_owned).collect());
        let filter = Filter {
            services: names.unwrap_or_else(|| self.wanted.filter.services.clone()),
            ..self.wanted.filter.clone()
        };
        let queries = Queries {
            filter: &filter,
            ..self.queries
        };
        let length = self.wanted.remembered;
        let part = |query| Question::part("what services that are gone have promised", query);
        let questions = [
            queries.values_within(length),
            queries.words_within(length),
            queries.defined_last(length),
        ]
        .map(part);
        let mut got = self.asking.all(&questions)?.into_iter().map(Got::unwrap_or_default);
        let mut next = || got.next().unwrap_or_default();
        Ok(gone::promised(&gone, &next(), &next(), &next()))
    }

    /// The raw counters over each window in use, and over what alerts look at where no rules run.
    fn count(&self, answers: &mut Answers) -> Result<(), AskError> {
        let by_length = self.by_length(&answers.definitions);
        let several = by_length.len() > 1;
        let lengths = self.lengths(answers);
        let of_windows = by_length.iter().flat_map(|(length, names)| {
            let names = few(names).filter(|_| several);
            self.of_window(*length, names.as_deref())
        });
        let of_lengths = lengths.iter().map(|(seconds, names)| self.of_length(*seconds, names));
        let questions: Vec<_> = of_windows.chain(of_lengths).collect();
        let mut got = self.asking.all(&questions)?.into_iter();
        let definitions = &answers.definitions;
        let is_there = |key: &Key| definitions.get(key).is_some_and(|said| said.gone_since.is_none());
        let mut windows = BTreeMap::new();
        for length in by_length.into_keys() {
            let (events, coverage) = (
                got.next().unwrap_or(Ok(Vec::new())),
                got.next().unwrap_or(Ok(Vec::new())),
            );
            if let Ok(events) = &events {
                let mut lacking = counts::lacking(events, &Outcome::ALL);
                lacking.retain(|key, _| is_there(key));
                self.doubt_partial(&lacking);
            }
            match window(events, coverage) {
                Ok(window) => drop(windows.insert(length, window)),
                // An engine that cannot add them up may have recorded series.
                Err(error) => self.asking.doubt(format!(
                    "the counters over {} cannot be added up, so numbers are those that rules recorded: {error}",
                    humantime::format_duration(length)
                )),
            }
        }
        let counted = lengths.into_keys().zip(got.map(Got::unwrap_or_default));
        let counted: Vec<_> = counted
            .map(|(seconds, samples)| (seconds, counts::events(&samples, counts::VALID)))
            .collect();
        answers.windows = windows;
        answers.lengths.extend(counted);
        Ok(())
    }

    /// Says that series are lost on the way, which nobody should take for 0.
    fn doubt_partial(&self, lacking: &BTreeMap<Key, Outcome>) {
        let Some((key, outcome)) = lacking.first_key_value() else {
            return;
        };
        let others = match lacking.len() {
            1 => String::new(),
            2 => ", nor all of those of another one".to_owned(),
            several => format!(", nor all of those of {} others", several - 1),
        };
        self.asking.doubt(format!(
            "the engine has none of the {} events of {} of {}, not even 0{others}: does anything on the way drop series? \
             `slo doctor` tells more",
            outcome.as_str(),
            key.slo,
            key.whose.name(),
        ));
    }

    /// The two questions about a window.
    fn of_window(&self, length: Duration, only: Option<&[&str]>) -> [Question; 2] {
        let queries = [self.queries.events(length, only), self.queries.coverage(length, only)];
        queries.map(|query| match self.wanted.numbers {
            Numbers::Auto => Question::or_else(query),
            Numbers::Raw | Numbers::Recorded => Question::whole(query),
        })
    }

    /// The question about one hour or six, of all SLOs; or about another length, of those that are named.
    fn of_length(&self, seconds: u64, names: &BTreeSet<&str>) -> Question {
        let length = Duration::from_secs(seconds);
        let query = match seconds {
            HOUR | SIX_HOURS => self.queries.events(length, None),
            _ => self.queries.valid_events(length, few(names).as_deref()),
        };
        Question::part(format!("the last {}", humantime::format_duration(length)), query)
    }

    /// The SLOs of each length of time that some window has seen, by name.
    fn by_length<'d>(&self, definitions: &'d BTreeMap<Key, Definition>) -> BTreeMap<Duration, BTreeSet<&'d str>> {
        let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (key, definition) in definitions {
            if let Some(window) = definition.window.filter(|_| definition.gone_since.is_none()) {
                all.entry(window.passed(self.asking.at()))
                    .or_default()
                    .insert(key.slo.as_str());
            }
        }
        all
    }

    /// What alerts look at where no rules run, besides one hour and six: the SLOs of each length, by name.
    fn lengths<'d>(&self, answers: &'d Answers) -> BTreeMap<u64, BTreeSet<&'d str>> {
        let mut lengths: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        for (key, definition) in &answers.definitions {
            let (Some(target), Some(window), None) = (definition.target, definition.window, definition.gone_since)
            else {
                continue;
            };
            if !answers.recorded.has(key, window) {
                let conditions = alerts::conditions(target, window);
                let asked = conditions.iter().flat_map(alerts::lengths);
                for seconds in asked.filter(|seconds| !matches!(*seconds, HOUR | SIX_HOURS)) {
                    lengths.entry(seconds).or_default().insert(&key.slo);
                }
            }
        }
        lengths
    }

    fn promise(&self, key: &Key, said: &Definition, removed: bool, answers: &Answers) -> Promise {
        let now = self.asking.at();
        // Of a service that is gone nothing is known but that.
        let there = said.gone_since.is_none();
        let window = said.window.filter(|_| there);
        let seen = window.and_then(|window| self.seen(key, window, answers));
        let budget = said.target.zip(seen).zip(said.window).map(|((target, seen), window)| {
            let budget = ErrorBudget::observed(target, seen.events);
            budget.covering(seen.coverage).after(window.elapsed(now))
        });
        let burn = |seconds, name| self.burn(key, said, (seconds, name), answers).filter(|_| there);
        let is_probe = |check: &&Check| {
            check.whose == key.whose && matches!(&check.by, SeenBy::Probe { slo: Some(slo), .. } if *slo == key.slo)
        };
        let mut promise = Promise {
            whose: key.whose.clone(),
            slo: key.slo.clone(),
            sentence: said.sentence.clone(),
            owner: said.owner.clone(),
            journey: said.journey.clone(),
            sli: said.sli.clone(),
            status: said.status,
            target: said.target,
            window: said.window,
            seen,
            budget,
            hour: burn(HOUR, "1h"),
            six_hours: burn(SIX_HOURS, "6h"),
            alert: self.alert(key, said, seen, answers).filter(|_| there),
            pushed_ago: pushed_ago(key, said, seen, answers),
            removed,
            gone_since: said.gone_since,
            mismatch: said.mismatch.clone(),
            probe: answers.checks.iter().find(is_probe).cloned(),
            burn_down: None,
            standing: Standing::Fine,
        };
        promise.standing = Standing::of(&promise);
        promise
    }

    fn seen(&self, key: &Key, window: Span, answers: &Answers) -> Option<Seen> {
        let raw = answers.windows.get(&window.passed(self.asking.at()));
        if let Some(events) = raw.and_then(|raw| raw.events.get(key)) {
            let coverage = raw.and_then(|raw| raw.coverage.get(key)).copied();
            return Some(Seen {
                events: *events,
                from: CountedFrom::Counters,
                coverage: self.at_least_a_day(key, window, coverage, answers)?,
            });
        }
        (self.wanted.numbers != Numbers::Raw).then_some(())?;
        Some(Seen {
            events: answers.recorded.period(key, window)?,
            from: CountedFrom::Rules,
            coverage: answers.recorded.coverage(key, window)?,
        })
    }

    /// The window's coverage, of parts of an hour; of what is younger, that of the last day, and a push at least: where
    /// something was counted, one came.
    fn at_least_a_day(&self, key: &Key, window: Span, coverage: Option<Ratio>, answers: &Answers) -> Option<Ratio> {
        let whole = window.passed(self.asking.at()).as_secs();
        let lately = answers.seen_in_a_day.get(key).and_then(|seconds| count(*seconds));
        let lately = lately.and_then(|seconds| Ratio::new(seconds.min(whole), whole));
        let push = Ratio::new(alerts::PUSHED_EVERY.as_secs().min(whole), whole);
        coverage.max(lately).max(push)
    }

    fn burn(&self, key: &Key, said: &Definition, of: (u64, &str), answers: &Answers) -> Option<Burn> {
        let counted = answers.lengths.get(&of.0).and_then(|events| events.get(key)).copied();
        let recorded = || {
            answers
                .recorded
                .last(key, of.1)
                .map(|events| (events, CountedFrom::Rules))
        };
        let (events, from) = match counted {
            Some(events) => (events, CountedFrom::Counters),
            None if self.wanted.numbers != Numbers::Raw => recorded()?,
            None => return None,
        };
        Some(Burn {
            rate: BurnRate::of(said.target?, events)?,
            events,
            from,
        })
    }

    fn alert(&self, key: &Key, said: &Definition, seen: Option<Seen>, answers: &Answers) -> Option<Alert> {
        let window = said.window?;
        let fires = answers.firing.get(key).copied();
        if fires.is_some() || answers.recorded.has(key, window) {
            return Some(Alert {
                state: fires.unwrap_or(AlertState::Ok),
                from: AlertFrom::Rules,
                why: None,
            });
        }
        let seen = seen?;
        let conditions = alerts::conditions(said.target?, window)?;
        let passed = window.passed(self.asking.at());
        let day = answers.seen_in_a_day.get(key).copied().unwrap_or_default();
        let covered = Covered {
            day: Duration::try_from_secs_f64(day.max(0.0)).unwrap_or_default(),
            window: passed.mul_f64(seen.coverage.as_ratio_f64()),
        };
        Some(alerts::computed(&conditions, covered, |seconds| {
            let of_length = answers
                .lengths
                .get(&seconds)
                .and_then(|events| events.get(key))
                .copied();
            let is_whole = seconds >= window.length().as_secs();
            of_length.or_else(|| is_whole.then_some(seen.events))
        }))
    }

    /// Asks how budgets went, once for each window.
    fn draw(&self, promises: &mut [Promise]) -> Result<(), AskError> {
        let now = self.asking.at();
        let mut by_length: BTreeMap<Duration, Vec<&mut Promise>> = BTreeMap::new();
        for promise in promises.iter_mut().filter(|promise| promise.left().is_some()) {
            if let Some(window) = promise.window {
                by_length.entry(window.passed(now)).or_default().push(promise);
            }
        }
        let several = by_length.len() > 1;
        for mut promises in by_length.into_values() {
            let Some(stretch) = promises
                .first()
                .and_then(|promise| promise.window)
                .map(|window| stretch(window, now))
            else {
                continue;
            };
            let names: BTreeSet<_> = promises.iter().map(|promise| promise.slo.clone()).collect();
            let names = names.iter().map(String::as_str).collect();
            let names = few(&names).filter(|_| several);
            let query = self.queries.bad_events(stretch.step, names.as_deref());
            let pieces = pieces(self.asking.history("burn-down charts", &query, stretch)?);
            for promise in &mut promises {
                let key = Key {
                    whose: promise.whose.clone(),
                    slo: promise.slo.clone(),
                };
                if let Some(pieces) = pieces.get(&key) {
                    promise.burn_down = burn_down(promise, pieces, now);
                }
            }
        }
        Ok(())
    }
}

/// How old the last sample is. Only where no process counts events it is that of the definition: of others that would hide
/// that their events have ended.
fn pushed_ago(key: &Key, said: &Definition, seen: Option<Seen>, answers: &Answers) -> Option<Duration> {
    let is_counted = match said.sli.as_deref() {
        Some(COMPOSITE | COUNTED_BY_ENGINE) => false,
        Some(_) => true,
        None => seen.is_some_and(|seen| seen.from == CountedFrom::Counters),
    };
    let defined = answers.defined_ago.get(key).filter(|_| !is_counted);
    let seconds = answers.pushed_ago.get(key).or(defined)?;
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn window(events: Got, coverage: Got) -> Result<Window, AskError> {
    Ok(Window {
        events: counts::events(&events?, &Outcome::ALL),
        coverage: counts::shares(&coverage?),
    })
}

/// The names, if they are few enough to stand in a query: engines take queries of some kilobytes.
fn few<'n>(names: &BTreeSet<&'n str>) -> Option<Vec<&'n str>> {
    const MOST_BYTES: usize = 4_000;
    let bytes: usize = names.iter().map(|name| name.len()).sum();
    (bytes <= MOST_BYTES && names.len() <= 200).then(|| names.iter().copied().collect())
}

/// What hurts most first; the least budget first where it hurts alike; drafts last.
fn sort(promises: &mut [Promise]) {
    promises.sort_by(|one, other| {
        let place = |promise: &Promise| (promise.is_draft(), promise.standing);
        let left = |promise: &Promise| promise.left().unwrap_or(f64::INFINITY);
        let name = |promise: &Promise| (promise.whose.clone(), promise.slo.clone());
        place(one)
            .cmp(&place(other))
            .then(left(one).total_cmp(&left(other)))
            .then_with(|| name(one).cmp(&name(other)))
    });
}
