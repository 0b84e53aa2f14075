//! Services of every kind that the gate's table has a row for, and a month of each.

use e2e::past::{Instance, Past};

use crate::mailers::mailers;

/// Requests a minute.
const BUSY: i64 = 600;

/// What a usual service pushes: 1 in 2,000 requests is bad, all but 1 in 100 fast.
pub(crate) fn healthy(past: &mut Past, of: Instance<'_>) {
    past.events(of, |_| BUSY, |ago| i64::from(ago % 10 == 0) * 3);
    past.durations(of, &[("0.8", 594), ("+Inf", BUSY)]);
}

/// Services whose numbers look fine at a first glance.
fn misleading(past: &mut Past) {
    // The limit is a fifth of the way from 750 to 1,000 ms: 568 are fast as far as one can tell.
    let between = Instance::of("between");
    past.events(between, |_| BUSY, |_| 0);
    past.durations(between, &[("0.75", 560), ("1", BUSY), ("+Inf", BUSY)]);

    // Whatever took longer than 500 ms is in one bucket.
    let beyond = Instance::of("beyond");
    past.events(beyond, |_| BUSY, |_| 0);
    past.durations(beyond, &[("0.1", 0), ("0.5", 0), ("+Inf", BUSY)]);

    past.events(Instance::of("untimed"), |_| BUSY, |_| 0);

    // A few requests on the new instance, which has the bucket; the old ones are slow, and lack it.
    let (new, old) = (Instance::of("outweighed"), Instance::of("outweighed"));
    let (new, old) = (Instance { name: "new", ..new }, Instance { name: "old", ..old });
    past.events(new, |_| 3, |_| 0);
    past.durations(new, &[("0.5", 3), ("0.8", 3), ("1", 3), ("+Inf", 3)]);
    past.events(old, |_| BUSY, |_| 0);
    past.durations(old, &[("0.5", 0), ("1", 0), ("+Inf", BUSY)]);

    for (namespace, bad) in [("sales", 60), ("other", 0)] {
        let named = Instance {
            namespace,
            name: namespace,
            ..Instance::of("namesakes")
        };
        past.events(named, |_| BUSY, |_| bad);
        past.durations(named, &[("0.8", 594), ("+Inf", BUSY)]);
    }

    // Requests go on, and what the promise counts has ended.
    let silent = Instance::of("promise-gone");
    past.events_of(silent, "requests", |_| BUSY, |_| 0);
    past.durations(silent, &[("0.8", 594), ("+Inf", BUSY)]);
    let ended = Instance { to: 7 * 60, ..silent };
    past.events_of(ended, "browse", |_| BUSY, |_| 0);

    // The same, and what runs says that it promises something else: a deploy that was rolled back. One cost the budget.
    for (service, bad) in [("rolled-back", 0), ("rolled-back-spent", 60)] {
        let runs = Instance::of(service);
        past.events_of(runs, "requests", |_| BUSY, |_| 0);
        past.durations(runs, &[("0.8", 594), ("+Inf", BUSY)]);
        past.gauge(
            Instance { from: 60, ..runs },
            "slo_error_budget_ratio",
            &[("slo_name", "login")],
            0.001,
        );
        past.events_of(Instance { to: 7 * 60, ..runs }, "browse", |_| BUSY, |_| bad);
    }

    // Something on the way drops what is bad.
    let dropped = Instance::of("no-bad");
    for outcome in ["good", "excluded"] {
        for slo in ["browse", "requests"] {
            let labels = [("slo_name", slo), ("slo_outcome", outcome)];
            past.counter(dropped, "slo_events_total", &labels, |_| {
                i64::from(outcome == "good") * BUSY
            });
        }
    }
    past.durations(dropped, &[("0.8", 594), ("+Inf", BUSY)]);
}

