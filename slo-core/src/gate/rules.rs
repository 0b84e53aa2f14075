//! What the gate asks for, and the texts that a spec has for it.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::window::Seconds;
use crate::{Share, Threshold, Window, WindowError};

/// What must hold for a deploy to pass.
///
/// # Examples
///
/// ```
/// use slo_core::gate::{GateRules, Mode};
///
/// let mut rules = GateRules::default();
/// assert_eq!(rules.bad_ratio.to_string(), "< 0.5% over 15m");
/// assert_eq!(rules.p95.to_string(), "< 800ms over 15m");
/// assert_eq!(rules.budget.to_string(), "> 10%");
/// rules.budget = "> 0%".parse()?;
/// rules.mode = Mode::Observe;
/// # Ok::<(), slo_core::gate::RuleTextError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GateRules {
    /// The share of `requests` that may be bad.
    pub bad_ratio: Below<Share>,
    /// The duration that 95% of `requests` must stay under.
    pub p95: Below<Threshold>,
    /// The share of each agreed SLO's error budget that must be left.
    pub budget: Above,
    /// Whether a breach stops anybody.
    pub mode: Mode,
    /// What happens when nothing is proven and something could not be seen.
    pub on_unknown: OnUnknown,
    /// With fewer events than this in their window (no unit), `bad_ratio` and `p95` are idle.
    pub least_events: u64,
    /// With a larger share of excluded events, `bad_ratio` is unknown: a hang looks like this.
    pub most_excluded: Share,
    /// A source whose last push is older is not believed.
    pub oldest_push: Duration,
}

/// `bad_ratio`: under 0.5% ...
pub const DEFAULT_BAD_RATIO: Share = Share::of_ppb(5_000_000);
/// `p95`: under 800 ms ...
pub const DEFAULT_P95: Threshold = Threshold::from_millis(800);
/// ... over 15 minutes, both.
pub const DEFAULT_OVER: Duration = Duration::from_secs(900);
/// `budget`: more than 10% left.
pub const DEFAULT_BUDGET: Share = Share::of_ppb(100_000_000);
/// Fewer events than 100 are too few to judge.
pub const DEFAULT_LEAST_EVENTS: u64 = 100;
/// At most 5% excluded.
pub const DEFAULT_MOST_EXCLUDED: Share = Share::of_ppb(50_000_000);
/// Five minutes: five pushes at OpenTelemetry's default of one a minute, and Prometheus' look-back.
pub const DEFAULT_OLDEST_PUSH: Duration = Duration::from_secs(300);

impl Default for GateRules {
    fn default() -> Self {
        // 15 minutes are a window, so the shortest one is never taken.
        let over = Window::rolling(DEFAULT_OVER.as_secs()).unwrap_or(Window::MIN);
        Self {
            bad_ratio: Below {
                limit: DEFAULT_BAD_RATIO,
                over,
            },
            p95: Below {
                limit: DEFAULT_P95,
                over,
            },
            budget: Above { limit: DEFAULT_BUDGET },
            mode: Mode::Enforce,
            on_unknown: OnUnknown::Refuse,
            least_events: DEFAULT_LEAST_EVENTS,
            most_excluded: DEFAULT_MOST_EXCLUDED,
            oldest_push: DEFAULT_OLDEST_PUSH,
        }
    }
}

/// What a spec says of the gate; whatever is `None` stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct GateOverride {
    /// The share of `requests` that may be bad.
    pub bad_ratio: Option<Below<Share>>,
    /// The duration that 95% of `requests` must stay under.
    pub p95: Option<Below<Threshold>>,
    /// The share of each agreed SLO's error budget that must be left.
    pub budget: Option<Above>,
    /// Whether a breach stops anybody.
    pub mode: Option<Mode>,
    /// What happens when nothing is proven and something could not be seen.
    pub on_unknown: Option<OnUnknown>,
    /// With fewer events than this in their window (no unit), `bad_ratio` and `p95` are idle.
    pub least_events: Option<u64>,
    /// With a larger share of excluded events, `bad_ratio` is unknown.
    pub most_excluded: Option<Share>,
    /// A source whose last push is older is not believed.
    pub oldest_push: Option<Duration>,
}

impl GateRules {
    /// These rules with what is different.
    #[must_use]
    pub fn overridden_by(&self, change: &GateOverride) -> Self {
        Self {
            bad_ratio: change.bad_ratio.unwrap_or(self.bad_ratio),
            p95: change.p95.unwrap_or(self.p95),
            budget: change.budget.unwrap_or(self.budget),
            mode: change.mode.unwrap_or(self.mode),
            on_unknown: change.on_unknown.unwrap_or(self.on_unknown),
            least_events: change.least_events.unwrap_or(self.least_events),
            most_excluded: change.most_excluded.unwrap_or(self.most_excluded),
            oldest_push: change.oldest_push.unwrap_or(self.oldest_push),
        }
    }
}

