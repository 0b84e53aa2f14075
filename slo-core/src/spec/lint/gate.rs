//! A gate that blocks while nobody's promise is broken.

use super::{Key, Lint, Step, Warnings};
use crate::alert::{AlertPolicy, Condition};
use crate::gate::Mode;
use crate::ratio::write_percent;
use crate::target::ONE_PPB;
use crate::{Alerting, Environment, Share, Sli, Slo, SloSet, Status, Threshold};

/// Warns of limits, as they are in one environment or without one. There only of those that it writes itself.
pub(super) fn strict(set: &SloSet, environment: Option<(&str, &Environment)>, warnings: &mut Warnings<'_>) {
    if set.gate().mode == Mode::Observe {
        return; // nobody is stopped
    }
    let change = environment.map(|(_, environment)| environment.gate_change());
    let says = |is_written: bool| change.is_none() || is_written;
    let mut found: Vec<(&str, String)> = Vec::new();
    if says(change.is_some_and(|change| change.bad_ratio.is_some())) {
        found.extend(bad_ratio(set).map(|message| ("bad_ratio", message)));
    }
    if says(change.is_some_and(|change| change.p95.is_some())) {
        found.extend(p95(set).map(|message| ("p95", message)));
    }
    if says(change.is_some_and(|change| change.budget.is_some())) {
        found.extend(budget(set).map(|message| ("budget", message)));
    }
    for (key, message) in found {
        let at: &[Step<'_>] = match &environment {
            Some((name, _)) => &[Key("environments"), Key(name)],
            None => &[],
        };
        warnings.warn(
            Lint::StrictGate,
            None,
            &[at, &[Key("gate"), Key(key)]].concat(),
            message,
        );
    }
}

fn agreed(set: &SloSet) -> impl Iterator<Item = &Slo> {
    let slos = set.slos().iter();
    slos.filter(|slo| slo.current_status() == Status::Agreed)
}

/// Availability SLOs of requests, which the gate's bad ratio is about.
fn availability(set: &SloSet) -> impl Iterator<Item = &Slo> {
    agreed(set)
        .filter(|slo| matches!(slo.sli(), Sli::Http(sli) if sli.limit().is_none()) && slo.time_slices().is_none())
}

fn told(slo: &Slo) -> bool {
    !slo.alerting_rules().is_some_and(Alerting::tells_nobody)
}

fn conditions(slo: &Slo) -> Vec<Condition> {
    AlertPolicy::standard().for_slo(slo).conditions().to_vec()
}

/// `< 0.5%` blocks at a ratio at which the strictest availability SLO is met, or at which no alert fires.
fn bad_ratio(set: &SloSet) -> Option<String> {
    let limit = set.gate().bad_ratio.limit;
    let strictest = availability(set).min_by_key(|slo| slo.target().budget_ppb())?;
    let budget = Share::of_ppb(strictest.target().budget_ppb());
    if limit < budget {
        return Some(format!(
            "the gate blocks from {limit} of bad requests on, and no SLO allows less than the {budget} of `{}`: it blocks \
             while every promise is kept; write `< {budget}` or more",
            strictest.name()
        ));
    }
    let told: Vec<&Slo> = availability(set).filter(|slo| told(slo)).collect();
    let conditions = told
        .iter()
        .flat_map(|slo| conditions(slo))
        .filter(|condition| condition.is_reachable());
    let lowest = conditions.map(|condition| threshold_ppb(&condition)).min()?;
    (u64::from(limit.ppb()) < lowest).then(|| {
        let told_from = percent(lowest);
        format!(
            "the gate blocks from {limit} of bad requests on, and nobody is told before {told_from} are bad: it blocks while \
             all is said to be well; write `< {told_from}` or more"
        )
    })
}

/// The error ratio over which a condition fires, in parts per billion, rounded down.
fn threshold_ppb(condition: &Condition) -> u64 {
    let factor = condition.factor();
    let threshold = u128::from(factor.numerator()) * u128::from(condition.target().budget_ppb());
    u64::try_from(threshold / u128::from(factor.denominator())).unwrap_or(u64::MAX)
}

fn percent(ppb: u64) -> String {
    struct Percent(u64);
    impl core::fmt::Display for Percent {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            write_percent(f, u128::from(self.0), 7)
        }
    }
    Percent(ppb).to_string()
}

/// `< 800ms` blocks where every latency SLO that says something of 95% allows more.
fn p95(set: &SloSet) -> Option<String> {
    let limit = set.gate().p95.limit;
    let of_95 = agreed(set).filter(|slo| slo.target().budget_ppb() <= ONE_PPB / 20);
    let limits = of_95.filter_map(|slo| Some((slo.latency_limit()?, slo)));
    let (least, slo) = limits.min_by_key(|(limit, _): &(Threshold, _)| *limit)?;
    (limit < least).then(|| {
        format!(
            "the gate blocks when 5% of all requests take {limit} or longer, and `{}` allows {least}: it blocks while every \
             promise is kept; write `< {least}` or more",
            slo.name()
        )
    })
}

/// `> 99%` blocks once 1% of a budget is spent, and the first alert fires at 2%.
fn budget(set: &SloSet) -> Option<String> {
    let limit = set.gate().budget.limit;
    let slos = agreed(set).filter(|slo| told(slo) && slo.composite().is_none());
    let conditions: Vec<_> = slos
        .flat_map(conditions)
        .filter(|condition| condition.is_reachable())
        .collect();
    let spent = conditions
        .iter()
        .map(|condition| condition.budget_spent_at_fire())
        .min()?;
    let may_be_spent = u128::from(ONE_PPB - limit.ppb());
    (may_be_spent * u128::from(spent.whole()) < u128::from(spent.part()) * u128::from(ONE_PPB)).then(|| {
        format!(
            "the gate blocks unless more than {limit} of every budget are left, and nobody is told before {spent} are spent: \
             it blocks while all is said to be well; write `> 90%` or less"
        )
    })
}
