//! How a budget went over its window.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::identity::Key;
use super::overview::{BurnDown, Promise};
use super::span::Span;
use crate::prom::{Course, Stretch};

/// So many pieces of a window are drawn: more than the eye tells apart on a phone, and few enough for a thousand SLOs.
const PIECES: u64 = 60;

/// The pieces of a window, up to now, each told at its end.
pub(super) fn stretch(window: Span, now: DateTime<Utc>) -> Stretch {
    let step = Duration::from_secs((window.passed(now).as_secs() / PIECES).max(60));
    let pieces = (window.passed(now).as_secs() / step.as_secs()).max(1);
    Stretch {
        from: now - step * u32::try_from(pieces - 1).unwrap_or(u32::MAX),
        to: now,
        step,
    }
}

/// The bad events of each piece by SLO; what is no number counts as none.
pub(super) fn pieces(courses: Vec<Course>) -> BTreeMap<Key, Vec<(DateTime<Utc>, f64)>> {
    let of = |course: Course| {
        let key = Key::of(&course.labels)?;
        let values = course.values.into_iter();
        let finite = values.filter(|(_, value)| value.is_finite() && *value >= 0.0);
        Some((key, finite.collect()))
    };
    courses.into_iter().filter_map(of).collect()
}

/// What was left after each piece: the spent share of the budget, spread over the window as its bad events are. The last
/// point is the very number that is shown, whatever the engine's pieces add up to.
pub(super) fn burn_down(promise: &Promise, pieces: &[(DateTime<Utc>, f64)], now: DateTime<Utc>) -> Option<BurnDown> {
    let (window, left) = (promise.window?, promise.left()?);
    let from = now - window.passed(now);
    let pieces_hold: f64 = pieces.iter().map(|(_, bad)| bad).sum();
    // Engines may move the moments that were asked for, so that the last minutes are in no piece: what is counted and in
    // none of them fell there.
    let all = pieces_hold.max(promise.seen?.counts().map_or(0.0, bad));
    let spent = 1.0 - left;
    let mut so_far = 0.0;
    let mut points = vec![(from, 1.0)];
    for (at, bad) in pieces.iter().filter(|(at, _)| *at > from && *at < now) {
        so_far += bad;
        points.push((*at, if all > 0.0 { 1.0 - spent * (so_far / all) } else { 1.0 }));
    }
    points.push((now, left));
    let is_finite = points.iter().all(|(_, left)| left.is_finite());
    is_finite.then(|| BurnDown {
        from,
        to: window.begun().map_or(now, |begun| (begun + window.length()).max(now)),
        left: points,
    })
}

#[expect(clippy::cast_precision_loss, reason = "for a drawing")]
const fn bad(events: slo_core::Events) -> f64 {
    events.bad() as f64
}
