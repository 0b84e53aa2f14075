//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

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
    /// Writes Grafana dashboards: overview, requests, error budgets, freshness, deploy gate.
    Dashboards(DashboardsArgs),
    /// Writes Kubernetes objects and settings: deploy gate, canary analysis, probes, collectors.
    Manifests(ManifestsArgs),
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

/// Arguments of `slo dashboards`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo dashboards --out dashboards/               for the service of slo.yaml here
  slo dashboards shop.yaml --out dashboards/     for the service of another spec
  slo dashboards --fleet --out dashboards/       for every service of an engine, without a spec
  slo dashboards --out dashboards/ --check       in CI: are the committed files up to date?
  slo dashboards --source raw --out dashboards/  budgets from the counters, where no rules are installed
  git show main:slo.yaml | slo dashboards - --out dashboards/

Exit codes: 0 written or up to date, 1 out of date (--check), 2 a spec is wrong or cannot be read,
3 a file cannot be written or compared")]
#[non_exhaustive]
pub struct DashboardsArgs {
    /// The spec of the service; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub file: PathBuf,

    /// The folder for the files, five of them; made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Writes nothing, and says which files in the folder are out of date.
    #[arg(long)]
    pub check: bool,

    /// For every service that an engine knows; reads no spec.
    #[arg(long, conflicts_with = "file")]
    pub fleet: bool,

    /// Where budgets come from.
    #[arg(long, value_enum, default_value_t = SourceOfBudgets::Recorded)]
    pub source: SourceOfBudgets,

    /// The name of the dashboards' variable for the data source.
    #[arg(long, value_name = "NAME", default_value = "datasource", value_parser = variable_name)]
    pub datasource_variable: String,
}

/// Arguments of `slo manifests`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo manifests --out deploy/                     for the service of slo.yaml here
  slo manifests --out deploy/ --check             in CI: are the committed files up to date?
  slo manifests --out deploy/ --environment staging --prometheus http://victoria:8428
  slo manifests --out deploy/ --revision \"$REVISION\" --message \"$MESSAGE\" --author \"$AUTHOR\"
                                                  in CI, before a deploy: what the gate cannot see by itself
  git show main:slo.yaml | slo manifests - --out deploy/

Exit codes: 0 written or up to date, 1 out of date (--check), 2 a spec is wrong or cannot be read,
3 a file cannot be written or compared")]
#[non_exhaustive]
pub struct ManifestsArgs {
    /// The spec of the service; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub file: PathBuf,

    /// The folder for the files: objects in `kubernetes`, settings of other programs in `settings`.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Writes nothing, and says which files in the folder are out of date.
    #[arg(long)]
    pub check: bool,

    /// Where the files are used: deployment.environment.name, as the service says it.
    #[arg(long, value_name = "NAME", default_value = "production", value_parser = environment_name)]
    pub environment: String,

    /// The engine that the gate and the analysis ask, and that telemetry is written to.
    #[arg(long, value_name = "URL", default_value = "http://prometheus:9090", value_parser = address)]
    pub prometheus: String,

    /// What probes ask, without the path; the service's name by default.
    #[arg(long, value_name = "URL", value_parser = address)]
    pub target: Option<String>,

    /// The container image that has this tool in it.
    #[arg(long, value_name = "IMAGE", default_value = concat!("slo:", env!("CARGO_PKG_VERSION")))]
    pub image: String,

    /// The revision that is deployed, for the gate.
    #[arg(long, value_name = "REVISION", default_value = "", hide_default_value = true)]
    pub revision: String,

    /// The commit's message, for the gate: a bypass stands in it.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub message: String,

    /// Who deploys, for the gate.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub author: String,
}

/// A name that a spec takes for an environment.
fn environment_name(text: &str) -> Result<String, String> {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&text.len()) && text.bytes().all(sign) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 63 letters, digits, `-`, `_` and `.`, like `production`".to_owned())
    }
}

/// An address of a server, without a question or a fragment.
fn address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let sign =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'?' | b'#' | b'\\' | b'`');
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(sign) => Ok(text.to_owned()),
        _ => Err("write an address, like `http://prometheus:9090`".to_owned()),
    }
}

/// Where dashboards get budgets from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum SourceOfBudgets {
    /// The series that the rules for a fleet record: cheap, and right for calendar windows too.
    #[default]
    #[value(alias = "fleet")]
    Recorded,
    /// The counters, over whole windows at each refresh: needs no rules, costs the engine more; not for calendar windows.
    Raw,
}

/// A name that no other variable of the dashboards has.
fn variable_name(text: &str) -> Result<String, String> {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word {
        return Err("write a letter, then letters, digits and `_`, like `datasource`".to_owned());
    }
    if ["environment", "service", "slo", "route"].contains(&text) {
        return Err(
            "the dashboards have another variable of this name; write another one, like `datasource`".to_owned(),
        );
    }
    Ok(text.to_owned())
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_fit_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_a_file_it_is_slo_yaml() {
        let Command::Check(args) = Args::try_parse_from(["slo", "check"]).unwrap().command else {
            panic!("not a check")
        };
        assert_eq!(args.files, [PathBuf::from("slo.yaml")]);
        assert_eq!(args.format, Format::Text);
        assert!(Args::try_parse_from(["slo", "check", "--format", "xml"]).is_err());
    }

    #[test]
    fn a_variable_has_a_name_of_its_own() {
        assert_eq!(variable_name("DS_prom1"), Ok("DS_prom1".to_owned()));
        for wrong in ["", "1a", "a-b", "a b", "${a}", "slo", "service", "environment", "route"] {
            assert!(variable_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fleet_has_no_spec() {
        let parse = |more: &[&str]| {
            let words = ["slo", "dashboards", "--out", "a"].iter().chain(more);
            Args::try_parse_from(words).map(|args| args.command)
        };
        assert!(parse(&["--fleet", "slo.yaml"]).is_err());
        for (words, fleet) in [(&["--fleet"][..], true), (&[][..], false)] {
            let Ok(Command::Dashboards(args)) = parse(words) else {
                panic!("{words:?}")
            };
            assert_eq!((args.fleet, args.file.to_str()), (fleet, Some("slo.yaml")));
        }
    }

    #[test]
    fn addresses_and_environments_are_checked() {
        for good in ["http://prometheus:9090", "https://user@[::1]:8428/select/0/prometheus/"] {
            assert_eq!(address(good), Ok(good.to_owned()));
        }
        for wrong in [
            "",
            "prometheus:9090",
            "http://",
            "http:///a",
            "http://a b",
            "http://a\n",
            "http://a?b",
            "http://ü",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
        assert_eq!(environment_name("prod-eu.1"), Ok("prod-eu.1".to_owned()));
        for wrong in ["", "a b", "a\"", &"a".repeat(64)] {
            assert!(environment_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_message_may_begin_with_a_dash() {
        let words = ["slo", "manifests", "--out", "a", "--message", "-- fix"];
        let Command::Manifests(args) = Args::try_parse_from(words).unwrap().command else {
            panic!("{words:?}")
        };
        assert_eq!(args.message, "-- fix");
    }
}
