//! What rules cost the engines, and how exact they are: ours for a fleet, ours for each SLO, and the same SLOs' in the shape
//! that Sloth publishes, side by side in one run.

mod cell;
pub(crate) mod engines;
mod exactness;
mod history;
mod metrics;
pub(crate) mod months;
pub(crate) mod remote_write;
mod rules;
mod sloth;
mod table;
pub(crate) mod traffic;

use std::path::Path;
use std::thread;
use std::time::Duration;

use e2e::{Failure, TempDir};

use super::{Seen, Settings};
use cell::{Cost, Plan};
use engines::Engine;
use exactness::{Errors, History};
use rules::{Form, Rules};

/// Generous: seventy million samples, on a machine with others on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// In days.
const WINDOW: u64 = 30;

/// Everything seen of one engine.
#[derive(Debug)]
struct Lane {
    engine: Engine,
    costs: Vec<Cost>,
    errors: Vec<(u64, Errors)>,
}

/// The part `rule-cost`.
pub(crate) fn run(settings: &Settings) -> Result<Seen, Failure> {
    e2e::ensure_servers()?;
    let slo = e2e::build_release_binary("slo-cli")?;
    // One lane for each engine, at once: what is read is the CPU time of processes.
    let lanes = thread::scope(|scope| {
        let lanes = Engine::BOTH.map(|engine| {
            scope.spawn({
                let slo = &slo;
                move || lane(slo, engine, settings)
            })
        });
        lanes.map(|lane| lane.join().unwrap_or_else(|_| Err(Failure::new("a lane panicked"))))
    });
    let lanes = lanes.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(table::seen(&lanes))
}

fn lane(slo: &Path, engine: Engine, settings: &Settings) -> Result<Lane, Failure> {
    let mut lane = Lane {
        engine,
        costs: Vec::new(),
        errors: Vec::new(),
    };
    let say = |what: &str| eprintln!("  {}: {what}", engine.name());
    say("recording 30 days of ten kinds of service");
    let (errors, history) = exactness::measure(slo, engine, WINDOW)?;
    lane.errors.extend(errors.into_iter().map(|errors| (WINDOW, errors)));
    for slos in sizes(settings) {
        lane.costs.extend(costs(slo, engine, &history, slos)?);
    }
    for days in other_windows(settings) {
        say(&format!("recording {days} days"));
        let (errors, _) = exactness::measure(slo, engine, days)?;
        lane.errors.extend(errors.into_iter().map(|errors| (days, errors)));
    }
    Ok(lane)
}

fn costs(slo: &Path, engine: Engine, history: &History, slos: usize) -> Result<Vec<Cost>, Failure> {
    let kept = TempDir::new("slo-rule-cost-kept")?;
    let clock = cell::load(engine, history, slos, WINDOW, kept.path())?;
    let one = |form| {
        let rules = Rules::write(slo, form, engine, slos, WINDOW)?;
        eprintln!(
            "  {}: {slos} SLOs, {}: {} rules",
            engine.name(),
            form.name(),
            rules.count()
        );
        cell::measure(engine, kept.path(), clock, WINDOW, &rules, plan(form, slos))
    };
    Form::ALL.into_iter().map(one).collect()
}

fn sizes(settings: &Settings) -> Vec<usize> {
    if settings.smoke {
        return vec![10];
    }
    settings.slos.clone()
}

fn other_windows(settings: &Settings) -> Vec<u64> {
    if settings.smoke { vec![7] } else { vec![7, 28, 90] }
}

/// As fast as a core can be expected to follow.
///
/// At twelve times Sloth's rules cost VictoriaMetrics a third less than at four (ADR 54).
const fn plan(form: Form, slos: usize) -> Plan {
    let (times, minutes, readings) = match (form, slos) {
        (_, ..=10) => (12, 5, 1),
        (_, ..=100) => (4, 5, 2),
        (Form::Fleet, _) => (4, 5, 2),
        (Form::Own, _) => (1, 5, 1),
        (Form::Sloth, _) => (1, 3, 1),
    };
    Plan {
        form,
        slos,
        times,
        minutes,
        readings,
    }
}
