//! One pass over a series.

use core::time::Duration;

use super::unseen::Unseen;
use super::{AlertChange, BudgetChange, Look, Sample, SeriesError, Simulation, Timeline};
use crate::alert::{AlertState, AlertWatch, Alerts, Seen, Transition};
use crate::gate::{Evidence, GateRules, Latency, Observation, Request, Unseen as Why, Verdict};
use crate::{BurnRate, BurnWindow, ErrorBudget, Events, Ratio, Reading, Slo, SloTracker, Tick, Tracker};

/// Everything between two samples.
pub(super) struct Run<'a> {
    simulation: &'a Simulation,
    counted: SloTracker,
    unseen: Unseen,
    watch: AlertWatch<fn(&Transition<'_>)>,
    gate: Option<Gate<'a>>,
    /// The last sample's moment.
    now: Tick,
    /// How long after the last event no window can hold it.
    memory: Duration,
    evaluations: Beat,
    judgements: Beat,
    looks: &'a [Tick],
    alerts: Vec<AlertChange>,
    budgets: Vec<BudgetChange>,
    verdicts: Vec<Verdict>,
    looked: Vec<Look>,
}

impl<'a> Run<'a> {
    pub(super) fn new(simulation: &'a Simulation) -> Self {
        let Simulation { slo, started, .. } = simulation;
        let alerts = simulation.policy.for_slo(slo);
        let gate = simulation.gate.as_ref().map(|rules| Gate::new(rules, *started));
        let longest = gate
            .as_ref()
            .map_or(Duration::ZERO, Gate::longest)
            .max(slo.window().longest());
        let before = simulation.looks.partition_point(|look| look < started);
        Self {
            simulation,
            counted: counting(slo, *started),
            unseen: Unseen::default(),
            watch: AlertWatch::new(alerts, |_| {}),
            now: *started,
            memory: longest + LONGEST_STEP,
            evaluations: Beat::new(*started, Some(simulation.every)),
            judgements: Beat::new(*started, gate.as_ref().map(|_| simulation.judged_every)),
            looks: &simulation.looks[before..],
            gate,
            alerts: Vec::new(),
            budgets: Vec::new(),
            verdicts: Vec::new(),
            looked: Vec::new(),
        }
    }

