//! When somebody is told: the conditions of `slo_core::alert` as expressions.

use slo_core::alert::{Alerts, Condition, Severity};
use slo_core::{BurnWindow, names};

use super::annotations::Notes;
use super::promql;
use super::recorded::{BUDGET, HEARTBEAT, PERIOD_BAD, PERIOD_RATIO, WINDOW, bad_events, error_ratio};
use super::recording::{indented, is_bad_recorded, is_everybodys, is_tiled};
use super::routing::Routing;
use super::rule_file::Rule;
use super::subject::{Scope, Subject, WINDOW_LABEL, length, of_another_group};
use super::telling::{Teller, of_told};
use crate::args::Identity;

use slo_core::names::alerts::{BUDGET_BURN, DATA_MISSING, SEVERITY};

/// A service is silent after so many push intervals without one, and after ten minutes at least.
const MISSED_PUSHES: u64 = 4;
const SILENCE_FLOOR: u64 = 600;

/// What a count must exceed to be enough: half an event less, for Prometheus extrapolates.
pub(crate) fn too_few(minimum: u32) -> String {
    format!("{}.5", minimum.saturating_sub(1))
}

/// The page and the ticket, each if some condition has its severity. Whoever is told, they say the same of what burns.
pub(crate) fn burn_rules(subject: &Subject, alerts: &Alerts, routing: &Routing, notes: &Notes) -> [Option<Rule>; 2] {
    let lines = notes.lines_of_a_burn(subject.window);
    [(Severity::Page, "Look now."), (Severity::Ticket, "Look within days.")].map(|(severity, urgency)| {
        let rule = burn_rule(subject, alerts, severity, routing)?;
        Some(rule.annotated(notes.of_a_burn(lines.clone(), urgency)))
    })
}

fn burn_rule(subject: &Subject, alerts: &Alerts, severity: Severity, routing: &Routing) -> Option<Rule> {
    let mut rule = Rule::alert(
        BUDGET_BURN,
        burns(subject, alerts, (severity, routing.severity(severity)))?,
    );
    if let Some(kept) = kept_for(alerts, severity) {
        rule = rule.kept_for(kept.to_string());
    }
    Some(routing.routed(rule, severity, &subject.labels(true)))
}

/// How long a page goes on when it does not hold any more: its shortest short window, so that errors in bursts are one page. A
/// ticket's short windows are of hours.
///
/// See `docs/adr/071-a-page-goes-on-for-a-short-window.md`.
pub(crate) fn kept_for(alerts: &Alerts, severity: Severity) -> Option<BurnWindow> {
    let pages = alerts
        .conditions()
        .iter()
        .filter(|condition| condition.severity() == Severity::Page);
    let shortest = pages.map(|condition| condition.short()).min();
    shortest.filter(|_| severity == Severity::Page)
}

/// An outage in which nothing answers counts nothing. One alert per service, not per SLO: where there was traffic within
/// a day, and `present` says that nothing was pushed for a while in which rules were evaluated.
pub(crate) fn data_missing(
    identity: Identity,
    traffic: &str,
    silence: BurnWindow,
    routing: &Routing,
    (present, alive): (&str, &str),
) -> Rule {
    let service = identity.service_labels().join(", ");
    let expr = format!(
        "max by ({service}) (\n{}\n)\nunless on ({service})\n{present}\n{alive}",
        indented(traffic)
    );
    let description = format!(
        "It had traffic within the last day and has pushed nothing for {} minutes. Either it is down, and nobody counts what \
         fails, or its telemetry is. Nothing can be said about its promises meanwhile.",
        silence.as_seconds() / 60
    );
    routing
        .routed(Rule::alert(DATA_MISSING, expr), Severity::Page, &[])
        .annotated([
            (
                names::alerts::SUMMARY,
                "{{ $labels.service_name }} sends no SLO data any more. Look now.".to_owned(),
            ),
            (names::alerts::DESCRIPTION, description),
        ])
}

/// 1 at each evaluation, each minute.
pub(crate) fn heartbeat() -> Rule {
    Rule::record(HEARTBEAT, "vector(1)")
}

