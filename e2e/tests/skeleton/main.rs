//! What two instances of the example served is what the engine says, to the last request.

mod traffic;

use std::collections::BTreeMap;
use std::thread;

use e2e::{
    Failure, Instance, Outcome, PATIENCE, Port, Prom, Prometheus, Sample, VictoriaMetrics, VmAgent, eventually,
    free_port,
};
use serde_json::Value;

use crate::traffic::{Labels, Sent, drive};

#[test]
fn victoria_metrics_counts_what_two_instances_served() -> Outcome {
    let store = VictoriaMetrics::start()?;
    let fleet = Fleet::serve_and_stop(&store.otlp_endpoint())?;
    eventually(PATIENCE, || fleet.agrees_with(&store.prom()))?;
    // Exact there: VictoriaMetrics extrapolates nothing, and the series began at 0.
    let increases = "increase(slo_events_total[1h])";
    let found = by_instance(&store.prom().instant(increases)?).map_err(Failure::new)?;
    assert_eq!(found, fleet.totals);
    Ok(())
}

#[test]
fn prometheus_behind_vmagent_counts_what_two_instances_served() -> Outcome {
    let store = Prometheus::start()?;
    let agent = VmAgent::start(&[store.remote_write_url()])?;
    let fleet = Fleet::serve_and_stop(&agent.otlp_endpoint())?;
    eventually(PATIENCE, || fleet.agrees_with(&store.prom()))?;
    Ok(())
}

#[test]
fn a_collector_that_comes_late_gets_every_count_and_causes_one_warning() -> Outcome {
    let port = free_port()?;
    let endpoint = format!("http://127.0.0.1:{port}/opentelemetry");
    let mut instance = Instance::start("early", &endpoint, &[("OTEL_METRIC_EXPORT_INTERVAL", "100")])?;
    let mut fleet = Fleet::default();
    fleet.sent.add(drive(&instance.base, 0)?);
    let pushes = |outcome: &str, at_least: u64| {
        let export = instance.status().map_err(|failure| format!("{failure:?}"))?["export"].take();
        match export[outcome].as_u64() {
            Some(count) if count >= at_least => Ok(export),
            _ => Err(format!("no {at_least} pushes {outcome}: {export}")),
        }
    };
    let failing = eventually(PATIENCE, || pushes("failed", 5))?;
    assert_eq!(failing["succeeded"], 0);
    assert!(failing["failing"].is_string(), "{failing}");

    let store = VictoriaMetrics::start_on(Port::Exactly(port))?;
    // The first accepted push began the series at 0.
    let recovered = eventually(PATIENCE, || pushes("succeeded", 3))?;
    assert_eq!(recovered["failing"], Value::Null);
    fleet.end(&mut instance)?;

    let log = instance.service.stderr();
    assert_eq!(log.matches("could not be pushed").count(), 1, "{log}");
    assert_eq!(log.matches("accepts metrics again").count(), 1, "{log}");
    let others = log
        .lines()
        .filter(|line| line.contains(" ERROR ") && !line.contains("Demo-Fault: panic"))
        // What was sent is bad enough to page on a machine that takes a minute for it.
        .filter(|line| !line.contains(" -> page; "));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
    eventually(PATIENCE, || fleet.agrees_with(&store.prom()))?;
    Ok(())
}

#[test]
fn a_collector_that_comes_just_before_the_end_gets_every_count() -> Outcome {
    let port = free_port()?;
    let endpoint = format!("http://127.0.0.1:{port}/opentelemetry");
    let mut instance = Instance::start("last minute", &endpoint, &[])?;
    let mut fleet = Fleet::default();
    fleet.sent.add(drive(&instance.base, 0)?);
    // Both the zeros and the totals are pushed while it ends: the interval is a minute.
    let store = VictoriaMetrics::start_on(Port::Exactly(port))?;
    fleet.end(&mut instance)?;
    eventually(PATIENCE, || fleet.agrees_with(&store.prom()))?;
    Ok(())
}

#[test]
fn without_a_collector_the_service_starts_serves_and_ends() -> Outcome {
    let endpoint = format!("http://127.0.0.1:{}", free_port()?);
    let mut instance = Instance::start("alone", &endpoint, &[])?;
    let _answered = drive(&instance.base, 0)?;
    instance.stop()?;
    let said = instance.service.stdout();
    assert!(said.contains("the last numbers were not pushed: "), "{said}");
    Ok(())
}

/// What instances were sent, and what each said of it before it ended.
#[derive(Default)]
struct Fleet {
    sent: Sent,
    totals: BTreeMap<Event, u64>,
}

/// Instance, SLO, outcome.
type Event = (String, String, String);

