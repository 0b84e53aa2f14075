//! Alerts about the data itself: it went missing, or the dates that rules know run out.

use chrono::DateTime;
use slo_core::alert::Severity;
use slo_core::names::alerts::DATA_MISSING;
use slo_core::{HttpSli, names};

use super::{Own, Ruled, known_until};
use crate::args::Source;
use crate::render::alerting::{data_missing, heartbeat, silence, was_alive};
use crate::render::counters::Counters;
use crate::render::dates::WARNED_BEFORE;
use crate::render::promql;
use crate::render::recorded::{EXCLUSION_END, OWN_RULES, RULES_LABEL, VALID_TILES};
use crate::render::recording::indented;
use crate::render::routing::Routing;
use crate::render::rule_file::{Group, Rule};

impl Own<'_> {
    pub(super) fn data(&self, ruled: &[Ruled<'_>]) -> impl Iterator<Item = Group> {
        let mut alerts: Vec<_> = self.service_missing(ruled).into_iter().collect();
        alerts.extend(ruled.iter().filter_map(|ruled| self.counters_missing(ruled)));
        let beats = !alerts.is_empty();
        alerts.extend(known_until(ruled).map(|until| self.dates_run_out(until)));
        let beat = beats.then(|| Group::new(self.group_beside("heartbeat"), "1m", vec![self.heartbeat()]));
        let data = (!alerts.is_empty()).then(|| Group::new(self.group_beside("data"), "5m", alerts));
        beat.into_iter().chain(data)
    }

    /// Of these rules: those of other services and environments have others.
    fn heartbeat(&self) -> Rule {
        let labels = self.whose().names();
        labels.fold(heartbeat(), |rule, (label, value)| rule.label(label, value))
    }

    fn alive(&self) -> String {
        let labels = self.whose().names();
        let matchers: Vec<_> = labels.map(|(label, value)| promql::is(label, &value)).collect();
        was_alive(&matchers, silence(self.push_seconds))
    }

    /// One alert for what the service itself counts, by those promises of which somebody is told: if there are any.
    fn service_missing(&self, ruled: &[Ruled<'_>]) -> Option<Rule> {
        let own = ruled.iter().filter(|ruled| !ruled.is_foreign());
        // Beside the fleet's rules these miss it.
        let own = own.filter(|ruled| !ruled.subject.is_beside_fleet());
        let told: Vec<_> = own.filter(|ruled| tells_somebody(ruled)).collect();
        if told.is_empty() {
            return None;
        }
        let mut matchers = self.whose().recorded();
        if told.len() < ruled.len() {
            let names = told.iter().map(|ruled| ruled.slo.name());
            matchers.push(promql::is_any(names::SLO_NAME.label, names));
        }
        let traffic = traffic(&matchers, &told);
        let counters = match self.source {
            Source::Events => Counters::of_service(&self.whose()),
            Source::Http => Counters::of_http(&self.whose(), &HttpSli::every_route()),
        };
        let (routing, silence) = (Routing::of_service(self.set), silence(self.push_seconds));
        let present = counters.presence(Some(silence));
        Some(data_missing(
            self.identity,
            &traffic,
            silence,
            &routing,
            (&present, &self.alive()),
        ))
    }

    /// One alert for each promise that is counted by others.
    fn counters_missing(&self, ruled: &Ruled<'_>) -> Option<Rule> {
        let counters = ruled.subject.counters.engine().filter(|_| tells_somebody(ruled))?;
        let (by, silence) = (ruled.subject.by(), silence(self.push_seconds));
        let slo = promql::is(names::SLO_NAME.label, ruled.slo.name());
        let matchers: Vec<_> = self.whose().recorded().into_iter().chain([slo]).collect();
        let expr = format!(
            "max by ({by}) (\n{}\n)\nunless on ()\n{}\n{}",
            indented(&traffic(&matchers, &[ruled])),
            counters.presence(Some(silence)),
            self.alive()
        );
        let description = format!(
            "There were events within the last day, and for {} minutes there is nothing to count. Either what counts them is \
             down, or it is not scraped any more. Nothing can be said about this promise meanwhile.",
            silence.as_seconds() / 60
        );
        let summary = "{{ $labels.service_name }}: nothing counts {{ $labels.slo_name }} any more. Look now.";
        Some(
            ruled
                .routing()
                .routed(
                    Rule::alert(DATA_MISSING, expr),
                    Severity::Page,
                    &ruled.subject.labels(false),
                )
                .annotated(self.notes(ruled).of(summary, &description)),
        )
    }

    /// In time: after it, planned work would page and periods would not begin.
    fn dates_run_out(&self, until: u64) -> Rule {
        let day = day(until);
        let summary = "{{ $labels.service_name }}: its SLO rules know no planned times for much longer".to_owned();
        let description = format!(
            "They know planned times and the beginnings of periods until {day}. After that planned work counts against the \
             budget, and no period begins. Write the rules anew with `slo rules --from` and a later day."
        );
        let rule = Rule::alert("SloDatesRunOut", format!("vector(time()) > {}", until - WARNED_BEFORE));
        let labels = self.whose().names();
        let rule = labels.fold(rule, |rule, (label, value)| rule.label(label, value));
        Routing::of_service(self.set)
            .routed(rule, Severity::Ticket, &[])
            .annotated([
                (names::alerts::SUMMARY, summary),
                (names::alerts::DESCRIPTION, description),
            ])
    }
}

/// Promises that had events within a day, and in which events count now: where they are said to, or everywhere by date.
fn traffic(matchers: &[String], told: &[&Ruled<'_>]) -> String {
    let seen = format!("max_over_time({}[1d]) > 0", promql::selector(VALID_TILES, matchers));
    let Some(planned) = told.iter().find(|ruled| ruled.slo.has_exclusions()) else {
        return seen;
    };
    let on = match planned.subject.known.exclusions {
        None => planned.subject.by(),
        Some(_) => [names::SERVICE_NAME.label, names::SLO_NAME.label].join(", "),
    };
    let own = promql::is(RULES_LABEL, OWN_RULES);
    let planned = promql::selector(EXCLUSION_END, &[matchers, &[own]].concat());
    format!("({seen})\nunless on ({on})\n{planned}")
}

/// No draft, and not `alerts: false`.
fn tells_somebody(ruled: &Ruled<'_>) -> bool {
    !ruled.alerts.is_silent()
}

/// The day of a moment, in UTC.
pub(super) fn day(unix_seconds: u64) -> String {
    let at = i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    at.unwrap_or_default().format("%Y-%m-%d").to_string()
}
