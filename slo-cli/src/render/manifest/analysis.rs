//! The gate's two rules on requests, as Argo Rollouts asks them while a canary takes traffic.
//!
//! What Argo Rollouts does with an answer that is none: NaN fails a measurement that has a success condition only, and an
//! empty vector is an error at `result[0]`. So both conditions are given, both ask whether there is a number, and what
//! meets neither is inconclusive: the rollout pauses for a person.
//! <https://argo-rollouts.readthedocs.io/en/stable/features/analysis/>

use slo_core::yaml_writer::Map;
use slo_core::{Outcome, Share, names};

use super::{Plan, TENANT_HEADER, document, labels};
use crate::render::{promql, units};

/// The share of requests that a p95 leaves out.
const SLOWEST: &str = "0.05";

pub(super) fn template(plan: &Plan<'_>) -> String {
    let rules = plan.set.gate();
    let arguments = [
        Map::new().with("name", "environment").with("value", plan.environment),
        Map::new()
            .because(
                "A regular expression; give the canary's service.version to judge it alone.",
                "name",
                "service-version",
            )
            .with("value", ".*"),
    ];
    let bad = Conditions {
        limit: share(rules.bad_ratio.limit),
        holds: "<",
        breaks: ">=",
    };
    let slow = Conditions {
        limit: SLOWEST.to_owned(),
        holds: "<=",
        breaks: ">",
    };
    let metrics = [
        metric(plan, "bad-ratio", &bad, bad_ratio(plan)),
        metric(plan, "slow-ratio", &slow, slow_ratio(plan)),
    ];
    let map = Map::new()
        .with("apiVersion", "argoproj.io/v1alpha1")
        .with("kind", "AnalysisTemplate")
        .with(
            "metadata",
            Map::new()
                .with("name", plan.name("slo"))
                .with("labels", labels("slo-analysis", plan.set.service())),
        )
        .with("spec", Map::new().with("args", arguments).with("metrics", metrics));
    document(
        map,
        &format!(
            "bad-ratio holds while the share of bad requests is {}, slow-ratio while the p95 is {}.\n\
         Too few requests to judge are a 0. No series at all, or something that is no number, is neither success nor failure:\n\
         the rollout pauses until somebody has looked.",
            rules.bad_ratio, rules.p95
        ),
    )
}

/// When a measurement is a success, and when a failure.
struct Conditions {
    limit: String,
    holds: &'static str,
    breaks: &'static str,
}

impl Conditions {
    fn on_a_number(&self, comparison: &str) -> String {
        format!(
            "len(result) == 1 && !isNaN(result[0]) && result[0] {comparison} {}",
            self.limit
        )
    }
}

fn metric(plan: &Plan<'_>, name: &str, conditions: &Conditions, query: String) -> Map {
    let mut provider = Map::new()
        .with("address", plan.engine())
        .because("In seconds.", "timeout", 30);
    if let Some(tenant) = plan.tenant {
        let header = Map::new().with("key", TENANT_HEADER).with("value", tenant);
        provider = provider.with("headers", [header]);
    }
    let provider = provider.with("query", query);
    Map::new()
        .with("name", name)
        .because("Two pushes of the canary.", "initialDelay", "2m")
        .with("interval", "1m")
        .with("count", 10)
        .because("The first breach rolls back.", "failureLimit", 0)
        .because(
            "A store that has no data for longer than this pauses the rollout.",
            "inconclusiveLimit",
            3,
        )
        .with("consecutiveErrorLimit", 4)
        .with("successCondition", conditions.on_a_number(conditions.holds))
        .with("failureCondition", conditions.on_a_number(conditions.breaks))
        .with("provider", Map::new().with("prometheus", provider))
}

fn bad_ratio(plan: &Plan<'_>) -> String {
    let rule = plan.set.gate().bad_ratio;
    let over = seconds(rule.over);
    let sum = |outcome: String| {
        let slo = format!("{}=\"{}\"", names::SLO_NAME.label, names::REQUESTS);
        let series = of_canary(plan, names::EVENTS.prometheus, &[slo, outcome]);
        format!("sum(increase({series}[{over}s]))")
    };
    let label = names::SLO_OUTCOME.label;
    let bad = format!("{label}=\"{}\"", Outcome::Bad.as_str());
    let valid = format!("{label}=~\"{}|{}\"", Outcome::Good.as_str(), Outcome::Bad.as_str());
    ratio(plan, &sum(bad), &sum(valid))
}

/// Not an estimated p95: the limit is a boundary of the histogram, so the share above it is exact.
fn slow_ratio(plan: &Plan<'_>) -> String {
    let rule = plan.set.gate().p95;
    let over = seconds(rule.over);
    let histogram = names::HTTP_SERVER_REQUEST_DURATION.prometheus;
    let matched = format!("{}!=\"\"", names::HTTP_ROUTE.label);
    let all = of_canary(plan, &format!("{histogram}_count"), std::slice::from_ref(&matched));
    let fast_enough = promql::matches_regex("le", &promql::boundary(rule.limit));
    let fast = of_canary(plan, &format!("{histogram}_bucket"), &[matched, fast_enough]);
    let all = format!("sum(increase({all}[{over}s]))");
    let fast = format!("sum(increase({fast}[{over}s]))");
    ratio(plan, &format!("({all} - {fast})"), &all)
}

/// A share, or 0 where there is too little to judge; nothing where there is nothing.
fn ratio(plan: &Plan<'_>, part: &str, whole: &str) -> String {
    let least = plan.set.gate().least_events;
    format!("{part} / ({whole} >= {least})\nor\n({whole} < {least}) * 0")
}

fn of_canary(plan: &Plan<'_>, metric: &str, more: &[String]) -> String {
    let mut whose = vec![promql::is(names::SERVICE_NAME.label, plan.set.service())];
    whose.extend(
        plan.namespace
            .map(|name| promql::is(names::SERVICE_NAMESPACE.label, name)),
    );
    whose.push(format!(
        "{}=\"{{{{args.environment}}}}\"",
        names::DEPLOYMENT_ENVIRONMENT_NAME.label
    ));
    whose.push(format!(
        "{}=~\"{{{{args.service-version}}}}\"",
        names::SERVICE_VERSION.label
    ));
    let matchers: Vec<_> = whose.iter().chain(more).map(String::as_str).collect();
    format!("{metric}{{{}}}", matchers.join(", "))
}

/// The exact decimal of a share.
fn share(share: Share) -> String {
    units::of_one(share.ppb())
}

fn seconds(window: slo_core::Window) -> u64 {
    window.longest().as_secs()
}
