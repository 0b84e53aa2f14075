//! A month on the real engines: what they record is the ratio of its own tiles, and close to what happened.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::{Binary, Failure, Http, Outcome, Places, Process, Prom, Prometheus, VictoriaMetrics, eventually};
use serde_json::Value;

use crate::tools::{folder, slo, succeeded};
use crate::traffic::{DAYS, MINUTES_A_DAY, Told, json_lines, month, open_metrics};

const PATIENCE: Duration = Duration::from_secs(540);

/// DESIGN's bounds on the period's ratio: 0.1% on VictoriaMetrics, 2% on Prometheus at pushes of a minute.
const OFF_ON_VICTORIA: f64 = 1e-3;
const OFF_ON_PROMETHEUS: f64 = 2e-2;

/// A month that ended within the hour, on tiles' edges.
fn start() -> Result<u64, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(now / 300 * 300 - 600 - DAYS * 86_400)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and moments of a test are far below 2^53"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

fn one(prom: &Prom, query: &str, at: u64) -> Result<f64, Failure> {
    let found = prom.instant_at(query, as_f64(at))?;
    match found.as_slice() {
        [sample] => Ok(sample.value),
        _ => Err(Failure::new(format!("{query} at {at}: {found:?}"))),
    }
}

fn near(what: &str, found: f64, expected: f64, part: f64) -> Outcome {
    if (found - expected).abs() <= expected.abs() * part {
        Ok(())
    } else {
        Err(Failure::new(format!("{what} is {found}, not {expected} within {part}")))
    }
}

/// `vmalert -replay` of rules over the month. What a rule wrote is asked for by the next one, and a new series would take
/// some ten seconds to be seen if nobody called for a flush.
fn replay(store: &VictoriaMetrics, rules: &str, from: u64, to: u64) -> Outcome {
    let folder = folder(&[("rules.yaml", rules)])?;
    let mut command = Command::new(Places::from_env().require_one(Binary::VmAlert)?);
    command
        .current_dir(folder.path())
        .args(["-rule=rules.yaml", "-notifier.blackhole", "-replay.disableProgressBar"]);
    command.args([
        "-replay.maxDatapointsPerQuery=20000",
        "-replay.rulesDelay=400ms",
        "-remoteWrite.flushInterval=50ms",
    ]);
    command.args([
        format!("-datasource.url={}", store.url()),
        format!("-remoteWrite.url={}", store.url()),
    ]);
    command
        .arg(format!("-remoteRead.url={}", store.url()))
        .arg("-httpListenAddr=127.0.0.1:0");
    command.args([
        format!("-replay.timeFrom={}", rfc_3339(from)?),
        format!("-replay.timeTo={}", rfc_3339(to)?),
    ]);
    let log = folder.path().join("log");
    let mut process = Process::start("vmalert -replay", &mut command, &log, &log)?;
    let status = eventually(PATIENCE, || {
        store.force_flush().map_err(|error| error.to_string())?;
        let ended = process.try_wait().map_err(|error| error.to_string())?;
        ended.ok_or_else(|| "replays still".to_owned())
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("vmalert -replay: {status}\n{}", process.tail())))
    }
}

