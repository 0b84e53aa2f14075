//! Attributes of the service's own, from closed sets of values.

use http::Extensions;
use opentelemetry::KeyValue;

/// An attribute of the duration histogram whose value a handler chooses among a few.
///
/// Register it with [`attribute`](crate::ReliabilityBuilder::attribute); a handler then puts a value into its response's
/// extensions. A response without one has no such attribute.
///
/// Each value multiplies the series of every route that uses it: at most [`MAX_VALUES`] values, at most
/// [`MAX_ATTRIBUTES`] attributes.
///
/// # Examples
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use slo_axum::{ClosedAttribute, Reliability};
/// use slo_core::SloSet;
///
/// #[derive(Clone, Copy)]
/// enum Tier {
///     Free,
///     Paid,
/// }
///
/// impl ClosedAttribute for Tier {
///     const KEY: &'static str = "app.tier";
///     const VALUES: &'static [&'static str] = &["free", "paid"];
///
///     fn index(&self) -> usize {
///         *self as usize
///     }
/// }
///
/// let slos = SloSet::builder("real-estate").build()?;
/// let reliability = Reliability::builder(slos).attribute::<Tier>().build()?;
/// let app: Router = Router::new()
///     .route("/listings", get(async || (Extension(Tier::Paid), "[]")))
///     .route("/teaser", get(async || (Extension(Tier::Free), "[]")))
///     .layer(reliability.layer());
/// # drop(app);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ClosedAttribute: Send + Sync + 'static {
    /// The attribute's key, like `app.tier`.
    const KEY: &'static str;
    /// Every value.
    const VALUES: &'static [&'static str];

    /// The place of this value in [`VALUES`](Self::VALUES); one beyond its end is no value.
    fn index(&self) -> usize;
}

/// How many attributes of its own a service may have.
pub const MAX_ATTRIBUTES: usize = 4;
/// How many values each of them may have.
pub const MAX_VALUES: usize = 15;

/// Keys that the conventions give a meaning of their own.
const TAKEN: [&str; 6] = ["error", "http", "network", "server", "url", "rpc"];

/// A registered attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extra {
    key: &'static str,
    values: &'static [&'static str],
    read: fn(&Extensions) -> Option<usize>,
}

impl Extra {
    pub(crate) fn of<A: ClosedAttribute>() -> Self {
        Self {
            key: A::KEY,
            values: A::VALUES,
            read: |extensions| extensions.get::<A>().map(A::index),
        }
    }
}

/// Why attributes cannot be registered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttributeError {
    /// More than [`MAX_ATTRIBUTES`].
    #[error("{0} attributes are too many; register at most {MAX_ATTRIBUTES}, for each multiplies the series")]
    TooMany(usize),
    /// No value, or more than [`MAX_VALUES`].
    #[error("attribute `{key}` has {values} values; give it between 1 and {MAX_VALUES}")]
    Values {
        /// Its key.
        key: &'static str,
        /// How many values it has.
        values: usize,
    },
    /// The key is empty, the conventions' own, or registered twice.
    #[error(
        "attribute `{0}` cannot be registered; write a key of your own, once, like `app.tier`, outside of `error.`, `http.`, \
         `network.`, `server.`, `url.` and `rpc.`"
    )]
    Key(&'static str),
}

/// The registered attributes of a service.
#[derive(Debug, Default)]
pub(crate) struct ExtraSet(Vec<Extra>);

impl ExtraSet {
    pub(crate) fn new(extras: Vec<Extra>) -> Result<Self, AttributeError> {
        if extras.len() > MAX_ATTRIBUTES {
            return Err(AttributeError::TooMany(extras.len()));
        }
        for (index, extra) in extras.iter().enumerate() {
            let key = extra.key;
            let space = key.split('.').next().unwrap_or_default();
            let is_twice = extras[..index].iter().any(|before| before.key == key);
            if key.trim().is_empty() || is_twice || TAKEN.contains(&space) {
                return Err(AttributeError::Key(key));
            }
            let values = extra.values.len();
            if !(1..=MAX_VALUES).contains(&values) {
                return Err(AttributeError::Values { key, values });
            }
        }
        Ok(Self(extras))
    }

    /// What a response says.
    pub(crate) fn read(&self, extensions: &Extensions) -> Extras {
        let mut bits = 0;
        for (extra, shift) in self.0.iter().zip((0..).step_by(BITS)) {
            let index = (extra.read)(extensions).filter(|index| *index < extra.values.len());
            bits |= index.and_then(|index| u16::try_from(index + 1).ok()).unwrap_or(0) << shift;
        }
        Extras(bits)
    }

    pub(crate) fn attributes(&self, extras: Extras) -> impl Iterator<Item = KeyValue> {
        let shifted = self.0.iter().zip((0..).step_by(BITS));
        shifted.filter_map(move |(extra, shift)| {
            let index = usize::from((extras.0 >> shift) & MASK).checked_sub(1)?;
            Some(KeyValue::new(extra.key, *extra.values.get(index)?))
        })
    }
}

/// The values of one response: four bits for each attribute, 0 for none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Extras(u16);

const BITS: usize = 4;
const MASK: u16 = 0xF;

impl Extras {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    #[cfg(test)]
    pub(crate) const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn extra(key: &'static str, values: &'static [&'static str]) -> Extra {
        Extra {
            key,
            values,
            read: |extensions| extensions.get::<usize>().copied(),
        }
    }

    #[test]
    fn what_cannot_be_registered_is_refused() {
        let refused = |extras: &[Extra]| {
            ExtraSet::new(extras.to_vec())
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert_eq!(
            refused(&[extra("app.tier", &["free"]), extra("app.shard", &["a"])]),
            Ok(())
        );
        assert_eq!(
            refused(&[extra("app.tier", &["free"]); 5]).unwrap_err(),
            "5 attributes are too many; register at most 4, for each multiplies the series"
        );
        assert_eq!(
            refused(&[extra("app.tier", &[])]).unwrap_err(),
            "attribute `app.tier` has 0 values; give it between 1 and 15"
        );
        assert!(refused(&[extra("app.tier", &["a"; 16])]).is_err());
        assert!(refused(&[extra("app.tier", &["a"; 15])]).is_ok());
        for key in ["", " ", "http.route", "error.type", "rpc.method"] {
            assert!(refused(&[extra(key, &["a"])]).is_err(), "{key}");
        }
        assert_eq!(
            refused(&[extra("app.tier", &["a"]), extra("app.tier", &["a"])]).unwrap_err(),
            "attribute `app.tier` cannot be registered; write a key of your own, once, like `app.tier`, outside of `error.`, \
             `http.`, `network.`, `server.`, `url.` and `rpc.`"
        );
    }

    #[test]
    fn a_response_says_what_its_extensions_hold() {
        let set = ExtraSet::new(vec![extra("a", &["x", "y"]), extra("b", &["v", "w"])]).unwrap();
        let said = |value: Option<usize>| {
            let mut extensions = Extensions::new();
            value.map(|value| extensions.insert(value));
            let attributes = set.attributes(set.read(&extensions)).collect::<Vec<_>>();
            attributes
                .iter()
                .map(|said| format!("{}={}", said.key, said.value))
                .collect::<Vec<_>>()
        };
        assert_eq!(said(Some(1)), ["a=y", "b=w"]);
        assert_eq!(said(Some(0)), ["a=x", "b=v"]);
        assert!(said(Some(2)).is_empty() && said(Some(20)).is_empty() && said(None).is_empty());
    }
}
