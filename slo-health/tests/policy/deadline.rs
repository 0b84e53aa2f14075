//! Batches that are due at a time of day.

use chrono::Weekday;
use slo_health::{BusinessDays, CycleDays, Signal};

use super::*;

const LANDED: (State, Reason) = (State::Fresh, Reason::Landed);
const DUE: (State, Reason) = (State::Warn, Reason::LandingDue);
const MISSED: (State, Reason) = (State::Stale, Reason::MissedDeadline);
const FUTURE: (State, Reason) = (State::Invalid, Reason::InTheFuture);

fn by_six(name: &str) -> Freshness {
    Freshness::by_deadline(time("06:00:00"), zone(name))
}

fn on_business_days() -> Freshness {
    by_six(SEOUL).on(BusinessDays::monday_to_friday())
}

#[test]
fn fresh_to_the_last_nanosecond_of_the_grace_and_stale_at_its_end() {
    let policy = on_business_days().grace(20 * MINUTE);
    let thursday = seen("2026-03-05T05:40:00+09:00");
    assert_eq!(said(&policy, &thursday, "2026-03-06T05:59:59.999999999+09:00"), LANDED);
    assert_eq!(said(&policy, &thursday, "2026-03-06T06:00:00+09:00"), DUE);
    assert_eq!(said(&policy, &thursday, "2026-03-06T06:19:59.999999999+09:00"), DUE);
    assert_eq!(said(&policy, &thursday, "2026-03-06T06:20:00+09:00"), MISSED);
}

#[test]
fn a_verdict_names_the_batch_that_is_missing_and_when_it_was_due() {
    let policy = on_business_days().grace(20 * MINUTE);
    let verdict = |now: &str| judge(&policy, &seen("2026-03-05T05:40:00+09:00"), at(now));
    let fresh = verdict("2026-03-05T06:00:00+09:00");
    assert_eq!(fresh.cycle().map(|cycle| cycle.first_day()), Some(day("2026-03-06")));
    assert_eq!(fresh.deadline(), Some(at("2026-03-06T06:00:00+09:00")));
    assert_eq!(fresh.proof_until(), Some(at("2026-03-06T05:59:59.999999999+09:00")));
    assert_eq!(fresh.next_change(), Some(at("2026-03-06T06:00:00+09:00")));
    assert_eq!(fresh.signal(), Some(Signal::Landed));
    assert_eq!(
        fresh.explain().to_string(),
        "fresh: all that was due has landed, and the batch of 2026-03-06 is due at 2026-03-05 21:00 UTC"
    );
    assert_eq!(
        verdict("2026-03-06T06:00:00+09:00").explain().to_string(),
        "warn: the batch of 2026-03-06 was due at 2026-03-05 21:00 UTC and has not landed, but has some grace left"
    );
    let missed = verdict("2026-03-10T12:00:00+09:00");
    assert_eq!(missed.cycle(), fresh.cycle()); // and not Tuesday's
    assert_eq!(
        (missed.proof_until(), missed.next_change()),
        (fresh.proof_until(), None)
    );
    assert_eq!(
        missed.explain().to_string(),
        "stale: the batch of 2026-03-06 was due at 2026-03-05 21:00 UTC and has not landed"
    );
}

#[test]
fn a_friday_that_was_missed_is_still_missed_on_saturday() {
    let policy = on_business_days();
    let thursday = seen("2026-03-05T05:40:00+09:00");
    for now in [
        "2026-03-07T12:00:00+09:00",
        "2026-03-08T23:59:59+09:00",
        "2026-03-09T05:59:59+09:00",
    ] {
        assert_eq!(said(&policy, &thursday, now), MISSED, "{now}");
    }
    let friday = seen("2026-03-06T05:59:59+09:00");
    assert_eq!(said(&policy, &friday, "2026-03-09T05:59:59+09:00"), LANDED);
    assert_eq!(said(&policy, &friday, "2026-03-09T06:00:00+09:00"), MISSED);
}

#[test]
fn the_window_of_a_batch_opens_at_the_deadline_before() {
    let policy = by_six(SEOUL);
    let friday = "2026-03-06T06:00:00+09:00";
    assert_eq!(said(&policy, &seen("2026-03-05T06:00:00+09:00"), friday), LANDED);
    assert_eq!(
        said(&policy, &seen("2026-03-05T05:59:59.999999999+09:00"), friday),
        MISSED
    );
    // Landed within the grace of its own deadline, it counts for the next cycle as well.
    let late = seen("2026-03-05T06:10:00+09:00");
    let graceful = by_six(SEOUL).grace(HOUR);
    assert_eq!(said(&graceful, &late, "2026-03-05T06:10:00+09:00"), LANDED);
    assert_eq!(said(&graceful, &late, "2026-03-06T05:59:59+09:00"), LANDED);
}

