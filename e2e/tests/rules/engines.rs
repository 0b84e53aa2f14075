//! A month on the real engines: what they record is the ratio of its own tiles, and close to what happened, which is what
//! slo-core says of the same events.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::{Failure, Http, Outcome, Prom, VictoriaMetrics};
use serde_json::Value;
use slo_core::simulate::{Sample, Simulation};
use slo_core::{Events, HttpSli, Slo, Tick, Window};

use crate::blocks::Blocks;
use crate::replay::replay;
use crate::tools::slo;
use crate::traffic::{DAYS, MINUTES_A_DAY, Told, Whose, json_lines, month, open_metrics, pushed_at};
use crate::wild;

/// DESIGN's bounds on the period's ratio: 0.1% on VictoriaMetrics, 2% on Prometheus at pushes of a minute.
const OFF_ON_VICTORIA: f64 = 1e-3;
const OFF_ON_PROMETHEUS: f64 = 2e-2;
/// What sums of doubles may differ by.
const EXACT: f64 = 1e-9;

/// A month that ended within two hours, on whole hours: so a tracker's steps of any length begin with its window.
pub(crate) fn start() -> Result<u64, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok((now / 3_600 - 1) * 3_600 - DAYS * 86_400)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and moments of a test are far below 2^53"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

fn near(what: &str, found: f64, expected: f64, part: f64) -> Outcome {
    if (found - expected).abs() <= expected.abs() * part {
        Ok(())
    } else {
        Err(Failure::new(format!("{what} is {found}, not {expected} within {part}")))
    }
}

/// An engine with what it recorded of a month.
struct Recorded {
    name: &'static str,
    url: String,
    prom: Prom,
    start: u64,
}

impl Recorded {
    const fn end(&self) -> u64 {
        self.start + DAYS * 86_400
    }

    fn one(&self, query: &str, at: u64) -> Result<f64, Failure> {
        let found = self.prom.instant_at(query, as_f64(at))?;
        match found.as_slice() {
            [sample] => Ok(sample.value),
            _ => Err(Failure::new(format!("{}: {query} at {at}: {found:?}", self.name))),
        }
    }

    /// The stored samples of one series in the time up to a moment: when, and what.
    fn samples(&self, series: &str, seconds: u64, at: u64) -> Result<Vec<(f64, f64)>, Failure> {
        let url = format!("{}/api/v1/query", self.url);
        let (query, time) = (format!("{series}[{seconds}s]"), at.to_string());
        let reply = Http::new().post_form(&url, &[("query", &query), ("time", &time)])?;
        let reply: Value = serde_json::from_str(&reply.body)?;
        let found = reply["data"]["result"].as_array().map_or(&[][..], Vec::as_slice);
        let [series] = found else {
            return Err(Failure::new(format!("{}: {query}: {} series", self.name, found.len())));
        };
        let sample = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_str()?.parse().ok()?));
        let samples = series["values"].as_array().into_iter().flatten().map(sample);
        samples
            .collect::<Option<_>>()
            .ok_or_else(|| Failure::new(format!("{query}: {series}")))
    }

    /// The period's ratio in the end is within 1e-9 that of the tiles that were there when it was recorded, and within a
    /// part of slo-core's number for the same events. How far off, in words.
    fn within(&self, told: &Told, part: f64) -> Result<String, Failure> {
        let own = labels(told);
        let (recorded_at, period) = self
            .samples(&format!("slo:error_ratio:period{{{own}}}"), 600, self.end())?
            .pop()
            .ok_or_else(|| Failure::new(format!("{own}: no period")))?;
        let window = told.window_days * 86_400;
        let tiles = |name: &str| -> Result<f64, Failure> {
            let samples = self.samples(&format!("{name}{{{own}}}"), window + 600, self.end())?;
            // A period of 30 days and tiles of 5 minutes: 8,640 of them, the one that begins it not among them.
            let is_in = |at: f64| at <= recorded_at && at > recorded_at - as_f64(window);
            Ok(samples
                .into_iter()
                .filter(|(at, _)| is_in(*at))
                .map(|(_, count)| count)
                .sum())
        };
        let of_tiles = tiles("slo:bad_events:increase5m")? / tiles("slo:valid_events:increase5m")?;
        near(
            &format!("{}, {own}: the period, of its tiles,", self.name),
            period,
            of_tiles,
            EXACT,
        )?;

        let seen = by_slo_core(told, self.start)?;
        let truth = as_f64(seen.bad()) / as_f64(seen.valid());
        near(
            &format!("{}, {own}: the period, of slo-core's,", self.name),
            period,
            truth,
            part,
        )?;
        let covered = self.one(&format!("slo:coverage:ratio{{{own}}}"), self.end())?;
        Ok(format!(
            "{}, {} of {}: {:.4}% off, {:.2}% covered",
            self.name,
            told.slo,
            told.service,
            (period / truth - 1.0) * 100.0,
            covered * 100.0
        ))
    }

    fn all_within(&self, all: &[Told], part: f64) -> Result<String, Failure> {
        let lines = all.iter().map(|told| self.within(told, part));
        Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n"))
    }
}

