//! From targets, times and an SLO to a checked [`ProbeKit`].

use std::{collections::HashSet, time::Duration};

use slo_core::{Sli, Slo, SyntheticSli};

use super::{
    ProbeKit,
    access::ProbeAccess,
    codes::ProbeCodes,
    error::ProbeKitError,
    labels::{self, Identity, Labels},
    promise::{Promise, Told},
    target::ProbeTarget,
    timing::Given,
};

/// Collects what a [`ProbeKit`] is made of; [`build`](Self::build) checks the whole.
///
/// ```
/// use std::time::Duration;
///
/// use slo_health::probe::{ProbeKit, ProbeKitError, ProbeTarget};
///
/// let kit = |deadline| {
///     ProbeKit::builder("real-estate")
///         .path("/synthetic/health")
///         .target(ProbeTarget::new("https://real-estate.example")?)
///         .deadline(deadline)
///         .build()
/// };
/// assert_eq!(kit(Duration::from_secs(5))?.module_timeout(), Duration::from_millis(7_250));
/// // An exporter that gives up first would read a check that timed out as a service that hangs.
/// assert!(matches!(kit(Duration::from_secs(10)), Err(ProbeKitError::Timeouts { .. })));
/// # Ok::<(), ProbeKitError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is checked before `build`"]
pub struct ProbeKitBuilder {
    service: String,
    namespace: Option<String>,
    environment: Option<String>,
    targets: Vec<ProbeTarget>,
    path: Option<String>,
    labels: Labels,
    given: Given,
    codes: ProbeCodes,
    access: ProbeAccess,
    module: String,
    slo: Option<Slo>,
    slo_name: Option<String>,
    page_after: Duration,
    ticket_after: Duration,
    runbook: Option<String>,
}

impl ProbeKitBuilder {
    pub(super) fn new(service: String) -> Self {
        Self {
            service,
            namespace: None,
            environment: None,
            targets: Vec::new(),
            path: None,
            labels: Labels::new(),
            given: Given::default(),
            codes: ProbeCodes::default(),
            access: ProbeAccess::new(),
            module: "freshness".to_owned(),
            slo: None,
            slo_name: None,
            page_after: Duration::from_secs(120),
            ticket_after: Duration::from_secs(600),
            runbook: None,
        }
    }

