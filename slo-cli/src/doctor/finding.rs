//! What was found at a link.

use serde::Serialize;

/// A part of the way from the process to the pager, in its order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Link {
    /// The service itself.
    Process,
    /// The engine that keeps the series.
    Store,
    /// The service's series in it.
    Telemetry,
    /// What records budgets and burn rates from them.
    Rules,
    /// The health endpoints and whoever probes them.
    Health,
    /// Who tells people.
    Alertmanager,
}

/// How it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// As it should be.
    Fine,
    /// Nobody asked for it.
    Skipped,
    /// It works, and differs from what we would write.
    Note,
    /// It works and may surprise somebody.
    Warning,
    /// It could not be looked at.
    Unknown,
    /// It does not work.
    Broken,
}

/// One look at one thing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[must_use]
#[non_exhaustive]
pub struct Finding {
    /// Where.
    pub link: Link,
    /// What was looked at, as a stable name.
    pub check: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen, as a sentence without its full stop.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// All that was found, from the process to the pager.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[must_use]
#[non_exhaustive]
pub struct Diagnosis {
    /// Whose.
    pub service: String,
    /// Where, if said.
    pub environment: Option<String>,
    /// In the order of the links.
    pub findings: Vec<Finding>,
}

impl Finding {
    fn new(link: Link, check: &'static str, state: State, found: impl Into<String>) -> Self {
        Self {
            link,
            check,
            state,
            found: found.into(),
            mend: None,
        }
    }

    /// It is as it should be.
    pub(super) fn fine(link: Link, check: &'static str, found: impl Into<String>) -> Self {
        Self::new(link, check, State::Fine, found)
    }

    /// Nobody asked for it.
    pub(super) fn skipped(link: Link, check: &'static str, found: impl Into<String>) -> Self {
        Self::new(link, check, State::Skipped, found)
    }

    /// It works, and differs from what we would write.
    pub(super) fn note(link: Link, check: &'static str, found: impl Into<String>) -> Self {
        Self::new(link, check, State::Note, found)
    }

    /// It may surprise somebody.
    pub(super) fn warning(link: Link, check: &'static str, found: impl Into<String>) -> Self {
        Self::new(link, check, State::Warning, found)
    }

    /// It could not be looked at.
    pub(super) fn unknown(link: Link, check: &'static str, found: impl Into<String>) -> Self {
        Self::new(link, check, State::Unknown, found)
    }

    /// It does not work.
    pub(super) fn broken(link: Link, check: &'static str, found: impl Into<String>) -> Self {
        Self::new(link, check, State::Broken, found)
    }

    /// What to do about it.
    pub(super) fn mend(self, mend: impl Into<String>) -> Self {
        Self {
            mend: Some(mend.into()),
            ..self
        }
    }
}

impl Diagnosis {
    /// The worst state of all.
    #[must_use]
    pub fn worst(&self) -> State {
        let states = self.findings.iter().map(|finding| finding.state);
        states.max().unwrap_or(State::Fine)
    }

    /// How many findings are of a state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.findings.iter().filter(|finding| finding.state == state).count()
    }
}
