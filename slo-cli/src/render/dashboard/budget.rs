//! Error budgets: what was promised, what was kept, what is left, and how fast it goes.

use slo_core::{Outcome, names};

use super::Content;
use super::field::{Colour, Override, Property, Thresholds, Unit};
use super::kinds::{lines, lines_and_limits, stacked, stat};
use super::page::{Asks, Draft, Page};
use super::query::{VALID, events, promise, share};
use super::scope::{Scope, burn_thresholds};
use super::source::{Burn, error_budget};
use crate::args::SourceOfBudgets;

const NO_TRAFFIC: &str = "no traffic";

pub(crate) fn content(scope: &Scope<'_>) -> Content {
    let page = Page::new(scope.datasource())
        .put(6, 6, availability(scope))
        .put(6, 6, remaining(scope))
        .put(6, 6, burn_now(scope))
        .put(6, 6, lasts(scope))
        .put(12, 8, availability_over_time(scope))
        .put(12, 8, remaining_over_time(scope))
        .put(12, 8, burn_trend(scope))
        .put(12, 8, by_version(scope))
        .put(12, 8, error_ratio(scope))
        .put(6, 8, outcomes(scope))
        .put(6, 8, coverage(scope));
    Content {
        description: "What each promise allows, how much of that is spent, and how long the rest lasts.",
        from: "now-7d",
        variables: scope.variables_of_slos(),
        page,
    }
}

fn availability(scope: &Scope<'_>) -> Draft {
    let draft = stat(
        "Kept over the window",
        "Share of good events over each SLO's own window. Green from the objective on and red below where that is the same \
         in every environment, else without a colour; the objective itself is the dashed line below.",
        NO_TRAFFIC,
    )
    .query(scope.promise_legend(), scope.source.sli())
    .unit(Unit::Share)
    .decimals(3)
    .thresholds(Thresholds::new(Colour::Text, &[]));
    scope.fixed_objectives().fold(draft, |draft, (slo, target)| {
        let kept = (target.as_ratio_f64(), Colour::Green);
        let thresholds = Thresholds::new(Colour::Red, &[kept]);
        // Wherever it is: places stand behind the name, which has no blanks.
        let of_slo = format!("/^{slo}( |$)/");
        draft.field(Override::by_regex(of_slo, vec![Property::Thresholds(thresholds)]))
    })
}

fn remaining(scope: &Scope<'_>) -> Draft {
    stat(
        "Budget left",
        "Share of the error budget that is left: 100% untouched, 0% spent, below 0% the promise is broken by that much.",
        NO_TRAFFIC,
    )
    .query(scope.promise_legend(), scope.source.remaining())
    .unit(Unit::Share)
    .decimals(1)
    .thresholds(scope.budget_thresholds())
}

fn burn_now(scope: &Scope<'_>) -> Draft {
    let legend = scope.promise_legend();
    stat(
        "Burn rate, 1 h and 6 h",
        "How fast the budget goes: at 1 it is spent in exactly one window, at 14.4 a fiftieth of 30 days' budget goes in \
         an hour.",
        NO_TRAFFIC,
    )
    .query(format!("{legend} 1h"), scope.source.burn(Burn::Hour))
    .query(format!("{legend} 6h"), scope.source.burn(Burn::SixHours))
    .decimals(2)
    .thresholds(burn_thresholds())
}

fn lasts(scope: &Scope<'_>) -> Draft {
    let promise = promise();
    // A rolling window gives back as much as it loses at a burn rate of 1: only above it does a budget end.
    let expr = format!(
        "(({}) > 0) * on ({promise}) {} / on ({promise}) (({}) > 1)",
        scope.source.remaining(),
        scope.source.window_seconds(),
        scope.source.burn(Burn::SixHours),
    );
    stat(
        "Spent in",
        "When the budget is spent if the last six hours go on. Nothing for budgets that last, and for those that are \
         spent already.",
        "lasts, or is spent",
    )
    .query(scope.promise_legend(), expr)
    .unit(Unit::Seconds)
    .thresholds(Thresholds::new(
        Colour::Red,
        &[(86_400.0, Colour::Orange), (7.0 * 86_400.0, Colour::Yellow)],
    ))
}

