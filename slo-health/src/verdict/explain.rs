//! A verdict in one sentence, for people.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use super::{Reason, Signal, Verdict};

impl Verdict {
    /// One plain sentence: the state, why, and the numbers behind it. It names no table, no host and no error text.
    ///
    /// The wording is for people and may change; programs look at [`state`](Self::state) and [`reason`](Self::reason).
    #[must_use]
    pub fn explain(&self) -> impl fmt::Display {
        Sentence(self)
    }
}

struct Sentence<'v>(&'v Verdict);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.state)?;
        self.why(f)?;
        f.write_str(if self.0.quiet { ", in a quiet window" } else { "" })
    }
}

impl Sentence<'_> {
    fn why(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (batch, age, limit) = (self.batch(), self.age(), self.limit());
        match self.0.reason {
            Reason::WithinLimit | Reason::PastWarning => write!(f, "{age} and may be {limit} old"),
            Reason::PastLimit => write!(f, "{age}, and more than {limit} is too old"),
            Reason::Landed => write!(f, "all that was due has landed, and {batch}"),
            Reason::LandingDue => write!(f, "{batch} and has not landed, but has some grace left"),
            Reason::MissedDeadline => write!(f, "{batch} and has not landed"),
            Reason::InPeriod | Reason::RolloverGrace | Reason::NotInPeriod => self.of_period(f),
            Reason::TooFewRows | Reason::FewerThanPrevious => self.of_rows(f),
            Reason::CalendarExpired => f.write_str("the list of holidays has ended, so what is due is a guess"),
            Reason::NoData => f.write_str("there is no data"),
            Reason::NoTimestamp => f.write_str("there is data, but nothing says when it happened"),
            Reason::SignalMissing => match self.0.signal {
                Some(signal) => write!(f, "the policy needs `{signal}`, which the check does not give"),
                None => f.write_str("the policy has nothing to judge by"),
            },
            Reason::InTheFuture => f.write_str("the data comes from the future, further than clocks may differ"),
            Reason::CheckFailed => f.write_str("the check failed, so nothing is known about the data"),
            Reason::CheckPanicked => f.write_str("the check panicked, so nothing is known about the data"),
            Reason::CheckCancelled => f.write_str("the check was cut off, so nothing is known about the data"),
            Reason::VerdictExpired => f.write_str("nobody has looked at the data for too long"),
            Reason::AsReported => f.write_str("the check says so itself"),
            Reason::NoAnswer => f.write_str("the check has not answered in time, so nothing is known about the data"),
        }
    }

    fn of_period(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the newest event is of {}", Known(self.0.cycle))?;
        let deadline = Known(self.0.deadline.map(Minute));
        match self.0.reason {
            Reason::NotInPeriod => write!(f, ", and a newer one was needed by {deadline}"),
            _ => write!(f, ", and a newer one is needed by {deadline}"),
        }
    }

    fn of_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, needed) = (Known(self.0.rows()), Known(self.0.rows_needed()));
        let before = if self.0.signal == Some(Signal::PreviousRows) {
            " before"
        } else {
            ""
        };
        let why = match self.0.reason {
            Reason::FewerThanPrevious => ", by how many there were before",
            _ => "",
        };
        write!(f, "there are {rows} rows{before}, and it takes {needed}{why}")
    }

    fn batch(&self) -> impl fmt::Display {
        let (state, cycle, deadline) = (self.0.reason, self.0.cycle, self.0.deadline);
        let verb = if state == Reason::Landed { "is" } else { "was" };
        // A closure would need `fmt::from_fn`, which is younger than the oldest compiler that this builds with.
        Batch {
            verb,
            cycle: Known(cycle),
            deadline: Known(deadline.map(Minute)),
        }
    }

    fn age(&self) -> impl fmt::Display {
        let what = if self.0.signal == Some(Signal::Loaded) {
            "load"
        } else {
            "event"
        };
        Age {
            what,
            age: Known(self.0.age.map(Plain)),
        }
    }

    fn limit(&self) -> impl fmt::Display {
        Known(self.0.limit.map(Plain))
    }
}

struct Batch {
    verb: &'static str,
    cycle: Known<super::Cycle>,
    deadline: Known<Minute>,
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, cycle, deadline } = self;
        write!(f, "the batch of {cycle} {verb} due at {deadline}")
    }
}

struct Age {
    what: &'static str,
    age: Known<Plain>,
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the newest {} is {} old", self.what, self.age)
    }
}

/// `some time` instead of nothing, at the ends of what a calendar can hold.
struct Known<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Known<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(known) => known.fmt(f),
            None => f.write_str("some time"),
        }
    }
}

/// An instant to the minute, and to the second where it has one.
struct Minute(DateTime<Utc>);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.timestamp() % 60 == 0;
        let format = if whole {
            "%Y-%m-%d %H:%M UTC"
        } else {
            "%Y-%m-%d %H:%M:%S UTC"
        };
        self.0.format(format).fmt(f)
    }
}

/// A duration in its two largest units, cut: `1 d 2 h`, `20 min`, `0 s`.
struct Plain(Duration);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let parts = [
            (seconds / 86_400, "d"),
            (seconds / 3600 % 24, "h"),
            (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
        ];
        let first = parts
            .iter()
            .position(|(count, _)| *count > 0)
            .unwrap_or(parts.len() - 1);
        let (count, unit) = parts[first];
        write!(f, "{count} {unit}")?;
        match parts.get(first + 1) {
            Some((count, unit)) if *count > 0 => write!(f, " {count} {unit}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_their_two_largest_units() {
        let plain = |seconds| Plain(Duration::from_secs(seconds)).to_string();
        assert_eq!(plain(0), "0 s");
        assert_eq!(plain(59), "59 s");
        assert_eq!(plain(90), "1 min 30 s");
        assert_eq!(plain(3600), "1 h");
        assert_eq!(plain(3601), "1 h");
        assert_eq!(plain(93_600), "1 d 2 h");
        assert_eq!(plain(u64::MAX), "213503982334601 d 7 h");
    }
}
