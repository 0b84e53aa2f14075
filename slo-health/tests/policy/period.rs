//! The present month, week or day.

use chrono::TimeDelta;
use proptest::prelude::*;
use slo_health::{Period, Signal};

use super::*;

const IN_PERIOD: (State, Reason) = (State::Fresh, Reason::InPeriod);
const ROLLOVER: (State, Reason) = (State::Fresh, Reason::RolloverGrace);
const NOT_IN: (State, Reason) = (State::Stale, Reason::NotInPeriod);
const PAST_LIMIT: (State, Reason) = (State::Stale, Reason::PastLimit);

fn month() -> Freshness {
    Freshness::current_month(zone(SEOUL)).rollover_grace(3 * DAY)
}

#[test]
fn the_verdict_of_a_month_holds_until_the_grace_of_the_next_is_over() {
    let february = seen("2026-02-27T15:00:00+09:00");
    assert_eq!(
        said(&month(), &february, "2026-02-28T23:59:59.999999999+09:00"),
        IN_PERIOD
    );
    assert_eq!(said(&month(), &february, "2026-03-01T00:00:00+09:00"), ROLLOVER);
    assert_eq!(
        said(&month(), &february, "2026-03-03T23:59:59.999999999+09:00"),
        ROLLOVER
    );
    assert_eq!(said(&month(), &february, "2026-03-04T00:00:00+09:00"), NOT_IN);
    assert_eq!(
        said(
            &month(),
            &seen("2026-03-01T00:00:00+09:00"),
            "2026-03-04T00:00:00+09:00"
        ),
        IN_PERIOD
    );
    // A month that was missed is not forgiven by the next one's grace.
    assert_eq!(
        said(
            &month(),
            &seen("2026-01-31T23:59:59+09:00"),
            "2026-03-01T12:00:00+09:00"
        ),
        NOT_IN
    );
}

#[test]
fn without_a_grace_a_period_needs_data_from_its_first_moment() {
    let bare = Freshness::current_day(zone(SEOUL));
    let seen = seen("2026-03-01T23:59:59+09:00");
    assert_eq!(said(&bare, &seen, "2026-03-01T23:59:59.999999999+09:00"), IN_PERIOD);
    assert_eq!(said(&bare, &seen, "2026-03-02T00:00:00+09:00"), NOT_IN);
}

#[test]
fn a_verdict_names_the_period_of_the_newest_event() {
    let verdict = |now: &str| judge(&month(), &seen("2026-02-27T15:00:00+09:00"), at(now));
    let fresh = verdict("2026-02-28T12:00:00+09:00");
    assert_eq!(fresh.cycle().map(|cycle| cycle.to_string()).as_deref(), Some("2026-02"));
    assert_eq!((fresh.signal(), fresh.limit()), (Some(Signal::Period), None));
    assert_eq!(fresh.deadline(), Some(at("2026-03-04T00:00:00+09:00")));
    assert_eq!(fresh.proof_until(), Some(at("2026-03-03T23:59:59.999999999+09:00")));
    assert_eq!(fresh.next_change(), Some(at("2026-03-01T00:00:00+09:00")));
    assert_eq!(
        fresh.explain().to_string(),
        "fresh: the newest event is of 2026-02, and a newer one is needed by 2026-03-03 15:00 UTC"
    );
    let stale = verdict("2026-03-04T00:00:01+09:00");
    assert_eq!((stale.proof_until(), stale.next_change()), (fresh.proof_until(), None));
    assert_eq!(
        stale.explain().to_string(),
        "stale: the newest event is of 2026-02, and a newer one was needed by 2026-03-03 15:00 UTC"
    );
}

