//! What an SLO measures.

use std::collections::BTreeSet;

use crate::{Classification, SloSetError, Threshold};

/// What an SLO measures.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Sli {
    /// HTTP requests to some routes.
    Http(HttpSli),
}

impl From<HttpSli> for Sli {
    fn from(sli: HttpSli) -> Self {
        Self::Http(sli)
    }
}

/// Requests to exact route templates, good or bad by status, ending and, with a limit, by duration.
///
/// # Examples
///
/// ```
/// use slo_core::HttpSli;
///
/// let sli = HttpSli::routes(["/purchase"]).methods(["POST"]);
/// assert!(sli.matches("/purchase", "POST"));
/// assert!(!sli.matches("/purchase", "GET"));
/// assert!(!sli.matches("/purchase/7", "POST")); // templates are compared as they are, never as patterns
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct HttpSli {
    routes: BTreeSet<String>,
    methods: BTreeSet<String>,
    limit: Option<Threshold>,
    classification: Classification,
}

impl HttpSli {
    /// Requests whose matched route is one of these templates, in the router's own spelling: `/real-price/{region}`.
    pub fn routes<R: Into<String>>(routes: impl IntoIterator<Item = R>) -> Self {
        Self {
            routes: routes.into_iter().map(Into::into).collect(),
            methods: BTreeSet::new(),
            limit: None,
            classification: Classification::new(),
        }
    }

    /// Requests to every matched route.
    pub fn every_route() -> Self {
        Self::routes::<String>([])
    }

    /// Only these methods, in capital letters; all methods when never called or called with none.
    pub fn methods<M: Into<String>>(self, methods: impl IntoIterator<Item = M>) -> Self {
        Self {
            methods: methods.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// Good only when answered within the limit: a latency SLO.
    pub fn faster_than(self, limit: Threshold) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// Other rules than the defaults for status codes.
    pub fn classified_by(self, classification: Classification) -> Self {
        Self { classification, ..self }
    }

    /// The route templates, in order; none means every matched route.
    pub fn route_templates(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(String::as_str)
    }

    /// The methods, in order; none means every method.
    pub fn method_names(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(String::as_str)
    }

    /// The latency limit, if this is a latency SLI.
    #[must_use]
    pub const fn limit(&self) -> Option<Threshold> {
        self.limit
    }

    /// The rules for status codes and endings.
    pub const fn classification(&self) -> &Classification {
        &self.classification
    }

    pub(crate) fn check(&self) -> Result<(), SloSetError> {
        self.routes.iter().try_for_each(|route| check_route(route))?;
        self.methods.iter().try_for_each(|method| check_method(method))
    }

    /// Whether a request to this route template with this method is an event of the SLI.
    #[must_use]
    pub fn matches(&self, route: &str, method: &str) -> bool {
        (self.routes.is_empty() || self.routes.contains(route))
            && (self.methods.is_empty() || self.methods.contains(method))
    }
}

/// The methods that the semantic conventions know: RFC 9110, PATCH and QUERY.
pub const METHODS: [&str; 10] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
];

pub(crate) fn check_route(route: &str) -> Result<(), SloSetError> {
    if route.starts_with('/') {
        Ok(())
    } else {
        Err(SloSetError::NotARoute(route.to_owned()))
    }
}

pub(crate) fn check_method(method: &str) -> Result<(), SloSetError> {
    if METHODS.contains(&method) {
        Ok(())
    } else {
        Err(SloSetError::NotAMethod(method.to_owned()))
    }
}
