//! What is recorded: error ratios, tiles, the period, what is left of the budget, and how much was seen.

use slo_core::BurnWindow;
use slo_core::alert::{Alerts, Condition};

use super::counters::Of;
use super::recorded::{
    BAD_MINUTES, BAD_TILES, COVERAGE, PERIOD_BAD, PERIOD_RATIO, REMAINING, VALID_MINUTES, VALID_TILES, bad_events,
    burn_rate, error_ratio,
};
use super::rule_file::Rule;
use super::subject::{LONGEST_RAW, Subject, ratio};
use crate::rule_window::TILE;

/// Recorded for every SLO whatever its window, in seconds: panels rely on them.
const EVERYBODYS: [u32; 5] = [300, 1_800, 3_600, 7_200, 21_600];
/// The longest text of a count that an alert has within, in bytes: a few routes.
const LONGEST_IN_AN_ALERT: usize = 1_000;
/// Burn rates that panels rely on.
const BURN_RATES: [u32; 2] = [3_600, 21_600];

/// Whether a length is recorded for every SLO, without the label of a window.
pub(crate) fn is_everybodys(length: BurnWindow) -> bool {
    EVERYBODYS.contains(&length.as_seconds())
}

/// Whether a length is added up from tiles.
pub(crate) fn is_tiled(length: BurnWindow) -> bool {
    length.as_seconds() > LONGEST_RAW
}

/// Whether a rule records the bad events of this length, and not the alert counts them itself: what is added up from tiles,
/// and what takes many routes to count. An alert has the counts of several lengths, and with such it would be longer than a
/// query may be.
///
/// See `docs/adr/086-rules-are-queries-that-their-engine-takes.md`.
pub(crate) fn is_bad_recorded(subject: &Subject, length: BurnWindow) -> bool {
    is_tiled(length) || (!subject.counters.are_events() && subject.raw_bad(length).len() > LONGEST_IN_AN_ALERT)
}

/// The minutes that shorter windows are added up from, where rules leave planned times out.
pub(crate) fn minutes(subject: &Subject) -> Vec<Rule> {
    let labels = subject.basis_labels(true);
    let rule = |(name, of): (&str, Of)| Some(Rule::record(name, subject.minute(of)?).labels(&labels));
    [(BAD_MINUTES, Of::Bad), (VALID_MINUTES, Of::Valid)]
        .into_iter()
        .filter_map(rule)
        .collect()
}

/// The ratios that every SLO has.
pub(crate) fn everybodys_ratios(subject: &Subject) -> Vec<Rule> {
    let lengths = lengths(&EVERYBODYS);
    let rule = |length| Rule::record(error_ratio(length), subject.raw_ratio(length)).labels(&subject.labels(false));
    lengths.map(rule).collect()
}

/// The burn rates that every SLO with a budget has; `over_budget` makes one of a ratio.
pub(crate) fn burn_rates(subject: &Subject, over_budget: impl Fn(&str) -> String) -> Vec<Rule> {
    let rule = |length| {
        let ratio = subject.any_window_series(&error_ratio(length));
        Rule::record(burn_rate(length), over_budget(&ratio)).labels(&subject.labels(false))
    };
    lengths(&BURN_RATES).map(rule).collect()
}

fn lengths(seconds: &[u32]) -> impl Iterator<Item = BurnWindow> {
    seconds
        .iter()
        .filter_map(|seconds| BurnWindow::from_seconds((*seconds).into()).ok())
}

/// The lengths that alerts look at, each once, ascending. The period has a name of its own.
#[derive(Clone, Debug)]
pub(crate) struct Lengths {
    ratios: Vec<BurnWindow>,
    counts: Vec<BurnWindow>,
}

impl Lengths {
    /// Those of these alerts.
    pub(crate) fn of(alerts: &Alerts) -> Self {
        let both = |condition: &Condition| [condition.long(), condition.short()];
        let long = alerts.conditions().iter().map(|condition| condition.long());
        Self {
            ratios: sorted(alerts.conditions().iter().flat_map(both)),
            counts: sorted(long.chain(alerts.trickle().map(|condition| condition.short()))),
        }
    }

    /// Those that others do not look at.
    pub(crate) fn without(mut self, others: &Self) -> Self {
        self.ratios.retain(|length| !others.ratios.contains(length));
        self.counts.retain(|length| !others.counts.contains(length));
        self
    }

