//! When somebody is told: the conditions of `slo_core::alert` as expressions.

use slo_core::BurnWindow;
use slo_core::alert::{Alerts, Condition, Severity};

use super::annotations::Notes;
use super::promql;
use super::recorded::{AGREED, PERIOD_BAD, PERIOD_RATIO, bad_events, error_ratio};
use super::recording::{indented, is_everybodys, is_tiled};
use super::routing::Routing;
use super::rule_file::Rule;
use super::subject::{Scope, Subject, WINDOW_LABEL, length};
use crate::args::Identity;

pub(crate) const BURN_ALERT: &str = "SloErrorBudgetBurn";
pub(crate) const DATA_MISSING: &str = "SloDataMissing";
/// The label that says how urgent an alert is.
pub(crate) const SEVERITY: &str = "severity";

/// How long a value from a group of five minutes is taken for the present one elsewhere: one pass may be late.
const TILE_LOOKBACK: &str = "10m";

/// A service is silent after so many push intervals without one, and after ten minutes at least.
const MISSED_PUSHES: u64 = 4;
const SILENCE_FLOOR: u64 = 600;

/// What a count must exceed to be enough: half an event less, for Prometheus extrapolates.
pub(crate) fn too_few(minimum: u32) -> String {
    format!("{}.5", minimum.saturating_sub(1))
}

/// The alert of a severity, if some condition has it.
pub(crate) fn burn_rule(
    subject: &Subject,
    alerts: &Alerts,
    severity: Severity,
    (routing, notes): (&Routing, &Notes),
) -> Option<Rule> {
    let urgency = if severity == Severity::Page {
        "Look now."
    } else {
        "Look within days."
    };
    let rule = Rule::alert(
        BURN_ALERT,
        burns(subject, alerts, (severity, routing.severity(severity)))?,
    );
    Some(
        routing
            .routed(rule, severity, &subject.labels(true))
            .annotated(notes.of_a_burn(urgency)),
    )
}

/// An outage in which nothing answers counts nothing. One alert per service, not per SLO: where there was traffic within
/// a day, and `present` says that nothing was pushed for a while.
pub(crate) fn data_missing(
    identity: Identity,
    traffic: &str,
    push_seconds: u64,
    routing: &Routing,
    present: impl FnOnce(BurnWindow) -> String,
) -> Rule {
    let service = identity.service_labels().join(", ");
    let silence = silence(push_seconds);
    let present = present(silence);
    let expr = format!(
        "max by ({service}) (\n{}\n)\nunless on ({service})\n{present}",
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
                "summary",
                "{{ $labels.service_name }} sends no SLO data any more. Look now.".to_owned(),
            ),
            ("description", description),
        ])
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
        Scope::Fleet => format!("(\n{}\n)\nand {}\n{AGREED}", indented(&either), subject.on()),
        Scope::Own { .. } => either,
    })
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
        self.all(&[
            &["(", &over, ")"].concat(),
            &["(", &self.bad(long), " > ", &self.too_few(), ")"].concat(),
            &self.confirmed(),
        ])
    }

    /// The same of the whole period, where the longest window of the others has too few bad events for them.
    fn trickle(&self) -> String {
        let (few, period) = (self.too_few(), self.subject.series(PERIOD_RATIO));
        let over = self.over(&self.whole(&period, &self.subject.period_covered()));
        self.all(&[
            &["(", &over, ")"].concat(),
            &["(", &self.subject.series(PERIOD_BAD), " > ", &few, ")"].concat(),
            &["(", &self.bad(self.condition.short()), " <= ", &few, ")"].concat(),
            &self.confirmed(),
        ])
    }

    /// Where all of them hold of the same SLO.
    fn all(&self, clauses: &[&str]) -> String {
        clauses.join(&["\nand ", &self.subject.on(), "\n"].concat())
    }

    /// Silence begins no alert and ends none: one that fires goes on while its short window is empty.
    fn confirmed(&self) -> String {
        let short = self.ratio(self.condition.short());
        let firing = self.subject.labels(false).into_iter().chain([
            ("alertname".to_owned(), BURN_ALERT.to_owned()),
            ("alertstate".to_owned(), "firing".to_owned()),
            (SEVERITY.to_owned(), self.called.to_owned()),
            (WINDOW_LABEL.to_owned(), self.subject.window.to_string()),
        ]);
        let matchers: Vec<_> = firing.map(|(label, value)| promql::is(&label, &value)).collect();
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
        let burn = indented(&self.subject.burn(ratio));
        ["round(\n", &burn, ",\n  0.000001\n) > ", &factor].concat()
    }

    /// Engines extrapolate, so a count is as good as its nearest whole number.
    fn too_few(&self) -> String {
        too_few(self.alerts.minimum_bad_events())
    }

    fn ratio(&self, length: BurnWindow) -> String {
        self.read(&error_ratio(length), length, is_everybodys(length))
    }

    fn bad(&self, length: BurnWindow) -> String {
        self.read(&bad_events(length), length, false)
    }

    fn read(&self, name: &str, length: BurnWindow, of_any_window: bool) -> String {
        let series = if of_any_window {
            self.subject.any_window_series(name)
        } else {
            self.subject.series(name)
        };
        if self.fast && is_tiled(length) {
            ["last_over_time(", &series, "[", TILE_LOOKBACK, "])"].concat()
        } else {
            series
        }
    }
}
