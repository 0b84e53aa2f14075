//! What one set of rules costs one engine.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Failure, Server, TempDir, eventually};

use super::engines::{self, Engine, Store};
use super::exactness::{self, History};
use super::metrics::{self, Metrics};
use super::months::{self, Clock, Definitions, RAW_SPAN};
use super::remote_write::{Samples, Writer};
use super::rules::{Form, Rules};
use super::traffic::{KINDS, NOW};
use super::{PATIENCE, sloth};
use crate::full::cpu::cpu_seconds;
use crate::full::fleet;
use crate::full::numbers::{as_f64, median};

/// How a cell is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) form: Form,
    pub(crate) slos: usize,
    /// How much faster than declared the rules are evaluated; all intervals alike.
    pub(crate) times: u64,
    /// Declared minutes of one reading.
    pub(crate) minutes: u64,
    /// How many readings, of which the median counts.
    pub(crate) readings: usize,
}

/// What was seen, per declared minute; CPU time net of what the engine takes without rules.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) form: Form,
    pub(crate) slos: usize,
    pub(crate) rules: usize,
    pub(crate) series_per_slo: f64,
    pub(crate) cpu_ms_per_slo: f64,
    /// The cheapest and the dearest reading.
    pub(crate) spread: (f64, f64),
    pub(crate) eval_seconds: f64,
    pub(crate) samples_per_slo: f64,
    pub(crate) memory_mib: f64,
    /// Passes that did not begin in time; what they would have cost is divided evenly over all, which flatters who is late.
    pub(crate) missed: f64,
    /// Alerts that fire: what their texts ask is no cost of the rules.
    pub(crate) firing: f64,
}

/// Writes what all forms need of a fleet of `slos` into a folder: counters, definitions, and the history that the engine
/// would have recorded of its kinds.
pub(crate) fn load(engine: Engine, history: &History, slos: usize, days: u64, folder: &Path) -> Result<Clock, Failure> {
    let (store, clock, members) = (engine.empty()?, Clock::now(), fleet::members(slos));
    let mut writer = Writer::new(&store.server.url());
    months::write(
        &mut writer,
        clock,
        &members,
        (NOW - RAW_SPAN, NOW),
        days,
        Definitions::Recorded,
    )?;
    let wire = |lines: &[_]| -> Vec<Samples> { lines.iter().map(|line| exactness::samples(line, clock)).collect() };
    let ratios = wire(&history.ratios);
    let tiles = history.tiles.each_ref().map(|(name, lines)| (*name, wire(lines)));
    let days = format!("{days}d");
    for member in &members {
        let kind = member.number % KINDS;
        for (name, lines) in &tiles {
            let own = [
                ("__name__", *name),
                ("service_name", &member.service),
                ("deployment_environment_name", "prod"),
                ("slo_name", &member.slo),
                ("slo_window", &days),
            ];
            writer.series(&own, &lines[kind])?;
        }
        let id = format!("{}-{}", member.service, member.slo);
        let sloths = [
            ("__name__", sloth::SHORTEST),
            ("sloth_id", &id),
            ("sloth_service", &member.service),
            ("sloth_slo", &member.slo),
            ("sloth_window", "5m"),
        ];
        writer.series(&sloths, &ratios[kind])?;
    }
    let written = writer.finish()?;
    exactness::seen(&store, clock, "slo_events_total", 3 * slos)?;
    exactness::seen(&store, clock, sloth::SHORTEST, slos)?;
    eprintln!(
        "  {}: {slos} SLOs, {} million samples",
        engine.name(),
        written / 1_000_000
    );
    store.keep(folder)?;
    Ok(clock)
}

