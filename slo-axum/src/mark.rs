//! Marks on routes, for what a spec cannot know: which handler is meant.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use slo_core::{Sli, Slo};
use tower_layer::Layer;
use tower_service::Service;

use crate::instead::Instead;
use crate::shared::Shared;

/// What the routes of a router are marked with; a layer for them.
///
/// Made by [`Reliability::mark`](crate::Reliability::mark). The marked routes must lie inside of the
/// [`SloLayer`](crate::SloLayer) of the same [`Reliability`](crate::Reliability), with nothing in between that hands
/// requests to another task, like a buffer. A request that is answered before it reaches the route, by an authentication
/// layer for example, has no mark.
///
/// # Examples
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use slo_axum::Reliability;
/// use slo_core::{HttpSli, Slo, SloSet, Window};
///
/// let exports = Slo::new("exports", HttpSli::marked_routes(), "99%".parse()?, Window::days(30)?);
/// let reliability = Reliability::builder(SloSet::builder("shop").slo(exports).build()?).build()?;
/// let whole_exports = reliability.mark().slo("exports")?.until_body();
///
/// let app: Router = Router::new()
///     .route("/export.csv", get(async || "a,b\n").layer(whole_exports))
///     .route("/internal", post(async || "ok").layer(reliability.mark().no_metrics()))
///     .layer(reliability.layer());
/// # drop(app);
///
/// let refused = reliability.mark().slo("export").unwrap_err();
/// assert_eq!(refused.to_string(), "`export` is the name of no SLO of requests; mark one of exports");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Mark {
    shared: Arc<Shared>,
    marks: Marks,
}

impl Mark {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            marks: Marks::of(shared.number),
            shared,
        }
    }

    /// Makes the requests events of this SLO, whatever routes its SLI names; its methods hold.
    ///
    /// # Errors
    ///
    /// [`MarkError`] when no SLO of requests has this name, or when it is not among the first 64 of the spec.
    pub fn slo(mut self, name: &str) -> Result<Self, MarkError> {
        let slos = self.shared.slos.slos();
        let is_http = |slo: &&Slo| matches!(slo.sli(), Sli::Http(_));
        let Some(index) = slos.iter().position(|slo| slo.name() == name && is_http(&slo)) else {
            let known = slos.iter().filter(is_http).map(|slo| slo.name().to_owned());
            return Err(MarkError::Unknown {
                name: name.to_owned(),
                known: known.collect(),
            });
        };
        let bit = u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index));
        self.marks.slos |= bit.ok_or_else(|| MarkError::TooMany(name.to_owned()))?;
        Ok(self)
    }

    /// Stops the clock at the end of the body, for the duration histogram and every latency SLO.
    pub fn until_body(mut self) -> Self {
        self.marks.until_body = true;
        self
    }

    /// Leaves the requests out of every SLO and of the duration histogram, however they end.
    pub fn no_metrics(mut self) -> Self {
        self.marks.no_metrics = true;
        self
    }
}

/// Marks of the requests of one [`Reliability`](crate::Reliability).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// The number of the `Reliability`; 0 is none.
    of: u32,
    pub(crate) until_body: bool,
    pub(crate) no_metrics: bool,
    /// A bit per SLO, in the order of the spec.
    pub(crate) slos: u64,
}

impl Marks {
    pub(crate) const NONE: Self = Self {
        of: 0,
        until_body: false,
        no_metrics: false,
        slos: 0,
    };

    pub(crate) const fn of(reliability: u32) -> Self {
        Self {
            of: reliability,
            ..Self::NONE
        }
    }

    const fn and(self, more: Self) -> Self {
        if self.of != more.of {
            return self;
        }
        Self {
            of: self.of,
            until_body: self.until_body || more.until_body,
            no_metrics: self.no_metrics || more.no_metrics,
            slos: self.slos | more.slos,
        }
    }
}

thread_local! {
    /// The marks of the request that this thread is polling. A plain value: nothing to drop, nothing to allocate.
    static POLLED: Cell<Marks> = const { Cell::new(Marks::NONE) };
}

/// Makes these the marks of the request that is polled; returns those of the request around it.
#[inline]
pub(crate) fn enter(marks: Marks) -> Marks {
    POLLED.replace(marks)
}

/// Whether this thread is polling a request of the `Reliability` of this number.
#[inline]
pub(crate) fn is_inside(reliability: u32) -> bool {
    POLLED.get().of == reliability
}

impl<S> Layer<S> for Mark {
    type Service = MarkService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MarkService {
            inner,
            marks: self.marks,
        }
    }
}

/// What a [`Mark`] makes of a service.
#[derive(Clone, Debug)]
pub struct MarkService<S> {
    inner: S,
    marks: Marks,
}

impl<S> MarkService<S> {
    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service inside, without the mark.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for MarkService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        POLLED.set(POLLED.get().and(self.marks));
        self.inner.call(request)
    }
}

/// Why a route cannot be marked so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// No SLO of requests has this name.
    #[error(
        "`{name}` is the name of no SLO of requests; {}",
        Instead("mark", .known, "give an SLO of the spec an SLI like `http: { routes: marked }`")
    )]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Only the first 64 SLOs can be marked.
    #[error("`{0}` is not among the first 64 SLOs of the spec, and only those can be marks; write it further up")]
    TooMany(String),
}
