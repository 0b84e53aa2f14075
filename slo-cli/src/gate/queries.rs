//! The questions, in PromQL that Prometheus and VictoriaMetrics understand alike.

use std::time::Duration;

use slo_core::{Threshold, names};

use super::Target;
use crate::render::promql;

/// Every question about one service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queries<'a>(pub(super) &'a Target);

impl Queries<'_> {
    /// How many series of `requests` have a sample now, by environment.
    pub(super) fn present(self) -> String {
        format!(
            "count by ({}) ({})",
            names::DEPLOYMENT_ENVIRONMENT_NAME.label,
            self.requests()
        )
    }

    /// How many had one in the last so long.
    pub(super) fn ever(self, window: Duration) -> String {
        format!("count(present_over_time({}[{}]))", self.requests(), seconds(window))
    }

    /// How old the newest sample is, in seconds.
    pub(super) fn age(self) -> String {
        format!("time() - max(timestamp({}))", self.requests())
    }

    /// The events of all SLOs, by name and outcome.
    pub(super) fn events(self, window: Duration) -> String {
        format!(
            "sum by ({}, {}) (increase({}[{}]))",
            names::SLO_NAME.label,
            names::SLO_OUTCOME.label,
            self.all_events(),
            seconds(window)
        )
    }

    /// The events of one SLO, by outcome.
    pub(super) fn events_of(self, slo: &str, window: Duration) -> String {
        let mut matchers = self.0.matchers();
        matchers.push(promql::is(names::SLO_NAME.label, slo));
        format!(
            "sum by ({}) (increase({}[{}]))",
            names::SLO_OUTCOME.label,
            promql::selector(names::EVENTS.prometheus, &matchers),
            seconds(window)
        )
    }

    /// The share of a window's moments, 5 minutes apart, at which there was a sample, by SLO; a little over 1 at most.
    pub(super) fn coverage(self, window: Duration) -> String {
        let slo = names::SLO_NAME.label;
        let moments = (window.as_secs() / STEP).max(1);
        let events = self.all_events();
        format!(
            "count_over_time((max by ({slo}) ({events}))[{}:{STEP}s]) / {moments}",
            seconds(window)
        )
    }

    /// Of requests on instances whose histogram has a boundary at this limit: how many took no longer.
    pub(super) fn fast(self, limit: Threshold, window: Duration) -> String {
        format!("sum(increase({}[{}]))", self.bucket(&boundary(limit)), seconds(window))
    }

    /// How many requests there were on these instances.
    pub(super) fn counted(self, limit: Threshold, window: Duration) -> String {
        let (all, window) = (self.bucket(INFINITY), seconds(window));
        let fast = self.bucket(&boundary(limit));
        format!("sum(increase({all}[{window}]) and ignoring (le) increase({fast}[{window}]))")
    }

    /// How many requests there were on all instances.
    pub(super) fn all(self, window: Duration) -> String {
        format!("sum(increase({}[{}]))", self.bucket(INFINITY), seconds(window))
    }

    /// The 95th percentile in seconds, interpolated between the boundaries that there are.
    pub(super) fn p95(self, window: Duration) -> String {
        let buckets = promql::selector(
            &format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus),
            &self.matched(),
        );
        format!(
            "histogram_quantile(0.95, sum by (le) (increase({buckets}[{}])))",
            seconds(window)
        )
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

/// A boundary as engines write it: `0.8`; `1` or `1.0`.
pub(crate) fn boundary(limit: Threshold) -> String {
    let text = limit.as_seconds_f64().to_string();
    if text.contains('.') {
        promql::escape_regex(&text)
    } else {
        format!(r"{text}(\.0)?")
    }
}

const INFINITY: &str = r"\+Inf";

fn seconds(window: Duration) -> String {
    format!("{}s", window.as_secs())
}

/// In seconds; within Prometheus' look-back.
const STEP: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

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
    fn whole_seconds_are_written_in_two_ways() {
        assert_eq!(boundary("800ms".parse().unwrap()), r"0\.8");
        assert_eq!(boundary("2s".parse().unwrap()), r"2(\.0)?");
        assert_eq!(boundary("10s".parse().unwrap()), r"10(\.0)?");
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
