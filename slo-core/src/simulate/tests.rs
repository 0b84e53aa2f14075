//! What goes in and comes out; `measured` has the cases of the research note as a rule engine would see them, `model`
//! the comparison with a slow exact model.

mod measured;
mod model;

use core::time::Duration;

use super::*;
use crate::alert::AlertState;
use crate::gate::{Decision, Mode, RuleName, RuleState};
use crate::{BudgetState, Events, HttpSli, Ratio, TimeSlices};

const START: Tick = Tick::from_unix_seconds(1_767_225_600);
const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

fn slo(target: &str, window: &str) -> Slo {
    Slo::new(
        "browse",
        HttpSli::every_route(),
        target.parse().unwrap(),
        window.parse().unwrap(),
    )
}

fn minute(number: u64) -> Tick {
    START + Duration::from_secs(number * 60)
}

fn minutes(duration: Duration) -> u64 {
    assert_eq!(duration.as_secs() % 60, 0);
    duration.as_secs() / 60
}

/// A series of samples at whole minutes after the start.
#[derive(Clone, Default)]
struct Series {
    samples: Vec<Sample>,
    minutes: u64,
}

impl Series {
    /// So many good and bad events in each of so many minutes.
    fn run(&mut self, lasting: u64, (good, bad): (u64, u64)) -> &mut Self {
        self.every(1, lasting, (good, bad))
    }

    /// So many good and bad events every so many minutes.
    fn every(&mut self, interval: u64, lasting: u64, (good, bad): (u64, u64)) -> &mut Self {
        for _ in 0..lasting / interval {
            self.minutes += interval;
            self.samples
                .push(Sample::new(minute(self.minutes), Events::new(good, bad)));
        }
        self
    }

    fn gap(&mut self, lasting: u64) -> &mut Self {
        self.minutes += lasting;
        self.samples.push(Sample::gap(minute(self.minutes)));
        self
    }

    fn play(&self, simulation: &Simulation) -> Timeline {
        simulation.run(self.samples.iter().copied()).unwrap()
    }
}

/// The minutes at which the state changed.
fn told(timeline: &Timeline) -> Vec<(u64, AlertState)> {
    let changes = timeline.alert_changes().iter();
    changes
        .map(|change| (minutes(change.at().since(START)), change.to()))
        .collect()
}

fn budgets(timeline: &Timeline) -> Vec<(u64, BudgetState)> {
    let changes = timeline.budget_changes().iter();
    changes
        .map(|change| (minutes(change.at().since(START)), change.budget().state()))
        .collect()
}

#[test]
fn a_series_that_is_not_in_order_is_refused_by_index() {
    let simulation = Simulation::of(&slo("99.9%", "30d"), START);
    let at = |number| Sample::new(minute(number), Events::new(1, 0));
    let refused = |samples: &[Sample]| simulation.run(samples.iter().copied()).unwrap_err();
    assert_eq!(
        refused(&[at(1), at(2), at(2)]),
        SeriesError::NotAfter {
            index: 2,
            at: minute(2),
            before: minute(2)
        }
    );
    let first = refused(&[at(0)]);
    assert_eq!(
        first.to_string(),
        "sample 0 (counted from 0) at 2026-01-01T00:00:00Z is not after 2026-01-01T00:00:00Z; sort the series by time, add \
         up samples of one moment and begin after the start"
    );
    assert!(matches!(
        refused(&[at(5), Sample::gap(minute(4))]),
        SeriesError::NotAfter { index: 1, .. }
    ));
}

#[test]
fn counts_that_no_total_can_hold_are_refused() {
    let simulation = Simulation::of(&slo("99.9%", "30d"), START);
    let most = Sample::new(minute(1), Events::new(u64::MAX, 0));
    assert!(simulation.run([most]).is_ok());
    let one = |number| Sample::new(minute(number), Events::default().with_excluded(1));
    let refused = simulation.run([most, one(2)]).unwrap_err();
    assert_eq!(refused, SeriesError::TooMany { index: 1 });
    assert_eq!(
        refused.to_string(),
        "sample 1 (counted from 0) makes the sum of all events exceed 18446744073709551615; are these running totals? write \
         what came since the sample before"
    );
    let requests = one(1).requests(Events::new(u64::MAX, 1));
    assert!(simulation.run([requests]).is_ok());
    let gated = simulation.clone().gate(GateRules::default());
    assert_eq!(gated.run([requests]).unwrap_err(), SeriesError::TooMany { index: 0 });
    let latency = one(1).latency(Events::new(u64::MAX, 1));
    assert_eq!(gated.run([latency]).unwrap_err(), SeriesError::TooMany { index: 0 });
}

