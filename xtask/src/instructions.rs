//! `cargo xtask instructions`: how many instructions the hot path takes, against a committed count.

mod baseline;
mod count;
mod verdict;

use std::io::{self, Write as _};

use crate::failure::Failure;
use baseline::{Baseline, Key};
use verdict::Verdict;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Writes what is counted now into the committed file
    #[arg(long)]
    bless: bool,
}

/// Counts, then compares or writes.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let program = e2e::build_bench_binary(MANIFEST, "instructions")?;
    let counts = count::all(&program)?;
    let key = Key::here()?;
    if args.bless {
        return Baseline { key, counts }.write();
    }
    let baseline = Baseline::read()?;
    let verdict = Verdict::new(&baseline, &key, &counts);
    write!(io::stdout().lock(), "{}", verdict.table()).map_err(Failure::Print)?;
    verdict.result().map_err(Failure::Instructions)
}

const MANIFEST: &str = "benches/Cargo.toml";
