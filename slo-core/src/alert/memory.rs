//! What an alert watch takes with it into the next process.

use super::excluded::ExcludedLimit;
use super::{AlertState, Alerts, Condition, Evaluation, Severity};
use crate::{BurnWindow, Share};

/// Which conditions fired at the last evaluation of an [`AlertWatch`](super::AlertWatch).
///
/// A condition is known again by its severity, its share of the budget and its windows, so with another target it goes
/// on; what the new alerts do not have is forgotten.
///
/// # Examples
///
/// ```
/// use slo_core::alert::{AlertPolicy, AlertState, AlertWatch, Transition};
/// use slo_core::{Events, Tick, Window};
///
/// let alerts = AlertPolicy::standard().resolve("99.9%".parse()?, Window::days(30)?);
/// let mut told = 0;
/// let mut watch = AlertWatch::new(alerts.clone(), |_: &Transition<'_>| told += 1);
/// watch.evaluate(Tick::from_unix_seconds(0), |_window| Events::new(0, 9));
/// let memory = watch.memory().clone();
/// assert_eq!(told, 1);
///
/// // In the next process:
/// let again = |_: &Transition<'_>| panic!("a page that was told before the restart is not told again");
/// let mut watch = AlertWatch::resume(alerts, again, &memory);
/// assert_eq!(watch.state(), AlertState::Page);
/// watch.evaluate(Tick::from_unix_seconds(60), |_window| Events::new(0, 9));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(transparent))]
#[must_use]
pub struct AlertMemory {
    fired: Vec<Fired>,
}

/// What fired: the fields say which kind it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(untagged))]
enum Fired {
    Burn(Burn),
    Excluded(Excluded),
}

/// A condition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
struct Burn {
    severity: Severity,
    share: Share,
    long: BurnWindow,
    short: BurnWindow,
}

/// The share of excluded events, over this limit in this window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
struct Excluded {
    excluded: Share,
    window: BurnWindow,
}

impl AlertMemory {
    pub(super) fn after(evaluation: &Evaluation) -> Self {
        let burns = evaluation.reasons().map(|judged| Fired::of(judged.condition()));
        let excluded = evaluation.excluded().filter(|share| share.verdict().is_firing());
        let excluded = excluded.map(|share| Fired::excluded(share.limit(), share.window()));
        Self {
            fired: burns.chain(excluded).collect(),
        }
    }

    /// What of it these alerts have.
    pub(super) fn of(&self, alerts: &Alerts) -> Self {
        let excluded = |limit: ExcludedLimit| Fired::excluded(limit.most, limit.window);
        let known = alerts.all().map(Fired::of).chain(alerts.excluded.map(excluded));
        Self {
            fired: known.filter(|known| self.fired.contains(known)).collect(),
        }
    }

    pub(super) fn holds(&self, condition: &Condition) -> bool {
        self.fired.contains(&Fired::of(condition))
    }

    /// The worst of what fired.
    #[must_use]
    pub fn state(&self) -> AlertState {
        let severities = self.fired.iter().map(Fired::severity);
        severities.max().map_or(AlertState::Ok, AlertState::from)
    }
}

impl Fired {
    fn of(condition: &Condition) -> Self {
        Self::Burn(Burn {
            severity: condition.severity(),
            share: condition.share(),
            long: condition.long(),
            short: condition.short(),
        })
    }

    const fn excluded(excluded: Share, window: BurnWindow) -> Self {
        Self::Excluded(Excluded { excluded, window })
    }

    const fn severity(&self) -> Severity {
        match self {
            Self::Burn(burn) => burn.severity,
            Self::Excluded(_) => Severity::Ticket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{AlertPolicy, AlertWatch, Transition};
    use crate::{Events, Tick, Window};

    fn alerts(policy: &AlertPolicy) -> Alerts {
        policy.resolve("99.9%".parse().unwrap(), Window::days(30).unwrap())
    }

    /// The changes told to a watch that resumes from a memory and then sees such events in every window.
    fn told(
        memory: &AlertMemory,
        alerts: Alerts,
        seen: impl Fn(BurnWindow) -> Events,
    ) -> Vec<(AlertState, AlertState)> {
        let mut told = Vec::new();
        let listener = |change: &Transition<'_>| told.push((change.from(), change.to()));
        let _last = AlertWatch::resume(alerts, listener, memory)
            .evaluate(Tick::default(), seen)
            .state();
        told
    }

    fn of_an_outage() -> AlertMemory {
        let mut watch = AlertWatch::new(alerts(&AlertPolicy::standard()), |_: &Transition<'_>| {});
        let _page = watch.evaluate(Tick::default(), |_| Events::new(0, 100)).state();
        watch.memory().clone()
    }

    #[test]
    fn what_was_told_before_a_restart_is_not_told_again_and_its_end_is_told_once() {
        let (memory, standard) = (of_an_outage(), || alerts(&AlertPolicy::standard()));
        assert_eq!(memory.state(), AlertState::Page);
        assert_eq!(told(&memory, standard(), |_| Events::new(0, 100)), []);
        assert_eq!(
            told(&memory, standard(), |_| Events::new(100, 0)),
            [(AlertState::Page, AlertState::Ok)]
        );
    }

    #[test]
    fn silence_after_a_restart_does_not_end_an_alert() {
        let silent = |window: BurnWindow| match window.as_seconds() {
            0..=1_800 => Events::default(),
            _ => Events::new(0, 100),
        };
        assert_eq!(told(&of_an_outage(), alerts(&AlertPolicy::standard()), silent), []);
        // Without the memory, an empty short window confirms nothing new but where the windows are longer.
        let anew = told(&AlertMemory::default(), alerts(&AlertPolicy::standard()), silent);
        assert_eq!(anew, [(AlertState::Ok, AlertState::Ticket)]);
    }

    #[test]
    fn conditions_with_the_same_windows_are_told_apart() {
        // The windows of a period of an hour are all at their floors.
        let alerts = AlertPolicy::standard().resolve("99%".parse().unwrap(), "1h".parse().unwrap());
        let [first, second] = [alerts.conditions()[0], alerts.conditions()[1]];
        assert_eq!((first.long(), first.short()), (second.long(), second.short()));
        let memory = AlertMemory {
            fired: vec![Fired::of(&first)],
        };
        assert_eq!((memory.holds(&first), memory.holds(&second)), (true, false));
    }

    #[test]
    fn conditions_that_are_gone_are_forgotten() {
        let minutes = |count: u64| BurnWindow::from_seconds(count * 60).unwrap();
        let other = AlertPolicy::builder().ticket("1%".parse().unwrap(), minutes(50), minutes(7));
        let other = alerts(&other.build().unwrap());
        let good = |_| Events::new(100, 0);
        assert_eq!(told(&of_an_outage(), other, good), []);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn it_outlives_the_process_as_text() {
        let memory = of_an_outage();
        let text = serde_json::to_string(&memory).unwrap();
        assert!(
            text.starts_with(r#"[{"severity":"page","share":"2%","long":"1h","short":"5m"},"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<AlertMemory>(&text).unwrap(), memory);
        assert!(serde_json::from_str::<AlertMemory>(r#"[{"severity":"loud"}]"#).is_err());
    }
}
