//! Which SLOs a composite has, and what must be true of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Composite, CompositeMember};
use crate::{Reading, Share, Sli, Slo, SloSetError, Target};

/// Several SLOs of one set, each with a weight: see [`Composite`] for what it means.
///
/// From 2 to 25 members, of weights from 1 to 1000, each with the composite's own window, because a mean over different
/// periods is the mean of nothing. A composite is no member of a composite and has no time slices of its own. All that is
/// checked when it joins a [`SloSet`](crate::SloSet).
///
/// # Examples
///
/// ```
/// use slo_core::{CompositeSli, HttpSli, Slo, SloSet, Window};
///
/// let (target, window) = ("99%".parse()?, Window::days(30)?);
/// let set = SloSet::builder("shop")
///     .slo(Slo::new("browse", HttpSli::routes(["/listings"]), target, window))
///     .slo(Slo::new("purchase", HttpSli::routes(["/purchase"]), target, window))
///     .slo(Slo::new("shop", CompositeSli::of([("browse", 1), ("purchase", 3)]), target, window));
/// assert!(set.clone().build().is_ok());
///
/// let stranger = Slo::new("all", CompositeSli::of([("browse", 1), ("refund", 1)]), target, window);
/// assert!(set.slo(stranger).build().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct CompositeSli {
    weights: Vec<(String, u32)>,
}

impl CompositeSli {
    /// The most members: 25.
    pub const MOST_MEMBERS: usize = 25;
    /// The greatest weight: 1000.
    pub const GREATEST_WEIGHT: u32 = 1_000;

    /// The SLOs of these names with these weights, relative to one another.
    pub fn of<N: Into<String>>(weights: impl IntoIterator<Item = (N, u32)>) -> Self {
        Self {
            weights: weights
                .into_iter()
                .map(|(name, weight)| (name.into(), weight))
                .collect(),
        }
    }

    /// The members' names and weights, in the order in which they were written.
    #[must_use]
    pub fn weights(&self) -> impl ExactSizeIterator<Item = (&str, u32)> {
        self.weights.iter().map(|(name, weight)| (name.as_str(), *weight))
    }

    /// The composite now: `read` reads a member over the composite's window, or says `None`, and it is silent.
    pub fn read(&self, target: Target, read: impl Fn(&str) -> Option<Reading>) -> Composite {
        let mut elapsed = None;
        let member = |(name, weight)| match read(name) {
            Some(seen) => {
                elapsed = elapsed.max(seen.elapsed());
                let coverage = seen.coverage().unwrap_or(Share::NONE.as_ratio());
                CompositeMember::new(name, weight, seen.events(), coverage)
            }
            None => CompositeMember::new(name, weight, crate::Events::default(), Share::NONE.as_ratio()),
        };
        Composite::new(target, self.weights().map(member)).after(elapsed)
    }

    /// What is wrong with the number of members.
    pub(crate) fn check_members(members: usize) -> Result<(), CompositeError> {
        if (2..=Self::MOST_MEMBERS).contains(&members) {
            Ok(())
        } else {
            Err(CompositeError::Members { members })
        }
    }

    /// What is wrong with a weight.
    pub(crate) fn check_weight(weight: u32) -> Result<(), CompositeError> {
        if (1..=Self::GREATEST_WEIGHT).contains(&weight) {
            Ok(())
        } else {
            Err(CompositeError::Weight { weight })
        }
    }

    /// What is wrong with one member of this composite.
    pub(crate) fn check_member(own: &Slo, member: &Slo) -> Result<(), CompositeError> {
        if own.name() == member.name() {
            return Err(CompositeError::Itself);
        }
        if let Sli::Composite(_) = member.sli() {
            return Err(CompositeError::Nested(member.name().to_owned()));
        }
        if own.window() != member.window() {
            return Err(CompositeError::OtherWindow {
                member: member.name().to_owned(),
                window: member.window(),
                own: own.window(),
            });
        }
        Ok(())
    }

    fn check(&self, own: &Slo, slos: &BTreeMap<&str, &Slo>) -> Result<(), CompositeError> {
        Self::check_members(self.weights.len())?;
        if own.time_slices().is_some() {
            return Err(CompositeError::TimeSlices);
        }
        let mut seen = BTreeSet::new();
        for (name, weight) in self.weights() {
            Self::check_weight(weight)?;
            if !seen.insert(name) {
                return Err(CompositeError::Twice(name.to_owned()));
            }
            let member = slos.get(name).ok_or_else(|| CompositeError::Unknown(name.to_owned()))?;
            Self::check_member(own, member)?;
        }
        Ok(())
    }
}

/// Checks every composite among these SLOs.
pub(crate) fn check(slos: &[Slo]) -> Result<(), SloSetError> {
    let by_name = slos.iter().map(|slo| (slo.name(), slo)).collect();
    let composites = slos.iter().filter_map(|slo| match slo.sli() {
        Sli::Composite(sli) => Some((slo, sli)),
        Sli::Http(_) | Sli::Synthetic(_) | Sli::Events(_) | Sli::Prometheus(_) => None,
    });
    for (slo, sli) in composites {
        sli.check(slo, &by_name).map_err(|error| SloSetError::Composite {
            name: slo.name().to_owned(),
            error,
        })?;
    }
    Ok(())
}

/// Why some SLOs are not the members of a composite.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompositeError {
    /// Fewer than two, or too many.
    #[error("a composite has {members} members; write from 2 to 25 names of SLOs, each with its weight")]
    Members {
        /// How many there are.
        members: usize,
    },
    /// Zero, or too great.
    #[error("a weight of {weight} is out of range; write a whole number from 1 to 1000")]
    Weight {
        /// The weight that was given.
        weight: u32,
    },
    /// A member is named twice; holds its name.
    #[error("`{0}` is a member twice; write it once, with one weight")]
    Twice(String),
    /// A member is no SLO of the set; holds the name.
    #[error("`{0}` is no SLO of this service; write the name of one")]
    Unknown(String),
    /// The composite is its own member.
    #[error("a composite is not a member of itself; leave it out")]
    Itself,
    /// A member is a composite; holds its name.
    #[error("`{0}` is a composite, and a composite has none for a member; write the members of `{0}` instead")]
    Nested(String),
    /// A member has another window.
    #[error("`{member}` has the window {window} and the composite {own}; write the same window for both")]
    OtherWindow {
        /// The member.
        member: String,
        /// Its window.
        window: crate::Window,
        /// The composite's window.
        own: crate::Window,
    },
    /// The composite is cut into time slices, and has no events to cut.
    #[error("a composite has no events to cut into time slices; write `time_slices` at its members")]
    TimeSlices,
}
