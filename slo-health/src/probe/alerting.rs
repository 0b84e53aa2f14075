//! Alerts: pages for what is down and for budgets that burn fast, tickets for the rest.

use std::time::Duration;

use slo_core::{
    Outcome,
    alert::{Condition, Severity},
    promql::{fraction, quote},
    yaml_writer::{Style, Yaml},
};

use super::{
    ProbeKit,
    promise::{Promise, Told, alert_name, threshold},
    recording::{DATA_AGE, REMAINING, STATE, error_ratio},
    states::ProbeState,
    template::untemplated,
    timing::duration,
};

impl ProbeKit {
    /// Alerting rules in a rule file of Prometheus or `vmalert`, over what [`recording_rules`](Self::recording_rules)
    /// record: down pages; stale data, a check that is broken, and targets that nobody observes are tickets; with an
    /// agreed SLO, budgets that burn fast page and ones that burn slowly are tickets.
    ///
    /// With an SLO that is a draft nothing pages, and there are no alerts on its budget; with one that tells nobody there
    /// are no alerts at all.
    #[must_use]
    pub fn alerting_rules(&self) -> String {
        document(self.alert_group().into_iter().collect())
    }

    /// The group of the alerts; none where nobody is told.
    pub(super) fn alert_group(&self) -> Option<Yaml> {
        // The kit whose probes they are tells of the targets, for all that read them.
        let mut rules = if self.told == Told::Nobody || self.is_guest() {
            Vec::new()
        } else {
            vec![self.down(), self.stale(), self.broken(), self.unobserved()]
        };
        if let Some(promise) = &self.promise {
            rules.extend(
                promise
                    .conditions()
                    .iter()
                    .map(|condition| self.burning(promise, condition)),
            );
        }
        let every = ALERTS_EVERY.min(self.timing.interval);
        (!rules.is_empty()).then(|| self.group("alerts", every, rules))
    }

    fn down(&self) -> Yaml {
        let severity = if self.told == Told::Pages {
            Severity::Page
        } else {
            Severity::Ticket
        };
        self.about_a_target(&TargetAlert {
            name: "SloHealthDown",
            severity,
            after: self.page_after,
            states: &[ProbeState::Foreign, ProbeState::Hung, ProbeState::Unreachable],
            summary: "gives no answer of its own to probes",
            action: "unreachable: is it running, and is the name right? hung: it accepts connections and does not answer. \
                     foreign: something in front of it answers; look there.",
        })
    }

    fn stale(&self) -> Yaml {
        self.about_a_target(&TargetAlert {
            name: "SloHealthStale",
            severity: Severity::Ticket,
            after: self.ticket_after,
            states: &[ProbeState::Stale],
            summary: "serves data that is older than promised, or none",
            action: "The service runs; look at what brings its data: did the last import run, and did it bring rows? \
                     The header Slo-Health-Reason names the check.",
        })
    }

    fn broken(&self) -> Yaml {
        self.about_a_target(&TargetAlert {
            name: "SloHealthCheckBroken",
            severity: Severity::Ticket,
            after: self.ticket_after,
            states: &[ProbeState::CheckError, ProbeState::CheckTimeout],
            summary: "cannot tell how old its data is",
            action: "Its check fails or does not end in time; the error is in the service's log, and in the answer only for whom full details are granted.",
        })
    }

