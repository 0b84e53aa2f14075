//! The service's own judgement of its answers.

use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderMap, StatusCode};
use slo_core::Override;

/// Judges answers by more than their status codes, for all SLOs and all routes: "200 but the basket is empty".
///
/// Asked for every response that has no [`Override`] in its extensions, on the request path: be quick, and do not block.
/// What panics here is the request's panic.
///
/// # Examples
///
/// ```
/// use slo_axum::{Answer, Reliability};
/// use slo_core::{Cause, Override, SloSet};
///
/// // An old part of the service answers 200 with a header that tells the truth.
/// let failed = |answer: &Answer<'_>| {
///     let failed = answer.headers().contains_key("x-backend-error");
///     failed.then(|| Override::bad(Cause::Degraded))
/// };
/// let reliability = Reliability::builder(SloSet::builder("shop").build()?).classify(failed).build()?;
/// # drop(reliability);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Classify: Send + Sync + 'static {
    /// A word on this answer; `None` leaves it to its status code.
    fn classify(&self, answer: &Answer<'_>) -> Option<Override>;
}

impl<F> Classify for F
where
    F: Fn(&Answer<'_>) -> Option<Override> + Send + Sync + 'static,
{
    fn classify(&self, answer: &Answer<'_>) -> Option<Override> {
        self(answer)
    }
}

/// The head of a response, and which request it answers.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub(crate) route: Option<&'a str>,
    pub(crate) method: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
}

impl<'a> Answer<'a> {
    /// The matched route's template, as in `/real-price/{region}`; `None` where no route matched.
    #[must_use]
    pub const fn route(&self) -> Option<&'a str> {
        self.route
    }

    /// The request's method; `_OTHER` for one that the conventions do not know.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// The status code.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The response's headers.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The response's extensions.
    #[must_use]
    pub const fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}

/// A [`Classify`] of any type.
#[derive(Clone)]
pub(crate) struct Hook(Arc<dyn Classify>);

impl Hook {
    pub(crate) fn new(classify: impl Classify) -> Self {
        Self(Arc::new(classify))
    }

    pub(crate) fn classify(&self, answer: &Answer<'_>) -> Option<Override> {
        self.0.classify(answer)
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
