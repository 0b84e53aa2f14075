//! Probes of real endpoints, by the real exporter, in both engines.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use e2e::{BlackboxExporter, Failure, Http, Outcome, Port, Prom, Prometheus, VictoriaMetrics, VmAlert, eventually};
use serde_json::Value;
use slo_health::probe::{ExporterAddress, ProbeKit, ProbeState};

use crate::endpoints::{CASES, DEADLINE, Endpoints, PATH};
use crate::kits::Files;

const PATIENCE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_secs(3);

/// Both engines over one exporter, scraping and evaluating what the kit rendered.
struct Engines {
    prometheus: Prometheus,
    victoria: VictoriaMetrics,
    vmalert: VmAlert,
    _files: Files,
}

impl Engines {
    fn start(kit: &ProbeKit, exporter: &ExporterAddress) -> Result<Self, Failure> {
        let files = Files::of(kit)?;
        let scrapes = both_jobs(kit, exporter)?;
        let [recording, alerting] = ["recording.yml", "alerting.yml"].map(|file| files.path(file));
        let rules = format!("rule_files: ['{}', '{}']\n", recording.display(), alerting.display());
        let config = format!("{scrapes}{rules}");
        let prometheus = Prometheus::start_on(Port::Free, &config)?;
        let victoria = VictoriaMetrics::start_scraping(&scrapes)?;
        let vmalert = VmAlert::start(&victoria.url(), &[&recording, &alerting])?;
        Ok(Self {
            prometheus,
            victoria,
            vmalert,
            _files: files,
        })
    }

    fn proms(&self) -> [Prom; 2] {
        [self.prometheus.prom(), self.victoria.prom()]
    }

    /// What fires in each: `alert case`, and how its description begins.
    fn firing(&self) -> Result<[BTreeMap<String, String>; 2], String> {
        Ok([firing(&self.prometheus.url())?, firing(&self.vmalert.url())?])
    }
}

/// The job behind the states and the simple one, in one document.
fn both_jobs(kit: &ProbeKit, exporter: &ExporterAddress) -> Result<String, Failure> {
    let (states, freshness) = (kit.scrape_config(exporter), kit.freshness_scrape_config(exporter));
    let (_, second) = freshness
        .split_once("scrape_configs:\n")
        .ok_or_else(|| Failure::new(format!("no scrape_configs in {freshness}")))?;
    Ok(states + second)
}

fn kit(endpoints: &Endpoints) -> Result<ProbeKit, Failure> {
    let builder = ProbeKit::builder("shop")
        .environment("test")
        .path(PATH)
        .deadline(DEADLINE)
        .interval(INTERVAL)
        .scrape_timeout(INTERVAL)
        .label("region", "seoul")
        .page_after(Duration::from_secs(1))
        .ticket_after(Duration::from_secs(1));
    let builder = endpoints
        .targets()?
        .into_iter()
        .fold(builder, |builder, target| builder.target(target));
    Ok(builder.build()?)
}

#[test]
fn each_target_is_in_exactly_one_of_seven_states_and_the_data_has_its_age() -> Outcome {
    let endpoints = Endpoints::start()?;
    let kit = kit(&endpoints)?;
    let exporter = BlackboxExporter::start_on(Port::Free, &kit.blackbox_config())?;
    let address = exporter.url().replace("http://", "").parse()?;
    let engines = Engines::start(&kit, &address)?;

    for prom in engines.proms() {
        eventually(PATIENCE, || all_but_flips_are_where_they_belong(&prom))?;
    }
    endpoints.has_flipped.store(true, Ordering::Relaxed);
    for prom in engines.proms() {
        eventually(PATIENCE, || {
            where_each_target_is(&prom).and_then(|seen| expect(&seen, &expected()))
        })?;
        every_target_has_all_its_labels_in_all_seven_states(&prom)?;
        the_age_is_that_of_the_watermark(&prom, &endpoints)?;
        the_simple_job_says_fresh_or_not(&prom, &kit)?;
    }

    eventually(PATIENCE, || {
        let expected = alerts_on_states();
        engines
            .firing()?
            .iter()
            .try_for_each(|firing| expect(firing, &expected))
    })?;

    exporter.into_server().stop()?;
    for prom in engines.proms() {
        an_exporter_that_is_gone_moves_no_average(&prom, &kit)?;
    }
    eventually(PATIENCE, || {
        let unobserved =
            |(case, _): &(&str, _)| (format!("SloHealthUnobserved {case}"), "The exporter does".to_owned());
        let expected = CASES.iter().map(unobserved).collect();
        engines
            .firing()?
            .iter()
            .try_for_each(|firing| expect(firing, &expected))
    })?;
    Ok(())
}

/// The alert on each case but those that are fresh, and the state that it tells.
fn alerts_on_states() -> BTreeMap<String, String> {
    let alert = |state: ProbeState| match state {
        ProbeState::Stale => Some("SloHealthStale"),
        ProbeState::CheckError | ProbeState::CheckTimeout => Some("SloHealthCheckBroken"),
        state if state.is_down() => Some("SloHealthDown"),
        _ => None,
    };
    let alerts = CASES
        .iter()
        .filter_map(|(case, state)| Some((alert(*state)?, case, state)));
    alerts
        .map(|(alert, case, state)| (format!("{alert} {case}"), format!("State: {state}.")))
        .collect()
}

