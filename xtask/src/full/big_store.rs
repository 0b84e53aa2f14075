//! What the tool's questions take on a store with a million series.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Instant;

use e2e::{Failure, TempDir, eventually};

use super::numbers::{as_f64, median};
use super::rule_cost::engines::{Engine, Store};
use super::rule_cost::months::{self, Clock, Definitions};
use super::rule_cost::remote_write::{Samples, Writer};
use super::rule_cost::traffic::{DAY, HOUR, NOW};
use super::{Seen, Settings, fleet};

/// The part `big-store`.
pub(crate) fn run(settings: &Settings) -> Result<Seen, Failure> {
    e2e::ensure_servers()?;
    let slo = e2e::build_release_binary("slo-cli")?;
    let (store, folder) = (Engine::VictoriaMetrics.empty()?, TempDir::new("slo-big-store")?);
    let spec = folder.path().join("slo.yaml");
    std::fs::write(&spec, SPEC)?;
    let mut seen = Seen::default();
    let series = fill(&store, if settings.smoke { 20 } else { SERVICES })?;
    seen.say(format!(
        "{series:.0} series in VictoriaMetrics; a month of the service that is asked for, and of 1,000 SLOs of others"
    ));

    let asked = Asked {
        slo,
        url: store.server.url(),
        runs: if settings.smoke { 3 } else { 21 },
    };
    let gate = ["gate", &spec.to_string_lossy()];
    asked.say(&mut seen, &gate, "`slo gate`", "allowed", 1.0)?;
    // The last of the fleet: an answer without it was cut off.
    let status = ["status", "--json"];
    asked.say(
        &mut seen,
        &status,
        "`slo status` of 1,000 SLOs",
        "\"promise-1000\"",
        2.0,
    )?;
    Ok(seen)
}

/// Commands against one engine.
struct Asked {
    slo: PathBuf,
    url: String,
    runs: usize,
}

impl Asked {
    /// How long a command takes from start to end; what it answers must hold a word, or it was not measured at all.
    fn say(&self, seen: &mut Seen, command: &[&str], what: &str, word: &str, most: f64) -> Result<(), Failure> {
        let mut took = Vec::new();
        for _ in 0..self.runs {
            let start = Instant::now();
            let output = self.output(command)?;
            took.push(start.elapsed().as_secs_f64());
            let text = String::from_utf8_lossy(&output.stdout);
            if !output.status.success() || !text.contains(word) {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(Failure::new(format!("{what}: {}\n{text}\n{said}", output.status)));
            }
        }
        let first = took[0];
        took.sort_by(f64::total_cmp);
        let (middle, last) = (median(&took), took[took.len() - 1]);
        seen.say(format!(
            "{what}: {middle:.3} s in the median of {} runs, {:.3} to {last:.3} s, {first:.3} s the first time",
            self.runs, took[0]
        ));
        seen.reach(&format!("seconds for {what}, median"), middle, most);
        Ok(())
    }

    fn output(&self, command: &[&str]) -> Result<Output, Failure> {
        let mut process = Command::new(&self.slo);
        Ok(process.args(command).args(["--prometheus", &self.url]).output()?)
    }
}

