//! Alertmanager.

use super::{Plan, Server, StartError};
use crate::catalogue::Binary;
use crate::port::Port;

/// A running Alertmanager, alone and not part of a cluster.
#[derive(Debug)]
pub struct Alertmanager {
    server: Server,
}

impl Alertmanager {
    /// Starts one on a free port that keeps what it gets and tells nobody.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start() -> Result<Self, StartError> {
        Self::start_on(Port::Free, SILENT)
    }

    /// Starts one on a port of one's choice with the content of an `alertmanager.yml`; empty is [`Alertmanager::start`]'s.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_on(port: Port, config: &str) -> Result<Self, StartError> {
        let config = if config.is_empty() { SILENT } else { config };
        let server = Server::start(&Plan {
            binary: Binary::Alertmanager,
            ready: "/-/ready",
            port,
            config: Some(("alertmanager.yml", config)),
            at_root: true,
            args: &|spot| {
                vec![
                    spot.listen("--web.listen-address"),
                    spot.path("--config.file", "alertmanager.yml"),
                    spot.path("--storage.path", "data"),
                    // No gossip: it would listen on a second port, on every address.
                    "--cluster.listen-address=".into(),
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

const SILENT: &str = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";
