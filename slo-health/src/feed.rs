//! The events of freshness SLOs: one per tick of a timer, however many probes come.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use slo_core::{Attempt, AttemptSink, Attempted, DownCounts, Outcome};
use tokio::{runtime::Handle, task::JoinSet};

use crate::{
    health::SyntheticHealth,
    ticks::{Found, Look, Ticks},
    verdict::{Reason, State},
};

impl SyntheticHealth {
    /// Prepares to feed freshness SLOs: one event per SLO and 30 s, by a timer and never by requests.
    ///
    /// At each tick the checks are asked the way a probe asks them, so that FRESH is proven from the cache and a read
    /// is shared with whoever else waits for it. What they say is one event:
    ///
    /// | state | event |
    /// | --- | --- |
    /// | fresh, warn | good |
    /// | stale, empty, invalid | bad |
    /// | error, timeout | bad, or what [`when_unknown`](FeedBuilder::when_unknown) says |
    /// | error, because the read's runtime shut down | excluded: it says nothing about the data |
    ///
    /// The first event comes with the first verdict and not with the start: a check that has not answered by its
    /// deadline when it is first asked gets until the next tick, so that a rolling restart with cold caches burns no
    /// budget. From the second tick on no answer is an event like any other. Ticks that were missed, because the
    /// machine slept or the runtime stalled, are not made up for.
    ///
    /// # Examples
    ///
    /// With `slo-axum`, whose `EventSink` takes the events of an SLO with a `synthetic` or `events` SLI:
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use chrono::Utc;
    /// use slo_axum::Reliability;
    /// use slo_core::SloSet;
    /// use slo_health::{Freshness, SyntheticHealth};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let slos = SloSet::from_yaml(
    ///     "
    ///     version: 1
    ///     service: real-estate
    ///     slos:
    ///       - name: real-price-freshness
    ///         objective: 99%
    ///         window: 30d
    ///         sli: { synthetic: { path: /real-price/synthetic/health } }
    ///     ",
    /// )?;
    /// let reliability = Reliability::builder(slos).build()?;
    /// let prices = SyntheticHealth::builder()
    ///     .check("transactions", Freshness::within(Duration::from_secs(3600)), async || Ok::<_, Infallible>(Utc::now()))
    ///     .build()?;
    ///
    /// let feed = prices.feed().whole(reliability.events("real-price-freshness")?).start()?;
    /// # while reliability.status().slos[0].totals.all() == 0 { tokio::task::yield_now().await }
    /// // ... a moment later:
    /// assert_eq!(reliability.status().slos[0].totals.good(), 1);
    /// drop(feed); // when the server has stopped
    ///
    /// let unknown = prices.feed().check("transaction", reliability.events("real-price-freshness")?).start();
    /// assert!(unknown.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn feed(&self) -> FeedBuilder {
        FeedBuilder {
            health: self.clone(),
            every: EVERY,
            unknown: DownCounts::default(),
            targets: Vec::new(),
        }
    }
}

/// Collects what is fed; [`start`](Self::start) looks at the whole.
#[must_use = "nothing is fed before `start`"]
pub struct FeedBuilder {
    health: SyntheticHealth,
    every: Duration,
    unknown: DownCounts,
    targets: Vec<Target>,
}

/// One SLO that is fed.
struct Target {
    of: Of,
    sink: Box<dyn AttemptSink + Send + Sync>,
    /// It was asked for once: from then on no answer is an answer.
    asked: bool,
    /// What it was told last.
    told: Option<Outcome>,
}

/// Whose verdict is told.
#[derive(Debug)]
enum Of {
    Whole,
    Check(String),
}

impl FeedBuilder {
    /// Tells this sink what the whole endpoint says: the [deciding](crate::Report::deciding) check of each tick.
    ///
    /// A sink is `slo_axum::EventSink` or any closure that takes a [`slo_core::Attempted`], whose
    /// [`outcome`](Attempted::outcome) is the event. It must return at once.
    pub fn whole(self, sink: impl AttemptSink + Send + Sync + 'static) -> Self {
        self.add(Of::Whole, sink)
    }