    /// The service's namespace, as in its telemetry's `service.namespace`.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..self
        }
    }

    /// The environment, as in its telemetry's `deployment.environment.name`.
    pub fn environment(self, environment: impl Into<String>) -> Self {
        Self {
            environment: Some(environment.into()),
            ..self
        }
    }

    /// Adds an instance or entrance to probe. Each probe of each target is one event of the SLO.
    pub fn target(mut self, target: ProbeTarget) -> Self {
        self.targets.push(target);
        self
    }

    /// The endpoint's path; that of the SLO when never called.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self {
            path: Some(path.into()),
            ..self
        }
    }

    /// A label for the series of every target; a target's own of the same name wins.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// How often each target is probed, from 1 s to 120 s; 30 s when never called.
    pub fn interval(self, interval: Duration) -> Self {
        let given = Given { interval, ..self.given };
        Self { given, ..self }
    }

    /// After what a scrape of the exporter is given up, at most the interval; 10 s when never called.
    pub fn scrape_timeout(self, scrape_timeout: Duration) -> Self {
        let given = Given {
            scrape_timeout,
            ..self.given
        };
        Self { given, ..self }
    }

    /// After what the exporter gives up a target: longer than the deadline, and shorter than the scrape timeout by more
    /// than the 0.5 s that the exporter keeps for itself. In the middle of the two when never called.
    pub fn module_timeout(self, module_timeout: Duration) -> Self {
        let module_timeout = Some(module_timeout);
        let given = Given {
            module_timeout,
            ..self.given
        };
        Self { given, ..self }
    }

    /// Within what the service answers every request; 5 s when never called, as the health endpoint's own default.
    pub fn deadline(self, deadline: Duration) -> Self {
        let given = Given { deadline, ..self.given };
        Self { given, ..self }
    }

    /// The status codes that the service answers with, where they are not the usual ones.
    pub fn codes(self, codes: ProbeCodes) -> Self {
        Self { codes, ..self }
    }

    /// What a probe must show to be let in.
    pub fn access(self, access: ProbeAccess) -> Self {
        Self { access, ..self }
    }

    /// The name of the exporter's module for freshness alone, `freshness` when never called; the other one has
    /// `_answered` appended. For kits in one exporter whose times or headers differ.
    pub fn module_name(self, module: impl Into<String>) -> Self {
        Self {
            module: module.into(),
            ..self
        }
    }

    /// The freshness SLO: its name, objective, window and promise, what being down counts as, whom its alerts tell, and
    /// their labels and links.
    pub fn slo(self, slo: &Slo) -> Self {
        Self {
            slo: Some(slo.clone()),
            ..self
        }
    }

    /// The name of an SLO whose promise other rules keep: only its name is known here, for the job and its series.
    /// [`slo`](Self::slo) has the name with it.
    pub fn slo_name(self, name: impl Into<String>) -> Self {
        Self {
            slo_name: Some(name.into()),
            ..self
        }
    }

    /// How long a target is down before somebody is paged, from 1 s to 24 h; 2 min when never called.
    pub fn page_after(self, page_after: Duration) -> Self {
        Self { page_after, ..self }
    }

    /// How long it lasts before a ticket is written, from 1 s to 24 h; 10 min when never called.
    pub fn ticket_after(self, ticket_after: Duration) -> Self {
        Self { ticket_after, ..self }
    }

    /// Where people read what to do, a link in every alert; that of the SLO when never called.
    pub fn runbook(self, url: impl Into<String>) -> Self {
        Self {
            runbook: Some(url.into()),
            ..self
        }
    }

    /// What is wrong whatever the SLO is: times, codes, access, names and targets, each mistake of them; of times that do not
    /// fit one another, and of codes, the first. With a [`path`](Self::path), targets that have it already. Empty where
    /// [`build`](Self::build) would find none of them.
    #[must_use]
    pub fn mistakes(&self) -> Vec<ProbeKitError> {
        let mut mistakes: Vec<_> = self.given.check().err().into_iter().collect();
        mistakes.extend(self.codes.check().err());
        mistakes.extend(self.access.mistakes());
        self.look_at_words(&mut mistakes);
        self.look_at_targets(&mut mistakes);
        let path = self.path.as_deref().unwrap_or_default();
        mistakes.extend(self.path_twice(path));
        mistakes
    }

    /// Checks the whole.
    ///
    /// # Errors
    ///
    /// The first mistake found; see [`ProbeKitError`].
    pub fn build(self) -> Result<ProbeKit, ProbeKitError> {
        let timing = self.given.check()?;
        if let Some(mistake) = self.mistakes().into_iter().next() {
            return Err(mistake);
        }
        let sli = self.slo.as_ref().map(synthetic).transpose()?;
        let path = self.path_to_probe(sli)?;
        if let Some(mistake) = self.path_twice(&path).into_iter().next() {
            return Err(mistake);
        }
        let told = Told::of(self.slo.as_ref());
        let runbook = self.slo.as_ref().and_then(Slo::runbook_link);
        let runbook = runbook.map(|link| link.as_str().to_owned());
        let promise = match (&self.slo, sli) {
            (Some(slo), Some(sli)) => {
                let promise = Promise::new(slo, sli, timing.interval)?;
                promise.check_minimum(slo.name(), self.targets.len(), timing.interval)?;
                Some(promise)
            }
            _ => None,
        };
        let identity = Identity {
            service: self.service,
            namespace: self.namespace,
            environment: self.environment,
            slo: self.slo.map(|slo| slo.name().to_owned()).or(self.slo_name),
        };
        identity.check()?;
        let job = identity.job(&path);
        Ok(ProbeKit {
            source: job.clone(),
            job,
            identity,
            targets: self.targets,
            path,
            labels: self.labels,
            timing,
            codes: self.codes,
            access: self.access,
            module: self.module,
            promise,
            told,
            page_after: self.page_after,
            ticket_after: self.ticket_after,
            runbook: self.runbook.or(runbook),
        })
    }

    fn look_at_words(&self, mistakes: &mut Vec<ProbeKitError>) {
        let begins = self.module.starts_with(|sign: char| sign.is_ascii_alphabetic());
        let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !begins || !self.module.bytes().all(goes_on) {
            mistakes.push(ProbeKitError::Module {
                given: self.module.clone(),
            });
        }
        for given in [self.page_after, self.ticket_after] {
            if !(SHORTEST_WAIT..=LONGEST_WAIT).contains(&given) {
                mistakes.push(ProbeKitError::Wait { given });
            } else if given.subsec_nanos() % 1_000_000 != 0 {
                mistakes.push(ProbeKitError::NotMilliseconds { given });
            }
        }
    }

    fn look_at_targets(&self, mistakes: &mut Vec<ProbeKitError>) {
        if self.targets.is_empty() {
            mistakes.push(ProbeKitError::NoTargets);
        }
        mistakes.extend(labels::check(&self.labels).err());
        let mut seen = HashSet::new();
        for target in &self.targets {
            mistakes.extend(labels::check(target.own_labels()).err());
            if !seen.insert(target.base()) {
                mistakes.push(ProbeKitError::DuplicateTarget(target.base().to_owned()));
            }
        }
    }

    /// Targets that have the path in their own.
    fn path_twice(&self, path: &str) -> Vec<ProbeKitError> {
        let twice = self.targets.iter().filter(|target| target.has_path(path));
        let told = twice.map(|target| ProbeKitError::PathTwice {
            given: target.base().to_owned(),
            path: path.to_owned(),
        });
        told.collect()
    }

    fn path_to_probe(&self, sli: Option<&SyntheticSli>) -> Result<String, ProbeKitError> {
        let path = match (&self.path, sli) {
            (Some(path), Some(sli)) if path != sli.path() => {
                return Err(ProbeKitError::OtherPath {
                    path: path.clone(),
                    slo: self.slo.as_ref().map_or("", Slo::name).to_owned(),
                    slos: sli.path().to_owned(),
                });
            }
            (Some(path), _) => path.as_str(),
            (None, Some(sli)) => sli.path(),
            (None, None) => return Err(ProbeKitError::NoPath),
        };
        // An SLO that is in no set yet was not checked either.
        if SyntheticSli::is_path(path) {
            Ok(path.to_owned())
        } else {
            Err(ProbeKitError::Path { given: path.to_owned() })
        }
    }
}

fn synthetic(slo: &Slo) -> Result<&SyntheticSli, ProbeKitError> {
    match slo.sli() {
        Sli::Synthetic(sli) => Ok(sli),
        _ => Err(ProbeKitError::NotSynthetic(slo.name().to_owned())),
    }
}

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
