//! A model that keeps every sample and adds them up anew for each window of each evaluation.
//!
//! It takes from the code under test only where a tracker says that a window began, and checks that against the stated
//! edge error; counts, coverage, comparisons and states are its own.

use proptest::prelude::*;

use super::*;
use crate::alert::{Alerts, Condition};
use crate::{BurnWindow, Tracker};

const BILLION: u128 = 1_000_000_000;

struct Model {
    slo: Slo,
    samples: Vec<Sample>,
    /// Empty: it only says where windows begin.
    edges: Tracker,
}

impl Model {
    fn new(slo: &Slo, samples: &[Sample]) -> Self {
        Self {
            slo: slo.clone(),
            samples: samples.to_vec(),
            edges: Tracker::new(slo.window(), START),
        }
    }

    fn events(&self, from: Tick, to: Tick) -> Events {
        let inside = self
            .samples
            .iter()
            .filter(|sample| sample.at() > from && sample.at() <= to);
        inside
            .filter_map(Sample::events)
            .fold(Events::default(), Events::saturating_add)
    }

    /// Nanoseconds of a stretch that are after the start and in no gap.
    fn covered(&self, from: Tick, to: Tick) -> u64 {
        let mut before = START;
        let mut gaps = 0;
        for sample in &self.samples {
            if sample.events().is_none() {
                gaps += overlap((before, sample.at()), (from.max(START), to));
            }
            before = sample.at();
        }
        overlap((START, to), (from, to)) - gaps
    }

    /// The events and the whole seconds measured in the last so many seconds, and the edge error of that.
    fn last(&self, now: Tick, window: BurnWindow) -> (Events, u64) {
        let asked = now.saturating_sub(window.as_duration()).max(START);
        let from = self.edges.read_last(now, window).from();
        let early = asked.since(from).as_secs_f64();
        let most = (window.as_duration().as_secs_f64() * 0.04).max(10.0);
        assert!(from <= asked && early <= most, "{early} s early for {window}");
        let covered = self.covered(now.saturating_sub(window.as_duration()), now);
        (self.events(from, now), covered / 1_000_000_000)
    }

    /// The SLO's window: its events, the nanoseconds measured and those asked for; `None` where nothing has passed of it.
    fn window(&self, now: Tick) -> Option<(Events, u64, u64)> {
        let window = self.slo.window();
        let asked = window.bounds(now).start;
        let from = match window.rolling_length() {
            Some(_) => self.edges.read(now, window).from(),
            None => asked.max(START),
        };
        let length = window.rolling_length().unwrap_or(now.since(asked));
        let length = u64::try_from(length.as_nanos()).unwrap();
        (length > 0).then(|| (self.events(from, now), self.covered(asked, now), length))
    }

    fn budget_state(&self, now: Tick, (seen, covered, asked): (Events, u64, u64)) -> BudgetState {
        let mostly_excluded = seen.excluded() > seen.good() + seen.bad();
        // Divided by 1,000 to stay within 128 bits; the tests' times are whole microseconds.
        let (covered, asked) = (u128::from(covered / 1_000), u128::from(asked / 1_000));
        let is_young = covered * 10 < asked * 9;
        // Of a calendar period so many seconds have begun, of all that it has.
        let (begun, all) = match self.slo.window().rolling_length() {
            Some(_) => (1, 1),
            None => (
                asked.div_ceil(1_000_000),
                u128::from(self.slo.window().length_at(now).as_secs()),
            ),
        };
        let (part, whole) = (covered * begun, asked * all);
        let (part, whole) = if part * 10 < whole * 9 { (part, whole) } else { (1, 1) };
        let valid = u128::from(seen.valid());
        let allowed = valid * u128::from(self.slo.target().budget_ppb()) * whole;
        if covered == 0 {
            BudgetState::NoData
        } else if valid > 0 && u128::from(seen.bad()) * BILLION * part >= allowed {
            BudgetState::Exhausted
        } else if mostly_excluded {
            BudgetState::MostlyExcluded
        } else if valid == 0 {
            BudgetState::NoTraffic
        } else if is_young {
            BudgetState::WarmingUp
        } else {
            BudgetState::Within
        }
    }

    /// Whether a window is over a condition's factor; `None` without a valid event.
    fn over(&self, condition: &Condition, (events, covered): (Events, u64), window: BurnWindow) -> Option<bool> {
        let factor = condition.factor();
        let rate = u128::from(events.bad()) * BILLION * u128::from(covered);
        let one =
            u128::from(events.valid()) * u128::from(self.slo.target().budget_ppb()) * u128::from(window.as_seconds());
        (events.valid() > 0).then(|| rate * u128::from(factor.denominator()) > one * u128::from(factor.numerator()))
    }

