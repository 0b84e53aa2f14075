//! Months of a fleet, written into an engine as services would have pushed them.

use e2e::Failure;

use super::remote_write::{Samples, Writer};
use super::traffic::{self, ALL, DAY, HOUR, KINDS, NOW};
use crate::full::fleet::{BUDGET, Member};
use crate::full::numbers::as_f64;

/// When the present is, in seconds since 1970: on an edge of five minutes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) present: i64,
}

impl Clock {
    /// The last edge of five minutes.
    pub(crate) fn now() -> Self {
        Self {
            present: chrono::Utc::now().timestamp() / 300 * 300,
        }
    }

    /// The present as an engine is asked for it, in seconds.
    pub(crate) const fn at(self) -> f64 {
        as_f64(self.present.unsigned_abs())
    }

    /// When the counts of a minute are pushed, in milliseconds.
    ///
    /// Off the round minute: on it, closed ranges hold both of their ends, and every tile looks exact.
    pub(crate) fn pushed(self, minute: u64) -> i64 {
        const OFF: i64 = 17;
        let since = minute as i64 - NOW as i64;
        (self.present + since * 60 + OFF) * 1_000
    }

    /// The first minute that is not pushed yet at this moment, in seconds since 1970.
    pub(crate) fn minute_at(self, moment: i64) -> u64 {
        NOW.saturating_add_signed((moment - self.present) / 60)
    }
}

/// Which series that are not raw are written beside the counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Definitions {
    /// What instances push, all the time.
    Pushed,
    /// And what the fleet's rules recorded of it: the budget all the time.
    Recorded,
}

/// What the instances of these SLOs pushed, and how often: counters and definitions, between two minutes.
pub(crate) fn write(
    writer: &mut Writer,
    clock: Clock,
    members: &[Member],
    (from, to): (u64, u64),
    days: u64,
    definitions: Definitions,
) -> Result<(), Failure> {
    let kinds: Vec<Pushed> = (0..KINDS).map(|kind| Pushed::new(clock, kind, from, to)).collect();
    let constant = |value: f64| Samples::new((from..to).map(|minute| (clock.pushed(minute), value)));
    let (budget, window, one) = (constant(BUDGET), constant(as_f64(days * 86_400)), constant(1.0));
    let days = format!("{days}d");
    for member in members {
        let Pushed { good, bad, excluded } = &kinds[member.number % KINDS];
        let mut series = |name: &str, more: &[(&str, &str)], samples: &Samples| {
            let own = [
                ("__name__", name),
                ("service_name", &member.service),
                ("deployment_environment_name", "prod"),
                ("slo_name", &member.slo),
            ];
            writer.series(&[&own[..], more].concat(), samples)
        };
        let instance = ("service_instance_id", "one");
        for (outcome, samples) in [("good", good), ("bad", bad), ("excluded", excluded)] {
            series("slo_events_total", &[instance, ("slo_outcome", outcome)], samples)?;
        }
        series("slo_error_budget_ratio", &[instance], &budget)?;
        series("slo_window_seconds", &[instance], &window)?;
        let promise = [
            instance,
            ("slo_status", "agreed"),
            ("slo_promise", "Anyone can look at any time."),
        ];
        series("slo_spec_info", &promise, &one)?;
        if definitions == Definitions::Recorded {
            series("slo:error_budget:ratio", &[("slo_window", &days)], &budget)?;
            series("slo:status:agreed", &[], &one)?;
        }
    }
    Ok(())
}

/// The counters of one SLO of a kind.
struct Pushed {
    good: Samples,
    bad: Samples,
    excluded: Samples,
}

impl Pushed {
    fn new(clock: Clock, kind: usize, from: u64, to: u64) -> Self {
        let kind = ALL[kind];
        let (mut good, mut bad, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
        // From the last restart before, or what is written in two parts would fall between them.
        let since = (0..from).rev().find(|minute| kind.restarts(*minute)).unwrap_or(0);
        let mut sums = traffic::Counts::default();
        for minute in since..to {
            let counts = kind.counts(minute);
            sums = if kind.restarts(minute) {
                traffic::Counts::default()
            } else {
                traffic::Counts {
                    bad: sums.bad + counts.bad,
                    valid: sums.valid + counts.valid,
                }
            };
            if minute >= from {
                let at = clock.pushed(minute);
                good.push((at, as_f64(sums.valid - sums.bad)));
                bad.push((at, as_f64(sums.bad)));
                excluded.push((at, 0.0));
            }
        }
        Self {
            good: Samples::new(good),
            bad: Samples::new(bad),
            excluded: Samples::new(excluded),
        }
    }
}

/// How far back rules read the counters and the definitions, and a little more.
pub(crate) const RAW_SPAN: u64 = 3 * DAY + 2 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_off_the_round_minute_and_the_present_is_on_a_tiles_edge() {
        let clock = Clock::now();
        assert_eq!(clock.present % 300, 0);
        assert!(clock.pushed(NOW) % 60_000 != 0);
        // The last minute that was pushed by the present is the one before.
        assert!(clock.pushed(NOW - 1) < clock.present * 1_000 && clock.present * 1_000 < clock.pushed(NOW));
        assert_eq!(clock.minute_at(clock.present + 125), NOW + 2);
    }
}
