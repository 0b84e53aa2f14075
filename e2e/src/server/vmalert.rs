//! `vmalert`.

use std::path::Path;

use super::{Plan, Server, StartError, with_path};
use crate::catalogue::Binary;
use crate::port::Port;

/// A running `vmalert`: evaluates rules against one store and writes what they record back to it.
#[derive(Debug)]
pub struct VmAlert {
    server: Server,
}

impl VmAlert {
    /// Starts one on a free port for the store at this address and these rule files, which tells nobody of alerts.
    ///
    /// # Errors
    ///
    /// [`StartError`]; a rule that it cannot read is one.
    pub fn start(store_url: &str, rules: &[&Path]) -> Result<Self, StartError> {
        Self::start_with(store_url, rules, &["-notifier.blackhole"])
    }

    /// The same, and tells the Alertmanager at this address.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub fn start_notifying(store_url: &str, rules: &[&Path], alertmanager_url: &str) -> Result<Self, StartError> {
        let notifier = format!("-notifier.url={alertmanager_url}");
        // What is not told again within four of these, or of the rules' intervals, ends: on a busy machine a pass takes
        // longer than four seconds.
        Self::start_with(store_url, rules, &[&notifier, "-rule.resendDelay=10s"])
    }

    fn start_with(store_url: &str, rules: &[&Path], notifier: &[&str]) -> Result<Self, StartError> {
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
                    // 30 s by default, for stores that show samples late; the harness' store hides none.
                    "-rule.evalDelay=0s".into(),
                ];
                args.extend(notifier.iter().map(|argument| (*argument).into()));
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
