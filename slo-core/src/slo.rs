//! The promise: one SLO, and all of a service's together.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

#[cfg(feature = "calendar")]
use crate::Exclusion;
use crate::classify::DEFAULT_PATIENCE;
use crate::composite::{self, CompositeError, CompositeSli};
use crate::environment::check_environment;
use crate::gate::GateRules;
use crate::route::check_service;
use crate::similar::distance;
use crate::{
    Alerting, AlertsKind, Environment, HttpSli, LabelError, Labels, Link, METHODS, Patience, Sli, SloOverride, Target,
    Threshold, Tick, TimeSlices, Window, names,
};

/// Whether a promise is in force.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Status {
    /// Measured, but nobody is woken and no deploy is stopped.
    #[default]
    Draft,
    /// Its owner stands by it.
    Agreed,
}

impl Status {
    /// The status as a spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Agreed => "agreed",
        }
    }
}

/// One promise: what is measured, which share must be good, over which window, and who answers for it.
///
/// # Examples
///
/// ```
/// use slo_core::{HttpSli, Slo, Window};
///
/// let slo = Slo::new("browse-availability", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?)
///     .promise("Anyone can look at listings at any time.")
///     .owner("search-team");
/// assert_eq!(slo.name(), "browse-availability");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Slo {
    name: String,
    sli: Sli,
    slices: Option<TimeSlices>,
    target: Target,
    window: Window,
    promise: Option<String>,
    journey: Option<String>,
    owner: Option<String>,
    status: Status,
    agreed_on: Option<NaiveDate>,
    labels: Labels,
    runbook: Option<Link>,
    dashboard: Option<Link>,
    alerting: Option<Alerting>,
    #[cfg(feature = "calendar")]
    exclusions: Vec<Exclusion>,
}

impl Slo {
    /// An SLO in status [`Status::Draft`]. Its name is checked when it joins a [`SloSet`].
    pub fn new(name: impl Into<String>, sli: impl Into<Sli>, target: Target, window: Window) -> Self {
        Self {
            name: name.into(),
            sli: sli.into(),
            slices: None,
            target,
            window,
            promise: None,
            journey: None,
            owner: None,
            status: Status::default(),
            agreed_on: None,
            labels: Labels::new(),
            runbook: None,
            dashboard: None,
            alerting: None,
            #[cfg(feature = "calendar")]
            exclusions: Vec::new(),
        }
    }

    /// Judges it by slices of time: the target is then the share of slices that must be good.
    pub fn in_time_slices(self, slices: TimeSlices) -> Self {
        Self {
            slices: Some(slices),
            ..self
        }
    }

    /// The promise in one sentence, for people.
    pub fn promise(self, sentence: impl Into<String>) -> Self {
        Self {
            promise: Some(sentence.into()),
            ..self
        }
    }

    /// The user journey that it belongs to.
    pub fn journey(self, journey: impl Into<String>) -> Self {
        Self {
            journey: Some(journey.into()),
            ..self
        }
    }

    /// Who answers for it.
    pub fn owner(self, owner: impl Into<String>) -> Self {
        Self {
            owner: Some(owner.into()),
            ..self
        }
    }

    /// Puts it in force, or back into draft.
    pub fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    /// The day it was agreed.
    pub fn agreed_on(self, day: NaiveDate) -> Self {
        Self {
            agreed_on: Some(day),
            ..self
        }
    }

    /// Labels that its alerts carry besides ours. In a set, those of the whole service are under them.
    pub fn labelled(self, labels: Labels) -> Self {
        Self { labels, ..self }
    }

    /// What to do when an alert fires, for who is woken.
    pub fn runbook(self, link: Link) -> Self {
        Self {
            runbook: Some(link),
            ..self
        }
    }

    /// Where to look at it.
    pub fn dashboard(self, link: Link) -> Self {
        Self {
            dashboard: Some(link),
            ..self
        }
    }

