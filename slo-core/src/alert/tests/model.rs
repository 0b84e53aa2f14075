//! Properties over any target, period, policy and counts.

use proptest::prelude::*;

use super::*;
use crate::{BurnRate, Share, Target};

fn targets() -> impl Strategy<Value = Target> {
    let usual = prop::sample::select(vec![
        500_000_000_u32,
        900_000_000,
        990_000_000,
        999_000_000,
        999_900_000,
    ]);
    prop_oneof![1..1_000_000_000_u32, usual].prop_map(|ppb| Target::from_ppb(ppb).unwrap())
}

fn periods() -> impl Strategy<Value = Window> {
    let usual = prop::sample::select(vec![
        300_u64,
        3_600,
        86_400,
        7 * 86_400,
        28 * 86_400,
        30 * 86_400,
        90 * 86_400,
    ]);
    prop_oneof![300..=34_560_000_u64, usual].prop_map(|seconds| Window::rolling(seconds).unwrap())
}

/// The standard policy, or one or two conditions of one's own; counted in the process or pushed.
fn policies() -> impl Strategy<Value = AlertPolicy> {
    let rule = (1..=1_000_000_000_u32, 120..2_592_000_u64)
        .prop_flat_map(|(share, short)| (Just(share), short + 1..=2_592_000, Just(short), any::<bool>()));
    let own = prop::collection::vec(rule, 1..3).prop_map(|rules| {
        let policy = rules
            .into_iter()
            .fold(AlertPolicy::builder(), |policy, (share, long, short, page)| {
                let share = Share::from_ppb(share).unwrap();
                let (long, short) = (
                    BurnWindow::from_seconds(long).unwrap(),
                    BurnWindow::from_seconds(short).unwrap(),
                );
                if page {
                    policy.page(share, long, short)
                } else {
                    policy.ticket(share, long, short)
                }
            });
        policy.build().unwrap()
    });
    let pushes = prop_oneof![Just(0_u64), 1..1_000_000_u64];
    (prop_oneof![Just(AlertPolicy::standard()), own], 0..10_u32, pushes).prop_map(|(policy, minimum, push)| {
        policy
            .minimum_bad_events(minimum)
            .pushed_every(Duration::from_millis(push))
    })
}

fn counts() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![
        (0..50_u64, 0..10_u64),
        (0..1_u64 << 20, 0..1_u64 << 12),
        any::<(u64, u64)>()
    ]
}

