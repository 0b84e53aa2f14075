//! What a whole policy makes of one observation, now and later.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::{
    Freshness, Rule,
    instant::{NANO, before},
    leaf::{Facts, NOTHING, Ruling},
    line::{Finding, Line},
};
use crate::{
    observation::Observation,
    verdict::{Reason, Signal, State},
};

/// Of one policy and one observation: everything that does not depend on now.
#[derive(Debug)]
pub(crate) struct Outlook {
    node: Node,
    volume: Option<Line>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a policy is nearly always one rule, and is judged for every request: no box"
)]
enum Node {
    Rule(Ruling),
    AllOf(Vec<Outlook>),
    AnyOf(Vec<Outlook>),
}

impl Outlook {
    pub(crate) fn new(policy: &Freshness, seen: &Observation) -> Self {
        let (plausible, signal) = plausible_from(policy, seen);
        let impossible = Finding::new(State::Invalid, Reason::InTheFuture, signal);
        let guarded = |line: Line| line.but_before(plausible, impossible);
        let mut settles = None;
        let node = match &policy.rule {
            Rule::AllOf(members) => Node::AllOf(members.iter().map(|member| Self::new(member, seen)).collect()),
            Rule::AnyOf(members) => Node::AnyOf(members.iter().map(|member| Self::new(member, seen)).collect()),
            rule => {
                let ruling = ruling(rule, policy, seen);
                settles = ruling.settles;
                Node::Rule(Ruling {
                    line: guarded(ruling.line),
                    ..ruling
                })
            }
        };
        // The members of a combination have tolerances of their own.
        let guard = |line| match node {
            Node::Rule(_) => guarded(line),
            Node::AllOf(_) | Node::AnyOf(_) => line,
        };
        let volume = policy.volume.line(seen, settles).map(guard);
        Self { node, volume }
    }

    /// What is found at `now`, and the facts of the rule that decides.
    pub(crate) fn at(&self, now: DateTime<Utc>) -> (Finding, Facts) {
        let (finding, facts) = match &self.node {
            Node::Rule(ruling) => (ruling.at(now), ruling.facts),
            // Among equals the first, whatever their ages, so that nothing changes between two steps.
            Node::AllOf(members) => {
                let found = members.iter().map(|member| member.at(now));
                found
                    .min_by_key(|(found, _)| Reverse(found.state.rank()))
                    .unwrap_or(NO_MEMBER)
            }
            Node::AnyOf(members) => {
                let found = members.iter().map(|member| member.at(now));
                found.min_by_key(|(found, _)| found.state.rank()).unwrap_or(NO_MEMBER)
            }
        };
        let counted = self
            .volume
            .as_ref()
            .map_or(finding, |volume| finding.or_worse(volume.at(now)));
        (counted, facts)
    }

    /// The first instant after `now` at which the state or the reason is another, if nothing lands.
    pub(crate) fn change_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let said = |at| {
            let (found, _) = self.at(at);
            (found.state, found.reason)
        };
        let here = said(now);
        let mut steps = std::iter::successors(self.step_after(now), |&at| self.step_after(at));
        steps.find(|&at| said(at) != here)
    }

    /// The last instant at which the observation proves FRESH: in the past when it does no more, `None` when it never did.
    pub(crate) fn proof_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let fresh = |at: &DateTime<Utc>| self.at(*at).0.state == State::Fresh;
        if fresh(&now) {
            let mut steps = std::iter::successors(self.step_after(now), |&at| self.step_after(at));
            let end = steps.find(|at| !fresh(at));
            return Some(end.map_or(DateTime::<Utc>::MAX_UTC, |end| before(end, NANO)));
        }
        let last_before = |at| {
            let before = before(self.step_up_to(at)?, NANO);
            (before < at).then_some(before) // nothing is before the beginning of time
        };
        std::iter::successors(last_before(now), |&at| last_before(at)).find(fresh)
    }

    /// The first instant after `now` at which anything may change. There are finitely many: a rule has some steps only.
    fn step_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let own = self.own_steps(|line| line.step_after(now));
        let expiry = self.expiry().filter(|end| *end > now);
        let members = self.members().iter().filter_map(|member| member.step_after(now));
        own.into_iter().flatten().chain(expiry).chain(members).min()
    }

    /// The last instant up to `now` at which anything may have changed.
    fn step_up_to(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let own = self.own_steps(|line| line.step_up_to(now));
        let expiry = self.expiry().filter(|end| *end <= now);
        let members = self.members().iter().filter_map(|member| member.step_up_to(now));
        own.into_iter().flatten().chain(expiry).chain(members).max()
    }

    fn own_steps(&self, step: impl Fn(&Line) -> Option<DateTime<Utc>>) -> [Option<DateTime<Utc>>; 2] {
        let of_rule = match &self.node {
            Node::Rule(ruling) => step(&ruling.line),
            Node::AllOf(_) | Node::AnyOf(_) => None,
        };
        [of_rule, self.volume.as_ref().and_then(step)]
    }

    fn expiry(&self) -> Option<DateTime<Utc>> {
        match &self.node {
            Node::Rule(ruling) => ruling.expires,
            Node::AllOf(_) | Node::AnyOf(_) => None,
        }
    }

    fn members(&self) -> &[Self] {
        match &self.node {
            Node::Rule(_) => &[],
            Node::AllOf(members) | Node::AnyOf(members) => members,
        }
    }
}

fn ruling(rule: &Rule, policy: &Freshness, seen: &Observation) -> Ruling {
    if seen.empty {
        return Ruling::always(EMPTY);
    }
    let ruling = match rule {
        Rule::Within(within) => within.rule(seen),
        #[cfg(feature = "calendar")]
        Rule::ByDeadline(deadline) => deadline.rule(seen, policy.future_tolerance),
        #[cfg(feature = "calendar")]
        Rule::CurrentPeriod(period) => period.rule(seen),
        Rule::AllOf(_) | Rule::AnyOf(_) => Err(NOTHING), // those have members instead
    };
    #[cfg(not(feature = "calendar"))]
    let _ = policy;
    ruling.unwrap_or_else(Ruling::always)
}

/// From when on no signal lies further in the future than `policy` tolerates, and the signal that does longest; `None`
/// for one that is beyond even what the clock of its own source showed.
fn plausible_from(policy: &Freshness, seen: &Observation) -> (Option<DateTime<Utc>>, Signal) {
    let signals = [
        (seen.watermark, Signal::Age),
        (seen.loaded_at, Signal::Loaded),
        (seen.observed_at, Signal::ObservedAt),
    ];
    let given = signals.into_iter().filter_map(|(at, signal)| Some((at?, signal)));
    let Some((furthest, signal)) = given.max_by_key(|(at, _)| *at) else {
        return (Some(DateTime::<Utc>::MIN_UTC), Signal::Age);
    };
    let earliest = before(furthest, policy.future_tolerance);
    if seen.observed_at.is_some_and(|source| source < earliest) {
        return (None, signal);
    }
    (Some(earliest), signal)
}

const EMPTY: Finding = Finding {
    signal: None,
    ..Finding::new(State::Empty, Reason::NoData, Signal::Rows)
};
const NO_MEMBER: (Finding, Facts) = (
    NOTHING,
    Facts {
        limit: None,
        cycle: None,
        deadline: None,
    },
);
