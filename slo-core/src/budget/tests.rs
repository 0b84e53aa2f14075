use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Tick;

fn budget(target: &str, good: u64, bad: u64) -> ErrorBudget {
    ErrorBudget::observed(target.parse().unwrap(), Events::new(good, bad))
}

fn ratio(part: u64, whole: u64) -> Ratio {
    Ratio::new(part, whole).unwrap()
}

fn share(text: &str) -> Share {
    text.parse().unwrap()
}

const DAY: Duration = Duration::from_secs(86_400);
const MONTH: Duration = Duration::from_secs(30 * 86_400);

#[test]
fn untouched_is_one_and_the_limit_is_zero() {
    assert_eq!(budget("99.9%", 1, 0).remaining_ratio_f64(), Some(1.0));
    assert_eq!(budget("99.9%", 999, 1).remaining_ratio_f64(), Some(0.0));
    assert_eq!(budget("99.9%", 999, 1).state(), BudgetState::Exhausted);
    assert_eq!(budget("99.9%", 1_000, 1).state(), BudgetState::Within);
}

#[test]
fn a_broken_budget_is_negative_and_not_clamped() {
    let broken = budget("99.9%", 980, 20);
    assert_eq!(broken.remaining_ratio_f64(), Some(-19.0));
    assert_eq!(broken.spent_ratio_f64(), Some(20.0));
    assert!((broken.remaining_events_f64() + 19.0).abs() < 1e-12);
    assert_eq!(
        (broken.spent_events(), broken.allowed_events_f64().to_bits()),
        (20, 1.0_f64.to_bits())
    );
    assert_eq!(broken.leaves_more_than(Share::NONE), Some(false));
}

#[test]
fn no_traffic_is_a_state_and_not_a_number() {
    let silent = budget("99.9%", 0, 0);
    assert_eq!(
        (silent.state(), silent.remaining_ratio_f64(), silent.spent_ratio_f64()),
        (BudgetState::NoTraffic, None, None)
    );
    assert_eq!(
        (
            silent.allowed_events_f64().to_bits(),
            silent.remaining_events_f64().to_bits()
        ),
        (0, 0)
    );
    assert_eq!(silent.leaves_more_than(Share::NONE), None);
    assert_eq!((silent.burn_rate(), silent.margin_ratio_f64(Share::NONE)), (None, None));
    assert_eq!(silent.full_outage_left(MONTH), None);
    assert_eq!(silent.time_to_exhaustion(MONTH, Events::new(0, 1)), None);
    assert_eq!(
        silent.recovery(Share::NONE, MONTH, Tick::default(), []),
        Recovery::Unknown
    );
}

#[test]
fn a_gate_limit_is_compared_exactly() {
    // 10% left to the last event is not more than 10%.
    assert_eq!(budget("99%", 9_910, 90).leaves_more_than(share("10%")), Some(false));
    assert_eq!(budget("99%", 9_910, 90).margin_ratio_f64(share("10%")), Some(0.0));
    assert_eq!(budget("99%", 9_911, 89).leaves_more_than(share("10%")), Some(true));
    assert_eq!(budget("99%", 1, 0).leaves_more_than(Share::WHOLE), Some(false));
    // Against the whole window too: 9 of 10 allowed, at half the events.
    let half = budget("99%", 491, 9).covering(ratio(1, 2)).against_whole_window();
    assert_eq!(half.leaves_more_than(share("10%")), Some(false));
    let clearly = budget("99%", 492, 9).covering(ratio(1, 2)).against_whole_window();
    assert_eq!(clearly.leaves_more_than(share("10%")), Some(true));
}

