//! What an SLO measures.

use std::collections::BTreeSet;

use crate::route::check_route;
use crate::{Classification, CompositeSli, Outcome, PrometheusSli, SloSetError, Threshold};

/// What an SLO measures.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Sli {
    /// HTTP requests to some routes.
    Http(HttpSli),
    /// What a probe of a health endpoint says.
    Synthetic(SyntheticSli),
    /// Events that the service's own code tells.
    Events(EventsSli),
    /// The mean of other SLOs' SLIs.
    Composite(CompositeSli),
    /// Events that an engine counts, of metrics that are not ours.
    Prometheus(PrometheusSli),
}

impl From<HttpSli> for Sli {
    fn from(sli: HttpSli) -> Self {
        Self::Http(sli)
    }
}

impl From<SyntheticSli> for Sli {
    fn from(sli: SyntheticSli) -> Self {
        Self::Synthetic(sli)
    }
}

impl From<EventsSli> for Sli {
    fn from(sli: EventsSli) -> Self {
        Self::Events(sli)
    }
}

impl From<CompositeSli> for Sli {
    fn from(sli: CompositeSli) -> Self {
        Self::Composite(sli)
    }
}

impl From<PrometheusSli> for Sli {
    fn from(sli: PrometheusSli) -> Self {
        Self::Prometheus(sli)
    }
}

impl Sli {
    pub(crate) fn check(&self) -> Result<(), SloSetError> {
        match self {
            Self::Http(sli) => sli.check(),
            Self::Synthetic(sli) => check_path(&sli.path),
            Self::Events(sli) => check_words(&sli.what),
            Self::Composite(_) => Ok(()),  // needs the others: see `composite::check`
            Self::Prometheus(_) => Ok(()), // its queries were checked when they were read
        }
    }

    /// Whether code tells its events: a request tells its own, a probe or a job has somebody record them.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        match self {
            Self::Http(_) | Self::Composite(_) | Self::Prometheus(_) => false,
            Self::Synthetic(_) | Self::Events(_) => true,
        }
    }

    /// Its kind as a spec writes it: `http`, `synthetic`, `events`, `composite` or `prometheus`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Synthetic(_) => "synthetic",
            Self::Events(_) => "events",
            Self::Composite(_) => "composite",
            Self::Prometheus(_) => "prometheus",
        }
    }

    /// Whether a process of ours counts its events: not those of a composite, which has none, and not those that an
    /// engine counts.
    #[must_use]
    pub const fn is_counted_here(&self) -> bool {
        match self {
            Self::Http(_) | Self::Synthetic(_) | Self::Events(_) => true,
            Self::Composite(_) | Self::Prometheus(_) => false,
        }
    }
}

/// Freshness, or whatever else a health endpoint says: good when it says fresh, bad when it says anything else.
///
/// In the process a timer tells one event per check and 30 seconds; in the fleet the probe's states are the events.
///
/// # Examples
///
/// ```
/// use slo_core::{DownCounts, SyntheticSli};
///
/// let sli = SyntheticSli::new("/real-price/synthetic/health").down_counts(DownCounts::Excluded);
/// assert_eq!(sli.path(), "/real-price/synthetic/health");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct SyntheticSli {
    path: String,
    down_counts: DownCounts,
}

impl SyntheticSli {
    /// What the endpoint at this path says; a probe that gets no answer counts as bad.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            down_counts: DownCounts::default(),
        }
    }

    /// What a probe without an answer counts as.
    pub fn down_counts(self, down_counts: DownCounts) -> Self {
        Self { down_counts, ..self }
    }

    /// Whether a text is the path of an endpoint: `/` and visible ASCII as it stands in an address, without query,
    /// fragment and what addresses hold as `%` and two digits only.
    ///
    /// ```
    /// use slo_core::SyntheticSli;
    ///
    /// assert!(SyntheticSli::is_path("/%EC%9B%94/synthetic/health"));
    /// assert!(!SyntheticSli::is_path("/월/synthetic/health"));
    /// ```
    #[must_use]
    pub fn is_path(text: &str) -> bool {
        let is_of_a_path = |sign: u8| sign.is_ascii_graphic() && !b"?#{}\"<>\\^`|".contains(&sign);
        text.starts_with('/') && text.bytes().all(is_of_a_path)
    }

    /// The endpoint's path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What a probe without an answer counts as.
    #[must_use]
    pub const fn when_down(&self) -> DownCounts {
        self.down_counts
    }
}

/// What it is for a freshness SLO when nobody answers a probe: the service is down, and its data nobody knows.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DownCounts {
    /// Users get no data at all.
    #[default]
    Bad,
    /// An availability SLO counts it already.
    Excluded,
}

