//! The questions, in PromQL that Prometheus and VictoriaMetrics understand alike. None of them grows with the number of
//! SLOs: each is about all that are asked for.

use std::time::Duration;

use slo_core::names::alerts::{BUDGET_BURN, SEVERITY};
use slo_core::names::{self, Metric};

use super::filter::Filter;
use crate::args::Identity;
use crate::render::subject::{TILE_LOOKBACK, WINDOW_LABEL};
use crate::render::{promql, recorded};
use crate::rule_window::ROLLOUT;

/// How often a definition was seen, and when: a label that the answer has and no series.
pub(super) const WHEN: &str = "slo_asked";
/// The value of a metric, as a label.
pub(super) const VALUE: &str = "slo_value";

/// What is known of a definition and not of events.
pub(super) const DEFINED: &str = "defined";

/// The metric's name, where the answer cannot have it as its own.
pub(super) const METRIC: &str = "slo_metric";

/// Services that pushed nothing for longer are forgotten, as in the rules.
pub(super) const REMEMBERED: Duration = Duration::from_secs(86_400);
/// As far back as engines look for the present.
const NOW: &str = "5m";
/// How far back runs of the gate are counted.
pub(super) const RUNS_OVER: &str = "30d";

/// Every question about the promises that are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queries<'a> {
    pub(super) identity: Identity,
    pub(super) filter: &'a Filter,
}