#[test] // B05: flat counters for half an hour of 30 days.
fn a_gap_is_coverage_and_not_nan() {
    let gap = budget("99.9%", 99_999, 1).covering(ratio(30 * 48 - 1, 30 * 48));
    assert_eq!(gap.state(), BudgetState::Within);
    assert_eq!(gap.decisive().basis(), BudgetBasis::Observed);
    assert_eq!(gap.remaining_ratio_f64(), Some(0.99));
    let dark = budget("99.9%", 0, 0).covering(ratio(0, 1));
    assert_eq!((dark.state(), dark.remaining_ratio_f64()), (BudgetState::NoData, None));
    assert_eq!(dark.against_whole_window().remaining_ratio_f64(), None);
}

#[test] // B06: day and night, bad at night. Counts are summed before they are divided.
fn a_bad_quiet_half_day_weighs_what_its_traffic_weighs() {
    let (busy, quiet) = (Events::new(43_200_000, 0), Events::new(38_880, 4_320));
    let month = (0..30).fold(Events::default(), |sum, _| {
        sum.saturating_add(busy).saturating_add(quiet)
    });
    let left = ErrorBudget::observed("99.9%".parse().unwrap(), month).remaining_ratio_f64();
    assert!((left.unwrap() - 0.9).abs() < 1e-3, "{left:?}");
}

#[test] // B07: 2 days old, 1% bad. Peers say -900% without a hint.
fn a_young_service_says_its_coverage_and_spends_of_the_whole_window() {
    let young = budget("99.9%", 99_000, 1_000).covering(ratio(2, 30));
    assert_eq!(young.state(), BudgetState::WarmingUp);
    assert_eq!(young.remaining_ratio_f64(), Some(-9.0));
    let whole = young.decisive();
    assert_eq!(
        (whole.basis(), whole.coverage()),
        (BudgetBasis::WholeWindow, ratio(2, 30))
    );
    assert_eq!(whole.remaining_ratio_f64(), Some(1.0 / 3.0));
    assert_eq!(whole.allowed_events_f64().to_bits(), 1_500.0_f64.to_bits());
    assert_eq!(whole.remaining_events_f64().to_bits(), 500.0_f64.to_bits());
    // One percent more, and no clean month could save it.
    assert_eq!(
        budget("99.9%", 98_500, 1_500).covering(ratio(2, 30)).state(),
        BudgetState::Exhausted
    );
}

#[test]
fn from_ninety_percent_on_the_events_stand_for_the_window() {
    let spent = budget("90%", 900, 100);
    assert_eq!(spent.covering(ratio(9, 10)).state(), BudgetState::Exhausted);
    assert_eq!(
        spent.covering(ratio(899_999, 1_000_000)).state(),
        BudgetState::WarmingUp
    );
}

#[test]
fn what_is_not_spent_is_warming_up_below_ninety_percent_and_within_from_there() {
    let clean = budget("90%", 1_000, 0);
    assert_eq!(clean.covering(ratio(9, 10)).state(), BudgetState::Within);
    assert_eq!(
        clean.covering(ratio(899_999, 1_000_000)).state(),
        BudgetState::WarmingUp
    );
}

#[test]
fn events_of_no_time_say_nothing_of_the_whole_window() {
    let unborn = budget("90%", 1, 1).covering(ratio(0, 1));
    assert_eq!(unborn.state(), BudgetState::NoData);
    let whole = unborn.decisive();
    assert_eq!(
        (whole.remaining_ratio_f64(), whole.leaves_more_than(Share::NONE)),
        (None, None)
    );
    assert_eq!(whole.full_outage_left(MONTH), None);
    assert_eq!(whole.recovery(Share::NONE, DAY, Tick::default(), []), Recovery::Unknown);
}

