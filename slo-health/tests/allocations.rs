//! Judging one rule allocates nothing: a check is judged for every request.

use std::time::Duration;

use chrono::{DateTime, Utc};
use slo_health::{Freshness, Observation, QuietWindow, State, Verdict, judge};

/// What is said, and how many allocations that took.
fn measured(policy: &Freshness, seen: &Observation, now: DateTime<Utc>) -> (State, u64) {
    let mut verdict: Option<Verdict> = None;
    let counted = allocation_counter::measure(|| verdict = Some(judge(policy, seen, now)));
    let state = verdict.map_or(State::Error, |verdict| verdict.state());
    (state, counted.count_total)
}

#[test]
fn an_age_with_rows_and_quiet_times() -> Result<(), chrono::ParseError> {
    let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse()?;
    let hour = Duration::from_secs(3600);
    let policy = Freshness::within(hour)
        .warn_after(hour / 2)
        .min_rows(10)
        .quiet(QuietWindow::between(noon, noon + hour));
    let seen = Observation::at(noon).rows(10).observed_at(noon);
    assert_eq!(measured(&policy, &seen, noon), (State::Fresh, 0));
    assert_eq!(measured(&policy, &seen, noon + 2 * hour), (State::Stale, 0));
    Ok(())
}

#[cfg(feature = "calendar")]
#[test]
fn policies_by_the_calendar() -> Result<(), Box<dyn std::error::Error>> {
    use slo_health::{BusinessDays, CycleDays, Zone};

    let zone: Zone = "America/New_York".parse()?;
    let now: DateTime<Utc> = "2026-03-09T12:00:00Z".parse()?;
    let seen = Observation::at("2026-03-09T09:00:00Z".parse::<DateTime<Utc>>()?);
    let business = BusinessDays::monday_to_friday().holidays(["2026-03-02".parse()?], "2026-12-31".parse()?);
    let maintenance = QuietWindow::daily("02:00:00".parse()?, "03:00:00".parse()?, zone);
    let daily = Freshness::by_deadline("06:00:00".parse()?, zone).quiet(maintenance);
    for policy in [
        daily.clone().on(business.clone()).not_before("00:00:00".parse()?),
        daily.on(CycleDays::business_day_of_month(3, business)),
        Freshness::current_month(zone).newest_within(Duration::from_secs(86_400)),
    ] {
        assert_eq!(measured(&policy, &seen, now), (State::Fresh, 0), "{policy:?}");
    }
    Ok(())
}
