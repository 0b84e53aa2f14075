use std::time::Duration;

use chrono::{DateTime, Utc};

use super::*;
use crate::{Failure, Observation, Reason, Signal, State, Verdict};

const NANO: Duration = Duration::from_nanos(1);
const HOUR: Duration = Duration::from_secs(3600);

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn judged(policy: &Freshness, age: Duration) -> Verdict {
    judge(policy, &Observation::at(noon()), noon() + age)
}

#[test]
fn fresh_exactly_up_to_the_limit_and_stale_one_nanosecond_later() {
    let policy = Freshness::within(HOUR);
    assert_eq!(judged(&policy, HOUR - NANO).state(), State::Fresh);
    assert_eq!(judged(&policy, HOUR).state(), State::Fresh);
    let stale = judged(&policy, HOUR + NANO);
    assert_eq!((stale.state(), stale.reason()), (State::Stale, Reason::PastLimit));
    assert_eq!((stale.age(), stale.limit()), (Some(HOUR + NANO), Some(HOUR)));
}

#[test]
fn warns_between_the_two_boundaries() {
    let policy = Freshness::within(2 * HOUR).warn_after(HOUR);
    assert_eq!(judged(&policy, HOUR).state(), State::Fresh);
    let warn = judged(&policy, HOUR + NANO);
    assert_eq!((warn.state(), warn.reason()), (State::Warn, Reason::PastWarning));
    assert_eq!(judged(&policy, 2 * HOUR).state(), State::Warn);
    assert_eq!(judged(&policy, 2 * HOUR + NANO).state(), State::Stale);
}

#[test]
fn the_proof_holds_exactly_until_fresh_ends() {
    for policy in [Freshness::within(HOUR), Freshness::within(2 * HOUR).warn_after(HOUR)] {
        let seen = Observation::at(noon());
        let proof = judge(&policy, &seen, noon()).proof_until().unwrap();
        assert_eq!(proof, noon() + HOUR);
        assert_eq!(judge(&policy, &seen, proof).state(), State::Fresh);
        assert_ne!(judge(&policy, &seen, proof + NANO).state(), State::Fresh);
    }
}

#[test]
fn a_warning_at_or_above_the_limit_never_stretches_the_limit() {
    let policy = Freshness::within(HOUR).warn_after(2 * HOUR);
    assert_eq!(judged(&policy, HOUR + NANO).state(), State::Stale);
    assert_eq!(judged(&policy, HOUR).proof_until(), Some(noon() + HOUR));
}

#[test]
fn no_data_is_empty_and_proves_nothing() {
    let verdict = judge(&Freshness::within(HOUR), &Observation::empty(), noon());
    assert_eq!((verdict.state(), verdict.reason()), (State::Empty, Reason::NoData));
    assert_eq!(
        (verdict.watermark(), verdict.age(), verdict.proof_until()),
        (None, None, None)
    );
}

#[test]
fn a_little_ahead_is_age_zero_and_beyond_the_tolerance_invalid() {
    let policy = Freshness::within(HOUR);
    let five_minutes = Duration::from_secs(300);
    let at_tolerance = judge(&policy, &Observation::at(noon() + five_minutes), noon());
    assert_eq!(
        (at_tolerance.state(), at_tolerance.age()),
        (State::Fresh, Some(Duration::ZERO))
    );

    let poisoned = noon() + five_minutes + NANO;
    let beyond = judge(&policy, &Observation::at(poisoned), noon());
    assert_eq!((beyond.state(), beyond.reason()), (State::Invalid, Reason::InTheFuture));
    assert_eq!(
        (beyond.watermark(), beyond.age(), beyond.proof_until()),
        (Some(poisoned), None, None)
    );
}

#[test]
fn the_tolerance_can_be_set_even_to_none() {
    let strict = Freshness::within(HOUR).future_tolerance(Duration::ZERO);
    assert_eq!(judge(&strict, &Observation::at(noon()), noon()).state(), State::Fresh);
    assert_eq!(
        judge(&strict, &Observation::at(noon() + NANO), noon()).state(),
        State::Invalid
    );
}