fn availability_over_time(scope: &Scope<'_>) -> Draft {
    let legend = scope.promise_legend();
    lines(
        "Kept, and promised",
        "Share of good events over each SLO's window, and as a dashed line what was promised.",
        NO_TRAFFIC,
    )
    .query(legend.clone(), scope.source.sli())
    .query(format!("{legend} objective"), scope.source.objective())
    .unit(Unit::Share)
    .decimals(3)
    .to(1.0)
    .field(Override::by_regex("/ objective$/", vec![Property::dashed()]))
    .stepped(scope)
}

fn remaining_over_time(scope: &Scope<'_>) -> Draft {
    lines_and_limits(
        "Budget left over time",
        "Share of the error budget that is left. It grows again when bad events leave the window.",
        NO_TRAFFIC,
    )
    .query(scope.promise_legend(), scope.source.remaining())
    .unit(Unit::Share)
    .decimals(1)
    .to(1.0)
    .thresholds(scope.budget_thresholds())
    .stepped(scope)
}

fn burn_trend(scope: &Scope<'_>) -> Draft {
    let legend = scope.promise_legend();
    lines_and_limits(
        "Burn trend",
        "Error ratio over error budget, of 1 hour and of 6 hours. The dashed limits are 1, and where pages begin.",
        NO_TRAFFIC,
    )
    .query(format!("{legend} 1h"), scope.source.burn(Burn::Hour))
    .query(format!("{legend} 6h"), scope.source.burn(Burn::SixHours))
    .decimals(2)
    .from(0.0)
    .thresholds(burn_thresholds())
}

fn by_version(scope: &Scope<'_>) -> Draft {
    let by = format!("{}, {}", promise(), names::SERVICE_VERSION.label);
    let sum = |outcomes: &[Outcome]| format!("sum by ({by}) (increase({}[1h]))", events(outcomes));
    let errors = share(&sum(&[Outcome::Bad]), &sum(&VALID));
    // Always from the counters: what rules record is summed over versions.
    let expr = format!("({errors}) / on ({}) group_left () {}", promise(), error_budget());
    let legend = format!("{} {{{{{}}}}}", scope.promise_legend(), names::SERVICE_VERSION.label);
    lines(
        "Burn by version, 1 h",
        "The burn rate of the last hour, each service.version by itself. Two lines far apart after a deploy: it is the \
         deploy.",
        NO_TRAFFIC,
    )
    .query(legend, expr)
    .decimals(2)
    .from(0.0)
}

fn error_ratio(scope: &Scope<'_>) -> Draft {
    let legend = scope.promise_legend();
    lines(
        "Bad events",
        "Share of valid events that were bad, over 1 hour and 6 hours, and as a dashed line what the budget allows.",
        NO_TRAFFIC,
    )
    .query(format!("{legend} 1h"), scope.source.error_ratio(Burn::Hour))
    .query(format!("{legend} 6h"), scope.source.error_ratio(Burn::SixHours))
    .query(format!("{legend} budget"), scope.source.error_budget())
    .unit(Unit::Share)
    .decimals(3)
    .from(0.0)
    .field(Override::by_regex("/ budget$/", vec![Property::dashed()]))
}

fn outcomes(scope: &Scope<'_>) -> Draft {
    let by = format!("{}, {}", promise(), names::SLO_OUTCOME.label);
    let rates = format!("sum by ({by}) (rate({}[$__rate_interval]))", events(&Outcome::ALL));
    stacked(
        "Events by outcome",
        "Events per second of each SLO. Excluded ones, like clients that left early, count on neither side; many \
         of them hide what happened.",
        NO_TRAFFIC,
    )
    .query(
        format!("{} {{{{{}}}}}", scope.promise_legend(), names::SLO_OUTCOME.label),
        scope.source.of_promises(&rates),
    )
    .unit(Unit::EventsPerSecond)
    .from(0.0)
}

fn coverage(scope: &Scope<'_>) -> Draft {
    lines_and_limits(
        "Coverage",
        "Share of each SLO's window for which there is data. Below 90% the numbers beside it are those of a part: the \
         service is young, or was not seen for a while.",
        "no data",
    )
    .query(scope.promise_legend(), scope.source.coverage())
    .unit(Unit::Share)
    .decimals(1)
    .from(0.0)
    .to(1.0)
    .thresholds(Thresholds::new(Colour::Yellow, &[(0.9, Colour::Green)]))
    .stepped(scope)
}

impl Draft {
    /// Wider steps where every point is a query over a whole window.
    fn stepped(mut self, scope: &Scope<'_>) -> Self {
        if scope.source.kind == SourceOfBudgets::Raw {
            self.asks = Asks::Range("15m");
        }
        self
    }
}