#[test]
fn not_before_makes_a_batch_land_on_its_own_day() {
    let policy = on_business_days().not_before(time("00:00:00"));
    let friday = "2026-03-06T06:00:00+09:00";
    assert_eq!(said(&policy, &seen("2026-03-05T06:10:00+09:00"), friday), MISSED);
    assert_eq!(
        said(&policy, &seen("2026-03-05T23:59:59.999999999+09:00"), friday),
        MISSED
    );
    assert_eq!(said(&policy, &seen("2026-03-06T00:00:00+09:00"), friday), LANDED);
    assert_eq!(
        said(&policy, &seen("2026-03-06T00:00:00+09:00"), "2026-03-09T05:59:59+09:00"),
        LANDED
    );
}

#[test]
fn the_load_is_the_landing_where_it_is_known() {
    let policy = by_six(SEOUL);
    let now = "2026-03-06T12:00:00+09:00";
    let reload = seen("2026-02-01T00:00:00Z").loaded_at(at("2026-03-06T05:30:00+09:00"));
    assert_eq!(said(&policy, &reload, now), LANDED);
    let only_loaded = Observation::no_timestamp(5).loaded_at(at("2026-03-06T05:30:00+09:00"));
    assert_eq!(said(&policy, &only_loaded, now), LANDED);
    assert_eq!(
        said(&policy, &Observation::no_timestamp(5), now),
        (State::Invalid, Reason::NoTimestamp)
    );
}

#[test]
fn a_business_date_outranks_every_clock() {
    let policy = on_business_days();
    let dated = |date| seen("2026-03-06T05:30:00+09:00").business_date(day(date));
    let friday = "2026-03-06T06:00:00+09:00";
    assert_eq!(said(&policy, &dated("2026-03-05"), friday), MISSED);
    assert_eq!(said(&policy, &dated("2026-03-06"), friday), LANDED);
    assert_eq!(said(&policy, &dated("2026-03-08"), "2026-03-09T05:59:59+09:00"), LANDED); // Sunday's
    assert_eq!(said(&policy, &dated("2026-03-08"), "2026-03-09T06:00:00+09:00"), MISSED);
    let verdict = judge(&policy, &Observation::for_business_date(day("2026-03-06")), at(friday));
    assert_eq!(
        (verdict.state(), verdict.signal()),
        (State::Fresh, Some(Signal::BusinessDate))
    );
    assert_eq!((verdict.watermark(), verdict.age()), (None, None));
}

#[test]
fn a_ledger_is_dated_by_the_cycle_before() {
    let policy = on_business_days().dated_by_previous_cycle();
    let friday = Observation::for_business_date(day("2026-03-06"));
    assert_eq!(said(&policy, &friday, "2026-03-10T05:59:59+09:00"), LANDED); // Monday's deadline is met
    assert_eq!(said(&policy, &friday, "2026-03-10T06:00:00+09:00"), MISSED);
    let thursday = Observation::for_business_date(day("2026-03-05"));
    assert_eq!(said(&policy, &thursday, "2026-03-09T06:00:00+09:00"), MISSED);
}

#[test]
fn a_business_date_beyond_the_next_cycle_is_from_the_future() {
    let policy = on_business_days();
    let monday = Observation::for_business_date(day("2026-03-09"));
    let verdict = judge(&policy, &monday, at("2026-03-06T05:54:59.999999999+09:00"));
    assert_eq!(
        (verdict.state(), verdict.signal()),
        (State::Invalid, Some(Signal::BusinessDate))
    );
    assert_eq!(verdict.next_change(), Some(at("2026-03-06T05:55:00+09:00"))); // Friday's deadline, less the tolerance
    assert_eq!(said(&policy, &monday, "2026-03-06T05:55:00+09:00"), LANDED);
    let next_year = Observation::for_business_date(day("2027-03-09"));
    assert_eq!(said(&policy, &next_year, "2026-03-06T12:00:00+09:00"), FUTURE);
    let landed_tomorrow = Observation::for_business_date(day("2026-03-06")).loaded_at(at("2026-03-07T00:00:00Z"));
    assert_eq!(said(&policy, &landed_tomorrow, "2026-03-06T12:00:00+09:00"), FUTURE);
}

