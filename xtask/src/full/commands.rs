//! Parts that are cargo commands.

use e2e::Failure;

use super::{Seen, Settings};
use crate::span::Span;
use crate::steps::{self, Step};

/// The part `benches`: every table of the benchmarks' workspace.
pub(crate) fn benches(settings: &Settings) -> Result<Seen, Failure> {
    let smoke = if settings.smoke { " -- --smoke" } else { "" };
    Ok(all(&[Step::cargo(&format!(
        "bench --manifest-path benches/Cargo.toml{smoke}"
    ))]))
}

/// The part `fuzz`.
pub(crate) fn fuzz(settings: &Settings) -> Result<Seen, Failure> {
    let Span(span) = settings.long;
    let span = if settings.smoke {
        std::time::Duration::from_secs(5)
    } else {
        span
    };
    let mut seen = all(&crate::fuzz::each(span));
    seen.say(format!("each for {} s", span.as_secs()));
    Ok(seen)
}

/// The part `stress`: the tests with many threads, again and again with optimizations.
///
/// Without optimizations threads seldom meet; once is what `cargo xtask test` does.
pub(crate) fn stress(settings: &Settings) -> Result<Seen, Failure> {
    let Span(span) = settings.long;
    let span = if settings.smoke {
        std::time::Duration::ZERO
    } else {
        span
    };
    let mut seen = Seen::default();
    for line in STRESS {
        let start = std::time::Instant::now();
        let mut rounds = 0_u32;
        loop {
            let round = all(&[Step::cargo(line)]);
            rounds += 1;
            if !round.misses().is_empty() {
                seen.miss(format!("round {rounds}: {}", round.misses().join("; ")));
                break;
            }
            if start.elapsed() >= span {
                break;
            }
        }
        seen.say(format!("{rounds} rounds of cargo {line}"));
    }
    Ok(seen)
}

/// Tests whose names say that threads meet in them.
const STRESS: [&str; 2] = [
    "test -p slo-core --release --lib -- threads concurrent",
    "test -p slo-health --release --all-features --test it stress",
];

/// Runs steps whatever becomes of each.
pub(crate) fn all(steps: &[Step]) -> Seen {
    let mut seen = Seen::default();
    match steps::run(steps, true) {
        Ok(()) => steps.iter().for_each(|step| seen.say(step.line())),
        Err(failure) => seen.miss(failure.to_string()),
    }
    seen
}
