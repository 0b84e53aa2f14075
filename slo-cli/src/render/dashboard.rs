//! Grafana dashboards for promises: five pages that link to each other.
//!
//! What each page shows is in a file of its own; what Grafana wants to read is in `model`, `panel`, `field` and
//! `variable`, and `page` puts panels onto the grid.

mod budget;
mod columns;
mod field;
mod freshness;
mod gate;
mod kinds;
mod model;
mod overview;
mod page;
mod panel;
mod query;
mod red;
mod scope;
mod source;
mod variable;

pub(crate) use self::freshness::{CHECK_STATES, PROBE_STATES};

use self::model::{Dashboard, List, Nothing, SCHEMA_VERSION, TimeRange};
use self::page::Page;
pub(crate) use self::query::variable_of;
use self::scope::Kind;
pub(crate) use self::scope::Scope;
use self::variable::Variable;

/// Every dashboard of a scope: the name of its file and its content, the same bytes each time.
///
/// # Errors
///
/// What serde says when a number is not one that JSON has; no page has such numbers.
pub(crate) fn render(scope: &Scope<'_>) -> Result<Vec<(String, String)>, serde_json::Error> {
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let mut text = serde_json::to_string_pretty(&dashboard(scope, kind))?;
            text.push('\n');
            Ok((format!("{}.json", scope.uid(kind)), text))
        })
        .collect()
}

/// The bytes of the longest query of its pages: the state of each promise, of all that is known of it.
pub(crate) fn longest_query(scope: &Scope<'_>) -> usize {
    overview::longest_query(scope)
}

/// What a page is made of, beside what all have.
struct Content {
    description: &'static str,
    /// How far back it looks at first.
    from: &'static str,
    variables: Vec<Variable>,
    page: Page,
}

fn dashboard(scope: &Scope<'_>, kind: Kind) -> Dashboard {
    let content = match kind {
        Kind::Overview => overview::content(scope),
        Kind::Red => red::content(scope),
        Kind::Budget => budget::content(scope),
        Kind::Freshness => freshness::content(scope),
        Kind::Gate => gate::content(scope),
    };
    Dashboard {
        uid: scope.uid(kind),
        title: scope.title(kind),
        description: content.description.to_owned(),
        tags: scope.tags(),
        timezone: "browser",
        editable: true,
        // One crosshair on all panels: what happened at the same time is seen at once.
        graph_tooltip: 1,
        fiscal_year_start_month: 0,
        time: TimeRange {
            from: content.from,
            to: "now",
        },
        timepicker: Nothing {},
        refresh: "1m",
        schema_version: SCHEMA_VERSION,
        version: 1,
        links: scope.links(kind),
        templating: List {
            list: content.variables,
        },
        annotations: List { list: Vec::new() },
        panels: content.page.panels(),
    }
}
