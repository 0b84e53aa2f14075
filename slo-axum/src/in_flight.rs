//! One request between its arrival and its end: recorded exactly once, however it ends.

use std::sync::Arc;

use axum::extract::MatchedPath;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use slo_core::{Ending, Lane, Override, Uncounted};

use crate::attributes::{Failure, Labels, Method, Protocol, Scheme};
use crate::body::Rest;
use crate::classify::Answer;
use crate::clock::Reading;
use crate::extra::Extras;
use crate::mark::{Marks, enter};
use crate::routes::{Ended, Plan, Route, RouteId, marked_until_body};
use crate::shared::{Held, Shared};
use crate::timeout::is_timeout;

/// Travels from the service through the future into the body; its drop does the recording.
#[derive(Debug)]
pub(crate) struct InFlight {
    shared: Arc<Held>,
    started: Reading,
    /// When the head was sent, where there is one and the clock stops there.
    stopped: Reading,
    marks: Marks,
    route: RouteId,
    method: Method,
    scheme: Scheme,
    protocol: Protocol,
    head: Option<Head>,
    ending: Option<Ending>,
    /// The handler's own word on its response, or the hook's.
    overruled: Option<Override>,
    extras: Extras,
    /// The clock runs to the end of the body: because the route says so, until the head is known.
    until_body: bool,
    /// Nobody waits for its end.
    is_aside: bool,
    /// Set while code of the service's runs: still set in `drop`, that code unwound.
    polling: bool,
    counted: bool,
    #[cfg(feature = "grpc")]
    grpc: Option<crate::grpc::Code>,
}

/// The response's head.
#[derive(Clone, Copy, Debug)]
struct Head {
    status: u16,
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
    /// A call whose status comes in the trailers.
    #[cfg(feature = "grpc")]
    Grpc,
}

impl Kind {
    /// Whether the end of the body is told by trailers only, whatever length it seems to have.
    const fn ends_with_trailers(self) -> bool {
        #[cfg(feature = "grpc")]
        return matches!(self, Self::Grpc);
        #[cfg(not(feature = "grpc"))]
        false
    }

    /// How long an event stream or an upgrade takes is no promise.
    const fn is_timed(self) -> bool {
        !matches!(self, Self::EventStream | Self::Upgrade)
    }
}

/// The media type of server-sent events.
const EVENT_STREAM: &[u8] = b"text/event-stream";

impl InFlight {
    #[inline]
    pub(crate) fn new<B>(shared: &Arc<Held>, request: &Request<B>) -> Self {
        let state: &Shared = shared;
        let forwarded = || Scheme::forwarded(request.headers());
        let scheme = state.options.trusts_forwarded.then(forwarded).flatten();
        let scheme = scheme.unwrap_or_else(|| Scheme::of(request.uri()));
        let method = Method::of(request.method());
        let route = state.routes.of(request.extensions().get::<MatchedPath>());
        let plan = state.routes.plan(state.routes.at(route), method, &state.slos);
        let started = state.read_clock();
        plan.waiting.began(Lane::of_this_thread(), started);
        state.serves(method, scheme);
        Self {
            started,
            stopped: started,
            marks: Marks::of(state.number),
            route,
            method,
            scheme,
            protocol: Protocol::of(request.version()),
            head: None,
            ending: None,
            overruled: None,
            extras: Extras::NONE,
            until_body: plan.until_body,
            is_aside: false,
            polling: false,
            counted: true,
            #[cfg(feature = "grpc")]
            grpc: None,
            shared: Arc::clone(shared),
        }
    }

    /// Runs code of the response's body, so that a panic in it is told from a client that left.
    #[inline]
    pub(crate) fn while_asking<T>(in_flight: &mut Option<Self>, ask: impl FnOnce() -> T) -> T {
        let Some(request) = in_flight else { return ask() };
        request.polling = true;
        let result = ask();
        request.polling = false;
        result
    }

