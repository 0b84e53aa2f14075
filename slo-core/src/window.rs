//! The compliance period.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;
use core::time::Duration;

#[cfg(feature = "calendar")]
use crate::{Period, PeriodError, Zone, ZoneError, calendar::Calendar};
use crate::{Ratio, Tick};

/// The period over which a target must hold: rolling, the last so many seconds before now; or, with the feature
/// `calendar`, the present day, week, month, quarter or year in a time zone.
///
/// A rolling window has from 5 minutes to 400 days, in whole seconds. It is written as a Prometheus duration: `30d`,
/// `28d`, `90m`, `1d12h`. A calendar window is written as `month in Asia/Seoul`.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Tick, Window, WindowError};
///
/// let window: Window = "30d".parse()?;
/// assert_eq!(window.rolling_length(), Some(Duration::from_secs(2_592_000)));
/// assert_eq!("4w".parse::<Window>()?.to_string(), "28d");
/// assert!(matches!("0d".parse::<Window>(), Err(WindowError::TooShort { .. })));
///
/// let now = Tick::from_unix_seconds(1_767_225_600);
/// assert_eq!(Window::DAY.bounds(now), Tick::from_unix_seconds(1_767_139_200)..now);
/// # Ok::<(), WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct Window(Kind);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Rolling {
        seconds: u32,
    },
    #[cfg(feature = "calendar")]
    Calendar(Calendar),
}

impl Window {
    /// The shortest window: 5 minutes, below which the edges of a rolling window weigh too much.
    pub const MIN: Self = Self::of_seconds(MIN_SECONDS);
    /// One day, rolling.
    pub const DAY: Self = Self::of_seconds(DAY_SECONDS);
    /// The longest window: 400 days, a year with room to compare.
    pub const MAX: Self = Self::of_seconds(MAX_SECONDS);
    /// What rules of an engine add a window's counts up from: 5 minutes.
    pub const TILE: Duration = Duration::from_secs(300);

