//! What happens to an SLO in a unit test, so that each of its conditions is met and left again.

use slo_core::Ratio;
use slo_core::alert::{Alerts, Condition, Severity};

use super::told::Span;
use crate::render::recording::is_tiled;

/// Minutes with so many good and bad events each, in a planned time or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) minutes: u64,
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) is_planned: bool,
}

/// What happens, and what it is called.
pub(super) type Story = (&'static str, Vec<Stretch>);

/// Events a minute: parts per million.
const EACH: u64 = 1_000_000;
/// Minutes in which every page ends.
const AFTER: u64 = 400;
/// So much more comes in a busy hour than later: it weighs as much as two days.
const BUSY: u64 = 50;

const fn minutes(minutes: u64, good: u64, bad: u64) -> Stretch {
    Stretch {
        minutes,
        good,
        bad,
        is_planned: false,
    }
}

/// A total outage until the page and a little longer; a little more than the first condition allows; twice the budget's rate,
/// which no page is about; no traffic.
pub(super) fn of_pages(alerts: &Alerts, budget_ppb: u32, has_planned: bool) -> Vec<Story> {
    let all_bad = Ratio::new(1, 1);
    let detected = all_bad.and_then(|ratio| alerts.detection_time(Severity::Page, ratio));
    let outage = detected.map_or(120, |time| time.as_secs().div_ceil(60) + 10);
    let quiet = minutes(quiet(alerts), EACH, 0);
    let budget = u64::from(budget_ppb) * EACH * 2 / 1_000_000_000;
    let (slow, over) = just_over(alerts);
    let mut stories = vec![
        (
            "a total outage",
            vec![quiet, minutes(outage, 0, EACH), minutes(AFTER, EACH, 0)],
        ),
        (
            "just over a factor",
            vec![quiet, minutes(slow, EACH - over, over), minutes(AFTER, EACH, 0)],
        ),
        (
            "twice the budget",
            vec![quiet, minutes(60, EACH.saturating_sub(budget), budget.min(EACH))],
        ),
        ("nobody comes", vec![quiet, minutes(60, 0, 0)]),
    ];
    if has_planned {
        let work = Stretch {
            is_planned: true,
            ..minutes(outage, 0, EACH)
        };
        stories.push((
            "an outage that was planned, and one that was not",
            vec![
                quiet,
                work,
                minutes(90, EACH, 0),
                minutes(outage, 0, EACH),
                minutes(AFTER, EACH, 0),
            ],
        ));
    }
    stories
}

/// A burn that only the slowest ticket is about; and of each faster one, a burn in a time of few events after a busy hour,
/// which the slower ones still have in their windows: with even traffic they fire at the same moment, and prove nothing of it.
pub(super) fn of_tickets(alerts: &Alerts) -> Vec<Story> {
    let mut tickets: Vec<_> = of(alerts, Severity::Ticket)
        .filter(|condition| condition.is_reachable())
        .collect();
    tickets.sort_by_key(|condition| core::cmp::Reverse(condition.long()));
    let Some((slowest, faster)) = tickets.split_first() else {
        return Vec::new();
    };
    let mut stories = vec![("a slow burn", slow_burn(slowest, faster))];
    let faster = faster.iter().filter(|condition| condition.factor() > slowest.factor());
    stories.extend(faster.map(|condition| ("a burn when few come", burn_of_few(condition))));
    stories
}

fn slow_burn(slowest: &Condition, faster: &[&Condition]) -> Vec<Stretch> {
    let factor = |condition: &Condition| Rate::of(condition);
    let below = faster.iter().map(|condition| factor(condition)).min();
    let rate = match below {
        Some(below) if below > factor(slowest) => below.part(17, 20),
        _ => factor(slowest).part(4, 1),
    };
    let rate = rate.max(factor(slowest).part(21, 20));
    let bad = rate.bad_of(slowest);
    let burn = detected(slowest, bad) + 60;
    let after = u64::from(slowest.short().as_seconds()).div_ceil(60) + 60;
    vec![
        minutes(60, EACH, 0),
        minutes(burn, EACH - bad, bad),
        minutes(after, EACH, 0),
    ]
}

fn burn_of_few(condition: &Condition) -> Vec<Stretch> {
    // Barely over it, for most of the window: a burn that is short and fast would look the same in a shorter one.
    let rate = Rate::of(condition).part(5, 4);
    let bad = rate.bad_of(condition);
    let burn = detected(condition, bad);
    let long = u64::from(condition.long().as_seconds()).div_ceil(60);
    let after = u64::from(condition.short().as_seconds()).div_ceil(60) + 60;
    vec![
        minutes(60, EACH * BUSY, 0),
        minutes(long.saturating_sub(burn) + 10, EACH, 0),
        minutes(burn + 60, EACH - bad, bad),
        minutes(after, EACH, 0),
    ]
}

/// A burn rate in thousandths.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Rate(u128);

impl Rate {
    fn of(condition: &Condition) -> Self {
        let factor = condition.factor();
        Self(u128::from(factor.numerator()) * 1_000 / u128::from(factor.denominator().max(1)))
    }

    fn part(self, times: u128, of: u128) -> Self {
        Self(self.0 * times / of)
    }

    /// Bad events a minute, at most all.
    fn bad_of(self, condition: &Condition) -> u64 {
        let bad = self.0 * u128::from(condition.target().budget_ppb()) * u128::from(EACH) / 1_000_000_000_000;
        u64::try_from(bad).unwrap_or(EACH).min(EACH)
    }
}

/// Minutes after which so many bad events a minute meet a condition; its long window where they never do.
fn detected(condition: &Condition, bad: u64) -> u64 {
    let ratio = Ratio::new(bad, EACH);
    let time = ratio.and_then(|ratio| condition.detection_time(ratio));
    time.unwrap_or(condition.long().as_duration()).as_secs().div_ceil(60)
}

/// Minutes in which the first condition of a page is met by this many bad events a minute, a twentieth over its factor.
fn just_over(alerts: &Alerts) -> (u64, u64) {
    let Some(first) = of(alerts, Severity::Page).next() else {
        return (60, 0);
    };
    let (factor, budget) = (first.factor(), u64::from(first.target().budget_ppb()));
    let per_million = u128::from(factor.numerator()) * u128::from(budget) * 21
        / (u128::from(factor.denominator()) * 20 * u128::from(1_000_000_000 / EACH));
    let bad = u64::try_from(per_million).unwrap_or(EACH).min(EACH);
    (u64::from(first.long().as_seconds()).div_ceil(60) + 10, bad)
}

/// Shortens the last stretch to some minutes after the last alert: promtool evaluates every rule at every step.
pub(super) fn cut(stretches: &mut [Stretch], told: &[Span], more: u64) {
    let [before @ .., last] = stretches else { return };
    if let Some((_, Some(to))) = told.last() {
        let begin = before.iter().map(|stretch| stretch.minutes).sum::<u64>();
        last.minutes = last.minutes.min((to + more).saturating_sub(begin).max(1));
    }
}

/// Long enough for windows of tiles to be covered; a minute counts as much as five there.
fn quiet(alerts: &Alerts) -> u64 {
    let pages = of(alerts, Severity::Page).map(|condition| condition.long());
    let tiled = pages.filter(|length| is_tiled(*length)).max();
    tiled.map_or(60, |length| u64::from(length.as_seconds()).div_ceil(60) + 60)
}

/// The conditions of a severity.
pub(super) fn of(alerts: &Alerts, severity: Severity) -> impl Iterator<Item = &Condition> {
    let conditions = alerts.conditions().iter();
    conditions.filter(move |condition| condition.severity() == severity)
}
