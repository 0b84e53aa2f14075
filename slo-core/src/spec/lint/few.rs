//! Alerts that want more bad events than a timer brings, or slices of time.

use core::fmt;

use super::{Item, Key, Lint, Step, Warnings};
use crate::alert::AlertPolicy;
use crate::window::Seconds;
use crate::{Alerting, BurnWindow, Sli, Slo};

/// How often a process looks at its data, and a probe at the process, unless they are told otherwise (seconds).
const EVERY: u64 = 30;

/// A minimum that the shortest of the long windows never holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooFew {
    minimum: u32,
    long: BurnWindow,
    most: u64,
    every: u64,
    /// Whether each of them is a slice of time.
    is_sliced: bool,
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (every, most) = (Seconds(self.every), self.most);
        let (events, or) = if self.is_sliced {
            ("slices", ", or a shorter `length` of slices")
        } else {
            ("events", "")
        };
        write!(
            f,
            "{} bad {events} within {} are more than one instance has there: {most}, one every {every}; write \
             `minimum_bad_events: {most}` or less{or}",
            self.minimum, self.long
        )
    }
}

/// Of SLOs that a timer or a probe feeds, and of those judged by slices of time, which have one event per slice whatever
/// they measure; requests and others come as they like.
pub(super) fn of(slo: &Slo) -> Option<TooFew> {
    if slo.alerting_rules().is_some_and(Alerting::tells_nobody) {
        return None;
    }
    let every = match (slo.time_slices(), slo.sli()) {
        (Some(slices), _) => slices.length().as_secs().max(1),
        (None, Sli::Synthetic(_)) => EVERY,
        (None, Sli::Http(_) | Sli::Events(_) | Sli::Prometheus(_) | Sli::Composite(_)) => return None,
    };
    let alerts = AlertPolicy::standard().for_slo(slo);
    let long = alerts.shortest_long_window()?;
    let most = u64::from(long.as_seconds()) / every;
    let minimum = alerts.minimum_bad_events();
    (u64::from(minimum) > most).then_some(TooFew {
        minimum,
        long,
        most,
        every,
        is_sliced: slo.time_slices().is_some(),
    })
}

/// Warns where the number is written, the SLO's own or that of the service.
pub(super) fn warn(index: usize, slo: &Slo, warnings: &mut Warnings<'_>) {
    let Some(too_few) = of(slo) else { return };
    let of_service = [Key("alerts"), Key("minimum_bad_events")];
    let own = [&[Key("slos"), Item(index)], of_service.as_slice()].concat();
    let is_services = warnings.node(&own).is_none() && warnings.node(&of_service).is_some();
    let path: &[Step<'_>] = if is_services { &of_service } else { &own };
    warnings.warn(Lint::UnreachableAlert, Some(slo), path, too_few);
}
