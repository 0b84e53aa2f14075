//! The rules, one by one: from an observation to an outcome.

use core::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Evidence, Figure, Freshness, GateRules, Latency, Observation, RuleName, RuleOutcome, RuleState};
use crate::ratio::signed_quotient;
use crate::{BudgetBasis, BudgetState, ErrorBudget, Events, Ratio, Share, Sli, Slo, Status, names};

/// The share of requests that must be under the latency limit: what p95 means.
const P95: Share = Share::of_ppb(950_000_000);

pub(super) fn bad_ratio(rules: &GateRules, seen: &Observation<Events>) -> RuleOutcome {
    let rule = &rules.bad_ratio;
    let outcome = RuleOutcome {
        window: Some(rule.over),
        ..RuleOutcome::new(RuleName::BadRatio, names::REQUESTS, &seen.source)
    };
    judged(outcome, rules, seen, |mut outcome, events| {
        outcome.events = Some(*events);
        if is_quiet(events.all(), rules) {
            return idle(outcome, events.all(), rules);
        }
        let excluded = events
            .excluded_ratio()
            .filter(|share| *share > rules.most_excluded.as_ratio());
        let limit = rule.limit.as_ratio();
        // Bad beyond doubt: even if all that was excluded had been good.
        let proven = Ratio::new(events.bad(), events.all()) >= Some(limit) && !is_quiet(events.valid(), rules);
        if let Some(share) = excluded.filter(|_| !proven) {
            let words = format!(
                "{share} of the requests were excluded, more than {}: clients leave before they are answered",
                rules.most_excluded
            );
            return outcome.found(RuleState::Unknown, words);
        }
        let Some(ratio) = events.error_ratio().filter(|_| !is_quiet(events.valid(), rules)) else {
            return idle(outcome, events.valid(), rules);
        };
        let words = format!(
            "{ratio} of requests were bad ({} of {}), must be {rule}",
            events.bad(),
            events.valid()
        );
        outcome
            .figures(
                Figure::Ratio(ratio.as_ratio_f64()),
                Figure::Ratio(rule.limit.as_ratio_f64()),
                Figure::Ratio(difference(limit, ratio)),
            )
            .found(holds(ratio < limit), words)
    })
}

pub(super) fn p95(rules: &GateRules, seen: &Observation<Latency>) -> RuleOutcome {
    let outcome = RuleOutcome {
        window: Some(rules.p95.over),
        ..RuleOutcome::new(RuleName::P95, names::REQUESTS, &seen.source)
    };
    judged(outcome, rules, seen, |outcome, latency| match *latency {
        Latency::Counts { limit, .. } if limit != rules.p95.limit => {
            let words = format!("counted at {limit}, and the rule is {}", rules.p95);
            outcome.found(RuleState::Unknown, words)
        }
        Latency::Counts { events, .. } => counted(outcome, rules, events),
        Latency::P95 { p95, events } => estimated(outcome, rules, p95, events),
    })
}

fn counted(mut outcome: RuleOutcome, rules: &GateRules, events: Events) -> RuleOutcome {
    outcome.events = Some(events);
    let Some(fast) = events.sli().filter(|_| !is_quiet(events.valid(), rules)) else {
        return idle(outcome, events.valid(), rules);
    };
    let rule = &rules.p95;
    let words = format!(
        "{fast} of requests took at most {} ({} of {}), must be at least {P95} for a p95 {rule}",
        rule.limit,
        events.good(),
        events.valid()
    );
    outcome
        .figures(
            Figure::Ratio(fast.as_ratio_f64()),
            Figure::Ratio(P95.as_ratio_f64()),
            Figure::Ratio(difference(fast, P95.as_ratio())),
        )
        .found(holds(fast >= P95.as_ratio()), words)
}

fn estimated(outcome: RuleOutcome, rules: &GateRules, p95: Duration, events: u64) -> RuleOutcome {
    if is_quiet(events, rules) {
        return idle(outcome, events, rules);
    }
    let rule = &rules.p95;
    let limit = rule.limit.as_duration();
    let margin = if p95 < limit {
        (limit - p95).as_secs_f64()
    } else {
        -(p95 - limit).as_secs_f64()
    };
    let value = Figure::Seconds(p95.as_secs_f64());
    let words = format!("p95 of {events} requests was {value}, must be {rule}");
    outcome
        .figures(
            value,
            Figure::Seconds(rule.limit.as_seconds_f64()),
            Figure::Seconds(margin),
        )
        .found(holds(p95 < limit), words)
}

pub(super) fn budget(rules: &GateRules, slo: &Slo, evidence: &Evidence, now: DateTime<Utc>) -> RuleOutcome {
    let seen = evidence.budgets.get(slo.name());
    let now = evidence.as_of.unwrap_or(now);
    let mut outcome = RuleOutcome {
        promise: slo.promise_sentence().map(ToOwned::to_owned),
        owner: slo.owner_name().map(ToOwned::to_owned),
        window: Some(slo.window()),
        ..RuleOutcome::new(RuleName::Budget, slo.name(), seen.map_or("", |seen| &seen.source))
    };
    outcome = match seen {
        Some(seen) => judged(outcome, rules, seen, |mut outcome, events| {
            let mut budget = ErrorBudget::observed(slo.target(), *events).so_far(slo.window(), now.into());
            match seen.coverage {
                Some(coverage) => budget = budget.covering(coverage),
                None => outcome
                    .caveats
                    .push("how much of its window was measured is not known".to_owned()),
            }
            let recovers_at = evidence.recoveries.get(slo.name()).copied();
            left(outcome, rules, budget, recovers_at.or_else(|| next_period(slo, now)))
        }),
        None => outcome.found(RuleState::Unknown, "nobody asked for its events"),
    };
    match stops_deploys(slo) {
        Ok(()) => outcome,
        Err(because) => {
            let state = outcome.state.softened();
            if state != outcome.state {
                outcome.caveats.push(because.to_owned());
            }
            RuleOutcome { state, ..outcome }
        }
    }
}

