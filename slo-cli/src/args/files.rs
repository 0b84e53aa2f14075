//! What commands share that write files from a spec into a folder.

use std::path::PathBuf;

/// A spec, and what becomes of the files that follow from it.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct Files {
    /// The spec of the service; `-` is standard input.
    #[arg(value_name = "FILE", default_value = "slo.yaml")]
    pub file: PathBuf,

    /// The folder for the files; made when it is not there.
    #[arg(long, value_name = "DIR", required_unless_present = "print")]
    pub out: Option<PathBuf>,

    /// Writes nothing, and says which files in the folder are out of date.
    #[arg(long)]
    pub check: bool,

    /// Writes one of the files to standard output instead, by its name in the folder.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["out", "check"])]
    pub print: Option<String>,
}
