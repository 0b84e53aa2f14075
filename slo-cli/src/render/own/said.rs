//! What a process of ours would export of its SLOs, of those that none exports: pages show it.
//!
//! See `docs/adr/083-rules-say-what-no-process-says.md`.

use slo_core::names;

use super::{Own, Ruled};
use crate::render::recorded::{BUDGET, SPEC, WINDOW};
use crate::render::rule_file::Rule;

impl Own<'_> {
    /// Its window and its words, as long as there is something to count; nothing of what a process judges.
    pub(super) fn said(&self, ruled: &Ruled<'_>) -> Vec<Rule> {
        let Ruled { slo, subject, .. } = ruled;
        if self.is_judged(slo) {
            return Vec::new();
        }
        let (by, budget) = (subject.by(), subject.any_window_series(BUDGET));
        let each = format!("0 * max by ({by}) ({budget})");
        // Where a process says it all the same, the rules of a fleet record this very series.
        let exported = self.exported(slo, names::WINDOW);
        let exported = self.whose().aggregate("max", &[names::SLO_NAME.label], &exported, "5m");
        let seconds = subject.window.usual_seconds();
        let window = format!("{each} + {seconds}\nunless on ({by})\n{exported}");
        let words = [
            (names::SLO_PROMISE, slo.promise_sentence()),
            (names::SLO_OWNER, slo.owner_name()),
            (names::SLO_STATUS, Some(slo.current_status().as_str())),
        ];
        let spec = Rule::record(SPEC, format!("{each} + 1")).labels(&subject.labels(false));
        let spec = words.into_iter().fold(spec, |rule, (attribute, word)| {
            word.into_iter()
                .fold(rule, |rule, word| rule.label(attribute.label, no_template(word)))
        });
        vec![Rule::record(WINDOW, window).labels(&subject.labels(false)), spec]
    }
}

/// Words in which no template begins: vmalert reads the labels of a rule that records as templates, too, and takes no file with one
/// that is none. It does not fill them in, so that no escape would be read back.
fn no_template(words: &str) -> String {
    let mut said = String::with_capacity(words.len());
    for sign in words.chars() {
        if sign == '{' && said.ends_with('{') {
            said.push(' ');
        }
        said.push(sign);
    }
    said
}
