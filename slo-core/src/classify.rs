//! Good, bad or excluded: the one decision about a finished request.

mod ending;
mod reason;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::sync::Arc;

pub use ending::{Ending, EndingName, EndingNameError};
pub use reason::{Cause, Judgement, Override, Reason};

use crate::{Outcome, Threshold};

/// A class of status codes as a spec names it: one code (`429`) or a hundred (`5xx`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct StatusClass {
    first: u16,
    last: u16,
}

impl StatusClass {
    /// Server errors, `5xx`.
    pub const SERVER_ERROR: Self = Self { first: 500, last: 599 };
    /// `408 Request Timeout`, which a timeout layer inside the service answers.
    pub const REQUEST_TIMEOUT: Self = Self { first: 408, last: 408 };

    /// Whether the code is in the class.
    #[must_use]
    pub const fn contains(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }
}

/// Why a text is not a [`StatusClass`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a status code; write one from `100` to `599`, or a class from `1xx` to `5xx`")]
pub struct StatusClassError(String);

impl core::str::FromStr for StatusClass {
    type Err = StatusClassError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || StatusClassError(text.to_owned());
        if let Some(hundred) = text.strip_suffix("xx") {
            return match hundred.as_bytes() {
                [digit @ b'1'..=b'5'] => {
                    let first = u16::from(digit - b'0') * 100;
                    Ok(Self {
                        first,
                        last: first + 99,
                    })
                }
                _ => Err(refused()),
            };
        }
        match text.parse() {
            Ok(code @ 100..=599) if text.len() == 3 => Ok(Self {
                first: code,
                last: code,
            }),
            _ => Err(refused()),
        }
    }
}

impl core::fmt::Display for StatusClass {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}xx", self.first / 100)
        }
    }
}

/// The rules of one SLO: which status codes and endings are good, bad or excluded.
///
/// Bad by default: 5xx and 408; every other code is good. [`bad`](Self::bad) adds to that, [`good`](Self::good) and
/// [`excluded`](Self::excluded) take away, and where two of them name the same code the narrower class wins, then the
/// later call.
///
/// Errors, panics and timeouts without a code are bad whatever the codes say, and time decides about a client that left:
/// only [`ending`](Self::ending) moves them, by name. A panic that a layer inside turns into a 500 is a status code.
///
/// # Examples
///
/// ```
/// use slo_core::{Classification, Ending, EndingName, Outcome, StatusClass};
///
/// let rules = Classification::new().bad("429".parse::<StatusClass>()?).good("503".parse::<StatusClass>()?);
/// assert_eq!(rules.judge(Ending::Answered(429)), Some(Outcome::Bad));
/// assert_eq!(rules.judge(Ending::Answered(503)), Some(Outcome::Good));
/// assert_eq!(rules.judge(Ending::Answered(500)), Some(Outcome::Bad));
/// assert_eq!(rules.judge(Ending::Answered(404)), Some(Outcome::Good));
/// assert_eq!(rules.judge(Ending::Panicked), Some(Outcome::Bad));
/// assert_eq!(rules.judge(Ending::Cancelled), None); // time decides, see `Judge`
///
/// let moved = rules.ending(EndingName::Cancelled, Outcome::Excluded);
/// assert_eq!(moved.judge(Ending::Cancelled), Some(Outcome::Excluded));
/// # Ok::<(), slo_core::StatusClassError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Classification {
    rules: Vec<(StatusClass, Outcome)>,
    /// By [`EndingName::index`]; `None`: time decides.
    endings: [Option<Outcome>; EndingName::ALL.len()],
}

impl Classification {
    /// The defaults.
    pub fn new() -> Self {
        let mut endings = [Some(Outcome::Bad); EndingName::ALL.len()];
        endings[EndingName::Cancelled.index()] = None;
        Self {
            rules: vec![
                (StatusClass::SERVER_ERROR, Outcome::Bad),
                (StatusClass::REQUEST_TIMEOUT, Outcome::Bad),
            ],
            endings,
        }
    }