    /// Which conditions fire, given which did at the evaluation before.
    fn firing(&self, alerts: &Alerts, fired: &[bool], now: Tick) -> Vec<bool> {
        let few = |events: Events| events.bad() < u64::from(alerts.minimum_bad_events());
        let all = alerts.conditions().iter().map(|condition| (condition, false));
        let all = all.chain(alerts.trickle().map(|condition| (condition, true)));
        all.zip(fired)
            .map(|((condition, is_trickle), fired)| {
                let (long, short) = (self.last(now, condition.long()), self.last(now, condition.short()));
                let short_over = self.over(condition, short, condition.short());
                self.over(condition, long, condition.long()) == Some(true)
                    && short_over.unwrap_or(*fired)
                    && !few(long.0)
                    && (!is_trickle || few(short.0))
            })
            .collect()
    }

    /// Whether over a twentieth of the last quarter of an hour was excluded, and as many as an alert takes bad events.
    fn mostly_left(&self, alerts: &Alerts, now: Tick) -> bool {
        let (events, _) = self.last(
            now,
            BurnWindow::from_seconds(self.slo.window().longest().as_secs().min(900)).unwrap(),
        );
        let (excluded, all) = (events.excluded(), events.valid() + events.excluded());
        excluded * 20 > all && excluded >= u64::from(alerts.minimum_bad_events())
    }
}

fn overlap(a: (Tick, Tick), b: (Tick, Tick)) -> u64 {
    u64::try_from(a.1.min(b.1).since(a.0.max(b.0)).as_nanos()).unwrap()
}

fn state(alerts: &Alerts, firing: &[bool], mostly_left: bool) -> AlertState {
    let all = alerts.conditions().iter().chain(alerts.trickle());
    let severities = all
        .zip(firing)
        .filter(|(_, fires)| **fires)
        .map(|(condition, _)| condition.severity());
    let least = if mostly_left {
        AlertState::Ticket
    } else {
        AlertState::Ok
    };
    severities.max().map_or(least, |severity| least.max(severity.into()))
}

/// Time since the sample before in microseconds: seconds, minutes, hours, days, and jumps ahead of over a month.
fn pauses() -> impl Strategy<Value = u64> {
    let seconds = |range: core::ops::Range<u64>| range.prop_map(|seconds| seconds * 1_000_000);
    prop_oneof![
        4 => 1..10_000_000_u64,
        8 => Just(60_000_000_u64),
        4 => seconds(1..600),
        4 => seconds(600..7_200),
        2 => seconds(1..400_000),
        1 => seconds(2_000_000..9_000_000),
    ]
}

fn counts() -> impl Strategy<Value = Option<Events>> {
    let events = |good, bad, excluded| Some(Events::new(good, bad).with_excluded(excluded));
    prop_oneof![
        6 => (0..200_u64, Just(0_u64), 0..3_u64).prop_map(move |(good, bad, excluded)| events(good, bad, excluded)),
        3 => (0..200_u64, 0..40_u64, 0..3_u64).prop_map(move |(good, bad, excluded)| events(good, bad, excluded)),
        2 => (0..3_u64, 0..10_u64, 0..30_u64).prop_map(move |(good, bad, excluded)| events(good, bad, excluded)),
        2 => Just(None),
    ]
}

fn series() -> impl Strategy<Value = Vec<Sample>> {
    // Runs of alike samples, so that windows fill and something fires.
    let runs = prop::collection::vec((pauses(), counts(), 1..12_usize), 1..20);
    runs.prop_map(|runs| {
        let mut at = START;
        let mut samples = Vec::new();
        for (pause, seen, times) in runs {
            for _ in 0..times {
                at = at + Duration::from_micros(pause);
                samples.push(seen.map_or(Sample::gap(at), |events| Sample::new(at, events)));
            }
        }
        samples
    })
}

fn windows() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "5m",
        "1h",
        "1d",
        "7d",
        "30d",
        "90d",
        "400d",
        #[cfg(feature = "calendar")]
        "day in Europe/London",
        #[cfg(feature = "calendar")]
        "month in Asia/Seoul",
    ])
}

fn policies() -> impl Strategy<Value = AlertPolicy> {
    let own = AlertPolicy::builder()
        .ticket("0.1%".parse().unwrap(), "2h".parse().unwrap(), "2m".parse().unwrap())
        .page("3%".parse().unwrap(), "12h".parse().unwrap(), "11m".parse().unwrap());
    let own = own.build().unwrap();
    let minimum = prop::sample::select(vec![1_u32, 5, 12]);
    (any::<bool>(), minimum).prop_map(move |(is_own, minimum)| {
        let policy = if is_own { own.clone() } else { AlertPolicy::standard() };
        policy.minimum_bad_events(minimum)
    })
}

/// An interval that leaves the model some hundred moments.
fn interval(samples: &[Sample], seconds: u64) -> Duration {
    let spans = samples.last().map_or(0, |last| last.at().since(START).as_secs());
    Duration::from_secs(seconds.max(spans / 150))
}

