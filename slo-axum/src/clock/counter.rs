//! The processor's counter, read in place of the system's clock while the two agree.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use quanta::Clock;

use super::Reading;

/// Not read until somebody has begun to keep it, and never again once it strayed.
//
// Every ordering here is relaxed but that of the `OnceLock`: one thread keeps it, and a reading made with what was written
// a moment before is off by no more than the counter was.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    calibrated: OnceLock<Calibrated>,
    strayed: AtomicBool,
    /// Nanoseconds to add to what was counted.
    ahead: AtomicI64,
    /// When it was last seen to agree, in nanoseconds of the system's clock.
    agreed: AtomicU64,
}

#[derive(Debug)]
struct Calibrated {
    clock: Clock,
    begun: u64,
}

impl Calibrated {
    fn new(clock: Clock) -> Self {
        let begun = clock.raw();
        Self { clock, begun }
    }

    /// Nanoseconds since it was calibrated; zero where the counter was set back to before that.
    #[inline]
    fn counted(&self) -> u64 {
        self.clock.delta_as_nanos(self.begun, self.clock.raw())
    }
}

/// What keeping it came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    /// It is read from now on.
    Begun,
    /// The two agree, or it is no longer read.
    Quiet,
    /// It is off by so much, and is not read any more.
    Strayed(Duration),
}

/// Beyond this share of the time between two looks, a hundredth, and this much more, something was done to the counter or
/// to the machine: calibrated counters and corrected clocks differ by a few parts in ten thousand.
const PER_CENT: u64 = 1;
const MORE: u64 = 1_000_000;

impl Counter {
    /// The time by the counter, where it is to be trusted.
    #[inline]
    pub(super) fn read(&self) -> Option<Reading> {
        let calibrated = self.calibrated.get()?;
        let is_trusted = !self.strayed.load(Ordering::Relaxed);
        is_trusted.then(|| self.reading(calibrated.counted()))
    }

    #[inline]
    fn reading(&self, counted: u64) -> Reading {
        Reading(counted.saturating_add_signed(self.ahead.load(Ordering::Relaxed)))
    }

    /// Calibrates it, which takes up to 200 ms, or holds it against the system's clock: now and then, on one thread.
    pub(super) fn keep(&self, system: impl Fn() -> Reading) -> Kept {
        self.keep_by(Clock::new, system)
    }

    fn keep_by(&self, clock: impl FnOnce() -> Clock, system: impl Fn() -> Reading) -> Kept {
        let Some(calibrated) = self.calibrated.get() else {
            let calibrated = Calibrated::new(clock());
            self.agree(calibrated.counted(), system());
            let _first = self.calibrated.set(calibrated);
            return Kept::Begun;
        };
        let at_once = (0..3).find_map(|_| at_once(calibrated, &system));
        match at_once {
            Some((counted, system)) if !self.strayed.load(Ordering::Relaxed) => self.compare(counted, system),
            // This thread stood still in between, and may have better luck at the next step.
            _ => Kept::Quiet,
        }
    }

    fn compare(&self, counted: u64, system: Reading) -> Kept {
        let off = self.reading(counted).0.abs_diff(system.0);
        let since = system.0.saturating_sub(self.agreed.load(Ordering::Relaxed));
        if off > since / 100 * PER_CENT + MORE {
            self.strayed.store(true, Ordering::Relaxed);
            return Kept::Strayed(Duration::from_nanos(off));
        }
        self.agree(counted, system);
        Kept::Quiet
    }

    fn agree(&self, counted: u64, system: Reading) {
        let difference = i128::from(system.0) - i128::from(counted);
        let ahead = i64::try_from(difference).unwrap_or(0);
        self.ahead.store(ahead, Ordering::Relaxed);
        self.agreed.store(system.0, Ordering::Relaxed);
    }
}