    /// From here to [`Polling::returned`] an inner poll or call runs, so that a panic in it is told from a client that
    /// left, and the marks of the route that it reaches are learnt.
    ///
    /// `thread::panicking()` cannot tell: with a catch-panic layer outside, this guard is dropped after the catch.
    //
    // A guard and not a function of the poll: requests and responses would move through that, too.
    #[inline]
    pub(crate) fn polling(in_flight: &mut Option<Self>) -> Polling<'_> {
        let around = in_flight.as_mut().map_or(Marks::NONE, |request| {
            request.polling = true;
            enter(request.marks)
        });
        Polling { in_flight, around }
    }

    /// Nobody counts on its end any longer: it is no longer waited for, though it is in flight.
    fn step_aside(&mut self) {
        if !self.is_aside {
            self.is_aside = true;
            let waiting = &self.plan().waiting;
            waiting.stepped_aside(Lane::of_this_thread(), self.started);
        }
    }

    fn plan(&self) -> &Plan {
        let shared: &Shared = &self.shared;
        shared
            .routes
            .plan(shared.routes.at(self.route), self.method, &shared.slos)
    }

    /// The head was sent: the clock stops here, unless it runs to the end of the body; the outcome may still change.
    #[inline]
    pub(crate) fn answered<B: HttpBody>(&mut self, response: &Response<B>) -> Rest {
        // The body's hints, the hook and the attributes are the service's code: should they panic, the request has.
        self.polling = true;
        let length = response.body().size_hint().exact();
        let kind = self.kind_of(response, length.is_some());
        self.until_body = kind.is_timed() && self.runs_until_body();
        self.head = Some(Head {
            status: response.status().as_u16(),
            kind,
        });
        if !self.until_body {
            self.stopped = self.shared.read_clock();
        }
        if !response.extensions().is_empty() || self.shared.options.has_hook() {
            self.asked(response);
        }
        if !kind.is_timed() || !self.counted {
            self.step_aside();
        }
        self.said(response.headers());
        let rest = self.rest_of(response, kind, length);
        self.polling = false;
        rest
    }

    /// What of the response is still to be sent.
    #[inline]
    fn rest_of<B: HttpBody>(&self, response: &Response<B>, kind: Kind, length: Option<u64>) -> Rest {
        let bodiless = matches!(response.status().as_u16(), 100..=199 | 204 | 304)
            // axum drops the body of an answer to HEAD outside of this layer, the server that of an upgrade.
            || self.method == Method::HEAD
            || kind == Kind::Upgrade
            // A body that says how much is left need not be asked whether anything is.
            || length.is_none_or(|length| length == 0) && response.body().is_end_stream();
        let expected = if kind.ends_with_trailers() {
            None
        } else {
            length.or_else(|| content_length(response))
        };
        if bodiless || expected == Some(0) {
            Rest::Nothing
        } else {
            Rest::Body { expected }
        }
    }

    /// The inner service failed instead of answering.
    pub(crate) fn failed<E: 'static>(&mut self, error: &E) {
        self.polling = true;
        let ending = if is_timeout(error) {
            Ending::TimedOut
        } else {
            Ending::ServiceError
        };
        self.polling = false;
        self.end(ending);
    }

    /// What the handler, or the hook, says of the response.
    fn asked<B>(&mut self, response: &Response<B>) {
        let answer = Answer {
            route: self.shared.routes.at(self.route).template(),
            method: self.method.as_str(),
            status: response.status(),
            headers: response.headers(),
            extensions: response.extensions(),
        };
        self.overruled = self.shared.options.word(&answer);
        self.extras = self.shared.options.extras(response.extensions());
        if response.extensions().get::<Uncounted>().is_some() {
            self.counted = false;
        }
    }

    /// Trailers, or a head, that may have the status of a gRPC call.
    pub(crate) fn said(&mut self, headers: &HeaderMap) {
        #[cfg(feature = "grpc")]
        if self.head.is_some_and(|head| head.kind == Kind::Grpc) {
            self.grpc = crate::grpc::Code::said(headers).or(self.grpc);
        }
        #[cfg(not(feature = "grpc"))]
        let _ = headers;
    }

    /// The response is complete.
    pub(crate) fn complete(&mut self) {
        let Some(head) = self.head else { return };
        #[cfg(feature = "grpc")]
        if head.kind == Kind::Grpc {
            // Clients take a call that ends without a status for a failed one.
            self.grpc.get_or_insert(crate::grpc::Code::UNKNOWN);
        }
        self.end(Ending::Answered(head.status));
    }

    /// Keeps the first ending that it is told.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
}

/// While an inner poll or call runs. Takes the marks back and restores those of the request around, also when that unwinds.
#[must_use]
pub(crate) struct Polling<'a> {
    in_flight: &'a mut Option<InFlight>,
    around: Marks,
}

impl Polling<'_> {
    /// It did not unwind.
    #[inline]
    pub(crate) fn returned(self) {
        if let Some(request) = &mut *self.in_flight {
            request.polling = false;
        }
    }
}

impl Drop for Polling<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(request) = self.in_flight {
            request.marks = enter(self.around);
            if request.marks.no_metrics && !request.polling {
                request.step_aside();
            }
        }
    }
}