/// Runs one set of rules on a copy of what was loaded.
pub(crate) fn measure(
    engine: Engine,
    kept: &Path,
    clock: Clock,
    days: u64,
    rules: &Rules,
    plan: Plan,
) -> Result<Cost, Failure> {
    let home = TempDir::new("slo-rule-cost")?;
    engines::copy(kept, &home.path().join("data"))?;
    let store = engine.at(home.path())?;
    catch_up(&store, clock, plan.slos, days)?;
    store.settle()?;
    let mut running = Running { store, rules: None };
    let idle = running.idle()?;

    let folder = home.path().join("rules");
    rules.save(&folder, plan.times)?;
    running.rules = running.store.evaluate(&folder)?;
    running.first_pass(rules.groups().len())?;
    let readings = (0..plan.readings).map(|_| running.reading(rules, plan, idle));
    let readings = readings.collect::<Result<Vec<_>, _>>()?;
    let slos = as_f64(plan.slos as u64);
    let mut cpu: Vec<_> = readings.iter().map(|reading| reading.cpu_ms / slos).collect();
    cpu.sort_by(f64::total_cmp);
    let middle = |what: fn(&Reading) -> f64| {
        let mut values: Vec<_> = readings.iter().map(what).collect();
        values.sort_by(f64::total_cmp);
        median(&values)
    };
    Ok(Cost {
        form: plan.form,
        slos: plan.slos,
        rules: rules.count(),
        series_per_slo: running.recorded()? / slos,
        cpu_ms_per_slo: median(&cpu),
        spread: (cpu[0], cpu[cpu.len() - 1]),
        eval_seconds: middle(|reading| reading.eval_seconds),
        samples_per_slo: middle(|reading| reading.samples) / slos,
        memory_mib: running.memory_mib()?,
        missed: readings.iter().map(|reading| reading.missed).sum(),
        firing: running.firing()?,
    })
}

/// What was pushed since the store was loaded, and some minutes more: samples that come while it is measured.
fn catch_up(store: &Store, clock: Clock, slos: usize, days: u64) -> Result<(), Failure> {
    /// Prometheus takes what is ten minutes ahead, and no more.
    const AHEAD: i64 = 9 * 60;
    let mut writer = Writer::new(&store.server.url());
    let until = clock.minute_at(chrono::Utc::now().timestamp() + AHEAD);
    let members = fleet::members(slos);
    months::write(&mut writer, clock, &members, (NOW, until), days, Definitions::Pushed)?;
    writer.finish()?;
    store.flush()
}

/// What was seen between two moments, per declared minute.
#[derive(Clone, Copy, Debug)]
struct Reading {
    cpu_ms: f64,
    eval_seconds: f64,
    samples: f64,
    missed: f64,
}

/// A store, and what evaluates the rules when that is a process of its own.
struct Running {
    store: Store,
    rules: Option<Server>,
}

/// Everything counted so far.
#[derive(Clone, Debug)]
struct Counted {
    at: Instant,
    cpu: f64,
    store: Metrics,
    rules: Metrics,
}

impl Running {
    fn cpu(&mut self) -> Result<f64, Failure> {
        let rules = self.rules.as_mut().map_or(Ok(0.0), cpu_seconds)?;
        Ok(cpu_seconds(&mut self.store.server)? + rules)
    }

    /// CPU seconds a second, without rules.
    fn idle(&mut self) -> Result<f64, Failure> {
        let (start, cpu) = (Instant::now(), self.cpu()?);
        thread::sleep(IDLE);
        Ok((self.cpu()? - cpu) / start.elapsed().as_secs_f64())
    }

    fn counted(&mut self) -> Result<Counted, Failure> {
        let store = metrics::read(&format!("{}/metrics", self.store.server.url()))?;
        let rules = match &self.rules {
            Some(server) => metrics::read(&format!("{}/metrics", server.url()))?,
            None => store.clone(),
        };
        Ok(Counted {
            at: Instant::now(),
            cpu: self.cpu()?,
            store,
            rules,
        })
    }

