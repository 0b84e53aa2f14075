//! Arguments of `slo rules`.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Parser, ValueEnum};
use slo_core::Link;

use super::probed::{environment_label, namespace_name};
use crate::rule_window::RuleWindow;

/// Arguments of `slo rules`.
#[derive(Clone, Debug, Parser)]
#[command(
    override_usage = "slo rules [OPTIONS] [SPEC]\n       slo rules [OPTIONS] --fleet\n       slo rules [OPTIONS] --alertmanager"
)]
#[command(after_help = "Examples:
  slo rules --fleet > slo-rules.yaml              one set for every SLO of every service, installed once
  slo rules --fleet --engine victoriametrics      for vmalert
  slo rules --fleet --window 30d --window month   only for the windows in use: each adds some rules
  slo rules slo.yaml > rules.yaml                 the SLOs of one spec, with their numbers in the rules
  slo rules --source http slo.yaml                of a service that exports http.server.request.duration only
  slo rules --beside-fleet slo.yaml > more.yaml   only what the fleet's rules leave out: counters of others, alerts of one's own
  slo rules --from 2026-01-01 slo.yaml            with planned times by date, where no service says them
  slo rules --tests --out rules-test.yaml slo.yaml
                                                  unit tests of these rules, for `promtool test rules`: pages, and
                                                  beside it rules-test-tickets.yaml
  slo rules --alertmanager                        the inhibition of tickets by pages, for alertmanager.yml
  slo rules --fleet --check slo-rules.yaml        for CI: is the committed file up to date?

Exit codes: 0 done, or up to date; 1 out of date; 2 wrong usage or spec; 3 a file cannot be read or written")]
#[non_exhaustive]
pub struct RulesArgs {
    /// The spec to write rules for; `-` is standard input. slo.yaml here, if none is named.
    #[arg(value_name = "SPEC", conflicts_with = "fleet")]
    pub spec: Option<PathBuf>,

    /// One set of rules for every SLO of every service that exports `slo.events`; needs no spec.
    #[arg(long)]
    pub fleet: bool,

    /// Writes Alertmanager's inhibition rule instead: a page silences the ticket of the same SLO. With a spec also by the
    /// names that it gives to pages and tickets.
    #[arg(long, conflicts_with_all = ["fleet", "tests"])]
    pub alertmanager: bool,

    /// Writes unit tests of the spec's rules instead, for `promtool test rules`; RULES is how they find the rules. With
    /// `--out a.yaml` those of pages go there, and those of tickets to a-tickets.yaml.
    #[arg(long, conflicts_with = "fleet", value_name = "RULES", num_args = 0..=1, require_equals = true, default_missing_value = "rules.yaml")]
    pub tests: Option<String>,

    /// To standard output those of tickets, in the place of those of pages; `--out` and `--check` are about both, the second
    /// file beside the first.
    #[arg(long, requires = "tests", conflicts_with_all = ["out", "check"])]
    pub tickets: bool,

    /// Which engine evaluates the rules.
    #[arg(long, value_enum, default_value_t = Engine::Prometheus)]
    pub engine: Engine,

    /// Whether to write a plain rule file or objects for the Prometheus Operator, each of a size that it takes.
    #[arg(long, value_enum, default_value_t = RuleFormat::Plain)]
    pub format: RuleFormat,

    /// A label of the objects, like `release=prometheus`: an operator with a `ruleSelector` reads only objects that have its
    /// labels.
    #[arg(long = "object-label", value_name = "LABEL=VALUE", value_parser = object_label)]
    pub object_labels: Vec<(String, String)>,

    /// The namespace of Kubernetes that the objects go to; that of whoever applies it unless said.
    #[arg(long, value_name = "NAME", value_parser = object_namespace)]
    pub object_namespace: Option<String>,

    /// Which labels say whose series it is.
    #[arg(long, value_enum, default_value_t = Identity::Promoted)]
    pub identity: Identity,

    /// A window in use in the fleet: days like `30d`, or a period of the calendar like `month`. [default: 7d 28d 30d 90d
    /// month]
    #[arg(long = "window", value_name = "WINDOW", requires = "fleet", conflicts_with = "spec")]
    pub windows: Vec<RuleWindow>,

