//! The freshness SLO of a kit, in the numbers that rules need.

use std::time::Duration;

use slo_core::{
    Alerting, BurnWindow, DownCounts, Outcome, Slo, Status, SyntheticSli, Target,
    alert::{AlertPolicy, Alerts, Condition, Severity},
    promql::fraction,
};

use super::{error::ProbeKitError, labels::Labels, states::ProbeState};

/// Who is told of a target that is in trouble.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Told {
    Nobody,
    /// Tickets at most: the SLO is a draft.
    Tickets,
    Pages,
}

impl Told {
    pub(super) fn of(slo: Option<&Slo>) -> Self {
        let Some(slo) = slo else { return Self::Pages };
        if slo.alerting_rules().is_some_and(Alerting::tells_nobody) {
            Self::Nobody
        } else if slo.current_status() == Status::Draft {
            Self::Tickets
        } else {
            Self::Pages
        }
    }
}

/// A freshness SLO over probes.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    target: Target,
    window: Duration,
    window_text: String,
    down_counts: DownCounts,
    alerts: Alerts,
    alerting: Option<Alerting>,
    labels: Labels,
    pub(super) sentence: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) dashboard: Option<String>,
}

impl Promise {
    pub(super) fn new(slo: &Slo, sli: &SyntheticSli, interval: Duration) -> Result<Self, ProbeKitError> {
        if slo.time_slices().is_some() {
            return Err(ProbeKitError::TimeSlices(slo.name().to_owned()));
        }
        let calendar = || ProbeKitError::CalendarWindow(slo.name().to_owned());
        Ok(Self {
            target: slo.target(),
            window: slo.window().rolling_length().ok_or_else(calendar)?,
            window_text: slo.window().to_string(),
            down_counts: sli.when_down(),
            alerts: AlertPolicy::standard().pushed_every(interval).for_slo(slo),
            alerting: slo.alerting_rules().cloned(),
            labels: own_labels(slo),
            sentence: slo.promise_sentence().map(str::to_owned),
            owner: slo.owner_name().map(str::to_owned),
            dashboard: slo.dashboard_link().map(|link| link.as_str().to_owned()),
        })
    }

    /// The window, as `PromQL` and people write it: `30d`.
    pub(super) fn window_text(&self) -> &str {
        &self.window_text
    }

    pub(super) const fn window(&self) -> Duration {
        self.window
    }

    /// The objective, as people write it: `99%`.
    pub(super) const fn target(&self) -> Target {
        self.target
    }

    /// The budget as the exact decimal of a ratio: `0.001`.
    pub(super) fn budget(&self) -> String {
        fraction(self.target.budget_ppb().into(), ONE_PPB)
    }

    /// The labels that its alerts have besides whose they are: its own, and its tier.
    pub(super) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// What the severity is called where it matters.
    pub(super) fn severity_label(&self, severity: Severity) -> &str {
        let alerting = self.alerting.as_ref();
        alerting.map_or(severity.as_str(), |alerting| alerting.severity_label(severity))
    }

    /// The states that count so.
    pub(super) fn states(&self, outcome: Outcome) -> Vec<ProbeState> {
        let counts = |state: &ProbeState| state.outcome(self.down_counts) == outcome;
        ProbeState::ALL.into_iter().filter(counts).collect()
    }

    /// The conditions that some share of bad probes can fulfil; none for a draft, which is silent.
    ///
    /// Short periods scale two conditions to the same windows. Only the one that fires first is kept: the other says
    /// nothing more.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let mut kept: Vec<Condition> = Vec::new();
        for condition in self
            .alerts
            .conditions()
            .iter()
            .filter(|condition| condition.is_reachable())
        {
            let labels = |of: &Condition| (of.severity(), of.long(), of.short());
            match kept.iter_mut().find(|other| labels(other) == labels(condition)) {
                Some(other) if condition.factor() < other.factor() => *other = *condition,
                Some(_) => {}
                None => kept.push(*condition),
            }
        }
        if self.alerts.is_silent() { Vec::new() } else { kept }
    }

    /// That so many targets, probed so often, can be bad often enough for each of its alerts.
    pub(super) fn check_minimum(&self, slo: &str, targets: usize, interval: Duration) -> Result<(), ProbeKitError> {
        let Some(long) = self.alerts.shortest_long_window().filter(|_| !self.alerts.is_silent()) else {
            return Ok(());
        };
        let each = long.as_duration().as_millis() / interval.as_millis().max(1);
        let most = each.saturating_mul(u128::try_from(targets).unwrap_or(u128::MAX));
        let minimum = self.minimum_bad_events();
        if u128::from(minimum) <= most {
            return Ok(());
        }
        Err(ProbeKitError::TooFewProbes {
            slo: slo.to_owned(),
            minimum,
            long,
            most,
            targets,
            interval,
        })
    }

    /// Each long or short window of any condition, silent ones too: for graphs. Ascending.
    pub(super) fn burn_windows(&self) -> Vec<BurnWindow> {
        let conditions = self.alerts.conditions().iter();
        sorted(
            conditions
                .flat_map(|condition| [condition.short(), condition.long()])
                .collect(),
        )
    }

    /// The long windows of what pages: the burn rates to look at first. Ascending.
    pub(super) fn page_windows(&self) -> Vec<BurnWindow> {
        let conditions = self.alerts.conditions().iter();
        let pages = conditions.filter(|condition| condition.severity() == Severity::Page);
        sorted(pages.map(|condition| condition.long()).collect())
    }

    pub(super) const fn minimum_bad_events(&self) -> u32 {
        self.alerts.minimum_bad_events()
    }
}

fn own_labels(slo: &Slo) -> Labels {
    slo.alert_labels()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn sorted(mut windows: Vec<BurnWindow>) -> Vec<BurnWindow> {
    windows.sort_unstable();
    windows.dedup();
    windows
}

/// The error ratio that a condition's burn rate stands for, factor times budget, exact where it has a decimal.
pub(super) fn threshold(condition: &Condition) -> String {
    let factor = condition.factor();
    fraction(
        u128::from(factor.numerator()) * u128::from(condition.target().budget_ppb()),
        u128::from(factor.denominator()) * ONE_PPB,
    )
}

const ONE_PPB: u128 = 1_000_000_000;
