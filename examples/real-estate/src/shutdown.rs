//! Stopping without losing a request or a number, and never later than promised.

use std::{future::Future, io, time::Duration};

use axum::Router;
use slo_axum::{LifeGuard, OtlpGuard};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::spawn_blocking,
    time::timeout,
};

use crate::output::say;

/// SIGTERM and Ctrl-C, listened to before anybody is told that the service is there: a signal right after that must
/// not kill the process unflushed.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first of them and says which it was.
    pub(crate) async fn any(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}

/// Serves until `end`, which gives the reason; then takes no new request and answers those in flight, for as long as
/// `drain_within`. A client that holds its connection open cannot hold the shutdown up for longer.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    end: impl Future<Output = &'static str>,
    drain_within: Duration,
) {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _sent_or_dropped = stopped.await;
    });
    let mut server = tokio::spawn(server.into_future());

    let reason = end.await;
    say(&format!(
        "stopping ({reason}): no new requests, up to {drain_within:?} for those in flight"
    ));
    drop(stop);
    if timeout(drain_within, &mut server).await.is_ok() {
        say("every request was answered");
    } else {
        server.abort();
        say(&format!("gave up on what was not answered within {drain_within:?}"));
    }
}

/// Ends the alerts and saves the last snapshot, if there is a file for it.
pub(crate) async fn remember(life: LifeGuard) {
    // It blocks its thread.
    match spawn_blocking(move || life.shutdown(REMEMBER_WITHIN)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => say(&format!("the next start remembers less: {error}")),
        Err(error) => say(&format!("the next start remembers less: {error}")),
    }
}

const REMEMBER_WITHIN: Duration = Duration::from_secs(5);

/// Pushes the last numbers, if any are pushed at all. A collector that cannot be reached by now does not change how the
/// service ended.
pub(crate) async fn flush(otlp: OtlpGuard) {
    if !otlp.is_pushing() {
        return;
    }
    // It blocks its thread.
    match spawn_blocking(move || otlp.shutdown(FLUSH_WITHIN)).await {
        Ok(Ok(flushed)) if flushed.in_flight() == 0 => say("pushed the last numbers"),
        Ok(Ok(flushed)) => say(&format!(
            "pushed the last numbers, without {} requests in flight",
            flushed.in_flight()
        )),
        Ok(Err(error)) => say(&format!("the last numbers were not pushed: {error}")),
        Err(error) => say(&format!("the last numbers were not pushed: {error}")),
    }
}

const FLUSH_WITHIN: Duration = Duration::from_secs(5);
