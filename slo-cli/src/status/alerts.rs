//! Who is told: what the engine's rules fire, and where none run what they would.

use std::collections::BTreeMap;
use std::time::Duration;

use slo_core::alert::{AlertPolicy, AlertState, Alerts, Judged, Seen};
use slo_core::names::alerts::SEVERITY;
use slo_core::{BurnWindow, Events, Target};

use super::identity::Key;
use super::overview::{Alert, AlertFrom};
use super::queries::REMEMBERED;
use super::span::Span;
use crate::prom::Sample;

/// How often services push, unless rules were written for something else.
pub(super) const PUSHED_EVERY: Duration = Duration::from_secs(60);

/// What rules fire, by SLO.
pub(super) fn firing(series: &[Sample]) -> BTreeMap<Key, AlertState> {
    let mut firing: BTreeMap<Key, AlertState> = BTreeMap::new();
    for sample in series {
        let severity = match sample.label(SEVERITY) {
            "page" => AlertState::Page,
            _ => AlertState::Ticket,
        };
        if let Some(key) = Key::of(&sample.labels) {
            let worst = firing.entry(key).or_default();
            *worst = severity.max(*worst);
        }
    }
    firing
}

/// What the rules of `slo rules --fleet` would look at.
pub(super) fn conditions(target: Target, window: Span) -> Option<Alerts> {
    let policy = AlertPolicy::standard().pushed_every(PUSHED_EVERY);
    Some(policy.resolve(target, window.nominal()?))
}

/// Every length of time that these look at, in seconds.
pub(super) fn lengths(alerts: &Alerts) -> impl Iterator<Item = u64> {
    let both = |long: BurnWindow, short: BurnWindow| [long, short].map(|length| length.as_seconds().into());
    let conditions = alerts.conditions().iter();
    conditions.flat_map(move |condition| both(condition.long(), condition.short()))
}

/// How much of its time an SLO was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covered {
    /// Of the last day.
    pub(super) day: Duration,
    /// Of the whole window.
    pub(super) window: Duration,
}

impl Covered {
    /// At most that of a length of time that ends now: what is young was not there before.
    fn of(self, length: Duration) -> Duration {
        if length <= REMEMBERED { self.day } else { self.window }.min(length)
    }
}

/// What the conditions come to.
pub(super) fn computed(alerts: &Alerts, covered: Covered, seen: impl Fn(u64) -> Option<Events>) -> Alert {
    let evaluation = alerts.evaluate(|length: BurnWindow| {
        let events = seen(length.as_seconds().into()).unwrap_or_default();
        Seen::part_of_it(events, covered.of(length.as_duration()))
    });
    let state = evaluation.state();
    let of_state = |judged: &&Judged| AlertState::from(judged.condition().severity()) == state;
    let why = evaluation.reasons().find(of_state).map(ToString::to_string);
    Alert {
        state,
        from: AlertFrom::Computed,
        why,
    }
}
