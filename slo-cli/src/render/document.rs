//! What a spec means, for programs. Keys may be added; none changes its meaning.

use core::ops::RangeInclusive;
use std::collections::BTreeMap;

use serde::Serialize;
use slo_core::alert::{AlertPolicy, Condition, Severity};
use slo_core::gate::{GateRules, Mode, OnUnknown};
use slo_core::{
    Classification, Ending, Environment, Exclusion, Labels, Lint, Mistake, Outcome, Period, Share, Sli, Slo,
    SloOverride, Status, Target, Threshold, TimeSlices, Window, Zone,
};

use super::{codes, plain_json, units};
use crate::cmd::check::Understood;

/// The whole document, ending in a line break.
pub(crate) fn of(files: Vec<File>) -> String {
    let document = Document {
        ok: files.iter().all(File::is_ok),
        files,
    };
    // Texts, numbers and lists under texts: nothing that JSON cannot hold.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    plain_json(&text) + "\n"
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
#[expect(clippy::large_enum_variant, reason = "one per file, and most are the large one")]
enum Content {
    Spec {
        service: String,
        slos: Vec<SloEntry>,
        labels: BTreeMap<String, String>,
        /// In seconds; `null` where it was not said.
        retention_seconds: Option<u64>,
        gate: GateEntry,
        environments: BTreeMap<String, EnvironmentEntry>,
        /// What is allowed and probably not meant.
        warnings: Vec<MistakeEntry>,
    },
    Mistakes {
        mistakes: Vec<MistakeEntry>,
        /// How many more there are, which are counted only.
        others: usize,
    },
    Unreadable {
        error: String,
    },
}

pub(crate) fn file(name: &str, understood: &Understood) -> File {
    let content = match understood {
        Understood::Set(set, warnings) => Content::Spec {
            service: set.service().to_owned(),
            slos: set.slos().iter().map(SloEntry::of).collect(),
            labels: labels(set.labels()),
            retention_seconds: set.retention().map(|kept| kept.as_secs()),
            gate: GateEntry::of(set.gate()),
            environments: set.environments().map(changes).collect(),
            warnings: warnings.iter().map(|one| MistakeEntry::of(name, one)).collect(),
        },
        Understood::Wrong(error) => Content::Mistakes {
            mistakes: error.mistakes().iter().map(|one| MistakeEntry::of(name, one)).collect(),
            others: error.others(),
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
    /// Of a warning the name to allow it by; a mistake has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    lint: Option<&'static str>,
}

impl MistakeEntry {
    fn of(file: &str, mistake: &Mistake) -> Self {
        Self {
            file: file.to_owned(),
            line: mistake.line(),
            column: mistake.column(),
            key: mistake.key().to_owned(),
            slo: mistake.slo_name().map(str::to_owned),
            message: mistake.message().to_owned(),
            lint: mistake.lint().map(Lint::as_str),
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
    /// With those of the whole service.
    labels: BTreeMap<String, String>,
    runbook: Option<String>,
    dashboard: Option<String>,
    alerts: AlertsEntry,
    /// With those of the whole service, which come first.
    exclude: Vec<ExclusionEntry>,
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
            labels: labels(slo.labels()),
            runbook: slo.runbook_link().map(ToString::to_string),
            dashboard: slo.dashboard_link().map(ToString::to_string),
            alerts: AlertsEntry::of(slo),
            exclude: slo.exclusions().iter().map(ExclusionEntry::of).collect(),
        }
    }
}

fn labels(labels: &Labels) -> BTreeMap<String, String> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    labels.iter().map(owned).collect()
}

/// Who is told that its budget burns.
#[derive(Debug, Serialize)]
struct AlertsEntry {
    /// A draft tells nobody, and neither does a composite or an SLO whose spec says so.
    told: bool,
    /// Whose rules tell of it: `standard`, `own` or `none`.
    kind: &'static str,
    tier: Option<String>,
    /// The values of the label `severity`.
    severities: BTreeMap<&'static str, String>,
    minimum_bad_events: u32,
    conditions: Vec<ConditionEntry>,
}

/// A condition as it is for this SLO: windows scaled to its period, the factor worked out.
#[derive(Debug, Serialize)]
struct ConditionEntry {
    severity: &'static str,
    long_seconds: u32,
    short_seconds: u32,
    /// The burn rate that must be exceeded in both windows, like `14.4x`.
    factor: String,
}

impl AlertsEntry {
    fn of(slo: &Slo) -> Self {
        let alerting = slo.alerting_rules().cloned().unwrap_or_default();
        let alerts = AlertPolicy::standard().for_slo(slo);
        let name = |severity: Severity| (severity.as_str(), alerting.severity_label(severity).to_owned());
        let entry = |condition: &Condition| ConditionEntry {
            severity: condition.severity().as_str(),
            long_seconds: condition.long().as_seconds(),
            short_seconds: condition.short().as_seconds(),
            factor: condition.factor().to_string(),
        };
        Self {
            told: !alerts.is_silent() && slo.composite().is_none(),
            kind: slo.alerts_kind().as_str(),
            tier: alerting.tier_label().map(str::to_owned),
            severities: [Severity::Page, Severity::Ticket].into_iter().map(name).collect(),
            minimum_bad_events: alerts.minimum_bad_events(),
            conditions: alerts.conditions().iter().map(entry).collect(),
        }
    }
}

/// A planned time in which no event counts.
#[derive(Debug, Serialize)]
struct ExclusionEntry {
    /// What clocks in the zone show.
    from: String,
    time_zone: Zone,
    duration_seconds: u64,
    rrule: Option<String>,
    except: Vec<String>,
    reason: String,
}

impl ExclusionEntry {
    fn of(exclusion: &Exclusion) -> Self {
        Self {
            from: exclusion.from().to_string(),
            time_zone: exclusion.zone(),
            duration_seconds: exclusion.length().as_secs(),
            rrule: exclusion.recurrence().map(ToString::to_string),
            except: exclusion.exceptions().map(|day| day.to_string()).collect(),
            reason: exclusion.reason().to_owned(),
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
    Prometheus {
        bad: Option<String>,
        good: Option<String>,
        valid: String,
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
            Sli::Prometheus(sli) => Self::Prometheus {
                bad: sli.bad_query().map(ToString::to_string),
                good: sli.good_query().map(ToString::to_string),
                valid: sli.valid_query().to_string(),
            },
            other => Self::Other(other.kind().to_owned()),
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
    on_unknown: &'static str,
    least_events: u64,
    most_excluded: Share,
    oldest_push_seconds: u64,
}

impl GateEntry {
    fn of(rules: &GateRules) -> Self {
        Self {
            bad_ratio: rules.bad_ratio.to_string(),
            p95: rules.p95.to_string(),
            budget: rules.budget.to_string(),
            mode: rules.mode,
            on_unknown: rules.on_unknown.as_str(),
            least_events: rules.least_events,
            most_excluded: rules.most_excluded,
            oldest_push_seconds: rules.oldest_push.as_secs(),
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
    on_unknown: Option<&'static str>,
    least_events: Option<u64>,
    most_excluded: Option<Share>,
    oldest_push_seconds: Option<u64>,
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
        on_unknown: change.on_unknown.map(OnUnknown::as_str),
        least_events: change.least_events,
        most_excluded: change.most_excluded,
        oldest_push_seconds: change.oldest_push.map(|age| age.as_secs()),
    };
    let slos = slos.collect();
    (name.to_owned(), EnvironmentEntry { gate, slos })
}
