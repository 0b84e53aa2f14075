//! The present period: while its grace lasts, what was said at the end of the one before.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Present {
    walk: usize,
    period: Period,
    grace: i64,
    newest_within: Option<i64>,
    warn_after: Option<i64>,
    min_rows: bool,
    rows: (bool, bool),
    now: i64,
    age: i64,
    past: bool,
}

impl Present {
    fn walk(&self) -> &'static Walk {
        &WALKS[self.walk]
    }

    fn policy(&self) -> Freshness {
        let mut policy = Freshness::current_period(self.period, self.walk().zone).rollover_grace(minutes(self.grace));
        if let Some(limit) = self.newest_within {
            policy = policy.newest_within(minutes(limit));
            if let Some(warn_after) = self.warn_after.filter(|&warn_after| warn_after < limit) {
                policy = policy.warn_after(minutes(warn_after));
            }
        }
        if self.min_rows { policy.min_rows(10) } else { policy }
    }

    fn seen(&self) -> Observation {
        let count = |enough| if enough { 10 } else { 9 };
        Observation::at(instant(self.now - self.age))
            .rows(count(self.rows.0))
            .previous_rows(count(self.rows.1))
    }

    fn first_minute_of_period(&self, minute: i64) -> i64 {
        let period = PERIODS
            .iter()
            .position(|&period| period == self.period)
            .expect("one of them");
        self.walk().begins[period][index(minute - self.walk().start)]
    }

    fn reference(&self, now: DateTime<Utc>) -> (State, Reason) {
        let minute = minute_of(now);
        let begins = self.first_minute_of_period(minute);
        if minute - begins >= self.grace {
            return self.live(now);
        }
        // The verdict of the period before, as it was at its end.
        let newest = self.now - self.age;
        let held = self.live(instant(begins) - NANO);
        match held {
            (State::Fresh, _) if newest < begins => (State::Fresh, Reason::RolloverGrace),
            held => held,
        }
    }

    /// Without any grace.
    fn live(&self, now: DateTime<Utc>) -> (State, Reason) {
        let newest = self.now - self.age;
        let begins = self.first_minute_of_period(minute_of(now));
        // Of the period after `now` there is an event already: then the rows before are those of this one.
        let later = newest > minute_of(now) && self.first_minute_of_period(newest) > minute_of(now);
        let enough = if later { self.rows.1 } else { self.rows.0 };
        let age = (now - instant(newest)).to_std().unwrap_or_default();
        if newest < begins || self.min_rows && !enough || self.newest_within.is_some_and(|limit| age > minutes(limit)) {
            return STALE;
        }
        let (limit, warn_after) = (self.newest_within, self.warn_after);
        match warn_after.filter(|&warn_after| limit.is_some_and(|limit| warn_after < limit)) {
            Some(warn_after) if age > minutes(warn_after) => (State::Warn, Reason::PastWarning),
            _ => (State::Fresh, Reason::InPeriod),
        }
    }
}

fn present() -> impl Strategy<Value = Present> {
    let period = prop::sample::select(PERIODS.to_vec());
    let age = || prop::option::of(prop_oneof![0..PER_DAY, 0..12 * PER_DAY].prop_map(|age| age + 1));
    (
        (
            0..ODD.len(),
            period,
            prop_oneof![Just(0), 0..22 * 60_i64, 0..6 * PER_DAY],
        ),
        (age(), age(), any::<bool>(), any::<(bool, bool)>()),
        (
            -4 * PER_DAY..4 * PER_DAY,
            prop_oneof![0..3 * PER_DAY, 0..40 * PER_DAY],
            any::<bool>(),
        ),
    )
        .prop_map(
            |((walk, period, grace), (newest_within, warn_after, min_rows, rows), (now, age, past))| Present {
                walk,
                period,
                grace: if period == Period::Day {
                    grace.min(22 * 60)
                } else {
                    grace
                },
                newest_within,
                warn_after,
                min_rows,
                rows,
                now: WALKS[walk].odd + now,
                age,
                past,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_period_is_judged_as_people_would(case in present()) {
        let (policy, seen) = (case.policy(), case.seen());
        prop_assert_eq!(policy.validate(), Ok(()));
        // An age is passed a nanosecond after the minute.
        let now = instant(case.now) + if case.past { NANO } else { Duration::ZERO };
        let verdict = judge(&policy, &seen, now);
        let here = case.reference(now);
        prop_assert_eq!(alike(&verdict), here);

        let ahead = case.now..case.walk().odd + 9 * PER_DAY;
        let mut instants = ahead.clone().flat_map(|minute| [instant(minute), instant(minute) + NANO]).filter(|at| *at > now);
        let changes = instants.find(|&at| case.reference(at) != here);
        // From stale to stale for another reason is a change as well, which the reference does not tell.
        let told = verdict.next_change().filter(|at| alike(&judge(&policy, &seen, *at)) != here);
        prop_assert_eq!(told.filter(|at| ahead.contains(&minute_of(*at))), changes);
    }
}
