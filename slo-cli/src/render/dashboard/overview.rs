//! All promises at a glance: one row each, those that hurt most first.

use slo_core::names;

use super::Content;
use super::columns::Column;
use super::field::{Colour, DataLink, Mapping, Property, Thresholds, Unit};
use super::kinds::{stat, table};
use super::page::{Draft, Page};
use super::query::promise;
use super::scope::{Kind, Scope, burn_thresholds};
use super::source::{Burn, Source};

/// How a promise stands, the best first; numbered from 1.
const STATES: [(&str, Colour); 5] = [
    ("ok", Colour::Green),
    ("warming up", Colour::Blue),
    ("no data", Colour::Purple),
    ("burning", Colour::Orange),
    ("exhausted", Colour::Red),
];
const OK: u8 = 1;
const WARMING_UP: u8 = 2;
const NO_DATA: u8 = 3;
const BURNING: u8 = 4;
const EXHAUSTED: u8 = 5;

const STATE: &str = "State";
const LEFT: &str = "Budget left";
const NO_PROMISES: &str = "no promises";

pub(crate) fn content(scope: &Scope<'_>) -> Content {
    let page = Page::new(scope.datasource())
        .put(
            4,
            4,
            tile(
                "Promises",
                "SLOs of services. Of a composite, those that it is made of.",
                &scope.source.promises(&[]),
                &[],
            ),
        )
        .put(
            5,
            4,
            counted(scope, "Exhausted", "Budgets that are spent or overspent.", EXHAUSTED),
        )
        .put(
            5,
            4,
            counted(
                scope,
                "Burning",
                "Budgets that will not last if the last six hours go on.",
                BURNING,
            ),
        )
        .put(
            5,
            4,
            counted(
                scope,
                "No data",
                "Promises of which nothing is known: no traffic, or no rules. A service that says nothing any more is not among \
                 them: it pages as SloDataMissing, and its row goes.",
                NO_DATA,
            ),
        )
        .put(
            5,
            4,
            counted(
                scope,
                "Warming up",
                "Promises of which less than 90% of the window was seen.",
                WARMING_UP,
            ),
        )
        .put(24, 18, promises(scope));
    Content {
        description: "Every promise of every service: what was promised, whether it is kept, and what is left.",
        from: "now-6h",
        variables: scope.variables_of_slos(),
        page,
    }
}

fn counted(scope: &Scope<'_>, title: &'static str, description: &'static str, code: u8) -> Draft {
    tile(
        title,
        description,
        &in_state(&scope.source, code),
        &[(1.0, colour(code))],
    )
}

fn in_state(source: &Source, code: u8) -> String {
    format!("({}) == {code}", state(source))
}

pub(crate) fn longest_query(scope: &Scope<'_>) -> usize {
    how_many(&in_state(&scope.source, EXHAUSTED)).len()
}

fn how_many(expr: &str) -> String {
    format!("count({expr}) or vector(0)")
}

/// How many series there are; 0 and not nothing when there is none.
fn tile(title: &'static str, description: &'static str, expr: &str, steps: &[(f64, Colour)]) -> Draft {
    stat(title, description, NO_PROMISES)
        .query(title, how_many(expr))
        .decimals(0)
        .thresholds(Thresholds::new(Colour::Green, steps))
}

fn promises(scope: &Scope<'_>) -> Draft {
    let source = &scope.source;
    let share = |column: Column, decimals| {
        column
            .shown(Property::Unit(Unit::Share))
            .shown(Property::Decimals(decimals))
    };
    let burn = |name, over| {
        Column::query(name, source.burn(over))
            .shown(Property::Decimals(2))
            .shown(Property::Thresholds(burn_thresholds()))
            .shown(Property::coloured())
    };
    let words = (1..).zip(STATES).map(|(number, (word, colour))| (number, word, colour));
    let words_of_spec = [names::SLO_PROMISE, names::SLO_OWNER, names::SLO_STATUS].map(|attribute| attribute.label);
    let columns = vec![
        // First: Grafana joins a row to each of those before it that it does not contradict, and two definitions of one SLO
        // are two rows that contradict each other.
        Column::hidden(source.promises(&words_of_spec)),
        Column::query(STATE, state(source))
            .shown(Property::Mappings(vec![Mapping::words(words)]))
            .shown(Property::Width(100))
            .shown(Property::coloured()),
        Column::label("Service", names::SERVICE_NAME.label),
        Column::label("Namespace", names::SERVICE_NAMESPACE.label),
        Column::label("Environment", names::DEPLOYMENT_ENVIRONMENT_NAME.label),
        Column::label("SLO", names::SLO_NAME.label).shown(Property::Links(vec![budget_link(scope)])),
        Column::label("Promise", names::SLO_PROMISE.label).shown(Property::Width(360)),
        share(Column::query("Objective", source.objective()), 3),
        share(Column::query("Kept", source.sli()), 3),
        share(Column::query(LEFT, source.remaining()), 1)
            .shown(Property::Thresholds(scope.budget_thresholds()))
            .shown(Property::coloured()),
        burn("Burn 1 h", Burn::Hour),
        burn("Burn 6 h", Burn::SixHours),
        share(Column::query("Coverage", source.coverage()), 0)
            .shown(Property::Thresholds(Thresholds::new(
                Colour::Yellow,
                &[(0.9, Colour::Green)],
            )))
            .shown(Property::coloured()),
        share(Column::query("Excluded 1 h", source.excluded("1h")), 1),
        Column::label("Owner", names::SLO_OWNER.label),
        Column::label("Status", names::SLO_STATUS.label),
    ];
    let description = "One row for each promise, the one that hurts most first: exhausted, then burning, then those of which \
        nothing is known. A cell that says so has no data; it is never 100% for want of traffic. Two rows for one SLO: two \
        definitions run side by side.";
    table("All promises", description, "no data", &[(STATE, true), (LEFT, false)]).columns(columns, (LEFT, false))
}

/// The number of the state of each promise, as in `STATES`.
fn state(source: &Source) -> String {
    let (promise, remaining, all) = (promise(), source.remaining(), source.promises(&[]));
    let each = [
        (format!("(({remaining}) <= 0)"), EXHAUSTED),
        (format!("(({}) > 1)", source.burn(Burn::SixHours)), BURNING),
        (format!("({all} unless on ({promise}) ({remaining}))"), NO_DATA),
        (format!("(({}) < 0.9)", source.coverage()), WARMING_UP),
        (all, OK),
    ];
    let each = each.map(|(when, code)| format!("{when} * 0 + {code}"));
    each.join(&format!(" or on ({promise}) "))
}

fn colour(code: u8) -> Colour {
    let at = usize::from(code).saturating_sub(1);
    STATES.get(at).map_or(Colour::Blue, |(_, colour)| *colour)
}

/// To the promise of the row and no other, in the data source that was chosen.
fn budget_link(scope: &Scope<'_>) -> DataLink {
    // Grafana leaves `&` and `#` as they are unless it is told not to.
    let of_row = |column| format!("${{__data.fields.{column}:percentencode}}");
    DataLink {
        title: "Error budget".to_owned(),
        url: format!(
            "/d/{}?${{__url_time_range}}&${{{}:queryparam}}&var-service={}&var-namespace={}&var-environment={}&\
             var-slo=${{__value.raw}}",
            scope.uid(Kind::Budget),
            scope.datasource_variable(),
            of_row("Service"),
            of_row("Namespace"),
            of_row("Environment"),
        ),
        target_blank: false,
    }
}
