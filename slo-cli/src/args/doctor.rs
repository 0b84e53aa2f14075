//! Arguments of `slo doctor`.

use std::path::PathBuf;

use clap::Parser;

use super::{AlertmanagerArgs, EngineArgs, Format, Identity, PushInterval, push_interval};

/// Arguments of `slo doctor`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo doctor slo.yaml --prometheus http://prometheus:9090
  slo doctor --prometheus http://victoria:8428 --rules http://vmalert:8880 --alertmanager http://alertmanager:9093
  slo doctor --prometheus http://prometheus:9090 --service http://shop:3000 --environment production
  slo doctor --prometheus http://prometheus:9090 --format json    for programs: one JSON document

Exit codes: 0 nothing is broken (warnings too), 1 something is broken, 2 wrong usage or spec, 3 something could not be
looked at, and nothing else is broken; or the answer cannot be written")]
#[non_exhaustive]
pub struct DoctorArgs {
    /// The spec of the service; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub file: PathBuf,

    /// Which engine to ask: the store.
    #[command(flatten)]
    pub engine: EngineArgs,

    /// One instance of the service: what stands before its routes. Its status and its health endpoints are asked.
    #[arg(long, value_name = "URL")]
    pub service: Option<String>,

    /// Where the instance has its status routes.
    #[arg(long, value_name = "PATH", default_value = "/slo")]
    pub status_path: String,

    /// What evaluates the rules, where the store does not: what stands before `/api/v1/rules` of a vmalert.
    #[arg(long, value_name = "URL")]
    pub rules: Option<String>,

    /// The Alertmanager that pages people.
    #[command(flatten)]
    pub alertmanager: AlertmanagerArgs,

    /// The environment, as in `deployment.environment.name`.
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,

    /// Which labels say whose series it is.
    #[arg(long, value_enum, default_value_t = Identity::Promoted)]
    pub identity: Identity,

    /// How often the service pushes its metrics.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = push_interval)]
    pub push_interval: PushInterval,

    /// For whom to write.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
