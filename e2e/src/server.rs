//! Starting the real servers: a free port, a folder of their own, readiness, and an end.

mod alertmanager;
mod blackbox;
mod prometheus;
mod victoria_metrics;
mod vmagent;
mod vmalert;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

pub use self::alertmanager::Alertmanager;
pub use self::blackbox::BlackboxExporter;
pub use self::prometheus::Prometheus;
pub use self::victoria_metrics::VictoriaMetrics;
pub use self::vmagent::VmAgent;
pub use self::vmalert::VmAlert;
use crate::catalogue::Binary;
use crate::http::Http;
use crate::lookup::{MissingBinaries, Places};
use crate::port::{Port, is_free};
use crate::process::{Process, ProcessError};
use crate::relocate::root_of;
use crate::temp::TempDir;
use crate::wait::eventually;

/// Why a server is not running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its binary is not on this machine.
    #[error(transparent)]
    Missing(#[from] MissingBinaries),
    /// Its process could not be started.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// No folder, configuration file or port for it.
    #[error("cannot make {what} for {binary}: {source}")]
    Place {
        /// Which server.
        binary: Binary,
        /// What it needed.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// It ended instead of getting ready.
    #[error("{binary} ended ({status}) instead of getting ready; the end of its log:\n{tail}")]
    Ended {
        /// Which server.
        binary: Binary,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        tail: String,
    },
    /// It runs and does not get ready.
    #[error("{binary} is not ready after {after:?} ({last}); the end of its log:\n{tail}")]
    NotReady {
        /// Which server.
        binary: Binary,
        /// How long it was waited for.
        after: Duration,
        /// What its readiness page said last.
        last: String,
        /// The last lines of its log.
        tail: String,
    },
    /// Somebody else listens on every port tried.
    #[error("no port for {binary}: {tried:?} were taken by others")]
    NoPort {
        /// Which server.
        binary: Binary,
        /// The ports that were tried.
        tried: Vec<u16>,
    },
}

/// What a server needs to know before it starts.
pub(crate) struct Plan<'a> {
    pub(crate) binary: Binary,
    /// The page that answers 200 once the server does its work, like `/health`.
    pub(crate) ready: &'static str,
    pub(crate) port: Port,
    /// A configuration file's name and content.
    pub(crate) config: Option<(&'static str, &'a str)>,
    /// Whether it is started where its package is unpacked, because it finds files from there.
    pub(crate) at_root: bool,
    /// The arguments; asked again for each port that is tried.
    pub(crate) args: &'a dyn Fn(&Spot<'_>) -> Vec<OsString>,
}

/// Where a server is about to run.
pub(crate) struct Spot<'a> {
    pub(crate) port: u16,
    pub(crate) folder: &'a Path,
    pub(crate) program: &'a Path,
}

impl Spot<'_> {
    /// `flag` with the address to listen on; loopback only.
    pub(crate) fn listen(&self, flag: &str) -> OsString {
        format!("{flag}=127.0.0.1:{}", self.port).into()
    }

    /// `flag` with a path in the server's folder.
    pub(crate) fn path(&self, flag: &str, name: &str) -> OsString {
        with_path(flag, &self.folder.join(name))
    }
}

/// `--flag=path` for paths of any bytes.
pub(crate) fn with_path(flag: &str, path: &Path) -> OsString {
    let mut text = OsString::from(format!("{flag}="));
    text.push(path);
    text
}

/// A running server of any kind, listening on 127.0.0.1 only.
///
/// Dropped, it is ended by its process id, and its data removed.
#[derive(Debug)]
pub struct Server {
    binary: Binary,
    port: u16,
    // Before the folder: fields are dropped in this order, and the process writes there.
    process: Process,
    folder: TempDir,
}

