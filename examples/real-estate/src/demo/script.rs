//! Who asks for what, and what goes wrong when: a function of time and of a running number, so every demo is the same.

use std::time::Duration;

use serde_json::{Value, json};

/// What the demo is about at the moment. They follow one another, again and again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// A usual day.
    Healthy,
    /// Price look-ups take too long, and their data is not renewed.
    Slow,
    /// Searches and price look-ups fail.
    Failing,
    /// As on a usual day, with what has been spent.
    Recovering,
}

impl Phase {
    /// The phase at this time since the start.
    pub(crate) fn at(elapsed: Duration) -> Self {
        // Six minutes: long enough to see the 5-minute burn rate forget the burst.
        match elapsed.as_secs() % 360 {
            0..15 => Self::Healthy,
            15..25 => Self::Slow,
            25..35 => Self::Failing,
            _ => Self::Recovering,
        }
    }

    /// What a spectator should know.
    pub(crate) fn announcement(self) -> &'static str {
        match self {
            Self::Healthy => "a usual day: few slow answers, few failures, some 4xx that are nobody's fault here",
            Self::Slow => {
                "prices get slow: one in three look-ups takes over 900 ms, 800 ms are promised; their import stalls"
            }
            Self::Failing => "a burst of failures: one in 7 searches and price look-ups ends in a 5xx",
            Self::Recovering => {
                "recovery: all is well again, the import goes on; but what is spent comes back only slowly"
            }
        }
    }

    /// Whether no transactions are imported.
    pub(crate) fn stalls_import(self) -> bool {
        matches!(self, Self::Slow | Self::Failing)
    }
}

/// One request to be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    /// Path and query.
    pub(crate) path: String,
    /// Sent by POST; without one the request is a GET.
    pub(crate) body: Option<Value>,
    /// Whether it carries a token.
    pub(crate) logged_in: bool,
    /// The value of `Demo-Fault`.
    pub(crate) fault: Option<&'static str>,
}

/// The request with this number. Twenty make a turn: 8 searches, 6 price look-ups, 2 log-ins, 2 purchases, 2 accounts.
pub(crate) fn plan(phase: Phase, number: u64) -> Planned {
    let (turn, slot) = (number / 20, number % 20);
    let region = ["gangnam", "mapo", "seongdong", "songpa", "yongsan"][usize::from(turn.to_le_bytes()[0] % 5)];
    let fault = match (phase, slot) {
        // Within the budgets: 1 of 60 price look-ups is slow where 1 of 20 may be, 1 of 200 accounts fails of 1 in 100.
        (Phase::Healthy | Phase::Recovering, 4) if turn % 10 == 3 => Some("slow=900"),
        (Phase::Healthy | Phase::Recovering, 19) if turn % 100 == 99 => Some("unavailable"),
        (Phase::Slow, 4 | 8) => Some("slow=900"),
        (Phase::Failing, 1) => Some("error"),
        (Phase::Failing, 6) => Some("unavailable"),
        _ => None,
    };
    let get = |path: String, logged_in| Planned {
        path,
        body: None,
        logged_in,
        fault,
    };
    let post = |path: &str, body, logged_in| Planned {
        path: path.to_owned(),
        body: Some(body),
        logged_in,
        fault,
    };
    match slot {
        0 | 3 | 5 | 9 | 11 => get(format!("/listings?district={region}&max_price=1000000000"), false),
        1 | 7 => get("/listings".to_owned(), false),
        13 => get("/listings?max_price=cheap".to_owned(), false), // 400
        2 | 4 | 6 | 8 | 10 => get(format!("/real-price/{region}"), false),
        12 => get("/real-price/atlantis".to_owned(), false), // 404
        14 => post(
            "/login",
            json!({ "email": "ben@example.com", "password": "garden-view" }),
            false,
        ),
        15 => post(
            "/login",
            json!({ "email": "ben@example.com", "password": "forgotten" }),
            false,
        ), // 401
        16 => post("/purchase", json!({ "listing_id": 100_000 }), true), // 404
        17 => post("/purchase", json!({ "listing_id": turn / 5 % 600 }), true), // 201, then 409
        18 => get("/account".to_owned(), false),                         // 401
        _ => get("/account".to_owned(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests to paths with this beginning fail in `phase`, of how many.
    fn faults(phase: Phase, path: &str, fault: &str) -> (usize, usize) {
        let all = (0..20_000)
            .map(|number| plan(phase, number))
            .filter(|planned| planned.path.starts_with(path));
        let all: Vec<_> = all.collect();
        let failing = all
            .iter()
            .filter(|planned| planned.fault.is_some_and(|given| given.starts_with(fault)));
        (failing.count(), all.len())
    }

    #[test]
    fn phases_follow_one_another_and_start_again() {
        use Phase::{Failing, Healthy, Recovering, Slow};
        let phases = [0, 14, 15, 24, 25, 34, 35, 359, 360, 375].map(|seconds| Phase::at(Duration::from_secs(seconds)));
        assert_eq!(
            phases,
            [
                Healthy, Healthy, Slow, Slow, Failing, Failing, Recovering, Recovering, Healthy, Slow
            ]
        );
    }

    #[test]
    fn a_usual_day_stays_within_every_budget() {
        for phase in [Phase::Healthy, Phase::Recovering] {
            for path in ["/listings", "/login", "/purchase"] {
                assert_eq!(faults(phase, path, "").0, 0, "{path}");
            }
            assert_eq!(faults(phase, "/real-price", ""), faults(phase, "/real-price", "slow"));
            let (slow, prices) = faults(phase, "/real-price", "slow");
            assert!(slow > 0 && slow * 20 < prices, "95%: {slow} of {prices}");
            let (failed, accounts) = faults(phase, "/account", "unavailable");
            assert!(failed > 0 && failed * 100 < accounts, "99%: {failed} of {accounts}");
        }
    }

    #[test]
    fn the_bad_phases_are_as_bad_as_announced() {
        let (slow, prices) = faults(Phase::Slow, "/real-price", "slow");
        assert_eq!(slow * 3, prices);
        let failing = |path| faults(Phase::Failing, path, "");
        let ((searches_failed, searches), (prices_failed, prices)) = (failing("/listings"), failing("/real-price"));
        assert_eq!((searches_failed + prices_failed) * 7, searches + prices);
    }
}
