//! The questions, in PromQL that Prometheus and VictoriaMetrics understand alike.

use std::time::Duration;

use slo_core::{Threshold, names};

use super::Target;
use crate::render::promql;
use crate::render::recorded::VALID_TILES;
use crate::render::subject::WINDOW_LABEL;

/// Every question about one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queries<'a>(pub(super) &'a Target);

impl Queries<'_> {
    /// How many series of `requests` have a sample now, by environment.
    pub(super) fn present(self) -> String {
        format!(
            "count by ({}) ({})",
            names::DEPLOYMENT_ENVIRONMENT_NAME.label,
            self.0.with_environment(&self.requests(), NOW)
        )
    }

    /// How many had one in the last so long.
    pub(super) fn ever(self, window: Duration) -> String {
        format!("count({})", self.over("present_over_time", &self.requests(), window))
    }

    /// The same under other labels, with what to do where there were some.
    pub(super) fn elsewhere(self, window: Duration) -> Vec<(String, &'static str)> {
        self.0.elsewhere(&seconds(window))
    }

    /// How old the newest sample is, in seconds.
    pub(super) fn age(self) -> String {
        let times = format!("timestamp({})", self.requests());
        format!("time() - max({})", self.0.in_environment(&times, NOW))
    }

    /// The events of all SLOs, by name and outcome.
    pub(super) fn events(self, window: Duration) -> String {
        format!(
            "sum by ({}, {}) ({})",
            names::SLO_NAME.label,
            names::SLO_OUTCOME.label,
            self.over("increase", &self.all_events(), window)
        )
    }

    /// The events of one SLO, by outcome.
    pub(super) fn events_of(self, slo: &str, window: Duration) -> String {
        let mut matchers = self.0.matchers();
        matchers.push(promql::is(names::SLO_NAME.label, slo));
        format!(
            "sum by ({}) ({})",
            names::SLO_OUTCOME.label,
            self.over(
                "increase",
                &promql::selector(names::EVENTS.prometheus, &matchers),
                window
            )
        )
    }

    /// The share of a window's moments, 5 minutes apart, at which there was a sample, by SLO; a little over 1 at most.
    pub(super) fn coverage(self, window: Duration) -> String {
        let slo = names::SLO_NAME.label;
        let moments = (window.as_secs() / STEP).max(1);
        let events = self.0.in_environment(&self.all_events(), NOW);
        format!(
            "count_over_time((max by ({slo}) ({events}))[{}:{STEP}s]) / {moments}",
            seconds(window)
        )
    }

    /// Of requests on instances whose histogram has a boundary at this limit: how many took no longer.
    pub(super) fn fast(self, limit: Threshold, window: Duration) -> String {
        format!(
            "sum({})",
            self.over("increase", &self.bucket(&promql::boundary(limit)), window)
        )
    }

    /// How many requests there were on these instances.
    pub(super) fn counted(self, limit: Threshold, window: Duration) -> String {
        let all = self.over("increase", &self.bucket(INFINITY), window);
        let fast = self.over("increase", &self.bucket(&promql::boundary(limit)), window);
        format!("sum({all} and ignoring (le) {fast})")
    }

    /// How many requests there were on all instances.
    pub(super) fn all(self, window: Duration) -> String {
        format!("sum({})", self.over("increase", &self.bucket(INFINITY), window))
    }

    /// The 95th percentile in seconds, interpolated between the boundaries that there are.
    pub(super) fn p95(self, window: Duration) -> String {
        let buckets = promql::selector(
            &format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus),
            &self.matched(),
        );
        format!(
            "histogram_quantile(0.95, sum by (le) ({}))",
            self.over("increase", &buckets, window)
        )
    }

    /// How many instances say which state of their own checks.
    pub(super) fn checks(self) -> String {
        let states = promql::selector(names::HEALTH_STATES.prometheus, &self.0.matchers());
        format!(
            "sum by ({}, {}) ({} == 1)",
            names::HEALTH_CHECK.label,
            names::HEALTH_STATE.label,
            self.0.in_environment(&states, NOW)
        )
    }

    /// How many targets are in which state as probes see them.
    pub(super) fn probes(self) -> String {
        let states = promql::selector(names::PROBE_STATE_RECORDED, &self.0.recorded_matchers());
        format!("sum by ({}, {PROBE_STATE}) ({states} == 1)", names::SLO_NAME.label)
    }

    /// Events of all SLOs as rules recorded them, five minutes each, by name and window: bad ones, or valid ones.
    pub(super) fn tiles(self, name: &str, length: Duration) -> String {
        format!(
            "sum by ({}, {WINDOW_LABEL}) (sum_over_time({}[{}]))",
            names::SLO_NAME.label,
            promql::selector(name, &self.0.recorded_matchers()),
            promql::tiles_in(length.as_secs())
        )
    }

    /// The same of one SLO with this window.
    pub(super) fn tiles_of(self, name: &str, slo: &str, window: &str, length: Duration) -> String {
        let mut matchers = self.0.recorded_matchers();
        matchers.push(promql::is(names::SLO_NAME.label, slo));
        matchers.push(promql::is(WINDOW_LABEL, window));
        let (tiles, range) = (promql::selector(name, &matchers), promql::tiles_in(length.as_secs()));
        format!("sum(sum_over_time({tiles}[{range}]))")
    }

    /// The share of a window for which there are tiles, by name and window; a little over 1 at most.
    pub(super) fn tiles_coverage(self, length: Duration) -> String {
        let tiles = promql::selector(VALID_TILES, &self.0.recorded_matchers());
        format!(
            "max by ({}, {WINDOW_LABEL}) (count_over_time({tiles}[{}])) / {}",
            names::SLO_NAME.label,
            promql::tiles_in(length.as_secs()),
            (length.as_secs() / STEP).max(1)
        )
    }

    /// A function of a range of series that the service pushed.
    fn over(self, function: &str, series: &str, window: Duration) -> String {
        let window = seconds(window);
        self.0
            .in_environment(&format!("{function}({series}[{window}])"), &window)
    }

    fn requests(self) -> String {
        let mut matchers = self.0.matchers();
        matchers.push(promql::is(names::SLO_NAME.label, names::REQUESTS));
        promql::selector(names::EVENTS.prometheus, &matchers)
    }

    fn all_events(self) -> String {
        promql::selector(names::EVENTS.prometheus, &self.0.matchers())
    }

    fn bucket(self, le: &str) -> String {
        let mut matchers = self.matched();
        matchers.push(promql::matches_regex("le", le));
        promql::selector(
            &format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus),
            &matchers,
        )
    }

    /// Requests that matched a route: what a scanner asks for says nothing of how fast we are.
    fn matched(self) -> Vec<String> {
        let mut matchers = self.0.matchers();
        matchers.push(format!("{}!=\"\"", names::HTTP_ROUTE.label));
        matchers
    }
}

