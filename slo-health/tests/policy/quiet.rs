//! Quiet windows that repeat.

use chrono::Weekday;
use slo_health::QuietWindow;

use super::*;

fn policy(window: QuietWindow) -> Freshness {
    Freshness::within(HOUR).quiet(window)
}

/// Whether it is quiet, and when that changes; of data so old that nothing else does.
fn quiet(policy: &Freshness, now: &str) -> (bool, Option<DateTime<Utc>>) {
    let verdict = judge(policy, &seen("1990-01-01T00:00:00Z"), at(now));
    assert_eq!(verdict.state(), State::Stale);
    (verdict.quiet(), verdict.next_change())
}

fn sundays(from: &str, to: &str, name: &str) -> Freshness {
    policy(QuietWindow::weekly(Weekday::Sun, time(from), time(to), zone(name)))
}

#[test]
fn a_weekly_window_holds_from_its_start_to_before_its_end() {
    let policy = sundays("02:00:00", "04:00:00", SEOUL);
    let (start, end) = (at("2026-03-01T02:00:00+09:00"), at("2026-03-01T04:00:00+09:00"));
    assert_eq!(
        quiet(&policy, "2026-03-01T01:59:59.999999999+09:00"),
        (false, Some(start))
    );
    assert_eq!(quiet(&policy, "2026-03-01T02:00:00+09:00"), (true, Some(end)));
    assert_eq!(quiet(&policy, "2026-03-01T03:59:59.999999999+09:00"), (true, Some(end)));
    let next = at("2026-03-08T02:00:00+09:00");
    assert_eq!(quiet(&policy, "2026-03-01T04:00:00+09:00"), (false, Some(next)));
}

#[test]
fn a_window_can_end_on_the_day_after() {
    let policy = sundays("23:00:00", "01:00:00", SEOUL);
    let end = at("2026-03-02T01:00:00+09:00");
    assert_eq!(quiet(&policy, "2026-03-01T23:00:00+09:00"), (true, Some(end)));
    assert_eq!(quiet(&policy, "2026-03-02T00:59:59+09:00"), (true, Some(end)));
    assert!(!quiet(&policy, "2026-03-01T00:30:00+09:00").0); // that would be Saturday's
    let to_midnight = sundays("23:00:00", "00:00:00", SEOUL);
    assert_eq!(
        quiet(&to_midnight, "2026-03-01T23:30:00+09:00").1,
        Some(at("2026-03-02T00:00:00+09:00"))
    );
}

#[test]
fn a_daily_window_holds_every_day() {
    let policy = policy(QuietWindow::daily(time("02:00:00"), time("03:00:00"), zone(SEOUL)));
    for day in 1..=7 {
        assert!(quiet(&policy, &format!("2026-03-0{day}T02:30:00+09:00")).0, "{day}");
        assert!(!quiet(&policy, &format!("2026-03-0{day}T03:00:00+09:00")).0, "{day}");
    }
}

#[test]
fn where_clocks_change_a_window_is_as_long_as_clocks_show_it() {
    let repeated = sundays("01:30:00", "02:30:00", NEW_YORK); // 1:30 is shown at 05:30 and at 06:30 UTC
    let end = at("2026-11-01T02:30:00-05:00");
    assert_eq!(quiet(&repeated, "2026-11-01T05:30:00Z"), (true, Some(end)));
    assert!(quiet(&repeated, "2026-11-01T06:10:00Z").0); // 1:10 for the second time
    let ends_in_fold = sundays("00:30:00", "01:30:00", NEW_YORK);
    assert_eq!(
        quiet(&ends_in_fold, "2026-11-01T05:29:00Z").1,
        Some(at("2026-11-01T06:30:00Z"))
    );
    let starts_in_gap = sundays("02:30:00", "04:00:00", NEW_YORK);
    assert_eq!(
        quiet(&starts_in_gap, "2026-03-08T06:59:59Z"),
        (false, Some(at("2026-03-08T07:00:00Z")))
    );
    let in_gap = sundays("02:10:00", "02:40:00", NEW_YORK);
    assert_eq!(
        quiet(&in_gap, "2026-03-08T06:00:00Z"),
        (false, Some(at("2026-03-15T02:10:00-04:00")))
    );
}

#[test]
fn a_week_without_its_day_has_no_window() {
    let fridays = policy(QuietWindow::weekly(
        Weekday::Fri,
        time("00:00:00"),
        time("12:00:00"),
        zone(APIA),
    ));
    assert_eq!(
        quiet(&fridays, "2011-12-24T00:00:00-10:00"),
        (false, Some(at("2012-01-06T00:00:00+14:00")))
    );
}

#[test]
fn the_day_after_one_that_never_was_is_not_quiet_for_it() {
    let fridays = policy(QuietWindow::weekly(
        Weekday::Fri,
        time("23:00:00"),
        time("01:00:00"),
        zone(APIA),
    ));
    assert!(!quiet(&fridays, "2011-12-31T00:30:00+14:00").0);
    assert!(quiet(&fridays, "2012-01-07T00:30:00+14:00").0);
}

#[test]
fn a_jump_of_the_clocks_can_join_a_window_to_its_next() {
    let nearly_always = policy(QuietWindow::daily(time("02:30:00"), time("02:10:00"), zone(NEW_YORK)));
    let end = at("2026-03-09T02:10:00-04:00");
    assert_eq!(quiet(&nearly_always, "2026-03-08T01:00:00-05:00"), (true, Some(end)));
    let day_before = at("2026-03-07T02:10:00-05:00");
    assert_eq!(
        quiet(&nearly_always, "2026-03-07T01:00:00-05:00"),
        (true, Some(day_before))
    );
}

#[test]
fn windows_that_touch_are_one() {
    let window = |from, to| QuietWindow::daily(time(from), time(to), zone(SEOUL));
    let policy = Freshness::within(HOUR)
        .quiet(window("02:00:00", "03:00:00"))
        .quiet(window("02:30:00", "04:00:00"))
        .quiet(window("04:00:00", "05:00:00"));
    let end = at("2026-03-01T05:00:00+09:00");
    assert_eq!(quiet(&policy, "2026-03-01T02:00:00+09:00"), (true, Some(end)));
    let always = policy
        .quiet(window("05:00:00", "13:00:00"))
        .quiet(window("13:00:00", "02:00:00"));
    assert_eq!(quiet(&always, "2026-03-01T02:00:00+09:00"), (true, None));
}
