//! Quiet windows that repeat: from the first minute that shows their start to the last that shows their end.

use chrono::{Datelike, Days, Weekday};
use proptest::prelude::*;
use slo_health::QuietWindow;

use super::*;

#[derive(Clone, Debug)]
struct Quiet {
    walk: usize,
    weekday: Option<Weekday>,
    from: u16,
    to: u16,
    now: i64,
}

impl Quiet {
    fn reference(&self, spans: &[(i64, i64)], minute: i64) -> bool {
        spans.iter().any(|&(start, end)| start <= minute && minute < end)
    }

    fn spans(&self) -> Vec<(i64, i64)> {
        let walk = &WALKS[self.walk];
        let days = walk
            .days()
            .filter(|day| self.weekday.is_none_or(|weekday| weekday == day.weekday()));
        days.map(|day| {
            let last = if self.from < self.to { day } else { day + Days::new(1) };
            let end = *walk
                .showing(last, clock(self.to))
                .last()
                .expect("shown, or jumped over");
            (walk.showing(day, clock(self.from))[0], end)
        })
        .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_quiet_window_holds_as_clocks_show_it(
        walk in 0..ODD.len(),
        weekday in prop::option::of((0..7_u8).prop_map(|day| Weekday::try_from(day).expect("a day"))),
        (from, length) in (prop_oneof![0..1440_u16, 0..240_u16], prop_oneof![1..1440_u16, 1..120_u16]),
        now in -4 * PER_DAY..4 * PER_DAY,
    ) {
        let case = Quiet { walk, weekday, from, to: (from + length) % 1440, now: WALKS[walk].odd + now };
        let (zone, from, to) = (WALKS[walk].zone, clock(case.from), clock(case.to));
        let window = match weekday {
            Some(weekday) => QuietWindow::weekly(weekday, from, to, zone),
            None => QuietWindow::daily(from, to, zone),
        };
        let policy = Freshness::within(HOUR).quiet(window);
        let verdict = judge(&policy, &Observation::at(DateTime::<Utc>::MIN_UTC), instant(case.now));
        let spans = case.spans();
        let here = case.reference(&spans, case.now);
        prop_assert_eq!(verdict.quiet(), here);
        let ahead = case.now + 1..WALKS[walk].odd + 10 * PER_DAY;
        let changes = ahead.clone().find(|&minute| case.reference(&spans, minute) != here);
        prop_assert_eq!(verdict.next_change().filter(|at| ahead.contains(&minute_of(*at))), changes.map(instant));
    }
}
