//! Time zones, by name.

use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};

use crate::Tick;
use crate::similar::distance;

/// A time zone of the IANA database: `Asia/Seoul`, `Europe/London`, `UTC`.
///
/// The database is compiled in, so a zone means the same on every host; its rules go to the year 2099, and the last of
/// them holds from then on.
///
/// # Examples
///
/// ```
/// use slo_core::{Zone, ZoneError};
///
/// let zone: Zone = "Asia/Seoul".parse()?;
/// assert_eq!(zone.name(), "Asia/Seoul");
/// assert_eq!(
///     "Seoul".parse::<Zone>().unwrap_err().to_string(),
///     "`Seoul` is not a time zone, did you mean `Asia/Seoul`? write a name of the IANA database, like `Asia/Seoul` or `UTC`"
/// );
/// # Ok::<(), ZoneError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Zone(Tz);

impl Zone {
    /// The zone without summer time and without a place.
    pub const UTC: Self = Self(Tz::UTC);

    /// The name in the IANA database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day that calendars there show at this moment.
    pub(crate) fn day_at(self, moment: Tick) -> NaiveDate {
        DateTime::<Utc>::from(moment).with_timezone(&self.0).date_naive()
    }

    /// The first moment of a day there: midnight; the earlier one where clocks are turned back over it; the moment after
    /// the jump where clocks skip it, and with it maybe the whole day.
    pub(crate) fn first_moment(self, day: NaiveDate) -> Tick {
        let midnight = day.and_time(NaiveTime::MIN);
        let after_gap = || GapInfo::new(&midnight, &self.0).and_then(|gap| gap.end);
        // A midnight that clocks do not show lies in a gap, and a gap without an end is none.
        let skipped = || Tick::from(after_gap().map_or(midnight.and_utc(), |at| at.to_utc()));
        self.shown(midnight).unwrap_or_else(skipped)
    }

    /// The moment at which clocks there show this, the earlier one where they do so twice; `None` where they skip it.
    pub(crate) fn shown(self, local: NaiveDateTime) -> Option<Tick> {
        let known = self.0.from_local_datetime(&local).earliest();
        known.map(|at| Tick::from(at.to_utc()))
    }

    /// As [`Zone::shown`]; where clocks skip it, the moment at which they would have shown it without the change.
    pub(crate) fn moment_of(self, local: NaiveDateTime) -> Tick {
        let before_gap = || {
            let (_, offset) = GapInfo::new(&local, &self.0)?.begin?;
            Some(Tick::from(local.checked_sub_offset(offset.fix())?.and_utc()))
        };
        // Either clocks show it, or it lies in a gap that begins somewhere.
        let moment = self.shown(local).or_else(before_gap);
        moment.unwrap_or_else(|| Tick::from(local.and_utc()))
    }
}

/// Why a text is not a [`Zone`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// The IANA database has no such name.
    #[error(
        "`{text}` is not a time zone{} write a name of the IANA database, like `Asia/Seoul` or `UTC`",
        DidYouMean(*.similar)
    )]
    Unknown {
        /// The text that was given.
        text: String,
        /// The name that was probably meant.
        similar: Option<&'static str>,
    },
}

/// What stands between the finding and the advice: `, did you mean ..?` or `;`.
struct DidYouMean(Option<&'static str>);

impl fmt::Display for DidYouMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => f.write_str(";"),
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |_| ZoneError::Unknown {
            text: text.to_owned(),
            similar: similar(text),
        };
        text.parse().map(Self).map_err(unknown)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name that was probably meant by one with slips in it, in other letters, or without its region.
fn similar(given: &str) -> Option<&'static str> {
    let given = given.to_lowercase().replace(' ', "_");
    let near = TZ_VARIANTS.iter().filter_map(|zone| {
        let name = zone.name();
        let lower = name.to_lowercase();
        let place = lower.rsplit('/').next().unwrap_or(&lower);
        let edits = distance(&given, &lower).min(distance(&given, place));
        // A quarter of the place's letters may differ: of `KST` none, since `EST` is another zone and no slip.
        (edits <= place.len() / 4).then_some((edits, name.len(), name))
    });
    near.min().map(|(.., name)| name)
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Zone);

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(text: &str) -> String {
        text.parse::<Zone>().unwrap_err().to_string()
    }

    #[test]
    fn every_name_of_the_database_round_trips() {
        for zone in TZ_VARIANTS {
            assert_eq!(zone.name().parse(), Ok(Zone(zone)));
            assert_eq!(Zone(zone).to_string(), zone.name());
        }
        assert_eq!("UTC".parse(), Ok(Zone::UTC));
    }

    #[test]
    fn slips_of_the_pen_are_recognised() {
        for (given, meant) in [
            ("Asia/Soul", "Asia/Seoul"),
            ("asia/seoul", "Asia/Seoul"),
            ("Seoul", "Asia/Seoul"),
            ("Amerca/New_York", "America/New_York"),
            ("America/New York", "America/New_York"),
            ("new york", "America/New_York"),
            ("Australia/Lord Howe", "Australia/Lord_Howe"),
            ("Asia/Tokio", "Asia/Tokyo"),
            ("Europe/Lodnon", "Europe/London"),
            ("utc", "UTC"),
        ] {
            assert_eq!(similar(given), Some(meant), "{given}");
        }
    }

    #[test]
    fn other_zones_are_no_slips() {
        for given in [
            "",
            "KST",
            "JST",
            "UTC+9",
            "+09:00",
            "Mars/Olympus",
            "Europe/Foo",
            &"a".repeat(100_000),
        ] {
            assert_eq!(similar(given), None, "{given:.20}");
        }
    }

    #[test]
    fn messages_say_what_to_write() {
        let advice = "write a name of the IANA database, like `Asia/Seoul` or `UTC`";
        assert_eq!(
            unknown("Asia/Soul"),
            format!("`Asia/Soul` is not a time zone, did you mean `Asia/Seoul`? {advice}")
        );
        assert_eq!(unknown("KST"), format!("`KST` is not a time zone; {advice}"));
    }
}
