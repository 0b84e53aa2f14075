use super::*;
use crate::{Environment, HttpSli, Sli, Slo, SloOverride, SloSet, SloSetBuilder, SloSetError, TimeSlices, Window};
use core::time::Duration;
use proptest::prelude::*;

fn whole() -> Ratio {
    Share::WHOLE.as_ratio()
}

fn composite(target: &str, members: &[(u32, Events)]) -> Composite {
    let member = |(weight, events): &(u32, Events)| CompositeMember::new("m", *weight, *events, whole());
    Composite::new(target.parse().unwrap(), members.iter().map(member))
}

#[test]
fn traffic_does_not_weigh() {
    let busy_and_quiet = composite("90%", &[(1, Events::new(1_000_000, 0)), (1, Events::new(4, 1))]);
    assert_eq!(busy_and_quiet.sli_ratio_f64(), Some(0.9));
    assert_eq!(busy_and_quiet.remaining_ratio_f64(), Some(0.0));
    assert_eq!(busy_and_quiet.state(), BudgetState::Exhausted);
    assert_eq!(busy_and_quiet.burn_rate_f64(), Some(1.0));
}

#[test]
fn silent_members_leave_their_weight_to_the_others() {
    let silent = composite(
        "90%",
        &[(7, Events::default().with_excluded(0)), (1, Events::new(95, 5))],
    );
    assert_eq!(silent.sli_ratio_f64(), Some(0.95));
    assert_eq!(silent.silent().count(), 1);
    let all = composite("90%", &[(7, Events::default()), (1, Events::default())]);
    assert_eq!(all.state(), BudgetState::NoTraffic);
    assert_eq!(
        (all.sli_ratio_f64(), all.remaining_ratio_f64(), all.burn_rate_f64()),
        (None, None, None)
    );
    let nobody = composite("90%", &[]);
    assert_eq!((nobody.state(), nobody.sli_ratio_f64()), (BudgetState::NoData, None));
    let weightless = composite("90%", &[(0, Events::new(0, 1)), (1, Events::new(1, 0))]);
    assert_eq!(weightless.sli_ratio_f64(), Some(1.0));
}

#[test]
fn the_limit_itself_is_exhausted_and_a_billionth_less_is_not() {
    // Thirds and sevenths have no end as decimals: (1/3 + 2/7 x 3) / 4 = 25/84 = 0.297619...
    let members = [(1, Events::new(2, 1)), (3, Events::new(5, 2))];
    assert_eq!(composite("70.2380952%", &members).state(), BudgetState::Within);
    assert_eq!(composite("70.2380953%", &members).state(), BudgetState::Exhausted);
    let most = u64::MAX;
    let nearly = composite(
        "50%",
        &[
            (1, Events::new(most / 2 + 1, most / 2)),
            (1_000, Events::new(most / 2 + 1, most / 2)),
        ],
    );
    assert_eq!(nearly.state(), BudgetState::Within);
    let just = composite(
        "50%",
        &[(1, Events::new(most / 2, most / 2)), (1_000, Events::new(3, 3))],
    );
    assert_eq!(just.state(), BudgetState::Exhausted);
}

#[test]
fn coverage_is_that_of_the_least_measured_member_that_speaks() {
    let part = |part| Ratio::new(part, 30).unwrap();
    let member = |events, coverage| CompositeMember::new("m", 1, events, coverage);
    let target = "99%".parse().unwrap();
    let young = Composite::new(
        target,
        [member(Events::new(9, 1), part(2)), member(Events::new(10, 0), part(30))],
    );
    // 5% of errors against 1%, in 2 of 30 days: a third of the window's budget.
    assert_eq!((young.coverage(), young.state()), (part(2), BudgetState::WarmingUp));
    assert_eq!(young.remaining_ratio_f64(), Some(-4.0));
    let silent = Composite::new(
        target,
        [member(Events::default(), part(2)), member(Events::new(9, 1), part(28))],
    );
    assert_eq!((silent.coverage(), silent.state()), (part(28), BudgetState::Exhausted));
    let unmeasured = Composite::new(
        target,
        [member(Events::default(), part(0)), member(Events::default(), part(0))],
    );
    assert_eq!(unmeasured.state(), BudgetState::NoData);
    let mostly = Composite::new(target, [member(Events::new(9, 0).with_excluded(10), part(30))]);
    assert_eq!(mostly.state(), BudgetState::MostlyExcluded);
    let only = Composite::new(target, [member(Events::default().with_excluded(10), part(30))]);
    assert_eq!(only.state(), BudgetState::MostlyExcluded);
    // Of somebody who has no say it is no matter.
    let beside = member(Events::default().with_excluded(10), part(30));
    let other = Composite::new(target, [member(Events::new(9, 0), part(30)), beside]);
    assert_eq!(other.state(), BudgetState::Within);
    let weightless = CompositeMember::new("m", 0, Events::new(1, 9), part(1));
    let other = Composite::new(target, [member(Events::new(9, 0), part(30)), weightless]);
    assert_eq!((other.coverage(), other.state()), (part(30), BudgetState::Within));
}

