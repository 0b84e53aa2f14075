//! For whom dashboards are written: the whole fleet, or one service whose promises are known.

use std::collections::{BTreeMap, BTreeSet};

use slo_core::alert::{AlertPolicy, Severity};
use slo_core::gate::GateRules;
use slo_core::{Slo, SloOverride, SloSet, Target, Window, names};

use super::field::{Colour, Thresholds};
use super::model::{Datasource, Link};
use super::query::{ENVIRONMENT, NAMESPACE, PLACE, SERVICE, SLO, any_of, chosen, chosen_services, literal_regex};
use super::source::Source;
use super::variable::Variable;
use crate::args::SourceOfBudgets;
use crate::render::short_name::{object_name, shortened};

/// Grafana takes uids of up to 40 characters.
const LONGEST_UID: usize = 40;
/// And tags of up to 50.
const LONGEST_TAG: usize = 50;

/// For whom.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// The one service, or none for all.
    service: Option<&'a SloSet>,
    datasource_variable: &'a str,
    pub(crate) source: Source,
}

/// Each dashboard, in the order of the links between them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Overview,
    Red,
    Budget,
    Freshness,
    Gate,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Overview, Self::Red, Self::Budget, Self::Freshness, Self::Gate];

    const fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Red => "red",
            Self::Budget => "budget",
            Self::Freshness => "freshness",
            Self::Gate => "gate",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Promises at a glance",
            Self::Red => "Requests: rate, errors, duration",
            Self::Budget => "Error budget",
            Self::Freshness => "Freshness of data",
            Self::Gate => "Deploy gate",
        }
    }
}

impl<'a> Scope<'a> {
    /// Dashboards for every service that an engine knows.
    pub(crate) fn fleet(datasource_variable: &'a str, kind: SourceOfBudgets) -> Self {
        // What the rules for a fleet are written for as well.
        let windows = [7, 28, 30, 90].map(|days| days * 86_400).to_vec();
        Self {
            service: None,
            datasource_variable,
            source: Source { kind, windows },
        }
    }

    /// Dashboards for the service of this spec.
    pub(crate) fn service(set: &'a SloSet, datasource_variable: &'a str, kind: SourceOfBudgets) -> Self {
        let mut windows: Vec<_> = windows(set).into_iter().collect();
        if windows.is_empty() {
            windows.push(30 * 86_400);
        }
        Self {
            service: Some(set),
            datasource_variable,
            source: Source { kind, windows },
        }
    }

    /// Whether all is about one service.
    pub(crate) const fn is_one_service(&self) -> bool {
        self.service.is_some()
    }

    /// A name that stays the same as long as service and kind do.
    pub(crate) fn uid(&self, kind: Kind) -> String {
        match self.service {
            Some(set) => object_name(&format!("slo-{}-{}", kind.word(), set.service()), LONGEST_UID),
            None => format!("slo-{}", kind.word()),
        }
    }

    pub(crate) fn title(&self, kind: Kind) -> String {
        let title = kind.title();
        match self.service {
            Some(set) => format!("{}: {}", set.service(), title.to_lowercase()),
            None => title.to_owned(),
        }
    }

    pub(crate) fn tags(&self) -> Vec<String> {
        let service = self.service.map(|set| shortened(set.service(), LONGEST_TAG));
        std::iter::once("slo".to_owned()).chain(service).collect()
    }

    /// Whether a file that begins so is a page about the same. Other services may have theirs in the same folder.
    pub(crate) fn is_page(&self, beginning: &str) -> bool {
        let tags: Vec<_> = self
            .tags()
            .iter()
            .map(|tag| format!("    {}", serde_json::Value::from(tag.as_str())))
            .collect();
        let tags = format!("\n  \"tags\": [\n{}\n  ],\n", tags.join(",\n"));
        beginning.starts_with("{\n  \"uid\": \"slo-") && beginning.contains(&tags)
    }

    /// Links to the others.
    pub(crate) fn links(&self, from: Kind) -> Vec<Link> {
        let others = Kind::ALL.into_iter().filter(|kind| *kind != from);
        others
            .map(|kind| Link::to(kind.title(), self.title(kind), &self.uid(kind)))
            .collect()
    }

