//! What was seen, as tables, beside what was to be reached.

use super::cell::Cost;
use super::engines::Engine;
use super::exactness::Errors;
use super::rules::Form;
use super::{Lane, WINDOW};
use crate::full::Seen;

/// The tables, and each number that was not reached.
pub(crate) fn seen(lanes: &[Lane]) -> Seen {
    let mut seen = Seen::default();
    seen.say("per SLO and declared minute; CPU time of the engine's processes, net of what they take without rules");
    seen.say(format!(
        "{:<25} {:<14} {:>5} {:>6} {:>7} {:>8} {:>15} {:>9} {:>9} {:>10} {:>7} {:>6} {:>6}",
        "engine",
        "rules",
        "SLOs",
        "rules",
        "series",
        "CPU ms",
        "(lowest-highest)",
        "of Sloth",
        "eval s",
        "samples",
        "MiB",
        "missed",
        "firing"
    ));
    for lane in lanes {
        for cost in &lane.costs {
            let share = sloths(lane, cost).map_or("-".to_owned(), |share| format!("{share:.3}"));
            seen.say(row(lane.engine, cost, &share));
        }
    }
    seen.say("");
    seen.say("the recorded ratio of a period, off what happened, over ten kinds of service");
    seen.say(format!(
        "{:<25} {:<14} {:>5} {:>10} {:>10} {:>8}  {}",
        "engine", "rules", "days", "median", "largest", "no number", "furthest off"
    ));
    for lane in lanes {
        for (days, errors) in &lane.errors {
            seen.say(errors_row(lane.engine, *days, errors));
        }
    }
    for lane in lanes {
        judge(&mut seen, lane);
    }
    seen
}

fn row(engine: Engine, cost: &Cost, share: &str) -> String {
    let (low, high) = cost.spread;
    format!(
        "{:<25} {:<14} {:>5} {:>6} {:>7.1} {:>8.2} {:>16} {:>9} {:>9.2} {:>10.0} {:>7.0} {:>6.0} {:>6.0}",
        engine.name(),
        cost.form.name(),
        cost.slos,
        cost.rules,
        cost.series_per_slo,
        cost.cpu_ms_per_slo,
        format!("({low:.2}-{high:.2})"),
        share,
        cost.eval_seconds,
        cost.samples_per_slo,
        cost.memory_mib,
        cost.missed,
        cost.firing
    )
}

fn errors_row(engine: Engine, days: u64, errors: &Errors) -> String {
    format!(
        "{:<25} {:<14} {:>5} {:>9.4}% {:>9.4}% {:>9}  {}",
        engine.name(),
        errors.form.name(),
        days,
        errors.median() * 100.0,
        errors.largest() * 100.0,
        errors.missing,
        errors.worst
    )
}

/// The share of what Sloth's take at as many SLOs.
fn sloths(lane: &Lane, cost: &Cost) -> Option<f64> {
    let theirs = lane
        .costs
        .iter()
        .find(|other| other.form == Form::Sloth && other.slos == cost.slos)?;
    Some(cost.cpu_ms_per_slo / theirs.cpu_ms_per_slo)
}

/// At most so large a share of Sloth's CPU time: a tenth and a quarter for the fleet, a third and 0.85 for each SLO.
const fn most(engine: Engine, form: Form) -> Option<f64> {
    match (engine, form) {
        (_, Form::Sloth) => None,
        (Engine::Prometheus, Form::Fleet) => Some(0.1),
        (Engine::VictoriaMetrics, Form::Fleet) => Some(0.25),
        (Engine::Prometheus, Form::Own) => Some(1.0 / 3.0),
        (Engine::VictoriaMetrics, Form::Own) => Some(0.85),
    }
}

/// At most so far off, with pushes of a minute.
const fn furthest(engine: Engine) -> f64 {
    match engine {
        Engine::Prometheus => 0.02,
        Engine::VictoriaMetrics => 0.001,
    }
}

fn judge(seen: &mut Seen, lane: &Lane) {
    let engine = lane.engine;
    for cost in &lane.costs {
        if let (Some(most), Some(share)) = (most(engine, cost.form), sloths(lane, cost)) {
            let what = format!(
                "{}, {}, {} SLOs: CPU of Sloth's",
                engine.name(),
                cost.form.name(),
                cost.slos
            );
            seen.reach(&what, share, most);
        }
    }
    for (days, errors) in lane.errors.iter().filter(|(_, errors)| errors.form != Form::Sloth) {
        let what = format!("{}, {}, {days} days: largest error", engine.name(), errors.form.name());
        // The bound is of a period as most have it; shorter ones hold fewer restarts to be off by, longer ones more.
        if *days == WINDOW {
            seen.reach(&what, errors.largest(), furthest(engine));
        }
        if errors.missing > 0 {
            seen.miss(format!("{what}: {} kinds have no number", errors.missing));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(form: Form, cpu: f64) -> Cost {
        Cost {
            form,
            slos: 100,
            rules: 29,
            series_per_slo: 15.0,
            cpu_ms_per_slo: cpu,
            spread: (cpu, cpu),
            eval_seconds: 1.0,
            samples_per_slo: 10.0,
            memory_mib: 50.0,
            missed: 0.0,
            firing: 0.0,
        }
    }

    fn lane(engine: Engine, fleet: f64, own: f64) -> Lane {
        let errors = Errors {
            form: Form::Fleet,
            found: vec![0.0001, 0.01],
            worst: "small",
            missing: 0,
        };
        Lane {
            engine,
            costs: vec![cost(Form::Fleet, fleet), cost(Form::Own, own), cost(Form::Sloth, 40.0)],
            errors: vec![(30, errors)],
        }
    }

    #[test]
    fn a_share_is_of_sloths_in_the_same_run() {
        let seen = seen(&[lane(Engine::Prometheus, 4.0, 13.0)]);
        assert!(seen.misses().is_empty(), "{:?}", seen.misses());
        assert!(
            seen.text().contains("0.100") && seen.text().contains("0.325"),
            "{}",
            seen.text()
        );
    }

    #[test]
    fn each_number_that_is_not_reached_is_said() {
        let seen = seen(&[
            lane(Engine::Prometheus, 4.1, 14.0),
            lane(Engine::VictoriaMetrics, 10.0, 34.0),
        ]);
        let misses = seen.misses().join("\n");
        assert_eq!(seen.misses().len(), 3, "{misses}");
        assert!(
            misses.contains("ours, fleet, 100 SLOs") && misses.contains("largest error"),
            "{misses}"
        );
    }
}
