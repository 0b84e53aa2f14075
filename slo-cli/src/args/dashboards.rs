//! Arguments of `slo dashboards`.

use clap::{Parser, ValueEnum};

use super::Files;

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
    /// From where, and whereto.
    #[command(flatten)]
    pub files: Files,

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
    if ["environment", "namespace", "service", "slo", "route"].contains(&text) {
        return Err(
            "the dashboards have another variable of this name; write another one, like `datasource`".to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};

    #[test]
    fn a_variable_has_a_name_of_its_own() {
        assert_eq!(variable_name("DS_prom1"), Ok("DS_prom1".to_owned()));
        for wrong in [
            "",
            "1a",
            "a-b",
            "a b",
            "${a}",
            "slo",
            "service",
            "environment",
            "namespace",
            "route",
        ] {
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
            assert_eq!((args.fleet, args.files.file.to_str()), (fleet, Some("slo.yaml")));
        }
    }

    #[test]
    fn the_fleets_rules_are_a_source_by_two_names() {
        for (word, source) in [
            ("recorded", SourceOfBudgets::Recorded),
            ("fleet", SourceOfBudgets::Recorded),
            ("raw", SourceOfBudgets::Raw),
        ] {
            let words = ["slo", "dashboards", "--out", "a", "--source", word];
            let Ok(Command::Dashboards(args)) = Args::try_parse_from(words).map(|args| args.command) else {
                panic!("{word}")
            };
            assert_eq!(args.source, source);
        }
    }
}
