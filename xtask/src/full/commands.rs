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
        Ok(told) if told.out.trim().is_empty() => seen.miss("the benchmarks printed no table"),
        Ok(told) => told.out.lines().for_each(|line| seen.say(line)),
        Err(how) => seen.miss(format!("{}: {how}", step.line())),
    }
    Ok(seen)
}

/// The part `fuzz`.
pub(crate) fn fuzz(settings: &Settings) -> Result<Seen, Failure> {
    let span = settings.long_or(Duration::from_secs(5));
    let mut seen = Seen::default();
    seen.say(format!("each parser for {} s", span.as_secs()));
    for (name, step) in crate::fuzz::by_name(span) {
        match step.told().map(|told| crate::fuzz::inputs(&told.errors)) {
            Ok(Some(inputs)) if inputs > 0 => seen.say(format!("{name}: {inputs} inputs")),
            Ok(_) => seen.miss(format!("{name}: nothing says how many inputs there were")),
            Err(how) => seen.miss(format!("{name}: {how}; the input is below target/fuzz")),
        }
    }
    Ok(seen)
}

/// The part `stress`: the tests with many threads, again and again with optimizations.
///
/// Without optimizations threads seldom meet; once is what `cargo xtask test` does.
pub(crate) fn stress(settings: &Settings) -> Result<Seen, Failure> {
    let span = settings.long_or(Duration::ZERO);
    let mut seen = Seen::default();
    seen.say(format!("each for {} s or more", span.as_secs()));
    for line in STRESS {
        match rounds(line, span) {
            Ok((rounds, tests)) => seen.say(format!("{rounds} rounds of {tests} tests: cargo {line}")),
            Err(how) => seen.miss(format!("cargo {line}: {how}")),
        }
    }
    Ok(seen)
}

/// Runs tests again and again; says how often, and how many they are.
fn rounds(line: &str, span: Duration) -> Result<(u32, u32), String> {
    // Built first, which is not to be counted as time under stress.
    Step::cargo(&line.replacen("test", "test --no-run", 1)).told()?;
    let (start, step, mut rounds) = (Instant::now(), Step::cargo(line), 0);
    loop {
        rounds += 1;
        let told = step.told().map_err(|how| format!("round {rounds}: {how}"))?;
        let tests = passed(&told.out);
        if tests == 0 {
            return Err("there are no such tests".to_owned());
        }
        if start.elapsed() >= span {
            return Ok((rounds, tests));
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
