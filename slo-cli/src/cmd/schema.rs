//! `slo schema`: the form of a spec, as a JSON Schema or as a manual.

use super::Answer;
use crate::args::{SchemaArgs, SchemaFormat};
use crate::render::{manual, schema};

/// Runs the command: a JSON Schema or Markdown for standard output, the same at every run.
///
/// # Examples
///
/// ```
/// use clap::Parser as _;
/// use slo_cli::args::SchemaArgs;
/// use slo_cli::cmd::schema;
///
/// let answer = schema::run(&SchemaArgs::parse_from(["schema"]));
/// assert!(answer.out.contains("https://json-schema.org/draft/2020-12/schema"));
/// let answer = schema::run(&SchemaArgs::parse_from(["schema", "--format", "text"]));
/// assert!(answer.out.starts_with("# The spec"));
/// ```
pub fn run(args: &SchemaArgs) -> Answer {
    Answer::of(match args.format {
        SchemaFormat::Json => schema::of_the_spec(),
        SchemaFormat::Text => manual::of_the_spec(),
    })
}