#[test]
fn a_double_too_coarse_for_the_difference_keeps_its_sign() {
    let half = u64::MAX / 2; // what 50% of u64::MAX allows, but for half an event
    for (bad, remaining, margin) in [(half, 1, 1), (half + 1, -1, -1)] {
        let budget = ErrorBudget::observed("50%".parse().unwrap(), Events::new(u64::MAX - bad, bad));
        let sign = |number: f64| if number > 0.0 { 1 } else { -1 };
        assert_eq!(budget.remaining_ratio_f64().map(sign), Some(remaining), "{bad}");
        assert_eq!(budget.margin_ratio_f64(Share::NONE).map(sign), Some(margin), "{bad}");
    }
    // A tenth is left, and a billionth of a billionth more or less.
    let spent = u64::MAX / 20 * 9;
    for (bad, order) in [(spent - 1, Ordering::Greater), (spent + 9, Ordering::Less)] {
        let budget = ErrorBudget::observed("50%".parse().unwrap(), Events::new(u64::MAX - bad, bad));
        let margin = budget.margin_ratio_f64(share("10%")).unwrap();
        assert_eq!(margin.partial_cmp(&0.0), Some(order), "{bad}: {margin}");
        assert!(margin.abs() < 1e-15);
    }
}

#[test] // B12: an objective of 100% has no budget to divide by; B13: one of 90%, a total outage.
fn no_target_makes_an_infinite_budget() {
    assert!("100%".parse::<Target>().is_err());
    let outage = budget("90%", 0, 1_000);
    assert!((outage.remaining_ratio_f64().unwrap() + 9.0).abs() < 1e-12);
    assert_eq!(outage.burn_rate().unwrap().to_string(), "10.00x"); // no factor over 10 can ever be exceeded
}

#[test]
fn a_majority_of_excluded_events_is_said() {
    let with = |good, bad, excluded| {
        let seen = Events::new(good, bad).with_excluded(excluded);
        ErrorBudget::observed("90%".parse().unwrap(), seen).state()
    };
    assert_eq!(with(10, 0, 10), BudgetState::Within);
    assert_eq!(with(10, 0, 11), BudgetState::MostlyExcluded);
    assert_eq!(with(10, 1, 11), BudgetState::Within); // the bad one is valid, too
    assert_eq!(with(0, 0, 1), BudgetState::MostlyExcluded);
    assert_eq!(with(0, 10, 11), BudgetState::Exhausted);
}

#[test]
fn a_reading_brings_its_coverage() {
    let start = Tick::from_unix_seconds(1_767_225_600);
    let tracker = crate::Tracker::new("30d".parse().unwrap(), start);
    tracker.record(start, crate::Outcome::Bad);
    let unborn = ErrorBudget::of("99.9%".parse().unwrap(), tracker.read(start, "30d".parse().unwrap()));
    assert_eq!(unborn.state(), BudgetState::NoData);
    let young = ErrorBudget::of(
        "99.9%".parse().unwrap(),
        tracker.read(start + DAY, "30d".parse().unwrap()),
    );
    assert_eq!(
        (young.coverage(), young.state()),
        (ratio(1, 30), BudgetState::Exhausted)
    );
}

#[cfg(feature = "calendar")]
mod calendar {
    use super::*;
    use crate::{Tracker, Window};

    const JANUARY: Tick = Tick::from_unix_seconds(1_767_225_600);

    fn month() -> Window {
        "month in UTC".parse().unwrap()
    }

    /// So many days into January, all of them seen, with 1% bad.
    fn into_january(days: u32) -> ErrorBudget {
        let tracker = Tracker::new(month(), JANUARY);
        tracker.record_many(JANUARY, Events::new(99_000, 1_000));
        let now = JANUARY + days * DAY;
        let budget = ErrorBudget::of("99.9%".parse().unwrap(), tracker.read(now, month()));
        assert_eq!(budget, budget.so_far(month(), now));
        budget
    }

