//! What one read of the data has shown.

mod foreign;

#[cfg(feature = "calendar")]
use chrono::NaiveDateTime;
use chrono::{DateTime, NaiveDate, TimeZone, Timelike, Utc};
#[cfg(feature = "calendar")]
use slo_core::Zone;

/// What a check saw when it looked at the data: the watermark and what else a policy asks for, or that there was nothing.
///
/// The **watermark** is the instant of the newest business event in the data (the newest transaction, the newest
/// listing), not the instant at which a pipeline ran: a job that loads last month's file every night runs on time and
/// still serves old data. The other signals are optional; a policy that needs one that is missing is not fresh.
///
/// Nothing is three different things: [`empty`](Self::empty) (no rows), [`no_timestamp`](Self::no_timestamp) (rows, but
/// none that says when it happened) and the error that a read returns instead of an observation.
///
/// ```
/// use chrono::{DateTime, NaiveDate, Utc};
/// use slo_health::Observation;
///
/// let newest: DateTime<Utc> = "2026-03-02T20:55:00Z".parse()?;
/// let loaded: DateTime<Utc> = "2026-03-02T21:10:00Z".parse()?;
/// let batch = Observation::at(newest)
///     .loaded_at(loaded)
///     .rows(18_204)
///     .previous_rows(17_950)
///     .business_date("2026-03-02".parse()?);
/// assert_eq!(batch.watermark(), Some(newest));
/// # Ok::<(), chrono::ParseError>(())
/// ```
///
/// An instant needs a time zone, so a `chrono::NaiveDateTime` does not convert; a guess here would shift the age by
/// hours and nobody would notice. Say the zone where the text or the column is parsed, or here, with `assume_zone`
/// (feature `calendar`).
///
/// ```compile_fail,E0277
/// use chrono::NaiveDateTime;
/// use slo_health::Observation;
///
/// fn observe(naive: NaiveDateTime) -> Observation {
///     naive.into() // the trait `From<NaiveDateTime>` is not implemented
/// }
/// ```
///
/// Nor does a date: use [`for_business_date`](Self::for_business_date).
///
/// ```compile_fail,E0277
/// fn observe(date: chrono::NaiveDate) -> slo_health::Observation {
///     date.into() // the trait `From<NaiveDate>` is not implemented
/// }
/// ```
///
/// The same with a zone compiles:
///
/// ```
/// use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone, Utc};
/// use slo_health::Observation;
///
/// let naive: NaiveDateTime = "2026-03-01T09:00:00".parse()?;
/// let seoul = FixedOffset::east_opt(9 * 3600).ok_or("offset")?;
/// let local = seoul.from_local_datetime(&naive).single().ok_or("ambiguous")?;
///
/// let seen = Observation::from(local);
/// assert_eq!(seen.watermark(), Some("2026-03-01T00:00:00Z".parse::<DateTime<Utc>>()?));
/// assert_eq!(Observation::from(None::<DateTime<Utc>>), Observation::empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `SystemTime` converts too; with the features `jiff` and `time` so do `jiff::Timestamp`, `jiff::Zoned` and
/// `time::OffsetDateTime`; and an `Option` of each. Instants beyond the years that chrono can hold become the nearest it
/// can, and a leap second, which chrono tells from the second before it, the last nanosecond of that.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Observation {
    pub(crate) watermark: Option<DateTime<Utc>>,
    pub(crate) loaded_at: Option<DateTime<Utc>>,
    pub(crate) rows: Option<u64>,
    pub(crate) previous_rows: Option<u64>,
    pub(crate) business_date: Option<NaiveDate>,
    pub(crate) observed_at: Option<DateTime<Utc>>,
    pub(crate) empty: bool,
}

impl Observation {
    /// The newest business event happened at `watermark`, in any time zone.
    pub fn at<Tz: TimeZone>(watermark: DateTime<Tz>) -> Self {
        Self {
            watermark: Some(plain(watermark)),
            ..NOTHING
        }
    }

    /// The newest business event happened when clocks in `zone` showed `naive`: for columns that hold no zone.
    ///
    /// Of two instants that clocks show alike when they are turned back it is the earlier one, so that the data is never
    /// taken for younger than it is; of a time that clocks skip, the first instant after it.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use slo_health::{Observation, Zone};
    ///
    /// let seen = Observation::assume_zone("2026-03-01T09:00:00".parse()?, "Asia/Seoul".parse::<Zone>()?);
    /// assert_eq!(seen.watermark(), Some("2026-03-01T00:00:00Z".parse::<DateTime<Utc>>()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "calendar")]
    pub fn assume_zone(naive: NaiveDateTime, zone: Zone) -> Self {
        Self::at(zone.earliest(naive))
    }

    /// The newest batch is the one of this business date, and no more is known about when anything happened.
    ///
    /// Enough for a policy by deadline. Any other needs an instant: use [`at`](Self::at) and
    /// [`business_date`](Self::business_date) where there is one.
    pub const fn for_business_date(date: NaiveDate) -> Self {
        Self {
            business_date: Some(date),
            ..NOTHING
        }
    }

