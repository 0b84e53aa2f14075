//! Batches that are due at a time of day: the latest cycle whose grace is over, and whether its batch is there.

use chrono::{Datelike, TimeDelta, Weekday};
use proptest::prelude::*;
use slo_health::{BusinessDays, CycleDays};

use super::*;

#[derive(Clone, Debug)]
enum On {
    Week(Vec<Weekday>),
    Business { holidays: Vec<i64>, valid_for: i64 },
    DayOfMonth(u8),
}

#[derive(Clone, Debug)]
struct Batches {
    walk: usize,
    deadline: u16,
    not_before: Option<u16>,
    grace: i64,
    on: On,
    dated: Option<i64>,
    by_previous: bool,
    now: i64,
    landed: i64,
}

impl Batches {
    fn walk(&self) -> &'static Walk {
        &WALKS[self.walk]
    }

    fn offset(&self, days: i64) -> NaiveDate {
        let odd = instant(self.walk().odd).date_naive();
        odd.checked_add_signed(TimeDelta::days(days))
            .expect("a day of this century")
    }

    fn not_before(&self) -> Option<u16> {
        self.not_before.filter(|&time| time < self.deadline)
    }

    fn policy(&self) -> Freshness {
        let days = match &self.on {
            On::Week(days) => CycleDays::weekdays(days.iter().copied()),
            On::DayOfMonth(day) => CycleDays::day_of_month(*day),
            On::Business { holidays, valid_for } => {
                let holidays = holidays.iter().map(|&days| self.offset(days));
                BusinessDays::monday_to_friday()
                    .holidays(holidays, self.offset(*valid_for))
                    .into()
            }
        };
        let mut policy = Freshness::by_deadline(clock(self.deadline), self.walk().zone)
            .on(days)
            .grace(minutes(self.grace));
        if let Some(time) = self.not_before() {
            policy = policy.not_before(clock(time));
        }
        if self.by_previous {
            policy.dated_by_previous_cycle()
        } else {
            policy
        }
    }

    fn seen(&self) -> Observation {
        match self.dated {
            Some(days) => Observation::for_business_date(self.offset(days)),
            None => Observation::at(instant(self.landed)),
        }
    }

    fn is_due(&self, day: NaiveDate) -> bool {
        match &self.on {
            On::Week(days) => days.contains(&day.weekday()),
            On::Business { holidays, .. } => {
                day.weekday().num_days_from_monday() < 5 && holidays.iter().all(|&days| self.offset(days) != day)
            }
            On::DayOfMonth(wanted) => {
                let last = day.succ_opt().is_some_and(|next| next.month() != day.month());
                day.day() == u32::from(*wanted) || last && day.day() < u32::from(*wanted)
            }
        }
    }

    /// Every cycle of the walk: its day, its deadline, and the opening of its window.
    fn cycles(&self) -> Vec<(NaiveDate, i64, i64)> {
        let walk = self.walk();
        let mut cycles: Vec<(NaiveDate, i64, i64)> = Vec::new();
        for day in walk.days().filter(|&day| self.is_due(day)) {
            let deadline = *walk
                .showing(day, clock(self.deadline))
                .last()
                .expect("shown, or jumped over");
            let previous = cycles.last().map_or(i64::MIN, |&(_, deadline, _)| deadline);
            let own = self.not_before().map(|time| walk.showing(day, clock(time))[0]);
            let opens = own
                .filter(|&opens| opens < deadline)
                .map_or(previous, |opens| opens.max(previous));
            assert!(opens < deadline, "a window of {day} is empty");
            cycles.push((day, deadline, opens));
        }
        cycles
    }

    /// The rule as people put it.
    fn reference(&self, cycles: &[(NaiveDate, i64, i64)], now: i64) -> (State, Reason) {
        let latest = |by: i64| {
            cycles
                .iter()
                .rposition(|&(_, deadline, _)| deadline <= by)
                .expect("a long walk")
        };
        let covers = |cycle: usize| match self.dated {
            Some(days) => self.offset(days) >= cycles[cycle - usize::from(self.by_previous)].0,
            None => instant(self.landed) >= instant(cycles[cycle].2),
        };
        if self
            .dated
            .is_some_and(|days| self.offset(days) > cycles[latest(now + TOLERANCE) + 1].0)
        {
            return (State::Invalid, Reason::InTheFuture);
        }
        if !covers(latest(now - self.grace)) {
            return STALE;
        }
        if !covers(latest(now)) {
            return (State::Warn, Reason::LandingDue);
        }
        match self.on {
            On::Business { valid_for, .. } if self.shows_day_after(self.offset(valid_for), now) => {
                (State::Warn, Reason::CalendarExpired)
            }
            _ => (State::Fresh, Reason::Landed),
        }
    }

    fn shows_day_after(&self, day: NaiveDate, now: i64) -> bool {
        self.walk().latest_day[index(now - self.walk().start)] > day
    }
}

fn batches() -> impl Strategy<Value = Batches> {
    let day = 0..1440_u16;
    let on = prop_oneof![
        prop::collection::vec((0..7_u8).prop_map(|day| Weekday::try_from(day).expect("a day")), 1..7)
            .prop_map(On::Week),
        (prop::collection::vec(-20..8_i64, 0..6), 8..14_i64, any::<bool>()).prop_map(|(holidays, far, near)| {
            let last = holidays.iter().max().copied().unwrap_or(-5);
            On::Business {
                valid_for: if near { last } else { far },
                holidays,
            }
        }),
        (1..=31_u8).prop_map(On::DayOfMonth),
    ];
    (
        (
            0..ODD.len(),
            prop_oneof![day.clone(), 0..240_u16],
            prop::option::of(day),
        ),
        (prop_oneof![Just(0), 0..300_i64, 0..5000_i64], on),
        (prop::option::of(-9..6_i64), any::<bool>()),
        (
            -4 * PER_DAY..4 * PER_DAY,
            prop_oneof![-TOLERANCE..3 * PER_DAY, 0..40 * PER_DAY],
        ),
    )
        .prop_map(
            |((walk, deadline, not_before), (grace, on), (dated, by_previous), (now, age))| Batches {
                walk,
                deadline,
                not_before,
                grace,
                on,
                dated,
                by_previous,
                now: WALKS[walk].odd + now,
                landed: WALKS[walk].odd + now - age,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_batch_is_judged_as_people_would(case in batches()) {
        let (policy, seen, cycles) = (case.policy(), case.seen(), case.cycles());
        prop_assert_eq!(policy.validate(), Ok(()));
        let verdict = judge(&policy, &seen, instant(case.now));
        let here = case.reference(&cycles, case.now);
        prop_assert_eq!(alike(&verdict), here);
        // A nanosecond before each minute it is still what it was in the minute before.
        prop_assert_eq!(alike(&judge(&policy, &seen, instant(case.now + 1) - NANO)), here);

        // The walk has as many days more, and cycles to the end of them.
        let ahead = case.now + 1..case.walk().odd + 5 * PER_DAY;
        let changes = ahead.clone().find(|&minute| case.reference(&cycles, minute) != here);
        let told = verdict.next_change().filter(|at| ahead.contains(&minute_of(*at)));
        prop_assert_eq!(told, changes.map(instant));
        if here.0 == State::Fresh {
            let ends = ahead.clone().find(|&minute| case.reference(&cycles, minute).0 != State::Fresh);
            let proof = verdict.proof_until().map(|proof| proof + NANO).filter(|at| ahead.contains(&minute_of(*at)));
            prop_assert_eq!(proof, ends.map(instant));
        }
    }
}