    /// Tells this sink what the check of this name says, as [`whole`](Self::whole) does for all of them.
    pub fn check(self, name: impl Into<String>, sink: impl AttemptSink + Send + Sync + 'static) -> Self {
        self.add(Of::Check(name.into()), sink)
    }

    /// The time between two events of an SLO, 30 s unless said otherwise.
    pub fn every(self, interval: Duration) -> Self {
        Self {
            every: interval,
            ..self
        }
    }

    /// What it is for these SLOs that a check failed or did not answer, so that nobody knows the data: bad unless said
    /// otherwise.
    ///
    /// The `down_counts` of an SLO's [`SyntheticSli`](slo_core::SyntheticSli) is about probes that get no answer. That
    /// has no like in the process: one that is down tells no events, and its gap shows as missing coverage. A check that
    /// fails is an answer, and by default it is a bad one in the process as in the fleet. Say
    /// [`DownCounts::Excluded`] where another SLO counts the outages of the data's store already; a check that never
    /// works again then leaves an SLO of excluded events only, which is not 100 %.
    pub fn when_unknown(self, unknown: DownCounts) -> Self {
        Self { unknown, ..self }
    }

    /// Starts to feed, within the runtime that this is called in, until the [`Feed`] is dropped.
    ///
    /// # Errors
    ///
    /// The first mistake found; see [`FeedError`].
    ///
    /// # Panics
    ///
    /// When the tokio runtime has no time driver; `#[tokio::main]` and `enable_all` give it one.
    pub fn start(self) -> Result<Feed, FeedError> {
        self.validate()?;
        let _runtime = Handle::try_current().map_err(|_| FeedError::NoRuntime)?;
        let (every, unknown) = (self.every, self.unknown);
        let mut tasks = JoinSet::new();
        for (health, targets) in self.endpoints() {
            tasks.spawn(run(Ticks::new(health, every), targets, unknown));
        }
        Ok(Feed { tasks })
    }

    fn add(mut self, of: Of, sink: impl AttemptSink + Send + Sync + 'static) -> Self {
        self.targets.push(Target {
            of,
            sink: Box::new(sink),
            asked: false,
            told: None,
        });
        self
    }

    fn validate(&self) -> Result<(), FeedError> {
        if self.targets.is_empty() {
            return Err(FeedError::NothingToFeed);
        }
        if self.every.is_zero() {
            return Err(FeedError::ZeroInterval);
        }
        let known: Vec<_> = self.health.each().map(|(name, _)| name.to_owned()).collect();
        for target in &self.targets {
            match &target.of {
                Of::Check(name) if !known.contains(name) => {
                    let name = name.clone();
                    return Err(FeedError::UnknownCheck { name, known });
                }
                Of::Check(_) | Of::Whole => {}
            }
        }
        Ok(())
    }

    /// What is asked, with whom it is told: everything together where the whole is fed, so that the whole and its checks
    /// never disagree; else only the checks that are fed, each at its own pace.
    fn endpoints(self) -> Vec<(SyntheticHealth, Vec<Target>)> {
        let Self {
            health, mut targets, ..
        } = self;
        if targets.iter().any(|target| matches!(target.of, Of::Whole)) {
            return vec![(health, targets)];
        }
        let mut endpoints = Vec::new();
        for (name, alone) in health.each() {
            let (its, others): (Vec<_>, _) = targets.into_iter().partition(|target| target.of.is_check(name));
            targets = others;
            if !its.is_empty() {
                endpoints.push((alone, its));
            }
        }
        endpoints
    }
}

impl fmt::Debug for FeedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fed: Vec<_> = self.targets.iter().map(|target| &target.of).collect();
        f.debug_struct("FeedBuilder")
            .field("health", &self.health)
            .field("every", &self.every)
            .field("unknown", &self.unknown)
            .field("fed", &fed)
            .finish()
    }
}

impl Of {
    fn is_check(&self, name: &str) -> bool {
        matches!(self, Self::Check(check) if check == name)
    }

