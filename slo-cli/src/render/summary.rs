//! What a spec means, for people.

use core::time::Duration;

use slo_core::alert::{AlertPolicy, Severity};
use slo_core::gate::{GateOverride, GateRules, Mode, OnUnknown};
use slo_core::{
    AlertsKind, Classification, CompositeSli, DEFAULT_PATIENCE, Ending, HttpSli, METHODS, Outcome, Patience, Period,
    PrometheusSli, Sli, Slo, SloOverride, SloSet, Status, SyntheticSli, Threshold, Until,
};

use super::{codes, units};

/// A block of text per SLO, ending in a line break.
pub(crate) fn of(file: &str, set: &SloSet) -> String {
    let slos = set.slos();
    let patience = set.patience_of_all();
    let noun = if slos.len() == 1 { "SLO" } else { "SLOs" };
    let mut text = format!("{file}: service {}, {} {noun}\n", set.service(), slos.len());
    for slo in slos {
        text.push('\n');
        text.push_str(slo.name());
        text.push('\n');
        for (label, value) in rows(slo, &patience) {
            text.push_str(&format!("  {label:<9}  {value}\n"));
        }
    }
    let gate = set.gate();
    text.push_str(&format!(
        "\na deploy needs bad ratio {}, p95 {}, budget left {}{}{}\n",
        gate.bad_ratio,
        gate.p95,
        gate.budget,
        particulars(gate),
        mode(gate.mode)
    ));
    for (name, environment) in set.environments() {
        text.push_str(&format!("\nin {name}\n"));
        text.extend(gate_changes(environment.gate_change()).map(|changes| format!("  gate: {changes}\n")));
        for (slo, change) in environment.slos() {
            text.push_str(&format!("  {slo}: {}\n", changes(change)));
        }
    }
    text
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "",
        _ => "; nobody is stopped, it is only recorded",
    }
}

/// What else was said of the gate, if it is other than by default: `; what was not seen is let pass`.
fn particulars(gate: &GateRules) -> String {
    let usual = GateRules::default();
    let mut words = Vec::new();
    if gate.least_events != usual.least_events {
        words.push(format!("idle under {} events", gate.least_events));
    }
    if gate.most_excluded != usual.most_excluded {
        words.push(format!("unknown over {} excluded", gate.most_excluded));
    }
    if gate.oldest_push != usual.oldest_push {
        words.push(format!("unknown without a push in {}", age(gate.oldest_push)));
    }
    if gate.on_unknown == OnUnknown::Allow {
        words.push("what is unknown is let pass".to_owned());
    }
    words.into_iter().map(|word| format!("; {word}")).collect()
}

fn age(age: Duration) -> String {
    units::duration(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX))
}

/// `budget left > 20%, mode observe`, if anything is different.
fn gate_changes(change: &GateOverride) -> Option<String> {
    let changes = [
        change.bad_ratio.map(|rule| format!("bad ratio {rule}")),
        change.p95.map(|rule| format!("p95 {rule}")),
        change.budget.map(|rule| format!("budget left {rule}")),
        change.mode.map(|mode| format!("mode {}", mode.as_str())),
        change
            .on_unknown
            .map(|choice| format!("on unknown {}", choice.as_str())),
        change.least_events.map(|count| format!("idle under {count} events")),
        change
            .most_excluded
            .map(|share| format!("unknown over {share} excluded")),
        change
            .oldest_push
            .map(|time| format!("unknown without a push in {}", age(time))),
    ];
    let changes: Vec<_> = changes.into_iter().flatten().collect();
    (!changes.is_empty()).then(|| changes.join(", "))
}

/// `objective 95%, window 7d`.
fn changes(change: &SloOverride) -> String {
    let changes = [
        change.objective.map(|objective| format!("objective {objective}")),
        change.window.map(|window| format!("window {window}")),
        change.status.map(|status| status.as_str().to_owned()),
        change.faster_than.map(|limit| format!("answered within {limit}")),
    ];
    let changes: Vec<_> = changes.into_iter().flatten().collect();
    if changes.is_empty() {
        "nothing is different".to_owned()
    } else {
        changes.join(", ")
    }
}

