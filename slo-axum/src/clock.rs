//! From monotonic clock readings to the trackers' time line, which follows the wall clock.

#[cfg(feature = "fast-clock")]
mod counter;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(feature = "fast-clock")]
pub(crate) use self::counter::Kept;
use slo_core::Tick;

/// One look at both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Steady, and standing still while the machine is suspended (on Linux and macOS).
    pub(crate) instant: Instant,
    /// What people and other machines call it; set, corrected and stepped by others.
    pub(crate) wall: Tick,
}

impl Moment {
    pub(crate) fn now() -> Self {
        // A wall clock before 1970 gives the epoch: windows only need differences.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            instant: Instant::now(),
            wall: Tick::default() + since_epoch,
        }
    }
}

/// A monotonic clock that is held against the wall clock now and then.
///
/// Who reads it pays two relaxed loads and waits for nobody.
#[derive(Debug)]
pub(crate) struct Anchor {
    instant: Instant,
    started: Tick,
    /// Nanoseconds by which the wall clock has gained on the monotonic one since then; negative when it lost.
    gained: AtomicI64,
    /// No reading is before this tick: where the wall clock lost a little, time stands still until it is there again.
    floor: AtomicU64,
    #[cfg(feature = "fast-clock")]
    counter: counter::Counter,
}

/// What the wall clock did since it was last looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Followed {
    /// Nothing that anybody could notice.
    Steady,
    /// It is ahead by this: the machine was suspended, or somebody set it.
    Ahead(Duration),
    /// Somebody set it back by this, and so time went back.
    SetBack(Duration),
}

/// What is told of: corrections of a clock are far smaller.
const NOTICED: Duration = Duration::from_secs(1);

/// A clock that is set back by up to this is waited for, as the trackers take it for late events (ADR 12).
const WAITED_FOR: Duration = Duration::from_secs(60);

// Every ordering here is relaxed: one thread follows the clock, and a reading that sees only half of what it wrote is off
// by no more than the clock was.
impl Anchor {
    pub(crate) fn at(moment: Moment) -> Self {
        Self {
            instant: moment.instant,
            started: moment.wall,
            gained: AtomicI64::new(0),
            floor: AtomicU64::new(0),
            #[cfg(feature = "fast-clock")]
            counter: counter::Counter::default(),
        }
    }

    /// The moment that it was made at.
    #[cfg(test)]
    pub(crate) fn begun(&self) -> Moment {
        Moment {
            instant: self.instant,
            wall: self.started,
        }
    }

    /// When measuring began, by the clock of then.
    pub(crate) fn started(&self) -> Tick {
        self.started
    }

    /// Reads the monotonic clock.
    #[inline]
    pub(crate) fn read(&self) -> Reading {
        #[cfg(feature = "fast-clock")]
        if let Some(counted) = self.counter.read() {
            return counted;
        }
        self.reading(Instant::now())
    }

    #[cfg(all(test, feature = "fast-clock"))]
    pub(crate) fn is_counted(&self) -> bool {
        self.counter.read().is_some()
    }

    /// Has readings made by the processor's counter from now on, as long as it agrees with the monotonic clock: to be
    /// called now and then, on one thread, which the first time takes up to 200 ms.
    #[cfg(feature = "fast-clock")]
    pub(crate) fn keep_counter(&self) -> Kept {
        self.counter.keep(|| self.reading(Instant::now()))
    }

    /// The moment of an instant; one from before the anchor is the anchor's moment.
    pub(crate) fn tick(&self, at: Instant) -> Tick {
        self.tick_of(self.reading(at))
    }

    /// The moment of a clock reading.
    #[inline]
    pub(crate) fn tick_of(&self, at: Reading) -> Tick {
        let tick = self.steady(at).as_unix_nanos();
        let followed = tick.saturating_add_signed(self.gained.load(Ordering::Relaxed));
        Tick::from_unix_nanos(followed.max(self.floor.load(Ordering::Relaxed)))
    }

