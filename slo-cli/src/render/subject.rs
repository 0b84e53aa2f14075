//! What rules are about: every SLO of a fleet, or one of a spec. What both say is said here.

use slo_core::{BurnWindow, Target, names};

use super::alerting::silence;
use super::counters::{Counters, Of};
use super::dates::Dates;
use super::promql;
use super::recorded::{
    BAD_MINUTES, BAD_TILES, BUDGET, COVERAGE, EXCLUSION_END, OWN_RULES, PERIOD_BAD, RULES_LABEL, START, VALID_MINUTES,
    VALID_TILES,
};
use super::recording::indented;
use super::whose::Whose;
use crate::args::{Engine, Identity};
use crate::rule_window::{RuleWindow, TILE};

/// The label with the window that a series was recorded for.
pub(crate) const WINDOW_LABEL: &str = "slo_window";
/// The label of a tile with the start of its period, where the window is a calendar's.
pub(crate) const START_LABEL: &str = "slo_window_start";

/// Up to here, a window is read from the counters each minute; longer ones are added up from tiles.
pub(crate) const LONGEST_RAW: u32 = 6 * 3_600;

/// The interval of the groups that read counters (seconds).
const MINUTE: u64 = 60;

/// One set of SLOs with one window.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) identity: Identity,
    pub(crate) engine: Engine,
    pub(crate) push_seconds: u64,
    pub(crate) counters: Counters,
    pub(crate) scope: Scope,
    pub(crate) window: RuleWindow,
    /// What the rules know by date, where no process says it in time.
    pub(crate) known: Known,
}

/// What rules know of one SLO by date.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Planned times, which the rules leave out themselves.
    pub(crate) exclusions: Option<Dates>,
    /// Periods of the calendar.
    pub(crate) periods: Option<Dates>,
}

/// Whose numbers the rules hold.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Nobody's: budgets come with the events.
    Fleet,
    /// One SLO's of one service.
    Own {
        whose: Whose,
        slo: String,
        target: Target,
        /// Labels of the service that what is counted does not have.
        labels: Vec<(String, String)>,
        /// Whether the rules of a fleet record it, and these tell of it only.
        beside_fleet: bool,
        /// Whether probes may ask a check for it, and tell of it by rules of their own.
        probed: bool,
    },
}

impl Subject {
    /// The labels by which an SLO is known.
    pub(crate) fn by(&self) -> String {
        by(self.identity)
    }

    /// `on (..)` those labels.
    pub(crate) fn on(&self) -> String {
        ["on (", &self.by(), ")"].concat()
    }

    /// A series that is recorded for this window only.
    pub(crate) fn series(&self, name: &str) -> String {
        let window = promql::is(WINDOW_LABEL, &self.window.to_string());
        match self.whose() {
            None => [name, "{", &window, "}"].concat(),
            Some(whose) => [name, "{", &whose, ", ", &window, "}"].concat(),
        }
    }

    /// A budget or tiles, of which all else is made: a fleet's are its own. Those of one SLO are found by its name, whoever
    /// recorded them, for a matcher more has its price where there are a thousand.
    pub(crate) fn basis(&self, name: &str) -> String {
        match &self.scope {
            Scope::Fleet => {
                let window = promql::is(WINDOW_LABEL, &self.window.to_string());
                promql::selector(name, &[window, promql::is(RULES_LABEL, "")])
            }
            Scope::Own { .. } => self.series(name),
        }
    }

    /// A start or a planned time, whatever the window: the fleet's rules record what a process says of it, these may know
    /// it by date.
    pub(crate) fn any_window_basis(&self, name: &str) -> String {
        let rules = promql::is(RULES_LABEL, self.rules().unwrap_or_default());
        let matchers: Vec<_> = self.whose().into_iter().chain([rules]).collect();
        promql::selector(name, &matchers)
    }