    /// Who is told that its budget burns, where not as everywhere else.
    pub fn alerting(self, alerting: Alerting) -> Self {
        Self {
            alerting: Some(alerting),
            ..self
        }
    }

    /// Adds a planned time in which no event counts. In a set, those of the whole service join them.
    #[cfg(feature = "calendar")]
    pub fn excluding(mut self, exclusion: Exclusion) -> Self {
        self.exclusions.push(exclusion);
        self
    }

    /// As it is in a set that has these for all its SLOs.
    fn joined_to(mut self, whole: &ForAll) -> Result<Self, SloSetError> {
        self.labels = self.labels.over(&whole.labels);
        self.labels.check().map_err(|error| SloSetError::Labels {
            name: self.name.clone(),
            error,
        })?;
        self.alerting = match (self.alerting, &whole.alerting) {
            (Some(own), Some(whole)) => Some(own.over(whole)),
            (own, whole) => own.or_else(|| whole.clone()),
        };
        #[cfg(feature = "calendar")]
        self.exclusions.splice(0..0, whole.exclusions.iter().cloned());
        Ok(self)
    }

    pub(crate) fn overridden_by(&self, change: &SloOverride) -> Self {
        let limited = |sli: Sli| match (sli, change.faster_than) {
            (Sli::Http(sli), Some(limit)) => Sli::Http(sli.faster_than(limit)),
            (sli, _) => sli,
        };
        Self {
            sli: limited(self.sli.clone()),
            target: change.objective.unwrap_or(self.target),
            window: change.window.unwrap_or(self.window),
            status: change.status.unwrap_or(self.status),
            ..self.clone()
        }
    }

    /// Its name: the value of the attribute `slo.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it measures.
    #[must_use]
    pub const fn sli(&self) -> &Sli {
        &self.sli
    }

    /// The latency limit, if it is a latency SLO.
    #[must_use]
    pub const fn latency_limit(&self) -> Option<Threshold> {
        match &self.sli {
            Sli::Http(sli) => sli.limit(),
            Sli::Synthetic(_) | Sli::Events(_) | Sli::Composite(_) | Sli::Prometheus(_) => None,
        }
    }

    /// How it is cut into slices of time, if it is.
    #[must_use]
    pub const fn time_slices(&self) -> Option<TimeSlices> {
        self.slices
    }

    /// The SLOs that it is made of, if it is a composite: it has no events of its own then.
    #[must_use]
    pub const fn composite(&self) -> Option<&CompositeSli> {
        match &self.sli {
            Sli::Composite(sli) => Some(sli),
            Sli::Http(_) | Sli::Synthetic(_) | Sli::Events(_) | Sli::Prometheus(_) => None,
        }
    }

    /// The share that must be good: of the events, or of the slices.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// The period over which the target must hold.
    pub const fn window(&self) -> Window {
        self.window
    }

    /// The promise in one sentence, if it was written.
    #[must_use]
    pub fn promise_sentence(&self) -> Option<&str> {
        self.promise.as_deref()
    }

    /// The journey, if named.
    #[must_use]
    pub fn journey_name(&self) -> Option<&str> {
        self.journey.as_deref()
    }

    /// The owner, if named.
    #[must_use]
    pub fn owner_name(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Whether it is in force.
    #[must_use]
    pub const fn current_status(&self) -> Status {
        self.status
    }

    /// The day it was agreed, if said.
    #[must_use]
    pub const fn agreed_day(&self) -> Option<NaiveDate> {
        self.agreed_on
    }

    /// Its labels besides ours; of an SLO in a set with those of the whole service.
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The labels that alerts about it have besides ours: its own, and `tier` where its alerts have one.
    pub fn alert_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        alert_labels(&self.labels, self.alerting.as_ref())
    }

    /// What to do when an alert fires, if it is written somewhere.
    #[must_use]
    pub const fn runbook_link(&self) -> Option<&Link> {
        self.runbook.as_ref()
    }

