//! Groups as Mimir takes them: of so many rules each, and so many of a tenant.
//!
//! See `docs/adr/082-rules-are-cut-to-what-takes-them.md`.

use super::reads::read_now;
use super::{Group, Rule, RuleFile};
use crate::render::short_name::numbered;
use crate::render::subject::of_another_group;

/// `ruler_max_rules_per_rule_group`, unless it is raised:
/// <https://grafana.com/docs/mimir/latest/configure/configuration-parameters/>.
const MOST_RULES: usize = 20;

/// `ruler_max_rule_groups_per_tenant`, likewise.
const MOST_GROUPS: usize = 70;

/// The interval at which a series is there at every moment for whoever looks back by five minutes. At a longer one it is not,
/// in the moments in which the next value is late.
const OFTEN: &str = "1m";

/// The same rules in groups that are small enough; and a word about the tenant's limit, where they pass it.
pub(super) fn fitted(mut file: RuleFile) -> RuleFile {
    file.groups = file.groups.into_iter().flat_map(split).collect();
    let count = file.groups.iter().filter(|group| !group.rules.is_empty()).count();
    if count > MOST_GROUPS {
        file.heading.push(format!(
            "In {count} groups. Mimir takes {MOST_GROUPS} of a tenant, unless `ruler_max_rule_groups_per_tenant` is raised."
        ));
    }
    file
}

/// That no group has more rules than Mimir takes, or what to do.
pub(super) fn checked(groups: &[Group]) -> Result<(), String> {
    let Some(group) = groups.iter().find(|group| group.rules.len() > MOST_RULES) else {
        return Ok(());
    };
    Err(format!(
        "Mimir takes {MOST_RULES} rules in a group, and the {} of `{}` read one another; write fewer, like a `--window` less for a \
         fleet",
        group.rules.len(),
        group.name
    ))
}

/// The group, or several called `name`, `name.2` and so on. Recording rules stay with those whose results they read in the same
/// pass; alerts go where there is room.
fn split(group: Group) -> Vec<Group> {
    if group.rules.len() <= MOST_RULES {
        return vec![group];
    }
    let chains = chains(&group.rules);
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for chain in chains {
        match parts.last_mut() {
            Some(part) if part.len() + chain.len() <= MOST_RULES => part.extend(chain),
            _ => parts.push(chain),
        }
    }
    let rules = &group.rules;
    let part = |(mut places, number): (Vec<usize>, usize)| {
        places.sort_unstable();
        let own = places
            .iter()
            .map(|place| placed(rules, &places, &rules[*place], group.interval));
        Group::new(numbered(&group.name, number), group.interval, own.collect())
    };
    parts.into_iter().zip(1..).map(part).collect()
}

/// The places of rules that must be in one group, each chain and all of them in their order.
fn chains(rules: &[Rule]) -> Vec<Vec<usize>> {
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for (place, rule) in rules.iter().enumerate() {
        let read = if rule.is_alert() {
            Vec::new()
        } else {
            read_now(rule.expr())
        };
        let reads = |other: &usize| {
            let other = &rules[*other];
            !other.is_alert() && read.iter().any(|(_, name)| *name == other.name())
        };
        let (joined, apart): (Vec<_>, Vec<_>) = chains.into_iter().partition(|chain| chain.iter().any(reads));
        let mut chain = joined.concat();
        chain.push(place);
        chains = apart;
        chains.push(chain);
    }
    chains.sort_by_key(|chain| chain.iter().min().copied());
    chains
}

/// A rule in its part. What an alert reads of another part is the last value there was, where that may be older than engines
/// look back.
fn placed(all: &[Rule], part: &[usize], rule: &Rule, interval: &str) -> Rule {
    if !rule.is_alert() || interval == OFTEN {
        return rule.clone();
    }
    let is_elsewhere = |name: &str| {
        let mut rules = all.iter().enumerate();
        rules.any(|(place, rule)| !rule.is_alert() && rule.name() == name && !part.contains(&place))
    };
    let mut expr = String::with_capacity(rule.expr().len());
    let mut copied = 0;
    for (place, name) in read_now(rule.expr()) {
        if is_elsewhere(name) {
            expr.push_str(&rule.expr()[copied..place.start]);
            expr.push_str(&of_another_group(&rule.expr()[place.clone()]));
            copied = place.end;
        }
    }
    expr.push_str(&rule.expr()[copied..]);
    Rule { expr, ..rule.clone() }
}
