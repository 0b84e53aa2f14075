//! A clock that is set back changes no alert: time goes on where it was.

use core::time::Duration;

use proptest::prelude::*;

use super::standard;
use crate::{Events, Tick, Tracker};

const START: Tick = Tick::from_unix_seconds(1_767_225_600);

proptest! {
    #[test]
    fn with_a_clock_that_is_set_back_the_timeline_is_that_of_a_steady_one(
        // Each minute: how many were bad of 100, and by how many steps of 10 s the clock is set back at its end.
        minutes in prop::collection::vec((prop_oneof![3 => Just(0_u64), 1 => 0_u64..100], prop_oneof![9 => Just(0_u64), 1 => 7_u64..2_000]), 30..300),
    ) {
        let alerts = standard("99.9%", "1d");
        let [steady, stepping] = [START; 2].map(|start| Tracker::new("1d".parse().unwrap(), start));
        // Room for the clock to go back in.
        let room = Duration::from_secs(10_000_000);
        let (mut steady_now, mut stepping_now) = (START + room, START + room);
        let beat = |tracker: &Tracker, now| tracker.heartbeat(now, Duration::from_secs(60));
        for (bad, steps) in minutes {
            steady_now = steady_now + Duration::from_secs(60);
            stepping_now = stepping_now + Duration::from_secs(60);
            for (tracker, now) in [(&steady, steady_now), (&stepping, stepping_now)] {
                tracker.record_many(now, Events::new(100 - bad, bad));
                beat(tracker, now);
            }
            stepping_now = stepping_now.saturating_sub(Duration::from_secs(10 * steps));
            beat(&stepping, stepping_now);
            let [expected, found] = [
                alerts.evaluate_tracker(&steady, steady_now),
                alerts.evaluate_tracker(&stepping, stepping_now),
            ];
            prop_assert_eq!(found.state(), expected.state());
            for (found, expected) in found.conditions().iter().zip(expected.conditions()) {
                prop_assert_eq!(found.long(), expected.long());
                prop_assert_eq!(found.short(), expected.short());
            }
        }
    }
}