/// Strictly below a limit, over a window: `< 0.5% over 15m`. Exactly the limit is a breach.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Below<T> {
    /// The limit.
    pub limit: T,
    /// The window; rolling, in a rule that was read.
    pub over: Window,
}

/// Strictly more than a share left: `> 10%`. Exactly the limit is a breach.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Above {
    /// The limit.
    pub limit: Share,
}

/// Whether a breach stops anybody.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Mode {
    /// Everything is allowed; the verdict says what it would have been.
    Observe,
    /// A breach blocks.
    #[default]
    Enforce,
}

impl FromStr for Mode {
    type Err = RuleTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Observe, Self::Enforce].into_iter();
        let mut known = known.filter(|mode| mode.as_str() == text);
        known.next().ok_or_else(|| RuleTextError::NotAMode(text.to_owned()))
    }
}

impl Mode {
    /// The mode as a spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// What happens when nothing is proven and something could not be seen.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OnUnknown {
    /// Exit code 3.
    #[default]
    Refuse,
    /// Exit code 0, still recorded as unknown.
    Allow,
}

impl OnUnknown {
    /// The choice as a spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

impl FromStr for OnUnknown {
    type Err = RuleTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut known = [Self::Refuse, Self::Allow].into_iter();
        let known = known.find(|choice| choice.as_str() == text);
        known.ok_or_else(|| RuleTextError::NotOnUnknown(text.to_owned()))
    }
}

/// Why a text is not a rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleTextError {
    /// The text has not the shape of a limit over a window; holds the text.
    #[error("`{0}` is not a rule; write `<`, a limit and a window, like `< 0.5% over 15m` or `< 800ms over 15m`")]
    NotBelow(String),
    /// The text has not the shape of a share that must be left; holds the text.
    #[error("`{0}` is not a rule; write `>` and the share that must be left, like `> 10%`")]
    NotAbove(String),
    /// The text is not a mode; holds the text.
    #[error("`{0}` is not a mode; write `enforce`, or `observe` to record what it would have done")]
    NotAMode(String),
    /// The text is not what happens when nothing is proven; holds the text.
    #[error("`{0}` is not what happens when something could not be seen; write `refuse` or `allow`")]
    NotOnUnknown(String),
    /// The limit is none; holds what is wrong with it.
    #[error("{0}")]
    Limit(String),
    /// No value can hold the rule; holds the text.
    #[error(
        "`{0}` can never hold; write a limit that something is on the right side of, like `< 0.5% over 15m` or `> 10%`"
    )]
    NeverHolds(String),
    /// The rule says `or equal`, and exactly the limit is a breach.
    #[error("`{text}` lets exactly the limit pass, which is a breach; write `{instead}`")]
    OrEqual {
        /// The text that was given.
        text: String,
        /// The rule without it.
        instead: String,
    },
    /// The window is none.
    #[error("{}", OfGate(.0))]
    Window(WindowError),
}

/// What is wrong with a window of the gate, which is usually a short one.
struct OfGate<'e>(&'e WindowError);

impl fmt::Display for OfGate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            WindowError::TooShort { seconds } => {
                let given = Seconds(*seconds);
                write!(
                    f,
                    "a window of {given} is too short; write at least `5m`, usually `15m`"
                )
            }
            WindowError::TooLong { seconds } => {
                let given = Seconds(*seconds);
                write!(
                    f,
                    "a window of {given} is too long; write at most `400d`, usually `15m`"
                )
            }
            WindowError::NotADuration(text) => {
                write!(
                    f,
                    "`{text}` is not a duration; write numbers with d, h, m or s, largest first, like `15m` or `1h30m`"
                )
            }
            // Of the calendar, which has no length to advise.
            other => other.fmt(f),
        }
    }
}

fn or_equal(sign: char, rest: &str, text: &str) -> Result<(), RuleTextError> {
    match rest.strip_prefix('=') {
        Some(rest) => Err(RuleTextError::OrEqual {
            text: text.to_owned(),
            instead: format!("{sign} {}", rest.trim()),
        }),
        None => Ok(()),
    }
}

impl FromStr for Below<Share> {
    type Err = RuleTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = below::<Share>(text)?;
        if rule.limit == Share::NONE {
            return Err(RuleTextError::NeverHolds(text.to_owned()));
        }
        Ok(rule)
    }
}

