//! Our layer, by what it is asked to do.

use slo_axum::{Reliability, ReliabilityBuilder, opentelemetry_0_33};
use slo_core::{Events, HttpSli, Slo, SloSet, Window};

use super::{Kind, Layered};
use crate::collected::otel_0_33::Collected;

/// What one row asks for.
#[derive(Clone, Copy)]
struct Asked {
    /// SLOs over every route, besides the built-in `requests`: by availability, by latency, and so on in turn.
    slos: usize,
    histogram: bool,
    options: fn(ReliabilityBuilder) -> ReliabilityBuilder,
}

const fn slos(slos: usize) -> Asked {
    Asked {
        slos,
        histogram: false,
        options: |builder| builder,
    }
}

const fn with_histogram(count: usize) -> Asked {
    Asked {
        histogram: true,
        ..slos(count)
    }
}

/// A row each; one with other options is `Asked { options: |builder| builder.., ..with_histogram(2) }`.
const ROWS: [(&str, Asked); 5] = [
    ("slo-axum: 2 SLOs", slos(2)),
    ("slo-axum: 2 SLOs, histogram", with_histogram(2)),
    ("slo-axum: 1 SLO, histogram", with_histogram(1)),
    ("slo-axum: 5 SLOs, histogram", with_histogram(5)),
    ("slo-axum: 20 SLOs, histogram", with_histogram(20)),
];

pub(super) fn all() -> impl Iterator<Item = Layered> {
    ROWS.into_iter().map(|(name, asked)| layered(name, asked))
}

fn layered(name: &'static str, asked: Asked) -> Layered {
    let set = (0..asked.slos).fold(SloSet::builder("bench"), |set, number| set.slo(slo(number)));
    let builder = (asked.options)(Reliability::builder(set.build().expect("names differ")));
    let reliability = builder.build().expect("nothing is missing");
    let collected = asked.histogram.then(|| {
        let collected = Collected::new();
        opentelemetry_0_33::record_into(&reliability, &collected.provider).expect("the first provider");
        collected
    });
    let app = served::app().layer(reliability.layer());
    Layered::new(Kind::Ours, name, app, move || {
        let status = reliability.status();
        let slos = status.slos.iter().map(|slo| slo.totals);
        let totals = slos.chain([status.requests.totals]).map(count);
        totals.chain(collected.as_ref().map(Collected::records)).collect()
    })
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

fn count(totals: Events) -> u64 {
    totals.good() + totals.bad() + totals.excluded()
}