fn labels(told: &Told) -> String {
    format!("service_name=\"{}\", slo_name=\"{}\"", told.service, told.slo)
}

/// The events of the SLO's window at the end of the month, by slo-core's own clockwork; they are those that happened.
fn by_slo_core(told: &Told, start: u64) -> Result<Events, Failure> {
    let window = Window::days(u32::try_from(told.window_days)?)?;
    let slo = Slo::new(told.slo, HttpSli::every_route(), "99%".parse()?, window);
    let samples = told.each_minute(0, DAYS * MINUTES_A_DAY).map(|(minute, (bad, valid))| {
        Sample::new(
            Tick::from_unix_seconds(pushed_at(start, minute)),
            Events::new(valid - bad, bad),
        )
    });
    let end = Sample::new(Tick::from_unix_seconds(start + DAYS * 86_400), Events::default());
    let simulation = Simulation::of(&slo, Tick::from_unix_seconds(start));
    let once_a_day = std::time::Duration::from_secs(86_400);
    let timeline = simulation.evaluated_every(once_a_day).run(samples.chain([end]))?;
    let seen = timeline.end().budget().seen();
    let after = (DAYS - told.window_days.min(DAYS)) * MINUTES_A_DAY;
    assert_eq!(
        (seen.bad(), seen.valid()),
        told.truth(after, DAYS * MINUTES_A_DAY),
        "{}",
        told.slo
    );
    Ok(seen)
}

/// What the rules of this engine, windows and identity record of these services.
fn on_victoria_metrics(
    args: &str,
    all: &[Told],
    whose: Whose,
    from: u64,
) -> Result<(VictoriaMetrics, Recorded), Failure> {
    let (store, start) = (VictoriaMetrics::start()?, start()?);
    store.import(&json_lines(all, whose, start))?;
    store.force_flush()?;
    let rules = slo(&format!("rules --fleet --engine victoriametrics {args}"))?;
    replay(&store, &rules, start + from * 60, start + DAYS * 86_400)?;
    store.force_flush()?;
    let recorded = Recorded {
        name: "VictoriaMetrics",
        url: store.url(),
        prom: store.prom(),
        start,
    };
    Ok((store, recorded))
}

fn on_prometheus(
    args: &str,
    all: &[Told],
    whose: Whose,
    from: u64,
) -> Result<(Blocks, e2e::Prometheus, Recorded), Failure> {
    let start = start()?;
    let blocks = Blocks::of(&open_metrics(all, whose, start))?;
    let rules = slo(&format!("rules --fleet --engine prometheus {args}"))?;
    blocks.record(&rules, start + from * 60, start + DAYS * 86_400)?;
    let server = blocks.serve()?;
    let recorded = Recorded {
        name: "Prometheus",
        url: server.url(),
        prom: server.prom(),
        start,
    };
    Ok((blocks, server, recorded))
}

const MONTHLY: &str = "--window 7d --window 28d --window 30d";

#[test]
fn a_month_replayed_by_vmalert_is_what_happened() -> Outcome {
    let all = month();
    let (store, recorded) = on_victoria_metrics(MONTHLY, &all, Whose::Promoted, 0)?;
    println!("{}", recorded.all_within(&all, OFF_ON_VICTORIA)?);
    the_definitions_were_followed(&recorded, &all)?;
    let all_samples = stored(&store, "{__name__=~\"slo:.+\"}", recorded.start, recorded.end())?;
    assert!(all_samples.len() > 1_000_000, "{}", all_samples.len());
    assert!(all_samples.iter().all(|value| value.is_some_and(f64::is_finite)));
    Ok(())
}

