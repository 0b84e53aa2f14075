//! Enough rows.

use chrono::{DateTime, Utc};
use slo_core::Share;

use super::line::{Finding, Line};
use crate::{
    observation::Observation,
    verdict::{Reason, Signal, State},
};

/// How many rows there have to be; nothing by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Volume {
    pub(crate) min_rows: Option<u64>,
    pub(crate) of_previous: Option<Share>,
}

impl Volume {
    /// `settles` is the end of the grace in which the period of the watermark is still filling: until then the one before
    /// it is judged. `None` where nothing is asked, or there is nothing to count, which has a state of its own.
    pub(crate) fn line(&self, seen: &Observation, settles: Option<DateTime<Utc>>) -> Option<Line> {
        if seen.empty || *self == Self::default() {
            return None;
        }
        Some(match self.findings(seen, settles.is_some()) {
            Ok((filling, settled)) => Line::always(filling).then(settles, settled),
            Err(missing) => Line::always(missing),
        })
    }

    /// What is found while the period is filling, and afterwards.
    fn findings(&self, seen: &Observation, fills: bool) -> Result<(Finding, Finding), Finding> {
        let rows = seen.rows.ok_or(Finding::missing(Signal::Rows))?;
        let previous = || seen.previous_rows.ok_or(Finding::missing(Signal::PreviousRows));
        let mut settled = ENOUGH;
        if let Some(share) = self.of_previous {
            let needed = share_of(share, previous()?);
            settled = enough(rows, needed, Reason::FewerThanPrevious, Signal::Rows);
        }
        let Some(min) = self.min_rows else {
            return Ok((if fills { ENOUGH } else { settled }, settled));
        };
        let settled = enough(rows, min, Reason::TooFewRows, Signal::Rows).or_worse(settled);
        // Asked for at all times and not only when it counts, so that the lack of it shows before the period ends.
        let filling = if fills {
            enough(previous()?, min, Reason::TooFewRows, Signal::PreviousRows)
        } else {
            settled
        };
        Ok((filling, settled))
    }
}

fn enough(rows: u64, needed: u64, reason: Reason, signal: Signal) -> Finding {
    if rows >= needed {
        return ENOUGH;
    }
    Finding {
        rows: Some((rows, needed)),
        ..Finding::new(State::Stale, reason, signal)
    }
}

/// The least whole number that is at least that share of `rows`.
fn share_of(share: Share, rows: u64) -> u64 {
    let needed = (u128::from(rows) * u128::from(share.ppb())).div_ceil(1_000_000_000);
    u64::try_from(needed).unwrap_or(u64::MAX) // a share is at most the whole
}

/// Never the reason of a verdict: between two that are fresh the rule's own speaks.
const ENOUGH: Finding = Finding::new(State::Fresh, Reason::WithinLimit, Signal::Rows);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_to_whole_rows_and_exact_at_the_ends() {
        let share = |text: &str| text.parse::<Share>().unwrap();
        assert_eq!(share_of(share("50%"), 7), 4);
        assert_eq!(share_of(share("50%"), 8), 4);
        assert_eq!(share_of(share("0.0000001%"), u64::MAX), 18_446_744_074);
        assert_eq!(share_of(Share::WHOLE, u64::MAX), u64::MAX);
        assert_eq!(share_of(share("80%"), 0), 0);
    }
}
