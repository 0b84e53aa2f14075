//! The harness of the end-to-end tests: fetches the real servers, starts and ends them, and asks them in `PromQL`.
//!
//! ```ignore
//! let store = VictoriaMetrics::start()?;
//! let mut service = Launch::package("real-estate")?
//!     .env("OTEL_EXPORTER_OTLP_ENDPOINT", store.otlp_endpoint())
//!     .start()?;
//! let base = service.line(PATIENCE, |line| line.strip_prefix("listening on ").map(str::to_owned))?;
//! // .. drive it ..
//! service.stop(PATIENCE)?;
//! let total = eventually(PATIENCE, || Ok(store.prom().scalar("sum(slo_events_total)")?))?;
//! ```
//!
//! - [`ensure_servers`] unpacks the servers' Debian packages below `target/`, once; nothing is installed.
//! - [`Places`] finds each binary: the folder in `SLO_SERVERS_DIR`, then that cache, then `PATH`. A missing one is an
//!   error that names it and says what to do, never a skipped test.
//! - [`Python`] runs checkers that exist as Python packages, installed below `target/`.
//! - [`VictoriaMetrics`], [`VmAgent`], [`VmAlert`], [`Prometheus`], [`Alertmanager`] and [`BlackboxExporter`] listen on
//!   127.0.0.1 only, keep their data in a temporary folder, and are ended by process id when dropped.
//! - [`past::Past`] makes months of series for engines that begin empty.
//! - [`eventually`] waits for a condition with a deadline; a pause proves nothing.
//!
//! Servers are ended when their handles are dropped, in a test that fails as well. A test process that a signal ends
//! (Ctrl-C, SIGKILL) drops nothing and leaves them behind.

mod apt;
mod cargo;
mod catalogue;
mod fetch;
mod http;
mod instance;
mod launch;
mod lookup;
mod oldest_rustc;
mod outcome;
pub mod past;
mod port;
mod process;
mod prom;
mod python;
mod relocate;
mod server;
mod temp;
mod tool;
mod wait;
mod workspace;

pub use cargo::{BuildError, build_bench_binary, build_binary, build_release_binary};
pub use catalogue::Binary;
pub use fetch::{FetchError, ensure_servers};
pub use http::{Http, HttpError, Reply};
pub use instance::{Instance, PATIENCE, Totals};
pub use launch::{Launch, LaunchError, Service};
pub use lookup::{MissingBinaries, Places};
pub use oldest_rustc::ensure_oldest_rustc;
pub use outcome::{Failure, Outcome};
pub use port::{Port, free_port};
pub use process::{Process, ProcessError};
pub use prom::{Prom, PromError, Sample};
pub use python::{Python, PythonError};
pub use server::{Alertmanager, BlackboxExporter, Prometheus, Server, StartError, VictoriaMetrics, VmAgent, VmAlert};
pub use temp::TempDir;
pub use tool::run_tool;
pub use wait::{TimedOut, eventually};
pub use workspace::workspace_root;
