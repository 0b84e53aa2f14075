//! The answer to "may we deploy?", with everything that it rests on.

use core::fmt;

use chrono::{DateTime, Utc};

use super::{
    Action, Bypass, BypassRefusal, Class, GateRules, Mode, OnUnknown, Request, RuleName, RuleOutcome, RuleState,
};
use crate::terminal::is_unseen;

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
    /// Its namespace, if named.
    pub namespace: Option<String>,
    /// The environment that is deployed to, if named.
    pub environment: Option<String>,
    /// Forwards or back.
    pub action: Action,
    /// What it is for.
    pub class: Class,
    /// The revision, if named.
    pub revision: Option<String>,
    /// Who deploys, if named.
    pub author: Option<String>,
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
        // What nobody would hear of excuses nothing.
        let (class, on_unknown) = match request.unheard {
            None => (request.class, rules.on_unknown),
            Some(_) => (Class::Normal, OnUnknown::Refuse),
        };
        let findings = Findings::of(&outcomes, class);
        let checked = request.checked_bypass(now);
        let bypass = checked
            .as_ref()
            .filter(|(_, check)| check.is_ok())
            .map(|(bypass, _)| *bypass);
        let (decision, reason) = findings.decide(rules.mode, on_unknown, request, bypass);
        let let_through = decision == Decision::Unknown && on_unknown == OnUnknown::Allow;
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
            namespace: request.namespace.clone(),
            environment: request.environment.clone(),
            action: request.action,
            class: request.class,
            revision: request.revision.clone(),
            author: request.author.clone(),
            ran_before: request.ran_before,
            mode: rules.mode,
            decided_at: now,
            warnings: {
                let refusal = checked.as_ref().and_then(|(_, check)| check.as_ref().err());
                let mut warnings: Vec<_> = refusal.map(ToString::to_string).into_iter().collect();
                warnings.extend(set_aside(rules, &outcomes, request, decision));
                warnings.extend(request.warnings.iter().cloned());
                warnings.extend(self::warnings(&outcomes));
                warnings
            },
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

    fn decide(
        &self,
        mode: Mode,
        on_unknown: OnUnknown,
        request: &Request,
        bypass: Option<&Bypass>,
    ) -> (Decision, String) {
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
        if mode == Mode::Observe {
            let would = format!("mode observe: would have been {}; {words}", said.as_str());
            return (Decision::Allowed, would);
        }
        match (bypass, on_unknown) {
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

/// What would have let it pass, had anybody heard of it.
fn set_aside(rules: &GateRules, outcomes: &[RuleOutcome], request: &Request, decision: Decision) -> Option<String> {
    let why = request.unheard.as_ref()?;
    let is_spent = |rule: &RuleOutcome| rule.name == RuleName::Budget && rule.state == RuleState::Fail;
    match decision {
        Decision::Blocked if request.class == Class::Reliability && outcomes.iter().any(is_spent) => {
            Some(format!("class reliability lets nothing pass: {why}"))
        }
        Decision::Unknown if rules.on_unknown == OnUnknown::Allow => {
            Some(format!("what is unknown is not let through: {why}"))
        }
        _ => None,
    }
}

fn warnings(outcomes: &[RuleOutcome]) -> Vec<String> {
    let mut warnings = Vec::new();
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
            "{}{} by {} for {}",
            self.outcome.as_str(),
            if self.outcome == BypassOutcome::Refused {
                ", asked for"
            } else {
                ""
            },
            OneLine(named(who, "nobody")),
            OneLine(named(revision, "no revision"))
        )?;
        match expires_at {
            // Whatever it says of its end, it holds for no moment.
            _ if self.outcome == BypassOutcome::Refused => {}
            Some(at) => write!(f, " until {}", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))?,
            None => f.write_str(", with no end")?,
        }
        write!(f, ": {}", OneLine(why))
    }
}

fn named<'a>(name: &'a str, nobody: &'a str) -> &'a str {
    if name.trim().is_empty() { nobody } else { name }
}

/// A text without line breaks and other control characters, which could forge a line of a log, and without signs that turn
/// its direction or hide, which could make it read as something else.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.0.split(is_unseen);
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}