    #[test] // B07 of a calendar: nothing is missing, and most is still to come.
    fn the_first_days_of_a_month_do_not_exhaust_what_the_month_allows() {
        let second = into_january(2);
        assert_eq!((second.coverage(), second.elapsed()), (ratio(1, 1), Some(ratio(2, 31))));
        assert_eq!(second.remaining_ratio_f64(), Some(-9.0));
        let whole = second.decisive();
        assert_eq!(whole.basis(), BudgetBasis::WholeWindow);
        assert_eq!(whole.remaining_ratio_f64(), Some(11.0 / 31.0));
        assert_eq!(whole.allowed_events_f64().to_bits(), 1_550.0_f64.to_bits());
        assert_eq!(second.state(), BudgetState::Within); // all that has passed was seen: nothing warms up
        // One in ten of 31 days is spent after 3.1.
        assert_eq!(into_january(3).state(), BudgetState::Within);
        assert_eq!(into_january(4).state(), BudgetState::Exhausted);
    }

    #[test]
    fn the_last_tenth_of_a_month_stands_for_the_month() {
        let at = |days: u32| into_january(days).decisive().basis();
        assert_eq!((at(27), at(28)), (BudgetBasis::WholeWindow, BudgetBasis::Observed));
        // Two short parts are short together: 95% seen of 93%.
        let both = into_january(29).covering(ratio(95, 100)).decisive();
        assert_eq!(both.basis(), BudgetBasis::WholeWindow);
        assert!((both.remaining_ratio_f64().unwrap() - (1.0 - 29.0 / 31.0 * 0.95 * 10.0)).abs() < 1e-12);
    }

    #[test]
    fn a_month_that_was_half_seen_is_warming_up() {
        let clean = ErrorBudget::observed("99.9%".parse().unwrap(), Events::new(1, 0));
        let tenth = clean.covering(ratio(1, 2)).so_far(month(), JANUARY + 10 * DAY);
        assert_eq!(tenth.state(), BudgetState::WarmingUp);
        assert_eq!(tenth.covering(ratio(9, 10)).state(), BudgetState::Within);
    }

    #[test]
    fn a_month_ends_before_a_slow_burn_spends_it() {
        // A third of January's 44.64 minutes is left.
        let second = into_january(2);
        let left = second.full_outage_left(31 * DAY).unwrap();
        assert_eq!(left.as_secs(), 31 * 86_400 / 1_000 * 11 / 31);
        let at = |recent| second.time_to_exhaustion(31 * DAY, recent);
        assert_eq!(at(Events::new(99, 1)), Some(Exhaustion::In(11 * DAY / 10)));
        // 11 of 31 parts in 29 days: at 0.37 and not at 0.38.
        assert_eq!(at(Events::new(99_963, 37)), Some(Exhaustion::NotAtThisRate));
        assert!(matches!(at(Events::new(99_962, 38)), Some(Exhaustion::In(_))));
        assert_eq!(
            into_january(4).time_to_exhaustion(31 * DAY, Events::new(1, 0)),
            Some(Exhaustion::Already)
        );
    }

    #[test]
    fn a_month_recovers_when_the_next_begins_and_not_as_its_events_leave() {
        let (spent, now) = (into_january(4), JANUARY + 4 * DAY);
        assert_eq!(spent.recovery(Share::NONE, 31 * DAY, now, []), Recovery::Unknown);
        assert_eq!(
            into_january(2).recovery(Share::NONE, 31 * DAY, now, []),
            Recovery::NotNeeded
        );
    }

    #[test]
    fn a_rolling_window_has_passed_whole() {
        let budget = budget("99.9%", 999, 1);
        assert_eq!(budget.so_far(Window::DAY, JANUARY), budget);
        assert_eq!(budget.elapsed(), None);
    }

    #[test]
    fn a_moment_of_a_month_is_a_second_of_it() {
        let elapsed = |nanos| month().elapsed_at(JANUARY + Duration::from_nanos(nanos));
        let second = |count| Ratio::new(count, 31 * 86_400);
        assert_eq!((elapsed(0), elapsed(1)), (second(0), second(1)));
        assert_eq!((elapsed(1_000_000_000), elapsed(1_000_000_001)), (second(1), second(2)));
    }
}

