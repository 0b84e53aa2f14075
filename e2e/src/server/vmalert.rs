//! `vmalert`.

use std::path::Path;

use super::{Plan, Server, StartError, with_path};
use crate::catalogue::Binary;
use crate::port::Port;

/// A running `vmalert`: evaluates rules against one store, writes what they record back to it, and tells nobody of alerts.
#[derive(Debug)]
pub struct VmAlert {
    server: Server,
}

impl VmAlert {
    /// Starts one on a free port for the store at this address and these rule files.
    ///
    /// # Errors
    ///
    /// [`StartError`]; a rule that it cannot read is one.
    pub fn start(store_url: &str, rules: &[&Path]) -> Result<Self, StartError> {
        let server = Server::start(&Plan {
            binary: Binary::VmAlert,
            ready: "/health",
            port: Port::Free,
            config: None,
            at_root: false,
            args: &|spot| {
                let mut args = vec![
                    spot.listen("-httpListenAddr"),
                    format!("-datasource.url={store_url}").into(),
                    format!("-remoteWrite.url={store_url}").into(),
                    "-notifier.blackhole".into(),
                    // 30 s by default, for stores that show samples late; the harness' store hides none.
                    "-rule.evalDelay=0s".into(),
                ];
                args.extend(rules.iter().map(|file| with_path("-rule", file)));
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

    /// The server: port, log, folder, process.
    pub const fn server(&mut self) -> &mut Server {
        &mut self.server
    }
}
