//! How long clients wait before their leaving is bad, of many routes at once.

use core::time::Duration;
use std::collections::HashMap;

use crate::classify::DEFAULT_PATIENCE;
use crate::{HttpSli, Threshold};

/// The smallest latency limit of each route and method over all SLOs of a set: made once, asked many times.
///
/// # Examples
///
/// ```
/// use slo_core::{HttpSli, Slo, SloSet, Window};
///
/// let sli = HttpSli::routes(["/a"]).faster_than("300ms".parse()?);
/// let set = SloSet::builder("shop").slo(Slo::new("fast", sli, "95%".parse()?, Window::days(30)?)).build()?;
/// let patience = set.patience_of_all();
/// assert_eq!(patience.of("/a", "GET"), set.patience("/a", "GET"));
/// assert_eq!(patience.of("/b", "GET").as_secs(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Patience<'s> {
    /// By route and method; `None` is every one.
    limits: HashMap<(Option<&'s str>, Option<&'s str>), Threshold>,
}

impl<'s> Patience<'s> {
    pub(crate) fn new(slis: impl Iterator<Item = &'s HttpSli>) -> Self {
        let mut limits = HashMap::new();
        for sli in slis.filter(|sli| !sli.is_marked()) {
            let Some(limit) = sli.limit() else { continue };
            for route in each_or_all(sli.route_templates()) {
                for method in each_or_all(sli.method_names()) {
                    let least = limits.entry((route, method)).or_insert(limit);
                    *least = limit.min(*least);
                }
            }
        }
        Self { limits }
    }

    /// How long a client of this route and method may wait before its leaving is bad: the smallest latency limit that
    /// applies, else 5 s. The same as [`SloSet::patience`](crate::SloSet::patience).
    #[must_use]
    pub fn of(&self, route: &str, method: &str) -> Duration {
        let applying = [
            (None, None),
            (None, Some(method)),
            (Some(route), None),
            (Some(route), Some(method)),
        ];
        let limits = applying.iter().filter_map(|key| self.limits.get(key));
        limits.min().map_or(DEFAULT_PATIENCE, |limit| limit.as_duration())
    }
}

/// Each name, or the one entry for all where none is named.
fn each_or_all<'s>(names: impl Iterator<Item = &'s str>) -> Vec<Option<&'s str>> {
    let names: Vec<_> = names.map(Some).collect();
    if names.is_empty() { vec![None] } else { names }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{HttpSli, Slo, SloSet, Window};

    fn sli() -> impl Strategy<Value = HttpSli> {
        let routes = proptest::collection::vec("/[a-c]", 0..3);
        let methods = proptest::collection::vec(prop_oneof!["GET", "POST"], 0..3);
        let limit = proptest::option::of(1_u32..6);
        (routes, methods, limit, any::<bool>()).prop_map(|(routes, methods, limit, marked)| {
            let sli = if marked {
                HttpSli::marked_routes()
            } else {
                HttpSli::routes(routes)
            };
            let sli = sli.methods(methods);
            match limit {
                Some(seconds) => sli.faster_than(format!("{seconds}s").parse().unwrap()),
                None => sli,
            }
        })
    }

    proptest! {
        #[test]
        fn the_table_says_what_a_look_at_all_slos_says(slis in proptest::collection::vec(sli(), 0..6)) {
            let window = Window::days(30).unwrap();
            let slos = slis.into_iter().enumerate();
            let slos = slos.map(|(index, sli)| Slo::new(format!("s{index}"), sli, "99%".parse().unwrap(), window));
            let set = slos.fold(SloSet::builder("shop"), crate::SloSetBuilder::slo).build().unwrap();
            let table = set.patience_of_all();
            for route in ["/a", "/b", "/c", "/d"] {
                for method in ["GET", "POST", "_OTHER"] {
                    prop_assert_eq!(table.of(route, method), set.patience(route, method), "{} {}", method, route);
                }
            }
        }
    }
}
