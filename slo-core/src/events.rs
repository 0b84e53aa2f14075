//! Counts of judged events.

use crate::Ratio;

/// What one event did to a promise.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Outcome {
    /// The event met the SLI's condition.
    Good,
    /// The event counts and did not meet it.
    Bad,
    /// The event does not count: it is in neither side of the ratio.
    Excluded,
}

impl Outcome {
    /// Every outcome, in the order in which they are exported.
    pub const ALL: [Self; 3] = [Self::Good, Self::Bad, Self::Excluded];

    /// The value of the attribute `slo.outcome`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Excluded => "excluded",
        }
    }

    /// The one that is worse for the promise: bad, then good, then excluded.
    #[must_use]
    pub const fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bad, _) | (_, Self::Bad) => Self::Bad,
            (Self::Good, _) | (_, Self::Good) => Self::Good,
            (Self::Excluded, Self::Excluded) => Self::Excluded,
        }
    }
}

/// Counts of good, bad and excluded events (no unit).
///
/// Sums saturate at `u64::MAX`: at a billion events a second that is 584 years away.
///
/// # Examples
///
/// ```
/// use slo_core::Events;
///
/// let seen = Events::new(990, 10);
/// assert_eq!(seen.valid(), 1_000);
/// assert_eq!(seen.error_ratio().unwrap().to_string(), "1%");
/// assert_eq!(Events::default().error_ratio(), None); // no traffic is not success
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[must_use]
pub struct Events {
    good: u64,
    bad: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    excluded: u64,
}

impl Events {
    /// Good and bad events, none excluded.
    pub const fn new(good: u64, bad: u64) -> Self {
        Self { good, bad, excluded: 0 }
    }

    /// One event.
    pub const fn one(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Good => Self::new(1, 0),
            Outcome::Bad => Self::new(0, 1),
            Outcome::Excluded => Self::new(0, 0).with_excluded(1),
        }
    }

    /// The same counts with this many excluded events.
    pub const fn with_excluded(self, excluded: u64) -> Self {
        Self { excluded, ..self }
    }

    /// Events that met the condition.
    #[must_use]
    pub const fn good(self) -> u64 {
        self.good
    }

    /// Events that counted and did not meet it.
    #[must_use]
    pub const fn bad(self) -> u64 {
        self.bad
    }

    /// Events that do not count.
    #[must_use]
    pub const fn excluded(self) -> u64 {
        self.excluded
    }

    /// The count of one outcome.
    #[must_use]
    pub const fn of(self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Good => self.good,
            Outcome::Bad => self.bad,
            Outcome::Excluded => self.excluded,
        }
    }

    /// Events that count: good and bad together.
    #[must_use]
    pub const fn valid(self) -> u64 {
        self.good.saturating_add(self.bad)
    }

    /// Everything that was judged: valid and excluded events.
    #[must_use]
    pub const fn all(self) -> u64 {
        self.valid().saturating_add(self.excluded)
    }

    /// Bad over valid; `None` when no valid event was seen.
    #[must_use]
    pub fn error_ratio(self) -> Option<Ratio> {
        Ratio::new(self.bad, self.valid())
    }

    /// The SLI: good over valid; `None` when no valid event was seen.
    #[must_use]
    pub fn sli(self) -> Option<Ratio> {
        Ratio::new(self.good, self.valid())
    }

    /// Excluded over all events; `None` when nothing was judged.
    #[must_use]
    pub fn excluded_ratio(self) -> Option<Ratio> {
        Ratio::new(self.excluded, self.all())
    }

    /// Both counts together.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self {
            good: self.good.saturating_add(other.good),
            bad: self.bad.saturating_add(other.bad),
            excluded: self.excluded.saturating_add(other.excluded),
        }
    }

    /// What came after `earlier`, when both are running totals; a count that went back gives 0.
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            good: self.good.saturating_sub(earlier.good),
            bad: self.bad.saturating_sub(earlier.bad),
            excluded: self.excluded.saturating_sub(earlier.excluded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_traffic_is_not_success() {
        assert_eq!(Events::new(0, 0).with_excluded(7).sli(), None);
        assert_eq!(Events::new(0, 0).with_excluded(7).error_ratio(), None);
    }

    #[test]
    fn excluded_events_are_in_neither_side_of_the_ratio() {
        let seen = Events::new(3, 1).with_excluded(100);
        assert_eq!(seen.error_ratio(), Ratio::new(1, 4));
        assert_eq!(seen.sli(), Ratio::new(3, 4));
        assert_eq!(seen.excluded_ratio(), Ratio::new(100, 104));
    }

    #[test]
    fn sums_saturate_and_differences_stop_at_zero() {
        let most = Events::new(u64::MAX, u64::MAX).with_excluded(u64::MAX);
        assert_eq!(most.valid(), u64::MAX);
        assert_eq!(most.saturating_add(Events::new(1, 1)), most);
        assert_eq!(Events::new(1, 1).since(most), Events::default());
        assert_eq!(Events::new(5, 3).since(Events::new(2, 3)), Events::new(3, 0));
    }

    #[test]
    fn bad_outweighs_good_outweighs_excluded() {
        assert_eq!(Outcome::Good.worse(Outcome::Bad), Outcome::Bad);
        assert_eq!(Outcome::Excluded.worse(Outcome::Good), Outcome::Good);
        assert_eq!(Outcome::Excluded.worse(Outcome::Excluded), Outcome::Excluded);
    }
}
