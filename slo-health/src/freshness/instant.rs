//! Instants plus and minus durations, at the ends of what chrono can hold.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// `None` when that is later than any instant, so that what begins there never does.
pub(crate) fn after(instant: DateTime<Utc>, by: Duration) -> Option<DateTime<Utc>> {
    instant.checked_add_signed(TimeDelta::from_std(by).ok()?)
}

/// The first instant at which `age` is behind, so that an age of exactly `age` still is not.
pub(crate) fn just_after(instant: DateTime<Utc>, age: Duration) -> Option<DateTime<Utc>> {
    after(instant, age.checked_add(NANO)?)
}

/// The first instant of all when it would be before that.
pub(crate) fn before(instant: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = TimeDelta::from_std(by).ok();
    by.and_then(|by| instant.checked_sub_signed(by))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// The time from `earlier` to `later`, zero the other way round.
pub(crate) fn between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> Duration {
    (later - earlier).to_std().unwrap_or(Duration::ZERO)
}

pub(crate) const NANO: Duration = Duration::from_nanos(1);
