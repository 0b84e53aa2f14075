//! The probes of a spec's synthetic SLOs: kits of `slo-health`, and the files that they are rendered to.

use std::collections::BTreeSet;

use slo_core::{Sli, Slo, SloSet, SyntheticSli};
use slo_health::probe::{ExporterAddress, ProbeKit, ProbeKitBuilder, ProbeKitError, ProbeKits, ProbeTarget, QuietTime};

use super::written_by;
use crate::args::usual_target;

/// Every mistake: of the command line, with the option, and of the spec, as `Source::refused` takes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refused {
    pub(crate) options: Vec<String>,
    pub(crate) spec: Vec<String>,
}

impl Refused {
    pub(crate) fn of_spec(mistake: String) -> Self {
        Self {
            spec: vec![mistake],
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.options.is_empty() && self.spec.is_empty()
    }
}

/// The probes of one service in one environment.
pub(crate) struct Probes<'a> {
    /// With the numbers of the environment.
    pub(crate) set: &'a SloSet,
    pub(crate) environment: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) module: &'a str,
    pub(crate) targets: Vec<ProbeTarget>,
}

impl Probes<'_> {
    /// A kit for each SLO that a probe feeds, with what more is given for all of them; or every mistake.
    pub(crate) fn kits(&self, given: impl Fn(ProbeKitBuilder) -> ProbeKitBuilder) -> Result<ProbeKits, Refused> {
        let slos: Vec<_> = synthetic(self.set).map(|(slo, _)| slo).collect();
        let start = || given(self.of_targets(self.builder()));
        // What is given for all is looked at once; and each SLO apart from what is wrong with that, so that no mistake hides
        // another.
        let options = self.of_options(&start());
        let alone = |slo: &Slo| match options.is_empty() {
            true => start().slo(slo).build().err(),
            false => self.jobless(slo),
        };
        let spec = slos
            .iter()
            .filter_map(|slo| alone(slo).map(|error| of_slo(slo, &error)));
        let none = slos.is_empty().then(|| self.none());
        let refused = Refused {
            spec: spec.chain(none).collect(),
            options,
        };
        if !refused.is_empty() {
            return Err(refused);
        }
        together(slos.iter().map(|slo| start().slo(slo)))
    }

    /// Every mistake of the options, each once, whatever SLOs it is for.
    fn of_options(&self, given: &ProbeKitBuilder) -> Vec<String> {
        let mut mistakes = given.mistakes();
        for path in synthetic(self.set).map(|(_, sli)| sli.path()).collect::<BTreeSet<_>>() {
            let targets = self.of_targets(ProbeKit::builder(self.set.service())).path(path);
            let twice = |mistake: &ProbeKitError| matches!(mistake, ProbeKitError::PathTwice { .. });
            mistakes.extend(targets.mistakes().into_iter().filter(twice));
        }
        let mut options: Vec<String> = Vec::new();
        for option in mistakes.iter().map(of_option) {
            if !options.contains(&option) {
                options.push(option);
            }
        }
        options
    }

    /// What is wrong with an SLO whatever is probed, how often and by which module.
    fn jobless(&self, slo: &Slo) -> Option<ProbeKitError> {
        let anywhere = ProbeTarget::new(usual_target("service")).ok()?;
        let error = ProbeKit::builder(self.set.service())
            .target(anywhere)
            .slo(slo)
            .build()
            .err()?;
        (!matches!(error, ProbeKitError::TooFewProbes { .. })).then_some(error)
    }

    /// The same without what rules need: an SLO of any window has a job and probes.
    pub(crate) fn jobs(&self, given: impl Fn(ProbeKitBuilder) -> ProbeKitBuilder) -> Result<Vec<ProbeKit>, Refused> {
        let start = || given(self.of_targets(self.builder()));
        let builders = synthetic(self.set).map(|(slo, sli)| start().path(sli.path()).slo_name(slo.name()));
        let builders: Vec<_> = builders.collect();
        if builders.is_empty() {
            return Ok(Vec::new());
        }
        let options = self.of_options(&start());
        if !options.is_empty() {
            return Err(Refused {
                options,
                ..Refused::default()
            });
        }
        Ok(together(builders)?.kits().to_vec())
    }

    fn builder(&self) -> ProbeKitBuilder {
        let builder = ProbeKit::builder(self.set.service())
            .environment(self.environment)
            .module_name(self.module);
        self.namespace.into_iter().fold(builder, ProbeKitBuilder::namespace)
    }

    fn of_targets(&self, builder: ProbeKitBuilder) -> ProbeKitBuilder {
        self.targets.iter().cloned().fold(builder, ProbeKitBuilder::target)
    }

    fn none(&self) -> String {
        format!(
            "no SLO of `{}` is fed by a probe; write one with `sli: {{ synthetic: {{ path: /synthetic/health }} }}`, the path \
             of a health endpoint",
            self.set.service()
        )
    }
}

