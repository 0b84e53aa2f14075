//! What a spec says of an SLO's alerts: own conditions, other names, or nobody is told.

use crate::alert::{AlertPolicy, Severity};

/// Who is told that the budget of an SLO burns, and under which names.
///
/// # Examples
///
/// ```
/// use slo_core::Alerting;
/// use slo_core::alert::{AlertPolicy, Severity};
///
/// let policy = AlertPolicy::builder().page("5%".parse()?, "2h".parse()?, "10m".parse()?).build()?;
/// let alerting = Alerting::of(policy).named(Severity::Page, "critical")?.tier("gold")?;
/// assert_eq!(alerting.severity_label(Severity::Page), "critical");
/// assert_eq!(alerting.severity_label(Severity::Ticket), "ticket");
/// assert!(Alerting::nobody().tells_nobody());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Alerting {
    conditions: Conditions,
    minimum_bad_events: Option<u32>,
    page: Option<String>,
    ticket: Option<String>,
    tier: Option<String>,
}

/// Whose rules tell people that the budget of an SLO burns: what a service exports as `slo.alerts`, so that rules for a whole
/// fleet leave out what is not theirs.
///
/// # Examples
///
/// ```
/// use slo_core::{Alerting, AlertsKind};
///
/// assert_eq!(Alerting::as_elsewhere().tier("gold")?.kind(), AlertsKind::Standard);
/// assert_eq!(Alerting::as_elsewhere().minimum_bad_events(20).kind(), AlertsKind::Own);
/// assert_eq!(Alerting::nobody().kind().as_str(), "none");
/// # Ok::<(), slo_core::AlertingError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AlertsKind {
    /// Those that every SLO has: the usual conditions, and severities by the usual names.
    #[default]
    Standard,
    /// Rules of its own: other conditions, another minimum of bad events, other names for severities, or counters of others.
    Own,
    /// Nobody's: nobody is told.
    Nobody,
}

impl AlertsKind {
    /// The value of the attribute `slo.alerts`: `standard`, `own` or `none`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Own => "own",
            Self::Nobody => "none",
        }
    }
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
enum Conditions {
    /// Those that hold where nothing is said.
    #[default]
    AsElsewhere,
    Own(AlertPolicy),
    Nobody,
}

impl Alerting {
    /// The conditions that hold where nothing is said: [`AlertPolicy::standard`], unless the program has others.
    pub fn as_elsewhere() -> Self {
        Self::default()
    }

    /// These conditions.
    pub fn of(policy: AlertPolicy) -> Self {
        Self {
            conditions: Conditions::Own(policy),
            ..Self::default()
        }
    }

    /// Nobody is told anything: the SLO is measured, shown and asked by the gate, and that is all.
    pub fn nobody() -> Self {
        Self {
            conditions: Conditions::Nobody,
            ..Self::default()
        }
    }

    /// A condition needs so many bad events (no unit) in its long window, whoever's condition it is.
    pub fn minimum_bad_events(self, count: u32) -> Self {
        Self {
            minimum_bad_events: Some(count),
            ..self
        }
    }

    /// Another value of the label `severity`: some pagers expect `critical` and `warning`.
    ///
    /// # Errors
    ///
    /// [`AlertingError`] where the name is none, or that of the other severity.
    pub fn named(mut self, severity: Severity, name: impl Into<String>) -> Result<Self, AlertingError> {
        let name = name.into();
        check(&name)?;
        match severity {
            Severity::Page => self.page = Some(name),
            Severity::Ticket => self.ticket = Some(name),
        }
        self.distinct()
    }

    /// Other values of the label `severity`, both at once.
    #[cfg(feature = "yaml")]
    pub(crate) fn with_names(mut self, page: Option<String>, ticket: Option<String>) -> Result<Self, AlertingError> {
        page.iter().chain(&ticket).try_for_each(|name| check(name))?;
        (self.page, self.ticket) = (page, ticket);
        self.distinct()
    }

