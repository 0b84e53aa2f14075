//! Rate, errors and duration of each route, from the duration histogram.

use slo_core::names;

use super::Content;
use super::columns::Column;
use super::field::{Colour, Property, Thresholds, Unit};
use super::kinds::{lines, lines_and_limits, stacked, table};
use super::page::{Draft, Page};
use super::query::{ROUTE, chosen, of_services, share};
use super::scope::Scope;
use super::variable::Variable;

const NO_REQUESTS: &str = "no requests";

pub(crate) fn content(scope: &Scope<'_>) -> Content {
    let mut variables = scope.variables(&[&count_name()]);
    variables.push(Variable::label_values(
        ROUTE,
        ("Route", "http.route: templates as the router has them"),
        scope.datasource(),
        &of_services(&count_name(), &[]),
        names::HTTP_ROUTE.label,
    ));
    let page = Page::new(scope.datasource())
        .put(24, 8, at_a_glance(scope))
        .put(12, 8, rate(scope))
        .put(12, 8, errors(scope))
        .put(8, 8, duration(scope, "p50", 0.5))
        .put(8, 8, duration(scope, "p95", 0.95))
        .put(8, 8, duration(scope, "p99", 0.99))
        .put(8, 8, by_error(scope))
        .put(8, 8, client_errors(scope))
        .put(8, 8, abandoned(scope));
    Content {
        description: "How many requests each route gets, how many of them fail, and how long they take.",
        from: "now-6h",
        variables,
        page,
    }
}

fn at_a_glance(scope: &Scope<'_>) -> Draft {
    const OVER: &str = "$__range";
    let rate = format!("sum by ({}) (rate({}[{OVER}]))", by_route(scope), requests(&[]));
    let service = (!scope.is_one_service()).then(|| Column::label("Service", names::SERVICE_NAME.label));
    let columns = [
        Column::label("Route", names::HTTP_ROUTE.label).shown(Property::Width(320)),
        Column::label("Environment", names::DEPLOYMENT_ENVIRONMENT_NAME.label),
        Column::label("Namespace", names::SERVICE_NAMESPACE.label),
        Column::query("Rate", rate).shown(Property::Unit(Unit::RequestsPerSecond)),
        Column::query("Errors", error_share(scope, OVER))
            .shown(Property::Unit(Unit::Share))
            .shown(Property::Decimals(2))
            .shown(Property::Thresholds(error_thresholds(scope)))
            .shown(Property::coloured()),
        Column::query("p50", quantile(scope, 0.5, OVER)).shown(Property::Unit(Unit::Seconds)),
        Column::query("p95", quantile(scope, 0.95, OVER)).shown(Property::Unit(Unit::Seconds)),
        Column::query("p99", quantile(scope, 0.99, OVER)).shown(Property::Unit(Unit::Seconds)),
    ];
    let description = "Each route over the whole time range that is chosen above, the one that fails most first. Errors \
        are 5xx, 408, panics, timeouts, answers that broke off and clients that left; other 4xx are not. A promise excludes \
        clients that left soon.";
    let columns = service.into_iter().chain(columns).collect();
    table("Routes at a glance", description, NO_REQUESTS, &[("Errors", true)]).columns(columns, ("Errors", true))
}

fn rate(scope: &Scope<'_>) -> Draft {
    let rate = format!("sum by ({}) (rate({}[{STEP}]))", by_route(scope), requests(&[]));
    lines("Rate by route", "Requests per second that ended.", NO_REQUESTS)
        .query(scope.legend(names::HTTP_ROUTE.label), rate)
        .unit(Unit::RequestsPerSecond)
        .from(0.0)
}

fn errors(scope: &Scope<'_>) -> Draft {
    let description = "Share of requests that failed: 5xx, 408, panics, timeouts, answers that broke off and clients that \
        left, whom a promise excludes where they left soon. 0 where a route had requests and no errors, nothing where it had \
        no requests.";
    lines_and_limits("Errors by route", description, NO_REQUESTS)
        .query(scope.legend(names::HTTP_ROUTE.label), error_share(scope, STEP))
        .unit(Unit::Share)
        .from(0.0)
        .thresholds(error_thresholds(scope))
}

fn duration(scope: &Scope<'_>, title: &'static str, quantile_of: f64) -> Draft {
    let percent = quantile_of * 100.0;
    let description = format!(
        "{percent:.0}% of each route's requests had the head of their answer within this time. Between the boundaries of \
         the histogram's buckets it is estimated; at a latency limit, which always is a boundary, it is exact on which \
         side it lies."
    );
    let draft = lines_and_limits(title, description, NO_REQUESTS)
        .query(
            scope.legend(names::HTTP_ROUTE.label),
            quantile(scope, quantile_of, STEP),
        )
        .unit(Unit::Seconds)
        .from(0.0);
    match scope.tightest_latency_seconds() {
        Some(limit) => draft.thresholds(Thresholds::new(Colour::Green, &[(limit, Colour::Red)])),
        None => draft,
    }
}