impl DownCounts {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Bad, Self::Excluded];

    /// The outcome of a probe without an answer.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Bad => Outcome::Bad,
            Self::Excluded => Outcome::Excluded,
        }
    }
}

/// Events that the service's own code tells: jobs, notifications, messages.
///
/// # Examples
///
/// ```
/// use slo_core::EventsSli;
///
/// assert_eq!(EventsSli::of("notifications").what(), "notifications");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct EventsSli {
    what: String,
}

impl EventsSli {
    /// Events of this kind, in words for people: what one of them is.
    pub fn of(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// What an event is.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
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
    marked: bool,
    methods: BTreeSet<String>,
    limit: Option<Threshold>,
    until: Until,
    classification: Classification,
}

impl HttpSli {
    /// Requests whose matched route is one of these templates, in the router's own spelling: `/real-price/{region}` of
    /// axum, `/users/:id` of Express. The layer of this workspace sees those of axum.
    pub fn routes<R: Into<String>>(routes: impl IntoIterator<Item = R>) -> Self {
        Self {
            routes: routes.into_iter().map(Into::into).collect(),
            marked: false,
            methods: BTreeSet::new(),
            limit: None,
            until: Until::default(),
            classification: Classification::new(),
        }
    }

    /// Requests to every matched route.
    pub fn every_route() -> Self {
        Self::routes::<String>([])
    }

    /// Requests to the routes that the program marks as the SLO's, and to no others: no template matches.
    pub fn marked_routes() -> Self {
        Self {
            marked: true,
            ..Self::every_route()
        }
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

    /// When the clock stops; at the head when never called.
    pub fn until(self, until: Until) -> Self {
        Self { until, ..self }
    }

    /// Other rules than the defaults for status codes.
    pub fn classified_by(self, classification: Classification) -> Self {
        Self { classification, ..self }
    }

    /// The route templates, in order; none means every matched route, or every [marked](Self::is_marked) one.
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

    /// Whether only marks in the program tell which routes are meant.
    #[must_use]
    pub const fn is_marked(&self) -> bool {
        self.marked
    }

    /// When the clock stops.
    #[must_use]
    pub const fn clock_stops(&self) -> Until {
        self.until
    }

    /// The rules for status codes and endings.
    pub const fn classification(&self) -> &Classification {
        &self.classification
    }

    pub(crate) fn check(&self) -> Result<(), SloSetError> {
        self.routes.iter().try_for_each(|route| check_route(route))?;
        self.methods.iter().try_for_each(|method| check_method(method))
    }

    /// Whether a request to this route template with this method is an event of the SLI, where nothing is marked.
    #[must_use]
    pub fn matches(&self, route: &str, method: &str) -> bool {
        let named = !self.marked && (self.routes.is_empty() || self.routes.contains(route));
        named && self.has_method(method)
    }

    /// Whether requests with this method are events of the SLI, on a route that is the SLO's.
    #[must_use]
    pub fn has_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }
}

/// When the clock of a request stops.
///
/// # Examples
///
/// ```
/// use slo_core::Until;
///
/// assert_eq!("body".parse::<Until>()?, Until::Body);
/// assert_eq!(Until::default().to_string(), "head");
/// assert!("end".parse::<Until>().is_err());
/// # Ok::<(), slo_core::UntilError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Until {
    /// At the response's head: how fast a client reads is not the service's doing.
    #[default]
    Head,
    /// At the end of the body: for downloads and streams whose whole length is promised.
    Body,
}

impl Until {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Head, Self::Body];

    /// The word of the spec.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Body => "body",
        }
    }
}

impl core::fmt::Display for Until {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::str::FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|until| until.as_str() == text);
        known.ok_or_else(|| UntilError(text.to_owned()))
    }
}

/// Why a text is not an [`Until`]; holds the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not where a clock stops; write `head` or `body`")]
pub struct UntilError(String);

/// The methods that the semantic conventions know: RFC 9110, PATCH and QUERY.
pub const METHODS: [&str; 10] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
];

pub(crate) fn check_method(method: &str) -> Result<(), SloSetError> {
    if METHODS.contains(&method) {
        Ok(())
    } else {
        Err(SloSetError::NotAMethod(method.to_owned()))
    }
}

pub(crate) fn check_path(path: &str) -> Result<(), SloSetError> {
    if SyntheticSli::is_path(path) {
        Ok(())
    } else {
        Err(SloSetError::NotAPath(path.to_owned()))
    }
}

fn check_words(what: &str) -> Result<(), SloSetError> {
    if what.trim().is_empty() {
        Err(SloSetError::NoWords)
    } else {
        Ok(())
    }
}
