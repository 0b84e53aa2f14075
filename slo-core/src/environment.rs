//! What an environment promises differently.

use std::collections::BTreeMap;

use crate::gate::GateOverride;
use crate::{Slo, SloSetError, Status, Target, Threshold, Window};

/// What is different in one environment: usually less is promised in `dev`.
///
/// Its name is compared with `deployment.environment.name` letter by letter.
///
/// # Examples
///
/// ```
/// use slo_core::{Environment, HttpSli, Slo, SloOverride, SloSet, Window};
///
/// let browse = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
/// let dev = Environment::new().slo("browse", SloOverride::new().objective("95%".parse()?));
/// let slos = SloSet::builder("real-estate").slo(browse).environment("dev", dev).build()?;
///
/// assert_eq!(slos.for_environment("dev").slos()[0].target().to_string(), "95%");
/// assert_eq!(slos.for_environment("production").slos()[0].target().to_string(), "99.9%");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Environment {
    slos: BTreeMap<String, SloOverride>,
    gate: GateOverride,
}

impl Environment {
    /// An environment in which nothing is different yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the SLO of this name; a second change of one SLO replaces the first.
    pub fn slo(mut self, name: impl Into<String>, change: SloOverride) -> Self {
        self.slos.insert(name.into(), change);
        self
    }

    /// Changes the gate; a second change replaces the first.
    pub fn gate(self, change: GateOverride) -> Self {
        Self { gate: change, ..self }
    }

    /// What is different of the gate.
    pub const fn gate_change(&self) -> &GateOverride {
        &self.gate
    }

    /// The SLOs that are different, by name.
    pub fn slos(&self) -> impl Iterator<Item = (&str, &SloOverride)> {
        self.slos.iter().map(|(name, change)| (name.as_str(), change))
    }

    /// The SLOs as they are in this environment.
    pub(crate) fn applied_to(&self, slos: &[Slo]) -> Vec<Slo> {
        let changed = |slo: &Slo| match self.slos.get(slo.name()) {
            Some(change) => slo.overridden_by(change),
            None => slo.clone(),
        };
        slos.iter().map(changed).collect()
    }

    /// Whether every change is one of an SLO that has what is changed.
    pub(crate) fn check(&self, environment: &str, slos: &[Slo]) -> Result<(), SloSetError> {
        let known: BTreeMap<&str, &Slo> = slos.iter().map(|slo| (slo.name(), slo)).collect();
        for (name, change) in self.slos() {
            let slo = known.get(name).ok_or_else(|| SloSetError::UnknownSlo {
                environment: environment.to_owned(),
                name: name.to_owned(),
            })?;
            if change.faster_than.is_some() && slo.latency_limit().is_none() {
                return Err(SloSetError::NoLimit {
                    environment: environment.to_owned(),
                    name: name.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// What is different of one SLO; whatever is `None` stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct SloOverride {
    /// The share that must be good.
    pub objective: Option<Target>,
    /// The period over which it must hold.
    pub window: Option<Window>,
    /// Whether it is in force.
    pub status: Option<Status>,
    /// The latency limit, of an SLO that has one.
    pub faster_than: Option<Threshold>,
}

impl SloOverride {
    /// Nothing is different.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another share must be good.
    pub fn objective(self, objective: Target) -> Self {
        Self {
            objective: Some(objective),
            ..self
        }
    }

    /// Over another period.
    pub fn window(self, window: Window) -> Self {
        Self {
            window: Some(window),
            ..self
        }
    }

    /// In force, or not.
    pub fn status(self, status: Status) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// With another latency limit; the SLO must have one.
    pub fn faster_than(self, limit: Threshold) -> Self {
        Self {
            faster_than: Some(limit),
            ..self
        }
    }
}

pub(crate) fn check_environment(name: &str) -> Result<(), SloSetError> {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&name.len()) && name.bytes().all(sign) {
        Ok(())
    } else {
        Err(SloSetError::NotAnEnvironment(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HttpSli, SloSet};

    fn set() -> crate::SloSetBuilder {
        let window = Window::days(30).unwrap();
        let fast = HttpSli::routes(["/a"]).faster_than("800ms".parse().unwrap());
        SloSet::builder("shop")
            .slo(Slo::new("fast", fast, "95%".parse().unwrap(), window).status(Status::Agreed))
            .slo(Slo::new("up", HttpSli::every_route(), "99.9%".parse().unwrap(), window))
    }

    fn everything() -> SloOverride {
        SloOverride::new()
            .objective("90%".parse().unwrap())
            .window(Window::DAY)
            .status(Status::Draft)
            .faster_than("2s".parse().unwrap())
    }

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let dev = Environment::new().slo("fast", everything());
        let set = set().environment("dev", dev).build().unwrap();
        let dev = set.for_environment("dev");
        let fast = dev.slo("fast").unwrap();
        assert_eq!(fast.target().to_string(), "90%");
        assert_eq!(fast.window(), Window::DAY);
        assert_eq!(fast.current_status(), Status::Draft);
        assert_eq!(fast.latency_limit(), Some("2s".parse().unwrap()));
        assert_eq!(dev.slo("up"), set.slo("up"));
        // 800ms is the gate's as well.
        assert_eq!(
            dev.latency_limits(),
            ["800ms", "2s"].map(|limit| limit.parse().unwrap())
        );
        assert_eq!(set.latency_limits(), ["800ms".parse().unwrap()]);
    }

    #[test]
    fn an_environment_without_changes_has_the_set_as_written_and_is_final() {
        let dev = Environment::new().slo("up", SloOverride::new().window(Window::DAY));
        let set = set().environment("dev", dev).build().unwrap();
        for name in ["production", "Dev", ""] {
            assert_eq!(set.for_environment(name).slos(), set.slos());
            assert_eq!(set.for_environment(name).environments().count(), 0);
        }
        let production = set.for_environment("production");
        assert_eq!(production.for_environment("dev"), production);
    }

    #[test]
    fn changes_of_nothing_are_refused() {
        let refusal = |name: &str, environment| set().environment(name, environment).build().unwrap_err();
        let unknown = refusal("dev", Environment::new().slo("fats", everything()));
        assert_eq!(
            unknown.to_string(),
            "environment `dev` changes `fats`, which is no SLO of this service; write the name of one"
        );
        let up = Environment::new().slo("up", everything());
        assert_eq!(
            refusal("dev", up).to_string(),
            "environment `dev` changes the latency limit of `up`, which has none; leave out `faster_than`, or give the \
             SLO one"
        );
        for name in ["", "a b", "é", &"a".repeat(64)] {
            assert_eq!(
                refusal(name, Environment::new()),
                SloSetError::NotAnEnvironment(name.to_owned())
            );
        }
        let twice = set()
            .environment("dev", Environment::new())
            .environment("dev", Environment::new());
        assert_eq!(twice.build(), Err(SloSetError::DuplicateEnvironment("dev".to_owned())));
        assert!(set().environment("Prod_EU.1", Environment::new()).build().is_ok());
    }
}