    /// Counts these codes as bad, too.
    pub fn bad(self, class: StatusClass) -> Self {
        self.with(class, Outcome::Bad)
    }

    /// Counts these codes as good.
    pub fn good(self, class: StatusClass) -> Self {
        self.with(class, Outcome::Good)
    }

    /// Leaves these codes out of the ratio.
    pub fn excluded(self, class: StatusClass) -> Self {
        self.with(class, Outcome::Excluded)
    }

    /// Counts an ending without a status code so; the later call wins.
    ///
    /// With [`EndingName::Cancelled`] excluded or good, a service that hangs for everybody is never bad: nobody waits for
    /// its answers for ever.
    pub fn ending(mut self, name: EndingName, outcome: Outcome) -> Self {
        self.endings[name.index()] = Some(outcome);
        self
    }

    /// Judges an ending by itself; `None` for a client that left, whose outcome depends on how long it waited unless it
    /// was moved by name.
    #[must_use]
    pub fn judge(&self, ending: Ending) -> Option<Outcome> {
        if let Ending::Answered(status) = ending {
            return Some(self.status(status));
        }
        self.endings[ending.name()?.index()]
    }

    /// Whether some request can end so. Of a client that left time decides, and it is bad or excluded then.
    #[cfg(feature = "yaml")]
    pub(crate) fn can_be(&self, outcome: Outcome) -> bool {
        let mut endings = self.endings.iter();
        let by_time = |ending: Option<Outcome>| ending.unwrap_or(Outcome::Bad);
        endings.any(|ending| by_time(*ending) == outcome) || (100..=599).any(|status| self.status(status) == outcome)
    }

    fn with(mut self, class: StatusClass, outcome: Outcome) -> Self {
        self.rules.push((class, outcome));
        self
    }

    fn status(&self, status: u16) -> Outcome {
        let width = |class: &StatusClass| class.last - class.first;
        let matching = self.rules.iter().filter(|(class, _)| class.contains(status));
        // `min_by_key` keeps the first of equals; the latest rule must win, so look from the end.
        matching
            .rev()
            .min_by_key(|(class, _)| width(class))
            .map_or(Outcome::Good, |(_, outcome)| *outcome)
    }
}

impl Default for Classification {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a client may wait before its leaving counts against the service, where no latency limit says so: 5 s.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(5);

/// A [`Classification`] with a latency limit and a patience, ready to judge: one array look-up per request.
///
/// - A client that left before `patience` is excluded: nothing can be said. At or after it, it is bad for every SLO, or
///   a service that hangs for everybody would read 100%.
/// - With a limit, an event that was good by its status is bad when it was too slow.
/// - An [`Override`] by the handler replaces what the status code says, and nothing else.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use slo_core::{Classification, Ending, Judge, Outcome};
///
/// let judge = Judge::new(&Classification::new(), Some("800ms".parse()?), Duration::from_millis(800));
/// assert_eq!(judge.judge(Ending::Answered(200), Duration::from_millis(800)), Outcome::Good);
/// assert_eq!(judge.judge(Ending::Answered(200), Duration::from_millis(801)), Outcome::Bad);
/// assert_eq!(judge.judge(Ending::Cancelled, Duration::from_millis(100)), Outcome::Excluded);
/// assert_eq!(judge.judge(Ending::Cancelled, Duration::from_secs(9)), Outcome::Bad);
/// # Ok::<(), slo_core::ThresholdError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Judge {
    /// Shared: the same SLO is judged on many routes.
    rules: Arc<Rules>,
    limit: Option<Threshold>,
    patience: Duration,
}

/// A classification, looked up.
#[derive(Debug)]
struct Rules {
    classification: Classification,
    /// The outcome of each status code from 100 to 599.
    by_status: [Outcome; 500],
}