    /// Where to look at it, if there is such a place.
    #[must_use]
    pub const fn dashboard_link(&self) -> Option<&Link> {
        self.dashboard.as_ref()
    }

    /// Who is told that its budget burns, if that was said: else as everywhere, see
    /// [`AlertPolicy::for_slo`](crate::alert::AlertPolicy::for_slo).
    #[must_use]
    pub const fn alerting_rules(&self) -> Option<&Alerting> {
        self.alerting.as_ref()
    }

    /// Whose rules tell of it: the standard ones, unless its alerts are of its own or nobody's. What an engine counts has rules
    /// of its own, and a composite, which has no events, has none.
    #[must_use]
    pub fn alerts_kind(&self) -> AlertsKind {
        let said = self.alerting.as_ref().map_or_else(AlertsKind::default, Alerting::kind);
        match (said, &self.sli) {
            (AlertsKind::Nobody, _) | (_, Sli::Composite(_)) => AlertsKind::Nobody,
            (_, Sli::Prometheus(_)) => AlertsKind::Own,
            (said, Sli::Http(_) | Sli::Synthetic(_) | Sli::Events(_)) => said,
        }
    }

    /// The planned times in which no event counts; of an SLO in a set, those of the whole service first.
    #[cfg(feature = "calendar")]
    pub fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions
    }

    /// The first planned time that covers this moment, if one does.
    #[cfg(feature = "calendar")]
    #[must_use]
    pub fn excluded_at(&self, at: Tick) -> Option<&Exclusion> {
        self.exclusions.iter().find(|exclusion| exclusion.covers(at))
    }

    /// Whether there are planned times in which no event counts.
    #[must_use]
    pub fn has_exclusions(&self) -> bool {
        #[cfg(feature = "calendar")]
        return !self.exclusions.is_empty();
        #[cfg(not(feature = "calendar"))]
        false
    }

    /// Where a planned time covers this moment: the moment from which none does, those that follow at once included.
    /// Looked for up to 400 days ahead. Without the feature `calendar` there are no planned times.
    #[must_use]
    pub fn excluded_until(&self, at: Tick) -> Option<Tick> {
        #[cfg(feature = "calendar")]
        return self.end_of_exclusions(at);
        #[cfg(not(feature = "calendar"))]
        {
            let _ = at;
            None
        }
    }

    /// Why no event counts at this moment, in the words of the first planned time that covers it.
    #[must_use]
    pub fn excluded_because(&self, at: Tick) -> Option<&str> {
        #[cfg(feature = "calendar")]
        return self.excluded_at(at).map(Exclusion::reason);
        #[cfg(not(feature = "calendar"))]
        {
            let _ = at;
            None
        }
    }

    #[cfg(feature = "calendar")]
    fn end_of_exclusions(&self, at: Tick) -> Option<Tick> {
        let mut until = at;
        while until.since(at) < crate::exclusion::HORIZON {
            let running = self.exclusions.iter().filter_map(|exclusion| exclusion.running(until));
            match running.map(|window| window.end).max() {
                Some(end) => until = end,
                None => break,
            }
        }
        (until > at).then_some(until)
    }

    /// The planned times that lie in a range, at least with a part, each as a whole: ascending, and those that touch or
    /// overlap as one.
    #[cfg(feature = "calendar")]
    #[must_use]
    pub fn excluded_windows(&self, within: core::ops::Range<Tick>) -> Vec<core::ops::Range<Tick>> {
        let windows = self
            .exclusions
            .iter()
            .flat_map(|planned| planned.windows(within.clone()));
        let mut windows: Vec<_> = windows.collect();
        windows.sort_unstable_by_key(|window| window.start);
        let mut joined: Vec<core::ops::Range<Tick>> = Vec::new();
        for window in windows {
            match joined.last_mut() {
                Some(before) if window.start <= before.end => before.end = before.end.max(window.end),
                _ => joined.push(window),
            }
        }
        joined
    }
}