    fn about_a_target(&self, alert: &TargetAlert<'_>) -> Yaml {
        let states = self.in_states(alert.states);
        // Summed, so that a change from one of these states to another does not begin the wait anew.
        let expression = format!("sum without (state) ({STATE}{states}) > 0");
        let of_target = |more: &str| format!("{{job=%q,instance=%q{more}}}");
        let now = asked(
            &format!("{STATE}{} == 1", of_target("")),
            ON_TARGET,
            r#"{{ . | first | label "state" }}"#,
            "unknown",
        );
        let last_fresh = format!(
            "time() - max_over_time(((({STATE}{}) == 1) * time())[1d:1m])",
            of_target(r#",state=\"fresh\""#)
        );
        let last_fresh = asked(&last_fresh, ON_TARGET, HUMAN, "more than a day");
        let age = asked(&format!("{DATA_AGE}{}", of_target("")), ON_TARGET, HUMAN, "unknown");
        let texts = vec![
            (
                "summary",
                format!("{} at {{{{ $labels.instance }}}} {}", self.subject(), alert.summary),
            ),
            (
                "description",
                format!("State: {now}. Last fresh: {last_fresh} ago. Age of the data: {age}."),
            ),
            ("action", alert.action.to_owned()),
        ];
        self.alert(alert.name, alert.severity, &expression, Some(alert.after), &[], texts)
    }

    fn unobserved(&self) -> Yaml {
        let mut expression = format!("up{} == 0", self.of_probes(""));
        for target in &self.targets {
            let series = self.of_probes(&format!("instance={}", quote(&self.address(target))));
            expression.push_str(&format!(" or absent(up{series})"));
        }
        let texts = vec![
            ("summary", format!("Nobody knows how {} does at {{{{ $labels.instance }}}}", self.subject())),
            (
                "description",
                "The exporter does not answer, or the target is in no scrape job. Until it is, neither freshness nor an \
                 outage is seen, and the time does not count in the SLO."
                    .to_owned(),
            ),
            ("action", "Is Blackbox exporter running, and does the scrape job list this target?".to_owned()),
        ];
        self.alert(
            "SloHealthUnobserved",
            Severity::Ticket,
            &expression,
            Some(self.ticket_after),
            &[],
            texts,
        )
    }

    fn burning(&self, promise: &Promise, condition: &Condition) -> Yaml {
        let (long, short) = (condition.long(), condition.short());
        let over = |window| {
            format!(
                "{}{} > {}",
                error_ratio(window),
                self.selector(""),
                threshold(condition)
            )
        };
        let bad = promise.states(Outcome::Bad);
        let bad = self.count(&bad, &self.identity_list(), long.as_duration(), &long.to_string());
        let expression = format!(
            "{} and {} and {bad} >= {}",
            over(long),
            over(short),
            promise.minimum_bad_events()
        );
        let left = asked(
            &format!("{REMAINING}{{job=%q}}"),
            "$labels.job",
            "{{ . | first | value | humanizePercentage }}",
            "unknown",
        );
        let texts = vec![
            (
                "summary",
                format!(
                    "The freshness budget of {} burns: over {} of it in {long}",
                    self.subject(),
                    condition.budget_spent_at_fire()
                ),
            ),
            (
                "description",
                format!(
                    "{{{{ $value | humanizePercentage }}}} of the probes of the last {long} found no fresh data; {} \
                     over {} allows {}%. Budget left: {left}.",
                    promise.target(),
                    promise.window_text(),
                    fraction(u128::from(promise.target().budget_ppb()), 10_000_000),
                ),
            ),
            (
                "action",
                "See slo_health:error_budget_spent:ratio for the state that spends it, then do as the alert on that state \
                 says."
                    .to_owned(),
            ),
        ];
        let windows = [("long_window", long.to_string()), ("short_window", short.to_string())];
        self.alert(
            alert_name(condition),
            condition.severity(),
            &expression,
            None,
            &windows,
            texts,
        )
    }

    fn alert(
        &self,
        name: &str,
        severity: Severity,
        expression: &str,
        after: Option<Duration>,
        more: &[(&'static str, String)],
        texts: Vec<(&str, String)>,
    ) -> Yaml {
        // Said again, as `absent` knows few of them, and as alerts of two kits in one file would look alike to `promtool`.
        // Values of labels are templates, too.
        let promise = self.promise.as_ref();
        let mut labels = promise.map(|promise| promise.labels().clone()).unwrap_or_default();
        labels.extend(self.identity.labels());
        labels.insert("job".to_owned(), self.job.clone());
        let severity = promise.map_or(severity.as_str(), |promise| promise.severity_label(severity));
        labels.insert("severity".to_owned(), severity.to_owned());
        labels.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let labels = labels
            .into_iter()
            .map(|(name, value)| (name, Yaml::text(untemplated(&value))));
        let mut rule = vec![
            ("alert".to_owned(), Yaml::text(name)),
            ("expr".to_owned(), Yaml::text(expression)),
        ];
        if let Some(after) = after {
            rule.push(("for".to_owned(), Yaml::bare(duration(after))));
        }
        rule.push(("labels".to_owned(), Yaml::map(labels)));
        rule.push(("annotations".to_owned(), self.annotations(texts)));
        Yaml::map(rule)
    }

    fn annotations(&self, texts: Vec<(&str, String)>) -> Yaml {
        let promise = self.promise.as_ref();
        let given = [
            ("promise", promise.and_then(|promise| promise.sentence.as_ref())),
            ("owner", promise.and_then(|promise| promise.owner.as_ref())),
            ("runbook_url", self.runbook.as_ref()),
            ("dashboard_url", promise.and_then(|promise| promise.dashboard.as_ref())),
        ];
        let given = given
            .into_iter()
            .filter_map(|(key, text)| Some((key, untemplated(text?))));
        Yaml::map(
            texts
                .into_iter()
                .chain(given)
                .map(|(key, text)| (key, Yaml::text(text))),
        )
    }

    /// Whom it is about, for people.
    fn subject(&self) -> String {
        let slo = self.identity.slo.as_deref().map(|slo| format!(" ({slo})"));
        untemplated(&format!("{}{}", self.identity.service, slo.unwrap_or_default()))
    }
}

/// A rule file with these groups.
pub(super) fn document(groups: Vec<Yaml>) -> String {
    Yaml::map([("groups", Yaml::List(groups))]).document(COMMENT, Style::Probes)
}

/// An alert on some states of a target.
struct TargetAlert<'a> {
    name: &'static str,
    severity: Severity,
    after: Duration,
    states: &'a [ProbeState],
    summary: &'static str,
    action: &'static str,
}

/// What a query says at the time of the alert, or else the other text. Both engines' templates know these functions.
fn asked(query: &str, arguments: &str, shown: &str, otherwise: &str) -> String {
    format!("{{{{ with printf \"{query}\" {arguments} | query }}}}{shown}{{{{ else }}}}{otherwise}{{{{ end }}}}")
}

const ON_TARGET: &str = "$labels.job $labels.instance";
const HUMAN: &str = "{{ . | first | value | humanizeDuration }}";
const ALERTS_EVERY: Duration = Duration::from_secs(60);
const COMMENT: &str = "Alerts on health endpoints of slo-health; they need the recording rules of the same kit.";