    fn names(&self) -> &'static Names {
        match self.store.engine {
            Engine::Prometheus => &PROMETHEUS,
            Engine::VictoriaMetrics => &VMALERT,
        }
    }

    /// Every group once: the first pass reads what no cache has yet.
    fn first_pass(&mut self, groups: usize) -> Result<(), Failure> {
        let name = self.names().passes;
        eventually(PATIENCE, || {
            let counted = self.counted().map_err(|error| format!("{error:?}"))?;
            let passed = counted.rules.all(name).filter(|(_, passes)| *passes >= 1.0).count();
            if passed == groups {
                Ok(())
            } else {
                Err(format!("{passed} of {groups} groups were evaluated"))
            }
        })?;
        Ok(())
    }

    fn reading(&mut self, rules: &Rules, plan: Plan, idle: f64) -> Result<Reading, Failure> {
        let before = self.counted()?;
        let span = Duration::from_millis(plan.minutes * 60_000 / plan.times);
        thread::sleep(span.saturating_sub(before.at.elapsed()));
        let after = self.counted()?;
        let (names, seconds) = (self.names(), (after.at - before.at).as_secs_f64());
        let grown = |name: &str| after.rules.sum(name) - before.rules.sum(name);
        let missed = grown(names.missed);
        let minutes = declared_minutes(
            seconds * as_f64(plan.times),
            &rules.groups(),
            grown(names.passes),
            missed,
        );
        let read = names.samples_read;
        Ok(Reading {
            cpu_ms: (after.cpu - before.cpu - idle * seconds) * 1_000.0 / minutes,
            eval_seconds: grown(names.evaluated_seconds) / minutes,
            samples: (after.store.sum(read) - before.store.sum(read)) / minutes,
            missed,
        })
    }

    /// How many series the rules record.
    fn recorded(&mut self) -> Result<f64, Failure> {
        let name = self.names().recorded;
        Ok(self.counted()?.rules.sum(name))
    }

    fn firing(&self) -> Result<f64, Failure> {
        let found = self.store.prom().instant("count(ALERTS{alertstate=\"firing\"})")?;
        // From 0, because a sum of nothing is -0.
        Ok(found.iter().fold(0.0, |sum, sample| sum + sample.value))
    }

    fn memory_mib(&mut self) -> Result<f64, Failure> {
        let mut bytes = 0.0;
        for server in [Some(&mut self.store.server), self.rules.as_mut()]
            .into_iter()
            .flatten()
        {
            let url = format!("{}/metrics", server.url());
            bytes += metrics::read(&url)?.sum("process_resident_memory_bytes");
        }
        Ok(bytes / f64::from(1 << 20))
    }
}

/// The declared minutes that so many seconds of rules stand for, whose groups have these intervals in seconds.
///
/// What was done counts, not what was due: on a busy machine passes are late, and some are left out.
fn declared_minutes(seconds: f64, intervals: &[u64], passes: f64, missed: f64) -> f64 {
    let due: f64 = intervals.iter().map(|interval| seconds / as_f64(*interval)).sum();
    // Without any left out, edges of the reading would only make it less exact.
    let done = if missed > 0.0 { passes / due } else { 1.0 };
    seconds / 60.0 * done
}

const IDLE: Duration = Duration::from_secs(15);

/// How an engine names what it counts of its rules.
struct Names {
    passes: &'static str,
    missed: &'static str,
    evaluated_seconds: &'static str,
    recorded: &'static str,
    samples_read: &'static str,
}

const PROMETHEUS: Names = Names {
    passes: "prometheus_rule_group_iterations_total",
    missed: "prometheus_rule_group_iterations_missed_total",
    evaluated_seconds: "prometheus_rule_group_duration_seconds_sum",
    recorded: "prometheus_rule_group_last_evaluation_samples",
    samples_read: "prometheus_engine_query_samples_total",
};

const VMALERT: Names = Names {
    passes: "vmalert_iteration_total",
    missed: "vmalert_iteration_missed_total",
    evaluated_seconds: "vmalert_iteration_duration_seconds_sum",
    recorded: "vmalert_recording_rules_last_evaluation_samples",
    samples_read: "vm_rows_read_per_query_sum",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_that_were_left_out_are_no_minutes() {
        let groups = [60, 60, 300];
        assert!((declared_minutes(600.0, &groups, 21.0, 0.0) - 10.0).abs() < 1e-9);
        assert!((declared_minutes(600.0, &groups, 11.0, 11.0) - 5.0).abs() < 1e-9);
    }
}