fn rows(slo: &Slo, patience: &Patience<'_>) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    rows.extend(slo.promise_sentence().map(|sentence| ("promise", sentence.to_owned())));
    rows.push(("status", status(slo)));
    rows.extend(slo.journey_name().map(|journey| ("journey", journey.to_owned())));
    match slo.sli() {
        Sli::Http(sli) => rows.extend(http(sli, patience)),
        Sli::Synthetic(sli) => rows.extend(synthetic(sli)),
        Sli::Events(sli) => rows.push(("measures", format!("{}, as the service tells them", sli.what()))),
        Sli::Composite(sli) => rows.push(("measures", mean(sli))),
        Sli::Prometheus(sli) => rows.extend(counted(sli)),
        other => rows.push((
            "measures",
            format!("`{}`, which this release has no words for", other.kind()),
        )),
    }
    rows.extend(slo.time_slices().map(|slices| ("counts", slices.to_string())));
    let (target, window) = (slo.target(), slo.window());
    let (each, per) = match window.as_calendar() {
        Some((period, _)) => (format!("each {window}"), per_period(period)),
        None => (window.to_string(), window.to_string()),
    };
    let outage = units::range(&units::full_outage_nanos(target, window), units::duration);
    let of_what = if slo.time_slices().is_some() {
        " of the slices"
    } else {
        ""
    };
    rows.push(("objective", format!("{target}{of_what} good over {each}")));
    rows.push((
        "budget",
        format!("{} = {outage} of full outage per {per}", units::budget_percent(target)),
    ));
    rows.extend(alerts(slo));
    let planned = slo
        .exclusions()
        .iter()
        .map(|exclusion| ("planned", exclusion.to_string()));
    rows.extend(planned);
    if !slo.labels().is_empty() {
        let labels: Vec<_> = slo
            .labels()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        rows.push(("labels", labels.join(", ")));
    }
    rows.extend(slo.runbook_link().map(|link| ("runbook", link.to_string())));
    rows.extend(slo.dashboard_link().map(|link| ("dashboard", link.to_string())));
    rows
}

/// Who is told, if it was said.
fn alerts(slo: &Slo) -> Vec<(&'static str, String)> {
    let Some(alerting) = slo.alerting_rules() else {
        return Vec::new();
    };
    if alerting.tells_nobody() {
        return vec![("alerts", "nobody is told".to_owned())];
    }
    let mut rows = Vec::new();
    let names = [Severity::Page, Severity::Ticket].map(|severity| (severity, alerting.severity_label(severity)));
    let renamed = names.into_iter().filter(|(severity, name)| severity.as_str() != *name);
    let mut names: Vec<_> = renamed
        .map(|(severity, name)| format!("a {severity} is `{name}`"))
        .collect();
    names.extend(alerting.tier_label().map(|tier| format!("tier {tier}")));
    if !names.is_empty() {
        rows.push(("alerts", names.join(", ")));
    }
    if !alerting.is_as_elsewhere() {
        let alerts = AlertPolicy::standard().for_slo(slo);
        rows.extend(
            alerts
                .conditions()
                .iter()
                .map(|condition| ("alerts", condition.to_string())),
        );
        let least = alerts.minimum_bad_events();
        rows.push(("alerts", format!("from {least} bad events on")));
    }
    if slo.alerts_kind() == AlertsKind::Own {
        let rules = "by rules of its own; beside the fleet's, write `slo rules --beside-fleet`";
        rows.push(("alerts", rules.to_owned()));
    }
    rows
}

fn counted(sli: &PrometheusSli) -> Vec<(&'static str, String)> {
    let part = sli.bad_query().map(|bad| ("bad", bad.to_string()));
    let part = part.or_else(|| sli.good_query().map(|good| ("good", good.to_string())));
    let mut rows = vec![("measures", format!("what an engine counts: {}", sli.valid_query()))];
    rows.extend(part);
    rows
}

/// `week`, `month of 28 to 31 days`.
fn per_period(period: Period) -> String {
    let days = period.days();
    if days.start() == days.end() {
        period.to_string()
    } else {
        format!("{period} of {} days", units::range(&days, |days| days.to_string()))
    }
}

fn status(slo: &Slo) -> String {
    let mut text = match (slo.current_status(), slo.agreed_day()) {
        (Status::Agreed, Some(day)) => format!("agreed on {day}"),
        (status, _) => status.as_str().to_owned(),
    };
    if slo.current_status() == Status::Draft {
        text.push_str(": measured, wakes nobody, stops no deploy");
    }
    match slo.owner_name() {
        Some(owner) => format!("{text}; owner {owner}"),
        None => text,
    }
}

