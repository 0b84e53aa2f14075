//! Our layer, by what it is asked to do.

use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use slo_axum::{
    AlreadyInstrumented, Answer, ClosedAttribute, Life, Reliability, ReliabilityBuilder, opentelemetry_0_33,
};
use slo_core::{Cause, Events, HttpSli, Override, Slo, SloSet, Window};

use super::{Kind, Layered};
use crate::collected::otel_0_33::Collected;
use crate::pushed::Pushed;

/// What one row asks for.
#[derive(Clone, Copy)]
struct Asked {
    /// SLOs over every route, besides the built-in `requests`: by availability, by latency, and so on in turn.
    slos: usize,
    histogram: Histogram,
    options: fn(ReliabilityBuilder) -> ReliabilityBuilder,
}

/// How the duration histogram is recorded.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Histogram {
    Absent,
    /// Ours, as pushed by `push_otlp_from_env`.
    Own,
    /// The SDK's, whose series is looked up at every record.
    Unbound,
    /// The SDK's.
    Bound,
}

const fn with(slos: usize, histogram: Histogram) -> Asked {
    Asked {
        slos,
        histogram,
        options: |builder| builder,
    }
}

/// A row each; one with other options is `Asked { options: |builder| builder.., ..with(2, Histogram::Bound) }`.
const ROWS: [(&str, Asked); 10] = [
    ("slo-axum: 2 SLOs", with(2, Histogram::Absent)),
    ("slo-axum: 2 SLOs, own push", with(2, Histogram::Own)),
    (
        "slo-axum: 2 SLOs, own push, fast clock",
        Asked {
            options: ReliabilityBuilder::fast_clock,
            ..with(2, Histogram::Own)
        },
    ),
    ("slo-axum: 2 SLOs, histogram unbound", with(2, Histogram::Unbound)),
    ("slo-axum: 2 SLOs, histogram bound", with(2, Histogram::Bound)),
    (
        "slo-axum: 2 SLOs, bound, fast clock",
        Asked {
            options: ReliabilityBuilder::fast_clock,
            ..with(2, Histogram::Bound)
        },
    ),
    ("slo-axum: 1 SLO, histogram bound", with(1, Histogram::Bound)),
    ("slo-axum: 5 SLOs, histogram bound", with(5, Histogram::Bound)),
    ("slo-axum: 20 SLOs, histogram bound", with(20, Histogram::Bound)),
    (
        "slo-axum: 2 SLOs, everything on",
        Asked {
            options: everything,
            ..with(2, Histogram::Bound)
        },
    ),
];

pub(super) fn all() -> impl Iterator<Item = Layered> {
    ROWS.into_iter().map(|(name, asked)| layered(name, asked))
}

fn layered(name: &'static str, asked: Asked) -> Layered {
    let set = (0..asked.slos).fold(SloSet::builder("bench"), |set, number| set.slo(slo(number)));
    let builder = (asked.options)(Reliability::builder(set.build().expect("names differ")));
    let reliability = builder.build().expect("nothing is missing");
    let records = records(&reliability, asked.histogram);
    // As a service has it: the clock is followed, and a fast one kept.
    let life = reliability.run(Life::default()).expect("the first life");
    let app = served::app().layer(reliability.layer());
    Layered::new(Kind::Ours, name, app, move || {
        let _lives = &life;
        let status = reliability.status();
        let slos = status.slos.iter().map(|slo| slo.totals);
        let totals = slos.chain([status.requests.totals]).map(count);
        totals.chain(records.as_ref().map(|records| records())).collect()
    })
}

/// Begins to record, and says how many records there are.
fn records(reliability: &Reliability, histogram: Histogram) -> Option<Box<dyn Fn() -> u64>> {
    let provided = |begin: fn(&Reliability, SdkMeterProvider) -> Result<(), AlreadyInstrumented>| {
        let collected = Collected::new();
        begin(reliability, collected.provider.clone()).expect("the first provider");
        move || collected.records()
    };
    match histogram {
        Histogram::Absent => None,
        Histogram::Own => {
            let pushed = Pushed::by(reliability);
            Some(Box::new(move || pushed.records()))
        }
        Histogram::Unbound => Some(Box::new(provided(|reliability, provider| {
            opentelemetry_0_33::record_into(reliability, &Foreign(provider))
        }))),
        Histogram::Bound => Some(Box::new(provided(|reliability, provider| {
            opentelemetry_0_33::record_into(reliability, &provider)
        }))),
    }
}

fn slo(number: usize) -> Slo {
    let window = Window::days(30).expect("30 days are a window");
    let sli = match number % 2 {
        0 => HttpSli::every_route(),
        _ => HttpSli::every_route().faster_than("800ms".parse().expect("a limit")),
    };
    let target = "99.9%".parse().expect("a target");
    Slo::new(format!("slo-{number}"), sli, target, window)
}

/// Whatever costs something at every request.
fn everything(builder: ReliabilityBuilder) -> ReliabilityBuilder {
    let failed = |answer: &Answer<'_>| {
        let failed = answer.headers().contains_key("x-failed");
        failed.then(|| Override::bad(Cause::Degraded))
    };
    builder
        .trust_forwarded_scheme()
        .server_address("bench.example", 443)
        .active_requests()
        .classify(failed)
        .attribute::<Tier>()
}

/// A provider that is not known to be the SDK's, so that nothing is bound.
struct Foreign(SdkMeterProvider);

impl MeterProvider for Foreign {
    fn meter_with_scope(&self, scope: InstrumentationScope) -> Meter {
        self.0.meter_with_scope(scope)
    }
}

/// An attribute that no response has: looked for all the same.
struct Tier;

impl ClosedAttribute for Tier {
    const KEY: &'static str = "app.tier";
    const VALUES: &'static [&'static str] = &["free"];

    fn index(&self) -> usize {
        0
    }
}

fn count(totals: Events) -> u64 {
    totals.good() + totals.bad() + totals.excluded()
}
