//! Which engine to ask, and how to log in: the same for every command that asks one.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::time;

/// Which engine to ask.
///
/// Secrets come from a file or from the environment and never from the command line, where everybody on the machine could
/// read them.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct EngineArgs {
    /// The Prometheus-compatible engine: what stands before `/api/v1`.
    #[arg(
        long = "prometheus",
        value_name = "URL",
        env = "SLO_PROMETHEUS_URL",
        hide_env_values = true
    )]
    pub url: String,

    /// A header for each question, like `X-Scope-OrgID: team-a`; may be given several times.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,

    /// A file with a bearer token; else the variable SLO_PROMETHEUS_TOKEN.
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    pub bearer_token_file: Option<PathBuf>,

    /// The user of basic authentication; the password is in --password-file or the variable SLO_PROMETHEUS_PASSWORD.
    #[arg(long, value_name = "NAME", env = "SLO_PROMETHEUS_USER", hide_env_values = true)]
    pub user: Option<String>,

    /// A file with the password of --user.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,

    /// A file in PEM with the only certificates to trust; Mozilla's when left out.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// The time for one question, all tries together.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s")]
    pub timeout: Duration,

    /// How often a question is tried again when the engine cannot be reached or is overloaded.
    #[arg(long, value_name = "TIMES", default_value_t = 2)]
    pub retries: u32,
}
