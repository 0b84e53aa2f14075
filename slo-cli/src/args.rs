//! The command line.

mod audit;
mod dashboards;
mod doctor;
mod engine;
mod files;
mod gate;
mod image;
mod manifests;
mod probed;
mod probes;
mod rules;
mod sinks;
mod status;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use slo_core::Lint;

pub use self::audit::AuditArgs;
pub use self::dashboards::{DashboardsArgs, SourceOfBudgets};
pub use self::doctor::DoctorArgs;
pub use self::engine::EngineArgs;
pub use self::files::Files;
pub(crate) use self::gate::moment;
pub use self::gate::{Action, Class, GateArgs, GateCommand, GateFormat, OnUnknown};
pub use self::manifests::ManifestsArgs;
pub use self::probed::{ProbeTimes, Probed};
pub(crate) use self::probed::{USUAL_ENVIRONMENT, usual_target};
pub use self::probes::{Access, Pace, ProbesArgs};
pub(crate) use self::rules::push_interval;
pub use self::rules::{Engine, Identity, PushInterval, RuleFormat, RulesArgs, Source};
pub(crate) use self::sinks::LoginArgs;
pub use self::sinks::{AlertmanagerArgs, WebhookArgs};
pub use self::status::{Numbers, StatusArgs};

/// Checks and uses the reliability promises written in slo.yaml.
#[derive(Clone, Debug, Parser)]
#[command(name = "slo", version, arg_required_else_help = true)]
#[command(after_help = "Examples:
  slo check slo.yaml                               what it means, or every mistake in it
  slo rules --fleet > slo.rules.yaml               rules for every service that exports our metrics
  slo gate --prometheus http://prometheus:9090     is it all right to deploy now?
  slo status --prometheus http://prometheus:9090   are we all right?
  slo doctor --prometheus http://prometheus:9090   why is there no number?

Exit codes: 0 pass, 1 refused, 2 wrong usage or spec, 3 no answer")]
#[non_exhaustive]
pub struct Args {
    /// Whether to write in colours; `auto` does on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,

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
    /// Says what a spec means, or every mistake in it, and what is probably not meant.
    Check(CheckArgs),
    /// Writes Grafana dashboards: overview, requests, error budgets, freshness, deploy gate.
    Dashboards(DashboardsArgs),
    /// Writes Kubernetes objects and settings: deploy gate, canary analysis, probes, collectors.
    Manifests(ManifestsArgs),
    /// Writes what Blackbox exporter, Prometheus and Alertmanager need to probe the synthetic SLOs of a spec.
    Probes(Box<ProbesArgs>),
    /// Writes the form of a spec: a JSON Schema for editors, or a manual for people.
    Schema(SchemaArgs),
    /// Writes what makes a shell complete the commands.
    Completions(CompletionsArgs),
    /// Writes recording and alerting rules: one set for a whole fleet, or those of one spec.
    Rules(RulesArgs),
    /// Says whether it is all right to deploy now, and why.
    Gate(Box<GateArgs>),
    /// Says what is wrong on the way from the process to the pager, and how to mend it.
    Doctor(Box<DoctorArgs>),
    /// Says how all promises of all services stand, those that hurt most first.
    Status(Box<StatusArgs>),
}

/// Arguments of `slo check`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo check                              reads slo.yaml here
  slo check shop.yaml search.yaml        reads several specs
  slo check --format json slo.yaml       for programs: one JSON document, mistakes included
  git show main:slo.yaml | slo check -   reads standard input
  slo check --deny-warnings              for CI: a warning ends with 1
  slo check --allow no-promise           not warned of that

Exit codes: 0 every spec is fine, 1 there are warnings and --deny-warnings, 2 a spec is wrong or cannot be read,
3 the answer cannot be written")]
#[non_exhaustive]
pub struct CheckArgs {
    /// The specs to read; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub files: Vec<PathBuf>,

    /// For whom to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// What not to warn of, by the names of lints: `slo schema --format text` lists them.
    #[arg(long, value_name = "LINT", value_delimiter = ',')]
    pub allow: Vec<Lint>,