    /// How often services push their metrics.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = push_interval)]
    pub push_interval: PushInterval,

    /// What the spec's SLOs are counted by; those of `prometheus` in their own way, whatever is said here.
    #[arg(long, value_enum, default_value_t = Source::Events, conflicts_with = "fleet")]
    pub source: Source,

    /// The environment of the spec whose numbers hold: its series alone are counted. Without it, the numbers as written hold
    /// in every environment but those that the spec names.
    #[arg(long, value_name = "NAME", conflicts_with = "fleet")]
    pub environment: Option<String>,

    /// Only what the fleet's rules leave out: SLOs of `prometheus`, which they cannot count, and the alerts of SLOs that have
    /// conditions, a minimum of bad events or severities of their own.
    #[arg(long, conflicts_with = "fleet")]
    pub beside_fleet: bool,

    /// The day from which on rules know planned times and the periods of the calendar by date: those of 400 days. With
    /// `--check` that of the file, where it has one.
    #[arg(long, value_name = "DATE", value_parser = day, conflicts_with = "fleet")]
    pub from: Option<NaiveDate>,

    /// `service_namespace` of the service: only series of this namespace are counted; and what is said of counters of
    /// others, which have none.
    #[arg(long, value_name = "NAME", value_parser = namespace_name, conflicts_with = "fleet")]
    pub namespace: Option<String>,

    /// `deployment_environment_name` of the service's series, and of what is said of counters of others; that of
    /// `--environment` unless said.
    #[arg(long, value_name = "NAME", value_parser = environment_label, conflicts_with = "fleet")]
    pub environment_label: Option<String>,

    /// The address of a dashboard, for the annotations; the labels of the alert are appended as variables.
    #[arg(long, value_name = "URL")]
    pub dashboard_url: Option<Link>,

    /// Writes to this file instead of standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub out: Option<PathBuf>,

    /// Writes nothing; says whether this file is what would be written.
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
}

/// A rule engine.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Engine {
    /// Prometheus and what computes increases as it does, Thanos for one.
    #[default]
    Prometheus,
    /// vmalert over VictoriaMetrics, whose increases are exact; give the store `-search.cacheTimestampOffset=10m`.
    Victoriametrics,
    /// Grafana Mimir, whose groups have at most 20 rules.
    Mimir,
}

/// The shape of a rule file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum RuleFormat {
    /// A file for Prometheus, vmalert or mimirtool.
    #[default]
    Plain,
    /// `PrometheusRule` objects of the Prometheus Operator.
    PrometheusRule,
}

/// Which labels say whose series it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Identity {
    /// `service_name`, `service_namespace` and `deployment_environment_name` are labels of every series.
    #[default]
    Promoted,
    /// `job` is `namespace/name`, as Prometheus makes it; environments cannot be told apart.
    Job,
    /// As `job`, with the environment from `target_info`.
    TargetInfo,
}

/// What the SLOs of a spec are counted by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Source {
    /// `slo.events`, judged in the process.
    #[default]
    Events,
    /// `http.server.request.duration`, which services in every language export.
    Http,
}

/// The time between two pushes: whole seconds, 1 s to 5 min.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PushInterval(u32);

impl PushInterval {
    /// The time in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0 as u64
    }

    /// The time.
    #[must_use]
    pub const fn as_duration(self) -> core::time::Duration {
        core::time::Duration::from_secs(self.as_seconds())
    }
}

/// Tiles of five minutes need a push in each.
const LONGEST_PUSH: u32 = 300;