    /// The value of the label `tier`, for alerts to be routed by: `gold`, `1`.
    ///
    /// # Errors
    ///
    /// [`AlertingError::NotAName`] where it is none.
    pub fn tier(self, name: impl Into<String>) -> Result<Self, AlertingError> {
        let name = name.into();
        check(&name)?;
        Ok(Self {
            tier: Some(name),
            ..self
        })
    }

    /// The conditions, where those elsewhere are these; also where nobody is told of them.
    pub fn policy_over(&self, elsewhere: &AlertPolicy) -> AlertPolicy {
        let policy = match &self.conditions {
            Conditions::Own(policy) => policy.clone(),
            Conditions::AsElsewhere | Conditions::Nobody => elsewhere.clone(),
        };
        let minimum = self.minimum_bad_events.into_iter();
        minimum.fold(policy, AlertPolicy::minimum_bad_events)
    }

    /// Whether the conditions are as elsewhere, and their minimum, too.
    #[must_use]
    pub const fn is_as_elsewhere(&self) -> bool {
        matches!(self.conditions, Conditions::AsElsewhere) && self.minimum_bad_events.is_none()
    }

    /// Whether nobody is told.
    #[must_use]
    pub const fn tells_nobody(&self) -> bool {
        matches!(self.conditions, Conditions::Nobody)
    }

    /// Whose rules tell of it. A tier makes no other rules: the standard ones can carry it.
    #[must_use]
    pub fn kind(&self) -> AlertsKind {
        let is_renamed = |severity: Severity| self.severity_label(severity) != severity.as_str();
        match self.conditions {
            Conditions::Nobody => AlertsKind::Nobody,
            Conditions::Own(_) => AlertsKind::Own,
            Conditions::AsElsewhere if self.minimum_bad_events.is_some() => AlertsKind::Own,
            Conditions::AsElsewhere if is_renamed(Severity::Page) || is_renamed(Severity::Ticket) => AlertsKind::Own,
            Conditions::AsElsewhere => AlertsKind::Standard,
        }
    }

    /// The value of the label `severity`.
    #[must_use]
    pub fn severity_label(&self, severity: Severity) -> &str {
        let own = match severity {
            Severity::Page => &self.page,
            Severity::Ticket => &self.ticket,
        };
        own.as_deref().unwrap_or(severity.as_str())
    }

    /// The value of the label `tier`, if there is one.
    #[must_use]
    pub fn tier_label(&self) -> Option<&str> {
        self.tier.as_deref()
    }

    /// What is said here, over what is said for the whole service. The two names of severities are said together.
    pub(crate) fn over(&self, whole: &Self) -> Self {
        let names = if self.page.is_some() || self.ticket.is_some() {
            self
        } else {
            whole
        };
        Self {
            conditions: match &self.conditions {
                Conditions::AsElsewhere => whole.conditions.clone(),
                own @ (Conditions::Own(_) | Conditions::Nobody) => own.clone(),
            },
            minimum_bad_events: self.minimum_bad_events.or(whole.minimum_bad_events),
            page: names.page.clone(),
            ticket: names.ticket.clone(),
            tier: self.tier.clone().or_else(|| whole.tier.clone()),
        }
    }

    fn distinct(self) -> Result<Self, AlertingError> {
        // A ticket under the page's name would wake somebody.
        let (page, ticket) = (
            self.severity_label(Severity::Page),
            self.severity_label(Severity::Ticket),
        );
        if page == ticket {
            return Err(AlertingError::OneNameForBoth(page.to_owned()));
        }
        Ok(self)
    }
}

fn check(name: &str) -> Result<(), AlertingError> {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&name.len()) && name.bytes().all(sign) {
        Ok(())
    } else {
        Err(AlertingError::NotAName(name.to_owned()))
    }
}