/// Agreed SLOs of requests and of events do; a deploy does not make data stale, and may be the cure.
fn stops_deploys(slo: &Slo) -> Result<(), &'static str> {
    match (slo.current_status(), slo.sli()) {
        (Status::Draft, _) => Err("a draft is shown and never blocks"),
        (Status::Agreed, Sli::Http(_) | Sli::Events(_) | Sli::Prometheus(_)) => Ok(()),
        (Status::Agreed, Sli::Composite(_)) => Err("a composite is judged by its members"),
        (Status::Agreed, Sli::Synthetic(_)) => Err("freshness warns and never blocks"),
    }
}

/// When a calendar period begins anew, and its budget with it.
fn next_period(slo: &Slo, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let window = slo.window();
    let is_rolling = window.rolling_length().is_some();
    (!is_rolling).then(|| window.bounds(now.into()).end.into())
}

fn left(
    mut outcome: RuleOutcome,
    rules: &GateRules,
    budget: ErrorBudget,
    recovers_at: Option<DateTime<Utc>>,
) -> RuleOutcome {
    let seen = budget.seen();
    outcome.events = Some(seen);
    if let Some(share) = seen.excluded_ratio().filter(|_| seen.excluded() > seen.valid()) {
        outcome.caveats.push(format!("{share} of its events were excluded"));
    }
    let limit = rules.budget.limit;
    let budget = budget.decisive();
    let (Some(remaining), Some(margin), Some(enough)) = (
        budget.remaining_ratio_f64(),
        budget.margin_ratio_f64(limit),
        budget.leaves_more_than(limit),
    ) else {
        return outcome.found(RuleState::Idle, "no valid event: nothing is spent");
    };
    let value = Figure::Ratio(remaining);
    let mut words = String::new();
    if budget.state() == BudgetState::Exhausted {
        words.push_str("exhausted: ");
    }
    let allowed_by = match budget.basis() {
        BudgetBasis::Observed => "allowed",
        BudgetBasis::WholeWindow => "that the whole window allows at this traffic",
    };
    words += &format!(
        "{value} of the error budget is left ({} bad events of {:.1} {allowed_by}), must be {}",
        seen.bad(),
        budget.allowed_events_f64(),
        rules.budget
    );
    if !enough {
        outcome.recovers_at = recovers_at;
        words += &match outcome.recovers_at {
            Some(at) => format!(
                "; recovers at {} if nothing else goes wrong",
                at.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
            None => "; when it recovers is not known".to_owned(),
        };
    }
    outcome.basis = Some(budget.basis());
    outcome
        .figures(value, Figure::Ratio(limit.as_ratio_f64()), Figure::Ratio(margin))
        .found(holds(enough), words)
}

pub(super) fn freshness(rules: &GateRules, check: &str, seen: &Observation<Freshness>) -> RuleOutcome {
    let outcome = RuleOutcome::new(RuleName::Freshness, check, &seen.source);
    let outcome = judged(outcome, rules, seen, |outcome, freshness| match freshness {
        Freshness::Fresh => outcome.found(RuleState::Pass, "fresh"),
        Freshness::NotFresh(words) => outcome.found(RuleState::Warn, words),
    });
    let state = outcome.state.softened();
    RuleOutcome { state, ..outcome }
}

/// Measures what was answered, and then says whether that can be believed.
fn judged<T>(
    outcome: RuleOutcome,
    rules: &GateRules,
    seen: &Observation<T>,
    measure: impl FnOnce(RuleOutcome, &T) -> RuleOutcome,
) -> RuleOutcome {
    let mut outcome = RuleOutcome {
        coverage: seen.coverage,
        ..outcome
    };
    if let (Some(coverage), Some(window)) = (seen.coverage, outcome.window) {
        if coverage < ErrorBudget::COVERED {
            outcome
                .caveats
                .push(format!("only {coverage} of {window} was measured"));
        }
    }
    outcome.caveats.extend(seen.notes.iter().cloned());
    let outcome = match &seen.answer {
        Ok(value) => measure(outcome, value),
        Err(_) => outcome,
    };
    match seen.doubt(rules.oldest_push) {
        Some((state, words)) => outcome.found(state, words),
        None => outcome,
    }
}

fn is_quiet(events: u64, rules: &GateRules) -> bool {
    events < rules.least_events.max(1)
}

fn idle(outcome: RuleOutcome, events: u64, rules: &GateRules) -> RuleOutcome {
    let words = format!(
        "{events} events, fewer than {}: too few to judge",
        rules.least_events.max(1)
    );
    outcome.found(RuleState::Idle, words)
}

const fn holds(holds: bool) -> RuleState {
    if holds { RuleState::Pass } else { RuleState::Fail }
}

/// `a - b`, whose sign is that of the exact comparison.
fn difference(a: Ratio, b: Ratio) -> f64 {
    let cross = |x: Ratio, y: Ratio| u128::from(x.part()) * u128::from(y.whole());
    let whole = u128::from(a.whole()) * u128::from(b.whole());
    signed_quotient(cross(a, b), cross(b, a), whole)
}
