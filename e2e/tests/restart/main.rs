//! A service that remembers: stopped, killed and started again, it knows its windows, and the engine counts nothing twice.

use std::collections::BTreeMap;
use std::thread;

use e2e::{
    Failure, Http, Instance, Outcome, PATIENCE, Prom, Prometheus, TempDir, Totals, VictoriaMetrics, VmAgent, eventually,
};
use serde_json::Value;

#[test]
fn victoria_metrics_counts_each_request_once_through_restarts() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let sent = live_three_times(&store.otlp_endpoint())?;
    eventually(PATIENCE, || sent.is_what_the_fleet_counted(&store.prom(), LAST_VALUES))?;
    // Exact there: VictoriaMetrics extrapolates nothing, and every series began at 0.
    let increases = "sum by (slo_name, slo_outcome) (increase(slo_events_total[1h]))";
    sent.is_what_the_fleet_counted(&store.prom(), increases)
        .map_err(Failure::new)?;
    Ok(())
}

#[test]
fn prometheus_behind_vmagent_counts_each_request_once_through_restarts() -> Outcome {
    let store = Prometheus::start()?;
    let agent = VmAgent::start(&[store.remote_write_url()])?;
    let sent = live_three_times(&agent.otlp_endpoint())?;
    // Prometheus extrapolates increases; what each instance said last is exact.
    eventually(PATIENCE, || sent.is_what_the_fleet_counted(&store.prom(), LAST_VALUES))?;
    Ok(())
}

const LAST_VALUES: &str = "sum by (slo_name, slo_outcome) (last_over_time(slo_events_total[1h]))";

/// What clients sent, and what became of it.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    good: u64,
    bad: u64,
    /// Begun and never answered.
    lost: u64,
}

impl Sent {
    /// To the route that `browse-availability` is about.
    fn to(instance: &Instance, good: u64, bad: u64) -> Result<Self, Failure> {
        let http = Http::new();
        for (times, status, headers) in [(good, 200, [].as_slice()), (bad, 500, &[("demo-fault", "error")])] {
            for _ in 0..times {
                let reply = http.send("GET", &format!("{}/listings", instance.base), headers, None)?;
                if reply.status != status {
                    return Err(Failure::new(format!("answered with {}, not {status}", reply.status)));
                }
            }
        }
        Ok(Self { good, bad, lost: 0 })
    }

    fn and(self, more: Self) -> Self {
        Self {
            good: self.good + more.good,
            bad: self.bad + more.bad,
            lost: self.lost + more.lost,
        }
    }

