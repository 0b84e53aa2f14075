//! Any policy at any instant that chrono can hold: no panic, and verdicts that keep what they say of the future.

use chrono::{TimeDelta, Weekday};
use proptest::prelude::*;
use slo_health::{BusinessDays, CycleDays, Failure, Period, QuietWindow, judge_failure};

use super::*;

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec![
        SEOUL,
        NEW_YORK,
        LONDON,
        LORD_HOWE,
        APIA,
        "America/Juneau",
        "Asia/Manila",
    ])
    .prop_map(zone)
}

fn times() -> impl Strategy<Value = NaiveTime> {
    (
        0..86_400_u32,
        prop_oneof![Just(0), Just(999_999_999), Just(1_999_999_999_u32)],
    )
        .prop_map(|(second, nano)| {
            let with_nano = NaiveTime::from_num_seconds_from_midnight_opt(second, nano);
            with_nano.unwrap_or(NaiveTime::MIN)
        })
}

/// Often the ends of time, often the age of clocks, sometimes anything.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let near_first = (0..400_000_000_i64).prop_map(move |seconds| first + TimeDelta::seconds(seconds));
    let near_last = (0..400_000_000_i64).prop_map(move |seconds| last - TimeDelta::seconds(seconds));
    let seconds = prop_oneof![-4_000_000_000..5_000_000_000_i64, first.timestamp()..last.timestamp()];
    let anywhere = (seconds, 0..1_999_999_999_u32)
        .prop_map(move |(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap_or(first));
    prop_oneof![1 => Just(first), 1 => Just(last), 1 => near_first, 1 => near_last, 6 => anywhere]
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        1 => Just(Duration::ZERO),
        1 => Just(Duration::MAX),
        4 => (0..50 * 86_400_u64).prop_map(Duration::from_secs),
        1 => any::<Duration>(),
    ]
}

fn weekdays() -> impl Strategy<Value = Vec<Weekday>> {
    prop::collection::vec(
        (0..7_u8).prop_map(|day| Weekday::try_from(day).unwrap_or(Weekday::Mon)),
        0..8,
    )
}

fn days() -> impl Strategy<Value = CycleDays> {
    let business = || {
        (weekdays(), prop::collection::vec(instants(), 0..5), instants()).prop_map(|(weekend, holidays, valid)| {
            let holidays: Vec<_> = holidays.iter().map(|holiday| holiday.date_naive()).collect();
            BusinessDays::except(weekend).holidays(holidays, valid.date_naive())
        })
    };
    prop_oneof![
        weekdays().prop_map(CycleDays::weekdays),
        any::<u8>().prop_map(CycleDays::day_of_month),
        business().prop_map(CycleDays::from),
        (any::<u8>(), business()).prop_map(|(nth, days)| CycleDays::business_day_of_month(nth, days)),
    ]
}

fn rules() -> impl Strategy<Value = Freshness> {
    let deadline = (
        times(),
        zones(),
        days(),
        durations(),
        prop::option::of(times()),
        any::<bool>(),
    )
        .prop_map(|(time, zone, days, grace, not_before, previous)| {
            let policy = Freshness::by_deadline(time, zone).on(days).grace(grace);
            let policy = not_before.into_iter().fold(policy, Freshness::not_before);
            if previous {
                policy.dated_by_previous_cycle()
            } else {
                policy
            }
        });
    let period =
        (0..5_usize, zones(), durations(), prop::option::of(durations())).prop_map(|(period, zone, grace, within)| {
            let policy = Freshness::current_period(Period::ALL[period], zone).rollover_grace(grace);
            within.into_iter().fold(policy, Freshness::newest_within)
        });
    let aged = |policy: fn(Duration) -> Freshness| {
        (durations(), prop::option::of(durations()))
            .prop_map(move |(limit, warn)| warn.into_iter().fold(policy(limit), Freshness::warn_after))
    };
    prop_oneof![
        aged(Freshness::within),
        aged(Freshness::loaded_within),
        deadline,
        period
    ]
}

/// Any policy, sensible or not.
fn policies() -> impl Strategy<Value = Freshness> {
    let combined = rules().prop_recursive(2, 6, 3, |member| {
        let members = || prop::collection::vec(member.clone(), 0..3);
        prop_oneof![
            members().prop_map(Freshness::all_of),
            members().prop_map(Freshness::any_of)
        ]
    });
    let window = prop_oneof![
        (instants(), instants()).prop_map(|(start, end)| QuietWindow::between(start, end)),
        (times(), times(), zones()).prop_map(|(from, to, zone)| QuietWindow::daily(from, to, zone)),
        (times(), times(), zones()).prop_map(|(from, to, zone)| QuietWindow::weekly(Weekday::Fri, from, to, zone)),
    ];
    let rows = (
        prop::option::of(any::<u64>()),
        prop::option::of("[0-9]{1,2}%".prop_map(|text| text.parse().ok())),
    );
    (combined, rows, prop::option::of(window), prop::option::of(durations())).prop_map(
        |(policy, rows, window, tolerance)| {
            let policy = rows.0.into_iter().fold(policy, Freshness::min_rows);
            let policy = rows
                .1
                .flatten()
                .into_iter()
                .fold(policy, Freshness::at_least_of_previous);
            let policy = tolerance.into_iter().fold(policy, Freshness::future_tolerance);
            window.into_iter().fold(policy, Freshness::quiet)
        },
    )
}

