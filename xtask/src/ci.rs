//! `cargo xtask ci`: everything but the tests.

use crate::failure::Failure;
use crate::steps::{self, Step};

/// Formatting first: it takes a second, and its fix moves the lines that the others complain about.
pub(crate) fn run() -> Result<(), Failure> {
    steps::run(&all(), false)
}

fn all() -> Vec<Step> {
    vec![
        Step::cargo("fmt --all --check"),
        Step::cargo("fmt --all --check --manifest-path benches/Cargo.toml"),
        Step::cargo("clippy --workspace --all-targets --all-features -- -D warnings"),
        // A workspace of its own, so that rivals' crates stay out of our lock file.
        Step::cargo("clippy --manifest-path benches/Cargo.toml --workspace --all-targets -- -D warnings"),
        Step::cargo("fmt --check --manifest-path fuzz/Cargo.toml"),
        Step::cargo("clippy --manifest-path fuzz/Cargo.toml --target-dir target/fuzz -- -D warnings"),
        Step::cargo("doc --workspace --no-deps --all-features").env("RUSTDOCFLAGS", "-D warnings"),
        Step::cargo("xtask dependencies --check"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_fail_and_tests_are_left_to_the_other_chore() {
        let lines: Vec<_> = all().iter().map(Step::line).collect();
        assert!(
            lines
                .iter()
                .all(|line| line.contains("-D warnings") || line.contains("--check")),
            "{lines:?}"
        );
        assert!(!lines.iter().any(|line| line.contains("cargo test")), "{lines:?}");
    }
}
