//! What rules are about: every SLO of a fleet, or one of a spec. What both say is said here.

use slo_core::{BurnWindow, Target, names};

use super::counters::{Counters, Of};
use super::promql;
use super::recorded::{BAD_TILES, BUDGET, START, VALID_TILES};
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
}

/// Whose numbers the rules hold.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Nobody's: budgets come with the events.
    Fleet,
    /// One SLO's of one service.
    Own {
        service: String,
        slo: String,
        target: Target,
    },
}

impl Subject {
    /// The labels by which an SLO is known.
    pub(crate) fn by(&self) -> String {
        by(self.identity)
    }

    /// `on (..)` those labels.
    pub(crate) fn on(&self) -> String {
        format!("on ({})", self.by())
    }

    /// A series that is recorded for this window only.
    pub(crate) fn series(&self, name: &str) -> String {
        let mut matchers = self.matchers();
        matchers.push(promql::is(WINDOW_LABEL, &self.window.to_string()));
        promql::selector(name, &matchers)
    }

    /// A series that is recorded whatever the window.
    pub(crate) fn any_window_series(&self, name: &str) -> String {
        promql::selector(name, &self.matchers())
    }

    fn matchers(&self) -> Vec<String> {
        match &self.scope {
            Scope::Fleet => Vec::new(),
            Scope::Own { service, slo, .. } => vec![
                promql::is(names::SERVICE_NAME.label, service),
                promql::is(names::SLO_NAME.label, slo),
            ],
        }
    }

    /// The labels that a rule adds: what the expression's own series do not have.
    pub(crate) fn labels(&self, with_window: bool) -> Vec<(String, String)> {
        let slo = match &self.scope {
            Scope::Fleet => None,
            Scope::Own { slo, .. } => Some((names::SLO_NAME.label.to_owned(), slo.clone())),
        };
        let window = with_window.then(|| (WINDOW_LABEL.to_owned(), self.window.to_string()));
        slo.into_iter().chain(window).collect()
    }

    /// The error ratio of a range of the counters: absent, and never NaN, without valid events.
    pub(crate) fn raw_ratio(&self, length: BurnWindow) -> String {
        let range = length.to_string();
        ratio(
            &self.counters.read(Of::Bad, "rate", &range),
            &self.counters.read(Of::Valid, "rate", &range),
        )
    }

    /// Bad events of a range of the counters.
    pub(crate) fn raw_bad(&self, length: BurnWindow) -> String {
        self.counters.read(Of::Bad, "increase", &length.to_string())
    }

    /// Only those SLOs of the fleet that have this window.
    pub(crate) fn masked(&self, expr: &str) -> String {
        match &self.scope {
            Scope::Fleet => format!("{expr}\nand {}\n{}", self.on(), self.series(BUDGET)),
            Scope::Own { .. } => expr.to_owned(),
        }
    }

    /// Events of five minutes, in the engine's own form. Of a calendar's window with the start of the period.
    pub(crate) fn tile(&self, of: Of) -> String {
        let tile = self.tile_of_any_period(of);
        if self.window.period().is_none() {
            return self.masked(&tile);
        }
        // The budget is there whenever the start is, both being of the newest spec; the mask is the window's.
        self.masked(&format!(
            "{tile}\n* on ({}) group_left ({START_LABEL})\n{}",
            self.by_in_rules(),
            self.starts()
        ))
    }

    fn tile_of_any_period(&self, of: Of) -> String {
        match self.engine {
            Engine::Victoriametrics => self.counters.read(of, "increase", "5m"),
            Engine::Prometheus | Engine::Mimir => {
                let seconds = TILE + self.push_seconds;
                let part = promql::fraction(TILE.into(), seconds.into());
                format!(
                    "{} * {part}",
                    self.counters.read(of, "increase", &format!("{seconds}s"))
                )
            }
        }
    }

    /// The start of the period as a label, of the period in which the tile began: what is in no period before it.
    fn starts(&self) -> String {
        let start = self.any_window_series(START);
        let by = self.by_in_rules();
        format!("count_values by ({by}) (\"{START_LABEL}\", {start} offset 5m or {start})")
    }

    /// The labels that a leaf has: a rule of one SLO adds the name of that only when it records.
    fn by_in_rules(&self) -> String {
        match &self.scope {
            Scope::Fleet => self.by(),
            Scope::Own { .. } => self.identity.service_labels().join(", "),
        }
    }

    /// Tiles added up over the last seconds.
    pub(crate) fn tiles(&self, name: &str, seconds: u64) -> String {
        let range = promql::tiles_in(seconds);
        format!("sum by ({}) (sum_over_time({}[{range}]))", self.by(), self.series(name))
    }

    /// A function of the tiles of the whole period up to now, added up: `sum_over_time` or `count_over_time`.
    pub(crate) fn period_tiles(&self, over_time: &str, name: &str) -> String {
        let range = promql::tiles_in(self.window.longest_seconds());
        let tiles = format!("{over_time}({}[{range}])", self.series(name));
        let by = self.by();
        match self.window.period() {
            None => format!("sum by ({by}) ({tiles})"),
            Some(_) => format!(
                "sum by ({by}) (\n  {tiles}\n  and on ({by}, {START_LABEL})\n  count_values by ({by}) (\"{START_LABEL}\", {})\n)",
                self.any_window_series(START)
            ),
        }
    }

    /// How much of a length was seen, up to 1: minutes between two in which there was a budget, or tiles.
    pub(crate) fn covered(&self, length: BurnWindow) -> String {
        let seconds = u64::from(length.as_seconds());
        let counted = |series: &str, range: &str| {
            let (by, series) = (self.by(), self.series(series));
            format!("sum by ({by}) (count_over_time({series}[{range}]))")
        };
        if length.as_seconds() > LONGEST_RAW {
            let tiles = counted(VALID_TILES, &promql::tiles_in(seconds));
            return format!("clamp_max({tiles} / {}, 1)", seconds.div_ceil(TILE));
        }
        // Half a minute more holds the point at either end, whether or not the engine's ranges hold their beginning.
        let points = counted(BUDGET, &format!("{}s", seconds + MINUTE / 2));
        format!("clamp_max(({points} - 1) / {}, 1)", seconds.div_ceil(MINUTE))
    }

    /// How much of the longest period was seen, up to 1.
    pub(crate) fn period_covered(&self) -> String {
        let counted = self.period_tiles("count_over_time", VALID_TILES);
        format!("clamp_max({counted} / {}, 1)", self.window.longest_seconds() / TILE)
    }

    /// The error ratio of the whole period up to now.
    pub(crate) fn period_ratio(&self) -> String {
        ratio(
            &self.period_tiles("sum_over_time", BAD_TILES),
            &self.period_tiles("sum_over_time", VALID_TILES),
        )
    }

    /// An error ratio over the budget.
    pub(crate) fn burn(&self, ratio: &str) -> String {
        match &self.scope {
            Scope::Fleet => format!("{ratio}\n/ {}\n{}", self.on(), self.series(BUDGET)),
            Scope::Own { target, .. } => format!("{ratio}\n/ {}", budget(*target)),
        }
    }
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
    format!("{bad}\n/\n({valid} > 0)")
}
