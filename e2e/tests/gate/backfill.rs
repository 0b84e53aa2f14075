//! The past of services, minute by minute, as an engine would hold it.

use serde_json::{Map, Value, json};

/// The moment at which everything is asked: 2026-03-01T00:00:00Z, in milliseconds.
pub(crate) const NOW: i64 = 1_772_323_200_000;
const MINUTE: i64 = 60_000;

/// Series as lines of VictoriaMetrics' import format.
#[derive(Default)]
pub(crate) struct Past {
    lines: Vec<String>,
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
}

impl<'a> Instance<'a> {
    /// A month of a service that still runs.
    pub(crate) const fn of(service: &'a str) -> Self {
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
    pub(crate) fn counter(&mut self, of: Instance<'_>, name: &str, labels: &[(&str, &str)], by: impl Fn(i64) -> i64) {
        let own = [
            ("__name__", name),
            ("service_name", of.service),
            ("deployment_environment_name", of.environment),
            ("service_instance_id", of.name),
        ];
        let metric: Map<String, Value> = own
            .iter()
            .chain(labels)
            .map(|(key, value)| ((*key).to_owned(), json!(value)))
            .collect();
        let (mut values, mut timestamps, mut total) = (Vec::new(), Vec::new(), 0);
        for ago in (of.to..=of.from).rev() {
            if ago < of.from {
                total += by(ago);
            }
            values.push(total);
            timestamps.push(NOW - ago * MINUTE);
        }
        self.lines
            .push(json!({ "metric": metric, "values": values, "timestamps": timestamps }).to_string());
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

    pub(crate) fn json_lines(&self) -> String {
        self.lines.join("\n")
    }
}
