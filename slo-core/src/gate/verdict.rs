//! The answer to "may we deploy?", with everything that it rests on.

use core::fmt;

use chrono::{DateTime, Utc};

use super::{
    Action, Bypass, BypassRefusal, Class, GateRules, Mode, OnUnknown, Request, RuleName, RuleOutcome, RuleState,
};

/// What the gate answers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Decision {
    /// Go on.
    Allowed,
    /// A rule is breached, and that is proven.
    Blocked,
    /// Nothing is proven, and something could not be seen.
    Unknown,
    /// It would not have been allowed, and somebody with a name lets it pass.
    Bypassed,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 4] = [Self::Allowed, Self::Blocked, Self::Unknown, Self::Bypassed];

    /// The value of the attribute `slo.gate.verdict`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Bypassed => "bypassed",
        }
    }
}

/// A decision and why.
///
/// With feature `serde` it is JSON whose field names are these.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use]
#[non_exhaustive]
pub struct Verdict {
    /// What the gate answers.
    pub decision: Decision,
    /// What a process should exit with: 0 allowed (warnings and bypasses too), 1 proven breach, 3 could not decide. A
    /// 2 is wrong usage, and the command line's own.
    pub exit_code: u8,
    /// The decision in one sentence.
    pub reason: String,
    /// What the rules alone say of a normal deploy in mode `enforce`: never `bypassed`.
    pub would_have_been: Decision,
    /// Whether people should be told although it passes: a bypass, a budget passed by class, an unknown let through, a
    /// breach that the way back passes.
    pub announce: bool,
    /// The service.
    pub service: String,
    /// Forwards or back.
    pub action: Action,
    /// What it is for.
    pub class: Class,
    /// The revision, if named.
    pub revision: Option<String>,
    /// Whether it ran here before.
    pub ran_before: bool,
    /// Whether the rules were in force.
    pub mode: Mode,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// Every rule, whatever it found: a bypass hides none.
    pub rules: Vec<RuleOutcome>,
    /// What somebody should read although it stops nobody.
    pub warnings: Vec<String>,
    /// The bypass that was asked for, accepted or not.
    pub bypass: Option<BypassRecord>,
}

/// A bypass and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BypassRecord {
    /// Who, why, for what and until when.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub bypass: Bypass,
    /// What became of it.
    pub outcome: BypassOutcome,
    /// Why it was refused, if it was.
    pub refusal: Option<String>,
}

/// What became of a bypass.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum BypassOutcome {
    /// It let a deploy pass that would have been stopped.
    Used,
    /// It is good, and the deploy passes without it.
    NotNeeded,
    /// It is not good: the verdict is what it would be without it.
    Refused,
}

impl BypassOutcome {
    /// The outcome's name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::NotNeeded => "not_needed",
            Self::Refused => "refused",
        }
    }
}

impl Verdict {
    /// The decision on these outcomes.
    pub(super) fn new(
        service: &str,
        rules: &GateRules,
        outcomes: Vec<RuleOutcome>,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Self {
        let findings = Findings::of(&outcomes, request.class);
        let checked = request
            .bypass
            .as_ref()
            .map(|bypass| (bypass, bypass.check(request.revision.as_deref(), now)));
        let bypass = checked
            .as_ref()
            .filter(|(_, check)| check.is_ok())
            .map(|(bypass, _)| *bypass);
        let (decision, reason) = findings.decide(rules, request, bypass);
        let let_through = decision == Decision::Unknown && rules.on_unknown == OnUnknown::Allow;
        let would_have_been = findings.alone();
        let stopped = would_have_been == Decision::Blocked && rules.mode == Mode::Enforce;
        Self {
            decision,
            exit_code: match decision {
                Decision::Allowed | Decision::Bypassed => 0,
                Decision::Blocked => 1,
                Decision::Unknown if let_through => 0,
                Decision::Unknown => 3,
            },
            reason,
            would_have_been,
            announce: request.bypass.is_some() || let_through || (stopped && decision == Decision::Allowed),
            service: service.to_owned(),
            action: request.action,
            class: request.class,
            revision: request.revision.clone(),
            ran_before: request.ran_before,
            mode: rules.mode,
            decided_at: now,
            warnings: warnings(&outcomes, checked.as_ref().and_then(|(_, check)| check.as_ref().err())),
            bypass: checked.map(|(bypass, check)| BypassRecord::new(bypass, check, decision)),
            rules: outcomes,
        }
    }
}

impl BypassRecord {
    fn new(bypass: &Bypass, check: Result<(), BypassRefusal>, decision: Decision) -> Self {
        Self {
            bypass: bypass.clone(),
            outcome: match check {
                Err(_) => BypassOutcome::Refused,
                Ok(()) if decision == Decision::Bypassed => BypassOutcome::Used,
                Ok(()) => BypassOutcome::NotNeeded,
            },
            refusal: check.err().map(|refusal| refusal.to_string()),
        }
    }
}

/// The rules that do not let pass, by title.
struct Findings {
    /// Breached, and nothing excuses it.
    breached: Vec<String>,
    /// Breached, and passed by the deploy's class.
    excused: Vec<String>,
    unknown: Vec<String>,
    /// Why, where nothing at all could be judged and all rules say the same.
    darkness: Option<String>,
}

impl Findings {
    fn of(outcomes: &[RuleOutcome], class: Class) -> Self {
        let titles = |wanted: &dyn Fn(&RuleOutcome) -> bool| {
            let found = outcomes.iter().filter(|outcome| wanted(outcome));
            found.map(RuleOutcome::title).collect()
        };
        let excused = |outcome: &RuleOutcome| class == Class::Reliability && outcome.name == RuleName::Budget;
        Self {
            breached: titles(&|outcome| outcome.state == RuleState::Fail && !excused(outcome)),
            excused: titles(&|outcome| outcome.state == RuleState::Fail && excused(outcome)),
            unknown: titles(&|outcome| outcome.state == RuleState::Unknown),
            darkness: darkness(outcomes),
        }
    }

