//! Arguments of `slo status`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Parser, ValueEnum};

use super::gate::past;
use super::{EngineArgs, Identity, time};
use crate::status::{Filter, Group};

/// Arguments of `slo status`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo status --prometheus http://prometheus:9090                            everything, what hurts most first
  slo status --prometheus http://prometheus:9090 --only hurting --watch     on a screen on the wall
  slo status --prometheus http://prometheus:9090 --service shop --details   one service with every number
  slo status --prometheus http://prometheus:9090 --html status.html         a page with burn-down charts
  slo status --prometheus http://prometheus:9090 --json                     for programs
  slo status --prometheus http://prometheus:9090 --fail-on hurting          for scripts: 1 when something hurts
  slo status --prometheus http://prometheus:9090 --at 2026-01-01T03:00:00Z  what it would have said then

Exit codes: 0 answered, 1 some promise is as --fail-on says, 2 wrong usage, 3 the engine did not answer, or not to all,
nothing that is there has a name that was given, or the answer cannot be written")]
#[non_exhaustive]
pub struct StatusArgs {
    /// Which engine to ask.
    #[command(flatten)]
    pub engine: EngineArgs,

    /// Only this service, as in `service.name`; may be given several times, as may each of the next.
    #[arg(long = "service", value_name = "NAME")]
    pub services: Vec<String>,

    /// Only this namespace, as in `service.namespace`.
    #[arg(long = "namespace", value_name = "NAME")]
    pub namespaces: Vec<String>,

    /// Only this environment, as in `deployment.environment.name`.
    #[arg(long = "environment", value_name = "NAME")]
    pub environments: Vec<String>,

    /// Only SLOs of this name.
    #[arg(long = "slo", value_name = "NAME")]
    pub slos: Vec<String>,

    /// Only SLOs of this journey.
    #[arg(long = "journey", value_name = "NAME")]
    pub journeys: Vec<String>,

    /// Only SLOs of this owner.
    #[arg(long = "owner", value_name = "NAME")]
    pub owners: Vec<String>,

    /// Shows only those that stand like this: `hurting`, `draft`, `paging`, `exhausted`, `ticket`, `gone`, `stale`,
    /// `burning`, `no-data`, `no-traffic`, `mostly-excluded`, `warming-up`, `fine`, `removed`.
    #[arg(long, value_name = "STANDING", value_delimiter = ',')]
    pub only: Vec<Group>,

    /// Ends with 1 when a promise that was asked for stands like this, shown or not; with 3 when there is none at all, and
    /// with `hurting` also when an agreed one is `no-data`.
    #[arg(long, value_name = "STANDING", value_delimiter = ',')]
    pub fail_on: Vec<Group>,

    /// Says everything that is known of each promise.
    #[arg(long)]
    pub details: bool,

    /// Asks and draws anew at this interval until it is interrupted; while the engine does not answer the last view stays.
    #[arg(
        long,
        value_name = "INTERVAL",
        value_parser = time,
        num_args = 0..=1,
        default_missing_value = "15s",
        conflicts_with_all = ["json", "at", "fail_on"]
    )]
    pub watch: Option<Duration>,

    /// Writes one JSON document: docs/status.md says what is in it.
    #[arg(long)]
    pub json: bool,

    /// Writes a page of its own into this file, with burn-down charts; `-` is standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub html: Option<PathBuf>,

    /// How raw series say whose they are.
    #[arg(long, value_enum, default_value_t = Identity::Promoted)]
    pub identity: Identity,

    /// Where counts come from.
    #[arg(long, value_enum, default_value_t = Numbers::Auto)]
    pub numbers: Numbers,

    /// For how long a service that pushes nothing any more is told of as `gone`; up to a day it is `stale`.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "30d")]
    pub remember: Duration,

    /// Tells of this moment of the past instead of now.
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub at: Option<DateTime<Utc>>,
}

impl StatusArgs {
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            services: self.services.clone(),
            namespaces: self.namespaces.clone(),
            environments: self.environments.clone(),
            slos: self.slos.clone(),
            journeys: self.journeys.clone(),
            owners: self.owners.clone(),
        }
    }
}

/// Where counts come from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
#[non_exhaustive]
pub enum Numbers {
    /// The raw counters; what rules recorded, where the engine cannot add those up.
    #[default]
    Auto,
    /// The raw counters and nothing else.
    Raw,
    /// What rules recorded and nothing else: cheap for the engine, and up to five minutes old.
    Recorded,
}
