//! A few clients on threads of their own, over real sockets, paced by the clock and not by the answers.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use ureq::Agent;

use crate::{
    demo::script::{Phase, Planned, plan},
    faults,
};

/// The running clients.
#[derive(Debug)]
pub(crate) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    base: String,
    started: Instant,
    /// The number of the next request.
    next: AtomicU64,
    stopped: AtomicBool,
}

impl Clients {
    /// Starts them; the phases are counted from `started`.
    pub(crate) fn start(base: &str, started: Instant) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            base: base.to_owned(),
            started,
            next: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let client = |index: u32| {
            let shared = Arc::clone(&shared);
            let run = move || shared.run(PACE * index / CLIENTS);
            thread::Builder::new().name(format!("demo-client-{index}")).spawn(run)
        };
        let threads = (0..CLIENTS).map(client).collect::<io::Result<_>>()?;
        Ok(Self { shared, threads })
    }

    /// Lets each of them end with the request that it is making.
    pub(crate) fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Relaxed); // a flag by itself
        self.threads.iter().for_each(|client| client.thread().unpark());
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, offset: Duration) {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        let agent = config.build().new_agent();
        let mut token = None;
        let mut due = self.started + offset;
        while self.wait_until(due) {
            // An answer that took long makes the client skip requests, and never catch up with a burst.
            due = (due + PACE).max(Instant::now());
            if token.is_none() {
                token = self.log_in(&agent);
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed); // a number each, in no order
            let planned = plan(Phase::at(self.started.elapsed()), number);
            match self.send(&agent, &planned, token.as_deref()) {
                Err(error) if !self.is_stopped() => tracing::warn!(path = planned.path, %error, "no answer"),
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// False when it is time to stop instead.
    fn wait_until(&self, due: Instant) -> bool {
        loop {
            if self.is_stopped() {
                return false;
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::park_timeout(left); // may wake early: look again
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn send(&self, agent: &Agent, planned: &Planned, token: Option<&str>) -> Result<(), ureq::Error> {
        let url = format!("{}{}", self.base, planned.path);
        let mut headers = Vec::new();
        if let Some(fault) = planned.fault {
            headers.push((faults::HEADER, fault.to_owned()));
        }
        if let Some(token) = token.filter(|_| planned.logged_in) {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        let mut answer = match &planned.body {
            Some(body) => headers
                .iter()
                .fold(agent.post(url), |post, (name, value)| post.header(*name, value))
                .send_json(body),
            None => headers
                .iter()
                .fold(agent.get(url), |get, (name, value)| get.header(*name, value))
                .call(),
        }?;
        // Read to the end, so that the connection can be used again.
        answer.body_mut().read_to_vec().map(drop)
    }

    fn log_in(&self, agent: &Agent) -> Option<String> {
        let who = json!({ "email": "ana@example.com", "password": "open-house" });
        let mut answer = agent.post(format!("{}/login", self.base)).send_json(who).ok()?;
        let body: Value = answer.body_mut().read_json().ok()?;
        Some(body.get("token")?.as_str()?.to_owned())
    }
}

const CLIENTS: u32 = 8;

/// Time between two requests of one client: with 8 of them, 40 requests per second.
const PACE: Duration = Duration::from_millis(200);

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