/// Why a word is not the name of a severity or of a tier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AlertingError {
    /// Empty, too long, or with other signs in it; holds the name.
    #[error("`{0}` is not a name for a label; write 1 to 63 letters, digits, `-`, `_` and `.`, like `critical`")]
    NotAName(String),
    /// Pages and tickets would have the same name; holds it.
    #[error("pages and tickets are both called `{0}`; write two names, or a ticket wakes somebody")]
    OneNameForBoth(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_it_is_as_elsewhere() {
        let alerting = Alerting::default();
        assert!(alerting.is_as_elsewhere() && !alerting.tells_nobody());
        let elsewhere = AlertPolicy::standard().minimum_bad_events(7);
        assert_eq!(alerting.policy_over(&elsewhere), elsewhere);
        assert_eq!(alerting.severity_label(Severity::Page), "page");
        assert_eq!(alerting.severity_label(Severity::Ticket), "ticket");
        assert_eq!(alerting.tier_label(), None);
    }

    #[test]
    fn rules_for_all_tell_of_what_is_as_usual() {
        let usual = Alerting::as_elsewhere().tier("gold").unwrap();
        assert_eq!(usual.kind(), AlertsKind::Standard);
        let by_its_usual_name = usual.clone().named(Severity::Page, "page").unwrap();
        assert_eq!(by_its_usual_name.kind(), AlertsKind::Standard);
        for own in [
            Alerting::of(AlertPolicy::standard()),
            usual.clone().minimum_bad_events(5),
            usual.clone().named(Severity::Page, "P1").unwrap(),
            usual.named(Severity::Ticket, "P3").unwrap(),
        ] {
            assert_eq!(own.kind(), AlertsKind::Own, "{own:?}");
        }
        let nobody = Alerting::nobody().minimum_bad_events(2);
        assert_eq!(nobody.named(Severity::Page, "P1").unwrap().kind(), AlertsKind::Nobody);
        let kinds = [AlertsKind::Standard, AlertsKind::Own, AlertsKind::Nobody];
        assert_eq!(kinds.map(AlertsKind::as_str), ["standard", "own", "none"]);
    }

    #[test]
    fn names_are_checked_and_differ() {
        for name in ["", "a b", "{{x}}", "é", &"a".repeat(64)] {
            let refused = Err(AlertingError::NotAName(name.to_owned()));
            assert_eq!(Alerting::as_elsewhere().tier(name), refused);
            assert_eq!(Alerting::as_elsewhere().named(Severity::Ticket, name), refused);
        }
        let both = |name: &str| Err(AlertingError::OneNameForBoth(name.to_owned()));
        assert_eq!(Alerting::as_elsewhere().named(Severity::Page, "ticket"), both("ticket"));
        let pages = Alerting::nobody().named(Severity::Page, "P1").unwrap();
        assert_eq!(pages.clone().named(Severity::Ticket, "P1"), both("P1"));
        assert_eq!(pages.severity_label(Severity::Page), "P1");
        assert_eq!(
            Alerting::as_elsewhere().tier("Gold.1").unwrap().tier_label(),
            Some("Gold.1")
        );
    }

    #[test]
    fn what_an_slo_says_holds_over_what_the_service_says() {
        let policy = AlertPolicy::standard().minimum_bad_events(1);
        let whole = Alerting::of(policy.clone()).tier("gold").unwrap();
        let whole = whole.named(Severity::Page, "P1").unwrap();
        assert_eq!(Alerting::as_elsewhere().over(&whole), whole);
        let own = Alerting::nobody().tier("tin").unwrap();
        let both = own.over(&whole);
        assert!(both.tells_nobody());
        assert_eq!(
            (both.tier_label(), both.severity_label(Severity::Page)),
            (Some("tin"), "P1")
        );
        // Else a page could get the name of the other's ticket.
        let own = Alerting::as_elsewhere().named(Severity::Ticket, "P1").unwrap();
        let both = own.over(&whole);
        assert_eq!(both.severity_label(Severity::Page), "page");
        assert_eq!(both.severity_label(Severity::Ticket), "P1");
        let standard = AlertPolicy::standard();
        assert_eq!(both.policy_over(&standard), policy);
        let few = Alerting::as_elsewhere().minimum_bad_events(3).over(&whole);
        assert!(!few.is_as_elsewhere());
        assert_eq!(few.policy_over(&standard), policy.minimum_bad_events(3));
        let whole = Alerting::nobody().minimum_bad_events(2);
        let over = Alerting::as_elsewhere().over(&whole);
        assert_eq!(over.policy_over(&standard), standard.clone().minimum_bad_events(2));
    }
}