#[test]
fn weeks_begin_on_monday_and_days_with_the_local_midnight() {
    let sunday = seen("2026-03-08T12:00:00+09:00");
    let week = Freshness::current_week(zone(SEOUL));
    assert_eq!(said(&week, &sunday, "2026-03-08T23:59:59+09:00"), IN_PERIOD);
    assert_eq!(said(&week, &sunday, "2026-03-09T00:00:00+09:00"), NOT_IN);
    let quarter = Freshness::current_period(Period::Quarter, zone(SEOUL));
    assert_eq!(said(&quarter, &sunday, "2026-03-31T23:59:59+09:00"), IN_PERIOD);
    assert_eq!(said(&quarter, &sunday, "2026-04-01T00:00:00+09:00"), NOT_IN);
}

#[test]
fn an_age_that_is_passed_in_a_grace_counts_when_that_is_over() {
    let policy = month().newest_within(7 * DAY).warn_after(5 * DAY);
    let on = |date: &str| seen(&format!("{date}T00:00:00+09:00"));
    // Within a month both ages count to the nanosecond.
    assert_eq!(said(&policy, &on("2026-03-10"), "2026-03-15T00:00:00+09:00"), IN_PERIOD);
    let warn = (State::Warn, Reason::PastWarning);
    assert_eq!(
        said(&policy, &on("2026-03-10"), "2026-03-15T00:00:00.000000001+09:00"),
        warn
    );
    assert_eq!(said(&policy, &on("2026-03-10"), "2026-03-17T00:00:00+09:00"), warn);
    assert_eq!(
        said(&policy, &on("2026-03-10"), "2026-03-17T00:00:00.000000001+09:00"),
        PAST_LIMIT
    );
    // What February was at its end it is until March 4th: fresh, warned of, or stale.
    assert_eq!(said(&policy, &on("2026-02-24"), "2026-03-03T23:59:59+09:00"), ROLLOVER);
    assert_eq!(said(&policy, &on("2026-02-23"), "2026-03-03T23:59:59+09:00"), warn);
    assert_eq!(
        said(&policy, &on("2026-02-21"), "2026-03-03T23:59:59+09:00"),
        PAST_LIMIT
    );
    for date in ["2026-02-24", "2026-02-23"] {
        assert_eq!(said(&policy, &on(date), "2026-03-04T00:00:00+09:00"), NOT_IN, "{date}");
    }
}

#[test]
fn an_age_that_is_kept_to_the_last_nanosecond_of_a_period_is_held() {
    let policy = month().newest_within(7 * DAY);
    let (just, hardly) = (
        "2026-02-21T23:59:59.999999999+09:00",
        "2026-02-21T23:59:59.999999998+09:00",
    );
    assert_eq!(said(&policy, &seen(just), "2026-03-01T00:00:00+09:00"), ROLLOVER);
    assert_eq!(said(&policy, &seen(hardly), "2026-03-01T00:00:00+09:00"), PAST_LIMIT);
}

#[test]
fn an_age_of_less_than_the_grace_waits_for_its_end() {
    let policy = month().newest_within(DAY);
    let first = seen("2026-03-01T01:00:00+09:00");
    assert_eq!(said(&policy, &first, "2026-03-03T23:59:59+09:00"), IN_PERIOD);
    assert_eq!(said(&policy, &first, "2026-03-04T00:00:00+09:00"), PAST_LIMIT);
}

#[test]
fn while_a_period_is_filling_the_one_before_is_counted() {
    let policy = month().min_rows(100);
    let counted = |rows, previous| seen("2026-03-02T12:00:00+09:00").rows(rows).previous_rows(previous);
    let (in_grace, after) = ("2026-03-03T23:59:59+09:00", "2026-03-04T00:00:00+09:00");
    let few = (State::Stale, Reason::TooFewRows);
    assert_eq!(said(&policy, &counted(3, 100), in_grace), IN_PERIOD);
    assert_eq!(said(&policy, &counted(3, 100), after), few);
    assert_eq!(said(&policy, &counted(100, 99), in_grace), few);
    assert_eq!(said(&policy, &counted(100, 99), after), IN_PERIOD);
    let filling = judge(&policy, &counted(3, 99), at(in_grace));
    assert_eq!(
        (filling.signal(), filling.rows()),
        (Some(Signal::PreviousRows), Some(99))
    );
    assert_eq!(
        filling.explain().to_string(),
        "stale: there are 99 rows before, and it takes 100"
    );
    assert_eq!(
        judge(&policy, &counted(3, 100), at(in_grace)).next_change(),
        Some(at(after))
    );
    // February, judged in March's grace, is judged by its own rows.
    let february = seen("2026-02-27T12:00:00+09:00").rows(100).previous_rows(0);
    assert_eq!(said(&policy, &february, in_grace), ROLLOVER);
}