    /// Follows the wall clock: ahead at once; back by up to a minute by standing still, so that no reader goes back; back
    /// by more at once, for which the trackers need a heartbeat next.
    pub(crate) fn follow(&self, moment: Moment) -> Followed {
        let before = self.tick(moment.instant);
        let (ahead, back) = (moment.wall.since(before), before.since(moment.wall));
        let floor = if back > WAITED_FOR { Tick::default() } else { before };
        // The floor first: where it is raised no reading goes back, and where it is taken away all go back together.
        self.floor.store(floor.as_unix_nanos(), Ordering::Relaxed);
        let steady = self.steady(self.reading(moment.instant));
        self.gained.store(gained(steady, moment.wall), Ordering::Relaxed);
        match (ahead, back) {
            (_, back) if back > WAITED_FOR => Followed::SetBack(back),
            (ahead, _) if ahead > NOTICED => Followed::Ahead(ahead),
            _ => Followed::Steady,
        }
    }

    /// The moment of a reading, had the wall clock been steady.
    #[inline]
    fn steady(&self, at: Reading) -> Tick {
        Tick::from_unix_nanos(self.started.as_unix_nanos().saturating_add(at.nanos()))
    }

    #[inline]
    fn reading(&self, at: Instant) -> Reading {
        Reading::of(at.saturating_duration_since(self.instant))
    }
}

/// A reading of the monotonic clock, in nanoseconds since it was anchored: half as large as an `Instant`, for it travels
/// with every request. Good for 584 years.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Reading(u64);