/// What every SLO of a set has, beside its own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct ForAll {
    labels: Labels,
    alerting: Option<Alerting>,
    #[cfg(feature = "calendar")]
    exclusions: Vec<Exclusion>,
}

/// All SLOs of one service: the definition that everything else follows from.
///
/// # Examples
///
/// ```
/// use slo_core::{HttpSli, Slo, SloSet, SloSetError, Window};
///
/// let listings = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
/// let slos = SloSet::builder("real-estate").slo(listings.clone()).build()?;
/// assert_eq!(slos.slos().len(), 1);
///
/// let twice = SloSet::builder("real-estate").slo(listings.clone()).slo(listings).build();
/// assert_eq!(twice, Err(SloSetError::DuplicateName("browse".to_owned())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct SloSet {
    service: String,
    slos: Vec<Slo>,
    environments: BTreeMap<String, Environment>,
    gate: GateRules,
    for_all: ForAll,
    retention: Option<Duration>,
}

impl SloSet {
    /// Starts the set of a service.
    pub fn builder(service: impl Into<String>) -> SloSetBuilder {
        SloSetBuilder {
            service: service.into(),
            slos: Vec::new(),
            environments: Vec::new(),
            gate: GateRules::default(),
            for_all: ForAll::default(),
            retention: None,
        }
    }

    /// The set as it holds in the environment of this name, for good: the result has no environments. As written, where
    /// the environment changes nothing or is not known.
    pub fn for_environment(&self, name: &str) -> Self {
        let (slos, gate) = match self.environments.get(name) {
            Some(environment) => (
                environment.applied_to(&self.slos),
                self.gate.overridden_by(environment.gate_change()),
            ),
            None => (self.slos.clone(), self.gate.clone()),
        };
        Self {
            service: self.service.clone(),
            slos,
            environments: BTreeMap::new(),
            gate,
            for_all: self.for_all.clone(),
            retention: self.retention,
        }
    }

    /// The environments that change something, by name.
    pub fn environments(&self) -> impl Iterator<Item = (&str, &Environment)> {
        self.environments.iter().map(|(name, changes)| (name.as_str(), changes))
    }

    /// The environment whose name is most like this one, if at most a third of its letters, or one, are others: for "did you
    /// mean".
    #[must_use]
    pub fn environment_like(&self, name: &str) -> Option<&str> {
        let near = self.environments().map(|(known, _)| (distance(name, known), known));
        near.filter(|(edits, known)| *edits <= (known.chars().count() / 3).max(1))
            .min()
            .map(|(_, known)| known)
    }

    /// What must hold for a deploy to pass.
    #[must_use]
    pub const fn gate(&self) -> &GateRules {
        &self.gate
    }

    /// Labels of every alert of the service; each SLO's own are over them.
    pub const fn labels(&self) -> &Labels {
        &self.for_all.labels
    }

