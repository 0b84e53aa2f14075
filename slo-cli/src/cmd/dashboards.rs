//! `slo dashboards`: Grafana dashboards from a spec, or for a whole fleet without one.

use std::io::Read;

use super::check::Source;
use super::{Answer, folder};
use crate::args::DashboardsArgs;
use crate::exit::Exit;
use crate::render::dashboard::{self, Scope};
use crate::render::promql::MOST_QUERY_BYTES;

/// Runs the command: writes the dashboards, or compares them with what is in the folder.
///
/// # Examples
///
/// ```
/// use clap::Parser as _;
/// use slo_cli::args::{Args, Command};
/// use slo_cli::cmd::dashboards;
/// use slo_cli::exit::Exit;
///
/// let folder = std::env::temp_dir().join(format!("slo-dashboards-{}", std::process::id()));
/// let folder = folder.to_string_lossy();
/// let run = |more: &[&str]| {
///     let words = ["slo", "dashboards", "--fleet", "--out", &folder];
///     let Command::Dashboards(args) = Args::parse_from(words.iter().chain(more)).command else { unreachable!() };
///     dashboards::run(&args, &mut std::io::empty())
/// };
/// assert_eq!(run(&["--check"]).exit, Exit::Refused); // nothing is there yet
/// assert_eq!(run(&[]).exit, Exit::Pass);
/// assert_eq!(run(&["--check"]).exit, Exit::Pass);
/// # std::fs::remove_dir_all(&*folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn run(args: &DashboardsArgs, stdin: &mut impl Read) -> Answer {
    if args.fleet {
        return render(args, &Scope::fleet(&args.datasource_variable, args.source));
    }
    match Source::read(&args.files.file, stdin).understood() {
        Ok(set) => render(args, &Scope::service(&set, &args.datasource_variable, args.source)),
        Err(mistakes) => Answer::complaint(Exit::Usage, mistakes),
    }
}

/// What VictoriaMetrics takes of a query. An eighth is left to the names that are chosen at the top of a page, which may be
/// longer than those of the variables.
const MOST_BYTES: usize = MOST_QUERY_BYTES / 8 * 7;

fn render(args: &DashboardsArgs, scope: &Scope<'_>) -> Answer {
    let bytes = dashboard::longest_query(scope);
    if bytes > MOST_BYTES {
        let why = format!(
            "budgets over {} different windows are asked of the counters in a query of {bytes} bytes, and engines take \
             {MOST_BYTES} with room for names; install rules and leave `--source raw` out, or write fewer windows",
            scope.source.windows.len()
        );
        return Answer::complaint(Exit::Usage, why);
    }
    match dashboard::render(scope) {
        Ok(files) => folder::answer(&args.files, &files, &|beginning| scope.is_page(beginning)),
        Err(error) => Answer::complaint(
            Exit::NoAnswer,
            format!("a dashboard cannot be written as JSON: {error}"),
        ),
    }
}
