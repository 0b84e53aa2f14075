//! Times that count for nothing.

use chrono::{DateTime, TimeZone, Utc};
#[cfg(feature = "calendar")]
use chrono::{NaiveDate, NaiveTime, Weekday};
#[cfg(feature = "calendar")]
use slo_core::Zone;

use super::validate::PolicyError;
use crate::observation::plain;

/// A time in which a bad state is nobody's fault, such as a maintenance that was announced.
///
/// The verdict keeps its state and says [`quiet`](crate::Verdict::quiet) beside it: an SLO counts the check as excluded
/// then, neither good nor bad, and the endpoint still tells what it sees.
///
/// A window holds from its start, inclusive, to its end, exclusive. Where clocks show its start twice it is the earlier
/// one, of its end the later; where they skip one, the first instant after the jump.
#[cfg_attr(
    feature = "calendar",
    doc = r#"
```
use std::time::Duration;

use chrono::{DateTime, Utc, Weekday};
use slo_health::{Freshness, Observation, QuietWindow, State, Zone, judge};

let seoul: Zone = "Asia/Seoul".parse()?;
let maintenance = QuietWindow::weekly(Weekday::Sun, "02:00:00".parse()?, "04:00:00".parse()?, seoul);
let policy = Freshness::within(Duration::from_secs(3600)).quiet(maintenance);

let seen = Observation::at("2026-03-01T00:00:00+09:00".parse::<DateTime<Utc>>()?);
let at = |now: &str| Ok::<_, chrono::ParseError>(judge(&policy, &seen, now.parse()?));
let sunday = at("2026-03-01T02:30:00+09:00")?;
assert_eq!((sunday.state(), sunday.quiet()), (State::Stale, true));
assert!(!at("2026-03-01T04:00:00+09:00")?.quiet());
# Ok::<(), Box<dyn std::error::Error>>(())
```"#
)]
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct QuietWindow(Span);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Span {
    Dated {
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    },
    #[cfg(feature = "calendar")]
    Daily {
        /// Every day without one.
        weekday: Option<Weekday>,
        from: NaiveTime,
        to: NaiveTime,
        zone: Zone,
    },
}

impl QuietWindow {
    /// Once, from `start` to before `end`, each in any time zone.
    pub fn between<Tz: TimeZone, Other: TimeZone>(start: DateTime<Tz>, end: DateTime<Other>) -> Self {
        Self(Span::Dated {
            start: plain(start),
            end: plain(end),
        })
    }

    /// Every week on `weekday`, from `from` to before `to` on the clocks of `zone`; on the following day where `to` is
    /// earlier on the clock than `from`.
    #[cfg(feature = "calendar")]
    pub fn weekly(weekday: Weekday, from: NaiveTime, to: NaiveTime, zone: Zone) -> Self {
        Self::on(Some(weekday), from, to, zone)
    }

    /// Every day, from `from` to before `to` on the clocks of `zone`; like [`weekly`](Self::weekly) otherwise.
    #[cfg(feature = "calendar")]
    pub fn daily(from: NaiveTime, to: NaiveTime, zone: Zone) -> Self {
        Self::on(None, from, to, zone)
    }

    #[cfg(feature = "calendar")]
    fn on(weekday: Option<Weekday>, from: NaiveTime, to: NaiveTime, zone: Zone) -> Self {
        let (from, to) = (super::clock_time(from), super::clock_time(to));
        Self(Span::Daily {
            weekday,
            from,
            to,
            zone,
        })
    }

    pub(crate) fn validate(&self) -> Result<(), PolicyError> {
        match self.0 {
            Span::Dated { start, end } if start >= end => Err(PolicyError::QuietWindowEndsFirst { start, end }),
            Span::Dated { .. } => Ok(()),
            #[cfg(feature = "calendar")]
            Span::Daily { from, to, .. } if from == to => Err(PolicyError::QuietWindowWithoutLength { at: from }),
            #[cfg(feature = "calendar")]
            Span::Daily { .. } => Ok(()),
        }
    }

    /// Whether a span holds at `now`, and when that ends or else the next one begins.
    fn around(&self, now: DateTime<Utc>) -> (bool, Option<DateTime<Utc>>) {
        let mut ends = None;
        // In order of their starts, so that those after the answer need not be looked up.
        for (start, end) in self.spans_near(now) {
            match ends {
                Some(last) if start > last => break,
                Some(last) => ends = Some(end.max(last)),
                None if start > now => return (false, Some(start)),
                None => ends = Some(end).filter(|end| *end > now),
            }
        }
        (ends.is_some(), ends)
    }

    /// The spans around `now` in the order of their starts: those that hold then, and the next.
    #[cfg(feature = "calendar")]
    fn spans_near(&self, now: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let (dated, daily) = match self.0 {
            Span::Dated { start, end } => (Some((start, end)).filter(|_| start < end), None),
            Span::Daily {
                weekday,
                from,
                to,
                zone,
            } => (None, Some((weekday, from, to, zone))),
        };
        let daily = daily.into_iter().flat_map(move |(weekday, from, to, zone)| {
            days_around(zone.day_at(now))
                .filter(move |day| weekday.is_none_or(|weekday| weekday == chrono::Datelike::weekday(day)))
                .filter_map(move |day| span_on(day, from, to, zone))
        });
        dated.into_iter().chain(daily)
    }

    #[cfg(not(feature = "calendar"))]
    fn spans_near(&self, _: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let Span::Dated { start, end } = self.0;
        Some((start, end)).filter(|_| start < end).into_iter()
    }
}

/// Whether `now` is quiet, and the first instant after it at which that is otherwise.
pub(crate) fn at(windows: &[QuietWindow], now: DateTime<Utc>) -> (bool, Option<DateTime<Utc>>) {
    let (here, mut edge) = together(windows, now);
    // Where one window ends another one may hold still.
    for _ in 0..EDGES {
        let Some(at) = edge.filter(|_| windows.len() > 1) else {
            return (here, edge);
        };
        let (there, next) = together(windows, at);
        if there != here {
            return (here, edge);
        }
        edge = next;
    }
    (here, None)
}

/// Whether one of them holds, and the first instant at which one begins or ends.
fn together(windows: &[QuietWindow], now: DateTime<Utc>) -> (bool, Option<DateTime<Utc>>) {
    let around = windows.iter().map(|window| window.around(now));
    around.fold((false, None), |(any, first), (holds, edge)| {
        (any || holds, first.into_iter().chain(edge).min())
    })
}

/// From before a span that may still hold to after the next one, which the date line may put off by a week.
#[cfg(feature = "calendar")]
fn days_around(day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    day.pred_opt().unwrap_or(day).iter_days().take(17)
}

#[cfg(feature = "calendar")]
fn span_on(day: NaiveDate, from: NaiveTime, to: NaiveTime, zone: Zone) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let last = if from < to { day } else { day.succ_opt()? };
    let (start, end) = (zone.earliest(day.and_time(from)), zone.latest(last.and_time(to)));
    (from != to && zone.has_day(day) && start < end).then_some((start, end))
}

/// Windows that follow one another without a gap for that long are taken to do so for ever.
const EDGES: usize = 64;
