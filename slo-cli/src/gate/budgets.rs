//! What is left of each promise: events over its window, from the counters or, where an engine does not keep these for
//! long enough, from the tiles that rules record of them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Evidence, Observation, Unseen};
use slo_core::{ErrorBudget, Events, Ratio, Recovery, Share, Slo, SloSet, Tick, names};

use super::asking::Said;
use super::evidence::{Gathering, Presence, counted, events, outcome_of, share};
use crate::prom::{Course, Sample, Stretch};
use crate::render::recorded::{BAD_TILES, VALID_TILES};
use crate::render::subject::WINDOW_LABEL;
use crate::rule_window::RuleWindow;

/// What was seen of one SLO's budget.
pub(super) struct Budget {
    slo: String,
    seen: Observation<Events>,
    recovers_at: Option<DateTime<Utc>>,
}

impl Budget {
    /// Evidence with this as well.
    pub(super) fn into_evidence(evidence: Evidence, budget: Self) -> Evidence {
        let evidence = evidence.budget(&budget.slo, budget.seen);
        match budget.recovers_at {
            Some(at) => evidence.recovers_at(&budget.slo, at),
            None => evidence,
        }
    }
}

/// Everything that is asked for budgets.
pub(super) struct Budgets<'a> {
    gathering: &'a Gathering<'a>,
    presence: &'a Presence,
    slos: &'a SloSet,
    limit: Share,
}

/// Where events come from.
#[derive(Clone, Copy)]
enum From {
    Counters,
    Tiles,
}

/// One source's answers for all SLOs whose window has this length.
struct Source {
    from: From,
    length: Duration,
    events: Vec<Said>,
    coverage: Said,
}

/// What one source knows of one SLO.
struct Known {
    events: Result<Events, Unseen>,
    coverage: Option<Ratio>,
    /// The words under which the tiles are taken.
    note: Option<String>,
}

impl<'a> Budgets<'a> {
    pub(super) const fn new(gathering: &'a Gathering<'a>, slos: &'a SloSet, presence: &'a Presence) -> Self {
        Self {
            gathering,
            presence,
            slos,
            limit: slos.gate().budget.limit,
        }
    }

    /// Each SLO that has events of its own; one question for all that share a window.
    pub(super) fn all(&self) -> Vec<Budget> {
        let mut by_length: BTreeMap<Duration, Vec<&Slo>> = BTreeMap::new();
        for slo in self.slos.slos().iter().filter(|slo| slo.composite().is_none()) {
            by_length.entry(self.gathering.length(slo)).or_default().push(slo);
        }
        let each = by_length
            .into_iter()
            .map(|(length, slos)| self.of_length(length, &slos));
        each.flatten().collect()
    }

    fn of_length(&self, length: Duration, slos: &[&Slo]) -> Vec<Budget> {
        let query = self.gathering.queries.events(length);
        if !self.presence.is_seen() {
            let unseen = |slo: &&Slo| {
                let seen = self.presence.unseen(&query)?;
                Some(Budget {
                    slo: slo.name().to_owned(),
                    seen,
                    recovers_at: None,
                })
            };
            return slos.iter().filter_map(unseen).collect();
        }
        let counters = self.counters(length);
        // Asked for once, and only where the counters do not tell enough.
        let tiles = slos
            .iter()
            .any(|slo| counters.may_lack(slo))
            .then(|| self.tiles(length));
        let of_slo = |slo: &&Slo| self.of_slo(slo, &counters, tiles.as_ref());
        slos.iter().map(of_slo).collect()
    }

    fn of_slo(&self, slo: &Slo, counters: &Source, tiles: Option<&Source>) -> Budget {
        let known = counters.of(slo);
        let instead = tiles
            .filter(|_| counters.may_lack(slo))
            .and_then(|tiles| Some((tiles, tiles.instead_of(counters, &known, slo)?)));
        let (source, known) = instead.unwrap_or((counters, known));
        let recovers_at = self.recovery(slo, source, &known);
        let seen = self.presence.observed(&source.events[0].query, known.events);
        let seen = known.coverage.into_iter().fold(seen, Observation::covering);
        let seen = known.note.into_iter().fold(seen, Observation::noted);
        let seen = self.presence.doubting(seen);
        let said = source.events.iter().chain([&source.coverage]);
        Budget {
            slo: slo.name().to_owned(),
            seen: said.fold(seen, |seen, said| said.doubting(seen)),
            recovers_at,
        }
    }

    fn counters(&self, length: Duration) -> Source {
        let Gathering { asking, queries, .. } = self.gathering;
        Source {
            from: From::Counters,
            length,
            events: vec![asking.ask(queries.events(length))],
            coverage: asking.ask(queries.coverage(length)),
        }
    }

    fn tiles(&self, length: Duration) -> Source {
        let Gathering { asking, queries, .. } = self.gathering;
        let tiles = |name| asking.ask(queries.tiles(name, length));
        Source {
            from: From::Tiles,
            length,
            events: vec![tiles(BAD_TILES), tiles(VALID_TILES)],
            coverage: asking.ask(queries.tiles_coverage(length)),
        }
    }

    /// When a budget at or under its limit is above it again, as bad events leave a rolling window.
    fn recovery(&self, slo: &Slo, source: &Source, known: &Known) -> Option<DateTime<Utc>> {
        let (events, coverage) = (*known.events.as_ref().ok()?, known.coverage?);
        let length = slo.window().rolling_length()?;
        let budget = ErrorBudget::observed(slo.target(), events).covering(coverage);
        if budget.decisive().leaves_more_than(self.limit)? {
            return None;
        }
        let pieces = self.pieces(slo, source)?;
        match budget.recovery(self.limit, length, self.gathering.now.into(), pieces) {
            Recovery::At(at) => Some(at.into()),
            _ => None,
        }
    }