#[test]
fn an_untouched_month_of_three_nines_has_43_minutes() {
    let left = budget("99.9%", 1, 0).full_outage_left(MONTH).unwrap();
    assert_eq!(left, Duration::from_secs(2_592));
    assert_eq!(budget("99.9%", 0, 1).full_outage_left(MONTH), Some(Duration::ZERO));
    assert!(budget("99.9%", 1, 0).full_outage_left(Duration::MAX) > Some(MONTH));
}

#[test]
fn exhaustion_is_now_later_or_not_at_this_rate() {
    let half = budget("99.9%", 1_999, 1);
    let at = |recent| half.time_to_exhaustion(MONTH, recent);
    assert_eq!(at(Events::new(999, 1)), Some(Exhaustion::In(MONTH / 2)));
    assert_eq!(at(Events::new(1_999, 1)), Some(Exhaustion::In(MONTH)));
    assert_eq!(at(Events::new(2_000, 1)), Some(Exhaustion::NotAtThisRate));
    assert_eq!(
        (at(Events::new(1, 0)), at(Events::new(0, 0))),
        (Some(Exhaustion::NotAtThisRate), None)
    );
    let gone = budget("99.9%", 999, 1);
    assert_eq!(
        gone.time_to_exhaustion(MONTH, Events::new(1, 0)),
        Some(Exhaustion::Already)
    );
}

#[test]
fn the_outlook_is_that_of_the_whole_window() {
    // 2 of 30 days and 1% bad: a third is left of the 43 minutes, and of the month at burn rate 1.
    let young = budget("99.9%", 99_000, 1_000).covering(ratio(2, 30));
    assert_eq!(young.full_outage_left(MONTH), Some(Duration::from_secs(864)));
    let later = young.time_to_exhaustion(MONTH, Events::new(999, 1));
    assert_eq!(later, Some(Exhaustion::In(MONTH / 3)));
}

#[test]
fn exactly_the_limit_has_not_recovered() {
    // 8 events in the newest of 8 seconds: with one more each second, 1 of 10 after 2 of them is all that 90% allows.
    let now = Tick::from_unix_seconds(1_767_225_600);
    let seen = budget("90%", 7, 1);
    let eight = Duration::from_secs(8);
    let history = || [(now, Events::new(7, 1))];
    let at = |above| seen.recovery(share(above), eight, now, history());
    assert_eq!(at("0%"), Recovery::At(now + Duration::from_secs(3)));
    assert_eq!(at("20%"), Recovery::At(now + Duration::from_secs(5)));
}

#[test]
fn pieces_leave_with_their_last_moment() {
    let now = Tick::from_unix_seconds(1_767_225_600);
    let alone = |millis: u64| {
        let piece = (now.saturating_sub(Duration::from_millis(millis)), Events::new(0, 10));
        budget("99%", 0, 10).recovery(Share::NONE, Duration::from_secs(10), now, [piece])
    };
    assert_eq!(alone(3_000), Recovery::At(now + Duration::from_secs(7)));
    assert_eq!(alone(3_500), Recovery::At(now + Duration::from_secs(7)));
    assert_eq!(alone(3_999), Recovery::At(now + Duration::from_secs(7)));
    assert_eq!(alone(4_000), Recovery::At(now + Duration::from_secs(6)));
}

#[test]
fn a_gap_in_the_middle_keeps_its_expected_traffic() {
    // 50 of 100 seconds seen, an event each; 15 bad ones leave after 10 seconds, 8 stay: 8 of 85 are within 90%.
    let now = Tick::from_unix_seconds(1_767_225_600);
    let hundred = Duration::from_secs(100);
    let early = (now.saturating_sub(Duration::from_secs(90)), Events::new(0, 15));
    let late = (now, Events::new(27, 8));
    let seen = budget("90%", 27, 23).covering(ratio(1, 2));
    let recovery = seen.recovery(Share::NONE, hundred, now, [late, early]);
    assert_eq!(recovery, Recovery::At(now + Duration::from_secs(10)));
}