#[test]
fn rows_of_the_period_before_are_asked_for_before_they_count() {
    let policy = month().min_rows(100);
    let verdict = judge(
        &policy,
        &seen("2026-03-20T12:00:00+09:00").rows(500),
        at("2026-03-20T13:00:00+09:00"),
    );
    assert_eq!(
        (verdict.state(), verdict.signal()),
        (State::Invalid, Some(Signal::PreviousRows))
    );
    let without_grace = Freshness::current_month(zone(SEOUL)).min_rows(100);
    assert_eq!(
        said(
            &without_grace,
            &seen("2026-03-20T12:00:00+09:00").rows(500),
            "2026-03-20T13:00:00+09:00"
        ),
        IN_PERIOD
    );
}

#[test]
fn a_share_of_the_period_before_is_compared_after_the_grace() {
    let policy = month().at_least_of_previous("90%".parse().expect("a share"));
    let counted = seen("2026-03-02T12:00:00+09:00").rows(3).previous_rows(100);
    assert_eq!(said(&policy, &counted, "2026-03-03T23:59:59+09:00"), IN_PERIOD);
    assert_eq!(
        said(&policy, &counted, "2026-03-04T00:00:00+09:00"),
        (State::Stale, Reason::FewerThanPrevious)
    );
}

#[test]
fn a_period_needs_an_instant() {
    let dated = Observation::for_business_date(day("2026-03-02"));
    assert_eq!(
        said(&month(), &dated, "2026-03-02T12:00:00+09:00"),
        (State::Invalid, Reason::NoTimestamp)
    );
    assert_eq!(
        said(&month(), &Observation::empty(), "2026-03-02T12:00:00+09:00"),
        (State::Empty, Reason::NoData)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_proof_holds_for_all_rows_that_may_have_come(
        (grace, min) in (0..27 * 86_400_i64, 1..20_u64),
        (rows, previous) in (0..40_u64, 0..40_u64),
        (newest, read, later, new) in (0..40 * 86_400_i64, 0..30 * 86_400_i64, 0..70 * 86_400_i64, 0..20_u64),
        share in prop::option::of(Just("50%")),
    ) {
        let start = at("2026-02-01T00:00:00+09:00");
        let after = |seconds| start + TimeDelta::seconds(seconds);
        let policy = Freshness::current_month(zone(SEOUL)).rollover_grace(Duration::from_secs(grace.unsigned_abs()));
        let policy = share.iter().fold(policy.min_rows(min), |policy, share| {
            policy.at_least_of_previous(share.parse().expect("a share"))
        });
        let seen = Observation::at(after(newest)).rows(rows).previous_rows(previous);
        let verdict = judge(&policy, &seen, after(newest + read));
        let now = after(newest + read + later);
        if verdict.state() != State::Fresh || verdict.proof_until().is_none_or(|proof| proof < now) {
            return Ok(()); // five of six cases
        }
        let month = |at: DateTime<Utc>| (at + TimeDelta::hours(9)).format("%Y-%m").to_string();
        // One more event, in the same month or in a later one: then what was counted is of the month before.
        let event = after(newest + later.min(read + later));
        let truth = if month(event) == month(after(newest)) {
            Observation::at(event).rows(rows + new).previous_rows(previous)
        } else {
            Observation::at(event).rows(new).previous_rows(rows + new)
        };
        prop_assert_eq!(judge(&policy, &truth, now).state(), State::Fresh);
    }
}