    /// The labels that alerts about the whole service have besides ours, as [`Slo::alert_labels`].
    pub fn alert_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        alert_labels(&self.for_all.labels, self.for_all.alerting.as_ref())
    }

    /// Who is told of SLOs that do not say it themselves, if anything is said.
    #[must_use]
    pub const fn alerting_rules(&self) -> Option<&Alerting> {
        self.for_all.alerting.as_ref()
    }

    /// The planned times in which no event of the whole service counts; each SLO has them, too.
    #[cfg(feature = "calendar")]
    pub fn exclusions(&self) -> &[Exclusion] {
        &self.for_all.exclusions
    }

    /// How long the engine keeps what it is sent, if that was said.
    #[must_use]
    pub const fn retention(&self) -> Option<Duration> {
        self.retention
    }

    /// The service's name: `service.name` of everything it exports, unless the environment says otherwise.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The SLOs, in the order in which they were written. The built-in `requests` is not among them.
    pub fn slos(&self) -> &[Slo] {
        &self.slos
    }

    /// The SLO of this name.
    #[must_use]
    pub fn slo(&self, name: &str) -> Option<&Slo> {
        self.slos.iter().find(|slo| slo.name == name)
    }

    /// Every latency limit in use, the gate's among them, each once, ascending: they must be bucket boundaries of the
    /// duration histogram.
    #[must_use]
    pub fn latency_limits(&self) -> Vec<Threshold> {
        let limits = self.slos.iter().filter_map(Slo::latency_limit);
        let limits: BTreeSet<_> = limits.chain([self.gate.p95.limit]).collect();
        limits.into_iter().collect()
    }

    /// How long a client of this route and method may wait before its leaving is bad: the smallest latency limit that
    /// applies, else 5 s. Looks at every SLO: for many routes there is [`SloSet::patience_of_all`].
    #[must_use]
    pub fn patience(&self, route: &str, method: &str) -> Duration {
        let limits = self
            .http()
            .filter(|sli| sli.matches(route, method))
            .filter_map(HttpSli::limit);
        limits.min().map_or(DEFAULT_PATIENCE, Threshold::as_duration)
    }

    /// The same of every route and method, for who asks about many.
    pub fn patience_of_all(&self) -> Patience<'_> {
        Patience::new(self.http())
    }

    fn http(&self) -> impl Iterator<Item = &HttpSli> {
        self.slos.iter().filter_map(|slo| match &slo.sli {
            Sli::Http(sli) => Some(sli),
            Sli::Synthetic(_) | Sli::Events(_) | Sli::Composite(_) | Sli::Prometheus(_) => None,
        })
    }
}

/// Collects a service's SLOs.
#[derive(Clone, Debug)]
#[must_use]
pub struct SloSetBuilder {
    service: String,
    slos: Vec<Slo>,
    environments: Vec<(String, Environment)>,
    gate: GateRules,
    for_all: ForAll,
    retention: Option<Duration>,
}

impl SloSetBuilder {
    /// Adds an SLO.
    pub fn slo(mut self, slo: Slo) -> Self {
        self.slos.push(slo);
        self
    }

    /// Adds what is different in the environment of this name.
    pub fn environment(mut self, name: impl Into<String>, changes: Environment) -> Self {
        self.environments.push((name.into(), changes));
        self
    }

    /// Sets what must hold for a deploy to pass, in the place of the defaults.
    pub fn gate(self, rules: GateRules) -> Self {
        Self { gate: rules, ..self }
    }

    /// Labels of every alert of the service.
    pub fn labels(mut self, labels: Labels) -> Self {
        self.for_all.labels = labels;
        self
    }

    /// Who is told of SLOs that do not say it themselves.
    pub fn alerting(mut self, alerting: Alerting) -> Self {
        self.for_all.alerting = Some(alerting);
        self
    }

    /// Adds a planned time in which no event of the whole service counts.
    #[cfg(feature = "calendar")]
    pub fn excluding(mut self, exclusion: Exclusion) -> Self {
        self.for_all.exclusions.push(exclusion);
        self
    }

    /// How long the engine keeps what it is sent: windows that are longer cannot be known there.
    pub fn retention(self, retention: Duration) -> Self {
        Self {
            retention: Some(retention),
            ..self
        }
    }

