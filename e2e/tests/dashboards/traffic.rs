//! A little of everything, so that each panel has something to show.

use e2e::{Failure, Http};

/// Method, path, the fault that is asked for, the answer's status, how often.
const KINDS: [(&str, &str, &str, u16, u32); 8] = [
    ("GET", "/listings", "", 200, 30),
    ("GET", "/listings", "error", 500, 4),
    ("GET", "/listings?max_price=cheap", "", 400, 3),
    ("GET", "/real-price/gangnam", "", 200, 10),
    ("GET", "/real-price/gangnam", "slow=900", 200, 2),
    ("GET", "/real-price/atlantis", "", 404, 3),
    ("POST", "/purchase", "unavailable", 503, 2),
    // Good for the promise: the caller is nobody.
    ("GET", "/account", "", 401, 5),
];

/// Sends them all, after each kind was sent once: what is there from a first push on has a rate from the second on.
pub(crate) fn drive(base: &str) -> Result<(), Failure> {
    let http = Http::new();
    for (method, path, fault, status, times) in KINDS {
        for _ in 0..times {
            let headers: Vec<_> = Some(("demo-fault", fault))
                .filter(|_| !fault.is_empty())
                .into_iter()
                .collect();
            let json = (method == "POST").then_some(r#"{"listing_id":1}"#);
            let reply = http.send(method, &format!("{base}{path}"), &headers, json)?;
            if reply.status != status {
                let found = reply.status;
                return Err(Failure::new(format!(
                    "{method} {path} was answered with {found}, not {status}"
                )));
            }
        }
    }
    Ok(())
}
