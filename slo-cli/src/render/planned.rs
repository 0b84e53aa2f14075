//! When planned work ends: as it is said now, and as it was said last by a service that is stopped for it.
//!
//! See `docs/adr/080-planned-work-is-of-the-place-that-says-it.md`.

use super::recorded::{EXCLUSION_END, EXCLUSION_SAID};
use super::recording::indented;
use super::rule_file::Rule;
use crate::args::Engine;
use crate::rule_window::ROLLOUT;

/// How long what a process said of a planned time is believed after it was stopped: as long as its traffic is remembered.
pub(crate) const SAID_WITHIN: &str = "1d";

/// An instance that says its window, and no end for so long, plans nothing. One that is just gone may seem to.
const SAYS_NOTHING_FOR: &str = "10m";

/// What some instances say of their SLOs.
pub(crate) struct Planned<'a, F> {
    /// The series in which they say when a planned time ends, and how long their windows are.
    pub(crate) end: &'a str,
    pub(crate) window: &'a str,
    /// The series that is recorded of it.
    pub(crate) recorded: &'a str,
    pub(crate) by: &'a str,
    /// The latest of several instances.
    pub(crate) latest: F,
}

impl<F: Fn(&str) -> String> Planned<'_, F> {
    /// What was said, and the end that follows. Where a rule does not see what its group has just recorded, it asks itself.
    pub(crate) fn rules(&self, engine: Engine) -> [Rule; 2] {
        let said = self.said();
        let ends = match engine {
            Engine::Victoriametrics => format!(
                "(\n{}\n  or on ({})\n  {}\n) > time()",
                indented(&said),
                self.by,
                self.last()
            ),
            Engine::Prometheus | Engine::Mimir => self.ends(),
        };
        [Rule::record(EXCLUSION_SAID, said), Rule::record(EXCLUSION_END, ends)]
    }

    /// What is said now, 0 between planned times: of instances that began within the hour, else of all that are there. Where these
    /// know of no planned time any more, what was said last is over.
    fn said(&self) -> String {
        let Self { end, window, by, .. } = self;
        let of = |which: &str| (self.latest)(which);
        let young = of(&format!("{end} unless {window} offset {ROLLOUT}"));
        let is_new = of(&format!("{window} unless {window} offset {ROLLOUT}"));
        let silent = of(&format!("{window} unless last_over_time({end}[{SAYS_NOTHING_FOR}])"));
        format!(
            "{young}\nor\n{}\nunless on ({by})\n{is_new}\nor\n0 * (\n{}\n  and on ({by})\n{}\n)",
            of(end),
            indented(&self.ends()),
            indented(&silent)
        )
    }

    /// What was said last of a planned time that is not over.
    fn ends(&self) -> String {
        format!("{} > time()", self.last())
    }

    fn last(&self) -> String {
        let Self { recorded, by, .. } = self;
        format!("max by ({by}) (last_over_time({recorded}[{SAID_WITHIN}]))")
    }
}
