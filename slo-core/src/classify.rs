//! Good, bad or excluded: the one decision about a finished request.

use core::time::Duration;

use crate::{Outcome, Threshold};

/// How a request ended, as far as the service can know.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Ending {
    /// The response was sent with this status code, 100 to 999.
    Answered(u16),
    /// The inner service returned an error instead of a response.
    ServiceError,
    /// The response's body failed after the head was sent.
    BodyError,
    /// The handler or the body panicked.
    Panicked,
    /// A timeout that the service reports as an error of its own rather than as a status code.
    TimedOut,
    /// The client was gone before the response was complete.
    Cancelled,
}

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

/// The rules of one SLO: which status codes are good, bad or excluded.
///
/// Bad by default: 5xx and 408; every other code is good. [`bad`](Self::bad) adds to that, [`good`](Self::good) and
/// [`excluded`](Self::excluded) take away, and where two of them name the same code the narrower class wins, then the
/// later call. Errors, panics and timeouts without a code are bad whatever the codes say.
///
/// # Examples
///
/// ```
/// use slo_core::{Classification, Ending, Outcome, StatusClass};
///
/// let rules = Classification::new().bad("429".parse::<StatusClass>()?).good("503".parse::<StatusClass>()?);
/// assert_eq!(rules.judge(Ending::Answered(429)), Some(Outcome::Bad));
/// assert_eq!(rules.judge(Ending::Answered(503)), Some(Outcome::Good));
/// assert_eq!(rules.judge(Ending::Answered(500)), Some(Outcome::Bad));
/// assert_eq!(rules.judge(Ending::Answered(404)), Some(Outcome::Good));
/// assert_eq!(rules.judge(Ending::Panicked), Some(Outcome::Bad));
/// assert_eq!(rules.judge(Ending::Cancelled), None); // time decides, see `Judge`
/// # Ok::<(), slo_core::StatusClassError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Classification {
    rules: Vec<(StatusClass, Outcome)>,
}

impl Classification {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            rules: vec![
                (StatusClass::SERVER_ERROR, Outcome::Bad),
                (StatusClass::REQUEST_TIMEOUT, Outcome::Bad),
            ],
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

    /// Judges an ending by itself; `None` for a client that left, whose outcome depends on how long it waited.
    #[must_use]
    pub fn judge(&self, ending: Ending) -> Option<Outcome> {
        match ending {
            Ending::Answered(status) => Some(self.status(status)),
            Ending::ServiceError | Ending::BodyError | Ending::Panicked | Ending::TimedOut => Some(Outcome::Bad),
            Ending::Cancelled => None,
        }
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
    classification: Classification,
    /// The outcome of each status code from 100 to 599.
    by_status: Box<[Outcome; 500]>,
    limit: Option<Threshold>,
    patience: Duration,
}

impl Judge {
    /// Prepares the rules of one SLO on one route.
    pub fn new(classification: &Classification, limit: Option<Threshold>, patience: Duration) -> Self {
        let mut by_status = Box::new([Outcome::Good; 500]);
        for (status, outcome) in (100..).zip(by_status.iter_mut()) {
            *outcome = classification.status(status);
        }
        Self {
            classification: classification.clone(),
            by_status,
            limit,
            patience,
        }
    }

    /// The outcome of a request that ended so, after `elapsed`.
    #[must_use]
    pub fn judge(&self, ending: Ending, elapsed: Duration) -> Outcome {
        let outcome = match ending {
            Ending::Cancelled if elapsed < self.patience => return Outcome::Excluded,
            Ending::Cancelled => return Outcome::Bad,
            Ending::Answered(status) => {
                let known = self.by_status.get(usize::from(status.wrapping_sub(100)));
                known.copied().unwrap_or_else(|| self.classification.status(status))
            }
            Ending::ServiceError | Ending::BodyError | Ending::Panicked | Ending::TimedOut => Outcome::Bad,
        };
        match self.limit {
            Some(limit) if outcome == Outcome::Good && !limit.admits(elapsed) => Outcome::Bad,
            _ => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> StatusClass {
        text.parse().unwrap()
    }

    #[test]
    fn by_default_5xx_and_408_are_bad_and_the_rest_is_good() {
        let rules = Classification::new();
        for (status, outcome) in [
            (200, Outcome::Good),
            (304, Outcome::Good),
            (400, Outcome::Good),
            (404, Outcome::Good),
            (408, Outcome::Bad),
            (429, Outcome::Good),
            (500, Outcome::Bad),
            (599, Outcome::Bad),
            (600, Outcome::Good),
        ] {
            assert_eq!(rules.judge(Ending::Answered(status)), Some(outcome), "{status}");
            assert_eq!(
                Judge::new(&rules, None, DEFAULT_PATIENCE).judge(Ending::Answered(status), Duration::ZERO),
                outcome,
                "{status}"
            );
        }
    }

    #[test]
    fn endings_without_a_status_are_bad_whatever_the_codes_say() {
        let lenient = Classification::new().good(class("5xx")).excluded(class("4xx"));
        for ending in [
            Ending::ServiceError,
            Ending::BodyError,
            Ending::Panicked,
            Ending::TimedOut,
        ] {
            assert_eq!(lenient.judge(ending), Some(Outcome::Bad));
        }
    }

    #[test]
    fn the_narrower_class_wins_then_the_later_rule() {
        let rules = Classification::new()
            .good(class("5xx"))
            .bad(class("503"))
            .bad(class("4xx"))
            .excluded(class("404"));
        let judge = |status| rules.judge(Ending::Answered(status)).unwrap();
        assert_eq!(judge(500), Outcome::Good);
        assert_eq!(judge(503), Outcome::Bad);
        assert_eq!(judge(400), Outcome::Bad);
        assert_eq!(judge(404), Outcome::Excluded);
    }

    #[test]
    fn too_slow_turns_good_into_bad_and_nothing_else() {
        let rules = Classification::new().excluded(class("404"));
        let judge = Judge::new(&rules, Some("1s".parse().unwrap()), Duration::from_secs(1));
        let slow = Duration::from_secs(2);
        assert_eq!(judge.judge(Ending::Answered(200), slow), Outcome::Bad);
        assert_eq!(judge.judge(Ending::Answered(404), slow), Outcome::Excluded);
        assert_eq!(judge.judge(Ending::Answered(500), Duration::ZERO), Outcome::Bad);
    }

    #[test]
    fn a_client_that_leaves_counts_only_once_patience_is_over() {
        let judge = Judge::new(&Classification::new(), None, DEFAULT_PATIENCE);
        assert_eq!(
            judge.judge(Ending::Cancelled, DEFAULT_PATIENCE - Duration::from_nanos(1)),
            Outcome::Excluded
        );
        assert_eq!(judge.judge(Ending::Cancelled, DEFAULT_PATIENCE), Outcome::Bad);
    }

    #[test]
    fn status_classes_are_read_and_shown_as_written() {
        for text in ["5xx", "1xx", "429", "100", "599"] {
            assert_eq!(class(text).to_string(), text);
        }
        for text in [
            "",
            "6xx",
            "0xx",
            "5XX",
            "xx",
            "99",
            "600",
            "+50",
            "42",
            "4294967796",
            "5x",
        ] {
            assert_eq!(
                text.parse::<StatusClass>(),
                Err(StatusClassError(text.to_owned())),
                "{text:?}"
            );
        }
        assert_eq!(
            "6xx".parse::<StatusClass>().unwrap_err().to_string(),
            "`6xx` is not a status code; write one from `100` to `599`, or a class from `1xx` to `5xx`"
        );
    }
}
