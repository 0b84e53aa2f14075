//! The past of a fleet in which each service stands in another way.

use e2e::past::{Instance, NOW, Past};

/// Requests a minute.
const BUSY: i64 = 600;
const DAY: i64 = 24 * 60;

/// A promise of 99.9% over 30 days that people agreed to.
pub(crate) struct Promise<'a> {
    of: Instance<'a>,
    slo: &'a str,
    budget: f64,
    status: &'a str,
    window: f64,
    begun: Option<f64>,
}

impl<'a> Promise<'a> {
    pub(crate) const fn of(of: Instance<'a>) -> Self {
        Self {
            of,
            slo: "browse",
            budget: 0.001,
            status: "agreed",
            window: 2_592_000.0,
            begun: None,
        }
    }

    /// The same of an instance that ended so many minutes ago: its definition for the day before.
    pub(crate) fn made_until(&self, past: &mut Past, ended: i64) {
        self.made_since(past, ended + DAY, (|_| BUSY, |_| 0));
    }

    /// Its definition for the last day and its events for all the time.
    pub(crate) fn made(&self, past: &mut Past, good: impl Fn(i64) -> i64, bad: impl Fn(i64) -> i64) {
        self.made_since(past, DAY + 60, (good, bad));
    }

    fn made_since(&self, past: &mut Past, since: i64, (good, bad): (impl Fn(i64) -> i64, impl Fn(i64) -> i64)) {
        let lately = Instance {
            from: self.of.from.min(since),
            ..self.of
        };
        let name = ("slo_name", self.slo);
        past.gauge(lately, "slo_error_budget_ratio", &[name], self.budget);
        past.gauge(lately, "slo_window_seconds", &[name], self.window);
        if let Some(begun) = self.begun {
            past.gauge(lately, "slo_window_start_seconds", &[name], begun);
        }
        let words = [
            name,
            ("slo_promise", "Anyone can look at listings."),
            ("slo_owner", "search-team"),
            ("slo_journey", "browse"),
            ("slo_status", self.status),
        ];
        past.gauge(lately, "slo_spec_info", &words, 1.0);
        let outcome = |outcome| [name, ("slo_outcome", outcome)];
        past.counter(self.of, "slo_events_total", &outcome("good"), good);
        past.counter(self.of, "slo_events_total", &outcome("bad"), bad);
        past.counter(self.of, "slo_events_total", &outcome("excluded"), |_| 0);
    }
}

fn within(minutes: i64, count: i64) -> impl Fn(i64) -> i64 {
    move |ago| if ago < minutes { count } else { 0 }
}

#[expect(clippy::cast_precision_loss, reason = "a moment in milliseconds is far below 2^53")]
const fn now_seconds() -> f64 {
    NOW as f64 / 1_000.0
}

/// Every kind of service there is.
pub(crate) fn fleet() -> Past {
    let mut past = Past::default();
    let busy = |_| BUSY;
    let usual = |ago: i64| i64::from(ago % 10 == 0) * 3;
    for environment in ["production", "staging"] {
        let of = Instance {
            environment,
            ..Instance::of("healthy")
        };
        Promise::of(of).made(&mut past, busy, usual);
    }
    Promise::of(Instance::of("paging")).made(&mut past, busy, within(70, 120));
    // Under the 6x of six hours that pages, and under the 3x of a day.
    Promise::of(Instance::of("burning")).made(&mut past, busy, within(360, 2));
    // Three weeks ago an outage of 12 hours spent it all, twice over.
    let outage = 21 * DAY - 12 * 60..21 * DAY;
    Promise::of(Instance::of("exhausted")).made(&mut past, busy, |ago| i64::from(outage.contains(&ago)) * 120);
    Promise::of(Instance::of("idle")).made(&mut past, |_| 0, |_| 0);
    Promise {
        status: "draft",
        ..Promise::of(Instance::of("draft"))
    }
    .made(&mut past, busy, within(70, 120));
    let silent = Instance {
        to: 20,
        ..Instance::of("stale")
    };
    Promise::of(silent).made(&mut past, busy, usual);
    dead(&mut past);
    let young = Instance {
        from: 2 * DAY,
        ..Instance::of("young")
    };
    Promise::of(young).made(&mut past, busy, usual);
    half_rolled_out(&mut past);
    // The month of a city nine hours ahead has begun nine hours ago.
    Promise {
        window: 2_678_400.0,
        begun: Some(now_seconds() - 9.0 * 3_600.0),
        ..Promise::of(Instance::of("calendar"))
    }
    .made(&mut past, busy, |ago| i64::from((9 * 60..10 * 60).contains(&ago)) * 300);
    with_rules(&mut past);
    counted_by_an_engine(&mut past);
    data(&mut past);
    runs(&mut past);
    past
}