impl Reading {
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    pub(crate) const fn of(since_anchored: Duration) -> Self {
        Self(since_anchored.as_nanos() as u64)
    }

    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    /// The time since an earlier reading; zero when that is later.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// What to add to `from` to have `to`; as much of it as fits.
fn gained(from: Tick, to: Tick) -> i64 {
    let fit = |tick: Tick, earlier: Tick| {
        let nanos = tick.as_unix_nanos().saturating_sub(earlier.as_unix_nanos());
        i64::try_from(nanos).unwrap_or(i64::MAX)
    };
    fit(to, from) - fit(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WALL: Tick = Tick::from_unix_seconds(1_767_225_600);

    /// A clock pair of which each side is moved by hand.
    struct Clocks {
        now: Moment,
        begun: Instant,
    }

    impl Clocks {
        fn new() -> (Self, Anchor) {
            let now = Moment {
                instant: Instant::now(),
                wall: WALL,
            };
            (
                Self {
                    now,
                    begun: now.instant,
                },
                Anchor::at(now),
            )
        }

        fn runs(&mut self, time: Duration) -> Moment {
            self.now.instant += time;
            self.now.wall = self.now.wall + time;
            self.now
        }

        fn is_suspended(&mut self, time: Duration) -> Moment {
            self.now.wall = self.now.wall + time;
            self.now
        }

        fn is_set_back(&mut self, time: Duration) -> Moment {
            self.now.wall = self.now.wall.saturating_sub(time);
            self.now
        }
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_steady_clock_is_followed_without_a_word() {
        let (mut clocks, anchor) = Clocks::new();
        for _ in 0..3 {
            let now = clocks.runs(seconds(5));
            assert_eq!(anchor.tick(now.instant), now.wall);
            assert_eq!(anchor.follow(now), Followed::Steady);
            assert_eq!(anchor.tick(now.instant), now.wall);
        }
        assert_eq!(anchor.started(), WALL);
        assert_eq!(anchor.tick(clocks.begun - seconds(1)), clocks.now.wall); // never before what was read
    }

    #[test]
    fn after_a_suspension_time_is_where_the_wall_clock_is() {
        let (mut clocks, anchor) = Clocks::new();
        let asleep = clocks.is_suspended(seconds(3_600));
        assert_eq!(anchor.tick(asleep.instant), WALL);
        assert_eq!(anchor.follow(asleep), Followed::Ahead(seconds(3_600)));
        let later = clocks.runs(seconds(7));
        assert_eq!(anchor.tick(later.instant), WALL + seconds(3_607));
        assert_eq!(anchor.follow(later), Followed::Steady);
    }

    #[test]
    fn a_clock_that_is_corrected_back_a_little_is_waited_for() {
        let (mut clocks, anchor) = Clocks::new();
        let before = clocks.runs(seconds(100));
        let corrected = clocks.is_set_back(seconds(60));
        assert_eq!(anchor.follow(corrected), Followed::Steady);
        for _ in 0..59 {
            let now = clocks.runs(seconds(1));
            assert_eq!(anchor.tick(now.instant), before.wall);
            assert_eq!(anchor.follow(now), Followed::Steady);
        }
        let caught_up = clocks.runs(seconds(2));
        assert_eq!(anchor.tick(caught_up.instant), before.wall + seconds(1));
        assert_eq!(anchor.tick(caught_up.instant), caught_up.wall);
    }

    #[test]
    fn a_clock_that_is_set_back_for_good_is_followed_back() {
        let (mut clocks, anchor) = Clocks::new();
        clocks.runs(seconds(100));
        let set_back = clocks.is_set_back(seconds(61));
        assert_eq!(anchor.follow(set_back), Followed::SetBack(seconds(61)));
        assert_eq!(anchor.tick(set_back.instant), WALL + seconds(39));
        let later = clocks.runs(seconds(1));
        assert_eq!(anchor.tick(later.instant), later.wall);
    }

    /// What a clock does between two looks at it, in milliseconds.
    #[derive(Clone, Copy, Debug)]
    enum Does {
        Run(u64),
        Sleep(u64),
        GoBack(u64),
    }

    fn does() -> impl Strategy<Value = Does> {
        prop_oneof![
            3 => (0_u64..20_000).prop_map(Does::Run),
            1 => (0_u64..5_000_000).prop_map(Does::Sleep),
            2 => (0_u64..60_000).prop_map(Does::GoBack),
            1 => (0_u64..5_000_000).prop_map(Does::GoBack),
        ]
    }

    proptest! {
        #[test]
        fn readings_go_back_only_with_a_clock_set_back_and_are_never_a_minute_off(
            story in prop::collection::vec(does(), 1..100), pause in 0_u64..10_000,
        ) {
            let (mut clocks, anchor) = Clocks::new();
            clocks.runs(seconds(100_000_000)); // room to go back in
            let _ahead = anchor.follow(clocks.now);
            let mut last = anchor.tick(clocks.now.instant);
            for happening in story {
                match happening {
                    Does::Run(millis) => clocks.runs(Duration::from_millis(millis)),
                    Does::Sleep(millis) => clocks.is_suspended(Duration::from_millis(millis)),
                    Does::GoBack(millis) => clocks.is_set_back(Duration::from_millis(millis)),
                };
                let before = anchor.tick(clocks.now.instant);
                prop_assert!(before >= last);
                let followed = anchor.follow(clocks.now);
                let after = anchor.tick(clocks.now.instant);
                match followed {
                    Followed::SetBack(by) => prop_assert_eq!((after, after + by), (clocks.now.wall, before)),
                    Followed::Ahead(by) => prop_assert_eq!((after, after), (clocks.now.wall, before + by)),
                    Followed::Steady => {
                        prop_assert!(after >= before);
                        prop_assert!(after.since(clocks.now.wall) <= WAITED_FOR);
                        prop_assert!(clocks.now.wall.since(after) == Duration::ZERO);
                    }
                }
                // Between two looks time runs, or stands until the wall clock is there.
                let later = clocks.runs(Duration::from_millis(pause));
                last = anchor.tick(later.instant);
                prop_assert_eq!(last, after.max(later.wall));
            }
        }
    }

    #[test]
    fn clocks_from_another_age_are_followed_without_harm() {
        let (clocks, anchor) = Clocks::new();
        for wall in [Tick::default(), Tick::from_unix_nanos(u64::MAX), Tick::default(), WALL] {
            let moment = Moment { wall, ..clocks.now };
            let _followed = anchor.follow(moment);
            let reached = anchor.tick(clocks.now.instant);
            // 292 years are as far as it goes in one direction.
            let far = Duration::from_secs(292 * 365 * 86_400);
            assert!(reached == wall || wall.since(WALL) > far, "{wall:?}: {reached:?}");
        }
    }
}