    /// A rolling window of whole seconds.
    ///
    /// # Errors
    ///
    /// [`WindowError::TooShort`] under 5 minutes, [`WindowError::TooLong`] over 400 days.
    pub const fn rolling(seconds: u64) -> Result<Self, WindowError> {
        if seconds < MIN_SECONDS as u64 {
            Err(WindowError::TooShort { seconds })
        } else if seconds > MAX_SECONDS as u64 {
            Err(WindowError::TooLong { seconds })
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "at most 400 days of seconds, checked above"
            )]
            Ok(Self::of_seconds(seconds as u32))
        }
    }

    /// A rolling window of whole days.
    ///
    /// # Errors
    ///
    /// As [`Window::rolling`].
    pub const fn days(days: u32) -> Result<Self, WindowError> {
        Self::rolling(days as u64 * DAY_SECONDS as u64)
    }

    /// The present period of the calendar in a time zone.
    ///
    /// A period begins at the local midnight of its first day. Where clocks are turned back over that midnight, at the
    /// earlier of the two; where they skip it, or that whole day, at the first moment after. Periods follow one another
    /// without a gap and without an overlap, and each is as long as it is there: a month with its change to summer time is
    /// an hour short.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use slo_core::{Period, Tick, Window};
    ///
    /// let window = Window::calendar(Period::Month, "Europe/London".parse()?);
    /// let now = Tick::from_unix_seconds(1_774_000_000); // 2026-03-20, before the change to summer time
    /// let month = window.bounds(now);
    /// assert_eq!(month.start, Tick::from_unix_seconds(1_772_323_200)); // 2026-03-01 00:00 GMT
    /// assert_eq!(month.end, Tick::from_unix_seconds(1_774_998_000)); // 2026-04-01 00:00 BST
    /// assert_eq!(window.length_at(now), Duration::from_secs((31 * 24 - 1) * 3_600));
    /// assert_eq!(window.to_string(), "month in Europe/London");
    /// # Ok::<(), slo_core::ZoneError>(())
    /// ```
    #[cfg(feature = "calendar")]
    pub const fn calendar(period: Period, zone: Zone) -> Self {
        Self(Kind::Calendar(Calendar { period, zone }))
    }

    const fn of_seconds(seconds: u32) -> Self {
        Self(Kind::Rolling { seconds })
    }

    /// The length, if it is rolling; the periods of a calendar differ in theirs.
    #[must_use]
    pub const fn rolling_length(self) -> Option<Duration> {
        match self.0 {
            Kind::Rolling { seconds } => Some(Duration::from_secs(seconds as u64)),
            #[cfg(feature = "calendar")]
            Kind::Calendar(_) => None,
        }
    }

    /// Whether rules can be written for it: a rolling window is whole [tiles](Self::TILE), and an hour at least. A process
    /// counts in any window.
    ///
    /// ```
    /// use slo_core::Window;
    ///
    /// assert!("1h5m".parse::<Window>()?.has_rules());
    /// assert!(!"1h1m".parse::<Window>()?.has_rules());
    /// assert!(!"55m".parse::<Window>()?.has_rules());
    /// # Ok::<(), slo_core::WindowError>(())
    /// ```
    #[must_use]
    pub fn has_rules(self) -> bool {
        let seconds = self.rolling_length().map(|length| length.as_secs());
        seconds.is_none_or(|seconds| seconds >= 3_600 && seconds % Self::TILE.as_secs() == 0)
    }

    /// The period and the zone, if it is a calendar window.
    #[cfg(feature = "calendar")]
    #[must_use]
    pub const fn as_calendar(self) -> Option<(Period, Zone)> {
        match self.0 {
            Kind::Rolling { .. } => None,
            Kind::Calendar(Calendar { period, zone }) => Some((period, zone)),
        }
    }

    /// Where the window begins and ends for somebody who asks `now`: a rolling one ends now; a calendar one begins at or
    /// before now and ends after it, which is where the next period begins.
    #[must_use]
    pub fn bounds(self, now: Tick) -> Range<Tick> {
        match self.0 {
            Kind::Rolling { seconds } => now.saturating_sub(Duration::from_secs(seconds.into()))..now,
            #[cfg(feature = "calendar")]
            Kind::Calendar(calendar) => calendar.bounds(now),
        }
    }

    /// The length for somebody who asks `now`: of a calendar window, from the start to the end of the present period.
    #[must_use]
    pub fn length_at(self, now: Tick) -> Duration {
        self.rolling_length().unwrap_or_else(|| {
            let Range { start, end } = self.bounds(now);
            end.since(start)
        })
    }

    /// The share of a calendar period that has passed at `now`, in whole seconds, the one that has begun included; `None`
    /// of a rolling window, which has always passed whole.
    #[must_use]
    pub fn elapsed_at(self, now: Tick) -> Option<Ratio> {
        if self.rolling_length().is_some() {
            return None;
        }
        let Range { start, end } = self.bounds(now);
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Ratio::new(
            nanos(now.since(start)).div_ceil(NANOS),
            nanos(end.since(start)).div_ceil(NANOS),
        )
    }

    /// A length that it never exceeds: its own if it is rolling, else the most days of its period and one more, as clocks
    /// may be turned back, by a whole day where the date line is moved.
    #[must_use]
    pub const fn longest(self) -> Duration {
        match self.0 {
            Kind::Rolling { seconds } => Duration::from_secs(seconds as u64),
            #[cfg(feature = "calendar")]
            Kind::Calendar(Calendar { period, .. }) => {
                Duration::from_secs((*period.days().end() as u64 + 1) * DAY_SECONDS as u64)
            }
        }
    }
}

const NANOS: u64 = 1_000_000_000;
const MIN_SECONDS: u32 = 300;
const DAY_SECONDS: u32 = 86_400;
const MAX_SECONDS: u32 = 400 * DAY_SECONDS;

/// Why a text or a number is not a [`Window`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// Under 5 minutes.
    #[error("a window of {} is too short; write at least `5m`, usually `30d`", Seconds(*seconds))]
    TooShort {
        /// The length that was given, in seconds.
        seconds: u64,
    },
    /// Over 400 days.
    #[error("a window of {} is too long; write at most `400d`, usually `30d`", Seconds(*seconds))]
    TooLong {
        /// The length that was given, in seconds.
        seconds: u64,
    },
    /// The text is not a duration; holds the text.
    #[error("`{0}` is not a duration; write numbers with w, d, h, m or s, largest first, like `30d` or `1d12h`")]
    NotADuration(String),
    /// A calendar window, without the feature `calendar`.
    #[error("this build has no calendar windows; enable the feature `calendar` of slo-core, or write days, like `30d`")]
    NoCalendar,
    /// A period of the calendar without a time zone.
    #[cfg(feature = "calendar")]
    #[error("a calendar {0} needs a time zone; write it like `{0} in Asia/Seoul`")]
    NoZone(Period),
    /// What stands before ` in ` is no period.
    #[cfg(feature = "calendar")]
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// What stands after ` in ` is no time zone.
    #[cfg(feature = "calendar")]
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((period, zone)) = text.split_once(" in ") {
            return calendar(period, zone);
        }
        #[cfg(feature = "calendar")]
        if let Ok(period) = text.parse() {
            return Err(WindowError::NoZone(period));
        }
        let seconds = parse_seconds(text).ok_or_else(|| WindowError::NotADuration(text.to_owned()))?;
        Self::rolling(seconds)
    }
}