/// Services of which the last day knows nothing: one that died, one that was given up longer ago than anybody remembers,
/// and of one that lives a promise that was taken out of the spec.
fn dead(past: &mut Past) {
    let requests = |past: &mut Past, of: Instance<'_>| past.events_of(of, "requests", |_| BUSY, |_| 0);
    for (service, ended) in [("dead", 16 * DAY), ("forgotten", 30 * DAY + 60)] {
        let of = Instance {
            to: ended,
            ..Instance::of(service)
        };
        requests(past, of);
        Promise::of(of).made_until(past, ended);
        // It was given up a week before, if there was one.
        let given_up = Instance {
            to: (ended + 7 * DAY).min(of.from),
            ..of
        };
        Promise {
            slo: "old",
            ..Promise::of(given_up)
        }
        .made_until(past, given_up.to);
    }
    let healthy = Instance::of("healthy");
    requests(past, healthy);
    let taken_out = Instance {
        to: 16 * DAY,
        ..healthy
    };
    Promise {
        slo: "old",
        ..Promise::of(taken_out)
    }
    .made_until(past, taken_out.to);
}

/// The old instance promises less than the new one.
fn half_rolled_out(past: &mut Past) {
    let old = Instance {
        name: "old",
        ..Instance::of("mismatch")
    };
    let new = Instance {
        name: "new",
        from: 30,
        ..Instance::of("mismatch")
    };
    Promise {
        budget: 0.005,
        ..Promise::of(old)
    }
    .made(past, |_| BUSY, |_| 0);
    Promise::of(new).made(past, |_| BUSY, |_| 0);
}

/// Rules run for this one, and fire what the counters alone would not.
fn with_rules(past: &mut Past) {
    let of = Instance::of("ruled");
    Promise::of(of).made(past, |_| BUSY, |_| 0);
    let lately = Instance { from: 60, ..of };
    let name = ("slo_name", "browse");
    let window = ("slo_window", "30d");
    past.gauge(lately, "slo:coverage:ratio", &[name, window], 1.0);
    past.gauge(lately, "slo:error_ratio:period", &[name, window], 0.000_25);
    past.gauge(lately, "slo:error_ratio:rate1h", &[name], 0.0005);
    past.gauge(lately, "slo:error_ratio:rate6h", &[name], 0.0004);
    let alert = [
        name,
        window,
        ("alertname", "SloErrorBudgetBurn"),
        ("alertstate", "firing"),
        ("severity", "ticket"),
    ];
    past.gauge(lately, "ALERTS", &alert, 1.0);
}

/// Its process says what is promised and pushes no events; rules record what the engine counts.
fn counted_by_an_engine(past: &mut Past) {
    let of = Instance {
        from: 60,
        ..Instance::of("mailer")
    };
    let name = ("slo_name", "browse");
    let window = ("slo_window", "30d");
    past.gauge(of, "slo_error_budget_ratio", &[name], 0.001);
    past.gauge(of, "slo_window_seconds", &[name], 2_592_000.0);
    past.gauge(
        of,
        "slo_spec_info",
        &[name, ("slo_owner", "search-team"), ("slo_status", "agreed")],
        1.0,
    );
    past.gauge(of, "slo:coverage:ratio", &[name, window], 1.0);
    past.gauge(of, "slo:error_ratio:period", &[name, window], 0.000_2);
}

/// A check inside that is stale, and a probe outside that hangs.
fn data(past: &mut Past) {
    let of = Instance {
        from: 60,
        ..Instance::of("healthy")
    };
    for (state, value) in [("fresh", 0.0), ("stale", 1.0)] {
        let labels = [("slo_health_check", "prices"), ("slo_health_state", state)];
        past.gauge(of, "slo_health_state", &labels, value);
    }
    let age = now_seconds() - 3.0 * 86_400.0;
    past.gauge(
        of,
        "slo_health_data_timestamp_seconds",
        &[("slo_health_check", "prices")],
        age,
    );
    let promise = Promise {
        slo: "prices-fresh",
        ..Promise::of(Instance::of("probed"))
    };
    promise.made(past, |_| 2, |_| 0);
    let probed = Instance { from: 60, ..promise.of };
    for (state, value) in [("fresh", 0.0), ("hung", 1.0)] {
        let labels = [
            ("job", "slo-health/probed"),
            ("instance", "http://probed/synthetic/health"),
            ("slo_name", promise.slo),
            ("state", state),
        ];
        past.gauge(probed, "slo_health:probe_state", &labels, value);
    }
}

/// Two runs of the gate.
fn runs(past: &mut Past) {
    for (instance, verdict, ago) in [("run-1", "allowed", 5 * DAY), ("run-2", "bypassed", 3 * 60)] {
        let labels = [
            ("__name__", "slo_gate_decisions_total"),
            ("service_name", "healthy"),
            ("deployment_environment_name", "production"),
            ("service_instance_id", instance),
            ("slo_gate_verdict", verdict),
        ];
        past.once(&labels, 1.0, ago);
    }
}