fn http(sli: &HttpSli, patience: &Patience<'_>) -> Vec<(&'static str, String)> {
    let rules = sli.classification();
    let mut bad = codes::in_words(rules, Outcome::Bad);
    bad.extend(endings(rules, Outcome::Bad).into_iter().map(str::to_owned));
    bad.extend(sli.limit().map(|limit| format!("slower than {limit}")));
    if rules.judge(Ending::Cancelled).is_none() {
        bad.push(format!("client gone after {}", waits(sli, patience)));
    }
    let mut rows = vec![("measures", measured(sli)), ("bad", bad.join(", "))];
    let mut excluded = codes::in_words(rules, Outcome::Excluded);
    excluded.extend(endings(rules, Outcome::Excluded).into_iter().map(str::to_owned));
    if !excluded.is_empty() {
        rows.push(("excluded", excluded.join(", ")));
    }
    // Of the codes, good is whatever is left; an ending is good only if somebody said so.
    let good = endings(rules, Outcome::Good);
    if !good.is_empty() {
        rows.push(("good", good.join(", ")));
    }
    rows
}

/// `the mean of a (3 of 4) and b (1 of 4)`.
fn mean(sli: &CompositeSli) -> String {
    let whole: u32 = sli.weights().map(|(_, weight)| weight).sum();
    let parts: Vec<_> = sli
        .weights()
        .map(|(name, weight)| format!("{name} ({weight} of {whole})"))
        .collect();
    format!("the mean of {}", units::joined(&parts, "and"))
}

fn synthetic(sli: &SyntheticSli) -> Vec<(&'static str, String)> {
    let mut rows = vec![("measures", format!("what {} says to a probe", sli.path()))];
    if sli.when_down().outcome() == Outcome::Bad {
        rows.push(("bad", "not fresh, no answer".to_owned()));
    } else {
        rows.push(("bad", "not fresh".to_owned()));
        rows.push(("excluded", "no answer".to_owned()));
    }
    rows
}

/// The endings with this outcome; a client that left is among them only if it was moved by name.
fn endings(rules: &Classification, outcome: Outcome) -> Vec<&'static str> {
    let is = |ending| rules.judge(ending) == Some(outcome);
    let errors = match (is(Ending::ServiceError), is(Ending::BodyError)) {
        (true, true) => Some("errors"),
        (true, false) => Some("service errors"),
        (false, true) => Some("body errors"),
        (false, false) => None,
    };
    let others = [
        (Ending::Panicked, "panics"),
        (Ending::TimedOut, "timeouts"),
        (Ending::Cancelled, "client gone"),
    ];
    let others = others
        .into_iter()
        .filter_map(|(ending, words)| is(ending).then_some(words));
    errors.into_iter().chain(others).collect()
}

fn measured(sli: &HttpSli) -> String {
    let methods: Vec<_> = sli.method_names().map(str::to_owned).collect();
    let routes: Vec<_> = sli.route_templates().map(named).collect();
    let requests = if methods.is_empty() {
        "requests".to_owned()
    } else {
        format!("{} requests", units::joined(&methods, "or"))
    };
    let routes = match routes.as_slice() {
        [] if sli.is_marked() => "routes that the program marks".to_owned(),
        [] => "every route".to_owned(),
        routes => units::joined(routes, "and"),
    };
    let answered = match sli.clock_stops() {
        Until::Body => "answered to the last byte",
        _ => "answered",
    };
    match sli.limit() {
        Some(limit) => format!("{requests} to {routes}, {answered} within {limit}"),
        None => format!("{requests} to {routes}"),
    }
}

/// A route as one word of a sentence: in quotes where it has signs in it that sentences have.
fn named(route: &str) -> String {
    let is_word = |sign: char| sign.is_alphanumeric() || "/{}-_.:*+~@$=!&%".contains(sign);
    if route.starts_with('/') && route.chars().all(is_word) {
        route.to_owned()
    } else {
        format!("`{route}`")
    }
}

/// How long a client must have waited for its leaving to be bad: over all SLOs, so it may differ between routes.
fn waits(sli: &HttpSli, patience: &Patience<'_>) -> String {
    let methods: Vec<_> = sli.method_names().collect();
    let methods = if methods.is_empty() { METHODS.to_vec() } else { methods };
    let of_route = |route| methods.iter().map(move |method| patience.of(route, method));
    let mut all: Vec<Duration> = sli.route_templates().flat_map(of_route).collect();
    if let (true, Some(limit)) = (sli.is_marked(), sli.limit()) {
        all.push(limit.as_duration());
    }
    let shown = |wait: Duration| Threshold::new(wait).map_or_else(|_| age(wait), |wait| wait.to_string());
    let shortest = all.iter().min().copied().unwrap_or(DEFAULT_PATIENCE);
    let longest = all.iter().max().copied().unwrap_or(DEFAULT_PATIENCE);
    if shortest == longest {
        shown(longest)
    } else {
        format!("{} to {}, by route", shown(shortest), shown(longest))
    }
}
