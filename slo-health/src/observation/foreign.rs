//! Instants of other crates and of the standard library. Naive ones are left out on purpose.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::Observation;

impl<Tz: TimeZone> From<DateTime<Tz>> for Observation {
    fn from(watermark: DateTime<Tz>) -> Self {
        Self::at(watermark)
    }
}

/// `None` is [`Observation::empty`].
impl<T: Into<Self>> From<Option<T>> for Observation {
    fn from(seen: Option<T>) -> Self {
        seen.map_or(Self::empty(), Into::into)
    }
}

impl From<SystemTime> for Observation {
    fn from(watermark: SystemTime) -> Self {
        Self::at(from_system(watermark))
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::Timestamp> for Observation {
    fn from(watermark: jiff::Timestamp) -> Self {
        Self::at(since_epoch(watermark.as_nanosecond()))
    }
}

#[cfg(feature = "jiff")]
impl From<jiff::Zoned> for Observation {
    fn from(watermark: jiff::Zoned) -> Self {
        watermark.timestamp().into()
    }
}

#[cfg(feature = "time")]
impl From<time::OffsetDateTime> for Observation {
    fn from(watermark: time::OffsetDateTime) -> Self {
        Self::at(since_epoch(watermark.unix_timestamp_nanos()))
    }
}

/// chrono's own conversion panics beyond the years that it can hold, and a file system may well report such a time.
fn from_system(time: SystemTime) -> DateTime<Utc> {
    let delta = |span: Duration| TimeDelta::from_std(span).ok();
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => delta(after)
            .and_then(|after| DateTime::UNIX_EPOCH.checked_add_signed(after))
            .unwrap_or(DateTime::<Utc>::MAX_UTC),
        Err(before) => delta(before.duration())
            .and_then(|before| DateTime::UNIX_EPOCH.checked_sub_signed(before))
            .unwrap_or(DateTime::<Utc>::MIN_UTC),
    }
}

/// The nearest instant that chrono can hold.
#[cfg(any(feature = "jiff", feature = "time"))]
fn since_epoch(nanos: i128) -> DateTime<Utc> {
    let second = 1_000_000_000;
    let subsecond = u32::try_from(nanos.rem_euclid(second)).unwrap_or_default(); // always less than a second
    let instant = i64::try_from(nanos.div_euclid(second)).ok();
    let beyond = if nanos < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    };
    instant
        .and_then(|seconds| DateTime::from_timestamp(seconds, subsecond))
        .unwrap_or(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watermark(seen: impl Into<Observation>) -> DateTime<Utc> {
        seen.into().watermark().unwrap()
    }

    #[test]
    fn times_of_the_system_before_and_after_the_epoch() {
        let nanos = Duration::from_nanos(1_500_000_000);
        assert_eq!(
            watermark(SystemTime::UNIX_EPOCH + nanos).to_rfc3339(),
            "1970-01-01T00:00:01.500+00:00"
        );
        assert_eq!(
            watermark(Some(SystemTime::UNIX_EPOCH - nanos)).to_rfc3339(),
            "1969-12-31T23:59:58.500+00:00"
        );
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_time_that_chrono_cannot_hold_is_the_nearest_that_it_can() {
        let long = Duration::from_secs(i64::MAX as u64 / 2);
        assert_eq!(watermark(SystemTime::UNIX_EPOCH + long), DateTime::<Utc>::MAX_UTC);
        assert_eq!(watermark(SystemTime::UNIX_EPOCH - long), DateTime::<Utc>::MIN_UTC);
    }

    #[test]
    fn an_option_of_an_option_is_seen_through() {
        let twice: Option<Option<DateTime<Utc>>> = Some(None);
        assert_eq!(Observation::from(twice), Observation::empty());
        assert_eq!(Observation::from(Some(Observation::no_timestamp(3))).rows, Some(3));
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn instants_of_jiff() {
        let instant: jiff::Timestamp = "1969-12-31T23:59:58.25Z".parse().unwrap();
        assert_eq!(watermark(instant).to_rfc3339(), "1969-12-31T23:59:58.250+00:00");
        let zoned = instant.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9)));
        assert_eq!(Observation::from(Some(zoned)), Observation::from(instant));
        let ends = [jiff::Timestamp::MIN, jiff::Timestamp::MAX].map(watermark);
        assert_eq!(ends.map(|end| end.timestamp()), [-377_705_023_201, 253_402_207_200]);
    }

    #[cfg(feature = "time")]
    #[test]
    fn instants_of_time() {
        let offset = time::UtcOffset::from_hms(9, 0, 0).unwrap();
        let instant = time::OffsetDateTime::from_unix_timestamp_nanos(-1_750_000_000).unwrap();
        assert_eq!(watermark(instant).to_rfc3339(), "1969-12-31T23:59:58.250+00:00");
        assert_eq!(watermark(instant.to_offset(offset)), watermark(Some(instant)));
    }

    #[cfg(any(feature = "jiff", feature = "time"))]
    #[test]
    fn nanoseconds_that_chrono_cannot_hold_are_the_nearest_that_it_can() {
        assert_eq!(since_epoch(i128::MAX), DateTime::<Utc>::MAX_UTC);
        assert_eq!(since_epoch(i128::MIN), DateTime::<Utc>::MIN_UTC);
        assert_eq!(
            since_epoch(i128::from(i64::MAX) * 1_000_000_000),
            DateTime::<Utc>::MAX_UTC
        );
        assert_eq!(since_epoch(-1).timestamp_subsec_nanos(), 999_999_999);
    }
}
