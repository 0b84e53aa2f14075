//! `cargo xtask fuzz`: every parser against libFuzzer, for a bounded time.

use std::time::Duration;

use crate::failure::Failure;
use crate::span::Span;
use crate::steps::{self, Step};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each target runs
    #[arg(long = "for", value_name = "TIME", default_value = "5m")]
    span: Span,
}

/// Runs every target, one after the other; stops at the first that crashes and leaves its input below `target/fuzz`.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Span(span) = args.span;
    steps::run(&each(span), false)
}

/// A step for each target.
pub(crate) fn each(span: Duration) -> Vec<Step> {
    by_name(span).map(|(_, step)| step).collect()
}

/// Each target's name, and its step.
pub(crate) fn by_name(span: Duration) -> impl Iterator<Item = (&'static str, Step)> {
    TARGETS.iter().map(move |target| (target.name, target.step(span)))
}

/// How many inputs a target has been fed, by what libFuzzer wrote at its end.
pub(crate) fn inputs(written: &str) -> Option<u64> {
    let line = written
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line?.trim().parse().ok()
}

#[derive(Debug)]
struct Target {
    name: &'static str,
    /// In bytes; longer inputs find nothing more and take longer.
    longest: u32,
    /// Files to begin with, separated by commas.
    seeds: &'static str,
}

const TARGETS: [Target; 6] = [
    Target {
        name: "values",
        longest: 64,
        seeds: "fuzz/seeds/values",
    },
    Target {
        name: "spec",
        longest: 4_000,
        seeds: "slo-cli/tests/golden/in/corners.yaml,slo-cli/tests/golden/in/mistakes.yaml,\
                slo-cli/tests/golden/in/everything.yaml,slo-cli/tests/golden/in/warnings.yaml,\
                slo-cli/tests/golden/in/custom.yaml",
    },
    Target {
        name: "policy",
        longest: 120,
        seeds: "fuzz/seeds/recurrence,fuzz/seeds/selector,fuzz/seeds/expression,fuzz/seeds/link",
    },
    Target {
        name: "snapshot",
        longest: 4_000,
        seeds: "fuzz/seeds/snapshot.json",
    },
    Target {
        name: "file",
        longest: 4_000,
        seeds: "fuzz/seeds/file,fuzz/seeds/file.json",
    },
    Target {
        name: "zones",
        longest: 40,
        seeds: "fuzz/seeds/zones",
    },
];

/// What cargo-fuzz passes, all of which a stable compiler takes.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

impl Target {
    fn step(&self, span: Duration) -> Step {
        let Self { name, longest, seeds } = self;
        let seconds = span.as_secs();
        // With a target named, the flags do not reach build scripts, which could not be linked with them.
        let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let line = format!(
            "run --release --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --target {host} --bin {name} -- \
             -max_total_time={seconds} -max_len={longest} -artifact_prefix=target/fuzz/ -print_final_stats=1 \
             -verbosity=0 -seed_inputs={seeds}"
        );
        Step::cargo(&line).env("RUSTFLAGS", FLAGS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_counted_is_read() {
        let written = "Done\nstat::number_of_executed_units: 4066\nstat::average_exec_per_sec:     12\n";
        assert_eq!((inputs(written), inputs("Done\n")), (Some(4_066), None));
    }

    #[test]
    fn every_target_of_the_workspace_has_a_step_and_its_seeds_exist() {
        let root = e2e::workspace_root();
        let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        let declared: Vec<_> = manifest
            .split("[[bin]]\nname = \"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(TARGETS.map(|target| target.name).to_vec(), declared);
        for seed in TARGETS.iter().flat_map(|target| target.seeds.split(',')) {
            assert!(seed.is_empty() || root.join(seed).is_file(), "{seed}");
        }
    }
}
