//! The share of events that nobody judged: a total hang reads 100 % good while clients give up early.

use core::fmt;

use super::{Seen, Verdict};
use crate::{BurnWindow, Events, Ratio, Share};

/// How many of the last events were excluded, against the most that a budget can be believed with.
///
/// Requests whose clients left before patience ended are excluded. A few are normal; many mean that what is judged says
/// little about what users feel, so it is a ticket, whatever the budget says. It ends when the share falls to the limit
/// or below, or when the window is empty.
///
/// # Examples
///
/// ```
/// use slo_core::alert::{AlertPolicy, AlertState, Verdict};
/// use slo_core::{Events, HttpSli, Slo, Window};
///
/// let browse = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
/// let alerts = AlertPolicy::standard().for_slo(&browse);
///
/// let hang = alerts.evaluate(|_window| Events::new(900, 0).with_excluded(100));
/// assert_eq!(hang.state(), AlertState::Ticket);
/// assert_eq!(
///     hang.excluded().unwrap().to_string(),
///     "ticket: 10% of the events of the last 15m were excluded (100 of 1000), more than 5%: \
///      clients leave before they are answered"
/// );
///
/// let usual = alerts.evaluate(|_window| Events::new(950, 0).with_excluded(50));
/// assert_eq!(usual.excluded().unwrap().verdict(), Verdict::Quiet); // exactly 5% is not over it
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct ExcludedShare {
    limit: Share,
    window: BurnWindow,
    events: Events,
    minimum: u32,
}

/// What is watched: the most that may be excluded, in which window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ExcludedLimit {
    pub(super) most: Share,
    pub(super) window: BurnWindow,
}

impl ExcludedLimit {
    pub(super) fn judge(self, minimum: u32, seen: impl FnOnce(BurnWindow) -> Seen) -> ExcludedShare {
        ExcludedShare {
            limit: self.most,
            window: self.window,
            events: seen(self.window).events(),
            minimum,
        }
    }
}

impl ExcludedShare {
    /// Excluded events as a share of all; `None` when there was no event.
    #[must_use]
    pub fn ratio(&self) -> Option<Ratio> {
        self.events.excluded_ratio()
    }

    /// The share that must be exceeded, strictly.
    pub const fn limit(&self) -> Share {
        self.limit
    }

    /// The window that it was taken over.
    pub const fn window(&self) -> BurnWindow {
        self.window
    }

    /// The events in the window.
    pub const fn events(&self) -> Events {
        self.events
    }

    /// [`Verdict::Fires`] over the limit, [`Verdict::TooFew`] with fewer excluded events than an alert takes bad ones,
    /// else [`Verdict::Quiet`].
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.ratio().is_none_or(|share| share <= self.limit.as_ratio()) {
            Verdict::Quiet
        } else if self.events.excluded() < self.minimum.into() {
            Verdict::TooFew
        } else {
            Verdict::Fires
        }
    }
}

