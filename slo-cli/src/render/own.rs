//! The rules of one spec's SLOs, with their numbers in them.

use slo_core::alert::{AlertPolicy, Alerts, Severity};
use slo_core::{HttpSli, Sli, Slo, SloSet, Status, names};

use super::alerting::{SEVERITY, burn_rule, data_missing};
use super::annotations::Notes;
use super::counters::Counters;
use super::promql;
use super::recorded::{BUDGET, START, VALID_TILES};
use super::recording::{burn_rates, each_minute, each_tile, everybodys_ratios};
use super::rule_file::{Group, Rule, RuleFile};
use super::subject::{Scope, Subject, budget};
use crate::args::{Engine, Identity, Source};
use crate::rule_window::RuleWindow;

/// What the rules of a spec depend on.
#[derive(Clone, Debug)]
pub(crate) struct Own<'a> {
    pub(crate) set: &'a SloSet,
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    pub(crate) source: Source,
    pub(crate) push_seconds: u64,
    pub(crate) policy: AlertPolicy,
    pub(crate) dashboard: Option<String>,
}

/// One SLO that rules can be written for.
#[derive(Clone, Debug)]
pub(crate) struct Ruled<'a> {
    pub(crate) slo: &'a Slo,
    pub(crate) subject: Subject,
    pub(crate) alerts: Alerts,
}

impl<'a> Own<'a> {
    /// The file, or why some SLO cannot have rules.
    pub(crate) fn file(&self) -> Result<RuleFile, Vec<String>> {
        let mut groups = Vec::new();
        for ruled in self.ruled()? {
            groups.extend(self.groups(&ruled));
        }
        groups.extend(self.data());
        Ok(RuleFile {
            heading: vec![
                "Rules for the SLOs of one service; written by `slo rules` from its spec.".to_owned(),
                "Not for a store in which the rules of `slo rules --fleet` count the same events.".to_owned(),
            ],
            name: "slo-rules".to_owned(),
            groups,
        })
    }

