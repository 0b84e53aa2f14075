//! How far the recorded ratio of a period is from what happened, for ten kinds of service.

use std::path::Path;

use e2e::{Failure, eventually};

use super::PATIENCE;
use super::engines::{Engine, Store};
use super::history::{self, Labels, Line};
use super::months::{self, Clock, Definitions};
use super::remote_write::{Samples, Writer};
use super::rules::{Form, Rule, Rules};
use super::sloth;
use super::traffic::{ALL, DAY, KINDS, NOW};
use crate::full::fleet;
use crate::full::numbers::{as_f64, median};

const BAD: &str = "slo:bad_events:increase5m";
const VALID: &str = "slo:valid_events:increase5m";
const PERIOD: &str = "slo:error_ratio:period";
/// What the period's ratio reads of its own pass, but for vmalert.
const PERIOD_BAD: &str = "slo:bad_events:period";

/// What an engine would have recorded of each kind over a period, by the names of the series.
#[derive(Debug)]
pub(crate) struct History {
    /// Of our rules: bad and valid events of five minutes.
    pub(crate) tiles: [(&'static str, Vec<Line>); 2],
    /// Of Sloth's: the ratio of five minutes, each minute.
    pub(crate) ratios: Vec<Line>,
}

/// How far off one form's period is.
#[derive(Clone, Debug)]
pub(crate) struct Errors {
    pub(crate) form: Form,
    /// Relative, absolute values, ascending, of the kinds that have a number.
    pub(crate) found: Vec<f64>,
    /// The kind that is furthest off.
    pub(crate) worst: &'static str,
    /// How many kinds are NaN or not there.
    pub(crate) missing: usize,
}

impl Errors {
    pub(crate) fn largest(&self) -> f64 {
        self.found.last().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        median(&self.found)
    }
}

/// Lets an engine record a period of so many days, and compares each form's ratio of it with what happened.
pub(crate) fn measure(slo: &Path, engine: Engine, days: u64) -> Result<(Vec<Errors>, History), Failure> {
    let (store, clock, members) = (engine.empty()?, Clock::now(), fleet::members(KINDS));
    let mut writer = Writer::new(&store.server.url());
    let from = NOW - days * DAY - DAY;
    months::write(&mut writer, clock, &members, (from, NOW), days, Definitions::Recorded)?;
    writer.finish()?;
    seen(&store, clock, "slo_events_total", 3 * KINDS)?;

    let of = |form| Rules::write(slo, form, engine, KINDS, days);
    let (ours, own, sloths) = (of(Form::Fleet)?, of(Form::Own)?, of(Form::Sloth)?);
    let period = Period {
        store: &store,
        clock,
        days,
    };
    let mut tiles = Vec::new();
    for name in [BAD, VALID] {
        let lines = period.recorded(&ours.recording(name)?, 300)?;
        same(&lines, &unlabelled(period.recorded(&own.recording(name)?, 300)?))?;
        period.write(name, &lines)?;
        tiles.push((name, by_kind(&lines)?));
    }
    let ratios = period.recorded(&sloths.recording(sloth::SHORTEST)?, 60)?;
    period.write(sloth::SHORTEST, &ratios)?;
    seen(&store, clock, VALID, KINDS)?;
    seen(&store, clock, sloth::SHORTEST, KINDS)?;
    let bad = period.recorded_over(300, &ours.recording(PERIOD_BAD)?, 300)?;
    same(&bad, &period.recorded_over(300, &own.recording(PERIOD_BAD)?, 300)?)?;
    period.write(PERIOD_BAD, &bad)?;
    seen(&store, clock, PERIOD_BAD, KINDS)?;

    let errors = vec![
        period.errors(Form::Fleet, &ours.recording(PERIOD)?)?,
        period.errors(Form::Own, &own.recording(PERIOD)?)?,
        period.errors(Form::Sloth, &sloths.recording(&sloth::period(days))?)?,
    ];
    let tiles: Result<[_; 2], _> = tiles.try_into();
    let history = History {
        tiles: tiles.map_err(|_| Failure::new("tiles are of two names"))?,
        ratios: by_kind(&ratios)?,
    };
    Ok((errors, history))
}

/// One period on one engine.
struct Period<'a> {
    store: &'a Store,
    clock: Clock,
    days: u64,
}

impl Period<'_> {
    fn recorded(&self, rules: &[Rule], step: i64) -> Result<Vec<(Labels, Line)>, Failure> {
        self.recorded_over(self.days as i64 * 86_400, rules, step)
    }

