//! The questions, in PromQL that Prometheus and VictoriaMetrics understand alike.

use std::time::Duration;

use slo_core::{Threshold, names};

use super::Target;
use super::target::{INSTANCE, TARGETS};
use crate::render::promql;
use crate::render::recorded::{RULES_LABEL, VALID_TILES};
use crate::render::subject::WINDOW_LABEL;

/// Every question about one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queries<'a>(pub(super) &'a Target);

impl Queries<'_> {
    /// How old the newest sample of each outcome of each SLO is, in seconds, by whose it is.
    pub(super) fn ages(self) -> String {
        let times = format!("timestamp({})", self.all_events());
        format!(
            "time() - max by ({}, {}, {}) ({})",
            self.owner(),
            names::SLO_NAME.label,
            names::SLO_OUTCOME.label,
            self.0.with_environment(&times, NOW)
        )
    }

    /// How many instances that run define each SLO.
    pub(super) fn promised(self) -> String {
        let budgets = promql::selector(names::ERROR_BUDGET.prometheus, &self.0.matchers());
        format!(
            "count by ({}) ({})",
            names::SLO_NAME.label,
            self.0.in_environment(&budgets, NOW)
        )
    }

    /// How many series of events had a sample in the last so long.
    pub(super) fn ever(self, window: Duration) -> String {
        format!("count({})", self.over("present_over_time", &self.all_events(), window))
    }

    /// The same under other labels, with what to do where there were some.
    pub(super) fn elsewhere(self, window: Duration) -> Vec<(String, &'static str)> {
        self.0.elsewhere(&seconds(window))
    }

    /// The same in whatever environment and namespace, by these.
    pub(super) fn places(self, window: Duration) -> String {
        let anywhere = self.0.anywhere();
        let anywhere = Queries(&anywhere);
        let range = seconds(window);
        let there = format!("present_over_time({}[{range}])", anywhere.all_events());
        format!(
            "count by ({}) ({})",
            self.owner(),
            anywhere.0.with_environment(&there, &range)
        )
    }

    /// How many series there are in an environment, whosever.
    pub(super) fn in_use(self, environment: &str, window: Duration) -> String {
        let environment = promql::is(names::DEPLOYMENT_ENVIRONMENT_NAME.label, environment);
        let series = match self.0.namespace_label() {
            NAMESPACE => promql::selector(names::EVENTS.prometheus, &[requests(), environment]),
            _ => promql::selector(TARGETS, &[environment]),
        };
        format!("count(present_over_time({series}[{}]))", seconds(window))
    }

    /// Whether the engine has anything of a window, of anybody.
    pub(super) fn anything(self, window: Duration) -> String {
        let events = promql::selector(names::EVENTS.prometheus, &[requests()]);
        let range = seconds(window);
        format!("count(present_over_time({events}[{range}])) or count(present_over_time(up[{range}]))")
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

    /// How many requests there were on each instance and, where its histogram has a boundary at this limit, how many of
    /// them took no longer.
    pub(super) fn fast(self, limit: Threshold, window: Duration) -> String {
        let boundaries = format!("{}|{INFINITY}", promql::boundary(limit));
        self.by_boundary(&[promql::matches_regex(BOUNDARY, &boundaries)], window)
    }

    /// The histogram of each instance.
    pub(super) fn durations(self, window: Duration) -> String {
        self.by_boundary(&[], window)
    }

    fn by_boundary(self, boundaries: &[String], window: Duration) -> String {
        let matchers = [&self.matched(), boundaries].concat();
        let buckets = promql::selector(
            &format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus),
            &matchers,
        );
        format!(
            "sum by ({}) ({})",
            BUCKET_OF.join(", "),
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

    /// Events of all SLOs as rules recorded them, five minutes each, by name and window: bad ones, or valid ones. Where two
    /// sets of rules count the same, once.
    pub(super) fn tiles(self, name: &str, length: Duration) -> String {
        format!(
            "max by ({slo}, {WINDOW_LABEL}) (sum by ({slo}, {WINDOW_LABEL}, {RULES_LABEL}) (sum_over_time({}[{}])))",
            promql::selector(name, &self.0.recorded_matchers()),
            promql::tiles_in(length.as_secs()),
            slo = names::SLO_NAME.label,
        )
    }

    /// The same of one SLO with this window.
    pub(super) fn tiles_of(self, name: &str, slo: &str, window: &str, length: Duration) -> String {
        let mut matchers = self.0.recorded_matchers();
        matchers.push(promql::is(names::SLO_NAME.label, slo));
        matchers.push(promql::is(WINDOW_LABEL, window));
        let (tiles, range) = (promql::selector(name, &matchers), promql::tiles_in(length.as_secs()));
        format!("max(sum by ({RULES_LABEL}) (sum_over_time({tiles}[{range}])))")
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

    fn all_events(self) -> String {
        promql::selector(names::EVENTS.prometheus, &self.0.matchers())
    }

    /// The labels that say in which environment and namespace a service is.
    fn owner(self) -> String {
        [ENVIRONMENT, self.0.namespace_label()].join(", ")
    }

    /// Requests that matched a route: what a scanner asks for says nothing of how fast we are.
    fn matched(self) -> Vec<String> {
        let mut matchers = self.0.matchers();
        matchers.push(format!("{}!=\"\"", names::HTTP_ROUTE.label));
        matchers
    }
}

fn requests() -> String {
    promql::is(names::SLO_NAME.label, names::REQUESTS)
}

/// The labels of an answer to [`Queries::fast`] and [`Queries::durations`]: the boundary and the instance, by the names that
/// engines and their settings have for it.
pub(super) const BUCKET_OF: [&str; 3] = [BOUNDARY, names::SERVICE_INSTANCE_ID.label, INSTANCE];
pub(super) const BOUNDARY: &str = "le";
const ENVIRONMENT: &str = names::DEPLOYMENT_ENVIRONMENT_NAME.label;
const NAMESPACE: &str = names::SERVICE_NAMESPACE.label;
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
            Queries(&info).durations(WINDOW),
            format!(
                r#"sum by (le, service_instance_id, instance) ((increase(http_server_request_duration_seconds_bucket{{job="sales/shop", http_route!=""}}[900s]) and on (job, instance) last_over_time(target_info{target}[900s])))"#
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
    fn each_instance_is_counted_at_the_limit_and_in_all() {
        let target = Target::service("shop");
        assert_eq!(
            Queries(&target).fast("800ms".parse().unwrap(), WINDOW),
            r#"sum by (le, service_instance_id, instance) (increase(http_server_request_duration_seconds_bucket{service_name="shop", http_route!="", le=~"0\\.8|\\+Inf"}[900s]))"#
        );
    }

    #[test]
    fn where_a_service_is_does_not_depend_on_where_it_should_be() {
        let target = Target::service("shop").namespace("sales").environment("prod");
        assert_eq!(
            Queries(&target).places(WINDOW),
            r#"count by (deployment_environment_name, service_namespace) (present_over_time(slo_events_total{service_name="shop"}[900s]))"#
        );
        assert_eq!(
            Queries(&target).ages(),
            r#"time() - max by (deployment_environment_name, service_namespace, slo_name, slo_outcome) (timestamp(slo_events_total{service_name="shop", service_namespace="sales", deployment_environment_name="prod"}))"#
        );
        let in_use = |target: &Target| Queries(target).in_use("prod", WINDOW);
        assert_eq!(
            in_use(&target),
            r#"count(present_over_time(slo_events_total{slo_name="requests", deployment_environment_name="prod"}[900s]))"#
        );
        let info = target.identity(Identity::TargetInfo);
        assert_eq!(
            in_use(&info),
            r#"count(present_over_time(target_info{deployment_environment_name="prod"}[900s]))"#
        );
        let places = Queries(&info).places(WINDOW);
        assert!(
            places
                .starts_with("count by (deployment_environment_name, job) ((present_over_time(slo_events_total{job=~"),
            "{places}"
        );
        assert!(!places.contains("prod") && !places.contains("sales"), "{places}");
    }
}
