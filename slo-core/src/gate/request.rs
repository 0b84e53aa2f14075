//! What somebody wants to do, and the reason to let it pass all the same.

use chrono::{DateTime, SecondsFormat, Utc};

/// A deploy, or the way back from one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Request {
    pub(super) action: Action,
    pub(super) class: Class,
    pub(super) revision: Option<String>,
    pub(super) ran_before: bool,
    pub(super) environment: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) author: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) bypass: Option<Bypass>,
    unreadable: Option<String>,
    pub(super) unheard: Option<String>,
}

impl Request {
    /// A deploy of class [`Class::Normal`].
    pub fn deploy() -> Self {
        Self::default()
    }

    /// The way back, which is always allowed.
    pub fn rollback() -> Self {
        Self {
            action: Action::Rollback,
            ..Self::default()
        }
    }

    /// Names the revision.
    pub fn revision(self, revision: impl Into<String>) -> Self {
        Self {
            revision: Some(revision.into()),
            ..self
        }
    }

    /// Declares the class.
    pub fn class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// Says that this revision ran here before: as allowed as a rollback.
    pub fn ran_before(self) -> Self {
        Self {
            ran_before: true,
            ..self
        }
    }

    /// Names the environment that is deployed to.
    pub fn environment(self, name: impl Into<String>) -> Self {
        Self {
            environment: Some(name.into()),
            ..self
        }
    }

    /// Names the service's namespace.
    pub fn namespace(self, name: impl Into<String>) -> Self {
        Self {
            namespace: Some(name.into()),
            ..self
        }
    }

    /// Says who deploys.
    pub fn author(self, name: impl Into<String>) -> Self {
        Self {
            author: Some(name.into()),
            ..self
        }
    }

    /// Adds what the verdict should warn of.
    pub fn warning(mut self, words: impl Into<String>) -> Self {
        self.warnings.push(words.into());
        self
    }

    /// Says why nobody would hear of this run: then nothing passes that people must be told of. No bypass counts, no class,
    /// and nothing unknown is let through. The way back is as open as ever.
    pub fn unheard(self, why: impl Into<String>) -> Self {
        Self {
            unheard: Some(why.into()),
            ..self
        }
    }

    /// Asks to pass whatever the rules say.
    pub fn bypass(self, bypass: Bypass) -> Self {
        Self {
            bypass: Some(bypass),
            ..self
        }
    }

    /// Records a bypass that is refused because something in it cannot be read; says what.
    pub fn unreadable_bypass(self, bypass: Bypass, why: impl Into<String>) -> Self {
        Self {
            unreadable: Some(why.into()),
            ..self.bypass(bypass)
        }
    }

    /// The bypass that is asked for, and whether it lets this request pass.
    pub(super) fn checked_bypass(&self, now: DateTime<Utc>) -> Option<(&Bypass, Result<(), BypassRefusal>)> {
        let bypass = self.bypass.as_ref()?;
        let check = match (&self.unreadable, &self.unheard) {
            (Some(why), _) => Err(BypassRefusal::Unreadable { why: why.clone() }),
            (None, Some(why)) => Err(BypassRefusal::Unheard { why: why.clone() }),
            (None, None) => Ok(()),
        };
        // What is wrong with the bypass itself is news to whoever wrote it, and comes first.
        Some((bypass, bypass.check(self.revision.as_deref(), now).and(check)))
    }

    /// Whether it leads back to what ran before.
    pub(super) fn is_the_way_back(&self) -> bool {
        self.action == Action::Rollback || self.ran_before
    }
}

/// Forwards or back.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Action {
    /// Something new.
    #[default]
    Deploy,
    /// What ran before.
    Rollback,
}

impl Action {
    /// The action as the command line writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        }
    }
}

/// What a deploy is for.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Class {
    /// Anything.
    #[default]
    Normal,
    /// Work on reliability, which is what an exhausted budget is to be spent on: `budget` does not stop it. `bad_ratio`
    /// and `p95` do: while something is on fire, the way out is back, or a bypass with a name on it.
    Reliability,
}

impl Class {
    /// The class as the command line writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Reliability => "reliability",
        }
    }
}

/// Who lets one revision pass, why, and until when.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
pub struct Bypass {
    /// Who answers for it.
    pub who: String,
    /// Why it cannot wait.
    pub why: String,
    /// The one revision it is for, spelt as the deploy spells it.
    pub revision: String,
    /// From this moment on it is void; `None` for one that holds for its revision as long as that is deployed.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Bypass {
    /// Whether it lets this revision pass now.
    ///
    /// # Errors
    ///
    /// The first of: nobody's name, no reason, expired, a deploy that names no revision, another revision.
    pub fn check(&self, revision: Option<&str>, now: DateTime<Utc>) -> Result<(), BypassRefusal> {
        if self.who.trim().is_empty() {
            return Err(BypassRefusal::Nobody);
        }
        if self.why.trim().is_empty() {
            return Err(BypassRefusal::NoReason);
        }
        if let Some(at) = self.expires_at.filter(|at| now >= *at) {
            return Err(BypassRefusal::Expired { at });
        }
        // An empty variable in a pipeline names nothing.
        match revision.filter(|revision| !revision.trim().is_empty()) {
            None => Err(BypassRefusal::NoRevision {
                named: self.revision.clone(),
            }),
            Some(deployed) if deployed != self.revision => Err(BypassRefusal::OtherRevision {
                named: self.revision.clone(),
                deployed: deployed.to_owned(),
            }),
            Some(_) => Ok(()),
        }
    }
}

/// Why a bypass lets nothing pass.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BypassRefusal {
    /// Nobody's name is on it.
    #[error("the bypass does not say who asks for it; write a name")]
    Nobody,
    /// It gives no reason.
    #[error("the bypass does not say why; write a reason, like `SLO-Bypass: payment is down for everybody`")]
    NoReason,
    /// Its time is over.
    #[error("the bypass expired at {}; ask for another", at.to_rfc3339_opts(SecondsFormat::Secs, true))]
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// The deploy does not say what it deploys.
    #[error("the bypass is for revision `{named}`, and the deploy names none; name its revision")]
    NoRevision {
        /// The revision the bypass is for.
        named: String,
    },
    /// Something in it cannot be read.
    #[error("the bypass does not count: {why}")]
    Unreadable {
        /// What.
        why: String,
    },
    /// Nobody would hear of it, and a bypass is never silent.
    #[error("the bypass does not count: {why}")]
    Unheard {
        /// Why nobody would.
        why: String,
    },
    /// It is for something else.
    #[error("the bypass is for revision `{named}`, and this is `{deployed}`; ask for one for this revision")]
    OtherRevision {
        /// The revision the bypass is for.
        named: String,
        /// The revision of the deploy.
        deployed: String,
    },
}
