//! `vmagent`.

use super::{Plan, Server, StartError};
use crate::catalogue::Binary;
use crate::http::{Http, HttpError};
use crate::port::Port;

/// A running `vmagent`: takes OTLP and imports, forwards them by remote write to any number of stores.
#[derive(Debug)]
pub struct VmAgent {
    server: Server,
}

impl VmAgent {
    /// Starts one on a free port that writes to each of these addresses.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(remote_write_urls: &[String]) -> Result<Self, StartError> {
        Self::start_on(Port::Free, remote_write_urls)
    }

    /// Starts one on a port of one's choice that writes to each of these addresses.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_on(port: Port, remote_write_urls: &[String]) -> Result<Self, StartError> {
        let server = Server::start(&Plan {
            binary: Binary::VmAgent,
            ready: "/health",
            port,
            config: None,
            at_root: false,
            args: &|spot| {
                let mut args = vec![
                    spot.listen("-httpListenAddr"),
                    spot.path("-remoteWrite.tmpDataPath", "queue"),
                    "-opentelemetry.usePrometheusNaming".into(),
                    // 1 s by default.
                    "-remoteWrite.flushInterval=100ms".into(),
                    // Several queues may overtake one another, and Prometheus drops samples that come out of order.
                    "-remoteWrite.queues=1".into(),
                ];
                for url in remote_write_urls {
                    args.push(format!("-remoteWrite.url={url}").into());
                    // Else the first blocks are tried in VictoriaMetrics' own format, which Prometheus refuses.
                    args.push("-remoteWrite.forcePromProto=true".into());
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

    /// Takes samples in Prometheus' text format, `name{label="value"} 1 milliseconds`, time optional.
    ///
    /// # Errors
    ///
    /// [`HttpError`], also when the answer is not 200 or 204. Lines that it cannot read are only in its log.
    pub fn import_text(&self, lines: &str) -> Result<(), HttpError> {
        let url = format!("{}/api/v1/import/prometheus", self.url());
        Http::new().post(&url, "text/plain", lines)?.accepted("POST", &url)
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
}