const INFINITY: &str = r"\+Inf";
/// As far back as engines look for the present.
const NOW: &str = "300s";
/// The label of a probe's state.
pub(super) const PROBE_STATE: &str = "state";

fn seconds(window: Duration) -> String {
    format!("{}s", window.as_secs())
}

/// In seconds; within Prometheus' look-back.
const STEP: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Identity;

    const WINDOW: Duration = Duration::from_secs(900);

    #[test]
    fn a_name_cannot_alter_a_query() {
        let target = Target::service(r#"a"} or vector(1) #"#).environment("prod\n");
        assert_eq!(
            Queries(&target).events_of(names::REQUESTS, WINDOW),
            r#"sum by (slo_outcome) (increase(slo_events_total{service_name="a\"} or vector(1) #", deployment_environment_name="prod\n", slo_name="requests"}[900s]))"#
        );
    }

    #[test]
    fn where_labels_are_not_promoted_the_job_or_another_series_says_whose_it_is() {
        let job = Target::service("shop")
            .environment("production")
            .identity(Identity::Job);
        assert_eq!(
            Queries(&job).events(WINDOW),
            r#"sum by (slo_name, slo_outcome) (increase(slo_events_total{job=~"(.*/)?shop"}[900s]))"#
        );
        assert!(
            job.doubt()
                .is_some_and(|words| words.ends_with("is taken for production"))
        );
        let info = Target::service("shop").namespace("sales").environment("production");
        let info = info.identity(Identity::TargetInfo);
        let target = r#"{job="sales/shop", deployment_environment_name="production"}"#;
        assert_eq!(
            Queries(&info).all(WINDOW),
            format!(
                r#"sum((increase(http_server_request_duration_seconds_bucket{{job="sales/shop", http_route!="", le=~"\\+Inf"}}[900s]) and on (job, instance) last_over_time(target_info{target}[900s])))"#
            )
        );
        // What rules record has the labels of a service all the same.
        let recorded = r#"{service_name="shop", service_namespace="sales", deployment_environment_name="production"}"#;
        assert!(
            Queries(&info).probes().contains(recorded),
            "{}",
            Queries(&info).probes()
        );
        assert!(Queries(&info).tiles_coverage(WINDOW).contains(recorded));
        assert_eq!(info.doubt(), None);
    }

    #[test]
    fn other_labels_are_those_of_the_same_service_without_the_right_ones() {
        let shop = Target::service("a.b").namespace("sales").environment("production");
        let asked = |identity| Queries(&shop.clone().identity(identity)).elsewhere(WINDOW);
        let queries = |identity| asked(identity).into_iter().map(|(query, _)| query).collect::<Vec<_>>();
        assert_eq!(
            queries(Identity::Promoted),
            [
                r#"count(present_over_time(slo_events_total{job="sales/a.b", service_name="", slo_name="requests"}[900s]))"#
            ]
        );
        let promoted = r#"count(present_over_time(slo_events_total{service_name="a.b", service_namespace="sales", deployment_environment_name="production", job!~"(.*/)?a\\.b", slo_name="requests"}[900s]))"#;
        assert_eq!(queries(Identity::Job), [promoted]);
        let lonely = r#"count(present_over_time(slo_events_total{job="sales/a.b", slo_name="requests"}[900s]) unless on (job, instance) last_over_time(target_info{job="sales/a.b"}[900s]))"#;
        assert_eq!(queries(Identity::TargetInfo), [promoted, lonely]);
    }

    #[test]
    fn only_instances_with_the_boundary_are_counted() {
        let target = Target::service("shop");
        assert_eq!(
            Queries(&target).counted("800ms".parse().unwrap(), WINDOW),
            r#"sum(increase(http_server_request_duration_seconds_bucket{service_name="shop", http_route!="", le=~"\\+Inf"}[900s]) and ignoring (le) increase(http_server_request_duration_seconds_bucket{service_name="shop", http_route!="", le=~"0\\.8"}[900s]))"#
        );
    }
}
