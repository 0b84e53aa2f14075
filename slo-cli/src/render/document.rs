//! What a spec means, for programs. Keys may be added; none changes its meaning.

use serde::Serialize;
use slo_core::{Mistake, Outcome, Sli, Slo, Status, Target, Threshold, Window};

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
    Spec { service: String, slos: Vec<SloEntry> },
    Mistakes { mistakes: Vec<MistakeEntry> },
    Unreadable { error: String },
}

pub(crate) fn file(name: &str, understood: &Understood) -> File {
    let content = match understood {
        Understood::Set(set) => Content::Spec {
            service: set.service().to_owned(),
            slos: set.slos().iter().map(SloEntry::of).collect(),
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
    objective: Target,
    objective_ppb: u32,
    /// In percent, as a text: exact.
    error_budget: String,
    error_budget_ppb: u32,
    /// In seconds, as a text: exact.
    full_outage_seconds: String,
    window: Window,
    window_seconds: u64,
}

impl SloEntry {
    fn of(slo: &Slo) -> Self {
        let (target, window) = (slo.target(), slo.window());
        Self {
            name: slo.name().to_owned(),
            promise: slo.promise_sentence().map(str::to_owned),
            journey: slo.journey_name().map(str::to_owned),
            owner: slo.owner_name().map(str::to_owned),
            status: slo.current_status(),
            agreed_on: slo.agreed_day().map(|day| day.to_string()),
            sli: SliEntry::of(slo.sli()),
            objective: target,
            objective_ppb: target.ppb(),
            error_budget: units::budget_percent(target),
            error_budget_ppb: target.budget_ppb(),
            full_outage_seconds: units::seconds(units::full_outage_nanos(target, window)),
            window,
            window_seconds: window.longest().as_secs(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum SliEntry {
    Http {
        routes: Vec<String>,
        /// Empty: all.
        methods: Vec<String>,
        faster_than: Option<Threshold>,
        /// Status codes after all rules: `408`, `5xx`, `500-502`.
        bad: Vec<String>,
        excluded: Vec<String>,
    },
    Other(String),
}

impl SliEntry {
    fn of(sli: &Sli) -> Self {
        match sli {
            Sli::Http(http) => Self::Http {
                routes: http.route_templates().map(str::to_owned).collect(),
                methods: http.method_names().map(str::to_owned).collect(),
                faster_than: http.limit(),
                bad: codes::exact(http.classification(), Outcome::Bad),
                excluded: codes::exact(http.classification(), Outcome::Excluded),
            },
            other => Self::Other(format!("{other:?}")),
        }
    }
}
