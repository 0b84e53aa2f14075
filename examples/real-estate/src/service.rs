//! The life of the service: promises, data, router, listener, and an end that leaves nothing behind.

use std::{fs, path::Path, time::Duration};

use slo_axum::{Life, Reliability};
use slo_core::SloSet;
use tokio::net::TcpListener;

use crate::{
    app::App,
    args::Args,
    demo::{self, Demo},
    error::Error,
    freshness::Endpoints,
    jobs::Jobs,
    output::say,
    shutdown::{self, Signals},
    store::Store,
};

/// Runs until SIGTERM, Ctrl-C or the end of the demo.
pub(crate) async fn run(args: Args) -> Result<(), Error> {
    let reliability = measure(&args)?;
    let signals = Signals::listen().map_err(Error::Signals)?;
    let refused = |reason| Error::Listen {
        address: args.listen,
        reason,
    };
    let listener = TcpListener::bind(args.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;

    let store = Store::open(args.database.as_deref())?;
    let endpoints = Endpoints::new(&store, args.fresh_within()).map_err(Error::Health)?;
    // Pushes nothing unless OTEL_EXPORTER_OTLP_ENDPOINT, or the one for metrics, is set.
    let otlp = reliability.push_otlp_from_env().map_err(Error::Push)?;
    if let Some(provider) = slo_axum::opentelemetry_0_33::meter_provider(&otlp) {
        endpoints.record_into(provider).map_err(Error::Metrics)?;
    }
    let life = reliability.run(life(&args)).map_err(Error::Life)?;
    let jobs = Jobs::start(store.clone(), args.import_every(), args.stall_import);
    // In the demo data grows old within seconds, on purpose: two events a minute would tell nothing but that.
    let feed = match args.demo {
        true => None,
        false => endpoints.feed(&reliability).map_err(Error::Feed)?,
    };
    let app = App {
        store,
        import: jobs.switch(),
        allow_faults: args.allow_faults(),
        request_timeout: args.request_timeout,
    };
    let router = app.router(&reliability, &endpoints);
    say(&format!("listening on http://{address}"));

    if args.demo {
        let demo = Demo::start(address, jobs.switch()).map_err(Error::Demo)?;
        let end = async {
            let reason = tokio::select! {
                signal = signals.any() => signal,
                over = demo.narrate(&reliability, &endpoints.prices, args.demo_for) => over,
            };
            demo.conclude(&reliability);
            reason
        };
        shutdown::serve(listener, router, end, args.drain_within).await;
    } else {
        shutdown::serve(listener, router, signals.any(), args.drain_within).await;
    }
    jobs.stop();
    drop(feed);
    // In this order: a request that outlives the drain may end at any time. After a snapshot that has it in flight, the
    // push would call it good and the next start lost.
    shutdown::flush(otlp).await;
    shutdown::remember(life).await;
    Ok(())
}

/// Reads the promises, and what was remembered of them, and gets ready to measure; no network, no waiting.
fn measure(args: &Args) -> Result<Reliability, Error> {
    let slos = match &args.slo {
        Some(path) => slos_in(path)?,
        None => SloSet::from_yaml_named("slo.yaml", BUILT_IN_SLOS).map_err(Error::Slo)?,
    };
    let mut reliability = Reliability::builder(slos).service_version(env!("CARGO_PKG_VERSION"));
    if let Some(environment) = &args.environment {
        reliability = reliability.environment(environment);
    }
    if let Some(path) = &args.snapshot {
        reliability = reliability.snapshot_file(path);
    }
    if args.demo {
        reliability = reliability.alert_policy(demo::impatient().map_err(Error::Alerts)?);
    }
    reliability.build().map_err(Error::Reliability)
}

/// Alerts are logged; who watches the demo is told between its lines.
fn life(args: &Args) -> Life {
    let life = if args.demo {
        Life::every(Duration::from_secs(1)).on_alert(|change| say(&format!("       !! {change}")))
    } else {
        Life::every(args.snapshot_every.min(Duration::from_secs(5)))
    };
    life.snapshot_every(args.snapshot_every)
}

fn slos_in(path: &Path) -> Result<SloSet, Error> {
    let text = fs::read_to_string(path).map_err(|reason| Error::ReadSlo {
        path: path.to_owned(),
        reason,
    })?;
    SloSet::from_yaml_named(&path.display().to_string(), &text).map_err(Error::Slo)
}

const BUILT_IN_SLOS: &str = include_str!("../slo.yaml");

#[cfg(test)]
mod tests {
    use slo_core::Window;

    use super::*;

    #[test]
    fn the_built_in_promises_are_valid_and_are_the_six() {
        let slos = SloSet::from_yaml_named("slo.yaml", BUILT_IN_SLOS).unwrap();
        assert_eq!(slos.service(), "real-estate");
        let promises: Vec<_> = slos
            .slos()
            .iter()
            .map(|slo| (slo.name(), slo.target().to_string()))
            .collect();
        assert_eq!(
            promises,
            [
                ("browse-availability", "99.9%".to_owned()),
                ("real-price-latency", "95%".to_owned()),
                ("login-availability", "99.9%".to_owned()),
                ("purchase-availability", "99.95%".to_owned()),
                ("account-availability", "99%".to_owned()),
                ("real-price-freshness", "99%".to_owned()),
            ]
        );
        assert!(
            slos.slos()
                .iter()
                .all(|slo| slo.promise_sentence().is_some() && slo.owner_name().is_some())
        );
        assert!(slos.slos().iter().all(|slo| Ok(slo.window()) == Window::days(30)));
    }
}
