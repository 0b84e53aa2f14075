//! The two pure functions that apply a policy.

use chrono::{DateTime, Utc};

use super::{Freshness, Rule, instant::between, outlook::Outlook, quiet};
use crate::{
    observation::{Observation, plain},
    verdict::{Failure, Reason, Signal, State, Verdict},
};

/// Says what `policy` makes of `observation` at the instant `now`. Pure: no clock, no I/O, never panics.
///
/// | observation | state |
/// | --- | --- |
/// | no data | empty |
/// | a signal later than `now` by more than the tolerance | invalid |
/// | a signal that the policy needs is missing | invalid |
/// | the policy is kept | fresh |
/// | kept still, but `warn_after` or a deadline has passed, or the holidays are no longer known | warn |
/// | not kept | stale |
///
/// [`Freshness`] says of each policy what keeps it. With several signals the worst one decides, and the verdict says
/// [which](Verdict::signal). Of a policy that [`Freshness::validate`] refuses the verdict is of no use.
///
/// Good offline too: "what would this have said at 05:59?" See [`Freshness`] for an example.
pub fn judge(policy: &Freshness, observation: &Observation, now: DateTime<Utc>) -> Verdict {
    let now = plain(now);
    let outlook = Outlook::new(policy, observation);
    let (found, facts) = outlook.at(now);
    let (is_quiet, quiet_changes) = quiet::at(&policy.quiet, now);
    let instant = match found.signal {
        Some(Signal::Loaded) => observation.loaded_at,
        _ => observation.watermark,
    };
    let known = found.reason != Reason::InTheFuture;
    Verdict {
        state: found.state,
        reason: found.reason,
        signal: found.signal,
        watermark: observation.watermark(),
        age: instant.filter(|_| known).map(|instant| between(instant, now)),
        limit: facts.limit,
        cycle: facts.cycle,
        deadline: facts.deadline,
        rows: found.rows,
        proof_until: match found.state {
            State::Invalid => None,
            _ => outlook.proof_until(now),
        },
        next_change: earlier(outlook.change_after(now), quiet_changes),
        quiet: is_quiet,
    }
}

/// Says what it means at the instant `now` that a read gave no observation: error or timeout, never fresh. Pure.
///
/// `last_known` is what an earlier read saw, if any. It decides nothing; the verdict only repeats its watermark and
/// age, unless that watermark is in the future beyond the policy's tolerance.
///
/// ```
/// use std::time::Duration;
///
/// use chrono::{DateTime, Utc};
/// use slo_health::{Failure, Freshness, Observation, State, judge_failure};
///
/// let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
/// let policy = Freshness::within(Duration::from_secs(3600));
/// let verdict = judge_failure(&policy, Failure::TimedOut, Some(&Observation::at(noon)), noon);
/// assert_eq!(verdict.state(), State::Timeout);
/// assert_eq!(verdict.watermark(), Some(noon));
/// assert_eq!(verdict.proof_until(), None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn judge_failure(
    policy: &Freshness,
    failure: Failure,
    last_known: Option<&Observation>,
    now: DateTime<Utc>,
) -> Verdict {
    let now = plain(now);
    let watermark = last_known
        .and_then(Observation::watermark)
        .filter(|&known| between(now, known) <= policy.future_tolerance);
    let (is_quiet, quiet_changes) = quiet::at(&policy.quiet, now);
    Verdict {
        state: failure.state(),
        reason: failure.reason(),
        signal: None,
        watermark,
        age: watermark.map(|known| between(known, now)),
        limit: match &policy.rule {
            Rule::Within(within) => Some(within.limit),
            #[cfg(feature = "calendar")]
            Rule::CurrentPeriod(period) => period.newest_within,
            #[cfg(feature = "calendar")]
            Rule::ByDeadline(_) => None,
            Rule::AllOf(_) | Rule::AnyOf(_) => None,
        },
        cycle: None,
        deadline: None,
        rows: None,
        proof_until: None,
        next_change: quiet_changes,
        quiet: is_quiet,
    }
}

/// The earlier of two instants, of which each may never come.
fn earlier(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
