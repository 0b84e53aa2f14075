//! Alerts of a synthetic SLO that want more bad events than a timer brings.

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
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (every, most) = (Seconds(self.every), self.most);
        write!(
            f,
            "{} bad events within {} are more than one instance has there: {most}, one every {every}; write \
             `minimum_bad_events: {most}` or less",
            self.minimum, self.long
        )
    }
}

/// Of SLOs that a timer or a probe feeds; requests come as they like.
pub(super) fn of(slo: &Slo) -> Option<TooFew> {
    let nobody = slo.alerting_rules().is_some_and(Alerting::tells_nobody);
    if nobody || !matches!(slo.sli(), Sli::Synthetic(_)) {
        return None;
    }
    let alerts = AlertPolicy::standard().for_slo(slo);
    let reachable = alerts.conditions().iter().filter(|condition| condition.is_reachable());
    let long = reachable.map(|condition| condition.long()).min()?;
    let every = slo
        .time_slices()
        .map_or(EVERY, |slices| slices.length().as_secs().max(1));
    let most = u64::from(long.as_seconds()) / every;
    let minimum = alerts.minimum_bad_events();
    (u64::from(minimum) > most).then_some(TooFew {
        minimum,
        long,
        most,
        every,
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