#[test]
fn no_sample_is_a_timeline_of_nothing() {
    let timeline = Simulation::of(&slo("99.9%", "30d"), START)
        .looks_at([START, minute(1)])
        .run([])
        .unwrap();
    assert_eq!((timeline.started(), timeline.end().at()), (START, START));
    assert_eq!(timeline.end().budget().state(), BudgetState::NoData);
    assert_eq!(timeline.looks().len(), 1);
    assert_eq!(
        (timeline.coverage(), timeline.delay(AlertState::Page, START)),
        (None, None)
    );
    assert!(timeline.alert_changes().is_empty() && timeline.budget_changes().is_empty());
}

#[test]
fn a_sample_is_in_the_window_that_ends_with_it_and_not_in_the_one_that_begins_there() {
    let samples = [5, 10, 15].map(|number| Sample::new(minute(number), Events::new(number, 0)));
    let looks = [5, 9, 10, 15, 16].map(minute);
    let timeline = Simulation::of(&slo("99.9%", "5m"), START)
        .looks_at(looks)
        .run(samples)
        .unwrap();
    let seen = timeline.looks().iter().map(|look| look.budget().seen().good());
    assert_eq!(seen.collect::<Vec<_>>(), [5, 5, 10, 15]);
    assert_eq!(timeline.looks()[0].budget().coverage(), Ratio::new(1, 1).unwrap());
}

#[test]
fn moments_before_the_start_and_after_the_end_are_not_looked_at() {
    let mut series = Series::default();
    let early = START.saturating_sub(Duration::from_nanos(1));
    let late = minute(10) + Duration::from_nanos(1);
    let looks = [minute(10), late, minute(3), START, early, minute(3)];
    let timeline = series
        .run(10, (1, 0))
        .play(&Simulation::of(&slo("99.9%", "1h"), START).looks_at(looks));
    let looked: Vec<_> = timeline.looks().iter().map(Look::at).collect();
    assert_eq!(looked, [START, minute(3), minute(10)]);
    assert_eq!(timeline.looks()[0].budget().state(), BudgetState::NoData);
    assert_eq!(timeline.looks()[2].budget(), timeline.end().budget());
}

#[test]
fn a_draft_is_played_as_if_it_were_agreed() {
    let mut series = Series::default();
    series.run(HOUR, (90, 10));
    let draft = slo("99.9%", "30d");
    let agreed = draft.clone().status(Status::Agreed);
    let pages = |slo| series.play(&Simulation::of(slo, START)).pages().count();
    assert_eq!((pages(&draft), pages(&agreed)), (1, 1));
    let gated = Simulation::of(&draft, START).gate(GateRules::default());
    let mut month = Series::default();
    month.every(DAY, 30 * DAY, (90, 10));
    assert_eq!(month.play(&gated).end().verdict().unwrap().decision, Decision::Blocked);
}

#[test]
fn an_slo_in_time_slices_is_played_slice_by_slice() {
    let minutes = TimeSlices::new(Duration::from_secs(60), "90%".parse().unwrap()).unwrap();
    let sliced = slo("90%", "1h").in_time_slices(minutes);
    let mut series = Series::default();
    // 1% of the events are bad throughout, all of them in 2 of 10 minutes; what is bad in a good minute is no matter.
    for _ in 0..12 {
        series.run(8, (9, 1)).run(2, (5, 5));
    }
    let end = series.play(&Simulation::of(&sliced, START)).end().clone();
    assert_eq!(end.budget().seen(), Events::new(48, 12));
    assert_eq!(end.budget().state(), BudgetState::Exhausted);
    let gated = Simulation::of(&sliced, START).gate(GateRules::default());
    let verdict = series.play(&gated).end().verdict().unwrap().clone();
    let budget = verdict.rules.iter().find(|rule| rule.name == RuleName::Budget).unwrap();
    assert_eq!(budget.events, Some(Events::new(48, 12)));
}

#[test]
fn slices_that_cannot_be_counted_are_refused() {
    let minutes = TimeSlices::new(Duration::from_secs(60), "90%".parse().unwrap()).unwrap();
    let sliced = slo("90%", "1h").in_time_slices(minutes);
    let most = [1, 2].map(|number| Sample::new(minute(number), Events::new(u64::MAX / 2 + 1, 0)));
    let refused = Simulation::of(&sliced, START).run(most).unwrap_err();
    assert_eq!(refused, SeriesError::TooMany { index: 1 });
}