    /// What the rules say of a normal deploy.
    fn alone(&self) -> Decision {
        if self.excused.is_empty() {
            self.of_this_class()
        } else {
            Decision::Blocked
        }
    }

    /// What the rules say of a deploy of the class declared. A proven breach weighs more than what could not be seen.
    fn of_this_class(&self) -> Decision {
        match (self.breached.is_empty(), self.unknown.is_empty()) {
            (false, _) => Decision::Blocked,
            (true, false) => Decision::Unknown,
            (true, true) => Decision::Allowed,
        }
    }

    fn decide(&self, rules: &GateRules, request: &Request, bypass: Option<&Bypass>) -> (Decision, String) {
        let said = self.of_this_class();
        let words = self.words();
        if said == Decision::Allowed {
            return (said, words);
        }
        if request.is_the_way_back() {
            let back = match request.action {
                Action::Rollback => "a rollback",
                Action::Deploy => "a revision that ran before",
            };
            return (Decision::Allowed, format!("{back} is always allowed; {words}"));
        }
        if rules.mode == Mode::Observe {
            let would = format!("mode observe: would have been {}; {words}", said.as_str());
            return (Decision::Allowed, would);
        }
        match (bypass, rules.on_unknown) {
            (Some(bypass), _) => (
                Decision::Bypassed,
                format!("{} lets it pass: {}; {words}", bypass.who, bypass.why),
            ),
            (None, OnUnknown::Allow) if said == Decision::Unknown => {
                (said, format!("{words}; let through, as the rules say for unknown"))
            }
            (None, _) => (said, words),
        }
    }

    fn words(&self) -> String {
        if let Some(why) = &self.darkness {
            return format!("nothing could be judged: {why}");
        }
        let parts = [
            ("breached", &self.breached),
            ("breached, and passed by class reliability", &self.excused),
            ("could not be judged", &self.unknown),
        ];
        let parts = parts.iter().filter(|(_, titles)| !titles.is_empty());
        let words: Vec<_> = parts
            .map(|(what, titles)| format!("{what}: {}", titles.join(", ")))
            .collect();
        if words.is_empty() {
            "no rule is breached".to_owned()
        } else {
            words.join("; ")
        }
    }
}

/// The one reason why no rule could be judged.
fn darkness(outcomes: &[RuleOutcome]) -> Option<String> {
    let mut unknown = outcomes.iter().filter(|outcome| outcome.state == RuleState::Unknown);
    let why = &unknown.next()?.sentence;
    // What is a warning for a draft could not be judged either.
    let is_dark = |outcome: &RuleOutcome| {
        matches!(outcome.state, RuleState::Unknown | RuleState::Warn) && outcome.sentence == *why
    };
    outcomes.iter().all(is_dark).then(|| why.clone())
}

fn warnings(outcomes: &[RuleOutcome], refusal: Option<&BypassRefusal>) -> Vec<String> {
    let mut warnings: Vec<_> = refusal.map(ToString::to_string).into_iter().collect();
    for outcome in outcomes {
        let sentence = (outcome.state == RuleState::Warn).then_some(&outcome.sentence);
        let said = sentence.into_iter().chain(&outcome.caveats);
        warnings.extend(said.map(|words| format!("{}: {words}", outcome.title())));
    }
    let judges = |outcome: &RuleOutcome| outcome.name == RuleName::Budget;
    if !outcomes.iter().any(judges) {
        warnings.push("budget: no SLO is defined, so there is none to judge".to_owned());
    }
    warnings
}

/// For people and logs: the decision, a line for each rule, warnings, the bypass. No text of others breaks a line.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.decision.as_str(), OneLine(&self.reason))?;
        if self.would_have_been != self.decision {
            write!(f, " (the rules alone: {})", self.would_have_been.as_str())?;
        }
        for rule in &self.rules {
            write!(f, "\n  {:7} {rule}", rule.state.as_str())?;
        }
        for warning in &self.warnings {
            write!(f, "\n  warning {}", OneLine(warning))?;
        }
        self.bypass
            .iter()
            .try_for_each(|record| write!(f, "\n  bypass  {record}"))
    }
}

impl fmt::Display for RuleOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", OneLine(&self.title()))?;
        if let Some(promise) = &self.promise {
            write!(f, " \"{}\"", OneLine(promise))?;
        }
        if let Some(owner) = &self.owner {
            write!(f, " ({})", OneLine(owner))?;
        }
        write!(f, ": {}", OneLine(&self.sentence))?;
        if let Some(window) = self.window {
            write!(f, " [over {window}")?;
            if let Some(coverage) = self.coverage {
                write!(f, ", {coverage} measured")?;
            }
            f.write_str("]")?;
        }
        if self.source.is_empty() {
            return Ok(());
        }
        write!(f, " from {}", OneLine(&self.source))
    }
}

impl fmt::Display for BypassRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bypass {
            who,
            why,
            revision,
            expires_at,
        } = &self.bypass;
        write!(
            f,
            "{} by {} for {} until {}: {}",
            self.outcome.as_str(),
            OneLine(who),
            OneLine(revision),
            expires_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            OneLine(why)
        )
    }
}

/// A text without line breaks and other control characters, which could forge a line of a log.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self
            .0
            .split(|sign: char| sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}'));
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}