#[test]
fn a_deadline_that_clocks_skip_is_the_first_instant_after_the_jump() {
    let policy = |name, text| Freshness::by_deadline(time(text), zone(name));
    let deadline = |policy: &Freshness, landed: &str| judge(policy, &seen(landed), at(landed)).deadline();
    // 2026-03-08: 2:00 becomes 3:00.
    let gap = policy(NEW_YORK, "02:30:00");
    assert_eq!(
        deadline(&gap, "2026-03-06T12:00:00-05:00"),
        Some(at("2026-03-08T03:00:00-04:00"))
    );
    // 2026-03-29: 1:00 becomes 2:00.
    let gap = policy(LONDON, "01:00:00");
    assert_eq!(deadline(&gap, "2026-03-27T12:00:00Z"), Some(at("2026-03-29T01:00:00Z")));
    // 2026-10-04: 2:00 becomes 2:30.
    let gap = policy(LORD_HOWE, "02:29:00");
    assert_eq!(
        deadline(&gap, "2026-10-02T12:00:00+10:30"),
        Some(at("2026-10-04T02:30:00+11:00"))
    );
}

#[test]
fn a_deadline_that_clocks_show_twice_is_the_later_one() {
    let policy = |name, text| Freshness::by_deadline(time(text), zone(name));
    let deadline = |policy: &Freshness, landed: &str| judge(policy, &seen(landed), at(landed)).deadline();
    let fold = policy(NEW_YORK, "01:30:00");
    assert_eq!(
        deadline(&fold, "2026-10-30T12:00:00-04:00"),
        Some(at("2026-11-01T01:30:00-05:00"))
    );
    let fold = policy(LONDON, "01:30:00");
    assert_eq!(
        deadline(&fold, "2026-10-23T12:00:00+01:00"),
        Some(at("2026-10-25T01:30:00Z"))
    );
    let fold = policy(LORD_HOWE, "01:45:00");
    assert_eq!(
        deadline(&fold, "2026-04-03T12:00:00+11:00"),
        Some(at("2026-04-05T01:45:00+10:30"))
    );
}

#[test]
fn a_window_that_a_jump_would_close_opens_at_the_deadline_before() {
    // 2:10 and 2:40 of 2026-03-08 are both 3:00.
    let policy = Freshness::by_deadline(time("02:40:00"), zone(NEW_YORK)).not_before(time("02:10:00"));
    let eve = seen("2026-03-07T12:00:00-05:00");
    assert_eq!(said(&policy, &eve, "2026-03-08T12:00:00-04:00"), LANDED);
    assert_eq!(said(&policy, &eve, "2026-03-09T12:00:00-04:00"), MISSED);
    assert_eq!(said(&policy, &eve, "2026-03-07T12:00:00-05:00"), LANDED);
}

#[test]
fn a_day_that_never_was_asks_for_nothing() {
    // After Thursday 2011-12-29 came Saturday 2011-12-31.
    let thursday = seen("2011-12-29T05:30:00-10:00");
    for text in ["00:00:00", "06:00:00"] {
        let fridays = Freshness::by_deadline(time(text), zone(APIA)).on(Weekday::Fri);
        let verdict = judge(&fridays, &thursday, at("2011-12-29T12:00:00-10:00"));
        assert_eq!(
            verdict.cycle().map(|cycle| cycle.first_day()),
            Some(day("2012-01-13")),
            "{text}"
        );
        // The window of 2012-01-06 opened on 2011-12-23 already.
        let missed = judge(
            &fridays,
            &seen("2011-12-22T23:00:00-10:00"),
            at("2012-01-06T12:00:00+14:00"),
        );
        assert_eq!(
            missed.cycle().map(|cycle| cycle.first_day()),
            Some(day("2012-01-06")),
            "{text}"
        );
    }
    let daily = by_six(APIA);
    assert_eq!(said(&daily, &thursday, "2011-12-29T07:00:00-10:00"), LANDED);
    let verdict = judge(
        &daily,
        &seen("2011-12-29T06:30:00-10:00"),
        at("2011-12-29T07:00:00-10:00"),
    );
    assert_eq!(verdict.deadline(), Some(at("2012-01-01T06:00:00+14:00"))); // Saturday's is covered
}