#[test]
fn spans_are_from_change_to_change_and_the_last_may_be_open() {
    let mut series = Series::default();
    series
        .run(DAY, (100, 0))
        .run(30, (50, 50))
        .run(DAY, (100, 0))
        .run(30, (50, 50));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "30d"), START));
    let pages: Vec<_> = timeline.pages().collect();
    assert_eq!(pages.len(), 2);
    assert_eq!((pages[0].from(), pages[0].is_open()), (minute(DAY + 2), false));
    assert_eq!((pages[1].to(), pages[1].is_open()), (timeline.end().at(), true));
    assert_eq!(timeline.end().alert(), AlertState::Page);
    // The page decays to a ticket; it ends, and the second outage begins with one.
    let tickets: Vec<_> = timeline.tickets().collect();
    assert_eq!(tickets.len(), 2);
    assert_eq!((tickets[0].from(), tickets[1].to()), (pages[0].to(), pages[1].from()));
    assert!(tickets[0].to() < tickets[1].from() && !tickets[1].is_open());
    assert_eq!(pages[0].length(), pages[0].to().since(pages[0].from()));

    assert!(pages[0].meets(minute(DAY), minute(DAY + 2)) && !pages[0].meets(minute(DAY), minute(DAY + 1)));
    assert!(pages[0].meets(pages[0].from(), pages[0].from()) && !pages[0].meets(pages[0].to(), minute(9 * DAY)));
    assert!(pages[1].meets(pages[1].to(), minute(9 * DAY)));
}

#[test]
fn a_delay_is_counted_from_any_moment() {
    let mut series = Series::default();
    series.run(DAY, (100, 0)).run(30, (50, 50)).run(DAY, (100, 0));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "30d"), START));
    let delay = |least, number| timeline.delay(least, minute(number)).map(minutes);
    assert_eq!(delay(AlertState::Page, DAY), Some(2));
    assert_eq!(delay(AlertState::Page, DAY + 2), Some(0));
    assert_eq!(delay(AlertState::Page, DAY + 10), Some(0));
    let page = timeline.pages().next().unwrap();
    assert_eq!(timeline.delay(AlertState::Page, page.to()), None);
    assert_eq!(timeline.delay(AlertState::Ticket, page.to()), Some(Duration::ZERO));
    assert_eq!(delay(AlertState::Ok, DAY), Some(0));
}

#[test]
fn a_budget_is_exhausted_and_recovers_at_dated_moments() {
    let mut series = Series::default();
    // 99% of 1,440 events a day: 14.4 may be bad. The day is full of events when the 15 come.
    series.run(DAY, (1, 0)).run(15, (0, 1)).run(2 * DAY, (1, 0));
    let timeline = series.play(&Simulation::of(&slo("99%", "1d"), START));
    let spans: Vec<_> = timeline.exhaustions().collect();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].from(), minute(DAY + 15));
    // They leave the day ten at a time: its steps are 10 min.
    assert_eq!(spans[0].to(), minute(2 * DAY + 10));
    let change = timeline.budget_changes()[2];
    assert_eq!(
        (change.at(), change.budget().seen()),
        (spans[0].from(), Events::new(1_430, 15))
    );
    assert_eq!(
        budgets(&timeline).iter().map(|(_, state)| *state).collect::<Vec<_>>(),
        [
            BudgetState::WarmingUp,
            BudgetState::Within,
            BudgetState::Exhausted,
            BudgetState::Within
        ]
    );
    assert_eq!(budgets(&timeline)[1].0, 9 * DAY / 10); // 90% of the first day
}

#[test]
fn a_gap_is_unseen_from_its_first_minute_and_silence_is_not() {
    let looks = [DAY / 2, DAY / 2 + 30, DAY].map(minute);
    let simulation = Simulation::of(&slo("99.9%", "1d"), START).looks_at(looks);
    let mut gap = Series::default();
    gap.run(DAY / 2, (1, 0)).gap(HOUR).run(DAY / 2 - HOUR, (1, 0));
    let timeline = gap.play(&simulation);
    let coverage = |number: usize| timeline.looks()[number].budget().coverage();
    assert_eq!(
        [0, 1, 2].map(coverage),
        [(12, 24), (24, 48), (23, 24)].map(|(part, whole)| Ratio::new(part, whole).unwrap())
    );
    assert_eq!(timeline.coverage(), Ratio::new(23, 24));

    let mut silence = Series::default();
    silence
        .run(DAY / 2, (1, 0))
        .every(HOUR, HOUR, (0, 0))
        .run(DAY / 2 - HOUR, (1, 0));
    let timeline = silence.play(&simulation);
    assert_eq!(
        (timeline.coverage(), timeline.end().budget().coverage()),
        (Ratio::new(1, 1), Ratio::new(1, 1).unwrap())
    );
}

