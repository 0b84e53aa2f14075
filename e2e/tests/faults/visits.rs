//! Requests that are all answered, and are all good.

use std::thread;
use std::time::{Duration, Instant};

use e2e::{Failure, Http};

const CLIENTS: u64 = 4;

/// Looks at the listings this often, from several clients at once, and insists on every answer.
pub(crate) fn browse(base: &str, times: u64) -> Result<(), Failure> {
    let visit = |times: u64| {
        let http = Http::new();
        (0..times).try_for_each(|_| look(&http, base).map(drop))
    };
    thread::scope(|scope| {
        let share = |client| times / CLIENTS + u64::from(client < times % CLIENTS);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || visit(share(client))))
            .collect();
        let mut visits = clients.into_iter().map(|client| client.join());
        visits.try_for_each(|done| done.unwrap_or_else(|_| Err(Failure::new("a client panicked"))))
    })
}

/// One look at the listings, and how long it took.
pub(crate) fn look(http: &Http, base: &str) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let reply = http.get(&format!("{base}/listings?district=mapo"))?;
    match reply.status {
        200 => Ok(begun.elapsed()),
        status => Err(Failure::new(format!(
            "/listings was answered with {status}: {}",
            reply.body
        ))),
    }
}