    fn is_what_the_fleet_counted(&self, prom: &Prom, query: &str) -> Result<(), String> {
        let mut found = BTreeMap::new();
        for sample in prom.instant(query)? {
            let labels = ["slo_name", "slo_outcome"].map(|label| sample.label(label).to_owned());
            found.insert(labels, sample.value);
        }
        for slo in ["browse-availability", "requests"] {
            let bad = self.bad + self.lost;
            for (outcome, expected) in [("good", self.good), ("bad", bad), ("excluded", 0)] {
                let found = found.get(&[slo.to_owned(), outcome.to_owned()]);
                if found.map(|found| found.to_bits()) != Some(as_f64(expected).to_bits()) {
                    return Err(format!(
                        "{slo} {outcome}: {found:?} in the engine, {expected} were sent"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Three processes with one memory: the first is stopped, the second is killed with a request in flight.
fn live_three_times(endpoint: &str) -> Result<Sent, Failure> {
    let folder = TempDir::new("slo-e2e-restart")?;
    let file = folder.path().join("real-estate.snapshot");
    let file = file
        .to_str()
        .ok_or_else(|| Failure::new("the folder's path is no text"))?;
    let start = |name: &str| {
        let args = [
            "--snapshot",
            file,
            "--snapshot-every",
            "100ms",
            "--request-timeout",
            "10m",
        ];
        Instance::start_with(name, endpoint, &args, &[("OTEL_METRIC_EXPORT_INTERVAL", "100")])
    };

    let mut first = start("first")?;
    let mut sent = Sent::to(&first, 40, 3)?;
    let before = first.totals_at_rest()?.0;
    first.stop()?;

    let mut second = start("second")?;
    goes_on_from(&second, &before, 0)?;
    begins_at_zero_and_remembers(&second, sent, 0)?;
    sent = sent.and(Sent::to(&second, 25, 4)?);
    let before = second.totals_at_rest()?.0;
    sent.lost += kill_with_a_request_in_flight(&mut second)?;

    let mut third = start("third")?;
    goes_on_from(&third, &before, sent.lost)?;
    begins_at_zero_and_remembers(&third, sent, sent.lost)?;
    sent = sent.and(Sent::to(&third, 10, 1)?);
    third.totals_at_rest()?;
    third.stop()?;
    Ok(sent)
}

/// Kills it once everything that ended was pushed and remembered, and what is in flight was remembered, too; how many
/// requests that were.
fn kill_with_a_request_in_flight(instance: &mut Instance) -> Result<u64, Failure> {
    let url = format!("{}/listings", instance.base);
    thread::scope(|scope| {
        let hanging = scope.spawn(move || Http::new().send("GET", &url, &[("demo-fault", "timeout")], None));
        let begun = eventually(PATIENCE, || match status(instance)? {
            status if status["in_flight"] == 1 => Ok(status),
            status => Err(format!("{} in flight", status["in_flight"])),
        })?;
        // A push or a snapshot that was under way may not hold it; the one after that does.
        let pushed = begun["export"]["succeeded"].as_u64().unwrap_or(u64::MAX);
        eventually(PATIENCE, || {
            let status = status(instance)?;
            let pushes = status["export"]["succeeded"].as_u64().unwrap_or_default();
            // Both are written alike, and so are in order as texts.
            let saved = status["life"]["memory"]["saved_at"].as_str().unwrap_or_default();
            match begun["at"].as_str() {
                Some(at) if saved > at && pushes >= pushed + 2 => Ok(()),
                at => Err(format!("{pushes} pushes, saved at {saved}, begun at {at:?}")),
            }
        })?;
        instance.service.process().kill()?;
        instance.service.process().wait(PATIENCE)?;
        match hanging.join() {
            Ok(Err(_broken_off)) => Ok(1),
            answered => Err(Failure::new(format!(
                "the request in flight was answered: {answered:?}"
            ))),
        }
    })
}

fn goes_on_from(instance: &Instance, before: &str, lost: u64) -> Result<(), Failure> {
    let status = instance.status()?;
    let restored = &status["life"]["memory"]["restored"];
    same("whose memory it is", &restored["instance_id"], &before.into())?;
    same("the lost", &restored["lost"], &lost.into())?;
    let browse = &status["slos"][0];
    same(
        "the last gap",
        &browse["gaps"]
            .as_array()
            .and_then(|gaps| gaps.last())
            .map(|gap| &gap["cause"]),
        &Some(&"not_running".into()),
    )
}

/// Asked before anything was sent to it: what it exports is its own, what it judges by is everybody's before it.
fn begins_at_zero_and_remembers(instance: &Instance, before: Sent, lost: u64) -> Result<(), Failure> {
    let status = instance.status()?;
    let browse = &status["slos"][0];
    same("the promise", &browse["name"], &"browse-availability".into())?;
    same("what it exports", &counts(&browse["totals"]), &Some((0, lost, 0)))?;
    same(
        "its window",
        &counts(&browse["events"]),
        &Some((before.good, before.bad + lost, 0)),
    )?;
    same(
        "what `requests` exports",
        &counts(&status["requests"]["totals"]),
        &Some((0, lost, 0)),
    )
}

fn counts(events: &Value) -> Option<Totals> {
    let [good, bad, excluded] = ["good", "bad", "excluded"].map(|outcome| events[outcome].as_u64());
    Some((good?, bad?, excluded?))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Failure> {
    if found == expected {
        Ok(())
    } else {
        Err(Failure::new(format!("{what}: found {found:?}, expected {expected:?}")))
    }
}

/// Its status, inside of `eventually`.
fn status(instance: &Instance) -> Result<Value, String> {
    instance.status().map_err(|failure| format!("{failure:?}"))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
