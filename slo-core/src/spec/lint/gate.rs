//! A gate that blocks while nobody's promise is broken.

use super::{Item, Key, Lint, Step, Warnings};
use crate::alert::{AlertPolicy, Condition};
use crate::gate::Mode;
use crate::ratio::write_percent;
use crate::target::ONE_PPB;
use crate::{Alerting, Environment, Share, Sli, Slo, SloSet, Status, Threshold};

/// A limit that is too strict.
struct Strict<'s> {
    /// The limit's key.
    key: &'static str,
    /// The SLO that allows more, and the key of what it allows.
    slo: &'s Slo,
    allows: &'static [Step<'static>],
    /// What is wrong with the limit, up to what to write.
    why: String,
    /// A limit that would do, and `or more` or `or less`.
    instead: (String, &'static str),
}

/// Warns of limits, as they are in one environment or without one. There only of those that it writes itself.
pub(super) fn strict(set: &SloSet, environment: Option<(&str, &Environment)>, warnings: &mut Warnings<'_>) {
    if set.gate().mode == Mode::Observe {
        return; // nobody is stopped
    }
    let found = [bad_ratio(set), p95(set), budget(set)];
    for strict in found.into_iter().flatten() {
        let at = match environment {
            Some((name, _)) => vec![Key("environments"), Key(name)],
            None => Vec::new(),
        };
        let written = [at.as_slice(), &[Key("gate"), Key(strict.key)]].concat();
        let is_written = warnings.node(&written).is_some();
        if is_written {
            warnings.warn(Lint::StrictGate, None, &written, strict.of_what_is_written());
        } else if environment.is_none() {
            let index = set.slos().iter().position(|slo| slo.name() == strict.slo.name());
            let slo = [Key("slos"), Item(index.unwrap_or_default())];
            let path = [slo.as_slice(), strict.allows].concat();
            warnings.warn(Lint::StrictGate, Some(strict.slo), &path, strict.of_the_default());
        }
    }
}

impl Strict<'_> {
    fn of_what_is_written(&self) -> String {
        let (limit, or) = &self.instead;
        let limit = limit.split(" over ").next().unwrap_or_default();
        format!("{}; write `{limit}` {or}", self.why)
    }

    /// Nobody wrote the limit, so that it is said where it comes from.
    fn of_the_default(&self) -> String {
        let (limit, or) = &self.instead;
        format!(
            "{}; that is the limit where the spec says none: write `gate: {{ {}: \"{limit}\" }}` {or}",
            self.why, self.key
        )
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
fn bad_ratio(set: &SloSet) -> Option<Strict<'_>> {
    let rule = set.gate().bad_ratio;
    let (limit, over) = (rule.limit, rule.over);
    let strict = |slo, why, limit: &dyn core::fmt::Display| Strict {
        key: "bad_ratio",
        slo,
        allows: &[Key("objective")],
        why,
        instead: (format!("< {limit} over {over}"), "or more"),
    };
    let strictest = availability(set).min_by_key(|slo| slo.target().budget_ppb())?;
    let budget = Share::of_ppb(strictest.target().budget_ppb());
    if limit < budget {
        let why = format!(
            "the gate blocks from {limit} of bad requests on, and no SLO allows less than the {budget} of `{}`: it blocks \
             while every promise is kept",
            strictest.name()
        );
        return Some(strict(strictest, why, &budget));
    }
    let reachable = |slo| {
        let conditions = conditions(slo).into_iter().filter(|condition| condition.is_reachable());
        conditions.map(|condition| threshold_ppb(&condition)).min()
    };
    let told = availability(set).filter(|slo| told(slo));
    let lowest = told.filter_map(|slo| Some((reachable(slo)?, slo)));
    let (lowest, slo) = lowest.min_by_key(|(lowest, _)| *lowest)?;
    (u64::from(limit.ppb()) < lowest).then(|| {
        let told_from = percent(lowest);
        let why = format!(
            "the gate blocks from {limit} of bad requests on, and nobody is told before {told_from} are bad: it blocks while \
             all is said to be well"
        );
        strict(slo, why, &told_from)
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
fn p95(set: &SloSet) -> Option<Strict<'_>> {
    let rule = set.gate().p95;
    let limit = rule.limit;
    let of_95 = agreed(set).filter(|slo| slo.target().budget_ppb() <= ONE_PPB / 20);
    let limits = of_95.filter_map(|slo| Some((slo.latency_limit()?, slo)));
    let (least, slo) = limits.min_by_key(|(limit, _): &(Threshold, _)| *limit)?;
    (limit < least).then(|| Strict {
        key: "p95",
        slo,
        allows: &[Key("sli"), Key("http"), Key("faster_than")],
        why: format!(
            "the gate blocks when 5% of all requests take {limit} or longer, and `{}` allows {least}: it blocks while every \
             promise is kept",
            slo.name()
        ),
        instead: (format!("< {least} over {}", rule.over), "or more"),
    })
}

/// `> 99%` blocks once 1% of a budget is spent, and the first alert fires at 2%.
fn budget(set: &SloSet) -> Option<Strict<'_>> {
    let limit = set.gate().budget.limit;
    let slos = agreed(set).filter(|slo| told(slo) && slo.composite().is_none());
    let first = |slo| {
        let conditions = conditions(slo).into_iter().filter(|condition| condition.is_reachable());
        conditions.map(Condition::budget_spent_at_fire).min()
    };
    let (spent, slo) = slos
        .filter_map(|slo| Some((first(slo)?, slo)))
        .min_by_key(|(spent, _)| *spent)?;
    let may_be_spent = u128::from(ONE_PPB - limit.ppb());
    (may_be_spent * u128::from(spent.whole()) < u128::from(spent.part()) * u128::from(ONE_PPB)).then(|| {
        let part = (u128::from(spent.part()) * u128::from(ONE_PPB)).div_ceil(u128::from(spent.whole()).max(1));
        let left = u128::from(ONE_PPB).saturating_sub(part);
        Strict {
            key: "budget",
            slo,
            allows: &[Key("objective")],
            why: format!(
                "the gate blocks unless more than {limit} of every budget are left, and nobody is told before {spent} are \
                 spent: it blocks while all is said to be well"
            ),
            instead: (format!("> {}", percent(u64::try_from(left).unwrap_or_default())), "or less"),
        }
    })
}