#[test]
fn from_ninety_percent_on_the_events_stand_for_the_window() {
    let at = |bad, part, of| {
        let coverage = Ratio::new(part, of).unwrap();
        let member = CompositeMember::new("m", 1, Events::new(1_000 - bad, bad), coverage);
        Composite::new("99%".parse().unwrap(), [member]).state()
    };
    assert_eq!(
        (at(0, 9, 10), at(0, 899, 1_000)),
        (BudgetState::Within, BudgetState::WarmingUp)
    );
    // The limit to the last event, of what was seen; and a tenth less of the whole window.
    assert_eq!(
        (at(10, 9, 10), at(10, 899, 1_000)),
        (BudgetState::Exhausted, BudgetState::WarmingUp)
    );
}

#[cfg(feature = "calendar")]
#[test]
fn the_first_days_of_a_month_do_not_exhaust_what_the_month_allows() {
    let month: Window = "month in UTC".parse().unwrap();
    let january = Tick::from_unix_seconds(1_767_225_600);
    let tracker = crate::Tracker::new(month, january);
    tracker.record_many(january, Events::new(99, 1));
    let two = CompositeSli::of([("a", 1), ("b", 3)]);
    let at = |days: u32, coverage: Option<Ratio>| {
        let now = january + days * Duration::from_secs(86_400);
        let read = two.read("99.9%".parse().unwrap(), |_| Some(tracker.read(now, month)));
        let told = Composite::new(
            "99.9%".parse().unwrap(),
            [CompositeMember::new(
                "a",
                1,
                Events::new(99, 1),
                coverage.unwrap_or(whole()),
            )],
        );
        let told = told.so_far(month, now);
        (read.state(), told.state())
    };
    // One in ten of 31 days is spent after 3.1.
    assert_eq!(at(3, None), (BudgetState::Within, BudgetState::Within));
    assert_eq!(at(4, None), (BudgetState::Exhausted, BudgetState::Exhausted));
    assert_eq!(at(4, Ratio::new(1, 2)).1, BudgetState::WarmingUp);
    assert_eq!(at(7, Ratio::new(1, 2)).1, BudgetState::Exhausted);
}

fn set(composite: impl Into<Sli>) -> SloSetBuilder {
    let (target, window) = ("99%".parse().unwrap(), Window::days(30).unwrap());
    let slo = |name: &str, window| Slo::new(name, HttpSli::every_route(), target, window);
    SloSet::builder("shop")
        .slo(Slo::new("all", composite, target, window))
        .slo(slo("a", window))
        .slo(slo("b", window))
        .slo(slo("week", Window::days(7).unwrap()))
}