impl FromStr for Below<Threshold> {
    type Err = RuleTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        below(text)
    }
}

fn below<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<Below<T>, RuleTextError> {
    let refused = || RuleTextError::NotBelow(text.to_owned());
    let rest = text.trim().strip_prefix('<').ok_or_else(refused)?;
    or_equal('<', rest, text)?;
    let (limit, over) = rest.split_once(" over ").ok_or_else(refused)?;
    let over: Window = over.trim().parse().map_err(RuleTextError::Window)?;
    // The last minutes are asked for; a calendar period has none of them when it begins.
    over.rolling_length().ok_or_else(refused)?;
    Ok(Below {
        limit: self::limit(limit)?,
        over,
    })
}

fn limit<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, RuleTextError> {
    text.trim()
        .parse()
        .map_err(|error: T::Err| RuleTextError::Limit(error.to_string()))
}

impl<T: fmt::Display> fmt::Display for Below<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "< {} over {}", self.limit, self.over)
    }
}

impl FromStr for Above {
    type Err = RuleTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.trim().strip_prefix('>');
        let share = rest.ok_or_else(|| RuleTextError::NotAbove(text.to_owned()))?;
        or_equal('>', share, text)?;
        match limit(share)? {
            Share::WHOLE => Err(RuleTextError::NeverHolds(text.to_owned())),
            limit => Ok(Self { limit }),
        }
    }
}

impl fmt::Display for Above {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "> {}", self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_design() {
        let rules = GateRules::default();
        assert_eq!("< 0.5% over 15m".parse(), Ok(rules.bad_ratio));
        assert_eq!("< 800ms over 15m".parse(), Ok(rules.p95));
        assert_eq!("> 10%".parse(), Ok(rules.budget));
        assert_eq!((rules.mode, rules.on_unknown), (Mode::Enforce, OnUnknown::Refuse));
        assert_eq!(
            (rules.least_events, rules.most_excluded.to_string()),
            (100, "5%".to_owned())
        );
    }

    #[test]
    fn what_is_not_a_rule_is_named() {
        for text in [
            "",
            "0.5%",
            "< 0.5%",
            "> 0.5% over 15m",
            "<= 0.5% over 15m x",
            "< 0.5%over 15m",
        ] {
            assert!(text.parse::<Below<Share>>().is_err(), "{text:?}");
        }
        let message = |text: &str| text.parse::<Below<Share>>().unwrap_err().to_string();
        assert_eq!(
            message("0.5%"),
            "`0.5%` is not a rule; write `<`, a limit and a window, like `< 0.5% over 15m` or `< 800ms over 15m`"
        );
        assert_eq!(
            message("< 0,5% over 15m"),
            "`0,5%` has a decimal comma; write a point: `0.5%`"
        );
        assert_eq!(
            message("< 5% over 1m"),
            "a window of 1m is too short; write at least `5m`, usually `15m`"
        );
        assert_eq!(
            message("< 5% over 500d"),
            "a window of 500d is too long; write at most `400d`, usually `15m`"
        );
        assert_eq!(
            message("< 5% over a while"),
            "`a while` is not a duration; write numbers with d, h, m or s, largest first, like `15m` or `1h30m`"
        );
        assert_eq!(
            message("<= 0.5% over 15m"),
            "`<= 0.5% over 15m` lets exactly the limit pass, which is a breach; write `< 0.5% over 15m`"
        );
        assert_eq!(
            ">=10%".parse::<Above>().unwrap_err().to_string(),
            "`>=10%` lets exactly the limit pass, which is a breach; write `> 10%`"
        );
        assert!(message("< 0% over 15m").starts_with("`< 0% over 15m` can never hold"));
        assert_eq!(
            "10%".parse::<Above>().unwrap_err().to_string(),
            "`10%` is not a rule; write `>` and the share that must be left, like `> 10%`"
        );
        assert!(matches!("> 100%".parse::<Above>(), Err(RuleTextError::NeverHolds(_))));
        assert!(matches!(
            "< 800 over 15m".parse::<Below<Threshold>>(),
            Err(RuleTextError::Limit(_))
        ));
    }

    #[test]
    fn texts_and_rules_round_trip() {
        for text in ["< 0.5% over 15m", "< 100% over 1h"] {
            assert_eq!(text.parse::<Below<Share>>().unwrap().to_string(), text);
        }
        assert_eq!(
            "<1.5s over 30m".parse::<Below<Threshold>>().unwrap().to_string(),
            "< 1500ms over 30m"
        );
        assert_eq!(">0%".parse::<Above>().unwrap().to_string(), "> 0%");
    }
}
