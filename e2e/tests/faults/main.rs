//! A collector in trouble harms no service, and loses no event once it is well again.

mod collector;
mod visits;

use std::collections::BTreeMap;
use std::fs;

use e2e::{Failure, Http, Instance, Outcome, PATIENCE, Port, Prom, VictoriaMetrics, eventually, free_port};
use serde_json::Value;

use crate::collector::{Behaviour, Collector};
use crate::visits::{browse, look};

/// Pushes ten times a second, and waits a moment for each answer.
const OFTEN: [(&str, &str); 2] = [
    ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
];

/// Waits an hour for each answer: only a deadline of the service's own can end it.
const PATIENTLY: [(&str, &str); 2] = [
    ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
];

const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[test]
fn a_collector_that_hangs_costs_nothing_that_is_not_caught_up() -> Outcome {
    recovers_from(Behaviour::Hang, "no answer within 300ms")
}

#[test]
fn a_collector_that_is_busy_costs_nothing_that_is_not_caught_up() -> Outcome {
    let busy = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    recovers_from(Behaviour::Say(busy), "the collector answered 429 Too Many Requests")
}

#[test]
fn a_collector_that_is_unavailable_costs_nothing_that_is_not_caught_up() -> Outcome {
    recovers_from(
        Behaviour::Say(UNAVAILABLE),
        "the collector answered 503 Service Unavailable",
    )
}

#[test]
fn a_collector_that_speaks_something_else_costs_nothing_that_is_not_caught_up() -> Outcome {
    recovers_from(Behaviour::Say(b"\x16\x03\x01\x00 220 mail.example ESMTP\r\n\r\n"), "")
}

#[test]
fn a_web_server_in_the_collectors_place_costs_nothing_that_is_not_caught_up() -> Outcome {
    let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 9\r\nconnection: close\r\n\r\nIt works!";
    recovers_from(Behaviour::Say(page), "the answer is a web page")
}

#[test]
fn a_collector_that_is_killed_and_comes_back_gets_every_count() -> Outcome {
    let port = free_port()?;
    let mut store = VictoriaMetrics::start_on(Port::Exactly(port))?;
    let mut instance = Instance::start("survivor", &store.otlp_endpoint(), &OFTEN)?;
    browse(&instance.base, 300)?;
    eventually(PATIENCE, || has_counted(&store.prom(), 300))?;

    let process = store.server().process();
    process.kill()?;
    process.wait(PATIENCE)?;
    browse(&instance.base, 300)?;
    pushes(&instance, "failed", 3)?;

    // It has forgotten everything: whatever it says from here on it was told now.
    let store = VictoriaMetrics::start_on(Port::Exactly(port))?;
    browse(&instance.base, 200)?;
    ends_with(&mut instance, 800, "pushed the last numbers")?;
    eventually(PATIENCE, || has_counted(&store.prom(), 800))?;
    complains_once(&instance)
}

#[test]
fn a_collector_that_hangs_holds_up_neither_the_start_nor_the_end() -> Outcome {
    let collector = Collector::start(Behaviour::Hang)?;
    let mut instance = Instance::start("patient", &collector.endpoint(), &PATIENTLY)?;
    browse(&instance.base, 500)?;
    ends_with(&mut instance, 500, "the collector did not answer within 5s")
}