/// Both clocks, where less than a tenth of a millisecond passed between them.
fn at_once(calibrated: &Calibrated, system: impl Fn() -> Reading) -> Option<(u64, Reading)> {
    let (before, system, after) = (calibrated.counted(), system(), calibrated.counted());
    // After a step back there is nothing between them, and that is to be seen.
    (after.saturating_sub(before) < 100_000).then_some((before, system))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use quanta::Mock;

    use super::*;

    /// A system's clock and a counter, each moved by hand, in milliseconds.
    struct Clocks {
        counter: Counter,
        clock: Clock,
        mock: Arc<Mock>,
        system: Cell<u64>,
    }

    impl Clocks {
        fn new() -> Self {
            let (clock, mock) = Clock::mock();
            mock.increment(77_000_000_000_u64);
            Self {
                counter: Counter::default(),
                clock,
                mock,
                system: Cell::new(5_000),
            }
        }

        fn run(&self, system: u64, counter: u64) {
            self.system.set(self.system.get() + system);
            self.mock.increment(counter * 1_000_000);
        }

        fn keep(&self) -> Kept {
            let system = || Reading(self.system.get() * 1_000_000);
            self.counter.keep_by(|| self.clock.clone(), system)
        }

        /// In milliseconds.
        fn read(&self) -> Option<u64> {
            self.counter.read().map(|reading| reading.0 / 1_000_000)
        }
    }

    #[test]
    fn it_is_read_once_it_is_kept_and_goes_on_between_two_looks() {
        let clocks = Clocks::new();
        assert_eq!(clocks.read(), None);
        assert_eq!(clocks.keep(), Kept::Begun);
        assert_eq!(clocks.read(), Some(5_000));
        clocks.run(0, 7);
        assert_eq!(clocks.read(), Some(5_007));
    }

    #[test]
    fn a_little_off_it_is_put_right_so_that_it_is_never_much_off() {
        let clocks = Clocks::new();
        clocks.keep();
        for step in 1..=1_000 {
            clocks.run(5_000, 5_040);
            assert_eq!(clocks.read(), Some(5_000 + step * 5_000 + 40));
            assert_eq!(clocks.keep(), Kept::Quiet);
            assert_eq!(clocks.read(), Some(5_000 + step * 5_000));
        }
    }

    #[test]
    fn once_it_strayed_it_is_not_read_any_more() {
        // Too fast; over a suspension in which only it went on; standing still; just beyond what is allowed.
        for (system, counter) in [(5_000, 5_100), (5_000, 3_605_000), (5_000, 0), (5_000, 5_052)] {
            let clocks = Clocks::new();
            clocks.keep();
            clocks.run(system, counter);
            let off = Duration::from_millis(system.abs_diff(counter));
            assert_eq!(clocks.keep(), Kept::Strayed(off));
            assert_eq!(clocks.read(), None);
            clocks.run(counter, system);
            assert_eq!((clocks.keep(), clocks.read()), (Kept::Quiet, None));
        }
    }

    #[test]
    fn set_back_to_before_it_was_calibrated_it_stands_still_until_that_is_seen() {
        let clocks = Clocks::new();
        clocks.keep();
        clocks.mock.decrement(77_000_000_000_u64);
        assert_eq!(clocks.read(), Some(5_000));
        clocks.run(5_000, 5_000);
        assert_eq!(clocks.keep(), Kept::Strayed(Duration::from_secs(5)));
    }

    #[test]
    fn a_look_that_takes_long_says_nothing() {
        let clocks = Clocks::new();
        clocks.keep();
        clocks.run(5_000, 5_000);
        let slowly = || {
            clocks.mock.increment(90_000_000_u64);
            Reading(10_000_000_000)
        };
        assert_eq!(clocks.counter.keep_by(|| clocks.clock.clone(), slowly), Kept::Quiet);
        assert!(clocks.read().is_some());
    }

    #[test]
    fn the_processors_own_agrees_with_the_systems_clock() {
        let (counter, begun) = (Counter::default(), std::time::Instant::now());
        let system = || Reading::of(begun.elapsed());
        assert_eq!(counter.keep(system), Kept::Begun);
        for _ in 0..1_000 {
            let (before, counted, after) = (system(), counter.read().unwrap(), system());
            let off = MORE + after.0 / 100;
            assert!(
                before.0.saturating_sub(off) <= counted.0 && counted.0 <= after.0 + off,
                "{before:?} {counted:?} {after:?}"
            );
        }
        assert_eq!(counter.keep(system), Kept::Quiet);
    }
}