impl Fleet {
    fn serve_and_stop(endpoint: &str) -> Result<Self, Failure> {
        let mut instances = [
            Instance::start("one", endpoint, &[])?,
            Instance::start("two", endpoint, &[])?,
        ];
        let mut fleet = Self::default();
        let sent: Vec<Result<Sent, Failure>> = thread::scope(|scope| {
            let drivers: Vec<_> = (0..)
                .zip(&instances)
                .map(|(more, instance)| scope.spawn(move || drive(&instance.base, more)))
                .collect();
            let done = drivers.into_iter().map(|driver| driver.join());
            done.map(|sent| sent.unwrap_or_else(|_| Err(Failure::new("a driver panicked"))))
                .collect()
        });
        for sent in sent {
            fleet.sent.add(sent?);
        }
        for instance in &mut instances {
            fleet.end(instance)?;
            let said = instance.service.stdout();
            if !said.ends_with("every request was answered\npushed the last numbers\n") {
                return Err(Failure::new(format!("it ended with: {said}")));
            }
        }
        Ok(fleet)
    }

    /// Asks an instance for its totals, then ends it.
    fn end(&mut self, instance: &mut Instance) -> Result<(), Failure> {
        let (id, totals) = instance.totals_at_rest()?;
        for (slo, (good, bad, excluded)) in totals {
            for (outcome, count) in [("good", good), ("bad", bad), ("excluded", excluded)] {
                self.totals.insert((id.clone(), slo.clone(), outcome.to_owned()), count);
            }
        }
        instance.stop()
    }

    /// Everything that a person would ask.
    fn agrees_with(&self, prom: &Prom) -> Result<(), String> {
        self.requests_agree(prom)?;
        self.events_agree(prom)?;
        self.fast_enough_agrees(prom)?;
        self.error_share_agrees(prom)?;
        self.p95_is_in_its_bucket(prom)?;
        self.definitions_came_along(prom)?;
        self.every_series_says_whose_it_is(prom)
    }

    fn requests_agree(&self, prom: &Prom) -> Result<(), String> {
        let mut by_status: BTreeMap<(String, String), u64> = BTreeMap::new();
        for ((route, _, status), times) in &self.sent.requests {
            *by_status.entry((route.clone(), status.clone())).or_default() += times;
        }
        let mut found = BTreeMap::new();
        for sample in
            prom.instant("sum by (http_route, http_response_status_code) (http_server_request_duration_seconds_count)")?
        {
            let labels = ["http_route", "http_response_status_code"].map(|label| sample.label(label).to_owned());
            found.insert(labels.into(), count(sample.value)?);
        }
        same("requests by route and status", &found, &by_status)?;

        let mut found: BTreeMap<Labels, u64> = BTreeMap::new();
        for sample in prom.instant(
            "sum by (http_route, http_request_method, http_response_status_code) \
             (http_server_request_duration_seconds_count{url_scheme=\"http\", network_protocol_version=\"1.1\"})",
        )? {
            let labels = ["http_route", "http_request_method", "http_response_status_code"];
            found.insert(
                labels.map(|label| sample.label(label).to_owned()).into(),
                count(sample.value)?,
            );
        }
        same("requests by route, method and status", &found, &self.sent.requests)?;

        let failed = self
            .sent
            .count(|(_, _, status)| status.starts_with('5') || status == "408");
        let found = prom.scalar("sum(http_server_request_duration_seconds_count{error_type=~\"408|5..\"})")?;
        same("requests with an error type", &count(found)?, &failed)
    }

    fn events_agree(&self, prom: &Prom) -> Result<(), String> {
        let found = by_instance(&prom.instant("slo_events_total")?)?;
        same("events by instance", &found, &self.totals)?;

        let mut found = BTreeMap::new();
        for sample in prom.instant("sum by (slo_name, slo_outcome) (slo_events_total)")? {
            let labels = ["slo_name", "slo_outcome"].map(|label| sample.label(label).to_owned());
            found.insert(labels, count(sample.value)?);
        }
        for (slo, (good, bad)) in &self.sent.events {
            for (outcome, expected) in [("good", *good), ("bad", *bad), ("excluded", 0)] {
                let found = found.get(&[(*slo).to_owned(), outcome.to_owned()]).copied();
                same(&format!("{slo} {outcome}"), &found, &Some(expected))?;
            }
        }

        // Else `increase()` would miss all that happened before the first push.
        let begun = prom.scalar("max(min_over_time(slo_events_total[1h]))")?;
        same("the highest count that a series begins at", &count(begun)?, &0)
    }

    /// The histogram's bucket at the limit and the SLO's own count are the same requests.
    fn fast_enough_agrees(&self, prom: &Prom) -> Result<(), String> {
        let slo = |outcome: &str| {
            let series = format!("slo_events_total{{slo_name=\"real-price-latency\", slo_outcome=\"{outcome}\"}}");
            count(prom.scalar(&format!("sum({series})"))?)
        };
        let fast = prom.scalar(
            "sum(http_server_request_duration_seconds_bucket{le=\"0.8\", http_route=\"/real-price/{region}\", \
             http_response_status_code!~\"5..|408\"})",
        )?;
        same("fast prices", &slo("good")?, &count(fast)?)?;
        let asked_for = self.sent.count(|(route, _, _)| route == "/real-price/{region}");
        same("prices that were asked for", &(slo("good")? + slo("bad")?), &asked_for)
    }

