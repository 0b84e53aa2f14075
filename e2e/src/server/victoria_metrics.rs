//! `VictoriaMetrics`, single node.

use super::{Plan, Server, StartError};
use crate::catalogue::Binary;
use crate::http::{Http, HttpError};
use crate::port::Port;
use crate::prom::Prom;

/// A running `VictoriaMetrics`: takes OTLP, remote write and imports; answers `PromQL`.
#[derive(Debug)]
pub struct VictoriaMetrics {
    server: Server,
}

impl VictoriaMetrics {
    /// Starts an empty one on a free port.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        Self::start_on(Port::Free)
    }

    /// Starts an empty one on a port of one's choice.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_on(port: Port) -> Result<Self, StartError> {
        Self::start_with(port, None)
    }

    /// Starts an empty one on a free port that scrapes what this file says, in Prometheus' format.
    ///
    /// # Errors
    ///
    /// [`StartError`]; a configuration that it cannot read is one.
    pub fn start_scraping(config: &str) -> Result<Self, StartError> {
        Self::start_with(Port::Free, Some(config))
    }

    fn start_with(port: Port, scrapes: Option<&str>) -> Result<Self, StartError> {
        let server = Server::start(&Plan {
            binary: Binary::VictoriaMetrics,
            ready: "/health",
            port,
            config: scrapes.map(|scrapes| (SCRAPES, scrapes)),
            at_root: false,
            args: &|spot| {
                let mut args = vec![
                    spot.listen("-httpListenAddr"),
                    spot.path("-storageDataPath", "data"),
                    // Names and labels as Prometheus spells them, not with dots.
                    "-opentelemetry.usePrometheusNaming".into(),
                    // The default of one month would drop the first days of a 30-day window.
                    "-retentionPeriod=2y".into(),
                    // By default the last 30 seconds are hidden from queries, and with them a test's every sample.
                    "-search.latencyOffset=0s".into(),
                    // Tests import the past; a cached answer would not know.
                    "-search.disableCache".into(),
                ];
                if scrapes.is_some() {
                    args.push(spot.path("-promscrape.config", SCRAPES));
                }
                args
            },
        })?;
        Ok(Self { server })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn otlp_endpoint(&self) -> String {
        format!("{}/opentelemetry", self.url())
    }

    /// The address that takes Prometheus remote write.
    #[must_use]
    pub fn remote_write_url(&self) -> String {
        format!("{}/api/v1/write", self.url())
    }

    /// A client for its `PromQL` that calls for a flush before each query.
    ///
    /// Still use [`eventually`](crate::eventually): a query is for the last full second, and what is sent by others is
    /// on its way.
    #[must_use]
    pub fn prom(&self) -> Prom {
        Prom::new(self.url()).flushed_by(self.flush_page())
    }

    /// Makes everything received so far visible to queries; a new series otherwise takes some 10 seconds to show up.
    ///
    /// # Errors
    ///
    /// [`HttpError`], also when the answer is not 200.
    pub fn force_flush(&self) -> Result<(), HttpError> {
        let page = self.flush_page();
        Http::new().get(&page)?.accepted("GET", &page)
    }

    /// Imports samples as JSON lines: `{"metric":{..},"values":[..],"timestamps":[milliseconds, ..]}`. A piece at a time, so
    /// that a machine with much to do still takes each in before the server loses patience.
    ///
    /// # Errors
    ///
    /// [`HttpError`], also when the answer is not 200 or 204. Lines that it cannot read are only in its log.
    pub fn import(&self, json_lines: &str) -> Result<(), HttpError> {
        let url = format!("{}/api/v1/import", self.url());
        let mut rest = json_lines;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(end_of_piece(rest));
            Http::new()
                .post(&url, "application/json", piece)?
                .accepted("POST", &url)?;
            rest = more;
        }
        Ok(())
    }

    /// The server: port, log, folder, process.
    pub const fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Gives up the wrapper, to end the server and wait for it.
    #[must_use]
    pub fn into_server(self) -> Server {
        self.server
    }

    fn flush_page(&self) -> String {
        format!("{}/internal/force_flush", self.url())
    }
}

/// Behind as many whole lines as fit into a piece; behind the first where that is longer.
fn end_of_piece(lines: &str) -> usize {
    const LONGEST: usize = 4_000_000;
    let bytes = lines.as_bytes();
    if bytes.len() <= LONGEST {
        return bytes.len();
    }
    let is_end = |byte: &u8| *byte == b'\n';
    let last = bytes[..LONGEST].iter().rposition(is_end);
    let end = last.or_else(|| bytes.iter().position(is_end));
    end.map_or(bytes.len(), |end| end + 1)
}

const SCRAPES: &str = "scrapes.yml";
