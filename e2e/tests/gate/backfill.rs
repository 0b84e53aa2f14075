//! The past of services, minute by minute, as an engine would hold it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use e2e::{Binary, Failure, Places};
use serde_json::{Map, Value, json};

/// The moment at which everything is asked: 2026-03-01T00:00:00Z, in milliseconds.
pub(crate) const NOW: i64 = 1_772_323_200_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60;

/// Series with their samples.
#[derive(Default)]
pub(crate) struct Past {
    series: Vec<Series>,
}

/// One series: its name, its labels, and what it was when.
struct Series {
    name: String,
    labels: Vec<(String, String)>,
    /// In milliseconds.
    timestamps: Vec<i64>,
    values: Vec<i64>,
}

/// One instance of a service, and the minutes (before the end) in which it pushed.
#[derive(Clone, Copy)]
pub(crate) struct Instance<'a> {
    pub(crate) service: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) name: &'a str,
    /// The first minute, counted back from the end.
    pub(crate) from: i64,
    /// The last minute, counted back from the end.
    pub(crate) to: i64,
    /// Whether its labels say whose it is; else `job` does, and `target_info` has the environment.
    pub(crate) is_promoted: bool,
}

impl<'a> Instance<'a> {
    /// A month of a service that still runs.
    pub(crate) const fn of(service: &'a str) -> Self {
        Self {
            service,
            environment: "production",
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
    pub(crate) fn counter(&mut self, of: Instance<'_>, name: &str, labels: &[(&str, &str)], by: impl Fn(i64) -> i64) {
        let mut total = 0;
        self.samples(of, name, labels, |ago| {
            total += if ago < of.from { by(ago) } else { 0 };
            Some(total).filter(|_| is_kept(ago, of))
        });
    }

    /// What rules record of an SLO every five minutes: `at(minute)` is what the five minutes before it held.
    pub(crate) fn tiles(&mut self, of: Instance<'_>, name: &str, at: impl Fn(i64) -> i64) {
        let labels = [("slo_name", "browse"), ("slo_window", "30d")];
        self.samples(of, name, &labels, |ago| Some(at(ago)).filter(|_| ago % 5 == 0));
    }

    /// A gauge that is the same for the whole time.
    pub(crate) fn gauge(&mut self, of: Instance<'_>, name: &str, labels: &[(&str, &str)], value: i64) {
        self.samples(of, name, labels, |ago| Some(value).filter(|_| is_kept(ago, of)));
    }

    fn samples(
        &mut self,
        of: Instance<'_>,
        name: &str,
        labels: &[(&str, &str)],
        mut at: impl FnMut(i64) -> Option<i64>,
    ) {
        let more = labels.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let labels = of.labels().into_iter().chain(more);
        let mut series = Series {
            name: name.to_owned(),
            labels: labels.map(|(key, value)| (key.to_owned(), value)).collect(),
            timestamps: Vec::new(),
            values: Vec::new(),
        };
        for ago in (of.to..=of.from).rev() {
            if let Some(value) = at(ago) {
                series.timestamps.push(NOW - ago * MINUTE);
                series.values.push(value);
            }
        }
        self.series.push(series);
    }

    /// The events of an SLO and the built-in `requests`: good and bad ones per minute.
    pub(crate) fn events(&mut self, of: Instance<'_>, good: impl Fn(i64) -> i64, bad: impl Fn(i64) -> i64) {
        for slo in ["browse", "requests"] {
            let outcome = |outcome| [("slo_name", slo), ("slo_outcome", outcome)];
            self.counter(of, "slo_events_total", &outcome("good"), &good);
            self.counter(of, "slo_events_total", &outcome("bad"), &bad);
            self.counter(of, "slo_events_total", &outcome("excluded"), |_| 0);
        }
    }

    /// The duration histogram of one route: how many requests a minute there are, and how many took up to a boundary.
    pub(crate) fn durations(&mut self, of: Instance<'_>, boundaries: &[(&str, i64)]) {
        for (le, count) in boundaries {
            let labels = [("http_route", "/listings"), ("le", *le)];
            self.counter(of, "http_server_request_duration_seconds_bucket", &labels, |_| *count);
        }
    }

    /// As `VictoriaMetrics` imports it.
    pub(crate) fn json_lines(&self) -> String {
        let lines: Vec<_> = self.series.iter().map(Series::json_line).collect();
        lines.join("\n")
    }

    /// As blocks in a folder, for Prometheus to work in.
    pub(crate) fn blocks(&self, folder: &Path) -> Result<(), Failure> {
        let text = folder.join("past.txt");
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
            .args([&text, &folder.join("data")])
            .output()?;
        std::fs::remove_file(&text)?;
        if !output.status.success() {
            return Err(Failure::new(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(())
    }

    fn open_metrics(&self) -> String {
        let mut text = String::new();
        for series in &self.series {
            let labels: Vec<_> = series
                .labels
                .iter()
                .map(|(key, value)| format!("{key}=\"{value}\""))
                .collect();
            let start = format!("{}{{{}}} ", series.name, labels.join(","));
            for (value, at) in series.values.iter().zip(&series.timestamps) {
                // Every sample is of a whole second.
                let _ = writeln!(text, "{start}{value} {}", at / 1_000);
            }
        }
        text + "# EOF\n"
    }
}

impl Series {
    fn json_line(&self) -> String {
        let labels = self.labels.iter().map(|(key, value)| (key.clone(), json!(value)));
        let mut metric: Map<String, Value> = labels.collect();
        metric.insert("__name__".to_owned(), json!(self.name));
        json!({ "metric": metric, "values": self.values, "timestamps": self.timestamps }).to_string()
    }
}

/// A push a minute where it matters, at the two ends of a month, and one in five in between: enough for an engine's
/// look-back, and a third of the samples.
fn is_kept(ago: i64, of: Instance<'_>) -> bool {
    !(DAY..=29 * DAY).contains(&ago) || ago % 5 == 0 || ago == of.from || ago == of.to
}