    pub(super) fn play(&mut self, index: usize, sample: &Sample) -> Result<(), SeriesError> {
        let (at, before) = (sample.at(), self.now);
        if at <= before {
            return Err(SeriesError::NotAfter { index, at, before });
        }
        if sample.events().is_none() {
            // At once: it is unseen from its first moment on, not from its last.
            self.unseen.add(before, at);
        }
        // What is due at the sample's own moment sees it.
        self.catch_up(Tick::from_unix_nanos(at.as_unix_nanos() - 1));
        self.count(sample).ok_or(SeriesError::TooMany { index })?;
        self.now = at;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Timeline {
        self.catch_up(self.now);
        let end = self.look(self.now);
        let started = self.simulation.started;
        Timeline {
            started,
            unseen: self.unseen.between(started, self.now),
            alerts: self.alerts,
            budgets: self.budgets,
            verdicts: self.verdicts,
            looks: self.looked,
            end,
        }
    }

    /// A nanosecond before its moment: the step that ends there holds it, and the next one does not.
    fn count(&mut self, sample: &Sample) -> Option<()> {
        let at = sample.at().saturating_sub(Duration::from_nanos(1));
        if let Some(events) = sample.events() {
            record(&self.counted, at, events)?;
        }
        if let Some(gate) = &mut self.gate {
            gate.count(at, sample)?;
        }
        Some(())
    }

    /// Everything that is due up to a moment, with the events so far.
    fn catch_up(&mut self, last: Tick) {
        // From here on all windows are empty, until the next sample; what an evaluation says now, all of them say.
        let settled = self.now + self.memory;
        loop {
            let look = self.looks.first().copied().unwrap_or(NEVER);
            let at = self.evaluations.next.min(self.judgements.next).min(look);
            if at > last || at == NEVER {
                return;
            }
            if self.evaluations.next == at {
                self.evaluate(at);
                self.evaluations.step(at >= settled, last);
            }
            if self.judgements.next == at {
                self.judge(at);
                self.judgements.step(at >= settled, last);
            }
            if look == at {
                let look = self.look(at);
                self.looked.push(look);
                self.looks = &self.looks[1..];
            }
        }
    }

    fn evaluate(&mut self, at: Tick) {
        if let Some(budget) = self.budget(at) {
            let last = self.budgets.last();
            if last.is_none_or(|last| last.budget.state() != budget.state()) {
                self.budgets.push(BudgetChange { at, budget });
            }
        }
        let from = self.watch.state();
        if from == AlertState::Ok && is_calm(self.watch.alerts(), self.counted.at(at), at) {
            return;
        }
        let (counted, unseen) = (self.counted.at(at), &self.unseen);
        let evaluation = self.watch.evaluate(at, |window| seen(counted, unseen, at, window));
        if evaluation.state() != from {
            let evaluation = evaluation.clone();
            self.alerts.push(AlertChange { at, from, evaluation });
        }
    }

    fn judge(&mut self, at: Tick) {
        let Some(verdict) = self.verdict(at) else {
            return;
        };
        let said = |verdict: &Verdict| (verdict.decision, verdict.would_have_been);
        if self.verdicts.last().map(said) != Some(said(&verdict)) {
            self.verdicts.push(verdict);
        }
    }

    fn look(&self, at: Tick) -> Look {
        let nothing = ErrorBudget::observed(self.simulation.slo.target(), Events::default());
        Look {
            at,
            budget: self.budget(at).unwrap_or(nothing.covering(Ratio::saturating(0, 1))),
            alert: self.watch.state(),
            verdict: self.verdict(at),
        }
    }

    /// `None` in the moment in which a calendar period begins.
    fn budget(&self, at: Tick) -> Option<ErrorBudget> {
        let slo = &self.simulation.slo;
        let reading = self.counted.at(at).read(at, slo.window());
        let coverage = coverage(&self.unseen, reading)?;
        let budget = ErrorBudget::observed(slo.target(), reading.events()).covering(coverage);
        Some(budget.so_far(slo.window(), at))
    }

    fn verdict(&self, at: Tick) -> Option<Verdict> {
        let gate = self.gate.as_ref()?;
        let slo = &self.simulation.slo;
        let budget = self.counted.at(at).read(at, slo.window());
        let evidence = gate.evidence(&self.unseen, at);
        let evidence = evidence.budget(slo.name(), observation(&self.unseen, budget, |events| events));
        Some(gate.rules.judge_each(
            SERVICE,
            core::slice::from_ref(slo),
            &evidence,
            &Request::deploy(),
            at.into(),
        ))
    }
}

/// What the gate looks at beside the budget.
struct Gate<'a> {
    rules: &'a GateRules,
    requests: SloTracker,
    latency: SloTracker,
    has_requests: bool,
    has_latency: bool,
}

impl<'a> Gate<'a> {
    fn new(rules: &'a GateRules, started: Tick) -> Self {
        Self {
            rules,
            requests: SloTracker::events(rules.bad_ratio.over, started),
            latency: SloTracker::events(rules.p95.over, started),
            has_requests: false,
            has_latency: false,
        }
    }

    fn longest(&self) -> Duration {
        self.rules.bad_ratio.over.longest().max(self.rules.p95.over.longest())
    }

    fn count(&mut self, at: Tick, sample: &Sample) -> Option<()> {
        if let Some(events) = sample.request_events() {
            self.has_requests = true;
            record(&self.requests, at, events)?;
        }
        if let Some(events) = sample.latency_events() {
            self.has_latency = true;
            record(&self.latency, at, events)?;
        }
        Some(())
    }