/// The services of a large company, one of them for a month, and a fleet of 1,000 SLOs for a month as well, or it would be
/// asked for a month and read a day; says how many series there are.
fn fill(store: &Store, services: u64) -> Result<f64, Failure> {
    let clock = Clock::now();
    let mut writer = Writer::new(&store.server.url());
    for service in 0..services {
        histogram(&mut writer, clock, &format!("other-{service}"), NOW - HOUR / 3)?;
        if service % 100 == 99 {
            eprintln!("  {} of {services} services written", service + 1);
        }
    }
    histogram(&mut writer, clock, SERVICE, NOW - HOUR)?;
    for slo in ["browse", "requests"] {
        events(&mut writer, clock, SERVICE, slo)?;
    }
    let fleet = fleet::members(1_000);
    months::write(
        &mut writer,
        clock,
        &fleet,
        (NOW - 31 * DAY, NOW + AHEAD),
        30,
        Definitions::Pushed,
    )?;
    // The SLI that each service counts beside its promises: the overview asks it who was there in the month.
    let of_fleet: BTreeSet<_> = fleet.iter().map(|member| member.service.as_str()).collect();
    for service in of_fleet {
        events(&mut writer, clock, service, "requests")?;
    }
    writer.finish()?;
    store.settle()?;
    let least = as_f64(services * SERIES_EACH);
    let series = eventually(super::rule_cost::PATIENCE, || {
        store.flush().map_err(|error| format!("{error:?}"))?;
        let page = format!("{}/api/v1/status/tsdb", store.server.url());
        let reply = e2e::Http::waiting(super::rule_cost::PATIENCE).get(&page)?;
        let json: serde_json::Value = serde_json::from_str(&reply.body).map_err(|error| error.to_string())?;
        let series = json["data"]["totalSeries"].as_f64().unwrap_or_default();
        if series >= least {
            Ok(series)
        } else {
            Err(format!("{series} series"))
        }
    })?;
    Ok(series)
}

/// A month of the events of one SLO.
fn events(writer: &mut Writer, clock: Clock, service: &str, slo: &str) -> Result<(), Failure> {
    for (outcome, each) in [("good", 600.0), ("bad", 0.1), ("excluded", 0.0)] {
        let labels = [("slo_name", slo), ("slo_outcome", outcome)];
        let from = NOW - 31 * DAY;
        counter(writer, clock, service, "slo_events_total", &labels, from, each)?;
    }
    Ok(())
}

/// The durations of a service's routes.
fn histogram(writer: &mut Writer, clock: Clock, service: &str, from: u64) -> Result<(), Failure> {
    for route in 0..ROUTES {
        let route = format!("/route-{route}");
        for (le, each) in BUCKETS {
            let labels = [
                ("http_route", route.as_str()),
                ("http_request_method", "GET"),
                ("http_response_status_code", "200"),
                ("le", le),
            ];
            counter(
                writer,
                clock,
                service,
                "http_server_request_duration_seconds_bucket",
                &labels,
                from,
                each,
            )?;
        }
    }
    Ok(())
}

/// A counter that grows by so much a minute, since a minute and for some minutes to come.
fn counter(
    writer: &mut Writer,
    clock: Clock,
    service: &str,
    name: &str,
    labels: &[(&str, &str)],
    from: u64,
    each: f64,
) -> Result<(), Failure> {
    let own = [
        ("__name__", name),
        ("service_name", service),
        ("deployment_environment_name", "prod"),
        ("service_instance_id", "one"),
    ];
    let minutes = from..NOW + AHEAD;
    let samples = Samples::new(minutes.map(|minute| (clock.pushed(minute), (as_f64(minute - from) * each).floor())));
    writer.series(&[&own[..], labels].concat(), &samples)
}

/// In minutes: samples that come while the rest is written and commands are run.
const AHEAD: u64 = 120;

const SERVICE: &str = "shop";
const ROUTES: u64 = 40;
const SERVICES: u64 = 2_080;
const SERIES_EACH: u64 = ROUTES * BUCKETS.len() as u64;

/// Up to each boundary, so many requests a minute.
const BUCKETS: [(&str, f64); 12] = [
    ("0.005", 1.0),
    ("0.01", 2.0),
    ("0.025", 4.0),
    ("0.05", 6.0),
    ("0.1", 8.0),
    ("0.25", 10.0),
    ("0.5", 12.0),
    ("0.8", 14.9),
    ("1", 15.0),
    ("2.5", 15.0),
    ("5", 15.0),
    ("+Inf", 15.0),
];

const SPEC: &str = "\
version: 1
service: shop
slos:
  - name: browse
    promise: Anyone can look.
    owner: search
    status: agreed
    objective: 99.9%
    window: 30d
    sli: { http: { routes: [/listings] } }
";
