//! The SLOs of one user journey together.

use std::collections::HashMap;

use crate::{BudgetState, Slo, SloSet, Status};

/// The SLOs that make up one journey of a user, like browsing or buying: one promise, kept when each of them is.
///
/// # Examples
///
/// ```
/// use slo_core::{BudgetState, HttpSli, Slo, SloSet, Window};
///
/// let slo = |name: &str, journey: &str| -> Result<Slo, Box<dyn std::error::Error>> {
///     Ok(Slo::new(name, HttpSli::every_route(), "99.9%".parse()?, Window::days(30)?).journey(journey))
/// };
/// let set = SloSet::builder("shop")
///     .slo(slo("listings", "browse")?)
///     .slo(slo("payment", "purchase")?)
///     .slo(slo("prices", "browse")?)
///     .build()?;
/// let journeys = set.journeys();
/// assert_eq!(journeys.iter().map(|journey| journey.name()).collect::<Vec<_>>(), ["browse", "purchase"]);
///
/// let health = journeys[0].health(|slo| match slo.name() {
///     "prices" => BudgetState::Exhausted,
///     _ => BudgetState::Within,
/// });
/// assert_eq!(health.state(), BudgetState::Exhausted);
/// assert_eq!(health.because(), ["prices"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Journey<'a> {
    name: &'a str,
    slos: Vec<&'a Slo>,
}

impl SloSet {
    /// The journeys that the SLOs name, in the order in which they are first named. An SLO without one is in none.
    #[must_use]
    pub fn journeys(&self) -> Vec<Journey<'_>> {
        let mut journeys: Vec<Journey<'_>> = Vec::new();
        let mut places = HashMap::new();
        for slo in self.slos() {
            let Some(name) = slo.journey_name() else { continue };
            let place = *places.entry(name).or_insert(journeys.len());
            match journeys.get_mut(place) {
                Some(journey) => journey.slos.push(slo),
                None => journeys.push(Journey { name, slos: vec![slo] }),
            }
        }
        journeys
    }
}

impl<'a> Journey<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Its SLOs, in the order of the set; one at least.
    pub fn slos(&self) -> &[&'a Slo] {
        &self.slos
    }

    /// Whether one of its SLOs is agreed: then somebody stands by the journey, too.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.slos.iter().any(|slo| slo.current_status() == Status::Agreed)
    }

    /// How the journey is, from the state of each SLO's budget: as its worst SLO. Drafts count only while all are drafts.
    ///
    /// From the worst: exhausted, no data, mostly excluded, warming up, within, no traffic. A part that nobody used does
    /// not spoil one that is known to be well.
    pub fn health(&self, state: impl Fn(&Slo) -> BudgetState) -> JourneyHealth<'a> {
        let agreed = self.is_agreed();
        let counts = |slo: &&&'a Slo| !agreed || slo.current_status() == Status::Agreed;
        let states: Vec<_> = self.slos.iter().filter(counts).map(|slo| (state(slo), *slo)).collect();
        let worst = states
            .iter()
            .map(|(state, _)| *state)
            .max_by_key(|state| badness(*state));
        let worst = worst.unwrap_or(BudgetState::NoData); // of no SLO at all, which no journey has
        let because = states.iter().filter(|(state, _)| *state == worst);
        JourneyHealth {
            state: worst,
            because: because.map(|(_, slo)| slo.name()).collect(),
        }
    }
}

/// How a journey is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct JourneyHealth<'a> {
    state: BudgetState,
    because: Vec<&'a str>,
}

impl<'a> JourneyHealth<'a> {
    /// The state of its worst SLO.
    #[must_use]
    pub const fn state(&self) -> BudgetState {
        self.state
    }

    /// The names of the SLOs in that state.
    #[must_use]
    pub fn because(&self) -> &[&'a str] {
        &self.because
    }
}

fn badness(state: BudgetState) -> u8 {
    match state {
        BudgetState::NoTraffic => 0,
        BudgetState::Within => 1,
        BudgetState::WarmingUp => 2,
        BudgetState::MostlyExcluded => 3,
        BudgetState::NoData => 4,
        BudgetState::Exhausted => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HttpSli, Window};

    fn set(slos: &[(&str, Option<&str>, Status)]) -> SloSet {
        let slos = slos.iter().map(|(name, journey, status)| {
            let slo = Slo::new(*name, HttpSli::every_route(), "99%".parse().unwrap(), Window::DAY).status(*status);
            journey.iter().fold(slo, |slo, journey| slo.journey(*journey))
        });
        slos.fold(SloSet::builder("shop"), crate::SloSetBuilder::slo)
            .build()
            .unwrap()
    }

    fn health(set: &SloSet, states: &[BudgetState]) -> (BudgetState, Vec<String>) {
        let state = |slo: &Slo| {
            let index = set.slos().iter().position(|known| known == slo);
            states[index.unwrap()]
        };
        let health = set.journeys()[0].health(state);
        (
            health.state(),
            health.because().iter().map(ToString::to_string).collect(),
        )
    }

    use BudgetState::{Exhausted, MostlyExcluded, NoData, NoTraffic, WarmingUp, Within};
    use Status::{Agreed, Draft};

    #[test]
    fn slos_without_a_journey_are_in_none() {
        let set = set(&[
            ("a", None, Agreed),
            ("b", Some("buy"), Draft),
            ("c", Some("buy"), Draft),
        ]);
        let journeys = set.journeys();
        assert_eq!(journeys.len(), 1);
        let names: Vec<_> = journeys[0].slos().iter().map(|slo| slo.name()).collect();
        assert_eq!(names, ["b", "c"]);
        assert!(!journeys[0].is_agreed());
    }

    #[test]
    fn a_journey_is_as_its_worst_slo() {
        let set = set(&[("a", Some("buy"), Agreed), ("b", Some("buy"), Agreed)]);
        let order = [NoTraffic, Within, WarmingUp, MostlyExcluded, NoData, Exhausted];
        for (index, better) in order.into_iter().enumerate() {
            assert_eq!(health(&set, &[better, better]).1, ["a", "b"]);
            for worse in &order[index + 1..] {
                assert_eq!(health(&set, &[*worse, better]), (*worse, vec!["a".to_owned()]));
                assert_eq!(health(&set, &[better, *worse]), (*worse, vec!["b".to_owned()]));
            }
        }
    }

    #[test]
    fn drafts_count_while_all_are_drafts() {
        let mixed = set(&[("a", Some("buy"), Draft), ("b", Some("buy"), Agreed)]);
        assert_eq!(health(&mixed, &[Exhausted, Within]), (Within, vec!["b".to_owned()]));
        let drafts = set(&[("a", Some("buy"), Draft), ("b", Some("buy"), Draft)]);
        assert_eq!(health(&drafts, &[Exhausted, Within]), (Exhausted, vec!["a".to_owned()]));
    }
}
