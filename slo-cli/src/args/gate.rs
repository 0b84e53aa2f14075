//! Arguments of `slo gate`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};

use super::{AlertmanagerArgs, AuditArgs, EngineArgs, Identity, WebhookArgs, time};

/// Arguments of `slo gate`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo gate slo.yaml --prometheus http://prometheus:9090 --environment production --revision \"$GIT_COMMIT\"
  slo gate --prometheus http://vmselect:8481/select/0/prometheus --wait 10m     waits until it is allowed
  slo gate --prometheus http://prometheus:9090 --action rollback                the way back always passes
  slo gate --prometheus http://prometheus:9090 --at 2026-01-01T03:00:00Z        what it would have said then
  slo gate --prometheus http://prometheus:9090 --format markdown                for a pull request
  slo gate audit gate.audit                                                     were the records altered?
  slo gate --service http://pod:8080/slo                                        asks one instance, without an engine
  slo gate --prometheus http://prometheus:9090 --revision \"$GIT_COMMIT\" --message \"$(git log -1 --format=%B)\" \\
    --author \"$(git log -1 --format=%an)\" --committed-at \"$(git log -1 --format=%cI)\" \\
    --alertmanager http://alertmanager:9093                     a bypass passes, and people are told

Exit codes: 0 allowed (warnings too), 1 a rule is breached, 2 wrong usage or spec, 3 could not decide,
or the answer cannot be written")]
// An engine is not needed where a service is asked.
#[command(mut_arg("url", |url| url.required(false).default_value("").hide_default_value(true)))]
#[command(mut_arg("timeout", |time| time.help(TIMEOUT).default_value("30s")))]
#[command(args_conflicts_with_subcommands = true)]
#[non_exhaustive]
pub struct GateArgs {
    /// Something else than a verdict.
    #[command(subcommand)]
    pub command: Option<GateCommand>,

    /// The spec with the promises and the gate's limits; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub file: PathBuf,

    /// Which engine to ask.
    #[command(flatten)]
    pub engine: EngineArgs,

    /// A status route of the service itself to ask instead, like `http://pod:8080/slo`: the view of one instance. Of the
    /// ways to log in only files and --header are for it.
    #[arg(long, value_name = "URL", conflicts_with_all = ["at", "identity"])]
    pub service: Option<String>,

    /// The environment to deploy to, as in `deployment.environment.name`; its limits hold if the spec has some.
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,

    /// The namespace of the service, as in `service.namespace`.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Which labels say whose series it is; as given to `slo rules`.
    #[arg(long, value_enum, default_value_t = Identity::Promoted)]
    pub identity: Identity,

    /// What is deployed: a commit or a version.
    #[arg(long, value_name = "REVISION", value_parser = any_text())]
    pub revision: Option<String>,

    /// Forwards or back.
    #[arg(long, value_enum, default_value_t = Action::Deploy)]
    pub action: Action,

    /// What the deploy is for.
    #[arg(long, value_enum, default_value_t = Class::Normal)]
    pub class: Class,

    /// Says that this revision ran here before: as allowed as a rollback.
    #[arg(long)]
    pub ran_before: bool,

    /// The message of the commit that is deployed: its subject line may say `[slo-bypass: reason]`, or a trailer
    /// `SLO-Bypass: reason`.
    #[arg(long, value_name = "TEXT", value_parser = any_text())]
    pub message: Option<String>,

    /// When that commit was made, like `2026-01-01T12:00:00Z` (git's `%cI`): a bypass that names no end holds for a day from
    /// then on. Without it, such a bypass holds for its revision with no end.
    #[arg(long, value_name = "TIME")]
    pub committed_at: Option<String>,

    /// Who deploys, and answers for a bypass that names nobody in `SLO-Bypass-By`.
    #[arg(long, value_name = "NAME", value_parser = any_text())]
    pub author: Option<String>,

    /// Adds this run to an audit file, whose records cannot be altered unseen, see `slo gate audit`; `-` writes the record to
    /// standard error, for a log that keeps what it gets.
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub audit: Option<PathBuf>,

    /// The Alertmanager.
    #[command(flatten)]
    pub alertmanager: AlertmanagerArgs,

    /// The webhook.
    #[command(flatten)]
    pub webhook: WebhookArgs,

    /// A collector that gets each decision as the metric `slo.gate.decisions`, by OTLP over HTTP: what stands before
    /// `/v1/metrics`. Else the variables OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS say it, as for any service.
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,

    /// A folder that keeps what nobody could be told because monitoring itself is down; the next run tells it. It has to
    /// outlive this run.
    #[arg(long, value_name = "DIR", env = "SLO_SPOOL", hide_env_values = true, value_parser = any_path())]
    pub spool: Option<PathBuf>,

    /// What to do when nothing is proven and something could not be seen.
    /// As the spec says it, and else `refuse`.
    #[arg(long, value_enum)]
    pub on_unknown: Option<OnUnknown>,

    /// Judges the past: a moment like `2026-01-01T03:00:00Z`. Nothing is recorded and nobody is told.
    #[arg(long, value_name = "TIME", value_parser = past, conflicts_with = "wait")]
    pub at: Option<DateTime<Utc>>,

    /// Asks again until it is allowed, for so long at most.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub wait: Option<Duration>,

    /// Shows the query behind each rule as well, and what would have to change for it to pass.
    #[arg(long)]
    pub explain: bool,

    /// For whom to write.
    #[arg(long, value_enum, default_value_t = GateFormat::Text)]
    pub format: GateFormat,
}

/// Whoever wrote a commit may have done so in Latin-1: that is no reason to stop anybody.
pub(super) fn any_text() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|text| text.to_string_lossy().into_owned())
}

/// When a commit was made: with a time zone, as git's `%cI`.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    text.trim().parse().ok()
}

/// A moment to be told of, with its time zone.
pub(super) fn past(text: &str) -> Result<DateTime<Utc>, String> {
    moment(text).ok_or_else(|| {
        format!(
            "`{text}` is no moment; write a day, a time and a time zone, like `2026-01-01T03:00:00Z` or \
             `2026-01-01T12:00:00+09:00`"
        )
    })
}

/// A path that may be empty, as a variable of a pipeline that is not set: then there is none.
fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

const TIMEOUT: &str = "The time for all questions of one verdict together. To wait for the audit file, and to tell people, takes \
                       as long again at most, each";

/// What is done with the gate's records.
#[derive(Clone, Debug, Subcommand)]
#[expect(
    clippy::exhaustive_enums,
    reason = "main.rs runs every command there is; none must end in a verdict"
)]
pub enum GateCommand {
    /// Says whether the audit file of the gate is as it was written.
    Audit(AuditArgs),
}

/// Forwards or back.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Action {
    /// Something new.
    #[default]
    Deploy,
    /// What ran before: always allowed, and recorded.
    Rollback,
}

/// What a deploy is for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Class {
    /// Anything.
    #[default]
    Normal,
    /// Work on reliability: an exhausted budget does not stop it.
    Reliability,
}

/// What to do when nothing is proven and something could not be seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum OnUnknown {
    /// Exit code 3.
    #[default]
    Refuse,
    /// Exit code 0, and the verdict still says unknown.
    Allow,
}

/// For whom the verdict is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum GateFormat {
    /// For people at a terminal or in a log.
    #[default]
    Text,
    /// For programs: one document on standard output.
    Json,
    /// For a pull request.
    Markdown,
}
