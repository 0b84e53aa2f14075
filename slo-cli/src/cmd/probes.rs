//! `slo probes`: what Blackbox exporter, Prometheus and Alertmanager need for the synthetic SLOs of a spec.

use std::io::Read;

use slo_core::{Link, SloSet};
use slo_health::probe::{ProbeCodes, ProbeKitBuilder, ProbeKitError};

use super::check::Source;
use super::{Answer, folder};
use crate::args::ProbesArgs;
use crate::exit::Exit;
use crate::render::probes::{Probes, Quiet, Refused, files, synthetic, targets};

/// Runs the command: writes the files, compares them with what is in the folder, or prints one.
///
/// # Examples
///
/// ```
/// use clap::Parser as _;
/// use slo_cli::args::{Args, Command};
/// use slo_cli::cmd::probes;
/// use slo_cli::exit::Exit;
///
/// let run = |spec: &str| {
///     let words = ["slo", "probes", "-", "--target", "https://shop.example", "--print", "scrape.yml"];
///     let Command::Probes(args) = Args::parse_from(words).command else { unreachable!() };
///     probes::run(&args, &mut spec.as_bytes())
/// };
/// let slo = "objective: 99%, window: 30d, sli: { synthetic: { path: /stock/health } }";
/// let scrape = run(&format!("{{ version: 1, service: shop, slos: [{{ name: stock, {slo} }}] }}"));
/// assert!(scrape.out.contains("job_name: slo-health/shop/production/stock\n"));
/// assert!(scrape.out.contains("- https://shop.example/stock/health\n"));
///
/// let none = run("{ version: 1, service: shop, slos: [{ name: a, objective: 99%, window: 1d, sli: { events: { of: a } } }] }");
/// assert_eq!(none.exit, Exit::Usage);
/// assert!(none.err.contains("no SLO of `shop` is fed by a probe"));
/// ```
pub fn run(args: &ProbesArgs, stdin: &mut impl Read) -> Answer {
    let source = Source::read(&args.files.file, stdin);
    let set = match source.understood_in(Some(&args.probed.environment)) {
        Ok(set) => set,
        Err(mistakes) => return Answer::complaint(Exit::Usage, mistakes),
    };
    match written(args, &set) {
        Ok((files, jobs)) => {
            let is_headed = folder::is_headed("probes");
            // Settings look for the files of several services in one folder.
            let is_ours = |beginning: &str| is_headed(beginning) && beginning.contains(&jobs);
            let mut answer = folder::answer(&args.files, &files, &is_ours);
            answer.err.insert_str(0, &notes(&source.file, &set));
            answer
        }
        Err(refused) => complaint(&source, &args.probed.environment, refused),
    }
}

/// Every mistake, those of the command line first.
pub(super) fn complaint(source: &Source, environment: &str, refused: Refused) -> Answer {
    let placed = source.refused(Some(environment), &refused.spec);
    let all = refused.options.into_iter().chain([placed]);
    let all: Vec<_> = all.filter(|text| !text.is_empty()).collect();
    Answer::complaint(Exit::Usage, all.join("\n"))
}

/// The files, and what the names of their jobs begin with; or every mistake.
fn written(args: &ProbesArgs, set: &SloSet) -> Result<(folder::Files, String), Refused> {
    let told = |error: ProbeKitError| Refused::of_spec(error.to_string());
    let probes = Probes {
        set,
        environment: &args.probed.environment,
        namespace: args.probed.namespace.as_deref(),
        module: &args.probed.module,
        targets: targets(&args.targets, set.service()).map_err(told)?,
    };
    let kits = probes.kits(|builder| given(args, builder))?;
    let quiet = args.receiver.as_ref().map(|receiver| Quiet {
        receiver,
        times: &args.quiet,
    });
    let files = files(&kits, &args.probed.exporter, quiet.as_ref()).map_err(told)?;
    let first = kits
        .kits()
        .first()
        .map(|kit| kit.job().trim_end_matches(|sign| sign != '/'));
    Ok((files, first.unwrap_or_default().to_owned()))
}

/// What the arguments say of all kits.
fn given(args: &ProbesArgs, builder: ProbeKitBuilder) -> ProbeKitBuilder {
    let pace = args.pace;
    let codes = args.codes.iter();
    let builder = pace
        .times
        .of_kit(builder)
        .page_after(pace.page_after)
        .ticket_after(pace.ticket_after)
        .codes(codes.fold(ProbeCodes::default(), |codes, (state, code)| codes.with(*state, *code)))
        .access(args.access.of_kit());
    let runbook = args.runbook.iter().map(Link::as_str);
    runbook.fold(builder, ProbeKitBuilder::runbook)
}

/// What holds for the service's own events and not for probes.
fn notes(file: &str, set: &SloSet) -> String {
    let excluded = synthetic(set).filter(|(slo, _)| !slo.exclusions().is_empty());
    let lines = excluded.map(|(slo, _)| {
        format!(
            "{file}: slos.{}: probes know no planned times (`exclude`), and count what they find then; --quiet keeps people \
             from being told\n",
            slo.name()
        )
    });
    lines.collect()
}
