//! What is recorded of one route for people: rate, errors, durations of the last 15 minutes.

use std::time::Duration;

use slo_core::{Lane, Latencies, LatencySketch, Outcome, Reading, Tick, Tracker, Window};

/// Rate, errors and durations of one route over the last 15 minutes.
///
/// Recording takes no lock and no allocation. A route takes 69 KiB whatever its
/// traffic: 64 KiB for the latencies, some 5 KiB for the counts.
#[derive(Debug)]
pub(crate) struct RouteRed {
    events: Tracker,
    latencies: LatencySketch,
}

/// What was recorded of one route in the last 15 minutes.
#[derive(Clone, Debug)]
pub(crate) struct RouteReading {
    /// Every request that ended.
    pub(crate) events: Reading,
    /// Those that were timed.
    pub(crate) latencies: Latencies,
}

impl RouteRed {
    /// Nothing was seen before `started`: of the process, not of the first request, or a route that is rarely used would
    /// look busy.
    pub(crate) fn new(started: Tick) -> Self {
        Self {
            events: Tracker::new(window(), started),
            latencies: LatencySketch::new(started),
        }
    }

    /// Counts a request as the built-in `requests` judged it; without a time where how long it took is no measure of the
    /// service: an event stream, an upgrade.
    #[inline]
    pub(crate) fn record(&self, lane: Lane, tick: Tick, outcome: Outcome, elapsed: Option<Duration>) {
        self.events.record_by(lane, tick, outcome);
        if let Some(elapsed) = elapsed {
            self.latencies.record_by(lane, tick, elapsed);
        }
    }

    /// Says that it is `now`, see [`Tracker::heartbeat`].
    pub(crate) fn heartbeat(&self, now: Tick, interval: Duration) {
        self.events.heartbeat(now, interval);
        self.latencies.heartbeat(now);
    }

    pub(crate) fn read(&self, now: Tick) -> RouteReading {
        RouteReading {
            events: self.events.read(now, window()),
            latencies: self.latencies.read(now, LatencySketch::LONGEST),
        }
    }

    #[cfg(test)]
    fn memory_bytes(&self) -> usize {
        self.events.memory_bytes() + 64 * 1_024 // as slo-core says of the sketch
    }
}

fn window() -> Window {
    Window::rolling(LatencySketch::LONGEST.as_secs()).unwrap_or(Window::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slo_core::{Events, Ratio};

    const START: Tick = Tick::from_unix_seconds(1_767_225_603);

    fn after(seconds: u64) -> Tick {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn the_window_is_that_of_the_latencies() {
        assert_eq!(window().longest(), LatencySketch::LONGEST);
    }

    #[test]
    fn the_last_fifteen_minutes_are_told_and_what_is_older_is_not() {
        let red = RouteRed::new(START);
        red.record(
            Lane::of_this_thread(),
            after(10),
            Outcome::Bad,
            Some(Duration::from_secs(9)),
        );
        for second in 0..3_000 {
            red.record(
                Lane::of_this_thread(),
                after(60 + second),
                Outcome::Good,
                Some(Duration::from_millis(10)),
            );
        }
        let reading = red.read(after(3_060));
        let seconds = reading.events.measured().as_secs();
        assert!((900..=910).contains(&seconds), "{seconds}");
        assert!(reading.events.events().good().abs_diff(seconds) <= 1, "{reading:?}");
        assert_eq!(reading.events.events().bad(), 0);
        let slowest = reading.latencies.quantile(Ratio::new(1, 1).unwrap()).unwrap();
        assert!(slowest.below().unwrap() < Duration::from_millis(11));
    }

    #[test]
    fn a_young_process_measured_as_long_as_it_runs() {
        let red = RouteRed::new(START);
        red.record(Lane::of_this_thread(), after(5), Outcome::Good, None);
        let reading = red.read(after(20));
        assert_eq!(reading.events.measured(), Duration::from_secs(20));
        assert_eq!(
            (reading.events.events(), reading.latencies.events()),
            (Events::new(1, 0), 0)
        );
    }

    #[test]
    fn time_in_which_the_process_did_not_run_was_not_measured() {
        let red = RouteRed::new(START);
        let beat = Duration::from_secs(10);
        red.heartbeat(after(100), beat);
        red.heartbeat(after(600), beat);
        assert_eq!(red.read(after(610)).events.measured(), Duration::from_secs(110));
    }

    #[test]
    fn after_a_clock_is_set_back_counts_and_latencies_are_forgotten_alike() {
        let (red, beat) = (RouteRed::new(START), Duration::from_secs(10));
        red.heartbeat(after(7_200), beat);
        red.record(
            Lane::of_this_thread(),
            after(7_200),
            Outcome::Bad,
            Some(Duration::from_secs(1)),
        );
        for seconds in (10..=1_000).step_by(10) {
            red.heartbeat(after(seconds), beat);
        }
        let reading = red.read(after(1_000));
        assert_eq!(
            (reading.events.events(), reading.latencies.events()),
            (Events::default(), 0)
        );
    }

    #[test]
    fn a_route_takes_as_much_memory_as_is_said() {
        let red = RouteRed::new(START);
        assert!(red.memory_bytes() <= 69 * 1_024, "{}", red.memory_bytes());
    }
}
