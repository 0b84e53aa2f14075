//! `cargo xtask servers`

use std::io::{self, Write as _};

use crate::failure::Failure;

/// Fetches what is missing, then prints where each binary is.
pub(crate) fn run() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for (binary, path) in e2e::ensure_servers()? {
        writeln!(out, "{:<29} {}", binary.name(), path.display()).map_err(Failure::Print)?;
    }
    Ok(())
}
