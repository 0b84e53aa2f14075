//! What the newest spec of each SLO says: its window, its status, its budget.
//!
//! See `docs/adr/081-a-start-is-of-the-window-that-counts.md`.

use slo_core::names::{self, alerts::TIER};

use super::Fleet;
use crate::render::alerting::heartbeat;
use crate::render::planned::Planned;
use crate::render::promql;
use crate::render::recorded::{AGREED, BUDGET, EXCLUSION_SAID, START, WINDOW};
use crate::render::recording::indented;
use crate::render::rule_file::Rule;
use crate::render::subject::{Subject, basis_of_the_fleet, by};
use crate::render::telling::with_tier;
use crate::rule_window::ROLLOUT;

impl Fleet {
    /// What the newest spec of each SLO says.
    pub(super) fn definitions(&self) -> Vec<Rule> {
        let mut rules = vec![
            Rule::record(WINDOW, self.newest("min", names::WINDOW.prometheus, "")),
            Rule::record(START, self.start()),
            Rule::record(AGREED, self.agreed()),
        ];
        rules.extend(self.exclusion_end());
        rules.push(heartbeat());
        rules.extend(self.windows.iter().map(|window| self.budget(&self.subject(*window))));
        rules
    }

    /// Of instances that began within the hour, else of all that are there. Filters follow the metric.
    fn newest(&self, op: &str, metric: &str, filter: &str) -> String {
        let young = format!("{metric}{filter} unless {metric} offset {ROLLOUT}");
        let present = format!("{metric}{filter}");
        format!(
            "{}\nor\n{}",
            self.of_definitions(op, &young),
            self.of_definitions(op, &present)
        )
    }

    pub(super) fn of_definitions(&self, op: &str, raw: &str) -> String {
        self.identity.aggregate(op, &[names::SLO_NAME.label], raw, "5m")
    }

    /// Where the window that counts is a calendar's: a start beside another's rolling window would be of neither, and no rule would
    /// look at the SLO.
    fn start(&self) -> String {
        let (window, start) = (names::WINDOW.prometheus, names::WINDOW_START.prometheus);
        let young = format!(" unless {window} offset {ROLLOUT}");
        let of = |which: &str| {
            let begun = self.of_definitions("max", &format!("{start}{which}"));
            let least = |calendar: &str| self.of_definitions("min", &format!("{window}{which}{calendar}"));
            let calendars = least(&format!(" and {start}"));
            format!("{begun}\nunless\n({}\n<\n{calendars})", least(""))
        };
        let is_new = self.of_definitions("max", &format!("{window}{young}"));
        format!("{}\nor\n{}\nunless\n{is_new}", of(&young), of(""))
    }

    /// By who tells of them and by tier, which are labels to be matched and never of a series that is added up.
    fn agreed(&self) -> String {
        let info = names::SPEC_INFO.prometheus;
        let agreed = promql::selector(info, &[promql::is(names::SLO_STATUS.label, "agreed")]);
        let young = |metric: &str| format!("{metric} unless {info} offset {ROLLOUT}");
        let labels = [names::SLO_NAME.label, names::SLO_ALERTS.label, TIER];
        let of_agreed = |raw: &str| self.identity.aggregate("max", &labels, &with_tier(raw), "5m");
        format!(
            "{}\nor (\n  {}\n  unless on ({})\n  {}\n)",
            of_agreed(&young(&agreed)),
            of_agreed(&agreed),
            by(self.identity),
            self.of_definitions("max", &young(info))
        )
    }

    /// What is said now, and what was said last, for the process may be stopped for the planned work.
    fn exclusion_end(&self) -> [Rule; 2] {
        let planned = Planned {
            end: names::EXCLUSION_END.prometheus,
            window: names::WINDOW.prometheus,
            recorded: &basis_of_the_fleet(EXCLUSION_SAID),
            by: &by(self.identity),
            latest: |raw: &str| self.identity.aggregate("max", &[names::SLO_NAME.label], raw, "5m"),
        };
        planned.rules(self.engine)
    }

    /// The budget of those SLOs that have this window: what makes them the business of its rules.
    fn budget(&self, subject: &Subject) -> Rule {
        let budget = self.newest("min", names::ERROR_BUDGET.prometheus, " > 0 < 1");
        let (least, most) = subject.window.said_seconds();
        let length = if least == most {
            format!("{WINDOW} == {least}")
        } else {
            format!("{WINDOW} >= {least} <= {most}")
        };
        let (on, kind) = (
            subject.on(),
            if subject.window.period().is_some() {
                "and"
            } else {
                "unless"
            },
        );
        // What an engine counts has rules of its own, which record its budget while there is something to count.
        let (foreign, start) = (self.counted_by_others(), subject.any_window_basis(START));
        let expr = format!(
            "(\n{}\n)\nand {on}\n({length} {kind} {on} {start})\nunless {on}\n{foreign}",
            indented(&budget)
        );
        Rule::record(BUDGET, expr).labels(&subject.basis_labels(true))
    }
}
