//! Whether a planned time covers a moment: looked up now and then, and known in between.

use core::ops::Range;
use core::time::Duration;

use crate::sync::{AtomicU64, Ordering};
use crate::{Exclusion, Slo, Tick};

/// The planned times of one SLO, for who asks at every event.
///
/// What is known is one word: a stretch of time, and whether it is covered. It says so of itself, so nothing is ordered
/// with it: whoever reads an old one looks anew or is told what was right of that stretch all the time.
#[derive(Debug)]
pub(crate) struct Planned {
    exclusions: Vec<Exclusion>,
    known: AtomicU64,
}

impl Planned {
    /// `None` of an SLO without planned times, which is to pay nothing for them.
    pub(crate) fn of(slo: &Slo) -> Option<Self> {
        let exclusions = slo.exclusions().to_vec();
        (!exclusions.is_empty()).then(|| Self {
            exclusions,
            known: AtomicU64::new(0),
        })
    }

    /// Whether nothing counts at this moment, as [`Exclusion::covers`] says of one of them.
    #[inline]
    pub(crate) fn covers(&self, at: Tick) -> bool {
        // Relaxed: see above.
        let known = Known(self.known.load(Ordering::Relaxed));
        if known.holds(at) {
            known.is_covered()
        } else {
            self.look_up(at)
        }
    }

    #[cold]
    fn look_up(&self, at: Tick) -> bool {
        let is_covered = self.exclusions.iter().any(|exclusion| exclusion.covers(at));
        let known = Known::of(self.stretch_around(at), is_covered);
        self.known.store(known.0, Ordering::Relaxed);
        is_covered
    }

    /// As much time around a moment as a word can say, without a boundary in it.
    fn stretch_around(&self, at: Tick) -> Range<Tick> {
        let mut stretch = at.saturating_sub(REACH)..at + REACH;
        let within = stretch.clone();
        let windows = self
            .exclusions
            .iter()
            .flat_map(|planned| planned.windows(within.clone()));
        for edge in windows.flat_map(|window| [window.start, window.end]) {
            if edge <= at {
                stretch.start = stretch.start.max(edge);
            } else {
                stretch.end = stretch.end.min(edge);
            }
        }
        stretch
    }
}

/// From the top: where the stretch begins (42 bits), how long it is (21), and whether it is covered, in units of time.
#[derive(Clone, Copy, Debug)]
struct Known(u64);

/// A unit is 2 to this power of nanoseconds, about a millisecond: 42 bits of them reach to the year 2116.
const UNIT: u32 = 20;
const LENGTH: u32 = 21;
const LONGEST: u64 = (1 << LENGTH) - 1;

/// A little less than half of the longest stretch, which is 36 minutes.
const REACH: Duration = Duration::from_secs(1_080);

impl Known {
    /// Only units that lie in the stretch as a whole: near its ends nothing is known. Nothing, too, beyond the year 2116.
    fn of(stretch: Range<Tick>, is_covered: bool) -> Self {
        let from = stretch.start.as_unix_nanos().div_ceil(1 << UNIT);
        let length = (stretch.end.as_unix_nanos() >> UNIT).saturating_sub(from).min(LONGEST);
        if from >> (u64::BITS - LENGTH - 1) > 0 {
            return Self(0);
        }
        Self(from << (LENGTH + 1) | length << 1 | u64::from(is_covered))
    }

    #[inline]
    const fn holds(self, at: Tick) -> bool {
        let from = self.0 >> (LENGTH + 1);
        (at.as_unix_nanos() >> UNIT).wrapping_sub(from) < (self.0 >> 1) & LONGEST
    }