impl Judge {
    /// Prepares the rules of one SLO.
    pub fn new(classification: &Classification, limit: Option<Threshold>, patience: Duration) -> Self {
        let mut by_status = [Outcome::Good; 500];
        for (status, outcome) in (100..).zip(by_status.iter_mut()) {
            *outcome = classification.status(status);
        }
        let rules = Rules {
            classification: classification.clone(),
            by_status,
        };
        Self {
            rules: Arc::new(rules),
            limit,
            patience,
        }
    }

    /// The same rules with another patience, for another route; shares what was prepared.
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// The outcome of a request that ended so, after `elapsed`.
    #[must_use]
    #[inline]
    pub fn judge(&self, ending: Ending, elapsed: Duration) -> Outcome {
        self.judge_with_reason(ending, elapsed, None).outcome
    }

    /// The outcome with its reason, where the handler may have overruled its status code.
    #[inline]
    pub fn judge_with_reason(&self, ending: Ending, elapsed: Duration, overruled: Option<Override>) -> Judgement {
        let judgement = match ending {
            Ending::Answered(status) => overruled.map_or_else(
                || Judgement::new(self.status(status), Reason::Status),
                |word| Judgement::new(word.outcome(), Reason::Handler(word.cause())),
            ),
            Ending::ServiceError => self.named(EndingName::Service, Reason::ServiceError),
            Ending::BodyError => self.named(EndingName::Body, Reason::BodyError),
            Ending::Panicked => self.named(EndingName::Panic, Reason::Panicked),
            Ending::TimedOut => self.named(EndingName::Timeout, Reason::TimedOut),
            Ending::Cancelled => self.cancelled(elapsed),
        };
        match self.limit {
            Some(limit) if judgement.outcome == Outcome::Good && !limit.admits(elapsed) => {
                Judgement::new(Outcome::Bad, Reason::TooSlow)
            }
            _ => judgement,
        }
    }

    /// The outcome of a request whose client left after a head with this status code, `elapsed` after it began: a bad
    /// answer stays bad, else time decides as for one that left before.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use slo_core::{Classification, DEFAULT_PATIENCE, Judge, Outcome, Reason};
    ///
    /// let judge = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
    /// let left_after = |status| judge.judge_left_after(status, Duration::ZERO, None);
    /// assert_eq!((left_after(500).outcome, left_after(500).reason), (Outcome::Bad, Reason::Status));
    /// assert_eq!(left_after(200).outcome, Outcome::Excluded);
    /// ```
    pub fn judge_left_after(&self, status: u16, elapsed: Duration, overruled: Option<Override>) -> Judgement {
        // Not too slow by itself: who leaves after the limit has waited past patience.
        let answered = self.judge_with_reason(Ending::Answered(status), Duration::ZERO, overruled);
        match answered.outcome {
            Outcome::Bad => answered,
            Outcome::Good | Outcome::Excluded => self.cancelled(elapsed),
        }
    }

    #[inline]
    fn status(&self, status: u16) -> Outcome {
        let known = self.rules.by_status.get(usize::from(status.wrapping_sub(100)));
        known
            .copied()
            .unwrap_or_else(|| self.rules.classification.status(status))
    }

    fn named(&self, name: EndingName, reason: Reason) -> Judgement {
        // `None` only of a client that left.
        let outcome = self.rules.classification.endings[name.index()].unwrap_or(Outcome::Bad);
        Judgement::new(outcome, reason)
    }

    fn cancelled(&self, elapsed: Duration) -> Judgement {
        let (by_time, reason) = if elapsed < self.patience {
            (Outcome::Excluded, Reason::ClientGoneEarly)
        } else {
            (Outcome::Bad, Reason::ClientGoneLate)
        };
        let moved = self.rules.classification.endings[EndingName::Cancelled.index()];
        Judgement::new(moved.unwrap_or(by_time), reason)
    }
}
