//! Time zones, by name.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};

use crate::similar::distance;
use crate::{Period, Tick};

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

    /// The day that calendars there show at this instant. At the ends of what chrono can hold, the day in UTC.
    #[must_use]
    pub fn day_at(self, instant: DateTime<Utc>) -> NaiveDate {
        let utc = instant.naive_utc();
        let offset = self.0.offset_from_utc_datetime(&utc).fix();
        utc.checked_add_offset(offset).unwrap_or(utc).date()
    }

    /// The instant at which clocks there show `local`: the **earlier** one where they show it twice because they are
    /// turned back, the first instant after the jump where they skip it.
    #[must_use]
    pub fn earliest(self, local: NaiveDateTime) -> DateTime<Utc> {
        self.instant(local, LocalResult::earliest)
    }

    /// The instant at which clocks there show `local`: the **later** one where they show it twice because they are
    /// turned back, the first instant after the jump where they skip it.
    ///
    /// ```
    /// use chrono::{DateTime, NaiveDateTime, Utc};
    /// use slo_core::Zone;
    ///
    /// let zone: Zone = "America/New_York".parse()?;
    /// let latest = |local: &str| Ok::<_, chrono::ParseError>(zone.latest(local.parse::<NaiveDateTime>()?));
    /// let instant = |utc: &str| utc.parse::<DateTime<Utc>>();
    /// assert_eq!(latest("2026-11-01T01:30:00")?, instant("2026-11-01T06:30:00Z")?); // shown at 05:30 UTC, too
    /// assert_eq!(latest("2026-03-08T02:30:00")?, instant("2026-03-08T07:00:00Z")?); // never shown: 2:00 became 3:00
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn latest(self, local: NaiveDateTime) -> DateTime<Utc> {
        self.instant(local, LocalResult::latest)
    }

    /// The first moment of a day there: midnight; the earlier one where clocks are turned back over it; the moment after
    /// the jump where clocks skip it, and with it maybe the whole day.
    #[must_use]
    pub fn first_moment(self, day: NaiveDate) -> DateTime<Utc> {
        self.earliest(day.and_time(NaiveTime::MIN))
    }

    /// Whether the day is on calendars there. Those that move to the other side of the date line leave one out: in Apia
    /// there was no 2011-12-30.
    #[must_use]
    pub fn has_day(self, day: NaiveDate) -> bool {
        let midnight = self.0.from_local_datetime(&day.and_time(NaiveTime::MIN));
        midnight.earliest().is_some() || self.day_at(self.first_moment(day)) == day
    }

    /// The first day of the period that `instant` is in, and the period from its first instant to that of the next one.
    ///
    /// Periods follow one another without a gap and without an overlap.
    #[must_use]
    pub fn period_at(self, period: Period, instant: DateTime<Utc>) -> (NaiveDate, Range<DateTime<Utc>>) {
        let first = period.first_day(self.day_at(instant));
        let next = period.next_first_day(first);
        let end = self.first_moment(next);
        if instant < end {
            return (first, self.first_moment(first)..end);
        }
        // Clocks that were turned back over midnight show the old day once more; its period is over all the same.
        (next, end..self.first_moment(period.next_first_day(next)))
    }

    fn instant(
        self,
        local: NaiveDateTime,
        pick: fn(LocalResult<DateTime<Tz>>) -> Option<DateTime<Tz>>,
    ) -> DateTime<Utc> {
        let known = pick(self.0.from_local_datetime(&local));
        let after_gap = || GapInfo::new(&local, &self.0).and_then(|gap| gap.end);
        // A time that clocks do not show lies in a gap, and a gap without an end is none.
        known.or_else(after_gap).map_or(local.and_utc(), |at| at.to_utc())
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
            Some(name) if is_offset(name) => write!(
                f,
                ", did you mean `{name}`, whose sign is the other way round, as POSIX has it?"
            ),
            Some(name) => write!(f, ", did you mean `{name}`?"),
            None => f.write_str(";"),
        }
    }
}

/// Whether it is one of `Etc/GMT-14` to `Etc/GMT+12`.
fn is_offset(name: &str) -> bool {
    name.strip_prefix("Etc/GMT")
        .is_some_and(|offset| offset.starts_with(['+', '-']))
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
    if let Some(offset) = offset_of(&given) {
        return zone_of(offset);
    }
    let near = TZ_VARIANTS.iter().filter_map(|zone| {
        let name = zone.name();
        let lower = name.to_lowercase();
        let place = lower.rsplit('/').next().unwrap_or(&lower);
        let edits = distance(&given, &lower).min(distance(&given, place));
        // A quarter of the place's letters may differ: of `KST` none, since `EST` is another zone and no slip. Nor may one
        // of a name with a number in it, which is hours from UTC.
        let most = if has_digits(place) { 0 } else { place.len() / 4 };
        (edits <= most).then_some((edits, name.len(), name))
    });
    near.min().map(|(.., name)| name)
}

