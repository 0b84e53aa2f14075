//! What the tool `slo` does, for programs to call: each command takes its arguments and answers with texts and an exit
//! code; only `main.rs` prints.
//!
//! # Quick start
//!
//! ```
//! use slo_cli::cmd::check;
//! use slo_cli::exit::Exit;
//!
//! let spec = r#"
//! version: 1
//! service: real-estate
//! slos:
//!   - name: browse-availability
//!     objective: 99.9%
//!     window: 30d
//!     sli: { http: { routes: ["/listings"] } }
//! "#;
//! let warnings = check::Warnings::all();
//! let answer = check::text([check::Source::new("slo.yaml", spec)], &warnings);
//! assert_eq!(answer.exit, Exit::Pass);
//! assert!(answer.out.contains("0.1% = 43m12s of full outage per 30d"));
//! assert!(answer.err.contains("[no-promise]"));
//!
//! let answer = check::text([check::Source::new("slo.yaml", spec.replace("99.9%", "100%"))], &warnings);
//! assert_eq!(answer.exit, Exit::Usage);
//! assert!(answer.err.starts_with("slo.yaml:6:16: slos[0].objective (browse-availability): a target of 100% leaves no"));
//! ```
//!
//! # Modules
//!
//! - [`args`]: the command line.
//! - [`cmd`]: one module per command.
//! - [`doctor`]: what is wrong on the way from the process to the pager.
//! - [`exit`]: the exit codes.
//! - [`gate`]: what an engine knows, as evidence for a verdict.
//! - [`prom`]: asking a Prometheus-compatible engine.
//! - [`rule_window`]: a window that rules are written for.
//! - [`status`]: what an engine knows of all promises.
//! - [`web`]: fetching pages of others.

pub mod args;
pub mod cmd;
pub mod doctor;
pub mod exit;
mod file_lock;
pub mod gate;
pub mod prom;
mod render;
pub mod rule_window;
pub mod status;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod test_words;
pub mod web;