    fn evidence(&self, unseen: &Unseen, at: Tick) -> Evidence {
        let requests = self.requests.at(at).read(at, self.rules.bad_ratio.over);
        let latency = self.latency.at(at).read(at, self.rules.p95.over);
        let limit = self.rules.p95.limit;
        Evidence::new(
            if self.has_requests {
                observation(unseen, requests, |events| events)
            } else {
                Observation::unseen(SOURCE, Why::NeverSeen)
            },
            if self.has_latency {
                observation(unseen, latency, |events| Latency::Counts { limit, events })
            } else {
                Observation::unseen(SOURCE, Why::NeverSeen)
            },
        )
    }
}

/// Moments at a fixed interval.
struct Beat {
    next: Tick,
    interval: Duration,
}

impl Beat {
    /// The first is one interval after the start; without an interval there is none.
    fn new(started: Tick, interval: Option<Duration>) -> Self {
        let next = interval.map_or(NEVER, |interval| started + interval);
        let interval = interval.unwrap_or_default();
        Self { next, interval }
    }

    /// Goes on; over all that is due up to `last`, if nothing can happen until then.
    fn step(&mut self, skip: bool, last: Tick) {
        let mut steps = 1;
        if skip {
            let (left, interval) = (last.since(self.next).as_nanos(), self.interval.as_nanos());
            // No more than there are nanoseconds to a tick.
            steps = u64::try_from(left / interval.max(1))
                .unwrap_or(u64::MAX)
                .saturating_add(1);
        }
        let nanos = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
        self.next = self.next + Duration::from_nanos(nanos.saturating_mul(steps));
    }
}

/// Whether nothing can fire. No condition is over its factor: an upper bound of each long window's rate is not, as if all of it had been
/// measured. Most moments of most series are, and this costs half of what judging does.
fn is_calm(alerts: &Alerts, counted: &Tracker, at: Tick) -> bool {
    let mut conditions = alerts.conditions().iter().chain(alerts.trickle());
    conditions.all(|condition| {
        let events = counted.read_last(at, condition.long()).events();
        let rate = BurnRate::of(condition.target(), events);
        !rate.is_some_and(|rate| rate.exceeds(condition.factor()))
    }) && alerts
        .excluded(|window| counted.read_last(at, window).into())
        .is_none_or(|share| !share.verdict().is_firing())
}

fn seen(counted: &Tracker, unseen: &Unseen, at: Tick, window: BurnWindow) -> Seen {
    let reading = counted.read_last(at, window);
    Seen::part_of_it(reading.events(), covered(unseen, reading))
}

/// The measured time of a window without the gaps in it.
fn covered(unseen: &Unseen, reading: Reading) -> Duration {
    let (to, covered) = (reading.to(), reading.covered());
    covered.saturating_sub(unseen.between(to.saturating_sub(covered), to))
}

fn coverage(unseen: &Unseen, reading: Reading) -> Option<Ratio> {
    let nanos = u64::try_from(covered(unseen, reading).as_nanos()).ok()?;
    Ratio::new(nanos, reading.coverage()?.whole())
}

fn observation<T>(unseen: &Unseen, reading: Reading, as_seen: impl FnOnce(Events) -> T) -> Observation<T> {
    let observation = Observation::seen(SOURCE, as_seen(reading.events()));
    match coverage(unseen, reading) {
        Some(coverage) => observation.covering(coverage),
        None => observation,
    }
}

/// What counts an SLO's events or slices; of a composite, what it is given as its events.
fn counting(slo: &Slo, started: Tick) -> SloTracker {
    match slo.composite() {
        Some(_) => SloTracker::events(slo.window(), started),
        None => SloTracker::of(slo, started),
    }
}

/// `None` when a total would not be exact any more.
fn record(tracker: &SloTracker, at: Tick, events: Events) -> Option<()> {
    let exact = |events: Events| events.good().checked_add(events.bad())?.checked_add(events.excluded());
    exact(tracker.recorded())?.checked_add(exact(events)?)?;
    tracker.record_many(at, events);
    Some(())
}

const SERVICE: &str = "simulation";
const SOURCE: &str = "series";
const NEVER: Tick = Tick::from_unix_nanos(u64::MAX);
/// A tracker's window begins up to one step early.
const LONGEST_STEP: Duration = Duration::from_secs(86_400);
