//! A known number of requests of each kind, and what each kind must count for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Failure, Http};

/// Requests that are alike.
struct Kind {
    method: &'static str,
    /// The route that they match; none for `None`.
    route: Option<&'static str>,
    path: &'static str,
    fault: Option<&'static str>,
    token: bool,
    /// `{n}` becomes the number of the request, from 1.
    json: Option<&'static str>,
    status: u16,
    /// How many the first instance gets; the second gets one more of each.
    times: u32,
    /// The SLOs by availability for which each of them is an event.
    counts_for: &'static [&'static str],
    bad: bool,
}

const PLAIN: Kind = Kind {
    method: "GET",
    route: None,
    path: "/",
    fault: None,
    token: false,
    json: None,
    status: 200,
    times: 0,
    counts_for: &[],
    bad: false,
};

const LISTINGS: Kind = Kind {
    route: Some("/listings"),
    path: "/listings?district=mapo",
    counts_for: &["requests", "browse-availability"],
    ..PLAIN
};

const PRICES: Kind = Kind {
    route: Some("/real-price/{region}"),
    path: "/real-price/gangnam",
    counts_for: &["requests", "browse-availability"],
    ..PLAIN
};

const LOGIN: Kind = Kind {
    method: "POST",
    route: Some("/login"),
    path: "/login",
    json: Some(r#"{"email":"ana@example.com","password":"open-house"}"#),
    counts_for: &["requests", "login-availability"],
    ..PLAIN
};

const PURCHASE: Kind = Kind {
    method: "POST",
    route: Some("/purchase"),
    path: "/purchase",
    token: true,
    json: Some(r#"{"listing_id":{n}}"#),
    counts_for: &["requests", "purchase-availability"],
    ..PLAIN
};

const ACCOUNT: Kind = Kind {
    route: Some("/account"),
    path: "/account",
    token: true,
    counts_for: &["requests", "account-availability"],
    ..PLAIN
};

/// Every kind, in the order in which they are sent: a listing is bought before it is sold.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    // First: it brings the token.
    Kind { times: 4, ..LOGIN },
    Kind { times: 31, ..LISTINGS },
    Kind { times: 2, status: 400, path: "/listings?max_price=cheap", ..LISTINGS },
    Kind { times: 5, status: 500, bad: true, fault: Some("error"), ..LISTINGS },
    Kind { times: 3, status: 503, bad: true, fault: Some("unavailable"), ..LISTINGS },
    Kind { times: 2, status: 500, bad: true, fault: Some("panic"), ..LISTINGS },
    Kind { times: 1, status: 408, bad: true, fault: Some("timeout"), ..LISTINGS },
    Kind { times: 11, ..PRICES },
    Kind { times: 3, method: "HEAD", ..PRICES },
    Kind { times: 20, fault: Some(SLOW), ..PRICES },
    Kind { times: 6, status: 404, path: "/real-price/atlantis", ..PRICES },
    Kind { times: 4, status: 500, bad: true, fault: Some("error"), ..PRICES },
    // What a client invents is one route and one method.
    Kind { times: 7, status: 405, method: "PURGE", counts_for: &["requests", "browse-availability"], ..PRICES },
    Kind { times: 8, status: 401, json: Some(r#"{"email":"ana@example.com","password":"guess{n}"}"#), ..LOGIN },
    Kind { times: 2, status: 405, method: "GET", json: None, counts_for: &["requests"], ..LOGIN },
    Kind { times: 9, status: 201, ..PURCHASE },
    Kind { times: 2, status: 409, json: Some(r#"{"listing_id":1}"#), ..PURCHASE },
    Kind { times: 3, status: 404, json: Some(r#"{"listing_id":100000}"#), ..PURCHASE },
    Kind { times: 1, status: 401, token: false, ..PURCHASE },
    Kind { times: 2, status: 503, bad: true, fault: Some("unavailable"), ..PURCHASE },
    Kind { times: 10, ..ACCOUNT },
    Kind { times: 1, status: 401, token: false, ..ACCOUNT },
    // Matches no route: in the histogram, in no SLI.
    Kind { times: 5, status: 404, path: "/wp-login.php", ..PLAIN },
];

/// Slower than every threshold in `slo.yaml`, faster than the timeout.
const SLOW: &str = "slow=1500";

/// Routes of the service that are in no metric: probes must not improve its numbers.
const UNCOUNTED: [&str; 3] = ["/real-price/synthetic/health", "/slo", "/slo/browse-availability"];

/// Which requests a count of the histogram stands for: route, method, status, as labels.
pub(crate) type Labels = (String, String, String);

/// What was sent and answered.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Requests by what the histogram must say of them.
    pub(crate) requests: BTreeMap<Labels, u64>,
    /// Good and bad events by SLO, those by availability.
    pub(crate) events: BTreeMap<&'static str, (u64, u64)>,
    /// How long each answer of `/real-price/{region}` took for the client, which is longer than for the service.
    pub(crate) price_times: Vec<Duration>,
}

impl Sent {
    /// How many requests have such labels.
    pub(crate) fn count(&self, wanted: impl Fn(&Labels) -> bool) -> u64 {
        let counts = self.requests.iter().filter(|(labels, _)| wanted(labels));
        counts.map(|(_, count)| count).sum()
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (labels, count) in other.requests {
            *self.requests.entry(labels).or_default() += count;
        }
        for (slo, (good, bad)) in other.events {
            let sum = self.events.entry(slo).or_default();
            *sum = (sum.0 + good, sum.1 + bad);
        }
        self.price_times.extend(other.price_times);
    }
}

/// Sends every kind's number and `more`, from several connections at once, and insists on the status of each answer.
pub(crate) fn drive(base: &str, more: u32) -> Result<Sent, Failure> {
    let mut sent = Sent::default();
    let mut token = String::new();
    for kind in KINDS {
        let times = kind.times + more;
        let answers = kind.send(base, &token, times)?;
        if token.is_empty() {
            let body: serde_json::Value = serde_json::from_str(&answers[0].1)?;
            token = format!("Bearer {}", body["token"].as_str().unwrap_or_default());
        }
        let method = if kind.method == "PURGE" { "_OTHER" } else { kind.method };
        let labels = (kind.route.unwrap_or_default(), method, kind.status.to_string());
        let labels = (labels.0.to_owned(), labels.1.to_owned(), labels.2);
        *sent.requests.entry(labels).or_default() += u64::from(times);
        for slo in kind.counts_for {
            let events = sent.events.entry(slo).or_default();
            let side = if kind.bad { &mut events.1 } else { &mut events.0 };
            *side += u64::from(times);
        }
        if kind.route == PRICES.route {
            sent.price_times.extend(answers.iter().map(|(took, _)| *took));
        }
    }
    for path in UNCOUNTED {
        let status = Http::new().get(&format!("{base}{path}"))?.status;
        if status != 200 {
            return Err(Failure::new(format!("{path} was answered with {status}")));
        }
    }
    Ok(sent)
}

impl Kind {
    /// Each answer's time and body.
    fn send(&self, base: &str, token: &str, times: u32) -> Result<Vec<(Duration, String)>, Failure> {
        let next = AtomicU32::new(1);
        let client = || {
            let http = Http::new();
            let mut answers = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > times {
                    return Ok(answers);
                }
                answers.push(self.send_one(&http, base, token, number)?);
            }
        };
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
            let mut answers = Vec::new();
            for client in clients {
                let answered: Result<Vec<_>, Failure> =
                    client.join().unwrap_or_else(|_| Err(Failure::new("a client panicked")));
                answers.extend(answered?);
            }
            Ok(answers)
        })
    }

    fn send_one(&self, http: &Http, base: &str, token: &str, number: u32) -> Result<(Duration, String), Failure> {
        let mut headers = Vec::new();
        headers.extend(self.fault.map(|fault| ("demo-fault", fault)));
        headers.extend(self.token.then_some(("authorization", token)));
        let json = self.json.map(|json| json.replace("{n}", &number.to_string()));
        let url = format!("{base}{}", self.path);
        let begun = Instant::now();
        let reply = http.send(self.method, &url, &headers, json.as_deref())?;
        if reply.status != self.status {
            let (method, path) = (self.method, self.path);
            let (expected, found) = (self.status, reply.status);
            return Err(Failure::new(format!(
                "{method} {path} was answered with {found}, not {expected}: {}",
                reply.body
            )));
        }
        Ok((begun.elapsed(), reply.body))
    }
}

const CLIENTS: usize = 8;
