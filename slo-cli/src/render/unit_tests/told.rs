//! When slo-core tells people of what happens.

use slo_core::alert::{AlertWatch, Alerts, Severity, Transition};
use slo_core::{Events, Tick, Tracker, Window};

use super::stories::Stretch;

/// From which minute on an alert of a severity fires, and up to which; an end that is later than the story is none.
pub(super) type Span = (u64, Option<u64>);

/// Minutes behind a planned time that rules leave out with it.
const BEHIND_PLANNED: u64 = 4;

/// A whole day, so that steps of every length begin with the first minute (Unix seconds): 1970-07-06, a year before
/// anything can be planned.
const EPOCH: u64 = 186 * 86_400;

/// Of one severity whatever the other says, as rules have an alert for each; looked at every so many minutes, from so many minutes
/// before the story on. A draft tells nobody.
pub(super) fn told(
    alerts: &Alerts,
    window: Window,
    severity: Severity,
    (every, past): (u64, u64),
    stretches: &[Stretch],
) -> Vec<Span> {
    if alerts.is_silent() {
        return Vec::new();
    }
    let minute = |number: u64| Tick::from_unix_seconds(EPOCH + number * 60);
    let tracker = Tracker::new(window, Tick::from_unix_seconds(EPOCH - past * 60));
    for back in (1..=past).rev() {
        tracker.record_many(Tick::from_unix_seconds(EPOCH - back * 60), Events::default());
    }
    let mut watch = AlertWatch::new(alerts.clone(), |_: &Transition<'_>| {});
    let (mut spans, mut since) = (Vec::new(), None);
    for (number, events) in (1..).zip(minutes(stretches)) {
        // Within its minute: a window that ends with it holds it.
        tracker.record_many(Tick::from_unix_nanos(minute(number).as_unix_nanos() - 1), events);
        if number % every != 0 {
            continue;
        }
        let evaluation = watch.evaluate_tracker(&tracker, minute(number));
        let fires = evaluation
            .reasons()
            .any(|judged| judged.condition().severity() == severity);
        match since {
            None if fires => since = Some(number),
            Some(from) if !fires => {
                spans.push((from, Some(number)));
                since = None;
            }
            _ => {}
        }
    }
    spans.extend(since.map(|from| (from, None)));
    spans
}

/// As long as an alert goes on when it does not hold any more: what comes again within that time was not over.
pub(super) fn kept(spans: Vec<Span>, minutes: u64) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    for (from, to) in spans {
        let to = to.map(|to| to + minutes);
        match all.last_mut() {
            // Again at the very end: it held before anybody looked whether the time was over.
            Some((_, before)) if before.is_some_and(|before| from <= before) => *before = to,
            _ => all.push((from, to)),
        }
    }
    all
}

/// What each minute brings, as rules see it: of a planned time, and for some minutes behind it, nothing.
fn minutes(stretches: &[Stretch]) -> impl Iterator<Item = Events> {
    let mut masked = 0;
    let each = stretches
        .iter()
        .flat_map(|stretch| (0..stretch.minutes).map(move |_| *stretch));
    each.map(move |minute| {
        masked = if minute.is_planned {
            BEHIND_PLANNED + 1
        } else {
            u64::saturating_sub(masked, 1)
        };
        match masked {
            0 => Events::new(minute.good, minute.bad),
            _ => Events::default().with_excluded(minute.good + minute.bad),
        }
    })
}
