//! What is left of each promise: events over its window, from the counters or, where an engine does not keep these for
//! long enough, from the tiles that rules record of them. Of counters of others the tiles also leave planned times out.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_core::gate::{Evidence, Observation, Unseen};
use slo_core::{BurnWindow, ErrorBudget, Events, Ratio, Recovery, Share, Slo, SloSet, Tick, names};

use super::by_engine::ByEngine;
use super::evidence::Gathering;
use super::presence::Presence;
use crate::prom::{Course, Said, Sample, Stretch, counted, no_number, outcome_of, share};
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
#[derive(Clone, Copy)]
pub(super) struct Budgets<'a> {
    gathering: &'a Gathering<'a>,
    presence: &'a Presence,
    slos: &'a SloSet,
    limit: Share,
}

/// Where events come from.
#[derive(Clone, Copy)]
enum From<'a> {
    Counters,
    Tiles,
    /// The queries of the spec, for one SLO.
    Engine(ByEngine<'a>),
}

/// One source's answers for all SLOs whose window has this length.
struct Source<'a> {
    from: From<'a>,
    length: Duration,
    events: Vec<Said>,
    coverage: Said,
}

/// What one source knows of one SLO.
struct Known {
    events: Result<Events, Unseen>,
    coverage: Option<Ratio>,
    /// The words under which the tiles are taken, or not.
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

    /// Each SLO that has events of its own; one question for all that share a window and are counted by the service.
    pub(super) fn all(&self) -> Vec<Budget> {
        let mut by_length: BTreeMap<Duration, Vec<&Slo>> = BTreeMap::new();
        let mut budgets = Vec::new();
        for slo in self.slos.slos().iter().filter(|slo| slo.composite().is_none()) {
            match ByEngine::of(slo) {
                Some(by) => budgets.push(self.of_engine(slo, by)),
                None => by_length.entry(self.gathering.length(slo)).or_default().push(slo),
            }
        }
        let each = by_length
            .into_iter()
            .map(|(length, slos)| self.of_length(length, &slos));
        budgets.extend(each.flatten());
        budgets
    }

    /// An SLO whose events the engine counts: they may be there where our service is not, and the other way round.
    fn of_engine(&self, slo: &Slo, by: ByEngine<'_>) -> Budget {
        let length = self.gathering.length(slo);
        let presence = by.presence(self.gathering);
        if let Some(seen) = presence.unseen(&by.events(length)) {
            return Budget {
                slo: slo.name().to_owned(),
                seen,
                recovers_at: None,
            };
        }
        let asking = &self.gathering.asking;
        let counters = Source {
            from: From::Engine(by),
            length,
            events: vec![asking.ask(by.events(length))],
            coverage: asking.ask(by.coverage(length)),
        };
        let is_planned = self.is_planned(slo, length);
        let known = counters.of(slo, &presence);
        let tiles = (is_planned || counters.may_lack(&known)).then(|| self.tiles(length));
        let of = Budgets {
            presence: &presence,
            ..*self
        };
        of.of_slo((slo, known), &counters, tiles.as_ref(), is_planned)
    }

    /// Whether a planned time lies in the window: the counters of others count on in it.
    fn is_planned(&self, slo: &Slo, length: Duration) -> bool {
        let now = self.gathering.now;
        !slo.excluded_windows((now - length).into()..now.into()).is_empty()
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
        let known: Vec<_> = slos.iter().map(|slo| (*slo, counters.of(slo, self.presence))).collect();
        // Asked for once, and only where the counters do not tell enough.
        let lacks = known.iter().any(|(_, known)| counters.may_lack(known));
        let tiles = lacks.then(|| self.tiles(length));
        let of_slo = |one| self.of_slo(one, &counters, tiles.as_ref(), false);
        known.into_iter().map(of_slo).collect()
    }

    /// With what the counters know of it.
    fn of_slo(
        &self,
        (slo, known): (&Slo, Known),
        counters: &Source<'_>,
        tiles: Option<&Source<'_>>,
        is_planned: bool,
    ) -> Budget {
        let instead = tiles
            .filter(|_| counters.may_lack(&known))
            .and_then(|tiles| Some((tiles, tiles.instead_of(counters, &known, (slo, self.presence))?)));
        let (source, known) = match (instead, tiles) {
            (Some(instead), _) => instead,
            (None, Some(tiles)) if is_planned => match tiles.without_planned(&known, (slo, self.presence)) {
                Ok(without) => (tiles, without),
                Err(note) => (
                    counters,
                    Known {
                        note: Some(note),
                        ..known
                    },
                ),
            },
            (None, _) => (counters, known),
        };
        let recovers_at = self.recovery(slo, source, &known);
        let said: Vec<_> = source.said().collect();
        let seen = self.presence.observed(slo.name(), &said, known.events);
        let seen = known.coverage.into_iter().fold(seen, Observation::covering);
        Budget {
            slo: slo.name().to_owned(),
            seen: known.note.into_iter().fold(seen, Observation::noted),
            recovers_at,
        }
    }

