//! Policies by the calendar: examples in five zones, and against a slow reference that walks through time.
#![cfg(feature = "calendar")]
#![expect(
    clippy::expect_used,
    reason = "the walk through time is made of helpers, which the lint takes for code that serves"
)]

#[path = "policy/deadline.rs"]
mod deadline;
#[path = "policy/extremes.rs"]
mod extremes;
#[path = "policy/mistakes.rs"]
mod mistakes;
#[path = "policy/period.rs"]
mod period;
#[path = "policy/quiet.rs"]
mod quiet;
#[path = "policy/reference.rs"]
mod reference;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use slo_health::{Freshness, Observation, Reason, State, Verdict, Zone, judge};

const NANO: Duration = Duration::from_nanos(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

const SEOUL: &str = "Asia/Seoul";
const NEW_YORK: &str = "America/New_York";
const LONDON: &str = "Europe/London";
const LORD_HOWE: &str = "Australia/Lord_Howe";
const APIA: &str = "Pacific/Apia";

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone of the database")
}

fn time(text: &str) -> NaiveTime {
    text.parse().expect("a time of day")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn seen(text: &str) -> Observation {
    Observation::at(at(text))
}

/// State and reason of a policy at an instant.
fn said(policy: &Freshness, seen: &Observation, now: &str) -> (State, Reason) {
    let verdict = judge(policy, seen, at(now));
    (verdict.state(), verdict.reason())
}

/// What a verdict says that may not change between two changes.
fn core(verdict: &Verdict) -> (State, Reason, bool) {
    (verdict.state(), verdict.reason(), verdict.quiet())
}
