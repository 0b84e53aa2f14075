//! What a spec means, for programs. Keys may be added; none changes its meaning.

use core::ops::RangeInclusive;
use std::collections::BTreeMap;

use serde::Serialize;
use slo_core::gate::{GateRules, Mode};
use slo_core::{
    Classification, Ending, Environment, Mistake, Outcome, Period, Share, Sli, Slo, SloOverride, Status, Target,
    Threshold, TimeSlices, Window, Zone,
};

use super::{codes, units};
use crate::cmd::check::Understood;

/// The whole document, ending in a line break.
pub(crate) fn of(files: Vec<File>) -> String {
    let document = Document {
        ok: files.iter().all(File::is_ok),
        files,
    };
    // Texts, numbers and lists under texts: nothing that JSON cannot hold.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Debug, Serialize)]
struct Document {
    /// Whether every file is fine.
    ok: bool,
    files: Vec<File>,
}

/// What became of one file: a service with its SLOs, or mistakes, or the reason why it was not read.
#[derive(Debug, Serialize)]
pub(crate) struct File {
    file: String,
    ok: bool,
    #[serde(flatten)]
    content: Content,
}

impl File {
    pub(crate) const fn is_ok(&self) -> bool {
        self.ok
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content {
    Spec {
        service: String,
        slos: Vec<SloEntry>,
        gate: GateEntry,
        environments: BTreeMap<String, EnvironmentEntry>,
    },
    Mistakes {
        mistakes: Vec<MistakeEntry>,
    },
    Unreadable {
        error: String,
    },
}

pub(crate) fn file(name: &str, understood: &Understood) -> File {
    let content = match understood {
        Understood::Set(set) => Content::Spec {
            service: set.service().to_owned(),
            slos: set.slos().iter().map(SloEntry::of).collect(),
            gate: GateEntry::of(set.gate()),
            environments: set.environments().map(changes).collect(),
        },
        Understood::Wrong(error) => Content::Mistakes {
            mistakes: error.mistakes().iter().map(MistakeEntry::of).collect(),
        },
        Understood::Unreadable(message) => Content::Unreadable { error: message.clone() },
    };
    File {
        file: name.to_owned(),
        ok: matches!(content, Content::Spec { .. }),
        content,
    }
}

#[derive(Debug, Serialize)]
struct MistakeEntry {
    file: String,
    line: usize,
    column: usize,
    key: String,
    slo: Option<String>,
    message: String,
}

impl MistakeEntry {
    fn of(mistake: &Mistake) -> Self {
        Self {
            file: mistake.file().to_owned(),
            line: mistake.line(),
            column: mistake.column(),
            key: mistake.key().to_owned(),
            slo: mistake.slo_name().map(str::to_owned),
            message: mistake.message().to_owned(),
        }
    }
}

#[derive(Debug, Serialize)]
struct SloEntry {
    name: String,
    promise: Option<String>,
    journey: Option<String>,
    owner: Option<String>,
    status: Status,
    agreed_on: Option<String>,
    sli: SliEntry,
    /// The objective is then the share of slices.
    time_slices: Option<TimeSlicesEntry>,
    objective: Target,
    objective_ppb: u32,
    /// In percent, as a text: exact.
    error_budget: String,
    error_budget_ppb: u32,
    /// In seconds, as a text: exact. None of a calendar window: see there.
    full_outage_seconds: Option<String>,
    window: Window,
    /// None of a calendar window, whose periods differ.
    window_seconds: Option<u64>,
    calendar: Option<CalendarEntry>,
}

impl SloEntry {
    fn of(slo: &Slo) -> Self {
        let (target, window) = (slo.target(), slo.window());
        let outage = units::full_outage_nanos(target, window);
        let rolling = window.rolling_length();
        Self {
            name: slo.name().to_owned(),
            promise: slo.promise_sentence().map(str::to_owned),
            journey: slo.journey_name().map(str::to_owned),
            owner: slo.owner_name().map(str::to_owned),
            status: slo.current_status(),
            agreed_on: slo.agreed_day().map(|day| day.to_string()),
            sli: SliEntry::of(slo.sli()),
            time_slices: slo.time_slices().map(TimeSlicesEntry::of),
            objective: target,
            objective_ppb: target.ppb(),
            error_budget: units::budget_percent(target),
            error_budget_ppb: target.budget_ppb(),
            full_outage_seconds: rolling.map(|_| units::seconds(*outage.end())),
            window,
            window_seconds: rolling.map(|length| length.as_secs()),
            calendar: window.as_calendar().map(|(period, zone)| CalendarEntry {
                period,
                time_zone: zone,
                days: Extent::of(&period.days(), |days| days),
                full_outage_seconds: Extent::of(&outage, units::seconds),
            }),
        }
    }
}

#[derive(Debug, Serialize)]
struct CalendarEntry {
    period: Period,
    time_zone: Zone,
    days: Extent<u32>,
    /// In seconds, as texts: exact, for days of 24 hours.
    full_outage_seconds: Extent<String>,
}

/// In the shortest period and in the longest.
#[derive(Debug, Serialize)]
struct Extent<T> {
    least: T,
    most: T,
}

impl<T> Extent<T> {
    fn of<U: Copy>(range: &RangeInclusive<U>, shown: impl Fn(U) -> T) -> Self {
        Self {
            least: shown(*range.start()),
            most: shown(*range.end()),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum SliEntry {
    Http {
        routes: Vec<String>,
        /// The program marks the routes.
        marked: bool,
        /// Empty: all.
        methods: Vec<String>,
        faster_than: Option<Threshold>,
        /// When the clock stops: `head` or `body`.
        until: &'static str,
        /// Status codes after all rules: `408`, `5xx`, `500-502`.
        bad: Vec<String>,
        excluded: Vec<String>,
        /// The outcome of each ending without a status code; `null`: bad once patience is over, excluded before.
        endings: BTreeMap<&'static str, Option<Outcome>>,
    },
    Synthetic {
        path: String,
        /// What a probe without an answer counts as.
        down_counts: Outcome,
    },
    Events {
        of: String,
    },
    Composite {
        /// By the member's name.
        weights: BTreeMap<String, u32>,
    },
    Other(String),
}

impl SliEntry {
    fn of(sli: &Sli) -> Self {
        match sli {
            Sli::Http(http) => Self::Http {
                routes: http.route_templates().map(str::to_owned).collect(),
                marked: http.is_marked(),
                methods: http.method_names().map(str::to_owned).collect(),
                faster_than: http.limit(),
                until: http.clock_stops().as_str(),
                bad: codes::exact(http.classification(), Outcome::Bad),
                excluded: codes::exact(http.classification(), Outcome::Excluded),
                endings: endings(http.classification()),
            },
            Sli::Synthetic(synthetic) => Self::Synthetic {
                path: synthetic.path().to_owned(),
                down_counts: synthetic.when_down().outcome(),
            },
            Sli::Events(events) => Self::Events {
                of: events.what().to_owned(),
            },
            Sli::Composite(composite) => Self::Composite {
                weights: composite
                    .weights()
                    .map(|(name, weight)| (name.to_owned(), weight))
                    .collect(),
            },
            other => Self::Other(format!("{other:?}")),
        }
    }
}

fn endings(rules: &Classification) -> BTreeMap<&'static str, Option<Outcome>> {
    let all = [
        Ending::ServiceError,
        Ending::BodyError,
        Ending::Panicked,
        Ending::TimedOut,
        Ending::Cancelled,
    ];
    let named = |ending: Ending| Some((ending.name()?.as_str(), rules.judge(ending)));
    all.into_iter().filter_map(named).collect()
}

#[derive(Debug, Serialize)]
struct TimeSlicesEntry {
    length_seconds: u64,
    target: Share,
    target_ppb: u32,
}

impl TimeSlicesEntry {
    fn of(slices: TimeSlices) -> Self {
        Self {
            length_seconds: slices.length().as_secs(),
            target: slices.target(),
            target_ppb: slices.target().ppb(),
        }
    }
}

/// What must hold for a deploy to pass, each rule as a spec writes it.
#[derive(Debug, Serialize)]
struct GateEntry {
    bad_ratio: String,
    p95: String,
    budget: String,
    mode: Mode,
}

impl GateEntry {
    fn of(rules: &GateRules) -> Self {
        Self {
            bad_ratio: rules.bad_ratio.to_string(),
            p95: rules.p95.to_string(),
            budget: rules.budget.to_string(),
            mode: rules.mode,
        }
    }
}

/// What is different of the gate; `null` is not.
#[derive(Debug, Serialize)]
struct GateChangeEntry {
    bad_ratio: Option<String>,
    p95: Option<String>,
    budget: Option<String>,
    mode: Option<Mode>,
}

/// What is different in an environment.
#[derive(Debug, Serialize)]
struct EnvironmentEntry {
    gate: GateChangeEntry,
    slos: BTreeMap<String, ChangeEntry>,
}

/// What is different of an SLO; `null` is not.
#[derive(Debug, Serialize)]
struct ChangeEntry {
    objective: Option<Target>,
    window: Option<Window>,
    status: Option<Status>,
    faster_than: Option<Threshold>,
}

fn changes((name, environment): (&str, &Environment)) -> (String, EnvironmentEntry) {
    let entry = |change: &SloOverride| ChangeEntry {
        objective: change.objective,
        window: change.window,
        status: change.status,
        faster_than: change.faster_than,
    };
    let slos = environment.slos().map(|(slo, change)| (slo.to_owned(), entry(change)));
    let change = environment.gate_change();
    let gate = GateChangeEntry {
        bad_ratio: change.bad_ratio.map(|rule| rule.to_string()),
        p95: change.p95.map(|rule| rule.to_string()),
        budget: change.budget.map(|rule| rule.to_string()),
        mode: change.mode,
    };
    let slos = slos.collect();
    (name.to_owned(), EnvironmentEntry { gate, slos })
}
