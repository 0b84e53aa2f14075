//! Alerts: pages for what is down and for budgets that burn fast, tickets for the rest.

use std::time::Duration;

use slo_core::{
    BurnWindow, Outcome,
    alert::{Condition, Severity},
    names::alerts::{
        ACTION, DASHBOARD_URL, DESCRIPTION, OWNER, PROBE_CHECK_BROKEN, PROBE_DOWN, PROBE_FAST_BURN, PROBE_SLOW_BURN,
        PROBE_STALE, PROBE_UNOBSERVED, PROBES, PROMISE, RUNBOOK_URL, SEVERITY, SUMMARY,
    },
    promql::{fraction, quote},
    yaml_writer::{Style, Yaml},
};

use super::{
    ProbeKit,
    promise::{Promise, Told, threshold},
    recording::{DATA_AGE, REMAINING, STATE, counted_in, error_ratio},
    states::ProbeState,
    template::untemplated,
    timing::duration,
};

impl ProbeKit {
    /// Alerting rules in a rule file of Prometheus or `vmalert`, over what [`recording_rules`](Self::recording_rules)
    /// record: down pages; stale data, a check that is broken, and targets that nobody observes are tickets; with an
    /// agreed SLO, a budget that burns fast pages and one that burns slowly is a ticket, whichever windows show it.
    ///
    /// Each alert has the label `slo_probes`, the [job of the probes](Self::probes_job), by which
    /// [`inhibition_config`](Self::inhibition_config) knows what belongs together.
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
            let burning = |(name, severity)| self.burning(promise, name, severity);
            rules.extend(BURNS.into_iter().filter_map(burning));
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
            name: PROBE_DOWN,
            severity,
            after: self.page_after,
            states: &[ProbeState::Foreign, ProbeState::Hung, ProbeState::Unreachable],
            summary: "gives no answer of its own to probes",
            action: WHEN_DOWN,
        })
    }

    fn stale(&self) -> Yaml {
        self.about_a_target(&TargetAlert {
            name: PROBE_STALE,
            severity: Severity::Ticket,
            after: self.ticket_after,
            states: &[ProbeState::Stale],
            summary: "serves data that is older than promised, or none",
            action: WHEN_STALE,
        })
    }

    fn broken(&self) -> Yaml {
        self.about_a_target(&TargetAlert {
            name: PROBE_CHECK_BROKEN,
            severity: Severity::Ticket,
            after: self.ticket_after,
            states: &[ProbeState::CheckError, ProbeState::CheckTimeout],
            summary: "cannot tell how old its data is",
            action: WHEN_BROKEN,
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
                SUMMARY,
                format!("{} at {{{{ $labels.instance }}}} {}", self.subject(), alert.summary),
            ),
            (
                DESCRIPTION,
                format!("State: {now}. Last fresh: {last_fresh} ago. Age of the data: {age}."),
            ),
            (ACTION, alert.action.to_owned()),
        ];
        self.alert(alert.name, alert.severity, &expression, Some(alert.after), texts)
    }

    fn unobserved(&self) -> Yaml {
        let mut expression = format!("up{} == 0", self.of_probes(""));
        for target in &self.targets {
            let series = self.of_probes(&format!("instance={}", quote(&self.address(target))));
            expression.push_str(&format!(" or absent(up{series})"));
        }
        let texts = vec![
            (SUMMARY, format!("Nobody knows how {} does at {{{{ $labels.instance }}}}", self.subject())),
            (
                DESCRIPTION,
                "The exporter does not answer, or the target is in no scrape job. Until it is, neither freshness nor an \
                 outage is seen, and the time does not count in the SLO."
                    .to_owned(),
            ),
            (ACTION, "Is Blackbox exporter running, and does the scrape job list this target?".to_owned()),
        ];
        self.alert(
            PROBE_UNOBSERVED,
            Severity::Ticket,
            &expression,
            Some(self.ticket_after),
            texts,
        )
    }

    /// One alert for all conditions of a severity, or one outage would page once for each; `None` where there is no condition.
    fn burning(&self, promise: &Promise, name: &str, severity: Severity) -> Option<Yaml> {
        let mut conditions = promise.conditions();
        conditions.retain(|condition| condition.severity() == severity);
        let shortest = conditions.iter().map(|condition| condition.long()).min()?;
        let met: Vec<_> = conditions
            .iter()
            .map(|condition| self.is_met(promise, condition))
            .collect();
        let expression = match met.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(") or (")),
        };
        let texts = vec![
            (SUMMARY, self.burn_in_short(&conditions)),
            (DESCRIPTION, self.burn_in_full(promise, &conditions, shortest)),
            (ACTION, what_to_do(promise)),
        ];
        Some(self.alert(name, severity, &expression, None, texts))
    }

    /// Over the limit in the long window and in the short one, with enough bad probes in the long one.
    fn is_met(&self, promise: &Promise, condition: &Condition) -> String {
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
        let least = promise.minimum_bad_events();
        format!("{} and {} and {bad} >= {least}", over(long), over(short))
    }

    fn burn_in_short(&self, conditions: &[Condition]) -> String {
        let spent =
            |condition: &Condition| format!("{} of it in {}", condition.budget_spent_at_fire(), condition.long());
        let spent: Vec<_> = conditions.iter().map(spent).collect();
        format!(
            "The freshness budget of {} burns: over {}",
            self.subject(),
            spent.join(" or over ")
        )
    }

    /// What is asked for is asked when somebody is told: whichever condition it is, all of it is said.
    fn burn_in_full(&self, promise: &Promise, conditions: &[Condition], shortest: BurnWindow) -> String {
        let percent = "{{ . | first | value | humanizePercentage }}";
        let share = |condition: &Condition| {
            let long = condition.long();
            let ratio = format!("{}{{job=%q}}", error_ratio(long));
            format!(
                "{} in the last {long}",
                asked(&ratio, ON_JOB, percent, "an unknown share")
            )
        };
        let shares: Vec<_> = conditions.iter().map(share).collect();
        let bad: Vec<_> = promise
            .states(Outcome::Bad)
            .iter()
            .map(|state| state.as_str())
            .collect();
        let most = format!(
            "topk(1, sum by (state) (sum_over_time({}{{job=%q,state=~\\\"{}\\\"}}[{shortest}])) > 0)",
            counted_in(shortest.as_duration()),
            bad.join("|")
        );
        let most = asked(&most, ON_JOB, r#"{{ . | first | label "state" }}"#, "unknown");
        let left = asked(&format!("{REMAINING}{{job=%q}}"), ON_JOB, percent, "unknown");
        format!(
            "Probes that found no fresh data: {}; most of them: {most}. {} over {} allows {}%. Budget left: {left}.",
            shares.join(", "),
            promise.target(),
            promise.window_text(),
            fraction(u128::from(promise.target().budget_ppb()), 10_000_000),
        )
    }

    fn alert(
        &self,
        name: &str,
        severity: Severity,
        expression: &str,
        after: Option<Duration>,
        texts: Vec<(&str, String)>,
    ) -> Yaml {
        // Said again, as `absent` knows few of them, and as alerts of two kits in one file would look alike to `promtool`.
        // Values of labels are templates, too.
        let promise = self.promise.as_ref();
        let mut labels = promise.map(|promise| promise.labels().clone()).unwrap_or_default();
        labels.extend(self.identity.labels());
        labels.insert("job".to_owned(), self.job.clone());
        let severity = promise.map_or(severity.as_str(), |promise| promise.severity_label(severity));
        labels.insert(SEVERITY.to_owned(), severity.to_owned());
        labels.insert(PROBES.to_owned(), self.source.clone());
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
            (PROMISE, promise.and_then(|promise| promise.sentence.as_ref())),
            (OWNER, promise.and_then(|promise| promise.owner.as_ref())),
            (RUNBOOK_URL, self.runbook.as_ref()),
            (DASHBOARD_URL, promise.and_then(|promise| promise.dashboard.as_ref())),
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

/// What to do, by the state that is spent most on.
fn what_to_do(promise: &Promise) -> String {
    let bad = promise.states(Outcome::Bad);
    let each = [
        (ProbeState::Stale, format!("stale: {WHEN_STALE}")),
        (
            ProbeState::CheckError,
            format!("check_error, check_timeout: {WHEN_BROKEN}"),
        ),
        (ProbeState::Unreachable, WHEN_DOWN.to_owned()),
    ];
    let each = each.into_iter().filter(|(state, _)| bad.contains(state));
    let texts: Vec<_> = each.map(|(_, text)| text).collect();
    texts.join(" ")
}

/// The alerts on budgets, by how urgent they are.
const BURNS: [(&str, Severity); 2] = [(PROBE_FAST_BURN, Severity::Page), (PROBE_SLOW_BURN, Severity::Ticket)];

const WHEN_DOWN: &str = "unreachable: is it running, and is the name right? hung: it accepts connections and does not \
                         answer. foreign: something in front of it answers; look there.";
const WHEN_STALE: &str = "The service runs; look at what brings its data: did the last import run, and did it bring rows? \
                          The header Slo-Health-Reason names the check.";
const WHEN_BROKEN: &str = "Its check fails or does not end in time; the error is in the service's log, and in the answer \
                           only for whom full details are granted.";
const ON_JOB: &str = "$labels.job";
const ON_TARGET: &str = "$labels.job $labels.instance";
const HUMAN: &str = "{{ . | first | value | humanizeDuration }}";
const ALERTS_EVERY: Duration = Duration::from_secs(60);
const COMMENT: &str = "Alerts on health endpoints of slo-health; they need the recording rules of the same kit.";
