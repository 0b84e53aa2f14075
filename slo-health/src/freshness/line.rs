//! What a rule makes of one observation, for all time.

use chrono::{DateTime, Utc};

use crate::verdict::{Reason, Signal, State};

/// A state, why, and by what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) state: State,
    pub(crate) reason: Reason,
    pub(crate) signal: Option<Signal>,
    /// How many rows there are, and how many are needed.
    pub(crate) rows: Option<(u64, u64)>,
}

impl Finding {
    pub(crate) const fn new(state: State, reason: Reason, signal: Signal) -> Self {
        Self {
            state,
            reason,
            signal: Some(signal),
            rows: None,
        }
    }

    pub(crate) const fn missing(signal: Signal) -> Self {
        Self::new(State::Invalid, Reason::SignalMissing, signal)
    }

    /// The more serious of the two, `self` between equals.
    pub(crate) const fn or_worse(self, other: Self) -> Self {
        if other.state.rank() > self.state.rank() {
            other
        } else {
            self
        }
    }
}

/// What a rule finds in an observation when nothing more lands: something from the beginning of time on, something else
/// from an instant on, and so on. As the rule of an observation does not depend on now, the verdict of any instant, the
/// next change and the end of a proof are all read off the same line and cannot contradict one another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    first: Finding,
    steps: [Option<(DateTime<Utc>, Finding)>; STEPS],
}

impl Line {
    pub(crate) const fn always(finding: Finding) -> Self {
        Self {
            first: finding,
            steps: [None; STEPS],
        }
    }

    /// From `from` on it is `finding`, whatever was said of that time before. `None` is an instant that never comes.
    pub(crate) fn then(mut self, from: Option<DateTime<Utc>>, finding: Finding) -> Self {
        let Some(from) = from else { return self };
        let kept = self.steps.iter().flatten().filter(|(at, _)| *at < from).count();
        self.steps[kept..].fill(None);
        match self.steps.get_mut(kept) {
            _ if from <= DateTime::<Utc>::MIN_UTC => self.first = finding,
            Some(free) => *free = Some((from, finding)),
            None => self.steps[STEPS - 1] = Some((from, finding)), // no rule has that many
        }
        self
    }

    /// Before `until` it is `finding`, whatever was said of that time; always when that instant never comes.
    pub(crate) fn but_before(self, until: Option<DateTime<Utc>>, finding: Finding) -> Self {
        let Some(until) = until else {
            return Self::always(finding);
        };
        let line = Self::always(finding).then(Some(until), self.at(until));
        let after = self.steps.iter().flatten().filter(|(at, _)| *at > until);
        after.fold(line, |line, &(at, finding)| line.then(Some(at), finding))
    }

    pub(crate) fn at(&self, now: DateTime<Utc>) -> Finding {
        let begun = self.steps.iter().flatten().take_while(|(at, _)| *at <= now);
        begun.last().map_or(self.first, |&(_, finding)| finding)
    }

    /// The first step after `now`.
    pub(crate) fn step_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.instants().find(|at| *at > now)
    }

    /// The step that led to where the line is at `now`.
    pub(crate) fn step_up_to(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.instants().take_while(|at| *at <= now).last()
    }

    fn instants(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.steps.iter().flatten().map(|&(at, _)| at)
    }
}

/// Invalid, fresh, in the grace of a rollover, warn, stale: at most four steps.
const STEPS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Finding = Finding::new(State::Fresh, Reason::WithinLimit, Signal::Age);
    const WARN: Finding = Finding::new(State::Warn, Reason::PastWarning, Signal::Age);
    const STALE: Finding = Finding::new(State::Stale, Reason::PastLimit, Signal::Age);
    const INVALID: Finding = Finding::new(State::Invalid, Reason::InTheFuture, Signal::Age);

    fn at(seconds: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(seconds, 0)
    }

    fn states(line: &Line) -> [State; 5] {
        [0, 10, 20, 30, 40].map(|seconds| line.at(at(seconds).unwrap()).state)
    }

    #[test]
    fn a_step_holds_from_its_instant_on() {
        let line = Line::always(FRESH).then(at(10), WARN).then(at(30), STALE);
        assert_eq!(
            states(&line),
            [State::Fresh, State::Warn, State::Warn, State::Stale, State::Stale]
        );
        assert_eq!(line.step_after(at(10).unwrap()), at(30));
        assert_eq!(line.step_up_to(at(29).unwrap()), at(10));
        assert_eq!(
            (line.step_up_to(at(9).unwrap()), line.step_after(at(30).unwrap())),
            (None, None)
        );
    }

    #[test]
    fn what_is_said_later_replaces_what_was_said_of_the_same_time() {
        let line = Line::always(FRESH)
            .then(at(20), WARN)
            .then(at(30), STALE)
            .then(at(20), STALE);
        assert_eq!(
            (line.at(at(20).unwrap()), line.step_after(at(20).unwrap())),
            (STALE, None)
        );
        let never = Line::always(FRESH).then(None, STALE);
        assert_eq!(never.at(DateTime::<Utc>::MAX_UTC), FRESH);
        let ever = Line::always(FRESH).then(Some(DateTime::<Utc>::MIN_UTC), STALE);
        assert_eq!(
            (
                ever.at(DateTime::<Utc>::MIN_UTC),
                ever.step_after(DateTime::<Utc>::MIN_UTC)
            ),
            (STALE, None)
        );
    }

    #[test]
    fn a_time_before_which_nothing_counts_keeps_what_comes_after() {
        let line = Line::always(FRESH).then(at(10), WARN).then(at(30), STALE);
        assert_eq!(
            states(&line.but_before(at(20), INVALID)),
            [State::Invalid, State::Invalid, State::Warn, State::Stale, State::Stale]
        );
        assert_eq!(states(&line.but_before(None, INVALID)), [State::Invalid; 5]);
        assert_eq!(
            states(&line.but_before(Some(DateTime::<Utc>::MIN_UTC), INVALID)),
            states(&line)
        );
    }
}