proptest! {
    #[test]
    fn alerts_and_budgets_change_when_the_model_says_so(
        samples in series(), window in windows(), policy in policies(), seconds in 10..900_u64,
        target in prop::sample::select(vec!["99.99%", "99.9%", "99%", "90%", "50%"]),
    ) {
        let slo = slo(target, window).status(Status::Agreed);
        let every = interval(&samples, seconds);
        let simulation = Simulation::of(&slo, START).policy(policy.clone()).evaluated_every(every);
        let timeline = simulation.run(samples.iter().copied()).unwrap();

        let model = Model::new(&slo, &samples);
        let alerts = policy.for_slo(&slo);
        let mut firing = vec![false; alerts.conditions().len() + 1];
        let mut is = AlertState::Ok;
        let (mut told, mut budgets) = (Vec::new(), Vec::new());
        let end = timeline.end().at();
        let mut now = START + every;
        while now <= end {
            firing = model.firing(&alerts, &firing, now);
            let before = std::mem::replace(&mut is, state(&alerts, &firing, model.mostly_left(&alerts, now)));
            if is != before {
                told.push((now, before, is));
            }
            if let Some(seen) = model.window(now) {
                let is = model.budget_state(now, seen);
                if budgets.last().is_none_or(|(_, was, _)| *was != is) {
                    budgets.push((now, is, seen.0));
                }
            }
            now = now + every;
        }
        let changes = timeline.alert_changes().iter();
        let changes: Vec<_> = changes.map(|change| (change.at(), change.from(), change.to())).collect();
        prop_assert_eq!(changes, told);
        let changes = timeline.budget_changes().iter();
        let changes: Vec<_> = changes.map(|change| (change.at(), change.budget().state(), change.budget().seen())).collect();
        prop_assert_eq!(changes, budgets);
    }

    #[test]
    fn every_look_is_what_the_model_sees_and_changes_nothing(
        samples in series(), window in windows(), seconds in 10..900_u64,
        places in prop::collection::vec(0..=1_000_u32, 1..20),
    ) {
        let slo = slo("99.9%", window);
        let every = interval(&samples, seconds);
        let end = samples.last().unwrap().at();
        let looks: Vec<_> = places.iter().map(|part| START + end.since(START) / 1_000 * *part).collect();
        let blind = Simulation::of(&slo, START).evaluated_every(every).gate(GateRules::default()).judged_every(every * 3);
        let looking = blind.clone().looks_at(looks.iter().copied());
        let blind = blind.run(samples.iter().copied()).unwrap();
        let timeline = looking.run(samples.iter().copied()).unwrap();

        let model = Model::new(&slo, &samples);
        for look in timeline.looks().iter().chain([timeline.end()]) {
            let Some((seen, covered, asked)) = model.window(look.at()) else {
                prop_assert_eq!(look.budget().state(), BudgetState::NoData);
                continue;
            };
            prop_assert_eq!(look.budget().seen(), seen, "at {:?}", look.at());
            prop_assert_eq!(look.budget().coverage(), Ratio::new(covered, asked).unwrap());
        }
        let mut expected = looks.clone();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(timeline.looks().iter().map(Look::at).collect::<Vec<_>>(), expected);
        prop_assert_eq!(timeline.budget_changes(), blind.budget_changes());
        prop_assert_eq!(timeline.gate_changes(), blind.gate_changes());
        prop_assert_eq!(timeline.alert_changes(), blind.alert_changes());
        prop_assert_eq!(timeline.coverage(), Ratio::new(model.covered(START, end), overlap((START, end), (START, end))));
    }

    /// Each whole minute is a slice: as if one event had come at its end, good or bad as the minute was.
    #[test]
    fn slices_are_played_as_the_events_that_they_are(
        minutes in prop::collection::vec(prop_oneof![5 => counts(), 5 => Just(Some(Events::new(9, 1)))], 1..400),
        window in windows(), limit in prop::sample::select(vec!["100%", "90%", "50%"]),
    ) {
        let slices = TimeSlices::new(Duration::from_secs(60), limit.parse().unwrap()).unwrap();
        let played = |slo: &Slo, seen: &[Option<Events>]| {
            let samples = (1..).map(minute).zip(seen);
            let samples = samples.map(|(at, seen)| seen.map_or(Sample::gap(at), |events| Sample::new(at, events)));
            Simulation::of(slo, START).gate(GateRules::default()).run(samples).unwrap()
        };
        let plain = slo("99%", window);
        let judged: Vec<_> = minutes.iter().map(|seen| {
            seen.map(|events| slices.judge(events).map_or(Events::default(), Events::one))
        }).collect();
        prop_assert_eq!(played(&plain.clone().in_time_slices(slices), &minutes), played(&plain, &judged));
    }

    #[test]
    fn only_a_series_in_order_is_played(
        samples in series(), place in any::<prop::sample::Index>(), back in 0..100_000_000_u64,
    ) {
        let simulation = Simulation::of(&slo("99.9%", "1h"), START).evaluated_every(Duration::from_secs(86_400));
        let mut samples = samples;
        let place = place.index(samples.len());
        let before = samples[place].at();
        let at = before.saturating_sub(Duration::from_micros(back));
        samples.insert(place + 1, Sample::new(at, Events::default()));
        let refused = simulation.run(samples).unwrap_err();
        prop_assert_eq!(refused, SeriesError::NotAfter { index: place + 1, at, before });
    }
}
