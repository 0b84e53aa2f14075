//! The past of services, minute by minute, as an engine would hold it: for `VictoriaMetrics`' import, and for blocks of
//! Prometheus.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::catalogue::Binary;
use crate::lookup::Places;
use crate::outcome::Failure;
use crate::server::Prometheus;

/// The moment at which everything is asked: 2026-03-01T00:00:00Z, in milliseconds.
pub const NOW: i64 = 1_772_323_200_000;
const MINUTE: i64 = 60_000;
/// In minutes.
const DAY: i64 = 24 * 60;

/// Series with their samples.
#[derive(Debug, Default)]
pub struct Past {
    series: Vec<Series>,
}

/// One series: its labels, the name among them, and its samples: value and time in milliseconds.
#[derive(Debug)]
struct Series {
    labels: Vec<(String, String)>,
    samples: Vec<(f64, i64)>,
}

/// One instance of a service, and the minutes (before the end) in which it pushed.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// `service.name`.
    pub service: &'a str,
    /// `deployment.environment.name`.
    pub environment: &'a str,
    /// `service.namespace`, if it has one.
    pub namespace: &'a str,
    /// `service.instance.id`.
    pub name: &'a str,
    /// The first minute, counted back from the end.
    pub from: i64,
    /// The last minute, counted back from the end.
    pub to: i64,
    /// Whether its labels say whose it is; else `job` does, and `target_info` has the environment.
    pub is_promoted: bool,
}

impl<'a> Instance<'a> {
    /// A month of a service that still runs.
    #[must_use]
    pub const fn of(service: &'a str) -> Self {
        Self {
            service,
            environment: "production",
            namespace: "",
            name: "one",
            from: 31 * DAY,
            to: 0,
            is_promoted: true,
        }
    }

    fn labels(self) -> Vec<(&'static str, String)> {
        if self.is_promoted {
            return vec![
                ("service_name", self.service.to_owned()),
                ("deployment_environment_name", self.environment.to_owned()),
                ("service_namespace", self.namespace.to_owned()),
                ("service_instance_id", self.name.to_owned()),
            ];
        }
        vec![
            ("job", format!("sales/{}", self.service)),
            ("instance", self.name.to_owned()),
        ]
    }
}

impl Past {
    /// A counter from 0 on; `by(minute)` is how much it grows in the minute that many minutes before the end.
    #[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^53")]
    pub fn counter(&mut self, of: Instance<'_>, name: &str, labels: &[(&str, &str)], by: impl Fn(i64) -> i64) {
        let mut total = 0;
        let value = |ago| {
            if ago < of.from {
                total += by(ago);
            }
            Some(total as f64)
        };
        self.each_minute(of, name, labels, value);
    }

    /// What rules record of `browse` every five minutes: `at(minute)` is what the five minutes before it held.
    #[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^53")]
    pub fn tiles(&mut self, of: Instance<'_>, name: &str, at: impl Fn(i64) -> i64) {
        let labels = [("slo_name", "browse"), ("slo_window", "30d")];
        self.each_minute(of, name, &labels, |ago| (ago % 5 == 0).then(|| at(ago) as f64));
    }

    /// A gauge that has one value all the time.
    pub fn gauge(&mut self, of: Instance<'_>, name: &str, labels: &[(&str, &str)], value: f64) {
        self.each_minute(of, name, labels, |_| Some(value));
    }

    /// A series of its own with one sample, so many minutes before the end: a run of something.
    pub fn once(&mut self, labels: &[(&str, &str)], value: f64, ago: i64) {
        let owned = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        self.series.push(Series {
            labels: owned.collect(),
            samples: vec![(value, NOW - ago * MINUTE)],
        });
    }

    fn each_minute(
        &mut self,
        of: Instance<'_>,
        name: &str,
        labels: &[(&str, &str)],
        mut value: impl FnMut(i64) -> Option<f64>,
    ) {
        let more = labels.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let own = [("__name__", name.to_owned())].into_iter().chain(of.labels());
        let labels = own.chain(more).filter(|(_, value)| !value.is_empty());
        let samples = (of.to..=of.from).rev();
        self.series.push(Series {
            labels: labels.map(|(key, value)| (key.to_owned(), value)).collect(),
            samples: samples
                .filter_map(|ago| Some((value(ago)?, NOW - ago * MINUTE)))
                .collect(),
        });
    }