    /// The name of the variable that says which data source.
    pub(crate) const fn datasource_variable(&self) -> &'a str {
        self.datasource_variable
    }

    pub(crate) fn datasource(&self) -> Datasource {
        Datasource::in_variable(self.datasource_variable)
    }

    /// Data source, environment, namespace and service, as series of these names have them.
    pub(crate) fn variables(&self, seen_in: &[&str]) -> Vec<Variable> {
        let only = self.service.map(|_| chosen(names::SERVICE_NAME.label, SERVICE));
        let environment = Variable::label_values(
            ENVIRONMENT,
            ("Environment", "deployment.environment.name of the services"),
            self.datasource(),
            &any_of(seen_in, only.as_slice()),
            names::DEPLOYMENT_ENVIRONMENT_NAME.label,
        );
        let of = |matchers: &[String]| any_of(seen_in, matchers);
        let in_environment = chosen(names::DEPLOYMENT_ENVIRONMENT_NAME.label, ENVIRONMENT);
        let in_namespace = chosen(names::SERVICE_NAMESPACE.label, NAMESPACE);
        let namespaces: Vec<_> = [in_environment.clone()].into_iter().chain(only).collect();
        let namespace = Variable::label_values(
            NAMESPACE,
            ("Namespace", "service.namespace"),
            self.datasource(),
            &of(&namespaces),
            names::SERVICE_NAMESPACE.label,
        );
        let service = match self.service {
            Some(set) => Variable::constant(SERVICE, "Service", &literal_regex(set.service())),
            None => Variable::label_values(
                SERVICE,
                ("Service", "service.name"),
                self.datasource(),
                &of(&[in_environment, in_namespace]),
                names::SERVICE_NAME.label,
            ),
        };
        let datasource = Variable::datasource(self.datasource_variable);
        vec![datasource, environment, namespace, service]
    }

    /// The same, and the SLO.
    pub(crate) fn variables_of_slos(&self) -> Vec<Variable> {
        let seen_in = self.source.series_of_promises(names::OBJECTIVE.prometheus);
        let mut variables = self.variables(&seen_in);
        variables.push(Variable::label_values(
            SLO,
            ("SLO", "Names of the promises"),
            self.datasource(),
            &any_of(&seen_in, &chosen_services()),
            names::SLO_NAME.label,
        ));
        variables
    }

    /// What a series is called where each is one promise.
    pub(crate) fn promise_legend(&self) -> String {
        self.legend(names::SLO_NAME.label)
    }

    /// What a series is called that has this label; then where it is, as more than one place may be chosen.
    pub(crate) fn legend(&self, label: &str) -> String {
        let service = self.service.is_none().then_some(names::SERVICE_NAME.label);
        shown(service.into_iter().chain([label]).chain(PLACE))
    }

    /// The labels that tell one series from another where several services and places are on one page, with this one.
    pub(crate) fn by(&self, label: &str) -> String {
        let service = self.service.is_none().then_some(names::SERVICE_NAME.label);
        let labels: Vec<_> = PLACE.into_iter().chain(service).chain([label]).collect();
        labels.join(", ")
    }

    /// The SLOs whose objective is the same in every environment: a page shows all environments alike.
    pub(crate) fn fixed_objectives(&self) -> impl Iterator<Item = (&'a str, Target)> {
        let slos = self.service.map_or(&[][..], SloSet::slos);
        let written: Vec<_> = slos.iter().map(|slo| (slo.name(), slo.target())).collect();
        let targets: BTreeMap<_, _> = written.iter().copied().collect();
        let changes = self.service.into_iter().flat_map(changes);
        let changed: BTreeSet<_> = changes
            .filter(|(name, change)| change.objective.is_some_and(|there| targets.get(name) != Some(&there)))
            .map(|(name, _)| name)
            .collect();
        written.into_iter().filter(move |(name, _)| !changed.contains(name))
    }

    /// The smallest latency limit that an SLO of the service has, in seconds.
    pub(crate) fn tightest_latency_seconds(&self) -> Option<f64> {
        let limits = self.service?.slos().iter().filter_map(Slo::latency_limit);
        limits.min().map(slo_core::Threshold::as_seconds_f64)
    }

    /// Red when the budget is spent, orange where the gate begins to refuse, yellow under a half.
    pub(crate) fn budget_thresholds(&self) -> Thresholds {
        let limit = self
            .service
            .map_or_else(|| GateRules::default().budget.limit, |set| set.gate().budget.limit);
        let mut steps = vec![(0.0, Colour::Orange)];
        let limit = limit.as_ratio_f64();
        if limit > 0.0 {
            steps.push((limit, Colour::Yellow));
        }
        if limit < 0.5 {
            steps.push((0.5, Colour::Green));
        }
        Thresholds::new(Colour::Red, &steps)
    }
}