    /// The events of a window in pieces, each with its last moment.
    fn pieces(&self, slo: &Slo, source: &Source) -> Option<Vec<(Tick, Events)>> {
        let Gathering {
            asking, queries, now, ..
        } = self.gathering;
        let length = source.length;
        let step = match source.from {
            From::Counters => length.as_secs().div_ceil(PIECES).max(60),
            // A piece is whole tiles.
            From::Tiles => length.as_secs().div_ceil(PIECES).next_multiple_of(300),
        };
        let step = Duration::from_secs(step);
        let stretch = Stretch {
            from: *now - length + step,
            to: *now,
            step,
        };
        match source.from {
            From::Counters => {
                let courses = asking.history(&queries.events_of(slo.name(), step), stretch)?;
                let outcome =
                    |course: &Course| course.labels.get(names::SLO_OUTCOME.label).cloned().unwrap_or_default();
                let pieces = courses.iter().flat_map(|course| {
                    let outcome = outcome(course);
                    let piece = move |(at, value): &(DateTime<Utc>, f64)| {
                        Some(((*at).into(), outcome_of(&outcome, *value).ok()?))
                    };
                    course.values.iter().map(piece)
                });
                pieces.collect()
            }
            From::Tiles => {
                let window = RuleWindow::new(slo.window()).ok()?.to_string();
                let tiles = |name| asking.history(&queries.tiles_of(name, slo.name(), &window, step), stretch);
                let bad = tiles(BAD_TILES)?.into_iter().flat_map(|course| course.values);
                let bad: BTreeMap<_, _> = bad.collect();
                let valid = tiles(VALID_TILES)?.into_iter().flat_map(|course| course.values);
                let piece = |(at, valid): (DateTime<Utc>, f64)| {
                    let bad = bad.get(&at).copied().unwrap_or_default();
                    Some((at.into(), of_tiles(bad, valid).ok()?))
                };
                valid.map(piece).collect()
            }
        }
    }
}

impl Source {
    fn failure(&self) -> Option<Unseen> {
        let mut said = self.events.iter().chain([&self.coverage]);
        said.find_map(Said::failure)
    }

    /// Whether another source may know more of an SLO: the question was refused, or some of the window is not kept. What
    /// the engine itself doubts is not made up for.
    fn may_lack(&self, slo: &Slo) -> bool {
        let mut said = self.events.iter().chain([&self.coverage]);
        if said.any(Said::is_refused) {
            return true;
        }
        let is_doubted = self.events.iter().chain([&self.coverage]).any(Said::is_doubted);
        !is_doubted
            && self.failure().is_none()
            && self
                .of(slo)
                .coverage
                .is_none_or(|coverage| coverage < ErrorBudget::COVERED)
    }

    fn of(&self, slo: &Slo) -> Known {
        if let Some(why) = self.failure() {
            return Known {
                events: Err(why),
                coverage: None,
                note: None,
            };
        }
        let window = RuleWindow::new(slo.window())
            .map(|window| window.to_string())
            .unwrap_or_default();
        let is_its = |sample: &&Sample| {
            let is_named = sample.label(names::SLO_NAME.label) == slo.name();
            is_named && (matches!(self.from, From::Counters) || sample.label(WINDOW_LABEL) == window)
        };
        let own = |said: &Said| said.series().iter().filter(is_its).cloned().collect::<Vec<_>>();
        let coverage = own(&self.coverage).first().and_then(|sample| share(sample.value));
        let counts: Vec<_> = self.events.iter().map(own).collect();
        let events = match counts.as_slice() {
            // The service is there: this promise is new, and nothing of it is spent.
            [all] if all.is_empty() => Err(Unseen::NeverSeen),
            [all] => events(all),
            [bad, valid] => match (bad.first(), valid.first()) {
                (Some(bad), Some(valid)) => of_tiles(bad.value, valid.value),
                _ => Err(Unseen::NeverSeen),
            },
            _ => Err(Unseen::NeverSeen),
        };
        Known {
            events,
            coverage,
            note: None,
        }
    }

    /// What these tiles know of an SLO, where that is more than the counters do.
    fn instead_of(&self, counters: &Self, known: &Known, slo: &Slo) -> Option<Known> {
        let mine = self.of(slo);
        let coverage = mine.coverage.filter(|_| mine.events.is_ok())?;
        let why = match counters.failure() {
            Some(why) => format!("there is {why}"),
            None => {
                let theirs = known.coverage.unwrap_or(Ratio::new(0, 1)?);
                if !is_more(coverage, theirs) {
                    return None;
                }
                format!("the counters themselves cover {theirs}")
            }
        };
        Some(Known {
            note: Some(format!(
                "counted by the tiles that rules recorded, which cover {coverage} of the window; {why}"
            )),
            ..mine
        })
    }
}

/// Bad and valid events as rules recorded them.
fn of_tiles(bad: f64, valid: f64) -> Result<Events, Unseen> {
    let (bad, valid) = (counted(bad)?, counted(valid)?);
    Ok(Events::new(valid.saturating_sub(bad), bad))
}

/// By more than the tile or two that rules are behind, or ahead by their push interval.
fn is_more(mine: Ratio, theirs: Ratio) -> bool {
    const BY: f64 = 0.05;
    mine.as_ratio_f64() > theirs.as_ratio_f64() + BY
}

/// A piece of 30 days is an hour.
const PIECES: u64 = 720;
