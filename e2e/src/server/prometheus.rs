//! Prometheus.

use std::path::Path;

use super::{Plan, Server, StartError, with_path};
use crate::catalogue::Binary;
use crate::port::Port;
use crate::prom::Prom;

/// A running Prometheus: takes remote write, answers `PromQL`. Debian's build has no OTLP receiver.
#[derive(Debug)]
pub struct Prometheus {
    server: Server,
}

impl Prometheus {
    /// Starts an empty one on a free port that scrapes nothing.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        Self::start_on(Port::Free, "")
    }

    /// Starts an empty one on a port of one's choice with the content of a `prometheus.yml`.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_on(port: Port, config: &str) -> Result<Self, StartError> {
        Self::start_with(port, config, None)
    }

    /// Starts one on a free port over the data of another folder, which outlives it: blocks that were put there meanwhile
    /// are seen from the start on, and by a server that runs only after some minute.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_over(data: &Path) -> Result<Self, StartError> {
        Self::start_with(Port::Free, "", Some(data))
    }

    fn start_with(port: Port, config: &str, data: Option<&Path>) -> Result<Self, StartError> {
        let server = Server::start(&Plan {
            binary: Binary::Prometheus,
            ready: "/-/ready",
            port,
            config: Some(("prometheus.yml", config)),
            at_root: false,
            args: &|spot| {
                let mut args = vec![
                    spot.listen("--web.listen-address"),
                    spot.path("--config.file", "prometheus.yml"),
                    data.map_or_else(
                        || spot.path("--storage.tsdb.path", "data"),
                        |data| with_path("--storage.tsdb.path", data),
                    ),
                    "--web.enable-remote-write-receiver".into(),
                    // 15 days by default, which a 30-day window would silently be cut to.
                    "--storage.tsdb.retention.time=35d".into(),
                ];
                // Debian's build reads its pages from files, the project's own carries them and lacks the flag.
                let pages = spot.program.parent().map(|bin| bin.join("../share/prometheus/web/"));
                if let Some(pages) = pages.filter(|pages| pages.join("static").is_dir()) {
                    args.push(with_path("--web.local-assets", &pages));
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

    /// The address that takes remote write.
    #[must_use]
    pub fn remote_write_url(&self) -> String {
        format!("{}/api/v1/write", self.url())
    }

    /// A client for its `PromQL`.
    #[must_use]
    pub fn prom(&self) -> Prom {
        Prom::new(self.url())
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