fn by_error(scope: &Scope<'_>) -> Draft {
    let failed = requests(&[&failed_matcher()]);
    let by = scope.by(names::ERROR_TYPE.label);
    let description = "Failed requests per second by error.type: a status code, or how a request ended without one. \
        cancelled: the client left.";
    stacked("Errors by kind", description, "no errors")
        .query(
            scope.legend(names::ERROR_TYPE.label),
            format!("sum by ({by}) (rate({failed}[{STEP}]))"),
        )
        .unit(Unit::RequestsPerSecond)
        .from(0.0)
}

fn client_errors(scope: &Scope<'_>) -> Draft {
    let refused = requests(&[
        &format!("{}=~\"4..\"", names::HTTP_RESPONSE_STATUS_CODE.label),
        &format!("{}=\"\"", names::ERROR_TYPE.label),
    ]);
    let by = format!("{}, {}", by_route(scope), names::HTTP_RESPONSE_STATUS_CODE.label);
    let legend = format!(
        "{} {{{{{}}}}}",
        scope.legend(names::HTTP_ROUTE.label),
        names::HTTP_RESPONSE_STATUS_CODE.label
    );
    let description = "Requests per second that were answered 4xx, on the side: what a client asked wrongly is no error of \
        the service. A new kind of them is worth a look all the same.";
    stacked("4xx by route", description, "no 4xx answers")
        .query(legend, format!("sum by ({by}) (rate({refused}[{STEP}]))"))
        .unit(Unit::RequestsPerSecond)
        .from(0.0)
}

fn abandoned(scope: &Scope<'_>) -> Draft {
    let waiting = of_services(
        names::REQUESTS_ABANDONED_IN_FLIGHT.prometheus,
        &[&chosen(names::HTTP_ROUTE.label, ROUTE)],
    );
    let description = "Requests that have been running for longer than a client waits. What hangs ends nothing, so it is in \
        none of the other panels.";
    lines("Hanging requests", description, "nothing hangs, or nobody says so")
        .query(
            scope.legend(names::HTTP_ROUTE.label),
            format!("sum by ({}) ({waiting})", by_route(scope)),
        )
        .from(0.0)
}

/// The share of failed requests; 0 where there were requests and none failed.
fn error_share(scope: &Scope<'_>, over: &str) -> String {
    let by = by_route(scope);
    let all = format!("sum by ({by}) (rate({}[{over}]))", requests(&[]));
    let failed = format!("sum by ({by}) (rate({}[{over}]))", requests(&[&failed_matcher()]));
    share(&format!("({failed} or {all} * 0)"), &all)
}

/// A quantile in seconds; the comparison leaves out NaN, which stands for no requests.
fn quantile(scope: &Scope<'_>, quantile: f64, over: &str) -> String {
    let by = by_route(scope);
    let buckets = requests_of(
        &format!("{}_bucket", names::HTTP_SERVER_REQUEST_DURATION.prometheus),
        &[],
    );
    format!("histogram_quantile({quantile}, sum by ({by}, le) (rate({buckets}[{over}]))) >= 0")
}

/// Red from the smallest budget on that the service promises; without a promise, from the gate's 0.5% on.
fn error_thresholds(scope: &Scope<'_>) -> Thresholds {
    let budgets = scope.fixed_objectives().map(|(_, target)| target.budget_as_ratio_f64());
    let limit = budgets
        .min_by(f64::total_cmp)
        .unwrap_or_else(|| slo_core::gate::DEFAULT_BAD_RATIO.as_ratio_f64());
    Thresholds::new(Colour::Green, &[(limit, Colour::Red)])
}

fn by_route(scope: &Scope<'_>) -> String {
    scope.by(names::HTTP_ROUTE.label)
}

fn count_name() -> String {
    format!("{}_count", names::HTTP_SERVER_REQUEST_DURATION.prometheus)
}

fn requests(more: &[&str]) -> String {
    requests_of(&count_name(), more)
}

fn requests_of(metric: &str, more: &[&str]) -> String {
    let route = chosen(names::HTTP_ROUTE.label, ROUTE);
    let matchers: Vec<_> = std::iter::once(route.as_str()).chain(more.iter().copied()).collect();
    of_services(metric, &matchers)
}

fn failed_matcher() -> String {
    format!("{}!=\"\"", names::ERROR_TYPE.label)
}

/// Four pushes at least: see `kinds::PUSH_STEP`.
const STEP: &str = "$__rate_interval";
