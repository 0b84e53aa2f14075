//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

mod engine;
mod gate;

pub use self::engine::EngineArgs;
pub use self::gate::{Action, Class, GateArgs, GateFormat, OnUnknown};

/// Checks and uses the reliability promises written in slo.yaml.
#[derive(Clone, Debug, Parser)]
#[command(name = "slo", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 pass, 1 refused, 2 wrong usage or spec, 3 no answer")]
#[non_exhaustive]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
#[expect(
    clippy::exhaustive_enums,
    reason = "main.rs runs every command there is; a new one must not be forgotten"
)]
pub enum Command {
    /// Says what a spec means, or every mistake in it.
    Check(CheckArgs),
    /// Says whether it is all right to deploy now, and why.
    Gate(Box<GateArgs>),
}

/// Arguments of `slo check`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo check                              reads slo.yaml here
  slo check shop.yaml search.yaml        reads several specs
  slo check --format json slo.yaml       for programs: one JSON document, mistakes included
  git show main:slo.yaml | slo check -   reads standard input

Exit codes: 0 every spec is fine, 2 a spec is wrong or cannot be read")]
#[non_exhaustive]
pub struct CheckArgs {
    /// The specs to read; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub files: Vec<PathBuf>,

    /// For whom to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// For whom to write.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// For people; mistakes go to standard error.
    #[default]
    Text,
    /// For programs: one document on standard output, mistakes included.
    Json,
}

/// Reads a time with its unit: `500ms`, `10s`, `1h 30m`; never zero.
fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok();
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| format!("`{text}` is not a time; write a number above 0 and a unit (ms, s, m, h), like `30s`"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        assert_eq!(time("1h 30m"), Ok(Duration::from_secs(5_400)));
        for text in ["", "10", "0s", "soon", "-1s"] {
            assert!(
                time(text).unwrap_err().starts_with(&format!("`{text}` is not a time")),
                "{text}"
            );
        }
    }

    #[test]
    fn without_a_file_it_is_slo_yaml() {
        let Command::Check(args) = Args::try_parse_from(["slo", "check"]).unwrap().command else {
            panic!("another command")
        };
        assert_eq!(args.files, [PathBuf::from("slo.yaml")]);
        assert_eq!(args.format, Format::Text);
        assert!(Args::try_parse_from(["slo", "check", "--format", "xml"]).is_err());
    }
}