    /// What alerts need each minute: ratios that are not everybody's, and bad events that they do not count themselves.
    pub(crate) fn each_minute(&self, subject: &Subject) -> Vec<Rule> {
        let labels = subject.labels(true);
        let record = |name: String, expr: String| Rule::record(name, subject.masked(&expr)).labels(&labels);
        let ratios = self.ratios.iter().copied();
        let ratios = ratios
            .filter(|length| !is_tiled(*length) && !is_everybodys(*length))
            .map(|length| record(error_ratio(length), subject.raw_ratio(length)));
        let counts = self.counts.iter().copied();
        let counts = counts
            .filter(|length| !is_tiled(*length) && is_bad_recorded(subject, *length))
            .map(|length| record(bad_events(length), subject.raw_bad(length)));
        ratios.chain(counts).collect()
    }

    /// What they need of tiles, each rule behind those whose series it may read.
    pub(crate) fn each_tile(&self, subject: &Subject) -> Vec<Rule> {
        let labels = subject.labels(true);
        let tiled = |lengths: &[BurnWindow]| lengths.iter().copied().filter(|length| is_tiled(*length)).collect();
        let (counts, ratios): (Vec<_>, Vec<_>) = (tiled(&self.counts), tiled(&self.ratios));
        let of_bad = counts
            .iter()
            .map(|length| (bad_events(length), bad_of_tiles(subject, *length)));
        let of_ratio = ratios.iter().map(|length| {
            let expr = ratio_of_tiles(subject, *length, counts.contains(length));
            (error_ratio(length), expr)
        });
        of_bad
            .chain(of_ratio)
            .map(|(name, expr)| Rule::record(name, expr).labels(&labels))
            .collect()
    }
}

/// What the alerts need each minute.
pub(crate) fn each_minute(subject: &Subject, alerts: &Alerts) -> Vec<Rule> {
    Lengths::of(alerts).each_minute(subject)
}

/// Whether an alert looks at a ratio of the counters that not every SLO has.
pub(crate) fn needs_own_ratios(alerts: &Alerts) -> bool {
    let ratios = Lengths::of(alerts).ratios;
    ratios
        .into_iter()
        .any(|length| !is_tiled(length) && !is_everybodys(length))
}

/// What is added up from tiles every five minutes, tiles first: each rule behind those whose series it may read.
pub(crate) fn each_tile(subject: &Subject, alerts: &Alerts) -> Vec<Rule> {
    let labels = subject.labels(true);
    let record = |name: &str, expr: String| Rule::record(name, expr).labels(&labels);
    let tile = |name: &str, of| Rule::record(name, subject.tile(of)).labels(&subject.basis_labels(true));
    let mut rules = vec![tile(BAD_TILES, Of::Bad), tile(VALID_TILES, Of::Valid)];
    rules.extend(Lengths::of(alerts).each_tile(subject));
    rules.extend([
        record(PERIOD_BAD, subject.period_tiles("sum_over_time", BAD_TILES)),
        record(PERIOD_RATIO, subject.period_ratio()),
        record(REMAINING, remaining(subject)),
        record(COVERAGE, coverage(subject)),
    ]);
    rules
}

fn bad_of_tiles(subject: &Subject, length: BurnWindow) -> String {
    subject.tiles(BAD_TILES, length.as_seconds().into())
}

/// The ratio of a length that is added up from tiles; the bad ones of this pass may be recorded already.
fn ratio_of_tiles(subject: &Subject, length: BurnWindow, is_counted: bool) -> String {
    let valid = subject.tiles(VALID_TILES, length.as_seconds().into());
    if is_counted && subject.sees_this_pass() {
        subject.ratio_of_recorded(&bad_events(length), &valid)
    } else {
        ratio(&bad_of_tiles(subject, length), &valid)
    }
}

/// In full where the recorded ratio would be that of the pass before.
fn remaining(subject: &Subject) -> String {
    let ratio = if subject.sees_this_pass() {
        subject.series(PERIOD_RATIO)
    } else {
        format!("({})", subject.period_ratio())
    };
    format!("1 - (\n{}\n)", indented(&subject.burn(&ratio)))
}

/// Tiles that are there, of those that could be by now.
fn coverage(subject: &Subject) -> String {
    let tiles = subject.period_tiles("count_over_time", VALID_TILES);
    let possible = match subject.window.period() {
        None => (subject.window.longest_seconds() / TILE).to_string(),
        Some(_) => subject.tiles_so_far(),
    };
    format!("clamp_max(\n{}\n  / {possible},\n  1\n)", indented(&tiles))
}

/// The lines, two spaces deeper.
pub(crate) fn indented(text: &str) -> String {
    let mut deeper = String::with_capacity(text.len() + text.len() / 8 + 2);
    for (number, line) in text.split('\n').enumerate() {
        deeper.push_str(if number == 0 { "  " } else { "\n  " });
        deeper.push_str(line);
    }
    deeper
}

fn sorted(lengths: impl Iterator<Item = BurnWindow>) -> Vec<BurnWindow> {
    let mut lengths: Vec<_> = lengths.collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}