#[test]
fn a_collector_that_refuses_is_named_at_the_end() -> Outcome {
    let collector = Collector::start(Behaviour::Say(UNAVAILABLE))?;
    let mut instance = Instance::start("refused", &collector.endpoint(), &OFTEN)?;
    browse(&instance.base, 500)?;
    ends_with(&mut instance, 500, "the collector answered 503 Service Unavailable")?;
    assert_eq!(instance.service.stderr().matches("could not be pushed").count(), 1);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_piles_up_in_front_of_a_collector_that_hangs() -> Outcome {
    let collector = Collector::start(Behaviour::Hang)?;
    let mut instance = Instance::start("full", &collector.endpoint(), &OFTEN)?;
    // What serving takes at first is not what piles up.
    browse(&instance.base, 2_000)?;
    pushes(&instance, "failed", 3)?;
    let before = Held::by(&mut instance)?;
    browse(&instance.base, 10_000)?;
    pushes(&instance, "failed", 6)?;
    let after = Held::by(&mut instance)?;
    // An allocator may keep some; a kilobyte for each request would be 10 MiB.
    assert!(
        after.kilobytes < before.kilobytes + 8 * 1_024,
        "{before:?}, then {after:?}"
    );
    // The runtime's threads for blocking work come and go.
    assert!(after.threads <= before.threads + 4, "{before:?}, then {after:?}");
    Ok(())
}

/// Not asserted: a machine that others use as well has its own reasons. Shown by `--nocapture`.
#[test]
fn answers_beside_a_collector_in_trouble_take_as_long_as_without_one() -> Outcome {
    let hanging = Collector::start(Behaviour::Hang)?.endpoint();
    let refusing = Collector::start(Behaviour::Say(UNAVAILABLE))?.endpoint();
    let absent = format!("http://127.0.0.1:{}/opentelemetry", free_port()?);
    let instances = [
        ("no collector", String::new()),
        ("one that hangs", hanging),
        ("one that answers 503", refusing),
        ("one that is absent", absent),
    ];
    let mut measured = Vec::new();
    for (beside, endpoint) in instances {
        measured.push((beside, Instance::start("measured", &endpoint, &OFTEN)?, Vec::new()));
    }
    let http = Http::new();
    // In turns: what else goes on meets all of them alike.
    for _ in 0..2_000 {
        for (_, instance, times) in &mut measured {
            times.push(look(&http, &instance.base)?);
        }
    }
    for (beside, _, times) in &mut measured {
        times.sort();
        let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("2,000 answers, one by one, beside {beside}: median {median:?}, p99 {p99:?}");
    }
    Ok(())
}

/// Serves while the collector behaves like this and after it has recovered: then the store has every event.
fn recovers_from(behaviour: Behaviour, reason: &str) -> Outcome {
    let store = VictoriaMetrics::start()?;
    let collector = Collector::start(behaviour)?;
    let mut instance = Instance::start("troubled", &collector.endpoint(), &OFTEN)?;
    browse(&instance.base, 500)?;
    let export = pushes(&instance, "failed", 3)?;
    assert_eq!(export["succeeded"], 0);
    let failing = export["failing"].as_str().unwrap_or_default();
    assert!(!failing.is_empty() && failing.contains(reason), "{export}");

    collector.behave(Behaviour::PassOn(port_of(&store)?));
    pushes(&instance, "succeeded", 1)?;
    browse(&instance.base, 300)?;
    ends_with(&mut instance, 800, "pushed the last numbers")?;
    eventually(PATIENCE, || {
        has_counted(&store.prom(), 800)?;
        // For the store, too: else an engine's `increase()` would miss what was served in the time of trouble.
        let first = store.prom().scalar("max(min_over_time(slo_events_total[1h]))")?;
        match first {
            0.0 => Ok(()),
            _ => Err(format!("a series begins at {first}")),
        }
    })?;
    complains_once(&instance)
}

/// Waits until this many pushes had this outcome.
fn pushes(instance: &Instance, outcome: &str, at_least: u64) -> Result<Value, Failure> {
    let export = eventually(PATIENCE, || {
        let export = instance.status().map_err(|failure| format!("{failure:?}"))?["export"].take();
        match export[outcome].as_u64() {
            Some(count) if count >= at_least => Ok(export),
            _ => Err(format!("no {at_least} pushes {outcome}: {export}")),
        }
    })?;
    Ok(export)
}

/// It has counted so many visits; SIGTERM, and it ends in time, cleanly, and says this of its last push.
fn ends_with(instance: &mut Instance, visits: u64, words: &str) -> Outcome {
    let (_, totals) = instance.totals_at_rest()?;
    for slo in ["requests", "browse-availability"] {
        if totals.get(slo) != Some(&(visits, 0, 0)) {
            return Err(Failure::new(format!("not {visits} good events of {slo}: {totals:?}")));
        }
    }
    instance.stop()?;
    let said = instance.service.stdout();
    match said.lines().last() {
        Some(last) if last.contains(words) => Ok(()),
        _ => Err(Failure::new(format!("it ended without `{words}`: {said}"))),
    }
}

/// One warning, one note, however many pushes there were.
fn complains_once(instance: &Instance) -> Outcome {
    let log = instance.service.stderr();
    for words in ["could not be pushed", "accepts metrics again"] {
        let times = log.matches(words).count();
        if times != 1 {
            return Err(Failure::new(format!("`{words}` stands {times} times in: {log}")));
        }
    }
    Ok(())
}

type Counts = BTreeMap<(String, String), String>;

/// What so many visits are.
fn counts(visits: u64) -> Counts {
    let of = |slo: &str, outcome: &str, count: u64| ((slo.to_owned(), outcome.to_owned()), count.to_string());
    ["requests", "browse-availability"]
        .into_iter()
        .flat_map(|slo| [of(slo, "good", visits), of(slo, "bad", 0), of(slo, "excluded", 0)])
        .collect()
}

fn has_counted(prom: &Prom, visits: u64) -> Result<(), String> {
    same("counters", &read(prom, "slo_events_total")?, &counts(visits))
}

fn read(prom: &Prom, series: &str) -> Result<Counts, String> {
    let query = format!("sum by (slo_name, slo_outcome) ({series})");
    let samples = prom.instant(&query)?.into_iter().map(|sample| {
        let labels = ["slo_name", "slo_outcome"].map(|label| sample.label(label).to_owned());
        (labels.into(), sample.value.to_string())
    });
    let visited = |slo: &str| slo == "requests" || slo == "browse-availability";
    Ok(samples
        .filter(|((slo, _), _): &((String, String), String)| visited(slo))
        .collect())
}

fn same(what: &str, found: &Counts, expected: &Counts) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}\nfound:    {found:?}\nexpected: {expected:?}"))
    }
}

fn port_of(store: &VictoriaMetrics) -> Result<u16, Failure> {
    let url = store.url();
    let port = url.rsplit(':').next().unwrap_or_default();
    Ok(port.parse()?)
}

/// What a process holds.
#[derive(Debug)]
struct Held {
    kilobytes: u64,
    threads: u64,
}

impl Held {
    fn by(instance: &mut Instance) -> Result<Self, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", instance.service.process().id()))?;
        let of = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let unreadable = || Failure::new(format!("no numbers in {status}"));
        Ok(Self {
            kilobytes: of("VmRSS:").ok_or_else(unreadable)?,
            threads: of("Threads:").ok_or_else(unreadable)?,
        })
    }
}