impl fmt::Display for ExcludedShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(share) = self.ratio() else {
            return write!(f, "no event in the last {}", self.window);
        };
        let (excluded, all) = (self.events.excluded(), self.events.all());
        f.write_str(match self.verdict() {
            Verdict::Fires | Verdict::Unresolved => "ticket: ",
            Verdict::TooFew => "no ticket, too few: ",
            Verdict::Quiet => "",
        })?;
        write!(
            f,
            "{share} of the events of the last {} were excluded ({excluded} of {all})",
            self.window
        )?;
        match self.verdict() {
            Verdict::Quiet => Ok(()),
            Verdict::TooFew => write!(f, "; it takes {}", self.minimum),
            Verdict::Fires | Verdict::Unresolved => {
                write!(f, ", more than {}: clients leave before they are answered", self.limit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertPolicy, AlertState, AlertWatch, Severity, Transition};
    use crate::{EventsSli, HttpSli, Sli, Slo, Status, SyntheticSli, Tick, Window};

    fn of(sli: impl Into<Sli>) -> crate::alert::Alerts {
        let slo = Slo::new("s", sli, "99.9%".parse().unwrap(), Window::days(30).unwrap());
        AlertPolicy::standard().for_slo(&slo.status(Status::Agreed))
    }

    fn browse() -> crate::alert::Alerts {
        of(HttpSli::routes(["/listings"]))
    }

    fn excluded(good: u64, excluded: u64) -> impl FnMut(BurnWindow) -> Events {
        move |_| Events::new(good, 0).with_excluded(excluded)
    }

    #[test]
    fn more_than_a_twentieth_in_a_quarter_of_an_hour_is_a_ticket() {
        assert_eq!(browse().evaluate(excluded(95, 5)).state(), AlertState::Ok);
        let over = browse().evaluate(excluded(94, 6));
        assert_eq!(over.state(), AlertState::Ticket);
        assert!(over.asks_for(Severity::Ticket) && !over.asks_for(Severity::Page));
        assert_eq!(over.excluded().unwrap().window().to_string(), "15m");
    }

    #[test]
    fn only_the_last_quarter_of_an_hour_counts() {
        let long_ago = |window: BurnWindow| match window.as_seconds() {
            0..=900 => Events::new(100, 0),
            _ => Events::new(100, 0).with_excluded(1_000),
        };
        assert_eq!(browse().evaluate(long_ago).state(), AlertState::Ok);
    }

    #[test]
    fn four_impatient_clients_are_too_few() {
        let night = browse().evaluate(excluded(0, 4));
        assert_eq!(night.state(), AlertState::Ok);
        assert_eq!(
            night.excluded().unwrap().to_string(),
            "no ticket, too few: 100% of the events of the last 15m were excluded (4 of 4); it takes 5"
        );
        assert_eq!(browse().evaluate(excluded(0, 5)).state(), AlertState::Ticket);
    }

    #[test]
    fn a_page_stays_a_page_beside_it() {
        let both = browse().evaluate(|_| Events::new(0, 100).with_excluded(100));
        assert_eq!(both.state(), AlertState::Page);
        assert!(both.asks_for(Severity::Ticket));
    }

    #[test]
    fn what_code_or_a_timer_tells_is_excluded_on_purpose() {
        for alerts in [of(EventsSli::of("mails")), of(SyntheticSli::new("/health"))] {
            let evaluation = alerts.evaluate(excluded(0, 1_000));
            assert_eq!((evaluation.state(), evaluation.excluded()), (AlertState::Ok, None));
        }
    }

    #[test]
    fn the_limit_is_the_policys_and_can_be_taken_away() {
        let slo = Slo::new(
            "s",
            HttpSli::routes(["/a"]),
            "99%".parse().unwrap(),
            Window::days(7).unwrap(),
        );
        let policy = AlertPolicy::standard().most_excluded(Some("50%".parse().unwrap()));
        assert_eq!(policy.for_slo(&slo).evaluate(excluded(50, 50)).state(), AlertState::Ok);
        assert_eq!(
            policy.for_slo(&slo).evaluate(excluded(49, 51)).state(),
            AlertState::Ticket
        );
        let without = AlertPolicy::standard().most_excluded(None).for_slo(&slo);
        assert_eq!(without.evaluate(excluded(0, 100)).excluded(), None);
    }

    #[test]
    fn rare_pushes_widen_the_window() {
        let slo = Slo::new(
            "s",
            HttpSli::routes(["/a"]),
            "99%".parse().unwrap(),
            Window::days(7).unwrap(),
        );
        let policy = AlertPolicy::standard().pushed_every(core::time::Duration::from_secs(600));
        let evaluation = policy.for_slo(&slo).evaluate(excluded(0, 9));
        assert_eq!(evaluation.excluded().unwrap().window().to_string(), "40m");
    }

    #[test]
    fn no_window_is_longer_than_the_period() {
        let slo = Slo::new(
            "s",
            HttpSli::routes(["/a"]),
            "99%".parse().unwrap(),
            "5m".parse().unwrap(),
        );
        let evaluation = AlertPolicy::standard().for_slo(&slo).evaluate(excluded(0, 9));
        assert_eq!(evaluation.excluded().unwrap().window().to_string(), "5m");
    }

    #[test]
    fn it_is_told_once_and_known_again_after_a_restart() {
        let mut told = Vec::new();
        let mut watch = AlertWatch::new(browse(), |change: &Transition<'_>| told.push(change.to()));
        for minute in 0..3 {
            let _state = watch
                .evaluate(Tick::from_unix_seconds(minute * 60), excluded(1, 9))
                .state();
        }
        let memory = watch.memory().clone();
        assert_eq!(memory.state(), AlertState::Ticket);
        let again = |_: &Transition<'_>| panic!("told before the restart");
        let _state = AlertWatch::resume(browse(), again, &memory)
            .evaluate(Tick::default(), excluded(1, 9))
            .state();
        let forgotten = AlertWatch::resume(of(EventsSli::of("mails")), again, &memory);
        assert_eq!(forgotten.state(), AlertState::Ok);
        let _state = watch.evaluate(Tick::from_unix_seconds(300), excluded(0, 0)).state();
        drop(watch);
        assert_eq!(told, [AlertState::Ticket, AlertState::Ok]);
    }

    #[test]
    fn a_quiet_share_has_words_of_its_own() {
        let quiet = browse().evaluate(excluded(99, 1));
        assert_eq!(
            quiet.excluded().unwrap().to_string(),
            "1% of the events of the last 15m were excluded (1 of 100)"
        );
        let none = browse().evaluate(excluded(0, 0));
        assert_eq!(none.excluded().unwrap().to_string(), "no event in the last 15m");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_memory_of_it_outlives_the_process_as_text() {
        let mut watch = AlertWatch::new(browse(), |_: &Transition<'_>| {});
        let _state = watch.evaluate(Tick::default(), excluded(1, 9)).state();
        let text = serde_json::to_string(watch.memory()).unwrap();
        assert_eq!(text, r#"[{"excluded":"5%","window":"15m"}]"#);
        assert_eq!(
            &serde_json::from_str::<crate::alert::AlertMemory>(&text).unwrap(),
            watch.memory()
        );
    }

    #[cfg(feature = "calendar")]
    #[test]
    fn what_was_planned_to_be_excluded_is_no_hang() {
        use core::time::Duration;

        let slo = |name: &str| Slo::new(name, HttpSli::every_route(), "99%".parse().unwrap(), Window::DAY);
        let night = crate::Exclusion::new(
            "2026-01-01 00:00".parse().unwrap(),
            "UTC".parse().unwrap(),
            Duration::from_secs(3_600),
            "move",
        );
        let begin = Tick::from_unix_seconds(1_767_225_600);
        let judged = |slo: &Slo, seconds: u64| {
            let alerts = AlertPolicy::standard().for_slo(slo);
            let at = begin + Duration::from_secs(seconds);
            let tracker = crate::Tracker::new(slo.window(), begin);
            tracker.record_many(at, Events::new(50, 0).with_excluded(50));
            let mut watch = AlertWatch::new(alerts.clone(), |_: &Transition<'_>| {});
            let by_watch = watch.evaluate_tracker(&tracker, at).clone();
            let anew = alerts.evaluate_tracker(&tracker, at);
            assert_eq!(by_watch, anew);
            anew.excluded().map(|share| share.verdict())
        };
        let planned = slo("a").excluding(night.unwrap());
        assert_eq!(judged(&slo("b"), 60), Some(Verdict::Fires));
        assert_eq!(judged(&planned, 60), None);
        assert_eq!(judged(&planned, 3_600 + 899), None); // still in the last quarter of an hour
        assert_eq!(judged(&planned, 3_600 + 900), Some(Verdict::Fires));
    }
}
