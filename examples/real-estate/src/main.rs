//! A small real-estate service, the kind a team would run, whose promises (`slo.yaml`) are measured while it serves.
//!
//! ```text
//! cargo run --release -p real-estate -- --demo    # drives itself: watch an error budget burn and recover
//! cargo run --release -p real-estate              # serves until SIGTERM or Ctrl-C
//! ```
//!
//! Needs nothing around it. With `OTEL_EXPORTER_OTLP_ENDPOINT` set it pushes its metrics there as well.
//! Exit codes: 0 stopped as asked, 1 could not run, 2 wrong usage or wrong `slo.yaml`.

mod app;
mod args;
mod demo;
mod error;
mod faults;
mod freshness;
mod jobs;
mod output;
mod report;
mod routes;
mod service;
mod shutdown;
mod store;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    output::log_to_stderr(args.demo);
    match service::run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            error.exit_code()
        }
    }
}
