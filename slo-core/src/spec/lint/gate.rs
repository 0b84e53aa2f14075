//! A gate that blocks while nobody's promise is broken.

use super::{Item, Key, Lint, Step, Warnings};
use crate::alert::{AlertPolicy, Condition};
use crate::gate::Mode;
use crate::ratio::write_percent;
use crate::target::ONE_PPB;
use crate::{Alerting, Share, Sli, Slo, SloSet, Status, Threshold};

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

/// Warns of limits, as they are without an environment.
pub(super) fn strict(set: &SloSet, warnings: &mut Warnings<'_>) {
    for strict in found(set) {
        let written = [Key("gate"), Key(strict.key)];
        if warnings.node(&written).is_some() {
            warnings.warn(Lint::StrictGate, None, &written, strict.of_what_is_written());
        } else {
            let index = set.slos().iter().position(|slo| slo.name() == strict.slo.name());
            let slo = [Key("slos"), Item(index.unwrap_or_default())];
            let path = [slo.as_slice(), strict.allows].concat();
            warnings.warn(Lint::StrictGate, Some(strict.slo), &path, strict.of_the_default());
        }
    }
}

/// Warns of limits as they are in one environment: of those that it writes itself, and of others where it is the one that
/// makes them too strict, with SLOs that promise less there or a gate that only observes elsewhere.
pub(super) fn strict_there(name: &str, set: &SloSet, there: &SloSet, warnings: &mut Warnings<'_>) {
    let known: Vec<_> = found(set).map(|strict| strict.key).collect();
    for strict in found(there) {
        let written = [Key("environments"), Key(name), Key("gate"), Key(strict.key)];
        if warnings.node(&written).is_some() {
            warnings.warn(Lint::StrictGate, None, &written, strict.of_what_is_written());
        } else if !known.contains(&strict.key) {
            let path = strict.changed_by(name, warnings);
            warnings.warn(Lint::StrictGate, Some(strict.slo), &path, strict.of_another_place(name));
        }
    }
}

/// The limits that are too strict; none where nobody is stopped.
fn found(set: &SloSet) -> impl Iterator<Item = Strict<'_>> {
    let enforced = Some(set).filter(|set| set.gate().mode != Mode::Observe);
    enforced
        .into_iter()
        .flat_map(|set| [bad_ratio(set), p95(set), budget(set)])
        .flatten()
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

    /// Of a limit that stands elsewhere, or nowhere, and is too strict in this environment.
    fn of_another_place(&self, environment: &str) -> String {
        let (limit, or) = &self.instead;
        format!(
            "in `{environment}`, {}; write `gate: {{ {}: \"{limit}\" }}` {or} into `environments.{environment}`",
            self.why, self.key
        )
    }

    /// What the environment changes that makes it so: the first that it writes of what the SLO allows, its other changes
    /// and the gate's mode, and else the changes of other SLOs.
    fn changed_by<'a>(&'a self, environment: &'a str, warnings: &Warnings<'_>) -> Vec<Step<'a>> {
        let here = [Key("environments"), Key(environment)];
        let slo = [here.as_slice(), &[Key("slos"), Key(self.slo.name())]].concat();
        let allows = self.allows.last().copied();
        let of_slo = allows.into_iter().chain(["status", "window", "objective"].map(Key));
        let of_slo = of_slo.map(|key| [slo.as_slice(), &[key]].concat());
        let of_gate = [here.as_slice(), &[Key("gate"), Key("mode")]].concat();
        let mut places = of_slo.chain([of_gate]);
        let written = places.find(|path| warnings.node(path).is_some());
        written.unwrap_or_else(|| [here.as_slice(), &[Key("slos")]].concat())
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