/// That rules were evaluated in most minutes of a silence: what was down with them said nothing either, and gets as long to
/// push again.
pub(crate) fn was_alive(matchers: &[String], silence: BurnWindow) -> String {
    let beats = promql::selector(HEARTBEAT, matchers);
    let most = silence.as_seconds() / 60 * 4 / 5;
    format!("and on ()\n(count_over_time({beats}[{silence}]) >= {most})")
}

/// How long nothing is pushed before somebody is told.
pub(crate) fn silence(push_seconds: u64) -> BurnWindow {
    length(SILENCE_FLOOR.max(MISSED_PUSHES * push_seconds))
}

/// What fires at a severity, whichever condition it is: one outage is one page. `None` where no condition has it.
fn burns(subject: &Subject, alerts: &Alerts, (severity, called): (Severity, &str)) -> Option<String> {
    let fast = severity == Severity::Page;
    let conditions = alerts
        .conditions()
        .iter()
        .filter(|condition| condition.severity() == severity);
    let mut any: Vec<_> = conditions
        .map(|condition| {
            Reading {
                subject,
                alerts,
                condition,
                called,
                fast,
            }
            .expr()
        })
        .collect();
    let trickle = alerts.trickle().filter(|condition| condition.severity() == severity);
    any.extend(trickle.map(|condition| {
        Reading {
            subject,
            alerts,
            condition,
            called,
            fast,
        }
        .trickle()
    }));
    if any.is_empty() {
        return None;
    }
    let either = any
        .iter()
        .map(|expr| ["(\n", &indented(expr), "\n)"].concat())
        .collect::<Vec<_>>()
        .join(&["\nor ", &subject.on(), "\n"].concat());
    Some(match &subject.scope {
        Scope::Fleet => told_by_the_fleet(subject, &either),
        Scope::Own { beside_fleet, .. } if *beside_fleet => left_by_the_fleet(subject, &either),
        Scope::Own { probed: true, .. } => format!("(\n{}\n)\n{}", indented(&either), unless_probed(subject.identity)),
        Scope::Own { .. } => either,
    })
}

/// What is agreed, over this window, and told by rules for all; of a service that says nothing more, what it said last. What is
/// said now holds at once: a draft that was agreed, alerts of its own, and an SLO with another window.
fn told_by_the_fleet(subject: &Subject, either: &str) -> String {
    let (on, budget) = (subject.on(), subject.basis(BUDGET));
    let now = Teller::Fleet.series([]);
    let told = format!("{now}\nor {on}\n{}", subject.last_said(&now));
    format!(
        "{}\nunless {on}\n({WINDOW} unless {on} ({now} and {on} {budget}))\n{}",
        of_told(&subject.by(), &told, either),
        unless_probed(subject.identity)
    )
}

/// What its service does not say to be told by rules for all: while a rollout is half done, or an older version runs, they tell.
fn left_by_the_fleet(subject: &Subject, either: &str) -> String {
    format!(
        "(\n{}\n)\nunless {}\n{}\n{}",
        indented(either),
        subject.on(),
        Teller::Fleet.series(subject.whose()),
        unless_probed(subject.identity)
    )
}

/// Where probes ask a check, what they find is the SLI, and their own rules tell of it.
pub(crate) fn unless_probed(identity: Identity) -> String {
    let probed = [identity.labels_of_probes(), vec![names::SLO_NAME.label]].concat();
    format!("unless on ({})\n{}", probed.join(", "), names::PROBE_STATE_RECORDED)
}

/// One condition, read by a rule of one group.
struct Reading<'a> {
    subject: &'a Subject,
    alerts: &'a Alerts,
    condition: &'a Condition,
    /// The name of its severity.
    called: &'a str,
    /// Whether the group is that of each minute.
    fast: bool,
}

