//! A budget in hand: what handlers and layers ask before they do what could be left out.

use std::sync::Arc;

use slo_core::BudgetLevel;

use crate::Reliability;
use crate::instead::Instead;
use crate::life::LevelCell;

impl Reliability {
    /// The handle that says in nanoseconds how much is left of an SLO's budget: to leave out optional work, to retry less or
    /// to freeze a feature while it is low. Composites have one, too.
    ///
    /// # Errors
    ///
    /// [`UnknownSlo`] when no SLO has this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, extract::State, routing::get};
    /// use slo_axum::{BudgetHandle, Reliability};
    /// use slo_core::{BudgetLevel, HttpSli, Slo, SloSet, Window};
    ///
    /// let browse = Slo::new("browse", HttpSli::routes(["/listings"]), "99.9%".parse()?, Window::days(30)?);
    /// let reliability = Reliability::builder(SloSet::builder("real-estate").slo(browse).build()?).build()?;
    ///
    /// async fn listings(State(budget): State<BudgetHandle>) -> &'static str {
    ///     if budget.level().is_scarce() { "the listings" } else { "the listings, and similar ones" }
    /// }
    /// let budget = reliability.budget("browse")?;
    /// let app: Router = Router::new().route("/listings", get(listings)).with_state(budget.clone());
    ///
    /// assert_eq!(budget.level(), BudgetLevel::NoData); // nobody has looked: see `Reliability::run`
    /// assert!(reliability.budget("brwse").is_err());
    /// # drop(app);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn budget(&self, slo: &str) -> Result<BudgetHandle, UnknownSlo> {
        let shared = self.shared();
        let names = shared.slos.slos().iter().map(|slo| slo.name());
        let mut known = names.clone().zip(shared.life.levels());
        match known.find(|(name, _)| *name == slo) {
            Some((_, level)) => Ok(BudgetHandle {
                level: Arc::clone(level),
            }),
            None => Err(UnknownSlo {
                name: slo.to_owned(),
                known: names.map(ToOwned::to_owned).collect(),
            }),
        }
    }
}

/// How much is left of one SLO's budget, as of the last step of [`Reliability::run`]: one load, no lock, no clock.
///
/// It is [`BudgetLevel::NoData`] before the first step, after the last, and where nobody runs it: whoever leaves things out
/// at [`is_scarce`](BudgetLevel::is_scarce) then leaves out nothing. It speaks for this process's share of the traffic.
///
/// A cheap handle: clone it freely.
#[derive(Clone, Debug)]
pub struct BudgetHandle {
    level: Arc<LevelCell>,
}

impl BudgetHandle {
    /// The level: with two limits each ([`ReliabilityBuilder::budget_levels`](crate::ReliabilityBuilder::budget_levels)), so
    /// that it does not flap.
    #[must_use]
    pub fn level(&self) -> BudgetLevel {
        self.level.get()
    }
}

/// No SLO has this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{name}` is the name of no SLO; {}", Instead("ask for", .known, "the spec has none"))]
pub struct UnknownSlo {
    name: String,
    known: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use slo_core::SloSet;

    #[test]
    fn a_name_that_no_slo_has_is_refused_with_those_that_there_are() {
        let slo = |name| format!("{{name: {name}, objective: 99%, window: 30d, sli: {{events: {{of: mails}}}}}}");
        let spec = format!(
            "{{version: 1, service: shop, slos: [{}, {}]}}",
            slo("mails"),
            slo("letters")
        );
        let built = |slos| Reliability::builder(slos).build().unwrap();
        let refusal = built(SloSet::from_yaml(&spec).unwrap()).budget("mail").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "`mail` is the name of no SLO; ask for one of mails, letters"
        );
        let refusal = built(SloSet::builder("shop").build().unwrap())
            .budget("mail")
            .unwrap_err();
        assert_eq!(refusal.to_string(), "`mail` is the name of no SLO; the spec has none");
    }

    #[test]
    fn handles_go_everywhere() {
        fn anywhere<T: Clone + Send + Sync + 'static>() {}
        anywhere::<BudgetHandle>();
    }
}