pub(crate) fn past() -> Past {
    let mut past = Past::default();
    let recent = |ago: i64| ago < 15;
    healthy(&mut past, Instance::of("healthy"));

    let failing = Instance::of("failing");
    past.events(failing, |_| BUSY, |ago| i64::from(recent(ago)) * 6);
    past.durations(failing, &[("0.8", 594), ("+Inf", BUSY)]);

    // The same in an environment whose gate only watches.
    let watched = Instance {
        environment: "staging",
        ..Instance::of("watched")
    };
    past.events(watched, |_| BUSY, |ago| i64::from(recent(ago)) * 6);
    past.durations(watched, &[("0.8", 594), ("+Inf", BUSY)]);

    let slow = Instance::of("slow");
    past.events(slow, |_| BUSY, |_| 0);
    past.durations(slow, &[("0.8", 540), ("+Inf", BUSY)]);

    // Three weeks ago an outage of 12 hours spent it all, twice over.
    let outage = 21 * 24 * 60 - 12 * 60..21 * 24 * 60;
    let spent = Instance::of("spent");
    past.events(spent, |_| BUSY, |ago| i64::from(outage.contains(&ago)) * 120);
    past.durations(spent, &[("0.8", 594), ("+Inf", BUSY)]);

    let idle = Instance::of("idle");
    past.events(idle, |ago| i64::from(ago % 5 == 0), |_| 0);
    past.durations(idle, &[("0.8", 0), ("+Inf", 1)]);

    healthy(
        &mut past,
        Instance {
            to: 20,
            ..Instance::of("gone")
        },
    );
    for environment in ["production", "staging"] {
        healthy(
            &mut past,
            Instance {
                environment,
                ..Instance::of("twice")
            },
        );
    }

    // Old instances lack the bucket that the gate's limit asks for.
    let old = Instance {
        name: "old",
        ..Instance::of("rollout")
    };
    let new = Instance {
        name: "new",
        from: 60,
        ..Instance::of("rollout")
    };
    past.events(old, |_| BUSY, |_| 0);
    past.durations(old, &[("0.75", 590), ("1", BUSY), ("+Inf", BUSY)]);
    past.events(new, |_| BUSY, |_| 0);
    past.durations(new, &[("0.75", 590), ("0.8", 594), ("1", BUSY), ("+Inf", BUSY)]);

    let foreign = Instance::of("no-bucket");
    past.events(foreign, |_| BUSY, |_| 0);
    past.durations(foreign, &[("0.75", 590), ("1", BUSY), ("+Inf", BUSY)]);

    misleading(&mut past);

    // Its data is old, although probes that began before have not found out.
    let stale = Instance::of("stale");
    healthy(&mut past, stale);
    for (state, holds) in [("fresh", 0.0), ("stale", 1.0)] {
        let labels = [("slo_health_check", "prices"), ("slo_health_state", state)];
        past.gauge(stale, "slo_health_state", &labels, holds);
        let labels = [("slo_name", "prices-fresh"), ("state", state)];
        past.gauge(stale, "slo_health:probe_state", &labels, 1.0 - holds);
    }

    // The counters are kept for ten days, and the outage was before; the tiles are kept.
    let kept = Instance::of("kept");
    let ten_days = Instance {
        from: 10 * 24 * 60,
        ..kept
    };
    healthy(&mut past, ten_days);
    past.tiles(kept, "slo:bad_events:increase5m", |ago| {
        i64::from(outage.contains(&ago)) * 600
    });
    past.tiles(kept, "slo:valid_events:increase5m", |ago| {
        BUSY * 5 + i64::from(outage.contains(&ago)) * 600
    });

    // A store that promotes nothing.
    for (environment, bad) in [("production", 0), ("staging", 60)] {
        let jobbed = Instance {
            environment,
            name: environment,
            is_promoted: false,
            ..Instance::of("jobbed")
        };
        past.events(jobbed, |_| BUSY, |ago| i64::from(recent(ago)) * bad);
        past.durations(jobbed, &[("0.8", 594), ("+Inf", BUSY)]);
        past.gauge(
            jobbed,
            "target_info",
            &[("deployment_environment_name", environment)],
            1.0,
        );
    }
    // Its environment is told by nobody.
    let untold = Instance {
        is_promoted: false,
        ..Instance::of("untold")
    };
    past.events(untold, |_| BUSY, |_| 0);
    mailers(&mut past);
    past
}