fn observations() -> impl Strategy<Value = Observation> {
    let first = prop_oneof![
        6 => instants().prop_map(Observation::at),
        1 => Just(Observation::empty()),
        1 => any::<u64>().prop_map(Observation::no_timestamp),
        1 => instants().prop_map(|date| Observation::for_business_date(date.date_naive())),
    ];
    let rows = || prop::option::of(prop_oneof![0..5_u64, any::<u64>()]);
    let rare = || prop::option::weighted(0.2, instants());
    (first, (rows(), rows()), rare(), rare(), rare()).prop_map(|(seen, rows, loaded, date, observed)| {
        let seen = rows.0.into_iter().fold(seen, Observation::rows);
        let seen = rows.1.into_iter().fold(seen, Observation::previous_rows);
        let seen = loaded.into_iter().fold(seen, Observation::loaded_at);
        let seen = observed.into_iter().fold(seen, Observation::observed_at);
        date.into_iter()
            .fold(seen, |seen, date| seen.business_date(date.date_naive()))
    })
}

/// An instant between two: the first for 0, the second for 255.
fn between(first: DateTime<Utc>, last: DateTime<Utc>, share: u8) -> DateTime<Utc> {
    let nanos = |at: DateTime<Utc>| {
        let in_second = at.timestamp_subsec_nanos().min(999_999_999); // a leap second is the end of the one before
        i128::from(at.timestamp()) * 1_000_000_000 + i128::from(in_second)
    };
    let there = nanos(first) + (nanos(last) - nanos(first)) * i128::from(share) / 255;
    let seconds = i64::try_from(there.div_euclid(1_000_000_000)).unwrap_or_default();
    DateTime::from_timestamp(
        seconds,
        u32::try_from(there.rem_euclid(1_000_000_000)).unwrap_or_default(),
    )
    .unwrap_or(first)
}

/// How far from fresh a state is; all that are not good are alike, for a policy that never is may hide behind another.
fn badness(state: State) -> u8 {
    match state {
        State::Fresh => 0,
        State::Warn => 1,
        _ => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_verdict_holds_until_its_next_change_and_a_proof_until_its_end(
        (policy, seen) in (policies(), observations()),
        (now, shares) in (instants(), any::<[u8; 4]>()),
    ) {
        let verdict = judge(&policy, &seen, now);
        let last = DateTime::<Utc>::MAX_UTC;
        if let Some(change) = verdict.next_change() {
            prop_assert!(change > now);
            prop_assert_ne!(core(&judge(&policy, &seen, change)), core(&verdict));
            prop_assert_eq!(core(&judge(&policy, &seen, change - NANO)), core(&verdict));
        }
        let holds = verdict.next_change().map_or(last, |change| change - NANO);
        for share in shares {
            prop_assert_eq!(core(&judge(&policy, &seen, between(now, holds.max(now), share))), core(&verdict));
        }
        match (verdict.state(), verdict.proof_until()) {
            (State::Fresh, Some(proof)) => {
                for share in shares {
                    prop_assert_eq!(judge(&policy, &seen, between(now, proof.max(now), share)).state(), State::Fresh);
                }
                let after = proof.checked_add_signed(TimeDelta::nanoseconds(1));
                prop_assert!(after.is_none_or(|after| judge(&policy, &seen, after).state() != State::Fresh));
            }
            (State::Fresh, None) => prop_assert!(false, "fresh without a proof"),
            (State::Warn | State::Stale, proof) => prop_assert!(proof.is_none_or(|proof| proof < now)),
            (_, proof) => prop_assert_eq!(proof, None),
        }
        let explained = verdict.explain().to_string();
        prop_assert!(explained.starts_with(&format!("{}: ", verdict.state())), "{}", explained);
        let _ = judge_failure(&policy, Failure::Failed, Some(&seen), now);
        let _ = policy.validate();
    }

    #[test]
    fn newer_data_is_never_worse_and_a_proof_holds_for_all_that_may_have_come(
        policy in prop_oneof![
            rules(),
            prop::collection::vec(rules(), 1..3).prop_map(Freshness::all_of),
            prop::collection::vec(rules(), 1..3).prop_map(Freshness::any_of),
        ],
        (watermark, later, until) in (instants(), durations(), any::<u8>()),
        now in instants(),
    ) {
        let policy = policy.future_tolerance(Duration::ZERO);
        let now = now.max(watermark);
        let by = TimeDelta::from_std(later).unwrap_or(TimeDelta::MAX);
        let newer = watermark.checked_add_signed(by).unwrap_or(now).min(now);
        let older = judge(&policy, &Observation::at(watermark).loaded_at(watermark), now);
        let seen = Observation::at(newer).loaded_at(newer);
        prop_assert!(badness(judge(&policy, &seen, now).state()) <= badness(older.state()));
        if older.state() == State::Fresh {
            let proof = older.proof_until().unwrap_or(now).max(now);
            prop_assert_eq!(judge(&policy, &seen, between(now, proof, until)).state(), State::Fresh);
        }
    }

    #[test]
    fn a_later_business_date_is_never_worse(
        (time, zone, days, grace) in (times(), zones(), days(), durations()),
        (date, later, now) in (instants(), 0..40_i64, instants()),
    ) {
        let policy = Freshness::by_deadline(time, zone).on(days).grace(grace);
        let dated = |date: DateTime<Utc>| judge(&policy, &Observation::for_business_date(date.date_naive()), now);
        let newer = dated(date.checked_add_signed(TimeDelta::days(later)).unwrap_or(date));
        if newer.state() != State::Invalid {
            prop_assert!(badness(newer.state()) <= badness(dated(date).state()));
        }
    }
}