#[test]
fn a_budget_that_is_spent_now_has_not_recovered_now() {
    // 10 seconds of which a third was seen round to 3 measured ones, and 31 of 333 would do.
    let now = Tick::from_unix_seconds(1_767_225_600);
    let seen = budget("90%", 69, 31).covering(ratio(1, 3));
    let old = (Tick::default(), Events::default());
    let history = [old, (now, Events::new(69, 31))];
    let recovery = seen.recovery(Share::NONE, Duration::from_secs(10), now, history);
    assert_eq!(recovery, Recovery::At(now + Duration::from_secs(1)));
}

#[test]
fn a_budget_recovers_when_its_bad_hour_leaves_the_window() {
    let now = Tick::from_unix_seconds(1_767_225_600);
    let hour = |ago: u32, bad| {
        (
            now.saturating_sub(ago * Duration::from_secs(3_600)),
            Events::new(100 - bad, bad),
        )
    };
    let history = (0..24).map(|ago| hour(ago, if ago == 20 { 50 } else { 0 }));
    let day = budget("99%", 2_350, 50);
    let recovery = day.recovery(Share::NONE, DAY, now, history);
    assert_eq!(recovery, Recovery::At(now + 4 * Duration::from_secs(3_600)));
    assert_eq!(
        budget("99%", 100, 0).recovery(Share::NONE, DAY, now, []),
        Recovery::NotNeeded
    );
    assert_eq!(day.recovery(Share::WHOLE, DAY, now, []), Recovery::Unknown);
    // Events that no piece holds count as the newest: a whole window.
    assert_eq!(day.recovery(Share::NONE, DAY, now, []), Recovery::At(now + DAY));
}

/// One value a second, oldest first, every count times the seconds measured; the bad rate that follows is 0.
struct Seconds {
    valid: Vec<u128>,
    bad: Vec<u128>,
    measured: u128,
}

impl Seconds {
    /// The window of the first `unseen` seconds, in which the mean rate is assumed when they count, and of `seen`.
    fn new(seen: &[(u64, u64)], unseen: usize, counts: bool) -> Self {
        let measured = seen.len() as u128;
        let rate: u128 = seen.iter().map(|(good, bad)| u128::from(good + bad)).sum();
        let mut valid = vec![if counts { rate } else { 0 }; unseen];
        valid.extend(seen.iter().map(|(good, bad)| u128::from(good + bad) * measured));
        let mut bad = vec![0; unseen];
        bad.extend(seen.iter().map(|(_, bad)| u128::from(*bad) * measured));
        let window = valid.len();
        valid.extend(vec![rate; window]);
        bad.extend(vec![0; window]);
        Self { valid, bad, measured }
    }

    /// Adds up the window that ends so many seconds from now.
    fn leaves_more_than(&self, target: Target, above: Share, seconds: usize) -> bool {
        let window = self.valid.len() / 2;
        let valid: u128 = self.valid[seconds..seconds + window].iter().sum();
        let bad: u128 = self.bad[seconds..seconds + window].iter().sum();
        let billion = u128::from(ONE_PPB);
        self.measured > 0
            && bad * billion * billion < valid * u128::from(target.budget_ppb()) * (billion - u128::from(above.ppb()))
    }
}

