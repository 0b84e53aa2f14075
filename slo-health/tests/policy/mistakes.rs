//! Policies by the calendar that make no sense.

use slo_health::{BusinessDays, CycleDays, Freshness, PolicyError, QuietWindow};

use super::*;

fn by_six() -> Freshness {
    Freshness::by_deadline(time("06:00:00"), zone(SEOUL))
}

fn month() -> Freshness {
    Freshness::current_month(zone(SEOUL))
}

#[test]
fn each_has_a_message_of_its_own() {
    let holidays = BusinessDays::monday_to_friday().holidays([day("2027-01-01")], day("2026-12-31"));
    let weekend = BusinessDays::except(ALL_DAYS);
    for (policy, message) in [
        (
            by_six().on([]),
            "nothing is due on any day; name at least one day of the week, and leave one out of the weekend",
        ),
        (
            by_six().on(weekend),
            "nothing is due on any day; name at least one day of the week, and leave one out of the weekend",
        ),
        (
            by_six().on(CycleDays::day_of_month(0)),
            "there is no day 0 of a month; write 1 to 31, where 31 is the last day of every month",
        ),
        (
            by_six().on(CycleDays::business_day_of_month(32, BusinessDays::monday_to_friday())),
            "there is no day 32 of a month; write 1 to 31, where 31 is the last day of every month",
        ),
        (
            by_six().on(holidays),
            "the holiday 2027-01-01 is after 2026-12-31, to which the list is valid; put that day after the last holiday",
        ),
        (
            by_six().not_before(time("06:00:00")),
            "a batch that may land from 06:00:00 on cannot be due at 06:00:00; let `not_before` be earlier",
        ),
        (
            month().rollover_grace(28 * DAY - HOUR),
            "a rollover grace of 2415600s does not end within a month; keep it under 2415600s",
        ),
        (
            month().newest_within(Duration::ZERO),
            "the limit is 0 s; give the greatest age at which the data is still fresh, like 1 h",
        ),
        (
            month().newest_within(HOUR).warn_after(HOUR),
            "the warning comes after 3600s, which is not before the limit of 3600s; warn earlier",
        ),
        (
            month().warn_after(HOUR),
            "`warn_after` means nothing here; it belongs to `within`, `loaded_within` and `newest_within`",
        ),
        (
            by_six().warn_after(HOUR),
            "`warn_after` means nothing here; it belongs to `within`, `loaded_within` and `newest_within`",
        ),
        (
            month().grace(HOUR),
            "`grace` means nothing here; it belongs to `by_deadline`",
        ),
        (
            month().on(chrono::Weekday::Fri),
            "`on` means nothing here; it belongs to `by_deadline`",
        ),
        (
            Freshness::within(HOUR).not_before(time("01:00:00")),
            "`not_before` means nothing here; it belongs to `by_deadline`",
        ),
        (
            month().dated_by_previous_cycle(),
            "`dated_by_previous_cycle` means nothing here; it belongs to `by_deadline`",
        ),
        (
            by_six().rollover_grace(HOUR),
            "`rollover_grace` means nothing here; it belongs to `current_period`",
        ),
        (
            by_six().newest_within(HOUR).grace(HOUR),
            "`newest_within` means nothing here; it belongs to `current_period`",
        ),
        (
            by_six().quiet(QuietWindow::daily(time("02:00:00"), time("02:00:00"), zone(SEOUL))),
            "a quiet window from 02:00:00 to 02:00:00 has no length; for whole days write two windows, like 00:00 to 12:00 \
             and 12:00 to 00:00",
        ),
    ] {
        let mistake = policy.validate().map_err(|mistake| mistake.to_string());
        assert_eq!(mistake, Err(message.to_owned()));
    }
}

#[test]
fn what_is_just_possible_is_no_mistake() {
    let holidays = BusinessDays::monday_to_friday().holidays([day("2026-12-31")], day("2026-12-31"));
    for policy in [
        by_six().on(holidays).grace(30 * DAY),
        by_six().on(CycleDays::day_of_month(31)),
        by_six().not_before(time("05:59:59.999999999")),
        by_six().dated_by_previous_cycle(),
        month().rollover_grace(28 * DAY - HOUR - NANO).newest_within(40 * DAY),
        Freshness::current_day(zone(SEOUL)).rollover_grace(22 * HOUR),
        Freshness::all_of([by_six(), month()]).quiet(QuietWindow::daily(
            time("23:00:00"),
            time("01:00:00"),
            zone(SEOUL),
        )),
    ] {
        assert_eq!(policy.validate(), Ok::<(), PolicyError>(()));
    }
}

#[test]
fn what_is_refused_is_not_fresh_either_where_nothing_is_due() {
    let never = by_six().on([]);
    assert_eq!(
        said(&never, &seen("2026-03-01T00:00:00Z"), "2026-03-01T00:00:00Z"),
        (State::Invalid, Reason::SignalMissing)
    );
}

const ALL_DAYS: [chrono::Weekday; 7] = [
    chrono::Weekday::Mon,
    chrono::Weekday::Tue,
    chrono::Weekday::Wed,
    chrono::Weekday::Thu,
    chrono::Weekday::Fri,
    chrono::Weekday::Sat,
    chrono::Weekday::Sun,
];