#[cfg(feature = "calendar")]
fn calendar(period: &str, zone: &str) -> Result<Window, WindowError> {
    Ok(Window::calendar(period.parse()?, zone.parse()?))
}

#[cfg(not(feature = "calendar"))]
fn calendar(_: &str, _: &str) -> Result<Window, WindowError> {
    Err(WindowError::NoCalendar)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Rolling { seconds } => Seconds(seconds.into()).fmt(f),
            #[cfg(feature = "calendar")]
            Kind::Calendar(Calendar { period, zone }) => write!(f, "{period} in {zone}"),
        }
    }
}

/// The units of Prometheus durations that are whole seconds, largest first.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads `1d12h`; each unit at most once, largest first, as Prometheus does. A length beyond `u64` is `u64::MAX`.
pub(crate) fn parse_seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds = 0_u64;
    for (unit, length) in UNITS {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 && rest[digits..].starts_with(unit) {
            let count: u64 = rest[..digits].parse().unwrap_or(u64::MAX);
            seconds = seconds.saturating_add(count.saturating_mul(length));
            rest = &rest[digits + 1..];
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(seconds)
}

/// Seconds in the largest units that leave no rest behind, without weeks: `28d`, `1d12h`, `90s` as `1m30s`. What did not
/// fit is no number that somebody wrote, and is not shown as one.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 == u64::MAX {
            return f.write_str("far more than 400d");
        }
        let mut rest = self.0;
        for (unit, length) in &UNITS[1..] {
            if rest >= *length {
                write!(f, "{}{unit}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
crate::text::serde_through_text!(Window);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_edges_are_refused_with_a_reason() {
        assert_eq!("0d".parse::<Window>(), Err(WindowError::TooShort { seconds: 0 }));
        assert_eq!("299s".parse::<Window>(), Err(WindowError::TooShort { seconds: 299 }));
        assert_eq!("5m".parse::<Window>(), Ok(Window::MIN));
        assert_eq!("400d".parse::<Window>(), Ok(Window::MAX));
        assert_eq!(
            "400d1s".parse::<Window>(),
            Err(WindowError::TooLong { seconds: 34_560_001 })
        );
        assert!(matches!(
            "99999999999999999999w".parse::<Window>(),
            Err(WindowError::TooLong { .. })
        ));
        assert_eq!(
            "99999999999999999999d".parse::<Window>().unwrap_err().to_string(),
            "a window of far more than 400d is too long; write at most `400d`, usually `30d`"
        );
        assert_eq!(
            "0d".parse::<Window>().unwrap_err().to_string(),
            "a window of 0s is too short; write at least `5m`, usually `30d`"
        );
        assert_eq!(
            "900d".parse::<Window>().unwrap_err().to_string(),
            "a window of 900d is too long; write at most `400d`, usually `30d`"
        );
    }

    #[test]
    fn what_is_not_a_duration_is_named() {
        for text in [
            "", "d", "30", "30 d", "-1d", "1.5d", "30days", "1h1d", "1d1d", "1M", "1y", "٣d",
        ] {
            assert_eq!(
                text.parse::<Window>(),
                Err(WindowError::NotADuration(text.to_owned())),
                "{text:?}"
            );
        }
    }

    #[test]
    fn people_read_the_largest_units() {
        for (given, shown) in [
            ("4w", "28d"),
            ("36h", "1d12h"),
            ("5400s", "1h30m"),
            ("30d", "30d"),
            ("720h", "30d"),
        ] {
            assert_eq!(given.parse::<Window>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn a_rolling_window_ends_now_and_begins_its_length_before() {
        let now = Tick::from_unix_seconds(1_000_000);
        assert_eq!(Window::MIN.bounds(now), Tick::from_unix_seconds(999_700)..now);
        assert_eq!(Window::DAY.rolling_length(), Some(Duration::from_secs(86_400)));
        assert_eq!(Window::DAY.longest(), Duration::from_secs(86_400));
        // At the beginning of time there is less to look back on, but the window is as long as ever.
        let early = Tick::from_unix_seconds(60);
        assert_eq!(Window::MIN.bounds(early), Tick::default()..early);
        assert_eq!(Window::MIN.length_at(early), Duration::from_secs(300));
    }

    #[cfg(not(feature = "calendar"))]
    #[test]
    fn without_the_feature_a_calendar_window_says_what_to_enable() {
        assert_eq!("month in Asia/Seoul".parse::<Window>(), Err(WindowError::NoCalendar));
        assert_eq!(
            WindowError::NoCalendar.to_string(),
            "this build has no calendar windows; enable the feature `calendar` of slo-core, or write days, like `30d`"
        );
    }

    #[cfg(feature = "calendar")]
    #[test]
    fn what_is_not_a_calendar_window_is_named_part_by_part() {
        let refusal = |text: &str| text.parse::<Window>().unwrap_err();
        assert_eq!(refusal("month"), WindowError::NoZone(Period::Month));
        assert_eq!(
            refusal("month").to_string(),
            "a calendar month needs a time zone; write it like `month in Asia/Seoul`"
        );
        assert_eq!(
            refusal("30d in Asia/Seoul").to_string(),
            "`30d` is not a period of the calendar; write `day`, `week`, `month`, `quarter` or `year`"
        );
        for text in ["month in Asia/Soul", "month in ", "month in month in UTC"] {
            assert!(
                matches!(refusal(text), WindowError::Zone(ZoneError::Unknown { .. })),
                "{text}"
            );
        }
        for text in ["month  in UTC", " month in UTC", " in UTC", "month in  UTC"] {
            assert!(
                matches!(refusal(text), WindowError::Period(_) | WindowError::Zone(_)),
                "{text}"
            );
        }
        assert_eq!(refusal("month in"), WindowError::NotADuration("month in".to_owned()));
    }

    #[cfg(feature = "calendar")]
    #[test]
    fn a_calendar_window_has_no_one_length() {
        let window: Window = "month in UTC".parse().unwrap();
        assert_eq!(window, Window::calendar(Period::Month, Zone::UTC));
        assert_eq!(window.as_calendar(), Some((Period::Month, Zone::UTC)));
        assert_eq!(Window::DAY.as_calendar(), None);
        assert_eq!(window.rolling_length(), None);
        assert_eq!(window.longest(), Duration::from_secs(32 * 86_400));
        let days = |now| window.length_at(Tick::from_unix_seconds(now)).as_secs() / 86_400;
        assert_eq!([days(0), days(31 * 86_400), days(59 * 86_400)], [31, 28, 31]);
    }

    #[cfg(feature = "calendar")]
    proptest! {
        #[test]
        fn a_calendar_window_and_its_text_round_trip(
            period in prop::sample::select(&Period::ALL[..]),
            zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        ) {
            let window = Window::calendar(period, zone.name().parse().unwrap());
            prop_assert_eq!(window.to_string().parse(), Ok(window));
            prop_assert_eq!(window.to_string(), format!("{period} in {zone}"));
        }

        #[test]
        fn any_two_words_are_a_calendar_window_or_an_error(text in "[a-z ]{0,8} in [A-Za-z/_ ]{0,12}") {
            let _ = text.parse::<Window>();
        }
    }

    #[cfg(feature = "serde")]
    proptest! {
        #[test]
        fn json_and_value_round_trip(seconds in 300_u64..=34_560_000) {
            let window = Window::rolling(seconds).unwrap();
            let json = serde_json::to_string(&window).unwrap();
            prop_assert_eq!(&json, &format!("\"{window}\""));
            prop_assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), window);
        }
    }

    #[cfg(all(feature = "calendar", feature = "serde"))]
    #[test]
    fn json_holds_a_calendar_window_and_its_parts_as_texts() {
        let window = Window::calendar(Period::Quarter, "Asia/Seoul".parse().unwrap());
        assert_eq!(serde_json::to_string(&window).unwrap(), "\"quarter in Asia/Seoul\"");
        assert_eq!(
            serde_json::from_str::<Window>("\"quarter in Asia/Seoul\"").unwrap(),
            window
        );
        let parts = serde_json::to_string(&window.as_calendar()).unwrap();
        assert_eq!(parts, "[\"quarter\",\"Asia/Seoul\"]");
        assert_eq!(
            serde_json::from_str::<Option<(Period, Zone)>>(&parts).unwrap(),
            window.as_calendar()
        );
        assert!(
            serde_json::from_str::<Zone>("\"Asia/Soul\"")
                .unwrap_err()
                .to_string()
                .contains("did you mean")
        );
    }

    proptest! {
        #[test]
        fn text_and_value_round_trip(seconds in 300_u64..=34_560_000) {
            let window = Window::rolling(seconds).unwrap();
            prop_assert_eq!(window.to_string().parse::<Window>(), Ok(window));
        }

        #[test]
        fn any_text_is_a_window_or_an_error(text in "\\PC*") {
            let _ = text.parse::<Window>();
        }
    }
}