    /// What the label of a basis says of who records it: nothing of a fleet.
    fn rules(&self) -> Option<&'static str> {
        let is_own = matches!(self.scope, Scope::Own { .. }) && !self.is_beside_fleet();
        is_own.then_some(OWN_RULES)
    }

    /// One that is added up from tiles, where another group may have recorded it.
    pub(crate) fn of_tiles(&self, name: &str) -> String {
        let series = self.series(name);
        if self.is_beside_fleet() {
            of_another_group(&series)
        } else {
            series
        }
    }

    /// Whether a fleet's rules record it.
    pub(crate) const fn is_beside_fleet(&self) -> bool {
        matches!(self.scope, Scope::Own { beside_fleet: true, .. })
    }

    /// A series that is recorded whatever the window.
    pub(crate) fn any_window_series(&self, name: &str) -> String {
        match self.whose() {
            None => name.to_owned(),
            Some(whose) => [name, "{", &whose, "}"].concat(),
        }
    }

    /// The matchers of one SLO's recorded series.
    pub(crate) fn whose(&self) -> Option<String> {
        match &self.scope {
            Scope::Fleet => None,
            Scope::Own { whose, slo, .. } => {
                let slo = promql::is(names::SLO_NAME.label, slo);
                Some(whose.recorded().into_iter().chain([slo]).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The labels that a rule adds: what the expression's own series do not have.
    pub(crate) fn labels(&self, with_window: bool) -> Vec<(String, String)> {
        let mut added = match &self.scope {
            Scope::Fleet => Vec::new(),
            Scope::Own { slo, labels, .. } => {
                let slo = (names::SLO_NAME.label.to_owned(), slo.clone());
                labels.iter().cloned().chain([slo]).collect()
            }
        };
        added.extend(with_window.then(|| (WINDOW_LABEL.to_owned(), self.window.to_string())));
        added
    }

    /// The same of a basis.
    pub(crate) fn basis_labels(&self, with_window: bool) -> Vec<(String, String)> {
        self.marked(self.labels(with_window))
    }

    /// The labels of a basis whose expression has none at all.
    pub(crate) fn all_basis_labels(&self) -> Vec<(String, String)> {
        self.marked(self.all_labels())
    }

    fn marked(&self, mut labels: Vec<(String, String)>) -> Vec<(String, String)> {
        let rules = self.rules().map(|rules| (RULES_LABEL.to_owned(), rules.to_owned()));
        labels.extend(rules);
        labels
    }

    fn all_labels(&self) -> Vec<(String, String)> {
        let mut labels = self.labels(false);
        if let Scope::Own { whose, .. } = &self.scope {
            let missing = whose
                .names()
                .filter(|(name, _)| labels.iter().all(|(label, _)| label != name));
            let missing: Vec<_> = missing.map(|(name, value)| (name.to_owned(), value)).collect();
            labels.splice(0..0, missing);
        }
        labels
    }

    /// The labels of the recorded budget of an SLO whose rules these are, as far as they are known.
    pub(crate) fn budget_example(&self) -> Vec<(String, String)> {
        let Scope::Own { whose, slo, .. } = &self.scope else {
            return Vec::new();
        };
        let labels = [
            (names::SLO_NAME.label, slo.clone()),
            (WINDOW_LABEL, self.window.to_string()),
        ];
        let labels = whose.labels().into_iter().chain(labels);
        self.marked(labels.map(|(label, value)| (label.to_owned(), value)).collect())
    }

    /// The labels of a raw series of one instance, where the rules are one SLO's.
    pub(crate) fn raw_example(&self) -> Option<Vec<String>> {
        match &self.scope {
            Scope::Fleet => None,
            Scope::Own { whose, slo, .. } => {
                let slo = promql::is(names::SLO_NAME.label, slo);
                Some(whose.example().into_iter().chain([slo]).collect())
            }
        }
    }

    /// The error ratio of a range of the counters: absent, and never NaN, without valid events.
    ///
    /// Where rules leave planned times out, it is added up from minutes: a range knows no holes.
    pub(crate) fn raw_ratio(&self, length: BurnWindow) -> String {
        let seconds = length.as_seconds().into();
        match self.known.exclusions {
            Some(_) => ratio(&self.tiles(BAD_MINUTES, seconds), &self.tiles(VALID_MINUTES, seconds)),
            None => ratio(
                &self.counters.read(Of::Bad, "rate", length),
                &self.counters.read(Of::Valid, "rate", length),
            ),
        }
    }

    /// `on (..)` the labels that [`raw_bad`](Self::raw_bad) has where no rule has recorded it: the name of an SLO is added then,
    /// and all labels to what others count.
    pub(crate) fn on_raw(&self) -> String {
        match &self.scope {
            Scope::Own { .. } if self.known.exclusions.is_some() => self.on(),
            Scope::Own { .. } if self.counters.engine().is_some() => "on ()".to_owned(),
            Scope::Own { .. } => ["on (", &self.identity.service_labels().join(", "), ")"].concat(),
            Scope::Fleet => self.on(),
        }
    }

    /// Bad events of a range of the counters.
    pub(crate) fn raw_bad(&self, length: BurnWindow) -> String {
        match self.known.exclusions {
            Some(_) => self.tiles(BAD_MINUTES, length.as_seconds().into()),
            None => self.counters.read(Of::Bad, "increase", length),
        }
    }

    /// Events of a minute, where rules leave planned times out.
    pub(crate) fn minute(&self, of: Of) -> Option<String> {
        let exclusions = self.known.exclusions.as_ref()?;
        // A burn window has two minutes at least.
        let seconds = MINUTE + self.push_seconds.max(MINUTE);
        Some(self.without(exclusions, &self.part_of(of, MINUTE, seconds), seconds))
    }

    /// Only those SLOs of the fleet that have this window, or had it when something was last said of them.
    pub(crate) fn masked(&self, expr: &str) -> String {
        self.masked_by(expr, &self.last_said(&self.basis(BUDGET)))
    }

    fn masked_by(&self, expr: &str, budget: &str) -> String {
        match &self.scope {
            Scope::Fleet => format!("{expr}\nand {}\n{budget}", self.on()),
            Scope::Own { .. } => expr.to_owned(),
        }
    }

    /// What the newest spec said, of a service that may say nothing more: until its missing data is a page of its own. That
    /// takes the silence, and a pass of a group of tiles; twice that pass, as engines look back for what is gone by up to five
    /// minutes, or not at all.
    pub(crate) fn last_said(&self, series: &str) -> String {
        let hold = length(u64::from(silence(self.push_seconds).as_seconds()) + 2 * TILE);
        format!("last_over_time({series}[{hold}])")
    }

    /// Events of five minutes, in the engine's own form. Of a calendar's window with the start of the period.
    pub(crate) fn tile(&self, of: Of) -> String {
        let tile = self.tile_of_any_period(of);
        if self.window.period().is_none() {
            return self.masked_by(&tile, &self.basis(BUDGET));
        }
        // The budget is there whenever the start is, both being of the newest spec; the mask is the window's.
        let tile = format!(
            "{tile}\n* on ({}) group_left ({START_LABEL})\n{}",
            self.by_in_rules(),
            self.starts()
        );
        self.masked_by(&tile, &self.basis(BUDGET))
    }

    fn tile_of_any_period(&self, of: Of) -> String {
        let seconds = match self.engine {
            Engine::Victoriametrics => TILE,
            Engine::Prometheus | Engine::Mimir => TILE + self.push_seconds,
        };
        let tile = self.part_of(of, TILE, seconds);
        match &self.known.exclusions {
            Some(exclusions) => self.without(exclusions, &tile, seconds),
            None => tile,
        }
    }

    /// Events of a time that is read from a range that is as long or longer.
    fn part_of(&self, of: Of, part: u64, seconds: u64) -> String {
        let read = self.counters.read(of, "increase", length(seconds));
        if part == seconds {
            return read;
        }
        format!("{read} * {}", promql::fraction(part.into(), seconds.into()))
    }

    /// Nothing, as long as a planned time lies in the seconds that were read: what was recorded of it says so for that
    /// long, and for the minutes in which it may be late; its first moments are known by date.
    fn without(&self, exclusions: &Dates, expr: &str, seconds: u64) -> String {
        let recorded = self.any_window_basis(EXCLUSION_END);
        let recorded = format!("max(last_over_time({recorded}[{}]))", length(seconds + 2 * MINUTE));
        let planned: Vec<_> = [recorded].into_iter().chain(exclusions.ends()).collect();
        format!(
            "{expr}\n* scalar(\n  0 * (\n{}\n  )\n  or vector(1)\n)",
            indented(&indented(&planned.join("\nor\n")))
        )
    }

    /// The start of the period as a label, of the period in which the tile began: what is in no period before it.
    fn starts(&self) -> String {
        let start = self.any_window_basis(START);
        let by = self.by_in_rules();
        format!("count_values by ({by}) (\"{START_LABEL}\", {start} offset 5m or {start})")
    }

    /// The labels that a leaf has: a rule of one SLO adds the name of that only when it records. Of a start that is known
    /// by date, none: it is nobody's but the SLO's.
    fn by_in_rules(&self) -> String {
        match &self.scope {
            Scope::Own { .. } if self.known.periods.is_some() => String::new(),
            Scope::Fleet => self.by(),
            Scope::Own { .. } => self.identity.service_labels().join(", "),
        }
    }

    /// The labels by which recorded series find the start of their period.
    fn start_by(&self) -> String {
        match self.known.periods {
            Some(_) => String::new(),
            None => self.by(),
        }
    }

    /// Tiles added up over the last seconds.
    pub(crate) fn tiles(&self, name: &str, seconds: u64) -> String {
        let range = promql::tiles_in(seconds);
        let (by, series) = (self.by(), self.basis(name));
        ["sum by (", &by, ") (sum_over_time(", &series, "[", &range, "]))"].concat()
    }

    /// A function of the tiles of the whole period up to now, added up: `sum_over_time` or `count_over_time`.
    pub(crate) fn period_tiles(&self, over_time: &str, name: &str) -> String {
        let range = promql::tiles_in(self.window.longest_seconds());
        let tiles = [over_time, "(", &self.basis(name), "[", &range, "])"].concat();
        let by = self.by();
        match self.window.period() {
            None => ["sum by (", &by, ") (", &tiles, ")"].concat(),
            Some(_) => {
                let start_by = self.start_by();
                let on = match start_by.as_str() {
                    "" => START_LABEL.to_owned(),
                    labels => format!("{labels}, {START_LABEL}"),
                };
                format!(
                    "sum by ({by}) (\n  {tiles}\n  and on ({on})\n  count_values by ({start_by}) (\"{START_LABEL}\", {})\n)",
                    self.any_window_basis(START)
                )
            }
        }
    }

    /// How much of the present period of the calendar has passed, in tiles, behind a `/`.
    pub(crate) fn tiles_so_far(&self) -> String {
        let start = self.any_window_basis(START);
        match self.known.periods {
            Some(_) => format!("on () group_left () clamp_min((time() - max({start})) / {TILE}, 1)"),
            None => format!("{} clamp_min((time() - {start}) / {TILE}, 1)", self.on()),
        }
    }

    /// How much of a length was seen, up to 1: minutes between two in which there was a budget, or tiles.
    pub(crate) fn covered(&self, length: BurnWindow) -> String {
        let seconds = u64::from(length.as_seconds());
        let counted = |series: &str, range: &str| {
            let (by, series) = (self.by(), self.basis(series));
            ["sum by (", &by, ") (count_over_time(", &series, "[", range, "]))"].concat()
        };
        if length.as_seconds() > LONGEST_RAW {
            let tiles = counted(VALID_TILES, &promql::tiles_in(seconds));
            return format!("clamp_max({tiles} / {}, 1)", seconds.div_ceil(TILE));
        }
        // Another group may be evaluated up to a minute after the last point, or before it has one of this minute. So much
        // more holds the points at either end all the same, and never more than one too many, whether or not the engine's
        // ranges hold their beginning.
        let minutes = seconds.div_ceil(MINUTE);
        let points = counted(BUDGET, &format!("{}s", (minutes + 2) * MINUTE - 1));
        format!("clamp_max(({points} - 1) / {minutes}, 1)")
    }

    /// How much of the longest period was seen, up to 1. A rolling window's is recorded as its coverage; that of a calendar's
    /// is of the time so far.
    pub(crate) fn period_covered(&self) -> String {
        if self.sees_this_pass() && self.window.period().is_none() {
            return self.of_tiles(COVERAGE);
        }
        let counted = self.period_tiles("count_over_time", VALID_TILES);
        format!("clamp_max({counted} / {}, 1)", self.window.longest_seconds() / TILE)
    }

    /// The error ratio of the whole period up to now.
    pub(crate) fn period_ratio(&self) -> String {
        let valid = self.period_tiles("sum_over_time", VALID_TILES);
        if self.sees_this_pass() {
            self.ratio_of_recorded(PERIOD_BAD, &valid)
        } else {
            ratio(&self.period_tiles("sum_over_time", BAD_TILES), &valid)
        }
    }

    /// Recorded bad events over valid ones, absent where nothing is valid. What is recorded has the window's label, too.
    pub(crate) fn ratio_of_recorded(&self, bad: &str, valid: &str) -> String {
        [&self.series(bad), "\n/ ", &self.on(), "\n(", valid, " > 0)"].concat()
    }

    /// Whether a rule sees what the rules before it in its group have just recorded; vmalert's see the pass before. See
    /// `docs/adr/060-rules-read-what-their-group-has-just-recorded.md`.
    pub(crate) const fn sees_this_pass(&self) -> bool {
        matches!(self.engine, Engine::Prometheus | Engine::Mimir)
    }

    /// An error ratio over the budget.
    pub(crate) fn burn(&self, ratio: &str) -> String {
        self.over(ratio, &self.basis(BUDGET))
    }

    /// The same where somebody is told: a service that says nothing more has the budget that it said last.
    pub(crate) fn burn_to_tell(&self, ratio: &str) -> String {
        self.over(ratio, &self.last_said(&self.basis(BUDGET)))
    }

    fn over(&self, ratio: &str, of_the_fleet: &str) -> String {
        match &self.scope {
            Scope::Fleet => format!("{ratio}\n/ {}\n{of_the_fleet}", self.on()),
            Scope::Own { target, .. } => [ratio, "\n/ ", &budget(*target)].concat(),
        }
    }
}

/// A basis that a fleet's rules record, whatever the window.
pub(crate) fn basis_of_the_fleet(name: &str) -> String {
    promql::selector(name, &[promql::is(RULES_LABEL, "")])
}

/// How long a value from a group of five minutes is taken for the present one elsewhere: one pass may be late.
pub(crate) const TILE_LOOKBACK: &str = "10m";

/// A series of tiles that a group at another pace has recorded.
pub(crate) fn of_another_group(series: &str) -> String {
    ["last_over_time(", series, "[", TILE_LOOKBACK, "])"].concat()
}

/// A length of seconds; as long as there can be one.
pub(crate) fn length(seconds: u64) -> BurnWindow {
    BurnWindow::from_seconds(seconds).unwrap_or(if seconds < BurnWindow::MIN.as_seconds().into() {
        BurnWindow::MIN
    } else {
        BurnWindow::MAX
    })
}

/// The error budget as an exact decimal.
pub(crate) fn budget(target: Target) -> String {
    promql::fraction(target.budget_ppb().into(), 1_000_000_000)
}

/// The labels by which an SLO is known.
pub(crate) fn by(identity: Identity) -> String {
    [identity.service_labels(), &[names::SLO_NAME.label]]
        .concat()
        .join(", ")
}

/// Bad over valid, absent where nothing is valid: 0 / 0 would be NaN, and stay in every sum over it.
pub(crate) fn ratio(bad: &str, valid: &str) -> String {
    [bad, "\n/\n(", valid, " > 0)"].concat()
}
