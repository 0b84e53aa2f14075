//! Parts that are cargo commands.

use std::time::{Duration, Instant};

use e2e::Failure;

use super::{Seen, Settings};
use crate::span::Span;
use crate::steps::{self, Step};

/// The part `benches`: every table of the benchmarks' workspace.
pub(crate) fn benches(settings: &Settings) -> Result<Seen, Failure> {
    let smoke = if settings.smoke { " -- --smoke" } else { "" };
    let step = Step::cargo(&format!("bench --manifest-path benches/Cargo.toml{smoke}"));
    let mut seen = Seen::default();
    match step.told() {
        Ok(told) => tables(&mut seen, &told.out),
        Err(how) => seen.miss(format!("{}: {how}", step.line())),
    }
    Ok(seen)
}

/// All that the benchmarks print, or that it is nothing.
fn tables(seen: &mut Seen, printed: &str) {
    let printed = printed.trim();
    if printed.is_empty() {
        seen.miss("the benchmarks printed no table");
    }
    printed.lines().for_each(|line| seen.say(line));
}

/// The part `fuzz`.
pub(crate) fn fuzz(settings: &Settings) -> Result<Seen, Failure> {
    let span = settings.long_or(Duration::from_secs(5));
    let mut seen = Seen::default();
    seen.say(format!("each parser for {} s", span.as_secs()));
    for (name, step) in crate::fuzz::by_name(span) {
        fed(
            &mut seen,
            name,
            step.told().map(|told| crate::fuzz::inputs(&told.errors)),
        );
    }
    Ok(seen)
}

/// A parser that nothing was fed to has proved nothing.
fn fed(seen: &mut Seen, name: &str, inputs: Result<Option<u64>, String>) {
    match inputs {
        Ok(Some(inputs)) if inputs > 0 => seen.say(format!("{name}: {inputs} inputs")),
        Ok(_) => seen.miss(format!("{name}: nothing says that there was an input")),
        Err(how) => seen.miss(format!("{name}: {how}; an input that crashes it is below target/fuzz")),
    }
}

/// The part `long-tests`: what is ignored elsewhere because it is long.
pub(crate) fn long_tests(_: &Settings) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    match Step::cargo(LONG_TESTS).told().map(|told| passed(&told.out)) {
        Ok(0) => seen.miss(format!("cargo {LONG_TESTS}: there are no such tests")),
        Ok(tests) => seen.say(format!("{tests} tests: cargo {LONG_TESTS}")),
        Err(how) => seen.miss(format!("cargo {LONG_TESTS}: {how}")),
    }
    Ok(seen)
}

const LONG_TESTS: &str = "test -p e2e -- --ignored";

/// The part `stress`: the tests with many threads, again and again with optimizations.
///
/// Without optimizations threads seldom meet; once is what `cargo xtask test` does.
pub(crate) fn stress(settings: &Settings) -> Result<Seen, Failure> {
    let span = settings.long_or(Duration::ZERO);
    let mut seen = Seen::default();
    seen.say(format!("each for {} s or more", span.as_secs()));
    for line in STRESS {
        match stressed(line, span) {
            Ok((rounds, tests)) => seen.say(format!("{rounds} rounds of {tests} tests: cargo {line}")),
            Err(how) => seen.miss(format!("cargo {line}: {how}")),
        }
    }
    Ok(seen)
}

/// Builds tests, which is not to be counted as time under stress, and runs them; says how often, and how many they are.
fn stressed(line: &str, span: Duration) -> Result<(u32, u32), String> {
    Step::cargo(&line.replacen("test", "test --no-run", 1)).told()?;
    let step = Step::cargo(line);
    rounds(span, || step.told().map(|told| passed(&told.out)))
}

/// Again and again until the time is over or something fails: how often, and what the last one said.
fn rounds(span: Duration, mut tests: impl FnMut() -> Result<u32, String>) -> Result<(u32, u32), String> {
    let start = Instant::now();
    let mut rounds = 0;
    loop {
        rounds += 1;
        match tests() {
            Ok(0) => return Err("there are no such tests".to_owned()),
            Ok(tests) if start.elapsed() >= span => return Ok((rounds, tests)),
            Ok(_) => {}
            Err(how) => return Err(format!("round {rounds}: {how}")),
        }
    }
}

/// Tests whose names say that threads meet in them.
const STRESS: [&str; 3] = [
    "test -p slo-core --release --lib -- thread",
    "test -p slo-axum --release --lib -- thread",
    "test -p slo-health --release --all-features --test it stress",
];

/// How many tests have passed, by what their harness wrote.
fn passed(written: &str) -> u32 {
    let counts = written.lines().filter_map(|line| {
        let (count, _) = line.strip_prefix("test result: ok. ")?.split_once(" passed")?;
        count.parse::<u32>().ok()
    });
    counts.sum()
}

impl Settings {
    /// How long a part goes on; in a smoke test for this long.
    fn long_or(&self, smoke: Duration) -> Duration {
        let Span(long) = self.long;
        if self.smoke { smoke } else { long }
    }
}

/// Runs steps whatever becomes of each.
pub(crate) fn all(steps: &[Step]) -> Seen {
    let mut seen = Seen::default();
    match steps::run(steps, true) {
        Ok(()) => steps.iter().for_each(|step| seen.say(step.line())),
        Err(failure) => seen.miss(failure.to_string()),
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_and_none_is_none() {
        let written = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\
                       test result: ok. 3 passed; 0 failed\ntest result: FAILED. 7 passed; 1 failed\n";
        assert_eq!(passed(written), 5);
        assert_eq!(passed("test result: ok. 0 passed; 0 failed; 9 filtered out\n"), 0);
    }

    #[test]
    fn rounds_go_on_until_the_time_is_over_or_one_fails() {
        assert_eq!(rounds(Duration::ZERO, || Ok(7)), Ok((1, 7)));
        let mut left = 3;
        let third_fails = || {
            left -= 1;
            if left > 0 {
                Ok(7)
            } else {
                Err("a test failed".to_owned())
            }
        };
        assert_eq!(
            rounds(Duration::MAX, third_fails),
            Err("round 3: a test failed".to_owned())
        );
        let none = rounds(Duration::ZERO, || Ok(0)).unwrap_err();
        assert_eq!(none, "there are no such tests");
    }

    #[test]
    fn a_parser_without_an_input_is_missed() {
        let mut seen = Seen::default();
        fed(&mut seen, "a", Ok(Some(5)));
        assert_eq!(seen.text(), "a: 5 inputs\n");
        for proved_nothing in [Ok(Some(0)), Ok(None), Err("exit status: 77".to_owned())] {
            let before = seen.misses().len();
            fed(&mut seen, "b", proved_nothing);
            assert_eq!(seen.misses().len(), before + 1);
        }
    }

    #[test]
    fn benchmarks_that_print_nothing_are_missed() {
        let mut seen = Seen::default();
        tables(&mut seen, "\na  1\n\nb  2\n\n");
        assert_eq!(seen.text(), "a  1\n\nb  2\n");
        tables(&mut seen, "\n");
        assert_eq!(seen.misses().len(), 1);
    }

    #[test]
    fn a_smoke_test_does_not_take_long() {
        let mut settings = Settings {
            long: "3m".parse().unwrap(),
            slos: Vec::new(),
            smoke: false,
        };
        assert_eq!(settings.long_or(Duration::from_secs(5)), Duration::from_secs(180));
        settings.smoke = true;
        assert_eq!(settings.long_or(Duration::from_secs(5)), Duration::from_secs(5));
    }
}
