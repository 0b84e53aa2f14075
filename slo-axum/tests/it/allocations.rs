//! What a request allocates beyond what is inside of the layer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::http::{Request, Response};
use slo_axum::SloService;
use tower::{Layer, Service};

use crate::measured::{Measured, Outcome};

const SLOS: &str = "{version: 1, service: shop, slos: [
  {name: all, objective: 99%, window: 30d, sli: {http: {routes: [/a]}}}]}";

/// The allocations of one request, from its call to the drop of its body, and of the response's head alone.
fn allocations<S, F>(service: &mut SloService<S>) -> (u64, u64)
where
    S: Service<Request<()>, Response = Response<Body>, Error = Infallible, Future = F>,
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    let request = Request::new(());
    let mut answer = None;
    let head = allocation_counter::measure(|| {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) {
            answer = Some(response);
        }
    });
    let body = allocation_counter::measure(|| drop(answer.take()));
    (head.count_total, body.count_total)
}

#[test]
fn a_body_that_is_sent_costs_one_allocation_and_one_that_is_not_none() -> Outcome {
    for (body, expected) in [(Body::empty as fn() -> Body, 0), (|| Body::from("text"), 1)] {
        let measured = Measured::new(SLOS)?;
        // The inner body is made before the count begins, as axum makes it without the layer, too.
        let bodies = std::cell::RefCell::new((0..11).map(|_| body()).collect::<Vec<_>>());
        let inner = tower::service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(
                bodies.borrow_mut().pop().unwrap_or_default(),
            )))
        });
        let mut service = measured.reliability.layer().layer(inner);
        // The first one makes its route's plan and series.
        let _first = allocations(&mut service);
        for _ in 0..10 {
            assert_eq!(allocations(&mut service), (expected, 0));
        }
    }
    Ok(())
}
