//! What the deploy gate decided, and who went past it.

use slo_core::gate::Decision;
use slo_core::names;

use super::Content;
use super::columns::Column;
use super::field::{Colour, Property, Thresholds, Unit};
use super::kinds::{stacked, stat, table};
use super::page::{Draft, Page};
use super::query::of_services;
use super::scope::Scope;

const NO_RUNS: &str = "no runs";

pub(crate) fn content(scope: &Scope<'_>) -> Content {
    let page = Decision::ALL
        .into_iter()
        .fold(Page::new(scope.datasource()), |page, decision| {
            page.put(6, 5, count(decision))
        })
        .put(24, 8, over_time())
        .put(
            12,
            10,
            runs(
                "Runs",
                "Every run in the chosen time range, the latest first; where the gate only observes, the rules alone say what \
                 it would have been.",
                &[],
            ),
        )
        .put(12, 10, bypasses());
    Content {
        description: "Every run of the deploy gate: what it decided, and who went past it.",
        from: "now-30d",
        variables: scope.variables(&[names::GATE_DECISIONS.prometheus]),
        page,
    }
}

/// Each run has a series of its own with the value 1: an `increase` of it is nothing, its maximum is one run.
fn decided(decision: Option<Decision>, over: &str) -> String {
    let matcher = decision.map(|decision| format!("{}=\"{}\"", names::GATE_VERDICT.label, decision.as_str()));
    let matchers: Vec<_> = matcher.as_deref().into_iter().collect();
    let runs = of_services(names::GATE_DECISIONS.prometheus, &matchers);
    format!("max_over_time({runs}[{over}])")
}

fn count(decision: Decision) -> Draft {
    let (title, description, thresholds) = match decision {
        Decision::Allowed => ("Allowed", "Deploys that passed.", Thresholds::new(Colour::Green, &[])),
        Decision::Blocked => (
            "Blocked",
            "Deploys that were stopped: a limit was breached beyond doubt.",
            Thresholds::new(Colour::Green, &[(1.0, Colour::Red)]),
        ),
        Decision::Unknown => (
            "Unknown",
            "Runs that could not find out. Too many of them, and people learn to go past the gate.",
            Thresholds::new(Colour::Green, &[(1.0, Colour::Purple)]),
        ),
        Decision::Bypassed => (
            "Bypassed",
            "Deploys that passed because somebody took it upon themselves.",
            Thresholds::new(Colour::Green, &[(1.0, Colour::Orange)]),
        ),
        // More may come; each has a tile of its own then.
        _ => (
            "Other",
            "Runs with another verdict.",
            Thresholds::new(Colour::Blue, &[]),
        ),
    };
    stat(title, description, NO_RUNS)
        .query(
            decision.as_str(),
            format!("sum({}) or vector(0)", decided(Some(decision), "$__range")),
        )
        .decimals(0)
        .thresholds(thresholds)
}

fn over_time() -> Draft {
    let verdict = names::GATE_VERDICT.label;
    stacked(
        "Runs over time",
        "Runs of the gate in each bar's time, by verdict. A run that pushed in two bars' times is in both.",
        NO_RUNS,
    )
    .query(
        format!("{{{{{verdict}}}}}"),
        format!("sum by ({verdict}) ({})", decided(None, "$__interval")),
    )
    .decimals(0)
    .from(0.0)
}

fn bypasses() -> Draft {
    let description = "Every bypass in the chosen time range, the latest first, and what it went past. Who and why stands in \
        the audit log and in the announcement.";
    let bypassed = format!("{}=\"{}\"", names::GATE_VERDICT.label, Decision::Bypassed.as_str());
    runs("Bypasses", description, &[&bypassed])
}

fn runs(title: &'static str, description: &'static str, more: &[&str]) -> Draft {
    const WHEN: &str = "When";
    let series = of_services(names::GATE_DECISIONS.prometheus, more);
    let shown = [
        ("Service", names::SERVICE_NAME),
        ("Environment", names::DEPLOYMENT_ENVIRONMENT_NAME),
        ("Version", names::SERVICE_VERSION),
        ("Verdict", names::GATE_VERDICT),
        ("Rules alone", names::GATE_WOULD_HAVE_BEEN),
    ];
    let by: Vec<_> = shown.iter().map(|(_, attribute)| attribute.label).collect();
    // As often as an engine looks back, so that each push is seen once at least; what came after the last of these steps
    // is asked for by itself. In milliseconds, as Grafana counts.
    let expr = format!(
        "max by ({}, {}) (max_over_time(timestamp({series})[$__range:5m]) or timestamp({series})) * 1000",
        by.join(", "),
        names::SERVICE_INSTANCE_ID.label
    );
    let mut columns = vec![Column::query(WHEN, expr).shown(Property::Unit(Unit::SinceThen))];
    columns.extend(shown.map(|(name, attribute)| Column::label(name, attribute.label)));
    columns.push(Column::label("Run", names::SERVICE_INSTANCE_ID.label));
    table(title, description, NO_RUNS, &[(WHEN, true)]).columns(columns, (WHEN, true))
}