    fn found(&self, look: &Look) -> Found {
        match self {
            Self::Whole => look.whole(),
            Self::Check(name) => look.check(name),
        }
    }
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "all checks",
            Self::Check(name) => name,
        })
    }
}

/// Feeds until it is dropped. After that no tick is begun; an event that is being told at this moment still arrives.
#[derive(Debug)]
#[must_use = "dropping the feed stops it; keep it for as long as the service runs"]
pub struct Feed {
    /// Aborted when dropped.
    tasks: JoinSet<()>,
}

impl Feed {
    /// Stops, and returns when no event can follow any more: before the last flush of the metrics, say.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Why nothing is fed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// No sink was given.
    #[error("there is nothing to feed; give a sink with `whole` or `check`")]
    NothingToFeed,
    /// The interval is zero, so that events would be told without end.
    #[error("the interval is 0 s; give the time between two events, like 30 s")]
    ZeroInterval,
    /// No check has this name.
    #[error("there is no check named `{name}`; feed {}, or `whole`", OneOf(.known))]
    UnknownCheck {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// It was started outside of a tokio runtime.
    #[error("there is no tokio runtime here; start the feed in async code or within `Runtime::enter`")]
    NoRuntime,
}

/// `a`, or `one of a, b`.
struct OneOf<'a>(&'a [String]);

impl fmt::Display for OneOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [only] => write!(f, "`{only}`"),
            names => write!(f, "one of {}", names.join(", ")),
        }
    }
}

async fn run(mut ticks: Ticks, mut targets: Vec<Target>, unknown: DownCounts) {
    while let Some(look) = ticks.next().await {
        for target in &mut targets {
            let found = target.of.found(&look);
            target.tell(found, unknown);
        }
    }
}

impl Target {
    /// Makes one event of what was found, or none of a first look that found nothing yet.
    fn tell(&mut self, found: Found, unknown: DownCounts) {
        let first = !std::mem::replace(&mut self.asked, true);
        if first && found.state == State::Timeout {
            return;
        }
        let outcome = outcome(found, unknown);
        self.log_change(found, outcome);
        // One sink that panics must not end the events of the others.
        if catch_unwind(AssertUnwindSafe(|| take(&*self.sink, outcome))).is_err() {
            tracing::error!(of = %self.of, "the sink of a freshness SLO panicked; the event is lost");
        }
    }

    fn log_change(&mut self, found: Found, outcome: Outcome) {
        let before = self.told.replace(outcome);
        let (of, state, reason) = (&self.of, found.state.as_str(), found.reason.as_str());
        match Change::between(before, outcome) {
            Change::None => {}
            Change::Bad => tracing::warn!(%of, state, reason, "freshness events are bad from now on"),
            Change::NotBad => tracing::info!(%of, state, reason, "freshness events are not bad any more"),
        }
    }
}

/// What is worth a line in the log: a beginning or an end, and not each event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Change {
    None,
    Bad,
    NotBad,
}

impl Change {
    fn between(before: Option<Outcome>, now: Outcome) -> Self {
        match (before == Some(Outcome::Bad), now == Outcome::Bad) {
            (false, true) => Self::Bad,
            (true, false) => Self::NotBad,
            (false, false) | (true, true) => Self::None,
        }
    }
}

/// The event that a verdict is: the only place that decides it.
fn outcome(found: Found, unknown: DownCounts) -> Outcome {
    match found.state {
        State::Fresh | State::Warn => Outcome::Good,
        State::Stale | State::Empty | State::Invalid => Outcome::Bad,
        State::Error | State::Timeout if found.reason == Reason::CheckCancelled => Outcome::Excluded,
        State::Error | State::Timeout => unknown.outcome(),
    }
}

/// An event is an attempt that was decided at the first try; that is the kind of sink that all events have.
fn take(sink: &dyn AttemptSink, outcome: Outcome) {
    let event = Attempt::start(|attempted: Attempted| sink.take(attempted));
    match outcome {
        Outcome::Good => event.succeeded(),
        Outcome::Bad => event.gave_up(),
        _ => event.withdrawn(),
    }
}