    /// Ends with 1 when there is a warning.
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Arguments of `slo schema`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo schema > slo.schema.json           and in slo.yaml: # yaml-language-server: $schema=slo.schema.json
  slo schema --format text               every key and every lint, with examples, in Markdown

Exit codes: 0 written, 2 wrong usage, 3 it cannot be written")]
#[non_exhaustive]
pub struct SchemaArgs {
    /// For whom to write.
    #[arg(long, value_enum, default_value_t = SchemaFormat::Json)]
    pub format: SchemaFormat,
}

/// As what to write the form of a spec.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum SchemaFormat {
    /// A JSON Schema (draft 2020-12), for editors.
    #[default]
    Json,
    /// A manual in Markdown, for people.
    Text,
}

/// Arguments of `slo completions`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo completions bash > ~/.local/share/bash-completion/completions/slo
  slo completions zsh > ~/.zfunc/_slo    with ~/.zfunc in $fpath
  slo completions fish > ~/.config/fish/completions/slo.fish

Exit codes: 0 written, 2 wrong usage, 3 it cannot be written")]
#[non_exhaustive]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that can complete commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Elvish.
    Elvish,
    /// Fish.
    Fish,
    /// PowerShell.
    #[value(name = "powershell")]
    PowerShell,
    /// Zsh.
    Zsh,
}

/// Whether to write in colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Color {
    /// On a terminal, unless the variable NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
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
    fn a_moment_of_the_past_has_a_time_zone() {
        for command in ["gate", "status"] {
            let parsed = |at| Args::try_parse_from(["slo", command, "--prometheus", "http://engine", "--at", at]);
            assert!(parsed("2026-01-01T03:00:00Z").is_ok());
            for text in ["yesterday", "2026-01-01", "2026-01-01 03:00", ""] {
                let said = parsed(text).unwrap_err().to_string();
                let expected =
                    format!("`{text}` is no moment; write a day, a time and a time zone, like `2026-01-01T03:00:00Z`");
                assert!(said.contains(&expected), "{said}");
            }
        }
    }

    #[test]
    fn without_a_file_it_is_slo_yaml() {
        let Command::Check(args) = Args::try_parse_from(["slo", "check"]).unwrap().command else {
            panic!("a check");
        };
        assert_eq!(args.files, [PathBuf::from("slo.yaml")]);
        assert_eq!(args.format, Format::Text);
        assert!(Args::try_parse_from(["slo", "check", "--format", "xml"]).is_err());
    }

    #[test]
    fn every_option_says_what_it_is() {
        fn mute(command: &clap::Command, found: &mut Vec<String>) {
            let options = command.get_arguments().filter(|option| !option.is_hide_set());
            let options = options.filter(|option| option.get_help().is_none_or(|help| help.to_string().is_empty()));
            found.extend(options.map(|option| format!("{} {}", command.get_name(), option.get_id())));
            for command in command.get_subcommands() {
                mute(command, found);
            }
        }
        let mut found = Vec::new();
        mute(&Args::command(), &mut found);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn every_command_has_examples_and_says_how_it_ends() {
        let mut command = Args::command();
        command.build();
        for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("  slo {}", command.get_name());
            assert!(after.starts_with("Examples:\n"), "{}", command.get_name());
            assert!(after.contains(&example), "{}", command.get_name());
            let nested = command.get_subcommands().filter(|command| command.get_name() != "help");
            for command in core::iter::once(command).chain(nested) {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                let codes = after.split_once("Exit codes: 0 ").map_or("", |(_, codes)| codes);
                // Whatever it says, standard output may take none of it.
                let no_answer = codes.split_once("3 ").map(|(_, words)| words);
                assert!(codes.contains("2 "), "{}: {codes}", command.get_name());
                assert!(
                    no_answer.is_some_and(|words| words.contains("written")),
                    "{}: {codes}",
                    command.get_name()
                );
            }
        }
    }

    #[test]
    fn lints_are_allowed_by_name() {
        let parsed = Args::try_parse_from([
            "slo",
            "check",
            "--allow",
            "no-promise,strict-gate",
            "--allow=rate-not-count",
        ]);
        let Command::Check(args) = parsed.unwrap().command else {
            panic!("a check");
        };
        assert_eq!(args.allow, [Lint::NoPromise, Lint::StrictGate, Lint::RateNotCount]);
        let refused = Args::try_parse_from(["slo", "check", "--allow", "no-promis"]).unwrap_err();
        assert!(refused.to_string().contains("did you mean `no-promise`?"), "{refused}");
    }
}