    /// The events of the SLO `browse` and of the built-in `requests`: good and bad ones per minute.
    pub fn events(&mut self, of: Instance<'_>, good: impl Fn(i64) -> i64, bad: impl Fn(i64) -> i64) {
        for slo in ["browse", "requests"] {
            self.events_of(of, slo, &good, &bad);
        }
    }

    /// The events of one SLO.
    pub fn events_of(&mut self, of: Instance<'_>, slo: &str, good: impl Fn(i64) -> i64, bad: impl Fn(i64) -> i64) {
        let outcome = |outcome| [("slo_name", slo), ("slo_outcome", outcome)];
        self.counter(of, "slo_events_total", &outcome("good"), good);
        self.counter(of, "slo_events_total", &outcome("bad"), bad);
        self.counter(of, "slo_events_total", &outcome("excluded"), |_| 0);
    }

    /// The duration histogram of one route: how many requests a minute there are, and how many took up to a boundary.
    pub fn durations(&mut self, of: Instance<'_>, boundaries: &[(&str, i64)]) {
        for (le, count) in boundaries {
            let labels = [("http_route", "/listings"), ("le", *le)];
            self.counter(of, "http_server_request_duration_seconds_bucket", &labels, |_| *count);
        }
    }

    /// The same with its end at another moment, in milliseconds.
    #[must_use]
    pub fn ending_at(mut self, end: i64) -> Self {
        let later = end - NOW;
        let samples = self.series.iter_mut().flat_map(|series| &mut series.samples);
        samples.for_each(|(_, at)| *at += later);
        self
    }

    /// Lines of VictoriaMetrics' import format.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let line = |series: &Series| {
            let metric: Map<String, Value> = series
                .labels
                .iter()
                .map(|(key, value)| (key.clone(), json!(value)))
                .collect();
            let (values, timestamps): (Vec<_>, Vec<_>) = series.samples.iter().copied().unzip();
            json!({ "metric": metric, "values": values, "timestamps": timestamps }).to_string()
        };
        self.series.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The same as OpenMetrics. What is more than a day away from both ends has one sample in five: enough for Prometheus'
    /// look-back, and a third of the samples of a month.
    fn open_metrics(&self) -> String {
        let mut out = String::new();
        let samples = self.series.iter().flat_map(|series| &series.samples);
        let end = samples.map(|(_, at)| *at).max().unwrap_or(NOW);
        for series in &self.series {
            let is_name = |(key, _): &&(String, String)| key == "__name__";
            let name = series.labels.iter().find(is_name).map_or("", |(_, name)| name.as_str());
            let labels = series.labels.iter().filter(|label| !is_name(label));
            let labels: Vec<_> = labels.map(|(key, value)| format!("{key}={}", json!(value))).collect();
            let labels = labels.join(",");
            let first = series.samples.first().map_or(end, |(_, at)| *at);
            for (value, at) in &series.samples {
                let (ago, old) = ((end - at) / MINUTE, (at - first) / MINUTE);
                if ago <= DAY || old <= DAY || ago % 5 == 0 {
                    let _ = writeln!(out, "{name}{{{labels}}} {value} {}", at / 1_000);
                }
            }
        }
        out.push_str("# EOF\n");
        out
    }

    /// A Prometheus that holds it from its start on. It works in the folder, which must outlive it.
    ///
    /// # Errors
    ///
    /// [`Failure`] without promtool or Prometheus, or with what they say.
    pub fn into_prometheus(&self, folder: &Path) -> Result<Prometheus, Failure> {
        let (text, data) = (folder.join("past.txt"), folder.join("data"));
        std::fs::write(&text, self.open_metrics())?;
        let output = Command::new(Places::from_env().require_one(Binary::Promtool)?)
            // Blocks of two hours, the default, would read the whole text for each of them.
            .args([
                "tsdb",
                "create-blocks-from",
                "--max-block-duration=744h",
                "--quiet",
                "openmetrics",
            ])
            .args([&text, &data])
            .output()?;
        std::fs::remove_file(&text)?;
        if !output.status.success() {
            return Err(Failure::new(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(Prometheus::start_over(&data)?)
    }
}
