//! What happens to an SLO in a unit test, so that each of its conditions is met and left again.

use std::borrow::Cow;

use slo_core::alert::{Alerts, Condition, Severity};
use slo_core::{BurnWindow, Ratio};

use super::told::Span;
use crate::render::recording::is_tiled;
use crate::rule_window::TILE;

/// Minutes with so many good and bad events each, in a planned time or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) minutes: u64,
    pub(super) good: u64,
    pub(super) bad: u64,
    pub(super) is_planned: bool,
}

impl Stretch {
    const fn finer(self) -> Self {
        Self {
            good: self.good * FINE,
            bad: self.bad * FINE,
            ..self
        }
    }
}

/// What happens, and what it is called: no two of an SLO alike, for what SLOs have of one name is played at once.
pub(super) type Story = (Cow<'static, str>, Vec<Stretch>);

/// Events a minute: parts per million.
const EACH: u64 = 1_000_000;
/// So many times as many come where a burn is to meet a condition at a moment of a minute.
const FINE: u64 = 1_000;
/// Minutes in which every page ends.
const AFTER: u64 = 400;
/// So much more comes in a busy hour than later: it weighs as much as two days.
const BUSY: u64 = 50;
/// Minutes in an hour.
const HOUR: u64 = 60;
/// Minutes in a tile.
const IN_A_TILE: u64 = TILE / 60;
/// The longest time in minutes for which a trickle is waited: promtool evaluates every rule at each of them.
const LONGEST_WAIT: u64 = 4 * 1_440;

const fn minutes(minutes: u64, good: u64, bad: u64) -> Stretch {
    Stretch {
        minutes,
        good,
        bad,
        is_planned: false,
    }
}

/// A total outage until the page and a little longer; a little more than the first condition allows, and what the slower ones
/// alone tell of; twice the budget's rate, which no page is about; no traffic; too few events and enough.
pub(super) fn of_pages(alerts: &Alerts, budget_ppb: u32, has_planned: bool) -> Vec<Story> {
    let all_bad = Ratio::new(1, 1);
    let detected = all_bad.and_then(|ratio| alerts.detection_time(Severity::Page, ratio));
    let outage = detected.map_or(120, |time| time.as_secs().div_ceil(60) + 10);
    let (quiet, before) = (quiet(alerts), minutes(HOUR, EACH, 0));
    let after_quiet = |more: &[Stretch]| [&quiet, more].concat();
    let budget = u64::from(budget_ppb) * EACH * 2 / 1_000_000_000;
    let (slow, over) = just_over(alerts);
    let over = minutes(slow, EACH - over, over);
    let (outage, after) = (minutes(outage, 0, EACH), minutes(AFTER, EACH, 0));
    let twice = minutes(60, EACH.saturating_sub(budget), budget.min(EACH));
    let mut stories = vec![
        ("a total outage".into(), after_quiet(&[outage, after])),
        ("just over a factor".into(), after_quiet(&[over, after])),
        ("twice the budget".into(), vec![before, twice]),
        ("nobody comes".into(), vec![before, minutes(60, 0, 0)]),
    ];
    stories.extend(slower_pages(alerts).map(|(name, burn)| {
        let before = quiet.iter().copied().map(Stretch::finer);
        (name, before.chain([burn, after.finer()]).collect())
    }));
    stories.extend(few_and_enough(alerts));
    if has_planned {
        let work = Stretch {
            is_planned: true,
            ..outage
        };
        stories.push((
            "an outage that was planned, and one that was not".into(),
            after_quiet(&[work, minutes(90, EACH, 0), outage, after]),
        ));
    }
    stories
}

/// Of each slower page that reads its counters, a burn a little below the factor of the next faster one.
fn slower_pages(alerts: &Alerts) -> impl Iterator<Item = (Cow<'static, str>, Stretch)> {
    let reachable = of(alerts, Severity::Page).filter(|condition| condition.is_reachable());
    let mut pages: Vec<_> = reachable.collect();
    pages.sort_by_key(|condition| core::cmp::Reverse(Rate::of(condition)));
    let slower = pages.clone().into_iter().skip(1);
    let burns = pages.into_iter().zip(slower).filter_map(|(faster, slower)| {
        let (most, own) = (Rate::of(faster).part(19, 20), Rate::of(slower));
        let is_alone = most >= own.part(21, 20) && !is_tiled(slower.long());
        is_alone.then(|| early_in_a_minute(slower, most))
    });
    burns
        .zip(1..)
        .map(|(burn, number)| (numbered("a slower burn", number), burn))
}

/// The name of one of several stories of a kind.
fn numbered(name: &'static str, number: u32) -> Cow<'static, str> {
    match number {
        1 => name.into(),
        number => format!("{name} ({number})").into(),
    }
}

/// A burn of this rate at most that meets a condition early in a minute: rules on counters of others see one minute less of its
/// window, and must tell in the same one.
fn early_in_a_minute(condition: &Condition, most: Rate) -> Stretch {
    let (long, own) = (u128::from(in_minutes(condition.long())), Rate::of(condition));
    let tenths = long * own.0 / most.0.max(1) * 10 + 12;
    let bad = own.bad_among(EACH * FINE, condition) * long * 10 / tenths;
    let (bad, met) = (
        u64::try_from(bad).unwrap_or(u64::MAX).min(EACH * FINE),
        u64::try_from(tenths / 10 + 1).unwrap_or(HOUR),
    );
    minutes(met + 10, EACH * FINE - bad, bad)
}

/// All that come fail: one fewer than is enough, and then one more. Tiles would count each of them five times a minute.
fn few_and_enough(alerts: &Alerts) -> Option<Story> {
    let few = u64::from(alerts.minimum_bad_events()).checked_sub(1)?;
    let is_tiled = of(alerts, Severity::Page).any(|condition| is_tiled(condition.long()));
    let stretches = vec![
        minutes(HOUR, 0, 0),
        minutes(1, 0, few),
        minutes(2, 0, 0),
        minutes(1, 0, 1),
        // What is added up from minutes is smeared over two of them.
        minutes(4, 0, 0),
        minutes(AFTER, EACH, 0),
    ];
    (few > 0 && !is_tiled).then_some(("too few fail, and enough".into(), stretches))
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
    let mut stories = vec![("a slow burn".into(), slow_burn(slowest, faster))];
    let next = |rate: Rate| {
        tickets
            .iter()
            .map(|other| Rate::of(other))
            .filter(|other| *other > rate)
            .min()
    };
    let faster = faster.iter().filter(|condition| condition.factor() > slowest.factor());
    stories.extend(faster.zip(1..).map(|(condition, number)| {
        let next = next(Rate::of(condition));
        (numbered("a burn when few come", number), burn_of_few(condition, next))
    }));
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
    let end = end_at_a_step(slowest, bad, HOUR + detected(slowest, bad) + 60);
    let after = in_minutes(slowest.short()) + 60;
    vec![
        minutes(HOUR, EACH, 0),
        minutes(end - HOUR, EACH - bad, bad),
        minutes(after, EACH, 0),
    ]
}

fn burn_of_few(condition: &Condition, next: Option<Rate>) -> Vec<Stretch> {
    // Barely over it, for most of the window: a burn that is short and fast would look the same in a shorter one. And below the
    // one that is a little faster, which would tell of it, too.
    let own = Rate::of(condition);
    let rate = match next {
        Some(next) if own.part(5, 4) >= next => own.between(next),
        _ => own.part(5, 4),
    };
    let bad = rate.bad_of(condition);
    let burn = detected(condition, bad);
    let long = in_minutes(condition.long());
    let after = in_minutes(condition.short()) + 60;
    // The ticket comes when the long window begins with an hour, which is a step; and the busy hour is over by then, in
    // windows of slo-core as well, which are up to 4% longer than asked.
    let detected_at = long + HOUR + (long / 25 + 1).next_multiple_of(HOUR);
    let begin = detected_at
        .saturating_sub(burn.next_multiple_of(IN_A_TILE))
        .max(HOUR + 1);
    let end = end_at_a_step(condition, bad, detected_at + 60);
    vec![
        minutes(HOUR, EACH * BUSY, 0),
        minutes(begin - HOUR, EACH, 0),
        minutes(end - begin, EACH - bad, bad),
        minutes(after, EACH, 0),
    ]
}

/// The first minute from this one on at which so many bad events a minute may end for the ticket to end when its short window
/// begins with an hour: slo-core begins its windows at steps of an hour at most, rules at any moment.
fn end_at_a_step(condition: &Condition, bad: u64, from: u64) -> u64 {
    let reset = Ratio::new(bad, EACH).and_then(|ratio| condition.reset_time(ratio));
    let still_in = in_minutes(condition.short()).saturating_sub(reset.map_or(0, |time| time.as_secs().div_ceil(60)));
    from.saturating_sub(still_in).next_multiple_of(HOUR) + still_in
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

    fn between(self, other: Self) -> Self {
        Self(u128::midpoint(self.0, other.0))
    }

    /// Bad events a minute, at most all.
    fn bad_of(self, condition: &Condition) -> u64 {
        u64::try_from(self.bad_among(EACH, condition)).unwrap_or(EACH).min(EACH)
    }

    /// Bad events among so many.
    fn bad_among(self, events: u64, condition: &Condition) -> u128 {
        self.0 * u128::from(condition.target().budget_ppb()) * u128::from(events) / 1_000_000_000_000
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
    (in_minutes(first.long()) + 10, bad)
}

/// Shortens the last stretch to some minutes after the last alert: promtool evaluates every rule at every step.
pub(super) fn cut(stretches: &mut [Stretch], told: &[Span], more: u64) {
    let [before @ .., last] = stretches else { return };
    if let Some((_, Some(to))) = told.last() {
        let begin = before.iter().map(|stretch| stretch.minutes).sum::<u64>();
        last.minutes = last.minutes.min((to + more).saturating_sub(begin).max(1));
    }
}

/// Long enough for the windows of pages to be covered, for those of tiles by as many tiles: a minute counts as much as five
/// there. As many events come in it as in the whole of the longest, at first so much more of them.
fn quiet(alerts: &Alerts) -> Vec<Stretch> {
    let lengths = of(alerts, Severity::Page).flat_map(|condition| [condition.long(), condition.short()]);
    let (tiled, raw): (Vec<_>, Vec<_>) = lengths.partition(|length| is_tiled(*length));
    let Some(longest) = tiled.iter().max() else {
        return vec![minutes(HOUR, EACH, 0)];
    };
    let others = raw.iter().chain(tiled.iter().filter(|length| *length < longest));
    let others = others.max().map_or(0, |length| in_minutes(*length));
    let (longest, recent) = (in_minutes(*longest), others + others / 20 + HOUR / 2);
    let busy = (longest.div_ceil(IN_A_TILE) + HOUR)
        .saturating_sub(recent)
        .max(HOUR / 2);
    vec![
        minutes(busy, EACH * longest.saturating_sub(recent).div_ceil(busy), 0),
        minutes(recent, EACH, 0),
    ]
}

/// Minutes before the story in which somebody looked and nobody came: as long as a window of tiles that is covered by a fifth of
/// its minutes, where each is a tile.
pub(super) fn past(alerts: &Alerts, is_a_tile_a_minute: bool) -> u64 {
    let pages = of(alerts, Severity::Page).map(|condition| condition.long());
    let tiled = pages.filter(|length| is_a_tile_a_minute && is_tiled(*length)).max();
    tiled.map_or(0, in_minutes)
}

/// Twice as many failures as a condition does not take for enough, further apart than the longest window of the others, and
/// nothing else: of the whole period they are too many. `None` where one is enough, where all that fails in such a time is within
/// the budget, and where it takes too long.
pub(super) fn trickle(alerts: &Alerts) -> Option<Story> {
    let trickle = alerts.trickle()?;
    let few = u64::from(alerts.minimum_bad_events())
        .checked_sub(1)
        .filter(|few| *few > 0)?;
    let apart = (in_minutes(trickle.short()) + 2 * IN_A_TILE).next_multiple_of(IN_A_TILE);
    let (seen, period) = (u128::from(apart), u128::from(in_minutes(trickle.long())));
    let budget = u128::from(trickle.target().budget_ppb());
    // By half as much again, so that nothing hangs on a tile.
    let is_too_much = seen * 2 * 1_000_000_000 > period * 3 * budget;
    let burst = minutes(1, 0, few);
    let stretches = vec![
        // In the middle of a tile, and so is the next one.
        minutes(62, 0, 0),
        burst,
        minutes(apart - 1, 0, 0),
        burst,
        minutes(6 * IN_A_TILE, 0, 0),
        minutes(60, EACH, 0),
    ];
    (is_too_much && apart <= LONGEST_WAIT).then_some(("a trickle".into(), stretches))
}

fn in_minutes(length: BurnWindow) -> u64 {
    u64::from(length.as_seconds()).div_ceil(60)
}

/// The conditions of a severity.
pub(super) fn of(alerts: &Alerts, severity: Severity) -> impl Iterator<Item = &Condition> {
    let conditions = alerts.conditions().iter();
    conditions.filter(move |condition| condition.severity() == severity)
}