#[test]
fn a_month_of_blocks_on_prometheus_is_what_happened() -> Outcome {
    let all = month();
    let (_blocks, _server, recorded) = on_prometheus(MONTHLY, &all, Whose::Promoted, 0)?;
    println!("{}", recorded.all_within(&all, OFF_ON_PROMETHEUS)?);
    the_definitions_were_followed(&recorded, &all)?;
    let recorded_in_the_end = "{__name__=~\"slo:.+\"}";
    let all_of_it = recorded.one(&format!("count({recorded_in_the_end})"), recorded.end())?;
    let numbers = recorded.one(&format!("count({recorded_in_the_end} > -Inf < Inf)"), recorded.end())?;
    assert!(all_of_it > 50.0, "{all_of_it}");
    near("what is a number of it", numbers, all_of_it, 0.0)
}

/// A target that changes and an SLO that is added: nobody touches the rules.
fn the_definitions_were_followed(recorded: &Recorded, all: &[Told]) -> Outcome {
    let (start, end) = (recorded.start, recorded.end());
    let pay = labels(&all[0]);
    let budget = format!("slo:error_budget:ratio{{{pay}}}");
    near(
        "the old budget",
        recorded.one(&budget, start + 22 * 86_400)?,
        0.001,
        0.0,
    )?;
    near(
        "the new budget",
        recorded.one(&budget, start + 22 * 86_400 + 900)?,
        0.002,
        0.0,
    )?;
    let remaining = recorded.one(&format!("slo:error_budget_remaining:ratio{{{pay}}}"), end)?;
    let period = recorded.one(&format!("slo:error_ratio:period{{{pay}}}"), end)?;
    near("what remains", remaining, 1.0 - period / 0.002, EXACT)?;
    // An SLO that was added six days ago was seen for six days of seven; before, nothing is said of it.
    let find = labels(&all[2]);
    let coverage = recorded.one(&format!("slo:coverage:ratio{{{find}}}"), end)?;
    near("coverage", coverage, 6.0 / 7.0, 2e-3)?;
    let before = recorded
        .prom
        .instant_at(&format!("{{{find}}}"), as_f64(start + 24 * 86_400))?;
    assert_eq!(before, []);
    Ok(())
}

/// The stored samples of all series that match, after one moment and up to another; `None` for what is no number.
fn stored(store: &VictoriaMetrics, series: &str, after: u64, to: u64) -> Result<Vec<Option<f64>>, Failure> {
    let url = format!("{}/api/v1/export", store.url());
    let (start, end) = ((after + 1).to_string(), to.to_string());
    let reply = Http::new().post_form(&url, &[("match[]", series), ("start", &start), ("end", &end)])?;
    let mut samples = Vec::new();
    for line in reply.body.lines() {
        let line: Value = serde_json::from_str(line)?;
        let values = line["values"].as_array().ok_or_else(|| Failure::new("no values"))?;
        samples.extend(values.iter().map(Value::as_f64));
    }
    Ok(samples)
}

/// Of pushes that are lost for minutes and hours, each engine makes what it can: what a process counted meanwhile comes
/// with its next push, unless it ended before; what it counted before its first push is lost on Prometheus.
const OFF_WITH_LOSSES_ON_VICTORIA: f64 = 2e-2;
const OFF_WITH_LOSSES_ON_PROMETHEUS: f64 = 5e-2;

fn wild_services() -> (Vec<Told>, Vec<Told>) {
    (wild::complete(), wild::with_losses())
}

#[test]
fn random_services_on_victoria_metrics_by_job() -> Outcome {
    let (complete, lossy) = wild_services();
    let all = [&complete[..], &lossy].concat();
    let args = "--window 7d --identity job";
    let (_store, recorded) = on_victoria_metrics(args, &all, Whose::Job, wild::SINCE)?;
    println!("{}", recorded.all_within(&complete, OFF_ON_VICTORIA)?);
    println!("{}", recorded.all_within(&lossy, OFF_WITH_LOSSES_ON_VICTORIA)?);
    Ok(())
}

#[test]
fn random_services_on_prometheus_by_target_info() -> Outcome {
    let (complete, lossy) = wild_services();
    let all = [&complete[..], &lossy].concat();
    let args = "--window 7d --identity target-info";
    let (_blocks, _server, recorded) = on_prometheus(args, &all, Whose::Job, wild::SINCE)?;
    println!("{}", recorded.all_within(&complete, OFF_ON_PROMETHEUS)?);
    println!("{}", recorded.all_within(&lossy, OFF_WITH_LOSSES_ON_PROMETHEUS)?);
    let environment = "count by (deployment_environment_name) (slo:error_ratio:period)";
    let found = recorded.prom.instant_at(environment, as_f64(recorded.end()))?;
    let found: Vec<_> = found
        .iter()
        .map(|sample| sample.label("deployment_environment_name"))
        .collect();
    assert_eq!(found, ["prod"]);
    Ok(())
}