    /// Checks the whole.
    ///
    /// # Errors
    ///
    /// The first of: an empty or ill-formed name of the service or an SLO, a name used twice, the reserved name
    /// `requests`, a route that is empty or that people cannot see, a method in small letters or not one of HTTP's, a path
    /// that is none, events without words; then of composites whose members do not fit, and of an environment named twice or
    /// ill-formed, one that changes an SLO that is not there or a latency limit where none is; last of an SLO with more
    /// labels than are allowed, its own and the service's together.
    pub fn build(self) -> Result<SloSet, SloSetError> {
        check_service(&self.service)?;
        let mut seen = BTreeSet::new();
        for slo in &self.slos {
            check_name(&slo.name)?;
            if slo.name == names::REQUESTS {
                return Err(SloSetError::ReservedName);
            }
            if !seen.insert(&slo.name) {
                return Err(SloSetError::DuplicateName(slo.name.clone()));
            }
            slo.sli.check()?;
        }
        composite::check(&self.slos)?;
        let mut environments = BTreeMap::new();
        for (name, changes) in self.environments {
            check_environment(&name)?;
            changes.check(&name, &self.slos)?;
            composite::check(&changes.applied_to(&self.slos))?;
            if environments.insert(name.clone(), changes).is_some() {
                return Err(SloSetError::DuplicateEnvironment(name));
            }
        }
        let slos = self.slos.into_iter().map(|slo| slo.joined_to(&self.for_all));
        Ok(SloSet {
            service: self.service,
            slos: slos.collect::<Result<_, _>>()?,
            environments,
            gate: self.gate,
            for_all: self.for_all,
            retention: self.retention,
        })
    }
}

/// Why some SLOs are not a [`SloSet`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SloSetError {
    /// The name of an SLO is empty, too long, or has other signs in it; holds the name.
    #[error(
        "`{0}` is not a name; write 1 to 63 small letters, digits and `-`, beginning with a letter, like `browse-availability`"
    )]
    NotAName(String),
    /// The name of a service is empty, too long, or has signs in it that mean something else; holds the name.
    #[error(
        "`{0}` is not the name of a service; write its `service.name`: 1 to 128 characters that people can see, without \
         `/` and `{{{{` and without blanks around it, like `real-estate` or `OrderService`"
    )]
    NotAService(String),
    /// Two SLOs have the same name; holds it.
    #[error("`{0}` is the name of an SLO above already; write another name")]
    DuplicateName(String),
    /// The name `requests` belongs to the built-in SLI over all matched routes.
    #[error("`requests` is the built-in SLI over all matched routes; write another name, like `all-requests`")]
    ReservedName,
    /// A route is empty, or has blanks around it or signs that nobody sees; holds it.
    #[error(
        "`{0}` is not a route; write it as in the router, on one line, like `/real-price/{{region}}` or `/users/:id`"
    )]
    NotARoute(String),
    /// A method is not known; holds it.
    #[error("`{0}` is not an HTTP method; write one of {methods}", methods = METHODS.join(", "))]
    NotAMethod(String),
    /// The path of a health endpoint is not one; holds it.
    #[error(
        "`{0}` is not a path; write it as a probe asks for it, beginning with `/` and other letters than ASCII as in an \
         address (`%EC%9B%94`), like `/real-price/synthetic/health`"
    )]
    NotAPath(String),
    /// Nothing says what an event is.
    #[error("the events have no name for people; write what one is, like `notifications`")]
    NoWords,
    /// The members of a composite do not fit it.
    #[error("composite `{name}`: {error}")]
    Composite {
        /// The composite.
        name: String,
        /// What is wrong.
        error: CompositeError,
    },
    /// The labels of an SLO, with those of the whole service, are not allowed.
    #[error("the labels of `{name}`, with those of the whole service: {error}")]
    Labels {
        /// The SLO.
        name: String,
        /// What is wrong.
        error: LabelError,
    },
    /// The name of an environment is empty, too long, or has other signs in it; holds the name.
    #[error(
        "`{0}` is not the name of an environment; write 1 to 63 letters, digits, `-`, `_` and `.`, like `production`"
    )]
    NotAnEnvironment(String),
    /// An environment is named twice; holds its name.
    #[error("environment `{0}` is written twice; write all its changes together")]
    DuplicateEnvironment(String),
    /// An environment changes an SLO that the set does not have.
    #[error("environment `{environment}` changes `{name}`, which is no SLO of this service; write the name of one")]
    UnknownSlo {
        /// The environment.
        environment: String,
        /// The name that no SLO has.
        name: String,
    },
    /// An environment changes the latency limit of an SLO without one.
    #[error(
        "environment `{environment}` changes the latency limit of `{name}`, which has none; leave out `faster_than`, or \
         give the SLO one"
    )]
    NoLimit {
        /// The environment.
        environment: String,
        /// The SLO.
        name: String,
    },
}

