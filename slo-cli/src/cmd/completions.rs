//! `slo completions`: what makes a shell complete the commands.

use clap::CommandFactory as _;
use clap_complete::{Shell as Known, generate};

use super::Answer;
use crate::args::{Args, CompletionsArgs, Shell};

/// Runs the command: a script for standard output.
///
/// # Examples
///
/// ```
/// use clap::Parser as _;
/// use slo_cli::args::CompletionsArgs;
/// use slo_cli::cmd::completions;
///
/// let answer = completions::run(&CompletionsArgs::parse_from(["completions", "fish"]));
/// assert!(answer.out.contains("complete -c slo"));
/// ```
pub fn run(args: &CompletionsArgs) -> Answer {
    let shell = match args.shell {
        Shell::Bash => Known::Bash,
        Shell::Elvish => Known::Elvish,
        Shell::Fish => Known::Fish,
        Shell::PowerShell => Known::PowerShell,
        Shell::Zsh => Known::Zsh,
    };
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "slo", &mut script);
    Answer::of(String::from_utf8_lossy(&script).into_owned())
}
