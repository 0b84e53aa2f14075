//! Requests to the one route whose promise is broken here.

use std::thread;

use e2e::{Failure, Http};

/// So many requests that are answered, or that fail as they are told to.
pub(crate) fn send(base: &str, times: usize, fault: Option<&str>) -> Result<(), Failure> {
    let (url, expected) = (format!("{base}/listings?district=mapo"), fault.map_or(200, |_| 500));
    let one_client = |times: usize| {
        let (http, url) = (Http::new(), url.clone());
        move || -> Result<(), Failure> {
            let headers: Vec<_> = fault.map(|fault| ("demo-fault", fault)).into_iter().collect();
            for _ in 0..times {
                let status = http.send("GET", &url, &headers, None)?.status;
                if status != expected {
                    return Err(Failure::new(format!("answered with {status}, not {expected}")));
                }
            }
            Ok(())
        }
    };
    thread::scope(|scope| {
        let shares = (0..CLIENTS).map(|number| times / CLIENTS + usize::from(number < times % CLIENTS));
        let clients: Vec<_> = shares.map(|share| scope.spawn(one_client(share))).collect();
        let panicked = |_| Err(Failure::new("a client panicked"));
        clients
            .into_iter()
            .try_for_each(|client| client.join().unwrap_or_else(panicked))
    })
}

const CLIENTS: usize = 4;