    fn error_share_agrees(&self, prom: &Prom) -> Result<(), String> {
        let found = prom.scalar(
            "sum(http_server_request_duration_seconds_count{http_response_status_code=~\"5..\"}) \
             / sum(http_server_request_duration_seconds_count)",
        )?;
        let failed = self.sent.count(|(_, _, status)| status.starts_with('5'));
        let expected = as_f64(failed) / as_f64(self.sent.count(|_| true));
        same("the share of 5xx", &found.to_bits(), &expected.to_bits())
    }

    fn p95_is_in_its_bucket(&self, prom: &Prom) -> Result<(), String> {
        let p95 = prom.scalar(
            "histogram_quantile(0.95, sum by (le) \
             (http_server_request_duration_seconds_bucket{http_route=\"/real-price/{region}\"}))",
        )?;
        // More than a twentieth of these requests slept 1.5 s. A client waits longer than the service takes, so its own
        // p95 is in the same bucket or a later one: no assumption on how fast this machine is.
        let mut times = self.sent.price_times.clone();
        times.sort();
        let longest = times[times.len() - times.len() / 20 - 1].as_secs_f64();
        let upper = [2.5, 5.0, 7.5, 10.0].into_iter().find(|upper| longest <= *upper);
        match upper {
            Some(upper) if p95 > 1.0 && p95 <= upper => Ok(()),
            _ => Err(format!("p95 is {p95} s, and the clients' own {longest} s")),
        }
    }

    fn definitions_came_along(&self, prom: &Prom) -> Result<(), String> {
        for (metric, of_purchases) in [
            ("slo_objective_ratio", 0.9995_f64),
            ("slo_error_budget_ratio", 0.0005),
            ("slo_window_seconds", 2_592_000.0),
            ("slo_spec_info", 1.0),
        ] {
            let each = prom.instant(&format!("max by (slo_name) ({metric})"))?;
            same(metric, &each.len(), &6)?;
            let found = prom.scalar(&format!("max({metric}{{slo_name=\"purchase-availability\"}})"))?;
            same(metric, &found.to_bits(), &of_purchases.to_bits())?;
        }
        // The feed looks at the price data, and its state goes with the same push.
        let fresh =
            prom.scalar("min(slo_health_state{slo_health_check=\"transactions\", slo_health_state=\"fresh\"})")?;
        same("slo_health_state", &fresh.to_bits(), &1.0_f64.to_bits())?;
        for sample in prom.instant("slo_spec_info{slo_name=\"purchase-availability\"}")? {
            let found = ["slo_journey", "slo_owner", "slo_status", "slo_promise"].map(|label| sample.label(label));
            let promise = "Whoever decides to buy can buy, and is not turned away because others buy too.";
            same("the definition", &found, &["purchase", "deals-team", "agreed", promise])?;
        }
        Ok(())
    }

    fn every_series_says_whose_it_is(&self, prom: &Prom) -> Result<(), String> {
        let mut instances: Vec<_> = self.totals.keys().map(|(instance, _, _)| instance.as_str()).collect();
        instances.dedup();
        for metric in [
            "http_server_request_duration_seconds_count",
            "slo_events_total",
            "slo_objective_ratio",
            "slo_error_budget_ratio",
            "slo_window_seconds",
            "slo_spec_info",
        ] {
            let by = "service_name, service_instance_id, service_version, deployment_environment_name";
            let mut found = prom.instant(&format!("group by ({by}) ({metric})"))?;
            found.sort_by(|one, other| one.labels.cmp(&other.labels));
            let found: Vec<_> = found
                .iter()
                .map(|sample| {
                    let labels = by.split(", ").map(|label| sample.label(label));
                    labels.collect::<Vec<_>>()
                })
                .collect();
            let expected: Vec<_> = instances
                .iter()
                .map(|id| vec!["real-estate", *id, env!("CARGO_PKG_VERSION"), Instance::ENVIRONMENT])
                .collect();
            same(metric, &found, &expected)?;
        }
        Ok(())
    }
}

fn by_instance(samples: &[Sample]) -> Result<BTreeMap<Event, u64>, String> {
    let labels = ["service_instance_id", "slo_name", "slo_outcome"];
    let event = |sample: &Sample| -> Event { labels.map(|label| sample.label(label).to_owned()).into() };
    samples
        .iter()
        .map(|sample| Ok((event(sample), count(sample.value)?)))
        .collect()
}

/// A count; a fraction of an event is a mistake somewhere.
fn count(value: f64) -> Result<u64, String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "compared right after"
    )]
    let count = value as u64;
    if as_f64(count).to_bits() == value.to_bits() {
        Ok(count)
    } else {
        Err(format!("{value} is not a count"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}\nfound:    {found:?}\nexpected: {expected:?}"))
    }
}
