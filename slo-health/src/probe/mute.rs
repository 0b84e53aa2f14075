//! Quiet times, for Alertmanager: probes go on, people are left alone.

use std::collections::BTreeMap;

use chrono::{NaiveTime, Timelike as _, Weekday};

use slo_core::names::alerts::{ALERT_NAME, PROBES_BEGIN};
use slo_core::yaml_writer::{Style, Yaml};

use super::{ProbeKit, error::ProbeKitError};

/// A time of each week in which nobody wants to be told, like the hours of a maintenance.
///
/// ```
/// use chrono::{NaiveTime, Weekday};
/// use slo_health::probe::{ProbeKitError, QuietTime};
///
/// let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
/// let over_midnight = QuietTime::new(Weekday::Sat, at(22), at(2), "Asia/Seoul")?;
/// assert!(QuietTime::new(Weekday::Sun, at(2), at(2), "Asia/Seoul").is_err());
/// # drop(over_midnight);
/// # Ok::<(), ProbeKitError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct QuietTime {
    day: Weekday,
    from: NaiveTime,
    to: NaiveTime,
    zone: String,
}

impl QuietTime {
    /// From one time of this day to another, by the clocks of a zone; an end before the beginning is on the next day,
    /// and midnight as an end is that of the day itself.
    ///
    /// # Errors
    ///
    /// [`ProbeKitError::QuietTime`] for two equal times (but 00:00 to 00:00 is the whole day) and for seconds,
    /// [`ProbeKitError::Zone`] for what cannot name a zone. Whether the zone exists Alertmanager says.
    pub fn new(day: Weekday, from: NaiveTime, to: NaiveTime, zone: impl Into<String>) -> Result<Self, ProbeKitError> {
        let zone = zone.into();
        let is_whole = |time: NaiveTime| time.second() == 0 && time.nanosecond() == 0;
        let is_empty = from == to && to != NaiveTime::MIN;
        if is_empty || !is_whole(from) || !is_whole(to) {
            return Err(ProbeKitError::QuietTime { from, to });
        }
        let of_a_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte);
        if zone.is_empty() || !zone.bytes().all(of_a_zone) {
            return Err(ProbeKitError::Zone { given: zone });
        }
        Ok(Self { day, from, to, zone })
    }

    /// What falls on each day: Alertmanager's ranges do not go past midnight.
    fn parts(&self) -> Vec<Yaml> {
        let midnight = NaiveTime::MIN;
        if self.to == midnight || self.from < self.to {
            return vec![self.part(self.day, self.from, self.to)];
        }
        vec![
            self.part(self.day, self.from, midnight),
            self.part(self.day.succ(), midnight, self.to),
        ]
    }

    fn part(&self, day: Weekday, from: NaiveTime, to: NaiveTime) -> Yaml {
        let end = if to == NaiveTime::MIN {
            "24:00".to_owned()
        } else {
            clock(to)
        };
        let times = Yaml::texts([("start_time", clock(from).as_str()), ("end_time", end.as_str())]);
        Yaml::map([
            ("weekdays", Yaml::List(vec![Yaml::text(name(day))])),
            ("times", Yaml::List(vec![times])),
            ("location", Yaml::text(self.zone.as_str())),
        ])
    }
}

impl ProbeKit {
    /// A snippet for `alertmanager.yml`: the quiet times as `time_intervals`, and a route to this receiver that mutes this
    /// kit's alerts in them. The route belongs before all others that match them: a mute holds for its own route alone.
    ///
    /// Probes do not know of quiet times. What they find then is recorded, and spends the budget of the SLO; the process'
    /// own events, which know, leave it out.
    ///
    /// # Errors
    ///
    /// [`ProbeKitError::NoQuietTimes`].
    pub fn mute_config(&self, receiver: &str, quiet: &[QuietTime]) -> Result<String, ProbeKitError> {
        document(&[self], receiver, quiet)
    }

    fn quiet_name(&self) -> String {
        format!("{}: quiet", self.job)
    }