/// The recording rules alone: vmalert refuses to replay alerts whose texts ask queries.
fn without_alerts(rules: &str) -> String {
    let mut kept = String::new();
    let mut in_alert = false;
    for line in rules.lines() {
        if line.starts_with("      - ") || line.starts_with("  - ") {
            in_alert = line.starts_with("      - alert:");
        }
        if !in_alert {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    // The group of what is missing has nothing but an alert.
    kept.split_once("  - name: slo-5-data")
        .map_or(kept.clone(), |(kept, _)| kept.to_owned())
}

fn rfc_3339(seconds: u64) -> Result<String, Failure> {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    let time = time.ok_or_else(|| Failure::new(format!("{seconds} is no time")))?;
    Ok(time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
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

fn labels(told: &Told) -> String {
    format!("service_name=\"{}\", slo_name=\"{}\"", told.service, told.slo)
}

/// One SLO at the end of the month: how far off its period is, as a part of what happened.
fn agrees(store: &VictoriaMetrics, told: &Told, start: u64) -> Result<f64, Failure> {
    let (prom, own, end) = (store.prom(), labels(told), start + DAYS * 86_400);
    let window = told.window_days * MINUTES_A_DAY;
    let period = one(&prom, &format!("slo:error_ratio:period{{{own}}}"), end)?;

    let tiles = |name: &str| -> Result<f64, Failure> {
        let samples = stored(store, &format!("{name}{{{own}}}"), end - window * 60, end)?;
        Ok(samples.into_iter().flatten().sum())
    };
    let of_tiles = tiles("slo:bad_events:increase5m")? / tiles("slo:valid_events:increase5m")?;
    near(&format!("{own}: the period, of its tiles,"), period, of_tiles, 1e-9)?;

    let (bad, valid) = told.truth((DAYS * MINUTES_A_DAY).saturating_sub(window), DAYS * MINUTES_A_DAY);
    let truth = as_f64(bad) / as_f64(valid);
    near(
        &format!("{own}: the period, of what happened,"),
        period,
        truth,
        OFF_ON_VICTORIA,
    )?;
    Ok(period / truth - 1.0)
}

#[test]
fn a_month_replayed_by_vmalert_is_what_happened() -> Outcome {
    let (store, all, start) = (VictoriaMetrics::start()?, month(), start()?);
    store.import(&json_lines(&all, start))?;
    store.force_flush()?;
    let rules = slo("rules --fleet --engine victoriametrics --window 7d --window 28d --window 30d")?;
    let end = start + DAYS * 86_400;
    replay(&store, &without_alerts(&rules), start, end)?;
    let prom = store.prom();
    eventually(PATIENCE, || {
        let seen = prom.instant_at("count(slo:error_ratio:period)", as_f64(end))?;
        if seen.iter().map(|sample| sample.value).eq([3.0]) {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    })?;
    for told in &all {
        let off = agrees(&store, told, start)?;
        println!("VictoriaMetrics, {}: {:.6}% off", told.slo, off * 100.0);
    }
    // The target changed on the 22nd day, and the rules followed without being touched.
    let pay = labels(&all[0]);
    let budget = format!("slo:error_budget:ratio{{{pay}}}");
    near("the old budget", one(&prom, &budget, start + 22 * 86_400)?, 0.001, 0.0)?;
    near(
        "the new budget",
        one(&prom, &budget, start + 22 * 86_400 + 900)?,
        0.002,
        0.0,
    )?;
    let remaining = one(&prom, &format!("slo:error_budget_remaining:ratio{{{pay}}}"), end)?;
    let period = one(&prom, &format!("slo:error_ratio:period{{{pay}}}"), end)?;
    near("what remains", remaining, 1.0 - period / 0.002, 1e-9)?;
    // An SLO that was added six days ago was seen for six days of seven; before, nothing is said of it.
    let find = labels(&all[2]);
    near(
        "coverage",
        one(&prom, &format!("slo:coverage:ratio{{{find}}}"), end)?,
        6.0 / 7.0,
        2e-3,
    )?;
    assert_eq!(
        prom.instant_at(&format!("{{{find}}}"), as_f64(start + 24 * 86_400))?,
        []
    );
    let recorded = stored(&store, "{__name__=~\"slo:.+\"}", start, end)?;
    assert!(recorded.len() > 1_000_000, "{}", recorded.len());
    assert!(recorded.iter().all(|value| value.is_some_and(f64::is_finite)));
    Ok(())
}

/// The expression of a tile as the rules have it, without the mask of the window: the store holds raw counters only.
fn tile_of(rules: &str, name: &str) -> Result<String, Failure> {
    let record = format!("- record: {name}\n        expr: |-\n");
    let expr = rules
        .split_once(&record)
        .and_then(|(_, rest)| rest.split_once("\n          and on"));
    expr.map(|(expr, _)| expr.trim().to_owned())
        .ok_or_else(|| Failure::new(format!("no {name}")))
}

#[test]
fn the_tiles_of_prometheus_are_within_two_percent() -> Outcome {
    const WEEK: u64 = 7 * MINUTES_A_DAY;
    let (all, start) = (month(), start()?);
    let (begin, end) = (DAYS * MINUTES_A_DAY - WEEK, start + DAYS * 86_400);
    let mut server = Prometheus::start()?;
    let raw = open_metrics(&all, start, begin - 60);
    let files = folder(&[("raw.txt", &raw)])?;
    let data = server.server().folder().join("data");
    let mut import = Command::new(Places::from_env().require_one(Binary::Promtool)?);
    import
        .current_dir(files.path())
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "raw.txt"])
        .arg(data);
    succeeded("promtool tsdb create-blocks-from", &import.output()?)?;

    let prom = server.prom();
    eventually(PATIENCE, || {
        let seen = prom.instant_at("count(slo_events_total)", as_f64(end))?;
        let first = prom.instant_at("count(slo_events_total)", as_f64(end - 6 * 86_400))?;
        if seen.len() + first.len() == 2 {
            Ok(())
        } else {
            Err("blocks are not loaded yet".to_owned())
        }
    })?;
    let rules = slo("rules --fleet --window 7d")?;
    let sum = |name: &str, told: &Told| -> Result<f64, Failure> {
        let tile = tile_of(&rules, name)?;
        let query = format!(
            "sum_over_time(({tile})[{}s:5m]) and on (slo_name) group by (slo_name) (slo_events_total{{{}}})",
            WEEK * 60 - 1,
            labels(told)
        );
        one(&prom, &query, end)
    };
    for told in &all {
        let (bad, valid) = told.truth(begin, DAYS * MINUTES_A_DAY);
        let truth = as_f64(bad) / as_f64(valid);
        let found = sum("slo:bad_events:increase5m", told)? / sum("slo:valid_events:increase5m", told)?;
        println!(
            "Prometheus, {}: {found} of tiles, {truth} true, {:.4}% off",
            told.slo,
            (found / truth - 1.0) * 100.0
        );
        near(
            &format!("{}: tiles of a week", told.slo),
            found,
            truth,
            OFF_ON_PROMETHEUS,
        )?;
    }
    Ok(())
}