fn refusal(weights: &[(&str, u32)]) -> CompositeError {
    match set(CompositeSli::of(weights.iter().copied())).build() {
        Err(SloSetError::Composite { name, error }) if name == "all" => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn members_are_other_slos_of_the_set_with_the_same_window() {
    assert!(set(CompositeSli::of([("a", 1), ("b", 1_000)])).build().is_ok());
    assert_eq!(refusal(&[("a", 1)]), CompositeError::Members { members: 1 });
    assert_eq!(refusal(&[("a", 1); 26]), CompositeError::Members { members: 26 });
    assert_eq!(refusal(&[("a", 1), ("b", 0)]), CompositeError::Weight { weight: 0 });
    assert_eq!(
        refusal(&[("a", 1), ("b", 1_001)]),
        CompositeError::Weight { weight: 1_001 }
    );
    assert_eq!(refusal(&[("a", 1), ("a", 1)]), CompositeError::Twice("a".to_owned()));
    assert_eq!(refusal(&[("a", 1), ("c", 1)]), CompositeError::Unknown("c".to_owned()));
    assert_eq!(refusal(&[("a", 1), ("all", 1)]), CompositeError::Itself);
    assert_eq!(
        refusal(&[("a", 1), ("week", 1)]).to_string(),
        "`week` has the window 7d and the composite 30d; write the same window for both"
    );
    let target = "99%".parse().unwrap();
    let outer = Slo::new(
        "outer",
        CompositeSli::of([("all", 1), ("a", 1)]),
        target,
        Window::days(30).unwrap(),
    );
    let nested = set(CompositeSli::of([("a", 1), ("outer", 1)]))
        .slo(outer)
        .build()
        .unwrap_err();
    assert_eq!(
        nested.to_string(),
        "composite `all`: `outer` is a composite, and a composite has none for a member; write the members of `outer` \
         instead"
    );
    let minutes = TimeSlices::new(Duration::from_secs(60), Share::WHOLE).unwrap();
    let sliced = Slo::new(
        "sliced",
        CompositeSli::of([("a", 1), ("b", 1)]),
        target,
        Window::days(30).unwrap(),
    );
    let sliced = set(HttpSli::every_route()).slo(sliced.in_time_slices(minutes)).build();
    assert_eq!(
        sliced.unwrap_err().to_string(),
        "composite `sliced`: a composite has no events to cut into time slices; write `time_slices` at its members"
    );
}

#[test]
fn an_environment_may_not_part_the_windows() {
    let set = set(CompositeSli::of([("a", 1), ("b", 1)]));
    let shorter = || SloOverride::new().window(Window::DAY);
    let one = Environment::new().slo("a", shorter());
    assert!(matches!(
        set.clone().environment("dev", one).build(),
        Err(SloSetError::Composite { .. })
    ));
    let all = ["a", "b", "all"]
        .into_iter()
        .fold(Environment::new(), |all, name| all.slo(name, shorter()));
    assert!(set.environment("dev", all).build().is_ok());
}

proptest! {
    #[test]
    fn numbers_agree_with_fractions_of_128_bits(
        target in 1_u32..1_000_000_000,
        members in prop::collection::vec((1_u32..=1_000, 0_u64..40, 0_u64..40), 0..5),
    ) {
        let target = Target::from_ppb(target).unwrap();
        let member = |(weight, good, bad): &(u32, u64, u64)| CompositeMember::new("m", *weight, Events::new(*good, *bad), whole());
        let composite = Composite::new(target, members.iter().map(member));
        let speaking: Vec<_> = members.iter().filter(|(_, good, bad)| good + bad > 0).collect();
        let product: u128 = speaking.iter().map(|(_, good, bad)| u128::from(good + bad)).product();
        let weights: u128 = speaking.iter().map(|(weight, ..)| u128::from(*weight)).sum();
        let errors: u128 = speaking
            .iter()
            .map(|(weight, good, bad)| u128::from(*weight) * u128::from(*bad) * (product / u128::from(good + bad)))
            .sum();
        if speaking.is_empty() {
            prop_assert_eq!(composite.sli_ratio_f64(), None);
            return Ok(());
        }
        let (spent, allowed) = (errors * 1_000_000_000, product * weights * u128::from(target.budget_ppb()));
        let exhausted = spent >= allowed;
        prop_assert_eq!(composite.state() == BudgetState::Exhausted, exhausted);
        let ratio = crate::ratio::quotient(errors, product * weights);
        prop_assert!((composite.sli_ratio_f64().unwrap() - (1.0 - ratio)).abs() < 1e-12);
        let burn = crate::ratio::quotient(spent, allowed);
        prop_assert!((composite.burn_rate_f64().unwrap() - burn).abs() <= burn * 1e-12);
        let remaining = composite.remaining_ratio_f64().unwrap();
        prop_assert!((remaining - (1.0 - burn)).abs() <= (1.0 + burn) * 1e-12);
        prop_assert_eq!(remaining <= 0.0, exhausted);
    }

    #[test]
    fn members_that_are_alike_are_one(weights in prop::collection::vec(1_u32..=1_000, 1..=25), good in any::<u32>(), bad in 1_u32..) {
        let events = Events::new(good.into(), bad.into());
        let target = "99.9%".parse().unwrap();
        let alike: Vec<_> = weights.into_iter().map(|weight| (weight, events)).collect();
        let (one, many) = (ErrorBudget::observed(target, events), composite("99.9%", &alike));
        prop_assert_eq!(many.state(), one.state());
        let (one, many) = (one.remaining_ratio_f64().unwrap(), many.remaining_ratio_f64().unwrap());
        prop_assert!((one - many).abs() <= one.abs() * 1e-12, "{} and {}", one, many);
    }

    #[test]
    fn any_counts_give_numbers(members in prop::collection::vec((any::<u32>(), any::<u64>(), any::<u64>()), 0..=25)) {
        let events: Vec<_> = members.into_iter().map(|(weight, good, bad)| (weight, Events::new(good, bad))).collect();
        let composite = composite("99.9%", &events);
        for number in [composite.sli_ratio_f64(), composite.remaining_ratio_f64(), composite.burn_rate_f64()].into_iter().flatten() {
            prop_assert!(number.is_finite());
        }
        prop_assert!(composite.sli_ratio_f64().is_none_or(|sli| (0.0..=1.0).contains(&sli)));
    }
}
