//! Blackbox exporter.

use super::{Plan, Server, StartError};
use crate::catalogue::Binary;
use crate::port::Port;

/// A running Blackbox exporter: probes what `/probe?module=..&target=..` says.
#[derive(Debug)]
pub struct BlackboxExporter {
    server: Server,
}

impl BlackboxExporter {
    /// Starts one on a free port with the one module `http_2xx`.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        Self::start_on(Port::Free, HTTP_2XX)
    }

    /// Starts one on a port of one's choice with the content of a `blackbox.yml`; empty is [`BlackboxExporter::start`]'s.
    ///
    /// # Errors
    ///
    /// [`StartError`]; a key that its version does not know is one.
    pub fn start_on(port: Port, config: &str) -> Result<Self, StartError> {
        let config = if config.is_empty() { HTTP_2XX } else { config };
        let server = Server::start(&Plan {
            binary: Binary::BlackboxExporter,
            ready: "/-/healthy",
            port,
            config: Some(("blackbox.yml", config)),
            at_root: false,
            args: &|spot| {
                vec![
                    spot.listen("--web.listen-address"),
                    spot.path("--config.file", "blackbox.yml"),
                ]
            },
        })?;
        Ok(Self { server })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
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

const HTTP_2XX: &str = "modules: { http_2xx: { prober: http, timeout: 5s } }\n";