    /// The SLOs with rules, in the spec's order; or every reason why there are none. A composite has no events.
    pub(crate) fn ruled(&self) -> Result<Vec<Ruled<'a>>, Vec<String>> {
        let counted = self.set.slos().iter().filter(|slo| slo.composite().is_none());
        let (mut ruled, mut reasons) = (Vec::new(), Vec::new());
        for slo in counted {
            match self.rule(slo) {
                Ok(one) => ruled.push(one),
                Err(reason) => reasons.push(format!("slos.{}: {reason}", slo.name())),
            }
        }
        if reasons.is_empty() { Ok(ruled) } else { Err(reasons) }
    }

    fn rule(&self, slo: &'a Slo) -> Result<Ruled<'a>, String> {
        let subject = Subject {
            identity: self.identity,
            engine: self.engine,
            push_seconds: self.push_seconds,
            counters: self.counters(slo)?,
            scope: Scope::Own {
                service: self.set.service().to_owned(),
                slo: slo.name().to_owned(),
                target: slo.target(),
            },
            window: RuleWindow::new(slo.window()).map_err(|error| error.to_string())?,
        };
        Ok(Ruled {
            slo,
            subject,
            alerts: self.policy.for_slo(slo),
        })
    }

    fn counters(&self, slo: &Slo) -> Result<Counters, String> {
        let service = self.set.service();
        match self.source {
            Source::Events => Ok(Counters::of_events(self.identity, service, slo.name())),
            Source::Http => Ok(Counters::of_http(self.identity, service, readable(slo)?)),
        }
    }

    fn groups(&self, ruled: &Ruled<'_>) -> [Group; 2] {
        let Ruled { slo, subject, alerts } = ruled;
        let mut minute = self.definition(ruled);
        minute.extend(everybodys_ratios(subject));
        minute.extend(burn_rates(subject, |ratio| subject.burn(ratio)));
        minute.extend(each_minute(subject, alerts));
        let mut tiles = each_tile(subject, alerts);
        if !alerts.is_silent() {
            let notes = self.notes(ruled);
            minute.extend(burn_rule(subject, alerts, Severity::Page, &notes));
            tiles.extend(burn_rule(subject, alerts, Severity::Ticket, &notes));
        }
        let name = format!("slo-{}-{}", self.set.service(), slo.name());
        [
            Group::new(format!("{name}-tiles"), "5m", tiles),
            Group::new(name, "1m", minute),
        ]
    }

    /// The budget while there is something to count, for panels and to know what was seen; the period's start.
    fn definition(&self, ruled: &Ruled<'_>) -> Vec<Rule> {
        let Ruled { slo, subject, .. } = ruled;
        let present = subject.counters.presence(None);
        let expr = format!("0 * {present} + {}", budget(slo.target()));
        let mut rules = vec![Rule::record(BUDGET, expr).labels(&subject.labels(true))];
        if subject.window.period().is_some() {
            let matchers = [
                self.identity.is_service(self.set.service()),
                promql::is(names::SLO_NAME.label, slo.name()),
            ];
            let raw = promql::selector(names::WINDOW_START.prometheus, &matchers);
            let newest = self.identity.aggregate("max", &[], &raw, "5m");
            rules.push(Rule::record(START, newest).labels(&subject.labels(false)));
        }
        rules.extend(self.bucket_missing(ruled));
        rules
    }

    /// A histogram without the limit as a boundary says nothing about it, and silence would look like success.
    fn bucket_missing(&self, ruled: &Ruled<'_>) -> Option<Rule> {
        let Ruled { slo, subject, .. } = ruled;
        let (bucket, limit) = (subject.counters.bucket_presence()?, slo.latency_limit()?);
        let expr = format!("{}\nunless\n{bucket}", subject.counters.presence(None));
        let notes = self.notes(ruled).of(
            "{{ $labels.service_name }}: no bucket for {{ $labels.slo_name }}",
            &format!(
                "The duration histogram has no boundary at {}s, so nobody can say how many requests were faster. Add it to the \
                 boundaries of http.server.request.duration.",
                limit.as_seconds_f64()
            ),
        );
        let alert = Rule::alert("SloBucketMissing", expr).lasting("15m");
        Some(
            alert
                .label(SEVERITY, Severity::Ticket.as_str())
                .labels(&subject.labels(false))
                .annotated(notes),
        )
    }

    fn notes(&self, ruled: &Ruled<'_>) -> Notes {
        Notes {
            identity: self.identity,
            dashboard: self.dashboard.clone(),
            promise: Some(ruled.slo.promise_sentence().unwrap_or(ruled.slo.name()).to_owned()),
            has_events: self.source == Source::Events,
            window_seconds: Some(ruled.subject.window.longest_seconds()),
        }
    }

    /// One alert for the service, unless all of its promises are drafts.
    fn data(&self) -> Option<Group> {
        let agreed = self.set.slos().iter().any(|slo| slo.current_status() == Status::Agreed);
        let matchers = [promql::is(names::SERVICE_NAME.label, self.set.service())];
        let traffic = format!("max_over_time({}[1d]) > 0", promql::selector(VALID_TILES, &matchers));
        let name = format!("slo-{}-data", self.set.service());
        let counters = match self.source {
            Source::Events => Counters::of_service(self.identity, self.set.service()),
            Source::Http => Counters::of_http(self.identity, self.set.service(), &HttpSli::every_route()),
        };
        let alert = || {
            data_missing(self.identity, &traffic, self.push_seconds, |range| {
                counters.presence(Some(range))
            })
        };
        agreed.then(|| Group::new(name, "5m", vec![alert()]))
    }
}

/// Whether the labels of the duration histogram say all that the SLO asks for.
fn readable(slo: &Slo) -> Result<&HttpSli, String> {
    let only = "is known to the service alone; count it by `--source events`";
    let Sli::Http(sli) = slo.sli() else {
        return Err(format!("what is not about HTTP requests {only}"));
    };
    if sli.is_marked() {
        return Err(format!("which routes are marked {only}, or write the routes"));
    }
    if slo.time_slices().is_some() {
        return Err(format!("which slices of time are good {only}"));
    }
    if slo.window().rolling_length().is_none() {
        return Err(format!(
            "when the present period of the calendar began {only}, or write a window in days"
        ));
    }
    Ok(sli)
}