    /// The read worked and there is no data: not an error, but never fresh.
    pub const fn empty() -> Self {
        Self { empty: true, ..NOTHING }
    }

    /// There are `rows` rows and none of them says when it happened: the column is null in all of them. Never fresh
    /// where an age counts. Without a row it is the same as [`empty`](Self::empty), with the number of rows.
    pub const fn no_timestamp(rows: u64) -> Self {
        Self {
            rows: Some(rows),
            empty: rows == 0,
            ..NOTHING
        }
    }

    /// When the pipeline wrote the newest batch. Policies by deadline take this for the landing, and the watermark
    /// without it; `Freshness::loaded_within` bounds its age.
    pub fn loaded_at<Tz: TimeZone>(mut self, loaded: DateTime<Tz>) -> Self {
        self.loaded_at = Some(plain(loaded));
        self
    }

    /// How many rows the newest batch has, or the period that the watermark is in. Not the period that is now: shortly
    /// after midnight on the first of a month it would be none.
    pub const fn rows(mut self, rows: u64) -> Self {
        self.rows = Some(rows);
        self
    }

    /// How many rows the batch or period before that of [`rows`](Self::rows) has.
    pub const fn previous_rows(mut self, rows: u64) -> Self {
        self.previous_rows = Some(rows);
        self
    }

    /// The business date of the newest batch. Policies by deadline judge by it, where it is given, and not by the
    /// landing: no clock and no zone can get it wrong.
    pub const fn business_date(mut self, date: NaiveDate) -> Self {
        self.business_date = Some(date);
        self
    }

    /// What the clock of the source showed during the read (`SELECT now()`).
    ///
    /// The observation is invalid when that clock is ahead of ours by more than the policy's tolerance, and when a
    /// watermark is ahead of it by more: then a row comes from the future of its own database.
    pub fn observed_at<Tz: TimeZone>(mut self, observed: DateTime<Tz>) -> Self {
        self.observed_at = Some(plain(observed));
        self
    }

    /// The instant of the newest business event; `None` when there is no data, or none with an instant.
    #[must_use]
    pub const fn watermark(&self) -> Option<DateTime<Utc>> {
        self.watermark
    }
}

const NOTHING: Observation = Observation {
    watermark: None,
    loaded_at: None,
    rows: None,
    previous_rows: None,
    business_date: None,
    observed_at: None,
    empty: false,
};

/// In UTC, and a leap second as the last nanosecond of the second before: chrono orders leap seconds and calculates with
/// them by different rules, which would let a verdict hold a second longer than its own proof.
#[expect(
    clippy::needless_pass_by_value,
    reason = "an instant is a value, often the result of a computation"
)]
pub(crate) fn plain<Tz: TimeZone>(instant: DateTime<Tz>) -> DateTime<Utc> {
    let utc = instant.to_utc();
    if utc.nanosecond() < 1_000_000_000 {
        return utc;
    }
    utc.with_nanosecond(999_999_999).unwrap_or(utc)
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_watermark_is_an_instant_whatever_its_zone() {
        let midnight = utc("2026-03-01T00:00:00Z");
        let seoul: DateTime<FixedOffset> = "2026-03-01T09:00:00+09:00".parse().unwrap();
        assert_eq!(Observation::from(seoul), Observation::from(midnight));
        assert_eq!(Observation::from(Some(seoul)).watermark(), Some(midnight));
    }

    #[test]
    fn nothing_is_empty_and_has_no_watermark() {
        assert_eq!(Observation::from(None::<DateTime<Utc>>), Observation::empty());
        assert_eq!(Observation::empty().watermark(), None);
    }

    #[test]
    fn no_row_is_empty_and_rows_without_a_timestamp_are_not() {
        assert!(Observation::no_timestamp(0).empty);
        assert!(!Observation::no_timestamp(1).empty);
        assert_ne!(Observation::no_timestamp(1), Observation::empty());
    }

    #[test]
    fn a_leap_second_is_the_end_of_the_second_before() {
        let leap = Observation::at(utc("2016-12-31T23:59:60.5Z")).loaded_at(utc("2016-12-31T23:59:60Z"));
        let end = utc("2016-12-31T23:59:59.999999999Z");
        assert_eq!((leap.watermark, leap.loaded_at), (Some(end), Some(end)));
    }

    #[cfg(feature = "calendar")]
    #[test]
    fn a_local_time_that_clocks_show_twice_is_taken_for_the_earlier_one() {
        let new_york: Zone = "America/New_York".parse().unwrap();
        let seen = |local: &str| Observation::assume_zone(local.parse().unwrap(), new_york).watermark;
        assert_eq!(seen("2026-11-01T01:30:00"), Some(utc("2026-11-01T05:30:00Z")));
        assert_eq!(seen("2026-03-08T02:30:00"), Some(utc("2026-03-08T07:00:00Z")));
    }
}
