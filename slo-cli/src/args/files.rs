//! What commands share that write files from a spec into a folder.

use std::path::PathBuf;

/// A spec, a folder, and whether to write into it.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct Files {
    /// The spec of the service; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub file: PathBuf,

    /// The folder for the files; made when it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Writes nothing, and says which files in the folder are out of date.
    #[arg(long)]
    pub check: bool,
}