/// What fires in the engine at this address, and the first three words of its description, or two of a state.
fn firing(engine: &str) -> Result<BTreeMap<String, String>, String> {
    let reply = Http::new().get(&format!("{engine}/api/v1/alerts"))?;
    let page: Value = serde_json::from_str(&reply.body).map_err(|error| error.to_string())?;
    let alerts = page["data"]["alerts"].as_array().ok_or("no list of alerts")?;
    let firing = alerts.iter().filter(|alert| alert["state"] == "firing").map(|alert| {
        let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default();
        let description = alert["annotations"]["description"].as_str().unwrap_or_default();
        let words = if description.starts_with("State") { 2 } else { 3 };
        let begin: Vec<_> = description.split(' ').take(words).collect();
        (format!("{} {}", label("alertname"), label("case")), begin.join(" "))
    });
    Ok(firing.collect())
}

fn expected() -> BTreeMap<String, String> {
    let expected = CASES
        .iter()
        .map(|(case, state)| ((*case).to_owned(), state.to_string()));
    expected.collect()
}

fn all_but_flips_are_where_they_belong(prom: &Prom) -> Result<(), String> {
    let mut expected = expected();
    expected.insert("flips".to_owned(), "stale".to_owned());
    expect(&where_each_target_is(prom)?, &expected)
}

/// The state of each case; an error where a case has none or two.
fn where_each_target_is(prom: &Prom) -> Result<BTreeMap<String, String>, String> {
    let mut seen = BTreeMap::new();
    for sample in prom.instant("slo_health:probe_state == 1")? {
        let (case, state) = (sample.label("case").to_owned(), sample.label("state").to_owned());
        if let Some(other) = seen.insert(case.clone(), state.clone()) {
            return Err(format!("{case} is {state} and {other}"));
        }
    }
    Ok(seen)
}

fn expect<T: PartialEq + std::fmt::Debug>(seen: &T, expected: &T) -> Result<(), String> {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{seen:?} is not {expected:?}"))
    }
}

fn every_target_has_all_its_labels_in_all_seven_states(prom: &Prom) -> Outcome {
    let samples = prom.instant("slo_health:probe_state")?;
    assert_eq!(samples.len(), 7 * CASES.len());
    for sample in &samples {
        let labels = ["region", "service_name", "deployment_environment_name"].map(|label| sample.label(label));
        assert_eq!(labels, ["seoul", "shop", "test"], "{sample:?}");
        assert!(sample.label("instance").ends_with(PATH), "{sample:?}");
    }
    let sums = prom.instant("sum without (state) (slo_health:probe_state)")?;
    assert_eq!(sums.len(), CASES.len());
    assert!(
        sums.iter().all(|sum| (sum.value - 1.0).abs() < f64::EPSILON),
        "{sums:?}"
    );
    Ok(())
}

fn the_age_is_that_of_the_watermark(prom: &Prom, endpoints: &Endpoints) -> Outcome {
    let told = prom.scalar(r#"probe_http_last_modified_timestamp_seconds{case="fresh",job!~".*fresh.*"}"#)?;
    let watermark = f64::from(u32::try_from(endpoints.watermark.timestamp())?);
    assert!((told - watermark).abs() < f64::EPSILON, "{told} is not {watermark}");
    // The age and the time at which it was computed, to one second: one engine rounds the time, the other does not.
    let since = prom.scalar(
        r#"timestamp(slo_health:data_age_seconds{case="fresh"}) - slo_health:data_age_seconds{case="fresh"}"#,
    )?;
    assert!((since - watermark).abs() <= 1.0, "{since} is not {watermark}");

    let with_age = prom.instant("slo_health:data_age_seconds")?;
    let mut cases: Vec<_> = with_age.iter().map(|sample| sample.label("case")).collect();
    cases.sort_unstable();
    // A proxy's page has a Last-Modified as well, which is no data's.
    assert_eq!(cases, ["flips", "fresh", "stale", "warn"]);
    Ok(())
}

fn simple_job(kit: &ProbeKit) -> String {
    format!("job=\"{} (fresh)\"", kit.job())
}

fn the_simple_job_says_fresh_or_not(prom: &Prom, kit: &ProbeKit) -> Outcome {
    let job = simple_job(kit);
    for (case, state) in CASES {
        let average = prom.scalar(&format!("avg_over_time(probe_success{{{job},case=\"{case}\"}}[1h])"))?;
        match (case, state.as_str()) {
            // It was stale for a while.
            ("flips", _) => assert!(average < 1.0, "{case}: {average}"),
            (_, "fresh") => assert!((average - 1.0).abs() < f64::EPSILON, "{case}: {average}"),
            _ => assert!(average.abs() < f64::EPSILON, "{case}: {average}"),
        }
    }
    // Being scraped says nothing about the target.
    assert!((prom.scalar("min(up)")? - 1.0).abs() < f64::EPSILON);
    Ok(())
}

fn an_exporter_that_is_gone_moves_no_average(prom: &Prom, kit: &ProbeKit) -> Outcome {
    let job = simple_job(kit);
    let average = format!("avg_over_time(probe_success{{{job},case=\"flips\"}}[1h])");
    let scrapes = format!("count_over_time(up{{{job},case=\"flips\"}}[1h])");
    eventually(PATIENCE, || expect(&prom.scalar("max(up)")?, &0.0))?;
    let (before, seen) = (prom.scalar(&average)?, prom.scalar(&scrapes)?);
    eventually(PATIENCE, || match prom.scalar(&scrapes)? {
        more if more > seen => Ok(()),
        same => Err(format!("still {same} scrapes")),
    })?;
    assert_eq!(prom.scalar(&average)?.to_bits(), before.to_bits());
    assert!(before > 0.0 && before < 1.0, "{before}");
    // No state is made up, either; what was found last is no longer said.
    eventually(PATIENCE, || expect(&prom.instant("slo_health:probe_state")?.len(), &0))?;
    Ok(())
}