#[test]
fn a_list_of_holidays_that_has_ended_says_so() {
    let holidays = [day("2026-03-02"), day("2026-03-03")];
    let days = BusinessDays::monday_to_friday().holidays(holidays, day("2026-03-08"));
    let policy = by_six(SEOUL).on(days);
    let friday = seen("2026-02-27T06:00:00+09:00"); // after Friday's own deadline
    assert_eq!(said(&policy, &friday, "2026-03-05T05:59:59+09:00"), LANDED); // Wednesday's is covered, early
    assert_eq!(said(&policy, &friday, "2026-03-05T06:00:00+09:00"), MISSED);
    let landed = seen("2026-03-06T06:00:00+09:00");
    let last = judge(&policy, &landed, at("2026-03-08T23:59:59.999999999+09:00"));
    assert_eq!(last.state(), State::Fresh);
    assert_eq!(last.proof_until(), Some(at("2026-03-08T23:59:59.999999999+09:00")));
    assert_eq!(last.next_change(), Some(at("2026-03-09T00:00:00+09:00")));
    let expired = judge(&policy, &landed, at("2026-03-09T00:00:00+09:00"));
    assert_eq!(
        (expired.state(), expired.reason()),
        (State::Warn, Reason::CalendarExpired)
    );
    assert_eq!(expired.signal(), Some(Signal::Calendar));
    assert_eq!(
        expired.explain().to_string(),
        "warn: the list of holidays has ended, so what is due is a guess"
    );
    assert_eq!(said(&policy, &landed, "2026-03-10T06:00:00+09:00"), MISSED); // stale stays stale
    assert_eq!(said(&policy, &friday, "2026-03-09T00:00:00+09:00"), MISSED);
}

#[test]
fn months_have_a_day_too() {
    let last = by_six(SEOUL).on(CycleDays::day_of_month(31));
    let january = seen("2026-01-31T05:00:00+09:00");
    assert_eq!(said(&last, &january, "2026-02-28T05:59:59+09:00"), LANDED);
    assert_eq!(said(&last, &january, "2026-02-28T06:00:00+09:00"), MISSED);
    let third = by_six(SEOUL).on(CycleDays::business_day_of_month(3, BusinessDays::monday_to_friday()));
    let february = seen("2026-02-04T05:00:00+09:00");
    assert_eq!(said(&third, &february, "2026-03-04T05:59:59+09:00"), LANDED);
    assert_eq!(said(&third, &february, "2026-03-04T06:00:00+09:00"), MISSED);
}

#[test]
fn a_long_grace_outlasts_the_next_deadlines() {
    let policy = by_six(SEOUL).grace(3 * DAY);
    let monday = seen("2026-03-02T05:00:00+09:00");
    assert_eq!(said(&policy, &monday, "2026-03-06T05:59:59+09:00"), DUE);
    assert_eq!(said(&policy, &monday, "2026-03-06T06:00:00+09:00"), MISSED);
}

#[test]
fn the_rows_of_a_batch_are_judged_with_its_landing() {
    let policy = by_six(SEOUL).min_rows(100);
    let now = "2026-03-06T07:00:00+09:00";
    let batch = |rows| seen("2026-03-06T05:00:00+09:00").rows(rows);
    assert_eq!(said(&policy, &batch(100), now), LANDED);
    assert_eq!(said(&policy, &batch(99), now), (State::Stale, Reason::TooFewRows));
}

#[test]
fn a_window_opens_at_the_earlier_of_two_times_that_clocks_show_alike() {
    let policy = by_six(NEW_YORK).not_before(time("01:30:00"));
    let now = "2026-11-01T12:00:00-05:00";
    assert_eq!(said(&policy, &seen("2026-11-01T01:30:00-04:00"), now), LANDED);
    assert_eq!(said(&policy, &seen("2026-11-01T01:29:59-04:00"), now), MISSED);
}

#[test]
fn a_landing_on_the_next_day_can_be_before_the_deadline_of_this_one() {
    // On 2010-11-07 at 0:01 it became 23:01 of the day before, once more, and 23:30 came for the second time.
    let policy = Freshness::by_deadline(time("23:30:00"), zone("America/St_Johns"));
    let verdict = judge(
        &policy,
        &seen("2010-11-07T00:00:30-02:30"),
        at("2010-11-06T23:45:00-03:30"),
    );
    let cycle = verdict.cycle().map(|cycle| cycle.first_day());
    assert_eq!((verdict.state(), cycle), (State::Fresh, Some(day("2010-11-07"))));
}