const EVERY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    const fn found(state: State, reason: Reason) -> Found {
        Found { state, reason }
    }

    #[test]
    fn every_state_is_one_kind_of_event() {
        let states = [
            (State::Fresh, Outcome::Good),
            (State::Warn, Outcome::Good),
            (State::Stale, Outcome::Bad),
            (State::Empty, Outcome::Bad),
            (State::Invalid, Outcome::Bad),
            (State::Error, Outcome::Bad),
            (State::Timeout, Outcome::Bad),
        ];
        for (state, expected) in states {
            assert_eq!(outcome(found(state, Reason::CheckFailed), DownCounts::Bad), expected);
            let unknown = matches!(state, State::Error | State::Timeout);
            let expected = if unknown { Outcome::Excluded } else { expected };
            assert_eq!(
                outcome(found(state, Reason::CheckFailed), DownCounts::Excluded),
                expected
            );
        }
    }

    #[test]
    fn a_read_whose_runtime_went_away_says_nothing_about_the_data() {
        let cancelled = found(State::Error, Reason::CheckCancelled);
        assert_eq!(outcome(cancelled, DownCounts::Bad), Outcome::Excluded);
    }

    #[test]
    fn an_event_reaches_the_sink_once_and_as_it_is() {
        for outcome in Outcome::ALL {
            let (told, taken) = std::sync::mpsc::channel();
            take(
                &move |attempted: Attempted| told.send(attempted.outcome()).unwrap(),
                outcome,
            );
            assert_eq!(taken.iter().collect::<Vec<_>>(), [outcome]);
        }
    }

    #[test]
    fn only_the_beginning_and_the_end_of_bad_events_are_worth_a_line() {
        let [good, bad, excluded] = Outcome::ALL;
        let cases = [
            (None, good, Change::None),
            (None, bad, Change::Bad),
            (Some(good), good, Change::None),
            (Some(good), bad, Change::Bad),
            (Some(excluded), bad, Change::Bad),
            (Some(bad), bad, Change::None),
            (Some(bad), good, Change::NotBad),
            (Some(bad), excluded, Change::NotBad),
            (Some(good), excluded, Change::None),
        ];
        for (before, now, expected) in cases {
            assert_eq!(Change::between(before, now), expected, "{before:?}, {now:?}");
        }
    }

    #[test]
    fn a_target_remembers_what_it_was_told() {
        let mut target = Target {
            of: Of::Whole,
            sink: Box::new(|_: Attempted| {}),
            asked: false,
            told: None,
        };
        let told = [
            (found(State::Timeout, Reason::NoAnswer), None), // at first
            (found(State::Stale, Reason::PastLimit), Some(Outcome::Bad)),
            (found(State::Fresh, Reason::WithinLimit), Some(Outcome::Good)),
            (found(State::Timeout, Reason::NoAnswer), Some(Outcome::Bad)),
        ];
        for (found, expected) in told {
            target.tell(found, DownCounts::Bad);
            assert_eq!(target.told, expected, "{found:?}");
        }
    }

    #[test]
    fn refusals_say_what_to_write_instead() {
        let unknown = |known: &[&str]| FeedError::UnknownCheck {
            name: "sale".into(),
            known: known.iter().map(|&name| name.to_owned()).collect(),
        };
        let messages = [
            (
                FeedError::NothingToFeed,
                "there is nothing to feed; give a sink with `whole` or `check`",
            ),
            (
                FeedError::ZeroInterval,
                "the interval is 0 s; give the time between two events, like 30 s",
            ),
            (
                unknown(&["sales"]),
                "there is no check named `sale`; feed `sales`, or `whole`",
            ),
            (
                unknown(&["sales", "chat"]),
                "there is no check named `sale`; feed one of sales, chat, or `whole`",
            ),
            (
                FeedError::NoRuntime,
                "there is no tokio runtime here; start the feed in async code or within `Runtime::enter`",
            ),
        ];
        for (error, message) in messages {
            assert_eq!(error.to_string(), message);
        }
    }
}