fn has_digits(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// What stands behind `gmt` or `utc`, where it has a number: `+9` of `gmt+9` and `utc_+9`.
fn offset_of(given: &str) -> Option<&str> {
    let offset = given.strip_prefix("gmt").or_else(|| given.strip_prefix("utc"))?;
    has_digits(offset).then_some(offset.trim_start_matches('_'))
}

/// The zone so many whole hours ahead of UTC (`+9`) or behind it (`-9`), whose name has the other sign; `None` where there
/// is none, and where nobody can tell which one is meant.
fn zone_of(offset: &str) -> Option<&'static str> {
    let (sign, hours) = match offset.split_at_checked(1)? {
        ("+", hours) => ('-', hours),
        ("-", hours) => ('+', hours),
        _ => return None,
    };
    let hours = hours.strip_suffix(":00").unwrap_or(hours);
    let hours = hours.trim_start_matches(['_', '0']);
    // `Etc/GMT-0` is UTC under another name.
    if hours.is_empty() {
        return None;
    }
    let name = format!("Etc/GMT{sign}{hours}");
    let mut zones = TZ_VARIANTS.iter().map(|zone| zone.name());
    zones.find(|zone| *zone == name)
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

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_local_time_that_is_shown_twice_has_two_instants() {
        let howe = zone("Australia/Lord_Howe"); // turns back by half an hour, at 2:00
        let twice = local("2026-04-05T01:45:00");
        assert_eq!(howe.earliest(twice), utc("2026-04-04T14:45:00Z"));
        assert_eq!(howe.latest(twice), utc("2026-04-04T15:15:00Z"));
        let once = local("2026-04-05T02:00:00");
        assert_eq!(howe.earliest(once), howe.latest(once));
    }

    #[test]
    fn a_local_time_that_is_skipped_is_the_first_instant_after_it() {
        let (howe, apia) = (zone("Australia/Lord_Howe"), zone("Pacific/Apia"));
        for skipped in ["2026-10-04T02:00:00", "2026-10-04T02:29:59"] {
            assert_eq!(howe.earliest(local(skipped)), utc("2026-10-03T15:30:00Z"));
            assert_eq!(howe.latest(local(skipped)), utc("2026-10-03T15:30:00Z"));
        }
        assert_eq!(apia.latest(local("2011-12-30T12:00:00")), utc("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn a_day_that_calendars_leave_out_is_none() {
        let day = |text: &str| local(text).date();
        let apia = zone("Pacific/Apia");
        let days = ["2011-12-29T00:00:00", "2011-12-30T00:00:00", "2011-12-31T00:00:00"];
        assert_eq!(days.map(|text| apia.has_day(day(text))), [true, false, true]);
        // Clocks skip midnight there, and not the day.
        assert!(zone("Africa/Cairo").has_day(day("2024-04-26T00:00:00")));
    }

    #[test]
    fn the_ends_of_time_have_days_and_periods() {
        for zone in TZ_VARIANTS.map(Zone) {
            for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
                assert!((end.date_naive() - zone.day_at(end)).num_days().abs() <= 1, "{zone}");
                for local in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
                    assert!(zone.earliest(local) <= zone.latest(local), "{zone}");
                }
                for period in Period::ALL {
                    let (_, range) = zone.period_at(period, end);
                    assert!(range.start <= range.end, "{zone} {period}");
                }
            }
        }
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
            "+09:00",
            "Mars/Olympus",
            "Europe/Foo",
            &"a".repeat(100_000),
        ] {
            assert_eq!(similar(given), None, "{given:.20}");
        }
    }

    #[test]
    fn hours_from_utc_have_the_other_sign_in_the_name_of_their_zone() {
        let similar = |text: &str| match text.parse::<Zone>() {
            Err(ZoneError::Unknown { similar, .. }) => similar,
            Ok(zone) => panic!("{zone} is one"),
        };
        for (text, meant) in [
            ("GMT+9", "Etc/GMT-9"),
            ("UTC+9", "Etc/GMT-9"),
            ("utc +09:00", "Etc/GMT-9"),
            ("UTC + 9", "Etc/GMT-9"),
            ("GMT-5", "Etc/GMT+5"),
            ("UTC+14", "Etc/GMT-14"),
            ("etc/gmt+9", "Etc/GMT+9"), // the name itself, in other letters
        ] {
            assert_eq!(similar(text), Some(meant), "{text}");
        }
        // No such zone, parts of an hour, or no sign to go by.
        for text in [
            "GMT-13",
            "UTC+15",
            "UTC+5:30",
            "GMT9",
            "Etc/GMT9",
            "Etc/GMT+15",
            "GMT+",
            "+09:00",
            "UTC+0",
            "GMT++9",
        ] {
            assert_eq!(similar(text), None, "{text}");
        }
        // The name is exact, so that no zone far away is taken for it.
        let seoul: Zone = "Etc/GMT-9".parse().unwrap();
        assert_eq!(
            seoul.earliest(local("2026-01-01T09:00:00")),
            utc("2026-01-01T00:00:00Z")
        );
    }

    #[test]
    fn messages_say_what_to_write() {
        let advice = "write a name of the IANA database, like `Asia/Seoul` or `UTC`";
        assert_eq!(
            unknown("Asia/Soul"),
            format!("`Asia/Soul` is not a time zone, did you mean `Asia/Seoul`? {advice}")
        );
        assert_eq!(unknown("KST"), format!("`KST` is not a time zone; {advice}"));
        assert_eq!(
            unknown("GMT+9"),
            format!(
                "`GMT+9` is not a time zone, did you mean `Etc/GMT-9`, whose sign is the other way round, as POSIX has it? \
                 {advice}"
            )
        );
    }
}
