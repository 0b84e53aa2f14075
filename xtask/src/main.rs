//! The project's own chores: `cargo xtask servers`, `stack`, `test`, `fuzz`, `instructions`, `dependencies`,
//! `full` and `ci`.

mod ci;
mod dependencies;
mod failure;
mod full;
mod fuzz;
mod instructions;
mod servers;
mod span;
mod stack;
mod steps;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Fetches the real servers below target/, if they are not there yet
    Servers,
    /// Runs the real servers for a person to look at, until Ctrl-C
    Stack(stack::Args),
    /// Runs every correctness test, those on the real servers last
    Test(test::Args),
    /// Feeds every parser with what nobody would write
    Fuzz(fuzz::Args),
    /// Counts the crates that each library's features bring, into docs/dependencies.md
    Dependencies(dependencies::Args),
    /// Counts the instructions of the hot path under valgrind, and fails when they have grown by more than 5%
    Instructions(instructions::Args),
    /// Runs what is too long for each change, and writes docs/full.md
    Full(full::Args),
    /// Checks formatting, lints and docs; the tests are `cargo xtask test`
    Ci,
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Servers => servers::run(),
        Chore::Stack(args) => stack::run(&args),
        Chore::Test(args) => test::run(&args),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Dependencies(args) => dependencies::run(&args),
        Chore::Instructions(args) => instructions::run(&args),
        Chore::Full(args) => full::run(&args),
        Chore::Ci => ci::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_without_unit_is_refused() {
        let error = Cli::try_parse_from(["xtask", "stack", "--for", "10"])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`10` is not a time; write one like `90s`, `10m` or `2h`"),
            "{error}"
        );
    }
}
