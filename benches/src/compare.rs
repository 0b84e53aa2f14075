//! Closures side by side: variants run in turn, round by round, and are compared within the run.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// One thing to measure: a name, and a closure that does it so many times and says how long that took.
pub struct Variant<'a> {
    name: String,
    run: Box<dyn FnMut(u32) -> Duration + 'a>,
}

impl<'a> Variant<'a> {
    /// A variant whose closure times itself, to keep set-up and threads' starts out of it.
    pub fn timed(name: impl Into<String>, run: impl FnMut(u32) -> Duration + 'a) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }

    /// A variant of which each repetition is one call.
    pub fn each(name: impl Into<String>, mut once: impl FnMut() + 'a) -> Self {
        Self::timed(name, move |times| {
            let begun = Instant::now();
            for _ in 0..times {
                once();
            }
            begun.elapsed()
        })
    }
}

/// How much is measured: a smoke test under `--smoke`, as CI runs it, else enough to quote.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds in which every variant runs once.
    pub rounds: usize,
    /// Repetitions within one run of a variant.
    pub times: u32,
}

impl Effort {
    /// This effort, or three rounds of a hundredth of it when the program was started with `--smoke`.
    #[must_use]
    pub fn or_smoke(self) -> Self {
        if is_smoke() {
            Self {
                rounds: 3,
                times: self.times.div_ceil(100),
            }
        } else {
            self
        }
    }
}

/// Whether this is a smoke test, under `--smoke`.
#[must_use]
pub fn is_smoke() -> bool {
    std::env::args().any(|argument| argument == "--smoke")
}

/// Runs the variants in turn, each round beginning with another, and returns a table: the 10th percentile and the
/// median in nanoseconds per repetition, and the ratio of the 10th percentiles to the first variant's.
#[must_use]
pub fn compare(title: &str, effort: Effort, mut variants: Vec<Variant<'_>>) -> String {
    let mut samples = vec![Vec::with_capacity(effort.rounds); variants.len()];
    for round in 0..effort.rounds {
        for turn in 0..variants.len() {
            let index = (round + turn) % variants.len();
            let took = (variants[index].run)(effort.times);
            samples[index].push(took.as_secs_f64() * 1e9 / f64::from(effort.times));
        }
    }
    let mut table = format!(
        "{title}\n{:<48} {:>12} {:>12} {:>8}\n",
        "", "p10 ns", "median ns", "ratio"
    );
    let mut first = None;
    for (variant, mut taken) in variants.iter().zip(samples) {
        taken.sort_by(f64::total_cmp);
        let (p10, median) = (taken[taken.len() / 10], taken[taken.len() / 2]);
        let ratio = p10 / *first.get_or_insert(p10);
        let _ = writeln!(table, "{:<48} {p10:>12.1} {median:>12.1} {ratio:>8.2}", variant.name);
    }
    table
}