impl Queries<'_> {
    /// How many instances say which budget, window and start of a window: now, those that began within the hour, and of
    /// promises that no instance makes any more those that did within a day.
    pub(super) fn values(self) -> String {
        self.at_three_times(&self.definitions(), |raw, range| self.each_value(raw, range))
    }

    /// The same of whatever was there within so long: for services that are gone.
    pub(super) fn values_within(self, length: Duration) -> String {
        within(&self.definitions(), length, |raw, range| self.each_value(raw, range))
    }

    fn definitions(self) -> String {
        let metrics = [names::ERROR_BUDGET, names::WINDOW, names::WINDOW_START].map(|metric| metric.prometheus);
        self.selector("", &[promql::matches_regex("__name__", &metrics.join("|"))])
    }

    fn each_value(self, raw: &str, range: &str) -> String {
        let (before, named) = (format!("\"{VALUE}\", "), self.named(raw));
        let name = match self.identity {
            Identity::Promoted | Identity::Job => "__name__",
            Identity::TargetInfo => METRIC,
        };
        let by = [names::SLO_NAME.label, name];
        self.identity
            .aggregate_with("count_values", &before, &by, &named, range)
    }

    /// Series of several metrics that are told apart once they were joined with another: that costs them their names.
    fn named(self, raw: &str) -> String {
        match self.identity {
            Identity::Promoted | Identity::Job => raw.to_owned(),
            Identity::TargetInfo => {
                format!("label_replace({raw}, \"{METRIC}\", \"$1\", \"__name__\", \"(.+)\")")
            }
        }
    }

    /// How many instances say which words: the same three times.
    pub(super) fn words(self) -> String {
        let raw = self.selector(names::SPEC_INFO.prometheus, &[]);
        self.at_three_times(&raw, |raw, range| self.each_word(raw, range))
    }

    /// The same of whatever was there within so long.
    pub(super) fn words_within(self, length: Duration) -> String {
        let raw = self.selector(names::SPEC_INFO.prometheus, &[]);
        within(&raw, length, |raw, range| self.each_word(raw, range))
    }

    fn each_word(self, raw: &str, range: &str) -> String {
        let words = [
            names::SLO_PROMISE,
            names::SLO_OWNER,
            names::SLO_JOURNEY,
            names::SLO_STATUS,
            names::SLO_SLI,
        ];
        self.of_slos("count", &words.map(|word| word.label), raw, range)
    }

    /// When the last sample of each service came within so long, to the hour. By `requests`, which every instance counts: one
    /// series of each, or a month of a thousand SLOs would be read once more.
    pub(super) fn services(self, length: Duration) -> String {
        let (range, mut matchers) = (seconds(length), self.filter.raw(self.identity));
        matchers.push(promql::is(names::SLO_NAME.label, names::REQUESTS));
        matchers.push(promql::is(names::SLO_OUTCOME.label, "good"));
        let series = promql::selector(names::EVENTS.prometheus, &matchers);
        let last = format!("max_over_time(timestamp({series})[{range}:1h])");
        self.identity.aggregate("max", &[], &last, &range)
    }

    /// When each promise was defined last within so long, to five minutes.
    pub(super) fn defined_last(self, length: Duration) -> String {
        let (range, budget) = (seconds(length), self.selector(names::ERROR_BUDGET.prometheus, &[]));
        let last = format!("max_over_time(timestamp({budget})[{range}:5m])");
        self.of_slos("max", &[], &last, &range)
    }

    fn at_three_times(self, raw: &str, by: impl Fn(&str, &str) -> String) -> String {
        let key = self.key();
        let (day, now) = (seconds(REMEMBERED), NOW);
        let gone = format!(
            "({} unless on ({key}) {})",
            by(&format!("last_over_time({raw}[{day}])"), &day),
            self.of_slos("group", &[], &self.named(raw), now)
        );
        [
            marked(&by(raw, now), "now"),
            marked(&by(&format!("{raw} unless {raw} offset {ROLLOUT}"), now), "new"),
            marked(&gone, "gone"),
        ]
        .join(" or ")
    }

    /// The events of a length of time, by outcome; of these SLOs only, where that is worth saying.
    pub(super) fn events(self, length: Duration, only: Option<&[&str]>) -> String {
        self.increase(length, only.map(is_slo).as_slice())
    }

    /// The same without the excluded ones: an alert does not look at them.
    pub(super) fn valid_events(self, length: Duration, only: Option<&[&str]>) -> String {
        let valid = promql::is_any(names::SLO_OUTCOME.label, ["good", "bad"]);
        let more: Vec<_> = only.map(is_slo).into_iter().chain([valid]).collect();
        self.increase(length, &more)
    }

    fn increase(self, length: Duration, more: &[String]) -> String {
        let range = seconds(length);
        let events = self.selector(names::EVENTS.prometheus, more);
        self.of_slos(
            "sum",
            &[names::SLO_OUTCOME.label],
            &format!("increase({events}[{range}])"),
            &range,
        )
    }

    /// The bad events of a step, for a course.
    pub(super) fn bad_events(self, step: Duration, only: Option<&[&str]>) -> String {
        let range = seconds(step);
        let bad = promql::is(names::SLO_OUTCOME.label, "bad");
        let selector = self.selector(
            names::EVENTS.prometheus,
            &[only.map(is_slo), Some(bad)].into_iter().flatten().collect::<Vec<_>>(),
        );
        self.of_slos("sum", &[], &format!("increase({selector}[{range}])"), &range)
    }

    /// The share of a length of time for whose parts there is a sample: 720 parts of an hour in 30 days.
    pub(super) fn coverage(self, length: Duration, only: Option<&[&str]>) -> String {
        const MOST_PARTS: u64 = 720;
        let step = (length.as_secs() / MOST_PARTS / 60 * 60).clamp(60, 3_600);
        let parts = (length.as_secs() / step).max(1);
        // An engine that closes both ends of a range counts one part more than there are.
        format!(
            "clamp_max(count_over_time(({})[{}:{step}s]) / {parts}, 1)",
            self.of_slos("max", &[], &self.good(only), NOW),
            seconds(length)
        )
    }

    /// For how many seconds of the last day there are samples, to five minutes.
    pub(super) fn seen_in_a_day(self) -> String {
        let day = seconds(REMEMBERED);
        let present = self.of_slos("max", &[], &self.good(None), NOW);
        format!("count_over_time(({present})[{day}:300s]) * 300")
    }

    /// How many seconds ago the last sample came; and, marked, the last definition, for promises without events, as an engine
    /// counts them.
    pub(super) fn pushed_ago(self) -> String {
        let (events, day) = (self.good(None), seconds(REMEMBERED));
        let budget = self.selector(names::ERROR_BUDGET.prometheus, &[]);
        let defined = self.of_slos("max", &[], &format!("timestamp({budget})"), NOW);
        let present = self.of_slos("max", &[], &format!("timestamp({events})"), NOW);
        let within = format!("max_over_time(timestamp({events})[{day}:5m])");
        let within = self.of_slos("max", &[], &within, &day);
        format!("time() - ({present} or {within} or {})", marked(&defined, DEFINED))
    }

    /// What rules recorded of the whole window, of one hour and of six, as shares; of how much of the window; and the budgets, which
    /// are there from their first minute on.
    pub(super) fn recorded(self) -> String {
        let series = [
            recorded::PERIOD_RATIO.to_owned(),
            recorded::COVERAGE.to_owned(),
            recorded::BUDGET.to_owned(),
            recorded::error_ratio("1h"),
            recorded::error_ratio("6h"),
        ];
        let mut matchers = vec![promql::matches_regex("__name__", &series.join("|"))];
        matchers.extend(self.filter.of_services());
        matchers.extend(self.filter.of_slos());
        format!(
            "max by (__name__, {}, {WINDOW_LABEL}) (last_over_time({}[{TILE_LOOKBACK}]))",
            self.key(),
            promql::selector("", &matchers)
        )
    }

    /// What fires: the alerts on budgets.
    pub(super) fn firing(self) -> String {
        let mut matchers = vec![promql::is("alertname", BUDGET_BURN), promql::is("alertstate", "firing")];
        matchers.extend(self.filter.of_services());
        matchers.extend(self.filter.of_slos());
        format!(
            "max by ({SEVERITY}, {}) ({})",
            self.key(),
            promql::selector("ALERTS", &matchers)
        )
    }

    /// What services say of their checks, and what probes found: the states that hold.
    pub(super) fn states(self) -> String {
        let inside = self.of_checks(
            "max",
            &[names::HEALTH_STATE.label],
            &format!("{} == 1", self.metric(names::HEALTH_STATES)),
        );
        let probed = promql::selector(names::PROBE_STATE_RECORDED, &self.filter.of_services());
        format!(
            "{inside} or max by (job, instance, state, {}) ({probed} == 1)",
            self.key()
        )
    }

    /// How old the data of each is, in seconds: the oldest that any instance has.
    pub(super) fn data_ages(self) -> String {
        let inside = self.of_checks("min", &[], &self.metric(names::HEALTH_DATA_TIMESTAMP));
        let probed = promql::selector(names::PROBE_DATA_AGE_RECORDED, &self.filter.of_services());
        format!(
            "(time() - {inside}) or max by (job, instance, {}) ({probed})",
            self.key()
        )
    }

    /// Runs of the gate: how many, by verdict, and when the last of each was: to the second within a day, else to the hour.
    ///
    /// Each run is a series of its own with one value, seen once by any look-back that is not longer than the steps.
    pub(super) fn runs(self) -> String {
        let runs = self.metric(names::GATE_DECISIONS);
        let verdict = [names::GATE_VERDICT.label];
        let of = |op: &str, raw: &str, range: &str| self.identity.aggregate(op, &verdict, raw, range);
        let count = of("count", &format!("max_over_time({runs}[{RUNS_OVER}])"), RUNS_OVER);
        let lately = of("max", &format!("max_over_time(timestamp({runs})[1d:5m])"), "1d");
        let hourly = of("max", &format!("timestamp(last_over_time({runs}[1h]))"), "1h");
        format!(
            "{} or {}",
            marked(&count, "count"),
            marked(
                &format!("({lately} or max_over_time(({hourly})[{RUNS_OVER}:1h]))"),
                "last"
            )
        )
    }

    /// One series for each instance of a promise; it is there from the first push on.
    fn good(self, only: Option<&[&str]>) -> String {
        let mut more: Vec<_> = only.map(is_slo).into_iter().collect();
        more.push(promql::is(names::SLO_OUTCOME.label, "good"));
        self.selector(names::EVENTS.prometheus, &more)
    }

    fn selector(self, metric: &str, more: &[String]) -> String {
        let mut matchers = more.to_vec();
        matchers.extend(self.filter.raw(self.identity));
        matchers.extend(self.filter.of_slos());
        promql::selector(metric, &matchers)
    }

    /// A metric that belongs to a service and to no SLO.
    fn metric(self, metric: Metric) -> String {
        promql::selector(metric.prometheus, &self.filter.raw(self.identity))
    }

    fn of_slos(self, op: &str, others: &[&str], raw: &str, range: &str) -> String {
        let others = [&[names::SLO_NAME.label], others].concat();
        self.identity.aggregate(op, &others, raw, range)
    }

    fn of_checks(self, op: &str, others: &[&str], raw: &str) -> String {
        let others = [&[names::HEALTH_CHECK.label], others].concat();
        self.identity.aggregate(op, &others, raw, NOW)
    }

    /// The labels by which an answer about an SLO is known.
    fn key(self) -> String {
        [self.identity.service_labels(), &[names::SLO_NAME.label]]
            .concat()
            .join(", ")
    }
}

fn marked(expr: &str, when: &str) -> String {
    format!("label_replace({expr}, \"{WHEN}\", \"{when}\", \"{WHEN}\", \"\")")
}

/// What was said last within so long, by whoever is gone.
fn within(raw: &str, length: Duration, by: impl Fn(&str, &str) -> String) -> String {
    let range = seconds(length);
    marked(&by(&format!("last_over_time({raw}[{range}])"), &range), "gone")
}

fn is_slo(names: &[&str]) -> String {
    promql::is_any(names::SLO_NAME.label, names)
}

fn seconds(length: Duration) -> String {
    format!("{}s", length.as_secs().max(1))
}