#[test]
fn a_failure_is_never_fresh_and_repeats_what_was_known() {
    let policy = Freshness::within(HOUR);
    let known = Observation::at(noon());
    let verdict = judge_failure(&policy, Failure::Failed, Some(&known), noon() + HOUR);
    assert_eq!((verdict.state(), verdict.reason()), (State::Error, Reason::CheckFailed));
    assert_eq!((verdict.watermark(), verdict.age()), (Some(noon()), Some(HOUR)));
    assert_eq!(verdict.proof_until(), None);
    assert_eq!(
        judge_failure(&policy, Failure::Panicked, None, noon()).watermark(),
        None
    );
}

#[test]
fn a_failure_does_not_repeat_an_impossible_watermark() {
    let next_day = Observation::at(noon() + 24 * HOUR);
    let verdict = judge_failure(&Freshness::within(HOUR), Failure::TimedOut, Some(&next_day), noon());
    assert_eq!((verdict.watermark(), verdict.age()), (None, None));
    let ahead = Observation::at(noon() + Duration::from_secs(300)); // as far as is tolerated
    let verdict = judge_failure(&Freshness::within(HOUR), Failure::TimedOut, Some(&ahead), noon());
    assert_eq!(verdict.age(), Some(Duration::ZERO));
}

#[test]
fn extreme_instants_and_limits_do_not_panic() {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    let endless = Freshness::within(Duration::MAX).future_tolerance(Duration::MAX);
    for (watermark, now) in [(first, last), (last, first), (last, last)] {
        let verdict = judge(&endless, &Observation::at(watermark), now);
        assert_eq!((verdict.state(), verdict.proof_until()), (State::Fresh, Some(last)));
    }
    assert_eq!(
        judge(&Freshness::within(HOUR), &Observation::at(first), last).state(),
        State::Stale
    );
    assert_eq!(
        judge(&Freshness::within(HOUR), &Observation::at(last), first).state(),
        State::Invalid
    );
}