    fn counters(&self, length: Duration) -> Source<'a> {
        let Gathering { asking, queries, .. } = self.gathering;
        Source {
            from: From::Counters,
            length,
            events: vec![asking.ask(queries.events(length))],
            coverage: asking.ask(queries.coverage(length)),
        }
    }

    fn tiles(&self, length: Duration) -> Source<'a> {
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
    fn recovery(&self, slo: &Slo, source: &Source<'_>, known: &Known) -> Option<DateTime<Utc>> {
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
    fn pieces(&self, slo: &Slo, source: &Source<'_>) -> Option<Vec<(Tick, Events)>> {
        let Gathering {
            asking, queries, now, ..
        } = self.gathering;
        let length = source.length;
        let step = match source.from {
            From::Counters => length.as_secs().div_ceil(PIECES).max(60),
            From::Engine(_) => length
                .as_secs()
                .div_ceil(PIECES)
                .max(BurnWindow::MIN.as_seconds().into()),
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
                let courses = asking.undoubted_history(&queries.events_of(slo.name(), step), stretch)?;
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
            From::Engine(by) => by.pieces(asking.undoubted_history(&by.events(step), stretch)?),
            From::Tiles => {
                let window = RuleWindow::new(slo.window()).ok()?.to_string();
                let tiles =
                    |name| asking.undoubted_history(&queries.tiles_of(name, slo.name(), &window, step), stretch);
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

impl Source<'_> {
    /// Every answer.
    fn said(&self) -> impl Iterator<Item = &Said> {
        self.events.iter().chain([&self.coverage])
    }

    fn failure(&self) -> Option<Unseen> {
        self.said().find_map(Said::failure)
    }

    /// Whether another source may know more of an SLO: the question was refused, or some of the window is not kept. What
    /// the engine itself doubts is not made up for.
    fn may_lack(&self, known: &Known) -> bool {
        let is_little = known.coverage.is_none_or(|coverage| coverage < ErrorBudget::COVERED);
        let is_sound = matches!(known.events, Ok(_) | Err(Unseen::NeverSeen));
        let is_whole = || is_sound && !self.said().any(Said::is_doubted);
        self.said().any(Said::is_refused) || is_little && is_whole()
    }

    fn of(&self, slo: &Slo, presence: &Presence) -> Known {
        let coverage = self.coverage_of(slo);
        let events = match (&coverage, self.failure()) {
            (_, Some(why)) => Err(why),
            (Err(why), None) => Err(why.clone()),
            (Ok(_), None) => self.events_of(slo, presence),
        };
        Known {
            events,
            coverage: coverage.ok().flatten().filter(|_| self.failure().is_none()),
            note: None,
        }
    }

    fn events_of(&self, slo: &Slo, presence: &Presence) -> Result<Events, Unseen> {
        match (self.from, self.events.as_slice()) {
            (From::Engine(by), [both]) => by.counted(both),
            (From::Counters, [all]) => {
                let own = all.by(&[names::SLO_NAME.label, names::SLO_OUTCOME.label])?.iter();
                presence.counted(slo.name(), own.filter(|sample| self.is_of(sample, slo)))
            }
            (From::Tiles, [bad, valid]) => match (self.own(bad, slo)?, self.own(valid, slo)?) {
                (Some(bad), Some(valid)) => of_tiles(bad, valid),
                _ => Err(Unseen::NeverSeen),
            },
            _ => Err(Unseen::NeverSeen),
        }
    }

    /// `None` where it is not said; of counters that have just begun, say.
    fn coverage_of(&self, slo: &Slo) -> Result<Option<Ratio>, Unseen> {
        let value = match self.from {
            From::Engine(_) => self.coverage.number()?,
            From::Counters | From::Tiles => self.own(&self.coverage, slo)?,
        };
        let share = |value| share(value).ok_or_else(|| no_number(value));
        value.map(share).transpose()
    }

    /// The one value of an SLO.
    fn own(&self, said: &Said, slo: &Slo) -> Result<Option<f64>, Unseen> {
        let labels = [names::SLO_NAME.label, WINDOW_LABEL];
        let labels = match self.from {
            From::Tiles => &labels[..],
            From::Counters | From::Engine(_) => &labels[..1],
        };
        let mut samples = said.by(labels)?.iter();
        let own = samples.find(|sample| self.is_of(sample, slo));
        Ok(own.map(|sample| sample.value))
    }

    /// Of tiles those of its window: it may have had another one before.
    fn is_of(&self, sample: &Sample, slo: &Slo) -> bool {
        let window = || RuleWindow::new(slo.window()).map(|window| window.to_string());
        let is_window = || sample.label(WINDOW_LABEL) == window().unwrap_or_default();
        sample.label(names::SLO_NAME.label) == slo.name() && (!matches!(self.from, From::Tiles) || is_window())
    }

    /// What these tiles know of an SLO, where that is more than the counters do.
    fn instead_of(&self, counters: &Source<'_>, known: &Known, (slo, presence): (&Slo, &Presence)) -> Option<Known> {
        let mine = self.of(slo, presence);
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

    /// What these tiles know of an SLO with a planned time in its window, unless they cover less; else why they are not
    /// taken.
    fn without_planned(&self, known: &Known, (slo, presence): (&Slo, &Presence)) -> Result<Known, String> {
        let mine = self.of(slo, presence);
        let counted_on = |why: &str| format!("planned times count as any other: {why}");
        let coverage = mine.coverage.filter(|_| mine.events.is_ok());
        let coverage = coverage.ok_or_else(|| counted_on("no tiles of rules that leave them out were found"))?;
        if known.events.is_err() || known.coverage.is_some_and(|theirs| is_more(theirs, coverage)) {
            let why = format!("the tiles of rules that leave them out cover {coverage} of the window");
            return Err(counted_on(&why));
        }
        Ok(Known {
            note: Some(format!(
                "counted by the tiles that rules recorded, which leave planned times out and cover {coverage} of the window"
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