impl Drop for InFlight {
    // Must not panic: it may run while a handler unwinds.
    fn drop(&mut self) {
        let shared: &Shared = &self.shared;
        let route = shared.routes.at(self.route);
        let plan = shared.routes.plan(route, self.method, &shared.slos);
        let lane = Lane::of_this_thread();
        if self.counted && !self.marks.no_metrics {
            self.record(lane, route, plan);
        }
        // Last, so that nothing in flight means everything recorded.
        if self.is_aside {
            plan.waiting.ended_aside();
        } else {
            plan.waiting.ended(lane, self.started);
        }
        shared.served(self.method, self.scheme);
    }
}

impl InFlight {
    #[inline]
    fn kind_of<B: HttpBody>(&self, response: &Response<B>, has_length: bool) -> Kind {
        let connected = self.method == Method::CONNECT && response.status().is_success();
        if connected || response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Kind::Upgrade;
        }
        #[cfg(feature = "grpc")]
        if crate::grpc::is_grpc(response.headers()) {
            return Kind::Grpc;
        }
        if has_length {
            // An event stream knows no length; most answers do, and need no look at their headers.
            return Kind::Whole;
        }
        if is_event_stream(response.headers()) {
            Kind::EventStream
        } else {
            Kind::Whole
        }
    }

    #[inline]
    fn record(&self, lane: Lane, route: &Route, plan: &Plan) {
        let ending = self.ending();
        let shared: &Shared = &self.shared;
        // Read anew only where it must be: a client that left while the body was sent waited until now.
        let stopped = match self.head {
            Some(_) if ending != Ending::Cancelled && !self.until_body => self.stopped,
            _ => shared.read_clock(),
        };
        let elapsed = stopped.since(self.started);
        let (judged, failure) = self.judged(ending);
        let ended = Ended {
            ending: judged,
            elapsed,
            head: self.head.map(|head| head.status),
            timed: self.head.is_none_or(|head| head.kind.is_timed()),
            overruled: self.overruled,
            marks: self.marks,
        };
        let at = (lane, shared.anchor.tick_of(stopped));
        shared.judge(route, plan, self.method, at, &ended);
        let labels = Labels {
            method: self.method,
            scheme: self.scheme,
            protocol: self.protocol,
            status: self.head.map_or(0, |head| head.status),
            failure,
            #[cfg(feature = "grpc")]
            grpc: self.grpc,
            extras: self.extras,
        };
        shared.measure(lane, route, labels, elapsed);
    }

    /// Whether an SLO of the route or of its marks, or a mark by itself, lets the clock run to the end of the body.
    fn runs_until_body(&self) -> bool {
        self.until_body || self.marks.until_body || marked_until_body(&self.shared.slos, self.marks)
    }

    fn ending(&self) -> Ending {
        let unsaid = match self.head {
            _ if self.polling => Ending::Panicked,
            Some(head) if head.kind == Kind::EventStream => Ending::Answered(head.status),
            _ => Ending::Cancelled,
        };
        self.ending.unwrap_or(unsaid)
    }

    /// The ending as judges see it, and how it failed: of a gRPC call by its own status, of an answer that its client left
    /// by that answer where it was a failure.
    fn judged(&self, ending: Ending) -> (Ending, Failure) {
        #[cfg(feature = "grpc")]
        if let (Ending::Answered(200), Some(code)) = (ending, self.grpc) {
            let ending = Ending::Answered(code.as_http_status());
            let failure = match Failure::of(ending) {
                Failure::Status => Failure::Grpc,
                other => other,
            };
            return (ending, failure);
        }
        let left = Some(ending).filter(|ending| *ending == Ending::Cancelled);
        let answered = left
            .and(self.head)
            .map(|head| Failure::of(Ending::Answered(head.status)));
        let failure = answered.filter(|failure| *failure != Failure::None);
        (ending, failure.unwrap_or_else(|| Failure::of(ending)))
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(http::header::CONTENT_TYPE);
    media_type.is_some_and(|value| {
        let prefix = value.as_bytes().get(..EVENT_STREAM.len());
        prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(EVENT_STREAM))
    })
}

fn content_length<B>(response: &Response<B>) -> Option<u64> {
    response
        .headers()
        .get(http::header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travels_with_a_request_is_small() {
        // Moved three times a request: into the future, out of it, into the body.
        let most = if cfg!(feature = "grpc") { 72 } else { 64 };
        assert!(size_of::<InFlight>() <= most, "{}", size_of::<InFlight>());
    }
}
