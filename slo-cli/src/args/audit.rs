//! Arguments of `slo gate audit`.

use std::path::PathBuf;

use clap::Parser;

/// Arguments of `slo gate audit`.
#[derive(Clone, Debug, Parser)]
#[command(after_help = "Examples:
  slo gate audit gate.audit                                is every record the one that was written?
  slo gate audit gate.audit --expect-head 4f2a9c1...       and is the one that was announced still there?

Exit codes: 0 nothing was altered, 1 something was, 2 wrong usage, 3 the file cannot be read or the answer not written")]
#[non_exhaustive]
pub struct AuditArgs {
    /// The audit file of `slo gate --audit`; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The hash of a record that was announced, which must be in the file: it shows whether the end was cut off.
    #[arg(long, value_name = "HASH")]
    pub expect_head: Option<String>,
}
