//! Alerts about the data itself: it went missing, or the dates that rules know run out.

use chrono::DateTime;
use slo_core::alert::Severity;
use slo_core::{HttpSli, names};

use super::{Own, Ruled, known_until};
use crate::args::Source;
use crate::render::alerting::{DATA_MISSING, data_missing, silence};
use crate::render::counters::Counters;
use crate::render::dates::WARNED_BEFORE;
use crate::render::promql;
use crate::render::recorded::{EXCLUSION_END, VALID_TILES};
use crate::render::recording::indented;
use crate::render::routing::Routing;
use crate::render::rule_file::{Group, Rule};

impl Own<'_> {
    pub(super) fn data(&self, ruled: &[Ruled<'_>]) -> Option<Group> {
        let mut alerts: Vec<_> = self.service_missing(ruled).into_iter().collect();
        alerts.extend(ruled.iter().filter_map(|ruled| self.counters_missing(ruled)));
        alerts.extend(known_until(ruled).map(|until| self.dates_run_out(until)));
        let name = format!("slo-{}-data", self.set.service());
        (!alerts.is_empty()).then(|| Group::new(name, "5m", alerts))
    }

    /// One alert for what the service itself counts, unless nobody is told of any of these promises.
    fn service_missing(&self, ruled: &[Ruled<'_>]) -> Option<Rule> {
        let own: Vec<_> = ruled.iter().filter(|ruled| !ruled.is_foreign()).collect();
        own.iter().find(|ruled| tells_somebody(ruled))?;
        let mut matchers = vec![promql::is(names::SERVICE_NAME.label, self.set.service())];
        if own.len() < ruled.len() {
            let of_its_own = own.iter().map(|ruled| ruled.slo.name());
            matchers.push(promql::is_any(names::SLO_NAME.label, of_its_own));
        }
        let has_exclusions = own.iter().any(|ruled| ruled.slo.has_exclusions());
        let traffic = traffic(&matchers, has_exclusions);
        let counters = match self.source {
            Source::Events => Counters::of_service(self.identity, self.set.service()),
            Source::Http => Counters::of_http(self.identity, self.set.service(), &HttpSli::every_route()),
        };
        let routing = Routing::of_service(self.set);
        Some(data_missing(
            self.identity,
            &traffic,
            self.push_seconds,
            &routing,
            |range| counters.presence(Some(range)),
        ))
    }

    /// One alert for each promise that is counted by others.
    fn counters_missing(&self, ruled: &Ruled<'_>) -> Option<Rule> {
        let counters = ruled.subject.counters.engine().filter(|_| tells_somebody(ruled))?;
        let (by, silence) = (ruled.subject.by(), silence(self.push_seconds));
        let matchers = [
            promql::is(names::SERVICE_NAME.label, self.set.service()),
            promql::is(names::SLO_NAME.label, ruled.slo.name()),
        ];
        let expr = format!(
            "max by ({by}) (\n{}\n)\nunless on ()\n{}",
            indented(&traffic(&matchers, ruled.slo.has_exclusions())),
            counters.presence(Some(silence))
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
        let rule = Rule::alert("SloDatesRunOut", format!("vector(time()) > {}", until - WARNED_BEFORE))
            .label(names::SERVICE_NAME.label, self.set.service());
        Routing::of_service(self.set)
            .routed(rule, Severity::Ticket, &[])
            .annotated([("summary", summary), ("description", description)])
    }
}

/// Promises that had events within a day, and in which events count now.
fn traffic(matchers: &[String], has_exclusions: bool) -> String {
    let seen = format!("max_over_time({}[1d]) > 0", promql::selector(VALID_TILES, matchers));
    if !has_exclusions {
        return seen;
    }
    let on = [names::SERVICE_NAME.label, names::SLO_NAME.label].join(", ");
    let planned = promql::selector(EXCLUSION_END, matchers);
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