/// Labels of a series one after another, as a legend has them.
pub(crate) fn shown<'l>(labels: impl IntoIterator<Item = &'l str>) -> String {
    let labels: Vec<_> = labels.into_iter().map(|label| format!("{{{{{label}}}}}")).collect();
    labels.join(" ")
}

/// Yellow where the budget will not last, and each factor at which somebody is told, of an SLO over 30 days.
pub(crate) fn burn_thresholds() -> Thresholds {
    // Factors do not depend on the target, and 30 days is the period that the policy is written for.
    let month = Window::days(30).unwrap_or(Window::MAX);
    let target = Target::from_ppb(999_000_000);
    let alerts = target.map(|target| AlertPolicy::standard().resolve(target, month));
    let mut pages: Vec<_> = alerts
        .iter()
        .flat_map(slo_core::alert::Alerts::conditions)
        .filter(|condition| condition.severity() == Severity::Page)
        .map(|condition| condition.factor().as_f64())
        .collect();
    pages.sort_by(f64::total_cmp);
    let colours = [Colour::Orange, Colour::Red];
    let steps: Vec<_> = std::iter::once((1.0, Colour::Yellow))
        .chain(pages.into_iter().zip(colours))
        .collect();
    Thresholds::new(Colour::Green, &steps)
}

/// What is different of each SLO in any environment.
fn changes(set: &SloSet) -> impl Iterator<Item = (&str, &SloOverride)> {
    set.environments().flat_map(|(_, environment)| environment.slos())
}

/// The lengths of the rolling windows of a set in any environment, in seconds.
fn windows(set: &SloSet) -> BTreeSet<u64> {
    let written = set.slos().iter().map(Slo::window);
    let all = written.chain(changes(set).filter_map(|(_, change)| change.window));
    all.filter_map(Window::rolling_length)
        .map(|length| length.as_secs())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_that_an_environment_changes_is_not_fixed() {
        let spec = "version: 1\nservice: shop\nslos:\n\
                    - { name: a, objective: 99%, window: 7d, sli: { events: { of: x } } }\n\
                    - { name: b, objective: 99%, window: 30d, sli: { events: { of: x } } }\n\
                    - { name: c, objective: 99%, window: 30d, sli: { events: { of: x } } }\n\
                    environments: { dev: { slos: { a: { objective: 95% }, b: { objective: 99%, window: 2d } } } }\n";
        let set = SloSet::from_yaml(spec).unwrap();
        let scope = Scope::service(&set, "datasource", SourceOfBudgets::Raw);
        let fixed: Vec<_> = scope
            .fixed_objectives()
            .map(|(name, target)| format!("{name} {target}"))
            .collect();
        assert_eq!(fixed, ["b 99%", "c 99%"]);
        assert_eq!(scope.source.windows, [2, 7, 30].map(|days| days * 86_400));
    }

    #[test]
    fn a_service_of_any_name_has_uids_and_tags_that_grafana_takes() {
        for name in [
            "OrderService",
            "payments.api",
            "주문",
            "My \"App\" $x",
            &"ä".repeat(120),
        ] {
            let set = SloSet::builder(name).build().unwrap();
            let scope = Scope::service(&set, "datasource", SourceOfBudgets::Raw);
            for kind in Kind::ALL {
                let uid = scope.uid(kind);
                assert!(
                    uid.len() <= 40 && uid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
                    "{uid}"
                );
            }
            assert!(scope.tags().iter().all(|tag| tag.len() <= 50), "{name}");
        }
        let uid = |name: &str| {
            let set = SloSet::builder(name).build().unwrap();
            Scope::service(&set, "datasource", SourceOfBudgets::Raw).uid(Kind::Red)
        };
        assert_ne!(uid("OrderService"), uid("orderservice"));
        assert_ne!(uid("a.b"), uid("a_b"));
        assert_eq!(uid("shop"), "slo-red-shop");
    }
}