    #[inline]
    const fn is_covered(self) -> bool {
        self.0 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{EventsSli, Window};

    fn exclusion(from: &str, zone: &str, seconds: u64, rule: Option<&str>) -> Exclusion {
        let length = Duration::from_secs(seconds);
        let once = Exclusion::new(from.parse().unwrap(), zone.parse().unwrap(), length, "work").unwrap();
        rule.map_or(once.clone(), |rule| once.repeated(rule.parse().unwrap()).unwrap())
    }

    fn planned(exclusions: Vec<Exclusion>) -> Planned {
        let slo = Slo::new("mails", EventsSli::of("mails"), "99%".parse().unwrap(), Window::DAY);
        Planned::of(&exclusions.into_iter().fold(slo, Slo::excluding)).unwrap()
    }

    fn known(planned: &Planned, at: Tick) -> bool {
        Known(planned.known.load(Ordering::Relaxed)).holds(at)
    }

    #[test]
    fn an_slo_without_planned_times_pays_nothing() {
        let slo = Slo::new("mails", EventsSli::of("mails"), "99%".parse().unwrap(), Window::DAY);
        assert!(Planned::of(&slo).is_none());
    }

    #[test]
    fn what_was_looked_up_is_known_up_to_the_boundary_and_not_beyond() {
        let planned = planned(vec![exclusion("2026-01-31 02:00", "UTC", 7_200, None)]);
        let begin = Tick::from_unix_seconds(1_769_824_800);
        let before = begin.saturating_sub(Duration::from_secs(600));
        assert!(!planned.covers(before));
        assert!(
            known(&planned, before + Duration::from_secs(590)),
            "it is looked up at every event"
        );
        assert!(known(&planned, before.saturating_sub(Duration::from_secs(600))));
        assert!(!known(&planned, begin));
        assert!(planned.covers(begin));
        assert!(known(&planned, begin + Duration::from_secs(900)));
        assert!(!known(&planned, before));
        assert!(!known(&planned, begin + REACH), "more than a word can say");
    }

    #[test]
    fn the_ends_of_time_are_looked_up() {
        let planned = planned(vec![exclusion("2199-12-31 23:00", "UTC", 7_200, None)]);
        let begin = Tick::from_unix_seconds(7_258_114_800);
        for (at, covered) in [
            (Tick::default(), false),
            (begin, true),
            (Tick::from_unix_nanos(u64::MAX), false),
        ] {
            assert_eq!(planned.covers(at), covered);
            assert_eq!(planned.covers(at), covered);
        }
        assert!(!known(&planned, begin));
    }

    /// Times of every kind, in zones whose clocks change, among them some that touch and overlap.
    fn any_exclusion() -> impl Strategy<Value = Exclusion> {
        let zones = ["UTC", "Asia/Seoul", "America/New_York", "Australia/Lord_Howe"];
        let rules = [
            None,
            Some("FREQ=DAILY"),
            Some("FREQ=DAILY;INTERVAL=3;COUNT=9"),
            Some("FREQ=WEEKLY;BYDAY=SU"),
            Some("FREQ=MONTHLY;BYMONTHDAY=1"),
        ];
        let lengths = [60, 90, 1_800, 7_200, 86_400, 2 * 86_400];
        let one = (0..zones.len(), 0..rules.len(), 0..lengths.len(), 0_u32..24);
        one.prop_map(move |(zone, rule, length, hour)| {
            // A Sunday, and the first of its month.
            let from = format!("2026-02-01 {hour:02}:30");
            exclusion(&from, zones[zone], lengths[length], rules[rule])
        })
    }

    proptest! {
        /// Whatever comes late, or from a clock that was set back.
        #[test]
        fn it_says_what_the_planned_times_say(
            exclusions in prop::collection::vec(any_exclusion(), 1..4),
            start in 1_769_000_000_u64..1_775_000_000,
            steps in prop::collection::vec((-4_000_i64..4_000, 0_u64..1_000_000_000), 1..80),
            near in prop::collection::vec(-2_000_000_i64..2_000_000, 1..20),
        ) {
            let planned = planned(exclusions.clone());
            let says = |at: Tick| exclusions.iter().any(|exclusion| exclusion.covers(at));
            let mut seconds = start;
            for (step, nanos) in steps {
                seconds = seconds.saturating_add_signed(step);
                let at = Tick::from_unix_seconds(seconds) + Duration::from_nanos(nanos);
                prop_assert_eq!(planned.covers(at), says(at), "{:?}", at);
            }
            // And within two milliseconds of a boundary.
            if let Some(edge) = exclusions[0].next_boundary(Tick::from_unix_seconds(start)) {
                for nanos in near {
                    let at = Tick::from_unix_nanos(edge.as_unix_nanos().saturating_add_signed(nanos));
                    prop_assert_eq!(planned.covers(at), says(at), "{:?}", at);
                }
            }
        }
    }
}