    fn recorded_over(&self, span: i64, rules: &[Rule], step: i64) -> Result<Vec<(Labels, Line)>, Failure> {
        let mut lines = Vec::new();
        for rule in rules {
            lines.extend(history::recorded(self.store, rule, self.clock.present, span, step)?);
        }
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(lines)
    }

    fn write(&self, name: &str, lines: &[(Labels, Line)]) -> Result<(), Failure> {
        let mut writer = Writer::new(&self.store.server.url());
        for (labels, line) in lines {
            let mut all: Vec<_> = labels
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            all.push(("__name__", name));
            writer.series(&all, &samples(line, self.clock))?;
        }
        writer.finish()?;
        Ok(())
    }

    fn errors(&self, form: Form, rules: &[Rule]) -> Result<Errors, Failure> {
        let prom = self.store.prom();
        let mut found: Vec<(f64, &str)> = Vec::new();
        for rule in rules {
            for sample in prom.instant_at(&rule.expr, self.clock.at())? {
                let mut labels = sample.labels;
                labels.extend(rule.labels.iter().cloned());
                let kind = ALL[kind(&labels)?];
                let truth = kind.truth(NOW - self.days * DAY, NOW);
                let off = truth.map_or(f64::NAN, |truth| (sample.value / truth - 1.0).abs());
                if off.is_finite() {
                    found.push((off, kind.name));
                }
            }
        }
        found.sort_by(|one, other| one.0.total_cmp(&other.0));
        Ok(Errors {
            form,
            missing: KINDS - found.len(),
            worst: found.last().map_or("none", |(_, name)| name),
            found: found.into_iter().map(|(off, _)| off).collect(),
        })
    }
}

/// Samples relative to the present, at this present.
pub(crate) fn samples(line: &Line, clock: Clock) -> Samples {
    Samples::new(line.iter().map(|(at, value)| (clock.present * 1_000 + at, *value)))
}

/// Waits until so many series are there at the present.
pub(crate) fn seen(store: &Store, clock: Clock, name: &str, count: usize) -> Result<(), Failure> {
    eventually(PATIENCE, || {
        store.flush().map_err(|error| format!("{error:?}"))?;
        let found = store.prom().instant_at(&format!("count({name})"), clock.at())?;
        match found.as_slice() {
            [sample] if (sample.value - as_f64(count as u64)).abs() < 0.5 => Ok(()),
            _ => Err(format!("{count} {name}, not {found:?}")),
        }
    })?;
    Ok(())
}

/// The two forms of ours must record the same, or one history would not do for both.
fn same(one: &[(Labels, Line)], other: &[(Labels, Line)]) -> Result<(), Failure> {
    let alike = one.len() == other.len()
        && one.iter().zip(other).all(|((labels, line), (others, other))| {
            labels == others
                && line.len() == other.len()
                && line
                    .iter()
                    .zip(other)
                    .all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() <= a.1.abs() * 1e-9)
        });
    if alike {
        Ok(())
    } else {
        Err(Failure::new(
            "what the fleet's rules and those of one SLO record differs",
        ))
    }
}

/// Without what says that the rules of one spec recorded it: their own read it either way.
fn unlabelled(mut lines: Vec<(Labels, Line)>) -> Vec<(Labels, Line)> {
    for (labels, _) in &mut lines {
        labels.remove("slo_rules");
    }
    lines
}

fn by_kind(lines: &[(Labels, Line)]) -> Result<Vec<Line>, Failure> {
    let mut all = vec![Line::new(); KINDS];
    for (labels, line) in lines {
        all[kind(labels)?].clone_from(line);
    }
    Ok(all)
}

/// The kind of the SLO that a series is of: its number in the fleet.
fn kind(labels: &Labels) -> Result<usize, Failure> {
    let label = |ours: &str, sloths: &str| labels.get(ours).or_else(|| labels.get(sloths)).cloned();
    let (service, slo) = (label("service_name", "sloth_service"), label("slo_name", "sloth_slo"));
    let members = fleet::members(KINDS);
    let of = |member: &fleet::Member| Some(&member.service) == service.as_ref() && Some(&member.slo) == slo.as_ref();
    members
        .iter()
        .position(of)
        .ok_or_else(|| Failure::new(format!("{labels:?} is of no SLO of the fleet")))
}
