//! The past of services, minute by minute, as an engine would hold it: for `VictoriaMetrics`' import, and for blocks of
//! Prometheus.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::catalogue::Binary;
use crate::lookup::Places;
use crate::outcome::Failure;
use crate::server::Prometheus;
use crate::temp::TempDir;

/// The moment at which everything is asked: 2026-03-01T00:00:00Z, in milliseconds.
pub const NOW: i64 = 1_772_323_200_000;
const MINUTE: i64 = 60_000;

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
    /// `service.instance.id`.
    pub name: &'a str,
    /// The first minute, counted back from the end.
    pub from: i64,
    /// The last minute, counted back from the end.
    pub to: i64,
}

impl<'a> Instance<'a> {
    /// A month of a service that still runs.
    #[must_use]
    pub const fn of(service: &'a str) -> Self {
        Self {
            service,
            environment: "production",
            name: "one",
            from: 31 * 24 * 60,
            to: 0,
        }
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
            total as f64
        };
        self.each_minute(of, name, labels, value);
    }

    /// A gauge that has one value all the time.
    pub fn gauge(&mut self, of: Instance<'_>, name: &str, labels: &[(&str, &str)], value: f64) {
        self.each_minute(of, name, labels, |_| value);
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
        mut value: impl FnMut(i64) -> f64,
    ) {
        let own = [
            ("__name__", name),
            ("service_name", of.service),
            ("deployment_environment_name", of.environment),
            ("service_instance_id", of.name),
        ];
        let labels = own.iter().chain(labels).filter(|(_, value)| !value.is_empty());
        self.series.push(Series {
            labels: labels
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            samples: (of.to..=of.from)
                .rev()
                .map(|ago| (value(ago), NOW - ago * MINUTE))
                .collect(),
        });
    }

    /// The events of the SLO `browse` and of the built-in `requests`: good and bad ones per minute.
    pub fn events(&mut self, of: Instance<'_>, good: impl Fn(i64) -> i64, bad: impl Fn(i64) -> i64) {
        for slo in ["browse", "requests"] {
            let outcome = |outcome| [("slo_name", slo), ("slo_outcome", outcome)];
            self.counter(of, "slo_events_total", &outcome("good"), &good);
            self.counter(of, "slo_events_total", &outcome("bad"), &bad);
            self.counter(of, "slo_events_total", &outcome("excluded"), |_| 0);
        }
    }

    /// The duration histogram of one route: how many requests a minute there are, and how many took up to a boundary.
    pub fn durations(&mut self, of: Instance<'_>, boundaries: &[(&str, i64)]) {
        for (le, count) in boundaries {
            let labels = [("http_route", "/listings"), ("le", *le)];
            self.counter(of, "http_server_request_duration_seconds_bucket", &labels, |_| *count);
        }
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

    /// The same as OpenMetrics: of what is older than eight hours, one sample in five, which is as often as Prometheus looks
    /// back.
    #[must_use]
    pub fn open_metrics(&self) -> String {
        let mut out = String::new();
        for series in &self.series {
            let is_name = |(key, _): &&(String, String)| key == "__name__";
            let name = series.labels.iter().find(is_name).map_or("", |(_, name)| name.as_str());
            let labels = series.labels.iter().filter(|label| !is_name(label));
            let labels: Vec<_> = labels.map(|(key, value)| format!("{key}={}", json!(value))).collect();
            let labels = labels.join(",");
            for (value, at) in &series.samples {
                let ago = (NOW - at) / MINUTE;
                if ago <= 8 * 60 || ago % 5 == 0 || series.samples.len() == 1 {
                    let _ = writeln!(out, "{name}{{{labels}}} {value} {}", at / 1_000);
                }
            }
        }
        out.push_str("# EOF\n");
        out
    }

    /// Puts it into a Prometheus that runs; its blocks are seen after a while, so ask [`eventually`](crate::eventually).
    ///
    /// # Errors
    ///
    /// [`Failure`] without promtool, or with what it says.
    pub fn into_prometheus(&self, server: &mut Prometheus) -> Result<(), Failure> {
        let folder = TempDir::new("e2e-past")?;
        std::fs::write(folder.path().join("past.txt"), self.open_metrics())?;
        let mut import = Command::new(Places::from_env().require_one(Binary::Promtool)?);
        import
            .current_dir(folder.path())
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet", "past.txt"])
            .arg(server.server().folder().join("data"));
        let output = import.output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(Failure::new(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}