/// These targets, or else the service by its name.
pub(crate) fn targets(given: &[ProbeTarget], service: &str) -> Result<Vec<ProbeTarget>, ProbeKitError> {
    if given.is_empty() {
        Ok(vec![ProbeTarget::new(usual_target(service))?])
    } else {
        Ok(given.to_vec())
    }
}

/// The SLOs that probes feed, in the spec's order.
pub(crate) fn synthetic(set: &SloSet) -> impl Iterator<Item = (&Slo, &SyntheticSli)> {
    set.slos().iter().filter_map(|slo| match slo.sli() {
        Sli::Synthetic(sli) => Some((slo, sli)),
        _ => None,
    })
}

fn together(builders: impl IntoIterator<Item = ProbeKitBuilder>) -> Result<ProbeKits, Refused> {
    let kits: Result<Vec<_>, _> = builders.into_iter().map(ProbeKitBuilder::build).collect();
    kits.and_then(ProbeKits::new)
        .map_err(|error| Refused::of_spec(said(&error)))
}

/// The option that is wrong, and why.
fn of_option(error: &ProbeKitError) -> String {
    let option = match error {
        ProbeKitError::Label { .. }
        | ProbeKitError::EmptyLabel { .. }
        | ProbeKitError::DuplicateTarget(_)
        | ProbeKitError::PathTwice { .. } => "--target",
        ProbeKitError::Interval { .. } => "--interval",
        ProbeKitError::ScrapeTimeout { .. } => "--scrape-timeout",
        ProbeKitError::Timeouts { .. } => "--deadline, --module-timeout, --scrape-timeout",
        ProbeKitError::Wait { .. } => "--page-after, --ticket-after",
        ProbeKitError::Code { .. } | ProbeKitError::CodeTwice { .. } => "--code",
        ProbeKitError::Header { .. } | ProbeKitError::HeaderTwice(_) | ProbeKitError::SecretHeader { .. } => "--header",
        ProbeKitError::Module { .. } => "--module",
        _ => "the command line",
    };
    format!("{option}: {}", said(error))
}

/// The key of the SLO that is wrong, and why, as `Source::refused` takes it.
fn of_slo(slo: &Slo, error: &ProbeKitError) -> String {
    let key = match error {
        ProbeKitError::CalendarWindow(_) => ".window",
        ProbeKitError::TimeSlices(_) => ".sli.time_slices",
        ProbeKitError::TooFewProbes { .. } => ".alerts.minimum_bad_events",
        _ => "",
    };
    format!("slos.{}{key}: {}", slo.name(), said(error))
}

/// The error with the words of the command line.
fn said(error: &ProbeKitError) -> String {
    match error {
        ProbeKitError::SecretHeader { name } => format!(
            "the header `{name}` holds a secret; put it into a file, and write --password-file or --bearer-token-file"
        ),
        other => other.to_string(),
    }
}

/// When nobody is told, and who it is that is not.
pub(crate) struct Quiet<'a> {
    pub(crate) receiver: &'a str,
    pub(crate) times: &'a [QuietTime],
}

/// Every file: its name and its content, the same bytes each time.
pub(crate) fn files(
    kits: &ProbeKits,
    exporter: &ExporterAddress,
    quiet: Option<&Quiet<'_>>,
) -> Result<Vec<(String, String)>, ProbeKitError> {
    let files = [
        ("blackbox.yml", kits.blackbox_config()),
        ("scrape.yml", kits.scrape_config(exporter)),
        ("recording.yml", kits.recording_rules()),
        ("alerting.yml", kits.alerting_rules()),
        ("alertmanager.yml", alertmanager(kits, quiet)?),
    ];
    let named = |(name, text): (&str, String)| (name.to_owned(), format!("# {}\n{text}", written_by("probes")));
    Ok(files.into_iter().map(named).collect())
}

/// What is not told while its cause is; and when nothing is told, where that was said. Keys of one document.
fn alertmanager(kits: &ProbeKits, quiet: Option<&Quiet<'_>>) -> Result<String, ProbeKitError> {
    let mut text = kits.inhibition_config();
    if let Some(quiet) = quiet {
        text.push_str(&kits.mute_config(quiet.receiver, quiet.times)?);
    }
    Ok(text)
}
