//! Why the service does not start, or cannot go on.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};

use crate::{freshness::EndpointsError, store::StoreError};

/// Everything that ends the program other than being asked to stop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file with the promises is not there, or is no text.
    #[error(
        "{path}: cannot be read: {reason}; give `--slo` the path of a spec like `slo.yaml`, or leave it out to use the built-in one",
        path = path.display()
    )]
    ReadSlo { path: PathBuf, reason: io::Error },
    /// The message names the file, the line, the key, what was found and what to write.
    #[error("the service does not start with these promises\n{0}")]
    Slo(slo_core::SpecError),
    /// The promises are right, and what is said beside them is not.
    #[error("the service does not start with these promises")]
    Reliability(#[source] slo_axum::BuildError),
    /// The demo's alerts are wrong.
    #[error("the demo does not start with these alerts")]
    Alerts(#[source] slo_core::alert::AlertPolicyError),
    /// There is no thread for it.
    #[error("the service does not start without somebody who looks after its promises")]
    Life(#[source] slo_axum::LifeError),
    /// The environment asks for a push that cannot be.
    #[error("the service does not start with these `OTEL_` variables")]
    Push(#[source] slo_axum::OtlpError),
    /// The policy makes no sense.
    #[error("the service does not start with this freshness check")]
    Health(#[source] EndpointsError),
    /// The promise about the data cannot be fed.
    #[error("the service does not start without somebody who looks after its data")]
    Feed(#[source] slo_health::FeedError),
    /// The checks' metrics have nowhere to go.
    #[error("the service does not start with these checks twice in one push")]
    Metrics(#[source] slo_health::opentelemetry_0_33::AlreadyInstrumented),
    /// The database cannot be opened or filled.
    #[error("the service does not start without its database")]
    Store(#[from] StoreError),
    /// The address is taken, or is none of this machine.
    #[error("cannot listen on {address}: {reason}; stop what listens there, or choose another port, like `--listen {ip}:0`", ip = show(address.ip()))]
    Listen { address: SocketAddr, reason: io::Error },
    /// The operating system has no place for our handlers.
    #[error("cannot wait for SIGTERM and Ctrl-C")]
    Signals(#[source] io::Error),
    /// There is no thread for them.
    #[error("the demo's clients do not start")]
    Demo(#[source] io::Error),
}

impl Error {
    /// 2 when the person who started the service has to change what they wrote, else 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::ReadSlo { .. } | Self::Slo(_) | Self::Reliability(_) | Self::Push(_) | Self::Health(_) => {
                ExitCode::from(2)
            }
            Self::Store(_)
            | Self::Listen { .. }
            | Self::Signals(_)
            | Self::Demo(_)
            | Self::Feed(_)
            | Self::Metrics(_)
            | Self::Alerts(_)
            | Self::Life(_) => ExitCode::FAILURE,
        }
    }
}

/// The way an address is written before a port.
fn show(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
