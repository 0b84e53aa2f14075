//! `cargo xtask stack`: the real servers, for a person to look at.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{Alertmanager, BlackboxExporter, Port, Prometheus, Server, VictoriaMetrics, VmAgent};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::failure::Failure;
use crate::span::Span;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ends by itself after this time, like `10m`
    #[arg(long = "for", value_name = "TIME")]
    span: Option<Span>,
}

/// Fetches what is missing, runs all servers, and ends them on Ctrl-C, on SIGTERM or when the time is over.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    // Before the first server: whoever ends us while they start must not leave any behind.
    let asked_to_end = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&asked_to_end)).map_err(Failure::Signals)?;
    }
    e2e::ensure_servers()?;
    let mut stack = Stack::start()?;
    stack
        .describe(&mut io::stdout().lock(), args.span)
        .map_err(Failure::Print)?;

    let start = Instant::now();
    let ended = loop {
        // Relaxed: the flag carries no other data.
        let over = args.span.is_some_and(|Span(span)| start.elapsed() >= span);
        if asked_to_end.load(Ordering::Relaxed) || over {
            break Ok(());
        }
        if let Err(failure) = stack.all_run() {
            // On a terminal Ctrl-C reaches the servers as well, and one of them may be gone before we look.
            thread::sleep(LOOK_EVERY);
            break if asked_to_end.load(Ordering::Relaxed) {
                Ok(())
            } else {
                Err(failure)
            };
        }
        thread::sleep(LOOK_EVERY);
    };
    eprintln!("ending the servers");
    stack.end()?;
    ended
}

#[derive(Debug)]
struct Stack {
    agent: VmAgent,
    blackbox: BlackboxExporter,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    store: VictoriaMetrics,
}

impl Stack {
    /// Each on its usual port when that is free.
    fn start() -> Result<Self, Failure> {
        let store = VictoriaMetrics::start_on(Port::Preferably(8428))?;
        let alertmanager = Alertmanager::start_on(Port::Preferably(9093), "")?;
        let blackbox = BlackboxExporter::start_on(Port::Preferably(9115), "")?;
        let config = prometheus_config(&alertmanager.url(), &blackbox.url());
        let prometheus = Prometheus::start_on(Port::Preferably(9090), &config)?;
        let remotes = [store.remote_write_url(), prometheus.remote_write_url()];
        let agent = VmAgent::start_on(Port::Preferably(8429), &remotes)?;
        Ok(Self {
            agent,
            blackbox,
            prometheus,
            alertmanager,
            store,
        })
    }

    /// All servers; those that write before those they write to, which is the order to end them in.
    fn servers(&mut self) -> [(&'static str, &mut Server); 5] {
        [
            ("vmagent", self.agent.server()),
            ("Blackbox exporter", self.blackbox.server()),
            ("Prometheus", self.prometheus.server()),
            ("Alertmanager", self.alertmanager.server()),
            ("VictoriaMetrics", self.store.server()),
        ]
    }

    fn all_run(&mut self) -> Result<(), Failure> {
        for (name, server) in self.servers() {
            let process = server.process();
            if let Some(status) = process.try_wait()? {
                return Err(Failure::ServerEnded {
                    name,
                    status,
                    tail: process.tail(),
                });
            }
        }
        Ok(())
    }

    /// Asks all at once, then waits for each; whatever does not end in time is killed when dropped.
    fn end(mut self) -> Result<(), Failure> {
        for (_, server) in self.servers() {
            server.process().terminate()?;
        }
        for (_, server) in self.servers() {
            server.process().wait(END_WITHIN)?;
        }
        Ok(())
    }

    fn describe(&self, out: &mut impl Write, span: Option<Span>) -> io::Result<()> {
        let (store, prometheus) = (self.store.url(), self.prometheus.url());
        let (direct, fleet) = (self.store.otlp_endpoint(), self.agent.otlp_endpoint());
        let (agent, alertmanager, blackbox) = (self.agent.url(), self.alertmanager.url(), self.blackbox.url());
        let until = span.map_or_else(
            || "Ctrl-C".to_owned(),
            |Span(span)| format!("Ctrl-C, or {span:?} from now"),
        );
        write!(
            out,
            "\
VictoriaMetrics    {store}   takes OTLP, stores, answers PromQL
vmagent            {agent}   takes OTLP, forwards it to VictoriaMetrics and Prometheus
Prometheus         {prometheus}   stores, answers PromQL, draws graphs
Alertmanager       {alertmanager}   receives Prometheus' alerts
Blackbox exporter  {blackbox}   probes from outside: {blackbox}/probe?module=http_2xx&target=<address>

Push the example service's metrics into both stores, through vmagent:
  OTEL_EXPORTER_OTLP_ENDPOINT={fleet} {DEMO}
or into VictoriaMetrics alone:
  OTEL_EXPORTER_OTLP_ENDPOINT={direct} {DEMO}

Then ask, in a browser at {prometheus} or with
  curl '{prometheus}/api/v1/query?query=slo_events_total'
  curl '{store}/api/v1/query?query=slo_events_total'

All data is temporary. Running until {until}.
"
        )?;
        out.flush()
    }
}

/// Scrapes the stack's own helpers, so that there is something to see, and sends alerts to Alertmanager.
fn prometheus_config(alertmanager: &str, blackbox: &str) -> String {
    let [alertmanager, blackbox] = [alertmanager, blackbox].map(|url| url.trim_start_matches("http://"));
    format!(
        "\
global: {{ scrape_interval: 15s }}
alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{alertmanager}'] }}] }}] }}
scrape_configs:
  - job_name: stack
    static_configs: [{{ targets: ['{alertmanager}', '{blackbox}'] }}]
"
    )
}

const DEMO: &str = "cargo run --release -p real-estate -- --demo";
const LOOK_EVERY: Duration = Duration::from_millis(100);
const END_WITHIN: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_is_given_addresses_and_not_urls() {
        let config = prometheus_config("http://127.0.0.1:9093", "http://127.0.0.1:9115");
        assert!(
            config.contains("targets: ['127.0.0.1:9093']") && !config.contains("http://"),
            "{config}"
        );
    }
}