#[test]
fn a_gap_leaves_the_window_as_its_events_would() {
    let mut series = Series::default();
    series.run(HOUR, (1, 0)).gap(DAY).gap(HOUR).run(3 * DAY, (1, 0));
    let states: Vec<_> = budgets(&series.play(&Simulation::of(&slo("99.9%", "1d"), START)));
    // Nothing is known once the gap fills the day; a young service after it until 90% are seen.
    let expected = [
        (1, BudgetState::WarmingUp),
        (HOUR + DAY, BudgetState::NoData),
        (2 * HOUR + DAY + 1, BudgetState::WarmingUp),
        (2 * HOUR + DAY + 9 * DAY / 10, BudgetState::Within),
    ];
    assert_eq!(states, expected);
}

#[test]
fn years_of_silence_and_gaps_end_as_they_should() {
    let century = 36_500 * DAY;
    let mut series = Series::default();
    series
        .run(HOUR, (0, 10))
        .every(century, century, (0, 0))
        .gap(century)
        .run(HOUR, (0, 10));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "30d"), START));
    assert_eq!(timeline.pages().count(), 2);
    assert_eq!(
        minutes(timeline.pages().nth(1).unwrap().from().since(START)),
        HOUR + 2 * century + 1
    );
    assert_eq!(
        timeline.coverage(),
        Ratio::new(century + 2 * HOUR, 2 * century + 2 * HOUR)
    );
    let states: Vec<_> = budgets(&timeline).iter().map(|(_, state)| *state).collect();
    let once = [BudgetState::WarmingUp, BudgetState::Exhausted];
    assert_eq!(
        states,
        [&once[..], &[BudgetState::NoTraffic, BudgetState::NoData], &once].concat()
    );
}

#[test]
fn what_leaves_a_window_in_a_long_silence_leaves_it_by_the_step() {
    let month = 30 * DAY;
    let mut series = Series::default();
    series.run(30, (0, 10)).every(2 * month, 2 * month, (1, 0));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "30d"), START));
    // The last event came after 30 min; over 26 h back windows begin at whole hours.
    let silent = |(_, state): &(u64, BudgetState)| *state == BudgetState::NoTraffic;
    assert_eq!(budgets(&timeline).into_iter().find(silent).unwrap().0, month + HOUR);
}

#[test]
fn intervals_shorter_than_a_second_are_a_second() {
    let mut series = Series::default();
    series.run(10, (0, 100));
    let at = |interval| {
        let simulation = Simulation::of(&slo("99.9%", "30d"), START);
        let timeline = series.play(
            &simulation
                .evaluated_every(interval)
                .judged_every(interval)
                .gate(GateRules::default()),
        );
        timeline.alert_changes()[0].at()
    };
    assert_eq!(at(Duration::ZERO), at(Duration::from_secs(1)));
    assert_eq!(at(Duration::from_secs(7)).since(START).as_secs() % 7, 0);
    assert_eq!(at(Duration::from_secs(45)), START + Duration::from_secs(90));
}

#[test]
fn the_gate_sees_requests_latency_and_the_budget() {
    let mut series = Series::default();
    series.run(30 * DAY, (100, 0));
    let of = |bad_requests: u64, slow: u64| {
        let requests = Events::new(100 - bad_requests, bad_requests);
        let latency = Events::new(100 - slow, slow);
        let samples = series
            .samples
            .iter()
            .map(|sample| sample.requests(requests).latency(latency));
        let simulation = Simulation::of(&slo("99.9%", "30d"), START).gate(GateRules::default());
        simulation.run(samples.take(200)).unwrap()
    };
    let rule = |timeline: &Timeline, name| {
        let verdict = timeline.end().verdict().unwrap();
        verdict.rules.iter().find(|rule| rule.name == name).unwrap().clone()
    };
    let well = of(0, 5);
    assert_eq!(well.end().verdict().unwrap().decision, Decision::Allowed);
    assert_eq!(rule(&well, RuleName::BadRatio).events, Some(Events::new(1_500, 0)));
    assert_eq!(rule(&well, RuleName::P95).events, Some(Events::new(1_425, 75)));
    assert_eq!(rule(&well, RuleName::Budget).events, Some(Events::new(20_000, 0)));
    assert_eq!(rule(&well, RuleName::BadRatio).coverage, Ratio::new(1, 1));
    assert_eq!(rule(&of(1, 5), RuleName::BadRatio).state, RuleState::Fail);
    assert_eq!(rule(&of(0, 6), RuleName::P95).state, RuleState::Fail);

    // Without them: a warning, and the budget decides.
    let alone = series.play(&Simulation::of(&slo("99.9%", "30d"), START).gate(GateRules::default()));
    let verdict = alone.end().verdict().unwrap();
    assert_eq!((verdict.decision, verdict.warnings.len()), (Decision::Allowed, 2));
    assert_eq!(rule(&alone, RuleName::BadRatio).state, RuleState::Warn);
    assert!(
        Simulation::of(&slo("99.9%", "30d"), START)
            .run([])
            .unwrap()
            .end()
            .verdict()
            .is_none()
    );
}