impl Server {
    /// Starts one on a free port with arguments of one's own, for what the ready-made servers do not offer.
    ///
    /// `ready` is the page that answers 200 once it does its work; `args` gets the port and a folder of the server's own.
    /// It must make the server listen on 127.0.0.1 only.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start_with(
        binary: Binary,
        ready: &'static str,
        args: impl Fn(u16, &Path) -> Vec<OsString>,
    ) -> Result<Self, StartError> {
        Self::start(&Plan {
            binary,
            ready,
            port: Port::Free,
            config: None,
            at_root: false,
            args: &|spot| args(spot.port, spot.folder),
        })
    }

    pub(crate) fn start(plan: &Plan<'_>) -> Result<Self, StartError> {
        Self::start_program(plan, &Places::from_env().require_one(plan.binary)?)
    }

    fn start_program(plan: &Plan<'_>, program: &Path) -> Result<Self, StartError> {
        let binary = plan.binary;
        let mut next = Some(plan.port.first());
        let mut tried = Vec::new();
        while let Some(port) = next.filter(|_| tried.len() < MOST_TRIES) {
            let port = port.map_err(place(binary, "a port"))?;
            // Asked first: a server that is there already would answer our readiness question before ours has noticed
            // that it cannot listen. Who comes later still, within milliseconds, is noticed by the end of ours.
            if is_free(port) {
                match Self::try_port(plan, program, port) {
                    Err(StartError::Ended { tail, .. }) if tail.contains(TAKEN) => {}
                    started => return started,
                }
            }
            tried.push(port);
            next = plan.port.next();
        }
        Err(StartError::NoPort { binary, tried })
    }

    fn try_port(plan: &Plan<'_>, program: &Path, port: u16) -> Result<Self, StartError> {
        let binary = plan.binary;
        let prefix = format!("slo-e2e-{binary}");
        let folder = TempDir::new(&prefix).map_err(place(binary, "a temporary folder"))?;
        if let Some((name, content)) = plan.config {
            std::fs::write(folder.path().join(name), content).map_err(place(binary, "a configuration file"))?;
        }
        let log = folder.path().join("log");
        let mut command = Command::new(program);
        let spot = Spot {
            port,
            folder: folder.path(),
            program,
        };
        let root = root_of(program).filter(|_| plan.at_root);
        command
            .args((plan.args)(&spot))
            .current_dir(root.unwrap_or(folder.path()));
        let process = Process::start(binary.name(), &mut command, &log, &log)?;
        let mut server = Self {
            binary,
            port,
            process,
            folder,
        };
        server.wait_until_ready(plan.ready)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, page: &str) -> Result<(), StartError> {
        let (binary, url, http) = (self.binary, format!("{}{page}", self.url()), Http::new());
        let process = &mut self.process;
        let ended = eventually(READY_WITHIN, || {
            let reply = http.get(&url);
            // After the page was asked for: an answer counts only while this process lives.
            if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
                return Ok(Some(status));
            }
            match reply? {
                reply if reply.status == 200 => Ok(None),
                reply => Err(format!("{url} says {}: {}", reply.status, reply.body.trim_end())),
            }
        });
        match ended {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(StartError::Ended {
                binary,
                status,
                tail: process.tail(),
            }),
            Err(waited) => {
                let (after, last) = (waited.after, waited.last);
                Err(StartError::NotReady {
                    binary,
                    after,
                    last,
                    tail: process.tail(),
                })
            }
        }
    }

    /// Its address, like `http://127.0.0.1:8428`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Which program it is.
    #[must_use]
    pub const fn binary(&self) -> Binary {
        self.binary
    }

    /// The folder with its data, configuration and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Its process.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it as an operator would, and waits.
    ///
    /// # Errors
    ///
    /// [`ProcessError::StillRunning`] when it does not end in time.
    pub fn stop(mut self) -> Result<ExitStatus, ProcessError> {
        self.process.stop(END_WITHIN)
    }
}

fn place(binary: Binary, what: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |source| StartError::Place { binary, what, source }
}

/// Generous: on a busy machine with two cores a first start has taken seconds.
const READY_WITHIN: Duration = Duration::from_secs(60);
const END_WITHIN: Duration = Duration::from_secs(30);
const MOST_TRIES: usize = 5;
/// How each of these programs, all written in Go, says that its port is not free.
const TAKEN: &str = "address already in use";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn script(folder: &TempDir, text: &str) -> PathBuf {
        let file = folder.path().join("server");
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn plan(port: Port) -> Plan<'static> {
        Plan {
            binary: Binary::Prometheus,
            ready: "/",
            port,
            config: None,
            at_root: false,
            args: &|_| Vec::new(),
        }
    }

    #[test]
    fn a_race_for_the_port_that_is_lost_is_run_again_on_others() {
        let folder = TempDir::new("slo-e2e-server").unwrap();
        let program = script(&folder, "echo 'listen tcp: bind: address already in use'; exit 1");
        let error = Server::start_program(&plan(Port::Free), &program).unwrap_err();
        let StartError::NoPort { tried, .. } = error else {
            panic!("{error}")
        };
        let distinct: std::collections::HashSet<_> = tried.iter().collect();
        assert_eq!((tried.len(), distinct.len()), (MOST_TRIES, MOST_TRIES));
    }

    #[test]
    fn a_server_that_ends_at_once_is_not_waited_for() {
        let folder = TempDir::new("slo-e2e-server").unwrap();
        let program = script(&folder, "echo 'unknown flag'; exit 2");
        let error = Server::start_program(&plan(Port::Free), &program).unwrap_err();
        assert_eq!(
            error.to_string(),
            "prometheus ended (exit status: 2) instead of getting ready; the end of its log:\nunknown flag"
        );
    }

    #[test]
    fn a_server_listens_on_loopback_only() {
        let spot = Spot {
            port: 8428,
            folder: Path::new("/data"),
            program: Path::new("/bin/server"),
        };
        assert_eq!(spot.listen("-httpListenAddr"), "-httpListenAddr=127.0.0.1:8428");
        assert_eq!(spot.path("-storageDataPath", "data"), "-storageDataPath=/data/data");
    }
}
