//! The service under traffic of its own making: a newcomer sees a budget burn, break and recover within a minute.

mod client;
mod script;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use slo_axum::Reliability;
use slo_core::{
    BurnWindow, Share,
    alert::{AlertPolicy, AlertPolicyError},
};
use slo_health::{State, SyntheticHealth};
use tokio::time::interval;

use crate::{
    demo::{client::Clients, script::Phase},
    freshness::PRICES,
    jobs::Switch,
    output::say,
    report::Standings,
};

/// The standard alerts wait for minutes of outage, and a spectator does not. This one pages when the budget of 15 minutes
/// is spent within them.
pub(crate) fn impatient() -> Result<AlertPolicy, AlertPolicyError> {
    let quarter_of_an_hour = BurnWindow::from_seconds(15 * 60).unwrap_or(BurnWindow::MIN);
    // 15 minutes are 0.035% of 30 days: a burn rate of just over 1.
    let share = Share::from_ppb(350_000).unwrap_or(Share::WHOLE);
    AlertPolicy::builder()
        .page(share, quarter_of_an_hour, BurnWindow::MIN)
        .build()
}

/// The running demo; its clients stop when it is dropped.
#[derive(Debug)]
pub(crate) struct Demo {
    started: Instant,
    base: String,
    import: Switch,
    clients: Clients,
}

impl Demo {
    /// Starts the clients.
    pub(crate) fn start(address: SocketAddr, import: Switch) -> io::Result<Self> {
        let base = format!("http://{}", reachable(address));
        let started = Instant::now();
        let clients = Clients::start(&base, started)?;
        Ok(Self {
            started,
            base,
            import,
            clients,
        })
    }

    /// Tells what happens, until the time is over; without one it does not end.
    pub(crate) async fn narrate(
        &self,
        reliability: &Reliability,
        health: &SyntheticHealth,
        time: Option<Duration>,
    ) -> &'static str {
        self.introduce();
        let mut seconds = interval(Duration::from_secs(1));
        let (mut phase, mut freshness, mut standings) = (None, State::Fresh, Standings::default());
        loop {
            seconds.tick().await;
            let elapsed = self.started.elapsed();
            if time.is_some_and(|time| elapsed >= time) {
                return "the demo is over";
            }
            let at = format!("{:>4}s", elapsed.as_secs());
            let now = Phase::at(elapsed);
            if phase.replace(now) != Some(now) {
                self.import.stall(now.stalls_import());
                say(&format!("{at}  -- {}", now.announcement()));
            }
            let seen = health.report().await.state();
            if seen != freshness {
                say(&format!(
                    "{at}  -- the price data is {seen}: {PRICES} now answers {}",
                    code(seen)
                ));
                freshness = seen;
            }
            if elapsed.as_secs() > 0 && elapsed.as_secs() % 3 == 0 {
                standings = Standings::of(&reliability.status()).since(&standings);
                say(&format!("{at}  {}", standings.worst()));
            }
        }
    }

    /// Ends the traffic and sums up.
    pub(crate) fn conclude(&self, reliability: &Reliability) {
        self.clients.stop();
        say("");
        say("Where the promises stand, by what this process has seen:");
        Standings::of(&reliability.status()).lines().for_each(|line| say(&line));
    }

    fn introduce(&self) {
        for line in INTRODUCTION {
            say(line);
        }
        for (path, what) in [
            ("/slo", "every promise and how it does, as JSON"),
            (PRICES, "is the price data fresh? 200 or 503"),
        ] {
            say(&format!("  {:52}  {what}", format!("{}{path}", self.base)));
        }
        say("");
    }
}

/// An address for all interfaces is for listening only; a client needs one of them.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What the health route answers, see [`SyntheticHealth::router`].
fn code(state: State) -> u16 {
    match state {
        state if state.is_good() => 200,
        State::Error => 500,
        State::Timeout => 504,
        _ => 503,
    }
}

const INTRODUCTION: [&str; 10] = [
    "",
    "This service now sends itself 40 requests per second. Each is judged once, good or bad, for every promise in",
    "slo.yaml that it belongs to. Every 3 seconds you see the promise that hurts most:",
    "  good, bad    requests since the start, in brackets since the last line",
    "  budget left  a promise of 99.9% allows 0.1% to be bad. 100%: none of that is spent, 0%: all of it, below: broken.",
    "               Counted from the start of this process; in a month of traffic a bad minute weighs less",
    "  burn         how fast it is spent: at 1x it lasts exactly the promised window (30d), at 10x a tenth of that",
    "  !!           an alert begins or ends. In production one waits for minutes of outage; here, for the budget of",
    "               15 minutes to be spent",
    "Ctrl-C ends it. Meanwhile look at",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_use_an_address_that_can_be_connected_to() {
        for (listening, reached) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("192.0.2.7:1", "192.0.2.7:1"),
        ] {
            assert_eq!(
                reachable(listening.parse().unwrap()),
                reached.parse().unwrap(),
                "{listening}"
            );
        }
    }
}