#[test]
fn a_limit_of_zero_is_fresh_only_at_the_instant_itself() {
    let policy = Freshness::within(Duration::ZERO);
    assert_eq!(judged(&policy, Duration::ZERO).state(), State::Fresh);
    assert_eq!(judged(&policy, NANO).state(), State::Stale);
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// State, reason, signal and whether it proves anything.
fn said(policy: &Freshness, seen: &Observation) -> (State, Reason, Option<Signal>, bool) {
    let verdict = judge(policy, seen, noon());
    let proves = verdict.proof_until().is_some();
    (verdict.state(), verdict.reason(), verdict.signal(), proves)
}

#[test]
fn a_load_has_an_age_of_its_own() {
    let policy = Freshness::loaded_within(HOUR);
    let old_events = Observation::at(noon() - 48 * HOUR).loaded_at(noon() - HOUR / 2);
    let verdict = judge(&policy, &old_events, noon());
    assert_eq!(
        (verdict.state(), verdict.signal()),
        (State::Fresh, Some(Signal::Loaded))
    );
    assert_eq!((verdict.age(), verdict.limit()), (Some(HOUR / 2), Some(HOUR)));
    assert_eq!(verdict.watermark(), Some(noon() - 48 * HOUR));
    assert_eq!(verdict.proof_until(), Some(noon() + HOUR / 2));
}

#[test]
fn a_signal_that_is_missing_is_never_passed_over() {
    let seen = Observation::at(noon());
    let missing = |signal| (State::Invalid, Reason::SignalMissing, Some(signal), false);
    let within = Freshness::within(HOUR);
    assert_eq!(said(&Freshness::loaded_within(HOUR), &seen), missing(Signal::Loaded));
    assert_eq!(said(&within.clone().min_rows(1), &seen), missing(Signal::Rows));
    let compared = within.clone().at_least_of_previous(Share::WHOLE);
    assert_eq!(said(&compared, &seen.clone().previous_rows(0)), missing(Signal::Rows));
    assert_eq!(said(&compared, &seen.rows(1)), missing(Signal::PreviousRows));
    let no_timestamp = (State::Invalid, Reason::NoTimestamp, Some(Signal::Age), false);
    assert_eq!(said(&within, &Observation::no_timestamp(7)), no_timestamp);
    let dated = Observation::for_business_date(noon().date_naive());
    assert_eq!(said(&within, &dated), no_timestamp);
}

#[test]
fn no_rows_are_empty_whatever_else_is_known() {
    let empty = (State::Empty, Reason::NoData, None, false);
    let policy = Freshness::within(HOUR).min_rows(10).at_least_of_previous(Share::WHOLE);
    for seen in [
        Observation::empty(),
        Observation::no_timestamp(0),
        Observation::empty().loaded_at(noon()),
        Observation::empty().rows(20).previous_rows(5),
    ] {
        assert_eq!(said(&policy, &seen), empty, "{seen:?}");
    }
}

#[test]
fn too_few_rows_are_stale_however_young() {
    let policy = Freshness::within(HOUR).min_rows(10);
    let with = |rows| judge(&policy, &Observation::at(noon()).rows(rows), noon());
    assert_eq!(with(10).state(), State::Fresh);
    assert_eq!((with(10).rows(), with(10).rows_needed()), (None, None));
    let few = with(9);
    assert_eq!((few.state(), few.reason()), (State::Stale, Reason::TooFewRows));
    assert_eq!(
        (few.rows(), few.rows_needed(), few.signal()),
        (Some(9), Some(10), Some(Signal::Rows))
    );
    assert_eq!(few.proof_until(), None);
    assert_eq!(few.next_change(), Some(noon() + HOUR + NANO)); // to another reason
}

#[test]
fn a_share_of_the_rows_before_is_compared_exactly() {
    let policy = Freshness::within(HOUR).at_least_of_previous("33.3333333%".parse().unwrap());
    let with = |rows, previous| {
        judge(
            &policy,
            &Observation::at(noon()).rows(rows).previous_rows(previous),
            noon(),
        )
    };
    assert_eq!(with(1, 3).state(), State::Fresh);
    assert_eq!(with(0, 0).state(), State::Fresh);
    let few = with(333_333_332, 1_000_000_000);
    assert_eq!((few.state(), few.reason()), (State::Stale, Reason::FewerThanPrevious));
    assert_eq!(few.rows_needed(), Some(333_333_333));
    assert_eq!(with(333_333_333, 1_000_000_000).state(), State::Fresh);
    assert_eq!(with(u64::MAX, u64::MAX).state(), State::Fresh);
}

#[test]
fn between_rows_and_age_the_worse_one_speaks() {
    let policy = Freshness::within(HOUR).warn_after(HOUR / 2).min_rows(10);
    let aged = |age, rows| judge(&policy, &Observation::at(noon() - age).rows(rows), noon()).reason();
    assert_eq!(aged(HOUR * 2 / 3, 10), Reason::PastWarning);
    assert_eq!(aged(HOUR * 2 / 3, 9), Reason::TooFewRows);
    assert_eq!(aged(2 * HOUR, 9), Reason::PastLimit); // both are stale
}

#[test]
fn every_instant_of_the_future_is_invalid() {
    let policy = Freshness::within(HOUR).min_rows(10);
    let five = Duration::from_secs(300);
    let seen = || Observation::at(noon()).rows(9); // stale, if it could be believed
    let invalid = |signal| (State::Invalid, Reason::InTheFuture, Some(signal), false);
    for ahead in [five + NANO, 24 * HOUR] {
        assert_eq!(
            said(&policy, &Observation::at(noon() + ahead).rows(9)),
            invalid(Signal::Age)
        );
        assert_eq!(
            said(&policy, &seen().loaded_at(noon() + ahead)),
            invalid(Signal::Loaded)
        );
        assert_eq!(
            said(&policy, &seen().observed_at(noon() + ahead)),
            invalid(Signal::ObservedAt)
        );
    }
    assert_eq!(said(&policy, &seen().loaded_at(noon() + five)).1, Reason::TooFewRows);
    assert_eq!(said(&policy, &seen().observed_at(noon() + five)).1, Reason::TooFewRows);
}

#[test]
fn the_impossible_becomes_possible_when_its_time_comes() {
    let policy = Freshness::within(HOUR);
    let verdict = judge(&policy, &Observation::at(noon() + HOUR), noon());
    let five = Duration::from_secs(300);
    assert_eq!(verdict.next_change(), Some(noon() + HOUR - five));
    let then = judge(&policy, &Observation::at(noon() + HOUR), noon() + HOUR - five);
    assert_eq!((then.state(), then.age()), (State::Fresh, Some(Duration::ZERO)));
}

#[test]
fn a_row_ahead_of_its_own_database_stays_invalid() {
    let policy = Freshness::within(HOUR);
    let five = Duration::from_secs(300);
    let read = noon() - HOUR;
    let at_tolerance = Observation::at(read + five).observed_at(read);
    assert_eq!(judge(&policy, &at_tolerance, noon()).state(), State::Fresh);
    let beyond = judge(&policy, &Observation::at(read + five + NANO).observed_at(read), noon());
    assert_eq!((beyond.state(), beyond.reason()), (State::Invalid, Reason::InTheFuture));
    assert_eq!((beyond.signal(), beyond.next_change()), (Some(Signal::Age), None));
    let loaded = Observation::at(read).loaded_at(read + HOUR / 2).observed_at(read);
    assert_eq!(judge(&policy, &loaded, noon()).signal(), Some(Signal::Loaded));
}

#[test]
fn a_leap_second_is_no_moment_of_its_own() {
    let policy = Freshness::within(Duration::from_secs(1));
    let leap = Observation::at(utc("2016-12-31T23:59:60.5Z"));
    let verdict = judge(&policy, &leap, utc("2016-12-31T23:59:60.9Z"));
    assert_eq!((verdict.state(), verdict.age()), (State::Fresh, Some(Duration::ZERO)));
    assert_eq!(verdict.proof_until(), Some(utc("2017-01-01T00:00:00.999999999Z")));
}

#[test]
fn all_of_is_its_worst_member_and_any_of_its_best() {
    let (short, long) = (
        Freshness::within(HOUR),
        Freshness::within(3 * HOUR).warn_after(2 * HOUR),
    );
    let all = Freshness::all_of([long.clone(), short.clone()]);
    let any = Freshness::any_of([short, long]);
    let limit = |policy: &Freshness, age| {
        let verdict = judged(policy, age);
        (verdict.state(), verdict.limit().unwrap() / 3600)
    };
    let second = Duration::from_secs(1);
    assert_eq!(limit(&all, HOUR), (State::Fresh, 3 * second)); // among equals the first
    assert_eq!(limit(&all, HOUR + NANO), (State::Stale, second));
    assert_eq!(limit(&all, 4 * HOUR), (State::Stale, 3 * second));
    assert_eq!(limit(&any, HOUR), (State::Fresh, second));
    assert_eq!(limit(&any, 2 * HOUR), (State::Fresh, 3 * second));
    assert_eq!(limit(&any, 2 * HOUR + NANO), (State::Warn, 3 * second));
    assert_eq!(limit(&any, 3 * HOUR + NANO), (State::Stale, second));
    assert_eq!(judged(&all, 4 * HOUR).proof_until(), Some(noon() + HOUR));
    assert_eq!(judged(&any, 4 * HOUR).proof_until(), Some(noon() + 2 * HOUR));
    assert_eq!(judged(&any, HOUR).next_change(), Some(noon() + 2 * HOUR + NANO));
}

#[test]
fn a_combination_can_need_rows_and_hands_its_tolerance_on() {
    let policy = Freshness::any_of([
        Freshness::within(HOUR),
        Freshness::all_of([Freshness::within(2 * HOUR)]),
    ])
    .min_rows(5)
    .future_tolerance(HOUR);
    let at = |instant, rows| judge(&policy, &Observation::at(instant).rows(rows), noon()).reason();
    assert_eq!(at(noon() + HOUR, 5), Reason::WithinLimit);
    assert_eq!(at(noon() + HOUR + NANO, 5), Reason::InTheFuture);
    assert_eq!(at(noon(), 4), Reason::TooFewRows);
}

#[test]
fn a_combination_of_nothing_proves_nothing() {
    for policy in [Freshness::all_of([]), Freshness::any_of([])] {
        assert_eq!(
            said(&policy, &Observation::at(noon())),
            (State::Invalid, Reason::SignalMissing, None, false)
        );
    }
}

#[test]
fn quiet_times_keep_the_state_and_change_the_verdict() {
    let policy = Freshness::within(HOUR)
        .quiet(QuietWindow::between(noon() + 2 * HOUR, noon() + 3 * HOUR))
        .quiet(QuietWindow::between(noon() + 3 * HOUR, noon() + 4 * HOUR));
    let at = |age: Duration| {
        let verdict = judged(&policy, age);
        let change = verdict.next_change().map(|at| at - noon());
        (
            verdict.state(),
            verdict.quiet(),
            change.map(|change| change.to_std().unwrap()),
        )
    };
    assert_eq!(at(Duration::ZERO), (State::Fresh, false, Some(HOUR + NANO)));
    assert_eq!(at(HOUR + NANO), (State::Stale, false, Some(2 * HOUR)));
    assert_eq!(at(2 * HOUR), (State::Stale, true, Some(4 * HOUR)));
    assert_eq!(at(4 * HOUR - NANO), (State::Stale, true, Some(4 * HOUR)));
    assert_eq!(at(4 * HOUR), (State::Stale, false, None));
    let failed = judge_failure(&policy, Failure::Failed, None, noon() + 2 * HOUR);
    assert_eq!((failed.quiet(), failed.next_change()), (true, Some(noon() + 4 * HOUR)));
}

#[test]
fn only_policies_by_age_have_a_limit_when_a_read_fails() {
    let limit = |policy: &Freshness| judge_failure(policy, Failure::Failed, None, noon()).limit();
    assert_eq!(limit(&Freshness::loaded_within(HOUR)), Some(HOUR));
    assert_eq!(limit(&Freshness::all_of([Freshness::within(HOUR)])), None);
}

#[test]
fn mistakes_are_named() {
    let message = |policy: Freshness| policy.validate().unwrap_err().to_string();
    let hour = || Freshness::within(HOUR);
    for (policy, expected) in [
        (
            Freshness::loaded_within(Duration::ZERO),
            "the limit is 0 s; give the greatest age at which the data is still fresh, like 1 h",
        ),
        (
            hour().warn_after(HOUR),
            "the warning comes after 3600s, which is not before the limit of 3600s; warn earlier",
        ),
        (
            Freshness::all_of([hour()]).warn_after(HOUR),
            "`warn_after` means nothing here; it belongs to `within`, `loaded_within` and `newest_within`",
        ),
        (
            hour().min_rows(0),
            "`min_rows` of 0 is met by no rows at all; ask for at least one row or leave it out",
        ),
        (
            hour().at_least_of_previous(Share::NONE),
            "`at_least_of_previous` of 0 is met by no rows at all; ask for at least one row or leave it out",
        ),
        (
            Freshness::all_of([]),
            "`all_of` has no members; give it at least one policy",
        ),
        (
            Freshness::any_of([Freshness::any_of([])]),
            "`any_of` has no members; give it at least one policy",
        ),
        (
            Freshness::any_of([hour().quiet(QuietWindow::between(noon(), noon() + HOUR))]),
            "a member of `any_of` has a quiet window; a check is quiet as a whole, so call `quiet` on the combination",
        ),
        (
            hour().quiet(QuietWindow::between(noon(), noon())),
            "a quiet window from 2026-03-01 12:00:00 UTC to 2026-03-01 12:00:00 UTC ends before it starts; give the start \
             first",
        ),
    ] {
        assert_eq!(message(policy), expected);
    }
    assert_eq!(hour().warn_after(HOUR - NANO).min_rows(1).validate(), Ok(()));
    assert_eq!(Freshness::all_of([hour(), hour()]).validate(), Ok(()));
}

#[test]
fn a_verdict_explains_itself() {
    let explained = |policy: &Freshness, seen: &Observation| judge(policy, seen, noon()).explain().to_string();
    let policy = Freshness::within(2 * HOUR).warn_after(HOUR).min_rows(10);
    let aged = |age, rows| explained(&policy, &Observation::at(noon() - age).rows(rows));
    assert_eq!(aged(HOUR, 10), "fresh: the newest event is 1 h old and may be 2 h old");
    assert_eq!(
        aged(HOUR * 3 / 2, 10),
        "warn: the newest event is 1 h 30 min old and may be 2 h old"
    );
    assert_eq!(
        aged(26 * HOUR, 10),
        "stale: the newest event is 1 d 2 h old, and more than 2 h is too old"
    );
    assert_eq!(aged(HOUR, 9), "stale: there are 9 rows, and it takes 10");
    assert_eq!(
        explained(
            &policy.clone().at_least_of_previous(Share::WHOLE),
            &Observation::at(noon()).rows(10).previous_rows(12)
        ),
        "stale: there are 10 rows, and it takes 12, by how many there were before"
    );
    let future = Observation::at(noon() + HOUR);
    assert_eq!(
        explained(&policy, &future),
        "invalid: the data comes from the future, further than clocks may differ"
    );
    let seen = Observation::at(noon());
    assert_eq!(
        explained(&policy, &seen),
        "invalid: the policy needs `rows`, which the check does not give"
    );
    assert_eq!(
        explained(&Freshness::any_of([]), &seen),
        "invalid: the policy has nothing to judge by"
    );
    assert_eq!(explained(&policy, &Observation::empty()), "empty: there is no data");
    assert_eq!(
        explained(&Freshness::within(HOUR), &Observation::no_timestamp(1)),
        "invalid: there is data, but nothing says when it happened"
    );
    let quiet = Freshness::loaded_within(HOUR).quiet(QuietWindow::between(noon(), noon() + HOUR));
    assert_eq!(
        explained(&quiet, &Observation::empty().loaded_at(noon())),
        "empty: there is no data, in a quiet window"
    );
    assert_eq!(
        explained(&quiet, &Observation::no_timestamp(1).loaded_at(noon() - 2 * HOUR)),
        "stale: the newest load is 2 h old, and more than 1 h is too old, in a quiet window"
    );
    let failures = [
        Failure::Failed,
        Failure::Panicked,
        Failure::Cancelled,
        Failure::TimedOut,
        Failure::Expired,
    ];
    let failed = |failure| judge_failure(&policy, failure, None, noon()).explain().to_string();
    assert_eq!(
        failures.map(failed),
        [
            "error: the check failed, so nothing is known about the data",
            "error: the check panicked, so nothing is known about the data",
            "error: the check was cut off, so nothing is known about the data",
            "timeout: the check has not answered in time, so nothing is known about the data",
            "error: nobody has looked at the data for too long",
        ]
    );
}

#[test]
fn a_combination_judges_the_future_by_the_tolerances_of_its_members() {
    let member = Freshness::within(HOUR).future_tolerance(HOUR);
    let combined = Freshness::all_of([member]).min_rows(10);
    let ahead = Observation::at(noon() + HOUR / 2).rows(10);
    assert_eq!(judge(&combined, &ahead, noon()).state(), State::Fresh);
    let few = Observation::at(noon() + HOUR / 2).rows(9);
    assert_eq!(judge(&combined, &few, noon()).state(), State::Stale);
    let beyond = Observation::at(noon() + HOUR + NANO).rows(10);
    assert_eq!(judge(&combined, &beyond, noon()).state(), State::Invalid);
}