pub(crate) fn push_interval(text: &str) -> Result<PushInterval, String> {
    let wrong =
        || format!("`{text}` is no push interval; write whole seconds or minutes from `1s` to `5m`, like `60s`");
    let (number, unit) = match text.strip_suffix('s') {
        Some(number) => (number, 1),
        None => (text.strip_suffix('m').ok_or_else(wrong)?, 60),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(unit) {
        Some(seconds @ 1..=LONGEST_PUSH) => Ok(PushInterval(seconds)),
        _ => Err(wrong()),
    }
}

/// A label of Kubernetes: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>.
fn object_label(text: &str) -> Result<(String, String), String> {
    let is_name = |name: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        name.len() <= 63 && name.chars().all(inside) && ends(name.chars().next()) && ends(name.chars().last())
    };
    let is_prefix = |prefix: &str| prefix.len() <= 253 && prefix.split('.').all(is_dns_label);
    let (key, value) = text.split_once('=').unwrap_or_default();
    let is_key = match key.split_once('/') {
        Some((prefix, name)) => is_prefix(prefix) && is_name(name),
        None => is_name(key),
    };
    if is_key && (value.is_empty() || is_name(value)) && text.contains('=') {
        return Ok((key.to_owned(), value.to_owned()));
    }
    Err(format!(
        "`{text}` is no label of an object; write a name, `=` and a value of up to 63 letters, digits, `-`, `_` and `.`, like \
         `release=prometheus`"
    ))
}

fn object_namespace(text: &str) -> Result<String, String> {
    if is_dns_label(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no namespace of Kubernetes; write up to 63 small letters, digits and `-`, like `monitoring`"
    ))
}

fn is_dns_label(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len()) && text.chars().all(inside) && !text.starts_with('-') && !text.ends_with('-')
}

/// A day between 1971 and 2200, as for planned times.
fn day(text: &str) -> Result<NaiveDate, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let is_known = |day: &NaiveDate| (1971..=2200).contains(&chrono::Datelike::year(day)) && text.len() == 10;
    day.filter(is_known).ok_or_else(|| {
        format!("`{text}` is no day; write year, month and day, from `1971-01-01` to `2200-12-31`, like `2026-01-31`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_interval_is_seconds_up_to_five_minutes() {
        for (text, seconds) in [("60s", 60), ("1m", 60), ("1s", 1), ("5m", 300)] {
            assert_eq!(push_interval(text).unwrap().as_seconds(), seconds);
        }
        for wrong in [
            "0s",
            "6m",
            "301s",
            "60",
            "s",
            "-1s",
            "1.5m",
            "99999999999s",
            "71582789m",
        ] {
            assert!(push_interval(wrong).unwrap_err().contains("like `60s`"), "{wrong}");
        }
    }

    #[test]
    fn labels_and_namespaces_are_those_of_kubernetes() {
        let label = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(object_label("release=prometheus"), label("release", "prometheus"));
        assert_eq!(object_label("example.com/a_B.c=1-2"), label("example.com/a_B.c", "1-2"));
        assert_eq!(object_label("a="), label("a", ""));
        for wrong in [
            "a",
            "=b",
            "a=b c",
            "a=-b",
            "-a=b",
            "a/b/c=d",
            "A.B/c=d",
            "/c=d",
            "a=b=c",
            &format!("{}=a", "a".repeat(64)),
        ] {
            assert!(
                object_label(wrong).unwrap_err().contains("like `release=prometheus`"),
                "{wrong}"
            );
        }
        assert!(object_namespace("monitoring-2").is_ok());
        for wrong in ["", "Monitoring", "a.b", "-a", "a-", &"a".repeat(64)] {
            assert!(
                object_namespace(wrong).unwrap_err().contains("like `monitoring`"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let parse = |words: &str| RulesArgs::try_parse_from(["rules"].into_iter().chain(words.split(' ')));
        for wrong in [
            "--fleet slo.yaml",
            "--fleet --tests",
            "--fleet --source http",
            "--window 30d slo.yaml",
            "--fleet --out a --check b",
            "--fleet --window 7m",
            "--fleet --alertmanager",
            "--fleet --beside-fleet",
            "--fleet --from 2026-01-31",
            "--from 2026-1-31 slo.yaml",
            "--from 2026-02-30 slo.yaml",
            "--from 1969-02-28 slo.yaml",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse("--tests slo.yaml").unwrap().tests.as_deref(), Some("rules.yaml"));
        assert_eq!(
            parse("--tests=a.yaml slo.yaml").unwrap().tests.as_deref(),
            Some("a.yaml")
        );
        let args = parse("--fleet --window 30d --window month --push-interval 15s").unwrap();
        assert_eq!(args.windows.len(), 2);
        assert_eq!(args.push_interval.as_seconds(), 15);
    }
}