proptest! {
    #[test]
    fn no_burn_rate_up_to_one_ever_fires(
        target in targets(), period in periods(), policy in policies(),
        seen in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u32>()), 1..8),
    ) {
        let alerts = policy.resolve(target, period);
        let mut place = 0;
        let evaluation = alerts.evaluate(|_| {
            place = (place + 1) % seen.len();
            let (valid, bad, covered) = seen[place];
            // As many bad events as the budget has room for, to the last one.
            let allowed = u128::from(valid) * u128::from(target.budget_ppb()) / 1_000_000_000;
            let bad = bad.min(u64::try_from(allowed).unwrap());
            let events = Events::new(valid - bad, bad);
            Seen::part_of_it(events, Duration::from_secs(covered.into()))
        });
        prop_assert_eq!(evaluation.state(), AlertState::Ok);
        prop_assert_eq!(evaluation.held_back().count(), 0);
    }

    #[test]
    fn windows_and_factors_keep_their_bounds(target in targets(), period in periods(), policy in policies()) {
        let alerts = policy.resolve(target, period);
        for condition in alerts.conditions() {
            prop_assert!(condition.factor() >= Factor::ONE);
            prop_assert!(condition.short() <= condition.long());
            prop_assert!(u64::from(condition.long().as_seconds()) <= period.longest().as_secs());
            prop_assert!(condition.short().as_seconds() >= 120);
            let long = u64::from(condition.long().as_seconds());
            prop_assert!(long >= 900.min(period.longest().as_secs()));
            // f·L/W, as doubles, is what the exact share says.
            #[expect(clippy::cast_precision_loss, reason = "seconds of at most 400 days")]
            let spent = condition.factor().as_f64() * long as f64 / period.longest().as_secs() as f64;
            prop_assert!((spent - condition.budget_spent_at_fire().as_ratio_f64()).abs() < 1e-12);
            prop_assert_eq!(condition.is_reachable(), condition.unreachable().is_none());
            let outage = condition.detection_time(Ratio::new(1, 1).unwrap());
            prop_assert_eq!(condition.is_reachable(), outage.is_some());
            prop_assert_eq!(condition.is_reachable(), condition.threshold_ratio_f64() < 1.0);
        }
    }

    #[test]
    fn a_longer_window_as_advised_makes_a_condition_reachable(
        ppb in 1..1_000_000_000_u32, share in 1..=1_000_000_000_u32, long in 121..2_592_000_u64,
    ) {
        let of = |long: BurnWindow| {
            let share = Share::from_ppb(share).unwrap();
            let policy = AlertPolicy::builder().page(share, long, BurnWindow::MIN).build().unwrap();
            policy.resolve(Target::from_ppb(ppb).unwrap(), Window::days(30).unwrap())
        };
        let first = of(BurnWindow::from_seconds(long).unwrap());
        if let Some(unreachable) = first.unreachable().next() {
            let advised = unreachable.shortest_long_window();
            prop_assert!(of(advised).all_reachable().is_ok());
            let shorter = BurnWindow::from_seconds(u64::from(advised.as_seconds()) - 1).unwrap();
            // The floor of 15 min makes shorter ones the same.
            prop_assert!(shorter.as_seconds() < 900 || of(shorter).all_reachable().is_err());
        }
    }

    #[test]
    fn verdicts_agree_with_doubles_wherever_those_can_tell(
        target in targets(), period in periods(), policy in policies(),
        long in counts(), short in counts(), covered in prop_oneof![Just(1.0_f64), 0.0..1.0],
    ) {
        let alerts = policy.resolve(target, period);
        for (place, condition) in alerts.conditions().iter().enumerate() {
            let window = condition.long().as_duration().mul_f64(covered).as_secs();
            let evaluation = alerts.evaluate(|asked| match asked == condition.long() {
                true => Seen::part_of_it(Events::new(long.0, long.1), Duration::from_secs(window)),
                false => Events::new(short.0, short.1).into(),
            });
            if condition.long() == condition.short() {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "a model in doubles")]
            let part = window as f64 / condition.long().as_duration().as_secs_f64();
            let over = [over(condition, long, part), over(condition, short, 1.0)];
            let [Some(long_over), Some(short_over)] = over else { continue };
            let expected = match (long_over && short_over, long.1 >= u64::from(alerts.minimum_bad_events())) {
                (false, _) => Verdict::Quiet,
                (true, false) => Verdict::TooFew,
                (true, true) => Verdict::Fires,
            };
            prop_assert_eq!(evaluation.conditions()[place].verdict(), expected, "{}", condition);
        }
    }

    #[test]
    fn every_change_is_told_once_and_nothing_else(
        steps in prop::collection::vec((0..4_000_u64, 0..30_u64, 0..4_u64), 1..120), draft in any::<bool>(),
    ) {
        let slo = Slo::new("a", HttpSli::every_route(), "99%".parse().unwrap(), Window::days(7).unwrap());
        let status = if draft { Status::Draft } else { Status::Agreed };
        let alerts = AlertPolicy::standard().for_slo(&slo.status(status));
        let mut story = Story::of(alerts, "7d");
        let mut expected = Vec::new();
        let mut before = AlertState::Ok;
        for (gap, good, bad) in steps {
            story.run(gap + 1, gap + 1, (good, bad));
            let state = story.watch.state();
            prop_assert_eq!(story.last().state(), state);
            if state != before {
                expected.push((story.seconds - gap - 1, state));
                before = state;
            }
        }
        let told = if draft { &[][..] } else { &expected };
        prop_assert_eq!(story.told(), told);
    }
}

/// Whether a window is over a condition's factor, by doubles; `None` where they are too near to tell.
#[expect(clippy::cast_precision_loss, reason = "a model in doubles")]
fn over(condition: &Condition, (good, bad): (u64, u64), covered: f64) -> Option<bool> {
    let events = Events::new(good, bad);
    if events.valid() == 0 {
        return Some(false);
    }
    let rate = bad as f64 / events.valid() as f64 / condition.target().budget_as_ratio_f64() * covered;
    let factor = condition.factor().as_f64();
    ((rate - factor).abs() > factor * 1e-9).then_some(rate > factor)
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    for (target, window) in [("99.9999999%", "400d"), ("0.0000001%", "400d"), ("99.9999999%", "5m")] {
        let alerts = standard(target, window);
        for events in [
            Events::new(u64::MAX, u64::MAX),
            Events::new(0, u64::MAX),
            Events::new(u64::MAX, 0),
        ] {
            let evaluation = alerts.evaluate(|_| Seen::part_of_it(events, Duration::MAX));
            let rates = evaluation.conditions().iter().filter_map(|judged| judged.long().rate());
            assert!(rates.map(BurnRate::as_f64).all(f64::is_finite));
            let measured = |judged: &Judged| judged.long().covered() == judged.condition().long().as_duration();
            assert!(evaluation.conditions().iter().all(measured));
            for condition in alerts.conditions() {
                let _ = condition.detection_time(events.error_ratio().unwrap());
                assert!(condition.threshold_ratio_f64().is_finite());
            }
        }
    }
}