/// Labels of alerts, and their tier.
fn alert_labels<'a>(labels: &'a Labels, alerting: Option<&'a Alerting>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tier = alerting.and_then(Alerting::tier_label);
    labels.iter().chain(tier.map(|tier| (names::alerts::TIER, tier)))
}

pub(crate) fn check_name(name: &str) -> Result<(), SloSetError> {
    let well_formed = name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if well_formed {
        Ok(())
    } else {
        Err(SloSetError::NotAName(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slo(name: &str, sli: HttpSli) -> Slo {
        Slo::new(name, sli, "99.9%".parse().unwrap(), Window::days(30).unwrap())
    }

    fn refusal(name: &str, sli: HttpSli) -> SloSetError {
        SloSet::builder("shop").slo(slo(name, sli)).build().unwrap_err()
    }

    #[test]
    fn names_are_small_words() {
        for name in ["", "-a", "1a", "Browse", "a b", "a_b", "ü", &"a".repeat(64)] {
            assert_eq!(
                refusal(name, HttpSli::every_route()),
                SloSetError::NotAName(name.to_owned())
            );
        }
        assert_eq!(
            SloSet::builder("team/shop").build(),
            Err(SloSetError::NotAService("team/shop".to_owned()))
        );
        assert!(
            SloSet::builder("shop")
                .slo(slo(&"a".repeat(63), HttpSli::every_route()))
                .build()
                .is_ok()
        );
    }

    #[test]
    fn the_built_in_name_is_reserved() {
        assert_eq!(refusal("requests", HttpSli::every_route()), SloSetError::ReservedName);
    }

    #[test]
    fn routes_and_methods_are_checked() {
        for route in ["", " /listings", "/list\u{1b}ings"] {
            assert_eq!(
                refusal("a", HttpSli::routes([route])),
                SloSetError::NotARoute(route.to_owned())
            );
        }
        assert!(
            SloSet::builder("shop")
                .slo(slo("a", HttpSli::routes(["/a:b/{id}", "/users/:id", "api/orders"])))
                .build()
                .is_ok()
        );
        let lower = HttpSli::every_route().methods(["get"]);
        assert_eq!(refusal("a", lower), SloSetError::NotAMethod("get".to_owned()));
    }

    #[test]
    fn paths_and_words_are_checked() {
        let refusal = |sli: Sli| {
            let slo = Slo::new("a", sli, "99%".parse().unwrap(), Window::DAY);
            SloSet::builder("shop").slo(slo).build().err()
        };
        for path in [
            "", "health", "/a b", "/a?b", "/a#b", "/{name}", "/월", "/a/\"b", "/a\\b",
        ] {
            assert_eq!(
                refusal(crate::SyntheticSli::new(path).into()),
                Some(SloSetError::NotAPath(path.to_owned()))
            );
        }
        assert_eq!(refusal(crate::SyntheticSli::new("/a/health").into()), None);
        assert_eq!(refusal(crate::EventsSli::of(" ").into()), Some(SloSetError::NoWords));
        assert_eq!(refusal(crate::EventsSli::of("mails").into()), None);
    }

    #[test]
    fn patience_is_the_smallest_limit_that_applies() {
        let fast = HttpSli::routes(["/a"]).faster_than("300ms".parse().unwrap());
        let slow = HttpSli::routes(["/a", "/b"])
            .methods(["GET"])
            .faster_than("2s".parse().unwrap());
        let set = SloSet::builder("shop")
            .slo(slo("fast", fast))
            .slo(slo("slow", slow))
            .build()
            .unwrap();
        assert_eq!(set.patience("/a", "GET"), Duration::from_millis(300));
        assert_eq!(set.patience("/b", "GET"), Duration::from_secs(2));
        assert_eq!(set.patience("/b", "POST"), DEFAULT_PATIENCE);
        // The gate's 800ms is the third.
        assert_eq!(set.latency_limits().len(), 3);
    }

    #[test]
    fn alerts_have_its_labels_and_its_tier() {
        let alerting = Alerting::as_elsewhere().tier("gold").unwrap();
        let own = Labels::new().with("team", "deals").unwrap();
        let whole = Labels::new().with("team", "all").unwrap().with("cost", "7").unwrap();
        let pay = Slo::new(
            "pay",
            HttpSli::every_route(),
            "99%".parse().unwrap(),
            Window::days(7).unwrap(),
        );
        let set = SloSet::builder("shop")
            .labels(whole)
            .slo(pay.labelled(own).alerting(alerting))
            .build()
            .unwrap();
        let of_pay: Vec<_> = set.slos()[0].alert_labels().collect();
        assert_eq!(of_pay, [("cost", "7"), ("team", "deals"), ("tier", "gold")]);
        let of_all: Vec<_> = set.alert_labels().collect();
        assert_eq!(of_all, [("cost", "7"), ("team", "all")]);
    }

    #[test]
    fn what_others_count_has_rules_of_its_own_and_a_composite_none() {
        let slo = |sli: Sli, alerting: Option<Alerting>| {
            let slo = Slo::new("a", sli, "99%".parse().unwrap(), Window::days(7).unwrap());
            alerting.into_iter().fold(slo, Slo::alerting).alerts_kind()
        };
        let http = || Sli::from(HttpSli::every_route());
        let engine = || {
            Sli::from(crate::PrometheusSli::bad(
                "a_total".parse().unwrap(),
                "b_total".parse().unwrap(),
            ))
        };
        let tier = || Some(Alerting::as_elsewhere().tier("gold").unwrap());
        assert_eq!(slo(http(), None), AlertsKind::Standard);
        assert_eq!(slo(http(), tier()), AlertsKind::Standard);
        assert_eq!(slo(http(), Some(Alerting::nobody())), AlertsKind::Nobody);
        assert_eq!(slo(engine(), tier()), AlertsKind::Own);
        assert_eq!(slo(engine(), Some(Alerting::nobody())), AlertsKind::Nobody);
        let both = CompositeSli::of([("b", 1), ("c", 1)]);
        assert_eq!(slo(both.into(), tier()), AlertsKind::Nobody);
    }

    #[test]
    fn an_environment_is_meant_by_a_name_like_it() {
        let pay = Slo::new(
            "pay",
            HttpSli::every_route(),
            "99%".parse().unwrap(),
            Window::days(7).unwrap(),
        );
        let set = SloSet::builder("shop").slo(pay);
        let set = set
            .environment("dev", Environment::new())
            .environment("staging", Environment::new())
            .build()
            .unwrap();
        for (given, meant) in [
            ("stagign", Some("staging")),
            ("dve", Some("dev")),
            ("", None),
            ("live", None),
        ] {
            assert_eq!(set.environment_like(given), meant, "{given}");
        }
    }

    #[test]
    fn messages_say_what_to_write() {
        assert_eq!(
            SloSetError::NotAMethod("get".to_owned()).to_string(),
            "`get` is not an HTTP method; write one of \
             CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, QUERY, TRACE"
        );
        assert_eq!(
            SloSetError::DuplicateName("a".to_owned()).to_string(),
            "`a` is the name of an SLO above already; write another name"
        );
        assert!(
            SloSetError::NotARoute("x".to_owned())
                .to_string()
                .contains("like `/real-price/{region}` or `/users/:id`")
        );
    }
}