#[test]
fn the_gate_tells_when_its_answer_changes() {
    let mut series = Series::default();
    series.run(30 * DAY, (100, 0)).run(DAY, (99, 1)).run(30 * DAY, (100, 0));
    let changes = |target| {
        let simulation = Simulation::of(&slo(target, "30d"), START).gate(GateRules::default());
        let timeline = series.play(&simulation.evaluated_every(Duration::from_secs(3_600)));
        let changes = timeline.gate_changes().iter();
        let changes = changes.map(|verdict| (Tick::from(verdict.decided_at).since(START), verdict.decision));
        changes
            .map(|(at, decision)| (minutes(at), decision))
            .collect::<Vec<_>>()
    };
    // 1% for a day is a third of a month's budget at 99.9%.
    assert_eq!(changes("99.9%"), [(15, Decision::Allowed)]);
    // 90% of 0.03% of 30 days' 4,320,000 events are 1,166.4 bad ones, and 1,440 came. From the sixtieth day on, one leaves
    // a minute, in steps of an hour: 1,140 are left after 5 hours.
    let expected = [
        (15, Decision::Allowed),
        (30 * DAY + 1_170, Decision::Blocked),
        (60 * DAY + 5 * HOUR, Decision::Allowed),
    ];
    assert_eq!(changes("99.97%"), expected);
}

#[test]
fn the_gate_is_asked_through_silence_and_gaps() {
    let mut series = Series::default();
    series
        .run(DAY, (0, 100))
        .every(60 * DAY, 60 * DAY, (0, 0))
        .gap(60 * DAY)
        .run(HOUR, (100, 0));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "1d"), START).gate(GateRules::default()));
    let changes: Vec<_> = timeline
        .gate_changes()
        .iter()
        .map(|verdict| (minutes(Tick::from(verdict.decided_at).since(START)), verdict.decision))
        .collect();
    let begin = 121 * DAY;
    let expected = [
        (15, Decision::Blocked),
        (2 * DAY, Decision::Allowed),          // the outage has left the day
        (begin - 59 * DAY, Decision::Unknown), // nothing of it was measured
        (begin + 15, Decision::Allowed),
    ];
    assert_eq!(changes, expected);
}

#[test]
fn an_observing_gate_tells_what_it_would_have_done() {
    let rules = GateRules {
        mode: Mode::Observe,
        ..GateRules::default()
    };
    let mut series = Series::default();
    series.run(DAY, (100, 0)).run(DAY, (0, 100));
    let timeline = series.play(&Simulation::of(&slo("99.9%", "1d"), START).gate(rules));
    let said: Vec<_> = timeline
        .gate_changes()
        .iter()
        .map(|verdict| (verdict.decision, verdict.would_have_been))
        .collect();
    assert_eq!(
        said,
        [
            (Decision::Allowed, Decision::Allowed),
            (Decision::Allowed, Decision::Blocked)
        ]
    );
}

#[test]
fn targets_and_policies_are_compared_on_one_series() {
    let mut series = Series::default();
    series
        .run(7 * DAY, (1_000, 0))
        .run(2 * HOUR, (980, 20))
        .run(DAY, (1_000, 0));
    let of = |target| Simulation::of(&slo(target, "30d"), START);
    let policy = AlertPolicy::builder().page("1%".parse().unwrap(), "1h".parse().unwrap(), "5m".parse().unwrap());
    let eager = of("99.9%").policy(policy.build().unwrap());
    // `f·B/r·L` with f 14.4 and 7.2 in 1 h; at 99% nothing burns faster than 2.
    let delays = [of("99.9%"), eager, of("99%")].map(|simulation| {
        let timeline = series.play(&simulation);
        timeline.delay(AlertState::Page, minute(7 * DAY)).map(minutes)
    });
    assert_eq!(delays, [Some(44), Some(22), None]);
}
