//! What one read of the data has shown.

use chrono::{DateTime, TimeZone, Utc};

/// What a check saw when it looked at the data: the watermark, or that there was nothing to see.
///
/// The **watermark** is the instant of the newest business event in the data (the newest transaction, the newest
/// listing), not the instant at which a pipeline ran: a job that loads last month's file every night runs on time and
/// still serves old data.
///
/// An instant needs a time zone, so a `chrono::NaiveDateTime` does not convert; a guess here would shift the age by
/// hours and nobody would notice. Say the zone where the text or the column is parsed.
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
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Observation {
    watermark: Option<DateTime<Utc>>,
}

impl Observation {
    /// The newest business event happened at `watermark`, in any time zone.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an instant is a value, often the result of a computation"
    )]
    pub fn at<Tz: TimeZone>(watermark: DateTime<Tz>) -> Self {
        Self {
            watermark: Some(watermark.to_utc()),
        }
    }

    /// The read worked and there is no data: not an error, but never fresh.
    pub const fn empty() -> Self {
        Self { watermark: None }
    }

    /// The instant of the newest business event; `None` when there is no data.
    #[must_use]
    pub const fn watermark(&self) -> Option<DateTime<Utc>> {
        self.watermark
    }
}

impl<Tz: TimeZone> From<DateTime<Tz>> for Observation {
    fn from(watermark: DateTime<Tz>) -> Self {
        Self::at(watermark)
    }
}

impl<Tz: TimeZone> From<Option<DateTime<Tz>>> for Observation {
    fn from(watermark: Option<DateTime<Tz>>) -> Self {
        watermark.map_or(Self::empty(), Self::at)
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn a_watermark_is_an_instant_whatever_its_zone() {
        let utc: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        let seoul: DateTime<FixedOffset> = "2026-03-01T09:00:00+09:00".parse().unwrap();
        assert_eq!(Observation::from(seoul), Observation::from(utc));
        assert_eq!(Observation::from(Some(seoul)).watermark(), Some(utc));
    }

    #[test]
    fn nothing_is_empty_and_has_no_watermark() {
        assert_eq!(Observation::from(None::<DateTime<Utc>>), Observation::empty());
        assert_eq!(Observation::empty().watermark(), None);
    }
}