impl Reading<'_> {
    /// Over the factor in the long window with enough bad events, and still over it in the short one.
    fn expr(&self) -> String {
        let long = self.condition.long();
        let over = self.over(&self.whole(&self.ratio(long), &self.subject.covered(long)));
        self.all(&over, &self.bad(long, " > "))
    }

    /// The same of the whole period, where the longest window of the others has too few bad events for them.
    fn trickle(&self) -> String {
        let period = self.subject.of_tiles(PERIOD_RATIO);
        let over = self.over(&self.whole(&period, &self.subject.period_covered()));
        let enough = self.compared(&self.subject.on(), &self.subject.of_tiles(PERIOD_BAD), " > ");
        let for_others = self.bad(self.condition.short(), " <= ");
        self.all(&over, &[&enough, "\nand ", &for_others].concat())
    }

    /// Over the factor, with what else must hold of the same SLO, and confirmed.
    fn all(&self, over: &str, and: &str) -> String {
        let on = self.subject.on();
        ["(", over, ")\nand ", and, "\nand ", &on, "\n", &self.confirmed()].concat()
    }

    /// Silence begins no alert and ends none: one that fires goes on while its short window is empty.
    fn confirmed(&self) -> String {
        let short = self.ratio(self.condition.short());
        let firing = [
            ("alertname", BUDGET_BURN.to_owned()),
            ("alertstate", "firing".to_owned()),
            (SEVERITY, self.called.to_owned()),
            (WINDOW_LABEL, self.subject.window.to_string()),
        ];
        let firing = firing.iter().map(|(label, value)| promql::is(label, value));
        let matchers: Vec<_> = self.subject.whose().into_iter().chain(firing).collect();
        let on = self.subject.on();
        let over = indented(&self.over(&short));
        [
            "(\n  (",
            over.trim_start(),
            ")\n  or ",
            &on,
            "\n  (",
            &promql::selector("ALERTS", &matchers),
            "\n  unless ",
            &on,
            "\n  ",
            &short,
            ")\n)",
        ]
        .concat()
    }

    /// A ratio over the whole of its window: time that was not seen counts as free of bad events, so the first minute of
    /// a service is a minute of an hour.
    fn whole(&self, ratio: &str, covered: &str) -> String {
        [ratio, "\n* ", &self.subject.on(), "\n", covered].concat()
    }

    /// A burn rate strictly over the factor. Rounded to a millionth, or the noise of doubles would decide at the factor
    /// itself: a burn rate of exactly 1 is silent.
    fn over(&self, ratio: &str) -> String {
        let factor = self.condition.factor();
        let factor = promql::fraction(factor.numerator().into(), factor.denominator().into());
        let burn = indented(&self.subject.burn_to_tell(ratio));
        ["round(\n", &burn, ",\n  0.000001\n) > ", &factor].concat()
    }

    /// Engines extrapolate, so a count is as good as its nearest whole number.
    fn too_few(&self) -> String {
        too_few(self.alerts.minimum_bad_events())
    }

    fn ratio(&self, length: BurnWindow) -> String {
        self.read(&error_ratio(length), length, is_everybodys(length))
    }

    /// Bad events compared with what is too few. Those of a window that is read from the counters are counted here and not by a
    /// rule of their own, where that is short: VictoriaMetrics looks at the right side of an `and` first, and counts nothing
    /// while nothing burns.
    fn bad(&self, length: BurnWindow, compared: &str) -> String {
        if is_bad_recorded(self.subject, length) {
            let recorded = self.read(&bad_events(length), length, false);
            return self.compared(&self.subject.on(), &recorded, compared);
        }
        let counted = ["(\n", &indented(&self.subject.raw_bad(length)), "\n)"].concat();
        self.compared(&self.subject.on_raw(), &counted, compared)
    }

    /// Bad events compared with what is too few, behind the labels by which they are those of the SLO.
    fn compared(&self, on: &str, bad: &str, compared: &str) -> String {
        [on, "\n(", bad, compared, &self.too_few(), ")"].concat()
    }

    fn read(&self, name: &str, length: BurnWindow, of_any_window: bool) -> String {
        let series = if of_any_window {
            self.subject.any_window_series(name)
        } else {
            self.subject.series(name)
        };
        if is_tiled(length) && (self.fast || self.subject.is_beside_fleet()) {
            of_another_group(&series)
        } else {
            series
        }
    }
}
