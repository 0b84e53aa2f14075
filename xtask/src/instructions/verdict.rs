//! What was counted, beside what is committed.

use std::fmt::Write as _;

use super::baseline::{Baseline, Key};
use super::count::{Counts, Tenths};

/// How much more than the baseline's count is still let pass, in percent.
const ALLOWED: u64 = 5;

#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    baseline: &'a Baseline,
    counts: &'a Counts,
    same_key: bool,
}

impl<'a> Verdict<'a> {
    pub(crate) fn new(baseline: &'a Baseline, key: &Key, counts: &'a Counts) -> Self {
        Self {
            baseline,
            counts,
            same_key: baseline.key == *key,
        }
    }

    pub(crate) fn table(&self) -> String {
        let mut table = format!("{:<32} {:>10} {:>10}\n", "instructions", "committed", "now");
        for (name, now) in self.counts {
            let was = self.was(name).map_or("-".to_owned(), |was| was.to_string());
            let note = self.note(name, *now);
            let _ = writeln!(table, "{name:<32} {was:>10} {now:>10}{note}");
        }
        if !self.same_key {
            table.push_str(
                "The committed counts are of another compiler or lock file; they are compared all the same.\n",
            );
        }
        table
    }

    /// Fails with each case that grew too much, is new, or is gone.
    pub(crate) fn result(&self) -> Result<(), String> {
        let mut wrong = Vec::new();
        for (name, now) in self.counts {
            match self.was(name) {
                Some(was) if is_more(*now, was) => {
                    wrong.push(format!("`{name}` took {was} instructions and takes {now} now"));
                }
                Some(_) => {}
                None => wrong.push(format!(
                    "`{name}` takes {now} instructions, of which the committed file says nothing"
                )),
            }
        }
        let gone = self
            .baseline
            .counts
            .keys()
            .filter(|name| !self.counts.contains_key(*name));
        wrong.extend(gone.map(|name| format!("`{name}` is in the committed file and is not counted any more")));
        if wrong.is_empty() {
            return Ok(());
        }
        let key = match self.same_key {
            true => "",
            false => "; the compiler or the lock file is another one, which may be the reason",
        };
        Err(format!(
            "the hot path may grow by {ALLOWED}% at most{key}:\n  {}\nmake it cheaper, or accept it with `cargo xtask \
             instructions --bless`, and say in the commit what it buys",
            wrong.join("\n  ")
        ))
    }

    fn was(&self, name: &str) -> Option<Tenths> {
        self.baseline.counts.get(name).copied()
    }

    fn note(&self, name: &str, now: Tenths) -> &'static str {
        match self.was(name) {
            Some(was) if is_more(now, was) => "  too many",
            // Else the gain could be lost again without a word.
            Some(was) if is_more(was, now) => "  fewer: commit that with --bless",
            Some(_) => "",
            None => "  new",
        }
    }
}

/// More than is allowed.
fn is_more(now: Tenths, was: Tenths) -> bool {
    u128::from(now.0) * 100 > u128::from(was.0) * u128::from(100 + ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts<const N: usize>(counts: [(&str, u64); N]) -> Counts {
        counts.map(|(name, tenths)| (name.to_owned(), Tenths(tenths))).into()
    }

    fn result(was: Counts, now: &Counts) -> Result<(), String> {
        let baseline = Baseline {
            counts: was,
            ..Baseline::default()
        };
        Verdict::new(&baseline, &Key::default(), now).result()
    }

    #[test]
    fn growth_by_5_percent_passes_and_more_does_not() {
        let was = counts([("request", 1_000)]);
        for (now, passes) in [
            (500, true),
            (1_000, true),
            (1_050, true),
            (1_051, false),
            (2_000, false),
        ] {
            assert_eq!(
                result(was.clone(), &counts([("request", now)])).is_ok(),
                passes,
                "{now}"
            );
        }
    }

    #[test]
    fn a_failure_says_what_grew_and_what_to_do() {
        let error = result(
            counts([("gone", 10), ("request", 1_000)]),
            &counts([("new", 10), ("request", 1_200)]),
        );
        assert_eq!(
            error.unwrap_err(),
            "the hot path may grow by 5% at most:\n  \
             `new` takes 1.0 instructions, of which the committed file says nothing\n  \
             `request` took 100.0 instructions and takes 120.0 now\n  \
             `gone` is in the committed file and is not counted any more\n\
             make it cheaper, or accept it with `cargo xtask instructions --bless`, and say in the commit what it buys"
        );
    }

    #[test]
    fn another_compiler_is_compared_and_said() {
        let was = Baseline::default();
        let none = Counts::new();
        let other = Key::of("rustc 1.96.0", "");
        let verdict = Verdict::new(&was, &other, &none);
        assert!(verdict.table().contains("another compiler or lock file"));
        assert_eq!(verdict.result(), Ok(()));
        let grown = counts([("request", 1)]);
        let error = Verdict::new(&was, &other, &grown).result().unwrap_err();
        assert!(error.contains("which may be the reason"), "{error}");
    }

    #[test]
    fn a_gain_is_to_be_committed() {
        let baseline = Baseline {
            counts: counts([("request", 1_000)]),
            ..Baseline::default()
        };
        let now = counts([("request", 900)]);
        let table = Verdict::new(&baseline, &Key::default(), &now).table();
        assert!(
            table.contains("100.0       90.0  fewer: commit that with --bless\n"),
            "{table}"
        );
    }
}
