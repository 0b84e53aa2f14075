//! One request between its arrival and its end: recorded exactly once, however it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode};
use slo_core::{Ending, Outcome, Override};

use crate::attributes::{Labels, Method, protocol_version, scheme};
use crate::reliability::Shared;
use crate::routes::{REQUESTS_TRACKER, Route};

/// Travels from the service through the future into the body; its drop does the recording.
#[derive(Debug)]
pub(crate) struct InFlight {
    shared: Arc<Shared>,
    route: Option<Arc<Route>>,
    method: Method,
    scheme: &'static str,
    version: &'static str,
    started: Instant,
    head: Option<Head>,
    ending: Option<Ending>,
    /// The handler's own word on its response.
    overruled: Option<Override>,
    /// Set before each inner poll and cleared after it: still set in `drop`, the poll unwound.
    polling: bool,
    counted: bool,
}

/// The response's head, at which the clock stops.
#[derive(Clone, Copy, Debug)]
struct Head {
    status: u16,
    elapsed: Duration,
    kind: Kind,
}

/// What the head announces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// A response that ends by itself.
    Whole,
    /// Server-sent events: the client ends them by leaving.
    EventStream,
    /// Another protocol from here on.
    Upgrade,
}

/// The media type of server-sent events.
const EVENT_STREAM: &[u8] = b"text/event-stream";

impl InFlight {
    pub(crate) fn new<B>(shared: &Arc<Shared>, request: &Request<B>) -> Self {
        let matched = request.extensions().get::<axum::extract::MatchedPath>();
        shared.arrived();
        Self {
            route: matched.map(|path| shared.route(path.as_str())),
            method: Method::of(request.method()),
            scheme: scheme(request.uri()),
            version: protocol_version(request.version()),
            started: Instant::now(),
            shared: Arc::clone(shared),
            head: None,
            ending: None,
            overruled: None,
            polling: false,
            counted: true,
        }
    }

    /// Runs an inner poll or call, so that a panic in it is told from a client that left.
    ///
    /// `thread::panicking()` cannot tell: with a catch-panic layer outside, this guard is dropped after the catch.
    pub(crate) fn while_polling<T>(in_flight: &mut Option<Self>, poll: impl FnOnce() -> T) -> T {
        if let Some(request) = in_flight {
            request.polling = true;
        }
        let result = poll();
        if let Some(request) = in_flight {
            request.polling = false;
        }
        result
    }

    /// The head was sent: the clock stops here, the outcome may still change.
    pub(crate) fn answered<B>(&mut self, response: &Response<B>) {
        self.head = Some(Head {
            status: response.status().as_u16(),
            elapsed: self.started.elapsed(),
            kind: self.kind_of(response),
        });
    }

    /// The response is complete.
    pub(crate) fn complete(&mut self) {
        if let Some(head) = self.head {
            self.end(Ending::Answered(head.status));
        }
    }

    /// Keeps the first ending that it is told.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// Leaves the request out of everything: a health or status route answered.
    pub(crate) fn uncounted(&mut self) {
        self.counted = false;
    }

    /// Keeps the handler's word on its response, for the case that the request ends with it.
    pub(crate) fn overruled(&mut self, word: Option<Override>) {
        self.overruled = word;
    }

    pub(crate) fn is_head_request(&self) -> bool {
        self.method.as_str() == "HEAD"
    }
}

impl Drop for InFlight {
    // Must not panic: it may run while a handler unwinds.
    fn drop(&mut self) {
        if self.counted {
            self.record();
        }
        // Last, so that nothing in flight means everything recorded.
        self.shared.left();
    }
}

impl InFlight {
    fn kind_of<B>(&self, response: &Response<B>) -> Kind {
        let connected = self.method.as_str() == "CONNECT" && response.status().is_success();
        if connected || response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Kind::Upgrade;
        }
        let media_type = response.headers().get(http::header::CONTENT_TYPE);
        let is_event_stream = media_type.is_some_and(|value| {
            let prefix = value.as_bytes().get(..EVENT_STREAM.len());
            prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(EVENT_STREAM))
        });
        if is_event_stream {
            Kind::EventStream
        } else {
            Kind::Whole
        }
    }

    fn record(&self) {
        let unsaid = match self.head {
            _ if self.polling => Ending::Panicked,
            Some(head) if head.kind == Kind::EventStream => Ending::Answered(head.status),
            _ => Ending::Cancelled,
        };
        let ending = self.ending.unwrap_or(unsaid);
        let now = Instant::now();
        let elapsed = match self.head {
            // A client that left while the body was sent waited until now.
            Some(_) if ending == Ending::Cancelled => now.saturating_duration_since(self.started),
            Some(head) => head.elapsed,
            None => now.saturating_duration_since(self.started),
        };
        if let Some(route) = &self.route {
            let timed = self.head.is_none_or(|head| head.kind == Kind::Whole);
            let decisions = route.judge(self.method, ending, elapsed, timed, self.overruled);
            let red = |(tracker, outcome): &(usize, Outcome)| {
                if *tracker == REQUESTS_TRACKER {
                    let tick = self.shared.tick(now);
                    route.red().record(tick, *outcome, timed.then_some(elapsed));
                }
            };
            self.shared.judge(now, decisions.inspect(red));
        }
        let labels = Labels {
            method: self.method,
            scheme: self.scheme,
            version: self.version,
            route: self.route.as_ref().map(|route| Arc::clone(route.template())),
            status: self.head.map(|head| head.status),
            ending,
        };
        self.shared.measure(elapsed, labels);
    }
}