proptest! {
    #[test]
    fn remaining_is_finite_at_most_one_and_agrees_with_the_state(
        ppb in 1_u32..1_000_000_000, good in any::<u64>(), bad in any::<u64>(), excluded in any::<u64>(),
        coverage in (any::<u64>(), any::<u64>()), limit in 0..=ONE_PPB,
    ) {
        let coverage = Ratio::new(coverage.0.min(coverage.1), coverage.0.max(coverage.1).max(1)).unwrap();
        let seen = Events::new(good, bad).with_excluded(excluded);
        let budget = ErrorBudget::observed(Target::from_ppb(ppb).unwrap(), seen).covering(coverage);
        let limit = Share::from_ppb(limit).unwrap();
        for budget in [budget, budget.against_whole_window()] {
            let remaining = budget.remaining_ratio_f64();
            if let (Some(remaining), Some(spent)) = (remaining, budget.spent_ratio_f64()) {
                prop_assert!(remaining.is_finite() && remaining <= 1.0 && spent.is_finite());
                prop_assert!((remaining + spent - 1.0).abs() <= 1e-9 * spent.max(1.0));
                prop_assert_eq!(budget.leaves_more_than(Share::NONE), Some(remaining > 0.0));
                let margin = budget.margin_ratio_f64(limit).unwrap();
                prop_assert_eq!(budget.leaves_more_than(limit), Some(margin > 0.0));
            }
            let (left, allowed) = (budget.remaining_events_f64(), budget.allowed_events_f64());
            prop_assert!(left.is_finite() && allowed.is_finite());
            if remaining.is_some() {
                #[expect(clippy::cast_precision_loss, reason = "the identity is of doubles")]
                let spent = budget.spent_events() as f64;
                prop_assert!((left + spent - allowed).abs() <= 1e-9 * allowed.max(spent));
            }
        }
        let acted_on = budget.decisive().remaining_ratio_f64();
        prop_assert_eq!(budget.state() == BudgetState::Exhausted, acted_on.is_some_and(|left| left <= 0.0) && coverage.part() > 0);
        prop_assert_eq!(budget.state() == BudgetState::NoData, coverage.part() == 0);
    }

    #[test]
    fn whole_coverage_makes_both_variants_one(
        ppb in 1_u32..1_000_000_000, good in any::<u64>(), bad in any::<u64>(),
    ) {
        let observed = ErrorBudget::observed(Target::from_ppb(ppb).unwrap(), Events::new(good, bad));
        prop_assert_eq!(observed.remaining_ratio_f64(), observed.against_whole_window().remaining_ratio_f64());
        prop_assert_eq!(observed.state(), observed.against_whole_window().state());
    }

    #[test]
    fn against_the_whole_window_is_the_observed_budget_of_a_window_filled_up_with_good_events(
        ppb in 1_u32..1_000_000_000, good in 0_u64..1 << 40, bad in 0_u64..1 << 40, times in 1_u64..1_000,
        limit in 0..=ONE_PPB,
    ) {
        let target = Target::from_ppb(ppb).unwrap();
        let young = ErrorBudget::observed(target, Events::new(good, bad)).covering(ratio(1, times));
        let whole = young.against_whole_window();
        let filled = ErrorBudget::observed(target, Events::new((good + bad) * times - bad, bad));
        let limit = Share::from_ppb(limit).unwrap();
        prop_assert_eq!(whole.leaves_more_than(limit), filled.leaves_more_than(limit));
        prop_assert_eq!(whole.remaining_ratio_f64(), filled.remaining_ratio_f64());
    }

    #[test]
    fn one_more_bad_event_never_leaves_more(good in 0_u64..1 << 40, bad in 0_u64..1 << 40) {
        let target = "99.9%".parse().unwrap();
        let before = ErrorBudget::observed(target, Events::new(good + 1, bad)).remaining_ratio_f64();
        let after = ErrorBudget::observed(target, Events::new(good + 1, bad + 1)).remaining_ratio_f64();
        prop_assert!(after <= before);
    }

    /// Second by second: one event a second, a total outage, then the budget's last second.
    #[test]
    fn a_full_outage_lasts_as_long_as_said(window in 100_u64..2_000, bad in 0_u64..50, ppb in 1_u32..1_000_000_000) {
        let target = Target::from_ppb(ppb).unwrap();
        let seen = Events::new(window - bad, bad);
        let said = ErrorBudget::observed(target, seen).full_outage_left(Duration::from_secs(window)).unwrap();
        for outage in 0..=window - bad {
            let after = ErrorBudget::observed(target, Events::new(window - bad - outage, bad + outage));
            let far_enough = (Duration::from_secs(outage).as_secs_f64() - said.as_secs_f64()).abs() > 1e-6;
            let lasts = Duration::from_secs(outage) < said;
            prop_assert!(!far_enough || after.leaves_more_than(Share::NONE) == Some(lasts), "{} s of {:?}", outage, said);
        }
    }

    /// Bad events come at the burn rate and none leaves: counted in thousandths of the window.
    #[test]
    fn the_budget_is_spent_when_said(bad in 0_u64..2_000, burn_bad in 1_u64..1_000) {
        let target: Target = "99%".parse().unwrap();
        let budget = ErrorBudget::observed(target, Events::new(100_000 - bad, bad));
        let recent = Events::new(1_000 - burn_bad, burn_bad);
        let spent_by = |thousandth: u64| bad * 1_000 + burn_bad * 100 * thousandth >= 1_000 * 1_000;
        match budget.time_to_exhaustion(Duration::from_secs(1_000), recent).unwrap() {
            Exhaustion::Already => prop_assert!(spent_by(0)),
            Exhaustion::NotAtThisRate => prop_assert!(!spent_by(1_000)),
            Exhaustion::In(after) => {
                let second = after.as_secs();
                prop_assert!(!spent_by(0) && spent_by(second + 1) && (second == 0 || !spent_by(second - 1)));
            }
        }
    }

    #[test]
    fn recovery_is_the_first_second_at_which_counting_says_so(
        seen in prop::collection::vec((0_u64..6, prop::sample::select(vec![0_u64, 0, 0, 0, 1, 5])), 1..120),
        unseen in 0_usize..60, ppb in prop::sample::select(vec![1_u32, 500_000_000, 900_000_000, 990_000_000, 999_999_999]),
        above in prop::sample::select(vec!["0%", "10%", "50%", "99.9999999%"]),
    ) {
        let (target, above) = (Target::from_ppb(ppb).unwrap(), share(above));
        let now = Tick::from_unix_seconds(1_767_225_600);
        let window = seen.len() + unseen;
        let events = seen.iter().fold(Events::default(), |sum, (good, bad)| sum.saturating_add(Events::new(*good, *bad)));
        let budget = ErrorBudget::observed(target, events).covering(ratio(seen.len() as u64, window as u64));
        let age = |index: usize| Duration::from_secs((seen.len() - 1 - index) as u64);
        let history = seen.iter().enumerate().map(|(index, (good, bad))| {
            (now.saturating_sub(age(index)), Events::new(*good, *bad))
        });
        let said = budget.recovery(above, Duration::from_secs(window as u64), now, history);

        let model = Seconds::new(&seen, unseen, budget.decisive().basis() == BudgetBasis::WholeWindow);
        let first = (0..=window).find(|second| model.leaves_more_than(target, above, *second));
        let expected = match (events.valid(), first) {
            (0, _) => Recovery::Unknown,
            (_, Some(0)) => Recovery::NotNeeded,
            (_, Some(second)) => Recovery::At(now + Duration::from_secs(second as u64)),
            (_, None) => unreachable!("an empty window is clean"),
        };
        prop_assert_eq!(said, expected);
    }

    #[test]
    fn any_history_has_an_answer(
        good in any::<u64>(), bad in any::<u64>(), coverage in any::<u64>(), window in any::<u64>(), now in any::<u64>(),
        history in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..5), above in 0..=ONE_PPB,
    ) {
        let budget = ErrorBudget::observed("99.9%".parse().unwrap(), Events::new(good, bad)).covering(ratio(coverage, u64::MAX));
        let pieces = history.into_iter().map(|(at, good, bad)| (Tick::from_unix_nanos(at), Events::new(good, bad)));
        let now = Tick::from_unix_nanos(now);
        match budget.recovery(Share::from_ppb(above).unwrap(), Duration::from_nanos(window), now, pieces) {
            Recovery::At(tick) => prop_assert!(tick >= now),
            Recovery::NotNeeded | Recovery::Unknown => {}
        }
    }
}
