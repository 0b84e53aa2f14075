//! Rule tests for `promtool`: what the exporter would have said minute by minute, and what the rules must make of it.

use std::fmt::Write as _;

use e2e::{Binary, Outcome};
use slo_health::probe::{ProbeKit, ProbeState};

use crate::kits::{Files, run};

/// What a probe finds, or nothing: the exporter is gone and `up` is 0, or there is no scrape at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Minute {
    Finds(ProbeState),
    ExporterGone,
    NotScraped,
}

/// Minutes of one target after one another, from minute 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story(Vec<Minute>);

impl Story {
    /// So many minutes of this.
    pub(crate) fn then(mut self, minutes: usize, what: Minute) -> Self {
        self.0.extend(std::iter::repeat_n(what, minutes));
        self
    }

    /// So many minutes of probes that find this.
    pub(crate) fn finds(self, minutes: usize, state: ProbeState) -> Self {
        self.then(minutes, Minute::Finds(state))
    }

    /// One series of the exporter; `_` where it is not there.
    fn series(&self, name: &str, labels: &str, value: impl Fn(usize, Minute) -> Option<u64>) -> String {
        let mut values = String::new();
        for (index, minute) in self.0.iter().enumerate() {
            match value(index, *minute) {
                Some(value) => write!(values, "{value} "),
                None => write!(values, "_ "),
            }
            .unwrap_or_default();
        }
        format!(
            "      - {{series: '{name}{{{labels}}}', values: '{}'}}\n",
            values.trim_end()
        )
    }

    /// Everything that the job's series say. Data that is told is 10 minutes old.
    fn input(&self, kit: &ProbeKit, service: &str, instance: &str) -> String {
        // Rust's quotes are Go's for the signs that tests use.
        let labels = format!(
            r#"job={:?},instance="{instance}",service_name={service:?},slo_name="freshness""#,
            kit.job()
        );
        let connects = format!("{labels},phase=\"connect\"");
        let found = |minute| match minute {
            Minute::Finds(state) => Some(state),
            Minute::ExporterGone | Minute::NotScraped => None,
        };
        [
            self.series("up", &labels, |_, minute| {
                (minute != Minute::NotScraped).then(|| found(minute).is_some().into())
            }),
            self.series("probe_success", &labels, |_, minute| {
                found(minute).map(|state| u64::from(!state.is_down()))
            }),
            self.series("probe_http_status_code", &labels, |_, minute| found(minute).map(code)),
            self.series("probe_http_duration_seconds", &connects, |_, minute| {
                match found(minute) {
                    // Where the name is not known, there is no such series.
                    Some(ProbeState::Unreachable) | None => None,
                    Some(_) => Some(1),
                }
            }),
            self.series(
                "probe_http_last_modified_timestamp_seconds",
                &labels,
                |index, minute| match found(minute) {
                    Some(ProbeState::Fresh | ProbeState::Stale) => Some((index as u64 * 60).saturating_sub(600)),
                    _ => None,
                },
            ),
        ]
        .concat()
    }
}

fn code(state: ProbeState) -> u64 {
    match state {
        ProbeState::Fresh => 200,
        ProbeState::Stale | ProbeState::Foreign => 503,
        ProbeState::CheckError => 500,
        ProbeState::CheckTimeout => 504,
        _ => 0,
    }
}

/// One test of a kit's rules under one story.
pub(crate) struct Played<'a> {
    kit: &'a ProbeKit,
    input: String,
    queries: String,
    alerts: String,
}

impl<'a> Played<'a> {
    pub(crate) fn new(kit: &'a ProbeKit, story: &Story) -> Self {
        Self::of_service(kit, "shop", story)
    }

    /// For a kit of a service that is not the shop.
    pub(crate) fn of_service(kit: &'a ProbeKit, service: &str, story: &Story) -> Self {
        let instance = kit.addresses().next().unwrap_or_default();
        Self {
            kit,
            input: story.input(kit, service, &instance),
            queries: String::new(),
            alerts: String::new(),
        }
    }

    /// At this minute the query has these samples, labels and values.
    pub(crate) fn query(mut self, minute: usize, query: &str, samples: &[(&str, f64)]) -> Self {
        let samples: Vec<_> = samples
            .iter()
            .map(|(labels, value)| format!("{{labels: '{labels}', value: {value}}}"))
            .collect();
        let _ = writeln!(
            self.queries,
            "      - {{expr: '{query}', eval_time: {minute}m, exp_samples: [{}]}}",
            samples.join(", ")
        );
        self
    }

    /// At this minute so many alerts of this name fire.
    pub(crate) fn firing(self, minute: usize, alert: &str, count: u32) -> Self {
        let query = format!(r#"count(ALERTS{{alertname="{alert}",alertstate="firing"}})"#);
        match count {
            0 => self.query(minute, &query, &[]),
            _ => self.query(minute, &query, &[("{}", f64::from(count))]),
        }
    }

    /// At this minute exactly this alert of this name fires: its labels and annotations as YAML flow mappings.
    pub(crate) fn says(mut self, minute: usize, alert: &str, labels: &str, annotations: &str) -> Self {
        let _ = writeln!(
            self.alerts,
            "      - {{alertname: {alert}, eval_time: {minute}m, exp_alerts: [{{exp_labels: {labels}, \
             exp_annotations: {annotations}}}]}}"
        );
        self
    }

    /// Plays it with the real rules. `vmalert`'s tool for this listens on one fixed port of every address, so what alerts
    /// say there is looked at where it runs.
    pub(crate) fn play(self) -> Outcome {
        let files = Files::of(self.kit)?;
        let groups = ["states", "burn", "period", "alerts"].map(|group| format!("'{}: {group}'", self.kit.job()));
        let test = format!(
            "rule_files: [recording.yml, alerting.yml]\nevaluation_interval: 1m\ngroup_eval_order: [{}]\n\
             tests:\n  - interval: 1m\n    input_series:\n{}    promql_expr_test:\n{}    alert_rule_test:\n{}",
            groups.join(", "),
            self.input,
            or_none(&self.queries),
            or_none(&self.alerts),
        );
        files.write("test.yml", &test)?;
        run(Binary::Promtool, files.folder(), &["test", "rules", "test.yml"])?;
        Ok(())
    }
}

fn or_none(items: &str) -> &str {
    if items.is_empty() { "      []\n" } else { items }
}
