//! The same SLOs' rules in the shape that Sloth publishes: one set for each SLO, the period as a mean of ratios.
//!
//! Eight ratios, seven series about the SLO, a page and a ticket, in three groups of a minute each: names, windows and
//! factors as its project describes them, <https://sloth.dev/introduction/>, over our counters.

use std::fmt::Write as _;

use crate::full::fleet::{BUDGET, Member};

/// The ratio that everything long is a mean of.
pub(crate) const SHORTEST: &str = "slo:sli_error:ratio_rate5m";
/// The ratio of a period of 30 days.
#[cfg(test)]
pub(crate) const PERIOD_30D: &str = "slo:sli_error:ratio_rate30d";

/// The ratio of a period of so many days.
pub(crate) fn period(days: u64) -> String {
    format!("slo:sli_error:ratio_rate{days}d")
}

/// Windows that are read from the counters.
const RAW: [&str; 7] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"];

/// The rules of these SLOs in one file.
pub(crate) fn rules(members: &[Member], days: u64) -> String {
    let mut out = "groups:\n".to_owned();
    for member in members {
        Shape { member, days }.write(&mut out);
    }
    out
}

struct Shape<'a> {
    member: &'a Member,
    days: u64,
}

impl Shape<'_> {
    fn id(&self) -> String {
        format!("{}-{}", self.member.service, self.member.slo)
    }

    /// The SLO's labels, as they stand between braces.
    fn whose(&self) -> String {
        let Member { service, slo, .. } = self.member;
        format!(
            "sloth_id=\"{}\", sloth_service=\"{service}\", sloth_slo=\"{slo}\"",
            self.id()
        )
    }

    fn write(&self, out: &mut String) {
        for (group, rules) in [
            ("sli-recordings", self.ratios()),
            ("meta-recordings", self.about()),
            ("alerts", self.alerts()),
        ] {
            let id = self.id();
            let _ = write!(
                out,
                "  - name: sloth-slo-{group}-{id}\n    interval: 1m\n    rules:\n{rules}"
            );
        }
    }

    fn record(&self, name: &str, expr: &str, window: Option<&str>) -> String {
        let Member { service, slo, .. } = self.member;
        let mut rule = format!(
            "      - record: {name}\n        expr: |-\n          {}\n        labels:\n          sloth_id: {}\n          \
             sloth_service: {service}\n          sloth_slo: {slo}\n",
            expr.replace('\n', "\n          "),
            self.id()
        );
        if let Some(window) = window {
            let _ = writeln!(rule, "          sloth_window: {window}");
        }
        rule
    }

    fn ratios(&self) -> String {
        let Member { service, slo, .. } = self.member;
        let events = |outcome: &str, window: &str| {
            format!(
                "sum(rate(slo_events_total{{service_name=\"{service}\", slo_name=\"{slo}\", slo_outcome{outcome}}}[{window}]))"
            )
        };
        let mut out = String::new();
        for window in RAW {
            let ratio = format!(
                "({})\n/\n({})",
                events("=\"bad\"", window),
                events("=~\"good|bad\"", window)
            );
            out += &self.record(&format!("slo:sli_error:ratio_rate{window}"), &ratio, Some(window));
        }
        let (whose, days) = (self.whose(), self.days);
        let over = |function: &str| format!("{function}({SHORTEST}{{{whose}}}[{days}d])");
        let mean = format!(
            "{}\n/ ignoring (sloth_window)\n{}",
            over("sum_over_time"),
            over("count_over_time")
        );
        out + &self.record(&period(days), &mean, Some(&format!("{days}d")))
    }

    fn about(&self) -> String {
        let whose = self.whose();
        let burn = |ratio: &str| {
            format!(
                "{ratio}{{{whose}}}\n/ on (sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio{{{whose}}}"
            )
        };
        let series = [
            ("slo:objective:ratio", format!("vector({})", 1.0 - BUDGET)),
            ("slo:error_budget:ratio", format!("vector(1-{})", 1.0 - BUDGET)),
            ("slo:time_period:days", format!("vector({})", self.days)),
            ("slo:current_burn_rate:ratio", burn(SHORTEST)),
            ("slo:period_burn_rate:ratio", burn(&period(self.days))),
            (
                "slo:period_error_budget_remaining:ratio",
                format!("1 - slo:period_burn_rate:ratio{{{whose}}}"),
            ),
            ("sloth_slo_info", "vector(1)".to_owned()),
        ];
        series
            .iter()
            .map(|(name, expr)| self.record(name, expr, None))
            .collect()
    }

    fn alerts(&self) -> String {
        self.alert("page", [(14.4, "5m", "1h"), (6.0, "30m", "6h")])
            + &self.alert("ticket", [(3.0, "2h", "1d"), (1.0, "6h", "3d")])
    }

    fn alert(&self, severity: &str, pairs: [(f64, &str, &str); 2]) -> String {
        let whose = self.whose();
        let over = |factor: f64, window: &str| {
            format!("max(slo:sli_error:ratio_rate{window}{{{whose}}} > ({factor} * {BUDGET})) without (sloth_window)")
        };
        let either = pairs.map(|(factor, short, long)| format!("({} and {})", over(factor, short), over(factor, long)));
        format!(
            "      - alert: HighErrorRate\n        expr: {}\n        labels:\n          severity: {severity}\n        \
             annotations:\n          summary: High error rate\n",
            either.join(" or ")
        )
    }
}
