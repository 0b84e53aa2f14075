//! Where budgets come from: the series that rules record, or the counters themselves.

use slo_core::{Outcome, names};

use super::query::{PROMISE, VALID, events, of_slos, promise, range, share};
use crate::args::SourceOfBudgets;
use crate::render::recorded;
use crate::render::subject::{WINDOW_LABEL, of_another_group};

/// What `slo_sli` says of a composite.
const COMPOSITE: &str = "composite";

/// How numbers about promises are asked for. Each answer has the labels of a promise and no others.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) kind: SourceOfBudgets,
    /// The lengths of the rolling windows in use, in seconds: without rules each needs a query of its own.
    pub(crate) windows: Vec<u64>,
}

/// One hour or six.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Burn {
    Hour,
    SixHours,
}

impl Burn {
    const fn range(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
        }
    }
}

impl Source {
    /// What says which promises there are: processes of ours, and rules for what none of these counts.
    pub(crate) fn series_of_promises(&self, metric: &'static str) -> Vec<&'static str> {
        match self.kind {
            SourceOfBudgets::Recorded => vec![metric, recorded::SPEC],
            SourceOfBudgets::Raw => vec![metric],
        }
    }

    /// Each promise with the values of these labels, whatever else is said of it. A composite has no events: its members
    /// say how it does.
    pub(crate) fn promises(&self, labels: &[&str]) -> String {
        let by = [&PROMISE, labels].concat().join(", ");
        let counted = format!("{}!=\"{COMPOSITE}\"", names::SLO_SLI.label);
        let said = format!("max by ({by}) ({})", of_slos(names::SPEC_INFO.prometheus, &[&counted]));
        self.or_recorded(said, || format!("max by ({by}) ({})", of_slos(recorded::SPEC, &[])))
    }

    /// The objective of each promise; the highest where a rollout has two.
    pub(crate) fn objective(&self) -> String {
        let said = highest(names::OBJECTIVE.prometheus);
        let said = self.or_recorded(said, || format!("1 - {}", recorded_budget()));
        self.without_composites(&said)
    }

    /// The error budget of each promise, to be shown; the smallest where a rollout has two.
    pub(crate) fn error_budget(&self) -> String {
        self.without_composites(&self.or_recorded(error_budget(), recorded_budget))
    }

    /// The length of the window of each promise, in seconds.
    pub(crate) fn window_seconds(&self) -> String {
        self.or_recorded(highest(names::WINDOW.prometheus), || highest(recorded::WINDOW))
    }

    /// What a process says, else what rules record of a promise that no process says anything of.
    fn or_recorded(&self, said: String, recorded: impl Fn() -> String) -> String {
        match self.kind {
            SourceOfBudgets::Recorded => format!("({said} or on ({}) {})", promise(), recorded()),
            SourceOfBudgets::Raw => said,
        }
    }

    fn without_composites(&self, expr: &str) -> String {
        let composite = format!("{}=\"{COMPOSITE}\"", names::SLO_SLI.label);
        let composites = of_slos(names::SPEC_INFO.prometheus, &[&composite]);
        format!("{expr} unless on ({}) {composites}", promise())
    }

    /// The share of good events over the SLO's window.
    pub(crate) fn sli(&self) -> String {
        format!("1 - ({})", self.period_errors())
    }

    /// The share of bad events over one or six hours.
    pub(crate) fn error_ratio(&self, burn: Burn) -> String {
        match self.kind {
            // Of all requests as well, which nobody promises.
            SourceOfBudgets::Recorded => self.of_promises(&highest(&recorded::error_ratio(burn.range()))),
            SourceOfBudgets::Raw => self.of_promises(&raw_errors(burn.range())),
        }
    }

    /// The burn rate over one or six hours.
    pub(crate) fn burn(&self, burn: Burn) -> String {
        match self.kind {
            SourceOfBudgets::Recorded => highest(&recorded::burn_rate(burn.range())),
            SourceOfBudgets::Raw => {
                format!("({}) / on ({}) {}", raw_errors(burn.range()), promise(), error_budget())
            }
        }
    }

    /// What is left of the error budget.
    pub(crate) fn remaining(&self) -> String {
        match self.kind {
            // The least of two that a rule may have recorded for one promise: nobody is told a better number.
            SourceOfBudgets::Recorded => lowest_of_tiles(recorded::REMAINING),
            SourceOfBudgets::Raw => {
                format!("1 - ({}) / on ({}) {}", self.period_errors(), promise(), error_budget())
            }
        }
    }

    /// An answer of counters without what they say of no promise, as of `requests`.
    pub(crate) fn of_promises(&self, counted: &str) -> String {
        format!("{counted} and on ({}) {}", promise(), self.window_seconds())
    }

    /// The share of excluded events among all, over this time.
    pub(crate) fn excluded(&self, over: &str) -> String {
        let sum = |outcomes: &[Outcome]| format!("sum by ({}) (increase({}[{over}]))", promise(), events(outcomes));
        self.of_promises(&share(&sum(&[Outcome::Excluded]), &sum(&Outcome::ALL)))
    }

    /// The share of the SLO's window for which there is data.
    pub(crate) fn coverage(&self) -> String {
        match self.kind {
            SourceOfBudgets::Recorded => lowest_of_tiles(recorded::COVERAGE),
            SourceOfBudgets::Raw => self.raw_coverage(),
        }
    }

    /// The share of bad events over the SLO's window.
    fn period_errors(&self) -> String {
        match self.kind {
            SourceOfBudgets::Recorded => highest_of_tiles(recorded::PERIOD_RATIO),
            SourceOfBudgets::Raw => self.each_window(|seconds| raw_errors(&range(seconds))),
        }
    }

    /// In how many of a window's parts the counters were there: 720 parts of an hour in 30 days.
    fn raw_coverage(&self) -> String {
        const MOST_PARTS: u64 = 720;
        let promise = promise();
        let seen = format!("max by ({promise}) ({})", events(&VALID));
        let each = self.any_window(|seconds| {
            // Whole minutes, and no longer than an hour: a gap of an hour is seen in any window.
            let step = (seconds / MOST_PARTS / 60 * 60).clamp(60, 3_600);
            let parts = (seconds / step).max(1);
            // An engine that closes both ends of a range counts one part more than there are.
            format!(
                "clamp_max(count_over_time(({seen})[{}:{}]) / {parts}, 1)",
                range(seconds),
                range(step)
            )
        });
        // What is younger than a part was not counted yet. Events of no promise, as `requests`, have no window.
        let young = format!("{seen} * 0 and on ({promise}) {}", names::WINDOW.prometheus);
        without_calendars(&format!("{each} or on ({promise}) ({young})"))
    }

    /// One expression per window in use, each for the rolling SLOs that have it.
    fn each_window(&self, expr: impl Fn(u64) -> String) -> String {
        without_calendars(&self.any_window(expr))
    }

    /// The same for those of a calendar that are as long, too.
    ///
    /// Windows are not narrowed down to the chosen SLOs, `and` does that: an engine takes queries of so many bytes only
    /// (16 KiB, VictoriaMetrics).
    fn any_window(&self, expr: impl Fn(u64) -> String) -> String {
        let (promise, window) = (promise(), names::WINDOW.prometheus);
        let each = self.windows.iter().map(|seconds| {
            let expr = expr(*seconds);
            format!("(({expr}) and on ({promise}) ({window} == {seconds}))")
        });
        each.collect::<Vec<_>>().join(" or ")
    }
}

/// The start of a calendar window is no length of time: those need rules.
fn without_calendars(expr: &str) -> String {
    format!("({expr}) unless on ({}) {}", promise(), names::WINDOW_START.prometheus)
}

/// The error budget of each promise that a process exports; the smallest where a rollout has two.
pub(crate) fn error_budget() -> String {
    lowest(names::ERROR_BUDGET.prometheus)
}

/// The smallest, too.
fn recorded_budget() -> String {
    lowest(recorded::BUDGET)
}

/// The highest value of each promise.
fn highest(name: &str) -> String {
    format!("max by ({}) ({})", promise(), of_slos(name, &[]))
}

/// The lowest value of each promise.
fn lowest(name: &str) -> String {
    format!("min by ({}) ({})", promise(), of_slos(name, &[]))
}

/// The highest value of each promise that rules add up from tiles.
fn highest_of_tiles(name: &str) -> String {
    format!("max by ({}) ({})", promise(), of_tiles(name))
}

/// The lowest of these.
fn lowest_of_tiles(name: &str) -> String {
    format!("min by ({}) ({})", promise(), of_tiles(name))
}

/// A series that rules add up from tiles, of the window that each promise has now: a past is added up for as long as there are
/// tiles of it, of a service that is gone and of a window that was another as well.
///
/// Engines look five minutes back, which is how often it has a sample: while a pass of the rules takes its time, there would
/// be none.
fn of_tiles(name: &str) -> String {
    let recorded = of_another_group(&of_slos(name, &[]));
    let now = of_slos(recorded::BUDGET, &[]);
    format!("{recorded} and on ({}, {WINDOW_LABEL}) {now}", promise())
}

fn raw_errors(over: &str) -> String {
    let sum = |outcomes: &[Outcome]| format!("sum by ({}) (increase({}[{over}]))", promise(), events(outcomes));
    share(&sum(&[Outcome::Bad]), &sum(&VALID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_of_the_rolling_slos_that_have_it() {
        let source = Source {
            kind: SourceOfBudgets::Raw,
            windows: vec![60, 90],
        };
        let promise = promise();
        let each = source.each_window(|seconds| format!("a{seconds}"));
        let expected = format!(
            "(((a60) and on ({promise}) (slo_window_seconds == 60)) or ((a90) and on ({promise}) (slo_window_seconds == 90))) \
             unless on ({promise}) slo_window_start_seconds"
        );
        assert_eq!(each, expected);
    }

    #[test]
    fn what_is_recorded_each_five_minutes_is_there_while_the_next_pass_runs() {
        let source = Source {
            kind: SourceOfBudgets::Recorded,
            windows: Vec::new(),
        };
        for (asked, name) in [
            (source.sli(), recorded::PERIOD_RATIO),
            (source.remaining(), recorded::REMAINING),
            (source.coverage(), recorded::COVERAGE),
        ] {
            assert!(asked.contains(&format!("(last_over_time({name}{{")), "{asked}");
            assert!(asked.contains("}[10m]) and on"), "{asked}");
        }
    }
}