    fn quiet_interval(&self, quiet: &[QuietTime]) -> Yaml {
        let times = quiet.iter().flat_map(QuietTime::parts).collect();
        Yaml::map([
            ("name", Yaml::text(self.quiet_name())),
            ("time_intervals", Yaml::List(times)),
        ])
    }

    fn quiet_route(&self, receiver: &str) -> Yaml {
        Yaml::map([
            ("receiver", Yaml::text(receiver)),
            ("matchers", Yaml::List(self.matchers())),
            ("mute_time_intervals", Yaml::List(vec![Yaml::text(self.quiet_name())])),
        ])
    }

    fn matchers(&self) -> Vec<Yaml> {
        let any = format!("=~\"{PROBES_BEGIN}.+\"");
        let mut all = BTreeMap::from([(ALERT_NAME.to_owned(), any)]);
        let labels = self.identity.labels().into_iter();
        all.extend(labels.map(|(name, value)| (name, format!("={}", quoted(&value)))));
        // Other kits of the same service have other quiet times.
        all.insert("job".to_owned(), format!("={}", quoted(self.job())));
        all.into_iter().map(|(name, rest)| Yaml::text(name + &rest)).collect()
    }
}

/// The snippet for these kits: quiet times and a route of each.
pub(super) fn document(kits: &[&ProbeKit], receiver: &str, quiet: &[QuietTime]) -> Result<String, ProbeKitError> {
    if quiet.is_empty() {
        return Err(ProbeKitError::NoQuietTimes);
    }
    let intervals = kits.iter().map(|kit| kit.quiet_interval(quiet)).collect();
    let routes = kits.iter().map(|kit| kit.quiet_route(receiver)).collect();
    let root = Yaml::map([("receiver", Yaml::text(receiver)), ("routes", Yaml::List(routes))]);
    let whole = [("time_intervals", Yaml::List(intervals)), ("route", root)];
    Ok(Yaml::map(whole).document(COMMENT, Style::Probes))
}

/// A matcher's value. Alertmanager knows three escapes in it, and takes everything else as it is.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
    format!("\"{text}\"")
}

fn clock(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

const fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

const COMMENT: &str = "Alertmanager: merge time_intervals and routes into alertmanager.yml.";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, 30, 0).unwrap()
    }

    fn part(day: &str, from: &str, to: &str) -> Yaml {
        let times = Yaml::texts([("start_time", from), ("end_time", to)]);
        Yaml::map([
            ("weekdays", Yaml::List(vec![Yaml::text(day)])),
            ("times", Yaml::List(vec![times])),
            ("location", Yaml::text("Asia/Seoul")),
        ])
    }

    fn parts(day: Weekday, from: NaiveTime, to: NaiveTime) -> Vec<Yaml> {
        QuietTime::new(day, from, to, "Asia/Seoul").unwrap().parts()
    }

    #[test]
    fn a_matcher_has_the_three_escapes_that_alertmanager_reads() {
        assert_eq!(quoted("a\"b\\c\nd\u{7}{{월"), "\"a\\\"b\\\\c\\nd\u{7}{{월\"");
    }

    #[test]
    fn a_night_is_the_end_of_one_day_and_the_beginning_of_the_next() {
        assert_eq!(
            parts(Weekday::Sun, at(22), at(1)),
            [part("sunday", "22:30", "24:00"), part("monday", "00:00", "01:30")]
        );
    }

    #[test]
    fn midnight_as_an_end_is_that_of_the_day() {
        let midnight = NaiveTime::MIN;
        assert_eq!(
            parts(Weekday::Sat, at(22), midnight),
            [part("saturday", "22:30", "24:00")]
        );
        assert_eq!(
            parts(Weekday::Sat, midnight, midnight),
            [part("saturday", "00:00", "24:00")]
        );
        assert_eq!(parts(Weekday::Sat, at(1), at(2)), [part("saturday", "01:30", "02:30")]);
    }
}
